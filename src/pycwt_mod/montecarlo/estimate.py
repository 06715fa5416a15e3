"""From a problem to its null distribution: the one place where plan, cache and backend meet."""

from __future__ import annotations

import copy
import hashlib
import logging
import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _version
from ..arrays import ArrayOps
from ..backends import MCBackend, SequentialBackend, resolve_backend
from ..backends.deadline import Deadline, closing_iterator
from ..cached_files import recall, store
from ..helpers import cache_path
from ..progress import make_progress
from ..validation import warn_user
from .counting import blocks
from .noise import Streams
from .null import NullDistribution
from .options import SimulationOptions
from .plan import Plan
from .simulate import CountSurrogates

logger = logging.getLogger("pycwt_mod")

# A task should take at least as long as this: long beside the cost of sending it and of adding up
# its table of counts, some milliseconds. How long at most, the backend knows: short enough that the
# progress bar moves and that no worker waits long for the last one.
_TASK_SECONDS = 0.1


def estimate_null(
    plan: Plan, options: SimulationOptions, *, level: float = 0.95
) -> NullDistribution:
    """Return the null distribution of a plan.

    Without a seed an earlier unseeded run of the same problem is extended, and may be longer than
    asked for. With `tol`, rounds of `mc_count` surrogates are run until the standard error of the
    quantile at `level` is no larger at any scale; `timeout` is for all of them.
    """
    deadline = Deadline(options.timeout, options.mc_count, "surrogate")
    with _chosen_backend(plan, options.backend, options.n_workers) as engine:
        return _estimated(_Run(plan, options, engine, deadline), options, level)


def _estimated(run: _Run, options: SimulationOptions, level: float) -> NullDistribution:
    """Return a distribution of as many surrogates as the options ask for."""
    count, most, tol = options.mc_count, options.mc_count_max, options.tol
    null = run.of(count)
    # Whether to go on depends on the counts alone, so it is the same on every backend.
    while tol is not None and null.n_surrogates < most and _largest_error(null, level) > tol:
        null = run.of(min(most, null.n_surrogates + count))
    if tol is not None and _largest_error(null, level) > tol:
        warn_user(
            f"`tol` of {tol:g} was not reached: the standard error is "
            f"{_largest_error(null, level):.2g} after {null.n_surrogates} surrogates, as many "
            f"as `{'mc_count_max' if count < most else 'mc_count'}` allows."
        )
    return null


def estimate_nulls(
    plans: Sequence[Plan],
    engine: MCBackend,
    options: SimulationOptions,
    level: float,
    on_done: Callable[[int], object],
    deadline: Deadline,
) -> Iterator[tuple[int, NullDistribution]]:
    """Estimate the null distributions of several plans in one go on one backend, which stays open.

    All surrogates of all plans are one job, so that no worker waits between plans. Each result is
    that of `estimate_null`, to the last bit, and is in the cache under the same name; plans with
    noise "legacy" are not taken.

    Yields (number of a plan, its distribution): first those with something in the cache, then the
    others in order; with `tol` one after the other, as their numbers of tasks are not known.
    ``on_done(n)`` is called when n more surrogates are done, and counts them in the deadline.
    Surrogates that the plan at hand has counted by then are in the cache, as after Ctrl-C.
    """
    mc_count, options = options.mc_count, replace(options, progress=False)
    unknown = []
    for index, plan in enumerate(plans):
        counted = copy.copy(deadline)  # the same end; a run counts its own surrogates in it
        run = _Run(plan, options, engine, counted)
        if options.tol is not None or run.stored(mc_count) is not None:
            try:
                null = _estimated(run, options, level)
            except TimeoutError:
                on_done(min(counted.n_done, mc_count))
                raise
            yield index, null
            on_done(mc_count)
        else:
            unknown.append((index, run))
    ranges = [tasks_of(run.plan, range(mc_count), engine) for _, run in unknown]
    tasks = [(place, task) for place, own in enumerate(ranges) for task in own]
    kernel = _CountEach([run.kernel() for _, run in unknown])
    tables = engine.map(kernel, tasks, deadline=deadline)
    with closing_iterator(tables):
        for (index, run), own in zip(unknown, ranges, strict=True):
            yield index, run.summed(_told(tables, own, on_done), own)


def _told(
    tables: Iterator[Any], tasks: list[tuple[int, int]], on_done: Callable[[int], object]
) -> Iterator[tuple[int, Any]]:
    """Yield the tables of some tasks as sums of one, and tell of each when it was added."""
    for (start, stop), table in zip(tasks, tables, strict=False):
        yield 1, table
        on_done(stop - start)


def _largest_error(null: NullDistribution, level: float) -> float:
    return float(np.nanmax(null.standard_error(level), initial=0.0))


class _CountEach:
    """Count the surrogates of several plans: a task is a plan's number and a range."""

    def __init__(self, kernels: list[CountSurrogates]) -> None:
        self._kernels = kernels
        self._latest: tuple[int, CountSurrogates] | None = None

    def __call__(self, task: tuple[int, tuple[int, int]]) -> Any:
        """Return the counts of one range of surrogates of one plan."""
        number, indices = task
        latest = self._latest
        if latest is None or latest[0] != number:
            # The filters of a plan take megabytes: only a copy of the latest one computes any.
            kernel = self._kernels[number]
            latest = number, replace(kernel, plan=replace(kernel.plan))
            self._latest = latest
        return latest[1](indices)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_latest": None}


class _Run:
    """Distributions of one problem for rising numbers of surrogates, each from the one before."""

    def __init__(
        self, plan: Plan, options: SimulationOptions, engine: MCBackend, deadline: Deadline
    ) -> None:
        self._seed, self._engine, self._progress = options.seed, engine, options.progress
        self._deadline = deadline
        self._streams = Streams.of(self._seed)
        self._ops: ArrayOps = engine.array_ops or plan.ops
        self.plan = plan.for_device(self._ops)
        self._key = _cache_key(plan, self._seed, self._streams, engine) if options.cache else None
        self._known: NullDistribution | None = None

    def of(self, mc_count: int) -> NullDistribution:
        """Return the distribution of `mc_count` surrogates, simulating those not yet known."""
        # A later round of `tol` may have been run, or begun, by an earlier call.
        stored, known = self.stored(mc_count), self._known
        if stored is not None and (known is None or stored.n_surrogates > known.n_surrogates):
            known = stored
        start = 0
        if known is not None:
            start, self._streams = known.n_surrogates, _streams_of(known)
        if known is None or start < mc_count:
            known = self._extended(known, start, mc_count)
        self._known = known
        return known

    def kernel(self) -> CountSurrogates:
        """Return the function that counts surrogates of this problem."""
        return CountSurrogates(self.plan, self._streams, self._ops)

    def _extended(self, known: NullDistribution | None, start: int, stop: int) -> NullDistribution:
        """Simulate the surrogates of a range, and add them to those known."""
        self._deadline.n_done, self._deadline.total = start, stop
        tasks = tasks_of(self.plan, range(start, stop), self._engine)
        with make_progress(self._progress, stop - start) as bar:
            # Progress comes task by task, tables as the backend has added them up.
            sums = self._engine.map_sum(
                self.kernel(),
                tasks,
                deadline=self._deadline,
                on_done=lambda k: bar.update(tasks[k][1] - tasks[k][0]),
            )
            return self.summed(sums, tasks, known)

    def summed(
        self,
        sums: Iterator[tuple[int, NDArray[np.signedinteger[Any]]]],
        tasks: list[tuple[int, int]],
        known: NullDistribution | None = None,
    ) -> NullDistribution:
        """Return the distribution of tasks, from sums of their tables, and of those known.

        It is cached. So is what has come where they break off, by Ctrl-C, the end of the time or a
        worker that died: the next call goes on from there.
        """
        began, n_done = time.perf_counter(), 0
        counts = np.zeros((self.plan.n_batches, self.plan.n_rows, self.plan.n_bins), dtype=np.int64)
        try:
            with closing_iterator(sums):
                for n_tasks, table in sums:
                    counts += table
                    n_done += n_tasks
                    self._deadline.n_done = tasks[n_done - 1][1]
        except BaseException as error:
            indices = range(tasks[0][0], tasks[n_done - 1][1] if n_done else tasks[0][0])
            if self._key is not None and indices and self._is_whole(counts, indices):
                self._keep(counts, indices, time.perf_counter() - began, known)
                error.add_note(
                    f"{indices.stop} surrogates are in the cache; the same call goes on from there."
                )
            raise
        if n_done != len(tasks):
            raise RuntimeError(f"{self._engine} gave {n_done} results for {len(tasks)} tasks.")
        indices = range(tasks[0][0], tasks[-1][1])
        return self._keep(counts, indices, time.perf_counter() - began, known)

    def _is_whole(self, counts: NDArray[np.int64], indices: range) -> bool:
        """Tell whether all is counted: Ctrl-C may come between a table and its being noted."""
        found = counts.sum(axis=(0, 2))
        return bool((found == len(indices) * self.plan.samples_per_surrogate).all())

    def _keep(
        self,
        counts: NDArray[np.int64],
        indices: range,
        seconds: float,
        known: NullDistribution | None,
    ) -> NullDistribution:
        """Return the distribution of counted surrogates and those known, and cache it."""
        logger.debug("%d surrogates in %.2f s on %s", len(indices), seconds, self._engine.ran_on[0])
        ranges, name = ((indices.start, indices.stop),), _problem(self.plan, self._streams)
        null = NullDistribution(counts, ranges, name, self._provenance(seconds))
        if known is not None:
            null = known.merge(null)
        if self._key is not None:
            store(_path(self._key, null.n_surrogates), null.write)
        return null

    def _provenance(self, seconds: float) -> dict[str, Any]:
        """Return readable facts about a run."""
        plan, streams, (ran_on, n_workers) = self.plan, self._streams, self._engine.ran_on
        return {
            "version": _version.__version__,
            "method": plan.method,
            "noise": plan.noise,
            "smoothing": plan.smoothing,
            "wavelet": repr(plan.mother),
            "coefficients": [None if math.isnan(g) else g for g in plan.coefficients],
            "dj": None if math.isnan(plan.dj) else plan.dj,
            "backend": ran_on,
            "n_workers": n_workers,
            "seconds": seconds,
            "entropy": streams.entropy,
            "spawn_key": list(streams.spawn_key),
            "pool_size": streams.pool_size,
        }

    def stored(self, mc_count: int) -> NullDistribution | None:
        """Return the run in the cache that spares the most work of `mc_count` surrogates.

        One of more surrogates answers the question too, if there is no seed. With one the answer
        must not depend on earlier questions.
        """
        if self._key is None:
            return None
        sizes = [size for size in _sizes(self._key) if self._seed is None or size <= mc_count]
        for size in sorted(sizes, reverse=True):
            found = recall(_path(self._key, size), NullDistribution.load, self._is_sound)
            if found is not None and found.n_surrogates == size:
                return found
        return None

    def _is_sound(self, null: NullDistribution) -> bool:
        """Return whether a stored run can be one of this problem: every sample accounted for."""
        plan, own = self.plan, _streams_of(null)
        samples = null.n_surrogates * plan.samples_per_surrogate
        return (
            null.counts.shape == (plan.n_batches, plan.n_rows, plan.n_bins)
            and null.ranges == ((0, null.n_surrogates),)
            and null.problem == _problem(plan, own)
            and (self._seed is None or own == self._streams)
            and np.array_equal(null.histogram.sum(axis=1), samples)
        )


def _chosen_backend(
    plan: Plan, backend: Any, n_workers: int | None
) -> AbstractContextManager[MCBackend]:
    """Return the backend to use, as a context manager that closes it if the engine made it."""
    if plan.noise == "legacy":
        # pycwt's global random stream has an order; only one process can follow it.
        name = backend.lower() if isinstance(backend, str) else backend
        if name not in (None, "auto", "sequential") and not isinstance(name, SequentialBackend):
            raise ValueError(
                f"`backend` must be 'sequential' with noise='legacy', got {backend!r:.80}: "
                "pycwt's global random stream has one order. Leave `backend` out, or use "
                "noise='ar1'."
            )
        return SequentialBackend().with_n_workers(n_workers)
    return resolve_backend(backend, n_workers=n_workers)


def tasks_of(
    plan: Plan, indices: range, engine: MCBackend, times_as_long: float = 1.0
) -> list[tuple[int, int]]:
    """Cut a range of surrogates into tasks of whole blocks, as far as its ends allow."""
    block = plan.block_size
    seconds = plan.seconds_per_surrogate * block * times_as_long
    limits = _TASK_SECONDS * max(1, plan.n_rows / plan.n_scales), engine.task_seconds
    fewest, most = (math.ceil(t / seconds) for t in limits)
    step = block * min(most, max(fewest, len(engine.split(math.ceil(len(indices) / block))[0])))
    return [(task.start, task.stop) for task in blocks(indices, step)]


def _cache_key(
    plan: Plan, seed: np.random.SeedSequence | None, streams: Streams, engine: MCBackend
) -> str | None:
    """Return the name of a run in the cache; None: this run cannot be named, so is not kept.

    All CPU backends give the same counts; another array library rounds in its own way.
    """
    problem = plan.key() if plan.noise != "legacy" else None
    if problem is None:
        return None
    source = "unseeded" if seed is None else repr(streams)
    arrays = "" if engine.array_ops is None else engine.array_ops.name
    return hashlib.sha256(f"{problem}:{source}:{arrays}".encode()).hexdigest()


def _problem(plan: Plan, streams: Streams) -> str:
    """Return the name that distributions must share to be merged."""
    if plan.noise == "legacy":
        return f"legacy:{id(plan)}"
    return f"{plan.key() or f'unnamed:{id(plan)}'}:{streams!r}"


def _streams_of(null: NullDistribution) -> Streams:
    """Return the random streams that a stored run used, to go on with them."""
    return Streams.again(*(null.provenance[k] for k in ("entropy", "spawn_key", "pool_size")))


def _path(key: str, size: int | str) -> Path:
    """Return the file of a run: each number of surrogates has its own."""
    return cache_path() / f"null-{key}-{size}.npz"


def _sizes(key: str) -> list[int]:
    """Return the numbers of surrogates of the runs of a problem that are in the cache."""
    pattern = _path(key, "*")
    found = (path.stem.rpartition("-")[2] for path in pattern.parent.glob(pattern.name))
    return [int(size) for size in found if re.fullmatch("[1-9][0-9]{0,17}", size)]
