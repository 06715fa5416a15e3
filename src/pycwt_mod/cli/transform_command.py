"""``pycwt-mod cwt``: the power of one column of a file, over time and period."""

from __future__ import annotations

import argparse
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from ..helpers import ar1
from ..summary import Summary, fill, summarise
from ..wavelet import cwt, significance
from . import options, values
from .analysis import common_arrays, deliver, heading, prepare, short
from .inputs import Inputs
from .pictures import save_transform

_EXAMPLE = """\
example: the power spectrum of monthly values over time, in years
  pycwt-mod cwt nino3.csv --x sst --time month --unit years --plot power.png

Columns are named, or numbered from 1; --x may be left out if there is just
one.
"""


# Times of the transform of a long series: it takes some hundred megabytes.
_MOST_TIMES = 2**15


def add_to(commands: options.Commands) -> None:
    """Add the command."""
    parser = options.new_command(
        commands,
        "cwt",
        _run,
        help="wavelet power of one column of a file",
        description="Continuous wavelet transform of a series: its power over time and period, "
        "tested against red noise.",
        epilog=_EXAMPLE,
    )
    parser.add_argument("--x", metavar="COL", help="column of the series")
    parser.add_argument(
        "--band",
        type=values.band_of,
        metavar="LOW:HIGH",
        help="band of periods of panel d of the picture, in which variance is averaged "
        "(default: all)",
    )
    parser.add_argument(
        "--decim",
        type=values.count,
        metavar="N",
        help="transform at every N-th time only (default: 1, or as many as leave "
        f"{_MOST_TIMES} times)",
    )
    options.add_data_options(parser)
    options.add_scale_options(parser)
    options.add_output_options(parser)


def _run(arguments: argparse.Namespace) -> str:
    inputs = prepare(arguments, "x")
    if arguments.decim is None:
        arguments.decim = max(1, inputs.n // _MOST_TIMES)
    began = perf_counter()
    anomaly = inputs.series[0] - inputs.series[0].mean()
    alpha = ar1(anomaly)[0]
    arrays = _arrays(inputs, anomaly / anomaly.std(), alpha, arguments)
    seconds = perf_counter() - began
    if arguments.plot is not None:
        save_transform(arguments, inputs)
    summary = _summary(inputs, arrays, arguments.significance_level)
    peak = _peak(arrays)
    title = f"Wavelet power of {inputs.names[0]}, as a multiple of its variance"
    lines = [
        *heading(title, inputs, arrays["period"], arguments)[:-1],
        *_thinning(arrays, arguments.decim),
        "",
        str(summary),
        fill(_describe_peak(arrays, peak, alpha, inputs, arguments.significance_level), ""),
    ]
    results = {
        **summary.as_dict(),
        "ar1": [alpha],
        "peak_period": None if peak is None else arrays["period"][peak],
        **{name: arrays[name] for name in ("period", "sig", "global_power", "global_sig")},
    }
    facts = {"decim": arguments.decim}
    return deliver(arguments, inputs, lines, results, arrays, seconds, facts)


def _arrays(
    inputs: Inputs, series: Any, alpha: float, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Return the transform of a series of mean 0 and variance 1, its power and the levels."""
    every = arguments.decim
    W, scales, freq, coi, _, _ = cwt(
        series, inputs.dt, **options.scale_options(arguments), decim=every
    )
    power = np.abs(W) ** 2
    # As many samples as are not padded (Torrence & Compo 1998, section 5a), at least one.
    dof = np.maximum(inputs.n - scales / inputs.dt, 1)
    test = options.chosen(arguments, "significance_level", "wavelet")
    return {
        **common_arrays(_every(inputs, every), scales, freq, coi),
        "W": W,
        "power": power,
        "sig": significance(1.0, inputs.dt, scales, 0, alpha, **test)[0],
        "global_power": power.mean(axis=1),
        "global_sig": significance(1.0, inputs.dt, scales, 1, alpha, dof=dof, **test)[0],
    }


def _summary(inputs: Inputs, arrays: dict[str, Any], level: float) -> Summary:
    return summarise(
        arrays["power"],
        arrays["power"] > arrays["sig"][:, np.newaxis],
        arrays["outside_coi"],
        arrays["period"],
        level=level,
        dt=inputs.dt,
        names=inputs.names,
        unit=inputs.unit,
        quantity="power",
    )


def _every(inputs: Inputs, step: int) -> Inputs:
    """Return the series at every `step`-th time."""
    times = None if inputs.times is None else inputs.times[::step]
    return replace(inputs, series=tuple(x[::step] for x in inputs.series), times=times)


def _thinning(arrays: dict[str, Any], step: int) -> list[str]:
    """Return the line that says which times are in the results."""
    if step == 1:
        return []
    kept = f"Transform: one time in {step}, {arrays['coi'].size} in all; --decim 1 for each time"
    return [fill(kept)]


def _peak(arrays: dict[str, Any]) -> int | None:
    """Return the scale whose time average is highest above its level; None if none is above."""
    ratio = arrays["global_power"] / arrays["global_sig"]
    ratio[arrays["period"] > arrays["coi"].max()] = 0.0
    best = int(np.argmax(ratio))
    return best if ratio[best] > 1 else None


def _describe_peak(
    arrays: dict[str, Any], peak: int | None, alpha: float, inputs: Inputs, level: float
) -> str:
    red = f"red noise (lag-1 autocorrelation {alpha:.2f})"
    if peak is None:
        return f"Averaged over time, no period exceeds the {100 * level:.4g} % level of {red}."
    ratio = arrays["global_power"][peak] / arrays["global_sig"][peak]
    period = f"{short(arrays['period'][peak])} {inputs.unit}".rstrip()
    return (
        f"Averaged over time, a period of {period} stands out most: {ratio:.2g} times the "
        f"{100 * level:.4g} % level of {red}; by chance, {100 * (1 - level):.3g} % of periods "
        "exceed it."
    )
