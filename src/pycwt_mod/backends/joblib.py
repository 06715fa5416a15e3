"""All cores of this machine, or any other runner that registers with joblib."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from ..validation import as_choice
from .base import MCBackend
from .deadline import Deadline
from .nesting import available_cores, inside_worker, note_pool


class _EarlyEnd(BaseException):
    """Thrown into joblib's generator: like closing it, without the warnings."""


class JoblibBackend(MCBackend):
    """All cores of this machine, by `joblib.Parallel`.

    Processes (loky) take about a second to start the first time in a session and are then kept
    idle for the next call; they suit any worker. Threads start at once, and help only where the
    worker spends its time in NumPy or other code that releases the GIL. Inside of
    ``with joblib.parallel_config(...)`` the runner chosen there is used: ray, Spark, dask ...

    Parameters
    ----------
    n_workers : int, optional
        Workers at a time; -1: as many as `joblib.parallel_config` says, else all available cores.
    prefer : {"processes", "threads"}, optional
        Kind of worker.
    temp_folder, max_nbytes, mmap_mode
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
    on_this_machine = True
    if_broken = "Repeat the call: it starts new processes."

    def __init__(
        self,
        n_workers: int = -1,
        prefer: str = "processes",
        *,
        temp_folder: str | None = None,
        max_nbytes: int | str | None = "1M",
        mmap_mode: str | None = "r",
        timeout: float | None = None,
    ) -> None:
        self.prefer = prefer
        self.timeout = timeout
        options = {"temp_folder": temp_folder, "max_nbytes": max_nbytes, "mmap_mode": mmap_mode}
        usual = {"temp_folder": None, "max_nbytes": "1M", "mmap_mode": "r"}
        # Where the caller chose nothing, `joblib.parallel_config` may have.
        chosen = {name: value for name, value in options.items() if value != usual[name]}
        self._options: dict[str, Any] = {"prefer": prefer, "timeout": timeout, **chosen}
        self.validate_config()
        self.in_process = prefer == "threads"
        self._limit = self._as_limit(n_workers)

    def __repr__(self) -> str:
        return f"JoblibBackend(n_workers={self.n_workers}, prefer={self.prefer!r})"

    def validate_config(self) -> None:
        """Raise TypeError or ValueError for options that joblib meets only in mid-run."""
        as_choice(self.prefer, "prefer", ("processes", "threads"))
        Deadline(self.timeout)

    def available_workers(self) -> int:
        """Return the number of jobs that joblib would run at a time."""
        import joblib

        if inside_worker():  # joblib would warn that it starts no workers here
            return available_cores()
        configured = int(joblib.effective_n_jobs(None))
        return configured if configured > 1 else available_cores()

    def usable_workers(self, n_tasks: int | None) -> int:
        """Return the number of workers for a call; 0, no pool, where there would be only one."""
        from joblib.parallel import get_active_backend

        runs_threads = getattr(get_active_backend()[0], "uses_threads", False)
        self.in_process = self.prefer == "threads" or runs_threads
        n_jobs = self.n_workers if n_tasks is None else min(self.n_workers, n_tasks)
        return 0 if n_jobs <= 1 or inside_worker() else n_jobs

    def get_info(self) -> dict[str, Any]:
        """Describe the backend, with ``prefer``; see `MCBackend.get_info`."""
        return {**super().get_info(), "prefer": self.prefer}

    def run_tasks(
        self, run: Callable[[Any], Any], tasks: Iterator[Any], deadline: Deadline
    ) -> Iterator[Any]:
        """Run the tasks by `joblib.Parallel`; see `MCBackend.run_tasks`.

        An early end, and the end of the time, kill busy worker processes.
        """
        from joblib import delayed

        note_pool()
        parallel = self._parallel(run)
        with _alarm(parallel, deadline), self._explained(deadline):
            outputs = iter(parallel(delayed(run)(task) for task in tasks))
            while True:
                with _one_interrupt():
                    outcome = next(outputs, None)
                if outcome is None:
                    return
                try:
                    yield outcome
                except GeneratorExit:
                    with _one_interrupt(has_come=True), contextlib.suppress(_EarlyEnd):
                        if parallel.return_generator:
                            outputs.throw(_EarlyEnd)
                    raise

    def _parallel(self, run: Any) -> Any:
        from joblib import Parallel, parallel_config
        from joblib.parallel import get_active_backend

        options = {**self._options, "n_jobs": self.ran_on[1]}
        folder = options.get("temp_folder") or tempfile.gettempdir()
        if getattr(run, "n_bytes", 0) > shutil.disk_usage(folder).free:
            options["max_nbytes"] = None  # each worker gets a copy
        active, _ = get_active_backend()
        # Of a runner that gives lists only, such as ray's, each list is a round of tasks.
        options["return_as"] = "generator" if active.supports_return_generator else "list"
        if self.prefer == "processes" and active.supports_inner_max_num_threads:
            # Of joblib's own runners, the one for processes: one thread each for BLAS.
            with parallel_config(backend="loky", inner_max_num_threads=1):
                return Parallel(**options)
        return Parallel(**options)

    @contextlib.contextmanager
    def _explained(self, deadline: Deadline) -> Iterator[None]:
        """Say in words why joblib ends a call early."""
        try:
            yield
        except (TimeoutError, multiprocessing.TimeoutError) as error:
            if deadline.is_over:
                raise deadline.error() from None
            if self.timeout is None:
                raise  # of the iterator that gives the tasks
            raise TimeoutError(
                f"a task took longer than `timeout` = {self.timeout} s. Raise `timeout`, or make "
                "the tasks smaller."
            ) from error


@contextlib.contextmanager
def _one_interrupt(has_come: bool = False) -> Iterator[None]:
    """Let one Ctrl-C through, at most; a second would keep joblib from ending its processes.

    It would also end the program that joblib asks for their children where psutil is missing.
    """
    usual = signal.default_int_handler
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not usual:
        yield
        return

    def interrupt(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, signal.SIG_IGN if has_come else interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


@contextlib.contextmanager
def _alarm(parallel: Any, deadline: Deadline) -> Iterator[None]:
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
