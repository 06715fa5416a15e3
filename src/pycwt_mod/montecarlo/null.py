"""The null distribution of a coherence: counts in, levels and p-values out.

Nothing here knows a wavelet: a scale is a row of a table.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..files import check_suffix, new_file, read_arrays
from ..frames import as_dataframe, as_dataset
from ..limits import as_levels
from ..notebook import card
from ..validation import as_real_array

if TYPE_CHECKING:
    from ..plotting import NullPlot

# Surrogate i is counted in sub-histogram i modulo this; the spread of their quantiles is the
# standard error (batch means).
N_BATCHES = 16

FILE_FORMAT = "pycwt_mod null distribution"
FILE_VERSION = 1


@dataclass(frozen=True, eq=False, repr=False)
class NullDistribution:
    """Distribution of R2 at each scale under the null hypothesis of two independent series.

    It keeps the counts of a histogram, so that any level, p-value or standard error comes from
    one run. `wct_null` makes one.

    Parameters
    ----------
    counts : numpy.ndarray
        Integer counts, shape (batch, scale, bin): the bins divide [0, 1] evenly, and surrogate
        i is counted in batch i modulo the number of batches.
    ranges : tuple of (int, int)
        Half-open ranges of the surrogate indices counted, ascending and disjoint.
    problem : str
        Names the simulated problem and its random streams; only distributions of the same
        problem can be merged.
    provenance : mapping
        Readable facts about the run, all JSON values.

    Examples
    --------
    >>> from pycwt_mod import wct_null
    >>> null = wct_null(0.5, 0.3, 1.0, 1 / 4, 2.0, 8, mc_count=40, rng_seed=1, progress=False)
    >>> null
    <NullDistribution: 9 scales, 40 surrogates, 95 % level 0.61 to 0.81>
    >>> null.quantile([0.9, 0.95]).shape
    (2, 9)
    """

    counts: NDArray[np.int64]
    ranges: tuple[tuple[int, int], ...]
    problem: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_surrogates(self) -> int:
        """Number of surrogate pairs that were counted."""
        return sum(stop - start for start, stop in self.ranges)

    @property
    def n_scales(self) -> int:
        """Number of scales."""
        return int(self.counts.shape[1])

    @property
    def n_bins(self) -> int:
        """Number of bins of R2 in [0, 1]."""
        return int(self.counts.shape[2])

    @property
    def histogram(self) -> NDArray[np.int64]:
        """Counts of all batches together, shape (scale, bin)."""
        return np.asarray(self.counts.sum(axis=0))

    @property
    def effective_samples(self) -> NDArray[np.float64]:
        """Independent coherences that would tell as much as these, shape (n_scales,).

        From the spread over batches of the share above the 95 % quantile; NaN where unknown.
        """
        above = self.counts * (np.arange(self.n_bins) / self.n_bins >= self.quantile(0.95)[:, None])
        totals = self.counts.sum(axis=2)
        filled = totals.any(axis=1)
        if filled.sum() < 2:
            return np.full(self.n_scales, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = above.sum(axis=2)[filled] / totals[filled]
            share = shares.mean(axis=0)
            return np.asarray(share * (1 - share) / shares.var(axis=0, ddof=1) * filled.sum())

    def quantile(self, level: ArrayLike = 0.95) -> NDArray[np.float64]:
        """Return the R2 that a share `level` of the null distribution stays below.

        Parameters
        ----------
        level : float or array_like
            Probabilities strictly between 0 and 1.

        Returns
        -------
        numpy.ndarray
            Shape of `level` plus (n_scales,); NaN at scales without a sample outside the cone
            of influence.

        Raises
        ------
        ValueError
            If a level does not lie strictly between 0 and 1.

        Notes
        -----
        Linear interpolation between the midpoints of the occupied bins, as in pycwt.
        """
        return _quantiles(self.histogram, as_levels(level))

    def standard_error(self, level: ArrayLike = 0.95) -> NDArray[np.float64]:
        """Return the Monte Carlo standard error of `quantile(level)`.

        Parameters
        ----------
        level : float or array_like
            Probabilities strictly between 0 and 1.

        Returns
        -------
        numpy.ndarray
            Shape of `level` plus (n_scales,); NaN where `quantile` is NaN, and everywhere with
            fewer than two batches of surrogates.

        Notes
        -----
        Samples of one surrogate are correlated over time, so the counts themselves tell nothing
        about the error. The spread of the quantiles of 16 independent batches does.
        """
        levels = as_levels(level)
        filled = [table for table in self.counts if table.any()]
        if len(filled) < 2:
            return np.full((*levels.shape, self.n_scales), np.nan)
        spread = np.array([_quantiles(table, levels) for table in filled]).std(axis=0, ddof=1)
        return np.asarray(spread / math.sqrt(len(filled)))

    def pvalue(self, R2: ArrayLike) -> NDArray[np.float64]:
        """Return the share of the null distribution at or above observed coherences.

        Parameters
        ----------
        R2 : array_like
            Coherences, shape (n_scales,) or (n_scales, n_times); NaN is passed through.

        Returns
        -------
        numpy.ndarray
            (1 + number >= R2) / (1 + number), never 0; same shape. NaN where R2 is NaN or the
            scale has no sample outside the cone of influence.

        Raises
        ------
        ValueError
            If the first axis is not the scales, or a coherence lies outside [0, 1].
        """
        observed = as_real_array(R2, "R2", allow_nan=True)
        if observed.ndim == 0 or observed.shape[0] != self.n_scales:
            raise ValueError(
                f"`R2` must have the {self.n_scales} scales on its first axis, got shape "
                f"{observed.shape}."
            )
        known = np.isfinite(observed)
        if ((observed[known] < 0) | (observed[known] > 1)).any():
            raise ValueError("`R2` must lie in [0, 1], got values outside it.")
        # The whole of the bin that holds R2 counts as "at or above": the p-value errs upwards.
        histogram = self.histogram
        at_or_above = np.cumsum(histogram[:, ::-1], axis=1)[:, ::-1]
        total = histogram.sum(axis=1)
        bins = np.minimum(np.where(known, observed, 0.0) * self.n_bins, self.n_bins - 1).astype(int)
        column = (slice(None),) + (np.newaxis,) * (observed.ndim - 1)
        above = np.take_along_axis(at_or_above, bins.reshape(self.n_scales, -1), axis=1).reshape(
            observed.shape
        )
        p = (1.0 + above) / (1.0 + total[column])
        return np.asarray(np.where(known & (total[column] > 0), p, np.nan))

    def plot(self, periods: ArrayLike | None = None, **options: Any) -> NullPlot:
        """Draw the levels over the periods, with their standard error.

        Parameters
        ----------
        periods : array_like, optional
            Fourier periods of the scales, shape (n_scales,), such as the `periods` of what `wct`
            returns. By default scales are counted.
        **options
            Handed on to `pycwt_mod.plotting.plot_null`: `levels`, `period_unit`, `title`, `ax` and
            the rest.

        Returns
        -------
        pycwt_mod.plotting.NullPlot
            The artists.
        """
        from ..plotting import plot_null

        return plot_null(self, periods, **options)

    def merge(self, other: NullDistribution) -> NullDistribution:
        """Return the distribution over the surrogates of both runs.

        Parameters
        ----------
        other : NullDistribution
            A run of the same problem and seed with other surrogates.

        Returns
        -------
        NullDistribution
            Equal to that of one run over all of the surrogates.

        Raises
        ------
        ValueError
            If the problems differ, or a surrogate is in both runs.
        """
        if self.problem != other.problem or self.counts.shape != other.counts.shape:
            raise ValueError(
                "`other` must be of the same problem and seed, got one with other parameters."
            )
        ranges = _union(self.ranges, other.ranges)
        return NullDistribution(self.counts + other.counts, ranges, self.problem, self.provenance)

    def reordered(self, order: slice) -> NullDistribution:
        """Return the scales in the order of a slice, such as ``slice(None, None, -1)``."""
        if order.step in (None, 1):
            return self
        return replace(self, counts=self.counts[:, order], problem=f"{self.problem} {order}")

    def save(self, path: str | PathLike[str]) -> None:
        """Write the distribution to an .npz file without pickled objects."""
        check_suffix(path)
        with new_file(path) as stream:
            self.write(stream)

    def write(self, stream: Any) -> None:
        """Write the distribution to an open binary file."""
        np.savez(stream, **self.to_arrays())  # type: ignore[arg-type, unused-ignore]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the distribution as small arrays without objects, by the names in a file."""
        smallest = np.min_scalar_type(int(self.counts.max(initial=0)))
        facts = {
            "format": FILE_FORMAT,
            "version": FILE_VERSION,
            "ranges": self.ranges,
            "problem": self.problem,
            "provenance": dict(self.provenance),
        }
        return {"facts": np.array(json.dumps(facts)), "counts": self.counts.astype(smallest)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> NullDistribution:
        """Return the distribution of which `to_arrays` made arrays; ValueError if none did."""
        try:
            facts = json.loads(str(arrays["facts"][()]))
            if facts["format"] != FILE_FORMAT or facts["version"] != FILE_VERSION:
                raise ValueError(f"format {facts['format']!r}, version {facts['version']!r}")
            counts = np.asarray(arrays["counts"])
            ranges = tuple((int(start), int(stop)) for start, stop in facts["ranges"])
            if counts.ndim != 3 or counts.dtype.kind not in "iu" or (counts < 0).any():
                raise ValueError(f"counts of type {counts.dtype} and shape {counts.shape}")
            return cls(counts.astype(np.int64), ranges, str(facts["problem"]), facts["provenance"])
        except (KeyError, TypeError) as error:
            raise ValueError(str(error)) from error

    @classmethod
    def load(cls, path: str | PathLike[str]) -> NullDistribution:
        """Read a distribution that `save` wrote.

        Raises
        ------
        ValueError
            If the file is not such a distribution, or of a newer version.
        OSError
            If it cannot be read.
        """
        try:
            return cls.from_arrays(read_arrays(path))
        except ValueError as error:
            raise ValueError(
                f"`path` must name a null distribution saved by this version of pycwt_mod, got "
                f"{str(path)!r} ({error})."
            ) from error

    def __eq__(self, other: object) -> bool:
        """Return whether both hold the same counts of the same surrogates and problem."""
        if not isinstance(other, NullDistribution):
            return NotImplemented
        return (
            self.problem == other.problem
            and self.ranges == other.ranges
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment]

    def essentials(self, level: float = 0.95) -> dict[str, str]:
        """Return the simulation and its level in words, for a notebook."""
        facts, levels = self.provenance, self.quantile(level)
        known = levels[np.isfinite(levels)]
        how = f"{self.n_surrogates} surrogates"
        if "method" in facts:
            how += f", method {facts['method']}, {_noise_in_words(facts)}"
        span = f"R2 of {known.min():.2f} to {known.max():.2f}" if known.size else ""
        return {"Simulation": how, f"{100 * level:.4g} % level": span}

    def to_dataframe(self, levels: ArrayLike = (0.9, 0.95, 0.99)) -> Any:
        """Return a pandas DataFrame with a row for each scale and level.

        Parameters
        ----------
        levels : array_like
            Probabilities strictly between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            Columns: scale (its number), level, R2 (what `quantile` returns), standard_error.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        wanted = np.atleast_1d(np.asarray(levels, dtype=float))
        return as_dataframe(
            {
                "scale": np.repeat(np.arange(self.n_scales), wanted.size),
                "level": np.tile(wanted, self.n_scales),
                "R2": self.quantile(wanted).T.ravel(),
                "standard_error": self.standard_error(wanted).T.ravel(),
            }
        )

    def to_xarray(self) -> Any:
        """Return an xarray Dataset of the counts, by batch, scale and R2, the middle of a bin.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        middles = (np.arange(self.n_bins) + 0.5) / self.n_bins
        provenance = {"provenance": json.dumps(dict(self.provenance)), "problem": self.problem}
        counts = ("batch", "scale", "R2"), self.counts
        return as_dataset({"counts": counts}, {"R2": ("R2", middles)}, provenance)

    def _repr_html_(self) -> str:
        rows = {"Scales": str(self.n_scales), **self.essentials()}
        return card(type(self).__name__, rows)

    def __repr__(self) -> str:
        """Return a line that says how large and how strict the distribution is."""
        text = f"<NullDistribution: {self.n_scales} scales, {self.n_surrogates} surrogates"
        levels = self.quantile(0.95)
        known = levels[np.isfinite(levels)]
        if known.size:
            text += f", 95 % level {known.min():.2f} to {known.max():.2f}"
        return text + ">"


def _noise_in_words(facts: Mapping[str, Any]) -> str:
    if facts.get("noise", "ar1") not in ("ar1", "legacy"):
        return f"noise {facts['noise']}"
    *others, last = (f"{g:.3g}" for g in facts["coefficients"])
    return f"AR(1) coefficients {', '.join(others)} and {last}"


def _quantiles(histogram: NDArray[np.int64], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quantiles of each row of a histogram over [0, 1], axes (level..., scale)."""
    n_scales, n_bins = histogram.shape
    midpoints = (np.arange(n_bins) + 0.5) / n_bins
    wanted = levels.ravel()
    quantiles = np.full((wanted.size, n_scales), np.nan)
    for scale, row in enumerate(histogram):
        occupied = np.flatnonzero(row)
        if occupied.size:
            cumulated = np.cumsum(row[occupied])
            shares = (cumulated - 0.5) / cumulated[-1]
            quantiles[:, scale] = np.interp(wanted, shares, midpoints[occupied])
    return quantiles.reshape(*levels.shape, n_scales)


def _union(
    first: tuple[tuple[int, int], ...], second: tuple[tuple[int, int], ...]
) -> tuple[tuple[int, int], ...]:
    """Join two sets of half-open ranges, adjoining ones into one; ValueError if they overlap."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted((*first, *second)):
        if joined and start < joined[-1][1]:
            raise ValueError(
                "`other` must hold other surrogates than this distribution; both hold some from "
                f"index {start} on."
            )
        if joined and start == joined[-1][1]:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return tuple(joined)
