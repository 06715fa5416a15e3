"""What the layers of a picture mean, in words under it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from .axes import LETTER_WIDTH, size_in_inches
from .field import Field, Reduced
from .words import in_lines, with_dollars

_SIZE = 8.0

# An arrow that rises less than this part of its length points to the side.
_LEVEL = 1e-9

# Height of a line in units of the font size, and the largest part of the height of the axes that
# is given up for a caption.
_LINE_HEIGHT, _LARGEST_PART = 1.25, 0.6
# Panels of squares lose width with their height.
_LARGEST_OF_SQUARES = 0.25

# Layout engines of matplotlib change the width of axes, in inches, to about GAIN * width + SHIFT
# when the figure is drawn.
_LAYOUT_GAIN, _LAYOUT_SHIFT = 1.3, -0.8

_CONE_MEANING = "Hatched: cone of influence, where the ends of the record distort the result."
_ALLOWED_FOR = _CONE_MEANING.replace(".", "; the outline allows for it.")
_REAL_MEANING = "Arrows: phase; →\N{NO-BREAK SPACE}in phase, ←\N{NO-BREAK SPACE}anti-phase"
_ARROW_MEANING = (
    "{real}, ↓\N{NO-BREAK SPACE}{first} leads {second} by\N{NO-BREAK SPACE}90°, "
    "↑\N{NO-BREAK SPACE}{second} leads {first} by\N{NO-BREAK SPACE}90°."
)


_NULLS = {"ar1": "red noise", "white": "white noise", "legacy": "white noise"}


def level_words(level: float, correction: str | None = None, noise: str = "ar1") -> str:
    """Return what is outlined, in words for a caption: the `level_label` of a picture.

    Parameters
    ----------
    level : float
        Probability of the significance level, such as 0.95.
    correction : {None, "fdr", "cluster"}
        As in ``CoherenceResult.significant``.
    noise : str, default "ar1"
        The null hypothesis, as `wct` takes it.

    Examples
    --------
    >>> level_words(0.95)
    '5 % significance level against red noise'
    >>> level_words(0.95, "fdr")
    'significant against red noise at a false discovery rate of 5 %'
    >>> level_words(0.95, noise="phase")
    '5 % significance level against surrogates (phase)'
    """
    chance = f"{100 * (1 - level):.3g} %"
    null = _NULLS.get(noise, f"surrogates ({noise})")
    if correction == "cluster":
        return f"patches larger than the largest of {null} in all but {chance} of maps"
    if correction is not None:
        return f"significant against {null} at a false discovery rate of {chance}"
    return f"{chance} significance level against {null}"


def outlined(label: str, contour: Any, field: Field, reduced: Reduced) -> str | None:
    """Return what is outlined, in words, also where nothing is; None if nothing was tested."""
    if contour is not None:
        return label
    is_tested = field.mask is not None or bool((field.levels > 0).any())
    return f"{label}; nothing was found" if is_tested and not reduced.above(1).any() else None


def sentences(
    colours: str,
    outlined: str | None,
    arrows: Any,
    names: tuple[str, str],
    *,
    allowed_for: bool = False,
) -> list[str]:
    """Return a sentence for each layer of a picture; None for a layer that was not drawn.

    `allowed_for` says whether the outline is valid inside the cone, too.
    """
    parts = [f"Colours: {with_dollars(colours)}."]
    if outlined is not None:
        parts.append(f"Outlined: {with_dollars(outlined)}.")
    parts.append(_ALLOWED_FOR if allowed_for else _CONE_MEANING)
    if arrows is not None:
        first, second = map(with_dollars, names)
        # A real wavelet, such as DOG, has no other phases.
        is_real = np.abs(arrows.V).max() < _LEVEL
        words = f"{_REAL_MEANING}." if is_real else _ARROW_MEANING
        parts.append(words.format(real=_REAL_MEANING, first=first, second=second))
    return parts


def matrix_sentences(chance: float, *, found: bool | None, rings: bool, missing: bool) -> list[str]:
    """Return a sentence for each kind of mark in a picture of pairs; `found` None: none tested."""
    rate = f"significant at a false discovery rate of {100 * chance:.3g} % over all pairs"
    words = {True: [f"Dots: {rate}."], False: [f"No pair is {rate}."], None: []}[found]
    if rings:
        words.append("Rings: so too, but doubtful, as rhythms that are no red noise explain it.")
    return [*words, *(["Hatched: no pair, or no value."] if missing else [])]


def draw_common_caption(panels: Sequence[Any], parts: list[str]) -> Any:
    """Write sentences under one panel, or under all of a figure that makes room for them."""
    figure = panels[0].figure
    if len(panels) == 1:
        return draw_caption(panels[0], parts, _LARGEST_OF_SQUARES)
    if figure.get_layout_engine() is None:
        return None
    width, height = (side / figure.dpi for side in figure.bbox.size)
    lines = in_lines(" ".join(parts), max(30, int(width * 72 / (_SIZE * LETTER_WIDTH)) - 4))
    if (lines.count("\n") + 1) * _LINE_HEIGHT * _SIZE / 72 > _LARGEST_OF_SQUARES * height:
        return None
    return figure.supxlabel(lines, x=0.01, ha="left", fontsize=_SIZE)


def draw_caption(axes: Any, parts: list[str], largest: float = _LARGEST_PART) -> Any:
    """Write sentences under the time axis, in lines that fit; None on axes too small for them."""
    width, height = size_in_inches(axes)
    if axes.figure.get_layout_engine() is not None:
        width = width * _LAYOUT_GAIN + _LAYOUT_SHIFT
    letters = max(30, int(width * 72 / (_SIZE * LETTER_WIDTH)))
    # A line does not end with "Arrows:", nor begin with "%".
    words = re.sub(r"(?<=\w:) | (?=%)", "\N{NO-BREAK SPACE}", " ".join(parts))
    lines = in_lines(words, letters, break_long_words=True)
    if (lines.count("\n") + 1) * _LINE_HEIGHT * _SIZE / 72 > largest * height:
        return None
    return axes.annotate(
        lines,
        xy=(0, 0),
        xycoords=("axes fraction", axes.xaxis.label),
        xytext=(0, -5),
        textcoords="offset points",
        ha="left",
        va="top",
        fontsize=_SIZE,
    )
