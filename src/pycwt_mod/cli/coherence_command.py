"""``pycwt-mod wct``: where two columns of a file vary together, whatever their power."""

from __future__ import annotations

import argparse
import sys
from time import perf_counter
from typing import Any

from ..analytic.field import NullField
from ..levels import wct_null_field
from ..progress import Progress, make_progress
from ..results import CoherenceResult
from ..summary import fill, percent, simulated_on
from ..wavelet import wct
from . import options
from .analysis import common_arrays, deliver, heading, prepare
from .inputs import Inputs
from .pictures import save_coherence

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
    options.add_judgement_options(parser)
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
            method=arguments.method,
        )
        if arguments.null == "point" and result.default_null == "scale":
            result = result.with_null_field(_simulated_field(arguments, inputs.dt, result))
    finally:
        bar.close()
    arguments.null = arguments.null or result.default_null
    return _report(arguments, inputs, result, bar.simulated, began)


def _simulated_field(
    arguments: argparse.Namespace, dt: float, result: CoherenceResult
) -> NullField:
    """Simulate the null distribution of each point, of a wavelet for which there is no formula."""
    g1, g2 = result.provenance["coefficients"]
    return wct_null_field(
        g1,
        g2,
        dt,
        arguments.dj,
        result.scales[0],
        result.scales.size - 1,
        result.coi.size,
        arguments.wavelet,
        progress=arguments.progress,
        **options.chosen(arguments, "mc_count", "cache", "backend", "n_workers", "rng_seed"),
    )


def _report(
    arguments: argparse.Namespace,
    inputs: Inputs,
    result: CoherenceResult,
    simulated: int,
    began: float,
) -> str:
    R2, phase, coi, freq, sig = result
    null: Any = result.null
    x, y = inputs.names
    summary = result.summary((x, y), inputs.unit, null=arguments.null)
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
        "pvalue": result.pvalues(arguments.null),
        "null_histogram": getattr(null, "histogram", None),
    }
    if arguments.correction is not None:
        found = result.significant(correction=arguments.correction, null=arguments.null)
        arrays["significant"], results["share_corrected"] = found, float(found.mean())
        lines.append(_corrected(arguments, float(found.mean())))
    facts, words = _made(arguments, null, simulated)
    seconds = perf_counter() - began  # with the null field, found on first use above
    if arguments.plot is not None:
        save_coherence(arguments, inputs, result)
    return deliver(arguments, inputs, lines, results, arrays, seconds, facts, words)


def _corrected(arguments: argparse.Namespace, share: float) -> str:
    """Return what a correction over all points leaves, in words."""
    rate = f"{100 * (1 - arguments.significance_level):.3g} %"
    where = "the cone of influence included" if arguments.null == "point" else "none in the cone"
    return fill(
        f"{percent(share)} of all points, {where}, are significant at a false discovery rate of "
        f"{rate}."
    )


def _made(arguments: argparse.Namespace, null: Any, simulated: int) -> tuple[dict[str, Any], str]:
    """Return how the null distribution was made, for the record and in words."""
    made = dict(null.provenance)
    facts = {
        "null": arguments.null,
        "correction": arguments.correction,
        "mc_count": arguments.mc_count,
        "tol": arguments.tol,
        "seed": arguments.rng_seed,
        "backend": made.get("backend"),
        "workers": made.get("n_workers"),
        "simulation": made,
    }
    points = f", each point tested at its own {'place' if arguments.null == 'point' else 'scale'}"
    if made["method"] == "analytic":
        return facts, f", levels in closed form{points}"
    cached = null.n_surrogates - simulated
    facts |= {"surrogates": null.n_surrogates, "surrogates_from_cache": cached}
    words = f", {null.n_surrogates} surrogates, seed {arguments.rng_seed}"
    words += f", {cached} of them from the cache" if cached else ""
    words += f", {simulated_on(made)}" if simulated else ""
    return facts, words + points
