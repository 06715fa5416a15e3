"""The mother wavelet that an argument means."""

from __future__ import annotations

from typing import Any

from ..validation import brief, did_you_mean
from .dog import DOG, MexicanHat
from .morlet import Morlet
from .paul import Paul

_MOTHERS = {"morlet": Morlet, "paul": Paul, "dog": DOG, "mexicanhat": MexicanHat}


def as_mother(wavelet: Any) -> Any:
    """Return the mother wavelet that a name stands for, or the object itself."""
    if isinstance(wavelet, str):
        name = wavelet.lower().translate(str.maketrans("", "", " _-"))
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
