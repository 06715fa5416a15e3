"""Surrogates in, counts out: a pure function of the plan, the random streams and the indices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, ArrayOps
from ..coherence import coherence_by_own_smooth, smoothed_spectra, squared_coherence
from .grids import Grid, grid_spectra
from .noise import Streams, ar1_pairs, legacy_pairs, normal_rows
from .null import N_BATCHES
from .plan import Plan

Counts = NDArray[np.signedinteger[Any]]


@dataclass(frozen=True)
class CountSurrogates:
    """Count the coherences of a range of surrogates: what a backend runs, as often as it likes.

    Parameters
    ----------
    plan : Plan
        The problem.
    streams : Streams
        The random streams.
    ops : ArrayOps, optional
        Where the arrays live; by default NumPy in the plan's precision.

    Notes
    -----
    Calling it with ``(start, stop)`` returns integer counts, shape (batch, scale, bin). Surrogates
    are computed in whole blocks cut at multiples of the block size; of a block that the range
    holds only in part, the rest is computed as filling and not counted. So every surrogate meets
    arrays of the same shape, at the same place in them, in whichever range it comes.
    """

    plan: Plan
    streams: Streams
    ops: ArrayOps | None = None

    def __call__(self, task: tuple[int, int]) -> Counts:
        """Return the counts of the surrogates start <= i < stop."""
        plan = self.plan
        # Tables travel between processes: half the size, where no count can be too large for it.
        fits = (task[1] - task[0]) * plan.n_samples < np.iinfo(np.int32).max
        dtype = np.int32 if fits else np.int64
        counts: Counts = np.zeros((N_BATCHES, plan.n_scales, plan.n_bins), dtype=dtype)
        count: Callable[..., None] = _count_grids if plan.grids else _count_block
        if plan.smooths_itself:
            count = _count_by_own_smooth
        for indices in _blocks(range(*task), plan.block_size):
            try:
                # Far below the sampling interval there is 0 / 0, which the tally knows of.
                with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
                    count(plan, indices, self._noise(indices), counts, self.ops or plan.ops)
            except Exception as error:
                error.add_note(f"in surrogates {indices.start} to {indices.stop - 1}")
                raise
        return counts

    def _noise(self, indices: range) -> NDArray[np.float64]:
        plan = self.plan
        if plan.grids:
            n = sum(grid.n_normals for grid in plan.grids)
            return normal_rows(self.streams, indices, n, plan.single)
        if plan.noise == "legacy":
            return legacy_pairs(indices, plan.n_samples, plan.coefficients)
        return ar1_pairs(self.streams, indices, plan.n_samples, plan.coefficients)


def _blocks(indices: range, size: int) -> Iterator[range]:
    """Cut a range of indices at the multiples of the block size."""
    start = indices.start
    while start < indices.stop:
        stop = min(indices.stop, (start // size + 1) * size)
        yield range(start, stop)
        start = stop


def _count_block(
    plan: Plan, indices: range, noise: NDArray[np.float64], counts: Counts, ops: ArrayOps
) -> None:
    """Add the surrogates of one block to the counts, every scale at the full rate."""
    bank = plan.bank(ops)
    whole = _filled(plan, indices, noise)
    spectra = {length: _padded_spectra(whole, length, ops) for length in bank.lengths}
    tally = _Tally(plan, indices, 1, plan.n_samples, counts, ops)

    def outside(scale: int) -> slice:
        return slice(plan.starts[scale], plan.stops[scale])

    for scale, S in smoothed_spectra(spectra, bank, ops, parts=outside):
        tally.add(scale, S)


def _count_grids(
    plan: Plan, indices: range, normals: NDArray[np.float64], counts: Counts, ops: ArrayOps
) -> None:
    """Add the surrogates of one block to the counts, each octave of scales on its own grid."""
    used = 0
    whole = _filled(plan, indices, normals)[0]
    for grid in plan.grids:
        drawn = whole[:, used : used + grid.n_normals]
        used += grid.n_normals
        # (surrogate, series, replicate, variate) to (series, surrogate and replicate, variate)
        shape = (plan.block_size, 2, grid.replicates, -1)
        drawn = np.moveaxis(drawn.reshape(shape), 1, 0)
        drawn = drawn.reshape(2, plan.block_size * grid.replicates, -1)
        spectra = {grid.n_fft: ops.from_host(grid_spectra(grid, drawn, plan.coefficients))}
        tally = _Tally(plan, indices, grid.replicates, grid.n_points, counts, ops)

        def outside(scale: int, grid: Grid = grid) -> slice:
            own = scale + grid.low - grid.first
            if not 0 <= own < grid.stop - grid.first:
                return slice(0, 0)  # a neighbour, whose own group answers for it
            return slice(grid.starts[own], grid.stops[own])

        bank = plan.grid_bank(grid, ops)
        for scale, S in smoothed_spectra(spectra, bank, ops, parts=outside):
            tally.add(scale + grid.low, S)


def _filled(plan: Plan, indices: range, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a whole block (series, surrogate, ...): rows at their places, filling elsewhere."""
    if len(indices) == plan.block_size:
        return rows
    first = indices.start % plan.block_size
    whole = np.empty((rows.shape[0], plan.block_size, *rows.shape[2:]), dtype=rows.dtype)
    whole[:] = rows[:, :1]
    whole[:, first : first + len(indices)] = rows
    return whole


class _Tally:
    """Histogram of the coherences of one block, into the batches of its surrogates."""

    def __init__(
        self,
        plan: Plan,
        indices: range,
        replicates: int,
        n_points: int,
        counts: Counts,
        ops: ArrayOps,
    ) -> None:
        self._ops, self._counts, self._n_bins = ops, counts, plan.n_bins
        first = indices.start % plan.block_size * replicates
        n_rows = len(indices) * replicates
        self._rows = slice(first, first + n_rows)
        batches = np.repeat(np.asarray(indices) % N_BATCHES, replicates)
        self._offsets = ops.from_host((batches * float(plan.n_bins))[:, np.newaxis])
        self._R2 = ops.zeros((n_rows * n_points,), "real")
        self._scratch = ops.zeros((2 * n_rows * n_points,), "real")
        self._places = ops.zeros((n_rows * n_points,), "index")

    def add(self, scale: int, S: Array) -> None:
        """Count the coherences of one scale, given its smoothed spectra."""
        ops, n_bins = self._ops, self._n_bins
        S = S[:, self._rows]
        n_rows, width = S.shape[1:]
        values = self._R2[: n_rows * width].reshape((n_rows, width))
        scratch = self._scratch[: 2 * n_rows * width].reshape((n_rows, 2 * width))
        squared_coherence(S, values, scratch, ops)
        values *= n_bins
        # Rounding may lift a coherence of 1 past it: it belongs in the last bin. Where a wavelet
        # far below the sampling interval leaves 0 / 0, there is no coherence.
        ops.between(values, 0.0, n_bins - 1.0)
        values += self._offsets
        places = self._places[: n_rows * width]
        ops.assign(places.reshape(n_rows, width), values)
        table = ops.bincount(places, N_BATCHES * n_bins).reshape(N_BATCHES, n_bins)
        self._counts[:, scale] += table.astype(self._counts.dtype)


def _padded_spectra(noise: NDArray[np.float64], length: int, ops: ArrayOps) -> Array:
    """Return the zero-padded FFT of a block of noise."""
    padded = np.zeros((*noise.shape[:-1], length), dtype=complex)
    padded[..., : noise.shape[-1]] = noise
    return ops.fft(ops.from_host(padded))


def _count_by_own_smooth(
    plan: Plan, indices: range, noise: NDArray[np.float64], counts: Counts, _: ArrayOps
) -> None:
    """Add surrogates to the counts, with the smoothing that the mother wavelet brings along."""
    scales = np.array(plan.scales) * plan.dt
    for place, index in enumerate(indices):
        R2, _phase = coherence_by_own_smooth(
            noise[:, place], plan.mother, scales, plan.dt, plan.dj, plan.n_fft
        )
        bins = np.minimum(R2 * plan.n_bins, plan.n_bins - 1)
        for scale, (start, stop) in enumerate(zip(plan.starts, plan.stops, strict=True)):
            inside = bins[scale, start:stop]
            inside = inside[np.isfinite(inside)].astype(np.intp)
            table = np.bincount(inside, minlength=plan.n_bins).astype(counts.dtype)
            counts[index % N_BATCHES, scale] += table
