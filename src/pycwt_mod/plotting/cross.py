"""The picture of a cross-wavelet transform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..keywords import explains_keywords
from ..mothers import as_mother
from ..validation import as_flag, as_positive
from .axes import axes_for
from .captions import draw_caption, level_words, outlined, sentences
from .colours import colour_power, draw_power_bar
from .field import as_field, check_names, check_shape
from .layers import FieldPlot, Look, draw_arrows, draw_layers
from .picture import Drawn, check_given, draws_results
from .words import with_dollars


@draws_results("W12")
@explains_keywords()
def plot_xwt(
    W12: ArrayLike | Drawn,
    coi: ArrayLike | None = None,
    freqs: ArrayLike | None = None,
    signif: ArrayLike | None = None,
    times: ArrayLike | None = None,
    *,
    names: tuple[str, str] = ("the first series", "the second series"),
    period_unit: str = "",
    time_label: str | None = None,
    level_label: str = level_words(0.95),
    power_label: str = r"Cross power / ($\sigma_1 \sigma_2$)",
    frequency: bool = False,
    bands: Mapping[str, tuple[float, float]] | None = None,
    rectified: bool = False,
    wavelet: Any = "morlet",
    cmap: Any = "viridis",
    vmin: float | None = None,
    vmax: float | None = None,
    arrow_level: float = 1.0,
    arrow_density: float = 1.0,
    arrows: bool = True,
    colorbar: bool = True,
    caption: bool = True,
    crop_to_coi: bool = True,
    title: str | None = None,
    ax: Any = None,
) -> FieldPlot:
    """Draw a cross-wavelet transform: common power, significance, phase and cone of influence.

    The first four arguments are the tuple of `xwt`: ``plot_xwt(*xwt(y1, y2, dt), times)``, or its
    result is the only one.

    Parameters
    ----------
    W12 : array_like or CrossWaveletResult
        W1 conj(W2), complex, shape (n_scales, n_times). Of a result, only `times` may follow.
    coi : array_like
        Cone of influence in Fourier periods, shape (n_times,).
    freqs : array_like
        Fourier frequencies of the scales, descending, shape (n_scales,).
    signif : array_like, optional
        Level of ``abs(W12)`` for each scale, or for each point. None: no contour, and arrows
        everywhere.
    times, names, period_unit, time_label, frequency, bands, cmap
        As in `plot_wct`.
    level_label : str, optional
        What is outlined, for the caption.
    power_label : str, optional
        Label of the colour bar. By default the product of the standard deviations is the unit, as
        it is with ``xwt(..., normalize=True)``.
    rectified : bool, default False
        Whether to divide the power by its scale (Veleda et al. 2012), so that common waves of like
        amplitude have like colours at all periods. The outline stays where it is.
    wavelet
        As in `xwt`; it tells the scales of `freqs` for `rectified`.
    vmin, vmax : float, optional
        Powers at the ends of the colours, which are octaves; by default they fit the field.
    arrow_level : float, default 1.0
        Arrows are drawn where the power is at least this multiple of its level.
    arrow_density, arrows, colorbar, caption, crop_to_coi, title, ax
        As in `plot_wct`.

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
    Veleda, D., Montagne, R., and Araujo, M. (2012). Cross-wavelet bias corrected by normalizing
    scales. Journal of Atmospheric and Oceanic Technology 29, 1401-1408.
    doi:10.1175/JTECH-D-11-00140.1

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
    check_given("plot_xwt", coi=coi, freqs=freqs)
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
    if as_flag(rectified, "rectified"):
        field = field.rectified(field.periods / as_mother(wavelet).flambda())
    if as_flag(crop_to_coi, "crop_to_coi"):
        field = field.cropped()
    look = Look.of(period_unit, frequency, cmap, vmin, vmax, bands)
    axes = axes_for(ax)
    label = time_label or ("Sample" if times is None else "Time")
    reduced, mesh, contour, cone = draw_layers(axes, field, look, label)
    colour_power(mesh, reduced.values, look.limits)
    bar = None
    if as_flag(colorbar, "colorbar"):
        bar = draw_power_bar(mesh, axes, f"{power_label} / scale" if rectified else power_label)
    quiver = text = None
    if as_flag(arrows, "arrows"):
        wanted = np.isnan(reduced.ratio) if signif is None else reduced.above(threshold)
        quiver = draw_arrows(axes, field, reduced, look.axis, wanted, arrow_density)
    if title is not None:
        axes.set_title(with_dollars(title))
    if as_flag(caption, "caption"):
        colours = "cross-wavelet power" + " over scale" * rectified
        found = outlined(level_label, contour, field, reduced)
        parts = sentences(colours, found, quiver, series)
        text = draw_caption(axes, parts)
    return FieldPlot(axes.figure, axes, mesh, cone, contour, quiver, bar, text)
