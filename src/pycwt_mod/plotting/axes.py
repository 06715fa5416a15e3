"""Axes of periods and of times, the cone of influence, and the text under a picture."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from numpy.typing import NDArray

from .field import Field, Reduced, cell_edges

Array = NDArray[np.float64]

# Period ticks: at least so many, if need be at fractions of an octave, and at most so many.
_FEWEST_TICKS, _MOST_TICKS = 3, 12

# Room that the label of a period needs along the axis, in inches; across it, where labels lie
# side by side, they need more.
_TICK_ROOM, _TICK_ROOM_ACROSS = 0.17, 0.45

# Numbers below a million have no exponent; others, and fractions, so many digits.
_PLAIN_DIGITS, _DIGITS = 6, 4

# Width of a letter of the caption, in units of the font size.
_LETTER_WIDTH = 0.51
_CAPTION_SIZE = 8.0

# Matplotlib's layout engines change the width of axes, in inches, to about so many times it and so
# much more, when the figure is drawn.
_LAYOUT_GAIN, _LAYOUT_SHIFT = 1.3, -0.8

# Room that a date needs along its axis, in inches, and the fewest dates.
_DATE_ROOM, _FEWEST_DATES = 0.55, 3

# Width of the outline, in points, for an inch of the picture's width; between so many points.
_OUTLINE, _THINNEST, _THICKEST = 0.4, 1.0, 1.8
# Where it has many pieces.
_FINE = 0.7

COLOUR_MAP = "viridis"

_CONE_MEANING = "Hatched: cone of influence, where the ends of the record distort the result."
_ARROW_MEANING = (
    "Arrows: phase; →\N{NO-BREAK SPACE}in phase, ←\N{NO-BREAK SPACE}anti-phase, "
    "↓\N{NO-BREAK SPACE}{first} leads {second} by\N{NO-BREAK SPACE}90°, "
    "↑\N{NO-BREAK SPACE}{second} leads {first} by\N{NO-BREAK SPACE}90°."
)

# Crossings of the level along the row of a field that has most of them.
_CROWDED = 40

# Fainter than the field, so that what lies below can be read.
_CONE_FACE, _CONE_HATCH = (1, 1, 1, 0.45), (0.2, 0.2, 0.2, 0.6)


def offscreen_axes(width: float = 8, height: float = 5) -> Any:
    """Return the axes of a new figure that needs no display and leaves no trace in pyplot.

    Parameters
    ----------
    width, height : float
        Size in inches.

    Returns
    -------
    matplotlib.axes.Axes
        Its `figure` attribute is the figure, to be saved.

    Examples
    --------
    >>> axes = offscreen_axes(4, 3)
    >>> axes.figure.get_size_inches()
    array([4., 3.])
    """
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def shown_figure(width: float = 8, height: float = 5) -> Any:
    """Return a new figure that `matplotlib.pyplot.show` will show."""
    from matplotlib import pyplot

    return pyplot.figure(figsize=(width, height), layout="constrained")


def size_in_inches(axes: Any) -> tuple[float, float]:
    """Return the width and height of axes, before a layout engine has its say."""
    box = axes.get_window_extent()
    return box.width / axes.figure.dpi, box.height / axes.figure.dpi


def draw_field(axes: Any, field: Field, reduced: Reduced, period_unit: str, time_label: str) -> Any:
    """Draw the pixels of a field in colours, with both axes, and return the mesh."""
    mesh = axes.pcolormesh(
        cell_edges(reduced.times),
        2 ** cell_edges(np.log2(field.periods)),
        reduced.values,
        cmap=COLOUR_MAP,
        rasterized=True,
    )
    draw_period_axis(axes.yaxis, field.periods, period_unit)
    draw_time_axis(axes, reduced.times, field.dates, time_label)
    return mesh


def draw_period_axis(axis: Any, periods: Array, unit: str) -> None:
    """Make an axis one of periods: octaves evenly spaced, few labels, the unit in its name.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        ``axes.xaxis``, or ``axes.yaxis``, on which the longest period is at the bottom.
    periods : numpy.ndarray
        Ascending.
    unit : str
        May be empty.
    """
    edges = 2 ** cell_edges(np.log2(periods))
    axes, upright = axis.axes, axis.axis_name == "y"
    if upright:
        axes.set_yscale("log", base=2)
        axes.set_ylim(edges[-1], edges[0])
    else:
        axes.set_xscale("log", base=2)
        axes.set_xlim(edges[0], edges[-1])
    width, height = size_in_inches(axes)
    room = int(height / _TICK_ROOM) if upright else int(width / _TICK_ROOM_ACROSS)
    ticks = period_ticks(edges[0], edges[-1], room)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FixedFormatter([plain(tick) for tick in ticks]))
    axis.set_minor_locator(NullLocator())
    axis.set_label_text(f"Period ({unit})" if unit else "Period")


def draw_time_axis(axes: Any, times: Array, dates: bool, label: str) -> None:
    """Give an x axis the span of the times, dates in words where they are dates, and its name."""
    edges = cell_edges(times)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel(label)
    if dates:
        most = max(_FEWEST_DATES, int(size_in_inches(axes)[0] / _DATE_ROOM))
        locator: Any = AutoDateLocator(  # type: ignore[no-untyped-call]
            minticks=_FEWEST_DATES, maxticks=most
        )
        axes.xaxis.set_major_locator(locator)
        formatter: Any = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(formatter)


def period_ticks(shortest: float, longest: float, most: int = _MOST_TICKS) -> list[float]:
    """Return the periods to label: powers of two, fractions of octaves on a short axis.

    Parameters
    ----------
    shortest, longest : float
        The ends of the axis.
    most : int, default 12
        How many labels there is room for; three are always given.

    Returns
    -------
    list of float
        Ascending.

    Examples
    --------
    >>> period_ticks(1.9, 70.0)
    [2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
    """
    low, high = math.log2(shortest), math.log2(longest)
    ticks: list[float] = []
    for per_octave in (1, 2, 4, 8):
        ticks = [
            2 ** (k / per_octave)
            for k in range(math.ceil(low * per_octave), math.floor(high * per_octave) + 1)
        ]
        if len(ticks) >= _FEWEST_TICKS:
            break
    if not ticks:
        return [shortest, longest]
    return ticks[:: math.ceil(len(ticks) / max(_FEWEST_TICKS, min(most, _MOST_TICKS)))]


def plain(value: float, digits: int | None = None) -> str:
    """Return a number for reading, without an exponent below a million.

    Parameters
    ----------
    value : float
        Positive.
    digits : int, optional
        To how many it is rounded; by default four, or the whole of a larger integer.

    Examples
    --------
    >>> plain(32768.0), plain(2.8284), plain(0.25), plain(34652.1, 3)
    ('32768', '2.828', '0.25', '34700')
    """
    if digits is None:
        digits = max(_DIGITS, len(f"{value:.0f}")) if value < 10**_PLAIN_DIGITS else _DIGITS
    return f"{float(f'{value:.{digits}g}'):.{_PLAIN_DIGITS}g}"


def draw_contour(axes: Any, times: Array, periods: Array, ratio: Array) -> Any:
    """Draw a thick line where a field reaches its level (a ratio of one), if it does."""
    known = ratio[np.isfinite(ratio)]
    if min(ratio.shape) < 2 or not known.size or not known.min() < 1 < known.max():
        return None
    # Where outlines are many they are thin, or they would cover the colours.
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


def draw_cone(axes: Any, times: Array, coi: Array) -> Any:
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


def meanings(level: str | None, arrows: Any, first: str, second: str) -> list[str]:
    """Return the sentences of a caption that two pictures share."""
    parts = [] if level is None else [f"Outlined: {level}."]
    parts.append(_CONE_MEANING)
    if arrows is not None:
        parts.append(_ARROW_MEANING.format(first=first, second=second))
    return parts


def draw_caption(axes: Any, parts: Sequence[str]) -> Any:
    """Write under the label of the time axis, in lines that fit the figure."""
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
