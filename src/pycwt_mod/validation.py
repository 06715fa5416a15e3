"""Checks of what a user passes in: one clear message for each mistake.

Every message names the argument, the rule, the value and, where it helps, the remedy.
A wrong type is a `TypeError`, a wrong value a `ValueError`.
"""

from __future__ import annotations

import math
import numbers
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]


def as_series(
    values: Any,
    name: str,
    *,
    min_size: int = 2,
    allow_complex: bool = False,
    allow_constant: bool = True,
) -> NDArray[Any]:
    """Return one time series as a contiguous array, or say what is wrong with it.

    Parameters
    ----------
    values : array_like
        List, array, pandas Series or masked array without masked values, shape (n,).
    name : str
        The argument's name, for the message.
    min_size : int, default 2
        Fewest samples that the caller can work with.
    allow_complex : bool, default False
        Whether complex samples are meaningful for the caller.
    allow_constant : bool, default True
        Whether a series without variance is meaningful for the caller.

    Returns
    -------
    numpy.ndarray
        Shape (n,), dtype float64 or complex128.

    Raises
    ------
    TypeError
        If the values are not numbers, or complex where real ones are needed.
    ValueError
        If the shape is not (n,), a value is masked, missing or infinite, the series is too
        short or, where that matters, constant.
    """
    if np.ma.isMaskedArray(values) and np.ma.getmaskarray(values).any():
        first = int(np.flatnonzero(np.ma.getmaskarray(values))[0])
        raise ValueError(
            f"`{name}` must not have masked values, got a mask that is first set at index "
            f"{first}. Fill or interpolate the gaps before the transform."
        )
    array = _as_numbers(values, name)
    if array.ndim != 1:
        raise ValueError(
            f"`{name}` must be one-dimensional, got shape {array.shape}. "
            "Pass one series, for example `y[:, 0]` or `y.ravel()`."
        )
    if array.size < min_size:
        raise ValueError(f"`{name}` must have at least {min_size} samples, got {array.size}.")
    if np.iscomplexobj(array) and not allow_complex:
        raise TypeError(
            f"`{name}` must be real, got {array.dtype}. Pass its real or imaginary part."
        )
    finite = np.isfinite(array)
    if not finite.all():
        first = int(np.argmin(finite))
        raise ValueError(
            f"`{name}` must be finite, got {array[first]} at index {first} "
            f"({array.size - int(finite.sum())} such values). Fill or interpolate the gaps."
        )
    if not allow_constant and array.min() == array.max():
        raise ValueError(
            f"`{name}` must vary, got a constant series (every value is {array[0]}, from index 0 "
            "on): it has no variance, no lag-1 autocorrelation and no coherence with anything."
        )
    return array


def _as_numbers(values: Any, name: str) -> NDArray[Any]:
    """Return `values` as a float64 or complex128 array."""
    try:
        if hasattr(values, "to_numpy") and not isinstance(values, np.ndarray):
            try:
                array = np.asarray(values.to_numpy())
                if array.dtype == object:
                    array = values.to_numpy(dtype=float, na_value=math.nan)
            except TypeError:
                array = np.asarray(values)
        else:
            array = np.asarray(values)
        if array.dtype.kind in "mMSU" or _holds_text(array):
            raise TypeError("neither dates nor text are samples")
        kind = np.complex128 if array.dtype.kind == "c" else np.float64
        return np.ascontiguousarray(array, dtype=kind) if array.ndim else array.astype(kind)
    except (TypeError, ValueError) as error:
        raise TypeError(f"`{name}` must be a series of numbers, got {values!r:.80}.") from error


def _holds_text(array: NDArray[Any]) -> bool:
    return array.dtype == object and any(isinstance(value, str | bytes) for value in array.flat)


def same_size(first: NDArray[Any], second: NDArray[Any], names: tuple[str, str]) -> None:
    """Raise ValueError unless both series have the same number of samples."""
    if first.size != second.size:
        raise ValueError(
            f"`{names[0]}` and `{names[1]}` must have the same length, got {first.size} and "
            f"{second.size}. Cut both to their common time span."
        )


def as_real(value: Any, name: str) -> float:
    """Return a finite real number as float."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iuf":
            return as_real(value[()], name)
        raise TypeError(f"`{name}` must be a real number, got {value!r:.80}.")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"`{name}` must be finite, got {number}.")
    return number


def as_positive(value: Any, name: str) -> float:
    """Return a positive real number as float."""
    number = as_real(value, name)
    if number <= 0:
        raise ValueError(f"`{name}` must be positive, got {number:g}.")
    return number


def as_level(value: Any, name: str = "significance_level") -> float:
    """Return a probability strictly between 0 and 1."""
    number = as_real(value, name)
    if not 0 < number < 1:
        raise ValueError(
            f"`{name}` must lie strictly between 0 and 1, got {number:g}. "
            "For the 5 % significance level use 0.95."
        )
    return number


def as_coefficient(value: Any, name: str) -> float:
    """Return a lag-1 autoregressive coefficient, strictly between -1 and 1."""
    number = as_real(value, name)
    if not -1 < number < 1:
        raise ValueError(
            f"`{name}` must lie strictly between -1 and 1, got {number:g}: an AR(1) process with "
            "this coefficient is not stationary. Detrend or difference the series first."
        )
    return number


def as_count(value: Any, name: str, *, at_least: int = 1) -> int:
    """Return an integer not below `at_least`; a float with an integer value is an integer."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"`{name}` must be an integer, got {value!r:.80}.")
    number = float(value)
    if not number.is_integer():
        kind: type[Exception] = ValueError if math.isfinite(number) else TypeError
        raise kind(f"`{name}` must be an integer, got {value!r}.")
    if number < at_least:
        raise ValueError(f"`{name}` must be at least {at_least}, got {int(number)}.")
    return int(number)


def as_flag(value: Any, name: str) -> bool:
    """Return a truth value."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"`{name}` must be True or False, got {value!r:.80}.")
    return bool(value)


def as_choice(value: Any, name: str, choices: Sequence[str]) -> str:
    """Return `value` if it is one of `choices`."""
    listed = ", ".join(repr(choice) for choice in choices)
    if not isinstance(value, str):
        raise TypeError(f"`{name}` must be one of {listed}, got {value!r:.80}.")
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {listed}, got {value!r}.")
    return value


def warn_user(message: str) -> None:
    """Issue a UserWarning that points at the caller's line outside this package."""
    package = str(Path(__file__).parent)
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


def as_seed(value: Any, name: str = "rng_seed") -> np.random.SeedSequence | None:
    """Return a seed as a SeedSequence, or None for fresh entropy."""
    if value is None or isinstance(value, np.random.SeedSequence):
        return value
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise TypeError(
            f"`{name}` must be a non-negative integer, a numpy.random.SeedSequence or None, "
            f"got {value!r:.80}."
        )
    if value < 0:
        raise ValueError(f"`{name}` must be a non-negative integer, got {value}.")
    return np.random.SeedSequence(int(value))
