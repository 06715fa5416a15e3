"""Chunks, streaming, returned errors and time limits mean the same on every backend."""

import itertools
import os
import pickle
import signal
import threading
import time
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor

import numpy as np
import pytest

from pycwt_mod.backends import (
    ExecutorBackend,
    JoblibBackend,
    MCBackend,
    SequentialBackend,
    SimulationError,
    map_tasks,
    run_monte_carlo,
)


def draw(seed):
    return float(np.random.default_rng(seed).standard_normal())


def number(seed):
    return seed.spawn_key[-1]


class UnpicklableError(Exception):
    def __init__(self, first, lock):
        super().__init__(f"{first} fit")
        self.lock = lock


def fit(seed):
    """Fail in three ways: plainly, with what cannot be pickled, and by leaving."""
    index = seed.spawn_key[-1]
    if index == 3:
        error = ZeroDivisionError("no slope")
        error.add_note("a note")
        raise error
    if index == 11:
        raise UnpicklableError("stubborn", threading.Lock())
    if index == 12:
        raise SystemExit(2)
    return index


@pytest.mark.parametrize("chunk_size", [1, 7, np.int64(50), 1000])
def test_chunk_size_changes_no_result(backend, chunk_size):
    expected = SequentialBackend().run_monte_carlo(draw, 50, seed=1)
    assert backend.run_monte_carlo(draw, 50, seed=1, chunk_size=chunk_size) == expected


def test_chunk_size_is_the_number_of_simulations_per_task():
    calls = []
    SequentialBackend().run_monte_carlo(
        draw, 23, chunk_size=10, progress=lambda done, total: calls.append((done, total))
    )
    assert calls == [(10, 23), (20, 23), (23, 23)]


@pytest.mark.parametrize(
    ("size", "error"), [(0, ValueError), (-1, ValueError), (2.0, TypeError), (True, TypeError)]
)
def test_chunk_size_that_is_wrong_is_refused(size, error):
    with pytest.raises(error, match="`chunk_size` must be a positive integer or None, got"):
        SequentialBackend().run_monte_carlo(draw, 5, chunk_size=size)


def test_on_result_is_handed_every_result_in_order(backend):
    handed = []
    caller = threading.get_ident()
    kept = backend.run_monte_carlo(
        number,
        90,
        seed=1,
        on_result=lambda index, result: handed.append((index, result, threading.get_ident())),
    )
    assert kept == []
    assert handed == [(k, k, caller) for k in range(90)]


def test_on_result_comes_while_others_run(backend):
    progress = []
    seen = []
    backend.run_monte_carlo(
        number,
        60,
        seed=1,
        chunk_size=2,
        progress=lambda done, total: progress.append(done),
        on_result=lambda index, result: seen.append(len(progress)),
    )
    assert seen == [k // 2 for k in range(60)]


def test_on_result_keeps_no_result():
    class Result:
        alive = 0

        def __init__(self):
            Result.alive += 1

        def __del__(self):
            Result.alive -= 1

    most = []
    SequentialBackend().run_monte_carlo(
        lambda seed: Result(), 100, chunk_size=5, on_result=lambda k, r: most.append(Result.alive)
    )
    assert max(most) <= 10


def test_on_result_that_fails_ends_the_run(backend):
    def take(index, result):
        if index == 4:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        backend.run_monte_carlo(number, 2000, chunk_size=1, on_result=take)
    assert backend.run_monte_carlo(number, 3, seed=1) == [0, 1, 2]


def test_on_result_must_be_callable():
    with pytest.raises(TypeError, match="`on_result` must be a callable on_result"):
        SequentialBackend().run_monte_carlo(draw, 5, on_result=3)


def test_return_errors_keeps_the_other_results(backend):
    root = np.random.SeedSequence(5, spawn_key=(2,))
    results = backend.run_monte_carlo(fit, 40, seed=root, return_errors=True)
    failed = {k: r for k, r in enumerate(results) if isinstance(r, SimulationError)}
    assert set(failed) == {3, 11, 12}
    assert all(r == k for k, r in enumerate(results) if k not in failed)
    for index, error in failed.items():
        assert error.index == index
        assert error.seed.spawn_key == (2, index)
        assert error.seed.entropy == 5
        assert "in fit" in error.traceback
    plain = failed[3]
    assert (plain.type_name, plain.message) == ("builtins.ZeroDivisionError", "no slope")
    assert str(plain) == "simulation 3 failed: ZeroDivisionError: no slope"
    assert type(plain.exception) is ZeroDivisionError
    assert plain.exception.__notes__ == ["a note"]
    assert failed[11].exception is None
    assert "UnpicklableError" in failed[11].type_name
    assert "stubborn fit" in failed[11].message
    assert isinstance(failed[12].exception, SystemExit)


def test_return_errors_survive_pickling():
    (error,) = SequentialBackend().run_monte_carlo(
        lambda seed: 1 / 0, 1, seed=3, return_errors=True
    )
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.index, str(copy), copy.traceback) == (0, str(error), error.traceback)
    assert copy.seed.entropy == 3
    assert isinstance(copy.exception, ZeroDivisionError)
    with pytest.raises(SimulationError, match="simulation 0 failed"):
        raise copy


def result_or_lock(seed):
    return threading.Lock() if seed.spawn_key[-1] == 5 else seed.spawn_key[-1]


def test_return_errors_of_a_result_that_cannot_be_sent(process_pool):
    from pycwt_mod.backends import ExecutorBackend

    for backend in (ExecutorBackend(process_pool), JoblibBackend(2)):
        results = backend.run_monte_carlo(result_or_lock, 9, chunk_size=3, return_errors=True)
        assert [r for r in results if not isinstance(r, SimulationError)] == [
            k for k in range(9) if k != 5
        ]
        assert results[5].type_name == "builtins.TypeError"
        assert "the result of type lock cannot be pickled" in results[5].exception.__notes__


def test_return_errors_does_not_hold_back_an_interrupt():
    def interrupt(seed):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SequentialBackend().run_monte_carlo(interrupt, 3, return_errors=True)


def test_return_errors_streams_them_too():
    handed = []
    SequentialBackend().run_monte_carlo(
        fit, 13, seed=1, return_errors=True, on_result=lambda k, r: handed.append(r)
    )
    assert [k for k, r in enumerate(handed) if isinstance(r, SimulationError)] == [3, 11, 12]


def slow_after_ten(seed):
    time.sleep(0.0 if seed.spawn_key[-1] < 10 else 0.5)
    return seed.spawn_key[-1]


@pytest.mark.parametrize("return_errors", [False, True])
def test_timeout_says_how_far_it_came(backend, return_errors):
    handed = []
    backend.run_monte_carlo(number, 4, chunk_size=1)  # workers are started before the clock is
    with pytest.raises(TimeoutError) as caught:
        backend.run_monte_carlo(
            slow_after_ten,
            400,
            chunk_size=1,
            seed=1,
            timeout=3.0,
            return_errors=return_errors,
            on_result=lambda index, result: handed.append(result),
        )
    assert handed == list(range(len(handed)))
    words = f"`timeout` = 3 s, and {len(handed)} of 400 simulations are done"
    assert words in str(caught.value)
    assert 10 <= len(handed) < 40
    assert backend.run_monte_carlo(number, 4) == [0, 1, 2, 3]


def test_timeout_that_suffices_changes_nothing(backend):
    expected = SequentialBackend().run_monte_carlo(draw, 20, seed=1)
    assert backend.run_monte_carlo(draw, 20, seed=1, timeout=600) == expected


def test_timeout_that_is_wrong_is_refused():
    with pytest.raises(ValueError, match="`timeout` must be a positive number of seconds"):
        SequentialBackend().run_monte_carlo(draw, 5, timeout=0)


def test_map_tasks_calls_the_worker_with_each_item(backend):
    assert map_tasks(lambda item: item * 2, range(20), backend=backend) == [
        2 * k for k in range(20)
    ]
    assert map_tasks(str, [], backend=backend) == []
    assert map_tasks(str, iter("ab"), backend=backend, chunk_size=2) == ["a", "b"]


def test_map_tasks_gives_a_seed_only_if_there_is_one(backend):
    def worker(item, *seeds):
        return item, [draw(seed) for seed in seeds]

    expected = SequentialBackend().run_monte_carlo(draw, 7, seed=4)
    assert map_tasks(worker, "abcdefg", backend=backend, seed=4, chunk_size=3) == [
        (letter, [value]) for letter, value in zip("abcdefg", expected, strict=True)
    ]
    assert map_tasks(worker, "ab", backend=backend) == [("a", []), ("b", [])]


def test_map_tasks_errors_name_the_item(backend):
    with pytest.raises(ZeroDivisionError) as caught:
        map_tasks(lambda item: 1 / item, [2, 1, 0, 4], backend=backend)
    assert "in item 2 of 4 (counted from 0)" in caught.value.__notes__
    results = map_tasks(lambda item: 1 / item, [2, 0, 4], backend=backend, return_errors=True)
    assert (results[0], results[2]) == (0.5, 0.25)
    assert str(results[1]) == "item 1 failed: ZeroDivisionError: division by zero"
    assert results[1].seed is None


def test_map_tasks_is_one_task_per_item_and_streams():
    calls = []
    handed = []
    kept = map_tasks(
        str,
        range(5),
        backend="sequential",
        progress=lambda done, total: calls.append((done, total)),
        on_result=lambda index, result: handed.append((index, result)),
    )
    assert kept == []
    assert calls == [(k, 5) for k in range(1, 6)]
    assert handed == [(k, str(k)) for k in range(5)]


def test_map_tasks_timeout_names_items():
    with pytest.raises(TimeoutError, match="1 of 3 items are done"):
        map_tasks(time.sleep, [0.3, 0.3, 0.3], backend="sequential", timeout=0.2)


def test_map_tasks_refuses_a_worker_that_cannot_be_called():
    with pytest.raises(TypeError, match=r"`worker` must be a callable worker\(item\)"):
        map_tasks(3, [1])
    with pytest.raises(ValueError, match="`backend` must be one of"):
        map_tasks(str, [1], backend="sequentual")


def test_run_monte_carlo_function_resolves_its_backend(thread_pool):
    expected = SequentialBackend().run_monte_carlo(draw, 9, seed=4)
    for backend in (None, "sequential", "joblib", thread_pool):
        assert run_monte_carlo(draw, 9, seed=4, backend=backend, n_workers=1) == expected
    assert thread_pool.submit(abs, -1).result() == 1


def test_backend_that_only_maps_does_all_of_it():
    class Minimal(MCBackend):
        def map(self, kernel, tasks, *, on_done=None):
            return map(kernel, tasks)

    handed = []
    Minimal().run_monte_carlo(
        fit,
        13,
        return_errors=True,
        timeout=60,
        chunk_size=2,
        on_result=lambda k, r: handed.append(k),
    )
    assert handed == list(itertools.islice(itertools.count(), 13))


def die_at_five(seed):
    if seed.spawn_key[-1] == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return seed.spawn_key[-1]


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
def test_return_errors_does_not_hide_a_dead_worker():
    with (
        pytest.warns(UserWarning, match="computed again"),
        pytest.raises(BrokenExecutor, match="terminated"),
    ):
        JoblibBackend(2).run_monte_carlo(die_at_five, 20, chunk_size=1, return_errors=True)
    assert JoblibBackend(2).run_monte_carlo(number, 4, seed=1) == [0, 1, 2, 3]


@pytest.mark.parametrize("wrong", ["abc", np.zeros(5), 5, {"a": 1}])
def test_worker_args_that_would_be_taken_apart_are_refused(wrong):
    with pytest.raises(TypeError, match=r"`worker_args` must be a tuple or list.*Write \(x,\)"):
        SequentialBackend().run_monte_carlo(number, 3, wrong)


def test_worker_kwargs_that_are_no_mapping_are_refused():
    with pytest.raises(TypeError, match="`worker_kwargs` must be a mapping"):
        SequentialBackend().run_monte_carlo(number, 3, worker_kwargs=[1])


def test_items_that_are_none_are_refused():
    with pytest.raises(TypeError, match="`items` must be an iterable of items, got 5 of type int"):
        map_tasks(abs, 5)


def stop_everything(seed):
    raise KeyboardInterrupt("of the worker")


@pytest.mark.skipif(os.name != "posix", reason="starts processes by fork")
def test_interrupt_of_a_worker_arrives_and_ends_no_process():
    # In a worker of dask's it would end the process, with what others have there.
    with ProcessPoolExecutor(1) as pool:
        (pid,) = [pool.submit(os.getpid).result()]
        with pytest.raises(KeyboardInterrupt):
            ExecutorBackend(pool).run_monte_carlo(stop_everything, 2)
        assert pool.submit(os.getpid).result() == pid
