"""A GPU, through CuPy or PyTorch: the same computation with another array library."""

from __future__ import annotations

import importlib
import importlib.util
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from typing import Any, ClassVar, TypeVar

import numpy as np

from ..arrays import ArrayOps
from .base import MCBackend
from .sequential import map_in_process

__all__ = ["GPUBackend"]

T = TypeVar("T")
R = TypeVar("R")

_LIBRARIES = ("auto", "cupy", "torch")
_DTYPES = ("float64", "float32")

# What a block may take on a device that does not tell its free memory: PyTorch's "cpu".
_HOST_BLOCK_BYTES = 2**26


class GPUBackend(MCBackend):
    """One GPU, computing large blocks of surrogates with CuPy or PyTorch.

    The random numbers are drawn on the host, from the same streams as on every other backend. In
    float64 the counts differ from a CPU's by a handful of coherences that rounding moves to the
    next bin of 1000.

    Parameters
    ----------
    library : {"auto", "cupy", "torch"}
        Array library; "auto": the first that finds a GPU.
    device : str or int, optional
        Device of the library, such as "cuda:1"; PyTorch's "cpu" works too. By default the
        current GPU.
    dtype : {"float64", "float32"}
        Precision. Consumer GPUs are many times slower in float64.
    memory_fraction : float, default 0.5
        Share of the free device memory that a block may take.

    Raises
    ------
    TypeError, ValueError
        If an option is not one of these.
    RuntimeError
        On use, if neither library finds a GPU.
    """

    name: ClassVar[str] = "gpu"
    requires: ClassVar[tuple[str, ...]] = ("torch", "array_api_compat")
    start_up_seconds: ClassVar[float] = 3.0

    def __init__(
        self,
        library: str = "auto",
        device: str | int | None = None,
        dtype: str = "float64",
        memory_fraction: float = 0.5,
    ) -> None:
        self.library = library
        self.device = device
        self.dtype = dtype
        self.memory_fraction = memory_fraction
        self.validate_config()
        self._ops: ArrayOps | None = None

    def validate_config(self) -> None:
        """Check the options given at construction."""
        for name, value, choices in (
            ("library", self.library, _LIBRARIES),
            ("dtype", self.dtype, _DTYPES),
        ):
            if value not in choices:
                raise ValueError(
                    f"`{name}` must be one of {', '.join(map(repr, choices))}, got {value!r:.80}."
                )
        if self.device is not None and not isinstance(self.device, str | int):
            raise TypeError(f"`device` must be a string or an integer, got {self.device!r:.80}.")
        fraction = self.memory_fraction
        if isinstance(fraction, bool) or not isinstance(fraction, int | float):
            raise TypeError(f"`memory_fraction` must be a number, got {fraction!r:.80}.")
        if not 0 < fraction <= 1:
            raise ValueError(f"`memory_fraction` must lie in (0, 1], got {fraction}.")

    @classmethod
    def is_available(cls) -> bool:
        """Tell whether CuPy or PyTorch is installed and finds a GPU."""
        return any(_finds_gpu(library) for library in ("cupy", "torch"))

    @classmethod
    def lack(cls) -> str | None:
        """Say that PyTorch or CuPy is installed and finds no GPU; see `MCBackend.lack`."""
        found = [name for name in ("cupy", "torch") if importlib.util.find_spec(name) is not None]
        if not found or cls.is_available():
            return None
        return (
            f"finds no GPU, though {' and '.join(found)} is there; "
            "GPUBackend('torch', device='cpu') computes on the processor"
        )

    @property
    def array_ops(self) -> ArrayOps:
        """The array operations of the device, made on first use."""
        if self._ops is None:
            make = _cupy_ops if self._chosen_library() == "cupy" else _torch_ops
            self._ops = make(self.device, self.dtype, self.memory_fraction)
        return self._ops

    def get_info(self) -> dict[str, Any]:
        """Describe the backend; see `MCBackend.get_info`."""
        return {
            **super().get_info(),
            "library": self.library,
            "device": self.device,
            "dtype": self.dtype,
            "running_on": self._ops.name if self._ops is not None else None,
        }

    def map(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        *,
        on_done: Callable[[int], object] | None = None,
    ) -> Iterator[R]:
        """Run ``kernel(task)`` for each task, in turn: the device is what runs in parallel.

        Parameters
        ----------
        kernel : callable
            Pure function of one task. If it has methods ``prepare(task)`` and
            ``compute(task, prepared)``, the next task is prepared in a thread while the device
            computes the last one.
        tasks : iterable
            The tasks.
        on_done : callable, optional
            Called as ``on_done(task_index)``.

        Returns
        -------
        iterator
            One result per task, in task order.
        """
        if hasattr(kernel, "prepare") and hasattr(kernel, "compute"):
            return _map_prepared(kernel, tasks, on_done)
        return map_in_process(kernel, tasks, on_done)

    def close(self) -> None:
        """Forget the device's arrays. A second call does nothing."""
        self._ops = None

    def _chosen_library(self) -> str:
        if self.library != "auto":
            return self.library
        for library in ("cupy", "torch"):
            if _finds_gpu(library):
                return library
        raise RuntimeError(
            "neither CuPy nor PyTorch finds a GPU. Install one with `pip install pycwt_mod[gpu]`, "
            "or pass GPUBackend(library='torch', device='cpu') to compute on the CPU."
        )


def _map_prepared(
    kernel: Any, tasks: Iterable[Any], on_done: Callable[[int], object] | None
) -> Iterator[Any]:
    """Run the tasks, each prepared while the one before computes."""

    def prepared(task: Any) -> tuple[Any, Any]:
        return task, kernel.prepare(task)

    source = iter(tasks)
    with ThreadPoolExecutor(1, "pycwt_mod-prepare") as ahead:
        # At most one task is drawn ahead; leaving early waits for its preparation only.
        waiting = deque(ahead.submit(prepared, task) for task in islice(source, 1))
        for index in count():
            if not waiting:
                return
            task, ready = waiting.popleft().result()
            waiting.extend(ahead.submit(prepared, task) for task in islice(source, 1))
            result = kernel.compute(task, ready)
            if on_done is not None:
                on_done(index)
            yield result
            del result


def _finds_gpu(library: str) -> bool:
    """Return whether a library is installed and sees a GPU; a broken one does not."""
    if importlib.util.find_spec(library) is None:
        return False
    try:
        module = importlib.import_module(library)
        if library == "cupy":
            return int(module.cuda.runtime.getDeviceCount()) > 0
        return bool(module.cuda.is_available())
    except Exception:  # a broken CUDA set-up raises whatever it likes, and counts as none
        return False


def _torch_ops(device: str | int | None, dtype: str, memory_fraction: float) -> ArrayOps:
    """Return PyTorch's array operations on a device."""
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
        to_host=lambda array: array.cpu().numpy(),
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


def _cupy_ops(device: str | int | None, dtype: str, memory_fraction: float) -> ArrayOps:
    """Return CuPy's array operations on a device."""
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
