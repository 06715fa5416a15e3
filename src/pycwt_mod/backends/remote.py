"""Bringing a kernel's outcome, an exception above all, safely out of a worker.

Pools break, or hang, on exceptions that cannot be pickled or unpickled. So a kernel never raises
across a process border here: in the worker it is wrapped by `Guarded`, which turns an exception
into a `Failure`, and in the calling process `unwrap` raises it again.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

__all__ = [
    "DEAD_WORKERS_NOTE",
    "Failure",
    "Guarded",
    "RemoteError",
    "inside_worker",
    "unwrap",
]

T = TypeVar("T")
R = TypeVar("R")

DEAD_WORKERS_NOTE = "Worker processes died: killed, out of memory, or crashed."


class RemoteError(RuntimeError):
    """A worker failed with an exception that could not be brought back as itself.

    Parameters
    ----------
    message : str
        The whole message.
    type_name : str, optional
        Qualified name of the original exception's class.
    remote_message : str, optional
        The original exception's message.
    remote_traceback : str, optional
        The original traceback as text.
    """

    def __init__(
        self,
        message: str,
        type_name: str = "",
        remote_message: str = "",
        remote_traceback: str = "",
    ) -> None:
        super().__init__(message)
        self.type_name = type_name
        self.remote_message = remote_message
        self.remote_traceback = remote_traceback

    def __reduce__(self) -> tuple[Any, ...]:
        args = (self.args[0], self.type_name, self.remote_message, self.remote_traceback)
        return type(self), args, {"__notes__": list(getattr(self, "__notes__", []))}


class RemoteTraceback(Exception):  # noqa: N818
    """Shows the worker's traceback as the cause of the exception raised here."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


def _dumps(value: object) -> bytes:
    """Pickle by value what cannot be imported elsewhere: lambdas, closures, `__main__`."""
    from .pickling import cloudpickle_dumps

    return cloudpickle_dumps(value)


@dataclass(frozen=True)
class Failure:
    """What is left of an exception raised in a worker.

    Attributes
    ----------
    type_name, message, traceback_text : str
        The exception in words.
    notes : tuple of str
        Its notes, kept apart because a class with its own ``__reduce__`` may drop them.
    payload : bytes or None
        The pickled exception, where it survives a round trip.
    exception : BaseException or None
        The exception itself, where no process border is crossed.
    """

    type_name: str
    message: str
    traceback_text: str
    notes: tuple[str, ...] = ()
    payload: bytes | None = None
    exception: BaseException | None = None

    @classmethod
    def of(cls, error: BaseException, *, crosses_process: bool) -> Failure:
        """Describe `error`.

        Parameters
        ----------
        error : BaseException
            What the kernel raised.
        crosses_process : bool
            Whether the failure will be pickled.

        Returns
        -------
        Failure
            Always picklable if `crosses_process`.
        """
        kind = type(error)
        try:
            message = str(error)
        except Exception:  # a broken __str__ must not hide the failure
            message = "<no message>"
        # The frame of the guard itself says nothing to the reader.
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        return cls(
            type_name=f"{kind.__module__}.{kind.__qualname__}",
            message=message,
            traceback_text="".join(traceback.format_exception(kind, error, trace)),
            notes=tuple(str(note) for note in getattr(error, "__notes__", ())),
            payload=_round_trip(error) if crosses_process else None,
            exception=None if crosses_process else error,
        )

    def reraise(self) -> NoReturn:
        """Raise the exception in this process.

        Raises
        ------
        BaseException
            The kernel's own exception with its notes, or a `RemoteError` that tells of it.
        """
        if self.exception is not None:
            raise self.exception
        raise self._rebuild() from RemoteTraceback(self.traceback_text)

    def exception_or_none(self) -> BaseException | None:
        """Return the exception with its notes, if it has come here.

        Returns
        -------
        BaseException or None
            None where it could not be pickled, or is not known in this process.
        """
        error = self.exception
        if self.payload is not None:
            with contextlib.suppress(Exception):
                error = pickle.loads(self.payload)
        return self._with_notes(error) if isinstance(error, BaseException) else None

    def _rebuild(self) -> BaseException:
        error = self.exception_or_none()
        if error is not None:
            return error
        return self._with_notes(
            RemoteError(
                f"a worker raised {self.type_name}: {self.message} "
                f"(the exception itself cannot be pickled)\n{self.traceback_text}",
                self.type_name,
                self.message,
                self.traceback_text,
            )
        )

    def _with_notes(self, error: BaseException) -> BaseException:
        present = getattr(error, "__notes__", ())
        for note in self.notes:
            if note not in present:
                error.add_note(note)
        return error


def _round_trip(error: BaseException) -> bytes | None:
    """Return the pickled exception, or None where unpickling would not give it back."""
    try:
        payload = _dumps(error)
        copy = pickle.loads(payload)
    except Exception:
        return None
    return payload if type(copy) is type(error) else None


class _Marks(threading.local):
    """How many guarded kernels the current thread is inside of."""

    depth = 0


_marks = _Marks()


class Guarded(Generic[T, R]):
    """A kernel that returns its exception instead of raising it.

    Parameters
    ----------
    kernel : callable
        Function of one task.
    crosses_process : bool
        Whether the outcome will be pickled.
    """

    def __init__(self, kernel: Callable[[T], R], *, crosses_process: bool) -> None:
        self.kernel = kernel
        self.crosses_process = crosses_process

    def __call__(self, task: T) -> R | Failure:
        """Run the kernel on one task."""
        _marks.depth += 1
        try:
            return self.kernel(task)
        except KeyboardInterrupt:
            # Ctrl-C is the user's word to the whole program, not an outcome of this task.
            raise
        except BaseException as error:
            return Failure.of(error, crosses_process=self.crosses_process)
        finally:
            _marks.depth -= 1


def unwrap(outcome: R | Failure) -> R:
    """Return a guarded kernel's result, or raise its exception.

    Parameters
    ----------
    outcome : object
        What a `Guarded` kernel returned.

    Returns
    -------
    object
        The result.
    """
    if isinstance(outcome, Failure):
        outcome.reraise()
    return outcome


# Set in a process forked off one that had a pool of loky's: the pool does not work there, and
# who submits to it waits for ever.
_forked_with_pool = False


def _after_fork() -> None:
    global _forked_with_pool
    for library in ("joblib.externals.loky", "loky"):
        module = sys.modules.get(f"{library}.reusable_executor")
        if getattr(module, "_executor", None) is not None:
            _forked_with_pool = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _inside_mpi_worker() -> bool:
    futures = sys.modules.get("mpi4py.futures")
    if futures is None:
        return False
    try:
        futures.get_comm_workers()
    except RuntimeError:
        return False
    return True


def inside_worker() -> bool:
    """Whether this code already runs in somebody's parallel worker.

    A nested call runs in process: the cores are taken already.

    Returns
    -------
    bool
        True inside a kernel run by this package, a joblib task, a dask task, a worker of
        mpi4py.futures, any process that `multiprocessing` started, and one forked off a process
        with a pool of joblib's.
    """
    if _marks.depth or _forked_with_pool or multiprocessing.parent_process() is not None:
        return True
    # A library that was never imported cannot be running us.
    if _inside_mpi_worker():
        return True
    if "joblib" in sys.modules:
        from .joblib import inside_joblib_task

        if inside_joblib_task():
            return True
    if "distributed" in sys.modules:
        from .dask import inside_dask_task

        return inside_dask_task()
    return False
