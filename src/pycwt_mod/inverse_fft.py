"""The inverse Fourier transform of a band of coefficients: three ways, and the choice.

A band is the coefficients first, first + 1, ... of `n_fft`, where negative numbers stand for
negative frequencies; all others are zero. The ways agree to rounding, and differ in speed.

Axes: (row, coefficient) and (row, time).
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from scipy.special import i0e

# The interpolation: a grid of times at least so many times as fine as the band needs, and samples
# taken up for each value. The errors are those of an FFT: 1e-14 and 1e-7 of the largest value.
_OVERSAMPLING = 2.0
_TAPS = {np.dtype(np.complex128): 16, np.dtype(np.complex64): 8}

# Below, calls cost more than an FFT; a coarser grid than every 64th time saves nothing any more.
_SHORTEST_INTERPOLATED, _STEPS = 4096, (2, 64)

# Products of matrices as small as this stay in the cache, and BLAS starts no threads for them.
_PRODUCT_SIZE = 2**18

# From here on an FFT leaves the cache, and this number of shorter ones do not.
_SHORTEST_IN_COLUMNS, _COLUMNS = 2**17, 8

# Bytes of an array that a thread keeps for its next call.
_MOST_KEPT = 2**23


class _Kept(threading.local):
    """The arrays that a thread keeps."""

    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[np.uint8]] = {}


_KEPT = _Kept()


def scratch(name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return an array to be written, valid until the thread asks for this name again.

    Memory in use stays in the cache; fresh memory costs more than an FFT.
    """
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    kept = _KEPT.arrays.get(name)
    if kept is None or kept.size < n_bytes:
        kept = np.empty(n_bytes, np.uint8)
        if n_bytes <= _MOST_KEPT:
            _KEPT.arrays[name] = kept
    return np.asarray(kept[:n_bytes].view(dtype).reshape(shape))


def rows_to_fill(number: int, length: int, dtype: Any) -> NDArray[Any]:
    """Return scratch rows for an inverse FFT, and some of zeros where more take less time.

    In single precision SciPy transforms four rows at once, faster than two of those that are left.
    """
    left = number % 4
    more = 4 - left if left > 1 and np.dtype(dtype) == np.complex64 else 0
    rows = scratch("row", (number + more, length), dtype)
    rows[number:] = 0
    return rows


@dataclass(frozen=True)
class WholeFFT:
    """One FFT for each row, as long as the times asked for allow."""

    first: int
    n_fft: int
    every: int = 1
    divisors: None = None

    def write(self, band: NDArray[Any], out: NDArray[Any]) -> None:
        """Write the samples at the times 0, every, 2 every, ... to `out`."""
        # Every g-th time of n_fft takes n_fft / g coefficients, onto which the others fold.
        row = rows_to_fill(band.shape[0], self.n_fft // self._folds, out.dtype)
        _fold(band, self.first, row[: len(band)])
        self.write_all(row, out)

    def write_all(self, row: NDArray[Any], out: NDArray[Any]) -> None:
        """Write the samples of all coefficients in FFT order, which are overwritten, to `out`."""
        if _long(row.shape[1]):
            samples = np.empty_like(row)
            ColumnFFTs(0, row.shape[1]).write(row, samples)
        else:
            samples = scipy.fft.ifft(row, axis=-1, overwrite_x=True)
        out[:] = samples[: len(out), :: self.every // self._folds][:, : out.shape[1]]
        if self._folds > 1:
            out /= self._folds

    @property
    def _folds(self) -> int:
        return math.gcd(self.every, self.n_fft)


@dataclass(frozen=True)
class ColumnFFTs:
    """FFTs along the columns of an array (n_fft / L, L), which holds the samples in order.

    With time t = l + L m and coefficient k = r + j n_fft / L, the factor exp(2 pi i k t / n_fft)
    is that of an FFT from r to m, times exp(2 pi i r l / n_fft), times exp(2 pi i j l / L).
    """

    first: int
    n_fft: int
    divisors: None = None

    def write(self, band: NDArray[Any], out: NDArray[Any]) -> None:
        """Write the samples at all times to `out`."""
        n_rows = self.n_fft // _COLUMNS
        lowest = self.first // n_rows
        n_pieces = (self.first + band.shape[1] - 1) // n_rows - lowest + 1
        pieces = np.zeros(n_pieces * n_rows, out.dtype)
        start, columns = self.first - lowest * n_rows, np.arange(_COLUMNS)
        turns = _turns(np.arange(lowest, lowest + n_pieces)[:, np.newaxis] * columns, _COLUMNS)
        height = _PRODUCT_SIZE // _COLUMNS**2
        twiddles = _twiddles(height, self.n_fft, out.dtype)
        array = scratch("columns", (n_rows, _COLUMNS), out.dtype)
        for row, target in zip(band, out, strict=True):
            pieces[start : start + row.size] = row
            of_piece = pieces.reshape(n_pieces, n_rows).T
            for top in range(0, n_rows, height):
                part = slice(top, min(top + height, n_rows))
                factors = turns * _turns(top * columns, self.n_fft) / _COLUMNS
                np.matmul(of_piece[part], factors.astype(out.dtype), out=array[part])
                array[part] *= twiddles[: part.stop - top]
            samples = scipy.fft.ifft(array, axis=0, overwrite_x=True)
            target[:] = samples.reshape(-1)[: target.size]


@dataclass(frozen=True)
class Interpolation:
    """FFTs on a coarse grid of times, every `step`-th, and a Kaiser-Bessel kernel between them.

    The coefficients must be divided by those of the kernel, `divisors`. The kernel turns with the
    middle of the band, so that the grid need be no finer than the band is wide. One window over
    the grid serves some times in a row: a product of matrices, in real numbers, which BLAS
    multiplies faster than complex ones.
    """

    first: int
    width: int
    n_fft: int
    step: int
    dtype: Any
    every: int = 1

    @property
    def _middle(self) -> int:
        return self.first + self.width // 2

    @property
    def divisors(self) -> NDArray[np.float64]:
        """Of the coefficients."""
        length = self.n_fft // self.step
        places = (np.arange(self.width) - self.width // 2) / length
        return self.step * _kernel_coefficients(places, _TAPS[self.dtype])

    def write(self, band: NDArray[Any], out: NDArray[Any]) -> None:
        """Write the samples at the times 0, every, 2 every, ... to `out`."""
        # In the precision of the band: the grid is short, and its errors would add to the rest.
        row = rows_to_fill(band.shape[0], self.n_fft // self.step, band.dtype)
        _fold(band, self.first, row[: len(band)])
        grid = scipy.fft.ifft(row, axis=-1, overwrite_x=True)[: len(band)]
        if self.every > self.step:
            self._write_apart(grid, out)
        else:
            self._write_in_order(grid, out)

    def _write_in_order(self, grid: NDArray[Any], out: NDArray[Any]) -> None:
        taps, real = _TAPS[self.dtype], np.dtype(self.dtype.type(0).real)
        stride = _stride(self.step, self.every)
        shared = stride * self.step // self.every
        kernel = _kernel(taps, self.step, stride, self.every, self._middle, self.n_fft, self.dtype)
        n_windows = -(-out.shape[1] // shared)
        length = taps + stride - 1
        count = (n_windows - 1) * stride + length
        samples = _around(grid, taps // 2 - 1, count, self.dtype)
        windows = as_strided(
            samples,
            (grid.shape[0], n_windows, length),
            (samples.strides[0], stride * samples.strides[1], samples.strides[1]),
        )
        n_whole = out.shape[1] // shared
        height = max(1, _PRODUCT_SIZE // kernel.size)
        for top in range(0, n_whole, height):
            part = slice(top, min(top + height, n_whole))
            target = out[:, part.start * shared : part.stop * shared].view(real)
            target = target.reshape(out.shape[0], -1, 2 * shared)
            apart = scratch("windows", (len(grid), part.stop - part.start, length), self.dtype)
            apart[:] = windows[:, part]
            np.matmul(apart.view(real), kernel, out=target)
        if n_whole < n_windows:
            last = np.ascontiguousarray(windows[:, -1]).view(real) @ kernel
            rest = out.shape[1] - n_whole * shared
            out[:, n_whole * shared :] = last.view(self.dtype)[:, :rest]

    def _write_apart(self, grid: NDArray[Any], out: NDArray[Any]) -> None:
        taps, n_times = _TAPS[self.dtype], out.shape[1]
        # After so many times the places between the samples of the grid repeat.
        n_places = self.step // math.gcd(self.every, self.step)
        before = taps // 2 - 1
        count = self.every * (n_times - 1) // self.step + taps
        samples = _around(grid, before, count, self.dtype)
        row, item = samples.strides
        for place in range(min(n_places, n_times)):
            start, after = divmod(self.every * place, self.step)
            windows = as_strided(
                samples[:, start:],
                (len(samples), len(range(place, n_times, n_places)), taps),
                (row, n_places * self.every // self.step * item, item),
            )
            apart = after - (np.arange(taps) - before) * self.step
            kernel = _values(apart, self.step, taps) * _turns(apart * self._middle, self.n_fft)
            out[:, place::n_places] = windows @ kernel.astype(self.dtype)


@dataclass(frozen=True, eq=False)
class Between:
    """The samples between those of a grid (row, sample), a stretch of times at a time.

    They are those of bands around frequency 0, where the kernel is real: it serves real and
    imaginary parts apart, with half the products that a turning kernel takes. The coefficients of
    the grid must have been multiplied by `factors`.
    """

    grid: NDArray[np.complex128]
    step: int

    @staticmethod
    def factors(length: int, step: int) -> NDArray[np.float64]:
        """Return the factors of the coefficients 0, 1, ... and 0, -1, ... of grids of a length."""
        places = np.arange(int(length / (2 * _OVERSAMPLING)) + 1) / length
        return 1 / (step * _kernel_coefficients(places, _TAPS[np.dtype(complex)]))

    def at(self, times: slice, rows: slice) -> NDArray[np.float64]:
        """Return real and imaginary parts of some rows, (part, row, time), until the next call."""
        taps, stride = _TAPS[self.grid.dtype], _stride(self.step)
        shared, length = stride * self.step, taps + stride - 1
        first, n_windows = times.start // shared, -(-times.stop // shared)
        n_windows -= first
        samples = _around(
            self.grid[rows],
            taps // 2 - 1 - first * stride,
            (n_windows - 1) * stride + length,
            complex,
        )
        parts = scratch("parts", (2, *samples.shape), float)
        parts[0], parts[1] = samples.real, samples.imag
        part, row, item = parts.strides
        shape = (*parts.shape[:2], n_windows, length)
        windows = scratch("windows", shape, float)
        windows[:] = as_strided(parts, shape, (part, row, stride * item, item))
        found = scratch("between", (*shape[:3], shared), float)
        np.matmul(windows, _real_kernel(taps, self.step, stride), out=found)
        start = times.start - first * shared
        return found.reshape(*shape[:2], -1)[..., start : start + times.stop - times.start]


Way = WholeFFT | ColumnFFTs | Interpolation


def fastest_way(first: int, width: int, n_fft: int, dtype: Any, every: int = 1) -> Way:
    """Return the fastest way for a band, by what was measured (benchmarks/transforms.py)."""
    dtype = np.dtype(dtype)
    step = coarsest_step(n_fft, width)
    if step > math.gcd(every, n_fft):
        return Interpolation(first, width, n_fft, step, dtype, every)
    if every == 1 and _long(n_fft):
        return ColumnFFTs(first, n_fft)
    return WholeFFT(first, n_fft, every)


def coarsest_step(n_fft: int, width: int) -> int:
    """Return the step of the coarsest grid for a band that pays; 1: none does."""
    if n_fft < _SHORTEST_INTERPOLATED:
        return 1
    step = largest_divisor(n_fft, math.ceil(_OVERSAMPLING * width), _STEPS[1])
    return step if step >= _STEPS[0] else 1


def largest_divisor(number: int, least: int, most: int) -> int:
    """Return the largest divisor up to `most` that leaves `least` or more of a number, or 1."""
    most = min(most, number // max(1, least))
    return next((step for step in range(most, 1, -1) if number % step == 0), 1)


def _long(n_fft: int) -> bool:
    """Return whether columns are faster than one FFT."""
    return n_fft >= _SHORTEST_IN_COLUMNS and n_fft % _COLUMNS == 0


def samples_of_period(
    band: NDArray[Any], first: int, length: int, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Return the inverse FFT of a band, on a grid of `length` times over the whole period."""
    row = np.empty((band.shape[0], length), band.dtype) if out is None else out
    _fold(band, first, row)
    return np.asarray(scipy.fft.ifft(row, axis=-1, overwrite_x=True))


def _fold(band: NDArray[Any], first: int, row: NDArray[Any]) -> None:
    """Write the coefficients of a band in FFT order, added where they have a place in common."""
    length, start = row.shape[1], first % row.shape[1]
    stop = start + band.shape[1]
    if stop <= length:
        row[:, :start], row[:, start:stop], row[:, stop:] = 0, band, 0
        return
    row[:] = 0
    start = 0
    while start < band.shape[1]:
        place = (first + start) % length
        stop = min(band.shape[1], start + length - place)
        row[:, place : place + stop - start] += band[:, start:stop]
        start = stop


def _around(grid: NDArray[Any], before: int, count: int, dtype: Any) -> NDArray[Any]:
    """Return `count` samples of a periodic grid, from `before` the first one on."""
    n_rows, length = grid.shape
    found = scratch("samples", (n_rows, count), dtype)
    done, place = 0, -before % length
    while done < count:
        part = min(count - done, length - place)
        found[:, done : done + part] = grid[:, place : place + part]
        done, place = done + part, 0
    return found


def _stride(step: int, every: int = 1) -> int:
    """Return the samples from one window to the next, for times that share one."""
    # Neighbouring times share a window where few of them lie between two samples.
    stride = every // math.gcd(every, step)
    return stride * max(1, 16 // (step * stride // every))


def _turns(number: Any, of: int) -> NDArray[np.complex128]:
    """Return exp(2 pi i number / of)."""
    return np.asarray(np.exp(2j * np.pi * (np.mod(number, of) / of)))


@lru_cache(maxsize=4)
def _twiddles(height: int, n_fft: int, dtype: Any) -> NDArray[Any]:
    numbers = np.arange(height)[:, np.newaxis] * np.arange(_COLUMNS)
    return _turns(numbers, n_fft).astype(dtype)


def _shape(taps: int) -> float:
    """Return the parameter of the kernel that is best for the oversampling."""
    return math.pi * taps * (1 - 1 / (2 * _OVERSAMPLING))


def _values(times: NDArray[Any], step: int, taps: int) -> NDArray[np.float64]:
    """Return the Kaiser-Bessel kernel at some times, on a grid of `step`."""
    shape = _shape(taps)
    inside = 1 - (2 * times / (step * taps)) ** 2
    argument = shape * np.sqrt(np.maximum(inside, 0.0))
    return np.where(inside >= 0, i0e(argument) * np.exp(argument - shape), 0.0)


def _kernel_coefficients(frequencies: NDArray[np.float64], taps: int) -> NDArray[np.float64]:
    """Return the Fourier transform of the kernel, in cycles per step of its grid."""
    shape = _shape(taps)
    argument = np.sqrt(shape**2 - (math.pi * taps * frequencies) ** 2)
    value = taps * (np.exp(argument - shape) - np.exp(-argument - shape)) / (2 * argument)
    return np.asarray(value)


def _apart(taps: int, step: int, stride: int, every: int) -> NDArray[np.intp]:
    """Return the times from each sample of a window to each time that it serves."""
    places = (np.arange(taps + stride - 1) - (taps // 2 - 1)) * step
    return np.arange(0, stride * step, every) - places[:, np.newaxis]


@lru_cache(maxsize=12)
def _real_kernel(taps: int, step: int, stride: int) -> NDArray[np.float64]:
    return _values(_apart(taps, step, stride, 1), step, taps)


@lru_cache(maxsize=12)
def _kernel(
    taps: int, step: int, stride: int, every: int, middle: int, n_fft: int, dtype: Any
) -> NDArray[np.floating[Any]]:
    """Return the kernel from a window of the grid to the times it serves, as a real matrix."""
    apart = _apart(taps, step, stride, every)
    values = _values(apart, step, taps) * _turns(apart * middle, n_fft)
    # (sample, real or imaginary part, time, real or imaginary part)
    matrix = np.empty((*apart.shape[:1], 2, apart.shape[1], 2))
    matrix[:, 0, :, 0] = matrix[:, 1, :, 1] = values.real
    matrix[:, 0, :, 1], matrix[:, 1, :, 0] = values.imag, -values.imag
    real = np.dtype(dtype.type(0).real)
    return matrix.reshape(2 * apart.shape[0], 2 * apart.shape[1]).astype(real)
