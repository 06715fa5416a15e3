"""Run by mpiexec: what ExecutorBackend must do on real MPI ranks. Prints "passed" at the end."""

import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np

import pycwt_mod
from pycwt_mod.backends import ExecutorBackend, JoblibBackend, map_tasks
from pycwt_mod.backends.testing import check_backend

# Larger than what travels with each task, and than what a message should hold more than once.
LARGE = 2_000_000


class Loud:
    """Data that tell how often a process unpickled them."""

    n_loaded = 0

    def __init__(self, array):
        self.array = array

    def __setstate__(self, state):
        self.__dict__.update(state)
        type(self).n_loaded += 1


def look(seed, loud):
    time.sleep(0.01)
    base = loud.array
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    return os.getpid(), type(loud).n_loaded, type(base).__name__, float(loud.array[-1])


def nested(_):
    backend = JoblibBackend(2)
    inside = set(backend.map(where, range(4)))
    return os.getpid(), inside, backend.ran_on


def nested_wct(k):
    """Call `wct` in an MPI worker that the package did not start the work of."""
    import psutil

    y = np.random.default_rng(k).standard_normal((2, 64))
    options = {"mc_count": 50, "rng_seed": 1, "cache": False, "progress": False}
    pycwt_mod.wct(y[0], y[1], 1.0, backend="joblib", n_workers=-1, **options)
    return len(psutil.Process().children(recursive=True))


def where(_):
    return os.getpid()


def linger(folder):
    Path(folder, f"begun-{time.monotonic_ns()}").touch()
    time.sleep(2.0)
    Path(folder, f"ended-{time.monotonic_ns()}").touch()


def numbers(backend):
    options = {"mc_count": 300, "rng_seed": 5, "cache": False, "progress": False}
    problem = {"dt": 1.0, "dj": 1 / 4, "s0": 2.0, "J": 12, **options, "backend": backend}
    counts = pycwt_mod.wct_null(0.5, 0.3, **problem).counts
    return counts, pycwt_mod.wct_significance(0.5, 0.3, **problem)


def check_results(pool):
    for found, expected in zip(numbers(pool), numbers("sequential"), strict=True):
        np.testing.assert_array_equal(found, expected)
    backend = ExecutorBackend(pool)
    assert os.getpid() not in set(backend.map(where, range(8)))
    assert backend.ran_on == ("executor", pool.num_workers)


def check_sharing(pool):
    argument = (Loud(np.arange(float(LARGE))),)
    found = ExecutorBackend(pool).run_monte_carlo(look, 60, argument, seed=1, chunk_size=1)
    # Mapped from the file, by each worker once.
    assert {one[1:] for one in found} == {(1, "memoryview", LARGE - 1.0)}, set(found)


def check_nesting(pool):
    for pid, inside, ran_on in ExecutorBackend(pool).map(nested, range(3)):
        assert inside == {pid}
        assert ran_on == ("sequential", 1)
    # The user's own use of the pool, of which the package only sees that it runs in a worker.
    for pid, inside, ran_on in pool.map(nested, range(3)):
        assert inside == {pid}
        assert ran_on == ("sequential", 1)
    assert set(pool.map(nested_wct, range(2))) == {0}


def check_time_limit(pool, folder):
    begun = time.monotonic()
    try:
        map_tasks(linger, [folder] * 5, backend=pool, timeout=1.0)
    except TimeoutError as error:
        words = str(error)
    else:
        raise AssertionError("no TimeoutError")
    assert "0 of 5 items are done" in words
    assert time.monotonic() - begun < 30.0
    # Those that ran have ended, and no other has begun.
    n_begun = len(list(Path(folder).glob("begun-*")))
    assert 1 <= n_begun <= 2 * pool.num_workers
    assert len(list(Path(folder).glob("ended-*"))) == n_begun


def main(folder, n_workers):
    from mpi4py.futures import MPIPoolExecutor

    warnings.simplefilter("error")
    with MPIPoolExecutor() as pool:
        assert pool.num_workers == n_workers
        check_results(pool)
        check_sharing(pool)
        check_nesting(pool)
        check_time_limit(pool, folder)
        check_backend(ExecutorBackend(pool))
        assert pool.submit(abs, -1).result() == 1  # and it is still open
    print("passed")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
