"""Derivatives of a Gaussian, of which the second is the Mexican hat."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from ..helpers import fft
from ..responses import concentrated
from ..validation import as_count
from .base import I_POWERS, Family, even_row, with_namespace

# exp(-t^2/2) is below the rounding error of 1 beyond this many scales.
_GAUSSIAN_REACH = 9.0

# The wavelet is computed by a recurrence of as many steps.
_HIGHEST_ORDER = 1000

# Samples of the window computed together: enough to hide the cost of calling NumPy.
_SAMPLES_AT_A_TIME = 2**13

# A window as many times as long as the grid is flat on it, to single precision.
_FLAT_IN_GRIDS = 256.0


def _reach(m: float) -> float:
    """Return where |x|^m exp(-x^2/2) is below 1e-20 of its peak."""
    return math.sqrt(m) + 9.6


class DOG(Family):
    """Derivative-of-Gaussian wavelet, real.

    Parameters
    ----------
    m : int, default 2
        Order of the derivative; 2 is the Mexican hat.

    Raises
    ------
    ValueError
        If m is not an integer from 1 to 1000.

    Examples
    --------
    >>> round(DOG(2).flambda(), 4)
    3.9738
    """

    name = "DOG"
    dofmin = 1
    ORDER = "m"
    TABLE: ClassVar[dict[float, tuple[float, float, float]]] = {
        2: (3.541, 1.43, 1.40),
        6: (1.966, 1.37, 0.97),
    }

    m: int

    def __init__(self, m: int = 2) -> None:
        self._set_order(DOG, as_count(m, "m", at_most=_HIGHEST_ORDER))

    @concentrated(lambda self: (-_reach(self.m), math.sqrt(self.m), _reach(self.m)))
    @np.errstate(under="ignore")
    def psi_ft(self, f: Any) -> Any:
        """Return the Fourier transform of the wavelet at dimensionless angular frequency f."""
        xp, f = with_namespace(f)
        size = abs(f)
        nonzero = size > 0
        log_power = self.m * xp.log(xp.where(nonzero, size, 1.0))
        power = xp.exp(log_power - 0.5 * f**2 - 0.5 * gammaln(self.m + 0.5))
        sign = xp.sign(f) if self.m % 2 else xp.ones_like(f)
        return -I_POWERS[self.m % 4] * xp.where(nonzero, sign * power, 0.0)

    @np.errstate(under="ignore")
    def psi(self, t: Any) -> Any:
        """Return the wavelet at dimensionless time t.

        (-1)^(m+1) times the m-th derivative of the Gaussian, normalised: Torrence & Compo (1998),
        Table 1.
        """
        t = np.asarray(t, dtype=float)
        # He_k(t) exp(-t^2/4) / sqrt(k!) by recurrence: nothing overflows at any order.
        gaussian = np.exp(-0.25 * t**2)
        previous, current = np.zeros_like(t), gaussian
        for k in range(self.m):
            following = (t * current - math.sqrt(k) * previous) / math.sqrt(k + 1)
            previous, current = current, following
        norm = math.exp(0.5 * (gammaln(self.m + 1) - gammaln(self.m + 0.5)))
        return -norm * current * gaussian

    def flambda(self) -> float:
        """Return the Fourier period that belongs to scale 1."""
        return 2 * math.pi / math.sqrt(self.m + 0.5)

    def coi(self) -> float:
        """Return the factor of the cone of influence: 1 over the e-folding time at scale 1."""
        return 1.0 / math.sqrt(2)

    @np.errstate(under="ignore")
    def smoothing_window(self, scale: float, n_fft: int) -> NDArray[np.float64]:
        """Return the Fourier transform of the time window. See `MotherWavelet`.

        The window ``|He_m(t)| exp(-t^2/2)`` is sampled on the grid, wrapped round it, and
        transformed.
        """
        scale = min(scale, _FLAT_IN_GRIDS * n_fft)
        reach = math.ceil((_GAUSSIAN_REACH + math.sqrt(2 * self.m)) * scale)
        wrapped = np.zeros(n_fft)
        turns = n_fft * math.ceil(_SAMPLES_AT_A_TIME / n_fft)
        for first in range(-reach, reach + 1, turns):  # some turns round the grid at a time
            samples = np.arange(first, min(first + turns, reach + 1))
            # In the order of the samples, so that the sums do not depend on the number of turns.
            np.add.at(wrapped, samples % n_fft, np.abs(self.psi(samples / scale)))
        return even_row(fft.rfft(wrapped / wrapped.sum()).real, n_fft)


class MexicanHat(DOG):
    """Mexican hat wavelet: the second derivative of a Gaussian.

    Examples
    --------
    >>> MexicanHat().m
    2
    """

    name = "Mexican Hat"

    def __init__(self) -> None:
        super().__init__(2)

    def __repr__(self) -> str:
        """Return the call that makes this wavelet."""
        return f"{type(self).__name__}()"
