"""Large data among `worker_args`: sent once per worker, and where it can be held once by all."""

import mmap
import os
import pickle
import tempfile
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from pycwt_mod.backends import ExecutorBackend, JoblibBackend, SequentialBackend

LARGE = 1_000_000  # float64, 8 MB


# How often this process unpickled the data of each test.
loads = {}


class Counted:
    """An array that tells how often it was unpickled in a process."""

    def __init__(self, array, token):
        self.array = array
        self.token = token

    def __setstate__(self, state):
        self.__dict__.update(state)
        loads[self.token] = loads.get(self.token, 0) + 1

    def n_loads(self):
        return loads.get(self.token, 0)


def look(seed, counted):
    time.sleep(0.005)
    base = counted.array
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    mapped = isinstance(base, memoryview | mmap.mmap) and not counted.array.flags.writeable
    return os.getpid(), counted.n_loads(), mapped, float(counted.array[seed.spawn_key[-1]])


def run(backend, token):
    counted = Counted(np.arange(float(LARGE)), token)
    found = backend.run_monte_carlo(look, 40, (counted,), seed=1, chunk_size=1)
    assert [value for *_, value in found] == [float(k) for k in range(40)]
    return found


def test_sharing_unpickles_large_data_once_per_worker(backend, request):
    found = run(backend, request.node.name)
    own = os.getpid()
    assert {n for _, n, *_ in found} == {0 if found[0][0] == own else 1}
    if backend.name in ("joblib", "executor") and found[0][0] != own:
        assert all(mapped for _, _, mapped, _ in found)


def test_sharing_in_process_is_the_very_object(thread_pool):
    array = np.arange(float(LARGE))
    for backend in (
        SequentialBackend(),
        JoblibBackend(2, prefer="threads"),
        ExecutorBackend(thread_pool),
    ):
        assert set(backend.run_monte_carlo(lambda seed, a: id(a), 8, (array,))) == {id(array)}


def test_sharing_with_lokys_own_pool_maps():
    from joblib.externals.loky import get_reusable_executor

    pool = get_reusable_executor(2)
    try:
        found = run(ExecutorBackend(pool), "loky")
    finally:
        pool.shutdown(kill_workers=True)
    assert {one[1:3] for one in found} == {(1, True)}
    assert os.getpid() not in {pid for pid, *_ in found}


def own_kib(_):
    """Return the memory of this process that is no mapped file: those pages all workers share."""
    fields = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return os.getpid(), sum(int(f.split()[1]) for f in fields if f.startswith("Anonymous:"))


def touch(seed, array):
    total = float(array.sum())  # every page is read
    return *own_kib(None), total


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's /proc")
def test_sharing_holds_the_pages_once_for_all_workers():
    array = np.ones(4_000_000)  # 32 MB
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        backend = ExecutorBackend(pool)
        before = dict(backend.map(own_kib, range(20)))
        after = backend.run_monte_carlo(touch, 20, (array,), seed=1, chunk_size=1)
    assert {total for *_, total in after} == {4_000_000.0}
    for pid, kib, _ in after:
        if pid in before:
            assert kib - before[pid] < 16_000  # less than half of a private copy


class Elsewhere(Executor):
    """A pool whose workers do not see the caller's files: each is gone before a task begins."""

    def __init__(self, pool, folder):
        self.pool = pool
        self.folder = folder
        self._max_workers = 2
        self.sizes = []

    def submit(self, function, /, *args, **kwargs):
        for path in self.folder.glob("pycwt_mod-*"):
            path.unlink()
        self.sizes.append(len(pickle.dumps(args)))
        return self.pool.submit(function, *args, **kwargs)


def test_sharing_sends_the_whole_to_workers_of_other_machines(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        executor = Elsewhere(pool, tmp_path)
        found = run(ExecutorBackend(executor), "elsewhere")
    assert {n for _, n, *_ in found} == {1}
    whole = [size for size in executor.sizes if size > 8 * LARGE]
    # Tasks in flight when the first worker said that it lacks the data; not all 40.
    assert 1 <= len(whole) <= 8
    assert len(executor.sizes) - len(whole) == 40
    assert all(size < 20_000 for size in executor.sizes if size not in whole)


def fail_with_array(seed, array):
    if seed.spawn_key[-1] == 3:
        raise LookupError("third")
    return float(array[0])


def test_sharing_elsewhere_brings_errors_home(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        backend = ExecutorBackend(Elsewhere(pool, tmp_path))
        array = np.zeros(LARGE)
        with pytest.raises(LookupError, match="third"):
            backend.run_monte_carlo(fail_with_array, 9, (array,), seed=1, chunk_size=1)
        assert backend.run_monte_carlo(fail_with_array, 3, (array,), seed=1) == [0.0] * 3


@pytest.mark.parametrize("elsewhere", [False, True])
def test_sharing_of_a_mapped_file_of_the_users(tmp_path, monkeypatch, elsewhere):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = tmp_path / "data.npy"
    np.save(path, np.arange(float(LARGE)))
    array = np.load(path, mmap_mode="r")
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        backend = ExecutorBackend(Elsewhere(pool, tmp_path) if elsewhere else pool)
        found = backend.run_monte_carlo(kind_of, 4, (array,), seed=1)
    # By its name where the worker sees it, and by what is in it elsewhere.
    assert set(found) == {(not elsewhere, LARGE - 1.0)}


def kind_of(seed, array):
    filename = getattr(array, "filename", None)
    return filename is not None and str(filename).endswith("data.npy"), float(array[-1])
