"""Time and peak memory of `wct(sig=False)` against pycwt, each in a fresh process, in turn."""

from __future__ import annotations

import argparse
import statistics

from measuring import in_fresh_process, ratio

CODE = """
import numpy, {package}
def prepare():
    rng = numpy.random.default_rng(0)
    return rng.standard_normal({n}), rng.standard_normal({n})
def run(pair):
    return {package}.wct(*pair, 1.0, sig=False)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    for n in chosen.lengths:
        runs = [
            [in_fresh_process(CODE.format(package=name, n=n)) for name in ("pycwt", "pycwt_mod")]
            for _ in range(chosen.rounds)
        ]
        theirs, ours = zip(*runs, strict=True)
        print(f"{n} samples")
        for figure in ("seconds", "megabytes"):
            a, b = [run[figure] for run in theirs], [run[figure] for run in ours]
            medians = f"pycwt {statistics.median(a):8.1f}  here {statistics.median(b):8.1f}"
            print(f"  {figure:9s}  {medians}  ratio {ratio(a, b)}")


if __name__ == "__main__":
    main()
