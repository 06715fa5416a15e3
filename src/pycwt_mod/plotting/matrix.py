"""The picture of many pairs of series: one square for each, in a panel for each band."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import FigureBase
from numpy.typing import NDArray

from ..keywords import explains_keywords
from ..time_axis import unit_factor
from ..validation import as_choice, as_count, as_flag, as_level, brief
from .axes import shown_figure, size_in_inches
from .captions import draw_common_caption, matrix_sentences
from .layers import Look
from .picture import Picture
from .ticks import spelled
from .words import with_dollars

Array = NDArray[np.float64]

# The measures: label of the colour bar, colour map, ticks of the colour scale.
_MEASURES: dict[str, tuple[str, str, tuple[float, ...]]] = {
    "coherence": ("Mean squared coherence $R^2$", "viridis", (0, 0.2, 0.4, 0.6, 0.8, 1)),
    "share": ("Significant share of the area", "viridis", (0, 0.2, 0.4, 0.6, 0.8, 1)),
    # On a logarithmic scale: 0.01 is further from 0.05 than 0.91 from 0.95.
    "pvalue": ("p-value", "cividis_r", (0.001, 0.01, 0.05, 0.1, 0.5, 1)),
    # The only measure that returns to where it began needs colours that do.
    "phase": ("Mean phase (degrees)", "twilight_shifted", (-180, -90, 0, 90, 180)),
}

# Panels side by side; the size of one in inches, for all its names and for each of them.
_ABREAST, _PANEL, _PANEL_OF_NAME = 3, 2.2, 0.22
# Room in inches for the colour bar, and for the names below and the band above a panel.
_BAR, _NAMES = 1.0, 0.4

# Names are as large as a row allows, in points; below the smallest some are left out.
_LARGEST_NAME, _SMALLEST_NAME = 10.0, 6.0


@dataclass(frozen=True, eq=False, repr=False)
class MatrixPlot(Picture):
    """The picture that `plot_matrix` drew, for changes by matplotlib's own means.

    Attributes
    ----------
    figure, axes
        The figure and its axes.
    mesh, marks, colorbar
        The squares, the dots of significant pairs and the colour bar; None for one that was not
        drawn. For several bands `axes`, `mesh` and `marks` are tuples, with one item for each.
    caption
        What dots, rings and hatching mean; None where it was not drawn.
    """

    figure: Any
    axes: Any
    mesh: Any
    marks: Any
    colorbar: Any
    caption: Any = None


@explains_keywords()
def plot_matrix(
    result: Any,
    measure: str = "coherence",
    band: int | None = None,
    *,
    level: float = 0.95,
    marks: bool = True,
    colorbar: bool = True,
    caption: bool = True,
    period_unit: str = "",
    cmap: Any = None,
    vmin: float | None = None,
    vmax: float | None = None,
    title: str | None = None,
    ax: Any = None,
) -> MatrixPlot:
    """Draw one measure of all pairs of series as a matrix of squares, in a panel for each band.

    Parameters
    ----------
    result : MatrixResult
        From `wct_matrix`; or any object with `names`, `bands` and ``square(measure,
        band)``, which returns an array of shape (n_series, n_series), NaN where there is no pair.
    measure : {"coherence", "share", "pvalue", "phase"}
        Mean squared coherence, share of the area that is significant, p-value, or mean phase, which
        is positive where the series of the row leads that of the column.
    band : int, optional
        Number of one band of periods, from 0 on. By default all bands for which there are numbers.
    level : float, default 0.95
        A dot marks pairs that are significant at this level, with the false discovery rate over
        all pairs held to ``1 - level``; a ring those of them whose p-value is doubtful, as rhythms
        that are not red noise would explain it.
    marks, colorbar, caption : bool, default True
        Whether to draw these. There are no marks if the result has no such p-values, and no caption
        on axes too small for one, or for several bands in a figure without a layout engine.
    period_unit : str, optional
        Unit of the periods, for the title. They are converted to it from the `unit` of the result;
        of one without, it is a label.
    cmap : str or matplotlib.colors.Colormap, optional
        Colours; by default those that suit the measure.
    vmin, vmax : float, optional
        Values at the ends of the colours; by default those of the measure.
    title : str, optional
        Title of the axes, or of the figure if there are several bands; by default axes are named by
        their band.
    ax : matplotlib.axes.Axes, or figure, optional
        Where to draw: axes for one band, an empty figure or subfigure for several. By default a new
        figure of `matplotlib.pyplot`.

    Returns
    -------
    MatrixPlot
        The artists.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it.

    Notes
    -----
    Missing pairs are hatched. Coherence and share have colours from 0 to 1 in every picture, so
    that pictures can be compared; p-values from 0.001 to 1, on a logarithmic scale.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from pycwt_mod.plotting import offscreen_axes, plot_matrix
    >>> values = np.array([[np.nan, 0.8, 0.3], [0.8, np.nan, 0.4], [0.3, 0.4, np.nan]])
    >>> result = SimpleNamespace(
    ...     names=["AO", "ice", "NINO3"],
    ...     bands=[(2.0, 8.0)],
    ...     square=lambda measure, band: values if measure == "coherence" else 1 - values,
    ... )
    >>> plot = plot_matrix(result, level=0.75, ax=offscreen_axes())
    >>> plot.axes.get_title(), len(plot.marks.get_offsets())
    ('Periods 2 to 8', 2)
    """
    label, colours, ticks = _MEASURES[as_choice(measure, "measure", tuple(_MEASURES))]
    probability = as_level(level, "level")
    names = [with_dollars(str(name)) for name in result.names]
    squares = _squares(result, measure, band, len(names))
    factor = unit_factor(getattr(result, "unit", ""), period_unit, "period_unit")
    look = Look.of(period_unit, False, colours if cmap is None else cmap, vmin, vmax, None)
    low, high = look.limits
    scale = LogNorm if measure == "pvalue" else Normalize
    norm = scale(ticks[0] if low is None else low, ticks[-1] if high is None else high)
    panels = _panels(ax, len(squares), len(names))
    meshes, dots, marked, rings = [], [], as_flag(marks, "marks"), False
    missing, tested = False, False
    for axes, (number, values) in zip(panels, squares.items(), strict=True):
        shown = np.degrees(values) if measure == "phase" else values
        meshes.append(_draw_squares(axes, shown, names, look.cmap, norm))
        corrected, doubtful = (
            _optional(result, name, number, len(names)) if marked else None
            for name in ("pvalue_fdr", "doubtful")
        )
        dots.append(_draw_marks(axes, corrected, doubtful, 1 - probability, meshes[-1]))
        missing, tested = missing or bool(np.isnan(values).any()), tested or corrected is not None
        if corrected is not None and doubtful is not None and dots[-1] is not None:
            rings = rings or bool((doubtful[corrected <= 1 - probability] == 1).any())
        shortest, longest = (factor * end for end in result.bands[number])
        words = f"Periods {spelled(shortest, longest, period_unit)}"
        axes.set_title(with_dollars(words if title is None or len(panels) > 1 else title))
    figure, bar = panels[0].figure, None
    if title is not None and len(panels) > 1:
        figure.suptitle(with_dollars(title))
    if as_flag(colorbar, "colorbar"):
        bar = figure.colorbar(
            meshes[0], ax=panels, pad=0.02, extend="min" if measure == "pvalue" else "neither"
        )
        bottom, top = meshes[0].get_clim()
        inside = [tick for tick in ticks if bottom <= tick <= top]
        bar.set_ticks(inside, labels=[f"{tick:g}" for tick in inside])
        bar.minorticks_off()
        bar.set_label(label + ", at all times" * bool(getattr(result, "inside_cone", False)))
    text = None
    if as_flag(caption, "caption"):
        found = any(each is not None for each in dots) if tested else None
        parts = matrix_sentences(1 - probability, found=found, rings=rings, missing=missing)
        text = draw_common_caption(panels, parts) if parts else None
    if len(panels) == 1:
        return MatrixPlot(figure, panels[0], meshes[0], dots[0], bar, text)
    return MatrixPlot(figure, tuple(panels), tuple(meshes), tuple(dots), bar, text)


def _squares(result: Any, measure: str, band: int | None, n_series: int) -> dict[int, Array]:
    """Return the squares of one measure by the numbers of their bands."""
    if band is None:
        numbers: Any = range(len(result.bands))
    else:
        numbers = [as_count(band, "band", at_least=0)]
        if numbers[0] >= len(result.bands):
            raise ValueError(
                f"`band` must be the number of a band, at most {len(result.bands) - 1}, got "
                f"{numbers[0]}."
            )
    squares = {number: _square(result, measure, number, n_series) for number in numbers}
    known = {number: values for number, values in squares.items() if np.isfinite(values).any()}
    return known or dict(list(squares.items())[:1])


def _panels(ax: Any, number: int, n_series: int) -> list[Any]:
    """Return axes for a number of bands."""
    if ax is None or isinstance(ax, FigureBase):
        columns = min(_ABREAST, number)
        rows = math.ceil(number / columns)
        side = _PANEL + _PANEL_OF_NAME * n_series
        size = (7.0, 6.0) if number == 1 else (side * columns + _BAR, (side + _NAMES) * rows)
        figure = shown_figure(*size) if ax is None else ax
        return [figure.add_subplot(rows, columns, place + 1) for place in range(number)]
    if number > 1:
        raise ValueError(
            f"`band` must be given with axes, which have room for one of the {number} bands: "
            f"band=0 to {number - 1}. Or pass a figure as `ax`, for all of them."
        )
    if not hasattr(ax, "pcolormesh"):
        raise TypeError(f"`ax` must be axes or a figure of matplotlib, got {brief(ax)}.")
    return [ax]


def _draw_squares(axes: Any, values: Array, names: list[str], colours: Any, norm: Any) -> Any:
    borders = np.arange(len(names) + 1) - 0.5
    mesh = axes.pcolormesh(
        borders, borders, np.ma.masked_invalid(values), cmap=colours, norm=norm, rasterized=True
    )
    axes.set(xlim=borders[[0, -1]], ylim=borders[[-1, 0]], aspect="equal")
    # Missing pairs are hatched: any plain colour would be that of some phase.
    axes.patch.set(facecolor="0.95", edgecolor="0.7", hatch="////", linewidth=0)
    _draw_names(axes, names)
    return mesh


def _square(result: Any, measure: str, band: int, n_series: int) -> Array:
    """Return one measure of all pairs, shape (n_series, n_series)."""
    values = np.asarray(result.square(measure, band), dtype=float)
    if values.shape != (n_series, n_series):
        raise ValueError(
            f"`result.square` must return an array of shape ({n_series}, {n_series}), one row and "
            f"column for each of `names`, got {values.shape}."
        )
    return values


def _optional(result: Any, measure: str, band: int, n_series: int) -> Array | None:
    """Return one measure of all pairs, None for a result without it."""
    try:
        return _square(result, measure, band, n_series)
    except (KeyError, ValueError):
        return None


def _draw_names(axes: Any, names: list[str]) -> None:
    """Name rows and columns, in letters that fit; some are left out where there are many."""
    n = len(names)
    side = 72 * min(size_in_inches(axes)) / max(n, 1)
    size = float(np.clip(0.7 * side, _SMALLEST_NAME, _LARGEST_NAME))
    step = max(1, math.ceil(1.2 * size / side))
    places = np.arange(0, n, step)
    shown = [names[place] for place in places]
    axes.set_yticks(places, labels=shown, fontsize=size)
    short = max((len(name) for name in shown), default=0) * 0.6 * size < 0.9 * side * step
    rotation = 0 if short else 90
    axes.set_xticks(places, labels=shown, fontsize=size, rotation=rotation)
    axes.tick_params(length=0)
    if side > 2 * _SMALLEST_NAME:
        # White lines between squares, where squares are large enough to lose some of themselves.
        borders = np.arange(n + 1) - 0.5
        axes.set_xticks(borders, minor=True)
        axes.set_yticks(borders, minor=True)
        axes.grid(which="minor", color="white", linewidth=1)
        axes.tick_params(which="minor", length=0)


def _draw_marks(
    axes: Any, pvalues: Array | None, doubtful: Array | None, largest: float, mesh: Any
) -> Any:
    """Mark pairs whose p-value is at most `largest`, by dots that stand out from their square.

    Those of doubtful p-values are rings.
    """
    if pvalues is None:
        return None
    with np.errstate(invalid="ignore"):
        row, column = np.nonzero(pvalues <= largest)
    if not row.size:
        return None
    side = 72 * min(size_in_inches(axes)) / pvalues.shape[0]
    colours = mesh.cmap(mesh.norm(np.ma.filled(mesh.get_array(), np.nan)))[row, column, :3]
    light = colours @ (0.299, 0.587, 0.114) > 0.5
    own = np.where(light, "black", "white")
    is_ring = np.zeros(row.size, bool) if doubtful is None else doubtful[row, column] == 1
    return axes.scatter(
        column,
        row,
        s=float(np.clip(0.4 * side, 1.5, 6)) ** 2,
        facecolors=np.where(is_ring, "none", own),
        edgecolors=own,
        marker="o",
        linewidths=np.where(is_ring, 1.0, 0.0),
    )
