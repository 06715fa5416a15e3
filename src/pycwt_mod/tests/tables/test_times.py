"""Columns of times: what the step is, and in which line it breaks."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from pycwt_mod.tables import DataError, read_table


@pytest.fixture
def column(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(times):
        (tmp_path / "f.csv").write_text("t;x\n" + "".join(f"{t};0\n" for t in times))
        return read_table("f.csv")

    return read


DAYS = [str(day) for day in np.arange("2020-01-30", "2020-02-05", dtype="datetime64[D]")]
MONTHS = [str(month) for month in np.arange("2019-11", "2021-02", dtype="datetime64[M]")]


@pytest.mark.parametrize(
    ("times", "unit", "dt"),
    [
        (["1", "2", "3"], None, 1.0),
        (["0.5", "0.75", "1.0"], None, 0.25),
        (["0,5", "0,75", "1,0"], None, 0.25),
        # Twelfths, rounded to two digits.
        ([f"{1958 + k / 12:.2f}" for k in range(60)], "years", 1 / 12),
        (DAYS, None, 1.0),
        (DAYS, "hours", 24.0),
        (DAYS, "weeks", 1 / 7),
        ([day.replace("-", "") for day in DAYS], None, 1.0),
        (MONTHS, "months", 1.0),
        (MONTHS, "years", 1 / 12),
        ([f"{month}-15" for month in MONTHS], "years", 1 / 12),
        (["2020-01-31", "2020-02-29", "2020-03-31"], "months", 1.0),
        (["1900-07-01", "1901-07-01", "1902-07-01"], "years", 1.0),
        (["1900-07-01", "1901-07-01", "1902-07-01"], "days", 365.0),
        (["2020-01-01T00:00", "2020-01-01T06:00", "2020-01-01T12:00"], "hours", 6.0),
        (["2020-01-01 00:00:00", "2020-01-01 00:00:30"], "minutes", 0.5),
        (["2020-01-01T00:00:00Z", "2020-01-01T02:00:00+01:00"], "hours", 1.0),
    ],
)
def test_step_of_times_is_found(column, times, unit, dt):
    axis = column(times).time_axis("t", unit)
    # Times rounded to 0.01 over 5 years tell a month to 0.1 %.
    assert axis.dt == pytest.approx(dt, rel=2e-3)
    assert axis.times.shape == (len(times),)
    assert axis.unit == (unit or ("days" if axis.times.dtype.kind == "M" else ""))


@pytest.mark.parametrize("unit", ["months", "years"])
def test_step_of_months_is_exact(column, unit):
    assert column(MONTHS).time_axis("t", unit).dt == {"months": 1, "years": 1 / 12}[unit]
    assert column(MONTHS).time_axis("t", unit).spacing == "monthly"


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (
            ["1", "2", "4", "5"],
            r"line 4: .* evenly spaced, got a step from 2 to 4, 2 times the usu",
        ),
        (["1", "2", "2", "3"], r"line 4: column 't' must have each time once, got 2 twice\. Sort"),
        (["1", "3", "2", "4"], r"line 4: column 't' must be in the order of time, got 2 after 3"),
        (["1", "2", "x"], r"line 4: .* must hold numbers or dates, got 'x'\. Write times"),
        (["1", "", "3"], r"line 3: column 't' has a missing value"),
        (["31/01/2020", "02/15/2020"], r"line 3: .* mixes dates with the day first and with"),
        (["31/01/2020", "2020-02-01"], r"line 3: .* must hold dates such as .*, got '2020-02-01'"),
        (["30/02/2020", "31/02/2020"], r"line 2: .* must hold dates such as .*, got '30/02/2020'"),
        (["01/02/2020", "01/03/2020"], r"line 2: .*2020-02-01 \(day/month/.* or 2020-01-02 \(mon"),
        (["2020-01-31", "2020-02-30"], r"line 3: .* must hold dates .*, got '2020-02-30'"),
        (["2020-01-31", ""], r"line 3: .* must hold dates"),
        (["2020-01-01", "2020-01-02", "2020-01-04"], r"line 4: .* from 2020-01-02 to 2020-01-04"),
        (["2020-01", "2020-02", "2020-04"], r"line 4: .* evenly spaced"),
        (["7"], r"must hold at least two times"),
    ],
)
def test_fault_of_times_is_told_with_its_line(column, times, message):
    with pytest.raises(DataError, match=message):
        column(times).time_axis("t")


def test_gap_hidden_by_rounding_is_found(column):
    times = [f"{1958 + k / 12:.2f}" for k in range(60) if k != 30]
    with pytest.raises(DataError, match=r"line 32: .* 1960\.42 to 1960\.58"):
        column(times).time_axis("t")


def test_unit_of_dates_must_be_known(column):
    with pytest.raises(DataError, match=r"must be one of seconds, .* got 'fortnights'"):
        column(DAYS).time_axis("t", "fortnights")


def test_unit_of_numbers_is_a_label(column):
    assert column(["1", "2"]).time_axis("t", "fortnights").unit == "fortnights"


def test_missing_date_of_numpy_is_told_with_its_row(tmp_path):
    times = np.datetime64("2000-01") + np.arange(12).astype("timedelta64[M]")
    times[3] = np.datetime64("NaT", "M")
    np.savez(tmp_path / "d.npz", t=times)
    with pytest.raises(DataError, match="column 't' has a missing date"):
        read_table(tmp_path / "d.npz").time_axis("t")


def test_gaps_are_told_with_their_lines(column):
    kept = np.delete(MONTHS, [3, 4, 8])
    with pytest.raises(DataError) as caught:
        column(kept).time_axis("t")
    words = str(caught.value)
    assert (
        "line 5: column 't' must be evenly spaced, got a step from 2020-01-01 to 2020-04" in words
    )
    assert "2020-02, 2020-03, 2020-07 are missing; also line 8." in words


def test_business_days_are_even(column):
    days = [
        day for day in np.arange("2020-01-01", "2020-03-01", dtype="M8[D]") if np.is_busday(day)
    ]
    axis = column(days).time_axis("t")
    assert (axis.dt, axis.unit, axis.spacing) == (1.4, "days", "business days")


GERMAN = [f"{day[8:]}.{day[5:7]}.{day[:4]}" for day in DAYS]


@pytest.mark.parametrize(
    "times",
    [
        GERMAN,
        [f"{day[5:7]}/{day[8:]}/{day[:4]}" for day in DAYS],
        [f"{int(day[8:])}/{int(day[5:7])}/{day[:4]} 12:00" for day in DAYS],
        [f"{int(day[5:7])}/{int(day[8:])}/{day[:4]} 1:00 PM" for day in DAYS],
        [day.replace("-", "/") for day in DAYS],
        [f"{day} 00:00:00 UTC" for day in DAYS],
        # At midnight by a clock that is set forward on the second night.
        [f"{day}T00:00+0{1 + (k > 1)}:00" for k, day in enumerate(DAYS)],
    ],
)
def test_dates_of_any_usual_form_are_read(column, times):
    axis = column(times).time_axis("t")
    np.testing.assert_array_equal(axis.times.astype("M8[D]"), np.array(DAYS, dtype="M8[D]"))
    assert (axis.dt, axis.unit) == (1, "days")


def test_months_may_have_columns_of_their_own(column):
    table = column(MONTHS)
    years, months = (np.array([month[k] for month in MONTHS]) for k in (slice(4), slice(5, 7)))
    parts = replace(table, names=("year", "month"), columns=[years, months])
    for own, indexes in (
        parts.with_times("year,month"),
        column([month.replace("-", "") for month in MONTHS]).with_times("t"),
    ):
        axis = own.time_axis(indexes[0])
        assert (axis.dt, axis.unit, axis.spacing) == (1, "months", "monthly")


def test_date_and_time_of_day_may_have_columns_of_their_own(column):
    days, clocks = np.array(["01.02.2020"] * 4), np.array(["0:30", "1:00", "1:30", "2:00"])
    own = replace(column(DAYS[:4]), names=("day", "clock"), columns=[days, clocks])
    axis = own.with_times("day,clock")[0].time_axis(0)
    assert (str(axis.times[0]), axis.dt, axis.unit) == ("2020-02-01T00:30:00.000000", 30, "minutes")


def test_dates_that_can_be_read_in_two_ways_are_told_with_both(column):
    months = [f"01/{k:02d}/{year}" for year in (2020, 2021) for k in range(1, 13)]
    # Every month, or the first days of two Januaries: only one is even.
    assert str(column(months).times(0)[1])[:10] == "2020-02-01"
    for unclear in (months[:12], months[:5] + months[6:]):
        with pytest.raises(DataError, match=r"day/month/year.*month/day/.*Pass --date-format\.$"):
            column(unclear).times(0)
    told = replace(column(months[:12]), date_format="%m/%d/%Y").times(0)
    assert str(told[1])[:10] == "2020-01-02"


def test_form_of_dates_that_does_not_fit_is_told(column):
    table = replace(column(["1 Jan 20", "2 Jan 20", "3 Jun"]), date_format="%d %b %y")
    assert table.looks_like_times(0)
    assert not table.looks_like_times(1)
    with pytest.raises(
        DataError, match=r"line 4: .* must hold dates of the form %d %b %y, got '3 "
    ):
        table.times(0)


def test_dates_before_those_of_pandas_are_read(column):
    years = [f"{year:04d}-07-01" for year in range(850, 1100)]
    assert column(years).time_axis("t", "years").dt == 1


@pytest.mark.parametrize(
    "form",
    [
        "%d/%m/%y",
        "%d.%m.%y",
        "%d-%b-%Y",
        "%d %b %y",
        "%d %B %Y",
        "%b %d, %Y",
        "%Y-%j",
        "%d/%m/%y %H:%M",
    ],
)
def test_form_of_dates_that_are_not_read_is_proposed(column, form):
    days = [day.item() for day in np.arange("2020-01-30", "2020-03-25", dtype="M8[D]")]
    texts = [format(day, form) for day in days]
    table = column(texts)
    proposed = table.date_format_of(0).strip("'")
    np.testing.assert_array_equal(
        replace(table, date_format=proposed).times(0).astype("M8[D]"), np.array(days, "M8[D]")
    )
    with pytest.raises(
        DataError, match=r"'t' must hold numbers or dates, .*Pass --date-format '?%"
    ):
        table.times(0)
    assert not table.date_format_of(1)


@pytest.mark.parametrize(
    ("form", "way", "step"),
    [
        ("%Y%j", "YYYYDDD", 86400),
        ("%Y%m%d%H", "YYYYMMDDhh", 3600),
        ("%Y%m%d%H%M", "YYYYMMDDhhmm", 60),
    ],
)
def test_dates_without_signs_are_read(column, form, way, step):
    dates = [
        np.datetime64("2019-12-30T22:58:00").item() + timedelta(seconds=step * k)
        for k in range(400)
    ]
    times, read = column([format(date, form) for date in dates]).times_as_read(0)
    assert read == way
    np.testing.assert_array_equal(np.diff(times), np.timedelta64(step, "s"))


def test_months_may_have_names(column):
    table = column(MONTHS)
    names = [format(np.datetime64(month).item(), "%b") for month in MONTHS]
    years = np.array([month[:4] for month in MONTHS])
    parts = replace(table, names=("year", "mon"), columns=[years, np.array(names)])
    own, indexes = parts.with_times("year,mon")
    assert own.time_axis(indexes[0]).spacing == "monthly"
    wrong = replace(parts, columns=[years, np.array([*names[:-1], "Smarch!"][::-1])])
    with pytest.raises(DataError, match="column 'mon' must hold numbers, got 'Smarch!'"):
        wrong.with_times("year,mon")
