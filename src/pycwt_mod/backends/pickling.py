"""Pickling that suits any worker, and exceptions in a form that can always be pickled.

Pools break, or hang, on exceptions that cannot be pickled or unpickled. So no exception leaves a
worker as itself: it becomes a `Failure` there, and `opened` raises it again here.
"""

from __future__ import annotations

import contextlib
import io
import mmap
import pickle
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from cloudpickle import Pickler  # type: ignore[import-untyped]
from numpy.typing import NDArray


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


class RemoteTraceback(Exception):  # noqa: N818
    """Shows the worker's traceback as the cause of the exception raised here."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


@dataclass(frozen=True)
class Failure:
    """An exception raised in a worker, in a form that can always be pickled."""

    type_name: str
    message: str
    traceback_text: str
    notes: tuple[str, ...] = ()  # apart: a class with its own `__reduce__` may drop them
    payload: bytes | None = None  # pickled, where it survives a round trip
    exception: BaseException | None = None  # itself, where it stays in the process

    @classmethod
    def of(cls, error: BaseException, *, crosses_process: bool = True) -> Failure:
        """Describe an exception."""
        kind = type(error)
        try:
            message = str(error)
        except Exception:  # a broken __str__ must not hide the failure
            message = "<no message>"
        # The first frame is that of this module and says nothing to the reader.
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
        """Raise the exception with its notes, or a `RemoteError` in its place."""
        if self.exception is not None:
            raise self.exception
        error = self.exception_or_none() or self._with_notes(
            RemoteError(
                f"a worker raised {self.type_name}: {self.message} "
                f"(the exception itself cannot be pickled)\n{self.traceback_text}",
                self.type_name,
                self.message,
                self.traceback_text,
            )
        )
        raise error from RemoteTraceback(self.traceback_text)

    def exception_or_none(self) -> BaseException | None:
        """Return the exception, or None where it cannot be brought to this process."""
        error = self.exception
        if self.payload is not None:
            with contextlib.suppress(Exception):
                error = pickle.loads(self.payload)
        return self._with_notes(error) if isinstance(error, BaseException) else None

    def _with_notes(self, error: BaseException) -> BaseException:
        present = getattr(error, "__notes__", ())
        for note in self.notes:
            if note not in present:
                error.add_note(note)
        return error


def _round_trip(error: BaseException) -> bytes | None:
    """Return the pickled exception, or None where unpickling would not give it back."""
    try:
        payload = dumps(error)
        copy = pickle.loads(payload)
    except Exception:
        return None
    return payload if type(copy) is type(error) else None


def opened(outcome: Any) -> Any:
    """Return the result in a worker's outcome, or raise its exception.

    An outcome is a tuple of the result alone, a `Failure`, or either of them pickled.
    """
    if isinstance(outcome, bytes):
        outcome = pickle.loads(outcome)
    if isinstance(outcome, Failure):
        outcome.reraise()
    (result,) = outcome
    return result


class _Pickler(Pickler):  # type: ignore[misc]
    """Pickles by value what cannot be imported elsewhere: lambdas, closures, ``__main__``."""

    by_name = False

    def reducer_override(self, obj: Any) -> Any:
        if self.by_name and type(obj) is np.memmap:
            return _reduce_memmap(obj)
        if type(obj) is np.ufunc:
            return _reduce_ufunc(obj)
        return super().reducer_override(obj)


def dumps(
    value: object,
    buffer_callback: Callable[[pickle.PickleBuffer], object] | None = None,
    by_name: bool = False,
) -> bytes:
    """Pickle a value, also one that cannot be imported elsewhere, for `pickle.loads`."""
    with io.BytesIO() as file:
        pickler = _Pickler(file, protocol=5, buffer_callback=buffer_callback)
        pickler.by_name = by_name
        pickler.dump(value)
        return file.getvalue()


def _reduce_ufunc(ufunc: np.ufunc) -> Any:
    # A ufunc does not know its module, so pickle takes the first that has it. With
    # `from scipy.special import voigt_profile` in a script that may be the script itself, under a
    # name that not every worker knows.
    name = ufunc.__name__
    for place, module in list(sys.modules.items()):
        known: dict[str, Any] = getattr(module, "__dict__", {})
        if place not in ("__main__", "__mp_main__") and known.get(name) is ufunc:
            return getattr, (module, name)
    return name


def _reduce_memmap(array: np.memmap[Any, Any]) -> Any:
    # A part of a mapped file, or one with changes that are not in the file, is but an array.
    base: object = array.base
    if not isinstance(base, mmap.mmap) or array.mode == "c" or array.filename is None:
        plain: NDArray[Any] = array.view(np.ndarray)
        return plain.__reduce_ex__(5)
    order = "C" if array.flags.c_contiguous else "F"
    return np.memmap, (array.filename, array.dtype, "r", array.offset, array.shape, order)
