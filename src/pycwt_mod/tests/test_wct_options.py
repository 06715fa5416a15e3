"""Scales of given frequencies, given AR(1) coefficients, and the spectra that a coherence is of."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod import Morlet, cwt, pwct, wct, wct_matrix, wct_null, wct_significance, xwt
from pycwt_mod.plotting import offscreen_axes
from pycwt_mod.scales import as_scales
from pycwt_mod.tests.oracle import assert_close, pair, red

QUICK = {"progress": False, "rng_seed": 1, "mc_count": 20, "cache": False}
MORLET = Morlet()
HERTZ = np.arange(2.0, 21.0)  # at 100 Hz


def test_frequencies_of_the_default_scales_give_the_default_coherence():
    y1, y2 = pair(200)
    plain = wct(y1, y2, 0.5, dj=1 / 6, J=36, **QUICK)
    same = wct(y1, y2, 0.5, freqs=plain.freqs, **QUICK)
    assert_close(same.WCT, plain.WCT)
    assert_close(same.sig, plain.sig)
    assert_close(same.scales, plain.scales)
    np.testing.assert_array_equal(same.provenance["freqs"], plain.freqs)


@pytest.mark.parametrize(
    "freqs", [np.geomspace(0.4, 0.02, 12), HERTZ[::2] / 100], ids=["even", "uneven"]
)
def test_rows_are_in_the_order_of_the_frequencies(freqs):
    falling, rising = np.sort(freqs)[::-1], np.sort(freqs)
    one, other = (
        wct(*pair(300), 1.0, freqs=order, spectra=True, **QUICK) for order in (falling, rising)
    )
    np.testing.assert_allclose(other.freqs, rising)
    for field in ("WCT", "aWCT", "freqs", "sig", "scales"):
        np.testing.assert_array_equal(getattr(one, field)[::-1], getattr(other, field))
    np.testing.assert_array_equal(one.pvalues()[::-1], other.pvalues())
    np.testing.assert_array_equal(one.spectra.S12[::-1], other.spectra.S12)
    with pytest.raises(ValueError, match="same problem"):
        one.null.merge(other.null)


def test_rising_frequencies_are_drawn_as_falling_ones():
    pictures = []
    for freqs in (HERTZ / 100, HERTZ[::-1] / 100):
        result = wct(*pair(200), 1.0, freqs=freqs, **QUICK)
        plot = result.plot(significant=result.WCT > 0.5, ax=offscreen_axes())
        pictures.append(np.array(plot.mesh.get_array()))
        bottom, top = plot.axes.get_ylim()
        assert bottom > top
    np.testing.assert_array_equal(*pictures)


@given(st.integers(2, 60), st.floats(0.05, 0.4), st.floats(1e-4, 0.04), st.booleans())
def test_rounded_logarithmic_frequencies_count_as_even(n, highest, lowest, rising):
    freqs = np.geomspace(highest, lowest, n)[:: -1 if rising else 1]
    dj = np.log2(highest / lowest) / (n - 1)
    rounded = freqs * 2 ** (0.01 * dj * np.random.default_rng(n).uniform(-1, 1, n))
    scales = as_scales(100, 1.0, 1 / 12, -1, -1, rounded, MORLET)
    assert scales.dj == pytest.approx(dj, rel=0.03)
    assert (np.diff(scales.values) > 0).all()
    np.testing.assert_allclose(1 / (MORLET.flambda() * scales.asked), rounded)
    np.testing.assert_array_equal(scales.given, scales.values)


def _weights(scales, half):
    """Return the share of each scale in the mean for each, from the definition."""
    octaves = np.sort(np.log2(scales))
    middles = (octaves[1:] + octaves[:-1]) / 2
    edges = [2 * octaves[0] - middles[0], *middles, 2 * octaves[-1] - middles[-1]]
    rank = np.argsort(np.argsort(scales))
    begins, ends = np.array(edges[:-1])[rank], np.array(edges[1:])[rank]
    centres = np.log2(scales)[:, np.newaxis]
    shared = np.minimum(ends, centres + half) - np.maximum(begins, centres - half)
    return shared.clip(0) / shared.clip(0).sum(axis=1, keepdims=True)


def test_unevenly_spaced_scales_are_smoothed_by_the_distance_between_them():
    y1, y2 = (series - series.mean() for series in pair(256))
    found = wct(y1, y2, 1.0, freqs=HERTZ / 100, spectra=True, sig=False, normalize=False)
    W1, W2 = (cwt(y, 1.0, freqs=HERTZ / 100).W for y in (y1, y2))
    scales = found.scales
    assert_close(found.spectra.W1, W1)
    window = np.array([MORLET.smoothing_window(s, 256) for s in scales]) / scales[:, np.newaxis]
    in_time = np.fft.ifft(window * np.fft.fft(W1 * W2.conj()))
    assert_close(found.spectra.S12, _weights(scales, 0.6) @ in_time)
    # Nearly even scales are smoothed nearly as even ones.
    dense = np.geomspace(0.2, 0.02, 81)
    bent = dense * np.linspace(1, 1.1, 81)
    bent[1::2] *= 1.002
    even, uneven = (wct(y1, y2, 1.0, freqs=f, sig=False).WCT for f in (dense, bent))
    assert np.abs(even - uneven)[20:60].max() < 0.25
    assert np.abs(even - uneven)[20:60].mean() < 0.06


def test_level_of_unevenly_spaced_scales_is_exceeded_by_its_share_of_noise():
    null = wct(*pair(300), 0.01, freqs=HERTZ, al1=0.5, al2=0.3, **{**QUICK, "mc_count": 200}).null
    assert null.provenance["method"] == "full"
    assert null.provenance["dj"] is None
    share = np.zeros(HERTZ.size)
    for seed in range(60):
        y1, y2 = red(1200, seed, 0.5), red(1200, 1000 + seed, 0.3)
        result = wct(y1, y2, 0.01, freqs=HERTZ, sig=False)
        p = np.where(result.outside(), null.pvalue(result.WCT), np.nan)
        share += np.nanmean(p <= 0.05, axis=1) / 60
    # Standard error of a share: at most 0.015 at 2 Hz, 0.004 on average over the scales.
    assert np.abs(share - 0.05).max() < 0.045
    assert abs(share.mean() - 0.05) < 0.012


def test_one_frequency_is_smoothed_in_time_alone():
    result = wct(*pair(200), 1.0, freqs=[0.1], spectra=True, **QUICK)
    assert result.WCT.shape == (1, 200)
    assert 0 < result.sig[0] < 1


@pytest.mark.parametrize("function", [wct, pwct, wct_matrix])
def test_steps_beyond_an_octave_are_told_where_nothing_is_smoothed_across_them(function):
    series = red((3, 200), 1)
    arguments = {wct: series[:2], pwct: series, wct_matrix: [series]}[function]

    def compared(dj, **options):
        function(*arguments, dt=1.0, dj=dj, sig=False, **options)

    with pytest.warns(UserWarning, match=r"`dj` is 12: .* not smoothed .* dj=1/12: 12 scales"):
        compared(12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compared(1)
        compared(1.5, wavelet="dog")  # of which the boxcar spans nearly three octaves


def test_few_frequencies_that_were_asked_for_are_no_slip(recwarn):
    wct(*pair(200), 1.0, freqs=[0.4, 0.1, 0.025], sig=False)
    assert not recwarn


@pytest.mark.parametrize(
    ("freqs", "message"),
    [
        ([0.1, 0.2, 0.15], r"must rise all the way.*got 0.2 before 0.15, at index 2"),
        ([0.1, 0.1], r"got 0.1 before 0.1, at index 1. Pass numpy.unique\(freqs\)"),
        ([0.2, 0.3, 0.3], r"got 0.3 before 0.3, at index 2"),
        ([40.0, 20.0], r"must not go beyond the Nyquist frequency, 0.5 for dt=1, got 40"),
        ([0.1, -0.1], "`freqs` must be positive, got -0.1"),
    ],
)
def test_frequencies_that_make_no_scales_are_refused(freqs, message):
    for function in (wct, xwt):
        with pytest.raises(ValueError, match=message):
            function(*pair(60), 1.0, freqs=freqs)


def test_unevenly_spaced_scales_need_the_full_method():
    with pytest.raises(
        ValueError, match="`method` must be 'full' with `freqs` that are not evenly"
    ):
        wct(*pair(60), 0.01, freqs=HERTZ, method="multirate")


def test_unevenly_spaced_scales_need_a_smooth_that_takes_them():
    class Wider(Morlet):
        def smooth(self, W, dt, dj, scales):
            return super().smooth(W, dt, dj, 2 * scales)

    with pytest.raises(ValueError, match="`freqs` must be evenly spaced in octaves for Wider"):
        wct(*pair(60), 0.01, freqs=HERTZ, wavelet=Wider(), sig=False)


def test_given_coefficients_stand_in_place_of_estimated_ones():
    y1, y2 = pair(150)
    result = wct(y1, y2, 1.0, dj=0.25, al1=0.9, al2=0.2, **QUICK)
    assert result.provenance["coefficients"] == [0.9, 0.2]
    J = result.scales.size - 1
    level = wct_significance(0.9, 0.2, 1.0, 0.25, result.scales[0], J, **QUICK)
    np.testing.assert_array_equal(result.sig, level)
    estimated = wct(y1, y2, 1.0, dj=0.25, al1=0.9, **QUICK).provenance["coefficients"]
    assert estimated == [0.9, wct(y1, y2, 1.0, dj=0.25, **QUICK).provenance["coefficients"][1]]
    with pytest.raises(ValueError, match="`al2` must lie strictly between -1 and 1, got 1"):
        wct(y1, y2, 1.0, al2=1.0)


def test_given_coefficients_let_series_through_that_have_no_estimate():
    trend, noise = np.arange(200.0), red(200, 0)
    with pytest.raises(ValueError, match="`al1`"):
        wct(trend, noise, 1.0, **QUICK)
    assert wct(trend, noise, 1.0, dj=0.5, al1=0.9, **QUICK).sig.size
    assert_close(xwt(trend, noise, 1.0, al1=0.5).signif, xwt(noise, noise, 1.0, al1=0.5).signif)


def test_cross_wavelet_transform_at_given_frequencies():
    y1, y2 = pair(200)
    plain = xwt(y1, y2, 0.5)
    for order in (slice(None, None, -1), slice(None)):
        same = xwt(y1, y2, 0.5, freqs=plain.freqs[order])
        for here, there in zip(same, plain, strict=True):
            assert_close(here, there if there is plain.coi else there[order])


@pytest.mark.filterwarnings("ignore:The mean of `signal` is more than 3")
@pytest.mark.filterwarnings("ignore:`dj` is 2")
@pytest.mark.parametrize("dt", [1.0, 0.25])
@pytest.mark.parametrize("smoothing", ["pycwt", "grinsted"])
@pytest.mark.parametrize("dj", [1 / 12, 0.4, 2.0])
def test_spectra_are_what_the_coherence_is_made_of(dj, smoothing, dt):
    y1, y2 = 7 * pair(200)[0], pair(200)[1]
    result = wct(y1, y2, dt, dj, sig=False, normalize=False, smoothing=smoothing, spectra=True)
    spectra, scales = result.spectra, result.scales
    W1, W2 = (cwt(y, dt, dj).W for y in (y1, y2))
    assert_close(spectra.W1, W1)
    assert_close(spectra.W2, W2)
    for found, field in (
        (spectra.S1, np.abs(W1) ** 2),
        (spectra.S2, np.abs(W2) ** 2),
        (spectra.S12, W1 * W2.conj()),
    ):
        field = field / scales[:, np.newaxis]
        assert_close(found, MORLET.smooth(field, dt, dj, scales, smoothing))
    assert_close(np.abs(spectra.S12) ** 2 / (spectra.S1 * spectra.S2), result.WCT)
    np.testing.assert_allclose(spectra.phase, np.angle(spectra.S12))


def test_spectra_are_of_the_normalised_series_and_kept_on_request_only():
    y1, y2 = pair(120)
    result = wct(y1, y2, 1.0, sig=False, spectra=True)
    assert_close(result.spectra.W1, cwt((y1 - y1.mean()) / y1.std(), 1.0).W)
    assert wct(y1, y2, 1.0, sig=False).spectra is None
    again = pickle.loads(pickle.dumps(result))
    np.testing.assert_array_equal(again.spectra.S12, result.spectra.S12)
    with pytest.raises(TypeError, match="`spectra` must be True or False, got 'all'"):
        wct(y1, y2, 1.0, spectra="all")


def test_spectra_of_a_mother_that_smooths_by_itself():
    class Own(Morlet):
        def smooth(self, W, dt, dj, scales):
            return super().smooth(W, dt, dj, scales)

    plain, own = (
        wct(*pair(90), 1.0, sig=False, spectra=True, wavelet=m).spectra for m in (MORLET, Own())
    )
    for name in ("W1", "W2", "S1", "S2", "S12"):
        assert_close(getattr(own, name), getattr(plain, name))


def test_phase_of_the_smoothed_spectrum_is_the_steadier_one():
    t = np.arange(600)
    noise = np.random.default_rng(0).normal(size=(2, 600))
    y1, y2 = np.cos(2 * np.pi * t / 20) + noise[0], np.cos(2 * np.pi * (t - 5) / 20) + noise[1]
    result = wct(y1, y2, 1.0, freqs=np.geomspace(0.2, 0.0125, 49), sig=False, spectra=True)
    row, inside = np.abs(result.periods - 20).argmin(), slice(100, 500)
    smoothed = result.spectra.phase[row, inside] - np.pi / 2
    assert np.sqrt((smoothed**2).mean()) < np.sqrt(
        ((result.aWCT[row, inside] - np.pi / 2) ** 2).mean()
    )
    assert np.abs(smoothed.mean()) < 0.1


def test_levels_of_given_frequencies_are_cached_apart_from_those_of_other_scales():
    names = {
        wct(*pair(120), 1.0, freqs=freqs, al1=0.5, al2=0.5, **QUICK).null.problem
        for freqs in (HERTZ / 100, HERTZ[::-1] / 100, HERTZ / 101, np.geomspace(0.2, 0.02, 19))
    }
    assert len(names) == 4
    even = wct_null(0.5, 0.5, 1.0, 0.25, 2.0, 4, **QUICK)
    assert even.reordered(slice(None)) is even
