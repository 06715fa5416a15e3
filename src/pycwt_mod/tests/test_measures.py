"""Measures read off a transform: against their definitions, and series whose answer is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod import (
    DOG,
    Morlet,
    Paul,
    cwt,
    mean_resultant_length,
    rectify,
    ridge,
    semblance,
    significance,
    xwt,
)

ROUNDING = 1e-12
# A parabola through three scales, a twelfth of an octave apart.
PARABOLA = {"Morlet": 1e-4, "Paul": 2e-3, "DOG": 2e-3}
# Peaks of rectified power, between scales of this spacing and with leakage of the other wave.
LIKE_POWER = 0.02

T = np.arange(1024)
MIDDLE = slice(384, 640)
phases = st.floats(-math.pi, math.pi)


def wave(period, phase=0.0):
    return np.cos(2 * np.pi * T / period - phase)


@given(phases, phases, st.sampled_from([1, 3, 7]), st.floats(0.1, 10))
def test_semblance_is_the_cosine_of_the_difference_of_phases(one, two, order, size):
    W12 = np.array([[size * np.exp(1j * one) * np.exp(-1j * two)]])
    expected = math.cos(one - two) ** order
    np.testing.assert_allclose(semblance(W12, order), expected, atol=ROUNDING)
    np.testing.assert_allclose(
        semblance(W12, order, weighted=True), size * expected, atol=10 * ROUNDING
    )


@pytest.mark.parametrize("phase", [0.0, 1.0, math.pi / 2, math.pi])
def test_semblance_of_two_waves_is_that_of_their_phases(phase):
    crossed = xwt(wave(16), wave(16, phase), 1.0)
    row = np.argmin(np.abs(crossed.periods - 16))
    np.testing.assert_allclose(crossed.semblance()[row, MIDDLE], math.cos(phase), atol=1e-3)
    size = crossed.semblance(3, weighted=True)[row, MIDDLE]
    np.testing.assert_allclose(
        size, np.abs(crossed.W12)[row, MIDDLE] * math.cos(phase) ** 3, rtol=0.01, atol=1e-3
    )


def test_silence_has_no_semblance():
    assert np.isnan(semblance([0j])).all()
    assert semblance([0j], weighted=True) == [0]


def test_resultant_of_several_series_tells_like_phases():
    three = [cwt(wave(16, phase), 1.0).W for phase in (0, 2 * math.pi / 3, 4 * math.pi / 3)]
    row = np.argmin(np.abs(cwt(wave(16), 1.0).periods - 16))
    np.testing.assert_allclose(mean_resultant_length(three)[row, MIDDLE], 0, atol=1e-3)
    np.testing.assert_allclose(mean_resultant_length([three[0]] * 3)[row, MIDDLE], 1, rtol=ROUNDING)
    pair = mean_resultant_length(three[:2])[row, MIDDLE]
    np.testing.assert_allclose(pair, math.cos(math.pi / 3), atol=1e-3)


@pytest.mark.parametrize("mother", [Morlet(6), Paul(4), DOG(2)], ids=repr)
def test_waves_of_like_amplitude_have_like_rectified_power(mother):
    result = cwt(wave(8) + wave(64), 1.0, wavelet=mother)

    def peaks(power):
        largest = power[:, MIDDLE].max(axis=1)
        bands = (result.periods < 16, result.periods > 32)
        return [largest[band & (result.periods < 128)].max() for band in bands]

    short, long = peaks(result.power())
    assert long / short == pytest.approx(8, rel=0.2)
    short, long = peaks(result.power(rectified=True))
    # A broad wavelet's small scales see something of the other wave, too.
    assert long / short == pytest.approx(1, rel=LIKE_POWER if mother == Morlet(6) else 0.2)


def test_rectifying_both_changes_nothing_that_is_significant():
    result = cwt(np.random.default_rng(0).normal(size=256), 1.0)
    level, _ = significance(1.0, 1.0, result.sj, 0, 0.0)
    power, rectified = result.power(), result.power(rectified=True)
    np.testing.assert_allclose(rectified * result.sj[:, np.newaxis], power, rtol=ROUNDING)
    below = rectify(level, result.sj)[:, np.newaxis]
    np.testing.assert_array_equal(rectified > below, power > level[:, np.newaxis])
    crossed = xwt(*np.random.default_rng(1).normal(size=(2, 256)), 1.0)
    other = crossed.rectified()
    np.testing.assert_allclose(np.angle(other.W12), np.angle(crossed.W12), rtol=ROUNDING)
    np.testing.assert_array_equal(
        np.abs(other.W12) > other.signif[:, np.newaxis],
        np.abs(crossed.W12) > crossed.signif[:, np.newaxis],
    )


@given(st.floats(6, 60), st.floats(0, 6), st.sampled_from([Morlet(6), Paul(4), DOG(2), DOG(6)]))
def test_ridge_is_at_the_period_of_a_wave(period, phase, mother):
    result = cwt(wave(period, phase), 1.0, wavelet=mother)
    found = result.ridge(4, 100)
    error = np.abs(found.periods[MIDDLE] / period - 1)
    assert np.nanmedian(error) < PARABOLA[mother.name]


def test_ridge_follows_a_period_that_changes():
    period = 10 * 3 ** (T / T[-1])
    result = cwt(np.cos(2 * np.pi * np.cumsum(1 / period)), 1.0)
    found = result.ridge(5, 60)
    known = np.isfinite(found.periods)
    assert known[MIDDLE].all()
    np.testing.assert_allclose(found.periods[MIDDLE], period[MIDDLE], rtol=0.01)
    # NaN inside the cone, unless that is asked for.
    assert not known[:8].any()
    everywhere = result.ridge(5, 60, inside_cone=True)
    assert np.isfinite(everywhere.periods[8:]).all()
    np.testing.assert_array_equal(everywhere.periods[known], found.periods[known])


def test_ridge_does_not_depend_on_the_order_of_the_scales():
    rising = np.geomspace(0.02, 0.4, 60)
    one, other = (cwt(wave(13), 1.0, freqs=freqs).ridge(8, 20) for freqs in (rising, rising[::-1]))
    np.testing.assert_array_equal(one.periods, other.periods)
    np.testing.assert_allclose(one.periods[MIDDLE], 13, rtol=1e-3)


def test_ridge_needs_a_peak_within_the_band():
    result = cwt(wave(16), 1.0)
    assert np.isnan(result.ridge(17, 24).periods[MIDDLE]).all()
    two = cwt(wave(12) + 3 * wave(64), 1.0)
    np.testing.assert_allclose(two.ridge(8, 24).periods[MIDDLE], 12, rtol=0.01)
    np.testing.assert_allclose(two.ridge(8, 100).periods[MIDDLE], 64, rtol=0.01)


@given(st.floats(1.1, 3.9), st.floats(0.5, 4), st.floats(-3, 3))
def test_ridge_of_a_parabola_is_its_vertex(vertex, bend, height):
    # Unevenly spaced, as periods are; the logarithm of the field is the parabola.
    periods = np.array([0.5, 1.0, 1.7, 2.0, 3.2, 4.0, 6.0])
    field = np.exp(height - bend * (periods - vertex) ** 2)[:, np.newaxis]
    found = ridge(field, periods)
    np.testing.assert_allclose(found.periods, vertex, rtol=1e-6)
    np.testing.assert_allclose(found.values, math.exp(height), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: semblance([1.0]), TypeError, "`W12` must be complex"),
        (lambda: semblance([1j], 2), ValueError, "`order` must be odd"),
        (lambda: mean_resultant_length([[1j]]), ValueError, "at least two series"),
        (lambda: rectify([1.0, 2.0], [1.0]), ValueError, "one row for each of the 1 `scales`"),
        (lambda: rectify([1.0], [-1.0]), ValueError, "`scales` must be positive"),
        (lambda: ridge([[1j]], [1.0]), TypeError, "`field` must be real"),
        (lambda: ridge([[1.0]], [3.0, 2.0, 2.0]), ValueError, "`periods` must be .* all different"),
        (lambda: ridge([[1.0]], [1.0, 2.0, 3.0]), ValueError, "one row for each of the 3 `periods"),
        (
            lambda: ridge(np.ones((3, 2)), [1.0, 2.0, 3.0], 5, 8),
            ValueError,
            "between them, got 5 and 8; it has periods from 1 to 3",
        ),
        (
            lambda: ridge(np.ones((3, 2)), [1.0, 2.0, 3.0], coi=[1.0]),
            ValueError,
            "`coi` must have 2 times",
        ),
    ],
)
def test_wrong_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
