"""The time grid that a wavelet needs: its step, its length and its Fourier coefficients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

# Largest share of a smoothed spectrum that may come from the coarseness of the grid.
_ALIASING = 1e-3

# Response of a wavelet below this share of its peak is left out of its band.
NO_RESPONSE = 1e-5

# A surrogate is long if its length in scales is at least this: for complex wavelets, and for real
# ones, whose windows are wider.
_LONG_IN_SCALES, _LONG_FOR_REAL = 100.0, 200.0

# What the ends of red noise may add to the samples outside the cone of influence, as a share.
_END_EFFECT = 0.006

# Where the response to an end is below this share of the noise at a scale, it does not show.
_UNSEEN = 0.2


@dataclass(frozen=True)
class Demands:
    """The needs of a wavelet, in dimensionless angular frequency."""

    lowest: float
    highest: float
    sampling: float
    peak: float
    cone: float
    is_real: bool

    def coarsest_step(self, smallest: float, *, circular: bool = False) -> float:
        """Return the longest step that serves a smallest scale; 1: the full rate is needed.

        Where the wavelet meets the Nyquist frequency of the full rate, the ends of a record need
        that rate. So do the products of real wavelets, which fold over at that frequency.
        """
        if math.pi * smallest < self.reach and (self.is_real or not circular):
            return 1.0
        return max(1.0, 2 * math.pi * smallest / self.sampling)

    @property
    def least_long_in_scales(self) -> float:
        """Length of a surrogate of white noise, at least, in units of the scale."""
        return _LONG_FOR_REAL if self.is_real else _LONG_IN_SCALES

    @property
    def reach(self) -> float:
        """The frequency beyond which there is no response."""
        return max(-self.lowest, self.highest)

    def bins(self, scales: NDArray[np.float64], length: float, nyquist: int) -> tuple[int, int]:
        """Return the Fourier coefficients of a length to which any of some scales responds.

        None is beyond the coefficient `nyquist`.
        """
        unit = 2 * math.pi / length
        top = min(math.ceil(self.highest / (unit * scales[0])), nyquist)
        widest = scales[0] if self.lowest < 0 else scales[-1]
        return max(math.floor(self.lowest / (unit * widest)), -nyquist), top

    def long_in_scales(self, scale: float, coefficient: float) -> float:
        """Return the length, in scales, from which a surrogate's ends do not matter.

        Red noise ends in a step, as high as its slow part is large. The wavelet's response to it
        falls off as a Gaussian, and can be seen beyond the cone of influence where the noise at the
        scale itself is weak.
        """
        decay = max(1 - coefficient, 1e-12)
        slow = math.sqrt(math.atan(1 / (scale * decay)) / (math.pi * decay))
        noise = 1 / math.hypot(decay, self.peak / scale)
        seen = slow * math.sqrt(scale) / self.peak / noise / _UNSEEN
        beyond = math.sqrt(2 * math.log(max(seen, 1.0))) - self.cone
        return max(self.least_long_in_scales, 2 * beyond / _END_EFFECT)


def demands_of(mother: Any) -> Demands:
    """Compute the needs of a wavelet.

    Sampling at W adds the products of transforms at frequency W - k to the smoothed spectrum at k.
    Both fall off: the products as the autocorrelation of the response, the smoothing as the
    transform of its window.
    """
    peak = 2 * math.pi / mother.flambda()
    x = np.linspace(-8 * peak - 20, 8 * peak + 20, 2**14)
    size = np.abs(mother.psi_ft(x))
    inside = x[size > NO_RESPONSE * size.max()]
    lowest, highest = float(inside[0]), float(inside[-1])
    n = 2**12
    unit = 2 * (highest - lowest) / n
    response = np.abs(mother.psi_ft(lowest + unit * np.arange(n // 2)))
    products = scipy.fft.ifft(np.abs(scipy.fft.fft(response, 2 * n)) ** 2).real[: n // 2]
    products = np.concatenate([products / products[0], np.zeros(3 * n // 2)])
    # On a time grid of this step the window of scale 1 has values at the same frequencies.
    step = math.pi / (n * unit)
    window = np.abs(mother.smoothing_window(1 / step, 2 * n)[:n])
    # No frequency above this one can be the last at which too much is added.
    beyond = np.fmax.accumulate(window[::-1])[::-1]
    reached = np.searchsorted(-beyond, -_ALIASING / np.maximum(products[: n // 2], 1e-300))
    last = min(n - 1, int((np.arange(n // 2) + reached)[reached > 0].max()))
    while not np.max(products[last::-1] * window[: last + 1]) > _ALIASING:
        last -= 1
    is_real = lowest < -0.5 * highest
    return Demands(lowest, highest, unit * (last + 1), peak, 1 / mother.coi(), is_real)
