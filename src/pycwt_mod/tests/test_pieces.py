"""Records in pieces, against one FFT of the whole record."""

import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from pycwt_mod import DOG, Morlet, Paul, transform
from pycwt_mod.pieces import Pieces, scales_in_pieces
from pycwt_mod.responses import Responses, wavelet_filter

SCALES = 2 ** np.arange(1, 8, 0.25)


def in_pieces(mother, n, n_fft, scales=SCALES):
    """Return which scales are computed in pieces."""
    found = np.zeros(scales.size, dtype=int)
    for rows, _, _ in scales_in_pieces(Responses(mother, scales, 1.0, n_fft), n, complex):
        found[rows] += 1
    assert found.max() <= 1
    return found > 0


@settings(max_examples=25)
@given(
    mother=st.sampled_from([Morlet(), Morlet(20), DOG(2), DOG(6)]),
    n=st.integers(8192, 30_000),
    padding=st.sampled_from(["none", "few", "power of two"]),
    falls=st.booleans(),
    is_complex=st.booleans(),
)
def test_pieces_give_the_transform_of_the_whole_record(mother, n, padding, falls, is_complex):
    n_fft = {"none": n, "few": n + 30, "power of two": 1 << (n - 1).bit_length()}[padding]
    scales = SCALES[::-1] if falls else SCALES
    rng = np.random.default_rng(n)
    signal = rng.standard_normal(n).cumsum() + 1j * is_complex * rng.standard_normal(n)
    assert in_pieces(mother, n, n_fft, scales).any()
    W, spectrum = transform.forward(signal, mother, scales, 1.0, n_fft)
    for own, scale in zip(W, scales, strict=True):
        whole = scipy.fft.ifft(spectrum * wavelet_filter(mother, scale, n_fft, 1.0))[:n]
        assert np.abs(own - whole).max() < 1e-13 * np.abs(whole).max()


@pytest.mark.parametrize("kind", ["wave", "walk", "bump"])
def test_single_precision_keeps_its_digits_where_a_piece_is_cut_at_other_levels(kind):
    n = 2**16
    noise = np.random.default_rng(0).standard_normal(n)
    walk = 100 * noise.cumsum()
    # All ends meet: the record as a whole has no jump that would hide those of its pieces.
    walk -= np.linspace(walk[0], walk[-1], n)
    signals = {
        "wave": 1e4 * np.sin(2 * np.pi * np.arange(n) / n) + noise,
        "walk": walk,
        "bump": np.exp(-((np.arange(n) - n / 2) ** 2) / 1e5),  # of which short wavelets see little
    }
    signal = signals[kind]
    W, _ = transform.forward(signal, Morlet(), SCALES, 1.0, n)
    single, _ = transform.forward(signal, Morlet(), SCALES, 1.0, n, single=True)
    assert in_pieces(Morlet(), n, n).any()
    assert (np.abs(single - W).max(axis=1) < 3e-7 * np.abs(W).max(axis=1)).all()


@pytest.mark.parametrize(
    ("mother", "first", "last"), [(Morlet(), 2**2.25, 2**4.5), (DOG(), 2**1.5, 2**4.75)], ids=repr
)
def test_scales_that_see_some_samples_are_computed_in_pieces(mother, first, last):
    expected = (first <= SCALES) & (last >= SCALES)
    np.testing.assert_array_equal(in_pieces(mother, 100_000, 131_072), expected)


def test_wavelets_without_an_end_are_not_cut():
    assert not in_pieces(Paul(4), 100_000, 131_072).any()
    assert not in_pieces(Morlet(), 2000, 2048).any()  # as long as a piece


@given(n=st.integers(1, 10**6), longest=st.sampled_from([2048, 16384]), reach=st.integers(1, 128))
def test_pieces_cover_the_record_with_room_for_what_they_see(n, longest, reach):
    pieces = Pieces.of(n, 2 * n, longest, reach, complex)
    assert pieces.length >= pieces.valid + 2 * pieces.reach
    number = -(-n // pieces.valid)
    assert number * pieces.valid >= n
    assert pieces.length < 1.1 * longest
