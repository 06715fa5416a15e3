"""A table of columns, and the one error that all faults of a file are told by."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import fields
from .times import TimeAxis, as_time_axis

__all__ = ["DataError", "Table"]

# How many lines, names or values a message lists before it says "and so many more".
_LISTED = 5
# A table of fewer rows than this with more columns than rows is more likely a transposed one.
_FEW_ROWS = 16


class DataError(ValueError):
    """A file that cannot be read, or whose content cannot be used; the message says where."""


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of a file, not yet converted.

    Parameters
    ----------
    source : str
        Name of the file, for messages.
    names : tuple of str
        Names of the columns; "" for one without a name.
    columns : sequence
        For each column the texts of its fields (list of str), or an array.
    lines : sequence of int
        For each row where it is in the file.
    place : str
        What `lines` counts, "line" or "row".
    missing : tuple of str
        Texts that stand for missing values, besides the usual ones.
    digest : str
        SHA-256 of the file, in hexadecimal digits.

    Examples
    --------
    >>> table = Table("x.csv", ("t", "y"), [["1", "2"], ["0.5", "n/a"]], [2, 3])
    >>> table.numbers("t")
    array([1., 2.])
    >>> table.numbers("y")
    Traceback (most recent call last):
        ...
    pycwt_mod.tables.table.DataError: x.csv, line 3: column 'y' has a missing value ('n/a')...
    """

    source: str
    names: tuple[str, ...]
    columns: Sequence[Any]
    lines: Sequence[int]
    place: str = "line"
    missing: tuple[str, ...] = ()
    digest: str = ""

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

    def find(self, which: str) -> int:
        """Return the index of a column.

        Parameters
        ----------
        which : str
            Its name, in any case if only one fits; or its number, from 1.

        Raises
        ------
        DataError
            If there is no such column, or several bear the name.
        """
        wanted = which.strip()
        for key in (str, str.casefold):
            found = [i for i, name in enumerate(self.names) if name and key(name) == key(wanted)]
            if len(found) > 1:
                numbers_ = " and ".join(str(i + 1) for i in found)
                raise DataError(
                    f"{self.source}: {len(found)} columns are named {wanted!r}. Give a number: "
                    f"{numbers_}."
                )
            if found:
                return found[0]
        if wanted.isdecimal() and 1 <= int(wanted) <= len(self.names):
            return int(wanted) - 1
        near = difflib.get_close_matches(wanted, [n for n in self.names if n], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise DataError(f"{self.source}: there is no column {which!r}.{hint} {self._listing()}")

    def numbers(self, which: str | int) -> NDArray[np.float64]:
        """Return a column as numbers.

        Parameters
        ----------
        which : str or int
            As `find` takes it, or the index that `find` returned.

        Raises
        ------
        DataError
            If a field is no number, missing or infinite; the message has its line.
        """
        index = which if isinstance(which, int) else self.find(which)
        column = self.columns[index]
        values, fault = (
            fields.from_texts(column, self.missing)
            if isinstance(column, list)
            else fields.from_array(column, self.missing)
        )
        if fault is not None:
            raise self._error(index, fault)
        self._check_size(index)
        return values

    def time_axis(self, which: str | int, unit: str | None = None) -> TimeAxis:
        """Return a column as evenly spaced times.

        Parameters
        ----------
        which : str or int
            As in `numbers`.
        unit : str, optional
            Unit of time for dates, "days" by default; a label for numbers.

        Raises
        ------
        DataError
            If the times cannot be read, do not increase, or are not evenly spaced; the message
            has the line.
        """
        index = which if isinstance(which, int) else self.find(which)
        axis, fault = as_time_axis(self.columns[index], unit, self.missing)
        if fault is not None or axis is None:
            raise self._error(index, fault or fields.Fault("cannot be read as times"))
        return axis

    def looks_like_times(self, index: int) -> bool:
        """Return whether a column begins with a date, or has numbers that rise in even steps."""
        column = self.columns[index]
        if isinstance(column, list):
            dates = bool(column) and fields.kind_of(column[0]) == "date"
        else:
            dates = np.asarray(column).dtype.kind == "M"
        # Any two numbers are evenly spaced, and many a three.
        return dates or (self.n_rows > 3 and as_time_axis(column, None, self.missing)[1] is None)

    def _check_size(self, index: int) -> None:
        if self.n_rows < _FEW_ROWS and len(self.names) > max(self.n_rows, _FEW_ROWS):
            raise DataError(
                f"{self.source}: has {self.n_rows} rows of {len(self.names)} columns, and a "
                "series must be a column. Save the transposed table (`array.T`)."
            )

    def _error(self, index: int, fault: fields.Fault) -> DataError:
        where = self.source
        if fault.rows:
            where += f", {self.place} {self.lines[fault.rows[0]]}"
        text = f"{where}: column {self._title(index)} {fault.reason}"
        more = [str(self.lines[row]) for row in fault.rows[1 : _LISTED + 1]]
        if more:
            left = len(fault.rows) - 1 - len(more)
            text += f"; also {self.place}{'s' if len(more) > 1 else ''} {', '.join(more)}"
            text += f" and {left} more" if left else ""
        return DataError(f"{text}. {fault.remedy}".rstrip())

    def _title(self, index: int) -> str:
        return repr(self.title(index)) if self.names[index] else str(index + 1)

    def _listing(self) -> str:
        many = len(self.names)
        if not any(self.names):
            return f"There are {many} columns without names: give a number from 1 to {many}."
        shown = [f"{i + 1} {name or '(no name)'}" for i, name in enumerate(self.names)]
        rest = "" if many <= 20 else f", and {many - 20} more"
        return f"Columns, by number and name: {', '.join(shown[:20])}{rest}."
