"""The null distribution of each point holds for pairs that are made by it; the long tables are in
docs/evidence.md."""

import itertools

import numpy as np
import pytest
from scipy.stats import kstest

from pycwt_mod import rednoise, wct, wct_null, wct_null_field

G = 0.6, 0.3
SCALES = {"dt": 1.0, "dj": 1 / 4, "s0": 2.0, "J": 20}
N_PAIRS, LENGTH = 250, 96

# Standard errors of a share, from the spread of the pairs, within which it must be right.
BAND = 4.0


@pytest.fixture(scope="module")
def coherences():
    """Pairs of red noise: R2, and the zone of each point: outside the cone, halfway in, inside."""
    rng = np.random.default_rng(1)
    pairs = ([rednoise(LENGTH, g, rng=rng) for g in G] for _ in range(N_PAIRS))
    results = [wct(*pair, **SCALES, sig=False) for pair in pairs]
    depth = results[0].coi * results[0].freqs[:, np.newaxis]
    return np.array([result.WCT for result in results]), (depth < 1).astype(int) + (depth < 0.5)


@pytest.fixture(scope="module")
def pvalues(coherences):
    field = wct_null_field(*G, **SCALES, n=LENGTH)
    return np.array([field.pvalue(R2) for R2 in coherences[0]])


@pytest.mark.parametrize("zone", range(3))
@pytest.mark.parametrize("alpha", [0.5, 0.05, 0.01])
def test_share_of_false_alarms_is_alpha_in_each_zone(coherences, pvalues, zone, alpha):
    shares = (pvalues < alpha)[:, coherences[1] == zone].mean(axis=1)
    error = shares.std() / np.sqrt(N_PAIRS)
    assert abs(shares.mean() - alpha) < BAND * error
    assert error < 0.25 * alpha or alpha < 0.05


@pytest.mark.parametrize("zone", range(3))
def test_pvalues_of_independent_points_are_uniform(coherences, pvalues, zone):
    points = np.random.default_rng(2).choice(np.flatnonzero(coherences[1] == zone), N_PAIRS)
    drawn = pvalues.reshape(N_PAIRS, -1)[np.arange(N_PAIRS), points]
    assert kstest(drawn, "uniform").pvalue > 0.001


def test_one_level_for_each_scale_finds_too_much_in_the_cone(coherences):
    R2, zones = coherences
    level = wct_null(*G, **SCALES, method="analytic").quantile(0.95)
    assert (level[:, np.newaxis] < R2)[:, zones == 2].mean() > 0.15


@pytest.mark.slow
@pytest.mark.parametrize("g", [(0.6, 0.6), (0.9, 0.3)])
def test_three_methods_find_the_same_levels(g):
    counts = {"full": 100_000, "multirate": 20_000, "analytic": 300}
    levels = {
        method: wct_null(
            *g, 1.0, 1 / 12, 2.0, 36, method=method, mc_count=count, rng_seed=1, progress=False
        ).quantile(0.95)
        for method, count in counts.items()
    }
    for one, other in itertools.combinations(counts, 2):
        difference = np.abs(levels[one] - levels[other])
        # The grid of the multirate method hits the edge of the cone to a step, in the last octave.
        compared = slice(-13) if "multirate" in (one, other) else slice(None)
        assert difference[compared].max() < 0.003, (one, other)
        assert difference.max() < 0.006, (one, other)
