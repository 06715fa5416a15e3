"""Places that keep the fields of pairs and the simulations behind them: memory, or a folder.

A folder is written pair by pair. Each file is written under another name and then renamed, so a
file with its proper name is whole, also after Ctrl-C, and when two runs write at once. A run that
was broken off goes on with the pairs that are missing. A manifest holds the parameters of the run
and a digest of its data: a run with others is refused.
"""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import DAMAGE, new_file, read_arrays, write_arrays
from ..validation import brief

Arrays = Mapping[str, NDArray[Any]]
Loaded = dict[str, NDArray[Any]]
Shapes = Mapping[str, tuple[int, ...]]

_FORMAT = "pycwt_mod coherence matrix"
_VERSION = 1
_MANIFEST = "matrix.json"


class Store:
    """A place for named groups of arrays, such as the fields of a pair; this one keeps nothing."""

    keeps_fields = False

    def claim(self, facts: Mapping[str, Any]) -> None:
        """Take the place for a run with these facts; ValueError if it holds one with others."""

    def write(self, name: str, arrays: Arrays) -> None:
        """Keep arrays under a name; they count when all are written."""

    def read(self, name: str) -> Loaded | None:
        """Return the arrays of a name; None if they are not there, or not whole."""
        return None

    def recall(self, name: str, shapes: Shapes, keys: tuple[str, ...]) -> Loaded | None:
        """Return some arrays that an earlier run left, if all there have their shapes."""
        return None

    def record(self) -> tuple[Any, Loaded]:
        """Return what a file of the result needs of this place: JSON values, and arrays."""
        return None, {}


class MemoryStore(Store):
    """Arrays kept in memory, for one run."""

    keeps_fields = True

    def __init__(self, arrays: Arrays | None = None) -> None:
        self._groups: dict[str, Loaded] = {}
        for path, array in (arrays or {}).items():
            name, _, key = path.rpartition("/")
            self._groups.setdefault(name, {})[key] = array

    def write(self, name: str, arrays: Arrays) -> None:
        """Keep arrays."""
        self._groups[name] = dict(arrays)

    def read(self, name: str) -> Loaded | None:
        """Return arrays."""
        return self._groups.get(name)

    def record(self) -> tuple[Any, Loaded]:
        """Return all arrays."""
        groups = self._groups.items()
        return "memory", {f"{name}/{key}": own[key] for name, own in groups for key in own}


class FolderStore(Store):
    """A folder with a .npz file for each name, made when it is claimed."""

    keeps_fields = True

    def __init__(self, folder: Path, manifest: Any = None) -> None:
        # That of the run; None: of any.
        self.folder, self.manifest = folder, manifest

    def __repr__(self) -> str:
        return f"FolderStore({str(self.folder)!r})"

    def claim(self, facts: Mapping[str, Any]) -> None:
        """Write the facts, or compare them with those of the run that is there."""
        text = json.dumps({"format": _FORMAT, "version": _VERSION, **facts}, indent=1)
        self.manifest = json.loads(text)
        if (self.folder / _MANIFEST).exists():
            self._compare()
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        strangers = [name for name in os.listdir(self.folder) if not name.startswith(".")]  # noqa: PTH208
        if strangers:
            raise ValueError(
                f"`out` must be a new or empty folder, or one of an earlier run, got "
                f"{str(self.folder)!r} with {strangers[0]!r} in it. Choose another folder."
            )
        with new_file(self.folder / _MANIFEST) as stream:
            stream.write(text.encode())

    def write(self, name: str, arrays: Arrays) -> None:
        """Write a file; it has its name when it is whole."""
        write_arrays(self.folder / f"{name}.npz", arrays)

    def read(self, name: str) -> Loaded | None:
        """Read a file of the run."""
        if self.manifest not in (None, self._found_manifest()):
            return None
        return self._loaded(name, None)

    def record(self) -> tuple[Any, Loaded]:
        """Return where the folder is, and of which run: the arrays stay there."""
        return [str(self.folder.resolve()), self.manifest], {}

    def recall(self, name: str, shapes: Shapes, keys: tuple[str, ...]) -> Loaded | None:
        """Read some arrays of a file, and of the others the headers only."""
        found = self._shapes(name)
        is_whole = all(found.get(key) == shape for key, shape in shapes.items())
        return self._loaded(name, keys) if is_whole else None

    def _loaded(self, name: str, keys: tuple[str, ...] | None) -> Loaded | None:
        try:
            return read_arrays(self.folder / f"{name}.npz", keys)
        except (OSError, ValueError):
            return None

    def _shapes(self, name: str) -> Shapes:
        found = {}
        with contextlib.suppress(*DAMAGE), zipfile.ZipFile(self.folder / f"{name}.npz") as content:
            for member in content.namelist():
                with content.open(member) as stream:
                    is_old = np.lib.format.read_magic(stream) == (1, 0)
                    header = "read_array_header_1_0" if is_old else "read_array_header_2_0"
                    shape, _, _ = getattr(np.lib.format, header)(stream)
                found[member.removesuffix(".npy")] = tuple(shape)
        return found

    def _found_manifest(self) -> Any:
        try:
            return json.loads((self.folder / _MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _compare(self) -> None:
        """Raise ValueError unless the manifest that is there is the one wanted."""
        known, wanted = self._found_manifest(), self.manifest
        if not isinstance(known, dict) or known.get("format") != _FORMAT:
            raise ValueError(
                f"`out` must be a new or empty folder, or one of an earlier run, got "
                f"{str(self.folder)!r}, which is neither. Choose another folder."
            )
        other = [key for key in {**wanted, **known} if wanted.get(key) != known.get(key)]
        if other:
            shown = ", ".join(
                f"{key} = {known.get(key)!r:.40} there, {wanted.get(key)!r:.40} now"
                for key in other[:3]
            )
            raise ValueError(
                f"`out` must be the folder of a run with the same data and parameters, or a new "
                f"one, got {str(self.folder)!r} with {shown}. Choose another folder, or delete "
                "this one."
            )


def as_store(out: Any, fields: Any) -> Store:
    """Return the place where the user wants the fields."""
    if fields not in (None, "memory"):
        raise ValueError(f"`fields` must be None or 'memory', got {brief(fields)}.")
    if out is None:
        return MemoryStore() if fields == "memory" else Store()
    if fields is not None:
        raise ValueError("`fields` must be left out with `out`, which keeps them on disk.")
    if not isinstance(out, str | os.PathLike):
        raise TypeError(f"`out` must be a path, got {brief(out)}.")
    folder = Path(out).expanduser()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"`out` must be a folder, got the file {str(folder)!r}.")
    return FolderStore(folder)


def store_of(record: Any, arrays: Arrays) -> Store:
    """Return the place of which `record` told."""
    if record is None:
        return Store()
    return MemoryStore(arrays) if record == "memory" else FolderStore(Path(record[0]), record[1])
