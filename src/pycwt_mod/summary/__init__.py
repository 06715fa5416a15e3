"""Findings of an analysis in rows and in words: what is significant, phases and lags."""

from .cycles import common_cycle
from .findings import Summary
from .lags import CommonLag, Lag, Phases, lag_between, mean_spectrum, weights_of
from .octaves import summarise
from .power import Peak, PowerSummary, summarise_power
from .rhythms import passed
from .rows import SummaryRow
from .text import (
    WIDTH,
    aligned,
    as_number,
    fill,
    fits,
    limits_of,
    listed,
    percent,
    short,
    simulated_on,
)

__all__ = [
    "WIDTH",
    "CommonLag",
    "Lag",
    "Peak",
    "Phases",
    "PowerSummary",
    "Summary",
    "SummaryRow",
    "aligned",
    "as_number",
    "common_cycle",
    "fill",
    "fits",
    "lag_between",
    "limits_of",
    "listed",
    "mean_spectrum",
    "passed",
    "percent",
    "short",
    "simulated_on",
    "summarise",
    "summarise_power",
    "weights_of",
]
