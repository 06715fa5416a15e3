"""The warning where few samples hold most of the variance, and where there is none."""

import warnings

import numpy as np
import pytest

from pycwt_mod import mwct, rednoise, wct
from pycwt_mod.helpers import boxpdf
from pycwt_mod.results.few_samples import share_of_largest

N = 300
GAUSSIAN = {
    "white": lambda rng: rng.normal(size=N),
    "AR(1)": lambda rng: rednoise(N, 0.9, rng=rng),
    "t(5)": lambda rng: rng.standard_t(5, size=N),
    "sine": lambda rng: np.sin(np.arange(N) / 7) + 0.1 * rng.normal(size=N),
    "seasonal": lambda rng: 3 * np.cos(np.arange(N) * np.pi / 6) + rednoise(N, 0.5, rng=rng),
    "ranks of rain": lambda rng: boxpdf(rain(rng))[0],
}
FEW = {
    "log-normal": lambda rng: np.exp(rng.normal(size=N)),
    "red log-normal": lambda rng: np.exp(1.5 * rednoise(N, 0.7, rng=rng) * 0.714),
}
OPTIONS = {"dj": 1 / 4, "method": "analytic", "rng_seed": 1}


def rain(rng):
    return rng.gamma(0.5, size=N) * (rng.random(N) < 0.2)


def share_warned(kind, number=200):
    """Return how many pairs of a kind are warned of, as a share."""
    rng = np.random.default_rng(0)
    pairs = [[share_of_largest(kind(rng)) for _ in range(2)] for _ in range(number)]
    return np.mean([min(pair) > 0.6 for pair in pairs])


@pytest.mark.parametrize("kind", GAUSSIAN)
def test_series_that_corrections_are_right_for_are_not_pointed_out(kind):
    assert share_warned(GAUSSIAN[kind]) <= 0.01


def test_rain_and_log_normal_series_are():
    assert share_warned(rain) == 1
    for kind in FEW.values():
        assert share_warned(kind) > 0.75


def pair_of(kind, other=None):
    rng = np.random.default_rng(3)
    return kind(rng), (other or kind)(rng)


@pytest.mark.parametrize("ask", [
    lambda result: result.significant(correction="fdr"),
    lambda result: result.clusters(mc_count=20, rng_seed=1, progress=False, cache=False),
])  # fmt: skip
def test_corrections_warn_of_two_such_series_and_points_do_not(ask):
    result = wct(*pair_of(rain), 1.0, **OPTIONS)._replace(names=("rain", "flow"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result.significant()
        result.summary()
        result.pvalues()
    with pytest.warns(UserWarning, match="hold most of the variance") as told:
        ask(result)
    told = [str(each.message) for each in told if "boxpdf" in str(each.message)]
    assert len(told) == 1
    assert " % of that of rain and " in told[0]
    assert "noise='iaaft'" in told[0]


def test_one_such_series_or_surrogates_with_its_values_are_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wct(*pair_of(rain, GAUSSIAN["white"]), 1.0, **OPTIONS).significant(correction="fdr")
        few = {"dj": 1 / 2, "mc_count": 20, "rng_seed": 1, "progress": False, "cache": False}
        own = wct(*pair_of(rain), 1.0, noise="iaaft", **few)
        own.significant(correction="fdr", null="scale")
        half = wct(*pair_of(rain), 1.0, noise=["iaaft", "ar1"], **few)
    with pytest.warns(UserWarning, match="hold most of the variance"):
        half.significant(correction="fdr", null="scale")


def test_groups_warn_too():
    x, y = pair_of(rain)
    result = mwct(x, [y, GAUSSIAN["white"](np.random.default_rng(0))], 1.0, **OPTIONS)
    with pytest.warns(UserWarning, match="hold most of the variance, .* and "):
        result.significant(correction="fdr")
