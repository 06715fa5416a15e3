"""Opening a file, whose first bytes tell its format."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..time_axis import RowsError
from .table import DataError, Table, needing_pandas
from .text import parse_text

STDIN = "-"

_COMPRESSED: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\x00": lzma.decompress,
}
_EXPORT = "Export the series to CSV, by xarray for example: `ds['x'].to_series().to_csv('x.csv')`."
_EXCEL = "is an Excel workbook. Save the sheet as CSV."
_FOREIGN = {
    b"\x89HDF": f"is an HDF5 or netCDF-4 file. {_EXPORT}",
    b"CDF": f"is a netCDF file. {_EXPORT}",
    b"%PDF": "is a PDF.",
    b"MATLAB 5.0": "is a MATLAB file. In MATLAB, use writematrix(x, 'x.csv').",
    b"\xd0\xcf\x11\xe0": _EXCEL,
}


def read_table(
    path: str | PathLike[str],
    missing: tuple[str, ...] = (),
    header: bool | None = None,
    skip: int = 0,
) -> Table:
    r"""Read a table of series.

    Parameters
    ----------
    path : str or path
        The file; "-" for standard input. Text (columns separated by commas, semicolons, tabs,
        bars or spaces), ``.npy``, ``.npz``, or Parquet if pandas can read it; text may be
        compressed by gzip, bzip2 or xz. The content decides, not the name.
    missing : tuple of str, optional
        Texts that stand for missing values, besides empty fields, NaN, NA and the like.
    header : bool, optional
        Whether a text begins with a row of names; by default that is seen from its content.
    skip : int, optional
        Number of lines of a text before its table.

    Returns
    -------
    Table
        Rows are times. In ``.npz`` files each array is a column, or one array of two axes all.

    Raises
    ------
    DataError
        If the file does not exist, or holds no table; the message says where.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "x.csv")
    ...     _ = path.write_text("year;ice\n1900;1,5\n1901;2,5\n")
    ...     read_table(path).numbers("ice")
    array([1.5, 2.5])
    """
    source = "<stdin>" if str(path) == STDIN else str(path)
    try:
        content = _read(path)
        table = _parse(_unpacked(content), Path(source).stem, header, skip, missing)
    except RowsError as fault:
        where = f"{source}, line {fault.rows[0]}" if fault.rows else source
        raise DataError(f"{where}: {fault.reason}") from fault
    digest = hashlib.sha256(content).hexdigest()
    return replace(table, source=source, missing=missing, digest=digest)


def _read(path: str | PathLike[str]) -> bytes:
    if str(path) == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise RowsError("there is no such file.") from None
    except IsADirectoryError:
        raise RowsError("is a folder, not a file.") from None
    except OSError as error:
        raise RowsError(f"cannot be read ({error.strerror or error}).") from error


def _parse(
    content: bytes, name: str, header: bool | None, skip: int, missing: tuple[str, ...]
) -> Table:
    """Return the table in a file of any format; a series that has no name takes that given."""
    for magic, words in _FOREIGN.items():
        if content.startswith(magic):
            raise RowsError(words)
    if content.startswith(b"\x93NUMPY"):
        return _from_arrays({"": _load(content)})
    if content.startswith(b"PK\x03\x04"):
        return _from_arrays(_arrays_of_zip(content))
    if content.startswith(b"PAR1"):
        return _from_parquet(content)
    return parse_text(_decode(content), name, header, skip, missing)


def _unpacked(content: bytes) -> bytes:
    for magic, unpack in _COMPRESSED.items():
        if content.startswith(magic):
            try:
                return unpack(content)
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
                raise RowsError(f"is damaged ({error}).") from error
    return content


def _decode(content: bytes) -> str:
    """Return text in UTF-8, in UTF-16 as Excel writes it, or in Latin-1."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    if b"\x00" in content[:4096]:
        raise RowsError(
            "is no text, and none of the formats .npy, .npz and Parquet. Export the series to CSV."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _load(content: bytes) -> Any:
    """Return the content that NumPy reads: an array, or all arrays of an archive."""
    try:
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        return loaded if isinstance(loaded, np.ndarray) else dict(loaded)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise RowsError(f"cannot be read by NumPy ({reason}).") from error


def _arrays_of_zip(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the series of an .npz: its arrays of one axis, or its only array of two."""
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except zipfile.BadZipFile as error:
        raise RowsError(f"is damaged ({error}).") from error
    if any(name.startswith("xl/") for name in names):
        raise RowsError(f"{_EXCEL}")
    if not names or not all(name.endswith(".npy") for name in names):
        raise RowsError("is a zip archive. Unpack it, and name the file in it.")
    arrays = _load(content)
    series = {name: array for name, array in arrays.items() if array.ndim == 1 and array.size > 1}
    tables = {name: array for name, array in arrays.items() if array.ndim == 2}
    if not series and len(tables) > 1:
        raise RowsError(
            f"has {len(tables)} arrays of two axes, {', '.join(tables)}, where one is a table. "
            "Save the series as arrays of one axis."
        )
    return series or tables


def _from_arrays(arrays: dict[str, NDArray[Any]]) -> Table:
    columns: list[tuple[str, NDArray[Any]]] = []
    for name, array in arrays.items():
        if array.dtype.names:
            columns += [(field, array[field].ravel()) for field in array.dtype.names]
        elif array.ndim in (1, 2):
            columns += [(name, array)] if array.ndim == 1 else [("", row) for row in array.T]
        else:
            raise RowsError(f"must have the axes (time, series), got shape {array.shape}.")
    sizes = {column.size for _, column in columns}
    if not any(sizes):
        raise RowsError("holds no series.")
    if len(sizes) > 1:
        listed = ", ".join(f"{name} ({column.size})" for name, column in columns)
        raise RowsError(f"series must have the same length, got {listed}.")
    return _table_of_rows(columns)


def _from_parquet(content: bytes) -> Table:
    try:
        with needing_pandas():
            import pandas

            frame = pandas.read_parquet(io.BytesIO(content))
    except RowsError:
        raise
    except Exception as error:  # each engine has its own
        reason = " ".join(str(error).split())
        raise RowsError(f"cannot be read by pandas ({reason}).") from error
    if frame.index.name is not None or frame.index.dtype.kind == "M":
        frame = frame.reset_index()
    if frame.empty:
        raise RowsError("holds no rows.")
    columns = [
        (str(name), column.to_numpy(dtype=float, na_value=np.nan))
        if pandas.api.types.is_numeric_dtype(column)
        else (str(name), column.to_numpy())
        for name, column in frame.items()
    ]
    return _table_of_rows(columns)


def _table_of_rows(columns: list[tuple[str, NDArray[Any]]]) -> Table:
    names, arrays = zip(*columns, strict=True)
    return Table("", names, arrays, range(1, arrays[0].size + 1), "row")
