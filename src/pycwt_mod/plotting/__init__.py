"""Figures of wavelet analyses, by matplotlib, which is imported with this package only.

Periods (or frequencies) are on a logarithmic axis, the longest at the bottom of a time-period
picture; the cone of influence is hatched. Colours are readable for the colour-blind and in grey,
lines differ by style as well as by colour. No function changes matplotlib's settings, and only one
that is called without ``ax=`` makes a figure of `matplotlib.pyplot`.

A picture of more times than it has pixels is drawn from the means of the times that share a pixel,
and its outlines have no details that would be too short to see.
"""

from .axes import offscreen_axes
from .captions import level_words
from .coherence import plot_wct
from .cross import plot_xwt
from .layers import FieldPlot, number_patches
from .matrix import MatrixPlot, plot_matrix
from .null import NullPlot, plot_null
from .picture import save_figure
from .power import PowerPlot, plot_cwt
from .ticks import period_ticks

__all__ = [
    "FieldPlot",
    "MatrixPlot",
    "NullPlot",
    "PowerPlot",
    "level_words",
    "number_patches",
    "offscreen_axes",
    "period_ticks",
    "plot_cwt",
    "plot_matrix",
    "plot_null",
    "plot_wct",
    "plot_xwt",
    "save_figure",
]
