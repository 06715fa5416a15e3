"""What is likely behind times that repeat or are missing, with its remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..time_axis import is_clock_set_back
from .fields import as_texts
from .table import Table

Array = NDArray[Any]

# Names of a column of months, in lower case.
_PARTS = ("month", "mon", "mo", "mm", "monat", "mois", "mes")
_HOUR, _DAY = np.timedelta64(1, "h"), np.timedelta64(1, "D")
# Clocks are set forward on Sundays, up to this hour.
_SUNDAY, _LAST_HOUR = "0000001", 3 * _HOUR
_OFFSETS = "times in UTC or with their offset, such as 2020-10-25T02:00+01:00"
# Several tables in one have no more than this part of their dates only once, and a column of
# names with no more than this part of the rows as values.
_MOST_TIMES, _MOST_NAMES = 0.75, 0.25
_SHOWN = 3


def cause_of_repeats(table: Table, time: int, times: Array) -> str:
    """Return the remedy for times that repeat or are in no order, by their likely cause; or ""."""
    return _of_parts(table, time) or _of_groups(table, time, times) or _of_clocks(times)


def cause_of_gaps(missing: Array, step: float) -> str:
    """Return the likely cause of missing dates in steps of seconds, as a sentence; or ""."""
    if missing.dtype.kind != "M" or not missing.size:
        return ""
    days = missing.astype("datetime64[D]")
    if step == _DAY / np.timedelta64(1, "s"):
        leap = all(str(day).endswith("-02-29") for day in days)
        return "29 February is missing, as in calendars without leap days. " if leap else ""
    hours = np.unique(days, return_counts=True)[1] * step
    sundays = np.is_busday(days, weekmask=_SUNDAY).all()
    at_night = sundays and (missing - days <= _LAST_HOUR).all()
    if at_night and (hours == _HOUR / np.timedelta64(1, "s")).all():
        return f"If clocks were set forward then, {_OFFSETS}, have no gap there. "
    return ""


def _of_parts(table: Table, time: int) -> str:
    """Return the remedy for years that stand beside a column of months; or ""."""
    parts = [name for name in table.names if name.strip().casefold() in _PARTS]
    if not parts or table.names[time] in parts:
        return ""
    return f"If months have a column of their own, pass --time {table.names[time]},{parts[0]}."


def _of_groups(table: Table, time: int, times: Array) -> str:
    """Return the remedy for tables one below the other, told apart by a column of names; or ""."""
    n = times.size
    if np.unique(times).size > _MOST_TIMES * n:
        return ""
    for index, column in enumerate(table.columns):
        if index == time or column.dtype.kind not in "SUOi":
            continue
        texts = as_texts(column)
        names = list(dict.fromkeys(texts))
        pairs = set(zip(texts, times.tolist(), strict=True))
        if 2 <= len(names) <= max(2, _MOST_NAMES * n) and len(pairs) == n:
            title, date = table.title(index), table.title(time)
            shown = ", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")
            return (
                f"Column {title!r} repeats the times, for {shown}: give each of these a column of "
                f"its own, in pandas by `table.pivot(index={date!r}, columns={title!r})`."
            )
    return ""


def _of_clocks(times: Array) -> str:
    """Return the remedy for dates that repeat an hour, as where clocks were set back; or ""."""
    if not is_clock_set_back(times):
        return ""
    return f"If clocks were set back then, write {_OFFSETS}; else keep one row for each time."
