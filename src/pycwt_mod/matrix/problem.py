"""One call of `wct_matrix`, checked: its series, pairs, bands, scales and options."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import in_range, normalized, padded_length
from ..geometry import Geometry
from ..montecarlo.noise import Streams
from ..montecarlo.null_model import NullModel
from ..montecarlo.options import SimulationOptions
from ..montecarlo.plan import Plan, make_plan
from ..montecarlo.surrogates import Surrogates
from .fields import Array
from .table import Node, Pair, PeriodBand, SeriesSet, in_band

# Facts that tell a run from others.
_OF_GEOMETRY = ("dt", "n_times", "n_fft", "dj", "smoothing")
_OF_OPTIONS = ("mc_count", "method", "n_samples", "tol", "mc_count_max")


@dataclass(frozen=True)
class Problem:
    """Everything that the numbers of a run depend on.

    `options` has the method that the wavelet allows, and the length of surrogates in `n_samples`.
    """

    series: SeriesSet
    pairs: tuple[Pair, ...]
    bands: tuple[PeriodBand, ...]
    geometry: Geometry
    s0: float
    J: float
    sig: bool
    level: float
    normalize: bool
    options: SimulationOptions
    model: NullModel

    @property
    def members(self) -> NDArray[np.bool_]:
        """Mask of the scales that belong to each band and have times that count, (band, scale)."""
        periods, seen = self.geometry.periods, self.geometry.n_averaged > 0
        return np.stack([in_band(periods, band) & seen for band in self.bands])

    def prepared(self, numbers: Sequence[int]) -> Array:
        """Return some of the series as they are to be transformed, shape (n_series, n_times)."""
        series = np.stack([self.series.values[number] for number in numbers])
        return normalized(series) if self.normalize else in_range(series)

    def surrogates(self, pair: Pair, coefficients: Sequence[float]) -> Surrogates | None:
        """Return what makes the surrogates of a pair; None where AR(1) coefficients say all."""
        return self.model.of_pair(pair).surrogates(self.prepared(pair), coefficients)

    def plan(self, node: Node, surrogates: Surrogates | None = None) -> Plan:
        """Return the simulation of the levels at two AR(1) coefficients, or with surrogates."""
        n_samples = self.options.n_samples if surrogates is None else self.geometry.n_times
        return make_plan(
            node if surrogates is None else (math.nan, math.nan),
            self.geometry.dt,
            self.geometry.dj,
            self.s0,
            self.J,
            self.geometry.mother,
            method=str(self.options.method),
            smoothing=self.geometry.smoothing,
            n_samples=n_samples,
            pad=padded_length,
            noise="ar1" if surrogates is None else surrogates.name,
            surrogates=surrogates,
            centred=surrogates is not None and self.normalize,
        )

    def facts(self) -> dict[str, Any]:
        """Return the facts that an earlier run must share for its results to be those of this."""
        mother, options = self.geometry.mother, self.options
        # Runs of earlier versions do not have these.
        more: dict[str, Any] = {"inside_cone": True} if self.geometry.inside_cone else {}
        noises = self.model.identities()
        if set(noises) != {"ar1"}:
            more["noise"] = noises
        return {
            **more,
            "names": list(self.series.names),
            "wavelet": f"{type(mother).__qualname__} {mother!r}",
            "data": self.series.digest(),
            **{name: getattr(self.geometry, name) for name in _OF_GEOMETRY},
            "s0": self.s0,
            "J": self.J,
            "normalize": self.normalize,
            "bands": [list(band) for band in self.bands],
            "sig": self.sig,
            "significance_level": self.level,
            "rng_seed": None if options.seed is None else repr(Streams.of(options.seed)),
            **{name: getattr(options, name) for name in _OF_OPTIONS},
        }
