"""The places where Monte Carlo work runs: this process, all cores, a cluster, a GPU.

Importing this package imports none of the libraries that do the work.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .auto import AutoBackend
from .base import MCBackend
from .dask import DaskBackend
from .deadline import Deadline
from .executor import ExecutorBackend
from .functions import map_tasks, run_monte_carlo
from .futures import in_flight
from .joblib import JoblibBackend
from .pickling import RemoteError
from .registry import (
    get_backend,
    get_backend_info,
    get_recommended_backend,
    list_available_backends,
    list_backends,
    print_backend_info,
    register_backend,
    resolve_backend,
    set_default_backend,
)
from .sequential import SequentialBackend
from .user_work import SimulationError

# `GPUBackend` is here too, by `__getattr__`; not in this list, lest `import *` load its room.
__all__ = [
    "AutoBackend",
    "DaskBackend",
    "Deadline",
    "ExecutorBackend",
    "JoblibBackend",
    "MCBackend",
    "RemoteError",
    "SequentialBackend",
    "SimulationError",
    "get_backend",
    "get_backend_info",
    "get_recommended_backend",
    "in_flight",
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
