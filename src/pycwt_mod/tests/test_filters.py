"""Filters: what is kept of them, what folding does to a transform, and banks that stay at home."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod.arrays import NUMPY
from pycwt_mod.filters import Banks, Passband, filtered, folded, lowest_frequencies, passbands_of

ROUNDING = 1e-12


def _complex(rng, n):
    return rng.standard_normal(n) + 1j * rng.standard_normal(n)


def _filtered(spectrum, passbands, n_fft):
    row = np.full(n_fft, np.nan + 0j)  # whatever was there before
    filtered(spectrum, passbands, row, NUMPY)
    return row


@given(n=st.integers(1, 40), cut=st.integers(0, 40), seed=st.integers(0, 9))
def test_passbands_filter_as_the_whole_row_does(n, cut, seed):
    rng = np.random.default_rng(seed)
    row, spectrum = _complex(rng, n), _complex(rng, n)
    row[min(cut, n - 1) : max(n - cut // 2, 1)] *= 1e-30  # negligible
    found = _filtered(spectrum, passbands_of(row, NUMPY), n)
    np.testing.assert_allclose(found, spectrum * row, atol=ROUNDING)


@given(n=st.integers(1, 20), step=st.integers(1, 8), seed=st.integers(0, 9))
def test_folded_filter_gives_every_step_th_time_of_the_transform(n, step, seed):
    rng = np.random.default_rng(seed)
    row, spectrum = _complex(rng, n * step), _complex(rng, n * step)
    coarse = _filtered(spectrum, folded(passbands_of(row, NUMPY), n), n)
    whole = np.fft.ifft(spectrum * row)
    np.testing.assert_allclose(np.fft.ifft(coarse) / step, whole[::step], atol=ROUNDING)


@given(n=st.integers(1, 12), size=st.integers(1, 60), lowest=st.integers(-40, 40))
def test_folded_coefficients_are_counted_from_the_lowest(n, size, lowest):
    rng = np.random.default_rng(0)
    response, spectrum = _complex(rng, size), _complex(rng, size)
    part = slice(0, size)
    found = _filtered(spectrum, folded([Passband(part, part, response)], n, lowest), n)
    expected = np.zeros(n, dtype=complex)
    np.add.at(expected, (np.arange(size) + lowest) % n, spectrum * response)
    np.testing.assert_allclose(found, expected, atol=ROUNDING)


@given(n=st.integers(1, 30), more=st.integers(0, 30))
def test_lowest_frequencies_are_those_of_a_shorter_row(n, more):
    whole = np.fft.fftfreq(n + more, 1 / (n + more))
    kept = lowest_frequencies(whole, n)
    own = np.fft.fftfreq(n, 1 / n)
    # The coefficient at the Nyquist frequency has either sign.
    np.testing.assert_array_equal(np.abs(kept), np.abs(own))


def test_filter_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="`wavelet` must have finite `psi_ft`"):
        passbands_of(np.array([1.0, np.nan]), NUMPY)


def test_banks_are_made_once_and_stay_at_home():
    banks, made = Banks(), []
    for _ in range(2):
        assert banks.get("name", lambda: made.append(1) or "bank") == "bank"
    assert made == [1]
    assert pickle.loads(pickle.dumps(banks)).get("name", lambda: "another") == "another"
