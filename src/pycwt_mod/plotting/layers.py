"""The layers of a picture over time and period: colours, outline, cone of influence, words."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .axes import draw_period_axis, draw_time_axis, size_in_inches
from .field import Field, Reduced, cell_edges

Array = NDArray[np.float64]

# Width of a letter of the caption, in units of the font size.
_LETTER_WIDTH = 0.51
_CAPTION_SIZE = 8.0

# Layout engines of matplotlib change the width of axes, in inches, to about GAIN * width + SHIFT
# when the figure is drawn.
_LAYOUT_GAIN, _LAYOUT_SHIFT = 1.3, -0.8

# Width of the outline in points: for each inch of the picture's width, its limits, and where the
# outline has many pieces.
_OUTLINE, _THINNEST, _THICKEST, _FINE = 0.4, 1.0, 1.8, 0.7

_COLOUR_MAP = "viridis"

_CONE_MEANING = "Hatched: cone of influence, where the ends of the record distort the result."
_ARROW_MEANING = (
    "Arrows: phase; →\N{NO-BREAK SPACE}in phase, ←\N{NO-BREAK SPACE}anti-phase, "
    "↓\N{NO-BREAK SPACE}{first} leads {second} by\N{NO-BREAK SPACE}90°, "
    "↑\N{NO-BREAK SPACE}{second} leads {first} by\N{NO-BREAK SPACE}90°."
)

# An outline that crosses some row of the field more often than this has many pieces.
_CROWDED = 40

# Fainter than the field, so that the colours below can be read.
_CONE_FACE, _CONE_HATCH = (1, 1, 1, 0.45), (0.2, 0.2, 0.2, 0.6)


@dataclass(frozen=True, eq=False)
class FieldPlot:
    """The picture that `plot_wct` or `plot_xwt` drew, for changes by matplotlib's own means.

    Attributes
    ----------
    figure, axes
        The figure, for ``figure.savefig("picture.png")``, and its axes; y is the period.
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


def draw_layers(
    axes: Any, field: Field, period_unit: str, time_label: str
) -> tuple[Reduced, Any, Any, Any]:
    """Draw a field in colours, with its axes, outline and cone of influence.

    Returns
    -------
    reduced : Reduced
        The field at the pixels of the axes.
    mesh, contour, cone
        The artists; contour is None where nothing reaches its level.
    """
    reduced = field.reduced(size_in_inches(axes)[0])
    mesh = axes.pcolormesh(
        cell_edges(reduced.times),
        2 ** cell_edges(np.log2(field.periods)),
        reduced.values,
        cmap=_COLOUR_MAP,
        rasterized=True,
    )
    draw_period_axis(axes.yaxis, field.periods, period_unit)
    draw_time_axis(axes, reduced.times, field.dates, time_label)
    contour = _draw_contour(axes, reduced.times, field.periods, reduced.ratio)
    return reduced, mesh, contour, _draw_cone(axes, reduced.times, reduced.coi)


def _draw_contour(axes: Any, times: Array, periods: Array, ratio: Array) -> Any:
    """Draw a thick line where a field reaches its level (a ratio of one), if it does."""
    known = ratio[np.isfinite(ratio)]
    if min(ratio.shape) < 2 or not known.size or not known.min() < 1 < known.max():
        return None
    # Many outlines are thin, or they would cover the colours.
    crowded = np.diff(ratio > 1, axis=1).sum(axis=1).max() > _CROWDED
    width = float(np.clip(_OUTLINE * size_in_inches(axes)[0], _THINNEST, _THICKEST))
    return axes.contour(
        times,
        periods,
        np.ma.masked_invalid(ratio),
        levels=[1],
        colors="black",
        linewidths=_FINE if crowded else width,
    )


def _draw_cone(axes: Any, times: Array, coi: Array) -> Any:
    """Hatch the part of the field that the ends of the record distort."""
    longest, shortest = axes.get_ylim()
    edges = cell_edges(times)
    x = np.concatenate([edges[:1], times, edges[-1:]])
    border = np.clip(np.concatenate([coi[:1], coi, coi[-1:]]), shortest, longest)
    axes.plot(x, border, color="white", linewidth=1.2)
    axes.set_xlim(edges[0], edges[-1])
    return axes.fill_between(
        x,
        border,
        longest,
        facecolor=_CONE_FACE,
        edgecolor=_CONE_HATCH,
        hatch="///",
        linewidth=0,
    )


def draw_caption(
    axes: Any, colours: str, level: str | None, arrows: Any, names: tuple[str, str]
) -> Any:
    """Say under the time axis which layer means what, in lines that fit the figure."""
    parts = [f"Colours: {colours}."]
    if level is not None:
        parts.append(f"Outlined: {level}.")
    parts.append(_CONE_MEANING)
    if arrows is not None:
        parts.append(_ARROW_MEANING.format(first=names[0], second=names[1]))
    width = size_in_inches(axes)[0]
    if axes.figure.get_layout_engine() is not None:
        width = width * _LAYOUT_GAIN + _LAYOUT_SHIFT
    letters = max(30, int(width * 72 / (_CAPTION_SIZE * _LETTER_WIDTH)))
    return axes.annotate(
        textwrap.fill(" ".join(parts), letters, break_on_hyphens=False),
        xy=(0, 0),
        xycoords=("axes fraction", axes.xaxis.label),
        xytext=(0, -5),
        textcoords="offset points",
        ha="left",
        va="top",
        fontsize=_CAPTION_SIZE,
        color="0.2",
    )
