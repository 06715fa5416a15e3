"""The multirate method against the full one, and the rate of false alarms: a table in Markdown."""

from __future__ import annotations

import argparse
import math

import numpy as np
from numpy.typing import NDArray

from pycwt_mod import DOG, Morlet, NullDistribution, Paul, rednoise, wct
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


def false_alarms(length: int, n_pairs: int, surrogate_length: str) -> None:
    rng = np.random.default_rng(0)
    shares: list[NDArray[np.float64]] = []
    for _ in range(n_pairs):
        pair = rednoise(length, 0.6, rng=rng), rednoise(length, 0.3, rng=rng)
        result = wct(
            *pair, 1.0, 1 / 12, progress=False, cache=False, surrogate_length=surrogate_length
        )
        above, outside = result.significant(), result.outside()
        octaves = range(0, len(result.scales) - 11, 12)
        counts = [(above & outside)[k : k + 12].sum() for k in octaves]
        totals = [max(outside[k : k + 12].sum(), 1) for k in octaves]
        shares.append(np.array(counts) / np.array(totals))
    mean, error = np.mean(shares, axis=0), np.std(shares, axis=0) / math.sqrt(n_pairs)
    print(
        f"\nsurrogate_length={surrogate_length!r}\n\n| octave | "
        + " | ".join(str(k + 1) for k in range(len(mean)))
        + " |"
    )
    print("|---" * (len(mean) + 1) + "|")
    print(
        "| share | "
        + " | ".join(f"{m:.3f} ± {e:.3f}" for m, e in zip(mean, error, strict=True))
        + " |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, default=100)
    parser.add_argument("--full", type=int, default=2000)
    parser.add_argument("--multirate", type=int, default=3000)
    parser.add_argument("--pairs", type=int, default=60)
    chosen = parser.parse_args()
    compare(chosen.length, chosen.full, chosen.multirate)
    for surrogate_length in ("pycwt", "record"):
        false_alarms(512, chosen.pairs, surrogate_length)


if __name__ == "__main__":
    main()
