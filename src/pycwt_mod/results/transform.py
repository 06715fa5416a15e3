"""The result of `cwt`: pycwt's tuple, with names, times and a record of the call."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..measures import rectify
from ..reconstruction import reconstruct
from ..validation import as_flag
from .base import Array, WaveletResult


class _TransformFields(NamedTuple):
    W: NDArray[np.complex128]
    sj: Array
    freqs: Array
    coi: Array
    fft: NDArray[np.complex128]
    fftfreqs: Array


class TransformResult(WaveletResult, _TransformFields):
    """Wavelet transform of a series: the tuple (W, sj, freqs, coi, fft, fftfreqs), and more.

    It unpacks and indexes as the tuple that pycwt returns, and its fields have names: ``result.W``.

    Attributes
    ----------
    dt : float
        Sampling interval.
    unit : str
        Unit of `dt` and the periods; "" if it is not known.
    times : numpy.ndarray
        Times of the samples, numbers or dates; multiples of `dt` unless the series had an index.
    names : tuple of str
        Name of the series.
    scales : numpy.ndarray
        Scales, in the unit of `dt`.
    mother : MotherWavelet
        The mother wavelet.
    provenance : dict
        How it was made: function, version and arguments.

    Examples
    --------
    >>> import numpy as np
    >>> from pycwt_mod import cwt
    >>> result = cwt(np.sin(2 * np.pi * np.arange(128) / 16), 1.0)
    >>> result
    <TransformResult (W, sj, freqs, coi, fft, fftfreqs) of x: 74 scales,
    periods 2 to 135.6, 128 times, 0 to 127>
    >>> result.W is result[0]
    True
    """

    def power(self, *, rectified: bool = False) -> Array:
        """Return the power ``abs(W)**2``, shape (n_scales, n).

        Parameters
        ----------
        rectified : bool, default False
            Whether to divide it by the scale, so that waves of like amplitude have like power at
            all periods. Then rectify its level, too: see `pycwt_mod.rectify`.
        """
        power = np.asarray(self.W.real**2 + self.W.imag**2)
        return rectify(power, self.sj) if as_flag(rectified, "rectified") else power

    def reconstruct(
        self,
        low: float | None = None,
        high: float | None = None,
        *,
        mask: ArrayLike | None = None,
    ) -> Array:
        """Rebuild the series from a band of periods, or from the points that are marked.

        Parameters
        ----------
        low, high : float, optional
            Limits of the band; by default all periods.
        mask : array_like of bool, optional
            The points to keep, shape (n_scales, n), such as those of significant power.

        Returns
        -------
        numpy.ndarray
            Shape (n,), without the mean of the series; amplitudes right to 1 %, as told in
            `pycwt_mod.reconstruct`.

        Raises
        ------
        TypeError, ValueError
            As `pycwt_mod.reconstruct`.

        Examples
        --------
        >>> import numpy as np
        >>> from pycwt_mod import cwt
        >>> t = np.arange(512)
        >>> result = cwt(3 * np.sin(2 * np.pi * t / 20) + np.sin(2 * np.pi * t / 100), 1.0)
        >>> result.reconstruct(16, 32)[64:-64].max().round(1)
        np.float64(3.0)
        """
        return reconstruct(self.W, self.sj, self.dt, self.mother, low=low, high=high, mask=mask)

    def _variables(self) -> dict[str, tuple[tuple[str, ...], str]]:
        return {
            "W": (("period", "time"), "wavelet transform"),
            "fft": (("fft_frequency",), "Fourier transform of the padded series"),
            "fftfreqs": (("fft_frequency",), "frequency of the Fourier transform"),
        }

    def _columns(self) -> dict[str, NDArray[Any]]:
        return {"W": self.W, "power": self.power()}
