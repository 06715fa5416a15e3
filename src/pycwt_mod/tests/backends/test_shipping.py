"""Kernels on their way to workers: unpickled once, and large data written and mapped once."""

import mmap
import os
import pickle
import tempfile
import threading
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path

import numpy as np
import pytest

from pycwt_mod.backends import ExecutorBackend, JoblibBackend, SequentialBackend
from pycwt_mod.backends.pickling import dumps, opened
from pycwt_mod.backends.shipping import Local, Parcel

LARGE = 300_000  # float64, 2.4 MB


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Let files be written where they can be counted."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def files(folder):
    return list(Path(folder).glob("pycwt_mod-*"))


def run_here(parcel, task=0):
    """Run a parcel as a worker does, which has it out of a pickle."""
    return opened(pickle.loads(dumps(parcel))((0, task))[1])


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


def is_mapped(array):
    base = array
    while isinstance(base, np.ndarray | memoryview):
        following = base.obj if isinstance(base, memoryview) else base.base
        if isinstance(following, mmap.mmap):
            return True
        base = following
    return False


def look(seed, counted):
    time.sleep(0.002)
    array = counted.array
    flags = array.flags.writeable, array.flags.f_contiguous
    return os.getpid(), loads.get(counted.token, 0), is_mapped(array), flags, float(array[-1, -1])


def run(backend, token):
    counted = Counted(np.asfortranarray(np.arange(float(LARGE)).reshape(2, -1)), token)
    found = set(backend.run_monte_carlo(look, 40, (counted,), seed=1, chunk_size=1))
    assert {value for *_, value in found} == {LARGE - 1.0}
    return found


def test_parcel_maps_large_arrays_once_per_worker(folder, process_pool):
    for name, backend in {"own": ExecutorBackend(process_pool), "loky": JoblibBackend(2)}.items():
        found = run(backend, name)
        assert {one[1:4] for one in found} == {(1, True, (False, True))}
        assert os.getpid() not in {pid for pid, *_ in found}
        assert not files(folder)


@pytest.mark.heavy
@pytest.mark.parametrize("method", [*get_all_start_methods(), "loky"])
def test_parcel_maps_large_arrays_with_every_start_method(folder, method):
    if method == "loky":
        pool = pytest.importorskip("joblib.externals.loky").ProcessPoolExecutor(2)
    else:
        pool = ProcessPoolExecutor(2, get_context(method))
    with pool:
        found = run(ExecutorBackend(pool), method)
    assert {one[1:4] for one in found} == {(1, True, (False, True))}
    assert not files(folder)


def test_parcel_files_end_with_a_failing_and_an_abandoned_call(folder, process_pool):
    array = np.arange(float(LARGE))
    backend = ExecutorBackend(process_pool)

    def fail(task):
        raise ValueError(array[task])

    backend.map(fail, range(4))  # never begun
    with pytest.raises(ValueError, match=r"0\.0"):
        list(backend.map(fail, range(4)))
    results = backend.map(lambda task: float(array[task]), range(200))
    next(results)
    assert len(files(folder)) == 1
    results.close()
    assert not files(folder)


def test_parcel_files_are_written_once_for_many_rounds(folder):
    array = np.arange(float(LARGE))
    written = []

    class Pool:
        size = 1

        def map(self, function, tasks):
            written.extend(files(folder))
            return [pickle.loads(dumps(function))(task) for task in tasks]

    found = list(ExecutorBackend(Pool()).map(lambda task: float(array[task]), range(20)))
    assert found == [float(k) for k in range(20)]
    assert len(written) == 5
    assert len(set(written)) == 1


def test_parcel_in_process_is_the_very_object(thread_pool):
    array = np.arange(float(LARGE))
    for backend in (
        SequentialBackend(),
        JoblibBackend(2, prefer="threads"),
        ExecutorBackend(thread_pool),
    ):
        assert set(backend.run_monte_carlo(lambda seed, a: id(a), 8, (array,))) == {id(array)}


def test_parcel_leaves_the_senders_array_alone_and_closes_twice(folder):
    array = np.zeros(LARGE)
    parcel = Parcel(lambda _: array.flags.writeable)
    assert run_here(parcel) is False
    assert array.flags.writeable
    parcel.put_arrays_in_files()
    assert len(files(folder)) == 1
    parcel.close()
    parcel.close()
    assert not files(folder)


def test_parcel_takes_large_data_that_are_no_arrays(folder):
    text = "x" * 3_000_000
    parcel = Parcel(lambda task: len(text) + task)
    parcel.put_arrays_in_files()
    assert len(dumps(parcel)) < 20_000 < parcel.n_bytes
    assert run_here(parcel, 1) == 3_000_001
    parcel.close()


@pytest.mark.parametrize("on_this_machine", [True, False])
def test_parcel_opens_a_mapped_file_by_its_name_where_workers_see_it(tmp_path, on_this_machine):
    path = tmp_path / "data.npy"
    np.save(path, np.arange(float(LARGE)))
    whole = np.load(path, mmap_mode="r")
    part = whole[10:]
    parcel = Parcel(
        lambda _: (getattr(whole, "filename", None) is not None, float(whole[-1])),
        on_this_machine=on_this_machine,
    )
    assert (len(dumps(parcel)) < 20_000) is on_this_machine
    assert run_here(parcel) == (on_this_machine, LARGE - 1.0)
    parcel = Parcel(lambda _: float(part[0]), on_this_machine=on_this_machine)
    assert len(dumps(parcel)) > part.nbytes
    assert run_here(parcel) == 10.0


def test_parcel_without_room_for_a_file_sends_copies(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def full(*args):
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "save", full)
    array = np.arange(float(LARGE))
    parcel = Parcel(lambda _: float(array[-1]))
    parcel.put_arrays_in_files()
    parcel.put_arrays_in_files()
    assert run_here(parcel) == LARGE - 1.0
    assert caplog.text.count("sending copies") == 1
    assert not files(tmp_path)


def own_kib(_):
    """Return the memory of this process that is no mapped file: those pages all workers share."""
    fields = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return os.getpid(), sum(int(f.split()[1]) for f in fields if f.startswith("Anonymous:"))


def touch(seed, array):
    total = float(array.sum())  # every page is read
    return *own_kib(None), total


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's /proc")
def test_parcel_holds_the_pages_once_for_all_workers(process_pool):
    array = np.ones(4_000_000)  # 32 MB
    backend = ExecutorBackend(process_pool)
    before = dict(backend.map(own_kib, range(20)))
    after = backend.run_monte_carlo(touch, 20, (array,), seed=1, chunk_size=1)
    assert {total for *_, total in after} == {4_000_000.0}
    for pid, kib, _ in after:
        if pid in before:
            assert kib - before[pid] < 16_000  # less than half of a private copy


class Elsewhere(Executor):
    """A pool whose workers do not see the caller's files: each is gone before a task begins."""

    num_workers = 2

    def __init__(self, pool, folder):
        self.pool = pool
        self.folder = folder
        self.sizes = []

    def submit(self, function, /, *args):
        for folder in files(self.folder):
            folder.rename(folder.with_name("gone"))
        self.sizes.append(len(pickle.dumps((function, args))))
        return self.pool.submit(function, *args)


def test_parcel_is_sent_whole_to_workers_of_other_machines(folder, process_pool):
    executor = Elsewhere(process_pool, folder)
    found = run(ExecutorBackend(executor), "elsewhere")
    assert {one[1:3] for one in found} == {(1, False)}
    whole = [size for size in executor.sizes if size > 8 * LARGE]
    # For tasks that meet a worker without the data: until each has them, and not for all 40.
    assert 1 <= len(whole) <= 20
    assert len(executor.sizes) - len(whole) == 40
    assert all(size < 20_000 for size in executor.sizes if size not in whole)

    def fail(task):
        raise LookupError("third")

    with pytest.raises(LookupError, match="third"):
        list(ExecutorBackend(executor).map(fail, range(9)))


def test_local_kernel_ends_with_the_call():
    begun, go_on = threading.Event(), threading.Event()

    def wait(_):
        begun.set()
        return go_on.wait(30)

    local = Local(wait)
    thread = threading.Thread(target=local, args=((0, None),))
    thread.start()
    begun.wait(30)
    threading.Timer(0.05, go_on.set).start()
    local.close()  # waits for the task that runs
    assert go_on.is_set()
    thread.join()
    assert "the call has ended" in str(local((1, None))[1])  # and lets no other begin


def test_parcel_is_unpickled_once_per_process_by_joblib():
    found = set(JoblibBackend(2).map(SlowToLoad(), range(40)))
    assert len(found) == len({pid for pid, _ in found})


class SlowToLoad:
    """A kernel that takes long to make in each process, and tells how often it was."""

    n_loaded = 0

    def __getstate__(self):
        return {"any": 1}

    def __setstate__(self, state):
        time.sleep(0.05)
        type(self).n_loaded += 1

    def __call__(self, task):
        return os.getpid(), type(self).n_loaded
