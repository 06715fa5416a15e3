import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from pycwt_mod import ar1, cwt, significance
from pycwt_mod.helpers import AR1EstimationError
from pycwt_mod.mothers import Paul
from pycwt_mod.plotting import plot_cwt
from pycwt_mod.sample import load

from .pictures import pixels

PANELS = ("series", "power", "spectrum", "average")


def figure(size=(8, 7)):
    return Figure(figsize=size, layout="constrained", dpi=100)


@pytest.fixture(scope="module")
def nino():
    return load("nino3")


def detrended(series):
    x = np.arange(series.size)
    return series - np.polyval(np.polyfit(x, series, 1), x)


def test_panels_show_what_the_functions_of_the_package_return(nino):
    plot = plot_cwt(nino.values, nino.dt, nino.times, band=(2, 8), ax=figure())
    x = detrended(nino.values)
    W, sj, freqs, coi, *_ = cwt(x, nino.dt)
    outside = 1 / freqs <= coi.max()
    W, sj, periods = W[outside], sj[outside], 1 / freqs[outside]
    power, alpha = np.abs(W) ** 2 / x.var(), ar1(x)[0]
    np.testing.assert_allclose(plot.mesh.get_array().reshape(power.shape), power, rtol=1e-8)
    np.testing.assert_allclose(plot.spectrum[0].get_xdata(), power.mean(axis=1), rtol=1e-8)
    np.testing.assert_allclose(plot.spectrum[0].get_ydata(), periods)
    n_averaged = x.size - sj / nino.dt
    level, _ = significance(1.0, nino.dt, sj, 1, alpha, 0.95, n_averaged)
    np.testing.assert_allclose(plot.spectrum[1].get_xdata(), level)
    band = (periods >= 2) & (periods <= 8)
    # Torrence & Compo (1998), eq. 24, with cdelta = 0.776 of Morlet 6.
    average = nino.dt / 12 / 0.776 * (power / sj[:, np.newaxis])[band].sum(axis=0)
    np.testing.assert_allclose(plot.average[0].get_ydata(), average, rtol=1e-8)
    level, _ = significance(1.0, nino.dt, sj, 2, alpha, 0.95, [sj[band][0], sj[band][-1]])
    np.testing.assert_allclose(plot.average[1].get_ydata(), level)


def test_outline_is_the_level_of_the_power(nino):
    plot = plot_cwt(nino.values, nino.dt, nino.times, ax=figure())
    W, sj, freqs, *_ = cwt(detrended(nino.values), nino.dt)
    x = detrended(nino.values)
    level, _ = significance(x.var(), nino.dt, sj, 0, ar1(x)[0])
    ratio = np.abs(W) ** 2 / level[:, np.newaxis]
    corners = np.vstack(plot.contour.allsegs[0])
    rows = np.interp(np.log2(corners[:, 1]), np.log2(1 / freqs), np.arange(sj.size))
    columns = (corners[:, 0] - nino.times[0]) / nino.dt
    assert len(corners) > 100
    # A corner lies on a line between two points of the field, one below and one above the level.
    for row, column in zip(rows, columns, strict=True):
        around = ratio[int(row) : int(row) + 2, int(column) : int(column + 1e-6) + 2]
        assert around.min() <= 1.001
        assert around.max() >= 0.999


@pytest.mark.heavy
def test_share_of_noise_above_its_levels_is_as_named():
    noise = np.random.default_rng(1).normal(size=(24, 256))
    above = np.zeros(3)
    for series in noise:
        plot = plot_cwt(series, 1.0, alpha=0.0, detrend="mean", ax=figure((4, 4)))
        periods = plot.spectrum[0].get_ydata()
        power = plot.mesh.get_array().reshape(periods.size, -1)
        above[0] += (
            power > significance(1.0, 1.0, periods / 1.033, 0, 0.0)[0][:, np.newaxis]
        ).mean()
        above[1] += (plot.spectrum[0].get_xdata() > plot.spectrum[1].get_xdata()).mean()
        above[2] += (plot.average[0].get_ydata() > plot.average[1].get_ydata()[0]).mean()
    # 5 % each, in a generous band: points are correlated, the levels of averages approximate.
    assert (above / len(noise) > 0.02).all()
    assert (above / len(noise) < 0.09).all()


def test_ready_transform_gives_the_same_picture(nino):
    x = detrended(nino.values)
    options = {"band": (2, 8), "period_unit": "years"}
    own = plot_cwt(x, nino.dt, nino.times, detrend=None, ax=figure(), **options)
    transform = cwt(x, nino.dt)
    ready = plot_cwt(x, nino.dt, nino.times, transform=transform, ax=figure(), **options)
    np.testing.assert_array_equal(pixels(own), pixels(ready))
    paul = cwt(x, nino.dt, wavelet=Paul(4))
    plot = plot_cwt(x, nino.dt, transform=paul, wavelet=Paul(4), ax=figure())
    np.testing.assert_allclose(
        plot.spectrum[0].get_xdata()[5], (np.abs(paul[0][5]) ** 2).mean() / x.var()
    )


def test_what_is_subtracted_is_drawn_with_the_series():
    x = np.arange(100.0)
    series = 3 + 0.1 * x + np.random.default_rng(0).normal(size=100)
    line, trend = plot_cwt(series, 1.0, ax=figure()).series
    np.testing.assert_array_equal(line.get_ydata(), series)
    fit = np.polyval(np.polyfit(x, series, 1), x)
    np.testing.assert_allclose(trend.get_ydata(), fit[[0, -1]])
    _, mean = plot_cwt(series, 1.0, detrend="mean", ax=figure()).series
    np.testing.assert_allclose(mean.get_ydata(), series.mean())
    assert plot_cwt(series, 1.0, detrend=None, alpha=0.5, ax=figure()).series[1] is None


def test_power_in_the_unit_of_the_series_is_the_variance_times_as_large(nino):
    one = plot_cwt(nino.values, nino.dt, unit="°C", ax=figure())
    other = plot_cwt(nino.values, nino.dt, unit="°C", normalize=False, ax=figure())
    variance = detrended(nino.values).var()
    for part in ("spectrum", "average"):
        for a, b in zip(getattr(one, part), getattr(other, part), strict=True):
            axis = "get_xdata" if part == "spectrum" else "get_ydata"
            np.testing.assert_allclose(
                np.multiply(getattr(a, axis)(), variance), getattr(b, axis)()
            )
    assert len(one.contour.allsegs[0]) == len(other.contour.allsegs[0])
    assert one.colorbar.ax.get_ylabel() == "Power / variance"
    assert other.colorbar.ax.get_ylabel() == "Power (°C²)"


def test_labels_name_the_series_its_unit_and_the_band(nino):
    plot = plot_cwt(
        nino.values, nino.dt, band=(2, 8), name="NINO3", unit="°C", period_unit="years",
        title="T", ax=figure(),
    )  # fmt: skip
    axes = plot.axes
    assert tuple(axes) == PANELS
    assert axes["series"].get_ylabel() == "NINO3 (°C)"
    assert axes["power"].get_ylabel() == "Period (years)"
    assert axes["average"].get_ylabel() == "Variance / total"
    assert axes["average"].get_xlabel() == "Time (years)"
    assert axes["series"].get_title() == "T"
    legend = [text.get_text() for text in axes["average"].get_legend().get_texts()]
    assert legend == ["2 to 8 years", "5 % level"]
    assert axes["power"].get_xlim() == axes["average"].get_xlim()
    np.testing.assert_allclose(axes["power"].get_xlim(), [-0.125, 125.875])
    assert axes["power"].get_ylim() == axes["spectrum"].get_ylim()


def test_nothing_overlaps_in_the_figure(nino):
    plot = plot_cwt(nino.values, nino.dt, nino.times, unit="°C", title="A title", ax=figure())
    plot.figure.draw_without_rendering()
    boxes = [axes.get_tightbbox() for axes in (*plot.axes.values(), plot.colorbar.ax)]
    for k, one in enumerate(boxes):
        assert 0 <= one.x0 < one.x1 <= 800
        assert 0 <= one.y0 < one.y1 <= 700
        for other in boxes[:k]:
            assert not one.overlaps(other)


def test_dates_of_a_pandas_series_are_on_the_axis(nino):
    pandas = pytest.importorskip("pandas")
    dates = pandas.date_range("1871-01-01", periods=nino.values.size, freq="QS")
    plot = plot_cwt(pandas.Series(nino.values, dates), nino.dt, ax=figure())
    plot.figure.draw_without_rendering()
    labels = [tick.get_text() for tick in plot.axes["average"].get_xticklabels()]
    assert "1940" in labels
    assert plot.axes["average"].get_xlabel() == "Time"
    numbered = plot_cwt(pandas.Series(nino.values), nino.dt, ax=figure())
    assert numbered.axes["average"].get_xlim()[1] == pytest.approx(125.875)


def test_index_of_a_series_tells_step_unit_and_name_as_it_does_for_cwt(nino):
    pandas = pytest.importorskip("pandas")
    dates = pandas.date_range("1871-01-01", periods=nino.values.size, freq="QS", name="time")
    dated = pandas.Series(detrended(nino.values), dates, name="NINO3")
    given = plot_cwt(
        dated.to_numpy(), 0.25, dates, detrend=None, frequency=True, name="NINO3",
        period_unit="years", ax=figure(),
    )  # fmt: skip
    assert given.axes["power"].get_ylabel() == "Frequency (cycles per year)"
    expected = pixels(given)
    for kind in (dated, dated.to_period("Q"), dated.to_xarray(), cwt(dated)):
        plot = plot_cwt(kind, ax=figure(), detrend=None, frequency=True)
        np.testing.assert_array_equal(pixels(plot), expected)


def test_index_of_numbers_is_the_time_axis(nino):
    pandas = pytest.importorskip("pandas")
    years = pandas.Index(nino.times, name="year")
    plot = plot_cwt(pandas.Series(nino.values, years), ax=figure())
    assert plot.axes["average"].get_xlabel() == "Time (years)"
    np.testing.assert_allclose(plot.axes["average"].get_xlim(), [1870.875, 1996.875])
    with pytest.raises(ValueError, match="`signal` must be evenly spaced"):
        plot_cwt(pandas.Series(nino.values, years).drop(1900.0), ax=figure())
    with pytest.raises(TypeError, match="`dt` must be a real number, got None"):
        plot_cwt(nino.values, ax=figure())


@pytest.mark.parametrize("kind", ["sequence", "mapping"])
def test_axes_of_the_user_are_drawn_on(nino, kind):
    panels = figure().subplots(2, 2).ravel()
    given = panels if kind == "sequence" else dict(zip(PANELS, panels, strict=True))
    plot = plot_cwt(nino.values, nino.dt, nino.times, colorbar=False, ax=given)
    assert tuple(plot.axes.values()) == tuple(panels)
    assert plot.colorbar is None
    assert panels[1].get_ylabel() == "Period"
    assert panels[1].get_xlim() == panels[0].get_xlim() == panels[3].get_xlim()


def test_subfigure_is_filled_and_new_figure_is_made_without_axes(nino):
    whole = figure()
    left, _ = whole.subfigures(1, 2)
    plot = plot_cwt(nino.values, nino.dt, ax=left)
    assert plot.figure is left
    assert len(left.axes) == 5
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    shown = plot_cwt(nino.values, nino.dt)
    assert pyplot.fignum_exists(shown.figure.number)
    pyplot.close(shown.figure)


@pytest.mark.parametrize("n", [20, 4000])
def test_records_of_any_length_are_drawn(n):
    series = np.random.default_rng(n).normal(size=n)
    plot = plot_cwt(series, 0.5, alpha=0.0, ax=figure())
    assert np.unique(pixels(plot).reshape(-1, 4), axis=0).shape[0] > 50
    assert len(plot.series[0].get_xdata()) <= 2 * 8 * 200
    assert plot.mesh.get_array().shape[-1] <= 8 * 200


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"signal": np.ones(50)}, ValueError, "`signal` must vary"),
        ({"dt": 0}, ValueError, "`dt` must be positive"),
        ({"times": np.arange(49)}, ValueError, "`times` must have one value for each time of `sig"),
        ({"detrend": "cubic"}, ValueError, "`detrend` must be one of 'linear', 'mean'"),
        ({"alpha": 1.0}, ValueError, "`alpha` must lie strictly between -1 and 1"),
        ({"band": (8, 2)}, ValueError, "`band` must be two periods, the shorter one first"),
        ({"band": (100, 200)}, ValueError, "`band` must hold one or more .* 2 to 16.95, got"),
        ({"significance_level": 1}, ValueError, "`significance_level` must lie strictly"),
        ({"transform": 3}, TypeError, r"`transform` must be what `cwt` returns, .* got 3"),
        ({"transform": cwt(np.eye(20)[0], 1.0)}, ValueError, "must be of `signal`.*50 .*got 20"),
        ({"ax": 3}, TypeError, "`ax` must be a figure, or four axes.* got 3"),
        ({"ax": {"series": 1}}, TypeError, "`ax` must be a figure, or four axes"),
        ({"normalize": 1}, TypeError, "`normalize` must be True or False"),
    ],
)
def test_wrong_arguments_are_named(change, error, message):
    arguments = {"signal": np.random.default_rng(0).normal(size=50), "dt": 1.0, "ax": figure()}
    with pytest.raises(error, match=message):
        plot_cwt(**(arguments | change))


def test_transform_at_uneven_scales_is_refused():
    series = np.random.default_rng(0).normal(size=50)
    transform = cwt(series, 1.0, freqs=1 / np.array([2.0, 3.0, 4.0, 8.0]))
    with pytest.raises(ValueError, match="`transform` must have scales of one spacing in octaves"):
        plot_cwt(series, 1.0, transform=transform, ax=figure())


def test_series_without_an_autocorrelation_asks_for_one():
    with pytest.raises(AR1EstimationError):
        plot_cwt(np.cumsum(np.cumsum(np.arange(60.0) % 7 - 3)), 1.0, detrend=None, ax=figure())


@pytest.mark.parametrize("unit", [1e-9, 150, 1e12])
@pytest.mark.parametrize("steps", [1.0, 30.0])
def test_numbers_of_the_mean_power_do_not_touch(unit, steps):
    noise = np.random.default_rng(1).normal(size=(2, 300))
    series = unit * (noise[0].cumsum() * steps + noise[1])
    plot = plot_cwt(series, 1.0, normalize=False, ax=Figure(figsize=(8, 7), layout="constrained"))
    plot.figure.draw_without_rendering()
    axes = plot.axes["spectrum"]
    shown = [
        label.get_window_extent()
        for place, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        if axes.get_xlim()[0] <= place <= axes.get_xlim()[1]
    ]
    assert len(shown) > 1
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(shown))


def test_level_and_short_waves_show_beside_the_power_of_a_random_walk():
    rng, t = np.random.default_rng(0), np.arange(30_000)
    wave = np.sin(2 * np.pi * t / 20)
    plot = plot_cwt(rng.normal(size=t.size).cumsum() / 10 + wave, 1.0, ax=Figure())
    spectrum, periods = plot.spectrum[0].get_data()
    axes = plot.axes["spectrum"]
    lines = np.array([spectrum, plot.spectrum[1].get_xdata()])
    places = (
        axes.transAxes.inverted()
        .transform(axes.transData.transform(np.column_stack([lines.ravel(), np.tile(periods, 2)])))[
            :, 0
        ]
        .reshape(lines.shape)
    )
    assert places.min() > 0
    assert np.median(places[1]) > 0.1
    at_wave, below = (np.abs(np.log2(periods / period)).argmin() for period in (20, 10))
    assert places[0, at_wave] - places[0, below] > 0.1
