"""The mean coherence over time, scale by scale, and whether it is more than that of noise.

Each scale is a band of its own, of which `band_means` tells the means of unrelated series.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..backends import resolve_backend
from ..backends.deadline import Deadline, closing_iterator
from ..geometry import Geometry
from ..progress import make_progress
from ..validation import as_level
from .band_means import BandSurrogates, make_groups, pvalue
from .noise import Streams
from .options import SimulationOptions
from .plan import is_single_enough
from .surrogates import Surrogates

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TimeMeans:
    """The mean coherence over time of each scale, outside the cone of influence or at all times.

    Attributes
    ----------
    periods : numpy.ndarray
        Fourier periods of the scales, shape (n_scales,).
    coherence : numpy.ndarray
        Mean of R2 over the times outside the cone of influence, shape (n_scales,). NaN here and
        below where the scale is inside it at all times. With ``inside_cone=True`` over all times.
    level : numpy.ndarray
        What the mean of unrelated series stays below with the given probability, for each scale.
    pvalue : numpy.ndarray
        Probability that the mean of unrelated series is as large, for each scale by itself.
    surrogates : numpy.ndarray
        The means of unrelated series, shape (n_surrogates, n_scales).
    """

    periods: Array
    coherence: Array
    level: Array
    pvalue: Array
    surrogates: Array

    def quantile(self, level: float) -> Array:
        """Return the level of another probability, for each scale."""
        return quantile(self.surrogates, as_level(level, "level"))

    def reordered(self, order: slice) -> TimeMeans:
        """Return the scales in another order."""
        return TimeMeans(
            self.periods[order],
            self.coherence[order],
            self.level[order],
            self.pvalue[order],
            self.surrogates[:, order],
        )

    def __repr__(self) -> str:
        """Return one line."""
        seen = int(np.isfinite(self.coherence).sum())
        return (
            f"<TimeMeans: {seen} of {self.periods.size} scales seen, "
            f"{len(self.surrogates)} surrogates>"
        )


def mean_over_time(
    R2: Array,
    geometry: Geometry,
    coefficients: tuple[float, float],
    options: SimulationOptions,
    level: float,
    *,
    centred: bool,
    surrogates: Surrogates | None = None,
) -> TimeMeans:
    """Average a coherence, shape (n_scales, n), over time, and judge the means.

    `centred` says whether the mean of each series was subtracted before; `surrogates` stand in
    place of AR(1) noise.
    """
    members = np.diag(geometry.n_averaged > 0)  # each scale is a band of its own
    method = options.method_for(geometry.mother)
    kernel = BandSurrogates(
        geometry,
        members,
        make_groups(geometry, list(members), method),
        (coefficients,),
        Streams.of(options.seed),
        centred,
        single=method != "full" and is_single_enough(geometry),
        surrogates=(surrogates,),
    )
    of_noise = _means_of_noise(kernel, options)
    means = np.full(geometry.n_scales, np.nan)
    for scale, (start, stop) in enumerate(zip(*geometry.averaged, strict=True)):
        known = R2[scale, start:stop]
        if np.isfinite(known).any():
            means[scale] = np.nanmean(known)
    p = [pvalue(float(mean), own) for mean, own in zip(means, of_noise.T, strict=True)]
    return TimeMeans(geometry.periods, means, quantile(of_noise, level), np.array(p), of_noise)


def _means_of_noise(kernel: BandSurrogates, options: SimulationOptions) -> Array:
    """Return the means of surrogates, (surrogate, scale): on every backend the same bits."""
    deadline = Deadline(options.timeout, options.mc_count, "surrogate")
    blocks = []
    with (
        resolve_backend(options.backend, n_workers=options.n_workers) as engine,
        make_progress(options.progress, options.mc_count) as bar,
    ):
        tasks = [(0, *span) for span in kernel.ranges(options.mc_count)]
        results = engine.map(kernel, tasks, deadline=deadline)
        with closing_iterator(results):
            for block in results:
                blocks.append(block)
                deadline.n_done += len(block)
                bar.update(len(block))
    return np.concatenate(blocks)


def quantile(surrogates: Array, level: float) -> Array:
    """Return a quantile of the means of each scale, which the next mean exceeds as often."""
    found = np.full(surrogates.shape[1], np.nan)
    seen = np.isfinite(surrogates).any(axis=0)
    found[seen] = np.nanquantile(surrogates[:, seen], level, axis=0, method="weibull")
    return found
