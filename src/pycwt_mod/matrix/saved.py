"""The result of many pairs as arrays without objects, as in a file, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import DAMAGE
from ..geometry import Geometry
from ..montecarlo.surrogates import Surrogates
from ..mothers import MotherWavelet, mother_of, mother_record
from ..results.base import FILE_FORMAT, FILE_VERSION
from .bands import NUMBERS
from .store import store_of

# Facts of a result that are the same in a file, and its arrays beside `NUMBERS`.
_PLAIN = ("names", "pairs", "bands", "dt", "unit", "level", "nodes", "normalize")
_OTHERS = ("coefficients", "times")
_OF_GEOMETRY = ("dt", "dj", "n_times", "n_fft", "smoothing", "inside_cone")


class LostWavelet(MotherWavelet):
    """What a file has of a mother wavelet with code of the user's: no code, but its periods."""

    def __init__(self, words: str, flambda: float, coi: float) -> None:
        self._words, self._flambda, self._coi = words, flambda, coi

    def flambda(self) -> float:
        """Return the Fourier period that belongs to scale 1."""
        return self._flambda

    def coi(self) -> float:
        """Return the factor of the cone of influence."""
        return self._coi

    def __repr__(self) -> str:
        return self._words


def arrays_of(result: Any) -> dict[str, NDArray[Any]]:
    """Return a result as arrays, by their names in a file."""
    geometry = result.geometry
    mother = geometry.mother
    place, kept = result.store.record()
    facts = {
        "format": FILE_FORMAT,
        "version": FILE_VERSION,
        "kind": "MatrixResult",
        **{name: getattr(result, name) for name in _PLAIN},
        "failures": [[*label, reason] for label, reason in result.failures.items()],
        "geometry": {name: getattr(geometry, name) for name in _OF_GEOMETRY},
        "mother": mother_record(mother),
        "wavelet": [repr(mother), mother.flambda(), mother.coi()],
        "levels": list(result.levels),
        "surrogates": list(result.surrogates),
        "store": place,
    }
    made = [each.to_arrays() for each in result.surrogates.values()]
    return {
        "facts": np.array(json.dumps(facts)),
        "scales": geometry.scales,
        "levels": np.array(list(result.levels.values())),
        **{name: getattr(result, name) for name in (*NUMBERS, *_OTHERS)},
        **{f"surrogates/{k}/{name}": own[name] for k, own in enumerate(made) for name in own},
        **{f"store/{name}": array for name, array in kept.items()},
    }


def parts_of(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of the result that `arrays_of` took apart; ValueError if none."""
    try:
        facts = json.loads(str(arrays["facts"][()]))
        if facts["format"] != FILE_FORMAT or facts["version"] != FILE_VERSION:
            raise ValueError("it is of a newer version of pycwt_mod")
        numbers = {name: arrays[name] for name in (*NUMBERS, *_OTHERS)}
        shape = len(facts["pairs"]), len(facts["bands"])
        for name in NUMBERS:
            if numbers[name].shape != shape:
                raise ValueError(f"its {name} has the shape {numbers[name].shape}")
        mother = mother_of(facts["mother"]) or LostWavelet(*facts["wavelet"])
        made = (_within(arrays, f"surrogates/{k}/") for k in range(len(facts["surrogates"])))
        return {
            **{name: _as_tuples(facts[name]) for name in _PLAIN},
            **numbers,
            "failures": {(first, second): why for first, second, why in facts["failures"]},
            "geometry": Geometry(mother, arrays["scales"], **facts["geometry"]),
            "levels": dict(zip(_as_tuples(facts["levels"]), arrays["levels"], strict=True)),
            "surrogates": {
                node: Surrogates.from_arrays(own)
                for node, own in zip(_as_tuples(facts["surrogates"]), made, strict=True)
            },
            "store": store_of(facts["store"], _within(arrays, "store/")),
        }
    except DAMAGE as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _within(arrays: Mapping[str, Any], start: str) -> dict[str, Any]:
    """Return the arrays whose names have this beginning, without it."""
    return {name.removeprefix(start): arrays[name] for name in arrays if name.startswith(start)}


def _as_tuples(value: Any) -> Any:
    """Return the tuples that JSON makes lists of."""
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value
