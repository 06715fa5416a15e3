"""Messages of the package in the words of a command: its options, and the columns of its files."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..helpers import AR1_REMEDY

# How the options are called that functions take as arguments, by the names of these.
OPTIONS = {
    **{name: f"--{name}" for name in ("dt", "dj", "s0", "al1", "al2", "backend", "tol", "method")},
    **{name: f"--{name}" for name in ("noise", "fixed", "null", "correction", "wavelet", "decim")},
    "J": "--scales",
    "significance_level": "--level",
    "level": "--level",
    "mc_count": "--mc-count",
    "rng_seed": "--seed",
    "n_workers": "--workers",
    "bands": "--band",
    "band": "--band",
    "trend": "--detrend",
    "season": "--deseason",
    "span": "the window of --detrend loess",
    "out": "the folder of --fields",
    "names": "the names of the series",
    "failures": "failures",
    "boxpdf": "in the file",
}
_SWITCHES = {"cache=False": "--no-cache", "progress=False": "--no-progress"}

# In place of the remedy for series without red noise, which is one of scripts.
_REMEDY = "Pass --detrend linear, or remove its cycle or slow change in the file."

# An argument with its value, such as method='analytic' or dt=0.25.
_GIVEN = re.compile(r"`?\b([A-Za-z]\w*)=('[^']*'|[-+\w](?:[-+\w./]*\w)?)`?")


def in_words_of_command(message: str, called: Mapping[str, str]) -> str:
    """Return a message with what the user wrote in place of the arguments of functions.

    Options, files and columns are `called` so, by the names of arguments.
    """

    def given(match: re.Match[str]) -> str:
        name, value = match.groups()
        if name == "dt":
            return f"a step of {value}"  # of the times, where no option gives it
        if name == "J" and value.isdecimal():
            value = str(int(value) + 1)  # counts from 0
        words = f"{called[name]} {value.strip(chr(39))}" if name in called else match[0]
        return _SWITCHES.get(match[0].strip("`"), words)

    message = message.replace(AR1_REMEDY, _REMEDY)
    named = re.sub(r"`([\w\[\]]+)`", lambda match: called.get(match[1], match[0]), message)
    return _GIVEN.sub(given, named)
