"""A field in a few rows: how much of each octave of periods is significant, its phase and lag.

The command line, the demonstration and `CoherenceResult.summary` print these rows. A phase is a
lag only at a given period, so no row is wider than an octave.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "WIDTH",
    "Summary",
    "SummaryRow",
    "aligned",
    "fill",
    "limits_of",
    "percent",
    "simulated_on",
    "summarise",
]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Width of the text, that of a terminal.
WIDTH = 80

# Periods are powers of two only to rounding error.
_ROUNDING = 1e-9

# Closer to 0 or 180 degrees than this, two series are called in phase or in anti-phase.
_NEARLY_IN_PHASE = math.pi / 4

# Phases that scatter by more than this name no relation.
_WIDEST_SPREAD = math.radians(60)

# An octave whose significant share is less than this multiple of that of chance is not named as
# the strongest, with a phase and a lag: these would be those of noise.
_STANDS_OUT = 2.0

# Times with more decimals than this are written with an exponent.
_MOST_DECIMALS = 4


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
        Share of its points that are significant.
    mean : float
        Mean of the field over its points.
    mean_period : float
        The period at which phases are turned into lags; NaN without significant points.
    phase, phase_spread : float
        Mean phase of its significant points in radians, positive where x leads, and its circular
        standard deviation; NaN without any, or for a field without phases.
    """

    periods: tuple[float, float]
    area: float
    significant: float
    mean: float
    mean_period: float
    phase: float
    phase_spread: float

    @property
    def relation(self) -> str:
        """Relation of the series: "in phase", "anti-phase", "x leads", "y leads", or ""."""
        if math.isnan(self.phase):
            return ""
        if abs(self.phase) <= _NEARLY_IN_PHASE:
            return "in phase"
        if abs(self.phase) >= math.pi - _NEARLY_IN_PHASE:
            return "anti-phase"
        return "x leads" if self.phase > 0 else "y leads"

    @property
    def lag(self) -> float:
        """Time by which y follows x; in anti-phase, by which it follows x turned upside down."""
        opposite = self.relation == "anti-phase"
        phase = math.remainder(self.phase - math.pi, 2 * math.pi) if opposite else self.phase
        return phase / (2 * math.pi) * self.mean_period

    @property
    def lag_spread(self) -> float:
        """Spread of the phase as a time."""
        return self.phase_spread / (2 * math.pi) * self.mean_period


@dataclass(frozen=True)
class Summary:
    """The rows that describe a field; ``print(summary)`` shows them as a table and in words.

    Parameters
    ----------
    rows : tuple of SummaryRow
        Octaves, from the shortest periods on.
    share : float
        Share of the points outside the cone of influence that are significant; NaN without any.
    level : float
        The significance level as a probability.
    dt : float
        Sampling interval.
    names : tuple of str
        Names of the two series; of one, if the field has no phases.
    unit : str
        Unit of time; "" if it is not known.
    quantity : str
        The values of the field: "R2" or "power".
    """

    rows: tuple[SummaryRow, ...]
    share: float
    level: float
    dt: float
    names: tuple[str, ...]
    unit: str
    quantity: str

    @property
    def strongest(self) -> SummaryRow | None:
        """The row with the largest significant share; None if nothing is significant."""
        best = max(self.rows, key=lambda row: (row.significant, row.mean), default=None)
        return best if best is not None and best.significant > 0 else None

    def as_dict(self) -> dict[str, Any]:
        """Return the rows for other programs; angles in radians."""
        best = self.strongest
        return {
            "share_significant": self.share,
            "bands": [self._row_as_dict(row) for row in self.rows],
            "strongest": None if best is None else self._row_as_dict(best),
        }

    def table(self) -> str:
        """Return the rows as lines of aligned columns."""
        if not self.rows:
            return "  none"
        lines = self._lines(self.names, f" ({self.unit})" if self.unit else "")
        if max(map(len, lines)) > WIDTH and len(self.names) == 2:
            key = "  x is {}, y is {}".format(*self.names)
            key += f"; periods and lags in {self.unit}" if self.unit else ""
            lines = [fill(key), "", *self._lines(("x", "y"), "")]
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return the table with a heading, and the strongest row in words."""
        heading = "By octaves of period, outside the cone of influence"
        end = []
        if len(self.names) == 2:
            x, y = self.names
            heading += (
                " (phase and lag: mean and spread over the significant points; lag: by which "
                f"{y} follows {x}, in anti-phase the reverse of {x})"
            )
            end = list(self._finding())
        chance = (
            f"{percent(self.share)} of the area is significant at the {100 * self.level:.4g} % "
            f"level; {100 * (1 - self.level):.3g} % would be by chance."
        )
        return "\n".join([fill(f"{heading}:", ""), "", self.table(), "", fill(chance), *end])

    @property
    def _least(self) -> float:
        """Significant share from which the relation of an octave is not just that of noise."""
        return _STANDS_OUT * (1 - self.level)

    def _row_as_dict(self, row: SummaryRow) -> dict[str, Any]:
        return {
            "periods": row.periods,
            "area": row.area,
            "significant": row.significant,
            f"mean_{self.quantity}": row.mean,
            "mean_period": row.mean_period,
            "phase": row.phase,
            "phase_spread": row.phase_spread,
            "lag": row.lag,
            "lag_spread": row.lag_spread,
            "relation": row.relation or None,
        }

    def _lines(self, names: tuple[str, ...], unit: str) -> list[str]:
        """Return header and rows; those of one series have no phase."""
        pair = len(names) == 2
        header = [f"period{unit}", "area", "signif."]
        header += (
            [self.quantity, "phase (deg)", f"lag{unit}", "relation"] if pair else ["mean power"]
        )
        rows = [
            [
                limits_of(row.periods),
                percent(row.area),
                percent(row.significant),
                f"{row.mean:.2f}",
                *(self._phase_cells(row, names) if pair else []),
            ]
            for row in self.rows
        ]
        return aligned([header, *rows])

    def _phase_cells(self, row: SummaryRow, names: tuple[str, ...]) -> list[str]:
        """Return phase, lag and relation; no relation where it would be that of noise."""
        if not row.relation:
            return ["-", "-", "-"]
        told = {"x leads": f"{names[0]} leads", "y leads": f"{names[1]} leads"}
        clear = row.significant >= self._least and row.phase_spread <= _WIDEST_SPREAD
        return [
            f"{math.degrees(row.phase):+z.0f} +- {math.degrees(row.phase_spread):.0f}",
            f"{self._time(row.lag, '+z')} +- {self._time(row.lag_spread)}",
            told.get(row.relation, row.relation) if clear else "-",
        ]

    def _finding(self) -> Iterator[str]:
        """Yield the lines that put the strongest row in words."""
        row, unit = self.strongest, f"\N{NO-BREAK SPACE}{self.unit}" if self.unit else ""
        if row is None:
            yield "Strongest: nothing is significant."
            return
        where = f"periods of {limits_of(row.periods)}{unit}"
        if row.significant < self._least:
            yield fill(
                f"No octave stands out from chance; the most is {percent(row.significant)}, at "
                f"{where}."
            )
            return
        x, y = self.names
        first = f"the reverse of {x}" if row.relation == "anti-phase" else x
        follows = f"{y} follows {first}" if row.lag >= 0 else f"{first} follows {y}"
        start = {"in phase": "in phase, ", "anti-phase": "in anti-phase, "}.get(row.relation, "")
        lag = f"{self._time(abs(row.lag))} +- {self._time(row.lag_spread)}{unit}"
        yield fill(
            f"Strongest: {where}, {percent(row.significant)} significant, mean {self.quantity} "
            f"{row.mean:.2f};"
        )
        yield fill(f"  phase {math.degrees(row.phase):+z.0f} deg: {start}{follows} by {lag}.")

    def _time(self, time: float, sign: str = "") -> str:
        """Return a time to about a tenth of the sampling interval."""
        decimals = max(0, round(1 - math.log10(self.dt)))
        return format(time, f"{sign}.{decimals}f" if decimals <= _MOST_DECIMALS else f"{sign}.2g")


def summarise(
    field: Array,
    significant: Mask,
    outside: Mask,
    periods: Array,
    phase: Array | None = None,
    *,
    level: float,
    dt: float,
    names: Sequence[str],
    unit: str = "",
    quantity: str = "R2",
) -> Summary:
    """Describe a field, shape (n_scales, n_times), by octaves of its ascending periods.

    The other arguments are those of `Summary`. An octave that lies in the cone at all times has no
    row.
    """
    _check_labels(names, 1 if phase is None else 2, unit)
    found, total = significant & outside, int(outside.sum())
    octaves = np.floor(np.log2(periods) + _ROUNDING)
    rows = []
    for octave in np.unique(octaves).tolist():
        own = octaves == octave
        inside, hits, values = outside[own], found[own], field[own][outside[own]]
        if not inside.any():
            continue
        logs = np.broadcast_to(np.log2(periods[own])[:, np.newaxis], hits.shape)
        rows.append(
            SummaryRow(
                (2.0**octave, 2.0 ** (octave + 1)),
                float(inside.sum()) / total,
                float(hits.sum() / inside.sum()),
                float(np.nanmean(values)) if np.isfinite(values).any() else math.nan,
                float(2 ** logs[hits].mean()) if hits.any() else math.nan,
                *((math.nan, math.nan) if phase is None else _circular(phase[own][hits])),
            )
        )
    share = float(found.sum() / total) if total else math.nan
    return Summary(tuple(rows), share, level, dt, tuple(names), unit, quantity)


def _check_labels(names: Any, number: int, unit: Any) -> None:
    texts = isinstance(names, tuple | list) and all(isinstance(name, str) for name in names)
    if not texts or len(names) != number:
        raise TypeError(f"`names` must be {number} strings, one for each series, got {names!r}.")
    if not isinstance(unit, str):
        raise TypeError(f"`unit` must be a string, such as 'days', got {unit!r}.")


def _circular(angles: Array) -> tuple[float, float]:
    """Return the mean of angles and their circular standard deviation."""
    if not angles.size:
        return math.nan, math.nan
    resultant = np.exp(1j * angles).mean()
    length = min(1.0, max(abs(resultant), _ROUNDING))
    return float(np.angle(resultant)), math.sqrt(-2 * math.log(length))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of texts as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def fill(line: str, indent: str = "  ") -> str:
    """Return a line as lines of the width of a terminal; numbers keep their units."""
    kept = re.sub(r"(?<=\d) (?=%|deg|s$|\+-)|(?<=\+-) ", "\N{NO-BREAK SPACE}", line)
    wrapped = textwrap.fill(
        kept, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return wrapped.replace("\N{NO-BREAK SPACE}", " ")


def limits_of(band: tuple[float, float]) -> str:
    """Return a band of periods as text."""
    return f"{band[0]:.4g} to {band[1]:.4g}"


def percent(share: float) -> str:
    """Return a share as text."""
    return "none" if math.isnan(share) else f"{100 * share:.0f} %"


def simulated_on(provenance: Mapping[str, Any]) -> str:
    """Return the backend and workers of a simulation, from its provenance, in words."""
    name = provenance["backend"]
    number = 1 if name == "sequential" else provenance["n_workers"]
    return f"backend {name} ({number} worker{'s' if number != 1 else ''})"
