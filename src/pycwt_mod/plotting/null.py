"""The picture of a null distribution: levels over periods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from numpy.typing import ArrayLike, NDArray

from ..keywords import explains_keywords
from ..validation import as_flag, as_series, brief
from .axes import PeriodAxis, axes_for, size_in_inches
from .picture import BELOW_LINES, Picture
from .words import with_dollars

Array = NDArray[np.float64]

# Lines are told apart by style as well as by their place and colour.
_STYLES = ("-", "--", "-.", ":")

# Inches that an entry of the legend takes, and the largest share of the height for all of them.
_ENTRY_WIDTH, _ENTRY_HEIGHT, _LARGEST_LEGEND = 2.0, 0.19, 0.5

# Half the width of a band in standard errors: it covers 95 % of repetitions.
_ERRORS = 1.96


@dataclass(frozen=True, eq=False, repr=False)
class NullPlot(Picture):
    """The picture that `plot_null` drew, for changes by matplotlib's own means.

    Attributes
    ----------
    figure, axes
        The figure and its axes; x is the period, y the squared coherence.
    lines, bands : tuple
        The line of each level, and the band of its standard error.
    legend
        The legend; None if it was not drawn.
    """

    figure: Any
    axes: Any
    lines: tuple[Any, ...]
    bands: tuple[Any, ...]
    legend: Any


@explains_keywords()
def plot_null(
    null: Any,
    periods: ArrayLike | None = None,
    *,
    levels: ArrayLike = (0.9, 0.95, 0.99),
    period_unit: str = "",
    frequency: bool = False,
    legend: bool = True,
    title: str | None = None,
    ax: Any = None,
) -> NullPlot:
    """Draw the significance levels of a null distribution, with their Monte Carlo error.

    Use it to see whether there were enough surrogates, and how the levels depend on the period.

    Parameters
    ----------
    null : NullDistribution
        From `wct_null`, or the `null` of a `CoherenceResult`.
    periods : array_like, optional
        Fourier periods of its scales, ascending, shape (n_scales,): the `periods` of a
        `CoherenceResult`. By default scales are counted.
    levels : float or array_like, default (0.9, 0.95, 0.99)
        Probabilities whose levels are drawn.
    period_unit : str, optional
        Unit of the periods as they are given, for the axis.
    frequency : bool, default False
        Whether the axis is one of frequencies, as in `plot_wct`.
    legend : bool, default True
        Whether to name the lines, each with its largest standard error (s.e.).
    title : str, optional
        Title of the axes.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of `matplotlib.pyplot`.

    Returns
    -------
    NullPlot
        The artists.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it.

    Notes
    -----
    A band reaches 1.96 standard errors to either side of its line: a repetition with other
    surrogates stays within 1.4 times as much in 19 of 20 cases. Scales without a level leave a gap.

    Examples
    --------
    >>> from pycwt_mod import wct_null
    >>> from pycwt_mod.plotting import offscreen_axes, plot_null
    >>> null = wct_null(0.5, 0.3, 1.0, 1 / 4, 2.0, 8, mc_count=40, rng_seed=1, progress=False)
    >>> plot = plot_null(null, levels=[0.9, 0.95], ax=offscreen_axes())
    >>> len(plot.lines), plot.axes.get_xlabel()
    (2, 'Scale number')
    """
    if not (hasattr(null, "n_scales") and hasattr(null, "standard_error")):
        raise TypeError(
            f"`null` must be a NullDistribution, as `wct_null` returns it, got {brief(null)}."
        )
    probabilities = np.atleast_1d(np.asarray(levels, dtype=float))
    x = _check_periods(periods, null.n_scales)
    curves, errors = null.quantile(probabilities), null.standard_error(probabilities)
    axes = axes_for(ax, 8, 4)
    if periods is None:
        axes.set_xlabel("Scale number")
        axes.set_xlim(x[0] - 0.5, x[-1] + 0.5)
    else:
        axis = PeriodAxis(period_unit or "", as_flag(frequency, "frequency"))
        axis.draw(axes.xaxis, x)
        x = axis.place(x)
    each = enumerate(zip(probabilities, curves, errors, strict=True))
    drawn = [_draw_level(axes, x, number, *told) for number, told in each]
    axes.set_ylabel("Squared coherence $R^2$")
    axes.grid(alpha=0.3, linewidth=0.6)
    names = _draw_legend(axes, len(drawn)) if as_flag(legend, "legend") else None
    if title is not None:
        axes.set_title(with_dollars(title))
    lines, bands = zip(*drawn, strict=True)
    return NullPlot(axes.figure, axes, lines, bands, names)


def _draw_level(
    axes: Any, x: Array, number: int, level: float, curve: Array, error: Array
) -> tuple[Any, Any]:
    """Draw one level and its error; return the line and the band."""
    known = error[np.isfinite(error)]
    label = f"{100 * level:.4g} %"
    if known.size:
        label += f" (s.e. at most {known.max():.1g})"
    # The dark two thirds of the map, which stand out on white.
    colour = colormaps["viridis"](0.22 * (number % len(_STYLES)))
    style = _STYLES[number % len(_STYLES)]
    (line,) = axes.plot(x, curve, linestyle=style, color=colour, label=label, marker=".", ms=3)
    ends = curve - _ERRORS * error, curve + _ERRORS * error
    band = axes.fill_between(x, *ends, color=colour, alpha=0.3, linewidth=0, zorder=BELOW_LINES)
    return line, band


def _draw_legend(axes: Any, n_lines: int) -> Any:
    """Draw the legend at the top, in as many columns as fit, and make room for it."""
    width, height = size_in_inches(axes)
    columns = int(np.clip(width / _ENTRY_WIDTH, 1, n_lines))
    rows = -(-n_lines // columns)
    share = min((rows + 0.5) * _ENTRY_HEIGHT / height, _LARGEST_LEGEND)
    low, high = axes.get_ylim()
    axes.set_ylim(low, low + (high - low) / (1 - share))
    # The room may reach beyond the largest coherence that there is.
    axes.set_yticks([tick for tick in axes.get_yticks() if low <= tick <= 1])
    return axes.legend(loc="upper center", ncols=columns, frameon=False, fontsize="small")


def _check_periods(periods: ArrayLike | None, n_scales: int) -> Array:
    """Return the values of the x axis: ascending periods, or the numbers of the scales."""
    if periods is None:
        return np.arange(float(n_scales))
    values = as_series(periods, "periods", min_size=1)
    if values.size != n_scales:
        raise ValueError(
            f"`periods` must have one value for each of the {n_scales} scales of `null`, got "
            f"{values.size}."
        )
    if not (values > 0).all() or (np.diff(values) <= 0).any():
        raise ValueError(
            f"`periods` must be positive and ascend, got {brief(values)}. If these are "
            "frequencies, pass 1 / freq."
        )
    return values
