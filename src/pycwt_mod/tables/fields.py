"""From the cells of a column to numbers or times, or to an error that names the rows."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..time_axis import RowsError

__all__ = ["DECIMAL_COMMA", "as_numbers", "as_times", "kind_of", "likely_missing"]

Array = NDArray[Any]

# Texts by which spreadsheets, R, MATLAB, pandas and agencies mean "no value", in lower case.
_MISSING = frozenset(
    {"", "na", "n/a", "#n/a", "nan", "nat", "null", "none", "-", "--", "---", ".", "?", "missing"}
)
# Numbers that agencies write for "no value" where only numbers are allowed.
_SENTINELS = (-999.0, -9999.0, -99999.0, -99.9, -99.99, -999.9, -999.99, 9999.0, 99999.0, 1e20)
# A sentinel lies outside the range of the other values by this many times that range.
_FAR_OUT = 3.0
# Whole numbers in this range that are dates of the calendar are dates written as YYYYMMDD.
_COMPACT_DATES = (1600_01_01, 2399_12_31)

DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?|[+-]?\d+,")
_DATE = re.compile(r"\d{4}-\d\d(-\d\d)?([T ].*)?")
_FORTRAN = re.compile(r"([+-]?\d*\.?\d+)[dD]([+-]?\d+)")

_FILL = "Fill or interpolate the gaps before, or cut the series to a span without them."


def kind_of(text: str) -> str:
    """Return the kind of a cell: "number", "date", "missing" or "text"."""
    plain = text.strip()
    if plain.lower() in _MISSING:
        return "missing"
    if _DATE.fullmatch(plain):
        return "date"
    return "text" if _number(plain) is None else "number"


def as_numbers(column: Array, missing: tuple[str, ...] = ()) -> NDArray[np.float64]:
    """Return a column as float64, or raise RowsError; `missing` are texts besides the usual."""
    also = [number for number in map(_number, missing) if number is not None]
    if column.dtype.kind in "SUO":
        values, gaps = _from_texts(_texts(column), missing)
    elif column.dtype.kind in "iufb":
        values, gaps = column.astype(np.float64), np.isnan(column)
    else:
        what = {"c": "complex numbers", "M": "dates"}.get(column.dtype.kind, str(column.dtype))
        raise RowsError(f"must hold real numbers, got {what}")
    rows = np.flatnonzero(gaps | np.isin(values, also))
    if rows.size:
        count = "a missing value" if rows.size == 1 else f"{rows.size} missing values"
        (cell,) = _texts(column[rows[:1]])
        raise RowsError(
            f"has {count}" + (f" ({cell.strip()!r})" if cell != "nan" else ""), rows, _FILL
        )
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        raise RowsError(f"must hold finite numbers, got {values[infinite[0]]}", infinite)
    return values


def as_times(column: Array, missing: tuple[str, ...] = ()) -> Array:
    """Return a column as numbers or, if its first cell is a date, as dates; or raise RowsError."""
    if column.dtype.kind == "M":
        return column
    if column.dtype.kind in "SUO" and column.size and kind_of(_texts(column[:1])[0]) == "date":
        return _dates(_texts(column))
    try:
        values = as_numbers(column, missing)
    except RowsError as error:
        reason = error.reason.replace("must hold numbers", "must hold numbers or ISO dates")
        remedy = "Write times as numbers, or as dates such as 2020-01-31 or 2020-01-31T12:00."
        raise RowsError(reason, error.rows[:1], remedy) from error
    low, high = _COMPACT_DATES
    if ((values >= low) & (values <= high) & (values % 1 == 0)).all():
        try:
            return _dates([f"{int(value)}" for value in values])
        except RowsError:
            pass
    return values


def likely_missing(values: NDArray[np.float64]) -> float | None:
    """Return a number that seems to stand for missing values, such as -999, or None."""
    for sentinel in _SENTINELS:
        others = values[values != sentinel]
        if others.size == values.size or not others.size:
            continue
        low, high = float(others.min()), float(others.max())
        reach = _FAR_OUT * (high - low)
        if sentinel < low - reach or sentinel > high + reach:
            return sentinel
    return None


def _from_texts(texts: list[str], missing: tuple[str, ...]) -> tuple[Array, Array]:
    """Return texts as numbers, and where there is none."""
    plain = [text.strip() for text in texts]
    gaps = np.array([text.lower() in _MISSING or text in missing for text in plain], bool)
    values = np.full(len(texts), np.nan)
    known = np.flatnonzero(~gaps).tolist()
    for row in known:
        value = _number(plain[row])
        if value is None:
            raise _not_a_number(plain[row], row, texts)
        values[row] = value
    commas, points = ([row for row in known if sign in plain[row]] for sign in ",.")
    if commas and points:
        raise RowsError(
            f"mixes decimal commas ({plain[commas[0]]!r}) with decimal points "
            f"({plain[points[0]]!r})",
            commas[:1],
            "Write all numbers in one way, without separators of thousands.",
        )
    return values, gaps


def _number(plain: str) -> float | None:
    if "_" in plain:  # Python's own grouping of digits
        return None
    try:
        return float(plain)
    except ValueError:
        pass
    if DECIMAL_COMMA.fullmatch(plain):
        return float(plain.replace(",", "."))
    fortran = _FORTRAN.fullmatch(plain)
    return float(f"{fortran[1]}e{fortran[2]}") if fortran else None


def _not_a_number(plain: str, row: int, texts: list[str]) -> RowsError:
    if "," in plain and re.fullmatch(r"[+-]?[\d.,' ]+", plain):
        remedy = "Write numbers without separators of thousands."
        return RowsError(f"must hold numbers, got {plain!r}", [row], remedy)
    if _DATE.fullmatch(plain):
        remedy = "Name a column of times by --time."
        return RowsError(f"must hold numbers, got the date {plain!r}", [row], remedy)
    others = [r for r in range(row + 1, len(texts)) if kind_of(texts[r]) == "text"]
    remedy = "Texts that stand for missing values are named by --missing, and gaps must be filled."
    shown = repr(plain if len(plain) <= 40 else f"{plain[:37]}...")
    return RowsError(f"must hold numbers, got {shown}", [row, *others], remedy if others else "")


def _dates(texts: list[str]) -> Array:
    """Return ISO 8601 dates as datetime64, in UTC where they have an offset."""
    dates = []
    for row, text in enumerate(texts):
        plain = text.strip()
        try:
            date = datetime.fromisoformat(f"{plain}-01" if len(plain) == 7 else plain)
        except ValueError:
            raise RowsError(
                f"must hold dates such as 2020-01-31 or 2020-01-31 12:00, got {plain!r}", [row]
            ) from None
        dates.append(
            (date.astimezone(UTC).replace(tzinfo=None) if date.tzinfo else date).isoformat()
        )
    return np.array(dates, dtype="datetime64[us]")


def _texts(column: Array) -> list[str]:
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in column]
