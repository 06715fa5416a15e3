"""Progress of a long job: shown as one bar, handed to a function of the caller, or hidden."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np

__all__ = ["Progress", "ProgressOption", "make_progress"]

ProgressOption: TypeAlias = bool | Callable[[int, int], object]

# Errors of writing to a stream that is closed, or whose reader is gone.
_LOST_STREAM = (OSError, ValueError)


class Progress:
    """Count finished items, and tell a function of the caller if there is one."""

    def __init__(self, total: int, callback: Callable[[int, int], object] | None = None) -> None:
        self.total = int(total)
        self.done = 0
        self._callback = callback

    def update(self, n: int = 1) -> None:
        """Count `n` more items as finished, which must not be negative."""
        if n < 0:
            raise ValueError(f"`n` must not be negative, got {n}. The count never goes back.")
        self.done += int(n)
        self._show(int(n))

    def close(self) -> None:
        """Finish the display. A second call does nothing."""

    def _show(self, n: int) -> None:
        if self._callback is not None:
            self._callback(self.done, self.total)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class _BarProgress(Progress):
    """A display on stderr while the context is open; where stderr is lost, the job goes on."""

    def __init__(self, total: int, unit: str) -> None:
        super().__init__(total)
        self._unit = f" {unit}"
        self._bar: Any = None

    def __enter__(self) -> Progress:
        # None in a program without a console; a service may have closed it.
        if sys.stderr is not None and not sys.stderr.closed:
            self._bar = _bar_on(sys.stderr, self.total, self._unit)
        return self

    def _show(self, n: int) -> None:
        if self._bar is not None:
            try:
                self._bar.update(n)
            except _LOST_STREAM:
                self._bar = None

    def close(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            with suppress(*_LOST_STREAM):
                bar.close()


class _LastLine:
    """One line at the end, for a log file: there a bar would leave a line for each redraw."""

    def __init__(self, stream: Any, total: int, unit: str) -> None:
        self._stream, self._total, self._unit = stream, total, unit
        self._done, self._start = 0, time.monotonic()

    def update(self, n: int) -> None:
        self._done += n

    def close(self) -> None:
        from tqdm import tqdm

        seconds = time.monotonic() - self._start
        line = tqdm.format_meter(self._done, self._total, seconds, unit=self._unit)
        self._stream.write(f"{line}\n")
        self._stream.flush()


def _bar_on(stream: Any, total: int, unit: str) -> Any:
    """Return a bar: that of a notebook, that of a terminal, or a line at the end."""
    in_kernel = type(stream).__module__.startswith("ipykernel")
    if not in_kernel and not stream.isatty():
        return _LastLine(stream, total, unit)
    from tqdm import TqdmWarning

    with warnings.catch_warnings():
        # Without ipywidgets a notebook has the bar of a terminal, which serves as well.
        warnings.simplefilter("ignore", TqdmWarning)
        from tqdm.auto import tqdm

    class Bar(tqdm):  # type: ignore[misc, unused-ignore]
        # tqdm's monitor thread outlives the bar; ours is updated often enough without it.
        monitor_interval = 0

    return Bar(total=total, unit=unit, dynamic_ncols=True)


def make_progress(progress: ProgressOption, total: int, *, unit: str = "surrogate") -> Progress:
    """Return the progress display that the caller asked for, a context manager with ``update(n)``.

    True shows one tqdm bar with the time left, for `total` items, each a `unit`: on a terminal, in
    a notebook as its own kind of bar, and off both as one line on stderr at the end. False shows
    nothing at all; a function is called as ``progress(done, total)`` after each update.

    Examples
    --------
    >>> with make_progress(lambda done, total: print(f"{done} of {total}"), 3) as bar:
    ...     bar.update(1)
    ...     bar.update(2)
    1 of 3
    3 of 3
    """
    # NumPy's bools, 0 and 1 are truth values; 2 is more likely a mistake.
    if isinstance(progress, bool | int | np.bool_) and progress in (0, 1):
        return _BarProgress(total, unit) if progress else Progress(total)
    if callable(progress):
        return Progress(total, progress)
    raise TypeError(
        f"`progress` must be True, False or a callable progress(done, total), got {progress!r}."
    )
