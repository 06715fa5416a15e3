"""What the points of a coherence are compared with: null distributions, and how they are made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self, Unpack

import numpy as np

from ..analytic.field import NullField
from ..analytic.scale_null import AnalyticNull
from ..arguments import padded_length
from ..geometry import Geometry
from ..montecarlo.null import NullDistribution
from ..montecarlo.options import SimulationKeywords, SimulationOptions
from ..montecarlo.surrogates import Observed, RedNoise, Surrogates
from ..null_fields import Distribution, has_closed_form, null_field_of
from ..scales import as_scales
from ..statistic import PAIR, Statistic
from ..validation import as_choice
from .pair import PairResult

# What a call with `freqs` leaves out of its record.
_GRID = {"dj": 1 / 12, "s0": -1, "J": -1}

# Null distributions that points are compared with: their own, or that of their scale.
NULLS = ("point", "scale")


class ComparedPair(PairResult):
    """What the result of `wct` knows of its null hypothesis."""

    null: NullDistribution | AnalyticNull | None = None
    level: float = 0.95
    _field: NullField | None = None
    _surrogates: Surrogates | None = None

    PARTS: ClassVar[Mapping[str, Any]] = {
        "null": Distribution,
        "_field": Distribution,
        "_surrogates": Surrogates,
    }
    FUNCTION: ClassVar[str] = "wct"  # that returns it

    @staticmethod
    def statistic_of(n_series: int) -> Statistic:
        """Return which coherence it is of a number of series."""
        return PAIR

    @property
    def null_field(self) -> NullField:
        """The null distribution of each point, computed when it is first asked for.

        It holds at the ends of the record and inside the cone of influence, too; see
        `wct_null_field`. Where it is simulated, as for real wavelets and any `noise` but "ar1" and
        "white", it is with the seed and `mc_count` of `wct`. With a `fixed` series or a `noise` of
        your own it may change over time, and is a `TimedField`. ValueError if `wct` was called with
        ``sig=False``.
        """
        if self._field is None:
            self.__dict__["_field"] = self._field_of(self._options())
        assert self._field is not None
        return self._field

    def with_null_field(
        self, field: NullField | None = None, **options: Unpack[SimulationKeywords]
    ) -> Self:
        """Return the same result, its points compared with a null distribution of your own.

        Use it where the field is simulated, for more surrogates, on a backend and with a bar.

        Parameters
        ----------
        field : NullField, optional
            From `wct_null_field`, with the scales, ascending, and the length of this result. By
            default the `null_field` of this result is computed, with the options.
        **options
            Where it is simulated, as in `wct_null_field`: `mc_count`, `rng_seed`, `backend`,
            `n_workers`, `progress`, `timeout` and the like.

        Returns
        -------
        CoherenceResult
            With `null_field` the given one.

        Raises
        ------
        ValueError
            If the field has other scales or another length.

        Examples
        --------
        >>> import numpy as np
        >>> from pycwt_mod import wct, wct_null_field
        >>> x, y = np.random.default_rng(0).normal(size=(2, 60))
        >>> result = wct(x, y, 1.0, 1 / 4, 2.0, 8, wavelet="dog", mc_count=20, progress=False)
        >>> grid = {"dt": 1.0, "dj": 1 / 4, "s0": 2.0, "J": 8, "n": 60, "wavelet": "dog"}
        >>> field = wct_null_field(*result.provenance["coefficients"], **grid, progress=False)
        >>> result.with_null_field(field).pvalues().shape
        (9, 60)
        >>> same = result.with_null_field(mc_count=300, progress=False)
        """
        if field is None:
            return self._replace(_field=self._field_of(SimulationOptions(**options)))
        geometry, order = self._geometry()
        periods = geometry.periods
        alike = field.periods.shape == periods.shape and np.allclose(field.periods, periods)
        if not alike or field.n_times != self.coi.size:
            raise ValueError(
                f"`field` must be that of {periods.size} periods of {periods.min():.4g} to "
                f"{periods.max():.4g} and {self.coi.size} times, got {field!r}."
            )
        return self._replace(_field=field.reordered(order))

    def _field_of(self, options: SimulationOptions) -> NullField:
        """Return the null distribution of each point; where it is simulated, with the options."""
        self._null()  # or an error that says how to get one
        if "coefficients" not in self.provenance:
            raise ValueError(
                "`null` must be 'scale' for a null distribution of your own: nothing tells the "
                "red noise for that of each point. Pass one by `with_null_field`."
            )
        geometry, order = self._geometry()
        known = self.provenance["coefficients"]
        coefficients = tuple(math.nan if g is None else g for g in known)
        field = null_field_of(
            geometry,
            coefficients,
            options,
            centred=self._centred,
            statistic=self.statistic_of(len(coefficients)),
            surrogates=self._surrogates,
            remedy="null='scale' with simulated levels (`method` is that of the levels alone)",
        )
        return field.reordered(order)

    @property
    def default_null(self) -> str:
        """The null distribution that pictures and summaries compare points with.

        "point" where it is known, or takes seconds in closed form; "scale" where it would have to
        be simulated, and for a `null` or a `wct_significance` of your own and ``noise="legacy"``.
        """
        if self._field is not None:
            return "point"
        is_closed = self._is_red and has_closed_form(self._geometry()[0])
        return "point" if is_closed or self._kept is not None else "scale"

    @property
    def _is_red(self) -> bool:
        """Whether `null` is that of two AR(1) series, as the null of each point is."""
        made = self.provenance.get("simulation", {})
        known = self.null is not None and "coefficients" in self.provenance
        return known and self._surrogates is None and made.get("noise") != "legacy"

    @property
    def _noise(self) -> str:
        """The null hypothesis in words, as `noise` of `wct`."""
        return str(self.provenance.get("simulation", {}).get("noise", "ar1"))

    @property
    def _centred(self) -> bool:
        """Whether the mean of each series was subtracted."""
        return bool(self.provenance.get("normalize", True))

    @property
    def _kept(self) -> int | None:
        """The series that is fixed where p-values have a closed form, its number; else None."""
        if self._surrogates is None or self.series is None:
            return None
        sources = self._surrogates.sources
        fixed = [isinstance(source, Observed) for source in sources]
        red = [isinstance(source, RedNoise) for source in sources]
        if len(fixed) != 2 or not all(a or b for a, b in zip(fixed, red, strict=True)):
            return None
        return fixed.index(True) if has_closed_form(self._geometry()[0]) else None

    def _chosen(self, null: str | None) -> str:
        if null is not None:
            return as_choice(null, "null", NULLS)
        if self._field is not None:
            return "point"
        self._null()
        return "point" if self._is_red or self._surrogates is not None else "scale"

    def _null_or_default(self, null: str | None) -> str:
        return self.default_null if null is None else as_choice(null, "null", NULLS)

    def _options(self) -> SimulationOptions:
        """Return the options of the simulation, as far as the record has them."""
        made = self.provenance.get("simulation", {})
        known = {name: made[name] for name in ("mc_count", "cache") if name in made}
        if "entropy" in made:
            known["rng_seed"] = np.random.SeedSequence(
                made["entropy"], spawn_key=made["spawn_key"], pool_size=made["pool_size"]
            )
        return SimulationOptions(progress=False, **known)

    def _geometry(self) -> tuple[Geometry, slice]:
        """Return the transform's scales, ascending, and how the rows come from them."""
        if self.mother is None:
            raise ValueError(
                "`wavelet` must be one of this package's for a result from a file, which holds no "
                "code of your own: compute it again by `wct`."
            )
        made, n = self.provenance, self.coi.size
        dj, s0, J = (made.get(name, default) for name, default in _GRID.items())
        grid = as_scales(n, self.dt, dj, s0, J, made.get("freqs"), self.mother)
        smoothing = made.get("smoothing", "pycwt")
        n_fft = padded_length(n)
        made_on = Geometry(self.mother, grid.values, self.dt, grid.dj, n, n_fft, smoothing)
        return made_on, grid.order

    def _null(self) -> NullDistribution | AnalyticNull:
        if self.null is None:
            raise ValueError(
                f"`sig` must be True in the call of `{self.FUNCTION}` for p-values and "
                "significance, got False."
            )
        return self.null
