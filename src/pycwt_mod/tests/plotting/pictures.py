"""Common parts of the tests of pictures."""

import io

import numpy as np
from matplotlib.figure import Figure

DPI = 100


def new_axes(size=(8, 5)):
    return Figure(figsize=size, layout="constrained", dpi=DPI).add_subplot()


def random_field(n_scales, n_times, seed=0):
    """Return five arrays like those of `wct`, made of noise."""
    rng = np.random.default_rng(seed)
    half = n_times / 2 - np.abs(np.arange(n_times) - (n_times - 1) / 2)
    coi = 1 + 600 * half / half.max()
    freq = 1 / (2 * 2 ** (8 * np.arange(n_scales) / n_scales))
    phase = rng.uniform(-np.pi, np.pi, (n_scales, n_times))
    return rng.random((n_scales, n_times)), phase, coi, freq, np.full(n_scales, 0.8)


def pixels(plot):
    stream = io.BytesIO()
    plot.figure.savefig(stream, format="raw", dpi=DPI)
    width, height = (plot.figure.get_size_inches() * DPI).astype(int)
    return np.frombuffer(stream.getvalue(), np.uint8).reshape(height, width, 4)
