"""The values of `backend=`: names, built in or plugged in, and objects to adapt."""

from __future__ import annotations

import inspect
import os
import sys
import textwrap
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import entry_points
from typing import Any

from ..validation import as_positive, as_simulations, did_you_mean, warn_user
from .auto import AutoBackend, parallel_pays
from .base import MCBackend
from .dask import DaskBackend
from .executor import ExecutorBackend, is_executor
from .gpu import GPUBackend
from .joblib import JoblibBackend
from .nesting import available_cores
from .sequential import SequentialBackend

ENTRY_POINT_GROUP = "pycwt_mod.backends"
ENVIRONMENT_VARIABLE = "PYCWT_MOD_BACKEND"

_BUILT_IN: dict[str, type[MCBackend]] = {
    cls.name: cls
    for cls in (AutoBackend, SequentialBackend, JoblibBackend, DaskBackend, GPUBackend)
}
_registered: dict[str, type[MCBackend]] = {}
_default_name: str | None = None
_scanned = False


def register_backend(name: str, cls: type[MCBackend], default: bool = False) -> None:
    """Make a backend known by a name, for this session.

    A package registers its own for every session by an entry point in the group
    ``pycwt_mod.backends``.

    Parameters
    ----------
    name : str
        The name for ``backend=``; case is ignored.
    cls : type
        A concrete subclass of `MCBackend`.
    default : bool, optional
        Whether to make it the default of this session.

    Raises
    ------
    TypeError
        If `name` is no string or `cls` no concrete subclass of `MCBackend`.
    ValueError
        If `name` is empty, or that of another built-in backend.
    """
    key = _normalise(name)
    if not (isinstance(cls, type) and issubclass(cls, MCBackend)):
        raise TypeError(f"`cls` must be a subclass of MCBackend, got {cls!r}.")
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))
        raise TypeError(f"`cls` must be concrete, but {cls.__name__} does not define {missing}.")
    if _BUILT_IN.get(key, cls) is not cls:
        raise ValueError(f"`name` must not be that of a built-in backend, got {name!r}.")
    if key not in _BUILT_IN:
        _registered[key] = cls
    if default:
        set_default_backend(key)


def list_backends(available_only: bool = False) -> list[str]:
    """Return the names that ``backend=`` knows, built-in ones first.

    Parameters
    ----------
    available_only : bool, optional
        Whether to leave out those whose libraries are not installed.

    Examples
    --------
    >>> list_backends()[:3]
    ['auto', 'sequential', 'joblib']
    """
    _scan_entry_points()
    names = [*_BUILT_IN, *sorted(_registered)]
    return [name for name in names if _is_available(name)] if available_only else names


def list_available_backends() -> list[str]:
    """Return the names of the backends that can be used here."""
    return list_backends(available_only=True)


def set_default_backend(name: str | None) -> None:
    """Choose the backend that is used where none is named, for this session.

    It goes before the environment variable ``PYCWT_MOD_BACKEND``, and after ``backend=``.

    Parameters
    ----------
    name : str or None
        A name that `list_backends` lists; None: back to the variable, and else ``"auto"``.

    Raises
    ------
    ValueError
        If the name is not known.
    """
    global _default_name
    _default_name = None if name is None else _known(name)


def get_backend(name: str | None = None, **options: Any) -> MCBackend:
    """Make a backend by name.

    Parameters
    ----------
    name : str or None, optional
        A name that `list_backends` lists; None: the default.
    **options
        Arguments of the backend's class.

    Returns
    -------
    MCBackend
        Yours to close.

    Raises
    ------
    ValueError
        If the name is not known.

    Warns
    -----
    UserWarning
        If its library is not installed; the sequential backend is returned then.

    Examples
    --------
    >>> get_backend("joblib", n_workers=1).n_workers
    1
    """
    key = _default() if name is None else _known(name)
    if _is_available(key):
        return _class_of(key)(**options)
    lack, pip = _remedies(key)
    warn_user(
        f"backend {key!r} {lack}; running sequentially."
        if lack
        else f"backend {key!r} is not installed; running sequentially. Install it with: {pip}"
    )
    return SequentialBackend()


def get_recommended_backend(n_simulations: int = 1000, seconds_per_simulation: float = 0.05) -> str:
    """Name the backend that should end a job soonest on this machine.

    Parameters
    ----------
    n_simulations : int, optional
        Size of the job.
    seconds_per_simulation : float, optional
        Time of one simulation on one core; the default is that of a surrogate of a pair of
        1000 samples with ``method="full"``.

    Examples
    --------
    >>> get_recommended_backend(n_simulations=10)  # "auto" finds out by itself, by measuring
    'sequential'
    """
    count = as_simulations(n_simulations, "n_simulations")
    seconds = count * as_positive(seconds_per_simulation, "seconds_per_simulation")
    if not parallel_pays(seconds, sys.maxsize):  # too small for any number of cores
        return "sequential"
    return "joblib" if parallel_pays(seconds, available_cores()) else "sequential"


def get_backend_info() -> dict[str, dict[str, Any]]:
    """Describe all backends.

    Returns
    -------
    dict
        By name, what `MCBackend.get_info` tells; for one that is not installed ``available``
        is False and ``install`` the pip line. ``default`` marks the one used by default.
    """
    names = list_backends()
    default = _default()
    return {name: {**_describe(name), "default": name == default} for name in names}


def print_backend_info() -> None:
    """Print a table of all backends on stdout."""
    lines = [f"{'backend':<14}{'available':<11}{'workers':<9}details"]
    for name, info in get_backend_info().items():
        mark = " *" if info["default"] else ""
        available = "yes" if info["available"] else "no"
        versions = [f"{k} {v}" for k, v in info.get("versions", {}).items()]
        details = info.get("install", ", ".join(versions))
        workers = str(info.get("n_workers", "-"))
        row = f"{name + mark:<14}{available:<11}{workers:<9}"
        lines += textwrap.wrap(row + details, 80, subsequent_indent=" " * 34) or [row.rstrip()]
    lines.append("* used by default")
    sys.stdout.write("\n".join(lines) + "\n")


def _normalise(name: object, source: str = "`name`") -> str:
    if not isinstance(name, str):
        raise TypeError(f"{source} must be a string, got {name!r} of type {type(name).__name__}.")
    key = name.strip().lower()
    if not key:
        raise ValueError(f"{source} must not be empty.")
    return key


def _known(name: str, source: str = "`backend`") -> str:
    """Return the normalised name, or raise a ValueError that helps."""
    key = _normalise(name, source)
    if key in _BUILT_IN or key in _registered:
        return key
    names = list_backends()  # also scans for plug-ins, which built-in names need not wait for
    if key in names:
        return key
    known = ", ".join(repr(known) for known in names)
    raise ValueError(f"{source} must be one of {known}, got {name!r}.{did_you_mean(key, names)}")


def _default() -> str:
    if _default_name is not None:
        return _default_name
    value = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    if not value:
        return "auto"
    return _known(value, f"the environment variable {ENVIRONMENT_VARIABLE}")


def _class_of(key: str) -> type[MCBackend]:
    return _BUILT_IN.get(key) or _registered[key]


def _is_available(key: str) -> bool:
    try:
        return bool(_class_of(key).is_available())
    except Exception:
        # A broken installation of a library (a CUDA set-up above all) is one that is not there.
        return False


def _remedies(key: str) -> tuple[str | None, str]:
    """Return what a backend lacks whose libraries are installed, and the pip line of others."""
    try:
        cls = _class_of(key)
        return cls.lack(), f"pip install {' '.join(cls.requires) or key}"
    except Exception:
        return None, f"pip install {key}"


def _describe(name: str) -> dict[str, Any]:
    if not _is_available(name):
        lack, pip = _remedies(name)
        return {"name": name, "available": False, "install": lack or pip}
    try:
        with get_backend(name) as backend:
            return backend.get_info()
    except Exception as error:
        # A table of all backends must not fail because one of them does.
        return {"name": name, "available": False, "install": f"fails: {error}"}


def _scan_entry_points() -> None:
    """Register the plug-ins of installed distributions, once per session."""
    global _scanned
    if _scanned:
        return
    _scanned = True
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        try:
            key = _normalise(entry.name)
            if key in _BUILT_IN or key in _registered:
                raise ValueError(f"the name {key!r} is taken")
            register_backend(key, entry.load())
        except Exception as error:
            whose = f" of {entry.dist.name} {entry.dist.version}" if entry.dist else ""
            warn_user(
                f"the backend plug-in {entry.name!r} ({entry.value}){whose} is broken and was left "
                f"out: {type(error).__name__}: {error}"
            )


def resolve_backend(
    backend: Any = None, n_workers: int | None = None
) -> AbstractContextManager[MCBackend]:
    """Turn what the caller passed as ``backend=`` into a backend.

    Parameters
    ----------
    backend : None, str, MCBackend, Executor, distributed.Client or object with ``map``
        None: the default (`set_default_backend`, ``PYCWT_MOD_BACKEND``, ``"auto"``).
    n_workers : int, optional
        At most this number of tasks at a time; -1: all; None: as the backend is set up.

    Returns
    -------
    context manager
        It gives the `MCBackend`, and closes at its end what was made here, never what the caller
        passed in.

    Raises
    ------
    TypeError
        If `backend` is nothing of these.
    ValueError
        If a name is not known.

    Examples
    --------
    >>> with resolve_backend("sequential") as backend:
    ...     list(backend.map(abs, [-1, 2]))
    [1, 2]
    """
    if isinstance(backend, MCBackend):
        return nullcontext(backend.with_n_workers(n_workers))
    if backend is None or isinstance(backend, str):
        return get_backend(backend).with_n_workers(n_workers)
    # The adapter is ours; what it adapts is not, and stays open.
    return _adapt(backend, n_workers)


def _adapt(backend: Any, n_workers: int | None) -> MCBackend:
    # A client comes from a library that has been imported. It has a `map` of its own, too.
    distributed = sys.modules.get("distributed")
    if distributed is not None and isinstance(backend, distributed.Client):
        return DaskBackend(client=backend).with_n_workers(n_workers)
    if is_executor(backend) and not isinstance(backend, type):
        return ExecutorBackend(backend, n_workers)
    hint = ""
    if isinstance(backend, type) and issubclass(backend, MCBackend | Executor):
        hint = f" Call the class to make an instance: {backend.__name__}(...)."
    names = ", ".join(repr(name) for name in list_backends())
    raise TypeError(
        f"`backend` must be None, a name ({names}), an MCBackend instance, a "
        "concurrent.futures.Executor, a dask.distributed.Client, or a pool with a method `map`, "
        f"got {backend!r} of type {type(backend).__name__}.{hint}"
    )
