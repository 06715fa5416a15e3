"""The beginning and the end of every analysis of a file: its series, and where results go."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from .._version import __version__
from ..summary import Summary, fill, summarise
from .inputs import Inputs, check_red_noise, read_inputs
from .options import check_outputs
from .record import as_json, facts_of, program_facts, save_arrays

__all__ = ["common_arrays", "deliver", "heading", "power_summary", "prepare"]


def prepare(arguments: argparse.Namespace, *columns: str) -> Inputs:
    """Return the series that a command names by ``--x``, or by ``--x`` and ``--y``."""
    check_outputs(arguments)
    inputs = read_inputs(arguments, [(f"--{name}", getattr(arguments, name)) for name in columns])
    check_red_noise(inputs)
    return inputs


def heading(title: str, inputs: Inputs, periods: Any, arguments: argparse.Namespace) -> list[str]:
    """Return the lines that say which series were analysed, and at which scales."""
    step = f"dt = {inputs.dt:.6g} {inputs.unit}".rstrip()
    step += f" ({inputs.spacing})" if inputs.spacing not in ("as given", "even steps") else ""
    trend = "linear trend removed" if inputs.detrended else ""
    facts = [f"{inputs.n} samples", step, inputs.span, trend]
    last = f"{periods[-1]:.4g} {inputs.unit}".rstrip()
    return [
        fill(title),
        fill(f"Data: {inputs.source}, {', '.join(fact for fact in facts if fact)}"),
        fill(
            f"Scales: {len(periods)}, periods of {periods[0]:.4g} to {last}, "
            f"{1 / arguments.dj:.4g} per octave; {arguments.wavelet.name} wavelet"
        ),
        "",
    ]


def common_arrays(inputs: Inputs, scales: Any, freq: Any, coi: Any) -> dict[str, Any]:
    """Return the arrays that every analysis of one or two series has."""
    return {
        "times": inputs.times,
        **dict(zip(("x", "y"), inputs.series, strict=False)),
        "names": list(inputs.names),
        "scales": scales,
        "freq": freq,
        "period": 1 / freq,
        "coi": coi,
        "outside_coi": (1 / freq)[:, np.newaxis] <= coi,
    }


def power_summary(
    arguments: argparse.Namespace, inputs: Inputs, power: Any, arrays: dict[str, Any]
) -> Summary:
    """Return the summary of a power, by the arrays of its analysis."""
    return summarise(
        power,
        power > arrays["sig"][:, np.newaxis],
        arrays["outside_coi"],
        arrays["period"],
        arrays.get("phase"),
        level=arguments.significance_level,
        dt=inputs.dt,
        names=inputs.names,
        unit=inputs.unit,
        quantity="power",
    )


def deliver(
    arguments: argparse.Namespace,
    inputs: Inputs,
    lines: list[str],
    results: dict[str, Any],
    arrays: dict[str, Any],
    seconds: float,
    facts: dict[str, Any] | None = None,
    words: str = "",
) -> str:
    """Save the arrays if they are wanted, and return the text for stdout: `lines`, or JSON.

    The parameters of the computation go into the record as `facts`, and into the text as `words`.
    """
    scales = arrays["scales"]
    provenance = {
        **program_facts(arguments),
        **facts_of(inputs),
        "wavelet": repr(arguments.wavelet),
        "dj": arguments.dj,
        "s0": float(scales[0]),
        "J": len(scales) - 1,
        "level": arguments.significance_level,
        **(facts or {}),
        "seconds": seconds,
        "warnings": arguments.warnings,
    }
    if arguments.save is not None:
        save_arrays(arguments.save, arrays, provenance)
    if arguments.json:
        return as_json({"provenance": provenance, "results": results})
    run = fill(f"Run: pycwt_mod {__version__}{words}, {seconds:.1f} s")
    files = [("Picture", arguments.plot), ("Arrays", arguments.save)]
    written = [f"{what}: {path}" for what, path in files if path is not None]
    return "\n".join([*lines, "", run, *written])
