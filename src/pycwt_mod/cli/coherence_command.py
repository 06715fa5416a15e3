"""``pycwt-mod wct``: where two columns of a file vary together, whatever their power."""

from __future__ import annotations

import argparse
import sys
from time import perf_counter
from typing import Any

from ..progress import Progress, make_progress
from ..results import CoherenceResult
from ..summary import simulated_on
from ..wavelet import wct
from . import options
from .analysis import common_arrays, deliver, heading, prepare
from .inputs import Inputs
from .pictures import save_pair

__all__ = ["add_to"]

_EXAMPLE = """\
examples: two columns with dates, as a picture and as arrays; two files
  pycwt-mod wct rivers.csv --x rain --y discharge --time date \\
      --plot coherence.png --save coherence.npz
  pycwt-mod wct rain.csv flow.csv --interpolate 3

Columns are named, or numbered from 1. A positive phase means that x leads y.
"""


def add_to(commands: options.Commands) -> None:
    """Add the command."""
    parser = options.new_command(
        commands,
        "wct",
        _run,
        help="wavelet coherence of two columns of a file, with its significance",
        description="Wavelet coherence of two series: where they vary together, whatever their "
        "power, tested against red noise by simulation.",
        epilog=_EXAMPLE,
    )
    options.add_pair_options(parser)
    options.add_data_options(parser)
    options.add_scale_options(parser)
    options.add_noise_options(parser)
    options.add_simulation_options(parser)
    options.add_output_options(parser)


class LateBar:
    """A progress bar that appears when there is something to wait for, and counts it.

    Of the surrogates that are `wanted`, some may be stored already; the bar is of the others.
    """

    def __init__(self, shown: bool, wanted: int) -> None:
        self.simulated = 0
        self._shown, self._wanted = shown, wanted
        self._bar = Progress(0)

    def __call__(self, done: int, total: int) -> None:
        """Note that `done` of `total` surrogates are finished; each round begins from 0."""
        if done < self._bar.done or total != self._bar.total:
            self.close()
            stored = self._wanted - self.simulated - total
            if self._shown and stored > 0 and not self.simulated:
                print(
                    f"{stored} of {self._wanted} surrogates are stored, {total} are simulated:",
                    file=sys.stderr,
                )
            self._bar = make_progress(self._shown, total)
            self._bar.__enter__()
        self.simulated += done - self._bar.done
        self._bar.update(done - self._bar.done)

    def close(self) -> None:
        """Finish the display."""
        self._bar.close()


def _run(arguments: argparse.Namespace) -> str:
    inputs = prepare(arguments, "x", "y")
    x, y = inputs.series
    began, bar = perf_counter(), LateBar(arguments.progress, arguments.mc_count)
    try:
        result = wct(
            x,
            y,
            inputs.dt,
            **options.scale_options(arguments),
            **options.chosen(arguments, "al1", "al2"),
            significance_level=arguments.significance_level,
            progress=bar,
            **options.simulation_options(arguments),
        )
    finally:
        bar.close()
    seconds = perf_counter() - began
    if arguments.plot is not None:
        save_pair(arguments, inputs, result)
    return _report(arguments, inputs, result, bar.simulated, seconds)


def _report(
    arguments: argparse.Namespace,
    inputs: Inputs,
    result: CoherenceResult,
    simulated: int,
    seconds: float,
) -> str:
    R2, phase, coi, freq, sig = result
    null: Any = result.null
    x, y = inputs.names
    summary = result.summary((x, y), inputs.unit)
    title = f"Wavelet coherence of {x} (x) and {y} (y)"
    lines = [*heading(title, inputs, result.periods, arguments), str(summary)]
    levels = {"sig": sig, "sig_standard_error": null.standard_error(arguments.significance_level)}
    results = {
        **summary.as_dict(),
        "period": result.periods,
        "ar1": null.provenance["coefficients"],
        **levels,
    }
    arrays = {
        **common_arrays(inputs, result.scales, freq, coi),
        "WCT": R2,
        "aWCT": phase,
        **levels,
        "pvalue": result.pvalues(),
        "null_histogram": null.histogram,
    }
    cached = null.n_surrogates - simulated
    facts = {
        "mc_count": arguments.mc_count,
        "tol": arguments.tol,
        "seed": arguments.rng_seed,
        "backend": null.provenance["backend"],
        "workers": null.provenance["n_workers"],
        "surrogates": null.n_surrogates,
        "surrogates_from_cache": cached,
        "simulation": dict(null.provenance),
    }
    words = f", {null.n_surrogates} surrogates, seed {arguments.rng_seed}"
    words += f", {cached} of them from the cache" if cached else ""
    words += f", {simulated_on(null.provenance)}" if simulated else ""
    return deliver(arguments, inputs, lines, results, arrays, seconds, facts, words)
