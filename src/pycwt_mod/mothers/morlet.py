"""The Morlet wavelet."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..helpers import fft
from ..limits import as_bounded
from ..responses import concentrated
from ..validation import as_positive
from .base import Family, even_row, with_namespace

# Below, the wavelet is a Gaussian that does not oscillate; above, its band is narrower than the
# steps of frequency over which the constants are integrated.
_LOWEST_F0, _HIGHEST_F0 = 1e-3, 1e3

# exp(-x^2/2) is below 1e-20 beyond this.
_REACH = 9.6


@np.errstate(under="ignore")
def _window(_: Any, f: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.exp(-0.5 * f**2))


class Morlet(Family):
    """Morlet wavelet, a plane wave under a Gaussian.

    Parameters
    ----------
    f0 : float, default 6
        Dimensionless angular frequency. At 6 and above the wavelet has zero mean to within
        1e-8; below about 5 its mean is no longer negligible.

    Raises
    ------
    ValueError
        If f0 is not between 0.001 and 1000.

    Examples
    --------
    >>> round(Morlet().flambda(), 4)
    1.033
    """

    name = "Morlet"
    ORDER = "f0"
    TABLE: ClassVar[dict[float, tuple[float, float, float]]] = {6: (0.776, 2.32, 0.60)}

    f0: float

    def __init__(self, f0: float = 6) -> None:
        f0 = as_positive(f0, "f0")
        self._set_order(Morlet, as_bounded(f0, "f0", least=_LOWEST_F0, most=_HIGHEST_F0))

    @concentrated(lambda self: (self.f0 - _REACH, self.f0, self.f0 + _REACH))
    @np.errstate(under="ignore")
    def psi_ft(self, f: Any) -> Any:
        """Return the Fourier transform of the wavelet at dimensionless angular frequency f."""
        xp, f = with_namespace(f)
        return np.pi**-0.25 * xp.exp(-0.5 * (f - self.f0) ** 2)

    @np.errstate(under="ignore")
    def psi(self, t: Any) -> Any:
        """Return the wavelet at dimensionless time t."""
        t = np.asarray(t)
        return np.pi**-0.25 * np.exp(1j * self.f0 * t - 0.5 * t**2)

    def flambda(self) -> float:
        """Return the Fourier period that belongs to scale 1."""
        return float(4 * math.pi / (self.f0 + math.sqrt(2 + self.f0**2)))

    def coi(self) -> float:
        """Return the factor of the cone of influence: 1 over the e-folding time at scale 1."""
        return 1.0 / math.sqrt(2)

    @concentrated(lambda self: (-_REACH, 0.0, _REACH), _window)
    def smoothing_window(self, scale: float, n_fft: int) -> NDArray[np.float64]:
        """Return the Fourier transform of the time window, a Gaussian. See `MotherWavelet`."""
        return even_row(_window(self, scale * (2 * np.pi * fft.rfftfreq(n_fft))), n_fft)
