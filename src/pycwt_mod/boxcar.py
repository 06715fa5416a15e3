"""The smoothing across scales, fed one scale at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .arrays import Array, ArrayOps

# Makes a complex array for one scale, of zeros; and puts one into other memory, or a part of it.
Zeros = Callable[[], Array]
Move = Callable[[Array], Array]


class RunningSum:
    """Sum of the last `width` rows pushed, by additions only.

    Rows come in chunks of `width`. Suffix sums of the previous chunk plus the prefix sum of the
    current one make each window (van Herk's scheme): two additions a row at any width, and none
    of the cancellation of a sum from which old rows are subtracted.
    """

    def __init__(self, width: int, zeros: Zeros, ops: ArrayOps) -> None:
        self._add = ops.xp.add
        # The first row of a chunk is in the prefix sum alone.
        self._rows = [zeros() for _ in range(width - 1)]
        self._prefix = zeros()
        self._position = 0

    def push(self, row: Array | None, out: Array) -> None:
        """Add a row (None: a row of zeros) and write the sum of the last rows to `out`."""
        add, rows, at = self._add, self._rows, self._position
        if at == 0:
            self._prefix[...] = 0 if row is None else row
        else:
            rows[at - 1][...] = 0 if row is None else row
            add(self._prefix, rows[at - 1], out=self._prefix)
        if at < len(rows):
            add(self._prefix, rows[at], out=out)
            self._position = at + 1
            return
        out[...] = self._prefix
        for back in range(len(rows) - 2, -1, -1):
            add(rows[back], rows[back + 1], out=rows[back])
        self._position = 0

    def move(self, moved: Move) -> None:
        """Go on with what `moved` makes of each array."""
        for place in range(len(self._rows)):  # the memory of one is free before the next is moved
            self._rows[place] = moved(self._rows[place])
        self._prefix = moved(self._prefix)


class ScaleBoxcar:
    """The boxcar across scales, fed one scale at a time, up to a constant factor.

    With end taps e relative to the inner ones and A the sum over all taps but one, the window is
    e (A_t + A_(t-1)) + (1 - 2 e) B, B the sum over the inner taps; pycwt's e is a half.

    What is read belongs to the scale pushed `ahead` scales before the last one. `zeros` makes an
    array for one scale.
    """

    def __init__(self, taps: NDArray[np.float64], zeros: Zeros, ops: ArrayOps) -> None:
        self._xp = ops.xp
        self.ahead = (taps.size - 1) // 2
        self._n_taps = taps.size
        self._end = float(taps[0] / taps[taps.size // 2]) if taps.size > 2 else 0.5
        widths = [max(1, taps.size - 1)] + [taps.size - 2] * (self._end != 0.5)
        self._running = [RunningSum(width, zeros, ops) for width in widths]
        self._sums = [[zeros(), zeros()] for _ in widths]
        self._newer = 0  # of the two

    def first(self, scale: int) -> int:
        """Return the first scale that the window around one takes up."""
        return max(0, scale + self.ahead - self._n_taps + 1)

    @staticmethod
    def factor(taps: NDArray[np.float64]) -> float:
        """Return the constant that makes what `read` writes the convolution with the taps."""
        if taps.size > 2 and taps[0] != taps[taps.size // 2] / 2:
            return float(taps[taps.size // 2])
        return float(taps[0])

    def push(self, row: Array | None) -> None:
        """Add the next scale; None stands for the scales past the end, which do not exist."""
        self._newer = 1 - self._newer
        for running, sums in zip(self._running, self._sums, strict=True):
            running.push(row, sums[self._newer])

    def move(self, moved: Move) -> None:
        """Go on with what `moved` makes of each array."""
        for running in self._running:
            running.move(moved)
        self._sums = [[moved(each) for each in sums] for sums in self._sums]

    def read(self, part: slice, out: Array) -> None:
        """Write the window that ends at the last scale pushed, at the times `part`, to `out`."""
        newer, older = self._newer, 1 - self._newer
        outer = self._sums[0]
        if self._n_taps == 1:
            out[...] = outer[newer][..., part]
            return
        self._xp.add(outer[newer][..., part], outer[older][..., part], out=out)
        for inner in self._sums[1:]:
            out *= self._end
            out += (1 - 2 * self._end) * inner[older][..., part]


@dataclass(frozen=True)
class OctaveWindows:
    """Windows around scales that are not evenly spaced, in octaves.

    Parameters
    ----------
    edges : numpy.ndarray
        Where the octaves begin that each scale stands for, and where the last ones end.
    lows, highs : numpy.ndarray
        Where the window around each scale begins and ends.
    """

    edges: NDArray[np.float64]
    lows: NDArray[np.float64]
    highs: NDArray[np.float64]

    @classmethod
    def around(cls, scales: NDArray[np.float64], half: float) -> OctaveWindows:
        """Return the windows that reach `half` octaves to both sides; scales ascend, two at least.

        Each scale stands for the octaves up to halfway to its neighbours, and a scale at an end
        for as many outwards as inwards.
        """
        octaves = np.log2(scales)
        middles = (octaves[1:] + octaves[:-1]) / 2
        ends = 2 * octaves[[0, -1]] - middles[[0, -1]]
        edges = np.concatenate([ends[:1], middles, ends[1:]])
        return cls(edges, octaves - half, octaves + half)

    @property
    def members(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The first and the last scale that each window reaches."""
        first = np.searchsorted(self.edges, self.lows, side="right") - 1
        last = np.searchsorted(self.edges, self.highs, side="left") - 1
        return np.maximum(first, 0), np.minimum(last, self.lows.size - 1)

    @property
    def longest(self) -> int:
        """Number of scales in the window that holds most."""
        first, last = self.members
        return int((last - first).max()) + 1

    def shared(self, scale: int, member: int) -> float:
        """Return the octaves that a window shares with those that a member stands for."""
        high = min(self.highs[scale], self.edges[member + 1])
        return float(high - max(self.lows[scale], self.edges[member]))


class ScaleWindows:
    """Means over the octaves around each scale, fed one scale at a time as a `ScaleBoxcar` is.

    Only the scales at both ends of a window share a part of their octaves with it. The sum over the
    inner ones is that from its first scale up to a turn, of sums made backwards from there, and
    that from the turn on: some additions a scale at any width, and no subtraction.
    """

    def __init__(self, windows: OctaveWindows, zeros: Zeros, ops: ArrayOps) -> None:
        self._windows, self._ops = windows, ops
        first, last = windows.members
        self._first, self._last = first.tolist(), last.tolist()
        own = np.arange(first.size)
        self.ahead = int((last - own).max())
        self._n_kept = self.ahead + int((own - first).max()) + 1
        self._memory = [zeros() for _ in range(2 * self._n_kept + 2)]
        self.move(lambda array: array)
        self._turn = self._next = self._n_pushed = 0

    def first(self, scale: int) -> int:
        """Return the first scale that the window around one takes up."""
        return int(self._first[scale])

    def push(self, row: Array | None) -> None:
        """Add the next scale; None stands for the scales past the end."""
        if row is not None:
            self._rows[self._n_pushed % self._n_kept][...] = self._ops.as_real(row)
        self._n_pushed += 1

    def move(self, moved: Move) -> None:
        """Go on with what `moved` makes of each array."""
        self._memory = [moved(array) for array in self._memory]
        *rows, self._later, self._share = map(self._ops.as_real, self._memory)
        self._rows, self._sums = rows[: self._n_kept], rows[self._n_kept :]

    def read(self, part: slice, out: Array) -> None:
        """Write the mean for the scale pushed `ahead` scales before the last to `out`."""
        add, scale = self._ops.xp.add, self._n_pushed - 1 - self.ahead
        first, last = self._first[scale], self._last[scale]
        self._sum_inner(first + 1, last)
        part = slice(2 * part.start, 2 * part.stop)
        mean = self._ops.as_real(out)
        total = self._windows.shared(scale, first)
        self._weighted(first, total, mean, part)
        if first < last:
            share = self._windows.shared(scale, last)
            add(mean, self._weighted(last, share, self._share[..., part], part), out=mean)
            total += share
        if first + 1 < last:
            if first + 1 < self._turn:
                add(mean, self._sums[(first + 1) % self._n_kept][..., part], out=mean)
            if last > self._turn:
                add(mean, self._later[..., part], out=mean)
            total += float(self._windows.edges[last] - self._windows.edges[first + 1])
        mean /= total

    def _sum_inner(self, first: int, stop: int) -> None:
        """Make the sums hold those over the scales from `first` on and before `stop`."""
        add, everything = self._ops.xp.add, slice(None)
        if first >= self._turn:  # nothing of the sums made backwards is left
            self._turn = self._next = max(first, stop)
            self._later[...] = 0
            for place in range(stop - 1, first - 1, -1):
                target = self._sums[place % self._n_kept]
                self._weighted(place, self._octaves(place), target, everything)
                if place < stop - 1:
                    add(target, self._sums[(place + 1) % self._n_kept], out=target)
        for place in range(self._next, stop):
            share = self._weighted(place, self._octaves(place), self._share, everything)
            add(self._later, share, out=self._later)
        self._next = max(self._next, stop)

    def _octaves(self, scale: int) -> float:
        return float(self._windows.edges[scale + 1] - self._windows.edges[scale])

    def _weighted(self, scale: int, weight: float, out: Array, part: slice) -> Array:
        """Write a row times a weight to `out`, and return it."""
        self._ops.xp.multiply(self._rows[scale % self._n_kept][..., part], weight, out=out)
        return out


Boxcar = ScaleBoxcar | ScaleWindows


def across_scales(
    windows: OctaveWindows | None, taps: NDArray[np.float64], zeros: Zeros, ops: ArrayOps
) -> Boxcar:
    """Return what smooths across scales: a boxcar wherever their spacing is even."""
    if windows is not None:
        return ScaleWindows(windows, zeros, ops)
    return ScaleBoxcar(taps, zeros, ops)
