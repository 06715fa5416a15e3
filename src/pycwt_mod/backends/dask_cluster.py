"""What a dask cluster must be asked before and while it works: versions, workers, life signs.

Nothing is imported from dask here; all goes through the client.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import Any

import numpy as np

from .. import _version
from ..validation import warn_user
from .remote import DEAD_WORKERS_NOTE
from .shipment import Shipment

__all__ = ["Cluster", "ask", "count_threads", "translated_errors"]

# Below this a kernel travels with each task; above it, it goes once, and workers copy it from one
# another. A reference to it costs about as much.
SHARE_BYTES = 2_000
# Up to this size the scheduler keeps it, so that it can be made again when all workers that hold
# it have died. What is larger goes to the workers directly, and is lost with the last of them.
KEEP_BYTES = 10_000_000
# How often the size of the cluster is looked up: it may grow and shrink during the run.
RECOUNT_SECONDS = 1.0

# A scheduler, or a worker that is asked for its versions, is given up after so long.
ANSWER_SECONDS = 20.0

# An expression and not a function of ours, which a worker without the package cannot unpickle.
_VERSIONS = (
    "{name: getattr(__import__(name), '__version__', None)"
    " for name in ('pycwt_mod', 'numpy', 'scipy')}"
)
_LOST = (
    "the connection to the dask scheduler was lost, or the client was closed, during the run. "
    "Connect again and repeat the call."
)

# By client: the workers whose versions were looked at.
_seen: weakref.WeakKeyDictionary[Any, set[str]] = weakref.WeakKeyDictionary()


def count_threads(client: Any) -> int:
    """Count the tasks that the workers of a cluster run at a time.

    Parameters
    ----------
    client : distributed.Client
        The client.

    Returns
    -------
    int
        The threads of all workers together.

    Raises
    ------
    RuntimeError
        If the client has no scheduler.
    """
    return int(sum(_threads(client).values()))


def _threads(client: Any) -> dict[str, int]:
    # Asked while it tries to connect again, a client would wait for that.
    if client.status != "running":
        raise RuntimeError(
            f"the dask client is not connected to a scheduler (status {client.status!r}). "
            "Connect again and repeat the call."
        )
    threads: dict[str, int] = ask(client, client.scheduler.ncores)
    return threads


def ask(client: Any, question: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Await an answer, but not for ever: a frozen scheduler is gone, too.

    Parameters
    ----------
    client : distributed.Client
        The client.
    question : callable
        Coroutine function of the client.
    *args, **kwargs : object
        Its arguments.

    Returns
    -------
    object
        The answer.

    Raises
    ------
    RuntimeError
        If there is none.
    """
    try:
        with translated_errors():
            return client.sync(question, *args, callback_timeout=ANSWER_SECONDS, **kwargs)
    except TimeoutError as error:
        raise RuntimeError(
            f"the dask cluster has not answered for {ANSWER_SECONDS:g} s. See whether its "
            "scheduler runs, and repeat the call."
        ) from error


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Say in words what dask's own errors in the block mean.

    Yields
    ------
    None
        `RuntimeError` is raised in place of what a lost scheduler causes; the error of a task
        that kills its workers gets a note.
    """
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


class Cluster:
    """A client's workers, as they come and go during one call.

    Parameters
    ----------
    client : distributed.Client
        The client.
    patience : float
        Seconds without any worker after which the user is told.
    """

    def __init__(self, client: Any, patience: float) -> None:
        self.client = client
        self._patience = patience
        self._began = time.monotonic()
        self._told = False
        self._counted_at = -np.inf
        self._n_threads = 0

    @property
    def n_threads(self) -> int:
        """How many tasks run at a time, as of the last second."""
        now = time.monotonic()
        if now - self._counted_at > RECOUNT_SECONDS:
            threads = _threads(self.client)
            self._n_threads, self._counted_at = sum(threads.values()), now
            compare_versions(self.client, set(threads))
            if not threads and not self._told and now - self._began > self._patience:
                self._told = True
                warn_user(
                    f"the dask cluster has had no worker for {now - self._began:.0f} s; waiting "
                    "for one. Start workers with `dask worker ADDRESS`, or stop with Ctrl-C."
                )
        return self._n_threads

    def check_alive(self) -> None:
        """Raise RuntimeError if the scheduler is gone."""
        if self.client.status != "running":
            raise RuntimeError(_LOST)

    def send(self, shipment: Shipment) -> Any:
        """Bring a kernel to the workers, once, where that is worth it.

        Parameters
        ----------
        shipment : Shipment
            The kernel.

        Returns
        -------
        Shipment or distributed.Future
            To be given to each task.
        """
        if shipment.n_bytes <= SHARE_BYTES:
            return shipment
        if shipment.n_bytes > KEEP_BYTES:
            # To all workers: dask prefers, and at first considers, only those that hold it.
            return self.client.scatter(shipment, broadcast=True, hash=False)
        future = self.client.submit(_same, shipment, pure=False, priority=1)
        if self._n_threads:
            ask(self.client, self.client._replicate, future)
        return future

    def holders(self, futures: list[Any]) -> dict[str, Any]:
        """Return which workers hold finished results, by the key of the future."""
        keys = [future.key for future in futures]
        found: dict[str, Any] = ask(self.client, self.client.scheduler.who_has, keys=keys)
        return found


def _same(value: Any) -> Any:
    return value


def compare_versions(client: Any, workers: set[str]) -> None:
    """Report workers whose pycwt_mod, NumPy or SciPy is not that of this process.

    Parameters
    ----------
    client : distributed.Client
        The client.
    workers : set of str
        The workers that there are; each is asked once.

    Raises
    ------
    RuntimeError
        If a worker cannot import the package.

    Warns
    -----
    UserWarning
        If versions differ: the numbers may, too.
    """
    new = workers - _seen.setdefault(client, set())
    if not new:
        return
    found = ask(client, client._run, eval, _VERSIONS, workers=sorted(new), on_error="return")
    own = own_versions()
    differ: list[str] = []
    for worker, versions in sorted(found.items()):
        if isinstance(versions, Exception) and not isinstance(versions, OSError):
            raise RuntimeError(
                f"the dask worker {worker} cannot import the package ({versions}). Install it "
                f"there, in the same version: pip install pycwt_mod=={own['pycwt_mod']}"
            ) from versions
        if not isinstance(versions, dict):  # it has just gone
            continue
        _seen[client].add(worker)
        differ += [
            f"{name} {versions.get(name)} on {worker} ({own[name]} here)"
            for name in own
            if versions.get(name) != own[name]
        ]
    if differ:
        shown = "; ".join(differ[:3]) + (" ..." if len(differ) > 3 else "")
        warn_user(
            f"dask workers have other versions than this process: {shown}. Their numbers may "
            "differ. Install the same versions everywhere."
        )


def own_versions() -> dict[str, str]:
    """Return the versions that workers should have.

    Returns
    -------
    dict
        By the name of the package.
    """
    import scipy

    return {
        "pycwt_mod": _version.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }
