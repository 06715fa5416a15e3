"""Where fields and intermediate results live: in memory, in a folder of .npz files, or in zarr.

A folder is written pair by pair, each file under another name and then renamed, so that what bears
its right name is whole. A run that is broken off goes on with the pairs that are missing. What the
pairs depend on is written first and compared: other data or parameters are an error.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import math
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..validation import brief, warn_user

Arrays = Mapping[str, NDArray[Any]]
Loaded = dict[str, NDArray[Any]]
Shapes = dict[str, tuple[int, ...]]

_FORMAT = "pycwt_mod coherence matrix"
_VERSION = 1
_MANIFEST = "matrix.json"

# What reading a damaged file can raise.
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)

# How a disk says that it is full, or that the user has no more of it.
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))

# Zeros are written in pieces of so many bytes.
_PIECE = 1 << 20


class Store(Protocol):
    """A place for named groups of arrays, such as the fields of a pair."""

    def write(self, name: str, arrays: Arrays) -> None:
        """Keep arrays under a name; they count when all are written."""

    def read(self, name: str, keys: Sequence[str] | None = None) -> Loaded | None:
        """Return (some of) the arrays of a name; None if they are not there, or not whole."""

    def shapes(self, name: str) -> Shapes:
        """Return the shapes of the arrays of a name without reading them; none if not whole."""

    def claim(self, facts: Mapping[str, Any]) -> None:
        """Take the place for a run with these facts; ValueError if it holds one with others."""


class MemoryStore:
    """Arrays kept in memory."""

    def __init__(self) -> None:
        self._groups: dict[str, Loaded] = {}

    def write(self, name: str, arrays: Arrays) -> None:
        """Keep arrays."""
        self._groups[name] = dict(arrays)

    def read(self, name: str, keys: Sequence[str] | None = None) -> Loaded | None:
        """Return arrays."""
        return self._groups.get(name)

    def shapes(self, name: str) -> Shapes:
        """Return shapes."""
        return {key: array.shape for key, array in self._groups.get(name, {}).items()}

    def claim(self, facts: Mapping[str, Any]) -> None:
        """Accept anything: memory is new."""


class FolderStore:
    """A folder with a .npz file for each name.

    Parameters
    ----------
    folder : pathlib.Path
        Made when it is claimed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"FolderStore({str(self.folder)!r})"

    def write(self, name: str, arrays: Arrays) -> None:
        """Write a file; it has its name when it is whole."""
        with self._new_file(f"{name}.npz") as stream:
            np.savez(stream, **dict(arrays))  # type: ignore[arg-type, unused-ignore]

    def read(self, name: str, keys: Sequence[str] | None = None) -> Loaded | None:
        """Read a file."""
        try:
            with (
                open(self.folder / f"{name}.npz", "rb") as stream,  # noqa: PTH123  (np.load leaves
                # a damaged file open that it has opened itself)
                np.load(stream, allow_pickle=False) as content,
            ):
                return {key: content[key] for key in keys or content.files}
        except _DAMAGE:
            return None

    def shapes(self, name: str) -> Shapes:
        """Read the headers in a file."""
        try:
            with zipfile.ZipFile(self.folder / f"{name}.npz") as content:
                return {
                    member.removesuffix(".npy"): _shape_in(content, member)
                    for member in content.namelist()
                }
        except _DAMAGE:
            return {}

    def claim(self, facts: Mapping[str, Any]) -> None:
        """Write the facts, or compare them with those of the run that is there."""
        path = self.folder / _MANIFEST
        if path.exists():
            _compare(_facts_in(path), facts, self.folder)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        strangers = [name for name in os.listdir(self.folder) if not name.startswith(".")]  # noqa: PTH208
        if strangers:
            raise ValueError(
                f"`out` must be a new or empty folder, or one of an earlier run, got "
                f"{str(self.folder)!r} with {strangers[0]!r} in it. Choose another folder."
            )
        with self._new_file(_MANIFEST) as stream:
            stream.write(json.dumps(_manifest(facts), indent=1).encode())

    @contextlib.contextmanager
    def _new_file(self, name: str) -> Iterator[Any]:
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".part-", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as stream:
                yield stream
            Path(temporary).replace(self.folder / name)
        finally:
            Path(temporary).unlink(missing_ok=True)


class ZarrStore:
    """A zarr store with a group for each name.

    Parameters
    ----------
    folder : pathlib.Path
        Ends in ".zarr".
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._zarr: Any = importlib.import_module("zarr")
        except ImportError:
            raise ImportError(
                f"`out` ends in '.zarr', got {str(folder)!r}, but zarr is not installed. Install "
                "it by `pip install pycwt_mod[zarr]`, or choose a folder for .npz files."
            ) from None

    def __repr__(self) -> str:
        return f"ZarrStore({str(self.folder)!r})"

    def write(self, name: str, arrays: Arrays) -> None:
        """Write a group; it counts when its last attribute is there."""
        root = self._root()
        if name in root:  # broken off
            shutil.rmtree(self.folder / name)
        group = root.create_group(name)
        for key, array in arrays.items():
            if array.dtype.kind == "U":  # zarr has no standard for fixed-length text yet
                group.attrs[key] = array.tolist()
            else:
                group.create_array(key, data=np.ascontiguousarray(array))
        group.attrs["complete"] = True

    def read(self, name: str, keys: Sequence[str] | None = None) -> Loaded | None:
        """Read a group."""
        group = self._whole(name)
        if group is None:
            return None
        try:
            return {key: np.asarray(group[key][...]) for key in keys or list(group.array_keys())}
        except _DAMAGE:
            return None

    def shapes(self, name: str) -> Shapes:
        """Read what a group says of its arrays."""
        group = self._whole(name)
        try:
            return {} if group is None else {key: array.shape for key, array in group.arrays()}
        except _DAMAGE:
            return {}

    def _whole(self, name: str) -> Any:
        """Return a group; None if it is not there, or was not finished."""
        root = self._root()
        if name not in root or not root[name].attrs.get("complete", False):
            return None
        return root[name]

    def claim(self, facts: Mapping[str, Any]) -> None:
        """Write the facts as attributes, or compare them."""
        if self.folder.exists() and any(self.folder.iterdir()):
            try:
                known = json.loads(self._root().attrs["matrix"])
            except (KeyError, ValueError, FileNotFoundError):
                raise _not_ours(self.folder) from None
            _compare(known, facts, self.folder)
            return
        self._zarr.open_group(str(self.folder), mode="a").attrs["matrix"] = json.dumps(
            _manifest(facts)
        )

    def _root(self) -> Any:
        return self._zarr.open_group(str(self.folder), mode="r+")


def as_store(out: Any, fields: Any) -> Store | None:
    """Return where the user wants the fields; None: nowhere."""
    if fields not in (None, "memory"):
        raise ValueError(f"`fields` must be None or 'memory', got {brief(fields)}.")
    if out is None:
        return MemoryStore() if fields == "memory" else None
    if fields is not None:
        raise ValueError("`fields` must be left out with `out`, which keeps them on disk.")
    if not isinstance(out, str | os.PathLike):
        raise TypeError(f"`out` must be a path, got {brief(out)}.")
    folder = Path(out).expanduser()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"`out` must be a folder, got the file {str(folder)!r}.")
    return ZarrStore(folder) if folder.suffix == ".zarr" else FolderStore(folder)


def _shape_in(content: zipfile.ZipFile, member: str) -> tuple[int, ...]:
    """Return the shape of an array in a .npz file."""
    with content.open(member) as stream:
        is_old = np.lib.format.read_magic(stream) == (1, 0)
        header = "read_array_header_1_0" if is_old else "read_array_header_2_0"
        shape, _, _ = getattr(np.lib.format, header)(stream)
    return tuple(shape)


def _manifest(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"format": _FORMAT, "version": _VERSION, **facts}


def _facts_in(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise _not_ours(path.parent) from None


def _not_ours(folder: Path) -> ValueError:
    return ValueError(
        f"`out` must be a new or empty folder, or one of an earlier run, got {str(folder)!r}, "
        "which is neither. Choose another folder."
    )


def _compare(known: Any, facts: Mapping[str, Any], folder: Path) -> None:
    """Raise ValueError unless the facts of an earlier run are those of this one."""
    wanted = json.loads(json.dumps(_manifest(facts)))
    if not isinstance(known, dict) or known.get("format") != _FORMAT:
        raise _not_ours(folder)
    other = [key for key in {**wanted, **known} if wanted.get(key) != known.get(key)]
    if other:
        shown = ", ".join(
            f"{key} = {known.get(key)!r:.40} there, {wanted.get(key)!r:.40} now"
            for key in other[:3]
        )
        raise ValueError(
            f"`out` must be the folder of a run with the same data and parameters, or a new one, "
            f"got {str(folder)!r} with {shown}. Choose another folder, or delete this one."
        )


def mapped_arrays(
    shape: tuple[int, ...], *dtypes: type
) -> contextlib.AbstractContextManager[tuple[NDArray[Any], ...]]:
    """Give arrays in temporary files, which worker processes map and so hold once in memory.

    Where the disk has no room for them they are plain arrays, and a warning says so.
    """
    sizes = [math.prod(shape) * np.dtype(dtype).itemsize for dtype in dtypes]
    with contextlib.ExitStack() as stack:
        # Windows does not remove a file that is still mapped; the system's clean-up does it later.
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="pycwt_mod-", ignore_cleanup_errors=True)
        )
        paths = [Path(folder) / f"{number}.bin" for number in range(len(dtypes))]
        arrays: tuple[NDArray[Any], ...]
        if _have_room(paths, sizes):
            arrays = tuple(
                np.memmap(path, dtype=dtype, mode="r+", shape=shape)
                for path, dtype in zip(paths, dtypes, strict=True)
            )
        else:
            warn_user(
                f"The temporary folder {str(Path(folder).parent)!r} has no room for the "
                f"{sum(sizes)} bytes of the transforms; they are kept in memory, and each worker "
                "process may need a copy. Set TMPDIR to a folder on a larger disk."
            )
            arrays = tuple(np.zeros(shape, dtype) for dtype in dtypes)
        return _lent(arrays, stack.pop_all())


@contextlib.contextmanager
def _lent(
    arrays: tuple[NDArray[Any], ...], stack: contextlib.ExitStack
) -> Iterator[tuple[NDArray[Any], ...]]:
    # A generator that warned would have the warning point into contextlib.
    with stack:
        yield arrays


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
