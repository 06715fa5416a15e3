"""A kernel on its way to workers: pickled once, unpickled once in each process.

Worker processes of this machine find what is large in it in a file, which they map: written
once, read once, and held once in memory by all of them.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import pickle
import sys
import tempfile
import threading
import uuid
import weakref
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .deadline import Alarm, OutOfTime
from .remote import Failure, Guarded, unwrap

__all__ = ["LACKING", "Sharing", "Shipment", "receive", "run_shipped", "running_tasks"]

logger = logging.getLogger(__name__)

# Arrays in the file begin at multiples of this, as NumPy's own do in memory.
ALIGNMENT = 64
# What `run_shipped` returns in place of an outcome if the file with the kernel is not to be seen.
LACKING = b""
# Kernels that a worker process keeps; two, for two calls at a time on one pool of the user's.
KEPT_KERNELS = 2


Bytes: TypeAlias = NDArray[np.uint8]


def _dumps(
    value: object, take_buffer: Callable[[Any], object] | None = None, by_name: bool = False
) -> bytes:
    """Pickle by value what cannot be imported elsewhere: lambdas, closures, `__main__`."""
    from .pickling import cloudpickle_dumps

    return cloudpickle_dumps(value, take_buffer, by_name)


@dataclass(frozen=True)
class Sharing:
    """How large data go to worker processes of this machine.

    Attributes
    ----------
    min_bytes : int
        What is smaller travels with each task.
    folder : str or None
        Where the file is written; None: the system's folder for temporary files.
    mode : {"r", "c", "r+", "w+", None}
        What workers may do: read, change a copy of their own, change the file. None: no mapping,
        a copy in each worker.
    by_name : bool
        Whether an array that is mapped from a file of the user's is sent as the file's name.
    """

    min_bytes: int = 1 << 20
    folder: str | None = None
    mode: str | None = "r"
    by_name: bool = True


@dataclass(frozen=True)
class Shipment:
    """A kernel, pickled once, on its way to any number of workers.

    Attributes
    ----------
    token : str
        Names the shipment, so that a worker unpickles it once and not once per task.
    payload : bytes
        The pickled kernel; empty if it is the last piece of the file.
    pid : int
        The sender's process.
    path : str or None
        The file with what is large, if anything is.
    spans : tuple of (int, int)
        Where the pieces begin and end in the file.
    mode : str or None
        As in `Sharing`.
    pieces : tuple of numpy.ndarray
        What is large, if there is no file: apart, so that nobody need copy it into a pickle.
    """

    token: str
    payload: bytes
    pid: int
    path: str | None = None
    spans: tuple[tuple[int, int], ...] = ()
    mode: str | None = "r"
    pieces: tuple[Bytes, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def of(cls, kernel: Callable[[Any], Any], sharing: Sharing | None = None) -> Shipment:
        """Pack a kernel.

        Parameters
        ----------
        kernel : callable
            Function of one task; may be a lambda, a closure or defined in ``__main__``.
        sharing : Sharing, optional
            For workers that see this machine's files; None: all is in the shipment.

        Returns
        -------
        Shipment
            Picklable by every pickler. To be closed when no worker needs it any more.
        """
        token = uuid.uuid4().hex
        by_name = sharing is not None and sharing.by_name
        min_bytes = sharing.min_bytes if sharing is not None else Sharing.min_bytes
        payload, pieces = _packed(kernel, min_bytes, by_name)
        if sharing is None:
            return cls(token, payload, os.getpid(), pieces=tuple(map(_as_bytes, pieces)))
        if len(payload) >= min_bytes:
            pieces.append(memoryview(payload))
            payload = b""
        if not pieces:
            return cls(token, payload, os.getpid())
        try:
            path, spans = _write(pieces, sharing.folder)
        except OSError as error:
            logger.warning("no file to share data with workers (%s); sending copies", error)
            # All in one pickle: joblib would try to write arrays to that very disk again.
            return cls(token, _packed(kernel, sys.maxsize, by_name)[0], os.getpid())
        shipment = cls(token, payload, os.getpid(), path, spans, sharing.mode)
        # For whoever forgets to close, and the end of the program.
        weakref.finalize(shipment, _remove, path, shipment.pid)
        return shipment

    @property
    def n_bytes(self) -> int:
        """How much it weighs on its way, without the file."""
        return len(self.payload) + sum(piece.nbytes for piece in self.pieces)

    def close(self) -> None:
        """Remove the file, if there is one. A second call does nothing."""
        if self.path is not None:
            _remove(self.path, self.pid)

    def unpack(self) -> Callable[[Any], Any]:
        """Unpickle the kernel.

        Returns
        -------
        callable
            Its large arrays lie in the file, which lasts as long as they do, or in the shipment,
            and are no further copies.
        """
        pieces = [memoryview(piece.data).toreadonly() for piece in self.pieces]
        if self.path is not None:
            pieces = self._read()
        payload = self.payload or pieces.pop()
        kernel: Callable[[Any], Any] = pickle.loads(payload, buffers=pieces)
        return kernel

    def _read(self) -> list[memoryview]:
        assert self.path is not None
        write = self.mode in ("r+", "w+")
        with open(self.path, "r+b" if write else "rb") as file:  # noqa: PTH123
            whole: Any
            if self.mode is None:
                whole = bytearray(file.read())
            else:
                access = {"r": mmap.ACCESS_READ, "c": mmap.ACCESS_COPY}
                whole = mmap.mmap(file.fileno(), 0, access=access.get(self.mode, mmap.ACCESS_WRITE))
        return [memoryview(whole)[begin:end] for begin, end in self.spans]


def _packed(kernel: object, min_bytes: int, by_name: bool) -> tuple[bytes, list[memoryview]]:
    """Pickle a kernel, and leave out what is large in it."""
    pieces: list[memoryview] = []

    def take_buffer(buffer: pickle.PickleBuffer) -> bool:
        """Take what is large; True leaves it in the pickle."""
        view = buffer.raw()
        if view.nbytes < min_bytes:
            return True
        pieces.append(view)
        return False

    return _dumps(kernel, take_buffer, by_name), pieces


def _as_bytes(piece: memoryview) -> Bytes:
    # Read-only, as it is for workers that map a file; and dask copies what may be written to.
    return np.frombuffer(piece.toreadonly(), dtype=np.uint8)


def _write(pieces: list[memoryview], folder: str | None) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Write the pieces to a new file, which only this user can read."""
    handle, path = tempfile.mkstemp(prefix="pycwt_mod-", dir=folder)
    spans = []
    try:
        with open(handle, "wb") as file:  # noqa: PTH123
            for piece in pieces:
                file.write(b"\0" * (-file.tell() % ALIGNMENT))
                begin = file.tell()
                file.write(piece)
                spans.append((begin, file.tell()))
    except BaseException:
        _remove(path, os.getpid())
        raise
    return path, tuple(spans)


def _remove(path: str, pid: int) -> None:
    # A copy of the shipment in a forked process is not the owner.
    if os.getpid() == pid:
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108


_cache_lock = threading.Lock()
_cache: OrderedDict[str, Callable[[Any], Any]] = OrderedDict()
_running: Counter[str] = Counter()


def _after_fork() -> None:
    """Replace the lock, which another thread of the parent may have held."""
    global _cache_lock
    _cache_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _unpack(shipment: Shipment) -> Callable[[Any], Any]:
    """Unpickle a kernel, unless it is one of the last few, which are kept."""
    with _cache_lock:
        if shipment.token not in _cache:
            while len(_cache) >= KEPT_KERNELS:
                _cache.popitem(last=False)
            _cache[shipment.token] = shipment.unpack()
        _cache.move_to_end(shipment.token)
        return _cache[shipment.token]


_thread_controller: Any = None


@contextlib.contextmanager
def _single_threaded(active: bool) -> Iterator[None]:
    """Keep BLAS and OpenMP to one thread, where threadpoolctl is there to do it."""
    global _thread_controller
    if active and _thread_controller is None:
        try:
            from threadpoolctl import ThreadpoolController
        except ImportError:
            active = False
        else:
            # Looking the libraries up takes milliseconds: once per worker process.
            _thread_controller = ThreadpoolController()
    if not active:
        yield
        return
    with _thread_controller.limit(limits=1):
        yield


def run_shipped(shipment: Shipment, task: Any, alarm: Alarm | None = None) -> bytes:
    """Run one task in a worker; the counterpart of `receive`.

    Parameters
    ----------
    shipment : Shipment
        The kernel.
    task : object
        Its argument.
    alarm : Alarm, optional
        Ends the task when the time of the call is over.

    Returns
    -------
    bytes
        The pickled result or `Failure`, or `LACKING`. Bytes, so that no pool ever has to unpickle
        something that may not unpickle.
    """
    if shipment.path and shipment.token not in _cache and not os.path.exists(shipment.path):  # noqa: PTH110
        return LACKING
    _running[shipment.token] += 1
    try:
        armed = alarm.armed(shipment.pid) if alarm else contextlib.nullcontext()
        with _single_threaded(os.getpid() != shipment.pid), armed:
            outcome = Guarded(lambda one: _unpack(shipment)(one), crosses_process=True)(task)
        try:
            return _dumps(outcome)
        except Exception as error:
            return _dumps(_mended(shipment, task, outcome, error))
    except KeyboardInterrupt as stop:
        if os.getpid() == shipment.pid:
            raise
        # In a worker it would end the process: that of a dask cluster, and what others have there.
        return _dumps(Failure.of(stop, crosses_process=True))
    except OutOfTime as late:  # between the task and the end of its alarm
        return _dumps(Failure.of(late, crosses_process=True))
    finally:
        _running[shipment.token] -= 1


def _mended(shipment: Shipment, task: Any, outcome: Any, error: Exception) -> Any:
    """Return what can be sent in place of an outcome that cannot be pickled."""
    replace = getattr(_unpack(shipment), "replace_unpicklable", None)
    mended = replace(task, outcome, _dumps) if replace is not None else None
    if mended is not None:
        return mended
    error.add_note(f"the result of type {type(outcome).__name__} cannot be pickled")
    return Failure.of(error, crosses_process=True)


def running_tasks(token: str) -> int:
    """Count the tasks of a shipment that run in this process.

    Parameters
    ----------
    token : str
        Names the shipment.

    Returns
    -------
    int
        Tasks started and not yet ended.
    """
    return _running[token]


def receive(data: bytes) -> Any:
    """Return the result that `run_shipped` sent, or raise its exception.

    Parameters
    ----------
    data : bytes
        What `run_shipped` returned.

    Returns
    -------
    object
        The kernel's result.
    """
    return unwrap(pickle.loads(data))
