"""A field in rows: what they say of shares, phases and lags, and how that is printed."""

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod import wct
from pycwt_mod.summary import CommonLag, SummaryRow, summarise
from pycwt_mod.summary.rows import _relation
from pycwt_mod.summary.text import WIDTH, fill, limits_of, simulated_on

OPTIONS = {"level": 0.95, "dt": 1.0, "names": ("rain", "flow"), "unit": "days"}
HEADER = ["period (days)", "area", "signif.", "R2", "phase (deg)", "lag (days)", "relation"]

# Of sums of thousands of terms.
ROUNDING = 1e-9


def a_row(phase=1.2, error=0.1, periods=(8.0, 16.0), middle=11.0, **others):
    turn = middle / (2 * np.pi)
    facts = {"clear": True, "relation": "lag mod period", **others}
    numbers = {"mean_period": middle, "phase": phase, "phase_error": error}
    lags = {"lag": phase * turn, "lag_error": error * turn}
    return SummaryRow(periods, 1.0, 0.3, 0.6, 50.0, **{**numbers, **lags, **facts})


def a_summary(*rows, **others):
    field = np.zeros((1, 1))
    empty = summarise(field, field > 0, field > 0, np.ones(1), field, **OPTIONS)
    strongest = rows[0] if rows else None
    return dataclasses.replace(empty, rows=rows, strongest=strongest, share=0.3, **others)


def words_of(summary):
    return " ".join(str(summary).split())


def described(phase, periods=None, seed=0, **options):
    """The summary of a field of phases around `phase`, all of it significant."""
    periods = 2.0 ** (1 + np.arange(60) / 12) if periods is None else periods
    noise = np.random.default_rng(seed).normal(scale=0.3, size=(periods.size, 2000))
    everywhere = np.ones(noise.shape, dtype=bool)
    angle = np.angle(np.exp(1j * (np.broadcast_to(phase, periods.shape)[:, None] + noise)))
    return summarise(
        np.full(noise.shape, 0.8), everywhere, everywhere, periods, angle, **OPTIONS | options
    )


def test_octaves_tell_shares_and_means():
    periods = np.array([2.0, 3.0, 4.0, 6.0])
    field = np.array([[0.2, 0.4], [0.6, 0.8], [0.5, 0.5], [0.1, np.nan]])
    significant = np.array([[False, False], [True, True], [True, False], [False, False]])
    outside = np.array([[True, True], [True, True], [True, False], [False, False]])
    phase = np.zeros((4, 2))
    summary = summarise(field, significant, outside, periods, phase, **OPTIONS)
    first, second = summary.rows
    assert (first.periods, second.periods) == ((2, 4), (4, 8))
    assert (first.area, second.area) == (0.8, 0.2)
    assert (first.significant, second.significant) == (0.5, 1.0)
    assert first.mean == pytest.approx(0.5)
    assert summary.share == pytest.approx(3 / 5)
    # Five points are no evidence of anything.
    assert summary.strongest is None
    nowhere = summarise(field, significant, ~outside & outside, periods, phase, **OPTIONS)
    assert (nowhere.rows, nowhere.strongest) == ((), None)
    assert np.isnan(nowhere.share)


def test_silent_octave_has_a_row_without_numbers():
    field = np.full((3, 50), np.nan)
    everywhere = np.ones(field.shape, dtype=bool)
    options = OPTIONS | {"names": ("x", "y")}
    (row,) = summarise(field, ~everywhere, everywhere, np.arange(4.0, 7), field, **options).rows
    assert (row.area, row.significant, row.n_independent, row.pvalue) == (1, 0, 0, 1)
    assert np.isnan([row.mean, row.phase, row.lag]).all()


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
    options = OPTIONS | {"unit": "hours", "dt": periods[0] / 2}
    summary = summarise(field, significant, outside, periods, phase, **options)
    rows = summary.rows
    # Areas are shares of the whole, and significant shares add up to that of the whole.
    if outside.any():
        assert sum(row.area for row in rows) == pytest.approx(1)
        assert sum(row.area * row.significant for row in rows) == pytest.approx(summary.share)
        assert sum(row.area * row.mean for row in rows) == pytest.approx(field[outside].mean())
    # Other units of time change periods and lags, other zeros of the phase its mean alone.
    turned = summarise(field, significant, outside, periods, phase + turn, **options)
    longer = options | {"dt": stretch * options["dt"]}
    stretched = summarise(field, significant, outside, periods * stretch, phase, **longer)
    for row, other, long in zip(rows, turned.rows, stretched.rows, strict=True):
        assert row.periods[1] == 2 * row.periods[0]
        assert row.periods[0] <= row.mean_period * (1 + ROUNDING) < row.periods[1] * 1.01
        # A lag found in more rows decides where in the octave a phase is read.
        if not (row.whole_periods_known or other.whole_periods_known):
            assert np.exp(1j * other.phase) == pytest.approx(np.exp(1j * (row.phase + turn)))
        assert other.pvalue == pytest.approx(row.pvalue)
        assert long.pvalue == pytest.approx(row.pvalue)
        assert long.lag == pytest.approx(stretch * row.lag, abs=ROUNDING, nan_ok=True)
        assert long.periods == tuple(stretch * limit for limit in row.periods)


@pytest.mark.parametrize(
    ("unit", "dt", "first", "cycles"),
    [
        ("years", 1 / 12, 0.75 / 8, [1, 1 / 2]),
        ("y", 1 / 4, 0.375, [1]),
        ("days", 1 / 24, 0.75 / 16, [1, 1 / 2, 7]),
        ("days", 1.0, 2, [7, 365.25]),
        ("years", 1.0, 2, []),
        ("months", 1.0, 2, [12]),
        ("hours", 1.0, 2, [12, 24]),
        ("", 1 / 12, 1 / 8, []),
    ],
)
def test_octaves_do_not_cut_the_year_or_the_day(unit, dt, first, cycles):
    periods = 2 * dt * 2 ** (np.arange(120) / 12)
    field = np.zeros((periods.size, 3))
    options = OPTIONS | {"unit": unit, "dt": dt}
    rows = summarise(field, field > 0, field == 0, periods, field, **options).rows
    assert rows[0].periods[0] == first
    for cycle in cycles:
        (low, high) = next(row.periods for row in rows if cycle < row.periods[1])
        assert low * 2**0.15 < cycle < high / 2**0.15


def test_phase_across_the_half_turn_has_its_mean():
    (row,) = described(np.pi, 2.0 ** (1 + np.arange(12) / 12)).rows
    assert abs(row.phase) == pytest.approx(np.pi, abs=0.05)
    assert row.relation == "anti-phase"


def test_summary_without_area_has_no_rows():
    field = np.ones((3, 4))
    nothing = field < 0
    summary = summarise(field, field > 0, nothing, np.arange(1.0, 4), field, **OPTIONS)
    assert summary.rows == ()
    assert np.isnan(summary.share)
    assert summary.table() == "  none"
    assert "Strongest evidence: nothing is significant." in str(summary)


@pytest.mark.parametrize(
    ("phase", "relation"),
    [
        (0.0, "in phase"),
        (0.7, "nearly in phase"),
        (np.pi / 2, "lag mod period"),
        (-np.pi / 2, "lag mod period"),
        (-2.5, "nearly anti-phase"),
        (np.pi, "anti-phase"),
    ],
)
def test_phase_alone_never_tells_who_leads(phase, relation):
    # One phase at all frequencies, as of a single cycle: no lag is linear in it.
    summary = described(phase, frequencies=np.full(60, 1 / 12))
    assert summary.common_lag is None
    assert {row.relation for row in summary.rows} == {relation}
    assert not any(row.whole_periods_known for row in summary.rows)


@pytest.mark.parametrize(
    ("lag", "upside_down", "relations"),
    [
        (3.0, False, ["lag > period/2", "lag ~ period/2", *3 * ["x leads"]]),
        (-3.0, False, ["lag > period/2", "lag ~ period/2", *3 * ["y leads"]]),
        (0.5, True, [*4 * ["x leads, reversed"], "anti-phase"]),
        (0.0, False, 5 * ["in phase"]),
        (0.0, True, 5 * ["anti-phase"]),
    ],
)
def test_lag_that_fits_all_bands_settles_the_whole_periods(lag, upside_down, relations):
    periods = 2.0 ** (1 + np.arange(60) / 12)
    summary = described(2 * np.pi * lag / periods + np.pi * upside_down, periods)
    common = summary.common_lag
    assert (common.periods, common.reversed) == ((2, 64), upside_down)
    assert abs(common.lag - lag) < 3 * common.lag_error < 0.1
    assert [row.relation for row in summary.rows] == relations
    for row in summary.rows:
        assert abs(row.lag - lag) < 4 * row.lag_error
        assert row.whole_periods_known
    words = words_of(summary)
    first = "the reverse of rain" if upside_down else "rain"
    if lag:
        follows = f"flow follows {first}" if lag > 0 else f"{first} follows flow"
        assert f"One lag fits all bands from 2 to 64 days: {follows} by {abs(lag):.2f}" in words
    else:
        phase = "anti-phase" if upside_down else "phase"
        told = f"One phase fits all bands from 2 to 64 days: rain and flow are in {phase} (lag 0.0"
        assert told in words
        assert "follows" not in words.partition("One phase")[2]


def test_bands_that_disagree_have_no_common_lag():
    periods = 2.0 ** (1 + np.arange(60) / 12)
    lag = np.where(periods < 11, 3.0, -2.0)
    common = described(2 * np.pi * lag / periods, periods).common_lag
    assert common is None or common.periods[0] >= 8


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("upside_down", [False, True])
@pytest.mark.parametrize(("long", "change"), [(3.3, "grows"), (2.7, "falls"), (3.0, None)])
def test_lag_that_octaves_contradict_is_said_to_change(sign, upside_down, long, change):
    periods = 2.0 ** (3 + np.arange(24) / 12)
    lag = sign * np.where(periods < 16, 3.0, long)
    summary = described(2 * np.pi * lag / periods + np.pi * upside_down, periods)
    assert (summary.common_lag is None) == (change is not None)
    assert (summary.changing_lag is None) == (change is None)
    assert all(row.whole_periods_known for row in summary.rows)
    words = words_of(summary)
    assert ("the reverse of rain" in words) == upside_down
    if change is None:
        assert "One lag fits all bands from 8 to 32 days" in words
        assert "The lag" not in words
        return
    first, last = (f"{abs(row.lag):.1f}" for row in summary.rows)
    lag = r"[+-]{}\d? \+- 0\.\d+ days at {}"
    told = f"{lag.format(first, '8 to 16')}, {lag.format(last, '16 to 32 days')}"
    assert re.search(f"The lag {change} with the period: {told}", words)
    hours = summary.in_unit("hours").changing_lag
    assert hours.lag == pytest.approx(24 * summary.changing_lag.lag)
    assert "One lag fits" not in words


def test_strongest_row_has_the_best_known_phase_and_not_the_largest_share():
    periods = 2.0 ** (1 + np.arange(120) / 12)
    rng = np.random.default_rng(3)
    # Long periods: few independent values, all of them significant.
    phase = rng.normal(scale=0.8, size=(120, 1000))
    significant = rng.uniform(size=phase.shape) < 0.5
    significant[periods >= 128] = True
    phase[periods >= 128] = 0.2 * np.sin(np.arange(1000) / 100)
    everywhere = np.ones(phase.shape, dtype=bool)
    summary = summarise(phase * 0 + 0.7, significant, everywhere, periods, phase, **OPTIONS)
    assert summary.strongest.periods == (2, 4)
    assert [row.clear for row in summary.rows][-2:] == [False, False]


def test_rows_that_are_not_clear_show_no_phase():
    shown = a_summary(a_row(clear=False)).table().splitlines()
    assert re.split("  +", shown[0].strip()) == HEADER
    assert re.split("  +", shown[1].strip())[-3:] == ["-", "-", "-"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            a_row(1.2, relation="x leads", whole_periods_known=True),
            "phase +69 +- 6 deg: flow follows rain by 2.1 +- 0.2 days.",
        ),
        (
            a_row(-1.2, relation="y leads", whole_periods_known=True),
            "phase -69 +- 6 deg: rain follows flow by 2.1 +- 0.2 days.",
        ),
        (a_row(1.2), "flow follows rain by 2.1 +- 0.2 days, or by whole periods more or less."),
        (a_row(0.1, relation="in phase"), "phase +6 +- 6 deg: in phase."),
        (
            a_row(0.4, relation="nearly in phase"),
            "deg: nearly in phase, flow follows rain by 0.7 +- 0.2 days.",
        ),
        (a_row(-3.0, relation="anti-phase"), "phase -172 +- 6 deg: in anti-phase."),
        (a_row(-2.6, relation="nearly anti-phase"), "phase -149 +- 6 deg: nearly in anti-phase."),
        (a_row(-3.0, relation=""), "phase -172 +- 6 deg."),
    ],
)
def test_strongest_row_is_put_in_words(row, words):
    assert words_of(a_summary(row)).endswith(words)


@pytest.mark.parametrize(
    ("phase", "error", "relation"),
    [(0.4, 0.03, "nearly in phase"), (0.4, 0.25, "in phase"), (0.08, 0.01, "in phase")],
)
def test_series_are_in_phase_only_where_the_phase_is_not_told_from_none(phase, error, relation):
    assert _relation(a_row(phase, error), None) == relation
    assert _relation(a_row(phase - np.pi, error), None) == relation.replace(
        "in phase", "anti-phase"
    )


@given(lag=st.floats(2.1, 3.9), error=st.floats(0.001, 0.05))
def test_lag_that_may_exceed_half_a_period_has_one_word(lag, error):
    row = a_row(2 * np.pi * lag / 6, error, (4.0, 8.0), 6.0)
    assert _relation(row, CommonLag((4.0, 16.0), lag, 0.1, False)) == "lag ~ period/2"


def test_series_have_their_names_where_one_leads_the_other_upside_down():
    rows = [a_row(-2.6, 0.1, (64.0, 128.0), 91.0, relation="x leads, reversed")]
    common = CommonLag((64.0, 128.0), 6.9, 0.1, True)
    summary = a_summary(*rows, common_lag=common)
    short = dataclasses.replace(summary, unit="").table()
    assert short.endswith("  rain leads, reversed")
    lines = dataclasses.replace(summary, names=("precipitation", "flow")).table().splitlines()
    assert lines[0] == "  periods and lags in days; *: reversed"
    assert lines[-1].endswith("  precipitation leads*")
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize(
    ("error", "dt", "shown"),
    [
        (8.7, 1.0, "+11 +- 9"),
        (0.087, 1.0, "+11.35 +- 0.09"),
        (1e-9, 1.0, "+11.346 +- 0.001"),
        (3e-9, 1e-9, "+1.1e+01 +- 3.0e-09"),
    ],
)
def test_lags_have_the_digits_that_their_errors_give(error, dt, shown):
    assert f" {shown} " in a_summary(a_row(lag=11.346, lag_error=error), dt=dt).table()


def test_long_periods_are_written_without_an_exponent():
    assert (
        a_summary(a_row(periods=(16384.0, 32768.0)))
        .table()
        .splitlines()[1]
        .startswith("  16384 to 32768  ")
    )


@given(
    names=st.tuples(*2 * [st.text("abc -", min_size=1, max_size=60)]),
    unit=st.text("xyz", max_size=20),
)
def test_text_fits_a_terminal_whatever_the_names(names, unit):
    far = a_row(3.0, periods=(0.188, 0.375), relation="nearly anti-phase")
    rows = (a_row(), a_row(-1.2), far)
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
    arrays = result[0], result.significant(), result.outside(), result.periods, result[1]
    facts = {"power": result.mean_power, "common_cycle": result.common_cycle}
    expected = summarise(*arrays, **OPTIONS, frequencies=result.mean_freqs, **facts)
    assert repr(summary) == repr(expected)  # NaN does not equal NaN
    assert summary.strongest.relation == "lag mod period"
    assert summary.strongest.lag == pytest.approx(6, abs=1)
    assert result.summary().names == ("x", "y")
    assert result.summary(level=0.99).share < summary.share


def test_summary_refuses_levels_that_are_none(result):
    x = np.random.default_rng(1).normal(size=(2, 64))
    with pytest.raises(ValueError, match="`sig` must be True"):
        wct(*x, 1.0, sig=False).summary(level=0.9)
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


def test_limits_of_a_band_are_written_as_people_write_them():
    written = {
        (8192, 16384): "8192 to 16384",
        (0.25, 0.5): "0.25 to 0.5",
        (0.1875, 11.31): "0.188 to 11.31",
        (2**-7, 2**-6): "0.0078 to 0.016",
    }
    assert {band: limits_of(band) for band in written} == written
