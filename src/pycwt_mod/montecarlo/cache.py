"""Null distributions on disk: found again by a name for everything that determined them.

One file holds one run: ``null-<key>-<number of surrogates>.npz``. Files are written under another
name and then renamed, and never changed, so any number of processes may read and write at once. A
file that is damaged, foreign or from a newer version is passed over with a warning. It is data
only: nothing in it is run.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from ..files import DAMAGE
from ..validation import warn_user
from .null import NullDistribution

logger = logging.getLogger("pycwt_mod")

# Anything larger than this many times what the counts need is not a file of ours.
_SLACK = 2
_FACTS_BYTES = 2**20

# A temporary file older than this was left by a process that was killed: writing takes seconds. By
# the clock of the folder's own file system, which other machines may share.
_ABANDONED_SECONDS = 24 * 3600.0


class NullCache:
    """A folder of null distributions, made when the first one is stored."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(
        self,
        key: str,
        wanted: int,
        *,
        more_is_fine: bool,
        is_sound: Callable[[NullDistribution], bool],
    ) -> NullDistribution | None:
        """Return the stored run of a problem that spares the most work of those `wanted`, or None.

        A run of more surrogates answers the question too if `more_is_fine`. It does not for a
        seeded one, whose answer must not depend on earlier questions. `is_sound` tells if a
        distribution can belong to the problem at all.
        """
        sizes = self._sizes(key)
        if more_is_fine:
            candidates = sorted(sizes, reverse=True)
        else:
            candidates = sorted((size for size in sizes if size <= wanted), reverse=True)
        for size in candidates:
            found = self._read(self._path(key, size), is_sound)
            if found is not None and found.n_surrogates == size:
                return found
        return None

    def store(self, key: str, null: NullDistribution) -> None:
        """Keep a distribution; a folder that cannot be written is a warning, not an error."""
        target = self._path(key, null.n_surrogates)
        temporary = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".null-", suffix=".tmp")
            with os.fdopen(handle, "wb") as stream:
                null.write(stream)
            _remove_abandoned(self._folder, Path(temporary).stat().st_mtime)
            Path(temporary).replace(target)
            logger.debug("null distribution stored in %s", target)
        except OSError as error:
            warn_user(
                f"the null distribution could not be cached in {str(self._folder)!r} ({error}); "
                "the result is complete all the same. Set PYCWT_MOD_CACHE_DIR to a folder that "
                "can be written, or pass cache=False."
            )
        finally:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink(missing_ok=True)

    def _path(self, key: str, size: int) -> Path:
        return self._folder / f"null-{key}-{size}.npz"

    def _sizes(self, key: str) -> list[int]:
        pattern = re.compile(rf"null-{re.escape(key)}-([1-9][0-9]{{0,17}})\.npz")
        try:
            names = os.listdir(self._folder)  # noqa: PTH208  (names are all that is needed)
        except OSError:
            return []
        return [int(match[1]) for name in names if (match := pattern.fullmatch(name))]

    def _read(
        self, path: Path, is_sound: Callable[[NullDistribution], bool]
    ) -> NullDistribution | None:
        try:
            _refuse_oversized(path)
            null = NullDistribution.load(path)
            if is_sound(null):
                logger.debug("null distribution read from %s", path)
                return null
            reason = "its counts do not fit the problem"
        except FileNotFoundError:  # removed by someone else since the folder was listed
            return None
        except DAMAGE as error:
            reason = str(error) or type(error).__name__
        warn_user(
            f"the cached null distribution {str(path)!r} is damaged or not from this version of "
            f"pycwt_mod ({reason}); it is ignored. Delete it to be rid of this warning."
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
