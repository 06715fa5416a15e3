"""Checks of what a user passes in: one clear message for each mistake.

Every message names the argument, the rule, the value and, where it helps, the remedy.
A wrong type is a `TypeError`, a wrong value a `ValueError`. Libraries of tables are known by what
their objects can do; none is imported.
"""

from __future__ import annotations

import contextlib
import datetime
import difflib
import math
import numbers
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]

# Messages show this many values of an array, and this many letters of anything else.
_SHOWN_VALUES = 3
_SHOWN_LETTERS = 80

# Straight lines over gaps of more samples than this are told, and the periods that they spoil: up
# to this many gaps long; as are lines in place of more than this part of the values.
_LONG_GAP, _GAPS_IN_PERIOD, MOST_FILLED = 8, 4, 0.1

# A billion surrogates take a month on a hundred cores; more are a slip.
_MOST_SIMULATIONS = 10**9

# Most unrelated series exceed a level below this: it is probably 1 minus the level meant.
_LOWEST_USUAL_LEVEL = 0.5

_TIMES = (np.datetime64, np.timedelta64, datetime.date, datetime.time, datetime.timedelta)


def as_series(
    values: Any,
    name: str,
    *,
    min_size: int = 2,
    allow_complex: bool = False,
    allow_constant: bool = True,
    in_time: bool = True,
) -> NDArray[Any]:
    """Return one time series as a contiguous array, shape (n,), of float64 or complex128.

    Or other numbers in a row, which are not `in_time`. Lists, arrays, Series and DataArrays are
    taken, DataFrames of one column, and masked arrays without masked values. Values that are no
    numbers, or complex where only real ones have a meaning, are a TypeError that names the fault;
    any other fault is a ValueError.
    """
    if values is None:
        raise TypeError(f"`{name}` must be a series of numbers, got None.")
    _refuse_masked(values, name)
    values = _only_column(values, name)
    array = as_numbers(values, name)
    _check_shape(array, name, min_size, "samples" if in_time else "values")
    if np.iscomplexobj(array) and not allow_complex:
        raise TypeError(
            f"`{name}` must be real, got {array.dtype}. Pass its real or imaginary part."
        )
    _check_finite(array, name, values, in_time)
    if not allow_constant and array[0] == array[-1] and array.min() == array.max():
        raise ValueError(
            f"`{name}` must vary, got a constant series (every value is {array[0]}, from index 0 "
            "on): it has no variance, no lag-1 autocorrelation and no coherence with anything."
        )
    return array


def _refuse_masked(values: Any, name: str) -> None:
    is_masked = np.ma.isMaskedArray(values)
    masked = np.flatnonzero(np.ma.getmaskarray(values) if is_masked else ())
    if masked.size:
        raise ValueError(
            f"`{name}` must not have masked values, got a mask that is first set at index "
            f"{masked[0]}. Fill or interpolate the gaps before the transform."
        )


def _check_shape(array: NDArray[Any], name: str, min_size: int, unit: str) -> None:
    if array.ndim != 1:
        remedy = (
            "Pass one series, for example `y[:, 0]` or `y.ravel()`."
            if array.ndim
            else "Pass a series, not one number; are the arguments swapped?"
        )
        raise ValueError(f"`{name}` must be one-dimensional, got shape {array.shape}. {remedy}")
    if array.size < min_size:
        least = f"{min_size} {unit if min_size > 1 else unit[:-1]}"
        raise ValueError(f"`{name}` must have at least {least}, got {array.size}.")


def _check_finite(array: NDArray[Any], name: str, values: Any, in_time: bool) -> None:
    finite = np.isfinite(array)
    if not finite.all():
        bad = np.flatnonzero(~finite)
        first, label = int(bad[0]), _label_at(values, int(bad[0]))
        at_an_end = first == 0 or bad[-1] == array.size - 1
        way = _way_to_filled(values, name, at_an_end) if np.isnan(array[bad]).all() else ""
        fill = f"Fill or interpolate the gaps{way}.{harm_of_filling(~finite)}"
        raise ValueError(
            f"`{name}` must be finite, got {array[first]} at index {first}"
            f"{label and f', {label}'} ({bad.size} such value{'s' if bad.size != 1 else ''}). "
            f"{fill if in_time else 'Leave them out.'}"
        )


def harm_of_filling(gaps: NDArray[np.bool_], dt: float = 1.0, unit: str = "samples") -> str:
    """Return what straight lines over long or many gaps do, in sentences; "" for short and few."""
    ends = [np.flatnonzero(np.pad(~own, 1, constant_values=True)) for own in np.atleast_2d(gaps)]
    longest = max(int(np.diff(places).max()) - 1 for places in ends)
    share, harm = float(gaps.mean(axis=-1).max()), ""
    if longest > _LONG_GAP:
        period = f"{_GAPS_IN_PERIOD * longest * dt:.3g} {unit}".rstrip()
        harm = f" Over a gap of {longest} samples, periods shorter than about {period} are then "
        harm += "those of a straight line, not of data."
    if share > MOST_FILLED:
        harm += f" Where {100 * share:.0f} % of the values are filled in, results are in part those"
        harm += " of the filling: choose a part of the record with few gaps."
    return harm


def _label_at(values: Any, place: int) -> str:
    """Return the label of a sample of pandas or xarray; "" if it is just a number."""
    index = _index_of(values)
    if index is None or index.dtype.kind in "iu":
        return ""
    return str(index[place]).removesuffix(" 00:00:00")


def _index_of(values: Any) -> Any:
    """Return the pandas index of a series; None if it has none."""
    if hasattr(values, "indexes") and len(getattr(values, "dims", ())) == 1:
        return values.indexes.get(values.dims[0])
    index = getattr(values, "index", None)
    return index if hasattr(index, "dtype") else None


def _way_to_filled(values: Any, name: str, at_an_end: bool) -> str:
    """Return the statement that interpolates the gaps of a series of pandas or xarray."""
    if _index_of(values) is None or not name.partition("[")[0].isidentifier():
        return ""
    if hasattr(values, "dims"):
        outside = ', fill_value="extrapolate"' if at_an_end else ""
        return f', for example by `{name}.interpolate_na("{values.dims[0]}"{outside})`'
    numbers = name if values.dtype == np.float64 else f"{name}.astype(float)"
    both_ways = 'limit_direction="both"' if at_an_end else ""
    return f", for example by `{numbers}.interpolate({both_ways})`"


def as_numbers(values: Any, name: str) -> NDArray[Any]:
    """Return `values` as a float64 or complex128 array."""
    try:
        if hasattr(values, "to_numpy") and not isinstance(values, np.ndarray):
            try:
                array = np.asarray(values.to_numpy())
                if array.dtype == object and not _holds(array, (str, bytes, *_TIMES)):
                    array = values.to_numpy(dtype=float, na_value=math.nan)
            except TypeError:
                array = np.asarray(values)
        else:
            array = np.asarray(values)
        if array.dtype.kind in "mMSU" or _holds(array, (str, bytes, *_TIMES)):
            raise TypeError("neither times nor text are samples")
        kind = np.complex128 if array.dtype.kind == "c" else np.float64
        return np.ascontiguousarray(array, dtype=kind) if array.ndim else array.astype(kind)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise TypeError(
            f"`{name}` must be a series of numbers, got {brief(values)}."
            f"{_way_to_numbers(values, name)}"
        ) from error


def _only_column(values: Any, name: str) -> Any:
    """Return the column of a DataFrame that has one, anything else as it is."""
    columns = getattr(values, "columns", None)
    if columns is None or np.ndim(values) != 2:
        return values
    if len(columns) == 1:
        return values[columns[0]]
    some = "column" if not len(columns) else columns[0]
    raise ValueError(
        f"`{name}` must be one-dimensional, got shape {tuple(values.shape)}, a "
        f"{type(values).__name__}. Pass one of its columns, for example `df[{some!r}]`."
    )


def _holds(array: NDArray[Any], kinds: tuple[type, ...]) -> bool:
    return array.dtype == object and any(isinstance(value, kinds) for value in array.flat)


def _way_to_numbers(values: Any, name: str) -> str:
    """Return the remedy for values that are no numbers: a sentence with a space before it."""
    if isinstance(values, str | bytes | os.PathLike):
        return (
            " If it names a file, read it first, by `pandas.read_csv(path, index_col=0, "
            "parse_dates=True)` for example, and pass a column."
        )
    if hasattr(values, "detach"):  # a tensor that needs gradients, or is on a GPU
        return f" Pass `{name}.detach().cpu()`."
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):  # ragged
        return " Every element must be one number."
    if not array.ndim and hasattr(values, "values") and not callable(values.values):
        return f" Pass its values: `{name}.values`."
    if array.dtype.kind in "SU" or _holds(array, (str, bytes)):
        place = _first_of_no_number(array)
        if place is not None and array.ndim == 1:
            own = f"{name}.to_numpy()" if hasattr(values, "dims") else name
            label = _label_at(values, place)
            return (
                f" {_one_value(array[place])} at index {place}{label and f', {label},'} is no "
                f'number: `pandas.to_numeric({own}, errors="coerce")` makes NaN of all such text; '
                "then fill the gaps."
            )
        return (
            f" Text is not numbers: convert it, by `{name}.astype(float)` if it is an array or a "
            f"pandas Series, or by `[float(value) for value in {name}]`."
        )
    if array.dtype.kind in "mM" or _holds(array, _TIMES):
        return (
            " Dates and time spans are not numbers: pass the values that belong to the dates; "
            f"spans become numbers by `{name} / np.timedelta64(1, 'D')`."
        )
    return ""


def _first_of_no_number(array: NDArray[Any]) -> int | None:
    """Return the place of the first text that `float` does not take; None if it takes all."""
    for place, value in enumerate(array.flat):
        if isinstance(value, str | bytes):
            try:
                float(value)
            except ValueError:
                return place
    return None


def brief(value: Any) -> str:
    """Return a value for a message: short, on one line, and no number cut in the middle."""
    kind = type(value).__name__
    if isinstance(value, type):  # its `shape` and `dtype` are descriptors
        return repr(value)
    if hasattr(value, "columns") and hasattr(value, "shape"):
        return f"{kind} of shape {tuple(value.shape)}"
    if hasattr(value, "dtype") and len(getattr(value, "shape", ())):
        with contextlib.suppress(Exception):  # an array on a device is shown by its repr
            values = np.asarray(value).ravel()
            return f"{kind} of {value.dtype}, shape {tuple(value.shape)}, {_first_values(values)}"
    if isinstance(value, list | tuple | range) and len(value) > _SHOWN_VALUES:
        return f"{kind} of {len(value)}, {_first_values(value)}"
    plain = isinstance(value, np.number) and not isinstance(value, _TIMES)
    words = _words(value.item() if plain else value)
    if len(words) <= _SHOWN_LETTERS:
        return words
    head, _, cut = words[:_SHOWN_LETTERS].rpartition(" ")
    return f"{head or cut} ..."


def _first_values(values: Any) -> str:
    shown = [_one_value(value) for value in values[:_SHOWN_VALUES]]
    return f"[{', '.join(shown)}{', ...' if len(values) > _SHOWN_VALUES else ''}]"


def _one_value(value: Any) -> str:
    if isinstance(value, np.datetime64):
        return str(np.datetime_as_string(value, unit="auto"))
    if isinstance(value, _TIMES):
        return str(value)
    plain = value.item() if isinstance(value, np.generic) else value
    text = _words(plain)
    letters = _SHOWN_LETTERS // _SHOWN_VALUES
    return text if len(text) <= letters else f"{text[:letters]}..."


def _words(value: Any) -> str:
    """Return the repr on one line; Python writes no integer of thousands of digits."""
    try:
        return " ".join(repr(value).split())
    except ValueError:
        return f"{type(value).__name__} with thousands of digits"


def same_size(first: NDArray[Any], second: NDArray[Any], names: tuple[str, str]) -> None:
    """Raise ValueError unless both series have the same number of samples."""
    if first.size != second.size:
        raise ValueError(
            f"`{names[0]}` and `{names[1]}` must have the same length, got {first.size} and "
            f"{second.size}. Cut both to their common time span."
        )


def as_real(value: Any, name: str) -> float:
    """Return a finite real number as float."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not is_real(value):
        raise TypeError(
            f"`{name}` must be a real number, got {brief(value)}.{_way_to_number(value, name)}"
        )
    try:
        number = float(value)
    except OverflowError:  # an integer or a fraction beyond all floats
        number = math.inf
    if not math.isfinite(number):
        shown = brief(value) if isinstance(value, numbers.Rational) else number
        raise ValueError(f"`{name}` must be finite, got {shown}.")
    return number


def as_real_array(values: Any, name: str, *, allow_nan: bool = False) -> NDArray[np.float64]:
    """Return finite real numbers of any shape as an array of float."""
    try:
        array = np.asarray(values)
        if array.dtype.kind in "cmMSU" or _holds(array, (str, bytes, *_TIMES)):
            raise TypeError("neither times nor text nor complex numbers")
        array = array.astype(float)
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"`{name}` must be real numbers, got {brief(values)}.") from error
    if not (~np.isinf(array) if allow_nan else np.isfinite(array)).all():
        raise ValueError(f"`{name}` must be finite, got {brief(values)}.")
    return array


def is_number(value: Any) -> bool:
    """Return whether a value has no axis, as a number has none; ragged lists have some."""
    try:
        return np.ndim(value) == 0
    except ValueError:
        return False


def is_real(value: Any) -> bool:
    """Return whether this is a number; NumPy registers its time spans as integers."""
    if type(value) in (float, int):  # nearly always
        return True
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_, *_TIMES))


def _way_to_number(value: Any, name: str) -> str:
    """Return the remedy for a value that is no number: a sentence with a space before it."""
    if isinstance(value, _TIMES) or hasattr(value, "freqstr"):
        if name == "dt":
            return " Give the sampling interval as a number, such as 1.0 (days)."
        return " Give it as a number, in the unit of `dt`."
    if isinstance(value, str | bytes):
        if name == "dt" and _first_of_no_number(np.array([value])) is not None:
            return " Give a number of your unit of time, such as dt=1 for steps of one unit."
        return " Text is not a number: convert it by `float(...)`."
    if name == "dt" and np.iterable(value):
        return " Give one sampling interval, such as 1.0; are the arguments swapped?"
    return ""


def as_positive(value: Any, name: str) -> float:
    """Return a positive real number as float."""
    number = as_real(value, name)
    if number <= 0:
        raise ValueError(f"`{name}` must be positive, got {number:g}.")
    return number


def as_level(value: Any, name: str = "significance_level") -> float:
    """Return a probability strictly between 0 and 1."""
    number = as_real(value, name)
    if not 0 < number < 1:
        raise ValueError(
            f"`{name}` must lie strictly between 0 and 1, got {number:g}. "
            "For the 5 % significance level use 0.95."
        )
    if number < _LOWEST_USUAL_LEVEL:
        warn_user(
            f"`{name}` is {number:g}: this is the level that {100 * number:g} % of unrelated "
            f"series stay below, not {100 * (1 - number):g} %. For the {100 * number:g} % "
            f"significance level use {1 - number:g}."
        )
    return number


def as_coefficient(value: Any, name: str) -> float:
    """Return a lag-1 autoregressive coefficient, strictly between -1 and 1."""
    number = as_real(value, name)
    if not -1 < number < 1:
        raise ValueError(
            f"`{name}` must lie strictly between -1 and 1, got {number:g}: an AR(1) process with "
            "this coefficient is not stationary. Detrend or difference the series first."
        )
    return number


def as_count(value: Any, name: str, *, at_least: int = 1, at_most: float = math.inf) -> int:
    """Return an integer within limits; a float with an integer value is an integer."""
    if not is_real(value) or not (isinstance(value, numbers.Rational) or math.isfinite(value)):
        raise TypeError(f"`{name}` must be an integer, got {brief(value)}.")
    if value != int(value):
        raise ValueError(f"`{name}` must be an integer, got {brief(value)}.")
    count = int(value)
    if not at_least <= count <= at_most:
        limit = f"at least {at_least}" if count < at_least else f"at most {at_most}"
        raise ValueError(f"`{name}` must be {limit}, got {brief(count)}.")
    return count


def as_simulations(value: Any, name: str) -> int:
    """Return a number of simulations or surrogates."""
    return as_count(value, name, at_most=_MOST_SIMULATIONS)


def as_flag(value: Any, name: str) -> bool:
    """Return a truth value."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"`{name}` must be True or False, got {brief(value)}.")
    return bool(value)


def as_choice(value: Any, name: str, choices: Sequence[str]) -> str:
    """Return `value` if it is one of `choices`."""
    if isinstance(value, str) and value in choices:
        return value
    rule = f"`{name}` must be one of {', '.join(map(repr, choices))}"
    if not isinstance(value, str):
        raise TypeError(f"{rule}, got {brief(value)}.")
    raise ValueError(f"{rule}, got {value!r}.{did_you_mean(value, choices)}")


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return a question with the nearest of some names, a space before it; or nothing."""
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.61)  # "nope" is no "copper"
    return f" Did you mean {near[0]!r}?" if near else ""


def warn_user(message: str) -> None:
    """Issue a UserWarning that points at the caller's line outside this package."""
    package = str(Path(__file__).parent)
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)
