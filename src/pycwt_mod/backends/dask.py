"""Workers of a dask cluster; the only file that imports distributed."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import importlib
import itertools
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from .base import MCBackend
from .checks import check_n_workers, resolve_n_workers
from .remote import inside_worker
from .sequential import IN_PROCESS, map_in_process
from .shipment import Shipment, receive, run_shipped, running_tasks
from .windowed import map_windowed

__all__ = ["DaskBackend", "inside_dask_task"]

T = TypeVar("T")
R = TypeVar("R")

logger = logging.getLogger(__name__)

# Above this a kernel is scattered to all workers once; below it travels with each task, which
# needs no copy of anything and so may run, and run again, anywhere.
SCATTER_BYTES = 100_000
# How often the size of the cluster is looked up: it may grow and shrink during the run.
RECOUNT_SECONDS = 1.0
# How long an early end waits for tasks that run on a cluster which is not ours to close.
ABANDON_SECONDS = 30.0


def _distributed() -> Any:
    """Import distributed, now that it is used."""
    return importlib.import_module("distributed")


def inside_dask_task() -> bool:
    """Tell whether the calling code runs in a dask task.

    Returns
    -------
    bool
        True on a worker's task thread.
    """
    try:
        _distributed().get_worker()
    except ValueError:
        return False
    return True


@dataclass
class _Session:
    """What a backend opened itself, shared by its copies."""

    client: Any = None
    cluster: Any = None
    depth: int = 0

    def close(self) -> None:
        client, cluster = self.client, self.cluster
        self.client = self.cluster = None
        if client is not None:
            client.close()
        if cluster is not None:
            cluster.close()


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
        self._session = _Session()
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
            return self._limited(_count_threads(client))
        if self.address is not None:
            with contextlib.closing(self._connect()) as client:
                return self._limited(_count_threads(client))
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
        self._record.clear()
        if inside_worker():
            self._record["ran_on"] = IN_PROCESS
            return map_in_process(kernel, tasks, on_done)
        return self._map_on_cluster(kernel, tasks, on_done)

    def _map_on_cluster(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        on_done: Callable[[int], object] | None,
    ) -> Iterator[R]:
        with self._opened_client() as client:
            self._record["ran_on"] = self.name, self._limited(_count_threads(client))
            shipment = Shipment.of(kernel)
            sent = _send(client, shipment)
            count = itertools.count()

            def submit(task: T) -> Any:
                # Dask does not order what is submitted within a moment; the consumer waits for
                # the first, so that must not stand behind later ones on a worker.
                options = {"priority": -next(count), **self._submit_options}
                return client.submit(run_shipped, sent, task, **options)

            yield from map_windowed(
                submit=submit,
                collect=_collect,
                abandon=functools.partial(self._abandon, client, shipment.token),
                tasks=tasks,
                window=self._window(client),
                on_done=on_done,
            )

    @contextlib.contextmanager
    def _opened_client(self) -> Iterator[Any]:
        """Find or make a client; what is made outside a ``with`` block lasts for the call."""
        client = self._existing_client()
        if client is not None:
            yield client
            return
        session = self._session
        try:
            session.client = self._connect() if self.address else self._start_cluster()
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
            return _distributed().Client.current()
        except ValueError:
            return None

    def _connect(self) -> Any:
        try:
            return _distributed().Client(self.address, timeout=self.timeout, set_as_default=False)
        except OSError as error:
            error.add_note(f"No dask scheduler answers at `address` = {self.address!r}.")
            raise

    def _start_cluster(self) -> Any:
        distributed = _distributed()
        self._session.cluster = distributed.LocalCluster(
            n_workers=resolve_n_workers(self._wanted, _cores()),
            threads_per_worker=1,
            processes=True,
            # Any free port for the scheduler's HTTP server, and no dashboard on it.
            dashboard_address=":0",
            scheduler_kwargs={"dashboard": False},
            # Closing interrupts heartbeats, which is logged as an error; a real failure of a
            # worker arrives as an exception.
            silence_logs=logging.CRITICAL,
        )
        return distributed.Client(self._session.cluster, set_as_default=False)

    def _limited(self, n_threads: int) -> int:
        n_threads = max(1, n_threads)
        return n_threads if self._wanted == -1 else min(self._wanted, n_threads)

    def _window(self, client: Any) -> Callable[[], int]:
        """Return a function that tells how many tasks may be in flight as the cluster is now."""
        n_threads, counted_at = _count_threads(client), time.monotonic()

        def window() -> int:
            nonlocal n_threads, counted_at
            if time.monotonic() - counted_at > RECOUNT_SECONDS:
                n_threads, counted_at = _count_threads(client), time.monotonic()
            # Twice the workers keeps them fed; a limit below theirs holds exactly.
            limited = self._limited(n_threads)
            return limited if limited < n_threads else 2 * limited

        return window

    def _abandon(self, client: Any, token: str, futures: Collection[Any]) -> None:
        """Cancel what has not begun, and wait for tasks that run on workers not ours to kill."""
        # The scheduler may be what has failed; the error on its way out matters more.
        with contextlib.suppress(Exception):
            client.cancel(list(futures))
            if self._session.cluster is not None and self._session.depth == 0:
                return  # the cluster ends with this call, and its workers with it
            give_up_at = time.monotonic() + ABANDON_SECONDS
            while any(client.run(running_tasks, token).values()):
                if time.monotonic() > give_up_at:
                    logger.warning("dask tasks still run %g s after their end", ABANDON_SECONDS)
                    return
                time.sleep(0.05)


def _send(client: Any, shipment: Shipment) -> Any:
    if len(shipment.payload) <= SCATTER_BYTES:
        return shipment
    # To all workers: dask prefers, and at first considers, only those that hold it.
    return client.scatter(shipment, broadcast=True, hash=False)


def _collect(future: Any) -> Any:
    try:
        data = future.result()
    except (CancelledError, asyncio.CancelledError) as error:
        raise RuntimeError(
            "dask cancelled a task: the scheduler was lost or the client was closed during the "
            "run. Connect again and repeat the call."
        ) from error
    finally:
        future.release()
    return receive(data)


def _count_threads(client: Any) -> int:
    return int(sum(client.nthreads().values()))


def _cores() -> int:
    from .joblib import available_cores

    return available_cores()
