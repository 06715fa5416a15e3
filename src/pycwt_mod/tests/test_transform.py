"""The transform on arrays: geometry, and what the numbers mean."""

import tracemalloc

import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from pycwt_mod import cwt, transform, xwt
from pycwt_mod.mothers import DOG, MexicanHat, Morlet, Paul
from pycwt_mod.responses import wavelet_filter

MOTHERS = [Morlet(), Paul(), DOG(), DOG(3)]


@pytest.mark.parametrize(("J", "count"), [(0, 1), (7, 8), (7 / (1 / 12), 85), (2.5, 4)])
def test_number_of_scales_is_that_of_pycwt(J, count):
    assert transform.number_of_scales(J) == count == np.arange(0, J + 1).size


def test_number_of_scales_forgives_rounding():
    assert transform.number_of_scales(84 + 1e-12) == 85


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


def by_whole_ffts(signal, mother, scales, dt, n_fft):
    """Return the transform by its definition: one FFT for each scale, all its multipliers."""
    product = scipy.fft.fft(signal, n_fft) * wavelet_filter(mother, scales, n_fft, dt)
    return scipy.fft.ifft(product)[:, : signal.size]


class Skewed(Morlet):
    """A wavelet that its family does not know: with negative frequencies and a far tail."""

    def psi_ft(self, f):
        return super().psi_ft(f) + 0.5j * super().psi_ft(-f) + 1e-3 / (1 + f**2)


class Inherited(Morlet):
    pass


PATCHED = Morlet()
PATCHED.psi_ft = DOG(1).psi_ft


@given(
    n=st.integers(2, 9000),
    padding=st.sampled_from(["none", "power of two", "prime", "much"]),
    mother=st.one_of(
        st.builds(Morlet, st.floats(0.5, 60)),
        st.builds(Paul, st.integers(1, 40)),
        st.builds(DOG, st.integers(1, 40)),
        st.sampled_from([Skewed(), Inherited(8), PATCHED]),
    ),
    octaves=st.lists(st.floats(-2, 16), min_size=1, max_size=6),
    dt=st.sampled_from([1.0, 1e-9, 365.25]),
    is_complex=st.booleans(),
    offset=st.sampled_from([0, 1e6]),
)
def test_forward_is_the_transform_by_its_definition(
    n, padding, mother, octaves, dt, is_complex, offset
):
    n_fft = {"none": n, "power of two": 1 << (n - 1).bit_length(), "prime": 9011, "much": 32768}
    rng = np.random.default_rng(n)
    signal = offset + rng.standard_normal(n) + 1j * is_complex * rng.standard_normal(n)
    scales = dt * 2 ** np.array(octaves)
    W, spectrum = transform.forward(signal, mother, scales, dt, n_fft[padding])
    expected = by_whole_ffts(signal, mother, scales, dt, n_fft[padding])
    np.testing.assert_array_equal(spectrum, scipy.fft.fft(signal, n_fft[padding]))
    # To rounding of the largest number that is added up in each scale.
    filters = wavelet_filter(mother, scales, n_fft[padding], dt)
    largest = np.abs(spectrum * filters).max(axis=1) + 1e-16 * np.abs(spectrum).max() * np.abs(
        filters
    ).max(axis=1)
    assert (np.abs(W - expected).max(axis=1) <= 1e-13 * largest).all()


@pytest.mark.parametrize("n_fft", [2**15, pytest.param(2**18, marks=pytest.mark.heavy)])
@pytest.mark.parametrize("mother", [Morlet(), Paul(), DOG(), Skewed()], ids=repr)
def test_forward_of_long_series_is_the_transform_by_its_definition(mother, n_fft):
    signal = np.random.default_rng(1).standard_normal(n_fft - 5).cumsum()
    scales = transform.scale_axis(2.0, 1 / 2, 2 * np.log2(n_fft))
    W, _ = transform.forward(signal, mother, scales, 1.0, n_fft)
    single, _ = transform.forward(signal, mother, scales, 1.0, n_fft, single=True)
    for row, scale in enumerate(scales):
        (expected,) = by_whole_ffts(signal, mother, np.array([scale]), 1.0, n_fft)
        largest = np.abs(expected).max()
        assert np.abs(W[row] - expected).max() < 1e-13 * largest
        assert np.abs(single[row] - expected).max() < 7e-7 * largest


def test_forward_in_single_precision_takes_large_and_small_numbers():
    signal = np.random.default_rng(2).standard_normal(300)
    scales = transform.scale_axis(2.0, 1 / 2, 10)
    expected, _ = transform.forward(signal, Morlet(), scales, 1.0, 512)
    for unit in (1e-33, 1e33):
        W, _ = transform.forward(unit * signal, Morlet(), scales, 1.0, 512, single=True)
        np.testing.assert_allclose(W / unit, expected, atol=1e-6 * np.abs(expected).max())
    W, _ = transform.forward(1e-320 * signal, Morlet(), scales, 1.0, 512, single=True)
    assert not W.any()


def test_forward_does_not_depend_on_threads():
    signal = np.random.default_rng(3).standard_normal((2, 40_000))
    scales = transform.scale_axis(2.0, 1 / 4, 50)
    for mother in (Morlet(), Skewed()):
        one, _ = transform.forward(signal, mother, scales, 1.0, 65536)
        four, _ = transform.forward(signal, mother, scales, 1.0, 65536, workers=4)
        np.testing.assert_array_equal(one, four)
        alone, _ = transform.forward(signal[1], mother, scales, 1.0, 65536)
        np.testing.assert_array_equal(one[1], alone)


def test_forward_keeps_the_multipliers_of_few_short_transforms():
    signal = np.random.default_rng(4).standard_normal(1000)
    first, _ = transform.forward(signal, Morlet(), np.array([2.0, 9.0]), 1.0, 1024)
    other, _ = transform.forward(signal, Morlet(7), np.array([2.0, 9.0]), 1.0, 1024)
    again, _ = transform.forward(signal, Morlet(), np.array([2.0, 9.0]), 1.0, 1024)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1
    mother = Morlet()
    mother.f0 = 7
    changed, _ = transform.forward(signal, mother, np.array([2.0, 9.0]), 1.0, 1024)
    np.testing.assert_array_equal(changed, other)


@pytest.mark.parametrize("single", [False, True])
def test_work_on_long_series_takes_the_memory_of_the_result(single):
    n, n_fft = 600_000, 2**20  # rows of 10 and 16 MB
    signal = np.random.default_rng(5).standard_normal((2, n))
    scales = transform.scale_axis(2.0, 1, 12)
    tracemalloc.start()
    W, spectrum = transform.forward(signal, Morlet(), scales, 1.0, n_fft, single=single)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - W.nbytes - spectrum.nbytes < 12e6
    whole = scipy.fft.rfft(signal, n_fft)
    assert np.abs(spectrum - whole).max() < 1e-14 * np.abs(whole).max()
    for row in (0, 3, 9):
        expected = by_whole_ffts(signal[1], Morlet(), scales[[row]], 1.0, n_fft)[0]
        error = 7e-7 if single else 1e-13
        assert np.abs(W[1, row] - expected).max() < error * np.abs(expected).max()


def test_long_complex_series_are_two_real_ones():
    real, imaginary = np.random.default_rng(6).standard_normal((2, 200_000))
    scales = np.array([2.0, 3.0, 40.0, 900.0])
    both, _ = transform.forward(real + 1j * imaginary, DOG(3), scales, 1.0, 2**18)
    parts, _ = transform.forward(np.stack([real, imaginary]), DOG(3), scales, 1.0, 2**18, workers=2)
    expected = parts[0] + 1j * parts[1]
    assert (np.abs(both - expected).max(axis=1) < 1e-13 * np.abs(expected).max(axis=1)).all()


@pytest.mark.parametrize(
    ("mother", "scales"),
    [
        (Morlet(), transform.scale_axis(2.0, 1 / 2, 25)),
        (Morlet(), transform.scale_axis(2.0, 1 / 12, 30)),  # nearly all in pieces
        (DOG(3), transform.scale_axis(4.0, 1 / 2, 12)),
        (Skewed(), np.array([3.0, 40.0])),
        (Paul(), np.array([2000.0])),
    ],
    ids=["all octaves", "in pieces", "both frequencies", "unknown", "one scale"],
)
@pytest.mark.parametrize("n", [100_000, pytest.param(200_000, marks=pytest.mark.heavy)])
def test_cross_is_the_product_of_two_transforms_in_bounded_memory(mother, scales, n):
    pair, n_fft = np.random.default_rng(6).standard_normal((2, n)), 1 << (n - 1).bit_length()
    tracemalloc.start()
    W12 = transform.cross(pair, mother, scales, 1.0, n_fft)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - W12.nbytes < 25e6
    W1, W2 = (transform.forward(one, mother, scales, 1.0, n_fft)[0] for one in pair)
    for own, right in zip(W12, W1 * W2.conj(), strict=True):
        assert np.abs(own - right).max() < 1e-13 * np.abs(right).max()


def test_xwt_of_rising_frequencies_has_the_rows_of_falling_ones():
    pair, freqs = np.random.default_rng(7).standard_normal((2, 500)), [0.4, 0.2, 0.05]
    falling, rising = xwt(*pair, 1.0, freqs=freqs), xwt(*pair, 1.0, freqs=freqs[::-1])
    for field in ("W12", "freqs", "signif", "scales"):
        expected = getattr(falling, field)[::-1]
        np.testing.assert_allclose(getattr(rising, field), expected, rtol=1e-12)


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


@settings(max_examples=30)
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


@pytest.mark.parametrize("mother", [Morlet(6), MexicanHat(), DOG(6), Paul(4)], ids=str)
@pytest.mark.parametrize("n", [9, 14, 300])
@pytest.mark.parametrize("s0", [5.0, 20.0, 1000.0])
def test_cross_spectra_of_scales_that_no_frequency_of_the_record_meets(mother, n, s0):
    pair = np.random.default_rng(n).standard_normal((2, n))
    scales, n_fft = transform.scale_axis(s0, 1 / 7, 20), 1 << (n - 1).bit_length()
    first, second = (transform.forward(x, mother, scales, 1.0, n_fft)[0] for x in pair)
    expected = first * second.conj()
    found = transform.cross(pair, mother, scales, 1.0, n_fft)
    assert np.abs(found - expected).max() <= 1e-13 * np.abs(expected).max()
