"""The outline of what is significant, true at the resolution of a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.path import Path
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from .axes import PeriodAxis, size_in_inches
from .field import Field, Reduced, cell_edges

Array = NDArray[np.float64]

# Width of the outline in points: for each inch of the picture's width, its limits, and where the
# outline has many pieces.
_OUTLINE, _THINNEST, _THICKEST, _FINE = 0.4, 1.0, 1.8, 0.7

# An outline that crosses some row of the field more often than this, in an inch, has many pieces.
_CROWDED = 7

# Details shorter than this, in inches, are some widths of the line: many are a black patch.
# They are decided by the majority of the times that share this length.
_SHORTEST_DETAIL = 0.06
# How far from its level a field counts in full for the majority, as a part of the level.
_DECIDED = 0.25


def draw_outline(axes: Any, axis: PeriodAxis, field: Field, reduced: Reduced) -> Any:
    """Draw a line around what reaches its level (a ratio of one); None if nothing does."""
    inches = size_in_inches(axes)[0]
    ratio = reduced.ratio
    if _is_crowded(ratio, inches):
        ratio = _without_short_details(ratio, inches)
    known = ratio[np.isfinite(ratio)]
    if min(ratio.shape) < 2 or not known.size or not known.min() < 1 < known.max():
        return None
    # Many outlines are thin, or they would cover the colours.
    thin = _is_crowded(ratio, inches)
    width = _FINE if thin else float(np.clip(_OUTLINE * inches, _THINNEST, _THICKEST))
    contour = axes.contour(
        reduced.times,
        axis.place(field.periods),
        np.ma.masked_invalid(ratio),
        levels=[1],
        colors="black",
        linewidths=width,
    )
    if reduced.bounded:
        contour.set_clip_path(_outside_of_cone(axes, axis, reduced), axes.transData)
    return contour


def cone_border(axes: Any, axis: PeriodAxis, reduced: Reduced) -> tuple[Array, Array]:
    """Return the border of the cone of influence within the axes, from end to end."""
    edges, coi = cell_edges(reduced.times), reduced.coi
    x = np.concatenate([edges[:1], reduced.times, edges[-1:]])
    with np.errstate(divide="ignore"):
        border = axis.place(np.concatenate([coi[:1], coi, coi[-1:]]))
    return x, np.clip(border, *sorted(axes.get_ylim()))


def _outside_of_cone(axes: Any, axis: PeriodAxis, reduced: Reduced) -> Path:
    x, border = cone_border(axes, axis, reduced)
    top = axes.get_ylim()[1]
    return Path(np.column_stack([[x[0], *x, x[-1]], [top, *border, top]]))


def _is_crowded(ratio: Array, inches: float) -> bool:
    return bool(np.diff(ratio > 1, axis=1).sum(axis=1).max() > _CROWDED * inches)


def _without_short_details(ratio: Array, width: float) -> Array:
    """Return a ratio whose crossings of one are no shorter than a picture of some inches shows."""
    columns = int(_SHORTEST_DETAIL * ratio.shape[1] / width / 2) + 1
    if columns < 2:
        return ratio
    known = np.isfinite(ratio)
    votes = np.where(known, np.clip(ratio, 1 - _DECIDED, 1 + _DECIDED), 0)
    weights = known.astype(float)
    for _ in range(2):
        votes, weights = (
            uniform_filter1d(part, columns, axis=1, mode="nearest") for part in (votes, weights)
        )
    smooth: Array = np.divide(votes, weights, out=np.full_like(votes, np.nan), where=known)
    return smooth
