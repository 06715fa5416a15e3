"""Patches of a result: labels, table, significance, picture, file; and what is refused."""

import numpy as np
import pytest

from pycwt_mod import load, wct
from pycwt_mod.plotting import offscreen_axes

OPTIONS = {"mc_count": 60, "rng_seed": 1, "progress": False, "cache": False}


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(0)
    t = np.arange(240)
    burst = np.where((t > 60) & (t < 180), np.sin(2 * np.pi * t / 12), 0)
    late = np.roll(burst, 3)
    noise = rng.normal(size=(2, 240))
    return wct(2 * burst + noise[0], 2 * late + noise[1], 0.5, 1 / 6, method="analytic", rng_seed=4)


@pytest.fixture(scope="module")
def clusters(result):
    return result.clusters(**OPTIONS)


def test_burst_is_the_one_patch_that_survives(result, clusters):
    assert clusters.pvalues[0] == 1 / 61
    assert clusters.pvalues[1] > 0.05
    first = clusters.table()[0]
    assert first["label"] == 1
    assert first["shortest"] < 6 < first["longest"]
    assert first["start"] < 40
    assert first["end"] > 80
    assert first["outside"] == pytest.approx(1)
    assert first["mean_R2"] > 0.6
    assert first["phase"] == pytest.approx(np.pi / 2, abs=0.2)  # a quarter of 12 samples
    assert first["lag"] == pytest.approx(1.5, abs=0.2)
    assert 0 < first["lag_spread"] < 1
    at_peak = clusters.labels == 1
    assert first["peak_R2"] == result.WCT[at_peak].max()


def test_table_tells_each_patch_and_prints_in_a_terminal(clusters):
    table = clusters.table()
    assert [row["label"] for row in table] == list(range(1, clusters.pvalues.size + 1))
    frame = table.to_dataframe()
    np.testing.assert_array_equal(frame["pvalue"], clusters.pvalues)
    np.testing.assert_allclose(frame["total"], clusters.totals)
    lines = str(table).splitlines()
    assert max(map(len, lines)) <= 80
    assert "0.016" in lines[1]
    assert "more with p > 0.05" in lines[-1]
    assert "<table>" in clusters._repr_html_()
    assert "patches above the 95 % levels, 1 of them" in repr(clusters)


def test_area_is_the_statistic_where_that_is_asked(result):
    found = result.clusters(statistic="area", **OPTIONS)
    np.testing.assert_allclose([row["area"] for row in found.table()], found.totals)


def test_significant_patches_are_those_of_the_correction(result, clusters):
    mask = clusters.significant()
    np.testing.assert_array_equal(mask, clusters.labels == 1)
    again = result._replace(_clusters=clusters)
    np.testing.assert_array_equal(again.significant(correction="cluster"), mask)
    most = 1 + np.flatnonzero(clusters.pvalues <= 0.9)
    np.testing.assert_array_equal(clusters.significant(0.9), np.isin(clusters.labels, most))


def test_correction_without_a_call_before_has_its_defaults(result, monkeypatch):
    fresh = result._replace(_clusters=None)
    asked = []
    monkeypatch.setattr(
        type(fresh), "clusters", lambda self, level, **options: asked.append((level, options))
    )
    with pytest.raises(AttributeError):
        fresh.significant(0.9, correction="cluster")
    assert asked == [(0.9, {"progress": False})]


def test_default_seed_is_that_of_the_result(result):
    seeded = wct(*result.series, 0.5, 1 / 6, **{**OPTIONS, "rng_seed": 4})
    one, other = (seeded.clusters(**{**OPTIONS, "rng_seed": seed}) for seed in (None, 4))
    np.testing.assert_array_equal(one.null, other.null)
    assert not np.array_equal(one.null, seeded.clusters(**OPTIONS).null)


def test_rising_frequencies_give_the_same_patches_upside_down(result):
    freqs = np.geomspace(0.05, 0.9, 10)
    pair = result.series
    falling, rising = (
        wct(*pair, 0.5, freqs=f, method="analytic", rng_seed=4).clusters(**OPTIONS)
        for f in (freqs[::-1], freqs)
    )
    np.testing.assert_array_equal(falling.labels > 0, rising.labels[::-1] > 0)
    np.testing.assert_allclose(falling.null, rising.null)
    np.testing.assert_allclose(falling.pvalues, rising.pvalues)


def test_picture_outlines_what_is_significant_and_numbers_it(result, clusters):
    plot = clusters.plot(ax=offscreen_axes())
    assert [text.get_text() for text in plot.axes.texts if text.get_text().isdigit()] == ["1"]
    assert "in all but 5 % of maps" in plot.caption.get_text().replace("\n", " ")
    for path in plot.contour.get_paths()[0].to_polygons():
        middle = path.mean(axis=0)
        assert 25 < middle[0] < 95
    other = result._replace(_clusters=clusters).plot(correction="cluster", ax=offscreen_axes())
    same = zip(plot.contour.get_paths(), other.contour.get_paths(), strict=True)
    assert all(np.array_equal(a.vertices, b.vertices) for a, b in same)
    with pytest.warns(UserWarning, match="no p-value can be below 0.016"):
        strict = clusters.plot(alpha=0.001, ax=offscreen_axes())
    assert strict.contour is None
    assert "of maps; nothing was found." in strict.caption.get_text().replace("\n", " ")


def test_clusters_survive_a_file(clusters, tmp_path):
    clusters.save(tmp_path / "patches.npz")
    again = load(tmp_path / "patches.npz")
    assert again.table() == clusters.table()
    for name in ("labels", "pvalues", "totals", "null"):
        np.testing.assert_array_equal(getattr(again, name), getattr(clusters, name))
    assert (again.level, again.statistic) == (clusters.level, clusters.statistic)
    np.testing.assert_array_equal(again.significant(), clusters.significant())
    broken = dict(np.load(tmp_path / "patches.npz"))
    few = broken["_clusters.labels"][:3]
    np.savez(tmp_path / "broken.npz", **{**broken, "_clusters.labels": few})
    with pytest.raises(ValueError, match="labels of the shape"):
        load(tmp_path / "broken.npz")


def test_map_without_patches_has_an_empty_table(result, tmp_path):
    found = result.clusters(1 - 1e-12, **OPTIONS)
    assert not found.labels.any()
    assert found.pvalues.shape == (0,)
    assert found.table() == []
    assert str(found.table()) == "no patch exceeds its level"
    assert "nothing was found" in found.plot(ax=offscreen_axes()).caption.get_text()
    assert found.null.shape == (60,)
    assert not found.significant().any()
    assert found.plot(ax=offscreen_axes()).contour is None
    found.save(tmp_path / "none.npz")
    assert load(tmp_path / "none.npz").table() == []


def test_nan_is_no_neighbour(result, clusters):
    gap = result.WCT.copy()
    gap[:, 120] = np.nan
    found = result._replace(WCT=gap).clusters(**OPTIONS)
    assert not found.labels[:, 120].any()
    whole = clusters.labels == 1
    left, right = (np.unique(found.labels[whole & side]) for side in halves(120))
    assert not set(left) & set(right) - {0}


def halves(column):
    times = np.arange(240)
    return times < column, times > column


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 0.0}, "`level` must lie strictly between 0 and 1, got 0"),
        ({"level": 1.5}, "`level` must lie strictly between 0 and 1"),
        ({"level": float("nan")}, "`level` must"),
        ({"statistic": "volume"}, "`statistic` must be one of 'mass', 'area', got 'volume'"),
        ({"mc_count": 0}, "`mc_count` must be"),
    ],
)
def test_bad_arguments_are_named(result, options, message):
    with pytest.raises(ValueError, match=message):
        result.clusters(**{**OPTIONS, **options})


@pytest.mark.parametrize("alpha", [0, 1, -0.05])
def test_alpha_is_a_probability(clusters, alpha):
    with pytest.raises(ValueError, match="`alpha` must lie strictly between 0 and 1"):
        clusters.significant(alpha)


def test_unknown_keyword_gets_a_hint(result):
    with pytest.raises(TypeError, match="Use `mc_count`"):
        result.clusters(nrands=100)


def test_few_surrogates_are_warned_of(result):
    with pytest.warns(UserWarning, match="`mc_count` of 10 is too small: .* none reaches 0.05"):
        result.clusters(**{**OPTIONS, "mc_count": 10})


@pytest.mark.parametrize(("asked", "shown"), [({}, True), ({"progress": False}, False)])
def test_bar_is_shown_as_by_the_call_that_made_the_result(asked, shown, result, capsys):
    made = wct(*result.series, 0.5, 1 / 2, method="analytic", **asked)
    quick = {"mc_count": 20, "rng_seed": 1, "cache": False}
    capsys.readouterr()
    made.clusters(**quick)
    assert ("20/20" in capsys.readouterr().err) is shown
    made.clusters(statistic="area", progress=True, **quick)
    assert "20/20" in capsys.readouterr().err


@pytest.mark.parametrize(
    "judge",
    [
        lambda r: r.clusters(),
        lambda r: r.significant(correction="cluster"),
        lambda r: r.plot(correction="cluster", ax=offscreen_axes()),
    ],
)
def test_result_without_significance_says_how_to_get_it(judge, result):
    with pytest.raises(ValueError, match="`sig` must be True in the call of `wct`"):
        judge(wct(*result.series, 0.5, sig=False))


def test_correction_by_patches_is_for_points_of_their_own_null(result):
    for options in ({"null": "scale"}, {"given": "y1"}):
        with pytest.raises(ValueError, match="'cluster': patches are those of points"):
            result.significant(correction="cluster", **options)
