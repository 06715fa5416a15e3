"""Any `concurrent.futures.Executor` that the caller has."""

from __future__ import annotations

import contextlib
import copy
import functools
import multiprocessing
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sized
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from typing import Any, ClassVar, TypeVar

from .base import MCBackend
from .checks import resolve_n_workers
from .deadline import Deadline
from .executor_post import Post
from .remote import DEAD_WORKERS_NOTE, Guarded, inside_worker, unwrap
from .sequential import IN_PROCESS, map_in_process
from .windowed import map_windowed

__all__ = ["ExecutorBackend"]

T = TypeVar("T")
R = TypeVar("R")


class ExecutorBackend(MCBackend):
    """Any executor with the `concurrent.futures` interface, passed in by the caller.

    `ProcessPoolExecutor` with any start method, `ThreadPoolExecutor`, loky's reusable executor,
    mpi4py's ``MPIPoolExecutor``, dask's ``client.get_executor()``. It is never shut down here.

    Processes started by spawn or forkserver import the script first, which therefore starts its
    work under ``if __name__ == "__main__":``. With MPI run the script by ``mpiexec -n 5 python -m
    mpi4py.futures script.py``: one rank for the script, four workers. Large data are mapped from
    a file by workers that see this machine's, and sent once to each that does not.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Where the tasks run.
    n_workers : int, optional
        At most so many tasks at a time; None or -1: as many as the executor has workers.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(2) as pool:
    ...     list(ExecutorBackend(pool).map(abs, [-1, 2, -3]))
    [1, 2, 3]
    """

    name: ClassVar[str] = "executor"

    def __init__(self, executor: Executor, n_workers: int | None = None) -> None:
        self.executor: Any = executor
        self.validate_config()
        self._limit: int | None = None
        if n_workers is not None:
            self._limit = self._check_limit(n_workers)
        # Shared by copies, so that the caller's object tells what a limited copy did.
        self._record: dict[str, tuple[str, int]] = {}

    def __repr__(self) -> str:
        limit = "" if self._limit is None else f", n_workers={self._limit}"
        return f"ExecutorBackend({self.executor!r}{limit})"

    def _check_limit(self, n_workers: int) -> int | None:
        workers = _count_workers(self.executor)
        number = resolve_n_workers(n_workers, workers, "workers of the executor")
        return None if number == workers else number

    @property
    def n_workers(self) -> int:
        """How many tasks run at a time."""
        return self._limit or _count_workers(self.executor)

    @property
    def ran_on(self) -> tuple[str, int]:
        """Name and number of workers of what did the last `map`, for the record."""
        return self._record.get("ran_on", (self.name, self.n_workers))

    def with_n_workers(self, n_workers: int | None) -> ExecutorBackend:
        """Return a backend on the same executor that uses some of its workers.

        Parameters
        ----------
        n_workers : int or None
            A positive integer, -1 for all the executor's workers, or None for no change.

        Returns
        -------
        ExecutorBackend
            A copy, or `self` where nothing changes.
        """
        if n_workers is None:
            return self
        limit = self._check_limit(n_workers)
        if limit == self._limit:
            return self
        other = copy.copy(self)
        other._limit = limit
        return other

    def get_info(self) -> dict[str, Any]:
        """Describe the backend.

        Returns
        -------
        dict
            As `MCBackend.get_info`, with the ``executor``'s class.
        """
        kind = type(self.executor)
        return {**super().get_info(), "executor": f"{kind.__module__}.{kind.__qualname__}"}

    def validate_config(self) -> None:
        """Check that there is an executor.

        Raises
        ------
        TypeError
            If it is none, or a class in place of an instance.
        """
        if not isinstance(self.executor, Executor):
            hint = " Call it to make one." if isinstance(self.executor, type) else ""
            raise TypeError(
                "`executor` must be a concurrent.futures.Executor instance, "
                f"got {self.executor!r}.{hint}"
            )

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
        """Run as `map` does until a deadline, at which the workers' tasks are interrupted.

        The workers themselves live on. Tasks of threads, and those in worker processes where
        `Alarm` cannot be used, end first.

        Parameters
        ----------
        kernel, tasks, deadline, on_done
            See `MCBackend.map_until`.

        Returns
        -------
        iterator
            One result per task, in task order.
        """
        _refuse_import_of_main(self.executor)
        if inside_worker():
            self._record["ran_on"] = IN_PROCESS
            n_tasks = len(tasks) if isinstance(tasks, Sized) else None
            # Waiting here for a place in the pool that runs this very task might last for ever.
            return deadline.watch(map_in_process(kernel, tasks, on_done), n_tasks)
        self._record["ran_on"] = self.name, self.n_workers
        if _is_dask_executor(self.executor):
            return self._on_dask_client().map_until(kernel, tasks, deadline, on_done=on_done)
        if isinstance(self.executor, ThreadPoolExecutor):  # threads need no pickling
            return self._map_on_threads(kernel, tasks, deadline, on_done)
        # All other executors are taken to run elsewhere.
        return self._map_shipped(kernel, tasks, deadline, on_done)

    def _map_shipped(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        deadline: Deadline,
        on_done: Callable[[int], object] | None,
    ) -> Iterator[R]:
        post = Post(
            kernel,
            self._submit,
            functools.partial(self._result, deadline=deadline),
            deadline,
            _is_on_this_machine(self.executor),
        )
        with contextlib.closing(post):
            yield from map_windowed(
                submit=post.send,
                collect=post.collect,
                abandon=lambda sent: _abandon([one.future for one in sent]),
                tasks=tasks,
                window=self._window,
                on_done=on_done,
            )

    def _map_on_threads(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        deadline: Deadline,
        on_done: Callable[[int], object] | None,
    ) -> Iterator[R]:
        guarded = Guarded(kernel, crosses_process=False)

        def submit(task: T) -> Future[Any]:
            deadline.check()
            return self._submit(guarded, task)

        return map_windowed(
            submit=submit,
            collect=lambda future: unwrap(self._result(future, deadline)),
            abandon=_abandon,
            tasks=tasks,
            window=self._window,
            on_done=on_done,
        )

    def _window(self) -> int:
        """How many tasks may be in flight: twice the workers keeps them fed."""
        # A limit below the executor's own number of workers holds exactly.
        return self._limit or 2 * self.n_workers

    def _on_dask_client(self) -> MCBackend:
        """Go round dask's executor, whose futures say of running tasks that they are cancelled."""
        from .dask import DaskBackend

        executor = self.executor
        return DaskBackend(
            client=executor._client,
            n_workers=self._limit or -1,
            submit_options=executor._kwargs,
        )

    def _submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        try:
            future: Future[Any] = self.executor.submit(function, *args)
        except BrokenExecutor as error:
            error.add_note(_why_broken(self.executor))
            raise
        return future

    def _result(self, future: Future[Any], deadline: Deadline) -> Any:
        try:
            # Waited for apart: a TimeoutError of `result` might be one of a task.
            if not wait([future], deadline.left).done:
                raise deadline.error()
            return future.result()
        except BrokenExecutor as error:
            error.add_note(_why_broken(self.executor))
            raise


def _why_broken(executor: Any) -> str:
    """Explain a broken pool, whose workers may have died of a script without a guard."""
    note = f"{DEAD_WORKERS_NOTE} The executor cannot be used again; make a new one."
    context = getattr(executor, "_mp_context", None)
    method = context.get_start_method() if context is not None else None
    if method in ("spawn", "forkserver") and getattr(sys.modules["__main__"], "__file__", None):
        note += (
            f" With the start method {method!r} each worker first imports the script: if the "
            "workers died at once, put what starts the work there under "
            '`if __name__ == "__main__":`.'
        )
    return note


def _refuse_import_of_main(executor: Executor) -> None:
    """Refuse to start work while a new worker process imports the script that starts work."""
    # What multiprocessing itself looks at before it starts a process.
    if isinstance(executor, ProcessPoolExecutor) and getattr(
        multiprocessing.current_process(), "_inheriting", False
    ):
        raise RuntimeError(
            "a worker process imports the script that started it, and would start its work once "
            "more. With the start methods spawn and forkserver put what starts the work under "
            '`if __name__ == "__main__":`.'
        )


def _abandon(futures: Collection[Future[Any]]) -> None:
    """Cancel what has not begun, and wait for the rest: the workers are not ours to kill."""
    # From the end, so that no cancelled place is filled by a later task.
    wait([future for future in reversed(list(futures)) if not future.cancel()])


def _is_on_this_machine(executor: Executor) -> bool:
    """Tell whether the workers surely see this machine's files."""
    loky = ("loky.", "joblib.externals.loky.", "joblib.executor")
    return isinstance(executor, ProcessPoolExecutor) or type(executor).__module__.startswith(loky)


def _is_dask_executor(executor: Executor) -> bool:
    return type(executor).__module__ == "distributed.cfexecutor"


def _count_workers(executor: Executor) -> int:
    """How many tasks an executor runs at a time, as far as it tells."""
    # concurrent.futures and loky; mpi4py.
    for attribute in ("_max_workers", "num_workers"):
        number = getattr(executor, attribute, None)
        if isinstance(number, int) and number > 0:
            return number
    if _is_dask_executor(executor):
        client: Any = executor._client  # type: ignore[attr-defined]
        return max(1, int(sum(client.nthreads().values())))
    from .joblib import available_cores

    return available_cores()
