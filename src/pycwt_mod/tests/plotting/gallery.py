"""The pictures that are compared with those in `baseline`, and how to draw them again.

``python -m pycwt_mod.tests.plotting.gallery`` overwrites the pictures in `baseline`: look at each
before it is committed. They are small and without text, on axes at fixed places, so that neither a
font nor a layout engine of another version of matplotlib changes them; words are tested as words.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from pycwt_mod import NullDistribution, wct, xwt
from pycwt_mod.helpers import boxpdf
from pycwt_mod.plotting import plot_cwt, plot_matrix, plot_null, plot_wct, plot_xwt
from pycwt_mod.sample import load

from .test_matrix import matrix_result

BASELINE = Path(__file__).parent / "baseline"

# Inches and dots per inch: large enough for some arrows, small enough for the source.
SIZE, DPI = (3.6, 2.7), 80


def single_axes():
    return Figure(figsize=SIZE, dpi=DPI).add_axes((0.04, 0.04, 0.92, 0.92))


def winters():
    oscillation, ice = load("ao"), load("baltic")
    percentiles = boxpdf(ice.values)[0]
    times, first, second = np.intersect1d(oscillation.times, ice.times, return_indices=True)
    return times, oscillation.values[first], percentiles[second]


def draw_wct(**changes):
    """A short record with levels: 150 winters."""
    times, oscillation, ice = winters()
    fields = wct(oscillation, ice, 1.0, sig=False)
    sig = np.full(fields[0].shape[0], 0.6)
    options = {"sig": sig, "times": times, "level_label": "5 % significance level"}
    return plot_wct(*fields[:4], **({"ax": single_axes()} | options | changes))


def draw_wct_mask(**changes):
    """Sixty winters with dates and a mask."""
    times, oscillation, ice = (values[:60] for values in winters())
    fields = wct(oscillation, ice, 1.0, sig=False)
    dates = (times.astype(int) - 1970).astype("datetime64[Y]")
    options = {"significant": fields[0] > 0.7, "times": dates, "ax": single_axes()}
    return plot_wct(*fields[:4], **(options | changes))


def draw_wct_long(**changes):
    """A field of 100 000 columns whose coherence and phase change slowly, with a gap."""
    t, j = np.arange(100_000.0), np.arange(30.0)[:, np.newaxis]
    R2 = 0.5 + 0.5 * np.sin(t / 9000 + j / 4) * np.cos(t / 21_000)
    R2[:, 60_000:63_000] = np.nan
    coi = 4.0 * np.minimum(t + 0.5, t.size - t - 0.5)
    options = {"sig": np.full(30, 0.8), "ax": single_axes()}
    freq = 2.0 ** -(j.ravel() / 2 + 1)
    return plot_wct(R2, t / 15_000 + j / 10, coi, freq, **(options | changes))


def draw_xwt(**changes):
    """The same winters: power and phase."""
    times, oscillation, ice = winters()
    W12, coi, freqs, signif = xwt(oscillation, ice, 1.0)
    options = {"signif": signif, "times": times, "ax": single_axes()}
    return plot_xwt(W12, coi, freqs, **(options | changes))


def draw_cwt(**changes):
    """The sea surface of the Pacific: four panels."""
    nino = load("nino3")
    figure = Figure(figsize=SIZE, dpi=DPI)
    places = [
        (0.04, 0.72, 0.6, 0.24), (0.04, 0.3, 0.6, 0.38), (0.68, 0.3, 0.28, 0.38),
        (0.04, 0.04, 0.6, 0.22),
    ]  # fmt: skip
    options = {"band": (2, 8), "ax": [figure.add_axes(place) for place in places]}
    return plot_cwt(nino.values, nino.dt, nino.times, **(options | changes))


def draw_null(**changes):
    """A distribution made by hand."""
    bins, scales = np.arange(100), np.arange(24)[:, np.newaxis]
    batches = np.arange(16)[:, np.newaxis, np.newaxis]
    counts = 1e4 * np.exp(-(((bins - 2 * batches) / (15 + scales)) ** 2))
    null = NullDistribution(counts.astype(np.int64), ((0, 16),))
    options = {"periods": 2.0 ** (1 + scales.ravel() / 4), "ax": single_axes()}
    return plot_null(null, **(options | changes))


def draw_matrix(**changes):
    """Eight series."""
    return plot_matrix(
        matrix_result(8), **({"band": 0, "level": 0.8, "ax": single_axes()} | changes)
    )


DRAWN = {
    "cwt": draw_cwt,
    "matrix": draw_matrix,
    "null": draw_null,
    "wct": draw_wct,
    "wct_long": draw_wct_long,
    "wct_mask": draw_wct_mask,
    "xwt": draw_xwt,
}


def save(plot, path):
    """Write a picture without any text."""
    for axes in plot.figure.axes:
        axes.set(title="", xlabel="", ylabel="")
        for words in (axes.title, axes._left_title, *axes.texts):
            words.set_text("")
        if axes.get_legend():
            axes.get_legend().set_visible(False)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(NullFormatter())
            axis.set_minor_formatter(NullFormatter())
    plot.figure.savefig(path, dpi=DPI, metadata={"Software": None})


if __name__ == "__main__":
    BASELINE.mkdir(exist_ok=True)
    for name, draw in DRAWN.items():
        save(draw(), BASELINE / f"{name}.png")
