"""The picture of a wavelet coherence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..keywords import explains_keywords
from ..validation import as_flag, as_positive
from .axes import axes_for
from .captions import draw_caption, outlined, sentences
from .colours import draw_bar
from .field import as_field, as_mask, check_names
from .layers import FieldPlot, Look, draw_arrows, draw_layers
from .picture import Drawn, check_given, draws_results
from .words import with_dollars


@draws_results("WCT")
@explains_keywords()
def plot_wct(
    WCT: ArrayLike | Drawn,
    aWCT: ArrayLike | None = None,
    coi: ArrayLike | None = None,
    freq: ArrayLike | None = None,
    sig: ArrayLike | None = None,
    times: ArrayLike | None = None,
    *,
    significant: ArrayLike | None = None,
    names: tuple[str, str] = ("the first series", "the second series"),
    period_unit: str = "",
    time_label: str | None = None,
    level_label: str | None = None,
    coherence_label: str = "squared wavelet coherence",
    frequency: bool = False,
    bands: Mapping[str, tuple[float, float]] | None = None,
    cmap: Any = "viridis",
    vmin: float = 0.0,
    vmax: float = 1.0,
    arrow_level: float = 0.7,
    arrow_density: float = 1.0,
    arrows: bool = True,
    colorbar: bool = True,
    caption: bool = True,
    crop_to_coi: bool = True,
    title: str | None = None,
    ax: Any = None,
) -> FieldPlot:
    """Draw a wavelet coherence: colours, significance, phase arrows and cone of influence.

    The first five arguments are the tuple of `wct`: ``plot_wct(*wct(y1, y2, dt), times)``, which
    outlines its one level for each scale. ``plot_wct(wct(y1, y2, dt))`` is the same as
    ``wct(y1, y2, dt).plot()``: times and names are those of the result, and the level is that of
    each point. Fields with more columns than a picture has pixels are averaged first, so a long
    record costs little more than a short one.

    Parameters
    ----------
    WCT : array_like or CoherenceResult
        Squared coherence, shape (n_scales, n_times); NaN is left blank. Of a result, only `times`
        may follow, and the options of its `plot`.
    aWCT : array_like
        Phase of W1 conj(W2) in radians, same shape.
    coi : array_like
        Cone of influence in Fourier periods, shape (n_times,).
    freq : array_like
        Fourier frequencies of the scales, descending, shape (n_scales,).
    sig : array_like, optional
        Significance level for each scale, shape (n_scales,), or for each point, shape (n_scales,
        n_times), which allows for the ends of the record. None, or the single zero that `wct`
        returns with ``sig=False``: no contour.
    times : array_like, optional
        Times of the samples, ascending: numbers or dates. By default the samples are counted.
    significant : array_like of bool, optional
        Where the coherence is significant, shape (n_scales, n_times), to be outlined in place of
        `sig`: such as ``result.significant(correction="fdr")``.
    names : (str, str), optional
        What the series are called in the caption. In this and all other words two dollars around
        mathematics, as in "m$^3$/s", are matplotlib's; the others are drawn, as in "US$".
    period_unit : str, optional
        Unit of the periods, for the axis: of arrays a label, that of `dt`; of a result that knows
        its `unit` another unit of time, to which its periods are converted. A long axis has marks
        such as 2 days, 1 week and 1 year.
    time_label : str, optional
        Label of the time axis; by default "Time", or "Sample" without `times`.
    level_label : str, optional
        What is outlined, for the caption, such as ``level_words(0.95)``; by default "the
        significance level", as `sig` does not tell which it is (``wct(...).plot()`` does), or "what
        is significant" with `significant`.
    coherence_label : str, optional
        What the colours are, for the caption.
    frequency : bool, default False
        Whether the axis is one of frequencies, the highest at the top; in Hz if the unit of the
        periods is seconds.
    bands : mapping of str to (float, float), optional
        Bands to be drawn with their names, such as ``{"alpha": (8, 13)}``, in the unit of the axis;
        one beyond the axis is left out.
    cmap : str or matplotlib.colors.Colormap, default "viridis"
        Colours.
    vmin, vmax : float, default 0 and 1
        Coherence at the ends of the colours.
    arrow_level : float, default 0.7
        Arrows are drawn where the coherence is above this, or significant.
    arrow_density : float, default 1
        How many arrows stand side by side, as a multiple of the usual number.
    arrows, colorbar, caption : bool, default True
        Whether to draw these. There is no caption on axes too small for one.
    crop_to_coi : bool, default True
        Whether to leave out the longest periods, those inside the cone of influence at all times.
        With its defaults `wct` computes one to two octaves of them. False draws all of `WCT`.
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
    Arrows follow the toolbox of Grinsted et al. (2004): to the right for series in phase, to the
    left for anti-phase, straight down where the first series leads by a quarter period. A phase
    `aWCT` of +pi/2 means that the second series lags, so it points down. (The sample script of
    pycwt turns its arrows by 90 degrees: there they point up for series in phase.) An arrow is the
    phase of the cross-wavelet transform at its place, not smoothed as the coherence is, so look at
    many of them.

    A record of more times than the picture has pixels (200 to the inch are drawn) is reduced to
    them: colours are means over the times of a pixel, arrows the mean direction there. The outline
    runs where the ratio of these means to the level is one. Where it would fill the picture with
    lines it has no details shorter than 0.06 inches: it encloses what is significant at most of the
    times within that length. That of `significant` is drawn through the levels that the
    mask implies, scale by scale, if there are any, so that it is as smooth as the coherence.

    References
    ----------
    Grinsted, A., Moore, J. C., and Jevrejeva, S. (2004). Application of the cross wavelet
    transform and wavelet coherence to geophysical time series. Nonlinear Processes in
    Geophysics 11, 561-566. doi:10.5194/npg-11-561-2004

    Examples
    --------
    >>> import numpy as np
    >>> from pycwt_mod import wct
    >>> from pycwt_mod.plotting import offscreen_axes, plot_wct
    >>> t = np.arange(200.0)
    >>> noise = np.random.default_rng(1).normal(size=(2, t.size))
    >>> wave = np.sin(2 * np.pi * t / 16)
    >>> result = wct(wave + noise[0], wave + noise[1], 1.0, sig=False)
    >>> plot = plot_wct(*result, t, period_unit="days", ax=offscreen_axes())
    >>> plot.axes.get_ylabel()
    'Period (days)'
    """
    check_given("plot_wct", aWCT=aWCT, coi=coi, freq=freq)
    R2 = np.asarray(WCT, dtype=float)
    mask, phase = as_mask(significant, R2.shape, "WCT"), np.asarray(aWCT, dtype=float)
    field = as_field(
        R2, coi, freq, sig, times, names=("WCT", "freq", "sig"), phase=phase, mask=mask
    )
    if phase.shape != R2.shape:
        raise ValueError(f"`aWCT` must have the shape of `WCT`, {R2.shape}, got {phase.shape}.")
    threshold = as_positive(arrow_level, "arrow_level")
    series = check_names(names)
    if as_flag(crop_to_coi, "crop_to_coi"):
        field = field.cropped()
    look = Look.of(period_unit, frequency, cmap, vmin, vmax, bands)
    axes = axes_for(ax)
    label = time_label or ("Sample" if times is None else "Time")
    reduced, mesh, contour, cone = draw_layers(axes, field, look, label)
    mesh.set_clim(vmin, vmax)
    bar = quiver = text = None
    if as_flag(colorbar, "colorbar"):
        bar = draw_bar(mesh, axes)
    if as_flag(arrows, "arrows"):
        with np.errstate(invalid="ignore"):
            wanted = (reduced.values >= threshold) | reduced.above(1)
        quiver = draw_arrows(axes, field, reduced, look.axis, wanted, arrow_density)
    if title is not None:
        axes.set_title(with_dollars(title))
    if as_flag(caption, "caption"):
        usual = "the significance level" if significant is None else "what is significant"
        found = outlined(level_label or usual, contour, field, reduced)
        of_points = contour is not None and mask is None and field.levels.shape[1] > 1
        parts = sentences(coherence_label, found, quiver, series, allowed_for=of_points)
        text = draw_caption(axes, parts)
    return FieldPlot(axes.figure, axes, mesh, cone, contour, quiver, bar, text)
