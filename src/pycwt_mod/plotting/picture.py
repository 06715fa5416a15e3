"""What all pictures share: a line for the prompt, and files that publishers take."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from matplotlib import rc_context

P = ParamSpec("P")
R = TypeVar("R")

# TrueType fonts: text stays text, which journals ask for; they refuse matplotlib's usual Type 3.
_FONTS: Any = {"pdf.fonttype": 42, "ps.fonttype": 42}

# PostScript knows no transparency. What is drawn no higher than this, all that lies under lines,
# becomes one image there.
COLOURS, BELOW_LINES = 0.8, 0.9
_WITHOUT_TRANSPARENCY = {".eps", ".ps"}


class Drawn(Protocol):
    """What `wct` and `xwt` return: it knows its times, names and levels, and draws itself."""

    def plot(self, times: Any = None, **options: Any) -> Any:
        """Draw it."""


class Picture:
    """Base of the pictures: a figure, and a line for the prompt in place of its many artists."""

    figure: Any

    def save(self, path: str | Path, dpi: float = 200) -> None:
        """Save the figure, as `save_figure` does."""
        save_figure(self.figure, path, dpi)

    def __repr__(self) -> str:
        width, height = self.figure.bbox.size / self.figure.dpi  # of a subfigure, too
        size = f"{width:.3g} x {height:.3g} inches"
        return f'<{type(self).__name__} of {size}: save("picture.png") writes it>'


def draws_results(field: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function that draws arrays take a result with a field of that name in their place."""

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def drawn(*args: P.args, **options: P.kwargs) -> R:
            result: Any = args[0] if args else None
            if not isinstance(args[0] if args else None, tuple) or not hasattr(result, field):
                return function(*args, **options)
            picture: R = result.plot(*args[1:], **options)
            return picture

        return drawn

    return decorated


def check_given(function: str, **arrays: Any) -> None:
    """Raise TypeError if an array is missing."""
    missing = [f"`{name}`" for name, array in arrays.items() if array is None]
    if missing:
        raise TypeError(
            f"{', '.join(missing)} must be given to {function}, too. Unpack a tuple, as in "
            f"{function}(*fields), or pass what {function[5:]} returns as it is."
        )


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
