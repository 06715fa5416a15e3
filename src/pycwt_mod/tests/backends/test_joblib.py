"""What is particular to joblib: memory, early ends, nesting, timeouts, dead workers."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest

from pycwt_mod.backends import JoblibBackend
from pycwt_mod.backends.joblib import MAX_AHEAD_PER_WORKER


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def where(_):
    return os.getpid()


def die(task):
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def busy_children():
    import psutil

    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.is_running() and child.cpu_percent(interval=0.2) > 50
    ]


@pytest.mark.parametrize("prefer", ["processes", "threads"])
def test_joblib_memory_is_bounded_with_a_slow_consumer(prefer):
    drawn = []
    n_tasks = 6 * MAX_AHEAD_PER_WORKER
    tasks = (drawn.append(k) or k for k in range(n_tasks))
    for index, result in enumerate(JoblibBackend(2, prefer=prefer).map(abs, tasks)):
        assert result == index
        time.sleep(0.002)
        assert len(drawn) - index <= 2 * MAX_AHEAD_PER_WORKER + 1
    assert len(drawn) == n_tasks


def test_joblib_early_end_neither_warns_nor_leaves_busy_workers():
    results = JoblibBackend(2).map(count_for_ever, range(20))
    next(results)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        results.close()
    assert not caught
    assert not busy_children()


def count_for_ever(task):
    while task:
        pass
    return task


def test_joblib_interrupt_in_the_consumer_ends_the_workers():
    def interrupted():
        for _ in JoblibBackend(2).map(count_for_ever, range(20)):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not busy_children()


def test_joblib_keeps_its_processes_for_the_next_call():
    backend = JoblibBackend(2)
    with backend:
        first = set(backend.map(where, range(8)))
    assert os.getpid() not in first
    assert first | set(backend.map(where, range(8))) == first


def test_joblib_leaves_the_users_own_pool_alive():
    from joblib import Parallel, delayed

    with Parallel(n_jobs=2) as parallel:
        before = set(parallel(delayed(where)(k) for k in range(8)))
        with JoblibBackend(2) as backend:
            list(backend.map(where, range(4)))
        assert os.getpid() not in before
        assert len(parallel(delayed(where)(k) for k in range(8))) == 8


def test_joblib_does_not_change_the_users_joblib_settings():
    from joblib import parallel_config
    from joblib.parallel import get_active_backend

    with parallel_config(backend="threading", n_jobs=1):
        list(JoblibBackend(2).map(where, range(4)))
        backend, n_jobs = get_active_backend()
        assert (type(backend).__name__, n_jobs) == ("ThreadingBackend", 1)


def nested(_):
    return os.getpid(), set(JoblibBackend(2).map(where, range(4)))


def test_joblib_nested_call_stays_in_its_worker():
    for pid, inner in JoblibBackend(2).map(nested, range(2)):
        assert inner == {pid}


def test_joblib_inside_the_users_own_joblib_stays_in_its_worker():
    from joblib import Parallel, delayed

    for pid, inner in Parallel(n_jobs=2)(delayed(nested)(k) for k in range(2)):
        assert inner == {pid}


def test_joblib_single_worker_or_task_runs_in_process():
    assert list(JoblibBackend(1).map(where, range(2))) == [os.getpid()] * 2
    assert list(JoblibBackend(2).map(where, [0])) == [os.getpid()]


@pytest.mark.parametrize("prefer", ["processes", "threads"])
def test_joblib_timeout_is_a_clear_error(prefer):
    backend = JoblibBackend(2, prefer=prefer, timeout=0.3)
    with pytest.raises(TimeoutError, match=r"took longer than `timeout` = 0\.3 s"):
        list(backend.map(sleep, [0.0, 1.5, 0.0]))


def raise_timeout(_):
    raise TimeoutError("of the kernel")


def test_joblib_does_not_mistake_the_kernels_own_timeout():
    with pytest.raises(TimeoutError, match="of the kernel"):
        list(JoblibBackend(2, timeout=60.0).map(raise_timeout, range(4)))


def test_joblib_dead_worker_is_a_clear_error_and_the_next_call_works():
    from concurrent.futures import BrokenExecutor

    with (
        pytest.warns(UserWarning, match=r"killed, out of memory, or crashed\. \d tasks are done"),
        pytest.raises(BrokenExecutor, match="unexpectedly terminated") as caught,
    ):
        list(JoblibBackend(2).map(die, range(8)))
    note = "".join(caught.value.__notes__)
    assert "killed, out of memory, or crashed" in note
    assert re.search(r"task [0-3] \(counted from 0\) is the first without a result, after 3", note)
    assert list(JoblibBackend(2).map(abs, range(8))) == list(range(8))


def die_once(task):
    folder, index = task
    mark = Path(folder, f"died-{index}")
    if index in (3, 7) and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return index


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
def test_joblib_computes_again_what_dead_workers_had(tmp_path):
    done = []
    tasks = ((str(tmp_path), index) for index in range(40))
    with pytest.warns(UserWarning, match="computed again by new processes"):
        found = list(JoblibBackend(2).map(die_once, tasks, on_done=done.append))
    assert found == done == list(range(40))
    assert len(list(tmp_path.iterdir())) == 2


def raise_broken_pool(_):
    from concurrent.futures import BrokenExecutor

    raise BrokenExecutor("of the kernel")


def test_joblib_does_not_mistake_the_kernels_own_broken_pool():
    from concurrent.futures import BrokenExecutor

    with pytest.raises(BrokenExecutor, match="of the kernel"):
        list(JoblibBackend(2).map(raise_broken_pool, range(4)))


def test_joblib_raises_the_first_failing_task_in_task_order():
    def fail(task):
        time.sleep(0.3 if task == 0 else 0.0)
        raise ValueError(f"task {task}")

    for prefer in ("processes", "threads"):
        with pytest.raises(ValueError, match="task 0"):
            list(JoblibBackend(2, prefer=prefer).map(fail, range(4)))


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


def test_joblib_brings_back_exceptions_of_a_script(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from pycwt_mod.backends import JoblibBackend\n"
        "class OwnError(Exception): pass\n"
        "def work(seed):\n"
        "    raise OwnError('mine')\n"
        "try:\n"
        "    JoblibBackend(2).run_monte_carlo(work, 4)\n"
        "except OwnError as error:\n"
        "    assert 'in simulation 0 of 4' in error.__notes__[0]\n"
        "else:\n"
        "    raise SystemExit('nothing was raised')\n"
    )
    # No guard by __name__: loky does not need it.
    environment = {**os.environ, "LOKY_MAX_CPU_COUNT": "2"}
    subprocess.run([sys.executable, str(script)], check=True, timeout=60, env=environment)


def fail_at_two(task):
    time.sleep(0.02)
    if task == 2:
        raise ValueError("task 2")
    return task


def slow_square(task):
    time.sleep(0.05)
    return task * task


def run_with_limit(function, seconds=60.0):
    """Run in a thread, so that a deadlock is a failure and not a hanging suite."""
    outcome = []

    def run():
        try:
            outcome.append((function(), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert outcome, f"no end after {seconds} s"
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


def test_joblib_failing_calls_do_not_break_another_threads_call():
    found = []
    thread = threading.Thread(
        target=lambda: found.extend(JoblibBackend(2).map(slow_square, range(60))), daemon=True
    )
    thread.start()
    time.sleep(0.3)

    def fail_three_times():
        for _ in range(3):
            with pytest.raises(ValueError, match="task 2"):
                list(JoblibBackend(2).map(fail_at_two, range(8)))

    run_with_limit(fail_three_times)
    thread.join(60)
    assert found == [task * task for task in range(60)]


def test_joblib_abandoned_calls_do_not_break_another_threads_call():
    results = JoblibBackend(2).map(slow_square, range(40))
    assert next(results) == 0

    def abandon():
        for _ in range(3):
            other = JoblibBackend(2).map(slow_square, range(8))
            assert next(other) == 0
            other.close()

    run_with_limit(abandon)
    assert list(results) == [task * task for task in range(1, 40)]


def test_joblib_second_call_of_a_thread_does_not_wait_for_its_first():
    def interleaved():
        first = JoblibBackend(2).map(abs, range(50))
        second = JoblibBackend(2).map(abs, range(50))
        return list(zip(first, second, strict=True))

    assert run_with_limit(interleaved) == [(k, k) for k in range(50)]


def test_joblib_waiting_call_moves_to_the_processes_once_they_are_free():
    first = JoblibBackend(2).map(where, range(4))
    next(first)
    second = JoblibBackend(2).map(where, range(8))
    assert next(second) == os.getpid()
    first.close()
    assert os.getpid() not in set(second)


def test_joblib_generator_may_be_closed_in_another_thread():
    results = JoblibBackend(2).map(count_for_ever, range(20))
    next(results)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run_with_limit(results.close)
    assert not caught
    assert not busy_children()
    assert os.getpid() not in set(JoblibBackend(2).map(where, range(4)))


def test_joblib_ran_on_tells_what_really_ran():
    backend = JoblibBackend(2)
    list(backend.map(abs, range(8)))
    assert backend.ran_on == ("joblib", 2)
    list(backend.map(abs, [1]))
    assert backend.ran_on == ("sequential", 1)
    backend.run_monte_carlo(lambda seed: 1, 8)
    assert backend.ran_on == ("joblib", 2)
    backend.run_monte_carlo(lambda seed: 1, 8, n_workers=1)
    assert backend.ran_on == ("sequential", 1)
    threads = JoblibBackend(2, prefer="threads")
    list(threads.map(abs, range(8)))
    assert threads.ran_on == ("joblib", 2)


def test_joblib_ran_on_inside_a_worker_is_sequential():
    def nested(_):
        backend = JoblibBackend(2)
        list(backend.map(abs, range(8)))
        return backend.ran_on

    assert set(JoblibBackend(2).map(nested, range(4))) == {("sequential", 1)}
