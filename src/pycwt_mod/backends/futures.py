"""Anything that submits tasks and gives futures: a few in flight, results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, wait
from itertools import islice
from typing import Any, TypeVar

from .deadline import Deadline

T = TypeVar("T")
F = TypeVar("F")


def result_in_time(future: Future[Any], deadline: Deadline) -> Any:
    """Return the result of a future, or raise the deadline's error when the time is over."""
    # Waited for apart: a TimeoutError of `result` might be one of the task.
    if not wait([future], deadline.left).done:
        raise deadline.error()
    return future.result()


def cancel_and_wait(futures: Collection[Future[Any]]) -> None:
    """Cancel the futures that have not begun, and wait for the others."""
    # Futures of other kinds may be "cancelled" while they run (ipyparallel's), or refuse (Parsl's).
    # From the end, so that no cancelled place is filled by a later task.
    wait([f for f in reversed(list(futures)) if type(f) is not Future or not f.cancel()])


def in_flight(
    submit: Callable[[T], F],
    tasks: Iterable[T],
    window: Callable[[], int] | int,
    deadline: Deadline,
    *,
    collect: Callable[[F, Deadline], Any] = result_in_time,  # type: ignore[assignment]
    abandon: Callable[[Collection[F]], object] = cancel_and_wait,  # type: ignore[assignment]
) -> Iterator[Any]:
    """Submit tasks a few at a time and yield their results in order.

    Parameters
    ----------
    submit : callable
        Starts one task and returns its future.
    tasks : iterable
        The tasks.
    window : int or callable
        Number of tasks that may be in flight, or a function that returns it.
    deadline : Deadline
        The end of the call.
    collect : callable, optional
        ``collect(future, deadline)`` waits for a result; by default that of a
        `concurrent.futures.Future`.
    abandon : callable, optional
        Is given the futures not collected when the iterator is left early, cancels them and waits
        for those that run; by default for those of `concurrent.futures`.

    Yields
    ------
    object
        One result per task.

    Raises
    ------
    TimeoutError
        When the time is over.
    """
    source = iter(tasks)
    pending: deque[F] = deque()
    try:
        while True:
            # Refilled before a result is handed out: workers go on while the consumer works.
            size = window() if callable(window) else window
            for task in islice(source, max(0, max(1, size) - len(pending))):
                deadline.check()
                pending.append(submit(task))
            if not pending:
                return
            result = collect(pending[0], deadline)
            pending.popleft()
            yield result
            del result
    finally:
        if pending:
            abandon(pending)
