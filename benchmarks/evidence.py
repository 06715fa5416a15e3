"""The multirate method against the full one, and the rate of false alarms: a table in Markdown."""

from __future__ import annotations

import argparse
import math

import numpy as np
from numpy.typing import NDArray

from pycwt_mod import DOG, Morlet, NullDistribution, Paul, rednoise, wct, wct_null
from pycwt_mod.helpers import padded_length
from pycwt_mod.montecarlo.noise import Streams
from pycwt_mod.montecarlo.plan import make_plan
from pycwt_mod.montecarlo.simulate import CountSurrogates

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
CASES = [
    (Morlet(), (0.0, 0.0), 1 / 4),
    (Morlet(), (0.5, 0.3), 1 / 12),
    (Morlet(), (0.5, 0.3), 1 / 24),
    (Morlet(), (0.95, 0.9), 1 / 4),
    (Morlet(), (-0.9, 0.5), 1 / 4),
    (Morlet(), (0.999, 0.999), 1 / 4),
    (Morlet(10), (0.6, 0.3), 1 / 4),
    (Paul(), (0.6, 0.3), 1 / 4),
    (DOG(), (0.6, 0.3), 1 / 4),
    (DOG(3), (0.6, 0.3), 1 / 4),
]


def null_of(mother, coefficients, dj, length, method, count) -> NullDistribution:
    s0 = 2 / mother.flambda()
    J = round(math.log2(length / s0) / dj)
    plan = make_plan(coefficients, 1.0, dj, s0, J, mother, method=method, pad=padded_length)
    kernel = CountSurrogates(plan, Streams(1 if method == "full" else 2))
    counts = sum(
        kernel((start, min(start + 256, count))).astype(np.int64) for start in range(0, count, 256)
    )
    return NullDistribution(counts, ((0, count),))


def compare(length: int, n_full: int, n_multirate: int) -> None:
    print("| wavelet | g | dj | level 0.95, interior | last octave | all levels: rms, its error |")
    print("|---" * 6 + "|")
    for mother, g, dj in CASES:
        full = null_of(mother, g, dj, length, "full", n_full)
        multirate = null_of(mother, g, dj, length, "multirate", n_multirate)
        difference = multirate.quantile(LEVELS) - full.quantile(LEVELS)
        error = np.hypot(full.standard_error(LEVELS), multirate.standard_error(LEVELS))
        octave = round(1 / dj)
        interior, last = np.split(np.abs(difference[LEVELS.index(0.95)]), [-octave])
        rms, its_error = (np.sqrt((values**2).mean()) for values in (difference, error))
        print(
            f"| {mother!r} | {g[0]:g}, {g[1]:g} | 1/{octave} | {interior.max():.4f} "
            f"| {last.max():.4f} | {rms:.4f}, {its_error:.4f} |",
            flush=True,
        )


def false_alarms(length: int, n_pairs: int, with_default: bool) -> None:
    """Print the share of points above the 95 % level, by octave, for both surrogate lengths.

    `with_default`: each pair through `wct` as a user calls it, with a null of its own. Otherwise
    all pairs share the null of the coefficients that they were made with, from 3000 surrogates.
    """
    g, dj, s0 = (0.6, 0.3), 1 / 12, 2 / Morlet().flambda()
    J = round(math.log2(length / s0) / dj)
    sig = {
        name: wct_null(
            *g, 1.0, dj, s0, J, mc_count=3000, rng_seed=3, n_samples=n, progress=False, cache=False
        ).quantile(0.95)
        for name, n in (("pycwt", None), ("record", length))
    }
    octaves = range(0, J - 10, 12)
    shares: dict[str, list[NDArray[np.float64]]] = {name: [] for name in sig}
    rng = np.random.default_rng(5)
    for _ in range(n_pairs):
        pair = [rednoise(length, own, rng=rng) for own in g]
        for name in sig:
            if with_default:
                result = wct(
                    *pair, 1.0, dj, s0, J, progress=False, cache=False, surrogate_length=name
                )
                level = result[4]
            else:
                result, level = wct(*pair, 1.0, dj, s0, J, sig=False), sig[name]
            outside = result.outside()
            above = (result[0] > level[:, np.newaxis]) & outside
            totals = [max(outside[k : k + 12].sum(), 1) for k in octaves]
            counts = [above[k : k + 12].sum() for k in octaves]
            shares[name].append(np.array(counts) / np.array(totals))
    print(f"\n| {n_pairs} pairs | " + " | ".join(str(k + 1) for k in range(len(octaves))) + " |")
    print("|---" * (len(octaves) + 1) + "|")
    for name, found in shares.items():
        mean, error = np.mean(found, axis=0), np.std(found, axis=0) / math.sqrt(n_pairs)
        cells = (f"{m:.3f} ± {e:.3f}" for m, e in zip(mean, error, strict=True))
        print(f'| `surrogate_length="{name}"` | ' + " | ".join(cells) + " |", flush=True)


def false_alarms_of_means(length: int, n_pairs: int, g: tuple[float, float]) -> None:
    """Print the share of scales whose mean over time is above its 95 % level, by octave."""
    rng = np.random.default_rng(6)
    hits = []
    for k in range(n_pairs):
        pair = [rednoise(length, own, rng=rng) for own in g]
        result = wct(*pair, 1.0, sig=False)
        rows = zip(result.WCT, result.outside(), strict=True)
        if not k:
            null = result.mean_over_time(
                al1=g[0], al2=g[1], mc_count=3000, rng_seed=3, progress=False
            )
            n_seen = int(np.isfinite(null.level).sum())
        means = [row[outside].mean() for row, outside in rows if outside.any()]
        above = means > null.level[:n_seen]
        hits.append([above[k : k + 12].mean() for k in range(0, n_seen, 12)])
    mean, error = np.mean(hits, axis=0), np.std(hits, axis=0) / math.sqrt(n_pairs)
    cells = (f"{m:.3f} ± {e:.3f}" for m, e in zip(mean, error, strict=True))
    print(f"| means, g = {g[0]:g}, {g[1]:g} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, default=100)
    parser.add_argument("--full", type=int, default=2000)
    parser.add_argument("--multirate", type=int, default=3000)
    parser.add_argument("--pairs", type=int, default=60, help="through wct with its defaults")
    parser.add_argument("--more-pairs", type=int, default=1500, help="against one level")
    chosen = parser.parse_args()
    if chosen.full:
        compare(chosen.length, chosen.full, chosen.multirate)
    for n_pairs, with_default in ((chosen.pairs, True), (chosen.more_pairs, False)):
        if n_pairs:
            false_alarms(512, n_pairs, with_default)
    if chosen.more_pairs:
        for g in ((0.6, 0.3), (0.95, 0.9)):
            false_alarms_of_means(512, chosen.more_pairs, g)


if __name__ == "__main__":
    main()
