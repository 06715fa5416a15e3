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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import NUMPY, Array, ArrayOps
from .transform import NEGLIGIBLE, forward, wavelet_filter

# Smoothed power below this many rounding errors of its scale's largest value is no signal.
_SILENCE_ROUNDING_ERRORS = 16

# Rows up to this length are passed over together with their padding.
_SHORT_ROW = 128


@dataclass(frozen=True)
class Band:
    """A part of a filter that is not negligible.

    It multiplies the coefficients `source` of a spectrum, and goes to the places `target` of a row
    in FFT order; `adds` to what is there already, where a row is folded over itself.
    """

    source: slice
    target: slice
    values: Array
    adds: bool = False


@dataclass(frozen=True)
class ScaleFilter:
    """Everything that one scale multiplies by: wavelet and time window, on one FFT length."""

    n_fft: int
    wavelet: tuple[Band, ...]
    window: tuple[Band, ...]


@dataclass(frozen=True)
class FilterBank:
    """The geometry of a coherence: filters for each scale, and the boxcar across scales.

    Parameters
    ----------
    n : int
        Samples of each series.
    lengths : tuple of int
        The FFT lengths in use, ascending.
    filters : sequence of ScaleFilter
        One for each scale, in order.
    taps : numpy.ndarray
        The boxcar across scales: symmetric, all inner taps equal.
    """

    n: int
    lengths: tuple[int, ...]
    filters: Sequence[ScaleFilter]
    taps: NDArray[np.float64]


class _Filters(Sequence[ScaleFilter]):
    """The filters of a geometry, each computed when it is asked for."""

    def __init__(
        self, mother: Any, scales: NDArray[np.float64], lengths: NDArray[np.intp], ops: ArrayOps
    ) -> None:
        self._mother, self._ops = mother, ops
        self._rows = list(zip(scales.tolist(), lengths.tolist(), strict=True))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: Any) -> Any:
        scale, length = self._rows[place]
        response = wavelet_filter(self._mother, scale, length, 1.0)
        window = self._mother.smoothing_window(scale, length) / scale
        return ScaleFilter(length, bands_of(response, self._ops), bands_of(window, self._ops))


def make_bank(
    mother: Any,
    scales: NDArray[np.float64],
    n: int,
    lengths: NDArray[np.intp],
    taps: NDArray[np.float64],
    ops: ArrayOps = NUMPY,
    *,
    keep: bool = True,
) -> FilterBank:
    """Describe a geometry by its filters.

    Parameters
    ----------
    mother : MotherWavelet
        The wavelet.
    scales : numpy.ndarray
        Scales in samples.
    n : int
        Samples of each series.
    lengths : numpy.ndarray
        FFT length of each scale, at least n.
    taps : numpy.ndarray
        Boxcar across scales.
    ops : ArrayOps
        Where the filters are to live.
    keep : bool
        Whether to compute all filters now and keep them, for many passes over the scales; or
        each on demand, for one pass in little memory.
    """
    filters: Sequence[ScaleFilter] = _Filters(mother, scales, lengths, ops)
    return FilterBank(
        n, tuple(np.unique(lengths).tolist()), tuple(filters) if keep else filters, taps
    )


def bands_of(row: NDArray[Any], ops: ArrayOps) -> tuple[Band, ...]:
    """Keep the parts of a filter above rounding error, at positive and negative frequencies."""
    size = np.abs(row)
    if not np.isfinite(size).all():
        raise ValueError(
            "`wavelet` must have finite `psi_ft` and `smoothing_window` at every scale and "
            "frequency, got NaN or infinity."
        )
    kept = size > NEGLIGIBLE * size.max()
    middle = row.size // 2 + 1
    bands: list[Band] = []
    for first, last in ((0, middle), (middle, row.size)):
        inside = np.flatnonzero(kept[first:last])
        if inside.size:
            start, stop = first + int(inside[0]), first + int(inside[-1]) + 1
            if bands and bands[-1].target.stop == start:  # one band without a gap
                start = bands.pop().target.start
            part = slice(start, stop)
            values = row[part].astype(complex if np.iscomplexobj(row) else float)
            bands.append(Band(part, part, ops.from_host(values)))
    return tuple(bands)


def filtered(source: Array, bands: tuple[Band, ...], target: Array, ops: ArrayOps) -> None:
    """Write `source` times a filter to `target`, zero outside its bands; they may be the same.

    Bands that do not add come first, ascending and apart from each other.
    """
    edge = 0
    for band in bands:
        if not band.adds:
            target[..., edge : band.target.start] = 0
            part = source[..., band.source]
            ops.xp.multiply(part, band.values, out=target[..., band.target])
            edge = band.target.stop
    target[..., edge:] = 0
    for band in bands:
        if band.adds:
            target[..., band.target] += source[..., band.source] * band.values


class _RunningSum:
    """Sum of the last `width` rows pushed, by additions only.

    Rows come in chunks of `width`. Suffix sums of the previous chunk plus the prefix sum of the
    current one make each window (van Herk's scheme): two additions a row at any width, and none
    of the cancellation of a sum from which old rows are subtracted.
    """

    def __init__(self, width: int, shape: tuple[int, ...], ops: ArrayOps) -> None:
        self._ops = ops
        self._width = width
        self._rows = ops.zeros((width, *shape), "complex")
        self._prefix = ops.zeros(shape, "complex")
        self._position = 0

    def push(self, row: Array | None, out: Array) -> None:
        """Add a row (None: a row of zeros) and write the sum of the last rows to `out`."""
        add = self._ops.xp.add
        at, last = self._position, self._width - 1
        if at == 0:
            self._prefix[...] = 0
        if row is not None:
            add(self._prefix, row, out=self._prefix)
        if at < last:
            add(self._prefix, self._rows[at + 1], out=out)
        else:
            out[...] = self._prefix
        self._rows[at] = 0 if row is None else row
        if at == last:
            for back in range(last - 1, -1, -1):
                add(self._rows[back], self._rows[back + 1], out=self._rows[back])
        self._position = 0 if at == last else at + 1


class _ScaleBoxcar:
    """The boxcar across scales, fed one scale at a time, up to a constant factor.

    With end taps e relative to the inner ones and A the sum over all taps but one, the window is
    e (A_t + A_(t-1)) + (1 - 2 e) B, B the sum over the inner taps; pycwt's e is a half.
    """

    def __init__(self, taps: NDArray[np.float64], shape: tuple[int, ...], ops: ArrayOps) -> None:
        self._ops = ops
        self._single = taps.size == 1
        if self._single:
            self._older = self._newer = ops.zeros(shape, "complex")
            return
        self._end = float(taps[0] / taps[taps.size // 2]) if taps.size > 2 else 0.5
        self._newer = ops.zeros(shape, "complex")
        self._older = ops.zeros(shape, "complex")
        self._outer = _RunningSum(taps.size - 1, shape, ops)
        self._inner: _RunningSum | None = None
        if self._end != 0.5 and taps.size > 2:
            self._inner = _RunningSum(taps.size - 2, shape, ops)
            self._inner_newer = ops.zeros(shape, "complex")
            self._inner_older = ops.zeros(shape, "complex")

    def push(self, row: Array | None) -> None:
        """Add the next scale; None stands for the scales past the end, which do not exist."""
        if self._single:
            self._newer[...] = row
            return
        self._older, self._newer = self._newer, self._older
        self._outer.push(row, self._newer)
        if self._inner is not None:
            self._inner_older, self._inner_newer = self._inner_newer, self._inner_older
            self._inner.push(row, self._inner_newer)

    def read(self, part: slice, out: Array) -> None:
        """Write the window that ends at the last scale pushed, at the times `part`, to `out`."""
        xp = self._ops.xp
        if self._single:
            out[...] = self._newer[..., part]
            return
        xp.add(self._newer[..., part], self._older[..., part], out=out)
        if self._inner is not None:
            out *= self._end
            out += (1 - 2 * self._end) * self._inner_older[..., part]


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
    ahead = (bank.taps.size - 1) // 2  # how far the window reaches beyond its own scale
    boxcar = _ScaleBoxcar(bank.taps, (*shape, width), ops)
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


def _working_width(bank: FilterBank) -> int:
    """Return how many times to compute: the padding too where rows are short.

    Whole arrays are passed over faster than many short rows, and nothing is read of the rest.
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


def coherence_of_pair(
    pair: NDArray[np.float64],
    mother: Any,
    scales: NDArray[np.float64],
    dt: float,
    taps: NDArray[np.float64],
    n_fft: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return R2 and the phase of W1 conj(W2) of two measured series.

    Parameters
    ----------
    pair : numpy.ndarray
        The two series, shape (2, n).
    mother : MotherWavelet
        The wavelet.
    scales : numpy.ndarray
        Scales, in the unit of `dt`.
    dt : float
        Sampling interval.
    taps : numpy.ndarray
        Boxcar across scales.
    n_fft : int
        FFT length.

    Returns
    -------
    R2, phase : numpy.ndarray
        (scale, time).
    """
    n = pair.shape[1]
    lengths = np.full(scales.size, n_fft)
    bank = make_bank(mother, scales / dt, n, lengths, taps, keep=False)
    padded = np.zeros((2, 1, n_fft), dtype=complex)
    padded[:, 0, :n] = pair
    R2 = np.empty((scales.size, n))
    phase = np.empty((scales.size, n))

    def keep_phase(scale: int, W: NDArray[np.complex128]) -> None:
        cross = W[0, 0] * W[1, 0].conj()
        np.arctan2(cross.imag, cross.real, out=phase[scale])

    everywhere = slice(0, n)
    spectra = {n_fft: NUMPY.fft(padded)}
    for scale, S in smoothed_spectra(
        spectra, bank, parts=lambda _: everywhere, on_transform=keep_phase
    ):
        with np.errstate(all="ignore"):
            squared_coherence(S, R2[np.newaxis, scale], np.empty((1, 2 * n)))
        _settle(R2[scale], S[0, 0].real, S[0, 0].imag, n_fft)
    return R2, phase


def coherence_by_own_smooth(
    pair: NDArray[np.float64],
    mother: Any,
    scales: NDArray[np.float64],
    dt: float,
    dj: float,
    n_fft: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return R2 and the phase of two series, smoothed by the mother wavelet's own `smooth`.

    Parameters and results as in `coherence_of_pair`; `dj` is the spacing of the scales.
    """
    W1, _ = forward(pair[0], mother, scales, dt, n_fft)
    W2, _ = forward(pair[1], mother, scales, dt, n_fft)
    column = scales[:, np.newaxis]
    cross = W1 * W2.conj()
    S1, S2, S12 = (
        own_smooth(mother, field / column, dt, dj, scales)
        for field in (np.abs(W1) ** 2, np.abs(W2) ** 2, cross)
    )
    S1, S2 = np.real(S1), np.real(S2)
    with np.errstate(all="ignore"):
        R2 = np.abs(S12) ** 2 / (S1 * S2)
    for row, power1, power2 in zip(R2, S1, S2, strict=True):
        _settle(row, power1, power2, n_fft)
    return R2, np.angle(cross)


def own_smooth(
    mother: Any, field: NDArray[Any], dt: float, dj: float, scales: NDArray[np.float64]
) -> NDArray[Any]:
    """Return what a mother wavelet's own `smooth` makes of a field."""
    smoothed = np.asarray(mother.smooth(field, dt, dj, scales))
    if smoothed.shape != field.shape:
        raise ValueError(
            f"`smooth` of {type(mother).__name__} must return a field of the shape it is given, "
            f"{field.shape}, got {smoothed.shape}."
        )
    return smoothed


def _settle(
    R2: NDArray[np.float64],
    power1: NDArray[np.float64],
    power2: NDArray[np.float64],
    n_fft: int,
) -> None:
    """Put NaN in place of R2 at one scale where a series is silent; keep the rest within [0, 1].

    Smoothing by FFT leaves rounding errors of the scale's largest power everywhere. Where the
    power itself is no larger, the quotient would be noise divided by noise.
    """
    for power in (power1, power2):
        R2[is_silent(power, n_fft)] = np.nan
    np.clip(R2, 0.0, 1.0, out=R2)


def is_silent(power: NDArray[np.float64], n_fft: int) -> NDArray[np.bool_]:
    """Return where the smoothed power of a scale is no larger than its rounding errors."""
    rounding = _SILENCE_ROUNDING_ERRORS * np.finfo(float).eps * np.log2(max(n_fft, 2))
    return np.asarray(~(power > rounding * power.max()))
