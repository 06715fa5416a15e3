"""The result of many pairs: tables, squares, fields, text."""

import pickle

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num

from pycwt_mod import wct, wct_matrix, wct_null
from pycwt_mod.helpers import CACHE_DIR_VARIABLE
from pycwt_mod.matrix.bands import NUMBERS
from pycwt_mod.plotting import offscreen_axes
from pycwt_mod.tests.matrix.series import QUICK, related_series


@pytest.fixture(scope="module")
def folder_of_all(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def kept_levels(folder_of_all, cache_dir, monkeypatch):
    """Let all tests of this file find the levels again that one of them has simulated."""
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(folder_of_all))


@pytest.fixture(scope="module")
def result():
    names = ["ao", "nino", "ice", "rain"]
    pairs = [("ao", "nino"), ("rain", "ao"), ("ao", "rain"), ("ice", "nino")]
    return wct_matrix(related_series(), 1.0, names=names, pairs=pairs, cache=False, **QUICK)


def test_table_has_a_row_for_each_pair_and_band(result):
    table = result.to_dataframe()
    assert len(table) == len(result.pairs) * len(result.bands)
    assert list(table.columns) == [
        "first", "second", "period_low", "period_high", "coherence", "share", "phase", "resultant",
        "pvalue", "pvalue_fdr", "doubtful", "n_points", "failure",
    ]  # fmt: skip
    row = table[(table["first"] == "rain") & (table["second"] == "ao")].iloc[1]
    assert (row["period_low"], row["period_high"]) == result.bands[1]
    assert row["coherence"] == result.coherence[1, 1]
    assert row["n_points"] == result.n_points[1, 1]
    assert (table["failure"] == "").all()


def test_dataset_has_the_measures_over_pairs_and_bands(result):
    dataset = result.to_xarray()
    assert dict(dataset.sizes) == {"pair": len(result.pairs), "band": len(result.bands)}
    for name in NUMBERS:
        np.testing.assert_array_equal(dataset[name], getattr(result, name))
    labels = zip(dataset["first"].values, dataset["second"].values, strict=True)
    assert tuple(labels) == result.labels


def test_notebook_shows_what_stands_out(result):
    shown = result._repr_html_()
    assert f"{len(result.pairs)} pairs of {len(result.names)} series" in shown
    assert shown.count("pairs stand out (FDR 5 %)") == len(result.bands)


@pytest.mark.parametrize(
    "measure", ["coherence", "share", "pvalue", "pvalue_fdr", "phase", "resultant"]
)
def test_square_puts_each_pair_in_its_place(result, measure):
    values, square = getattr(result, measure)[:, 1], result.square(measure, 1)
    sign = -1 if measure == "phase" else 1
    assert square.shape == (4, 4)
    assert square[0, 1] == values[0]
    assert square[1, 0] == sign * values[0]
    assert (square[3, 0], square[0, 3]) == (values[1], values[2])  # asked for in both orders
    assert np.isnan(square[[0, 1, 2, 3], [0, 1, 2, 3]]).all()
    assert np.isnan(square[2, 3])


@pytest.mark.parametrize(
    ("arguments", "name"),
    [(("power", 0), "measure"), (("phase", 9), "band"), (("phase", -1), "band")],
)
def test_square_refuses_what_is_not_there(result, arguments, name):
    with pytest.raises(ValueError, match=f"`{name}`"):
        result.square(*arguments)


def test_false_discovery_rate_is_held_over_the_pairs_of_a_band(result):
    for band in range(len(result.bands)):
        p, adjusted = result.pvalue[:, band], result.pvalue_fdr[:, band]
        order = np.argsort(p)
        ranks = np.arange(1, p.size + 1)
        expected = np.minimum.accumulate((p[order] * p.size / ranks)[::-1])[::-1]
        np.testing.assert_allclose(adjusted[order], np.minimum(expected, 1))


def test_repr_tells_what_stands_out(result):
    text = repr(result)
    assert "4 pairs of 4 series" in text
    assert f"{len(result.bands)} bands" in text
    assert "stand out (FDR 5 %)" in text
    assert len(text.splitlines()) == 1 + len(result.bands)


def test_fields_that_were_not_kept_are_an_error_with_the_way_out(result):
    with pytest.raises(ValueError, match=r"fields='memory'"):
        result.fields("ao", "nino")
    with pytest.raises(KeyError, match=r"not among the pairs .*'ice' was compared with 'nino'"):
        result.fields("ice", "ao")


def test_series_that_fields_do_not_know_is_told_by_its_argument(result):
    known = ", ".join(map(repr, result.names))
    near = rf"`second` must be one of the names .* got 'nin'. Did you mean 'nino'\? .*: {known}\."
    for pair, message in (
        (("ao", "nin"), near),
        ((99, "ao"), "`first` must .* from 0 to 3, got 99"),
        (("ao", "ao"), "`first` and `second` must be different series, got 'ao' twice"),
    ):
        with pytest.raises(ValueError, match=message):
            result.fields(*pair)


def test_fields_know_their_levels():
    result = wct_matrix(related_series(), 1.0, fields="memory", **QUICK)
    fields = result.fields(0, 1)
    share = (fields[0] > fields[4][:, np.newaxis])[fields.outside()].mean()
    weights = result.n_points[0]
    assert share == pytest.approx((result.share[0] * weights).sum() / weights.sum(), abs=0.02)
    np.testing.assert_array_equal(fields.periods, result.periods)


def test_fields_in_the_other_order_are_those_of_that_pair():
    names, options = ["ao", "nino", "ice", "rain"], {"fields": "memory", **QUICK}
    turned = wct_matrix(related_series(), 1.0, names=names, pairs=[("rain", "ao")], **options)
    expected = turned.fields("rain", "ao")
    found = wct_matrix(related_series(), 1.0, names=names, **options).fields("rain", "ao")
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-12)
    assert (found.names, found.null) == (("rain", "ao"), expected.null)
    assert found.provenance == expected.provenance
    np.testing.assert_allclose(found.pvalues(), expected.pvalues(), rtol=1e-9)


def test_noise_of_fields_in_the_other_order_is_that_of_its_series():
    options = {"fields": "memory", "pairs": [(0, 1)], "noise": ["phase", "ar1", "ar1", "ar1"]}
    result = wct_matrix(related_series(100), 1.0, **options, **QUICK)
    there, back = (result.fields(*pair)._surrogates.sources for pair in ((0, 1), (1, 0)))
    assert there == back[::-1] != back


def test_result_pickles(result):
    again = pickle.loads(pickle.dumps(result))
    np.testing.assert_array_equal(again.pvalue, result.pvalue)
    assert again.names == result.names
    assert repr(again) == repr(result)


def test_dates_of_a_table_give_the_unit():
    index = pd.date_range("1950-01-01", periods=200, freq="MS")
    table = pd.DataFrame(related_series().T, index=index, columns=["a", "b", "c", "d"])
    result = wct_matrix(table, **QUICK)
    assert result.unit == "years"
    assert result.names == ("a", "b", "c", "d")
    assert result.periods[0] == pytest.approx(1 / 6)
    assert "years" in repr(result)
    same = wct_matrix(related_series(), 1 / 12, **QUICK)
    np.testing.assert_array_equal(result.coherence, same.coherence)


def test_plot_draws_the_matrix(result):
    pytest.importorskip("matplotlib").use("Agg")
    import matplotlib.pyplot as plt

    drawn = result.plot("coherence", 1)
    assert [tick.get_text() for tick in drawn.axes.get_yticklabels()] == list(result.names)
    plt.close("all")


def test_columns_named_by_integers_are_pairs_by_name():
    data = related_series()
    frame = pd.DataFrame(data.T, columns=[1207, 3, 0, 15])
    options = {"sig": False, "progress": False, "fields": "memory"}
    result = wct_matrix(frame, 1.0, pairs=[(1207, 3), (0, 15)], **options)
    assert result.pairs == ((0, 1), (2, 3))
    assert result.labels == (("1207", "3"), ("0", "15"))
    plain = wct_matrix(data, 1.0, pairs=[(0, 1), (2, 3)], **options)
    np.testing.assert_array_equal(result.coherence, plain.coherence)
    for label, pair in zip(result.labels, plain.pairs, strict=True):
        np.testing.assert_array_equal(result.fields(*label)[0], plain.fields(*pair)[0])
    np.testing.assert_array_equal(result.fields(1207, "3")[0], plain.fields(0, 1)[0])
    # A pair of `pairs` handed on must not be taken for another one without a word.
    with pytest.raises(ValueError, match=r"got 0, the name of one .* such as '0'; `labels`"):
        result.fields(*result.pairs[0])


@pytest.mark.parametrize("keeps", ["memory", "folder"])
def test_fields_have_the_null_distribution_of_their_pair(keeps, tmp_path):
    where = {"fields": "memory"} if keeps == "memory" else {"out": tmp_path / "fields"}
    result = wct_matrix(related_series(), 1.0, **where, **QUICK)
    fields = result.fields(0, 3)
    n_scales = result.scales.size
    expected = wct_null(
        *result.nodes[2], 1.0, 1 / 4, result.scales[0], n_scales - 1,
        mc_count=32, rng_seed=1, progress=False,
    )  # fmt: skip
    assert fields.null == expected
    np.testing.assert_array_equal(fields.null.quantile(0.95), fields[4])
    above = fields[0] > fields[4][:, np.newaxis]
    np.testing.assert_array_equal(fields.significant(null="scale"), above)
    # The distribution of each point is that of `wct` at the coefficients of the pair.
    data = related_series()
    plain = wct(data[0], data[3], 1.0, dj=1 / 4, mc_count=32, rng_seed=1, progress=False)
    np.testing.assert_allclose(fields.pvalues(), plain.pvalues(), rtol=1e-6, atol=1e-12)
    again = pickle.loads(pickle.dumps(result)).fields(0, 3)
    assert again.null == expected


def test_fields_of_some_scales_have_the_null_of_their_points():
    chosen, data = {"s0": 4.0, "J": 10}, related_series()
    fields = wct_matrix(data, 1.0, fields="memory", **chosen, **QUICK).fields(0, 3)
    plain = wct(data[0], data[3], 1.0, dj=1 / 4, **chosen, mc_count=32, progress=False)
    np.testing.assert_allclose(fields.pvalues(), plain.pvalues(), rtol=1e-6, atol=1e-12)


def test_fields_without_significance_say_so():
    result = wct_matrix(related_series(), 1.0, fields="memory", **{**QUICK, "sig": False})
    with pytest.raises(ValueError, match="`sig` must be True"):
        result.fields(0, 1).significant()


def test_fields_have_the_names_the_times_and_the_unit_of_the_table():
    index = pd.date_range("1950-01-01", periods=200, freq="MS")
    table = pd.DataFrame(related_series().T, index=index, columns=["ao", "nino", "ice", "rain"])
    fields = wct_matrix(table, fields="memory", **QUICK).fields("ao", "rain")
    assert fields.names == ("ao", "rain")
    assert fields.unit == "years"
    np.testing.assert_array_equal(fields.times, index.to_numpy())
    assert "ao" in str(fields.summary())
    assert fields.provenance["function"] == "wct_matrix"
    first, last = date2num(index[[0, -1]])
    assert fields.plot(ax=offscreen_axes()).axes.get_xlim() == pytest.approx((first, last), abs=31)
