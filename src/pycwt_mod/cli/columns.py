"""Which columns of which files a command means: those of the times and those of the series."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import replace

from ..summary.text import listed
from ..tables import DataError, Table, read_table
from .options import UsageError

# In place of a column of times: none is used.
_COUNTED = "none"
_NO_TIMES = "--dt (or --time none)"
# Columns that a message lists.
_MOST_LISTED = 20
# Days from 1927 to 2064 as Excel counts them.
_EXCEL_DAYS = (10000, 60000)


def tables_of(arguments: argparse.Namespace) -> list[tuple[Table, list[int]]]:
    """Return the tables, and for each the indexes of its columns of times."""
    several = len(arguments.files) > 1
    if several and arguments.dt is not None:
        raise UsageError("several files are joined on their times; name these by --time, not --dt")
    header = {"auto": None, "yes": True, "no": False}[arguments.header]
    found = []
    for file in arguments.files:
        table = read_table(file, tuple(arguments.missing), header, arguments.skip)
        table = replace(table, date_format=arguments.date_format)
        counted = not several and arguments.time == _COUNTED and _COUNTED not in table.names
        if arguments.time is not None and not counted:
            found.append(table.with_times(arguments.time))
        elif several:
            found.append((table, [_times_of_several(table)]))
        else:
            wanted = arguments.time is None and arguments.dt is None
            found.append((table, only_dates(table) if wanted else []))
    return found


def only_dates(table: Table) -> list[int]:
    """Return the column of dates, if there is just one."""
    found = [i for i in range(len(table.names)) if table.begins_with_date(i)]
    return found if len(found) == 1 else []


def _times_of_several(table: Table) -> int:
    index = table.likely_times()
    if index is None:
        way = unread_dates(table)
        raise UsageError(
            f"{table.source}: name its column of times by --time; it has {_listed(table)}"
            f"{f'; {way}' if way else ''}"
        )
    return index


def chosen_columns(
    table: Table, times: list[int], columns: Sequence[tuple[str, str | None]]
) -> list[int]:
    """Return the columns that are named or, where none are, all besides those of the times."""
    if all(which is not None for _, which in columns):
        return [table.find(str(which)) for _, which in columns]
    options = listed([option for option, _ in columns])
    others = [index for index in range(len(table.names)) if index not in times]
    named = any(which is not None for _, which in columns)
    if not named and times and len(columns) == 2 and len(others) == 1:
        raise UsageError(
            f"{table.source} has one series beside its times, {_listed(table, others)}: name a "
            "second file or column"
        )
    if named or len(others) != len(columns):
        dates = [] if times else only_dates(table)
        ways = [f"; leave {_NO_TIMES} out to have {table.title(i)} as the times" for i in dates]
        if not times and not dates:
            ways = [f"; {way}" for way in (unread_dates(table) or _even_numbers(table),) if way]
        listing = _listed(table, others)
        raise UsageError(f"name columns by {options}; {table.source} has {listing}{''.join(ways)}")
    for index in others:
        if table.looks_like_times(index):
            way = f", or name the columns of the series by {options}"
            if len(others) == len(columns) == 2:
                (left,) = (i for i in others if i != index)
                way = f", and beside {table.title(left)} a second file or column"
            raise UsageError(
                f"{table.source}: {table.title(index)} looks like the times; name it by --time{way}"
            )
    return others


def unread_dates(table: Table) -> str:
    """Return how to read the first column of dates that are not read as such; or ""."""
    for index in range(len(table.names)):
        if form := table.date_format_of(index):
            return f"{table.title(index)} is not read as dates: pass --date-format {form}"
    return ""


def _even_numbers(table: Table) -> str:
    """Return how to name the first column of numbers that look like times; or ""."""
    index = table.likely_times()
    if index is None:
        return ""
    way = f"{table.title(index)} looks like the times: pass --time {option_of(table, index)}"
    times = table.times(index)
    if times.dtype.kind != "M" and _EXCEL_DAYS[0] <= times.min() <= times.max() <= _EXCEL_DAYS[1]:
        way += " and, if it counts days as Excel does, --unit days"
    return way


def option_of(table: Table, index: int) -> str:
    """Return a column as an option takes it, for a shell."""
    name = table.names[index]
    return shlex.quote(name) if name and table.names.count(name) == 1 else str(index + 1)


def columns_of_many(
    tables: Sequence[tuple[Table, list[int]]], columns: Sequence[str] | None
) -> list[list[int]]:
    """Return the columns of each table that are named or, where none are, all but the times."""
    if columns is None:
        return [
            [i for i in range(len(table.names)) if i not in times and not table.looks_like_times(i)]
            for table, times in tables
        ]
    chosen: list[list[int]] = [[] for _ in tables]
    for which in columns:
        faults = []
        for (table, _), own in zip(tables, chosen, strict=True):
            try:
                own.append(table.find(which))
            except DataError as error:
                faults.append(error)
        if len(faults) == len(tables):
            raise faults[0]
    return [list(dict.fromkeys(own)) for own in chosen]


def _listed(table: Table, indexes: Sequence[int] | None = None) -> str:
    shown = range(len(table.names)) if indexes is None else indexes
    told = ", ".join(f"{i + 1} {table.names[i]}".strip() for i in list(shown)[:_MOST_LISTED])
    left = len(shown) - _MOST_LISTED
    told += f" and {left} more" if left > 0 else ""
    if any(table.names):
        return told
    told = f"columns {told}, without names" if len(shown) > 1 else f"column {told}, without a name"
    wide = len(shown) > max(table.n_rows, _MOST_LISTED)
    return f"{told}: a series must be a column, so save the transposed array" if wide else told
