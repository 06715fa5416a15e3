"""AutoBackend starts a pool for a job that is worth it, and for no other."""

import itertools
import os
import threading

import pytest

from pycwt_mod.backends import AutoBackend, JoblibBackend, auto
from pycwt_mod.backends.auto import parallel_pays


@pytest.fixture
def clock(monkeypatch):
    """Replace the clock by one on which each task takes as long as it says."""

    class Clock:
        now = 0.0

        def __call__(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(auto, "perf_counter", clock)
    return clock


@pytest.fixture
def pools(monkeypatch):
    """Record the pools that are made."""
    made = []
    original = JoblibBackend.__init__

    def record(self, *args, **kwargs):
        original(self, *args, **kwargs)
        made.append(self)

    monkeypatch.setattr(JoblibBackend, "__init__", record)
    return made


def where(task):
    return task, os.getpid()


class Slow:
    """A kernel whose tasks take `seconds` each on the clock, the first one `first`."""

    def __init__(self, clock, seconds, first=None):
        self.clock = clock
        self.seconds = seconds
        self.first = seconds if first is None else first

    def __call__(self, task):
        self.clock.now += self.first if task == 0 else self.seconds
        return where(task)

    def __reduce__(self):
        return Plain, ()  # in a worker process there is no such clock


class Plain:
    def __call__(self, task):
        return where(task)


def split_by_process(results, n_tasks):
    """Check that all tasks are there in order, and count those that ran in this process."""
    assert [task for task, _ in results] == list(range(n_tasks))
    return sum(pid == os.getpid() for _, pid in results)


def test_auto_keeps_a_fast_job_in_process(pools):
    backend = AutoBackend(2)
    assert split_by_process(list(backend.map(where, range(200))), 200) == 200
    assert backend.get_info()["last_choice"] == "sequential"
    assert not pools


def test_auto_moves_a_slow_job_to_processes(clock, pools):
    backend = AutoBackend(2)
    calls = []
    results = list(backend.map(Slow(clock, 0.5), range(60), on_done=calls.append))
    # The first task alone might have been slow by its imports; the second one settles it.
    assert split_by_process(results, 60) == 2
    assert calls == list(range(60))
    assert backend.get_info()["last_choice"] == "joblib"
    assert [pool.n_workers for pool in pools] == [2]


@pytest.mark.heavy
def test_auto_moves_after_one_very_slow_task(clock):
    backend = AutoBackend(2)
    results = list(backend.map(Slow(clock, 60.0), range(4)))
    assert split_by_process(results, 4) == 1
    assert backend.get_info()["last_choice"] == "joblib"


def test_auto_does_not_take_a_slow_first_task_for_a_slow_job(clock, pools):
    results = list(AutoBackend(2).map(Slow(clock, 0.001, first=0.9), range(100)))
    assert split_by_process(results, 100) == 100
    assert not pools


def test_auto_does_not_move_the_last_task(clock, pools):
    results = list(AutoBackend(2).map(Slow(clock, 100.0), range(2)))
    assert split_by_process(results, 2) == 2
    assert not pools


@pytest.mark.heavy
def test_auto_moves_a_job_of_unknown_length(clock):
    backend = AutoBackend(2)
    results = list(backend.map(Slow(clock, 1.0), (k for k in range(40))))
    # As many again are taken to remain, so it moves once about ten seconds were spent.
    assert 5 <= split_by_process(results, 40) <= 15
    assert backend.get_info()["last_choice"] == "joblib"


def test_auto_with_one_worker_stays_in_process(clock, pools):
    backend = AutoBackend(2).with_n_workers(1)
    assert backend.n_workers == 1
    assert split_by_process(list(backend.map(Slow(clock, 9.0), range(9))), 9) == 9
    assert not pools


def test_auto_inside_a_worker_stays_in_process(clock, pools):
    outer = JoblibBackend(2, prefer="threads")
    pools.clear()

    def inner(_):
        return list(AutoBackend(2).map(Slow(clock, 9.0), range(9)))

    for results in outer.map(inner, range(2)):
        assert split_by_process(results, 9) == 9
    assert not pools


def test_auto_does_not_count_the_consumers_time(clock, pools):
    for _ in AutoBackend(2).map(where, range(30)):
        clock.now += 10.0
    assert not pools


def test_auto_tells_the_callers_object_what_a_limited_copy_did(clock):
    backend = AutoBackend()
    assert backend.get_info()["last_choice"] is None
    list(backend.with_n_workers(2).map(Slow(clock, 9.0), range(4)))
    assert backend.get_info()["last_choice"] == "joblib"


def test_auto_propagates_an_error_of_the_moved_part(clock):
    kernel = Failing(clock)
    with pytest.raises(KeyError, match="task 7"):
        list(AutoBackend(2).map(kernel, range(20)))


class Failing(Slow):
    def __init__(self, clock):
        super().__init__(clock, 9.0)

    def __reduce__(self):
        return FailingAtSeven, ()


class FailingAtSeven:
    def __call__(self, task):
        if task == 7:
            raise KeyError("task 7")
        return task


def test_auto_leaves_no_thread_behind():
    before = threading.active_count()
    list(itertools.islice(AutoBackend(2).map(where, range(50)), 3))
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("seconds", "n_workers", "pays"),
    [(4.9, 1000, False), (8.0, 2, False), (11.0, 2, True), (6.0, 8, True), (1e6, 1, False)],
)
def test_parallel_pays_only_with_a_clear_gain(seconds, n_workers, pays):
    assert parallel_pays(seconds, n_workers) is pays


def test_auto_refuses_a_wrong_number_of_workers():
    with pytest.raises(ValueError, match="`n_workers` must be a positive integer or -1, got 0"):
        AutoBackend(0)
