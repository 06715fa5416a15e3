"""The workers of a dask cluster: their number, their versions, their errors in words, and sums.

A table of counts has megabytes, and a run of a million surrogates thousands of them. A table stays
with the worker that made it until there are several, which that worker adds up; only when a part
of the run (some minutes) is over, the workers' sums are added, and one table goes to the caller. A
sum is a task as well: when a worker dies, the cluster makes its tables again.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import operator
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import CancelledError
from typing import Any

import numpy as np

from ..validation import warn_user
from .deadline import Deadline, closing_iterator
from .futures import in_flight
from .pickling import Failure, dumps, opened
from .shipping import DEAD_WORKERS_NOTE, Parcel, running_tasks

logger = logging.getLogger(__name__)

# Below this a kernel travels with each task; above it, it goes to each worker once.
SHARE_BYTES = 20_000
# How often it is looked whether the scheduler and the workers are still there.
LOOK_SECONDS = 0.5
# How long an early end waits for tasks that run on a cluster which is not ours to close.
ABANDON_SECONDS = 30.0
# Tables that a worker may hold before it adds them up.
FAN_IN = 8
# A part of the run, in tasks per worker: the first ones are short, so that an early end does not
# lose all; the later ones about a minute, which is what a dead worker can cost.
FIRST_PART, LARGEST_PART = 4, 64
# Tasks per worker that are on their way: the fast ones go on while the next in order is waited for.
AHEAD = 4
# Options of `submit` that hold for sums of results too.
_PLACES = ("workers", "allow_other_workers", "retries")
_LOST = (
    "the connection to the dask scheduler was lost, or the client was closed, during the run. "
    "Connect again and repeat the call."
)


class Cluster:
    """A client's workers, as they come and go during one call.

    `options` are keywords of ``client.submit``, `limit` is that of tasks at a time, and `patience`
    the seconds without any worker after which the user is told.
    """

    ends_with_call = False  # whether it was made for it

    def __init__(
        self, client: Any, parcel: Parcel, options: Any, limit: int | None, patience: float
    ) -> None:
        self.client = client
        self._token, self._options, self._limit = parcel.token, options, limit
        self._began = time.monotonic()
        self._tell_at = self._began + patience
        self._counted_at, self._n_threads = -math.inf, 0
        self._news = threading.Event()  # some future has ended
        self._parcel: Any = parcel
        if parcel.n_bytes > SHARE_BYTES:
            # To all workers: dask prefers, and at first considers, only those that hold it.
            self._parcel = client.scatter(parcel, broadcast=True, hash=False)

    def close(self) -> None:
        """Release the data on the workers, though an exception may refer to this object."""
        self._parcel = None

    @property
    def n_threads(self) -> int:
        """Number of tasks that run at a time, as of the last second, and 1 at least."""
        now = time.monotonic()
        if now - self._counted_at > 2 * LOOK_SECONDS:
            self._n_threads, self._counted_at = count_threads(self.client), now
            if not self._n_threads and now > self._tell_at:
                self._tell_at = math.inf
                warn_user(
                    f"the dask cluster has had no worker for {now - self._began:.0f} s; waiting "
                    "for one. Start workers with `dask worker ADDRESS`, or stop with Ctrl-C."
                )
        return max(1, self._n_threads)

    @property
    def n_workers(self) -> int:
        """Number of tasks that this call may run at a time."""
        return min(self._limit or self.n_threads, self.n_threads)

    def window(self, per_thread: int = 2) -> int:
        """Return the number of tasks that may be in flight, as the cluster is now."""
        # Twice the workers keeps them fed; a limit below theirs holds exactly.
        return self.n_workers if self.n_workers < self.n_threads else per_thread * self.n_threads

    def submit(self, function: Callable[[Parcel, Any], Any], task: Any, number: int) -> Any:
        """Submit ``function(parcel, task)``; dask sees to a parcel that is scattered."""
        # Dask does not order what is submitted within a moment; the consumer waits for the first,
        # so that must not stand behind later ones on a worker.
        options = {"priority": -number, **self._options}
        return self._watched(self.client.submit(function, self._parcel, task, **options))

    def submit_sum(self, *tables: Any) -> Any:
        """Submit a sum of results that lie on the workers and return its future."""
        options = {name: self._options[name] for name in _PLACES if name in self._options}
        return self._watched(self.client.submit(add_up, *tables, pure=False, priority=1, **options))

    def _watched(self, future: Any) -> Any:
        future.add_done_callback(lambda _: self._news.set())
        return future

    def ended(self, future: Any, deadline: Deadline) -> Any:
        """Return a future when it is done."""
        while not future.done():
            left = LOOK_SECONDS if deadline.left is None else deadline.left
            self._news.wait(min(LOOK_SECONDS, left))
            self._news.clear()
            if self.client.status != "running":
                raise RuntimeError(_LOST)
            deadline.check()
            _ = self.n_threads  # tells of a cluster without workers
        return future

    def result(self, future: Any, deadline: Deadline) -> Any:
        """Return the result of a future when it is there."""
        return self.ended(future, deadline).result()

    def abandon(self, futures: Collection[Any]) -> None:
        """Cancel tasks that have not begun, and wait for those that run."""
        if self.ends_with_call:  # and its workers with it
            return
        # The scheduler may be what has failed; the error on its way out matters more.
        with contextlib.suppress(Exception):
            self.client.cancel(list(futures))
            give_up_at = time.monotonic() + ABANDON_SECONDS
            while any(self.client.run(running_tasks, self._token).values()):
                if time.monotonic() > give_up_at:
                    logger.warning("dask tasks still run %g s after their end", ABANDON_SECONDS)
                    return
                time.sleep(0.05)


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Say in words what dask's own errors in the block mean."""
    try:
        yield
    except (CancelledError, asyncio.CancelledError) as error:
        raise RuntimeError(_LOST) from error
    except OSError as error:  # dask's CommClosedError
        if type(error).__module__.startswith("distributed"):
            raise RuntimeError(_LOST) from error
        raise
    except Exception as error:
        if type(error).__name__ == "KilledWorker":
            error.add_note(DEAD_WORKERS_NOTE)
        raise


def count_threads(client: Any) -> int:
    """Return the number of threads of all workers, or raise RuntimeError without a scheduler."""
    # Asked while it tries to connect again, a client would wait for that.
    if client.status != "running":
        raise RuntimeError(
            f"the dask client is not connected to a scheduler (status {client.status!r}). "
            "Connect again and repeat the call."
        )
    return int(sum(client.nthreads().values()))


# Packages that should have the same version everywhere.
_PACKAGES = ("pycwt_mod", "numpy", "scipy")
# Clients whose workers' versions were looked at.
_seen: weakref.WeakSet[Any] = weakref.WeakSet()


def compare_versions(client: Any) -> None:
    """Warn of workers whose pycwt_mod, NumPy or SciPy is not that of this process, once a client.

    A worker that cannot import the package is a RuntimeError.
    """
    if client in _seen:
        return
    found = client.get_versions(packages=_PACKAGES)
    own, differ = found["client"]["packages"], []
    for worker, described in sorted(found["workers"].items()):
        versions = described["packages"]
        if versions.get("pycwt_mod") is None and own.get("pycwt_mod") is not None:
            raise RuntimeError(
                f"the dask worker {worker} cannot import the package. Install it "
                f"there as here, in the same version, {own['pycwt_mod']}."
            )
        differ += [
            f"{name} {versions.get(name)} on {worker} ({own.get(name)} here)"
            for name in _PACKAGES
            if versions.get(name) != own.get(name)
        ]
    _seen.add(client)
    if differ:
        shown = "; ".join(differ[:3]) + (" ..." if len(differ) > 3 else "")
        warn_user(
            f"dask workers have other versions than this process: {shown}. Their numbers may "
            "differ. Install the same versions everywhere."
        )


class TaskFailedError(Exception):
    """Carries a pickled `Failure` out of a dask task, past anything that cannot be unpickled."""

    def __repr__(self) -> str:  # workers log it
        return f"TaskFailedError({self.args[1]!r})"


def run_kept(parcel: Parcel, task: Any) -> Any:
    """Run one task in a worker and leave the result there, or raise `TaskFailedError`."""
    outcome = parcel.outcome(task)
    if isinstance(outcome, Failure):
        raise TaskFailedError(dumps(outcome), f"{outcome.type_name}: {outcome.message}")
    return outcome[0]


def add_up(*tables: Any) -> Any:
    """Add results in a worker; arrays of integers come in the smallest type that holds them."""
    total = functools.reduce(operator.add, map(_widened, tables))
    if not _is_integers(total) or not total.size:
        return total
    ends = np.min_scalar_type(int(total.min())), np.min_scalar_type(int(total.max()))
    dtype = np.result_type(*ends)
    return total.astype(dtype) if dtype.kind in "iu" else total


def _is_integers(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "iu"


def _widened(table: Any) -> Any:
    return table.astype(np.int64) if _is_integers(table) else table


def sums(
    cluster: Cluster,
    tasks: Iterable[Any],
    deadline: Deadline,
    on_done: Callable[[int], object] | None,
) -> Iterator[tuple[int, Any]]:
    """Run tasks, and yield pairs of a number of tasks and the sum of their results."""
    tables: list[Any] = []
    totals: deque[tuple[int, Any]] = deque()
    n_tasks, per_thread, future = 0, FIRST_PART, None
    ended = in_flight(
        lambda numbered: cluster.submit(run_kept, numbered[1], numbered[0]),
        enumerate(tasks),
        lambda: cluster.window(AHEAD),
        deadline,
        collect=cluster.ended,
        abandon=cluster.abandon,
    )
    try:
        with closing_iterator(ended):
            for number, future in enumerate(ended):
                _raise_failure(future)
                if on_done is not None:
                    on_done(number)
                tables.append(future)
                n_tasks += 1
                if n_tasks >= per_thread * cluster.n_threads:
                    totals.append((n_tasks, _total(cluster, tables)))
                    n_tasks, per_thread = 0, min(2 * per_thread, LARGEST_PART)
                elif len(tables) >= FAN_IN * cluster.n_threads:
                    _fold(cluster, tables)
                while totals and totals[0][1].done():
                    yield totals[0][0], _widened(totals.popleft()[1].result())
        if n_tasks:
            totals.append((n_tasks, _total(cluster, tables)))
        while totals:
            yield totals[0][0], _widened(cluster.result(totals[0][1], deadline))
            totals.popleft()
    finally:
        # Let go of all that workers hold, though an exception may refer to this frame.
        tables.clear()
        totals.clear()
        future = None


def _fold(cluster: Cluster, tables: list[Any]) -> None:
    """Let each worker add up those tables that it has."""
    holders = cluster.client.who_has(tables)
    by_worker: dict[Any, list[Any]] = {}
    for future in tables:
        by_worker.setdefault(next(iter(holders.get(future.key, ())), None), []).append(future)
    tables[:] = [cluster.submit_sum(*own) for own in by_worker.values()]


def _total(cluster: Cluster, tables: list[Any]) -> Any:
    """Return the future of the sum of all, which one worker adds up from those of each."""
    _fold(cluster, tables)
    total = cluster.submit_sum(*tables)
    tables.clear()
    return total


def _raise_failure(future: Any) -> None:
    """Raise the exception of a task that failed."""
    if future.status == "finished":
        return
    try:
        future.result()
    except TaskFailedError as error:
        failure = error.args[0]
    else:
        return  # its worker died just now, and another one made it again
    opened(failure)
