"""Summaries for people: a few lines of text that say what was computed and what is in it."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .._version import __version__
from .bands import Band, strongest
from .inputs import Inputs

__all__ = [
    "band_results",
    "chance_line",
    "describe_data",
    "describe_pair",
    "describe_run",
    "describe_scales",
    "octave",
    "pair_results",
    "percent",
    "table",
]


# Phases that scatter by more than this name no relation.
_WIDEST_SPREAD = math.radians(60)

# An octave whose significant area is less than so many times that of chance is not named as the
# strongest, with a phase and a lag: these would be those of noise.
_STANDS_OUT = 2.0


def describe_data(inputs: Inputs) -> list[str]:
    """Return what the series are."""
    step = f"dt = {inputs.dt:.6g} {inputs.unit}".rstrip()
    step += f" ({inputs.spacing})" if inputs.spacing not in ("as given", "even steps") else ""
    facts = [f"{inputs.n} samples", step]
    if inputs.span:
        facts.append(inputs.span)
    if inputs.detrended:
        facts.append("linear trend removed")
    return [f"Data: {inputs.source}, {', '.join(facts)}"]


def describe_scales(inputs: Inputs, periods: Any, mother: Any, dj: float) -> list[str]:
    """Return what the scales are."""
    last = f"{periods[-1]:.4g} {inputs.unit}".rstrip()
    return [
        f"Scales: {len(periods)}, periods of {periods[0]:.4g} to {last}, {1 / dj:.4g} per octave; "
        f"{mother.name} wavelet"
    ]


def describe_pair(
    bands: list[Band], share: float, level: float, inputs: Inputs, field: str
) -> list[str]:
    """Return what two series have in common: a table of octaves, and the strongest one in words.

    Parameters
    ----------
    bands : list of Band
        The octaves.
    share : float
        Share of all points outside the cone that are significant.
    level : float
        The level as a probability.
    inputs : Inputs
        The two series.
    field : str
        What is averaged in each band.
    """
    unit = f" ({inputs.unit})" if inputs.unit else ""
    least = _STANDS_OUT * (1 - level)
    rows = [
        ["period" + unit, "area", "significant", field, "phase (deg)", "lag" + unit, "relation"]
    ]
    for band in bands:
        shares = [octave(band), percent(band.area), percent(band.significant)]
        rows.append([*shares, f"{band.mean:.2f}", *_phase_fields(band, inputs, least)])
    lines = [
        "By octaves of period, outside the cone of influence (phase and lag: mean and spread over",
        "what is significant; lag: by which y follows x, in anti-phase the reverse of x):",
        "",
        *table(rows),
        "",
        chance_line(share, level),
    ]
    best = strongest(bands)
    if best is None:
        return [*lines, "Strongest: nothing is significant."]
    if best.significant < least:
        return [
            *lines,
            f"No octave stands out from chance; the most is {percent(best.significant)}, at "
            f"periods of {octave(best)} {inputs.unit}".rstrip()
            + ".",
        ]
    return [
        *lines,
        f"Strongest: periods of {octave(best)} {inputs.unit}".rstrip()
        + f", {percent(best.significant)} significant, mean {field} {best.mean:.2f};",
        f"  {_in_words(best, inputs)}.",
    ]


def chance_line(share: float, level: float) -> str:
    """Return how much is significant, and how much would be by chance."""
    return (
        f"{percent(share)} of the area is significant at the {100 * level:.4g} % level; "
        f"{100 * (1 - level):.3g} % would be by chance."
    )


def pair_results(bands: list[Band], share: float, periods: Any, field: str) -> dict[str, Any]:
    """Return what `describe_pair` says, for programs."""
    best = strongest(bands)
    return {
        "share_significant": share,
        "bands": [band_results(band, field) for band in bands],
        "strongest": None if best is None else band_results(best, field),
        "period": periods,
    }


def band_results(band: Band, field: str) -> dict[str, Any]:
    """Return a band for programs; angles in radians."""
    return {
        "periods": band.periods,
        "area": band.area,
        "significant": band.significant,
        f"mean_{field}": band.mean,
        "mean_period": band.period,
        "phase": band.phase,
        "phase_spread": band.phase_spread,
        "lag": band.lag,
        "lag_spread": band.lag_spread,
        "relation": band.relation or None,
    }


def describe_run(arguments: argparse.Namespace, words: str, seconds: float) -> list[str]:
    """Return how it was run, and where the files are."""
    lines = [f"Run: pycwt_mod {__version__}{words}, {seconds:.1f} s"]
    files: list[tuple[str, Path | None]] = [
        ("Picture", arguments.plot),
        ("Arrays", arguments.save),
    ]
    return lines + [f"{what}: {path}" for what, path in files if path is not None]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of texts as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def octave(band: Band) -> str:
    """Return the periods of a band as text."""
    return f"{band.periods[0]:.4g} to {band.periods[1]:.4g}"


def percent(share: float) -> str:
    """Return a share as text."""
    return "none" if math.isnan(share) else f"{100 * share:.0f} %"


def _phase_fields(band: Band, inputs: Inputs, least: float) -> list[str]:
    """Return phase, lag and relation; no relation where it would be that of noise."""
    if not band.relation:
        return ["-", "-", "-"]
    x, y = inputs.names
    relation = {"x leads": f"{x} leads", "y leads": f"{y} leads"}.get(band.relation, band.relation)
    return [
        f"{math.degrees(band.phase):+z.0f} +- {math.degrees(band.phase_spread):.0f}",
        f"{band.lag:+z.3g} +- {band.lag_spread:.2g}",
        relation if band.significant >= least and band.phase_spread <= _WIDEST_SPREAD else "-",
    ]


def _in_words(band: Band, inputs: Inputs) -> str:
    """Return the mean phase of a band, and who follows whom by how much."""
    x, y = inputs.names
    first = f"the reverse of {x}" if band.relation == "anti-phase" else x
    follows = f"{y} follows {first}" if band.lag >= 0 else f"{first} follows {y}"
    lag = f"by {abs(band.lag):.3g} +- {band.lag_spread:.2g} {inputs.unit}".rstrip()
    start = {"in phase": "in phase, ", "anti-phase": "in anti-phase, "}.get(band.relation, "")
    return f"phase {math.degrees(band.phase):+z.0f} deg: {start}{follows} {lag}"
