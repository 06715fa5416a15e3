"""Common parts of the benchmark scripts: taking turns, medians, and whole-process figures."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

# One thread for BLAS and the like, so that "one core" means one core.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def seconds(action: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def take_turns(*actions: Callable[[], Any], rounds: int = 5) -> list[list[float]]:
    """Run the actions A B C A B C ..., and return the seconds of each round for each."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for action, times in zip(actions, taken, strict=True):
            times.append(seconds(action))
    return taken


def ratio(slow: list[float], fast: list[float]) -> str:
    """Describe the ratio of paired runs by its median and range."""
    ratios = [a / b for a, b in zip(slow, fast, strict=True)]
    return f"{statistics.median(ratios):.3g} ({min(ratios):.3g} to {max(ratios):.3g})"


def in_fresh_process(code: str) -> dict[str, float]:
    """Run code in a new process; return its seconds, those of the processor, and peak memory in MB.

    The code defines ``prepare()``, whose result is passed to ``run(prepared)``.
    """
    program = f"""
import json, resource, sys, time
{code}
prepared = prepare()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began, used = time.perf_counter(), time.process_time()
kept = run(prepared)
took, processor = time.perf_counter() - began, time.process_time() - used
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
megabytes = (after - before) / 1024
print(
    json.dumps({{"seconds": took, "processor": processor, "megabytes": megabytes}}),
    file=sys.stderr,
)
"""
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            env={**os.environ, **ONE_THREAD, "PYCWT_MOD_CACHE_DIR": cache},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
    figures: dict[str, float] = json.loads(done.stderr.strip().splitlines()[-1])
    return figures


def peak_megabytes() -> float:
    """Return the peak memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
