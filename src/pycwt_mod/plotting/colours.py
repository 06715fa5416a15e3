"""Colours of power, which spans orders of magnitude: octaves of it, evenly spaced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm
from numpy.typing import NDArray

Array = NDArray[np.float64]

# The colours go from one quantile of the power to another, so that neither a spike nor a point
# without power sets them.
_LEAST, _GREATEST = 0.1, 0.999
# The octaves that they cover; those of Torrence & Compo (1998) cover eight.
_FEWEST_OCTAVES, _MOST_OCTAVES = 8, 16

# More octaves than this are labelled at every fourth.
_MOST_LABELS = 10

# Powers of two beyond these are written with an exponent.
_LARGEST_PLAIN = 10


def colour_power(mesh: Any, power: Array) -> None:
    """Give a mesh the colours of power: eight octaves or more, on a logarithmic scale.

    Zero power, which has no logarithm, gets the darkest colour; NaN stays blank.
    """
    known = power[np.isfinite(power) & (power > 0)]
    ends = np.quantile(known, (_LEAST, _GREATEST)) if known.size else np.ones(2)
    bottom, top = math.floor(math.log2(ends[0])), math.ceil(math.log2(ends[1]))
    lowest = 2.0 ** (top - min(max(top - bottom, _FEWEST_OCTAVES), _MOST_OCTAVES))
    mesh.set_norm(LogNorm(lowest, 2.0**top))
    mesh.set_array(np.where(power <= 0, lowest / 2, power))


def draw_power_bar(mesh: Any, owner: Any, label: str, **place: Any) -> Any:
    """Draw the colour bar of power, labelled at every second power of two, or every fourth."""
    bar = owner.figure.colorbar(mesh, ax=owner, extend="both", **place)
    low, high = round(math.log2(mesh.norm.vmin)), round(math.log2(mesh.norm.vmax))
    exponents = range(low, high + 1, 2 if high - low <= _MOST_LABELS else 4)
    bar.set_ticks([2.0**k for k in exponents], labels=[power_of_two(k) for k in exponents])
    bar.minorticks_off()
    bar.set_label(label)
    return bar


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
