"""The largest patches of surrogates: computed on a backend, and kept in the cache folder.

One number for each surrogate, by its index, in one file for each problem: fewer of them are its
beginning, and more go on from its end.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..backends import resolve_backend
from ..backends.deadline import Deadline, closing_iterator
from ..cached_files import recall, store
from ..files import read_arrays
from ..helpers import cache_path
from ..montecarlo.estimate import tasks_of
from ..montecarlo.noise import Streams
from ..montecarlo.options import SimulationOptions
from ..progress import make_progress
from .patches import Floats
from .surrogates import PatchTest

# Raised whenever the same arguments would give other numbers than before.
_VERSION = 1


def largest_patches(test: PatchTest, options: SimulationOptions) -> Floats:
    """Return the total of the largest patch of `mc_count` surrogates, in their order.

    They are the same to the last bit on every backend, and the first of a longer run.
    """
    kept = _Kept.of(test, options)
    if kept.totals.size < options.mc_count:
        _simulate(replace(test, streams=kept.streams), kept, options)
    return kept.totals[: options.mc_count]


def _simulate(test: PatchTest, kept: _Kept, options: SimulationOptions) -> None:
    """Add the surrogates that are missing, and keep those that are done however it ends."""
    start, stop = kept.totals.size, options.mc_count
    deadline = Deadline(options.timeout, stop, "surrogate")
    deadline.n_done = start
    parts = [kept.totals]
    try:
        with (
            resolve_backend(options.backend, n_workers=options.n_workers) as engine,
            make_progress(options.progress, stop - start, unit="surrogate") as bar,
        ):
            tasks = tasks_of(test.plan, range(start, stop), engine)
            results = engine.map(test, tasks, deadline=deadline)
            with closing_iterator(results):
                for totals in results:
                    parts.append(totals)
                    deadline.n_done += totals.size
                    bar.update(totals.size)
    except BaseException as error:
        if len(parts) > 1 and kept.keep(np.concatenate(parts)):
            error.add_note(
                f"{kept.totals.size} surrogates are in the cache; the same call goes on from there."
            )
        raise
    kept.keep(np.concatenate(parts))


@dataclass
class _Kept:
    """The totals of a run so far, and the file that they are kept in, if any."""

    path: Path | None
    key: str
    streams: Streams
    totals: Floats

    @classmethod
    def of(cls, test: PatchTest, options: SimulationOptions) -> _Kept:
        """Return what an earlier call kept; a run without a seed goes on with any streams."""
        kept = cls(None, "", test.streams, np.empty(0))
        problem = test.plan.key() if options.cache else None
        if problem is None:  # not to be kept, or a wavelet with code of its own
            return kept
        source = "unseeded" if options.seed is None else repr(test.streams)
        kept.key = _key(test, problem, source)
        kept.path = cache_path() / f"patches-{kept.key}.npz"
        found = recall(kept.path, _read, lambda facts: facts[0] == kept.key)
        if found is not None:
            _, kept.streams, kept.totals = found
        return kept

    def keep(self, totals: Floats) -> bool:
        """Keep totals; return whether there is a file for them."""
        self.totals = totals
        if self.path is None:
            return False
        facts = json.dumps({"key": self.key, "streams": astuple(self.streams)})
        arrays: dict[str, Any] = {"facts": np.array(facts), "totals": totals}
        store(self.path, lambda stream: np.savez(stream, **arrays))
        return True


def _read(path: Path) -> tuple[str, Streams, Floats]:
    """Return the key, the streams and the totals of a file."""
    arrays = read_arrays(path)
    facts, totals = json.loads(str(arrays["facts"][()])), arrays["totals"]
    if totals.dtype != np.float64 or totals.ndim != 1 or not (totals >= 0).all():
        raise ValueError("it does not hold the totals of patches")
    entropy, spawn_key, pool_size = facts["streams"]
    entropy = tuple(entropy) if isinstance(entropy, list) else int(entropy)
    return facts["key"], Streams(entropy, tuple(spawn_key), int(pool_size)), totals


def _key(test: PatchTest, problem: str, source: str) -> str:
    """Return a name for everything that determines the totals."""
    field = test.null_field
    digest = hashlib.sha256(field.periods.astype("<f8").tobytes())
    for each in fields(field.table):
        digest.update(np.ascontiguousarray(getattr(field.table, each.name)).tobytes())
    facts = (_VERSION, problem, digest.hexdigest(), test.level.hex(), test.statistic, test.groups)
    return hashlib.sha256(repr((facts, test.plan.block_size, source)).encode()).hexdigest()
