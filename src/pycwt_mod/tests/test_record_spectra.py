"""The smoothed spectra of a record on coarse grids, against those at the full rate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycwt_mod import cwt, wct
from pycwt_mod.arrays import NUMPY
from pycwt_mod.coherence import pack_spectra, smoothed_spectra
from pycwt_mod.geometry import Geometry
from pycwt_mod.mothers import DOG, Morlet, Paul
from pycwt_mod.record_spectra import RecordSpectra
from pycwt_mod.statistic import n_fields
from pycwt_mod.transform import scale_axis


class OwnWindow(Morlet):
    """A wavelet whose window its family does not know."""

    def smoothing_window(self, scale, n_fft):
        return super().smoothing_window(1.5 * scale, n_fft)


class OwnResponse(Morlet):
    def psi_ft(self, f):
        return super().psi_ft(f) + 0.1 * super().psi_ft(-f)


class BorrowedWindow(Paul):
    smoothing_window = Morlet.smoothing_window


def patched():
    """Return a wavelet that was given the window of another one."""
    mother = DOG()
    mother.smoothing_window = Paul().smoothing_window
    return mother


MOTHERS = [Morlet(), Morlet(20), Paul(), Paul(1), DOG(), DOG(3), OwnWindow(), OwnResponse()]
MOTHERS += [BorrowedWindow(), patched()]


def at_the_full_rate(series, geometry):
    """Return W (scale, series, time) and S (scale, field, time) by FFTs of the whole length."""
    padded = np.zeros((len(series), 1, geometry.n_fft), complex)
    padded[:, 0, : geometry.n_times] = series
    everywhere, W = slice(0, geometry.n_times), []
    S = [
        fields[:, 0].copy()
        for _, fields in smoothed_spectra(
            {geometry.n_fft: NUMPY.fft(padded)},
            geometry.make_bank(keep=False),
            parts=lambda _: everywhere,
            on_transform=lambda _, each: W.append(each[:, 0].copy()),
        )
    ]
    return W, S


def written(fields):
    """Return fields (field, scale, time)."""
    found = np.full((*fields.shape, fields.n), np.nan, complex)
    fields.write(*found)
    return found


@settings(max_examples=20)
@given(
    mother=st.sampled_from(MOTHERS),
    n=st.integers(200, 4500),
    padding=st.sampled_from(["none", "power of two", "much", "odd"]),
    n_series=st.integers(1, 3),
    spacing=st.sampled_from(["octaves", "grinsted", "wide", "frequencies"]),
    n_results=st.integers(0, 3),
    beyond=st.sampled_from([0, 5]),
)
def test_record_spectra_are_those_at_the_full_rate(
    mother, n, padding, n_series, spacing, n_results, beyond
):
    n_fft = {"none": n, "power of two": 1 << (n - 1).bit_length(), "much": 16384, "odd": 3**9}
    series = np.random.default_rng(n).standard_normal((n_series, n))
    series[0] = series[0].cumsum() + 3.0
    if spacing == "frequencies":
        scales, dj = 1 / np.linspace(0.4, 2 / n, 30), np.nan
    else:
        dj = 1.5 if spacing == "wide" else 1 / 4
        scales = scale_axis(1.9, dj, int((np.log2(n) + beyond) / dj))
    smoothing = "grinsted" if spacing == "grinsted" else "pycwt"
    geometry = Geometry(mother, scales, 1.0, dj, n, n_fft[padding], smoothing)
    expected_W, expected_S = at_the_full_rate(series, geometry)
    W = []
    results = np.zeros((n_results, geometry.n_scales, n))

    def keep(scales, each):
        W.extend(written(each).swapaxes(0, 1))
        results[:, scales] = np.nan  # the memory of the later rows only may be used for work

    n_complex = n_fields(n_series)
    record = RecordSpectra(series, geometry, pack_spectra, n_complex, results=tuple(results))
    found_S = []
    for scales, S in record.smoothed(keep):
        assert scales.start == len(found_S)
        found_S.extend(written(S).swapaxes(0, 1))
    for found, expected in zip(found_S, expected_S, strict=True):
        for own, right in zip(found, expected, strict=True):
            assert np.abs(own - right).max() <= 1e-12 * np.abs(right).max()
    assert np.isnan(results).all()
    for own, right in zip(W, expected_W, strict=True):
        assert np.abs(own - right).max() <= 1e-12 * np.abs(right).max()


@pytest.mark.parametrize(
    "mother",
    [Morlet(), pytest.param(Paul(), marks=pytest.mark.heavy), patched()],
    ids=repr,
)
def test_long_records_are_those_at_the_full_rate(mother):
    n = 140_000
    geometry = Geometry(mother, scale_axis(1.9, 1, 12), 1.0, 1.0, n, 2**18)
    series = np.random.default_rng(0).standard_normal((2, n))
    expected_W, expected_S = at_the_full_rate(series, geometry)
    W, results = [], np.zeros((2, geometry.n_scales, n))
    record = RecordSpectra(series, geometry, pack_spectra, 2, results=tuple(results))
    found_S = []

    def keep(scales, each):
        W.extend(written(each).swapaxes(0, 1))
        results[:, scales] = np.nan

    for _, S in record.smoothed(keep):
        found_S.extend(written(S).swapaxes(0, 1))
    for found, expected in ((W, expected_W), (found_S, expected_S)):
        for own, right in zip(np.concatenate(found), np.concatenate(expected), strict=True):
            assert np.abs(own - right).max() <= 1e-12 * np.abs(right).max()


@pytest.mark.parametrize("mother", [Morlet(), Paul()], ids=repr)
def test_large_scales_take_coarse_grids(mother):
    n = 20_000
    geometry = Geometry(mother, scale_axis(2.0, 1 / 2, 24), 1.0, 1 / 2, n, 32768)
    lengths = []
    pack = lambda W, fields: (lengths.append(W.shape[-1]), pack_spectra(W, fields))  # noqa: E731
    series = np.random.default_rng(0).standard_normal((2, n))
    for _ in RecordSpectra(series, geometry, pack, 2).smoothed():
        pass
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] == n
    assert lengths[-1] == 32768 // 64


def test_fewer_scales_can_be_asked_for():
    geometry = Geometry(Morlet(), scale_axis(2.0, 1 / 4, 20), 1.0, 1 / 4, 500, 512)
    series = np.random.default_rng(1).standard_normal((2, 500))
    few = RecordSpectra(series, geometry, pack_spectra, 2, n_scales=12)
    shorter = Geometry(Morlet(), scale_axis(2.0, 1 / 4, 11), 1.0, 1 / 4, 500, 512)
    whole = RecordSpectra(series, shorter, pack_spectra, 2)
    own, right = (
        np.concatenate([written(S) for _, S in record.smoothed()], axis=1)
        for record in (few, whole)
    )
    assert own.shape[1] == 12
    np.testing.assert_allclose(own, right, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", [500, 1000, 3000, 6000])
def test_transforms_are_those_of_cwt_whatever_their_grid(n):
    y1, y2 = np.random.default_rng(n).standard_normal((2, n))
    spectra = wct(y1, y2, 1.0, 1 / 4, sig=False, spectra=True, normalize=False).spectra
    for found, series in ((spectra.W1, y1), (spectra.W2, y2)):
        expected = cwt(series, 1.0, 1 / 4).W
        assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()
