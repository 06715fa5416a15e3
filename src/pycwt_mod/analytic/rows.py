"""The smoothing form where the time window falls off as a power of time, as that of Paul wavelets.

Such a window reaches over hundreds of scales, and a boxcar of octaves holds scales of all sizes:
the frequencies of one circle that shows them all would be thousands. But what is seen of high
frequencies is near, and what is far away is seen by large scales. So few numbers are enough:

- The noise is made of harmonics omega_i of the padded circle, ended by the record. Each stands for
  all of a bin as wide as a constant share of omega_i. Negative frequencies are among them, which
  the ends of the record turn into positive ones.
- Each scale a of the boxcar has a circle of its own, as long as its window asks for, and on it the
  transforms U_a of the harmonics at times t', the rows, as dense as the scale asks for.

The form is Q_ij = sum_a c_a sum_t' h_a(t' - t) U_a(t', i)^* U_a(t', j), and the noise diagonal but
for two facts: its mean is subtracted; and where there is little padding the harmonics would go on
from the end of the record to its beginning, but the noise does not: it begins anew, as

    x_u + g^u (x'_0 - x_0),        x'_0 independent of all harmonics, of which x_0 is the sum.

The part of a window beyond the rows is spread over the outer ones: as there, its eigenvalues are
small and many, and only their sum matters.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry import Geometry
from .forms import FELT_BY_CUT_OFF, Circle, at_nyquist, circle_of, geometric, taps_of

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

# Width of bins as a share of their frequency: of positive ones, and of negative ones.
_BIN, _NEGATIVE_BIN = 0.05, 0.15

# A bin repeats itself after at least this number of samples, more than a wavelet that is cut off at
# the Nyquist frequency reaches.
_PERIOD = 4 * FELT_BY_CUT_OFF

# Responses below these shares of the peak are left out: of lower frequencies; of higher ones; where
# they decide how dense rows must be, and how much denser they are.
_LOW, _HIGH, _PRODUCT, _DENSER = 1e-2, 1e-3, 1e-2, 2.5

# A window is slow if it takes longer than this to fall from the first share beyond to the second.
_SLOW, _SHARES = 1.75, (1e-2, 1e-4)

# Rows end where the first share of the window lies beyond, and further on by the time of the
# second, as far as wavelets reach, but not by more scales than this.
_ROWS, _MORE = (3e-2, 1e-3), 3.5

# A window in time: its samples for each scale, at most; its length, in samples, if it is not that
# of a circle; and the places between samples at which it is known.
_SAMPLES, _LENGTH, _BETWEEN = 8.0, 2**13, 4

# Noise with less correlation than this between the end and the beginning of a record has none.
_APART = 1e-4


def is_far_reaching(mother: Any) -> bool:
    """Return whether the time window of a wavelet falls off slowly."""
    narrow, wide = _times_within(mother, _SHARES)
    return wide > _SLOW * narrow


class RowForms:
    """The smoothing forms of a map, for noises of some lag-1 autocorrelations."""

    def __init__(
        self, geometry: Geometry, coefficients: tuple[float, ...], without_mean: bool
    ) -> None:
        self._geometry, self._mother = geometry, geometry.mother
        self._coefficients, self._without_mean = coefficients, without_mean
        within, more = _times_within(self._mother, _ROWS)
        self._reach = within + min(more, _MORE)
        self._low, self._high = _band(self._mother, _LOW)[0], _band(self._mother, _HIGH)[1]
        low, high = _band(self._mother, _PRODUCT)
        self._per_scale = _DENSER * (high - low) / (2 * math.pi)
        self._lattice = lru_cache(64)(self._lattice_of)

    @property
    def felt(self) -> Floats:
        """For each scale the distance, in samples, from which an end is not felt."""
        every = range(self._geometry.n_scales)
        return np.array([self._far(float(taps_of(self._geometry, j)[0].max())) for j in every])

    def at(self, index: int, times: Floats) -> tuple[Complexes, list[Complexes]]:
        """Return Q at one scale and some times, and the L of each noise."""
        geometry, theta = self._geometry, 2 * math.pi / self._geometry.n_fft
        scales, weights = taps_of(geometry, index)
        top = min(self._high / scales.min() / theta, (geometry.n_fft - 1) // 2 + 0.5)
        low = min(self._low / scales.max() / theta, _BIN * top)
        k, edges = _harmonics(low, top, geometry.n_fft / _PERIOD)
        n_noises = len(self._coefficients)
        Q = np.zeros((times.size, k.size + n_noises, k.size + n_noises), dtype=complex)
        for scale, weight in zip(scales.tolist(), weights.tolist(), strict=True):
            far = self._far(scale)
            circle = circle_of(geometry, far)
            # Where a shortened record goes on, all times see the same, at other phases.
            seen = np.minimum(times, far) if circle.n < geometry.n_times else times
            rows, step = self._rows(scale, circle)
            U = self._transforms(scale, circle, theta * k, rows)
            h = weight * self._weights(scale, circle, rows, step, seen)
            for form, own, moved in zip(Q, h, (times - seen).tolist(), strict=True):
                used = own != 0
                V = U[used]
                if moved:
                    V *= np.append(np.exp(1j * moved * theta * k), np.zeros(n_noises))
                # Rounding in single precision is far below what the bins err by.
                V = V.astype(np.complex64)
                form += (V.conj().T * own[used].astype(np.float32)) @ V
        return Q, [self._noise(k, edges, place) for place in range(n_noises)]

    def _far(self, scale: float) -> float:
        """Return how far, in samples, the window and the wavelets of a scale are followed."""
        cut_off = float(at_nyquist(self._mother, np.array([scale]))[0])
        return float(self._reach * scale + FELT_BY_CUT_OFF * cut_off**0.25)

    def _noise(self, k: Floats, edges: Floats, place: int) -> Complexes:
        """Return L of one noise, (harmonic or beginning, innovation)."""
        g, n, n_fft = self._coefficients[place], self._geometry.n_times, self._geometry.n_fft
        size, theta = k.size, 2 * math.pi / n_fft
        # The integral of the spectrum over each bin.
        angles = np.minimum(np.abs(edges) * theta / 2, math.pi / 2)
        power = np.diff(np.sign(edges) * np.arctan((1 + g) / (1 - g) * np.tan(angles))) / math.pi
        L = np.zeros((size + len(self._coefficients), size + 1), dtype=complex)
        L[np.arange(size), np.arange(size)] = np.sqrt(power)
        mean = np.zeros(len(L), dtype=complex)
        mean[:size] = geometric(np.exp(1j * theta * k), n) / n
        if abs(g) ** (n_fft - n + 1) > _APART:
            L[size + place] = np.append(-np.sqrt(power), 1)
            mean[size + place] = (1 - g**n) / (1 - g) / n
        if self._without_mean:
            L[np.flatnonzero(k == 0)] -= mean @ L
        return L

    def _rows(self, scale: float, circle: Circle) -> tuple[Floats, float]:
        """Return times on a circle, after its seam and before it, and the step between them."""
        begins = _beginning(circle)
        number = math.ceil(begins / max(scale / self._per_scale, 1))
        step = begins / number
        rows = -0.5 + step * (0.5 + np.arange(number))
        before = rows[: math.floor((circle.n - begins) / step)]
        return np.append(rows, -1 - (circle.n_fft - circle.n) - before), step

    def _transforms(self, scale: float, circle: Circle, omega: Floats, rows: Floats) -> Complexes:
        """Return the transforms of harmonics, and of the beginnings of noises, (row, column)."""
        n, n_fft, begins = circle.n, circle.n_fft, _beginning(circle)
        theta = 2 * math.pi / n_fft
        k = np.arange(1, min((n_fft + 1) // 2, math.ceil(self._high / scale / theta) + 1))

        def turned(u: float) -> Complexes:
            """Return all exp(i (omega - theta k) u)."""
            return np.outer(np.exp(-1j * theta * u * k), np.exp(1j * u * omega))

        # Sums over the record after the seam, and before it, where it is the true one's end.
        whole, apart = turned(begins) - 1, turned(1) - 1
        if begins < n:
            whole += turned(n - n_fft) - turned(begins - n_fft)
        same = np.abs(apart) < 1e-9
        X = np.where(same, n, whole / np.where(same, 1, apart))
        starts = [geometric(g * np.exp(-1j * theta * k), begins) for g in self._coefficients]
        psi = self._mother.psi_ft(scale * theta * k) / n_fft
        shown = np.exp(1j * theta * rows[:, np.newaxis] * k) * psi
        return np.asarray(shown @ np.concatenate([X, np.transpose(starts)], axis=1))

    def _weights(
        self, scale: float, circle: Circle, rows: Floats, step: float, times: Floats
    ) -> Floats:
        """Return the weights of the rows at each time, (time, row)."""
        apart = np.abs(rows - times[:, np.newaxis])
        shortened = circle.n < circle.n_true
        longest = _LENGTH * max(1.0, scale / _SAMPLES) if shortened else circle.n_fft
        if not shortened:
            apart = np.minimum(apart, circle.n_fft - apart)
        lag, window = self._window(scale, longest)
        h = step / (lag[1] - lag[0]) * np.interp(apart, lag, window)
        if not shortened:
            return np.asarray(h)
        beyond = np.append(np.cumsum((window[1:] + window[:-1])[::-1])[::-1] / 2, 0.0)
        missing = np.interp(rows.max() + step / 2 - times, lag, beyond)
        if circle.closed:
            missing += np.interp(times - rows.min() + step / 2, lag, beyond)
        outer = apart > self._far(scale)
        missing += (h * outer).sum(axis=1)
        h[outer] = 0
        outer = ~outer & (apart > self._far(scale) / 2)
        return np.asarray(h + outer * (missing / outer.sum(axis=1))[:, np.newaxis])

    def _window(self, scale: float, n_fft: float) -> tuple[Floats, Floats]:
        """Return lags up to half a circle, and the share of the window at each."""
        n = math.ceil(n_fft * min(1.0, _SAMPLES / scale))
        window = self._lattice(round(scale * n / n_fft, 9), n)
        return np.asarray(np.arange(window.size) * (n_fft / n / _BETWEEN)), window

    def _lattice_of(self, scale: float, n: int) -> Floats:
        half = self._mother.smoothing_window(scale, n)[: n // 2 + 1]
        return np.fft.irfft(half, n * _BETWEEN)[: n * _BETWEEN // 2 + 1]


def _beginning(circle: Circle) -> int:
    """Return the number of samples of a circle's record that come after its seam."""
    return circle.n // 2 if circle.closed and circle.n < circle.n_true else circle.n


def _harmonics(low: float, top: float, widest: float) -> tuple[Floats, Floats]:
    """Return harmonics of the circle and the edges of their bins, negative ones first."""
    negative, positive = _edges(low, top, _NEGATIVE_BIN), _edges(low, top, _BIN, widest)
    edges = np.concatenate([-negative[::-1], positive])
    return np.rint((edges[1:] + edges[:-1]) / 2), edges


def _edges(low: float, top: float, share: float, widest: float = math.inf) -> Floats:
    """Return edges of bins of odd numbers of harmonics, from 1/2 on."""
    edges = [0.5]
    while edges[-1] < top:
        width = min(max(share * edges[-1], low), max(low, widest))
        edges.append(edges[-1] + 1 + 2 * round(max(width - 1, 0) / 2))
    edges[-1] = max(top, edges[-2] + 1) if len(edges) > 1 else edges[-1]
    return np.array(edges)


def _band(mother: Any, cut: float) -> tuple[float, float]:
    """Return the dimensionless frequencies between which responses exceed a share of the peak."""
    peak = 2 * math.pi / mother.flambda()
    x = np.linspace(0, 8 * peak + 20, 2**12)
    size = np.abs(mother.psi_ft(x))
    used = x[size > cut * size.max()]
    return float(used[0]), float(used[-1])


def _times_within(mother: Any, shares: tuple[float, ...]) -> list[float]:
    """Return the times, in scales, beyond which shares of the time window lie."""
    window = np.abs(np.fft.ifft(mother.smoothing_window(_SAMPLES, _LENGTH)).real)[: _LENGTH // 2]
    beyond = np.cumsum(window[::-1])[::-1]
    return [float(np.argmax(beyond < share * beyond[0])) / _SAMPLES for share in shares]
