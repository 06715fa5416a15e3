"""Kernels between the samples of a grid that is finer than a band of coefficients needs.

A sum of samples, weighted by a kernel, has the coefficients of the band times the transform of the
kernel, by which they are divided beforehand; and images of the band at higher frequencies, where
the transform should vanish. Places and frequencies are in steps of the grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import i0e

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class KaiserBessel:
    """Vanishes, as far as it can with some samples, at all frequencies above the band.

    Of 16 samples to 1e-14 and of 8 to 1e-7, on a grid twice as fine as the band needs.
    """

    taps: int

    @property
    def _shape(self) -> float:
        return math.pi * self.taps * 3 / 4

    def at(self, places: Floats) -> Floats:
        """Return the kernel."""
        inside = 1 - (2 * places / self.taps) ** 2
        argument = self._shape * np.sqrt(np.maximum(inside, 0.0))
        return np.where(inside >= 0, i0e(argument) * np.exp(argument - self._shape), 0.0)

    def transform(self, frequencies: Floats) -> Floats:
        """Return its Fourier transform within the band."""
        shape, taps = self._shape, self.taps
        argument = np.sqrt(shape**2 - (math.pi * taps * frequencies) ** 2)
        both = np.exp(argument - shape) - np.exp(-argument - shape)
        return np.asarray(taps * both / (2 * argument))


@dataclass(frozen=True)
class Spline:
    """Vanishes at the frequencies 1, 2, ..., around which all images of a narrow band are.

    On a grid `fine` times as fine as the band needs to (2 fine)**-taps.
    """

    taps: int

    def at(self, places: Floats) -> Floats:
        """Return the kernel, the B-spline of this order, by de Boor's recursion."""
        order = self.taps
        places = places[..., np.newaxis]
        shifted = places + np.arange(order) - (order - 1) / 2
        found = ((shifted >= -0.5) & (shifted < 0.5)).astype(float)
        for order in range(2, self.taps + 1):
            left = self.taps - order
            shifted = places + np.arange(left + 1) - left / 2
            found = (order / 2 + shifted) * found[..., 1:] + (order / 2 - shifted) * found[..., :-1]
            found /= order - 1
        return np.asarray(found[..., 0])

    def transform(self, frequencies: Floats) -> Floats:
        """Return its Fourier transform."""
        return np.asarray(np.sinc(frequencies) ** self.taps)


Kernel = KaiserBessel | Spline
