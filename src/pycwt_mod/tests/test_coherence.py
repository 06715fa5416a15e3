"""The one-pass coherence against the formula on whole fields, and its edge cases."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import convolve1d

from pycwt_mod import mwct, wct
from pycwt_mod.arrays import NUMPY
from pycwt_mod.boxcar import OctaveWindows, RunningSum, ScaleBoxcar, ScaleWindows
from pycwt_mod.coherence import coherence_by_own_smooth, coherence_of_series
from pycwt_mod.geometry import Geometry
from pycwt_mod.mothers import DOG, Morlet, Paul, scale_taps
from pycwt_mod.transform import scale_axis

# Two orders of the same additions and FFTs: a few rounding errors each.
ROUNDING = 1e-11


def zeros(n):
    return lambda: np.zeros(n, complex)


@pytest.mark.parametrize("dj", [1 / 12, 1 / 4, 2.0])
@pytest.mark.parametrize("mother", [Morlet(), Morlet(4), Paul(), DOG(), DOG(5)], ids=repr)
def test_one_pass_equals_the_formula_on_whole_fields(mother, dj):
    pair = np.random.default_rng(0).standard_normal((2, 150))
    scales = scale_axis(2 / mother.flambda(), dj, 5 / dj)
    geometry = Geometry(mother, scales, 1.0, dj, 150, 256)
    R2, phase = coherence_of_series(pair, geometry)
    direct, direct_phase = coherence_by_own_smooth(pair, geometry)
    np.testing.assert_allclose(R2, direct, rtol=ROUNDING, atol=ROUNDING)
    # The phase of a real wavelet is 0 or pi; rounding may put pi on either side.
    np.testing.assert_allclose(np.exp(1j * phase), np.exp(1j * direct_phase), atol=1e-8)


@given(width=st.integers(1, 9), n_rows=st.integers(0, 40), seed=st.integers(0, 9))
def test_running_sum_is_the_sum_of_the_last_rows(width, n_rows, seed):
    rows = np.random.default_rng(seed).standard_normal((n_rows, 2)) + 0j
    running = RunningSum(width, zeros(2), NUMPY)
    out = np.empty(2, dtype=complex)
    for last in range(n_rows):
        running.push(rows[last], out)
        np.testing.assert_allclose(out, rows[max(0, last - width + 1) : last + 1].sum(axis=0))


def test_running_sum_does_not_cancel():
    # A sum that subtracts old rows would keep an error of 1e16 * eps.
    running = RunningSum(3, zeros(1), NUMPY)
    out = np.empty(1, dtype=complex)
    for value in [1e16, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]:
        running.push(np.array([value + 0j]), out)
    assert out[0] == 3.0


@pytest.mark.parametrize("smoothing", ["pycwt", "grinsted"])
@pytest.mark.parametrize("dj", [1 / 24, 1 / 12, 0.1, 1 / 3, 0.7, 5.0])
def test_boxcar_is_the_convolution_across_scales(dj, smoothing):
    taps = scale_taps(0.6, dj, smoothing)
    rows = np.random.default_rng(3).standard_normal((50, 4)) + 0j
    origin = 0 if taps.size % 2 else -1
    expected = convolve1d(rows.real, taps, axis=0, mode="constant", origin=origin)
    boxcar = ScaleBoxcar(taps, zeros(4), NUMPY)
    ahead = (taps.size - 1) // 2
    out, found = np.empty(4, dtype=complex), []
    for newest in range(50 + ahead):
        boxcar.push(rows[newest] if newest < 50 else None)
        if newest >= ahead:
            boxcar.read(slice(0, 4), out)
            found.append(out.real.copy())
    np.testing.assert_allclose(
        np.array(found) * ScaleBoxcar.factor(taps), expected, rtol=1e-10, atol=1e-12
    )


@given(st.integers(2, 30), st.sampled_from([0.3, 0.6, 1.5]), st.integers(0, 9))
def test_scale_windows_are_the_means_over_the_octaves_around_each_scale(n_scales, deltaj0, seed):
    rng = np.random.default_rng(seed)
    scales = np.sort(rng.uniform(1, 30, n_scales))
    octave_windows = OctaveWindows.around(scales, deltaj0)
    rows = rng.standard_normal((n_scales, 4)) + 0j
    windows = ScaleWindows(octave_windows, zeros(4), NUMPY)
    out, found = np.empty(4, dtype=complex), []
    for newest in range(n_scales + windows.ahead):
        windows.push(rows[newest] if newest < n_scales else None)
        if newest >= windows.ahead:
            windows.read(slice(0, 4), out)
            found.append(out.copy())
    first, last = octave_windows.members
    for scale, mean in enumerate(found):
        inside = np.arange(first[scale], last[scale] + 1)
        shares = np.array([octave_windows.shared(scale, member) for member in inside])
        assert (shares >= 0).all()
        np.testing.assert_allclose(mean, shares @ rows[inside] / shares.sum(), atol=1e-12)
    # A function of the octaves, averaged over steps that are constant around each scale.
    octaves, middle = np.log2(scales), n_scales // 2
    ends = 1.5 * octaves[[0, -1]] - 0.5 * octaves[[1, -2]]
    fine = np.linspace(*ends, 20_001)
    own = np.abs(fine[:, np.newaxis] - octaves).argmin(axis=1)
    inside = np.abs(fine - octaves[middle]) < deltaj0
    mean = rows[own[inside]].mean(axis=0)
    np.testing.assert_allclose(found[middle], mean, atol=0.02)


def test_silent_stretches_are_nan_and_the_rest_lies_in_zero_to_one():
    rng = np.random.default_rng(0)
    y1, y2 = rng.standard_normal((2, 1024))
    y1[300:700] = 0.0
    R2 = wct(y1, y2, 1.0, sig=False, normalize=False)[0]
    # The smallest scales end at the Nyquist frequency, so their wavelets reach far; the next
    # ones are a few samples long and see nothing in the middle of the silence.
    assert np.isnan(R2[18:28, 450:550]).all()
    assert np.isfinite(R2[:, :250]).all()
    known = R2[np.isfinite(R2)]
    assert known.min() >= 0
    assert known.max() <= 1


@pytest.mark.parametrize("amplitude", [1e-120, 1e-9, 1e9, 1e120])
def test_coherence_does_not_depend_on_the_unit(amplitude):
    rng = np.random.default_rng(1)
    y1, y2 = rng.standard_normal((2, 300))
    expected = wct(y1, y2, 1.0, sig=False)[0]
    np.testing.assert_allclose(wct(y1 * amplitude, y2, 1.0, sig=False)[0], expected, rtol=1e-8)


def test_coherence_of_a_series_with_itself_is_one():
    y = np.random.default_rng(2).standard_normal(200)
    np.testing.assert_allclose(wct(y, 3 * y + 1, 1.0, sig=False)[0], 1.0, atol=1e-12)


@pytest.mark.parametrize(("lag", "phase"), [(4, np.pi / 2), (-4, -np.pi / 2), (8, np.pi)])
def test_positive_phase_means_that_the_second_series_lags(lag, phase):
    t = np.arange(512)
    noise = np.random.default_rng(3).standard_normal((2, 512)) * 0.1
    y1 = np.sin(2 * np.pi * t / 16) + noise[0]
    y2 = np.sin(2 * np.pi * (t - lag) / 16) + noise[1]
    _, aWCT, _, freq, _ = wct(y1, y2, 1.0, sig=False)
    row = np.argmin(np.abs(1 / freq - 16))
    mean = np.angle(np.exp(1j * aWCT[row, 100:-100]).mean())
    assert np.abs(np.angle(np.exp(1j * (mean - phase)))) < 0.1


# The boxcar of Paul and DOG spans three octaves of scales, a quarter of those of this series.
@pytest.mark.parametrize(
    ("wavelet", "n", "share"),
    [("morlet", 30_000, 0.08), ("dog", 16_384, 0.7), ("paul", 16_384, 0.7)],
)
def test_wct_works_in_the_memory_of_its_output(wavelet, n, share):
    rng = np.random.default_rng(4)
    y1, y2 = rng.standard_normal((2, n))
    tracemalloc.start()
    result = wct(y1, y2, 1.0, sig=False, wavelet=wavelet)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    output = sum(array.nbytes for array in result)
    assert peak < (1 + share) * output


def test_coherence_of_several_series_takes_bounded_memory_beside_its_output():
    # Of the fields of a scale at the full rate, 8.4 MB, no more than needed are there at once.
    y = np.random.default_rng(4).standard_normal((4, 40_000))
    tracemalloc.start()
    result = mwct(y[0], y[1:], 1.0, 1 / 4, sig=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - sum(array.nbytes for array in result) < 58e6


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("amplitude", [1e-300, 1e-200, 1e200, 1e300])
def test_coherence_survives_extreme_units(amplitude, normalize):
    y1, y2 = np.random.default_rng(5).uniform(-1, 1, (2, 200))
    expected = wct(y1, y2, 1.0, sig=False, normalize=normalize)[0]
    found = wct(y1 * amplitude, y2 / amplitude, 1.0, sig=False, normalize=normalize)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_own_smooth_of_the_wrong_shape_is_refused():
    class Short(Morlet):
        def smooth(self, W, dt, dj, scales, smoothing="pycwt"):
            return super().smooth(W, dt, dj, scales, smoothing)[:, 1:]

    y1, y2 = np.random.default_rng(6).standard_normal((2, 64))
    with pytest.raises(ValueError, match="`smooth` of Short must return a field of the shape"):
        wct(y1, y2, 1.0, sig=False, wavelet=Short())


def test_wavelet_that_is_not_finite_is_refused():
    class Broken(Morlet):
        def psi_ft(self, f):
            return np.full(np.shape(f), np.nan)

    y1, y2 = np.random.default_rng(7).standard_normal((2, 64))
    with pytest.raises(ValueError, match="`wavelet` must have finite `psi_ft`"):
        wct(y1, y2, 1.0, sig=False, wavelet=Broken())
