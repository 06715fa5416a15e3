"""``pycwt-mod cwt``: the power of one column of a file, over time and period."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from ..helpers import ar1
from ..summary import fill
from ..wavelet import cwt, significance
from . import options
from .analysis import common_arrays, deliver, heading, power_summary, prepare
from .inputs import Inputs
from .pictures import save_transform

__all__ = ["add_to"]

Array = NDArray[np.float64]

_EXAMPLE = """\
example: the power spectrum of monthly values over time, in years
  pycwt-mod cwt nino3.csv --x sst --time month --unit years --plot power.png

Columns are named, or numbered from 1; --x may be left out if there is just one.
"""


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
    options.add_data_options(parser)
    options.add_scale_options(parser)
    options.add_output_options(parser)


@dataclass(frozen=True, eq=False)
class _Spectra:
    """The results for one series of mean 0 and variance 1; see `cwt` and `significance`."""

    W: NDArray[np.complex128]
    scales: Array
    freq: Array
    coi: Array
    alpha: float
    level: Array
    average: Array
    average_level: Array

    @property
    def peak(self) -> int | None:
        """Scale at which the time average is highest above its level; None if it never is."""
        ratio = np.where(1 / self.freq <= self.coi.max(), self.average / self.average_level, 0.0)
        best = int(np.argmax(ratio))
        return best if ratio[best] > 1 else None


def _run(arguments: argparse.Namespace) -> str:
    inputs = prepare(arguments, "x")
    began = perf_counter()
    spectra = _spectra(inputs, arguments)
    seconds = perf_counter() - began
    if arguments.plot is not None:
        save_transform(arguments, inputs)
    return _report(arguments, inputs, spectra, seconds)


def _spectra(inputs: Inputs, arguments: argparse.Namespace) -> _Spectra:
    series = inputs.series[0]
    series = series - series.mean()
    W, scales, freq, coi, _, _ = cwt(
        series / series.std(), inputs.dt, **options.scale_options(arguments)
    )
    alpha = ar1(series)[0]
    test = options.chosen(arguments, "significance_level", "wavelet")
    level, _ = significance(1.0, inputs.dt, scales, 0, alpha, **test)
    # As many samples as are not padded (Torrence & Compo 1998, section 5a), at least one.
    dof = np.maximum(inputs.n - scales / inputs.dt, 1)
    average_level, _ = significance(1.0, inputs.dt, scales, 1, alpha, dof=dof, **test)
    average = (np.abs(W) ** 2).mean(axis=1)
    return _Spectra(W, scales, freq, coi, float(alpha), level, average, average_level)


def _report(
    arguments: argparse.Namespace, inputs: Inputs, spectra: _Spectra, seconds: float
) -> str:
    periods, peak, power = 1 / spectra.freq, spectra.peak, np.abs(spectra.W) ** 2
    summary, outside = power_summary(
        arguments, inputs, power, spectra.level, spectra.freq, spectra.coi
    )
    title = f"Wavelet power of {inputs.names[0]}, as a multiple of its variance"
    lines = [
        *heading(title, inputs, periods, arguments),
        str(summary),
        fill(_describe_peak(spectra, inputs, arguments.significance_level), ""),
    ]
    results = {
        **summary.as_dict(),
        "ar1": [spectra.alpha],
        "peak_period": None if peak is None else periods[peak],
        "period": periods,
        "sig": spectra.level,
        "global_power": spectra.average,
        "global_sig": spectra.average_level,
    }
    arrays = {
        **common_arrays(inputs, spectra.scales, spectra.freq, spectra.coi, outside),
        "W": spectra.W,
        "power": power,
        "sig": spectra.level,
        "global_power": spectra.average,
        "global_sig": spectra.average_level,
    }
    return deliver(arguments, inputs, lines, results, arrays, seconds)


def _describe_peak(spectra: _Spectra, inputs: Inputs, level: float) -> str:
    peak = spectra.peak
    red = f"red noise (lag-1 autocorrelation {spectra.alpha:.2f})"
    if peak is None:
        return f"Averaged over time, no period exceeds the {100 * level:.4g} % level of {red}."
    ratio = spectra.average[peak] / spectra.average_level[peak]
    period = f"{1 / spectra.freq[peak]:.3g} {inputs.unit}".rstrip()
    return (
        f"Averaged over time, a period of {period} stands out most: {ratio:.2g} times the "
        f"{100 * level:.4g} % level of {red}; by chance, {100 * (1 - level):.3g} % of periods "
        "exceed it."
    )
