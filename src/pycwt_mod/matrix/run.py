"""One run over many pairs: what is known is recalled, the rest simulated, transformed, compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arguments import coefficient_of, in_range, normalized
from ..backends import MCBackend
from ..backends.deadline import Deadline, closing_iterator
from ..helpers import AR1EstimationError, ar1
from ..levels import padded_length, warn_of_little
from ..montecarlo.noise import Streams
from ..montecarlo.options import SimulationOptions
from ..montecarlo.plan import Plan, make_plan
from ..progress import Progress, make_progress
from ..validation import warn_user
from .bands import band_numbers
from .fields import Array, ComparePair, Comparison, Geometry, Sums, TransformSeries
from .mapped import mapped_arrays
from .nulls import (
    Node,
    anchors_of,
    band_nulls,
    band_streams,
    interpolated,
    level_nulls,
    node_name,
    node_of,
)
from .result import MatrixResult, pair_name
from .store import Store
from .surrogates import BandSurrogates, make_groups
from .table import Pair, PeriodBand, SeriesSet, in_band

# What a store has of a pair: its `Sums`, and fields.
_SUMS, _FIELDS = ("count", "coherence", "direction", "above"), ("R2", "phase")

# The largest number of failed pairs that a warning names.
_SHOWN_FAILURES = 3


@dataclass(frozen=True)
class Options:
    """Arguments of `wct_matrix`, checked."""

    level: float
    sig: bool
    normalize: bool
    simulation: SimulationOptions
    method: str
    s0: float
    J: float


class _Steps:
    """What is done of a run, as the bar shows it and as the error at the end of the time says."""

    def __init__(self, bar: Progress, deadline: Deadline) -> None:
        self._bar, self._deadline = bar, deadline

    def update(self, n: int = 1) -> None:
        """Count n more."""
        self._deadline.n_done += n
        self._bar.update(n)


class Run:
    """One call of `wct_matrix`, from checked arguments to the result."""

    def __init__(
        self,
        series: SeriesSet,
        pairs: tuple[Pair, ...],
        bands: tuple[PeriodBand, ...],
        geometry: Geometry,
        options: Options,
        store: Store | None,
    ) -> None:
        self.series, self.pairs, self.bands = series, pairs, bands
        self.geometry, self.options, self.store = geometry, options, store
        self.failures: dict[Pair, str] = {}
        self.sums: dict[Pair, Sums] = {}
        self.nodes: dict[Pair, Node] = {}
        self.levels: dict[Node, Array] = {}
        self.anchors: dict[Pair, dict[Node, float]] = {}
        self.samples: dict[Node, Array] = {}
        self.deadline = Deadline(options.simulation.timeout, unit="step")
        periods, seen = geometry.periods, geometry.n_outside > 0
        self.members = np.stack([in_band(periods, band) & seen for band in bands])
        self.coefficients = self._coefficients()
        self._sort_out()

    def result(
        self,
        engine: AbstractContextManager[MCBackend],
        progress: bool | Callable[[int, int], None],
    ) -> MatrixResult:
        """Compute what is not there yet, and put the result together."""
        if self.store is not None:
            self.store.claim(self._facts())
        self._recall()
        pending = [pair for pair in self._sound if pair not in self.sums]
        nodes = sorted(set(self.nodes.values()) - self.levels.keys())
        anchors = sorted(self._all_anchors - self.samples.keys())
        channels = sorted({number for pair in pending for number in pair})
        surrogates = self.options.simulation.mc_count * (len(nodes) + len(anchors))
        total = surrogates + len(channels) + len(pending)
        self.deadline.total = total
        with engine as backend, make_progress(progress, total, unit="step") as bar:
            steps = _Steps(bar, self.deadline)
            try:
                if nodes:
                    self._simulate_levels(nodes, backend, steps)
                if anchors:
                    self._simulate_bands(anchors, backend, steps)
                if pending:
                    self._compare(channels, pending, backend, steps)
            except TimeoutError as error:
                if not self.deadline.is_over:
                    raise
                # That of one null distribution knows only of its own surrogates.
                raise self.deadline.error() from error
        self._warn_of_failures()
        return self._pack()

    @property
    def _sound(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair not in self.failures]

    @property
    def _all_anchors(self) -> set[Node]:
        return {node for own in self.anchors.values() for node in own}

    def _coefficients(self) -> Array:
        """Return the lag-1 autocorrelation of each series that a pair needs; NaN: there is none."""
        coefficients = np.full(len(self.series.names), np.nan)
        if not self.options.sig:
            return coefficients
        for number in sorted({number for pair in self.pairs for number in pair}):
            if number not in self.series.failures:
                name = self.series.names[number]
                try:
                    coefficients[number] = coefficient_of(self.series.values[number], name, ar1)
                except AR1EstimationError as error:
                    self.series.failures[number] = str(error)
        return coefficients

    def _sort_out(self) -> None:
        """Find the pairs that cannot be compared, and the null distributions of the others."""
        for pair in self.pairs:
            reasons = [self.series.failures[n] for n in pair if n in self.series.failures]
            if reasons:
                self.failures[pair] = " ".join(reasons)
            elif self.options.sig:
                g1, g2 = self.coefficients[list(pair)].tolist()
                self.nodes[pair] = node_of(g1, g2)
                self.anchors[pair] = anchors_of(g1, g2)

    def _recall(self) -> None:
        """Take from the store what an earlier run left there."""
        if self.store is None:
            return
        n_scales, n_times = self.geometry.scales.size, self.geometry.n_times
        level_shape, means_shape = (n_scales,), (self.options.simulation.mc_count, len(self.bands))
        for node in set(self.nodes.values()):
            kept = self.store.recall(node_name("level", node), {"level": level_shape}, ("level",))
            if kept is not None:
                self.levels[node] = kept["level"]
        for node in self._all_anchors:
            kept = self.store.recall(node_name("bands", node), {"means": means_shape}, ("means",))
            if kept is not None:
                self.samples[node] = kept["means"]
        shapes = {
            **dict.fromkeys(_SUMS, (n_scales,)),
            **dict.fromkeys(_FIELDS, (n_scales, n_times)),
        }
        for pair in self._sound:
            kept = self.store.recall(pair_name(pair), shapes, _SUMS)
            if kept is not None:
                self.sums[pair] = Sums(**kept)

    def _simulate_levels(self, nodes: list[Node], backend: MCBackend, steps: _Steps) -> None:
        """Simulate the levels of R2 for each scale."""
        options = self.options
        plans = [self._plan(node) for node in nodes]
        warn_of_little(plans[0], options.simulation)
        for number, null in level_nulls(
            plans,
            backend,
            options.simulation,
            level=options.level,
            on_done=steps.update,
            deadline=self.deadline,
        ):
            node = nodes[number]
            self.levels[node] = null.quantile(options.level)
            if self.store is not None:
                self.store.write(node_name("level", node), {"level": self.levels[node]})

    def _simulate_bands(self, anchors: list[Node], backend: MCBackend, steps: _Steps) -> None:
        """Simulate the means of R2 over the bands."""
        options = self.options
        kernel = BandSurrogates(
            self.geometry,
            self.members,
            make_groups(self.geometry, list(self.members), options.method),
            tuple(anchors),
            self._streams(),
            options.normalize,
            self._plan(anchors[0]).single,
        )
        means = band_nulls(
            kernel, backend, options.simulation.mc_count, steps.update, self.deadline
        )
        for node, own in zip(anchors, means, strict=True):
            self.samples[node] = own
            if self.store is not None:
                self.store.write(node_name("bands", node), {"means": own})

    def _streams(self) -> Streams:
        """Return the random streams of the band means: all anchors must share them.

        Without a seed they are drawn afresh, but for those that an earlier run left.
        """
        streams = band_streams(self.options.simulation.seed)
        if self.options.simulation.seed is not None or self.store is None:
            return streams
        kept = self.store.recall("streams", {"entropy": ()}, ("entropy",))
        if kept is None:
            self.store.write("streams", {"entropy": np.array(str(streams.entropy))})
            return streams
        return replace(streams, entropy=int(str(kept["entropy"])))

    def _plan(self, node: Node) -> Plan:
        options, geometry = self.options, self.geometry
        return make_plan(
            node,
            geometry.dt,
            geometry.dj,
            options.s0,
            options.J,
            geometry.mother,
            method=options.method,
            smoothing=geometry.smoothing,
            n_samples=options.simulation.n_samples,
            pad=padded_length,
        )

    def _compare(
        self, channels: list[int], pending: list[Pair], backend: MCBackend, steps: _Steps
    ) -> None:
        """Transform the series, then compare the pairs, both on the same backend."""
        series = np.stack([self.series.values[number] for number in channels])
        series = normalized(series) if self.options.normalize else in_range(series)
        shape = (len(channels), self.geometry.scales.size, self.geometry.n_times)
        with ExitStack() as stack:
            W, S = mapped_arrays(stack, shape, np.complex128, np.float64)
            transformed = backend.map_until(
                TransformSeries(self.geometry, series), range(len(channels)), self.deadline
            )
            with closing_iterator(transformed):
                for place, (own_W, own_S) in enumerate(transformed):
                    W[place], S[place] = own_W, own_S
                    steps.update()
            rows = {node: row for row, node in enumerate(sorted(self.levels))}
            levels = np.full((max(1, len(rows)), shape[1]), np.nan)
            for node, row in rows.items():
                levels[row] = self.levels[node]
            places = {number: place for place, number in enumerate(channels)}
            tasks = [
                (places[i], places[j], rows[self.nodes[i, j]] if self.options.sig else 0)
                for i, j in pending
            ]
            kernel = ComparePair(self.geometry, W, S, levels, self.store is not None)
            comparisons = backend.map_until(kernel, tasks, self.deadline)
            with closing_iterator(comparisons):
                for pair, comparison in zip(pending, comparisons, strict=True):
                    self._take(pair, comparison)
                    steps.update()

    def _take(self, pair: Pair, comparison: Comparison) -> None:
        """Keep what one pair gave."""
        if comparison.failure:
            self.failures[pair] = comparison.failure
            return
        sums = self.sums[pair] = comparison.sums
        if self.store is None or comparison.R2 is None or comparison.phase is None:
            return
        node = self.nodes.get(pair)
        self.store.write(
            pair_name(pair),
            {
                "names": np.array([self.series.names[number] for number in pair]),
                "R2": comparison.R2,
                "phase": comparison.phase,
                "level": self.levels[node] if node else np.array([0]),
                "periods": self.geometry.periods,
                "coi": self.geometry.coi,
                **vars(sums),
            },
        )

    def _warn_of_failures(self) -> None:
        if not self.failures:
            return
        names = [f"({self.series.names[i]}, {self.series.names[j]})" for i, j in self.failures]
        more = "" if len(names) <= _SHOWN_FAILURES else " and others"
        reasons = list(dict.fromkeys(self.failures.values()))
        warn_user(
            f"{len(names)} of {len(self.pairs)} pairs failed and are NaN in the result: "
            f"{', '.join(names[:_SHOWN_FAILURES])}{more}; see its `failures`. "
            f"{' '.join(reasons[:_SHOWN_FAILURES])}"
        )

    def _pack(self) -> MatrixResult:
        n_scales = self.geometry.scales.size
        sums = [self.sums.get(pair, Sums.empty(n_scales)) for pair in self.pairs]
        nodes = tuple(
            self.nodes.get(pair) if pair not in self.failures else None for pair in self.pairs
        )
        samples = {}
        has_level = np.zeros((len(self.pairs), n_scales), dtype=bool)
        for number, (pair, node) in enumerate(zip(self.pairs, nodes, strict=True)):
            if node is not None:
                has_level[number] = np.isfinite(self.levels[node])
                samples[number] = interpolated(self.anchors[pair], self.samples)
        numbers = band_numbers(sums, self.members, samples, has_level)
        names = self.series.names
        return MatrixResult(
            names=names,
            pairs=self.pairs,
            bands=self.bands,
            dt=self.series.dt,
            unit=self.series.unit,
            level=self.options.level,
            coefficients=self.coefficients,
            nodes=nodes,
            failures={(names[i], names[j]): why for (i, j), why in self.failures.items()},
            geometry=self.geometry,
            levels=self.levels,
            store=self.store,
            **numbers,
        )

    def _facts(self) -> Mapping[str, Any]:
        """Return what an earlier run must share for its pairs to be pairs of this one."""
        options, geometry = self.options, self.geometry
        mother = geometry.mother
        seed = options.simulation.seed
        return {
            "names": list(self.series.names),
            "wavelet": f"{type(mother).__qualname__} {mother!r}",
            "data": self.series.digest(),
            "dt": self.series.dt,
            "n_times": self.series.n_times,
            "n_fft": geometry.n_fft,
            "dj": geometry.dj,
            "s0": options.s0,
            "J": options.J,
            "smoothing": geometry.smoothing,
            "normalize": options.normalize,
            "bands": [list(band) for band in self.bands],
            "sig": options.sig,
            "significance_level": options.level,
            "mc_count": options.simulation.mc_count,
            "rng_seed": None if seed is None else repr(Streams.of(seed)),
            "method": options.method,
            "n_samples": options.simulation.n_samples,
            "tol": options.simulation.tol,
            "mc_count_max": options.simulation.mc_count_max,
        }
