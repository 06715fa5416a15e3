"""The mother wavelet that an argument means."""

from __future__ import annotations

from typing import Any

from ..validation import brief, did_you_mean
from .base import has_own_smooth
from .dog import DOG, MexicanHat
from .morlet import Morlet
from .paul import Paul

_MARKS = str.maketrans("", "", " _-")
_MOTHERS = {"morlet": Morlet, "paul": Paul, "dog": DOG, "mexicanhat": MexicanHat}


def as_mother(wavelet: Any) -> Any:
    """Return the mother wavelet that a name stands for, or the object itself."""
    if isinstance(wavelet, str):
        name = wavelet.lower().translate(_MARKS)
        if name not in _MOTHERS:
            raise ValueError(
                f"`wavelet` must be one of {', '.join(map(repr, _MOTHERS))} or a mother wavelet, "
                f"got {wavelet!r}.{did_you_mean(name, _MOTHERS)}"
            )
        return _MOTHERS[name]()
    needed = [name for name in ("psi_ft", "flambda", "coi") if not hasattr(wavelet, name)]
    if isinstance(wavelet, type) or needed:
        raise TypeError(
            f"`wavelet` must be a name or a mother wavelet such as Morlet(6), got {brief(wavelet)}."
        )
    return wavelet


def mother_record(mother: Any) -> list[Any] | None:
    """Return the name and order of one of our wavelets, for a file; None for one of the user's."""
    if type(mother) not in _MOTHERS.values() or has_own_smooth(mother):
        return None
    return [type(mother).__name__, getattr(mother, mother.ORDER)]


def mother_of(record: Any) -> Any:
    """Return the wavelet of which `mother_record` made a record."""
    if record is None:
        return None
    name, order = record
    kind = {kind.__name__: kind for kind in _MOTHERS.values()}[name]
    return MexicanHat() if kind is MexicanHat else kind(order)
