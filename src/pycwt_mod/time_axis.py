"""Times: are they evenly spaced, by which step, and in which unit.

One judge for the columns of files, for pandas Series in Python and for the DataFrames of
`wct_matrix`. Libraries of tables are known by what their objects can do; none is imported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "RowsError",
    "TimeAxis",
    "as_time_axis",
    "index_axis",
    "label_of",
    "same_index",
    "sampling_of",
]

Array = NDArray[Any]

# Seconds in a unit of time; a year of the Gregorian calendar is 365.2425 days on average.
_DAY = 86400.0
_MONTH = 365.2425 * _DAY / 12
UNITS = {
    "seconds": 1.0,
    "minutes": 60.0,
    "hours": 3600.0,
    "days": _DAY,
    "weeks": 7 * _DAY,
    "months": _MONTH,
    "years": 12 * _MONTH,
}

# Steps may differ from the usual one by this part of it, as times are rounded when written ...
_JITTER = 0.01
# ... or by this many units of their last digit, if that is well below the step: the difference of
# two rounded times is off by one unit, and half a unit is for the usual step.
_ROUNDING, _COARSEST = 1.5, 0.3
# Times with more digits than this are not rounded.
_MOST_DIGITS = 6
# Steps of the calendar differ from whole average months by at most this part of a month: February
# has 28 days, and the middle of a month may be its 15th or 16th.
_CALENDAR_JITTER = 0.15
# A message names this many of the missing months.
_NAMED_MONTHS = 6

# A given step is that of the dates if it differs by no more than this part: months as 1/12 year,
# or 30 days, are meant so.
_SLACK = 0.02

# Names of series without names.
UNNAMED = ("x", "y")

_MONTHLY = {1.0: "monthly", 3.0: "quarterly", 12.0: "yearly"}
_EVEN, _BUSINESS = "even steps", "business days"
# pandas' names of the steps by which gaps are filled.
_FREQUENCIES = {
    "monthly": "MS",
    "quarterly": "QS",
    "yearly": "YS",
    _BUSINESS: "B",
    "hourly": "h",
    "daily": "D",
}


class RowsError(ValueError):
    """A fault of a column: the rest of a sentence, the rows at fault, and a remedy."""

    def __init__(self, reason: str, rows: Any = (), remedy: str = "") -> None:
        super().__init__(reason)
        self.reason, self.rows, self.remedy = reason, [int(row) for row in rows], remedy


@dataclass(frozen=True, eq=False)
class TimeAxis:
    """Evenly spaced times.

    Attributes
    ----------
    times : numpy.ndarray
        Numbers, or dates as datetime64, shape (n,).
    dt : float
        Sampling interval, in `unit`.
    unit : str
        Unit of time; "" if it is not known.
    spacing : str
        The steps in words: "even steps", "monthly", "business days" ...
    """

    times: Array
    dt: float
    unit: str
    spacing: str = _EVEN

    def unit_of(self, dt: float) -> str:
        """Return the unit in which a given number is the step; "" if there is none."""
        seconds = self.dt * UNITS.get(self.unit, math.nan)
        units = {self.unit: self.dt, **{unit: seconds / UNITS[unit] for unit in UNITS}}
        return next((u for u, step in units.items() if math.isclose(dt, step, rel_tol=_SLACK)), "")


def as_time_axis(times: Array, unit: str | None = None) -> TimeAxis:
    """Return numbers or dates of shape (n,) with their step, or raise RowsError.

    Even are also the steps of a calendar: months, quarters, years and business days. The unit is
    a label for numbers. For dates it is one of `UNITS`, by default that of their steps: seconds,
    days, business days, or years for whole months.
    """
    if times.size < 2:
        raise RowsError("must hold at least two times")
    if times.dtype.kind != "M":
        _check_order(times)
        _check_steps(times, np.diff(times), max(_JITTER * _usual(np.diff(times)), _rounding(times)))
        return TimeAxis(times, float((times[-1] - times[0]) / (times.size - 1)), unit or "")
    if unit is not None and unit not in UNITS:
        raise RowsError(f"holds dates, whose unit must be one of {', '.join(UNITS)}, got {unit!r}")
    if np.datetime_data(times.dtype)[0] != "ns":
        times = times.astype("datetime64[us]")  # a month has no length: it begins where it begins
    if np.isnat(times).any():
        raise RowsError("has a missing date", np.flatnonzero(np.isnat(times)))
    _check_order(times)
    return _date_axis(times, unit)


def index_axis(series: Any, name: str) -> TimeAxis | None:
    """Return the time axis of a pandas object, None if it has no index of dates.

    Dates that are missing, not in order or with gaps are a ValueError with the remedy.
    """
    index = _index_of(series)
    if hasattr(index, "to_timestamp"):  # periods, such as the months themselves
        with suppress(ValueError):  # before the first date that pandas knows
            index = index.to_timestamp()
    if not hasattr(index, "tz_localize") or len(index) < 2:
        return None
    try:
        return _judge_index(index)
    except RowsError as error:
        remedy = _way_to_even_times(index, name)
        raise ValueError(f"`{name}` {error.reason}. {remedy}") from error


def same_index(first: Any, second: Any, names: tuple[str, str]) -> None:
    """Raise ValueError if pandas Series have different indexes, or dates with gaps.

    Anything else passes, as there is nothing to compare.
    """
    indexes = [_index_of(series) for series in (first, second)]
    if all(index is not None for index in indexes) and not _same_labels(*indexes):
        one, two = names
        raise ValueError(
            f"`{one}` and `{two}` must have the same index, got {_span(indexes[0])} and "
            f"{_span(indexes[1])}. Keep what they share: "
            f'`{one}, {two} = {one}.align({two}, join="inner")`.'
        )
    for series, name in zip((first, second), names, strict=True):
        index_axis(series, name)


def sampling_of(series: Mapping[str, Any], dt: float | None) -> dict[str, Any]:
    """Return dt, unit, times and names of one or two series, by the names of the arguments.

    The times and the unit are left out where no index tells them. Without `dt` an index must tell
    it, and its faults are errors; with it they are for a warning, which is not given here.
    """
    facts: dict[str, Any] = {"names": tuple(map(_name_of, series.values(), UNNAMED))}
    axes: list[TimeAxis] = []
    for name, each in series.items():
        try:
            axis = index_axis(each, name)
        except ValueError:
            if dt is None:
                raise
        else:
            axes += [axis] if axis else []
    if dt is not None:
        facts["dt"] = dt
    elif axes:
        facts["dt"] = axes[0].dt
        if len(series) == 2:
            (one, first), (two, second) = series.items()
            same_index(first, second, (one, two))
    else:
        raise TypeError(
            "`dt` must be a real number, got None: only where a series has an index of dates may "
            "the sampling interval be left out. Pass for example dt=1.0."
        )
    if axes and all(np.array_equal(axis.times, axes[0].times) for axis in axes):
        facts |= {"times": axes[0].times, "unit": axes[0].unit_of(facts["dt"])}
    return facts


def label_of(time: Any) -> str:
    """Return a time as text, a date without the midnight."""
    if isinstance(time, np.datetime64):
        return str(np.datetime_as_string(time, unit="auto")).replace("T", " ")
    return f"{time:.10g}"


# --- steps ---


def _date_axis(dates: Array, unit: str | None) -> TimeAxis:
    words, steps = _calendar_of(dates)
    usual = _usual(steps)
    if words == _EVEN:
        _check_steps(dates, steps, _JITTER * usual)
    else:
        _check_steps(dates, steps, 0.0, "" if words == _BUSINESS else _missing(dates, steps, usual))
    seconds = float(_seconds(dates[-1] - dates[0])) / (dates.size - 1)
    if words == _EVEN:
        unit = unit or ("days" if usual >= UNITS["minutes"] else "seconds")
    elif words != _BUSINESS:
        unit = unit or "years"
        seconds = usual * _MONTH if unit in ("months", "years") else seconds
    elif unit is None:
        return TimeAxis(dates, 1.0, _BUSINESS, words)
    else:
        seconds = 7 / 5 * _DAY
    return TimeAxis(dates, seconds / UNITS[unit], unit, words)


def _calendar_of(dates: Array) -> tuple[str, Array]:
    """Return the usual step in words, and all steps in months, in business days or in seconds."""
    steps = _seconds(np.diff(dates))
    usual = _usual(steps)
    even = bool((np.abs(steps - usual) <= _JITTER * usual).all())
    months = _whole_months(dates, steps, even)
    if months is not None:
        usual = _usual(months)
        return _MONTHLY.get(usual, f"every {usual:.0f} months"), months
    days = dates.astype("datetime64[D]")
    business = np.busday_count(days[:-1], days[1:])
    if not even and np.is_busday(days).all() and _usual(business) == business.min() == 1:
        return _BUSINESS, business
    return _EVEN, steps


def _check_order(times: Array) -> None:
    back = np.flatnonzero(times[1:] <= times[:-1]) + 1
    if back.size:
        before, after = (label_of(time) for time in times[back[0] - 1 : back[0] + 1])
        raise RowsError(
            f"must have each time once, got {after} twice"
            if times[back[0]] == times[back[0] - 1]
            else f"must be in the order of time, got {after} after {before}",
            back,
            "Sort the rows, and keep one for each time.",
        )


def _check_steps(times: Array, steps: Array, slack: float, missing: str = "") -> None:
    usual = _usual(steps)
    odd = np.flatnonzero(np.abs(steps - usual) > slack)
    if odd.size:
        before, after = (label_of(time) for time in times[odd[0] : odd[0] + 2])
        raise RowsError(
            f"must be evenly spaced, got a step from {before} to {after}, "
            f"{steps[odd[0]] / usual:.3g} times the usual one{missing}",
            odd + 1,
            "Fill the gap, or interpolate the series to even steps.",
        )


def _seconds(span: Any) -> Any:
    return span / np.timedelta64(1, "us") / 1e6


def _usual(steps: Array) -> float:
    """Return the median step, of two the smaller one: a gap is not usual."""
    middle = (steps.size - 1) // 2
    return float(np.partition(steps, middle)[middle])


def _rounding(times: Array) -> float:
    """Return by how much steps may differ because times such as 1958.08 were rounded."""
    for digits in range(1, _MOST_DIGITS + 1):
        if (times % 1).any() and (np.round(times, digits) == times).all():
            slack = _ROUNDING * 10.0**-digits
            return slack if slack < _COARSEST * _usual(np.diff(times)) else 0.0
    return 0.0


def _whole_months(dates: Array, steps: Array, even: bool) -> Array | None:
    """Return the steps in months, if each is near a whole number of them; else None."""
    months = np.diff(dates.astype("datetime64[M]").astype(np.int64))
    near = np.abs(steps - months * _MONTH) <= _CALENDAR_JITTER * _MONTH
    days = dates - dates.astype("datetime64[M]").astype(dates.dtype)
    # Even steps of 28 days may pass for February's.
    if not near.all() or months.min() < 1 or (even and (days != days[0]).any()):
        return None
    return months


def _missing(dates: Array, months: Array, usual: float) -> str:
    """Return the months that the gaps lack, in words."""
    missing = [
        str(begin + np.timedelta64(month, "M"))
        for begin, length in zip(dates.astype("datetime64[M]"), months, strict=False)
        for month in range(int(usual), length, int(usual))
    ]
    if not missing:
        return ""
    more = " ..." if len(missing) > _NAMED_MONTHS else ""
    verb = "is" if len(missing) == 1 else "are"
    return f": {', '.join(missing[:_NAMED_MONTHS])}{more} {verb} missing"


# --- pandas ---


def _name_of(series: Any, otherwise: str) -> str:
    name = getattr(series, "name", None)
    return otherwise if name is None or not str(name) else str(name)


def _index_of(series: Any) -> Any:
    """Return the index of a pandas object, and None for anything else."""
    index = getattr(series, "index", None)
    return index if hasattr(series, "to_numpy") and hasattr(index, "equals") else None


def _judge_index(index: Any) -> TimeAxis:
    local = index.tz_localize(None).to_numpy()
    if index.tz is not None:
        # Hours are even across changes of the clock, and days are by the clock.
        with suppress(RowsError):
            return as_time_axis(index.tz_convert(None).to_numpy())
    try:
        return as_time_axis(local)
    except RowsError:
        # The user named the calendar, such as one of trading days.
        if index.freq is None or not index[0] < index[-1]:
            raise
        return TimeAxis(local, 1.0, f"steps of {index.freqstr}", index.freqstr)


def _way_to_even_times(index: Any, name: str) -> str:
    if index.hasnans:
        return f"Leave out what has no date: `{name}[{name}.index.notna()]`."
    if not index.is_monotonic_increasing:
        return f"Sort it: `{name}.sort_index()`."
    if not index.is_unique:
        return f"Keep one value for each time: `{name}.groupby(level=0).mean()`."
    words, steps = _calendar_of(index.tz_localize(None).to_numpy())
    if words not in _FREQUENCIES:
        words = "hourly" if _usual(steps) == UNITS["hours"] else "daily"
    return (
        f'Fill the gaps, for example by `{name}.resample("{_FREQUENCIES[words]}").mean()'
        f".interpolate()` for {words} values; or pass `{name}.to_numpy()` to have the samples "
        "taken as evenly spaced."
    )


def _same_labels(first: Any, second: Any) -> bool:
    """Return whether two indexes hold the same labels, in whichever unit of time."""
    return bool(first.equals(second)) or bool(np.array_equal(first.to_numpy(), second.to_numpy()))


def _span(index: Any) -> str:
    if not len(index):
        return "no labels"
    first, last = (str(index[k]).removesuffix(" 00:00:00") for k in (0, -1))
    return f"{first} to {last} ({len(index)} label{'s' if len(index) != 1 else ''})"
