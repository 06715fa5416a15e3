"""The options of a simulation: written down once, and told by name."""

import inspect
from typing import get_type_hints

import numpy as np
import pytest

from pycwt_mod import wct, wct_null, wct_significance
from pycwt_mod.montecarlo.options import SimulationKeywords, SimulationOptions

PAIR = np.random.default_rng(0).normal(size=(2, 60))
PROBLEM = (0.5, 0.3, 1.0, 0.5, 2.0, 4)


def test_options_are_the_keywords_of_each_function_that_simulates():
    names = get_type_hints(SimulationKeywords)
    assert get_type_hints(SimulationOptions) == names
    spelled_out = inspect.signature(wct_significance).parameters
    default = SimulationOptions()
    for name in names.keys() - {"surrogate_length"}:
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
