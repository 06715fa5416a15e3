"""Evenly spaced or not, by which step, in which unit: of bare times and of pandas' indexes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycwt_mod.time_axis import UNITS, RowsError, as_time_axis, index_axis, label_of, same_index

FREQUENCIES = {
    "s": ("even steps", 1.0, "seconds"),
    "250ms": ("even steps", 0.25, "seconds"),
    "min": ("even steps", 1 / 1440, "days"),
    "6h": ("even steps", 0.25, "days"),
    "D": ("even steps", 1.0, "days"),
    "W": ("even steps", 7.0, "days"),
    "28D": ("even steps", 28.0, "days"),
    "B": ("business days", 1.0, "business days"),
    "MS": ("monthly", 1 / 12, "years"),
    "ME": ("monthly", 1 / 12, "years"),
    "BME": ("monthly", 1 / 12, "years"),
    "2MS": ("every 2 months", 1 / 6, "years"),
    "QS": ("quarterly", 0.25, "years"),
    "YE": ("yearly", 1.0, "years"),
}
dates = st.builds(
    lambda start, frequency, n: pd.date_range(start, periods=n, freq=frequency),
    st.dates(pd.Timestamp("1700-01-01").date(), pd.Timestamp("2100-01-01").date()),
    st.sampled_from(sorted(FREQUENCIES)),
    st.integers(40, 80),
)

quick = settings(max_examples=50, deadline=None, derandomize=True)


def indexed(labels):
    return pd.Series(np.arange(len(labels), dtype=float), index=labels)


def parsed(labels):
    """The labels as they come from a file, without a frequency."""
    return pd.DatetimeIndex(list(labels))


# --- times as arrays ---


@quick
@given(
    st.floats(-1e4, 1e4), st.floats(1e-3, 1e3), st.integers(2, 200), st.integers(-30, 30)
)  # whichever unit numbers are in
def test_even_numbers_have_their_step(start, dt, n, exponent):
    axis = as_time_axis((start + dt * np.arange(n)) * 2.0**exponent, "fortnights")
    assert axis.dt == pytest.approx(dt * 2.0**exponent, rel=1e-6)
    assert (axis.unit, axis.spacing) == ("fortnights", "even steps")


@quick
@given(st.integers(4, 60), st.data())
def test_gap_in_numbers_is_found_in_its_row(n, data):
    row = data.draw(st.integers(1, n - 2))
    with pytest.raises(RowsError, match=f"step from {row - 1} to {row + 1}, 2 times") as caught:
        as_time_axis(np.delete(np.arange(float(n + 1)), row))
    assert caught.value.rows == [row]


@quick
@given(st.integers(1, 3), st.data())
def test_rounded_numbers_are_even_and_their_gaps_are_found(digits, data):
    dt = data.draw(st.floats(8, 100)) * 10.0**-digits
    times = np.round(1958 + dt * np.arange(80), digits)
    assert as_time_axis(times).dt == pytest.approx(dt, rel=0.02)
    with pytest.raises(RowsError, match=r"(1\.[89]|2|2\.[0-5])\d* times the usual one") as caught:
        as_time_axis(np.delete(times, 31))
    assert 31 in caught.value.rows


@quick
@given(dates)
def test_dates_of_a_calendar_are_even(index):
    words, dt, unit = FREQUENCIES[index.freqstr.split("-")[0]]
    axis = as_time_axis(index.to_numpy())
    assert (axis.spacing, axis.unit) == (words, unit)
    assert axis.dt == pytest.approx(dt)
    days = as_time_axis(index.to_numpy(), "days").dt
    span = (index[-1] - index[0]) / pd.Timedelta("1D") / (len(index) - 1)
    assert days == pytest.approx(span, rel=0.05)


@quick
@given(dates, st.data())
def test_gap_in_dates_is_found_in_its_row(index, data):
    row = data.draw(st.integers(1, len(index) - 2))
    times = index.delete(row).to_numpy()
    with pytest.raises(
        RowsError, match=r"evenly spaced, got a step from .* times the usu"
    ) as caught:
        as_time_axis(times)
    # Week ends are told where a record has a single one.
    assert row in caught.value.rows
    if index.freqstr == "MS":
        assert f"{index[row]:%Y-%m} is missing" in str(caught.value)


@quick
@given(dates, st.sampled_from(sorted(UNITS)))
def test_step_in_one_unit_is_that_in_another(index, unit):
    times = index.to_numpy()
    ratio = as_time_axis(times, "seconds").dt / as_time_axis(times, unit).dt
    assert ratio == pytest.approx(UNITS[unit], rel=0.02)


@quick
@given(dates, st.data())
def test_order_is_checked_before_steps(index, data):
    row = data.draw(st.integers(1, len(index) - 1))
    times = index.to_numpy().copy()
    times[row] = times[row - 1]
    with pytest.raises(RowsError, match=r"must have each time once, got .* twice") as caught:
        as_time_axis(times)
    assert caught.value.rows == [row]
    with pytest.raises(RowsError, match=r"must be in the order of time, got .* after"):
        as_time_axis(index.to_numpy()[::-1])


@pytest.mark.parametrize("end", [False, True], ids=["first day", "last day"])
def test_gap_in_months_is_told_with_the_months_that_are_missing(end):
    months = np.arange("1990-01", "1995-01", dtype="datetime64[M]")
    days = np.delete((months + end).astype("datetime64[D]") - end, [25, 26, 40])
    with pytest.raises(RowsError) as caught:
        as_time_axis(days)
    expected = f"got a step from {days[24]} to {days[25]}, 3 times the usual one: "
    assert f"{expected}1992-02, 1992-03, 1993-05 are missing" in str(caught.value)
    assert caught.value.rows == [25, 38]


def test_many_missing_months_are_counted_and_not_all_named():
    months = np.delete(np.arange("1990-01", "1999-01", dtype="datetime64[M]"), range(9, 40))
    with pytest.raises(RowsError, match=r": 1990-10, .*, 1991-03 \.\.\. are missing$"):
        as_time_axis(months)


@pytest.mark.parametrize("unit", ["Y", "M", "W", "D", "h", "s", "ms", "us", "ns"])
def test_dates_of_numpy_are_taken_at_any_unit(unit):
    start = np.datetime64("1990", unit) if unit != "W" else np.datetime64("1990-01-04", "W")
    times = start + np.arange(40)
    axis = as_time_axis(times)
    assert (axis.times == times).all()
    assert axis.spacing == {"Y": "yearly", "M": "monthly"}.get(unit, "even steps")


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([1.0], "must hold at least two times"),
        (np.array(["2001", "NaT", "2003"], "datetime64[Y]"), "has a missing date"),
    ],
)
def test_times_that_are_none_are_told(times, message):
    with pytest.raises(RowsError, match=message):
        as_time_axis(np.asarray(times))


def test_unit_of_dates_must_be_known():
    with pytest.raises(RowsError, match=r"must be one of seconds, .* got 'fortnights'"):
        as_time_axis(pd.date_range("2001", periods=9).to_numpy(), "fortnights")


@pytest.mark.parametrize(
    ("time", "label"),
    [("2001-01-01", "2001-01-01"), ("2001-01-01T04:30", "2001-01-01 04:30"), (0.1, "0.1")],
)
def test_labels_are_short(time, label):
    assert label_of(np.datetime64(time, "us") if isinstance(time, str) else time) == label


# --- pandas' indexes ---

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
    "numbers": pd.Index([1.0, 2.0, 7.0]),
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
        'resample."B".* for business days',
    ),
    "hours": (
        HOURS.delete(5),
        "from 2001-03-01 04:00 to 2001-03-01 06:00",
        'resample."h".* for hourly',
    ),
    "any": (
        pd.DatetimeIndex(["2001-01-01", "2001-02-28", "2001-03-01", "2001-04-10"]),
        "from 2001-01-01 to 2001-02-28",
        "resample",
    ),
}


@pytest.mark.parametrize("kind", EVEN)
def test_index_that_is_even_passes(kind):
    series = indexed(EVEN[kind])
    same_index(series, series.copy(), ("y1", "y2"))
    same_index(series, series.to_numpy(), ("y1", "y2"))
    same_index([1.0, 2.0], series, ("y1", "y2"))


@pytest.mark.parametrize("kind", UNEVEN)
def test_index_with_a_gap_is_refused_by_its_label_and_with_the_remedy(kind):
    labels, where, remedy = UNEVEN[kind]
    message = f"`y2` must be evenly spaced, got a step {where}.*Fill.*y2.{remedy}.*y2.to_numpy"
    with pytest.raises(ValueError, match=message):
        same_index(np.ones(3), indexed(labels), ("y1", "y2"))


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


@pytest.mark.parametrize("kind", [*UNEVEN, "repeated"])
def test_remedy_of_a_message_mends_it(kind):
    labels = UNEVEN[kind][0] if kind in UNEVEN else DAYS.insert(10, DAYS[9])
    with pytest.raises(ValueError, match="`y2`") as caught:
        index_axis(indexed(labels), "y2")
    code = str(caught.value).split("`")[3]
    assert index_axis(eval(code, {"y2": indexed(labels)}), "y2") is not None


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
        same_index(indexed(DAYS), indexed(labels), ("y1", "y2"))


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
    same_index(indexed(one), indexed(two), ("y1", "y2"))
