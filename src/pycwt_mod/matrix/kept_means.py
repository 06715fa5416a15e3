"""Band means of surrogates in the cache folder, and the random streams that they share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..montecarlo.kept_rows import KeptRows
from ..montecarlo.noise import Streams
from ..montecarlo.plan import Plan
from .fields import Array
from .nulls import band_streams
from .problem import Problem
from .store import Store


def streams_of(problem: Problem, store: Store) -> Streams:
    """Return the random streams of the band means: all anchors must share them.

    Without a seed they are those of an earlier run, or else drawn afresh.
    """
    streams = band_streams(problem.options.seed)
    if problem.options.seed is not None:
        return streams
    left = store.recall("streams", {"entropy": ()}, ("entropy",))
    if left is not None:
        return replace(streams, entropy=int(str(left["entropy"])))
    kept = kept_means(problem, problem.plan((0.0, 0.0)), streams, source="unseeded")
    if kept.streams == streams:
        kept.keep(kept.rows)
    store.write("streams", {"entropy": np.array(str(kept.streams.entropy))})
    return kept.streams


def kept_means(
    problem: Problem, plan: Plan, streams: Streams, *, source: str | None = None
) -> KeptRows:
    """Return the means of a plan's surrogates as far as they are kept, by their streams."""
    geometry, width = problem.geometry, (len(problem.bands),)
    key = plan.key() if problem.options.cache else None
    facts = (
        key,
        geometry.n_times,
        geometry.n_fft,
        geometry.n_averaged.tolist(),
        problem.members.tolist(),
        problem.normalize,
        source or streams,
    )
    # Without a key there is code of the user's.
    return KeptRows.of("means", None if key is None else facts, streams, _are_means, width)


def _are_means(rows: Array) -> bool:
    return bool((np.isnan(rows) | ((rows >= 0) & (rows <= 1))).all())
