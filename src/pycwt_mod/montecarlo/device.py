"""Blocks of surrogates on a device: drawn ahead on the host, and halved where memory is short."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import ArrayOps
from ..validation import warn_user
from .counting import Histogram, blocks, count, draw, named
from .noise import Streams
from .plan import Plan

# Surrogates that a thread draws at a time: long beside the start of a thread.
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


def prepared(plan: Plan, streams: Streams, task: tuple[int, int], ops: ArrayOps) -> list[Drawn]:
    """Draw the noise of a task, and move it to the device if that can be done meanwhile."""
    found = []
    for indices in blocks(range(*task), plan.block_size):
        with named(indices):
            drawn = _draw_in_threads(plan, streams, indices)
            if ops.upload is not None:
                try:
                    drawn.arrays = [ops.upload(array) for array in drawn.arrays]
                except ops.out_of_memory:
                    ops.release()  # it stays on the host until there is room
            found.append(drawn)
    return found


def _draw_in_threads(plan: Plan, streams: Streams, indices: range) -> Drawn:
    """Draw the noise of a block with all cores: NumPy draws without the interpreter's lock."""
    pieces = [indices[k : k + _DRAWN_AT_A_TIME] for k in range(0, len(indices), _DRAWN_AT_A_TIME)]

    def drawn(piece: range) -> list[Any]:
        return list(draw(plan, streams, piece, len(piece)))

    with ThreadPoolExecutor(min(len(pieces), os.cpu_count() or 1), "pycwt_mod-draw") as pool:
        found = list(pool.map(drawn, pieces))
    return Drawn(indices, [np.concatenate(arrays, axis=1) for arrays in zip(*found, strict=True)])


def compute(plan: Plan, drawn: Iterable[Drawn], histogram: Histogram, ops: ArrayOps) -> None:
    """Add surrogates to a histogram, in smaller and smaller parts where the memory is too small.

    If not even one surrogate fits, the library's own exception is raised.
    """
    waiting = list(drawn)[::-1]
    halved = False
    most = max((len(part.indices) for part in waiting), default=1)
    while waiting:
        part = waiting.pop()
        if len(part.indices) > most:
            waiting += part.halves()[::-1]
            continue
        if _fits(plan, part, histogram, ops):
            continue
        if not halved:
            halved = True
            warn_user(
                f"the memory of {ops.name} does not hold {len(part.indices)} surrogates at a time; "
                "going on with half of them, and so on until they fit. "
                "GPUBackend(memory_fraction=...) with a smaller share avoids the attempt."
            )
        most = (len(part.indices) + 1) // 2
        waiting.append(part)


def _fits(plan: Plan, part: Drawn, histogram: Histogram, ops: ArrayOps) -> bool:
    """Count some surrogates; False, and nothing counted, if the memory does not suffice."""
    with named(part.indices):
        own = Histogram(plan, ops)
        try:
            count(plan, part.indices, part.arrays, own, ops)
        except ops.out_of_memory:
            if len(part.indices) == 1:
                raise
        else:
            histogram.add(own)
            return True
    # Outside the handler: the exception holds on to the arrays of the attempt.
    ops.release()
    return False
