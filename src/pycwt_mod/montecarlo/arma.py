"""Autoregressive moving-average noise: its coefficients, its fit to a series, and its draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..validation import as_real_array, brief

Array = NDArray[np.float64]

# A series must have this many samples for each coefficient that is fitted to it.
SAMPLES_PER_COEFFICIENT = 10

# Fitted partial autocorrelations stay this far from 1, beyond which noise is not stationary.
_FROM_UNIT_ROOT = 1e-4


@dataclass(frozen=True)
class ARMA:
    """Stationary Gaussian noise x_t = sum_i ar_i x_(t-i) + e_t + sum_j ma_j e_(t-j), e_t white.

    Pass it as `noise` where you know the coefficients; ``noise="arma(p,q)"`` fits them.

    Parameters
    ----------
    ar, ma : sequence of float
        Coefficients of lags 1, 2, ..., with these signs: those that a fitted model of statsmodels
        has as `arparams` and `maparams`.

    Raises
    ------
    TypeError, ValueError
        If they are no finite numbers, or the noise is not stationary.

    Examples
    --------
    >>> from pycwt_mod import ARMA, wct_significance
    >>> rhythm = ARMA([1.6, -0.9])  # a narrow peak near a period of 11 samples
    >>> level = wct_significance(
    ...     0, 0, 1.0, 1 / 4, 2.0, 12, noise=rhythm, mc_count=60, rng_seed=1, progress=False
    ... )
    >>> bool(level[8] > level[0])
    True
    """

    ar: Sequence[float] = ()
    ma: Sequence[float] = field(default=())

    def __post_init__(self) -> None:
        """Check the coefficients."""
        for name in ("ar", "ma"):
            found = np.atleast_1d(as_real_array(getattr(self, name), name))
            if found.ndim != 1:
                raise ValueError(f"`{name}` must have one axis, got shape {found.shape}.")
            object.__setattr__(self, name, tuple(found.tolist()))
        if self.ar and not np.abs(np.roots([1.0, *(-a for a in self.ar)])).max() < 1:
            raise ValueError(
                f"`ar` must be coefficients of stationary noise, got {brief(list(self.ar))}. "
                "Detrend or difference the series before the fit."
            )

    @property
    def arparams(self) -> Array:
        """Autoregressive coefficients, by statsmodels' name."""
        return np.array(self.ar)

    @property
    def maparams(self) -> Array:
        """Moving-average coefficients, by statsmodels' name."""
        return np.array(self.ma)

    def filtered(self, normals: Array, start: Array) -> Array:
        """Return noise from standard normals: innovations, and those of the state at the start."""
        from scipy.signal import lfilter  # takes longer

        b, a = self._polynomials
        if b.size == 1:
            return normals
        noise, _ = lfilter(b, a, normals, zi=self._start @ start)
        return np.asarray(noise)

    @property
    def n_states(self) -> int:
        """Number of normals that a stationary start takes."""
        return self._polynomials[0].size - 1

    @property
    def _polynomials(self) -> tuple[Array, Array]:
        size = 1 + max(len(self.ar), len(self.ma))
        b, a = np.zeros((2, size))
        b[: 1 + len(self.ma)], a[: 1 + len(self.ar)] = [1, *self.ma], [1, *(-c for c in self.ar)]
        return b, a

    @cached_property
    def _start(self) -> Array:
        """A square root of the covariance that the state of `lfilter` has in stationary noise."""
        from scipy.linalg import solve_discrete_lyapunov  # takes long to import

        b, a = self._polynomials
        step = np.eye(self.n_states, k=1)
        step[:, 0] = -a[1:]
        driven = b[1:] - a[1:] * b[0]
        covariance = solve_discrete_lyapunov(step, np.outer(driven, driven))
        sizes, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
        return np.asarray(vectors * np.sqrt(np.maximum(sizes, 0)))


def as_arma(model: Any) -> ARMA:
    """Return the coefficients of a fitted model, such as one of statsmodels."""
    parts = (getattr(model, name, None) for name in ("arparams", "maparams"))
    return ARMA(*(() if part is None else np.asarray(part).tolist() for part in parts))


def fit_arma(series: Array, p: int, q: int) -> ARMA:
    """Fit the coefficients of ARMA(p, q) to a series, by least squares of its innovations.

    The sum of squares is that of the innovations given the first p samples (Box & Jenkins 1976).
    Partial autocorrelations stand for the coefficients, so that noise is stationary and invertible
    (Monahan 1984, doi:10.1093/biomet/71.2.403); those of Burg's estimate are the start.
    """
    from scipy.optimize import least_squares
    from scipy.signal import lfilter

    anomaly = (series - series.mean()) / series.std()

    def innovations(free: Array) -> Any:
        a, b = (_from_partial(np.tanh(part)) for part in (free[:p], free[p:]))
        return lfilter([1.0, *-a], [1.0, *-b], anomaly)[p:]

    start = np.concatenate([np.arctanh(_burg(anomaly, p)), np.zeros(q)])
    free = least_squares(innovations, start).x if q else start
    partial = np.clip(np.tanh(free), _FROM_UNIT_ROOT - 1, 1 - _FROM_UNIT_ROOT)
    ar, ma = _from_partial(partial[:p]), -_from_partial(partial[p:])
    return ARMA(ar.tolist(), ma.tolist())


def _from_partial(partial: Array) -> Array:
    """Return the coefficients of an autoregression from partial autocorrelations."""
    found = np.empty(0)
    for value in partial:
        found = np.append(found - value * found[::-1], value)
    return found


def _burg(series: Array, order: int) -> Array:
    """Return the partial autocorrelations that Burg's method estimates."""
    forward, backward = series[1:], series[:-1]
    partial = np.zeros(order)
    for k in range(order):
        power = (forward**2).sum() + (backward**2).sum()
        partial[k] = 2 * (forward * backward).sum() / power if power > 0 else 0.0
        forward, backward = (
            (forward - partial[k] * backward)[1:],
            (backward - partial[k] * forward)[:-1],
        )
    limit = 1 - _FROM_UNIT_ROOT
    return np.clip(partial, -limit, limit)
