"""The smoothing across scales, fed one scale at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arrays import Array, ArrayOps


class RunningSum:
    """Sum of the last `width` rows pushed, by additions only.

    Rows come in chunks of `width`. Suffix sums of the previous chunk plus the prefix sum of the
    current one make each window (van Herk's scheme): two additions a row at any width, and none
    of the cancellation of a sum from which old rows are subtracted.
    """

    def __init__(self, width: int, shape: tuple[int, ...], ops: ArrayOps) -> None:
        self._ops = ops
        self._width = width
        self._rows = ops.zeros((width, *shape), "complex")
        self._prefix = ops.zeros(shape, "complex")
        self._position = 0

    def push(self, row: Array | None, out: Array) -> None:
        """Add a row (None: a row of zeros) and write the sum of the last rows to `out`."""
        add = self._ops.xp.add
        at, last = self._position, self._width - 1
        if at == 0:
            self._prefix[...] = 0
        if row is not None:
            add(self._prefix, row, out=self._prefix)
        if at < last:
            add(self._prefix, self._rows[at + 1], out=out)
        else:
            out[...] = self._prefix
        self._rows[at] = 0 if row is None else row
        if at == last:
            for back in range(last - 1, -1, -1):
                add(self._rows[back], self._rows[back + 1], out=self._rows[back])
        self._position = 0 if at == last else at + 1


class ScaleBoxcar:
    """The boxcar across scales, fed one scale at a time, up to a constant factor.

    With end taps e relative to the inner ones and A the sum over all taps but one, the window is
    e (A_t + A_(t-1)) + (1 - 2 e) B, B the sum over the inner taps; pycwt's e is a half.

    What is read belongs to the scale pushed `ahead` scales before the last one.
    """

    def __init__(self, taps: NDArray[np.float64], shape: tuple[int, ...], ops: ArrayOps) -> None:
        self._ops = ops
        self.ahead = (taps.size - 1) // 2
        self._single = taps.size == 1
        if self._single:
            self._older = self._newer = ops.zeros(shape, "complex")
            return
        self._end = float(taps[0] / taps[taps.size // 2]) if taps.size > 2 else 0.5
        self._newer = ops.zeros(shape, "complex")
        self._older = ops.zeros(shape, "complex")
        self._outer = RunningSum(taps.size - 1, shape, ops)
        self._inner: RunningSum | None = None
        if self._end != 0.5 and taps.size > 2:
            self._inner = RunningSum(taps.size - 2, shape, ops)
            self._inner_newer = ops.zeros(shape, "complex")
            self._inner_older = ops.zeros(shape, "complex")

    @staticmethod
    def factor(taps: NDArray[np.float64]) -> float:
        """Return the constant that makes what `read` writes the convolution with the taps."""
        if taps.size > 2 and taps[0] != taps[taps.size // 2] / 2:
            return float(taps[taps.size // 2])
        return float(taps[0])

    def push(self, row: Array | None) -> None:
        """Add the next scale; None stands for the scales past the end, which do not exist."""
        if self._single:
            self._newer[...] = row
            return
        self._older, self._newer = self._newer, self._older
        self._outer.push(row, self._newer)
        if self._inner is not None:
            self._inner_older, self._inner_newer = self._inner_newer, self._inner_older
            self._inner.push(row, self._inner_newer)

    def read(self, part: slice, out: Array) -> None:
        """Write the window that ends at the last scale pushed, at the times `part`, to `out`."""
        xp = self._ops.xp
        if self._single:
            out[...] = self._newer[..., part]
            return
        xp.add(self._newer[..., part], self._older[..., part], out=out)
        if self._inner is not None:
            out *= self._end
            out += (1 - 2 * self._end) * self._inner_older[..., part]


class ScaleWindows:
    """Means over neighbouring scales that are not evenly spaced, fed as a `ScaleBoxcar` is."""

    def __init__(self, weights: NDArray[np.float64], shape: tuple[int, ...], ops: ArrayOps) -> None:
        self._weights = weights
        self._members = [np.flatnonzero(row).tolist() for row in weights]
        own = list(enumerate(self._members))
        self.ahead = max(members[-1] - scale for scale, members in own)
        behind = max(scale - members[0] for scale, members in own)
        self._rows = ops.zeros((self.ahead + behind + 1, *shape), "complex")
        self._n_pushed = 0

    def push(self, row: Array | None) -> None:
        """Add the next scale; None stands for the scales past the end."""
        if row is not None:
            self._rows[self._n_pushed % len(self._rows)] = row
        self._n_pushed += 1

    def read(self, part: slice, out: Array) -> None:
        """Write the mean for the scale pushed `ahead` scales before the last to `out`."""
        scale = self._n_pushed - 1 - self.ahead
        out[...] = 0
        for place in self._members[scale]:
            row = self._rows[place % len(self._rows)]
            out += float(self._weights[scale, place]) * row[..., part]
