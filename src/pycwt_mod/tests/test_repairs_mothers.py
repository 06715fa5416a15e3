"""One test for each repair of a wavelet and of `significance`: pycwt is wrong, pycwt_mod right."""

import math

import numpy as np
import pycwt
import pytest

import pycwt_mod
from pycwt_mod.tests.oracle import RTOL, quiet, red

# A band-limited signal comes back from `icwt` to within the truncation of its scales.
REBUILT_BAND = 0.06
# Sums over a fine grid of a function without edges.
INTEGRAL_BAND = 1e-6

SCALES = 2 * 2 ** (np.arange(24) / 4)


def test_paul_rebuilds_a_signal():
    t = np.arange(512)
    x = np.sin(2 * np.pi * t / 24) + 0.5 * np.cos(2 * np.pi * t / 37)
    with quiet():
        W, sj, *_ = pycwt.cwt(x, 1.0, wavelet=pycwt.Paul(4), J=80)
        theirs = np.real(pycwt.icwt(W, sj, 1.0, wavelet=pycwt.Paul(4)))
    W, sj, *_ = pycwt_mod.cwt(x, 1.0, wavelet="paul", J=80)
    ours = pycwt_mod.icwt(W, sj, 1.0, wavelet="paul")
    inner = slice(64, -64)
    # 4! is missing but for a factor of 2; some of the largest scales are missing as well.
    assert 9 < theirs[inner].std() / x[inner].std() < 13
    assert np.abs(ours - x)[inner].max() < REBUILT_BAND * np.abs(x).max()


def test_paul_has_unit_energy_in_time():
    t = np.linspace(-300, 300, 600_001)
    theirs, ours = (
        np.sum(np.abs(package.Paul(4).psi(t)) ** 2) * (t[1] - t[0])
        for package in (pycwt, pycwt_mod)
    )
    assert theirs < 0.1
    assert abs(ours - 1) < INTEGRAL_BAND


def test_paul_does_not_overflow_at_negative_frequencies():
    f = np.array([-800.0, -1.0, 0.0, 1.0])
    with quiet():
        assert np.isnan(pycwt.Paul(4).psi_ft(f)[0])
    ours = pycwt_mod.Paul(4).psi_ft(f)
    np.testing.assert_array_equal(ours[:3], 0)
    assert ours[3] == pytest.approx(pycwt.Paul(4).psi_ft(1.0), rel=RTOL)


@pytest.mark.parametrize("m", [11, 20])
def test_paul_of_high_order_does_not_overflow(m):
    f = np.linspace(0.01, 120, 120_001)
    with quiet():
        theirs, ours = (
            np.sum(np.abs(package.Paul(m).psi_ft(f)) ** 2) * (f[1] - f[0])
            for package in (pycwt, pycwt_mod)
        )
    assert not abs(theirs - 1) < 0.5  # wrong or NaN
    assert abs(ours - 1) < INTEGRAL_BAND


def test_paul_keeps_every_scale():
    x = red(256, 3)
    with quiet():
        W, sj, freqs, *_ = pycwt.cwt(x, 1.0, J=95, wavelet=pycwt.Paul(4))
    assert len(W) == len(sj) == len(freqs) < 96
    W, sj, freqs, *_ = pycwt_mod.cwt(x, 1.0, J=95, wavelet="paul")
    assert len(W) == len(sj) == len(freqs) == 96
    assert np.isfinite(W).all()


@pytest.mark.parametrize("m", [1, 2, 3, 5, 6])
def test_dog_of_odd_order_has_the_sign_of_torrence_and_compo(m):
    # Table 1: (-1)^(m+1) times the m-th derivative, here taken in the Fourier domain.
    t = np.linspace(-12, 12, 480, endpoint=False)
    omega = 2 * np.pi * np.fft.fftfreq(t.size, t[1] - t[0])
    derivative = np.fft.ifft((1j * omega) ** m * np.fft.fft(np.exp(-0.5 * t**2))).real
    table = (-1) ** (m + 1) / math.sqrt(math.gamma(m + 0.5)) * derivative
    np.testing.assert_allclose(pycwt.DOG(m).psi(t), (-1) ** m * table, atol=1e-6)
    np.testing.assert_allclose(pycwt_mod.DOG(m).psi(t), table, atol=1e-6)


@pytest.mark.parametrize("kind", ["Morlet", "Paul", "DOG", "MexicanHat"])
def test_sup_is_the_e_folding_time(kind):
    with pytest.raises(TypeError):
        getattr(pycwt, kind)().sup()
    mother = getattr(pycwt_mod, kind)()
    assert mother.sup() * mother.coi() == pytest.approx(1, rel=RTOL)


def test_significance_of_a_series_is_that_of_its_variance():
    x = red(200, 5, 0.8)
    alpha = pycwt.ar1(x)[0]
    right = pycwt.significance(x.var(), 1.0, SCALES, alpha=alpha)
    theirs = pycwt.significance(x, 1.0, SCALES, alpha=alpha)
    assert np.abs(theirs[0] / right[0] - 1).max() > 0.5
    for given in ({"alpha": alpha}, {}):
        ours = pycwt_mod.significance(x, 1.0, SCALES, **given)
        np.testing.assert_allclose(ours, right, rtol=RTOL)


@pytest.mark.parametrize("dof", [150, 150.0, [150], np.array([150.0])], ids=repr)
def test_significance_of_a_time_average_takes_one_number_of_times(dof):
    with quiet(), pytest.raises(TypeError):
        pycwt.significance(1.0, 1.0, SCALES, 1, 0.5, dof=dof)
    right = pycwt.significance(1.0, 1.0, SCALES, 1, 0.5, dof=np.full(SCALES.size, 150.0))
    ours = pycwt_mod.significance(1.0, 1.0, SCALES, 1, 0.5, dof=dof)
    np.testing.assert_allclose(ours, right, rtol=RTOL)


def test_significance_of_a_scale_average_takes_every_dog():
    problem = (1.0, 1.0, SCALES, 2, 0.5, 0.95, [4, 16])
    with pytest.raises(AttributeError):
        pycwt.significance(*problem, pycwt.DOG(4))
    level, spectrum = pycwt_mod.significance(*problem, pycwt_mod.DOG(4))
    # Between those of the neighbouring orders, which are in the table of TC98.
    levels, spectra = zip(
        *(pycwt.significance(*problem, pycwt.DOG(m)) for m in (2, 6)), strict=True
    )
    assert min(levels) * 0.8 < level < max(levels) * 1.2
    assert min(spectra) < spectrum < max(spectra)


def test_lists_are_taken_by_significance():
    x = red(100, 6)
    with pytest.raises(AttributeError):
        pycwt.significance(x.tolist(), 1.0, SCALES)
    with pytest.raises(TypeError):
        pycwt.significance(1.0, 1.0, SCALES.tolist(), alpha=0.5)
    ours = pycwt_mod.significance(x.tolist(), 1.0, SCALES.tolist())
    np.testing.assert_array_equal(ours, pycwt_mod.significance(x, 1.0, SCALES))
