"""Months as monthly tables have them: 01.1950 in a column, or a row of twelve for each year."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..time_axis import RowsError
from .fields import as_texts, likely_missing, with_gaps

Array = NDArray[Any]

_YEAR = r"(1[6-9]\d\d|2[0-3]\d\d)"
_MONTH_FIRST = re.compile(rf"(?P<month>0?[1-9]|1[0-2])\.(?P<year>{_YEAR})")
_YEAR_FIRST = re.compile(rf"(?P<year>{_YEAR})\.(?P<month>0[1-9]|1[0-2])")
# Steps of this many months are those of a table; 3.1950 and 3.1951 may be numbers.
_LONGEST_STEP = 6

# A table of years has this many rows at least; a range of years, the months or what stands for a
# missing value beside it tell that its columns are months.
_FEWEST_YEARS, _MOST_LINES = 3, 1000
_RANGE = re.compile(rf"\s*{_YEAR}[\s,;]+{_YEAR}\s*")
_NAMES = re.compile(r"(\W*year\W+|\W*yr\W+|\W*)jan\w*\W+feb\w*\W+mar.*\Wdec\w*\W*", re.IGNORECASE)
_CODE = re.compile(r"\s*(-?\d*\.?\d+)\s*")


def months_of(cells: Array | Sequence[str]) -> Array | None:
    """Return texts such as 01.1950 or 1950.01, month after month, as months; None for others."""
    texts = [text.strip() for text in as_texts(np.asarray(cells))]
    for form in (_MONTH_FIRST, _YEAR_FIRST):
        found = [match for match in map(form.fullmatch, texts) if match]
        if len(found) < max(len(texts), 2):
            continue
        months = np.array([f"{m['year']}-{int(m['month']):02d}" for m in found], "datetime64[M]")
        steps = np.diff(months).astype(int)
        if (steps < 0).all():
            steps = -steps
        # Numbers are not written with a leading zero; without one, the year must turn.
        sure = form is _MONTH_FIRST and any(text[0] == "0" for text in texts)
        turns = len({match["year"] for match in found}) > 1
        if (steps > 0).all() and (sure or (turns and np.median(steps) <= _LONGEST_STEP)):
            return months.astype("datetime64[us]")
    return None


def table_of_years(
    lines: Sequence[str], missing: tuple[str, ...]
) -> tuple[Array, Array, list[int]] | None:
    """Return months, their values and lines of a table of a year and its twelve values per row.

    As NOAA publishes climate indices; None for any other table. Lines above and below are no data,
    but a number that stands alone below is the one of missing values.
    """
    if len(lines) > _MOST_LINES:
        return None
    rows = [re.split(r"[\s,;]+", line.strip().rstrip(",;")) for line in lines]
    full = [k for k, row in enumerate(rows) if len(row) == 13 and _are_numbers(row)]
    if len(full) < _FEWEST_YEARS:
        return None
    begin, end = full[0], full[-1] + 1
    if rows[end : end + 1] and rows[end][0] == _after(rows[end - 1][0]):
        end += 1  # a year that is not over
    found = [(k, rows[k]) for k in range(begin, end) if lines[k].strip()]
    years = [row[0] for _, row in found]
    if any(after != _after(year) for year, after in itertools.pairwise(years)):
        return None
    if any(len(row) != 13 for _, row in found[:-1]) or not all(_are_numbers(r) for _, r in found):
        return None
    above = next((line for line in reversed(lines[:begin]) if line.strip()), "")
    codes = [match[1] for match in map(_CODE.fullmatch, lines[end:]) if match]
    if not (_RANGE.fullmatch(above) or _NAMES.fullmatch(above) or codes):
        return None
    cells = np.array([cell for _, row in found for cell in row[1:]])
    values = with_gaps(cells, (*missing, *codes))
    code = likely_missing(values[np.isfinite(values)])
    values[values == code] = np.nan
    months = np.datetime64(years[0], "M") + np.arange(values.size)
    return months.astype("datetime64[us]"), values, [k + 1 for k, row in found for _ in row[1:]]


def _after(year: str) -> str:
    return str(int(year) + 1) if re.fullmatch(_YEAR, year) else ""


def _are_numbers(row: Sequence[str]) -> bool:
    """Return whether all cells of a row are numbers, or missing values."""
    try:
        with_gaps(np.array(row))
    except RowsError:
        return False
    return True
