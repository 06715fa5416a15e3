"""The null distribution of each scale, over all times outside the cone of influence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import Geometry
from ..limits import as_levels
from .compute import FINE, tabulate
from .field import at_level, distances_of, error_of_level
from .files import InFile, packed, unpacked

if TYPE_CHECKING:
    from ..plotting import NullPlot

Floats = NDArray[np.float64]

FILE_FORMAT = "pycwt_mod analytic null"

# Distances over which a scale is averaged near the ends, if there are more samples.
_DISTANCES = 48


@dataclass(frozen=True, eq=False, repr=False)
class AnalyticNull(InFile):
    """Distribution of R2 at each scale under the null hypothesis, in closed form.

    It answers as a `NullDistribution` does, from no surrogates: `wct_null` with
    ``method="analytic"`` makes one.

    Parameters
    ----------
    log_p : numpy.ndarray
        log P(R2 > r) at each scale over -log(1 - r), shape (n_scales, 513); NaN at scales without
        a sample outside the cone of influence.
    errors : numpy.ndarray
        Standard error of `log_p`, same shape.
    provenance : mapping
        Readable facts about how it was made, all JSON values.

    Examples
    --------
    >>> from pycwt_mod import wct_null
    >>> null = wct_null(0.5, 0.3, 1.0, 1 / 4, 2.0, 8, method="analytic")
    >>> null
    <AnalyticNull: 9 scales, 95 % level 0.60 to 0.81>
    """

    log_p: Floats
    errors: Floats
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_scales(self) -> int:
        """Number of scales."""
        return len(self.log_p)

    def quantile(self, level: ArrayLike = 0.95) -> Floats:
        """Return the R2 that a share `level` of the null distribution stays below.

        Parameters
        ----------
        level : float or array_like
            Probabilities strictly between 0 and 1.

        Returns
        -------
        numpy.ndarray
            Shape of `level` plus (n_scales,); NaN at scales without a sample outside the cone of
            influence.
        """
        return self._by_level(level, lambda y: -np.expm1(-y))

    def standard_error(self, level: ArrayLike = 0.95) -> Floats:
        """Return the standard error of `quantile(level)`, from independent scrambles."""
        return self._by_level(level, lambda y: error_of_level(self.log_p, self.errors, y))

    def pvalue(self, R2: ArrayLike) -> Floats:
        """Return the share of the null distribution at or above observed coherences.

        Parameters
        ----------
        R2 : array_like
            Coherences, shape (n_scales,) or (n_scales, n_times); NaN is passed through.

        Returns
        -------
        numpy.ndarray
            Same shape.

        Raises
        ------
        ValueError
            If the first axis is not the scales, or a coherence lies outside [0, 1].
        """
        observed = np.asarray(R2, dtype=float)
        if observed.ndim == 0 or observed.shape[0] != self.n_scales:
            raise ValueError(
                f"`R2` must have the {self.n_scales} scales on its first axis, got shape "
                f"{observed.shape}."
            )
        y = distances_of(observed)
        return np.exp(
            [np.interp(row, FINE, curve) for row, curve in zip(y, self.log_p, strict=True)]
        )

    def plot(self, periods: ArrayLike | None = None, **options: Any) -> NullPlot:
        """Draw the levels over the periods, as `NullDistribution.plot` does."""
        from ..plotting import plot_null

        return plot_null(self, periods, **options)

    def reordered(self, order: slice) -> AnalyticNull:
        """Return the scales in another order."""
        return replace(self, log_p=self.log_p[order], errors=self.errors[order])

    def essentials(self, level: float = 0.95) -> dict[str, str]:
        """Return how it was made and its level in words, for a notebook."""
        levels = self.quantile(level)
        known = levels[np.isfinite(levels)]
        span = f"R2 of {known.min():.2f} to {known.max():.2f}" if known.size else ""
        return {"Null distribution": "in closed form", f"{100 * level:.4g} % level": span}

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the distribution as arrays without objects, by the names in a file."""
        return packed(FILE_FORMAT, self.provenance, log_p=self.log_p, errors=self.errors)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> AnalyticNull:
        """Return the distribution of which `to_arrays` made arrays; ValueError if none did."""
        facts = unpacked(arrays, FILE_FORMAT)
        log_p, errors = np.asarray(arrays["log_p"]), np.asarray(arrays["errors"])
        if log_p.ndim != 2 or log_p.shape[1] != FINE.size or errors.shape != log_p.shape:
            raise ValueError(f"a table of shape {log_p.shape}")
        return cls(log_p, errors, facts["provenance"])

    def _by_level(self, level: ArrayLike, function: Callable[[Floats], Floats]) -> Floats:
        levels = as_levels(level)
        rows = [function(at_level(self.log_p, each)) for each in levels.ravel().tolist()]
        found = np.reshape(rows, (*levels.shape, self.n_scales))
        return np.where(np.isnan(self.log_p[:, 0]), np.nan, found)

    def __repr__(self) -> str:
        """Return a line that says how large and how strict the distribution is."""
        levels = self.quantile(0.95)
        known = levels[np.isfinite(levels)]
        text = f", 95 % level {known.min():.2f} to {known.max():.2f}" if known.size else ""
        return f"<AnalyticNull: {self.n_scales} scales{text}>"


def scale_null(
    geometry: Geometry,
    coefficients: tuple[float, ...],
    provenance: Mapping[str, Any],
    statistic: str = "pair",
) -> AnalyticNull:
    """Average the distributions of a record over the times outside the cone of influence."""
    starts, stops = geometry.outside
    # The edge of the cone before it is rounded to samples: a smooth function of the scale.
    edges = np.maximum(geometry.scales_in_samples / geometry.mother.coi() - 1 / 2, 0)
    table = tabulate(geometry, coefficients, statistic, without_mean=False, near=edges)
    half = (geometry.n_times - 1) / 2
    log_p, errors = np.full((2, geometry.n_scales, FINE.size), np.nan)
    rows = zip(starts, stops, table.far, table.curves, table.errors, strict=True)
    for scale, (start, stop, far, curves, error) in enumerate(rows):
        if start >= stop:
            continue
        felt = max(1, int(np.ceil(min(far, half) - start)))
        distances = np.linspace(start, start + felt - 1, min(felt, _DISTANCES))
        weights = table.weights_at(table.shares_of(scale, distances))
        p = np.exp(weights @ curves)
        share = min(1.0, 2 * felt / (stop - start))
        total = share * p.mean(axis=0) + (1 - share) * np.exp(curves[-1])
        log_p[scale] = np.log(np.maximum(total, np.finfo(float).tiny))
        errors[scale] = error[-1]
    return AnalyticNull(log_p, errors, provenance)
