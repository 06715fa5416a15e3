"""The functions of pycwt for one series: transform, inverse, significance of its power."""

from __future__ import annotations

import math
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import chisquare, device_transform, transform
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
    as_spacing,
    as_threads,
    given_scales,
    scale_arguments,
)
from .mothers import as_mother, constant
from .results import TransformResult, made_by
from .signals import as_signals, warn_of_means
from .validation import as_choice, as_count, as_level, brief, warn_user

__all__ = ["cwt", "icwt", "significance"]

Array = NDArray[np.float64]

# The error of single precision, as a part of the largest value of a scale; the fewest digits that
# are of use; and the least number that has all digits, with room for sums.
_SINGLE_ERROR, _FEWEST_DIGITS, _LEAST_SINGLE = 3e-7, 1e-3, 1e-31

_TIMES_LOOKED_AT = 32


@explains_keywords()
def cwt(
    signal: ArrayLike,
    dt: float | None = None,
    dj: float = 1 / 12,
    s0: float = -1,
    J: float = -1,
    wavelet: Any = "morlet",
    freqs: ArrayLike | None = None,
    *,
    precision: str = "double",
    workers: int | None = None,
    decim: int = 1,
) -> TransformResult:
    """Continuous wavelet transform of a series, or of several.

    Use it for the power of a series over time and scale. The cost grows as the number of scales
    times n; the result is the largest array in memory, for which there are `decim` and
    `precision`.

    Parameters
    ----------
    signal : array_like
        Evenly sampled series, shape (n,); real or complex. Or several over the same times: an array
        (..., n), a DataFrame with a series in each column, a DataArray with a dimension "time".
        Arrays of PyTorch and CuPy are transformed on their device.
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
    precision : {"double", "single"}
        "single" makes complex64 in half the memory and less time, right to 3e-7 of the largest
        ``abs(W)`` of each scale at nearly all points, and to 7e-7 at all. A warning tells of scales
        where that leaves no digits.
    workers : int, optional
        Number of threads; -1: all cores. By default that of `scipy.fft.set_workers`, which is 1.
        The result does not depend on it.
    decim : int, default 1
        Keep every `decim`-th time only, from the first. These are computed as such, in less time
        and memory, and are the same as in the whole transform.

    Returns
    -------
    TransformResult
        A tuple of the six arrays below, as in pycwt, with names and with the `times`, `names` and
        `unit` of the input.
    W : numpy.ndarray
        Complex, shape (n_scales, n); (..., n_scales, n) of several series. With `decim` the last
        axis, that of `coi` and ``result.times``, has ``ceil(n / decim)`` times.
    sj : numpy.ndarray
        Scales, in the unit of `dt`.
    freqs : numpy.ndarray
        Fourier frequencies of the scales, in cycles per unit of `dt`.
    coi : numpy.ndarray
        Cone of influence: for each time the longest Fourier period free of edge effects.
    fft : numpy.ndarray
        Fourier transform of the zero-padded series at positive frequencies, over the square root
        of its padded length; shape (..., n_frequencies).
    fftfreqs : numpy.ndarray
        Fourier frequencies of `fft`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it.

    Notes
    -----
    The mean and the trend of the series are kept, as in pycwt. Subtract them, by
    ``signal - signal.mean()`` or `prepare`: the record is padded with zeros, and the step from them
    to a mean is power at long periods. A warning tells of a real series whose mean is more than 3
    times its standard deviation.

    Arrays of PyTorch and CuPy (``pip install array-api-compat``) give `W` and `fft` as such arrays,
    the other fields as those of NumPy; float32 gives complex64 whatever the `precision`. Gradients
    of PyTorch pass through. ``result.on_host()`` has NumPy's arrays alone.

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

    Two long series at every hundredth time:

    >>> both = np.random.default_rng(0).normal(size=(2, 20_000))
    >>> cwt(both, 0.01, decim=100, precision="single").W.shape
    (2, 161, 200)
    """
    mother = as_mother(wavelet)
    single = as_choice(precision, "precision", ("double", "single")) == "single"
    n_threads = as_threads(workers)
    given = as_signals(signal, single=single)
    facts = sampling_of({"signal": given.labelled}, dt if dt is None else as_interval(dt))
    dt, n = facts["dt"], given.values.shape[-1]
    every = as_count(decim, "decim", at_most=n - 1)
    values = math.prod(given.values.shape[:-1]) * -(-n // every)
    sj, frequencies, grid = _scales(n, dt, dj, s0, J, freqs, mother, values)
    n_fft = padded_length(n)
    forward: Any = transform.forward
    how: dict[str, Any] = {"single": single, "workers": n_threads}
    if given.ops is not None:
        forward, how = device_transform.forward, {"ops": given.ops}
    with np.errstate(over="ignore" if single else "warn"):  # told of below
        W, spectrum = forward(given.values, mother, sj, dt, n_fft, every=every, **how)
    told = False
    if single and given.ops is None:
        told = _warn_of_lost_digits(W, sj, given.values)
    if not told:
        warn_of_means(signal, given)
    coi = transform.cone_of_influence(n, mother, dt)[::every]
    fftfreqs = np.arange(1.0, n_fft // 2)
    fftfreqs *= 1 / (n_fft * dt)
    fftfreqs *= 2 * np.pi  # and back: rounded as pycwt's
    fftfreqs /= 2 * np.pi
    fft_of_series = spectrum[..., 1 : n_fft // 2]
    if spectrum.shape[-1] < n_fft:  # a long one, of which nothing else is needed
        fft_of_series /= n_fft**0.5
    else:
        fft_of_series = fft_of_series / n_fft**0.5
    facts |= {"decim": every, "series": copy(given.values)}
    if every > 1:
        facts["series_times"] = facts.get("times")
        facts["times"] = (
            facts["times"][::every] if "times" in facts else dt * np.arange(0, n, every)
        )
    if given.values.ndim > 1:
        facts["names"] = given.names or ()
    facts |= made_by("cwt", mother, sj, dt=dt, **grid, precision=precision, decim=every)
    return TransformResult(W, sj, frequencies, coi, fft_of_series, fftfreqs, **facts)


def _scales(
    n: int, dt: float, dj: Any, s0: Any, J: Any, freqs: Any, mother: Any, values: int
) -> tuple[Array, Array, dict[str, Any]]:
    """Return scales, their Fourier frequencies, and the arguments that made them."""
    if freqs is not None:
        frequencies = as_frequencies(freqs, n, dt, mother, values=values)
        return 1 / (mother.flambda() * frequencies), frequencies, {"freqs": frequencies.tolist()}
    dj, s0, J = scale_arguments(n, dt, dj, s0, J, mother, values=values)
    sj = transform.scale_axis(s0, dj, J)
    return sj, 1 / (mother.flambda() * sj), {"dj": dj, "s0": s0, "J": J}


def _warn_of_lost_digits(W: NDArray[Any], sj: Array, values: NDArray[Any]) -> bool:
    """Warn of scales that single precision leaves less than `_FEWEST_DIGITS` in half of the times.

    Return whether there are any.

    Its error is that of the largest value of a scale, which may be an edge effect; and its range is
    limited. Some times, among them the first and the last, tell. Series of zeros lose nothing.
    """
    last = W.shape[-1] - 1
    steps = min(last, _TIMES_LOOKED_AT - 1)
    size = np.abs(W.take(np.arange(steps + 1) * last // steps, axis=-1))
    size = size.reshape(-1, sj.size, steps + 1)
    size.sort(axis=-1)
    largest, usual = size[..., -1], size[..., (steps + 1) // 2]
    kept = np.isfinite(largest) & (largest > _LEAST_SINGLE)
    lost = (~kept | (usual < _SINGLE_ERROR / _FEWEST_DIGITS * largest)).any(axis=0)
    found = bool(lost.any() and np.any(values))
    if found:
        warn_user(
            f"`precision` is 'single', and {lost.sum()} of {sj.size} scales lose digits, from "
            f"{sj[lost].min():.3g} to {sj[lost].max():.3g}: half of their values are below "
            f"{_SINGLE_ERROR / _FEWEST_DIGITS:.1g} of the largest, or out of the range of floats. "
            "Subtract the mean or the trend, divide by the standard deviation, or pass "
            "precision='double'."
        )
    return found


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
