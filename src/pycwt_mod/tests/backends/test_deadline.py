"""A call's time limit: clear, kept on every backend, and nothing goes on behind it."""

import os
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path

import pytest

from pycwt_mod.backends import ExecutorBackend, JoblibBackend, MCBackend, SequentialBackend
from pycwt_mod.backends.deadline import Alarm, Deadline, OutOfTime

# No test waits for it: a task that is not ended makes the test fail by this.
FOR_EVER = 120.0
# What a loaded machine may need to notice the end.
SOON = 30.0


def work(task):
    """Return a task at once, or mark its beginning and its end, which is far off."""
    folder, index, seconds = task
    if seconds:
        Path(folder, f"{index}-begun").touch()
        time.sleep(seconds)
        Path(folder, f"{index}-ended").touch()
    return index


def tasks_in(folder, n_quick, seconds=FOR_EVER):
    return [(str(folder), k, 0.0) for k in range(n_quick)] + [
        (str(folder), n_quick + k, seconds) for k in range(8)
    ]


def late(backend, tasks, seconds):
    """Run until the time is over; return the results, the error's words and how long it took."""
    deadline = Deadline(seconds, total=len(tasks), unit="task")
    results = []
    begun = time.monotonic()

    def take_all():
        for result in backend.map_until(work, tasks, deadline):
            results.append(result)
            deadline.n_done += 1

    with pytest.raises(TimeoutError) as caught:
        take_all()
    return results, str(caught.value), time.monotonic() - begun


@pytest.mark.parametrize("kind", ["joblib", *get_all_start_methods()])
def test_deadline_ends_tasks_that_run_in_processes(kind, tmp_path):
    if kind == "joblib":
        list(JoblibBackend(2).map(abs, range(4)))  # the start-up is not what is measured
        results, words, seconds = late(JoblibBackend(2), tasks_in(tmp_path, 3), 3.0)
        assert list(JoblibBackend(2).map(abs, range(4))) == [0, 1, 2, 3]
    else:
        with ProcessPoolExecutor(2, get_context(kind)) as pool:
            backend = ExecutorBackend(pool)
            workers = set(backend.map(lambda _: time.sleep(0.05) or os.getpid(), range(8)))
            results, words, seconds = late(backend, tasks_in(tmp_path, 3), 3.0)
            # The caller's workers live on, and work.
            assert workers >= set(backend.map(lambda _: os.getpid(), range(8)))
    assert seconds < SOON
    assert results == [0, 1, 2]
    assert words.startswith("the time is over: `timeout` = 3 s, and 3 of 11 tasks are done.")
    assert list(tmp_path.glob("*-begun"))
    assert not list(tmp_path.glob("*-ended"))


def test_deadline_in_process_is_kept_between_tasks(tmp_path):
    results, words, _ = late(SequentialBackend(), tasks_in(tmp_path, 2, seconds=0.4), 0.2)
    assert results == [0, 1, 2]
    assert "3 of 10 tasks are done" in words
    assert len(list(tmp_path.glob("*-ended"))) == 1


def test_deadline_of_threads_waits_for_the_tasks_that_run(tmp_path, thread_pool):
    for name, backend in (
        ("joblib", JoblibBackend(2, prefer="threads")),
        ("executor", ExecutorBackend(thread_pool)),
    ):
        folder = tmp_path / name
        folder.mkdir()
        results, _, seconds = late(backend, tasks_in(folder, 2, seconds=1.0), 0.3)
        assert results == [0, 1]
        assert seconds < SOON
        assert len(list(folder.glob("*-begun"))) == len(list(folder.glob("*-ended"))) <= 3


def test_deadline_is_none_where_all_is_done_in_time(backend):
    deadline = Deadline(600.0)
    assert list(backend.map_until(abs, range(5), deadline)) == [0, 1, 2, 3, 4]
    assert list(backend.map_until(abs, iter(range(5)), Deadline())) == [0, 1, 2, 3, 4]


def test_deadline_is_not_mistaken_for_a_tasks_own_timeout(backend):
    def fail(task):
        raise TimeoutError("of the task")

    with pytest.raises(TimeoutError, match="of the task"):
        list(backend.map_until(fail, range(6), Deadline(600.0)))


def test_deadline_after_the_last_result_is_no_error():
    results = SequentialBackend().map_until(time.sleep, [0.0, 0.3], Deadline(0.2))
    assert list(results) == [None, None]


def test_deadline_of_a_backend_that_only_maps():
    class Minimal(MCBackend):
        def map(self, kernel, tasks, *, on_done=None):
            return map(kernel, tasks)

    with pytest.raises(TimeoutError, match="the time is over"):
        list(Minimal().map_until(time.sleep, [0.3, 0.3, 0.3], Deadline(0.1)))


def test_deadline_does_not_follow_the_time_of_day(monkeypatch):
    deadline = Deadline(60.0)
    monkeypatch.setattr(time, "time", lambda: 1e12)
    assert not deadline.is_over
    assert 0 < deadline.left <= 60.0


def test_deadline_leaves_no_thread_behind():
    before = threading.active_count()
    list(JoblibBackend(2, prefer="threads").map_until(abs, range(9), Deadline(FOR_EVER)))
    assert not [t for t in threading.enumerate() if isinstance(t, threading.Timer)]
    assert threading.active_count() <= before + 4  # joblib's own pool ends in its own time


def test_alarm_ends_a_kernel_that_catches_exceptions():
    def stubborn(_):
        try:
            time.sleep(FOR_EVER)
        except Exception:
            time.sleep(FOR_EVER)

    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        begun = time.monotonic()
        with pytest.raises(TimeoutError, match="the time is over"):
            list(ExecutorBackend(pool).map_until(stubborn, range(2), Deadline(2.0)))
        assert time.monotonic() - begun < SOON


def test_alarm_rings_and_is_put_away():
    import signal

    with pytest.raises(OutOfTime), Alarm(None, 0.05).armed(sender=-1):
        time.sleep(FOR_EVER)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    with Alarm(None, 0.001).armed(sender=os.getpid()):  # never in the calling process
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("wrong", "error"), [(0, ValueError), (-1.0, ValueError), (True, TypeError), ("1", TypeError)]
)
def test_deadline_refuses_a_wrong_timeout(wrong, error):
    with pytest.raises(error, match="`timeout` must be a positive number of seconds or None, got"):
        Deadline(wrong)
