"""From a column of times to a sampling interval, or to the line where the times go wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .fields import Fault, from_array, from_texts, kind_of

__all__ = ["DATE_UNITS", "TimeAxis", "as_time_axis"]

Array = NDArray[np.float64]

# Seconds in a unit of time; a year of the Gregorian calendar is 365.2425 days on average.
_DAY = 86400.0
DATE_UNITS = {
    "seconds": 1.0,
    "minutes": 60.0,
    "hours": 3600.0,
    "days": _DAY,
    "weeks": 7 * _DAY,
    "months": 365.2425 * _DAY / 12,
    "years": 365.2425 * _DAY,
}

# Units of NumPy's dates that are kept, as microseconds would round them.
_FINE_UNITS = ("ns", "ps", "fs", "as")

# Steps may differ from the usual one by this part of it, as times are rounded when written ...
_JITTER = 0.01
# ... or by this many units of the last written digit, if that is well below the step.
_ROUNDING, _COARSEST = 1.5, 0.3

# Whole numbers in this range that are dates of the calendar are dates written as YYYYMMDD.
_COMPACT_DATES = (1600_01_01, 2399_12_31)

# Of missing months, so many are named.
_NAMED_MONTHS = 6

_FORMAT = "Write times as numbers, or as dates such as 2020-01-31 or 2020-01-31T12:00."
_EVEN = "Fill the gap, or interpolate the series to even steps."


@dataclass(frozen=True, eq=False)
class TimeAxis:
    """Evenly spaced times.

    Parameters
    ----------
    times : numpy.ndarray
        Numbers, or dates as datetime64, shape (n,).
    dt : float
        Sampling interval, in `unit`.
    unit : str
        Unit of time; "" if it is not known.
    spacing : str
        What the steps are, in words.
    """

    times: NDArray[Any]
    dt: float
    unit: str
    spacing: str = ""

    @property
    def are_dates(self) -> bool:
        """Whether the times are dates."""
        return self.times.dtype.kind == "M"


def as_time_axis(
    column: Any, unit: str | None, missing: tuple[str, ...] = ()
) -> tuple[TimeAxis | None, Fault | None]:
    """Return a column as evenly spaced times, or what is wrong with it.

    Parameters
    ----------
    column : list of str or array_like
        Numbers or dates.
    unit : str, optional
        As in `Table.time_axis`.
    missing : tuple of str
        Texts that stand for missing values.
    """
    dates, fault = _dates_of(column)
    if fault is not None:
        return None, fault
    if dates is not None:
        return _date_axis(dates, unit or "days")
    if isinstance(column, list):
        values, fault = from_texts(column, missing)
    else:
        values, fault = from_array(column, missing)
    if fault is not None:
        reason = fault.reason.replace("must hold numbers", "must hold numbers or ISO dates")
        return None, Fault(reason, fault.rows[:1], _FORMAT)
    compact = _compact_dates(values)
    if compact is not None:
        return _date_axis(compact, unit or "days")
    fault = _uneven(values, [f"{value:.10g}" for value in values], _rounding(column))
    if fault is not None:
        return None, fault
    dt = float((values[-1] - values[0]) / (values.size - 1))
    return TimeAxis(values, dt, unit or "", "even steps"), None


def _dates_of(column: Any) -> tuple[NDArray[Any] | None, Fault | None]:
    """Return a column as dates; None if its first field is not a date."""
    if not isinstance(column, list):
        array = np.asarray(column)
        if array.dtype.kind == "M":
            gaps = np.flatnonzero(np.isnat(array)).tolist()
            if np.datetime_data(array.dtype)[0] not in _FINE_UNITS:
                # Months and years have no length in seconds: they begin where texts of them do.
                array = array.astype("datetime64[us]")
            return array, Fault("has a missing date", gaps) if gaps else None
        if array.dtype.kind not in "SUO":
            return None, None
        column = [v.decode() if isinstance(v, bytes) else str(v) for v in array]
    if not column or kind_of(column[0]) != "date":
        return None, None
    dates = []
    for row, text in enumerate(column):
        date = _date(text.strip())
        if date is None:
            return None, Fault(
                f"must hold dates such as 2020-01-31 or 2020-01-31 12:00, got {text.strip()!r}",
                [row],
            )
        dates.append(date)
    return np.array(dates, dtype="datetime64[us]"), None


def _date(text: str) -> Any:
    """Return an ISO 8601 date, in UTC if it has an offset; None if it is none."""
    plain = f"{text}-01" if re.fullmatch(r"\d{4}-\d\d", text) else text
    try:
        date = datetime.fromisoformat(plain)
    except ValueError:
        return None
    return date.astimezone(UTC).replace(tzinfo=None) if date.tzinfo else date


def _compact_dates(values: Array) -> NDArray[Any] | None:
    """Return numbers such as 20200131 as dates; None if one of them is not."""
    low, high = _COMPACT_DATES
    if not ((values >= low) & (values <= high) & (values % 1 == 0)).all():
        return None
    dates = [_date(f"{int(value)}") for value in values]
    return None if None in dates else np.array(dates, dtype="datetime64[us]")


def _date_axis(dates: NDArray[Any], unit: str) -> tuple[TimeAxis | None, Fault | None]:
    if unit not in DATE_UNITS:
        listed = ", ".join(DATE_UNITS)
        return None, Fault(f"holds dates, whose unit must be one of {listed}, got {unit!r}")
    seconds = (dates - dates[0]) / np.timedelta64(1, "us") / 1e6
    labels = [str(np.datetime_as_string(date, unit="s")) for date in dates]
    labels = [label.removesuffix("T00:00:00") for label in labels]
    months = _whole_months(dates)
    if months:
        dt = {"months": months, "years": months / 12}.get(unit)
        words = {1: "monthly", 3: "quarterly", 12: "yearly"}.get(months, f"every {months} months")
    else:
        fault = _missing_months(dates, labels) or _uneven(seconds, labels, 0.0)
        if fault is not None:
            return None, fault
        dt, words = None, "even steps"
    if dt is None:
        dt = float(seconds[-1] / (dates.size - 1) / DATE_UNITS[unit])
    return TimeAxis(dates, float(dt), unit, words), None


def _whole_months(dates: NDArray[Any]) -> int:
    """Return the step in months, if the dates are the same day of every k-th month; else 0."""
    if dates.size < 2:
        return 0
    steps = np.diff(dates.astype("datetime64[M]").astype(np.int64))
    if steps[0] < 1 or (steps != steps[0]).any():
        return 0
    return int(steps[0]) if _in_same_place(dates) else 0


def _in_same_place(dates: NDArray[Any]) -> bool:
    """Return whether all dates are the same day of their month, or all its last."""
    months = dates.astype("datetime64[M]")
    within = dates - months.astype(dates.dtype)
    # The last day of each month is as even as the first; any later day than the 28th may be cut.
    end = ((months + np.timedelta64(1, "M")).astype(dates.dtype) - dates) <= np.timedelta64(1, "D")
    return bool((within == within[0]).all() or end.all())


def _missing_months(dates: NDArray[Any], labels: list[str]) -> Fault | None:
    """Return which months are missing from dates that are monthly but for gaps; None if not so.

    Their steps in days differ from month to month, and would hide where the gap is.
    """
    if dates.size < 3 or not _in_same_place(dates):
        return None
    months = dates.astype("datetime64[M]")
    steps = np.diff(months.astype(np.int64)).astype(np.int64)
    usual = int(np.percentile(steps, 50, method="lower"))
    gaps = np.flatnonzero(steps != usual)
    if usual < 1 or not gaps.size or (steps[gaps] % usual).any() or (steps < 1).any():
        return None
    missing = [month for gap in gaps for month in range(usual, int(steps[gap]), usual)]
    row, more = int(gaps[0]) + 1, len(missing)
    first = [
        str(months[row - 1] + np.timedelta64(month, "M"))
        for month in range(usual, int(steps[row - 1]), usual)
    ]
    named = ", ".join(first[:_NAMED_MONTHS]) + (" ..." if len(first) > _NAMED_MONTHS else "")
    total = f" ({more} in all)" if more > len(first) else ""
    return Fault(
        f"must be evenly spaced, got a gap from {labels[row - 1]} to {labels[row]}: "
        f"{named} {'is' if more == 1 else 'are'} missing{total}",
        (gaps + 1).tolist(),
        _EVEN,
    )


def _uneven(times: Array, labels: list[str], rounding: float) -> Fault | None:
    if times.size < 2:
        return Fault("must hold at least two times")
    steps = np.diff(times)
    back = np.flatnonzero(steps <= 0)
    if back.size:
        row = int(back[0]) + 1
        how = "repeats" if steps[row - 1] == 0 else "does not increase:"
        after = "" if steps[row - 1] == 0 else f" comes after {labels[row - 1]}"
        return Fault(
            f"{how} {labels[row]}{after}",
            (back + 1).tolist(),
            "Times must increase. Sort the rows, and keep one for each time.",
        )
    usual = float(np.percentile(steps, 50, method="lower"))
    slack = max(_JITTER * usual, rounding if rounding < _COARSEST * usual else 0.0)
    odd = np.flatnonzero(np.abs(steps - usual) > slack)
    if not odd.size:
        return None
    row = int(odd[0]) + 1
    return Fault(
        f"must be evenly spaced, got a step from {labels[row - 1]} to {labels[row]}, "
        f"{steps[row - 1] / usual:.3g} times the usual one",
        (odd + 1).tolist(),
        _EVEN,
    )


def _rounding(column: Any) -> float:
    """Return by how much steps may differ because the times were rounded when written."""
    if not isinstance(column, list):
        return 0.0
    digits = max(len(text.strip().replace(",", ".").partition(".")[2]) for text in column)
    return _ROUNDING * 10.0**-digits if digits else 0.0
