"""Cycles that two series share: found where they make noise coherent, and not in noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod import prepare, rednoise, wct, xwt
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


@pytest.mark.parametrize("n", [36, 60, 84, 120])
def test_a_strong_cycle_of_a_short_record_is_found(n):
    assert common_cycle(seasonal(n, [5, 4]), 1 / 12) == pytest.approx(1, abs=0.04)


def told_by(result, *options):
    summary = result.summary(*options)
    return summary.common_cycle, str(summary).replace("\n  ", " ")


@pytest.mark.heavy
def test_summaries_tell_of_it_with_a_remedy():
    x, y = seasonal(480, [2, 2])
    options = {"mc_count": 20, "rng_seed": 1, "progress": False}
    cycle, text = told_by(wct(x, y, 1 / 12, **options), ("rain", "flow"), "years")
    assert cycle == pytest.approx(1, abs=0.01)
    assert "Both rain and flow keep a cycle of 1 year. Near it" in text
    assert '`prepare(..., season=12)`, `--deseason 12`, or test with noise="phase".' in text
    cycle, text = told_by(xwt(x, y, 1.0))
    assert cycle == pytest.approx(12, abs=0.1)
    assert "Remove it first" in text
    assert "noise=" not in text  # an option that xwt has not
    assert "Remove it first" in told_by(wct(x, y, 1.0, sig=False))[1]
    cycle, text = told_by(wct(x, y, 1.0, noise="phase", **options))
    assert cycle == pytest.approx(12, abs=0.1)
    assert "as has the noise of the test; but a steady lag near it tells nothing." in text
    assert "Remove" not in text
    rest = [prepare(each, season=12).values for each in (x, y)]
    for others in (rest, seasonal(480, [0, 2])):
        cycle, text = told_by(wct(*others, 1.0, **options))
        assert cycle is None
        assert "cycle of" not in text


@pytest.mark.parametrize(
    ("noise", "has_it"),
    [("iaaft", True), ("white", False), ("arma(1,1)", False), (["phase", "ar1"], False)],
)
def test_only_noise_that_keeps_the_cycles_of_a_series_is_said_to_have_them(noise, has_it):
    options = {"mc_count": 20, "rng_seed": 1, "progress": False, "noise": noise}
    _, text = told_by(wct(*seasonal(240, [4, 4]), 1.0, 1 / 4, **options))
    assert ("as has the noise of the test" in text) == has_it
    assert ("Remove it first" in text) != has_it


def test_a_cycle_that_is_no_whole_number_of_samples_has_another_remedy():
    _, text = told_by(wct(*seasonal(2000, [3, 3], period=12.42), 1.0, sig=False))
    assert (
        'no whole number of samples (12.42): believe nothing near it, or test with noise="' in text
    )
