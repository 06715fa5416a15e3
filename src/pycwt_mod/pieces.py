"""The transform of a long record, piece by piece, at scales that do not see far.

A wavelet that is no longer than some samples needs no FFT of the whole record: those of short
pieces, which overlap by its length, give the same numbers and stay in the cache (overlap-save). Its
length is measured, so any wavelet may be taken; one cut off at the Nyquist frequency has no end.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .inverse_fft import samples_of_period, scratch
from .responses import Response, Responses, band_of

# The lengths of pieces, and the part of a piece that its overlap may take at either end.
_LENGTHS, _OVERLAP = (2048, 4096, 8192, 16384), 1 / 16

# Bands of no more than this part of all coefficients have coarse grids that are faster.
_NARROW = 1 / 8

# A wavelet ends where it is below this share of its peak.
_NO_MORE = 1e-15

# Samples whose pieces are transformed together.
_TOGETHER = 2**17


@dataclass(frozen=True)
class Pieces:
    """Overlapping pieces of a record; each gives the transform at `valid` times.

    `n_fft` is the length of a period of the whole record: its ends may see each other.
    """

    length: int
    reach: int
    valid: int
    n_fft: int

    @classmethod
    def of(cls, n: int, n_fft: int, longest: int, reach: int) -> Pieces:
        """Return pieces of one length for a record of `n` samples."""
        number = math.ceil(n / (longest - 2 * reach))
        valid = math.ceil(n / number)
        return cls(scipy.fft.next_fast_len(valid + 2 * reach), reach, valid, n_fft)

    def write(self, response: Response, record: NDArray[Any], out: NDArray[Any]) -> None:
        """Write the transform of a record (n,) at all times to `out`."""
        # In double precision: where a piece is cut, its level leaves errors that a record has not.
        row = scratch("row", (len(out), self.length), complex)
        for place, spectrum in enumerate(self._spectra(record)):
            response.fill(spectrum, row)
            samples = scipy.fft.ifft(row, axis=-1, overwrite_x=True)
            target = out[:, place * self.valid : (place + 1) * self.valid]
            target[:] = samples[:, : target.shape[1]]

    def _spectra(self, record: NDArray[Any]) -> Iterator[NDArray[np.complex128]]:
        """Yield the FFT of each piece; its first `valid` samples come first, those before last."""
        reach, valid = self.reach, self.valid
        n_pieces = -(-record.size // valid)
        together = max(1, _TOGETHER // self.length)
        for first in range(0, n_pieces, together):
            number = min(together, n_pieces - first)
            samples = scratch("record", ((number - 1) * valid + self.length,), record.dtype)
            self._extend(record, first * valid - reach, samples)
            windows = sliding_window_view(samples, self.length)[::valid]
            pieces = scratch("pieces of a record", windows.shape, record.dtype)
            pieces[:, :-reach], pieces[:, -reach:] = windows[:, reach:], windows[:, :reach]
            yield from scipy.fft.fft(pieces, axis=-1)

    def _extend(self, record: NDArray[Any], first: int, out: NDArray[Any]) -> None:
        """Write the zero-padded, periodic record from the time `first` on."""
        out[:] = 0
        for start in range(-self.n_fft - first, out.size, self.n_fft):
            low, high = max(0, start), min(out.size, start + record.size)
            if low < high:
                out[low:high] = record[low - start : high - start]


def scales_in_pieces(responses: Responses, n: int) -> list[tuple[slice, Responses, Pieces]]:
    """Return the runs of scales for which pieces are fastest, their responses, and the pieces."""
    band, n_fft = band_of(responses.mother.psi_ft), responses.n_fft
    found: list[tuple[slice, Responses, Pieces]] = []
    if band is None:
        return found
    width = (band[2] - band[0]) * n_fft * responses.dt / (2 * np.pi * responses.scales)
    waiting = width > _NARROW * n_fft
    for length in _LENGTHS:
        if 4 * length > n_fft or not waiting.any():
            continue
        short = replace(responses, n_fft=length)
        for block in short.blocks():
            if waiting[block].any():
                reach = _reach(short, block)
                for run in runs_of(waiting[block] & (reach <= _OVERLAP * length)):
                    rows = slice(block.start + run.start, block.start + run.stop)
                    pieces = Pieces.of(n, n_fft, length, int(reach[run].max()))
                    found.append((rows, replace(short, n_fft=pieces.length), pieces))
                    waiting[rows] = False
    return found


def runs_of(chosen: NDArray[np.bool_]) -> Iterator[slice]:
    """Yield the runs of True."""
    edges = np.flatnonzero(np.diff(chosen, prepend=False, append=False))
    for start, stop in edges.reshape(-1, 2).tolist():
        yield slice(start, stop)


def _reach(short: Responses, block: slice) -> NDArray[np.intp]:
    """Return the samples to either side that the wavelet sees at some scales."""
    period = short.n_fft
    sizes = [
        np.abs(samples_of_period(each.values.astype(complex), each.first, period))
        for each in short.of(block)
    ]
    size = np.concatenate(sizes)
    seen = size > _NO_MORE * size.max(axis=1, keepdims=True)
    times = np.arange(period)
    return np.asarray((seen * np.minimum(times, period - times)).max(axis=1) + 1)
