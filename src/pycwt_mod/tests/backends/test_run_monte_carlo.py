"""`run_monte_carlo` means the same on every backend."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod.backends import JoblibBackend, MCBackend, SequentialBackend
from pycwt_mod.backends.base import split_evenly


def draw(seed, scale, offset=0.0):
    return offset + scale * np.random.default_rng(seed).standard_normal()


def fail_at_17(seed):
    if seed.spawn_key[-1] == 17:
        raise ZeroDivisionError("the seventeenth")
    return 0


def kind_and_sum(seed, array):
    return type(array).__name__, float(array[:10].sum())


def expected_draws(n, entropy, spawn_key=(), pool_size=4):
    return [
        2.0
        * np.random.default_rng(
            np.random.SeedSequence(entropy, spawn_key=(*spawn_key, i), pool_size=pool_size)
        ).standard_normal()
        for i in range(n)
    ]


def test_run_monte_carlo_gives_each_simulation_its_own_child_seed(backend):
    assert backend.run_monte_carlo(draw, 101, (2.0,), seed=42) == expected_draws(101, 42)


def test_run_monte_carlo_prefix_of_a_longer_run(backend):
    long = backend.run_monte_carlo(draw, 60, (2.0,), seed=7)
    assert backend.run_monte_carlo(draw, 13, (2.0,), seed=7) == long[:13]


def test_run_monte_carlo_passes_keywords(backend):
    shifted = backend.run_monte_carlo(draw, 5, (2.0,), {"offset": 3.0}, seed=1)
    assert shifted == [3.0 + x for x in expected_draws(5, 1)]


def test_run_monte_carlo_takes_lambdas_and_closures(backend):
    power = 3
    results = backend.run_monte_carlo(lambda seed, x: x**power + seed.spawn_key[0], 4, (2,), seed=1)
    assert results == [8, 9, 10, 11]


def test_run_monte_carlo_raises_the_simulations_own_error_with_its_number(backend):
    with pytest.raises(ZeroDivisionError, match="the seventeenth") as caught:
        backend.run_monte_carlo(fail_at_17, 40, seed=1)
    assert any("in simulation 17 of 40" in note for note in caught.value.__notes__)


def test_run_monte_carlo_keeps_a_seed_sequence_unchanged(backend):
    root = np.random.SeedSequence(9, spawn_key=(4, 2), pool_size=8)
    root.spawn(3)
    found = backend.run_monte_carlo(draw, 6, (2.0,), seed=root)
    assert found == expected_draws(6, 9, (4, 2), 8)
    assert root.n_children_spawned == 3


def test_run_monte_carlo_without_a_seed_differs_each_time():
    backend = SequentialBackend()
    first, second = (backend.run_monte_carlo(draw, 3, (1.0,)) for _ in range(2))
    assert not set(first) & set(second)


@pytest.mark.parametrize("seed", [np.int64(5), np.uint8(5), 5])
def test_run_monte_carlo_takes_any_integer_seed(seed):
    assert SequentialBackend().run_monte_carlo(draw, 3, (2.0,), seed=seed) == expected_draws(3, 5)


@pytest.mark.parametrize(
    ("seed", "error"),
    [
        (-1, ValueError),
        (True, TypeError),
        (1.0, TypeError),
        ("1", TypeError),
        (np.random.default_rng(1), TypeError),
    ],
)
def test_run_monte_carlo_refuses_a_wrong_seed(seed, error):
    with pytest.raises(error, match="`seed` must be a non-negative integer"):
        SequentialBackend().run_monte_carlo(draw, 3, (2.0,), seed=seed)


@pytest.mark.parametrize(
    ("number", "error"), [(0, ValueError), (-5, ValueError), (2.0, TypeError), (True, TypeError)]
)
def test_run_monte_carlo_refuses_a_wrong_number_of_simulations(number, error):
    with pytest.raises(error, match="`n_simulations` must be a positive integer"):
        SequentialBackend().run_monte_carlo(draw, number, (2.0,))


def test_run_monte_carlo_refuses_a_worker_that_cannot_be_called():
    with pytest.raises(TypeError, match="`worker` must be a callable"):
        SequentialBackend().run_monte_carlo(3, 10)


@pytest.mark.parametrize(
    ("number", "error"),
    [(0, ValueError), (-2, ValueError), (True, TypeError), (2.0, TypeError), ("2", TypeError)],
)
def test_run_monte_carlo_refuses_a_wrong_number_of_workers(backend, number, error):
    with pytest.raises(error, match="`n_workers` must be a positive integer or -1, got"):
        backend.run_monte_carlo(draw, 3, (2.0,), n_workers=number)


@pytest.mark.parametrize("n_workers", [None, -1, 1, 2])
def test_run_monte_carlo_does_not_depend_on_the_number_of_workers(n_workers):
    found = JoblibBackend().run_monte_carlo(draw, 33, (2.0,), seed=3, n_workers=n_workers)
    assert found == expected_draws(33, 3)


def test_run_monte_carlo_warns_of_more_workers_than_cores():
    with pytest.warns(UserWarning, match="`n_workers` is 9999, more than the 2 available cores"):
        found = JoblibBackend().run_monte_carlo(draw, 8, (2.0,), seed=3, n_workers=9999)
    assert found == expected_draws(8, 3)


def test_run_monte_carlo_shows_progress_of_every_simulation(backend):
    calls = []
    backend.run_monte_carlo(
        draw, 120, (1.0,), seed=1, progress=lambda done, total: calls.append((done, total))
    )
    assert calls == sorted(calls)
    assert calls[-1] == (120, 120)
    assert len(calls) >= 40  # it moves in steps of a few per cent


def test_run_monte_carlo_prints_nothing_by_default(backend, capfd):
    backend.run_monte_carlo(draw, 5, (1.0,), seed=1)
    assert capfd.readouterr() == ("", "")


def test_run_monte_carlo_pickles_small_arrays():
    kinds = JoblibBackend(2).run_monte_carlo(kind_and_sum, 4, (np.arange(10.0),), seed=1)
    assert set(kinds) == {("ndarray", 45.0)}


class CountingArgument:
    """Tells how often it was pickled."""

    n_pickled = 0

    def __reduce__(self):
        type(self).n_pickled += 1
        return CountingArgument, ()


def ignore(seed, argument):
    return 0


def test_run_monte_carlo_pickles_arguments_far_less_often_than_it_simulates(process_pool):
    from pycwt_mod.backends import ExecutorBackend

    CountingArgument.n_pickled = 0
    ExecutorBackend(process_pool).run_monte_carlo(ignore, 500, (CountingArgument(),), seed=1)
    assert CountingArgument.n_pickled == 1


def test_run_monte_carlo_works_on_a_backend_that_only_maps():
    class Minimal(MCBackend):
        name = "minimal"

        def map(self, kernel, tasks, *, on_done=None):
            return map(kernel, tasks)

    assert Minimal().run_monte_carlo(draw, 9, (2.0,), seed=4) == expected_draws(9, 4)


@given(n_items=st.integers(1, 5000), n_tasks=st.integers(1, 300))
def test_split_evenly_covers_all_items_once(n_items, n_tasks):
    blocks = split_evenly(n_items, n_tasks)
    assert [i for block in blocks for i in block] == list(range(n_items))
    assert len(blocks) == min(n_items, n_tasks)
    assert max(map(len, blocks)) - min(map(len, blocks)) <= 1


@pytest.mark.parametrize("kind", [StopIteration, SystemExit, GeneratorExit])
def test_run_monte_carlo_names_the_simulation_of_any_exception(backend, kind):
    def leave(seed):
        if seed.spawn_key[-1] == 5:
            raise kind("enough")
        return 1

    expected = RuntimeError if kind is StopIteration else kind
    with pytest.raises(expected, match="enough") as caught:
        backend.run_monte_carlo(leave, 12, seed=1)
    assert "in simulation 5 of 12 (counted from 0)" in caught.value.__notes__
    assert kind is not StopIteration or "the worker raised StopIteration" in str(caught.value)


def test_run_monte_carlo_leaves_an_interrupt_alone():
    def interrupt(seed):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        SequentialBackend().run_monte_carlo(interrupt, 3)
    assert not hasattr(caught.value, "__notes__")
