"""The null distribution of each point, and levels of scales, in closed form: time on one core.

Each run is a fresh process without cache, which takes turns with a simulation by `wct_null`. The
time of the processor is shown beside that of the clock, which counts what other programs take.
"""

from __future__ import annotations

import argparse
import os
import statistics

from measuring import ONE_THREAD, in_fresh_process, ratio

os.environ.update(ONE_THREAD)

from surrogates import geometry

CODE = """
import numpy as np
import pycwt_mod
import scipy.interpolate, scipy.stats
problem = (.6, {g2}, 1., 1 / 12, {s0!r}, {J})
def prepare():
    return {prepare}
def run(prepared):
    return {run}
"""

SIMULATED = "pycwt_mod.wct_null(*problem, mc_count=300, progress=False, cache=False, rng_seed=1)"
FIELD = "pycwt_mod.wct_null_field(*problem, {n}, cache={cache})"
PAUL = "pycwt_mod.wct_null_field(*problem, {{n}}, pycwt_mod.Paul({order}), cache=False)"
TASKS = {
    "field": ("None", FIELD),
    "field, from the cache": (FIELD, FIELD),
    "field, Paul 4": ("None", PAUL.format(order=4)),
    "field, Paul 1": ("None", PAUL.format(order=1)),
    "levels of scales": ("None", 'pycwt_mod.wct_null(*problem, method="analytic")'),
    "300 surrogates": ("None", SIMULATED),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=[1000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--g2", type=float, default=0.6)
    chosen = parser.parse_args()
    print("| samples | | seconds of the processor | of the clock | 300 surrogates take, times |")
    print("|---" * 5 + "|")
    for n in chosen.lengths:
        s0, J = geometry(n)
        taken: dict[str, list[dict[str, float]]] = {name: [] for name in TASKS}
        for _ in range(chosen.rounds):
            for name, parts in TASKS.items():
                facts = {"n": n, "J": J, "cache": "cache" in name}
                prepare, run = (part.format(**facts) for part in parts)
                code = CODE.format(g2=chosen.g2, s0=s0, J=J, prepare=prepare, run=run)
                taken[name].append(in_fresh_process(code))
        slow = [run["processor"] for run in taken["300 surrogates"]]
        for name, runs in taken.items():
            own = [run["processor"] for run in runs]
            wall = statistics.median(run["seconds"] for run in runs)
            print(
                f"| {n} | {name} | {statistics.median(own):.3f} | {wall:.3f} "
                f"| {ratio(slow, own)} |",
                flush=True,
            )
    million()


def million() -> None:
    """Print what the p-values of a million points take, and how large the file of a field is."""
    code = CODE.format(
        g2=0.6,
        s0=2.0,
        J=99,
        prepare="(pycwt_mod.wct_null_field(*problem, 10_000, cache=False), "
        "np.random.default_rng(1).random((100, 10_000)))",
        run="prepared[0].pvalue(prepared[1])",
    )
    run = in_fresh_process(code)
    print(f"p-values of a million points: {run['processor']:.3f} s of the processor")


if __name__ == "__main__":
    main()
