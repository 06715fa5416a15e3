"""The numbers of the picture of one series, against the public functions and known series."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycwt_mod import DOG, Morlet, Paul, cwt, helpers, rednoise, significance, spectra
from pycwt_mod.spectra import averaged_power, fitted_trend, transform_series

# The same formulas in another order of operations.
ROUNDING = 1e-12
# The power of a long series from some of its times: of a pixel, which is 8 columns, against that of
# its scale; its mean over time; and the variance in a band, between these times by a line.
PIXEL_BAND, MEAN_BAND, AVERAGE_BAND = 0.06, 1e-3, 0.08


def average(found, dt, mother, **options):
    usual = {"variance": 1.0, "unit": 1.0, "alpha": 0.0, "level": 0.95}
    everything = np.ones(found.scales.size, dtype=bool)
    return averaged_power(found, dt, mother, **({"inside": everything} | usual | options))


@pytest.mark.parametrize("mother", [Morlet(6), Paul(4), DOG(2)], ids=repr)
def test_transform_is_that_of_cwt(mother):
    series = rednoise(150, 0.6, rng=np.random.default_rng(1))
    found = transform_series(series, 0.25, 1 / 6, -1, -1, mother)
    W, sj, freqs, coi, *_ = cwt(series, 0.25, 1 / 6, wavelet=mother)
    np.testing.assert_array_equal(found.W, W)
    np.testing.assert_array_equal(found.scales, sj)
    np.testing.assert_array_equal(found.coi, coi)
    np.testing.assert_allclose(found.periods, 1 / freqs, rtol=ROUNDING)


def test_transform_is_padded_as_a_user_wants(monkeypatch):
    series = rednoise(150, 0.6, rng=np.random.default_rng(1))
    monkeypatch.setattr(helpers, "_FFT_NEXT_POW2", False)
    found = transform_series(series, 1.0, 1 / 6, -1, -1, Morlet(6))
    np.testing.assert_array_equal(found.W, cwt(series, 1.0, 1 / 6)[0])


@settings(max_examples=25)
@given(
    mother=st.sampled_from([Morlet(6), Paul(4), DOG(2)]),
    dt=st.floats(0.01, 100),
    alpha=st.floats(-0.9, 0.99),
    level=st.floats(0.5, 0.999),
    variance=st.floats(0.1, 10),
    unit=st.floats(0.1, 10),
    low=st.integers(0, 10),
)
def test_levels_are_those_of_significance(mother, dt, alpha, level, variance, unit, low):
    series = rednoise(100, 0.5, rng=np.random.default_rng(2))
    found = transform_series(series, dt, 1 / 4, -1, -1, mother)
    scales = found.scales
    inside = np.arange(scales.size) >= low
    spectra = average(
        found, dt, mother, inside=inside, variance=variance, unit=unit, alpha=alpha, level=level
    )

    def expected(test, dof=-1):
        return significance(variance / unit, dt, scales, test, alpha, level, dof, mother)[0]

    n_averaged = np.maximum(100 - scales / dt, 1)
    np.testing.assert_allclose(spectra.level, expected(0), ROUNDING)
    np.testing.assert_allclose(spectra.spectrum_level, expected(1, n_averaged), ROUNDING)
    np.testing.assert_allclose(
        spectra.average_level, expected(2, [scales[low], scales[-1]]), ROUNDING
    )
    power = np.abs(found.W) ** 2 / unit
    np.testing.assert_allclose(spectra.spectrum, power.mean(axis=1), ROUNDING)
    np.testing.assert_allclose(spectra.measure(found.W[3]), power[3], ROUNDING)


@pytest.mark.parametrize("mother", [Morlet(6), Paul(4), DOG(2)], ids=repr)
@pytest.mark.parametrize("n", [4000, 4099])
def test_columns_of_a_long_series_are_means_of_its_power(monkeypatch, mother, n):
    series = rednoise(n, 0.8, rng=np.random.default_rng(3)) + np.sin(np.arange(n) / 9)
    whole = transform_series(series, 0.5, 1 / 6, -1, -1, mother)
    monkeypatch.setattr(spectra, "MOST_COLUMNS", 256)
    monkeypatch.setattr(spectra, "_VALUES_TOGETHER", 3 * n)
    thin = transform_series(series, 0.5, 1 / 6, -1, -1, mother)
    assert thin.W.size == 0
    inside = (whole.periods > 4) & (whole.periods < 300)
    expected, found = (average(t, 0.5, mother, inside=inside) for t in (whole, thin))
    power = np.abs(whole.W) ** 2
    starts = np.arange(0, n, thin.column)
    means = np.add.reduceat(power, starts, axis=1) / np.diff(starts, append=n)
    level = power.mean(axis=1)[:, np.newaxis, np.newaxis]
    pixels = (
        c[:, : 8 * (starts.size // 8)].reshape(-1, starts.size // 8, 8)
        for c in (found.columns, means)
    )
    error = np.subtract(*pixels).mean(axis=-1, keepdims=True) / level
    assert np.abs(error).max() < PIXEL_BAND
    np.testing.assert_allclose(found.spectrum, expected.spectrum, rtol=MEAN_BAND)
    difference = np.abs(found.average - expected.average)
    assert difference.max() < AVERAGE_BAND * expected.average.max()
    assert expected.columns is None


@pytest.mark.parametrize("dt", [0.1, 12.0])
def test_average_over_scales_of_a_wave_is_its_variance(dt):
    wave = 3 * np.sin(2 * np.pi * np.arange(1024) / 16)
    found = transform_series(wave, dt, 1 / 12, -1, -1, Morlet(6))
    middle = average(found, dt, Morlet(6)).average[256:-256]
    # Torrence & Compo's cdelta has three digits.
    np.testing.assert_allclose(middle, 4.5, rtol=0.02)
    far = average(found, dt, Morlet(6), inside=found.periods > 64 * dt).average[256:-256]
    assert far.max() < 1e-3


@settings(max_examples=25)
@given(
    n=st.integers(2, 300),
    start=st.floats(-1e6, 1e6),
    slope=st.floats(-1e3, 1e3),
    degree=st.sampled_from([0, 1]),
)
def test_trend_of_a_polynomial_is_the_polynomial(n, start, slope, degree):
    series = start + degree * slope * np.arange(n)
    trend = fitted_trend(series, degree)
    np.testing.assert_allclose(trend, series, atol=1e-9 * max(1, np.abs(series).max()))
