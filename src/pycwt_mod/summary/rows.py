"""Octaves of periods as rows: the evidence for each, its phase, its lag and its relation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress

from scipy.special import betainc

from .lags import CommonLag, Lag, Phases, common_lag, lag_of

# What a row of a field without phases does not have.
OF_PHASES = {
    "mean_period", "phase", "phase_error", "lag", "lag_error", "whole_periods_known", "relation",
}  # fmt: skip

# A relation that one phase cannot tell.
MOD_PERIOD = "lag mod period"

# Closer to 0 or 180 degrees than this, two series are called nearly in phase or in anti-phase.
# Phases with a larger error name no relation.
_NEARLY_IN_PHASE = math.pi / 4

# Within this multiple of its error, or this angle, a phase is not told from 0 or 180 degrees.
_TOLD = 2.0
_IN_PHASE = math.radians(5)

# Keeps the information of a perfectly steady phase finite.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class SummaryRow:
    """An octave of periods of a field, outside the cone of influence.

    Parameters
    ----------
    periods : (float, float)
        Its limits.
    area : float
        Its share of all points outside the cone.
    significant : float
        Share of its points that are significant; NaN if it was not tested.
    mean : float
        Mean of the field over its points.
    n_independent : float
        Number of independent values that its points tell: cycles times octaves, those of little
        coherence counted in part.
    pvalue : float
        Probability that unrelated series have so steady a phase; for a field without phases, that
        noise has so large a significant share.
    clear : bool
        Whether it stands out from chance, allowing for the number of rows.
    phase, phase_error : float
        Mean phase in radians, positive where x leads, and its standard error; NaN for a field
        without phases, and the error where there are too few points to tell it.
    lag, lag_error : float
        Time by which y follows x, or x turned upside down where the bands agree on that, and its
        standard error; NaN where the row is not clear, or the error exceeds a quarter of the
        period.
    mean_period, whole_periods_known
        As in `Lag`.
    relation : str
        "in phase" or "anti-phase" where the phase is not told from 0 or 180 degrees. Else, where
        the lag is known with its whole periods, "x leads" or "y leads" (with ", reversed" where one
        leads the other upside down), "lag > period/2", or "lag ~ period/2" where it may be longer
        than half of some periods of the octave. Where it is not known, "nearly in phase", "nearly
        anti-phase" or "lag mod period". "" if the row is not clear, or its error too large.
    """

    periods: tuple[float, float]
    area: float
    significant: float
    mean: float
    n_independent: float
    pvalue: float = 1.0
    clear: bool = False
    mean_period: float = math.nan
    phase: float = math.nan
    phase_error: float = math.nan
    lag: float = math.nan
    lag_error: float = math.nan
    whole_periods_known: bool = False
    relation: str = ""


Judged = tuple[
    tuple[SummaryRow, ...], SummaryRow | None, CommonLag | None, CommonLag | None
]  # rows, the strongest, the common lag, the changing lag


def judged_by_share(rows: Sequence[SummaryRow], chance: float) -> Judged:
    """Return the rows with the evidence that their significant share gives, and the strongest."""
    pvalues = [_pvalue_of_share(row.significant, row.n_independent, chance) for row in rows]
    judged = tuple(
        replace(row, pvalue=p, clear=p * len(rows) <= chance)
        for row, p in zip(rows, pvalues, strict=True)
    )
    clear = [row for row in judged if row.clear]
    best = min(clear, key=lambda row: (row.pvalue, -row.significant), default=None)
    return judged, best, None, None


def judged_by_phase(rows: Sequence[SummaryRow], bands: Sequence[Phases], chance: float) -> Judged:
    """Return the rows with their phases and lags, the strongest, common and changing lag."""
    lags = [lag_of(band) for band in bands]
    clear = [
        not row.significant <= chance and lag.pvalue * len(rows) <= chance
        for row, lag in zip(rows, lags, strict=True)
    ]
    common, fits = _common_lag(list(compress(rows, clear)), list(compress(bands, clear)))
    judged = []
    for row, band, is_clear in zip(rows, bands, clear, strict=True):
        near = common if common and is_clear and row.periods[0] >= common.periods[0] else None
        judged.append(_with_lag(row, lag_of(band, near), near, is_clear))
    best = max(compress(zip(judged, lags, strict=True), clear), key=_information, default=(None,))
    return tuple(judged), best[0], common if fits else None, None if fits else common


def _information(judged: tuple[SummaryRow, Lag]) -> float:
    """Return the inverse of the variance of a row's phase, as it is at least.

    The steadiness of few values may be that of chance: it is taken two standard errors lower, by
    Fisher's transformation of a coherence.
    """
    lag = judged[1]
    if lag.n_independent <= 1:
        return 0.0
    surely = math.atanh(min(lag.steadiness, 1 - _ROUNDING))
    surely -= 2 / math.sqrt(2 * (lag.n_independent - 1))
    return lag.n_independent * math.sinh(max(surely, 0.0)) ** 2


def _common_lag(
    rows: Sequence[SummaryRow], bands: Sequence[Phases]
) -> tuple[CommonLag | None, bool]:
    """Return the lag of the longest bands, of two at least, and whether each band agrees on it.

    Noise and processes of their own spoil the shortest ones first.
    """
    for first in range(len(rows) - 1):
        found = common_lag(Phases.joined(bands[first:]))
        if found is not None:
            limits = rows[first].periods[0], rows[-1].periods[1]
            return replace(found, periods=limits), found.agrees_with(bands[first:])
    return None, False


def _with_lag(row: SummaryRow, lag: Lag, near: CommonLag | None, clear: bool) -> SummaryRow:
    names = ["n_independent", "pvalue", "mean_period", "phase", "phase_error"]
    names += ["lag", "lag_error", "whole_periods_known"] if clear else []
    told = replace(row, clear=clear, **{name: getattr(lag, name) for name in names})
    return replace(told, relation=_relation(told, near)) if clear else told


def _relation(row: SummaryRow, near: CommonLag | None) -> str:
    """Return the relation of the series by the phase of a row, or by its lag where it is known."""
    if row.phase_error > _NEARLY_IN_PHASE:
        return ""
    same = min(max(_IN_PHASE, _TOLD * row.phase_error), _NEARLY_IN_PHASE)
    if near is None:
        opposite = abs(row.phase) > math.pi / 2
        apart = math.pi - abs(row.phase) if opposite else abs(row.phase)
        if apart > _NEARLY_IN_PHASE:
            return MOD_PERIOD
        nearly = apart > same
        if opposite:
            return "nearly anti-phase" if nearly else "anti-phase"
        return "nearly in phase" if nearly else "in phase"
    if abs(2 * math.pi * row.lag / row.mean_period) <= same:
        return "anti-phase" if near.reversed else "in phase"
    shortest, longest = row.periods
    if abs(row.lag) - _TOLD * row.lag_error > longest / 2:
        return "lag > period/2"
    if abs(row.lag) + _TOLD * row.lag_error > shortest / 2:
        return "lag ~ period/2"
    return f"{'x' if row.lag > 0 else 'y'} leads{', reversed' if near.reversed else ''}"


def _pvalue_of_share(share: float, n: float, chance: float) -> float:
    """Return the probability that at least a share of n independent values exceeds its level."""
    hits = share * n
    return float(betainc(hits, n - hits + 1, chance)) if hits > 0 else 1.0
