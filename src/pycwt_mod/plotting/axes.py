"""Axes of periods or frequencies, and of times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from ..time_axis import unit_of_time
from ..validation import brief
from .field import cell_edges
from .ticks import is_plain, period_ticks, plain, spelled
from .words import in_lines, with_dollars

Array = NDArray[np.float64]

# Width of a letter in units of the font size; names of axes have words in lines of this many.
LETTER_WIDTH, _FEWEST_LETTERS, USUAL_SIZE = 0.51, 8, 10.0

# Axes narrower or lower than this, in inches, have smaller letters, down to the smallest part.
_USUAL_SIDES, _SMALLEST_LETTERS = (2.4, 1.6), 0.65

# Room that a label needs along the axis, in inches; across it, where labels lie side by side, they
# need more, and words more than numbers.
_TICK_ROOM, _NUMBER_ROOM, _WORDS_ROOM = 0.17, 0.45, 0.8

# The unit of frequency that belongs to a unit of time.
_HERTZ = {"seconds": "Hz", "milliseconds": "kHz", "microseconds": "MHz"}

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


def axes_for(ax: Any, width: float = 8, height: float = 5) -> Any:
    """Return the axes that were given, or those of a new figure that pyplot will show."""
    if ax is None:
        return shown_figure(width, height).add_subplot()
    if not hasattr(ax, "pcolormesh"):
        raise TypeError(
            "`ax` must be axes of matplotlib, such as plt.subplots()[1] or figure.add_subplot(), "
            f"got {brief(ax)}."
        )
    return ax


def size_in_inches(axes: Any) -> tuple[float, float]:
    """Return the width and height of axes, before a layout engine has its say."""
    box = axes.get_window_extent()
    return box.width / axes.figure.dpi, box.height / axes.figure.dpi


@dataclass(frozen=True)
class PeriodAxis:
    """An axis of periods, the longest at the bottom of a picture, or one of their frequencies."""

    unit: str = ""
    frequency: bool = False

    @property
    def label(self) -> str:
        """The name of the axis when its labels are numbers."""
        name = "Frequency" if self.frequency else "Period"
        return f"{name} ({self._shown_unit})" if self.unit else name

    @property
    def _shown_unit(self) -> str:
        """The unit of the numbers on the axis."""
        if not self.unit or not self.frequency:
            return self.unit
        known = unit_of_time(self.unit)
        if known in _HERTZ:
            return _HERTZ[known]
        return f"cycles per {known[:-1]}" if known else f"1/{self.unit}"

    def words(self, shortest: float, longest: float) -> str:
        """Return a band of periods in words."""
        if not self.frequency:
            return with_dollars(spelled(shortest, longest, self.unit))
        low, high = plain(1 / longest, 3), plain(1 / shortest, 3)
        return with_dollars(f"{low} to {high} {self._shown_unit}".rstrip())

    def place(self, periods: Any) -> Any:
        """Return where periods stand on the axis: at themselves, or at their frequencies."""
        return 1 / np.asarray(periods) if self.frequency else np.asarray(periods)

    def draw(self, axis: Any, periods: Array) -> None:
        """Make an axis of matplotlib one of ascending periods, octaves evenly spaced."""
        ends = self.place(2 ** cell_edges(np.log2(periods))[[0, -1]])
        axes, upright = axis.axes, axis.axis_name == "y"
        if upright:
            axes.set_yscale("log", base=2)
            axes.set_ylim(*ends[::-1])
        else:
            axes.set_xscale("log", base=2)
            axes.set_xlim(*sorted(ends))
        ticks = self._ticks(min(ends), max(ends), size_in_inches(axes), upright)
        axis.set_major_locator(FixedLocator(list(ticks)))
        axis.set_major_formatter(FixedFormatter(list(ticks.values())))
        axis.set_minor_locator(NullLocator())
        in_words = any(" " in label for label in ticks.values())
        label = "Period" if in_words else self.label
        axis.set_label_text(wrapped(label, size_in_inches(axes)[upright]))

    def _ticks(
        self, low: float, high: float, size: tuple[float, float], upright: bool
    ) -> dict[float, str]:
        unit = "" if self.frequency else self.unit
        known = unit_of_time(unit)
        numbers = not known or is_plain(low, high, known)
        width, height = size
        room = (
            height / _TICK_ROOM if upright else width / (_NUMBER_ROOM if numbers else _WORDS_ROOM)
        )
        return period_ticks(low, high, int(room), unit)


def letters_for(axes: Any) -> float:
    """Return the size of letters that suits axes, as a part of the usual one."""
    parts = np.divide(size_in_inches(axes), _USUAL_SIDES)
    return float(np.clip(parts.min(), _SMALLEST_LETTERS, 1))


def shrink_letters(axes: Any, part: float) -> None:
    """Make the letters of axes smaller, so that labels stay whole beside small axes."""
    if part < 1:
        for axis in (axes.xaxis, axes.yaxis):
            size = float(axis.label.get_size())
            axis.label.set_size(part * size)
            axis.set_tick_params(labelsize=part * size)


def draw_time_axis(axes: Any, times: Array, dates: bool, label: str) -> None:
    """Give an x axis the span of the times, dates in words where they are dates, and its name."""
    edges = cell_edges(times)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel(wrapped(label, size_in_inches(axes)[0]))
    if not dates and not np.any(times % 1):  # years, or samples: 2002.5 is none
        axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True))
    if dates:
        most = max(_FEWEST_DATES, int(size_in_inches(axes)[0] / _DATE_ROOM))
        locator: Any = AutoDateLocator(  # type: ignore[no-untyped-call]
            minticks=_FEWEST_DATES, maxticks=most
        )
        axes.xaxis.set_major_locator(locator)
        formatter: Any = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(formatter)


def wrapped(label: str, inches: float, size: float = USUAL_SIZE) -> str:
    """Return the name of an axis in lines no longer than the axis, as far as words allow."""
    letters = max(_FEWEST_LETTERS, int(inches * 72 / (size * LETTER_WIDTH)))
    return in_lines(label, letters)
