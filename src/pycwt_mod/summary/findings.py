"""The rows that describe a field in a table and in words.

The command line, the demonstration and the results print them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any, Self, TypeVar

from ..frames import as_dataframe
from ..time_axis import unit_factor
from .lags import CommonLag
from .rows import MOD_PERIOD, OF_PHASES, SummaryRow
from .text import (
    aligned,
    as_number,
    degrees,
    fill,
    fits,
    limits_of,
    listed,
    percent,
    short,
    with_error,
)

# Keeps a ratio to errors of zero finite.
_ROUNDING = 1e-9

# A lag is told from none if it is this multiple of its error.
_TOLD_FROM_NONE = 2.0

# Of a relation, which a narrow table writes as a star.
_REVERSED = ", reversed"

# A cycle is a whole number of samples to this share of its length.
_WHOLE = 0.01

# Times shorter than this share of the sampling interval are not worth a digit.
_FINEST = 1e-3

Timed = TypeVar("Timed", SummaryRow, CommonLag)
_TIMES = "mean_period", "lag", "lag_error"  # of these, beside `periods`


@dataclass(frozen=True, repr=False)
class Summary:
    """The rows that describe a field, which are shown as a table and in words.

    Parameters
    ----------
    rows : tuple of SummaryRow
        Octaves, from the shortest periods on. Their limits are powers of 2, or 0.75 times these
        where they would cut a cycle of 1 year or 1 day: of monthly data 0.75 to 1.5 years.
    strongest : SummaryRow or None
        Of the rows that stand out, the one with the best known phase: the most independent values,
        weighted by the steadiness of their phase. None if none stands out.
    common_lag : CommonLag or None
        The one lag that fits the phases of several rows, and from which the lag of each row differs
        by chance only, if there is one.
    changing_lag : CommonLag or None
        The lag about which those of several rows differ by more than chance, if it is near enough
        to tell their whole periods.
    share : float
        Share of the points outside the cone of influence that are significant; NaN without any,
        or if significance was not tested.
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
    same : bool
        Whether the two series are the same, or multiples of each other.
    tested : bool
        Whether significance was tested; if not, a steady phase is all the evidence.
    common_cycle : float or None
        Period of a cycle that both series keep through the record, such as the year.
    cycle_in_noise : bool
        Whether the noise that they were compared with has their cycles, too.
    narrow : tuple of (float, float)
        Limits of the octaves with significant points where the series have narrower rhythms than
        red noise: unrelated ones would be coherent there, too, and keep their phase for a while.
        Of octaves with fewer than two independent values none.
    """

    rows: tuple[SummaryRow, ...]
    strongest: SummaryRow | None
    common_lag: CommonLag | None
    changing_lag: CommonLag | None
    share: float
    level: float
    dt: float
    names: tuple[str, ...]
    unit: str
    quantity: str
    same: bool = False
    tested: bool = True
    common_cycle: float | None = None
    cycle_in_noise: bool = False
    narrow: tuple[tuple[float, float], ...] = ()

    def in_unit(self, unit: str) -> Self:
        """Return the findings with all times in another unit, or with it as their label."""
        factor = unit_factor(self.unit, unit, "unit")
        return replace(
            self,
            unit=unit,
            rows=tuple(_scaled(row, factor) for row in self.rows),
            strongest=self.strongest and _scaled(self.strongest, factor),
            common_lag=self.common_lag and _scaled(self.common_lag, factor),
            changing_lag=self.changing_lag and _scaled(self.changing_lag, factor),
            dt=self.dt * factor,
            common_cycle=self.common_cycle and self.common_cycle * factor,
            narrow=tuple((low * factor, high * factor) for low, high in self.narrow),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the findings for other programs; angles in radians."""
        return {
            "share_significant": self.share,
            "bands": [self._row_as_dict(row) for row in self.rows],
            "strongest": self.strongest and self._row_as_dict(self.strongest),
            "common_lag": self.common_lag and asdict(self.common_lag),
            "changing_lag": self.changing_lag and asdict(self.changing_lag),
            "same_series": self.same,
            "common_cycle": self.common_cycle,
            "narrow_rhythms": list(map(list, self.narrow)),
        }

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield a record of each row; ``pandas.DataFrame(summary)`` is their table."""
        left_out = {"periods"} if len(self.names) == 2 else {"periods", *OF_PHASES}
        for row in self.rows:
            told = {k: v for k, v in self._row_as_dict(row).items() if k not in left_out}
            yield {"shortest": row.periods[0], "longest": row.periods[1], **told}

    def to_dataframe(self) -> Any:
        """Return the rows as a pandas DataFrame, a column for each of their attributes.

        The limits of the periods are in two columns, `shortest` and `longest`; a field without
        phases has no column of phases and lags.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return as_dataframe(list(self))

    def table(self) -> str:
        """Return the rows as lines of aligned columns."""
        if not self.rows:
            return "  none"
        lines = self._lines(self.names, f" ({self.unit})" if self.unit else "")
        unit = [f"periods and lags in {self.unit}"] if self.unit else []
        if not fits(lines) and len(self.names) == 2:
            star = ["*: reversed"] if any(_REVERSED in row.relation for row in self.rows) else []
            key = [f"  {'; '.join([*unit, *star])}", ""] if unit or star else []
            lines = [line.replace(_REVERSED, "*") for line in self._lines(self.names, "")]
            lines = [*key, *lines]
        if not fits(lines) and len(self.names) == 2:
            lines = self._lines(("x", "y"), "")
            lines = lines if fits(lines) else self._lines(("x", "y"), "", " ")
            lines = [fill("; ".join(["  x is {}, y is {}".format(*self.names), *unit])), "", *lines]
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return the table with a heading, and the findings in words."""
        nothing = self._nothing_to_tell()
        if nothing:
            return fill(nothing)
        lines = [fill(f"{self._heading()}:", ""), "", self.table(), "", fill(self._chance())]
        if len(self.names) == 2:
            lines += self._findings()
            if self.common_cycle is not None:
                lines.append(fill(self._warning(self.common_cycle)))
            elif self.narrow and not self.cycle_in_noise:
                lines.append(fill(self._doubt()))
        return "\n".join(lines)

    __repr__ = __str__

    def _nothing_to_tell(self) -> str:
        if self.same:
            why = "the two series are the same, or multiples of each other"
            if len(self.names) == 1:
                why = "the series is a sum of multiples of the others"
            return f"R2 is 1 everywhere: {why}, so there is nothing to test."
        if self.rows and all(math.isnan(row.mean) for row in self.rows):
            return (
                f"{self.quantity} is not defined anywhere: a series is a sum of multiples of "
                "others, or nothing is left of it without them. Leave it out."
            )
        return ""

    def _heading(self) -> str:
        heading = "By octaves of period, outside the cone of influence"
        if len(self.names) == 1:
            return heading
        x, y = self.names
        first = f"the reverse of {x}" if self._upside_down else x
        return (
            f"{heading} (phase and lag: mean and standard error, where the phase is steady beyond "
            f"chance; lag: by which {y} follows {first})"
        )

    def _chance(self) -> str:
        """Return how much is significant, and how much would be by chance."""
        if not self.tested:
            return "Significance was not tested."
        return (
            f"{percent(self.share)} of the area is significant at the {100 * self.level:.4g} % "
            f"level; {100 * (1 - self.level):.3g} % would be by chance."
        )

    def _row_as_dict(self, row: SummaryRow) -> dict[str, Any]:
        told = asdict(row) | {"relation": row.relation or None}
        return {f"mean_{self.quantity}" if key == "mean" else key: told[key] for key in told}

    def _lines(self, names: tuple[str, ...], unit: str, gap: str = "  ") -> list[str]:
        return aligned(list(zip(*self._columns(names, unit), strict=True)), gap)

    def _columns(self, names: tuple[str, ...], unit: str) -> list[list[str]]:
        """Return header and cells of each column; those of one series have no phase."""
        pair, rows = len(names) == 2, self.rows
        columns = [
            [f"period{unit}", *(limits_of(row.periods) for row in rows)],
            ["area", *(percent(row.area) for row in rows)],
            ["signif.", *(percent(row.significant) if self.tested else "-" for row in rows)],
            [self.quantity if pair else f"mean {self.quantity}"]
            + [as_number(row.mean, 2) for row in rows],
        ]
        if pair:
            header = ["phase (deg)", f"lag{unit}", "relation"]
            cells = [header, *(self._phase_cells(row, names) for row in rows)]
            columns += map(list, zip(*cells, strict=True))
        return columns

    def _phase_cells(self, row: SummaryRow, names: tuple[str, ...]) -> list[str]:
        """Return phase, lag and relation; none where they would be those of noise."""
        if not row.clear:
            return ["-", "-", "-"]
        # In anti-phase the lag is that of the reverse, or half a period: only more bands tell.
        unknown = row.relation.endswith("anti-phase") and not row.whole_periods_known
        lag = "-" if unknown or math.isnan(row.lag) else self._lag(row.lag, row.lag_error, "+z")
        relation = re.sub("^[xy](?= leads)", lambda x: names["xy".index(x[0])], row.relation)
        return [degrees(row.phase, row.phase_error), lag, relation or "-"]

    def _warning(self, period: float) -> str:
        """Return what a common cycle means, and what to do about it."""
        x, y = self.names
        samples = period / self.dt
        whole = round(samples)
        is_whole = abs(samples - whole) < _WHOLE * samples
        length = whole * self.dt if is_whole else period
        unit = self._unit.removesuffix("s") if f"{length:.3g}" == "1" else self._unit
        told = f"Both {x} and {y} keep a cycle of {short(length)}{unit}"
        if self.tested and self.cycle_in_noise:
            return f"{told}, as has the noise of the test; but a steady lag near it tells nothing."
        near = "Near it any two such series are coherent, with a steady lag"
        remedy = f"Remove it first: `prepare(..., season={whole})`, `--deseason {whole}`"
        if not is_whole:
            remedy = f"It is no whole number of samples ({samples:.4g}): believe nothing near it"
        if self.quantity == "R2":
            remedy += ', or test with noise="phase"'
        return f"{told}. {near}. {remedy}."

    def _doubt(self) -> str:
        """Return what narrow rhythms mean, and what to do about it."""
        bands = listed([limits_of(limits) for limits in self.narrow])
        remedy = ': test with noise="phase"' if self.quantity == "R2" else ""
        return (
            f"At periods of {bands}{self._unit} the series have narrower rhythms than red noise, "
            f"and unrelated series with such rhythms have more than {100 * (1 - self.level):.3g} % "
            f"of the area significant{remedy}."
        )

    def _findings(self) -> Iterator[str]:
        """Yield the lines that put in words what the rows say together, and the strongest."""
        x, y = self.names
        row, common, unit = self.strongest, self.common_lag, self._unit
        if common is not None:
            bands = f"all bands from {limits_of(common.periods)}{unit}"
            lag = self._lag(abs(common.lag), common.lag_error)
            if abs(common.lag) >= _TOLD_FROM_NONE * common.lag_error:
                told = self._follows(common.lag, common.reversed)
                yield fill(f"One lag fits {bands}: {told} by {lag}{unit}.")
            else:
                phase = "anti-phase" if common.reversed else "phase"
                yield fill(f"One phase fits {bands}: {x} and {y} are in {phase} (lag {lag}{unit}).")
            yield from self._shorter(common)
        if self.changing_lag is not None:
            yield fill(self._change(self.changing_lag))
        if any(each.relation == MOD_PERIOD for each in self.rows):
            yield fill("A lag mod period may be longer or shorter by whole periods.")
        if row is None:
            least = (
                "nothing is significant"
                if self.tested and not self.share > 0
                else "no octave has a phase that is steady beyond chance"
            )
            yield f"Strongest evidence: {least}."
            return
        mean = f"mean {self.quantity}\N{NO-BREAK SPACE}{as_number(row.mean, 2)}"
        share = f"{percent(row.significant)} significant, " if self.tested else ""
        yield fill(f"Strongest evidence: periods of {limits_of(row.periods)}{unit}, {share}{mean};")
        yield fill(f"  phase {degrees(row.phase, row.phase_error)} deg{self._told(row)}.")

    def _shorter(self, common: CommonLag) -> Iterator[str]:
        """Yield the lag of the octave below those of the common lag, where it is another."""
        rows = [row for row in self.rows if row.clear and row.periods[0] < common.periods[0]]
        if not rows or math.isnan(rows[-1].lag) or common.reversed:
            return
        row = rows[-1]
        lag = row.lag + row.mean_period * round((common.lag - row.lag) / row.mean_period)
        if abs(lag - common.lag) > _TOLD_FROM_NONE * math.hypot(row.lag_error, common.lag_error):
            told = f"{self._lag(lag, row.lag_error, '+z')}{self._unit}"
            band = f"{limits_of(row.periods)}{self._unit}"
            yield fill(f"At shorter periods the lag is another: {told} at {band}.")

    def _change(self, near: CommonLag) -> str:
        """Return how lags that do not agree differ, by the two rows that contradict most."""
        rows = [
            row
            for row in self.rows
            if row.clear and row.periods[0] >= near.periods[0] and not math.isnan(row.lag)
        ]
        first, last = max(combinations(rows, 2), key=_contradiction)
        change = "grows" if abs(last.lag) > abs(first.lag) else "falls"
        change = "changes" if first.lag * last.lag < 0 else change
        ends = ", ".join(
            f"{self._lag(row.lag, row.lag_error, '+z')}{self._unit} at {limits_of(row.periods)}"
            for row in (first, last)
        )
        return f"The lag {change} with the period: {ends}{self._unit}."

    def _told(self, row: SummaryRow) -> str:
        """Return what the phase of a row means."""
        upside_down = self._upside_down and row.whole_periods_known
        follows = self._follows(row.lag, upside_down)
        follows += f" by {self._lag(abs(row.lag), row.lag_error)}{self._unit}"
        if not row.relation.endswith("phase"):
            more = ", or by whole periods more or less" if row.relation == MOD_PERIOD else ""
            return f": {follows}{more}" if row.relation else ""
        start = f": {row.relation.replace('anti-phase', 'in anti-phase')}"
        return f"{start}, {follows}" if row.relation == "nearly in phase" else start

    def _follows(self, lag: float, upside_down: bool) -> str:
        first, second = self.names if lag >= 0 else self.names[::-1]
        return f"{second} follows {f'the reverse of {first}' if upside_down else first}"

    def _lag(self, lag: float, error: float, sign: str = "") -> str:
        """Return a lag with its error, whose first digit that counts is the last."""
        return with_error(lag, max(error, _FINEST * self.dt), sign)

    @property
    def _upside_down(self) -> bool:
        near = self.common_lag or self.changing_lag
        return near is not None and near.reversed

    @property
    def _unit(self) -> str:
        return f"\N{NO-BREAK SPACE}{self.unit}" if self.unit else ""


def _scaled(found: Timed, factor: float) -> Timed:
    """Return a row or a lag with its times multiplied by a number."""
    shortest, longest = found.periods
    times = {name: getattr(found, name) * factor for name in _TIMES if hasattr(found, name)}
    return replace(found, periods=(shortest * factor, longest * factor), **times)


def _contradiction(pair: tuple[SummaryRow, SummaryRow]) -> float:
    one, other = pair
    return abs(one.lag - other.lag) / math.hypot(one.lag_error, other.lag_error, _ROUNDING)
