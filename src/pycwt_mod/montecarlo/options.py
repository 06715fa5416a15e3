"""The options of a simulation: their names and types, their defaults, and what each may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

import numpy as np

from ..backends.deadline import Deadline
from ..mothers import SMOOTHINGS, has_own_smooth
from ..seeds import as_seed, seed_of
from ..validation import (
    as_choice,
    as_count,
    as_flag,
    as_positive,
    as_simulations,
    brief,
)
from .null_model import as_fixed, as_noise

METHODS = ("multirate", "full", "analytic")
_SURROGATES = ("pycwt", "record")

# What peers call the null hypothesis or the transform, in their argument `method`, as words.
_METHODS_ELSEWHERE = ("ar", "arima", "white", "shuffle", "fourier", "phase", "cwt", "wwz")

# A seed, or for `rng` a source of one.
Seed = int | np.random.SeedSequence | None
Rng = Seed | np.random.Generator | np.random.BitGenerator


class SimulationKeywords(TypedDict, total=False):
    """Keyword arguments of every function that simulates; see `wct_significance`."""

    mc_count: int
    progress: bool | Callable[[int, int], None]
    cache: bool
    backend: Any
    n_workers: int | None
    rng_seed: Seed
    rng: Rng
    parallel: bool | None
    method: str | None
    noise: Any
    fixed: str | Sequence[str] | None
    smoothing: str
    n_samples: int | None
    tol: float | None
    mc_count_max: int
    timeout: float | None
    surrogate_length: str


@dataclass(frozen=True)
class SimulationOptions:
    """The options of a simulation, checked when an object is made; `rng` is then in `rng_seed`.

    `n_workers` and the kind of `backend` are for the backends to check.
    """

    mc_count: int = 300
    progress: bool | Callable[[int, int], None] = True
    cache: bool = True
    backend: Any = None
    n_workers: int | None = None
    rng_seed: Seed = None
    rng: Rng = None
    parallel: bool | None = None
    method: str | None = None
    noise: Any = "ar1"
    fixed: str | Sequence[str] | None = None  # checked: a tuple
    smoothing: str = "pycwt"
    n_samples: int | None = None
    tol: float | None = None
    mc_count_max: int = 100_000
    timeout: float | None = None
    surrogate_length: str = "pycwt"

    def __post_init__(self) -> None:
        """Check each option, and those that belong together."""
        checked = {name: check(getattr(self, name), name) for name, check in _CHECKS.items()}
        # Drawn once from a generator: later copies of the options have the seed.
        checked |= {"rng_seed": seed_of(self.rng, self.rng_seed), "rng": None}
        checked["timeout"] = Deadline(self.timeout).seconds
        checked["backend"] = _parallel_backend(self.parallel, self.backend, self.n_workers)
        vars(self).update(checked)  # which are frozen from now on
        if self.noise == "legacy" and self.rng_seed is not None:
            raise ValueError(
                "`rng_seed` must be None with noise='legacy', as must `rng`: it draws from NumPy's "
                "global state; call numpy.random.seed(...) instead."
            )

    @property
    def seed(self) -> np.random.SeedSequence | None:
        """Root of the random streams; None: fresh entropy."""
        return as_seed(self.rng_seed)

    def for_record(self, n: int) -> SimulationOptions:
        """Return the options for a record of n samples."""
        if self.surrogate_length != "record":
            return self
        if self.n_samples is not None:
            raise ValueError(
                f"`surrogate_length='record'` means n_samples={n}, got n_samples={self.n_samples} "
                "as well. Leave one of them out."
            )
        return replace(self, n_samples=n, surrogate_length="pycwt")

    def method_for(self, mother: Any, *, even: bool = True) -> str:
        """Return how to simulate: as asked, or the fastest way that the problem allows.

        `even` says whether the scales are evenly spaced in octaves.
        """
        reason = None
        if self.noise == "legacy":
            reason = "noise='legacy', whose series exist at the full rate only"
        elif not even:
            reason = "`freqs` that are not evenly spaced in octaves"
        elif has_own_smooth(mother):
            reason = f"{type(mother).__name__}, which has a `smooth` of its own"
        if self.method == "analytic":
            raise ValueError(
                "`method` must be 'multirate' or 'full' for what is simulated, got 'analytic', "
                "which is for the levels of `wct`, `wct_significance` and `wct_null`."
            )
        if self.method is None:
            return "multirate" if reason is None else "full"
        if self.method != "full" and reason is not None:
            raise ValueError(f"`method` must be 'full' with {reason}, got {self.method!r}.")
        return self.method


def check_smoothing(smoothing: Any, mother: Any) -> str:
    """Return the kind of boxcar, which a wavelet that smooths by itself does not take."""
    chosen = as_choice(smoothing, "smoothing", SMOOTHINGS)
    if not has_own_smooth(mother) and not hasattr(mother, "smoothing_window"):
        raise ValueError(
            f"`wavelet` must have a smoothing window for the coherence, and {brief(mother)} has "
            "neither `smoothing_window(scale, n_fft)` nor `smooth(W, dt, dj, scales)`. Subclass "
            "pycwt_mod.MotherWavelet."
        )
    if chosen != "pycwt" and has_own_smooth(mother):
        raise ValueError(
            f"`smoothing` must be left out for {type(mother).__name__}, which has a `smooth` of "
            f"its own, got {chosen!r}."
        )
    return chosen


def _as_progress(value: Any, name: str) -> Any:
    if not isinstance(value, bool | np.bool_) and not callable(value):
        raise TypeError(
            f"`{name}` must be True, False or a callable of (done, total), got {brief(value)}."
        )
    return value


def _as_method(value: Any, name: str) -> str:
    try:
        return as_choice(value, name, METHODS)
    except ValueError as error:
        if not value.lower().startswith(_METHODS_ELSEWHERE):
            raise
        raise ValueError(
            f"{error} It is how to simulate; the null hypothesis is chosen by `noise`: 'ar1', the "
            "default, 'white', 'phase', 'iaaft', 'arma(p,q)' or a function of your own."
        ) from None


def _parallel_backend(parallel: Any, backend: Any, n_workers: Any) -> Any:
    """Return the backend that the plain switch `parallel` stands for."""
    if parallel is None:
        return backend
    name = "joblib" if as_flag(parallel, "parallel") else "sequential"
    if not parallel and n_workers not in (None, 1):
        raise ValueError(
            f"`parallel=False` means one worker, got n_workers={brief(n_workers)} as well. Leave "
            "one of them out."
        )
    if backend is None or (isinstance(backend, str) and backend.lower() in ("auto", name)):
        return name
    if getattr(backend, "name", None) == name:
        return backend
    raise ValueError(
        f"`parallel={parallel}` means backend={name!r}, got backend={brief(backend)} as well. "
        "Leave `parallel` out."
    )


def _or_none(check: Callable[..., Any], **rules: Any) -> Callable[[Any, str], Any]:
    return lambda value, name: None if value is None else check(value, name, **rules)


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "mc_count": as_simulations,
    "progress": _as_progress,
    "cache": as_flag,
    "method": _or_none(_as_method),
    "noise": as_noise,
    "fixed": as_fixed,
    "smoothing": lambda value, name: as_choice(value, name, SMOOTHINGS),
    "n_samples": _or_none(as_count, at_least=2),
    "tol": _or_none(as_positive),
    "mc_count_max": as_simulations,
    "surrogate_length": lambda value, name: as_choice(value, name, _SURROGATES),
}
