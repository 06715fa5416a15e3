"""A kernel on its way to workers, and its outcomes on their way back.

A `Local` or `Parcel` kernel never raises: it turns an exception into a `Failure`, which `opened`
raises again in the calling process.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import pickle
import tempfile
import threading
import time
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from .nesting import marked_as_worker
from .pickling import Failure, dumps

logger = logging.getLogger(__name__)

DEAD_WORKERS_NOTE = "Worker processes died: killed, out of memory, or crashed."

# Buffers of this size and more stay out of the pickle, so that they can be shared.
LARGE_BYTES = 1 << 20
# Kernels that a worker process keeps; two, for two calls at a time on one pool of the user's.
KEPT_KERNELS = 2

# How often a worker process looks whether its parent is still there.
PARENT_SECONDS = 1.0
# A task with its number, and an outcome with the number of its task.
Numbered: TypeAlias = tuple[int, Any]


@dataclass(frozen=True)
class Lacking:
    """The outcome of a task whose worker cannot read the file with the kernel's arrays."""

    task: Any


class Local:
    """A kernel for this process, in the calling thread or in others."""

    def __init__(self, kernel: Callable[[Any], Any]) -> None:
        self.kernel = kernel
        self._caller = threading.get_ident()
        self._changed = threading.Condition()
        self._n_running = 0
        self._stopped = False

    def __call__(self, numbered: Numbered) -> Numbered:
        """Return the outcome of one task."""
        number, task = numbered
        elsewhere = threading.get_ident() != self._caller
        with self._changed:
            if self._stopped:
                return number, Failure("Cancelled", "the call has ended", "")
            self._n_running += elsewhere
        try:
            with marked_as_worker() if elsewhere else contextlib.nullcontext():
                return number, (self.kernel(task),)
        except KeyboardInterrupt:
            raise  # Ctrl-C is for the whole program, not an outcome of this task
        except BaseException as error:
            return number, Failure.of(error, crosses_process=False)
        finally:
            if elsewhere:
                with self._changed:
                    self._n_running -= 1
                    self._changed.notify_all()

    def close(self) -> None:
        """Let no further task begin, and wait for those that other threads run."""
        with self._changed:
            self._stopped = True
            self._changed.wait_for(lambda: self._n_running == 0)


class Parcel:
    """A kernel for other processes: pickled once, and unpickled once in each of them.

    Workers `on_this_machine` open an array that is mapped from a file by the file's name.
    """

    def __init__(self, kernel: Callable[[Any], Any], *, on_this_machine: bool = False) -> None:
        self.token = uuid.uuid4().hex
        self._sender = os.getpid(), threading.get_ident()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._path: str | None = None
        buffers: list[memoryview] = []

        def is_small(buffer: pickle.PickleBuffer) -> bool:
            small = buffer.raw().nbytes < LARGE_BYTES
            if not small:
                buffers.append(buffer.raw())
            return small

        self._payload = dumps(kernel, is_small, by_name=on_this_machine)
        if len(self._payload) >= LARGE_BYTES:
            buffers.append(memoryview(self._payload))
            self._payload = b""
        # Read-only, as they are for workers that map a file.
        self._arrays = [np.frombuffer(view.toreadonly(), np.uint8) for view in buffers]
        self.n_bytes = len(self._payload) + sum(array.nbytes for array in self._arrays)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_folder": None, "_arrays": [] if self._path else self._arrays}

    def put_arrays_in_files(self) -> None:
        """Write large arrays to files, once, which workers of this machine map and so share."""
        if not self._arrays or self._path is not None:
            return
        # What is still mapped cannot be removed on Windows; the system's clean-up does it later.
        folder = tempfile.TemporaryDirectory(prefix="pycwt_mod-", ignore_cleanup_errors=True)
        try:
            for number, array in enumerate(self._arrays):
                np.save(Path(folder.name, f"{number}.npy"), array)
        except OSError as error:
            logger.warning("no file to share data with workers (%s); sending copies", error)
            folder.cleanup()
            self._path = ""
            return
        self._folder, self._path = folder, folder.name

    def whole(self) -> Parcel:
        """Return the same parcel with its arrays inside, for workers that see no files of ours."""
        other = object.__new__(Parcel)
        other.__dict__.update(self.__dict__, _folder=None, _path=None)
        return other

    def close(self) -> None:
        """Remove the files, if there are any. A second call does nothing."""
        folder, self._folder = self._folder, None
        # A copy of the parcel in a forked process is not the owner.
        if folder is not None and os.getpid() == self._sender[0]:
            folder.cleanup()

    def __call__(self, numbered: Numbered) -> Numbered:
        """Return the outcome of one task as bytes, which every pool can unpickle."""
        number, task = numbered
        _end_with(self._sender[0])
        if self._path and self.token not in _kept and not Path(self._path).exists():
            return number, Lacking(task)
        try:
            return number, self._packed(task, self.outcome(task))
        except KeyboardInterrupt as stop:
            if os.getpid() == self._sender[0]:
                raise
            # In a worker it would end the process, which may be one of a cluster that others use.
            return number, dumps(Failure.of(stop))

    def outcome(self, task: Any) -> Any:
        """Run one task; return a tuple of its result, or a `Failure`."""
        is_caller = (os.getpid(), threading.get_ident()) == self._sender
        _running[self.token] += 1
        try:
            with (
                contextlib.nullcontext() if is_caller else marked_as_worker(),
                single_threaded(os.getpid() != self._sender[0]),
            ):
                return (self._kernel()(task),)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return Failure.of(error)
        finally:
            _running[self.token] -= 1

    def _packed(self, task: Any, outcome: Any) -> bytes:
        try:
            return dumps(outcome)
        except Exception as error:
            (result,) = outcome
            replace = getattr(self._kernel(), "replace_unpicklable", None)
            mended = replace(task, result, dumps) if replace is not None else None
            if mended is None:
                error.add_note(f"the result of type {type(result).__name__} cannot be pickled")
                return dumps(Failure.of(error))
            return dumps((mended,))

    def _kernel(self) -> Callable[[Any], Any]:
        """Unpickle the kernel, unless it is one of the last few, which are kept."""
        with _lock:
            if self.token not in _kept:
                # Of those with large arrays only the latest: their memory lasts as long as they do.
                most = 1 if self._arrays or self._path else KEPT_KERNELS
                while len(_kept) >= most:
                    _kept.popitem(last=False)
                _kept[self.token] = self._unpickled()
            _kept.move_to_end(self.token)
            return _kept[self.token]

    def _unpickled(self) -> Callable[[Any], Any]:
        arrays = self._arrays
        if self._path is not None and not arrays:
            n_files = len(list(Path(self._path).iterdir()))
            arrays = [np.load(Path(self._path, f"{k}.npy"), mmap_mode="r") for k in range(n_files)]
        # Read-only, unless joblib mapped them in another mode that the user asked for.
        views = [array.data for array in arrays]
        views = [v if isinstance(v.obj, np.memmap) else v.toreadonly() for v in views]
        payload = self._payload or views.pop()
        kernel: Callable[[Any], Any] = pickle.loads(payload, buffers=views)
        return kernel


_lock = threading.Lock()
_kept: OrderedDict[str, Callable[[Any], Any]] = OrderedDict()
_running: Counter[str] = Counter()
# The parent whose end a thread of this process waits for.
_watched: set[int] = set()


def _end_with(parent: int) -> None:
    """Let this process end soon after its parent, which may be killed without a word.

    Workers of joblib and of the standard library would wait for its next task for minutes or for
    ever, and so would the memory that they share.
    """
    if os.getppid() == parent and parent not in _watched:
        _watched.add(parent)
        threading.Thread(target=_wait_for_end_of, args=(parent,), daemon=True).start()


def _wait_for_end_of(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os._exit(1)


def _after_fork() -> None:
    """Replace the lock, which another thread of the parent may have held; threads are gone."""
    global _lock
    _lock = threading.Lock()
    _watched.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def running_tasks(token: str) -> int:
    """Return the number of tasks of a parcel that run in this process."""
    return _running[token]


@functools.cache
def _thread_controller() -> Any:
    from threadpoolctl import ThreadpoolController

    # Looking the libraries up takes milliseconds: once per process.
    return ThreadpoolController()


def single_threaded(active: bool = True) -> contextlib.AbstractContextManager[Any]:
    """Keep BLAS and OpenMP to one thread."""
    return _thread_controller().limit(limits=1) if active else contextlib.nullcontext()
