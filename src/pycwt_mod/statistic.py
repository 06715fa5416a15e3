"""What is asked of the smoothed spectra of some series: pairwise, partial or multiple coherence.

The smoothed spectral matrix S of q series, S_ab = S(W_a conj(W_b) / s), is Hermitian at each point:
q powers and q (q - 1) / 2 cross-spectra. It is kept packed, as fields that the smoothing takes in
one complex FFT each: two powers as real and imaginary part, then the cross-spectra.

Series stand in this order: the response, then the other one of a pair or all predictors, then those
to be removed. They are removed from the last on, by Cholesky's elimination, which is stable in any
order (Higham 2002, Accuracy and Stability of Numerical Algorithms, theorem 10.3).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .arrays import NUMPY, Array, ArrayOps


def n_fields(n_series: int) -> int:
    """Return the number of complex fields that hold the spectral matrix."""
    return (n_series * n_series + 1) // 2


def power(S: Array, series: int) -> Array:
    """Return the power of a series in a packed matrix, a real view."""
    both = S[series // 2]
    return both.imag if series % 2 else both.real


def cross(S: Array, first: int, second: int) -> Array:
    """Return the cross-spectrum of two series in a packed matrix, the first before the second."""
    n_series = math.isqrt(2 * len(S))
    return S[(n_series + 1) // 2 + second * (second - 1) // 2 + first]


def squared_size(field: Array, out: Array, scratch: Array, ops: ArrayOps) -> None:
    """Write |field|^2 to the real array `out`; `scratch` is complex and as large."""
    # Contiguous reals are squared several times faster than strided real and imaginary parts.
    squares = _squares(field, scratch, ops)
    ops.xp.add(squares[..., ::2], squares[..., 1::2], out=out)


def _squares(field: Array, scratch: Array, ops: ArrayOps) -> Array:
    """Return the squares of the real and imaginary parts, in turn, written to `scratch`."""
    parts, squares = ops.as_real(field), ops.as_real(scratch)
    ops.xp.multiply(parts, parts, out=squares)
    return squares


@dataclass(frozen=True)
class Statistic:
    """A coherence of some series, from their smoothed spectral matrix at each point.

    That of a pair is R2 = |S_yx|^2 / (S_yy S_xx); a partial one the same of what is left of y and x
    when others are removed, C_ab = S_ab - S_aZ S_ZZ^-1 S_Zb; a multiple one of all predictors
    S_yX S_XX^-1 S_Xy / S_yy.
    """

    name: str  # "pair", "partial" or "multiple"
    n_series: int

    @property
    def kept(self) -> range:
        """The series of which a coherence is left when all others are removed."""
        return range(1 if self.name == "multiple" else 2)

    @property
    def removed(self) -> range:
        """The other series."""
        return range(len(self.kept), self.n_series)

    def R2(self, S: Array, out: Array, scratch: Array, ops: ArrayOps = NUMPY) -> None:  # noqa: N802
        """Write R2 to the real array `out`, given the packed matrix S, (field, ...): overwritten.

        `scratch` is complex, of the shape of `out`. R2 may leave [0, 1] by rounding.
        """
        if self.removed:
            out[...] = 0
        for series in reversed(self.removed):
            _remove(S, series, out, scratch, ops)
        if self.name == "multiple":
            left = power(S, 0)
            left += out
            out /= left
            return
        squared_size(cross(S, 0, 1), out, scratch, ops)
        product = ops.as_real(scratch)[..., : out.shape[-1]]
        ops.xp.multiply(power(S, 0), power(S, 1), out=product)
        out /= product

    def undefined(
        self, S: NDArray[np.complex128], rounding: float, largest: Sequence[Array]
    ) -> NDArray[np.bool_]:
        """Return where there is no R2, given the packed matrix at some times.

        `rounding` is the error of a spectrum, as a share of its largest value at any time of the
        scale, and `largest` has that of the power of each series. R2 is not defined
        where a series is silent; where a series to be removed is a combination of the others; and
        where nothing is left of one that is kept.
        """
        powers = [power(S, series) for series in range(self.n_series)]
        known = [size > rounding * most for size, most in zip(powers, largest, strict=True)]
        unknown = ~np.logical_and.reduce(known)
        if self.n_series == 2:
            return np.asarray(unknown)
        shares = [most / size for size, most in zip(powers, largest, strict=True)]
        error = rounding * np.max(shares, axis=0)
        least = np.ones(unknown.shape)
        for series in self.removed:
            left = _share_left(S, series, [other for other in self.removed if other != series])
            unknown |= ~(left > error)
            least = np.minimum(least, left)
        if len(self.kept) == 2:
            for series in self.kept:
                unknown |= ~(_share_left(S, series, self.removed) * least > error)
        return np.asarray(unknown)


PAIR = Statistic("pair", 2)


def partial(n_removed: int) -> Statistic:
    """Return the coherence of two series with some others removed."""
    return Statistic("partial", 2 + n_removed)


def multiple(n_predictors: int) -> Statistic:
    """Return the coherence of one series with some others together."""
    return Statistic("multiple", 1 + n_predictors)


def _remove(S: Array, last: int, explained: Array, scratch: Array, ops: ArrayOps) -> None:
    """Make S the matrix of the series before the last one with that one removed.

    What it explains of the first series is added to `explained`.
    """
    multiply, factor = ops.xp.multiply, power(S, last)
    ops.xp.sqrt(factor, out=factor)
    ops.xp.reciprocal(factor, out=factor)
    shares = [cross(S, series, last) for series in range(last)]
    for series, share in enumerate(shares):
        share *= factor
        squares = _squares(share, scratch, ops)
        left = power(S, series)
        for part in (squares[..., ::2], squares[..., 1::2]):
            left -= part
            if series == 0:
                explained += part
        for other in range(series):
            ops.xp.conj(share, out=scratch)
            multiply(scratch, shares[other], out=scratch)
            rest = cross(S, other, series)
            rest -= scratch


def _share_left(S: NDArray[np.complex128], series: int, given: Iterable[int]) -> Array:
    """Return the share of the power of a series that is left when others are removed."""
    order = [series, *given]
    own = np.zeros((n_fields(len(order)), *S.shape[1:]), dtype=complex)
    for place, number in enumerate(order):
        power(own, place)[...] = power(S, number)
        for before, other in enumerate(order[:place]):
            target = cross(own, before, place)
            target[...] = cross(S, min(other, number), max(other, number))
            if other > number:
                np.conj(target, out=target)
    share = np.empty(S.shape[1:])
    for place in reversed(range(1, len(order))):
        _remove(own, place, share, np.empty_like(own[0]), NUMPY)
    return np.asarray(power(own, 0) / power(S, series))
