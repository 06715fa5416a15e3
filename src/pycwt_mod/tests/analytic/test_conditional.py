"""P-values with one series as it was observed, and the other red noise."""

import numpy as np
import pytest
from scipy.signal import lfilter

from pycwt_mod import wct
from pycwt_mod.analytic.conditional import _Form, conditional_pvalues, given_forms, log_p
from pycwt_mod.analytic.forms import Circle
from pycwt_mod.analytic.tail import GRID, RANK, log_tail
from pycwt_mod.coherence import coherence_of_series
from pycwt_mod.geometry import Geometry
from pycwt_mod.mothers import Morlet
from pycwt_mod.transform import scale_axis

# What the engine rests on, in some seconds a test: run by `.ci/run`.
pytestmark = pytest.mark.heavy

N, G = 128, 0.6
TIMES = np.arange(N)
FIXED = {
    "sine": np.sin(2 * np.pi * TIMES / 17) + 0.05 * np.random.default_rng(0).normal(size=N),
    "trend and step": TIMES / N + (TIMES > 70) + 0.1 * np.random.default_rng(1).normal(size=N),
    "red noise": lfilter([1], [1, -0.95], np.random.default_rng(2).normal(size=N)),
}
GEOMETRY = Geometry(Morlet(), scale_axis(2.0, 1.0, 3), 1.0, 1.0, N, 128)

# Records of the other series. Some independent values of each scale in each make for a standard
# error of 0.02 at most of the share of p below 0.05 of a scale, and of 0.008 of that of all.
N_RECORDS, SCALE_BAND, BAND = 50, 0.06, 0.024


def noise(rng):
    x = lfilter([1], [1, -G], np.sqrt(1 - G**2) * rng.normal(size=N + 100))[100:]
    return x - x.mean()


@pytest.mark.parametrize("name", FIXED)
def test_conditional_pvalues_are_uniform_whatever_the_given_series(name):
    given, rng = FIXED[name] - FIXED[name].mean(), np.random.default_rng(3)
    forms = list(given_forms(given, GEOMETRY, G, True))
    p = []
    for _ in range(N_RECORDS):
        R2, _ = coherence_of_series(np.stack([given, noise(rng)]), GEOMETRY)
        p.append(np.exp([log_p(*form, R2[index]) for index, *form in forms]))
    share = (np.array(p) < 0.05).mean(axis=(0, 2))
    assert np.abs(share - 0.05).max() < SCALE_BAND
    assert abs(share.mean() - 0.05) < BAND
    assert 0.4 < np.median(p) < 0.6


# Of series without noise all power is at some features: elsewhere p is NaN, and where it is not,
# uniform.
BARE = {
    "sine": np.sin(2 * np.pi * np.arange(256) / 17.3),
    "trend": np.arange(256) / 256,
    "step": (np.arange(256) > 140) * 1.0,
}


@pytest.mark.heavy
@pytest.mark.parametrize("name", BARE)
def test_conditional_pvalues_are_uniform_where_a_series_without_noise_has_power(name):
    geometry = Geometry(Morlet(), scale_axis(2.0, 0.5, 8), 1.0, 0.5, 250, 256)
    given, rng = BARE[name][:250] - BARE[name][:250].mean(), np.random.default_rng(3)
    forms = list(given_forms(given, geometry, G, True))
    p = []
    for _ in range(60):
        other = lfilter([1], [1, -G], rng.normal(size=350))[100:]
        R2, _ = coherence_of_series(np.stack([given, other - other.mean()]), geometry)
        p.append(np.exp([log_p(*form, R2[index]) for index, *form in forms]))
    known = np.isfinite(p).all(axis=0)
    assert known.mean() > 0.4
    assert name == "sine" or not known.all()
    shares = [np.mean(np.array(p)[:, scale, own] < 0.05) for scale, own in enumerate(known)]
    assert np.abs(np.array(shares) - 0.05).max() < 2 * SCALE_BAND
    assert abs(np.mean(np.array(p)[:, known] < 0.05) - 0.05) < BAND


@pytest.mark.parametrize("n_fft", [512, 1024])
def test_short_circles_give_the_values_of_the_whole_record(n_fft):
    n, rng = 512, np.random.default_rng(6)
    geometry = Geometry(Morlet(), scale_axis(4.0, 0.5, 8), 1.0, 0.5, n, n_fft)
    given = np.cumsum(rng.normal(size=n))
    given -= given.mean()
    R2 = rng.uniform(0.1, 0.9, size=(geometry.n_scales, n))
    p = conditional_pvalues(R2, given, geometry, G, without_mean=True)
    times = np.array([0, 3, 20, 60, 130, 256, 400, 505])
    circle = Circle(n, n_fft, n, n_fft, closed=True)
    for index in (1, 4, 7):
        form = _Form(geometry, index, 1e9, G, True)
        values = form._of(circle, times, given[np.newaxis])[0]
        exact = log_p(values[:, :RANK], values[:, RANK:-1], values[:, -1], R2[index, times])
        np.testing.assert_allclose(p[index, times], np.exp(exact), atol=0.01)


def test_log_p_at_one_level_is_the_curve():
    rng = np.random.default_rng(0)
    poles = np.sort(rng.dirichlet(np.full(RANK, 0.2)))[::-1]
    strengths = rng.exponential(size=RANK) * poles
    curve = log_tail(poles, strengths[np.newaxis])[0]
    R2 = -np.expm1(-GRID)
    rows = np.broadcast_to(poles, (GRID.size, RANK)), np.broadcast_to(strengths, (GRID.size, RANK))
    found = log_p(*rows, np.zeros(GRID.size), R2)
    # The curve is a chain of straight lines.
    seen = slice(1, 40)
    np.testing.assert_allclose(found[seen], curve[seen], rtol=0.01, atol=0.01)
    assert abs(found[0]) < 1e-12
    assert np.isnan(log_p(poles[None], strengths[None], np.zeros(1), np.array([np.nan])))[0]


def test_wct_takes_the_given_series_by_number_or_name():
    rng = np.random.default_rng(4)
    y1, y2 = FIXED["sine"], noise(rng)
    result = wct(y1, y2, 1.0, 0.5, al1=0.5, mc_count=20, rng_seed=1, progress=False)
    p = result.pvalues(given="y1")
    assert p.shape == result.WCT.shape
    assert result.pvalues(given="x") is p  # unnamed series are x and y
    np.testing.assert_array_equal(result.significant(0.9, given="y1"), p < 0.1)
    turned = wct(y2, y1, 1.0, 0.5, al2=0.5, mc_count=20, rng_seed=1, progress=False)
    np.testing.assert_allclose(turned.pvalues(given="y2"), p, rtol=1e-6)
    assert not np.allclose(result.pvalues(given="y2"), p, atol=0.1)


def test_given_series_is_checked():
    rng = np.random.default_rng(5)
    pair, options = rng.normal(size=(2, 64)), {"mc_count": 20, "progress": False}
    result = wct(*pair, 1.0, 0.5, **options)
    with pytest.raises(ValueError, match="`given` must be one of 'y1', 'y2'"):
        result.pvalues(given="y3")
    with pytest.raises(ValueError, match="`null` must be 'point' with `given`, got 'scale'"):
        result.pvalues("scale", given="y1")
    with pytest.raises(ValueError, match="`given` must be left out for a real wavelet"):
        wct(*pair, 1.0, 0.5, wavelet="dog", **options).pvalues(given="y1")
