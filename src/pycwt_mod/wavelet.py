"""The functions of pycwt, with pycwt's signatures: check, call the numerics, pack pycwt's tuple.

Those for one series are in `single`, those that only simulate in `levels`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import chisquare, levels, transform
from .analytic.degrees import check_degrees
from .arguments import (
    Group,
    as_pair,
    as_rows,
    check_distinct,
    coefficients_of,
    in_range,
    normalized,
    padded_length,
)
from .coherence import PairSpectra, coherence_of_series
from .geometry import Geometry
from .helpers import (
    ar1,
    ar1_spectra,
    ar1_spectrum,
    fft,
    fft_kwargs,
    find,
    get_cache_dir,
    rednoise,
)
from .indexes import sampling_of
from .keywords import explains_keywords
from .levels import wct_null, wct_significance
from .limits import as_interval
from .montecarlo.null_model import NullModel, as_noise
from .montecarlo.options import SimulationKeywords, SimulationOptions, check_smoothing
from .mothers import DOG, MexicanHat, Morlet, Paul, as_mother
from .results import CoherenceResult, CrossWaveletResult, made_by
from .scales import Scales, as_scales
from .single import cwt, icwt, significance
from .statistic import PAIR
from .validation import as_flag, as_level, warn_user

__all__ = [
    "cwt",
    "icwt",
    "significance",
    "wct",
    "wct_null",
    "wct_significance",
    "xwt",
]

# Names of pycwt's module that scripts use.
_MOTHERS = DOG, MexicanHat, Morlet, Paul
_HELPERS = ar1, ar1_spectrum, fft, fft_kwargs, find, get_cache_dir, rednoise
_check_parameter_wavelet = as_mother

# Immutable, and without a call's own seed: to check them takes as long as to check the series.
_USUAL_OPTIONS = SimulationOptions()

Array = NDArray[np.float64]
Kind = TypeVar("Kind", bound=CoherenceResult)


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
    *,
    freqs: ArrayLike | None = None,
    al1: float | None = None,
    al2: float | None = None,
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
    freqs : array_like, optional
        Fourier frequencies, rising or falling, in place of `dj`, `s0` and `J`.
    al1, al2 : float, optional
        Lag-1 autocorrelation of each series, for the level; by default estimated by `ar1`.

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
    series = as_pair("xwt", y1, y2)
    facts = sampling_of(series, dt if dt is None else as_interval(dt))
    pair, dt = as_rows(series), facts["dt"]
    level = as_level(significance_level)
    grid = as_scales(pair.shape[1], dt, dj, s0, J, freqs, mother)
    g1, g2 = coefficients_of(dict(zip(series, pair, strict=True)), {"al1": al1, "al2": al2})
    scale_of_power = 1.0 if as_flag(normalize, "normalize") else float(np.prod(pair.std(axis=1)))
    if normalize:
        pair = normalized(pair)
    sj = grid.asked
    n_fft = padded_length(pair.shape[1])
    W12 = transform.cross(pair, mother, grid.values, dt, n_fft)[grid.order]
    frequencies = 1 / (mother.flambda() * sj)
    dof = mother.dofmin
    spectrum = np.sqrt(np.multiply(*ar1_spectra(frequencies * dt, (g1, g2))))
    signif = scale_of_power * spectrum * chisquare.chi_square_quantile(level, dof) / dof
    record = {"significance_level": level, "normalize": bool(normalize)}
    facts |= made_by("xwt", mother, sj, dt=dt, **grid.facts, coefficients=[g1, g2], **record)
    facts["series"] = pair
    coi = transform.cone_of_influence(pair.shape[1], mother, dt)
    return CrossWaveletResult(W12, coi, frequencies, signif, level=level, **facts)


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
    *,
    freqs: ArrayLike | None = None,
    al1: float | None = None,
    al2: float | None = None,
    spectra: bool = False,
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
    freqs : array_like, optional
        Fourier frequencies, in place of `dj`, `s0` and `J`: rising or falling, such as
        ``numpy.geomspace(40, 1, 60)``. All rows of the result are in their order. If they are not
        evenly spaced in octaves, see the notes.
    al1, al2 : float, optional
        Lag-1 autocorrelation of each series under the null hypothesis; by default estimated by
        `ar1`. The result has them in ``provenance["coefficients"]``.
    spectra : bool, default False
        Whether to keep both transforms and the smoothed spectra, too, in ``result.spectra``; they
        take eight times the memory of the coherence.
    **kwargs
        The options of the simulation, by name; `wct_significance` has each in full:

        - `mc_count`: number of surrogates (300); `tol`, `mc_count_max`: go on up to a precision
        - `rng_seed` or `rng`: seed, or a Generator
        - `backend`, `n_workers`, `parallel`: where to run, such as "joblib", "dask", "gpu"
        - `progress`: a bar, or a function to call; `timeout`: seconds; `cache`: keep the levels
        - `method`: "multirate", or "full" for every scale at the full rate
        - `noise`: the null hypothesis: "ar1", "white", "phase", "iaaft", "arma(p,q)", a fitted
          model, a function ``f(rng, n)``, or a list with one of these for each series; "legacy"
          for pycwt's own surrogates
        - `fixed`: series that are kept as observed, such as "y1" or a list of names
        - `smoothing`: "pycwt", or "grinsted" for the boxcar of Grinsted's toolbox and biwavelet;
          it applies to the coherence too
        - `n_samples`: length of the surrogates; ``surrogate_length="record"``: that of the series;
          "pycwt", the default: six times the largest scale

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

    Frequencies that are not evenly spaced in octaves, such as 1, 2, 3, ... Hz, have no boxcar of
    whole taps. There S is a mean over the octaves that the boxcar would span, in which each scale
    stands for those up to halfway to its neighbours; a scale whose neighbours lie farther apart is
    smoothed in time alone, and its level is higher. The surrogates are treated in the same way,
    with ``method="full"``.

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
    given, al = Group(as_pair("wct", y1, y2)), {"al1": al1, "al2": al2}
    asked = dt, (dj, s0, J, freqs), sig, significance_level, wavelet, normalize
    return coherence_result(CoherenceResult, given, al, *asked, kwargs, spectra=spectra)


def coherence_result(
    kind: type[Kind],
    given: Group,
    al: Mapping[str, Any],
    dt: float | None,
    scales: tuple[Any, Any, Any, Any],
    sig: bool,
    significance_level: float,
    wavelet: Any,
    normalize: bool,
    keywords: SimulationKeywords,
    *,
    spectra: bool = False,
) -> Kind:
    """Return the coherence of some series with its significance: what `wct` and its kin do.

    The arguments are those of `wct`; `scales` are dj, s0, J and freqs, and `al` has the lag-1
    autocorrelation of each series, or None, by what messages call it.
    """
    mother = as_mother(wavelet)
    facts = sampling_of(given.labelled, dt if dt is None else as_interval(dt), given.names)
    rows, dt = as_rows(given.series), facts["dt"]
    level, n = as_level(significance_level), rows.shape[1]
    statistic = kind.statistic_of(len(rows))
    as_noise(keywords.get("noise", "ar1"), "noise", of_a_pair=statistic == PAIR)
    options = (SimulationOptions(**keywords) if keywords else _USUAL_OPTIONS).for_record(n)
    smoothing = check_smoothing(options.smoothing, mother)
    grid = as_scales(n, dt, *scales, mother)
    geometry = Geometry(mother, grid.values, dt, grid.dj, n, padded_length(n), smoothing)
    if grid.given is None:
        levels.warn_of_wide_steps(geometry)
    labels = tuple(given.series)
    model = NullModel.of(options.noise, options.fixed, labels, facts["names"])
    named = dict(zip(labels, rows, strict=True))
    fields = normalized(rows) if as_flag(normalize, "normalize") else in_range(rows)
    if statistic != PAIR:
        check_distinct(named, fields if normalize else None)
        check_degrees(statistic, geometry, labels[-1].partition("[")[0])
    # Before the coherence: a series without an AR(1) estimate should fail at once.
    coefficients = model.coefficients(named, al) if as_flag(sig, "sig") else ()
    surrogates = model.surrogates(fields, coefficients) if sig else None
    if surrogates is not None:
        options = levels.as_long_as_the_record(options, n, model)
    kept = PairSpectra.empty(geometry.n_scales, n) if as_flag(spectra, "spectra") else None
    if kept is not None:  # what is not normalised was brought into range by powers of two
        original = fields if normalize else rows
        units = np.abs(original).max(axis=1) / np.abs(fields).max(axis=1)
        del original
    del rows, named  # they take as much memory as the fields
    WCT, aWCT = coherence_of_series(fields, geometry, statistic, kept)
    _warn_of_no_coherence(WCT)
    null, signif = None, np.asarray([0])
    if sig and statistic == PAIR and wct_significance is not levels.wct_significance:
        signif = _replaced_significance(coefficients, level, geometry, grid, options, keywords)
    elif sig:
        spacing, centred = (grid.dj, grid.s0, grid.J), surrogates is not None and bool(normalize)
        made: dict[str, Any] = {"surrogates": surrogates, "centred": centred}
        null = levels.simulate_null(
            coefficients, dt, *spacing, mother, options, level, grid.given, statistic, **made
        ).reordered(grid.order)
        signif = null.quantile(level)
    record: dict[str, Any] = {"dt": dt, **grid.facts, "smoothing": smoothing}
    record |= {"significance_level": level, "normalize": bool(normalize)}
    if sig:
        record["coefficients"] = [None if math.isnan(g) else g for g in coefficients]
    if null is not None:
        asked = {"mc_count": options.mc_count, "cache": options.cache, "noise": model.name}
        quiet = {} if options.progress else {"progress": False}
        record["simulation"] = {**null.provenance, **asked, **quiet}
    facts |= made_by(kind.FUNCTION, mother, grid.asked, **record)
    facts |= {"series": fields, "_surrogates": surrogates}
    if kept is not None:
        kept.multiply(*units.tolist())
        facts["spectra"] = kept.rows(grid.order)
    parts = WCT[grid.order], aWCT[grid.order], geometry.coi, geometry.frequencies[grid.order]
    return kind(*parts, signif, null=null, level=level, **facts)


def _warn_of_no_coherence(WCT: Array) -> None:
    """Warn where the coherence is NaN at all points."""
    if all(np.isnan(row).all() for row in WCT):
        warn_user(
            "The coherence is defined nowhere: predictors or series to be removed depend on each "
            "other, or a series is silent. Leave out what follows from the others."
        )


def _replaced_significance(
    coefficients: tuple[float, ...],
    level: float,
    geometry: Geometry,
    grid: Scales,
    options: SimulationOptions,
    keywords: SimulationKeywords,
) -> Array:
    """Return the level by the function that a user put in the place of `wct_significance`."""
    given: dict[str, Any] = {**keywords, "dj": grid.dj, "s0": grid.s0, "J": grid.J}
    given |= {"dt": geometry.dt, "significance_level": level, "wavelet": geometry.mother}
    given.pop("surrogate_length", None)
    if given.pop("rng", None) is not None:
        given["rng_seed"] = options.rng_seed
    if options.n_samples is not None:
        given["n_samples"] = options.n_samples
    g1, g2 = coefficients
    signif = wct_significance(g1, g2, **given)
    return signif if grid.given is None else signif[grid.order]
