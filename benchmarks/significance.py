"""`wct_significance` with its defaults against pycwt: 300 surrogates, dj = 1/12, one core.

pycwt is timed for a few surrogates, which cost all the same, and its time is scaled to 300. Here
each run is a whole call in a fresh process, without cache, planning included.
"""

from __future__ import annotations

import argparse
import os
import statistics

from measuring import ONE_THREAD, in_fresh_process, ratio, seconds

os.environ.update(ONE_THREAD)

from surrogates import geometry, pycwt_run

CODE = """
import pycwt_mod, scipy.signal
def prepare():
    return None
def run(_):
    return pycwt_mod.wct_significance(
        .6, .3, 1., 1 / 12, {s0!r}, {J}, progress=False, cache=False, backend="sequential",
        rng_seed=1, method={method!r})
"""

SURROGATES = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--lengths", type=int, nargs="+", default=[256, 1000, 4000, 100_000, 1_000_000]
    )
    parser.add_argument("--with-pycwt-up-to", type=int, default=4000)
    parser.add_argument("--pycwt-count", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--method", default="multirate")
    chosen = parser.parse_args()
    print("length     here s  peak MB  pycwt s (scaled)  ratio")
    for length in chosen.lengths:
        s0, J = geometry(length)
        code = CODE.format(s0=s0, J=J, method=chosen.method)
        ours, memory, theirs = [], [], []
        for _ in range(chosen.rounds):
            run = in_fresh_process(code)
            ours.append(run["seconds"])
            memory.append(run["megabytes"])
            if length <= chosen.with_pycwt_up_to:
                taken = seconds(lambda length=length: pycwt_run(length, chosen.pycwt_count))
                theirs.append(taken * SURROGATES / chosen.pycwt_count)
        line = f"{length:8d}  {statistics.median(ours):7.2f}  {max(memory):7.0f}"
        if theirs:
            line += f"  {statistics.median(theirs):16.0f}  {ratio(theirs, ours)}"
        print(line)


if __name__ == "__main__":
    main()
