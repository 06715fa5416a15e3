"""The continuous wavelet transform on bare arrays: scales, filters, cone of influence.

Torrence & Compo (1998): the transform at one scale is one multiplication in the Fourier domain,
W(s) = ifft(fft(x) * sqrt(2 pi s / dt) * conj(psi_ft(s omega))). Nothing here validates.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

# Values of a filter or window below this share of its peak are below rounding error and dropped.
NEGLIGIBLE = 1e-17

# Bytes of temporary arrays that one block of scales may take in `forward`.
_BLOCK_BYTES = 2**22


def number_of_scales(J: float) -> int:
    """Return the number of scales j = 0 ... J; J may be a float such as ``7 / dj``."""
    nearest = round(J)
    return (nearest if abs(J - nearest) < 1e-9 else math.ceil(J)) + 1


def scale_axis(s0: float, dj: float, J: float) -> NDArray[np.float64]:
    """Return the scales s0 * 2**(j dj), j = 0 ... J."""
    return np.asarray(s0 * 2 ** (np.arange(number_of_scales(J)) * dj))


def cone_of_influence(n: int, mother: Any, dt: float) -> NDArray[np.float64]:
    """Return the largest Fourier period free of edge effects, at each of n times."""
    return _cone_at(np.arange(n), n, mother, dt)


def _cone_at(times: NDArray[np.intp], n: int, mother: Any, dt: float) -> NDArray[np.float64]:
    distance = n / 2 - np.abs(times - (n - 1) / 2)
    cone: NDArray[np.float64] = mother.flambda() * mother.coi() * dt * distance
    return cone


def times_outside_cone(
    periods: NDArray[np.float64], n: int, mother: Any, dt: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the intervals of `outside_cone` by bisection: n times need not fit the memory."""
    first = np.zeros(periods.size, dtype=np.intp)
    last = np.full(periods.size, (n + 1) // 2)
    for _ in range(n.bit_length()):
        middle = (first + last) // 2
        inside = _cone_at(middle, n, mother, dt) < periods
        searched = first < last
        first = np.where(searched & inside, middle + 1, first)
        last = np.where(searched & ~inside, middle, last)
    return first, n - first


def outside_cone(
    periods: NDArray[np.float64], coi: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for each period the interval [start, stop) of times outside the cone of influence.

    The cone is symmetric and rises to the middle, so these times are always one interval; it is
    empty (start >= stop) for a period that is nowhere free of edge effects.
    """
    rising = coi[: (coi.size + 1) // 2]
    start = np.searchsorted(rising, periods, side="left")
    return start, coi.size - start


def angular_frequencies(n_fft: int, dt: float) -> NDArray[np.float64]:
    """Return the Fourier angular frequencies in FFT order."""
    return np.asarray(2 * np.pi * scipy.fft.fftfreq(n_fft, dt))


def wavelet_filter(mother: Any, scales: Any, n_fft: int, dt: float) -> NDArray[Any]:
    """Return the Fourier multipliers of the transform.

    Parameters
    ----------
    mother : MotherWavelet
        Supplies `psi_ft`.
    scales : float or numpy.ndarray
        Scales, any shape.
    n_fft : int
        FFT length.
    dt : float
        Sampling interval.

    Returns
    -------
    numpy.ndarray
        The scales' shape with an axis (n_fft,) added.
    """
    column = np.asarray(scales, dtype=float)[..., np.newaxis]
    response = mother.psi_ft(column * angular_frequencies(n_fft, dt))
    return np.asarray(np.sqrt(2 * np.pi / dt * column) * np.conjugate(response))


def forward(
    signal: NDArray[Any],
    mother: Any,
    scales: NDArray[np.float64],
    dt: float,
    n_fft: int,
    *,
    single: bool = False,
    workers: int = 1,
    every: int = 1,
) -> tuple[NDArray[Any], NDArray[np.complex128]]:
    """Transform series at all scales, a block of scales at a time.

    Parameters
    ----------
    signal : numpy.ndarray
        Series, shape (..., n), real or complex.
    mother : MotherWavelet
        Supplies `psi_ft`.
    scales : numpy.ndarray
        Scales, in the unit of `dt`.
    dt : float
        Sampling interval.
    n_fft : int
        FFT length.
    single : bool
        Whether to compute W in single precision.
    workers : int
        Number of threads. The result does not depend on it.
    every : int
        W is computed at the times 0, `every`, 2 `every` and so on.

    Returns
    -------
    W : numpy.ndarray
        (..., scale, time), complex.
    spectrum : numpy.ndarray
        The zero-padded FFT of the series, shape (..., n_fft), in double precision.
    """
    n = signal.shape[-1]
    kind = np.complex64 if single else np.complex128
    spectrum = scipy.fft.fft(signal, n_fft, axis=-1, workers=workers)
    W = np.empty((*signal.shape[:-1], scales.size, -(-n // every)), dtype=kind)
    n_series = math.prod(signal.shape[:-1])
    rows = max(1, _BLOCK_BYTES // (64 * n_fft * max(1, n_series)))

    def transform(first: int) -> None:
        block = slice(first, first + rows)
        filters = wavelet_filter(mother, scales[block], n_fft, dt)
        product = (spectrum[..., np.newaxis, :] * filters).astype(kind, copy=False)
        W[..., block, :] = scipy.fft.ifft(product, axis=-1, overwrite_x=True)[..., :n:every]

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(transform, range(0, scales.size, rows)))
    return W, spectrum


def inverse(W: NDArray[Any], scales: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Sum the real parts over scales, (scale, time) -> (time): Torrence & Compo (1998), eq. 11."""
    rebuilt: NDArray[np.float64] = factor * np.tensordot(1 / np.sqrt(scales), W.real, axes=1)
    return rebuilt
