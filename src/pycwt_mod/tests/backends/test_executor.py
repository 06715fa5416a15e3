"""The caller's own executors and pools: used, never shut down, and clear when they break."""

import itertools
import os
import signal
import time
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.pool import ThreadPool

import pytest

from pycwt_mod import wct_null
from pycwt_mod.backends import ExecutorBackend
from pycwt_mod.backends.testing import check_backend

PROBLEM = {"al1": 0.6, "al2": 0.3, "dt": 0.5, "dj": 1 / 4, "s0": 1.0, "J": 12}


def where(_):
    return os.getpid()


def null_on(backend):
    return wct_null(
        **PROBLEM, mc_count=64, rng_seed=1, cache=False, progress=False, backend=backend
    )


@pytest.mark.parametrize(
    "method", [pytest.param(name, marks=pytest.mark.heavy) for name in get_all_start_methods()]
)
def test_executor_works_with_every_start_method(method):
    with ProcessPoolExecutor(2, get_context(method)) as pool:
        backend = ExecutorBackend(pool)
        assert backend.n_workers == 2
        assert os.getpid() not in set(backend.map(where, range(6)))
        # A lambda, which the pool itself could not pickle.
        assert list(backend.map(lambda task: task + 1, range(6))) == list(range(1, 7))
        assert pool.submit(abs, -1).result() == 1


@pytest.mark.heavy
def test_executor_conformance_of_lokys_reusable_pool():
    loky = pytest.importorskip("joblib.externals.loky")
    pool = loky.get_reusable_executor(2)
    try:
        check_backend(ExecutorBackend(pool))
    finally:
        # Joblib would take this very pool for its own, and miss its memory mapping in it.
        pool.shutdown(kill_workers=True)


@pytest.mark.heavy
@pytest.mark.parametrize("n_workers", [None, 1])
def test_executor_conformance_of_a_pool_of_multiprocessing(n_workers):
    with get_context("spawn").Pool(2) as pool:
        check_backend(ExecutorBackend(pool, n_workers))


def test_executor_pool_of_multiprocessing_gives_the_same_counts():
    with get_context("spawn").Pool(2) as pool:
        assert null_on(pool) == null_on("sequential")
        assert os.getpid() not in set(ExecutorBackend(pool).map(where, range(9)))
        assert pool.map(abs, [-1]) == [1]  # it is open


class Mapping:
    """A pool that only maps, such as schwimmbad's, and tells its size."""

    size = 3

    def __init__(self):
        self.calls = []

    def map(self, function, tasks):
        self.calls.append(len(tasks))
        return map(function, tasks)


@pytest.mark.parametrize(
    ("n_workers", "rounds"), [(None, [12, 12, 6]), (2, [2] * 15), (1, [1] * 30)]
)
def test_executor_that_only_maps_is_given_rounds_of_tasks(n_workers, rounds):
    pool = Mapping()
    backend = ExecutorBackend(pool, n_workers)
    assert list(backend.map(abs, range(30))) == list(range(30))
    assert backend.ran_on == ("executor", n_workers or 3)
    assert pool.calls == rounds


def test_executor_in_flight_tasks_are_bounded(thread_pool):
    begun = []
    results = ExecutorBackend(thread_pool).map(begun.append, range(100))
    next(results)
    time.sleep(0.1)
    assert len(begun) <= 5  # twice the workers, and the one that was taken
    results.close()


def span(_):
    begun = time.monotonic()
    time.sleep(0.01)
    return begun, time.monotonic()


@pytest.mark.parametrize(
    "limited", [lambda p: ExecutorBackend(p, 1), lambda p: ExecutorBackend(p).with_n_workers(1)]
)
def test_executor_limit_holds_below_the_pools_size(thread_pool, limited):
    with ThreadPool(2) as silent:  # it does not tell its size
        for pool in (thread_pool, silent):
            spans = list(limited(pool).map(span, range(8)))
            assert all(end <= begun for (_, end), (begun, _) in itertools.pairwise(spans))


def test_executor_counts_its_workers(thread_pool):
    assert ExecutorBackend(thread_pool).n_workers == 2
    with pytest.warns(UserWarning, match="more than the 2 workers of the executor; using 2"):
        assert ExecutorBackend(thread_pool, n_workers=7).n_workers == 2
    with ThreadPool(2) as other:  # which does not tell
        assert ExecutorBackend(other).n_workers == 2  # the cores
        assert ExecutorBackend(other, n_workers=7).n_workers == 7
    assert repr(ExecutorBackend(thread_pool, 1)) == f"ExecutorBackend({thread_pool!r}, n_workers=1)"
    assert ExecutorBackend(thread_pool).get_info()["executor"].endswith(".ThreadPoolExecutor")


@pytest.mark.heavy
@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
def test_executor_that_breaks_is_a_clear_error():
    def die(task):
        if task == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return task

    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        backend = ExecutorBackend(pool)
        for _ in range(2):  # on waiting for a result, and on submitting to what is broken
            with pytest.raises(BrokenExecutor) as caught:
                list(backend.map(die, range(20)))
            (note,) = caught.value.__notes__
            assert "Worker processes died" in note
            assert "make a new one" in note


def test_executor_error_of_a_thread_keeps_its_traceback(thread_pool):
    def fail(task):
        raise LookupError(task)

    with pytest.raises(LookupError) as caught:
        list(ExecutorBackend(thread_pool).map(fail, range(4)))
    assert "fail" in [entry.name for entry in caught.traceback]


def test_executor_nested_in_its_own_worker_does_not_wait_for_ever(thread_pool):
    backend = ExecutorBackend(thread_pool)
    ran_on = set()

    def outer(task):
        inner = ExecutorBackend(thread_pool)
        total = sum(inner.map(abs, range(task)))
        ran_on.add(inner.ran_on)
        return total

    assert list(backend.map(outer, [3, 4, 5, 6])) == [3, 6, 10, 15]
    assert ran_on == {("sequential", 1)}
    assert backend.ran_on == ("executor", 2)


def test_executor_close_leaves_the_pool_open(thread_pool):
    with ExecutorBackend(thread_pool) as backend:
        assert list(backend.map(abs, [-1])) == [1]
    assert thread_pool.submit(abs, -2).result() == 2


class StubbornFuture(Future):
    """Cannot be cancelled, as Parsl's; ipyparallel's may say that they are while they run."""

    def cancel(self):
        raise NotImplementedError


class Stubborn(Executor):
    def __init__(self, pool):
        self.pool = pool

    def submit(self, function, /, *args):
        future = self.pool.submit(function, *args)
        future.__class__ = StubbornFuture
        return future


def test_executor_whose_futures_cannot_be_cancelled_is_waited_for():
    ended = []
    with ThreadPoolExecutor(2) as pool:
        backend = ExecutorBackend(Stubborn(pool), 2)
        results = backend.map(lambda task: time.sleep(0.05) or ended.append(task), range(50))
        next(results)
        results.close()
        n_ended = len(ended)
        time.sleep(0.1)
        assert len(ended) == n_ended < 10


@pytest.mark.parametrize(("wrong", "hint"), [(3, "got 3"), (ThreadPoolExecutor, "Call it to make")])
def test_executor_refuses_what_is_none(wrong, hint):
    with pytest.raises(
        TypeError, match=r"`executor` must be a concurrent\.futures.Executor"
    ) as caught:
        ExecutorBackend(wrong)
    assert hint in str(caught.value)


@pytest.mark.parametrize("kind", [ThreadPool, ThreadPoolExecutor])
def test_executor_that_is_closed_is_told_so(kind):
    pool = kind(1)
    (pool.terminate if kind is ThreadPool else pool.shutdown)()
    with pytest.raises((RuntimeError, ValueError), match=r"not running|after shutdown") as caught:
        list(ExecutorBackend(pool, 1).map(abs, range(3)))
    (note,) = caught.value.__notes__
    assert note.startswith("`backend` is <")
    assert "pass a new one" in note
