"""What a dask backend opens itself; the only file that imports distributed."""

from __future__ import annotations

import importlib
import logging
from dataclasses import dataclass
from typing import Any

__all__ = ["GUARD", "Session", "connect", "distributed"]

# What a script needs whose workers are started by importing it.
GUARD = (
    "A script that starts a dask cluster must do so, and all its work, under "
    '`if __name__ == "__main__":`, because each worker process imports the script.'
)
# How long a scheduler may take to say good-bye.
CLOSE_SECONDS = 5.0


def distributed() -> Any:
    """Import distributed, now that it is used."""
    return importlib.import_module("distributed")


def connect(address: str, timeout: float) -> Any:
    """Connect to a scheduler.

    Parameters
    ----------
    address : str
        Where it listens.
    timeout : float
        Seconds to wait for it.

    Returns
    -------
    distributed.Client
        Not the current one of the program.

    Raises
    ------
    OSError
        If none answers; a note names the address.
    """
    try:
        return distributed().Client(address, timeout=timeout, set_as_default=False)
    except OSError as error:
        error.add_note(f"No dask scheduler answers at `address` = {address!r}.")
        raise


@dataclass
class Session:
    """What a backend opened itself, shared by its copies.

    Attributes
    ----------
    client, cluster : object or None
        A connection, and the cluster of this machine that it leads to.
    depth : int
        How many ``with`` blocks keep it open.
    """

    client: Any = None
    cluster: Any = None
    depth: int = 0

    def start(self, n_workers: int) -> None:
        """Start a cluster of worker processes on this machine, and connect to it.

        Parameters
        ----------
        n_workers : int
            Its processes, of one thread each.
        """
        dask = distributed()
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
        """Close what is open. A second call does nothing."""
        client, cluster = self.client, self.cluster
        self.client = self.cluster = None
        if client is not None:
            client.close(timeout=CLOSE_SECONDS)
        if cluster is not None:
            cluster.close()
