"""Is this code in a worker already? Then the cores are taken, and it starts no further workers."""

from __future__ import annotations

import contextlib
import errno
import inspect
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator

# What a script needs whose workers are started by importing it.
GUARD = (
    "A script whose workers are started by importing it must do all its work under "
    '`if __name__ == "__main__":`, or each worker would start the work once more.'
)


_TOO_FEW_FILES = (
    "Workers need pipes and files, and the system allows this program no more of them. Raise the "
    "limit (`ulimit -n 4096` before the program starts), close files, or use backend='sequential'."
)


# Tasks of this package that the current thread is inside of.
_depth = threading.local()
_pool_started = False
_forked_with_pool = False


def note_pool() -> None:
    """Note that this process has a pool of worker processes, which its forks cannot use."""
    global _pool_started
    _pool_started = True


def _after_fork() -> None:
    global _forked_with_pool
    _forked_with_pool = _pool_started


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def available_cores() -> int:
    """Return the number of cores that this process may use.

    By `joblib.cpu_count`, which knows affinity, quotas of containers and LOKY_MAX_CPU_COUNT.
    """
    import joblib

    return int(joblib.cpu_count())


def note_open_files(error: OSError) -> None:
    """Say what to do, if this error is that of too many open files."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        error.add_note(_TOO_FEW_FILES)


def require_open_files(n_files: int) -> None:
    """Raise OSError where this process may not open so many files, where that is known."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and limit < n_files:
        error = OSError(errno.EMFILE, f"the limit is {limit} open files, and {n_files} are needed")
        note_open_files(error)
        raise error


@contextlib.contextmanager
def marked_as_worker() -> Iterator[None]:
    """Mark the current thread as a worker during the block."""
    before = getattr(_depth, "value", 0)
    _depth.value = before + 1
    try:
        yield
    finally:
        _depth.value = before


def inside_worker() -> bool:
    """Return whether this code already runs in a parallel worker.

    That is in a task of this package, of joblib, dask or mpi4py.futures, in a process that
    `multiprocessing` started, and in a fork of a process with a pool, which would hang there.
    """
    return bool(
        getattr(_depth, "value", 0)
        or _forked_with_pool
        or multiprocessing.parent_process() is not None
        or _answers("mpi4py.futures", "get_comm_workers", RuntimeError)
        or _inside_joblib_task()
        or _answers("distributed", "get_worker", ValueError)
    )


def refuse_import_of_main() -> None:
    """Raise RuntimeError where a starting worker would begin the script's work once more.

    The start methods spawn and forkserver run the script under the name ``__mp_main__``, before
    the process knows its parent.
    """
    if multiprocessing.parent_process() is not None:
        return
    if any(info.frame.f_globals.get("__name__") == "__mp_main__" for info in inspect.stack(0)):
        raise RuntimeError(f"a worker process imports the script that started it. {GUARD}")


# A library that was never imported cannot be running this code.


def _answers(library: str, question: str, refusal: type[Exception]) -> bool:
    """Return whether a library's function, which refuses outside of its workers, answers."""
    if library not in sys.modules:
        return False
    with contextlib.suppress(refusal):
        getattr(sys.modules[library], question)()
        return True
    return False


def _inside_joblib_task() -> bool:
    parallel = sys.modules.get("joblib.parallel")
    if parallel is None:
        return False
    backend, _ = parallel.get_active_backend()
    return bool(getattr(backend, "nesting_level", 0))
