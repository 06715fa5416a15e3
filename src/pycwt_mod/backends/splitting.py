"""Cutting a job of many equal items into tasks."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from .checks import check_chunk_size

if TYPE_CHECKING:
    from .base import MCBackend

__all__ = ["MIN_TASKS", "TASKS_PER_WORKER", "chunks", "split_evenly"]

# Tasks per worker of `run_monte_carlo`: enough that the last ones even out the load and that the
# progress moves, few enough that the cost of handing a task over (about 1 ms) does not show.
TASKS_PER_WORKER = 16
# ... and at least so many in all, so that the bar moves by steps of two per cent.
MIN_TASKS = 50


def split_evenly(n_items: int, n_tasks: int) -> list[range]:
    """Cut ``range(n_items)`` into `n_tasks` runs whose lengths differ by one at most.

    Parameters
    ----------
    n_items, n_tasks : int
        How many items, and how many runs at most; no run is empty.

    Returns
    -------
    list of range
        The runs, in order.

    Examples
    --------
    >>> split_evenly(7, 3)
    [range(0, 2), range(2, 4), range(4, 7)]
    """
    n_tasks = max(1, min(n_items, n_tasks))
    edges = [n_items * k // n_tasks for k in range(n_tasks + 1)]
    return [range(a, b) for a, b in itertools.pairwise(edges) if b > a]


def chunks(backend: MCBackend, n_items: int, chunk_size: int | None) -> list[range]:
    """Cut a job into tasks of the size that the caller wants, or that suits the backend.

    Parameters
    ----------
    backend : MCBackend
        Where the tasks will run.
    n_items : int
        Number of items.
    chunk_size : int or None
        Items per task; None: the backend chooses.

    Returns
    -------
    list of range
        The tasks.
    """
    if chunk_size is None:
        return backend.split(n_items)
    size = check_chunk_size(chunk_size)
    return [range(begin, min(begin + size, n_items)) for begin in range(0, n_items, size)]
