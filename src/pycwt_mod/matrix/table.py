"""The input of `wct_matrix`: series with names and sampling interval, pairs, bands."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..indexes import index_axis, sampling_of, taken_apart
from ..validation import as_positive, as_series, brief, did_you_mean, is_number, warn_user

Array = NDArray[np.float64]
Pair = tuple[int, int]
PeriodBand = tuple[float, float]
Node = tuple[float, float]  # AR(1) coefficients

# A message lists this many names of series.
_LISTED = 20

# Shorter series have no usable AR(1) estimate, as in `wct`.
_SHORTEST = 4

# A period belongs to the band that begins with it, whatever the last digit of either.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class SeriesSet:
    """Series over the same times; those that cannot be used are in `failures`, with the reason."""

    names: tuple[str, ...]
    values: dict[int, Array]  # by number of the series
    failures: dict[int, str]
    n_times: int
    dt: float
    unit: str  # of dt, if an index tells it; else ""
    times: NDArray[Any]

    def digest(self) -> str:
        """Return a digest of the values of all series, and of the list of those that fail."""
        digest = hashlib.sha256()
        for number in range(len(self.names)):
            values: NDArray[Any] = self.values.get(number, np.empty(0))
            digest.update(f"{number}:{values.size}:".encode())
            digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
        return digest.hexdigest()


def as_series_set(data: Any, dt: Any, names: Any) -> SeriesSet:
    """Take `data` apart into series; one that cannot be used is noted, not refused."""
    columns, labelled, found = taken_apart(_table(data))
    labels = _as_names(found if names is None else names, len(columns))
    n_times = len(columns[0])
    interval, unit, times = _time_axis(labelled, dt, n_times)
    if n_times < _SHORTEST:
        raise ValueError(f"`data` must have at least {_SHORTEST} times, got {n_times}.")
    series, failures = {}, {}
    for number, (column, name) in enumerate(zip(columns, labels, strict=True)):
        try:
            series[number] = as_series(column, name, min_size=_SHORTEST, allow_constant=False)
        except (TypeError, ValueError) as error:
            failures[number] = str(error)
    return SeriesSet(labels, series, failures, n_times, interval, unit, times)


def _table(data: Any) -> Any:
    """Return `data` if it is two series or more: an array of them, if it has no index."""
    if hasattr(data, "columns") and hasattr(data, "iloc"):
        if data.shape[1] < 2:
            raise ValueError(f"`data` must have at least two columns, got {data.shape[1]}.")
        return data
    try:
        table = data if np.ma.isMaskedArray(data) else np.asarray(data)
    except ValueError:  # rows of different lengths
        table = None
    if table is None or table.ndim != 2 or table.shape[0] < 2:
        shape = "rows of different lengths" if table is None else f"shape {table.shape}"
        raise ValueError(
            f"`data` must be two series or more over the same times, shape (n_series, n_times), or "
            f"a pandas DataFrame, got {shape}. Stack series by `numpy.stack([y1, y2, ...])`."
        )
    return data if hasattr(data, "indexes") else table


def _as_names(names: Any, n_series: int) -> tuple[str, ...]:
    if names is None:
        return tuple(str(number) for number in range(n_series))
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise TypeError(f"`names` must be a name for each series, got {brief(names)}.")
    labels = tuple(str(name) for name in names)
    if len(labels) != n_series:
        raise ValueError(
            f"`names` must have a name for each of the {n_series} series, got {len(labels)}."
        )
    doubled = sorted({name for name in labels if labels.count(name) > 1})
    if doubled:
        raise ValueError(f"`names` must differ from each other, got {doubled[0]!r} more than once.")
    return labels


def _time_axis(frame: Any, dt: Any, n_times: int) -> tuple[float, str, NDArray[Any]]:
    """Return dt, its unit and the times: as given, or from the index of a table."""
    if dt is None and index_axis(frame, "data") is None:
        raise TypeError(
            "`dt`, the sampling interval, must be given unless `data` is a pandas DataFrame or an "
            "xarray DataArray with an index of times. Pass for example dt=1.0."
        )
    facts = sampling_of({"data": frame}, None if dt is None else as_positive(dt, "dt"))
    step = facts["dt"]
    return step, facts.get("unit", ""), facts.get("times", step * np.arange(n_times))


def check_orientation(series: SeriesSet, pairs: Any, n_outside: NDArray[np.intp]) -> None:
    """Refuse data whose rows and columns seem to be swapped.

    `n_outside` is the number of times outside the cone of influence, for each scale.
    """
    n_series = len(series.names)
    shape = f"{n_series} series of {series.n_times} times each"
    way_out = (
        "Each row of an array, or column of a DataFrame, is a series. If it should be the other "
        "way round, pass `data.T`."
    )
    if not n_outside.any():
        raise ValueError(
            "`data` must have enough times for some period to be outside the cone of influence, "
            f"got {shape}. {way_out}"
        )
    if n_series <= series.n_times or (isinstance(pairs, str) and pairs == "all"):
        return
    if pairs is None:
        raise ValueError(
            f"`data` must have no more series than times, got {shape}: "
            f"{math.comb(n_series, 2)} pairs. {way_out} Otherwise pass `pairs`, a list, or 'all'."
        )
    warn_user(f"`data` has {shape}. {way_out}")


def as_pairs(pairs: Any, names: Sequence[str]) -> tuple[Pair, ...]:
    """Return pairs as numbers of series: all, or as the user lists them by number or name.

    An integer that is the name of a series, such as that of a station, means that series.
    """
    n_series = len(names)
    if pairs is None or (isinstance(pairs, str) and pairs == "all"):
        return tuple(itertools.combinations(range(n_series), 2))
    if isinstance(pairs, str) or not isinstance(pairs, Iterable):
        raise TypeError(
            f"`pairs` must be 'all' or a list of pairs of numbers or names, got {brief(pairs)}."
        )
    chosen = []
    for pair in pairs:
        if isinstance(pair, str) or not isinstance(pair, Sequence | np.ndarray) or len(pair) != 2:
            raise ValueError(f"`pairs` must hold pairs of numbers or names, got {brief(pair)}.")
        first, second = (number_of(one, names, "`pairs` must hold names") for one in pair)
        if first == second:
            raise ValueError(f"`pairs` must hold different series, got {names[first]!r} twice.")
        chosen.append((first, second))
    if not chosen:
        raise ValueError("`pairs` must hold at least one pair, got none.")
    if len(set(chosen)) < len(chosen):
        first, second = next(pair for pair in chosen if chosen.count(pair) > 1)
        raise ValueError(
            f"`pairs` must hold each pair once, got ({names[first]!r}, {names[second]!r}) again."
        )
    return tuple(chosen)


def number_of(one: Any, names: Sequence[str], rule: str) -> int:
    """Return the number of a series by its name or number; `rule` begins the error."""
    if str(one) in names:
        return names.index(str(one))
    if not isinstance(one, int | np.integer) or isinstance(one, bool):
        known = ", ".join(map(repr, names[:_LISTED]))
        rest = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        hint = did_you_mean(str(one), names)
        raise ValueError(
            f"{rule} of the series, got {brief(one)}.{hint} Known names: {known}{rest}."
        )
    if not 0 <= one < len(names):
        raise ValueError(f"{rule} of the series or numbers from 0 to {len(names) - 1}, got {one}.")
    return int(one)


def is_ambiguous(one: Any, names: Sequence[str]) -> bool:
    """Return whether an integer is the name of one series and the number of another."""
    if not isinstance(one, int | np.integer) or str(one) not in names:
        return False
    return 0 <= int(one) < len(names) and names[int(one)] != str(one)


def as_bands(bands: Any, periods: Array, n_outside: NDArray[np.intp]) -> tuple[PeriodBand, ...]:
    """Return bands of periods (low, high), low <= period < high; by default octaves.

    `periods` are those of the scales, `n_outside` is their number of times outside the cone.
    """
    if bands is None:
        n_octaves = max(1, math.ceil(math.log2(periods[-1] / periods[0]) - _ROUNDING))
        edges = [float(periods[0] * 2**k) for k in range(n_octaves + 1)]
        if edges[-1] <= periods[-1] * (1 + _ROUNDING):
            edges.append(edges[-1] * 2)
        octaves = tuple(itertools.pairwise(edges))
        seen = tuple(band for band in octaves if n_outside[in_band(periods, band)].any())
        return seen or octaves[:1]
    if isinstance(bands, str) or not isinstance(bands, Iterable):
        raise TypeError(f"`bands` must be a list of (low, high) periods, got {brief(bands)}.")
    bands = list(bands)
    if len(bands) > 1 and all(map(is_number, bands)):
        pairs = ", ".join(
            f"({brief(low)}, {brief(high)})" for low, high in itertools.pairwise(bands)
        )
        raise ValueError(
            f"`bands` must hold pairs (low, high) of periods, got {brief(bands)}. Pass [{pairs}]."
        )
    chosen = [_as_band(band, periods) for band in bands]
    if not chosen:
        raise ValueError("`bands` must hold at least one band, got none.")
    return tuple(chosen)


def _as_band(band: Any, periods: Array) -> PeriodBand:
    if isinstance(band, str) or not isinstance(band, Sequence | np.ndarray) or len(band) != 2:
        raise ValueError(f"`bands` must hold pairs (low, high) of periods, got {brief(band)}.")
    low, high = as_positive(band[0], "bands"), as_positive(band[1], "bands")
    if low >= high:
        raise ValueError(f"`bands` must hold pairs with low < high, got ({low:g}, {high:g}).")
    if not in_band(periods, (low, high)).any():
        raise ValueError(
            f"`bands` must hold periods of the transform, {periods[0]:g} to {periods[-1]:g}, got "
            f"({low:g}, {high:g}), which holds none. Widen the band, or use a smaller `dj` or "
            "another `s0` or `J`."
        )
    return low, high


def in_band(periods: Array, band: PeriodBand) -> NDArray[np.bool_]:
    """Return a mask of the periods in a band: from its low end on, below its high end."""
    low, high = (edge * (1 - _ROUNDING) for edge in band)
    return np.asarray((periods >= low) & (periods < high))
