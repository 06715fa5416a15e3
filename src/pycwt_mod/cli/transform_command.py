"""``pycwt-mod cwt``: the power of one column of a file, over time and period."""

from __future__ import annotations

import argparse
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from ..chisquare import levels_of_record, red_noise_spectrum
from ..helpers import ar1
from ..results import TransformResult
from ..summary.text import fill
from ..wavelet import cwt
from . import options, values
from .analysis import common_arrays, deliver, heading, prepare
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
        ("data", "wavelet", "output"),
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


def _run(arguments: argparse.Namespace) -> str:
    inputs = prepare(arguments, "x")
    if arguments.decim is None:
        arguments.decim = max(1, inputs.n // _MOST_TIMES)
    began = perf_counter()
    anomaly = inputs.series[0] - inputs.series[0].mean()
    alpha = ar1(anomaly)[0]
    result = cwt(
        anomaly / anomaly.std(),
        inputs.dt,
        **options.scale_options(arguments),
        decim=arguments.decim,
    )
    result = result._replace(names=inputs.names, unit=inputs.unit)
    arrays = _arrays(inputs, result, alpha, arguments)
    seconds = perf_counter() - began
    if arguments.plot is not None:
        save_transform(arguments, inputs)
    summary = result.summary(level=arguments.significance_level, alpha=alpha)
    title = f"Wavelet power of {inputs.names[0]}, as a multiple of its variance"
    lines = heading(title, inputs, arrays["period"], arguments)
    if arguments.decim > 1:
        kept = f"one time in {arguments.decim}, {result.coi.size} in all; --decim 1 for each time"
        lines.insert(-1, fill(f"Transform: {kept}"))
    lines.append(str(summary))
    peak = summary.standing_out
    results = {
        **summary.as_dict(),
        "ar1": [alpha],
        "peak_period": None if peak is None else peak.period,
        **{name: arrays[name] for name in ("period", "sig", "global_power", "global_sig")},
    }
    facts = {"decim": arguments.decim}
    return deliver(arguments, inputs, lines, results, arrays, seconds, facts)


def _arrays(
    inputs: Inputs, result: TransformResult, alpha: float, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Return the transform of a series of mean 0 and variance 1, its power and the levels."""
    scales, power = result.scales, np.abs(result.W) ** 2
    level, mother = arguments.significance_level, arguments.wavelet
    noise = red_noise_spectrum(scales, inputs.dt, alpha, 1.0, mother)
    sig, global_sig = levels_of_record(noise, level, inputs.n, scales, inputs.dt, mother)
    times = None if inputs.times is None else inputs.times[:: result.decim]
    kept = replace(inputs, series=(inputs.series[0][:: result.decim],), times=times)
    return {
        **common_arrays(kept, scales, result.freqs, result.coi),
        "W": result.W,
        "power": power,
        "sig": sig,
        "global_power": power.mean(axis=1),
        "global_sig": global_sig,
    }
