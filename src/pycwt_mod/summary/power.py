"""The power of one series in rows: its variance by octave, and its mean over time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..chisquare import levels_of_record, red_noise_spectrum
from ..mothers import constant
from .findings import Summary
from .lags import spacing_of
from .octaves import summarise
from .text import fill, percent, short

Array = NDArray[np.float64]

# A series has a mean worth a word from this multiple of its standard deviation on.
_LARGE_MEAN = 1.0

# Periods are limits of octaves only to rounding error.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Peak:
    """A period at which the power averaged over time is large.

    Parameters
    ----------
    period : float
        The period.
    power : float
        Power averaged over all times, as a multiple of the variance of the series.
    level : float
        What that of red noise stays below with the probability of the level.
    """

    period: float
    power: float
    level: float

    @property
    def ratio(self) -> float:
        """The power as a multiple of its level."""
        return self.power / self.level


@dataclass(frozen=True, repr=False)
class PowerSummary(Summary):
    """The rows that describe the power of one series, and its mean over time.

    It is a `Summary` whose power is a multiple of the variance of the series, and more:

    Parameters
    ----------
    variance : tuple of float
        For each row the share of the variance of the series that its octave has, by the times
        outside the cone of influence (Torrence & Compo 1998, eq. 14). NaN where the wavelet has no
        reconstruction factor.
    largest : Peak or None
        The period of the largest power averaged over time; None if all are in the cone always.
    standing_out : Peak or None
        The period whose average is highest above its level (eq. 23); None if none is above.
    alpha : float
        Lag-1 autocorrelation of the red noise.
    mean : float
        Mean of the series, as a multiple of its standard deviation.
    """

    variance: tuple[float, ...] = ()
    largest: Peak | None = None
    standing_out: Peak | None = None
    alpha: float = math.nan
    mean: float = 0.0

    def in_unit(self, unit: str) -> Self:
        """Return the findings with all times in another unit, or with it as their label."""
        found = super().in_unit(unit)
        factor = found.dt / self.dt
        largest, standing_out = (
            peak and replace(peak, period=peak.period * factor)
            for peak in (self.largest, self.standing_out)
        )
        return replace(found, largest=largest, standing_out=standing_out)

    def as_dict(self) -> dict[str, Any]:
        """Return the findings for other programs."""
        peaks = {"largest": self.largest, "standing_out": self.standing_out}
        told = {name: peak and asdict(peak) for name, peak in peaks.items()}
        return {**super().as_dict(), "variance": list(self.variance), **told}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield a record of each row; ``pandas.DataFrame(summary)`` is their table."""
        for record, variance in zip(super().__iter__(), self.variance, strict=True):
            yield {**record, "variance": variance}

    def __str__(self) -> str:
        """Return the table with a heading, and the findings in words."""
        return "\n".join([super().__str__(), *map(fill, self._sentences())])

    __repr__ = __str__

    def _heading(self) -> str:
        has_shares = not all(map(math.isnan, self.variance))
        shares = "; variance: the share of it" if has_shares else ""
        return f"{super()._heading()} (power: as a multiple of the variance{shares})"

    def _columns(self, names: tuple[str, ...], unit: str) -> list[list[str]]:
        columns = super()._columns(names, unit)
        if all(map(math.isnan, self.variance)):
            return columns
        return [*columns, ["variance", *map(percent, self.variance)]]

    def _sentences(self) -> Iterator[str]:
        red = f"red noise (lag-1 autocorrelation {self.alpha:.2f})"
        level = f"the {100 * self.level:.4g} % level of {red}"
        most, out = self.largest, self.standing_out
        if out is None:
            yield f"Averaged over time, no period exceeds {level}."
        else:
            yield (
                f"Averaged over time, a period of {self._period(out)} stands out most: "
                f"{out.ratio:.2g} times {level}; by chance, {100 * (1 - self.level):.3g} % of "
                "periods exceed it, one at least in most records."
                f"{' It has most power, too.' if out == most else ''}"
            )
        if most is not None and most != out:
            period, ratio = self._period(most), f"{most.ratio:.2g}"
            yield f"Most power is at a period of {period}, {ratio} times its level."
        if abs(self.mean) > _LARGE_MEAN:
            yield (
                f"The mean of {self.names[0]}, {abs(self.mean):.2g} standard deviations, counts as "
                "power at long periods. Subtract it before the transform."
            )

    def _period(self, peak: Peak) -> str:
        return f"{short(peak.period)}{self._unit}"


def summarise_power(
    power: Array,
    series: Array,
    scales: Array,
    mother: Any,
    *,
    alpha: float,
    outside: NDArray[np.bool_],
    level: float,
    dt: float,
    name: str,
    unit: str,
    every: int = 1,
) -> PowerSummary:
    """Describe the power of a series, shape (n_scales, n_times), by octaves and over time.

    `alpha` is the lag-1 autocorrelation of the red noise that it is compared with; the other
    arguments are those of `summarise`.
    """
    periods, variance = scales * mother.flambda(), float(np.var(series))
    power = power / variance
    noise = red_noise_spectrum(scales, dt, alpha, 1.0, mother)
    levels, levels_of_means = levels_of_record(noise, level, series.size, scales, dt, mother)
    found = summarise(
        power,
        power > levels[:, np.newaxis],
        outside,
        periods,
        level=level,
        dt=dt,
        names=(name,),
        unit=unit,
        quantity="power",
        every=every,
    )
    numbers = np.stack([periods, power.mean(axis=1), levels_of_means])[:, outside.any(axis=1)]
    peaks = [Peak(*each) for each in numbers.T.tolist()]
    out = max(peaks, key=lambda peak: peak.ratio, default=None)
    return PowerSummary(
        **vars(found),
        variance=_shares(power, scales, mother, outside, dt, [row.periods for row in found.rows]),
        largest=max(peaks, key=lambda peak: peak.power, default=None),
        standing_out=out if out and out.ratio > 1 else None,
        alpha=alpha,
        mean=float(np.mean(series)) / math.sqrt(variance),
    )


def _shares(
    power: Array,
    scales: Array,
    mother: Any,
    outside: NDArray[np.bool_],
    dt: float,
    octaves: Sequence[tuple[float, float]],
) -> tuple[float, ...]:
    """Return the variance that each octave stands for, by its times outside the cone."""
    try:
        cdelta = constant(mother, "cdelta")
    except ValueError:  # as of odd derivatives of a Gaussian
        return (math.nan,) * len(octaves)
    mean = np.sum(power, axis=1, where=outside) / np.maximum(outside.sum(axis=1), 1)
    shares = spacing_of(scales) * dt * mean / (scales * cdelta)
    ends = [end * (1 - _ROUNDING) for _, end in octaves]
    places = np.searchsorted(ends, scales * mother.flambda(), side="right")
    return tuple(np.bincount(places, shares, len(ends) + 1)[: len(ends)].tolist())
