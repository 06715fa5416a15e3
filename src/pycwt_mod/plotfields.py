"""Fields over time and period, checked and reduced for drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.dates
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .validation import as_series

__all__ = ["Array", "CoherenceField", "cell_edges"]

Array = NDArray[np.float64]

# More columns than a picture has pixels are averaged before they are drawn.
_MOST_COLUMNS = 2000


@dataclass(frozen=True, eq=False)
class CoherenceField:
    """A coherence ready to be drawn.

    Parameters
    ----------
    R2, phase : numpy.ndarray
        Squared coherence and phase, axes (scale, time).
    periods, levels : numpy.ndarray
        Fourier periods, ascending, and significance levels, shape (n_scales,).
    coi, times : numpy.ndarray
        Cone of influence and times, shape (n_times,).
    dates : bool
        Whether the times are matplotlib's numbers for dates.
    """

    R2: Array
    phase: Array
    periods: Array
    levels: Array
    coi: Array
    times: Array
    dates: bool

    @classmethod
    def of(
        cls, WCT: ArrayLike, aWCT: ArrayLike, coi: ArrayLike, freq: ArrayLike, sig: Any, times: Any
    ) -> CoherenceField:
        """Check what `wct` returned; the arguments are those of `pycwt_mod.plotting.plot_wct`.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind, or the shapes do not fit.
        """
        R2, phase = np.asarray(WCT, dtype=float), np.asarray(aWCT, dtype=float)
        if R2.ndim != 2 or not R2.size:
            raise ValueError(f"`WCT` must have shape (n_scales, n_times), got {R2.shape}.")
        if phase.shape != R2.shape:
            raise ValueError(f"`aWCT` must have the shape of `WCT`, {R2.shape}, got {phase.shape}.")
        n_scales, n_times = R2.shape
        frequencies = as_series(freq, "freq", min_size=1)
        if not (frequencies > 0).all():
            raise ValueError(f"`freq` must be positive, got {frequencies.min():g} among them.")
        levels = np.atleast_1d(np.asarray(0.0 if sig is None else sig, dtype=float))
        if levels.shape == (1,):
            levels = np.full(n_scales, levels[0])
        when, dates = _as_times(times, n_times)
        cone = as_series(coi, "coi", min_size=1)
        _check_size(frequencies, "freq", n_scales, "scale")
        _check_size(levels, "sig", n_scales, "scale")
        _check_size(cone, "coi", n_times, "time")
        _check_size(when, "times", n_times, "time")
        if (np.diff(when) <= 0).any():
            raise ValueError(
                "`times` must ascend without repeats, got some that do not. Sort them."
            )
        order = np.argsort(1 / frequencies)
        periods = 1 / frequencies[order]
        return cls(R2[order], phase[order], periods, levels[order], cone, when, dates)

    def reduced(self) -> tuple[Array, Array, Array, Array]:
        """Return times, cone, coherence and its ratio to the level, for pixels that exist."""
        n = self.times.size
        edges = np.unique(np.linspace(0, n, min(n, _MOST_COLUMNS) + 1).astype(np.intp))
        R2 = _block_means(self.R2, edges)
        # A row without a level has no contour.
        levels = np.where(self.levels > 0, self.levels, np.nan)
        times, cone = _block_means(self.times, edges), _block_means(self.coi, edges)
        return times, cone, R2, R2 / levels[:, np.newaxis]


def cell_edges(centres: Array) -> Array:
    """Return the borders between cells around given centres, shape (n + 1,)."""
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    inner = (centres[1:] + centres[:-1]) / 2
    first, last = 2 * centres[0] - inner[0], 2 * centres[-1] - inner[-1]
    edges: Array = np.concatenate([[first], inner, [last]])
    return edges


def _as_times(times: Any, n_times: int) -> tuple[Array, bool]:
    """Return times as numbers that matplotlib understands, and whether they are dates."""
    if times is None:
        return np.arange(float(n_times)), False
    array = np.asarray(times)
    if array.dtype.kind == "M" or (
        array.dtype == object and array.size and _is_date(array.flat[0])
    ):
        numbers: Any = matplotlib.dates.date2num(array)  # type: ignore[no-untyped-call]
        return np.asarray(numbers, dtype=np.float64), True
    return as_series(times, "times", min_size=1), False


def _is_date(value: Any) -> bool:
    return hasattr(value, "year") and hasattr(value, "month")


def _check_size(array: Array, name: str, size: int, axis: str) -> None:
    if array.shape != (size,):
        raise ValueError(
            f"`{name}` must have one value for each {axis} of `WCT`, that is {size}, got shape "
            f"{array.shape}."
        )


def _block_means(values: Array, edges: NDArray[np.intp]) -> Array:
    """Return the means of blocks of columns, NaN left out; NaN where a block has nothing else."""
    if edges.size == values.shape[-1] + 1:
        return values
    known = np.isfinite(values)
    total = np.add.reduceat(np.where(known, values, 0.0), edges[:-1], axis=-1)
    number = np.add.reduceat(known.astype(float), edges[:-1], axis=-1)
    means: Array = np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)
    return means
