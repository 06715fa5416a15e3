"""Cycles that two series share: found where they make noise coherent, and not in noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod import rednoise, wct, xwt
from pycwt_mod.summary import common_cycle


def seasonal(n, amplitudes, seed=0, period=12.0):
    rng = np.random.default_rng(seed)
    noise = np.array([rednoise(n, 0.6, rng=rng) for _ in amplitudes])
    waves = np.cos(2 * np.pi * (np.arange(n) + np.array([[0.0], [2.0]])) / period)
    return noise + np.array(amplitudes)[:, np.newaxis] * waves


@given(
    period=st.floats(4, 40),
    n=st.integers(600, 3000),
    dt=st.sampled_from([1.0, 1 / 12, 3600.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_cycle_of_both_is_found_with_its_period(period, n, dt, seed):
    found = common_cycle(seasonal(n, [3, 2], seed, period), dt)
    assert found == pytest.approx(period * dt, rel=0.5 * period / n)


@pytest.mark.parametrize("harmonic", [2, 3, 4])
def test_of_a_cycle_with_a_stronger_harmonic_its_own_period_is_found(harmonic):
    cycle = seasonal(24 * 60, [3, 3], period=24.0)
    stronger = 2 * seasonal(24 * 60, [3, 3], seed=1, period=24.0 / harmonic)
    assert common_cycle(cycle + stronger, 1.0) == pytest.approx(24, abs=0.1)
    assert common_cycle(stronger, 1.0) == pytest.approx(24 / harmonic, abs=0.1)


@pytest.mark.parametrize("amplitudes", [(3, 0), (0, 3), (0.3, 3)])
def test_a_cycle_of_one_is_none_of_both(amplitudes):
    assert common_cycle(seasonal(960, amplitudes), 1.0) is None


@pytest.mark.parametrize("g", [0.0, 0.6, 0.95, 1.0])
@pytest.mark.parametrize("n", [8, 30, 200, 2000])
def test_red_noise_and_trends_have_none(g, n):
    rng = np.random.default_rng(n)
    pairs = [[rednoise(n, min(g, 0.999), rng=rng) for _ in "xy"] for _ in range(50)]
    trend = 100 * np.linspace(0, 1, n)
    assert not any(common_cycle(np.array(pair), 1.0) for pair in pairs)
    assert not any(common_cycle(np.array(pair) + trend, 1.0) for pair in pairs)


def test_summaries_tell_of_it_where_the_noise_has_none():
    x, y = seasonal(480, [2, 2])
    options = {"mc_count": 20, "rng_seed": 1, "progress": False}
    told = wct(x, y, 1 / 12, **options).summary(("rain", "flow"), "years")
    assert told.common_cycle == pytest.approx(1, abs=0.01)
    assert "Both rain and flow keep a cycle of 1" in str(told).replace("\n  ", " ")
    assert told.as_dict()["common_cycle"] == told.common_cycle
    assert xwt(x, y, 1.0).summary().common_cycle == pytest.approx(12, abs=0.1)
    for other in (
        wct(x, y, 1.0, noise="phase", **options),
        wct(x, y, 1.0, sig=False),
        wct(*seasonal(480, [0, 2]), 1.0, **options),
    ):
        assert other.summary().common_cycle is None
        assert "cycle of" not in str(other.summary())
