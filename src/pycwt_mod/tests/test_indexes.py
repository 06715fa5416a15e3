"""What an index of pandas or xarray tells: even or not, the step, the unit, the name."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from pycwt_mod import significance, wct, xwt
from pycwt_mod.indexes import common_axes, index_axis, sampling_of


def indexed(labels):
    return pd.Series(np.arange(len(labels), dtype=float), index=labels)


def as_array(labels):
    return xr.DataArray(
        np.arange(len(labels), dtype=float), {"time": labels.rename("time")}, "time"
    )


def parsed(labels):
    """The labels as they come from a file, without a frequency."""
    return pd.DatetimeIndex(list(labels))


def compare(one, two):
    return common_axes({"y1": one, "y2": two})


LIBRARIES = {"pandas": indexed, "xarray": as_array}


@pytest.fixture(params=LIBRARIES)
def labelled(request):
    """A function that gives labels to a series."""
    return LIBRARIES[request.param]


DAYS = pd.date_range("2001-01-01", periods=400)
MIDDLES = pd.date_range("2001-01-01", periods=60, freq="MS") + pd.Timedelta("14D")
HOURS = pd.date_range("2001-03-01", periods=900, freq="h", tz="Europe/Berlin")
EVEN = {
    "days with frequency": DAYS,
    "seconds": parsed(DAYS).as_unit("s"),
    "middles of months": parsed(MIDDLES),
    "local hours": parsed(HOURS),
    "local days": parsed(pd.date_range("2001-03-01", periods=90, tz="Europe/Berlin")),
    "rounded": pd.DatetimeIndex((np.arange(500) / 3 * 1000).round().astype("datetime64[ms]")),
    "two": pd.DatetimeIndex(["2001-01-01", "2005-01-01"]),
    "a calendar": pd.date_range("2001-01-01", periods=60, freq=pd.offsets.CDay(holidays=[DAYS[3]])),
    "periods": pd.period_range("2001-01", periods=60, freq="M"),
    "periods before those of pandas": pd.period_range("0850", periods=60, freq="Y"),
    "dates of pyarrow": pd.Index(DAYS, dtype="timestamp[us][pyarrow]"),
    "dates of Python": pd.Index([day.date() for day in DAYS]),
    "durations": pd.timedelta_range("0h", periods=60, freq="6h"),
    "numbers": pd.Index(1958 + np.arange(60) / 12),
    "rounded numbers": pd.Index(np.round(1958 + np.arange(60) / 12, 2)),
    "years": pd.Index(np.arange(1871, 1997), name="year"),
}
UNEVEN = {
    "days": (DAYS.delete(100), "from 2001-04-10 to 2001-04-12", 'resample."D".* for daily'),
    "months": (
        MIDDLES.delete(7),
        "from 2001-07-15 to 2001-09-15.*2001-08 is",
        'resample."MS".* for mont',
    ),
    "business days": (
        parsed(pd.bdate_range("2001-01-01", periods=99)).delete(51),
        "from 2001-03-12 to 2001-03-14",
        'resample."B".* for business-day values',
    ),
    "hours": (
        HOURS.delete(5),
        "from 2001-03-01 04:00 to 2001-03-01 06:00",
        'resample."h".* for hourly',
    ),
    "numbers": (
        pd.Index([0.0, 0.5, 1.0, 2.0]),
        "from 1 to 2, 2 times the usual",
        "interp|np.interp",
    ),
    "random numbers": (
        pd.Index(np.sort(np.random.default_rng(0).uniform(0, 99, 100))),
        "from [0-9.]* to ",
        "",
    ),
    "years": (pd.Index([1990, 1991, 1993], name="year"), "from 1991 to 1993", "reindex"),
    "durations": (pd.to_timedelta([0, 1, 2, 5], "D"), "from 2 to 5, 3 times", ""),
    "any": (
        pd.DatetimeIndex(["2001-01-01", "2001-02-28", "2001-03-01", "2001-04-10"]),
        "from 2001-01-01 to 2001-02-28",
        "resample",
    ),
}


ROWS = {
    "row numbers": pd.RangeIndex(60),
    "rows of one station of two": pd.Index(np.arange(1, 120, 2)),
    "rows in another order": pd.Index(np.arange(60)[::-1]),
    "rows of some stations": pd.Index([3, 9, 11, 20, 21, 40]),
    "words": pd.Index(list("abcdef")),
}
# xarray knows no time zones and no periods.
OF_PANDAS = ("local", "periods", "dates of pyarrow")


@pytest.mark.parametrize("kind", EVEN)
def test_index_that_is_even_tells_its_times(kind, labelled):
    if labelled is as_array and kind.startswith(OF_PANDAS):
        labelled = indexed
    series = labelled(EVEN[kind])
    for pair in ((series, series.copy()), (series, series.to_numpy()), ([1.0, 2.0], series)):
        assert [axis for axis in compare(*pair).values() if axis] or "before" in kind


@pytest.mark.parametrize("kind", ROWS)
def test_row_numbers_and_words_are_no_times(kind):
    series = indexed(ROWS[kind])
    assert index_axis(series, "y1") is None
    with pytest.raises(TypeError, match="`dt` must be a real number, got None"):
        sampling_of({"y1": series}, None)
    assert sampling_of({"y1": series}, 0.5) == {"names": ("x",), "dt": 0.5}


def test_dimension_without_coordinates_tells_nothing():
    series = xr.DataArray(np.ones(9), dims="time", name="rain")
    assert sampling_of({"y1": series}, 0.5) == {"names": ("rain",), "dt": 0.5}


def test_dates_left_as_text_are_told_to_be_read():
    series = indexed(pd.Index(["2001-01-01", "2001-01-02"], dtype=object))
    with pytest.raises(TypeError, match="the index of `y1` is text, read it as dates by"):
        sampling_of({"y1": series}, None)


@pytest.mark.parametrize("kind", UNEVEN)
def test_index_with_a_gap_is_refused_by_its_label_and_with_the_remedy(kind, labelled):
    labels, where, remedy = UNEVEN[kind]
    if labelled is as_array:
        labels, remedy = getattr(labels, "tz_localize", lambda _: labels)(None), ""
    message = f"`y2` must be evenly spaced, got a step {where}.*Fill.*{remedy}.*y2.to_numpy"
    with pytest.raises(ValueError, match=message):
        compare(np.ones(3), labelled(labels))


@pytest.mark.parametrize("labels", [DAYS[::-1], parsed(DAYS)[::-1], DAYS[[5, 0, 3, 1, 4, 2]]])
def test_index_out_of_order_is_told_to_be_sorted(labels):
    with pytest.raises(
        ValueError, match=r"order of time.* Sort it: `y2\.sort_index\(\)`"
    ) as caught:
        index_axis(indexed(labels), "y2")
    assert "resample" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (DAYS.insert(10, DAYS[9]), "each time once, got 2001-01-10 twice.*y2.groupby"),
        (pd.DatetimeIndex(["2001", "2002", None, "2004"]), "missing date.*y2.index.notna"),
        (pd.DatetimeIndex([None] * 4), "missing date"),
    ],
    ids=["repeated", "missing", "none known"],
)
def test_index_of_faulty_dates_is_refused_with_the_remedy(labels, message):
    with pytest.raises(ValueError, match=message):
        index_axis(indexed(labels), "y2")


@pytest.mark.parametrize("kind", [*UNEVEN, "repeated", "out of order", "missing"])
def test_remedy_of_a_message_mends_it(kind, labelled):
    more = {
        "repeated": DAYS.insert(10, DAYS[9]),
        "out of order": DAYS[::-1],
        "missing": parsed([*DAYS, pd.NaT]),
    }
    labels = UNEVEN[kind][0] if kind in UNEVEN else more[kind]
    if labelled is as_array and getattr(labels, "tz", None):
        labels = labels.tz_localize(None)
    with pytest.raises(ValueError, match="`y2`") as caught:
        index_axis(labelled(labels), "y2")
    code = str(caught.value).split("`")[3]
    if code in ("numpy.interp", "y2.interp"):  # no expression for durations
        return
    mended = eval(code, {"y2": labelled(labels), "np": np})
    assert np.isfinite(np.asarray(mended)).all()
    # NumPy's function gives bare values.
    assert isinstance(mended, np.ndarray) or index_axis(mended, "y2") is not None


def test_rows_that_dropna_left_out_are_a_gap():
    series = indexed(pd.RangeIndex(60)).where(lambda y: y % 17 != 3).dropna()
    with pytest.raises(ValueError, match=r"step from 2 to 4, 2 times .*y2\.reindex\(range"):
        index_axis(series, "y2")
    assert index_axis(series.reset_index(drop=True), "y2") is None


def test_xarray_series_at_different_coordinates_are_told_to_be_aligned():
    one, two = as_array(DAYS), as_array(DAYS[5:])
    with pytest.raises(
        ValueError, match=r"must have the same index.*`y1, y2 = xr\.align"
    ) as caught:
        compare(one, two)
    names = {"y1": one, "y2": two, "xr": xr}
    exec(str(caught.value).split("`")[-2], names)
    assert compare(names["y1"], names["y2"])["y2"].times.size == 395


def test_series_of_two_libraries_are_compared_too():
    one, two = indexed(DAYS), as_array(DAYS[5:])
    assert compare(one, as_array(DAYS))["y1"].dt == 1
    with pytest.raises(ValueError, match=r"`y1, y2 = y1\.align\(y2\.to_series") as caught:
        compare(one, two)
    names = {"y1": one, "y2": two}
    exec(str(caught.value).split("`")[-2], names)
    assert compare(names["y1"], names["y2"])["y2"].times.size == 395


def test_numbers_are_the_same_to_rounding_error(labelled):
    times = 0.1 * np.arange(50)
    compare(labelled(pd.Index(times)), labelled(pd.Index(np.cumsum([0.0, *[0.1] * 49]))))
    with pytest.raises(ValueError, match="must have the same index"):
        compare(labelled(pd.Index(times)), labelled(pd.Index(times + 0.01)))


@pytest.mark.parametrize(
    ("labels", "dt", "times", "unit"),
    [
        (pd.Index([1.0, 1.5, 2.0]), 0.5, [1.0, 1.5, 2.0], ""),
        (pd.Index([8.0, 12.0, 16.0]), 0.004, [0.008, 0.012, 0.016], None),  # milliseconds
        (pd.Index([1990, 1991, 1992], name="year"), 1, [1990, 1991, 1992], "years"),
        (pd.Index([1990, 1991, 1992], name="sample"), 0.1, None, None),
        (pd.timedelta_range("1D", periods=3), 24, [24.0, 48.0, 72.0], "hours"),
        (DAYS[:3], 24, DAYS[:3].to_numpy(), "hours"),
    ],
)
def test_given_dt_makes_times_of_the_index_fit(labels, dt, times, unit):
    facts = sampling_of({"y1": indexed(labels)}, dt)
    assert facts.get("unit") == unit
    assert ("times" in facts) == (times is not None)
    if times is not None:
        dates = np.asarray(times).dtype.kind == "M"
        same = np.testing.assert_array_equal if dates else np.testing.assert_allclose
        same(facts["times"], times)


@pytest.mark.parametrize("labels", [DAYS, pd.Index(0.25 * np.arange(40))])
def test_given_dt_that_is_no_step_of_the_index_is_a_warning(labels, labelled):
    with pytest.warns(UserWarning, match="`dt` must be the step of the index of `y1`, .* got 0.3"):
        facts = sampling_of({"y1": labelled(labels)}, 0.3)
    assert facts["dt"] == 0.3
    assert "unit" not in facts


def test_unit_of_numbers_is_that_of_the_coordinate():
    series = as_array(pd.Index([0.0, 6.0, 12.0]))
    series["time"].attrs["units"] = "hours since 1990-01-01"
    assert sampling_of({"y1": series}, None)["unit"] == "hours"


@pytest.mark.parametrize("calendar", ["noleap", "360_day", "standard"])
@pytest.mark.parametrize(
    ("freq", "dt", "unit"), [("D", 1, "days"), ("MS", 1 / 12, "years"), ("YS", 1, "years")]
)
def test_dates_of_climate_models_are_even_in_their_own_calendar(calendar, freq, dt, unit):
    pytest.importorskip("cftime")
    dates = xr.date_range("2000-01-01", periods=900, freq=freq, calendar=calendar, use_cftime=True)
    series = as_array(dates)
    axis = index_axis(series, "y1")
    assert (axis.times.size, axis.dt, axis.unit) == (900, pytest.approx(dt), unit)
    with pytest.raises(ValueError, match="`y1` must be evenly spaced"):
        index_axis(series.drop_sel(time=dates[50]), "y1")


@pytest.mark.parametrize(
    ("labels", "span"),
    [
        (DAYS[1:], r"2001-01-02 to 2002-02-04 \(399 labels\)"),
        (DAYS[:1], r"2001-01-01 to 2001-01-01 \(1 label\)"),
        (DAYS + pd.Timedelta("12h"), r"2001-01-01 12:00:00 to .* \(400 labels\)"),
        (pd.RangeIndex(400), r"0 to 399 \(400 labels\)"),
        (DAYS[:0], "no labels"),
    ],
    ids=["later", "one", "noon", "numbers", "none"],
)
def test_indexes_that_differ_are_refused_with_the_remedy(labels, span):
    message = (
        rf"`y1` and `y2` must have the same index, got 2001-01-01 to 2002-02-04 \(400 labels\) and "
        rf"{span}\. Keep what they share: `y1, y2 = y1.align\(y2, join=\"inner\"\)`"
    )
    with pytest.raises(ValueError, match=message):
        compare(indexed(DAYS), indexed(labels))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (pd.RangeIndex(3), pd.Index([0.0, 1.0, 2.0])),
        (parsed(DAYS), parsed(DAYS).as_unit("s")),
        (DAYS, parsed(DAYS)),
        (pd.Index(list("abc")), pd.Index(list("abc"), dtype=object)),
    ],
    ids=["numbers", "units", "frequency", "text"],
)
def test_indexes_with_the_same_labels_are_the_same(one, two):
    compare(indexed(one), indexed(two))


@pytest.mark.parametrize("every", ["30min", "h"])
def test_an_hour_that_clocks_repeat_is_told_and_not_sorted_away(every):
    utc = pd.date_range("2020-10-20", periods=400, freq=every, tz="UTC")
    local = utc.tz_convert("Europe/Berlin").tz_localize(None)
    series = pd.Series(np.random.default_rng(0).normal(size=400), local)
    with pytest.raises(ValueError, match="clocks were set back") as caught:
        wct(series, series + 1, sig=False)
    assert 'y1.tz_localize("Europe/Berlin", ambiguous="infer")' in str(caught.value)
    assert "sort_index" not in str(caught.value)
    named = series.tz_localize("Europe/Berlin", ambiguous="infer")
    assert wct(named, named**2, sig=False).dt > 0
    array = xr.DataArray(series.to_numpy(), {"time": local}, ("time",))
    with pytest.raises(ValueError, match="write the times in UTC"):
        wct(array, array + 1, sig=False)


@pytest.mark.parametrize("name", ["age", "Age (ka BP)", "ka", "age_Ma"])
def test_ages_that_fall_become_negative_and_are_not_sorted(name):
    ages = pd.Series(np.random.default_rng(0).normal(size=100), pd.RangeIndex(200, 0, -2))
    y1 = ages.rename_axis(name)
    with pytest.raises(ValueError, match=r"negative, `y1.set_axis\(-y1.index\)`") as caught:
        wct(y1, y1 + 1, sig=False)
    assert "sort" not in str(caught.value)
    past = y1.set_axis(-y1.index)
    assert wct(past, past**2, sig=False).times[0] == -200
    array = y1.to_xarray()
    with pytest.raises(ValueError, match=r"make them negative, `y1.assign_coords"):
        wct(array, array + 1, sig=False)


@pytest.mark.parametrize("name", ["depth", "make", "KA"])
def test_other_numbers_that_fall_are_sorted_or_ages(name):
    fall = pd.Series(np.arange(100.0) ** 2, pd.RangeIndex(200, 0, -2, name=name))
    with pytest.raises(ValueError, match=r"Sort it: `y1.sort_index\(\)`; or, if it has ages"):
        wct(fall, fall + 1, sig=False)


def test_arrays_of_one_name_are_called_by_the_coordinate_that_tells_them_apart():
    values = np.random.default_rng(0).normal(size=(2, 100))
    coords = {"channel": ["C1", "C2"], "lat": ("channel", [50.0, 52.5]), "time": np.arange(100.0)}
    eeg = xr.DataArray(values, coords, ("channel", "time"), name="eeg")
    one, two = eeg.sel(channel="C1"), eeg.sel(channel="C2")
    assert wct(one, two, sig=False).names == ("C1", "C2")
    assert xwt(one.drop_vars("channel"), two.drop_vars("channel")).names == ("lat=50", "lat=52.5")
    assert wct(one, two.rename("emg"), sig=False).names == ("eeg", "emg")
    assert wct(one, one**2, sig=False).names == ("eeg", "eeg")


def test_significance_which_needs_dt_does_not_say_to_leave_it_out():
    series = pd.Series(np.random.default_rng(0).normal(size=200))
    series.index = pd.date_range("2000", periods=200, freq="2D")
    with pytest.warns(UserWarning, match=r"Pass dt=2, and scales in days\.") as caught:
        significance(series, 1.0, [3.0, 6.0])
    assert "Leave `dt` out" not in str(caught[0].message)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (
            np.array(["2000-01-01", "2001-06-01T12"], "M8[ns]"),
            ("m=2000-01-01", "m=2001-06-01 12:00"),
        ),
        (np.array([48.7, 48.9], np.float32), ("m=48.7", "m=48.9")),
        (pd.MultiIndex.from_tuples([("a", 1), ("b", 1)], names=["k", "q"]), ("a", "b")),
    ],
    ids=["dates", "numbers", "levels"],
)
def test_coordinates_give_series_plain_names(values, names):
    rows = np.random.default_rng(0).standard_normal((2, 50))
    table = xr.DataArray(rows, {"m": values}, ("m", "time"), name="z")
    assert wct(table[0], table[1], 1.0, sig=False).names == names


def test_dates_in_threes_are_no_clock_set_back():
    index = pd.DatetimeIndex(np.repeat(pd.date_range("2000", periods=40).values, 3))
    series = pd.Series(np.random.default_rng(0).standard_normal(120), index)
    with pytest.raises(ValueError, match=r"Keep one value for each time: `y1.groupby\(level=0\)"):
        wct(series, series**2, sig=False)
