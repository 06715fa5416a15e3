"""Phase arrows, as many as a picture has room for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..validation import as_positive
from .axes import PeriodAxis, size_in_inches
from .field import Field, Reduced

# One phase arrow in each square of this size, in inches; the arrow fills this part of it, unless
# squares are large.
_ARROW_SPACING, _ARROW_PART = 0.26, 0.7


def draw_arrows(
    axes: Any,
    field: Field,
    reduced: Reduced,
    axis: PeriodAxis,
    wanted: NDArray[np.bool_],
    density: float,
) -> Any:
    """Draw the phase of a field at the wanted pixels, thinned to the size of the axes.

    An arrow is the mean direction over its pixel. Returns None if no arrow is wanted.
    """
    spacing = _ARROW_SPACING / as_positive(density, "arrow_density")
    length = _ARROW_PART * min(spacing, _ARROW_SPACING)
    width, height = size_in_inches(axes)
    rows = _spread(field.periods.size, height / spacing)
    columns = _spread(reduced.times.size, width / spacing)
    directions = _mean_directions(field.phase, rows, reduced.edges, columns)
    row, column = np.nonzero(wanted[np.ix_(rows, columns)] & np.isfinite(directions))
    if not row.size:
        return None
    angles = np.angle(directions[row, column])
    return axes.quiver(
        reduced.times[columns][column],
        axis.place(field.periods[rows][row]),
        np.cos(angles),
        # A positive phase, the first series leading, points down on the page.
        -np.sin(angles),
        angles="uv",
        pivot="middle",
        units="inches",
        scale_units="inches",
        scale=1 / length,
        width=0.016 * length / (_ARROW_PART * _ARROW_SPACING),
        headwidth=4,
        headlength=4.5,
        headaxislength=4,
        color="black",
    )


def _mean_directions(
    phase: Any, rows: NDArray[np.intp], edges: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.complex128]:
    """Return the mean direction in each pixel, shape (rows, columns); NaN if unknown.

    Complex numbers count by their size, angles all alike.
    """
    means = np.full((rows.size, columns.size), np.nan, dtype=complex)
    for k, column in enumerate(columns):
        part = phase[rows, edges[column] : edges[column + 1]]
        vectors = part if np.iscomplexobj(part) else np.exp(1j * part)
        known = np.isfinite(vectors)
        some = known.any(axis=1)
        means[some, k] = np.where(known, vectors, 0).sum(axis=1)[some]
    return means


def _spread(size: int, room: float) -> NDArray[np.intp]:
    """Return the indices of the arrows in a row that there is room for."""
    number = min(size, max(1, int(room)))
    return ((np.arange(number) + 0.5) * size / number).astype(np.intp)
