"""In process while that is quickest, on all cores once the job proves worth it."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Iterator, Sized
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from .base import MCBackend, closing_iterator
from .checks import check_n_workers, resolve_n_workers
from .deadline import Deadline
from .remote import inside_worker
from .sequential import IN_PROCESS, map_in_process
from .splitting import MIN_TASKS, TASKS_PER_WORKER, split_evenly

if TYPE_CHECKING:
    from .joblib import JoblibBackend

__all__ = ["AutoBackend", "parallel_pays"]

T = TypeVar("T")
R = TypeVar("R")

# Seconds of work below which no pool is started, whatever the number of cores.
MIN_SECONDS = 5.0
# Time to start loky's processes: 0.5 s measured on two idle cores with NumPy imported in them; the
# rest is for what else they import, more processes, and slower disks.
START_UP_SECONDS = 1.5
# What a core adds in practice: memory bandwidth and clock rate are shared.
EFFICIENCY = 0.85
# The pool must promise to end in this part of the sequential time, since both are estimates.
MAX_TIME_RATIO = 0.75
# The first task also pays for imports and plans, so alone it convinces only if it took so long.
CONVINCING_SECONDS = 1.0


def parallel_pays(sequential_seconds: float, n_workers: int) -> bool:
    """Tell whether a job is worth the start of a process pool.

    Parameters
    ----------
    sequential_seconds : float
        Estimated time of the job in process.
    n_workers : int
        Workers that the pool would have.

    Returns
    -------
    bool
        True if the pool, start-up included, is expected to end clearly sooner.

    Examples
    --------
    >>> parallel_pays(1.0, 64), parallel_pays(60.0, 1), parallel_pays(60.0, 2)
    (False, False, True)
    """
    if n_workers < 2 or sequential_seconds < MIN_SECONDS:
        return False
    parallel_seconds = START_UP_SECONDS + sequential_seconds / (EFFICIENCY * n_workers)
    return parallel_seconds < MAX_TIME_RATIO * sequential_seconds


class AutoBackend(MCBackend):
    """Sequential or joblib, by the measured cost.

    Tasks run in process and are timed. As soon as what remains would take longer than a pool of
    processes, its start-up included (`parallel_pays`: at least 5 s, on two cores about 10 s),
    the remaining tasks go to `JoblibBackend`. A small job never pays for a pool; a large one
    loses at most the time of its first tasks. The results are the same either way.

    Parameters
    ----------
    n_workers : int, optional
        Workers of the pool, if there is one; -1: all available cores.

    Examples
    --------
    >>> backend = AutoBackend()
    >>> list(backend.map(abs, [-1, 2, -3]))
    [1, 2, 3]
    >>> backend.get_info()["last_choice"]
    'sequential'
    """

    name: ClassVar[str] = "auto"

    def __init__(self, n_workers: int = -1) -> None:
        self._wanted = check_n_workers(n_workers)
        if self._wanted > _core_bound():
            self._wanted = _resolve(self._wanted)
        # Shared by copies, so that the caller's object tells what a limited copy did.
        self._record: dict[str, str | None] = {"last_choice": None}
        self._pool: list[JoblibBackend] = []

    def __repr__(self) -> str:
        return f"AutoBackend(n_workers={self._wanted})"

    @property
    def n_workers(self) -> int:
        """How many tasks would run at a time in a pool."""
        return 1 if self._wanted == 1 else _resolve(self._wanted)

    @property
    def ran_on(self) -> tuple[str, int]:
        """Name and number of workers of what did the last `map`, for the record."""
        return self._pool[0].ran_on if self._pool else IN_PROCESS

    def with_n_workers(self, n_workers: int | None) -> AutoBackend:
        """Return the same backend with another number of workers.

        Parameters
        ----------
        n_workers : int or None
            A positive integer, -1 for all available cores, or None for no change.

        Returns
        -------
        AutoBackend
            A copy, or `self` where nothing changes.
        """
        if n_workers is None:
            return self
        number = check_n_workers(n_workers)
        if number == self._wanted:
            return self
        other = copy.copy(self)
        other._wanted = number if number <= 1 else resolve_n_workers(number, _cores())
        return other

    def split(self, n_items: int) -> list[range]:
        """Cut a job of many equal items into tasks of a good size; see `MCBackend.split`.

        Parameters
        ----------
        n_items : int
            Number of items.

        Returns
        -------
        list of range
            By an upper bound of the cores that needs no joblib, which takes a while to import.
        """
        bound = self._wanted if self._wanted > 0 else _core_bound()
        return split_evenly(n_items, max(MIN_TASKS, TASKS_PER_WORKER * bound))

    def get_info(self) -> dict[str, Any]:
        """Describe the backend.

        Returns
        -------
        dict
            As `MCBackend.get_info`, with ``last_choice``: "sequential", "joblib" or None.
        """
        return {**super().get_info(), **self._record}

    def map(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        *,
        on_done: Callable[[int], object] | None = None,
    ) -> Iterator[R]:
        """Run ``kernel(task)`` for each task; see `MCBackend.map`.

        Parameters
        ----------
        kernel : callable
            Pure function of one task.
        tasks : iterable
            The tasks.
        on_done : callable, optional
            Called as ``on_done(task_index)``.

        Returns
        -------
        iterator
            One result per task, in task order.
        """
        return self.map_until(kernel, tasks, Deadline(), on_done=on_done)

    def map_until(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        deadline: Deadline,
        *,
        on_done: Callable[[int], object] | None = None,
    ) -> Iterator[R]:
        """Run as `map` does until a deadline; see `MCBackend.map_until`.

        Parameters
        ----------
        kernel, tasks, deadline, on_done
            See `MCBackend.map_until`.

        Returns
        -------
        iterator
            One result per task, in task order.
        """
        self._record["last_choice"] = "sequential"
        self._pool.clear()
        n_tasks = len(tasks) if isinstance(tasks, Sized) else None
        if self._wanted == 1 or inside_worker():
            return deadline.watch(map_in_process(kernel, tasks, on_done), n_tasks)
        return self._map_measured(kernel, tasks, deadline, on_done)

    def _map_measured(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        deadline: Deadline,
        on_done: Callable[[int], object] | None,
    ) -> Iterator[R]:
        n_tasks = len(tasks) if isinstance(tasks, Sized) else None
        source = iter(tasks)
        stopwatch = _Stopwatch()
        for task in source:
            deadline.check()
            with stopwatch:
                result = kernel(task)
            if on_done is not None:
                on_done(stopwatch.n_tasks - 1)
            yield result
            del result
            # Without a length, as much again is taken to remain.
            n_left = stopwatch.n_tasks if n_tasks is None else n_tasks - stopwatch.n_tasks
            if self._should_move(stopwatch, n_left):
                break
        else:
            return
        n_done = stopwatch.n_tasks
        shifted = None if on_done is None else lambda index: on_done(n_done + index)
        backend = self._opened_pool(min(self.n_workers, n_left))
        results = backend.map_until(kernel, source, deadline, on_done=shifted)
        with closing_iterator(results):
            yield from results

    def _should_move(self, stopwatch: _Stopwatch, n_left: int) -> bool:
        seconds = stopwatch.seconds_per_task * n_left
        if seconds < MIN_SECONDS or n_left < 2:
            return False
        return parallel_pays(seconds, min(self.n_workers, n_left))

    def _opened_pool(self, n_workers: int) -> JoblibBackend:
        from .joblib import JoblibBackend

        self._record["last_choice"] = "joblib"
        self._pool[:] = [JoblibBackend(n_workers)]
        return self._pool[0]


class _Stopwatch:
    """Time per task, the first one left out as soon as there are others."""

    def __init__(self) -> None:
        self.n_tasks = 0
        self._first = 0.0
        self._others = 0.0
        self._start = 0.0

    def __enter__(self) -> None:
        self._start = perf_counter()

    def __exit__(self, *exception: object) -> None:
        seconds = perf_counter() - self._start
        if self.n_tasks == 0:
            self._first = seconds
        else:
            self._others += seconds
        self.n_tasks += 1

    @property
    def seconds_per_task(self) -> float:
        """The estimate; 0 while there is none to trust."""
        if self.n_tasks > 1:
            return self._others / (self.n_tasks - 1)
        return self._first if self._first >= CONVINCING_SECONDS else 0.0


def _core_bound() -> int:
    """Bound the available cores from above, without joblib."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cores() -> int:
    from .joblib import available_cores

    return available_cores()


def _resolve(n_workers: int) -> int:
    return resolve_n_workers(n_workers, _cores())
