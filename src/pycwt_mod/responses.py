"""The Fourier multipliers of the transform, evaluated where they are above rounding.

Torrence & Compo (1998): the transform at one scale is one multiplication in the Fourier domain,
W(s) = ifft(fft(x) * sqrt(2 pi s / dt) * conj(psi_ft(s omega))).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self, TypeVar

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .inverse_fft import coarse_grid
from .long_fft import LONG
from .spectrum import Spectrum

# Values of a filter or window below this share of its peak are below rounding error and dropped.
NEGLIGIBLE = 1e-17

# Where a wavelet is concentrated, it is evaluated alone: all outside is below NEGLIGIBLE even if
# the frequencies of the grid miss its peak and meet no more than this share of it.
_SHARE_MET = 1e-3

# Numbers evaluated together: as many as stay in the cache; and bytes that all frequencies may take.
_STRETCH, _BLOCK_BYTES = 2**15, 2**22

# Coefficients of neighbouring scales that go through one FFT, or those of four scales, which SciPy
# transforms at once; eight times as many on coarse grids.
_TOGETHER = 2**16

# Bands that differ by less than this cost the same.
_FEW = 64

Psi = TypeVar("Psi", bound=Callable[..., Any])

# Gives a smoothing window of a mother wavelet at some frequencies.
Formula = Callable[[Any, NDArray[np.float64]], NDArray[np.float64]]

# Bands, and formulas, by the functions that they belong to.
_CONCENTRATED: dict[Any, tuple[Callable[[Any], tuple[float, float, float]], Formula | None]] = {}

# Gives a part of the numbers that multipliers are divided by.
Divisors = Callable[[slice], NDArray[np.float64]]


def concentrated(
    band: Callable[[Any], tuple[float, float, float]], formula: Formula | None = None
) -> Callable[[Psi], Psi]:
    """Tell between which frequencies a `psi_ft` or `smoothing_window` is above 1e-20 of its peak.

    ``band(mother)`` returns (lowest, peak, highest), in radians for scale 1; ``formula(mother, f)``
    the window at frequencies from 0 on. They belong to this very function: one that overrides it,
    or that a user patched, is evaluated at all frequencies.
    """

    def remember(function: Psi) -> Psi:
        _CONCENTRATED[function] = band, formula
        return function

    return remember


def band_of(method: Any) -> tuple[float, float, float] | None:
    """Return where a method of a mother wavelet is concentrated, or None if that is not known."""
    known = _CONCENTRATED.get(getattr(method, "__func__", None))
    return None if known is None else known[0](method.__self__)


def formula_of(method: Any) -> Callable[[NDArray[np.float64]], NDArray[np.float64]] | None:
    """Return the formula of a method of a mother wavelet, or None if that is not known."""
    _, formula = _CONCENTRATED.get(getattr(method, "__func__", None), (None, None))
    return None if formula is None else partial(formula, method.__self__)


def require_finite(values: NDArray[Any]) -> None:
    """Raise if a wavelet's response or window has NaN or infinity."""
    if not np.isfinite(values).all():
        raise ValueError(
            "`wavelet` must have finite `psi_ft` and `smoothing_window` at every scale and "
            "frequency, got NaN or infinity."
        )


def angular_frequencies(n_fft: int, dt: float) -> NDArray[np.float64]:
    """Return the Fourier angular frequencies in FFT order."""
    return np.asarray(2 * np.pi * scipy.fft.fftfreq(n_fft, dt))


def wavelet_filter(mother: Any, scales: Any, n_fft: int, dt: float) -> NDArray[Any]:
    """Return the Fourier multipliers of the transform; the frequency is their last axis."""
    column = np.asarray(scales, dtype=float)[..., np.newaxis]
    return _multipliers(mother, column, angular_frequencies(n_fft, dt), dt)


def _multipliers(
    mother: Any, column: NDArray[np.float64], frequencies: NDArray[np.float64], dt: float
) -> NDArray[Any]:
    response = mother.psi_ft(column * frequencies)
    return np.asarray(np.sqrt(2 * np.pi / dt * column) * np.conjugate(response))


@dataclass(frozen=True)
class LongMultipliers:
    """The multipliers of some scales of a long FFT, computed as they are used and not kept.

    `scales` is a column; `divisors`, if any, gives what they are divided by.
    """

    mother: Any
    scales: NDArray[np.float64]
    dt: float
    n_fft: int
    first: int
    width: int
    divisors: Divisors | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """The number of scales, and of coefficients."""
        return self.scales.size, self.width

    def __getitem__(self, rows: slice) -> Self:
        return replace(self, scales=self.scales[rows])

    def trimmed(self) -> Self:
        """Return them without those at the ends that are below rounding."""
        step = max(1, self.width // _STRETCH)
        size = np.abs(self._at(np.arange(0, self.width, step)))
        kept = np.flatnonzero((size > NEGLIGIBLE * size.max(axis=1, keepdims=True)).any(axis=0))
        start = max(0, int(kept[0] - 1) * step)
        stop = min(self.width, int(kept[-1] + 1) * step + 1)
        return replace(self, first=self.first + start, width=stop - start)

    def _at(self, places: NDArray[np.intp]) -> NDArray[Any]:
        frequencies = 2 * np.pi * ((self.first + places) / (self.n_fft * self.dt))
        return _multipliers(self.mother, self.scales, frequencies, self.dt)

    def parts(self, part: slice) -> Iterator[tuple[slice, NDArray[Any]]]:
        """Yield parts of a part of the coefficients, and the multipliers."""
        width = max(1, _STRETCH // self.scales.size)
        for start in range(part.start, part.stop, width):
            some = slice(start, min(start + width, part.stop))
            values = self._at(np.arange(some.start, some.stop))
            yield some, values if self.divisors is None else values / self.divisors(some)

    def table(self) -> NDArray[Any]:
        """Return all of them, (scale, coefficient)."""
        return np.concatenate([each for _, each in self.parts(slice(0, self.width))], axis=1)


@dataclass(frozen=True)
class Response:
    """The multipliers of neighbouring scales, as far as they are above rounding.

    `values` of shape (scale, coefficient) belong to the coefficients from the number `first` on,
    where negative numbers stand for negative frequencies.
    """

    rows: slice
    first: int
    values: NDArray[Any] | LongMultipliers

    def divided(self, divisors: Divisors) -> Self:
        """Return the response over numbers, of which a function gives a part."""
        if isinstance(self.values, LongMultipliers):
            return replace(self, values=replace(self.values, divisors=divisors))
        return replace(self, values=self.values / divisors(slice(0, self.values.shape[1])))

    def table(self) -> NDArray[Any]:
        """Return all multipliers, (scale, coefficient)."""
        return self.values.table() if isinstance(self.values, LongMultipliers) else self.values

    def times(self, spectrum: Spectrum, band: NDArray[Any]) -> NDArray[Any]:
        """Write the coefficients of the transform of one series to `band`, and return it."""
        below = self._below
        self._multiply(spectrum, slice(0, below), band[:, :below])
        self._multiply(spectrum, slice(below, band.shape[1]), band[:, below:])
        return band

    def fill(self, spectrum: Spectrum, out: NDArray[Any]) -> None:
        """Write all coefficients of the transform of one series in FFT order to rows of `out`."""
        n_rows, width = self.values.shape
        out, below, n_fft = out[:n_rows], self._below, out.shape[1]
        start = max(0, self.first)
        stop = start + width - below
        out[:, :start], out[:, stop : n_fft - below] = 0, 0
        self._multiply(spectrum, slice(below, width), out[:, start:stop])
        if below:
            start = self.first % n_fft
            out[:, start + below :] = 0
            self._multiply(spectrum, slice(0, below), out[:, start : start + below])

    @property
    def _below(self) -> int:
        """The number of coefficients of negative frequencies."""
        return int(max(0, min(-self.first, self.values.shape[1])))

    def _multiply(self, spectrum: Spectrum, part: slice, out: NDArray[Any]) -> None:
        """Write a part of the coefficients, all on one side of 0."""
        if isinstance(self.values, LongMultipliers):
            for some, factors in self.values.parts(part):
                target = out[:, some.start - part.start : some.stop - part.start]
                spectrum.write(self.first + some.start, factors, target)
        else:
            spectrum.write(self.first + part.start, self.values[:, part], out)


@dataclass(frozen=True)
class Responses:
    """The multipliers of a wavelet at some scales, by blocks of neighbouring scales."""

    mother: Any
    scales: NDArray[np.float64]
    dt: float
    n_fft: int

    @property
    def _lowest(self) -> int:
        return -(self.n_fft // 2)

    @property
    def _highest(self) -> int:
        return (self.n_fft - 1) // 2

    def blocks(self) -> list[slice]:
        """Return the scales to be computed together."""
        band = band_of(self.mother.psi_ft)
        if band is None:
            return list(self._in_memory(slice(0, self.scales.size)))
        ends = np.outer(band[::2], self.n_fft * self.dt / (2 * np.pi * self.scales))
        firsts = np.clip(np.ceil(ends[0]), self._lowest, self._highest).astype(np.intp)
        lasts = np.clip(np.floor(ends[1]), firsts, self._highest).astype(np.intp)
        return list(_alike(firsts, lasts + 1, self.n_fft))

    def of(self, block: slice) -> list[Response]:
        """Return the responses of a block: one, or several whose bands differ."""
        band = band_of(self.mother.psi_ft)
        if band is not None:
            low, peak, high = band
            if self._meets(peak, self.scales[block]):
                return [self._concentrated(block, low, high)]
        return [each for rows in self._in_memory(block) for each in self._everywhere(rows)]

    def _concentrated(self, block: slice, low: float, high: float) -> Response:
        column = self.scales[block, np.newaxis]
        per_unit = self.n_fft * self.dt / (2 * np.pi)
        ends = [per_unit / float(scale) for scale in (column.min(), column.max())]
        first = math.ceil(max(self._lowest, min(low * each for each in ends)))
        stop = math.floor(min(self._highest, max(high * each for each in ends))) + 1
        first = min(first, self._highest)
        stop = max(first + 1, stop)
        values = LongMultipliers(self.mother, column, self.dt, self.n_fft, first, stop - first)
        return Response(block, first, values if self.n_fft >= LONG else values.table())

    def _meets(self, peak: float, scales: NDArray[np.float64]) -> bool:
        """Return whether the grid has frequencies near the peak of the wavelet, at all scales."""
        unit = 2 * np.pi / (self.n_fft * self.dt) * scales
        nearest = np.minimum(np.round(peak / unit), self._highest) * unit
        largest = abs(self.mother.psi_ft(peak))
        return bool((np.abs(self.mother.psi_ft(nearest)) > _SHARE_MET * largest).all())

    def _in_memory(self, block: slice) -> Iterator[slice]:
        """Yield scales few enough to be evaluated at all frequencies."""
        rows = max(1, _BLOCK_BYTES // (64 * self.n_fft))
        for start in range(block.start, block.stop, rows):
            yield slice(start, min(start + rows, block.stop))

    def _everywhere(self, block: slice) -> Iterator[Response]:
        """Evaluate the wavelet at all frequencies, and yield what is above rounding."""
        table = wavelet_filter(self.mother, self.scales[block], self.n_fft, self.dt)
        table = np.fft.fftshift(table, axes=-1)
        size = np.abs(table)
        if not np.isfinite(size).all():
            yield Response(block, self._lowest, table)
            return
        kept = size > NEGLIGIBLE * size.max(axis=-1, keepdims=True)
        kept[~kept.any(axis=-1), -self._lowest] = True  # that of frequency 0, if all are zero
        firsts, stops = kept.argmax(axis=-1), self.n_fft - kept[:, ::-1].argmax(axis=-1)
        for rows in _alike(firsts, stops, self.n_fft):
            first, stop = int(firsts[rows].min()), int(stops[rows].max())
            own = slice(block.start + rows.start, block.start + rows.stop)
            yield Response(own, first + self._lowest, table[rows, first:stop])


def _alike(firsts: NDArray[np.intp], stops: NDArray[np.intp], n_fft: int) -> Iterator[slice]:
    """Yield runs of scales whose bands are alike: one grid of times serves them all as well."""
    start, low, high = 0, int(firsts[0]), int(stops[0])
    for row, (first, stop) in enumerate(zip(firsts.tolist(), stops.tolist(), strict=True)):
        union, own = max(high, stop) - min(low, first), stop - first
        step = coarse_grid(n_fft, union).step
        most = _TOGETHER * (1 if step == 1 else 8) // n_fft
        most = max(most, 4 if n_fft <= _TOGETHER else 1)
        alike = union <= 2 * own + _FEW and step == coarse_grid(n_fft, own).step
        if row > start and (row - start >= most or not alike):
            yield slice(start, row)
            start, low, high = row, first, stop
        low, high = min(low, first), max(high, stop)
    yield slice(start, firsts.size)
