"""Computed distributions on disk: found again by a name for everything that determined them.

Files are written under another name and then renamed, and never changed, so any number of processes
may read and write at once. A file that is damaged, foreign or from a newer version is passed over
with a warning. It is data only: nothing in it is run.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .files import DAMAGE
from .validation import warn_user

logger = logging.getLogger("pycwt_mod")

T = TypeVar("T")

# Anything larger than this many times what the arrays need is not a file of ours.
_SLACK = 2
_FACTS_BYTES = 2**20

# A temporary file older than this was left by a process that was killed: writing takes seconds. By
# the clock of the folder's own file system, which other machines may share.
_ABANDONED_SECONDS = 24 * 3600.0


def digest_of(values: NDArray[np.float64]) -> str:
    """Return a name for numbers."""
    return hashlib.sha256(np.ascontiguousarray(values, dtype="<f8").tobytes()).hexdigest()


def store(target: Path, write: Callable[[Any], object]) -> bool:
    """Write a file of the cache, or warn that its folder cannot be written; return which."""
    folder, temporary = target.parent, None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".null-", suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            write(stream)
        _remove_abandoned(folder, Path(temporary).stat().st_mtime)
        Path(temporary).replace(target)
        logger.debug("null distribution stored in %s", target)
    except OSError as error:
        warn_user(
            f"the null distribution could not be cached in {str(folder)!r} ({error}); "
            "the result is complete all the same. Set PYCWT_MOD_CACHE_DIR to a folder that "
            "can be written, or pass cache=False."
        )
        return False
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink(missing_ok=True)
    return True


def recall(path: Path, load: Callable[[Path], T], is_sound: Callable[[T], bool]) -> T | None:
    """Read a file of the cache; None if it is not there or not sound."""
    try:
        _refuse_oversized(path)
        found = load(path)
        if is_sound(found):
            logger.debug("null distribution read from %s", path)
            return found
        reason = "its content does not fit the problem"
    except (FileNotFoundError, NotADirectoryError):  # or removed since the folder was listed
        return None
    except DAMAGE as error:
        reason = str(error) or type(error).__name__
    warn_user(
        f"the cached null distribution {str(path)!r} is damaged or not from this version of "
        f"pycwt_mod ({reason}); it is ignored, and computed again. "
        "Delete it if this warning returns."
    )
    return None


def _remove_abandoned(folder: Path, now: float) -> None:
    """Remove temporary files that were written long before `now`, the time of a new one.

    Only plain files of that very name are touched. Where one is still being written after all, its
    writer's renaming fails, which is a warning there.
    """
    for path in folder.glob(".null-*.tmp"):
        with contextlib.suppress(OSError):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and now - status.st_mtime > _ABANDONED_SECONDS:
                path.unlink()


def _refuse_oversized(path: Path) -> None:
    """Raise ValueError for an archive whose members would unpack to more than the file holds.

    Ours are not compressed, so a member can only be larger than the file in a hostile one. A
    device or a pipe might be read for ever.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is no plain file")
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > _SLACK * path.stat().st_size + _FACTS_BYTES:
            raise ValueError(f"it would unpack to {unpacked} bytes")
