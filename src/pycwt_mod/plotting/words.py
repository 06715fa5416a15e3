"""Words of the user in a picture: in which dollars matplotlib sees mathematics, and in lines."""

from __future__ import annotations

import re
import textwrap

from matplotlib.mathtext import MathTextParser

_SPACE, _KEPT_SPACE = " ", "\N{NO-BREAK SPACE}"

# A dollar of its own, or mathematics between two: inside, next to these, are no spaces nor the
# brackets of "Price ($), change ($)", and no digit follows as in "$5/$10".
_DOLLARS = re.compile(r"\\\$|\$(?![\s)\]])(?P<inside>(?:\\.|[^$\\\n])+)(?<![\s(\[])\$(?!\d)|\$")
_MATHEMATICS = re.compile(r"[\\^_]")


def with_dollars(text: object) -> str:
    """Return text whose dollars matplotlib draws as such, but for those around mathematics."""
    return _DOLLARS.sub(_drawn, str(text))


def in_lines(text: str, letters: int, *, break_long_words: bool = False) -> str:
    """Return text in lines of some letters, broken between words and not in mathematics."""
    kept = _DOLLARS.sub(lambda found: found[0].replace(_SPACE, _KEPT_SPACE), with_dollars(text))
    lines = textwrap.wrap(kept, letters, break_long_words=break_long_words, break_on_hyphens=False)
    return "\n".join(lines).replace(_KEPT_SPACE, _SPACE)


def _drawn(found: re.Match[str]) -> str:
    inside = found["inside"]
    is_currency = found.string[: found.start()][-1:].isalpha() and not (
        inside and _MATHEMATICS.search(inside)  # "US$/CA$", but not "m$^3$"
    )
    if found[0] == r"\$" or (inside and not is_currency and _parses(found[0])):
        return found[0]
    return found[0].replace("$", r"\$")


def _parses(mathematics: str) -> bool:
    try:
        MathTextParser("path").parse(mathematics)
    except ValueError:
        return False
    return True
