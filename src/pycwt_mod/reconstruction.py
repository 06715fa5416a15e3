"""A series rebuilt from a part of its transform: a band of periods, or what is significant.

The sum of a transform over some scales is the series seen through a filter: a wave in the middle of
them comes through almost whole, one at their end by half. How much of it, at each frequency,
follows from the wavelet, and the sum is divided by that.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from .arguments import as_transform
from .limits import as_interval, positive_series
from .measures import in_band, vertex
from .mothers import as_mother

__all__ = ["reconstruct"]

Array = NDArray[np.float64]

# The response of a complex wavelet to negative frequencies is below this share; of a real one, 1.
_REAL = 0.1


def reconstruct(
    W: ArrayLike,
    sj: ArrayLike,
    dt: float,
    wavelet: Any = "morlet",
    *,
    low: float | None = None,
    high: float | None = None,
    mask: ArrayLike | None = None,
) -> Array:
    """Rebuild a series from a band of periods of its transform, or from a part that is marked.

    Use it for the signal of a band, such as El Nino's 2 to 7 years, or of what is significant. For
    the whole series there is `icwt`.

    Parameters
    ----------
    W : array_like
        Wavelet transform of a real series from `cwt`, shape (n_scales, n).
    sj : array_like
        Its scales, shape (n_scales,).
    dt : float
        Sampling interval.
    wavelet : MotherWavelet or str, default "morlet"
        Mother wavelet that `cwt` was given.
    low, high : float, optional
        Limits of the band in Fourier periods, in the unit of `dt`; by default all periods.
    mask : array_like of bool, optional
        The points to keep, shape (n_scales, n), such as ``abs(W)**2 > level[:, None]``; within the
        band, if there are limits, too.

    Returns
    -------
    numpy.ndarray
        Shape (n,), without the mean of the series. With a mask, 0 at times without a point.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here, the band holds no period of the transform, or a
        mask is given for a real wavelet, whose power is 0 several times in each period.

    Notes
    -----
    Without a mask this is a linear filter. The amplitude of a wave within the band is right to 1 %,
    at times that are twice as far from the ends of the record as the cone of influence. Beyond its
    limits the response falls off with that of the wavelet: for Morlet 6 and a band of an octave to
    about 0.45 a fifth of an octave on, to 0.03 at most three quarters of an octave on; far more
    slowly for a Paul wavelet or a derivative of a Gaussian, which tell neighbouring periods badly
    apart.

    With a mask, scales that are marked side by side at a time are summed, and divided by the part
    of a wave that they hold: a wave of the period at which their power is largest. So a wave that
    the mask follows is right to 1 %, too, wherever its margins are, unless another wave is among
    the same scales. Torrence & Compo's constant `cdelta` would be right only for margins much wider
    than the wavelet's response.

    References
    ----------
    Torrence & Compo (1998), eq. 11 and 29. doi:10.1175/1520-0477(1998)079<0061:APGTWA>2.0.CO;2

    Examples
    --------
    >>> import numpy as np
    >>> from pycwt_mod import cwt
    >>> t = np.arange(512)
    >>> wave = 3 * np.sin(2 * np.pi * t / 20)
    >>> W, sj, *_ = cwt(wave + np.sin(2 * np.pi * t / 100), 1.0)
    >>> band = reconstruct(W, sj, 1.0, low=16, high=32)
    >>> bool(np.abs(band - wave)[96:-96].max() < 0.03)
    True
    """
    mother, step = as_mother(wavelet), as_interval(dt)
    scales = positive_series(sj, "sj", min_size=2)
    field = as_transform(W, scales.size)
    periods = mother.flambda() * scales
    inside = in_band(periods, low, high)
    # The sum over scales is an integral over their logarithm, whatever their spacing.
    weights = np.abs(np.gradient(np.log(scales)))
    sizes = weights * np.sqrt(step / scales)
    if mask is not None:
        _refuse_real(mother)
        kept = _as_mask(mask, field.shape) & inside[:, np.newaxis]
        return _of_marked(field, kept, scales, weights, sizes, mother)
    summed = sizes[inside] @ field.real[inside]
    lowest, highest = periods.min(), periods.max()
    band = max(low or lowest, lowest), min(high or highest, highest)
    return _equalised(summed, step, band, scales[inside], weights[inside], mother)


def _equalised(
    summed: Array,
    dt: float,
    band: tuple[float, float],
    scales: Array,
    weights: Array,
    mother: Any,
) -> Array:
    """Return a sum over scales with the response 1 within a band; beyond, it falls from there."""
    n = summed.size
    n_fft = scipy.fft.next_fast_len(2 * n, real=True)
    omega = 2 * np.pi * scipy.fft.rfftfreq(n_fft, dt)
    limits = 2 * np.pi / band[1], 2 * np.pi / band[0]
    different, which = np.unique(np.clip(omega, *limits), return_inverse=True)
    gain = sum(
        weight * _response(mother, scale * different)
        for scale, weight in zip(scales, weights, strict=True)
    )
    spectrum = scipy.fft.rfft(summed, n_fft) / np.asarray(gain)[which]
    return np.asarray(scipy.fft.irfft(spectrum, n_fft)[:n])


def _of_marked(
    W: NDArray[Any],
    mask: NDArray[np.bool_],
    scales: Array,
    weights: Array,
    sizes: Array,
    mother: Any,
) -> Array:
    """Return the sum of the runs of marked scales, each with the response 1 at its peak."""
    times, rows = np.nonzero(mask.T)  # time by time, along the scales
    if not times.size:
        return np.zeros(W.shape[1])
    starts = np.flatnonzero((np.diff(times, prepend=-1) != 0) | (np.diff(rows, prepend=-1) != 1))
    lengths = np.diff(starts, append=times.size)
    peaks = 2 * np.pi / _peak_periods(W, mother.flambda() * scales, rows, times, starts)
    shares = weights[rows] * _response(mother, scales[rows] * np.repeat(peaks, lengths))
    parts = np.add.reduceat(sizes[rows] * W.real[rows, times], starts)
    parts /= np.add.reduceat(shares, starts).real
    return np.asarray(np.bincount(times[starts], parts, minlength=W.shape[1]))


def _peak_periods(
    W: NDArray[Any], periods: Array, rows: NDArray[Any], times: NDArray[Any], starts: NDArray[Any]
) -> Array:
    """Return for each run of points the period of its largest power, between the scales."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.abs(W))
    values = logs[rows, times]
    largest = np.repeat(np.maximum.reduceat(values, starts), np.diff(starts, append=rows.size))
    runs = np.repeat(np.arange(starts.size), np.diff(starts, append=rows.size))
    at_peak = np.flatnonzero(values == largest)
    first = at_peak[np.unique(runs[at_peak], return_index=True)[1]]
    # A row more on each side, without power, so that each scale has two neighbours.
    places = np.pad(periods, 1, mode="reflect", reflect_type="odd")
    padded = np.pad(logs, ((1, 1), (0, 0)), constant_values=-math.inf)
    return vertex(places, padded, rows[first] + 1, times[first])[0]


def _response(mother: Any, x: Array) -> NDArray[Any]:
    """Return the response of the real part of the transform to a wave, s omega = x."""
    return np.asarray(
        math.sqrt(math.pi / 2) * (np.conj(mother.psi_ft(x)) + mother.psi_ft(-x)), dtype=complex
    )


def _refuse_real(mother: Any) -> None:
    """Raise ValueError for a wavelet that answers to negative frequencies as to positive ones."""
    peak = 2 * math.pi / mother.flambda()
    if abs(mother.psi_ft(-peak)) > _REAL * abs(mother.psi_ft(peak)):
        raise ValueError(
            "`mask` must be left out for a real wavelet, whose power is 0 several times in each "
            f"period, got {mother!r}. Use a Morlet or Paul wavelet, or `low` and `high` alone."
        )


def _as_mask(mask: Any, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    points = np.asarray(mask)
    if points.dtype != bool or points.shape != shape:
        raise ValueError(
            f"`mask` must be truth values of shape {shape}, got {points.dtype} of shape "
            f"{points.shape}."
        )
    return points
