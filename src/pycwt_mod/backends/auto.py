"""In process while that is quickest, on all cores once the job proves worth it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from operator import length_hint
from time import perf_counter
from typing import Any, ClassVar, TypeVar

from .base import IN_PROCESS, MIN_TASKS, TASKS_PER_WORKER, as_limit
from .deadline import Deadline
from .futures import split_evenly
from .joblib import JoblibBackend
from .nesting import available_cores, inside_worker
from .sequential import SequentialBackend

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
    """Return whether a pool of processes should end a job clearly sooner than this one."""
    if n_workers < 2 or sequential_seconds < MIN_SECONDS:
        return False
    parallel_seconds = START_UP_SECONDS + sequential_seconds / (EFFICIENCY * n_workers)
    return parallel_seconds < MAX_TIME_RATIO * sequential_seconds


class AutoBackend(SequentialBackend):
    """Sequential or joblib, by the measured cost.

    Tasks run in process and are timed. As soon as the rest would take longer than a pool of
    processes, its start-up included (`parallel_pays`: at least 5 s, on two cores about 10 s),
    it goes to `JoblibBackend`. A small job never pays for a pool; a large one loses at most the
    time of its first tasks. The results are the same either way.

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
        # Shared by copies with another limit, so that the caller's own tells what was chosen.
        self._last: dict[str, str | None] = {"last_choice": None}
        self._limit = self._as_limit(n_workers)

    def available_workers(self) -> int:
        """Return the number of cores, which a pool would have."""
        return available_cores()

    def __repr__(self) -> str:
        return f"AutoBackend(n_workers={self._limit or -1})"

    def _as_limit(self, n_workers: object) -> int | None:
        return as_limit(n_workers, available_cores)

    def split(self, n_items: int) -> list[range]:
        """Cut ``range(n_items)`` into tasks; see `MCBackend.split`."""
        # Joblib, which knows the cores exactly, is loaded only where it may be used.
        n_workers = self._limit or os.cpu_count() or 1
        return split_evenly(n_items, max(MIN_TASKS, TASKS_PER_WORKER * n_workers))

    def get_info(self) -> dict[str, Any]:
        """Describe the backend, with ``last_choice``: "sequential", "joblib" or None."""
        return {**super().get_info(), **self._last}

    def map(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        *,
        deadline: Deadline | None = None,
        on_done: Callable[[int], object] | None = None,
    ) -> Iterator[R]:
        """Run ``kernel(task)`` for each task; see `MCBackend.map`."""
        self._last["last_choice"], self.ran_on = "sequential", IN_PROCESS
        trial = _Trial(kernel, tasks, self)
        yield from SequentialBackend().map(trial.timed, trial, deadline=deadline, on_done=on_done)
        if not trial.pool_pays:
            return
        n_done = trial.n_done
        pool = JoblibBackend(min(self.n_workers, trial.n_left))
        self._last["last_choice"], self.ran_on = "joblib", (pool.name, pool.n_workers)
        shifted = None if on_done is None else lambda index: on_done(n_done + index)
        yield from pool.map(kernel, trial.source, deadline=deadline, on_done=shifted)


class _Trial:
    """Tasks to run in process, timed, until the rest is worth a pool."""

    def __init__(
        self, kernel: Callable[[Any], Any], tasks: Iterable[Any], backend: AutoBackend
    ) -> None:
        self.source = iter(tasks)
        # The first task also pays for imports and plans, so it is left out if there are others.
        self._first = self._others = 0.0
        self.n_done = 0
        self._kernel, self._backend = kernel, backend
        self._total = length_hint(tasks, -1)
        self._may_move = not inside_worker() and backend._limit != 1

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self.pool_pays:
            raise StopIteration
        return next(self.source)

    def __length_hint__(self) -> int:
        return self.n_left if self._total >= 0 else NotImplemented

    def timed(self, task: Any) -> Any:
        """Run one task, and note the time it takes."""
        began = perf_counter()
        result = self._kernel(task)
        if self.n_done:
            self._others += perf_counter() - began
        else:
            self._first = perf_counter() - began
        self.n_done += 1
        return result

    @property
    def n_left(self) -> int:
        """Number of tasks left; without a length, as many again as are done."""
        return self.n_done if self._total < 0 else self._total - self.n_done

    @property
    def pool_pays(self) -> bool:
        """Whether the tasks left should go to a pool."""
        if not self._may_move or self.n_left < 2 or not self.n_done:
            return False
        alone = self._first if self._first >= CONVINCING_SECONDS else 0.0
        each = self._others / (self.n_done - 1) if self.n_done > 1 else alone
        seconds = each * self.n_left
        return seconds >= MIN_SECONDS and parallel_pays(
            seconds, min(self._backend.n_workers, self.n_left)
        )
