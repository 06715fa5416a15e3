"""The distribution of partial and multiple coherence, given the eigenvalues of the smoothing form.

As in `tail`, one series w is random and the others are given. In the basis of the eigenvectors for
w, l_k their eigenvalues, let F be the orthonormal columns that span first Z, the m other series,
and then the response y. Given them, that the partial coherence rho2 of y and w exceeds r is again
the event that a form has one positive eigenvalue, and its root x again the parameter:

    H(x) = F^H x / (x + l) F            1 - r(x) = H_yy - H_yZ H_ZZ^-1 H_Zy
    P(rho2 > r(x) | Z, y) = x^(K-1) r / (-r'(x) det(H_ZZ) prod_k (x + l_k))

With Z the series removed, this is the partial coherence. With Z all predictors but w, it gives the
multiple coherence, as 1 - R2_y.Zw = (1 - R2_y.Z) (1 - rho2), where R2_y.Z is given.

The average over Z and y is one over scrambled Sobol points, a part of them tilted, as in `tail`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tail import GRID, RANK, SCRAMBLES, TILT, X, interpolated

Triangle = dict[tuple[int, int], NDArray[Any]]
Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

# Points of both parts in each scramble; strata of what the given predictors explain.
_POINTS, _STRATA = (128, 64), 24

# Eigenvalues below this share of the largest change no level by more than a thousandth.
_SMALL = 1e-5


def group_tails(
    eigenvalues: Floats, factors: Sequence[Complexes | None], fewer: Floats | None = None
) -> Floats:
    """Return log P of the partial or multiple coherence on the grid, (SCRAMBLES, cell, y).

    `eigenvalues` are the l_k of the random series, (cell, RANK), descending. `factors` are for each
    of the other series, first Z and then y, the B of `tails`. For the multiple coherence `fewer` is
    log P of that of y with Z, (cell, y); without it, it is the partial one, with Z removed.
    """
    found = np.zeros((SCRAMBLES, len(eigenvalues), GRID.size))
    for seed, curves in enumerate(found):
        for cell, poles in enumerate(eigenvalues):
            # With no more values than series every coherence is 1.
            if np.count_nonzero(poles) > len(factors):
                own = [None if each is None else each[cell] for each in factors]
                curves[cell] = _average(poles, own, None if fewer is None else fewer[cell], seed)
    return found


def group_log_tail(poles: Floats, given: Complexes) -> tuple[Floats, Floats, Floats]:
    """Return -log(1 - r) and log P of the partial coherence, (draw, point), and what Z explains.

    `poles` are the l_k, `given` is Z and y, (series, draw, k), 0 where l_k is. What Z explains is
    -log(1 - R2_y.Z) of each draw.
    """
    columns, rest = _orthonormal(given)
    inverse = 1 / (poles[:, np.newaxis] + X)  # (k, x)
    n = len(columns)
    # The lower triangles of H and its derivative, each element (draw, x).
    H: Triangle = {}
    D: Triangle = {}
    for i in range(n):
        for j in range(i + 1):
            products: NDArray[Any] = columns[i] * columns[j].conj()
            products = products.real if i == j else products
            H[i, j] = _product(products, inverse) * X
            D[i, j] = _product(products * poles, inverse * inverse)
    log_det = np.zeros(1)
    for k in range(n - 1):
        log_det = log_det + np.log(H[k, k])
        _eliminate(H, D, k, n)
    below, slope = H[n - 1, n - 1], D[n - 1, n - 1]
    log_p = (poles.size - 1) * np.log(X) + np.log(inverse).sum(axis=0) - log_det
    log_p = log_p + np.log((1 - below) / slope)
    return -np.log(below), log_p, -np.log(rest)


def _eliminate(H: Triangle, D: Triangle, k: int, n: int) -> None:
    """Replace H by the Schur complement of its k-th diagonal, and D by its derivative."""
    for i in range(k + 1, n):
        for j in range(k + 1, i + 1):
            ci, cj = H[i, k] / H[k, k], H[j, k].conj() / H[k, k]
            H[i, j] = H[i, j] - ci * H[j, k].conj()
            D[i, j] = D[i, j] - ci * D[j, k].conj() - cj * D[i, k] + ci * cj * D[k, k]
        H[i, i], D[i, i] = H[i, i].real, D[i, i].real


def _product(left: NDArray[Any], right: Floats) -> NDArray[Any]:
    """Return a product of matrices, the right one real."""
    if np.isrealobj(left):
        return left @ right
    return np.asarray(left.real @ right + 1j * (left.imag @ right))


def _orthonormal(given: Complexes) -> tuple[list[Complexes], Floats]:
    """Return orthonormal series, and what is left of the power of the last one."""
    columns: list[Complexes] = []
    rest = np.ones(given.shape[1])
    for series in given / np.linalg.norm(given, axis=-1, keepdims=True):
        for known in columns:
            series = series - known * (known.conj() * series).sum(axis=-1, keepdims=True)
        rest = np.linalg.norm(series, axis=-1) ** 2
        columns.append(series / np.sqrt(rest)[:, np.newaxis])
    return columns, rest


def _average(
    poles: Floats, factors: Sequence[Complexes | None], fewer: Floats | None, seed: int
) -> Floats:
    """Average over the directions of Z and y at one cell."""
    rank = np.count_nonzero(poles > _SMALL * poles[0])
    poles = poles[:rank] / poles[:rank].sum()
    plain, tilted, phases = (part[..., :rank] for part in _points(len(factors), seed))
    means = 1 / (1 - TILT * poles / poles[0])
    e = np.concatenate([plain, tilted * means], axis=1)  # (series, draw, k)
    log_density = -np.log(means).sum() - rank * np.log((e / means).sum(-1) / e.sum(-1))
    weights = 1 / (_POINTS[0] + _POINTS[1] * np.exp(log_density.sum(axis=0)))
    z = np.sqrt(e) * phases
    for own, B in zip(z, factors, strict=True):
        own[:] = own * np.sqrt(poles) if B is None else own @ B[:rank, :rank].T
    y, log_p, explained = group_log_tail(poles, z)
    if fewer is not None:
        y = y + explained[:, np.newaxis]
        weights = _stratified(weights, explained, fewer)
    # Up to the first y the coherence exceeds r for certain.
    y, log_p = (np.pad(curve, ((0, 0), (1, 0))) for curve in (y, log_p))
    log_p = interpolated(y, log_p)
    highest = log_p.max(axis=0)
    return np.asarray(np.log(weights / weights.sum() @ np.exp(log_p - highest)) + highest)


def _stratified(weights: Floats, explained: Floats, fewer: Floats) -> Floats:
    """Return weights by which what Z explains has its own distribution, known from `fewer`.

    It varies much, and most of what varies in the average comes from it.
    """
    order = np.argsort(explained)
    strata = np.array_split(order, _STRATA)
    edges = [(explained[low[-1]] + explained[high[0]]) / 2 for low, high in pairwise(strata)]
    exceeding = np.concatenate([[1.0], np.exp(np.interp(edges, GRID, fewer)), [0.0]])
    found = weights.copy()
    for stratum, share in zip(strata, -np.diff(exceeding), strict=True):
        found[stratum] *= share / weights[stratum].sum()
    return found


@cache
def _points(n: int, seed: int) -> tuple[Floats, Floats, Complexes]:
    """Return unit exponentials of both parts, and phases of all points: (series, point, k) each."""
    from scipy.stats import qmc  # takes longer to import than all the rest

    drawn = []
    for part, count in enumerate(_POINTS):
        points = qmc.Sobol(2 * n * RANK, seed=np.random.default_rng([seed, part])).random(count)
        # The first coordinates, the best, are for the largest eigenvalues of all series.
        drawn.append(np.moveaxis(points.reshape(count, 2, RANK, n), -1, 0))
    plain, tilted = (-np.log1p(-points[:, :, 0]) for points in drawn)
    return plain, tilted, np.exp(2j * np.pi * np.concatenate(drawn, axis=1)[:, :, 1])
