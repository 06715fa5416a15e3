"""Band means of surrogates: coarse against full, single against double, and the tail."""

import math

import numpy as np
import pytest

from pycwt_mod.geometry import Geometry
from pycwt_mod.limits import scale_arguments
from pycwt_mod.matrix.nulls import anchors_of, interpolated
from pycwt_mod.matrix.table import as_bands, in_band
from pycwt_mod.montecarlo.band_means import BandSurrogates, make_groups, pvalue
from pycwt_mod.montecarlo.noise import Streams
from pycwt_mod.mothers import DOG, Morlet, Paul
from pycwt_mod.transform import scale_axis

# What the engine rests on, in some seconds a test: run by `.ci/run`.
pytestmark = pytest.mark.heavy

# Coarse times may change band means by this share of the spread of the means.
COARSE = 0.05


def surrogates(mother, method, coefficients, n=600, bands=None, single=False, inside_cone=False):
    dj, s0, J = scale_arguments(n, 1.0, 1 / 6, -1, -1, mother)
    n_fft = 2 ** math.ceil(math.log2(n))
    geometry = Geometry(mother, scale_axis(s0, dj, J), 1.0, dj, n, n_fft, "pycwt", inside_cone)
    chosen = as_bands(bands, geometry.periods, geometry.n_averaged)
    seen = geometry.n_averaged > 0
    members = np.stack([in_band(geometry.periods, band) & seen for band in chosen])
    groups = make_groups(geometry, list(members), method)
    return BandSurrogates(geometry, members, groups, coefficients, Streams(5), True, single)


def means(kernel, n_surrogates, number=0):
    blocks = [kernel((number, *span)) for span in kernel.ranges(n_surrogates)]
    return np.concatenate(blocks)


@pytest.mark.parametrize(
    ("mother", "coefficients", "inside_cone"),
    [(Morlet(), (0.95, 0.9), True), (Paul(), (0.95, 0.9), False), (DOG(), (0.5, 0.3), True)],
    ids=repr,
)
def test_coarse_times_give_the_means_of_the_full_rate(mother, coefficients, inside_cone):
    kernels = [
        surrogates(mother, method, (coefficients,), inside_cone=inside_cone)
        for method in ("multirate", "full")
    ]
    assert max(group.step for group in kernels[0].groups) >= 8
    coarse, full = (means(kernel, 96) for kernel in kernels)
    spread = full.std(axis=0)
    # The same noise, so the means agree surrogate by surrogate.
    assert (np.abs((coarse - full).mean(axis=0)) < COARSE * spread).all()
    assert (np.sqrt(((coarse - full) ** 2).mean(axis=0)) < 2 * COARSE * spread).all()


def test_overlapping_and_wide_bands_are_simulated_whole():
    bands = [(2, 4), (2, 64), (16, 64)]
    kernels = [
        surrogates(Morlet(), method, ((0.5, 0.3),), bands=bands) for method in ("multirate", "full")
    ]
    coarse, full = (means(kernel, 64) for kernel in kernels)
    assert (np.abs(coarse - full) < 0.2 * full.std(axis=0)).all()


def test_single_precision_is_enough():
    double, single = (
        means(surrogates(Morlet(), "multirate", ((0.9, 0.3),), single=single), 32)
        for single in (False, True)
    )
    np.testing.assert_allclose(single, double, atol=1e-5)


def test_surrogates_do_not_depend_on_their_number():
    kernel = surrogates(Morlet(), "multirate", ((0.5, 0.3), (0.0, 0.0)))
    many, few = (means(kernel, n, number=1) for n in (70, 41))
    assert many.shape[0] == 70
    np.testing.assert_array_equal(few, many[:41])


@pytest.mark.parametrize("pair", [(0.6, 0.1), (0.85, 0.3), (0.92, 0.9), (0.4, -0.4)])
def test_interpolation_gives_the_means_at_the_coefficients_of_the_pair(pair):
    anchors = anchors_of(*pair)
    kernel = surrogates(Morlet(), "multirate", (pair, *anchors), n=300)
    direct = means(kernel, 128)
    samples = {node: means(kernel, 128, k + 1) for k, node in enumerate(anchors)}
    between = interpolated(anchors, samples)
    spread = direct.std(axis=0)
    assert (np.abs((between - direct).mean(axis=0)) < 0.1 * spread).all()
    np.testing.assert_allclose(between.std(axis=0) / spread, 1, atol=0.03)


@pytest.mark.slow
def test_tail_of_real_band_means_is_that_of_ten_thousand_surrogates():
    bands = [(2, 4), (4, 8), (16, 32), (32, 64)]
    kernel = surrogates(Morlet(), "multirate", ((0.5, 0.5),), n=300, bands=bands, single=True)
    many = means(kernel, 12_000)
    for band in many.T:
        for probability in (1e-2, 1e-3):
            observed = np.quantile(band, 1 - probability)
            found = np.array([pvalue(observed, part) for part in band.reshape(-1, 300)])
            ratio = np.exp(np.log(found / probability).mean())
            assert 0.6 < ratio < 1.6
