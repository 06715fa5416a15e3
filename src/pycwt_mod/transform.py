"""The continuous wavelet transform on bare arrays: scales, transform, cone of influence.

Nothing here validates.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .inverse_fft import Way, fastest_way
from .responses import Response, Responses, band_of

# The FFT length, and bytes of multipliers, up to which they are kept for the next call.
_LONGEST_KEPT, _MOST_KEPT = 2**14, 2**23

# Bytes of the second transform of a pair in work beside the first: all scales of a short one.
_CROSS_BYTES = 2**24


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
    *shape, n = signal.shape
    dtype = np.dtype(np.complex64 if single else np.complex128)
    spectrum = scipy.fft.fft(signal, n_fft, axis=-1, workers=workers)
    W = np.empty((*shape, scales.size, -(-n // every)), dtype)
    sources, unit = spectrum.reshape(-1, n_fft), 1.0
    if single:  # which is short of large and of small numbers, too
        unit = 2.0 ** math.frexp(np.abs(signal).max(initial=0.0))[1]
        sources = sources / unit
    fields = W.reshape(-1, *W.shape[-2:])
    plan = _Plan.of(mother, scales, dt, n_fft, dtype, every)
    blocks, kept = plan.blocks_and_steps()

    def transform(place: int) -> None:
        for response, way in kept[place] if kept else plan.steps(blocks[place]):
            for source, target in zip(sources, fields, strict=True):
                way.write(response.times(source), target[response.rows])
                if unit != 1:
                    target[response.rows] *= unit

    if workers == 1:
        for place in range(len(blocks)):
            transform(place)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(transform, range(len(blocks))))
    return W, spectrum


def cross(
    pair: NDArray[np.float64], mother: Any, scales: NDArray[np.float64], dt: float, n_fft: int
) -> NDArray[np.complex128]:
    """Return W1 conj(W2) of two series (2, n) at all scales, (scale, time)."""
    W1, _ = forward(pair[0], mother, scales, dt, n_fft)
    rows = max(1, _CROSS_BYTES // (16 * pair.shape[1]))
    for first in range(0, scales.size, rows):
        block = slice(first, first + rows)
        W2, _ = forward(pair[1], mother, scales[block], dt, n_fft)
        W1[block] *= np.conjugate(W2, out=W2)
    return W1


Steps = list[tuple[Response, Way]]


@dataclass(frozen=True)
class _Plan:
    """What the transforms of all series of one length have in common.

    Two plans are equal if their keys are.
    """

    key: Any
    responses: Responses = field(compare=False)
    dtype: Any = field(compare=False)
    every: int = field(compare=False)

    @classmethod
    def of(
        cls,
        mother: Any,
        scales: NDArray[np.float64],
        dt: float,
        n_fft: int,
        dtype: Any,
        every: int,
    ) -> _Plan:
        band = band_of(mother.psi_ft)
        psi_ft = getattr(mother.psi_ft, "__func__", None)
        key: Any = psi_ft, band, scales.tobytes(), dt, n_fft, dtype, every
        responses = Responses(mother, scales, dt, n_fft)
        return cls(key, responses, dtype, every)

    def steps(self, block: slice) -> Steps:
        """Return what multiplies the spectrum at some scales, and the way from there to times."""
        found = []
        for each in self.responses.of(block):
            values, n_fft = each.values, self.responses.n_fft
            way = fastest_way(each.first, values.shape[1], n_fft, self.dtype, self.every)
            if way.divisors is not None:
                values = values / way.divisors
            found.append((Response(each.rows, each.first, values), way))
        return found

    def blocks_and_steps(self) -> tuple[list[slice], list[Steps]]:
        """Return the blocks of scales, and the steps of each if they are few enough to be kept."""
        if band_of(self.responses.mother.psi_ft) is None:
            return self.responses.blocks(), []
        return _kept(self)


@lru_cache(maxsize=3)
def _kept(plan: _Plan) -> tuple[list[slice], list[Steps]]:
    blocks = plan.responses.blocks()
    if plan.responses.n_fft > _LONGEST_KEPT:
        return blocks, []
    steps, size = [], 0
    for block in blocks:
        steps.append(plan.steps(block))
        size += sum(response.values.nbytes for response, _ in steps[-1])
        if size > _MOST_KEPT:
            return blocks, []
    return blocks, steps


def inverse(W: NDArray[Any], scales: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Sum the real parts over scales, (scale, time) -> (time): Torrence & Compo (1998), eq. 11."""
    rebuilt: NDArray[np.float64] = factor * np.tensordot(1 / np.sqrt(scales), W.real, axes=1)
    return rebuilt
