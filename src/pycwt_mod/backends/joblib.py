"""All cores of this machine through joblib; the only file that imports joblib."""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import itertools
import mmap
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import BrokenExecutor
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar

import numpy as np

from .base import MCBackend
from .checks import resolve_n_workers
from .remote import DEAD_WORKERS_NOTE, Failure, Guarded, inside_worker, unwrap
from .sequential import IN_PROCESS, map_in_process
from .shipment import Sharing, Shipment, receive, run_shipped

__all__ = ["JoblibBackend", "available_cores", "cloudpickle_dumps", "inside_joblib_task"]

T = TypeVar("T")
R = TypeVar("R")
_Run: TypeAlias = Callable[[Any], Any]
_Open: TypeAlias = Callable[[Any], Any]

# Tasks per worker handed to joblib and not yet taken by the consumer. Joblib itself sets no such
# bound: with a slow consumer its finished results would pile up.
MAX_AHEAD_PER_WORKER = 16

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


def cloudpickle_dumps(value: object, take_buffer: Callable[[Any], object] | None = None) -> bytes:
    """Pickle by value what cannot be imported elsewhere: lambdas, closures, `__main__`.

    Parameters
    ----------
    value : object
        What to pickle.
    take_buffer : callable, optional
        As `buffer_callback` of `pickle.Pickler`, for workers on this machine: they open an array
        that is mapped from a file by the file's name.

    Returns
    -------
    bytes
        For `pickle.loads`.
    """
    # Joblib had its own copy of cloudpickle up to 1.5. It must be the one that loky uses: only it
    # knows the classes of `__main__` that it sent out, and takes them back as the same classes.
    from joblib.externals.loky.cloudpickle_wrapper import dumps

    if take_buffer is None:
        data: bytes = dumps(value)
        return data
    base: Any = sys.modules[dumps.__module__].Pickler

    class Pickler(base):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            if type(obj) is np.memmap:
                return _reduce_memmap(obj)
            return super().reducer_override(obj)

    with io.BytesIO() as file:
        Pickler(file, protocol=5, buffer_callback=take_buffer).dump(value)
        return file.getvalue()


def _reduce_memmap(array: np.memmap[Any, Any]) -> Any:
    # A part of a mapped file, or one with changes that are not in the file, is but an array.
    base: object = array.base
    if not isinstance(base, mmap.mmap) or array.mode == "c" or array.filename is None:
        return array.view(np.ndarray).__reduce_ex__(5)
    order = "C" if array.flags.c_contiguous else "F"
    return np.memmap, (array.filename, array.dtype, "r", array.offset, array.shape, order)


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
        if self.timeout is not None:
            if isinstance(self.timeout, bool) or not isinstance(self.timeout, int | float):
                raise TypeError(f"`timeout` must be seconds or None, got {self.timeout!r}.")
            if not self.timeout > 0:
                raise ValueError(f"`timeout` must be positive, got {self.timeout!r}.")

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
        n_tasks = len(tasks) if isinstance(tasks, Sized) else self.n_workers
        n_jobs = min(self.n_workers, n_tasks)
        self._record["ran_on"] = IN_PROCESS
        if n_jobs <= 1 or inside_worker():
            return map_in_process(kernel, tasks, on_done)
        if self.prefer == "threads":
            return self._map_parallel(kernel, iter(tasks), n_jobs, on_done, 0)
        return self._map_on_processes(kernel, iter(tasks), n_jobs, on_done)

    def _map_on_processes(
        self,
        kernel: Callable[[T], R],
        source: Iterator[T],
        n_jobs: int,
        on_done: Callable[[int], object] | None,
    ) -> Iterator[R]:
        """Use the processes, and work in process as long as another call has them.

        That call may be one of this very thread, half consumed, so waiting might last for ever.
        """
        pool = _process_pool
        n_done = 0
        while not pool.acquire(blocking=False):
            for task in itertools.islice(source, 1):
                result = kernel(task)
                if on_done is not None:
                    on_done(n_done)
                n_done += 1
                yield result
                del result
                break
            else:
                return
        yield from self._map_parallel(kernel, source, n_jobs, on_done, n_done, pool.release)

    def _map_parallel(
        self,
        kernel: Callable[[T], R],
        source: Iterator[T],
        n_jobs: int,
        on_done: Callable[[int], object] | None,
        index: int,
        at_end: Callable[[], object] = bool,
    ) -> Iterator[R]:
        with _Call(at_end) as call:
            guarded, open_outcome = call.stack.enter_context(self._guard(kernel))
            parallel = call.stack.enter_context(self._parallel(n_jobs))
            self._record["ran_on"] = self.name, n_jobs
            exhausted = False
            while not exhausted:
                feed = _Feed(guarded, source, MAX_AHEAD_PER_WORKER * n_jobs)
                call.outputs = parallel(feed)
                try:
                    for outcome in call.outputs:
                        feed.n_taken += 1
                        result = open_outcome(outcome)
                        if on_done is not None:
                            on_done(index)
                        index += 1
                        yield result
                except _timeout_errors() as error:
                    raise self._explain_timeout(error, index) from error
                except BrokenExecutor as error:
                    error.add_note(
                        f"{DEAD_WORKERS_NOTE} {index} tasks had been done; task {index} (counted "
                        "from 0) is the first without a result. The next call starts new processes."
                    )
                    raise
                exhausted = feed.exhausted

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
        stoppable = _Stoppable(Guarded(kernel, crosses_process=False))
        try:
            yield stoppable, unwrap
        finally:
            stoppable.stop()

    def _sharing(self) -> Sharing | None:
        from joblib.disk import memstr_to_bytes

        limit = self._options["max_nbytes"]
        if limit is None:
            return None
        min_bytes = memstr_to_bytes(limit) if isinstance(limit, str) else int(limit)
        folder = self._options["temp_folder"] or os.environ.get("JOBLIB_TEMP_FOLDER")
        return Sharing(min_bytes, folder, self._options["mmap_mode"])

    def _explain_timeout(self, error: BaseException, index: int) -> BaseException:
        # A kernel may raise a TimeoutError of its own: that one is not about our option.
        if self.timeout is None or str(error):
            return error
        return TimeoutError(
            f"task {index} took longer than `timeout` = {self.timeout} s. Raise `timeout`, or "
            "make the tasks smaller."
        )


class _Feed(Generic[T, R]):
    """Tasks for one `joblib.Parallel` call; ends early when the consumer falls behind.

    Joblib's threads draw from it, and must not be made to wait; so it ends, and the rest is fed
    to the next call on the same workers once the consumer has caught up.
    """

    def __init__(
        self, function: Callable[[T], R | Failure], source: Iterator[T], max_ahead: int
    ) -> None:
        self._function = function
        self._source = source
        self._max_ahead = max_ahead
        self._n_drawn = 0
        self._ended = False
        self.n_taken = 0
        self.exhausted = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._ended or self._n_drawn - self.n_taken >= self._max_ahead:
            # Once ended it stays so: joblib has let go of it.
            self._ended = True
            raise StopIteration
        try:
            task = next(self._source)
        except StopIteration:
            self._ended = self.exhausted = True
            raise
        self._n_drawn += 1
        # What joblib.delayed(function)(task) makes.
        return self._function, (task,), {}


class _Stoppable(Generic[T, R]):
    """A kernel for threads, which cannot be killed: no new tasks after `stop`, which waits."""

    def __init__(self, kernel: Callable[[T], R | Failure]) -> None:
        self._kernel = kernel
        self._changed = threading.Condition()
        self._n_running = 0
        self._stopped = False

    def __call__(self, task: T) -> R | Failure:
        with self._changed:
            if self._stopped:
                return Failure("Cancelled", "the call has ended", "")
            self._n_running += 1
        try:
            return self._kernel(task)
        finally:
            with self._changed:
                self._n_running -= 1
                self._changed.notify_all()

    def stop(self) -> None:
        """Let no further task begin, and wait for those that run."""
        with self._changed:
            self._stopped = True
            self._changed.wait_for(lambda: self._n_running == 0)


class _EarlyEnd(BaseException):
    """Thrown into joblib's generator: like closing it, without the warnings."""


class _Call:
    """One use of joblib's workers, from the first task to the end of the last.

    Parameters
    ----------
    at_end : callable
        Called when the workers are done with this call, or dead.
    """

    def __init__(self, at_end: Callable[[], object]) -> None:
        self._owner = os.getpid(), threading.get_ident()
        self.stack = contextlib.ExitStack()
        self.stack.callback(at_end)
        self.outputs: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """End the call: busy worker processes are killed."""
        pid, thread = self._owner
        if os.getpid() != pid:
            return  # a copy made by fork; the workers are the parent's
        if threading.get_ident() == thread:
            self._end()
            return
        # A generator may be collected as garbage in any thread, loky's own included, which must
        # not be made to wait for itself.
        end = threading.Thread(target=self._end, name="pycwt_mod-end")
        end.start()
        if not type(threading.current_thread()).__module__.startswith("joblib"):
            end.join()

    def _end(self) -> None:
        with self.stack, contextlib.suppress(_EarlyEnd):
            if self.outputs is not None:
                self.outputs.throw(_EarlyEnd)


def _timeout_errors() -> tuple[type[BaseException], ...]:
    return TimeoutError, multiprocessing.TimeoutError
