"""From the cells of a column to numbers, or to an error that names the rows."""

from __future__ import annotations

import re
import shlex
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..time_axis import RowsError

Array = NDArray[Any]

# Texts by which spreadsheets, R, MATLAB, pandas and agencies mean "no value", in lower case.
_MISSING = frozenset(
    {"", "na", "n/a", "#n/a", "nan", "nat", "null", "none", "-", "--", "---", ".", "?", "missing"}
)
# Numbers that agencies write for "no value" where only numbers are allowed.
_SENTINELS = (
    *(-999.0, -9999.0, -99999.0, -99.9, -99.99, -999.9, -999.99),
    *(99.99, 999.9, 999.99, 9999.0, 99999.0, 1e20),
)
# A sentinel lies outside the range of the other values by this many times that range.
_FAR_OUT = 3.0
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?|[+-]?\d+,")
# A date of three parts, or of year and month, with or without a time of day.
_DATE = re.compile(
    r"(\d{4}-\d\d(?:-\d\d)?|(?:0?[1-9]|1[0-2])[/-](?:1[6-9]|2[0-3])\d\d|"
    r"\d{4}([/.])\d{1,2}\2\d{1,2}|\d{1,2}([/.-])\d{1,2}\3\d{4})([T ,].*)?"
)
_FORTRAN = re.compile(r"([+-]?\d*\.?\d+)[dD]([+-]?\d+)")

_FILL = "Pass --interpolate N to fill gaps of up to N steps, or cut the series to a span without."
# A message proposes this many texts for --missing.
_PROPOSED = 3


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
    values = with_gaps(column, missing)
    rows = np.flatnonzero(np.isnan(values))
    if rows.size:
        count = "a missing value" if rows.size == 1 else f"{rows.size} missing values"
        (cell,) = as_texts(column[rows[:1]])
        told = f" ({cell.strip().removesuffix('.0')!r})" if cell != "nan" else ""
        raise RowsError(f"has {count}{told}", rows, _FILL)
    return values


def with_gaps(column: Array, missing: tuple[str, ...] = ()) -> NDArray[np.float64]:
    """Return a column as float64 with NaN where a value is missing, or raise RowsError."""
    also = [number for number in map(_number, missing) if number is not None]
    if column.dtype.kind in "SUO":
        values = _from_texts(as_texts(column), missing)
    elif column.dtype.kind in "iufb":
        values = column.astype(np.float64)
    else:
        what = {"c": "complex numbers", "M": "dates"}.get(column.dtype.kind, str(column.dtype))
        raise RowsError(f"must hold real numbers, got {what}")
    values[np.isin(values, also)] = np.nan
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        raise RowsError(f"must hold finite numbers, got {values[infinite[0]]}", infinite)
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


def _from_texts(texts: list[str], missing: tuple[str, ...]) -> NDArray[np.float64]:
    """Return texts as numbers, NaN where one is missing."""
    plain = [text.strip() for text in texts]
    values = np.full(len(texts), np.nan)
    known = [
        row
        for row, text in enumerate(plain)
        if text.lower() not in _MISSING and text not in missing
    ]
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
    return values


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
    shown = repr(plain if len(plain) <= 40 else f"{plain[:37]}...")
    return RowsError(f"must hold numbers, got {shown}", [row, *others], _missing_hint(texts))


def _missing_hint(texts: list[str]) -> str:
    """Return how to name the texts in a column of numbers as missing values."""
    found = list(dict.fromkeys(text.strip() for text in texts if kind_of(text) == "text"))
    if not any(kind_of(text) == "number" for text in texts):
        return ""
    options = " ".join(f"--missing {shlex.quote(text)}" for text in found)
    if len(found) > _PROPOSED:
        return "Texts that stand for missing values are named by --missing."
    they = "they stand for missing values" if found[1:] else "it stands for a missing value"
    return f"If {they}, pass {options}."


def as_texts(column: Array) -> list[str]:
    """Return the cells of a column as texts."""
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in column]
