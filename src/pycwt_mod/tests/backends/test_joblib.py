"""What is particular to joblib: whose runner, early ends, time limits, dead workers."""

import contextlib
import functools
import multiprocessing
import os
import signal
import threading
import time
import warnings
from concurrent.futures import BrokenExecutor

import joblib
import numpy as np
import psutil
import pytest
from joblib.parallel import ThreadingBackend

from pycwt_mod import wct_null
from pycwt_mod.backends import JoblibBackend, base

KINDS = ["processes", "threads"]


def where(_):
    return os.getpid()


def where_in_threads(_):
    return os.getpid(), threading.get_ident()


def busy_children():
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.is_running() and child.cpu_percent(interval=0.2) > 50
    ]


@pytest.mark.parametrize("prefer", KINDS)
def test_joblib_memory_is_bounded_with_a_slow_consumer(prefer, monkeypatch):
    monkeypatch.setattr(base, "MAX_AHEAD_PER_WORKER", 8)
    drawn = []
    tasks = (drawn.append(k) or k for k in range(60))
    for index, result in enumerate(JoblibBackend(2, prefer=prefer).map(abs, tasks)):
        assert result == index
        time.sleep(0.002)
        assert len(drawn) - index <= 2 * 8 + 1
    assert len(drawn) == 60


def test_joblib_keeps_its_processes_for_the_next_call():
    backend = JoblibBackend(2)
    with backend:
        first = set(backend.map(where, range(8)))
    assert os.getpid() not in first
    assert first | set(backend.map(where, range(8))) == first


def test_joblib_leaves_the_users_own_pool_alive():
    with joblib.Parallel(n_jobs=2) as parallel:
        before = set(parallel(joblib.delayed(where)(k) for k in range(8)))
        with JoblibBackend(2) as backend:
            list(backend.map(where, range(4)))
        assert os.getpid() not in before
        assert len(parallel(joblib.delayed(where)(k) for k in range(8))) == 8


def test_joblib_calls_at_a_time_in_one_thread_do_not_wait_for_each_other():
    first = JoblibBackend(2).map(abs, range(50))
    second = JoblibBackend(2).map(abs, range(50))
    assert list(zip(first, second, strict=True)) == [(k, k) for k in range(50)]


def test_joblib_single_worker_or_task_runs_in_process():
    assert list(JoblibBackend(1).map(where, range(2))) == [os.getpid()] * 2
    assert list(JoblibBackend(2).map(where, [0])) == [os.getpid()]


def test_joblib_honours_the_users_configuration():
    with joblib.parallel_config(backend="threading", n_jobs=2):
        backend = JoblibBackend()
        assert backend.n_workers == 2
        found = set(backend.map(where_in_threads, range(40)))
        assert backend.ran_on == ("joblib", 2)
        assert backend.with_n_workers(1).n_workers == 1
        # And it leaves that configuration as it was.
        assert joblib.effective_n_jobs(None) == 2
        assert joblib.Parallel()(joblib.delayed(where)(k) for k in range(2)) == [os.getpid()] * 2
    assert {pid for pid, _ in found} == {os.getpid()}
    assert threading.get_ident() not in {thread for _, thread in found}


def test_joblib_runs_on_a_backend_that_another_package_registered(monkeypatch):
    begun = []

    class Other(ThreadingBackend):
        def start_call(self):
            begun.append(self)

    joblib.register_parallel_backend("other", Other)
    with joblib.parallel_config(backend="other", n_jobs=2):
        found = list(JoblibBackend().map(lambda task: (task + 1, os.getpid()), range(6)))
    assert found == [(k + 1, os.getpid()) for k in range(6)]
    assert begun


def test_joblib_tells_what_ran():
    backend = JoblibBackend(2)
    assert repr(backend) == "JoblibBackend(n_workers=2, prefer='processes')"
    assert backend.get_info()["prefer"] == "processes"
    for n_tasks, n_workers, ran_on in (
        (8, None, ("joblib", 2)),
        (1, None, ("sequential", 1)),
        (8, 1, ("sequential", 1)),
    ):
        one = backend.with_n_workers(n_workers)
        list(one.map(abs, range(n_tasks)))
        assert one.ran_on == ran_on
    backend.run_monte_carlo(lambda seed: 1, 8)
    assert backend.ran_on == ("joblib", 2)
    threads = JoblibBackend(2, prefer="threads")
    list(threads.map(abs, range(8)))
    assert threads.ran_on == ("joblib", 2)


def test_joblib_warns_of_more_workers_than_cores():
    with pytest.warns(UserWarning, match="`n_workers` is 9999, more than the 2 available cores"):
        assert JoblibBackend(9999).n_workers == 2


@pytest.mark.parametrize("kind", [TimeoutError, multiprocessing.TimeoutError, BrokenExecutor])
def test_joblib_does_not_mistake_the_kernels_own_errors(kind):
    def fail(_):
        raise kind("of the kernel")

    with pytest.raises(kind, match="of the kernel") as caught:
        list(JoblibBackend(2, timeout=60.0).map(fail, range(4)))
    assert not getattr(caught.value, "__notes__", [])


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"prefer": "process"}, ValueError, "`prefer` must be"),
        ({"timeout": -1}, ValueError, "`timeout` must be a positive number"),
        ({"timeout": "1"}, TypeError, "`timeout` must be a positive number of seconds"),
        ({"n_workers": 0}, ValueError, "`n_workers` must be a positive integer or -1, got 0"),
    ],
)
def test_joblib_refuses_wrong_options(options, error, words):
    with pytest.raises(error, match=words):
        JoblibBackend(**options)


@pytest.mark.parametrize(
    ("options", "kind", "writeable"),
    [
        ({}, "memmap", False),
        pytest.param({"mmap_mode": "c"}, "memmap", True, marks=pytest.mark.heavy),
        pytest.param({"max_nbytes": None}, "ndarray", False, marks=pytest.mark.heavy),
        pytest.param({"max_nbytes": "10M"}, "ndarray", False, marks=pytest.mark.heavy),
    ],
)
def test_joblib_maps_large_arrays_as_its_options_say(options, kind, writeable, tmp_path):
    array = np.asfortranarray(np.arange(300_000.0).reshape(2, -1))  # 2.4 MB

    def look(_):
        base = array
        while not isinstance(base, np.memmap) and isinstance(
            getattr(base, "base", None), np.ndarray | memoryview
        ):
            base = base.base.obj if isinstance(base.base, memoryview) else base.base
        return type(base).__name__, array.flags.writeable, array.flags.f_contiguous, array[-1, -1]

    backend = JoblibBackend(2, temp_folder=str(tmp_path), **options)
    assert set(backend.map(look, range(6))) == {(kind, writeable, True, 299_999.0)}
    assert array.flags.writeable


@pytest.mark.parametrize("prefer", [pytest.param("processes", marks=pytest.mark.heavy), "threads"])
def test_joblib_timeout_of_a_task_is_a_clear_error(prefer):
    backend = JoblibBackend(2, prefer=prefer, timeout=0.2)
    with pytest.raises(TimeoutError, match=r"took longer than `timeout` = 0\.2 s"):
        list(backend.map(time.sleep, [0.0, 1.0, 0.0]))


def count_for_ever(task):
    while task:
        pass
    return task


@pytest.mark.heavy
@pytest.mark.parametrize("how", ["close", "interrupt", "close in another thread"])
def test_joblib_early_end_neither_warns_nor_leaves_busy_workers(how):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        results = JoblibBackend(2).map(count_for_ever, range(20))
        next(results)
        if how == "close":
            results.close()
        elif how == "interrupt":
            with pytest.raises(KeyboardInterrupt):
                results.throw(KeyboardInterrupt)
        else:
            thread = threading.Thread(target=results.close, daemon=True)
            thread.start()
            thread.join(60.0)
            assert not thread.is_alive()
    assert not caught
    assert not busy_children()
    assert os.getpid() not in set(JoblibBackend(2).map(where, range(4)))


def test_joblib_gives_the_handling_of_ctrl_c_back():
    before = signal.getsignal(signal.SIGINT)
    try:
        for own in (signal.default_int_handler, lambda number, frame: None):
            signal.signal(signal.SIGINT, own)
            results = JoblibBackend(2, prefer="threads").map(abs, range(20))
            next(results)
            assert signal.getsignal(signal.SIGINT) is own  # while the consumer works
            results.close()
            assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)


def die_at_three(task):
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


@pytest.mark.heavy
@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
@pytest.mark.parametrize("return_errors", [False, True])
def test_joblib_dead_worker_is_a_clear_error_and_the_next_call_works(return_errors):
    with pytest.raises(BrokenExecutor, match="unexpectedly terminated") as caught:
        JoblibBackend(2).run_monte_carlo(
            lambda seed: die_at_three(seed.spawn_key[-1]),
            20,
            chunk_size=1,
            return_errors=return_errors,
        )
    note = "".join(caught.value.__notes__)
    assert "killed, out of memory, or crashed" in note
    assert "tasks had been done. Repeat the call: it starts new processes." in note
    assert list(JoblibBackend(2).map(abs, range(8))) == list(range(8))


@pytest.mark.heavy
@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
def test_joblib_null_goes_on_from_the_cache_after_a_worker_died():
    problem = {"al1": 0.6, "al2": 0.3, "dt": 0.5, "dj": 1 / 4, "s0": 1.0, "J": 20}
    options = {"mc_count": 2000, "rng_seed": 3, "progress": False}
    victim = max(JoblibBackend(2).map(where, range(2)))

    def kill_one(n_done, total):
        if n_done >= total / 3:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)

    with pytest.raises(BrokenExecutor) as caught:
        wct_null(**problem, **{**options, "progress": kill_one}, backend=JoblibBackend(2))
    assert "Worker processes died" in "".join(caught.value.__notes__)
    total_left = []
    again = wct_null(
        **problem,
        **{**options, "progress": lambda n_done, total: total_left.append(total)},
        backend=JoblibBackend(2),
    )
    assert total_left[-1] <= 2000 * 3 / 4  # what was counted was not counted again
    assert again == wct_null(**problem, **options, cache=False, backend="sequential")


def test_joblib_configured_for_threads_leaves_nothing_running(tmp_path):
    from joblib import parallel_config

    def mark(index):
        (tmp_path / f"{index}-begun").touch()
        time.sleep(0.1)
        (tmp_path / f"{index}-ended").touch()

    with parallel_config(backend="threading", n_jobs=2):
        results = JoblibBackend().map(mark, range(40))
        next(results)
        results.close()
    begun = len(list(tmp_path.glob("*-begun")))
    assert begun == len(list(tmp_path.glob("*-ended")))
    time.sleep(0.3)
    assert len(list(tmp_path.glob("*-begun"))) == begun


def test_joblib_leaves_an_error_of_the_tasks_as_it_is():
    def tasks():
        yield from range(4)
        raise TimeoutError("of the tasks")

    for prefer in ("processes", "threads"):
        with pytest.raises(TimeoutError, match="of the tasks"):
            list(JoblibBackend(2, prefer=prefer).map(abs, tasks()))


@pytest.mark.heavy
def test_joblib_folder_of_the_configuration_is_used(tmp_path):
    from joblib import parallel_config

    data = np.zeros(1_000_000)
    with parallel_config(temp_folder=str(tmp_path)):
        results = JoblibBackend(2).map(functools.partial(_size, data), range(4))
        assert next(results) == data.size
        assert list(tmp_path.iterdir())
        assert list(results) == [data.size] * 3


def _size(data, _):
    return data.size
