"""Workers of a dask cluster."""

from __future__ import annotations

import contextlib
import copy
import functools
import itertools
import logging
import multiprocessing
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from .base import MCBackend
from .checks import check_n_workers, resolve_n_workers
from .dask_cluster import Cluster, ask, count_threads, translated_errors
from .dask_session import GUARD, Session, connect, distributed
from .dask_sum import SummedRun
from .deadline import Deadline
from .remote import inside_worker
from .sequential import IN_PROCESS, SequentialBackend
from .shipment import Shipment, receive, run_shipped, running_tasks
from .windowed import map_windowed

__all__ = ["DaskBackend", "inside_dask_task"]

T = TypeVar("T")
R = TypeVar("R")

logger = logging.getLogger(__name__)

# How long an early end waits for tasks that run on a cluster which is not ours to close.
ABANDON_SECONDS = 30.0
# How often it is looked whether the scheduler is still there.
LOOK_SECONDS = 0.5
# Options of `submit` that hold for sums of results too.
_PLACES = ("workers", "allow_other_workers", "retries")


def inside_dask_task() -> bool:
    """Tell whether the calling code runs in a dask task.

    Returns
    -------
    bool
        True on a worker's task thread.
    """
    try:
        distributed().get_worker()
    except ValueError:
        return False
    return True


class DaskBackend(MCBackend):
    """Workers of `dask.distributed`: this machine, a cluster, or a batch system.

    Without `client` and `address` it uses the current `distributed.Client`, if there is one, and
    else starts a `LocalCluster` for the call (some seconds) and closes it afterwards; in a
    ``with`` block the cluster is kept for all calls of the block. Workers need pycwt_mod
    installed. With workers started by a script, guard it by ``if __name__ == "__main__":``.

    Parameters
    ----------
    client : distributed.Client, optional
        Your client. It is never closed here.
    address : str, optional
        Scheduler to connect to, such as ``"tcp://10.0.0.1:8786"``.
    n_workers : int, optional
        At most so many tasks at a time, and the size of a `LocalCluster`; -1: all.
    timeout : float, optional
        Seconds to wait for a scheduler.
    submit_options : mapping, optional
        Keywords of ``client.submit`` for every task: ``resources``, ``workers``, ``retries`` ...
    """

    name: ClassVar[str] = "dask"
    requires: ClassVar[tuple[str, ...]] = ("distributed",)
    start_up_seconds: ClassVar[float] = 4.0
    # Each costs a message or two, some milliseconds of the one scheduler.
    task_seconds: ClassVar[float] = 1.0

    def __init__(
        self,
        client: Any = None,
        address: str | None = None,
        n_workers: int = -1,
        *,
        timeout: float = 10.0,
        submit_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.client = client
        self.address = address
        self.timeout = timeout
        self._wanted = check_n_workers(n_workers)
        # Not pure: dask must not look up, in place of running, a task equal to an earlier one.
        self._submit_options = {**(submit_options or {}), "pure": False}
        self._session = Session()
        # Shared by copies, so that the caller's object tells what a limited copy did.
        self._record: dict[str, tuple[str, int]] = {}
        self.validate_config()

    def __repr__(self) -> str:
        given = {"client": self.client, "address": self.address}
        shown = [f"{name}={value!r}" for name, value in given.items() if value is not None]
        return f"DaskBackend({', '.join([*shown, f'n_workers={self._wanted}'])})"

    @property
    def ran_on(self) -> tuple[str, int]:
        """Name and number of workers of what did the last `map`, for the record."""
        return self._record.get("ran_on") or (self.name, self.n_workers)

    def validate_config(self) -> None:
        """Check the options; connects to nothing.

        Raises
        ------
        TypeError, ValueError
            If one is wrong.
        """
        if self.client is not None and self.address is not None:
            raise ValueError("`client` and `address` exclude each other; give one of them.")
        if self.client is not None and not hasattr(self.client, "submit"):
            raise TypeError(f"`client` must be a distributed.Client, got {self.client!r}.")
        if self.client is not None and getattr(self.client, "asynchronous", False):
            raise ValueError(
                "`client` must not be asynchronous. Pass a client made without asynchronous=True."
            )
        if self.address is not None and not isinstance(self.address, str):
            raise TypeError(f"`address` must be a string, got {self.address!r}.")

    @property
    def n_workers(self) -> int:
        """How many tasks run at a time."""
        client = self._existing_client()
        if client is not None:
            return self._limited(count_threads(client))
        if self.address is not None:
            with contextlib.closing(connect(self.address, self.timeout)) as client:
                return self._limited(count_threads(client))
        return resolve_n_workers(self._wanted, _cores())

    def with_n_workers(self, n_workers: int | None) -> DaskBackend:
        """Return a backend on the same cluster that has fewer tasks at a time.

        Parameters
        ----------
        n_workers : int or None
            A positive integer, -1 for all workers, or None for no change.

        Returns
        -------
        DaskBackend
            A copy, or `self` where nothing changes.
        """
        if n_workers is None or check_n_workers(n_workers) == self._wanted:
            return self
        other = copy.copy(self)
        other._wanted = check_n_workers(n_workers)
        if self._existing_client() is None and self.address is None:
            other._wanted = resolve_n_workers(n_workers, _cores())
        return other

    def close(self) -> None:
        """Close the cluster and the connection that this backend opened, if any."""
        self._session.close()

    def __enter__(self) -> Self:
        self._session.depth += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session.depth -= 1
        self.close()

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
        return self.map_until(kernel, tasks, Deadline(), on_done=on_done)

    def map_until(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        deadline: Deadline,
        *,
        on_done: Callable[[int], object] | None = None,
    ) -> Iterator[R]:
        """Run as `map` does until a deadline; see `MCBackend.map_until`.

        Parameters
        ----------
        kernel, tasks, deadline, on_done
            See `MCBackend.map_until`. Tasks that run then end with the cluster, if it was made
            for the call; else they are waited for.

        Returns
        -------
        iterator
            One result per task, in task order.
        """
        if self._runs_in_process():
            return SequentialBackend().map_until(kernel, tasks, deadline, on_done=on_done)
        return self._map_on_cluster(kernel, tasks, deadline, on_done)

    def map_sum(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        *,
        deadline: Deadline | None = None,
        on_done: Callable[[int], object] | None = None,
    ) -> Iterator[tuple[int, R]]:
        """Sum the results on the workers; see `MCBackend.map_sum`.

        Parameters
        ----------
        kernel, tasks, deadline, on_done
            See `MCBackend.map_sum`.

        Returns
        -------
        iterator
            Pairs of a number of tasks and the sum of their results, at first often, then about
            once a minute. Arrays of integers come as int64.
        """
        deadline = deadline or Deadline()
        if self._runs_in_process():
            return SequentialBackend().map_sum(kernel, tasks, deadline=deadline, on_done=on_done)
        return self._sum_on_cluster(kernel, tasks, deadline, on_done)

    def _runs_in_process(self) -> bool:
        self._record.clear()
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            raise RuntimeError(f"this process is being started as a worker. {GUARD}")
        if inside_worker():
            self._record["ran_on"] = IN_PROCESS
            return True
        return False

    def _map_on_cluster(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        deadline: Deadline,
        on_done: Callable[[int], object] | None,
    ) -> Iterator[R]:
        with self._opened_cluster() as cluster:
            shipment = Shipment.of(kernel)
            sent = cluster.send(shipment)
            submit = functools.partial(cluster.client.submit, run_shipped, sent)
            count = itertools.count()
            # Dask does not order what is submitted within a moment; the consumer waits for the
            # first, so that must not stand behind later ones on a worker.
            yield from map_windowed(
                submit=lambda task: submit(
                    task, **{"priority": -next(count), **self._submit_options}
                ),
                collect=functools.partial(_collect, cluster, deadline),
                abandon=functools.partial(self._abandon, cluster.client, shipment.token),
                tasks=tasks,
                window=self._window(cluster),
                on_done=on_done,
            )

    def _sum_on_cluster(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        deadline: Deadline,
        on_done: Callable[[int], object] | None,
    ) -> Iterator[tuple[int, R]]:
        with self._opened_cluster() as cluster:
            shipment = Shipment.of(kernel)
            options = self._submit_options
            places = {name: options[name] for name in _PLACES if name in options}
            run = SummedRun(
                cluster,
                lambda *args, priority: cluster.client.submit(
                    *args, **{"priority": priority, **options}
                ),
                functools.partial(cluster.client.submit, pure=False, **places),
                cluster.send(shipment),
                self._window(cluster),
                deadline,
                on_done,
            )
            try:
                yield from run.sums(tasks)
            finally:
                if run.pending:
                    self._abandon(cluster.client, shipment.token, run.pending)
                run.release()

    @contextlib.contextmanager
    def _opened_cluster(self) -> Iterator[Cluster]:
        with self._opened_client() as client:
            cluster = Cluster(client, self.timeout)
            self._record["ran_on"] = self.name, self._limited(cluster.n_threads)
            yield cluster

    @contextlib.contextmanager
    def _opened_client(self) -> Iterator[Any]:
        """Find or make a client; what is made outside a ``with`` block lasts for the call."""
        client = self._existing_client()
        if client is not None:
            yield client
            return
        session = self._session
        try:
            if self.address:
                session.client = connect(self.address, self.timeout)
            else:
                session.start(resolve_n_workers(self._wanted, _cores()))
            yield session.client
        finally:
            if session.depth == 0:
                session.close()

    def _existing_client(self) -> Any:
        if self.client is not None:
            return self.client
        if self._session.client is not None or self.address is not None:
            return self._session.client
        try:
            return distributed().Client.current()
        except ValueError:
            return None

    def _limited(self, n_threads: int) -> int:
        n_threads = max(1, n_threads)
        return n_threads if self._wanted == -1 else min(self._wanted, n_threads)

    def _window(self, cluster: Cluster) -> Callable[[], int]:
        """Return a function that tells how many tasks may be in flight as the cluster is now."""

        def window() -> int:
            n_threads = cluster.n_threads
            # Twice the workers keeps them fed; a limit below theirs holds exactly.
            limited = self._limited(n_threads)
            return limited if limited < n_threads else 2 * limited

        return window

    def _abandon(self, client: Any, token: str, futures: Collection[Any]) -> None:
        """Cancel what has not begun, and wait for tasks that run on workers not ours to kill."""
        # The scheduler may be what has failed; the error on its way out matters more.
        with contextlib.suppress(Exception):
            if client.status != "running":
                return
            client.cancel(list(futures))
            if self._session.cluster is not None and self._session.depth == 0:
                return  # the cluster ends with this call, and its workers with it
            give_up_at = time.monotonic() + ABANDON_SECONDS
            while any(ask(client, client._run, running_tasks, token).values()):
                if time.monotonic() > give_up_at:
                    logger.warning("dask tasks still run %g s after their end", ABANDON_SECONDS)
                    return
                time.sleep(0.05)


def _collect(cluster: Cluster, deadline: Deadline, future: Any) -> Any:
    try:
        with translated_errors():
            while not future.done():
                # In short steps: a wait for a future does not end when the client is closed.
                with contextlib.suppress(TimeoutError):
                    future.result(timeout=min(LOOK_SECONDS, deadline.left or LOOK_SECONDS))
                deadline.check()
                cluster.check_alive()
            data = future.result()
    finally:
        future.release()
    return receive(data)


def _cores() -> int:
    from .joblib import available_cores

    return available_cores()
