"""Fields of a record at all times, to be read a stretch at a time.

Axes: (field, scale, time).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .inverse_fft import Between
from .working_memory import Complex, scratch, stretches


@dataclass(frozen=True, eq=False)
class AtTimes:
    """Fields of some scales at all times of a record, to be read a stretch at a time.

    The rows of `source` are those of an array of this shape, (field, scale). They are samples at
    all times; or those between which to interpolate of fields that were turned, in order to have
    the middle of their band, this coefficient of a period of `n_fft`, at frequency 0.
    """

    source: Complex | Between
    shape: tuple[int, int]
    n: int
    middle: int = 0
    n_fft: int = 1

    def stretches(self, n_fields: int | None = None) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield stretches of times with the real and imaginary parts of the first fields there.

        Of shape (part, field, scale, time), overwritten by the next. Turned fields remain turned.
        """
        shape = n_fields or self.shape[0], self.shape[1]
        rows = slice(0, shape[0] * shape[1])
        for times in stretches(self.n, rows.stop):
            if isinstance(self.source, Between):
                parts = self.source.at(times, rows)
            else:
                some = self.source[rows, times]
                parts = scratch("parts", (2, *some.shape), float)
                parts[0], parts[1] = some.real, some.imag
            yield times, parts.reshape(2, *shape, -1)

    def write(self, *targets: Complex) -> None:
        """Write each field to an array (scale, time)."""
        if not self.middle and not isinstance(self.source, Between):
            fields = self.source[:, : self.n].reshape(*self.shape, self.n)
            for target, values in zip(targets, fields, strict=True):
                target[...] = values
            return
        for times, parts in self.stretches():
            numbers = np.arange(times.start, times.stop) * self.middle % self.n_fft
            turn = np.exp(2j * np.pi / self.n_fft * numbers) if self.middle else 1
            for target, real, imaginary in zip(targets, *parts, strict=True):
                target.real[:, times], target.imag[:, times] = real, imaginary
                if self.middle:
                    target[:, times] *= turn
