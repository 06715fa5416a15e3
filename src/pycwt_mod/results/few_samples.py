"""A word on series of which few samples hold most of the variance, such as daily rain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..montecarlo.surrogates import Observed, OwnNoise, SameValues, Surrogates
from ..validation import warn_user

# The largest samples, as a share of all, and the share of the variance that they hold in series
# whose corrections are off: 0.28 in Gaussian noise, 0.40 with t(5), 0.72 with log-normal (1) and
# 0.90 in rain on one day of five. Unlike a kurtosis it varies little from record to record.
_LARGEST, _MOST = 0.05, 0.6

# Surrogates that have the values of a series, or those that a user chose for it.
_OF_ITS_VALUES = Observed, OwnNoise, SameValues


def share_of_largest(series: NDArray[np.float64]) -> float:
    """Return the share of the variance of a series that its largest samples hold."""
    squares = np.sort((series - series.mean()) ** 2)
    number = max(1, round(_LARGEST * series.size))
    total = float(squares.sum())
    return float(squares[-number:].sum()) / total if total > 0 else 0.0


def warn_of_few_samples(
    series: NDArray[np.float64] | None, names: Sequence[str], surrogates: Surrogates | None
) -> None:
    """Warn where FDR and patches find too much: two such series, and Gaussian surrogates.

    With one of them alone, unrelated series have no large samples in common more often.
    """
    if series is None or (surrogates and all(_has_values(each) for each in surrogates.sources)):
        return
    shares = [share_of_largest(each) for each in series]
    few = [k for k, share in enumerate(shares) if share > _MOST]
    gaussian = [k for k in few if surrogates is None or not _has_values(surrogates.sources[k])]
    if len(few) < 2 or not gaussian:
        return
    told = " and ".join(f"{100 * shares[k]:.0f} % of that of {names[k]}" for k in few[:2])
    warn_user(
        f"{100 * _LARGEST:.0f} % of the samples hold most of the variance, {told}: corrections for "
        "the many points, false discovery rate and patches, then find something in unrelated "
        "series several times as often as they say. Single points hold their level. Take "
        "logarithms or ranks (`boxpdf`) first, or test with noise='iaaft'."
    )


def _has_values(source: object) -> bool:
    return isinstance(source, _OF_ITS_VALUES)
