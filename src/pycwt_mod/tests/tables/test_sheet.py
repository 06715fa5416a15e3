"""Columns on the grid of their times: gaps filled or told, and the times that files share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod.tables import DataError, Table, common_times, sheet_of
from pycwt_mod.time_axis import as_time_axis

CALENDARS = {
    "daily": np.arange("2020-01-01", "2020-02-10", dtype="M8[D]"),
    "business days": np.busday_offset("2020-01-01", np.arange(40)),
    "monthly": np.arange("2019-01", "2022-05", dtype="M8[M]"),
    "month ends": np.arange("2019-02", "2022-06", dtype="M8[M]").astype("M8[D]") - 1,
    "quarterly": np.arange("2000-01", "2010-01", 3, dtype="M8[M]"),
    "hourly": np.arange("2020-01-01T00", "2020-01-02T16", dtype="M8[h]"),
    "twelfths": np.round(1958 + np.arange(40) / 12, 2),
    "numbers": 0.25 * np.arange(40),
}


def table(times, *columns, source="f.csv"):
    times = times.astype("M8[us]") if times.dtype.kind == "M" else times
    names = ("t", *"xyz"[: len(columns)])
    return Table(source, names, [times, *columns], range(2, times.size + 2))


@given(st.sampled_from(list(CALENDARS)), st.sets(st.integers(6, 33), max_size=6))
def test_missing_rows_and_missing_values_are_filled_alike(name, gaps):
    times, x = CALENDARS[name], np.linspace(3, 5, 40)
    kept = np.setdiff1d(np.arange(40), list(gaps))
    holes = x.copy()
    holes[list(gaps)] = np.nan
    for own in (table(times[kept], x[kept]), table(times, holes)):
        sheet = sheet_of(own, 0, [1], longest=6)
        sheet.check(0, 6)
        np.testing.assert_allclose(sheet.values[0], x)
        assert set(np.flatnonzero(sheet.made[0])) == gaps
        assert sheet.times.size == 40
        found = as_time_axis(sheet.times)
        if sheet.times.dtype.kind == "M":
            np.testing.assert_array_equal(sheet.times, times.astype(sheet.times.dtype))
        assert found.dt == pytest.approx(as_time_axis(own.times(0)[:5]).dt, rel=0.02)


def test_longest_gap_that_is_filled_is_that_which_was_asked_for():
    times, x = CALENDARS["daily"], np.arange(40.0)
    x[[4, 10, 11, 12]] = np.nan
    sheet = sheet_of(table(times, x), 0, [1], longest=2)
    assert np.flatnonzero(sheet.made[0]).tolist() == [4]
    words = r"^f\.csv, line 12: column 'x' has a gap of 3 steps, 2020-01-11 to 2020-01-13, and --i"
    with pytest.raises(DataError, match=words + r".* is 2\. Pass --interpolate 3 to fill"):
        sheet.check(0, 2)


def test_values_at_the_ends_are_never_made():
    x = np.arange(40.0)
    x[[0, 39]] = np.nan
    sheet = sheet_of(table(CALENDARS["daily"], x), 0, [1], longest=5)
    (part,) = common_times([sheet], whole=True)
    assert not sheet.made.any()
    assert (part.times.size, part.before, part.after) == (38, 1, 1)


@pytest.mark.parametrize("name", CALENDARS)
def test_files_are_joined_on_the_times_they_share(name):
    times, x = CALENDARS[name], np.arange(40.0)
    one = sheet_of(table(times[:30], x[:30]), 0, [1], 0)
    other = sheet_of(table(times[8:], -x[8:]), 0, [1], 0)
    first, second = common_times([one, other], whole=True)
    np.testing.assert_array_equal(first.values[0], x[8:30])
    np.testing.assert_array_equal(second.values[0], -x[8:30])
    assert [(s.before, s.after) for s in (first, second)] == [(8, 0), (0, 10)]
    assert (first.times == second.times).all()


def test_gap_beside_the_shared_times_does_no_harm():
    times, x = CALENDARS["daily"], np.arange(40.0)
    one = sheet_of(table(np.delete(times, 3), np.delete(x, 3)), 0, [1], 0)
    other = sheet_of(table(times[8:], x[8:]), 0, [1], 0)
    for part in common_times([one, other], whole=True):
        part.check(0, 0)


def test_months_are_the_same_on_whichever_of_their_days():
    months = CALENDARS["monthly"]
    one = sheet_of(table(months, np.arange(40.0)), 0, [1], 0)
    middle = sheet_of(table(months.astype("M8[D]") + 14, np.arange(40.0)), 0, [1], 0)
    assert [part.times.size for part in common_times([one, middle], whole=True)] == [40, 40]


def test_rows_from_the_last_time_to_the_first_are_turned_round():
    own = table(CALENDARS["daily"][::-1], np.arange(40.0)[::-1])
    sheet = sheet_of(own, 0, [1], 0)
    np.testing.assert_array_equal(sheet.values[0], np.arange(40.0))
    assert list(sheet.table.lines[:2]) == [41, 40]


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("daily", "hourly", r'b\.csv with hourly .*Average those of b\.csv .*resample\("D"\)'),
        ("monthly", "daily", r'daily ones\. Average those of b\.csv .*resample\("MS"\)'),
        ("quarterly", "monthly", r'Average those of b\.csv .*resample\("3MS"\)'),
        ("daily", "numbers", r"dates in a\.csv and numbers in b\.csv"),
    ],
)
def test_files_with_other_steps_are_told_with_the_remedy(one, other, message):
    sheets = [
        sheet_of(table(CALENDARS[name], np.arange(40.0), source=source), 0, [1], 0)
        for name, source in ((one, "a.csv"), (other, "b.csv"))
    ]
    with pytest.raises(DataError, match=message):
        common_times(sheets, whole=True)


@pytest.mark.parametrize("shift", [np.timedelta64(9, "h"), np.timedelta64(400, "D")])
def test_files_without_a_time_in_common_are_told(shift):
    days = CALENDARS["daily"].astype("M8[h]")
    sheets = [sheet_of(table(own, np.arange(40.0)), 0, [1], 0) for own in (days, days + shift)]
    with pytest.raises(DataError, match=r"must have times in common .* got 2020-01-01 to 2020-02"):
        common_times(sheets, whole=True)


@pytest.mark.parametrize(
    ("times", "names", "message"),
    [
        (["2020-10-25T01", "2020-10-25T02", "2020-10-25T02"], ("t", "x"), "in UTC or with their"),
        (["2020-10-25", "2020-10-26", "2020-10-26"], ("t", "x"), "keep one for each time"),
        ([1990, 1990, 1990], ("year", "month"), "pass --time year,month"),
    ],
)
def test_times_that_repeat_are_told_with_their_likely_cause(times, names, message):
    column = np.array(times, dtype="M8[us]") if names[0] == "t" else np.array(times)
    own = Table("f.csv", names, [column, np.arange(3.0)], [2, 3, 4])
    with pytest.raises(DataError, match=message):
        sheet_of(own, 0, [1], 0)


@pytest.mark.parametrize("by_station", [True, False])
def test_tables_one_below_the_other_are_told_by_the_column_that_tells_them_apart(by_station):
    days = np.tile(np.arange("2020-01-01", "2020-01-11", dtype="M8[D]").astype("M8[us]"), 3)
    stations = np.repeat(np.array(["A", "B", "C"], dtype=object), 10)
    order = np.arange(30) if by_station else np.argsort(days, kind="stable")
    columns = [stations[order], days[order], np.arange(30.0)]
    own = Table("f.csv", ("station", "date", "q"), columns, range(2, 32))
    with pytest.raises(
        DataError, match=r"Column 'station' repeats the times, for A, B, C: .*pivot"
    ):
        sheet_of(own, 1, [2], 0)


@pytest.mark.parametrize(
    ("first", "last", "step", "lost", "cause"),
    [
        (
            "2019-01-01",
            "2025-01-01",
            "D",
            ["2020-02-29", "2024-02-29"],
            "29 February is missing, as",
        ),
        ("2019-01-01", "2025-01-01", "D", ["2020-02-29", "2024-03-01"], None),
        (
            "2021-03-01T00",
            "2021-05-01T00",
            "h",
            ["2021-03-28T02"],
            "If clocks were set forward then",
        ),
        ("2021-03-01T00", "2021-05-01T00", "h", ["2021-03-27T02"], None),
        ("2021-03-01T00", "2021-05-01T00", "h", ["2021-03-28T02", "2021-03-28T05"], None),
        ("1990-01", "2025-01", "M", ["2021-03"], None),
    ],
)
def test_missing_dates_are_told_with_their_likely_cause(first, last, step, lost, cause):
    dates = np.arange(first, last, dtype=f"M8[{step}]")
    kept = dates[~np.isin(dates, np.array(lost, dtype=dates.dtype))]
    sheet = sheet_of(table(kept, np.arange(1.0, kept.size + 1)), 0, [1], 0)
    with pytest.raises(DataError, match=r"Pass --interpolate 1") as caught:
        sheet.check(0, 0)
    words = str(caught.value)
    assert (cause or "") in words
    assert ("29 Feb" in words or "clocks" in words) == bool(cause)
