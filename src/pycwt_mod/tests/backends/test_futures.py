"""A few futures in flight: order, window, early end, end of the time."""

import threading
import time
from concurrent.futures import Future

import pytest

from pycwt_mod.backends import Deadline, in_flight


def test_in_flight_keeps_order_and_window(thread_pool):
    submitted, window = [], iter([1, 3, 3, 5, 5, 5] + [2] * 50)

    def submit(task):
        submitted.append(task)
        return thread_pool.submit(abs, task)

    results = in_flight(submit, range(20), lambda: next(window), Deadline())
    assert next(results) == 0
    assert submitted == [0]
    assert next(results) == 1
    assert submitted == [0, 1, 2, 3]
    assert list(results) == list(range(2, 20))


def test_in_flight_left_early_cancels_and_waits(thread_pool):
    begun, ended, go_on = [], [], threading.Event()

    def work(task):
        begun.append(task)
        go_on.wait(30)
        ended.append(task)

    def submit(task):
        return thread_pool.submit(work if task else abs, task)

    results = in_flight(submit, range(20), 6, Deadline())
    next(results)
    threading.Timer(0.05, go_on.set).start()
    results.close()
    assert len(begun) == len(ended) <= 2  # the two that ran


def test_in_flight_does_not_mistake_a_tasks_own_timeout(thread_pool):
    def fail(task):
        raise TimeoutError("of the task")

    with pytest.raises(TimeoutError, match="of the task"):
        list(in_flight(lambda t: thread_pool.submit(fail, t), range(3), 2, Deadline(60.0)))


def test_in_flight_ends_when_the_time_is_over():
    left = []

    def abandon(futures):
        left.extend(futures)

    futures = in_flight(lambda _: Future(), range(9), 2, Deadline(0.05), abandon=abandon)
    begun = time.monotonic()
    with pytest.raises(TimeoutError, match="the time is over"):
        next(futures)
    assert time.monotonic() - begun < 10.0
    assert len(left) == 2
