"""Null distributions at each point of a map: levels and p-values from the table of `tabulate`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..validation import as_level
from .compute import FINE, SHARES, Table
from .files import InFile, packed, unpacked
from .tail import GRID

if TYPE_CHECKING:
    from ..plotting import FieldPlot

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class NullField(InFile):
    """Distribution of R2 at each scale and time under the null hypothesis of independent series.

    Near the ends of the record, inside the cone of influence, the coherence of unrelated series
    is larger than in the middle, and its levels are too. `wct_null_field` makes one.

    Parameters
    ----------
    table : Table
        Distributions by scale and distance from the nearest end.
    n_times : int
        Samples of the record.
    periods : numpy.ndarray
        Fourier periods of the scales, shape (n_scales,).
    dt : float
        Sampling interval.
    provenance : mapping
        Readable facts about how it was made, all JSON values.
    """

    table: Table
    n_times: int
    periods: Floats
    dt: float
    provenance: Mapping[str, Any] = field(default_factory=dict)

    FORMAT: ClassVar[str] = "pycwt_mod null field"

    @property
    def n_scales(self) -> int:
        """Number of scales."""
        return self.periods.size

    def quantile(self, level: float = 0.95) -> Floats:
        """Return the R2 that a share `level` of the null distribution stays below.

        Parameters
        ----------
        level : float
            Probability strictly between 0 and 1.

        Returns
        -------
        numpy.ndarray
            Shape (n_scales, n).

        Raises
        ------
        ValueError
            If the level does not lie strictly between 0 and 1.
        """
        return self._over_times(-np.expm1(-self._at_level(level)))

    def standard_error(self, level: float = 0.95) -> Floats:
        """Return the standard error of `quantile(level)`, from independent scrambles."""
        return self._over_times(
            error_of_level(self._curves, self.table.errors, self._at_level(level))
        )

    def pvalue(self, R2: ArrayLike) -> Floats:
        """Return the probability that unrelated series have at least these coherences.

        Parameters
        ----------
        R2 : array_like
            Coherences, shape (n_scales, n).

        Returns
        -------
        numpy.ndarray
            Same shape, down to 1e-300; NaN where R2 is.

        Raises
        ------
        ValueError
            If the shape is another, or a coherence lies outside [0, 1].
        """
        observed = self._checked(R2)
        p = np.empty_like(observed)
        for row, y, curves, shares in zip(
            p, distances_of(observed), self._curves, self._shares(), strict=True
        ):
            ends = shares.size
            row[:] = np.interp(y, FINE, curves[-1])
            weights = self.table.weights_at(shares)
            # Both ends of the record have the same distances, in opposite order.
            for part in (slice(0, ends), slice(self.n_times - 1, self.n_times - 1 - ends, -1)):
                if ends:
                    row[part] = _interpolated(y[part], curves, weights)
            row[np.isnan(y)] = np.nan
        return np.asarray(np.exp(np.minimum(p, 0, out=p), out=p))

    def _checked(self, R2: ArrayLike) -> Floats:
        observed = np.asarray(R2, dtype=float)
        if observed.shape != (self.n_scales, self.n_times):
            raise ValueError(
                f"`R2` must have the shape of the field, {(self.n_scales, self.n_times)}, got "
                f"{observed.shape}."
            )
        return observed

    def row(self, scale: int, step: int = 1) -> NullRow | TimedRow:
        """Return the null distributions of one scale at every `step`-th time."""
        times = np.arange(0, self.n_times, step)
        distances, shares = np.minimum(times, self.n_times - 1 - times), self._shares_of(scale)
        is_near = distances < shares.size
        place = np.where(is_near, np.cumsum(is_near) - 1, -1)
        weights = self.table.weights_at(shares[distances[is_near]])
        return NullRow(self._curves[scale], weights, place)

    def plot(
        self, times: ArrayLike | None = None, *, level: float = 0.95, **options: Any
    ) -> FieldPlot:
        """Draw the level of each point.

        Parameters
        ----------
        times : array_like, optional
            Times of the samples; by default multiples of `dt`.
        level : float, default 0.95
            Probability of the level.
        **options
            Handed on to `pycwt_mod.plotting.plot_wct`: `period_unit`, `frequency`, `cmap`, `ax` and
            the rest.

        Returns
        -------
        pycwt_mod.plotting.FieldPlot
            The artists.
        """
        from ..plotting import plot_wct

        levels = self.quantile(level)
        unit, lowest = options.get("period_unit"), np.floor(10 * levels.min()) / 10
        options = {
            "title": f"{100 * level:.4g} % level of the squared coherence",
            "vmin": min(lowest, options.get("vmax", 1) - 0.1),
            "arrows": False,
            "caption": False,
            "crop_to_coi": False,
            **options,
        }
        if times is None:
            times = self.dt * np.arange(self.n_times)
            options.setdefault("time_label", f"Time ({unit})" if unit else "Time")
        nowhere = np.full(self.n_times, 2 * self.periods.max())
        return plot_wct(
            levels, np.zeros_like(levels), nowhere, 1 / self.periods, None, times, **options
        )

    def reordered(self, order: slice) -> NullField:
        """Return the scales in another order, ascending or descending."""
        if order.step != -1:
            return self
        t = self.table
        table = replace(
            t,
            near=t.near[order],
            far=t.far[order],
            nodes=t.nodes[order],
            log_p=t.log_p[order],
            error=t.error[order],
        )
        return replace(self, table=table, periods=self.periods[order])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the field as arrays without objects, by the names in a file."""
        arrays = {each.name: np.asarray(getattr(self.table, each.name)) for each in fields(Table)}
        arrays |= {
            "n_times": np.array(self.n_times),
            "periods": self.periods,
            "dt": np.array(self.dt),
        }
        return packed(self.FORMAT, self.provenance, **arrays)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> NullField:
        """Return the field of which `to_arrays` made arrays; ValueError if none did."""
        facts = unpacked(arrays, cls.FORMAT)
        try:
            found: dict[str, Any] = {
                each.name: np.asarray(arrays[each.name]) for each in fields(Table)
            }
            table = Table(
                **{
                    **found,
                    "simulated": bool(found["simulated"]),
                    "bend": float(found["bend"]),
                }
            )
            n_times, dt = int(arrays["n_times"]), float(arrays["dt"])
            periods = np.asarray(arrays["periods"], dtype=float)
        except (KeyError, TypeError) as error:
            raise ValueError(str(error)) from error
        n_places = SHARES.size if cls is NullField else min(n_times, *table.log_p.shape[1:2])
        expected = (table.nodes.size, n_places, GRID.size)
        if not table.log_p.shape == table.error.shape == expected or n_times < 1:
            raise ValueError(f"a table of shape {table.log_p.shape}")
        if not table.near.shape == table.far.shape == periods.shape:
            raise ValueError(f"{periods.size} periods")
        return cls(table, n_times, periods, dt, facts["provenance"])

    def write(self, stream: Any) -> None:
        """Write the field to an open binary file."""
        np.savez(stream, **self.to_arrays())  # type: ignore[arg-type, unused-ignore]

    def __repr__(self) -> str:
        """Return a line that says how large and how strict the field is."""
        levels = -np.expm1(-self._at_level(0.95))
        return (
            f"<{type(self).__name__}: {self.n_scales} scales, {self.n_times} times, 95 % level "
            f"{levels.min():.2f} to {levels.max():.2f}>"
        )

    def _at_level(self, level: float) -> Floats:
        """Return -log(1 - r) at a level, (scale, share)."""
        return at_level(self._curves, as_level(level, "level"))

    @cached_property
    def _curves(self) -> Floats:
        return self.table.curves

    def _shares(self) -> list[Floats]:
        """Return for each scale the distances of the first times that are near an end."""
        return [self._shares_of(scale) for scale in range(self.n_scales)]

    def _shares_of(self, scale: int) -> Floats:
        felt = min((self.n_times + 1) // 2, math.ceil(self.table.far[scale]))
        return self.table.shares_of(scale, np.arange(felt, dtype=float))

    def _over_times(self, values: Floats) -> Floats:
        """Spread values by (scale, share) over the times, (scale, time)."""
        out = np.empty((self.n_scales, self.n_times))
        for row, nodes, shares in zip(out, values, self._shares(), strict=True):
            row[:] = nodes[-1]
            row[: shares.size] = self.table.weights_at(shares) @ nodes
            row[self.n_times - shares.size :] = row[: shares.size][::-1]
        return out


class TimedField(NullField):
    """Distribution of R2 at each scale and time where the null hypothesis itself changes in time.

    One of the series is kept as it was observed, say, or surrogates are a function of your own.
    The record is cut into at most 128 stretches of equal length; each has a distribution of its
    own, which is that of its middle, and those in between are interpolated.

    Parameters
    ----------
    table : Table
        Distributions by scale and stretch.
    n_times, periods, dt, provenance
        As those of `NullField`.
    """

    FORMAT: ClassVar[str] = "pycwt_mod null field in time"

    def pvalue(self, R2: ArrayLike) -> Floats:
        """Return as `NullField.pvalue` p, at least 1 / (1 + number counted in the stretch)."""
        observed = self._checked(R2)
        first, part = self._stretches()
        p = np.empty_like(observed)
        for row, y, curves in zip(p, distances_of(observed), self._curves, strict=True):
            row[:] = _between(y, curves, first, part)
        return np.asarray(np.exp(np.minimum(p, 0)))

    def row(self, scale: int, step: int = 1) -> TimedRow:
        """Return the null distributions of one scale at every `step`-th time."""
        first, part = self._stretches()
        return TimedRow(self._curves[scale], first[::step], part[::step])

    def _stretches(self) -> tuple[NDArray[np.intp], Floats]:
        """Return for each time the stretch before it, and how far the next one is beyond it."""
        n = self.table.log_p.shape[1]
        edges = np.append(np.arange(n) * self.n_times // n, self.n_times)
        middles = (edges[:-1] + edges[1:] - 1) / 2
        place = np.interp(np.arange(self.n_times), middles, np.arange(n))
        first = place.astype(np.intp)
        return first, place - first

    def _over_times(self, values: Floats) -> Floats:
        return _spread(values, *self._stretches())


@dataclass(frozen=True)
class NullRow:
    """The null distributions of one scale at some times.

    Parameters
    ----------
    curves : numpy.ndarray
        log P at the tabulated distances, (share, y).
    weights : numpy.ndarray
        Of these curves at the times near an end, (time, share).
    place : numpy.ndarray
        For each time its row in `weights`; -1 far from the ends.
    """

    curves: Floats
    weights: Floats
    place: NDArray[np.intp]

    def levels(self, level: float) -> Floats:
        """Return `NullField.quantile` at these times."""
        nodes = -np.expm1(-at_level(self.curves, level))
        found = np.full(self.place.size, nodes[-1])
        found[self.place >= 0] = self.weights @ nodes
        return found

    def log_p(self, R2: Floats, times: NDArray[np.intp]) -> Floats:
        """Return the logarithm of the p-value of coherences, each at one of the times."""
        y, place = distances_of(R2), self.place[times]
        found = np.interp(y, FINE, self.curves[-1])
        near = place >= 0
        found[near] = _interpolated(y[near], self.curves, self.weights[place[near]])
        return np.asarray(np.minimum(found, 0))


@dataclass(frozen=True)
class TimedRow:
    """The same of a `TimedField`: for each time the stretch before it, and how far beyond it is.

    `curves` are log P in each stretch, (stretch, y).
    """

    curves: Floats
    first: NDArray[np.intp]
    part: Floats

    def levels(self, level: float) -> Floats:
        """Return `TimedField.quantile` at these times."""
        return _spread(-np.expm1(-at_level(self.curves, level)), self.first, self.part)

    def log_p(self, R2: Floats, times: NDArray[np.intp]) -> Floats:
        """Return the logarithm of the p-value of coherences, each at one of the times."""
        found = _between(distances_of(R2), self.curves, self.first[times], self.part[times])
        return np.asarray(np.minimum(found, 0))


def _spread(values: Floats, first: NDArray[np.intp], part: Floats) -> Floats:
    """Return values of stretches, (..., stretch), at times in or between them."""
    return np.asarray((1 - part) * values[..., first] + part * values[..., first + (part > 0)])


def _between(y: Floats, curves: Floats, first: NDArray[np.intp], part: Floats) -> Floats:
    """Return log P at each y, each in or between stretches of its own."""
    place = np.clip(np.searchsorted(FINE, y, side="right") - 1, 0, FINE.size - 2)
    share = (y - FINE[place]) / (FINE[place + 1] - FINE[place])
    near, next_ = (
        (1 - share) * curves[k, place] + share * curves[k, place + 1]
        for k in (first, first + (part > 0))
    )
    return np.where(np.isnan(y), np.nan, (1 - part) * near + part * next_)


def distances_of(R2: Floats) -> Floats:
    """Return -log(1 - R2), finite."""
    if (R2 < 0).any() or (R2 > 1).any():
        raise ValueError("`R2` must lie in [0, 1], got values outside it.")
    return np.asarray(-np.log1p(-np.minimum(R2, 1 - np.finfo(float).eps)))


def at_level(curves: Floats, level: float) -> Floats:
    """Return -log(1 - r) at which curves of log P fall to 1 - level, shape (...)."""
    wanted = -np.log1p(-level)
    found = [np.interp(wanted, -curve, FINE) for curve in curves.reshape(-1, FINE.size)]
    return np.reshape(found, curves.shape[:-1])


def error_of_level(curves: Floats, errors: Floats, y: Floats) -> Floats:
    """Return the standard error of r at y = -log(1 - r), from that of log P."""
    place = np.clip(np.searchsorted(FINE, y), 1, FINE.size - 2)[..., np.newaxis]
    error = np.take_along_axis(errors, place, axis=-1)[..., 0]
    slope = np.take_along_axis(np.gradient(curves, FINE, axis=-1), place, axis=-1)[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.exp(-y) * error / np.abs(slope)
    return np.where(np.isfinite(found), found, 0.0)


def _interpolated(y: Floats, curves: Floats, weights: Floats) -> Floats:
    """Return log P at each y, each at distances of its own."""
    place = np.clip(np.searchsorted(FINE, y, side="right") - 1, 0, FINE.size - 2)
    part = (y - FINE[place]) / (FINE[place + 1] - FINE[place])
    low, high = curves[:, place], curves[:, place + 1]
    return np.asarray(np.einsum("tk,kt->t", weights, low + part * (high - low)))
