"""The four-panel picture of the wavelet power of one series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.figure import FigureBase
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from numpy.typing import ArrayLike, NDArray

from ..indexes import name_of, sampling_of
from ..keywords import explains_keywords
from ..limits import as_interval
from ..time_axis import unit_factor
from ..validation import as_flag, as_series, brief
from .analysis import Analysis, analyse, as_band
from .axes import (
    LETTER_WIDTH,
    USUAL_SIZE,
    PeriodAxis,
    draw_time_axis,
    letters_for,
    shown_figure,
    shrink_letters,
    size_in_inches,
    wrapped,
)
from .colours import colour_power, draw_power_bar
from .field import as_times, envelope
from .layers import Look, draw_layers
from .picture import Drawn, Picture, draws_results
from .words import with_dollars

Array = NDArray[np.float64]

PANELS = ("series", "power", "spectrum", "average")

# Height of the three rows and width of the two columns of panels.
_HEIGHTS, _WIDTHS = (2, 4, 2), (4, 1)

# The axis of mean power is logarithmic where half of its level is below this part of a linear one;
# it goes down to this part of the level, if the spectrum does. Its numbers have no exponent between
# these.
_LOST, _BELOW_LEVEL, _MARGIN, _MOST_NUMBERS = 0.05, 0.1, 1.3, 3
_LEAST_PLAIN, _LARGEST_PLAIN = 1e-3, 1e5

_SMALL = 8.5  # points
_WIDE = 3.6  # inches that a legend of two columns needs

_LEVEL_STYLE = {"linestyle": "--", "color": "0.45", "linewidth": 1.0}


@dataclass(frozen=True, eq=False, repr=False)
class PowerPlot(Picture):
    """The picture that `plot_cwt` drew, for changes by matplotlib's own means.

    Attributes
    ----------
    figure
        The figure, for ``figure.savefig("picture.png")``.
    axes : dict
        The axes of the panels: "series", "power", "spectrum" and "average".
    mesh, cone, contour, colorbar
        The power, the hatched part, the significance level and the colour bar; None for one that
        was not drawn.
    series, spectrum, average : tuple
        Lines of the other panels: the series and the trend subtracted from it (or None); the global
        spectrum and its level; the scale average and its level.
    """

    figure: Any
    axes: dict[str, Any]
    mesh: Any
    cone: Any
    contour: Any
    colorbar: Any
    series: tuple[Any, Any]
    spectrum: tuple[Any, Any]
    average: tuple[Any, Any]


@draws_results("W")
@explains_keywords()
def plot_cwt(
    signal: ArrayLike | Drawn,
    dt: float | None = None,
    times: ArrayLike | None = None,
    *,
    dj: float = 1 / 12,
    s0: float = -1,
    J: float = -1,
    wavelet: Any = "morlet",
    transform: Any = None,
    detrend: str | None = "linear",
    normalize: bool = True,
    alpha: float | None = None,
    significance_level: float = 0.95,
    band: tuple[float, float] | None = None,
    rectified: bool = False,
    name: str = "",
    unit: str = "",
    period_unit: str = "",
    time_label: str | None = None,
    frequency: bool = False,
    bands: Mapping[str, tuple[float, float]] | None = None,
    cmap: Any = "viridis",
    vmin: float | None = None,
    vmax: float | None = None,
    crop_to_coi: bool = True,
    colorbar: bool = True,
    title: str | None = None,
    ax: Any = None,
) -> PowerPlot:
    """Draw the wavelet power of a series in four panels, with its significance.

    The series; its power over time and period, with significance and the cone of influence; the
    global spectrum, which is the mean power over all times; the scale average, which is the
    variance in a band of periods over time. The transform and the levels are computed here, by
    `cwt` and `significance`.

    Parameters
    ----------
    signal : array_like or TransformResult
        Evenly sampled real series, shape (n,). Of a result, only `times` may follow, and the
        options of its `plot`.
    dt : float, optional
        Sampling interval, in the unit of the periods; as in `cwt`, a series of pandas or xarray
        with an index of times has its own.
    times : array_like, optional
        Times of the samples, ascending: numbers or dates. By default those of the index of a
        series of pandas or xarray, or multiples of `dt`.
    dj, s0, J, wavelet
        As in `cwt`.
    transform : tuple, optional
        The tuple of ``cwt(signal, dt, ...)``, drawn in place of a transform made here; give the
        same `wavelet`. Nothing is subtracted from `signal` then. With `decim` in that call, the
        averages are those of the times that it kept.
    detrend : {"linear", "mean", None}
        Subtracted before the transform: a straight line fitted by least squares, the mean, or
        nothing. It is drawn with the series.
    normalize : bool, default True
        Whether power is drawn over the variance of the (detrended) series, so that white noise has
        a mean power of 1 at all periods. False: in the square of the series' unit.
    alpha : float, optional
        Lag-1 autocorrelation of the red noise that power is tested against; by default that of the
        detrended series. 0: white noise.
    significance_level : float, default 0.95
        Probability that the power of red noise stays below the levels.
    band : (float, float), optional
        Ends of the scale average, in the unit of the axis: the shortest and the longest period, or
        the lowest and the highest frequency. By default all that are drawn. Choose it before
        looking at the picture, or its level says too much. Lines across the power show its ends.
    rectified : bool, default False
        Whether to divide the power and its time average by the scale (Liu et al. 2007), so that
        waves of like amplitude have like power at all periods. What is significant stays the same.
    name, unit : str, optional
        Name of the series, for its panel, by default its own; and its unit.
    period_unit : str, optional
        Unit of the periods, by default the one that an index tells. They are converted to another
        unit of time from that of the index or of `transform`; without these it is a label, the unit
        of `dt`. `s0` is in the unit of `dt`.
    time_label : str, optional
        Label of the time axis; by default the name of an index of dates, or "Time", with the unit
        of `dt` unless `times` are given.
    frequency, bands, cmap, crop_to_coi, colorbar
        As in `plot_wct`.
    vmin, vmax : float, optional
        As in `plot_xwt`.
    title : str, optional
        Title of the figure, above the first panel.
    ax : matplotlib figure, or four axes, optional
        An empty figure or subfigure to fill; or four axes, as a mapping with the keys "series",
        "power", "spectrum" and "average" or in this order. By default a new figure of
        `matplotlib.pyplot`.

    Returns
    -------
    PowerPlot
        The artists.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it. AR1EstimationError,
        which is a ValueError, if the lag-1 autocorrelation cannot be estimated: give `alpha`.

    Notes
    -----
    Levels are those of red noise by the chi-square distribution: of each point (eq. 18), of the
    time average (eq. 23, with n - s/dt times) and of the scale average (eq. 28). One in twenty
    points of red noise is above the 5 % level. The levels of the averages are approximate: for a
    coefficient of 0.9 the global spectrum exceeds its level up to six times too often at the
    shortest periods, where the wavelet is broad and the noise steep.

    The axis of the global spectrum is logarithmic where its level could not be seen on a linear
    one, as of a long record of red noise.

    Colours are octaves of power. Long records are reduced to the pixels of the picture: power to
    its mean in a pixel, the series and the scale average to their least and greatest value there.
    Of more than 16384 samples the power of a scale is computed at the times that tell it, in single
    precision: a million samples take seconds and 500 MB.

    References
    ----------
    Liu, Y., Liang, X. S., and Weisberg, R. H. (2007). Rectification of the bias in the wavelet
    power spectrum. Journal of Atmospheric and Oceanic Technology 24, 2093-2102.
    doi:10.1175/2007JTECHO511.1
    Torrence, C., and Compo, G. P. (1998). A practical guide to wavelet analysis. Bulletin of
    the American Meteorological Society 79, 61-78.
    doi:10.1175/1520-0477(1998)079<0061:APGTWA>2.0.CO;2

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from pycwt_mod.plotting import plot_cwt
    >>> from pycwt_mod.sample import load
    >>> nino = load("nino3")
    >>> plot = plot_cwt(
    ...     nino.values, nino.dt, nino.times, band=(2, 8), name="NINO3", unit="°C",
    ...     period_unit="years", ax=Figure(figsize=(8, 7), layout="constrained"),
    ... )
    >>> plot.axes["power"].get_ylabel()
    'Period (years)'
    """
    series = as_series(signal, "signal", allow_constant=False)
    name = name or name_of(signal, "Series")
    facts = sampling_of({"signal": signal}, dt if dt is None else as_interval(dt), (name,))
    dt, known = facts["dt"], facts.get("unit", "") or getattr(transform, "unit", "")
    period_unit = period_unit or facts.get("unit", "")
    own = facts.get("times", np.arange(series.size) * dt)
    when, dates = as_times(own if times is None else times, series.size, "signal")
    is_elapsed = period_unit and times is None and not dates
    elapsed = f"Time ({known or period_unit})" if is_elapsed else ""
    own_label = elapsed or (facts.get("time_name") if times is None else "") or "Time"
    look = Look.of(period_unit, frequency, cmap, vmin, vmax, bands)
    if look.axis.frequency and band is not None:
        band = as_band(band)[::-1]
        band = 1 / band[0], 1 / band[1]
    analysis = analyse(
        series, when, dates, dt=dt, dj=dj, s0=s0, J=J, wavelet=wavelet, transform=transform,
        detrend=detrend, normalize=normalize, alpha=alpha, significance_level=significance_level,
        band=band, crop_to_coi=crop_to_coi, rectified=rectified,
        factor=unit_factor(known, period_unit, "period_unit"),
    )  # fmt: skip
    if band is not None:  # its ends are lines without a name
        ends = sorted(float(end) for end in look.axis.place(analysis.band))
        look = replace(look, bands={**look.bands, "": (ends[0], ends[1])})
    figure, axes = _panels(ax)
    words = _Words.of(name, unit, normalize, rectified, significance_level)
    label = time_label or own_label
    lines = _draw_series(axes["series"], when, series, analysis.trend, words)
    reduced, mesh, contour, cone = draw_layers(axes["power"], analysis.field, look, label)
    colour_power(mesh, reduced.values, look.limits)
    _name(axes["power"], "b")
    spectrum = _draw_spectrum(axes["spectrum"], analysis, look.axis, words)
    bar = None
    if as_flag(colorbar, "colorbar"):
        bar = draw_power_bar(mesh, axes["spectrum"], words.power, pad=0.06, fraction=0.25)
    average = _draw_average(axes["average"], analysis, look.axis, words)
    for panel in ("series", "average"):
        draw_time_axis(axes[panel], when, dates, label)
    for panel in ("series", "spectrum", "average"):
        shrink_letters(axes[panel], letters_for(axes["power"]))
    if ax is None or isinstance(ax, FigureBase):
        _hide_inner_labels(axes)
    if title is not None:
        axes["series"].set_title(with_dollars(title), fontsize="large")
    return PowerPlot(figure, axes, mesh, cone, contour, bar, lines, spectrum, average)


@dataclass(frozen=True)
class _Words:
    """The words in the panels."""

    series: str
    power: str
    average: str
    level: str

    @classmethod
    def of(cls, name: str, unit: str, normalize: bool, rectified: bool, level: float) -> _Words:
        name, unit = with_dollars(name), with_dollars(unit)
        square = f"({unit})²" if " " in unit else f"{unit}²"
        squared = f" ({square})" if unit else ""
        power = "Power / variance" if normalize else f"Power{squared}"
        power += " / scale" if rectified else ""
        average = "Variance / total" if normalize else f"Variance{squared}"
        series = f"{name} ({unit})" if unit else name
        return cls(series, power, average, f"{100 * (1 - level):.3g} % level")


def _hide_inner_labels(axes: dict[str, Any]) -> None:
    """Leave labels of axes that panels share to the last of them."""
    for panel in ("series", "power"):
        axes[panel].tick_params(labelbottom=False)
        axes[panel].set_xlabel("")
        # The year that stands at the end of an axis of dates stands under the last panel.
        axes[panel].xaxis.get_offset_text().set_visible(False)
    axes["spectrum"].tick_params(labelleft=False)


def _panels(ax: Any) -> tuple[Any, dict[str, Any]]:
    """Return the figure and the four axes, new ones unless they were given."""
    if ax is None or isinstance(ax, FigureBase):
        figure = shown_figure(8, 7) if ax is None else ax
        grid = figure.add_gridspec(3, 2, height_ratios=_HEIGHTS, width_ratios=_WIDTHS)
        top = figure.add_subplot(grid[0, 0])
        power = figure.add_subplot(grid[1, 0], sharex=top)
        spectrum = figure.add_subplot(grid[1, 1], sharey=power)
        average = figure.add_subplot(grid[2, 0], sharex=top)
        return figure, dict(zip(PANELS, (top, power, spectrum, average), strict=True))
    if isinstance(ax, Mapping):
        given = [ax.get(panel) for panel in PANELS]
    else:
        given = list(ax) if np.iterable(ax) else []
    if len(given) != len(PANELS) or not all(hasattr(axes, "pcolormesh") for axes in given):
        raise TypeError(
            "`ax` must be a figure, or four axes: a sequence, or a mapping with the keys "
            f"{', '.join(map(repr, PANELS))}; got {brief(ax)}."
        )
    axes: dict[str, Any] = dict(zip(PANELS, given, strict=True))
    return axes["power"].figure, axes


def _draw_series(
    axes: Any, times: Array, series: Array, trend: Array | None, words: _Words
) -> tuple[Any, Any]:
    width, height = size_in_inches(axes)
    (line,) = axes.plot(*envelope(times, series, width), color=_ink(), linewidth=0.8)
    drawn = None
    if trend is not None:  # a straight line, drawn by its ends
        (drawn,) = axes.plot(times[[0, -1]], trend[[0, -1]], **_LEVEL_STYLE)
    axes.set_ylabel(wrapped(words.series, height))
    _name(axes, "a")
    return line, drawn


def _draw_spectrum(
    axes: Any, analysis: Analysis, axis: PeriodAxis, words: _Words
) -> tuple[Any, Any]:
    spectra, periods = analysis.spectra, analysis.field.periods
    places = axis.place(periods)
    (line,) = axes.plot(spectra.spectrum, places, color=_ink(), linewidth=1.2)
    (level,) = axes.plot(spectra.spectrum_level, places, label=words.level, **_LEVEL_STYLE)
    axis.draw(axes.yaxis, periods)
    axes.set_ylabel("")
    _scale_spectrum(axes, spectra.spectrum, spectra.spectrum_level)
    label = f"Mean {words.power[0].lower()}{words.power[1:]}"
    axes.set_xlabel(wrapped(label, size_in_inches(axes)[0], _SMALL), fontsize="small")
    _name(axes, "c")
    return line, level


def _scale_spectrum(axes: Any, spectrum: Array, level: Array) -> None:
    """Give the axis of mean power its ends and numbers: logarithmic if its level is lost else."""
    top = max(spectrum.max(), level.max())
    if 0 < np.median(level) < _LOST * top:
        axes.set_xscale("log")
        low = max(_BELOW_LEVEL * level.min(), min(level.min(), spectrum.min()))
        axes.set_xlim(low / _MARGIN, top * _MARGIN)
        axes.xaxis.set_major_locator(LogLocator(numticks=_MOST_NUMBERS))
        axes.xaxis.set_minor_locator(NullLocator())
        return
    axes.set_xlim(0, 1.1 * top)
    axes.xaxis.set_major_locator(MaxNLocator(_MOST_NUMBERS))
    ticks = [tick for tick in axes.get_xticks() if 0 <= tick <= 1.1 * top]
    labels = [_number(tick) for tick in ticks]
    room = size_in_inches(axes)[0] * 72 / (USUAL_SIZE * LETTER_WIDTH * len(ticks))
    if not _LEAST_PLAIN <= ticks[-1] < _LARGEST_PLAIN or max(map(len, labels)) + 1 > room:
        axes.set_xticks([0, ticks[-1]], labels=["0", labels[-1]])


def _number(value: float) -> str:
    """Return a number that is not negative, with a power of ten where it has many digits."""
    if value == 0 or _LEAST_PLAIN <= value < _LARGEST_PLAIN:
        return f"{value:g}"
    digits, exponent = f"{value:.2e}".split("e")
    return f"${float(digits):g}\\times10^{{{int(exponent)}}}$"


def _draw_average(
    axes: Any, analysis: Analysis, axis: PeriodAxis, words: _Words
) -> tuple[Any, Any]:
    spectra, times = analysis.spectra, analysis.times
    width, height = size_in_inches(axes)
    (line,) = axes.plot(
        *envelope(times, spectra.average, width),
        color=_ink(),
        linewidth=1,
        label=axis.words(*analysis.band),
    )
    level = axes.axhline(spectra.average_level, label=words.level, **_LEVEL_STYLE)
    axes.set_ylabel(wrapped(words.average, height))
    axes.set_ylim(0, 1.1 * max(spectra.average.max(), spectra.average_level))
    # Above the axes, where it hides no line.
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        borderaxespad=0,
        ncols=2 if width > _WIDE else 1,
        columnspacing=1.2,
        fontsize="small",
        frameon=False,
    )
    _name(axes, "d")
    return line, level


def _ink() -> Any:
    """Return the colour of lines on the user's paper: black, or white in a dark style."""
    return rcParams["text.color"]


def _name(axes: Any, letter: str) -> None:
    """Write the letter of a panel above its upper left corner."""
    axes.set_title(letter, loc="left", fontsize="medium", fontweight="bold")
