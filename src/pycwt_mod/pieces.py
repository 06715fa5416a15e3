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

from .inverse_fft import rows_to_fill, samples_of_period
from .responses import Response, Responses, band_of
from .spectrum import Spectrum
from .working_memory import scratch

# The lengths of pieces, and the part of a piece that its overlap may take at either end.
_LENGTHS, _OVERLAP = (2048, 4096, 8192, 16384), 1 / 16

# Bands of no more than this part of all coefficients have coarse grids that are faster.
_NARROW = 1 / 8

# A wavelet ends where it is below this share of its peak.
_NO_MORE = 1e-15

# Scales that are worth the FFTs of pieces.
_FEWEST = 2

# The share of its peak that the response of a wavelet to slow changes may have, and the least share
# of a record's size that a transform may have; every 16th time of it is looked at.
_DEAF, _LOOKED_AT = 1e-6, 16

# Samples whose pieces are transformed together.
_TOGETHER = 2**17


@dataclass(frozen=True)
class Pieces:
    """Overlapping pieces of a record; each gives the transform at `valid` times.

    The two ends of a piece, which meet, fade into each other over `fade` samples that none of
    these times sees. `n_fft` is the length of a period of the whole record: its ends may see each
    other. FFTs are made in `dtype`.
    """

    length: int
    reach: int
    valid: int
    fade: int
    n_fft: int
    dtype: Any

    @classmethod
    def of(cls, n: int, n_fft: int, longest: int, reach: int, dtype: Any) -> Pieces:
        """Return pieces of one length for a record of `n` samples."""
        beside = 2 * reach + (_faded(reach) if dtype == np.complex64 else 0)
        valid = math.ceil(n / math.ceil(n / (longest - beside)))
        length = scipy.fft.next_fast_len(valid + beside)
        return cls(length, reach, valid, length - valid - 2 * reach, n_fft, dtype)

    def write(self, response: Response, record: NDArray[Any], out: NDArray[Any]) -> None:
        """Write the transform of a record (n,) at all times to `out`."""
        row = rows_to_fill(len(out), self.length, self.dtype)
        for place, spectrum in enumerate(self._spectra(record)):
            response.fill(spectrum, row)
            samples = scipy.fft.ifft(row, axis=-1, overwrite_x=True)
            target = out[:, place * self.valid : (place + 1) * self.valid]
            target[:] = samples[: len(out), : target.shape[1]]
        if self.dtype == np.complex64:
            usual = np.abs(out[:, ::_LOOKED_AT]).max(axis=1).min()
            if usual < _DEAF * np.abs(record).max():
                replace(self, dtype=np.dtype(complex)).write(response, record, out)

    def _spectra(self, record: NDArray[Any]) -> Iterator[Spectrum]:
        """Yield the FFT of each piece; its first `valid` samples come first, those before last."""
        valid, before = self.valid, self.reach + self.fade
        n_pieces = -(-record.size // valid)
        together = max(1, _TOGETHER // self.length)
        share = np.sin(np.pi / 2 * np.sin(np.pi / 2 * np.linspace(1, 0, self.fade)) ** 2) ** 2
        for first in range(0, n_pieces, together):
            number = min(together, n_pieces - first)
            size = (number - 1) * valid + self.length + self.fade
            samples = scratch("record", (size,), record.dtype)
            self._extend(record, first * valid - before, samples)
            windows = sliding_window_view(samples, self.length + self.fade)[::valid]
            pieces = scratch("pieces of a record", (number, self.length), record.dtype)
            pieces[:, :-before] = windows[:, before : self.length]
            pieces[:, -before:] = windows[:, :before]
            faded = windows[:, self.length :] - windows[:, : self.fade]
            pieces[:, -before : self.length - self.reach] += share * faded
            yield from map(Spectrum, scipy.fft.fft(pieces, axis=-1))

    def _extend(self, record: NDArray[Any], first: int, out: NDArray[Any]) -> None:
        """Write the zero-padded, periodic record from the time `first` on."""
        out[:] = 0
        for start in range(-self.n_fft - first, out.size, self.n_fft):
            low, high = max(0, start), min(out.size, start + record.size)
            if low < high:
                out[low:high] = record[low - start : high - start]


def scales_in_pieces(
    responses: Responses, n: int, dtype: Any
) -> list[tuple[slice, Responses, Pieces]]:
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
                    if run.stop - run.start < _FEWEST:
                        continue
                    rows = slice(block.start + run.start, block.start + run.stop)
                    longest = int(reach[run].max())
                    kind = dtype if _is_deaf(short, rows, longest, band[1]) else complex
                    pieces = Pieces.of(n, n_fft, length, longest, np.dtype(kind))
                    found.append((rows, replace(short, n_fft=pieces.length), pieces))
                    waiting[rows] = False
    return found


def _faded(reach: int) -> int:
    return reach + reach // 2


def _is_deaf(responses: Responses, rows: slice, reach: int, peak: float) -> bool:
    """Return whether a wavelet hears next to nothing of ends that fade into each other.

    Else single precision would have the errors of that, which can be larger than the record.
    """
    highest = responses.scales[rows].max() / responses.dt * (2 * np.pi / _faded(reach))
    level, change, own = np.abs(responses.mother.psi_ft(np.array([0, highest, peak])))
    return bool(max(level, change) < _DEAF * own)


def runs_of(chosen: NDArray[np.bool_]) -> Iterator[slice]:
    """Yield the runs of True."""
    edges = np.flatnonzero(np.diff(chosen, prepend=False, append=False))
    for start, stop in edges.reshape(-1, 2).tolist():
        yield slice(start, stop)


def _reach(short: Responses, block: slice) -> NDArray[np.intp]:
    """Return the samples to either side that the wavelet sees at some scales."""
    period = short.n_fft
    sizes = [
        np.abs(samples_of_period(each.table().astype(complex), each.first, period))
        for each in short.of(block)
    ]
    size = np.concatenate(sizes)
    seen = size > _NO_MORE * size.max(axis=1, keepdims=True)
    times = np.arange(period)
    return np.asarray((seen * np.minimum(times, period - times)).max(axis=1) + 1)
