"""Where in time and period two series are coherent: significant regions as rows of a table.

A phase is a lag only at a given period, so regions are looked for in one octave of periods at a
time (2 to 4, 4 to 8 ...): a region that stretches over several octaves is several rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Region", "find_regions"]

Array = NDArray[np.float64]

# Regions touch across corners too.
_NEIGHBOURS = np.ones((3, 3), dtype=int)

# Periods are powers of two only to rounding error.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Region:
    """One contiguous region of significant coherence, within an octave of periods.

    Parameters
    ----------
    periods : (float, float)
        Shortest and longest Fourier period.
    times : (float, float)
        First and last time.
    coherence : float
        Mean squared coherence.
    phase : float
        Mean phase in radians, in (-pi, pi], of the first series relative to the second.
    phase_spread : float
        Circular standard deviation of the phase in radians.
    share : float
        Its share of the area outside the cone of influence.
    """

    periods: tuple[float, float]
    times: tuple[float, float]
    coherence: float
    phase: float
    phase_spread: float
    share: float

    @property
    def mean_period(self) -> float:
        """The period in the middle of its band, in octaves."""
        return math.sqrt(self.periods[0] * self.periods[1])

    @property
    def octaves(self) -> float:
        """Width of its band of periods, in octaves."""
        return math.log2(self.periods[1] / self.periods[0])

    @property
    def cycles(self) -> float:
        """How many times its mean period it lasts."""
        return (self.times[1] - self.times[0]) / self.mean_period

    @property
    def lag(self) -> float:
        """Time by which the second series follows the first; negative: it goes before."""
        return self.phase / (2 * math.pi) * self.mean_period

    @property
    def phase_of_opposite(self) -> float:
        """Phase of the first series relative to the second turned upside down."""
        return math.remainder(self.phase - math.pi, 2 * math.pi)

    @property
    def lag_of_opposite(self) -> float:
        """Time by which the second series, turned upside down, follows the first."""
        return self.phase_of_opposite / (2 * math.pi) * self.mean_period

    @property
    def lag_spread(self) -> float:
        """Spread of the phase as a time, at the mean period."""
        return self.phase_spread / (2 * math.pi) * self.mean_period


def find_regions(
    R2: Array,
    phase: Array,
    coi: Array,
    periods: Array,
    levels: Array,
    times: Array,
    *,
    min_cycles: float = 1.0,
    min_octaves: float = 0.25,
) -> tuple[list[Region], float]:
    """Find the contiguous regions of significant coherence outside the cone of influence.

    Parameters
    ----------
    R2, phase : numpy.ndarray
        Squared coherence and phase, shape (n_scales, n_times).
    coi : numpy.ndarray
        Cone of influence in periods, shape (n_times,).
    periods, levels : numpy.ndarray
        Fourier periods, ascending, and significance levels, shape (n_scales,).
    times : numpy.ndarray
        Times, shape (n_times,).
    min_cycles, min_octaves : float
        Smaller regions are left out: those that last fewer cycles of their mean period, or whose
        band is narrower.

    Returns
    -------
    regions : list of Region
        The largest first.
    share : float
        Share of the area outside the cone of influence that is significant, small regions
        included; NaN if nothing is outside. The area is counted in samples and scales.
    """
    outside = (periods[:, np.newaxis] <= coi) & np.isfinite(levels)[:, np.newaxis]
    total = int(outside.sum())
    if not total:
        return [], math.nan
    with np.errstate(invalid="ignore"):
        significant = outside & (R2 / levels[:, np.newaxis] >= 1)
    octaves = np.floor(np.log2(periods) + _ROUNDING)
    regions = []
    for octave in np.unique(octaves):
        labels, _ = ndimage.label(significant & (octaves == octave)[:, np.newaxis], _NEIGHBOURS)
        for label, where in enumerate(ndimage.find_objects(labels), start=1):
            inside = labels[where] == label
            axes = periods[where[0]], times[where[1]]
            share = float(inside.sum()) / total
            region = _summarise(R2[where][inside], phase[where][inside], *axes, share)
            if region.cycles >= min_cycles and region.octaves >= min_octaves:
                regions.append(region)
    regions.sort(key=lambda region: -region.share)
    return regions, float(significant.sum()) / total


def _summarise(R2: Array, phase: Array, periods: Array, times: Array, share: float) -> Region:
    """Return what the table says of a region with these samples and this extent."""
    resultant = np.exp(1j * phase).mean()
    return Region(
        (float(periods[0]), float(periods[-1])),
        (float(times[0]), float(times[-1])),
        float(R2.mean()),
        float(np.angle(resultant)),
        math.sqrt(-2 * math.log(min(1.0, max(abs(resultant), _ROUNDING)))),
        share,
    )
