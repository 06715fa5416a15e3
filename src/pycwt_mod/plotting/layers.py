"""The layers of a picture over time and period: colours, bands, outline, cone and arrows.

The outline is true, and arrows are as many, as the size of the picture allows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps, patheffects
from matplotlib.path import Path
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from ..validation import as_flag, as_positive, as_real, as_series, brief, did_you_mean
from .axes import PeriodAxis, draw_time_axis, letters_for, shrink_letters, size_in_inches
from .field import Field, Reduced, cell_edges
from .picture import BELOW_LINES, COLOURS, Picture
from .words import with_dollars

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

# One phase arrow in each square of this size, in inches; the arrow fills this part of it, unless
# squares are large.
_ARROW_SPACING, _ARROW_PART = 0.26, 0.7

# Fainter than the field, so that the colours below can be read.
_CONE_FACE, _CONE_HATCH = (1, 1, 1, 0.45), (0.2, 0.2, 0.2, 0.6)

# The ends and names of bands: white within a dark border can be read on every colour.
_BORDER = "0.15"
_BAND_LINE = {
    "color": "white",
    "linewidth": 0.9,
    "linestyle": (0, (5, 3)),
    "path_effects": [patheffects.withStroke(linewidth=1.8, foreground=_BORDER)],
}
_BAND_NAME = {
    "color": "white",
    "fontsize": "small",
    "path_effects": [patheffects.withStroke(linewidth=2.2, foreground=_BORDER)],
}


@dataclass(frozen=True, eq=False, repr=False)
class FieldPlot(Picture):
    """The picture that `plot_wct` or `plot_xwt` drew, for changes by matplotlib's own means.

    Attributes
    ----------
    figure, axes
        The figure and its axes; y is the period, or the frequency.
    mesh, cone, contour, arrows, colorbar, caption
        The colours, the hatched part, the significance level, the phase arrows, the colour bar and
        the text under the figure; None for one that was not drawn.
    """

    figure: Any
    axes: Any
    mesh: Any
    cone: Any
    contour: Any
    arrows: Any
    colorbar: Any
    caption: Any


@dataclass(frozen=True)
class Look:
    """The options that pictures over time and period share, checked by `of`.

    `bands` has the ends of each band in the unit of the axis; `limits` are those of the colours,
    None for one that the field sets.
    """

    axis: PeriodAxis
    cmap: Any
    limits: tuple[float | None, float | None]
    bands: dict[str, tuple[float, float]]

    @classmethod
    def of(
        cls, period_unit: str, frequency: bool, cmap: Any, vmin: Any, vmax: Any, bands: Any
    ) -> Look:
        """Return the options, or raise an error that names the one that is wrong."""
        axis = PeriodAxis(period_unit or "", as_flag(frequency, "frequency"))
        low, high = (
            None if value is None else as_real(value, name)
            for value, name in ((vmin, "vmin"), (vmax, "vmax"))
        )
        if low is not None and high is not None and low >= high:
            raise ValueError(f"`vmin` must be less than `vmax`, got {low:g} and {high:g}.")
        return cls(axis, _as_colours(cmap), (low, high), _as_bands(bands))


def draw_layers(
    axes: Any, field: Field, look: Look, time_label: str
) -> tuple[Reduced, Any, Any, Any]:
    """Draw a field in colours, with its axes, bands, outline and cone of influence.

    Returns it at the pixels of the axes, with mesh, contour (None without one) and cone.
    """
    axis, reduced = look.axis, field.reduced(size_in_inches(axes)[0])
    mesh = axes.pcolormesh(
        cell_edges(reduced.times),
        axis.place(2 ** cell_edges(np.log2(field.periods))),
        reduced.values,
        cmap=look.cmap,
        rasterized=True,
        zorder=COLOURS,
    )
    axis.draw(axes.yaxis, field.periods)
    draw_time_axis(axes, reduced.times, field.dates, time_label)
    shrink_letters(axes, letters_for(axes))
    contour = _draw_outline(axes, axis, field, reduced)
    cone = _draw_cone(axes, axis, reduced)
    _draw_bands(axes, look.bands)
    return reduced, mesh, contour, cone


def _draw_outline(axes: Any, axis: PeriodAxis, field: Field, reduced: Reduced) -> Any:
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
        x, border = _cone_border(axes, axis, reduced)
        top = axes.get_ylim()[1]
        outside = Path(np.column_stack([[x[0], *x, x[-1]], [top, *border, top]]))
        contour.set_clip_path(outside, axes.transData)
    return contour


def _cone_border(axes: Any, axis: PeriodAxis, reduced: Reduced) -> tuple[Array, Array]:
    """Return the border of the cone of influence within the axes, from end to end."""
    edges, coi = cell_edges(reduced.times), reduced.coi
    x = np.concatenate([edges[:1], reduced.times, edges[-1:]])
    with np.errstate(divide="ignore"):
        border = axis.place(np.concatenate([coi[:1], coi, coi[-1:]]))
    return x, np.clip(border, *sorted(axes.get_ylim()))


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


def _draw_cone(axes: Any, axis: PeriodAxis, reduced: Reduced) -> Any:
    """Hatch the part of the field that the ends of the record distort."""
    x, border = _cone_border(axes, axis, reduced)
    axes.plot(x, border, color="white", linewidth=1.2)
    axes.set_xlim(x[0], x[-1])
    return axes.fill_between(
        x,
        border,
        axes.get_ylim()[0],
        facecolor=_CONE_FACE,
        edgecolor=_CONE_HATCH,
        hatch="///",
        linewidth=0,
        zorder=BELOW_LINES,
    )


def _draw_bands(axes: Any, bands: Mapping[str, tuple[float, float]]) -> None:
    """Draw the ends of bands as lines across the axes, each with its name at the right."""
    bottom, top = sorted(axes.get_ylim())
    for name, (low, high) in bands.items():
        if high <= bottom or low >= top:
            continue
        for end in (low, high):
            if bottom < end < top:
                axes.axhline(end, **_BAND_LINE)
        middle = math.sqrt(max(low, bottom) * min(high, top))
        place = axes.get_yaxis_transform()
        axes.text(
            0.99, middle, with_dollars(name), ha="right", va="center", transform=place, **_BAND_NAME
        )


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


def number_patches(
    plot: FieldPlot, places: Iterable[tuple[int, Any, float]], *, frequency: bool = False
) -> None:
    """Write the number of each patch, given as (number, time, period), at its place."""
    axis = PeriodAxis(frequency=frequency)
    look = {**_BAND_NAME, "fontsize": "large", "fontweight": "bold", "clip_on": True}
    for number, time, period in places:
        plot.axes.text(time, axis.place(period), str(number), ha="center", va="center", **look)


def _as_bands(bands: Any) -> dict[str, tuple[float, float]]:
    """Return named bands, ends ascending."""
    if bands is None:
        return {}
    if not isinstance(bands, Mapping):
        raise TypeError(
            f"`bands` must be a mapping such as {{'alpha': (8, 13)}}, got {brief(bands)}."
        )
    checked = {}
    for name, ends in bands.items():
        values = as_series(ends, f"bands[{name!r}]", min_size=2)
        if values.size != 2 or not 0 < values[0] < values[1]:
            raise ValueError(
                f"`bands[{name!r}]` must be two positive numbers in the unit of the axis, the "
                f"smaller one first, such as (8, 13), got {brief(ends)}."
            )
        checked[str(name)] = float(values[0]), float(values[1])
    return checked


def _as_colours(cmap: Any) -> Any:
    """Return a colour map of matplotlib, given by name or as it is."""
    if isinstance(cmap, str) and cmap not in colormaps:
        raise ValueError(
            f"`cmap` must be a colour map of matplotlib, such as 'magma', got {cmap!r}."
            f"{did_you_mean(cmap, colormaps)}"
        )
    return cmap
