"""Null distributions of points: levels and p-values, files, the cache, and simulated records."""

import re
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from pycwt_mod import NullField, get_cache_dir, load, null_fields, wct, wct_null, wct_null_field
from pycwt_mod.arguments import padded_length
from pycwt_mod.coherence import coherence_of_series
from pycwt_mod.geometry import Geometry
from pycwt_mod.mothers import Morlet, Paul
from pycwt_mod.transform import scale_axis

# What the engine rests on, in some seconds a test: run by `.ci/run`.
pytestmark = pytest.mark.heavy

# s0, J: eight octaves are more than 200 samples hold, as by default.
PROBLEM = {"dt": 0.5, "dj": 1 / 4, "s0": 1.0, "J": 28, "n": 200}

# Share of p below 0.05 of simulated records by octave, 4 standard errors; errors of interpolation.
N_RECORDS, BAND, INTERPOLATED = 200, 0.03, 0.01


@pytest.fixture(scope="module")
def field():
    return wct_null_field(0.6, 0.3, **PROBLEM)


def test_quantile_and_pvalue_are_inverse(field):
    for level in (0.5, 0.9, 0.95, 0.999):
        levels = field.quantile(level)
        assert levels.shape == (29, 200)
        np.testing.assert_allclose(field.pvalue(levels), 1 - level, rtol=INTERPOLATED)
    assert (field.quantile(0.95) > field.quantile(0.9)).all()
    assert (field.standard_error(0.95) < 0.005).all()


def test_levels_are_symmetric_in_time_and_in_the_series(field):
    levels = field.quantile(0.95)
    np.testing.assert_array_equal(levels, levels[:, ::-1])
    np.testing.assert_array_equal(wct_null_field(0.3, 0.6, **PROBLEM).quantile(0.95), levels)


def test_levels_rise_to_the_ends_and_to_long_periods(field):
    levels = field.quantile(0.95)
    assert (levels[4:12, 0] > levels[4:12, 100] + 0.1).all()
    assert levels[-1].min() > 0.95


def test_pvalues_reach_far_into_the_tail(field):
    p = field.pvalue(np.full((29, 200), 0.99))
    assert p[8, 100] < 1e-10
    assert (p > 0).all()
    R2 = np.full((29, 200), 0.5)
    R2[3, 7] = np.nan
    assert np.isnan(field.pvalue(R2)).sum() == 1
    nearly_one = field.pvalue(np.full((29, 200), 1e-9))
    np.testing.assert_allclose(nearly_one, 1)
    assert nearly_one.max() <= 1


@pytest.mark.parametrize("coefficients", [(0.0, 0.0), (0.6, 0.6), (0.9, 0.2)])
def test_false_alarms_of_records_are_as_many_as_the_level_says(coefficients):
    n, rng = 100, np.random.default_rng(1)
    geometry = Geometry(Morlet(), scale_axis(2.0, 1 / 2, 8), 1.0, 1 / 2, n, padded_length(n))
    level = wct_null_field(*coefficients, 1.0, 1 / 2, 2.0, 8, n).quantile(0.95)
    above = np.zeros((9, n))
    for _ in range(N_RECORDS):
        pair = np.stack(
            [lfilter([1], [1, -g], rng.normal(size=n + 100))[100:] for g in coefficients]
        )
        R2, _ = coherence_of_series(pair - pair.mean(axis=1, keepdims=True), geometry)
        above += level < R2
    share = above.reshape(3, 3, n).mean(axis=(1, 2)) / N_RECORDS
    assert np.abs(share - 0.05).max() < BAND


def test_field_is_saved_and_loaded(field, tmp_path):
    path = tmp_path / "field.npz"
    field.save(path)
    assert path.stat().st_size < 1e6
    for again in (load(path), NullField.load(path)):
        np.testing.assert_array_equal(again.quantile(0.9), field.quantile(0.9))
        assert again.provenance["method"] == "analytic"
    wct_null(0.1, 0.1, 1.0, 1 / 2, 2.0, 6, mc_count=10, progress=False).save(path)
    with pytest.raises(ValueError, match="`path` must name a NullField"):
        NullField.load(path)


def test_field_is_kept_though_another_thread_keeps_one_meanwhile(monkeypatch, field):
    class Shared(OrderedDict):
        def __setitem__(self, key, value):
            super().__setitem__(key, value)
            if key == "of this thread":
                null_fields._keep("of another one", field)

    monkeypatch.setattr(null_fields, "_KEPT", Shared())
    monkeypatch.setattr(null_fields, "_MOST_KEPT", 1)
    assert null_fields._keep("of this thread", field) is field
    assert list(null_fields._KEPT) == ["of another one"]


def test_field_is_computed_once_and_found_on_disk(monkeypatch):
    arguments = 0.41, 0.2, 1.0, 1 / 2, 2.0, 8, 90
    first = wct_null_field(*arguments)
    with monkeypatch.context() as patch:
        patch.setattr(null_fields, "tabulate", None)  # cannot be called
        assert wct_null_field(*arguments) is first
        null_fields._KEPT.clear()
        again = wct_null_field(*arguments)
    np.testing.assert_array_equal(again.quantile(0.9), first.quantile(0.9))
    null_fields._KEPT.clear()
    for path in Path(get_cache_dir()).glob("field-*.npz"):
        path.write_bytes(b"not an archive")
    with pytest.warns(UserWarning, match="is damaged"):
        mended = wct_null_field(*arguments)
    np.testing.assert_array_equal(mended.quantile(0.9), first.quantile(0.9))


@given(
    n=st.integers(2, 60),
    g1=st.floats(-0.99, 0.999),
    g2=st.floats(-0.99, 0.999),
    dj=st.sampled_from([0.3, 1.0]),
)
@settings(max_examples=10)
def test_levels_of_any_short_record_are_probable_values(n, g1, g2, dj):
    field = wct_null_field(g1, g2, 1.0, dj, 2.0, 3, n, cache=False)
    levels = field.quantile(0.95)
    assert levels.shape == (4, n)
    assert ((levels > 0) & (levels <= 1)).all()
    p = field.pvalue(np.full(levels.shape, 0.7))
    assert ((p > 0) & (p <= 1)).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": 1}, "`n` must be"),
        ({"n": 2.5}, "`n` must be"),
        ({"al1": 1.0}, "`al1` must"),
        ({"dj": -1}, "`dj` must"),
        ({"J": 1e9}, "`J`, the number of scales"),
        ({"smoothing": "none"}, "`smoothing` must be one of"),
        ({"normalize": "yes"}, "`normalize` must"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    with pytest.raises((TypeError, ValueError), match=message):
        wct_null_field(**{"al1": 0.5, "al2": 0.5, **PROBLEM, **changes})


def test_scales_far_below_the_sampling_interval_are_warned_of():
    message = "periods below 2, two .* is too lenient.*s0=1.95 or larger, or method='full'"
    with pytest.warns(UserWarning, match=message):
        wct_null_field(0.5, 0.5, 1.0, 1 / 2, 0.3, 2, 60)
    with pytest.warns(UserWarning, match=message):
        wct_null(0.5, 0.5, 1.0, 1 / 2, 0.3, 2, method="analytic")
    wct_null_field(0.5, 0.5, 1.0, 1 / 2, 0.3, 2, 60, method="full", mc_count=50, rng_seed=1)
    wct_null(0.5, 0.5, 1.0, 1 / 2, 0.3, 2, method="full", mc_count=50, progress=False)


@pytest.mark.parametrize(
    ("method", "wavelet"), [("multirate", Morlet(6)), ("full", Paul(4))], ids=repr
)
def test_remedies_for_too_small_scales_help_whatever_the_method(method, wavelet):
    pair = np.random.default_rng(0).normal(size=(2, 120))
    options = {"mc_count": 50, "rng_seed": 1, "progress": False, "method": method}
    result = wct(*pair, 1 / 12, 1 / 2, 1 / 480, 20, wavelet=wavelet, **options)
    with pytest.warns(UserWarning, match="below 0.1667, two .* or null='scale' with sim") as told:
        result.pvalues()
    least = float(re.search("s0=([0-9.]+) or larger", str(told[0].message))[1])
    assert 2 / 12 <= least * wavelet.flambda() < 1.01 * 2 / 12
    result.pvalues(null="scale")  # warnings are errors here
    wct(*pair, 1 / 12, 1 / 2, least, 8, wavelet=wavelet, **options).pvalues()


def test_levels_and_coherences_are_checked(field):
    with pytest.raises(ValueError, match="`level` must lie strictly between 0 and 1"):
        field.quantile(1.0)
    with pytest.raises(ValueError, match="`R2` must have the shape of the field"):
        field.pvalue(np.zeros((29, 10)))
    with pytest.raises(ValueError, match=r"`R2` must lie in \[0, 1\]"):
        field.pvalue(np.full((29, 200), 1.5))


def test_picture_shows_the_level_of_each_point(field):
    plot = field.plot(level=0.9, period_unit="days")
    assert "90 %" in plot.axes.get_title()
