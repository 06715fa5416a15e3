"""The wavelet coherence on arrays: one pass over the scales, from two spectra to R2.

R2 = |S(W1 conj(W2)/s)|^2 / (S(|W1|^2/s) S(|W2|^2/s)), where S smooths each scale in time by the
window of the mother wavelet and then across scales by a boxcar (Grinsted et al. 2004).

One scale is in work at a time, for a batch of series pairs, so the working set stays in the
processor's cache. The two power fields are real and the time window is even, so both go through
one complex FFT as its real and imaginary part: six FFTs per scale and pair in all.

Axes: (field, pair, time), where the two fields are the two series, then (power 1 + i power 2,
cross spectrum).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import NUMPY, Array, ArrayOps
from .boxcar import ScaleBoxcar, ScaleWindows
from .filters import FilterBank, ScaleFilter, filtered
from .geometry import Geometry
from .transform import forward

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

# Smoothed power below this many rounding errors of its scale's largest value is no signal.
_SILENCE_ROUNDING_ERRORS = 16

# Rows up to this length are passed over together with their padding.
_SHORT_ROW = 128


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
        up, by default their zero-padded FFT: complex, shape (2, n_pairs, n_fft), first axis the
        two series of a pair.
    bank : FilterBank
        The geometry.
    ops : ArrayOps
        Where the arrays live.
    parts : callable
        ``parts(scale_index)``: the slice of times that is wanted; empty ones are passed over.
    on_transform : callable, optional
        Called with (scale index, W), W the wavelet transforms (2, n_pairs, n), valid during the
        call.

    Yields
    ------
    scale_index : int
        In ascending order.
    S : array
        Complex, shape (2, n_pairs, part): S[0] is S(|W1|^2/s) + i S(|W2|^2/s), S[1] is
        S(W1 conj(W2)/s), both times the same positive constant. Overwritten by the next step.
    """
    n_pairs = next(iter(spectra.values())).shape[1]
    # One piece of memory for all FFT lengths, so that it stays in the cache.
    memory = ops.zeros((4 * n_pairs * bank.lengths[-1],), "complex")
    width = _working_width(bank)
    scratch = ops.zeros((n_pairs, 2 * width), "real")

    def fields_of(scale: int, row: ScaleFilter) -> Array:
        transforms, fields = memory[: 4 * n_pairs * row.n_fft].reshape((2, 2, n_pairs, row.n_fft))
        filtered(spectra[row.n_fft], row.wavelet, transforms, ops)
        W = ops.ifft(transforms)[..., :width]
        if on_transform is not None:
            on_transform(scale, W[..., : bank.n])
        _pack_fields(W, fields, scratch, ops)
        fields[..., bank.n :] = 0
        return fields

    yield from smoothed_fields(fields_of, (2, n_pairs), bank, ops, parts=parts)


def smoothed_fields(
    fields_of: Callable[[int, ScaleFilter], Array],
    shape: tuple[int, ...],
    bank: FilterBank,
    ops: ArrayOps = NUMPY,
    *,
    parts: Callable[[int], slice],
) -> Iterator[tuple[int, Array]]:
    """Smooth fields in time and across scales, one scale at a time.

    Parameters
    ----------
    fields_of : callable
        ``fields_of(scale_index, filters)``: the fields at one scale, complex, shape
        (..., filters.n_fft), zero from time n on. May be overwritten.
    shape : tuple of int
        The leading axes of the fields.
    bank : FilterBank
        The geometry.
    ops : ArrayOps
        Where the arrays live.
    parts : callable
        As in `smoothed_spectra`.

    Yields
    ------
    scale_index : int
        In ascending order.
    S : array
        Complex, shape (..., part): S(field / s) times the positive constant of
        `smoothed_spectra`. Overwritten by the next step.
    """
    n_scales, width = len(bank.filters), _working_width(bank)
    boxcar = _window_across_scales(bank, (*shape, width), ops)
    ahead = boxcar.ahead  # how far the window reaches beyond its own scale
    n_rows = math.prod(shape)
    result = ops.zeros((n_rows * bank.n,), "complex")
    for newest in range(n_scales + ahead):
        if newest < n_scales:
            row = bank.filters[newest]
            fields = ops.fft(fields_of(newest, row))
            filtered(fields, row.window, fields, ops)
            boxcar.push(ops.ifft(fields)[..., :width])
        else:
            boxcar.push(None)
        centre = newest - ahead
        if centre >= 0:
            part = parts(centre)
            if part.start < part.stop:
                n = part.stop - part.start
                S = result[: n_rows * n].reshape((*shape, n))
                boxcar.read(part, S)
                yield centre, S


def _window_across_scales(
    bank: FilterBank, shape: tuple[int, ...], ops: ArrayOps
) -> ScaleBoxcar | ScaleWindows:
    """Return what smooths across scales: a boxcar wherever their spacing is even."""
    if bank.windows is not None:
        return ScaleWindows(bank.windows, shape, ops)
    return ScaleBoxcar(bank.taps, shape, ops)


def _working_width(bank: FilterBank) -> int:
    """Return the number of times to compute: with the padding where rows are short.

    Whole arrays are faster to pass over than many short rows; the padding's values are not read.
    """
    only = bank.lengths[0]
    return only if only == bank.lengths[-1] and only <= _SHORT_ROW else bank.n


def _pack_fields(W: Array, fields: Array, scratch: Array, ops: ArrayOps) -> None:
    """Write |W1|^2 + i |W2|^2 and W1 conj(W2) to the beginning of `fields`."""
    n = W.shape[-1]
    power, cross = fields[0, ..., :n], fields[1, ..., :n]
    # Contiguous reals are squared several times faster than strided real and imaginary parts.
    for series, target in ((W[0], power.real), (W[1], power.imag)):
        _squared_size(series, target, scratch, ops)
    ops.xp.conj(W[1], out=cross)
    ops.xp.multiply(cross, W[0], out=cross)


def _squared_size(field: Array, out: Array, scratch: Array, ops: ArrayOps) -> None:
    """Write |field|^2 to the real array `out`; `scratch` holds twice as many reals."""
    parts = ops.as_real(field)
    squares = scratch[..., : parts.shape[-1]]
    ops.xp.multiply(parts, parts, out=squares)
    ops.xp.add(squares[..., ::2], squares[..., 1::2], out=out)


def squared_coherence(S: Array, out: Array, scratch: Array, ops: ArrayOps = NUMPY) -> None:
    """Write R2 = |S12|^2 / (S1 S2) to the real array `out`.

    `scratch` is a real array at least twice as long on its last axis.
    """
    _squared_size(S[1], out, scratch, ops)
    product = scratch[..., : out.shape[-1]]
    ops.xp.multiply(S[0].real, S[0].imag, out=product)
    out /= product


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


def coherence_of_pair(
    pair: Floats, geometry: Geometry, spectra: PairSpectra | None = None
) -> tuple[Floats, Floats]:
    """Return R2 and the phase of W1 conj(W2) of two measured series.

    Parameters
    ----------
    pair : numpy.ndarray
        The two series, shape (2, n).
    geometry : Geometry
        Of the pair.
    spectra : PairSpectra, optional
        To be filled with what R2 is made of.

    Returns
    -------
    R2, phase : numpy.ndarray
        (scale, time).
    """
    if geometry.smooths_itself:
        return coherence_by_own_smooth(pair, geometry, spectra)
    n, n_fft = geometry.n_times, geometry.n_fft
    bank = geometry.make_bank(keep=False)
    padded = np.zeros((2, 1, n_fft), dtype=complex)
    padded[:, 0, :n] = pair
    R2 = np.empty((geometry.n_scales, n))
    phase = np.empty((geometry.n_scales, n))

    def keep_phase(scale: int, W: Complex) -> None:
        cross = W[0, 0] * W[1, 0].conj()
        np.arctan2(cross.imag, cross.real, out=phase[scale])
        if spectra is not None:
            spectra.W1[scale], spectra.W2[scale] = W[:, 0]

    # `smoothed_spectra` gives them for scales in samples, and up to the boxcar's constant.
    unit = 1 / geometry.dt
    if bank.windows is None:
        unit *= ScaleBoxcar.factor(bank.taps)
    everywhere = slice(0, n)
    for scale, S in smoothed_spectra(
        {n_fft: NUMPY.fft(padded)}, bank, parts=lambda _: everywhere, on_transform=keep_phase
    ):
        if spectra is not None:
            spectra.S12[scale] = unit * S[1, 0]
            spectra.S1[scale], spectra.S2[scale] = unit * S[0, 0].real, unit * S[0, 0].imag
        with np.errstate(all="ignore"):
            squared_coherence(S, R2[np.newaxis, scale], np.empty((1, 2 * n)))
        _settle(R2[scale], S[0, 0].real, S[0, 0].imag, n_fft)
    return R2, phase


def coherence_by_own_smooth(
    pair: Floats, geometry: Geometry, spectra: PairSpectra | None = None
) -> tuple[Floats, Floats]:
    """Return the same as `coherence_of_pair`, smoothed by the mother wavelet's own `smooth`."""
    W1, W2 = (
        forward(series, geometry.mother, geometry.scales, geometry.dt, geometry.n_fft)[0]
        for series in pair
    )
    cross = W1 * W2.conj()
    S1, S2, S12 = (own_smooth(f, geometry) for f in (np.abs(W1) ** 2, np.abs(W2) ** 2, cross))
    S1, S2 = np.real(S1), np.real(S2)
    if spectra is not None:
        for kept, values in zip(vars(spectra).values(), (W1, W2, S1, S2, S12), strict=True):
            kept[:] = values
    with np.errstate(all="ignore"):
        R2 = np.abs(S12) ** 2 / (S1 * S2)
    for row, power1, power2 in zip(R2, S1, S2, strict=True):
        _settle(row, power1, power2, geometry.n_fft)
    return R2, np.angle(cross)


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


def _settle(R2: Floats, power1: Floats, power2: Floats, n_fft: int) -> None:
    """Put NaN in place of R2 at one scale where a series is silent; keep the rest within [0, 1].

    Smoothing by FFT leaves rounding errors of the scale's largest power everywhere. Where the
    power itself is no larger, the quotient would be noise divided by noise.
    """
    for power in (power1, power2):
        R2[is_silent(power, n_fft)] = np.nan
    np.clip(R2, 0.0, 1.0, out=R2)


def is_silent(power: Floats, n_fft: int) -> NDArray[np.bool_]:
    """Return where the smoothed power of a scale is no larger than its rounding errors."""
    rounding = _SILENCE_ROUNDING_ERRORS * np.finfo(float).eps * np.log2(max(n_fft, 2))
    return np.asarray(~(power > rounding * power.max()))
