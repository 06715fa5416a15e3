"""The wavelet coherence on arrays: one pass over the scales, from the spectra of series to R2.

Of two series R2 = |S(W1 conj(W2)/s)|^2 / (S(|W1|^2/s) S(|W2|^2/s)), where S smooths each scale in
time by the window of the mother wavelet and then across scales by a boxcar (Grinsted et al. 2004).

One scale is in work at a time, for a batch of groups of series, so the working set stays in the
processor's cache. Power fields are real and the time window is even, so two of them go through one
complex FFT as its real and imaginary part: six FFTs per scale and pair in all, and for q series
q + 2 ceil(q^2 / 2).

Axes: (field, group, time), where the fields are the series, then those of the packed spectral
matrix: (power 1 + i power 2, cross-spectrum) of a pair, see `statistic`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import NUMPY, Array, ArrayOps
from .at_times import AtTimes
from .boxcar import ScaleBoxcar, across_scales
from .filters import FilterBank, filtered
from .geometry import Geometry
from .record_spectra import RecordSpectra
from .statistic import PAIR, Statistic, cross, n_fields, power, squared_size
from .transform import forward
from .working_memory import stretches

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

# Smoothed power below this many rounding errors of its scale's largest value is no signal.
_SILENCE_ROUNDING_ERRORS = 16

# Rows up to this length are passed over together with their padding.
_SHORT_ROW = 128

# Records longer than this take little memory at a time.
_LONG = 2**15


def smoothed_spectra(
    spectra: Mapping[int, Array],
    bank: FilterBank,
    ops: ArrayOps = NUMPY,
    *,
    parts: Callable[[int], slice],
    on_transform: Callable[[int, Array], None] | None = None,
) -> Iterator[tuple[int, Array]]:
    """Go once over the scales and yield the smoothed spectra of each.

    Parameters
    ----------
    spectra : mapping of int to array
        For each FFT length of the bank the Fourier coefficients of the series that its bands take
        up, by default their zero-padded FFT: complex, shape (q, n_groups, n_fft), first axis the
        series of a group.
    bank : FilterBank
        The geometry.
    ops : ArrayOps
        Where the arrays live.
    parts : callable
        ``parts(scale_index)``: the slice of times that is wanted; empty ones are passed over.
    on_transform : callable, optional
        Called with (scale index, W), W the wavelet transforms (q, n_groups, n), valid during the
        call.

    Yields
    ------
    scale_index : int
        In ascending order.
    S : array
        Complex, shape (ceil(q^2 / 2), n_groups, part): the packed spectral matrix, times a
        positive constant; of a pair S[0] is S(|W1|^2/s) + i S(|W2|^2/s), S[1] is
        S(W1 conj(W2)/s). Overwritten by the next step.
    """
    n_series, n_groups = next(iter(spectra.values())).shape[:2]
    shape, width = (n_fields(n_series), n_groups), _working_width(bank)
    # One piece of memory for all FFT lengths, so that it stays in the cache.
    n_rows = (n_series + shape[0]) * n_groups
    memory = ops.zeros((n_rows * bank.lengths[-1],), "complex")
    scratch = ops.zeros((n_groups, width), "complex")
    result = ops.zeros((math.prod(shape) * bank.n,), "complex")

    def smoothed_in_time(scale: int) -> Array:
        row = bank.filters[scale]
        rows = memory[: n_rows * row.n_fft].reshape((-1, n_groups, row.n_fft))
        transforms, fields = rows[:n_series], rows[n_series:]
        filtered(spectra[row.n_fft], row.wavelet, transforms, ops)
        W = ops.ifft(transforms)[..., :width]
        if on_transform is not None:
            on_transform(scale, W[..., : bank.n])
        _pack_fields(W, fields, scratch, ops)
        fields[..., bank.n :] = 0
        fields = ops.fft(fields)
        filtered(fields, row.window, fields, ops)
        return ops.ifft(fields)[..., :width]

    boxcar = across_scales(
        bank.windows, bank.taps, lambda: ops.zeros((*shape, width), "complex"), ops
    )
    n_scales = len(bank.filters)
    for newest in range(n_scales + boxcar.ahead):
        boxcar.push(smoothed_in_time(newest) if newest < n_scales else None)
        centre = newest - boxcar.ahead
        part = parts(centre) if centre >= 0 else slice(0, 0)
        if part.start < part.stop:
            n = part.stop - part.start
            S = result[: math.prod(shape) * n].reshape((*shape, n))
            boxcar.read(part, S)
            yield centre, S


def _working_width(bank: FilterBank) -> int:
    """Return the number of times to compute: with the padding where rows are short.

    Whole arrays are faster to pass over than many short rows; the padding's values are not read.
    """
    only = bank.lengths[0]
    return only if only == bank.lengths[-1] and only <= _SHORT_ROW else bank.n


def _pack_fields(W: Array, fields: Array, scratch: Array, ops: ArrayOps) -> None:
    """Write the powers and cross-spectra of transforms to the beginning of `fields`."""
    packed = fields[..., : W.shape[-1]]
    for second, series in enumerate(W):
        squared_size(series, power(packed, second), scratch, ops)
        for first in range(second):
            product = cross(packed, first, second)
            ops.xp.conj(series, out=product)
            ops.xp.multiply(product, W[first], out=product)
    if len(W) % 2:  # the last power stands alone
        power(packed, len(W))[...] = 0


@dataclass(frozen=True)
class PairSpectra:
    """The transforms of two series and their smoothed spectra, each of shape (n_scales, n).

    Attributes
    ----------
    W1, W2 : numpy.ndarray
        Wavelet transforms, complex: of the series with mean 0 and standard deviation 1, or as
        they are with ``normalize=False``.
    S1, S2 : numpy.ndarray
        Smoothed power, S(abs(W)**2 / s).
    S12 : numpy.ndarray
        Smoothed cross-spectrum, S(W1 conj(W2) / s), complex.
    """

    W1: Complex
    W2: Complex
    S1: Floats
    S2: Floats
    S12: Complex

    @classmethod
    def empty(cls, n_scales: int, n: int) -> PairSpectra:
        """Return arrays to be filled."""
        dtypes = complex, complex, float, float, complex
        return cls(*(np.empty((n_scales, n), dtype) for dtype in dtypes))

    @property
    def phase(self) -> Floats:
        """Phase of the smoothed cross-spectrum in radians, in (-pi, pi].

        Positive: the second series lags, as in `aWCT`, which is not smoothed.
        """
        return np.angle(self.S12)

    def multiply(self, first: float, second: float) -> None:
        """Make these the spectra of the series times two factors."""
        factors = first, second, first**2, second**2, first * second
        for factor, field in zip(factors, vars(self).values(), strict=True):
            field *= factor

    def rows(self, order: slice) -> PairSpectra:
        """Return the scales in another order."""
        return PairSpectra(*(each[order] for each in vars(self).values()))


def coherence_of_series(
    series: Floats,
    geometry: Geometry,
    statistic: Statistic = PAIR,
    spectra: PairSpectra | None = None,
) -> tuple[Floats, Floats]:
    """Return R2 and the phase of measured series.

    Parameters
    ----------
    series : numpy.ndarray
        The series, shape (q, n), in the order of the statistic.
    geometry : Geometry
        Of the series.
    statistic : Statistic
        Which coherence.
    spectra : PairSpectra, optional
        To be filled with what R2 of a pair is made of.

    Returns
    -------
    R2, phase : numpy.ndarray
        (scale, time). The phase of a pair is that of W1 conj(W2); of a partial coherence that of
        the smoothed cross-spectrum with the others removed; a multiple one has none, NaN.
    """
    if geometry.smooths_itself:
        return coherence_by_own_smooth(series, geometry, statistic, spectra)
    n, n_fft = geometry.n_times, geometry.n_fft
    R2, phase = (np.empty((geometry.n_scales, n)) for _ in range(2))

    def keep_transforms(scales: slice, W: AtTimes) -> None:
        for times, ((real1, real2), (imag1, imag2)) in W.stretches():  # what turns both cancels
            along = real1 * real2
            along += imag1 * imag2
            across = imag1 * real2
            across -= real1 * imag2
            np.arctan2(across, along, out=phase[scales, times])
        if spectra is not None:
            W.write(spectra.W1[scales], spectra.W2[scales])

    # `smoothed_spectra` gives them for scales in samples, and up to the boxcar's constant.
    unit = 1 / geometry.dt
    if geometry.windows is None:
        unit *= ScaleBoxcar.factor(geometry.taps)
    record = RecordSpectra(
        series, geometry, pack_spectra, n_fields(len(series)), results=(phase, R2)
    )
    for scales, S in record.smoothed(keep_transforms if statistic == PAIR else None):
        if spectra is not None:
            for times, ((S1, real), (S2, imag)) in S.stretches():
                spectra.S1[scales, times], spectra.S2[scales, times] = unit * S1, unit * S2
                spectra.S12[scales, times] = unit * (real + 1j * imag)
        _evaluate(S, statistic, n_fft, R2[scales], phase[scales])
        if n > _LONG:  # the next one takes as much memory; to get fresh memory takes time
            del S
    return R2, phase


def pack_spectra(W: Complex, fields: Complex) -> None:
    """Write the packed spectral matrix of transforms (series, scale, time) to `fields`."""
    for part in stretches(W.shape[-1], W.shape[1]):
        some = W[..., part]
        _pack_fields(some, fields[..., part], np.empty(some.shape[1:], complex), NUMPY)


def coherence_by_own_smooth(
    series: Floats,
    geometry: Geometry,
    statistic: Statistic = PAIR,
    spectra: PairSpectra | None = None,
) -> tuple[Floats, Floats]:
    """Return the same as `coherence_of_series`, smoothed by the mother wavelet's own `smooth`."""
    W = [
        forward(one, geometry.mother, geometry.scales, geometry.dt, geometry.n_fft)[0]
        for one in series
    ]
    S = np.zeros((n_fields(len(W)), *W[0].shape), dtype=complex)
    for second, transform in enumerate(W):
        power(S, second)[...] = np.real(own_smooth(np.abs(transform) ** 2, geometry))
        for first in range(second):
            cross(S, first, second)[...] = own_smooth(W[first] * transform.conj(), geometry)
    if spectra is not None:
        parts = (*W, power(S, 0), power(S, 1), S[1])
        for kept, values in zip(vars(spectra).values(), parts, strict=True):
            kept[:] = values
    R2, phase = (np.empty(W[0].shape) for _ in range(2))
    if statistic == PAIR:
        _write_phase(W[0] * W[1].conj(), phase)
    for scale in range(geometry.n_scales):
        row = slice(scale, scale + 1)
        known = AtTimes(S[:, row].reshape(len(S), -1), (len(S), 1), S.shape[-1])
        _evaluate(known, statistic, geometry.n_fft, R2[row], phase[row])
    return R2, phase


def _write_phase(field: Complex, out: Floats) -> None:
    np.arctan2(field.imag, field.real, out=out)


def _evaluate(S: AtTimes, statistic: Statistic, n_fft: int, R2: Floats, phase: Floats) -> None:
    """Write R2 at some scales, NaN where it is not defined, and the phase unless it is a pair's."""
    rounding, n_series = _rounding(n_fft), statistic.n_series
    if statistic == PAIR:
        _evaluate_pair(S, rounding, R2)
        return
    n_powers = (n_series + 1) // 2
    largest = np.zeros((2, n_powers, len(R2)))
    for _, powers in S.stretches(n_powers):
        np.maximum(largest, powers.max(axis=-1), out=largest)
    most = [largest[series % 2, series // 2, :, np.newaxis] for series in range(n_series)]
    with np.errstate(all="ignore"):
        for times, (real, imaginary) in S.stretches():
            own, own_phase = R2[:, times], phase[:, times]
            some, scratch = np.empty(real.shape, complex), np.empty(own.shape, complex)
            some.real, some.imag = real, imaginary
            unknown = statistic.undefined(some, rounding, most)
            statistic.R2(some, own, scratch)
            if statistic.name == "partial":
                _write_phase(cross(some, 0, 1), own_phase)
            own_phase[unknown | (statistic.name == "multiple")] = np.nan
            own[unknown] = np.nan
            np.clip(own, 0.0, 1.0, out=own)


def _evaluate_pair(S: AtTimes, rounding: float, R2: Floats) -> None:
    """Write R2 of a pair at some scales, NaN where a power is as small as rounding errors."""
    least, most = np.full((2, len(R2), 1), np.inf), np.zeros((2, len(R2), 1))
    with np.errstate(all="ignore"):
        for times, parts in S.stretches():
            np.minimum(least, parts[:, 0].min(axis=-1, keepdims=True), out=least)
            np.maximum(most, parts[:, 0].max(axis=-1, keepdims=True), out=most)
            (power1, real), (power2, imaginary) = parts
            real *= real
            imaginary *= imaginary
            real += imaginary
            power1 *= power2
            np.divide(real, power1, out=R2[:, times])
            np.minimum(R2[:, times], 1.0, out=R2[:, times])
    if not (least > rounding * most).all():
        for times, powers in S.stretches(1):
            known = (powers[:, 0] > rounding * most).all(axis=0)
            R2[:, times][~known] = np.nan


def own_smooth(field: NDArray[Any], geometry: Geometry) -> NDArray[Any]:
    """Return a field over the scale, smoothed by the `smooth` of the mother wavelet."""
    mother, scales = geometry.mother, geometry.scales
    if math.isnan(geometry.dj):
        raise ValueError(
            f"`freqs` must be evenly spaced in octaves for {type(mother).__name__}, whose own "
            "`smooth` is given their spacing `dj`. Pass numpy.geomspace(highest, lowest, n)."
        )
    divided = field / scales[:, np.newaxis]
    smoothed = np.asarray(mother.smooth(divided, geometry.dt, geometry.dj, scales))
    if smoothed.shape != field.shape:
        raise ValueError(
            f"`smooth` of {type(mother).__name__} must return a field of the shape it is given, "
            f"{field.shape}, got {smoothed.shape}."
        )
    return smoothed


def is_silent(size: Floats, n_fft: int) -> NDArray[np.bool_]:
    """Return where the smoothed power of a scale is no larger than its rounding errors."""
    return np.asarray(~(size > _rounding(n_fft) * size.max()))


def _rounding(n_fft: int) -> float:
    """Return the rounding error of a smoothed spectrum, as a share of its largest value.

    Smoothing by FFT leaves rounding errors of the scale's largest power everywhere. Where the
    power itself is no larger, a quotient would be noise divided by noise.
    """
    return float(_SILENCE_ROUNDING_ERRORS * np.finfo(float).eps * np.log2(max(n_fft, 2)))
