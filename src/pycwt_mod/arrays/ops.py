"""The operations by name, and those of NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft

Array = Any


@dataclass(frozen=True)
class ArrayOps:
    """The operations on arrays of one library, precision and device.

    Parameters
    ----------
    name : str
        For reports, for example "numpy".
    xp : module
        Namespace with NumPy's names: add, multiply, divide, minimum with ``out=``.
    zeros : callable
        ``zeros(shape, kind)`` with kind "real", "complex" or "index".
    fft, ifft : callable
        Along the last axis; may overwrite their argument; may return it.
    from_host, to_host : callable
        Copy from and to a NumPy array; real and complex arrays take the working precision.
    as_real : callable
        View of a complex array (..., n) as reals (..., 2 n), real and imaginary parts in turn.
    tally : callable
        ``tally(table, indices)``: add one at each of some indices, all flat, to a table of indices.
    assign : callable
        ``assign(target, source)``: copy with conversion (real to index truncates).
    between : callable
        ``between(array, low, high)``: limit an array in place; NaN becomes `low`.
    block_bytes : callable, optional
        ``block_bytes()``: memory that a block of surrogates may take, on a device that works best
        on large ones. None: the plan's own block size, small enough for a processor's cache.
    upload : callable, optional
        As `from_host`, to be called from another thread while the device computes; None: there is
        nothing to gain.
    out_of_memory : tuple of type
        Exceptions that say that the device's memory is full.
    release : callable
        Give back memory that the library keeps for later.
    """

    name: str
    xp: Any
    zeros: Callable[[tuple[int, ...], str], Array]
    fft: Callable[[Array], Array]
    ifft: Callable[[Array], Array]
    from_host: Callable[[Any], Array]
    to_host: Callable[[Array], Any]
    as_real: Callable[[Array], Array]
    tally: Callable[[Array, Array], None]
    assign: Callable[[Array, Array], None]
    between: Callable[[Array, float, float], None]
    block_bytes: Callable[[], int] | None = None
    upload: Callable[[Any], Array] | None = None
    out_of_memory: tuple[type[BaseException], ...] = ()
    release: Callable[[], object] = bool

    def __reduce__(self) -> str:
        """Pickle NumPy's operations by their name in this module; a device stays where it is."""
        for name in ("NUMPY", "NUMPY_SINGLE"):
            if self is globals()[name]:
                return name
        raise TypeError(f"the arrays of {self.name!r} cannot be sent to another process")


def _identity(array: Array) -> Array:
    return array


def _fft(array: Array) -> Array:
    return scipy.fft.fft(array, axis=-1, overwrite_x=True)


def _ifft(array: Array) -> Array:
    return scipy.fft.ifft(array, axis=-1, overwrite_x=True)


def _tally(table: Array, indices: Array) -> None:
    table += np.bincount(indices, minlength=table.size)


def _assign(target: Array, source: Array) -> None:
    np.copyto(target, source, casting="unsafe")


def _between(array: Array, low: float, high: float) -> None:
    np.fmax(array, low, out=array)
    np.minimum(array, high, out=array)


def _numpy(name: str, real: Any, whole: Any) -> ArrayOps:
    """Return NumPy's operations in one precision."""
    kinds = {"real": real, "complex": whole, "index": np.intp}

    def from_host(array: Array) -> Array:
        return np.asarray(array, dtype=whole if np.iscomplexobj(array) else real)

    return ArrayOps(
        name=name,
        xp=np,
        zeros=lambda shape, kind: np.zeros(shape, dtype=kinds[kind]),
        fft=_fft,
        ifft=_ifft,
        from_host=from_host,
        to_host=_identity,
        as_real=lambda array: array.view(real),
        tally=_tally,
        assign=_assign,
        between=_between,
    )


NUMPY = _numpy("numpy", np.float64, np.complex128)
NUMPY_SINGLE = _numpy("numpy:float32", np.float32, np.complex64)
