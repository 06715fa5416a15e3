"""The null distribution over the whole map, from cells on a coarse mesh.

Distances from an end of the record count in scales, and far from the ends of both axes nothing
depends on the scale but through the spectrum of the noise. So scales and distances are computed
where the distribution changes, and interpolated in between by cubic splines of log P.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry import Geometry
from ..responses import band_of
from .forms import (
    Circle,
    at_nyquist,
    circle_of,
    felt_distances,
    noise_factor,
    smoothing_forms,
)
from .groups import group_tails
from .rows import RowForms, is_far_reaching
from .tail import GRID, RANK, SCRAMBLES, Scrambles, spline, tails

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

# Distances at which each scale is tabulated, from the nearest (0) to the farthest (1).
SHARES = np.asarray(np.linspace(0, 1, 11) ** 1.5)

# -log(1 - r) at steps fine enough for straight lines.
FINE = np.asarray(GRID[-1] * np.linspace(0, 1, 513) ** 2.5)

# Distances computed where there is little room, and at most if those near the ends are not asked.
_FEWEST, _INTERIOR = 3, 5

# Of levels, where times at which an end is felt are no larger a share, they do not matter, or the
# fewest distances will do.
_NO_TIMES, _FEW_TIMES = 0.001, 0.05

# Of levels, the nodes from one at which all scrambles are drawn to the next; and how much longer
# than coloured noise remembers, in samples at least, are scales at which it is white.
_EVERY, _WHITE, _LONG = 4, 3.0, 8.0

# Octaves between the scales that are computed: where noise is white, and the end of the record far;
# as a rule; near the end of the record or of the wavelet's frequencies; where the record is only
# some scales long, or the boxcar is cut off.
_WIDE, _RULE, _NEAR, _CLOSE = 2 / 3, 1 / 3, 1 / 6, 1 / 12

# Scales from the first one on, in half widths of the boxcar, whose levels bend where it is cut off.
_BEND = 4

# Lengths of a record, in scales, that are far, near and close.
_FAR_END, _NEAR_END, _CLOSE_END = 64.0, 16.0, 8.0

# A wavelet with more than this share of its peak at the Nyquist frequency is cut off by it.
_CUT_OFF = 1e-3

# Third distance of windows that fall off slowly, in scales.
_THIRD = 0.12

# Octaves of the boxcar to which the steps between scales belong; those of a wider one are wider.
_BOXCAR = 7 / 6

# The first of each group of eigenvalues that are taken together, where there are many small ones,
# and the number of those alone.
_GROUPS, _ALONE = np.array([*range(17), 20, 28, 48]), 16

# Eigenvalues below this share of the largest do not matter.
_NEGLIGIBLE = 1e-7


def monotone(x: NDArray[Any], values: NDArray[Any], axis: int = 0) -> Any:
    """Return an interpolant that rises and falls only where the values do."""
    from scipy.interpolate import PchipInterpolator  # takes long to import

    return PchipInterpolator(x, values, axis=axis)


@dataclass(frozen=True, eq=False)
class Table:
    """Null distributions by scale and distance from the nearest end of the record.

    Parameters
    ----------
    near, far : numpy.ndarray
        For each scale the distances from an end, in samples, between which the distribution
        changes, shape (n_scales,).
    nodes : numpy.ndarray
        The scales that were computed; those in between are interpolated. Ascending indices, or
        descending ones where the scales are in the opposite order, of which they count the last as
        0: so rounding is the same in both orders.
    log_p : numpy.ndarray
        log P(R2 > r) at distance ``near + SHARES**bend * (far - near)`` and -log(1 - r) = `GRID`:
        single precision, shape (n_nodes, SHARES.size, GRID.size).
    error : numpy.ndarray
        Standard error of `log_p`, same shape.
    simulated : bool
        Whether `log_p` was counted, and so is noisy. Interpolation then stays between neighbours,
        so that p is never smaller than the counts can tell.
    bend : float
        Exponent of the distances: where an end is felt from far away they are nearer to it.
    """

    near: Floats
    far: Floats
    nodes: NDArray[np.intp]
    log_p: NDArray[np.float32]
    error: NDArray[np.float32]
    simulated: bool = False
    bend: float = 1.0

    def shares_of(self, scale: int, distances: Floats) -> Floats:
        """Return where distances, in samples, lie on the scale of `SHARES`."""
        width = max(self.far[scale] - self.near[scale], 1e-300)
        shares = np.clip((distances - self.near[scale]) / width, 0, 1)
        return np.asarray(shares ** (1 / self.bend))

    @property
    def curves(self) -> Floats:
        """Log P at all scales over the grid `FINE`, shape (n_scales, SHARES.size, FINE.size)."""
        # Cubic splines overshoot a little.
        return np.asarray(np.minimum.accumulate(np.minimum(self._fine(self.log_p), 0), axis=-1))

    @property
    def errors(self) -> Floats:
        """Standard error of `curves`."""
        return np.abs(self._fine(self.error))

    def weights_at(self, shares: Floats) -> Floats:
        """Return the weights of the tabulated distances at others, (other, tabulated)."""
        if self.simulated:
            return np.stack([np.interp(shares, SHARES, row) for row in np.eye(SHARES.size)], axis=1)
        return np.asarray(_basis()(shares))

    def _fine(self, values: NDArray[np.float32]) -> Floats:
        """Return values at all scales over the grid `FINE`."""
        through = monotone if self.simulated else spline
        at_scales = values.astype(float)
        if self.nodes.size != self.far.size:
            order = slice(None, None, 1 if self.nodes[0] < self.nodes[-1] else -1)
            between = through(self.nodes[order], values[order])
            at_scales = between(np.arange(self.far.size))[order]
        return np.asarray(through(GRID, at_scales, axis=-1)(FINE))


@cache
def _basis() -> Any:
    return spline(SHARES, np.eye(SHARES.size))


def tabulate(
    geometry: Geometry,
    coefficients: Sequence[float],
    statistic: str = "pair",
    *,
    without_mean: bool,
    near: Floats | None = None,
) -> Table:
    """Compute the null distributions of a map.

    `coefficients` are the lag-1 autocorrelations of the response, the predictors and the series
    removed; `statistic` is "pair", "partial" or "multiple"; `without_mean` says whether the mean of
    each series is subtracted. Up to the distances `near`, in samples, nothing is asked: by default
    0. If they are given only levels of scales are, which takes less.
    """
    half = (geometry.n_times - 1) / 2
    forms, bend = None, 1.0
    felt = felt_distances(geometry)
    if statistic == "pair" and is_far_reaching(geometry.mother):
        wanted = dict.fromkeys(_in_order(coefficients, statistic))
        forms = RowForms(geometry, tuple(wanted), without_mean)
        felt = forms.felt
        nearest = _THIRD / np.median(felt / geometry.scales_in_samples)
        bend = float(np.log(nearest) / np.log(SHARES[2]))
    only_levels = near is not None
    near = np.zeros(geometry.n_scales) if near is None else np.minimum(near, half)
    far = np.maximum(near, np.minimum(felt, half))
    white = _white_from(geometry, coefficients)
    nodes = scale_nodes(geometry, white if only_levels and not forms else math.inf)
    last = np.flatnonzero(near < half).max(initial=0)
    asked = nodes[: 1 + np.count_nonzero(nodes[:-1] <= last)]
    is_full = np.ones(asked.size, dtype=bool)
    if only_levels and statistic == "pair" and not forms:
        is_full = _are_full(geometry, asked, 0.0 if len(set(coefficients)) == 1 else white)
    found = np.empty((SCRAMBLES, asked.size, SHARES.size, GRID.size))
    for place, index in enumerate(asked.tolist()):
        width, room = far[index] - near[index], half - near[index]
        number = SHARES.size if forms else round(SHARES.size * width / felt[index])
        number = min(max(number, _FEWEST), _INTERIOR if only_levels else SHARES.size)
        if few := only_levels and width < _FEW_TIMES * room:
            number = 1 if width < _NO_TIMES * room else _FEWEST
        shares = _shares(number)
        times = near[index] + shares**bend * width
        scrambles = np.full(number, SCRAMBLES if is_full[place] else 1)
        if few:
            scrambles[:-1] = 1
        if forms:
            cells = _tails_of_rows(*forms.at(index, times), scrambles)
        else:
            circle = circle_of(geometry, felt[index])
            k, Q = smoothing_forms(geometry, index, circle, times)
            cells = _tails_of(k, circle, Q, coefficients, statistic, without_mean, scrambles)
        found[:, place] = _between(number) @ cells
    if not is_full.all():
        found = _with_all_scrambles(found, np.flatnonzero(is_full))
    found = found[:, np.minimum(np.arange(nodes.size), asked.size - 1)]
    log_p = np.logaddexp.reduce(found) - np.log(SCRAMBLES)
    error = found.std(axis=0, ddof=1) / np.sqrt(SCRAMBLES)
    return Table(near, far, nodes, log_p.astype(np.float32), error.astype(np.float32), bend=bend)


def _with_all_scrambles(found: Floats, full: NDArray[np.intp]) -> Floats:
    """Return log P by scramble and node, if at the others than the full ones one was drawn."""
    differences = monotone(full, (found - found[0])[:, full], axis=1)
    return np.asarray(found[0] + differences(np.arange(found.shape[1])))


def _shares(number: int) -> Floats:
    """Return as `SHARES` the distances to compute: of one the farthest."""
    return np.asarray(np.linspace(1, 0, number)[::-1] ** 1.5)


@cache
def _between(number: int) -> Floats:
    """Return the weights of the distances computed at those tabulated, (tabulated, computed)."""
    if number == 1:
        return np.ones((SHARES.size, 1))
    return np.asarray(spline(_shares(number), np.eye(number))(SHARES))


def _white_from(geometry: Geometry, coefficients: Sequence[float]) -> float:
    """Return the scale, in samples, from which on the noises are white, and no wavelet cut off."""
    memory = max(math.sqrt(abs(g)) / (1 - g) for g in coefficients)
    return max(_WHITE * memory * 2 * math.pi / float(geometry.mother.flambda()), _LONG)


def _are_full(geometry: Geometry, nodes: NDArray[np.intp], alike_from: float) -> NDArray[np.bool_]:
    """Return at which nodes all scrambles are drawn, if only levels are asked.

    From scale to scale they differ alike, except where the boxcar or the wavelet is cut off, and
    where noises of different colours differ in their phases, too; and not at all if the wavelet's
    band is so narrow that the scales have little in common.
    """
    band = band_of(geometry.mother.psi_ft)
    is_narrow = band is None or band[1] > band[2] - band[1]
    if geometry.windows is not None or is_narrow:
        return np.ones(nodes.size, dtype=bool)
    beside = geometry.taps.size // 2
    is_full = (np.arange(nodes.size) % _EVERY == 0) | (nodes <= beside)
    is_full |= nodes == geometry.n_scales - 1 - beside
    is_full |= geometry.scales_in_samples[nodes] < alike_from
    is_full[-1] = True
    return np.asarray(is_full)


def scale_nodes(geometry: Geometry, white_from: float = math.inf) -> NDArray[np.intp]:
    """Return the scales to compute: few from the one on, in samples, at which noise is white."""
    if geometry.windows is not None:  # few, and each with neighbours of its own
        return np.arange(geometry.n_scales)
    scales, last = geometry.scales_in_samples, geometry.n_scales - 1
    beside = geometry.taps.size // 2
    cut_off = at_nyquist(geometry.mother, scales * 2 ** (-beside * geometry.dj)) > _CUT_OFF
    length, index = geometry.n_times / scales, np.arange(scales.size)
    is_even = (scales > white_from) & (length > _FAR_END) & (index > _BEND * beside)
    step = np.where(is_even, _WIDE, _RULE)
    step[cut_off | (length < _NEAR_END)] = _NEAR
    step[(index < beside) | (index > last - 2 * beside) | (length < _CLOSE_END)] = _CLOSE
    step = np.minimum(
        step * max(1, geometry.taps.size * geometry.dj / _BOXCAR), np.maximum(step, _RULE)
    )
    found = [0]
    while found[-1] < last:
        found.append(found[-1] + max(1, round(step[found[-1]] / geometry.dj)))
    found[-1] = last
    return np.asarray(found)


def _tails_of(
    k: NDArray[np.intp],
    circle: Circle,
    Q: Complexes,
    coefficients: Sequence[float],
    statistic: str,
    without_mean: bool,
    scrambles: Scrambles = None,
) -> Floats:
    """Return log P from the smoothing forms at some times, (scramble, time, y)."""
    if k.size == 0:  # a wavelet without any response on this grid: nothing is ever found there
        return np.zeros((SCRAMBLES, len(Q), GRID.size))
    own, *given = _in_order(coefficients, statistic)
    factors: list[Complexes | None] = [None] * len(given)
    L = noise_factor(k, circle, own, without_mean)
    M = L.conj().T @ Q @ L
    if all(g == own for g in given):
        poles = largest(np.asarray(np.linalg.eigvalsh(M)))
    else:
        sizes, vectors = np.linalg.eigh(M)
        poles = largest(sizes)
        basis = _steady(L, vectors[..., ::-1][..., :RANK])
        turned = basis.conj().swapaxes(-1, -2) @ (L.conj().T @ Q)
        factors = [
            None if g == own else _factor(poles, turned @ noise_factor(k, circle, g, without_mean))
            for g in given
        ]
    if len(given) == 1:
        return tails(poles, factors[0], scrambles=scrambles)
    if statistic == "partial":
        return group_tails(poles, factors)
    *others, response = given
    fewer = _tails_of(k, circle, Q, [response, *others], statistic, without_mean)
    return group_tails(poles, factors, np.log(np.exp(fewer).mean(axis=0)))


def _tails_of_rows(Q: Complexes, noises: list[Complexes], scrambles: Scrambles) -> Floats:
    """Return log P of a pair from forms with many small eigenvalues, (scramble, time, y)."""
    if not Q.any():  # no response on this grid: nothing is ever found there
        return np.zeros((SCRAMBLES, len(Q), GRID.size))
    L = noises[0]
    M = L.conj().T @ Q @ L
    if len(noises) == 1:
        sizes, vectors = np.linalg.eigvalsh(M), M
    else:
        sizes, vectors = np.linalg.eigh(M)
    sizes = np.pad(np.maximum(sizes[:, ::-1], 0), ((0, 0), (0, max(0, 49 - sizes.shape[1]))))
    sizes /= sizes.sum(axis=1, keepdims=True)
    sums, squares = (np.add.reduceat(each, _GROUPS, axis=1) for each in (sizes, sizes**2))
    # Groups of one value each, with the same sum and sum of squares.
    numbers = np.where(squares > 0, sums**2 / np.where(squares > 0, squares, 1), 1)
    poles = sums / numbers
    if len(noises) == 1:
        return tails(poles, None, numbers, scrambles)
    basis = vectors[..., ::-1]
    basis = np.concatenate([_steady(L, basis[..., :_ALONE]), basis[..., _ALONE:]], axis=-1)
    y = basis.conj().swapaxes(-1, -2) @ (L.conj().T @ Q @ noises[1])
    B = np.zeros((len(Q), RANK, RANK), dtype=complex)
    alone = _factor(poles[:, :_ALONE], y[:, :_ALONE])[:, :_ALONE, :_ALONE]
    B[:, :_ALONE, :_ALONE] = alone
    # Of a group only the power counts.
    own = sizes[:, : y.shape[1]]
    power = np.zeros_like(sizes)
    power[:, : y.shape[1]] = (np.abs(y) ** 2).sum(axis=-1) / np.where(own > 0, own, np.inf)
    places = np.arange(_ALONE, RANK)
    grouped = np.add.reduceat(power, _GROUPS, axis=1) / numbers
    B[:, places, places] = np.sqrt(grouped[:, places])
    return tails(poles, B, numbers, scrambles)


def _in_order(coefficients: Sequence[float], statistic: str) -> list[float]:
    """Return the coefficients of the random series, of those given, and of the response.

    A partial coherence is the same for response and predictor in either order, a multiple one for
    all orders of the predictors.
    """
    response, *predictors = coefficients
    if statistic == "multiple":
        *others, own = sorted(predictors)
        return [own, *others, response]
    (response, own), removed = sorted(coefficients[:2]), sorted(coefficients[2:])
    return [own, *removed, response]


def _steady(L: Complexes, basis: Complexes) -> Complexes:
    """Return eigenvectors with phases, which are arbitrary, that change slowly between cells."""
    shown = L @ basis
    largest_one = np.abs(shown).argmax(axis=1, keepdims=True)
    turn = np.take_along_axis(shown, largest_one, axis=1)
    turn = np.where(turn == 0, 1, turn)
    return basis * (np.abs(turn) / turn)


def _factor(poles: Floats, y: Complexes) -> Complexes:
    """Return B, by which y = B z is another series in the basis of the eigenvectors of U U^H.

    B B^H is its covariance. Of all such B the Hermitian one is next to diagonal, and the points of
    z keep their order of importance.
    """
    size = poles[:, : y.shape[1], np.newaxis]
    y = np.where(size > 0, y / np.sqrt(np.where(size > 0, size, 1)), 0)
    sizes, vectors = np.linalg.eigh(y @ y.conj().swapaxes(-1, -2))
    B = vectors * np.sqrt(np.maximum(sizes, 0))[:, np.newaxis] @ vectors.conj().swapaxes(-1, -2)
    missing = RANK - B.shape[-1]
    return np.pad(B, ((0, 0), (0, missing), (0, missing)))


def largest(eigenvalues: Floats) -> Floats:
    """Return the `RANK` largest of ascending eigenvalues, descending, scaled to sum 1."""
    found = eigenvalues[:, ::-1][:, :RANK]
    found = np.where(found > _NEGLIGIBLE * found[:, :1], found, 0)
    found = np.pad(found, ((0, 0), (0, RANK - found.shape[1])))
    return np.asarray(found / found.sum(axis=1, keepdims=True))
