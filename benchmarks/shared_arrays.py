"""A large array in `worker_args`: seconds and memory per worker, on each backend (Linux)."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from measuring import ONE_THREAD, seconds

os.environ.update(ONE_THREAD)

import numpy as np

from pycwt_mod.backends import (
    DaskBackend,
    ExecutorBackend,
    JoblibBackend,
    MCBackend,
    SequentialBackend,
)

N_WORKERS = 2
N_TASKS = 40


def own_megabytes() -> float:
    """Return the memory of this process that is no mapped file."""
    fields = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(f.split()[1]) for f in fields if f.startswith("Anonymous:")) / 1024


def look(seed: np.random.SeedSequence, array: np.ndarray) -> float:
    """Read a fortieth of the array: the worker's own work is not measured."""
    k = seed.spawn_key[-1]
    array[k * array.size // N_TASKS : (k + 1) * array.size // N_TASKS].sum()
    return own_megabytes()


def measure(name: str, backend: MCBackend, array: np.ndarray) -> None:
    small = array[:N_TASKS].copy()
    before = statistics.median(backend.run_monte_carlo(look, N_TASKS, (small,), chunk_size=1))
    memory: list[float] = []
    took = seconds(
        lambda: memory.extend(backend.run_monte_carlo(look, N_TASKS, (array,), chunk_size=1))
    )
    print(f"{name:<26}{took:8.2f} s {max(memory) - before:10.0f} MiB more in a worker")


def measure_mpi(array: np.ndarray) -> None:
    from mpi4py.futures import MPIPoolExecutor

    with MPIPoolExecutor() as pool:
        measure(f"MPI, {pool.num_workers} workers", ExecutorBackend(pool), array)


def measure_all(array: np.ndarray) -> None:
    measure("sequential", SequentialBackend(), array)
    measure("joblib, processes", JoblibBackend(N_WORKERS), array)
    measure("joblib, threads", JoblibBackend(N_WORKERS, prefer="threads"), array)
    for method in multiprocessing.get_all_start_methods():
        with ProcessPoolExecutor(N_WORKERS, multiprocessing.get_context(method)) as pool:
            measure(f"process pool, {method}", ExecutorBackend(pool), array)
    with ThreadPoolExecutor(N_WORKERS) as threads:
        measure("thread pool", ExecutorBackend(threads), array)
    with DaskBackend(n_workers=N_WORKERS) as dask:
        measure("dask", dask, array)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument(
        "--mpi", action="store_true", help="only MPI; run by mpiexec -n 3 python -m mpi4py.futures"
    )
    chosen = parser.parse_args()
    array = np.random.default_rng(1).standard_normal(chosen.megabytes * 125_000)
    print(f"{array.nbytes / 1e6:.0f} MB, {N_TASKS} tasks, {N_WORKERS} workers")
    (measure_mpi if chosen.mpi else measure_all)(array)


if __name__ == "__main__":
    main()
