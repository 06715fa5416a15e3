"""The smoothed spectra of measured series, each scale on the coarsest grid of times that holds it.

Nothing is approximated. With all Fourier coefficients of a transform in a band of width B, those of
its products with others lie within B of zero, and the time window keeps the lowest h. A grid with
more than 2 (B + h) times over the period has these coefficients without an alias, even of the
product that ends with the record: the record's outline, 1 within it and 0 outside, has as many
coefficients as the grid. Scales are smoothed across as coefficients, and turned into times last.
The window of DOG has corners and all coefficients: it, and a user's own, stay at the full rate.

Axes: (series, time), and (field, coefficient), coefficients in rising order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .arrays import NUMPY
from .boxcar import ScaleBoxcar, ScaleWindows
from .geometry import Geometry
from .inverse_fft import fastest_way, largest_divisor, samples_of_period
from .responses import NEGLIGIBLE, Response, Responses, band_of, require_finite

Complex = NDArray[np.complex128]

# A grid coarser than every 64th time, or shorter than this, saves nothing any more.
_COARSEST, _SHORTEST = 64, 512

# Numbers in work together: calls are dear where rows are short, and memory where they are long.
_TOGETHER = 2**13

# The longest FFT of which the multipliers are kept for the next series of the same geometry.
_LONGEST_KEPT = 2**11

# Coefficients across scales are copied to leave some out when so much of them is left.
_NARROWER = 0.8


@dataclass(frozen=True)
class _Row:
    """What is multiplied at one scale, and the step of its grid.

    `window` is in FFT order; of its coefficients there are `below` below 0, and `above` from 0 on.
    """

    response: Response
    window: NDArray[Any]
    below: int
    above: int
    step: int


@dataclass(frozen=True)
class RecordSpectra:
    """Smoothed fields of measured series.

    Parameters
    ----------
    spectra : numpy.ndarray
        The zero-padded FFT of the series, (series, n_fft).
    geometry : Geometry
        Of the series.
    pack : callable
        ``pack(W, fields)`` writes the fields, such as powers, of the transforms W (series, time).
    n_fields : int
        Their number.
    n_scales : int, optional
        Number of scales that exist; by default all of the geometry.
    transforms : callable, optional
        ``transforms(scale_index)``: W, where it is known.
    """

    spectra: Complex
    geometry: Geometry
    pack: Callable[[Complex, Complex], None]
    n_fields: int
    n_scales: int | None = None
    transforms: Callable[[int], Complex] | None = None

    def smoothed(
        self, on_transform: Callable[[int, Complex], None] | None = None
    ) -> Iterator[tuple[int, Complex]]:
        """Yield the number of each scale, and its smoothed fields (field, time): overwritten later.

        They carry the positive constant of `coherence.smoothed_spectra`. `on_transform` is called
        with (scale, W), W the transforms (series, time), valid during the call.
        """
        geometry, n_fft = self.geometry, self.geometry.n_fft
        boxcar, oldest = self._across_scales()
        out = np.empty((self.n_fields, geometry.n_times), complex)
        below, width = n_fft // 2, n_fft  # of the coefficients across scales
        ends: list[tuple[int, int]] = []  # of each scale: coefficients below and above 0
        n_scales = geometry.n_scales if self.n_scales is None else self.n_scales
        rows = islice(self._rows(), n_scales)
        for newest in range(n_scales + boxcar.ahead):
            centre, row = newest - boxcar.ahead, next(rows, None)
            if row is not None:
                ends.append((row.below, row.above))
            # Of the coefficients, those on which a scale still to be read draws.
            first = oldest[max(0, centre)]
            down, up = (max(each[k] for each in ends[first:]) for k in (0, 1))
            if down + up <= _NARROWER * width:
                boxcar.narrow(slice(below - down, below + up))
                below, width = down, down + up
            if row is None:
                boxcar.push(None)
            else:
                fields = self._fields(newest, row, on_transform)
                boxcar.push(_smoothed_in_time(fields, row, below, width))
                del fields
            if centre >= 0:
                summed = np.empty((self.n_fields, width), complex)
                boxcar.read(slice(0, width), summed)
                self._to_times(summed, -below, out)
                del summed
                yield centre, out

    def _across_scales(self) -> tuple[ScaleBoxcar | ScaleWindows, list[int]]:
        """Return what smooths across scales, and the first scale that each draws on."""
        geometry, shape = self.geometry, (self.n_fields, self.geometry.n_fft)
        if geometry.windows is not None:
            windows = geometry.windows
            return ScaleWindows(windows, shape, NUMPY), windows.members[0].tolist()
        taps = geometry.taps
        boxcar = ScaleBoxcar(taps, shape, NUMPY)
        return boxcar, [
            max(0, scale + boxcar.ahead - taps.size + 1) for scale in range(geometry.n_scales)
        ]

    def _rows(self) -> Iterator[_Row]:
        """Return what each scale takes, kept for the next series where it is short."""
        if self.geometry.n_fft > _LONGEST_KEPT:
            return self._new_rows()
        rows: Any = self.geometry.kept("record", lambda: tuple(self._new_rows()))
        return iter(rows)

    def _new_rows(self) -> Iterator[_Row]:
        geometry, n_fft = self.geometry, self.geometry.n_fft
        scales = geometry.scales_in_samples
        responses = Responses(geometry.mother, scales, 1.0, n_fft)
        together = max(1, _TOGETHER // n_fft)
        for first in range(0, scales.size, together):
            for some in responses.of(slice(first, min(first + together, scales.size))):
                for scale, response in zip(scales[some.rows], _apart(some), strict=True):
                    yield self._row(float(scale), response)

    def _row(self, scale: float, response: Response) -> _Row:
        mother, n_fft = self.geometry.mother, self.geometry.n_fft
        band, step, reach = band_of(mother.smoothing_window), 1, n_fft // 2
        if band is not None:
            reach = min(reach, int(band[2] * n_fft / (2 * np.pi * scale)) + 1)
            least = max(_SHORTEST, 2 * (response.values.shape[1] + reach))
            step = largest_divisor(n_fft, least, _COARSEST)
        length = n_fft // step
        window = mother.smoothing_window(scale / step, length) * (step / scale)
        require_finite(window)
        above = min(reach + 1, (length + 1) // 2)
        return _Row(response, window, reach, above, step)

    @cached_property
    def _outlines(self) -> dict[int, NDArray[np.float64]]:
        """The outlines on the grids used before, by their length."""
        return {}

    @cached_property
    def _outline(self) -> Complex:
        """The Fourier coefficients of the record, from frequency 0 on, over `n_fft`."""
        geometry = self.geometry
        inside = np.arange(geometry.n_fft) < geometry.n_times
        return np.asarray(scipy.fft.rfft(inside / geometry.n_fft))

    def _fields(
        self, scale: int, row: _Row, on_transform: Callable[[int, Complex], None] | None
    ) -> Complex:
        """Return the fields at one scale, zero outside the record, on the grid of the row."""
        n, length = self.geometry.n_times, self.geometry.n_fft // row.step
        W = None
        if row.step == 1 or on_transform is not None:
            W = self._transforms(row) if self.transforms is None else self.transforms(scale)
        if W is not None and on_transform is not None:
            on_transform(scale, W)
        if W is not None and row.step == 1:
            fields = np.zeros((self.n_fields, length), complex)
            self.pack(W, fields[:, :n])
            return fields
        grid: Complex = samples_of_period(self._bands(row), row.response.first, length)
        grid /= row.step
        fields = np.empty((self.n_fields, length), complex)
        self.pack(grid, fields)
        fields *= self._outline_on(length)
        return fields

    def _transforms(self, row: _Row) -> Complex:
        """Return the transforms of the series at one scale, at all times of the record."""
        W = np.empty((len(self.spectra), self.geometry.n_times), complex)
        self._to_times(self._bands(row), row.response.first, W)
        return W

    def _bands(self, row: _Row) -> Complex:
        return np.concatenate([row.response.times(each) for each in self.spectra])

    def _outline_on(self, length: int) -> NDArray[np.float64]:
        if length in self._outlines:
            return self._outlines[length]
        coefficients = self._outline[: length // 2 + 1].copy()
        coefficients[(length + 1) // 2 :] = 0  # the highest of an even number is of either sign
        self._outlines[length] = scipy.fft.irfft(coefficients, length) * length
        return self._outlines[length]

    def _to_times(self, bands: Complex, first: int, out: Complex) -> None:
        way = fastest_way(first, bands.shape[1], self.geometry.n_fft, out.dtype)
        together = max(1, _TOGETHER // self.geometry.n_fft)
        for start in range(0, len(bands), together):
            part = bands[start : start + together]
            way.write(
                part if way.divisors is None else part / way.divisors, out[start : start + together]
            )


def _smoothed_in_time(fields: Complex, row: _Row, below: int, width: int) -> Complex:
    """Return the coefficients of fields (field, time) times the window, `below` of them below 0."""
    fields = scipy.fft.fft(fields, axis=-1, overwrite_x=True)
    found = np.zeros((len(fields), width), complex)
    start, stop = fields.shape[1] - row.below, below + row.above
    np.multiply(fields[:, start:], row.window[start:], out=found[:, below - row.below : below])
    np.multiply(fields[:, : row.above], row.window[: row.above], out=found[:, below:stop])
    return found


def _apart(together: Response) -> Iterator[Response]:
    """Yield the response of each scale, without what is below rounding at its ends."""
    size = np.abs(together.values)
    require_finite(size)
    kept = size > NEGLIGIBLE * size.max(axis=1, keepdims=True)
    firsts, lasts = kept.argmax(axis=1), kept.shape[1] - 1 - kept[:, ::-1].argmax(axis=1)
    for place, (first, last) in enumerate(zip(firsts.tolist(), lasts.tolist(), strict=True)):
        row = together.rows.start + place
        values = together.values[place : place + 1, first : last + 1]
        yield Response(slice(row, row + 1), together.first + first, values)
