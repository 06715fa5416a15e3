"""The Paul wavelets."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, kv

from ..responses import concentrated
from ..validation import as_count, brief
from .base import I_POWERS, Family, even_row, with_namespace

# Paul's wavelet has its power about the frequency m, which must lie well within the frequencies
# over which the constants are integrated.
_HIGHEST_ORDER = 5000

# exp(-w), and with it K(w), underflows beyond this.
_BESSEL_ZERO = 700.0


def _reach(m: float) -> float:
    """Return where x^m exp(-x) is below exp(-46), 1e-20, of its peak.

    By log(1 + u) <= u (6 + u) / (6 + 4 u), with u = x / m - 1.
    """
    return m + 92 / 3 + math.sqrt((92 / 3) ** 2 + 92 * m)


def _window(self: Any, f: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Fourier transform of the time window.

    The window is proportional to (1 + t^2)^(-(m+1)/2); its transform is
    2 (w/2)^(m/2) K_{m/2}(w) / Gamma(m/2), K the modified Bessel function.
    """
    order = self.m / 2
    with np.errstate(all="ignore"):
        log_factor = math.log(2) + order * np.log(f / 2) - gammaln(order)
        window = np.exp(log_factor + np.log(kv(order, f)))
    # Towards w = 0 the Bessel function overflows where the window has become 1.
    window[~np.isfinite(window)] = 1.0
    window[f > _BESSEL_ZERO] = 0.0
    return np.asarray(window)


class Paul(Family):
    """Paul wavelet, complex and well localised in time.

    Parameters
    ----------
    m : int, default 4
        Order.

    Raises
    ------
    ValueError
        If m is not a positive integer.

    Examples
    --------
    >>> round(Paul(4).flambda(), 4)
    1.3963
    """

    name = "Paul"
    ORDER = "m"
    TABLE: ClassVar[dict[float, tuple[float, float, float]]] = {4: (1.132, 1.17, 1.50)}

    m: int

    def __init__(self, m: int = 4) -> None:
        order = as_count(m, "m")
        if order > _HIGHEST_ORDER:
            raise ValueError(f"`m` must be at most {_HIGHEST_ORDER} for Paul, got {brief(order)}.")
        self._set_order(Paul, order)

    @concentrated(lambda self: (0.0, self.m, _reach(self.m)))
    @np.errstate(under="ignore")
    def psi_ft(self, f: Any) -> Any:
        """Return the Fourier transform of the wavelet at dimensionless angular frequency f."""
        xp, f = with_namespace(f)
        positive = f > 0
        x = xp.where(positive, f, 1.0)
        # By logarithms: neither the factorial nor the power overflows at any order.
        log_norm = self.m * math.log(2) - 0.5 * (math.log(self.m) + gammaln(2 * self.m))
        return xp.where(positive, xp.exp(log_norm + self.m * xp.log(x) - x), 0.0)

    @np.errstate(under="ignore")
    def psi(self, t: Any) -> Any:
        """Return the wavelet at dimensionless time t."""
        log_norm = (
            self.m * math.log(2)
            + gammaln(self.m + 1)
            - 0.5 * (math.log(math.pi) + gammaln(2 * self.m + 1))
        )
        return I_POWERS[self.m % 4] * np.exp(log_norm) * (1 - 1j * np.asarray(t)) ** -(self.m + 1)

    def psi_at_zero(self) -> float:
        """Return the value at time 0 of the wavelet that `psi_ft` transforms, for `icwt`.

        Table 1 of Torrence & Compo gives `psi` a factor i**m that their `psi_ft` has not.
        """
        return float(np.abs(self.psi(0)))

    def flambda(self) -> float:
        """Return the Fourier period that belongs to scale 1."""
        return 4 * math.pi / (2 * self.m + 1)

    def coi(self) -> float:
        """Return the factor of the cone of influence: 1 over the e-folding time at scale 1."""
        return math.sqrt(2)

    # It falls faster than `psi_ft`, from 1 at frequency 0.
    @concentrated(lambda self: (-_reach(self.m), 0.0, _reach(self.m)), _window)
    def smoothing_window(self, scale: float, n_fft: int) -> NDArray[np.float64]:
        """Return the Fourier transform of the time window. See `MotherWavelet`."""
        return even_row(_window(self, scale * 2 * np.pi * np.arange(n_fft // 2 + 1) / n_fft), n_fft)
