"""Surrogate series: their statistics and their streams."""

import numpy as np
import pytest

from pycwt_mod.montecarlo.noise import Streams, ar1_series, legacy_pairs

# Four standard errors of a lag-1 autocorrelation over 40 series of 4000 samples; four of the
# variance of the same, whose effective number of samples is smaller by (1 - g^2) / (1 + g^2).
N_SERIES, N_SAMPLES = 40, 4000
BAND = 4.0


@pytest.mark.parametrize("g", [0.0, 0.5, 0.9, -0.7])
def test_ar1_series_have_the_lag_one_and_variance_asked_for(g):
    noise = ar1_series(Streams(7), range(N_SERIES // 2), N_SAMPLES, (g, g)).reshape(-1, N_SAMPLES)
    variance = (noise**2).mean()
    lag_one = (noise[:, 1:] * noise[:, :-1]).mean() / variance
    n = noise.size
    assert abs(lag_one - g) < BAND * np.sqrt((1 - g**2) / n)
    spread = np.sqrt(2 / n * (1 + g**2) / (1 - g**2))
    assert abs(variance * (1 - g**2) - 1) < BAND * spread


def test_ar1_series_start_stationary():
    g = 0.99
    first = ar1_series(Streams(3), range(2000), 2, (g, g))[..., 0]
    assert abs(first.var() * (1 - g**2) - 1) < BAND * np.sqrt(2 / first.size)


def test_ar1_series_are_independent():
    a, b = ar1_series(Streams(5), range(1), 40_000, (0.5, 0.5))[:, 0]
    # Standard error of the correlation of two AR(1) series: sqrt((1 + g^2) / (1 - g^2) / n).
    assert abs(np.corrcoef(a, b)[0, 1]) < BAND * np.sqrt(1.25 / 0.75 / a.size)


def test_streams_belong_to_the_index_alone():
    whole = ar1_series(Streams(1), range(10), 50, (0.4, 0.2))
    part = ar1_series(Streams(1), range(4, 7), 50, (0.4, 0.2))
    np.testing.assert_array_equal(whole[:, 4:7], part)


def test_streams_are_those_of_spawned_seed_sequences():
    seed = np.random.SeedSequence([4, 2], spawn_key=(9,))
    children = np.random.SeedSequence([4, 2], spawn_key=(9,)).spawn(3)
    expected = np.random.default_rng(children[2]).standard_normal(5)
    np.testing.assert_array_equal(Streams.of(seed).generator(2).standard_normal(5), expected)
    assert seed.n_children_spawned == 0


def test_streams_without_a_seed_differ():
    assert Streams.of(None) != Streams.of(None)


def test_legacy_pairs_follow_the_global_state():
    np.random.seed(11)
    draws = np.random.standard_normal(5 + 5 + 2 * (5 + 5 + 4))
    np.random.seed(11)
    # g = 0.6: four warm-up values; g = 0: none; one series is thrown away before the first pair.
    pairs = legacy_pairs(range(2), 5, (0.6, 0.0))
    np.testing.assert_array_equal(pairs[0, 0], draws[9 + 4 : 9 + 9])
    np.testing.assert_array_equal(pairs[1, 0], draws[18:23])
    np.testing.assert_array_equal(pairs[1, 1], draws[32:37])
