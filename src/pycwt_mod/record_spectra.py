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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .arrays import NUMPY
from .boxcar import across_scales
from .geometry import Geometry
from .inverse_fft import fastest_way, largest_divisor, samples_of_period
from .responses import NEGLIGIBLE, Response, Responses, band_of, require_finite
from .working_memory import SpareRows

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


@dataclass(eq=False)
class RecordSpectra:
    """Smoothed fields of measured series.

    Parameters
    ----------
    series : numpy.ndarray
        The series, (series, time).
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
    results : sequence of numpy.ndarray
        Real arrays (scale, time), the memory of whose rows may be used for work until a scale's
        own transforms are there.
    """

    series: NDArray[np.float64]
    geometry: Geometry
    pack: Callable[[Complex, Complex], None]
    n_fields: int
    n_scales: int | None = None
    transforms: Callable[[int], Complex] | None = None
    results: Sequence[NDArray[np.float64]] = ()

    def __post_init__(self) -> None:
        n_fft, self._spare = self.geometry.n_fft, SpareRows(*self.results)
        self._outlines: dict[int, NDArray[np.float64]] = {}  # by the length of the grid
        self._spectra = self._spare.array(len(self.series), n_fft)
        for series, spectrum in zip(self.series, self._spectra, strict=True):
            spectrum[:] = scipy.fft.fft(series, n_fft)

    def smoothed(
        self, on_transform: Callable[[int, Complex], None] | None = None
    ) -> Iterator[tuple[int, Complex]]:
        """Yield the number of each scale, and its smoothed fields (field, time): overwritten later.

        They carry the positive constant of `coherence.smoothed_spectra`. `on_transform` is called
        with (scale, W), W the transforms (series, time), valid during the call.
        """
        geometry, n_fft, spare = self.geometry, self.geometry.n_fft, self._spare
        before = spare.mark()
        boxcar = across_scales(geometry.windows, geometry.taps, self._zeros, NUMPY)
        in_use = spare.mark()
        below, width = n_fft // 2, n_fft  # of the coefficients across scales
        ends: list[tuple[int, int]] = []  # of each scale: coefficients below and above 0
        n_scales = geometry.n_scales if self.n_scales is None else self.n_scales
        rows = islice(self._rows(), n_scales)
        for newest in range(n_scales + boxcar.ahead):
            centre, row = newest - boxcar.ahead, next(rows, None)
            if row is not None:
                ends.append((row.below, row.above))
            # Of the coefficients, those on which a scale still to be read draws.
            first = boxcar.first(max(0, centre))
            down, up = (max(each[k] for each in ends[first:]) for k in (0, 1))
            if down + up <= _NARROWER * width:
                spare.release(before)
                boxcar.move(_narrowed(slice(below - down, below + up), spare))
                in_use = spare.mark()
                below, width = down, down + up
            if spare.write(min(newest + 1, n_scales)):
                self._spectra = self._spectra.copy()
                boxcar.move(np.copy)
                before = in_use = SpareRows(*self.results).mark()
                spare.release(in_use)
            if row is None:
                boxcar.push(None)
            else:
                fields = self._fields(newest, row, on_transform)
                boxcar.push(self._smoothed_in_time(fields, row, below, width))
                spare.release(in_use)
            if centre >= 0:
                summed = spare.array(self.n_fields, width)
                boxcar.read(slice(0, width), summed)
                out = spare.array(self.n_fields, geometry.n_times)
                self._to_times(summed, -below, out)
                yield centre, out
                spare.release(in_use)

    def _zeros(self) -> Complex:
        found = self._spare.array(self.n_fields, self.geometry.n_fft)
        found[...] = 0
        return found

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
        fields = self._spare.array(self.n_fields, length)
        if row.step == 1 or on_transform is not None:
            W = self._transforms(row) if self.transforms is None else self.transforms(scale)
            if on_transform is not None:
                on_transform(scale, W)
            if row.step == 1:
                self.pack(W, fields[:, :n])
                fields[:, n:] = 0
        if row.step > 1:
            bands = np.concatenate([row.response.times(each) for each in self._spectra])
            grid = samples_of_period(bands, row.response.first, length)
            grid /= row.step
            self.pack(grid, fields)
            fields *= self._outline_on(length)
        return fields

    def _transforms(self, row: _Row) -> Complex:
        """Return the transforms of the series at one scale, at all times of the record."""
        W = self._spare.array(len(self._spectra), self.geometry.n_times)
        for some in self._together(len(W)):
            bands = np.concatenate([row.response.times(each) for each in self._spectra[some]])
            self._to_times(bands, row.response.first, W[some])
        return W

    def _outline_on(self, length: int) -> NDArray[np.float64]:
        if length in self._outlines:
            return self._outlines[length]
        coefficients = self._outline[: length // 2 + 1].copy()
        coefficients[(length + 1) // 2 :] = 0  # the highest of an even number is of either sign
        self._outlines[length] = scipy.fft.irfft(coefficients, length) * length
        return self._outlines[length]

    def _to_times(self, bands: Complex, first: int, out: Complex) -> None:
        way = fastest_way(first, bands.shape[1], self.geometry.n_fft, out.dtype)
        for some in self._together(len(bands)):
            part = bands[some]
            way.write(part if way.divisors is None else part / way.divisors, out[some])

    def _together(self, number: int) -> Iterator[slice]:
        """Yield slices of some fields or series, to be worked on together."""
        step = max(1, _TOGETHER // self.geometry.n_fft)
        return (slice(start, start + step) for start in range(0, number, step))

    def _smoothed_in_time(self, fields: Complex, row: _Row, below: int, width: int) -> Complex:
        """Return the coefficients of fields (field, time) times the window, from -`below` on."""
        fields = scipy.fft.fft(fields, axis=-1, overwrite_x=True)
        found = self._spare.array(len(fields), width)
        start, stop = fields.shape[1] - row.below, below + row.above
        found[:, : below - row.below] = 0
        np.multiply(fields[:, start:], row.window[start:], out=found[:, below - row.below : below])
        np.multiply(fields[:, : row.above], row.window[: row.above], out=found[:, below:stop])
        found[:, stop:] = 0
        return found


def _narrowed(part: slice, spare: SpareRows) -> Callable[[Complex], Complex]:
    """Return what copies a part of each row of an array to spare memory."""

    def moved(array: Complex) -> Complex:
        target = spare.array(len(array), part.stop - part.start)
        for place in reversed(range(len(array))):  # as they may overlap, the last one first
            target[place] = array[place, part]
        return target

    return moved


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
