"""Consecutive calls over mixed backends: what grows?

    python benchmarks/soak.py [calls]

Prints memory, open files, threads and child processes as they are after every tenth of the calls.
The first round over the backends is not counted: it starts pools and imports libraries.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import psutil

from pycwt_mod import wct_null
from pycwt_mod.backends import GPUBackend, JoblibBackend

COLUMNS = ("MB", "files", "threads", "processes")


def figures() -> dict[str, float]:
    """Return the memory and the other resources that this process holds now."""
    gc.collect()
    this = psutil.Process()
    return {
        "MB": this.memory_info().rss / 1e6,
        "files": this.num_fds(),
        "threads": this.num_threads(),
        "processes": len(this.children(recursive=True)),
    }


@contextlib.contextmanager
def backends() -> Iterator[dict[str, Any]]:
    """Open what a program would keep open between its calls."""
    import distributed

    spawn = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(2, spawn) as pool,
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        found = {
            "sequential": "sequential",
            "joblib processes": JoblibBackend(2),
            "joblib threads": JoblibBackend(2, prefer="threads"),
            "executor": pool,
            "dask": client,
        }
        with contextlib.suppress(ImportError):
            import torch  # noqa: F401

            found["gpu (torch, CPU)"] = GPUBackend(library="torch", device="cpu", dtype="float64")
        yield found


def soak(n_calls: int, n_rows: int = 10) -> list[dict[str, float]]:
    """Make the calls; return the figures at the start and after each share of them."""
    rows = []
    with backends() as choices:
        names = list(choices)
        warm_up = 2 * len(names)
        step = max(1, n_calls // n_rows)
        for call in range(-warm_up, n_calls):
            if call >= 0 and call % step == 0:
                rows.append({"calls": call, **figures()})
            wct_null(
                *(0.6, 0.3, 0.5, 1 / 4, 1.0, 12),
                mc_count=40,
                rng_seed=call + warm_up,
                backend=choices[names[call % len(names)]],
                cache=call % 3 == 0,
                progress=False,
            )
        rows.append({"calls": n_calls, **figures()})
    return rows


def main() -> None:
    os.environ.setdefault("LOKY_MAX_CPU_COUNT", "2")
    rows = soak(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
    print(f"{'calls':>8}" + "".join(f"{name:>12}" for name in COLUMNS))
    for row in rows:
        print(f"{row['calls']:8.0f}" + "".join(f"{row[name]:12.5g}" for name in COLUMNS))


if __name__ == "__main__":
    main()
