"""`wct_matrix` against a loop over `wct`: time per pair, whole calls, and memory over the pairs."""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np
from measuring import ONE_THREAD, ratio, take_turns
from scipy.signal import lfilter

from pycwt_mod import wct, wct_matrix

QUIET = {"progress": False, "cache": False, "rng_seed": 1}

# Pairs of the loop over `wct` that are timed; the rest is extrapolated.
LOOP_SAMPLE = 3

# The peak of a process of its own; that of `resource` may be its parent's.
MEMORY = """
import itertools, sys, numpy, pycwt_mod
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
data = numpy.random.default_rng(0).standard_normal(({n_series}, {n_times}))
pairs = list(itertools.permutations(range({n_series}), 2))
cover = [(k, (k + 1) % {n_series}) for k in range({n_series})]
rest = [pair for pair in pairs if pair not in cover]
before = peak()
result = pycwt_mod.wct_matrix(
    data, 1.0, pairs=(cover + rest)[:{n_pairs}], sig=False, progress=False, backend="sequential"
)
print(peak() - before)
"""


def series(n_series: int, n_times: int) -> Any:
    """Return AR(1) series of persistences from 0.3 to 0.95."""
    noise = np.random.default_rng(0).standard_normal((n_series, n_times + 500))
    g = np.linspace(0.3, 0.95, n_series)
    rows = [lfilter([1.0], [1.0, -one], row) for one, row in zip(g, noise, strict=True)]
    return np.array(rows)[:, 500:]


def per_pair(n_times: int, rounds: int) -> None:
    """Compare the coherence of 45 pairs, without significance, on one core."""
    data = series(10, n_times)
    pairs = list(itertools.combinations(range(10), 2))
    mine, loop = take_turns(
        lambda: wct_matrix(data, 1.0, sig=False, progress=False, backend="sequential"),
        lambda: [wct(data[i], data[j], 1.0, sig=False) for i, j in pairs],
        rounds=rounds,
    )
    ours, theirs = (1e3 * statistics.median(times) / len(pairs) for times in (mine, loop))
    print(
        f"{n_times} samples, 45 pairs, no significance, one core: {ours:.1f} ms a pair, wct in a "
        f"loop {theirs:.1f} ms, ratio {ratio(loop, mine)}"
    )


def whole(n_series: int, n_times: int, ordered: bool, backend: str, n_workers: int | None) -> None:
    """Time one whole call, significance included, and extrapolate a loop over `wct`."""
    data = series(n_series, n_times)
    choose = itertools.permutations if ordered else itertools.combinations
    pairs = list(choose(range(n_series), 2))
    where = {"backend": backend, "n_workers": n_workers}
    began = time.perf_counter()
    result = wct_matrix(data, 1.0, pairs=pairs, **where, **QUIET)
    mine = time.perf_counter() - began
    began = time.perf_counter()
    for k in range(LOOP_SAMPLE):
        i, j = pairs[k * len(pairs) // LOOP_SAMPLE]
        wct(data[i], data[j], 1.0, **where, **QUIET)
    loop = (time.perf_counter() - began) / LOOP_SAMPLE
    print(
        f"{n_series} series of {n_times}, {len(pairs)} pairs, {len(set(result.nodes))} null "
        f"distributions, 300 surrogates, {backend}: {mine:.0f} s, {1e3 * mine / len(pairs):.0f} ms "
        f"a pair; wct in a loop {1e3 * loop:.0f} ms a pair, extrapolated to "
        f"{loop * len(pairs):.0f} s"
    )


def memory(n_series: int, n_times: int, counts: list[int]) -> None:
    """Measure the peak memory above the imports, in fresh processes."""
    for n_pairs in counts:
        code = MEMORY.format(n_series=n_series, n_times=n_times, n_pairs=n_pairs)
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **ONE_THREAD},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        print(
            f"{n_series} series of {n_times}, {n_pairs:5d} pairs: {float(done.stdout):.0f} MB "
            "above the imports at the peak, mapped files included"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["pair", "memory", "few", "daily", "channels"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backend", default="joblib")
    parser.add_argument("--n-workers", type=int)
    chosen = parser.parse_args()
    if "pair" in chosen.parts:
        for n_times in (2000, 7305):
            per_pair(n_times, chosen.rounds)
    if "memory" in chosen.parts:
        memory(33, 1000, [33, 100, 1000])
    if "few" in chosen.parts:  # where a loop takes as long
        for n_times in (500, 2000):
            for n_series in (4, 8, 12):
                whole(n_series, n_times, False, "sequential", None)
    if "daily" in chosen.parts:
        whole(10, 7305, True, chosen.backend, chosen.n_workers)
    if "channels" in chosen.parts:
        whole(64, 2000, False, chosen.backend, chosen.n_workers)


if __name__ == "__main__":
    main()
