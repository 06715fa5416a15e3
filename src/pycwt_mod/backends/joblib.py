"""All cores of this machine through joblib; the only file that imports joblib."""

from __future__ import annotations

import contextlib
import copy
import functools
import itertools
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import BrokenExecutor
from typing import Any, ClassVar, TypeAlias, TypeVar

from ..validation import warn_user
from .base import MCBackend
from .checks import check_timeout, resolve_n_workers
from .deadline import Deadline
from .joblib_call import Call, Feed, Job, Source, Stoppable, WorkersDiedError
from .remote import DEAD_WORKERS_NOTE, Guarded, inside_worker, unwrap
from .sequential import IN_PROCESS, map_in_process
from .shipment import Sharing, Shipment, receive, run_shipped

__all__ = ["JoblibBackend", "available_cores", "inside_joblib_task"]

T = TypeVar("T")
R = TypeVar("R")
_Run: TypeAlias = Callable[[Any], Any]
_Open: TypeAlias = Callable[[Any], Any]

# Tasks per worker handed to joblib and not yet taken by the consumer. Joblib itself sets no such
# bound: with a slow consumer its finished results would pile up.
MAX_AHEAD_PER_WORKER = 16

# How often a task may be the first without a result after workers died, before the call gives up.
MAX_DEATHS = 3
# How long a call whose workers died waits for another one that came in between.
RETRY_SECONDS = 60.0

# Loky's processes are one pool for the whole program, and an early end kills them: so only one
# call uses them at a time. A lock held by whoever does; nobody ever waits for it.
_process_pool = threading.Lock()


def available_cores() -> int:
    """Count the cores that this process may use.

    Returns
    -------
    int
        As `joblib.cpu_count`: affinity, cgroup quotas and LOKY_MAX_CPU_COUNT are respected.
    """
    import joblib

    return int(joblib.cpu_count())


def inside_joblib_task() -> bool:
    """Tell whether the calling code runs in a joblib task.

    Returns
    -------
    bool
        Also for tasks of the user's own `joblib.Parallel`.
    """
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    return bool(getattr(backend, "nesting_level", 0))


class JoblibBackend(MCBackend):
    """All cores of this machine, by `joblib.Parallel`.

    Processes (loky) take about a second to start the first time in a session and are then kept
    idle for the next call; they suit any worker. Threads start at once, and help only where the
    worker spends its time in NumPy or other code that releases the GIL.

    Parameters
    ----------
    n_workers : int, optional
        Workers at a time; -1: all available cores.
    prefer : {"processes", "threads"}, optional
        Kind of worker.
    batch_size, pre_dispatch, verbose, temp_folder, max_nbytes, mmap_mode
        As in `joblib.Parallel`. Arrays above `max_nbytes` that the kernel carries are written
        once to `temp_folder` and memory-mapped by worker processes.
    timeout : float, optional
        Seconds that a single task may take (processes and threads alike).

    Raises
    ------
    TimeoutError
        In `map`, if a task takes longer than `timeout`.

    Examples
    --------
    >>> backend = JoblibBackend(n_workers=1)
    >>> list(backend.map(abs, [-1, 2, -3]))
    [1, 2, 3]
    """

    name: ClassVar[str] = "joblib"
    requires: ClassVar[tuple[str, ...]] = ("joblib",)
    start_up_seconds: ClassVar[float] = 1.5

    def __init__(
        self,
        n_workers: int = -1,
        prefer: str = "processes",
        *,
        batch_size: int | str = "auto",
        pre_dispatch: int | str = "2 * n_jobs",
        verbose: int = 0,
        temp_folder: str | None = None,
        max_nbytes: int | str | None = "1M",
        mmap_mode: str | None = "r",
        timeout: float | None = None,
    ) -> None:
        self.prefer = prefer
        self.timeout = timeout
        self._options: dict[str, Any] = {
            "batch_size": batch_size,
            "pre_dispatch": pre_dispatch,
            "verbose": verbose,
            "temp_folder": temp_folder,
            "max_nbytes": max_nbytes,
            "mmap_mode": mmap_mode,
            "timeout": timeout,
        }
        self.validate_config()
        self._n_workers = resolve_n_workers(n_workers, available_cores())
        # Shared by copies, so that the caller's object tells what a limited copy did.
        self._record: dict[str, tuple[str, int]] = {}

    def __repr__(self) -> str:
        return f"JoblibBackend(n_workers={self._n_workers}, prefer={self.prefer!r})"

    @property
    def n_workers(self) -> int:
        """How many tasks run at a time."""
        return self._n_workers

    @property
    def ran_on(self) -> tuple[str, int]:
        """Name and number of workers of what did the last `map`, for the record.

        A single task, and a call inside a worker or beside another one, runs in process.
        """
        return self._record.get("ran_on", (self.name, self.n_workers))

    def with_n_workers(self, n_workers: int | None) -> JoblibBackend:
        """Return the same backend with another number of workers.

        Parameters
        ----------
        n_workers : int or None
            A positive integer, -1 for all available cores, or None for no change.

        Returns
        -------
        JoblibBackend
            A copy, or `self` where nothing changes.
        """
        if n_workers is None:
            return self
        number = resolve_n_workers(n_workers, available_cores())
        if number == self._n_workers:
            return self
        other = copy.copy(self)
        other._n_workers = number
        return other

    def get_info(self) -> dict[str, Any]:
        """Describe the backend.

        Returns
        -------
        dict
            As `MCBackend.get_info`, with ``prefer``.
        """
        return {**super().get_info(), "prefer": self.prefer}

    def validate_config(self) -> None:
        """Check the options that joblib itself would not, or only in mid-run.

        Raises
        ------
        TypeError, ValueError
            If one is wrong.
        """
        if self.prefer not in ("processes", "threads"):
            raise ValueError(f'`prefer` must be "processes" or "threads", got {self.prefer!r}.')
        check_timeout(self.timeout)

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
        """Run as `map` does until a deadline, at which busy worker processes are killed.

        Threads cannot be: their tasks end first.

        Parameters
        ----------
        kernel, tasks, deadline, on_done
            See `MCBackend.map_until`.

        Returns
        -------
        iterator
            One result per task, in task order.
        """
        n_tasks = len(tasks) if isinstance(tasks, Sized) else self.n_workers
        n_jobs = min(self.n_workers, n_tasks)
        self._record["ran_on"] = IN_PROCESS
        if n_jobs <= 1 or inside_worker():
            n_known = n_tasks if isinstance(tasks, Sized) else None
            return deadline.watch(map_in_process(kernel, tasks, on_done), n_known)
        job = Job(kernel, Source(tasks), n_jobs, deadline, on_done)
        return self._map_parallel(job) if self.prefer == "threads" else self._map_on_processes(job)

    def _map_on_processes(self, job: Job[T, R]) -> Iterator[R]:
        """Use the processes, and work in process as long as another call has them.

        That call may be one of this very thread, half consumed, so waiting might last for ever.
        """
        pool = _process_pool
        while not pool.acquire(blocking=False):
            for task in itertools.islice(job.source, 1):
                job.deadline.check()
                result = job.done(job.kernel(task))
                yield result
                del result
                break
            else:
                return
        while True:
            try:
                yield from self._map_parallel(job, pool.release)
                return
            except WorkersDiedError as died:
                self._repeat(job, died)
            # Nothing runs in process any more: what killed a worker might kill this process too.
            if not pool.acquire(timeout=RETRY_SECONDS):
                raise BrokenExecutor(f"{DEAD_WORKERS_NOTE} Another call has the new ones.")

    def _repeat(self, job: Job[T, R], died: WorkersDiedError) -> None:
        """Put the tasks without a result back, unless the first has killed its workers often."""
        error = died.error
        if job.give_up_on_deaths(MAX_DEATHS):
            error.add_note(
                f"{DEAD_WORKERS_NOTE} {job.n_done} tasks had been done; task {job.n_done} (counted "
                f"from 0) is the first without a result, after {MAX_DEATHS} trials. The next call "
                "starts new processes."
            )
            raise error
        job.source.rewind()
        warn_user(
            f"{DEAD_WORKERS_NOTE} {job.n_done} tasks are done; those without a result are computed "
            "again by new processes."
        )

    def _map_parallel(self, job: Job[T, R], at_end: Callable[[], object] = bool) -> Iterator[R]:
        with Call(at_end) as call:
            guarded, open_outcome = call.stack.enter_context(self._guard(job.kernel))
            parallel = call.stack.enter_context(self._parallel(job.n_jobs))
            call.stack.enter_context(_alarm_clock(parallel, job.deadline))
            self._record["ran_on"] = self.name, job.n_jobs
            exhausted = False
            while not exhausted:
                call.feed = feed = Feed(guarded, job.source, MAX_AHEAD_PER_WORKER * job.n_jobs)
                with _deaths():
                    call.outputs = parallel(feed)
                if self.prefer == "processes":
                    call.note_processes()
                for outcome in self._outcomes(call.outputs, feed, job):
                    result = job.done(open_outcome(outcome))
                    yield result
                    del result, outcome
                exhausted = feed.exhausted

    def _outcomes(self, outputs: Iterator[Any], feed: Feed[Any, Any], job: Job[T, R]) -> Any:
        """Wait for one outcome after the other, and explain what ends the waiting early."""
        while True:
            if not feed.is_done:
                job.deadline.check()
            try:
                with _deaths():
                    outcome = next(outputs)
            except StopIteration:
                return
            except _timeout_errors() as error:
                if job.deadline.is_over:
                    raise job.deadline.error() from None
                raise TimeoutError(
                    f"task {job.n_done} took longer than `timeout` = {self.timeout} s. Raise "
                    "`timeout`, or make the tasks smaller."
                ) from error
            feed.n_taken += 1
            yield outcome
            del outcome

    def _parallel(self, n_jobs: int) -> Any:
        from joblib import Parallel, parallel_config

        backend: dict[str, Any] = {"backend": "threading"}
        if self.prefer == "processes":
            backend = {"backend": "loky", "inner_max_num_threads": 1}
        with parallel_config(**backend):
            return Parallel(n_jobs=n_jobs, return_as="generator", **self._options)

    @contextlib.contextmanager
    def _guard(self, kernel: Callable[[T], R]) -> Iterator[tuple[_Run, _Open]]:
        """Give what runs a task in a worker, and what opens its outcome here."""
        if self.prefer == "processes":
            with contextlib.closing(Shipment.of(kernel, self._sharing())) as shipment:
                yield functools.partial(run_shipped, shipment), receive
            return
        stoppable = Stoppable(Guarded(kernel, crosses_process=False))
        try:
            yield stoppable, unwrap
        finally:
            stoppable.stop()

    def _sharing(self) -> Sharing:
        from joblib.disk import memstr_to_bytes

        limit = self._options["max_nbytes"]
        if limit is None:
            return Sharing(sys.maxsize, by_name=False)
        min_bytes = memstr_to_bytes(limit) if isinstance(limit, str) else int(limit)
        folder = self._options["temp_folder"] or os.environ.get("JOBLIB_TEMP_FOLDER")
        return Sharing(min_bytes, folder, self._options["mmap_mode"])


@contextlib.contextmanager
def _deaths() -> Iterator[None]:
    """Tell a pool whose workers died from a task that raises such an error of its own."""
    try:
        yield
    except BrokenExecutor as error:
        raise WorkersDiedError(error) from error


@contextlib.contextmanager
def _alarm_clock(parallel: Any, deadline: Deadline) -> Iterator[None]:
    """Let joblib give up what it waits for when the time is over.

    Joblib looks at its own limit, which is one per task and by the time of day, a hundred times a
    second while it waits; so none is set before it is due.
    """
    if deadline.left is None:
        yield
        return
    timer = threading.Timer(deadline.left, setattr, (parallel, "timeout", 1e-9))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _timeout_errors() -> tuple[type[BaseException], ...]:
    return TimeoutError, multiprocessing.TimeoutError
