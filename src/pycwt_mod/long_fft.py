"""The FFT of rows that are longer than the cache.

Those of the columns of an array (length / L, L) stay in it, and take little memory beside. With
time t = l + L m and coefficient k = r + j length / L, the factor exp(2 pi i k t / length) is that
of an FFT from r to m, times exp(2 pi i r l / length), times exp(2 pi i j l / L); so it is with the
other sign, from times to coefficients.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .working_memory import Complex, scratch

# From here on an FFT leaves the cache, and this number of shorter ones do not; and from there on
# more of them.
_SHORTEST, _COLUMNS = 2**17, 8
_SHORTEST_OF_MORE, _MORE_COLUMNS = 2**22, 32

# Products of matrices as small as this stay in the cache, and BLAS starts no threads for them.
_PRODUCT_SIZE = 2**18

# From this length on whole rows in work would be most of the memory that a transform takes.
LONG = 2**18


def is_long(length: int) -> bool:
    """Return whether columns are faster than one FFT."""
    return length >= _SHORTEST and length % _columns(length) == 0


def fft(row: NDArray[Any]) -> NDArray[Any]:
    """Return the FFT of a long row, in scratch memory."""
    return _by_columns(row, -1)


def ifft(row: NDArray[Any]) -> NDArray[Any]:
    """Return the inverse FFT of a long row, in scratch memory."""
    return _by_columns(row, 1)


def _by_columns(row: NDArray[Any], sign: int) -> NDArray[Any]:
    n_columns = _columns(row.size)
    columns, height = np.arange(n_columns), _PRODUCT_SIZE // n_columns**2
    turns = turn(sign * np.outer(columns, columns), n_columns)
    if sign > 0:
        turns /= n_columns
    twiddles = _twiddles(height, row.size, sign, row.dtype)
    coefficients = row.reshape(n_columns, -1).T
    array = scratch("columns", coefficients.shape, row.dtype)
    for top in range(0, len(array), height):
        part = slice(top, min(top + height, len(array)))
        factors = turns * turn(sign * top * columns, row.size)
        np.matmul(coefficients[part], factors.astype(row.dtype), out=array[part])
        array[part] *= twiddles[: part.stop - top]
    transform = scipy.fft.ifft if sign > 0 else scipy.fft.fft
    return np.asarray(transform(array, axis=0, overwrite_x=True)).reshape(-1)


def replace_by_fft(rows: NDArray[Any]) -> NDArray[Any]:
    """Return the FFT of rows, in their memory."""
    return _replace(rows, scipy.fft.fft, fft)


def replace_by_inverse(rows: NDArray[Any]) -> NDArray[Any]:
    """Return the inverse FFT of rows, in their memory."""
    return _replace(rows, scipy.fft.ifft, ifft)


def _replace(
    rows: NDArray[Any], together: Callable[..., Any], alone: Callable[[NDArray[Any]], NDArray[Any]]
) -> NDArray[Any]:
    if not is_long(rows.shape[-1]):
        return np.asarray(together(rows, axis=-1, overwrite_x=True))
    for row in rows:
        row[:] = alone(row)
    return rows


def turn(number: Any, of: int) -> Complex:
    """Return exp(2 pi i number / of)."""
    return np.asarray(np.exp(2j * np.pi * (np.mod(number, of) / of)))


def _columns(length: int) -> int:
    return _MORE_COLUMNS if length >= _SHORTEST_OF_MORE else _COLUMNS


@lru_cache(maxsize=4)
def _twiddles(height: int, length: int, sign: int, dtype: Any) -> NDArray[Any]:
    numbers = sign * np.arange(height)[:, np.newaxis] * np.arange(_columns(length))
    return turn(numbers, length).astype(dtype)
