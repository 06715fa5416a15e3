"""Models of surrogates: what they keep of a series, and what they draw."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod.montecarlo.arma import ARMA, as_arma, fit_arma
from pycwt_mod.montecarlo.noise import Streams, ar1_series
from pycwt_mod.montecarlo.surrogates import (
    ArmaNoise,
    Observed,
    OwnNoise,
    RandomPhases,
    RedNoise,
    SameValues,
    Surrogates,
)

ROUNDING = 1e-12
BAND = 4.0  # standard errors

series_of_any_length = st.integers(4, 70).flatmap(
    lambda n: st.lists(st.floats(-1e3, 1e3), min_size=n, max_size=n)
)


def drawn(source, n, n_surrogates=1, seed=5):
    return Surrogates((source,)).draw(Streams(seed), range(n_surrogates), n)[0]


def spectrum(series):
    return np.abs(np.fft.rfft(series))


@given(series_of_any_length)
def test_random_phases_keep_mean_and_spectrum(values):
    values = np.array(values)
    found = drawn(RandomPhases(values), values.size)[0]
    atol = ROUNDING * np.abs(values).sum()
    np.testing.assert_allclose(spectrum(found), spectrum(values), rtol=0, atol=atol)
    assert abs(found.mean() - values.mean()) <= atol


def test_random_phases_are_uniform_and_independent():
    values = np.random.default_rng(0).normal(size=64)
    coefficients = np.fft.rfft(drawn(RandomPhases(values), 64, 2000))[:, 1:-1]
    turns = coefficients / np.abs(coefficients)
    error = 1 / np.sqrt(len(turns))
    assert np.abs(turns.mean(axis=0)).max() < BAND * error
    assert np.abs((turns[:, 1:] * turns[:, :-1].conj()).mean(axis=0)).max() < BAND * error


@given(series_of_any_length)
def test_same_values_are_all_kept(values):
    values = np.array(values)
    found = drawn(SameValues(values), values.size)[0]
    np.testing.assert_array_equal(np.sort(found), np.sort(values))


def test_same_values_have_nearly_the_spectrum_where_shuffled_ones_have_not():
    values = np.exp(ar1_series(Streams(1), range(1), 500, (0.8, 0.0))[0, 0])
    for found in drawn(SameValues(values), 500, 5):
        off = np.linalg.norm(spectrum(found) - spectrum(values)) / np.linalg.norm(values)
        shuffled = np.random.default_rng(0).permutation(values)
        assert off < 0.05 * np.linalg.norm(spectrum(shuffled) - spectrum(values))
        assert not np.array_equal(found, values)


def autocorrelation(model, n_lags):
    """Return the autocorrelation of ARMA noise, from its spectrum on a fine circle."""
    ar, ma = ([1.0, *(-a for a in model.ar)], [1.0, *model.ma])
    power = np.abs(np.fft.fft(ma, 2**16) / np.fft.fft(ar, 2**16)) ** 2
    found = np.fft.ifft(power).real
    return found[: n_lags + 1]


@pytest.mark.parametrize(
    "model", [ARMA([0.7]), ARMA([1.6, -0.9], [0.4]), ARMA([], [0.5, -0.3, 0.2])]
)
def test_arma_noise_has_the_autocovariance_of_its_coefficients_from_the_start(model):
    expected = autocorrelation(model, 5)
    noise = drawn(ArmaNoise(model), 200, 4000)
    for lag in range(6):
        for part in (slice(0, 1), slice(100, 101)):
            first = noise[:, part].ravel()
            last = noise[:, part.start + lag]
            spread = expected[0] * np.sqrt(2 / len(noise))
            assert abs((first * last).mean() - expected[lag]) < BAND * spread


@pytest.mark.parametrize("model", [ARMA([0.6]), ARMA([1.6, -0.9], [0.4]), ARMA([], [0.5])])
def test_fit_finds_the_spectrum_of_arma_noise(model):
    noise = drawn(ArmaNoise(model), 4000, 3)
    for series in noise:
        fitted = fit_arma(series, len(model.ar), len(model.ma))
        np.testing.assert_allclose([*fitted.ar, *fitted.ma], [*model.ar, *model.ma], atol=0.08)


def test_fit_to_a_trend_is_stationary_all_the_same():
    fitted = fit_arma(np.arange(50.0), 2, 1)
    assert np.abs(np.roots([1, *(-a for a in fitted.ar)])).max() < 1


def test_arma_takes_the_coefficients_of_a_fitted_model():
    class Fitted:
        arparams, maparams = np.array([0.5, -0.2]), np.array([0.3])

    assert as_arma(Fitted()) == ARMA((0.5, -0.2), (0.3,)) == as_arma(ARMA([0.5, -0.2], [0.3]))


@pytest.mark.parametrize("wrong", [[1.0], [0.5, 0.6], [-1.2]])
def test_arma_that_is_not_stationary_is_refused(wrong):
    with pytest.raises(ValueError, match="`ar` must be coefficients of stationary noise"):
        ARMA(wrong)


def test_red_noise_is_that_of_the_engine():
    found = Surrogates((RedNoise(0.7), RedNoise(0.0))).draw(Streams(3), range(4), 50)
    np.testing.assert_array_equal(found, ar1_series(Streams(3), range(4), 50, (0.7, 0.0)))


def test_surrogate_belongs_to_its_number_alone():
    values = np.random.default_rng(0).normal(size=37)
    made = Surrogates((RandomPhases(values), SameValues(values), Observed(values)))
    whole = made.draw(Streams(1), range(6), 37)
    np.testing.assert_array_equal(whole[:, 2:4], made.draw(Streams(1), range(2, 4), 37))
    np.testing.assert_array_equal(whole[2], np.tile(values, (6, 1)))


def test_keys_tell_sources_apart_and_own_functions_have_none():
    values = np.arange(5.0)
    sources = [
        *(kind(v) for kind in (RandomPhases, SameValues, Observed) for v in (values, -values)),
        RedNoise(0.5),
        RedNoise(0.0),
        ArmaNoise(ARMA([0.5])),
        ArmaNoise(ARMA([], [0.5])),
    ]
    keys = [Surrogates((one, RedNoise(0.0))).key() for one in sources]
    assert len(set(keys)) == len(keys)
    assert all(one != two for one, two in pairwise(keys))
    assert Surrogates((RedNoise(0.0), OwnNoise(np.random.Generator.normal))).key() is None


def test_sources_come_back_from_arrays():
    values = np.random.default_rng(0).normal(size=40)
    made = Surrogates(
        (RedNoise(0.3), ArmaNoise(ARMA([0.5], [0.1]), "arma(1,1)"), RandomPhases(values),
         SameValues(values), Observed(values))
    )  # fmt: skip
    again = Surrogates.from_arrays(made.to_arrays())
    assert (again.name, again.key()) == (made.name, made.key())
    np.testing.assert_array_equal(
        again.draw(Streams(1), range(2), 40), made.draw(Streams(1), range(2), 40)
    )


def nothing(rng, n):
    return None


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        (lambda rng, n: rng.normal(size=n - 1), ValueError, r"got shape \(9,\)"),
        (lambda rng, n: rng.normal(size=(n, 1)), ValueError, r"got shape \(10, 1\)"),
        (lambda rng, n: np.where(np.arange(n) == 3, np.nan, 1.0), ValueError, "got nan at index 3"),
        (lambda rng, n: np.full(n, np.inf), ValueError, "got inf at index 0"),
        (lambda rng, n: np.ones(n), ValueError, "got 1.0 everywhere"),
        (lambda rng, n: rng.normal(size=n) * 1j, TypeError, "finite real numbers"),
        (lambda rng, n: ["a"] * n, TypeError, "finite real numbers"),
        (lambda rng, n: [[1], [2, 3]], TypeError, "finite real numbers"),
        (nothing, TypeError, r"nothing\(rng, 10\)`, got None"),
    ],
)
def test_own_function_must_return_a_series(function, error, words):
    with pytest.raises(error, match=words):
        drawn(OwnNoise(function), 10)
