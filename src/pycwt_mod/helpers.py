"""Helpers that users of pycwt know: AR(1) estimates, spectra and noise, windows, cache folder."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft as fft

from .files import made_folder
from .limits import MOST_SAMPLES, as_amplitude, as_coefficient_or_one, check_memory
from .seeds import seed_of
from .validation import (
    as_coefficient,
    as_count,
    as_real_array,
    as_series,
    brief,
)

__all__ = [
    "AR1EstimationError",
    "ar1",
    "ar1_spectrum",
    "boxpdf",
    "fft",
    "fft_kwargs",
    "find",
    "get_cache_dir",
    "rect",
    "rednoise",
]

# Beyond this the phase of a sample is rounding error.
_HIGHEST_FREQUENCY = 1e15

# Divides, where a spectrum has no limit.
_LEAST_DISTANCE = np.finfo(float).tiny

# pycwt's switch: False turns the zero padding to a power of two off.
_FFT_NEXT_POW2 = True

CACHE_DIR_VARIABLE = "PYCWT_MOD_CACHE_DIR"


# The ways out for a series that has no AR(1) model with a coefficient below one.
AR1_REMEDY = (
    "Remove the trend or the seasonal cycle, or difference the series (`np.diff`); or go without "
    "the test (`sig=False` in wct), or pass coefficients of your own (`al1` and `al2` of wct, xwt "
    "and `wct_null`, `al` of pwct and mwct)."
)

# Of fewer samples than this even red noise often has no estimate.
FEW_SAMPLES = 32


def reason_without_ar1(n: int) -> str:
    """Return why a series of n samples may have no AR(1) model, the likeliest reason first."""
    cause = (
        "a trend, a step, a seasonal cycle or a random walk (an AR(1) process near its unit root)"
    )
    if n < FEW_SAMPLES:
        return f"The record is too short ({n} samples), or it is dominated by {cause}."
    return f"The record is dominated by {cause}, or is too short."


class AR1EstimationError(ValueError, Warning):
    """The lag-1 autocorrelation of a series cannot be estimated.

    It is a `ValueError`, and a `Warning` as in pycwt, so that ``except Warning`` goes on working.
    """


def fft_kwargs(signal: Any, **kwargs: Any) -> dict[str, Any]:
    """Return the keyword arguments of the FFT of a signal: its zero-padded length.

    Replace this function, or set ``helpers._FFT_NEXT_POW2 = False``, to change all padding.

    Parameters
    ----------
    signal : sized
        Anything with a length.
    **kwargs
        Accepted and ignored, as in pycwt.

    Returns
    -------
    dict
        ``{"n": length}``, the next power of two.

    Examples
    --------
    >>> fft_kwargs([1.0, 2.0, 3.0])
    {'n': 4}
    """
    try:
        size = len(signal)
    except TypeError:
        raise TypeError(f"`signal` must have a length, got {brief(signal)}.") from None
    if not _FFT_NEXT_POW2 or size < 1:
        return {"n": size}
    return {"n": 1 << (size - 1).bit_length()}


_PADDING = fft_kwargs


def padded_length(size: int, override: Callable[..., Any] | None = None) -> int:
    """Return the FFT length for `size` samples, by `fft_kwargs` as a user may have replaced it.

    `override` is the name ``fft_kwargs`` of another module, which a user may have replaced, too.
    """
    function = fft_kwargs if override is None or override is _PADDING else override
    signal = range(size) if function is _PADDING else np.broadcast_to(0.0, size)
    chosen = function(signal) or {}
    length = as_count(chosen.get("n") or size, "fft_kwargs(signal)['n']")
    if length < size:
        raise ValueError(
            f"`fft_kwargs(signal)['n']` must not be below the signal's length {size}, got {length}."
        )
    return length


def find(condition: ArrayLike) -> NDArray[np.intp]:
    """Return the flat indices at which a condition holds.

    Parameters
    ----------
    condition : array_like
        Truth values of any shape.

    Returns
    -------
    numpy.ndarray
        Indices into the flattened condition.

    Examples
    --------
    >>> find([False, True, True])
    array([1, 2])
    """
    try:
        return np.flatnonzero(np.asarray(condition))
    except ValueError:
        raise ValueError(
            f"`condition` must be truth values of one shape, got {brief(condition)}."
        ) from None


def ar1(x: ArrayLike) -> tuple[float, float, float]:
    """Estimate the AR(1) model of a series, with the bias of a short record removed.

    Use it for the red-noise null hypothesis of `significance` and `wct_significance`.

    Parameters
    ----------
    x : array_like
        Time series, shape (n,).

    Returns
    -------
    g : float
        Lag-1 autocorrelation coefficient.
    a : float
        Standard deviation of the innovations: var(x) is about ``a**2 / (1 - g**2)``.
    mu2 : float
        Expected squared mean of such a finite record, in units of the process variance.

    Raises
    ------
    AR1EstimationError
        (a `ValueError` and a `Warning`) if the series is constant, not finite, too short, or no
        AR(1) process: dominated by a trend, a step, a seasonal cycle or a random walk.

    Notes
    -----
    The biased lag-0 and lag-1 covariances lead to a quadratic equation for g, whose smaller
    root is the estimate (Allen & Smith 1996, footnote 4, as solved by A. Grinsted).

    References
    ----------
    Allen, M. R., and Smith, L. A. (1996). Monte Carlo SSA: detecting irregular oscillations in
    the presence of colored noise. Journal of Climate 9, 3373-3404.
    doi:10.1175/1520-0442(1996)009<3373:MCSDIO>2.0.CO;2

    Examples
    --------
    >>> import numpy as np
    >>> g, a, mu2 = ar1(rednoise(5000, 0.6, rng=np.random.default_rng(1)))
    >>> round(g, 1)
    0.6
    """
    try:
        series = as_series(x, "x", min_size=3, allow_constant=False)
    except ValueError as error:
        raise AR1EstimationError(str(error)) from None
    return ar1_of(series)


@np.errstate(under="ignore")  # g**n of a long series
def ar1_of(series: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return what `ar1` does of a series that is checked: finite, and not constant."""
    n = series.size
    anomaly = series - series.sum() / n
    # The estimate has no unit; dividing by the largest value keeps the squares in range.
    unit = np.abs(anomaly).max()
    anomaly = anomaly / unit
    c0 = anomaly @ anomaly / n
    c1 = anomaly[:-1] @ anomaly[1:] / (n - 1)
    quadratic = c0 * n**2
    linear = (c0 - c1) * n - (c0 + c1) * n**2 + 2 * (c1 - c0)
    constant = n * (c0 + c1 * (n - 1))
    discriminant = linear**2 - 4 * quadratic * constant
    if not discriminant > 0:
        raise AR1EstimationError(
            f"`x` must allow an estimate of its lag-1 autocorrelation; these {n} samples do not. "
            f"{reason_without_ar1(n)} {AR1_REMEDY}"
        )
    g = (-linear - math.sqrt(discriminant)) / (2 * quadratic)
    mu2 = -1 / n + 2 / n**2 * ((n - g**n) / (1 - g) - g * (1 - g ** (n - 1)) / (1 - g) ** 2)
    variance = (1 - g**2) * c0 / (1 - mu2)
    a = unit * math.sqrt(variance) if variance >= 0 else math.nan
    return float(g), float(a), float(mu2)


def ar1_spectrum(freqs: ArrayLike, ar1: float = 0.0) -> NDArray[np.float64]:
    """Return the power spectrum of an AR(1) process of unit variance.

    Parameters
    ----------
    freqs : array_like
        Frequencies in cycles per sample.
    ar1 : float, default 0.0
        Lag-1 autocorrelation coefficient, strictly between -1 and 1; 1 gives the limit, zero,
        with a warning.

    Returns
    -------
    numpy.ndarray
        Power, 1 everywhere for white noise; same shape as `freqs`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it.

    References
    ----------
    Torrence, C., and Compo, G. P. (1998). A practical guide to wavelet analysis. Bulletin of
    the American Meteorological Society 79, 61-78, eq. 16.
    doi:10.1175/1520-0477(1998)079<0061:APGTWA>2.0.CO;2

    Examples
    --------
    >>> ar1_spectrum([0.0, 0.5], 0.5)
    array([3.        , 0.33333333])
    """
    return ar1_spectra(freqs, [as_coefficient_or_one(ar1, "ar1")])[0]


def ar1_spectra(freqs: ArrayLike, coefficients: Iterable[float]) -> list[NDArray[np.float64]]:
    """Return the power spectra of AR(1) processes with these coefficients, as `ar1_spectrum`."""
    frequencies = as_real_array(freqs, "freqs")
    if np.abs(frequencies).max(initial=0.0) > _HIGHEST_FREQUENCY:
        raise ValueError(
            f"`freqs` must be at most {_HIGHEST_FREQUENCY:g} cycles per sample, got "
            f"{brief(freqs)}. Up to 0.5 they mean something; multiply them by `dt`."
        )
    turns = np.exp(-1j * (2 * np.pi * frequencies))
    # Only the limit for 1 at frequency 0 has none.
    return [
        (1 - g**2) / np.maximum(np.abs(1 - g * turns) ** 2, _LEAST_DISTANCE) for g in coefficients
    ]


def rednoise(
    N: int,
    g: float,
    a: float = 1.0,
    *,
    rng: Any = None,
) -> NDArray[np.float64]:
    """Draw a stationary AR(1) ("red noise") series.

    Parameters
    ----------
    N : int
        Number of samples.
    g : float
        Lag-1 autocorrelation coefficient, strictly between -1 and 1; 0 is white noise.
    a : float, default 1.0
        Standard deviation of the innovations.
    rng : int, numpy.random.SeedSequence, Generator or RandomState, optional
        Seed or source of randomness; by default NumPy's global state, as in pycwt.

    Returns
    -------
    numpy.ndarray
        Shape (N,), variance ``a**2 / (1 - g**2)``.

    Raises
    ------
    ValueError
        If g is not strictly between -1 and 1, or N is not positive or beyond the memory.

    Notes
    -----
    The first value is drawn from the stationary distribution, so no warm-up is thrown away.
    pycwt 0.5.0b0 filters along the wrong axis and returns white noise for every g.

    Examples
    --------
    >>> import numpy as np
    >>> y = rednoise(20000, 0.9, rng=np.random.default_rng(0))
    >>> round(float(np.corrcoef(y[1:], y[:-1])[0, 1]), 2)
    0.9
    """
    n = as_count(N, "N", at_most=MOST_SAMPLES)
    check_memory(24 * n, f"`N` asks for {n} samples", "Use a smaller `N`.")
    coefficient = as_coefficient(g, "g")
    amplitude = as_amplitude(a, "a")
    source: Any = np.random if rng is None else rng
    if not hasattr(source, "standard_normal"):
        source = np.random.default_rng(seed_of(rng, None))
    innovations = source.standard_normal(n) * amplitude
    return ar1_filter(innovations, coefficient)


def ar1_filter(innovations: NDArray[np.float64], g: float) -> NDArray[np.float64]:
    """Turn white innovations, time on the last axis, into a stationary AR(1) series."""
    if g == 0:
        return innovations
    # scipy.signal brings scipy.stats along and takes longer to import than all the rest.
    from scipy.signal import lfilter

    start = innovations.copy()
    start[..., 0] /= math.sqrt(1 - g * g)
    filtered: NDArray[np.float64] = lfilter([1.0], [1.0, -g], start, axis=-1)
    return filtered


def rect(x: Any, normalize: bool = False) -> NDArray[np.float64]:
    """Return a boxcar whose first and last tap are halved.

    Parameters
    ----------
    x : int, sequence of int or numpy.ndarray
        Number of taps, or a shape, or an array of that shape.
    normalize : bool, default False
        Whether the taps sum to one.

    Returns
    -------
    numpy.ndarray
        The window; its first axis holds the taps.

    Examples
    --------
    >>> rect(4)
    array([0.5, 1. , 1. , 0.5])
    >>> rect(3, normalize=True)
    array([0.25, 0.5 , 0.25])
    """
    if isinstance(x, np.ndarray) and x.ndim:
        shape = x.shape
    elif np.iterable(x):
        shape = tuple(as_count(size, "x", at_least=0, at_most=MOST_SAMPLES) for size in x)
    else:
        shape = (as_count(x, "x", at_most=MOST_SAMPLES),)
    check_memory(16 * math.prod(shape), f"`x` asks for shape {shape}", "Use a smaller `x`.")
    window = np.ones(shape)
    if not shape or not window.size:
        raise ValueError(f"`x` must name at least one tap, got {brief(x)}.")
    window[0] = window[-1] = 0.5
    return window / window.sum() if normalize else window


def boxpdf(x: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Map a series to its percentiles, so that its values are evenly spread over (0, 1).

    Use it before the transform of a strongly skewed or bimodal series, such as the Baltic Sea ice
    extent (Grinsted et al. 2004).

    Parameters
    ----------
    x : array_like
        Series of numbers.

    Returns
    -------
    bX : numpy.ndarray
        The percentile of each sample, between 0 and 1, the same for equal samples.
    X, Y : numpy.ndarray
        The look-up table: the distinct values, ascending, and their percentiles.

    References
    ----------
    Grinsted, A., Moore, J. C., and Jevrejeva, S. (2004). Application of the cross wavelet
    transform and wavelet coherence to geophysical time series. Nonlinear Processes in
    Geophysics 11, 561-566. doi:10.5194/npg-11-561-2004

    Examples
    --------
    >>> boxpdf([3.0, 1.0, 3.0, 8.0])[0]
    array([0.5  , 0.125, 0.5  , 0.875])
    """
    values = as_series(x, "x", min_size=1)
    distinct, inverse, repeats = np.unique(values, return_inverse=True, return_counts=True)
    above = np.cumsum(repeats)
    percentiles = (above - repeats / 2) / values.size
    return percentiles[inverse.reshape(-1)], distinct, percentiles


def get_cache_dir() -> str:
    """Return the folder of cached null distributions, made if it is not there.

    The environment variable ``PYCWT_MOD_CACHE_DIR`` names it; otherwise it is ``pycwt_mod`` in
    ``XDG_CACHE_HOME``, or in the system's usual place for caches.

    Returns
    -------
    str
        The path.

    Raises
    ------
    OSError
        If the folder cannot be made.
    """
    return str(made_folder(cache_path(), CACHE_DIR_VARIABLE))


def cache_path() -> Path:
    """Return the cache folder's path without making it."""
    chosen = os.environ.get(CACHE_DIR_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    xdg = os.environ.get("XDG_CACHE_HOME")
    if xdg and Path(xdg).is_absolute():  # the XDG specification: ignore relative paths
        return Path(xdg) / "pycwt_mod"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "pycwt_mod"
    return Path.home() / ".cache" / "pycwt_mod"
