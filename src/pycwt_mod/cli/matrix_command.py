"""``pycwt-mod matrix``: the coherence of each column of a file with each other."""

from __future__ import annotations

import argparse
import math
import re
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from ..matrix import MatrixResult, wct_matrix
from ..matrix.bands import MEASURES, NUMBERS
from ..summary.text import WIDTH, aligned, fill, fits, limits_of, percent
from . import options
from .analysis import deliver, heading
from .inputs import Inputs, read_many
from .messages import in_words_of_command
from .pictures import save_matrix

_EXAMPLE = """\
example: which of the stations vary together at periods of 2 to 8 years
  pycwt-mod matrix stations.csv --unit years --band 2:8 --plot stations.png

Each series is compared with each other. A pair stands out in a band if its
p-value, corrected for the number of pairs (false discovery rate), is at most
1 - P. A positive phase means that the first series leads, by a lag that is
known up to whole periods only: pycwt-mod wct on a pair gives the lag.
"""

# Index of a pair, and of a band.
Place: TypeAlias = tuple[int, int]

# Rows of the table of pairs; --json and --save have all.
_MOST_ROWS = 12
# Smaller p-values are not told apart in the table.
_SMALLEST = 0.001


def add_to(commands: options.Commands) -> None:
    """Add the command."""
    options.new_command(
        commands,
        "matrix",
        _run,
        ("many", "data", "wavelet", "null hypothesis", "significance", "output"),
        help="coherence of all pairs of the columns of a file",
        description="Wavelet coherence of many pairs of series by bands of periods, with p-values "
        "corrected for the number of pairs; on one pool of workers.",
        epilog=_EXAMPLE,
    )


def _run(arguments: argparse.Namespace) -> str:
    options.check_outputs(arguments)
    inputs, left_out = read_many(arguments, arguments.column)
    began = perf_counter()
    result = _coherences(arguments, inputs)
    seconds = perf_counter() - began
    if arguments.plot is not None:
        save_matrix(arguments, inputs, result)
    failures = {
        " and ".join(pair): in_words_of_command(reason, arguments.called)
        for pair, reason in result.failures.items()
    }
    pairs = "1 pair" if len(result) == 1 else f"{len(result)} pairs"
    title = f"Wavelet coherence of {pairs} of {len(result.names)} series"
    lines = [
        *heading(title, inputs, result.periods, arguments),
        *_bands_lines(result, inputs.unit, arguments.significance_level),
        "",
        *_pairs_lines(result, inputs.unit, arguments.significance_level, arguments.mc_count),
        *_failures_lines(failures),
        *(f"Left out: {reason}" for reason in left_out.values()),
    ]
    told = {"failures": failures, "left_out": left_out}
    results = {"bands": result.bands, "pairs": _records(result), **told}
    facts = {
        "left_out": left_out,
        **options.chosen(arguments, "mc_count", "tol", "inside_cone", "fixed"),
        "seed": arguments.rng_seed,
        "backend": arguments.backend or "auto",
        "workers": arguments.n_workers,
        "noise": arguments.noise or ["ar1"],
    }
    words = ", {mc_count} surrogates, seed {seed}, backend {backend}".format(**facts)
    arrays = _arrays(inputs, result)
    return deliver(arguments, inputs, lines, results, arrays, seconds, facts, words)


def _coherences(arguments: argparse.Namespace, inputs: Inputs) -> MatrixResult:
    if inputs.unit:
        arguments.called["bands"] = f"--band (in {inputs.unit})"
    return wct_matrix(
        np.stack(inputs.series),
        inputs.dt,
        names=inputs.names,
        pairs="all",
        bands=arguments.band,
        **options.scale_options(arguments),
        significance_level=arguments.significance_level,
        inside_cone=arguments.inside_cone,
        out=arguments.fields,
        progress=arguments.progress,
        **options.simulation_options(arguments),
        **options.null_options(arguments, inputs.names, inputs.names),
    )


def _arrays(inputs: Inputs, result: MatrixResult) -> dict[str, Any]:
    return {
        "times": inputs.times,
        "series": np.stack(inputs.series),
        "names": list(inputs.names),
        "pairs": np.asarray(result.pairs),
        "bands": np.asarray(result.bands),
        "scales": result.scales,
        "period": result.periods,
        "coi": result.coi,
        "inside_cone": result.inside_cone,
        "ar1": result.coefficients,
        **{name: getattr(result, name) for name in NUMBERS},
    }


def _records(result: MatrixResult) -> list[dict[str, Any]]:
    """Return the numbers of each pair and band, for other programs."""
    return [
        {
            "first": first,
            "second": second,
            "periods": limits,
            **{name: getattr(result, name)[pair, band] for name in (*MEASURES, "doubtful")},
        }
        for pair, (first, second) in enumerate(result.labels)
        for band, limits in enumerate(result.bands)
    ]


def _bands_lines(result: MatrixResult, unit: str, level: float) -> list[str]:
    rows = [[_period(unit), "pairs", "mean R2", "significant area", "pairs that stand out"]]
    for band, limits in enumerate(result.bands):
        known = np.isfinite(result.coherence[:, band])
        if known.any():
            rows.append(
                [
                    limits_of(limits),
                    str(known.sum()),
                    f"{result.coherence[known, band].mean():.2f}",
                    percent(float(result.share[known, band].mean())),
                    str((result.pvalue_fdr[known, band] <= 1 - level).sum()),
                ]
            )
    where = "at all times" if result.inside_cone else "outside the cone of influence"
    return [f"By bands of periods, {where}:", "", *aligned(rows)]


def _period(unit: str) -> str:
    return f"period ({unit})" if unit else "period"


def _pairs_lines(result: MatrixResult, unit: str, level: float, mc_count: int) -> list[str]:
    """Return a table of the pairs and bands that stand out, and what their p-values mean."""
    order = sorted(
        zip(*(places.tolist() for places in np.isfinite(result.pvalue_fdr).nonzero()), strict=True),
        key=lambda at: (result.pvalue_fdr[at], result.pvalue[at], -result.coherence[at]),
    )
    if not order:
        return ["No pair could be compared."]
    most = 1 - level
    found = [at for at in order if result.pvalue_fdr[at] <= most]
    chance = "independent red noise has"
    if result.surrogates:
        chance = "series of the null hypothesis have"
    meaning = (
        f"p: probability that {chance} as large a mean R2 in the band, from "
        f"{mc_count} surrogates and, beyond them, by extrapolation; p (FDR): p corrected for the "
        f"number of pairs, which is to be at most {most:.3g}."
    )
    if any(result.doubtful[at] for at in found):
        meaning += (
            " ?: doubtful, as these series have narrower rhythms than red noise; --noise phase "
            "allows for them."
        )
    if not found:
        return [_none(result, order[0], unit, most), "", fill(meaning)]
    lines = _fitted(_rows_of(result, found[:_MOST_ROWS], unit, most))
    if len(found) > _MOST_ROWS:
        lines.append(f"  and {len(found) - _MOST_ROWS} more (--json and --save have all)")
    phase = "phase: tells a lag up to whole periods; use pycwt-mod wct on a pair for the lag."
    return ["Pairs and bands that stand out:", "", *lines, "", fill(phase), fill(meaning)]


def _rows_of(result: MatrixResult, places: list[Place], unit: str, most: float) -> list[list[str]]:
    """Return a row for each pair and band, below that of the names."""
    return [
        ["first", "second", _period(unit), "R2", "signif.", "phase", "p", "p (FDR)"],
        *(
            [
                *result.labels[at[0]],
                limits_of(result.bands[at[1]]),
                f"{result.coherence[at]:.2f}",
                percent(float(result.share[at])),
                f"{math.degrees(result.phase[at]):+z.0f} deg",
                _probability(result.pvalue[at], most),
                _probability(result.pvalue_fdr[at], most) + " ?" * bool(result.doubtful[at]),
            ]
            for at in places
        ),
    ]


def _none(result: MatrixResult, best: Place, unit: str, most: float) -> str:
    """Return the line for pairs of which none stands out, with the `best` one."""
    first, second = result.labels[best[0]]
    where = f"periods of {limits_of(result.bands[best[1]])} {unit}".rstrip()
    smallest = _probability(result.pvalue_fdr[best], most)
    return fill(
        f"No pair stands out; the smallest p (FDR) is {smallest}, of {first} and {second} at "
        f"{where}."
    )


def _probability(p: float, most: float) -> str:
    """Return a p-value as text; far below `most`, which counts, it need not be exact."""
    smallest = min(_SMALLEST, most)
    return f"{p:.2g}" if p >= smallest else f"<{smallest:.3g}"


def _fitted(rows: list[list[str]]) -> list[str]:
    """Return rows that begin with two names, which lose their middle where lines are too long."""
    lines = aligned(rows)
    if not fits(lines):
        numbers = max(map(len, aligned([row[2:] for row in rows])))
        kept = max((WIDTH - numbers - 4) // 2 - 2, 2)
        cut = re.compile(f"^(.{{{kept // 2}}}).{{3,}}(.{{{kept - kept // 2}}})$")
        lines = aligned(
            [[*(cut.sub(r"\1..\2", name) for name in row[:2]), *row[2:]] for row in rows]
        )
    return lines


def _failures_lines(failures: dict[str, str]) -> list[str]:
    """Return each reason once, with the pairs that failed for it."""
    pairs: dict[str, list[str]] = {}
    for pair, reason in failures.items():
        pairs.setdefault(reason, []).append(pair)
    return [f"Failed: {', '.join(found)}: {reason}" for reason, found in pairs.items()]
