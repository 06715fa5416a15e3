"""When workers pay: start-up of each backend, cost of a task, and the job that breaks even."""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from typing import Any

from measuring import ONE_THREAD, seconds

os.environ.update(ONE_THREAD)

import numpy as np

from pycwt_mod import Morlet, wct_null
from pycwt_mod.backends import (
    DaskBackend,
    ExecutorBackend,
    JoblibBackend,
    MCBackend,
    SequentialBackend,
)

N_WORKERS = 2
N_EMPTY_TASKS = 500
# Numbers of surrogates of the jobs, from which time is seen as a line: start + slope x number.
SIZES = (100, 400, 1600)
NEEDS = {"dask": "distributed", "gpu (torch on the CPU)": "torch"}
NAMES = (
    "sequential",
    "joblib, processes",
    "joblib, threads",
    "process pool, fork",
    "process pool, spawn",
    "dask",
    "gpu (torch on the CPU)",
)


@contextlib.contextmanager
def opened(name: str) -> Iterator[MCBackend]:
    """Make a backend by the name it has in the table, and keep its workers for the block."""
    if name == "sequential":
        yield SequentialBackend()
    elif name.startswith("joblib"):
        yield JoblibBackend(N_WORKERS, prefer=name.split()[-1])
    elif name.startswith("process pool"):
        context = multiprocessing.get_context(name.split()[-1])
        with ProcessPoolExecutor(N_WORKERS, context) as pool:
            yield ExecutorBackend(pool)
    elif name == "dask":
        with DaskBackend(n_workers=N_WORKERS) as backend:
            yield backend
    else:
        from pycwt_mod.backends import GPUBackend

        yield GPUBackend("torch", device="cpu")


def job(backend: MCBackend, mc_count: int) -> None:
    """Simulate surrogates for series of 1000 samples, with the usual scales."""
    wct_null(
        0.6, 0.3, 1.0, 1 / 12, 2 / Morlet().flambda(), 108, mc_count=mc_count,
        progress=False, cache=False, backend=backend, rng_seed=1,
    )  # fmt: skip


def nothing(seed: np.random.SeedSequence) -> None:
    """Do what an empty task does."""


def measure(name: str) -> dict[str, Any]:
    """Return the figures of one backend, in a process that has used none before."""
    began = time.perf_counter()
    with opened(name) as backend:
        backend.run_monte_carlo(nothing, N_WORKERS, chunk_size=1)
        cold = time.perf_counter() - began
        # Workers now start to import the package and to make filters; a second job finds both.
        first = seconds(lambda: job(backend, SIZES[0]))
        job(backend, SIZES[0])
        jobs = [seconds(lambda size=size: job(backend, size)) for size in SIZES]
        warm = statistics.median(
            seconds(lambda: backend.run_monte_carlo(nothing, N_WORKERS, chunk_size=1))
            for _ in range(5)
        )
        many = seconds(lambda: backend.run_monte_carlo(nothing, N_EMPTY_TASKS, chunk_size=1))
    return {
        "cold": cold,
        "first": max(0.0, first - jobs[0]),
        "warm": warm,
        "task": max(0.0, many - warm) / N_EMPTY_TASKS,
        "jobs": jobs,
    }


def measure_in_fresh_process(name: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, "--one", name],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def least_disturbed(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the lowest of each figure, and the line through the lowest times of the jobs.

    Other programs make a run longer and never shorter.
    """
    lowest = {
        key: min(figures[key] for figures in rounds) for key in ("cold", "first", "warm", "task")
    }
    jobs = np.min([figures["jobs"] for figures in rounds], axis=0)
    # Each job counts by its relative error, lest the largest alone decide.
    slope, start = np.polyfit(SIZES, jobs, 1, w=1 / jobs)
    return {**lowest, "slope": float(slope), "start": max(0.0, float(start)), "jobs": list(jobs)}


def lowest_and_median(rounds: list[dict[str, Any]], key: str, unit: str, factor: float = 1) -> str:
    values = [factor * figures[key] for figures in rounds]
    return f"{min(values):.2f} ({statistics.median(values):.2f}) {unit}"


def break_even(alone: dict[str, Any], other: dict[str, Any], extra: float) -> str:
    """Return the job at which another backend, `extra` seconds late, is as fast as one process."""
    gain = alone["slope"] - other["slope"]
    behind = other["start"] - alone["start"] + extra
    if gain <= 0:
        return "never"
    size = max(behind, 0.0) / gain
    return f"{alone['start'] + alone['slope'] * size:.1f} s (`mc_count` {size:.0f})"


def table(found: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Yield the lines of the table, in Markdown."""
    alone = least_disturbed(found["sequential"])
    yield (
        "| backend | first call | imports in workers | later calls | one task | 1600 surrogates | "
        "times sequential | breaks even, warm | breaks even, cold |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, rounds in found.items():
        own = least_disturbed(rounds)
        imports = max(0.0, own["first"] - alone["first"])
        cells = [
            lowest_and_median(rounds, "cold", "s"),
            f"{imports:.2f} s",
            lowest_and_median(rounds, "warm", "ms", 1e3),
            lowest_and_median(rounds, "task", "ms", 1e3),
            f"{own['jobs'][-1]:.2f} s",
            f"{alone['jobs'][-1] / own['jobs'][-1]:.2f}",
        ]
        if name == "sequential":
            cells += ["", ""]
        else:
            late = own["cold"] - own["warm"] + imports
            cells += [break_even(alone, own, extra) for extra in (0.0, late)]
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    jobs = ", ".join(f"{own:.2f}" for own in alone["jobs"])
    yield f"sequential jobs of {', '.join(map(str, SIZES))} surrogates: {jobs} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--backends", nargs="+", default=NAMES, choices=NAMES, metavar="NAME")
    parser.add_argument("--one", choices=NAMES, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(measure(chosen.one)))
        return
    names = ["sequential", *(name for name in chosen.backends if name != "sequential")]
    names = [name for name in names if find_spec(NEEDS.get(name, "numpy"))]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(chosen.rounds):
        for name in names:
            found[name].append(measure_in_fresh_process(name))
    print(f"{N_WORKERS} workers on {os.cpu_count()} cores, lowest (median) of the rounds\n")
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
