"""Tables as text: which separator, which lines are comments, whether there is a header."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable

from .fields import kind_of
from .table import DataError, Table

__all__ = ["parse_text"]

COMMENTS = ("#", "%")

# In this order: a comma may be a decimal one where columns are separated by any of the others.
_SEPARATORS = ("\t", ";", ",", "|")
_SEPARATOR_WORDS = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "bars", " ": "spaces"}
_MARKUP = re.compile(r"<(!doctype|!--|\?xml|html|head|body|table|svg)\b|<!--", re.IGNORECASE)
# So many lines tell the separator.
_LOOKED_AT = 50

Splitter = Callable[[str], list[str]]


def parse_text(
    text: str,
    source: str,
    missing: tuple[str, ...] = (),
    header: bool | None = None,
    skip: int = 0,
) -> Table:
    """Return the table in a text.

    Parameters
    ----------
    text : str
        The content of the file.
    source : str
        Its name, for messages.
    missing : tuple of str
        Texts that stand for missing values, besides the usual ones.
    header : bool, optional
        Whether the first row has the names; by default that is seen from its content.
    skip : int
        Number of lines before the table.

    Raises
    ------
    DataError
        If there is no data, or a row has another number of fields than the first.
    """
    text = re.sub(r"\x1a\s*\Z", "", text)  # DOS ended texts by Ctrl-Z
    _refuse_other_kinds(text, source)
    lines, comment = _content(text, skip)
    rows = [(number, line) for number, line in lines if line.strip()]
    if not rows:
        what = "has nothing but comments" if text.strip() and not skip else "is empty"
        raise DataError(f"{source}: {what}{f' after {skip} lines' if skip else ''}.")
    separator = _separator([line for _, line in rows[:_LOOKED_AT]])
    split = _splitter(separator)
    if len(split(rows[0][1])) == 1:
        rows = lines  # a blank line in a single column is a missing value
    fields = _split_rows(rows, split, source, separator)
    names: list[str] = []
    if header if header is not None else _has_header(fields):
        names = [name.strip() for name in fields.pop(0)]
        rows = rows[1:]
        if not fields:
            raise DataError(f"{source}: has a header and no data.")
    elif comment is not None:
        names = _names_in_comment(comment, split, len(fields[0]))
    names = names or [""] * len(fields[0])
    columns = [list(column) for column in zip(*fields, strict=True)]
    return Table(source, tuple(names), columns, [line for line, _ in rows], "line", missing)


def _refuse_other_kinds(text: str, source: str) -> None:
    """Raise DataError for text that is no table: pages of the web, and JSON."""
    start = text.lstrip()
    if _MARKUP.match(start):
        raise DataError(
            f"{source}: is a page of HTML or XML, not a table: what a server answers in place of "
            "a file, perhaps. Download the table itself, or save it as CSV."
        )
    if start.startswith(("{", "[")) and _is_json(start):
        raise DataError(
            f"{source}: is JSON, not a table. Save it as CSV, by pandas for example: "
            "`pandas.read_json('x.json').to_csv('x.csv')`."
        )


def _is_json(text: str) -> bool:
    """Return whether a text, or its first line, is an object or a list of JSON."""
    for part in (text.partition("\n")[0], text):
        try:
            json.loads(part)
        except (ValueError, RecursionError):
            continue
        return True
    return False


def _content(text: str, skip: int) -> tuple[list[tuple[int, str]], str | None]:
    """Return the numbered lines of the table, and the last comment before the first."""
    rows: list[tuple[int, str]] = []
    comment = None
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        plain = line.strip()
        if number <= skip:
            continue
        if plain.startswith(COMMENTS):
            comment = plain if not rows else comment
        elif plain or rows:
            rows.append((number, line))
    # Spreadsheets end tables with rows of empty cells.
    while rows and not rows[-1][1].strip(",;\t| "):
        rows.pop()
    return rows, comment


def _separator(lines: list[str]) -> str:
    """Return what separates the columns: what divides most lines into as many fields."""
    best, most = " ", 0
    for separator in _SEPARATORS:
        counts = Counter(len(_splitter(separator)(line)) for line in lines)
        number, agreeing = counts.most_common(1)[0]
        # A header such as "Time, days" has a comma, where the data below it have none.
        fits = agreeing > len(lines) / 2 or min(counts) > 1
        if number > 1 and agreeing > most and fits:
            best, most = separator, agreeing
    return best


def _splitter(separator: str) -> Splitter:
    if separator == " ":
        return lambda line: line.partition("#")[0].split() or [""]

    def split(line: str) -> list[str]:
        if '"' not in line:
            return line.split(separator)
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True))

    closing = re.compile(rf'" +(?={re.escape(separator)}|$)')

    def forgiving(line: str) -> list[str]:
        for candidate in (line, closing.sub('"', line)):  # spaces may follow a closing quote
            try:
                return split(candidate)
            except csv.Error:
                continue
        return line.split(separator)

    return forgiving


def _split_rows(
    rows: list[tuple[int, str]], split: Splitter, source: str, separator: str
) -> list[list[str]]:
    fields = [split(line) for _, line in rows]
    # Fortran and spreadsheets may end every line by a separator.
    if separator != " " and len(fields) > 1 and all(not row[-1].strip() for row in fields):
        fields = [row[:-1] for row in fields]
    width = len(fields[0])
    for (number, _), row in zip(rows, fields, strict=True):
        if len(row) != width:
            raise DataError(_ragged(source, number, len(row), width, rows[0][0], separator))
    return fields


def _ragged(source: str, line: int, found: int, width: int, first: int, separator: str) -> str:
    text = (
        f"{source}, line {line}: has {found} field{'s' if found != 1 else ''} separated by "
        f"{_SEPARATOR_WORDS[separator]}, where line {first} has {width}."
    )
    if separator == "," and found == 2 * width:
        text += " If the commas in numbers are decimal ones, separate columns by semicolons."
    elif separator == " ":
        text += " Missing values must be written, for example as NaN."
    return text


def _has_header(fields: list[list[str]]) -> bool:
    """Return whether the first row has names: text, where the second has numbers or dates."""
    first = [kind_of(field) for field in fields[0]]
    if "text" not in first:
        return False
    if len(fields) == 1 or "number" not in first:
        return True
    second = [kind_of(field) for field in fields[1]]
    return any(a == "text" != b for a, b in zip(first, second, strict=True))


def _names_in_comment(comment: str, split: Splitter, width: int) -> list[str]:
    """Return the names in the comment above the data, as NumPy's savetxt writes; or none."""
    plain = comment.lstrip("".join(COMMENTS)).strip()
    for way in (split, str.split):
        names = [name.strip() for name in way(plain)]
        if len(names) == width and all(kind_of(name) == "text" for name in names):
            return names
    return []
