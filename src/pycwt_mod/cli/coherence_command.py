"""``pycwt-mod wct``: where two columns of a file vary together, whatever their power."""

from __future__ import annotations

import argparse
from time import perf_counter
from typing import Any

from ..progress import Progress, make_progress
from ..result import CoherenceResult
from ..wavelet import wct
from .bands import octave_bands, total_share
from .deliver import Outcome, common_arrays, deliver, scale_options
from .inputs import Inputs, check_red_noise, mother_of, read_inputs
from .options import (
    Commands,
    Formatter,
    add_data_options,
    add_output_options,
    add_pair_options,
    add_scale_options,
    add_simulation_options,
    check_folder,
)
from .pictures import save_coherence
from .report import describe_data, describe_pair, describe_scales, pair_results

__all__ = ["add_to"]

_EXAMPLE = """\
example: the coherence of two columns with dates, in years, as a picture and as arrays
  pycwt-mod wct rivers.csv --x rain --y discharge --time date --unit years \\
      --plot coherence.png --save coherence.npz

Columns are named, or numbered from 1. A positive phase means that x leads y.
"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "wct",
        help="wavelet coherence of two columns of a file, with its significance",
        description="Wavelet coherence of two series: where they vary together, whatever their "
        "power, tested against red noise by simulation.",
        epilog=_EXAMPLE,
        formatter_class=Formatter,
    )
    parser.set_defaults(run=_run)
    add_pair_options(parser)
    add_data_options(parser)
    add_scale_options(parser)
    add_simulation_options(parser)
    add_output_options(parser)


class LateBar:
    """A progress bar that appears when there is something to wait for, and counts it.

    Parameters
    ----------
    shown : bool
        Whether to show it at all.
    """

    def __init__(self, shown: bool) -> None:
        self.simulated = 0
        self._shown = shown
        self._bar: Progress | None = None

    def __call__(self, done: int, total: int) -> None:
        """Note that `done` of `total` surrogates are finished; each round begins from 0."""
        if self._bar is None or done < self._bar.done or total != self._bar.total:
            self.close()
            self._bar = make_progress(self._shown, total)
            self._bar.__enter__()
        self.simulated += done - self._bar.done
        self._bar.update(done - self._bar.done)

    def close(self) -> None:
        """Finish the display."""
        if self._bar is not None:
            self._bar.close()


def _run(arguments: argparse.Namespace) -> str:
    check_folder(arguments.plot, "picture")
    check_folder(arguments.save, "arrays")
    inputs = read_inputs(arguments, [("--x", arguments.x), ("--y", arguments.y)])
    check_red_noise(inputs)
    mother = mother_of(arguments.wavelet)
    began, bar = perf_counter(), LateBar(not arguments.no_progress)
    try:
        result = _coherence(inputs, mother, arguments, bar)
    finally:
        bar.close()
    seconds = perf_counter() - began
    if arguments.plot is not None:
        save_coherence(arguments, inputs, result)
    outcome = _outcome(arguments, inputs, mother, result, bar.simulated, seconds)
    return deliver(arguments, inputs, mother, outcome)


def _coherence(
    inputs: Inputs, mother: Any, arguments: argparse.Namespace, bar: LateBar
) -> CoherenceResult:
    x, y = inputs.series
    return wct(
        x,
        y,
        inputs.dt,
        **scale_options(arguments),
        significance_level=arguments.level,
        wavelet=mother,
        mc_count=arguments.mc_count,
        progress=bar,
        cache=not arguments.no_cache,
        backend=arguments.backend,
        n_workers=arguments.workers,
        rng_seed=arguments.seed,
        tol=arguments.tol,
    )


def _outcome(
    arguments: argparse.Namespace,
    inputs: Inputs,
    mother: Any,
    result: CoherenceResult,
    simulated: int,
    seconds: float,
) -> Outcome:
    R2, phase, coi, freq, sig = result
    null: Any = result.null
    outside, significant = result.outside(), result.significant()
    bands = octave_bands(R2, significant, outside, result.periods, phase)
    share = total_share(significant, outside)
    error = null.standard_error(arguments.level)
    x, y = inputs.names
    lines = [
        f"Wavelet coherence of {x} (x) and {y} (y)",
        *describe_data(inputs),
        *describe_scales(inputs, result.periods, mother, arguments.dj),
        "",
        *describe_pair(bands, share, arguments.level, inputs, "R2"),
    ]
    results = {
        **pair_results(bands, share, result.periods, "R2"),
        "ar1": null.provenance["coefficients"],
        "sig": sig,
        "sig_standard_error": error,
    }
    arrays = {
        **common_arrays(inputs, result.scales, freq, coi, outside),
        "WCT": R2,
        "aWCT": phase,
        "sig": sig,
        "sig_standard_error": error,
        "pvalue": result.pvalues(),
        "null_histogram": null.histogram,
    }
    facts = _facts(arguments, null, simulated)
    return Outcome(lines, results, arrays, seconds, facts, _words(arguments, null, simulated))


def _facts(arguments: argparse.Namespace, null: Any, simulated: int) -> dict[str, Any]:
    return {
        "mc_count": arguments.mc_count,
        "tol": arguments.tol,
        "seed": arguments.seed,
        "backend": null.provenance["backend"],
        "workers": null.provenance["n_workers"],
        "surrogates": null.n_surrogates,
        "surrogates_from_cache": null.n_surrogates - simulated,
        "simulation": dict(null.provenance),
    }


def _words(arguments: argparse.Namespace, null: Any, simulated: int) -> str:
    """Return how the null was simulated, for the summary."""
    cached = null.n_surrogates - simulated
    where = f", {cached} of them from the cache" if cached else ""
    if simulated:
        number = null.provenance["n_workers"]
        workers = f"{number} worker{'s' if number != 1 else ''}"
        where += f", backend {null.provenance['backend']} ({workers})"
    return f", {null.n_surrogates} surrogates, seed {arguments.seed}{where}"
