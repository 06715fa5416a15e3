"""``pycwt-mod xwt``: where two columns of a file have power in common."""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np

from ..wavelet import xwt
from . import options
from .analysis import common_arrays, deliver, heading, prepare
from .pictures import save_field

_EXAMPLE = """\
example: where two columns have power in common
  pycwt-mod xwt rivers.csv --x rain --y discharge --time date --plot common.png

Columns are named, or numbered from 1. A positive phase means that x leads y.
As in pycwt, the level of --level 0.95 is 1.5 times that of Torrence & Compo
(1998); --level 0.8646 gives theirs.
"""


def add_to(commands: options.Commands) -> None:
    """Add the command."""
    options.new_command(
        commands,
        "xwt",
        _run,
        ("pair", "data", "wavelet", "red noise", "output"),
        help="cross-wavelet transform of two columns of a file",
        description="Cross-wavelet transform of two series: where they have power in common, "
        "tested against red noise.",
        epilog=_EXAMPLE,
    )


def _run(arguments: argparse.Namespace) -> str:
    inputs = prepare(arguments, "x", "y")
    x, y = inputs.series
    began = perf_counter()
    result = xwt(
        x,
        y,
        inputs.dt,
        **options.scale_options(arguments),
        **options.chosen(arguments, "al1", "al2"),
        significance_level=arguments.significance_level,
    )
    result = result._replace(names=inputs.names, unit=inputs.unit)
    seconds = perf_counter() - began
    W12, coi, freq, signif = result
    if arguments.plot is not None:
        save_field(arguments, inputs, result, "cross-wavelet transform")
    scales = 1 / freq / arguments.wavelet.flambda()
    arrays = common_arrays(inputs, scales, freq, coi)
    arrays |= {"W12": W12, "phase": np.angle(W12), "sig": signif}
    summary = result.summary()
    title = "Cross-wavelet transform of {} (x) and {} (y), each with mean 0 and variance 1"
    title = title.format(*inputs.names)
    lines = [*heading(title, inputs, arrays["period"], arguments), str(summary)]
    results = {**summary.as_dict(), "period": arrays["period"], "sig": signif}
    return deliver(arguments, inputs, lines, results, arrays, seconds)
