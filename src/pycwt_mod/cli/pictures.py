"""Pictures of the results; matplotlib is loaded only when one is asked for."""

from __future__ import annotations

import argparse
import math
from typing import Any

import numpy as np

from ..matrix import MatrixResult
from .inputs import Inputs
from .options import scale_options

_PANELS_ABREAST = 3


def save_field(
    arguments: argparse.Namespace, inputs: Inputs, result: Any, what: str, **judged: Any
) -> None:
    """Draw the result of `wct` or `xwt` into the file of ``--plot``."""
    from ..plotting import offscreen_axes
    from ..plotting.words import with_dollars

    drawn = result._replace(names=tuple(map(with_dollars, result.names)))
    plot = drawn.plot(
        names=drawn.names,
        title=f"{drawn.series_in_words()}: {what}",
        ax=offscreen_axes(),
        **judged,
        **_axes_options(inputs),
    )
    plot.save(arguments.plot)


def save_transform(arguments: argparse.Namespace, inputs: Inputs) -> None:
    """Draw the wavelet power of a series in four panels into the file of ``--plot``."""
    from matplotlib.figure import Figure

    from ..plotting import plot_cwt, save_figure

    (name,) = inputs.names
    plot = plot_cwt(
        inputs.series[0],
        inputs.dt,
        **scale_options(arguments),
        detrend="mean",  # the linear trend is gone already, if it was to go
        significance_level=arguments.significance_level,
        band=arguments.band,
        name=name,
        title=f"{name}: wavelet power",
        ax=Figure(figsize=(8, 7), layout="constrained"),
        **_axes_options(inputs),
    )
    save_figure(plot.figure, arguments.plot)


def save_matrix(arguments: argparse.Namespace, inputs: Inputs, result: MatrixResult) -> None:
    """Draw the pairs, a panel for each band with numbers, into the file of ``--plot``."""
    from matplotlib.figure import Figure

    from ..plotting import save_figure

    bands = [b for b in range(len(result.bands)) if np.isfinite(result.coherence[:, b]).any()]
    if not bands:
        raise ValueError("there is no pair to draw: all failed")
    columns = min(_PANELS_ABREAST, len(bands))
    rows = math.ceil(len(bands) / columns)
    size = 2.2 + 0.22 * len(result.names)
    figure = Figure(figsize=(size * columns + 1, (size + 0.4) * rows), layout="constrained")
    plot = result.plot(level=arguments.significance_level, period_unit=inputs.unit, ax=figure)
    save_figure(plot.figure, arguments.plot)


def _axes_options(inputs: Inputs) -> dict[str, Any]:
    """Return times and labels: the times of the file, or multiples of a given step."""
    unknown = inputs.spacing == "not given"
    elapsed = f"Time ({inputs.unit})" if inputs.unit else None
    label = inputs.sheets[0].time_name or ("Sample" if unknown else elapsed)
    steps = None if unknown else np.arange(inputs.n) * inputs.dt
    times = steps if inputs.times is None else inputs.times
    return {"times": times, "time_label": label, "period_unit": inputs.unit}
