"""Surrogates in, counts out: a pure function of the plan, the random streams and the indices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import NUMPY, Array, ArrayOps
from ..coherence import coherence_by_own_smooth, smoothed_spectra, squared_coherence
from .noise import Streams, ar1_pairs, legacy_pairs
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
    ops : ArrayOps
        Where the arrays live.

    Notes
    -----
    Calling it with ``(start, stop)`` returns integer counts, shape (batch, scale, bin). Surrogates
    are computed in whole blocks cut at multiples of the block size; of a block that the range
    holds only in part, the rest is computed as filling and not counted. So every surrogate meets
    arrays of the same shape, at the same place in them, in whichever range it comes.
    """

    plan: Plan
    streams: Streams
    ops: ArrayOps = NUMPY

    def __call__(self, task: tuple[int, int]) -> Counts:
        """Return the counts of the surrogates start <= i < stop."""
        plan = self.plan
        # Tables travel between processes: half the size, where no count can be too large for it.
        fits = (task[1] - task[0]) * plan.n_samples < np.iinfo(np.int32).max
        dtype = np.int32 if fits else np.int64
        counts: Counts = np.zeros((N_BATCHES, plan.n_scales, plan.n_bins), dtype=dtype)
        count = _count_by_own_smooth if plan.smooths_itself else _count_block
        for indices in _blocks(range(*task), plan.block_size):
            try:
                count(plan, self._noise(indices), indices, counts, self.ops)
            except Exception as error:
                error.add_note(f"in surrogates {indices.start} to {indices.stop - 1}")
                raise
        return counts

    def _noise(self, indices: range) -> NDArray[np.float64]:
        plan = self.plan
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
    plan: Plan, noise: NDArray[np.float64], indices: range, counts: Counts, ops: ArrayOps
) -> None:
    """Add the surrogates of one block to the counts."""
    bank = plan.bank(ops)
    first = indices.start % plan.block_size
    rows = slice(first, first + len(indices))
    whole = np.empty((2, plan.block_size, plan.n_samples))
    whole[:] = noise[:, :1]  # filling, where the block is not asked for in full
    whole[:, rows] = noise
    spectra = {length: _padded_spectra(whole, length, ops) for length in bank.lengths}
    R2 = ops.zeros((plan.block_size, plan.n_samples), "real")
    scratch = ops.zeros((plan.block_size, 2 * plan.n_samples), "real")
    bins = ops.zeros((plan.block_size * plan.n_samples,), "index")
    offsets = np.arange(plan.block_size)[:, np.newaxis] * plan.n_bins
    device_offsets = ops.from_host(offsets.astype(float))
    batches = [index % N_BATCHES for index in indices]

    def outside(scale: int) -> slice:
        return slice(plan.starts[scale], plan.stops[scale])

    for scale, S in smoothed_spectra(spectra, bank, ops, parts=outside):
        width = S.shape[-1]
        values = R2[:, :width]
        squared_coherence(S, values, scratch, ops)
        values *= plan.n_bins
        # Rounding may lift a coherence of 1 past it; it belongs in the last bin.
        ops.xp.clip(values, 0, plan.n_bins - 1, out=values)
        values += device_offsets
        flat = bins[: plan.block_size * width]
        ops.assign(flat.reshape(plan.block_size, width), values)
        table = ops.bincount(flat, plan.block_size * plan.n_bins)
        table = table.reshape(plan.block_size, plan.n_bins)[rows].astype(counts.dtype)
        for batch, histogram in zip(batches, table, strict=True):
            counts[batch, scale] += histogram


def _padded_spectra(noise: NDArray[np.float64], length: int, ops: ArrayOps) -> Array:
    """Return the zero-padded FFT of a block of noise."""
    padded = np.zeros((*noise.shape[:-1], length), dtype=complex)
    padded[..., : noise.shape[-1]] = noise
    return ops.fft(ops.from_host(padded))


def _count_by_own_smooth(
    plan: Plan, noise: NDArray[np.float64], indices: range, counts: Counts, _: ArrayOps
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
