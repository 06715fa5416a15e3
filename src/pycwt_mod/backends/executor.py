"""Executors and pools that the caller has: anything with `submit` or `map`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from itertools import islice
from types import ModuleType
from typing import Any, ClassVar

from ..validation import brief
from .base import MCBackend, as_limit
from .deadline import Deadline
from .futures import in_flight
from .nesting import available_cores, refuse_import_of_main
from .shipping import Lacking, Parcel

# Tasks per worker in one call of a pool's `map`, which ends before the next one begins.
TASKS_PER_ROUND = 4


class ExecutorBackend(MCBackend):
    """Any `concurrent.futures.Executor`, or any pool with a `map`, passed in by the caller.

    `ProcessPoolExecutor` with any start method, `ThreadPoolExecutor`, loky's reusable executor,
    mpi4py's ``MPIPoolExecutor``, ipyparallel's ``ViewExecutor``, Parsl's ``ParslPoolExecutor``;
    pools of `multiprocessing`, ray and schwimmbad. It is never shut down here. Processes started
    by spawn or forkserver import the script first, which therefore starts its work under
    ``if __name__ == "__main__":``. With MPI run the script by ``mpiexec -n 5 python -m
    mpi4py.futures script.py``: one rank for the script, four workers. Large arrays are mapped from
    a file by workers that see this machine's, and sent once to each that does not.

    Parameters
    ----------
    executor : concurrent.futures.Executor or object with ``map(function, iterable)``
        Where the tasks run.
    n_workers : int, optional
        At most this number of tasks at a time; None or -1: as many as the executor has workers.
        One that does not tell how many is taken to have the cores of this machine.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(2) as pool:
    ...     list(ExecutorBackend(pool).map(abs, [-1, 2, -3]))
    [1, 2, 3]
    """

    name: ClassVar[str] = "executor"
    workers_in_words: ClassVar[str] = "workers of the executor"
    if_broken = (
        "The executor cannot be used again; make a new one. If its workers died at once and are "
        "started by spawn or forkserver, which import the script, put what starts the work there "
        'under `if __name__ == "__main__":`.'
    )

    def __init__(self, executor: Any, n_workers: int | None = None) -> None:
        self.executor = executor
        self.validate_config()
        self.in_process = isinstance(executor, ThreadPoolExecutor)
        self.on_this_machine = isinstance(executor, ProcessPoolExecutor)
        self._known_workers = _count_workers(executor)
        self._tells = self._known_workers is not None
        if n_workers is not None:
            if self._known_workers is None and n_workers != -1:
                self._known_workers = as_limit(n_workers, lambda: sys.maxsize)
            self._limit = self._as_limit(n_workers)

    def __repr__(self) -> str:
        limit = "" if self._limit is None else f", n_workers={self._limit}"
        return f"ExecutorBackend({self.executor!r}{limit})"

    def validate_config(self) -> None:
        """Raise TypeError if there is no executor, or a class in place of an instance."""
        if isinstance(self.executor, type) or not is_executor(self.executor):
            hint = " Call it to make one." if isinstance(self.executor, type) else ""
            raise TypeError(
                "`executor` must be a concurrent.futures.Executor instance or have a method "
                f"`map`, got {self.executor!r}.{hint}"
            )

    def available_workers(self) -> int:
        """Return the executor's number of workers, or that of the cores where it does not tell."""
        return self._known_workers or available_cores()

    def usable_workers(self, n_tasks: int | None) -> int:
        """Return the number of workers for a call; 0 inside a worker."""
        refuse_import_of_main()
        return super().usable_workers(n_tasks)

    def get_info(self) -> dict[str, Any]:
        """Describe the backend, with the ``executor``'s class; see `MCBackend.get_info`."""
        kind = type(self.executor)
        return {**super().get_info(), "executor": f"{kind.__module__}.{kind.__qualname__}"}

    def run_tasks(
        self, run: Callable[[Any], Any], tasks: Iterator[Any], deadline: Deadline
    ) -> Iterator[Any]:
        """Submit the tasks, or map them in rounds; see `MCBackend.run_tasks`.

        The workers are not ours to kill: tasks that run at an early end, or when the time is
        over, end first.
        """
        if isinstance(run, Parcel):
            run.put_arrays_in_files()
        run_some = self._submitted if hasattr(self.executor, "submit") else self._mapped
        for number, outcome in run_some(run, tasks, deadline):
            if isinstance(outcome, Lacking) and isinstance(run, Parcel):
                yield from run_some(run.whole(), iter([(number, outcome.task)]), deadline)
            else:
                yield number, outcome

    def _submitted(
        self, run: Callable[[Any], Any], tasks: Iterator[Any], deadline: Deadline
    ) -> Iterator[Any]:
        def submit(task: Any) -> Future[Any]:
            with self._noting_its_end():
                future: Future[Any] = self.executor.submit(run, task)
            return future

        # Twice the workers keeps them fed.
        return in_flight(submit, tasks, self._n_at_a_time(2), deadline)

    def _mapped(
        self, run: Callable[[Any], Any], tasks: Iterator[Any], deadline: Deadline
    ) -> Iterator[Any]:
        some = list(islice(tasks, self._n_at_a_time(TASKS_PER_ROUND)))
        with self._noting_its_end():
            outcomes = self.executor.map(run, some)
        outcomes = list(outcomes) if isinstance(outcomes, Iterable) else [outcomes]
        if len(outcomes) != len(some):
            raise RuntimeError(
                f"`map` of {self.executor!r} must return one result per task, got "
                f"{len(outcomes)} for {len(some)}."
            )
        yield from outcomes

    @contextlib.contextmanager
    def _noting_its_end(self) -> Iterator[None]:
        """Say what to do about an executor that takes no work; `run` itself never raises."""
        try:
            yield
        except BrokenExecutor:
            raise
        except (RuntimeError, ValueError) as error:
            error.add_note(
                f"`backend` is {brief(self.executor)}, which takes no work: was it closed, or shut "
                "down? Make the call inside of its `with` block, or pass a new one."
            )
            raise

    def _n_at_a_time(self, per_worker: int) -> int:
        """Return the number of tasks to hand over; a limit below the workers holds exactly."""
        below = not self._tells or self.n_workers < self.available_workers()
        return self.n_workers * (1 if below and self._limit is not None else per_worker)


def is_executor(thing: object) -> bool:
    """Return whether this is an executor, or a pool with a `map`, and no series or table."""
    if isinstance(thing, Executor):
        return True
    other = isinstance(thing, ModuleType) or any(hasattr(thing, n) for n in ("shape", "dims"))
    return callable(getattr(thing, "map", None)) and not other


def _count_workers(executor: Any) -> int | None:
    """Return the number of tasks that an executor runs at a time, if it tells."""
    names = ["num_workers", "size"]  # of mpi4py; of schwimmbad
    if isinstance(executor, ProcessPoolExecutor | ThreadPoolExecutor):
        names = ["_max_workers"]  # the standard library has no other way to tell
    told = (getattr(executor, name, None) for name in names)
    return next((number for number in told if isinstance(number, int) and number > 0), None)
