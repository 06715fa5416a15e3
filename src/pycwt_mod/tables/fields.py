"""From the fields of a column to numbers, or to what is wrong with which of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fault", "from_array", "from_texts", "kind_of"]

Array = NDArray[np.float64]

# What spreadsheets, R, MATLAB, pandas and agencies write for "no value", in lower case.
MISSING = frozenset(
    {"", "na", "n/a", "#n/a", "nan", "nat", "null", "none", "-", "--", "---", ".", "?", "missing"}
)

# Numbers that agencies write for "no value" where only numbers are allowed.
_SENTINELS = (-999.0, -9999.0, -99999.0, -99.9, -99.99, -999.9, -999.99, 9999.0, 99999.0, 1e20)
# A sentinel lies at least so many times the range of the other values outside them.
_FAR_OUT = 3.0

_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?|[+-]?\d+,")
_DATE = re.compile(r"\d{4}-\d\d(-\d\d)?([T ].*)?")
_FORTRAN = re.compile(r"([+-]?\d*\.?\d+)[dD]([+-]?\d+)")

_FILL = "Fill or interpolate the gaps before, or cut the series to a span without them."


@dataclass(frozen=True)
class Fault:
    """What is wrong with a column, in which rows, and what to do.

    Parameters
    ----------
    reason : str
        The end of a sentence that begins with "column 'x'".
    rows : list of int
        The rows at fault.
    remedy : str
        A sentence.
    """

    reason: str
    rows: list[int] = field(default_factory=list)
    remedy: str = ""


def kind_of(text: str) -> str:
    """Return what a field holds: "number", "date", "missing" or "text".

    Examples
    --------
    >>> [kind_of(text) for text in ("1.5", "1,5", "2020-01", "n/a", "north")]
    ['number', 'number', 'date', 'missing', 'text']
    """
    plain = text.strip()
    if plain.lower() in MISSING:
        return "missing"
    if _DATE.fullmatch(plain):
        return "date"
    return "text" if _number(plain) is None else "number"


def from_texts(texts: list[str], missing: tuple[str, ...] = ()) -> tuple[Array, Fault | None]:
    """Return a column of texts as numbers, and what is wrong with it, None if nothing is.

    Parameters
    ----------
    texts : list of str
        The fields.
    missing : tuple of str
        Texts that stand for missing values, besides the usual ones.
    """
    also = _also_missing(missing)
    values = np.empty(len(texts))
    gaps, commas, points = [], [], []
    for row, text in enumerate(texts):
        plain = text.strip()
        value = _number(plain)
        if plain.lower() in MISSING or plain in missing or value in also:
            gaps.append(row)
            continue
        if value is None:
            return values, _not_a_number(plain, row, texts)
        values[row] = value
        if "," in plain:
            commas.append(row)
        elif "." in plain:
            points.append(row)
    if commas and points:
        return values, Fault(
            f"mixes decimal commas ({texts[commas[0]]!r}) with decimal points "
            f"({texts[points[0]].strip()!r})",
            [commas[0]],
            "Write all numbers in one way, without separators of thousands.",
        )
    return values, _gaps_or_infinite(values, gaps, texts)


def from_array(column: Any, missing: tuple[str, ...] = ()) -> tuple[Array, Fault | None]:
    """Return a column of an array as numbers, and what is wrong with it, None if nothing is.

    Parameters
    ----------
    column : array_like
        Shape (n_rows,).
    missing : tuple of str
        Numbers that stand for missing values, as texts.
    """
    array = np.ma.getdata(column) if np.ma.isMaskedArray(column) else np.asarray(column)
    if array.dtype.kind in "SUO":
        return from_texts([_as_text(value) for value in array], missing)
    if array.dtype.kind not in "iufb":
        what = {"c": "complex numbers", "M": "dates"}.get(array.dtype.kind, str(array.dtype))
        return np.empty(0), Fault(f"must hold real numbers, got {what}")
    values = array.astype(np.float64)
    gaps = np.flatnonzero(
        np.isnan(values) | np.isin(values, list(_also_missing(missing))) | _mask(column)
    ).tolist()
    return values, _gaps_or_infinite(values, gaps, None)


def likely_missing(values: Array) -> float | None:
    """Return a number that seems to stand for missing values, None if there is none.

    Examples
    --------
    >>> likely_missing(np.array([1.2, 0.4, -999.0, 2.2]))
    -999.0
    """
    for sentinel in _SENTINELS:
        others = values[values != sentinel]
        if others.size == values.size or not others.size:
            continue
        low, high = float(others.min()), float(others.max())
        reach = _FAR_OUT * (high - low)
        if sentinel < low - reach or sentinel > high + reach:
            return sentinel
    return None


def _number(plain: str) -> float | None:
    if "_" in plain:  # Python's own grouping of digits
        return None
    try:
        return float(plain)
    except ValueError:
        pass
    if _DECIMAL_COMMA.fullmatch(plain):
        return float(plain.replace(",", "."))
    fortran = _FORTRAN.fullmatch(plain)
    return float(f"{fortran[1]}e{fortran[2]}") if fortran else None


def _not_a_number(plain: str, row: int, texts: list[str]) -> Fault:
    if "," in plain and re.fullmatch(r"[+-]?[\d.,' ]+", plain):
        return Fault(
            f"must hold numbers, got {plain!r}",
            [row],
            "Write numbers without separators of thousands.",
        )
    if _DATE.fullmatch(plain):
        return Fault(
            f"must hold numbers, got the date {plain!r}",
            [row],
            "Name a column of times by --time.",
        )
    others = [r for r in range(row + 1, len(texts)) if kind_of(texts[r]) == "text"]
    return Fault(
        f"must hold numbers, got {_shortened(plain)}",
        [row, *others],
        "Texts that stand for missing values are named by --missing, and gaps must be filled."
        if others
        else "",
    )


def _gaps_or_infinite(values: Array, gaps: list[int], texts: list[str] | None) -> Fault | None:
    if gaps:
        shown = "" if texts is None else f" ({texts[gaps[0]].strip()!r})"
        count = "a missing value" if len(gaps) == 1 else f"{len(gaps)} missing values"
        return Fault(f"has {count}{shown}", gaps, _FILL)
    infinite = np.flatnonzero(~np.isfinite(values)).tolist()
    if infinite:
        return Fault(f"must hold finite numbers, got {values[infinite[0]]}", infinite)
    return None


def _also_missing(missing: tuple[str, ...]) -> set[float]:
    numbers = {_number(text.strip()) for text in missing}
    return {number for number in numbers if number is not None}


def _mask(column: Any) -> NDArray[np.bool_]:
    return np.asarray(np.ma.getmaskarray(column))


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
