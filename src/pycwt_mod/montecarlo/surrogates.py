"""What stands for a series under the null hypothesis: noise, shuffled data, or the series itself.

A `Source` makes the surrogates of one series, each from the random stream of its number;
`Surrogates` are those of all series together.

References
----------
Theiler, J., et al. (1992). Testing for nonlinearity in time series: the method of surrogate data.
Physica D 58, 77-94. doi:10.1016/0167-2789(92)90102-S

Schreiber, T., and Schmitz, A. (1996). Improved surrogate data for nonlinearity tests. Physical
Review Letters 77, 635-638. doi:10.1103/PhysRevLett.77.635
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..cached_files import digest_of
from ..helpers import ar1_filter
from ..validation import brief
from .arma import ARMA
from .noise import Streams

Array = NDArray[np.float64]

# A shuffled series whose values are in the order of one with the wanted spectrum is final as soon
# as the order repeats; after this many corrections at the latest.
_MOST_CORRECTIONS = 1000


@dataclass(frozen=True)
class RedNoise:
    """AR(1) noise."""

    g: float
    is_stationary: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """The choice of `noise`, in words."""
        return "ar1" if self.g else "white"

    def key(self) -> str:
        """Return the coefficient."""
        return f"ar1 {self.g.hex()}"

    def facts(self) -> dict[str, Any]:
        """Return the coefficient."""
        return {"g": self.g}

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        """Return one surrogate of n samples."""
        return ar1_filter(generator.standard_normal(n), self.g)


@dataclass(frozen=True)
class ArmaNoise:
    """ARMA noise, from its first sample on as if it had no beginning."""

    model: ARMA
    name: str = "arma"
    is_stationary: ClassVar[bool] = True

    def key(self) -> str:
        """Return the coefficients."""
        words = (" ".join(c.hex() for c in part) for part in (self.model.ar, self.model.ma))
        return "arma " + " / ".join(words)

    def facts(self) -> dict[str, Any]:
        """Return the coefficients."""
        return {"ar": self.model.ar, "ma": self.model.ma, "name": self.name}

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        """Return one surrogate of n samples."""
        start = generator.standard_normal(self.model.n_states)
        return self.model.filtered(generator.standard_normal(n), start)


@dataclass(frozen=True, eq=False)
class _OfSeries:
    """What is made from a series."""

    values: Array
    name: ClassVar[str]
    is_stationary: ClassVar[bool] = True

    def key(self) -> str:
        """Return a digest of the series."""
        return f"{self.name} {digest_of(self.values)}"

    def facts(self) -> dict[str, Any]:
        """Return nothing: the series says all."""
        return {}


class RandomPhases(_OfSeries):
    """The series with its Fourier amplitudes and with random phases (Theiler et al. 1992)."""

    name = "phase"

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        """Return one surrogate of n samples."""
        spectrum = scipy.fft.rfft(self.values)
        turned = spectrum * np.exp(2j * np.pi * generator.random(spectrum.size))
        turned[0] = spectrum[0]  # the mean
        if n % 2 == 0:  # the Nyquist frequency has a sign, no phase
            turned[-1] = np.copysign(np.abs(spectrum[-1]), turned[-1].real)
        return np.asarray(scipy.fft.irfft(turned, n))


class SameValues(_OfSeries):
    """The values of the series in another order, with its spectrum (Schreiber & Schmitz 1996)."""

    name = "iaaft"

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        """Return one surrogate of n samples: it has the values, and the spectrum nearly."""
        ordered, amplitudes = np.sort(self.values), np.abs(scipy.fft.rfft(self.values))
        found = generator.permutation(ordered)
        for _ in range(_MOST_CORRECTIONS):
            spectrum = scipy.fft.rfft(found)
            sizes = np.abs(spectrum)
            factors = np.divide(amplitudes, sizes, out=np.ones_like(sizes), where=sizes > 0)
            shaped = scipy.fft.irfft(spectrum * factors, n)
            last, found = found, np.empty_like(found)
            found[np.argsort(shaped, kind="stable")] = ordered
            if np.array_equal(found, last):
                break
        return found


class Observed(_OfSeries):
    """The series as it was observed."""

    name = "fixed"
    is_stationary = False

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        """Return the series, without a random number."""
        return self.values


@dataclass(frozen=True)
class OwnNoise:
    """What a user's function ``f(rng, n)`` returns."""

    function: Callable[[np.random.Generator, int], Any]
    is_stationary: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The name of the function."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def key(self) -> None:
        """Return None: a function has no name that another session could trust."""

    def facts(self) -> dict[str, Any]:
        """Return the name of the function."""
        return {"name": self.name}

    def draw(self, generator: np.random.Generator, n: int) -> Array:
        """Return one surrogate of n samples; ValueError if the function returns no such series."""
        made = self.function(generator, n)
        call = f"{self.name}(rng, {n})"
        rule = f"`noise` must return {n} finite real numbers that vary, from `{call}`"
        try:
            series = np.asarray(made)
        except ValueError:  # ragged
            series = np.empty(0, dtype=object)
        if series.dtype.kind not in "biuf":
            raise TypeError(f"{rule}, got {brief(made)}.")
        if series.shape != (n,):
            raise ValueError(f"{rule}, got shape {series.shape}.")
        bad = np.flatnonzero(~np.isfinite(series))
        if bad.size:
            raise ValueError(f"{rule}, got {series[bad[0]]} at index {bad[0]}.")
        if series.min() == series.max():
            raise ValueError(f"{rule}, got {series[0]} everywhere.")
        return series.astype(float)


Source: TypeAlias = RedNoise | ArmaNoise | RandomPhases | SameValues | Observed | OwnNoise


@dataclass(frozen=True)
class _Forgotten:
    """A function of which a file has the name only."""

    __name__: str

    def __call__(self, generator: np.random.Generator, n: int) -> Any:
        """Raise ValueError."""
        raise ValueError(
            f"`noise` was the function {self.__name__!r}, which a file cannot hold. Call `wct` "
            "again for new surrogates, and `clusters` or `pvalues` before `save`: what was "
            "simulated before the result was saved is in the file."
        )


@dataclass(frozen=True)
class Surrogates:
    """The surrogates of all series of a statistic, independent of each other."""

    sources: tuple[Source, ...]

    @property
    def name(self) -> str:
        """The choices of `noise`, in words."""
        names = [source.name for source in self.sources]
        return names[0] if len(set(names)) == 1 else ", ".join(names)

    @property
    def is_stationary(self) -> bool:
        """Whether no time of the record differs from another one as far from its ends."""
        return all(source.is_stationary for source in self.sources)

    @property
    def is_forgotten(self) -> bool:
        """Whether no more can be drawn, as a file could not hold a function."""
        return any(isinstance(getattr(each, "function", None), _Forgotten) for each in self.sources)

    def key(self) -> str | None:
        """Return a name for everything that the draws depend on; None if there is none."""
        keys = [source.key() for source in self.sources]
        return None if None in keys else "; ".join(filter(None, keys))

    def draw(self, streams: Streams, indices: Sequence[int], n: int) -> Array:
        """Return the surrogates of some numbers: axes (series, surrogate, time)."""
        drawn = np.empty((len(self.sources), len(indices), n))
        for place, index in enumerate(indices):
            generator = streams.generator(index)
            for rows, source in zip(drawn, self.sources, strict=True):
                rows[place] = source.draw(generator, n)
        return drawn

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the sources as arrays without objects; functions by their names."""
        facts = [{"kind": type(each).__name__, **each.facts()} for each in self.sources]
        series = {
            str(place): each.values
            for place, each in enumerate(self.sources)
            if isinstance(each, _OfSeries)
        }
        return {"facts": np.array(json.dumps(facts)), **series}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Surrogates:
        """Return the surrogates of which `to_arrays` made arrays; ValueError if none did."""
        try:
            facts = json.loads(str(arrays["facts"][()]))
            return cls(
                tuple(_source(own, arrays.get(str(place))) for place, own in enumerate(facts))
            )
        except (KeyError, TypeError) as error:
            raise ValueError(str(error)) from error


def _source(facts: dict[str, Any], series: Any) -> Source:
    """Return a source from its facts and its series."""
    kind = facts["kind"]
    if kind == "RedNoise":
        return RedNoise(float(facts["g"]))
    if kind == "ArmaNoise":
        return ArmaNoise(ARMA(facts["ar"], facts["ma"]), facts["name"])
    if kind == "OwnNoise":
        return OwnNoise(_Forgotten(facts["name"]))
    of_series: dict[str, type[RandomPhases | SameValues | Observed]] = {
        each.__name__: each for each in (RandomPhases, SameValues, Observed)
    }
    return of_series[kind](np.asarray(series, dtype=float))
