"""One block of surrogates: its noise, its coherences, and their histogram."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..arrays import NUMPY, Array, ArrayOps
from ..coherence import coherence_by_own_smooth, smoothed_spectra
from .grids import Grid, given_spectra, grid_spectra
from .noise import Streams, ar1_series, legacy_pairs, normal_rows
from .plan import Plan

Counts = NDArray[np.signedinteger[Any]]


class Histogram:
    """Counts of coherences for each batch and row, on the device until `counts` is called.

    A row is a scale, or where the plan says so one of its classes of distances.
    """

    def __init__(self, plan: Plan, ops: ArrayOps) -> None:
        self.plan, self.ops = plan, ops
        # (row, batch and bin)
        self._counts = ops.zeros((plan.n_rows, plan.n_batches * plan.n_bins), "index")

    def row(self, scale: int) -> Array:
        """Return the histograms of a scale, flat, to add to."""
        return self._counts[self.plan.rows_of(scale)].reshape(-1)

    def add(self, other: Histogram) -> None:
        """Add another histogram's counts."""
        self._counts += other._counts

    def counts(self, n_surrogates: int) -> Counts:
        """Return the counts, shape (batch, row, bin), after `n_surrogates` were added."""
        plan = self.plan
        counts = self.ops.to_host(self._counts).reshape(plan.n_rows, plan.n_batches, plan.n_bins)
        # Tables travel between processes: half the size, where no count can be too large for it.
        fits = n_surrogates * plan.n_times < np.iinfo(np.int32).max
        return np.ascontiguousarray(counts.swapaxes(0, 1), dtype=np.int32 if fits else np.int64)


def blocks(indices: range, size: int) -> Iterator[range]:
    """Cut a range of indices at the multiples of the block size."""
    start = indices.start
    while start < indices.stop:
        stop = min(indices.stop, (start // size + 1) * size)
        yield range(start, stop)
        start = stop


@contextlib.contextmanager
def named(indices: range) -> Iterator[None]:
    """Let an exception say in which surrogates it was raised."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in surrogates {indices.start} to {indices.stop - 1}")
        raise


def draw(
    plan: Plan, streams: Streams, indices: range, block_size: int
) -> Iterator[NDArray[np.inexact[Any]]]:
    """Draw the noise of a whole block, in which copies stand for surrogates not in `indices`.

    Yields the noise itself, or its Fourier coefficients for each grid of the plan: axes (series,
    surrogate, ...).
    """
    if not plan.grids or plan.surrogates is not None:
        noise = _filled(_series(plan, streams, indices), indices, block_size)
        if not plan.grids:
            yield noise
            return
        spectra = scipy.fft.rfft(noise, plan.n_fft, axis=-1)
        kind = np.complex64 if plan.single else np.complex128
        for grid in plan.grids:
            yield given_spectra(grid, spectra).astype(kind)
        return
    n_series = plan.statistic.n_series
    n = n_series * sum(grid.n_normals for grid in plan.grids)
    normals = normal_rows(streams, indices, n, plan.single)
    normals = _filled(normals, indices, block_size)[0]
    used = 0
    for grid in plan.grids:
        own = normals[:, used : used + n_series * grid.n_normals]
        used += n_series * grid.n_normals
        # (surrogate, series, replicate, variate) to (series, surrogate and replicate, variate)
        own = np.moveaxis(own.reshape((len(own), n_series, grid.replicates, -1)), 1, 0)
        own = own.reshape(n_series, own.shape[1] * grid.replicates, -1)
        yield grid_spectra(grid, own, plan.coefficients)


def _series(plan: Plan, streams: Streams, indices: range) -> NDArray[np.float64]:
    """Return surrogates at the full rate: axes (series, surrogate, time)."""
    if plan.surrogates is not None:
        noise = plan.surrogates.draw(streams, indices, plan.n_times)
    elif plan.noise == "legacy":
        noise = legacy_pairs(indices, plan.n_times, plan.coefficients)
    else:
        noise = ar1_series(streams, indices, plan.n_times, plan.coefficients)
    if plan.centred:
        noise -= noise.mean(axis=-1, keepdims=True)
    return noise


def _filled(
    rows: NDArray[np.floating[Any]], indices: range, block_size: int
) -> NDArray[np.floating[Any]]:
    """Return a whole block (series, surrogate, ...): rows at their places, filling elsewhere."""
    if len(indices) == block_size:
        return rows
    first = indices.start % block_size
    whole = np.empty((rows.shape[0], block_size, *rows.shape[2:]), dtype=rows.dtype)
    whole[:] = rows[:, :1]
    whole[:, first : first + len(indices)] = rows
    return whole


def count(histogram: Histogram, indices: range, drawn: Iterable[Any]) -> None:
    """Add the surrogates of one block, given the arrays that `draw` yields, on host or device."""
    how = _count_grids if histogram.plan.grids else _count_full
    # Far below the sampling interval there is 0 / 0, which the tally knows of.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        (_count_by_own_smooth if histogram.plan.smooths_itself else how)(histogram, indices, drawn)


def _count_full(histogram: Histogram, indices: range, drawn: Iterable[Any]) -> None:
    """Add a block at the full rate."""
    plan, ops = histogram.plan, histogram.ops
    bank = plan.bank(ops)
    (noise,) = drawn
    spectra = {length: _padded_spectra(noise, length, ops) for length in bank.lengths}
    tally = _Counter(histogram, indices, noise.shape[1], 1, plan.n_times)

    def outside(scale: int) -> slice:
        return slice(plan.starts[scale], plan.stops[scale])

    for scale, S in smoothed_spectra(spectra, bank, ops, parts=outside):
        tally.add(scale, S)


def _count_grids(histogram: Histogram, indices: range, drawn: Iterable[Any]) -> None:
    """Add a block with each octave of scales on its own grid."""
    plan, ops = histogram.plan, histogram.ops
    for grid, coefficients in zip(plan.grids, drawn, strict=True):
        spectra = {grid.n_fft: _on_device(coefficients, ops)}
        block_size = coefficients.shape[1] // grid.replicates
        tally = _Counter(histogram, indices, block_size, grid.replicates, grid.n_points)

        def outside(scale: int, grid: Grid = grid) -> slice:
            own = scale + grid.low - grid.first
            if not 0 <= own < grid.stop - grid.first:
                return slice(0, 0)  # a neighbour, whose own group answers for it
            return slice(grid.starts[own], grid.stops[own])

        bank = plan.grid_bank(grid, ops)
        for scale, S in smoothed_spectra(spectra, bank, ops, parts=outside):
            tally.add(scale + grid.low, S)


def _count_by_own_smooth(histogram: Histogram, indices: range, drawn: Iterable[Any]) -> None:
    """Add a block with the smoothing that the mother wavelet brings along."""
    plan = histogram.plan
    (noise,) = drawn
    for place, index in enumerate(indices, indices.start % noise.shape[1]):
        R2, _phase = coherence_by_own_smooth(noise[:, place], plan, plan.statistic)
        bins = np.minimum(R2 * plan.n_bins, plan.n_bins - 1)
        for scale, (start, stop) in enumerate(zip(plan.starts, plan.stops, strict=True)):
            if start >= stop:
                continue
            inside = bins[scale, start:stop]
            known = np.isfinite(inside)
            places = inside[known].astype(np.intp) + index % plan.n_batches * plan.n_bins
            if plan.distances:
                places += plan.classes_of(scale)[known] * (plan.n_batches * plan.n_bins)
            NUMPY.tally(histogram.row(scale), places)


class _Counter:
    """Histogram of the coherences of one block, into the batches of its surrogates."""

    def __init__(
        self, histogram: Histogram, indices: range, block_size: int, replicates: int, n_points: int
    ) -> None:
        self._histogram, plan, ops = histogram, histogram.plan, histogram.ops
        first = 0 if len(indices) == block_size else indices.start % block_size * replicates
        n_rows = len(indices) * replicates
        self._rows = slice(first, first + n_rows)
        batches = np.repeat(np.asarray(indices) % plan.n_batches, replicates)
        self._offsets = ops.from_host((batches * float(plan.n_bins))[:, np.newaxis])
        self._R2 = ops.zeros((n_rows * n_points,), "real")
        self._scratch = ops.zeros((n_rows * n_points,), "complex")
        self._places = ops.zeros((n_rows * n_points,), "index")

    def add(self, scale: int, S: Array) -> None:
        """Count the coherences of one scale, given its smoothed spectra."""
        plan, ops = self._histogram.plan, self._histogram.ops
        n_bins = plan.n_bins
        S = S[:, self._rows]
        n_rows, width = S.shape[1:]
        values = self._R2[: n_rows * width].reshape((n_rows, width))
        scratch = self._scratch[: n_rows * width].reshape((n_rows, width))
        plan.statistic.R2(S, values, scratch, ops)
        values *= n_bins
        # Rounding may lift a coherence of 1 past it: it belongs in the last bin. Where a wavelet
        # far below the sampling interval leaves 0 / 0, there is no coherence.
        ops.between(values, 0.0, n_bins - 1.0)
        values += self._offsets
        if plan.distances:
            values += ops.from_host(plan.classes_of(scale) * float(plan.n_batches * n_bins))
        places = self._places[: n_rows * width]
        ops.assign(places.reshape((n_rows, width)), values)
        ops.tally(self._histogram.row(scale), places)


def _padded_spectra(noise: Any, length: int, ops: ArrayOps) -> Array:
    """Return the zero-padded FFT of a block of noise."""
    padded = ops.zeros((*noise.shape[:-1], length), "complex")
    padded[..., : noise.shape[-1]] = _on_device(noise, ops)
    return ops.fft(padded)


def _on_device(array: Any, ops: ArrayOps) -> Array:
    return ops.from_host(array) if isinstance(array, np.ndarray) else array
