"""The largest patch of surrogate maps, and that of the data, on the times that each scale needs.

At scale s nothing in R2 varies faster than about s, so that of a long record each octave of scales
is computed at every D-th time only, D a power of two. Patches of data and surrogates are found on
the same times, so the comparison is exact whatever these are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..analytic.field import NullField, NullRow, TimedRow
from ..arrays import NUMPY, NUMPY_SINGLE
from ..coherence import coherence_by_own_smooth
from ..filters import Banks
from ..montecarlo.band_means import (
    Group,
    coarse_bank,
    coarse_coherences,
    make_groups,
    padded_spectrum,
)
from ..montecarlo.counting import blocks, draw, named
from ..montecarlo.noise import Streams
from ..montecarlo.plan import Plan, is_single_enough
from .patches import Floats, Ints, PatchFinder, areas_of

# What each point of a patch counts, times its area in units of the scale, dt dj / s.
STATISTICS = ("mass", "area")

# Records up to this length, padded, are judged at all of their times.
_SHORT = 512

# Samples of each series that are transformed together should stay in the cache; but of four rows or
# more, those of two pairs, SciPy's FFT takes a third of the time that single ones do.
_BLOCK_SAMPLES, _SMALLEST, _LARGEST = 2**15, 2, 32

# Above this level of R2 single precision does not tell 1 - R2 well.
_NEAR_ONE = 0.99


@dataclass(frozen=True, eq=False)
class PatchTest:
    """A test of patches: called with (start, stop) it gives the largest of surrogate maps."""

    plan: Plan  # of surrogates as long as the record
    null_field: NullField  # its levels bound the patches, its p-values are their mass
    level: float  # a probability
    statistic: str  # one of `STATISTICS`
    streams: Streams
    _banks: Banks = field(default_factory=Banks, init=False, repr=False)
    _rows: dict[int, _Row] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(
        cls,
        plan: Plan,
        null_field: NullField,
        level: float,
        statistic: str,
        seed: np.random.SeedSequence | None,
    ) -> PatchTest:
        """Return the test of a map, with blocks of surrogates that suit it."""
        size = int(np.clip(_BLOCK_SAMPLES // plan.n_fft, _SMALLEST, _LARGEST))
        own = replace(plan, block_size=size)
        return cls(own, null_field, level, statistic, Streams.of(seed))

    def __call__(self, task: tuple[int, int]) -> Floats:
        """Return the total of the largest patch of each surrogate, shape (stop - start,)."""
        plan, found = self.plan, []
        for indices in blocks(range(*task), plan.block_size):
            with named(indices):
                (noise,) = draw(plan, self.streams, indices, plan.block_size)
                finder = PatchFinder(plan.block_size, plan.n_times)
                for scale, R2 in self._coherences(noise):
                    self._add(finder, scale, R2)
                first = indices.start % plan.block_size
                found.append(finder.largest()[first : first + len(indices)])
        return np.concatenate(found)

    def labels(self, R2: Floats) -> tuple[Ints, Floats]:
        """Return the patches of a map, labelled from 1 on, and the total of each.

        A patch is judged by the largest one at the times of the test of which it holds a point.
        """
        finder = PatchFinder(1, self.plan.n_times)
        with np.errstate(invalid="ignore"):
            above = self.null_field.quantile(self.level) < R2
        for row in above:
            places = np.flatnonzero(row)
            finder.add(places, row.size, np.ones(places.size), 1)
        labels = np.zeros(R2.shape, dtype=np.int64)
        labels[above] = finder.patches()[0] + 1
        return labels, self._totals(R2, labels)

    def _totals(self, R2: Floats, labels: Ints) -> Floats:
        finder, names = PatchFinder(1, self.plan.n_times), []
        for scale, row in enumerate(R2):
            step = self.step_of(scale)
            places = self._add(finder, scale, row[np.newaxis, ::step])
            names.append(labels[scale, ::step][places])
        patch, totals, _ = finder.patches()
        found = np.zeros(int(labels.max(initial=0)) + 1)
        np.maximum.at(found, np.concatenate(names), totals[patch])
        return found[1:]

    def step_of(self, scale: int) -> int:
        """Return the samples from one time to the next at a scale."""
        return next((g.step for g in self.groups if scale in g.bands), 1)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The scales that share a time grid; a band is a scale."""
        plan = self.plan
        method = "full" if plan.n_fft <= _SHORT else "multirate"
        return make_groups(plan, list(np.eye(plan.n_scales, dtype=bool)), method)

    def _coherences(self, noise: Any) -> Iterator[tuple[int, Floats]]:
        """Yield the coherences of a block at each scale, (surrogate, time)."""
        plan = self.plan
        if plan.smooths_itself:
            maps = [
                coherence_by_own_smooth(s, plan, plan.statistic)[0] for s in noise.swapaxes(0, 1)
            ]
            yield from enumerate(np.stack(maps, axis=1))
            return
        spectra: dict[str, Any] = {}
        for group in self.groups:
            levels = [self._row(scale).levels.max() for scale in group.bands]
            single = is_single_enough(plan) and max(levels) < _NEAR_ONE
            ops = NUMPY_SINGLE if single else NUMPY
            if ops.name not in spectra:
                spectra[ops.name] = padded_spectrum(noise, plan, ops)
            bank = self._banks.get(group, partial(coarse_bank, plan, group, ops))
            parts = dict.fromkeys(group.bands, slice(0, bank.n))
            yield from coarse_coherences(spectra[ops.name], group, bank, ops, parts, plan.statistic)

    def _add(self, finder: PatchFinder, scale: int, R2: Floats) -> NDArray[np.intp]:
        """Add a scale of all maps to their patches; return the places above their levels."""
        row = self._row(scale)
        with np.errstate(invalid="ignore"):
            places = np.flatnonzero(row.levels < R2)
        width = R2.shape[1]
        if self.statistic == "area":
            sizes = np.full(places.size, row.area)
        else:
            values = np.clip(R2.ravel()[places].astype(float), 0, 1)
            sizes = row.area / -np.log(10) * row.null.log_p(values, places % width)
        finder.add(places, width, sizes, row.step)
        return places

    def _row(self, scale: int) -> _Row:
        if scale not in self._rows:
            step = self.step_of(scale)
            null = self.null_field.row(scale, step)
            area = step * areas_of(self.plan.scales_in_samples)[scale]
            self._rows[scale] = _Row(step, float(area), null, null.levels(self.level))
        return self._rows[scale]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_rows": {}}  # workers compute them faster than receive them


@dataclass(frozen=True)
class _Row:
    """What a scale is compared with at the times of the test."""

    step: int
    area: float
    null: NullRow | TimedRow
    levels: Floats
