"""The tasks that a backend is fed with, and the order of their outcomes."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator
from operator import length_hint
from typing import Any

from ..validation import brief
from .deadline import Deadline, closing_iterator

RULE = "`run_tasks` must draw the tasks and yield the outcome of `run(task)` for each, once"


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
            self._next = self._next or list(itertools.islice(self._source, 1))
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
    return [range(a, b) for a, b in itertools.pairwise(edges) if b > a]
