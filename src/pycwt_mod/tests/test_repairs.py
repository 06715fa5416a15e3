"""One test for each repair listed in "differences from pycwt": pycwt is wrong, pycwt_mod right.

Those of wavelets and of `significance` are in test_repairs_mothers.py. Each test shows pycwt
0.5.0b0 failing first, so that none of them passes for another reason.
"""

import subprocess
import sys
import tracemalloc
from importlib.metadata import version

import numpy as np
import pandas as pd
import pycwt
import pytest

import pycwt_mod
from pycwt_mod.tests.oracle import RTOL, pair, quiet, red

# Lag-1 autocorrelation of 20 000 samples: standard error sqrt((1 - g^2) / n), at most 0.007.
LAG1_BAND = 0.03

GEOMETRY = (1.0, 0.5, 2.0, 5)  # dt, dj, s0, J of a small problem
QUICK = {"mc_count": 10, "progress": False, "cache": False}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Give pycwt, which caches below the home folder, a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def _levels_of_pycwt(*problem, wavelet=None, **options):
    with quiet():
        np.random.seed(4)
        return pycwt.wct_significance(
            *problem, wavelet=wavelet or pycwt.Morlet(), **{**QUICK, **options}
        )


def _lag1(y):
    return np.corrcoef(y[1:], y[:-1])[0, 1]


# --- noise ---


def test_rednoise_is_red():
    np.random.seed(0)
    assert abs(_lag1(pycwt.rednoise(20_000, 0.9))) < LAG1_BAND
    assert abs(_lag1(pycwt_mod.rednoise(20_000, 0.9)) - 0.9) < LAG1_BAND


def test_rednoise_of_the_null_hypothesis_is_red():
    # The same random numbers, and coefficients that differ in sign alone: a filter that works
    # makes other series of them, and so other levels.
    theirs = [_levels_of_pycwt(g, g, *GEOMETRY)[:-1] for g in (0.9, -0.9)]
    ours = [pycwt_mod.wct_significance(g, g, *GEOMETRY, rng_seed=4, **QUICK) for g in (0.9, -0.9)]
    np.testing.assert_array_equal(*theirs)
    assert (ours[0] != ours[1]).all()


def test_rednoise_of_coefficient_zero_is_white_noise():
    with pytest.raises(AttributeError):
        pycwt.rednoise(100, 0)
    np.random.seed(0)
    white = pycwt_mod.rednoise(20_000, 0)
    assert white.shape == (20_000,)
    assert abs(_lag1(white)) < LAG1_BAND
    assert abs(white.std() - 1) < LAG1_BAND


@pytest.mark.parametrize("g", [1, -1, 1.5])
def test_rednoise_of_a_coefficient_without_a_process_is_refused(g):
    if abs(g) == 1:
        with quiet(), pytest.raises(OverflowError):
            pycwt.rednoise(100, g)
    with pytest.raises(ValueError, match=r"`g` must lie strictly between -1 and 1, got"):
        pycwt_mod.rednoise(100, g)


# --- the Monte Carlo test ---

# Two problems that pycwt's cache takes for one: coefficient, level, f0, number of surrogates.
CONFUSED = {
    "red series": [(0.5, 0.95, 6, 20), (0.9, 0.95, 6, 20)],
    "levels": [(0.1, 0.5, 6, 20), (0.1, 0.99, 6, 20)],
    "orders of a wavelet": [(0.1, 0.95, 6, 20), (0.1, 0.95, 9, 20)],
    "numbers of surrogates": [(0.1, 0.95, 6, 10), (0.1, 0.95, 6, 20)],
}


def _of_order(f0):
    mother = pycwt.Morlet()
    mother.f0 = f0  # its constructor refuses to smooth with any but 6
    return mother


@pytest.mark.parametrize("problems", CONFUSED.values(), ids=CONFUSED)
def test_cache_tells_problems_apart(problems, home):
    theirs = [
        _levels_of_pycwt(g, g, *GEOMETRY, level, wavelet=_of_order(f0), mc_count=n, cache=True)
        for g, level, f0, n in problems
    ]
    np.testing.assert_allclose(*theirs, atol=1e-15)
    assert len(list((home / ".cache" / "pycwt").iterdir())) == 1
    first, second = (
        pycwt_mod.wct_significance(
            g, g, *GEOMETRY, level, pycwt_mod.Morlet(f0), n, rng_seed=1, progress=False
        )
        for g, level, f0, n in problems
    )
    assert np.abs(first - second).max() > 1e-3


def test_last_scale_has_a_level():
    theirs = _levels_of_pycwt(0.5, 0.3, *GEOMETRY)
    ours = pycwt_mod.wct_significance(0.5, 0.3, *GEOMETRY, **QUICK)
    assert theirs.size == ours.size
    assert np.isnan(theirs[-1])
    assert 0 < ours[-1] < 1


def _with(base, **methods):
    """Return a wavelet of a class with other methods."""
    return type(base.__name__, (base,), methods)()


def test_scales_without_a_sample_outside_the_cone_have_no_level():
    wide = {"coi": lambda self: 0.2}
    theirs = _levels_of_pycwt(0.5, 0.3, *GEOMETRY, wavelet=_with(pycwt.Morlet, **wide))
    assert theirs[-1] == 0
    with pytest.warns(UserWarning, match="2 scales have no sample outside the cone of influence"):
        ours = pycwt_mod.wct_significance(
            0.5, 0.3, *GEOMETRY, wavelet=_with(pycwt_mod.Morlet, **wide), **QUICK
        )
    np.testing.assert_array_equal(np.isnan(ours), theirs == 0)


def test_coherence_of_one_falls_in_the_last_bin():
    unsmoothed = {"smooth": lambda self, W, dt, dj, scales: W}  # every coherence is 1
    with pytest.raises(IndexError):
        _levels_of_pycwt(0.5, 0.3, *GEOMETRY, wavelet=_with(pycwt.Morlet, **unsmoothed))
    ours = pycwt_mod.wct_significance(
        0.5, 0.3, *GEOMETRY, wavelet=_with(pycwt_mod.Morlet, **unsmoothed), **QUICK
    )
    # The last bin, or by rounding the one before.
    np.testing.assert_allclose(ours, 0.9995, atol=0.001)


def test_names_of_wavelets_are_resolved_by_wct_significance():
    for cache in (True, False):
        with pytest.raises(AttributeError):
            _levels_of_pycwt(0.5, 0.3, *GEOMETRY, wavelet="morlet", cache=cache)
    by_name, by_object = (
        pycwt_mod.wct_significance(0.5, 0.3, *GEOMETRY, wavelet=mother, rng_seed=1, **QUICK)
        for mother in ("morlet", pycwt_mod.Morlet(6))
    )
    np.testing.assert_array_equal(by_name, by_object)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Morlet", "Morlet"), ("PAUL", "Paul"), ("Dog", "DOG"), ("MexicanHat", "MexicanHat")],
)
def test_names_of_wavelets_are_known_in_any_case(name, kind):
    y = red(40, 1)
    with pytest.raises(KeyError):
        pycwt.cwt(y, 1.0, wavelet=name)
    W = pycwt_mod.cwt(y, 1.0, wavelet=name)[0]
    np.testing.assert_array_equal(W, pycwt_mod.cwt(y, 1.0, wavelet=getattr(pycwt_mod, kind)())[0])


@pytest.mark.parametrize(
    ("kind", "orders"),
    [("Paul", [4]), ("Paul", [2]), ("DOG", [2]), ("DOG", [3]), ("MexicanHat", []), ("Morlet", [5])],
)
def test_every_wavelet_has_a_coherence(kind, orders):
    y1, y2 = pair(80)
    with quiet(), pytest.raises((AttributeError, ValueError)):
        pycwt.wct(y1, y2, 1.0, dj=0.25, sig=False, wavelet=getattr(pycwt, kind)(*orders))
    mother = getattr(pycwt_mod, kind)(*orders)
    R2, phase, _, _, levels = pycwt_mod.wct(
        y1, y1 + 0.5 * y2, 1.0, dj=0.25, J=12, wavelet=mother, **QUICK
    )
    assert np.isfinite(phase).all()
    assert ((R2 >= 0) & (R2 <= 1)).all()
    assert ((levels > 0) & (levels < 1)).all()
    # Series that have most of their variance in common are coherent, beyond chance.
    assert np.greater(R2, levels[:, np.newaxis]).mean() > 0.5


# --- input ---


def test_lists_are_taken_by_wct():
    y1, y2 = pair(80)
    with pytest.raises(AttributeError):
        pycwt.wct(y1.tolist(), y2.tolist(), 1.0, sig=False)
    ours = pycwt_mod.wct(y1.tolist(), y2.tolist(), 1.0, sig=False)
    for here, there in zip(ours, pycwt_mod.wct(y1, y2, 1.0, sig=False), strict=True):
        np.testing.assert_array_equal(here, there)


def test_float_number_of_scales_is_taken_by_wct_significance():
    problem = (0.5, 0.3, 1.0, 0.5, 2.0)
    for cache in (True, False):
        with pytest.raises((TypeError, ValueError)):
            _levels_of_pycwt(*problem, 2 / 0.5, cache=cache)
    ours = pycwt_mod.wct_significance(*problem, 2 / 0.5, rng_seed=1, **QUICK)
    whole = pycwt_mod.wct_significance(*problem, 4, rng_seed=1, **QUICK)
    np.testing.assert_array_equal(ours, whole)


BAD_SERIES = {
    "nan": (lambda y: np.where(np.arange(y.size) == 7, np.nan, y), "finite, got nan at index 7"),
    "inf": (lambda y: np.where(np.arange(y.size) > 8, np.inf, y), "finite, got inf at index 9"),
    "constant": (lambda y: np.full(y.size, 2.5), "vary, got a constant series .*2.5, from index 0"),
    "2-D": (lambda y: y[:, np.newaxis], r"one-dimensional, got shape \(80, 1\)"),
}


@pytest.mark.parametrize("name", ["y1", "y2"])
@pytest.mark.parametrize(("spoil", "message"), BAD_SERIES.values(), ids=BAD_SERIES)
def test_bad_series_are_refused_by_name_reason_and_index(spoil, message, name):
    series = dict(zip(("y1", "y2"), pair(80), strict=True))
    series[name] = spoil(series[name])
    with quiet():
        try:
            R2 = pycwt.wct(series["y1"], series["y2"], 1.0, sig=False)[0]
            wrong = np.isnan(R2).all()
        except ValueError as error:
            wrong = name not in str(error)
    assert wrong
    for function in (pycwt_mod.wct, pycwt_mod.xwt):
        with pytest.raises(
            ValueError, match=f"`{name}` must be .*{message}|`{name}` must {message}"
        ):
            function(series["y1"], series["y2"], 1.0)


def test_series_of_unequal_length_are_refused_by_name():
    y1, y2 = pair(80)
    with pytest.raises(ValueError, match="broadcast"):
        pycwt.wct(y1, y2[:-1], 1.0, J=20, sig=False)
    with pytest.raises(ValueError, match="`y1` and `y2` must have the same length, got 80 and 79"):
        pycwt_mod.wct(y1, y2[:-1], 1.0, J=20, sig=False)


def test_masked_values_are_refused():
    y1, y2 = pair(80)
    gappy = np.ma.array(y1, mask=np.arange(y1.size) == 11)
    gappy.data[11] = 1e6
    theirs = pycwt.wct(gappy, y2, 1.0, sig=False)[0]
    assert np.isfinite(theirs).all()  # computed from the values under the mask
    with pytest.raises(ValueError, match=r"`y1` must not have masked values, .* at index 11"):
        pycwt_mod.wct(gappy, y2, 1.0, sig=False)


def test_pandas_series_are_taken_and_their_missing_values_refused():
    x = pd.Series(red(40, 1))
    with pytest.raises(KeyError):
        pycwt.cwt(x, 1.0)
    np.testing.assert_array_equal(pycwt_mod.cwt(x, 1.0)[0], pycwt_mod.cwt(x.to_numpy(), 1.0)[0])
    x[5] = None
    with pytest.raises(ValueError, match="`signal` must be finite, got nan at index 5"):
        pycwt_mod.cwt(x, 1.0)


@pytest.mark.parametrize("both", [False, True], ids=["one", "both"])
def test_silence_has_no_coherence(both):
    y1, y2 = (y - 3.0 for y in pair(400))
    y1[100:] = 0
    if both:
        y2[100:] = 0
    with quiet():
        theirs = pycwt.wct(y1, y2, 1.0, J=30, sig=False, normalize=False)[0]
    ours = pycwt_mod.wct(y1, y2, 1.0, J=30, sig=False, normalize=False)[0]
    # Scales whose wavelet does not reach from the sound into the silence, by time or by aliasing.
    silent = slice(20, 24), slice(250, None)
    assert np.nanmin(theirs[silent]) < 0
    if both:
        assert np.nanmax(np.abs(theirs[silent])) > 100
    assert np.isnan(ours[silent]).all()
    known = np.isfinite(ours)
    assert known[:, :90].all()
    assert ours[known].min() >= 0
    assert ours[known].max() <= 1
    np.testing.assert_allclose(ours[:, :90], theirs[:, :90], rtol=0, atol=RTOL)


# --- manners ---


def test_stdout_stays_clean(capfd):
    for _ in range(2):
        pycwt.wct_significance(
            0.1, 0.1, *GEOMETRY, wavelet=pycwt.Morlet(), mc_count=1, progress=False
        )
    out = capfd.readouterr().out
    assert "Calculating wavelet coherence significance" in out
    assert "loaded from cache" in out
    for _ in range(2):
        pycwt_mod.wct_significance(0.1, 0.1, *GEOMETRY, mc_count=10, progress=False)
    assert capfd.readouterr() == ("", "")
    pycwt_mod.wct_significance(0.1, 0.1, *GEOMETRY, mc_count=10, progress=True, cache=False)
    out, err = capfd.readouterr()
    assert out == ""
    assert "10/10" in err


def test_version_and_name_are_true():
    assert pycwt.__version__ != version("pycwt")
    assert pycwt.__name__ != "pycwt"
    assert pycwt_mod.__version__ == pycwt_mod.version == version("pycwt_mod")
    assert pycwt_mod.__name__ == "pycwt_mod"


def _imports_under_scipy_2(module):
    code = f"import warnings; warnings.simplefilter('error', DeprecationWarning); import {module}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_removed_namespaces_of_scipy_are_not_used():
    theirs = _imports_under_scipy_2("pycwt.mothers")
    assert "scipy.special.orthogonal" in theirs.stderr
    ours = _imports_under_scipy_2("pycwt_mod.mothers, pycwt_mod.wavelet, pycwt_mod.helpers")
    assert ours.returncode == 0, ours.stderr


def _peak_beside_output(function, *args, **kwargs):
    """Return the peak of memory that a call allocates, in units of the size of its result."""
    tracemalloc.start()
    try:
        result = function(*args, **kwargs)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return peak / sum(array.nbytes for array in result)


def test_memory_of_a_long_coherence_is_little_more_than_its_result():
    y1, y2 = pair(5000)
    with quiet():
        theirs = _peak_beside_output(pycwt.wct, y1, y2, 1.0, sig=False)
    ours = _peak_beside_output(pycwt_mod.wct, y1, y2, 1.0, sig=False)
    assert theirs > 4
    assert ours < 1.75  # the result and about half of it
