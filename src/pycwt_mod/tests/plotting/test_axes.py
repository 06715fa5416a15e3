import numpy as np
import pytest

from pycwt_mod.plotting import period_ticks
from pycwt_mod.plotting.axes import plain
from pycwt_mod.plotting.field import block_means, cell_edges, envelope, pixel_edges


@pytest.mark.parametrize(
    ("limits", "ticks"),
    [
        ((1.9, 70.0), [2, 4, 8, 16, 32, 64]),
        ((0.2, 1.1), [0.25, 0.5, 1]),
        ((1, 2.0**30), [2.0 ** (3 * k) for k in range(11)]),
        ((4.1, 7.9), [2**2.5]),
    ],
)
def test_period_ticks_are_few_and_powers_of_two(limits, ticks):
    found = period_ticks(*limits)
    assert set(ticks) <= set(found)
    assert 3 <= len(found) <= 12
    assert limits[0] <= found[0] < found[-1] <= limits[1]


def test_period_ticks_of_a_sliver_are_its_ends():
    assert period_ticks(5.0, 5.01) == [5.0, 5.01]


def test_period_ticks_are_as_few_as_there_is_room_for():
    assert period_ticks(1.9, 70, 3) == [2, 8, 32]
    assert len(period_ticks(1.9, 70, 0)) == 3


def test_numbers_are_plain_below_a_million():
    assert [plain(2.0**k) for k in (-3, 0, 15, 19)] == ["0.125", "1", "32768", "524288"]
    assert plain(2.0**21) == "2.097e+06"
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
