"""The distribution of the squared coherence, given the eigenvalues of the smoothing form.

Let l_k be the eigenvalues for series 2, scaled to sum 1, and y series 1 in their basis. Given y,
R2 > r is the event that a rank-one update of a negative form has one positive eigenvalue, the root
of a secular equation. With this root x as the parameter in place of r, none has to be found:

    S  = sum |y_k|^2                        1 - r(x) = x / S sum |y_k|^2 / (x + l_k)
    s1 = sum l_k |y_k|^2 / (x + l_k)        s2 = sum l_k |y_k|^2 / (x + l_k)^2
    P(R2 > r(x) | y) = x^(K-1) s1 / (s2 prod_k (x + l_k)),        x from infinity to 0.

Only the direction of y counts. For series of the same noise |y_k|^2 = l_k e_k, e_k independent unit
exponentials; in general y = B z, z complex normal. The average is over scrambled Sobol points. A
part of them is drawn from exponentials of means 1 / (1 - t l_k / l_1), which favour directions of
high coherence, and all are weighted by their density under the mixture: so the tail comes out to a
few per cent down to 1e-12.

Logarithms of P are tabulated over y = -log(1 - r), where they are smooth, and straight in the end.
Averages are smoother than the curves of single draws, which are interpolated at every second point.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Scrambles = NDArray[np.intp] | None

# Eigenvalues used; those after them are below 1e-6 of the first.
RANK = 20

# -log(1 - r) where distributions are tabulated: from 0 to 33, where 1 - r is rounding error.
GRID = np.asarray(33 * np.linspace(0, 1, 65) ** 2.5)

# Averages are taken at every second of them; the spline in between errs by 0.00002 of a level.
_EVERY = 2

# Independent scrambles, whose spread is the error, and points of both parts in each: more where the
# phases of z matter, too.
SCRAMBLES, _POINTS, _WITH_PHASES = 4, (128, 64), (256, 128)

# Tilt t of the second part.
TILT = 0.8

# The parameter x: close by where levels lie, in steps of its logarithm from one limit to the next.
_LIMITS, _STEPS = (6, 3, -7, -16, -40), (6, 42, 15, 4)
X = np.exp(np.interp(np.arange(sum(_STEPS) + 1), np.cumsum([0, *_STEPS]), _LIMITS))


def spline(x: NDArray[Any], values: NDArray[Any], axis: int = 0) -> Any:
    """Return a cubic spline through values."""
    from scipy.interpolate import CubicSpline  # takes long to import

    return CubicSpline(x, values, axis=axis)


def tails(
    eigenvalues: Floats,
    factors: Complexes | None = None,
    numbers: Floats | None = None,
    scrambles: Scrambles = None,
) -> Floats:
    """Return log P(R2 > r) on the grid, (SCRAMBLES, cell, y).

    `eigenvalues` descend, (cell, RANK); zeros do no harm. `factors` are B, (cell, RANK, RANK); None
    for series of the same noise. `numbers` says how many eigenvalues each stands for, by default
    1; `scrambles` how many to draw for each cell, by default all: the others are taken to differ
    from the first as those of the last cell do.
    """
    coarse = GRID[::_EVERY]
    found = np.empty((SCRAMBLES, len(eigenvalues), coarse.size))
    numbers = np.ones_like(eigenvalues) if numbers is None else numbers
    differences = np.zeros((SCRAMBLES, coarse.size))
    # One cell at a time: its arrays stay in the processor's cache.
    for cell in reversed(range(len(eigenvalues))):
        drawn = SCRAMBLES if scrambles is None else scrambles[cell]
        factor = None if factors is None else factors[cell]
        for seed in range(drawn):
            found[seed, cell] = _average(eigenvalues[cell], numbers[cell], factor, seed)
        found[drawn:, cell] = found[0, cell] + differences[drawn:]
        differences = found[:, -1] - found[0, -1]
    return np.asarray(found @ _between())


@cache
def _between() -> Floats:
    """Return the spline through every second point of the grid, at all of them, as a matrix."""
    coarse = GRID[::_EVERY]
    return np.asarray(spline(coarse, np.eye(coarse.size))(GRID).T)


def log_tail(
    poles: Floats, strengths: Floats, numbers: Floats | float = 1.0, every: int = 1
) -> Floats:
    """Return log P(R2 > r | y) at every `every`-th point of the grid, (draw, point).

    `poles` are the l_k, `strengths` the |y_k|^2, (draw, k), 0 where l_k is. Each of the l_k stands
    for `numbers` eigenvalues, and its |y_k|^2 is that of all of them.
    """
    sums = poles[:, np.newaxis] + X  # (K, x)
    numbers = np.broadcast_to(numbers, poles.shape)
    fixed = (numbers.sum() - 1) * np.log(X) - numbers @ np.log(sums)
    # Of the draws single precision is enough.
    inverse = (1 / sums).astype(np.float32)
    powers = (strengths / strengths.sum(axis=-1, keepdims=True)).astype(np.float32)
    below = powers @ (inverse * X.astype(np.float32))  # 1 - r, and so s1 / S = r
    s2 = (powers * poles.astype(np.float32)) @ (inverse * inverse)
    return interpolated(-np.log(below), np.log((1 - below) / s2) + fixed, every)


def interpolated(y: Floats, log_p: Floats, every: int = 1) -> Floats:
    """Return curves log P over y, (curve, point), at points of the grid."""
    # All curves one after the other are one ascending curve.
    apart, places = _places(len(y), every)
    found = np.interp(places, (apart + y).ravel(), log_p.ravel())
    found = np.minimum(found, 0.0).reshape(len(y), -1)
    found[:, 0] = 0.0  # R2 > 0 is certain
    return np.asarray(found)


@cache
def _places(n_curves: int, every: int) -> tuple[Floats, Floats]:
    """Return how far curves are moved apart, and the points of the grid moved with each."""
    apart = 2 * GRID[-1] * np.arange(n_curves)[:, np.newaxis]
    return apart, (GRID[::every] + apart).ravel()


def _average(poles: Floats, numbers: Floats, factor: Complexes | None, seed: int) -> Floats:
    """Average over the directions of y at one cell."""
    means = 1 / (1 - TILT * poles / poles[0])
    n_plain, n_tilted = _POINTS if factor is None else _WITH_PHASES
    plain, tilted, phases = _points(seed, n_plain, n_tilted)
    # Sums of so many exponentials have this mean and variance.
    sums = numbers + np.sqrt(numbers) * (np.concatenate([plain, tilted]) - 1)
    e = sums * np.where(np.arange(len(sums)) < n_plain, 1.0, means.reshape(-1, 1)).T
    e /= e.sum(axis=-1, keepdims=True)
    # Density of the second part against the first, at each direction.
    log_density = -numbers @ np.log(means) - numbers.sum() * np.log((e / means).sum(axis=-1))
    weights = 1 / (n_plain + n_tilted * np.exp(log_density))
    weights /= weights.sum()
    if factor is None:
        strengths = e * poles
    else:
        y = (np.sqrt(e) * phases) @ factor.T
        strengths = y.real**2 + y.imag**2
    log_p = log_tail(poles, strengths, numbers, _EVERY)
    highest = log_p.max(axis=0)
    return np.asarray(np.log(weights @ np.exp(log_p - highest)) + highest)


@cache
def _points(seed: int, *numbers: int) -> tuple[Floats, Floats, Complexes]:
    """Return unit exponentials of both parts, and phases of all points, (point, k) each."""
    from scipy.stats import qmc  # takes longer to import than all the rest

    drawn = []
    for part, n in enumerate(numbers):
        # By the name that SciPy 1.13 knows, too.
        sobol = qmc.Sobol(2 * RANK, seed=np.random.default_rng([seed, part]))
        drawn.append(sobol.random(n))
    plain, tilted = (-np.log1p(-points[:, :RANK]) for points in drawn)
    return plain, tilted, np.exp(2j * np.pi * np.concatenate(drawn)[:, RANK:])
