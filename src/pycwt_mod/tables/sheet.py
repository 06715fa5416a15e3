"""Columns of a table on the even grid of their times, where gaps are seen, filled or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..time_axis import BUSINESS, EVEN, UNITS, RowsError, as_time_axis, label_of, places_of
from ..validation import MOST_FILLED, harm_of_filling
from .causes import cause_of_gaps, cause_of_repeats
from .fields import as_numbers
from .table import DataError, Table

Array = NDArray[Any]

# Units by which steps are told, with their seconds.
_DAY = UNITS["days"]
_UNITS = {unit.removesuffix("s"): UNITS[unit] for unit in ("days", "hours", "minutes", "seconds")}
# Steps of two files that differ by no more than this part are the same.
_SAME = 0.01
# Times of two files agree to this part of a step; numbers may be rounded.
_AGREEMENT = {"M": 0.01, "f": 0.1}


@dataclass(frozen=True, eq=False)
class Sheet:
    """Columns of a table on an even grid."""

    table: Table  # the file
    time: int | None  # index of its column of times; None if its rows are taken as even
    columns: tuple[int, ...]  # indexes of the columns
    times: Array  # of the grid, or numbers of the rows, shape (n,)
    places: NDArray[np.intp]  # of each row on the grid, shape (n_rows,)
    step: float  # in months, business days, seconds or the unit of the numbers
    words: str  # for the steps: "monthly", "business days", "even steps" ...
    values: NDArray[np.float64]  # shape (n_columns, n), NaN where one is missing
    made: NDArray[np.bool_]  # whether a value was interpolated, of the same shape
    before: int = 0  # number of times of the file before the grid, and after it
    after: int = 0
    turned: bool = False  # whether the rows were from the last time to the first
    dates_read_as: str = ""  # such as "month/day/year", "" for ISO 8601

    @property
    def titles(self) -> list[str]:
        """Names of the columns."""
        return [self.table.title(index) for index in self.columns]

    @property
    def time_name(self) -> str:
        """Name of the column of times, "" if there is none."""
        return "" if self.time is None else self.table.names[self.time]

    @property
    def units(self) -> dict[str, str]:
        """Units by the names of columns, from the row of units."""
        table = self.table
        return {name: u for name, u in zip(table.names, table.units, strict=False) if u}

    @property
    def n_made(self) -> list[int]:
        """Number of interpolated values of each column."""
        return [int(number) for number in self.made.sum(axis=1)]

    @property
    def steps_in_words(self) -> str:
        """The steps in words that tell them from others."""
        if self.words != EVEN:
            return self.words
        if self.times.dtype.kind != "M":
            return f"steps of {self.step:.6g}"
        seconds = round(self.step, 3)
        unit = next((u for u, length in _UNITS.items() if seconds % length == 0), "second")
        number = seconds / _UNITS[unit]
        plain = {(1.0, "day"): "daily", (7.0, "day"): "weekly", (1.0, "hour"): "hourly"}
        return plain.get((number, unit)) or f"every {number:g} {unit}{'s' if number != 1 else ''}"

    def span(self, whole: bool) -> slice:
        """Return from where to where there are values; of all series at once, if `whole`."""
        known = np.isfinite(self.values)
        found = np.flatnonzero(known.all(axis=0) if whole else known.any(axis=0))
        return slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, 0)

    def part(self, span: slice) -> Sheet:
        """Return the part of the grid from one place to another."""
        rows = slice(*np.searchsorted(self.places, [span.start, span.stop]).tolist())
        return replace(
            self,
            table=self.table.part(rows),
            times=self.times[span],
            places=self.places[rows] - span.start,
            values=self.values[:, span],
            made=self.made[:, span],
            before=span.start,
            after=self.times.size - span.stop,
        )

    def check_values(self) -> None:
        """Raise DataError if a series has no values at all, or all have none at the same times."""
        known = np.isfinite(self.values)
        for index, own in zip(self.columns, known, strict=True):
            if not own.any():
                raise self.table.error(index, RowsError("has no values"))
        if not known.all(axis=0).any():
            raise DataError(
                f"{self.table.source}: columns {', '.join(map(repr, self.titles))} must have "
                "values at the same times, got none at which all have one."
            )

    def of(self, series: Sequence[int]) -> Sheet:
        """Return some of the series."""
        kept = list(series)
        columns = tuple(self.columns[k] for k in kept)
        return replace(self, columns=columns, values=self.values[kept], made=self.made[kept])

    def check(self, series: int, longest: int) -> None:
        """Raise DataError if a series has gaps, which were filled up to a length of `longest`."""
        absent, index = np.isnan(self.values[series]), self.columns[series]
        starts, lengths = _gaps(absent)
        if not lengths.size:
            return
        if absent.all():
            raise self.table.error(index, RowsError("has no values"))
        most, start = int(lengths.max()), int(starts[lengths.argmax()])
        steps = f"{most} step{'s' if most > 1 else ''}"
        first, last = (label_of(self.times[k]) for k in (start, start + most - 1))
        reason = f"has a gap of {steps}, {first} to {last}"
        rows = [int(np.searchsorted(self.places, start))]
        missing = int(lengths.sum() + self.made[series].sum())
        if missing > MOST_FILLED * self.times.size:
            dates = f", with dates read as {self.dates_read_as}" if self.dates_read_as else ""
            reason += f", too long to fill where {missing} of {self.times.size} values are missing"
            remedy = "Choose a part of the record: leave out the rows before or after the gap."
            raise self.table.error(index, RowsError(f"{reason}{dates}", rows, remedy))
        fault = RowsError(f"{reason}, and --interpolate is {longest}", rows)
        if not longest:
            index, fault = self._first_fault(index)
        even = self.words == EVEN
        cause = cause_of_gaps(self.times[absent], self.step * even)
        remedy = (
            f"{cause}Pass --interpolate {most} to fill gaps of up to {steps}, or leave out the "
            f"rows before or after.{harm_of_filling(absent, unit='steps')}"
        )
        raise self.table.error(index, RowsError(fault.reason, fault.rows, remedy))

    def _first_fault(self, column: int) -> tuple[int, RowsError]:
        """Return the column with what makes a gap, and what it is: a missing row, or value."""
        index = column if self.time is None else self.time
        try:
            if self.time is not None:
                as_time_axis(self.table.times(self.time))
            index = column
            as_numbers(self.table.columns[column], self.table.missing)
        except RowsError as fault:
            return index, fault
        raise AssertionError("a gap is a missing row or a missing value")


def sheet_of(table: Table, time: int | None, columns: Sequence[int], longest: int) -> Sheet:
    """Return columns of a table on the grid of its times, gaps of up to `longest` filled.

    Rows from the last time to the first are turned round. A gap at the beginning or the end is
    not filled.
    """
    values = np.stack([table.values(index) for index in columns])
    if time is None:
        times = np.arange(1, table.n_rows + 1)
        places, step, words, reading, turned = times - 1, 1.0, EVEN, "", False
    else:
        times, reading = table.times_as_read(time)
        turned = bool(times.size > 1 and (times[1:] < times[:-1]).all())
        if turned:
            table, times, values = table.part(slice(None, None, -1)), times[::-1], values[:, ::-1]
        try:
            places, step, words = places_of(times)
        except RowsError as error:
            error.remedy = cause_of_repeats(table, time, times) or error.remedy
            raise table.error(time, error) from None
        times = _all_times(times, places, step, words)
    grid = np.full((len(columns), times.size), np.nan)
    grid[:, places] = values
    made = np.zeros(grid.shape, bool)
    for series, own in zip(grid, made, strict=True):
        _fill(series, own, longest)
    return Sheet(
        table, time, tuple(columns), times, places, step, words, grid, made,
        turned=turned, dates_read_as=reading,
    )  # fmt: skip


def common_times(sheets: Sequence[Sheet], whole: bool) -> list[Sheet]:
    """Return the part of each sheet from the first to the last time that all have values at.

    `whole`: all series of a sheet must have one there; else any.
    """
    first = sheets[0]
    for sheet in sheets if whole else ():
        sheet.check_values()
    spans, starts = [sheet.span(whole) for sheet in sheets], [0]
    for sheet in sheets[1:]:
        _check_same_steps(first, sheet)
        starts.append(_distance(first, sheet))
    begin = max(span.start + start for span, start in zip(spans, starts, strict=True))
    end = min(span.stop + start for span, start in zip(spans, starts, strict=True))
    if begin >= end:
        raise _nothing_in_common(sheets)
    return [
        sheet.part(slice(begin - start, end - start))
        for sheet, start in zip(sheets, starts, strict=True)
    ]


def _check_same_steps(first: Sheet, other: Sheet) -> None:
    if first.times.dtype.kind != other.times.dtype.kind:
        dates, numbers = sorted((first, other), key=lambda sheet: sheet.times.dtype.kind)
        raise DataError(
            f"times must be dates in all files or numbers in all, got dates in "
            f"{dates.table.source} and numbers in {numbers.table.source}."
        )
    if first.words != other.words or abs(other.step / first.step - 1) > _SAME:
        lengths = {EVEN: 1.0, BUSINESS: _DAY}  # of others a month
        finer, coarser = sorted(
            (first, other), key=lambda sheet: sheet.step * lengths.get(sheet.words, 30 * _DAY)
        )
        raise DataError(
            f"files must have the same steps of time, got {first.table.source} with "
            f"{_adjective(first)} values and {other.table.source} with {_adjective(other)} "
            f"ones. Average those of {finer.table.source} first, in pandas by "
            f'`series.resample("{_frequency(coarser)}").mean()`.'
        )


def _adjective(sheet: Sheet) -> str:
    return "business-day" if sheet.words == BUSINESS else sheet.steps_in_words


def _frequency(sheet: Sheet) -> str:
    """Return the step as pandas writes it."""
    if sheet.words == BUSINESS:
        return "B"
    if sheet.words != EVEN:
        return f"{sheet.step:.0f}MS" if sheet.step > 1 else "MS"
    return "D" if sheet.step == _DAY else f"{sheet.step:g}s"


def _distance(first: Sheet, other: Sheet) -> int:
    """Return how many steps another sheet begins after the first, or raise DataError."""
    a, b = first.times[0], other.times[0]
    if first.words == BUSINESS:
        steps: float = int(np.busday_count(a.astype("M8[D]"), b.astype("M8[D]")))
    elif first.words != EVEN:
        steps = int((b.astype("M8[M]") - a.astype("M8[M]")).astype(int)) / first.step
    else:
        apart = (b - a) / np.timedelta64(1, "us") / 1e6 if first.times.dtype.kind == "M" else b - a
        steps = float(apart) / first.step
    if abs(steps - round(steps)) > _AGREEMENT[first.times.dtype.kind]:
        raise _nothing_in_common((first, other))
    return round(steps)


def _nothing_in_common(sheets: Sequence[Sheet]) -> DataError:
    told = ", ".join(
        f"{label_of(sheet.times[0])} to {label_of(sheet.times[-1])} in {sheet.table.source}"
        for sheet in sheets
    )
    return DataError(
        f"files must have times in common at which all have values, got {told} "
        f"({sheets[0].steps_in_words}). Dates must agree to the hour: write the same one in each."
    )


def _all_times(times: Array, places: NDArray[np.intp], step: float, words: str) -> Array:
    """Return the times of the whole grid, of which some are given."""
    n = int(places[-1]) + 1
    if n == times.size:
        return times
    if times.dtype.kind != "M":
        return np.linspace(times[0], times[-1], n)
    exact = times.astype("datetime64[us]")
    if words == EVEN:
        told = np.interp(np.arange(n), places, (exact - exact[0]).astype(np.int64))
        return np.asarray(exact[0] + np.round(told).astype("timedelta64[us]"))
    before = np.searchsorted(places, np.arange(n), side="right") - 1
    whole = _later(exact[before], np.arange(n) - places[before], step, words)
    whole[places] = exact
    return whole


def _later(dates: Array, steps: NDArray[np.intp], step: float, words: str) -> Array:
    """Return the dates some business days or months after others, at the same time of day."""
    days = dates.astype("datetime64[D]")
    clock = dates - days
    if words == BUSINESS:
        return np.asarray(np.busday_offset(days, steps) + clock)
    months = dates.astype("datetime64[M]")
    later = months + (steps * int(step)).astype("timedelta64[M]")
    last = (later + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    day = (days - months.astype("datetime64[D]")).max()  # that of month ends is the longest
    same_day = later.astype("datetime64[D]") + day
    return np.asarray(np.minimum(same_day, last) + clock)


def _gaps(missing: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where runs of missing values start, and how long they are."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
    return edges[::2], edges[1::2] - edges[::2]


def _fill(series: NDArray[np.float64], made: NDArray[np.bool_], longest: int) -> None:
    """Interpolate the gaps of up to `longest` values, and note in `made` where."""
    starts, lengths = _gaps(np.isnan(series))
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        if length <= longest and start > 0 and start + length < series.size:
            made[start : start + length] = True
    known = np.isfinite(series)
    if made.any():
        series[made] = np.interp(np.flatnonzero(made), np.flatnonzero(known), series[known])
