"""The power of one series: its transform, the means over time and scale, and their levels.

The numbers that `plotting.plot_cwt` draws. Nothing here checks arguments but the scales.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import chisquare, transform
from .helpers import padded_length
from .limits import scale_arguments
from .mothers import constant

Array = NDArray[np.float64]

# Neighbouring scales of one spacing agree to this.
_SPACING_TOLERANCE = 1e-6

# Columns of a picture that are computed of a series with more samples: some for each pixel.
MOST_COLUMNS = 2**14

# Part of its largest response below which a wavelet's power is not seen in a picture.
_UNSEEN = 1e-4

# Values of a transform that are computed together.
_VALUES_TOGETHER = 2**23


@dataclass(frozen=True, eq=False)
class Transform:
    """A wavelet transform of shape (scale, time), its scales, their periods and the cone.

    It is of a series of `n` samples, and at every `step`-th time of it. A picture shows the mean
    power over columns of some samples.
    """

    W: NDArray[Any]
    scales: Array
    periods: Array
    coi: Array
    n: int
    step: int = 1
    column: int = 1

    def shortest(self, number: int) -> Self:
        """Return the transform at the first scales alone."""
        by_scale = {name: getattr(self, name)[:number] for name in ("W", "scales", "periods")}
        return replace(self, **by_scale)

    def stretched(self, factor: float) -> Self:
        """Return the transform with all times multiplied by a number."""
        names = [name for name in ("scales", "periods", "coi", "dt") if hasattr(self, name)]
        return replace(self, **{name: getattr(self, name) * factor for name in names})

    def rows(self) -> Iterator[tuple[NDArray[Any], int]]:
        """Yield the row of each scale, and the number of samples from one value to the next."""
        return ((row, self.step) for row in self.W)


@dataclass(frozen=True, eq=False)
class LongTransform(Transform):
    """A transform that is computed as it is read, a few scales at a time; its `W` is empty.

    The power of a large scale changes slowly: some times tell it all.
    """

    series: Array = field(default_factory=lambda: np.empty(0))
    dt: float = 1.0
    mother: Any = None

    def rows(self) -> Iterator[tuple[NDArray[Any], int]]:
        """Yield the row of each scale, and the number of samples from one value to the next."""
        n_fft = padded_length(self.n)
        samples = math.pi / _highest_frequency(self.mother) * self.scales / self.dt
        # Some to a column, so that its mean is in its middle.
        steps = 2 ** np.log2(np.clip(samples, 1, max(1, self.column / 8))).astype(int)
        for every in np.unique(steps).tolist():
            scales = self.scales[steps == every]
            together = max(1, _VALUES_TOGETHER * every // self.n)
            for first in range(0, scales.size, together):
                some = scales[first : first + together]
                W, _ = transform.forward(
                    self.series, self.mother, some, self.dt, n_fft, single=True, every=every
                )
                yield from ((row, every) for row in W)


@dataclass(frozen=True, eq=False)
class Spectra:
    """The means of the power, and the levels that red noise stays below.

    Of shape (scale,): `level` of the power at one time, the mean over time `spectrum` and its
    level. Of shape (time,): `average`, the variance in a band of periods; its level is a number.
    `measure` turns a row of the transform into power; `columns` is the power of a long series,
    shape (scale, column).
    """

    measure: Callable[[NDArray[Any]], Array]
    level: Array
    spectrum: Array
    spectrum_level: Array
    average: Array
    average_level: float
    columns: Array | None = None


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
    n = series.size
    column = 2 ** max(0, math.ceil(math.log2(n / MOST_COLUMNS)))
    dj, s0, J = scale_arguments(n, dt, dj, s0, J, mother, values=-(-n // column))
    scales = transform.scale_axis(s0, dj, J)
    coi = transform.cone_of_influence(n, mother, dt)
    facts = scales, mother.flambda() * scales, coi, n
    if column > 1:
        return LongTransform(
            np.empty(0), *facts, column=column, series=series, dt=dt, mother=mother
        )
    W, _ = transform.forward(series, mother, scales, dt, padded_length(n))
    return Transform(W, *facts)


def _highest_frequency(mother: Any) -> float:
    """Return the frequency at scale 1 above which a wavelet has no power that is seen."""
    peak = 2 * math.pi / mother.flambda()
    x = np.linspace(0, 8 * peak + 20, 2**12)
    size = np.maximum(np.abs(mother.psi_ft(x)), np.abs(mother.psi_ft(-x)))
    return float(x[size > _UNSEEN * size.max()][-1])


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
    measure = partial(_power_over, unit)
    spectrum, average, columns = _averages(transformed, measure, inside)
    average *= dj * dt / constant(mother, "cdelta")
    noise = chisquare.red_noise_spectrum(scales, dt, alpha, variance / unit, mother)
    local, of_average = chisquare.levels_of_record(noise, level, transformed.n, scales, dt, mother)
    band = scales[inside][0], scales[inside][-1]
    return Spectra(
        measure,
        local,
        spectrum,
        of_average,
        average,
        chisquare.scale_average_level(noise, level, band, scales, dt, dj, mother)[0],
        columns if transformed.column > 1 else None,
    )


def _power_over(unit: float, row: NDArray[Any]) -> Array:
    """Return the power of a row of a transform."""
    return np.asarray((row.real**2 + row.imag**2) / unit)


def _averages(
    transformed: Transform, measure: Callable[[NDArray[Any]], Array], inside: Any
) -> tuple[Array, Array, Array]:
    """Return the mean of the power over time, its sum over a band by scale, and its columns."""
    scales, n = transformed.scales, transformed.n
    spectrum, average = np.empty(scales.size), np.zeros(transformed.coi.size)
    starts = np.arange(0, n, transformed.column) if transformed.column > 1 else np.empty(0, int)
    columns = np.empty((scales.size, starts.size))
    coarse: dict[int, Array] = {}
    for j, (row, every) in enumerate(transformed.rows()):
        power = measure(row)
        spectrum[j] = power.mean()
        if starts.size:
            firsts = starts // every
            columns[j] = np.add.reduceat(power, firsts) / np.diff(firsts, append=power.size)
        if inside[j] and every == transformed.step:
            average += power / scales[j]
        elif inside[j]:
            coarse[every] = coarse.get(every, 0.0) + power / scales[j]
    for every, part in coarse.items():
        average += np.interp(np.arange(n), every * np.arange(part.size), part)
    return spectrum, average, columns


def _spacing(scales: Array) -> float:
    """Return the spacing of scales in octaves."""
    if scales.size < 2:
        raise ValueError(
            "`signal` must be long enough for two scales outside the cone of influence, got one. "
            "Give more samples, or shorter periods: a smaller `s0`, or higher `freqs`."
        )
    steps = np.diff(np.log2(scales))
    if np.ptp(steps) > _SPACING_TOLERANCE:
        raise ValueError(
            "`transform` must have scales of one spacing in octaves, got steps from "
            f"{steps.min():.3g} to {steps.max():.3g}. Leave `freqs` out in the call of `cwt`."
        )
    return math.fsum(steps) / steps.size
