"""One run over many pairs: results on disk are recalled, the rest is simulated and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import numpy as np

from ..arguments import coefficient_of
from ..backends import MCBackend
from ..backends.deadline import Deadline, closing_iterator
from ..helpers import AR1EstimationError
from ..levels import warn_of_little
from ..montecarlo.band_means import BandSurrogates, make_groups
from ..montecarlo.estimate import estimate_nulls
from ..montecarlo.kept_rows import KeptRows
from ..montecarlo.null import N_BATCHES
from ..montecarlo.plan import N_BINS
from ..montecarlo.surrogates import Surrogates
from ..progress import Progress, make_progress
from ..validation import warn_user
from .bands import band_numbers
from .fields import Array, ComparePair, Comparison, Sums, TransformSeries
from .mapped import mapped_arrays, put
from .nulls import (
    anchors_of,
    interpolated,
    kept_means,
    node_name,
    node_of,
    point_nulls,
    streams_of,
)
from .problem import Problem
from .result import MatrixResult, pair_name
from .spectra import excess_coherence
from .store import Store
from .table import Node, Pair

# Arrays that a store has of a pair: its `Sums`, and fields.
_SUMS, _FIELDS = ("count", "coherence", "direction", "above"), ("R2", "phase")

# The largest number of pairs that a warning names.
_SHOWN_PAIRS = 3


class Run:
    """The work of one call of `wct_matrix`, on one backend."""

    backend: MCBackend
    bar: Progress

    def __init__(self, problem: Problem, store: Store) -> None:
        self.problem, self.store = problem, store
        # Those of pairs that are not of AR(1) noise: their nodes are the numbers of a pair.
        self.surrogates: dict[Node, Surrogates] = {}
        self.kept: dict[Node, KeptRows] = {}
        self.deadline = Deadline(problem.options.timeout, unit="step")
        self.failures: dict[Pair, str] = {}
        self.sums: dict[Pair, Sums] = {}
        # Each pair has a level and a few anchors, which it may share with others.
        self.nodes: dict[Pair, Node] = {}
        self.anchors: dict[Pair, dict[Node, float]] = {}
        self.levels: dict[Node, Array] = {}
        self.means: dict[Node, Array] = {}
        self.coefficients = np.full(len(problem.series.names), np.nan)
        self._sort_out()

    def result(
        self,
        engine: AbstractContextManager[MCBackend],
        progress: bool | Callable[[int, int], None],
    ) -> MatrixResult:
        """Compute everything that the store does not have, and put the result together."""
        self.store.claim(self.problem.facts())
        self._recall()
        pairs = [pair for pair in self._sound if pair not in self.sums]
        nodes = sorted(set(self.nodes.values()) - self.levels.keys())
        anchors = sorted(self._all_anchors - self.means.keys())
        channels = sorted({number for pair in pairs for number in pair})
        n_surrogates = self.problem.options.mc_count * (len(nodes) + len(anchors))
        n_fields = len(self._nodes_of_points(pairs))
        self.deadline.total = n_surrogates + n_fields + len(channels) + len(pairs)
        with (
            engine as self.backend,
            make_progress(progress, self.deadline.total, unit="step") as self.bar,
        ):
            try:
                if nodes:
                    self._simulate_levels(nodes)
                if anchors:
                    self._simulate_means(anchors)
                if pairs:
                    self._compare(pairs, channels)
            except TimeoutError as error:
                if not self.deadline.is_over:
                    raise
                # That of one null distribution knows only of its own surrogates.
                raise self.deadline.error() from error
        self._warn_of_failures()
        result = self._pack()
        _warn_of_doubt(result)
        return result

    def _sort_out(self) -> None:
        """Find the pairs that cannot be compared, and the null distributions of the others."""
        bad = dict(self.problem.series.failures)
        if self.problem.sig:
            self._estimate(bad)
        for pair in self.problem.pairs:
            reasons = [bad[number] for number in pair if number in bad]
            if reasons:
                self.failures[pair] = " ".join(reasons)
            elif self.problem.sig:
                self._assign(pair)

    def _assign(self, pair: Pair) -> None:
        """Find the null distributions of a pair."""
        g1, g2 = self.coefficients[list(pair)].tolist()
        model = self.problem.model.of_pair(pair)
        if model.is_red:
            self.nodes[pair] = node_of(g1, g2)
            self.anchors[pair] = anchors_of(g1, g2)
            return
        if set(model.noises) == {"fixed"}:
            names = [self.problem.series.names[number] for number in pair]
            raise ValueError(
                f"`fixed` must leave one series of each pair to be replaced, got both of {names}. "
                "Leave the pair out of `pairs`."
            )
        # Noise that is not made from series is the same for all pairs.
        alike = [other for other in self.nodes if self.problem.model.of_pair(other) == model]
        node = float(pair[0]), float(pair[1])
        if alike and not model.needs_series:
            node = self.nodes[alike[0]]
        if node not in self.surrogates:
            made = self.problem.surrogates(pair, (g1, g2))
            assert made is not None
            self.surrogates[node] = made
        self.nodes[pair] = node
        self.anchors[pair] = {node: 1.0}

    def _estimate(self, bad: dict[int, str]) -> None:
        """Estimate the AR(1) coefficients that the pairs need; note the series without one."""
        series = self.problem.series
        for number in sorted({number for pair in self.problem.pairs for number in pair}):
            noise = self.problem.model.noises[number]
            if isinstance(noise, str) and noise == "white":
                self.coefficients[number] = 0.0
            elif isinstance(noise, str) and noise == "ar1" and number not in bad:
                values, name = series.values[number], series.names[number]
                try:
                    remedy = self.problem.model.remedy(number, name)
                    self.coefficients[number] = coefficient_of(values, name, remedy)
                except AR1EstimationError as error:
                    bad[number] = str(error)

    @property
    def _sound(self) -> list[Pair]:
        return [pair for pair in self.problem.pairs if pair not in self.failures]

    @property
    def _all_anchors(self) -> set[Node]:
        return {node for own in self.anchors.values() for node in own}

    def _recall(self) -> None:
        """Take from the store everything that an earlier run left there."""
        problem = self.problem
        n_scales, n_times = problem.geometry.n_scales, problem.geometry.n_times
        counts = N_BATCHES, n_scales, N_BINS
        self.levels = self._recalled(set(self.nodes.values()), level=(n_scales,), counts=counts)
        shape = problem.options.mc_count, len(problem.bands)
        self.means = self._recalled(self._all_anchors, means=shape)
        missing = self._all_anchors - self.means.keys()
        if missing:
            streams = streams_of(problem, self.store)
            for node in missing:
                plan = problem.plan(node, self.surrogates.get(node))
                found = kept_means(problem, plan, streams)
                self.kept[node] = found
                if len(found.rows) >= problem.options.mc_count:
                    self.means[node] = found.rows[: problem.options.mc_count]
        shapes: dict[str, tuple[int, ...]] = {
            **dict.fromkeys(_SUMS, (n_scales,)),
            **dict.fromkeys(_FIELDS, (n_scales, n_times)),
        }
        for pair in self._sound:
            kept = self.store.recall(pair_name(pair), shapes, _SUMS)
            if kept is not None:
                self.sums[pair] = Sums(**kept)

    def _recalled(self, nodes: set[Node], **shapes: tuple[int, ...]) -> dict[Node, Array]:
        """Return the first array that is named, of the nodes whose arrays all have their shapes."""
        kind = next(iter(shapes))
        found = {node: self.store.recall(node_name(kind, node), shapes, (kind,)) for node in nodes}
        return {node: kept[kind] for node, kept in found.items() if kept is not None}

    def _simulate_levels(self, nodes: list[Node]) -> None:
        """Simulate the levels of R2 for each scale."""
        problem = self.problem
        plans = [problem.plan(node, self.surrogates.get(node)) for node in nodes]
        warn_of_little(plans[0], problem.options)
        nulls = estimate_nulls(
            plans, self.backend, problem.options, problem.level, self._count, self.deadline
        )
        for number, null in nulls:
            level = self.levels[nodes[number]] = null.quantile(problem.level)
            self.store.write(
                node_name("level", nodes[number]), {"level": level, **null.to_arrays()}
            )

    def _simulate_means(self, anchors: list[Node]) -> None:
        """Simulate the means of R2 over the bands."""
        problem, members = self.problem, self.problem.members
        kernel = BandSurrogates(
            problem.geometry,
            members,
            make_groups(problem.geometry, list(members), str(problem.options.method)),
            tuple(anchors),
            self.kept[anchors[0]].streams,
            problem.normalize,
            problem.plan(anchors[0], self.surrogates.get(anchors[0])).single,
            tuple(self.surrogates.get(node) for node in anchors),
        )
        spans = kernel.ranges(problem.options.mc_count)
        missing = [[span for span in spans if span[1] > len(self.kept[a].rows)] for a in anchors]
        tasks = [(number, *span) for number, own in enumerate(missing) for span in own]
        with self._mapped(kernel, tasks) as blocks:
            for node, own in zip(anchors, missing, strict=True):
                self._add_means(self.kept[node], own, blocks)
                self.means[node] = self.kept[node].rows
                self.store.write(node_name("means", node), {"means": self.means[node]})

    def _add_means(
        self, kept: KeptRows, spans: list[tuple[int, int]], blocks: Iterator[Array]
    ) -> None:
        """Add the surrogates that are missing, and keep those that are done however it ends."""
        parts = [kept.rows[: spans[0][0]]]
        self._count(len(parts[0]))
        try:
            for start, stop in spans:
                parts.append(next(blocks))
                self._count(stop - start)
        finally:
            if len(parts) > 1 and not kept.keep(np.concatenate(parts)):
                for other in self.kept.values():  # there is a warning already
                    other.path = None

    def _compare(self, pairs: list[Pair], channels: list[int]) -> None:
        """Transform the series of some pairs, each once, and then compare the pairs."""
        geometry = self.problem.geometry
        shape = len(channels), geometry.n_scales, geometry.n_times
        with ExitStack() as stack:
            W, S = mapped_arrays(stack, shape, np.complex128, np.float64)
            series = self.problem.prepared(channels)
            transform = TransformSeries(geometry, series)
            with self._mapped(transform, range(len(channels))) as found:
                for place, (own_W, own_S) in enumerate(found):
                    put(W, place, own_W)
                    put(S, place, own_S)
                    self._count()
            places = {number: place for place, number in enumerate(channels)}
            nodes = self._nodes_of_points(pairs)
            levels: list[Any] = [self._level_of(pair) for pair in pairs]
            if nodes:
                levels = [nodes.index(self.nodes[pair]) for pair in pairs]
            tasks = [(places[i], places[j], at) for (i, j), at in zip(pairs, levels, strict=True)]
            point_levels = self._point_levels(nodes, stack)
            kernel = ComparePair(geometry, series, W, S, self.store.keeps_fields, point_levels)
            with self._mapped(kernel, tasks) as comparisons:
                for pair, comparison in zip(pairs, comparisons, strict=True):
                    self._take(pair, comparison)
                    self._count()

    def _nodes_of_points(self, pairs: list[Pair]) -> list[Node]:
        """Return the coefficients at which the level of each point is needed."""
        if not self.problem.geometry.inside_cone:
            return []
        return sorted({self.nodes[pair] for pair in pairs if pair in self.nodes})

    def _point_levels(self, nodes: list[Node], stack: ExitStack) -> Array | None:
        """Return the level of each point, (node, scale, time), in a temporary file."""
        if not nodes:
            return None
        geometry = self.problem.geometry
        shape = len(nodes), geometry.n_scales, geometry.n_times
        (levels,) = mapped_arrays(stack, shape, np.float64)
        fields = point_nulls(self.problem, nodes, self.surrogates, self.backend, self.deadline)
        with closing_iterator(fields):
            for place, field in enumerate(fields):
                put(levels, place, field.quantile(self.problem.level))
                self._count()
        return levels

    def _level_of(self, pair: Pair) -> Array:
        """Return the level of R2 for each scale; NaN without significance."""
        if pair in self.nodes:
            return self.levels[self.nodes[pair]]
        return np.full(self.problem.geometry.n_scales, np.nan)

    def _take(self, pair: Pair, comparison: Comparison) -> None:
        """Keep the outcome for one pair."""
        if comparison.failure:
            self.failures[pair] = comparison.failure
            return
        self.sums[pair] = comparison.sums
        if comparison.R2 is None or comparison.phase is None:
            return
        node, geometry = self.nodes.get(pair), self.problem.geometry
        self.store.write(
            pair_name(pair),
            {
                "names": np.array([self.problem.series.names[number] for number in pair]),
                "R2": comparison.R2,
                "phase": comparison.phase,
                "level": self.levels[node] if node else np.array([0]),
                "periods": geometry.periods,
                "coi": geometry.coi,
                **vars(comparison.sums),
            },
        )

    @contextmanager
    def _mapped(self, kernel: Any, tasks: Iterable[Any]) -> Iterator[Iterator[Any]]:
        """Run tasks on the backend until the deadline; an early end of the block ends them."""
        results = self.backend.map(kernel, tasks, deadline=self.deadline)
        with closing_iterator(results):
            yield results

    def _count(self, n: int = 1) -> None:
        """Count n steps as done, for the bar and for the error at the end of the time."""
        self.deadline.n_done += n
        self.bar.update(n)

    def _warn_of_failures(self) -> None:
        if not self.failures:
            return
        labels = self.problem.series.names
        names = [f"({labels[i]}, {labels[j]})" for i, j in self.failures]
        more = "" if len(names) <= _SHOWN_PAIRS else " and others"
        reasons = list(dict.fromkeys(self.failures.values()))
        warn_user(
            f"{len(names)} of {len(self.problem.pairs)} pairs failed and are NaN in the result: "
            f"{', '.join(names[:_SHOWN_PAIRS])}{more}; see its `failures`. "
            f"{' '.join(reasons[:_SHOWN_PAIRS])}"
        )

    def _pack(self) -> MatrixResult:
        problem, pairs = self.problem, self.problem.pairs
        nothing = Sums.empty(problem.geometry.n_scales)
        sums = [self.sums.get(pair, nothing) for pair in pairs]
        has_level = np.isfinite([self._level_of(pair) for pair in pairs])
        if problem.geometry.inside_cone:  # each point has its own
            has_level |= np.array([[pair in self.nodes] for pair in pairs])
        samples = {
            number: interpolated(self.anchors[pair], self.means)
            for number, pair in enumerate(pairs)
            if pair in self.anchors
        }
        red = [number for number in samples if problem.model.of_pair(pairs[number]).is_red]
        names = problem.series.names
        return MatrixResult(
            names=names,
            pairs=pairs,
            bands=problem.bands,
            dt=problem.series.dt,
            unit=problem.series.unit,
            level=problem.level,
            coefficients=self.coefficients,
            nodes=tuple(None if pair in self.failures else self.nodes.get(pair) for pair in pairs),
            failures={(names[i], names[j]): why for (i, j), why in self.failures.items()},
            geometry=problem.geometry,
            levels=self.levels,
            surrogates=self.surrogates,
            store=self.store,
            normalize=problem.normalize,
            times=problem.series.times,
            **band_numbers(
                sums,
                problem.members,
                samples,
                has_level,
                self._excess(sorted(red)),
                1 - problem.level,
            ),
        )

    def _excess(self, numbers: list[int]) -> Array:
        """Return the excess of R2 of some pairs, by number, over that of AR(1) noise."""
        problem = self.problem
        excess = np.zeros((len(problem.pairs), len(problem.bands)))
        if numbers and not problem.geometry.smooths_itself:
            pairs = np.array([problem.pairs[number] for number in numbers])
            channels, places = np.unique(pairs, return_inverse=True)
            first, second = places.reshape(pairs.shape).T
            of_all = excess_coherence(
                [problem.series.values[channel] for channel in channels.tolist()],
                self.coefficients[channels],
                problem.geometry,
                problem.members,
            )
            excess[numbers] = of_all[:, first, second].T
        return excess


def _warn_of_doubt(result: MatrixResult) -> None:
    """Warn if pairs that stand out have p-values that are not to be trusted."""
    found = result.pvalue_fdr <= 1 - result.level
    doubtful = found & result.doubtful
    if doubtful.any():
        labels = [f"({', '.join(result.labels[pair])})" for pair in np.flatnonzero(doubtful.any(1))]
        shown = ", ".join(labels[:_SHOWN_PAIRS]) + (" ..." if len(labels) > _SHOWN_PAIRS else "")
        bands = [result.bands[band] for band in np.flatnonzero(doubtful.any(0))]
        warn_user(
            f"{doubtful.sum()} of the {found.sum()} p-values that stand out are doubtful, of "
            f"{shown}, in periods of {', '.join(f'{low:.4g} to {high:.4g}' for low, high in bands)}"
            ": the series have narrower rhythms there than AR(1) noise, and unrelated series with "
            "such rhythms are often as coherent. The result marks them as `doubtful`; for p-values "
            "that allow for such rhythms, pass noise='phase'."
        )
