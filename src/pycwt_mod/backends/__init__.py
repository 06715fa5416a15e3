"""Where Monte Carlo work runs: in process, on all cores, on a cluster, on a GPU.

Importing this package imports none of the libraries that do the work.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .auto import AutoBackend
from .base import MCBackend, RemoteError
from .dask import DaskBackend
from .executor import ExecutorBackend
from .joblib import JoblibBackend
from .registry import (
    get_backend,
    get_backend_info,
    get_recommended_backend,
    list_available_backends,
    list_backends,
    print_backend_info,
    register_backend,
    set_default_backend,
)
from .resolve import ResolvedBackend, resolve_backend
from .sequential import SequentialBackend
from .simulations import SimulationError
from .tasks import map_tasks, run_monte_carlo

# `GPUBackend` is here too, by `__getattr__`; not in this list, lest `import *` load its room.
__all__ = [
    "AutoBackend",
    "DaskBackend",
    "ExecutorBackend",
    "JoblibBackend",
    "MCBackend",
    "RemoteError",
    "ResolvedBackend",
    "SequentialBackend",
    "SimulationError",
    "get_backend",
    "get_backend_info",
    "get_recommended_backend",
    "list_available_backends",
    "list_backends",
    "map_tasks",
    "print_backend_info",
    "register_backend",
    "resolve_backend",
    "run_monte_carlo",
    "set_default_backend",
]


def __getattr__(name: str) -> Any:
    # The GPU room is large; most sessions never enter it.
    if name == "GPUBackend":
        return import_module(".gpu", __name__).GPUBackend
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), "GPUBackend"})
