"""A field in rows: what they say of shares, phases and lags, and how that is printed."""

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod import wct
from pycwt_mod.summary import SummaryRow, fill, simulated_on, summarise

OPTIONS = {"level": 0.95, "dt": 1.0, "names": ("rain", "flow"), "unit": "days"}
HEADER = ["period (days)", "area", "signif.", "R2", "phase (deg)", "lag (days)", "relation"]

# Of sums of thousands of terms.
ROUNDING = 1e-9


def a_row(phase=1.2, spread=0.4, significant=0.3, periods=(8.0, 16.0), middle=11.0):
    return SummaryRow(periods, 1.0, significant, 0.6, middle, phase, spread)


def a_summary(*rows, names=("rain", "flow"), unit="days", dt=1.0):
    field = np.zeros((1, 1))
    empty = summarise(field, field > 0, field > 0, np.ones(1), field, **OPTIONS)
    return dataclasses.replace(empty, rows=rows, share=0.3, names=names, unit=unit, dt=dt)


def test_octaves_tell_shares_phases_and_lags():
    periods = np.array([2.0, 3.0, 4.0, 6.0])
    field = np.array([[0.2, 0.4], [0.6, 0.8], [0.5, 0.5], [0.1, np.nan]])
    significant = np.array([[False, False], [True, True], [True, False], [False, False]])
    outside = np.array([[True, True], [True, True], [True, False], [False, False]])
    phase = np.full((4, 2), np.pi / 2)
    phase[2] = np.pi - 0.1
    summary = summarise(field, significant, outside, periods, phase, **OPTIONS)
    first, second = summary.rows
    assert (first.periods, second.periods) == ((2, 4), (4, 8))
    assert (first.area, second.area) == (0.8, 0.2)
    assert (first.significant, second.significant) == (0.5, 1.0)
    assert first.mean == pytest.approx(0.5)
    assert (first.relation, second.relation) == ("x leads", "anti-phase")
    assert first.lag == pytest.approx(3 / 4)
    assert second.lag == pytest.approx(-0.1 / (2 * np.pi) * 4)
    assert summary.strongest is second
    assert summary.share == pytest.approx(3 / 5)
    nowhere = summarise(field, significant, ~outside & outside, periods, phase, **OPTIONS)
    assert (nowhere.rows, nowhere.strongest) == ((), None)
    assert np.isnan(nowhere.share)


@given(
    seed=st.integers(0, 2**32 - 1),
    n_scales=st.integers(1, 40),
    n_times=st.integers(1, 30),
    turn=st.floats(-3, 3),
    stretch=st.sampled_from([0.25, 0.5, 2.0, 8.0]),
)
def test_octaves_are_consistent_whatever_the_field(seed, n_scales, n_times, turn, stretch):
    rng = np.random.default_rng(seed)
    periods = 0.7 * 2 ** (np.arange(n_scales) / 6)
    field, phase = rng.uniform(size=(2, n_scales, n_times))
    significant, outside = rng.uniform(size=(2, n_scales, n_times)) < 0.6
    summary = summarise(field, significant, outside, periods, phase, **OPTIONS)
    rows = summary.rows
    # Areas are shares of the whole, and significant shares add up to that of the whole.
    if outside.any():
        assert sum(row.area for row in rows) == pytest.approx(1)
        assert sum(row.area * row.significant for row in rows) == pytest.approx(summary.share)
        assert sum(row.area * row.mean for row in rows) == pytest.approx(field[outside].mean())
    # Other units of time change periods and lags, other zeros of the phase its mean alone.
    turned = summarise(field, significant, outside, periods, phase + turn, **OPTIONS)
    stretched = summarise(field, significant, outside, periods * stretch, phase, **OPTIONS)
    for row, other, longer in zip(rows, turned.rows, stretched.rows, strict=True):
        assert row.periods[1] == 2 * row.periods[0]
        if row.significant == 0:
            assert np.isnan([row.phase, row.lag, other.lag, longer.lag]).all()
            continue
        assert row.periods[0] <= row.mean_period * (1 + ROUNDING) < row.periods[1] * 1.01
        assert np.exp(1j * other.phase) == pytest.approx(np.exp(1j * (row.phase + turn)))
        assert other.phase_spread == pytest.approx(row.phase_spread, abs=1e-6)
        assert longer.lag == pytest.approx(stretch * row.lag, abs=ROUNDING)
        assert longer.periods == tuple(stretch * limit for limit in row.periods)


def test_phase_across_the_half_turn_has_its_mean_and_spread():
    periods = 2.0 ** (1 + np.arange(12) / 12)
    phase = np.tile([np.pi - 0.1, -np.pi + 0.1], (12, 50))
    everywhere = np.ones(phase.shape, dtype=bool)
    (row,) = summarise(phase, everywhere, everywhere, periods, phase, **OPTIONS).rows
    assert abs(row.phase) == pytest.approx(np.pi)
    assert row.phase_spread == pytest.approx(0.1, rel=0.01)
    assert row.mean_period == pytest.approx(np.sqrt(periods[0] * periods[-1]))


def test_summary_without_area_has_no_rows():
    field = np.ones((3, 4))
    nothing = field < 0
    summary = summarise(field, field > 0, nothing, np.arange(1.0, 4), field, **OPTIONS)
    assert summary.rows == ()
    assert np.isnan(summary.share)
    assert summary.table() == "  none"
    assert "Strongest: nothing is significant." in str(summary)


@pytest.mark.parametrize(
    ("phase", "lag", "relation"),
    [
        (0.25 * np.pi / 2, 0.5, "in phase"),
        (np.pi / 2, 2.0, "x leads"),
        (-np.pi / 2, -2.0, "y leads"),
        (np.pi - np.pi / 8, -0.5, "anti-phase"),
        (-np.pi + np.pi / 8, 0.5, "anti-phase"),
    ],
)
def test_phase_means_a_relation_and_a_lag(phase, lag, relation):
    row = a_row(phase, middle=8.0)
    assert row.relation == relation
    assert row.lag == pytest.approx(lag)


def test_spread_of_the_lag_is_that_of_the_phase_in_time():
    row = a_row(0.3, np.pi / 8, middle=16.0)
    assert row.lag_spread == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("significant", "spread", "relation"),
    [(0.3, 0.4, "rain leads"), (0.08, 0.4, "-"), (0.3, 1.2, "-")],
    ids=["clear", "near chance", "scattered"],
)
def test_relation_is_named_only_where_it_is_not_that_of_noise(significant, spread, relation):
    shown = a_summary(a_row(1.2, spread, significant)).table().splitlines()
    assert re.split("  +", shown[0].strip()) == HEADER
    assert shown[1].split("  ")[1] == "8 to 16"
    assert shown[1].split("  ")[-1].strip() == relation


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (a_row(1.2), "phase +69 deg: flow follows rain by 2.1 +- 0.7 days."),
        (a_row(-1.2), "phase -69 deg: rain follows flow by 2.1 +- 0.7 days."),
        (a_row(0.1), "phase +6 deg: in phase, flow follows rain by 0.2 +- 0.7 days."),
        (a_row(-3.0), "in anti-phase, flow follows the reverse of rain by 0.2 +- 0.7 days."),
        (a_row(3.0), "in anti-phase, the reverse of rain follows flow by 0.2 +- 0.7 days."),
        (a_row(1.2, significant=0.08), "No octave stands out from chance; the most is 8 %, at per"),
    ],
)
def test_strongest_row_is_put_in_words(row, words):
    assert words in " ".join(str(a_summary(row)).split())


@pytest.mark.parametrize(
    ("dt", "shown"),
    [
        (30.4, "+2 +- 1"),
        (1.0, "+2.1 +- 0.7"),
        (1 / 12, "+2.10 +- 0.70"),
        (1e-7, "+2.1 +- 0.7"),
    ],
)
def test_lags_have_the_digits_that_the_sampling_gives(dt, shown):
    assert f"  {shown}  " in a_summary(a_row(), dt=dt).table()


@given(
    names=st.tuples(*2 * [st.text("abc -", min_size=1, max_size=60)]),
    unit=st.text("xyz", max_size=20),
)
def test_text_fits_a_terminal_whatever_the_names(names, unit):
    rows = (a_row(), a_row(-1.2), a_row(3.0, periods=(0.125, 0.25)))
    text = str(a_summary(*rows, names=names, unit=unit))
    # A name or unit is never broken.
    longest = max(map(len, [*" ".join(names).split(), unit]), default=0)
    assert all(len(line) <= max(80, longest + 20) for line in text.splitlines())
    assert all(" ".join(name.split()) in " ".join(text.split()) for name in names)
    assert unit in text


def test_numbers_keep_their_units():
    line = fill(f"Run: {'a ' * 36}23.4 s")
    assert line.endswith("\n  23.4 s")


def test_summary_of_one_series_has_no_phases():
    field = np.ones((3, 4))
    options = OPTIONS | {"names": ("sst",), "quantity": "power"}
    summary = summarise(field, field > 0, field > 0, np.arange(2.0, 5), **options)
    assert "phase" not in str(summary)
    assert summary.as_dict()["bands"][0]["phase"] is not None  # NaN, which JSON writes as null
    assert np.isnan(summary.rows[0].phase)


@pytest.mark.parametrize(
    ("provenance", "words"),
    [
        ({"backend": "joblib", "n_workers": 4}, "backend joblib (4 workers)"),
        ({"backend": "dask", "n_workers": 1}, "backend dask (1 worker)"),
        ({"backend": "sequential", "n_workers": 4}, "backend sequential (1 worker)"),
    ],
)
def test_words_of_where_a_null_was_simulated(provenance, words):
    assert simulated_on(provenance) == words


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(7)
    wave = np.sin(2 * np.pi * np.arange(256) / 24)
    rain, flow = np.array([wave[6:], wave[:-6]]) + 0.5 * rng.normal(size=(2, 250))
    return wct(rain, flow, 1.0, mc_count=40, rng_seed=1, progress=False, cache=False)


def test_summary_of_a_result_is_that_of_its_arrays(result):
    summary = result.summary(("rain", "flow"), "days")
    expected = summarise(
        result[0], result.significant(), result.outside(), result.periods, result[1], **OPTIONS
    )
    assert repr(summary) == repr(expected)  # NaN does not equal NaN
    assert summary.strongest.relation == "x leads"
    assert summary.strongest.lag == pytest.approx(6, abs=1)
    assert result.summary().names == ("x", "y")
    assert result.summary(level=0.99).share < summary.share


def test_summary_of_a_result_without_a_null_is_refused(result):
    x = np.random.default_rng(1).normal(size=(2, 64))
    with pytest.raises(ValueError, match="`sig` must be True"):
        wct(*x, 1.0, sig=False).summary()
    with pytest.raises(ValueError, match="`level` must"):
        result.summary(level=95)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": "ab"}, "`names` must be 2 strings, one for each series, got 'ab'"),
        ({"names": ("rain",)}, "`names` must be 2 strings"),
        ({"names": ("rain", None)}, "`names` must be 2 strings"),
        ({"names": 3}, "`names` must be 2 strings"),
        ({"unit": 3}, "`unit` must be a string, such as 'days', got 3"),
    ],
)
def test_summary_refuses_labels_that_are_no_text(result, options, message):
    with pytest.raises(TypeError, match=message):
        result.summary(**options)
