"""``pycwt-mod bench``: which backend to use on this machine, by trying them."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass
from time import perf_counter

import numpy as np

from ..arguments import scale_arguments
from ..backends import MCBackend, get_backend, list_backends
from ..montecarlo.null import NullDistribution
from ..mothers import Morlet
from ..wavelet import wct_null
from .options import Commands, Formatter, backend_name, count, workers
from .record import as_json, program_facts
from .report import table

__all__ = ["add_to"]

# Samples of the pair and surrogates of its null: as small as the default, and several times that.
_JOBS = ((512, 300), (8192, 2000))
_LONG_JOBS = (*_JOBS, (65536, 30_000))
_DJ = 1 / 12
_COEFFICIENTS = (0.7, 0.5)
_SEED = 0
_WARM_UP = 10

# What "auto" chooses from.
_AUTOMATIC = ("sequential", "joblib")

# No job is begun that would end later than this, by the time of the one before.
_BUDGET = 40.0
_LONG_BUDGET = 600.0

# A backend must be this much faster than the default to be worth naming.
_WORTH = 0.85


@dataclass(frozen=True)
class _Timing:
    """One job on one backend; seconds is None if it failed or was left out, `note` says why.

    The start is what the backend took for its first few surrogates: imports, processes.
    """

    backend: str
    n_samples: int
    surrogates: int
    seconds: float | None
    n_workers: int = 0
    start: float = 0.0
    note: str = ""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "bench",
        help="time the backends on this machine, and say which to use",
        description="Simulates the significance of a small and a large job on each backend that "
        "is installed, checks that the results agree, and says which to use. A minute at most.",
        epilog="example:\n  pycwt-mod bench --backend sequential --backend joblib --workers 4",
        formatter_class=Formatter,
    )
    parser.set_defaults(run=_run)
    parser.add_argument(
        "--backend",
        type=backend_name,
        action="append",
        metavar="NAME",
        help="try this one only; may be given again",
    )
    parser.add_argument("--workers", type=workers, metavar="N", help="workers; -1: all cores")
    parser.add_argument("--long", action="store_true", help="also a job of 30 000 surrogates")
    parser.add_argument(
        "--mc-count",
        type=count,
        metavar="N",
        help="surrogates of the large job, in place of 2000",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _run(arguments: argparse.Namespace) -> str:
    names = arguments.backend or [n for n in list_backends(available_only=True) if n != "auto"]
    jobs = list(_LONG_JOBS if arguments.long else _JOBS)
    if arguments.mc_count is not None:
        jobs[1] = (jobs[1][0], arguments.mc_count)
    bench = _Bench(jobs, perf_counter() + (_LONG_BUDGET if arguments.long else _BUDGET))
    _simulate((jobs[0][0], _WARM_UP), "sequential")  # imports, which no backend should pay for
    for name in dict.fromkeys(names):
        print(f"{name} ...", file=sys.stderr)
        bench.time(name, arguments.workers)
    advice = _advice(bench.timings, jobs)
    if all(timing.seconds is None for timing in bench.timings):
        raise RuntimeError(f"no backend worked: {bench.timings[0].note}")
    if arguments.json:
        results = {"timings": [asdict(timing) for timing in bench.timings], "advice": advice}
        return as_json({"provenance": program_facts(arguments), "results": results})
    return "\n".join([*_shown(bench.timings), "", *advice])


class _Bench:
    """The jobs, what each backend took for them, and what the first one found."""

    def __init__(self, jobs: list[tuple[int, int]], ends: float) -> None:
        self.timings: list[_Timing] = []
        self._jobs = jobs
        self._ends = ends
        self._reference: dict[tuple[int, int], NullDistribution] = {}

    def time(self, name: str, n_workers: int | None) -> None:
        """Time a backend on each job, the smallest first."""
        done = len(self.timings)
        try:
            with get_backend(name) as whole:
                backend = whole.with_n_workers(n_workers)
                began = perf_counter()
                _simulate((self._jobs[0][0], _WARM_UP), backend)
                start = perf_counter() - began
                for job in self._jobs:
                    self.timings.append(self._time_job(name, backend, job, start))
        except Exception as error:  # a broken backend must not end the comparison
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            left = self._jobs[len(self.timings) - done :]
            self.timings += [_Timing(name, *job, None, note=reason) for job in left]

    def _time_job(
        self, name: str, backend: MCBackend, job: tuple[int, int], start: float
    ) -> _Timing:
        own = [t.seconds / t.surrogates for t in self.timings if t.backend == name and t.seconds]
        began = perf_counter()
        if own and began + own[-1] * job[1] > self._ends:
            return _Timing(name, *job, None, note="no time left: try --backend and --long")
        null = _simulate(job, backend)
        seconds = perf_counter() - began
        return _Timing(name, *job, seconds, backend.ran_on[1], start, self._compared(job, null))

    def _compared(self, job: tuple[int, int], null: NullDistribution) -> str:
        """Return whether a backend found what the first one did: to the bit, or within errors."""
        first = self._reference.setdefault(job, null)
        if first is null:
            return ""
        if np.array_equal(first.counts, null.counts):
            return "same counts"
        off = np.abs(first.quantile(0.95) - null.quantile(0.95))
        error = np.nanmax(first.standard_error(0.95))
        return f"levels within {np.nanmax(off):.1g}" + (" (TOO FAR)" if off.max() > error else "")


def _simulate(job: tuple[int, int], backend: MCBackend | str) -> NullDistribution:
    """Run one job: the null of a pair of red series, at the scales that `wct` gives them."""
    n_samples, surrogates = job
    mother = Morlet(6)
    dj, s0, J = scale_arguments(n_samples, 1.0, _DJ, -1, -1, mother)
    return wct_null(
        *_COEFFICIENTS,
        1.0,
        dj,
        s0,
        J,
        wavelet=mother,
        mc_count=surrogates,
        progress=False,
        cache=False,
        backend=backend,
        rng_seed=_SEED,
    )


def _shown(timings: list[_Timing]) -> list[str]:
    rows = [["backend", "workers", "start (s)", "samples", "surrogates", "seconds", "per s", ""]]
    for timing in timings:
        known = timing.seconds is not None
        rows.append(
            [
                timing.backend,
                str(timing.n_workers) if known else "-",
                f"{timing.start:.2f}" if known else "-",
                str(timing.n_samples),
                str(timing.surrogates),
                f"{timing.seconds:.2f}" if known else "-",
                f"{timing.surrogates / timing.seconds:.0f}" if timing.seconds else "-",
                timing.note,
            ]
        )
    return table(rows)


def _advice(timings: list[_Timing], jobs: list[tuple[int, int]]) -> list[str]:
    """Return which backend was the fastest for each job, and whether the default will do."""
    lines, winners = [], []
    for job in jobs:
        known = {
            t.backend: t.seconds and t.seconds + t.start
            for t in timings
            if (t.n_samples, t.surrogates) == job
        }
        seconds = {name: value for name, value in known.items() if value}
        if not seconds:
            continue
        best = min(seconds, key=lambda name: seconds[name])
        plain = [value for name, value in seconds.items() if name in _AUTOMATIC]
        if plain and seconds[best] > _WORTH * min(plain):
            best = min((name for name in seconds if name in _AUTOMATIC), key=seconds.__getitem__)
        winners.append(best)
        against = ""
        if best != "sequential" and "sequential" in seconds:
            against = f", {seconds['sequential'] / seconds[best]:.1f} times as fast as sequential"
        lines.append(f"{job[1]} surrogates for {job[0]} samples, start included: {best}{against}")
    if set(winners) <= set(_AUTOMATIC):
        lines.append("Use the default, backend='auto': it chooses between these by itself.")
    else:
        other = next(name for name in reversed(winners) if name not in _AUTOMATIC)
        lines.append(
            f"Use backend={other!r} (--backend {other}) for large jobs, the default for small ones."
        )
    return lines
