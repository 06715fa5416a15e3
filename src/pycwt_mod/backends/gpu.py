"""A GPU, through CuPy or PyTorch: the same computation with another array library."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from ..arrays import ArrayOps
from ..arrays.cupy import cupy_ops
from ..arrays.torch import torch_ops
from ..validation import as_choice
from .deadline import Deadline
from .futures import cancel_and_wait, in_flight
from .sequential import SequentialBackend
from .shipping import Local


class GPUBackend(SequentialBackend):
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
        """Raise TypeError or ValueError if an option is wrong."""
        as_choice(self.library, "library", ("auto", "cupy", "torch"))
        as_choice(self.dtype, "dtype", ("float64", "float32"))
        if self.device is not None and not isinstance(self.device, str | int):
            raise TypeError(f"`device` must be a string or an integer, got {self.device!r:.80}.")
        fraction = self.memory_fraction
        if isinstance(fraction, bool) or not isinstance(fraction, int | float):
            raise TypeError(f"`memory_fraction` must be a number, got {fraction!r:.80}.")
        if not 0 < fraction <= 1:
            raise ValueError(f"`memory_fraction` must lie in (0, 1], got {fraction}.")

    @classmethod
    def is_available(cls) -> bool:
        """Return whether CuPy or PyTorch is installed and finds a GPU."""
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
            made_by = {"cupy": cupy_ops, "torch": torch_ops}
            known = [self.library] if self.library != "auto" else filter(_finds_gpu, made_by)
            library = next(iter(known), None)
            if library is None:
                raise RuntimeError(
                    "neither CuPy nor PyTorch finds a GPU. Install one, `pip install torch "
                    "array-api-compat`, or pass GPUBackend(library='torch', device='cpu') to "
                    "compute on the CPU."
                )
            self._ops = made_by[library](self.device, self.dtype, self.memory_fraction)
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

    def run_tasks(
        self, run: Callable[[Any], Any], tasks: Iterator[Any], deadline: Deadline
    ) -> Iterator[Any]:
        """Run the tasks in turn; see `MCBackend.run_tasks`.

        If the kernel has methods ``prepare(task)`` and ``compute(task, prepared)``, the next task
        is prepared in a thread while the device computes the last one.
        """
        kernel: Any = getattr(run, "kernel", None)
        if not (hasattr(kernel, "prepare") and hasattr(kernel, "compute")):
            yield from super().run_tasks(run, tasks, deadline)
            return

        def start(numbered: tuple[int, Any]) -> Any:
            number, task = numbered
            return number, (task, ahead.submit(kernel.prepare, task))

        compute = Local(lambda started: kernel.compute(started[0], started[1].result()))
        # Leaving early waits for the preparation of one task only.
        with ThreadPoolExecutor(1, "pycwt_mod-prepare") as ahead:
            yield from in_flight(
                start,
                tasks,
                2,
                deadline,
                collect=lambda started, _: compute(started),
                abandon=lambda left: cancel_and_wait([started[1][1] for started in left]),
            )

    def close(self) -> None:
        """Forget the device's arrays. A second call does nothing."""
        self._ops = None


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
