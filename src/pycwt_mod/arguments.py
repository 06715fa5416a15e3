"""Arguments that belong together: checked, and with pycwt's defaults filled in."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import helpers
from .helpers import AR1_REMEDY, AR1EstimationError, reason_without_ar1
from .indexes import name_of, sampling_of, taken_apart
from .limits import (
    GREATEST,
    LEAST,
    MOST_SAMPLES,
    as_amplitude,
    as_coefficient_or_one,
    as_signal,
    check_amplitude,
    check_size,
    is_default,
)
from .validation import (
    as_coefficient,
    as_numbers,
    as_real,
    as_series,
    brief,
    is_number,
    same_size,
)

# Series shorter than this have no AR(1) estimate worth the name.
_SHORTEST = 4

# Rounding errors, in units of the last digit, by which a series may differ from itself when it is
# multiplied and shifted.
_ROUNDING_ERRORS = 16

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """Series that are compared with each other, as they were given."""

    series: Mapping[str, Any]  # by what messages call them, such as "y1" or "X[0]"
    tables: Mapping[str, Any] | None = None  # what has their indexes, if not the series themselves
    names: tuple[str, ...] | None = None  # by default those of the series themselves

    @classmethod
    def of(cls, single: Mapping[str, Any], argument: str, several: Any) -> Group:
        """Return single series, and after them those of an argument: one, a list or a table."""
        for name, values in {**single, argument: several}.items():
            if is_number(values):
                as_series(values, name)  # an error: the next argument in its place
        if _is_one_series(several):
            rows, names, tables = {argument: several}, None, {argument: several}
        else:
            found, table, names = taken_apart(several)
            columns = list(getattr(several, "columns", ()))
            keys = columns if len(set(columns)) == len(found) else range(len(found))
            rows = {f"{argument}[{key!r}]": row for key, row in zip(keys, found, strict=True)}
            tables = rows if table is None else {argument: table}
        _check_orientation(list(rows.values()), argument)
        if names is None:
            word = argument.lower()
            numbered = [word] if len(rows) == 1 else [f"{word}{k + 1}" for k in range(len(rows))]
            names = list(map(name_of, rows.values(), numbered))
        own = [name_of(each, name) for name, each in single.items()]
        return cls({**single, **rows}, {**single, **tables}, (*own, *names))

    @property
    def labelled(self) -> Mapping[str, Any]:
        """What may have an index."""
        return self.series if self.tables is None else self.tables


def as_pair(function: str, y1: Any, y2: Any) -> dict[str, Any]:
    """Return two series by what messages call them; not a table and dt in their place."""
    if is_number(y2):
        names = list(getattr(y1, "columns", ()))
        columns = [f'"{name}"' if isinstance(name, str) else repr(name) for name in names]
        if len(columns) > 1:
            one, two = columns[:2]
            raise TypeError(
                f"`y2` must be a series, got {brief(y2)} after a {brief(y1)}. Pass two of its "
                f"columns: `{function}(df[{one}], df[{two}])`."
            )
        as_series(y2, "y2")  # an error: dt in its place
    return {"y1": y1, "y2": y2}


def _is_one_series(values: Any) -> bool:
    if isinstance(values, list | tuple):
        return bool(values) and is_number(values[0])
    return not hasattr(values, "columns") and np.ndim(values) < 2


def _check_orientation(rows: list[Any], argument: str) -> None:
    """Raise ValueError if there is no series, or the rows of a table seem to be its columns."""
    if not rows:
        raise ValueError(
            f"`{argument}` must be one series or more, got none. The coherence of two series is "
            "that of `wct`."
        )
    n = max(0 if is_number(row) else len(row) for row in rows)
    if len(rows) > max(n, 1):
        raise ValueError(
            f"`{argument}` must have a row for each series, shape (q, n), or be a DataFrame with a "
            f"column for each, got {len(rows)} series of {n} samples. Pass `{argument}.T`."
        )


def as_rows(series: Mapping[str, Any]) -> Array:
    """Return series, by what messages call them, as one array, shape (q, n)."""
    rows = {
        name: as_series(values, name, min_size=_SHORTEST, allow_constant=False)
        for name, values in series.items()
    }
    for name, row in rows.items():
        check_size(float(np.abs(row).max()), name, GREATEST)
    (first, one), *others = rows.items()
    for name, other in others:
        same_size(one, other, (first, name))
    return np.array(list(rows.values()))


def check_distinct(series: Mapping[str, Array], rows: Array | None = None) -> None:
    """Raise ValueError if a series is another one times a factor, plus an offset.

    `rows` are the same normalised, if they are known.
    """
    table = np.stack(list(series.values()))
    sizes = in_range(table)
    if rows is None:
        rows = normalized(table)
    # Large offsets leave few digits.
    errors = _ROUNDING_ERRORS * np.finfo(float).eps * np.abs(sizes).max(axis=1) / sizes.std(axis=1)
    for (j, first), (k, second) in itertools.combinations(enumerate(series), 2):
        apart = rows[k] - np.sign(rows[j] @ rows[k]) * rows[j]
        if np.abs(apart).max() <= errors[j] + errors[k]:
            raise ValueError(
                f"`{second}` must be another series than `{first}`, got the same one (but for a "
                "factor and an offset). Leave one of them out."
            )


def normalized(series: Array) -> Array:
    """Return series, shape (q, n), with mean 0 and standard deviation 1."""
    anomaly = in_range(series - _means(series))
    # The numbers that `std` returns, in half its time for short series.
    squares = (anomaly - _means(anomaly)) ** 2
    return np.asarray(anomaly / np.sqrt(_means(squares)))


def _means(series: Array) -> Array:
    return np.asarray(np.add.reduce(series, axis=1, keepdims=True) / series.shape[1])


def in_range(series: Array) -> Array:
    """Return series times powers of two that bring their largest value to about 1.

    The products of the coherence, whose result has no unit, then neither overflow nor vanish; and
    powers of two change no digit.
    """
    _, exponents = np.frexp(np.abs(series).max(axis=1, keepdims=True))
    if exponents.min(initial=0) < -1000:  # of such a power the inverse is no number
        return np.asarray(np.ldexp(series, -exponents))
    return np.asarray(series * np.ldexp(1.0, -exponents))


class DimensionError(ValueError, Warning):
    """Arrays whose shapes do not fit; pycwt raises a bare `Warning` here, and this is one too."""


def as_transform(W: Any, n_scales: int) -> NDArray[Any]:
    """Return a wavelet transform, shape (n_scales, n), which may be given the other way round."""
    field = as_numbers(W, "W")
    if field.ndim != 2 or n_scales not in field.shape:
        raise DimensionError(
            f"`W` must have one row for each of the {n_scales} scales in `sj`, got shape "
            f"{field.shape}."
        )
    if not np.isfinite(field).all():
        raise ValueError("`W` must be finite, got NaN or infinite values. Set them to 0.")
    check_amplitude(field, "W")
    return field if field.shape[0] == n_scales else field.T


def value_at_zero(mother: Any) -> float:
    """Return the value at time 0 of the wavelet that `psi_ft` transforms."""
    at_zero = getattr(mother, "psi_at_zero", None)
    if at_zero is None and not hasattr(mother, "psi"):
        raise TypeError(f"`wavelet` must have a `psi(t)` for the inverse, got {brief(mother)}.")
    return float(at_zero() if at_zero is not None else np.real(mother.psi(0)))


def averaged_times(dof: Any, scales: Array, mother: Any) -> Array:
    """Return the number of times that `significance` averages over at each scale, in test 1."""
    try:
        times = np.asarray(mother.dofmin if is_default(dof) else dof, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"`dof` must be a number or numbers, got {brief(dof)}.") from None
    if times.shape not in ((), (1,), scales.shape) or not (np.abs(times) <= MOST_SAMPLES).all():
        raise ValueError(
            f"`dof` must be one number of times, or one for each of the {scales.size} scales, with "
            f"sigma_test=1, got {brief(dof)}."
        )
    return np.broadcast_to(times, scales.shape)


def averaged_band(dof: Any) -> tuple[float, float]:
    """Return the band of scales that `significance` averages over in test 2."""
    try:
        band = np.asarray(dof, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"`dof` must be two numbers, [s1, s2], got {brief(dof)}.") from None
    if band.shape != (2,) or not ((band >= LEAST) & (band <= GREATEST)).all():
        raise ValueError(
            "`dof` must be the smallest and the largest scale of the band, [s1, s2], with "
            f"sigma_test=2, got {brief(dof)}."
        )
    return float(band[0]), float(band[1])


def as_replaced(name: str) -> Callable[..., Any]:
    """Return a function of `helpers`, or the one that a user put in its place in `wavelet`.

    Scripts written for pycwt do so. `wavelet` is above this module, which does not import it.
    """
    function: Callable[..., Any] = getattr(sys.modules[f"{__package__}.wavelet"], name)
    return function


def padded_length(size: int) -> int:
    """Return the FFT length, by `fft_kwargs` of `wavelet` or `helpers`, as a user replaced it."""
    return helpers.padded_length(size, as_replaced("fft_kwargs"))


def coefficient_of(series: Array, name: str, remedy: str = "") -> float:
    """Return the lag-1 autocorrelation of a series, with which an AR(1) model can exist.

    `remedy` is one more way out, for the error.
    """
    estimate = as_replaced("ar1")
    try:
        g = (helpers.ar1_of if estimate is helpers.ar1 else estimate)(series)[0]
    except AR1EstimationError as error:
        reason = str(error).replace("`x`", f"`{name}`")
        remedy = remedy if AR1_REMEDY in reason else ""
        raise AR1EstimationError(f"{reason} {remedy}".rstrip()) from None
    if not -1 < g < 1:
        raise AR1EstimationError(
            f"`{name}` must allow an AR(1) model, but its lag-1 autocorrelation is estimated "
            f"as {g:.3g}. {reason_without_ar1(series.size)} {AR1_REMEDY} {remedy}".rstrip()
        )
    return float(g)


def coefficients_of(series: Mapping[str, Array], given: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the lag-1 autocorrelation of each series: as given, or else estimated."""
    return tuple(
        coefficient_of(values, name) if al is None else as_coefficient(al, name_of_al)
        for (name, values), (name_of_al, al) in zip(series.items(), given.items(), strict=True)
    )


def variance_and_alpha(signal: Any, alpha: Any, dt: float) -> tuple[float, float]:
    """Return the variance and the lag-1 autocorrelation that `significance` tests against."""
    if is_number(signal):
        variance = as_real(signal, "signal")
        if variance < 0:
            raise ValueError(f"`signal`, as a variance, must not be negative, got {variance:g}.")
        as_amplitude(math.sqrt(variance), "signal")
        if alpha is None:
            raise TypeError(
                "`alpha` must be given when `signal` is a variance: a single number has no lag-1 "
                "autocorrelation. Pass alpha=ar1(series)[0], or alpha=0 for white noise."
            )
        return variance, as_coefficient_or_one(alpha, "alpha")
    series = as_signal(signal, "signal")
    if alpha is None:
        sampling_of({"signal": signal}, dt, needs_dt=True)
        alpha = as_replaced("ar1")(series)[0]
    return float(series.var()), as_coefficient_or_one(alpha, "alpha")
