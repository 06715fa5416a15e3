"""The mean coherence over time: its surrogates by another way, its level, and its errors."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pycwt_mod import ar1, load, rednoise, wct
from pycwt_mod.montecarlo.noise import Streams, ar1_series

# The same means by another order of operations.
ROUNDING = 1e-9
# Share of false alarms of 300 pairs at about 6 octaves that are independent of each other, against
# levels from 1000 surrogates: three standard errors.
FALSE_ALARMS = pytest.approx(0.05, abs=0.02)

QUICK = {"dj": 1 / 4, "sig": False}
NULL = {"al1": 0.3, "al2": 0.6}
ALONE = {"backend": "sequential", "progress": False}


def pair(n=150, coefficients=(0.3, 0.6), seed=0):
    rng = np.random.default_rng(seed)
    return [rednoise(n, g, rng=rng) for g in coefficients]


def mean_outside(result):
    rows = zip(result.WCT, result.outside(), strict=True)
    return np.array([row[own].mean() if own.any() else np.nan for row, own in rows])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"wavelet": "paul"},
        {"smoothing": "grinsted"},
        {"freqs": np.geomspace(0.02, 0.9, 30)},
        {"freqs": np.arange(1, 20) / 20},
    ],
    ids=str,
)
@pytest.mark.parametrize("normalize", [True, False])
def test_surrogates_are_treated_like_the_record(options, normalize):
    result = wct(*pair(), 0.5, **QUICK, normalize=normalize, **options)
    means = result.mean_over_time(**NULL, mc_count=3, rng_seed=7, method="full", **ALONE)
    streams = Streams.of(np.random.SeedSequence(7))
    noise = ar1_series(streams, range(3), 150, (0.3, 0.6))
    for k in range(3):
        own = wct(*noise[:, k], 0.5, **QUICK, normalize=normalize, **options)
        np.testing.assert_allclose(means.surrogates[k], mean_outside(own), rtol=ROUNDING)
    np.testing.assert_allclose(means.coherence, mean_outside(result), rtol=ROUNDING)
    np.testing.assert_array_equal(means.periods, result.periods)


def test_means_run_over_all_times_where_asked():
    result = wct(*pair(), 0.5, **QUICK)
    options = {**NULL, "mc_count": 3, "rng_seed": 7, **ALONE}
    means = result.mean_over_time(inside_cone=True, **options, method="full")
    noise = ar1_series(Streams.of(np.random.SeedSequence(7)), range(3), 150, (0.3, 0.6))
    own = [wct(*noise[:, k], 0.5, **QUICK).WCT.mean(axis=1) for k in range(3)]
    np.testing.assert_allclose(means.surrogates, own, rtol=ROUNDING)
    np.testing.assert_allclose(means.coherence, result.WCT.mean(axis=1), rtol=ROUNDING)
    coarse = result.mean_over_time(inside_cone=True, **options).surrogates
    np.testing.assert_allclose(coarse, means.surrogates, atol=0.02)


@pytest.mark.heavy
def test_level_is_exceeded_by_its_share_of_unrelated_pairs():
    hits = []
    for k in range(300):
        result = wct(*pair(seed=k), 1.0, **QUICK)
        if not k:
            null = result.mean_over_time(**NULL, mc_count=1000, rng_seed=1, **ALONE)
            seen = np.isfinite(null.level)
        hits.append(mean_outside(result)[seen] > null.level[seen])
    assert np.mean(hits) == FALSE_ALARMS


def test_pvalues_agree_with_the_level():
    result = wct(*pair(), 1.0, **QUICK)
    means = result.mean_over_time(**NULL, mc_count=199, rng_seed=1, **ALONE)
    seen = np.isfinite(means.level)
    assert seen.any()
    assert not seen[-1]
    assert np.isnan(means.pvalue[~seen]).all()
    np.testing.assert_array_equal(
        means.coherence[seen] > means.quantile(0.8)[seen], means.pvalue[seen] <= 0.2
    )
    np.testing.assert_array_equal(means.quantile(0.95), means.level)
    assert repr(means) == f"<TimeMeans: {seen.sum()} of 26 scales seen, 199 surrogates>"


def test_backends_give_the_same_to_the_last_bit():
    result = wct(*pair(), 1.0, **QUICK)
    options = {**NULL, "mc_count": 40, "rng_seed": 1, "progress": False}
    alone = result.mean_over_time(**options, backend="sequential")
    with ThreadPoolExecutor(2) as threads:
        shared = [result.mean_over_time(**options, backend=each) for each in (threads, "joblib")]
    longer = result.mean_over_time(**options | {"mc_count": 70}, backend="sequential")
    for other in (*shared, longer):
        np.testing.assert_array_equal(other.surrogates[:40], alone.surrogates)


def test_common_rhythm_is_found_at_its_period_only():
    x, y = pair(600, (0.2, 0.2))
    wave = 0.7 * np.sin(2 * np.pi * np.arange(600) / 20)
    result = wct(x + wave, y + wave, 1.0, dj=1 / 4, mc_count=20, rng_seed=1, progress=False)
    means = result.mean_over_time(mc_count=200, rng_seed=1, **ALONE)
    strong = means.periods[means.pvalue < 0.001]
    assert strong.size
    assert (np.abs(np.log2(strong / 20)) < 1).all()
    # The level of points is not that of their mean, of many cycles.
    short = means.periods < 50
    assert (means.level[short] < result.sig[short] - 0.1).all()


def test_coefficients_are_those_of_the_result():
    x, y = pair()
    result = wct(x, y, 1.0, dj=1 / 4, mc_count=20, rng_seed=1, progress=False)
    options = {"mc_count": 10, "rng_seed": 1, **ALONE}
    own = result.mean_over_time(**options)
    given = result.mean_over_time(al1=ar1(x)[0], al2=ar1(y)[0], **options)
    np.testing.assert_array_equal(own.surrogates, given.surrogates)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"al1": 0.5}, ValueError, "`al2` must be given, as `wct` was called with sig=False"),
        ({"al1": 1.0, "al2": 0.0}, ValueError, "`al1` must lie strictly between"),
        ({**NULL, "tol": 0.1}, TypeError, "`tol` has no meaning for a mean over time"),
        ({**NULL, "level": 95}, ValueError, "`level` must lie strictly between"),
        ({**NULL, "timeout": 1e-3}, TimeoutError, "surrogates are done"),
    ],
)
def test_wrong_arguments_are_named(options, error, message):
    result = wct(*pair(), 1.0, **QUICK)
    with pytest.raises(error, match=message):
        result.mean_over_time(**options | ALONE)


@pytest.mark.parametrize("freqs", [None, np.arange(1, 20) / 40])
def test_result_that_was_saved_gives_the_same_means(freqs, tmp_path):
    x, y = pair()
    result = wct(x, y, 1.0, dj=1 / 4, freqs=freqs, mc_count=20, rng_seed=1, progress=False)
    result.save(tmp_path / "result.npz")
    options = {"mc_count": 5, "rng_seed": 1, **ALONE}
    kept = load(tmp_path / "result.npz").mean_over_time(**options)
    np.testing.assert_array_equal(kept.surrogates, result.mean_over_time(**options).surrogates)
