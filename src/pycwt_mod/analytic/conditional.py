"""P-values for one series as it was observed, and the other AR(1) noise.

With series 1 fixed, its transforms in the smoothing window are a = U_1 x, and nothing is left to
average: y = V^H a in the eigenvectors V of the other's form, and P(R2 > r | y) of `tail`, at the
root x of its secular equation for the observed r. Both change slowly over time, on the scale of the
smoothing; they are computed at a few times for each scale, and interpolated.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..geometry import Geometry
from .compute import largest, spline
from .forms import Circle, circle_of, felt_distances, noise_factor, smoothing_forms
from .tail import RANK

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

# Times for each scale at which the observed series is looked at.
_TIMES_PER_SCALE = 4.0

# An observed series may have far more power at other frequencies and times than it has at a cell,
# so responses are followed farther down than for noise.
_CUT, _BEYOND = 1e-8, 1e-6

# Values of the records of far times held at once.
_MOST_VALUES = 2**21

# The logarithm of the root is known to this.
_CLOSE, _MOST_STEPS = 1e-9, 100

# The logarithm of a probability that is none.
_IMPOSSIBLE = -700.0


def conditional_pvalues(
    R2: Floats, series: Floats, geometry: Geometry, coefficient: float, *, without_mean: bool
) -> Floats:
    """Return the probability of at least these coherences with a given series.

    Parameters
    ----------
    R2 : numpy.ndarray
        Observed coherences, shape (n_scales, n).
    series : numpy.ndarray
        The given series as it was transformed, shape (n,).
    geometry : Geometry
        Of both.
    coefficient : float
        Lag-1 autocorrelation of the other series.
    without_mean : bool
        Whether the mean of the other series is subtracted.

    Returns
    -------
    numpy.ndarray
        Shape (n_scales, n); NaN where R2 is.
    """
    felt = felt_distances(geometry, _BEYOND)
    every, p = np.arange(series.size), np.empty_like(R2)
    for index, row in enumerate(p):
        form = _Form(geometry, index, felt[index], coefficient, without_mean)
        times, values = form.along(series)
        if times.size < every.size:
            values = np.maximum(spline(times, values)(every), 0)
        poles, strengths, rest = values[:, :RANK], values[:, RANK:-1], values[:, -1]
        row[:] = np.exp(log_p(poles, strengths, rest, R2[index]))
    return p


def log_p(poles: Floats, strengths: Floats, rest: Floats, R2: Floats) -> Floats:
    """Return log P(R2 > r | y) at an r for each y.

    Parameters
    ----------
    poles, strengths : numpy.ndarray
        The l_k and |y_k|^2, shape (n, K); both 0 where there is none.
    rest : numpy.ndarray
        The part of S outside the eigenvectors, shape (n,).
    R2 : numpy.ndarray
        The r, shape (n,).
    """
    poles, strengths, rest, r = poles.T, strengths.T, rest, np.clip(R2, 0, 1)
    used = poles > 0
    total = strengths.sum(axis=0) + rest
    wanted = (1 - r) * total - rest  # x sum |y_k|^2 / (x + l_k)
    with np.errstate(all="ignore"):
        # The function of log x is concave, and this is left of its root: so are all steps to it.
        x = wanted / np.where(used, strengths / np.where(used, poles, 1), 0).sum(axis=0)
        for _ in range(_MOST_STEPS):
            part = strengths / (x + poles)
            value = x * part.sum(axis=0)
            slope = x * (part * poles / (x + poles)).sum(axis=0) / value
            change = (np.log(wanted) - np.log(value)) / slope
            x = x * np.exp(np.minimum(change, 5.0))
            if not (np.abs(change) > _CLOSE).any():
                break
        sums = x + poles
        s1 = (poles * strengths / sums).sum(axis=0)
        s2 = (poles * strengths / sums**2).sum(axis=0)
        found = -np.log(x) + np.log(s1 / s2) - np.where(used, np.log(sums / x), 0).sum(axis=0)
    found = np.where(np.isfinite(found), np.clip(found, _IMPOSSIBLE, 0), 0.0)
    found = np.where(wanted > 0, found, _IMPOSSIBLE)
    return np.where(np.isnan(R2), np.nan, found)


class _Form:
    """The eigenvalues and eigenvectors of one scale, wherever they are asked for."""

    def __init__(
        self, geometry: Geometry, index: int, felt: float, coefficient: float, without_mean: bool
    ) -> None:
        self._geometry, self._index = geometry, index
        self._coefficient, self._without_mean = coefficient, without_mean
        self._circle, self._felt = circle_of(geometry, felt), math.ceil(felt)

    def along(self, series: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Return some times, and poles, strengths and the rest of them there, in columns."""
        circle, n = self._circle, series.size
        step = max(1, int(self._geometry.scales_in_samples[self._index] / _TIMES_PER_SCALE))
        half = (n + 1) // 2 if circle.n == n else min(self._felt, (n + 1) // 2)
        distances = np.append(np.arange(0, half - 1, step), half - 1)
        begins = circle.n // 2 if circle.closed else circle.n
        # Backwards in time R2 and the noise are the same.
        both = [np.append(x[:begins], x[n - circle.n + begins :]) for x in (series, series[::-1])]
        first, last = self._of(circle, distances, np.array(both))
        inner = np.arange(half, n - half, step)
        parts = np.array_split(inner, 1 + inner.size * 2 * self._felt // _MOST_VALUES)
        found = [self._inside(series, part) for part in parts if part.size]
        times = np.concatenate([distances, inner, n - 1 - distances[::-1]])
        values = np.concatenate([first, *found, last[::-1]])
        times, kept = np.unique(times, return_index=True)
        return times, values[kept]

    def _inside(self, series: Floats, times: NDArray[np.intp]) -> Floats:
        """Return the same far from both ends, where all times have one form."""
        n_seen = 2 * self._felt + 1
        n_fft = n_seen + self._felt + self._felt % 2
        circle = Circle(n_seen, n_fft, series.size, self._geometry.n_fft, closed=False)
        records = sliding_window_view(series, n_seen)[times - self._felt]
        return self._of(circle, np.array([self._felt]), records)[:, 0]

    def _of(self, circle: Circle, times: NDArray[np.intp], records: Floats) -> Floats:
        """Return the same for each record at each time, (record, time, column)."""
        found = np.zeros((len(records), times.size, 2 * RANK + 1))
        k, Q = smoothing_forms(self._geometry, self._index, circle, times.astype(float), _CUT)
        if not k.size:
            return found
        L = noise_factor(k, circle, self._coefficient, self._without_mean)
        X = records @ np.exp((-2j * np.pi / circle.n_fft) * np.outer(np.arange(circle.n), k))
        total = ((X.conj() @ Q) * X).sum(axis=-1).real.T
        sizes, vectors = np.linalg.eigh(L.conj().T @ Q @ L)
        sizes, vectors = sizes[:, ::-1][:, :RANK], vectors[..., ::-1][..., :RANK]
        poles = largest(sizes[:, ::-1])
        filters = vectors.conj().swapaxes(-1, -2) @ (L.conj().T @ Q)  # (time, eigenvector, k)
        moved = (X @ filters.swapaxes(-1, -2)).swapaxes(0, 1)
        n_used = sizes.shape[1]
        used = poles[:, :n_used] > 0
        strengths = np.where(used, np.abs(moved) ** 2 / np.where(used, sizes, 1), 0)
        found[..., :RANK] = poles
        found[..., RANK : RANK + n_used] = strengths
        found[..., -1] = np.maximum(total - strengths.sum(axis=-1), 0)
        return found
