"""From the words of a command to values, each with its rule: the types of argparse's options."""

from __future__ import annotations

import argparse
import math
import re
from functools import partial
from pathlib import Path
from typing import Any

from ..backends import list_backends
from ..limits import MOST_SCALES
from ..montecarlo.null_model import as_noise
from ..mothers import DOG, MexicanHat, Morlet, Paul
from ..validation import did_you_mean

MOTHERS: dict[str, Any] = {"morlet": Morlet, "paul": Paul, "dog": DOG, "mexicanhat": MexicanHat}

PICTURES = ".png, .pdf, .svg or .eps"


def wavelet(text: str) -> Any:
    """Return the mother wavelet of a name such as morlet or morlet:8."""
    name, colon, parameter = text.strip().lower().partition(":")
    if name not in MOTHERS or (colon and name == "mexicanhat"):
        raise argparse.ArgumentTypeError(
            f"must be one of {', '.join(MOTHERS)}, or such as morlet:8, got {text!r}."
            f"{did_you_mean(name, MOTHERS)}"
        )
    if not colon:
        return MOTHERS[name]()
    value = _fraction(parameter)
    if not value > 0 or (name != "morlet" and value % 1):
        rule = "a positive number" if name == "morlet" else "a positive integer"
        raise argparse.ArgumentTypeError(f"must have {rule} after {name}:, got {text!r}")
    try:
        return MOTHERS[name](value if name == "morlet" else int(value))
    except ValueError as error:
        of_name = str(error).replace(f"`{MOTHERS[name].ORDER}`", f"the number after '{name}:'")
        raise argparse.ArgumentTypeError(of_name) from None


def noise(text: str) -> Any:
    """Return a choice of the null hypothesis."""
    if text == "legacy":  # of the random state of a script
        raise argparse.ArgumentTypeError("legacy is for Python; white is alike")
    try:
        return as_noise(text, "noise", of_a_pair=False)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("`noise` ")) from None


def backend_name(text: str) -> str:
    """Return the name of a backend."""
    known = list_backends()
    name = text.strip().lower()
    if name not in known:
        raise argparse.ArgumentTypeError(
            f"must be one of {', '.join(known)}, got {text!r}.{did_you_mean(name, known)}"
        )
    return text


def band_of(text: str) -> tuple[float, float]:
    """Return a band of periods."""
    low, _, high = text.partition(":")
    band = _fraction(low), _fraction(high)
    if not 0 < band[0] < band[1] < math.inf:
        raise argparse.ArgumentTypeError(f"must be LOW:HIGH, such as 2:8, got {text!r}")
    return band


def season(text: str) -> int | str:
    """Return the number of samples in a cycle, or "year"."""
    rule = "year, or the number of samples in a cycle, such as 12 for months"
    return "year" if text.strip() == "year" else _integer(text, 2, rule)


def last_scale(text: str) -> int:
    """Return the index of the last scale from the number of scales."""
    number = count(text)
    if number > MOST_SCALES:
        raise argparse.ArgumentTypeError(f"must be at most {MOST_SCALES}, got {text!r}")
    return number - 1


def workers(text: str) -> int:
    """Return a number of workers."""
    return -1 if text.strip() == "-1" else _integer(text, 1, "a positive integer or -1")


def _integer(text: str, at_least: int, rule: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = at_least - 1
    if value < at_least:
        raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}")
    return value


def _between(text: str, low: float, high: float, rule: str) -> float:
    value = _fraction(text)
    if not low < value < high:
        raise argparse.ArgumentTypeError(f"must {rule}, got {text!r}")
    return value


def _fraction(text: str) -> float:
    """Return a number such as 0.25 or 1/12; NaN if it is none."""
    above, slash, below = text.partition("/")
    try:
        return float(above) / float(below) if slash else float(above)
    except (ValueError, ZeroDivisionError):
        return math.nan


def _path(text: str, suffixes: str) -> Path:
    if Path(text).suffix.lower() not in re.findall(r"\.\w+", suffixes):
        raise argparse.ArgumentTypeError(f"must end in {suffixes}, got {text!r}")
    return Path(text)


count = partial(_integer, at_least=1, rule="a positive integer")
not_negative = partial(_integer, at_least=0, rule="a non-negative integer")
positive = partial(_between, low=0, high=math.inf, rule="be a positive number")
probability = partial(_between, low=0, high=1, rule="lie strictly between 0 and 1, such as 0.95")
coefficient = partial(_between, low=-1, high=1, rule="lie strictly between -1 and 1")
picture_path = partial(_path, suffixes=PICTURES)
archive_path = partial(_path, suffixes=".npz")
