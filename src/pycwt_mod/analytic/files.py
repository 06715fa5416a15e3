"""Distributions in closed form as files of arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..files import read_arrays, write_arrays

FILE_VERSION = 1

Kind = TypeVar("Kind")


def packed(kind: str, provenance: Mapping[str, Any], **arrays: Any) -> dict[str, NDArray[Any]]:
    """Return arrays together with what they are."""
    facts = {"format": kind, "version": FILE_VERSION, "provenance": dict(provenance)}
    return {"facts": np.array(json.dumps(facts)), **arrays}


def unpacked(arrays: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return what arrays are; ValueError if something else."""
    try:
        facts: dict[str, Any] = json.loads(str(arrays["facts"][()]))
        if facts["format"] != kind or facts["version"] != FILE_VERSION:
            raise ValueError(f"format {facts['format']!r}, version {facts['version']!r}")
    except (KeyError, TypeError) as error:
        raise ValueError(str(error)) from error
    return facts


class InFile:
    """A distribution that is kept in a file: `to_arrays` and `from_arrays` make it arrays."""

    def save(self: Any, path: str | PathLike[str]) -> None:
        """Write the distribution to an .npz file without pickled objects."""
        write_arrays(path, self.to_arrays())

    @classmethod
    def load(cls: type[Kind], path: str | PathLike[str]) -> Kind:
        """Read a distribution that `save` wrote.

        Raises
        ------
        ValueError
            If the file is not such a distribution, or of a newer version.
        OSError
            If it cannot be read.
        """
        kind: Any = cls
        try:
            found: Kind = kind.from_arrays(read_arrays(path))
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"`path` must name a {cls.__name__} saved by this version of pycwt_mod, got "
                f"{fspath(path)!r} ({error})."
            ) from error
        return found
