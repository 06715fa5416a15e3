"""`wct_matrix` against `wct`: the same numbers, for all pairs, on every backend."""

import gc
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import pycwt_mod
from pycwt_mod import Morlet, ar1, wct, wct_matrix, wct_significance
from pycwt_mod.backends import DaskBackend, GPUBackend
from pycwt_mod.matrix.nulls import node_of
from pycwt_mod.tests.matrix.series import QUICK, Spy, red_series, related_series

NUMBERS = ("coherence", "share", "phase", "resultant", "pvalue", "pvalue_fdr", "n_points")

# The same FFTs in another order.
ROUNDING = 1e-10


class OwnMorlet(Morlet):
    def smooth(self, W, dt, dj, scales, smoothing="pycwt"):
        return super().smooth(W, dt, dj, scales, smoothing)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("mother", ["morlet", "paul", "dog", OwnMorlet()], ids=str)
def test_each_pair_is_that_of_wct(mother, normalize):
    data = related_series()
    options = {"wavelet": mother, "normalize": normalize, "dj": 1 / 4}
    result = wct_matrix(data, 0.5, sig=False, fields="memory", progress=False, **options)
    assert len(result) == 6
    for first, second in result.pairs:
        mine, plain = (
            result.fields(first, second),
            wct(data[first], data[second], 0.5, sig=False, **options),
        )
        for ours, theirs in zip(mine, plain, strict=True):
            assert ours.shape == theirs.shape
        np.testing.assert_allclose(mine[0], plain[0], rtol=ROUNDING)
        np.testing.assert_allclose(np.exp(1j * mine[1]), np.exp(1j * plain[1]), atol=1e-8)
        np.testing.assert_array_equal(mine[2], plain[2])
        np.testing.assert_array_equal(mine[3], plain[3])


def test_smoothing_and_scales_are_handed_on():
    data = related_series()
    options = {"dj": 1 / 12, "s0": 3.0, "J": 20, "smoothing": "grinsted"}
    result = wct_matrix(data, 1.0, sig=False, fields="memory", progress=False, **options)
    plain = wct(data[0], data[1], 1.0, sig=False, **options)
    np.testing.assert_allclose(result.fields(0, 1)[0], plain[0], rtol=ROUNDING)


def test_ar1_and_fft_kwargs_of_a_user_take_effect(monkeypatch):
    data = related_series()[:, :150]
    plain = wct_matrix(data, 1.0, fields="memory", **QUICK)
    monkeypatch.setattr(pycwt_mod.wavelet, "ar1", lambda x: (0.25, 1.0, 0.0))
    monkeypatch.setattr(pycwt_mod.wavelet, "fft_kwargs", lambda signal: {"n": signal.size + 10})
    own = wct_matrix(data, 1.0, fields="memory", **QUICK)
    assert (own.coefficients == 0.25).all()
    assert set(own.nodes) == {(0.25, 0.25)}
    expected = wct(data[0], data[1], 1.0, dj=1 / 4, sig=False)[0]
    np.testing.assert_allclose(own.fields(0, 1)[0], expected, rtol=ROUNDING)
    assert np.abs(own.fields(0, 1)[0] - plain.fields(0, 1)[0]).max() > 1e-3


def test_silent_stretches_are_nan_as_in_wct():
    data = related_series(400)
    data[:, 100:300] = 0.0
    result = wct_matrix(data, 1.0, sig=False, fields="memory", progress=False, normalize=False)
    mine = result.fields(0, 1)[0]
    plain = wct(data[0], data[1], 1.0, sig=False, normalize=False)[0]
    assert np.isnan(plain).any()
    # The edge of silence is where rounding errors are: a point or two may fall on either side.
    assert (np.isnan(mine) != np.isnan(plain)).mean() < 0.005
    outside = result.n_points[result.pairs.index((0, 1))]
    assert (
        outside
        < wct_matrix(data + 1e-3 * red_series(4, 400), 1.0, sig=False, progress=False).n_points[0]
    ).any()


def level_of(node, result, **options):
    """Return the levels of two coefficients at the scales of a result."""
    geometry = 1.0, 1 / 4, result.scales[0], result.scales.size - 1
    return wct_significance(*node, *geometry, mc_count=32, rng_seed=1, progress=False, **options)


def test_levels_are_those_of_wct_significance_at_the_grid():
    data = related_series()
    result = wct_matrix(data, 1.0, fields="memory", **QUICK)
    for pair, node in zip(result.pairs, result.nodes, strict=True):
        assert node == node_of(*(ar1(data[number])[0] for number in pair))
        np.testing.assert_array_equal(result.fields(*pair)[4], level_of(node, result))


@pytest.mark.parametrize(
    "options",
    [
        {"surrogate_length": "record"},
        {"n_samples": 500},
        {"method": "full"},
        {"tol": 0.03},
        {"significance_level": 0.9},
    ],
    ids=str,
)
def test_options_of_the_levels_are_those_of_wct(options):
    data = related_series(120)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of scales that a record leaves no room for
        result = wct_matrix(data[:2], 1.0, fields="memory", **QUICK, **options)
        own = {"n_samples": 120} if "surrogate_length" in options else options
        expected = level_of(result.nodes[0], result, **own)
    np.testing.assert_array_equal(result.fields(0, 1)[4], expected)


def test_numbers_are_those_of_the_fields():
    data = related_series()
    result = wct_matrix(data, 1.0, fields="memory", **QUICK)
    outside = result.periods[:, np.newaxis] <= result.coi
    for number, pair in enumerate(result.pairs):
        R2, phase, _, _, level = result.fields(*pair)
        for band, (low, high) in enumerate(result.bands):
            inside = (result.periods >= low * 0.999) & (result.periods < high * 0.999)
            chosen = outside & inside[:, np.newaxis]
            mean = np.exp(1j * phase[chosen]).mean()
            expected = {
                "n_points": chosen.sum(),
                "coherence": R2[chosen].mean(),
                "share": (level[:, np.newaxis] < R2)[chosen].mean(),
                "resultant": abs(mean),
            }
            for name, value in expected.items():
                assert getattr(result, name)[number, band] == pytest.approx(value, rel=1e-9), name
            difference = np.exp(1j * (result.phase[number, band] - np.angle(mean)))
            assert difference == pytest.approx(1, abs=1e-9)


def test_a_known_lag_is_found():
    t = np.arange(400)
    wave = np.sin(2 * np.pi * t / 16)
    rng = np.random.default_rng(0)
    late = np.roll(wave, 4)  # a quarter of the period
    data = np.stack([wave, late]) + 0.2 * rng.standard_normal((2, 400))
    # Two sine waves keep their phase, related or not.
    with pytest.warns(UserWarning, match="narrower rhythms"):
        result = wct_matrix(data, 1.0, bands=[(12, 22)], **QUICK)
    assert result.phase[0, 0] == pytest.approx(np.pi / 2, abs=0.1)
    assert result.resultant[0, 0] > 0.9
    assert result.coherence[0, 0] > 0.9
    assert result.pvalue_fdr[0, 0] < 0.01


def test_order_of_a_pair_turns_the_phase_and_nothing_else():
    data = related_series()
    result = wct_matrix(data, 1.0, pairs=[(0, 1), (1, 0), (3, 0), (0, 3)], **QUICK)
    for name in ("coherence", "share", "resultant", "pvalue"):
        values = getattr(result, name)
        np.testing.assert_allclose(values[::2], values[1::2], rtol=1e-9)
    np.testing.assert_allclose(result.phase[0], -result.phase[1], atol=1e-9)
    assert result.nodes[0] == result.nodes[1]


def test_a_pair_does_not_depend_on_the_others():
    data = related_series()
    alone = wct_matrix(data[[0, 3]], 1.0, **QUICK)
    among = wct_matrix(data, 1.0, **QUICK)
    place = among.pairs.index((0, 3))
    for name in NUMBERS:
        if name != "pvalue_fdr":
            np.testing.assert_array_equal(getattr(among, name)[place], getattr(alone, name)[0])


@pytest.fixture(scope="module")
def reference():
    return wct_matrix(
        related_series(), 1.0, backend="sequential", cache=False, fields="memory", **QUICK
    )


def check_same(result, reference):
    for name in NUMBERS:
        np.testing.assert_array_equal(getattr(result, name), getattr(reference, name), name)
    for pair in reference.pairs:
        for ours, theirs in zip(result.fields(*pair), reference.fields(*pair), strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "backend", ["joblib", "auto", "threads", pytest.param("dask", marks=pytest.mark.heavy)]
)
def test_numbers_are_the_same_on_every_backend(backend, reference, monkeypatch):
    monkeypatch.setattr("pycwt_mod.backends.joblib.available_cores", lambda: 3)
    options = {"cache": False, "fields": "memory", **QUICK}
    if backend == "threads":
        with ThreadPoolExecutor(2) as pool:
            result = wct_matrix(related_series(), 1.0, backend=pool, **options)
    elif backend == "dask":
        distributed = pytest.importorskip("distributed")
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, dashboard_address=":0"
            ) as cluster,
            distributed.Client(cluster, set_as_default=False) as client,
        ):
            result = wct_matrix(related_series(), 1.0, backend=DaskBackend(client), **options)
    else:
        n_workers = 3 if backend == "joblib" else None
        result = wct_matrix(related_series(), 1.0, backend=backend, n_workers=n_workers, **options)
    check_same(result, reference)


def test_gpu_gives_the_same_but_for_rounding(reference):
    pytest.importorskip("torch")
    backend = GPUBackend("torch", device="cpu")
    result = wct_matrix(related_series(), 1.0, backend=backend, cache=False, **QUICK)
    np.testing.assert_array_equal(result.coherence, reference.coherence)
    np.testing.assert_allclose(result.share, reference.share, atol=0.02)


def test_each_series_is_transformed_once_on_one_backend_that_stays_open():
    spy = Spy()
    data = np.concatenate([related_series(), red_series(4, 200, seed=3)])
    result = wct_matrix(data, 1.0, backend=spy, **QUICK)
    tasks = dict(spy.calls)
    assert len(spy.calls) == len(tasks) == 4  # levels, band means, transforms, pairs
    assert len(tasks["TransformSeries"]) == 8
    assert len(tasks["ComparePair"]) == len(result) == 28
    surrogates = sum(stop - start for _, (start, stop) in tasks["_CountEach"])
    assert surrogates == 32 * len(set(result.nodes)) < 32 * 28
    assert spy.n_closed == 0


def test_levels_are_found_in_the_cache_again():
    data = related_series()
    first, second = Spy(), Spy()
    one = wct_matrix(data, 1.0, backend=first, **QUICK)
    two = wct_matrix(data, 1.0, backend=second, **QUICK)
    assert dict(second.calls)["_CountEach"] == []
    np.testing.assert_array_equal(one.share, two.share)
    third = Spy()
    wct_matrix(data, 1.0, backend=third, **{**QUICK, "mc_count": 48})  # is extended
    counted = [task for name, tasks in third.calls if name == "CountSurrogates" for task in tasks]
    assert counted
    assert min(start for start, _ in counted) == 32


def test_a_bad_series_fails_by_name_and_does_not_stop_the_others():
    data = related_series()
    good = wct_matrix(data[:2], 1.0, **QUICK)
    data[2, 5] = np.nan
    data[3] = 1.0
    with pytest.warns(UserWarning, match="5 of 6 pairs failed") as caught:
        result = wct_matrix(data, 1.0, names=["a", "b", "gap", "flat"], fields="memory", **QUICK)
    assert "`gap`" in str(caught[0].message)
    assert "`flat`" in str(caught[0].message)
    assert set(result.failures) == {
        ("a", "gap"),
        ("a", "flat"),
        ("b", "gap"),
        ("b", "flat"),
        ("gap", "flat"),
    }
    assert "index 5" in result.failures["a", "gap"]
    np.testing.assert_array_equal(result.coherence[0], good.coherence[0])
    assert np.isnan(result.coherence[1:]).all()
    assert np.isnan(result.pvalue_fdr[1:]).all()
    assert (result.n_points[1:] == 0).all()
    with pytest.raises(KeyError, match="gap"):
        result.fields("a", "gap")


def test_a_trend_without_ar1_model_fails_by_name():
    data = related_series()
    data[1] = np.arange(200.0)
    with pytest.warns(UserWarning, match="`line`"):
        result = wct_matrix(data, 1.0, names=["a", "line", "c", "d"], **QUICK)
    assert set(result.failures) == {("a", "line"), ("line", "c"), ("line", "d")}
    assert np.isfinite(result.coherence[1]).all()


def test_an_error_in_one_comparison_is_a_failure_of_that_pair_alone():
    class Fussy(OwnMorlet):
        n_calls = 0

        def smooth(self, W, dt, dj, scales, smoothing="pycwt"):
            if np.iscomplexobj(W):
                type(self).n_calls += 1
                if type(self).n_calls == 2:
                    raise ZeroDivisionError("no smoothing today")
            return super().smooth(W, dt, dj, scales, smoothing)

    options = {"sig": False, "progress": False, "wavelet": Fussy(), "backend": "sequential"}
    with pytest.warns(UserWarning, match="no smoothing today"):
        result = wct_matrix(related_series(), 1.0, **options)
    assert list(result.failures) == [("0", "2")]
    assert np.isfinite(result.coherence[[0, 2, 3, 4, 5], 0]).all()


def test_without_significance_there_are_no_p_values():
    spy = Spy()
    result = wct_matrix(related_series(), 1.0, sig=False, backend=spy, progress=False)
    assert [name for name, _ in spy.calls] == ["TransformSeries", "ComparePair"]
    for name in ("share", "pvalue", "pvalue_fdr"):
        assert np.isnan(getattr(result, name)).all()
    assert np.isfinite(result.coherence).all()


def test_progress_counts_to_the_end():
    seen = []
    options = {**QUICK, "progress": lambda done, total: seen.append((done, total))}
    wct_matrix(related_series(), 1.0, **options)
    done, totals = zip(*seen, strict=True)
    assert list(done) == sorted(done)
    assert len(set(totals)) == 1
    assert done[-1] == totals[0]


@pytest.mark.heavy
def test_memory_does_not_grow_with_the_number_of_pairs():
    data = red_series(8, 120)
    pairs = [(i, j) for i in range(8) for j in range(i)]

    def peak(n_pairs):
        chosen = pairs[-7:] + pairs[: n_pairs - 7]  # all series either way
        gc.collect()  # of the tests before
        tracemalloc.start()
        wct_matrix(data, 1.0, pairs=chosen, sig=False, progress=False, backend="sequential")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak(7)  # imports
    # Sums over time remain of a pair: 40 bytes a scale. The fields would take 50 times as much.
    assert peak(28) - peak(7) < 21 * 40 * 80 * 4


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"dt": 0}, ValueError, "dt"),
        ({"mc_count": 0}, ValueError, "mc_count"),
        ({"fields": "all"}, ValueError, "fields"),
        ({"sig": 1}, TypeError, "sig"),
        ({"wavelet": "haar"}, ValueError, "wavelet"),
        ({"backend": "nowhere"}, ValueError, "backend"),
        ({"surrogate_length": "long"}, ValueError, "surrogate_length"),
        ({"smoothing": "none"}, ValueError, "smoothing"),
        ({"method": "quick"}, ValueError, "method"),
        ({"noise": "legacy"}, ValueError, "noise"),
        ({"progress": "yes"}, TypeError, "progress"),
        ({"out": 5}, TypeError, "out"),
    ],
    ids=str,
)
def test_wrong_arguments_are_named(options, error, argument):
    with pytest.raises(error, match=f"`{argument}`"):
        wct_matrix(related_series(), **{"dt": 1.0, **options})


# Independent AR(1) pairs: p-values are uniform. 60 pairs; the quick test can only see gross faults.
def independent_pvalues(n_pairs, n_times, seed, **options):
    data = red_series(2 * n_pairs, n_times, 0.6, seed)
    pairs = [(2 * k, 2 * k + 1) for k in range(n_pairs)]
    bands = [(2, 4), (4, 16), (16, 32)]
    settings = {"dj": 1 / 4, "progress": False, "rng_seed": 3, **options}
    return wct_matrix(data, 1.0, pairs=pairs, bands=bands, **settings)


@pytest.mark.heavy
def test_pvalues_of_independent_series_are_uniform():
    result = independent_pvalues(60, 160, seed=11, mc_count=100)
    for p in result.pvalue.T:
        assert stats.kstest(p, "uniform").pvalue > 0.005
    assert (result.pvalue_fdr < 0.05).mean() < 0.05
    # The share of significant area is 5 % by construction.
    assert result.share.mean() == pytest.approx(0.05, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("n_times", [250, 800])
def test_pvalues_of_many_independent_series_are_uniform(n_times):
    # So many surrogates that their own noise, which all pairs share, does not count.
    runs = [independent_pvalues(100, n_times, seed, mc_count=4000) for seed in (12, 21, 22, 31)]
    for p in np.concatenate([run.pvalue for run in runs]).T:
        assert stats.kstest(p, "uniform").pvalue > 0.005
        # 400 pairs: 0.05 to within three standard errors of the count.
        assert abs((p <= 0.05).mean() - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 400)


def wide_frame(n_series, n_times):
    values = np.random.default_rng(0).standard_normal((n_series, n_times))
    return pd.DataFrame(values).T


@pytest.mark.parametrize(
    ("n_series", "n_times", "options"),
    [(500, 4, {}), (3, 4, {}), (500, 4, {"pairs": "all"}), (300, 40, {})],
)
def test_rows_and_columns_that_seem_swapped_are_refused_with_the_remedy(n_series, n_times, options):
    with pytest.raises(ValueError, match=rf"got {n_series} series of {n_times} times .*`data\.T`"):
        wct_matrix(wide_frame(n_series, n_times), 1.0, **options, **QUICK)


def test_more_series_than_times_are_taken_if_the_pairs_are_named():
    table, options = wide_frame(21, 20), {**QUICK, "sig": False}
    assert len(wct_matrix(table, 1.0, pairs="all", **options)) == 210
    with pytest.warns(UserWarning, match=r"data\.T"):
        assert len(wct_matrix(table, 1.0, pairs=[(0, 5)], **options)) == 1
