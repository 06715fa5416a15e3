"""Numbers, lines and tables as text for a terminal."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

# Width of the text, that of a terminal.
WIDTH = 80

# Numbers with more decimals than this are written with an exponent.
_MOST_DECIMALS = 6


def _decimals_of(error: float) -> int:
    """Return the decimals of a number whose error is given: to the first digit of the error."""
    return max(0, -math.floor(math.log10(error))) if error > 0 else 0


def aligned(rows: Sequence[Sequence[str]], gap: str = "  ") -> list[str]:
    """Return rows of texts as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + gap.join(map(str.ljust, row, widths)).rstrip() for row in rows]


def fits(lines: Sequence[str]) -> bool:
    """Return whether a terminal is wide enough for lines."""
    return max(map(len, lines)) <= WIDTH


def fill(line: str, indent: str = "  ") -> str:
    """Return a line as lines of the width of a terminal; numbers keep their units."""
    kept = re.sub(r"(?<=\d) (?=%|deg|s$|\+-)|(?<=\+-) ", "\N{NO-BREAK SPACE}", line)
    wrapped = textwrap.fill(
        kept, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return wrapped.replace("\N{NO-BREAK SPACE}", " ")


def as_number(value: float, decimals: int, sign: str = "") -> str:
    """Return a number with some decimals, without an exponent unless it is very small."""
    return format(value, f"{sign}.{decimals}f" if decimals <= _MOST_DECIMALS else f"{sign}.1e")


def short(value: float) -> str:
    """Return a number to three digits, or more before the point, and without an exponent."""
    return f"{value:.{max(3, len(f'{abs(value):.0f}'))}g}"


def with_error(value: float, error: float, sign: str = "") -> str:
    """Return a number with its error, whose first digit is the last of both."""
    decimals = _decimals_of(error)
    return f"{as_number(value, decimals, sign)} +- {as_number(error, decimals)}"


def degrees(phase: float, error: float) -> str:
    """Return a phase in degrees with its error, if it has one."""
    angle, spread = math.degrees(phase), math.degrees(error)
    decimals = 0 if math.isnan(spread) else min(_decimals_of(spread), 1)
    told = f"{angle:+z.{decimals}f}".replace("-180", "+180")
    return told if math.isnan(spread) else f"{told} +- {spread:.{decimals}f}"


def limits_of(band: tuple[float, float]) -> str:
    """Return a band of periods as text."""
    return " to ".join(
        f"{limit:.0f}" if limit >= 1000 else f"{limit:.{4 - (limit < 1) - (limit < 0.1)}g}"
        for limit in band
    )


def listed(names: Sequence[str]) -> str:
    """Return names as "a, b and c"."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def percent(share: float) -> str:
    """Return a share as text."""
    return "none" if math.isnan(share) else f"{100 * share:.0f} %"


def simulated_on(provenance: Mapping[str, Any]) -> str:
    """Return the backend and workers of a simulation, from its provenance, in words."""
    name = provenance["backend"]
    number = 1 if name == "sequential" else provenance["n_workers"]
    return f"backend {name} ({number} worker{'s' if number != 1 else ''})"
