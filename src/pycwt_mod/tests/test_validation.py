"""What is refused, by which error, and that each message names the argument, rule and value."""

import datetime
import itertools
import math
import pathlib
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import pycwt_mod
from pycwt_mod import Morlet, wct, wct_null, wct_significance
from pycwt_mod.backends import JoblibBackend, SequentialBackend
from pycwt_mod.seeds import as_seed
from pycwt_mod.validation import as_count, as_positive, as_series, brief

GEOMETRY = {"dt": 1.0, "dj": 0.5, "s0": 2.0, "J": 4}
QUICK = {"mc_count": 10, "progress": False, "cache": False}
N = 60


def _series(seed=0):
    return np.random.default_rng(seed).standard_normal(N)


def _series_pair():
    return _series(0), _series(1)


def _simulate(function=wct_significance, **changes):
    return function(**{"al1": 0.5, "al2": 0.3, **GEOMETRY, **QUICK, **changes})


# --- rules of single arguments ---

SCALES = "dt dj s0 J wavelet"
CHOICES = "method noise smoothing"
HANDED_ON = f"mc_count n_workers rng_seed cache parallel backend {CHOICES}"
SIMULATION = f"al1 al2 progress {SCALES} {HANDED_ON}"
NO_NUMBERS = ["0.5", b"1", [0.5], 0.5j, True, np.True_, {}, object()]
NOT_FINITE = [math.nan, math.inf, -math.inf]
NEGATIVE = [-1e300, -2, -0.25, -1e-300]
INTEGER = "must be a non-negative integer, "
WORKERS = "must be a positive integer or -1, got "

# arguments, values, error, message; -1 is a default of pycwt's transforms
RULES = [
    ("al1 al2 dt dj s0 J", [*NO_NUMBERS, None], TypeError, "must be a real number, got "),
    ("al1 al2 dt dj s0 J", NOT_FINITE, ValueError, "must be finite, got {}."),
    (
        "al1 al2",
        [1, -1.0, 1.7, -1e300],
        ValueError,
        "must lie strictly between -1 and 1, got {:g}:",
    ),
    ("dt dj s0", [0, 0.0, *NEGATIVE], ValueError, "must be positive, got {:g}."),
    ("J", NEGATIVE, ValueError, "the number of scales less one, must not be negative, got {:g}."),
    ("mc_count", [0, -1, -300, -(10**30)], ValueError, "must be at least 1, got {}."),
    ("mc_count", [20.5, 1e-300, -0.5], ValueError, "must be an integer, got {}."),
    ("mc_count", [*NO_NUMBERS, *NOT_FINITE, None], TypeError, "must be an integer, got "),
    ("n_workers", [0, -2, -(10**30)], ValueError, WORKERS + "{}."),
    ("n_workers", [*NO_NUMBERS, 1.5, math.nan], TypeError, WORKERS),
    ("rng_seed", [-1, -(10**30)], ValueError, INTEGER + "got {}."),
    (
        "rng_seed",
        [*NO_NUMBERS, 1.0],
        TypeError,
        INTEGER + "a numpy.random.SeedSequence or None, got ",
    ),
    ("cache parallel", [1, 0, "yes", 1.0, []], TypeError, "must be True or False, got {!r}."),
    (CHOICES, ["", "multi", "whitish", "Full"], ValueError, "must be one of '"),
    ("method smoothing", ["white"], ValueError, "must be one of '"),
    (CHOICES, [1, 0.5], TypeError, "must be one of '"),
    ("method smoothing", [[]], TypeError, "must be one of '"),
    ("noise", [[], [[]]], TypeError, "must have one choice for each series, got {!r}."),
    (
        "progress",
        [None, "yes", 1],
        TypeError,
        "must be True, False or a callable of (done, total),",
    ),
    ("backend", ["dusk"], ValueError, "must be one of "),
    ("backend", [3, 1.5], TypeError, "must be None, a name "),
    ("wavelet", ["haar"], ValueError, "must be one of 'morlet', "),
    ("wavelet", [None, Morlet, 6], TypeError, "must be a name or a mother wavelet such as "),
]


def _pair(function, **options):
    return lambda **a: function(_series(0), _series(1), **{"dt": 1.0, **options, **a})


ENTRIES = [
    (partial(_simulate, wct_significance), SIMULATION),
    (partial(_simulate, wct_null), SIMULATION),
    (_pair(wct, **QUICK), HANDED_ON),
    (_pair(wct, sig=False), SCALES),
    (_pair(pycwt_mod.xwt), SCALES),
    (lambda **a: pycwt_mod.cwt(_series(), **{"dt": 1.0, **a}), SCALES),
]


@pytest.mark.parametrize(("names", "values", "error", "message"), RULES)
def test_argument_is_refused_by_its_name_the_rule_and_the_value(names, values, error, message):
    for name, (call, arguments) in itertools.product(names.split(), ENTRIES):
        for value in values if name in arguments.split() else ():
            with pytest.raises(error) as caught:
                call(**{name: value})
            text = str(caught.value).replace("`,", "`", 1)
            assert type(caught.value) is error
            assert text.startswith(f"`{name}` {message.format(value)}"), text


@pytest.mark.parametrize(
    ("call", "near"),
    [
        (lambda: _simulate(backend="joblip"), "'joblib'"),
        (lambda: wct(*_series_pair(), 1.0, backend="Dusk", **QUICK), "'dask'"),
        (lambda: pycwt_mod.backends.get_backend("sequental"), "'sequential'"),
        (lambda: pycwt_mod.backends.set_default_backend("joblip"), "'joblib'"),
        (lambda: _simulate(wavelet="morlett"), "'morlet'"),
        (lambda: pycwt_mod.cwt(_series(), 1.0, wavelet="Mexican hut"), "'mexicanhat'"),
        (lambda: _simulate(method="multi-rate"), "'multirate'"),
        (lambda: _simulate(smoothing="grinstead"), "'grinsted'"),
        (lambda: wct(*_series_pair(), 1.0, mccount=9), "'mc_count'"),
        (lambda: _simulate(wct_null, n_worker=2), "'n_workers'"),
        (lambda: wct(*_series_pair(), 1.0, sig=False).summary(levle=0.9), "'level'"),
        (lambda: pycwt_mod.xwt(*_series_pair(), 1.0).summary(unti="days"), "'unit'"),
    ],
)
def test_messages_have_the_near_match(call, near):
    with pytest.raises((TypeError, ValueError), match=rf"Did you mean {near}\?"):
        call()


def test_message_of_the_environment_variable_has_the_near_match(monkeypatch):
    monkeypatch.setenv("PYCWT_MOD_BACKEND", "joblip")
    with pytest.raises(ValueError, match=r"PYCWT_MOD_BACKEND must be .*Did you mean 'joblib'\?"):
        _simulate()


def test_scale_above_the_length_of_the_series_is_refused():
    with pytest.raises(
        ValueError, match=r"`s0` must not be above the length of the series, 60, got"
    ):
        pycwt_mod.cwt(_series(), 1.0, s0=1e6)


# --- the Monte Carlo test ---


@pytest.mark.parametrize("level", [0, 1, 1.0, -0.1, 95])
def test_significance_level_lies_strictly_between_0_and_1(level):
    message = f"`significance_level` must lie strictly between 0 and 1, got {level:g}"
    y1, y2 = _series(0), _series(1)
    with pytest.raises(ValueError, match=re.escape(message)):
        _simulate(significance_level=level)
    with pytest.raises(ValueError, match=re.escape(message)):
        wct(y1, y2, 1.0, sig=False, significance_level=level)
    with pytest.raises(ValueError, match=re.escape(message)):
        pycwt_mod.xwt(y1, y2, 1.0, significance_level=level)
    with pytest.raises(ValueError, match=re.escape(message)):
        pycwt_mod.significance(1.0, 1.0, [2.0, 4.0], 0, 0.5, level)


@pytest.mark.parametrize("level", ["0.95", None, [0.9, 0.95]], ids=repr)
def test_significance_level_is_one_number(level):
    with pytest.raises(TypeError, match="`significance_level` must be a real number, got"):
        _simulate(significance_level=level)


def test_significance_level_of_the_wrong_end_is_a_warning():
    message = "`significance_level` is 0.05: .* stay below, not 95 %.* significance level use 0.95"
    with pytest.warns(UserWarning, match=message):
        wct(_series(0), _series(1), 1.0, sig=False, significance_level=0.05)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wct(_series(0), _series(1), 1.0, sig=False, significance_level=0.5)


@pytest.mark.parametrize("mc_count", [1, 9])
def test_few_surrogates_are_a_warning(mc_count):
    with pytest.warns(UserWarning, match=f"`mc_count` of {mc_count} is too small"):
        levels = _simulate(mc_count=mc_count)
    assert np.isfinite(levels).all()


def test_ten_surrogates_are_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _simulate(mc_count=10)


@pytest.mark.parametrize("backend", ["joblib", "sequential", "auto"])
def test_more_workers_than_cores_are_a_warning(backend):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        levels = _simulate(n_workers=10_000, backend=backend, rng_seed=1, mc_count=10)
    messages = [str(w.message) for w in caught if w.category is UserWarning]
    if backend != "sequential":
        assert any(re.search("`n_workers` is 10000, more than the .* cores", m) for m in messages)
    np.testing.assert_array_equal(levels, _simulate(rng_seed=1, backend="sequential"))


def test_workers_that_there_are_are_no_warning():
    levels = _simulate(rng_seed=1)
    for n_workers in (-1, 1, None, np.int64(1)):
        np.testing.assert_array_equal(_simulate(n_workers=n_workers, rng_seed=1), levels)


def test_seeds_of_any_kind_give_the_same_levels_again():
    levels = _simulate(rng_seed=7)
    for seed in (7, np.int64(7), np.uint8(7), np.random.SeedSequence(7)):
        np.testing.assert_array_equal(_simulate(rng_seed=seed), levels)
    assert all(as_seed(seed).entropy == seed for seed in (0, 2**100))


def test_seed_sequence_is_not_used_up():
    seed = np.random.SeedSequence(7)
    _simulate(rng_seed=seed)
    assert seed.n_children_spawned == 0


def test_no_seed_gives_other_levels_each_time():
    assert (_simulate() != _simulate()).any()


def test_seed_of_the_legacy_noise_is_the_global_one():
    with pytest.raises(ValueError, match=r"`rng_seed` must be None with noise='legacy'.*seed"):
        _simulate(noise="legacy", rng_seed=1)


@pytest.mark.parametrize("backend", ["joblib", "dask", JoblibBackend(n_workers=1)], ids=repr)
def test_legacy_noise_runs_in_one_process_only(backend):
    with pytest.raises(ValueError, match="`backend` must be 'sequential' with noise='legacy', got"):
        _simulate(noise="legacy", backend=backend)


@pytest.mark.parametrize("backend", [None, "auto", "sequential", SequentialBackend()], ids=repr)
def test_legacy_noise_takes_what_is_sequential(backend):
    np.random.seed(0)
    first = _simulate(noise="legacy", backend=backend)
    np.random.seed(0)
    np.testing.assert_array_equal(_simulate(noise="legacy"), first)


def test_legacy_noise_ignores_the_default_backend(monkeypatch):
    monkeypatch.setenv("PYCWT_MOD_BACKEND", "joblib")
    np.random.seed(0)
    first = _simulate(noise="legacy")
    pycwt_mod.backends.set_default_backend("joblib")
    np.random.seed(0)
    np.testing.assert_array_equal(_simulate(noise="legacy"), first)


# --- parallel ---


@pytest.mark.parametrize(
    ("parallel", "backend", "chosen"),
    [
        (True, None, "joblib"),
        (np.True_, "auto", "joblib"),
        (True, "joblib", "joblib"),
        (False, None, "sequential"),
        (False, "sequential", "sequential"),
        (None, None, None),
        (None, "dask", "dask"),
    ],
)
def test_parallel_is_a_synonym_of_a_backend(monkeypatch, parallel, backend, chosen):
    # Which one is asked for: where it ran, provenance tells, and little work runs in process.
    class AskedError(Exception):
        pass

    def ask(plan, options, **_):
        raise AskedError(options.backend)

    monkeypatch.setattr(pycwt_mod.levels, "estimate_null", ask)
    with pytest.raises(AskedError) as caught:
        _simulate(parallel=parallel, backend=backend)
    assert caught.value.args == (chosen,)


@pytest.mark.parametrize(
    ("parallel", "backend"),
    [(True, "sequential"), (False, "joblib"), (True, "dask"), (False, "gpu")],
)
def test_parallel_that_contradicts_the_backend_is_refused(parallel, backend):
    with pytest.raises(ValueError, match=f"`parallel={parallel}` means .*got backend='{backend}'"):
        _simulate(parallel=parallel, backend=backend)


def test_parallel_that_contradicts_an_executor_is_refused():
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(ValueError, match=r"`parallel=False` means backend='sequential', got"),
    ):
        _simulate(parallel=False, backend=pool)


# --- geometry ---


class _WideCone(Morlet):
    """No sample of the surrogates of the largest scales lies outside its cone."""

    def coi(self):
        return 0.2


@pytest.mark.parametrize("function", [wct_significance, wct_null])
def test_geometry_without_a_sample_outside_the_cone_is_a_warning(function):
    with pytest.warns(UserWarning, match="scales have no sample outside the cone of influence"):
        result = _simulate(function, wavelet=_WideCone())
    levels = result if function is wct_significance else result.quantile(0.95)
    assert np.isnan(levels[-1])
    assert np.isfinite(levels[0])


class _OwnSmooth(Morlet):
    def smooth(self, W, dt, dj, scales):
        return super().smooth(W, dt, dj, scales)


def test_smoothing_of_a_mother_that_smooths_by_itself_is_refused():
    message = "`smoothing` must be left out for _OwnSmooth, .* got 'grinsted'"
    with pytest.raises(ValueError, match=message):
        _simulate(wavelet=_OwnSmooth(), smoothing="grinsted")
    with pytest.raises(ValueError, match=message):
        wct(_series(0), _series(1), 1.0, sig=False, wavelet=_OwnSmooth(), smoothing="grinsted")


def test_geometry_of_one_scale_has_one_level():
    assert _simulate(J=0).shape == (1,)
    assert _simulate(J=0.0).shape == (1,)


@pytest.mark.parametrize(
    ("J", "count"), [(2, 3), (2.0, 3), (2.4, 4), (1 / 0.1, 11), (0.3 / 0.1, 4)]
)
def test_geometry_of_a_float_number_of_scales_is_that_of_numpy_arange(J, count):
    assert _simulate(J=J).shape == (count,)
    assert pycwt_mod.cwt(_series(), 1.0, 0.5, 2.0, J)[1].shape == (count,)


# --- cwt, icwt, significance ---

TIMES = [
    np.timedelta64(86_400_000_000_000, "ns"),
    np.timedelta64(1, "D"),
    np.array(np.timedelta64(1, "s")),
    datetime.timedelta(days=1),
    pd.Timedelta("1D"),
    pd.offsets.Day(),
    np.datetime64("2001-01-01"),
    datetime.datetime(2001, 1, 1),
    pd.NaT,
]


def test_sampling_interval_is_a_number_and_no_time():
    for time in TIMES:
        with pytest.raises(
            TypeError, match=r"`dt` must be a real number, got .*\. Give the sampling "
        ):
            wct(_series(0), _series(1), time, sig=False)
        with pytest.raises(TypeError, match=r"`s0` must be .* Give it as a number, in the unit of"):
            as_positive(time, "s0")


@pytest.mark.parametrize("check", [as_count, as_seed])
def test_counts_and_seeds_are_no_times(check):
    with pytest.raises(TypeError, match=r"`n` must be .*integer.*timedelta64"):
        check(np.timedelta64(3, "ns"), "n")


@pytest.mark.parametrize("kind", [np.asarray, list, pd.Series], ids=["array", "list", "pandas"])
def test_sampling_interval_is_one_number(kind):
    with pytest.raises(
        TypeError, match=r"`dt` .* Give one sampling interval, such as 1.0; are the"
    ):
        pycwt_mod.cwt(_series(0), kind(_series(1)))


def test_sampling_interval_as_text_is_converted_by_its_owner():
    with pytest.raises(TypeError, match=r"got '0.5'. Text is not a number: convert it by `float"):
        pycwt_mod.cwt(_series(), "0.5")
    with pytest.raises(TypeError, match=r"got 'months'. Give a number of your unit .* dt=1 for"):
        pycwt_mod.cwt(_series(), "months")


@pytest.mark.parametrize(
    ("bands", "pairs"), [([2, 8], r"\[\(2, 8\)\]"), ((2, 4.5, 8), r"\[\(2, 4.5\), \(4.5, 8\)\]")]
)
def test_edges_in_place_of_bands_are_told_as_pairs(bands, pairs):
    data = np.stack(_series_pair())
    with pytest.raises(ValueError, match=rf"`bands` must hold pairs .*\. Pass {pairs}"):
        pycwt_mod.wct_matrix(data, 1.0, bands=bands, **QUICK)


@pytest.mark.parametrize(
    ("freqs", "error", "message"),
    [
        ([0.1, 0.0], ValueError, "must be positive, got 0"),
        ([-0.1], ValueError, "must be positive, got -0.1"),
        ([0.1, math.nan], ValueError, "must be finite, got nan at index 1"),
        ([], ValueError, "must have at least 1 value, got 0"),
        ([[0.1]], ValueError, "must be one-dimensional, got shape"),
        ("all", (TypeError, ValueError), "must be"),
    ],
    ids=repr,
)
def test_cwt_refuses_frequencies_by_rule_and_value(freqs, error, message):
    with pytest.raises(error, match=f"`freqs` {message}"):
        pycwt_mod.cwt(_series(), 1.0, freqs=freqs)


@pytest.mark.parametrize(("name", "value"), [("sig", 1), ("normalize", None), ("normalize", "no")])
def test_wct_flags_are_true_or_false(name, value):
    with pytest.raises(TypeError, match=f"`{name}` must be True or False, got {value!r}"):
        wct(_series(0), _series(1), 1.0, **{**QUICK, name: value})


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"W": np.zeros((3, 4)), "sj": np.ones(5)}, ValueError, "`W` must have one row for each"),
        ({"W": np.zeros(3), "sj": np.ones(3)}, ValueError, "`W` must have one row for each"),
        ({"sj": np.ones((3, 1))}, ValueError, "`sj` must be one-dimensional"),
        ({"dt": 0}, ValueError, "`dt` must be positive, got 0"),
        ({"dj": -1}, ValueError, "`dj` must be positive, got -1"),
        ({"dj": "1"}, TypeError, "`dj` must be a real number, got '1'"),
    ],
    ids=["scales", "1-D", "2-D scales", "dt", "dj", "dj type"],
)
def test_icwt_refuses_by_name_and_rule(changes, error, message):
    arguments = {"W": np.zeros((3, 4)), "sj": np.ones(3), "dt": 1.0, **changes}
    with pytest.raises(error, match=message):
        pycwt_mod.icwt(**arguments)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"signal": -1.0}, ValueError, "`signal`, as a variance, must not be negative, got -1"),
        ({"signal": None}, TypeError, "`signal` must be a real number, got None"),
        ({"alpha": None}, TypeError, "`alpha` must be given when `signal` is a variance"),
        ({"alpha": -1.0}, ValueError, "`alpha` must lie strictly between -1 and 1, got -1"),
        ({"alpha": 1.1}, ValueError, "`alpha` must lie strictly between -1 and 1, got 1.1"),
        ({"scales": [2.0]}, ValueError, "`scales` must have at least 2 values, got 1"),
        ({"sigma_test": 3}, ValueError, "`sigma_test` must be 0, 1 or 2, got 3"),
        ({"sigma_test": -1}, ValueError, "`sigma_test` must be .*got -1"),
        ({"sigma_test": "0"}, TypeError, "`sigma_test` must be an integer, got '0'"),
        ({"sigma_test": 1, "dof": [1, 2, 3]}, ValueError, r"`dof` must be one number.*\[1, 2, 3\]"),
        ({"sigma_test": 1, "dof": math.nan}, ValueError, "`dof` must be one number .*got nan"),
        ({"sigma_test": 2}, ValueError, "`dof` must be the smallest and the largest scale.*got -1"),
        ({"sigma_test": 2, "dof": [2, -4]}, ValueError, "`dof` must be the smallest and"),
        ({"sigma_test": 2, "dof": [10, 20]}, ValueError, r"`dof` must hold .*got \[10, 20\]"),
        ({"dt": -1}, ValueError, "`dt` must be positive, got -1"),
    ],
    ids=repr,
)
def test_significance_refuses_by_name_rule_and_value(changes, error, message):
    arguments = {"signal": 1.0, "dt": 1.0, "scales": [2.0, 4.0], "alpha": 0.5, **changes}
    with pytest.raises(error, match=message):
        pycwt_mod.significance(**arguments)


# --- series ---


def _with(value, index):
    return [value if place == index else x for place, x in enumerate(_series().tolist())]


BAD_SERIES = {
    "nan": (_with(math.nan, 7), ValueError, "finite, got nan at index 7 .1 such"),
    "inf": (_with(-math.inf, 3), ValueError, "finite, got -inf at index 3"),
    "None": (_with(None, 4), ValueError, "finite, got nan at index 4"),
    "first of many": (np.where(_series() > 0, np.nan, 1.0), ValueError, "finite, got nan at index"),
    "scalar": (3.0, ValueError, r"one-dimensional, got shape \(\)"),
    "2-D": (np.ones((N, 2)), ValueError, r"one-dimensional, got shape \(60, 2\)"),
    "empty": ([], ValueError, "at least . (samples?|values?), got 0"),
    "one": ([1.0], ValueError, "at least . (samples|values), got 1"),
    "words": (["a", "b", "c", "d"], TypeError, "a series of numbers, got"),
    "ragged": ([[1.0], [1.0, 2.0]], TypeError, "a series of numbers, got"),
    "dates": (np.arange(N).astype("datetime64[D]"), TypeError, "a series of numbers, got"),
    "spans": (pd.Series(np.arange(N).astype("timedelta64[s]")), TypeError, "a series of numbers"),
    "text that is a number": (["1.5"] * N, TypeError, "a series of numbers, got"),
    "text in pandas": (pd.Series(["1.5"] * N), TypeError, "a series of numbers, got"),
    "text as objects": (pd.Series(["1.5"] * N, dtype=object), TypeError, "a series of numbers"),
    "datetimes": ([datetime.datetime(2001, 1, 1)] * N, TypeError, "a series of numbers, got"),
    "objects": ([object()] * N, TypeError, "a series of numbers, got"),
    "mask": (
        np.ma.array(_series(), mask=np.arange(N) >= 9),
        ValueError,
        "masked values, got a mask that is first set at index 9",
    ),
    "frame": (
        pd.DataFrame({"a": _series(), "b": 1.0}),
        ValueError,
        r"one-dimensional, got shape \(60, 2\)",
    ),
    "pandas NA": (
        pd.Series(range(N), dtype="Int64").where(np.arange(N) != 5),
        ValueError,
        "finite, got nan at index 5",
    ),
    "pandas float NA": (
        pd.Series(_series(), dtype="Float64").where(np.arange(N) != 6),
        ValueError,
        "finite, got nan at index 6",
    ),
    "pandas nan": (pd.Series(_with(math.nan, 8)), ValueError, "finite, got nan at index 8"),
}
REMEDIES = {
    "words": r"'a' at index 0 is no number: `pandas.to_numeric\(y, errors=\"coerce\"\)`",
    "text that is a number": r"convert it, by `y.astype\(float\)` .* `\[float\(value\)",
    "text in pandas": r"Series of \S+, shape \(60,\), \['1.5', '1.5', '1.5', ...\]. Text is not",
    "text as objects": "Text is not numbers",
    "dates": r"ndarray of datetime64\[D\], shape \(60,\), \[1970-01-01, .*, ...\]. Dates and time",
    "datetimes": "Dates and time spans are not numbers: pass the values that belong to the dates",
    "spans": "spans become numbers by `y / np.timedelta64",
    "scalar": "not one number; are the arguments swapped",
    "ragged": "Every element must be one number",
    "frame": r"a DataFrame. Pass one of its columns, for example `df\['a'\]`",
    "nan": r"\(1 such value\)\. Fill or interpolate",
    "first of many": r"\(\d\d such values\)\. Fill or interpolate",
}


@pytest.mark.parametrize("kind", BAD_SERIES)
def test_series_are_refused_with_the_remedy_on_one_line(kind):
    values, error, message = BAD_SERIES[kind]
    with pytest.raises(error, match=f"`y` must (be|have|not have) {message}") as caught:
        as_series(values, "y")
    assert re.search(REMEDIES.get(kind, ""), str(caught.value))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 330


DATED = pd.Series(_series(), index=pd.date_range("2001-01", periods=N, freq="MS"))


def _dated(kind, places):
    """Return a series whose index is dates, and that has gaps."""
    series = DATED.where(~np.isin(np.arange(N), places))
    if kind != "DataArray":
        return series.astype(kind)
    return xr.DataArray(series, dims="time", coords={"time": series.index})


@pytest.mark.parametrize("kind", ["float64", "float32", "Float64", "object", "DataArray"])
@pytest.mark.parametrize("places", [(30,), (0, 9), (9, N - 1)])
def test_gaps_of_dated_series_are_told_with_the_date_and_a_statement_that_fills_them(kind, places):
    signal = _dated(kind, places)
    date = str(DATED.index[places[0]].date())
    with pytest.raises(ValueError, match=rf"nan at index {places[0]}, {date} \(") as caught:
        pycwt_mod.cwt(signal)
    statement = re.search("for example by `(.*)`", str(caught.value))[1]
    assert pycwt_mod.cwt(eval(statement)).W.shape[1] == N


def test_text_in_a_dated_series_is_told_with_its_date_and_a_call_that_makes_gaps_of_it():
    y = DATED.astype(object)
    y.iloc[30] = "n/a"
    for series, label in ((y, ", 2003-07-01,"), (y.tolist(), ""), (y.to_xarray(), ", 2003-07-01,")):
        found = f"'n/a' at index 30{label} is no number: `"
        with pytest.raises(TypeError, match=found) as caught:
            as_series(series, "y")
        call = re.search("number: `(.*?)`", str(caught.value))[1]
        gaps = eval(call, {"pandas": pd, "y": series})
        assert np.flatnonzero(np.isnan(gaps)).tolist() == [30]


@pytest.mark.parametrize("path", ["rain.csv", pathlib.Path("rain.csv")])
def test_paths_in_place_of_series_are_told_to_be_read(path):
    for call in (lambda: wct(path, path), lambda: pycwt_mod.cwt(path)):
        with pytest.raises(TypeError, match=r"names a file, read it first, by `pandas.read_csv\("):
            call()


def test_result_of_prepare_is_told_to_be_taken_apart():
    with pytest.raises(TypeError, match=r"Pass its values: `y1\.values`"):
        wct(pycwt_mod.prepare(DATED, trend="linear"), DATED)


@pytest.mark.parametrize("function", [wct, pycwt_mod.xwt])
def test_empty_series_are_blamed_and_not_the_step_that_is_missing(function):
    for empty in ([], DATED[:0]):
        with pytest.raises(ValueError, match="`y1` must have at least 2 samples, got 0"):
            function(empty, empty)


@given(st.integers(2, 99), st.sets(st.integers(0, 98)), st.sampled_from([math.nan, math.inf]))
def test_series_are_refused_by_the_first_bad_index_and_their_number(n, places, bad):
    places = {place % n for place in places}
    values = [bad if k in places else float(k) for k in range(n)]
    for series in (values, np.array(values), pd.Series(values)):
        if places:
            found = f"got {bad} at index {min(places)} \\({len(places)} such value"
            with pytest.raises(ValueError, match=f"`y` must be finite, {found}"):
                as_series(series, "y")
        else:
            assert as_series(series, "y").tolist() == values


class _OnADevice:
    dtype, shape = "float32", (2,)

    def __repr__(self):
        return "far away"

    def __array__(self, *args, **kwargs):
        raise TypeError("not in this memory")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.arange(1e5) / 3, "ndarray of float64, shape (100000,), [0.0, 0.3333333333333333, 0.66"),
        (np.ones((2, 2)), "ndarray of float64, shape (2, 2), [1.0, 1.0, 1.0, ...]"),
        (pd.Series([1, 2]), "Series of int64, shape (2,), [1, 2]"),
        (pd.DataFrame({"a": [1.0]}), "DataFrame of shape (1, 1)"),
        ([0.1] * 9, "list of 9, [0.1, 0.1, 0.1, ...]"),
        (["a" * 1000] * 9, "list of 9, ['" + "a" * 25 + "..., "),
        (("a", 1), "('a', 1)"),
        (np.float64(2), "2.0"),
        (dict.fromkeys(range(50), 1.0), "{0: 1.0, 1: 1.0, "),
        ("x" * 1000, "'xxx"),
        (_OnADevice(), "far away"),
        (-(10**5000), "int with thousands of digits"),
        ([10**5000] * 9, "list of 9, [int with thousands of"),
        (np.float32, "<class 'numpy.float32'>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_in_messages_are_short(value, shown):
    assert brief(value).startswith(shown)
    assert len(brief(value)) < 140
    assert "\n" not in brief(value)


class _Column:
    """A column of some library of tables, whose `to_numpy` knows no options."""

    def __init__(self, values):
        self._values = values

    def to_numpy(self):
        return np.array(self._values, dtype=object)

    def __array__(self, dtype=None, copy=None):
        return np.array(self._values, dtype=dtype or float)


def test_series_of_any_library_of_tables_are_taken():
    np.testing.assert_array_equal(as_series(_Column([1, 2.5, 3]), "y"), [1, 2.5, 3])
    with pytest.raises(ValueError, match="`y` must be finite, got nan at index 1"):
        as_series(_Column([1, None, 3]), "y")


SERIES_ARGUMENTS = {
    "cwt signal": ("signal", lambda y: pycwt_mod.cwt(y, 1.0)),
    "significance signal": ("signal", lambda y: pycwt_mod.significance(y, 1.0, [2.0, 4.0])),
    "xwt y1": ("y1", lambda y: pycwt_mod.xwt(y, _series(), 1.0)),
    "xwt y2": ("y2", lambda y: pycwt_mod.xwt(_series(), y, 1.0)),
    "wct y1": ("y1", lambda y: wct(y, _series(), 1.0, sig=False)),
    "wct y2": ("y2", lambda y: wct(_series(), y, 1.0, **QUICK)),
    "boxpdf x": ("x", pycwt_mod.boxpdf),
}
# A single number is a variance to `significance`, which has NumPy tell it from a series; a series
# of one has percentiles; `cwt` takes several series, and warns of columns.
NOT_BAD = {
    ("cwt signal", "2-D"),
    ("cwt signal", "frame"),
    ("significance signal", "scalar"),
    ("significance signal", "ragged"),
    ("boxpdf x", "one"),
}


@pytest.mark.parametrize("argument", SERIES_ARGUMENTS)
def test_series_are_refused_by_name_reason_and_index(argument):
    name, call = SERIES_ARGUMENTS[argument]
    for kind, (values, error, message) in BAD_SERIES.items():
        if (argument, kind) not in NOT_BAD:
            with pytest.raises(error, match=f"`{name}` must (be|have|not have) {message}"):
                call(values)


@pytest.mark.parametrize("argument", ["xwt y1", "xwt y2", "wct y1", "wct y2"])
def test_series_without_variance_are_refused_by_name(argument):
    name, call = SERIES_ARGUMENTS[argument]
    with pytest.raises(ValueError, match=f"`{name}` must vary, got a constant series .*2.5"):
        call([2.5] * N)


@pytest.mark.parametrize("argument", ["xwt y1", "xwt y2", "wct y1", "wct y2"])
def test_series_that_are_complex_are_refused_where_they_mean_nothing(argument):
    name, call = SERIES_ARGUMENTS[argument]
    with pytest.raises(TypeError, match=f"`{name}` must be real, got complex128"):
        call(_series() * 1j)


@pytest.mark.parametrize("function", [wct, pycwt_mod.xwt])
def test_series_of_unequal_length_are_refused(function):
    with pytest.raises(ValueError, match="`y1` and `y2` must have the same length, got 60 and 59"):
        function(_series(), _series()[1:], 1.0)


@pytest.mark.parametrize("argument", ["xwt y1", "xwt y2", "wct y2"])
def test_series_without_an_ar1_model_are_refused_by_name(argument):
    name, call = SERIES_ARGUMENTS[argument]
    with pytest.raises(ValueError, match=f"`{name}` must allow .*AR|`{name}` must allow .*lag-1"):
        call(np.arange(N) + 0.01 * _series())


@pytest.mark.parametrize("n", [8, 20])
def test_short_series_without_an_ar1_model_are_called_short_first(n):
    with pytest.raises(ValueError, match=rf"not\. The record is too short \({n} samples\)"):
        wct(np.arange(n) + 0.01 * _series(0)[:n], _series(1)[:n], 1.0, **QUICK)


def test_series_whose_estimate_is_no_process_are_refused_by_name(monkeypatch):
    monkeypatch.setattr(pycwt_mod.wavelet, "ar1", lambda x: (1.25, math.nan, 0.0))
    with pytest.raises(ValueError, match=r"`y1` must allow an AR\(1\) model, .* 1.25") as caught:
        wct(_series(0), _series(1), 1.0, **QUICK)
    assert isinstance(caught.value, Warning)


# --- kinds of series ---

KINDS = {
    "list": list,
    "tuple": tuple,
    "floats": lambda y: [float(v) for v in y],
    "pandas": lambda y: pd.Series(y, index=pd.date_range("2001-01", periods=y.size, freq="MS")),
    "pandas reversed index": lambda y: pd.Series(y, index=np.arange(y.size)[::-1]),
    "pandas nullable": lambda y: pd.Series(y, dtype="Float64"),
    "pandas column": lambda y: pd.DataFrame({"a": y, "b": y * 2})["a"],
    "frame of one column": lambda y: pd.DataFrame({"a": y}),
    "DataArray": xr.DataArray,
    "masked, nothing masked": lambda y: np.ma.array(y, mask=np.zeros(y.size, bool)),
    "masked, no mask": np.ma.array,
    "strided": lambda y: np.stack([y, y], axis=1)[:, 0],
    "read-only": lambda y: np.frombuffer(y.tobytes()),
    "long double": lambda y: y.astype(np.longdouble),
    "big-endian": lambda y: y.astype(">f8"),
}
FUNCTIONS = {
    "cwt": lambda y, z: pycwt_mod.cwt(y, 1.0),
    "icwt": lambda y, z: (pycwt_mod.icwt(pycwt_mod.cwt(y, 1.0, 0.5, 1.0, N - 1)[0], z, 1.0),),
    "significance": lambda y, z: pycwt_mod.significance(y, 1.0, z),
    "xwt": lambda y, z: pycwt_mod.xwt(y, z, 1.0),
    "wct": lambda y, z: wct(y, z, 1.0, 0.5, sig=False),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_kinds_of_series_give_the_same_result(function):
    y, z = _series(0), np.abs(_series(1)) + 0.5
    expected = FUNCTIONS[function](y, z)
    for kind in KINDS.values():
        for here, there in zip(FUNCTIONS[function](kind(y), kind(z)), expected, strict=True):
            assert type(here) is type(there)
            np.testing.assert_array_equal(here, there)


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_series_are_the_same_array(kind):
    series = as_series(KINDS[kind](_series()), "y")
    assert (series.dtype, series.flags.c_contiguous) == (np.float64, True)
    np.testing.assert_array_equal(series, _series())


def test_kinds_of_series_give_the_same_levels():
    pair = _series(0), _series(1)
    levels = wct(*pair, 1.0, 0.5, **QUICK, rng_seed=1)[4]
    for kind in ("list", "pandas", "pandas nullable"):
        result = wct(*map(KINDS[kind], pair), 1.0, 0.5, **QUICK, rng_seed=1)
        np.testing.assert_array_equal(result[4], levels)


def test_kinds_of_numbers_give_the_same_result():
    levels = _simulate(dt=1.0, s0=2.0, rng_seed=1)
    W = pycwt_mod.cwt(_series(), 1.0, 0.5, 2.0, 4)[0]
    for number in (np.float32, np.int64, np.array, int):
        np.testing.assert_array_equal(_simulate(dt=number(1), s0=number(2), rng_seed=1), levels)
        same = pycwt_mod.cwt(_series(), number(1), 0.5, number(2), number(4))[0]
        np.testing.assert_array_equal(same, W)


@pytest.mark.parametrize("sentinel", [-1, -1.0, np.int64(-1), np.float64(-1)], ids=repr)
def test_kinds_of_the_sentinel_give_the_default(sentinel):
    expected = pycwt_mod.cwt(_series(), 0.5)
    result = pycwt_mod.cwt(_series(), 0.5, s0=sentinel, J=sentinel)
    for here, there in zip(result, expected, strict=True):
        np.testing.assert_array_equal(here, there)


@pytest.mark.parametrize("call", ["cwt", "xwt", "significance"])
def test_series_out_of_order_is_a_warning_with_the_remedy(call):
    series = pd.Series(_series(), pd.date_range("2001-01-01", periods=N))
    shuffled = series.iloc[np.random.default_rng(0).permutation(N)]
    calls = {
        "cwt": lambda y: pycwt_mod.cwt(y, 1.0),
        "xwt": lambda y: pycwt_mod.xwt(y, y, 1.0),
        "significance": lambda y: pycwt_mod.significance(y, 1.0, [2.0, 4.0]),
    }
    with pytest.warns(UserWarning, match=r"order of time.*sort_index\(\)"):
        calls[call](shuffled)
    calls[call](series)


@pytest.mark.parametrize("function", [pycwt_mod.wct, pycwt_mod.xwt])
def test_table_and_step_in_place_of_two_series_are_told_with_the_call(function):
    table = pd.DataFrame(np.ones((50, 2)), columns=["a", "b"])
    call = rf"{function.__name__}\(df\[\"a\"\], df\[\"b\"\]\)"
    with pytest.raises(TypeError, match=rf"`y2` must be a series, got 1\.0 .*`{call}`"):
        function(table, 1.0)
    with pytest.raises(ValueError, match=r"`y2` must be .* are the arguments swapped\?"):
        function(table["a"], 1.0)


def test_tensor_that_needs_gradients_is_told_to_detach():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"`y1` must be .*Pass `y1.detach\(\).cpu\(\)`"):
        pycwt_mod.wct(torch.randn(60, requires_grad=True), np.arange(60.0), 1.0)


def test_none_in_place_of_a_series_is_no_number():
    with pytest.raises(TypeError, match="`y1` must be a series of numbers, got None"):
        wct(None, np.arange(9.0), 1.0)


def test_precision_that_is_not_reached_names_the_option_that_set_the_number():
    options = {"tol": 1e-9, "dj": 1 / 2, "progress": False, "cache": False}
    x, y = np.random.default_rng(0).normal(size=(2, 100))
    for count, most, name in ((60, 10, "mc_count"), (20, 30, "mc_count_max")):
        with pytest.warns(UserWarning, match=f"as many as `{name}` allows"):
            wct(x, y, 1.0, mc_count=count, mc_count_max=most, **options)
