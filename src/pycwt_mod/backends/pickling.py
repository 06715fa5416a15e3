"""Pickling by value what cannot be imported elsewhere, and mapped files by their name."""

from __future__ import annotations

import io
import mmap
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["cloudpickle_dumps"]


def cloudpickle_dumps(
    value: object, take_buffer: Callable[[Any], object] | None = None, by_name: bool = False
) -> bytes:
    """Pickle by value what cannot be imported elsewhere: lambdas, closures, `__main__`.

    Parameters
    ----------
    value : object
        What to pickle.
    take_buffer : callable, optional
        As `buffer_callback` of `pickle.Pickler`.
    by_name : bool, optional
        For workers on this machine: whether they open an array that is mapped from a file by the
        file's name.

    Returns
    -------
    bytes
        For `pickle.loads`.
    """
    # Joblib had its own copy of cloudpickle up to 1.5. It must be the one that loky uses: only it
    # knows the classes of `__main__` that it sent out, and takes them back as the same classes.
    from joblib.externals.loky.cloudpickle_wrapper import dumps

    base: Any = sys.modules[dumps.__module__].Pickler

    class Pickler(base):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            if by_name and type(obj) is np.memmap:
                return _reduce_memmap(obj)
            if type(obj) is np.ufunc:
                return _reduce_ufunc(obj)
            return super().reducer_override(obj)

    with io.BytesIO() as file:
        Pickler(file, protocol=5, buffer_callback=take_buffer).dump(value)
        return file.getvalue()


def _reduce_ufunc(ufunc: np.ufunc) -> Any:
    # A ufunc does not know its module, so pickle takes the first that has it. With
    # `from scipy.special import voigt_profile` in a script that may be the script itself, by the
    # name that multiprocessing gives it and that not every worker knows.
    name = ufunc.__name__
    for place, module in list(sys.modules.items()):
        known = getattr(module, "__dict__", {})
        if place not in ("__main__", "__mp_main__") and known.get(name) is ufunc:
            return getattr, (module, name)
    return name


def _reduce_memmap(array: np.memmap[Any, Any]) -> Any:
    # A part of a mapped file, or one with changes that are not in the file, is but an array.
    base: object = array.base
    if not isinstance(base, mmap.mmap) or array.mode == "c" or array.filename is None:
        return array.view(np.ndarray).__reduce_ex__(5)
    order = "C" if array.flags.c_contiguous else "F"
    return np.memmap, (array.filename, array.dtype, "r", array.offset, array.shape, order)
