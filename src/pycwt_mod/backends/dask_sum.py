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
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .dask_cluster import Cluster
from .deadline import Deadline
from .pickling import Failure, dumps, opened
from .shipping import Parcel

__all__ = ["Summing"]

# Tables that a worker may hold before it adds them up.
FAN_IN = 8
# A part of the run, in tasks per worker: the first ones are short, so that an early end does not
# lose all; the later ones about a minute, which is what a dead worker can cost.
FIRST_PART, LARGEST_PART = 4, 64


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
    """Some consecutive tasks on their way to one sum."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.n_tasks = 0
        self.n_running = 0
        # Results and sums that lie on the workers.
        self.tables: list[Any] = []
        self.n_new = 0
        self.total: Any = None

    @property
    def is_complete(self) -> bool:
        """Whether all tasks are done."""
        return self.n_tasks == self.size and not self.n_running


class Summing:
    """One call: tasks submitted a few ahead, their results added up on the workers."""

    def __init__(
        self, cluster: Cluster, deadline: Deadline, on_done: Callable[[int], object] | None
    ) -> None:
        self._cluster, self._deadline, self._on_done = cluster, deadline, on_done
        # Futures of tasks, with the task's number and part.
        self.running: dict[Any, tuple[int, _Part]] = {}
        self._ended: dict[int, Any] = {}
        self._n_reported = 0
        self._n_drawn = 0
        self._parts: deque[_Part] = deque()
        self._part_tasks = FIRST_PART

    def close(self) -> None:
        """Let go of all that workers hold for this run, though an exception may refer to it."""
        for part in self._parts:
            part.tables.clear()
            part.total = None
        self._parts.clear()
        self.running.clear()
        self._ended.clear()

    def sums(self, tasks: Iterable[Any]) -> Iterator[tuple[int, Any]]:
        """Run the tasks and yield pairs of a number of tasks and the sum of their results."""
        source = iter(tasks)
        while self._draw(source):
            first = self._parts[0]
            self._take_note()
            self._report()
            if first.total is not None and first.total.done():
                self._parts.popleft()
                yield first.n_tasks, _widened(first.total.result())

    def _draw(self, source: Iterator[Any]) -> bool:
        """Submit tasks as far as the window goes; False when all sums are handed out."""
        while len(self.running) < self._cluster.window():
            try:
                task = next(source)
            except StopIteration:
                if self._parts and self._parts[-1].n_tasks < self._parts[-1].size:
                    self._parts[-1].size = self._parts[-1].n_tasks
                    self._fold(self._parts[-1])
                return bool(self._parts)
            if not self._parts or self._parts[-1].n_tasks == self._parts[-1].size:
                self._parts.append(_Part(self._part_tasks * self._cluster.n_threads))
                self._part_tasks = min(2 * self._part_tasks, LARGEST_PART)
            part = self._parts[-1]
            future = self._cluster.submit(run_kept, task, self._n_drawn)
            self.running[future] = self._n_drawn, part
            self._n_drawn += 1
            part.n_tasks += 1
            part.n_running += 1
        return True

    def _take_note(self) -> None:
        """Wait for tasks to end; no variable of `sums`, which an error keeps, refers to one."""
        for future in self._cluster.wait(self._deadline):
            if future in self.running:
                self._end(future)

    def _end(self, future: Any) -> None:
        """Take note of a task that has finished or failed."""
        number, part = self.running.pop(future)
        part.n_running -= 1
        self._ended[number] = None if future.status == "finished" else future
        part.tables.append(future)
        part.n_new += 1
        if part.is_complete or part.n_new >= FAN_IN * self._cluster.n_threads:
            self._fold(part)

    def _report(self) -> None:
        """Call back for tasks whose predecessors are done, and raise the first error."""
        while self._n_reported in self._ended:
            failed = self._ended.pop(self._n_reported)
            if failed is not None:
                self._raise(failed)
            if self._on_done is not None:
                self._on_done(self._n_reported)
            self._n_reported += 1

    def _raise(self, failed: Any) -> None:
        try:
            failed.result()
        except TaskFailedError as error:
            data = error.args[0]
        opened(data)

    def _fold(self, part: _Part) -> None:
        """Let each worker add up the tables that it holds; in the end, one worker the sums."""
        part.n_new = 0
        holders = self._cluster.client.who_has(part.tables)
        by_worker: dict[Any, list[Any]] = {}
        for future in part.tables:
            by_worker.setdefault(next(iter(holders.get(future.key, ())), None), []).append(future)
        part.tables = [
            tables[0] if len(tables) == 1 else self._cluster.submit_sum(add_up, *tables)
            for tables in by_worker.values()
        ]
        if part.is_complete:
            part.total = self._cluster.submit_sum(add_up, *part.tables)
