"""Memory for work on long series: little at a time, and that of results not written yet."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]

# Numbers that are worked on together where each is on its own: as many as stay in the cache; and
# the fewest times, of which calls take longer than the work.
_TOGETHER, _FEWEST = 2**15, 2**10
_MOST = 2**13


def stretches(n: int, rows: int = 1) -> Iterator[slice]:
    """Yield slices that cover n times of some rows."""
    together = max(_FEWEST, min(_MOST, _TOGETHER // rows))
    return (slice(start, min(start + together, n)) for start in range(0, n, together))


class SpareRows:
    """Complex arrays in the last rows of results, and new ones where those are full.

    Parameters
    ----------
    *results : numpy.ndarray
        Real, shape (row, time), contiguous. Their values are overwritten, except in the rows that
        `write` told of.
    """

    def __init__(self, *results: NDArray[np.float64]) -> None:
        self._results = results
        self._written = 0
        # Arrays are taken one after the other, from the ends of the results backwards, from each
        # result in turn: so they are as far as they can be from the rows to be written next.
        self._free, self._turn = [each.size for each in results], 0

    def array(self, *shape: int) -> Complex:
        """Return an array of any values."""
        size = 2 * math.prod(shape)
        for turn in range(self._turn, self._turn + len(self._results)):
            place = turn % len(self._results)
            result = self._results[place]
            start = self._free[place] - size
            if start >= self._written * result.shape[1]:
                self._free[place], self._turn = start, turn + 1
                return result.reshape(-1)[start : start + size].view(complex).reshape(shape)
        return np.empty(shape, complex)

    def mark(self) -> tuple[list[int], int]:
        """Return what to give to `release`."""
        return list(self._free), self._turn

    def release(self, mark: tuple[list[int], int]) -> None:
        """Take back the arrays since a mark."""
        self._free, self._turn = list(mark[0]), mark[1]

    def reach(self, n_rows: int) -> bool:
        """Return whether arrays may lie in the first rows."""
        lent = zip(self._results, self._free, strict=True)
        return any(free < n_rows * result.shape[1] for result, free in lent)

    def write(self, n_rows: int) -> None:
        """Lend no more of the first rows."""
        self._written = n_rows

    def rescued(self, array: Complex) -> Complex:
        """Return an array, or a copy if it lies in rows that are not lent any more."""
        if any(np.may_share_memory(array, each[: self._written]) for each in self._results):
            return array.copy()
        return array

    def narrowed(self, array: Complex, up: int, down: int) -> Complex:
        """Move both ends of each row of an array that was released, in the order of taking them.

        They then never lie on one that is still to be moved; so what is new memory remains new.
        """
        shape = len(array), up + down
        lent = any(np.may_share_memory(array, each) for each in self._results)
        target = self.array(*shape) if lent else np.empty(shape, complex)
        for place in reversed(range(len(array))):  # as they may overlap, the last ones first
            target[place, up:] = array[place, array.shape[1] - down :]
            target[place, :up] = array[place, :up]
        return target
