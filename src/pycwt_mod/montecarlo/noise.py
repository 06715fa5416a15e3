"""Surrogate models: groups of independent noise series for the null hypothesis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..helpers import ar1_filter


@dataclass(frozen=True)
class Streams:
    """The random streams of one run: surrogate i always owns the same one.

    The fields are those of `numpy.random.SeedSequence`; surrogate i appends i to the key.
    """

    entropy: int | tuple[int, ...]
    spawn_key: tuple[int, ...] = ()
    pool_size: int = 4

    @classmethod
    def of(cls, seed: np.random.SeedSequence | None) -> Streams:
        """Return the streams of a seed, which is left as it is; None draws fresh entropy."""
        parent = np.random.SeedSequence() if seed is None else seed
        entropy = parent.entropy
        whole = int(entropy) if isinstance(entropy, int | np.integer) else tuple(map(int, entropy))  # type: ignore[arg-type]
        return cls(whole, tuple(int(key) for key in parent.spawn_key), parent.pool_size)

    @classmethod
    def again(cls, entropy: Any, spawn_key: Any, pool_size: Any) -> Streams:
        """Return the streams of a stored run."""
        return cls.of(np.random.SeedSequence(entropy, spawn_key=spawn_key, pool_size=pool_size))

    def generator(self, index: int) -> np.random.Generator:
        """Return the generator of one surrogate."""
        child = np.random.SeedSequence(
            self.entropy, spawn_key=(*self.spawn_key, index), pool_size=self.pool_size
        )
        return np.random.default_rng(child)


def ar1_series(
    streams: Streams, indices: range, n: int, coefficients: tuple[float, ...]
) -> NDArray[np.float64]:
    """Return AR(1) series with unit innovations: axes (series, surrogate, time)."""
    noise = np.empty((len(coefficients), len(indices), n))
    for place, index in enumerate(indices):
        generator = streams.generator(index)
        for series in noise:
            generator.standard_normal(out=series[place])
    for series, g in zip(noise, coefficients, strict=True):
        series[:] = ar1_filter(series, g)
    return noise


def normal_rows(streams: Streams, indices: range, n: int, single: bool) -> NDArray[Any]:
    """Return n standard normal variates for each surrogate: axes (1, surrogate, variate)."""
    dtype: Any = np.float32 if single else np.float64
    rows = np.empty((1, len(indices), n), dtype=dtype)
    for row, index in zip(rows[0], indices, strict=True):
        streams.generator(index).standard_normal(out=row, dtype=dtype)
    return rows


def legacy_pairs(indices: range, n: int, coefficients: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the surrogates of pycwt 0.5.0b0, white noise from NumPy's global state.

    pycwt draws the warm-up of a filter that, applied along an axis of length one, does nothing;
    and it draws one series more before the first surrogate.
    """
    warm_up = [math.ceil(-2 / math.log(abs(g))) if g else 0 for g in coefficients]
    draw = np.random.standard_normal
    if indices.start == 0:
        draw(n + warm_up[0])
    noise = np.empty((2, len(indices), n))
    for place in range(len(indices)):
        for series, skipped in zip(noise, warm_up, strict=True):
            series[place] = draw(n + skipped)[skipped:]
    return noise
