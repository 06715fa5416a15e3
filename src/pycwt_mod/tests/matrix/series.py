"""Series for the tests, and a backend that records its tasks."""

import numpy as np
from scipy.signal import lfilter

from pycwt_mod.backends import SequentialBackend

# Small enough for quick tests, large enough for levels and bands.
QUICK = {"dj": 1 / 4, "mc_count": 32, "rng_seed": 1, "progress": False}


def red_series(n_series, n_times, g=0.5, seed=0):
    """Return independent stationary AR(1) series."""
    noise = np.random.default_rng(seed).standard_normal((n_series, n_times + 200))
    return lfilter([1.0], [1.0, -g], noise, axis=-1)[:, 200:]


def related_series(n_times=200):
    """Return four series: two related, two of other persistence."""
    a, b, c = red_series(3, n_times)
    return np.stack([a, np.roll(a, 2) + 0.5 * b, c, red_series(1, n_times, 0.9, 7)[0]])


class Spy(SequentialBackend):
    """The plain loop, and a record of each kernel and its tasks."""

    def __init__(self):
        self.calls = []
        self.n_closed = 0

    def map(self, kernel, tasks, **options):
        tasks = list(tasks)
        self.calls.append((type(kernel).__name__, tasks))
        return super().map(kernel, tasks, **options)

    def close(self):
        self.n_closed += 1
