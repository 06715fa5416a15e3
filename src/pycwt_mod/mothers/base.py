"""The base of the mother wavelets: their constants, and the smoothing of the coherence."""

from __future__ import annotations

import math
import sys
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import convolve1d

from ..arrays import namespace_of
from ..helpers import fft, padded_length, rect
from ..validation import as_choice
from .constants import computed_constants, constant

SMOOTHINGS = ("pycwt", "grinsted")

# Powers of i without rounding.
I_POWERS = (1, 1j, -1, -1j)


class MotherWavelet:
    """Base of the mother wavelets.

    Subclass it (or one of the four wavelets) and override what differs. A wavelet needs
    `psi_ft`, `psi`, `flambda`, `coi` and, for the coherence, `smoothing_window` or a `smooth`
    of its own.

    Attributes
    ----------
    name : str
        Readable name.
    dofmin : int
        Degrees of freedom of the wavelet power without smoothing: 2 for a complex wavelet, 1 for
        a real one.
    cdelta : float
        Reconstruction factor; NaN where it does not exist.
    gamma : float
        Decorrelation factor for averages over time.
    deltaj0 : float
        Scale decorrelation length in octaves, the width of the boxcar in the coherence.

    References
    ----------
    Torrence, C., and Compo, G. P. (1998). A practical guide to wavelet analysis. Bulletin of
    the American Meteorological Society 79, 61-78, Tables 1 and 2.
    doi:10.1175/1520-0477(1998)079<0061:APGTWA>2.0.CO;2
    """

    name: str = "Mother wavelet"
    dofmin: int = 2
    cdelta: float = math.nan
    gamma: float = math.nan
    deltaj0: float = math.nan

    def psi_ft(self, f: Any) -> Any:
        """Return the Fourier transform of the wavelet at dimensionless angular frequency f."""
        raise TypeError(f"{type(self).__name__} must define `psi_ft(f)` to be used in a transform.")

    def psi(self, t: Any) -> Any:
        """Return the wavelet at dimensionless time t."""
        raise TypeError(f"{type(self).__name__} must define `psi(t)` to be used in `icwt`.")

    def flambda(self) -> float:
        """Return the Fourier period that belongs to scale 1."""
        raise TypeError(f"{type(self).__name__} must define `flambda()`, its Fourier wavelength.")

    def coi(self) -> float:
        """Return the factor of the cone of influence: 1 over the e-folding time at scale 1."""
        raise TypeError(f"{type(self).__name__} must define `coi()`, 1 over its e-folding time.")

    def sup(self) -> float:
        """Return the e-folding time of the wavelet power at scale 1."""
        return 1.0 / self.coi()

    def psi_at_zero(self) -> float:
        """Return the value at time 0 of the wavelet that `psi_ft` transforms, for `icwt`."""
        return float(np.real(self.psi(0)))

    def smoothing_window(self, scale: float, n_fft: int) -> NDArray[np.float64]:
        """Return the Fourier transform of the time window of the coherence.

        The window is the absolute value of the wavelet, with unit area (Torrence & Webster 1999).

        Parameters
        ----------
        scale : float
            Scale in samples.
        n_fft : int
            FFT length.

        Returns
        -------
        numpy.ndarray
            Shape (n_fft,), real and even, 1 at frequency 0, in the order of the FFT.
        """
        raise ValueError(
            f"{type(self).__name__} has no smoothing window: `wct` needs a mother wavelet with "
            "`smoothing_window(scale, n_fft)`, or with a `smooth(W, dt, dj, scales)` of its own."
        )

    def smooth(
        self, W: ArrayLike, dt: float, dj: float, scales: ArrayLike, smoothing: str = "pycwt"
    ) -> NDArray[Any]:
        """Smooth a field in time and across scales, as in the wavelet coherence.

        Parameters
        ----------
        W : array_like
            Field, shape (n_scales, n_times), real or complex; already divided by the scale.
        dt : float
            Sampling interval.
        dj : float
            Spacing of the scales, in octaves.
        scales : array_like
            Scales in the unit of `dt`, shape (n_scales,).
        smoothing : {"pycwt", "grinsted"}
            The boxcar across scales, see `scale_taps`.

        Returns
        -------
        numpy.ndarray
            Shape (n_scales, n_times); real for a real field.

        References
        ----------
        Torrence, C., and Webster, P. J. (1999). Interdecadal changes in the ENSO-monsoon system.
        Journal of Climate 12, 2679-2690. doi:10.1175/1520-0442(1999)012<2679:ICITEM>2.0.CO;2
        """
        field = np.atleast_2d(np.asarray(W))
        n_times = field.shape[1]
        # Scripts replace `fft_kwargs` in the package, as in pycwt.
        n_fft = padded_length(n_times, sys.modules[__package__].fft_kwargs)
        smoothed = np.empty_like(field, dtype=np.result_type(field.dtype, np.float64))
        for row, scale, target in zip(field, np.ravel(scales), smoothed, strict=True):
            window = self.smoothing_window(float(scale) / dt, n_fft)
            narrow = fft.ifft(window * fft.fft(row, n_fft))[:n_times]
            target[:] = narrow if np.iscomplexobj(smoothed) else narrow.real
        taps = scale_taps(constant(self, "deltaj0"), dj, smoothing)
        # Even boxcars reach one scale further down than up, as scipy.signal.convolve2d's "same".
        origin = 0 if taps.size % 2 else -1
        return np.asarray(convolve1d(smoothed, taps, axis=0, mode="constant", origin=origin))

    def __repr__(self) -> str:
        """Return the call that makes this wavelet."""
        return f"{type(self).__name__}()"


class Family(MotherWavelet):
    """Base of the families whose members differ by an order, with constants for each."""

    # Name of the order.
    ORDER: ClassVar[str]
    # Torrence & Compo (1998), Table 2: cdelta, gamma, deltaj0.
    TABLE: ClassVar[dict[float, tuple[float, float, float]]] = {}

    def _set_order(self, family: Any, order: float) -> None:
        """Remember the order, and take its constants from the table, or else from `family`."""
        setattr(self, self.ORDER, order)
        constants = self.TABLE.get(order) or computed_constants(family, order)
        self.cdelta, self.gamma, self.deltaj0 = constants

    def __repr__(self) -> str:
        """Return the call that makes this wavelet."""
        return f"{type(self).__name__}({self.ORDER}={getattr(self, self.ORDER):.15g})"


def has_own_smooth(mother: Any) -> bool:
    """Return whether a mother wavelet's `smooth` is the user's own rather than this package's."""
    if "smooth" in getattr(mother, "__dict__", {}):
        return True
    own = getattr(type(mother), "smooth", None)
    return own is not None and own is not MotherWavelet.smooth


def scale_taps(deltaj0: float, dj: float, smoothing: str = "pycwt") -> NDArray[np.float64]:
    """Return the boxcar that smooths across scales; its taps sum to one.

    Parameters
    ----------
    deltaj0 : float
        Scale decorrelation length of the mother wavelet, in octaves.
    dj : float
        Spacing of the scales, in octaves.
    smoothing : {"pycwt", "grinsted"}
        "pycwt": ``round(2 deltaj0 / dj)`` taps, the first and last halved. "grinsted": the boxcar
        of Grinsted's toolbox and of biwavelet, about `deltaj0` octaves with fractional end taps.

    Returns
    -------
    numpy.ndarray
        At least one tap; symmetric.

    Examples
    --------
    >>> scale_taps(0.6, 1 / 12).size
    14
    >>> taps = scale_taps(0.6, 1 / 12, "grinsted")
    >>> (taps / taps[1]).round(3)
    array([0.6, 1. , 1. , 1. , 1. , 1. , 1. , 1. , 0.6])
    """
    if as_choice(smoothing, "smoothing", SMOOTHINGS) == "pycwt":
        return rect(max(1, int(np.round(2 * deltaj0 / dj))), normalize=True)
    half = deltaj0 / (2 * dj)
    end, inner = half % 1.0, 2 * math.floor(half + 0.5) - 1
    if inner < 1:
        return np.ones(1)
    window = np.ones(inner + 2)
    window[0] = window[-1] = end
    return window / window.sum() if end else np.full(inner, 1.0 / inner)


def with_namespace(f: Any) -> tuple[Any, Any]:
    """Return the module whose functions take the arguments of `psi_ft`, and these as floats."""
    xp = namespace_of(f)
    return xp, np.asarray(f, dtype=float) if xp is np else f


def even_row(half: NDArray[np.float64], n_fft: int) -> NDArray[np.float64]:
    """Extend the values at frequencies 0 to Nyquist to an even row in FFT order."""
    return np.concatenate([half, half[1 : (n_fft + 1) // 2][::-1]])
