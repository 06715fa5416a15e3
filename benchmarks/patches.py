"""False alarms and power of the test of patches, beside the false discovery rate.

Pairs of unrelated AR(1) series: the share of maps with any significant patch, with the coefficients
of the series known, and with those that are estimated from each pair, as `wct` does. Pairs with a
burst of a common oscillation: the share of maps in which it is found.

So that it takes minutes, estimates are rounded to 0.05, and pairs with the same ones share their
surrogates. `--skewed` judges unrelated series of which few samples hold most of the variance, and
their ranks or logarithms. `--example` prints the patches of the Arctic Oscillation and the ice of
the Baltic Sea.
"""

from __future__ import annotations

import argparse
import contextlib
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, rankdata

from pycwt_mod import AR1EstimationError, Morlet, ar1, rednoise, wct
from pycwt_mod.clusters import PatchFinder, PatchTest
from pycwt_mod.geometry import Geometry
from pycwt_mod.helpers import padded_length
from pycwt_mod.montecarlo.options import SimulationOptions
from pycwt_mod.montecarlo.plan import make_record_plan
from pycwt_mod.null_fields import null_field_of
from pycwt_mod.sample.demo import run_demo

Array = NDArray[np.float64]

# Estimates are rounded to multiples of this.
STEP = 0.05

# The burst, and its strengths as multiples of the standard deviation of the noise.
PERIOD, CYCLES, AMPLITUDES = 16.0, (4, 8, 16), (1.0, 1.5, 2.0)
S0 = 2 / Morlet().flambda()

# Samples of the skewed series; those of rain are dry to this share; weight of the last discharge.
N_SKEWED, DRY, MEMORY = 300, 0.8, 0.7


def main() -> None:
    """Print the tables that the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", type=int, default=0, help="pairs of unrelated series")
    parser.add_argument("--power", type=int, default=0, help="pairs with a burst, for each kind")
    parser.add_argument("--skewed", type=int, default=0, help="pairs of skewed series of each kind")
    parser.add_argument("--iaaft", type=int, default=0, help="pairs of them with noise='iaaft'")
    parser.add_argument("--example", action="store_true")
    parser.add_argument("--n", type=int, nargs="+", default=[200, 500, 512])
    parser.add_argument("--g", type=float, nargs="+", default=[0.0, 0.6, 0.95])
    parser.add_argument("--dj", type=float, default=1 / 4)
    parser.add_argument("--statistic", default="mass")
    parser.add_argument("--surrogates", type=int, default=1000)
    arguments = parser.parse_args()
    if arguments.maps:
        print_false_alarms(arguments)
    if arguments.power:
        print_power(arguments)
    if arguments.skewed or arguments.iaaft:
        print_skewed(arguments)
    if arguments.example:
        print(run_demo().clusters.table())


def print_false_alarms(arguments: argparse.Namespace) -> None:
    """Print the shares of maps of unrelated series with a significant patch."""
    print("| n | g | coefficients known | estimated |\n|---|---|---|---|")
    for n in arguments.n:
        for g in arguments.g:
            pairs = [unrelated(n, g, seed) for seed in range(arguments.maps)]
            known = {(g, g): pairs}
            estimates = defaultdict(list)
            for pair in pairs:
                # Near a unit root some have no estimate, and `wct` refuses them.
                with contextlib.suppress(AR1EstimationError):
                    estimates[estimated(pair)].append(pair)
            cells = []
            for cases in (known, estimates):
                p = [pvalues_of_largest(own, al, arguments) for al, own in cases.items()]
                cells.append(share(np.concatenate(p) <= 0.05))
            print(f"| {n} | {g} | {' | '.join(cells)} |", flush=True)


def print_power(arguments: argparse.Namespace) -> None:
    """Print the shares of maps in which a burst is found, n = 500, g = 0.6."""
    print(
        "| cycles | amplitude | any point | at an FDR of 5 % | in a patch |\n|---|---|---|---|---|"
    )
    for cycles in CYCLES:
        for amplitude in AMPLITUDES:
            hits = []
            for seed in range(arguments.power):
                pair = unrelated(500, 0.6, 10_000 + seed)
                half = int(cycles * PERIOD / 2)
                burst = slice(250 - half, 250 + half)
                wave = amplitude * np.sin(2 * np.pi * np.arange(2 * half) / PERIOD)
                for series in pair:
                    series[burst] += wave * series.std()
                rows = round(math.log2(PERIOD / 2) / arguments.dj)
                near = slice(
                    round(rows - 0.25 / arguments.dj), round(rows + 0.25 / arguments.dj) + 1
                )
                hits.append([mask[near, burst].any() for mask in findings(pair, arguments)])
            shares = " | ".join(share(each) for each in zip(*hits, strict=True))
            print(f"| {cycles} | {amplitude} | {shares} |", flush=True)


def rain(rng: np.random.Generator) -> Array:
    """Return independent days, most of them dry."""
    return rng.gamma(0.5, size=N_SKEWED) * (rng.random(N_SKEWED) > DRY)


def discharge(rng: np.random.Generator) -> Array:
    """Return the exponential of red noise of standard deviation 1."""
    return np.exp(rednoise(N_SKEWED, MEMORY, rng=rng) * math.sqrt(1 - MEMORY**2))


def print_skewed(arguments: argparse.Namespace) -> None:
    """Print the shares of points, and of maps with any point found, of unrelated skewed series."""
    kinds = {
        "rain": rain,
        "ranks of rain": lambda rng: rankdata(rain(rng)),
        "discharge": discharge,
        "logarithm of discharge": lambda rng: np.log(discharge(rng)),
        "rain, Gaussian noise": lambda rng: np.array([rain(rng), rng.normal(size=N_SKEWED)]),
    }
    print("| series | points | any at an FDR of 5 % | any in a patch |\n|---|---|---|---|")
    for name, kind in kinds.items():
        print_shares(name, kind, findings, arguments.skewed, arguments)
    for name in ("rain", "discharge"):
        print_shares(f'{name}, noise="iaaft"', kinds[name], by_iaaft, arguments.iaaft, arguments)


def print_shares(
    name: str, kind: Callable, judge: Callable, number: int, arguments: argparse.Namespace
) -> None:
    """Print the row of one kind of series, of a number of pairs."""
    found = []
    for seed in range(number):
        one, other = (kind(np.random.default_rng([seed, k])) for k in (0, 1))
        pair = np.array([one, other] if one.ndim == 1 else one)
        points, *corrected = judge(pair, arguments)
        found.append([points.mean(), *(each.any() for each in corrected)])
    if found:
        points, *corrected = zip(*found, strict=True)
        shares = " | ".join(map(share, corrected))
        print(f"| {name} | {np.mean(points):.3f} | {shares} |", flush=True)


def by_iaaft(pair: Array, arguments: argparse.Namespace) -> list[NDArray[np.bool_]]:
    """Return the points found singly, at a false discovery rate, and in patches, by IAAFT."""
    result = wct(
        *pair, 1.0, arguments.dj, noise="iaaft", mc_count=arguments.surrogates, rng_seed=1,
        progress=False, cache=False, backend="sequential",
    )  # fmt: skip
    return [result.significant(correction=each, null="point") for each in (None, "fdr", "cluster")]


def unrelated(n: int, g: float, seed: int) -> Array:
    """Return two AR(1) series, shape (2, n)."""
    rng = np.random.default_rng([seed, n, int(100 * g)])
    return np.array([rednoise(n, g, rng=rng) for _ in range(2)])


def estimated(pair: Array) -> tuple[float, float]:
    """Return the rounded coefficients, ascending: the coherence is the same in either order."""
    g1, g2 = sorted(round(float(np.clip(ar1(s)[0], -0.95, 0.97)) / STEP) * STEP for s in pair)
    return g1, g2


@cache
def judge_of(
    n: int, al: tuple[float, float], dj: float, statistic: str, surrogates: int
) -> tuple[PatchTest, Array]:
    """Return the test of a record with these coefficients, and its null, ascending."""
    J = round(math.log2(n / S0) / dj)
    scales = S0 * 2 ** (dj * np.arange(J + 1))
    geometry = Geometry(Morlet(), scales, 1.0, dj, n, padded_length(n))
    field = null_field_of(geometry, al, SimulationOptions(), centred=True)
    plan = make_record_plan(geometry, al, ((0,),) * scales.size, centred=True)
    test = PatchTest.of(plan, field, 0.95, statistic, np.random.SeedSequence(1))
    return test, np.sort(test((0, surrogates)))


def pvalues_of_largest(
    pairs: Sequence[Array], al: tuple[float, float], arguments: argparse.Namespace
) -> Array:
    """Return the p-value of the largest patch of each pair."""
    n = pairs[0].shape[1]
    test, null = judge_of(n, al, arguments.dj, arguments.statistic, arguments.surrogates)
    series = np.stack(pairs, axis=1)
    series = series - series.mean(axis=-1, keepdims=True)
    largest = []
    for start in range(0, len(pairs), 25):
        block = series[:, start : start + 25]
        finder = PatchFinder(block.shape[1], n)
        for scale, R2 in test._coherences(block):
            test._add(finder, scale, R2)
        largest.append(finder.largest())
    return pvalues(np.concatenate(largest), null)


def findings(pair: Array, arguments: argparse.Namespace) -> list[NDArray[np.bool_]]:
    """Return the points found singly, at a false discovery rate, and in patches."""
    n, al = pair.shape[1], estimated(pair)
    test, null = judge_of(n, al, arguments.dj, arguments.statistic, arguments.surrogates)
    R2 = wct(*pair, 1.0, arguments.dj, S0, test.plan.n_scales - 1, sig=False)[0]
    labels, totals = test.labels(R2)
    p = test.null_field.pvalue(R2)
    kept = np.concatenate([[False], pvalues(totals, null) <= 0.05])
    found = false_discovery_control(p.ravel(), method="bh").reshape(p.shape) <= 0.05
    return [p < 0.05, found, kept[labels]]


def pvalues(totals: Array, null: Array) -> Array:
    """Return the p-values of patches."""
    return (1 + null.size - np.searchsorted(null, totals)) / (1 + null.size)


def share(hits: Sequence[bool] | NDArray[np.bool_]) -> str:
    """Return a share with its standard error."""
    p = float(np.mean(hits))
    return f"{p:.3f} ± {math.sqrt(p * (1 - p) / len(hits)):.3f}"


if __name__ == "__main__":
    main()
