"""The picture of a cross-wavelet transform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..validation import as_flag, as_positive, as_series
from .arrows import draw_arrows
from .axes import (
    draw_caption,
    draw_cone,
    draw_contour,
    draw_field,
    meanings,
    shown_figure,
    size_in_inches,
)
from .colours import colour_power, draw_power_bar
from .field import (
    Field,
    as_frequencies,
    as_levels,
    as_times,
    check_names,
    check_shape,
    check_size,
)


@dataclass(frozen=True, eq=False)
class CrossPlot:
    """What `plot_xwt` drew, for changes by matplotlib's own means.

    Attributes
    ----------
    figure, axes
        The figure, for ``figure.savefig("picture.png")``, and its axes; y is the period.
    mesh, cone, contour, arrows, colorbar, caption
        The cross power, the hatched part, the significance level, the phase arrows, the colour bar
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


def plot_xwt(
    W12: ArrayLike,
    coi: ArrayLike,
    freqs: ArrayLike,
    signif: ArrayLike | None = None,
    times: ArrayLike | None = None,
    *,
    names: tuple[str, str] = ("the first series", "the second series"),
    period_unit: str = "",
    time_label: str | None = None,
    level_label: str = "5 % significance level against red noise",
    power_label: str = r"Cross power / ($\sigma_1 \sigma_2$)",
    arrow_level: float = 1.0,
    arrows: bool = True,
    colorbar: bool = True,
    caption: bool = True,
    crop_to_coi: bool = True,
    title: str | None = None,
    ax: Any = None,
) -> CrossPlot:
    """Draw a cross-wavelet transform: common power, significance, phase and cone of influence.

    The first four arguments are what `xwt` returns: ``plot_xwt(*xwt(y1, y2, dt), times)``.

    Parameters
    ----------
    W12 : array_like
        W1 conj(W2), complex, shape (n_scales, n_times).
    coi : array_like
        Cone of influence in Fourier periods, shape (n_times,).
    freqs : array_like
        Fourier frequencies of the scales, descending, shape (n_scales,).
    signif : array_like, optional
        Level of ``abs(W12)`` for each scale. None: no contour, and arrows everywhere.
    times : array_like, optional
        Times of the samples, ascending: numbers or dates. By default the samples are counted.
    names : (str, str), optional
        What the series are called in the caption.
    period_unit : str, optional
        Unit of the periods, that of `dt`, for the axis.
    time_label : str, optional
        Label of the time axis; by default "Time", or "Sample" without `times`.
    level_label : str, optional
        What is outlined, for the caption.
    power_label : str, optional
        Label of the colour bar. By default the product of the standard deviations is the unit, as
        it is with ``xwt(..., normalize=True)``.
    arrow_level : float, default 1.0
        Arrows are drawn where the power is at least so many times its level.
    arrows, colorbar, caption : bool, default True
        Whether to draw these.
    crop_to_coi : bool, default True
        Whether to leave out the longest periods, those inside the cone of influence at all times.
    title : str, optional
        Title of the axes.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of `matplotlib.pyplot`.

    Returns
    -------
    CrossPlot
        The artists.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is described here; the message names it.

    Notes
    -----
    Colours are octaves of ``abs(W12)``. Arrows are as in `plot_wct`: to the right for series in
    phase, straight down where the first leads by a quarter period. Two series with strong power
    have strong cross power whether or not they are related: their relation is in the coherence,
    and in a phase that stays the same. Long records are drawn as by `plot_wct`.

    References
    ----------
    Grinsted, A., Moore, J. C., and Jevrejeva, S. (2004). Application of the cross wavelet
    transform and wavelet coherence to geophysical time series. Nonlinear Processes in
    Geophysics 11, 561-566. doi:10.5194/npg-11-561-2004

    Examples
    --------
    >>> import numpy as np
    >>> from pycwt_mod import xwt
    >>> from pycwt_mod.plotting import offscreen_axes, plot_xwt
    >>> noise = np.random.default_rng(1).normal(size=(2, 200))
    >>> wave = np.sin(2 * np.pi * np.arange(200) / 16)
    >>> result = xwt(*(wave + noise), 1.0)
    >>> plot = plot_xwt(*result, period_unit="days", ax=offscreen_axes())
    >>> plot.axes.get_ylabel(), plot.axes.get_xlabel()
    ('Period (days)', 'Sample')
    """
    field = _check_field(W12, coi, freqs, signif, times)
    threshold = as_positive(arrow_level, "arrow_level")
    first, second = check_names(names)
    if as_flag(crop_to_coi, "crop_to_coi"):
        field = field.cropped()
    axes = shown_figure().add_subplot() if ax is None else ax
    label = time_label or ("Sample" if times is None else "Time")
    reduced = field.reduced(size_in_inches(axes)[0])
    mesh = draw_field(axes, field, reduced, period_unit, label)
    colour_power(mesh, reduced.values)
    contour = draw_contour(axes, reduced.times, field.periods, reduced.ratio)
    cone = draw_cone(axes, reduced.times, reduced.coi)
    bar = draw_power_bar(mesh, axes, power_label) if as_flag(colorbar, "colorbar") else None
    quiver = None
    if as_flag(arrows, "arrows"):
        with np.errstate(invalid="ignore"):
            wanted = np.isnan(reduced.ratio) if signif is None else reduced.ratio >= threshold
        quiver = draw_arrows(axes, field, reduced, wanted)
    if title is not None:
        axes.set_title(title)
    text = None
    if as_flag(caption, "caption"):
        parts = ["Colours: cross-wavelet power."]
        parts += meanings(level_label if contour else None, quiver, first, second)
        text = draw_caption(axes, parts)
    return CrossPlot(axes.figure, axes, mesh, cone, contour, quiver, bar, text)


def _check_field(W12: Any, coi: Any, freqs: Any, signif: Any, times: Any) -> Field:
    """Return what `xwt` returned as arrays of shapes that fit."""
    W = np.asarray(W12)
    n_scales, n_times = check_shape(W, "W12")
    if not np.iscomplexobj(W):
        raise TypeError(
            f"`W12` must be complex, as `xwt` returns it, got {W.dtype}. Its phase is drawn, too."
        )
    frequencies = as_frequencies(freqs, "freqs", n_scales, "W12")
    levels = as_levels(signif, "signif", n_scales, "W12")
    cone = as_series(coi, "coi", min_size=1)
    check_size(cone, "coi", n_times, "time", "W12")
    when, dates = as_times(times, n_times, "W12")
    return Field(W, 1 / frequencies, levels, cone, when, dates, measure=np.abs, phase=W)
