"""Simulations of the user's own: what one task of them does, and how their results are gathered."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from ..progress import ProgressOption, make_progress
from .deadline import Deadline, OutOfTime, closing_iterator
from .remote import Failure

if TYPE_CHECKING:
    from .base import MCBackend

__all__ = ["ItemKernel", "SimulationError", "SimulationKernel", "gather"]

B = TypeVar("B")


class SimulationError(Exception):
    """A simulation that failed, in the place of its result.

    What `run_monte_carlo` and `map_tasks` give with ``return_errors=True``. It can be raised, and
    pickled whatever the exception was.

    Parameters
    ----------
    index : int
        Number of the simulation or item, from 0.
    seed : numpy.random.SeedSequence or None
        The seed it was given, with which it can be run again.
    failure : Failure
        What is left of the exception.

    Attributes
    ----------
    traceback : str
        The worker's traceback as text.
    type_name, message : str
        Qualified name of the exception's class, and its message.

    Examples
    --------
    >>> from pycwt_mod.backends import map_tasks
    >>> results = map_tasks(lambda x: 1 / x, [2, 0], backend="sequential", return_errors=True)
    >>> results[0]
    0.5
    >>> print(results[1])
    item 1 failed: ZeroDivisionError: division by zero
    """

    unit = "simulation"

    def __init__(self, index: int, seed: np.random.SeedSequence | None, failure: Failure) -> None:
        self.index = index
        self.seed = seed
        self.traceback = failure.traceback_text
        self.type_name = failure.type_name
        self.message = failure.message
        self._failure = failure
        super().__init__(index, seed, failure)

    def __str__(self) -> str:
        kind = self.type_name.removeprefix("builtins.")
        return f"{self.unit} {self.index} failed: {kind}: {self.message}".rstrip(": ")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    @property
    def exception(self) -> BaseException | None:
        """The exception itself with its notes, or None where it cannot be pickled."""
        return self._failure.exception_or_none()


class ItemError(SimulationError):
    """A task of `map_tasks` that failed, in the place of its result."""

    unit = "item"


class _Kernel(Generic[B]):
    """Runs the user's worker over a block; the base of both kinds of kernel."""

    error_class: type[SimulationError] = SimulationError

    def __init__(
        self,
        worker: Callable[..., Any],
        root: np.random.SeedSequence | None,
        total: int,
        return_errors: bool,
    ) -> None:
        self.worker = worker
        self.total = total
        self.return_errors = return_errors
        self.entropy = root.entropy if root is not None else None
        self.spawn_key = tuple(root.spawn_key) if root is not None else ()
        self.pool_size = root.pool_size if root is not None else None

    @abstractmethod
    def calls(self, block: B) -> Iterator[tuple[int, Callable[[], Any]]]:
        """Give each simulation's number and what runs it."""

    def seed(self, index: int) -> np.random.SeedSequence | None:
        """Make the seed of simulation `index`.

        Parameters
        ----------
        index : int
            Number of the simulation, from 0.

        Returns
        -------
        numpy.random.SeedSequence or None
            The root's child of this number, built by its key and not by ``spawn``, which would
            change the caller's object; None where there is no root.
        """
        if self.pool_size is None:
            return None
        return np.random.SeedSequence(
            self.entropy, spawn_key=(*self.spawn_key, index), pool_size=self.pool_size
        )

    def __call__(self, block: B) -> list[Any]:
        """Run the simulations of one block and return their results."""
        return [self._outcome(index, call) for index, call in self.calls(block)]

    def _outcome(self, index: int, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (KeyboardInterrupt, OutOfTime):
            raise
        except BaseException as error:
            if self.return_errors:
                return self._error(index, error)
            error.add_note(f"in {self.error_class.unit} {index} of {self.total} (counted from 0)")
            if isinstance(error, StopIteration):
                # Python's generators, through which results come, would make it something else.
                changed = RuntimeError(f"the worker raised StopIteration: {error}")
                changed.add_note(error.__notes__[-1])
                raise changed from error
            raise

    def _error(self, index: int, error: BaseException) -> SimulationError:
        failure = Failure.of(error, crosses_process=True)
        return self.error_class(index, self.seed(index), failure)

    def replace_unpicklable(
        self, block: B, results: Sequence[Any], dumps: Callable[[Any], bytes]
    ) -> list[Any] | None:
        """Put errors in the place of results that cannot be sent back, where errors are returned.

        Parameters
        ----------
        block : object
            The block.
        results : sequence
            Its results.
        dumps : callable
            Pickles.

        Returns
        -------
        list or None
            The results; None where errors stop the run.
        """
        if not self.return_errors:
            return None
        mended = []
        for (index, _), result in zip(self.calls(block), results, strict=True):
            try:
                dumps(result)
            except Exception as error:
                error.add_note(f"the result of type {type(result).__name__} cannot be pickled")
                mended.append(self._error(index, error))
            else:
                mended.append(result)
        return mended


class SimulationKernel(_Kernel[Iterable[int]]):
    """A run of simulations of the user's own worker: the kernel of `run_monte_carlo`.

    Parameters
    ----------
    worker : callable
        Called as ``worker(seed, *args, **kwargs)``.
    args, kwargs : sequence, mapping
        The worker's further arguments.
    root : numpy.random.SeedSequence
        Simulation ``i`` is given the root's child number ``i``.
    n_simulations : int
        All simulations of the job, for the note on an exception.
    return_errors : bool, optional
        Whether a failing simulation gives a `SimulationError` and the others go on.
    """

    def __init__(
        self,
        worker: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        root: np.random.SeedSequence,
        n_simulations: int,
        return_errors: bool = False,
    ) -> None:
        super().__init__(worker, root, n_simulations, return_errors)
        self.args = tuple(args)
        self.kwargs = dict(kwargs)

    def calls(self, block: Iterable[int]) -> Iterator[tuple[int, Callable[[], Any]]]:
        """Give each simulation's number and what runs it.

        Parameters
        ----------
        block : iterable of int
            Numbers of simulations.

        Yields
        ------
        tuple
            The number, and a function without arguments.
        """
        for index in block:
            yield index, functools.partial(self._call, index)

    def _call(self, index: int) -> Any:
        return self.worker(self.seed(index), *self.args, **self.kwargs)


class ItemKernel(_Kernel[tuple[int, Sequence[Any]]]):
    """A run of the user's worker over items: the kernel of `map_tasks`.

    Parameters
    ----------
    worker : callable
        Called as ``worker(item)``, or ``worker(item, seed)`` if there is a root.
    root : numpy.random.SeedSequence or None
        Item ``i`` is given the root's child number ``i``.
    n_items : int
        All items of the job, for the note on an exception.
    return_errors : bool, optional
        Whether a failing item gives a `SimulationError` and the others go on.
    """

    error_class = ItemError

    def calls(self, block: tuple[int, Sequence[Any]]) -> Iterator[tuple[int, Callable[[], Any]]]:
        """Give each item's number and what runs it.

        Parameters
        ----------
        block : tuple
            Number of the first item, and the items.

        Yields
        ------
        tuple
            The number, and a function without arguments.
        """
        start, items = block
        for index, item in enumerate(items, start):
            seeds = () if self.pool_size is None else (self.seed(index),)
            yield index, functools.partial(self.worker, item, *seeds)


def gather(
    backend: MCBackend,
    kernel: _Kernel[B],
    tasks: Sequence[B],
    *,
    progress: ProgressOption = False,
    on_result: Callable[[int, Any], object] | None = None,
    timeout: float | None = None,
) -> list[Any]:
    """Run a kernel's blocks and gather the results of their simulations in order.

    Parameters
    ----------
    backend : MCBackend
        Where.
    kernel : SimulationKernel or ItemKernel
        What.
    tasks : sequence
        The blocks.
    progress : bool or callable, optional
        See `pycwt_mod.progress.make_progress`.
    on_result : callable, optional
        Called as ``on_result(index, result)``; results are not kept then.
    timeout : float, optional
        Seconds.

    Returns
    -------
    list
        The results; empty with `on_result`.
    """
    unit = kernel.error_class.unit
    deadline = Deadline(timeout, kernel.total, unit)
    results: list[Any] = []
    # A backend that only maps need know of no deadline as long as there is none.
    blocks: Iterator[list[Any]] = (
        backend.map(kernel, tasks)
        if timeout is None
        else backend.map_until(kernel, tasks, deadline)
    )
    with make_progress(progress, kernel.total, unit=unit) as bar, closing_iterator(blocks):
        for block in blocks:
            if on_result is None:
                results.extend(block)
            else:
                for index, result in enumerate(block, deadline.n_done):
                    on_result(index, result)
            deadline.n_done += len(block)
            bar.update(len(block))
    return results
