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

__all__ = ["Summary", "SummaryRow", "aligned", "fill", "percent", "simulated_on", "summarise"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
# Where a part of the field is, which of its points there belong to it, its periods, its times.
Part = tuple[tuple[slice, slice], Mask, tuple[float, float], tuple[float, float] | None]

# Width of the text, that of a terminal.
_WIDTH = 80

# Periods are powers of two only to rounding error.
_ROUNDING = 1e-9

# Closer to 0 or 180 degrees than this, two series are called in phase or in anti-phase.
_NEARLY_IN_PHASE = math.pi / 4

# Phases that scatter by more than this name no relation.
_WIDEST_SPREAD = math.radians(60)

# An octave whose significant share is less than this multiple of that of chance is not named as
# the strongest, with a phase and a lag: these would be those of noise.
_STANDS_OUT = 2.0

# Regions that last fewer cycles of their period, or whose band is narrower, are left out.
_LEAST_CYCLES, _LEAST_OCTAVES = 1.0, 0.25

# Times with more decimals than this are written with an exponent.
_MOST_DECIMALS = 4


@dataclass(frozen=True)
class SummaryRow:
    """A part of a field within one octave of periods, outside the cone of influence.

    Parameters
    ----------
    periods : (float, float)
        Its limits: those of the octave, or the shortest and longest period of a region.
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
    times : (float, float), optional
        First and last time of a region; None for an octave.
    """

    periods: tuple[float, float]
    area: float
    significant: float
    mean: float
    mean_period: float
    phase: float
    phase_spread: float
    times: tuple[float, float] | None = None

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
    def phase_of_lag(self) -> float:
        """The phase from which the lag is computed: in anti-phase that of x turned upside down."""
        opposite = self.relation == "anti-phase"
        return math.remainder(self.phase - math.pi, 2 * math.pi) if opposite else self.phase

    @property
    def lag(self) -> float:
        """Time by which y follows x; in anti-phase, by which it follows x turned upside down."""
        return self.phase_of_lag / (2 * math.pi) * self.mean_period

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
        Octaves, from the shortest periods on; or regions, the largest first.
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

    def table(self, most: int | None = None) -> str:
        """Return the first rows, by default all, as lines of aligned columns."""
        if not self.rows[:most]:
            return "  none"
        lines = self._lines(most, self.names, f" ({self.unit})" if self.unit else "")
        if max(map(len, lines)) > _WIDTH and len(self.names) == 2:
            key = "  x is {}, y is {}".format(*self.names)
            key += f"; periods and lags in {self.unit}" if self.unit else ""
            lines = [fill(key), "", *self._lines(most, ("x", "y"), "")]
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

    def _lines(self, most: int | None, names: tuple[str, ...], unit: str) -> list[str]:
        """Return header and rows; the columns differ between octaves, regions and one series."""
        pair, regions = len(names) == 2, self.rows[0].times is not None
        header = [f"period{unit}", *(["time"] if regions else ["area", "signif."])]
        header += (
            [self.quantity, "phase (deg)", f"lag{unit}", "relation"] if pair else ["mean power"]
        )
        rows = []
        for row in self.rows[:most]:
            if row.times is not None:
                cells = [self._limits(row), f"{row.times[0]:.6g} to {row.times[1]:.6g}"]
            else:
                cells = [self._limits(row), percent(row.area), percent(row.significant)]
            rows.append(
                [*cells, f"{row.mean:.2f}", *(self._phase_cells(row, names) if pair else [])]
            )
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
        where = f"periods of {self._limits(row)}{unit}"
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

    def _limits(self, row: SummaryRow) -> str:
        texts = [f"{p:.4g}" if row.times is None else self._time(p) for p in row.periods]
        return " to ".join(texts)

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
    times: Array | None = None,
) -> Summary:
    """Describe a field, shape (n_scales, n_times), by octaves of its ascending periods.

    With times, shape (n_times,), the rows are instead the contiguous significant regions within
    an octave that are large enough. The other arguments are those of `Summary`. An octave that
    lies in the cone at all times has no row.
    """
    _check_labels(names, 1 if phase is None else 2, unit)
    found, total = significant & outside, int(outside.sum())
    logs = np.broadcast_to(np.log2(periods)[:, np.newaxis], field.shape)
    rows = []
    for where, inside, limits, span in _parts(found, outside, periods, times):
        if not inside.any():
            continue
        hits, values = inside & found[where], field[where][inside]
        middle = logs[where][hits].mean() if hits.any() else math.nan
        rows.append(
            SummaryRow(
                limits,
                float(inside.sum()) / total,
                float(hits.sum() / inside.sum()),
                float(np.nanmean(values)) if np.isfinite(values).any() else math.nan,
                math.sqrt(limits[0] * limits[1]) if span else float(2**middle),
                *((math.nan, math.nan) if phase is None else _circular(phase[where][hits])),
                span,
            )
        )
    if times is not None:
        rows.sort(key=lambda row: -row.area)
    share = float(found.sum() / total) if total else math.nan
    return Summary(tuple(rows), share, level, dt, tuple(names), unit, quantity)


def _check_labels(names: Any, number: int, unit: Any) -> None:
    texts = isinstance(names, tuple | list) and all(isinstance(name, str) for name in names)
    if not texts or len(names) != number:
        raise TypeError(f"`names` must be {number} strings, one for each series, got {names!r}.")
    if not isinstance(unit, str):
        raise TypeError(f"`unit` must be a string, such as 'days', got {unit!r}.")


def _parts(found: Mask, outside: Mask, periods: Array, times: Array | None) -> Iterator[Part]:
    """Yield the place of each octave or region, its points there, its periods and its times."""
    octaves = np.floor(np.log2(periods) + _ROUNDING)
    for octave in np.unique(octaves).tolist():
        first, last = np.flatnonzero(octaves == octave)[[0, -1]]
        if times is None:
            where = slice(first, last + 1), slice(None)
            yield where, outside[where], (2.0**octave, 2.0 ** (octave + 1)), None
        else:
            yield from _regions(found, slice(first, last + 1), periods, times)


def _regions(found: Mask, own: slice, periods: Array, times: Array) -> Iterator[Part]:
    """Yield the contiguous regions in the rows of an octave; they touch across corners too."""
    from scipy import ndimage  # only the demonstration needs it

    labels, _ = ndimage.label(found[own], np.ones((3, 3), dtype=int))
    for label, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        low, high = periods[own][rows][[0, -1]].tolist()
        start, end = times[columns][[0, -1]].tolist()
        cycles = (end - start) / math.sqrt(low * high)
        if cycles >= _LEAST_CYCLES and math.log2(high / low) >= _LEAST_OCTAVES:
            where = slice(own.start + rows.start, own.start + rows.stop), columns
            yield where, labels[rows, columns] == label, (low, high), (start, end)


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
        kept, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return wrapped.replace("\N{NO-BREAK SPACE}", " ")


def percent(share: float) -> str:
    """Return a share as text."""
    return "none" if math.isnan(share) else f"{100 * share:.0f} %"


def simulated_on(provenance: Mapping[str, Any]) -> str:
    """Return the backend and workers of a simulation, from its provenance, in words."""
    name = provenance["backend"]
    number = 1 if name == "sequential" else provenance["n_workers"]
    return f"backend {name} ({number} worker{'s' if number != 1 else ''})"
