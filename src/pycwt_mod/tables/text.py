"""Text: its separator, comments and header are found here, and pandas reads the columns."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..time_axis import RowsError
from .fields import DECIMAL_COMMA, kind_of
from .months import months_of, table_of_years
from .table import Table, needing_pandas

_COMMENTS = ("#", "%")
# In this order: a comma may be a decimal one where columns are separated by any of the others.
_SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "bars"}
# How texts begin that are no tables, and the words for them.
_OTHER_KINDS = {
    r"(?i:<(!doctype|!--|\?xml|html|head|body|table|svg)\b|<!--)": (
        "is a page of HTML or XML, not a table: what a server answers in place of a file, perhaps. "
        "Download the table itself, or save it as CSV."
    ),
    r'\{\s*"|\[\s*[\[{]': (
        "is JSON, not a table. Save it as CSV, by pandas for example: "
        "`pandas.read_json('x.json').to_csv('x.csv')`."
    ),
}
# Widths and types of columns, as the U.S. Geological Survey has them below the names.
_RDB_FORMAT = re.compile(r"\d+[sdn]")
# A unit is no longer than this, and none of these, in lower case.
_LONGEST_UNIT, _NO_DATA = 24, ("nd", "n.d.", "n.a.", "void")
# The separator, the header and the decimal sign are seen from this many rows.
_LOOKED_AT = 50


def parse_text(
    text: str, name: str, header: bool | None, skip: int, missing: tuple[str, ...]
) -> Table:
    """Return the table in a text; RowsError has lines, and the whole of a sentence."""
    for beginning, words in _OTHER_KINDS.items():
        if re.match(rf"\s*({beginning})", text):
            raise RowsError(words)
    if re.match(r"sep=.\r?\n", text):  # Excel's own, and the separator is seen below
        text = f"#{text}"
    lines, numbers = _lines_of(text, skip)
    if not numbers:
        what = "has nothing but comments" if text.strip() and not skip else "is empty"
        raise RowsError(f"{what}{f' after {skip} lines' if skip else ''}.")
    yearly = table_of_years(lines[skip:], missing) if header is None else None
    if yearly is not None:
        months, values, rows_of = yearly
        return Table("", ("month", name), [months, values], [skip + row for row in rows_of])
    head = (lines[number - 1] for number in numbers if lines[number - 1].strip())
    separator = _separator(list(itertools.islice(head, _LOOKED_AT)))
    if len(_cells(lines[numbers[0] - 1], separator)) > 1:
        # Only in a single column a blank line is a missing value.
        numbers = [number for number in numbers if lines[number - 1].strip()]
    rows = [lines[number - 1] for number in numbers]
    if len(rows) > 1 and all(row.rstrip(" ").endswith(separator) for row in rows):
        rows = [row.rstrip(" ")[:-1] for row in rows]  # as Fortran and spreadsheets may write
    first = [_cells(row, separator) for row in rows[:_LOOKED_AT]]
    names, units = _names_in_comment(lines[skip : numbers[0] - 1], separator, len(first[0]))
    if separator == " ":
        rows = ["\t".join(_cells(row, " ")) for row in rows]
    _check_widths(rows, numbers, separator)
    if header if header is not None else _has_header(first):
        names, units = [name.strip() for name in first[0]], []
        del first[0], rows[0], numbers[0]
        if _has_units(first, missing):
            units = [unit.strip() for unit in first[0]]
            units = [] if all(map(_RDB_FORMAT.fullmatch, units)) else units
            del first[0], rows[0], numbers[0]
        if not rows:
            raise RowsError("has a header and no data.")
    columns = _read_columns(rows, separator, first)
    return Table("", tuple(names), columns, numbers, units=tuple(units))


def _read_columns(rows: list[str], separator: str, first: list[list[str]]) -> list[Any]:
    """Return columns as arrays: of numbers, or of texts where a cell is no number."""
    commas = separator != "," and any(
        DECIMAL_COMMA.fullmatch(cell.strip()) for row in first for cell in row
    )
    months = {
        k: str for k, cells in enumerate(zip(*first, strict=False)) if months_of(cells) is not None
    }
    with needing_pandas():
        import pandas
    # From 3.1 on pandas reads each number as Python does; before, it has to be told.
    told = {} if _version(pandas) >= (3, 1) else {"float_precision": "round_trip"}
    frame = pandas.read_csv(
        io.StringIO("\n".join(rows)),
        sep="\t" if separator == " " else separator,
        header=None,
        names=range(len(first[0])),  # the first row may be blank
        index_col=False,
        decimal="," if commas else ".",
        na_filter=False,  # how a missing value is written is told
        skipinitialspace=True,
        skip_blank_lines=False,
        quoting=csv.QUOTE_NONE if separator == " " else csv.QUOTE_MINIMAL,
        low_memory=False,  # one type for the whole of a column
        dtype=months,  # 10.1950 has a last digit
        **told,
    )
    columns = [frame[column].to_numpy() for column in frame]
    found = {k: months_of(columns[k]) for k in months}
    return [column if found.get(k) is None else found[k] for k, column in enumerate(columns)]


def _version(library: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in library.__version__.split(".")[:2])


def _lines_of(text: str, skip: int) -> tuple[list[str], list[int]]:
    """Return all lines, and the numbers of those of the table, counted from 1."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    # Spreadsheets end tables by rows of empty cells, and DOS by Ctrl-Z.
    while lines and not lines[-1].strip(",;\t| \x1a"):
        lines.pop()
    numbers = [
        number
        for number, line in enumerate(lines[skip:], start=skip + 1)
        if not line.lstrip().startswith(_COMMENTS)
    ]
    first = next((k for k, number in enumerate(numbers) if lines[number - 1].strip()), len(numbers))
    return lines, numbers[first:]


def _separator(lines: Sequence[str]) -> str:
    """Return the separator that divides most lines into the same number of cells, or a space."""
    best, most = " ", 0
    for separator in _SEPARATORS:
        counts = Counter(len(_cells(line, separator)) for line in lines)
        number, agreeing = counts.most_common(1)[0]
        # A header such as "Time, days" has a comma, where the data below it have none.
        fits = agreeing > len(lines) / 2 or min(counts) > 1
        if number > 1 and agreeing > most and fits:
            best, most = separator, agreeing
    return best


def _cells(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.partition("#")[0].split() or [""]
    if '"' not in line:
        return line.split(separator)
    return next(csv.reader([line], delimiter=separator, skipinitialspace=True))


def _check_widths(rows: list[str], numbers: list[int], separator: str) -> None:
    """Raise RowsError unless each row has as many cells as the first, and closes its quotes."""
    delimiter = "\t" if separator == " " else separator
    width = None
    for row, number in zip(rows, numbers, strict=True):
        if '"' in row and separator != " ":
            # A quoted cell that is not closed takes the next line in.
            cells, *more = csv.reader([row, ""], delimiter=delimiter, skipinitialspace=True)
            if not more:
                raise RowsError("has a quotation mark without its pair.", [number])
            found = len(cells)
        else:
            found = row.count(delimiter) + 1
        width = width or found
        if found != width:
            words = _SEPARATORS.get(separator, "spaces")
            remedy = ""
            halves = width > 1 or DECIMAL_COMMA.fullmatch(row.strip())
            if separator == "," and found == 2 * width and halves:
                remedy = (
                    "If the commas in numbers are decimal ones, separate columns by semicolons."
                )
            elif found > width and sum(r.count(delimiter) >= width for r in rows) > len(rows) / 2:
                remedy = f"If the table begins in this line, pass --skip {number - 1}."
            elif separator == " ":
                remedy = "Missing values must be written, for example as NaN."
            fields = f"{found} field{'s' if found != 1 else ''} separated by {words}"
            reason = f"has {fields}, where line {numbers[0]} has {width}. {remedy}"
            raise RowsError(reason.rstrip(), [number])


def _has_header(first: list[list[str]]) -> bool:
    """Return whether the first row has names: text, where the second has numbers or dates."""
    kinds = [kind_of(cell) for cell in first[0]]
    if "text" not in kinds:
        return False
    if len(first) == 1 or "number" not in kinds or all(map(_RDB_FORMAT.fullmatch, first[1])):
        return True
    below = [kind_of(cell) for cell in first[1]]
    return any(a == "text" != b for a, b in zip(kinds, below, strict=True))


def _has_units(first: list[list[str]], missing: tuple[str, ...]) -> bool:
    """Return whether the first row below the names has no value: units such as mm, or codes."""
    if len(first) < 2:
        return False
    cells = [cell.strip() for cell in first[0]]
    if all(map(_RDB_FORMAT.fullmatch, cells)):
        return True
    if max(map(len, cells)) > _LONGEST_UNIT:
        return False
    if any(cell in missing or cell.lower() in _NO_DATA for cell in cells if cell):
        return False
    kinds = list(zip(*([kind_of(cell) for cell in cells] for cells in first[:2]), strict=False))
    return {"text"} <= {kind for kind, _ in kinds} <= {"text", "missing"} and all(
        below in ("number", "date", "missing") for kind, below in kinds if kind == "text"
    )


def _names_in_comment(above: list[str], separator: str, width: int) -> tuple[list[str], list[str]]:
    """Return the names in the last comment above the data, as NumPy's savetxt writes; or none.

    Also the units in it, where the names are in the comment before, as in files of buoys.
    """
    comments = [line.strip() for line in above if line.strip()][-2:]
    found = [_names(comment, separator, width) for comment in comments]
    tight = all(re.match("#[^#% ]", comment) for comment in comments)
    if len(found) == 2 and all(found) and tight:
        return found[0], found[1]
    return (found[-1] if found else []) or [""] * width, []


def _names(comment: str, separator: str, width: int) -> list[str]:
    plain = comment.lstrip("".join(_COMMENTS)).strip()
    for cells in (_cells(plain, separator), plain.split()):
        names = [name.strip() for name in cells]
        if len(names) == width and all(kind_of(name) == "text" for name in names):
            return names
    return []
