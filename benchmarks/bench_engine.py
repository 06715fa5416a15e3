"""The stages of one block of surrogates: `python -m pytest benchmarks/bench_engine.py`."""

from __future__ import annotations

import numpy as np
import pytest

from pycwt_mod import Morlet, cwt, wct
from pycwt_mod.arrays import NUMPY
from pycwt_mod.boxcar import RunningSum
from pycwt_mod.coherence import _pack_fields, squared_coherence
from pycwt_mod.filters import filtered
from pycwt_mod.helpers import padded_length
from pycwt_mod.montecarlo.noise import Streams, ar1_pairs
from pycwt_mod.montecarlo.plan import make_plan
from pycwt_mod.montecarlo.simulate import CountSurrogates


@pytest.fixture(params=[256, 1000, 4000])
def plan(request):
    s0 = 2 / Morlet().flambda()
    J = round(np.log2(request.param / s0) * 12)
    return make_plan((0.6, 0.3), 1.0, 1 / 12, s0, J, Morlet(), pad=padded_length)


@pytest.fixture
def fields(plan):
    shape = (2, plan.block_size, plan.n_fft)
    return np.random.default_rng(0).standard_normal(shape) + 1j


def test_whole_block(benchmark, plan):
    kernel = CountSurrogates(plan, Streams(1))
    benchmark(kernel, (0, plan.block_size))


def test_noise(benchmark, plan):
    benchmark(ar1_pairs, Streams(1), range(plan.block_size), plan.n_times, (0.6, 0.3))


def test_fft_of_one_scale(benchmark, fields):
    def run():
        fields[...] = 1.0
        return NUMPY.fft(fields)

    benchmark(run)


def test_filter_of_one_scale(benchmark, plan, fields):
    row = plan.bank().filters[plan.n_scales // 2]
    source, target = fields[..., : row.n_fft], np.empty_like(fields[..., : row.n_fft])
    benchmark(filtered, source, row.wavelet, target, NUMPY)


def test_products_of_one_scale(benchmark, plan, fields):
    scratch = np.empty((plan.block_size, 2 * plan.n_times))
    W = fields[..., : plan.n_times]
    benchmark(_pack_fields, W, np.empty_like(fields), scratch, NUMPY)


def test_boxcar_of_one_scale(benchmark, plan, fields):
    row = fields[..., : plan.n_times]
    running, out = RunningSum(13, row.shape, NUMPY), np.empty_like(row)
    benchmark(running.push, row, out)


def test_quotient_of_one_scale(benchmark, plan, fields):
    S = fields[..., : plan.n_times].copy()
    R2 = np.empty(S.shape[1:])
    benchmark(squared_coherence, S, R2, np.empty((plan.block_size, 2 * plan.n_times)))


@pytest.mark.parametrize("n", [1000, 20_000])
def test_coherence_of_a_pair(benchmark, n):
    y1, y2 = np.random.default_rng(0).standard_normal((2, n))
    benchmark(wct, y1, y2, 1.0, sig=False)


def test_transform_of_a_series(benchmark):
    y = np.random.default_rng(0).standard_normal(10_000)
    benchmark(cwt, y, 1.0)
