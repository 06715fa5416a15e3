"""Pictures as files that publishers take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib import rc_context

# TrueType fonts: text stays text, which journals ask for; they refuse matplotlib's usual Type 3.
_FONTS: Any = {"pdf.fonttype": 42, "ps.fonttype": 42}

# PostScript knows no transparency. What is drawn no higher than this, all that lies under lines,
# becomes one image there.
COLOURS, BELOW_LINES = 0.8, 0.9
_WITHOUT_TRANSPARENCY = {".eps", ".ps"}


def save_figure(figure: Any, path: str | Path, dpi: float = 200) -> None:
    """Save a figure as .png, .pdf, .svg or .eps, with fonts that publishers take.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Such as the `figure` of a plot; of a subfigure, the whole.
    path : str or path
        The suffix is the format.
    dpi : float, default 200
        Dots per inch: of the whole picture as .png, of its colours in the other formats, whose
        lines and letters are drawn as such.

    Notes
    -----
    Fonts of .pdf and .eps are TrueType ("Type 42"). Settings of matplotlib stay as they are.

    Examples
    --------
    >>> import tempfile
    >>> from pycwt_mod.plotting import offscreen_axes, save_figure
    >>> axes = offscreen_axes(2, 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_figure(axes.figure, f"{folder}/empty.pdf")
    """
    figure = figure.figure  # that of a subfigure
    heights = [(axes, axes.get_rasterization_zorder()) for axes in figure.axes]
    try:
        if Path(path).suffix.lower() in _WITHOUT_TRANSPARENCY:
            for axes, _ in heights:
                axes.set_rasterization_zorder(BELOW_LINES + 0.01)
        with rc_context(_FONTS):
            figure.savefig(path, dpi=dpi)
    finally:
        for axes, height in heights:
            axes.set_rasterization_zorder(height)
