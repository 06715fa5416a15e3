"""The degrees of freedom of partial and multiple coherence: how many series smoothing tells apart.

At one scale and time R2 sees the transforms in the smoothing window only. Their covariance has a
few large eigenvalues, and smaller and smaller ones: some predictors explain nearly all of any other
series in the window, related or not. Here that is tried out with white noise in one window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .. import mothers
from ..coherence import coherence_by_own_smooth
from ..geometry import Geometry
from ..responses import wavelet_filter
from ..statistic import Statistic, multiple
from ..validation import brief
from .forms import CUT, highest_frequency, taps_of

# Coherences above this one are in the last of the engine's 1000 bins.
_ONE = 0.999

# The share of unrelated series that may reach it: a level there would tell nothing.
_LEVEL = 0.95

# Never more predictors than this are tried.
_MOST = 40

# Length of the circle, in the largest scale of the window; and in samples at most.
_CIRCLE, _LONGEST = 12.0, 600

# Windows of noise, and what they are drawn from: the same for all.
_WINDOWS, _SEED = 320, 20061


def check_degrees(statistic: Statistic, geometry: Geometry, name: str) -> None:
    """Raise ValueError if there are so many series that R2 would be 1 for unrelated ones.

    `name` is that of the argument that holds the predictors, or the series to be removed.
    """
    others = statistic.n_series - 1
    possible = possible_predictors(geometry, others)
    if possible < others:
        most = possible - others + len(statistic.removed)
        raise ValueError(
            f"`{name}` must be at most {most} series with {brief(geometry.mother)} and this `dj`, "
            f"got {len(statistic.removed)}: more have no degrees of freedom left in the smoothing, "
            "and R2 would be 1 everywhere, of unrelated series, too. Leave some out."
        )


def possible_predictors(geometry: Geometry, asked: int) -> int:
    """Return how many of the predictors asked for leave the 95 % level below 1, to within a bin.

    It is that of the scale that is smoothed over most octaves.
    """
    asked = min(asked, _MOST)
    if geometry.smooths_itself:
        return _by_own_smooth(geometry, asked)
    window = _Window.widest(geometry)
    return (_possible if window.key is None else _kept)(window, asked)


@dataclass(frozen=True)
class _Window:
    """Scales that are smoothed together, and their weights. Two of one key are equal."""

    key: Any
    mother: Any = field(compare=False)
    scales: NDArray[np.float64] = field(compare=False)  # the smallest is 1
    weights: NDArray[np.float64] = field(compare=False)

    @classmethod
    def widest(cls, geometry: Geometry) -> _Window:
        """Return the window that spans most octaves; all whole ones of a boxcar are alike."""
        mother, whole = geometry.mother, geometry.taps.size
        is_even = geometry.windows is None and whole <= geometry.n_scales
        places = [whole // 2] if is_even else range(geometry.n_scales)
        windows = (taps_of(geometry, place) for place in places)
        scales, weights = max(windows, key=lambda window: _spread(*window))
        scales = scales / scales.min()
        methods = [mother.psi_ft, mother.smoothing_window]
        if any(not method.__module__.startswith(mothers.__name__) for method in methods):
            return cls(None, mother, scales, weights)
        functions = [method.__func__ for method in methods]
        of_mother = *functions, getattr(mother, mother.ORDER), mother.flambda()
        return cls((*of_mother, scales.tobytes(), weights.tobytes()), mother, scales, weights)


def _possible(window: _Window, asked: int) -> int:
    is_too_little = np.quantile(_unexplained(window, asked), 1 - _LEVEL, axis=0) < 1 - _ONE
    return int(np.argmax(is_too_little)) if is_too_little.any() else asked


# For the next series that are smoothed alike.
_kept = lru_cache(maxsize=16)(_possible)


def _unexplained(window: _Window, n_predictors: int) -> NDArray[np.float64]:
    """Return what 1, 2, ... predictors leave of another series, (window, predictors), all noise."""
    n, k, form = _form(window)
    sizes, vectors = np.linalg.eigh(form)
    to_values = np.sqrt(np.maximum(sizes, 0)) * vectors.conj()
    # Series by series: the first of them do not depend on how many there are.
    noise = np.random.default_rng(_SEED).standard_normal((n_predictors + 1, _WINDOWS, n))
    values = np.zeros((_WINDOWS, max(k.size, n_predictors + 1), n_predictors + 1), dtype=complex)
    values[:, : k.size] = np.moveaxis(scipy.fft.fft(noise)[..., k] @ to_values, 0, -1)
    # What a predictor explains of the first series, beyond those before it, stands in its row of R.
    triangles: Any = np.linalg.qr(np.roll(values, -1, axis=-1), mode="r")
    shares = np.abs(triangles[..., -1]) ** 2
    left = np.cumsum(shares[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(left[:, 1:] / left[:, :1])


def _form(window: _Window) -> tuple[int, NDArray[np.intp], NDArray[np.complex128]]:
    """Return the smoothed power at one time as a quadratic form of the Fourier coefficients.

    It is that far from the ends and the Nyquist frequency: the points of a circle, the coefficients
    in use, and the matrix.
    """
    mother, weights = window.mother, window.weights
    scales = window.scales * highest_frequency(mother, CUT) / math.pi
    n = math.ceil(min(_CIRCLE * scales.max(), _LONGEST))
    responses = wavelet_filter(mother, scales, n, 1.0)
    size = np.abs(responses)
    k = np.flatnonzero((size > CUT * size.max(axis=1, keepdims=True)).any(axis=0))
    form = np.zeros((k.size, k.size), dtype=complex)
    for scale, weight, row in zip(scales.tolist(), weights.tolist(), responses[:, k], strict=True):
        kernel = mother.smoothing_window(scale, n)[(k[:, np.newaxis] - k) % n]
        form += weight / scale * np.outer(row.conj(), row) * kernel
    return n, k, form


def _spread(scales: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the variance of the octaves in a window across scales."""
    octaves, shares = np.log2(scales), weights / weights.sum()
    return float(shares @ (octaves - shares @ octaves) ** 2)


def _by_own_smooth(geometry: Geometry, asked: int) -> int:
    """Return the same for the smoothing that the mother wavelet brings along."""
    rng = np.random.default_rng(_SEED)
    noise = rng.standard_normal((asked + 1, geometry.n_times))
    for more in range(2, asked + 1):
        R2, _ = coherence_by_own_smooth(noise[: more + 1], geometry, multiple(more))
        levels = np.quantile(np.where(np.isfinite(R2), R2, 1.0), _LEVEL, axis=1)
        if levels.min() > _ONE:
            return more - 1
    return asked
