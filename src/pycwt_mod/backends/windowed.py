"""Feeding futures: a bounded number in flight, results in order, nothing left running."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, TypeVar

__all__ = ["map_windowed"]

T = TypeVar("T")
F = TypeVar("F")


def map_windowed(
    submit: Callable[[T], F],
    collect: Callable[[F], Any],
    abandon: Callable[[Collection[F]], None],
    tasks: Iterable[T],
    window: Callable[[], int],
    on_done: Callable[[int], object] | None = None,
) -> Iterator[Any]:
    """Submit tasks a few at a time and yield their results in order.

    Parameters
    ----------
    submit : callable
        Starts one task and returns its future.
    collect : callable
        Waits for a future and returns its result, or raises.
    abandon : callable
        Given the futures not collected when the iterator is left early: cancels them and waits
        for those that run.
    tasks : iterable
        The tasks.
    window : callable
        Returns how many tasks may be in flight now.
    on_done : callable, optional
        Called with the task's number.

    Yields
    ------
    object
        One result per task.
    """
    source = iter(tasks)
    pending: deque[F] = deque()
    try:
        for index in itertools.count():
            # Refilled before the result is handed out: workers go on while the consumer works.
            for task in itertools.islice(source, max(0, max(1, window()) - len(pending))):
                pending.append(submit(task))
            if not pending:
                return
            result = collect(pending[0])
            pending.popleft()
            if on_done is not None:
                on_done(index)
            yield result
            del result
    finally:
        if pending:
            abandon(pending)
