"""Axes of periods and of times."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from numpy.typing import NDArray

from .field import cell_edges

Array = NDArray[np.float64]

# Number of period ticks; on a short axis they stand at fractions of an octave.
_FEWEST_TICKS, _MOST_TICKS = 3, 12

# Room that the label of a period needs along the axis, in inches; across it, where labels lie
# side by side, they need more.
_TICK_ROOM, _TICK_ROOM_ACROSS = 0.17, 0.45

# Numbers below 10^6 have no exponent; others, and fractions, are rounded to four digits.
_PLAIN_DIGITS, _DIGITS = 6, 4

# Room that a date needs along its axis, in inches, and the fewest dates.
_DATE_ROOM, _FEWEST_DATES = 0.55, 3


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
        Number of digits; by default four, or all those of a larger integer.

    Examples
    --------
    >>> plain(32768.0), plain(2.8284), plain(0.25), plain(34652.1, 3)
    ('32768', '2.828', '0.25', '34700')
    """
    if digits is None:
        digits = max(_DIGITS, len(f"{value:.0f}")) if value < 10**_PLAIN_DIGITS else _DIGITS
    return f"{float(f'{value:.{digits}g}'):.{_PLAIN_DIGITS}g}"
