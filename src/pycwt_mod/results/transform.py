"""The result of `cwt`: pycwt's tuple, with names, times and a record of the call."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
