"""The transform on arrays: geometry, and what the numbers mean."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycwt_mod import cwt, transform
from pycwt_mod.mothers import DOG, Morlet, Paul

MOTHERS = [Morlet(), Paul(), DOG(), DOG(3)]


@pytest.mark.parametrize(("J", "count"), [(0, 1), (7, 8), (7 / (1 / 12), 85), (2.5, 4)])
def test_number_of_scales_is_that_of_pycwt(J, count):
    assert transform.number_of_scales(J) == count == np.arange(0, J + 1).size


def test_number_of_scales_forgives_rounding():
    assert transform.number_of_scales(84 + 1e-12) == 85


@settings(deadline=None)
@given(n=st.integers(1, 400), scale=st.floats(0.1, 1000), dt=st.floats(0.01, 10))
def test_outside_cone_is_the_interval_where_the_period_is_below_it(n, scale, dt):
    mother = Morlet()
    coi = transform.cone_of_influence(n, mother, dt)
    period = np.array([mother.flambda() * scale * dt])
    (start,), (stop,) = transform.outside_cone(period, coi)
    inside = np.zeros(n, dtype=bool)
    inside[start : max(start, stop)] = True
    np.testing.assert_array_equal(inside, period <= coi)


@pytest.mark.parametrize("mother", MOTHERS, ids=repr)
def test_white_noise_has_the_same_power_at_every_scale(mother):
    # Torrence & Compo (1998), section 3d: the expected power of white noise is its variance.
    n = 2**15
    noise = np.random.default_rng(0).standard_normal(n)
    scales = np.array([4.0, 8.0, 16.0, 32.0]) * 2 / mother.flambda()
    W, _ = transform.forward(noise, mother, scales, 1.0, n)
    independent = n / (2 * scales)  # about one value per two scales
    error = np.abs(np.mean(np.abs(W) ** 2, axis=1) - 1)
    assert (error < 5 * np.sqrt(2 / independent)).all()


def test_forward_does_not_depend_on_blocks_of_scales(monkeypatch):
    signal = np.random.default_rng(1).standard_normal(100)
    scales = transform.scale_axis(2.0, 1 / 4, 20)
    whole, _ = transform.forward(signal, Morlet(), scales, 1.0, 128)
    monkeypatch.setattr(transform, "_BLOCK_BYTES", 1)
    single, _ = transform.forward(signal, Morlet(), scales, 1.0, 128)
    np.testing.assert_array_equal(whole, single)


def test_forward_of_a_delta_is_the_wavelet_itself():
    # Away from edges: W at time t is sqrt(dt / s) conj(psi((t0 - t) dt / s)), TC98 eq. 2.
    mother, n, dt, scale = Morlet(), 256, 0.5, 10.0
    signal = np.zeros(n)
    signal[128] = 1.0
    W, _ = transform.forward(signal, mother, np.array([scale]), dt, n)
    t = (128 - np.arange(n)) * dt / scale
    np.testing.assert_allclose(W[0], np.sqrt(dt / scale) * mother.psi(t).conj(), atol=1e-8)


def test_inverse_is_linear_in_the_field_and_real():
    W = np.random.default_rng(2).standard_normal((3, 5)) * (1 + 2j)
    scales = np.array([1.0, 4.0, 16.0])
    np.testing.assert_allclose(
        transform.inverse(W, scales, 2.0), 2 * (W.real / np.sqrt(scales)[:, None]).sum(axis=0)
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dj": 1e-9}, "`dj` must leave fewer than 100000 scales, got 1e-09"),
        ({"dj": 1e-320}, "`dj` must leave fewer than 100000 scales"),
        ({"J": 1e7}, "`J`, the number of scales less one, must be below 100000, got 1e"),
        ({"dt": 5e-324}, "`dt` must lie between 1e-300 and 1e.300"),
        ({"dt": 1e307}, "`dt` must lie between 1e-300 and 1e.300"),
    ],
)
def test_bounds_of_scales_are_told_by_name(options, message):
    series = np.random.default_rng(2).normal(size=64)
    with pytest.raises(ValueError, match=message):
        cwt(series, **({"dt": 1.0} | options))


@settings(deadline=None, max_examples=30)
@given(
    shape=st.sampled_from([(), (3,), (2, 2)]),
    n=st.integers(3, 80),
    every=st.integers(1, 90),
    workers=st.integers(1, 3),
    is_complex=st.booleans(),
    single=st.booleans(),
)
def test_forward_of_many_series_at_some_times_is_that_of_each_at_all(
    shape, n, every, workers, is_complex, single
):
    rng = np.random.default_rng(n)
    signal = rng.standard_normal((*shape, n)) + 1j * is_complex * rng.standard_normal((*shape, n))
    scales = transform.scale_axis(2.0, 1 / 3, 12)
    W, spectrum = transform.forward(
        signal, Morlet(), scales, 1.0, 128, single=single, workers=workers, every=every
    )
    assert W.dtype == (np.complex64 if single else np.complex128)
    assert spectrum.dtype == np.complex128
    for place in np.ndindex(shape):
        expected, _ = transform.forward(signal[place], Morlet(), scales, 1.0, 128)
        error = np.abs(W[place] - expected[:, ::every]).max()
        assert error <= (1e-6 if single else 1e-14) * np.abs(expected).max()
