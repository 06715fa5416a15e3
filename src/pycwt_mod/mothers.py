"""Mother wavelets: their Fourier and time forms, constants and smoothing windows.

All are normalised to unit energy, as in Torrence & Compo (1998), Table 1. The argument of
`psi_ft` is the dimensionless angular frequency s*omega, that of `psi` the dimensionless time t/s.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import convolve1d
from scipy.special import gammaln, kv

from . import helpers
from .helpers import fft, fft_kwargs, rect
from .validation import as_choice, as_count, as_positive, brief

__all__ = ["DOG", "MexicanHat", "Morlet", "MotherWavelet", "Paul", "fft", "fft_kwargs", "rect"]

SMOOTHINGS = ("pycwt", "grinsted")

# Powers of i without rounding.
_I_POWERS = (1, 1j, -1, -1j)

# exp(-t^2/2) is below the rounding error of 1 beyond this many scales.
_GAUSSIAN_REACH = 9.0

# The dimensionless frequencies over which the constants are integrated, as logarithms.
_LOG_FREQUENCY = np.linspace(-12.0, 9.0, 2**15)

# Paul's wavelet has its power about the frequency m, which must lie well within them.
_HIGHEST_ORDER = 5000

# Distances between two scales, in octaves, over which their correlation is integrated: narrow
# panels at the centre, for wavelets of high order.
_PANELS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 8.0)


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
        n_fft = helpers.padded_length(n_times, fft_kwargs)
        smoothed = np.empty_like(field, dtype=np.result_type(field.dtype, np.float64))
        for row, scale, target in zip(field, np.ravel(scales), smoothed, strict=True):
            window = self.smoothing_window(float(scale) / dt, n_fft)
            narrow = fft.ifft(window * fft.fft(row, n_fft))[:n_times]
            target[:] = narrow if np.iscomplexobj(smoothed) else narrow.real
        taps = scale_taps(constant(self, "deltaj0"), dj, smoothing)
        # Even boxcars reach one scale further down than up, as scipy.signal.convolve2d's "same".
        origin = 0 if taps.size % 2 else -1
        if np.iscomplexobj(smoothed):
            real = convolve1d(smoothed.real, taps, axis=0, mode="constant", origin=origin)
            imag = convolve1d(smoothed.imag, taps, axis=0, mode="constant", origin=origin)
            return np.asarray(real + 1j * imag)
        return np.asarray(convolve1d(smoothed, taps, axis=0, mode="constant", origin=origin))

    def __repr__(self) -> str:
        """Return the call that makes this wavelet."""
        return f"{type(self).__name__}()"


def constant(mother: Any, name: str) -> float:
    """Return one of a mother wavelet's constants, or say that it has none.

    Raises
    ------
    ValueError
        If the constant is missing, NaN or not positive (pycwt marks a missing one by -1).
    """
    value = getattr(mother, name, math.nan)
    if value is None or not value > 0:
        raise ValueError(
            f"`{name}` of the mother wavelet {getattr(mother, 'name', mother)!r} does not exist, "
            f"and this function needs it. Choose another wavelet, or set `mother.{name}`."
        )
    return float(value)


@lru_cache(maxsize=64)
def _computed_constants(kind: type[MotherWavelet], order: float) -> tuple[float, float, float]:
    """Return cdelta, gamma and deltaj0 from their definitions, for an order without a table.

    cdelta reconstructs a delta function (Torrence & Compo 1998, eq. 13, in the limit of fine
    scales). gamma and deltaj0 are the integrals of the squared autocorrelation of the transform
    of white noise, over time and over the logarithm of scale, which is what makes their equations
    23 and 28 right for long averages. Their table holds empirical fits of the same quantities:
    for Morlet 6 the integrals give 0.778, 2.51, 0.605 against 0.776, 2.32, 0.60.
    """
    mother = kind.__new__(kind)
    mother._remember_order(order)  # type: ignore[attr-defined]
    x = np.exp(_LOG_FREQUENCY)
    size = np.maximum(np.abs(mother.psi_ft(x)), np.abs(mother.psi_ft(-x)))
    x = x[np.flatnonzero(size > 1e-12 * size.max())[0] : np.flatnonzero(size > 0)[-1] + 1]
    step = _LOG_FREQUENCY[1] - _LOG_FREQUENCY[0]
    both = np.array([mother.psi_ft(x), mother.psi_ft(-x)])
    psi_zero = np.sum(both.real * x) * step / math.sqrt(2 * math.pi)
    energy = np.sum(np.abs(both) ** 2 * x) * step
    gamma = 2 * math.pi * np.sum(np.abs(both) ** 4 * x) * step / energy**2
    deltaj0 = 2 * _integral_over_octaves(lambda d: _correlation(mother, x, d) ** 2)
    deltaj0 /= _correlation(mother, x, 0.0) ** 2
    if abs(psi_zero) < 1e-9:  # an odd wavelet is zero at its centre: nothing to rebuild from
        return math.nan, float(gamma), float(deltaj0)
    integral = np.sum(both.real) * step
    cdelta = math.sqrt(math.pi / 2) / math.log(2) * integral / psi_zero
    return float(cdelta), float(gamma), float(deltaj0)


def _correlation(mother: MotherWavelet, x: NDArray[np.float64], octaves: float) -> float:
    """Return the correlation, up to a factor, of white noise at two scales so far apart."""
    q = 2 ** (octaves / 2)
    products = (mother.psi_ft(u * x * q) * np.conj(mother.psi_ft(u * x / q)) for u in (1, -1))
    return float(abs(sum(np.sum(product * x) for product in products)))


def _integral_over_octaves(function: Callable[[float], float]) -> float:
    """Integrate a function that is concentrated at 0 by Gauss-Legendre panels."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    total = 0.0
    for low, high in pairwise(_PANELS):
        middle, half = (low + high) / 2, (high - low) / 2
        total += half * sum(
            w * function(middle + half * t) for t, w in zip(nodes, weights, strict=True)
        )
    return total


class Morlet(MotherWavelet):
    """Morlet wavelet, a plane wave under a Gaussian.

    Parameters
    ----------
    f0 : float, default 6
        Dimensionless angular frequency. At 6 and above the wavelet has zero mean to within
        1e-8; below about 5 its mean is no longer negligible.

    Raises
    ------
    ValueError
        If f0 is not positive.

    Examples
    --------
    >>> round(Morlet().flambda(), 4)
    1.033
    """

    name = "Morlet"
    # Torrence & Compo (1998), Table 2: cdelta, gamma, deltaj0.
    TABLE: ClassVar[dict[float, tuple[float, float, float]]] = {6: (0.776, 2.32, 0.60)}

    def __init__(self, f0: float = 6) -> None:
        self._set_f0(f0)
        self.name = "Morlet"

    def _set_f0(self, f0: float) -> None:
        as_positive(f0, "f0")
        self._remember_order(f0)
        self.dofmin = 2
        constants = self.TABLE.get(f0) or _computed_constants(Morlet, f0)
        self.cdelta, self.gamma, self.deltaj0 = constants

    def _remember_order(self, order: float) -> None:
        self.f0 = order

    def __repr__(self) -> str:
        """Return the call that makes this wavelet."""
        return f"{type(self).__name__}(f0={self.f0:g})"

    def psi_ft(self, f: Any) -> Any:
        """Return the Fourier transform of the wavelet at dimensionless angular frequency f."""
        return np.pi**-0.25 * np.exp(-0.5 * (np.asarray(f) - self.f0) ** 2)

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

    def smoothing_window(self, scale: float, n_fft: int) -> NDArray[np.float64]:
        """Return the Fourier transform of the time window, a Gaussian. See `MotherWavelet`."""
        k = 2 * np.pi * fft.fftfreq(n_fft)
        return np.asarray(np.exp(-0.5 * (scale * k) ** 2))


class Paul(MotherWavelet):
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
    TABLE: ClassVar[dict[float, tuple[float, float, float]]] = {4: (1.132, 1.17, 1.50)}

    def __init__(self, m: int = 4) -> None:
        self._set_m(m)
        self.name = "Paul"

    def _set_m(self, m: int) -> None:
        order = as_count(m, "m")
        if order > _HIGHEST_ORDER:
            raise ValueError(f"`m` must be at most {_HIGHEST_ORDER} for Paul, got {order}.")
        self._remember_order(order)
        self.dofmin = 2
        constants = self.TABLE.get(order) or _computed_constants(Paul, order)
        self.cdelta, self.gamma, self.deltaj0 = constants

    def _remember_order(self, order: float) -> None:
        self.m = int(order)

    def __repr__(self) -> str:
        """Return the call that makes this wavelet."""
        return f"{type(self).__name__}(m={self.m})"

    def psi_ft(self, f: Any) -> Any:
        """Return the Fourier transform of the wavelet at dimensionless angular frequency f."""
        f = np.asarray(f, dtype=float)
        positive = f > 0
        x = np.where(positive, f, 1.0)
        # By logarithms: neither the factorial nor the power overflows at any order.
        log_norm = self.m * math.log(2) - 0.5 * (math.log(self.m) + gammaln(2 * self.m))
        return np.where(positive, np.exp(log_norm + self.m * np.log(x) - x), 0.0)

    def psi(self, t: Any) -> Any:
        """Return the wavelet at dimensionless time t."""
        log_norm = (
            self.m * math.log(2)
            + gammaln(self.m + 1)
            - 0.5 * (math.log(math.pi) + gammaln(2 * self.m + 1))
        )
        return _I_POWERS[self.m % 4] * np.exp(log_norm) * (1 - 1j * np.asarray(t)) ** -(self.m + 1)

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

    def smoothing_window(self, scale: float, n_fft: int) -> NDArray[np.float64]:
        """Return the Fourier transform of the time window. See `MotherWavelet`.

        The window is proportional to (1 + t^2)^(-(m+1)/2); its transform is
        2 (w/2)^(m/2) K_{m/2}(w) / Gamma(m/2), K the modified Bessel function.
        """
        order = self.m / 2
        half = scale * 2 * np.pi * np.arange(n_fft // 2 + 1) / n_fft
        with np.errstate(all="ignore"):
            log_factor = math.log(2) + order * np.log(half / 2) - gammaln(order)
            window = np.exp(log_factor + np.log(kv(order, half)))
        # Towards w = 0 the Bessel function overflows where the window has become 1.
        window[~np.isfinite(window)] = 1.0
        window[half > _BESSEL_ZERO] = 0.0
        return _even_row(window, n_fft)


# exp(-w), and with it K(w), underflows beyond this.
_BESSEL_ZERO = 700.0


class DOG(MotherWavelet):
    """Derivative-of-Gaussian wavelet, real.

    Parameters
    ----------
    m : int, default 2
        Order of the derivative; 2 is the Mexican hat.

    Raises
    ------
    ValueError
        If m is not a positive integer.

    Examples
    --------
    >>> round(DOG(2).flambda(), 4)
    3.9738
    """

    name = "DOG"
    TABLE: ClassVar[dict[float, tuple[float, float, float]]] = {
        2: (3.541, 1.43, 1.40),
        6: (1.966, 1.37, 0.97),
    }

    def __init__(self, m: int = 2) -> None:
        self._set_m(m)
        self.name = "DOG"

    def _set_m(self, m: int) -> None:
        order = as_count(m, "m")
        self._remember_order(order)
        self.dofmin = 1
        constants = self.TABLE.get(order) or _computed_constants(DOG, order)
        self.cdelta, self.gamma, self.deltaj0 = constants

    def _remember_order(self, order: float) -> None:
        self.m = int(order)

    def __repr__(self) -> str:
        """Return the call that makes this wavelet."""
        return f"{type(self).__name__}(m={self.m})"

    def psi_ft(self, f: Any) -> Any:
        """Return the Fourier transform of the wavelet at dimensionless angular frequency f."""
        f = np.asarray(f, dtype=float)
        size = np.abs(f)
        nonzero = size > 0
        log_power = self.m * np.log(np.where(nonzero, size, 1.0))
        power = np.exp(log_power - 0.5 * f**2 - 0.5 * gammaln(self.m + 0.5))
        sign = np.sign(f) if self.m % 2 else np.ones_like(f)
        return -_I_POWERS[self.m % 4] * np.where(nonzero, sign * power, 0.0)

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

    def smoothing_window(self, scale: float, n_fft: int) -> NDArray[np.float64]:
        """Return the Fourier transform of the time window. See `MotherWavelet`.

        The window ``|He_m(t)| exp(-t^2/2)`` is sampled on the grid, wrapped round it, and
        transformed.
        """
        reach = math.ceil((_GAUSSIAN_REACH + math.sqrt(2 * self.m)) * scale)
        wrapped = np.zeros(n_fft)
        for first in range(-reach, reach + 1, n_fft):  # one turn round the grid at a time
            samples = np.arange(first, min(first + n_fft, reach + 1))
            weights = np.abs(self.psi(samples / scale))
            wrapped += np.bincount(samples % n_fft, weights=weights, minlength=n_fft)
        return _even_row(fft.rfft(wrapped / wrapped.sum()).real, n_fft)


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
        self.name = "Mexican Hat"

    def __repr__(self) -> str:
        """Return the call that makes this wavelet."""
        return f"{type(self).__name__}()"


def _even_row(half: NDArray[np.float64], n_fft: int) -> NDArray[np.float64]:
    """Extend the values at frequencies 0 to Nyquist to an even row in FFT order."""
    return np.concatenate([half, half[1 : (n_fft + 1) // 2][::-1]])


_MOTHERS = {"morlet": Morlet, "paul": Paul, "dog": DOG, "mexicanhat": MexicanHat}


def as_mother(wavelet: Any) -> Any:
    """Return the mother wavelet that a name stands for, or the object itself."""
    if isinstance(wavelet, str):
        name = wavelet.lower().translate(str.maketrans("", "", " _-"))
        if name not in _MOTHERS:
            raise ValueError(
                f"`wavelet` must be one of {', '.join(map(repr, _MOTHERS))} or a mother wavelet, "
                f"got {wavelet!r}."
            )
        return _MOTHERS[name]()
    needed = [name for name in ("psi_ft", "flambda", "coi") if not hasattr(wavelet, name)]
    if isinstance(wavelet, type) or needed:
        raise TypeError(
            f"`wavelet` must be a name or a mother wavelet such as Morlet(6), got {brief(wavelet)}."
        )
    return wavelet
