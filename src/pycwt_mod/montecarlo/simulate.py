"""Surrogates in, counts out: a pure function of the plan, the random streams and the indices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..arrays import NUMPY, ArrayOps
from . import device
from .counting import Counts, Histogram, blocks, count, draw, named
from .noise import Streams
from .plan import Plan


@dataclass(frozen=True)
class CountSurrogates:
    """Count the coherences of a range of surrogates; a backend calls it for each range.

    Calling it with ``(start, stop)`` returns integer counts, shape (batch, row, bin): a row is a
    scale, or one of its classes of distances where the plan has them. Surrogates are computed in
    whole blocks cut at multiples of the block size; of a block that the range holds only in part,
    the rest is computed as filling and not counted. So every surrogate meets arrays of the same
    shape, at the same place in them, in whichever range it comes.

    Arrays live where `ops` says, by default in NumPy in the plan's precision. On a device blocks
    are large, and may be halved, since it rounds in its own way anyhow. The noise of the next range
    can be drawn by `prepare` while `compute` works on the last.
    """

    plan: Plan
    streams: Streams
    ops: ArrayOps | None = None

    def __call__(self, task: tuple[int, int]) -> Counts:
        """Return the counts of the surrogates start <= i < stop."""
        return self.compute(task, self.prepare(task))

    def prepare(self, task: tuple[int, int]) -> Sequence[device.Drawn]:
        """Draw the noise of a range for `compute`, where the arrays live on a device."""
        if self._where.block_bytes is None:
            return ()
        return device.prepared(self.plan, self.streams, task, self._where)

    def compute(self, task: tuple[int, int], drawn: Sequence[device.Drawn]) -> Counts:
        """Return the counts of a range; on a device its noise is there."""
        ops = self._where
        histogram = Histogram(self.plan, ops)
        if ops.block_bytes is not None:
            device.compute(self.plan, drawn, histogram, ops)
            return histogram.counts(task[1] - task[0])
        for indices in blocks(range(*task), self.plan.block_size):
            with named(indices):
                noise = draw(self.plan, self.streams, indices, self.plan.block_size)
                count(self.plan, indices, noise, histogram, ops)
        return histogram.counts(task[1] - task[0])

    @property
    def _where(self) -> ArrayOps:
        # A mother wavelet's own `smooth` knows NumPy's arrays only.
        return NUMPY if self.plan.smooths_itself else self.ops or self.plan.ops
