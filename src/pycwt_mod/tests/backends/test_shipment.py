"""Kernels on their way to workers: unpickled once, and large data written and mapped once."""

import mmap
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path

import numpy as np
import pytest

from pycwt_mod.backends import ExecutorBackend, JoblibBackend
from pycwt_mod.backends.shipment import Sharing, Shipment, receive, run_shipped

LARGE = 300_000  # float64, 2.4 MB


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Let the files be written where they can be counted."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def files(folder):
    return list(Path(folder).glob("pycwt_mod-*"))


def is_mapped(array):
    base = array
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    return isinstance(base, memoryview | mmap.mmap) and not array.flags.writeable


def look(seed, array):
    return is_mapped(array), float(array[-1]), array.flags.f_contiguous


@pytest.mark.parametrize("method", get_all_start_methods())
def test_shipment_maps_large_arrays_with_every_start_method(folder, method):
    array = np.asfortranarray(np.arange(float(LARGE)).reshape(2, -1))
    with ProcessPoolExecutor(2, get_context(method)) as pool:
        found = ExecutorBackend(pool).run_monte_carlo(look_at_row, 20, (array,), seed=1)
    assert set(found) == {(True, float(LARGE - 1), True)}
    assert not files(folder)


def look_at_row(seed, array):
    return is_mapped(array), float(array[-1, -1]), array.flags.f_contiguous


def test_shipment_of_joblib_maps_large_arrays(folder):
    array = np.arange(float(LARGE))
    found = JoblibBackend(2).run_monte_carlo(look, 20, (array,), seed=1)
    assert {one[:2] for one in found} == {(True, float(LARGE - 1))}
    assert not files(folder)


def test_shipment_follows_joblibs_options(tmp_path):
    array = np.arange(float(LARGE))
    for options, mapped in (({"max_nbytes": None}, False), ({"max_nbytes": "10M"}, False)):
        found = JoblibBackend(2, **options).run_monte_carlo(look, 4, (array,), seed=1)
        assert {one[0] for one in found} == {mapped}
    backend = JoblibBackend(2, temp_folder=str(tmp_path), max_nbytes=100)
    results = backend.map(lambda task: float(array[task]), range(40))
    next(results)
    assert len(files(tmp_path)) == 1
    results.close()
    assert not files(tmp_path)


@pytest.mark.parametrize(("mode", "writeable"), [("r", False), ("c", True), (None, True)])
def test_shipment_modes_leave_the_senders_array_alone(folder, mode, writeable):
    array = np.zeros(LARGE)

    def write(_):
        if array.flags.writeable:
            array[0] = 1.0
        return array.flags.writeable

    shipment = Shipment.of(write, Sharing(mode=mode))
    assert receive(run_shipped(shipment, 0)) is writeable
    assert array[0] == 0.0
    shipment.close()
    shipment.close()
    assert not files(folder)


def test_shipment_takes_large_data_that_are_no_arrays(folder):
    text = "x" * 3_000_000
    shipment = Shipment.of(lambda task: len(text) + task, Sharing())
    assert len(files(folder)) == 1
    assert len(shipment.payload) == 0
    assert receive(run_shipped(shipment, 1)) == 3_000_001
    del shipment  # one that nobody closed
    assert not files(folder)


def test_shipment_opens_a_mapped_file_by_its_name(folder, tmp_path):
    path = tmp_path / "data.npy"
    np.save(path, np.arange(float(LARGE)))
    whole = np.load(path, mmap_mode="r")
    part = whole[10:]
    shipment = Shipment.of(lambda _: (type(whole).__name__, float(whole[-1])), Sharing())
    assert not files(folder)
    assert receive(run_shipped(shipment, 0)) == ("memmap", LARGE - 1.0)
    shipment = Shipment.of(lambda _: float(part[0]), Sharing())
    assert len(files(folder)) == 1
    assert receive(run_shipped(shipment, 0)) == 10.0


def test_shipment_without_room_for_a_file_sends_copies(tmp_path, caplog):
    array = np.arange(float(LARGE))
    shipment = Shipment.of(lambda _: float(array[-1]), Sharing(folder=str(tmp_path / "absent")))
    assert shipment.path is None
    assert receive(run_shipped(shipment, 0)) == LARGE - 1.0
    assert "sending copies" in caplog.text


def test_shipment_files_end_with_a_failing_and_an_abandoned_call(folder):
    array = np.arange(float(LARGE))

    def fail(task):
        raise ValueError(array[task])

    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for backend in (JoblibBackend(2), ExecutorBackend(pool)):
            backend.map(fail, range(4))  # never begun
            with pytest.raises(ValueError, match=r"0\.0"):
                list(backend.map(fail, range(4)))
            results = backend.map(lambda task: float(array[task]), range(40))
            next(results)
            assert len(files(folder)) == 1
            results.close()
            assert not files(folder)


def test_shipment_of_an_array_is_pickled_once(process_pool):
    NotOften.n_pickled = 0
    ExecutorBackend(process_pool).run_monte_carlo(ignore, 200, (NotOften(),), seed=1)
    assert NotOften.n_pickled == 1


class NotOften:
    n_pickled = 0

    def __reduce__(self):
        type(self).n_pickled += 1
        return NotOften, ()


def ignore(seed, argument):
    return 0


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


def test_shipment_of_joblib_is_unpickled_once_per_process():
    found = set(JoblibBackend(2, batch_size=1).map(SlowToLoad(), range(40)))
    assert len(found) == len({pid for pid, _ in found})


def make_generator(task):
    return (k for k in range(task))


@pytest.mark.parametrize("kind", ["joblib", "executor"])
def test_shipment_of_a_result_that_cannot_be_pickled_has_a_note(kind, process_pool):
    backend = JoblibBackend(2) if kind == "joblib" else ExecutorBackend(process_pool)
    with pytest.raises(TypeError, match="generator") as caught:
        list(backend.map(make_generator, range(4)))
    assert "the result of type generator cannot be pickled" in caught.value.__notes__
