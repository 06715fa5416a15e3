"""The null distribution at each point of a map: in closed form or simulated, and kept."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

import numpy as np
from numpy.typing import NDArray

from ._version import __version__
from .analytic.compute import scale_nodes, tabulate
from .analytic.conditional import conditional_pvalues
from .analytic.counted import distance_classes, table_of_counts, table_of_times, time_classes
from .analytic.field import NullField, TimedField
from .analytic.forms import FELT_BY_CUT_OFF, felt_distances
from .analytic.scale_null import FILE_FORMAT as SCALE_FORMAT
from .analytic.scale_null import AnalyticNull, scale_null
from .arguments import padded_length
from .backends.shipping import single_threaded
from .cached_files import digest_of, recall, store
from .coherence import own_smooth
from .geometry import Geometry
from .helpers import cache_path
from .keywords import explains_keywords
from .montecarlo.estimate import estimate_null
from .montecarlo.null import FILE_FORMAT as NULL_FORMAT
from .montecarlo.null import NullDistribution
from .montecarlo.null_model import NullModel, as_noise
from .montecarlo.options import SimulationKeywords, SimulationOptions, check_smoothing
from .montecarlo.plan import fingerprint, is_single_enough, make_plan, make_record_plan
from .montecarlo.surrogates import Surrogates
from .mothers import as_mother
from .statistic import PAIR, Statistic
from .validation import as_coefficient, as_count, as_flag, warn_user

__all__ = ["wct_null_field"]

Floats = NDArray[np.float64]

# Raised whenever the same arguments would give other numbers than before.
_VERSION = 8

# Fewer surrogates than this give a level that is little more than a guess.
_FEW_SURROGATES = 10

# Options of a simulation that say how long its surrogates are.
_NOT_OF_FIELDS = {"n_samples", "surrogate_length"}

# Fields kept in memory, the latest used last: a megabyte each.
_KEPT: OrderedDict[str, NullField] = OrderedDict()
_MOST_KEPT = 8

# A wavelet with a larger response at negative frequencies, as a share of its peak, is not analytic.
_NEGATIVE = 0.02

# A mother wavelet's own `smooth` ends where this share of it lies beyond; an end is felt from there
# on as far as its wavelets reach, in e-folding times. Octaves between the scales that are counted.
_BEYOND, _REACH, _STEP = 1e-3, 3.0, 1 / 6

# An end that is felt from more scales away than this makes the closed form of three and more series
# slower than simulation, by far, where the record is longer than this, padded.
_FAR, _LONG = 12.0, 512


class Distribution:
    """Any null distribution in a file."""

    KINDS: ClassVar[dict[str, Any]] = {
        NULL_FORMAT: NullDistribution,
        SCALE_FORMAT: AnalyticNull,
        NullField.FORMAT: NullField,
        TimedField.FORMAT: TimedField,
    }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Any:
        """Return the distribution of which its `to_arrays` made arrays; ValueError if none did."""
        try:
            kind = cls.KINDS[json.loads(str(arrays["facts"][()]))["format"]]
        except (KeyError, TypeError) as error:
            raise ValueError("it holds no null distribution") from error
        return kind.from_arrays(arrays)


@explains_keywords(SimulationKeywords.__annotations__)
def wct_null_field(
    al1: float,
    al2: float,
    dt: float,
    dj: float,
    s0: float,
    J: float,
    n: int,
    wavelet: Any = "morlet",
    *,
    normalize: bool = True,
    **options: Unpack[SimulationKeywords],
) -> NullField:
    """Null distribution of the wavelet coherence at each point of the map of a record.

    Use it for levels and p-values that hold everywhere, at the ends of the record and inside the
    cone of influence, too, where the coherence of unrelated series is larger than in the middle.
    For an analytic wavelet (Morlet, Paul) it is computed in closed form, at any length in about a
    second for Morlet, in some two to eight for Paul. For others it is simulated: for DOG and the
    Mexican hat, for Morlet wavelets of `f0` below 2.8, which respond to negative frequencies, too,
    and for a wavelet with a `smooth` of its own. The `null_field` of what `wct` returns is this
    one.

    Parameters
    ----------
    al1, al2, dt, dj, s0, J
        As in `wct_significance`.
    n : int
        Samples of the record, at least 2.
    wavelet : MotherWavelet or str, default "morlet"
        Mother wavelet.
    normalize : bool, default True
        Whether the mean of each series is subtracted, as `wct` does by default.
    **options
        `smoothing` and `cache`, as in `wct_significance`; and where it is simulated `mc_count`,
        `backend`, `n_workers`, `rng_seed`, `rng`, `parallel`, `progress`, `timeout`, `tol` and
        `mc_count_max`. ``method="full"`` simulates it for any wavelet, ``method="analytic"`` for
        none.

    Returns
    -------
    NullField
        ``quantile(level)`` are levels of R2 of shape (n_scales, n), ``pvalue(R2)`` the p-values of
        a map of that shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it.

    Notes
    -----
    The null hypothesis is that of two independent AR(1) records of n samples, treated as `wct`
    treats data: the mean subtracted, zero-padded, the boxcar cut off at the first and last scale.
    Levels err by about 0.001 (Paul wavelets: 0.003), except that the coefficients of the transform
    are taken for circular complex normal, which the step at the end of red noise is not: within
    five samples of the ends levels of the smallest scales are too high by up to 0.015 for
    coefficients above 0.9, and by up to 0.02 for Paul wavelets of low order (0.05 at the first).
    At scales below 0.55 sampling intervals (Morlet 6) levels are too low, as a warning says.

    Where it is simulated, `mc_count` pairs of such records are transformed at the full sampling
    rate, and their coherences counted by scale and distance from the nearest end of the record.
    With 300 pairs the standard error of the 95 % level is 0.02 to 0.04 near the ends and at large
    scales; it falls with the square root of `mc_count`. No p-value is below 1 / (1 + the number of
    coherences counted at its scale and distance), so that a correction for many points needs more
    of them, such as 3000.

    Examples
    --------
    >>> from pycwt_mod import wct_null_field
    >>> field = wct_null_field(0.5, 0.3, 1.0, 1 / 4, 2.0, 16, n=200)
    >>> level = field.quantile(0.95)
    >>> level.shape
    (17, 200)
    >>> level[8, [0, 20, 100]].round(1)
    array([0.8, 0.6, 0.6])
    """
    mother = as_mother(wavelet)
    chosen = _options_of_field(options)
    coefficients, surrogates = null_without_data(al1, al2, chosen)
    plan = make_plan(
        coefficients,
        dt,
        dj,
        s0,
        J,
        mother,
        method="full",
        smoothing=check_smoothing(chosen.smoothing, mother),
        n_samples=as_count(n, "n", at_least=2),
        pad=padded_length,
    )
    centred = as_flag(normalize, "normalize")
    simulate = is_to_simulate(plan) if chosen.method is None else chosen.method == "full"
    if surrogates is not None and chosen.method == "analytic":
        raise ValueError(
            "`noise` must be 'ar1' or 'white' with method='analytic', got "
            f"{surrogates.name!r}. Leave `method` out."
        )
    if simulate or surrogates is not None:
        warn_of_few(chosen)
    else:
        check_closed_form(plan)
    return null_field_of(
        plan, coefficients, chosen, centred=centred, simulate=simulate, surrogates=surrogates
    )


def _options_of_field(options: SimulationKeywords) -> SimulationOptions:
    """Check the options of a field; some of a simulation do not apply to it."""
    for name in _NOT_OF_FIELDS & options.keys():
        raise TypeError(
            f"`{name}` has no meaning for a field, whose surrogates are as long as the record. "
            "Leave it out."
        )
    as_noise(options.get("noise", "ar1"), "noise", of_a_pair=False)
    chosen = SimulationOptions(**options)
    if chosen.method == "multirate":
        raise ValueError(
            "`method` must be 'analytic' or 'full' for a field, got 'multirate': the ends of a "
            "record need its true length."
        )
    if chosen.noise == "legacy":
        raise ValueError(
            "`noise` must be 'ar1', 'white', a model or a function for a field, got 'legacy'. Use "
            "'white', which is alike."
        )
    return chosen


def null_without_data(
    al1: float, al2: float, options: SimulationOptions
) -> tuple[tuple[float, float], Surrogates | None]:
    """Return the checked coefficients, and what stands in place of AR(1) noise with them."""
    if options.fixed:
        raise ValueError(
            f"`fixed` must be left out here, where there are no series to keep, got "
            f"{options.fixed!r}. Call `wct` with the series."
        )
    model = NullModel.of(options.noise, (), ("al1", "al2"))
    g1, g2 = model.without_data((as_coefficient(al1, "al1"), as_coefficient(al2, "al2")))
    return (g1, g2), model.surrogates(None, (g1, g2))


def warn_of_few(options: SimulationOptions) -> None:
    if options.mc_count < _FEW_SURROGATES:
        warn_user(
            f"`mc_count` of {options.mc_count} is too small for a level worth the name; "
            f"use at least {_FEW_SURROGATES}, better 300."
        )


def null_field_of(
    geometry: Geometry,
    coefficients: tuple[float, ...],
    options: SimulationOptions,
    *,
    centred: bool,
    simulate: bool | None = None,
    statistic: Statistic = PAIR,
    surrogates: Surrogates | None = None,
    remedy: str = "method='full'",
) -> NullField:
    """Return the null distributions at all points of a map of AR(1) records.

    In closed form, or else simulated, with the options: by default where `is_to_simulate` says so,
    and for other `surrogates` than AR(1) noise always. `centred` says whether the mean of each
    series is subtracted, and `remedy` what helps where the closed form fails.
    """
    if simulate is None:
        simulate = is_to_simulate(geometry, statistic)
    if simulate or surrogates is not None:
        return _simulated(geometry, coefficients, options, centred, statistic, surrogates)
    _warn_of_faint(geometry, remedy)
    key = _key(geometry, coefficients, centred, statistic)
    path = cache_path() / f"field-{key}.npz"
    if options.cache:
        field = _KEPT.get(key) or recall(
            path, NullField.load, lambda found: found.n_scales == geometry.n_scales
        )
        if field is not None:
            return _keep(key, field)
    with single_threaded():  # the matrices are too small to share
        table = tabulate(geometry, coefficients, statistic.name, without_mean=centred)
    facts = _facts(coefficients)
    field = NullField(table, geometry.n_times, geometry.periods, geometry.dt, facts)
    if options.cache:
        store(path, field.write)
        _keep(key, field)
    return field


def scale_null_of(
    geometry: Geometry,
    coefficients: tuple[float, ...],
    options: SimulationOptions,
    statistic: Statistic = PAIR,
) -> AnalyticNull:
    """Return the null distribution of each scale outside the cone of influence, in closed form."""
    check_closed_form(geometry)
    labels = tuple(f"y{number}" for number in range(1, len(coefficients) + 1))
    model = NullModel.of(options.noise, (), labels)
    if options.noise == "legacy" or options.fixed or not model.is_red:
        what = f"noise={model.name!r}" + f" and fixed={options.fixed!r}" * bool(options.fixed)
        raise ValueError(
            "`noise` must be 'ar1' or 'white' with method='analytic', and no series fixed, got "
            f"{what}. Use method='full'."
        )
    _warn_of_faint(geometry, "method='full'")
    with single_threaded():
        return scale_null(geometry, coefficients, _facts(coefficients), statistic.name)


def conditional_of(
    R2: Floats, series: Floats, geometry: Geometry, coefficient: float, *, centred: bool
) -> Floats:
    """Return the p-values of a map with one series as it was observed, the other AR(1) noise."""
    if not has_closed_form(geometry):
        raise ValueError(
            "`given` must be left out for a real wavelet or one with a `smooth` of its own, which "
            f"have no closed form, got {geometry.mother!r}. Use 'morlet' or 'paul'."
        )
    with single_threaded():
        return conditional_pvalues(R2, series, geometry, coefficient, without_mean=centred)


def _facts(coefficients: tuple[float, ...]) -> dict[str, Any]:
    return {"method": "analytic", "coefficients": list(coefficients), "version": __version__}


def _simulated(
    geometry: Geometry,
    coefficients: tuple[float, ...],
    options: SimulationOptions,
    centred: bool,
    statistic: Statistic,
    surrogates: Surrogates | None = None,
) -> NullField:
    """Count the coherences of surrogates as long as the record, by scale and distance.

    By scale and time where the null hypothesis changes in time.
    """
    n, nodes = geometry.n_times, _nodes(geometry, surrogates)
    is_timed = surrogates is not None and not surrogates.is_stationary
    felt = _felt_by_own_smooth(geometry) if geometry.smooths_itself else felt_distances(geometry)
    far = np.minimum(felt, (n - 1) / 2)
    plan = make_record_plan(
        geometry,
        coefficients,
        time_classes(nodes, geometry.n_scales, n) if is_timed else distance_classes(far, nodes, n),
        centred=centred,
        statistic=statistic,
        surrogates=surrogates,
        ends_alike=not is_timed,
    )
    null = estimate_null(plan, options)
    facts = {**null.provenance, "mc_count": null.n_surrogates}
    if is_timed:
        timed = table_of_times(null.counts, plan.distances, nodes, null.n_surrogates)
        return TimedField(timed, n, geometry.periods, geometry.dt, facts)
    table = table_of_counts(null.counts, plan.distances, nodes, far, n)
    return NullField(table, n, geometry.periods, geometry.dt, facts)


def _nodes(geometry: Geometry, surrogates: Surrogates | None) -> NDArray[np.intp]:
    """Return the scales to count; those in between are interpolated."""
    if geometry.windows is not None:  # few, and each with neighbours of its own
        return np.arange(geometry.n_scales)
    if surrogates is None and not geometry.smooths_itself:
        return scale_nodes(geometry)
    step = max(1, round(_STEP / geometry.dj))
    return np.unique(np.append(np.arange(0, geometry.n_scales, step), geometry.n_scales - 1))


def _felt_by_own_smooth(geometry: Geometry) -> NDArray[np.float64]:
    """Return for each scale how many samples away an end is felt, from an impulse."""
    n = geometry.n_times
    impulse = np.zeros((geometry.n_scales, n))
    impulse[:, n // 2] = geometry.scales  # `smooth` is given the field over the scale
    spread = np.abs(own_smooth(impulse, geometry))
    felt = np.full(geometry.n_scales, float(n))
    for scale, row in enumerate(spread):
        by_distance = np.bincount(np.abs(np.arange(n) - n // 2), weights=row)
        beyond = 1 - np.cumsum(by_distance) / by_distance.sum()
        if np.isfinite(beyond).all():
            felt[scale] = np.argmax(beyond < _BEYOND)
    return np.asarray(felt + _REACH / geometry.mother.coi() * geometry.scales_in_samples)


def is_to_simulate(geometry: Geometry, statistic: Statistic = PAIR) -> bool:
    """Return whether null distributions have no closed form, or it would take minutes.

    That of three and more series takes them where the windows of the wavelet hardly end.
    """
    if statistic == PAIR or not has_closed_form(geometry):
        return not has_closed_form(geometry)
    felt = (felt_distances(geometry) - FELT_BY_CUT_OFF) / geometry.scales_in_samples
    return bool(geometry.n_fft > _LONG and felt.min() > _FAR)


def has_closed_form(geometry: Geometry) -> bool:
    """Return whether the null distributions of a geometry need not be simulated."""
    return not geometry.smooths_itself and is_analytic(geometry.mother)


def check_closed_form(geometry: Geometry) -> None:
    """Raise ValueError if the null distributions of a geometry must be simulated."""
    if not has_closed_form(geometry):
        raise ValueError(
            "`method` must be 'full' or 'multirate' for a real wavelet or one with a `smooth` of "
            f"its own, which have no closed form, got 'analytic' with {geometry.mother!r}."
        )


def _warn_of_faint(geometry: Geometry, remedy: str) -> None:
    """Warn of wavelets with next to no response below the Nyquist frequency."""
    if not is_single_enough(geometry):  # for the same reason
        least = 1.005 * 2 * geometry.dt / geometry.mother.flambda()  # not to be rounded down
        warn_user(
            "The smallest scales lie far below the sampling interval, where the wavelet hardly "
            f"responds: periods below {2 * geometry.dt:.4g}, two sampling intervals, are not in "
            "the data. There the closed form is too lenient: 7 to 25 % of the values of unrelated "
            f"series have p < 0.05. Use s0={least:.3g} or larger, or {remedy}."
        )


def is_analytic(mother: Any) -> bool:
    """Return whether a wavelet responds to positive frequencies only."""
    x = np.linspace(0, 16 * np.pi / mother.flambda() + 20, 2**10)
    size = np.abs(mother.psi_ft(x)), np.abs(mother.psi_ft(-x))
    return bool(size[1].max() < _NEGATIVE * size[0].max())


def _keep(key: str, field: NullField) -> NullField:
    # Threads keep fields at the same time; each of these steps is one to them.
    _KEPT.pop(key, None)
    _KEPT[key] = field
    while len(_KEPT) > _MOST_KEPT:
        _KEPT.popitem(last=False)
    return field


def _key(
    geometry: Geometry, coefficients: tuple[float, ...], centred: bool, statistic: Statistic
) -> str:
    """Return a name for everything that determines a field in closed form."""
    facts = {
        "version": _VERSION,
        "mother": fingerprint(geometry.mother, geometry.scales_in_samples, 256),
        "coefficients": [value.hex() for value in coefficients],
        "scales": digest_of(geometry.scales_in_samples),
        "dt": geometry.dt.hex(),
        "dj": geometry.dj.hex(),
        "lengths": [geometry.n_times, geometry.n_fft],
        "smoothing": geometry.smoothing,
        "centred": centred,
    }
    if statistic != PAIR:
        facts["statistic"] = statistic.name
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
