"""The Fourier coefficients of series: all, or of long real series those that tell the others."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from . import long_fft
from .working_memory import SpareRows, scratch


class Spectrum(NamedTuple):
    """The coefficients of a series: all in FFT order, or those of a real one from 0 on."""

    values: NDArray[np.complex128]
    whole: bool = True

    def write(self, first: int, factors: NDArray[Any], out: NDArray[Any]) -> None:
        """Write those from a number on, which are on one side of 0, times factors (row, one)."""
        values, width = self.values, factors.shape[1]
        if first >= 0 or self.whole:
            source = values[first % values.size :][:width]
            np.multiply(source, factors, out=out, casting="same_kind")
        elif width:  # the conjugates of those of positive numbers
            source = values[-first - width + 1 : -first + 1][::-1]
            np.multiply(source, factors.conj(), out=out, casting="same_kind")
            np.conjugate(out, out=out)


def spectra_of(
    series: NDArray[Any],
    n_fft: int,
    spare: SpareRows | None = None,
    *,
    lasting: bool = False,
    workers: int = 1,
) -> NDArray[np.complex128]:
    """Return the FFT of zero-padded series (series, n); of long real ones its first half.

    Spare rows take the work for long ones, and also the result unless it is to be `lasting`.
    """
    if np.iscomplexobj(series) or n_fft < long_fft.LONG or not long_fft.is_long(n_fft):
        return np.asarray(scipy.fft.fft(series, n_fft, axis=-1, workers=workers))
    shape = len(series), n_fft // 2 + 1
    spare = SpareRows() if spare is None else spare
    found = np.empty(shape, complex) if lasting else spare.array(*shape)
    with spare.lent():
        row = scratch("row", (n_fft,), complex)
        for each, half in zip(series, found, strict=True):
            row[: each.size], row[each.size :] = each, 0
            half[:] = long_fft.fft(row)[: half.size]
    return found
