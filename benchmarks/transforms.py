"""The wavelet transform of one series here and in other packages, on one core.

Needs pycwt; PyWavelets, ssqueezepy and fCWT where they are installed: `pip install PyWavelets
ssqueezepy fCWT`, for fCWT with `apt-get install libfftw3-single3`. All transform the same series at
the same scales with a Morlet wavelet, by turns in every round, one thread each; a turn is some
calls in a row, unless one takes long. Times are those of the processor, and the least of the rounds
are compared: on a busy machine memory is slower, which those that use much of it pay for. Some
lines are no package: inverse FFTs for all scales by SciPy, which is the plain way without its
filters, and writing a result of this size to memory, which nothing can beat.

With `--coherence` they are `xwt` and `wct(sig=False)` here and in pycwt, of the same two series;
and a second table tells what calls take here beside their transforms, at the smallest length.

With `--memory` no other package is run: a table tells how much memory functions of this one take
at most beside their result, to which belong the series that it keeps.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import os
import statistics
import time
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

from measuring import ONE_THREAD

os.environ.update(ONE_THREAD, SSQ_PARALLEL="0")

import numpy as np
import scipy.fft

import pycwt_mod
from pycwt_mod import coherence, transform
from pycwt_mod.geometry import Geometry

LENGTHS = [1000, 10_000, 100_000]

DJ = 1 / 12
F0 = 6

# PyWavelets convolves with wavelets as long as the series: it is not run for more samples.
LONGEST_OF_PYWAVELETS = 20_000

# Values that SciPy transforms together: as many as stay in the cache.
VALUES_TOGETHER = 2**14

# Short calls are repeated until they have made as many values.
VALUES_OF_A_TURN = 2**22

# What takes more seconds than this is run once.
LONGEST_REPEATED = 10

# Calls are compared with their transforms in turns of so few, and in more rounds by this factor.
CALLS_OF_A_TURN, MORE_ROUNDS = 20, 4

Run = Callable[[], Any]


def ours(series: np.ndarray, scales: np.ndarray) -> dict[str, Run]:
    def transform(**options: Any) -> Run:
        return lambda: pycwt_mod.cwt(series, 1.0, DJ, scales[0], scales.size - 1, **options)

    return {
        "here": transform(),
        "here, `precision='single'`": transform(precision="single"),
        "here, `decim=10`": transform(decim=10),
    }


def pycwt_runs(series: np.ndarray, scales: np.ndarray) -> dict[str, Run]:
    import pycwt

    mother = pycwt.Morlet(F0)
    return {"pycwt": lambda: pycwt.cwt(series, 1.0, DJ, scales[0], scales.size - 1, mother)}


def pywavelets(series: np.ndarray, scales: np.ndarray) -> dict[str, Run]:
    if series.size > LONGEST_OF_PYWAVELETS:
        return {}
    import pywt

    wavelet = f"cmor2.0-{F0 / (2 * np.pi)}"
    return {"PyWavelets, `method='fft'`": lambda: pywt.cwt(series, scales, wavelet, method="fft")}


def ssqueezepy(series: np.ndarray, scales: np.ndarray) -> dict[str, Run]:
    import ssqueezepy

    def transform(dtype: str) -> Run:
        wavelet = ssqueezepy.Wavelet(("morlet", {"mu": F0}), dtype=dtype)
        return lambda: ssqueezepy.cwt(
            series.astype(dtype), wavelet, scales=scales, padtype="zero", l1_norm=False
        )

    return {
        "ssqueezepy, float64": transform("float64"),
        "ssqueezepy, float32": transform("float32"),
    }


def fcwt_runs(series: np.ndarray, scales: np.ndarray) -> dict[str, Run]:
    import fcwt

    mother = fcwt.Morlet(F0 / (2 * np.pi))
    lowest, highest = 1 / (pycwt_mod.Morlet(F0).flambda() * scales[[-1, 0]])
    grid = fcwt.Scales(mother, fcwt.FCWT_LOGSCALES, 1, lowest, min(highest, 0.5), scales.size)
    engine = fcwt.FCWT(mother, 1, False, True)
    single = series.astype(np.float32)

    def transform(keep: Any = mother) -> None:  # of which the C++ has no more than a pointer
        engine.cwt(single, grid, np.zeros((scales.size, series.size), dtype=np.complex64))

    return {"fCWT, float32": transform}


def floors(series: np.ndarray, scales: np.ndarray) -> dict[str, Run]:
    n_fft = scipy.fft.next_fast_len(series.size)
    rows = max(1, VALUES_TOGETHER // n_fft)

    def transform(kind: Any) -> Run:
        spectra = np.resize(series.astype(kind), (rows, n_fft))

        def run() -> None:
            result = np.empty((scales.size, series.size), kind)
            for first in range(0, scales.size, rows):
                part = result[first : first + rows]
                part[:] = scipy.fft.ifft(spectra)[: len(part), : series.size]

        return run

    def write(kind: Any) -> Run:
        return lambda: np.full((scales.size, series.size), 1, kind)

    return {
        f"{what}, {kind.__name__}": make(kind)
        for what, make in (("SciPy's inverse FFTs", transform), ("writing the result", write))
        for kind in (np.complex128, np.complex64)
    }


PACKAGES = {
    "pycwt": pycwt_runs,
    "pycwt_mod": ours,
    "fcwt": fcwt_runs,
    "ssqueezepy": ssqueezepy,
    "pywt": pywavelets,
}


def runs_of(length: int) -> tuple[dict[str, Run], int]:
    """Return what is to be timed, by name, and the number of values of a result."""
    series = pycwt_mod.rednoise(length, 0.6, rng=np.random.default_rng(1))
    whole = pycwt_mod.cwt(series, 1.0, DJ)
    scales = whole.sj
    runs: dict[str, Run] = {}
    for package, make in PACKAGES.items():
        if importlib.util.find_spec(package):
            runs |= make(series, scales)
    if "pycwt" in runs:
        np.testing.assert_allclose(runs["pycwt"]()[0], whole.W, atol=1e-10 * np.abs(whole.W).max())
    return runs | floors(series, scales), whole.W.size


def pair_of(length: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.array([pycwt_mod.rednoise(length, 0.6, rng=rng) for _ in range(2)])


def coherence_runs_of(length: int) -> tuple[dict[str, dict[str, Run]], int]:
    """Return the same of the functions of two series, by their names."""
    import pycwt

    pair = pair_of(length)
    runs: dict[str, dict[str, Run]] = {
        "`xwt`": {
            "pycwt": lambda: pycwt.xwt(*pair, 1.0, DJ),
            "here": lambda: pycwt_mod.xwt(*pair, 1.0, DJ),
        },
        "`wct(sig=False)`": {
            "pycwt": lambda: pycwt.wct(*pair, 1.0, DJ, sig=False),
            "here": lambda: pycwt_mod.wct(*pair, 1.0, DJ, sig=False),
        },
    }
    W12 = pycwt_mod.xwt(*pair, 1.0, DJ).W12
    np.testing.assert_allclose(
        pycwt.xwt(*pair, 1.0, DJ)[0], W12, atol=1e-10 * np.abs(W12).max(), rtol=0
    )
    return runs, W12.size


def calls_and_transforms(length: int) -> dict[str, tuple[Run, Run]]:
    """Return calls, and the transforms within them."""
    pair = pair_of(length)
    normal = (pair - pair.mean(axis=1, keepdims=True)) / pair.std(axis=1, keepdims=True)
    whole = pycwt_mod.cwt(pair[0], 1.0, DJ)
    n_fft = pycwt_mod.fft_kwargs(pair[0])["n"]
    given = whole.mother, whole.sj, 1.0, n_fft
    geometry = Geometry(whole.mother, whole.sj, 1.0, DJ, length, n_fft)
    return {
        "`cwt`": (
            lambda: pycwt_mod.cwt(pair[0], 1.0, DJ),
            lambda: transform.forward(pair[0], *given),
        ),
        "`xwt`": (
            lambda: pycwt_mod.xwt(*pair, 1.0, DJ),
            lambda: transform.cross(normal, *given),
        ),
        "`wct(sig=False)`": (
            lambda: pycwt_mod.wct(*pair, 1.0, DJ, sig=False),
            lambda: coherence.coherence_of_series(normal, geometry),
        ),
    }


def processor_seconds(run: Run, calls: int) -> float:
    """Return what a call takes of the processor, on average over calls in a row."""
    gc.collect()  # so that no turn pays for another one
    gc.disable()
    if calls > 1:
        run()  # after which the caches are those of calls in a row
    began = time.process_time()
    for _ in range(calls):
        run()
    taken = time.process_time() - began
    gc.enable()
    return taken / calls


def print_memory(lengths: list[int], dj: float) -> None:
    """Print what functions hold at most beside their result, as `tracemalloc` counts it."""
    print("| samples | function | result, MB | beside it at most, MB |")
    print("|---|---|---|---|")
    for length in lengths:
        y = np.random.default_rng(1).standard_normal((4, length))
        functions: dict[str, Run] = {
            "cwt": lambda y=y: pycwt_mod.cwt(y[0], 1.0, dj),
            "xwt": lambda y=y: pycwt_mod.xwt(y[0], y[1], 1.0, dj),
            "wct": lambda y=y: pycwt_mod.wct(y[0], y[1], 1.0, dj, sig=False),
            "pwct of 3": lambda y=y: pycwt_mod.pwct(y[0], y[1], y[2], 1.0, dj, sig=False),
            "mwct of 4": lambda y=y: pycwt_mod.mwct(y[0], y[1:], 1.0, dj, sig=False),
        }
        for name, run in functions.items():
            tracemalloc.start()
            result = run()
            size = result.series.nbytes + sum(each.nbytes for each in result)
            del result
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            print(
                f"| {length} | {name} | {size / 1e6:.0f} | {(peak - size) / 1e6:.0f} |", flush=True
            )


def by_turns(runs: dict[Any, Run], calls: int, rounds: int) -> dict[Any, list[float]]:
    """Return what a call of each takes, in each round; a first call is for warming up."""
    first = {name: processor_seconds(run, 1) for name, run in runs.items()}
    found = {name: [taken] if taken > LONGEST_REPEATED else [] for name, taken in first.items()}
    repeated = [name for name, times in found.items() if not times]
    for _ in range(rounds):
        for name in repeated:
            found[name].append(processor_seconds(runs[name], calls))
    return found


def print_rows(start: str, runs: dict[str, Run], size: int, rounds: int) -> None:
    """Print a row for each run, of results with so many values."""
    taken = by_turns(runs, max(1, VALUES_OF_A_TURN // size), rounds)
    least = {name: 1e9 * min(times) / size for name, times in taken.items()}
    for name, times in taken.items():
        usual = 1e9 * statistics.median(times) / size
        against = f"{least['pycwt'] / least[name]:.2g}" if "pycwt" in least else ""
        print(f"| {start}{name} | {least[name]:.3g} ({usual:.3g}) | {against} |", flush=True)


def print_overhead(length: int, rounds: int) -> None:
    """Print what calls take beside their transforms."""
    print("\n| samples | call | ms, least (median) | beside its transforms |\n|---|---|---|---|")
    rounds *= MORE_ROUNDS
    for name, (call, within) in calls_and_transforms(length).items():
        taken = by_turns({"call": call, "within": within}, CALLS_OF_A_TURN, rounds)
        least, usual = (
            {part: 1e3 * of(times) for part, times in taken.items()}
            for of in (min, statistics.median)
        )
        beside = [f"{each['call'] - each['within']:.2g}" for each in (least, usual)]
        print(
            f"| {length} | {name} | {least['call']:.3g} ({usual['call']:.3g}) "
            f"| {beside[0]} ({beside[1]}) |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", help="samples of the series")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--coherence", action="store_true", help="`xwt` and `wct`, not `cwt`")
    parser.add_argument("--memory", action="store_true", help="memory beside the result, not time")
    parser.add_argument("--dj", type=float, default=DJ, help="spacing of scales, with --memory")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    if chosen.memory:
        print_memory(chosen.lengths or LENGTHS, chosen.dj)
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print("| samples | | ns per scale and sample, least (median) | times as fast as pycwt |")
    print("|---|---|---|---|")
    lengths = chosen.lengths or ([1000, 20_000, 100_000] if chosen.coherence else LENGTHS)
    for length in lengths:
        if chosen.coherence:
            functions, size = coherence_runs_of(length)
            for function, runs in functions.items():
                print_rows(f"{length} | {function}, ", runs, size, chosen.rounds)
        else:
            print_rows(f"{length} | ", *runs_of(length), chosen.rounds)
    if chosen.coherence:
        print_overhead(min(lengths), chosen.rounds)


if __name__ == "__main__":
    main()
