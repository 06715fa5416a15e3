"""PyTorch's array operations."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .ops import ArrayOps

# A block of surrogates on a device that does not tell its free memory, PyTorch's "cpu".
_HOST_BLOCK_BYTES = 2**26


def torch_ops(device: str | int | None, dtype: str, memory_fraction: float) -> ArrayOps:
    """Return PyTorch's array operations on a device; blocks take a share of its free memory."""
    torch: Any = importlib.import_module("torch")
    xp: Any = importlib.import_module("array_api_compat.torch")
    place = torch.device("cuda" if device is None else device)
    real = getattr(torch, dtype)
    kinds = {"real": real, "index": torch.int64}
    kinds["complex"] = torch.complex128 if dtype == "float64" else torch.complex64
    if place.type == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            f"PyTorch finds no GPU for `device` = {device!r}. Install a build of it with CUDA, or "
            "pass device='cpu' to compute on the processor."
        )
    copies: Any = torch.cuda.Stream(place) if place.type == "cuda" else None

    def from_host(array: Any) -> Any:
        kind = kinds["complex" if np.iscomplexobj(array) else "real"]
        return torch.from_numpy(np.ascontiguousarray(array)).to(device=place, dtype=kind)

    def upload(array: Any) -> Any:
        # A stream of its own and pinned memory: so the copy runs beside the computation.
        with torch.cuda.stream(copies):
            kind = kinds["complex" if np.iscomplexobj(array) else "real"]
            pinned = torch.from_numpy(np.ascontiguousarray(array)).pin_memory()
            moved = pinned.to(device=place, dtype=kind, non_blocking=True)
            copies.synchronize()
        moved.record_stream(torch.cuda.default_stream(place))
        return moved

    def free_bytes() -> int:
        if place.type != "cuda":
            return _HOST_BLOCK_BYTES
        return int(torch.cuda.mem_get_info(place)[0] * memory_fraction)

    return ArrayOps(
        name=f"torch:{place}:{dtype}",
        xp=xp,
        zeros=lambda shape, kind: torch.zeros(shape, dtype=kinds[kind], device=place),
        fft=lambda array: torch.fft.fft(array, dim=-1),
        ifft=lambda array: torch.fft.ifft(array, dim=-1),
        from_host=from_host,
        to_host=lambda array: array.detach().cpu().numpy(),
        as_real=lambda array: torch.view_as_real(array).flatten(-2),
        # Unlike bincount it does not wait for the device.
        tally=lambda table, indices: table.scatter_add_(0, indices, torch.ones_like(indices)),
        assign=lambda target, source: target.copy_(source),
        between=lambda array, low, high: array.nan_to_num_(nan=low).clamp_(low, high),
        block_bytes=free_bytes,
        upload=upload if place.type == "cuda" else None,
        out_of_memory=(torch.cuda.OutOfMemoryError,),
        release=torch.cuda.empty_cache if place.type == "cuda" else bool,
    )
