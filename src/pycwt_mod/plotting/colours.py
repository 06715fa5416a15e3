"""Colours of power, which spans orders of magnitude: octaves of it, evenly spaced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm
from numpy.typing import NDArray

from ..validation import as_positive
from .axes import USUAL_SIZE, letters_for, shrink_letters, size_in_inches, wrapped

Array = NDArray[np.float64]

# The colours go from one quantile of the power to another, so that neither a spike nor a point
# without power sets them.
_LEAST, _GREATEST = 0.1, 0.999
# The octaves that they cover; those of Torrence & Compo (1998) cover eight.
_FEWEST_OCTAVES, _MOST_OCTAVES = 8, 16

# A bar shorter than this, in inches, has few labels.
_SHORT_BAR = 1.2

# More octaves than this are labelled at every fourth.
_MOST_LABELS = 10

# Logarithms of powers of two are whole to this.
_ROUNDING = 1e-9

# Powers of two beyond these are written with an exponent.
_LARGEST_PLAIN = 10


def colour_power(mesh: Any, power: Array, limits: tuple[float | None, float | None]) -> None:
    """Give a mesh the colours of power: eight octaves or more, on a logarithmic scale.

    Zero power, which has no logarithm, gets the darkest colour; NaN stays blank. `limits` are the
    ends of the colours, where these are given.
    """
    for name, limit in zip(("vmin", "vmax"), limits, strict=True):
        if limit is not None:
            as_positive(limit, name)
    known = power[np.isfinite(power) & (power > 0)]
    ends = np.quantile(known, (_LEAST, _GREATEST)) if known.size else np.ones(2)
    bottom, top = math.floor(math.log2(ends[0])), math.ceil(math.log2(ends[1]))
    lowest = 2.0 ** (top - min(max(top - bottom, _FEWEST_OCTAVES), _MOST_OCTAVES))
    low, high = limits
    low = min(lowest, high / 2) if low is None and high is not None else low or lowest
    high = max(2.0**top, 2 * low) if high is None else high
    mesh.set_norm(LogNorm(low, high))
    mesh.set_array(np.where(power <= 0, low / 2, power))


def draw_power_bar(mesh: Any, owner: Any, label: str, **place: Any) -> Any:
    """Draw the colour bar of power beside axes, labelled at every second or fourth power of two."""
    bar = owner.figure.colorbar(mesh, ax=owner, extend="both", **place)
    low = math.ceil(math.log2(mesh.norm.vmin) - _ROUNDING)
    high = math.floor(math.log2(mesh.norm.vmax) + _ROUNDING)
    exponents = range(low, high + 1, 2 if high - low <= _MOST_LABELS else 4)
    bar.set_ticks([2.0**k for k in exponents], labels=[power_of_two(k) for k in exponents])
    bar.minorticks_off()
    _name_bar(bar, owner, label)
    return bar


def draw_bar(mesh: Any, owner: Any) -> Any:
    """Draw the colour bar of squared coherence."""
    ticks = None
    if mesh.get_clim() == (0, 1):
        ticks = np.linspace(0, 1, 6 if size_in_inches(owner)[1] > _SHORT_BAR else 3)
    bar = owner.figure.colorbar(mesh, ax=owner, pad=0.02, ticks=ticks)
    _name_bar(bar, owner, "Squared coherence $R^2$")
    return bar


def _name_bar(bar: Any, owner: Any, label: str) -> None:
    # Letters suit the picture, beside which `owner` may be narrow.
    part = letters_for(bar.mappable.axes)
    bar.set_label(wrapped(label, size_in_inches(owner)[1], part * USUAL_SIZE))
    shrink_letters(bar.ax, part)


def power_of_two(exponent: int) -> str:
    """Return a power of two as it is read: 4, 1/4, or with an exponent.

    Examples
    --------
    >>> power_of_two(2), power_of_two(-2), power_of_two(20)
    ('4', '1/4', '$2^{20}$')
    """
    if abs(exponent) > _LARGEST_PLAIN:
        return f"$2^{{{exponent}}}$"
    return str(2**exponent) if exponent >= 0 else f"1/{2**-exponent}"
