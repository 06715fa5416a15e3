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

__all__ = ["Signals", "as_signals"]

# Series of fewer samples than this, and fewer than there are series, are probably columns.
_FEW_SAMPLES = 32


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
