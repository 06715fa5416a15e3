"""Arrays in temporary files, which all worker processes of a machine map and so hold once."""

from __future__ import annotations

import contextlib
import errno
import math
import mmap
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..validation import warn_user

# How a disk says that it is full, or that the user has no more of it.
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))

# Bytes of zeros that are written at a time.
_PIECE = 1 << 20


def mapped_arrays(
    stack: contextlib.ExitStack, shape: tuple[int, ...], *dtypes: type
) -> tuple[NDArray[Any], ...]:
    """Return arrays in temporary files, which go when the stack is closed.

    Where the disk has no room for them they are plain arrays, and a warning says so.
    """
    sizes = [math.prod(shape) * np.dtype(dtype).itemsize for dtype in dtypes]
    # Windows does not remove a file that is still mapped; the system's clean-up does it later.
    folder = Path(
        stack.enter_context(
            tempfile.TemporaryDirectory(prefix="pycwt_mod-", ignore_cleanup_errors=True)
        )
    )
    paths = [folder / f"{number}.bin" for number in range(len(dtypes))]
    if _have_room(paths, sizes):
        return tuple(
            np.memmap(path, dtype=dtype, mode="r+", shape=shape)
            for path, dtype in zip(paths, dtypes, strict=True)
        )
    warn_user(
        f"The temporary folder {str(folder.parent)!r} has no room for the {sum(sizes)} bytes of "
        "the transforms; they are kept in memory, and each worker process may need a copy. Set "
        "TMPDIR to a folder on a larger disk."
    )
    return tuple(np.zeros(shape, dtype) for dtype in dtypes)


def put(array: NDArray[Any], place: int, values: NDArray[Any]) -> None:
    """Write one entry of an array along its first axis, which may be mapped.

    Then it goes through the file: a page that is first touched by a write to the map takes ten
    times as long. Only POSIX has one view of a file for both.
    """
    if os.name != "posix" or not isinstance(array, np.memmap):
        array[place] = values
        return
    entry = np.ascontiguousarray(np.broadcast_to(values, array.shape[1:]), array.dtype)
    with Path(str(array.filename)).open("r+b") as stream:
        stream.seek(place * entry.nbytes)
        stream.write(entry.data)


def let_go(array: NDArray[Any]) -> None:
    """Give the pages of a mapped array back to the system, which keeps them as long as it can.

    Otherwise each worker seems to grow by the whole file, and loky takes that for a leak.
    """
    pages: Any = array.base
    advice = getattr(mmap, "MADV_DONTNEED", None)
    if isinstance(pages, mmap.mmap) and advice is not None:
        pages.madvise(advice)


def _have_room(paths: Sequence[Path], sizes: Sequence[int]) -> bool:
    """Make files of these sizes, or none of them where the disk is too full."""
    try:
        for path, size in zip(paths, sizes, strict=True):
            _reserve(path, size)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        for path in paths:
            path.unlink(missing_ok=True)
        return False
    return True


def _reserve(path: Path, size: int) -> None:
    """Make a file that has its place on the disk; OSError if there is none.

    Writing to a map of a file without one would end the process (SIGBUS).
    """
    with path.open("wb") as stream:
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(stream.fileno(), 0, size)
            except OSError as error:
                if error.errno in _FULL:
                    raise
            else:
                return
        # No such call on this platform, or none for this file system.
        for start in range(0, size, _PIECE):
            stream.write(bytes(min(_PIECE, size - start)))
