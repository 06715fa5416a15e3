"""Periods and lags in another unit of time than that of the result."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pycwt_mod import cwt, wct, wct_matrix, xwt
from pycwt_mod.plotting import offscreen_axes, plot_cwt

MONTHS = pd.date_range("1960-01-01", periods=360, freq="MS")
FAST = {"dj": 1 / 4, "mc_count": 20, "rng_seed": 1, "progress": False, "cache": False}


def series():
    wave = np.sin(2 * np.pi * np.arange(363) / 12)
    noise = 0.5 * np.random.default_rng(0).normal(size=(2, 360))
    both = noise + np.array([wave[3:], wave[:-3]])
    return [
        pd.Series(values, MONTHS, name=name)
        for name, values in zip(("rain", "flow"), both, strict=True)
    ]


RAIN, FLOW = series()
COHERENCE = wct(RAIN, FLOW, **FAST)
DRAWN = {
    "wct": COHERENCE.plot,
    "xwt": xwt(RAIN, FLOW).plot,
    "cwt": cwt(RAIN).plot,
    "rising": cwt(RAIN, freqs=np.geomspace(0.1, 4, 40)).plot,
    "plot_cwt": lambda **options: plot_cwt(RAIN, s0=0.25, **options),
}


def drawn(name, **options):
    """Return a picture and its axes of periods."""
    panels = name not in ("wct", "xwt")
    plot = DRAWN[name](ax=Figure() if panels else offscreen_axes(), **options)
    return plot, plot.axes["power"] if panels else plot.axes


@pytest.mark.parametrize("name", DRAWN)
def test_picture_in_months_has_twelve_times_the_periods_in_years(name):
    (years, axes), (months, other) = drawn(name), drawn(name, period_unit="month")
    np.testing.assert_allclose(other.get_ylim(), 12 * np.array(axes.get_ylim()))
    np.testing.assert_allclose(other.lines[0].get_ydata(), 12 * axes.lines[0].get_ydata())  # cone
    np.testing.assert_array_equal(months.mesh.get_array(), years.mesh.get_array())
    marks = dict(
        zip(other.get_yticks(), (t.get_text() for t in other.get_yticklabels()), strict=True)
    )
    assert marks[12] == "1 year"
    rows = months.mesh.get_coordinates()[:, 0, 1]
    power = np.abs(months.mesh.get_array()).mean(axis=1)
    assert np.sqrt(rows[1:] * rows[:-1])[power.argmax()] == pytest.approx(12, rel=0.2)


def test_bands_of_a_picture_are_in_the_unit_asked_for():
    plots = [
        drawn("plot_cwt", band=band, period_unit=unit)[0]
        for unit, band in (("years", (0.5, 2)), ("months", (6, 24)))
    ]
    one, other = (plot.average[0] for plot in plots)
    np.testing.assert_allclose(other.get_ydata(), one.get_ydata())
    assert other.get_label() == "6 to 24 months"


def test_power_of_a_long_record_does_not_depend_on_the_unit():
    index = pd.date_range("1900-01-01", periods=20_000, freq="D")
    series = pd.Series(np.random.default_rng(0).normal(size=20_000), index)
    days, weeks = (
        plot_cwt(series, s0=20, period_unit=unit, ax=Figure()) for unit in ("days", "weeks")
    )
    np.testing.assert_allclose(weeks.mesh.get_array(), days.mesh.get_array(), rtol=1e-6)
    ratio = days.spectrum[0].get_ydata() / weeks.spectrum[0].get_ydata()
    np.testing.assert_allclose(ratio, 7)


def test_summary_in_months_is_that_in_years_times_twelve():
    years, months = COHERENCE.summary(), COHERENCE.summary(unit="months")
    assert (months.unit, months.share, months.dt) == ("months", years.share, pytest.approx(1))
    for one, other in zip(
        (*years.rows, years.strongest), (*months.rows, months.strongest), strict=True
    ):
        for name in ("periods", "mean_period", "lag", "lag_error"):
            np.testing.assert_allclose(getattr(other, name), 12 * np.array(getattr(one, name)))
        assert (other.relation, other.pvalue) == (one.relation, one.pvalue)
    assert months.strongest.lag == pytest.approx(3, abs=0.5)
    assert COHERENCE.summary(unit="year").rows[0].periods == years.rows[0].periods


def test_common_lag_is_converted():
    noise = pd.Series(np.random.default_rng(1).normal(size=363))
    y1, y2 = (pd.Series(noise[part].to_numpy(), MONTHS) for part in (slice(3, None), slice(-3)))
    found = xwt(y1, y2).summary(unit="months").common_lag
    assert found.lag == pytest.approx(3, abs=0.1)
    assert found.periods[1] >= 12


def test_lag_has_its_limits_and_numbers_in_the_unit_asked_for():
    years, months = COHERENCE.lag(0.5, 2), COHERENCE.lag(6, 24, unit="months")
    for name in ("periods", "mean_period", "lag", "lag_error"):
        expected = 12 * np.array(getattr(years, name))
        np.testing.assert_allclose(getattr(months, name), expected, rtol=1e-6)
    assert (months.unit, months.whole_periods_known) == ("months", years.whole_periods_known)
    assert (months.n_independent, months.pvalue) == pytest.approx(
        (years.n_independent, years.pvalue)
    )
    assert months.lag == pytest.approx(3, abs=2 * months.lag_error)
    assert str(months).count(" months") == 2
    of_numbers = wct(RAIN.to_numpy(), FLOW.to_numpy(), 1.0, sig=False)
    assert of_numbers.lag(6, 24, "ticks") == replace(of_numbers.lag(6, 24), unit="ticks")
    with pytest.raises(ValueError, match=r"`unit` must be a unit of time.*got 'ticks'"):
        COHERENCE.lag(0.5, 2, "ticks")


@pytest.mark.parametrize("result", [COHERENCE, xwt(RAIN.to_numpy(), FLOW.to_numpy(), 1.0)])
def test_unit_that_is_no_text_is_refused(result):
    for call in (result.lag, result.summary):
        with pytest.raises(TypeError, match="`unit` must be a string, such as 'days', got 3"):
            call(unit=3)


def test_numbers_of_patches_are_at_the_periods_shown():
    clusters = COHERENCE.clusters(mc_count=30, rng_seed=1, progress=False)
    years, months = (
        clusters.plot(period_unit=unit, caption=False, ax=offscreen_axes()).axes.texts
        for unit in (None, "months")
    )
    assert [text.get_text() for text in months] == [text.get_text() for text in years] != []
    for one, other in zip(years, months, strict=True):
        assert other.get_position()[1] == pytest.approx(12 * one.get_position()[1])


def test_bands_of_a_matrix_are_converted():
    table = pd.DataFrame({"rain": RAIN, "flow": FLOW})
    result = wct_matrix(table, bands=[(0.5, 2)], sig=False, progress=False)
    plot = result.plot(period_unit="months", ax=offscreen_axes())
    assert plot.axes.get_title() == "Periods 6 to 24 months"
    with pytest.raises(ValueError, match="`period_unit` must be a unit of time"):
        result.plot(period_unit="month s", ax=offscreen_axes())


@pytest.mark.parametrize("name", DRAWN)
def test_unit_that_is_none_of_time_is_refused(name):
    message = "`period_unit` must be a unit of time, as the result is in years: one of .*'month s'"
    with pytest.raises(ValueError, match=message):
        drawn(name, period_unit="month s")


def test_unit_of_a_summary_that_is_none_of_time_is_refused():
    with pytest.raises(
        ValueError, match=r"`unit` must be a unit of time.*months, years, got 'ticks'"
    ):
        COHERENCE.summary(unit="ticks")


def test_unit_is_a_label_where_the_result_knows_none():
    result = wct(RAIN.to_numpy(), FLOW.to_numpy(), 1.0, **FAST)
    plain, labelled = (
        result.plot(period_unit=unit, ax=offscreen_axes()).axes for unit in ("", "month s")
    )
    assert labelled.get_ylim() == plain.get_ylim()
    assert (labelled.get_ylabel(), labelled.get_xlabel()) == ("Period (month s)", "Time (month s)")
    summary = result.summary(unit="month s")
    assert summary.strongest == result.summary().strongest
    assert summary.unit == "month s"


def test_times_that_are_numbers_stay_in_their_own_unit():
    index = pd.Index(1960 + np.arange(360) / 12, name="year")
    result = xwt(*(pd.Series(each.to_numpy(), index) for each in (RAIN, FLOW)))
    axes = result.plot(period_unit="months", ax=offscreen_axes()).axes
    assert axes.get_xlabel() == "Time (years)"
    assert axes.get_xlim()[1] == pytest.approx(1990, abs=0.1)
    assert axes.get_ylim()[1] == pytest.approx(2, rel=0.1)
