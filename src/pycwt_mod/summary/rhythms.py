"""Rhythms narrower than red noise: a cycle that two series share, and those that spread.

A cycle, such as the year, has the power at one frequency. By narrow rhythms unrelated series keep
their phase for a while.

The phases of two series at a scale change as fast as the product of their spectra there is wide.
The mean over a record of W1 conj(W2), summed over scales with weights w, has in unrelated series a
variance in proportion to the sum over frequencies of

    P1 P2 (sum over the scales s of  w(s) |psi(s f)|^2 / n(s))^2,

P1 and P2 their spectra, n(s) the root mean square of W1 conj(W2). This over that of red noise tells
how many times fewer independent phases there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..helpers import ar1_spectra

Array = NDArray[np.float64]

# Bins of frequency to an octave, fine beside any wavelet.
_BINS_PER_OCTAVE = 96

# The largest lag-1 autocorrelation of the red noise that is compared with.
_MOST_RED = 0.999

# Records of red noise have shares of independent phases down to this one, by chance.
_NARROW = 2 / 3

# Frequencies that a wavelet sees together with one, as a factor, and as the fewest to either side;
# and the fewest cycles in a record.
_AROUND, _BESIDE, _FEWEST = 1.5, 5, 3

# A cycle has as many times the power of its neighbours at a frequency, and as large a share of all
# that the wavelet sees there.
_ABOVE, _SHARE = 10.0, 0.5

# The harmonics of a cycle that are often stronger than itself.
_HARMONICS = 4


def without_trend(series: Array) -> Array:
    """Return series (series, time) less their straight lines."""
    n = series.shape[1]
    line = np.linspace(-1, 1, n) if n > 1 else np.ones(1)
    level = series - series.mean(axis=1, keepdims=True)
    return np.asarray(level - np.outer(level @ line / (line @ line), line))


def octave_bins(frequencies: NDArray[Any]) -> NDArray[np.intp]:
    """Return the number of the bin of each frequency, which ascend; none is empty."""
    bins = np.floor(_BINS_PER_OCTAVE * np.log2(frequencies / frequencies[0])).astype(int)
    return np.asarray(np.unique(bins, return_inverse=True)[1])


def passed(pair: Array, mother: Any, scales: Array, dt: float) -> tuple[Array, Array]:
    """Return what a wavelet passes of two series, and of red noise like them, (scale, bin).

    The square of a weighted sum over scales, summed over bins, is the variance of the mean of phase
    factors, but for a factor.
    """
    pair = without_trend(np.asarray(pair, dtype=float))
    frequencies = scipy.fft.rfftfreq(pair.shape[1], dt)[1:]
    power = np.abs(scipy.fft.rfft(pair)[:, 1:]) ** 2
    # Of related series powers at a frequency are alike, by chance too: those of its neighbours.
    near = np.pad(power, ((0, 0), (1, 1)), mode="reflect" if power.shape[1] > 1 else "edge")
    near = (near[:, :-2] + near[:, 2:]) / 2
    products = (power[0] * near[1] + near[0] * power[1]) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        memory = np.sum(pair[:, 1:] * pair[:, :-1], axis=1) / np.sum(pair**2, axis=1)
        memory = np.clip(memory, -_MOST_RED, _MOST_RED)
        red = ar1_spectra(frequencies * dt, memory.tolist())
        bins = octave_bins(frequencies)
        centres = 2 * np.pi * np.bincount(bins, frequencies) / np.bincount(bins)
        response = np.abs(mother.psi_ft(scales[:, np.newaxis] * centres)) ** 2

        def of(spectra: Iterable[Array], product: Array) -> Array:
            size = np.prod([response @ np.bincount(bins, each) for each in spectra], axis=0) ** 0.5
            return np.asarray(response / size[:, np.newaxis] * np.bincount(bins, product) ** 0.5)

        return of(power, products), of(red, red[0] * red[1])


def share_of_independent(weights: Array, own: Array, red: Array) -> float:
    """Return the independent phases of weighted scales, (scale,), as a share of red noise's.

    It is 1 where the series are no narrower than red noise, as far as records tell.
    """
    if not weights.size or not own.size:
        return 1.0
    variance, usual = (float(((weights @ each) ** 2).sum()) for each in (own, red))
    share = usual / variance if variance > 0 else 1.0
    return share if share < _NARROW else 1.0


def common_cycle(series: Array, dt: float) -> float | None:
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


def _fundamental(numbers: NDArray[np.intp], shares: Array) -> int:
    """Return the number of the strongest cycle, or of the one whose harmonic that is."""
    strongest = numbers[shares.argmax()]
    multiples = np.rint(strongest / numbers)
    # The numbers to either side of a cycle's own are found with it.
    own = (multiples <= _HARMONICS) & (np.abs(strongest - multiples * numbers) <= multiples)
    near = np.flatnonzero((numbers >= numbers[own].min()) & (numbers <= numbers[own].min() + 2))
    return int(numbers[near[shares[near].argmax()]])
