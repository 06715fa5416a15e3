"""The coherence that unrelated series have for the shape of their spectra.

A rhythm narrower than the wavelet resolves makes unrelated series coherent: over the window that
smooths, each is one sine wave, and two of them keep their phase. For independent series with
spectra P1 and P2 the mean of |S12|^2 is P1' |F|^2 P2, where

    F(w, w') = sum over the scales s of the boxcar of  psi(s w) psi(s w') V(s (w - w')),

psi is the wavelet and V the window, both in the Fourier domain; the mean of S11 is diag(F)' P1. The
quotient of these means stands for that of R2. It is too large by a tenth, for AR(1) noise and for
others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry import Geometry
from ..helpers import ar1_spectrum
from .fields import Array

# Cells of frequencies: finer than any window resolves. Scales: R2 changes little between them.
_CELLS_PER_OCTAVE, _SCALES_PER_OCTAVE = 24, 4

# A record of fewer periods does not show the shape of its spectrum there.
_FEWEST_PERIODS = 8

# Responses of a wavelet below this part of its largest are left out.
_SMALLEST_RESPONSE = 1e-3

# The scale in samples, and the FFT length, at which the window is looked up.
_TABLE_SCALE, _TABLE_LENGTH = 32.0, 4096


def excess_coherence(
    series: Sequence[Array],
    coefficients: Array,
    geometry: Geometry,
    members: NDArray[np.bool_],
) -> Array:
    """Return by how much R2 of unrelated series exceeds that of AR(1) noise, from their spectra.

    It is the expected mean over each band, less that of AR(1) noise with the coefficients, (band,
    series, series); NaN where a series has no power, 0 where the record has too few periods to
    tell. `members` says whether a scale belongs to a band, (band, scale).
    """
    frequencies = np.fft.rfftfreq(geometry.n_times)[1:]
    cells = np.floor(_CELLS_PER_OCTAVE * np.log2(frequencies / frequencies[0])).astype(int)
    _, cells = np.unique(cells, return_inverse=True)
    own = np.stack([_per_cell(_periodogram(one), cells) for one in series])
    red = np.stack([_per_cell(ar1_spectrum(frequencies, g), cells) for g in coefficients.tolist()])
    centres = 2 * np.pi * _per_cell(frequencies, cells) / np.bincount(cells)
    step = max(1, round(1 / (_SCALES_PER_OCTAVE * geometry.dj)))
    resolved = geometry.periods <= geometry.n_times * geometry.dt / _FEWEST_PERIODS
    excess = np.zeros((len(members), len(series), len(series)))
    for band, member in enumerate(members):
        scales = np.flatnonzero(member & resolved)[::step]
        weights = geometry.n_averaged[scales] / geometry.n_averaged[scales].sum()
        for scale, weight in zip(scales.tolist(), weights.tolist(), strict=True):
            F = _responses(geometry, scale, centres)
            excess[band] += weight * (_expected(F, own) - _expected(F, red))
    return excess


def _per_cell(row: NDArray[Any], cells: NDArray[np.intp]) -> Array:
    return np.asarray(np.bincount(cells, row), dtype=float)


def _periodogram(series: Array) -> Array:
    """Return the power at all frequencies but zero, up to a factor."""
    centred = series - series.mean()
    size = float(np.abs(centred).max())  # of any unit, without overflow
    return np.asarray(np.abs(np.fft.rfft(centred / size * np.hanning(series.size))[1:]) ** 2)


def _expected(F: Array, spectra: Array) -> Array:
    """Return the mean R2 of each pair of independent series, (series, series)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = spectra / (spectra @ np.diag(F))[:, np.newaxis]
    return np.asarray(shares @ F**2 @ shares.T)


def _responses(geometry: Geometry, scale: int, centres: Array) -> Array:
    """Return F at one scale, (cell, cell)."""
    taps = geometry.taps
    first = scale - (taps.size - 1 - (taps.size - 1) // 2)
    scales = geometry.scales_in_samples
    F = np.zeros((centres.size, centres.size))
    for number, tap in enumerate(taps.tolist(), start=first):
        if 0 <= number < scales.size:
            response = np.abs(geometry.mother.psi_ft(scales[number] * centres))
            kept = np.flatnonzero(response > _SMALLEST_RESPONSE * response.max())
            part, at = response[kept], scales[number] * centres[kept]
            window = _window(geometry, np.abs(at[:, np.newaxis] - at))
            F[np.ix_(kept, kept)] += tap * np.outer(part, part) * window
    return F


def _window(geometry: Geometry, u: Array) -> Array:
    """Return the window of the smoothing in time at dimensionless frequencies."""
    table = geometry.mother.smoothing_window(_TABLE_SCALE, _TABLE_LENGTH)[: _TABLE_LENGTH // 2]
    places = _TABLE_SCALE * 2 * np.pi * np.arange(table.size) / _TABLE_LENGTH
    return np.asarray(np.interp(u, places, table))
