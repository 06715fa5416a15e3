"""A large array in `worker_args`: seconds, bytes and memory per worker, backend against backend."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from measuring import ONE_THREAD

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
MIB = 2.0**20


def own_bytes() -> int:
    """Return the memory of this process that is no mapped file (Linux)."""
    fields = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(f.split()[1]) for f in fields if f.startswith("Anonymous:"))


def look(seed: np.random.SeedSequence, array: np.ndarray) -> tuple[int, int, float]:
    """Read a fortieth of the array: the transfer is measured, not the work on the data."""
    k = seed.spawn_key[-1]
    part = array[k * array.size // N_TASKS : (k + 1) * array.size // N_TASKS]
    return os.getpid(), own_bytes(), float(part.sum())


def idle(seed: np.random.SeedSequence) -> tuple[int, int]:
    time.sleep(0.05)
    return os.getpid(), own_bytes()


def measure(name: str, backend: MCBackend, array: np.ndarray) -> None:
    started = backend.run_monte_carlo(idle, 4 * N_WORKERS, chunk_size=1)
    before = statistics.median(memory for _, memory in started)
    written = []

    def watch(index: int, result: object) -> None:
        folder = Path(tempfile.gettempdir())
        written.append(sum(path.stat().st_size for path in folder.glob("pycwt_mod-*")))
        memory.append(result[1])

    memory: list[int] = []
    began = time.perf_counter()
    backend.run_monte_carlo(look, N_TASKS, (array,), seed=1, chunk_size=1, on_result=watch)
    seconds = time.perf_counter() - began
    grown = max(memory) - before
    print(
        f"{name:<24}{seconds:8.2f} s {max(written) / MIB:10.0f} MiB in a file "
        f"{grown / MIB:10.0f} MiB more in a worker"
    )


def measure_pools(array: np.ndarray) -> None:
    for method in multiprocessing.get_all_start_methods():
        with ProcessPoolExecutor(N_WORKERS, multiprocessing.get_context(method)) as pool:
            measure(f"process pool, {method}", ExecutorBackend(pool), array)
    from joblib.externals.loky import get_reusable_executor

    pool = get_reusable_executor(N_WORKERS)
    measure("loky's pool", ExecutorBackend(pool), array)
    pool.shutdown(kill_workers=True)
    with ThreadPoolExecutor(N_WORKERS) as threads:
        measure("thread pool", ExecutorBackend(threads), array)


def measure_mpi(array: np.ndarray) -> None:
    from mpi4py.futures import MPIPoolExecutor

    with MPIPoolExecutor() as pool:
        measure(f"MPI, {pool.num_workers} workers", ExecutorBackend(pool), array)


def measure_torch(array: np.ndarray) -> None:
    from pycwt_mod.backends import GPUBackend

    measure("gpu (torch on the CPU)", GPUBackend("torch", device="cpu"), array)


def measure_dask(array: np.ndarray) -> None:
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=N_WORKERS, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        measure("dask", DaskBackend(client), array)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument(
        "--mpi", action="store_true", help="only MPI; run by mpiexec -n 3 python -m mpi4py.futures"
    )
    chosen = parser.parse_args()
    array = np.random.default_rng(1).standard_normal(chosen.megabytes * 125_000)
    print(f"{array.nbytes / 1e6:.0f} MB, {N_TASKS} tasks, {N_WORKERS} workers")
    if chosen.mpi:
        measure_mpi(array)
        return
    measure("sequential", SequentialBackend(), array)
    measure("joblib, processes", JoblibBackend(N_WORKERS), array)
    measure("joblib, threads", JoblibBackend(N_WORKERS, prefer="threads"), array)
    measure_pools(array)
    measure_torch(array)
    measure_dask(array)


if __name__ == "__main__":
    main()
