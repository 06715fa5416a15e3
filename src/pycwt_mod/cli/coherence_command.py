"""``pycwt-mod wct``: where two columns of a file vary together, whatever their power."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np

from ..groups import mwct, pwct
from ..progress import Progress, make_progress
from ..results import ClusterResult, CoherenceResult
from ..summary.text import fill, listed, percent, simulated_on
from ..wavelet import wct
from . import options
from .analysis import common_arrays, deliver, heading, labels_of, prepare
from .inputs import Inputs
from .pictures import save_field

# Records up to this length have their patches judged in two seconds or so, unasked.
_QUICK = 2000

# Surrogates for patches, at least, where they are asked for.
_FOR_PATCHES = 1000

_EXAMPLE = """\
examples: two columns with dates, as a picture and as arrays; two files
  pycwt-mod wct rivers.csv --x rain --y discharge --time date \\
      --plot coherence.png --save coherence.npz
  pycwt-mod wct rain.csv flow.csv --interpolate 3
what rain and discharge have in common without that of temperature; and how
much of discharge both explain together
  pycwt-mod wct rivers.csv --x rain --y discharge --given temperature
  pycwt-mod wct rivers.csv --x rain --y discharge --with temperature

Columns are named, or numbered from 1. A positive phase means that x leads y.
"""


_GROUPS = (
    *("pair", "beside a pair", "data", "wavelet", "null hypothesis", "red noise", "points"),
    *("significance", "output"),
)


def add_to(commands: options.Commands) -> None:
    """Add the command."""
    options.new_command(
        commands,
        "wct",
        _run,
        _GROUPS,
        help="wavelet coherence of two columns of a file, with its significance",
        description="Wavelet coherence of two series: where they vary together, whatever their "
        "power, tested against red noise by simulation.",
        epilog=_EXAMPLE,
    )


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
    option = "--given" if arguments.given else "--with"
    others = [(option, column) for column in (*arguments.given, *arguments.joined)]
    inputs = prepare(arguments, "x", "y", more=others)
    began, bar = perf_counter(), LateBar(arguments.progress, arguments.mc_count)
    try:
        result = _coherence(arguments, inputs, bar)
    finally:
        bar.close()
    if arguments.null == "point" and result.default_null == "scale":
        run = options.chosen(arguments, "mc_count", "cache", "backend", "n_workers", "rng_seed")
        result = result.with_null_field(progress=arguments.progress, **run)
    arguments.null = arguments.null or result.default_null
    if arguments.correction == "cluster" and arguments.null == "scale":
        raise options.UsageError(
            "--correction cluster needs --null point: patches are those of points above their own "
            "levels, which are simulated for this null hypothesis"
            if result.null is not None and result.default_null == "scale"
            else "--correction cluster needs --null point, got --null scale: patches are those of "
            "points above their own levels"
        )
    return _report(arguments, inputs, result, bar.simulated, began)


def _coherence(arguments: argparse.Namespace, inputs: Inputs, bar: LateBar) -> CoherenceResult:
    """Return the coherence of x and y, or with other series removed, or beside x."""
    x, y, *others = inputs.series
    al1, al2 = arguments.al1, arguments.al2
    al_of_others = [None] * len(others)
    order = ("--al2", "--al1") if arguments.joined else ("--al1", "--al2")
    arguments.called |= {f"al[{k}]": option for k, option in enumerate(order)}
    how: dict[str, Any] = {
        **options.scale_options(arguments),
        "significance_level": arguments.significance_level,
        "progress": bar,
        **options.simulation_options(arguments),
        "method": arguments.method,
        **_null_options(arguments, inputs.names),
    }
    result: CoherenceResult
    if arguments.given:
        result = pwct(x, y, others, inputs.dt, al=[al1, al2, *al_of_others], **how)
    elif arguments.joined:
        result = mwct(y, [x, *others], inputs.dt, al=[al2, al1, *al_of_others], **how)
    else:
        result = wct(x, y, inputs.dt, al1=al1, al2=al2, **how)
    told = {"names": _in_order(arguments, inputs.names), "unit": inputs.unit}
    times = result.times if inputs.times is None else inputs.times
    return result._replace(**told, times=times)


def _null_options(arguments: argparse.Namespace, names: Sequence[str]) -> dict[str, Any]:
    """Return the null hypothesis, its noises in the order of the function that is called."""
    found = options.null_options(arguments, names, labels_of(arguments, len(names)))
    if isinstance(found["noise"], list):
        found["noise"] = list(_in_order(arguments, found["noise"]))
    return found


def _in_order(arguments: argparse.Namespace, names: Sequence[str]) -> tuple[str, ...]:
    """Return x, y and other series in the order of the result: of a multiple coherence y first."""
    x, y, *others = names
    return (y, x, *others) if arguments.joined else (x, y, *others)


def _title(arguments: argparse.Namespace, names: Sequence[str]) -> str:
    x, y, *others = names
    if arguments.joined:
        return f"Multiple wavelet coherence of {y} (y) with {listed([f'{x} (x)', *others])}"
    title = f"avelet coherence of {x} (x) and {y} (y)"
    return f"Partial w{title} without {listed(others)}" if others else f"W{title}"


def _report(
    arguments: argparse.Namespace,
    inputs: Inputs,
    result: CoherenceResult,
    simulated: int,
    began: float,
) -> str:
    R2, phase, coi, freq, sig = result
    null: Any = result.null
    summary = result.summary(null=arguments.null)
    title = _title(arguments, inputs.names)
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
        "others": np.stack(inputs.series[2:]) if inputs.series[2:] else None,
        "WCT": R2,
        "aWCT": None if arguments.joined else phase,
        **levels,
        "pvalue": result.pvalues(arguments.null),
        "null_histogram": getattr(null, "histogram", None),
    }
    clusters = _clusters(arguments, result)
    if clusters is not None:
        lines.append(fill(clusters.findings(1 - arguments.significance_level)))
        results["clusters"], arrays["clusters"] = list(clusters.table()), clusters.labels
    if arguments.correction is not None:
        found = result.significant(correction=arguments.correction, null=arguments.null)
        arrays["significant"], results["share_corrected"] = found, float(found.mean())
        lines.append(_corrected(arguments, float(found.mean())))
    facts, words = _made(arguments, null, simulated)
    seconds = perf_counter() - began  # with the null field, found on first use above
    if arguments.plot is not None:
        judged = options.chosen(arguments, "correction", "null")
        save_field(arguments, inputs, result, result.QUANTITY.removeprefix("squared "), **judged)
    return deliver(arguments, inputs, lines, results, arrays, seconds, facts, words)


def _clusters(arguments: argparse.Namespace, result: CoherenceResult) -> ClusterResult | None:
    """Return the patches, judged as a whole, if that is asked for or quick; else None."""
    wanted, count = arguments.correction == "cluster", arguments.mc_count
    level = arguments.significance_level
    quick = result.coi.size <= _QUICK and count * (1 - level) >= 1
    quick = quick and arguments.method != "analytic"  # no surrogates are wanted
    if arguments.null != "point" or not (wanted or quick):
        return None
    how = options.chosen(arguments, "cache", "backend", "n_workers", "rng_seed")
    how["progress"] = wanted and arguments.progress
    return result.clusters(level, mc_count=max(count, _FOR_PATCHES) if wanted else count, **how)


def _corrected(arguments: argparse.Namespace, share: float) -> str:
    """Return what a correction over all points leaves, in words."""
    rate = f"{100 * (1 - arguments.significance_level):.3g} %"
    if arguments.correction == "cluster":
        return f"  They cover {percent(share)} of all points, the cone of influence included."
    where = "the cone of influence included" if arguments.null == "point" else "none in the cone"
    return fill(
        f"{percent(share)} of all points, {where}, are significant at a false discovery rate of "
        f"{rate}."
    )


def _made(arguments: argparse.Namespace, null: Any, simulated: int) -> tuple[dict[str, Any], str]:
    """Return how the null distribution was made, for the record and in words."""
    made = dict(null.provenance)
    if arguments.noise == ["white"]:  # to the engine AR(1) noise of coefficient 0
        made["noise"] = "white"
    facts = {
        "noise": arguments.noise or ["ar1"],
        "fixed": arguments.fixed,
        "given": arguments.given,
        "with": arguments.joined,
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
    words = f", null hypothesis {made['noise']}{words}" if made["noise"] != "ar1" else words
    words += f", {cached} of them from the cache" if cached else ""
    words += f", {simulated_on(made)}" if simulated else ""
    return facts, words + points
