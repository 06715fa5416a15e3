"""The fastest backend on this machine: a small and a large job on each, which must agree."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from time import perf_counter

from measuring import ONE_THREAD, seconds

os.environ.update(ONE_THREAD)

import numpy as np

from pycwt_mod import Morlet, NullDistribution, wct_null
from pycwt_mod.backends import MCBackend, get_backend, list_backends

# Samples of the pair and surrogates of its null: the default, and several times that.
JOBS = ((512, 300), (8192, 2000))
LONG_JOB = (65536, 30_000)

# What "auto" chooses from, and how much faster another must be to be worth naming.
AUTOMATIC = ("sequential", "joblib")
WORTH = 0.85


@dataclass
class Timing:
    """One job on one backend; the start is what a first empty task for each worker took."""

    backend: str
    job: tuple[int, int]
    start: float
    seconds: float
    n_workers: int
    note: str

    @property
    def total(self) -> float:
        return self.start + self.seconds


def simulate(job: tuple[int, int], backend: MCBackend | str) -> NullDistribution:
    """Run one job: the null of a pair of red series, at the scales that `wct` gives them."""
    n_samples, surrogates = job
    s0 = 2 / Morlet().flambda()
    J = int(12 * np.log2(n_samples / s0))
    return wct_null(
        0.7, 0.5, 1.0, 1 / 12, s0, J, mc_count=surrogates,
        progress=False, cache=False, backend=backend, rng_seed=0,
    )  # fmt: skip


def nothing(seed: np.random.SeedSequence) -> None:
    """Do what an empty task does."""


def compare(first: NullDistribution, other: NullDistribution) -> str:
    """Return whether a backend found what the first one did: to the bit, or within errors."""
    if first is other:
        return ""
    if np.array_equal(first.counts, other.counts):
        return "same counts"
    off = np.nanmax(np.abs(first.quantile(0.95) - other.quantile(0.95)))
    error = np.nanmax(first.standard_error(0.95))
    return f"levels within {off:.1g}" + (" (TOO FAR)" if off > error else "")


def measure(
    name: str, n_workers: int | None, jobs: list[tuple[int, int]], found: dict
) -> list[Timing]:
    """Time a backend on each job; `found` keeps the nulls of the first backend."""
    timings = []
    with get_backend(name) as whole:
        backend = whole.with_n_workers(n_workers)
        workers = backend.n_workers
        start = seconds(lambda: backend.run_monte_carlo(nothing, workers, chunk_size=1))
        for job in jobs:
            began = perf_counter()
            null = simulate(job, backend)
            took = perf_counter() - began
            note = compare(found.setdefault(job, null), null)
            timings.append(Timing(name, job, start, took, backend.ran_on[1], note))
    return timings


def advice(timings: list[Timing], job: tuple[int, int]) -> str:
    """Return which backend was the fastest for a job, its start included."""
    totals = {timing.backend: timing.total for timing in timings if timing.job == job}
    best = min(totals, key=totals.__getitem__)
    automatic = [name for name in totals if name in AUTOMATIC]
    if automatic and totals[best] > WORTH * min(totals[name] for name in automatic):
        best = min(automatic, key=totals.__getitem__)
    line = f"{job[1]} surrogates for {job[0]} samples, start included: {best}"
    if best in AUTOMATIC:
        line += ", which the default, backend='auto', chooses by itself"
    if best != "sequential" and "sequential" in totals:
        line += f", {totals['sequential'] / totals[best]:.1f} times as fast as sequential"
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backends", nargs="+", metavar="NAME", help="try these only")
    parser.add_argument("--workers", type=int, metavar="N", help="workers; -1: all cores")
    parser.add_argument("--mc-count", type=int, metavar="N", help="surrogates of the large job")
    parser.add_argument("--long", action="store_true", help="also a job of 30 000 surrogates")
    chosen = parser.parse_args()
    jobs = [JOBS[0], (JOBS[1][0], chosen.mc_count or JOBS[1][1])] + [LONG_JOB] * chosen.long
    names = chosen.backends or [n for n in list_backends(available_only=True) if n != "auto"]
    simulate((jobs[0][0], 10), "sequential")  # imports, which no backend should pay for
    timings: list[Timing] = []
    found: dict[tuple[int, int], NullDistribution] = {}
    for name in names:
        print(f"{name} ...", file=sys.stderr)
        try:
            timings += measure(name, chosen.workers, jobs, found)
        except Exception as error:  # a broken backend must not end the comparison
            print(f"{name} failed: {type(error).__name__}: {error}", file=sys.stderr)
    if not timings:
        sys.exit("no backend worked")
    print("| backend | workers | start (s) | samples | surrogates | seconds | per s | |")
    print("|---|---|---|---|---|---|---|---|")
    for timing in timings:
        samples, surrogates = timing.job
        print(
            f"| {timing.backend} | {timing.n_workers} | {timing.start:.2f} | {samples} | "
            f"{surrogates} | {timing.seconds:.2f} | {surrogates / timing.seconds:.0f} | "
            f"{timing.note} |"
        )
    print("", *(advice(timings, job) for job in jobs), sep="\n")


if __name__ == "__main__":
    main()
