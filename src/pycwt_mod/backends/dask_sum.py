"""Sums of tasks' results, made on the workers of a cluster where the results lie.

A table of counts has megabytes, and a run of a million surrogates thousands of them. Here a table
stays with the worker that made it until there are several, which that worker adds up; only when a
part of the run (some minutes) is over, the workers' sums are added along a tree, and one table
goes to the caller. So what is moved does not grow with the number of surrogates in a task, and
not with the number of tasks in a part.

A sum is a task as well: when a worker dies, the cluster makes what it held again.
"""

from __future__ import annotations

import functools
import operator
import pickle
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import numpy as np

from .dask_cluster import Cluster, translated_errors
from .deadline import Deadline
from .remote import Failure
from .shipment import Shipment, receive, run_shipped

__all__ = ["SummedRun"]

# Tables that a worker may hold before it adds them up.
FAN_IN = 8
# Sums of so many workers are added in one step of the tree.
BRANCHES = 4
# A part of the run, in tasks per worker: the first ones are short, so that an early end does not
# lose all; the later ones about a minute, which is what a dead worker can cost.
FIRST_PART, LARGEST_PART = 4, 64
# How often finished tasks are looked for.
POLL_SECONDS = 0.01


class TaskFailedError(Exception):
    """Carries a pickled `Failure` out of a dask task, past whatever cannot be unpickled."""

    def __repr__(self) -> str:  # workers log it
        return f"TaskFailedError({self.args[1]!r})"


def run_kept(shipment: Shipment, task: Any) -> Any:
    """Run one task in a worker and leave the result there.

    Parameters
    ----------
    shipment : Shipment
        The kernel.
    task : object
        Its argument.

    Returns
    -------
    object
        The kernel's result.

    Raises
    ------
    TaskFailedError
        If the kernel failed.
    """
    data = run_shipped(shipment, task)
    outcome = pickle.loads(data)
    if isinstance(outcome, Failure):
        raise TaskFailedError(data, f"{outcome.type_name}: {outcome.message}")
    return _compact(outcome)


def add_up(*tables: Any) -> Any:
    """Add results in a worker.

    Parameters
    ----------
    *tables : object
        What can be added by ``+``.

    Returns
    -------
    object
        The sum; an array of integers in the smallest type that holds it, to be small on its way.
    """
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
        # Tables that wait, by the worker that holds them (None: not looked up yet).
        self.tables: dict[str | None, list[Any]] = {}
        self.n_new = 0
        self.total: Any = None

    def keep(self, future: Any, place: str | None = None) -> None:
        self.tables.setdefault(place, []).append(future)
        self.n_new += place is None


class SummedRun:
    """One call: tasks submitted a few ahead, their results added up on the workers.

    Parameters
    ----------
    cluster : Cluster
        Where.
    submit : callable
        ``submit(function, *args, priority=...)`` returns a future; for tasks.
    submit_sum : callable
        The same, for sums.
    sent : Shipment or future
        The kernel.
    window : callable
        Returns how many tasks may be in flight now.
    deadline : Deadline
        The end.
    on_done : callable, optional
        As in `MCBackend.map`.
    """

    def __init__(
        self,
        cluster: Cluster,
        submit: Callable[..., Any],
        submit_sum: Callable[..., Any],
        sent: Any,
        window: Callable[[], int],
        deadline: Deadline,
        on_done: Callable[[int], object] | None,
    ) -> None:
        self._cluster, self._submit, self._submit_sum = cluster, submit, submit_sum
        self._sent, self._window, self._deadline = sent, window, deadline
        self._on_done = on_done or (lambda index: None)
        self._running: dict[int, tuple[Any, _Part]] = {}
        self._finished: set[int] = set()
        self._failed: dict[int, Any] = {}
        self._n_reported = 0
        self._n_drawn = 0
        self._parts: deque[_Part] = deque()
        self._part_tasks = FIRST_PART

    @property
    def pending(self) -> Collection[Any]:
        """Futures of tasks that have not finished."""
        return [future for future, _ in self._running.values()]

    def release(self) -> None:
        """Let go of all that workers hold for this run, though an exception may refer to it."""
        for part in self._parts:
            part.tables.clear()
            part.total = None
        self._parts.clear()
        self._running.clear()
        self._failed.clear()

    def sums(self, tasks: Iterable[Any]) -> Iterator[tuple[int, Any]]:
        """Run the tasks.

        Parameters
        ----------
        tasks : iterable
            The tasks.

        Yields
        ------
        (int, object)
            The sum of the next so many results.
        """
        source = iter(tasks)
        exhausted = False
        while True:
            exhausted = exhausted or self._draw(source)
            if not self._parts:
                return
            moved = self._look()
            self._report()
            first = self._parts[0]
            if first.total is not None and first.total.done():
                self._parts.popleft()
                yield first.n_tasks, self._fetch(first.total)
                continue
            self._deadline.check()
            if not moved:
                self._cluster.check_alive()
                time.sleep(POLL_SECONDS)

    def _draw(self, source: Iterator[Any]) -> bool:
        """Submit tasks as far as the window goes; True when there are no more."""
        while not self._failed and len(self._running) < max(1, self._window()):
            try:
                task = next(source)
            except StopIteration:
                for part in self._parts:
                    part.size = part.n_tasks
                    self._close(part)
                return True
            if not self._parts or self._parts[-1].n_tasks == self._parts[-1].size:
                self._parts.append(_Part(self._part_tasks * max(1, self._cluster.n_threads)))
                self._part_tasks = min(2 * self._part_tasks, LARGEST_PART)
            part = self._parts[-1]
            # The consumer waits for the first, so that must not stand behind later ones.
            future = self._submit(run_kept, self._sent, task, priority=-self._n_drawn)
            self._running[self._n_drawn] = future, part
            self._n_drawn += 1
            part.n_tasks += 1
            part.n_running += 1
        return False

    def _look(self) -> bool:
        """Take note of tasks that have finished; True if there are any."""
        ended = [index for index, (future, _) in self._running.items() if future.done()]
        for index in ended:
            future, part = self._running.pop(index)
            part.n_running -= 1
            if future.status == "finished":
                self._finished.add(index)
                part.keep(future)
                if part.n_new >= FAN_IN * max(1, self._cluster.n_threads):
                    self._fold(part)
                self._close(part)
            else:
                self._failed[index] = future
        return bool(ended)

    def _report(self) -> None:
        """Call back for tasks whose predecessors are done, and raise the first error."""
        while self._n_reported in self._finished:
            self._finished.discard(self._n_reported)
            self._on_done(self._n_reported)
            self._n_reported += 1
        if self._n_reported in self._failed:
            self._fetch(self._failed[self._n_reported])

    def _fold(self, part: _Part) -> None:
        """Let each worker add up the tables that it holds."""
        new = part.tables.pop(None, [])
        part.n_new = 0
        if new:
            holders = self._cluster.holders(new)
            for future in new:
                part.keep(future, next(iter(holders.get(future.key, ())), ""))
        for place, tables in part.tables.items():
            if len(tables) > 1:
                part.tables[place] = [self._submit_sum(add_up, *tables, priority=1)]

    def _close(self, part: _Part) -> None:
        """Begin to add up what the workers hold, once all tasks of a part have finished."""
        if part.n_running or part.n_tasks < part.size or part.total is not None:
            return
        self._fold(part)
        level = [future for tables in part.tables.values() for future in tables]
        while len(level) > 1:
            level = [
                self._submit_sum(add_up, *level[k : k + BRANCHES], priority=1)
                for k in range(0, len(level), BRANCHES)
            ]
        part.tables.clear()
        part.total = level[0]

    def _fetch(self, future: Any) -> Any:
        """Bring a result here, or raise what failed."""
        try:
            with translated_errors():
                return _widened(future.result())
        except TaskFailedError as error:
            data = error.args[0]
        return receive(data)
