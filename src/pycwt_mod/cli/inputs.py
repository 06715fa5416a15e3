"""From the options of a command to series, times and a mother wavelet."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..helpers import AR1EstimationError, ar1
from ..spectra import fitted_trend
from ..tables import DataError, Table, read_table
from ..tables.fields import likely_missing
from ..time_axis import label_of
from ..validation import warn_user
from .options import UsageError

__all__ = ["Inputs", "check_red_noise", "read_inputs", "read_many"]

# Fewer samples than this have no scale worth looking at.
_FEWEST = 8

# A trend is removed to this part of the largest value.
_ROUNDING = 1e-13


@dataclass(frozen=True, eq=False)
class Inputs:
    """Series over the same times, and their labels."""

    source: str  # name of the file
    names: tuple[str, ...]
    series: tuple[NDArray[np.float64], ...]
    times: NDArray[Any] | None  # numbers or dates, None if they are not known
    dt: float
    unit: str  # of time, "" if it is not known
    spacing: str  # of the times, in words
    digest: str = ""  # SHA-256 of the file
    detrended: bool = False
    time_name: str = ""  # of the column of times, "" if there is none

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.series[0].size)

    @property
    def span(self) -> str:
        """First and last time, in words; "" if they are not known."""
        if self.times is None:
            return ""
        return f"{label_of(self.times[0])} to {label_of(self.times[-1])}"


def read_inputs(arguments: argparse.Namespace, columns: Sequence[tuple[str, str | None]]) -> Inputs:
    """Read the series that a command names, for each its option and the column or None.

    Where all are None the file must have just these columns, besides that of the times.
    """
    table, time = _table(arguments)
    return _take_columns(table, _chosen_columns(table, time, columns), time, arguments)


def read_many(
    arguments: argparse.Namespace, columns: Sequence[str] | None
) -> tuple[Inputs, dict[str, str]]:
    """Read many series, by default all but the times; return the good, and why others are not."""
    table, time = _table(arguments)
    if columns is not None:
        chosen = list(dict.fromkeys(table.find(which) for which in columns))
    else:
        others = range(len(table.names))
        chosen = [i for i in others if i != time and not table.looks_like_times(i)]
    left_out, good = {}, []
    for index in chosen:
        try:
            table.numbers(index)
            good.append(index)
        except DataError as error:
            left_out[table.title(index)] = str(error)
            warn_user(f"left out: {error}")
    if len(good) < 2:
        raise DataError(
            f"{table.source}: must have at least two series of numbers, got {len(good)}."
        )
    return _take_columns(table, good, time, arguments), left_out


def check_red_noise(inputs: Inputs) -> None:
    """Raise DataError for a series that no red noise fits, by the name of its column."""
    for name, series in zip(inputs.names, inputs.series, strict=True):
        column = f"{inputs.source}: column {name!r}"
        if series.min() == series.max():
            constant = f", got a constant series (every value is {series[0]:g})."
            line = " about its linear trend, got no more than that."
            raise DataError(f"{column} must vary{line if inputs.detrended else constant}")
        try:
            coefficient = ar1(series)[0]
        except AR1EstimationError:
            coefficient = math.nan
        if not -1 < coefficient < 1:
            remedy = "Remove its" if inputs.detrended else "Pass --detrend, or remove its"
            raise DataError(
                f"{column} must resemble red noise, got a trend, a step, a cycle or a random walk "
                f"that leaves no estimate of its lag-1 autocorrelation. {remedy} cycle or slow "
                "change in the file, by differences for example."
            )


def _take_columns(
    table: Table, chosen: Sequence[int], time: int | None, arguments: argparse.Namespace
) -> Inputs:
    """Return columns of a table as series with their times."""
    series = [table.numbers(index) for index in chosen]
    for index, values in zip(chosen, series, strict=True):
        sentinel = likely_missing(values)
        if sentinel is not None:
            warn_user(
                f"{table.source}: {table.title(index)} has {sentinel:g} far from its other "
                f"values; if it stands for a missing value, pass --missing={sentinel:g}."
            )
    if table.n_rows < _FEWEST:
        raise DataError(
            f"{table.source}: must have at least {_FEWEST} rows of data, got {table.n_rows}."
        )
    names = tuple(table.title(index) for index in chosen)
    if time is not None:
        axis = table.time_axis(time, arguments.unit)
        times, dt, unit, spacing = axis.times, axis.dt, axis.unit, axis.spacing
    else:
        _advise_on_times(table, chosen, arguments)
        times, spacing = None, "as given" if arguments.dt else "not given"
        dt, unit = arguments.dt or 1.0, arguments.unit or ("" if arguments.dt else "samples")
    if arguments.detrend:
        series = [_detrended(values) for values in series]
    return Inputs(
        table.source,
        names,
        tuple(series),
        times,
        dt,
        unit,
        spacing,
        table.digest,
        arguments.detrend,
        "" if time is None else table.names[time],
    )


def _table(arguments: argparse.Namespace) -> tuple[Table, int | None]:
    """Return the table, and the index of its column of times."""
    header = {"auto": None, "yes": True, "no": False}[arguments.header]
    table = read_table(arguments.file, tuple(arguments.missing), header, arguments.skip)
    return table, None if arguments.time is None else table.find(arguments.time)


def _detrended(values: NDArray[np.float64]) -> NDArray[np.float64]:
    rest = values - fitted_trend(values, 1)
    # A straight line leaves nothing but its rounding, which is no series.
    return np.zeros_like(rest) if np.ptp(rest) <= _ROUNDING * np.abs(values).max() else rest


def _chosen_columns(
    table: Table, time: int | None, columns: Sequence[tuple[str, str | None]]
) -> list[int]:
    if all(which is not None for _, which in columns):
        return [table.find(str(which)) for _, which in columns]
    options = " and ".join(option for option, _ in columns)
    others = [index for index in range(len(table.names)) if index != time]
    if any(which is not None for _, which in columns) or len(others) != len(columns):
        listed = ", ".join(f"{i + 1} {table.names[i]}".strip() for i in others[:20])
        raise UsageError(f"name columns by {options}; {table.source} has {listed}")
    for index in others:
        if table.looks_like_times(index):
            raise UsageError(
                f"{table.source}: {table.title(index)} looks like the times; name it by --time, "
                f"or name the columns of the series by {options}"
            )
    return others


def _advise_on_times(table: Table, chosen: Sequence[int], arguments: argparse.Namespace) -> None:
    if arguments.dt is not None:
        return
    others = [i for i in range(len(table.names)) if i not in chosen]
    times = next((i for i in others if table.looks_like_times(i)), None)
    if times is not None:
        name = table.names[times]
        which = name if name and table.names.count(name) == 1 else times + 1
        warn_user(
            f"{table.source}: {table.title(times)} looks like the times: pass --time "
            f"{which} for periods in a unit of time. Without it "
            "they are in samples."
        )
