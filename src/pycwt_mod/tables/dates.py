"""From the cells of a column to times: numbers, or dates of any usual form."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..time_axis import RowsError, as_time_axis
from .fields import as_numbers, as_texts, kind_of

Array = NDArray[Any]

# Whole numbers in these ranges that are dates of the calendar, how they are written and read.
_COMPACT: tuple[tuple[str, int, int, Callable[[str], datetime]], ...] = (
    ("YYYYMMDD", 1600_01_01, 2399_12_31, datetime.fromisoformat),
    ("YYYYMM", 1600_01, 2399_12, lambda text: datetime.fromisoformat(f"{text}01")),
    ("YYYYDDD", 1600_001, 2399_366, lambda text: datetime.strptime(text, "%Y%j")),
    ("YYYYMMDDhh", 1600_01_01_00, 2399_12_31_23, lambda text: _with_clock(text)),
    ("YYYYMMDDhhmm", 1600_01_01_00_00, 2399_12_31_23_59, lambda text: _with_clock(text)),
)

_CLOCK = r"(?:[T ,]+(?P<clock>\d.*))?"
_ISO = re.compile(r"\d{4}-\d\d(-\d\d)?([T ].*)?")
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})([/.])(?P<a>\d{1,2})\2(?P<b>\d{1,2})" + _CLOCK)
_YEAR_LAST = re.compile(r"(?P<a>\d{1,2})(?P<sign>[/.-])(?P<b>\d{1,2})\2(?P<year>\d{4})" + _CLOCK)
_MONTH_YEAR = re.compile(r"\d{1,2}([/-])\d{4}")
_TWELVE_HOURS = re.compile(r"(\d{1,2})(:\d\d.*?) ?([AaPp])\.?[Mm]\.?")

# How the parts of a date before the year may be read, and as --date-format.
_DAY_FIRST, _MONTH_FIRST = "day/month/year", "month/day/year"
_YEAR_BEFORE = "year/month/day"
_FORMATS = {_DAY_FIRST: "%d/%m/%Y", _MONTH_FIRST: "%m/%d/%Y"}

# Forms of dates that are not read without being told, of which a message proposes one.
_SHORT = ("%d{0}%m{0}%y", "%m{0}%d{0}%y", "%y{0}%m{0}%d", "%m{0}%y")
_NAMED = (
    *("%d{0}%b{0}%Y", "%d{0}%b{0}%y", "%b{0}%Y", "%b{0}%y", "%Y{0}%b"),
    *("%d{0}%B{0}%Y", "%B{0}%Y", "%Y{0}%j"),
)
_TOLD_FORMS = (
    *(form.format(sign) for form in _SHORT for sign in "/.- "),
    *(form.format(sign) for form in _NAMED for sign in ("-", " ", "/", "")),
    *("%b %d %Y", "%b %d, %Y", "%B %d, %Y", "%d. %B %Y"),
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S")

# Texts of dates by the number of columns that hold their parts.
_PARTS = {
    2: "{:04d}-{:02d}",
    3: "{:04d}-{:02d}-{:02d}",
    4: "{:04d}-{:02d}-{:02d} {:02d}:00",
    5: "{:04d}-{:02d}-{:02d} {:02d}:{:02d}",
}

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_WAYS = (
    "Write times as numbers, or as dates such as 2020-01-31 or 2020-01-31T12:00; other dates are "
    "told by --date-format, such as '%d %b %y'."
)


def as_times(
    column: Array, missing: tuple[str, ...] = (), form: str | None = None
) -> tuple[Array, str]:
    """Return a column as numbers or, if its first cell is a date, as dates; or raise RowsError.

    Also how dates were read that are not in ISO 8601, such as "day.month.year", else "". `form` is
    that of the dates, as `datetime.strptime` takes it.
    """
    if column.dtype.kind == "M":
        return column, ""
    if form is not None:
        texts = enumerate(as_texts(column))
        return _dates([_by_format(row, text, form) for row, text in texts]), form
    if column.dtype.kind in "SUO" and column.size and kind_of(as_texts(column[:1])[0]) == "date":
        return _from_texts([text.strip() for text in as_texts(column)])
    try:
        values = as_numbers(column, missing)
    except RowsError as error:
        reason = error.reason.replace("must hold numbers", "must hold numbers or dates")
        form = likely_form(column)
        remedy = f"Pass --date-format {shlex.quote(form)}." if form else _WAYS
        raise RowsError(reason, error.rows[:1], remedy) from error
    return _compact(values)


def likely_form(column: Array) -> str:
    """Return the form in which texts that are not read as dates are ones; "" if there is none."""
    if column.dtype.kind not in "SUO" or not column.size:
        return ""
    texts = [text.strip() for text in as_texts(column)]
    readings: dict[str, Array] = {}
    for form in (form + clock for form in _TOLD_FORMS for clock in _CLOCKS):
        with suppress(ValueError):
            datetime.strptime(texts[0], form)
            readings[form] = _dates([datetime.strptime(text, form) for text in texts])
    for fits in (_is_even, _is_ordered):
        found = [form for form, dates in readings.items() if fits(dates)]
        if found:
            return found[0]
    return next(iter(readings), "")


def date_and_clock(parts: Sequence[Array]) -> Array | None:
    """Return a column of dates and one of times of day as the texts of dates, None for others."""
    if len(parts) != 2 or not parts[0].size or kind_of(as_texts(parts[0][:1])[0]) != "date":
        return None
    pairs = zip(*map(as_texts, parts), strict=True)
    return np.array([f"{date.strip()} {clock.strip()}" for date, clock in pairs], dtype=object)


def part_of_date(column: Array, place: int) -> NDArray[np.float64]:
    """Return a column of years, months, days, hours or minutes, by its place among these."""
    if place == 1 and column.dtype.kind in "SUO":
        texts = [text.strip()[:3].lower() for text in as_texts(column)]
        if set(texts) <= set(_MONTHS):
            return np.array([_MONTHS.index(text) + 1.0 for text in texts])
    values = as_numbers(column)
    odd = np.flatnonzero(values % 1)
    if odd.size:
        raise RowsError(f"must hold whole numbers, got {values[odd[0]]:g}", odd)
    return values


def joined_parts(parts: Sequence[NDArray[np.float64]]) -> Array:
    """Return years, months, days, hours and minutes, in this order, as the texts of dates."""
    rows = zip(*parts, strict=True)
    return np.array([_PARTS[len(parts)].format(*map(int, row)) for row in rows], dtype=object)


def _from_texts(texts: list[str]) -> tuple[Array, str]:
    """Return the texts of dates as dates, read in the one way that they can be, and that way."""
    if _ISO.fullmatch(texts[0]):
        return _dates([_by_iso(row, text) for row, text in enumerate(texts)]), ""
    month_year = _MONTH_YEAR.fullmatch(texts[0])
    if month_year:
        form = f"%m{month_year[1]}%Y"
        months = [_by_format(row, text, form) for row, text in enumerate(texts)]
        return _dates(months), f"month{month_year[1]}year"
    matches = [_YEAR_FIRST.fullmatch(text) or _YEAR_LAST.fullmatch(text) for text in texts]
    for row, (text, match) in enumerate(zip(texts, matches, strict=True)):
        if match is None:
            raise _no_date(row, text)
    found = [match.groupdict() for match in matches if match is not None]
    if "sign" not in found[0]:
        return _read(found, texts, _YEAR_BEFORE), _YEAR_BEFORE.replace("/", texts[0][4])
    a, b = (np.array([int(parts[part]) for parts in found]) for part in "ab")
    ways = [way for way, month in ((_DAY_FIRST, b), (_MONTH_FIRST, a)) if (month <= 12).all()]
    if not ways:
        row = int(np.flatnonzero(b > 12)[0] if b[0] <= 12 else np.flatnonzero(a > 12)[0])
        raise RowsError(
            f"mixes dates with the day first and with the month first, got {texts[row]!r} after "
            f"{texts[0]!r}",
            [row],
            "Write all dates in one way.",
        )
    sign = found[0]["sign"]
    if len(ways) == 1 or sign == ".":  # with points the day is first
        return _read(found, texts, ways[0]), ways[0].replace("/", sign)
    dates, way = _the_one_in_order({way: _read(found, texts, way) for way in ways}, texts)
    return dates, way.replace("/", sign)


def _the_one_in_order(readings: dict[str, Array], texts: list[str]) -> tuple[Array, str]:
    """Return the reading whose steps are even or, if none are, whose dates are in order."""
    for fits in (_is_even, _is_ordered):
        kept = [(dates, way) for way, dates in readings.items() if fits(dates)]
        if len(kept) == 1:
            return kept[0]
        if kept:
            break
    one, other = readings.values()
    row = int((one != other).argmax())
    told = " or ".join(
        f"{str(dates[row])[:10]} ({way}, --date-format {_FORMATS[way]})"
        for way, dates in readings.items()
    )
    raise RowsError(
        f"must hold dates that can be read in one way, got {texts[row]!r}, which may be {told}",
        [row],
        "Pass --date-format.",
    )


def _is_even(dates: Array) -> bool:
    with suppress(RowsError):
        as_time_axis(dates)
        return True
    return False


def _is_ordered(dates: Array) -> bool:
    steps = np.diff(dates).astype(np.int64)
    return bool((steps > 0).all() or (steps < 0).all())


def _read(found: list[dict[str, Any]], texts: list[str], way: str) -> Array:
    """Return dates by their parts, of which `a` and `b` are the month and the day in some order."""
    month, day = ("b", "a") if way == _DAY_FIRST else ("a", "b")
    dates = []
    for row, (parts, text) in enumerate(zip(found, texts, strict=True)):
        plain = f"{parts['year']}-{int(parts[month]):02d}-{int(parts[day]):02d}"
        plain += f" {parts['clock']}" if parts["clock"] else ""
        dates.append(_by_iso(row, plain, text))
    return _dates(dates)


def _by_iso(row: int, plain: str, text: str = "") -> datetime:
    """Return an ISO 8601 date, also with hours of one digit, "PM" and "UTC"."""
    date, clock = [*re.split("[T ]+", plain, maxsplit=1), ""][:2]
    clock = re.sub(r" ?(UTC|GMT|Z)$", "+00:00", clock)
    half = _TWELVE_HOURS.fullmatch(clock)
    if half:
        clock = f"{int(half[1]) % 12 + 12 * (half[3] in 'pP')}{half[2]}"
    clock = f"0{clock}" if clock[1:2] == ":" else clock
    try:
        return datetime.fromisoformat(f"{date}{'-01' if len(date) == 7 else ''} {clock}".strip())
    except ValueError:
        raise _no_date(row, text or plain) from None


def _by_format(row: int, text: str, form: str) -> datetime:
    try:
        return datetime.strptime(text.strip(), form)
    except ValueError:
        raise RowsError(
            f"must hold dates of the form {form}, got {text.strip()!r}",
            [row],
            "Codes of --date-format are those of Python: docs.python.org/3/library/datetime.html.",
        ) from None


def _no_date(row: int, text: str) -> RowsError:
    reason = f"must hold dates such as 2020-01-31 or 2020-01-31 12:00, got {text!r}"
    return RowsError(reason, [row], "Leave out or mend this row, or pass --date-format.")


def _dates(dates: list[datetime]) -> Array:
    """Return dates as datetime64, in UTC where they have an offset."""
    # At the same time of day under changing offsets, days are by the clock.
    if len({date.utcoffset() for date in dates}) > 1 and len({date.time() for date in dates}) == 1:
        dates = [date.replace(tzinfo=None) for date in dates]
    plain = [date.astimezone(UTC).replace(tzinfo=None) if date.tzinfo else date for date in dates]
    return np.array([date.isoformat() for date in plain], dtype="datetime64[us]")


def _compact(values: NDArray[np.float64]) -> tuple[Array, str]:
    """Return numbers such as 20200131, 202001 or 2020031 as dates, and others as they are."""
    for way, low, high, read in _COMPACT:
        if ((values >= low) & (values <= high) & (values % 1 == 0)).all():
            with suppress(ValueError):
                return _dates([read(f"{value:.0f}") for value in values]), way
    return values, ""


def _with_clock(text: str) -> datetime:
    return datetime.fromisoformat(f"{text[:8]}T{text[8:]}")
