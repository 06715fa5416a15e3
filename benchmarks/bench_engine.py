"""Time of the parts that users call: `python -m pytest benchmarks/bench_engine.py`.

The stages within a simulation are those of `benchmarks/stages.py`.
"""

from __future__ import annotations

import numpy as np
import pytest

from pycwt_mod import Morlet, cwt, wct
from pycwt_mod.helpers import padded_length
from pycwt_mod.montecarlo.noise import Streams
from pycwt_mod.montecarlo.plan import make_plan
from pycwt_mod.montecarlo.simulate import CountSurrogates


@pytest.mark.parametrize("length", [256, 1000, 4000])
@pytest.mark.parametrize("method", ["full", "multirate"])
def test_block_of_surrogates(benchmark, length, method):
    s0 = 2 / Morlet().flambda()
    J = round(np.log2(length / s0) * 12)
    plan = make_plan(
        (0.6, 0.3), 1.0, 1 / 12, s0, J, Morlet(), method=method, pad=padded_length
    )  # fmt: skip
    benchmark(CountSurrogates(plan, Streams(1)), (0, plan.block_size))


@pytest.mark.parametrize("n", [1000, 20_000])
def test_coherence_of_a_pair(benchmark, n):
    y1, y2 = np.random.default_rng(0).standard_normal((2, n))
    benchmark(wct, y1, y2, 1.0, sig=False)


def test_transform_of_a_series(benchmark):
    y = np.random.default_rng(0).standard_normal(10_000)
    benchmark(cwt, y, 1.0)
