"""Patches of maps that are read row by row, against those of scipy.ndimage and of a graph."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import label, sum_labels

from pycwt_mod.clusters import PatchFinder, areas_of

MAPS = arrays(bool, st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 12)))


def found_in(maps, sizes):
    """Return the finder of maps, shape (map, row, time), all with the same times."""
    finder = PatchFinder(len(maps), maps.shape[2])
    for row in range(maps.shape[1]):
        above = maps[:, row]
        finder.add(np.flatnonzero(above), above.shape[1], sizes[:, row][above], 1)
    return finder


@given(MAPS, st.integers(0, 2**32 - 1))
def test_patches_are_those_of_eight_neighbours(maps, seed):
    sizes = np.random.default_rng(seed).random(maps.shape)
    largest = found_in(maps, sizes).largest()
    for own, weights, total in zip(maps, sizes, largest, strict=True):
        labels, n = label(own, np.ones((3, 3)))
        expected = sum_labels(weights, labels, range(1, n + 1)).max() if n else 0.0
        np.testing.assert_allclose(total, expected)
        patch, totals, _ = found_in(own[np.newaxis], weights[np.newaxis]).patches()
        assert totals.size == n
        # The same points are together.
        pairs = set(zip(labels[own].tolist(), patch.tolist(), strict=True))
        assert len(pairs) == n


STEPS = st.lists(st.integers(0, 1), min_size=1, max_size=5)


@given(STEPS, st.data())
def test_points_of_rows_with_other_steps_neighbour_those_on_either_side(rises, data):
    n, steps = 16, (2 ** np.cumsum(rises)).tolist()
    rows = [data.draw(arrays(bool, -(-n // step))) for step in steps]
    finder = PatchFinder(1, n)
    for row, step in zip(rows, steps, strict=True):
        finder.add(np.flatnonzero(row), row.size, np.ones(row.sum()), step)
    points = [(r, t * steps[r]) for r, row in enumerate(rows) for t in np.flatnonzero(row)]
    group = {point: {point} for point in points}
    for one, other in itertools.combinations(points, 2):
        (r, t), (q, u) = one, other
        if abs(r - q) <= 1 and abs(t - u) <= min(steps[r], steps[q]):
            joined = group[one] | group[other]
            group |= dict.fromkeys(joined, joined)
    expected = sorted(len(each) for each in {frozenset(each) for each in group.values()})
    assert sorted(finder.patches()[1].tolist()) == expected


def test_area_of_a_point_is_that_of_its_time_and_octaves_in_units_of_the_scale():
    scales = 2.0 * 2 ** (np.arange(25) / 12)
    np.testing.assert_allclose(areas_of(scales), 1 / 12 / scales)
    np.testing.assert_allclose(areas_of(np.array([1.0, 2.0, 8.0])), [1, 1.5 / 2, 2 / 8])
