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
from functools import cached_property, lru_cache, partial
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
OnTransform = Callable[[slice, Complex], None]

# A grid coarser than every 64th time, or shorter than this, saves nothing any more.
_COARSEST, _SHORTEST = 64, 512

# Numbers in work together, and scales: calls are dear where rows are short, and memory where they
# are long.
_TOGETHER, _MOST = 2**16, 12

# The longest FFT of which the multipliers are kept for the next series of the same geometry.
_LONGEST_KEPT = 2**11

# Coefficients across scales are copied to leave some out when so much of them is left: before
# their memory is needed for a result, and else.
_NARROWER, _MUCH_NARROWER = 0.9, 0.5


@dataclass(frozen=True)
class _Block:
    """What is multiplied at some scales, and the step of their grid.

    `windows`, one for each scale, are in FFT order; of their coefficients there are `below` below
    0, and `above` from 0 on.
    """

    response: Response
    windows: NDArray[Any]
    below: int
    above: int
    step: int

    def up_to(self, scale: int) -> _Block:
        """Return the block without the scales from one on."""
        rows = slice(self.response.rows.start, min(scale, self.response.rows.stop))
        n = rows.stop - rows.start
        response = replace(self.response, rows=rows, values=self.response.values[:n])
        return replace(self, response=response, windows=self.windows[:n])


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

    series: NDArray[np.float64]
    geometry: Geometry
    pack: Callable[[Complex, Complex], None]
    n_fields: int
    n_scales: int | None = None
    transforms: Callable[[slice], Complex] | None = None
    results: Sequence[NDArray[np.float64]] = ()

    def __post_init__(self) -> None:
        n_fft, self._spare = self.geometry.n_fft, SpareRows(*self.results)
        self._outlines: dict[int, NDArray[np.float64]] = {}  # by the length of the grid
        self._spectra = self._spare.array(len(self.series), n_fft)
        for series, spectrum in zip(self.series, self._spectra, strict=True):
            spectrum[:] = scipy.fft.fft(series, n_fft)

    def smoothed(self, on_transform: OnTransform | None = None) -> Iterator[tuple[slice, Complex]]:
        """Yield slices of the scales, and their smoothed fields (field, scale, time).

        They carry the positive constant of `coherence.smoothed_spectra`, and are overwritten later.
        `on_transform` is called with (scales, W), W (series, scale, time) valid during the call.
        """
        n_fft, spare = self.geometry.n_fft, self._spare
        n_scales = self.geometry.n_scales if self.n_scales is None else self.n_scales
        before = spare.mark()
        boxcar = across_scales(self.geometry.windows, self.geometry.taps, self._zeros, NUMPY)
        in_use = spare.mark()
        below, width = n_fft // 2, n_fft  # of the coefficients across scales
        ends: list[tuple[int, int]] = []  # of each scale: coefficients below and above 0
        for scales, block in self._steps(n_scales, boxcar.ahead):
            if block is not None:
                ends += [(block.below, block.above)] * (scales.stop - scales.start)
            centres = slice(*(max(0, k - boxcar.ahead) for k in (scales.start, scales.stop)))
            # Of the coefficients, those on which a scale still to be read draws.
            first = boxcar.first(centres.start)
            down, up = (max(each[k] for each in ends[first:]) for k in (0, 1))
            written = min(scales.stop, n_scales)
            if down + up <= (_NARROWER if spare.reach(written) else _MUCH_NARROWER) * width:
                spare.release(before)
                boxcar.move(partial(spare.narrowed, part=slice(below - down, below + up)))
                in_use = spare.mark()
                below, width = down, down + up
            spare.write(written)
            if spare.reach(written):
                self._spectra = spare.rescued(self._spectra)
                boxcar.move(spare.rescued)
            rows = None
            if block is not None:
                rows = self._smoothed_in_time(block, below, width, on_transform)
            needed = slice(below - down, below + up)
            summed = spare.array(self.n_fields, centres.stop - centres.start, down + up)
            for scale in range(scales.start, scales.stop):
                boxcar.push(None if rows is None else rows[:, scale - scales.start])
                if scale >= boxcar.ahead:
                    place = scale - boxcar.ahead - centres.start
                    boxcar.read(needed, summed[:, place])
            del rows
            if summed.size:
                out = spare.array(*summed.shape[:2], self.geometry.n_times)
                self._to_times(summed, -down, out)
                del summed
                yield centres, out
            spare.release(in_use)

    def _steps(self, n_scales: int, ahead: int) -> Iterator[tuple[slice, _Block | None]]:
        """Yield blocks of scales with their numbers, and None for those past the end."""
        for block in self._blocks():
            if block.response.rows.start < n_scales:
                cut = block.up_to(n_scales)
                yield cut.response.rows, cut
        for start in range(n_scales, n_scales + ahead, self._n_together):
            yield slice(start, min(start + self._n_together, n_scales + ahead)), None

    @property
    def _n_together(self) -> int:
        """Number of scales in work together."""
        return max(1, min(_MOST, _TOGETHER // self.geometry.n_fft))

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
        for first in range(0, scales.size, self._n_together):
            for each in responses.of(slice(first, min(first + self._n_together, scales.size))):
                yield self._block(scales[each.rows].tolist(), _trimmed(each))

    def _block(self, scales: list[float], response: Response) -> _Block:
        mother, n_fft = self.geometry.mother, self.geometry.n_fft
        band, step, reaches = band_of(mother.smoothing_window), 1, [n_fft // 2] * len(scales)
        if band is not None:
            per_scale = band[2] * n_fft / (2 * np.pi)
            reaches = [min(n_fft // 2, int(per_scale / scale) + 1) for scale in scales]
            least = max(_SHORTEST, 2 * (response.values.shape[1] + max(reaches)))
            step = largest_divisor(n_fft, least, _COARSEST)
        length = n_fft // step
        windows = [mother.smoothing_window(s / step, length) * (step / s) for s in scales]
        require_finite(np.asarray(windows))
        for window, reach in zip(windows, reaches, strict=True):
            window[min(reach + 1, (length + 1) // 2) : length - reach] = 0
        above = min(max(reaches) + 1, (length + 1) // 2)
        return _Block(response, np.asarray(windows), max(reaches), above, step)

    @cached_property
    def _outline(self) -> Complex:
        """The Fourier coefficients of the record, from frequency 0 on, over `n_fft`."""
        geometry = self.geometry
        inside = np.arange(geometry.n_fft) < geometry.n_times
        return np.asarray(scipy.fft.rfft(inside / geometry.n_fft))

    def _fields(self, block: _Block, on_transform: OnTransform | None) -> Complex:
        """Return the fields of a block, zero outside the record, on its grid."""
        n, length = self.geometry.n_times, self.geometry.n_fft // block.step
        scales = block.response.rows
        fields = self._spare.array(self.n_fields, scales.stop - scales.start, length)
        in_use = self._spare.mark()
        if block.step == 1 or on_transform is not None:
            W = self._transforms(block) if self.transforms is None else self.transforms(scales)
            if on_transform is not None:
                on_transform(scales, W)
            if block.step == 1:
                self.pack(W, fields[..., :n])
                fields[..., n:] = 0
            self._spare.release(in_use)
        if block.step > 1:
            bands = np.concatenate([block.response.times(each) for each in self._spectra])
            grid = samples_of_period(bands, block.response.first, length)
            grid /= block.step
            self.pack(grid.reshape(len(self._spectra), -1, length), fields)
            fields *= self._outline_on(length)
        return fields

    def _transforms(self, block: _Block) -> Complex:
        """Return the transforms of the series, at all times of the record."""
        rows = block.response.rows
        W = self._spare.array(len(self._spectra), rows.stop - rows.start, self.geometry.n_times)
        for spectrum, own in zip(self._spectra, W, strict=True):
            self._to_times(block.response.times(spectrum), block.response.first, own)
        return W

    def _outline_on(self, length: int) -> NDArray[np.float64]:
        if length in self._outlines:
            return self._outlines[length]
        coefficients = self._outline[: length // 2 + 1].copy()
        coefficients[(length + 1) // 2 :] = 0  # the highest of an even number is of either sign
        self._outlines[length] = scipy.fft.irfft(coefficients, length) * length
        return self._outlines[length]

    def _to_times(self, bands: Complex, first: int, out: Complex) -> None:
        """Write the samples of bands (..., coefficient) at all times, some of them together."""
        way = fastest_way(first, bands.shape[-1], self.geometry.n_fft, out.dtype)
        if bands.ndim > 2:
            for some, own in zip(bands, out, strict=True):
                self._to_times(some, first, own)
        else:
            way.write(bands if way.divisors is None else bands / way.divisors, out)

    def _smoothed_in_time(
        self, block: _Block, below: int, width: int, on_transform: OnTransform | None
    ) -> Complex:
        """Return the coefficients of the smoothed fields of a block, from number -`below` on."""
        fields = scipy.fft.fft(self._fields(block, on_transform), axis=-1, overwrite_x=True)
        found = self._spare.array(*fields.shape[:2], width)
        start, stop = below - block.below, below + block.above
        lower, upper = slice(fields.shape[-1] - block.below, None), slice(0, block.above)
        found[..., :start] = 0
        for part, target in ((lower, slice(start, below)), (upper, slice(below, stop))):
            np.multiply(fields[..., part], block.windows[:, part], out=found[..., target])
        found[..., stop:] = 0
        return found


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
    size = np.abs(response.values)
    require_finite(size)
    kept = size > NEGLIGIBLE * size.max(axis=1, keepdims=True)
    from_first = np.maximum.accumulate(kept, axis=1)
    up_to_last = np.maximum.accumulate(kept[:, ::-1], axis=1)[:, ::-1]
    values = np.where(from_first & up_to_last, response.values, 0)
    ends = np.flatnonzero(kept.any(axis=0))
    first, last = ends[[0, -1]].tolist() if ends.size else (0, 0)
    return replace(response, first=response.first + first, values=values[:, first : last + 1])
