"""Times: are they evenly spaced, by which step, and in which unit.

One judge for the columns of files and for the indexes of pandas and xarray.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Seconds in a unit of time; a year of the Gregorian calendar is 365.2425 days on average.
_DAY = 86400.0
_BUSINESS_DAY = 7 / 5 * _DAY
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

# Seconds in the units of time that periods may have.
SECONDS = {"microseconds": 1e-6, "milliseconds": 1e-3, **UNITS}
_SHORT_UNITS = {
    "us": "microseconds", "µs": "microseconds", "ms": "milliseconds", "s": "seconds",
    "sec": "seconds", "secs": "seconds", "min": "minutes", "mins": "minutes", "h": "hours",
    "hr": "hours", "hrs": "hours", "d": "days", "wk": "weeks", "mo": "months", "y": "years",
    "yr": "years", "yrs": "years",
}  # fmt: skip

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

# A given step is that of dates if it differs by no more than this part: a month may be meant as
# 30 days, a business day as 1/250 year.
_SLACK = 0.05

_MONTHLY = {1.0: "monthly", 3.0: "quarterly", 12.0: "yearly"}
EVEN, BUSINESS = "even steps", "business days"


# Names of columns and indexes that hold ages, before the present.
_AGES = re.compile(r"(?i:\b(age|ages|b\.?p\.?|b2k|kyr|myr)\b)|\b(ka|Ma|Ga)\b")

# Clocks are set back by so much, where records of steps up to it repeat times.
_HOUR = np.timedelta64(1, "h")


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
    spacing: str = EVEN

    def unit_of(self, dt: float) -> str:
        """Return the unit in which a given number is the step; "" if there is none."""
        seconds = self.dt * UNITS.get(self.unit, math.nan)
        if self.times.dtype.kind == "M":
            seconds = float(_seconds(self.times[-1] - self.times[0])) / (self.times.size - 1)
        units = {self.unit: self.dt, **{unit: seconds / UNITS[unit] for unit in UNITS}}
        return next((u for u, step in units.items() if math.isclose(dt, step, rel_tol=_SLACK)), "")


def as_time_axis(times: Array, unit: str | None = None) -> TimeAxis:
    """Return numbers or dates of shape (n,) with their step, or raise RowsError.

    Even are also the steps of a calendar: months, quarters, years and business days. The unit is
    a label for numbers. For dates it is one of `UNITS`, by default that of their steps: seconds,
    days, business days, or years for whole months.
    """
    if times.dtype.kind != "M":
        _check_times(times)
        steps = np.diff(times)
        _check_steps(times, steps, max(_JITTER * usual_step(steps), _rounding(times)))
        return TimeAxis(times, float((times[-1] - times[0]) / (times.size - 1)), unit or "")
    if unit is not None and unit not in UNITS:
        raise RowsError(f"holds dates, whose unit must be one of {', '.join(UNITS)}, got {unit!r}")
    if np.datetime_data(times.dtype)[0] != "ns":
        times = times.astype("datetime64[us]")  # a month has no length: it begins where it begins
    _check_times(times)
    return _date_axis(times, unit)


def places_of(times: Array) -> tuple[NDArray[np.intp], float, str]:
    """Return the place of each time on the even grid that they belong to, gaps or not.

    Also the step of the grid, in months, business days, seconds or the unit of the numbers, and the
    steps in words. Times between those of the grid are a RowsError.
    """
    _check_times(times)
    dates = times.dtype.kind == "M"
    words, steps = calendar_of(times) if dates else (EVEN, np.diff(times))
    usual = usual_step(steps)
    slack = _JITTER * usual
    if not dates:
        slack = max(slack, _rounding(times))
        # Rounded steps of a twelfth are 0.08 or 0.09.
        usual = float(steps[np.abs(steps - usual) <= slack].mean())
    whole = np.maximum(np.round(steps / usual), 1)
    if (np.abs(steps - whole * usual) > slack).any():
        _check_steps(times, steps, slack)
    return np.append(0, np.cumsum(whole)).astype(np.intp), usual, words


def unit_of_steps(times: Array) -> str | None:
    """Return the unit in which the steps of even dates are counted; None for numbers."""
    if times.dtype.kind != "M":
        return None
    words, steps = calendar_of(times)
    usual = usual_step(steps)
    if words == BUSINESS:
        return "days"
    if words != EVEN:
        return "months" if usual % 12 else "years"
    if usual % UNITS["weeks"] == 0:
        return "weeks"
    return next((unit for unit in ("days", "hours", "minutes") if usual >= UNITS[unit]), "seconds")


def unit_of_time(unit: str) -> str:
    """Return the full name of a unit of time, "" for any other."""
    name = unit.strip().lower()
    name = _SHORT_UNITS.get(name, name)
    return next((known for known in SECONDS if name in (known, known[:-1])), "")


def unit_factor(unit: str, wanted: Any, name: str) -> float:
    """Return by which number times are multiplied to be in the wanted unit.

    It is 1 where one of the units is "" or both are no units of time: the wanted one is a label
    then. ValueError, which names the argument, where only one of them is a unit of time, and
    TypeError where the wanted one is no text.
    """
    if wanted is not None and not isinstance(wanted, str):
        raise TypeError(f"`{name}` must be a string, such as 'days', got {wanted!r}.")
    if not unit or not wanted or unit == wanted:
        return 1.0
    lengths = {**SECONDS, BUSINESS: _BUSINESS_DAY}
    own, other = (unit_of_time(each) or each.strip().lower() for each in (unit, wanted))
    if own in lengths and other not in lengths:
        raise ValueError(
            f"`{name}` must be a unit of time, as the result is in {unit}: one of "
            f"{', '.join(SECONDS)}, got {wanted!r}."
        )
    if other in lengths and own not in lengths:
        raise ValueError(
            f"`{name}` must be {unit!r}, the unit of the result, which is none of time and cannot "
            f"be converted, got {wanted!r}. Leave it out."
        )
    return lengths[own] / lengths[other] if own in lengths else 1.0


def label_of(time: Any) -> str:
    """Return a time as text, a date without the midnight."""
    if isinstance(time, np.datetime64):
        return str(np.datetime_as_string(time, unit="auto")).replace("T", " ")
    return f"{time:.10g}"


def are_ages(name: Any, times: Array) -> bool:
    """Return whether numbers of some name look like ages, in which time runs backwards."""
    is_number = times.dtype.kind in "iuf"
    return is_number and bool(_AGES.search(str(name).replace("_", " ")) and times.max() > 0)


def is_clock_set_back(dates: Array) -> bool:
    """Return whether dates repeat an hour at most, as where clocks are set back."""
    if dates.dtype.kind != "M":
        return False
    steps = np.diff(dates)
    back = -steps[steps <= np.timedelta64(0, "us")]
    on = steps[steps > np.timedelta64(0, "us")]
    return bool(back.size and on.size and back.max() <= _HOUR and np.median(on) <= _HOUR)


def _date_axis(dates: Array, unit: str | None) -> TimeAxis:
    words, steps = calendar_of(dates)
    usual = usual_step(steps)
    if words == EVEN:
        _check_steps(dates, steps, _JITTER * usual)
    else:
        _check_steps(dates, steps, 0.0, "" if words == BUSINESS else _missing(dates, steps, usual))
    seconds = float(_seconds(dates[-1] - dates[0])) / (dates.size - 1)
    if words == EVEN:
        unit = unit or ("days" if usual >= UNITS["minutes"] else "seconds")
    elif words != BUSINESS:
        unit = unit or "years"
        seconds = usual * _MONTH if unit in ("months", "years") else seconds
    elif unit is None:
        return TimeAxis(dates, 1.0, BUSINESS, words)
    else:
        seconds = _BUSINESS_DAY
    return TimeAxis(dates, seconds / UNITS[unit], unit, words)


def calendar_of(dates: Array) -> tuple[str, Array]:
    """Return the usual step in words, and all steps in months, in business days or in seconds."""
    steps = _seconds(np.diff(dates))
    usual = usual_step(steps)
    even = bool((np.abs(steps - usual) <= _JITTER * usual).all())
    months = _whole_months(dates, steps, even)
    if months is not None:
        usual = usual_step(months)
        return _MONTHLY.get(usual, f"every {usual:.0f} months"), months
    days = dates.astype("datetime64[D]")
    business = np.busday_count(days[:-1], days[1:])
    if not even and np.is_busday(days).all() and usual_step(business) == business.min() == 1:
        return BUSINESS, business
    return EVEN, steps


def _check_times(times: Array) -> None:
    """Raise RowsError unless there are two times or more, all known and in order."""
    if times.size < 2:
        raise RowsError("must hold at least two times")
    missing = np.flatnonzero(np.isnan(times))
    if missing.size:
        raise RowsError(f"has a missing {'date' if times.dtype.kind == 'M' else 'time'}", missing)
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
    usual = usual_step(steps)
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


def usual_step(steps: Array) -> float:
    """Return the median step, of two the smaller one: a gap is not usual."""
    middle = (steps.size - 1) // 2
    return float(np.partition(steps, middle)[middle])


def _rounding(times: Array) -> float:
    """Return by how much steps may differ because times such as 1958.08 were rounded."""
    for digits in range(1, _MOST_DIGITS + 1):
        if (times % 1).any() and (np.round(times, digits) == times).all():
            slack = _ROUNDING * 10.0**-digits
            return slack if slack < _COARSEST * usual_step(np.diff(times)) else 0.0
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
