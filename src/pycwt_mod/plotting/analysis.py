"""From the arguments of `plot_cwt` to the numbers that its panels show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..helpers import ar1
from ..mothers import as_mother
from ..spectra import Spectra, Transform, averaged_power, fitted_trend, transform_series
from ..validation import as_choice, as_coefficient, as_flag, as_level, as_series, brief
from .field import Field, as_frequencies, block_means, check_shape, check_size, number_outside

Array = NDArray[np.float64]

# Degree of the polynomial that is subtracted.
_TRENDS = {"mean": 0, "linear": 1}


@dataclass(frozen=True, eq=False)
class Analysis:
    """All that the panels show of a series."""

    trend: Array | None  # subtracted from the series
    field: Field  # its transform, coloured by its power
    spectra: Spectra
    times: Array  # of the average over scales
    band: tuple[float, float]  # the shortest and the longest period averaged


def analyse(
    series: Array,
    times: Array,
    dates: bool,
    *,
    dt: float,
    dj: float,
    s0: float,
    J: float,
    wavelet: Any,
    transform: Any,
    detrend: str | None,
    normalize: bool,
    alpha: float | None,
    significance_level: float,
    band: tuple[float, float] | None,
    crop_to_coi: bool,
    rectified: bool,
    factor: float,
) -> Analysis:
    """Transform a series and average its power; the arguments of `plot_cwt` are checked here.

    `factor` converts what is in the unit of `dt` to that of the picture, in which `band` is.
    """
    mother = as_mother(wavelet)
    level = as_level(significance_level)
    trend = None if transform is not None else _trend(series, detrend)
    anomaly = series if trend is None else series - trend
    if transform is None:
        found = transform_series(anomaly, dt, dj, s0, J, mother)
    else:
        found = _given_transform(transform, series.size)
    found, dt = found.stretched(factor), dt * factor
    if as_flag(crop_to_coi, "crop_to_coi"):
        found = found.shortest(number_outside(found.periods, found.coi))
    variance = float(anomaly.var())
    alpha = ar1(anomaly)[0] if alpha is None else as_coefficient(alpha, "alpha")
    inside, ends = _band(band, found.periods)
    spectra = averaged_power(
        found,
        dt,
        mother,
        inside=inside,
        variance=variance,
        unit=variance if as_flag(normalize, "normalize") else 1.0,
        alpha=alpha,
        level=level,
    )
    field = _field(found, spectra, times, dates)
    if as_flag(rectified, "rectified"):
        field = field.rectified(found.scales)
        means = spectra.spectrum / found.scales, spectra.spectrum_level / found.scales
        spectra = replace(spectra, spectrum=means[0], spectrum_level=means[1])
    return Analysis(trend, field, spectra, times[:: found.step], ends)


def _field(found: Transform, spectra: Spectra, times: Array, dates: bool) -> Field:
    """Return the power to be drawn: at each time, or of a long series in columns."""
    levels, when, coi = spectra.level[:, np.newaxis], times[:: found.step], found.coi
    if spectra.columns is None:
        measure = spectra.measure
        return Field(found.W, found.periods, levels, coi, when, dates, measure=measure)
    edges = np.append(np.arange(0, found.n, found.column), found.n)
    when, coi = (block_means(row[np.newaxis], edges)[0] for row in (when, coi))
    return Field(spectra.columns, found.periods, levels, coi, when, dates)


def _trend(series: Array, detrend: str | None) -> Array | None:
    """Return the part to be subtracted from a series: none, its mean or a straight line."""
    if detrend is None:
        return None
    return fitted_trend(series, _TRENDS[as_choice(detrend, "detrend", ("linear", "mean"))])


def _given_transform(given: Any, n_times: int) -> Transform:
    """Return the tuple that `cwt` returned, with arrays of shapes that fit."""
    if not isinstance(given, tuple | list) or len(given) < 4:
        raise TypeError(
            f"`transform` must be what `cwt` returns, (W, sj, freqs, coi, ...), got {brief(given)}."
        )
    W = np.asarray(given[0])
    n_scales, n_columns = check_shape(W, "transform[0]")
    step = int(getattr(given, "decim", 1))
    if n_columns != -(-n_times // step):
        raise ValueError(
            f"`transform` must be of `signal`, with its {n_times} samples, got {n_columns}."
        )
    scales = as_series(given[1], "transform[1]", min_size=1)
    check_size(scales, "transform[1]", n_scales, "scale", "transform[0]")
    freqs = as_frequencies(given[2], "transform[2]", n_scales, "transform[0]")
    coi = as_series(given[3], "transform[3]", min_size=1)
    check_size(coi, "transform[3]", n_columns, "time", "transform[0]")
    return Transform(W, scales, 1 / freqs, coi, n_times, step)


def _band(
    band: tuple[float, float] | None, periods: Array
) -> tuple[NDArray[np.bool_], tuple[float, float]]:
    """Return which periods are averaged over, and the ends of their band."""
    if band is None:
        return np.ones(periods.size, dtype=bool), (float(periods[0]), float(periods[-1]))
    low, high = as_band(band)
    inside = (periods >= low) & (periods <= high)
    if not inside.any():
        raise ValueError(
            f"`band` must hold one or more of the periods drawn, {periods[0]:.4g} to "
            f"{periods[-1]:.4g}, got {brief(band)}."
        )
    return inside, (low, high)


def as_band(band: Any) -> tuple[float, float]:
    """Return the two ends of a band."""
    ends = as_series(band, "band", min_size=2)
    if ends.size != 2 or not 0 < ends[0] < ends[1]:
        raise ValueError(
            "`band` must be two periods, the shorter one first, such as (2, 8) (or two "
            f"frequencies, with frequency=True), got {brief(band)}."
        )
    return float(ends[0]), float(ends[1])
