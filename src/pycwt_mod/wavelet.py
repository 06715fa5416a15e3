"""The functions of pycwt, with pycwt's signatures: check, call the numerics, pack pycwt's tuple."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import chisquare, levels, transform
from .arguments import (
    as_pair,
    as_transform,
    averaged_band,
    averaged_times,
    coefficient_of,
    in_range,
    normalized,
    padded_length,
    positive_series,
    scale_arguments,
    value_at_zero,
    variance_and_alpha,
    warn_of_uneven_index,
)
from .coherence import coherence_of_pair
from .geometry import Geometry
from .helpers import ar1, ar1_spectrum, fft, fft_kwargs, find, get_cache_dir, rednoise
from .keywords import explains_keywords
from .levels import wct_null, wct_significance
from .montecarlo.options import SimulationKeywords, SimulationOptions, check_smoothing
from .mothers import DOG, MexicanHat, Morlet, Paul, as_mother, constant
from .results import CoherenceResult, CrossWaveletResult, TransformResult, made_by
from .time_axis import sampling_of
from .validation import as_count, as_flag, as_level, as_positive, as_series

__all__ = ["cwt", "icwt", "significance", "wct", "wct_null", "wct_significance", "xwt"]

# Names of pycwt's module that scripts use.
_REEXPORTED = (DOG, MexicanHat, Morlet, Paul, ar1, fft, fft_kwargs, find, get_cache_dir, rednoise)
_check_parameter_wavelet = as_mother

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
    series = as_series(signal, "signal", allow_complex=True)
    facts = sampling_of({"signal": signal}, dt if dt is None else as_positive(dt, "dt"))
    dt = facts["dt"]
    warn_of_uneven_index(signal, "signal")
    if freqs is None:
        dj, s0, J = scale_arguments(series.size, dt, dj, s0, J, mother)
        grid = {"dj": dj, "s0": s0, "J": J}
        sj = transform.scale_axis(s0, dj, J)
        frequencies = 1 / (mother.flambda() * sj)
    else:
        frequencies = positive_series(freqs, "freqs", min_size=1)
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
    mother = as_mother(wavelet)
    scales = as_series(sj, "sj", min_size=1)
    field = as_transform(W, scales.size)
    factor = as_positive(dj, "dj") * math.sqrt(as_positive(dt, "dt"))
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
        Lag-1 autocorrelation of the red noise; by default that of the series.
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
    dt = as_positive(dt, "dt")
    sj = positive_series(scales, "scales", min_size=2)
    level = as_level(significance_level)
    variance, alpha = variance_and_alpha(signal, alpha)
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
    raise ValueError(f"`sigma_test` must be 0, 1 or 2, got {test}.")


@explains_keywords()
def xwt(
    y1: ArrayLike,
    y2: ArrayLike,
    dt: float | None = None,
    dj: float = 1 / 12,
    s0: float = -1,
    J: float = -1,
    significance_level: float = 0.95,
    wavelet: Any = "morlet",
    normalize: bool = True,
) -> CrossWaveletResult:
    """Cross-wavelet transform of two series: where they have power in common.

    Parameters
    ----------
    y1, y2 : array_like
        Evenly sampled real series over the same times, shape (n,) each.
    dt, dj, s0, J, wavelet
        As in `cwt`.
    significance_level : float, default 0.95
        Probability that red noise stays below the level.
    normalize : bool, default True
        Whether to subtract each series' mean and divide by its standard deviation first.

    Returns
    -------
    CrossWaveletResult
        A tuple of the four arrays below, as in pycwt, with names and with the `times`, `names`
        and `unit` of the input.
    W12 : numpy.ndarray
        W1 conj(W2), complex, shape (n_scales, n).
    coi : numpy.ndarray
        Cone of influence in Fourier periods, shape (n,).
    freqs : numpy.ndarray
        Fourier frequencies of the scales.
    signif : numpy.ndarray
        Level of ``abs(W12)`` for each scale.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it.

    Notes
    -----
    The level uses the chi-square quantile with the wavelet's degrees of freedom (5.99 at 0.95 for
    a complex wavelet), as pycwt does, where Torrence & Compo give Z2 = 3.999: at 0.95 it is 1.5
    times theirs. ``significance_level=0.8646`` gives theirs.

    References
    ----------
    Grinsted, A., Moore, J. C., and Jevrejeva, S. (2004). Application of the cross wavelet
    transform and wavelet coherence to geophysical time series. Nonlinear Processes in
    Geophysics 11, 561-566. doi:10.5194/npg-11-561-2004

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> W12, coi, freqs, signif = xwt(rng.normal(size=64), rng.normal(size=64), 1.0)
    >>> W12.shape
    (62, 64)
    """
    mother = as_mother(wavelet)
    facts = sampling_of({"y1": y1, "y2": y2}, dt if dt is None else as_positive(dt, "dt"))
    pair, dt = as_pair(y1, y2), facts["dt"]
    level = as_level(significance_level)
    dj, s0, J = scale_arguments(pair.shape[1], dt, dj, s0, J, mother)
    g1, g2 = coefficient_of(pair[0], "y1"), coefficient_of(pair[1], "y2")
    scale_of_power = 1.0 if as_flag(normalize, "normalize") else float(np.prod(pair.std(axis=1)))
    if normalize:
        pair = normalized(pair)
    sj = transform.scale_axis(s0, dj, J)
    n_fft = padded_length(pair.shape[1])
    W12, W2 = (transform.forward(series, mother, sj, dt, n_fft)[0] for series in pair)
    W12 *= np.conjugate(W2, out=W2)
    freqs = 1 / (mother.flambda() * sj)
    dof = mother.dofmin
    spectrum = np.sqrt(ar1_spectrum(freqs * dt, g1) * ar1_spectrum(freqs * dt, g2))
    signif = scale_of_power * spectrum * chisquare.chi_square_quantile(level, dof) / dof
    facts |= made_by("xwt", mother, sj, dt=dt, dj=dj, s0=s0, J=J, coefficients=[g1, g2])
    facts["provenance"] |= {"significance_level": level, "normalize": bool(normalize)}
    coi = transform.cone_of_influence(pair.shape[1], mother, dt)
    return CrossWaveletResult(W12, coi, freqs, signif, level=level, **facts)


@explains_keywords(SimulationKeywords.__annotations__)
def wct(
    y1: ArrayLike,
    y2: ArrayLike,
    dt: float | None = None,
    dj: float = 1 / 12,
    s0: float = -1,
    J: float = -1,
    sig: bool = True,
    significance_level: float = 0.95,
    wavelet: Any = "morlet",
    normalize: bool = True,
    **kwargs: Unpack[SimulationKeywords],
) -> CoherenceResult:
    """Wavelet coherence of two series: where they vary together, whatever their power.

    The coherence itself takes a fraction of a second for thousands of samples; its significance
    is simulated, see `wct_significance` for the cost and for ways to share it out.

    Parameters
    ----------
    y1, y2 : array_like
        Evenly sampled real series over the same times, shape (n,) each.
    dt, dj, s0, J, wavelet
        As in `cwt`.
    sig : bool, default True
        Whether to compute the significance level.
    significance_level : float, default 0.95
        Probability that the coherence of independent red noise stays below the level.
    normalize : bool, default True
        Whether to subtract each series' mean and divide by its standard deviation first.
    **kwargs
        The options of the simulation, as in `wct_significance`, by name. `smoothing` applies to
        the coherence too. ``surrogate_length="record"`` makes surrogates as long as the series,
        ``n_samples=len(y1)``; "pycwt", the default, six times the largest scale.

    Returns
    -------
    CoherenceResult
        A tuple of the five arrays below, as in pycwt, which also holds the null distribution
        (`null`) and gives p-values (`pvalues`) and masks of significance (`significant`).
    WCT : numpy.ndarray
        Squared coherence R2 in [0, 1], shape (n_scales, n); NaN where a series is silent.
    aWCT : numpy.ndarray
        Phase of W1 conj(W2) in radians, in (-pi, pi], not smoothed. A positive phase means that
        the second series lags: +pi/2 is a lag of a quarter period.
    coi : numpy.ndarray
        Cone of influence in Fourier periods, shape (n,).
    freqs : numpy.ndarray
        Fourier frequencies of the scales.
    sig : numpy.ndarray
        Level of R2 for each scale; ``array([0])`` if ``sig=False``.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it. In particular series
        with gaps, constant series and series of different lengths are refused.

    Notes
    -----
    R2 = abs(S(W1 conj(W2) / s))**2 / (S(abs(W1)**2 / s) S(abs(W2)**2 / s)), S smoothing in time
    and scale. A mother wavelet with a `smooth` of its own is honoured.

    References
    ----------
    Grinsted, A., Moore, J. C., and Jevrejeva, S. (2004). Application of the cross wavelet
    transform and wavelet coherence to geophysical time series. Nonlinear Processes in
    Geophysics 11, 561-566. doi:10.5194/npg-11-561-2004

    Torrence, C., and Webster, P. J. (1999). Interdecadal changes in the ENSO-monsoon system.
    Journal of Climate 12, 2679-2690. doi:10.1175/1520-0442(1999)012<2679:ICITEM>2.0.CO;2

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> y1 = rng.normal(size=100)
    >>> y2 = y1 + rng.normal(size=100)
    >>> WCT, aWCT, coi, freqs, sig = wct(y1, y2, 1.0, mc_count=20, rng_seed=1, progress=False)
    >>> WCT.shape, sig.shape
    ((69, 100), (69,))
    """
    mother = as_mother(wavelet)
    facts = sampling_of({"y1": y1, "y2": y2}, dt if dt is None else as_positive(dt, "dt"))
    pair, dt = as_pair(y1, y2), facts["dt"]
    level = as_level(significance_level)
    n = pair.shape[1]
    options = SimulationOptions(**kwargs).for_record(n)
    smoothing = check_smoothing(options.smoothing, mother)
    dj, s0, J = scale_arguments(n, dt, dj, s0, J, mother)
    scales = transform.scale_axis(s0, dj, J)
    geometry = Geometry(mother, scales, dt, dj, n, padded_length(n), smoothing)
    # Before the coherence: a series without an AR(1) estimate should fail at once.
    if as_flag(sig, "sig"):
        g1, g2 = coefficient_of(pair[0], "y1"), coefficient_of(pair[1], "y2")
    fields = normalized(pair) if as_flag(normalize, "normalize") else in_range(pair)
    WCT, aWCT = coherence_of_pair(fields, geometry)
    signif: Array = np.asarray([0])
    null = None
    if sig and wct_significance is levels.wct_significance:
        null = levels.simulate_null(g1, g2, dt, dj, s0, J, mother, options, level)
        signif = null.quantile(level)
    elif sig:  # a user put a function of their own in its place
        given: dict[str, Any] = {**kwargs}
        given.pop("surrogate_length", None)
        if given.pop("rng", None) is not None:
            given["rng_seed"] = options.rng_seed
        if options.n_samples is not None:
            given["n_samples"] = options.n_samples
        signif = wct_significance(
            g1, g2, dt=dt, dj=dj, s0=s0, J=J, significance_level=level, wavelet=mother, **given
        )
    facts |= made_by("wct", mother, scales, dt=dt, dj=dj, s0=s0, J=J, smoothing=smoothing)
    facts["provenance"] |= {"significance_level": level, "normalize": bool(normalize)}
    if sig:
        facts["provenance"]["coefficients"] = [g1, g2]
    if null is not None:
        facts["provenance"]["simulation"] = dict(null.provenance)
    fields_of_pycwt = WCT, aWCT, geometry.coi, geometry.frequencies, signif
    return CoherenceResult(*fields_of_pycwt, null=null, level=level, **facts)
