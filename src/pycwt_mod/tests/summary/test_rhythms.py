"""Rhythms narrower than red noise: fewer independent phases, and a word of it in summaries."""

import numpy as np
import pytest
import scipy.signal

from pycwt_mod import Morlet, rednoise, wct, xwt
from pycwt_mod.summary import passed
from pycwt_mod.summary.rhythms import share_of_independent

PERIOD, N = 12, 600


def rhythm(rng, radius, n=N):
    """Return AR(2) noise with a spectral peak, the narrower the nearer its radius is to 1."""
    turn = 2 * np.pi / PERIOD
    noise = rng.normal(size=n + 500)
    return scipy.signal.lfilter([1], [1, -2 * radius * np.cos(turn), radius**2], noise)[500:]


def pairs(make, number):
    rng = np.random.default_rng(0)
    return [(make(rng), make(rng)) for _ in range(number)]


def share_of(pair, n_periods=12):
    scales = 8 / Morlet(6).flambda() * 2 ** (np.arange(n_periods) / 12)
    return share_of_independent(np.ones(n_periods), *passed(pair, Morlet(6), scales, 1.0))


@pytest.mark.parametrize("g", [0.0, 0.6, 0.95])
@pytest.mark.parametrize("n", [150, 600, 3000])
def test_red_noise_has_its_own_share_but_by_chance(g, n):
    shares = [share_of(pair) for pair in pairs(lambda rng: rednoise(n, g, rng=rng), 60)]
    assert np.mean(np.array(shares) < 1) < 0.06


def test_related_noise_has_its_own_share_too():
    related = [(x, x + y / 2) for x, y in pairs(lambda rng: rednoise(N, 0.6, rng=rng), 60)]
    assert np.mean([share_of(pair) < 1 for pair in related]) < 0.06


@pytest.mark.parametrize(("radius", "expected"), [(0.97, 0.45), (0.99, 0.2)])
def test_narrow_rhythms_have_a_smaller_one(radius, expected):
    """As the mean square of the mean phase factor says: 1 / 2.1 and 1 / 4.9 were measured."""
    shares = [share_of(pair) for pair in pairs(lambda rng: rhythm(rng, radius, 3000), 30)]
    assert np.median(shares) == pytest.approx(expected, rel=0.25)


@pytest.mark.heavy
@pytest.mark.parametrize(("radius", "most"), [(0.6, 0.1), (0.97, 0.1), (0.99, 0.2)])
def test_unrelated_rhythms_have_a_steady_phase_by_chance_only(radius, most):
    """Without the share 0.26 and 0.55 of the narrow ones have, of 60 pairs each +- 0.06."""
    found = [
        wct(*pair, 1.0, sig=False).lag(8, 15.9).pvalue
        for pair in pairs(lambda rng: rhythm(rng, radius), 60)
    ]
    assert np.mean(np.array(found) < 0.05) <= most


def test_the_phase_of_related_rhythms_stays_clear():
    x, noise = pairs(lambda rng: rhythm(rng, 0.97), 1)[0]
    lag = wct(x[3:], x[:-3] + 0.5 * noise[3:], 1.0, sig=False).lag(8, 15.9)
    assert lag.pvalue < 1e-6
    assert lag.lag == pytest.approx(3, abs=3 * lag.lag_error)


def test_summaries_tell_of_narrow_rhythms():
    pair = pairs(lambda rng: rhythm(rng, 0.97), 2)[1]
    options = {"mc_count": 20, "rng_seed": 1, "progress": False}
    summary = wct(*pair, 1 / 12, **options).summary(unit="years")
    assert (0.75, 1.5) in summary.narrow
    assert summary.as_dict()["narrow_rhythms"] == [list(each) for each in summary.narrow]
    told = str(summary).replace("\n  ", " ")
    assert "1.5 years the series have narrower rhythms than red noise" in told
    assert 'test with noise="phase"' in told
    assert summary.in_unit("months").narrow[-1] == pytest.approx((9, 18))
    assert "narrower" not in str(wct(*pair, 1 / 12, noise="phase", **options).summary())
    assert "noise=" not in str(xwt(*pair, 1 / 12).summary())


@pytest.mark.parametrize(
    "g", [0.7, *(pytest.param(g, marks=pytest.mark.heavy) for g in (0.0, 0.9))]
)
def test_summaries_tell_of_no_rhythms_at_the_edge_of_the_cone(g):
    """Few independent values are significant together: 4, 24 and 27 of 60 such pairs were told."""
    rng, told = np.random.default_rng(5), 0
    for _ in range(30):
        source, noise = rednoise(400, g, rng=rng), rng.normal(size=(2, 400))
        delayed = np.roll(source, 3)
        pair = source + noise[0], delayed + noise[1]
        result = wct(*pair, 1.0, 1 / 4, al1=0.5, al2=0.5, method="analytic")
        told += bool(result.summary().narrow)
    assert told <= 1


def test_series_without_power_are_as_they_were():
    rng = np.random.default_rng(0)
    assert share_of((np.zeros(100), rng.normal(size=100))) == 1
    assert share_of((np.arange(2.0), np.arange(2.0))) == 1


def test_periods_below_two_samples_have_no_row():
    x, y = np.random.default_rng(0).normal(size=(2, 200))
    summary = wct(x, y, 1.0, s0=0.5, J=48, dj=1 / 12, sig=False).summary()
    assert summary.rows[0].periods[0] == 2
