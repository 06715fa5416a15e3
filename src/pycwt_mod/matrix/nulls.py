"""The null distributions that pairs share: at which AR(1) coefficients they are simulated.

Levels of R2 change little with the lag-1 autocorrelation g. Up to g = 0.75, a difference of 0.05
moves no level by more than the standard error of 300 surrogates; beyond, a quarter of an octave in
1 - g does not either. So coefficients are rounded to a grid with these steps, by half a step at
most, and pairs with the same rounded coefficients share their levels. (Noise with g near -1 needs
smaller steps.)

Means over a band scatter little and need more precision. The means of a pair are interpolated,
surrogate by surrogate, between those at a few coefficients, its anchors. All anchors take the same
innovations, so the mean of each surrogate is a smooth function of g.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from ..analytic.field import NullField
from ..backends import MCBackend
from ..backends.deadline import Deadline
from ..montecarlo.kept_rows import KeptRows
from ..montecarlo.noise import Streams
from ..montecarlo.options import SimulationOptions
from ..montecarlo.plan import Plan
from ..montecarlo.surrogates import Surrogates
from ..null_fields import is_to_simulate, null_field_of
from .fields import Array
from .problem import Problem
from .store import Store
from .table import Node

# The grid of levels: even steps up to the edge, then 4 steps for each halving of 1 - |g|, or 16 if
# g is negative.
GRID_STEP, GRID_EDGE, STEPS_PER_HALVING, NEGATIVE_STEPS = 0.05, 0.75, 4, 16

# The anchors of band means: even steps up to the same edge, then one at each halving of 1 - |g|.
ANCHOR_STEP = 0.25

# Digits that tell grid points apart; more would be rounding errors.
_DIGITS = 12

# Streams of band surrogates are children of the seed with this key, those of levels without.
_BAND_KEY = 0xBA9D

# Seconds; a `timeout` of 0 is refused.
_SHORTEST_TIME = 1e-3


def on_grid(g: float) -> float:
    """Return the grid point nearest to a coefficient."""
    steps = GRID_STEP, STEPS_PER_HALVING if g > 0 else NEGATIVE_STEPS
    return _signed(_size(round(_place(abs(g), *steps)), *steps), g)


def node_of(g1: float, g2: float) -> Node:
    """Return the grid point of a pair, the larger coefficient first: R2 has no order of series."""
    first, second = sorted((on_grid(g1), on_grid(g2)), reverse=True)
    return first, second


def node_name(kind: str, node: Node) -> str:
    """Return the name in a store of the arrays at a pair of coefficients."""
    return f"{kind}{node[0]:+.9f}{node[1]:+.9f}"


def anchors_of(g1: float, g2: float) -> dict[Node, float]:
    """Return the anchors around the coefficients of a pair, with their weights.

    The larger coefficient comes first, so that the order of the series does not matter.
    """
    first, second = (_neighbours(g) for g in sorted((g1, g2), reverse=True))
    return {
        (a, b): weight_a * weight_b
        for a, weight_a in first.items()
        for b, weight_b in second.items()
    }


def _neighbours(g: float) -> dict[float, float]:
    """Return the anchors on both sides of a coefficient, with weights that add to 1."""
    place = _place(abs(g), ANCHOR_STEP, 1)
    below = math.floor(place)
    weights = {below: 1 - (place - below), below + 1: place - below}
    return {_signed(_size(k, ANCHOR_STEP, 1), g): weight for k, weight in weights.items() if weight}


def _place(size: float, step: float, per_halving: int) -> float:
    """Return how many steps up a coefficient is, even ones at first, then those of 1 - |g|."""
    halvings = math.log2((1 - GRID_EDGE) / (1 - size))
    return min(size, GRID_EDGE) / step + per_halving * max(0.0, halvings)


def _size(place: int, step: float, per_halving: int) -> float:
    """Return the coefficient that is this number of steps up."""
    beyond = place - GRID_EDGE / step
    if beyond <= 0:
        return place * step
    return 1 - (1 - GRID_EDGE) * 2 ** (-beyond / per_halving)


def _signed(size: float, g: float) -> float:
    rounded = round(math.copysign(size, g), _DIGITS)
    return rounded if rounded else 0.0  # no negative zero


def interpolated(anchors: Mapping[Node, float], samples: Mapping[Node, Array]) -> Array:
    """Return the band means of surrogates between the anchors, shape (n_surrogates, n_bands)."""
    return np.asarray(sum(weight * samples[node] for node, weight in anchors.items()))


def point_nulls(
    problem: Problem,
    nodes: Sequence[Node],
    surrogates: Mapping[Node, Surrogates],
    engine: MCBackend,
    deadline: Deadline,
) -> Iterator[NullField]:
    """Yield the null distribution of each point, in closed form or simulated, for each node."""
    geometry, centred, options = problem.geometry, problem.normalize, problem.options
    if not surrogates and not is_to_simulate(geometry):
        own = SimulationOptions(cache=options.cache, progress=False)
        kernel = partial(
            null_field_of, geometry, options=own, centred=centred, remedy="inside_cone=False"
        )
        yield from engine.map(kernel, nodes, deadline=deadline)
        return
    options = replace(options, backend=engine, n_workers=None, parallel=None, progress=False)
    for node in nodes:
        deadline.check()
        left = None if deadline.left is None else max(deadline.left, _SHORTEST_TIME)
        own = replace(options, timeout=left)
        made = surrogates.get(node)
        yield null_field_of(geometry, node, own, centred=centred, surrogates=made)


def streams_of(problem: Problem, store: Store) -> Streams:
    """Return the random streams of the band means: all anchors must share them.

    Without a seed they are those of an earlier run, or else drawn afresh.
    """
    streams = Streams.of(problem.options.seed)
    streams = replace(streams, spawn_key=(*streams.spawn_key, _BAND_KEY))
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
