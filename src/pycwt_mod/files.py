"""Files of arrays: whole or not there, and read without running anything in them."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAMAGE", "check_suffix", "new_file", "read_arrays", "write_arrays"]

# What reading a damaged or foreign file can raise: the archive, its members, their headers.
DAMAGE = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    EOFError,
    OverflowError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextlib.contextmanager
def new_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file that takes the place of an earlier one when it is whole, and not before."""
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():  # a device; or a folder, which is refused
        with target.open("wb") as stream:
            yield stream
        return
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"`path` must be in a folder that exists, got {os.fspath(path)!r}. Make the folder "
            "first."
        )
    part = target.with_name(f".part-{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with part.open("xb") as stream:
            yield stream
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def check_suffix(path: str | os.PathLike[str]) -> None:
    """Raise ValueError if a name is that of a file of another format; ".95" is no suffix."""
    if re.fullmatch(r"\.[A-Za-z]\w*", Path(path).suffix) and Path(path).suffix.lower() != ".npz":
        raise ValueError(
            f"`path` must end in .npz or have no suffix, got {os.fspath(path)!r}: it is an archive "
            f"of arrays. Pass {os.fspath(Path(path).with_suffix('.npz'))!r}."
        )


def write_arrays(
    path: str | os.PathLike[str], arrays: Mapping[str, Any], *, compress: bool = False
) -> None:
    """Write arrays without objects to a .npz file, whose name is taken as it is."""
    check_suffix(path)
    plain: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items()}
    # NumPy 2.0 knows no `allow_pickle` here.
    objects = [name for name, array in plain.items() if array.dtype.hasobject]
    if objects:
        raise TypeError(f"{objects[0]!r} must be an array of numbers, dates or text.")
    with new_file(path) as stream:
        (np.savez_compressed if compress else np.savez)(stream, **plain)


def read_arrays(
    path: str | os.PathLike[str], names: Iterable[str] | None = None
) -> dict[str, NDArray[Any]]:
    """Read the arrays of a .npz file, by default all; ValueError if it is damaged or none."""
    with open(path, "rb") as stream:  # noqa: PTH123  (np.load leaves a damaged file open)
        try:
            loaded = np.load(stream, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                raise ValueError("it holds one array without a name")
            with loaded as content:
                return {name: content[name] for name in names or content.files}
        except DAMAGE as error:
            # NumPy takes any other file for pickled objects, and advises to load these.
            reason = "" if "pickle" in str(error) else f": {error}".rstrip(": ")
            raise ValueError(f"it is damaged or no .npz file{reason}") from error


def made_folder(path: Path, variable: str) -> Path:
    """Return a folder, made if it is not there; OSError names it, and the variable that sets it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise type(error)(
            f"the folder {str(path)!r} cannot be made ({error.strerror}). Set {variable} to "
            "one that can be written."
        ) from None
    return path
