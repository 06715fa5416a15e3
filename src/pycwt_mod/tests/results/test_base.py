"""All results: tuples of pycwt with named fields, times and names, and a record of the call."""

import copy
import json
import pickle
import sys

import numpy as np
import pandas as pd
import pytest

from pycwt_mod import (
    CoherenceResult,
    CrossWaveletResult,
    Morlet,
    MultipleResult,
    PartialResult,
    TransformResult,
    cwt,
    wct,
    xwt,
)
from pycwt_mod.plotting import offscreen_axes
from pycwt_mod.tests.results.made import DAYS, FLOW, OPTIONS, RAIN, RESULTS, noise

FIELDS = {
    TransformResult: "W sj freqs coi fft fftfreqs",
    CrossWaveletResult: "W12 coi freqs signif",
    CoherenceResult: "WCT aWCT coi freqs sig",
    PartialResult: "WCT aWCT coi freqs sig",
    MultipleResult: "WCT aWCT coi freqs sig",
}


@pytest.fixture(params=RESULTS)
def result(request):
    return RESULTS[request.param]


def pickled(value):
    return pickle.loads(pickle.dumps(value))


def test_result_is_a_tuple_with_the_names_of_its_fields(result):
    names = FIELDS[type(result)].split()
    assert isinstance(result, tuple)
    assert len(result) == len(names)
    for name, field in zip(names, result, strict=True):
        assert getattr(result, name) is field


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])
def test_copies_have_all_fields_and_facts(result, duplicate):
    again = duplicate(result)
    assert type(again) is type(result)
    for ours, theirs in zip(result, again, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert vars(again).keys() == vars(result).keys()
    np.testing.assert_array_equal(again.times, result.times)
    assert (again.names, again.unit, again.dt) == (result.names, result.unit, result.dt)
    assert again.provenance == result.provenance


def test_result_knows_what_the_index_tells(result):
    assert result.names == ("rain", "flow", "melt")[: len(result.names)]
    assert (result.dt, result.unit) == (1.0, "days")
    np.testing.assert_array_equal(result.times, DAYS.to_numpy())
    np.testing.assert_allclose(result.periods, result.scales * Morlet(6).flambda())


def test_record_of_a_call_is_json_and_repeats_it():
    record = json.loads(json.dumps(RESULTS["wct"].provenance))
    assert record["function"] == "wct"
    assert record["simulation"]["method"] == "multirate"
    again = wct(RAIN, FLOW, **{key: record[key] for key in ("dt", "dj", "s0", "J")}, **OPTIONS)
    np.testing.assert_array_equal(again.sig, RESULTS["wct"].sig)


def test_arrays_have_no_unit_and_multiples_of_dt_for_times():
    result = xwt(noise(), noise(seed=1), 0.5)
    np.testing.assert_array_equal(result.times, 0.5 * np.arange(200))
    assert (result.unit, result.names) == ("", ("x", "y"))


@pytest.mark.parametrize(
    ("frequency", "dt", "unit"),
    [
        ("D", 1, "days"),
        ("D", 24, "hours"),
        ("MS", 1, "months"),
        ("MS", 1 / 12, "years"),
        ("7D", 1, "weeks"),
        ("h", 3600, "seconds"),
    ],
)
def test_given_dt_tells_the_unit_of_dates(frequency, dt, unit):
    index = pd.date_range("2001-01-01", periods=200, freq=frequency)
    assert cwt(noise(index), dt).unit == unit


def test_dt_must_be_given_without_dates():
    with pytest.raises(TypeError, match="`dt` must be a real number, got None: only where"):
        cwt(noise())


def test_dt_is_not_taken_from_dates_with_a_gap_or_that_differ():
    gappy = RAIN.drop(DAYS[50])
    with pytest.raises(ValueError, match="`y1` must be evenly spaced"):
        xwt(gappy, gappy)
    with pytest.raises(ValueError, match="must have the same index"):
        xwt(RAIN[:100], FLOW[100:])


def test_repr_is_one_line(result):
    text = repr(result)
    assert "\n" not in text
    assert len(text) < 200
    assert "2001-01-01 to 2001-07-19" in text
    assert "rain" in text


def test_fact_that_is_not_one_is_refused():
    with pytest.raises(TypeError, match="TransformResult has no fact 'level'"):
        TransformResult(*RESULTS["cwt"], level=0.9)


@pytest.mark.parametrize("name", ["wct", "xwt"])
def test_plot_has_the_dates_and_the_names(name):
    plot = RESULTS[name].plot(ax=offscreen_axes())
    assert plot.axes.get_ylabel() == "Period (days)"
    assert "2001" in plot.axes.xaxis.get_major_formatter().format_ticks(plot.axes.get_xticks())[0]
    assert "rain" in plot.caption.get_text()
    assert "5 % significance level" in plot.caption.get_text()
    other = RESULTS[name].plot(period_unit="hours", names=("A", "B"), ax=offscreen_axes())
    np.testing.assert_allclose(other.axes.get_ylim(), 24 * np.array(plot.axes.get_ylim()))
    assert "rain" not in other.caption.get_text()


def test_plot_of_rising_frequencies_is_that_of_falling_ones():
    falling = RESULTS["xwt"]
    rising = xwt(RAIN, FLOW, freqs=falling.freqs[::-1])
    meshes = [result.plot(ax=offscreen_axes()).mesh for result in (falling, rising)]
    np.testing.assert_allclose(*(mesh.get_array() for mesh in meshes), rtol=1e-6)


def test_plot_of_power_in_its_own_unit_says_so():
    plain = xwt(RAIN, FLOW, normalize=False).plot(ax=offscreen_axes())
    assert plain.colorbar.ax.get_ylabel() == "Cross power"


def test_summary_has_the_names_and_the_unit():
    summary = RESULTS["wct"].summary()
    assert (summary.names, summary.unit) == (("rain", "flow"), "days")


def test_findings_are_tables_of_pandas_without_columns_that_have_no_meaning():
    phases = {"phase", "phase_error", "lag", "lag_error", "relation"}
    for name in ("wct", "xwt", "pwct", "mwct"):
        summary = RESULTS[name].summary()
        table = pd.DataFrame(summary)
        pd.testing.assert_frame_equal(table, summary.to_dataframe())
        assert len(table) == len(summary.rows) > 3
        assert list(table["longest"]) == [row.periods[1] for row in summary.rows]
        assert bool(phases & set(table)) == (name != "mwct")
        if name != "xwt":
            patches = RESULTS[name].clusters(mc_count=20, rng_seed=1, progress=False).table()
            assert ({"phase", "lag_spread"} <= set(pd.DataFrame(patches))) == (name != "mwct")
            assert ("phase (deg)" in str(patches)) == (name != "mwct")


def test_dataset_has_the_fields_over_period_and_time(result):
    dataset = result.to_xarray()
    for name, field in zip(result._fields, result, strict=True):
        if name in dataset:
            np.testing.assert_array_equal(dataset[name], field)
    assert dataset[result._fields[0]].dims == ("period", "time")
    for name, values in (("scale", result.scales), ("coi", result.coi), ("time", result.times)):
        np.testing.assert_array_equal(dataset[name], values)
    assert dataset["period"].attrs["units"] == "days"
    assert json.loads(dataset.attrs["provenance"]) == result.provenance
    assert dataset.sel(time="2001-02-03", period=8, method="nearest")


def test_dataset_is_written_as_netcdf(tmp_path):
    xarray = pytest.importorskip("xarray")
    dataset = RESULTS["wct"].to_xarray()
    dataset.to_netcdf(tmp_path / "coherence.nc")
    with xarray.open_dataset(tmp_path / "coherence.nc", decode_timedelta=False) as written:
        assert written.attrs["names"] == "rain, flow"
        xarray.testing.assert_equal(written, dataset)


def test_dataset_without_a_level_has_none():
    assert "sig" in RESULTS["wct"].to_xarray()
    assert "sig" not in RESULTS["no level"].to_xarray()
    assert "sig" not in RESULTS["no level"].to_dataframe()


def test_table_has_a_row_for_each_period_and_time(result):
    table = result.to_dataframe()
    assert len(table) == result[0].size
    name = result._fields[0]
    square = table.pivot(index="period", columns="time", values=name)
    np.testing.assert_array_equal(square, result[0])
    np.testing.assert_array_equal(table["outside"], result.outside().ravel())


def test_table_has_real_numbers_for_complex_ones():
    table = RESULTS["xwt"].to_dataframe()
    np.testing.assert_allclose(table["power"] * np.exp(1j * table["phase"]), table["W12"])
    np.testing.assert_array_equal(table["signif"].unique(), RESULTS["xwt"].signif)
    np.testing.assert_allclose(
        RESULTS["cwt"].to_dataframe()["power"], np.abs(RESULTS["cwt"].W.ravel()) ** 2
    )


def test_notebook_shows_the_essentials():
    shown = RESULTS["wct"]._repr_html_()
    mask, outside = RESULTS["wct"].significant(null="scale"), RESULTS["wct"].outside()
    for words in (
        "CoherenceResult",
        "rain and flow",
        "2001-01-01 to 2001-07-19, dt = 1 days",
        "28 scales, periods 2 to 215.3 days",
        "Morlet(f0=6)",
        "20 surrogates, method multirate",
        "95 % level",
        f"{100 * mask[outside].mean():.3g} % of the area outside",
    ):
        assert words in shown
    assert "surrogates" not in RESULTS["no level"]._repr_html_()
    assert "% of the area" in RESULTS["xwt"]._repr_html_()


def test_notebook_starts_no_work_to_show_a_result():
    result = RESULTS["wct"]._replace(_field=None)
    result._repr_html_()
    assert vars(result)["_field"] is None


def test_notebook_shows_names_as_they_are():
    assert "a &lt;b&gt; c" in cwt(noise(DAYS, "a <b> c"))._repr_html_()


@pytest.mark.parametrize("library", ["pandas", "xarray"])
def test_missing_library_is_told_with_the_remedy(library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    call = getattr(RESULTS["cwt"], {"pandas": "to_dataframe", "xarray": "to_xarray"}[library])
    with pytest.raises(ImportError, match=f"pip install {library}"):
        call()
