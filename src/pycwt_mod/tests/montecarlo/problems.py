"""Small significance problems, and the slow and obvious way to count one."""

from __future__ import annotations

from typing import Any

import numpy as np

from pycwt_mod import mothers
from pycwt_mod.helpers import padded_length
from pycwt_mod.montecarlo.noise import Streams, ar1_series
from pycwt_mod.montecarlo.null import N_BATCHES
from pycwt_mod.montecarlo.plan import Plan, make_plan
from pycwt_mod.statistic import Statistic
from pycwt_mod.transform import forward

WAVELETS = {
    "morlet": mothers.Morlet(),
    "paul": mothers.Paul(),
    "dog": mothers.DOG(),
    "mexicanhat": mothers.MexicanHat(),
    "morlet8": mothers.Morlet(8),
    "paul6": mothers.Paul(6),
    "dog3": mothers.DOG(3),
}


def small_plan(mother: Any = None, **changes: Any) -> Plan:
    """Return a problem of 21 scales over five octaves, milliseconds a surrogate."""
    arguments = {
        "coefficients": (0.6, 0.3),
        "dt": 0.5,
        "dj": 1 / 4,
        "s0": 1.0,
        "J": 20,
        "mother": mother or mothers.Morlet(),
        "pad": padded_length,
        **changes,
    }
    return make_plan(**arguments)


def streams(seed: int = 1) -> Streams:
    return Streams.of(np.random.SeedSequence(seed))


def direct_coherence(statistic: Statistic, matrix: Any) -> np.ndarray:
    """Return R2 by the formulas of the papers, given all smoothed spectra, [series][series]."""
    S = np.moveaxis(np.array(matrix), (0, 1), (-2, -1))
    kept = len(statistic.kept)
    given, rest = S[..., kept:, :kept], S[..., kept:, kept:]
    C = S[..., :kept, :kept]
    explained = np.conj(np.swapaxes(given, -1, -2)) @ np.linalg.solve(rest, given)
    if statistic.name == "multiple":
        return explained[..., 0, 0].real / C[..., 0, 0].real
    C = C - explained
    return np.abs(C[..., 0, 1]) ** 2 / (C[..., 0, 0].real * C[..., 1, 1].real)


def direct_counts(plan: Plan, indices: range) -> np.ndarray:
    """Count surrogates one at a time, on whole fields, by the formula as it stands in papers."""
    scales = plan.scales_in_samples
    column = scales[:, np.newaxis]
    counts = np.zeros((N_BATCHES, plan.n_scales, plan.n_bins), dtype=np.int64)
    for index in indices:
        noise = ar1_series(streams(), range(index, index + 1), plan.n_times, plan.coefficients)
        W = [forward(series, plan.mother, scales, 1.0, plan.n_fft)[0] for series in noise[:, 0]]

        def smooth(field: np.ndarray) -> np.ndarray:
            return plan.mother.smooth(field / column, 1.0, plan.dj, scales, plan.smoothing)

        R2 = direct_coherence(plan.statistic, [[smooth(a * b.conj()) for b in W] for a in W])
        for scale in range(plan.n_scales):
            inside = R2[scale, plan.starts[scale] : plan.stops[scale]]
            counts[index % N_BATCHES, scale] += np.histogram(inside, plan.n_bins, (0, 1))[0]
    return counts
