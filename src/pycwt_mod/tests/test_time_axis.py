"""Evenly spaced or not, by which step, in which unit: of bare times."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod.time_axis import UNITS, RowsError, as_time_axis, label_of, unit_factor

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


@given(
    st.floats(-1e4, 1e4), st.floats(1e-3, 1e3), st.integers(2, 200), st.integers(-30, 30)
)  # whichever unit numbers are in
def test_even_numbers_have_their_step(start, dt, n, exponent):
    axis = as_time_axis((start + dt * np.arange(n)) * 2.0**exponent, "fortnights")
    assert axis.dt == pytest.approx(dt * 2.0**exponent, rel=1e-6)
    assert (axis.unit, axis.spacing) == ("fortnights", "even steps")


@given(st.integers(4, 60), st.data())
def test_gap_in_numbers_is_found_in_its_row(n, data):
    row = data.draw(st.integers(1, n - 2))
    with pytest.raises(RowsError, match=f"step from {row - 1} to {row + 1}, 2 times") as caught:
        as_time_axis(np.delete(np.arange(float(n + 1)), row))
    assert caught.value.rows == [row]


@given(st.integers(1, 3), st.data())
def test_rounded_numbers_are_even_and_their_gaps_are_found(digits, data):
    dt = data.draw(st.floats(8, 100)) * 10.0**-digits
    times = np.round(1958 + dt * np.arange(80), digits)
    assert as_time_axis(times).dt == pytest.approx(dt, rel=0.02)
    with pytest.raises(RowsError, match=r"(1\.[89]|2|2\.[0-5])\d* times the usual one") as caught:
        as_time_axis(np.delete(times, 31))
    assert 31 in caught.value.rows


@given(dates)
def test_dates_of_a_calendar_are_even(index):
    words, dt, unit = FREQUENCIES[index.freqstr.split("-")[0]]
    axis = as_time_axis(index.to_numpy())
    assert (axis.spacing, axis.unit) == (words, unit)
    assert axis.dt == pytest.approx(dt)
    days = as_time_axis(index.to_numpy(), "days").dt
    span = (index[-1] - index[0]) / pd.Timedelta("1D") / (len(index) - 1)
    assert days == pytest.approx(span, rel=0.05)


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


@given(dates, st.sampled_from(sorted(UNITS)))
def test_step_in_one_unit_is_that_in_another(index, unit):
    times = index.to_numpy()
    ratio = as_time_axis(times, "seconds").dt / as_time_axis(times, unit).dt
    assert ratio == pytest.approx(UNITS[unit], rel=0.02)


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
        ([1.0, np.nan, 3.0], "has a missing time"),
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


@pytest.mark.parametrize(
    ("frequency", "dt", "unit"),
    [
        ("D", 1, "days"),
        ("D", 24, "hours"),
        ("D", 1 / 365.25, "years"),
        ("MS", 1, "months"),
        ("MS", 1 / 12, "years"),
        ("MS", 30, "days"),
        ("7D", 1, "weeks"),
        ("h", 3600, "seconds"),
        ("B", 1, "business days"),
        ("B", 1 / 250, "years"),
        ("D", 0.3, ""),
    ],
)
def test_given_step_of_dates_tells_their_unit(frequency, dt, unit):
    axis = as_time_axis(pd.date_range("2001-01-01", periods=200, freq=frequency).to_numpy())
    assert axis.unit_of(dt) == unit


@pytest.mark.parametrize(
    ("unit", "wanted", "factor"),
    [
        ("years", "months", 12),
        ("months", "Year", 1 / 12),
        ("weeks", "d", 7),
        ("business days", "week", 0.2),
        ("years", "", 1),
        ("", "month s", 1),
        ("days", "day", 1),
        ("fortnights", "moons", 1),
    ],
)
def test_times_are_multiplied_by_the_ratio_of_units(unit, wanted, factor):
    assert unit_factor(unit, wanted, "unit") == pytest.approx(factor, rel=1e-14)


def test_unit_that_cannot_be_converted_is_refused():
    with pytest.raises(
        ValueError, match=r"`unit` must be a unit of time, .* hours, .*, got 'ticks'"
    ):
        unit_factor("days", "ticks", "unit")
    with pytest.raises(ValueError, match=r"`unit` must be 'samples', .* got 'days'"):
        unit_factor("samples", "days", "unit")
