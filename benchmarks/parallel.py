"""joblib on all cores against one core, on a job of ten seconds or more; and its start-up."""

from __future__ import annotations

import argparse
import os
import statistics

from measuring import ONE_THREAD, ratio, seconds, take_turns

os.environ.update(ONE_THREAD)

import joblib
from joblib.externals.loky import get_reusable_executor

from pycwt_mod import Morlet, wct_null
from pycwt_mod.backends import JoblibBackend


def job(backend, mc_count: int, method: str) -> None:
    s0 = 2 / Morlet().flambda()
    wct_null(
        0.6, 0.3, 1.0, 1 / 12, s0, 108, mc_count=mc_count, progress=False, cache=False,
        backend=backend, rng_seed=1, method=method,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mc-count", type=int, default=500)
    parser.add_argument("--method", default="full", help='"full" or "multirate"')
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    cores = joblib.cpu_count()
    print(f"signal length 1000, {chosen.mc_count} surrogates, {chosen.method}, {cores} cores")
    started = []
    for _ in range(chosen.rounds):
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
        started.append(seconds(lambda: list(JoblibBackend(n_workers=cores).map(abs, [1] * cores))))
    print(f"start-up of {cores} worker processes: {statistics.median(started):.2f} s")
    # Workers that import the package and make the filters, as in a second call of a session.
    job(JoblibBackend(n_workers=cores), 8 * cores, chosen.method)
    threads_backend = JoblibBackend(n_workers=cores, prefer="threads")
    alone, processes, threads = take_turns(
        lambda: job("sequential", chosen.mc_count, chosen.method),
        lambda: job(JoblibBackend(n_workers=cores), chosen.mc_count, chosen.method),
        lambda: job(threads_backend, chosen.mc_count, chosen.method),
        rounds=chosen.rounds,
    )
    print(f"sequential: {statistics.median(alone):.1f} s")
    print(f"joblib processes: {ratio(alone, processes)} times sequential")
    print(f"joblib threads: {ratio(alone, threads)} times sequential")


if __name__ == "__main__":
    main()
