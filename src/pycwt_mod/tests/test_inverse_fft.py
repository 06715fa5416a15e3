"""Each way from a band of coefficients to times, against the FFT of the whole period."""

import numpy as np
import pytest
import scipy.fft
from hypothesis import assume, given
from hypothesis import strategies as st

from pycwt_mod.inverse_fft import Between, Interpolation, WholeFFT, coarse_grid, fastest_way

# Of the largest value: what the ways promise, with white coefficients up to the edges of a band.
ERRORS = {np.complex128: 3e-14, np.complex64: 2e-6}


def error(way, first, width, n_fft, n, every, dtype):
    """Return the largest difference of a way from the whole FFT, of random coefficients."""
    rng = np.random.default_rng(width + n)
    band = rng.standard_normal((2, width)) + 1j * rng.standard_normal((2, width))
    whole = np.zeros((2, n_fft), complex)
    whole[:, np.arange(first, first + width) % n_fft] = band
    expected = scipy.fft.ifft(whole)
    if isinstance(way, Interpolation):
        band = band / way.divisors(slice(0, width))
    # Rows of a larger array, in falling order: as of a result whose frequencies rise.
    out = np.full((5, len(range(0, n, every))), np.nan, dtype)
    way.write(band, out[3:1:-1])
    assert np.isnan(out[[0, 1, 4]]).all()
    return np.abs(out[3:1:-1] - expected[:, :n:every]).max() / np.abs(expected).max()


@given(
    n_fft=st.sampled_from([7, 97, 1024, 4096, 5000, 10_007, 32768, 65536, 99_999, 100_000]),
    every=st.sampled_from([1, 1, 2, 3, 5, 64, 100, 3000]),
    dtype=st.sampled_from(list(ERRORS)),
    data=st.data(),
)
def test_the_fastest_way_is_the_whole_fft_to_rounding(n_fft, every, dtype, data):
    octaves = data.draw(st.floats(0, np.log2(n_fft)))
    width = int(2**octaves)
    first = data.draw(st.integers(-(n_fft // 2), (n_fft - 1) // 2 + 1 - width))
    n = data.draw(st.integers(1, n_fft))
    way = fastest_way(first, width, n_fft, dtype, every)
    assert error(way, first, width, n_fft, n, every, dtype) < ERRORS[dtype]


@pytest.mark.parametrize("dtype", ERRORS)
@pytest.mark.parametrize(
    ("first", "width", "every", "kind"),
    [
        (-(2**16), 2**17, 1, WholeFFT),
        (-3, 2**15 + 1, 1, WholeFFT),
        (-700, 2**13, 1, Interpolation),
        (900, 100, 1, Interpolation),
        (900, 100, 48, Interpolation),
        (900, 100, 1000, Interpolation),
        (-(2**16), 2**17, 12, WholeFFT),
    ],
)
def test_each_way_is_taken_and_is_the_whole_fft(first, width, every, kind, dtype):
    way = fastest_way(first, width, 2**17, dtype, every)
    assert type(way) is kind
    assert error(way, first, width, 2**17, 120_001, every, dtype) < ERRORS[dtype]


@given(
    n_fft=st.sampled_from([4096, 5000, 3**9, 99_999, 2**17]),
    share=st.floats(0.0001, 0.24),
    data=st.data(),
)
def test_stretches_between_samples_are_those_of_the_whole_fft(n_fft, share, data):
    up = max(1, int(share * n_fft / 2))
    down = data.draw(st.integers(0, up))
    grid = coarse_grid(n_fft, 2 * up)
    assume(grid.step > 1)
    rng, length = np.random.default_rng(up + down), n_fft // grid.step
    band = rng.standard_normal((3, up + down)) + 1j * rng.standard_normal((3, up + down))
    whole = np.zeros((3, n_fft), complex)
    whole[:, np.arange(-down, up)] = band
    expected = scipy.fft.ifft(whole)
    factors = Between.factors(length, grid)[np.abs(np.arange(-down, up))]
    row = np.zeros((3, length), complex)
    row[:, np.arange(-down, up)] = band * factors
    start = data.draw(st.integers(0, n_fft - 1))
    times = slice(start, data.draw(st.integers(start + 1, min(n_fft, start + 3000))))
    real, imaginary = Between(scipy.fft.ifft(row), grid).at(times, slice(1, 3))
    largest = ERRORS[np.complex128] * np.abs(expected).max()
    assert np.abs(real + 1j * imaginary - expected[1:, times]).max() < largest


@given(n_fft=st.integers(1, 10**6), width=st.integers(1, 10**6))
def test_the_coarse_grid_is_as_fine_as_its_kernel_needs(n_fft, width):
    step, fine = coarse_grid(n_fft, width)
    assert n_fft % step == 0
    assert step == 1 or n_fft // step >= fine * width


@pytest.mark.parametrize("dtype", ERRORS)
@pytest.mark.parametrize(("width", "fine"), [(1500, 2), (200, 2), (100, 16), (40, 40), (8, 160)])
def test_narrower_bands_take_kernels_of_fewer_samples(width, fine, dtype):
    way = fastest_way(50, width, 2**17, dtype)
    assert way.grid.fine == fine
    assert error(way, 50, width, 2**17, 120_001, 1, dtype) < ERRORS[dtype]
