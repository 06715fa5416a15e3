"""One call on joblib's workers: what feeds it, and what ends it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import queue
import signal
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from .deadline import Deadline
from .remote import Failure

__all__ = ["Call", "Feed", "Job", "Source", "Stoppable", "WorkersDiedError"]

# How long the end of a call may take before a second Ctrl-C breaks it off.
PATIENCE_SECONDS = 5.0

T = TypeVar("T")
R = TypeVar("R")


class WorkersDiedError(Exception):
    """Worker processes died; the pool is broken.

    Parameters
    ----------
    error : BaseException
        The pool's own.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


class Source(Generic[T]):
    """Tasks that are kept until their results have been handed out, to be computed again.

    Parameters
    ----------
    tasks : iterable
        The tasks.
    """

    def __init__(self, tasks: Iterable[T]) -> None:
        self._tasks = iter(tasks)
        self._drawn: deque[T] = deque()
        self._again: deque[T] = deque()

    def __iter__(self) -> Source[T]:
        return self

    def __next__(self) -> T:
        task = self._again.popleft() if self._again else next(self._tasks)
        self._drawn.append(task)
        return task

    def forget(self) -> None:
        """Let go of the first task: its result has come."""
        self._drawn.popleft()

    def rewind(self) -> None:
        """Go back to the first task without a result."""
        self._again = self._drawn + self._again
        self._drawn = deque()


@dataclass
class Job(Generic[T, R]):
    """What one call is asked to do, and how far it has come."""

    kernel: Callable[[T], R]
    source: Source[T]
    n_jobs: int
    deadline: Deadline
    on_done: Callable[[int], object] | None
    n_done: int = 0
    _deaths: Counter[int] = field(default_factory=Counter)

    def done(self, result: R) -> R:
        """Count and tell one more task, before its result is handed out."""
        if self.on_done is not None:
            self.on_done(self.n_done)
        self.n_done += 1
        self.source.forget()
        return result

    def give_up_on_deaths(self, most: int) -> bool:
        """Note that workers died; True if the same task was in the way so often."""
        self._deaths[self.n_done] += 1
        return self._deaths[self.n_done] >= most


class Feed(Generic[T, R]):
    """Tasks for one `joblib.Parallel` call; ends early when the consumer falls behind.

    Joblib's threads draw from it, and must not be made to wait; so it ends, and the rest is fed
    to the next call on the same workers once the consumer has caught up.

    Parameters
    ----------
    function : callable
        What runs one task.
    source : iterator
        The tasks.
    max_ahead : int
        How many may be drawn and not yet taken by the consumer.

    Attributes
    ----------
    n_taken : int
        Results that the consumer took; to be raised by whoever hands them out.
    exhausted : bool
        Whether `source` has ended.
    """

    def __init__(
        self, function: Callable[[T], R | Failure], source: Iterator[T], max_ahead: int
    ) -> None:
        self._function = function
        self._source = source
        self._max_ahead = max_ahead
        self.n_drawn = 0
        self._ended = False
        self.n_taken = 0
        self.exhausted = False

    @property
    def is_done(self) -> bool:
        """Whether the consumer has every result."""
        return self.exhausted and self.n_taken == self.n_drawn

    def end(self) -> None:
        """Give no more tasks."""
        self._ended = True

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._ended or self.n_drawn - self.n_taken >= self._max_ahead:
            # Once ended it stays so: joblib has let go of it.
            self._ended = True
            raise StopIteration
        try:
            task = next(self._source)
        except StopIteration:
            self._ended = self.exhausted = True
            raise
        self.n_drawn += 1
        # What joblib.delayed(function)(task) makes.
        return self._function, (task,), {}


class Stoppable(Generic[T, R]):
    """A kernel for threads, which cannot be killed: no new tasks after `stop`, which waits.

    Parameters
    ----------
    kernel : callable
        Function of one task that returns its outcome.
    """

    def __init__(self, kernel: Callable[[T], R | Failure]) -> None:
        self._kernel = kernel
        self._changed = threading.Condition()
        self._n_running = 0
        self._stopped = False

    def __call__(self, task: T) -> R | Failure:
        """Run the kernel, unless the call has ended."""
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


class Call:
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
        self.feed: Feed[Any, Any] | None = None
        self._pool: Any = None
        self._processes: list[Any] = []
        self._early = False

    def __enter__(self) -> Self:
        return self

    def note_processes(self) -> None:
        """Note which processes work for this call, to be sure of their end if it ends early."""
        _kill_without_pgrep()
        self._pool = _pool()
        self._processes = list(dict(getattr(self._pool, "_processes", None) or {}).values())

    @contextlib.contextmanager
    def _killed(self) -> Iterator[None]:
        """Kill what loky was kept from killing by a second Ctrl-C."""
        try:
            yield
        finally:
            # A pool that had done all of its tasks lives on, for the next call.
            if self._early and getattr(getattr(self._pool, "_flags", None), "shutdown", False):
                for process in self._processes:
                    with contextlib.suppress(Exception):
                        if process.is_alive():
                            _kill_process_tree(process)

    def __exit__(self, *exception: object) -> None:
        """End the call: busy worker processes are killed."""
        self._early = exception[0] is not None
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
        with _undisturbed(), self.stack, self._killed(), contextlib.suppress(_EarlyEnd):
            if self.outputs is not None:
                if self.feed is not None:
                    self.feed.end()
                _forget_queued_tasks()
                self.outputs.throw(_EarlyEnd)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Put a second Ctrl-C off, for some seconds, until the workers are dead."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    began = time.monotonic()
    put_off = False

    def put_it_off(number: int, frame: Any) -> None:
        nonlocal put_off
        put_off = True
        if time.monotonic() - began > PATIENCE_SECONDS:
            handler(number, frame)

    signal.signal(signal.SIGINT, put_it_off)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if put_off:
            handler(signal.SIGINT, None)


def _kill_without_pgrep() -> None:
    """Let loky kill its workers in a way that a second Ctrl-C cannot break.

    Where psutil is not installed, loky asks the program pgrep for the workers' children. Ctrl-C
    goes to that program as well, and when it dies of it, so does loky's thread, and the workers
    live on (loky 3.5).
    """
    loky: Any = sys.modules.get("joblib.externals.loky.process_executor")
    listed = os.path.exists(f"/proc/self/task/{os.getpid()}/children")  # noqa: PTH110
    if loky is not None and listed and not _has_psutil():
        loky.kill_process_tree = _kill_process_tree


def _has_psutil() -> bool:
    try:
        return importlib.util.find_spec("psutil") is not None
    except ValueError:  # kept from being imported
        return False


def _kill_process_tree(process: Any, use_psutil: bool = True) -> None:
    """Kill a process and its descendants; the counterpart of loky's function of this name."""
    for pid in [*_descendants(process.pid)[::-1], process.pid]:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    process.join()


def _descendants(pid: int) -> list[int]:
    """List the descendants of a process, parents before their children, from /proc."""
    found: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, listing.read_text().split()):
                found += [child, *_descendants(child)]
    return found


def _pool() -> Any:
    """Return loky's pool, or None."""
    module = sys.modules.get("joblib.externals.loky.reusable_executor")
    return getattr(module, "_executor", None)


def _forget_queued_tasks() -> None:
    """Take from loky's pool what no worker has begun.

    Loky's own thread, told to kill the workers, lets go of these tasks but not of their numbers in
    its queue, and dies of the first one that it looks up (loky 3.5).
    """
    numbers = getattr(_pool(), "_work_ids", None)
    if numbers is not None:
        with contextlib.suppress(queue.Empty):
            while True:
                numbers.get_nowait()
