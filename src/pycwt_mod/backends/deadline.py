"""The end of the time that a call may take, here and in the worker that runs its last task."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from .checks import check_timeout

__all__ = ["Alarm", "Deadline", "OutOfTime", "closing_iterator"]

R = TypeVar("R")


class OutOfTime(BaseException):
    """Raised in a worker's task when the time of the call is over.

    No `Exception`, so that a worker that catches those does not go on.
    """


class Deadline:
    """When a call must end, and how far it has come until then.

    Parameters
    ----------
    seconds : float or None, optional
        From now on; None: no end.
    total : int, optional
        How many simulations the call has, for the message.
    unit : str, optional
        What is counted, in the singular.

    Attributes
    ----------
    n_done : int
        How many of `total` are done; to be raised by whoever takes the results.

    Examples
    --------
    >>> deadline = Deadline(60.0, total=100)
    >>> deadline.n_done += 40
    >>> deadline.is_over
    False
    >>> print(deadline.error())
    the time is over: `timeout` = 60 s, and 40 of 100 simulations are done. Raise `timeout`, ask ...
    """

    def __init__(
        self, seconds: float | None = None, total: int = 0, unit: str = "simulation"
    ) -> None:
        self.seconds = check_timeout(seconds)
        # The monotonic clock: the time of day may be set in mid-run.
        self._end = math.inf if self.seconds is None else time.monotonic() + self.seconds
        self.total = total
        self.unit = unit
        self.n_done = 0

    @property
    def left(self) -> float | None:
        """Seconds left, not negative; None: no end."""
        return None if self.seconds is None else max(0.0, self._end - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._end

    def check(self) -> None:
        """Raise the error if the time is over.

        Raises
        ------
        TimeoutError
            See `error`.
        """
        if self.is_over:
            raise self.error()

    def error(self) -> TimeoutError:
        """Make the error to raise when the time is over.

        Returns
        -------
        TimeoutError
            It says how many simulations were done.
        """
        return TimeoutError(
            f"the time is over: `timeout` = {self.seconds:g} s, and {self.n_done} of {self.total} "
            f"{self.unit}s are done. Raise `timeout`, ask for fewer {self.unit}s, or use more "
            "workers."
        )

    def watch(self, results: Iterator[R], n_tasks: int | None = None) -> Iterator[R]:
        """Hand results on as long as there is time, which is looked up between them.

        Parameters
        ----------
        results : iterator
            One result per task; closed at the end.
        n_tasks : int, optional
            How many there will be; after the last one there is nothing to be late for.

        Yields
        ------
        object
            The results.
        """
        with closing_iterator(results):
            for index in itertools.count():
                if n_tasks is None or index < n_tasks:
                    self.check()
                try:
                    result = next(results)
                except StopIteration:
                    return
                yield result
                del result

    def alarm(self, shared_clock: bool) -> Alarm | None:
        """Make what ends a task in a worker process when the time is over.

        Parameters
        ----------
        shared_clock : bool
            Whether the worker runs on this machine, whose processes share one clock.

        Returns
        -------
        Alarm or None
            None: no end.
        """
        if self.seconds is None:
            return None
        return Alarm(self._end if shared_clock else None, self.left or 0.0)


@dataclass(frozen=True)
class Alarm:
    """Ends a task in a worker process that is not ours to kill.

    Attributes
    ----------
    at : float or None
        When, by the monotonic clock of this machine.
    seconds : float
        Where the worker's clock is another one: how long after the task's beginning. Late by the
        time that the task had to wait for its worker.
    """

    at: float | None
    seconds: float

    @contextlib.contextmanager
    def armed(self, sender: int) -> Iterator[None]:
        """Raise `OutOfTime` in the block when it is time, where the platform can.

        Parameters
        ----------
        sender : int
            The calling process, in which no signal handler is touched.

        Yields
        ------
        None
            It takes effect in a process's main thread, on POSIX, if nobody else uses SIGALRM;
            what runs inside of compiled code ends as that returns.
        """
        if not self._can_ring(sender):
            yield
            return
        seconds = self.seconds if self.at is None else self.at - time.monotonic()
        before = signal.signal(signal.SIGALRM, _ring)
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3))
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)

    @staticmethod
    def _can_ring(sender: int) -> bool:
        return (
            hasattr(signal, "setitimer")
            and os.getpid() != sender
            and threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
        )


def _ring(*_: object) -> None:
    raise OutOfTime


@contextlib.contextmanager
def closing_iterator(iterator: Iterator[Any]) -> Iterator[None]:
    """Close an iterator at the end of a block, if it can be closed.

    Parameters
    ----------
    iterator : iterator
        A generator, or any iterator of a backend that has no ``close``.

    Yields
    ------
    None
        So that an exception in the loop ends the work now and not when the garbage is collected.
    """
    try:
        yield
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()
