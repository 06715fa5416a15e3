"""What the picture of one series needs: power, its averages over time and scale, and levels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import wavelet as functions
from ..helpers import ar1
from ..mothers import constant
from ..validation import as_choice, as_coefficient, as_flag, as_level, as_positive, as_series, brief
from .field import Field, as_frequencies, check_shape, check_size, number_outside

Array = NDArray[np.float64]

_TRENDS = {None: None, "mean": 0, "linear": 1}

# Neighbouring scales of one spacing agree to this.
_SPACING_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Spectra:
    """The power of one series, and what is significant of it.

    Attributes
    ----------
    trend : numpy.ndarray or None
        What was subtracted from the series.
    field : Field
        Its transform, of which the colours are the power; periods outside the cone.
    spectrum, spectrum_level : numpy.ndarray
        Mean of the power over time, and its level, shape (scale,).
    average : numpy.ndarray
        Mean variance in a band of periods over time, shape (n,).
    average_level : float
        Its level.
    band : (float, float)
        The shortest and the longest period averaged.
    """

    trend: Array | None
    field: Field
    spectrum: Array
    spectrum_level: Array
    average: Array
    average_level: float
    band: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Request:
    """What a user asked for: the arguments of `plot_cwt` that numbers depend on."""

    dt: float
    dj: float
    s0: float
    J: float
    wavelet: Any
    transform: Any
    detrend: str | None
    normalize: bool
    alpha: float | None
    significance_level: float
    band: tuple[float, float] | None
    crop_to_coi: bool


def analyse(series: Array, times: Array, dates: bool, request: Request) -> Spectra:
    """Transform a series and average its power.

    Parameters
    ----------
    series, times : numpy.ndarray
        Shape (n,) each.
    dates : bool
        Whether times are dates.
    request : Request
        Checked here.
    """
    mother = functions._check_parameter_wavelet(request.wavelet)
    dt, level = as_positive(request.dt, "dt"), as_level(request.significance_level)
    trend = None if request.transform is not None else trend_of(series, request.detrend)
    anomaly = series if trend is None else series - trend
    W, sj, periods, coi = _transform(anomaly, dt, request, mother)
    kept = number_outside(periods, coi) if as_flag(request.crop_to_coi, "crop_to_coi") else sj.size
    W, sj, periods = W[:kept], sj[:kept], periods[:kept]
    variance = float(anomaly.var())
    alpha = ar1(anomaly)[0] if request.alpha is None else as_coefficient(request.alpha, "alpha")
    unit = variance if as_flag(request.normalize, "normalize") else 1.0
    noise = variance / unit
    inside, band = _band(request.band, periods)

    def test(kind: int, dof: Any) -> Any:
        return functions.significance(noise, dt, sj, kind, alpha, level, dof, mother)[0]

    measure = _power_over(unit)
    spectrum, average = _averages(W, measure, sj, inside)
    dj = _spacing(sj)
    # Torrence & Compo (1998), eq. 24.
    average *= dj * dt / constant(mother, "cdelta")
    return Spectra(
        trend,
        Field(W, periods, test(0, -1), coi, times, dates, measure=measure),
        spectrum,
        # The ends, one scale long, tell nothing new.
        test(1, np.maximum(series.size - sj / dt, 1)),
        average,
        test(2, [sj[inside][0], sj[inside][-1]]),
        band,
    )


def trend_of(series: Array, detrend: str | None) -> Array | None:
    """Return what is to be subtracted from a series: nothing, its mean or a straight line."""
    if detrend is not None:
        as_choice(detrend, "detrend", ("linear", "mean"))
    degree = _TRENDS[detrend]
    if degree is None:
        return None
    # Over [-1, 1], where the fit is as accurate for a million samples as for ten.
    x = np.linspace(-1, 1, series.size)
    return np.asarray(
        np.polynomial.polynomial.polyval(x, np.polynomial.polynomial.polyfit(x, series, degree))
    )


def _transform(
    anomaly: Array, dt: float, request: Request, mother: Any
) -> tuple[NDArray[Any], Array, Array, Array]:
    """Return the transform, its scales, their periods and the cone of influence."""
    if request.transform is None:
        W, sj, freqs, coi, *_ = functions.cwt(
            anomaly, dt, request.dj, request.s0, request.J, mother
        )
        return W, sj, 1 / freqs, coi
    if not isinstance(request.transform, tuple | list) or len(request.transform) < 4:
        raise TypeError(
            "`transform` must be what `cwt` returns, (W, sj, freqs, coi, ...), got "
            f"{brief(request.transform)}."
        )
    W = np.asarray(request.transform[0])
    n_scales, n_times = check_shape(W, "transform[0]")
    if n_times != anomaly.size:
        raise ValueError(
            f"`transform` must be of `signal`, with its {anomaly.size} samples, got {n_times}."
        )
    sj = as_series(request.transform[1], "transform[1]", min_size=1)
    check_size(sj, "transform[1]", n_scales, "scale", "transform[0]")
    freqs = as_frequencies(request.transform[2], "transform[2]", n_scales, "transform[0]")
    coi = as_series(request.transform[3], "transform[3]", min_size=1)
    check_size(coi, "transform[3]", n_times, "time", "transform[0]")
    return W, sj, 1 / freqs, coi


def _power_over(unit: float) -> Callable[[NDArray[Any]], Array]:
    """Return the function that makes power of a row of a transform."""

    def power(row: NDArray[Any]) -> Array:
        return np.asarray((row.real**2 + row.imag**2) / unit)

    return power


def _averages(
    W: NDArray[Any], measure: Callable[[NDArray[Any]], Array], sj: Array, inside: Any
) -> tuple[Array, Array]:
    """Return the mean of the power over time, and its sum over a band, each over its scale."""
    spectrum, average = np.empty(sj.size), np.zeros(W.shape[1])
    for j, row in enumerate(W):
        power = measure(row)
        spectrum[j] = power.mean()
        if inside[j]:
            average += power / sj[j]
    return spectrum, average


def _band(
    band: tuple[float, float] | None, periods: Array
) -> tuple[NDArray[np.bool_], tuple[float, float]]:
    """Return which periods are averaged over, and the ends of their band."""
    if band is None:
        return np.ones(periods.size, dtype=bool), (float(periods[0]), float(periods[-1]))
    ends = as_series(band, "band", min_size=2)
    if ends.size != 2 or not 0 < ends[0] < ends[1]:
        raise ValueError(
            f"`band` must be two periods, the shorter one first, such as (2, 8), got {brief(band)}."
        )
    inside = (periods >= ends[0]) & (periods <= ends[1])
    if not inside.any():
        raise ValueError(
            f"`band` must hold one or more of the periods drawn, {periods[0]:.4g} to "
            f"{periods[-1]:.4g}, got {brief(band)}."
        )
    return inside, (float(ends[0]), float(ends[1]))


def _spacing(sj: Array) -> float:
    """Return the spacing of scales in octaves."""
    if sj.size < 2:
        raise ValueError(
            "`signal` must be long enough for two scales outside the cone of influence, got one. "
            "Give more samples, or a smaller `s0`."
        )
    steps = np.diff(np.log2(sj))
    if np.ptp(steps) > _SPACING_TOLERANCE:
        raise ValueError(
            "`transform` must have scales of one spacing in octaves, got steps from "
            f"{steps.min():.3g} to {steps.max():.3g}. Leave `freqs` out in the call of `cwt`."
        )
    return math.fsum(steps) / steps.size
