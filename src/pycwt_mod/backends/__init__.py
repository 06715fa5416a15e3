"""The places where Monte Carlo work runs: this process, all cores, a cluster, a GPU.

Importing this package imports none of the libraries that do the work.
"""

from __future__ import annotations

from .auto import AutoBackend
from .base import MCBackend
from .dask import DaskBackend
from .deadline import Deadline
from .executor import ExecutorBackend
from .functions import map_tasks, run_monte_carlo
from .futures import in_flight
from .gpu import GPUBackend
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

__all__ = [
    "AutoBackend",
    "DaskBackend",
    "Deadline",
    "ExecutorBackend",
    "GPUBackend",
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
