"""Workers of a dask cluster."""

from __future__ import annotations

import contextlib
import importlib
import logging
import operator
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self, TypeVar

from .base import MCBackend, as_limit
from .dask_cluster import Cluster, compare_versions, count_threads, sums, translated_errors
from .deadline import Deadline
from .futures import in_flight
from .nesting import (
    GUARD,
    available_cores,
    inside_worker,
    refuse_import_of_main,
    require_open_files,
)
from .shipping import Parcel

T = TypeVar("T")
R = TypeVar("R")

# How long a scheduler may take to say good-bye.
CLOSE_SECONDS = 5.0
# Files that a cluster of this machine opens here (measured: 21 and 11); with too few of them it
# neither starts nor fails.
FILES_OF_A_CLUSTER, FILES_PER_WORKER = 32, 16


def distributed() -> Any:
    """Import distributed, now that it is used."""
    return importlib.import_module("distributed")


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
        At most this number of tasks at a time, and the size of a `LocalCluster`; -1: all.
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
        # Not pure: dask must not look up, in place of running, a task equal to an earlier one.
        self._submit_options = {**(submit_options or {}), "pure": False}
        # Shared by copies: what this backend opened itself.
        self._own = _Own()
        self.validate_config()
        self._limit = self._as_limit(n_workers)

    def __repr__(self) -> str:
        given = {"client": self.client, "address": self.address, "n_workers": self._limit}
        shown = [f"{name}={value!r}" for name, value in given.items() if value is not None]
        return f"DaskBackend({', '.join(shown)})"

    def validate_config(self) -> None:
        """Raise TypeError or ValueError if an option is wrong; connects to nothing."""
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

    def _as_limit(self, n_workers: object) -> int | None:
        # Only a cluster of this machine has a known size.
        elsewhere = self._existing_client() is not None or self.address is not None
        return as_limit(n_workers, lambda: sys.maxsize if elsewhere else available_cores())

    def available_workers(self) -> int:
        """Return the number of threads of all workers."""
        client = self._existing_client()
        if client is not None:
            return max(1, count_threads(client))
        if self.address is not None:
            with contextlib.closing(self._connect()) as client:
                return max(1, count_threads(client))
        return available_cores()

    def usable_workers(self, n_tasks: int | None) -> int:
        """Return 0 inside a worker; else no number: the workers of a cluster come and go."""
        refuse_import_of_main()
        return 0 if inside_worker() else sys.maxsize

    def close(self) -> None:
        """Close the cluster and the connection that this backend opened, if any."""
        self._own.close()

    def __enter__(self) -> Self:
        self._own.depth += 1
        return self

    def __exit__(self, *error: object) -> None:
        self._own.depth -= 1
        if not self._own.depth:
            self.close()

    def run_tasks(
        self, run: Callable[[Any], Any], tasks: Iterator[Any], deadline: Deadline
    ) -> Iterator[Any]:
        """Submit the tasks; see `MCBackend.run_tasks`.

        Tasks that run at an early end, or when the time is over, end with the cluster, if it was
        made for the call; else they are waited for.
        """
        with self._opened_cluster(run) as cluster:
            yield from in_flight(
                lambda task: cluster.submit(operator.call, task, task[0]),
                tasks,
                cluster.window,
                deadline,
                collect=cluster.result,
                abandon=cluster.abandon,
            )

    def map_sum(
        self,
        kernel: Callable[[T], R],
        tasks: Iterable[T],
        *,
        deadline: Deadline | None = None,
        on_done: Callable[[int], object] | None = None,
    ) -> Iterator[tuple[int, R]]:
        """Sum the results on the workers; see `MCBackend.map_sum`.

        Sums come often at first, then about once a minute; arrays of integers come as int64.
        """
        if not self.usable_workers(None):
            yield from super().map_sum(kernel, tasks, deadline=deadline, on_done=on_done)
            return
        parcel = Parcel(kernel)
        with contextlib.closing(parcel), self._opened_cluster(parcel) as cluster:
            yield from sums(cluster, tasks, deadline or Deadline(), on_done)

    @contextlib.contextmanager
    def _opened_cluster(self, parcel: Any) -> Iterator[Cluster]:
        """Give the cluster for a call."""
        with self._opened_client() as client, translated_errors():
            cluster = Cluster(client, parcel, self._submit_options, self._limit, self.timeout)
            self.ran_on = self.name, cluster.n_workers
            compare_versions(client)
            cluster.ends_with_call = self._own.cluster is not None and self._own.depth == 0
            with contextlib.closing(cluster):
                yield cluster

    @contextlib.contextmanager
    def _opened_client(self) -> Iterator[Any]:
        """Find or make a client; what is made outside a ``with`` block lasts for the call."""
        client = self._existing_client()
        if client is not None:
            yield client
            return
        try:
            if self.address:
                self._own.client = self._connect()
            else:
                self._own.start(min(self._limit or available_cores(), available_cores()))
            yield self._own.client
        finally:
            if self._own.depth == 0:
                self._own.close()

    def _existing_client(self) -> Any:
        if self.client is not None:
            return self.client
        if self._own.client is not None or self.address is not None:
            return self._own.client
        try:
            return distributed().Client.current()
        except ValueError:
            return None

    def _connect(self) -> Any:
        try:
            return distributed().Client(self.address, timeout=self.timeout, set_as_default=False)
        except OSError as error:
            error.add_note(f"No dask scheduler answers at `address` = {self.address!r}.")
            raise


class _Own:
    """A connection and a cluster that a backend opened itself."""

    client: Any = None
    cluster: Any = None
    # Number of `with` blocks that keep them open.
    depth: int = 0

    def start(self, n_workers: int) -> None:
        """Start a cluster of worker processes on this machine, and connect to it."""
        dask = distributed()
        require_open_files(FILES_OF_A_CLUSTER + FILES_PER_WORKER * n_workers)
        try:
            self.cluster = dask.LocalCluster(
                n_workers=n_workers,
                threads_per_worker=1,
                processes=True,
                # Any free port for the scheduler's HTTP server, and no dashboard on it.
                dashboard_address=":0",
                scheduler_kwargs={"dashboard": False},
                # Closing interrupts heartbeats, which is logged as an error; a real failure of a
                # worker arrives as an exception.
                silence_logs=logging.CRITICAL,
            )
        except RuntimeError as error:
            raise RuntimeError(f"the worker processes of dask do not start. {GUARD}") from error
        self.client = dask.Client(self.cluster, set_as_default=False)

    def close(self) -> None:
        """Close both. A second call does nothing."""
        client, cluster = self.client, self.cluster
        self.client = self.cluster = None
        if client is not None:
            client.close(timeout=CLOSE_SECONDS)
        if cluster is not None:
            cluster.close()
