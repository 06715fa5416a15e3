"""Trends and seasonal cycles: against fits by other formulas, dates, and known series."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod import prepare, rednoise
from pycwt_mod.preparation import loess

# The same fit by another algorithm.
ROUNDING = 1e-9
# Loess is computed at 400 places to its window; between, the spline rounds its two kinks.
INTERPOLATED = 1e-4


def noise(n, seed=0):
    return 3 + rednoise(n, 0.6, rng=np.random.default_rng(seed))


def least_squares(x, season):
    """Return the residual of a line and one constant for each season, fitted together."""
    dummies = (np.arange(x.size)[:, np.newaxis] % season == np.arange(season)).astype(float)
    design = np.column_stack([np.arange(x.size), dummies])
    return x - design @ np.linalg.lstsq(design, x, rcond=None)[0]


@given(st.integers(24, 200), st.integers(2, 12), st.integers(0, 5))
def test_line_and_seasons_are_those_of_a_joint_fit(n, season, seed):
    x = noise(n, seed) + 0.1 * np.arange(n)
    done = prepare(x, trend="linear", season=season)
    np.testing.assert_allclose(done.values, least_squares(x, season), atol=1e-7)
    np.testing.assert_allclose(done.values + done.trend + done.season, x, rtol=ROUNDING)
    assert done.record["n_seasons"] == season


def test_table_of_one_column_stays_one():
    table = pd.DataFrame({"rain": noise(40)}, index=pd.date_range("2001", periods=40))
    values = prepare(table, trend="linear").values
    pd.testing.assert_frame_equal(values * 0, table * 0)


def test_seasons_alone_keep_the_mean():
    x = noise(100)
    done = prepare(x, season=7)
    assert done.values.mean() == pytest.approx(x.mean(), rel=ROUNDING)
    for day in range(7):
        assert done.values[day::7].mean() == pytest.approx(x.mean(), rel=ROUNDING)
    assert not done.trend.any()


@pytest.mark.parametrize(("n", "span"), [(60, 0.3), (101, 2 / 3), (40, 1.0)])
def test_loess_is_a_weighted_line_at_each_time(n, span):
    x, t = noise(n), np.arange(n)
    expected = []
    for here in t:
        nearest = np.sort(np.argsort(np.abs(t - here), kind="stable")[: int(span * n + 1e-9)])
        distance = np.abs(t[nearest] - here)
        weights = (1 - (distance / distance.max()) ** 3) ** 3
        expected.append(np.polyval(np.polyfit(t[nearest], x[nearest], 1, w=weights**0.5), here))
    np.testing.assert_allclose(prepare(x, trend="loess", span=span).trend, expected, rtol=ROUNDING)


def test_loess_of_long_windows_is_interpolated():
    x = noise(3000)
    exact = [loess_at(x, place, 2000) for place in range(0, 3000, 77)]
    np.testing.assert_allclose(loess(x, 2000)[::77], exact, atol=INTERPOLATED)


def loess_at(x, place, window):
    t = np.arange(x.size)
    start = min(max(place - window // 2, 0), x.size - window)
    near = t[start : start + window] - place
    weights = (1 - (np.abs(near) / np.abs(near).max()) ** 3) ** 1.5
    return np.polyval(np.polyfit(near, x[near + place], 1, w=weights), 0)


def test_loess_leaves_a_straight_line_to_no_rest():
    done = prepare(5 + 2.0 * np.arange(50), trend="loess")
    assert not done.values.any()


@pytest.mark.parametrize(
    ("frequency", "n", "n_seasons"),
    [("MS", 120, 12), ("QS", 40, 4), ("D", 4000, 365), ("W", 500, 52)],
)
def test_seasons_of_the_year_are_those_of_the_calendar(frequency, n, n_seasons):
    index = pd.date_range("1999-03-01", periods=n, freq=frequency)
    x = pd.Series(noise(n) + 2 * np.cos(2 * np.pi * index.day_of_year / 365.25), index, name="ice")
    done = prepare(x, season="year")
    assert done.record["n_seasons"] == n_seasons
    pd.testing.assert_index_equal(done.values.index, index)
    assert done.values.name == "ice"
    if frequency != "W":
        labels = [index.month, np.where((index.month == 2) & (index.day == 29), 28, index.day)]
        by_day = labels if frequency == "D" else labels[:1]
        expected = x - x.groupby(by_day).transform("mean") + x.mean()
        pd.testing.assert_series_equal(done.values, expected, rtol=ROUNDING)
    by_array = prepare(x.to_numpy(), season="year", times=index.to_numpy())
    np.testing.assert_array_equal(by_array.values, done.values.to_numpy())


@pytest.mark.parametrize(
    ("frequency", "n", "refused"),
    [
        *[("h", 120 * 24, True), ("h", 420 * 24, True), ("h", 732 * 24, False)],
        *[("D", 729, True), ("D", 731, False), ("6h", 4 * 300, True), ("W", 80, True)],
        *[("MS", 23, True), ("MS", 24, False), ("QS", 7, True), ("QS", 8, False)],
    ],
)
@pytest.mark.parametrize("start", ["1961-01-01", "1968-07-01", "1999-10-01"])
def test_seasons_of_the_year_need_two_years(frequency, n, refused, start):
    x = pd.Series(noise(n), pd.date_range(start, periods=n, freq=frequency))
    if not refused:
        assert prepare(x, season="year").values.std() > 0
        return
    span = f"got {n} samples from {x.index[0]:%Y-%m-%d} to {x.index[-1]:%Y-%m-%d}"
    with pytest.raises(ValueError, match=f"`season` of 'year' needs values of two years .*{span}"):
        prepare(x, season="year")


def test_season_that_is_next_to_nothing_is_doubted():
    tide = 5 + np.sin(2 * np.pi * np.arange(2000) / 12.42)
    done = prepare(tide, season=12)
    removed = done.season.var() / tide.var()
    assert removed < 0.01
    assert done.record["season_share"] == pytest.approx(removed)
    doubt = "of the variance, next to nothing: is the cycle 12 samples long?"
    assert f"12 seasons of a cycle ({100 * removed:.2g} % {doubt})" in str(done)
    sloping = prepare(tide + np.arange(2000), trend="linear", season=12)
    assert "variance beside the trend, next to nothing" in str(sloping)
    assert "next to nothing" not in str(prepare(tide, season=149))  # twelve waves of the tide
    days = pd.date_range("2001", periods=7300, freq="D")
    assert "next to nothing: is there one?" in str(
        prepare(np.sin(2 * np.pi * np.arange(7300) / 12.42), season="year", times=days)
    )


def test_record_says_what_was_removed():
    x = 0.5 * np.arange(48) + np.tile([0.0, 1.0, 0.0, -1.0], 12)
    done = prepare(x, trend="linear", season=np.int64(4))
    assert json.loads(json.dumps(done.record)) == done.record
    assert done.record == {
        "trend": "linear",
        "slope": pytest.approx(0.5),
        "season": 4,
        "n_seasons": 4,
        "season_share": pytest.approx(1),
        "variance_left": 0.0,
    }
    assert str(done).startswith("removed: linear trend of 0.5 per sample, means of the 4 seasons")
    assert prepare(noise(60), trend="loess", span=0.5).record["window"] == 30
    assert str(prepare(noise(60))).startswith("removed: nothing; 100 %")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trend": "quadratic"}, "`trend` must be one of 'linear', 'loess'"),
        ({"trend": "loess", "span": 2.0}, "`span` must lie between 0 and 1, got 2"),
        ({"trend": "loess", "span": 0.01}, "`span` must leave at least 5 samples"),
        ({"season": 1}, "`season` must be at least 2"),
        ({"season": 31}, "must be two cycles long, got 60 samples in 31 seasons"),
        ({"season": "month"}, "`season` must be 'year' or the number of .* 12 for monthly"),
        (
            {"season": "year"},
            "`season` must be the number of samples in a cycle where there are no",
        ),
        ({"season": "year", "times": np.arange(60)}, "where there are no dates"),
        ({"season": "year", "times": np.arange(5)}, r"`times` must have the shape of `series`"),
        (
            {
                "season": "year",
                "times": np.delete(np.arange("2000-01", "2005-02", dtype="M8[M]"), 7),
            },
            "`times` must be evenly spaced",
        ),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        prepare(noise(60), **options)


def test_dataarray_keeps_its_coordinates():
    xarray = pytest.importorskip("xarray")
    x = xarray.DataArray(noise(50), dims="time", coords={"time": np.arange(50) / 4}, name="ice")
    done = prepare(x, trend="linear")
    xarray.testing.assert_allclose(done.values + done.trend, x)
    assert done.values.name == "ice"


def test_constant_series_has_no_share_of_variance():
    assert str(prepare(np.zeros(50), trend="linear")).endswith(
        "; the series is constant, and has no variance"
    )


@pytest.mark.parametrize(
    ("gap", "message"),
    [
        (np.arange(50, 62), "periods shorter than about 48 samples are then those of a straight"),
        (np.arange(3, 290, 6), "Where 16 % of the values are filled in"),
        ([5, 6, 70], r"`series\.interpolate\(\)`\.$"),
    ],
)
def test_harm_of_filling_is_told_where_gaps_are(gap, message):
    values = np.random.default_rng(4).normal(size=300)
    values[gap] = np.nan
    with pytest.raises(ValueError, match=message):
        prepare(pd.Series(values), trend="linear")
