"""The fast engine against the direct formula, and the laws of its blocks."""

import pickle
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycwt_mod.arrays import NUMPY
from pycwt_mod.montecarlo import counting
from pycwt_mod.montecarlo.noise import Streams
from pycwt_mod.montecarlo.simulate import CountSurrogates

from .problems import WAVELETS, direct_counts, small_plan, streams

# R2 of the two ways of computing differs by about 1e-15; of 1e5 samples none should lie so close
# to an edge between bins, but one or two may.
BIN_FLIPS = 2


@pytest.mark.parametrize(
    ("name", "smoothing"),
    [*((name, "pycwt") for name in WAVELETS), ("morlet", "grinsted"), ("dog3", "grinsted")],
)
def test_counts_equal_the_direct_formula(name, smoothing):
    plan = small_plan(WAVELETS[name], smoothing=smoothing)
    counts = CountSurrogates(plan, streams())((0, 20))
    direct = direct_counts(plan, range(20))
    assert np.abs(counts - direct).sum() <= 2 * BIN_FLIPS
    assert direct.sum() == 20 * plan.samples_per_surrogate.sum()


@pytest.mark.parametrize("dj", [1 / 12, 1.0, 3.0])
def test_counts_equal_the_direct_formula_for_any_spacing(dj):
    plan = small_plan(dj=dj, J=5 / dj)
    counts = CountSurrogates(plan, streams())((0, 6))
    assert np.abs(counts - direct_counts(plan, range(6))).sum() <= 2 * BIN_FLIPS


def test_counts_hold_every_sample_outside_the_cone_of_influence():
    plan = small_plan()
    counts = CountSurrogates(plan, streams())((5, 41))
    np.testing.assert_array_equal(counts.sum(axis=(0, 2)), 36 * plan.samples_per_surrogate)
    assert (plan.samples_per_surrogate > 0).all()


def test_counts_of_a_surrogate_go_to_its_batch():
    plan = small_plan()
    kernel = CountSurrogates(plan, streams())
    both = kernel((3, 5))
    assert set(np.flatnonzero(both.any(axis=(1, 2)))) == {3, 4}
    np.testing.assert_array_equal(both[3], kernel((3, 4))[3])


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, 70), max_size=6), seed=st.integers(0, 2**70))
def test_counts_do_not_depend_on_how_the_range_is_cut(cuts, seed):
    kernel = CountSurrogates(small_plan(J=8), Streams.of(np.random.SeedSequence(seed)))
    edges = sorted({0, 70, *cuts})
    pieces = [kernel(piece) for piece in pairwise(edges)]
    np.testing.assert_array_equal(sum(pieces), kernel((0, 70)))


def test_kernel_survives_pickling_without_its_filters():
    plan = small_plan()
    kernel = CountSurrogates(plan, streams())
    expected = kernel((0, 3))
    parcel = pickle.dumps(kernel)
    assert len(parcel) < 5_000  # the filters alone would be hundreds of kilobytes
    np.testing.assert_array_equal(pickle.loads(parcel)((0, 3)), expected)


def test_coherence_of_one_lies_in_the_last_bin(monkeypatch):
    # Two equal series are fully coherent; rounding puts R2 on either side of 1.
    noise = np.random.default_rng(0).standard_normal

    def equal_pairs(indices, n, coefficients):
        series = noise((len(indices), n))
        return np.stack([series, series])

    monkeypatch.setattr(counting, "legacy_pairs", equal_pairs)
    plan = small_plan(noise="legacy")
    counts = CountSurrogates(plan, streams())((0, 8))
    assert counts[..., -1].sum() == counts.sum() > 0


def test_scale_without_samples_is_empty_and_the_last_one_is_filled():
    # A wavelet whose cone of influence leaves nothing at the largest scales.
    class Wide(type(WAVELETS["morlet"])):
        def coi(self):
            return 0.3

    plan = small_plan(Wide())
    empty = plan.samples_per_surrogate == 0
    assert empty.any()
    assert not empty.all()
    counts = CountSurrogates(plan, streams())((0, 4))
    np.testing.assert_array_equal(counts.sum(axis=(0, 2)) == 0, empty)


def test_shorter_ffts_change_no_count():
    plan = small_plan(J=24)
    lengths = plan.bank().lengths
    assert len(lengths) > 1  # otherwise this tests nothing
    assert max(lengths) == plan.n_fft
    kernel = CountSurrogates(plan, streams())
    counts = kernel((0, 20))
    assert np.abs(counts - direct_counts(plan, range(20))).sum() <= 2 * BIN_FLIPS


def test_own_smooth_of_a_mother_wavelet_is_used():
    class Own(type(WAVELETS["morlet"])):
        def smooth(self, W, dt, dj, scales, smoothing="pycwt"):
            return super().smooth(W, dt, dj, scales, smoothing)

    own, built_in = small_plan(Own()), small_plan()
    assert own.smooths_itself
    assert not built_in.smooths_itself
    ours = CountSurrogates(own, streams())((0, 10))
    assert np.abs(ours - CountSurrogates(built_in, streams())((0, 10))).sum() <= 2 * BIN_FLIPS


def test_work_per_surrogate_is_six_ffts_a_scale():
    # Complexity by counting, not by the clock: samples that go through an FFT.
    lengths = []

    def counting(transform):
        def run(array):
            lengths.append(array.size)
            return transform(array)

        return run

    ops = replace(NUMPY, name="counting", fft=counting(NUMPY.fft), ifft=counting(NUMPY.ifft))
    plan = small_plan()
    bank = plan.bank(ops)
    lengths.clear()
    CountSurrogates(plan, streams(), ops)((0, plan.block_size))
    per_scale = 6 * sum(row.n_fft for row in bank.filters)
    spectra = 2 * sum(bank.lengths)
    assert sum(lengths) == plan.block_size * (per_scale + spectra)
