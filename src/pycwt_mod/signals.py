"""What `cwt` transforms: one series or several, of NumPy, pandas, xarray, PyTorch or CuPy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Array, ArrayOps, ops_of
from .indexes import taken_apart
from .limits import as_signal, check_size
from .validation import warn_user

__all__ = ["Signals", "as_signals", "warn_of_means"]

# Series of fewer samples than this, and fewer than there are series, are probably columns.
_FEW_SAMPLES = 32

# Many series that are positive, such as rain or counts, have a mean of up to this number of
# standard deviations; the step that it makes at the ends is no larger than the series itself.
_LARGE_MEAN = 3


@dataclass(frozen=True, eq=False)
class Signals:
    """One series of shape (n,), or several of shape (..., n), real or complex.

    `names` are those of several series, if their table tells them; `labelled` is what may have an
    index of times; `ops` are the operations of the device that the values are on, if it is one.
    """

    values: Array
    labelled: Any
    names: tuple[str, ...] | None = None
    ops: ArrayOps | None = None


def as_signals(signal: Any, *, single: bool = False) -> Signals:
    """Return series as arrays, or raise an error that names the fault, and the series with it."""
    ops = ops_of(signal, single=single)
    if ops is not None:
        return Signals(_on_device(signal, ops), None, ops=ops)
    shape = _shape(signal)
    if len(shape) < 2 or (hasattr(signal, "columns") and shape[1] == 1):
        return Signals(as_signal(signal, "signal", allow_complex=True), signal)
    rows, labelled, names = taken_apart(signal)
    _check_orientation((len(rows), *_shape(rows[0])) if rows else shape)
    values = _stacked(rows, "signal", names or range(len(rows)))
    return Signals(values, labelled, None if names is None else tuple(names))


def warn_of_means(signal: Any, given: Signals) -> None:
    """Warn of real series whose mean is much larger than their standard deviation."""
    large = _of_large_mean(given)
    if not large.any():
        return
    alone = given.values.ndim == 1
    of_each = "" if alone or hasattr(signal, "columns") else "axis=-1, keepdims=True"
    if of_each and hasattr(signal, "dims"):
        of_each = '"time"'
    which = "`signal`" if alone else f"{large.sum()} of the {large.size} series of `signal`"
    warn_user(
        f"The mean of {which} is more than {_LARGE_MEAN} times the standard deviation, and `cwt` "
        "keeps it, with a step at both ends of the record that has most of the power of long "
        f"periods: pass `signal - signal.mean({of_each})`."
    )


def _of_large_mean(given: Signals) -> NDArray[np.bool_]:
    """Return which series have a mean above `_LARGE_MEAN` standard deviations: no complex ones."""
    values, ops = given.values, given.ops
    if values.dtype.kind == "c" if ops is None else "complex" in str(values.dtype):
        return np.zeros(1, dtype=bool)
    if values.ndim == 1:
        sums, squares = values.sum(), values @ values
    else:
        sums, squares = values.sum(-1), (values[..., None, :] @ values[..., None])[..., 0, 0]
    if ops is not None:
        sums, squares = ops.to_host(sums), ops.to_host(squares)
    mean = sums / values.shape[-1]
    variance = squares / values.shape[-1] - mean * mean
    found: NDArray[np.bool_] = mean * mean > _LARGE_MEAN**2 * variance
    return found


def _shape(values: Any) -> tuple[int, ...]:
    try:
        return np.shape(values)
    except ValueError:  # ragged, of which the check of one series has more to say
        return ()


def _stacked(rows: Sequence[Any], name: str, places: Iterable[Any]) -> NDArray[Any]:
    """Return series as one array; the name of each in a message has its place."""
    named = [(f"{name}[{place!r}]", row) for place, row in zip(places, rows, strict=True)]
    return np.stack(
        [
            as_signal(row, own, allow_complex=True)
            if np.ndim(row) == 1
            else _stacked(list(row), own, range(len(row)))
            for own, row in named
        ]
    )


def _on_device(signal: Any, ops: ArrayOps) -> Array:
    """Return series of PyTorch or CuPy, of the working precision, if they can be transformed."""
    shape = tuple(signal.shape)
    if str(signal.dtype).rpartition(".")[2] == "bool":
        raise TypeError(f"`signal` must be a series of numbers, got {signal.dtype}.")
    _check_orientation(shape or (0,))
    values = ops.zeros(shape, "complex" if "complex" in str(signal.dtype) else "real")
    values[...] = signal
    largest = float(ops.to_host(abs(values).max()))
    if not math.isfinite(largest):
        raise ValueError(
            "`signal` must be finite, got NaN or infinite values. Fill or interpolate the gaps."
        )
    check_size(largest, "signal")
    return values


def _check_orientation(shape: tuple[int, ...]) -> None:
    """Refuse no series and no samples, and warn if the first axis seems to be time."""
    number, n = math.prod(shape[:-1]), shape[-1]
    way_out = "Time is the last axis; if it is the first, pass numpy.moveaxis(signal, 0, -1)."
    if not number:
        raise ValueError(f"`signal` must have at least one series, got shape {shape}.")
    if n < 2:
        raise ValueError(f"`signal` must have at least 2 samples, got shape {shape}. {way_out}")
    if n < min(_FEW_SAMPLES, number):
        warn_user(f"`signal` has shape {shape}: {number} series of {n} samples. {way_out}")
