"""Time and peak memory of `wct_significance` over the number of surrogates."""

from __future__ import annotations

import argparse

from measuring import in_fresh_process

CODE = """
import pycwt_mod, scipy.signal
def prepare():
    pycwt_mod.wct_null(.6, .3, 1., 1 / 12, 2., 12, mc_count=16, progress=False, cache=False)
def run(_):
    return pycwt_mod.wct_significance(
        .6, .3, 1., 1 / 12, 2., 72, mc_count={count}, progress=False, cache=True,
        backend="{backend}", rng_seed=1)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000, 10_000])
    chosen = parser.parse_args()
    print(
        "73 scales, surrogates of 768 samples; megabytes: peak above the imports, calling process"
    )
    for backend in ("sequential", "joblib"):
        for count in chosen.counts:
            run = in_fresh_process(CODE.format(count=count, backend=backend))
            per_surrogate = 1e3 * run["seconds"] / count
            print(
                f"{backend:10s}  mc_count {count:6d}  {run['seconds']:6.2f} s  "
                f"{per_surrogate:6.2f} ms per surrogate  {run['megabytes']:6.1f} MB"
            )


if __name__ == "__main__":
    main()
