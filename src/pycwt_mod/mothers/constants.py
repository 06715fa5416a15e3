"""The constants of mother wavelets: looked up, or computed from their definitions."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The dimensionless frequencies over which the constants are integrated, as logarithms.
_LOG_FREQUENCY = np.linspace(-12.0, 9.0, 2**15)

# Distances between two scales, in octaves, over which their correlation is integrated: narrow
# panels at the centre, for wavelets of high order.
_PANELS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 8.0)


def constant(mother: Any, name: str) -> float:
    """Return one of a mother wavelet's constants, or say that it has none.

    Raises
    ------
    ValueError
        If the constant is missing, NaN or not positive (pycwt marks a missing one by -1).
    """
    value = getattr(mother, name, math.nan)
    if value is None or not value > 0:
        raise ValueError(
            f"`{name}` of the mother wavelet {getattr(mother, 'name', mother)!r} does not exist, "
            f"and this function needs it. Choose another wavelet, or set `mother.{name}`."
        )
    return float(value)


@lru_cache(maxsize=64)
def computed_constants(family: Any, order: float) -> tuple[float, float, float]:
    """Return cdelta, gamma and deltaj0 from their definitions, for an order without a table.

    cdelta reconstructs a delta function (Torrence & Compo 1998, eq. 13, in the limit of fine
    scales). gamma and deltaj0 are the integrals of the squared autocorrelation of the transform
    of white noise, over time and over the logarithm of scale, which is what makes their equations
    23 and 28 right for long averages. Their table holds empirical fits of the same quantities:
    for Morlet 6 the integrals give 0.778, 2.51, 0.605 against 0.776, 2.32, 0.60.
    """
    mother = family.__new__(family)  # its __init__ would ask for the constants
    setattr(mother, family.ORDER, order)
    x = np.exp(_LOG_FREQUENCY)
    size = np.maximum(np.abs(mother.psi_ft(x)), np.abs(mother.psi_ft(-x)))
    x = x[np.flatnonzero(size > 1e-12 * size.max())[0] : np.flatnonzero(size > 0)[-1] + 1]
    step = _LOG_FREQUENCY[1] - _LOG_FREQUENCY[0]
    both = np.array([mother.psi_ft(x), mother.psi_ft(-x)])
    psi_zero = np.sum(both.real * x) * step / math.sqrt(2 * math.pi)
    energy = np.sum(np.abs(both) ** 2 * x) * step
    gamma = 2 * math.pi * np.sum(np.abs(both) ** 4 * x) * step / energy**2
    deltaj0 = 2 * _integral_over_octaves(lambda d: _correlation(mother, x, d) ** 2)
    deltaj0 /= _correlation(mother, x, 0.0) ** 2
    if abs(psi_zero) < 1e-9:  # an odd wavelet is zero at its centre: nothing to rebuild from
        return math.nan, float(gamma), float(deltaj0)
    integral = np.sum(both.real) * step
    cdelta = math.sqrt(math.pi / 2) / math.log(2) * integral / psi_zero
    return float(cdelta), float(gamma), float(deltaj0)


def _correlation(mother: Any, x: NDArray[np.float64], octaves: float) -> float:
    """Return the correlation, up to a factor, of white noise at two scales so far apart."""
    q = 2 ** (octaves / 2)
    products = (mother.psi_ft(u * x * q) * np.conj(mother.psi_ft(u * x / q)) for u in (1, -1))
    return float(abs(sum(np.sum(product * x) for product in products)))


def _integral_over_octaves(function: Callable[[float], float]) -> float:
    """Integrate a function that is concentrated at 0 by Gauss-Legendre panels."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    total = 0.0
    for low, high in pairwise(_PANELS):
        middle, half = (low + high) / 2, (high - low) / 2
        total += half * sum(
            w * function(middle + half * t) for t, w in zip(nodes, weights, strict=True)
        )
    return total
