"""`run_monte_carlo` and `map_tasks`: seeds, chunks, streaming, errors, time limits, arguments."""

import pickle
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod.backends import (
    ExecutorBackend,
    JoblibBackend,
    SequentialBackend,
    SimulationError,
    map_tasks,
    run_monte_carlo,
)

ALONE = SequentialBackend()


def draw(seed, scale=1.0, offset=0.0):
    return offset + scale * np.random.default_rng(seed).standard_normal()


def number(seed):
    return seed.spawn_key[-1]


def expected_draws(n, entropy, spawn_key=(), pool_size=4):
    def child(i):
        key = (*spawn_key, i)
        return np.random.SeedSequence(entropy, spawn_key=key, pool_size=pool_size)

    return [2.0 * np.random.default_rng(child(i)).standard_normal() for i in range(n)]


@given(
    n=st.integers(1, 60),
    shorter=st.integers(1, 60),
    entropy=st.integers(0, 2**70),
    key=st.lists(st.integers(0, 99), max_size=3),
    chunk_size=st.none() | st.integers(1, 100),
)
def test_run_monte_carlo_gives_each_simulation_its_own_child_seed(
    n, shorter, entropy, key, chunk_size
):
    root = np.random.SeedSequence(entropy, spawn_key=key, pool_size=8)
    root.spawn(3)
    found = ALONE.run_monte_carlo(draw, n, (2.0,), seed=root, chunk_size=chunk_size)
    assert found == expected_draws(n, entropy, tuple(key), 8)
    assert root.n_children_spawned == 3
    # The first of a longer run are those of a shorter one.
    some = ALONE.run_monte_carlo(draw, min(n, shorter), (2.0,), seed=root)
    assert some == found[: min(n, shorter)]
    # And so are integers.
    found = ALONE.run_monte_carlo(draw, n, (2.0,), seed=entropy)
    assert found == expected_draws(n, entropy)


def test_run_monte_carlo_without_a_seed_differs_each_time():
    first, second = (ALONE.run_monte_carlo(draw, 3) for _ in range(2))
    assert not set(first) & set(second)


@pytest.mark.parametrize("seed", [np.int64(5), np.uint8(5), 5])
def test_run_monte_carlo_takes_any_integer_seed(seed):
    assert ALONE.run_monte_carlo(draw, 3, (2.0,), seed=seed) == expected_draws(3, 5)


def test_run_monte_carlo_takes_keywords_lambdas_and_closures(backend):
    power = 3
    results = backend.run_monte_carlo(
        lambda seed, x, *, offset: x**power + seed.spawn_key[0] + offset, 4, (2,), {"offset": 1}
    )
    assert results == [9, 10, 11, 12]


REFUSED = {
    "`seed` must be a non-negative integer": (
        "seed",
        [
            (-1, ValueError),
            (True, TypeError),
            (1.0, TypeError),
            ("1", TypeError),
            (np.random.default_rng(1), TypeError),
        ],
    ),
    "`n_simulations` must be (an integer|at least 1)": (
        "n_simulations",
        [(0, ValueError), (-5, ValueError), (2.5, ValueError), (True, TypeError)],
    ),
    "`n_workers` must be a positive integer or -1, got": (
        "n_workers",
        [(0, ValueError), (-2, ValueError), (True, TypeError), (2.0, TypeError), ("2", TypeError)],
    ),
    "`chunk_size` must be (an integer|at least 1)": (
        "chunk_size",
        [(0, ValueError), (-1, ValueError), (2.5, ValueError), (True, TypeError)],
    ),
    "`timeout` must be a positive number of seconds": ("timeout", [(0, ValueError)]),
    r"`on_result` must be a callable on_result": ("on_result", [(3, TypeError)]),
    r"`worker` must be a callable worker\(seed": ("worker", [(3, TypeError)]),
    r"`worker_args` must be a tuple or list.*Write \(x,\)": (
        "worker_args",
        [(wrong, TypeError) for wrong in ("abc", np.zeros(5), 5, {"a": 1})],
    ),
    "`worker_kwargs` must be a mapping": ("worker_kwargs", [([1], TypeError)]),
}


@pytest.mark.parametrize("words", REFUSED)
def test_run_monte_carlo_refuses_wrong_arguments(words):
    name, cases = REFUSED[words]
    for wrong, error in cases:
        with pytest.raises(error, match=words):
            ALONE.run_monte_carlo(**{"worker": draw, "n_simulations": 3, name: wrong})


def test_run_monte_carlo_prints_nothing_by_default(backend, capfd):
    backend.run_monte_carlo(draw, 5, seed=1)
    assert capfd.readouterr() == ("", "")


def test_progress_moves_by_a_few_per_cent_and_by_chunks(backend):
    for chunk_size, steps in ((None, 40), (10, 12)):
        calls = []
        backend.run_monte_carlo(
            draw, 120, chunk_size=chunk_size, progress=lambda *now, calls=calls: calls.append(now)
        )
        assert calls == sorted(calls)
        assert calls[-1] == (120, 120)
        assert len(calls) >= steps


def test_on_result_is_handed_every_result_in_order_while_others_run(backend):
    caller = threading.get_ident()
    handed, progress = [], []
    kept = backend.run_monte_carlo(
        number,
        60,
        chunk_size=2,
        progress=lambda done, total: progress.append(done),
        on_result=lambda k, result: handed.append(
            (k, result, len(progress), threading.get_ident())
        ),
    )
    assert kept == []
    assert handed == [(k, k, k // 2, caller) for k in range(60)]


def test_on_result_keeps_no_result():
    class Result:
        alive = 0

        def __init__(self):
            Result.alive += 1

        def __del__(self):
            Result.alive -= 1

    most = []
    ALONE.run_monte_carlo(
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


def test_return_errors_keeps_the_other_results(backend):
    root = np.random.SeedSequence(5, spawn_key=(2,))
    handed = {}
    results = backend.run_monte_carlo(fit, 40, seed=root, return_errors=True)
    backend.run_monte_carlo(fit, 40, return_errors=True, on_result=handed.__setitem__)
    failed = {k: r for k, r in enumerate(results) if isinstance(r, SimulationError)}
    assert set(failed) == {3, 11, 12}
    assert {k for k, r in handed.items() if isinstance(r, SimulationError)} == {3, 11, 12}
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
    assert "UnpicklableError" in failed[11].type_name
    assert "stubborn fit" in failed[11].message
    assert isinstance(failed[12].exception, SystemExit)


def test_return_errors_survive_pickling():
    (error,) = ALONE.run_monte_carlo(lambda seed: 1 / 0, 1, seed=3, return_errors=True)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.index, str(copy), copy.traceback) == (0, str(error), error.traceback)
    assert copy.seed.entropy == 3
    assert isinstance(copy.exception, ZeroDivisionError)
    with pytest.raises(SimulationError, match="simulation 0 failed"):
        raise copy


def result_or_lock(seed):
    return threading.Lock() if seed.spawn_key[-1] == 5 else seed.spawn_key[-1]


def test_return_errors_of_a_result_that_cannot_be_sent(process_pool):
    for backend in (ExecutorBackend(process_pool), JoblibBackend(2)):
        results = backend.run_monte_carlo(result_or_lock, 9, chunk_size=3, return_errors=True)
        good = [r for r in results if not isinstance(r, SimulationError)]
        assert good == [k for k in range(9) if k != 5]
        assert results[5].type_name == "builtins.TypeError"
        assert "the result of type lock cannot be pickled" in results[5].exception.__notes__


@pytest.mark.parametrize("kind", [ZeroDivisionError, StopIteration, SystemExit, GeneratorExit])
def test_exception_of_a_simulation_has_its_number_in_a_note(backend, kind):
    def leave(seed):
        if seed.spawn_key[-1] == 5:
            raise kind("enough")
        return 1

    expected = RuntimeError if kind is StopIteration else kind
    with pytest.raises(expected, match="enough") as caught:
        backend.run_monte_carlo(leave, 12, seed=1)
    assert "in simulation 5 of 12 (counted from 0)" in caught.value.__notes__
    assert kind is not StopIteration or "the worker raised StopIteration" in str(caught.value)


def interrupt(seed):
    raise KeyboardInterrupt("of the worker")


def test_interrupt_is_no_error_of_a_simulation():
    for return_errors in (False, True):
        with pytest.raises(KeyboardInterrupt) as caught:
            ALONE.run_monte_carlo(interrupt, 3, return_errors=return_errors)
        assert not hasattr(caught.value, "__notes__")


def test_interrupt_of_a_worker_arrives_and_ends_no_process(process_pool):
    # In a worker of dask's it would end the process, with what others have there.
    backend = ExecutorBackend(process_pool)
    with pytest.raises(KeyboardInterrupt):
        backend.run_monte_carlo(interrupt, 2)
    assert process_pool.submit(abs, -1).result() == 1


def quick_then_slow(seed):
    time.sleep(0.0 if seed.spawn_key[-1] < 3 else 0.1)
    return seed.spawn_key[-1]


@pytest.mark.parametrize("return_errors", [False, True])
def test_timeout_says_how_far_it_came(backend, return_errors):
    handed = []
    backend.run_monte_carlo(number, 4, chunk_size=1)  # workers are started before the clock is
    with pytest.raises(TimeoutError) as caught:
        backend.run_monte_carlo(
            quick_then_slow,
            400,
            chunk_size=1,
            timeout=0.3,
            return_errors=return_errors,
            on_result=lambda index, result: handed.append(result),
        )
    assert handed == list(range(len(handed)))
    words = f"`timeout` = 0.3 s, and {len(handed)} of 400 simulations are done"
    assert words in str(caught.value)
    assert len(handed) < 40
    expected = ALONE.run_monte_carlo(draw, 20, seed=1)
    assert backend.run_monte_carlo(draw, 20, seed=1, timeout=600) == expected


class CountingArgument:
    """Tells how often it was pickled."""

    n_pickled = 0

    def __reduce__(self):
        type(self).n_pickled += 1
        return CountingArgument, ()


def test_arguments_are_pickled_once_per_call(process_pool):
    CountingArgument.n_pickled = 0
    backend = ExecutorBackend(process_pool)
    backend.run_monte_carlo(lambda seed, argument: 0, 500, (CountingArgument(),))
    assert CountingArgument.n_pickled == 1


def test_map_tasks_calls_the_worker_with_each_item(backend):
    expected = [2 * k for k in range(20)]
    assert map_tasks(lambda item: item * 2, range(20), backend=backend) == expected
    assert map_tasks(str, [], backend=backend) == []
    assert map_tasks(str, iter("ab"), backend=backend, chunk_size=2) == ["a", "b"]


def test_map_tasks_gives_a_seed_only_if_there_is_one(backend):
    def worker(item, *seeds):
        return item, [draw(seed) for seed in seeds]

    expected = ALONE.run_monte_carlo(draw, 7, seed=4)
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
    calls, handed = [], []
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
        map_tasks(time.sleep, [0.1, 0.1, 0.1], backend="sequential", timeout=0.05)


def test_map_tasks_refuses_wrong_arguments():
    with pytest.raises(TypeError, match=r"`worker` must be a callable worker\(item\)"):
        map_tasks(3, [1])
    with pytest.raises(ValueError, match="`backend` must be one of"):
        map_tasks(str, [1], backend="sequentual")
    with pytest.raises(TypeError, match="`items` must be an iterable of items, got 5 of type int"):
        map_tasks(abs, 5)


def test_run_monte_carlo_function_resolves_its_backend(thread_pool):
    expected = ALONE.run_monte_carlo(draw, 9, seed=4)
    for backend in (None, "sequential", "joblib", thread_pool):
        assert run_monte_carlo(draw, 9, seed=4, backend=backend, n_workers=1) == expected
    assert thread_pool.submit(abs, -1).result() == 1
