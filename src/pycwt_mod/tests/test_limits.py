"""Any number anywhere: a sane result soon, or an error that names an argument.

Each example gives one or two arguments of a function any value at all, and the others usual ones.
"""

import math
import re
import time
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pycwt_mod
from pycwt_mod import limits
from pycwt_mod.backends import run_monte_carlo
from pycwt_mod.geometry import Geometry
from pycwt_mod.helpers import padded_length
from pycwt_mod.montecarlo.plan import make_plan
from pycwt_mod.transform import outside_cone

N = 60
# Seconds that any one call may take on a busy machine.
SOON = 30.0

Y = np.random.default_rng(0).normal(size=(2, N))
W = np.random.default_rng(1).normal(size=(3, N)) * (1 + 1j)
SCALES = [2.0, 4.0, 8.0]
NULL = pycwt_mod.wct_null(
    0.5, 0.3, 1.0, 0.5, 2.0, 4, mc_count=40, rng_seed=1, progress=False, cache=False
)

EXTREMES = [
    0, 1, -1, 2, 10**300, 10**400, 10**4000, -(10**400), 2**31, 2**53, 2**63, -(2**63), 2**64,
    0.0, -0.0, 5e-324, 1e-320, 2.3e-308, 1e-300, 1e-150, 1e-9, 1.0, 1 - 1e-16, 1e9, 1e15, 1e16,
    1e150, 1e300, 1.7e308, math.nan, math.inf, -math.inf,
    np.float32(3e38), np.float64(1e-310), np.int8(-128), np.uint64(2**64 - 1), np.float16(6e4),
    np.longdouble(1) / 3, np.array(2.0), np.array([1.0, 2.0]), np.timedelta64(1, "s"),
    Fraction(1, 3), Fraction(10**400), Fraction(1, 10**400), Decimal("0.1"), Decimal("NaN"),
    "1", "", "a", b"1", None, True, False, np.True_, 1j, [], [1, [2]], {}, object, pd.NA, pd.NaT,
]  # fmt: skip
ANYTHING = st.sampled_from(EXTREMES) | st.floats() | st.integers() | st.fractions()

# More samples than no time at all, and fewer than all memory, take their time: left out.
SLOW = {
    "N": (1e3, 1e12), "x": (1e3, 1e12), "n_samples": (1e3, 1e12),
    "mc_count": (20, 1e9), "n_simulations": (1e3, 1e9),
}  # fmt: skip


def _is_slow(name, value):
    low, high = SLOW.get(name, (0, 0))
    if isinstance(value, np.floating):
        value = float(value)  # of half precision could not be compared with 1e12
    return isinstance(value, int | float | Fraction) and low < value <= high


def _anything(name):
    return ANYTHING.filter(lambda value: not _is_slow(name, value))


RUN = {"progress": False, "cache": False, "mc_count": 2, "rng_seed": 1}
GEOMETRY = {"dj": 0.5, "s0": 2.0, "J": 4}
PROBLEM = {"al1": 0.5, "al2": 0.3, "dt": 1.0, **GEOMETRY, **RUN}
SIMULATED = "al1 al2 dt dj s0 J mc_count n_samples rng_seed n_workers timeout mc_count_max"

# function, usual arguments, names of those that may be anything
FUNCTIONS = {
    "cwt": (pycwt_mod.cwt, {"signal": Y[0], "dt": 1.0}, "dt dj s0 J"),
    "cwt freqs": (pycwt_mod.cwt, {"signal": Y[0], "dt": 1.0}, "dt freqs"),
    "cwt signal": (
        lambda value, dt: pycwt_mod.cwt([0.5, value, *Y[0]], dt),
        {"dt": 1.0, "value": 1.0},
        "value dt",
    ),
    "icwt": (pycwt_mod.icwt, {"W": W, "sj": SCALES, "dt": 1.0, "dj": 0.5}, "W sj dt dj"),
    "significance": (
        pycwt_mod.significance,
        {"signal": 1.0, "dt": 1.0, "scales": SCALES, "alpha": 0.5, "sigma_test": 1, "dof": 30.0},
        "signal dt scales alpha sigma_test significance_level dof",
    ),
    "significance of a band": (
        lambda low, high, **given: pycwt_mod.significance(**given, sigma_test=2, dof=[low, high]),
        {"signal": 1.0, "dt": 1.0, "scales": SCALES, "alpha": 0.5, "low": 1.0, "high": 9.0},
        "signal dt alpha significance_level low high",
    ),
    "xwt": (
        pycwt_mod.xwt,
        {"y1": Y[0], "y2": Y[1], "dt": 1.0},
        "dt dj s0 J significance_level normalize",
    ),
    "wct": (
        pycwt_mod.wct,
        {"y1": Y[0], "y2": Y[1], "dt": 1.0, "dj": 0.5, **RUN},
        "dt dj s0 J significance_level mc_count n_samples",
    ),
    "wct of a real wavelet": (
        pycwt_mod.wct,
        {"y1": Y[0], "y2": Y[1], "dt": 1.0, "dj": 0.5, "wavelet": "dog", **RUN},
        "dt dj s0 J",
    ),
    "wct_null": (pycwt_mod.wct_null, PROBLEM, SIMULATED),
    "wct_null of a real wavelet": (
        pycwt_mod.wct_null, {**PROBLEM, "wavelet": "paul"}, "dt dj s0 J n_samples"
    ),
    "wct_significance": (
        pycwt_mod.wct_significance,
        {**PROBLEM, "mc_count_max": 4},
        f"{SIMULATED} significance_level tol",
    ),
    "wct_matrix": (
        pycwt_mod.wct_matrix, {"data": Y, "dt": 1.0, "dj": 0.5, **RUN}, "dt dj s0 J mc_count"
    ),
    "quantile": (NULL.quantile, {}, "level"),
    "standard_error": (NULL.standard_error, {}, "level"),
    "pvalue": (NULL.pvalue, {}, "R2"),
    "ar1": (pycwt_mod.ar1, {}, "x"),
    "ar1_spectrum": (pycwt_mod.ar1_spectrum, {"freqs": [0.0, 0.1]}, "freqs ar1"),
    "rednoise": (pycwt_mod.rednoise, {"N": 9, "g": 0.5}, "N g a"),
    "rect": (pycwt_mod.rect, {}, "x"),
    "boxpdf": (pycwt_mod.boxpdf, {}, "x"),
    "fft_kwargs": (pycwt_mod.fft_kwargs, {}, "signal"),
    "Morlet": (lambda f0: pycwt_mod.cwt(Y[0], 1.0, 0.5, wavelet=pycwt_mod.Morlet(f0)), {}, "f0"),
    "Paul": (lambda m: pycwt_mod.cwt(Y[0], 1.0, 0.5, wavelet=pycwt_mod.Paul(m)), {}, "m"),
    "DOG": (lambda m: pycwt_mod.cwt(Y[0], 1.0, 0.5, wavelet=pycwt_mod.DOG(m)), {}, "m"),
    "run_monte_carlo": (
        lambda **given: run_monte_carlo(int.__class__, backend="sequential", **given),
        {"n_simulations": 2},
        "n_simulations timeout",
    ),
}  # fmt: skip

# NaN is what these functions say where there is nothing to tell.
MAY_BE_NAN = {"wct", "wct_null", "wct_significance", "wct_matrix", "standard_error", "pvalue"}


def _numbers(result):
    """Yield the arrays of what a function returned."""
    if isinstance(result, tuple | list):
        for part in result:
            yield from _numbers(part)
    elif isinstance(result, np.ndarray | float | complex):
        yield np.asarray(result)
    elif isinstance(result, pycwt_mod.NullDistribution):
        yield result.quantile()
    elif hasattr(result, "to_dataframe"):
        yield result.to_dataframe().select_dtypes(float).to_numpy()


def _error_or_sane(name, given):
    """Return the error of a call, or None if its result is sane."""
    function, usual, _ = FUNCTIONS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", UserWarning)
        try:
            result = function(**{**usual, **given})
        except (TypeError, ValueError, TimeoutError) as error:
            return error
    for array in _numbers(result):
        sane = ~np.isinf(array) if name.split()[0] in MAY_BE_NAN else np.isfinite(array)
        assert sane.all(), array
    return None


def _check(name, given):
    began = time.monotonic()
    error = _error_or_sane(name, given)
    assert error is None or re.search(r"`\w+", str(error)), f"no argument is named: {error}"
    assert time.monotonic() - began < SOON


def _given(names):
    return st.sets(st.sampled_from(names), min_size=1, max_size=2).flatmap(
        lambda chosen: st.fixed_dictionaries({name: _anything(name) for name in sorted(chosen)})
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_number_gives_a_sane_result_or_an_error_that_names_an_argument(name):
    simulates = "mc_count" in FUNCTIONS[name][1]

    @settings(max_examples=15 if simulates else 30)
    @given(_given(FUNCTIONS[name][2].split()))
    def check(given):
        _check(name, given)

    check()


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_extreme_number_gives_a_sane_result_or_an_error_that_names_an_argument(name):
    for argument in FUNCTIONS[name][2].split():
        for value in EXTREMES:
            if not _is_slow(argument, value):
                _check(name, {argument: value})


REFUSED = [
    ("wct", {"dj": 1e9}, "`dj`, the spacing of the scales in octaves, must lie between 0.0001 and"),
    ("wct_matrix", {"dj": 1e9}, "`dj`, the spacing"),
    ("wct_null", {"dj": 1e-320}, "`dj`, the spacing"),
    ("icwt", {"dj": 1e308}, "`dj`, the spacing"),
    ("wct_null", {"s0": 1e-320}, "`s0` must lie between 1e-06 and .* for dt=1, got .*such as 2"),
    ("wct_matrix", {"s0": 1e-300}, "`s0` must lie between"),
    ("wct_null", {"mc_count": 10**300}, "`mc_count` must be at most 1000000000, got 1000"),
    ("run_monte_carlo", {"n_simulations": 10**300}, "`n_simulations` must be at most 1000000000"),
    ("wct_null", {"n_samples": 2**63}, "`n_samples` must be at most 1000000000000000, got 92"),
    ("rednoise", {"N": 10**300}, "`N` must be at most"),
    ("rednoise", {"a": 1e308}, r"`a` must lie between -1e\+140 and 1e\+140, got 1e\+308"),
    ("ar1_spectrum", {"ar1": math.nan}, "`ar1` must be finite, got nan"),
    ("quantile", {"level": "a"}, "`level` must be real numbers, got 'a'"),
    ("cwt freqs", {"freqs": [1e-320]}, "`freqs` must lie between"),
    ("cwt signal", {"value": 1e200}, r"`signal` must be at most 1e\+140 in size, got 1e\+200"),
    ("icwt", {"W": W * math.nan}, "`W` must be finite"),
    ("Morlet", {"f0": 10**300}, "`f0` must lie between 0.001 and 1000"),
    ("DOG", {"m": 10**9}, "`m` must be at most 1000"),
]


@pytest.mark.parametrize(("name", "given", "message"), REFUSED)
def test_what_cannot_be_computed_is_refused_by_name_rule_and_value(name, given, message):
    began = time.monotonic()
    error = _error_or_sane(name, given)
    assert re.match(message, str(error)), error
    assert time.monotonic() - began < SOON / 3  # and not computed in vain


def test_arrays_beyond_the_memory_are_refused_with_bytes_and_remedy(monkeypatch):
    monkeypatch.setattr(limits, "_memory_bytes", lambda: 1e6)
    message = r"which take .* GB; this machine has 0.001 GB of memory. Use a "
    for call, name in [
        (lambda: pycwt_mod.cwt(np.resize(Y, 4096), 1.0), "dj"),
        (lambda: pycwt_mod.cwt(Y[0], 1.0, freqs=np.full(999, 0.1)), "freqs"),
        (lambda: pycwt_mod.rednoise(10**6, 0.5), "N"),
        (lambda: pycwt_mod.rect((1000, 1000)), "x"),
        (lambda: pycwt_mod.wct_null(**{**PROBLEM, "n_samples": 9999}, method="full"), "J"),
    ]:
        with pytest.raises(ValueError, match=f"^`{name}`.*{message}|^`{name}`.*Use fewer"):
            call()


def test_surrogates_of_any_length_take_no_array_of_their_times():
    problem = (0.5, 0.3), 1.0, 0.5, 2.0, 70, pycwt_mod.Morlet()
    plan = make_plan(*problem, method="multirate", pad=padded_length)
    assert plan.n_times > 10**11
    assert (plan.samples_per_surrogate > 0).all()


@given(st.integers(2, 999), st.floats(0.1, 9.0), st.floats(1e-3, 1e3))
def test_times_outside_the_cone_are_those_of_its_array(n, dt, smallest):
    scales = smallest * dt * 2 ** np.linspace(0, 12, 40)
    geometry = Geometry(pycwt_mod.Morlet(), scales, dt, 0.5, n, 1024)
    starts, stops = outside_cone(geometry.periods, geometry.coi)
    np.testing.assert_array_equal(geometry.outside[0], starts)
    np.testing.assert_array_equal(geometry.outside[1], np.maximum(starts, stops))


@pytest.mark.parametrize("test", [0, 1, 2])
def test_coefficient_of_1_is_the_limit_of_the_spectrum_with_a_warning(test):
    given = {"signal": 1.0, "dt": 1.0, "scales": SCALES, "sigma_test": test, "dof": [1.0, 9.0]}
    given["dof"] = {0: -1, 1: 30.0, 2: [1.0, 9.0]}[test]
    near, spectrum = pycwt_mod.significance(**given, alpha=1 - 1e-12)
    with pytest.warns(UserWarning, match="`alpha` is 1, which no AR.1. process has.*Detrend or"):
        level, limit = pycwt_mod.significance(**given, alpha=1.0)
    np.testing.assert_array_equal(level, 0.0 * near)
    np.testing.assert_array_equal(limit, 0.0 * spectrum)
    assert (np.asarray(near) < 1e-9).all()


def test_spectrum_of_coefficients_near_1_keeps_its_digits():
    frequencies = np.array([1e-7, 1e-4, 0.1])
    scales = 1 / (pycwt_mod.Morlet().flambda() * frequencies)
    for g in (0.9, 1 - 1e-6, 1 - 1e-12):
        _, spectrum = pycwt_mod.significance(1.0, 1.0, scales, alpha=g)
        distance = (1 - g) ** 2 + 4 * g * np.sin(np.pi * frequencies) ** 2
        np.testing.assert_allclose(spectrum, (1 - g**2) / distance, rtol=1e-7)


@pytest.mark.parametrize("name", ["wct", "xwt"])
def test_numbers_near_the_end_of_floats_are_refused_before_any_sum(name):
    x, y = np.random.default_rng(0).normal(size=(2, 100))
    function, options = getattr(pycwt_mod, name), {"sig": False} if name == "wct" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"`y2` must be at most 1e\+300 in size, got .*e\+307"):
            function(x, y * 1e307, 1.0, **options)
        assert np.isfinite(function(x, y * 1e299, 1.0, **options)[0]).all()
