"""The geometry of a coherence: its cone of influence, its filters, and how it travels."""

import pickle

import numpy as np
import pytest

from pycwt_mod import wct
from pycwt_mod.arrays import NUMPY_SINGLE
from pycwt_mod.geometry import Geometry
from pycwt_mod.mothers import DOG, Morlet, Paul
from pycwt_mod.transform import scale_axis


def geometry_of(mother, n=150, dt=0.5):
    return Geometry(mother, scale_axis(1.0, 1 / 4, 28), dt, 1 / 4, n, 256)


every_mother = pytest.mark.parametrize("mother", [Morlet(), Paul(), DOG()], ids=repr)


@every_mother
def test_geometry_is_that_of_what_wct_returns(mother):
    pair = np.random.default_rng(0).standard_normal((2, 150))
    geometry = geometry_of(mother)
    _, _, coi, freqs, _ = result = wct(*pair, 0.5, 1 / 4, 1.0, 28, sig=False, wavelet=mother)
    np.testing.assert_array_equal(geometry.coi, coi)
    np.testing.assert_array_equal(geometry.frequencies, freqs)
    np.testing.assert_array_equal(geometry.n_averaged, result.outside().sum(axis=1))
    assert (geometry.n_averaged == 0).any()


@every_mother
def test_filters_do_not_depend_on_the_unit_of_time(mother):
    ours = geometry_of(mother).bank()
    other = Geometry(mother, scale_axis(8.0, 1 / 4, 28), 4.0, 1 / 4, 150, 256).bank()
    for row, same in zip(ours.filters, other.filters, strict=True):
        pieces = (*row.wavelet, *row.window), (*same.wavelet, *same.window)
        for one, two in zip(*pieces, strict=True):
            np.testing.assert_array_equal(one.values, two.values)


def test_filters_are_kept_for_each_kind_of_arrays_or_made_when_asked_for():
    geometry = geometry_of(Morlet())
    assert geometry.bank() is geometry.bank()
    assert geometry.bank(NUMPY_SINGLE).filters[0].wavelet[0].values.dtype == np.float32
    on_demand = geometry.make_bank(keep=False).filters
    assert len(on_demand) == geometry.n_scales
    assert on_demand[3] is not on_demand[3]
    first = geometry.bank().filters[3].wavelet[0]
    np.testing.assert_array_equal(on_demand[3].wavelet[0].values, first.values)


def test_geometry_travels_without_its_filters():
    geometry = geometry_of(Morlet())
    before = len(pickle.dumps(geometry))
    geometry.bank()
    assert len(pickle.dumps(geometry)) == before < 2_000
