"""Figures of wavelet fields, by matplotlib, which is imported with this module only.

Every figure has periods on a logarithmic axis to the base of two, the longest at the bottom, and
the cone of influence hatched. Colours are readable for the colour-blind and in grey.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from numpy.typing import ArrayLike, NDArray

from .validation import as_flag, as_positive, as_series, brief

__all__ = ["CoherencePlot", "offscreen_axes", "plot_wct"]

Array = NDArray[np.float64]

# More columns than a picture has pixels are averaged before they are drawn.
_MOST_COLUMNS = 2000

# One phase arrow in each square of this size, in inches; the arrow fills this part of it.
_ARROW_SPACING = 0.26
_ARROW_LENGTH = 0.7 * _ARROW_SPACING

# Period ticks: at least so many, if need be at fractions of an octave, and at most so many.
_FEWEST_TICKS, _MOST_TICKS = 3, 12

# Width of a letter of the caption, in units of the font size.
_LETTER_WIDTH = 0.51
_CAPTION_SIZE = 8.0

# Matplotlib's layout engines make axes about so much wider when the figure is drawn.
_LAYOUT_GAIN = 1.15

_COLOUR_MAP = "viridis"

# A period that equals the tip of the cone but for rounding is not beyond it.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class CoherencePlot:
    """What `plot_wct` drew, for changes by matplotlib's own means.

    Attributes
    ----------
    figure, axes
        The figure, for ``figure.savefig("picture.png")``, and its axes; y is the period.
    mesh, cone, contour, arrows, colorbar, caption
        The coherence, the hatched part, the significance level, the phase arrows, the colour bar
        and the text under the figure; None for one that was not drawn.
    """

    figure: Any
    axes: Any
    mesh: Any
    cone: Any
    contour: Any
    arrows: Any
    colorbar: Any
    caption: Any


@dataclass(frozen=True, eq=False)
class _Field:
    """A coherence ready to be drawn: axes (scale, time), periods ascending."""

    R2: Array
    phase: Array
    periods: Array
    levels: Array
    coi: Array
    times: Array
    dates: bool

    def cropped(self) -> _Field:
        """Return the field without the periods that are inside the cone at all times."""
        kept = int(np.searchsorted(self.periods, self.coi.max() * (1 + _ROUNDING), side="right"))
        if not kept:
            raise ValueError(
                f"`freq` must have a period within `coi`, which is at most {self.coi.max():.4g}, "
                f"got periods 1 / freq from {self.periods[0]:.4g} on. Are both in the same unit? "
                "crop_to_coi=False draws them all the same."
            )
        rows = self.R2[:kept], self.phase[:kept], self.periods[:kept], self.levels[:kept]
        return _Field(*rows, self.coi, self.times, self.dates)

    def reduced(self) -> tuple[Array, Array, Array, Array]:
        """Return times, cone, coherence and its ratio to the level, for pixels that exist."""
        n = self.times.size
        edges = np.unique(np.linspace(0, n, min(n, _MOST_COLUMNS) + 1).astype(np.intp))
        R2 = _block_means(self.R2, edges)
        # A row without a level has no contour.
        levels = np.where(self.levels > 0, self.levels, np.nan)
        times, cone = _block_means(self.times, edges), _block_means(self.coi, edges)
        return times, cone, R2, R2 / levels[:, np.newaxis]


def plot_wct(
    WCT: ArrayLike,
    aWCT: ArrayLike,
    coi: ArrayLike,
    freq: ArrayLike,
    sig: ArrayLike | None = None,
    times: ArrayLike | None = None,
    *,
    names: tuple[str, str] = ("the first series", "the second series"),
    period_unit: str = "",
    time_label: str | None = None,
    level_label: str = "5 % significance level",
    arrow_level: float = 0.7,
    arrows: bool = True,
    colorbar: bool = True,
    caption: bool = True,
    crop_to_coi: bool = True,
    title: str | None = None,
    ax: Any = None,
) -> CoherencePlot:
    """Draw a wavelet coherence: colours, significance, phase arrows and cone of influence.

    The first five arguments are what `wct` returns: ``plot_wct(*wct(y1, y2, dt), times)``. Fields
    with more columns than a picture has pixels are averaged first, so a long record costs no more
    than a short one.

    Parameters
    ----------
    WCT : array_like
        Squared coherence, shape (n_scales, n_times); NaN is left blank.
    aWCT : array_like
        Phase of W1 conj(W2) in radians, same shape.
    coi : array_like
        Cone of influence in Fourier periods, shape (n_times,).
    freq : array_like
        Fourier frequencies of the scales, descending, shape (n_scales,).
    sig : array_like, optional
        Significance level for each scale, shape (n_scales,). None, or the single zero that `wct`
        returns with ``sig=False``: no contour.
    times : array_like, optional
        Times of the samples, ascending: numbers or dates. By default the samples are counted.
    names : (str, str), optional
        What the series are called in the caption.
    period_unit : str, optional
        Unit of the periods, for the axis.
    time_label : str, optional
        Label of the time axis; by default "Time", or "Sample" without `times`.
    level_label : str, optional
        What the thick contour is, for the caption.
    arrow_level : float, default 0.7
        Arrows are drawn where the coherence is above this, or significant.
    arrows, colorbar, caption : bool, default True
        Whether to draw these.
    crop_to_coi : bool, default True
        Whether to leave out the longest periods, those inside the cone of influence at all times.
        With its defaults `wct` computes one to two octaves of them. False draws all of `WCT`.
    title : str, optional
        Title of the axes.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of `matplotlib.pyplot`.

    Returns
    -------
    CoherencePlot
        The artists.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is described here; the message names it.

    Notes
    -----
    Arrows follow the toolbox of Grinsted et al. (2004): to the right for series in phase, to the
    left for anti-phase, straight down where the first series leads by a quarter period. A phase
    `aWCT` of +pi/2 means that the second series lags, so it points down. (The sample script of
    pycwt turns its arrows by 90 degrees: there they point up for series in phase.) An arrow is the
    phase of the cross-wavelet transform at its place, not smoothed as the coherence is, so look at
    many of them.

    References
    ----------
    Grinsted, A., Moore, J. C., and Jevrejeva, S. (2004). Application of the cross wavelet
    transform and wavelet coherence to geophysical time series. Nonlinear Processes in
    Geophysics 11, 561-566. doi:10.5194/npg-11-561-2004

    Examples
    --------
    >>> import numpy as np
    >>> from pycwt_mod import wct
    >>> t = np.arange(200.0)
    >>> noise = np.random.default_rng(1).normal(size=(2, t.size))
    >>> wave = np.sin(2 * np.pi * t / 16)
    >>> result = wct(wave + noise[0], wave + noise[1], 1.0, sig=False)
    >>> plot = plot_wct(*result, t, period_unit="days", ax=offscreen_axes())
    >>> plot.axes.get_ylabel()
    'Period (days)'
    """
    field = _check_field(WCT, aWCT, coi, freq, sig, times)
    threshold = as_positive(arrow_level, "arrow_level")
    first, second = _check_names(names)
    if as_flag(crop_to_coi, "crop_to_coi"):
        field = field.cropped()
    axes = _new_axes() if ax is None else ax
    shown_times, shown_coi, R2, ratio = field.reduced()
    mesh = axes.pcolormesh(
        _edges(shown_times),
        2 ** _edges(np.log2(field.periods)),
        R2,
        cmap=_COLOUR_MAP,
        vmin=0,
        vmax=1,
        rasterized=True,
    )
    _draw_period_axis(axes, field.periods, period_unit)
    axes.set_xlabel(time_label or ("Sample" if times is None else "Time"))
    if field.dates:
        _draw_date_axis(axes)
    contour = _draw_contour(axes, shown_times, field.periods, ratio)
    cone = _draw_cone(axes, shown_times, shown_coi)
    bar = None
    if colorbar:
        bar = axes.figure.colorbar(mesh, ax=axes, pad=0.02, ticks=np.linspace(0, 1, 6))
        bar.set_label("Squared coherence $R^2$")
    quiver = _draw_arrows(axes, field, threshold) if arrows else None
    if title is not None:
        axes.set_title(title)
    text = None
    if caption:
        parts = _caption(
            (first, second), None if contour is None else level_label, quiver is not None
        )
        text = _draw_caption(axes, parts)
    return CoherencePlot(axes.figure, axes, mesh, cone, contour, quiver, bar, text)


def offscreen_axes(width: float = 8, height: float = 5) -> Any:
    """Return the axes of a new figure that needs no display and leaves no trace in pyplot.

    Parameters
    ----------
    width, height : float
        Size in inches.
    """
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def _new_axes() -> Any:
    """Return the axes of a new figure that `matplotlib.pyplot.show` will show."""
    from matplotlib import pyplot

    return pyplot.figure(figsize=(8, 5), layout="constrained").add_subplot()


def _check_field(
    WCT: ArrayLike, aWCT: ArrayLike, coi: ArrayLike, freq: ArrayLike, sig: Any, times: Any
) -> _Field:
    """Return what `wct` returned as arrays of shapes that fit."""
    R2, phase = np.asarray(WCT, dtype=float), np.asarray(aWCT, dtype=float)
    if R2.ndim != 2 or not R2.size:
        raise ValueError(f"`WCT` must have shape (n_scales, n_times), got {R2.shape}.")
    if phase.shape != R2.shape:
        raise ValueError(f"`aWCT` must have the shape of `WCT`, {R2.shape}, got {phase.shape}.")
    n_scales, n_times = R2.shape
    frequencies = as_series(freq, "freq", min_size=1)
    if not (frequencies > 0).all():
        raise ValueError(f"`freq` must be positive, got {frequencies.min():g} among them.")
    levels = np.atleast_1d(np.asarray(0.0 if sig is None else sig, dtype=float))
    if levels.shape == (1,):
        levels = np.full(n_scales, levels[0])
    when, dates = _as_times(times, n_times)
    cone = as_series(coi, "coi", min_size=1)
    _check_size(frequencies, "freq", n_scales, "scale")
    if (np.diff(frequencies) >= 0).any():
        raise ValueError(
            "`freq` must be the frequencies that `wct` returns, which descend, got "
            f"{brief(frequencies)}. If these are periods, pass 1 / periods."
        )
    _check_size(levels, "sig", n_scales, "scale")
    _check_size(cone, "coi", n_times, "time")
    _check_size(when, "times", n_times, "time")
    if (np.diff(when) <= 0).any():
        raise ValueError("`times` must ascend without repeats, got some that do not. Sort them.")
    return _Field(R2, phase, 1 / frequencies, levels, cone, when, dates)


def _check_names(names: Any) -> tuple[str, str]:
    """Return the names of the two series."""
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"`names` must be two strings, such as ('AO', 'ice'), got {brief(names)}.")
    if len(names) != 2:
        raise ValueError(f"`names` must be two strings, one for each series, got {brief(names)}.")
    return names[0], names[1]


def _edges(centres: Array) -> Array:
    """Return the borders between cells around given centres, shape (n + 1,)."""
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    inner = (centres[1:] + centres[:-1]) / 2
    first, last = 2 * centres[0] - inner[0], 2 * centres[-1] - inner[-1]
    edges: Array = np.concatenate([[first], inner, [last]])
    return edges


def _as_times(times: Any, n_times: int) -> tuple[Array, bool]:
    """Return times as numbers that matplotlib understands, and whether they are dates."""
    if times is None:
        return np.arange(float(n_times)), False
    array = np.asarray(times)
    if array.dtype.kind == "M" or (
        array.dtype == object and array.size and _is_date(array.flat[0])
    ):
        numbers: Any = date2num(array)  # type: ignore[no-untyped-call]
        return np.asarray(numbers, dtype=np.float64), True
    return as_series(times, "times", min_size=1), False


def _is_date(value: Any) -> bool:
    return hasattr(value, "year") and hasattr(value, "month")


def _check_size(array: Array, name: str, size: int, axis: str) -> None:
    if array.shape != (size,):
        raise ValueError(
            f"`{name}` must have one value for each {axis} of `WCT`, that is {size}, got shape "
            f"{array.shape}."
        )


def _block_means(values: Array, edges: NDArray[np.intp]) -> Array:
    """Return the means of blocks of columns, NaN left out; NaN where a block has nothing else."""
    if edges.size == values.shape[-1] + 1:
        return values
    known = np.isfinite(values)
    total = np.add.reduceat(np.where(known, values, 0.0), edges[:-1], axis=-1)
    number = np.add.reduceat(known.astype(float), edges[:-1], axis=-1)
    means: Array = np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)
    return means


def _draw_period_axis(axes: Any, periods: Array, unit: str) -> None:
    """Make the y axis one of periods: octaves evenly spaced, the longest period at the bottom."""
    axes.set_yscale("log", base=2)
    edges = 2 ** _edges(np.log2(periods))
    axes.set_ylim(edges[-1], edges[0])
    ticks = period_ticks(edges[0], edges[-1])
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(FixedFormatter([f"{tick:.4g}" for tick in ticks]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylabel(f"Period ({unit})" if unit else "Period")


def _draw_date_axis(axes: Any) -> None:
    locator: Any = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def period_ticks(shortest: float, longest: float) -> list[float]:
    """Return the periods to label: powers of two, fractions of octaves on a short axis.

    Parameters
    ----------
    shortest, longest : float
        The ends of the axis.

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
    return ticks[:: math.ceil(len(ticks) / _MOST_TICKS)]


def _draw_contour(axes: Any, times: Array, periods: Array, ratio: Array) -> Any:
    """Draw a thick line where the coherence reaches its level, if it does."""
    known = ratio[np.isfinite(ratio)]
    if min(ratio.shape) < 2 or not known.size or not known.min() < 1 < known.max():
        return None
    return axes.contour(
        times, periods, np.ma.masked_invalid(ratio), levels=[1], colors="black", linewidths=2
    )


def _draw_cone(axes: Any, times: Array, coi: Array) -> Any:
    """Hatch the part of the field that the ends of the record distort."""
    longest, shortest = axes.get_ylim()
    edges = _edges(times)
    x = np.concatenate([edges[:1], times, edges[-1:]])
    border = np.clip(np.concatenate([coi[:1], coi, coi[-1:]]), shortest, longest)
    axes.plot(x, border, color="white", linewidth=1.2)
    axes.set_xlim(edges[0], edges[-1])
    return axes.fill_between(
        x,
        border,
        longest,
        facecolor=(1, 1, 1, 0.45),
        edgecolor=(0.2, 0.2, 0.2, 0.6),
        hatch="///",
        linewidth=0,
    )


def _draw_arrows(axes: Any, field: _Field, threshold: float) -> Any:
    """Draw phase arrows, as many as the axes have room for."""
    box = axes.get_position()
    width, height = axes.figure.get_size_inches() * (box.width, box.height)
    rows = _spread(field.periods.size, height)
    columns = _spread(field.times.size, width)
    part = np.ix_(rows, columns)
    R2, phase = field.R2[part], field.phase[part]
    levels = field.levels[rows, np.newaxis]
    with np.errstate(invalid="ignore"):
        wanted = (R2 - threshold >= 0) | ((levels > 0) & (R2 - levels >= 0))
    row, column = np.nonzero(wanted & np.isfinite(phase))
    if not row.size:
        return None
    angles = phase[row, column]
    return axes.quiver(
        field.times[columns][column],
        field.periods[rows][row],
        np.cos(angles),
        # A positive phase, the first series leading, points down on the page.
        -np.sin(angles),
        angles="uv",
        pivot="middle",
        units="inches",
        scale_units="inches",
        scale=1 / _ARROW_LENGTH,
        width=0.016,
        headwidth=4,
        headlength=4.5,
        headaxislength=4,
        color="black",
    )


def _spread(size: int, inches: float) -> NDArray[np.intp]:
    """Return indices at which arrows keep their distance."""
    number = min(size, max(1, int(inches / _ARROW_SPACING)))
    return ((np.arange(number) + 0.5) * size / number).astype(np.intp)


def _caption(names: tuple[str, str], level: str | None, arrows: bool) -> list[str]:
    parts = ["Colours: squared wavelet coherence."]
    if level is not None:
        parts.append(f"Thick line: {level}.")
    parts.append("Hatched: cone of influence, where the ends of the record distort the result.")
    if arrows:
        first, second = names
        parts.append(
            f"Arrows: phase; → in phase, ← anti-phase, ↓ {first} leads {second} by 90°, "
            f"↑ {second} leads {first} by 90°."
        )
    return parts


def _draw_caption(axes: Any, parts: Sequence[str]) -> Any:
    """Write under the label of the time axis, in lines that fit the figure."""
    width = axes.figure.get_size_inches()[0] * axes.get_position().width * _LAYOUT_GAIN
    letters = max(30, int(width * 72 / (_CAPTION_SIZE * _LETTER_WIDTH)))
    return axes.annotate(
        textwrap.fill(" ".join(parts), letters),
        xy=(0, 0),
        xycoords=("axes fraction", axes.xaxis.label),
        xytext=(0, -5),
        textcoords="offset points",
        ha="left",
        va="top",
        fontsize=_CAPTION_SIZE,
        color="0.2",
    )
