"""The layers of a picture over time and period: colours, named bands, outline, cone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps, patheffects
from numpy.typing import NDArray

from ..validation import as_flag, as_real, as_series, brief, did_you_mean
from .axes import PeriodAxis, draw_time_axis, letters_for, shrink_letters, size_in_inches
from .field import Field, Reduced, cell_edges
from .outline import cone_border, draw_outline
from .picture import BELOW_LINES, COLOURS, Picture
from .words import with_dollars

Array = NDArray[np.float64]

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


class Layers(NamedTuple):
    """A field at the pixels of the axes, and what was drawn; contour may be None."""

    reduced: Reduced
    mesh: Any
    contour: Any
    cone: Any


def draw_layers(axes: Any, field: Field, look: Look, time_label: str) -> Layers:
    """Draw a field in colours, with its axes, bands, outline and cone of influence."""
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
    contour = draw_outline(axes, axis, field, reduced)
    cone = _draw_cone(axes, axis, reduced)
    _draw_bands(axes, look.bands)
    return Layers(reduced, mesh, contour, cone)


def _draw_cone(axes: Any, axis: PeriodAxis, reduced: Reduced) -> Any:
    """Hatch the part of the field that the ends of the record distort."""
    x, border = cone_border(axes, axis, reduced)
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
