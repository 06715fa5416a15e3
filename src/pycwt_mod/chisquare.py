"""Significance of wavelet power by the chi-square distribution (Torrence & Compo 1998).

The three tests on bare arrays; `wavelet.significance` is their friendly face.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from .mothers import constant

Real = NDArray[np.float64]

# A difference of numbers of about 1 has half of its digits left here.
_ROUNDED = 1e-8


def chi_square_quantile(level: float, dof: Any) -> Any:
    """Return the quantile of the chi-square distribution with `dof` degrees of freedom."""
    return chdtri(dof, 1 - level)


def red_noise_spectrum(scales: Real, dt: float, alpha: float, variance: float, mother: Any) -> Real:
    """Return the AR(1) power at each scale's Fourier frequency (eq. 16)."""
    frequency = dt / (scales * mother.flambda())
    distance = 1 + alpha**2 - 2 * alpha * np.cos(2 * np.pi * frequency)
    # The same, where the difference has lost half its digits.
    exact = (1 - alpha) ** 2 + 4 * alpha * np.sin(np.pi * frequency) ** 2
    distance = np.where(distance < _ROUNDED, exact, distance)
    spectrum: Real = variance * (1 - alpha**2) / distance
    return spectrum


def local_level(spectrum: Real, level: float, mother: Any) -> Real:
    """Return the level of the power at one time and scale (eq. 18)."""
    dof = mother.dofmin
    return np.asarray(spectrum * chi_square_quantile(level, dof) / dof)


def time_average_level(
    spectrum: Real, level: float, n_averaged: Real, scales: Real, dt: float, mother: Any
) -> Real:
    """Return the level of the power averaged over `n_averaged` times (eq. 23)."""
    averaged = np.maximum(n_averaged, 1)
    decorrelation = constant(mother, "gamma") * scales
    dof = mother.dofmin * np.sqrt(1 + (averaged * dt / decorrelation) ** 2)
    return np.asarray(spectrum * chi_square_quantile(level, dof) / dof)


def levels_of_record(
    spectrum: Real, level: float, n: int, scales: Real, dt: float, mother: Any
) -> tuple[Real, Real]:
    """Return the levels of the power at one time, and of its average over a record of n samples."""
    # The ends, one scale long, tell nothing new (section 5a); one time is left at least.
    n_averaged = np.maximum(n - scales / dt, 1)
    local = local_level(spectrum, level, mother)
    return local, time_average_level(spectrum, level, n_averaged, scales, dt, mother)


def scale_average_level(
    spectrum: Real,
    level: float,
    band: tuple[float, float],
    scales: Real,
    dt: float,
    dj: float,
    mother: Any,
) -> tuple[float, float]:
    """Return the level of the power averaged over a band of scales, and its spectrum (eq. 25-28).

    Raises
    ------
    ValueError
        If no scale lies in the band, or the wavelet has no cdelta or deltaj0.
    """
    inside = (scales >= band[0]) & (scales <= band[1])
    n_inside = int(inside.sum())
    if not n_inside:
        raise ValueError(
            f"`dof` must hold a range of scales with at least one of `scales` in it, got "
            f"[{band[0]:g}, {band[1]:g}]; the scales go from {scales.min():g} to {scales.max():g}."
        )
    average = 1 / np.sum(1 / scales[inside])
    middle = np.sqrt(band[0] * band[1])
    spread = np.sqrt(1 + (n_inside * dj / constant(mother, "deltaj0")) ** 2)
    dof = mother.dofmin * n_inside * average / middle * spread
    band_spectrum = average * np.sum(spectrum[inside] / scales[inside])
    factor = dj * dt / (constant(mother, "cdelta") * average)
    return (
        float(factor * band_spectrum * chi_square_quantile(level, dof) / dof),
        float(band_spectrum),
    )
