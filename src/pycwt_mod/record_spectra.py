"""The smoothed spectra of measured series, each scale on the coarsest grid of times that holds it.

Nothing is approximated. With all Fourier coefficients of a transform in a band of width B, those of
its products with others lie within B of zero, and the time window keeps the lowest h. A grid with
more than 2 (B + h) times over the period has these coefficients without an alias, even of the
product that ends with the record: the record's outline, 1 within it and 0 outside, has as many
coefficients as the grid. Scales are smoothed across as coefficients, and turned into times last.
The window of DOG has corners and all coefficients: it, and a user's own, stay at the full rate.

Axes: (series, scale, time), and (field, scale, coefficient), coefficients in rising order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .arrays import NUMPY
from .at_times import AtTimes
from .boxcar import Boxcar, across_scales
from .geometry import Geometry
from .inverse_fft import (
    Between,
    Grid,
    coarse_grid,
    largest_divisor,
    samples_of_period,
)
from .long_fft import LONG, replace_by_fft, replace_by_inverse
from .responses import (
    NEGLIGIBLE,
    LongMultipliers,
    Response,
    Responses,
    band_of,
    formula_of,
    require_finite,
)
from .spectrum import Spectrum, spectra_of
from .transform import coefficients_from
from .working_memory import SpareRows, scratch, stretches

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

# A grid coarser than every 64th time, or shorter than this, saves nothing any more; nor, in pieces
# of time, one of a shorter record than this.
_COARSEST, _SHORTEST, _SHORTEST_RECORD = 64, 512, 2**12

# Numbers in work together, and scales: calls are dear where rows are short, and memory where they
# are long.
_TOGETHER, _MOST = 2**16, 12

# The longest FFT of which the multipliers are kept for the next series of the same geometry.
_LONGEST_KEPT = 2**11

# Coefficients across scales are copied to leave some out when so much of them is left: before
# their memory is needed for a result, and else.
_NARROWER, _MUCH_NARROWER = 0.9, 0.5


OnTransform = Callable[[slice, AtTimes], None]


@dataclass(frozen=True)
class _Block:
    """What is multiplied at some scales, and the step of their grid.

    `windows` gives some coefficients from 0 on of the time window, (scale, coefficient). Of them
    `above` are taken from 0 on, and `below` below 0.
    """

    response: Response
    windows: Callable[[slice], Floats]
    below: int
    above: int
    step: int

    def up_to(self, scale: int) -> _Block:
        """Return the block without the scales from one on."""
        rows = slice(self.response.rows.start, min(scale, self.response.rows.stop))
        n = rows.stop - rows.start
        response = replace(self.response, rows=rows, values=self.response.values[:n])
        return replace(self, response=response)


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
        ``pack(W, fields)`` writes the fields, such as powers, (field, scale, time), of the
        transforms W (series, scale, time).
    n_fields : int
        Their number.
    n_scales : int, optional
        Number of scales that exist; by default all of the geometry.
    transforms : callable, optional
        ``transforms(scales)``: W of a slice of scales, where it is known.
    results : sequence of numpy.ndarray
        Real arrays (scale, time), the memory of whose rows may be used for work until a scale's
        own transforms are there.
    """

    series: Floats
    geometry: Geometry
    pack: Callable[[Any, Complex], None]
    n_fields: int
    n_scales: int | None = None
    transforms: Callable[[slice], Sequence[Complex] | Complex] | None = None
    results: Sequence[Floats] = ()

    def __post_init__(self) -> None:
        self._spare = SpareRows(*self.results)
        self._outline = np.empty(0)  # on the last grid
        self._factors: dict[Grid, Floats] = {}  # of the coefficients to be interpolated
        self._width = 0  # of the coefficients across scales, which are in FFT order
        self._spectra = spectra_of(self.series, self.geometry.n_fft, self._spare)

    def smoothed(self, on_transform: OnTransform | None = None) -> Iterator[tuple[slice, AtTimes]]:
        """Yield slices of the scales, and their smoothed fields, which are overwritten later.

        They carry the positive constant of `coherence.smoothed_spectra`. `on_transform` is called
        with (scales, W), W the transforms of the series, valid during the call.
        """
        n_fft, spare = self.geometry.n_fft, self._spare
        n_scales = self.geometry.n_scales if self.n_scales is None else self.n_scales
        before = spare.mark()
        boxcar = across_scales(self.geometry.windows, self.geometry.taps, self._zeros, NUMPY)
        in_use, self._width = spare.mark(), n_fft
        ends: list[tuple[int, int]] = []  # of each scale: coefficients below 0 and from 0 on
        for scales, block in self._steps(n_scales, boxcar.ahead):
            if block is not None:
                ends += [(block.below, block.above)] * (scales.stop - scales.start)
            # Of the coefficients, those on which a scale still to be read draws.
            first = boxcar.first(max(0, scales.start - boxcar.ahead))
            down, up = (max(each[k] for each in ends[first:]) for k in (0, 1))
            written = min(scales.stop, n_scales)
            if down + up <= (_NARROWER if spare.reach(written) else _MUCH_NARROWER) * self._width:
                spare.release(before)
                boxcar.move(partial(spare.narrowed, up=up, down=down))
                in_use, self._width = spare.mark(), down + up
            self._make_room(written, scales.start if block is not None else None, boxcar)
            rows = None
            if block is not None:
                rows = self._smoothed_in_time(block, on_transform)
                del block
            grid = coarse_grid(n_fft, 2 * max(down, up), _SHORTEST_RECORD)
            summed = self._summed(boxcar, scales, rows, n_fft // grid.step, down, up)
            del rows
            if summed.size:
                start = max(0, scales.start - boxcar.ahead)
                centres = slice(start, start + summed.shape[1])
                yield centres, self._at_times(summed, grid, down, up)
            del summed
            spare.release(in_use)

    def _make_room(self, n_rows: int, scale: int | None, boxcar: Boxcar) -> None:
        """Leave the first rows of the results; the scales from one on, if any, need spectra."""
        spare = self._spare
        spare.write(n_rows)
        if scale is not None and spare.reach(n_rows):
            in_samples = self.geometry.scales_in_samples[scale]
            needed = self._spectra, self.geometry.mother, in_samples, self.geometry.n_fft
            self._spectra = spare.rescued(coefficients_from(*needed))
        if spare.reach(n_rows):
            boxcar.move(spare.rescued)

    def _summed(
        self, boxcar: Boxcar, scales: slice, rows: Complex | None, length: int, down: int, up: int
    ) -> Complex:
        """Push scales, and return the sums around those that are complete, (field, scale, ...).

        Of them `up` coefficients from 0 on and `down` below 0, in FFT order.
        """
        first = max(scales.start, boxcar.ahead)
        summed = self._spare.array(self.n_fields, max(0, scales.stop - first), length)
        summed[..., up : length - down] = 0
        for scale in range(scales.start, scales.stop):
            boxcar.push(None if rows is None else rows[:, scale - scales.start])
            if scale >= first:
                row = summed[:, scale - first]
                boxcar.read(slice(0, up), row[:, :up])
                if down:
                    boxcar.read(slice(self._width - down, self._width), row[:, -down:])
        return summed

    def _steps(self, n_scales: int, ahead: int) -> Iterator[tuple[slice, _Block | None]]:
        """Yield blocks of scales with their numbers, and None for those past the end."""
        for block in self._blocks():
            if block.response.rows.start < n_scales:
                cut = block.up_to(n_scales)
                together = self._n_together(block.step)
                yield cut.response.rows, cut
                del block, cut  # the next one takes as much memory
        for start in range(n_scales, n_scales + ahead, together):
            yield slice(start, min(start + together, n_scales + ahead)), None

    def _zeros(self) -> Complex:
        found = self._spare.array(self.n_fields, self.geometry.n_fft)
        found[...] = 0
        return found

    def _blocks(self) -> Iterable[_Block]:
        """Return what the scales take, kept for the next series where it is short."""
        geometry, mother = self.geometry, self.geometry.mother
        if geometry.n_fft > _LONGEST_KEPT:
            return self._new_blocks()
        of_mother = [(band_of(m), m.__func__) for m in (mother.psi_ft, mother.smoothing_window)]
        if any(band is None for band, _ in of_mother):
            kept: Iterable[_Block] = geometry.kept("record", lambda: tuple(self._new_blocks()))
            return kept
        scales = geometry.scales_in_samples.tobytes()
        return _kept(_Key((*of_mother, scales, geometry.n_fft), self))

    def _new_blocks(self) -> Iterator[_Block]:
        scales = self.geometry.scales_in_samples
        responses = Responses(self.geometry.mother, scales, 1.0, self.geometry.n_fft)
        first, steps = 0, [self._step_of(scale) for scale in scales.tolist()]
        while first < scales.size:
            last = first + min(self._n_together(steps[first]), steps[first:].count(steps[first]))
            for each in responses.of(slice(first, last)):
                yield self._block(scales[each.rows].tolist(), _trimmed(each))
                del each
            first = last

    @property
    def _spectrum_of_each(self) -> list[Spectrum]:
        whole = self._spectra.shape[1] == self.geometry.n_fft
        return [Spectrum(each, whole) for each in self._spectra]

    def _n_together(self, step: int) -> int:
        """Return the number of scales in work together on grids of a step."""
        return max(1, min(_MOST, _TOGETHER * step // self.geometry.n_fft))

    def _step_of(self, scale: float) -> int:
        """Return the step of the grid that one scale can do with."""
        mother, n_fft = self.geometry.mother, self.geometry.n_fft
        of_response, of_window = band_of(mother.psi_ft), band_of(mother.smoothing_window)
        if of_response is None or of_window is None:
            return 1
        width = (of_response[2] - of_response[0] + of_window[2]) * n_fft / (2 * np.pi * scale)
        return largest_divisor(n_fft, max(_SHORTEST, int(2 * width)), _COARSEST)

    def _block(self, scales: list[float], response: Response) -> _Block:
        mother, n_fft = self.geometry.mother, self.geometry.n_fft
        band, step, reaches = band_of(mother.smoothing_window), 1, [n_fft // 2] * len(scales)
        if band is not None:
            per_scale = band[2] * n_fft / (2 * np.pi)
            reaches = [min(n_fft // 2, int(per_scale / scale) + 1) for scale in scales]
            least = max(_SHORTEST, 2 * (response.values.shape[1] + max(reaches)))
            step = largest_divisor(n_fft, least, _COARSEST)
        length = n_fft // step
        below, above = max(reaches), min(max(reaches) + 1, (length + 1) // 2)
        formula = formula_of(mother.smoothing_window)
        if formula is not None and n_fft >= LONG:
            windows = partial(_window_at, formula, scales, n_fft, step)
            return _Block(response, windows, below, above, step)
        # The same numbers from a shorter FFT: all others are negligible.
        share = 1 if band is None else largest_divisor(n_fft, 2 * below + 2, _COARSEST)
        table = np.zeros((len(scales), max(above, below + 1)))
        for row, scale, reach in zip(table, scales, reaches, strict=True):
            window = mother.smoothing_window(scale / share, n_fft // share)[: reach + 1]
            row[: window.size] = window * (step / scale)
        require_finite(table)
        return _Block(response, lambda part: table[:, part], below, above, step)

    def _fields(self, block: _Block, on_transform: OnTransform | None) -> Complex:
        """Return the fields of a block, zero outside the record, on its grid."""
        n, n_fft = self.geometry.n_times, self.geometry.n_fft
        length, scales, spare = n_fft // block.step, block.response.rows, self._spare
        shape = len(self._spectra), scales.stop - scales.start
        fields = spare.array(self.n_fields, shape[1], length)
        in_use = spare.mark()
        if block.step == 1:
            self.pack(self._transforms(block, on_transform), fields[..., :n])
            fields[..., n:] = 0
        else:
            bands = spare.array(*shape, block.response.values.shape[1])
            in_use = spare.mark()
            for spectrum, band in zip(self._spectrum_of_each, bands, strict=True):
                block.response.times(spectrum, band)
            bands = bands.reshape(-1, bands.shape[-1])
            if on_transform is not None:
                on_transform(scales, self._turned(bands, block.response.first))
                spare.release(in_use)
            bands /= block.step
            grid = spare.array(shape[0] * shape[1], length)
            grid = samples_of_period(bands, block.response.first, length, grid)
            self.pack(grid.reshape(*shape, length), fields)
            fields *= self._outline_on(length)
        spare.release(in_use)
        return fields

    def _transforms(
        self, block: _Block, on_transform: OnTransform | None
    ) -> Sequence[Complex] | Complex:
        """Return the transforms of the series, at all times of the record."""
        scales, n = block.response.rows, self.geometry.n_times
        if self.transforms is not None:
            return self.transforms(scales)
        shape = len(self._spectra), scales.stop - scales.start
        W = self._spare.array(*shape, self.geometry.n_fft)
        for spectrum, own in zip(self._spectrum_of_each, W, strict=True):
            block.response.fill(spectrum, own)
        rows = W.reshape(-1, W.shape[-1])
        with self._spare.lent():
            _in_place(replace_by_inverse, rows)
        if on_transform is not None:
            on_transform(scales, AtTimes(rows, shape, n))
        return W[..., :n]

    def _turned(self, bands: Complex, first: int) -> AtTimes:
        """Return what has the transforms of all series at all times, given their coefficients."""
        width, n_fft = bands.shape[1], self.geometry.n_fft
        down, up = width // 2, width - width // 2
        grid, n_series = coarse_grid(n_fft, 2 * up, _SHORTEST_RECORD), len(self.series)
        length = n_fft // grid.step
        rows = self._spare.array(n_series, len(bands) // n_series, length)
        flat = rows.reshape(len(bands), -1)
        flat[:, :up], flat[:, up : length - down] = bands[:, down:], 0
        flat[:, length - down :] = bands[:, :down]
        return self._at_times(rows, grid, down, up, first + down)

    def _at_times(self, rows: Complex, grid: Grid, down: int, up: int, middle: int = 0) -> AtTimes:
        """Return fields, given `up` coefficients from 0 on and `down` before in FFT order."""
        flat = rows.reshape(-1, rows.shape[-1])
        source: Complex | Between = flat
        if grid.step > 1:
            if grid not in self._factors:
                self._factors[grid] = Between.factors(rows.shape[-1], grid)
            flat[:, :up] *= self._factors[grid][:up]
            flat[:, flat.shape[1] - down :] *= self._factors[grid][down:0:-1]
            source = Between(flat, grid)
        with self._spare.lent():
            _in_place(replace_by_inverse, flat)
        n_fft = self.geometry.n_fft
        return AtTimes(source, rows.shape[:2], self.geometry.n_times, middle % n_fft, n_fft)

    def _outline_on(self, length: int) -> Floats:
        """Return the record on a grid, 1 within it and 0 outside, without what has an alias."""
        if self._outline.size == length:
            return self._outline
        n, n_fft = self.geometry.n_times, self.geometry.n_fft
        with self._spare.lent():
            coefficients = scratch("outline", (length // 2 + 1,), complex)
            coefficients[0], coefficients[-1] = n, 0
            last = (length + 1) // 2  # the highest of an even number is of either sign
            for part in stretches(last - 1):
                numbers = 1 + np.arange(part.start, part.stop)
                # The sum of a geometric series, whose terms turn by integers: whole turns are left
                # out.
                halves = np.pi / n_fft * (np.outer((n - 1, n), numbers) % (2 * n_fft))
                size = np.sin(halves[1]) / np.sin(np.pi / n_fft * numbers)
                coefficients[1:last][part] = size * np.exp(-1j * halves[0])
            self._outline = scipy.fft.irfft(coefficients, length)
        self._outline *= length / n_fft
        return self._outline

    def _smoothed_in_time(self, block: _Block, on_transform: OnTransform | None) -> Complex:
        """Return the coefficients across scales of the smoothed fields of a block."""
        fields = self._fields(block, on_transform)
        length, width = fields.shape[-1], self._width
        with self._spare.lent():
            _in_place(replace_by_fft, fields.reshape(-1, length))
        found = fields if width == length else self._spare.array(*fields.shape[:2], width)
        found[..., block.above : width - block.below] = 0
        number = max(block.above, block.below + 1)
        for part in (
            stretches(number, fields.shape[1]) if number > _LONGEST_KEPT else [slice(0, number)]
        ):
            windows = block.windows(part)[: fields.shape[1]]
            start, stop = part.start, min(part.stop, block.above)
            upper = slice(start, stop)
            np.multiply(fields[..., upper], windows[:, : stop - start], out=found[..., upper])
            start, stop = max(1, start), min(part.stop, block.below + 1)
            if start < stop:
                mirrored = windows[:, start - part.start : stop - part.start][:, ::-1]
                lower, target = (slice(n - stop + 1, n - start + 1) for n in (length, width))
                np.multiply(fields[..., lower], mirrored, out=found[..., target])
        return found


def _window_at(
    formula: Callable[[Floats], Floats], scales: list[float], n_fft: int, step: int, part: slice
) -> Floats:
    """Return some coefficients from 0 on of the windows of scales."""
    frequencies = 2 * np.pi * (np.arange(part.start, part.stop) / n_fft)
    return np.stack([step / scale * formula(scale * frequencies) for scale in scales])


def _in_place(transform: Callable[[Complex], Complex], rows: Complex) -> None:
    """Replace rows by their FFT or inverse FFT."""
    done = transform(rows)
    if not np.may_share_memory(done, rows):
        rows[...] = done


@dataclass(frozen=True)
class _Key:
    """What the multipliers of a record depend on, and the record to make them of."""

    key: Any
    record: RecordSpectra = field(compare=False)


@lru_cache(maxsize=4)
def _kept(key: _Key) -> Iterable[_Block]:
    return tuple(key.record._new_blocks())


def _trimmed(response: Response) -> Response:
    """Return a response without what is below rounding at its ends, 0 at scales with more."""
    if isinstance(response.values, LongMultipliers):
        trimmed = response.values.trimmed()
        return replace(response, first=trimmed.first, values=trimmed)
    values = response.values
    size = np.abs(values)
    require_finite(size)
    kept = size > NEGLIGIBLE * size.max(axis=1, keepdims=True)
    kept[~kept.any(axis=1), 0] = True
    width = size.shape[1]
    firsts, stops = kept.argmax(axis=1), width - kept[:, ::-1].argmax(axis=1)
    for row, first, stop in zip(values, firsts.tolist(), stops.tolist(), strict=True):
        row[:first], row[stop:] = 0, 0
    first, stop = int(firsts.min()), int(stops.max())
    return replace(response, first=response.first + first, values=values[:, first:stop])
