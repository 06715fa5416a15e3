"""A cycle that two series share, such as the year: red noise has none."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .rhythms import without_trend

# Frequencies that a wavelet sees together with one, as a factor, and as the fewest to either side;
# and the fewest cycles in a record.
_AROUND, _BESIDE, _FEWEST = 1.5, 5, 3

# A cycle has as many times the power of its neighbours at a frequency, and as large a share of all
# that the wavelet sees there.
_ABOVE, _SHARE = 10.0, 0.5

# The harmonics of a cycle that are often stronger than itself.
_HARMONICS = 4


def common_cycle(series: NDArray[np.float64], dt: float) -> float | None:
    """Return the period of the strongest cycle that all series (series, time) have, or None.

    A cycle stays in step through the record, so its power is at one frequency: more than that of
    all others that a wavelet of its period sees. Where one of its harmonics is stronger than the
    cycle itself, the period is that of the cycle.
    """
    n = series.shape[1]
    power = np.abs(scipy.fft.rfft(without_trend(series))[:, : (n + 1) // 2]) ** 2
    numbers = np.arange(_FEWEST, int(min(power.shape[1] / _AROUND, power.shape[1] - _BESIDE)) - 1)
    if not numbers.size:
        return None
    total = np.pad(power.cumsum(axis=1), ((0, 0), (1, 0)))
    own = total[:, numbers + 2] - total[:, numbers - 1]
    first = np.minimum(np.ceil(numbers / _AROUND), numbers - _BESIDE).clip(1).astype(int)
    stop = np.maximum((numbers * _AROUND).astype(int), numbers + _BESIDE) + 1
    seen = total[:, stop] - total[:, first]
    beside = (seen - own) * 3 / (stop - first - 3)
    found = ((own > _ABOVE * beside) & (own > _SHARE * seen)).all(axis=0)
    if not found.any():
        return None
    cycle = _fundamental(numbers[found], (own / total[:, -1:])[:, found].min(axis=0))
    near = np.arange(cycle - 1, cycle + 2)
    weights = power[:, near].sum(axis=0)
    return float(n * dt * weights.sum() / (weights @ near))


def _fundamental(numbers: NDArray[np.intp], shares: NDArray[np.float64]) -> int:
    """Return the number of the strongest cycle, or of the one whose harmonic that is."""
    strongest = numbers[shares.argmax()]
    multiples = np.rint(strongest / numbers)
    # The numbers to either side of a cycle's own are found with it.
    own = (multiples <= _HARMONICS) & (np.abs(strongest - multiples * numbers) <= multiples)
    near = np.flatnonzero((numbers >= numbers[own].min()) & (numbers <= numbers[own].min() + 2))
    return int(numbers[near[shares[near].argmax()]])
