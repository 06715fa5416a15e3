"""CuPy's array operations."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .ops import ArrayOps


def cupy_ops(device: str | int | None, dtype: str, memory_fraction: float) -> ArrayOps:
    """Return CuPy's array operations on a device; blocks take a share of its free memory."""
    cupy: Any = importlib.import_module("cupy")
    xp: Any = importlib.import_module("array_api_compat.cupy")
    number = int(str(device).rpartition(":")[2]) if device is not None else 0
    place = cupy.cuda.Device(number)
    place.use()
    kinds = {"real": np.dtype(dtype), "index": np.dtype(np.int64)}
    kinds["complex"] = np.dtype(np.complex128 if dtype == "float64" else np.complex64)

    def from_host(array: Any) -> Any:
        kind = kinds["complex" if np.iscomplexobj(array) else "real"]
        return cupy.asarray(array, dtype=kind)

    def tally(table: Any, indices: Any) -> None:
        table += cupy.bincount(indices, minlength=table.size)

    def assign(target: Any, source: Any) -> None:
        target[...] = source.astype(target.dtype)

    def between(array: Any, low: float, high: float) -> None:
        cupy.fmax(array, low, out=array)
        cupy.minimum(array, high, out=array)

    return ArrayOps(
        name=f"cupy:{number}:{dtype}",
        xp=xp,
        zeros=lambda shape, kind: cupy.zeros(shape, dtype=kinds[kind]),
        fft=lambda array: cupy.fft.fft(array, axis=-1),
        ifft=lambda array: cupy.fft.ifft(array, axis=-1),
        from_host=from_host,
        to_host=cupy.asnumpy,
        as_real=lambda array: array.view(kinds["real"]),
        tally=tally,
        assign=assign,
        between=between,
        block_bytes=lambda: int(place.mem_info[0] * memory_fraction),
        out_of_memory=(cupy.cuda.memory.OutOfMemoryError,),
        release=lambda: cupy.get_default_memory_pool().free_all_blocks(),
    )
