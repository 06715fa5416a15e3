"""What `backend=` may be."""

from __future__ import annotations

import sys
from concurrent.futures import Executor
from types import TracebackType
from typing import Any

from .base import MCBackend
from .registry import get_backend, list_backends

__all__ = ["ResolvedBackend", "resolve_backend"]


class ResolvedBackend:
    """A backend and whether to close it after use: what `resolve_backend` returns.

    Parameters
    ----------
    backend : MCBackend
        The backend to use.
    owned : bool
        True if it was made here; the caller's own is not closed.
    """

    def __init__(self, backend: MCBackend, owned: bool) -> None:
        self.backend = backend
        self.owned = owned

    def __enter__(self) -> MCBackend:
        return self.backend.__enter__() if self.owned else self.backend

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.owned:
            self.backend.__exit__(kind, error, traceback)


def resolve_backend(backend: Any = None, n_workers: int | None = None) -> ResolvedBackend:
    """Turn what the caller passed as ``backend=`` into a backend.

    Parameters
    ----------
    backend : None, str, MCBackend, concurrent.futures.Executor or distributed.Client
        None: the default (`set_default_backend`, ``PYCWT_MOD_BACKEND``, ``"auto"``).
    n_workers : int, optional
        At most so many tasks at a time; -1: all; None: as the backend is set up.

    Returns
    -------
    ResolvedBackend
        A context manager that gives the `MCBackend`, and closes at its end what was made here,
        never what the caller passed in.

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
    if backend is None or isinstance(backend, str):
        chosen, owned = get_backend(backend), True
    elif isinstance(backend, MCBackend):
        chosen, owned = backend, False
    else:
        # The adapter is ours; what it adapts is not, and stays open.
        chosen, owned = _adapt(backend), True
    return ResolvedBackend(chosen.with_n_workers(n_workers), owned)


def _adapt(backend: Any) -> MCBackend:
    if isinstance(backend, Executor):
        from .executor import ExecutorBackend

        return ExecutorBackend(backend)
    # Who holds a client has imported distributed.
    distributed = sys.modules.get("distributed")
    if distributed is not None and isinstance(backend, distributed.Client):
        from .dask import DaskBackend

        return DaskBackend(client=backend)
    hint = ""
    if isinstance(backend, type) and issubclass(backend, MCBackend | Executor):
        hint = f" Call the class to make an instance: {backend.__name__}(...)."
    names = ", ".join(repr(name) for name in list_backends())
    raise TypeError(
        f"`backend` must be None, a name ({names}), an MCBackend instance, a "
        "concurrent.futures.Executor or a dask.distributed.Client, "
        f"got {backend!r} of type {type(backend).__name__}.{hint}"
    )
