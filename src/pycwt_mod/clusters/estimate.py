"""The largest patches of surrogates: computed on a backend, and kept in the cache folder."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from typing import Any

import numpy as np

from ..backends import resolve_backend
from ..backends.deadline import Deadline, closing_iterator
from ..montecarlo.estimate import tasks_of
from ..montecarlo.kept_rows import KeptRows
from ..montecarlo.options import SimulationOptions
from ..progress import make_progress
from .patches import Floats
from .surrogates import PatchTest

# Raised whenever the same arguments would give other numbers than before.
_VERSION = 2

# A surrogate takes several times as long as one whose coherences are only counted.
_TIMES_AS_LONG = 3.0


def largest_patches(
    test: PatchTest, options: SimulationOptions, deadline: Deadline | None = None
) -> Floats:
    """Return the total of the largest patch of `mc_count` surrogates, in their order.

    They are the same to the last bit on every backend, and the first of a longer run. A `deadline`
    that has begun stands in place of `timeout`.
    """
    deadline = deadline or Deadline(options.timeout, options.mc_count, "surrogate")
    kept = KeptRows.of("patches", _facts(test, options), test.streams, _are_totals)
    if kept.rows.size < options.mc_count:
        _simulate(replace(test, streams=kept.streams), kept, options, deadline)
    return kept.rows[: options.mc_count]


def _simulate(
    test: PatchTest, kept: KeptRows, options: SimulationOptions, deadline: Deadline
) -> None:
    """Add the surrogates that are missing, and keep those that are done however it ends."""
    start, stop = kept.rows.size, options.mc_count
    deadline.n_done = start
    deadline.check()
    parts = [kept.rows]
    try:
        with (
            resolve_backend(options.backend, n_workers=options.n_workers) as engine,
            make_progress(options.progress, stop - start, unit="surrogate") as bar,
        ):
            tasks = tasks_of(test.plan, range(start, stop), engine, _TIMES_AS_LONG)
            results = engine.map(test, tasks, deadline=deadline)
            with closing_iterator(results):
                for totals in results:
                    parts.append(totals)
                    deadline.n_done += totals.size
                    bar.update(totals.size)
    except BaseException as error:
        if len(parts) > 1 and kept.keep(np.concatenate(parts)):
            error.add_note(
                f"{kept.rows.size} surrogates are in the cache; the same call goes on from there."
            )
        raise
    kept.keep(np.concatenate(parts))


def _are_totals(rows: Floats) -> bool:
    return bool((rows >= 0).all())


def _facts(test: PatchTest, options: SimulationOptions) -> tuple[Any, ...] | None:
    """Return everything that determines the totals; None if they are not to be kept."""
    problem = test.plan.key() if options.cache else None
    if problem is None:  # a wavelet or a noise with code of the user's
        return None
    field = test.null_field
    digest = hashlib.sha256(field.periods.astype("<f8").tobytes())
    for each in fields(field.table):
        digest.update(np.ascontiguousarray(getattr(field.table, each.name)).tobytes())
    field_facts = digest.hexdigest(), test.level.hex(), test.statistic, test.groups
    # A run without a seed goes on with any streams.
    source = "unseeded" if options.seed is None else test.streams
    return _VERSION, problem, *field_facts, test.plan.block_size, source
