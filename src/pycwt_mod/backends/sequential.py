"""The plain loop, in the calling process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, TypeVar

from .base import MCBackend
from .checks import check_n_workers, resolve_n_workers

__all__ = ["IN_PROCESS", "SequentialBackend", "map_in_process"]

T = TypeVar("T")
R = TypeVar("R")

# What `MCBackend.ran_on` says of work done in the calling process.
IN_PROCESS = ("sequential", 1)


def map_in_process(
    kernel: Callable[[T], R],
    tasks: Iterable[T],
    on_done: Callable[[int], object] | None = None,
) -> Iterator[R]:
    """Run the tasks one after the other.

    Parameters
    ----------
    kernel : callable
        Function of one task.
    tasks : iterable
        The tasks.
    on_done : callable, optional
        Called with the task's number.

    Yields
    ------
    object
        One result per task.
    """
    for index, task in enumerate(tasks):
        result = kernel(task)
        if on_done is not None:
            on_done(index)
        yield result


class SequentialBackend(MCBackend):
    """One task after the other, in the calling process.

    The reference for all others, without dependency or start-up cost; the one to debug with.

    Examples
    --------
    >>> list(SequentialBackend().map(abs, [-1, 2, -3]))
    [1, 2, 3]
    """

    name: ClassVar[str] = "sequential"

    def with_n_workers(self, n_workers: int | None) -> SequentialBackend:
        """Return this backend, which has one worker; the number is checked all the same.

        Parameters
        ----------
        n_workers : int or None
            A positive integer or -1; more than the cores is a UserWarning here as elsewhere.

        Returns
        -------
        SequentialBackend
            `self`.
        """
        if n_workers is not None and check_n_workers(n_workers) > 1:
            from .joblib import available_cores

            resolve_n_workers(n_workers, available_cores())
        return self

    def map(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        *,
        on_done: Callable[[int], object] | None = None,
    ) -> Iterator[R]:
        """Run ``kernel(task)`` for each task; see `MCBackend.map`.

        Parameters
        ----------
        kernel : callable
            Pure function of one task.
        tasks : iterable
            The tasks.
        on_done : callable, optional
            Called as ``on_done(task_index)``.

        Returns
        -------
        iterator
            One result per task, in task order.
        """
        return map_in_process(kernel, tasks, on_done)
