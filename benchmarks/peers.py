"""Monte Carlo significance of the wavelet coherence here, in pycwt and in pyleoclim, on one core.

Needs pyleoclim in the same environment (`pip install pyleoclim`); what is missing is left out.
Each takes its turn in every round, for a series of the same length at the same scales. Times are
those of one surrogate more: of a longer run less a shorter one, so that what each does once (plans,
pools of processes, imports in them) is not counted.

The three do not simulate quite the same. pycwt's surrogates, and those here, are six times as long
as the largest scale, pyleoclim's as long as the series; its processes share the one core.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import warnings
from collections.abc import Callable
from typing import Any

from measuring import ONE_THREAD, ratio, seconds

os.environ.update(ONE_THREAD)

import numpy as np
from surrogates import geometry, pycwt_run

import pycwt_mod

DJ = 1 / 12


def ours(length: int, count: int, method: str) -> None:
    s0, J = geometry(length)
    pycwt_mod.wct_significance(
        0.6, 0.3, 1.0, DJ, s0, J, mc_count=count, method=method, backend="sequential",
        rng_seed=1, cache=False, progress=False,
    )  # fmt: skip


def pyleoclim_coherence(length: int) -> Any:
    """Return pyleoclim's coherence of two AR(1) series, at the scales that the others use."""
    import pyleoclim

    rng = np.random.default_rng(1)
    times = np.arange(float(length))
    first, second = (
        pyleoclim.Series(times, pycwt_mod.rednoise(length, g, rng=rng), verbose=False)
        for g in (0.6, 0.3)
    )
    s0, J = geometry(length)
    scales = s0 * 2 ** (np.arange(J + 1) * DJ)
    freq = np.sort(1 / (pycwt_mod.Morlet(6).flambda() * scales))
    coherence = first.wavelet_coherence(second, method="cwt", freq=freq)
    if coherence.wtc.shape != (length, scales.size):
        raise RuntimeError(f"{coherence.wtc.shape} in place of {(length, scales.size)}")
    return coherence


def per_surrogate(run: Callable[[int], Any], short: int, long: int) -> float:
    """Return the milliseconds of one surrogate more."""
    first = seconds(lambda: run(short))
    return 1e3 * (seconds(lambda: run(long)) - first) / (long - short)


def measured(length: int, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each round, by package."""
    runs: dict[str, Callable[[], float]] = {
        "here, multirate": lambda: per_surrogate(
            lambda count: ours(length, count, "multirate"), 100, 1100
        ),
        "here, full": lambda: per_surrogate(lambda count: ours(length, count, "full"), 20, 120),
        "pycwt": lambda: per_surrogate(lambda count: pycwt_run(length, count), 1, 4),
    }
    if importlib.util.find_spec("pyleoclim"):
        coherence = pyleoclim_coherence(length)

        def simulate(count: int) -> None:
            coherence.signif_test(number=count, method="ar1sim", seed=1, mute_pbar=True)

        runs["pyleoclim"] = lambda: per_surrogate(simulate, 10, 510)
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            taken[name].append(run())
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=[256, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print("length  package           ms per surrogate  against here, multirate (range)")
    for length in chosen.lengths:
        taken = measured(length, chosen.rounds)
        for name, times in taken.items():
            against = ratio(times, taken["here, multirate"])
            print(
                f"{length:6d}  {name:16s}  {statistics.median(times):16.3g}  {against}", flush=True
            )


if __name__ == "__main__":
    main()
