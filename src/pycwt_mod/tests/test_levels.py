"""The options of a simulation: written down once, and told by name."""

import inspect
from typing import get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod import wct, wct_matrix, wct_null, wct_significance
from pycwt_mod.backends import map_tasks, run_monte_carlo
from pycwt_mod.montecarlo.options import SimulationKeywords, SimulationOptions

PAIR = np.random.default_rng(0).normal(size=(2, 60))
PROBLEM = (0.5, 0.3, 1.0, 0.5, 2.0, 4)


def test_options_are_the_keywords_of_each_function_that_simulates():
    names = get_type_hints(SimulationKeywords)
    assert get_type_hints(SimulationOptions) == names
    spelled_out = inspect.signature(wct_significance).parameters
    default = SimulationOptions()
    for name in names.keys() - {"surrogate_length", "fixed"}:
        assert spelled_out[name].default == getattr(default, name)


@pytest.mark.parametrize(
    ("function", "arguments"), [(wct, (*PAIR, 1.0)), (wct_null, PROBLEM)], ids=["wct", "wct_null"]
)
def test_unknown_option_is_told_with_the_nearest_name(function, arguments):
    message = r"unexpected keyword argument 'mccount'. Did you mean 'mc_count'\? It takes mc_count,"
    with pytest.raises(TypeError, match=message):
        function(*arguments, mccount=20)


def test_surrogates_as_long_as_the_record_need_a_record():
    with pytest.raises(ValueError, match=r"`surrogate_length='record'` needs a record.*`n_s"):
        wct_null(*PROBLEM, surrogate_length="record")


def test_options_are_checked_though_no_level_is_wanted():
    with pytest.raises(ValueError, match="`mc_count` must be at least 1, got 0"):
        wct(*PAIR, 1.0, sig=False, mc_count=0)


def _null(**seeds):
    return wct_null(*PROBLEM, mc_count=10, progress=False, cache=False, **seeds)


@given(seed=st.integers(0, 2**64))
def test_rng_takes_a_seed_as_rng_seed_does(seed):
    for same in (seed, np.random.SeedSequence(seed)):
        assert SimulationOptions(rng=same).seed.state == SimulationOptions(rng_seed=seed).seed.state


def test_generator_gives_a_seed_that_the_result_knows():
    for generator in (np.random.default_rng(5), np.random.PCG64(5)):
        first, second = (_null(rng=generator) for _ in range(2))
        assert (first.counts != second.counts).any()
        again = _null(rng_seed=first.provenance["entropy"])
        np.testing.assert_array_equal(first.counts, again.counts)


QUICK = {"mc_count": 10, "progress": False, "cache": False}
CALLS = {
    "wct": lambda rng: wct(*PAIR, 1.0, 0.5, rng=rng, **QUICK)[4],
    "wct_significance": lambda rng: wct_significance(*PROBLEM, rng=rng, **QUICK),
    "wct_matrix": lambda rng: wct_matrix(PAIR, 1.0, dj=0.5, rng=rng, **QUICK).pvalue,
    "run_monte_carlo": lambda rng: run_monte_carlo(
        np.random.SeedSequence.generate_state, 2, (1,), rng=rng
    ),
    "map_tasks": lambda rng: map_tasks(lambda _, seed: seed.generate_state(1), [1, 2], rng=rng),
}


@pytest.mark.parametrize("name", CALLS)
def test_generator_is_drawn_from_once_and_its_seed_repeats_the_call(name):
    moved, expected = np.random.default_rng(7), np.random.default_rng(7)
    found = CALLS[name](moved)
    seed = int.from_bytes(expected.bytes(16), "little")
    assert moved.bit_generator.state == expected.bit_generator.state
    np.testing.assert_array_equal(found, CALLS[name](seed))


def test_two_seeds_at_once_are_refused():
    with pytest.raises(TypeError, match="`rng` and `rng_seed` are the same: pass one of them"):
        _null(rng=1, rng_seed=1)
    with pytest.raises(TypeError, match="`rng` and `seed` are the same"):
        run_monte_carlo(len, 1, seed=1, rng=2)
    with pytest.raises(TypeError, match=r"`rng` must be a seed .*got RandomState"):
        _null(rng=np.random.RandomState(1))
