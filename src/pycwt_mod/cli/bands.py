"""What a field says, octave by octave of periods, outside the cone of influence."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Band", "octave_bands", "strongest", "total_share"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Periods are powers of two only to rounding error.
_ROUNDING = 1e-9

# Closer to 0 or 180 degrees than this, two series are called in phase or in anti-phase.
_QUARTER = math.pi / 4


@dataclass(frozen=True)
class Band:
    """The part of a field within one octave of periods and outside the cone of influence.

    Parameters
    ----------
    periods : (float, float)
        The octave.
    area : float
        Its share of all points outside the cone.
    significant : float
        Share of its points that are significant.
    mean : float
        Mean of the field over its points.
    period : float
        Mean period of its significant points, in octaves; NaN without any.
    phase, phase_spread : float
        Mean phase of its significant points in radians, and its circular standard deviation; NaN
        without any, or for a field without phases.
    """

    periods: tuple[float, float]
    area: float
    significant: float
    mean: float
    period: float
    phase: float
    phase_spread: float

    @property
    def relation(self) -> str:
        """How the series relate: "in phase", "anti-phase", "x leads", "y leads", or ""."""
        if math.isnan(self.phase):
            return ""
        if abs(self.phase) <= _QUARTER:
            return "in phase"
        if abs(self.phase) >= math.pi - _QUARTER:
            return "anti-phase"
        return "x leads" if self.phase > 0 else "y leads"

    @property
    def lag(self) -> float:
        """Time by which y follows x; in anti-phase, by which it follows x turned upside down."""
        opposite = self.relation == "anti-phase"
        phase = math.remainder(self.phase - math.pi, 2 * math.pi) if opposite else self.phase
        return phase / (2 * math.pi) * self.period

    @property
    def lag_spread(self) -> float:
        """Spread of the phase as a time."""
        return self.phase_spread / (2 * math.pi) * self.period


def octave_bands(
    field: Array, significant: Mask, outside: Mask, periods: Array, phase: Array | None = None
) -> list[Band]:
    """Return what each octave of periods has, from the shortest on.

    Parameters
    ----------
    field : numpy.ndarray
        Shape (n_scales, n_times).
    significant, outside : numpy.ndarray
        Which points are significant, and outside the cone of influence; same shape.
    periods : numpy.ndarray
        Fourier periods, shape (n_scales,).
    phase : numpy.ndarray, optional
        Phases in radians, shape of `field`.

    Returns
    -------
    list of Band
        Octaves that lie in the cone at all times are left out.
    """
    octaves = np.floor(np.log2(periods) + _ROUNDING)
    total = int(outside.sum())
    bands = []
    for octave in np.unique(octaves):
        rows = octaves == octave
        inside = outside[rows]
        if not inside.any():
            continue
        found = inside & significant[rows]
        values = field[rows][inside]
        logs = np.broadcast_to(np.log2(periods[rows])[:, np.newaxis], inside.shape)[found]
        angles = None if phase is None else phase[rows][found]
        bands.append(
            Band(
                (2.0**octave, 2.0 ** (octave + 1)),
                float(inside.sum()) / total,
                float(found.sum() / inside.sum()),
                float(np.nanmean(values)) if np.isfinite(values).any() else math.nan,
                float(2 ** logs.mean()) if logs.size else math.nan,
                *_circular(angles),
            )
        )
    return bands


def strongest(bands: list[Band]) -> Band | None:
    """Return the band with the largest share of significant points; None if none has any."""
    best = max(bands, key=lambda band: (band.significant, band.mean), default=None)
    return best if best is not None and best.significant > 0 else None


def total_share(significant: Mask, outside: Mask) -> float:
    """Return the share of the points outside the cone that are significant."""
    total = int(outside.sum())
    return float((significant & outside).sum() / total) if total else math.nan


def _circular(angles: Array | None) -> tuple[float, float]:
    """Return the mean of angles and their circular standard deviation."""
    if angles is None or not angles.size:
        return math.nan, math.nan
    resultant = np.exp(1j * angles).mean()
    length = min(1.0, max(abs(resultant), _ROUNDING))
    return float(np.angle(resultant)), math.sqrt(-2 * math.log(length))
