"""The largest patches of surrogates: by another way, on backends, in the cache, broken off."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import label, sum_labels

from pycwt_mod import mwct, pwct, rednoise, wct, wct_null_field
from pycwt_mod.clusters import PatchTest, areas_of, largest_patches
from pycwt_mod.helpers import get_cache_dir
from pycwt_mod.montecarlo.noise import ar1_series
from pycwt_mod.montecarlo.options import SimulationOptions
from pycwt_mod.montecarlo.plan import make_record_plan
from pycwt_mod.null_fields import null_field_of

# What the engine rests on, in some seconds a test: run by `.ci/run`.
pytestmark = pytest.mark.heavy

ALONE = {"backend": "sequential", "progress": False}
# The same sums by another order of operations, in double precision, and in single.
ROUNDING, SINGLE = 1e-9, 1e-3


def made(n=90, seed=3, **options):
    rng = np.random.default_rng(seed)
    pair = [rednoise(n, g, rng=rng) for g in (0.3, 0.6)]
    options = {"dj": 1 / 4, "al1": 0.3, "al2": 0.6, "method": "analytic", **options}
    return wct(*pair, 0.5, rng_seed=2, **options)


def judge_of(result, statistic="mass", seed=5, level=0.9):
    geometry, order = result._geometry()
    coefficients = tuple(result.provenance["coefficients"])
    plan = make_record_plan(
        geometry,
        coefficients,
        ((0,),) * geometry.n_scales,
        centred=result.provenance["normalize"],
        statistic=result.statistic_of(len(coefficients)),
    )
    field = result.null_field.reordered(order)
    return PatchTest.of(plan, field, level, statistic, np.random.SeedSequence(seed))


def by_ndimage(result, field, statistic, level=0.9):
    with np.errstate(divide="ignore"):
        sizes = -np.log10(field.pvalue(result.WCT)) if statistic == "mass" else np.ones((1, 1))
    sizes = sizes * areas_of(result.scales / result.dt)[:, np.newaxis]
    labels, n = label(field.quantile(level) < result.WCT, np.ones((3, 3)))
    return sum_labels(sizes, labels, range(1, n + 1)).max() if n else 0.0


@pytest.mark.heavy
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"wavelet": "paul"},
        {"normalize": False},
        {"smoothing": "grinsted"},
        {"freqs": np.arange(2, 20) / 20},
        {"wavelet": "dog", "method": "full", "mc_count": 20, "progress": False},
    ],
    ids=str,
)
def test_surrogates_are_judged_as_their_maps_through_wct(options):
    result = made(**options)
    tests = {statistic: judge_of(result, statistic) for statistic in ("mass", "area")}
    noise = ar1_series(tests["mass"].streams, range(4), 90, (0.3, 0.6))
    # Without the options of the level, which wct need not compute again.
    plain = {k: v for k, v in options.items() if k not in ("method", "mc_count", "progress")}
    maps = [
        wct(*pair, 0.5, **{"dj": 1 / 4, "sig": False, **plain}) for pair in noise.swapaxes(0, 1)
    ]
    for statistic, test in tests.items():
        expected = [by_ndimage(own, result.null_field, statistic) for own in maps]
        # Counted distributions have steps, in which single precision and double may differ.
        np.testing.assert_allclose(test((0, 4)), expected, rtol=SINGLE)


def test_patches_of_a_record_are_those_of_scipy():
    result = made(seed=8)
    found = result.clusters(0.9, mc_count=20, **ALONE)
    above = result.null_field.quantile(0.9) < result.WCT
    labels, n = label(above, np.ones((3, 3)))
    assert found.pvalues.size == n > 2
    assert len(set(zip(labels[above], found.labels[above], strict=True))) == n
    assert not found.labels[~above].any()
    np.testing.assert_allclose(
        found.totals.max(), by_ndimage(result, result.null_field, "mass"), rtol=ROUNDING
    )
    above = np.array([(found.null >= total).sum() for total in found.totals])
    np.testing.assert_array_equal(found.pvalues, (1 + above) / 21)
    assert (np.diff(found.pvalues) >= 0).all()


@pytest.mark.parametrize("n", [90, 700])
def test_each_surrogate_is_the_same_in_any_range(n):
    test = judge_of(made(n))
    whole = test((0, 9))
    parts = [test(part) for part in ((0, 2), (2, 3), (3, 9))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    with ThreadPoolExecutor(2) as pool:
        options = SimulationOptions(mc_count=9, backend=pool, progress=False, cache=False)
        np.testing.assert_array_equal(largest_patches(test, options), whole)


@pytest.mark.heavy
def test_long_records_are_judged_at_some_times_as_well_as_at_all(monkeypatch):
    """Statistics agree closely, so p-values do."""
    result = made(700, dj=1 / 6)
    coarse = judge_of(result, level=0.95)
    assert coarse.step_of(20) > 1
    few = coarse((0, 40))
    monkeypatch.setattr("pycwt_mod.clusters.surrogates._SHORT", 2048)
    full = judge_of(result, level=0.95)
    assert full.step_of(20) == 1
    many = full((0, 40))
    assert np.corrcoef(few, many)[0, 1] > 0.98
    assert abs(np.log(few / many)).mean() < 0.05


def kept(folder):
    return sorted(Path(folder).glob("patches-*.npz"))


def test_a_run_is_kept_and_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", str(tmp_path))
    assert get_cache_dir() == str(tmp_path)
    test = judge_of(made())
    options = {"rng_seed": 5, **ALONE}
    alone = largest_patches(test, SimulationOptions(mc_count=8, cache=False, **options))
    assert not kept(tmp_path)
    asked = []
    monkeypatch.setattr(
        PatchTest,
        "__call__",
        lambda self, task, call=PatchTest.__call__: asked.append(task) or call(self, task),
    )
    for count in (3, 8, 5):
        found = largest_patches(test, SimulationOptions(mc_count=count, **options))
        np.testing.assert_array_equal(found, alone[:count])
    assert asked == [(0, 3), (3, 8)]
    # Another statistic or seed is another problem.
    largest_patches(judge_of(made(), "area"), SimulationOptions(mc_count=3, **options))
    assert len(kept(tmp_path)) == 2


def test_a_run_without_a_seed_goes_on_with_its_own_streams(tmp_path, monkeypatch):
    monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", str(tmp_path))
    first = largest_patches(judge_of(made(), seed=1), SimulationOptions(mc_count=4, **ALONE))
    again = largest_patches(judge_of(made(), seed=2), SimulationOptions(mc_count=6, **ALONE))
    np.testing.assert_array_equal(again[:4], first)
    np.testing.assert_array_equal(again[4:], judge_of(made(), seed=1)((4, 6)))


@pytest.mark.parametrize("damage", ["cut", "other", "nan"])
def test_a_damaged_file_is_passed_over(tmp_path, monkeypatch, damage):
    monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", str(tmp_path))
    test, options = judge_of(made()), SimulationOptions(mc_count=4, rng_seed=5, **ALONE)
    expected = largest_patches(test, options)
    (path,) = kept(tmp_path)
    content = dict(np.load(path))
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-50])
    else:
        rows = np.full(4, np.nan) if damage == "nan" else content["rows"]
        facts = content["facts"] if damage == "nan" else np.array('{"key": "x", "streams": [1]}')
        np.savez(path, facts=facts, rows=rows)
    with pytest.warns(UserWarning, match="is damaged or not from this version"):
        np.testing.assert_array_equal(largest_patches(test, options), expected)


@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeoutError])
def test_what_is_done_is_kept_when_a_run_breaks_off(tmp_path, monkeypatch, error):
    monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(
        "pycwt_mod.clusters.estimate.tasks_of", lambda plan, r, *others: [(k, k + 1) for k in r]
    )
    test, seen = judge_of(made()), []

    def stop(done, total):
        seen.append((done, total))
        if done == 3:
            raise error

    options = {"mc_count": 6, "rng_seed": 5, "backend": "sequential"}
    with pytest.raises(error) as caught:
        largest_patches(test, SimulationOptions(progress=stop, **options))
    assert seen[0] == (1, 6)
    assert "3 surrogates are in the cache" in caught.value.__notes__[0]
    found = largest_patches(test, SimulationOptions(progress=False, **options))
    np.testing.assert_array_equal(found, test((0, 6)))


def test_timeout_names_what_was_done():
    with pytest.raises(TimeoutError, match="of 5000 surrogates are done"):
        made().clusters(mc_count=5000, timeout=0.05, cache=False, **ALONE)
    with pytest.raises(TimeoutError, match="and 0 of 20 surrogates are done"):
        made().clusters(mc_count=20, timeout=1e-9, **ALONE)


def test_timeout_counts_the_null_distribution_of_each_point(monkeypatch):
    now, ahead = time.monotonic, []

    def slow(geometry, coefficients, options, **others):
        assert 0 < options.timeout <= 1800
        ahead.append(3600.0)
        return null_field_of(geometry, coefficients, options, **others)

    monkeypatch.setattr(time, "monotonic", lambda: now() + sum(ahead))
    monkeypatch.setattr("pycwt_mod.results.nulls.null_field_of", slow)
    result = made()
    with pytest.raises(TimeoutError, match="and 0 of 20 surrogates are done"):
        result.clusters(mc_count=20, timeout=1800, **ALONE)
    assert result.clusters(mc_count=20, timeout=1800, **ALONE).null.size == 20


def test_a_field_of_ones_own_is_the_threshold():
    result = made(wavelet="dog", method="full", mc_count=20, progress=False)
    field = wct_null_field(
        0.3, 0.6, 0.5, 1 / 4, result.scales[0], len(result.scales) - 1, 90, "dog",
        mc_count=30, rng_seed=9, progress=False, cache=False,
    )  # fmt: skip
    found = result.with_null_field(field).clusters(mc_count=20, **ALONE)
    np.testing.assert_array_equal(found.labels > 0, field.quantile(0.95) < result.WCT)


SERIES = np.random.default_rng(1).normal(size=(3, 90))
OTHERS = {
    "partial": lambda **o: pwct(*SERIES, 0.5, 1 / 2, **o),
    "multiple": lambda **o: mwct(SERIES[0], SERIES[1:], 0.5, 1 / 2, **o),
    "phase": lambda **o: wct(*SERIES[:2], 0.5, 1 / 2, noise="phase", **o),
    "fixed": lambda **o: wct(*SERIES[:2], 0.5, 1 / 2, fixed="y1", **o),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_patches_of_other_coherences_and_nulls(kind):
    result = OTHERS[kind](mc_count=20, rng_seed=1, progress=False, cache=False)
    found = result.clusters(0.9, mc_count=30, **ALONE)
    field = result.null_field
    np.testing.assert_array_equal(found.labels > 0, field.quantile(0.9) < result.WCT)
    np.testing.assert_allclose(found.totals.max(), by_ndimage(result, field, "mass"), rtol=1e-6)
    assert found.null.size == 30
    for row in found.table():
        assert ("phase" in row) == (kind != "multiple")
        assert np.isfinite(row.get("phase", 0.0))


@pytest.mark.parametrize("kind", ["phase", "fixed"])
@pytest.mark.parametrize("step", [1, 4])
def test_rows_of_a_field_are_its_levels_and_pvalues(kind, step):
    field = OTHERS[kind](mc_count=20, rng_seed=1, progress=False, cache=False).null_field
    R2 = np.random.default_rng(0).random((field.n_scales, 90))
    p, levels, times = field.pvalue(R2), field.quantile(0.9), np.arange(0, 90, step)
    for scale in range(field.n_scales):
        row = field.row(scale, step)
        np.testing.assert_allclose(row.levels(0.9), levels[scale, ::step], rtol=ROUNDING)
        found = np.exp(row.log_p(R2[scale, ::step], np.arange(times.size)))
        np.testing.assert_allclose(found, p[scale, ::step], rtol=ROUNDING)
