"""From the sums of all pairs to numbers for each pair and band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..montecarlo.band_means import pvalue
from .fields import Array, Sums

MEASURES = ("coherence", "share", "phase", "resultant", "pvalue", "pvalue_fdr")
NUMBERS = (*MEASURES, "doubtful", "n_points")


def band_numbers(
    sums: Sequence[Sums],
    members: NDArray[np.bool_],
    samples: Mapping[int, Array],
    has_level: NDArray[np.bool_],
    excess: Array,
    alpha: float,
) -> dict[str, Any]:
    """Average the sums of each pair over the bands, and judge them: `NUMBERS`, (pair, band).

    `members` says whether a scale belongs to a band, (band, scale), `has_level` whether it has a
    level, (pair, scale). By number of a pair `samples` has band means of surrogates,
    (surrogate, band). `excess` is the mean R2 of a pair, if unrelated, above that of AR(1) noise,
    (pair, band): a p-value is doubtful that is at most `alpha`, and would not be without it.
    """
    count = np.stack([one.count for one in sums])
    points = _per_band(count, members)
    # Some of the scales may have no level to be above.
    judged = _per_band(count * has_level, members)
    direction = _per_band(np.stack([one.direction for one in sums]), members)
    with np.errstate(divide="ignore", invalid="ignore"):
        coherence = _per_band(np.stack([one.coherence for one in sums]), members) / points
        share = _per_band(np.stack([one.above for one in sums]), members) / judged
        mean = direction / points
    p = np.full(coherence.shape, np.nan)
    doubtful = np.zeros(coherence.shape, dtype=bool)
    for pair, means in samples.items():
        for band in range(len(members)):
            at = pair, band
            p[at] = pvalue(float(coherence[at]), means[:, band])
            # Below a standard deviation, an excess may be one of the estimated spectra.
            if p[at] <= alpha and excess[at] > means[:, band].std():
                doubtful[at] = pvalue(float(coherence[at] - excess[at]), means[:, band]) > alpha
    phase = np.where(points > 0, np.angle(mean), np.nan)
    return {
        "coherence": coherence,
        "share": share,
        "phase": phase,
        "resultant": np.abs(mean),
        "pvalue": p,
        "pvalue_fdr": _false_discoveries(p),
        "doubtful": doubtful,
        "n_points": points,
    }


def _per_band(values: NDArray[Any], members: NDArray[np.bool_]) -> NDArray[Any]:
    """Add up the scales of each band, in an order that does not depend on the number of pairs."""
    chosen = [np.ascontiguousarray(values[:, member]) for member in members]
    return np.stack([own.sum(axis=1) for own in chosen], axis=1)


def _false_discoveries(p: Array) -> Array:
    """Return p-values adjusted over the pairs of each band (Benjamini & Hochberg 1995)."""
    adjusted = np.full(p.shape, np.nan)
    if not np.isfinite(p).any():
        return adjusted
    # scipy.stats takes longer to import than all the rest.
    from scipy.stats import false_discovery_control

    for band in range(p.shape[1]):
        known = np.isfinite(p[:, band])
        if known.any():
            adjusted[known, band] = false_discovery_control(p[known, band], method="bh")
    return adjusted
