"""The operations that belong to an array, by the library it is of."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .cupy import cupy_ops
from .ops import Array, ArrayOps
from .torch import torch_ops

_MAKERS: dict[str, Callable[[Any, str, float], ArrayOps]] = {"torch": torch_ops, "cupy": cupy_ops}

# Types of half and single precision; all others are computed in double.
_SINGLE = ("float16", "bfloat16", "float32", "complex32", "complex64")

# Share of a device's free memory that a block of scales may take.
_MEMORY_FRACTION = 0.25


def ops_of(array: Any, *, single: bool = False) -> ArrayOps | None:
    """Return the operations for an array of PyTorch or CuPy, on its device; None for any other.

    They are in single precision if the array is, or if that is asked for.
    """
    library = _library(array)
    if library not in _MAKERS:
        return None
    device = array.device if library == "torch" else array.device.id
    single = single or str(array.dtype).rpartition(".")[2] in _SINGLE
    try:
        return _MAKERS[library](device, "float32" if single else "float64", _MEMORY_FRACTION)
    except ImportError as error:
        raise ImportError(
            f"arrays of {library} need array-api-compat: pip install array-api-compat",
            name=error.name,
        ) from error


def namespace_of(array: Any) -> Any:
    """Return the module whose functions take an array: PyTorch's, CuPy's, or else NumPy."""
    library = _library(array)
    return sys.modules[library] if library in _MAKERS else np


def _library(array: Array) -> str:
    return type(array).__module__.partition(".")[0]
