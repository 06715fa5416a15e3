"""Distributions in closed form as files of arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import read_arrays

FILE_VERSION = 1


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


def loaded(kind: Any, path: str | PathLike[str]) -> Any:
    """Read an object of a class with `from_arrays` from a file."""
    try:
        return kind.from_arrays(read_arrays(path))
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"`path` must name a {kind.__name__} saved by this version of pycwt_mod, got "
            f"{fspath(path)!r} ({error})."
        ) from error
