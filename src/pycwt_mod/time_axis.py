"""Times: are they evenly spaced, by which step, and in which unit.

One judge for the columns of files, for pandas Series in Python and for the DataFrames of
`wct_matrix`. Libraries of tables are known by what their objects can do; none is imported.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RowsError", "TimeAxis", "as_time_axis", "index_axis", "label_of", "same_index"]

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

_MONTHLY = {1: "monthly", 3: "quarterly", 12: "yearly"}
_BUSINESS = "business days"
# pandas' names of steps, by which gaps are filled.
_FREQUENCIES = {"monthly": "MS", "quarterly": "QS", "yearly": "YS", _BUSINESS: "B", "hourly": "h"}


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
    spacing: str = "even steps"


def as_time_axis(times: Array, unit: str | None = None) -> TimeAxis:
    """Return times with their step.

    Parameters
    ----------
    times : numpy.ndarray
        Numbers or datetime64, shape (n,). Even are also the steps of a calendar: months, quarters,
        years and business days.
    unit : str, optional
        Unit of the step. For numbers a label. For dates one of `UNITS`; by default that of their
        steps: seconds, days, business days, or years for whole months.

    Raises
    ------
    RowsError
        If times are missing, do not increase, or are unevenly spaced.
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
    """Return the time axis of a pandas object, None if its index has no dates.

    Parameters
    ----------
    series : object
        As the user passed it in; all but pandas Series and DataFrames have no index.
    name : str
        The argument's name, for the message.

    Raises
    ------
    ValueError
        If the dates are missing, not in order, or have gaps; the message has the remedy.
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

    Parameters
    ----------
    first, second : object
        Two series as the user passed them in.
    names : (str, str)
        Their names, for the message.
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


def label_of(time: Any) -> str:
    """Return a time as text, a date without the midnight.

    Examples
    --------
    >>> import numpy as np
    >>> label_of(np.datetime64("2020-01-31T00:00")), label_of(1958.0)
    ('2020-01-31', '1958')
    """
    if isinstance(time, np.datetime64):
        return str(np.datetime_as_string(time, unit="auto")).replace("T", " ")
    return f"{time:.10g}"


# --- steps ---


def _date_axis(dates: Array, unit: str | None) -> TimeAxis:
    steps = np.diff(dates) / np.timedelta64(1, "us") / 1e6
    usual = _usual(steps)
    even = bool((np.abs(steps - usual) <= _JITTER * usual).all())
    months, exact = _whole_months(dates, steps, even), None
    if months is not None:
        step = int(_usual(months))
        _check_steps(dates, months, 0.0, _missing_months(dates, months, step))
        words, natural = _MONTHLY.get(step, f"every {step} months"), "years"
        exact = {"months": float(step), "years": step / 12}.get(unit or natural)
    elif not even and _are_business_days(dates):
        _check_steps(dates, _business_days(dates), 0.0)
        words, natural = _BUSINESS, _BUSINESS
        exact = 1.0 if unit is None else 7 / 5 * _DAY / UNITS[unit]
    else:
        _check_steps(dates, steps, _JITTER * usual)
        words, natural = "even steps", "days" if usual >= UNITS["minutes"] else "seconds"
    if exact is None:
        seconds = float((dates[-1] - dates[0]) / np.timedelta64(1, "us") / 1e6)
        exact = seconds / (dates.size - 1) / UNITS[unit or natural]
    return TimeAxis(dates, exact, unit or natural, words)


def _check_order(times: Array) -> None:
    steps = np.diff(times)
    zero = steps.dtype.type(0)
    back = np.flatnonzero(steps <= zero) + 1
    if back.size:
        before, after = (label_of(time) for time in times[back[0] - 1 : back[0] + 1])
        raise RowsError(
            f"must have each time once, got {after} twice"
            if steps[back[0] - 1] == zero
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


def _missing_months(dates: Array, months: Array, usual: int) -> str:
    """Return the months that the first gap lacks, and the number of all that are missing."""
    gaps = np.flatnonzero(months > usual)
    if not gaps.size:
        return ""
    begin = dates[gaps[0]].astype("datetime64[M]")
    first = [
        str(begin + month)
        for month in np.arange(usual, months[gaps[0]], usual).astype("timedelta64[M]")
    ]
    named = ", ".join(first[:_NAMED_MONTHS]) + (" ..." if len(first) > _NAMED_MONTHS else "")
    total = int(np.ceil(months[gaps] / usual - 1).sum())
    more = f" ({total} in all)" if total > len(first) else ""
    return f": {named} {'is' if total == 1 else 'are'} missing{more}"


def _business_days(dates: Array) -> Array:
    days = dates.astype("datetime64[D]")
    return np.busday_count(days[:-1], days[1:])


def _are_business_days(dates: Array) -> bool:
    steps = _business_days(dates)
    weekdays = bool(np.is_busday(dates.astype("datetime64[D]")).all())
    return weekdays and _usual(steps) == 1 and steps.min() == 1


# --- pandas ---


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
    words = _usual_frequency(index.tz_localize(None).to_numpy())
    return (
        f'Fill the gaps, for example by `{name}.resample("{_FREQUENCIES.get(words, "D")}").mean()'
        f".interpolate()` for {words} values; or pass `{name}.to_numpy()` to have the samples "
        "taken as evenly spaced."
    )


def _usual_frequency(dates: Array) -> str:
    """Return a word for the usual step of dates with gaps."""
    step = _usual(np.diff(dates) / np.timedelta64(1, "s"))
    if step == 3600:
        return "hourly"
    months = round(step / _MONTH)
    near = months > 0 and abs(step - months * _MONTH) <= _CALENDAR_JITTER * _MONTH
    if near and months in _MONTHLY:
        return _MONTHLY[months]
    return _BUSINESS if _are_business_days(dates) else "daily"


def _same_labels(first: Any, second: Any) -> bool:
    """Return whether two indexes hold the same labels, in whichever unit of time."""
    return bool(first.equals(second)) or bool(np.array_equal(first.to_numpy(), second.to_numpy()))


def _span(index: Any) -> str:
    if not len(index):
        return "no labels"
    first, last = (str(index[k]).removesuffix(" 00:00:00") for k in (0, -1))
    return f"{first} to {last} ({len(index)} label{'s' if len(index) != 1 else ''})"
