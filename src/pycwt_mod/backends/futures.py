"""Tasks on their way: a bounded number drawn, futures of a few in flight, results in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, wait
from itertools import islice, pairwise
from operator import length_hint
from typing import Any, TypeVar

from ..validation import brief
from .deadline import Deadline, closing_iterator

T = TypeVar("T")
F = TypeVar("F")

RULE = "`run_tasks` must draw the tasks and yield the outcome of `run(task)` for each, once"


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


class Feed:
    """Numbered tasks for one round of `run_tasks`; ends it when the consumer falls behind.

    So a backend that draws all it can get, as joblib does, holds a bounded number of results.
    """

    def __init__(self, tasks: Iterable[Any], max_ahead: int) -> None:
        hint = length_hint(tasks, -1)
        self.total = hint if hint >= 0 else None
        self.max_ahead = max_ahead
        self._source = enumerate(tasks)
        self._next: list[tuple[int, Any]] = []
        # Pools draw tasks in threads of their own.
        self._lock = threading.Lock()
        self.round_ended = False
        self.n_drawn = 0
        self.n_taken = 0

    def begin_round(self) -> bool:
        """Begin another round; False if there are no more tasks."""
        with self._lock:
            self._next = self._next or list(islice(self._source, 1))
            self.round_ended = not self._next
        return not self.round_ended

    def __iter__(self) -> Feed:
        return self

    def __next__(self) -> tuple[int, Any]:
        with self._lock:
            # Once ended it stays so: joblib has let go of it.
            self.round_ended |= self.n_drawn - self.n_taken >= self.max_ahead
            if self.round_ended:
                raise StopIteration
            try:
                task = self._next.pop() if self._next else next(self._source)
            except StopIteration:
                self.round_ended = True
                raise
            self.n_drawn += 1
            return task


def in_order(run_tasks: Any, run: Any, feed: Feed, deadline: Deadline) -> Iterator[Any]:
    """Run rounds of tasks until all are done, and yield their outcomes in order."""
    early: dict[int, Any] = {}
    while feed.begin_round():
        n_before = feed.n_drawn
        outcomes = run_tasks(run, feed, deadline)
        if not isinstance(outcomes, Iterable):
            raise RuntimeError(f"{RULE}, got {brief(outcomes)} in place of an iterator.")
        outcomes = iter(outcomes)
        with closing_iterator(outcomes):
            try:
                while True:
                    if feed.n_taken != feed.total:
                        deadline.check()
                    numbered = next(outcomes, None)
                    if numbered is None:
                        break
                    number, outcome = _checked(numbered, feed, early)
                    early[number] = outcome
                    del numbered, outcome
                    while feed.n_taken in early:
                        feed.n_taken += 1
                        yield early.pop(feed.n_taken - 1)
            finally:
                feed.round_ended = True
        if feed.n_taken != feed.n_drawn or feed.n_drawn == n_before:
            raise RuntimeError(
                f"{RULE}, got {feed.n_taken} in order for the {feed.n_drawn} tasks that it drew."
            )


def _checked(numbered: Any, feed: Feed, early: dict[int, Any]) -> tuple[int, Any]:
    """Return a task's number and its outcome, or raise RuntimeError."""
    if not (isinstance(numbered, tuple) and len(numbered) == 2 and isinstance(numbered[0], int)):
        raise RuntimeError(f"{RULE}, got {brief(numbered)}.")
    if not feed.n_taken <= numbered[0] < feed.n_drawn or numbered[0] in early:
        raise RuntimeError(f"{RULE}, got the outcome of task {numbered[0]} once more.")
    return numbered


def split_evenly(n_items: int, n_tasks: int) -> list[range]:
    """Cut ``range(n_items)`` into at most `n_tasks` ranges whose lengths differ by one at most."""
    n_tasks = max(1, min(n_items, n_tasks))
    edges = [n_items * k // n_tasks for k in range(n_tasks + 1)]
    return [range(a, b) for a, b in pairwise(edges) if b > a]
