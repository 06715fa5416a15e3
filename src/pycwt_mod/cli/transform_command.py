"""``pycwt-mod cwt``: the power of one column of a file, over time and period."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..helpers import ar1
from ..summary import fill, summarise
from ..wavelet import cwt, significance
from . import options
from .analysis import Outcome, common_arrays, deliver, heading, prepare
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
    def power(self) -> Array:
        return np.asarray(np.abs(self.W) ** 2)

    @property
    def peak(self) -> int | None:
        """Scale at which the time average is highest above its level; None if it never is."""
        ratio = np.where(1 / self.freq <= self.coi.max(), self.average / self.average_level, 0.0)
        best = int(np.argmax(ratio))
        return best if ratio[best] > 1 else None


def _run(arguments: argparse.Namespace) -> str:
    inputs, mother = prepare(arguments, "x")
    began = perf_counter()
    spectra = _spectra(inputs, mother, arguments)
    seconds = perf_counter() - began
    if arguments.plot is not None:
        save_transform(arguments, inputs, mother, options.scale_options(arguments))
    outcome = _outcome(arguments, inputs, mother, spectra, seconds)
    return deliver(arguments, inputs, mother, outcome)


def _spectra(inputs: Inputs, mother: Any, arguments: argparse.Namespace) -> _Spectra:
    series = inputs.series[0]
    series = series - series.mean()
    W, scales, freq, coi, _, _ = cwt(
        series / series.std(), inputs.dt, **options.scale_options(arguments), wavelet=mother
    )
    alpha = ar1(series)[0]
    test = {"significance_level": arguments.level, "wavelet": mother}
    level, _ = significance(1.0, inputs.dt, scales, 0, alpha, **test)
    # As many samples as are not padded (Torrence & Compo 1998, section 5a), at least one.
    dof = np.maximum(inputs.n - scales / inputs.dt, 1)
    average_level, _ = significance(1.0, inputs.dt, scales, 1, alpha, dof=dof, **test)
    average = (np.abs(W) ** 2).mean(axis=1)
    return _Spectra(W, scales, freq, coi, float(alpha), level, average, average_level)


def _outcome(
    arguments: argparse.Namespace, inputs: Inputs, mother: Any, spectra: _Spectra, seconds: float
) -> Outcome:
    periods = 1 / spectra.freq
    outside = periods[:, np.newaxis] <= spectra.coi
    summary = summarise(
        spectra.power,
        spectra.power > spectra.level[:, np.newaxis],
        outside,
        periods,
        level=arguments.level,
        dt=inputs.dt,
        names=inputs.names,
        unit=inputs.unit,
        quantity="power",
    )
    peak = spectra.peak
    title = f"Wavelet power of {inputs.names[0]}, as a multiple of its variance"
    lines = [
        *heading(title, inputs, periods, mother, arguments.dj),
        str(summary),
        fill(_describe_peak(spectra, inputs, arguments.level), ""),
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
        "power": spectra.power,
        "sig": spectra.level,
        "global_power": spectra.average,
        "global_sig": spectra.average_level,
    }
    return Outcome(lines, results, arrays, seconds)


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
