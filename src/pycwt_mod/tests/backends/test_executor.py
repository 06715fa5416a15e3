"""The caller's own executors: used, never shut down, and clear when they break."""

import os
import signal
import threading
import time
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_all_start_methods, get_context

import pytest

from pycwt_mod.backends import ExecutorBackend
from pycwt_mod.backends.testing import check_backend


def where(_):
    return os.getpid()


def die(task):
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return task


@pytest.mark.parametrize("method", get_all_start_methods())
def test_executor_works_with_every_start_method(method):
    with ProcessPoolExecutor(2, get_context(method)) as pool:
        backend = ExecutorBackend(pool)
        assert backend.n_workers == 2
        assert os.getpid() not in set(backend.map(where, range(6)))
        # A lambda, which the pool itself could not pickle.
        assert list(backend.map(lambda task: task + 1, range(6))) == list(range(1, 7))
        assert pool.submit(abs, -1).result() == 1


def test_executor_conformance_of_lokys_reusable_pool():
    from joblib.externals.loky import get_reusable_executor

    pool = get_reusable_executor(2)
    try:
        check_backend(ExecutorBackend(pool))
    finally:
        # Joblib would take this very pool for its own, and miss its memory mapping in it.
        pool.shutdown(kill_workers=True)


def test_executor_conformance_of_dasks_executor(dask_client):
    check_backend(ExecutorBackend(dask_client.get_executor()))


def test_executor_in_flight_tasks_are_bounded(thread_pool):
    begun = []
    results = ExecutorBackend(thread_pool).map(begun.append, range(100))
    next(results)
    time.sleep(0.2)
    assert len(begun) <= 5  # twice the workers, and the one that was taken
    results.close()


def test_executor_limit_holds_below_the_pools_size(thread_pool):
    running, most = [], []
    lock = threading.Lock()

    def count(task):
        with lock:
            running.append(task)
            most.append(len(running))
        time.sleep(0.01)
        with lock:
            running.remove(task)

    list(ExecutorBackend(thread_pool, n_workers=1).map(count, range(8)))
    assert max(most) == 1


def test_executor_warns_of_more_workers_than_it_has(thread_pool):
    with pytest.warns(UserWarning, match="more than the 2 workers of the executor; using 2"):
        assert ExecutorBackend(thread_pool, n_workers=7).n_workers == 2


def test_executor_that_breaks_is_a_clear_error():
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        backend = ExecutorBackend(pool)
        for _ in range(2):  # on waiting for a result, and on submitting to what is broken
            with pytest.raises(BrokenExecutor) as caught:
                list(backend.map(die, range(20)))
            assert any("Worker processes died" in note for note in caught.value.__notes__)


def test_executor_error_of_a_thread_keeps_its_traceback(thread_pool):
    def fail(task):
        raise LookupError(task)

    with pytest.raises(LookupError) as caught:
        list(ExecutorBackend(thread_pool).map(fail, range(4)))
    assert "fail" in [entry.name for entry in caught.traceback]


def test_executor_nested_in_its_own_worker_does_not_wait_for_ever(thread_pool):
    backend = ExecutorBackend(thread_pool)

    def outer(task):
        return sum(backend.map(abs, range(task)))

    assert list(backend.map(outer, [3, 4, 5, 6])) == [3, 6, 10, 15]


def test_executor_close_leaves_the_pool_open(thread_pool):
    with ExecutorBackend(thread_pool) as backend:
        assert list(backend.map(abs, [-1])) == [1]
    assert thread_pool.submit(abs, -2).result() == 2


@pytest.mark.parametrize(("wrong", "hint"), [(3, "got 3"), (ThreadPoolExecutor, "Call it to make")])
def test_executor_refuses_what_is_none(wrong, hint):
    with pytest.raises(
        TypeError, match=r"`executor` must be a concurrent\.futures.Executor"
    ) as caught:
        ExecutorBackend(wrong)
    assert hint in str(caught.value)
