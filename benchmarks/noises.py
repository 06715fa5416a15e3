"""False alarms of each null hypothesis for series that are no red noise.

Pairs of unrelated series of one kind are compared by `wct` with each choice of `noise`, and the
share of points outside the cone of influence above the 95 % level of their scale is printed, with
its standard error from the spread over pairs: of all periods, and of those from 8 to 16 samples.

    python benchmarks/noises.py --pairs 200
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from pycwt_mod import rednoise, wct

N = 300

# Each choice, with the options of `wct`.
CHOICES = {
    "ar1": {"surrogate_length": "record"},
    "white": {"noise": "white", "surrogate_length": "record"},
    "arma(4,1)": {"noise": "arma(4,1)"},
    "phase": {"noise": "phase"},
    "iaaft": {"noise": "iaaft"},
    "phase, y1 fixed": {"noise": "phase", "fixed": "y1"},
}


def red(rng: np.random.Generator) -> np.ndarray:
    """Return red noise: the null hypothesis of `noise="ar1"`."""
    return rednoise(N, 0.6, rng=rng)


def seasonal(rng: np.random.Generator) -> np.ndarray:
    """Return weather with a yearly cycle of any phase, in months."""
    phase = rng.uniform(0, 2 * np.pi)
    return 1.5 * np.cos(2 * np.pi * np.arange(N) / 12 + phase) + rednoise(N, 0.5, rng=rng)


def rhythmic(rng: np.random.Generator) -> np.ndarray:
    """Return a rhythm of some 12 samples that drifts, as the alpha rhythm of an EEG."""
    noise = rng.standard_normal(3 * N)
    for k in range(2, noise.size):
        noise[k] += 1.65 * noise[k - 1] - 0.96 * noise[k - 2]
    return noise[-N:] + rng.standard_normal(N)


def heavy_tailed(rng: np.random.Generator) -> np.ndarray:
    """Return the exponential of red noise: most values are small, some large, as of rain."""
    return np.exp(1.5 * rednoise(N, 0.7, rng=rng) * np.sqrt(1 - 0.7**2))


def long_memory(rng: np.random.Generator) -> np.ndarray:
    """Return fractional noise with d = 0.4, whose autocorrelation falls as a power of the lag."""
    frequency = np.fft.rfftfreq(16 * N)[1:]
    size = (2 * np.sin(np.pi * frequency)) ** -0.4
    normals = rng.standard_normal((2, frequency.size))
    spectrum = np.concatenate([[0], size * (normals[0] + 1j * normals[1])])
    return np.fft.irfft(spectrum)[:N]


KINDS: tuple[Callable[[np.random.Generator], np.ndarray], ...] = (
    red, seasonal, rhythmic, heavy_tailed, long_memory,
)  # fmt: skip


def shares(kind: Callable, number: int, mc_count: int) -> dict[str, tuple[float, float]]:
    """Return for each choice the shares above the level of one pair."""
    rng = np.random.default_rng([number, KINDS.index(kind)])
    pair = kind(rng), kind(rng)
    found = {}
    for name, options in CHOICES.items():
        result = wct(
            *pair, 1.0, 1 / 4, mc_count=mc_count, rng_seed=number, progress=False, cache=False,
            backend="sequential", **options,
        )  # fmt: skip
        judged = result.outside() & np.isfinite(result.sig)[:, None]
        above = result.sig[:, None] < result.WCT
        band = judged & ((result.periods >= 8) & (result.periods < 16))[:, None]
        found[name] = above[judged].mean(), above[band].mean()
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--mc-count", type=int, default=300)
    chosen = parser.parse_args()
    print("| series | periods |", " | ".join(CHOICES), "|")
    print("|---" * (len(CHOICES) + 2) + "|")
    for kind in KINDS:
        found = [shares(kind, k, chosen.mc_count) for k in range(chosen.pairs)]
        for place, periods in enumerate(("all", "8 to 16")):
            cells = []
            for name in CHOICES:
                own = np.array([each[name][place] for each in found])
                cells.append(f"{own.mean():.3f} ± {own.std() / np.sqrt(own.size):.3f}")
            words = kind.__name__.replace("_", " ")
            print(f"| {words} | {periods} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
