"""The one thing every backend is: a place that maps a kernel over tasks."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from ..progress import ProgressOption
from .checks import (
    check_n_simulations,
    check_n_workers,
    check_on_result,
    check_seed,
    check_worker,
    check_worker_args,
)
from .deadline import Deadline, closing_iterator
from .remote import RemoteError
from .simulations import SimulationKernel, gather
from .splitting import MIN_TASKS, TASKS_PER_WORKER, chunks, split_evenly

__all__ = [
    "Deadline",
    "MCBackend",
    "RemoteError",
    "SimulationKernel",
    "chunks",
    "closing_iterator",
    "split_evenly",
]

T = TypeVar("T")
R = TypeVar("R")


class MCBackend(ABC):
    """A place where Monte Carlo work runs. It knows nothing of what is simulated.

    A subclass writes `map`; everything else has a usable default. The laws that `map` keeps, and
    that `pycwt_mod.backends.testing.check_backend` checks:

    1. *Order.* It returns an iterator with one result per task, in task order, whatever the
       order in which tasks finish. No tasks, no results.
    2. *Laziness.* Results come as they are ready. No more than O(`n_workers`) tasks are drawn
       from `tasks` ahead of the consumer, and so many results held: memory does not grow with
       the number of tasks.
    3. *Errors.* A kernel's exception stops the rest and propagates as its own type with its
       notes, that of the first failing task in task order; one that cannot be pickled arrives as
       `RemoteError`. No NaN, string or None stands for a failed task.
    4. *Early end.* Closing the iterator, or an exception in the consumer, KeyboardInterrupt
       included, cancels what is left; no work goes on behind the caller's back.
    5. *Sameness.* A kernel is a pure function of its task, tasks are never cut or merged, and so
       the results are the same on every backend and with every number of workers.
    6. *Randomness.* No global random state is read or changed.
    7. *Threads.* In worker processes BLAS and FFT threads are limited to one.
    8. *Property.* `close` may be called any number of times, frees what the backend itself
       opened, and never closes what the caller passed in. A closed backend may be used again.
    9. *Callback.* ``on_done(task_index)`` is called in the calling process, once per task, in
       order, before the task's result is handed out.
    10. *Time.* `map_until` raises ``deadline.error()`` when the time is over, and returns no
        sooner than nothing of the call runs any more.
    11. *Sharing.* A kernel is sent, and unpickled, once per worker and not once per task.
    12. *Nesting.* Called inside a worker, of its own or of another backend, it starts no workers
        of its own.

    Attributes
    ----------
    name : str
        The name it is registered by.
    requires : tuple of str
        Names to import and to install (pip) for it to work.
    start_up_seconds : float
        Rough time from the first call to the first task, which a job must be worth.
    task_seconds : float
        A task should take no longer, so that progress moves and no worker waits for the last one.
    """

    name: ClassVar[str] = ""
    requires: ClassVar[tuple[str, ...]] = ()
    start_up_seconds: ClassVar[float] = 0.0
    task_seconds: ClassVar[float] = 0.5

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @abstractmethod
    def map(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        *,
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
        on_done : callable, optional
            Called as ``on_done(task_index)``.

        Returns
        -------
        iterator
            One result per task, in task order.
        """

    def map_until(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        deadline: Deadline,
        *,
        on_done: Callable[[int], object] | None = None,
    ) -> Iterator[R]:
        """Run as `map` does, but no longer than until a deadline.

        This default looks at the clock between results, so a task that runs ends first. Backends
        with worker processes end it.

        Parameters
        ----------
        kernel, tasks, on_done
            As in `map`.
        deadline : Deadline
            The end; whoever takes the results counts them in its ``n_done``.

        Returns
        -------
        iterator
            As of `map`; it raises ``deadline.error()``, a TimeoutError, when the time is over, and
            nothing is left running then.
        """
        n_tasks = len(tasks) if isinstance(tasks, Sized) else None
        return deadline.watch(self.map(kernel, tasks, on_done=on_done), n_tasks)

    def map_sum(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        *,
        deadline: Deadline | None = None,
        on_done: Callable[[int], object] | None = None,
    ) -> Iterator[tuple[int, R]]:
        """Run ``kernel(task)`` for each task, and hand out sums of the results only.

        For results that can be added in any grouping and order, such as tables of counts.
        Backends whose workers are far away add them up where they are made.

        Parameters
        ----------
        kernel, tasks
            As in `map`; results know ``+``.
        deadline : Deadline, optional
            As in `map_until`.
        on_done : callable, optional
            As in `map`; it may run ahead of the sums.

        Yields
        ------
        (int, object)
            A number of tasks, and the sum of their results: those of the next so many in task
            order. Arrays of integers may come in a wider type.
        """
        results = self.map_until(kernel, tasks, deadline or Deadline(), on_done=on_done)
        with closing_iterator(results):
            for result in results:
                yield 1, result
                del result

    @classmethod
    def is_available(cls) -> bool:
        """Tell whether the libraries that this backend needs are installed.

        Returns
        -------
        bool
            Found by looking, not by importing.
        """
        return all(_is_installed(library) for library in cls.requires)

    @classmethod
    def lack(cls) -> str | None:
        """Say what is missing where the libraries are installed, and it is not available.

        Returns
        -------
        str or None
            Such as "finds no GPU", with the way out; None: nothing but the libraries.
        """
        return None

    @property
    def n_workers(self) -> int:
        """How many tasks run at a time."""
        return 1

    @property
    def ran_on(self) -> tuple[str, int]:
        """Name and number of workers of what did the last `map`, for the record."""
        return self.name, self.n_workers

    @property
    def array_ops(self) -> Any:
        """Array namespace in which the kernel should compute, or None for NumPy on the host."""
        return None

    def with_n_workers(self, n_workers: int | None) -> MCBackend:
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
        """
        if n_workers is not None:
            check_n_workers(n_workers)
        return self

    def split(self, n_items: int) -> list[range]:
        """Cut a job of many equal items into tasks of a good size for this backend.

        Parameters
        ----------
        n_items : int
            Number of items.

        Returns
        -------
        list of range
            Some tasks per worker, so that progress moves and the load evens out.
        """
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
        """Check the options given at construction.

        Raises
        ------
        TypeError, ValueError
            If one is wrong. Nothing is started for it.
        """

    def close(self) -> None:  # noqa: B027
        """Free what the backend itself opened. A second call does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
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
            At most so many at a time; -1: all; None: as the backend is set up.
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
            Seconds for the whole call. Worker processes are stopped then, and so are the tasks in
            those of your own pool, which lives on. In process, in threads and on other
            machines, tasks that run end first: choose a small `chunk_size` there.

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
        check_worker(worker)
        check_on_result(on_result)
        args, kwargs = check_worker_args(worker_args, worker_kwargs)
        total = check_n_simulations(n_simulations)
        root = check_seed(seed)
        kernel = SimulationKernel(worker, args, kwargs, root, total, bool(return_errors))
        backend = self.with_n_workers(n_workers)
        tasks = chunks(backend, total, chunk_size)
        return gather(
            backend, kernel, tasks, progress=progress, on_result=on_result, timeout=timeout
        )


def _is_installed(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except (ImportError, ValueError):
        return False


def _installed_version(library: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(library)
    except PackageNotFoundError:
        return None
