"""Time of a simulation by its stages, and the distance of each from its floor.

The stages of the engine itself are timed while it works. The floor of the transforms is the FFTs
alone, on arrays of the same shapes; of the noise one call of NumPy's generator for all of it; of
the stages that pass over arrays, as many passes of one multiplication or addition in NumPy.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest import mock

from measuring import ONE_THREAD

os.environ.update(ONE_THREAD)

import numpy as np
from surrogates import geometry

from pycwt_mod import coherence, mothers
from pycwt_mod.helpers import padded_length
from pycwt_mod.montecarlo import counting
from pycwt_mod.montecarlo.noise import Streams
from pycwt_mod.montecarlo.plan import Plan, make_plan
from pycwt_mod.montecarlo.simulate import CountSurrogates

# Passes over a field of one pair, in units of one complex product: what no arrangement of NumPy
# calls could do without. Products: two squared sizes and a product. Boxcar: three additions by van
# Herk's scheme, of two fields. Histogram: the quotient, and `bincount` beside it.
PASSES = {"filters": 4, "products": 3, "boxcar": 6, "histogram": 2}


class Stopwatches:
    """Seconds and elements of each stage; a stage within another counts as its own."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.elements: Counter[str] = Counter()
        self.fft_shapes: Counter[tuple[int, ...]] = Counter()
        self._inner = [0.0]

    def timed(self, stage: str, function: Callable[..., Any], size: Callable[..., int]) -> Any:
        """Return the function, which adds its time and elements to a stage."""

        def run(*args: Any, **options: Any) -> Any:
            self._inner.append(0.0)
            began = time.perf_counter()
            result = function(*args, **options)
            took = time.perf_counter() - began
            self.seconds[stage] += took - self._inner.pop()
            self._inner[-1] += took
            self.elements[stage] += size(*args)
            return result

        return run

    def fft(self, function: Callable[..., Any]) -> Any:
        """Return an FFT, timed, whose shapes are noted."""
        timed = self.timed("transforms", function, np.size)

        def run(array: Any) -> Any:
            self.fft_shapes[array.shape] += 1
            return timed(array)

        return run


def plan_of(length: int, method: str) -> Plan:
    """Return the problem of `wct_significance` with its defaults for a record of a length."""
    s0, J = geometry(length)
    return make_plan(
        (0.6, 0.3), 1.0, 1 / 12, s0, J, mothers.Morlet(), method=method, pad=padded_length
    )


def measured(plan: Plan, count: int) -> tuple[Stopwatches, float]:
    """Run the engine with a stopwatch at every stage."""
    watches = Stopwatches()
    ops = replace(plan.ops, fft=watches.fft(plan.ops.fft), ifft=watches.fft(plan.ops.ifft))
    engine = CountSurrogates(plan, Streams(1), ops)
    engine((0, plan.block_size))  # the filters are made once
    watches.__init__()  # type: ignore[misc]
    stages = [
        (counting, "normal_rows", "noise", lambda *a: 2 * len(a[1]) * a[2] // 2),
        (counting, "ar1_series", "noise", lambda *a: 2 * len(a[1]) * a[2]),
        (counting, "grid_spectra", "ends of the noise", lambda *a: a[1].size),
        (coherence, "filtered", "filters", lambda *a: a[2].size // 2),
        (coherence, "_pack_fields", "products", lambda *a: a[0].size // 2),
        (
            coherence.ScaleBoxcar,
            "push",
            "boxcar",
            lambda *a: 0 if a[1] is None else a[1].size // 2,
        ),
        (coherence.ScaleBoxcar, "read", "boxcar", lambda *a: 0),
        (counting._Counter, "add", "histogram", lambda *a: a[2].size // 2),
    ]
    patches = [
        mock.patch.object(owner, name, watches.timed(stage, getattr(owner, name), size))
        for owner, name, stage, size in stages
    ]
    began = time.perf_counter()
    for patch in patches:
        patch.start()
    try:
        engine((0, count))
    finally:
        for patch in patches:
            patch.stop()
    return watches, time.perf_counter() - began


def best_seconds(action: Callable[[], Any], rounds: int = 7) -> float:
    """Return the least of some timings."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return min(times)


def floors(watches: Stopwatches, plan: Plan) -> dict[str, float]:
    """Return the seconds that each stage would take at best."""
    ops = plan.ops
    real = np.float32 if plan.single else np.float64
    generator = np.random.default_rng(1)
    n = min(10**6, watches.elements["noise"])
    draws = best_seconds(lambda: generator.standard_normal(n, dtype=real))
    found = {"noise": draws * watches.elements["noise"] / n, "transforms": 0.0}
    for shape, times in watches.fft_shapes.items():
        array = ops.zeros(shape, "complex")
        found["transforms"] += best_seconds(lambda array=array: ops.fft(array)) * times
    a, b, c = (ops.zeros((2**13,), "complex") for _ in range(3))
    product = best_seconds(lambda: np.multiply(a, b, out=c), 200) / a.size
    for stage, passes in PASSES.items():
        found[stage] = passes * product * watches.elements[stage]
    places = (generator.random(2**13) * 16_000).astype(np.intp)
    count = best_seconds(lambda: np.bincount(places, minlength=16_000)) / places.size
    found["histogram"] += count * watches.elements["histogram"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=[256, 1000])
    parser.add_argument("--methods", nargs="+", default=["multirate", "full"])
    parser.add_argument("--count", type=int, default=300)
    chosen = parser.parse_args()
    for method in chosen.methods:
        for length in chosen.lengths:
            plan = plan_of(length, method)
            count = chosen.count if method == "multirate" else max(20, chosen.count // 10)
            watches, total = measured(plan, count)
            best = floors(watches, plan)
            print(f"{method}, length {length}: {1e3 * total / count:.2f} ms per surrogate")
            for stage, seconds in watches.seconds.most_common():
                line = f"  {stage:18s} {1e3 * seconds / count:7.3f} ms  {seconds / total:5.0%}"
                if stage in best:
                    line += f"  {seconds / best[stage]:5.1f} times its floor"
                print(line)
            rest = total - sum(watches.seconds.values())
            print(f"  {'the loop itself':18s} {1e3 * rest / count:7.3f} ms  {rest / total:5.0%}")


if __name__ == "__main__":
    main()
