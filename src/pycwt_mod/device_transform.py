"""The transform of arrays of PyTorch or CuPy, computed on their device."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import mothers
from .arrays import Array, ArrayOps
from .responses import angular_frequencies

# Complex arrays in turn: the filters, their product with the spectrum, its inverse transform.
_ARRAYS_OF_A_BLOCK = 3


def forward(
    signal: Array,
    mother: Any,
    scales: NDArray[np.float64],
    dt: float,
    n_fft: int,
    *,
    ops: ArrayOps,
    every: int = 1,
) -> tuple[Array, Array]:
    """Return what `transform.forward` does, for series (..., n) of the device of `ops`."""
    *lead, n = signal.shape
    padded = ops.zeros((*lead, n_fft), "complex")
    padded[..., :n] = signal
    spectrum = ops.fft(padded)
    omega = ops.from_host(angular_frequencies(n_fft, dt))
    W = ops.zeros((*lead, scales.size, len(range(0, n, every))), "complex")
    rows = _rows_of_a_block(spectrum, ops)
    for first in range(0, scales.size, rows):
        block = slice(first, first + rows)
        column = ops.from_host(scales[block, np.newaxis])
        response = _response(mother, column * omega, ops)
        filters = (2 * np.pi / dt * column) ** 0.5 * ops.xp.conj(response)
        product = spectrum[..., np.newaxis, :] * filters
        W[..., block, :] = ops.ifft(product)[..., :n:every]
    return W, spectrum


def _response(mother: Any, x: Array, ops: ArrayOps) -> Array:
    """Return `psi_ft` on the device; that of a user's own wavelet is computed by NumPy."""
    if mother.psi_ft.__module__.startswith(mothers.__name__):
        return mother.psi_ft(x)
    return ops.from_host(mother.psi_ft(ops.to_host(x)))


def _rows_of_a_block(spectrum: Array, ops: ArrayOps) -> int:
    """Return the number of scales whose arrays fit the memory that a block may take."""
    free = ops.block_bytes() if ops.block_bytes is not None else 0
    size = _ARRAYS_OF_A_BLOCK * int(np.prod(spectrum.shape)) * 16
    return max(1, free // size)
