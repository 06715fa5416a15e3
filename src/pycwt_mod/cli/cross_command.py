"""``pycwt-mod xwt``: where two columns of a file have power in common."""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np

from ..wavelet import xwt
from .bands import octave_bands, total_share
from .deliver import Outcome, common_arrays, deliver, scale_options
from .inputs import check_red_noise, mother_of, read_inputs
from .options import (
    Commands,
    Formatter,
    add_data_options,
    add_output_options,
    add_pair_options,
    add_scale_options,
    check_folder,
)
from .pictures import save_cross
from .report import describe_data, describe_pair, describe_scales, pair_results

__all__ = ["add_to"]

_EXAMPLE = """\
example: where two columns have power in common
  pycwt-mod xwt rivers.csv --x rain --y discharge --time date --unit years --plot common.png

Columns are named, or numbered from 1. A positive phase means that x leads y. As in pycwt, the level
of --level 0.95 is 1.5 times that of Torrence & Compo (1998); --level 0.8646 gives theirs.
"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "xwt",
        help="cross-wavelet transform of two columns of a file",
        description="Cross-wavelet transform of two series: where they have power in common, "
        "tested against red noise.",
        epilog=_EXAMPLE,
        formatter_class=Formatter,
    )
    parser.set_defaults(run=_run)
    add_pair_options(parser)
    add_data_options(parser)
    add_scale_options(parser)
    add_output_options(parser)


def _run(arguments: argparse.Namespace) -> str:
    check_folder(arguments.plot, "picture")
    check_folder(arguments.save, "arrays")
    inputs = read_inputs(arguments, [("--x", arguments.x), ("--y", arguments.y)])
    check_red_noise(inputs)
    mother = mother_of(arguments.wavelet)
    began = perf_counter()
    W12, coi, freq, signif = xwt(
        inputs.series[0],
        inputs.series[1],
        inputs.dt,
        **scale_options(arguments),
        significance_level=arguments.level,
        wavelet=mother,
    )
    seconds = perf_counter() - began
    if arguments.plot is not None:
        save_cross(arguments, inputs, (W12, coi, freq, signif))
    power, phase, periods = np.abs(W12), np.angle(W12), 1 / freq
    outside = periods[:, np.newaxis] <= coi
    significant = power > signif[:, np.newaxis]
    bands = octave_bands(power, significant, outside, periods, phase)
    share = total_share(significant, outside)
    x, y = inputs.names
    lines = [
        f"Cross-wavelet transform of {x} (x) and {y} (y), each with mean 0 and variance 1",
        *describe_data(inputs),
        *describe_scales(inputs, periods, mother, arguments.dj),
        "",
        *describe_pair(bands, share, arguments.level, inputs, "power"),
    ]
    results = {**pair_results(bands, share, periods, "power"), "sig": signif}
    arrays = common_arrays(inputs, periods / mother.flambda(), freq, coi, outside)
    arrays |= {"W12": W12, "phase": phase, "sig": signif}
    return deliver(arguments, inputs, mother, Outcome(lines, results, arrays, seconds))
