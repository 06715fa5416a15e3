"""A table of columns, and the one error that all faults of a file are told by."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..time_axis import RowsError, TimeAxis, as_time_axis, unit_of_steps
from ..validation import did_you_mean
from .dates import as_times, date_and_clock, joined_parts, likely_form, part_of_date
from .fields import as_numbers, kind_of, with_gaps

# A message lists this many more lines, and this many columns.
_LISTED_LINES, _LISTED_COLUMNS = 5, 20
# A table of fewer rows than this with more columns than rows is more likely a transposed one.
_FEW_ROWS = 16


class DataError(ValueError):
    """A file that cannot be read, or a cell that cannot be used; the message says in which line."""


@contextmanager
def needing_pandas() -> Iterator[None]:
    """Raise RowsError with the line that installs pandas in place of ImportError."""
    try:
        yield
    except ImportError:
        raise RowsError(
            "is read by pandas (Parquet with pyarrow), which is missing here. Install "
            'it by: pip install "pycwt_mod[cli]" (in a checkout: pip install ".[cli]")'
        ) from None


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of a file, not yet converted.

    Attributes
    ----------
    source : str
        Name of the file, for messages.
    names : tuple of str
        Names of the columns; "" for one without a name.
    columns : sequence of numpy.ndarray
        Numbers, dates or texts, shape (n_rows,) each.
    lines : sequence of int
        For each row where it is in the file.
    place : str
        What `lines` counts, "line" or "row".
    missing : tuple of str
        Texts that stand for missing values, besides the usual ones.
    digest : str
        SHA-256 of the file, in hexadecimal digits.
    units : tuple of str
        The row of units below the names, which is no row of data; empty if there is none.
    date_format : str, optional
        Form of the dates, as `datetime.strptime` takes it; by default it is seen from them.

    Examples
    --------
    >>> columns = [np.array([1, 2]), np.array(["0.5", "n/a"])]
    >>> table = Table("x.csv", ("t", "y"), columns, [2, 3])
    >>> table.numbers("t")
    array([1., 2.])
    >>> table.numbers("y")
    Traceback (most recent call last):
        ...
    pycwt_mod.tables.table.DataError: x.csv, line 3: column 'y' has a missing value ('n/a')...
    """

    source: str
    names: tuple[str, ...]
    columns: Sequence[NDArray[Any]]
    lines: Sequence[int]
    place: str = "line"
    missing: tuple[str, ...] = ()
    digest: str = ""
    units: tuple[str, ...] = ()
    date_format: str | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.lines)

    def title(self, index: int) -> str:
        """Return the name of a column with its number if others bear it; "column 3" without one."""
        name = self.names[index]
        if self.names.count(name) > 1 or not name:
            return f"{name} (column {index + 1})" if name else f"column {index + 1}"
        return name

    def find(self, which: str | int) -> int:
        """Return the index of a column by its name, in any case if only one fits, or its number.

        An int is an index already.
        """
        if isinstance(which, int):
            return which
        wanted = which.strip()
        for key in (str, str.casefold):
            found = [i for i, name in enumerate(self.names) if name and key(name) == key(wanted)]
            if len(found) > 1:
                listed = " and ".join(str(i + 1) for i in found)
                raise DataError(
                    f"{self.source}: {len(found)} columns are named {wanted!r}. Give a number: "
                    f"{listed}."
                )
            if found:
                return found[0]
        if wanted.isdecimal() and 1 <= int(wanted) <= len(self.names):
            return int(wanted) - 1
        hint = did_you_mean(wanted, filter(None, self.names))
        raise DataError(f"{self.source}: there is no column {which!r}.{hint} {self._listing()}")

    def numbers(self, which: str | int) -> NDArray[np.float64]:
        """Return a column as finite numbers.

        Parameters
        ----------
        which : str or int
            As `find` takes it, or the index that `find` returned.

        Raises
        ------
        DataError
            If a cell is no number, missing or infinite, with its line.
        """
        index = self.find(which)
        try:
            values = as_numbers(self.columns[index], self.missing)
        except RowsError as error:
            raise self.error(index, error) from None
        if self.n_rows < _FEW_ROWS and len(self.names) > max(self.n_rows, _FEW_ROWS):
            raise DataError(
                f"{self.source}: has {self.n_rows} rows of {len(self.names)} columns, and a "
                "series must be a column. Save the transposed table (`array.T`)."
            )
        return values

    def values(self, index: int) -> NDArray[np.float64]:
        """Return a column as numbers, NaN where a value is missing."""
        try:
            return with_gaps(self.columns[index], self.missing)
        except RowsError as error:
            form = self.date_format_of(index)
            if form:
                error.remedy = f"If it has the dates, pass --date-format {form}."
            raise self.error(index, error) from None

    def times(self, index: int) -> NDArray[Any]:
        """Return a column as numbers or dates, in whichever order and steps."""
        return self.times_as_read(index)[0]

    def times_as_read(self, index: int) -> tuple[NDArray[Any], str]:
        """Return a column as `times` does, and how dates were read, "" if in ISO 8601."""
        try:
            return as_times(self.columns[index], self.missing, self.date_format)
        except RowsError as error:
            raise self.error(index, error) from None

    def time_axis(self, which: str | int, unit: str | None = None) -> TimeAxis:
        """Return a column as evenly spaced times.

        Parameters
        ----------
        which : str or int
            As in `numbers`.
        unit : str, optional
            Unit of time for dates, by default that of their steps; a label for numbers.

        Raises
        ------
        DataError
            If times are missing, not in order or not evenly spaced, with the line.
        """
        index = self.find(which)
        return self.axis_of(index, self.times(index), unit)

    def axis_of(self, index: int, times: NDArray[Any], unit: str | None) -> TimeAxis:
        """Return times of a column as `time_axis` does, with its faults."""
        try:
            axis = as_time_axis(times, unit)
            return axis if unit else as_time_axis(times, unit_of_steps(times))
        except RowsError as error:
            raise self.error(index, error) from None

    def part(self, rows: slice) -> Table:
        """Return some of the rows."""
        return replace(
            self, columns=[column[rows] for column in self.columns], lines=self.lines[rows]
        )

    def with_times(self, which: str) -> tuple[Table, list[int]]:
        """Return the table, and the indexes of its times, which may be in several columns.

        "year,month", on to the minute, or "date,time" stand in the first of the columns then.
        """
        names = which.split(",")
        if not 2 <= len(names) <= 5 or which in self.names:
            return self, [self.find(which)]
        indexes = [self.find(name) for name in names]
        columns = list(self.columns)
        texts = date_and_clock([columns[index] for index in indexes])
        if texts is None:
            parts = [self._part_of_date(index, place) for place, index in enumerate(indexes)]
            texts = joined_parts(parts)
        columns[indexes[0]] = texts
        return replace(self, columns=columns), indexes

    def _part_of_date(self, index: int, place: int) -> NDArray[np.float64]:
        try:
            return part_of_date(self.columns[index], place)
        except RowsError as error:
            raise self.error(index, error) from None

    def begins_with_date(self, index: int) -> bool:
        """Return whether a column has dates, by its first cell."""
        column = self.columns[index]
        if column.dtype.kind == "M" or (column.size and kind_of(str(column[0])) == "date"):
            return True
        if self.date_format is not None:
            with suppress(RowsError):
                as_times(column[:1], form=self.date_format)
                return bool(column.size)
        return False

    def date_format_of(self, index: int) -> str:
        """Return the --date-format that would make dates of a column, for a shell; or ""."""
        form = likely_form(self.columns[index]) if self.date_format is None else ""
        return shlex.quote(form) if form else ""

    def looks_like_times(self, index: int) -> bool:
        """Return whether a column begins with a date, or has numbers that rise in even steps."""
        if self.begins_with_date(index):
            return True
        try:
            self.time_axis(index)
        except DataError:
            return False
        return self.n_rows > 3  # any two numbers are evenly spaced, and many a three

    def likely_times(self, but: Sequence[int] = ()) -> int | None:
        """Return the first column that looks like times, of those left; None if none does."""
        left = (index for index in range(len(self.names)) if index not in but)
        return next(filter(self.looks_like_times, left), None)

    def error(self, index: int, fault: RowsError) -> DataError:
        """Return the fault of a column as the error that says where it is."""
        where = self.source
        if fault.rows:
            where += f", {self.place} {self.lines[fault.rows[0]]}"
        title = self.title(index)
        text = f"{where}: {f'column {title!r}' if self.names[index] else title} {fault.reason}"
        more = [str(self.lines[row]) for row in fault.rows[1 : _LISTED_LINES + 1]]
        if more:
            left = len(fault.rows) - 1 - len(more)
            text += f"; also {self.place}{'s' if len(more) > 1 else ''} {', '.join(more)}"
            text += f" and {left} more" if left else ""
        return DataError(f"{text}. {fault.remedy}".rstrip())

    def _listing(self) -> str:
        many = len(self.names)
        if not any(self.names):
            return f"There are {many} columns without names: give a number from 1 to {many}."
        shown = [f"{i + 1} {name or '(no name)'}" for i, name in enumerate(self.names)]
        rest = f", and {many - _LISTED_COLUMNS} more" if many > _LISTED_COLUMNS else ""
        return f"Columns, by number and name: {', '.join(shown[:_LISTED_COLUMNS])}{rest}."
