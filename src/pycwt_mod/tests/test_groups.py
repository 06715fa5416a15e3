"""Partial and multiple coherence: identities, what series may be, errors, results."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from pycwt_mod import CoherenceResult, load, mwct, pwct, wavelet, wct
from pycwt_mod.montecarlo.options import SimulationOptions
from pycwt_mod.null_fields import null_field_of
from pycwt_mod.plotting import offscreen_axes, plot_wct
from pycwt_mod.statistic import partial

# dt, and spacing and number of scales: some 3 to the octave suffice here.
GRID = {"dt": 0.5, "dj": 1 / 3, "J": 15}
OPTIONS = {"mc_count": 48, "rng_seed": 1, "progress": False, "cache": False}
PLAIN = {**GRID, "sig": False}
N = 160

# Spectra are rounded to 1e-15 of their largest value at a scale, quotients of small ones to this.
ROUNDING = {"rtol": 1e-8, "atol": 1e-9}


def noise(n_series, seed=0, n=N):
    """Red noise in which each series has something of all others."""
    rng = np.random.default_rng(seed)
    series = rng.normal(size=(n_series, n)).cumsum(axis=1) * 0.3 + rng.normal(size=(n_series, n))
    return series + 0.5 * series.mean(axis=0)


def spectral_matrix(series):
    """S_ab at each point, from the spectra that `wct` gives of each pair."""
    S = np.empty((16, N, len(series), len(series)), dtype=complex)
    for b in range(len(series)):
        for a in range(b):
            found = wct(series[a], series[b], **PLAIN, spectra=True).spectra
            S[..., a, a], S[..., b, b] = found.S1, found.S2
            S[..., a, b], S[..., b, a] = found.S12, found.S12.conj()
    return S


def with_removed(S, kept):
    """C = S_ab - S_aZ inv(S_ZZ) S_Zb of the first `kept` series, all others removed."""
    own, across, rest = S[..., :kept, :kept], S[..., :kept, kept:], S[..., kept:, kept:]
    return own - across @ np.linalg.solve(rest, across.conj().swapaxes(-1, -2))


@pytest.mark.parametrize("n_removed", [1, 2, 3])
def test_partial_coherence_and_phase_are_those_of_the_definition(n_removed):
    y, x, *z = noise(2 + n_removed)
    found = pwct(y, x, z, **PLAIN)
    C = with_removed(spectral_matrix([y, x, *z]), 2)
    expected = np.abs(C[..., 0, 1]) ** 2 / (C[..., 0, 0] * C[..., 1, 1]).real
    np.testing.assert_allclose(found.WCT, expected, **ROUNDING)
    np.testing.assert_allclose(np.exp(1j * found.aWCT), np.exp(1j * np.angle(C[..., 0, 1])), 1e-6)


@pytest.mark.parametrize("n_predictors", [2, 3, 4])
def test_multiple_coherence_is_that_of_the_definition(n_predictors):
    y, *X = noise(1 + n_predictors)
    found = mwct(y, X, **PLAIN)
    S = spectral_matrix([y, *X])
    expected = 1 - (with_removed(S, 1)[..., 0, 0] / S[..., 0, 0]).real
    np.testing.assert_allclose(found.WCT, expected, **ROUNDING)
    assert np.isnan(found.aWCT).all()


def test_one_predictor_gives_what_wct_gives_levels_included():
    y, x = noise(2)
    pair, one = wct(y, x, **GRID, **OPTIONS), mwct(y, x, **GRID, **OPTIONS)
    np.testing.assert_allclose(one.WCT, pair.WCT, **ROUNDING)
    np.testing.assert_allclose(one.sig, pair.sig, atol=2e-3)  # bins of 0.001
    assert one.provenance["coefficients"] == pair.provenance["coefficients"]


def test_predictors_explain_one_after_the_other():
    y, a, b = noise(3)
    both, first, rest = mwct(y, [a, b], **PLAIN), wct(y, a, **PLAIN), pwct(y, b, a, **PLAIN)
    np.testing.assert_allclose(1 - both.WCT, (1 - first.WCT) * (1 - rest.WCT), **ROUNDING)


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1), st.floats(-3, 3), st.floats(0.2, 3), st.floats(-1e3, 1e3))
def test_multiple_coherence_does_not_depend_on_how_predictors_are_mixed(seed, mix, unit, offset):
    y, a, b = noise(3, seed)
    mixed = mwct(y, [unit * b + mix * a, a + offset], **PLAIN)
    np.testing.assert_allclose(mixed.WCT, mwct(y, [a, b], **PLAIN).WCT, rtol=1e-6, atol=1e-8)


@pytest.mark.filterwarnings("ignore:The coherence is defined nowhere")
@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1e-15, 1e-12, 1e-9, 1e-6]), st.booleans())
def test_coherence_stays_within_0_and_1_where_predictors_nearly_depend_on_each_other(
    seed, apart, silent
):
    y, x, a, b = noise(4, seed)
    if silent:  # for half of the record
        a[: N // 2] = 0
    nearly = 2 * a - b + apart * noise(1, seed + 1)[0]
    for found in (mwct(y, [a, b, nearly], **PLAIN), pwct(y, x, [a, b, nearly], **PLAIN)):
        known = found.WCT[np.isfinite(found.WCT)]
        assert ((known >= 0) & (known <= 1)).all()
    assert apart or not known.size  # a combination of others leaves no coherence


def test_positive_phase_means_that_the_second_series_lags():
    wave, other = np.random.default_rng(3).normal(size=(2, N + 2))
    y, x, z = wave[2:] + other[2:], wave[:-2] + other[2:], other[2:]
    found = pwct(y, x, z, **PLAIN)  # x follows by two samples, one unit of time
    assert found.lag(2, 8).lag == pytest.approx(1, abs=0.3)
    smooth = wct(wave[2:], wave[:-2], **PLAIN, spectra=True).spectra.phase
    apart = np.abs(np.angle(np.exp(1j * (found.aWCT - smooth))))
    assert apart[found.outside()].mean() < 0.3


FORMS = {
    "array": lambda rows: np.stack(rows),
    "tuple": tuple,
    "frame": lambda rows: pd.DataFrame({"a": rows[0], "b": rows[1]}),
    "rows of xarray": lambda rows: xr.DataArray(np.stack(rows), dims=("station", "time")),
    "columns of xarray": lambda rows: xr.DataArray(np.stack(rows).T, dims=("time", "station")),
    "masked": lambda rows: np.ma.masked_invalid(np.stack(rows)),
}


@pytest.mark.parametrize("form", FORMS)
def test_predictors_may_be_a_list_or_a_table(form):
    y, x, *rows = noise(4)
    table = FORMS[form](rows)
    np.testing.assert_array_equal(mwct(y, table, **PLAIN).WCT, mwct(y, rows, **PLAIN).WCT)
    expected = pwct(y, x, rows, **PLAIN)
    np.testing.assert_array_equal(pwct(y, x, table, **PLAIN).WCT, expected.WCT)
    turned = pwct(y, x, rows[::-1], **PLAIN)
    np.testing.assert_allclose(turned.WCT, expected.WCT, **ROUNDING)


def test_names_times_and_unit_are_those_of_the_series():
    months = pd.date_range("1990-01-01", periods=N, freq="MS")
    y, x, a, b = noise(4)
    flow, table = pd.Series(y, months, name="flow"), pd.DataFrame({"rain": a, "melt": b}, months)
    found = mwct(flow, table, sig=False)
    assert (found.names, found.unit, found.dt) == (("flow", "rain", "melt"), "years", 1 / 12)
    np.testing.assert_array_equal(found.times, months.to_numpy())
    assert "of flow with rain and melt:" in repr(found)
    found = pwct(flow, x, [a, table["melt"]], sig=False)
    assert found.names == ("flow", "x", "z1", "melt")
    stations = xr.DataArray(
        np.stack([a, b]), {"station": ["Ulm", "Wien"], "time": months}, ("station", "time")
    )
    assert mwct(flow, stations, sig=False).names == ("flow", "Ulm", "Wien")
    assert pwct(y, x, a, 1.0, sig=False).names == ("y", "x", "z")
    assert mwct(y, [a, b], 1.0, sig=False).names == ("y", "x1", "x2")


def test_given_coefficients_stand_in_place_of_estimates():
    y, a, b = noise(3)
    found = mwct(y, [a, b], **GRID, **OPTIONS, al=[0.1, None, 0.3])
    estimated = mwct(y, [a, b], **GRID, **OPTIONS).provenance["coefficients"]
    assert found.provenance["coefficients"] == [0.1, estimated[1], 0.3]


LATER = pd.date_range("2001-01-01", periods=N) + pd.Timedelta("40D")
SAME = "must be another series than `{}`, got the same one"
WRONG = {
    "no series": (ValueError, "`z` must be one series or more, got none", []),
    "no row": (ValueError, "`z` must be one series or more, got none", np.empty((0, N))),
    "no column": (ValueError, "`z` must be one series or more, got none", pd.DataFrame()),
    "a number": (ValueError, "`z` must be one-dimensional.*swapped", 1.0),
    "text": (TypeError, r"`z\[1\]` must be a series of numbers", [noise(1)[0], ["a"] * N]),
    "turned": (ValueError, r"got 160 series of 2 samples. Pass `z.T`", noise(2, 9).T),
    "turned frame": (ValueError, "Pass `z.T`", pd.DataFrame(noise(2, 9))),
    "3 axes": (ValueError, r"`z\[0\]` must be one-dimensional", np.ones((2, 3, 4))),
    "short": (ValueError, r"`y` and `z\[1\]` must have the same length", [*noise(1, 9), range(9)]),
    "constant": (ValueError, r"`z\[0\]` must vary", [np.ones(N), noise(1, 9)[0]]),
    "gaps": (ValueError, r"`z\['b'\]` must be finite", pd.DataFrame({"b": [np.nan] * N})),
    "the response": (ValueError, f"`z` {SAME.format('y')}", noise(2)[0]),
    "the predictor": (ValueError, f"`z` {SAME.format('x')}", 1e-9 * noise(2)[1] - 1e-6),
    "twice": (ValueError, SAME.format("z.0."), [*noise(1, 9), *(1e4 - 3 * noise(1, 9))]),
    "other times": (ValueError, "`y` and `z` must have the same index", pd.Series(1.0, LATER)),
    "other times of a table": (
        ValueError,
        "must have the same index.*`y, z = y.align.z, join=.inner., axis=0.`",
        pd.DataFrame(noise(2, 9).T, LATER),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_removed_is_told(case):
    kind, message, z = WRONG[case]
    y, x = noise(2)
    if "times" in case:
        y = pd.Series(y, pd.date_range("2001-01-01", periods=N))
    with pytest.raises(kind, match=message):
        pwct(y, x, z, None if "times" in case else 1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"al": [0.1, 0.2]}, r"`al` must have a number, or None, for each of y, X\[0\], X\[1\]"),
        ({"al": 0.1}, "`al` must be a number for each series, got 0.1"),
        ({"al": [0, 0, 1.5]}, r"`al\[2\]` must lie strictly between -1 and 1"),
        ({"al1": 0.1}, "Use `al`, a number for each series"),
        ({"noise": "legacy"}, "`noise` must not be 'legacy' for more than two series"),
        ({"dt": None}, "`dt` must be a real number, got None"),
    ],
)
def test_options_that_groups_do_not_have_are_told(options, message):
    y, *X = noise(3)
    with pytest.raises((TypeError, ValueError), match=message):
        mwct(y, X, **{**GRID, **options})


# --- results ---


@pytest.fixture(scope="module", params=["partial", "multiple"])
def result(request):
    y, a, b = noise(3)
    if request.param == "partial":
        return pwct(y, a, b, **GRID, **OPTIONS)
    return mwct(y, [a, b], **GRID, **OPTIONS)


def test_results_judge_points_by_scale_and_by_place(result):
    assert isinstance(result, CoherenceResult)
    WCT, _, coi, freqs, sig = result
    np.testing.assert_array_equal(sig, result.null.quantile(0.95))
    assert WCT.shape == (freqs.size, coi.size)
    far = np.abs(WCT - sig[:, np.newaxis]) > 0.01
    found = result.significant(null="scale")
    np.testing.assert_array_equal(found[far], (result.pvalues("scale") < 0.05)[far])
    field = result.null_field
    assert result.null_field is field
    assert result.default_null == "point"
    assert field.provenance["method"] == "analytic"
    np.testing.assert_array_equal(result.pvalues(), field.pvalue(WCT))
    # At the ends of the record unrelated series are more coherent.
    assert field.quantile(0.95)[3, 0] > field.quantile(0.95)[3, N // 2]
    assert result.significant(correction="fdr").sum() <= result.significant().sum()


LEVEL_ERROR = 0.01  # of 1000 surrogates: their standard error is 0.004


@pytest.mark.heavy
@pytest.mark.parametrize("function", [pwct, mwct])
def test_levels_in_closed_form_are_those_of_simulation(function):
    series = noise(4)
    given = (series[0], series[1], series[2:]) if function is pwct else (series[0], series[1:])
    al = [0.2, 0.7, 0.5, 0.5]
    closed, simulated = (
        function(*given, **GRID, al=al, **{**OPTIONS, **own}).sig
        for own in ({"method": "analytic"}, {"mc_count": 1000})
    )
    np.testing.assert_allclose(closed, simulated, atol=LEVEL_ERROR)


FIELD_ERROR = 0.03  # of 1000 records at most, near the ends of large scales; their mean error below
MEAN_FIELD_ERROR = 0.009


@pytest.mark.heavy
def test_null_field_in_closed_form_is_that_of_simulation():
    y, x, z = noise(3)
    result = pwct(y, x, z, **GRID, al=[0.2, 0.7, 0.5], **OPTIONS)
    options = SimulationOptions(mc_count=1000, rng_seed=2, progress=False, cache=False)
    simulated = null_field_of(
        result._geometry()[0], (0.2, 0.7, 0.5), options, centred=True, simulate=True,
        statistic=partial(1),
    )  # fmt: skip
    error = np.abs(result.null_field.quantile(0.95) - simulated.quantile(0.95))
    assert error.max() < FIELD_ERROR
    assert error.mean() < MEAN_FIELD_ERROR


def test_results_are_kept_in_files(result, tmp_path):
    result.save(tmp_path / "result.npz")
    kept = load(tmp_path / "result.npz")
    assert type(kept) is type(result)
    assert (kept.names, kept.provenance) == (result.names, result.provenance)
    np.testing.assert_array_equal(kept.pvalues("scale"), result.pvalues("scale"))
    np.testing.assert_array_equal(kept.series, result.series)
    dataset = result.to_xarray()
    assert dataset.attrs["kind"] == type(result).__name__
    assert json.loads(dataset.attrs["provenance"])["function"] == result.FUNCTION
    assert dataset["WCT"].attrs["long_name"] == result.QUANTITY
    assert ("aWCT" in dataset) == ("aWCT" in result.to_dataframe()) == (result.FUNCTION == "pwct")


def test_multiple_coherence_has_no_arrows_and_no_phases():
    y, a, b = noise(3)
    result = mwct(y + 2 * a + 2 * b, [a, b], **GRID, **OPTIONS)
    drawn = (result.plot(null="scale", ax=offscreen_axes()), plot_wct(*result, ax=offscreen_axes()))
    for plot in drawn:
        assert plot.arrows is None
        assert plot.contour is not None
    caption = " ".join(drawn[0].caption.get_text().split())
    assert "squared multiple wavelet coherence of y with x1 and x2. Outlined" in caption
    assert "Arrows" not in caption
    summary = result.summary(null="scale")
    assert summary.share > 0.5
    assert "phase" not in str(summary)
    assert "mean R2" in str(summary)
    with pytest.raises(TypeError, match="`lag` must be called on the result of `wct` or `pwct`"):
        result.lag()


def test_partial_coherence_is_drawn_and_told_by_its_names():
    y, x, z = noise(3)
    result = pwct(y, x, z, **GRID, **OPTIONS)
    names = ("flow", "rain", "snow")
    plot = result.plot(names=names, null="scale", ax=offscreen_axes(), arrow_level=0.1)
    caption = " ".join(plot.caption.get_text().split())
    assert "partial wavelet coherence of flow and rain without snow." in caption
    assert "flow leads rain by 90°" in caption.replace("\N{NO-BREAK SPACE}", " ")
    assert result.summary(null="scale").names == ("y", "x")


def test_unrelated_series_have_no_steady_partial_phase():
    # Smoothing leaves fewer independent phases than cycles.
    evidence = [
        pwct(*noise_without_relation, **PLAIN).lag(2, 8).pvalue
        for noise_without_relation in np.random.default_rng(8).normal(size=(60, 3, N))
    ]
    # Of 60 at 5 %, more than eight with a probability of 0.4 %.
    assert sum(p < 0.05 for p in evidence) <= 8


def test_tests_that_are_of_two_series_say_so(result):
    with pytest.raises(ValueError, match=f"`given` must be left out for .*`{result.FUNCTION}`"):
        result.pvalues(given="y")
    with pytest.raises(TypeError, match="`mean_over_time` must be called on the result of `wct`"):
        result.mean_over_time()
    with pytest.raises(ValueError, match="`sig` must be True in the call of `mwct`"):
        mwct(*noise(2), **PLAIN).pvalues()


def test_groups_do_not_take_a_replaced_level_of_pairs(monkeypatch):
    monkeypatch.setattr(wavelet, "wct_significance", lambda *_, **__: np.full(16, 0.5))
    y, *X = noise(3)
    assert (mwct(y, X, **GRID, **OPTIONS).sig[:9] > 0.6).all()


def test_series_that_is_the_sum_of_others_is_told_in_the_summary():
    a, b = noise(2)
    summary = mwct(a + b, [a, b], **GRID, **OPTIONS).summary(null="scale")
    assert "the series is a sum of multiples of the others" in " ".join(str(summary).split())


def test_predictors_that_depend_on_each_other_are_told_in_the_summary():
    y, a, b = noise(3)
    with pytest.warns(UserWarning, match="The coherence is defined nowhere"):
        result = mwct(y, [a, b, a + b], **PLAIN)
    assert np.isnan(result.WCT).all()
    assert "R2 is not defined anywhere: a series is a sum of" in " ".join(
        str(result.summary()).split()
    )
