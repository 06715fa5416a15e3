"""From the sums of all pairs to numbers for each pair and band."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit, ndtr

from .fields import Array, Sums

# A p-value is a count of surrogates if at least this many reach the mean; else a fitted tail.
_FEWEST_ABOVE = 10

# The fitted tail ends at this share of the p-value that a single surrogate stands for.
_TAIL_REACH = 1e-3


def band_numbers(
    sums: Sequence[Sums],
    members: NDArray[np.bool_],
    samples: Mapping[int, Array],
    has_level: NDArray[np.bool_],
) -> dict[str, Any]:
    """Average the sums of each pair over the bands, and judge them.

    Parameters
    ----------
    sums : sequence of Sums
        One for each pair.
    members : numpy.ndarray
        Whether a scale belongs to a band, (band, scale).
    samples : mapping of int to numpy.ndarray
        Band means of surrogates, (surrogate, band), by number of the pair.
    has_level : numpy.ndarray
        Whether a scale has a level, (pair, scale).

    Returns
    -------
    dict of str to numpy.ndarray
        The attributes of `MatrixResult` with these names, (pair, band).
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
    for pair, means in samples.items():
        for band in range(len(members)):
            p[pair, band] = pvalue(float(coherence[pair, band]), means[:, band])
    phase = np.where(points > 0, np.angle(mean), np.nan)
    return {
        "coherence": coherence,
        "share": share,
        "phase": phase,
        "resultant": np.abs(mean),
        "pvalue": p,
        "pvalue_fdr": _false_discoveries(p),
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


def pvalue(observed: float, samples: Array) -> float:
    """Return the p-value of a band mean under a null distribution.

    Parameters
    ----------
    observed : float
        Mean R2 of the pair.
    samples : numpy.ndarray
        Means of surrogate pairs.

    Returns
    -------
    float
        (1 + number of surrogates >= observed) / (1 + number of surrogates). Where that number is
        below 10, a normal tail in the logit of the mean, log(x / (1 - x)), fixed to the tenth
        largest surrogate, goes on from there, down to 0.001 / (1 + number). NaN if there is
        nothing to compare.

    Notes
    -----
    The logit of a band mean has no skewness to speak of, in narrow bands and wide ones. At
    probabilities of 0.001 and 0.0002 the tail from 300 surrogates is within a factor of two of the
    share of 20 000. A beta distribution is too light by a factor of up to four.

    Tails for few permutations: Knijnenburg et al. (2009), doi:10.1093/bioinformatics/btp211.
    """
    known = samples[np.isfinite(samples)]
    n = known.size
    if not math.isfinite(observed) or n == 0:
        return math.nan
    above = int((known >= observed).sum())
    counted = (1 + above) / (1 + n)
    if above >= _FEWEST_ABOVE or n < 2 * _FEWEST_ABOVE or np.ptp(known) == 0:
        return counted
    if observed >= 1:
        return _TAIL_REACH / (1 + n)
    tenth = float(np.partition(known, n - _FEWEST_ABOVE)[n - _FEWEST_ABOVE])
    logits = logit(known)
    places = (logit(np.array([observed, tenth])) - logits.mean()) / logits.std()
    beyond, at_tenth = ndtr(-places).tolist()
    share = beyond / at_tenth if at_tenth > 0 else 0.0
    edge = (1 + _FEWEST_ABOVE) / (1 + n)
    return max(edge * min(1.0, share), _TAIL_REACH / (1 + n))
