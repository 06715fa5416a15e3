"""The picture of a cross-wavelet transform."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..validation import as_flag, as_positive
from .arrows import draw_arrows
from .axes import shown_figure
from .colours import colour_power, draw_power_bar
from .field import as_field, check_names, check_shape
from .layers import FieldPlot, draw_caption, draw_layers


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
) -> FieldPlot:
    """Draw a cross-wavelet transform: common power, significance, phase and cone of influence.

    The first four arguments are the tuple of `xwt`: ``plot_xwt(*xwt(y1, y2, dt), times)``.

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
        Arrows are drawn where the power is at least this multiple of its level.
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
    FieldPlot
        The artists.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described here; the message names it.

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
    W = np.asarray(W12)
    check_shape(W, "W12")
    if not np.iscomplexobj(W):
        raise TypeError(
            f"`W12` must be complex, as `xwt` returns it, got {W.dtype}. Its phase is drawn, too."
        )
    field = as_field(
        W, coi, freqs, signif, times, names=("W12", "freqs", "signif"), measure=np.abs, phase=W
    )
    threshold = as_positive(arrow_level, "arrow_level")
    series = check_names(names)
    if as_flag(crop_to_coi, "crop_to_coi"):
        field = field.cropped()
    axes = shown_figure().add_subplot() if ax is None else ax
    label = time_label or ("Sample" if times is None else "Time")
    reduced, mesh, contour, cone = draw_layers(axes, field, period_unit, label)
    colour_power(mesh, reduced.values)
    bar = draw_power_bar(mesh, axes, power_label) if as_flag(colorbar, "colorbar") else None
    quiver = text = None
    if as_flag(arrows, "arrows"):
        with np.errstate(invalid="ignore"):
            wanted = np.isnan(reduced.ratio) if signif is None else reduced.ratio >= threshold
        quiver = draw_arrows(axes, field, reduced, wanted)
    if title is not None:
        axes.set_title(title)
    if as_flag(caption, "caption"):
        outlined = level_label if contour else None
        text = draw_caption(axes, "cross-wavelet power", outlined, quiver, series)
    return FieldPlot(axes.figure, axes, mesh, cone, contour, quiver, bar, text)
