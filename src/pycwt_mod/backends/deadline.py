"""The end of the time that a call may take."""

from __future__ import annotations

import contextlib
import math
import numbers
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..validation import brief


class Deadline:
    """When a call must end, and how far it has come.

    Parameters
    ----------
    seconds : float or None, optional
        From now on; None: no end.
    total : int, optional
        Number of simulations of the call, for the message.
    unit : str, optional
        The word for one of them.

    Attributes
    ----------
    n_done : int
        Simulations done so far; the consumer of the results counts them here.

    Raises
    ------
    TypeError, ValueError
        If `seconds` is not a positive number.

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
        self.seconds = _checked(seconds)
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
        """Raise `error()` if the time is over."""
        if self.is_over:
            raise self.error()

    def error(self) -> TimeoutError:
        """Return the error to raise when the time is over; it tells how much was done."""
        return TimeoutError(
            f"the time is over: `timeout` = {self.seconds:g} s, and {self.n_done} of {self.total} "
            f"{self.unit}s are done. Raise `timeout`, ask for fewer {self.unit}s, or use more "
            "workers."
        )


def _checked(seconds: object) -> float | None:
    rule = "`timeout` must be a positive number of seconds or None"
    if seconds is None:
        return None
    no_number = isinstance(seconds, bool | np.bool_ | np.timedelta64)
    if no_number or not isinstance(seconds, numbers.Real):
        raise TypeError(f"{rule}, got {brief(seconds)} of type {type(seconds).__name__}.")
    if not seconds > 0:  # type: ignore[operator]
        raise ValueError(f"{rule}, got {brief(seconds)}.")
    with contextlib.suppress(OverflowError):
        # The clock of threads ends there, after centuries.
        if float(seconds) < threading.TIMEOUT_MAX:
            return float(seconds)
    return None


@contextlib.contextmanager
def closing_iterator(iterator: Iterator[Any]) -> Iterator[None]:
    """Close an iterator at the end of the block, if it can be closed.

    So an exception in a loop over results ends their computation now, and not when the garbage
    is collected.
    """
    try:
        yield
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()
