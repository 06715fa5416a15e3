"""The inverse Fourier transform of a band of coefficients: three ways, and the choice.

A band is the coefficients first, first + 1, ... of `n_fft`, where negative numbers stand for
negative frequencies; all others are zero. The ways agree to rounding, and differ in speed.

Axes: (row, coefficient) and (row, time).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from . import long_fft
from .kernels import KaiserBessel, Kernel, Spline
from .long_fft import turn
from .working_memory import scratch

# By how many times as fine as the band needs a grid is at least: the kernels, in double and single
# precision, whose errors are those of an FFT.
_KERNELS: dict[int, tuple[Kernel, Kernel]] = {
    160: (Spline(6), Spline(4)),
    40: (Spline(8), Spline(4)),
    16: (Spline(10), Spline(6)),
    2: (KaiserBessel(16), KaiserBessel(8)),
}

# The finest and the coarsest grid that pay from an n_fft on: short ones all take the same step, as
# many scales then go through one call. A coarser one than every 64th time saves nothing any more.
_STEPS = {2**12: (2, 64), 2**10: (8, 8)}

# Products of matrices as small as this stay in the cache, and BLAS starts no threads for them.
_PRODUCT_SIZE = 2**18


def rows_to_fill(number: int, length: int, dtype: Any, name: str = "row") -> NDArray[Any]:
    """Return scratch rows for an inverse FFT, and some of zeros where more take less time.

    In single precision SciPy transforms four rows at once, faster than two of those that are left.
    """
    left = number % 4
    more = 4 - left if left > 1 and np.dtype(dtype) == np.complex64 else 0
    rows = scratch(name, (number + more, length), dtype)
    rows[number:] = 0
    return rows


@dataclass(frozen=True)
class WholeFFT:
    """One FFT for each row, as long as the times asked for allow."""

    first: int
    n_fft: int
    every: int = 1

    def write(self, band: NDArray[Any], out: NDArray[Any]) -> None:
        """Write the samples at the times 0, every, 2 every, ... to `out`."""
        # Every g-th time of n_fft takes n_fft / g coefficients, onto which the others fold.
        row = rows_to_fill(band.shape[0], self.n_fft // self._folds, out.dtype)
        _fold(band, self.first, row[: len(band)])
        self.write_all(row, out)

    def write_all(self, rows: NDArray[Any], out: NDArray[Any]) -> None:
        """Write the samples of all coefficients in FFT order, which are overwritten, to `out`."""
        stride = self.every // self._folds
        if long_fft.is_long(rows.shape[1]):
            for row, target in zip(rows[: len(out)], out, strict=True):
                target[:] = long_fft.ifft(row)[::stride][: target.size]
        else:
            samples = scipy.fft.ifft(rows, axis=-1, overwrite_x=True)
            out[:] = samples[: len(out), ::stride][:, : out.shape[1]]
        if self._folds > 1:
            out /= self._folds

    @property
    def _folds(self) -> int:
        return math.gcd(self.every, self.n_fft)


class Grid(NamedTuple):
    """Every `step`-th time, `fine` times as fine as a band needs, or finer."""

    step: int
    fine: int

    def kernel(self, dtype: Any) -> Kernel:
        """Return the kernel between its samples in the precision of a complex dtype."""
        double, single = _KERNELS[self.fine]
        return single if np.dtype(dtype) == np.complex64 else double


@dataclass(frozen=True)
class Interpolation:
    """FFTs on a coarse grid of times, and a kernel between them.

    The coefficients must be divided by those of the kernel. The kernel turns with the
    middle of the band, so that the grid need be no finer than the band is wide. One window over
    the grid serves some times in a row: a product of matrices, in real numbers, which BLAS
    multiplies faster than complex ones.
    """

    first: int
    width: int
    n_fft: int
    grid: Grid
    dtype: Any
    every: int = 1

    @property
    def _middle(self) -> int:
        return self.first + self.width // 2

    def divisors(self, part: slice) -> NDArray[np.float64]:
        """Return those of the kernel."""
        numbers = np.arange(part.start, part.stop) - self.width // 2
        return self.grid.step * self._kernel.transform(numbers / (self.n_fft // self.grid.step))

    @property
    def _kernel(self) -> Kernel:
        return self.grid.kernel(self.dtype)

    def write(self, band: NDArray[Any], out: NDArray[Any]) -> None:
        """Write the samples at the times 0, every, 2 every, ... to `out`."""
        samples = self.samples(band)
        if self.every > self.grid.step:
            self._write_apart(samples, out)
        else:
            self.write_from(0, samples, out)

    def samples(self, band: NDArray[Any], name: str = "row") -> NDArray[Any]:
        """Return those of the grid, in scratch memory of a name."""
        # In the precision of the band: the grid is short, and its errors would add to the rest.
        row = rows_to_fill(band.shape[0], self.n_fft // self.grid.step, band.dtype, name)
        _fold(band, self.first, row[: len(band)])
        return long_fft.replace_by_inverse(row)[: len(band)]

    @property
    def together(self) -> int:
        """The number of times that share a window."""
        return _stride(self.grid.step, self.every) * self.grid.step // self.every

    def write_from(self, first: int, samples: NDArray[Any], out: NDArray[Any]) -> None:
        """Write the times from one on, a multiple of `together`, between the grid's samples."""
        taps, step, real = self._kernel.taps, self.grid.step, np.dtype(self.dtype.type(0).real)
        stride = _stride(step, self.every)
        shared = self.together
        turning = self._kernel, step, stride, self.every, self._middle, self.n_fft, self.dtype
        kernel = _turning_kernel(*turning)
        n_windows = -(-out.shape[1] // shared)
        length = taps + stride - 1
        count = (n_windows - 1) * stride + length
        samples = _around(samples, taps // 2 - 1 - first // shared * stride, count, self.dtype)
        windows = as_strided(
            samples,
            (len(samples), n_windows, length),
            (samples.strides[0], stride * samples.strides[1], samples.strides[1]),
        )
        n_whole = out.shape[1] // shared
        height = max(1, _PRODUCT_SIZE // kernel.size)
        for top in range(0, n_whole, height):
            part = slice(top, min(top + height, n_whole))
            target = out[:, part.start * shared : part.stop * shared].view(real)
            target = target.reshape(out.shape[0], -1, 2 * shared)
            apart = scratch("windows", (len(samples), part.stop - part.start, length), self.dtype)
            apart[:] = windows[:, part]
            np.matmul(apart.view(real), kernel, out=target)
        if n_whole < n_windows:
            last = np.ascontiguousarray(windows[:, -1]).view(real) @ kernel
            rest = out.shape[1] - n_whole * shared
            out[:, n_whole * shared :] = last.view(self.dtype)[:, :rest]

    def _write_apart(self, samples: NDArray[Any], out: NDArray[Any]) -> None:
        taps, step, n_times = self._kernel.taps, self.grid.step, out.shape[1]
        # After so many times the places between the samples of the grid repeat.
        n_places = step // math.gcd(self.every, step)
        before = taps // 2 - 1
        count = self.every * (n_times - 1) // step + taps
        samples = _around(samples, before, count, self.dtype)
        row, item = samples.strides
        for place in range(min(n_places, n_times)):
            start, after = divmod(self.every * place, step)
            windows = as_strided(
                samples[:, start:],
                (len(samples), len(range(place, n_times, n_places)), taps),
                (row, n_places * self.every // step * item, item),
            )
            apart = after - (np.arange(taps) - before) * step
            kernel = self._kernel.at(apart / step) * turn(apart * self._middle, self.n_fft)
            out[:, place::n_places] = windows @ kernel.astype(self.dtype)


@dataclass(frozen=True, eq=False)
class Between:
    """The samples between those of a grid (row, sample), a stretch of times at a time.

    They are those of bands around frequency 0, where the kernel is real: it serves real and
    imaginary parts apart, with half the products that a turning kernel takes. The coefficients of
    the grid must have been multiplied by `factors`.
    """

    samples: NDArray[np.complex128]
    grid: Grid

    @staticmethod
    def factors(length: int, grid: Grid) -> NDArray[np.float64]:
        """Return the factors of the coefficients 0, 1, ... and 0, -1, ... of grids of a length."""
        frequencies = np.arange(length // (2 * grid.fine) + 1) / length
        return 1 / (grid.step * grid.kernel(complex).transform(frequencies))

    def at(self, times: slice, rows: slice) -> NDArray[np.float64]:
        """Return real and imaginary parts of some rows, (part, row, time), until the next call."""
        kernel, step = self.grid.kernel(complex), self.grid.step
        stride = _stride(step)
        shared, length = stride * step, kernel.taps + stride - 1
        first, n_windows = times.start // shared, -(-times.stop // shared)
        n_windows -= first
        samples = _around(
            self.samples[rows],
            kernel.taps // 2 - 1 - first * stride,
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
        np.matmul(windows, _real_kernel(kernel, step, stride), out=found)
        start = times.start - first * shared
        return found.reshape(*shape[:2], -1)[..., start : start + times.stop - times.start]


Way = WholeFFT | Interpolation


def fastest_way(first: int, width: int, n_fft: int, dtype: Any, every: int = 1) -> Way:
    """Return the fastest way for a band, by what was measured (benchmarks/transforms.py)."""
    dtype = np.dtype(dtype)
    grid = coarse_grid(n_fft, width)
    if grid.step > math.gcd(every, n_fft):
        return Interpolation(first, width, n_fft, grid, dtype, every)
    return WholeFFT(first, n_fft, every)


def coarse_grid(n_fft: int, width: int, shortest: int = min(_STEPS)) -> Grid:
    """Return the coarsest grid for a band that pays; of step 1: none does.

    `shortest` is the n_fft below which the caller has no use for one.
    """
    step = 1
    if n_fft >= shortest:
        finest, coarsest = next(steps for length, steps in _STEPS.items() if n_fft >= length)
        step = largest_divisor(n_fft, min(_KERNELS) * width, coarsest)
        step = step if step >= finest else 1
    fine = [fine for fine in _KERNELS if fine * width * step <= n_fft]
    return Grid(step, max(fine, default=min(_KERNELS)))


def largest_divisor(number: int, least: int, most: int) -> int:
    """Return the largest divisor up to `most` that leaves `least` or more of a number, or 1."""
    most = min(most, number // max(1, least))
    return next((step for step in range(most, 1, -1) if number % step == 0), 1)


def samples_of_period(
    band: NDArray[Any], first: int, length: int, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Return the inverse FFT of a band, on a grid of `length` times over the whole period."""
    row = np.empty((band.shape[0], length), band.dtype) if out is None else out
    _fold(band, first, row)
    return long_fft.replace_by_inverse(row)


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


def _apart(taps: int, step: int, stride: int, every: int) -> NDArray[np.intp]:
    """Return the times from each sample of a window to each time that it serves."""
    places = (np.arange(taps + stride - 1) - (taps // 2 - 1)) * step
    return np.arange(0, stride * step, every) - places[:, np.newaxis]


@lru_cache(maxsize=12)
def _real_kernel(kernel: Kernel, step: int, stride: int) -> NDArray[np.float64]:
    return kernel.at(_apart(kernel.taps, step, stride, 1) / step)


@lru_cache(maxsize=12)
def _turning_kernel(
    kernel: Kernel, step: int, stride: int, every: int, middle: int, n_fft: int, dtype: Any
) -> NDArray[np.floating[Any]]:
    """Return the kernel from a window of the grid to the times it serves, as a real matrix."""
    apart = _apart(kernel.taps, step, stride, every)
    values = kernel.at(apart / step) * turn(apart * middle, n_fft)
    # (sample, real or imaginary part, time, real or imaginary part)
    matrix = np.empty((*apart.shape[:1], 2, apart.shape[1], 2))
    matrix[:, 0, :, 0] = matrix[:, 1, :, 1] = values.real
    matrix[:, 0, :, 1], matrix[:, 1, :, 0] = values.imag, -values.imag
    real = np.dtype(dtype.type(0).real)
    return matrix.reshape(2 * apart.shape[0], 2 * apart.shape[1]).astype(real)
