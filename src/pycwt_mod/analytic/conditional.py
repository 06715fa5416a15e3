"""P-values for one series as it was observed, and the other AR(1) noise.

With series 1 fixed, its transforms in the smoothing window are a = U_1 x, and nothing is left to
average: y = V^H a in the eigenvectors V of the other's form, and P(R2 > r | y) of `tail`, at the
root x of its secular equation for the observed r. Both change slowly over time, on the scale of the
smoothing; they are computed at a few times for each scale, and interpolated.

A time sees a few scales of the record around it. Far from the only features of a series without
noise, such as a step, all power may come from beyond, or be no more than rounding errors: |a|^2 is
then not the smoothed power of the series, and p is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..arrays import NUMPY
from ..coherence import smoothed_spectra
from ..geometry import Geometry
from .compute import largest
from .forms import Circle, at_nyquist, felt_distances, noise_factor, smoothing_forms, taps_of
from .tail import RANK, spline

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

# Times for each scale at which the observed series is looked at.
_TIMES_PER_SCALE = 4.0

# An observed series may have far more power at other frequencies and times than it has at a cell,
# so responses are followed farther down than for noise.
_CUT, _BEYOND = 1e-8, 1e-6

# Frequencies at which the form has less than this share of its largest value matter to the given
# series only.
_HEARD = 1e-7

# A record is short if it is no longer than this, in distances from which an end is felt.
_FEW = 14 / 3

# Times near an end are computed in this number of groups, each on a circle as short as it may be.
_GROUPS = 4

# The power that a time sees is all that is smoothed into it, but for this share; and for this one
# where the Nyquist frequency cuts the wavelets off, so that their ends go on and on.
_UNSEEN, _UNSEEN_BY_CUT_OFF = 0.02, 0.5

# Values of the records of far times held at once.
_MOST_VALUES = 2**21

# The logarithm of the root is known to this.
_CLOSE, _MOST_STEPS = 1e-9, 100

# The logarithm of a probability that is none.
_IMPOSSIBLE = -700.0


def conditional_pvalues(
    R2: Floats, series: Floats, geometry: Geometry, coefficient: float, *, without_mean: bool
) -> Floats:
    """Return the probability of at least these coherences with a given series, (scale, time).

    `series` is the given one as it was transformed; `coefficient` is the lag-1 autocorrelation of
    the other, and `without_mean` says whether its mean is subtracted. NaN where R2 is, and where
    the power of the given series is not its own at the time.
    """
    p = np.empty_like(R2)
    for index, poles, strengths, rest in given_forms(series, geometry, coefficient, without_mean):
        p[index] = np.exp(log_p(poles, strengths, rest, R2[index]))
    return p


def given_forms(
    series: Floats, geometry: Geometry, coefficient: float, without_mean: bool
) -> Iterator[tuple[int, Floats, Floats, Floats]]:
    """Yield for each scale its index and, at all times, what `log_p` asks for beside R2."""
    felt, every = felt_distances(geometry, _BEYOND), np.arange(series.size)
    for index, power in _smoothed_powers(series, geometry):
        form = _Form(geometry, index, felt[index], coefficient, without_mean)
        times, values, seen = form.along(series)
        nearest = np.searchsorted((times[1:] + times[:-1]) / 2, every)
        most = _UNSEEN + (_UNSEEN_BY_CUT_OFF - _UNSEEN) * form.cut_off
        is_all = _is_all(seen, power[times], most)[nearest]
        if times.size < every.size:
            values = np.maximum(spline(times, values)(every), 0)
        values[~is_all, -1] = np.nan
        yield index, values[:, :RANK], values[:, RANK:-1], values[:, -1]


def _smoothed_powers(series: Floats, geometry: Geometry) -> Iterator[tuple[int, Floats]]:
    """Yield each scale's index, and a constant times the smoothed power of a series there."""
    padded = NUMPY.zeros((1, 1, geometry.n_fft), "complex")
    padded[..., : series.size] = series
    spectra, bank = {geometry.n_fft: NUMPY.fft(padded)}, geometry.make_bank(keep=False)
    for index, S in smoothed_spectra(spectra, bank, parts=lambda _: slice(0, series.size)):
        yield index, S[0, 0].real.copy()


def _is_all(seen: Floats, power: Floats, most: float) -> NDArray[np.bool_]:
    """Return at which times the power that is seen is that which there is, up to a factor.

    A share `most` of it may be unseen.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        # The times with most of it tell the factor.
        return np.asarray(np.abs(seen / seen.sum() * power.sum() / power - 1) < most)


def log_p(poles: Floats, strengths: Floats, rest: Floats, R2: Floats) -> Floats:
    """Return log P(R2 > r | y) at an r for each y.

    `poles` and `strengths` are the l_k and |y_k|^2, (n, K), both 0 where there is none; `rest` is
    the part of S outside the eigenvectors, NaN where there is no p.
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
    return np.where(np.isnan(R2) | np.isnan(rest), np.nan, found)


class _Form:
    """The eigenvalues and eigenvectors of one scale, wherever they are asked for."""

    def __init__(
        self, geometry: Geometry, index: int, felt: float, coefficient: float, without_mean: bool
    ) -> None:
        self._geometry, self._index = geometry, index
        self._coefficient, self._without_mean = coefficient, without_mean
        self._felt = math.ceil(felt)
        shortest = taps_of(geometry, index)[0].min()
        self.cut_off = float(at_nyquist(geometry.mother, np.array([shortest]))[0])
        # A wavelet that is cut off falls off slowly: a record of few samples is seen as a whole.
        is_short = geometry.n_times <= _FEW * self._felt
        self._is_whole = is_short and self.cut_off > _UNSEEN
        # The record may be cut off from here on.
        self._far = math.ceil(4 / 3 * self._felt)

    def along(self, series: Floats) -> tuple[NDArray[np.intp], Floats, Floats]:
        """Return some times; in columns poles, shares of |a|^2 for each and the rest; and |a|^2."""
        n = series.size
        step = max(1, round(self._geometry.scales_in_samples[self._index] / _TIMES_PER_SCALE))
        half = (n + 1) // 2 if self._is_whole else min(self._felt, (n + 1) // 2)
        distances = np.append(np.arange(0, half - 1, step), half - 1)
        groups = np.array_split(distances, min(_GROUPS, distances.size))
        if self._around(groups[0]) is None:
            groups = [distances]
        ends = [self._near_ends(series, part) for part in groups]
        first, last = np.concatenate(ends, axis=1)
        inner = np.arange(half, n - half, step)
        parts = np.array_split(inner, 1 + inner.size * 2 * self._far // _MOST_VALUES)
        found = [self._inside(series, part) for part in parts if part.size]
        times = np.concatenate([distances, inner, n - 1 - distances[::-1]])
        values = np.concatenate([first, *found, last[::-1]])
        times, kept = np.unique(times, return_index=True)
        values = values[kept]
        seen = values[:, RANK:].sum(axis=1)
        # The power itself may fall by powers of ten from one time to the next.
        values[:, RANK:] /= np.where(seen > 0, seen, 1)[:, np.newaxis]
        return times, values, seen

    def _near_ends(self, series: Floats, distances: NDArray[np.intp]) -> Floats:
        """Return the same at some distances from both ends, (end, distance, column)."""
        circle, n = self._around(distances), series.size
        if circle is None:
            circle = Circle(n, self._geometry.n_fft, n, self._geometry.n_fft, closed=True)
            return self._of(circle, distances, np.array([series, series[::-1]]))
        begins, fade = int(circle.begins or 0), self._fade()
        shown = np.ones(circle.n)
        shown[begins - fade.size : begins] = fade[::-1]
        shown[begins:] = np.append(fade, shown)[: circle.n - begins]
        # Backwards in time R2 and the noise are the same.
        both = [np.append(x[:begins], x[n - circle.n + begins :]) for x in (series, series[::-1])]
        return self._of(circle, distances, np.array(both) * shown)

    def _fade(self) -> Floats:
        """Return weights from 0 to 1, with which a series begins beyond the times that are felt.

        A wavelet that is cut off by the Nyquist frequency would see a sudden begin from afar.
        """
        length = self._far - self._felt
        return np.asarray(np.sin(np.pi / 2 * (np.arange(length) + 0.5) / length) ** 2)

    def _around(self, distances: NDArray[np.intp]) -> Circle | None:
        """Return a circle that shows all that is seen so far from an end; None if it is no less."""
        n, n_fft, far = self._geometry.n_times, self._geometry.n_fft, self._far
        nearest, begins = int(distances[0]), int(distances[-1]) + far
        gap = min(n_fft - n, far - nearest)
        ends = far - nearest - gap
        begins += (begins + ends + gap + 1) % 2  # odd, as in `circle_of`
        if self._is_whole or begins + ends > n or begins + ends + gap >= n_fft:
            return None
        return Circle(begins + ends, begins + ends + gap, n, n_fft, ends > 0, begins)

    def _inside(self, series: Floats, times: NDArray[np.intp]) -> Floats:
        """Return the same far from both ends, where all times have one form."""
        far, fade, n_fft = self._far, self._fade(), self._geometry.n_fft
        shown = np.concatenate([fade, np.ones(2 * self._felt + 1), fade[::-1]])
        n = shown.size
        circle = Circle(n, n, max(n, series.size), max(n, n_fft), closed=False)
        # What is beyond the ends is faded out.
        padded = np.pad(series, far - self._felt)
        records = sliding_window_view(padded, shown.size)[times - self._felt]
        return self._of(circle, np.array([far]), records * shown)[:, 0]

    def _of(self, circle: Circle, times: NDArray[np.intp], records: Floats) -> Floats:
        """Return the same for each record at each time, (record, time, column)."""
        found = np.zeros((len(records), times.size, 2 * RANK + 1))
        k, Q = smoothing_forms(self._geometry, self._index, circle, times.astype(float), _CUT)
        if not k.size:
            return found
        scale = circle.n_fft**-1.5  # powers are those of the same series on any circle
        X = records @ np.exp((-2j * np.pi / circle.n_fft) * np.outer(np.arange(circle.n), k))
        X *= scale
        QX = X @ Q.swapaxes(-1, -2)  # (time, record, k)
        total = (X.conj() * QX).sum(axis=-1).real.T
        # Noise is heard at fewer frequencies.
        loudest = np.abs(Q.diagonal(axis1=-2, axis2=-1)).max(axis=0)
        heard = np.flatnonzero(loudest > _HEARD * loudest.max())
        L = noise_factor(k[heard], circle, self._coefficient, self._without_mean)
        sizes, vectors = np.linalg.eigh(L.conj().T @ Q[:, heard][:, :, heard] @ L)
        sizes, vectors = sizes[:, ::-1][:, :RANK], vectors[..., ::-1][..., :RANK]
        poles = largest(sizes[:, ::-1])
        moved = (QX[..., heard] @ (L @ vectors).conj()).swapaxes(0, 1)
        n_used = sizes.shape[1]
        used = poles[:, :n_used] > 0
        strengths = np.where(used, np.abs(moved) ** 2 / np.where(used, sizes, 1), 0)
        found[..., :RANK] = poles
        found[..., RANK : RANK + n_used] = strengths
        found[..., -1] = np.maximum(total - strengths.sum(axis=-1), 0)
        return found
