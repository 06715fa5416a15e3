"""A call's time limit: clear, kept between tasks, and nothing goes on behind it."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from pycwt_mod.backends import Deadline, JoblibBackend, SequentialBackend

# No test waits for it: a task that is not ended makes the test fail by this.
FOR_EVER = 120.0
# What a loaded machine may need to notice the end.
SOON = 30.0


def work(task):
    """Return a task at once, or mark its beginning and its end."""
    folder, index, seconds = task
    if seconds:
        Path(folder, f"{index}-begun").touch()
        time.sleep(seconds)
        Path(folder, f"{index}-ended").touch()
    return index


def late(backend, folder, n_quick, slow_seconds, limit):
    """Run until the time is over; return the results, the error's words and how long it took."""
    tasks = [(str(folder), k, 0.0 if k < n_quick else slow_seconds) for k in range(n_quick + 8)]
    deadline = Deadline(limit, total=len(tasks), unit="task")
    results = []

    def take_all():
        for result in backend.map(work, tasks, deadline=deadline):
            results.append(result)
            deadline.n_done += 1

    begun = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        take_all()
    assert time.monotonic() - begun < SOON
    return results, str(caught.value)


@pytest.mark.heavy
def test_deadline_ends_tasks_that_run_in_processes_of_joblib(tmp_path):
    list(JoblibBackend(2).map(abs, range(4)))  # the start-up is not what is measured
    results, words = late(JoblibBackend(2), tmp_path, 3, FOR_EVER, 2.0)
    assert results == [0, 1, 2]
    assert words.startswith("the time is over: `timeout` = 2 s, and 3 of 11 tasks are done.")
    assert list(tmp_path.glob("*-begun"))
    assert not list(tmp_path.glob("*-ended"))
    assert list(JoblibBackend(2).map(abs, range(4))) == [0, 1, 2, 3]


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["joblib-threads", "executor-threads", "executor-processes"])
def test_deadline_waits_for_tasks_that_cannot_be_stopped(tmp_path, name, make_backend):
    backend = make_backend(name)
    list(backend.map(abs, range(4)))
    # Time enough for the two quick tasks on a busy machine, and not for the others.
    results, words = late(backend, tmp_path, 2, 3.0, 2.0)
    assert results == [0, 1]
    assert "2 of 10 tasks are done" in words
    # The caller's workers live on; those that ran have ended, and no more begin.
    n_begun = len(list(tmp_path.glob("*-begun")))
    assert n_begun == len(list(tmp_path.glob("*-ended"))) <= 4
    assert list(backend.map(abs, range(4))) == [0, 1, 2, 3]


def test_deadline_in_process_is_kept_between_tasks(tmp_path):
    results, words = late(SequentialBackend(), tmp_path, 2, 0.8, 0.6)
    assert results == [0, 1, 2]
    assert "3 of 10 tasks are done" in words
    assert len(list(tmp_path.glob("*-ended"))) == 1


def test_deadline_is_none_where_all_is_done_in_time(backend):
    assert list(backend.map(abs, range(5), deadline=Deadline(600.0))) == [0, 1, 2, 3, 4]
    assert list(backend.map(abs, iter(range(5)), deadline=Deadline())) == [0, 1, 2, 3, 4]


def test_deadline_is_not_mistaken_for_a_tasks_own_timeout(backend):
    def fail(task):
        raise TimeoutError("of the task")

    with pytest.raises(TimeoutError, match="of the task"):
        list(backend.map(fail, range(6), deadline=Deadline(600.0)))


def test_deadline_after_the_last_result_is_no_error():
    results = SequentialBackend().map(time.sleep, [0.0, 0.1], deadline=Deadline(0.05))
    assert list(results) == [None, None]


def test_deadline_does_not_follow_the_time_of_day(monkeypatch):
    deadline = Deadline(60.0)
    monkeypatch.setattr(time, "time", lambda: 1e12)
    assert not deadline.is_over
    assert 0 < deadline.left <= 60.0
    assert Deadline().left is None


def test_deadline_leaves_no_thread_behind():
    before = threading.active_count()
    list(JoblibBackend(2, prefer="threads").map(abs, range(9), deadline=Deadline(FOR_EVER)))
    assert not [t for t in threading.enumerate() if isinstance(t, threading.Timer)]
    assert threading.active_count() <= before + 4  # joblib's own pool ends in its own time


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (0, ValueError),
        (-1.0, ValueError),
        (float("nan"), ValueError),
        (True, TypeError),
        (np.True_, TypeError),
        ("1", TypeError),
    ],
)
def test_deadline_refuses_a_wrong_timeout(wrong, error):
    with pytest.raises(error, match="`timeout` must be a positive number of seconds or None, got"):
        Deadline(wrong)
