"""What every analysis ends with: arrays in a file, and JSON or a summary on stdout."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from typing import Any

from .inputs import Inputs
from .record import as_json, facts_of, provenance_of, save_arrays
from .report import describe_run

__all__ = ["Outcome", "common_arrays", "deliver", "scale_options"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What an analysis found.

    Parameters
    ----------
    lines : list of str
        The summary for people.
    results : dict
        The summary for programs.
    arrays : dict
        What goes to the file of ``--save``.
    seconds : float
        Time of the computation.
    facts : dict
        Parameters, for the record.
    words : str
        How it was run, for the summary.
    """

    lines: list[str]
    results: dict[str, Any]
    arrays: dict[str, Any]
    seconds: float
    facts: dict[str, Any] = field(default_factory=dict)
    words: str = ""


def deliver(arguments: argparse.Namespace, inputs: Inputs, mother: Any, outcome: Outcome) -> str:
    """Save what is to be saved, and return what goes to stdout.

    Parameters
    ----------
    arguments : argparse.Namespace
        The command.
    inputs : Inputs
        Its data.
    mother : MotherWavelet
        The wavelet.
    outcome : Outcome
        What came out.
    """
    scales = outcome.arrays["scales"]
    provenance = provenance_of(
        arguments,
        **facts_of(inputs),
        wavelet=repr(mother),
        dj=arguments.dj,
        s0=float(scales[0]),
        J=len(scales) - 1,
        level=arguments.level,
        **outcome.facts,
        seconds=outcome.seconds,
    )
    if arguments.save is not None:
        save_arrays(arguments.save, outcome.arrays, provenance)
    if arguments.json:
        return as_json({"provenance": provenance, "results": outcome.results})
    run = describe_run(arguments, outcome.words, outcome.seconds)
    return "\n".join([*outcome.lines, "", *run])


def scale_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return dj, s0 and J as the package's functions take them."""
    return {
        "dj": arguments.dj,
        "s0": -1 if arguments.s0 is None else arguments.s0,
        "J": -1 if arguments.scales is None else arguments.scales - 1,
    }


def common_arrays(inputs: Inputs, scales: Any, freq: Any, coi: Any, outside: Any) -> dict[str, Any]:
    """Return the arrays that every analysis of this kind has."""
    return {
        "times": inputs.times,
        **dict(zip(("x", "y"), inputs.series, strict=False)),
        "names": list(inputs.names),
        "scales": scales,
        "freq": freq,
        "period": 1 / freq,
        "coi": coi,
        "outside_coi": outside,
    }
