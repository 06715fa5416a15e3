"""The wavelet coherence of many pairs: each series is transformed once, each pair compared once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

from numpy.typing import ArrayLike

from ..arguments import padded_length
from ..backends import resolve_backend
from ..geometry import Geometry
from ..keywords import explains_keywords
from ..levels import as_long_as_the_record, warn_of_wide_steps
from ..limits import scale_arguments
from ..montecarlo.null_model import NullModel, as_noise
from ..montecarlo.options import SimulationKeywords, SimulationOptions, check_smoothing
from ..mothers import as_mother
from ..transform import scale_axis
from ..validation import as_flag, as_level
from .problem import Problem
from .result import MatrixResult
from .run import Run
from .store import as_store
from .table import as_bands, as_pairs, as_series_set, check_orientation


@explains_keywords(SimulationKeywords.__annotations__)
def wct_matrix(
    data: ArrayLike,
    dt: float | None = None,
    *,
    names: Sequence[str] | None = None,
    pairs: Sequence[tuple[Any, Any]] | str | None = None,
    bands: Sequence[tuple[float, float]] | None = None,
    dj: float = 1 / 12,
    s0: float = -1,
    J: float = -1,
    sig: bool = True,
    significance_level: float = 0.95,
    wavelet: Any = "morlet",
    normalize: bool = True,
    inside_cone: bool = False,
    fields: str | None = None,
    out: Any = None,
    **options: Unpack[SimulationKeywords],
) -> MatrixResult:
    """Wavelet coherence of many pairs of series, by bands of periods.

    Use it for many pairs: each series is transformed once, pairs of like persistence share their
    null distribution, everything runs on one pool of workers, and each pair has p-values for bands
    of periods, which `wct` does not give. For these p-values surrogates as long as the record are
    simulated, so a loop over `wct` is faster for few pairs: up to about 30 pairs of 500 samples,
    or 60 of 2000. With ``sig=False`` it never is. Memory grows with the number of series,
    in a temporary file, and not with the number of pairs.

    Parameters
    ----------
    data : array_like, pandas.DataFrame or xarray.DataArray
        Evenly sampled real series over the same times, shape (n_series, n_times); or a DataFrame
        with a column for each; or a DataArray of two dimensions, the times along "time", or else
        along the last.
    dt : float, optional
        Sampling interval. It may be left out where an index of even times tells it. Steps of dates
        are then in seconds if shorter than a minute, in years (of twelve equal months) if a month
        or longer, else in days; business days count as one day each. The result says so in `unit`.
    names : sequence of str, optional
        Names of the series; by default the columns' names, or numbers.
    pairs : sequence of (int or str, int or str), optional
        Pairs by name or number of the series. None or "all": each series with each other once;
        None is refused if there are more series than times, as rows and columns may be swapped. An
        integer that is a name, such as the column 1207 of a DataFrame, means the series of that
        name, even if it could also be a number.
    bands : sequence of (float, float), optional
        Bands of periods (low, high), low <= period < high, in the unit of `dt`. By default octaves
        from the shortest period on.
    dj, s0, J, sig, significance_level, wavelet, normalize
        As in `wct`. Without `sig` there are neither significant areas nor p-values.
    inside_cone : bool, default False
        Whether the points inside the cone of influence count, too. Means of a band then run over
        all times, as do those of the surrogates that they are compared with, and each point has
        the level of its own null distribution, which allows for the ends of the record. More is
        found in short records, and bands of long periods, which never leave the cone, are judged.
    fields : {None, "memory"}
        "memory" keeps the coherence and phase of every pair at all times and scales in the result.
    out : path-like, optional
        Folder to which these fields are written pair by pair, as .npz files. A run that was broken
        off goes on with the pairs that are missing when it is called again with the same data and
        parameters. To keep the numbers of a result in one file, `MatrixResult.save` it.
    **options
        The options of the simulation, by name, as in `wct`. `mc_count` is the number of surrogates
        of each null distribution, for levels and p-values; `surrogate_length`, `n_samples`, `tol`
        and `mc_count_max` are for the levels alone (surrogates for p-values are as long as the
        record). `noise` is one for all or a list with one for each series; `out` knows a function
        by its name and code. `fixed` has names of series. `timeout` is for the whole call, and the
        same call goes on from there: surrogates that were simulated by then are in the cache, and
        pairs that were written to `out` stay.

    Returns
    -------
    MatrixResult
        For each pair and band the mean coherence and phase, the share of the significant area,
        and p-values with and without correction for the number of pairs; `to_dataframe`, `plot`,
        `save`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it. Also if `out` holds a
        run with other data or parameters.
    TimeoutError
        After `timeout`; it says how many steps were done. A step is a surrogate, the transform of
        a series, or the comparison of a pair.

    Warns
    -----
    UserWarning
        If pairs failed: a series is constant, has gaps, or allows no AR(1) model. They are in the
        result's `failures`, and the others are not affected. If p-values that stand out are
        doubtful, see the notes. Otherwise as `wct`.

    Notes
    -----
    The p-value of a pair in a band belongs to the null hypothesis that the two series are
    independent AR(1) processes. The statistic is the mean of R2 over all points of the band outside
    the cone of influence, or with `inside_cone` over all points. It is compared with the means of
    `mc_count` pairs of AR(1) series that are as long as the record and treated alike, so that it is
    uniform under the null hypothesis, however the points depend on each other. Where fewer than ten
    surrogates reach the mean, a normal tail in the logit of the mean continues it, down to
    0.001 / (1 + mc_count). `pvalue_fdr` holds the false discovery rate over the pairs of a band
    (Benjamini & Hochberg 1995).

    Series with narrow rhythms, such as the alpha band of an EEG or a seasonal cycle, are no AR(1)
    processes: unrelated ones are coherent over a few of their periods, and their p-values are far
    too small. From the spectra of a pair follows by how much the mean of R2 would exceed that of
    AR(1) noise if the two were unrelated. Where a p-value is at most ``1 - significance_level``,
    and would not be without that excess, `doubtful` is True, and a warning names the pairs; bands
    of less than eight periods in the record are not judged. It is a mark, no correction. The test
    for such series is ``noise="phase"``, "iaaft" or "arma(4,1)", whose surrogates have the rhythm:
    each pair then has levels and means of its own, at a second or two for 500 samples on one core.

    The share of significant points is that above the level of their scale, an average over times
    outside the cone; with `inside_cone` above the level of each point, as of `wct_null_field`.
    P-values of points, by ``fields(...).pvalues()``, are those of each point either way.

    For the levels the AR(1) coefficients of a pair are rounded, to steps of 0.05 up to 0.75 and to
    quarter octaves of ``1 - g`` beyond, by which no level changes by more than the standard error
    of 300 surrogates; their order does not matter. They are those of `wct_significance` at the
    rounded coefficients. For the p-values the means of surrogates are interpolated between a few
    coefficients around those of the pair.

    References
    ----------
    Grinsted, A., Moore, J. C., and Jevrejeva, S. (2004). Application of the cross wavelet
    transform and wavelet coherence to geophysical time series. Nonlinear Processes in
    Geophysics 11, 561-566. doi:10.5194/npg-11-561-2004

    Benjamini, Y., and Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the
    Royal Statistical Society B 57, 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> import numpy as np
    >>> from pycwt_mod import wct_matrix
    >>> rng = np.random.default_rng(0)
    >>> a, b, c = rng.normal(size=(3, 200))
    >>> result = wct_matrix(
    ...     [a, a + b, c], 1.0, names=["a", "sum", "c"], bands=[(4, 16)], dj=1 / 4, mc_count=40,
    ...     rng_seed=1, progress=False,
    ... )
    >>> (result.pvalue_fdr < 0.05).ravel()
    array([ True, False, False])
    """
    as_noise(options.get("noise", "ar1"), "noise", of_a_pair=False)
    simulation = SimulationOptions(**options)
    if simulation.noise == "legacy":
        raise ValueError(
            "`noise` must not be 'legacy' for many pairs, got 'legacy': pycwt's random stream is "
            "that of one pair. Use 'white', or call `wct` for each pair."
        )
    store = as_store(out, fields)
    series, mother = as_series_set(data, dt, names), as_mother(wavelet)
    simulation = simulation.for_record(series.n_times)
    dj, s0, J = scale_arguments(series.n_times, series.dt, dj, s0, J, mother)
    geometry = Geometry(
        mother,
        scale_axis(s0, dj, J),
        series.dt,
        dj,
        series.n_times,
        padded_length(series.n_times),
        check_smoothing(simulation.smoothing, mother),
        as_flag(inside_cone, "inside_cone"),
    )
    warn_of_wide_steps(geometry)
    model = NullModel.of(simulation.noise, simulation.fixed, list(map(str, series.names)))
    if not model.is_red:
        simulation = as_long_as_the_record(simulation, series.n_times, model)
    check_orientation(series, pairs, geometry.n_averaged)
    problem = Problem(
        series,
        as_pairs(pairs, series.names),
        as_bands(bands, geometry.periods, geometry.n_averaged),
        geometry,
        s0,
        J,
        as_flag(sig, "sig"),
        as_level(significance_level),
        as_flag(normalize, "normalize"),
        replace(simulation, method=simulation.method_for(mother)),
        model,
    )
    engine = resolve_backend(simulation.backend, n_workers=simulation.n_workers)
    return Run(problem, store).result(engine, simulation.progress)
