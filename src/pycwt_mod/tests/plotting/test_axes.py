import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod import wct
from pycwt_mod.plotting import offscreen_axes, period_ticks
from pycwt_mod.plotting.axes import PeriodAxis
from pycwt_mod.plotting.field import block_means, cell_edges, envelope, pixel_edges
from pycwt_mod.plotting.ticks import plain, spelled
from pycwt_mod.time_axis import SECONDS, unit_of_time


@pytest.mark.parametrize(
    ("limits", "ticks"),
    [
        ((1.9, 70.0), [2, 4, 8, 16, 32, 64]),
        ((0.2, 1.1), [0.25, 0.5, 1]),
        ((1, 2.0**30), [10.0**k for k in range(10)]),
        ((4.1, 7.9), [5, 6, 7]),
    ],
)
def test_period_ticks_are_few_and_powers_of_two(limits, ticks):
    found, labels = list(period_ticks(*limits)), period_ticks(*limits).values()
    assert set(ticks) <= set(found)
    assert 3 <= len(found) <= 12
    assert limits[0] <= found[0] < found[-1] <= limits[1]
    assert [float(label) for label in labels] == pytest.approx(found, rel=1e-3)


def test_period_ticks_of_a_sliver_are_told_apart():
    assert list(period_ticks(5.0, 5.01).values())[::5] == ["5", "5.01"]


def test_period_ticks_are_as_few_as_there_is_room_for():
    assert list(period_ticks(1.9, 70, 3)) == [2, 8, 32]
    assert len(period_ticks(1.9, 70, 0)) == 3


@pytest.mark.parametrize(
    ("limits", "unit", "labels"),
    [
        ((1.9, 70.0), "days", ["2", "4", "8", "16", "32", "64"]),
        ((1.9, 1000.0), "days", ["2 days", "1 week", "1 month", "3 months", "1 year"]),
        ((0.005, 0.5), "years", ["2 days", "1 week", "1 month", "3 months"]),
        ((0.008, 3.0), "s", ["10 ms", "100 ms", "1 s"]),
        ((0.0078, 0.3), "", ["0.01", "0.02", "0.05", "0.1", "0.2"]),
        ((0.0052, 0.0138), "years", ["2 days", "3 days", "4 days", "5 days"]),
    ],
)
def test_period_ticks_are_those_that_people_write(limits, unit, labels):
    found = period_ticks(*limits, most=5 if unit != "days" else 6, unit=unit)
    if unit == "days" and limits[1] > 100:
        assert set(labels) <= set(found.values())
    else:
        assert list(found.values()) == labels


@given(
    low=st.floats(1e-5, 1e5),
    octaves=st.floats(0.1, 20),
    most=st.integers(0, 30),
    unit=st.sampled_from(["", "samples", "s", "ms", "hours", "days", "months", "years"]),
)
def test_period_ticks_of_any_axis_are_few_distinct_and_within_it(low, octaves, most, unit):
    high = low * 2**octaves
    found = period_ticks(low, high, most, unit)
    places, labels = list(found), list(found.values())
    assert places == sorted(places)
    assert not places or low * (1 - 1e-9) <= places[0] <= places[-1] <= high * (1 + 1e-9)
    assert len(set(labels)) == len(labels) <= 1.25 * max(3, min(most, 12)) + 1
    for place, label in found.items():
        number, _, word = label.partition(" ")
        length = SECONDS[unit_of_time(word)] / SECONDS[unit_of_time(unit)] if word else 1
        assert float(number) * length == pytest.approx(place, rel=0.01)


@pytest.mark.parametrize("ends", [(0, 5), (5, 2), (1, np.inf), (1, np.nan), (-1, 2)])
def test_ends_of_an_axis_must_be_positive_and_in_order(ends):
    with pytest.raises(ValueError, match=r"`shortest` must be pos|`longest` must be a number no l"):
        period_ticks(*ends)


def test_bands_are_told_in_units_that_suit_them():
    assert spelled(2, 34700, "days") == "2 days to 95 years"
    assert spelled(2, 8, "d") == "2 to 8 d"
    assert spelled(2 / 365.2425, 8 / 365.2425, "years") == "2 to 8 days"


@pytest.mark.parametrize(
    ("unit", "label"),
    [
        ("s", "Frequency (Hz)"),
        ("ms", "Frequency (kHz)"),
        ("years", "Frequency (cycles per year)"),
        ("steps", "Frequency (1/steps)"),
        ("", "Frequency"),
    ],
)
def test_frequencies_have_the_unit_that_belongs_to_that_of_time(unit, label):
    assert PeriodAxis(unit, frequency=True).label == label


def test_numbers_are_plain_below_a_thousand_million():
    assert [plain(2.0**k) for k in (-3, 0, 15, 19)] == ["0.125", "1", "32768", "524288"]
    assert plain(2.0**21) == "2097152"
    assert plain(2.0**-7) == "0.007812"
    assert plain(2.0**-14) == "0.00006104"
    assert plain(2.0**31) == "2.147e+09"
    assert plain(34652.1, 3) == "34700"


def test_cell_edges_lie_between_centres():
    np.testing.assert_array_equal(cell_edges(np.array([3.0])), [2.5, 3.5])
    np.testing.assert_array_equal(cell_edges(np.array([1.0, 2.0, 4.0])), [0.5, 1.5, 3.0, 5.0])


@pytest.mark.parametrize("n_times", [1, 5, 400, 401, 100_000])
def test_pixels_cover_all_times_once(n_times):
    edges = pixel_edges(n_times, 2.0)
    assert edges[0] == 0
    assert edges[-1] == n_times
    assert (np.diff(edges) > 0).all()
    assert edges.size - 1 == min(n_times, 400)


def test_block_means_leave_out_what_is_nan():
    values = np.array([[1.0, 3.0, np.nan, 5.0, np.nan, np.nan], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    means = block_means(values, np.array([0, 2, 4, 6]))
    np.testing.assert_array_equal(means, [[2, 5, np.nan], [1.5, 3.5, 5.5]])
    squares = block_means(values[1:], np.array([0, 2, 4, 6]), np.square)
    np.testing.assert_array_equal(squares, [[2.5, 12.5, 30.5]])


def test_envelope_keeps_every_extreme_of_a_long_series():
    values = np.random.default_rng(0).normal(size=50_000)
    values[12_345] = 40
    times, line = envelope(np.arange(50_000.0), values, 5.0)
    assert line.size == times.size == 2 * 5 * 200
    assert line.max() == 40
    assert line.min() == values.min()
    assert (np.diff(times) >= 0).all()


def test_envelope_of_a_short_series_is_the_series():
    values = np.arange(300.0)
    assert envelope(values, values, 5.0)[1] is values


@pytest.mark.parametrize("n", [8, 12, 100])
def test_whole_years_are_ticked_at_whole_years(n):
    x, y = np.random.default_rng(0).normal(size=(2, n))
    years = np.arange(2000, 2000 + n)
    plot = wct(x, y, 1.0, sig=False).plot(times=years, ax=offscreen_axes())
    plot.figure.canvas.draw()
    assert all("." not in label.get_text() for label in plot.axes.get_xticklabels())
