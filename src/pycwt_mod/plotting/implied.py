"""The levels that a mask of what is significant implies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def implied_levels(
    values: NDArray[Any],
    measure: Callable[[NDArray[Any]], Array] | None,
    mask: Mask,
    inside: Callable[[int], Mask],
) -> tuple[Array, bool] | None:
    """Return one level for each scale that the marked values reach and the others do not.

    An outline through them, such as those of a false discovery rate, is as smooth as the field;
    one around the points of a mask has steps. Returned with whether the mask leaves out the cone,
    `inside` of each scale, so that they are those of the other points; None if no levels make it.
    """
    bounded = not any((row & inside(scale)).any() for scale, row in enumerate(mask))
    ends = np.empty((len(mask), 2))
    for scale, row in enumerate(mask):
        numbers = values[scale] if measure is None else measure(values[scale])
        counted = np.isfinite(numbers)
        if bounded:
            counted &= ~inside(scale)
        ends[scale, 0] = numbers[counted & ~row].max(initial=-np.inf)
        ends[scale, 1] = numbers[counted & row].min(initial=np.inf)
    if (ends[:, 0] >= ends[:, 1]).any():
        return None
    return _between(*ends.T)[:, np.newaxis], bounded


def _between(lower: Array, upper: Array) -> Array:
    """Return levels above `lower` and at most `upper`, alike from scale to scale."""
    scales = np.arange(lower.size)
    known = np.isfinite(lower) & np.isfinite(upper)
    if known.any():
        guess = np.interp(scales, scales[known], ((lower + upper) / 2)[known])
    elif np.isfinite(upper).any():
        least = upper.min()
        below = lower[lower < least].max(initial=0.0)
        guess = np.full(lower.size, (max(below, 0.0) + least) / 2)
    else:
        guess = np.full(lower.size, np.nan)  # nothing is marked
    return np.minimum(np.maximum(guess, np.nextafter(lower, np.inf)), upper)
