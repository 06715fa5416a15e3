"""Work of the user's own on any backend, as functions: the backend is one of their arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from ..progress import ProgressOption
from .checks import check_items, check_on_result, check_seed, check_worker
from .resolve import resolve_backend
from .simulations import ItemKernel, gather
from .splitting import chunks

__all__ = ["map_tasks", "run_monte_carlo"]

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
    worker : callable
        Called as ``worker(seed, *worker_args, **worker_kwargs)``.
    n_simulations : int
        How many times.
    *args, **options
        As in `MCBackend.run_monte_carlo`: ``worker_args``, ``worker_kwargs``, ``seed``,
        ``progress``, ``chunk_size``, ``on_result``, ``return_errors``, ``timeout``.
    backend : None, str, MCBackend, concurrent.futures.Executor or distributed.Client, optional
        Where, as in `pycwt_mod.wct`.
    n_workers : int, optional
        At most so many at a time; -1: all; None: as the backend is set up.

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
    return_errors: bool = False,
    chunk_size: int | None = None,
    on_result: Callable[[int, Any], object] | None = None,
    timeout: float | None = None,
) -> list[R]:
    """Call a function of your own for each of some items, on any backend.

    Parameters
    ----------
    worker : callable
        Called as ``worker(item)``; as ``worker(item, seed)`` if there is a `seed`. What all items
        share, such as a large array, belongs to it (a `functools.partial`), and is sent to each
        worker once.
    items : iterable
        The items, drawn at once.
    backend : None, str, MCBackend, concurrent.futures.Executor or distributed.Client, optional
        Where, as in `pycwt_mod.wct`.
    n_workers : int, optional
        At most so many items at a time; -1: all; None: as the backend is set up.
    seed : int or numpy.random.SeedSequence, optional
        Item ``i`` owns child ``i`` of this seed. None: the worker is given no seed.
    progress, return_errors, on_result, timeout
        As in `MCBackend.run_monte_carlo`.
    chunk_size : int, optional
        Items per task; 1 by default.

    Returns
    -------
    list
        The results, in the order of the items; empty with `on_result`.

    Raises
    ------
    Exception
        That of the first item that fails, with its number in a note.
    TimeoutError
        After `timeout`; it says how many items were done.

    Examples
    --------
    >>> map_tasks(abs, [-1, 2, -3], backend="sequential")
    [1, 2, 3]
    """
    check_worker(worker, "worker(item)")
    check_on_result(on_result)
    all_items = check_items(items)
    root = None if seed is None else check_seed(seed)
    kernel = ItemKernel(worker, root, len(all_items), bool(return_errors))
    with resolve_backend(backend, n_workers=n_workers) as engine:
        runs = chunks(engine, len(all_items), 1 if chunk_size is None else chunk_size)
        tasks = [(run.start, all_items[run.start : run.stop]) for run in runs]
        return gather(
            engine, kernel, tasks, progress=progress, on_result=on_result, timeout=timeout
        )
