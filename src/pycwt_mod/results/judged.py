"""How the points of a coherence are judged: p-values, significance and patches."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..backends.deadline import Deadline
from ..clusters import STATISTICS, PatchTest, largest_patches
from ..indexes import UNNAMED
from ..keywords import explains_keywords
from ..montecarlo.options import Rng, Seed, SimulationOptions
from ..montecarlo.plan import make_record_plan
from ..null_fields import conditional_of
from ..validation import as_choice, as_level
from .base import Array
from .clusters import ClusterResult, check_reach, ranked
from .few_samples import warn_of_few_samples
from .nulls import ComparedPair

# Levels are probabilities below one, in floating point, too.
_HIGHEST_LEVEL = 1 - 1e-12

# Corrections for the many points of a map.
CORRECTIONS = ("fdr", "cluster")

# The random streams of surrogates for patches are children of those of `wct` of this number, so
# that null distributions of points, where they are simulated, have others.
_OF_PATCHES = 13

# Parts of a result on which the null distribution of each point depends.
_OF_THE_FIELD = {"null", "coi", "freqs", "series", "provenance", "_surrogates"}


class JudgedPair(ComparedPair):
    """What the result of `wct` knows of chance, beside its named tuple."""

    _given: Mapping[int, Array] | None = None
    _clusters: ClusterResult | None = None

    def _replace(self, **changes: Any) -> Self:
        """Return a copy with other fields or facts, without p-values and patches of the former."""
        stale: dict[str, Any] = {"_given": None, "_clusters": None}
        if changes.keys() & _OF_THE_FIELD:
            stale["_field"] = None
        return super()._replace(**{**stale, **changes})

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the result as arrays without objects, by the names in a file."""
        patches = {} if self._clusters is None else self._clusters.to_arrays()
        return super().to_arrays() | {f"_clusters.{name}": each for name, each in patches.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """Return the result of which `to_arrays` made arrays; ValueError if none did."""
        result, start = super().from_arrays(arrays), "_clusters."
        patches = {k.removeprefix(start): arrays[k] for k in arrays if k.startswith(start)}
        if patches:
            ClusterResult.from_arrays(patches, result)
        return result

    @explains_keywords()
    def pvalues(self, null: str | None = None, *, given: str | None = None) -> Array:
        """Return the p-value of each coherence under the null hypothesis.

        Parameters
        ----------
        null : {"point", "scale"}, optional
            "point", the default: the null distribution of the point itself, `null_field`, which
            holds at the ends of the record and inside the cone of influence, too. "scale": that of
            all times of the scale outside the cone, as in pycwt; the default for a `null` of your
            own.
        given : str, optional
            "y1", "y2" or the name of a series: that series is kept as it was observed, and only
            the other is AR(1) noise under the null hypothesis. The test for a forced or seasonal
            series, or another that is no red noise: sunspots, CO2, a calendar. For analytic
            wavelets (Morlet, Paul). It takes some seconds, once. A result of ``wct(fixed="y1")``
            has these p-values by default; with other kinds of `noise` they are counted.

        Returns
        -------
        numpy.ndarray
            Shape (n_scales, n); pointwise, not corrected for the number of points. NaN where the
            coherence is, or its scale has no null distribution; with `given` also where that series
            has no power of its own, such as far from a step without any noise.

        Raises
        ------
        ValueError
            If `wct` was called with ``sig=False``, or an argument is out of range.
        """
        if given is not None:
            if null == "scale":
                raise ValueError("`null` must be 'point' with `given`, got 'scale'.")
            return self._conditional(self._place_of(given))
        if self._chosen(null) == "scale":
            return self._null().pvalue(self[0])
        if self._kept is not None:
            return self._conditional(self._kept)
        return self.null_field.pvalue(self[0])

    @explains_keywords()
    def significant(
        self,
        level: float | None = None,
        correction: str | None = None,
        null: str | None = None,
        *,
        given: str | None = None,
    ) -> NDArray[np.bool_]:
        """Return where the coherence is significant.

        Parameters
        ----------
        level : float, optional
            Probability of the level, such as 0.95; by default the one `wct` was called with.
        correction : {None, "fdr", "cluster"}
            None: each point by itself, so that a share ``1 - level`` of the points of unrelated
            series is significant. "fdr": at most that share of the points found is expected to
            be false (Benjamini & Hochberg 1995), over all points; with ``null="scale"`` over those
            outside the cone of influence, and none inside it is. "cluster": patches of points
            above their levels that are larger than the largest patch of unrelated series, but for
            a probability of ``1 - level``; see `clusters`, which is called with its defaults
            unless it was called at this level before. Both are for series of which a few samples
            do not hold most of the variance, see the warning.
        null : {"point", "scale"}, optional
        given : str, optional
            As in `pvalues`.

        Returns
        -------
        numpy.ndarray
            Truth values, shape (n_scales, n).

        Raises
        ------
        ValueError
            If `wct` was called with ``sig=False``, or an argument is out of range.

        Warns
        -----
        UserWarning
            With a `correction`, where few samples of two series hold most of their variance, as of
            daily rain: unrelated ones then have points or patches left several times as often as
            the level says. Take logarithms or ranks, or ``noise="iaaft"``.

        References
        ----------
        Benjamini, Y., and Hochberg, Y. (1995). Controlling the false discovery rate. Journal of
        the Royal Statistical Society B 57, 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x
        """
        probability = self.level if level is None else as_level(level, "level")
        null = "point" if given is not None else self._chosen(null)
        by_p = given is not None or (null == "point" and self._kept is not None)
        if by_p and correction is None:
            with np.errstate(invalid="ignore"):
                return self.pvalues(null, given=given) < 1 - probability
        if correction == "cluster":
            return self._clusters_at(probability, null, given).significant(1 - probability)
        if correction is None:
            levels = (self._null() if null == "scale" else self.null_field).quantile(probability)
            with np.errstate(invalid="ignore"):
                return np.asarray(self[0] > (levels[:, np.newaxis] if null == "scale" else levels))
        as_choice(correction, "correction", CORRECTIONS)
        return self._discoveries(self.pvalues(null, given=given), probability, null)

    @explains_keywords()
    def clusters(
        self,
        level: float = 0.95,
        statistic: str = "mass",
        mc_count: int = 1000,
        rng_seed: Seed = None,
        backend: Any = None,
        *,
        n_workers: int | None = None,
        rng: Rng = None,
        parallel: bool | None = None,
        progress: bool | Callable[[int, int], None] | None = None,
        timeout: float | None = None,
        cache: bool | None = None,
    ) -> ClusterResult:
        """Judge patches of coherence as a whole: whether one is larger than chance makes any.

        Of a map of two unrelated series 5 % of the points exceed their own level, in patches that
        look like findings. Use this to claim one: the probability of a false one anywhere on the
        map is controlled. 1000 surrogates of 1000 samples take six seconds on one core, of 100 000
        samples some minutes on two.

        Parameters
        ----------
        level : float, default 0.95
            Probability of the levels of points, `null_field`, above which they form patches.
            Higher ones find short strong patches better, lower ones long weak ones.
        statistic : {"mass", "area"}
            How large a patch is: its area in units of the scale, the sum of dt dj / s over its
            points; or its mass, their sum times ``-log10(p)``.
        mc_count : int, default 1000
            Number of surrogates. No p-value is below ``1 / (1 + mc_count)``.
        rng_seed, rng
            Seed, as in `wct_significance`; by default that of `wct`, where it simulated.
        backend, n_workers, parallel, timeout
            As in `wct_significance`. The p-values do not depend on where surrogates run.
        progress : bool or callable, optional
            As in `wct_significance`; by default none if `wct` was called with ``progress=False``.
        cache : bool, optional
            Whether to look up and keep the surrogates in the cache folder; by default as in `wct`.

        Returns
        -------
        ClusterResult
            `labels` of the points, `pvalues` of the patches, ascending; ``table()``,
            ``significant(alpha)``, ``plot()``, and the `null`.

        Raises
        ------
        TypeError, ValueError
            If the call had ``sig=False``, or an argument is out of range.
        TimeoutError
            After `timeout`, at the end of the surrogates at hand; what is done is kept, and the
            same call goes on from there. The null distribution of each point counts, where it is
            not yet computed; in closed form it is not broken off.

        Warns
        -----
        UserWarning
            If no p-value can be as small as 0.05 with so few surrogates, or few samples of two
            series hold most of their variance, see `significant`.

        Notes
        -----
        A surrogate is a pair or group of series under the null hypothesis of the call, AR(1) noise
        by default (see `noise` and `fixed`), as long as the data and treated alike. Of each the
        largest patch is kept, and the p-value of a patch is (1 + the number of
        surrogates whose largest is as large) / (1 + their number). Points are neighbours along and
        across time and scale; NaN has none. Records of more than 512 samples, padded, are judged
        at some of their times, no farther apart than the smallest scale of the octave, where data
        and surrogates are treated alike; a patch that holds none of them has a p-value of one.

        Of a result from a file, whose `noise` was a function, these are the patches found at the
        same `level` before it was saved.

        A significant patch says that the series are not unrelated, with that patch as the
        evidence. It does not say that each of its points is, nor where exactly it begins and ends.

        References
        ----------
        Maris, E., and Oostenveld, R. (2007). Nonparametric statistical testing of EEG- and
        MEG-data. Journal of Neuroscience Methods 164, 177-190. doi:10.1016/j.jneumeth.2007.03.024

        Examples
        --------
        >>> import numpy as np
        >>> from pycwt_mod import wct
        >>> x, y = np.random.default_rng(0).normal(size=(2, 200))
        >>> burst = slice(60, 140)
        >>> wave = 2 * np.sin(2 * np.pi * np.arange(80) / 12)
        >>> x[burst] += wave
        >>> y[burst] += wave
        >>> result = wct(x, y, 1.0, 1 / 4, method="analytic")
        >>> clusters = result.clusters(mc_count=200, rng_seed=1, progress=False)
        >>> clusters.pvalues[:2].round(3)
        array([0.005, 0.687])
        >>> [round(clusters.table()[0][key]) for key in ("shortest", "longest", "start", "end")]
        [7, 19, 51, 155]
        """
        made = self._options()
        if progress is None:
            progress = bool(self.provenance.get("simulation", {}).get("progress", True))
        options = SimulationOptions(
            mc_count=mc_count,
            rng_seed=rng_seed,
            rng=rng,
            backend=backend,
            n_workers=n_workers,
            parallel=parallel,
            progress=progress,
            timeout=timeout,
            cache=made.cache if cache is None else cache,
        )
        level, statistic = as_level(level, "level"), as_choice(statistic, "statistic", STATISTICS)
        kept, surrogates = self._clusters, self._surrogates
        is_same = kept is not None and (kept.level, kept.statistic) == (level, statistic)
        if kept is not None and is_same and surrogates is not None and surrogates.is_forgotten:
            return kept
        deadline = Deadline(options.timeout, options.mc_count, "surrogate")
        check_reach(options.mc_count, 0.05)
        self._warn_of_few_samples()
        seed = options.seed or made.seed
        if seed is not None:
            key = (*seed.spawn_key, _OF_PATCHES)
            seed = np.random.SeedSequence(seed.entropy, spawn_key=key, pool_size=seed.pool_size)
        if self._field is None:
            deadline.check()
            self.__dict__["_field"] = self._field_of(replace(made, timeout=deadline.left))
        test, order = self._patch_test(level, statistic, seed)
        labels, totals = test.labels(self[0][order])
        null = np.sort(largest_patches(test, replace(options, rng_seed=seed), deadline))
        labels, pvalues, totals = ranked(labels, totals, null)
        facts = {"mc_count": null.size, "seed": None if seed is None else str(seed.entropy)}
        found = ClusterResult(labels[order], pvalues, totals, null, level, statistic, self, facts)
        self.__dict__["_clusters"] = found
        return found

    def _patch_test(
        self, level: float, statistic: str, seed: np.random.SeedSequence | None
    ) -> tuple[PatchTest, slice]:
        """Return how patches are found and surrogates made, and how rows come from its scales."""
        geometry, order = self._geometry()
        field = self.null_field.reordered(order)
        known = self.provenance.get("coefficients")
        if known is None:
            raise ValueError(
                "`clusters` needs a result that tells its lag-1 coefficients in `provenance`, from "
                f"which surrogates are made. Take the result of `{self.FUNCTION}`."
            )
        coefficients = tuple(math.nan if g is None else float(g) for g in known)
        plan = make_record_plan(
            geometry,
            coefficients,
            ((0,),) * geometry.n_scales,  # nothing is counted by distance
            centred=self._centred,
            statistic=self.statistic_of(len(coefficients)),
            surrogates=self._surrogates,
        )
        return PatchTest.of(plan, field, level, statistic, seed), order

    def _clusters_at(self, level: float, null: str, given: str | None = None) -> ClusterResult:
        """Return the patches at a level, by default of the latest call of `clusters`."""
        self._null()  # or an error that says how to get one
        if null == "scale" or given is not None:
            raise ValueError(
                "`correction` must be None or 'fdr' with null='scale' or `given`, got 'cluster': "
                "patches are those of points above their own levels."
            )
        if self._clusters is not None and self._clusters.level == level:
            return self._clusters
        return self.clusters(level, progress=False)

    def _discoveries(self, p: Array, probability: float, null: str) -> NDArray[np.bool_]:
        self._warn_of_few_samples()
        # scipy.stats takes longer to import than all the rest.
        from scipy.stats import false_discovery_control

        tested = np.isfinite(p)
        if null == "scale":
            tested &= self.outside()
        found = np.zeros(p.shape, dtype=bool)
        if tested.any():
            found[tested] = false_discovery_control(p[tested], method="bh") <= 1 - probability
        return found

    def _warn_of_few_samples(self) -> None:
        warn_of_few_samples(self.series, self.names or UNNAMED, self._surrogates)

    def _place_of(self, given: str) -> int:
        """Return the number of the series that is kept as it was observed."""
        known = {"y1": 0, "y2": 1, **{name: place for place, name in enumerate(self.names)}}
        place = known[as_choice(given, "given", tuple(known))]
        self._null()  # or an error that says how to get one
        if self.series is None:
            raise ValueError(
                "`given` must be left out for a result without its `series`, got "
                f"{given!r}. Take the result of `wct`."
            )
        if self.provenance["coefficients"][1 - place] is None:
            raise ValueError(
                f"`given` must be left out where no AR(1) noise stands for the other series, got "
                f"{given!r}. Call `wct` with fixed={given!r} and the same `noise`."
            )
        return place

    def _conditional(self, place: int) -> Array:
        """Return the p-values with one series as it was observed, the other AR(1) noise."""
        assert self.series is not None
        kept = dict(self._given or {})
        if place not in kept:
            geometry, order = self._geometry()
            kept[place] = conditional_of(
                self[0][order],
                self.series[place],
                geometry,
                self.provenance["coefficients"][1 - place],
                centred=self._centred,
            )[order]
            self.__dict__["_given"] = kept
        return kept[place]

    def _outline(self, level: float | None, correction: str | None, null: str) -> dict[str, Any]:
        """Return what a picture outlines: levels, through which it has no steps, or a mask."""
        probability = self.level if level is None else as_level(level, "level")
        if correction is None and null == "scale":
            return {"sig": self[4] if level is None else self._null().quantile(probability)}
        if correction is None and self._kept is None:
            return {"sig": self.null_field.quantile(probability)}
        if correction is not None:
            as_choice(correction, "correction", CORRECTIONS)
        if correction == "cluster":
            clusters = self._clusters_at(probability, null)
            return {"sig": clusters.outline(clusters.significant(1 - probability))}
        p = self.pvalues(null)
        if correction is None:
            return self._where_p_is(p, 1 - probability)
        found = self._discoveries(p, probability, null)
        if null == "scale" or not found.any():
            return {"significant": found}
        # The levels that the correction amounts to.
        largest = float(p[found].max())
        if self._kept is not None:
            return self._where_p_is(p, largest)
        return {"sig": self.null_field.quantile(min(1 - largest, _HIGHEST_LEVEL))}

    def _where_p_is(self, p: Array, at_most: float) -> dict[str, Any]:
        """Return what a picture outlines where p-values have no levels: R2 reaches it there."""
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.log(np.maximum(p, np.finfo(float).tiny)) / np.log(at_most)
            return {"sig": self[0] / share}
