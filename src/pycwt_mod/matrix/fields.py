"""The coherence of many pairs, each series transformed and smoothed with itself once.

R2 of a pair takes the transforms W1 and W2, the smoothed powers S(|W1|^2/s) and S(|W2|^2/s), and
the smoothed cross spectrum S(W1 conj(W2)/s). Only the last belongs to the pair.

Axes: (scale, time), and (series, scale, time) of all series together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..at_times import AtTimes
from ..coherence import is_silent, own_smooth, pack_spectra
from ..geometry import Geometry
from ..record_spectra import RecordSpectra
from ..transform import forward
from .mapped import let_go

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class TransformSeries:
    """Transform a series and smooth its power: the kernel of the first pass.

    Called with the number of a series, it returns W and S(|W|^2/s), the latter NaN where the series
    is silent. They do not depend on the other series, to the last bit.
    """

    geometry: Geometry
    series: Array  # normalised, (series, time)

    def __call__(self, number: int) -> tuple[Complex, Array]:
        """Return W, complex, and S, real, both (scale, time)."""
        if self.geometry.smooths_itself:
            W, S = self._by_own_smooth(self.series[number])
        else:
            W, S = self._by_engine(self.series[number])
        for row in S:
            row[is_silent(row, self.geometry.n_fft)] = np.nan
        return W, S

    def _by_engine(self, series: Array) -> tuple[Complex, Array]:
        geometry = self.geometry
        W = np.empty((geometry.n_scales, geometry.n_times), dtype=complex)
        S = np.empty(W.shape)

        def keep(scales: slice, transforms: AtTimes) -> None:
            transforms.write(W[scales])

        results = S, W.view(float)
        record = RecordSpectra(series[np.newaxis], geometry, pack_spectra, 1, results=results)
        for scales, smooth in record.smoothed(keep):
            for times, parts in smooth.stretches():
                S[scales, times] = parts[0, 0]
        return W, S

    def _by_own_smooth(self, series: Array) -> tuple[Complex, Array]:
        g = self.geometry
        W, _ = forward(series, g.mother, g.scales, g.dt, g.n_fft)
        return W, np.real(own_smooth(np.abs(W) ** 2, g)).astype(float)


@dataclass(frozen=True)
class Sums:
    """Sums over the times that count, for each scale, from which bands are averaged."""

    count: NDArray[np.int64]  # of the R2 that exist
    coherence: Array  # sum of R2
    direction: Complex  # sum of exp(i phase)
    above: NDArray[np.int64]  # number of R2 above the level

    @classmethod
    def empty(cls, n_scales: int) -> Sums:
        """Return sums over nothing."""
        counts = np.zeros((2, n_scales), dtype=np.int64)
        return cls(counts[0], np.zeros(n_scales), np.zeros(n_scales, dtype=complex), counts[1])

    def add(self, scale: int, coherence: Array, cross: Complex, level: Array) -> None:
        """Add the times of one scale; `level` is that of each, or one for all of them."""
        known = np.isfinite(coherence)
        n_known = int(known.sum())
        if n_known < coherence.size:
            level = np.broadcast_to(level, coherence.shape)[known]
            coherence, cross = coherence[known], cross[known]
        self.count[scale] = n_known
        self.coherence[scale] = coherence.sum()
        self.above[scale] = np.count_nonzero(coherence > level)
        # Three times as fast as the absolute value of complex numbers; powers of unit variance
        # neither overflow nor vanish where there is a coherence.
        size = np.sqrt(cross.real**2 + cross.imag**2)
        size[size == 0] = np.inf
        self.direction[scale] = complex((cross.real / size).sum(), (cross.imag / size).sum())


@dataclass(frozen=True)
class Comparison:
    """The outcome for one pair: sums, fields (scale, time) if wanted; or why there is none."""

    sums: Sums
    R2: Array | None = None
    phase: Array | None = None
    failure: str = ""


@dataclass(frozen=True)
class ComparePair:
    """Compare two transformed series: the kernel of the second pass.

    It is called with (first series, second series, levels of R2), one level for each scale, or the
    number of the levels of all points in `point_levels`.
    """

    geometry: Geometry
    series: Array  # normalised, (series, time)
    W: Complex  # of all series, as `TransformSeries` returned them
    S: Array
    keep: bool  # whether the fields are wanted
    point_levels: Array | None = None  # (number, scale, time)

    def __call__(self, task: tuple[int, int, Array | int]) -> Comparison:
        """Return the comparison of one pair."""
        first, second, judged_by = task
        level = np.asarray(judged_by if self.point_levels is None else self.point_levels[judged_by])
        # Views without the overhead of np.memmap at each step.
        W = np.asarray(self.W[first]), np.asarray(self.W[second])
        S = np.asarray(self.S[first]), np.asarray(self.S[second])
        try:
            if self.geometry.smooths_itself:
                return self._by_own_smooth(W, S, level)
            return self._by_engine(self.series[[first, second]], W, S, level)
        except (ValueError, ArithmeticError) as error:
            failure = f"{type(error).__name__}: {error}"
            return Comparison(Sums.empty(self.geometry.n_scales), failure=failure)
        finally:
            let_go(self.W)
            let_go(self.S)
            if self.point_levels is not None:
                let_go(self.point_levels)

    def _by_engine(
        self, series: Array, W: tuple[Complex, Complex], S: tuple[Array, Array], level: Array
    ) -> Comparison:
        geometry, keep = self.geometry, self.keep
        n, n_scales = geometry.n_times, geometry.n_scales
        starts, stops = geometry.averaged
        sums = Sums.empty(n_scales)
        fields = [np.empty((n_scales, n)) for _ in range(2)] if keep else None
        memory = np.empty((2, n))
        if not keep:  # the largest scales are not, which are inside the cone all the time
            last = int(np.flatnonzero(geometry.n_averaged).max(initial=0))
            n_scales = min(n_scales, last + 1 + (geometry.taps.size - 1) // 2)
        record = RecordSpectra(
            series,
            geometry,
            _pack_cross,
            1,
            n_scales,
            lambda scales: (W[0][scales], W[1][scales]),
            fields or (),
        )
        for scales, some in record.smoothed():
            crosses = np.empty((some.shape[1], n), dtype=complex)
            some.write(crosses)
            for scale, S12 in enumerate(crosses, scales.start):
                own = slice(starts[scale], stops[scale])
                times = slice(0, n) if keep else own
                R2, product = memory[:, : times.stop - times.start]
                _squared_coherence(S12[times], S[0][scale, times], S[1][scale, times], R2, product)
                cross = W[0][scale, times] * W[1][scale, times].conj()
                part = own if keep else slice(None)
                sums.add(scale, R2[part], cross[part], level[scale])
                if fields is not None:
                    fields[0][scale] = R2
                    np.arctan2(cross.imag, cross.real, out=fields[1][scale])
        return Comparison(sums, *(fields or ()))

    def _by_own_smooth(
        self, W: tuple[Complex, Complex], S: tuple[Array, Array], level: Array
    ) -> Comparison:
        g = self.geometry
        cross = W[0] * W[1].conj()
        S12 = own_smooth(cross, g)
        with np.errstate(all="ignore"):
            R2 = np.clip(np.abs(S12) ** 2 / (S[0] * S[1]), 0.0, 1.0)
        sums = Sums.empty(g.n_scales)
        for scale, (start, stop) in enumerate(zip(*g.averaged, strict=True)):
            part = slice(start, stop)
            sums.add(scale, R2[scale, part], cross[scale, part], level[scale])
        return Comparison(sums, R2, np.angle(cross)) if self.keep else Comparison(sums)


def _pack_cross(W: Sequence[Complex] | Complex, fields: Complex) -> None:
    np.conjugate(W[1], out=fields[0])
    fields[0] *= W[0]


def _squared_coherence(S12: Complex, S1: Array, S2: Array, out: Array, scratch: Array) -> None:
    """Write R2 within [0, 1] to `out`; NaN where a power is NaN, because a series is silent."""
    np.multiply(S12.real, S12.real, out=out)
    np.multiply(S12.imag, S12.imag, out=scratch)
    out += scratch
    np.multiply(S1, S2, out=scratch)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        out /= scratch
    np.clip(out, 0.0, 1.0, out=out)
