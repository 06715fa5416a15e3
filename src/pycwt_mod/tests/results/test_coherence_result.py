"""The result of `wct`: the tuple of pycwt, and the facts and pictures that it has besides."""

import copy
import pickle

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from pycwt_mod import (
    CoherenceResult,
    NullDistribution,
    load,
    wavelet,
    wct,
    wct_null,
    wct_null_field,
    wct_significance,
)
from pycwt_mod.helpers import ar1
from pycwt_mod.plotting import offscreen_axes, plot_wct

OPTIONS = {"mc_count": 64, "rng_seed": 1, "progress": False, "cache": False}


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    t = np.arange(200)
    common = np.sin(2 * np.pi * t / 20)
    return common + rng.normal(size=200), common + rng.normal(size=200)


@pytest.fixture(scope="module")
def result(pair):
    return wct(*pair, 0.5, 1 / 4, **OPTIONS)


def test_result_is_the_tuple_of_pycwt(result):
    assert isinstance(result, tuple)
    assert len(result) == 5
    WCT, aWCT, coi, freq, sig = result
    assert result[0] is WCT
    assert result[-1] is sig
    assert result[1:3] == (aWCT, coi)
    assert tuple(result)[3] is freq
    assert WCT.shape == aWCT.shape == (freq.size, coi.size)


def test_result_knows_its_scales_periods_and_level(result, pair):
    np.testing.assert_allclose(result.periods, 1 / result[3])
    np.testing.assert_allclose(result.scales * 1.033, result.periods, rtol=1e-3)
    assert (result.dt, result.level) == (0.5, 0.95)
    strict = wct(*pair, 0.5, 1 / 4, significance_level=0.99, **OPTIONS)
    np.testing.assert_array_equal(strict[4], result.null.quantile(0.99))
    assert strict.null == result.null


def test_result_holds_the_null_distribution_of_wct_null(result, pair):
    assert isinstance(result.null, NullDistribution)
    g1, g2 = ar1(pair[0])[0], ar1(pair[1])[0]
    geometry = (g1, g2, 0.5, 1 / 4, result.scales[0], len(result.scales) - 1)
    assert result.null == wct_null(*geometry, **OPTIONS)
    np.testing.assert_array_equal(result[4], wct_significance(*geometry, **OPTIONS))


def pickled(value):
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])
def test_result_survives_copying_and_pickling(result, duplicate):
    again = duplicate(result)
    assert isinstance(again, CoherenceResult)
    for ours, theirs in zip(result, again, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert again.null == result.null
    assert (again.dt, again.level) == (result.dt, result.level)


LEVELS = {
    "point": lambda r, p: r.null_field.quantile(p),
    "scale": lambda r, p: r.null.quantile(p)[:, None],
}


@pytest.mark.parametrize("null", ["point", "scale"])
def test_pvalues_are_small_exactly_where_the_level_is_passed(result, null):
    p, level = result.pvalues(null), LEVELS[null](result, 0.95)
    assert p.shape == result[0].shape
    far = np.abs(result[0] - level) > 0.01
    np.testing.assert_array_equal((p < 0.05)[far], (result[0] > level)[far])


@pytest.mark.parametrize("null", ["point", "scale"])
def test_significant_without_correction_is_the_level(result, null):
    for level in (0.95, 0.8):
        found = result.significant(level, null=null)
        np.testing.assert_array_equal(found, result[0] > LEVELS[null](result, level))
    np.testing.assert_array_equal(result.sig, result.null.quantile(0.95))


@pytest.mark.parametrize("null", ["point", "scale"])
def test_significant_with_fdr_is_that_of_scipy(result, null):
    outside = result.periods[:, None] <= result[2]
    np.testing.assert_array_equal(result.outside(), outside)
    tested = outside if null == "scale" else np.full(outside.shape, True)
    found = result.significant(0.9, correction="fdr", null=null)
    expected = false_discovery_control(result.pvalues(null)[tested]) <= 1 - 0.9
    np.testing.assert_array_equal(found[tested], expected)
    assert expected.any()  # the common oscillation is found
    assert not found[~tested].any()


def test_null_field_is_computed_once_and_kept_with_the_result(result, tmp_path):
    field = result.null_field
    assert result.null_field is field
    for again in (pickled(result), copy.copy(result)):
        np.testing.assert_array_equal(again.null_field.quantile(0.9), field.quantile(0.9))
    result.save(tmp_path / "result.npz")
    kept = load(tmp_path / "result.npz")
    np.testing.assert_array_equal(kept.pvalues(), result.pvalues())


def test_null_of_points_is_checked(result):
    with pytest.raises(ValueError, match="`null` must be one of 'point', 'scale', got 'both'"):
        result.pvalues("both")


def test_fdr_finds_nothing_in_unrelated_series():
    rng = np.random.default_rng(5)
    # Of white noise, so that all have one field and one level.
    options = {**OPTIONS, "al1": 0.0, "al2": 0.0, "cache": True}
    results = [wct(*rng.normal(size=(2, 200)), 1.0, 1 / 4, **options) for _ in range(10)]
    field = results[0].null_field
    found = [
        result.with_null_field(field).significant(correction="fdr").any() for result in results
    ]
    # Each pair gives a false discovery with probability 0.05 or less: three of ten, 1 %.
    assert sum(found) <= 3


def test_result_without_significance_has_no_pvalues(pair):
    result = wct(*pair, 0.5, sig=False)
    assert result.null is None
    for judge in (result.pvalues, result.significant, lambda: result.significant(correction="fdr")):
        with pytest.raises(ValueError, match="`sig` must be True"):
            judge()


def test_correction_is_checked(result):
    with pytest.raises(
        ValueError, match="`correction` must be one of 'fdr', 'cluster', got 'bonferroni'"
    ):
        result.significant(correction="bonferroni")
    with pytest.raises(ValueError, match="`level` must lie strictly between 0 and 1"):
        result.significant(1.0)


def test_surrogates_as_long_as_the_record(pair):
    own = wct(*pair, 0.5, 1 / 4, surrogate_length="record", **OPTIONS)
    same = wct(*pair, 0.5, 1 / 4, n_samples=200, **OPTIONS)
    np.testing.assert_array_equal(own[4], same[4])
    np.testing.assert_array_equal(np.isnan(own[4]), ~own.outside().any(axis=1))
    with pytest.raises(ValueError, match="`surrogate_length='record'` means n_samples=200"):
        wct(*pair, 0.5, surrogate_length="record", n_samples=100)


def test_replaced_wct_significance_is_called(pair, monkeypatch):
    monkeypatch.setattr(wavelet, "wct_significance", lambda *a, **k: np.full(29, 0.5))
    result = wct(*pair, 0.5, 1 / 4, **OPTIONS)
    assert (result[4] == 0.5).all()
    assert result.null is None


def test_changed_result_has_p_values_of_its_own(pair):
    result = wct(*pair, 0.5, 1 / 2, fixed="y1", **OPTIONS)
    before = result.pvalues()
    changed = result._replace(WCT=result.WCT / 2)
    assert np.nanmean(changed.pvalues() > before) > 0.9


def test_result_draws_itself_at_its_own_level(result):
    plot = result.plot(period_unit="days", ax=offscreen_axes())
    assert "Outlined: 5 % significance level against red noise." in plot.caption.get_text()
    assert plot.axes.get_xlabel() == "Time (days)"
    assert plot.axes.get_xlim() == (-0.25, 99.75)  # 200 samples, every half day
    by_hand = plot_wct(*result[:4], result.null_field.quantile(0.95), result.times, **offscreen())
    for same in (by_hand, plot_wct(result, **offscreen())):
        assert_outlined_alike(plot, same)


def offscreen():
    return {"ax": offscreen_axes()}


def assert_outlined_alike(plot, other):
    lines, others = plot.contour.allsegs[0], other.contour.allsegs[0]
    assert len(lines) == len(others) > 0
    for one, same in zip(lines, others, strict=True):
        np.testing.assert_allclose(one, same, rtol=1e-12)


def test_picture_of_the_null_of_scales_is_that_of_the_bare_tuple(result):
    former = result.plot(null="scale", **offscreen())
    assert_outlined_alike(former, plot_wct(*result, result.times, **offscreen()))
    assert "distort the result." in " ".join(former.caption.get_text().split())
    allowed = " ".join(plot_wct(result, **offscreen()).caption.get_text().split())
    assert "the ends of the record distort the result; the outline allows for it." in allowed
    mask = result.significant(correction="fdr", null="scale")
    corrected = result.plot(correction="fdr", null="scale", **offscreen())
    by_hand = plot_wct(*result, result.times, significant=mask, **offscreen())
    assert_outlined_alike(corrected, by_hand)


def test_plot_wct_takes_times_after_a_result_and_options_of_its_plot(result):
    times = 1900 + np.arange(200)
    plot = plot_wct(result, times, level=0.8, **offscreen())
    assert plot.axes.get_xlim() == (1899.5, 2099.5)
    assert_outlined_alike(plot, result.plot(times, level=0.8, **offscreen()))
    for incomplete in (result.WCT, tuple(result)):
        with pytest.raises(TypeError, match="`aWCT`, `coi`, `freq` must be given"):
            plot_wct(incomplete)


def test_picture_of_rising_frequencies_is_that_of_falling_ones(pair):
    freqs = 1 / np.geomspace(2, 60, 12)
    falling, rising = (wct(*pair, 0.5, freqs=f, **OPTIONS) for f in (freqs, freqs[::-1]))
    assert_outlined_alike(falling.plot(**offscreen()), rising.plot(**offscreen()))
    one, other = (r.plot(correction="fdr", **offscreen()) for r in (falling, rising))
    assert_outlined_alike(one, other)


def test_levels_of_points_are_drawn_over_all_periods_and_times(result):
    plot = result.null_field.plot(period_unit="days", **offscreen())
    assert plot.axes.get_xlabel() == "Time (days)"
    assert plot.axes.get_xlim() == (-0.25, 99.75)
    drawn = np.asarray(plot.mesh.get_array())
    np.testing.assert_allclose(drawn, result.null_field.quantile(0.95))
    assert 0.1 > drawn.min() - plot.mesh.get_clim()[0] > 0
    assert plot.caption is plot.arrows is plot.contour is None


def test_what_would_have_to_be_simulated_is_left_out_by_default(pair):
    result = wct(*pair, 0.5, 1 / 2, wavelet="dog", **OPTIONS)
    assert result.default_null == "scale"
    assert_outlined_alike(result.plot(**offscreen()), result.plot(null="scale", **offscreen()))
    assert str(result.summary()) == str(result.summary(null="scale"))
    result._repr_html_()
    assert result._field is None
    grid = {"dt": 0.5, "dj": 1 / 2, "s0": result.scales[0], "J": len(result.scales) - 1}
    field = wct_null_field(
        *result.provenance["coefficients"], **grid, n=200, wavelet="dog", **OPTIONS
    )
    told = result.with_null_field(field)
    assert told.default_null == "point"
    np.testing.assert_array_equal(told.pvalues(), field.pvalue(result.WCT))
    with pytest.raises(ValueError, match="`field` must be that of"):
        wct(*pair, 0.5, wavelet="dog", **OPTIONS).with_null_field(field)


def test_a_null_of_the_user_is_what_points_are_compared_with(result):
    fields, facts = result[:4], {"scales": result.scales, "dt": result.dt}
    own = CoherenceResult(*fields, result.sig, null=result.null, **facts)
    assert own.default_null == "scale"
    np.testing.assert_array_equal(own.pvalues(), result.pvalues("scale"))
    np.testing.assert_array_equal(own.significant(), result.significant(null="scale"))
    with pytest.raises(ValueError, match="`null` must be 'scale' for a null distribution of your"):
        own.pvalues("point")


def test_summary_is_of_the_null_of_points(result):
    share = result.significant()[result.outside()].mean()
    assert result.summary().share == pytest.approx(share)
    former = result.significant(null="scale")[result.outside()].mean()
    assert result.summary(null="scale").share == pytest.approx(former) != pytest.approx(share)


def test_result_draws_itself_at_another_level_or_corrected(result):
    def area(plot):
        return sum(path.get_extents().height for path in plot.contour.get_paths())

    loose, strict = (result.plot(level=p, ax=offscreen_axes()) for p in (0.8, 0.99))
    assert area(strict) < area(loose)
    assert "Outlined: 1 % significance level against red noise." in strict.caption.get_text()
    corrected = result.plot(np.arange(200), correction="fdr", ax=offscreen_axes())
    text = " ".join(corrected.caption.get_text().split())
    assert "Outlined: significant against red noise at a false discovery rate of 5 %." in text
    mask = result.significant(correction="fdr")
    _, periods = np.concatenate(corrected.contour.allsegs[0]).T
    found = result.periods[mask.any(axis=1)]
    assert found[0] / 1.2 < periods.min() < periods.max() < found[-1] * 1.2


def test_result_does_not_call_a_mask_of_the_user_a_level(result):
    mask = result.significant(correction="fdr")
    words = result.plot(significant=mask, ax=offscreen_axes()).caption.get_text()
    assert "Outlined: what is significant." in " ".join(words.split())
    named = result.plot(significant=mask, level_label="my choice", ax=offscreen_axes())
    assert "Outlined: my choice." in " ".join(named.caption.get_text().split())


def test_corrected_outline_is_through_levels_that_the_correction_amounts_to(result):
    mask = result.significant(correction="fdr")
    levels = result._outline(None, "fdr", "point")["sig"]
    assert mask.any()
    assert np.mean((levels <= result.WCT) != mask) < 1e-3  # but for rounding of the quantile
    silent = result._replace(WCT=0 * result.WCT)
    plot = silent.plot(correction="fdr", ax=offscreen_axes())
    assert plot.contour is None
    words = plot.caption.get_text().replace("\n", " ")
    assert "at a false discovery rate of 5 %; nothing was found." in words


def test_unknown_option_of_a_picture_names_the_one_that_is_meant(result):
    with pytest.raises(TypeError, match=r"keyword argument 'name'\. Did you mean 'names'\?"):
        result.plot(name=("rain", "flow"), ax=offscreen_axes())


def test_result_without_null_draws_no_level_and_refuses_to_make_one(pair):
    result = wct(*pair, 0.5, 1 / 4, sig=False)
    assert result.plot(ax=offscreen_axes()).contour is None
    with pytest.raises(ValueError, match="`sig` must be True"):
        result.plot(level=0.9, ax=offscreen_axes())
    with pytest.raises(ValueError, match="`sig` must be True"):
        result.plot(correction="fdr", ax=offscreen_axes())
