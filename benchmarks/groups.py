"""Cost of a surrogate of more than two series, at the full rate, against its number of FFTs.

A group of q series takes q FFTs for the transforms of a scale and 2 ceil(q^2 / 2) to smooth its
spectral matrix. GNU Octave's `mwcsignif` takes 14 000 ns a scale, sample and surrogate, and
`pwcsignif` 9 000. Times are those of the processor, medians of runs that take turns.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

from measuring import ONE_THREAD

os.environ.update(ONE_THREAD)

from surrogates import DJ, geometry

import pycwt_mod
from pycwt_mod.helpers import padded_length
from pycwt_mod.montecarlo.noise import Streams
from pycwt_mod.montecarlo.plan import make_plan
from pycwt_mod.montecarlo.simulate import CountSurrogates
from pycwt_mod.statistic import PAIR, Statistic, multiple, n_fields, partial

OCTAVE_NS = {"multiple": 14_000, "partial": 9_000}


def kernel_of(statistic: Statistic, length: int) -> CountSurrogates:
    """Return a simulation, its filters made."""
    s0, J = geometry(length)
    coefficients = (0.6,) * statistic.n_series
    mother = pycwt_mod.Morlet()
    plan = make_plan(coefficients, 1.0, DJ, s0, J, mother, statistic=statistic, pad=padded_length)
    kernel = CountSurrogates(plan, Streams(1))
    kernel((0, plan.block_size))
    return kernel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--count", type=int, default=20, help="surrogates of a run")
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    kinds = [PAIR, *(make(q) for q in (1, 2, 3) for make in (partial, lambda q: multiple(q + 1)))]
    kernels = [kernel_of(statistic, chosen.length) for statistic in kinds]
    taken: list[list[float]] = [[] for _ in kinds]
    for _ in range(chosen.rounds):
        for kernel, times in zip(kernels, taken, strict=True):
            began = time.process_time()
            kernel((0, chosen.count))
            times.append(time.process_time() - began)
    print(
        "statistic  series  FFTs  ns a scale, sample and surrogate  against the pair  ns an FFT"
        "  times faster than Octave"
    )
    for statistic, kernel, times in zip(kinds, kernels, taken, strict=True):
        plan = kernel.plan
        ns = 1e9 * statistics.median(times) / (chosen.count * plan.n_scales * plan.n_times)
        to_pair = statistics.median(a / b for a, b in zip(times, taken[0], strict=True))
        n_ffts = statistic.n_series + 2 * n_fields(statistic.n_series)
        octave = OCTAVE_NS.get(statistic.name)
        faster = f"{octave / ns:.0f}" if octave else ""
        print(
            f"{statistic.name:9s}  {statistic.n_series:6d}  {n_ffts:4d}  {ns:32.0f}"
            f"  {to_pair:16.2f}  {ns / n_ffts:9.1f}  {faster}"
        )


if __name__ == "__main__":
    main()
