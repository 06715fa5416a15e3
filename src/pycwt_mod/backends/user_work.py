"""Work of the user's own: a worker called for many seeds, or for many items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..progress import ProgressOption, make_progress
from ..validation import as_count, brief
from .deadline import Deadline, closing_iterator
from .pickling import Failure


class SimulationError(Exception):
    """A simulation that failed, in the place of its result.

    `run_monte_carlo` and `map_tasks` give it with ``return_errors=True``. It can be raised, and
    can be pickled even where the exception cannot.

    Parameters
    ----------
    index : int
        Number of the simulation or item, from 0.
    seed : numpy.random.SeedSequence or None
        The seed it was given, with which it can be run again.
    failure : Failure
        The exception as it came from the worker.
    unit : str, optional
        "simulation" or "item".

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

    def __init__(
        self,
        index: int,
        seed: np.random.SeedSequence | None,
        failure: Failure,
        unit: str = "simulation",
    ) -> None:
        self.index = index
        self.seed = seed
        self.unit = unit
        self.traceback = failure.traceback_text
        self.type_name = failure.type_name
        self.message = failure.message
        self._failure = failure
        super().__init__(index, seed, failure, unit)

    def __str__(self) -> str:
        kind = self.type_name.removeprefix("builtins.")
        return f"{self.unit} {self.index} failed: {kind}: {self.message}".rstrip(": ")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    @property
    def exception(self) -> BaseException | None:
        """The exception itself with its notes, or None where it cannot be pickled."""
        return self._failure.exception_or_none()


@dataclass(frozen=True)
class _Kernel:
    """Runs the user's worker over one task: some consecutive simulations or items.

    `call(seed, item)` runs one of them; a task is the first index and the items.
    """

    call: Callable[..., Any]
    root: np.random.SeedSequence | None
    total: int
    unit: str
    return_errors: bool

    def _seed(self, index: int) -> np.random.SeedSequence | None:
        """Return the root's child of a number, by its key: `spawn` would change the root."""
        if self.root is None:
            return None
        key = (*self.root.spawn_key, index)
        return np.random.SeedSequence(
            self.root.entropy, spawn_key=key, pool_size=self.root.pool_size
        )

    def __call__(self, task: tuple[int, Sequence[Any]]) -> list[Any]:
        first, items = task
        return [self._outcome(index, item) for index, item in enumerate(items, first)]

    def _outcome(self, index: int, item: Any) -> Any:
        try:
            return self.call(self._seed(index), item)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if self.return_errors:
                return self._error(index, error)
            error.add_note(f"in {self.unit} {index} of {self.total} (counted from 0)")
            if isinstance(error, StopIteration):
                # Python's generators, through which results come, would make it something else.
                changed = RuntimeError(f"the worker raised StopIteration: {error}")
                changed.add_note(error.__notes__[-1])
                raise changed from error
            raise

    def _error(self, index: int, error: BaseException) -> SimulationError:
        return SimulationError(index, self._seed(index), Failure.of(error), self.unit)

    def replace_unpicklable(
        self,
        task: tuple[int, Sequence[Any]],
        results: Sequence[Any],
        dumps: Callable[[Any], bytes],
    ) -> list[Any] | None:
        """Put errors in the place of results that cannot be pickled; None: errors stop the run."""
        if not self.return_errors:
            return None
        mended = []
        for index, result in enumerate(results, task[0]):
            try:
                dumps(result)
                mended.append(result)
            except Exception as error:
                error.add_note(f"the result of type {type(result).__name__} cannot be pickled")
                mended.append(self._error(index, error))
        return mended


def call_with_seed(worker: Callable[..., Any], args: Any, kwargs: Any, seed: Any, item: Any) -> Any:
    """Run a simulation."""
    return worker(seed, *args, **kwargs)


def call_with_item(worker: Callable[..., Any], seed: Any, item: Any) -> Any:
    """Run an item, with a seed if there is one."""
    return worker(item) if seed is None else worker(item, seed)


def gather(
    map_: Callable[..., Iterator[Any]],
    call: Callable[[Any, Any], Any],
    items: Iterable[Any],
    split: Callable[[int], list[range]],
    root: np.random.SeedSequence | None,
    unit: str,
    *,
    chunk_size: int | None,
    return_errors: bool,
    progress: ProgressOption,
    on_result: Callable[[int, Any], object] | None,
    timeout: float | None,
) -> list[Any]:
    """Gather ``call(seed, item)`` of all items in order, or hand them to `on_result`."""
    if on_result is not None:
        check_callable(on_result, "`on_result` must be a callable on_result(index, result) or None")
    items = items if isinstance(items, range) else _as_items(items)
    total = len(items)
    runs = split(total) if chunk_size is None else in_chunks(total, chunk_size)
    tasks = [(run.start, items[run.start : run.stop]) for run in runs]
    kernel = _Kernel(call, root, total, unit, bool(return_errors))
    deadline = Deadline(timeout, total, unit)
    gathered: list[Any] = []
    blocks = map_(kernel, tasks, deadline=deadline)
    with make_progress(progress, total, unit=unit) as bar, closing_iterator(blocks):
        for block in blocks:
            if on_result is None:
                gathered.extend(block)
            else:
                for index, result in enumerate(block, deadline.n_done):
                    on_result(index, result)
            deadline.n_done += len(block)
            bar.update(len(block))
    return gathered


def in_chunks(n_items: int, chunk_size: object = 1) -> list[range]:
    """Cut ``range(n_items)`` into tasks of a size."""
    size = as_count(chunk_size, "chunk_size")
    return [range(begin, min(begin + size, n_items)) for begin in range(0, n_items, size)]


def check_callable(value: object, rule: str) -> None:
    """Raise TypeError with a rule unless a value is callable."""
    if not callable(value):
        raise TypeError(f"{rule}, got {value!r}.")


def checked_arguments(args: object, kwargs: object) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return arguments for a worker; a string or an array is not meant to be taken apart."""
    if not isinstance(args, tuple | list):
        raise TypeError(
            f"`worker_args` must be a tuple or list, got {brief(args)} of type "
            f"{type(args).__name__}. Write (x,) for one argument x."
        )
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise TypeError(
            f"`worker_kwargs` must be a mapping of names to values or None, got {brief(kwargs)} of "
            f"type {type(kwargs).__name__}."
        )
    return tuple(args), dict(kwargs or {})


def _as_items(items: object) -> list[Any]:
    try:
        return list(items)  # type: ignore[call-overload, no-any-return]
    except TypeError:
        if isinstance(items, Iterable):
            raise  # of the iterator itself
    raise TypeError(
        f"`items` must be an iterable of items, got {brief(items)} of type {type(items).__name__}."
    )
