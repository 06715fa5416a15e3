"""The functions of pycwt for one series: transform, inverse, significance of its power."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import chisquare, transform
from .arguments import (
    as_transform,
    averaged_band,
    averaged_times,
    padded_length,
    value_at_zero,
    variance_and_alpha,
)
from .indexes import sampling_of
from .keywords import explains_keywords
from .limits import (
    as_frequencies,
    as_interval,
    as_signal,
    as_spacing,
    given_scales,
    scale_arguments,
)
from .mothers import as_mother, constant
from .results import TransformResult, made_by
from .validation import as_count, as_level, brief

__all__ = ["cwt", "icwt", "significance"]

Array = NDArray[np.float64]


@explains_keywords()
def cwt(
    signal: ArrayLike,
    dt: float | None = None,
    dj: float = 1 / 12,
    s0: float = -1,
    J: float = -1,
    wavelet: Any = "morlet",
    freqs: ArrayLike | None = None,
) -> TransformResult:
    """Continuous wavelet transform of a series.

    Use it for the power of one series over time and scale. The cost grows as the number of
    scales times n log n; the result is the largest array in memory.

    Parameters
    ----------
    signal : array_like
        Evenly sampled series, shape (n,); real or complex.
    dt : float, optional
        Sampling interval, in the unit of time of all scales and periods. It may be left out where
        the index of a pandas Series or the coordinate of an xarray DataArray tells it.
    dj : float, default 1/12
        Spacing of the scales, in octaves.
    s0 : float, default -1
        Smallest scale; -1: that of Fourier period ``2 * dt``.
    J : float, default -1
        Number of scales less one; -1: as many as the length of the series allows.
    wavelet : MotherWavelet or str, default "morlet"
        Mother wavelet, or "morlet", "paul", "dog" or "mexicanhat" in any case.
    freqs : array_like, optional
        Fourier frequencies at which to transform, in place of `dj`, `s0` and `J`.

    Returns
    -------
    TransformResult
        A tuple of the six arrays below, as in pycwt, with names and with the `times`, `names` and
        `unit` of the input.
    W : numpy.ndarray
        Complex, shape (n_scales, n).
    sj : numpy.ndarray
        Scales, in the unit of `dt`.
    freqs : numpy.ndarray
        Fourier frequencies of the scales, in cycles per unit of `dt`.
    coi : numpy.ndarray
        Cone of influence: for each time the longest Fourier period free of edge effects.
    fft : numpy.ndarray
        Fourier transform of the zero-padded series at positive frequencies, over the square root
        of its padded length.
    fftfreqs : numpy.ndarray
        Fourier frequencies of `fft`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it.

    References
    ----------
    Torrence, C., and Compo, G. P. (1998). A practical guide to wavelet analysis. Bulletin of
    the American Meteorological Society 79, 61-78.
    doi:10.1175/1520-0477(1998)079<0061:APGTWA>2.0.CO;2

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(128)
    >>> W, sj, freqs, coi, fft, fftfreqs = cwt(np.sin(2 * np.pi * t / 16), dt=1.0)
    >>> W.shape
    (74, 128)
    >>> round(1 / freqs[np.argmax(np.abs(W[:, 64]))])
    16
    """
    mother = as_mother(wavelet)
    series = as_signal(signal, "signal", allow_complex=True)
    facts = sampling_of({"signal": signal}, dt if dt is None else as_interval(dt))
    dt = facts["dt"]
    if freqs is None:
        dj, s0, J = scale_arguments(series.size, dt, dj, s0, J, mother)
        grid = {"dj": dj, "s0": s0, "J": J}
        sj = transform.scale_axis(s0, dj, J)
        frequencies = 1 / (mother.flambda() * sj)
    else:
        frequencies = as_frequencies(freqs, series.size, dt, mother)
        grid = {"freqs": frequencies.tolist()}
        sj = 1 / (mother.flambda() * frequencies)
    n_fft = padded_length(series.size)
    W, spectrum = transform.forward(series, mother, sj, dt, n_fft)
    coi = transform.cone_of_influence(series.size, mother, dt)
    positive = slice(1, n_fft // 2)
    fftfreqs = transform.angular_frequencies(n_fft, dt)[positive] / (2 * np.pi)
    fft_of_series = spectrum[positive] / n_fft**0.5
    facts |= made_by("cwt", mother, sj, dt=dt, **grid)
    return TransformResult(W, sj, frequencies, coi, fft_of_series, fftfreqs, **facts)


@explains_keywords()
def icwt(
    W: ArrayLike, sj: ArrayLike, dt: float, dj: float = 1 / 12, wavelet: Any = "morlet"
) -> Array:
    """Inverse of the continuous wavelet transform: the series that `cwt` transformed.

    Parameters
    ----------
    W : array_like
        Wavelet transform from `cwt`, shape (n_scales, n).
    sj : array_like
        Its scales, shape (n_scales,).
    dt : float
        Sampling interval.
    dj : float, default 1/12
        Spacing of the scales that `cwt` was given, in octaves.
    wavelet : MotherWavelet or str, default "morlet"
        Mother wavelet that `cwt` was given.

    Returns
    -------
    numpy.ndarray
        Real series, shape (n,), without the part that lies beyond the scales.

    Raises
    ------
    ValueError
        If the shapes do not fit (this error is a `Warning` too, as in pycwt), or the wavelet has
        no reconstruction factor: odd derivatives of a Gaussian are zero at their centre.

    References
    ----------
    Torrence & Compo (1998), eq. 11. doi:10.1175/1520-0477(1998)079<0061:APGTWA>2.0.CO;2

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(2 * np.pi * np.arange(256) / 16)
    >>> W, sj, *_ = cwt(x, 1.0)
    >>> bool(np.abs(icwt(W, sj, 1.0) - x)[32:-32].max() < 0.03)
    True
    """
    mother, dt = as_mother(wavelet), as_interval(dt)
    scales = given_scales(sj, "sj", dt, min_size=1)
    field = as_transform(W, scales.size)
    factor = as_spacing(dj) * math.sqrt(dt)
    factor /= constant(mother, "cdelta") * value_at_zero(mother)
    return transform.inverse(field, scales, factor)


@explains_keywords()
def significance(
    signal: ArrayLike | float,
    dt: float,
    scales: ArrayLike,
    sigma_test: int = 0,
    alpha: float | None = None,
    significance_level: float = 0.95,
    dof: Any = -1,
    wavelet: Any = "morlet",
) -> tuple[Any, Any]:
    """Significance levels of wavelet power against red noise, by the chi-square distribution.

    Parameters
    ----------
    signal : array_like or float
        The series, shape (n,), or its variance.
    dt : float
        Sampling interval.
    scales : array_like
        Scales from `cwt`, at least two.
    sigma_test : {0, 1, 2}
        0: power at each time and scale (eq. 18); 1: its average over time (eq. 23); 2: its average
        over a band of scales (eq. 25 to 28).
    alpha : float, optional
        Lag-1 autocorrelation of the red noise; by default that of the series. 1, which pycwt's
        sample scripts set where `ar1` finds none, gives the limit: a level of zero, and a warning.
    significance_level : float, default 0.95
        Probability that the power of red noise stays below the level.
    dof : float or array_like, default -1
        Test 1: number of times averaged over, one for all scales or one for each. Test 2: the
        smallest and largest scale of the band. Not used by test 0.
    wavelet : MotherWavelet or str, default "morlet"
        Mother wavelet.

    Returns
    -------
    signif : numpy.ndarray or float
        Level of the power, for each scale; one number in test 2.
    fft_theor : numpy.ndarray or float
        Power of the red noise, for each scale; one number in test 2. In test 1 it is `signif`
        itself, as in pycwt.

    Raises
    ------
    ValueError
        If an argument is out of range, or a constant that the test needs does not exist.
    TypeError
        If an argument is of the wrong type, or `alpha` is missing and `signal` is a variance.

    References
    ----------
    Torrence, C., and Compo, G. P. (1998). A practical guide to wavelet analysis. Bulletin of
    the American Meteorological Society 79, 61-78.
    doi:10.1175/1520-0477(1998)079<0061:APGTWA>2.0.CO;2

    Examples
    --------
    >>> levels, spectrum = significance(1.0, 1.0, [2.0, 4.0], 0, 0.0)
    >>> levels.round(3)
    array([2.996, 2.996])
    """
    mother = as_mother(wavelet)
    dt = as_interval(dt)
    sj = given_scales(scales, "scales", dt, min_size=2)
    level = as_level(significance_level)
    variance, alpha = variance_and_alpha(signal, alpha, dt)
    spectrum = chisquare.red_noise_spectrum(sj, dt, alpha, variance, mother)
    test = as_count(sigma_test, "sigma_test", at_least=0)
    if test == 0:
        return chisquare.local_level(spectrum, level, mother), spectrum
    if test == 1:
        averaged = averaged_times(dof, sj, mother)
        levels = chisquare.time_average_level(spectrum, level, averaged, sj, dt, mother)
        return levels, levels.copy()
    if test == 2:
        band = averaged_band(dof)
        dj = math.log2(sj[1] / sj[0])
        return chisquare.scale_average_level(spectrum, level, band, sj, dt, dj, mother)
    raise ValueError(f"`sigma_test` must be 0, 1 or 2, got {brief(test)}.")
