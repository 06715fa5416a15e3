"""The input of `wct_matrix`: series, names, sampling intervals, pairs and bands."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from pycwt_mod.matrix.table import as_bands, as_pairs, as_series_set, in_band

NAMES = ("a", "b", "c")


def frame(index, n_columns=2):
    values = np.random.default_rng(0).standard_normal((len(index), n_columns))
    return pd.DataFrame(values, index=index, columns=list("abc")[:n_columns])


@pytest.mark.parametrize(
    ("start", "freq", "dt", "unit"),
    [
        ("2000-01-01", "D", 1.0, "days"),
        ("2000-01-01", "6h", 0.25, "days"),
        ("2000-01-01", "7D", 7.0, "days"),
        ("2000-01-01", "min", 1 / 1440, "days"),
        ("2000-01-01", "250ms", 0.25, "seconds"),
        ("2000-01-03", "B", 1.0, "business days"),
        ("2000-01-01", "MS", 1 / 12, "years"),
        ("2000-01-31", "ME", 1 / 12, "years"),
        ("2000-01-01", "QS", 0.25, "years"),
        ("1900-01-01", "YS", 1.0, "years"),
    ],
)
def test_interval_comes_from_even_dates(start, freq, dt, unit):
    table = as_series_set(frame(pd.date_range(start, periods=60, freq=freq)), None, None)
    assert table.dt == pytest.approx(dt)
    assert (table.unit, table.names) == (unit, ("a", "b"))


def test_interval_comes_from_periods_and_from_zoned_dates():
    months = frame(pd.period_range("2000-01", periods=40, freq="M"))
    assert as_series_set(months, None, None).dt == pytest.approx(1 / 12)
    zoned = frame(pd.date_range("2000-01-01", periods=200, freq="D", tz="Europe/Berlin"))
    assert as_series_set(zoned, None, None).dt == 1.0


@pytest.mark.parametrize("dims", [("station", "time"), ("time", "station"), ("a", "b")])
def test_array_of_xarray_tells_names_and_times(dims):
    days = pd.date_range("2000-01-01", periods=60)
    values = np.random.default_rng(0).standard_normal((2, 60))
    array = xr.DataArray(values, {"station": ["rain", "flow"], "time": days}, ("station", "time"))
    if "time" in dims:
        array = array.transpose(*dims)
    else:
        array = array.rename(dict(zip(array.dims, dims, strict=True)))
    table = as_series_set(array, None, None)
    assert (table.names, table.dt, table.unit) == (("rain", "flow"), 1.0, "days")
    np.testing.assert_array_equal(table.values[1], values[1])
    np.testing.assert_array_equal(table.times, days)
    bare = as_series_set(xr.DataArray(values, dims=("station", "time")), 0.5, None)
    assert (bare.names, bare.dt, bare.unit) == (("0", "1"), 0.5, "")
    with pytest.raises(ValueError, match="step from 2000-01-20 to 2000-01-22"):
        as_series_set(
            array.drop_sel({array.dims[-1] if "b" in dims else "time": days[20]}), None, None
        )


def test_unit_is_that_in_which_the_given_interval_is_the_step_of_the_dates():
    table = as_series_set(frame(pd.date_range("2000-01-01", periods=60)), 24, None)
    assert (table.dt, table.unit) == (24.0, "hours")
    with pytest.warns(UserWarning, match="`dt` must be the step of the index of `data`"):
        assert as_series_set(frame(pd.date_range("2000-01-01", periods=60)), 0.3, None).unit == ""


def test_uneven_dates_are_refused_with_the_first_gap():
    dates = pd.date_range("2000-01-01", periods=60, freq="D").delete([20, 40])
    with pytest.raises(ValueError, match=r"step from 2000-01-20 to 2000-01-22"):
        as_series_set(frame(dates), None, None)
    with pytest.warns(UserWarning, match="2000-01-20 to 2000-01-22"):
        assert as_series_set(frame(dates), 1.0, None).dt == 1.0


def test_falling_dates_are_refused():
    dates = pd.date_range("2000-01-01", periods=60, freq="D")[::-1]
    with pytest.raises(ValueError, match=r"order of time.* `data\.sort_index\(\)`"):
        as_series_set(frame(dates), None, None)
    with pytest.warns(UserWarning, match=r"`data\.sort_index\(\)`"):
        as_series_set(frame(dates), 1.0, None)


def test_interval_is_needed_without_dates():
    with pytest.raises(TypeError, match="`dt`"):
        as_series_set(np.ones((2, 50)), None, None)
    with pytest.raises(TypeError, match="`dt`"):
        as_series_set(frame(range(50)), None, None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros(50), "shape"),
        (np.zeros((1, 50)), "shape"),
        ([np.zeros(5), np.zeros(6)], "shape|different lengths"),
        (np.zeros((2, 3)), "at least 4"),
        (frame(range(50), 1), "two columns"),
    ],
)
def test_what_is_no_table_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        as_series_set(data, 1.0, None)


def test_a_bad_series_is_noted_by_name_and_the_others_are_kept():
    data = np.random.default_rng(0).standard_normal((3, 50))
    data[1, 7] = np.nan
    data[2] = 4.0
    table = as_series_set(data, 1.0, NAMES)
    assert set(table.values) == {0}
    assert "`b`" in table.failures[1]
    assert "index 7" in table.failures[1]
    assert "constant" in table.failures[2]


def test_a_masked_value_is_noted():
    data = np.ma.masked_invalid(np.random.default_rng(0).standard_normal((2, 50)))
    data[1, 3] = np.ma.masked
    assert "masked" in as_series_set(data, 1.0, None).failures[1]


@pytest.mark.parametrize(
    ("names", "error"),
    [(["a"], ValueError), (["a", "a", "b"], ValueError), ("abc", TypeError), (3, TypeError)],
)
def test_wrong_names_are_refused(names, error):
    with pytest.raises(error, match="`names`"):
        as_series_set(np.random.default_rng(0).standard_normal((3, 50)), 1.0, names)


def test_pairs_go_by_number_and_by_name():
    assert as_pairs(None, NAMES) == as_pairs("all", NAMES) == ((0, 1), (0, 2), (1, 2))
    assert as_pairs([("c", "a"), (1, 2), np.array([0, 2])], NAMES) == ((2, 0), (1, 2), (0, 2))


def test_an_integer_that_is_a_name_is_that_name():
    stations = ("1207", "2", "0")
    assert as_pairs([(1207, 2)], stations) == ((0, 1),)
    assert as_pairs([(np.int64(0), 1207)], stations) == ((2, 0),)  # a name before a number
    assert as_pairs([(1, 0)], stations) == ((1, 2),)  # 1 is a number only
    with pytest.raises(ValueError, match="names of the series or numbers from 0 to 2, got 7"):
        as_pairs([(7, 0)], stations)


@pytest.mark.parametrize(
    "pairs",
    [[("a", "a")], [("a", "d")], [(0, 3)], [(-1, 0)], [(0, 1), ("a", "b")], [(0,)], [], ["ab"]],
)
def test_wrong_pairs_are_refused(pairs):
    with pytest.raises(ValueError, match="`pairs`"):
        as_pairs(pairs, NAMES)


@pytest.mark.parametrize("pairs", ["each", 5])
def test_what_is_no_list_of_pairs_is_refused(pairs):
    with pytest.raises(TypeError, match="`pairs`"):
        as_pairs(pairs, NAMES)


def test_bands_are_octaves_by_default_as_far_as_the_cone_allows():
    periods = 2 * 2 ** (np.arange(60) / 12)
    n_outside = np.where(np.arange(60) < 30, 10, 0)
    assert as_bands(None, periods, n_outside) == ((2.0, 4.0), (4.0, 8.0), (8.0, 16.0))


def test_each_period_is_in_one_octave_whatever_its_last_digit():
    periods = 2 * 2 ** (np.arange(61) / 12) * (1 + np.tile([0, 1e-14, -1e-14], 21)[:61])
    bands = as_bands(None, periods, np.ones(61, dtype=int))
    assert (sum(in_band(periods, band).astype(int) for band in bands) == 1).all()
    assert in_band(periods, bands[0]).sum() == 12


@pytest.mark.parametrize("bands", [[(8, 4)], [(200, 300)], [(0, 4)], [(2, 4, 8)], []])
def test_wrong_bands_are_refused(bands):
    with pytest.raises(ValueError, match="`bands`"):
        as_bands(bands, 2 * 2 ** (np.arange(60) / 12), np.ones(60, dtype=int))
