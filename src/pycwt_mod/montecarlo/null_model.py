"""The null hypothesis of a call: from `noise` and `fixed` to what stands for each series."""

from __future__ import annotations

import functools
import hashlib
import math
import re
import secrets
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import coefficient_of
from ..validation import as_coefficient, brief, did_you_mean
from .arma import ARMA, SAMPLES_PER_COEFFICIENT, as_arma, fit_arma
from .surrogates import (
    ArmaNoise,
    Observed,
    OwnNoise,
    RandomPhases,
    RedNoise,
    SameValues,
    Source,
    Surrogates,
)

Array = NDArray[np.float64]

_WORDS = ("ar1", "white", "phase", "iaaft", "arma(p,q)")
_ARMA = re.compile(r"arma\s*\(\s*(\d{1,4})\s*,\s*(\d{1,4})\s*\)")

_THIS_PROCESS = secrets.token_hex(8)

# Choices that the engine of AR(1) noise serves: without data, at any length.
_RED = ("ar1", "white", "legacy")


def as_noise(value: Any, name: str, *, of_a_pair: bool = True) -> Any:
    """Return a choice of `noise`: a word, `ARMA`, a function, or a tuple of them.

    Errors list "legacy" only where it can be used, by both series of a pair.
    """
    words = (*_WORDS, "legacy") if of_a_pair else _WORDS
    if isinstance(value, list | tuple):
        return _as_each(value, name)
    if isinstance(value, str):
        return _as_word(value, name, words)
    if hasattr(value, "arparams") or hasattr(value, "maparams"):
        return as_arma(value)
    if callable(value):
        return value
    raise TypeError(
        f"`{name}` must be one of {', '.join(map(repr, words))}, a function `f(rng, n)`, a fitted "
        f"model with `arparams` and `maparams`, or a list with one of these for each series, got "
        f"{brief(value)}."
    )


def _as_each(values: Sequence[Any], name: str) -> Any:
    """Return the choices for each series."""
    if not values or any(isinstance(each, list | tuple) for each in values):
        raise TypeError(f"`{name}` must have one choice for each series, got {brief(values)}.")
    found = tuple(as_noise(each, name, of_a_pair=False) for each in values)
    if "legacy" in found:
        raise ValueError(
            f"`{name}` must be 'legacy' for all series or for none, got {brief(values)}: pycwt's "
            "random stream has one order."
        )
    return found


def _as_word(value: str, name: str, words: Sequence[str]) -> str:
    if value in _WORDS[:4] or value == "legacy":
        return value
    orders = _ARMA.fullmatch(value.strip().lower())
    if orders is not None:
        return f"arma({int(orders[1])},{int(orders[2])})"
    if re.match(r"\s*arm?a?\s*\(", value.lower()):
        raise ValueError(
            f"`{name}` must name both orders of an ARMA model by integers from 0 on, such as "
            f"'arma(2,1)' or 'arma(2,0)', got {value!r}."
        )
    listed, near = ", ".join(map(repr, words)), did_you_mean(value.lower(), words)
    raise ValueError(f"`{name}` must be one of {listed}, got {value!r}.{near}")


def as_fixed(value: Any, name: str) -> tuple[str, ...]:
    """Return the names of the series that are kept as observed."""
    names = (value,) if isinstance(value, str) else () if value is None else value
    if not isinstance(names, list | tuple) or not all(isinstance(each, str) for each in names):
        raise TypeError(
            f"`{name}` must be the name of a series, such as 'y1', or a list of names, got "
            f"{brief(value)}."
        )
    return tuple(names)


@dataclass(frozen=True)
class NullModel:
    """What stands for each series under the null hypothesis of a call."""

    noises: tuple[Any, ...]  # the choice of `noise` for each series, or "fixed"

    @classmethod
    def of(
        cls,
        noise: Any,
        fixed: str | Sequence[str] | None,
        labels: Sequence[str],
        names: Sequence[str] = (),
    ) -> NullModel:
        """Return the model of checked options for series with labels such as "y1", and names."""
        fixed = as_fixed(fixed, "fixed")
        noises = noise if isinstance(noise, tuple) else (noise,) * len(labels)
        if len(noises) != len(labels):
            raise ValueError(
                f"`noise` must have one choice for each of the {len(labels)} series, got "
                f"{len(noises)}."
            )
        places = {name: k for known in (labels, names) for k, name in enumerate(known)}
        unknown = [name for name in fixed if name not in places]
        if unknown:
            listed = ", ".join(map(repr, dict.fromkeys([*labels, *names])))
            near = did_you_mean(unknown[0], places)
            raise ValueError(
                f"`fixed` must name series of this call, which are {listed}, got "
                f"{unknown[0]!r}.{near}"
            )
        kept = {places[name] for name in fixed}
        if len(kept) == len(labels):
            raise ValueError(
                "`fixed` must leave at least one series to be replaced by surrogates, got all of "
                f"them: {brief(list(fixed))}."
            )
        if kept and "legacy" in noises:
            raise ValueError("`fixed` must be left out with noise='legacy'. Use noise='white'.")
        return cls(tuple("fixed" if k in kept else each for k, each in enumerate(noises)))

    @property
    def is_red(self) -> bool:
        """Whether all series are AR(1) or white noise, which need no surrogates of a record."""
        return all(isinstance(each, str) and each in _RED for each in self.noises)

    @property
    def name(self) -> str:
        """The choices in words."""
        words = list(map(_word_of, self.noises))
        return words[0] if len(set(words)) == 1 else ", ".join(words)

    def of_pair(self, pair: Sequence[int]) -> NullModel:
        """Return the model of two of the series."""
        return NullModel(tuple(self.noises[number] for number in pair))

    def identities(self) -> list[str]:
        """Return what tells each choice from others: of a function its code and what it holds."""
        return [
            f"{_word_of(each)} {hashlib.sha256(_shown(each).encode()).hexdigest()[:16]}"
            if callable(each)
            else str(each)
            for each in self.noises
        ]

    @property
    def needs_series(self) -> bool:
        """Whether a surrogate is made from a series, or with a coefficient of one."""
        return any(isinstance(each, str) and each != "white" for each in self.noises)

    def remedy(self, number: int, name: str) -> str:
        """Say how a series without an AR(1) model can be tested all the same."""
        words = "Or let other noise stand for it, such as noise='phase'"
        n_replaced = sum(each != "fixed" for each in self.noises)
        if n_replaced > 1 and self.noises[number] != "legacy":
            words += f", or keep it as it was observed, fixed={name!r}"
        return f"{words}."

    def coefficients(
        self, series: Mapping[str, Array], given: Mapping[str, Any]
    ) -> tuple[float, ...]:
        """Return the lag-1 autocorrelation of each series, as given or estimated.

        It is 0 for white noise, and NaN for a series that no AR(1) noise stands for. Both mappings
        are by what messages call the values.
        """
        found = []
        for number, (noise, (label, values), (name, own)) in enumerate(
            zip(self.noises, series.items(), given.items(), strict=True)
        ):
            is_red = isinstance(noise, str) and noise in ("ar1", "legacy")
            if own is not None and noise == "fixed":
                raise ValueError(
                    f"`{name}` must be left out for `{label}`, which `fixed` keeps as it was "
                    f"observed, got {brief(own)}."
                )
            if not is_red and own is not None:
                raise ValueError(
                    f"`{name}` must be left out where no AR(1) noise stands for `{label}`, got "
                    f"{brief(own)} with noise={_word_of(noise)!r}."
                )
            if own is not None:
                found.append(as_coefficient(own, name))
            elif is_red:
                found.append(coefficient_of(values, label, self.remedy(number, label)))
            else:
                found.append(0.0 if _word_of(noise) == "white" else math.nan)
        return tuple(found)

    def without_data(self, given: Sequence[float]) -> tuple[float, ...]:
        """Return `coefficients` where there are no series, and no surrogate is made from one."""
        for each in self.noises:
            if isinstance(each, str) and each not in _RED:
                raise ValueError(
                    f"`noise` must not be {each!r} here, where there are no series to make "
                    "surrogates from. Call `wct` with the series."
                )
        words = map(_word_of, self.noises)
        return tuple(0.0 if word == "white" else g for word, g in zip(words, given, strict=True))

    def surrogates(self, series: Array | None, coefficients: Sequence[float]) -> Surrogates | None:
        """Return what makes the surrogates; None where AR(1) coefficients say all.

        The series, shape (n_series, n), are those that are transformed.
        """
        if self.is_red:
            return None
        return Surrogates(
            tuple(
                _source_of(noise, None if series is None else series[k], g)
                for k, (noise, g) in enumerate(zip(self.noises, coefficients, strict=True))
            )
        )


def _shown(value: Any, within: tuple[int, ...] = ()) -> str:
    """Return what a function does, as far as Python shows it; the same in every process.

    An object that may hold anything is like no other: its name holds for this process only.
    """
    if id(value) in within:  # a function that calls itself
        return "..."
    parts: Any = None
    if isinstance(value, functools.partial):
        parts = value.func, value.args, sorted(value.keywords.items())
    elif isinstance(value, types.FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        keywords = sorted((value.__kwdefaults__ or {}).items())
        parts = value.__code__, value.__defaults__, keywords, cells
    elif isinstance(value, types.CodeType):
        parts = value.co_code, value.co_names, value.co_consts
    elif isinstance(value, tuple | list):
        parts = value
    elif isinstance(value, frozenset):
        parts = sorted(value, key=repr)
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        parts = value.dtype.str, value.shape, value.tobytes()
    if parts is not None:
        return f"({', '.join(_shown(part, (*within, id(value))) for part in parts)})"
    if isinstance(value, types.BuiltinFunctionType | types.ModuleType | type):
        return f"{getattr(value, '__module__', '')} {value.__name__}"
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | np.generic):
        return repr(value)
    return f"{_THIS_PROCESS} {id(value)}"


def _word_of(noise: Any) -> str:
    if isinstance(noise, str):
        return noise
    return ArmaNoise(noise).name if isinstance(noise, ARMA) else OwnNoise(noise).name


def _source_of(noise: Any, series: Array | None, g: float) -> Source:
    """Return what makes the surrogates of one series."""
    if isinstance(noise, ARMA):
        return ArmaNoise(noise)
    if not isinstance(noise, str):
        return OwnNoise(noise)
    if noise in _RED:
        return RedNoise(g)
    assert series is not None
    of_data: dict[str, Any] = {"phase": RandomPhases, "iaaft": SameValues, "fixed": Observed}
    if noise in of_data:
        source: Source = of_data[noise](series)
        return source
    p, q = map(int, _ARMA.fullmatch(noise).groups())  # type: ignore[union-attr]
    if SAMPLES_PER_COEFFICIENT * (p + q) > series.size:
        raise ValueError(
            f"`noise` must have at most one coefficient for {SAMPLES_PER_COEFFICIENT} samples, "
            f"got {noise!r} for {series.size} samples."
        )
    return ArmaNoise(fit_arma(series, p, q), noise)
