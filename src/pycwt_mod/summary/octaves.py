"""From a field to rows: how much of each octave of periods is significant, its phase and lag.

A phase is a lag only at a given period, so no row is wider than an octave.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..time_axis import unit_of_time
from .findings import Summary
from .lags import Phases
from .rows import SummaryRow, judged_by_phase, judged_by_share

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Periods are limits of octaves, and coherences one, only to rounding error.
_ROUNDING = 1e-9

# Fewer independent values than this, as of an octave at the edge of the cone, are significant by
# chance together, and tell nothing of the width of a rhythm.
_FEWEST_INDEPENDENT = 2

# Units of time that are cycles of nature, which octaves from 1 on would cut in two; those from here
# on, in such a unit, hold them whole.
_CYCLES, _BELOW_A_CYCLE = ("years", "days"), 0.75


def summarise(
    field: Array,
    significant: Mask | None,
    outside: Mask,
    periods: Array,
    phase: Array | None = None,
    *,
    level: float,
    dt: float,
    names: Sequence[str],
    unit: str = "",
    quantity: str = "R2",
    common_cycle: float | None = None,
    cycle_in_noise: bool = False,
    every: int = 1,
    **of_phases: Any,
) -> Summary:
    """Describe a field, shape (n_scales, n_times), by octaves of its periods, which are in `unit`.

    The field has every `every`-th time of a record of interval `dt`; `of_phases` are options of
    `Phases.of`, and the other arguments are those of `Summary`. An octave that lies in the cone at
    all times, or below two samples, of which a record tells nothing, has no row. Without
    `significant`, steady phases are all the evidence.
    """
    _check_labels(names, 1 if phase is None else 2, unit)
    outside = outside & (periods > 2 * dt * (1 - _ROUNDING))[:, np.newaxis]
    used = outside & np.isfinite(field)
    found = np.full(field.shape, math.nan) if significant is None else significant & outside
    octaves = _octaves(periods, unit, outside)
    angles = np.zeros(field.shape) if phase is None else phase
    phases = Phases.of(field, angles, used, periods, dt * every, quantity, **of_phases)
    rows = [
        SummaryRow(
            periods=limits,
            area=float(outside[own].sum() / outside.sum()),
            significant=float(found[own].sum() / outside[own].sum()),
            mean=float(field[own][used[own]].mean()) if used[own].any() else math.nan,
            n_independent=float(phases.cells[own].sum()),
        )
        for limits, own in octaves
    ]
    bands = [phases.at(own) for _, own in octaves]
    if phase is None:
        told = judged_by_share(rows, 1 - level)
    else:
        told = judged_by_phase(rows, bands, 1 - level)
    narrow = tuple(
        row.periods
        for row, band in zip(rows, bands, strict=True)
        if row.n_independent >= _FEWEST_INDEPENDENT
        and row.significant > 1 - level
        and band.share_of_independent < 1
    )
    share = float(found.sum() / outside.sum()) if outside.any() else math.nan
    is_one = quantity == "R2" and bool(used.any()) and float(field[used].min()) > 1 - _ROUNDING
    facts = is_one and phases.is_real, significant is not None, common_cycle, cycle_in_noise
    return Summary(*told, share, level, dt, tuple(names), unit, quantity, *facts, narrow)


def _octaves(periods: Array, unit: str, outside: Mask) -> list[tuple[tuple[float, float], Mask]]:
    """Return the limits of octaves, and which scales they hold; none is in the cone always."""
    has_cycle = unit_of_time(unit) in _CYCLES and periods.max() >= 1
    start = _BELOW_A_CYCLE if has_cycle and periods.min() <= _BELOW_A_CYCLE else 1.0
    numbers = np.floor(np.log2(periods / start) + _ROUNDING)
    return [
        ((start * 2**number, start * 2 ** (number + 1)), numbers == number)
        for number in np.unique(numbers[outside.any(axis=1)]).tolist()
    ]


def _check_labels(names: Any, number: int, unit: Any) -> None:
    texts = isinstance(names, tuple | list) and all(isinstance(name, str) for name in names)
    if not texts or len(names) != number:
        raise TypeError(f"`names` must be {number} strings, one for each series, got {names!r}.")
    if not isinstance(unit, str):
        raise TypeError(f"`unit` must be a string, such as 'days', got {unit!r}.")
