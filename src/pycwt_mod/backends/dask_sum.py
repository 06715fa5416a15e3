"""Sums of tasks' results, made on the workers of a cluster where the results lie.

A table of counts has megabytes, and a run of a million surrogates thousands of them. Here a table
stays with the worker that made it until there are several, which that worker adds up; only when a
part of the run (some minutes) is over, the workers' sums are added, and one table goes to the
caller. A sum is a task as well: when a worker dies, the cluster makes its tables again.
"""

from __future__ import annotations

import functools
import operator
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import numpy as np

from .dask_cluster import Cluster
from .deadline import Deadline, closing_iterator
from .futures import in_flight
from .pickling import Failure, dumps, opened
from .shipping import Parcel

# Tables that a worker may hold before it adds them up.
FAN_IN = 8
# A part of the run, in tasks per worker: the first ones are short, so that an early end does not
# lose all; the later ones about a minute, which is what a dead worker can cost.
FIRST_PART, LARGEST_PART = 4, 64
# Tasks per worker that are on their way: the fast ones go on while the next in order is waited for.
AHEAD = 4


class TaskFailedError(Exception):
    """Carries a pickled `Failure` out of a dask task, past anything that cannot be unpickled."""

    def __repr__(self) -> str:  # workers log it
        return f"TaskFailedError({self.args[1]!r})"


def run_kept(parcel: Parcel, task: Any) -> Any:
    """Run one task in a worker and leave the result there, or raise `TaskFailedError`."""
    outcome = parcel.outcome(task)
    if isinstance(outcome, Failure):
        raise TaskFailedError(dumps(outcome), f"{outcome.type_name}: {outcome.message}")
    return outcome[0]


def add_up(*tables: Any) -> Any:
    """Add results in a worker; arrays of integers come in the smallest type that holds them."""
    total = functools.reduce(operator.add, map(_widened, tables))
    if not _is_integers(total) or not total.size:
        return total
    ends = np.min_scalar_type(int(total.min())), np.min_scalar_type(int(total.max()))
    dtype = np.result_type(*ends)
    return total.astype(dtype) if dtype.kind in "iu" else total


def _is_integers(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "iu"


def _widened(table: Any) -> Any:
    return table.astype(np.int64) if _is_integers(table) else table


def sums(
    cluster: Cluster,
    tasks: Iterable[Any],
    deadline: Deadline,
    on_done: Callable[[int], object] | None,
    abandon: Callable[[Collection[Any]], object],
) -> Iterator[tuple[int, Any]]:
    """Run tasks, and yield pairs of a number of tasks and the sum of their results."""
    tables: list[Any] = []
    totals: deque[tuple[int, Any]] = deque()
    n_tasks, per_thread, future = 0, FIRST_PART, None
    ended = in_flight(
        lambda numbered: cluster.submit(run_kept, numbered[1], numbered[0]),
        enumerate(tasks),
        lambda: cluster.window(AHEAD),
        deadline,
        collect=cluster.ended,
        abandon=abandon,
    )
    try:
        with closing_iterator(ended):
            for number, future in enumerate(ended):
                _raise_failure(future)
                if on_done is not None:
                    on_done(number)
                tables.append(future)
                n_tasks += 1
                if n_tasks >= per_thread * cluster.n_threads:
                    totals.append((n_tasks, _total(cluster, tables)))
                    n_tasks, per_thread = 0, min(2 * per_thread, LARGEST_PART)
                elif len(tables) >= FAN_IN * cluster.n_threads:
                    _fold(cluster, tables)
                while totals and totals[0][1].done():
                    yield totals[0][0], _widened(totals.popleft()[1].result())
        if n_tasks:
            totals.append((n_tasks, _total(cluster, tables)))
        while totals:
            yield totals[0][0], _widened(cluster.result(totals[0][1], deadline))
            totals.popleft()
    finally:
        # Let go of all that workers hold, though an exception may refer to this frame.
        tables.clear()
        totals.clear()
        future = None


def _fold(cluster: Cluster, tables: list[Any]) -> None:
    """Let each worker add up those tables that it has."""
    holders = cluster.client.who_has(tables)
    by_worker: dict[Any, list[Any]] = {}
    for future in tables:
        by_worker.setdefault(next(iter(holders.get(future.key, ())), None), []).append(future)
    tables[:] = [cluster.submit_sum(add_up, *own) for own in by_worker.values()]


def _total(cluster: Cluster, tables: list[Any]) -> Any:
    """Return the future of the sum of all, which one worker adds up from those of each."""
    _fold(cluster, tables)
    total = cluster.submit_sum(add_up, *tables)
    tables.clear()
    return total


def _raise_failure(future: Any) -> None:
    """Raise the exception of a task that failed."""
    if future.status == "finished":
        return
    try:
        future.result()
    except TaskFailedError as error:
        failure = error.args[0]
    else:
        return  # its worker died just now, and another one made it again
    opened(failure)
