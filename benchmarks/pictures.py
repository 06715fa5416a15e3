"""Seconds to draw and save the pictures of a long record, over the number of its samples.

The transforms are computed before the clock starts, but for the last column.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pycwt_mod import cwt, wct, xwt
from pycwt_mod.plotting import offscreen_axes, plot_cwt, plot_wct, plot_xwt

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 3


def best(draw: Callable[[], Any]) -> float:
    """Return the least seconds of some rounds of drawing and saving, at 100 dots per inch."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        draw().figure.savefig(io.BytesIO(), format="png", dpi=100)
        taken.append(time.perf_counter() - began)
    return min(taken)


def empty_figure() -> Figure:
    return Figure(figsize=(8, 7), layout="constrained")


def measure(n: int) -> list[float]:
    """Return the seconds of each picture of n samples."""
    rng = np.random.default_rng(n)
    wave = np.sin(2 * np.pi * np.arange(n) / 40)
    y1, y2 = wave + rng.normal(size=n), np.roll(wave, 5) + rng.normal(size=n)
    coherence, cross = wct(y1, y2, 1.0, sig=False), xwt(y1, y2, 1.0)
    level = np.full(coherence[0].shape[0], 0.6)
    mask = coherence[0] > 0.8
    transform = cwt(y1, 1.0)
    draws: list[Callable[[], Any]] = [
        lambda: plot_wct(*coherence[:4], level, ax=offscreen_axes()),
        lambda: plot_wct(*coherence[:4], significant=mask, ax=offscreen_axes()),
        lambda: plot_xwt(*cross, ax=offscreen_axes()),
        lambda: plot_cwt(y1, 1.0, transform=transform, ax=empty_figure()),
        lambda: plot_cwt(y1, 1.0, ax=empty_figure()),
    ]
    return [best(draw) for draw in draws]


def main(sizes: tuple[int, ...]) -> None:
    print("samples   plot_wct   with a mask   plot_xwt   plot_cwt   and the transform")
    for n in sizes:
        wct_, mask, xwt_, cwt_, all_ = measure(n)
        print(f"{n:7d} {wct_:8.2f} s {mask:11.2f} s {xwt_:8.2f} s {cwt_:8.2f} s {all_:15.2f} s")


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)
