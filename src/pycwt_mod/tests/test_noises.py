"""The null hypothesis of your choice: `noise` and `fixed` of `wct`, and all that uses them."""

import pickle
import re
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

import pycwt_mod
from pycwt_mod import (
    ARMA,
    load,
    mwct,
    pwct,
    rednoise,
    wct,
    wct_matrix,
    wct_null,
    wct_null_field,
    wct_significance,
)
from pycwt_mod.analytic.field import TimedField
from pycwt_mod.montecarlo.noise import Streams
from pycwt_mod.montecarlo.null_model import NullModel
from pycwt_mod.montecarlo.surrogates import ArmaNoise, Surrogates

N = 120
rng = np.random.default_rng(7)
RIVER = np.cos(2 * np.pi * np.arange(N) / 12) + rednoise(N, 0.5, rng=rng)
RAIN = np.exp(rednoise(N, 0.3, rng=rng))
GRID = {"dt": 1.0, "dj": 1 / 4, "s0": 2.0, "J": 14}
RUN = {"mc_count": 40, "rng_seed": 1, "progress": False}

# Two standard errors of a level from two runs of a few hundred surrogates.
CLOSE = 0.05


def compared(**options):
    return wct(RIVER, RAIN, **{**GRID, **RUN, **options})


def blocks_of_noise(rng, n):
    return np.repeat(rng.normal(size=n // 4 + 1), 4)[:n] + 0.1 * rng.normal(size=n)


def told(value):
    """Name a case: the same in every process, where a function's own words hold its address."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))


NOISES = ["white", "phase", "iaaft", "arma(2,1)", blocks_of_noise, ["phase", "ar1"], ARMA([0.5])]


@pytest.mark.parametrize("noise", NOISES, ids=told)
def test_all_that_a_result_tells_of_chance_rests_on_the_noise(noise):
    result, red = compared(noise=noise), compared()
    assert not np.array_equal(result.sig, red.sig, equal_nan=True)
    assert not np.array_equal(result.null_field.quantile(), red.null_field.quantile())
    np.testing.assert_array_equal(result.pvalues(), result.null_field.pvalue(result.WCT))
    np.testing.assert_array_equal(result.pvalues("scale"), result.null.pvalue(result.WCT))
    made = result.provenance["simulation"]["noise"]
    assert made == (noise if isinstance(noise, str) else made)
    assert made in str(result.null.essentials()) or noise == "white"


@pytest.mark.parametrize("noise", NOISES, ids=told)
def test_levels_are_the_same_on_every_backend_and_extendable(noise, tmp_path, monkeypatch):
    monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", str(tmp_path))
    here = compared(noise=noise, backend="sequential")
    monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", str(tmp_path / "other"))
    compared(noise=noise, mc_count=13)
    there = compared(noise=noise, backend="joblib", n_workers=2)
    assert here.null == there.null or callable(noise)
    np.testing.assert_array_equal(here.null.counts, there.null.counts)
    kept = len(list(tmp_path.glob("null-*")))
    assert kept == (0 if callable(noise) else 1)


@pytest.mark.parametrize("noise", ["phase", "iaaft", "arma(1,0)"])
def test_coarse_and_full_surrogates_have_the_same_levels(noise):
    coarse, full = (compared(noise=noise, method=method).sig for method in ("multirate", "full"))
    np.testing.assert_allclose(coarse, full, atol=0.02)


@pytest.mark.heavy
@pytest.mark.parametrize("method", ["multirate", "full"])
def test_arma_of_one_coefficient_has_the_levels_of_red_noise(method):
    options = {"al1": None, "mc_count": 400, "method": method, "surrogate_length": "record"}
    red = wct(RIVER, RAIN, **GRID, **{**RUN, **options})
    g1, g2 = red.provenance["coefficients"]
    arma = compared(noise=[ARMA([g1]), ARMA([g2])], mc_count=400, method=method)
    assert np.nanmax(np.abs(arma.sig - red.sig)[:-4]) < CLOSE
    assert np.abs(arma.null_field.quantile() - red.null_field.quantile()).mean() < 0.02


def test_white_noise_is_red_noise_without_memory():
    white = compared(noise="white")
    red = compared(al1=0.0, al2=0.0)
    np.testing.assert_array_equal(white.sig, red.sig)
    np.testing.assert_array_equal(white.pvalues(), red.pvalues())
    assert white.provenance["simulation"]["noise"] == "white"
    assert white.provenance["coefficients"] == [0.0, 0.0]
    level = wct_significance(0.9, 0.5, **GRID, **RUN, noise="white")
    np.testing.assert_array_equal(level, wct_significance(0, 0, **GRID, **RUN))
    closed = wct_significance(0.9, 0.5, **GRID, **RUN, noise="white", method="analytic")
    np.testing.assert_array_equal(closed, wct_significance(0, 0, **GRID, method="analytic"))


def test_cache_knows_the_series(tmp_path, monkeypatch):
    monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", str(tmp_path))
    first = compared(noise="phase")
    other = wct(RIVER[::-1] ** 3, RAIN, **GRID, **RUN, noise="phase")
    assert not np.array_equal(first.sig, other.sig, equal_nan=True)
    np.testing.assert_array_equal(compared(noise="phase", cache=False).sig, first.sig)


def test_own_noise_of_ar1_records_has_the_levels_of_red_noise():
    g1, g2 = 0.5, 0.3
    functions = [lambda rng, n, g=g: rednoise(n, g, rng=rng) for g in (g1, g2)]
    own = compared(noise=functions, mc_count=300)
    red = compared(al1=g1, al2=g2, mc_count=300, surrogate_length="record")
    assert np.nanmax(np.abs(own.sig - red.sig)[:-4]) < CLOSE
    assert isinstance(own.null_field, TimedField)
    assert np.abs(own.null_field.quantile() - red.null_field.quantile()).mean() < CLOSE


@pytest.mark.heavy
def test_fixed_series_by_simulation_agrees_with_the_closed_form():
    result = compared(fixed="y1", mc_count=600)
    closed, counted = result.pvalues(), result.null_field.pvalue(result.WCT)
    np.testing.assert_array_equal(closed, compared().pvalues(given="y1"))
    assert np.abs(closed - counted).mean() < 0.02
    assert ((closed < 0.05) != (counted < 0.05)).mean() < 0.03
    np.testing.assert_array_equal(result.significant(), closed < 0.05)
    assert result.provenance["coefficients"][0] is None


def test_null_that_changes_in_time_is_known_at_each_time():
    # Series 1 is a burst; surrogates of series 2 that have it, too, are coherent there only.
    burst = np.exp(-0.5 * ((np.arange(N) - 40) / 6) ** 2) * np.cos(2 * np.pi * np.arange(N) / 8)

    def with_burst(rng, n):
        return 3 * burst + 0.3 * rng.normal(size=n)

    other = np.random.default_rng(1)
    result = wct(
        burst + 0.1 * other.normal(size=N),
        other.normal(size=N),
        **GRID,
        **{**RUN, "mc_count": 100},
        fixed="y1",
        noise=with_burst,
    )
    level = result.null_field.quantile(0.5)
    scale = np.argmin(np.abs(result.periods - 8))
    assert level[scale, 40] > 0.9 > level[scale, 100] + 0.2
    error = result.null_field.standard_error(0.5)
    assert 0 < error[scale, 100] < 0.2


def test_fixed_takes_the_names_of_the_series():
    pandas = pytest.importorskip("pandas")
    rain, river = pandas.Series(RAIN, name="rain"), pandas.Series(RIVER, name="river")
    named = wct(rain, river, **GRID, **RUN, fixed=["river"])
    np.testing.assert_array_equal(named.sig, wct(RAIN, RIVER, **GRID, **RUN, fixed="y2").sig)
    assert named.provenance["simulation"]["noise"] == "ar1, fixed"


@pytest.mark.parametrize(
    "options", [{"noise": "phase"}, {"fixed": "y1", "noise": "arma(1,1)"}], ids=str
)
def test_noise_survives_a_file_and_a_pickle(options, tmp_path):
    result = compared(**options)
    result.save(tmp_path / "result.npz")
    for again in (load(tmp_path / "result.npz"), pickle.loads(pickle.dumps(result))):
        np.testing.assert_array_equal(again.pvalues(), result.pvalues())
        np.testing.assert_array_equal(again.null_field.quantile(), result.null_field.quantile())
    # With the field simulated before it was saved.
    result.save(tmp_path / "result.npz")
    assert type(load(tmp_path / "result.npz").null_field) is type(result.null_field)


def test_own_noise_is_not_in_a_file_but_what_it_gave_is(tmp_path):
    result = compared(noise=blocks_of_noise)
    result.save(tmp_path / "bare.npz")
    bare = load(tmp_path / "bare.npz")
    with pytest.raises(ValueError, match="the function 'blocks_of_noise', which a file cannot"):
        bare.pvalues()
    np.testing.assert_array_equal(bare.pvalues("scale"), result.pvalues("scale"))
    p = result.pvalues()
    result.save(tmp_path / "whole.npz")
    np.testing.assert_array_equal(load(tmp_path / "whole.npz").pvalues(), p)


def test_series_that_allow_no_ar1_model_can_be_fixed_or_shuffled():
    trend = np.arange(float(N))
    with pytest.raises(pycwt_mod.AR1EstimationError, match=r"noise='phase', or .* fixed='y1'"):
        wct(trend, RAIN, **GRID, **RUN)
    with pytest.raises(pycwt_mod.AR1EstimationError, match=r"such as noise='phase'\.$"):
        wct(trend, RAIN, **GRID, **RUN, fixed="y2")  # all cannot be fixed
    with pytest.raises(pycwt_mod.AR1EstimationError, match=r"`al` of pwct and mwct\)\.$"):
        pycwt_mod.xwt(trend, RAIN, 1.0)
    with pytest.warns(UserWarning, match="2 of 3 pairs failed"):
        matrix = wct_matrix([trend, RAIN, RIVER], 1.0, names=["trend", "rain", "river"], **RUN)
    assert "fixed='trend'" in matrix.failures["trend", "rain"]
    assert wct(trend, RAIN, **GRID, **RUN, fixed="y1").pvalues().shape == (15, N)
    assert np.isfinite(wct(trend, RAIN, **GRID, **RUN, noise="iaaft").sig[:8]).all()


def test_mean_of_surrogates_is_subtracted_as_that_of_the_data():
    options = {"noise": lambda rng, n: 1e6 + rng.normal(size=n), "mc_count": 60}
    lifted = compared(**options).sig
    level = compared(noise=lambda rng, n: rng.normal(size=n), mc_count=60).sig
    np.testing.assert_allclose(lifted, level, atol=1e-6)
    as_it_is = compared(**options, normalize=False).sig
    assert np.nanmax(np.abs(as_it_is - level)) > 0.1


@pytest.mark.parametrize("wavelet", ["paul", "dog"])
def test_noise_serves_every_wavelet(wavelet):
    result = compared(noise="phase", wavelet=wavelet)
    assert np.isfinite(result.pvalues()).all()
    full = compared(noise="phase", wavelet=wavelet, method="full").sig
    np.testing.assert_allclose(result.sig, full, atol=0.03)


def test_noise_serves_frequencies_of_any_spacing():
    options = {"freqs": [0.25, 0.2, 0.1, 0.05], "noise": "iaaft", **RUN}
    result = wct(RIVER, RAIN, 1.0, **options)
    assert result.pvalues().shape == (4, N)
    upwards = wct(RIVER, RAIN, 1.0, **{**options, "freqs": [0.05, 0.1, 0.2, 0.25]})
    np.testing.assert_array_equal(upwards.pvalues(), result.pvalues()[::-1])


BAD = {
    "phse": "Did you mean 'phase'",
    "IAAFT": "Did you mean 'iaaft'",
    "arma(2)": "both orders",
    "ar(2)": "both orders",
    "arma(2,-1)": "both orders",
    "arma(60,60)": "at most one coefficient for 10 samples, got 'arma\\(60,60\\)' for 120",
}


@pytest.mark.parametrize("noise", BAD)
def test_noise_that_is_no_choice_is_refused(noise):
    with pytest.raises(ValueError, match=BAD[noise]):
        compared(noise=noise)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"noise": 5}, TypeError, "`noise` must be one of 'ar1', .*function.*got 5"),
        ({"noise": ["ar1"]}, ValueError, "one choice for each of the 2 series, got 1"),
        ({"noise": []}, TypeError, "one choice for each series"),
        ({"noise": ["legacy", "ar1"]}, ValueError, "'legacy' for all series or for none"),
        ({"noise": "phase", "al1": 0.5}, ValueError, "`al1` must be left out where no AR"),
        ({"fixed": "y2", "al2": 0.5}, ValueError, "`al2` must be left out for `y2`, which `fixed`"),
        ({"noise": "phase", "n_samples": 99}, ValueError, "`n_samples` must be left out"),
        ({"noise": "phase", "method": "analytic"}, ValueError, "`noise` must be 'ar1' or 'white'"),
        ({"fixed": "y1", "method": "analytic"}, ValueError, "and no series fixed"),
        ({"fixed": "y3"}, ValueError, "`fixed` must name series .* got 'y3'"),
        ({"fixed": ["y1", "y2"]}, ValueError, "leave at least one series"),
        ({"fixed": 1}, TypeError, "`fixed` must be the name of a series"),
        ({"fixed": "y1", "noise": "legacy", "rng_seed": None}, ValueError, "`fixed` must be left"),
        ({"noise": lambda rng, n: [0.0]}, ValueError, "must return 120 finite real numbers"),
    ],
    ids=told,
)  # fmt: skip
def test_bad_noise_and_bad_names_are_named(options, error, words):
    with pytest.raises(error, match=words):
        compared(**options)


def test_legacy_is_listed_where_it_can_be_used():
    with pytest.raises(ValueError, match="'legacy', got 'pink'"):
        compared(noise="pink")
    elsewhere = (
        lambda: compared(noise=["pink", "ar1"]),
        lambda: wct_matrix([RIVER, RAIN], 1.0, noise="pink"),
        lambda: pwct(RIVER, RAIN, [blocks_of_noise(rng, N)], 1.0, noise="pink"),
        lambda: wct_null_field(0.5, 0.3, **GRID, n=N, noise="pink"),
    )
    for call in elsewhere:
        with pytest.raises(ValueError, match=r"'arma\(p,q\)', got 'pink'"):
            call()


@pytest.mark.parametrize("noise", ["phase", "iaaft", "arma(1,1)"])
def test_noise_that_is_made_from_series_needs_them(noise):
    for function in (wct_significance, wct_null):
        with pytest.raises(ValueError, match="Call `wct`"):
            function(0.5, 0.3, **GRID, **RUN, noise=noise)
    with pytest.raises(ValueError, match="Call `wct`"):
        wct_null_field(0.5, 0.3, **GRID, n=N, progress=False, noise=noise)
    with pytest.raises(ValueError, match="`fixed` must be left out here"):
        wct_null(0.5, 0.3, **GRID, **RUN, fixed="y1")


def test_given_and_fixed_are_the_same_test_or_say_why_not():
    with pytest.raises(ValueError, match="Call `wct` with fixed='y1' and the same `noise`"):
        compared(noise="phase").pvalues(given="y1")


def narrow_rhythms():
    """Return unrelated series with a rhythm that keeps its phase for some periods."""
    rhythm = ArmaNoise(ARMA([1.6, -0.97]))
    return Surrogates((rhythm,) * 4).draw(Streams(3), range(1), 300)[:, 0]


def compared_all(data, **options):
    quick = {"dj": 1 / 4, "bands": [(8, 16)], "mc_count": 60, "rng_seed": 1, "progress": False}
    return wct_matrix(data, 1.0, **quick, **options)


@pytest.mark.heavy
@pytest.mark.parametrize("noise", ["phase", "iaaft", "arma(4,0)", ARMA([1.6, -0.97])], ids=str)
def test_narrow_rhythms_of_many_series_are_not_found_related(noise):
    data = narrow_rhythms()
    with pytest.warns(UserWarning, match="doubtful"):
        assert (compared_all(data).pvalue < 0.01).all()
    result = compared_all(data, noise=noise)
    assert (result.pvalue > 0.01).mean() > 0.6
    assert not result.doubtful.any()
    assert len(set(result.nodes)) == (1 if isinstance(noise, ARMA) else 6)


@pytest.mark.heavy
def test_pair_of_many_has_the_levels_of_the_pair_alone(tmp_path):
    data = narrow_rhythms()[:3]
    result = compared_all(data, noise="phase", out=tmp_path / "out")
    alone = wct(*data[[0, 2]], 1.0, dj=1 / 4, noise="phase", **{**RUN, "mc_count": 60})
    field = result.fields(0, 2)
    np.testing.assert_array_equal(field.sig, alone.sig)
    np.testing.assert_array_equal(field.null.counts, alone.null.counts)
    assert field.pvalues().shape == field.WCT.shape
    again = compared_all(data, noise="phase", out=tmp_path / "out")
    np.testing.assert_array_equal(again.pvalue, result.pvalue)
    with pytest.raises(ValueError, match="`out`"):
        compared_all(data, noise="iaaft", out=tmp_path / "out")
    cone = compared_all(data, noise="phase", inside_cone=True)
    assert np.isfinite(cone.share).all()


def red(rng, n, g=0.5):
    return rednoise(n, max(g for _ in "g"), rng=rng)


IDENTITIES = """
from functools import partial
from pycwt_mod.montecarlo.null_model import NullModel
from pycwt_mod.tests.test_noises import red
print(NullModel((red, partial(red, g=0.2))).identities())
"""


def test_functions_are_told_from_others_alike_in_every_process():
    def made(g):
        return lambda rng, n: red(rng, n, g) if n in {100, 200} else None

    functions = [red, partial(red, g=0.2), partial(red, g=0.3), made(0.2), made(0.3), made(RAIN)]
    found = NullModel(tuple(functions)).identities()
    assert len(set(found)) == len(found)
    assert NullModel((made(0.2), made(RAIN.copy()))).identities() == [found[3], found[5]]
    run = subprocess.run(
        [sys.executable, "-c", IDENTITIES], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == str(found[:2])


def test_each_of_many_series_may_have_a_noise_of_its_own():
    data = np.random.default_rng(0).normal(size=(3, 200))
    result = compared_all(data, noise=["phase", "white", "white"], names=["a", "b", "c"])
    np.testing.assert_array_equal(np.isnan(result.coefficients), [True, False, False])
    white = compared_all(data, noise="white")
    np.testing.assert_array_equal(result.pvalue[2], white.pvalue[2])
    kept = compared_all(data, fixed="0", pairs=[(0, 1), (0, 2)])
    assert np.isfinite(kept.pvalue).all()
    with pytest.raises(ValueError, match=r"`fixed` must leave one series of each pair.*'0', '1'"):
        compared_all(data, fixed=["0", "1"])
    with pytest.raises(ValueError, match="`noise` must have one choice for each of the 3 series"):
        compared_all(data, noise=["phase", "ar1"])
    with pytest.raises(ValueError, match="`n_samples` must be left out"):
        compared_all(data, noise="phase", n_samples=99)


def test_mean_over_time_has_the_null_of_the_result():
    x, y = narrow_rhythms()[:2]
    grid = {"dj": 1 / 4, **RUN}
    red, shuffled = (wct(x, y, 1.0, **grid, noise=noise) for noise in ("ar1", "phase"))
    p = [each.mean_over_time(mc_count=100, rng_seed=1, progress=False) for each in (red, shuffled)]
    at = np.argmin(np.abs(red.periods - 10))
    assert p[0].pvalue[at] < 0.02 < p[1].pvalue[at]
    with pytest.raises(ValueError, match="`al1` must be left out with noise='phase'"):
        shuffled.mean_over_time(al1=0.5, mc_count=20, progress=False)


@pytest.mark.parametrize("function", [pwct, mwct])
def test_groups_take_each_noise(function):
    y, x, z = np.random.default_rng(2).normal(size=(3, N))
    group = (y, x, z) if function is pwct else (y, [x, z])
    run = {**GRID, **RUN}
    for options in ({"noise": "phase"}, {"noise": ["ar1", "iaaft", "white"], "fixed": "y"}):
        result = function(*group, **run, **options)
        assert np.isfinite(result.pvalues()).all()
        np.testing.assert_array_equal(result.sig, function(*group, **run, **options).sig)
    assert isinstance(result.null_field, TimedField)
    assert result.provenance["simulation"]["noise"] == "fixed, iaaft, white"
    with pytest.raises(ValueError, match=r"Call `.wct` with `fixed`"):
        result.pvalues(given="y")


def test_partial_coherence_of_red_noise_by_own_function_has_the_levels_of_ar1():
    y, x, z = (rednoise(N, 0.5, rng=np.random.default_rng(k)) for k in range(3))
    run = {**GRID, **RUN, "mc_count": 200}
    al = [0.5, 0.5, 0.5]
    red = pwct(y, x, z, **run, al=al, surrogate_length="record").sig
    own = pwct(y, x, z, **run, noise=lambda rng, n: rednoise(n, 0.5, rng=rng)).sig
    assert np.nanmax(np.abs(own - red)[:-4]) < CLOSE
