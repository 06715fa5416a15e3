"""The smoothed power at one scale as a quadratic form of the noise in the record.

Both series are AR(1) noise on a record of n samples, zero-padded to a circle of N. At scale j and
time t all that R2 sees of a series are its wavelet transforms in the smoothing window,

    a = U z,   U = diag(sqrt(w)) A L,   |a|^2 = z^H M z,   M = L^H Q L,

z circular complex normal. The wavelet transforms need the Fourier coefficients X_k of the padded
record at the positive frequencies k of the wavelets only, so L L^H = C is the covariance of these,
in closed form, and Q = A^H diag(w) A is

    Q_kl = sum_j' c_j' psi_j'(k) psi_j'(l) sum_p h_j'(p) e^(i p theta t) R(l - k - p),

theta = 2 pi / N, c_j' the boxcar across scales, h_j' the transform of the time window, and
R(m) = sum_(u < n) e^(i m theta u), because the smoothing begins and ends with the record.

Far from an end of a long record nothing depends on the rest of it. A cell is then computed on a
shorter circle, that of the same wavelet and window with a record of some twenty scales, so that
its cost does not depend on n. See docs/engine.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..geometry import Geometry

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

# Responses of a wavelet and of a window below this share of their peak are left out: levels change
# by less than 0.0001.
CUT = 1e-3

# A wavelet that is cut off at the Nyquist frequency falls off slowly in time: it feels an end from
# up to this number of samples farther away.
FELT_BY_CUT_OFF = 24.0

# A response below this is none.
_SILENT = 1e-35

# Eigenvalues of the noise below this share of the largest are rounding errors.
_RANK = 1e-10

# A window ends where this share of it lies beyond; an end is felt somewhat further, where the
# wavelets that reach over it have faded as well.
BEYOND, _FELT = 1e-3, 7 / 6

# A window that falls off as a power of time, such as Paul's, weighs too little there to matter: it
# ends `_MORE` scales after the time beyond which this share of it lies.
_SLOW, _MORE = 1e-2, 0.75

# Samples for each scale of a window whose transform is wanted.
_SAMPLES_PER_SCALE = 8.0

# Powers of numbers this close to 1 are 1.
_SAME = 1e-12

# More taps than this are replaced by these Gauss-Legendre points.
_MOST_TAPS = 16
_POINTS, _OF_POINTS = np.polynomial.legendre.leggauss(10)


@dataclass(frozen=True)
class Circle:
    """The record and its padding as one cell sees them.

    Parameters
    ----------
    n, n_fft : int
        Samples of the record and of the circle.
    n_true, n_fft_true : int
        Those of the problem, which `n` and `n_fft` stand for.
    closed : bool
        True if the end of the record is seen through the padding from its beginning, or directly;
        False if the record goes on as far as it is seen.
    begins : int, optional
        Samples that belong to the beginning of the true record, the others to its end; by default
        half of them if it is closed, else all.
    """

    n: int
    n_fft: int
    n_true: int
    n_fft_true: int
    closed: bool
    begins: int | None = None


def felt_distances(geometry: Geometry, beyond: float = BEYOND) -> Floats:
    """Return for each scale the distance, in samples, from which an end is not felt.

    It is where a share `beyond` of the window lies beyond it, and somewhat more for the wavelets.
    """
    mother, scales = geometry.mother, geometry.scales_in_samples
    step, n = 1 / 16, 2**13
    window = np.abs(np.fft.ifft(mother.smoothing_window(1 / step, n)).real)[: n // 2]
    tail = np.cumsum(window[::-1])[::-1]
    ends = np.argmax(tail < beyond * tail[0]), np.argmax(tail < _SLOW * tail[0]) + _MORE / step
    reach = _FELT * step * (min(ends) if beyond == BEYOND else ends[0])
    members = [taps_of(geometry, index)[0] for index in range(scales.size)]
    largest = max(own.max() / scale for own, scale in zip(members, scales.tolist(), strict=True))
    more = FELT_BY_CUT_OFF * at_nyquist(mother, np.array([own.min() for own in members])) ** 0.25
    return np.asarray(reach * largest * scales + more)


def at_nyquist(mother: Any, scales: Floats) -> Floats:
    """Return the response at the Nyquist frequency of scales in samples, as a share of the peak."""
    peak = 2 * math.pi / mother.flambda()
    x = np.minimum(np.pi * scales, 20 * peak)
    response = np.abs(mother.psi_ft(np.maximum(x, peak)))
    return np.asarray(np.minimum(response / np.abs(mother.psi_ft(peak)), 1.0))


def circle_of(geometry: Geometry, felt: float) -> Circle:
    """Return the smallest circle that shows cells up to the distance `felt` all that they see."""
    n, n_fft = geometry.n_times, geometry.n_fft
    far, gap = math.ceil(4 / 3 * felt), n_fft - n
    closed = gap < far
    seen = math.ceil(7 / 3 * felt) * (2 if closed else 1)
    if n <= max(seen, math.ceil(14 / 3 * felt)):
        return Circle(n, n_fft, n, n_fft, closed=True)
    gap = min(gap, far)
    # An odd circle has no coefficient at the Nyquist frequency, which wavelets do not have either.
    seen += (seen + gap + 1) % 2
    return Circle(seen, seen + gap, n, n_fft, closed)


def taps_of(geometry: Geometry, index: int) -> tuple[Floats, Floats]:
    """Return the scales that are summed at one scale, in samples, and their weights.

    Many taps are an integral over an interval of the same mean and variance, for which a few points
    are enough.
    """
    scales, windows = geometry.scales_in_samples, geometry.windows
    if windows is not None:
        first, last = (int(limits[index]) for limits in windows.members)
        places = np.arange(first, last + 1)
        weights = np.array([windows.shared(index, place) for place in places.tolist()])
    else:
        taps = geometry.taps
        first = index - taps.size // 2
        places = np.arange(max(first, 0), min(first + taps.size, scales.size))
        weights = taps[places - first]
    if places.size <= _MOST_TAPS:
        return scales[places], weights
    octaves, total = np.log2(scales[places]), weights.sum()
    centre = weights @ octaves / total
    width = math.sqrt(12 * (weights @ (octaves - centre) ** 2) / total)
    return np.exp2(centre + width / 2 * _POINTS), total / 2 * _OF_POINTS


def smoothing_forms(
    geometry: Geometry, index: int, circle: Circle, times: Floats, cut: float = CUT
) -> tuple[NDArray[np.intp], Complexes]:
    """Return the frequencies k in use, and Q at each of the times, (time, frequency, frequency)."""
    n_fft, theta, mother = circle.n_fft, 2 * math.pi / circle.n_fft, geometry.mother
    scales, weights = taps_of(geometry, index)
    highest = highest_frequency(mother, cut) / (theta * scales.min())
    k = np.arange(1, min((n_fft + 1) // 2, math.ceil(highest) + 1))
    psi = mother.psi_ft(scales[:, np.newaxis] * theta * k)
    size = np.abs(psi)
    used = (size > cut * size.max(axis=1, keepdims=True, initial=_SILENT)).any(axis=0)
    k, psi = k[used], psi[:, used]
    if not k.size:
        return k, np.empty((times.size, 0, 0), dtype=complex)
    windows = [_window(mother, scale, n_fft, cut) for scale in scales.tolist()]
    widest = max(window.size // 2 for window in windows)
    h = np.zeros((scales.size, 2 * widest + 1))
    for own, window in zip(h, windows, strict=True):
        first = widest - window.size // 2
        own[first : first + window.size] = window
    turns = np.exp(1j * theta * np.outer(times, np.arange(-widest, widest + 1)))
    span = int(k[-1] - k[0])
    R = geometric(np.exp(1j * theta * np.arange(-span - widest, span + widest + 1)), circle.n)
    seen = np.ascontiguousarray(sliding_window_view(R, 2 * widest + 1)[:, ::-1].T)  # (p, l - k)
    omega = (weights[:, np.newaxis, np.newaxis] * h[:, np.newaxis] * turns) @ seen
    if span == k.size - 1:  # no frequency between others is left out: a view takes no time
        omega = sliding_window_view(omega, k.size, -1)[:, :, ::-1]
    else:
        omega = omega[:, :, span + k - k[:, np.newaxis]]
    Q, part_of_Q = np.zeros((2, times.size, k.size, k.size), dtype=complex)
    for of_tap, row in zip(omega, psi, strict=True):
        Q += np.multiply(np.outer(row, row.conj()), of_tap, out=part_of_Q)
    return k, Q


def noise_factor(
    k: NDArray[np.intp], circle: Circle, coefficient: float, without_mean: bool
) -> Complexes:
    """Return L with L L^H the covariance of the record's Fourier coefficients at k.

    AR(1) noise x is driven by innovations: E_0 = x_0 of variance 1, then E_v of variance 1 - g^2,
    and where the record ends E_n = -g x_(n-1), so that nothing goes on beyond it. Then
    X_k = E_k / (1 - g exp(-i theta k)). Subtracting the mean m subtracts m times the innovations of
    a constant, 1 at 0, 1 - g, and -g at n.

    On a shortened circle that is closed, the first half of the record is the beginning of the true
    one, the second half its end.
    """
    g, n, n_true = coefficient, circle.n, circle.n_true
    theta = 2 * math.pi / circle.n_fft
    a = np.exp(-1j * theta * k)
    begins = circle.begins
    if begins is None:
        begins = n // 2 if circle.closed else n
    ends = n - begins
    span = int(k[-1] - k[0])
    along = geometric(np.exp(1j * theta * np.arange(-span, span + 1)), n)
    innovations = along[span + k - k[:, np.newaxis]]
    G = (1 - g**2) * innovations + g**2
    # Covariance of all innovations with the last sample, and with the mean.
    backwards = g * a.conj()  # g**m a**-m, the memory of the noise
    first = g ** (n_true - begins) * a ** (begins - 1) * geometric(backwards, begins - 1)
    last = a ** (n - 1) * geometric(backwards, ends)
    with_last = g ** (n_true - 1) + (1 - g**2) * (first + last)
    stop = -g * a**n if circle.closed else np.zeros(k.size)
    G = G + np.outer(stop, with_last.conj()) + np.outer(with_last, stop.conj())
    G += np.outer(stop, stop.conj())
    if without_mean:
        of_constant = 1 + (1 - g) * (geometric(a, n) - 1) + stop
        of_first = (1 - g**n_true) / (1 - g) / n_true
        memory = g * (first + last)
        with_mean = of_first * (1 + stop) + (1 + g) / n_true * (geometric(a, n) - 1 - memory)
        of_mean = (n_true * (1 - g**2) - 2 * g * (1 - g**n_true)) / ((1 - g) * n_true) ** 2
        G -= np.outer(with_mean, of_constant.conj()) + np.outer(of_constant, with_mean.conj())
        G += of_mean * np.outer(of_constant, of_constant.conj())
    response = 1 / (1 - g * a)
    if circle.n_fft % 2 and k[-1] == circle.n_fft // 2 and circle.n_fft_true % 2 == 0:
        # The last coefficient of an odd circle reaches to Nyquist, that of an even one not quite.
        response[-1] *= math.sqrt(1 - circle.n_fft / (2 * circle.n_fft_true))
    sizes, vectors = np.linalg.eigh(np.outer(response, response.conj()) * G)
    kept = sizes > _RANK * sizes[-1]
    return np.asarray(vectors[:, kept] * np.sqrt(sizes[kept]))


def highest_frequency(mother: Any, cut: float) -> float:
    """Return the dimensionless frequency above which a wavelet has no response."""
    peak = 2 * math.pi / mother.flambda()
    x = np.linspace(0, 8 * peak + 20, 2**10)
    size = np.abs(mother.psi_ft(x))
    return float(x[np.flatnonzero(size > cut * size.max())[-1]])


def _window(mother: Any, scale: float, n_fft: int, cut: float) -> Floats:
    """Return the part of the time window's transform that matters, frequency 0 in the middle.

    It is the same for a window of fewer samples on a circle of fewer.
    """
    fewer = min(1.0, _SAMPLES_PER_SCALE / scale)
    n_coarse = max(3, math.ceil(fewer * n_fft))
    window = mother.smoothing_window(scale * n_coarse / n_fft, n_coarse)
    half = int(np.flatnonzero(window[: n_coarse // 2 + 1] > cut * window[0])[-1])
    return np.asarray(window[np.arange(-half, min(half + 1, n_coarse - half))])


def geometric(z: Complexes, n: int) -> Complexes:
    """Return the sum of z**v over v = 0 ... n - 1."""
    apart = 1 - z
    same = np.abs(apart) < _SAME
    return np.asarray(np.where(same, n, (1 - z**n) / np.where(same, 1, apart)))
