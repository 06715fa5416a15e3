"""Series rebuilt from a part of their transform: amplitudes and phases of waves that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycwt_mod import DOG, Morlet, Paul, cwt, reconstruct, significance

# What is promised of amplitudes.
RIGHT = 0.01

T = np.arange(1024)
MIDDLE = slice(256, 768)
MOTHERS = [Morlet(6), Morlet(10), Paul(4), Paul(7), DOG(2), DOG(6), DOG(4), DOG(1), DOG(3)]


quick = settings(max_examples=20)


def wave(period, phase=0.4):
    return 1.7 * np.cos(2 * np.pi * T / period - phase)


def error(rebuilt, expected):
    return np.abs(rebuilt - expected)[MIDDLE].max() / 1.7


@pytest.mark.parametrize("mother", MOTHERS, ids=repr)
@quick
@given(st.floats(8.1, 31.5), st.floats(0, 6), st.sampled_from([1 / 12, 1 / 4]))
def test_wave_within_the_band_is_right(mother, period, phase, dj):
    x = wave(period, phase)
    result = cwt(x, 0.5, dj, wavelet=mother)
    assert error(result.reconstruct(4, 16), x) < RIGHT


@quick
@given(st.floats(10, 28))
def test_wave_is_right_by_any_scales(period):
    # Frequencies with equal steps: their scales have no spacing in octaves.
    x = wave(period)
    result = cwt(x, 1.0, freqs=np.linspace(1 / 64, 1 / 5, 120))
    assert error(result.reconstruct(8, 32), x) < RIGHT


def test_response_falls_off_beyond_the_band():
    def response(period):
        return np.abs(cwt(wave(period), 1.0).reconstruct(16, 32))[MIDDLE].max() / 1.7

    assert response(16 * 2**-0.2) == pytest.approx(0.36, abs=0.02)
    assert response(32 * 2**0.2) == pytest.approx(0.53, abs=0.02)
    assert response(16 * 2**-0.75) < 0.001
    assert response(32 * 2**0.75) == pytest.approx(0.03, abs=0.01)


def test_parts_of_a_series_are_told_apart():
    fast, slow = wave(6), wave(40, 1.0)
    result = cwt(5 + fast + slow, 1.0)
    assert error(result.reconstruct(4, 9), fast) < RIGHT
    assert error(result.reconstruct(25, 64), slow) < RIGHT
    assert error(result.reconstruct(), fast + slow - np.mean(fast + slow)) < RIGHT


@pytest.mark.parametrize("mother", [Morlet(6), Paul(4)], ids=repr)
@pytest.mark.parametrize("margin", [0.1, 0.3, 1.0])
@quick
@given(st.floats(8, 40))
def test_marked_wave_is_right_whatever_the_margins(mother, margin, period):
    x = wave(period)
    result = cwt(x, 1.0, wavelet=mother)
    octaves = np.abs(np.log2(result.periods / period))
    mask = np.broadcast_to((octaves <= margin)[:, np.newaxis], result.W.shape)
    assert error(result.reconstruct(mask=mask), x) < RIGHT


def test_significant_waves_are_right():
    fast, slow = np.where(T < 512, wave(8), 0), wave(64)
    noise = 0.02 * np.random.default_rng(0).normal(size=1024)
    result = cwt(fast + slow + noise, 1.0)
    level, _ = significance(0.02**2, 1.0, result.sj, 0, 0.0, 0.999)
    rebuilt = result.reconstruct(mask=result.power() > 100 * level[:, np.newaxis])
    assert np.abs(rebuilt - fast - slow)[300:450].max() / 1.7 < 2 * RIGHT
    assert np.abs(rebuilt - slow)[600:768].max() / 1.7 < 2 * RIGHT


def test_times_without_a_marked_point_are_zero():
    result = cwt(wave(16), 1.0)
    mask = np.zeros(result.W.shape, dtype=bool)
    assert not result.reconstruct(mask=mask).any()
    mask[20:40, 500:] = True
    rebuilt = result.reconstruct(mask=mask)
    assert not rebuilt[:500].any()
    assert rebuilt[500:].any()
    assert not result.reconstruct(300, mask=mask).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 3000.0}, "`low` and `high` must hold a period of the transform"),
        ({"low": 20.0, "high": 10.0}, "`low` must not exceed `high`, got 20 and 10"),
        ({"low": -1.0}, "`low` must be positive"),
        ({"mask": np.ones(3, dtype=bool)}, "`mask` must be truth values of shape"),
        ({"mask": np.ones((3, 4))}, "`mask` must be truth values of shape .* got float64"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    W, sj, *_ = cwt(wave(16), 1.0)
    with pytest.raises(ValueError, match=message):
        reconstruct(W, sj, 1.0, **options)


@pytest.mark.parametrize("mother", [DOG(2), DOG(3)], ids=repr)
def test_mask_of_a_real_wavelet_is_refused(mother):
    result = cwt(wave(16), 1.0, wavelet=mother)
    with pytest.raises(ValueError, match=r"`mask` must be left out for a real wavelet.*DOG\(m="):
        result.reconstruct(mask=np.ones(result.W.shape, dtype=bool))
