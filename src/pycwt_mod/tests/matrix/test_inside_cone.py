"""Band tests with the cone of influence: at all times, against nulls that allow for the ends."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pycwt_mod import rednoise, wct, wct_matrix, wct_null_field
from pycwt_mod.matrix.fields import Sums
from pycwt_mod.plotting import offscreen_axes, plot_matrix

from .series import QUICK, red_series, related_series

# What the engine rests on, in some seconds a test: run by `.ci/run`.
pytestmark = pytest.mark.heavy

BANDS = [(4, 16), (90, 180)]

# Standard errors of a share within which it must be right.
ERRORS = 3.5


SERIES = related_series()[1:]


@pytest.fixture(scope="module")
def result():
    return wct_matrix(SERIES, 1.0, bands=BANDS, inside_cone=True, fields="memory", **QUICK)


def test_all_points_are_averaged_and_compared_with_their_own_level(result):
    for pair, (first, second) in enumerate(result.pairs):
        R2, phase, _, freqs, _ = wct(SERIES[first], SERIES[second], 1.0, 1 / 4, sig=False)
        field = wct_null_field(
            *result.nodes[pair], 1.0, 1 / 4, result.scales[0], len(result.scales) - 1, 200
        )
        for band, (low, high) in enumerate(BANDS):
            own = (1 / freqs >= low) & (1 / freqs < high)
            assert result.n_points[pair, band] == R2[own].size
            assert result.coherence[pair, band] == pytest.approx(R2[own].mean())
            assert result.share[pair, band] == pytest.approx(
                (field.quantile(0.95) < R2)[own].mean()
            )
            mean = np.exp(1j * phase[own]).mean()
            assert result.phase[pair, band] == pytest.approx(np.angle(mean))


def test_band_that_never_leaves_the_cone_is_judged(result):
    outside = wct_matrix(SERIES, 1.0, bands=BANDS, **QUICK)
    assert np.isnan(outside.pvalue[:, 1]).all()
    assert np.isfinite(result.pvalue).all()
    assert not np.array_equal(outside.pvalue[:, 0], result.pvalue[:, 0])
    assert result.inside_cone
    assert not outside.inside_cone


def test_fields_and_picture_say_what_counts(result):
    assert "at all times" in repr(result)
    assert result.to_xarray().attrs["inside_cone"] == 1
    plot = plot_matrix(result, band=0, ax=offscreen_axes())
    assert plot.colorbar.ax.get_ylabel().endswith(", at all times")
    # Levels of the fields are those of their scale, as `wct` has them.
    assert result.fields(0, 1).sig.shape == result.scales.shape


@pytest.mark.parametrize("wavelet", ["morlet", "dog"])
def test_backends_agree_to_the_last_bit(wavelet):
    options = {"inside_cone": True, "wavelet": wavelet, "cache": False, **QUICK, "dj": 1 / 2}
    with ThreadPoolExecutor(2) as pool:
        one, other = (
            wct_matrix(red_series(2, 64), 1.0, backend=backend, **options)
            for backend in ("sequential", pool)
        )
    for name in ("coherence", "share", "pvalue"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_without_significance_there_is_a_mean_only():
    result = wct_matrix(red_series(3, 64), 1.0, sig=False, inside_cone=True, **QUICK)
    assert np.isfinite(result.coherence).all()
    assert np.isnan(result.share).all()


def test_folder_of_a_run_outside_the_cone_is_refused(tmp_path):
    options = {"out": tmp_path / "run", "sig": False, **QUICK}
    wct_matrix(red_series(3, 64), 1.0, **options)
    with pytest.raises(ValueError, match="inside_cone = None there, True now"):
        wct_matrix(red_series(3, 64), 1.0, inside_cone=True, **options)


def test_points_without_coherence_do_not_count():
    sums = Sums.empty(1)
    cross = np.ones(3, dtype=complex)
    sums.add(0, np.array([np.nan, 0.5, 0.9]), cross, np.array([0.1, 0.6, 0.6]))
    assert (sums.count[0], sums.above[0]) == (2, 1)


@pytest.mark.parametrize("wrong", [1, "yes"])
def test_flag_is_checked(wrong):
    with pytest.raises(TypeError, match="`inside_cone` must be True or False"):
        wct_matrix(red_series(3, 64), 1.0, inside_cone=wrong, **QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("g", [0.0, 0.6])  # nearer to 1 the coefficients of so short series err
def test_false_alarms_are_five_per_cent_and_more_is_found(g):
    rng, n_pairs, n = np.random.default_rng(4), 800, 120
    rows = np.array([rednoise(n, g, rng=rng) for _ in range(3 * n_pairs)]).reshape(n_pairs, 3, n)
    bands = [(2, 4), (8, 16), (32, 64), (64, 120)]
    pairs = [(2 * k, 2 * k + 1) for k in range(n_pairs)]
    options = {"pairs": pairs, "bands": bands, "dj": 1 / 4, "mc_count": 2000, "rng_seed": 1}
    found = {}
    for common in (0.0, 0.25):
        series = np.sqrt(1 - common) * rows[:, :2] + np.sqrt(common) * rows[:, 2:]
        for inside_cone in (True, False):
            with pytest.warns(UserWarning, match="the other way round"):
                result = wct_matrix(
                    series.reshape(-1, n), 1.0, inside_cone=inside_cone, progress=False, **options
                )
            found[common, inside_cone] = (result.pvalue < 0.05).mean(axis=0)
    # Of the pairs, and of the surrogates that all pairs share.
    error = np.sqrt(0.05 * 0.95 * (1 / n_pairs + 1 / 2000))
    assert np.abs(found[0.0, True] - 0.05).max() < ERRORS * error
    # What lies inside the cone for most of its times gains.
    assert (found[0.25, True] > found[0.25, False])[2:].all()
