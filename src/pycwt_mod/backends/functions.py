"""Work of the user's own as functions: the backend is one of their arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import numpy as np

from ..progress import ProgressOption
from ..seeds import seed_of
from .registry import resolve_backend
from .user_work import call_with_item, check_callable, gather, in_chunks

R = TypeVar("R")


def run_monte_carlo(
    worker: Callable[..., R],
    n_simulations: int,
    *args: Any,
    backend: Any = None,
    n_workers: int | None = None,
    **options: Any,
) -> list[R]:
    """Run a worker of your own many times, each time with its own random seed, on any backend.

    Parameters
    ----------
    worker, n_simulations, *args, **options
        As in `MCBackend.run_monte_carlo`.
    backend, n_workers
        Where, as in `pycwt_mod.wct`.

    Returns
    -------
    list
        The results, in simulation order; empty with ``on_result``.

    Examples
    --------
    >>> import numpy as np
    >>> def maximum_of_noise(seed, n):
    ...     return np.random.default_rng(seed).standard_normal(n).max()
    >>> maxima = run_monte_carlo(maximum_of_noise, 200, (50,), seed=1, backend="sequential")
    >>> float(np.quantile(maxima, 0.95)) > 2.5
    True
    """
    with resolve_backend(backend, n_workers=n_workers) as engine:
        return engine.run_monte_carlo(worker, n_simulations, *args, **options)


def map_tasks(
    worker: Callable[..., R],
    items: Iterable[Any],
    *,
    backend: Any = None,
    n_workers: int | None = None,
    seed: int | np.random.SeedSequence | None = None,
    progress: ProgressOption = False,
    chunk_size: int | None = None,
    on_result: Callable[[int, Any], object] | None = None,
    return_errors: bool = False,
    timeout: float | None = None,
    rng: Any = None,
) -> list[R]:
    """Call a function of your own for each of some items, on any backend.

    Parameters
    ----------
    worker : callable
        Called as ``worker(item)``; as ``worker(item, seed)`` if there is a `seed`. Data that all
        items share, such as a large array, belong to it (a `functools.partial`), and are sent to
        each worker once.
    items : iterable
        The items, drawn at once.
    backend, n_workers
        Where, as in `pycwt_mod.wct`.
    seed : int or numpy.random.SeedSequence, optional
        Item ``i`` owns child ``i`` of this seed. None: the worker is given no seed.
    chunk_size : int, optional
        Items per task; None: 1.
    progress, on_result, return_errors, timeout, rng
        As in `MCBackend.run_monte_carlo`.

    Returns
    -------
    list
        The results, in the order of the items; empty with ``on_result``.

    Raises
    ------
    Exception
        That of the first item that fails, with its number in a note.
    TimeoutError
        After ``timeout``; it says how many items were done.

    Examples
    --------
    >>> map_tasks(abs, [-1, 2, -3], backend="sequential")
    [1, 2, 3]
    """
    check_callable(worker, "`worker` must be a callable worker(item)")
    with resolve_backend(backend, n_workers=n_workers) as engine:
        return gather(
            engine.map,
            partial(call_with_item, worker),
            items,
            in_chunks,
            seed_of(rng, seed, "seed"),
            "item",
            chunk_size=chunk_size,
            progress=progress,
            on_result=on_result,
            return_errors=return_errors,
            timeout=timeout,
        )
