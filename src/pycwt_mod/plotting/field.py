"""A field over time and period, checked, cropped, and reduced to the pixels that exist."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.dates import date2num
from numpy.typing import ArrayLike, NDArray

from ..limits import positive_series
from ..validation import as_series, brief

Array = NDArray[np.float64]

Edges = NDArray[np.intp]

# The calendar of an axis of dates, less a year at its ends for half a step.
_FIRST_YEAR, _LAST_YEAR = 2, 9998

# Columns that are drawn for an inch of width: twice what a screen shows, two thirds of what fine
# print does, where neighbours are hard to tell apart.
COLUMNS_PER_INCH = 200

# A period that equals the tip of the cone but for rounding is not beyond it.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Field:
    """A field ready to be drawn: axes (scale, time), periods ascending.

    Levels are of shape (scale, 1) or (scale, time); one that is NaN or 0 does not exist. `dates`
    says whether `times` are matplotlib's numbers of dates. `measure` turns a row of values into the
    numbers to be coloured, such as the power of a complex transform; they are divided by `divisor`
    where there is one. Arrows point along `phase`, complex numbers or angles in radians. `mask`
    says where the field is significant, in place of levels.
    """

    values: NDArray[Any]  # (scale, time), and so are phase and mask
    periods: Array  # (scale,)
    levels: Array  # (scale, 1) or (scale, time)
    coi: Array  # (time,)
    times: Array  # (time,)
    dates: bool
    measure: Callable[[NDArray[Any]], Array] | None = None
    phase: NDArray[Any] | None = None
    mask: NDArray[np.bool_] | None = None
    divisor: Array | None = None  # (scale,)

    def rectified(self, scales: Array) -> Field:
        """Return the field coloured by its power over scale."""
        return replace(self, divisor=scales)

    def cropped(self) -> Field:
        """Return the field without the periods that are inside the cone at all times."""
        kept = number_outside(self.periods, self.coi)
        by_scale = ("values", "periods", "levels", "phase", "mask", "divisor")
        given = {name: getattr(self, name) for name in by_scale}
        parts: dict[str, Any] = {n: None if v is None else v[:kept] for n, v in given.items()}
        return replace(self, **parts)

    def reduced(self, width: float) -> Reduced:
        """Return the means over the pixels of a picture that is `width` inches wide."""
        edges = pixel_edges(self.times.size, width)
        values = block_means(self.values, edges, self.measure)
        ratio, bounded = self._ratio(values, edges)
        if self.divisor is not None:
            values = values / self.divisor[:, np.newaxis]
        times, coi = (block_means(row[np.newaxis], edges)[0] for row in (self.times, self.coi))
        return Reduced(self.periods, values, ratio, times, coi, edges, bounded)

    def _ratio(self, values: Array, edges: Edges) -> tuple[Array, bool]:
        """Return values over their levels, and whether only those outside the cone count."""
        levels, bounded = self.levels, False
        if self.mask is not None:
            implied = self.implied_levels(self.mask)
            if implied is None:
                return 2 * block_means(self.mask, edges, lambda row: row.astype(float)), False
            levels, bounded = implied
        elif levels.shape[1] > 1:
            levels = block_means(levels, edges)
        # A row without a level has no contour.
        return values / np.where(levels > 0, levels, np.nan), bounded

    def implied_levels(self, mask: NDArray[np.bool_]) -> tuple[Array, bool] | None:
        """Return one level for each scale that the marked values reach and the others do not.

        An outline through them, such as those of a false discovery rate, is as smooth as the field;
        one around the points of a mask has steps. Returned with whether the mask leaves out the
        cone, so that they are those of the other points; None if no levels make it.
        """
        outside = [self.coi >= period for period in self.periods]
        bounded = not any((row & ~own).any() for row, own in zip(mask, outside, strict=True))
        ends = np.empty((len(mask), 2))
        for row, values, own, pair in zip(mask, self.values, outside, ends, strict=True):
            numbers = values if self.measure is None else self.measure(values)
            counted = np.isfinite(numbers) & (own if bounded else True)
            pair[0] = numbers[counted & ~row].max(initial=-np.inf)
            pair[1] = numbers[counted & row].min(initial=np.inf)
        if (ends[:, 0] >= ends[:, 1]).any():
            return None
        return _between(*ends.T)[:, np.newaxis], bounded


@dataclass(frozen=True, eq=False)
class Reduced:
    """A field at the pixels of a picture: pixel k is the mean over times edges[k] to edges[k + 1].

    The field is significant where `ratio` is above one; if it is `bounded`, outside the cone only.
    """

    periods: Array  # (scale,)
    values: Array  # (scale, pixel)
    ratio: Array  # (scale, pixel)
    times: Array  # (pixel,)
    coi: Array  # (pixel,)
    edges: Edges
    bounded: bool

    def above(self, multiple: float) -> NDArray[np.bool_]:
        """Return where the field is at least a multiple of its level, shape (scale, pixel)."""
        with np.errstate(invalid="ignore"):
            found = self.ratio >= multiple
        if self.bounded:
            found &= self.periods[:, np.newaxis] <= self.coi
        return np.asarray(found)


def _between(lower: Array, upper: Array) -> Array:
    """Return levels above `lower` and at most `upper`, alike from scale to scale."""
    scales = np.arange(lower.size)
    known = np.isfinite(lower) & np.isfinite(upper)
    if known.any():
        guess = np.interp(scales, scales[known], ((lower + upper) / 2)[known])
    elif np.isfinite(upper).any():
        least = upper.min()
        below = lower[lower < least].max(initial=0.0)
        guess = np.full(lower.size, (max(below, 0.0) + least) / 2)
    else:
        guess = np.full(lower.size, np.nan)  # nothing is marked
    return np.minimum(np.maximum(guess, np.nextafter(lower, np.inf)), upper)


def number_outside(periods: Array, coi: Array) -> int:
    """Return the number of ascending periods that are outside the cone at some time."""
    kept = int(np.searchsorted(periods, coi.max() * (1 + _ROUNDING), side="right"))
    if not kept:
        raise ValueError(
            f"`freq` must have a period within `coi`, which is at most {coi.max():.4g}, "
            f"got periods 1 / freq from {periods[0]:.4g} on. Are both in the same unit? "
            "crop_to_coi=False draws them all the same."
        )
    return kept


def pixel_edges(n_times: int, width: float) -> Edges:
    """Return where to cut `n_times` columns into the pixels of a width in inches."""
    pixels = max(100, math.ceil(width * COLUMNS_PER_INCH))
    return np.unique(np.linspace(0, n_times, min(n_times, pixels) + 1).astype(np.intp))


def block_means(
    values: NDArray[Any], edges: Edges, measure: Callable[[NDArray[Any]], Array] | None = None
) -> Array:
    """Return the means of blocks of columns, NaN left out; NaN where a block has nothing else.

    One row at a time, so that a large field needs no copy of itself.
    """
    means = np.empty((values.shape[0], edges.size - 1))
    for row, target in zip(values, means, strict=True):
        numbers = row if measure is None else measure(row)
        if edges.size == row.size + 1:
            target[:] = numbers
        else:
            target[:] = _row_means(numbers, edges)
    return means


def _row_means(row: Array, edges: Edges) -> Array:
    known = np.isfinite(row)
    if known.all():
        return np.asarray(np.add.reduceat(row, edges[:-1]) / np.diff(edges))
    total = np.add.reduceat(np.where(known, row, 0.0), edges[:-1])
    number = np.add.reduceat(known.astype(float), edges[:-1])
    means: Array = np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)
    return means


def envelope(times: Array, values: Array, width: float) -> tuple[Array, Array]:
    """Return a line that looks like a long series: the least and greatest value of each pixel."""
    edges = pixel_edges(times.size, width)
    if 2 * (edges.size - 1) >= times.size:
        return times, values
    starts = edges[:-1]
    both = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    middles = block_means(times[np.newaxis], edges)[0]
    return np.repeat(middles, 2), np.stack(both, axis=1).ravel()


def cell_edges(centres: Array) -> Array:
    """Return the borders between cells around given centres, shape (n + 1,)."""
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    inner = (centres[1:] + centres[:-1]) / 2
    first, last = 2 * centres[0] - inner[0], 2 * centres[-1] - inner[-1]
    edges: Array = np.concatenate([[first], inner, [last]])
    return edges


def as_field(
    values: NDArray[Any],
    coi: Any,
    freq: Any,
    sig: Any,
    times: Any,
    *,
    names: tuple[str, str, str],
    **extra: Any,
) -> Field:
    """Return a field of arrays whose shapes fit; the names are those of values, freq and sig."""
    name, name_of_freq, name_of_sig = names
    n_scales, n_times = check_shape(values, name)
    frequencies = as_frequencies(freq, name_of_freq, n_scales, name)
    levels = _as_levels(sig, name_of_sig, (n_scales, n_times), name)
    cone = as_series(coi, "coi", min_size=1)
    check_size(cone, "coi", n_times, "time", name)
    return Field(values, 1 / frequencies, levels, cone, *as_times(times, n_times, name), **extra)


def as_times(times: Any, n_times: int, owner: str) -> tuple[Array, bool]:
    """Return ascending times as numbers that matplotlib understands, and whether they are dates."""
    if times is None:
        return np.arange(float(n_times)), False
    array = np.asarray(times)
    first = array.flat[0] if array.dtype == object and array.size else None
    dates = array.dtype.kind == "M" or (hasattr(first, "year") and hasattr(first, "month"))
    when: Array = _as_days(array) if dates else as_series(times, "times", min_size=1)
    check_size(when, "times", n_times, "time", owner)
    if not (np.diff(when) > 0).all():
        raise ValueError("`times` must ascend without repeats, got some that do not. Sort them.")
    return when, dates


def _as_days(dates: NDArray[Any]) -> Array:
    """Return dates as matplotlib's numbers, if its axis has room for them and a step more."""
    numpy_dates = dates.astype("datetime64[Y]") if dates.dtype.kind == "M" else dates[:0]
    years = numpy_dates.astype(np.int64) + 1970
    if years.size and not np.isnat(numpy_dates).any():
        outside = years[(years < _FIRST_YEAR) | (years > _LAST_YEAR)]
        if outside.size:
            raise ValueError(
                f"`times` must lie in the years {_FIRST_YEAR} to {_LAST_YEAR} for an axis of "
                f"dates, got the year {outside[0]}. Pass numbers: years such as "
                "times.astype('datetime64[Y]').astype(int) + 1970."
            )
    numbers: Any = date2num(dates)  # type: ignore[no-untyped-call]
    return np.asarray(numbers, dtype=np.float64)


def as_frequencies(freq: Any, name: str, n_scales: int, owner: str) -> Array:
    """Return descending positive frequencies, one for each scale."""
    frequencies = positive_series(freq, name, min_size=1)
    check_size(frequencies, name, n_scales, "scale", owner)
    if (np.diff(frequencies) >= 0).any():
        raise ValueError(
            f"`{name}` must be the frequencies that the transform returns, which descend, got "
            f"{brief(frequencies)}. If these are periods, pass 1 / periods."
        )
    return frequencies


def _as_levels(sig: Any, name: str, shape: tuple[int, int], owner: str) -> Array:
    """Return one level for each scale, shape (scale, 1), or for each point; 0: there is none."""
    levels = np.atleast_1d(np.asarray(0.0 if sig is None else sig, dtype=float))
    if levels.shape == shape:
        return levels
    if levels.shape == (1,):
        levels = np.full(shape[0], levels[0])
    check_size(levels, name, shape[0], "scale", owner)
    return levels[:, np.newaxis]


def as_mask(mask: ArrayLike | None, shape: tuple[int, ...], owner: str) -> NDArray[np.bool_] | None:
    """Return truth values of the shape of a field, or None."""
    if mask is None:
        return None
    array = np.asarray(mask)
    if array.dtype != bool:
        raise TypeError(f"`significant` must hold truth values, got {brief(mask)}.")
    if array.shape != shape:
        raise ValueError(
            f"`significant` must have the shape of `{owner}`, {shape}, got {array.shape}."
        )
    return array


def check_size(array: Array, name: str, size: int, axis: str, owner: str) -> None:
    """Raise ValueError unless there is one value for each scale or time of a field."""
    if array.shape != (size,):
        raise ValueError(
            f"`{name}` must have one value for each {axis} of `{owner}`, that is {size}, got shape "
            f"{array.shape}."
        )


def check_shape(field: NDArray[Any], name: str) -> tuple[int, int]:
    """Return the shape of a field, (n_scales, n_times)."""
    if field.ndim != 2 or not field.size:
        raise ValueError(f"`{name}` must have shape (n_scales, n_times), got {field.shape}.")
    return field.shape[0], field.shape[1]


def check_names(names: Any) -> tuple[str, str]:
    """Return the names of the two series."""
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"`names` must be two strings, such as ('AO', 'ice'), got {brief(names)}.")
    if len(names) != 2:
        raise ValueError(f"`names` must be two strings, one for each series, got {brief(names)}.")
    return names[0], names[1]
