"""The plain loop, in the calling process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from .base import MCBackend, as_limit
from .deadline import Deadline
from .nesting import available_cores


class SequentialBackend(MCBackend):
    """One task after the other, in the calling process.

    The reference for all others, without dependency or start-up cost; the one to debug with.

    Examples
    --------
    >>> list(SequentialBackend().map(abs, [-1, 2, -3]))
    [1, 2, 3]
    """

    name: ClassVar[str] = "sequential"
    in_process = True

    def available_workers(self) -> int:
        """Return 1."""
        return 1

    def _as_limit(self, n_workers: object) -> int | None:
        as_limit(n_workers, available_cores)  # checked as on every other backend
        return None

    def run_tasks(
        self, run: Callable[[Any], Any], tasks: Iterator[Any], deadline: Deadline
    ) -> Iterator[Any]:
        """Run the tasks in turn."""
        return map(run, tasks)
