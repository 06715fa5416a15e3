"""Findings of an analysis in rows and in words: what is significant, phases and lags."""

from .findings import Summary
from .lags import CommonLag, Lag, Phases, lag_between, mean_spectrum
from .octaves import summarise
from .power import Peak, PowerSummary, summarise_power
from .rhythms import common_cycle, passed
from .rows import SummaryRow

__all__ = [
    "CommonLag",
    "Lag",
    "Peak",
    "Phases",
    "PowerSummary",
    "Summary",
    "SummaryRow",
    "common_cycle",
    "lag_between",
    "mean_spectrum",
    "passed",
    "summarise",
    "summarise_power",
]
