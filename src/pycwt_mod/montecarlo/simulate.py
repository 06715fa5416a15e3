"""Surrogates in, counts out: a pure function of the plan, the random streams and the indices."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import NUMPY, ArrayOps
from ..validation import warn_user
from .counting import Counts, Histogram, blocks, count, draw, named
from .noise import Streams
from .plan import Plan

# Surrogates that a thread draws at a time for a device: long beside the start of a thread.
_DRAWN_AT_A_TIME = 64


@dataclass
class Drawn:
    """The noise of some surrogates: the arrays that `draw` yields, on the host or on the device."""

    indices: range
    arrays: list[Any]

    def halves(self) -> tuple[Drawn, Drawn]:
        """Cut into two."""
        middle = (len(self.indices) + 1) // 2
        parts = []
        for part in (slice(0, middle), slice(middle, None)):
            indices = self.indices[part]
            arrays = []
            for array in self.arrays:
                each = array.shape[1] // len(self.indices)  # replicates of one surrogate
                begin = (indices.start - self.indices.start) * each
                arrays.append(array[:, begin : begin + len(indices) * each])
            parts.append(Drawn(indices, arrays))
        return parts[0], parts[1]


@dataclass(frozen=True)
class CountSurrogates:
    """Count the coherences of a range of surrogates; a backend calls it for each range.

    Called with ``(start, stop)`` it returns integer counts, shape (batch, row, bin). Surrogates are
    computed in whole blocks cut at multiples of the block size; where the range holds a part of
    one, the rest is filled up and not counted. So every surrogate meets arrays of the same shape,
    at the same place in them, in whichever range it comes. On a device, which rounds in its own way
    anyhow, blocks are large and may be halved.
    """

    plan: Plan
    streams: Streams
    ops: ArrayOps | None = None

    def __call__(self, task: tuple[int, int]) -> Counts:
        """Return the counts of the surrogates start <= i < stop."""
        return self.compute(task, self.prepare(task))

    def prepare(self, task: tuple[int, int]) -> Sequence[Drawn]:
        """Draw the noise of a range for `compute`, where the arrays live on a device."""
        if self._where.block_bytes is None:
            return ()
        return [
            self._drawn_ahead(indices) for indices in blocks(range(*task), self.plan.block_size)
        ]

    def compute(self, task: tuple[int, int], drawn: Sequence[Drawn]) -> Counts:
        """Return the counts of a range; on a device its noise is there."""
        plan, ops = self.plan, self._where
        histogram = Histogram(plan, ops)
        if ops.block_bytes is not None:
            _count_on_device(histogram, list(drawn))
            return histogram.counts(task[1] - task[0])
        for indices in blocks(range(*task), plan.block_size):
            with named(indices):
                noise = draw(plan, self.streams, indices, plan.block_size)
                count(histogram, indices, noise)
        return histogram.counts(task[1] - task[0])

    @property
    def _where(self) -> ArrayOps:
        # A mother wavelet's own `smooth` knows NumPy's arrays only.
        return NUMPY if self.plan.smooths_itself else self.ops or self.plan.ops

    def _drawn_ahead(self, indices: range) -> Drawn:
        """Draw a block with all cores, and move it to the device if that can be done meanwhile."""
        starts = range(0, len(indices), _DRAWN_AT_A_TIME)
        pieces = [indices[k : k + _DRAWN_AT_A_TIME] for k in starts]

        def drawn(piece: range) -> list[Any]:
            return list(draw(self.plan, self.streams, piece, len(piece)))

        # NumPy draws without the interpreter's lock.
        n_threads, ops = min(len(pieces), os.cpu_count() or 1), self._where
        with named(indices), ThreadPoolExecutor(n_threads, "pycwt_mod-draw") as pool:
            found = zip(*pool.map(drawn, pieces), strict=True)
            block = Drawn(indices, [np.concatenate(arrays, axis=1) for arrays in found])
            if ops.upload is not None:
                try:
                    block.arrays = [ops.upload(array) for array in block.arrays]
                except ops.out_of_memory:
                    ops.release()  # it stays on the host until there is room
        return block


def _count_on_device(histogram: Histogram, waiting: list[Drawn]) -> None:
    """Add surrogates to a histogram, in smaller and smaller parts where the memory is too small.

    If not even one surrogate fits, the library's own exception is raised.
    """
    most, is_told = histogram.plan.block_size, False
    while waiting:
        part = waiting.pop(0)
        if len(part.indices) > most:
            waiting[:0] = part.halves()
            continue
        if _fits(histogram, part):
            continue
        if not is_told:
            is_told = True
            warn_user(
                f"the memory of {histogram.ops.name} does not hold {len(part.indices)} surrogates "
                "at a time; going on with half of them, and so on until they fit. "
                "GPUBackend(memory_fraction=...) with a smaller share avoids the attempt."
            )
        most = (len(part.indices) + 1) // 2
        waiting.insert(0, part)


def _fits(histogram: Histogram, part: Drawn) -> bool:
    """Count some surrogates; False, and nothing counted, if the memory does not suffice."""
    plan, ops = histogram.plan, histogram.ops
    with named(part.indices):
        own = Histogram(plan, ops)
        try:
            count(own, part.indices, part.arrays)
        except ops.out_of_memory:
            if len(part.indices) == 1:
                raise
        else:
            histogram.add(own)
            return True
    # Outside the handler: the exception holds on to the arrays of the attempt.
    ops.release()
    return False
