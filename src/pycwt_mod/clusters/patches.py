"""Patches of neighbouring points in maps that are read row by row.

A row is cut into runs of neighbouring points, runs of adjacent rows that touch are linked, and
patches are the connected runs. So the cost is that of the points above the level alone, and rows
may have steps of their own. Where steps are alike, points are neighbours as of eight on a square.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass
class _Runs:
    """The runs of one row, of all maps one after the other: their first and last times."""

    number: int  # of the first run
    starts: Ints
    stops: Ints
    step: int


class PatchFinder:
    """Find the patches of several maps of records at once; `add` each row in order of scale."""

    def __init__(self, n_maps: int, n_times: int) -> None:
        self._n_maps = n_maps
        self._apart = 4 * n_times  # times of different maps are no neighbours
        self._last = _Runs(0, _NONE, _NONE, 1)
        self._links: list[tuple[Ints, Ints]] = []
        self._totals: list[Floats] = []
        self._lengths: list[Ints] = []
        self._maps: list[Ints] = []

    def add(self, places: NDArray[np.intp], width: int, sizes: Floats, step: int) -> None:
        """Add the next row of all maps, of `width` times that are `step` samples apart.

        `places` are the ascending flat indices at which the row, (map, time), exceeds its level,
        and `sizes` what each of these points counts.
        """
        maps, times = np.divmod(places, width)
        times = times * step + maps * self._apart
        begins = np.flatnonzero(np.diff(times, prepend=-self._apart) > step)
        ends = np.append(begins[1:], places.size)[: begins.size]
        last = self._last
        own = _Runs(last.number + last.starts.size, times[begins], times[ends - 1], step)
        self._link(last, own)
        self._last = own
        self._totals.append(np.add.reduceat(sizes, begins) if begins.size else np.empty(0))
        self._lengths.append(ends - begins)
        self._maps.append(maps[begins])

    def _link(self, above: _Runs, own: _Runs) -> None:
        """Note which runs of two rows touch."""
        fine, coarse = sorted((above.step, own.step))
        reach = max(fine, coarse - fine)
        first = np.searchsorted(above.stops, own.starts - reach)
        number = np.searchsorted(above.starts, own.stops + reach, side="right") - first
        places = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
        ours = own.number + np.arange(own.starts.size)
        self._links.append(
            (np.repeat(ours, number), above.number + np.repeat(first, number) + places)
        )

    def patches(self) -> tuple[Ints, Floats, Ints]:
        """Return the patch of each point added, from 0 on, and the total and map of each patch."""
        from scipy.sparse import coo_array  # takes long to import
        from scipy.sparse.csgraph import connected_components

        totals, maps = (np.concatenate([_NONE, *each]) for each in (self._totals, self._maps))
        lengths = np.concatenate([_NONE, *self._lengths])
        if not totals.size:
            return _NONE, np.empty(0), _NONE
        one, other = (np.concatenate(each) for each in zip(*self._links, strict=True))
        links: Any = coo_array((np.ones(one.size, bool), (one, other)), (totals.size,) * 2)
        n_patches, patch = connected_components(links, directed=False)
        map_of_patch = np.zeros(n_patches, dtype=np.int64)
        map_of_patch[patch] = maps
        sums = np.asarray(np.bincount(patch, weights=totals), dtype=float)
        return np.repeat(patch.astype(np.int64), lengths), sums, map_of_patch

    def largest(self) -> Floats:
        """Return the total of the largest patch of each map, 0 for a map without any."""
        _, totals, maps = self.patches()
        found = np.zeros(self._n_maps)
        np.maximum.at(found, maps, totals)
        return found


def areas_of(scales: Floats) -> Floats:
    """Return the area of a point of each scale in units of the scale, dt dj / s.

    `scales` are in sampling intervals, each standing for those up to halfway to its neighbours.
    """
    octaves = np.abs(np.gradient(np.log2(scales))) if scales.size > 1 else np.ones(1)
    return np.asarray(octaves / scales)


_NONE: Ints = np.empty(0, dtype=np.int64)
