"""The power of one series: its transform, the means over time and scale, and their levels.

The numbers that `plotting.plot_cwt` draws. Nothing here checks arguments but the scales.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import chisquare, transform
from .helpers import padded_length
from .limits import scale_arguments
from .mothers import constant

Array = NDArray[np.float64]

# Neighbouring scales of one spacing agree to this.
_SPACING_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Transform:
    """A wavelet transform of shape (scale, time), its scales, their periods and the cone.

    It is of a series of `n` samples, and at every `step`-th time of it.
    """

    W: NDArray[Any]
    scales: Array
    periods: Array
    coi: Array
    n: int
    step: int = 1

    def shortest(self, number: int) -> Transform:
        """Return the transform at the first scales alone."""
        kept = slice(number)
        return replace(self, W=self.W[kept], scales=self.scales[kept], periods=self.periods[kept])


@dataclass(frozen=True, eq=False)
class Spectra:
    """The means of the power, and the levels that red noise stays below.

    Of shape (scale,): `level` of the power at one time, the mean over time `spectrum` and its
    level. Of shape (time,): `average`, the variance in a band of periods; its level is a number.
    `measure` turns a row of the transform into power.
    """

    measure: Callable[[NDArray[Any]], Array]
    level: Array
    spectrum: Array
    spectrum_level: Array
    average: Array
    average_level: float


def fitted_trend(series: Array, degree: int) -> Array:
    """Return the polynomial that fits a series best: of degree 0 its mean, of degree 1 a line."""
    # Over [-1, 1], where the fit is as accurate for a million samples as for ten.
    x = np.linspace(-1, 1, series.size)
    fit = np.polynomial.polynomial.polyfit(x, series, degree)
    return np.asarray(np.polynomial.polynomial.polyval(x, fit))


def transform_series(
    series: Array, dt: float, dj: float, s0: float, J: float, mother: Any
) -> Transform:
    """Return the transform of a series, with the defaults of `cwt` for -1."""
    dj, s0, J = scale_arguments(series.size, dt, dj, s0, J, mother)
    scales = transform.scale_axis(s0, dj, J)
    W, _ = transform.forward(series, mother, scales, dt, padded_length(series.size))
    coi = transform.cone_of_influence(series.size, mother, dt)
    return Transform(W, scales, mother.flambda() * scales, coi, series.size)


def averaged_power(
    transformed: Transform,
    dt: float,
    mother: Any,
    *,
    inside: NDArray[np.bool_],
    variance: float,
    unit: float,
    alpha: float,
    level: float,
) -> Spectra:
    """Average the power of a transform over time, and over the band of scales that are `inside`.

    The scales are of one spacing in octaves. The power of `unit` counts as 1. Red noise has the
    variance of the series and the lag-1 autocorrelation `alpha`; `level` is the probability that
    its power stays below the levels.

    References
    ----------
    Torrence & Compo (1998), eq. 18 and 22 to 28.
    doi:10.1175/1520-0477(1998)079<0061:APGTWA>2.0.CO;2
    """
    scales = transformed.scales
    dj = _spacing(scales)
    measure = _power_over(unit)
    spectrum, average = _averages(transformed.W, measure, scales, inside)
    average *= dj * dt / constant(mother, "cdelta")
    noise = chisquare.red_noise_spectrum(scales, dt, alpha, variance / unit, mother)
    # The ends, one scale long, tell nothing new.
    n_averaged = np.maximum(transformed.n - scales / dt, 1)
    band = scales[inside][0], scales[inside][-1]
    return Spectra(
        measure,
        chisquare.local_level(noise, level, mother),
        spectrum,
        chisquare.time_average_level(noise, level, n_averaged, scales, dt, mother),
        average,
        chisquare.scale_average_level(noise, level, band, scales, dt, dj, mother)[0],
    )


def _power_over(unit: float) -> Callable[[NDArray[Any]], Array]:
    """Return the function that turns a row of a transform into power."""

    def power(row: NDArray[Any]) -> Array:
        return np.asarray((row.real**2 + row.imag**2) / unit)

    return power


def _averages(
    W: NDArray[Any], measure: Callable[[NDArray[Any]], Array], scales: Array, inside: Any
) -> tuple[Array, Array]:
    """Return the mean of the power over time, and its sum over a band, each over its scale."""
    spectrum, average = np.empty(scales.size), np.zeros(W.shape[1])
    for j, row in enumerate(W):
        power = measure(row)
        spectrum[j] = power.mean()
        if inside[j]:
            average += power / scales[j]
    return spectrum, average


def _spacing(scales: Array) -> float:
    """Return the spacing of scales in octaves."""
    if scales.size < 2:
        raise ValueError(
            "`signal` must be long enough for two scales outside the cone of influence, got one. "
            "Give more samples, or a smaller `s0`."
        )
    steps = np.diff(np.log2(scales))
    if np.ptp(steps) > _SPACING_TOLERANCE:
        raise ValueError(
            "`transform` must have scales of one spacing in octaves, got steps from "
            f"{steps.min():.3g} to {steps.max():.3g}. Leave `freqs` out in the call of `cwt`."
        )
    return math.fsum(steps) / steps.size
