"""P-values of band means from the means of surrogates."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from pycwt_mod.montecarlo.band_means import pvalue


def test_pvalue_counts_the_surrogates():
    samples = np.arange(1, 301) / 400
    assert pvalue(0.5, samples) == (1 + 101) / 301
    assert pvalue(0.0, samples) == 1.0
    assert np.isnan(pvalue(np.nan, samples))
    assert np.isnan(pvalue(0.5, np.full(300, np.nan)))


def test_pvalue_of_few_or_equal_surrogates_is_a_count():
    assert pvalue(0.9, np.full(300, 0.4)) == 1 / 301
    assert pvalue(0.9, np.array([0.1, 0.2, 0.3])) == 1 / 4


def test_pvalue_falls_steadily_to_its_floor():
    samples = np.random.default_rng(0).beta(20, 40, 300)
    p = np.array([pvalue(observed, samples) for observed in np.linspace(0, 1, 400)])
    assert (np.diff(p) <= 0).all()
    assert p[-1] == pytest.approx(1e-3 / 301)


@pytest.mark.parametrize(("centre", "spread"), [(-1.0, 0.1), (-0.5, 0.5)])
def test_pvalue_in_the_tail_is_that_of_many_more_surrogates(centre, spread):
    # From 300 surrogates, a p-value of 0.001 is right to a factor of 3 for most sets of them.
    rng = np.random.default_rng(1)
    observed = expit(centre + spread * stats.norm.isf(1e-3))
    sets = expit(centre + spread * rng.standard_normal((60, 300)))
    found = np.array([pvalue(observed, samples) for samples in sets])
    assert np.exp(np.log(found).mean()) == pytest.approx(1e-3, rel=0.4)
    assert (np.abs(np.log10(found / 1e-3)) < np.log10(3)).mean() > 0.8
