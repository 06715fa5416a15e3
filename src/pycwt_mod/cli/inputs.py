"""From the options of a command to series over the same times, and to what was done with them."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import check_distinct
from ..helpers import FEW_SAMPLES, AR1EstimationError, ar1
from ..preparation import Prepared, prepare
from ..summary.text import listed
from ..tables import DataError, Sheet, Table, common_times, sheet_of
from ..tables.fields import likely_missing
from ..time_axis import UNITS, RowsError, TimeAxis, label_of, places_of
from ..validation import did_you_mean, harm_of_filling, warn_user
from .columns import chosen_columns, columns_of_many, only_dates, option_of, tables_of, unread_dates
from .options import UsageError

# Fewer samples than this have no scale worth looking at.
_FEWEST = 8


@dataclass(frozen=True, eq=False)
class Inputs:
    """Series over the same times, and their labels."""

    sheets: tuple[Sheet, ...]
    names: tuple[str, ...]
    series: tuple[NDArray[np.float64], ...]
    times: NDArray[Any] | None  # numbers or dates, None if they are not known
    dt: float
    unit: str  # of time, "" if it is not known
    spacing: str  # of the times, in words
    found: bool = False  # whether the columns of times were found, not named
    prepared: tuple[Prepared, ...] = ()  # without trends and cycles, if these were to go

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

    @property
    def harm_of_filling(self) -> str:
        """What straight lines over long or many gaps do; "" for short and few ones."""
        made = np.concatenate([sheet.made for sheet in self.sheets])
        return harm_of_filling(made, self.dt, self.unit)

    def column(self, series: int) -> str:
        """Return the file and column of a series, for messages."""
        places = [(sheet.table.source, title) for sheet in self.sheets for title in sheet.titles]
        return "{}: column {!r}".format(*places[series])


def read_inputs(arguments: argparse.Namespace, columns: Sequence[tuple[str, str | None]]) -> Inputs:
    """Read the series that a command names, for each its option and the column or None.

    Where all are None one file must have just these columns, besides that of the times; each of
    several files has one.
    """
    number = len(arguments.files)
    if number not in (1, len(columns)):
        several = "two" if len(columns) == 2 else len(columns)
        allowed = f"one file or {several}" if len(columns) > 1 else "one file"
        raise UsageError(f"takes {allowed}, got {number}: {', '.join(arguments.files)}")
    if len(set(arguments.files)) < number and not all(which for _, which in columns):
        raise UsageError(
            f"{arguments.files[0]} is named twice: name it once, and its columns by "
            f"{listed([option for option, _ in columns])}"
        )
    groups = [columns] if number == 1 else [[column] for column in columns]
    chosen = [
        (table, times, chosen_columns(table, times, group))
        for (table, times), group in zip(tables_of(arguments), groups, strict=True)
    ]
    sheets = _sheets(chosen, arguments.interpolate, whole=True)
    for sheet in sheets:
        for series in range(len(sheet.columns)):
            sheet.check(series, arguments.interpolate)
    inputs = _inputs(sheets, arguments)
    if len(inputs.series) > 2:
        places = [inputs.column(k) for k in range(len(inputs.series))]
        for place in places:
            if places.count(place) > 1:
                raise DataError(f"{place} must be named once, got it twice. Leave one of them out.")
        check_distinct(dict(zip(places, inputs.series, strict=True)))
    if len(inputs.series) == 2 and np.array_equal(*inputs.series):
        both = dict.fromkeys(map(inputs.column, (0, 1)))
        same = "x and y are the same values" if len(both) > 1 else "x and y are the same column"
        warn_user(
            f"{same} ({' and '.join(both)}): a series goes with itself at all times and periods, "
            "and that says nothing."
        )
    return inputs


def read_many(
    arguments: argparse.Namespace, columns: Sequence[str] | None
) -> tuple[Inputs, dict[str, str]]:
    """Read many series, by default all but the times; return the good, and why others are not."""
    left_out: dict[str, str] = {}

    def good(title: str, check: Callable[..., Any], *values: Any) -> bool:
        try:
            check(*values)
        except DataError as error:
            left_out[title] = str(error)
            warn_user(f"left out: {error}")
        return title not in left_out

    tables = tables_of(arguments)
    chosen = [
        (table, times, [i for i in indexes if good(table.title(i), table.values, i)])
        for (table, times), indexes in zip(tables, columns_of_many(tables, columns), strict=True)
    ]
    sheets = _sheets([each for each in chosen if each[2]], arguments.interpolate, whole=False)
    kept = []
    for sheet in sheets:
        titles = enumerate(sheet.titles)
        own = [k for k, title in titles if good(title, sheet.check, k, arguments.interpolate)]
        kept += [sheet.of(own)] if own else []
    number = sum(len(sheet.columns) for sheet in kept)
    if number < 2:
        files = ", ".join(table.source for table, _ in tables)
        raise DataError(f"{files}: must have at least two series of numbers, got {number}.")
    arguments.called["data"] = ", ".join(sheet.table.source for sheet in kept)
    return _inputs(kept, arguments), left_out


def check_red_noise(inputs: Inputs, arguments: argparse.Namespace) -> None:
    """Raise DataError for a series that no red noise fits, by the name of its column.

    None has to where the lag-1 autocorrelation is given, or other noise stands for the series.
    """
    noises, fixed = getattr(arguments, "noise", None) or ["ar1"], getattr(arguments, "fixed", ())
    removed = bool(inputs.prepared)
    for k, (series, name) in enumerate(zip(inputs.series, inputs.names, strict=True)):
        given = getattr(arguments, f"al{k + 1}", None)
        is_red = noises[k % len(noises)] == "ar1" and not {name, "xy"[k : k + 1]} & {*fixed}
        if series.min() == series.max():
            rest = f", got a constant series (every value is {series[0]:g})."
            if removed:
                rest = " about what --detrend and --deseason remove, got no more than that."
            raise DataError(f"{inputs.column(k)} must vary{rest}")
        try:
            coefficient = ar1(series)[0] if is_red and given is None else given or 0.0
        except AR1EstimationError:
            coefficient = math.nan
        if not -1 < coefficient < 1:
            first = "Remove its" if removed else "Pass --detrend linear, or remove its"
            remedy = " Or choose what unrelated series are by --noise or --fixed."
            remedy = remedy if hasattr(arguments, "noise") else ""
            short = f"too few samples ({inputs.n}), " if inputs.n < FEW_SAMPLES else ""
            raise DataError(
                f"{inputs.column(k)} must resemble red noise, got {short}a trend, a step, a cycle "
                "or a random walk that leaves no estimate of its lag-1 autocorrelation. "
                f"{first} cycle or slow change in the file, by differences for example.{remedy}"
            )


def _sheets(
    chosen: Sequence[tuple[Table, list[int], list[int]]], longest: int, whole: bool
) -> list[Sheet]:
    """Return columns of tables at the times that the tables have in common."""
    sheets = [
        sheet_of(table, times[0] if times else None, columns, longest)
        for table, times, columns in chosen
    ]
    return common_times(sheets, whole) if sheets else []


def _inputs(sheets: Sequence[Sheet], arguments: argparse.Namespace) -> Inputs:
    """Return the series of sheets over the same times."""
    first, n = sheets[0], sheets[0].times.size
    files = ", ".join(sheet.table.source for sheet in sheets)
    if n < _FEWEST:
        what = "rows of data" if len(sheets) == 1 else "times in common"
        raise DataError(f"{files}: must have at least {_FEWEST} {what}, got {n}.")
    for sheet in sheets:
        _point_out_sentinels(sheet)
    axis = _axis(first, arguments)
    timed = first.time is not None
    inputs = Inputs(
        tuple(sheets),
        _names(sheets),
        tuple(values for sheet in sheets for values in sheet.values),
        axis.times if timed else None,
        axis.dt,
        axis.unit,
        first.steps_in_words if timed else axis.spacing,
        found=timed and arguments.time is None,
    )
    if inputs.harm_of_filling:
        files = ", ".join(sheet.table.source for sheet in sheets if any(sheet.n_made))
        warn_user(f"{files}: gaps were filled by straight lines.{inputs.harm_of_filling}")
    return _prepared(inputs, arguments)


def _axis(sheet: Sheet, arguments: argparse.Namespace) -> TimeAxis:
    """Return the times; without any, the step that is given, or samples."""
    if sheet.time is not None:
        source, unit = sheet.table.source, arguments.unit
        arguments.called["dt"] = f"the step of {source}: column {sheet.table.title(sheet.time)!r}"
        if unit and sheet.times.dtype.kind == "M" and unit not in UNITS:
            raise UsageError(
                f"--unit must be one of {', '.join(UNITS)} for the dates of {source}, got {unit!r}."
                f"{did_you_mean(unit, UNITS)}"
            )
        return sheet.table.axis_of(sheet.time, sheet.times, unit)
    if arguments.unit not in (None, "samples") and arguments.dt is None:
        raise UsageError(
            f"--unit {arguments.unit} needs times or their step: name a column of times by --time, "
            f"or pass --dt, the step in {arguments.unit}; without them periods are in samples"
        )
    _advise_on_times(sheet, arguments)
    unit = arguments.unit or ("" if arguments.dt else "samples")
    dt = arguments.dt or 1.0
    return TimeAxis(sheet.times, dt, unit, "as given" if arguments.dt else "not given")


def _prepared(inputs: Inputs, arguments: argparse.Namespace) -> Inputs:
    """Return the series without the trend and the cycle that are to be removed."""
    if arguments.detrend is None and arguments.deseason is None:
        return inputs
    if arguments.deseason == "year" and (inputs.times is None or inputs.times.dtype.kind != "M"):
        raise UsageError(
            "--deseason year needs dates, named by --time; without them give the number of samples "
            "in a cycle, such as --deseason 12 for months"
        )
    prepared = tuple(
        prepare(
            series,
            trend=arguments.detrend,
            season=arguments.deseason,
            times=inputs.times if arguments.deseason == "year" else None,
        )
        for series in inputs.series
    )
    series = tuple(each.values for each in prepared)
    return replace(inputs, series=series, prepared=prepared)


def _names(sheets: Sequence[Sheet]) -> tuple[str, ...]:
    """Return the names of the columns, or where files have the same ones, of the files too."""
    titles = [title for sheet in sheets for title in sheet.titles]
    if len(sheets) == 1 or len(set(titles)) == len(titles):
        return tuple(titles)
    stems = [Path(sheet.table.source).stem for sheet in sheets]
    if len(set(stems)) < len(stems):
        stems = [sheet.table.source for sheet in sheets]
    return tuple(
        stem if len(sheet.columns) == 1 else f"{stem} {title}"
        for stem, sheet in zip(stems, sheets, strict=True)
        for title in sheet.titles
    )


def _point_out_sentinels(sheet: Sheet) -> None:
    for title, values in zip(sheet.titles, sheet.values, strict=True):
        sentinel = likely_missing(values)
        if sentinel is not None:
            warn_user(
                f"{sheet.table.source}: {title} has {sentinel:g} far from its other values; if it "
                f"stands for a missing value, pass --missing={sentinel:g}."
            )


def _point_out_gaps(sheet: Sheet) -> None:
    """Warn of gaps and disorder of dates that are left aside for a given step."""
    table, dates = sheet.table, only_dates(sheet.table)
    if not dates or dates[0] in sheet.columns:
        return
    remedy = "Leave --dt out to have the times from it"
    taken = "with --dt the rows are taken as evenly spaced"
    try:
        times = table.times(dates[0])
        places, _, _ = places_of(times)
    except (RowsError, DataError) as fault:
        error = table.error(dates[0], fault) if isinstance(fault, RowsError) else fault
        warn_user(f"{error} As it is, {taken}. {remedy}.")
        return
    gaps = np.diff(places) - 1
    if gaps.any():
        n, after = int(gaps.sum()), label_of(times[gaps.argmax()])
        warn_user(
            f"{table.source}: {n} date{' is' if n == 1 else 's are'} missing in column "
            f"{table.title(dates[0])!r}, the longest gap after {after}; {taken}. {remedy}, and "
            f"pass --interpolate {gaps.max()} to fill the gaps."
        )


def _advise_on_times(sheet: Sheet, arguments: argparse.Namespace) -> None:
    if arguments.dt is not None:
        _point_out_gaps(sheet)
    if arguments.dt is not None or arguments.time is not None:
        return
    table = sheet.table
    times = table.likely_times(but=sheet.columns)
    if times is not None:
        warn_user(
            f"{table.source}: {table.title(times)} looks like the times: pass --time "
            f"{option_of(table, times)} for periods in a unit of time. Without it they are in "
            "samples."
        )
    elif hint := unread_dates(table):
        warn_user(f"{table.source}: {hint}. Without it periods are in samples.")
