"""Memory for work on long series: little at a time, and that of results not written yet."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]

# Numbers that are worked on together where each is on its own: as many as stay in the cache; and
# the fewest times, of which calls take longer than the work.
_TOGETHER, _FEWEST = 2**15, 2**10
_MOST = 2**13

# Bytes of a scratch array that a thread keeps for its next call; and from which on it lies in spare
# rows, if there are any.
_MOST_KEPT, _LEAST_LENT = 2**23, 2**20


class _Kept(threading.local):
    """The scratch arrays of a thread by name: those that it keeps, and those in spare rows."""

    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[np.uint8]] = {}
        self.lent: dict[str, NDArray[np.uint8]] = {}
        self.lender: SpareRows | None = None


_KEPT = _Kept()


def scratch(name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return an array to be written, valid until the thread asks for this name again.

    Memory in use stays in the cache; fresh memory costs more than an FFT.
    """
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    lender = _KEPT.lender if n_bytes >= _LEAST_LENT else None
    arrays = _KEPT.arrays if lender is None else _KEPT.lent
    found = arrays.get(name)
    if found is None or found.size < n_bytes:
        if lender is None:
            found = np.empty(n_bytes, np.uint8)
        else:
            found = lender.array(n_bytes, dtype=np.uint8)
        if lender is not None or n_bytes <= _MOST_KEPT:
            arrays[name] = found
    return np.asarray(found[:n_bytes].view(dtype).reshape(shape))


def stretches(n: int, rows: int = 1) -> Iterator[slice]:
    """Yield slices that cover n times of some rows."""
    together = max(_FEWEST, min(_MOST, _TOGETHER // rows))
    return (slice(start, min(start + together, n)) for start in range(0, n, together))


class SpareRows:
    """Arrays in the last rows of results, and new ones where those are full.

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

    def array(self, *shape: int, dtype: Any = complex) -> NDArray[Any]:
        """Return an array of any values."""
        n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
        size = -(-n_bytes // 8)
        for turn in range(self._turn, self._turn + len(self._results)):
            place = turn % len(self._results)
            result = self._results[place]
            start = self._free[place] - size
            if start >= self._written * result.shape[1]:
                self._free[place], self._turn = start, turn + 1
                found = result.reshape(-1)[start : start + size].view(np.uint8)[:n_bytes]
                return np.asarray(found.view(dtype).reshape(shape))
        return np.empty(shape, dtype)

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let this thread's large scratch arrays lie here."""
        mark, outer = self.mark(), (_KEPT.lender, _KEPT.lent)
        _KEPT.lender, _KEPT.lent = self, {}
        try:
            yield
        finally:
            _KEPT.lender, _KEPT.lent = outer
            self.release(mark)

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
