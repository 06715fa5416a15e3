"""Drawing what a command computed; matplotlib is loaded only when a picture is asked for."""

from __future__ import annotations

import argparse
import math
from typing import Any

import numpy as np

from ..matrix import MatrixResult
from ..result import CoherenceResult
from .inputs import Inputs

__all__ = ["save_coherence", "save_cross", "save_matrix", "save_transform"]

# What `xwt` returns.
Cross = tuple[Any, Any, Any, Any]

# Sharp enough for print at the width of a page.
_DPI = 200
_PANELS_ABREAST = 3


def save_coherence(arguments: argparse.Namespace, inputs: Inputs, result: CoherenceResult) -> None:
    """Draw a wavelet coherence into the file of ``--plot``."""
    from ..plotting import offscreen_axes, plot_wct

    x, y = _plain_names(inputs)
    plot = plot_wct(
        *result,
        _times(inputs),
        names=(x, y),
        period_unit=inputs.unit,
        time_label=_time_label(inputs),
        level_label=_level_label(arguments),
        title=f"{x} and {y}: wavelet coherence",
        ax=offscreen_axes(),
    )
    plot.figure.savefig(arguments.plot, dpi=_DPI)


def save_cross(arguments: argparse.Namespace, inputs: Inputs, result: Cross) -> None:
    """Draw a cross-wavelet transform into the file of ``--plot``."""
    from ..plotting import offscreen_axes, plot_xwt

    x, y = _plain_names(inputs)
    plot = plot_xwt(
        *result,
        _times(inputs),
        names=(x, y),
        period_unit=inputs.unit,
        time_label=_time_label(inputs),
        level_label=_level_label(arguments),
        title=f"{x} and {y}: cross-wavelet transform",
        ax=offscreen_axes(),
    )
    plot.figure.savefig(arguments.plot, dpi=_DPI)


def save_matrix(arguments: argparse.Namespace, inputs: Inputs, result: MatrixResult) -> None:
    """Draw the pairs, a panel for each band with numbers, into the file of ``--plot``."""
    from matplotlib.figure import Figure

    bands = [b for b in range(len(result.bands)) if np.isfinite(result.coherence[:, b]).any()]
    if not bands:
        raise ValueError("there is no pair to draw: all failed")
    columns = min(_PANELS_ABREAST, len(bands))
    rows = math.ceil(len(bands) / columns)
    size = 2.2 + 0.22 * len(result.names)
    figure = Figure(figsize=((size + 1) * columns, size * rows), layout="constrained")
    for place, band in enumerate(bands, start=1):
        axes = figure.add_subplot(rows, columns, place)
        result.plot(band=band, level=arguments.level, period_unit=inputs.unit, ax=axes)
    figure.savefig(arguments.plot, dpi=_DPI)


def save_transform(
    arguments: argparse.Namespace, inputs: Inputs, mother: Any, scales: dict[str, Any]
) -> None:
    """Draw the wavelet power of a series in four panels into the file of ``--plot``."""
    from matplotlib.figure import Figure

    from ..plotting import plot_cwt

    (name,) = _plain_names(inputs)
    plot = plot_cwt(
        inputs.series[0],
        inputs.dt,
        _times(inputs),
        **scales,
        wavelet=mother,
        detrend="mean",  # the linear trend is gone already, if it was to go
        significance_level=arguments.level,
        name=name,
        period_unit=inputs.unit,
        time_label=_time_label(inputs),
        title=f"{name}: wavelet power",
        ax=Figure(figsize=(8, 7), layout="constrained"),
    )
    plot.figure.savefig(arguments.plot, dpi=_DPI)


def _plain_names(inputs: Inputs) -> tuple[str, ...]:
    """Return names in which matplotlib sees no mathematics."""
    return tuple(name.replace("$", r"\$") for name in inputs.names)


def _times(inputs: Inputs) -> Any:
    """Return the times for the axis: those of the file, or multiples of a given step."""
    if inputs.times is not None or inputs.spacing == "not given":
        return inputs.times
    return np.arange(inputs.n) * inputs.dt


def _time_label(inputs: Inputs) -> str | None:
    if inputs.time_name:
        return inputs.time_name.replace("$", r"\$")
    return f"Time ({inputs.unit})" if inputs.unit and inputs.spacing != "not given" else None


def _level_label(arguments: argparse.Namespace) -> str:
    return f"{100 * (1 - arguments.level):.3g} % significance level against red noise"
