"""Levels of the wavelet coherence: a problem and options in, its null distribution out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from .analytic.scale_null import AnalyticNull
from .arguments import padded_length
from .geometry import Geometry
from .keywords import explains_keywords
from .montecarlo.estimate import estimate_null
from .montecarlo.null import NullDistribution
from .montecarlo.null_model import NullModel
from .montecarlo.options import (
    Rng,
    Seed,
    SimulationKeywords,
    SimulationOptions,
    check_smoothing,
)
from .montecarlo.plan import Plan, make_plan
from .montecarlo.surrogates import Surrogates
from .mothers import as_mother
from .null_fields import null_without_data, scale_null_of, warn_of_few
from .statistic import PAIR, Statistic
from .validation import as_level, warn_user

__all__ = ["wct_null", "wct_significance"]


@explains_keywords()
def wct_significance(
    al1: float,
    al2: float,
    dt: float,
    dj: float,
    s0: float,
    J: float,
    significance_level: float = 0.95,
    wavelet: Any = "morlet",
    mc_count: int = 300,
    progress: bool | Callable[[int, int], None] = True,
    cache: bool = True,
    *,
    backend: Any = None,
    n_workers: int | None = None,
    rng_seed: Seed = None,
    rng: Rng = None,
    parallel: bool | None = None,
    method: str | None = None,
    noise: Any = "ar1",
    smoothing: str = "pycwt",
    n_samples: int | None = None,
    tol: float | None = None,
    mc_count_max: int = 100_000,
    timeout: float | None = None,
) -> NDArray[np.float64]:
    """Significance level of the wavelet coherence, by Monte Carlo simulation.

    The null hypothesis is that of two independent AR(1) series. For each scale the level is a
    quantile of the coherence of simulated pairs, over all times outside the cone of influence.

    Parameters
    ----------
    al1, al2 : float
        Lag-1 autocorrelation of the two series, strictly between -1 and 1; see `ar1`.
    dt : float
        Sampling interval.
    dj : float
        Spacing of the scales, in octaves.
    s0 : float
        Smallest scale.
    J : float
        Number of scales less one.
    significance_level : float, default 0.95
        Probability that the coherence of independent red noise stays below the level.
    wavelet : MotherWavelet or str, default "morlet"
        Mother wavelet.
    mc_count : int, default 300
        Number of simulated pairs. The standard error falls with its square root.
    progress : bool or callable, default True
        Whether to show a progress bar on stderr; or ``progress(done, total)`` to call instead.
    cache : bool, default True
        Whether to look up and keep the result in the cache folder, see `get_cache_dir`.
    backend : str, MCBackend, concurrent.futures.Executor or dask client, optional
        Where to run: "auto", "sequential", "joblib", "dask", "gpu" or another registered name, or
        an object. By default what `set_default_backend` or ``PYCWT_MOD_BACKEND`` says, or "auto":
        in this process, or on all cores where that is faster. The level does not depend on it.
    n_workers : int, optional
        Number of parallel workers; -1: all cores.
    rng_seed : int or numpy.random.SeedSequence, optional
        Seed; the same seed gives the same level on every backend. By default fresh entropy.
    rng : int, numpy.random.SeedSequence or numpy.random.Generator, optional
        The same by its name in NumPy and SciPy; pass one of the two. From a Generator a seed is
        drawn, which moves it on: the next call with it has other surrogates.
    parallel : bool, optional
        True: ``backend="joblib"``; False: ``backend="sequential"``.
    method : {"multirate", "full", "analytic"}, optional
        How to find the level. "multirate", the default: each octave of scales on a time grid no
        finer than it needs, at a cost that does not grow with the length of the series. "full":
        every scale at the full sampling rate, the reference; the default with ``noise="legacy"``
        and for a mother wavelet with a `smooth` of its own. "analytic": in closed form, to 0.001
        within a second at any length, without surrogates, so that `mc_count`, `rng_seed`, `tol`
        and `backend` do not matter; for analytic wavelets (Morlet, Paul).
    noise : {"ar1", "white", "legacy"}, ARMA, callable or list, default "ar1"
        The null hypothesis. "ar1": red noise with the coefficients; "white": white noise, whatever
        they are; an `ARMA` or a fitted model of statsmodels; a function ``f(rng, n)`` that returns
        one surrogate of n samples, drawn from the `numpy.random.Generator`; or a list with one of
        these for each series. `wct`, which has the series, takes "phase", "iaaft" and "arma(p,q)",
        too. A function is not cached, and must not depend on anything but its arguments for
        results to be the same on every backend. "legacy" repeats pycwt 0.5.0b0's surrogates, which
        are white whatever the coefficients, in the order of NumPy's global random state:
        ``numpy.random.seed(k)`` gives pycwt's own levels.
    smoothing : {"pycwt", "grinsted"}
        Boxcar across scales: that of pycwt, or that of Grinsted's toolbox and biwavelet.
    n_samples : int, optional
        Length of the surrogates, such as that of the record; scales that it leaves nowhere outside
        the cone of influence have the level NaN. By default ``ceil(6 * s_max / dt)``, as in pycwt.
    tol : float, optional
        Go on in rounds of `mc_count` surrogates until the standard error of the level is no larger
        than this at any scale.
    mc_count_max : int, default 100000
        With `tol`, the largest number of surrogates.
    timeout : float, optional
        Seconds that the simulation may take. What is counted until then is kept in the cache, and
        the next call with the same arguments goes on from there; so it does after Ctrl-C.

    Returns
    -------
    numpy.ndarray
        Level of R2 for each scale, shape (n_scales,); NaN at scales without a sample outside the
        cone of influence.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it.
    TimeoutError
        After `timeout`; it says how many surrogates were done.

    Warns
    -----
    UserWarning
        If `mc_count` is below 10, a scale has no sample outside the cone of influence, a backend
        is not installed, the cache cannot be used, or `mc_count_max` did not suffice for `tol`.

    See Also
    --------
    wct_null : the whole null distribution, for other levels, p-values and standard errors.

    Notes
    -----
    Surrogate i has a random stream of its own, made from the seed and i, and counts are added as
    integers, so the level is the same to the last bit on every CPU backend and for every number of
    workers. The standard error of the 95 % level is at most 0.006 with the defaults.

    References
    ----------
    Grinsted, A., Moore, J. C., and Jevrejeva, S. (2004). Application of the cross wavelet
    transform and wavelet coherence to geophysical time series. Nonlinear Processes in
    Geophysics 11, 561-566. doi:10.5194/npg-11-561-2004

    Examples
    --------
    >>> level = wct_significance(
    ...     0.5, 0.3, dt=1.0, dj=1 / 4, s0=2.0, J=8, mc_count=40, rng_seed=1, progress=False
    ... )
    >>> level.shape
    (9,)
    """
    level = as_level(significance_level)
    options = SimulationOptions(
        mc_count=mc_count,
        progress=progress,
        cache=cache,
        backend=backend,
        n_workers=n_workers,
        rng_seed=rng_seed,
        rng=rng,
        parallel=parallel,
        method=method,
        noise=noise,
        smoothing=smoothing,
        n_samples=n_samples,
        tol=tol,
        mc_count_max=mc_count_max,
        timeout=timeout,
    )
    coefficients, surrogates = null_without_data(al1, al2, options)
    return simulate_null(
        coefficients, dt, dj, s0, J, wavelet, options, level, surrogates=surrogates
    ).quantile(level)


@explains_keywords(SimulationKeywords.__annotations__)
def wct_null(
    al1: float,
    al2: float,
    dt: float,
    dj: float,
    s0: float,
    J: float,
    wavelet: Any = "morlet",
    **options: Unpack[SimulationKeywords],
) -> NullDistribution | AnalyticNull:
    """Null distribution of the wavelet coherence, by Monte Carlo simulation.

    Use it for several levels, p-values or standard errors from one simulation.

    Parameters
    ----------
    al1, al2, dt, dj, s0, J, wavelet
        As in `wct_significance`.
    **options
        The options of the simulation, from `mc_count` on, as in `wct_significance`; `tol` is for
        the 95 % level.

    Returns
    -------
    NullDistribution or AnalyticNull
        Its `quantile(level)` is what `wct_significance` returns. With a seed it holds exactly
        `mc_count` surrogates; without one it may hold more, from an earlier run in the cache.

    Raises
    ------
    TypeError, ValueError
        As `wct_significance`.

    Examples
    --------
    >>> null = wct_null(0.5, 0.3, 1.0, 1 / 4, 2.0, 8, mc_count=40, rng_seed=1, progress=False)
    >>> bool(null.standard_error(0.95).max() < 0.1)
    True
    """
    checked = SimulationOptions(**options)
    coefficients, surrogates = null_without_data(al1, al2, checked)
    return simulate_null(coefficients, dt, dj, s0, J, wavelet, checked, surrogates=surrogates)


def simulate_null(
    coefficients: tuple[float, ...],
    dt: float,
    dj: float,
    s0: float,
    J: float,
    wavelet: Any,
    options: SimulationOptions,
    level: float = 0.95,
    scales: NDArray[np.float64] | None = None,
    statistic: Statistic = PAIR,
    *,
    surrogates: Surrogates | None = None,
    centred: bool = False,
) -> NullDistribution | AnalyticNull:
    """Check the problem, plan and simulate it; `tol` is for the given level.

    `coefficients` are those of the series, in the order of the statistic. `scales` stand in place
    of those of `s0` and `J`; `dj` may be NaN then, see `Geometry`. `surrogates` stand in place of
    AR(1) noise, and `centred` says whether their means are subtracted.
    """
    mother = as_mother(wavelet)
    if options.surrogate_length == "record":
        raise ValueError(
            "`surrogate_length='record'` needs a record, and here is none. Pass its length as "
            "`n_samples`."
        )
    is_analytic = options.method == "analytic"
    if statistic != PAIR and options.noise == "legacy":
        raise ValueError(
            "`noise` must not be 'legacy' for more than two series, got 'legacy': pycwt has no "
            "coherence of them. Leave it out."
        )
    even = scales is None or not math.isnan(dj)
    plan = make_plan(
        coefficients,
        dt,
        dj,
        s0,
        J,
        mother,
        method="full" if is_analytic else options.method_for(mother, even=even),
        noise=_noise_in_words(options, surrogates),
        smoothing=check_smoothing(options.smoothing, mother),
        n_samples=options.n_samples,
        scales=scales,
        statistic=statistic,
        pad=padded_length,
        surrogates=surrogates,
        centred=centred,
    )
    warn_of_little(plan, options)
    if is_analytic:
        return scale_null_of(plan, coefficients, options, statistic)
    return estimate_null(plan, options, level=level)


def as_long_as_the_record(
    options: SimulationOptions, n: int, model: NullModel
) -> SimulationOptions:
    """Return the options for surrogates that are made from a record of n samples."""
    if options.n_samples not in (None, n):
        raise ValueError(
            f"`n_samples` must be left out with noise={model.name!r}, whose surrogates are as "
            f"long as the record, got {options.n_samples}."
        )
    return replace(options, n_samples=n)


def _noise_in_words(options: SimulationOptions, surrogates: Surrogates | None) -> str:
    """Return the noise in words; to the engine white noise is AR(1) noise."""
    if surrogates is not None:
        return surrogates.name
    return "legacy" if options.noise == "legacy" else "ar1"


def warn_of_wide_steps(geometry: Geometry) -> None:
    """Warn of scales more than an octave apart, across which nothing is smoothed."""
    dj = geometry.dj
    if dj > 1 and geometry.taps.size == 1 and not geometry.smooths_itself:
        warn_user(
            f"`dj` is {dj:g}: scales are {dj:g} octaves apart, so that the coherence is not "
            "smoothed across them, and periods between them are left out. Use for example dj=1/12: "
            "12 scales to the octave."
        )


def warn_of_little(plan: Plan, options: SimulationOptions) -> None:
    """Warn of too few surrogates, and of scales without a sample outside the cone of influence."""
    warn_of_few(options)
    n_empty = int((plan.samples_per_surrogate == 0).sum())
    # Short surrogates leave the large scales empty, as their user knows, but not all scales.
    if n_empty and (options.n_samples is None or n_empty == plan.n_scales):
        warn_user(
            f"{n_empty} scales have no sample outside the cone of influence; their levels are NaN. "
            "Use a smaller `J`."
        )
