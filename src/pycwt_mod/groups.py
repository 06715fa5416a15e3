"""Coherence of more than two series: partial, with others removed, and multiple."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from numpy.typing import ArrayLike

from .arguments import Group
from .keywords import explains_keywords
from .montecarlo.options import SimulationKeywords
from .results import MultipleResult, PartialResult
from .validation import brief
from .wavelet import coherence_result

__all__ = ["mwct", "pwct"]


@explains_keywords(SimulationKeywords.__annotations__)
def pwct(
    y: ArrayLike,
    x: ArrayLike,
    z: Any,
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
    al: Sequence[float | None] | None = None,
    **kwargs: Unpack[SimulationKeywords],
) -> PartialResult:
    """Partial wavelet coherence: of two series, with others removed from both.

    Use it to ask whether two series that go with a third are related beyond that. What is linear in
    the series of `z`, at each time and period, is removed from `y` and `x`, and the coherence is
    that of the rest.

    Parameters
    ----------
    y, x : array_like
        Evenly sampled real series over the same times, shape (n,) each.
    z : array_like, list of array_like or pandas.DataFrame
        What is to be removed: one series; or a list of several, an array of shape (q, n), an
        xarray.DataArray of two dimensions, or a DataFrame with a column for each.
    dt, dj, s0, J, sig, significance_level, wavelet, normalize, freqs
        As in `wct`.
    al : sequence of float, optional
        Lag-1 autocorrelation of y, x and each of z under the null hypothesis; those that are None
        are estimated by `ar1`, by default all. The result has them in
        ``provenance["coefficients"]``.
    **kwargs
        The options of the simulation, as in `wct`; but for ``noise="legacy"``, of two series.

    Returns
    -------
    PartialResult
        The tuple (WCT, aWCT, coi, freqs, sig) of `wct`, with p-values, significance, summary and
        picture. `WCT` is the squared partial coherence, NaN also where the series of `z` depend on
        each other, or nothing is left of `y` or `x` without them. `aWCT` is the phase in radians of
        the *smoothed* cross-spectrum of what is left of `y` and `x`; that of `wct` is pycwt's, not
        smoothed. Positive: `x` lags.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it. In particular series of
        different lengths, constant ones, and one given twice, if with another factor or offset.

    Notes
    -----
    With S_ab = S(W_a conj(W_b) / s), smoothed as in `wct`, C_ab = S_ab - S_aZ inv(S_ZZ) S_Zb and
    R2 = abs(C_yx)**2 / (C_yy C_xx). Each series that is removed takes degrees of freedom from the
    smoothing, so the level rises: at 0.95 from 0.60 of a pair to about 0.65 with one removed, 0.69
    with two and 0.73 with three (Morlet). It is that of this statistic for as many independent
    AR(1) series; by the level of a pair 7 to 15 % of all points of unrelated series
    would be significant in place of 5.

    References
    ----------
    Hu, W., and Si, B. (2021). Technical note: Improved partial wavelet coherency for understanding
    scale-specific and localized bivariate relationships in geosciences. Hydrology and Earth System
    Sciences 25, 321-331. doi:10.5194/hess-25-321-2021

    Examples
    --------
    Two rivers that share the rain, and nothing else:

    >>> import numpy as np
    >>> from pycwt_mod import pwct, wct
    >>> rng = np.random.default_rng(3)
    >>> rain, one, two = rng.normal(size=(3, 300))
    >>> options = {"mc_count": 40, "rng_seed": 1, "progress": False}
    >>> y, x = 2 * rain + one, 2 * rain + two
    >>> pair, rest = wct(y, x, 1.0, 1 / 4, **options), pwct(y, x, rain, 1.0, 1 / 4, **options)
    >>> for each in (pair, rest):
    ...     print(f"{each.significant(null='scale')[each.outside()].mean():.0%}")
    66%
    4%
    """
    given = Group.of({"y": y, "x": x}, "z", z)
    asked = dt, (dj, s0, J, freqs), sig, significance_level, wavelet, normalize
    return coherence_result(PartialResult, given, _coefficients(al, given), *asked, kwargs)


@explains_keywords(SimulationKeywords.__annotations__)
def mwct(
    y: ArrayLike,
    X: Any,
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
    al: Sequence[float | None] | None = None,
    **kwargs: Unpack[SimulationKeywords],
) -> MultipleResult:
    """Multiple wavelet coherence: of one series with several others together.

    Use it to ask how much of a series the others explain, at each time and period: the share of
    its power that is linear in them.

    Parameters
    ----------
    y : array_like
        The series to be explained, evenly sampled and real, shape (n,).
    X : list of array_like, array_like or pandas.DataFrame
        The predictors over the same times: a list of series, an array of shape (q, n), an
        xarray.DataArray of two dimensions, or a DataFrame with a column for each.
    dt, dj, s0, J, sig, significance_level, wavelet, normalize, freqs
        As in `wct`.
    al : sequence of float, optional
        Lag-1 autocorrelation of y and each of X under the null hypothesis; those that are None are
        estimated by `ar1`, by default all. The result has them in ``provenance["coefficients"]``.
    **kwargs
        The options of the simulation, as in `wct`; but for ``noise="legacy"``, of two series.

    Returns
    -------
    MultipleResult
        The tuple (WCT, aWCT, coi, freqs, sig) of `wct`, with p-values, significance, summary and
        picture. `WCT` is the squared multiple coherence, NaN also where the predictors depend on
        each other. `aWCT` is NaN: with several predictors there is no one phase, and pictures have
        no arrows.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it. In particular series of
        different lengths, constant ones, one given twice, if with another factor or offset, and
        more predictors than the smoothing has degrees of freedom.

    Notes
    -----
    With S_ab = S(W_a conj(W_b) / s), smoothed as in `wct`, R2 = S_yX inv(S_XX) S_Xy / S_yy. With
    one predictor it is that of `wct`.

    Smoothing covers few independent values, and several predictors together fit most of them: the
    95 % level of unrelated series is about 0.60 with one predictor, 0.77 with two, 0.87 with three
    and 0.93 with four (Morlet). **With three and more the level is close to 1**, and only a
    coherence closer to 1 tells anything: leave predictors out, or ask by `pwct` what one of them
    adds to the others. The level is that of this statistic for as many
    independent AR(1) series; by the level of a pair 27 to 90 % of all points of unrelated series
    would be significant in place of 5.

    References
    ----------
    Hu, W., and Si, B. C. (2016). Technical note: Multiple wavelet coherence for untangling
    scale-specific and localized multivariate relationships in geosciences. Hydrology and Earth
    System Sciences 20, 3183-3191. doi:10.5194/hess-20-3183-2016

    Examples
    --------
    >>> import numpy as np
    >>> from pycwt_mod import mwct
    >>> rng = np.random.default_rng(0)
    >>> rain, melt, noise = rng.normal(size=(3, 300))
    >>> result = mwct(
    ...     rain + melt + 0.2 * noise, [rain, melt], 1.0, 1 / 4, mc_count=40, rng_seed=1,
    ...     progress=False,
    ... )
    >>> bool(result.significant(null="scale")[result.outside()].mean() > 0.9)
    True
    """
    given = Group.of({"y": y}, "X", X)
    asked = dt, (dj, s0, J, freqs), sig, significance_level, wavelet, normalize
    return coherence_result(MultipleResult, given, _coefficients(al, given), *asked, kwargs)


def _coefficients(al: Any, given: Group) -> dict[str, Any]:
    """Return the lag-1 autocorrelation of each series, or None, by what messages call it."""
    labels = list(given.series)
    if al is None:
        al = [None] * len(labels)
    if isinstance(al, str) or not hasattr(al, "__len__"):
        raise TypeError(f"`al` must be a number for each series, got {brief(al)}.")
    if len(al) != len(labels):
        raise ValueError(
            f"`al` must have a number, or None, for each of {', '.join(labels)}, got {brief(al)}."
        )
    return {f"al[{number}]": each for number, each in enumerate(al)}
