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

__all__ = ["sums"]

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
    return _compact(outcome[0])


def add_up(*tables: Any) -> Any:
    """Add results in a worker; arrays of integers come in the smallest type that holds them."""
    return _compact(functools.reduce(operator.add, map(_widened, tables)))


def _is_integers(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "iu"


def _widened(table: Any) -> Any:
    return table.astype(np.int64) if _is_integers(table) else table


def _compact(table: Any) -> Any:
    if not _is_integers(table) or not table.size:
        return table
    low, high = int(table.min()), int(table.max())
    dtype = np.result_type(np.min_scalar_type(low), np.min_scalar_type(high))
    return table.astype(dtype) if dtype.kind in "iu" else table


class _Part:
    """The results of some consecutive tasks, on the workers, on their way to one sum."""

    def __init__(self, cluster: Cluster, per_thread: int) -> None:
        self._cluster = cluster
        self.size = per_thread * cluster.n_threads
        self.n_tasks = self._n_new = 0
        self.tables: list[Any] = []

    def add(self, table: Any) -> None:
        """Add the result of the next task; when there are some, each worker adds up its own."""
        self.tables.append(table)
        self.n_tasks += 1
        self._n_new += 1
        if self._n_new >= FAN_IN * self._cluster.n_threads:
            self._fold()

    def total(self) -> Any:
        """Return the future of the sum of all, which one worker adds up from those of each."""
        self._fold()
        return self._cluster.submit_sum(add_up, *self.tables)

    def _fold(self) -> None:
        self._n_new = 0
        holders = self._cluster.client.who_has(self.tables)
        by_worker: dict[Any, list[Any]] = {}
        for future in self.tables:
            by_worker.setdefault(next(iter(holders.get(future.key, ())), None), []).append(future)
        self.tables = [
            tables[0] if len(tables) == 1 else self._cluster.submit_sum(add_up, *tables)
            for tables in by_worker.values()
        ]


def sums(
    cluster: Cluster,
    tasks: Iterable[Any],
    deadline: Deadline,
    on_done: Callable[[int], object] | None,
    abandon: Callable[[Collection[Any]], object],
) -> Iterator[tuple[int, Any]]:
    """Run tasks, and yield pairs of a number of tasks and the sum of their results."""
    per_thread = FIRST_PART
    part = _Part(cluster, per_thread)
    totals: deque[tuple[int, Any]] = deque()
    future: Any = None
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
                part.add(future)
                if part.n_tasks == part.size:
                    totals.append((part.n_tasks, part.total()))
                    per_thread = min(2 * per_thread, LARGEST_PART)
                    part = _Part(cluster, per_thread)
                while totals and totals[0][1].done():
                    yield _taken(totals)
        if part.n_tasks:
            totals.append((part.n_tasks, part.total()))
        while totals:
            cluster.ended(totals[0][1], deadline)
            yield _taken(totals)
    finally:
        # Let go of all that workers hold, though an exception may refer to this frame.
        part.tables.clear()
        totals.clear()
        future = None


def _taken(totals: deque[tuple[int, Any]]) -> tuple[int, Any]:
    n_tasks, total = totals.popleft()
    return n_tasks, _widened(total.result())


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
