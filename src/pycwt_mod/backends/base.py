"""The one thing every backend is: a place that maps a kernel over tasks."""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib.util
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from ..progress import ProgressOption
from ..seeds import seed_of
from ..validation import as_simulations, brief, warn_user
from .deadline import Deadline, closing_iterator
from .futures import Feed, in_order, split_evenly
from .nesting import available_cores, inside_worker, note_open_files
from .pickling import opened
from .shipping import DEAD_WORKERS_NOTE, Local, Parcel
from .user_work import call_with_seed, check_callable, checked_arguments, gather

T = TypeVar("T")
R = TypeVar("R")

# `MCBackend.ran_on` of work done in the calling process.
IN_PROCESS = ("sequential", 1)
# Tasks per worker that are drawn and not yet taken by the consumer.
MAX_AHEAD_PER_WORKER = 16
# Tasks per worker of `run_monte_carlo`: enough that the last ones even out the load and that the
# progress moves, few enough that the cost of handing a task over (about 1 ms) does not show.
TASKS_PER_WORKER = 16
# ... and at least this number in all, so that the bar moves by steps of two per cent.
MIN_TASKS = 50


class MCBackend(ABC):
    """A place where Monte Carlo work runs. It knows nothing of what is simulated.

    A subclass writes `run_tasks`, which submits tasks and yields their outcomes, and usually
    `available_workers`. `map` and all that stands on it is concrete, so that errors, order,
    laziness, threads and nesting are right on every backend. The laws that a backend keeps are
    listed in `pycwt_mod.backends.testing.LAWS`, and checked by `check_backend` there.

    Attributes
    ----------
    name : str
        The name it is registered by.
    requires : tuple of str
        Names to import and to install (pip) for it to work.
    in_process : bool
        Whether workers are threads of this process, so that nothing need be pickled.
    on_this_machine : bool
        Whether worker processes see this machine's files.
    start_up_seconds : float
        Rough time from the first call to the first task, which a job must be worth.
    task_seconds : float
        A task should take no longer, so that progress moves and no worker waits for the last one.
    workers_in_words, if_broken : str
        For messages: the word for its workers, and what to do when they died.
    ran_on : (str, int)
        Name and number of workers of the backend that did the last `map`: the sequential one for
        a call inside a worker.
    """

    name: ClassVar[str] = ""
    requires: ClassVar[tuple[str, ...]] = ()
    start_up_seconds: ClassVar[float] = 0.0
    task_seconds: ClassVar[float] = 0.5
    workers_in_words: ClassVar[str] = "available cores"
    if_broken: str = ""
    in_process: bool = False
    on_this_machine: bool = False
    ran_on: tuple[str, int] = IN_PROCESS
    _limit: int | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @abstractmethod
    def run_tasks(
        self, run: Callable[[T], Any], tasks: Iterator[T], deadline: Deadline
    ) -> Iterator[Any]:
        """Submit ``run(task)`` for each task and yield the results, in any order.

        Parameters
        ----------
        run : callable
            Never raises; any pickler can pickle it.
        tasks : iterator
            The tasks, drawn as they are submitted. It ends early when the consumer falls behind,
            and `run_tasks` is called again for the rest.
        deadline : Deadline
            The end of the call. `map` looks at the clock between outcomes; a backend that can
            wait no longer than ``deadline.left``, or stop its workers, does.

        Yields
        ------
        object
            The outcomes. When the iterator is closed early, it cancels what has not begun, and
            waits for the rest or kills it.
        """

    def available_workers(self) -> int:
        """Return the number of tasks that can run at a time; by default the cores."""
        return available_cores()

    @property
    def n_workers(self) -> int:
        """Number of tasks that run at a time."""
        available = self.available_workers()
        return available if self._limit is None else max(1, min(self._limit, available))

    def with_n_workers(self, n_workers: int | None) -> Self:
        """Return a backend of the same kind and resources, limited to some workers.

        Parameters
        ----------
        n_workers : int or None
            A positive integer, -1 for all that there are, or None for no change.

        Returns
        -------
        MCBackend
            `self` where nothing changes. The resources are shared: what the caller passed in is
            used by both, and closing the copy does not close it.

        Raises
        ------
        TypeError, ValueError
            If it is no such number.
        """
        if n_workers is None or (limit := self._as_limit(n_workers)) == self._limit:
            return self
        other = copy.copy(self)
        other._limit = limit
        return other

    def _as_limit(self, n_workers: object) -> int | None:
        """Return the limit that a number of workers sets, None for all."""
        return as_limit(n_workers, self.available_workers, self.workers_in_words)

    def map(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        *,
        deadline: Deadline | None = None,
        on_done: Callable[[int], object] | None = None,
    ) -> Iterator[R]:
        """Run ``kernel(task)`` for each task.

        Parameters
        ----------
        kernel : callable
            Pure function of one task. Data that all tasks share belong to it (a
            `functools.partial` or an instance with ``__call__``): it is sent to workers once, or
            by shared memory, where the backend can.
        tasks : iterable
            Small picklable descriptions. A list or range rather than a generator, where there is
            one, lets a backend plan by the length.
        deadline : Deadline, optional
            The end of the call; the consumer counts what is done in its ``n_done``.
        on_done : callable, optional
            Called as ``on_done(task_index)``, in order, before the result is handed out.

        Yields
        ------
        object
            One result per task, in task order. Closing the iterator ends the work.

        Raises
        ------
        Exception
            The kernel's own, of the first failing task in task order.
        TimeoutError
            When the time is over; nothing of the call runs any more then.
        """
        deadline = deadline or Deadline()
        feed = Feed(tasks, MAX_AHEAD_PER_WORKER)
        n_workers = self.usable_workers(feed.total)
        in_process = n_workers == 0
        self.ran_on = IN_PROCESS if in_process else (self.name, n_workers)
        feed.max_ahead *= max(1, n_workers)
        local = in_process or self.in_process
        run = Local(kernel) if local else Parcel(kernel, on_this_machine=self.on_this_machine)
        run_tasks = (lambda run, tasks, _: map(run, tasks)) if in_process else self.run_tasks
        with contextlib.closing(run):
            outcomes = in_order(run_tasks, run, feed, deadline)
            with closing_iterator(outcomes):
                while True:
                    try:
                        outcome = next(outcomes)
                    except StopIteration:
                        return
                    except BrokenExecutor as error:
                        done = f"{feed.n_taken} tasks had been done."
                        error.add_note(f"{DEAD_WORKERS_NOTE} {done} {self.if_broken}".rstrip())
                        raise
                    except OSError as error:
                        note_open_files(error)
                        raise
                    result = opened(outcome)
                    if on_done is not None:
                        on_done(feed.n_taken - 1)
                    yield result
                    del result, outcome

    def usable_workers(self, n_tasks: int | None) -> int:
        """Return the number of workers for a call; 0: it runs in the calling thread."""
        return 0 if inside_worker() else self.n_workers

    def map_sum(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        *,
        deadline: Deadline | None = None,
        on_done: Callable[[int], object] | None = None,
    ) -> Iterator[tuple[int, R]]:
        """Run ``kernel(task)`` for each task, and hand out sums of the results only.

        For results that can be added in any grouping and order, such as tables of counts. A
        backend whose workers are far away adds them up where they are made.

        Parameters
        ----------
        kernel, tasks, deadline
            As in `map`; results know ``+``.
        on_done : callable, optional
            As in `map`; it may run ahead of the sums.

        Yields
        ------
        (int, object)
            A number of tasks, and the sum of their results: those of the next ones in task order.
            Arrays of integers may come in a wider type.
        """
        results = self.map(kernel, tasks, deadline=deadline, on_done=on_done)
        with closing_iterator(results):
            for result in results:
                yield 1, result
                del result

    @classmethod
    def is_available(cls) -> bool:
        """Return whether the libraries that this backend needs are installed."""
        return all(_is_installed(library) for library in cls.requires)

    @classmethod
    def lack(cls) -> str | None:
        """Say what else is missing than libraries, such as "finds no GPU"; None: nothing is."""
        return None

    @property
    def array_ops(self) -> Any:
        """Array operations in which the kernel should compute; None: NumPy on the host."""
        return None

    def split(self, n_items: int) -> list[range]:
        """Cut ``range(n_items)`` into tasks: some per worker, so that the load evens out."""
        return split_evenly(n_items, max(MIN_TASKS, TASKS_PER_WORKER * self.n_workers))

    def get_info(self) -> dict[str, Any]:
        """Describe the backend.

        Returns
        -------
        dict
            ``name``, ``available``, ``n_workers``, ``start_up_seconds`` and the installed
            ``versions`` of the required libraries.
        """
        return {
            "name": self.name,
            "available": self.is_available(),
            "n_workers": self.n_workers,
            "start_up_seconds": self.start_up_seconds,
            "versions": {library: _installed_version(library) for library in self.requires},
        }

    def validate_config(self) -> None:  # noqa: B027
        """Raise TypeError or ValueError if an option is wrong; starts nothing."""

    def close(self) -> None:  # noqa: B027
        """Free what the backend itself opened. A second call does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def run_monte_carlo(
        self,
        worker: Callable[..., R],
        n_simulations: int,
        worker_args: Sequence[Any] = (),
        worker_kwargs: Mapping[str, Any] | None = None,
        seed: int | np.random.SeedSequence | None = None,
        progress: ProgressOption = False,
        n_workers: int | None = None,
        *,
        chunk_size: int | None = None,
        on_result: Callable[[int, Any], object] | None = None,
        return_errors: bool = False,
        timeout: float | None = None,
        rng: Any = None,
    ) -> list[R]:
        """Run a worker of your own many times, each time with its own random seed.

        Parameters
        ----------
        worker : callable
            Called as ``worker(seed, *worker_args, **worker_kwargs)``, where ``seed`` is a
            `numpy.random.SeedSequence` for ``numpy.random.default_rng(seed)``. Lambdas and
            functions of a script or notebook will do.
        n_simulations : int
            How many times.
        worker_args, worker_kwargs : sequence, mapping, optional
            Further arguments, sent to each worker once. Worker processes of this machine share
            large arrays among them by memory mapping; they see them read-only.
        seed : int, numpy.random.SeedSequence or None, optional
            Simulation ``i`` owns child ``i`` of this seed, so the results depend neither on the
            backend nor on the number of workers, and the first 300 of 1000 simulations are those
            of a run of 300. None: fresh entropy. A `SeedSequence` is not changed.
        progress : bool or callable, optional
            See `pycwt_mod.progress.make_progress`.
        n_workers : int, optional
            As in `with_n_workers`.
        chunk_size : int, optional
            Simulations per task; None: as suits the backend. It changes no result. Small ones
            let the progress move, and a time limit be kept, more finely; each task costs about a
            millisecond.
        on_result : callable, optional
            Called here as ``on_result(index, result)`` for each simulation in order, as soon as
            its task and those before it are done. The results are not kept then, so that memory
            does not grow with their number.
        return_errors : bool, optional
            Whether a simulation that fails gives a `SimulationError` in the place of its result,
            and the others go on. Ctrl-C, a dead worker and `timeout` end the call all the same.
        timeout : float, optional
            Seconds for the whole call. joblib's processes and a dask cluster made for the call
            are stopped then; elsewhere, tasks that run end first: choose a small `chunk_size`.
        rng : int, numpy.random.SeedSequence or numpy.random.Generator, optional
            In place of `seed`; from a Generator a seed is drawn.

        Returns
        -------
        list
            The results, in simulation order; empty with `on_result`.

        Raises
        ------
        Exception
            A failing simulation's own exception, with its number in a note.
        TimeoutError
            After `timeout`; it says how many simulations were done.

        Examples
        --------
        >>> import numpy as np
        >>> from pycwt_mod.backends import SequentialBackend
        >>> def mean_of_noise(seed, n):
        ...     return np.random.default_rng(seed).standard_normal(n).mean()
        >>> means = SequentialBackend().run_monte_carlo(mean_of_noise, 4, (100,), seed=1)
        >>> len(means)
        4
        """
        check_callable(worker, "`worker` must be a callable worker(seed, *args, **kwargs)")
        args, kwargs = checked_arguments(worker_args, worker_kwargs)
        backend = self.with_n_workers(n_workers)
        return gather(
            backend.map,
            functools.partial(call_with_seed, worker, args, kwargs),
            range(as_simulations(n_simulations, "n_simulations")),
            backend.split,
            seed_of(rng, seed, "seed") or np.random.SeedSequence(),
            "simulation",
            chunk_size=chunk_size,
            progress=progress,
            on_result=on_result,
            return_errors=return_errors,
            timeout=timeout,
        )


def as_limit(
    n_workers: object, available_workers: Callable[[], int], in_words: str = "available cores"
) -> int | None:
    """Return the limit that a number of workers sets, None for all; warn of too many."""
    rule = "`n_workers` must be a positive integer or -1"
    try:
        if isinstance(n_workers, bool | np.bool_):
            raise TypeError("neither True nor False is a number")
        number = operator.index(n_workers)  # type: ignore[arg-type]
    except TypeError:
        kind = type(n_workers).__name__
        raise TypeError(f"{rule}, got {brief(n_workers)} of type {kind}.") from None
    if number < 1 and number != -1:
        raise ValueError(f"{rule}, got {brief(number)}.")
    if number > 1 and number > (available := available_workers()):
        warn_user(
            f"`n_workers` is {brief(number)}, more than the {available} {in_words}; using "
            f"{available}."
        )
        return None
    return None if number == -1 else number


def _is_installed(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except (ImportError, ValueError):
        return False


def _installed_version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
