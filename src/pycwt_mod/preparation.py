"""Trends and seasonal cycles, removed from a series before its analysis."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .indexes import index_axis
from .limits import as_bounded
from .spectra import fitted_trend
from .time_axis import RowsError, TimeAxis, as_time_axis
from .validation import as_choice, as_count, as_positive, as_series, brief

Array = NDArray[np.float64]

_TRENDS = ("linear", "loess")
_YEAR, _MOST_SEASONS = "year", 366
# Steps of dates that are whole months; others are told apart by their day of the year.
_MONTHLY = ("monthly", "quarterly", "yearly", "every")
# Days before each month, of a year that is not a leap year.
_DAYS_BEFORE = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30])

# The outermost samples of a window have the weight 0; a line takes two and a little more.
_SMALLEST_WINDOW = 5
# Loess is computed at this number of times to its window, where it has more, and interpolated.
_FITS_PER_WINDOW = 400

# Trend and season are fitted in turns until neither changes by more than this share of the series.
_SETTLED, _MOST_TURNS = 1e-12, 100
# A remainder of this share of the series is the rounding error of the fit.
_ROUNDING = 1e-12
# A season with less than this share of the variance may be one of another length.
_NEXT_TO_NOTHING = 0.01


@dataclass(frozen=True, eq=False)
class Prepared:
    """A series without its trend and seasonal cycle; ``print`` it to read what was removed.

    Attributes
    ----------
    values : numpy.ndarray or pandas.Series
        What is left, of the kind that was given, with its index and name.
    trend, season : numpy.ndarray or pandas.Series
        What was removed; 0 where nothing was. The three add up to the series.
    record : dict
        How it was made, for a file: the arguments, the slope of a linear trend per sample, the
        number of seasonal means, their share of the variance that is not the trend's, and the share
        of the variance that is left.
    """

    values: Any
    trend: Any
    season: Any
    record: dict[str, Any]

    def __str__(self) -> str:
        """Return what was removed, in words."""
        record, removed = self.record, []
        if record["trend"] == "linear":
            removed.append(f"linear trend of {record['slope']:.3g} per sample")
        elif record["trend"] == "loess":
            removed.append(f"loess trend with windows of {record['window']} samples")
        if record["season"] is not None:
            cycle = "the year" if record["season"] == _YEAR else "a cycle"
            removed.append(f"means of the {record['n_seasons']} seasons of {cycle}")
            if record["season_share"] < _NEXT_TO_NOTHING:
                removed[-1] += f" ({self._doubt()})"
        left = f"{100 * record['variance_left']:.3g} % of the variance left"
        if math.isnan(record["variance_left"]):
            left = "the series is constant, and has no variance"
        return f"removed: {', '.join(removed) or 'nothing'}; {left}"

    def _doubt(self) -> str:
        season, share = self.record["season"], f"{100 * self.record['season_share']:.2g} %"
        beside = " beside the trend" if self.record["trend"] else ""
        is_it = "is there one" if season == _YEAR else f"is the cycle {season} samples long"
        return f"{share} of the variance{beside}, next to nothing: {is_it}?"


def prepare(
    series: ArrayLike,
    *,
    trend: str | None = None,
    season: int | str | None = None,
    span: float = 2 / 3,
    times: ArrayLike | None = None,
) -> Prepared:
    """Remove the trend and the seasonal cycle of a series before its analysis.

    Use it where a series is no red noise because of them: the tests of `wct`, `xwt` and
    `significance` compare with red noise. Two series with a yearly cycle are coherent at a year
    whatever else they share.

    Parameters
    ----------
    series : array_like
        Evenly sampled real series, shape (n,). A pandas Series keeps its index, a DataArray its
        coordinates.
    trend : {None, "linear", "loess"}
        "linear": the straight line of least squares. "loess": a smooth curve, at each time the
        straight line fitted to the nearest samples, with weights that fall with the distance
        (Cleveland 1979). Either takes the mean of the series away, too.
    season : int or "year", optional
        Subtract the mean of each season: an integer is the number of samples in a cycle, such as 12
        for months of the year or 24 for hours of the day. "year" needs dates: it takes the mean of
        each month, for steps of a month or longer, or else of each day of the year, 29 February
        with the 28th (of each week, if steps are weeks), and values of two years for each of them.
    span : float, default 2/3
        Share of the samples in a window of loess, above 0 and up to 1. It takes cycles away, too,
        that are about as long as the window or longer.
    times : array_like, optional
        Times of the samples, for ``season="year"``; by default the index of a pandas Series.

    Returns
    -------
    Prepared
        The rest in `values`, what was removed in `trend` and `season`, and how in `record`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here, the times are not even, or the series is shorter
        than two cycles; the message names the argument.

    Notes
    -----
    Trend and season are fitted in turns until both stand still, so that a trend does not leak into
    the means of the seasons: for a straight line this is the joint fit of least squares. The means
    of the seasons sum to zero over the record, so that without a trend the mean of the series
    stays. Seasonal means take a share ``n_seasons / n`` of the variance of noise away.

    References
    ----------
    Cleveland, W. S. (1979). Robust locally weighted regression and smoothing scatterplots. Journal
    of the American Statistical Association 74, 829-836. doi:10.1080/01621459.1979.10481038

    Examples
    --------
    >>> import numpy as np
    >>> months = np.arange(240)
    >>> x = 0.01 * months + np.sin(2 * np.pi * months / 12) + np.sin(2 * np.pi * months / 40)
    >>> rest = prepare(x, trend="linear", season=12)
    >>> print(rest)
    removed: linear trend of 0.00867 per sample, means of the 12 seasons of a cycle; 37.4 % of the
    variance left
    >>> bool(np.allclose(rest.values + rest.trend + rest.season, x))
    True
    """
    samples = as_series(series, "series")
    n = samples.size
    fit, record = _trend_fit(trend, n, span)
    seasons = _seasons_of(season, series, times, n)
    trend_part, season_part = _fitted(samples, fit, seasons)
    rest = samples - trend_part - season_part
    if np.ptp(rest) <= _ROUNDING * np.abs(samples).max():
        rest[:] = 0  # a straight line leaves nothing but rounding errors, which are no series
    if trend == "linear":
        record["slope"] = float(trend_part[-1] - trend_part[0]) / (n - 1)
    given = season if season is None or season == _YEAR else int(season)
    record |= {"season": given, "n_seasons": 0 if seasons is None else int(seasons.max()) + 1}
    if season is not None:
        record["season_share"] = _share(season_part, samples - trend_part)
    record["variance_left"] = _share(rest, samples)
    values, trend_like, season_like = (_like(series, p) for p in (rest, trend_part, season_part))
    return Prepared(values, trend_like, season_like, record)


def _share(part: Array, whole: Array) -> float:
    """Return the share of a part in the variance of a series."""
    variance = float(whole.var())
    return float(part.var()) / variance if variance > 0 else math.nan


def _fitted(
    samples: Array, fit: Callable[[Array], Array] | None, seasons: NDArray[np.intp] | None
) -> tuple[Array, Array]:
    """Return the trend and the seasonal cycle."""
    trend, season = np.zeros_like(samples), np.zeros_like(samples)
    settled = _SETTLED * np.ptp(samples)
    for _ in range(_MOST_TURNS):
        previous = trend
        if fit is not None:
            trend = fit(samples - season)
        if seasons is None:
            break
        rest = samples - trend
        means = np.bincount(seasons, weights=rest - rest.mean()) / np.bincount(seasons)
        season = means[seasons]
        if np.abs(trend - previous).max() <= settled:
            break
    return trend, season


def _trend_fit(
    trend: Any, n: int, span: Any
) -> tuple[Callable[[Array], Array] | None, dict[str, Any]]:
    """Return the function that fits a trend, and its record."""
    share = as_bounded(as_positive(span, "span"), "span", most=1)
    if trend is None:
        return None, {"trend": None}
    if as_choice(trend, "trend", _TRENDS) == "linear":
        return lambda samples: fitted_trend(samples, 1), {"trend": trend}
    window = math.floor(share * n + 1e-9)
    if window < _SMALLEST_WINDOW:
        raise ValueError(
            f"`span` must leave at least {_SMALLEST_WINDOW} samples to a window of loess, got "
            f"{share:g} of {n}."
        )
    return lambda samples: loess(samples, window), {"trend": trend, "window": window}


def loess(samples: Array, window: int) -> Array:
    """Return the local linear fit to the `window` nearest of evenly spaced samples, at each."""
    n = samples.size
    step = max(1, window // _FITS_PER_WINDOW)
    places = np.unique(np.append(np.arange(0, n, step), n - 1))
    fitted = np.array([_local_line(samples, int(place), window) for place in places])
    if step == 1:
        return fitted
    from scipy.interpolate import CubicSpline  # takes longer to import than all the rest

    return np.asarray(CubicSpline(places, fitted)(np.arange(n)))


def _local_line(samples: Array, place: int, window: int) -> float:
    """Return the value at one sample of the line fitted to those nearest, by tricube weights."""
    start = min(max(place - window // 2, 0), samples.size - window)
    x = np.arange(start, start + window) - place
    weights = (1 - np.abs(x / np.abs(x).max()) ** 3) ** 3
    near = samples[start : start + window]
    mean = weights @ x / weights.sum()
    slope = (weights * (x - mean)) @ near / (weights @ (x - mean) ** 2)
    return float(weights @ near / weights.sum() - slope * mean)


def _seasons_of(season: Any, series: Any, times: Any, n: int) -> NDArray[np.intp] | None:
    """Return the number of each sample's season, from 0 on."""
    if season is None:
        return None
    if isinstance(season, str):
        if season != _YEAR:
            raise ValueError(
                f"`season` must be {_YEAR!r} or the number of samples in a cycle, such as 12 for "
                f"monthly data and 24 for hourly, got {season!r}."
            )
        axis = _time_axis_of(series, times, n)
        labels = _seasons_of_year(axis)
        _check_years(labels, axis)
    else:
        labels = np.arange(n) % min(as_count(season, "season", at_least=2), n)
    found, seasons = np.unique(labels, return_inverse=True)
    if not 2 <= found.size <= n // 2:
        raise ValueError(
            f"`season` must divide the series into cycles of two and more samples, and the series "
            f"must be two cycles long, got {n} samples in {found.size} seasons."
        )
    return np.asarray(seasons)


def _check_years(labels: NDArray[np.intp], axis: TimeAxis) -> None:
    """Raise ValueError if a season of the year has values of one year alone."""
    years = axis.times.astype("datetime64[Y]").astype(int)
    seasons = np.unique(_MOST_SEASONS * years + labels) % _MOST_SEASONS
    if np.bincount(seasons)[labels].min() < 2:
        start, end = np.datetime_as_string(axis.times[[0, -1]], unit="D")
        raise ValueError(
            f"`season` of {_YEAR!r} needs values of two years or more for each day, week or month "
            f"of the year, since one year does not tell a cycle from the rest, got {labels.size} "
            f"samples from {start} to {end}. Leave it out, or pass the number of samples in a "
            "shorter cycle, such as season=24 for the hours of a day."
        )


def _time_axis_of(series: Any, times: Any, n: int) -> TimeAxis:
    """Return the dates of a series."""
    if times is None:
        axis = index_axis(series, "series")
    else:
        given = np.asarray(times)
        if given.shape != (n,):
            raise ValueError(f"`times` must have the shape of `series`, ({n},), got {given.shape}.")
        try:
            axis = as_time_axis(given)
        except RowsError as error:
            raise ValueError(f"`times` {error.reason}. {error.remedy}".strip()) from error
    if axis is None or axis.times.dtype.kind != "M":
        raise ValueError(
            f"`season` must be the number of samples in a cycle where there are no dates, got "
            f"{_YEAR!r}. Pass `times=` as dates, a pandas Series with dates, or season=12 for "
            f"months; `times` is {brief(times)}."
        )
    return axis


def _seasons_of_year(axis: TimeAxis) -> NDArray[np.intp]:
    """Return the month, or the day or longer step of the year, of each date."""
    months = axis.times.astype("datetime64[M]")
    month = months.astype(int) % 12
    if axis.spacing.startswith(_MONTHLY):
        return np.asarray(month)
    day = (axis.times.astype("datetime64[D]") - months).astype(int)
    day[(month == 1) & (day == 28)] = 27  # 29 February counts as the 28th
    usual = np.median(np.diff(axis.times) / np.timedelta64(1, "D"))
    step = max(1, round(float(usual)))
    return np.asarray(np.minimum((_DAYS_BEFORE[month] + day) // step, 365 // step - 1))


def _like(series: Any, values: Array) -> Any:
    """Return an array as the kind of series that was given."""
    if hasattr(series, "coords") and hasattr(series, "dims"):  # of xarray
        return series.copy(data=values)
    if hasattr(series, "to_numpy") and hasattr(series, "index"):  # of pandas
        name = "columns" if hasattr(series, "columns") else "name"
        return type(series)(values, index=series.index, **{name: getattr(series, name)})
    return values
