"""What a series of pandas or xarray brings besides its values: its name, its times, their step.

The libraries are known by what their objects can do; none is imported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from .time_axis import (
    BUSINESS,
    EVEN,
    UNITS,
    Array,
    RowsError,
    TimeAxis,
    are_ages,
    as_time_axis,
    calendar_of,
    is_clock_set_back,
    label_of,
    usual_step,
)
from .validation import as_series, warn_user

# Names of series without names.
UNNAMED = ("x", "y")

# Names that pandas itself gives to row numbers.
_ROW_NUMBERS = (None, "", "index")

# Numbers differ from the steps of an index by rounding only if by less than this part of a step.
_ROUNDING = 1e-3

# pandas' names of the steps by which gaps are filled.
_FREQUENCIES = {
    "monthly": "MS",
    "quarterly": "QS",
    "yearly": "YS",
    BUSINESS: "B",
    "hourly": "h",
    "daily": "D",
}


@dataclass(frozen=True, eq=False)
class _Labels:
    """The labels of a series."""

    index: Any  # of pandas
    dim: str | None  # the dimension of xarray
    is_table: bool = False  # whether they are those of all columns of a DataFrame


def sampling_of(
    series: Mapping[str, Any],
    dt: float | None,
    names: tuple[str, ...] | None = None,
    *,
    needs_dt: bool = False,
) -> dict[str, Any]:
    """Return dt, names, times and unit of series or tables, by the names of the arguments.

    Times, their name and unit are left out where no index tells them; `names` are by default their
    own. Faults of an index are errors without `dt`, which it then has to tell, and else a warning:
    pycwt takes series sample by sample, and a script may mean it so.
    """
    facts: dict[str, Any] = {"names": names or _names_of(series), "dt": dt}
    try:
        axes = common_axes(series)
    except ValueError as error:
        if dt is None:
            raise
        how = "compared sample by sample" if len(series) > 1 else "taken as evenly spaced"
        warn_user(f"{error} As they are, the samples are {how}.")
        return facts
    name, axis = next(((n, a) for n, a in axes.items() if a is not None), ("", None))
    if axis is not None:
        facts["time_name"] = _name_of_times(series[name])
        if dt is not None:
            return facts | _times_for(axis, dt, name, needs_dt)
        return facts | {"dt": axis.dt, "unit": axis.unit, "times": axis.times}
    if dt is None:
        for one, each in series.items():  # of which the fault may be
            if each is not None and getattr(each, "ndim", 1) < 2:
                as_series(each, one, allow_complex=True)
        raise TypeError(
            "`dt` must be a real number, got None: only where a series has an index of times may "
            f"the sampling interval be left out. Pass for example dt=1.0{_hint(series)}."
        )
    return facts


def index_axis(series: Any, name: str) -> TimeAxis | None:
    """Return the time axis of a series of pandas or xarray; None if it has no index of times.

    Times are dates, durations and numbers; whole numbers only if their index has a name, as "year"
    or a dimension of xarray. Times that are missing, not in order or with gaps are a ValueError
    with the remedy; so are gaps in row numbers, as pandas' `dropna` leaves them.
    """
    labels = _labels_of(series)
    if labels is None or len(labels.index) < 2:
        return None
    try:
        return _judged(labels, series)
    except RowsError as error:
        raise ValueError(f"`{name}` {error.reason}. {_remedy(labels, name)}") from error


def common_axes(series: Mapping[str, Any]) -> dict[str, TimeAxis | None]:
    """Return the time axis of each series; ValueError if their labels differ or have faults."""
    labels = {name: _labels_of(each) for name, each in series.items()}
    known = [(name, each) for name, each in labels.items() if each is not None]
    for two, second in known[1:]:
        one, first = known[0]
        if not _same_labels(first, second):
            raise ValueError(
                f"`{one}` and `{two}` must have the same index, got {_span(first)} and "
                f"{_span(second)}. Keep what they share: `{_alignment({one: first, two: second})}`."
            )
    return {name: index_axis(each, name) for name, each in series.items()}


def taken_apart(table: Any) -> tuple[list[Any], Any, list[str] | None]:
    """Return the series of a table, what has their index, and their names if it has some.

    Series are the columns of a DataFrame, and the rows of anything else; of a DataArray the times
    are along "time", or else along the last dimension.
    """
    if hasattr(table, "columns") and hasattr(table, "iloc"):
        columns = [table.iloc[:, number] for number in range(table.shape[1])]
        return columns, table, [str(name) for name in table.columns]
    if not hasattr(table, "indexes") or len(getattr(table, "dims", ())) < 2:
        return list(table), None, None
    array = table.transpose(..., "time") if "time" in table.dims else table
    names = array.indexes.get(array.dims[0]) if array.ndim == 2 else None
    one = array.isel(dict.fromkeys(array.dims[:-1], 0))
    return list(array), one, None if names is None else [str(name) for name in names]


def _times_for(axis: TimeAxis, dt: float, name: str, needs_dt: bool) -> dict[str, Any]:
    """Return times and unit where `dt` is given besides an index, which may disagree."""
    unit, ratio = axis.unit_of(dt), dt / axis.dt
    power = 10.0 ** round(math.log10(ratio))
    if unit and axis.times.dtype.kind == "M":
        return {"times": axis.times, "unit": unit}
    if math.isclose(ratio, 1, rel_tol=_ROUNDING):
        return {"times": axis.times, "unit": axis.unit}
    if axis.times.dtype.kind != "M" and unit:
        return {"times": axis.times * ratio, "unit": unit}
    if axis.times.dtype.kind == "f" and math.isclose(ratio, power, rel_tol=_ROUNDING):
        return {"times": axis.times * power}  # times in milliseconds, say, and `dt` in seconds
    if axis.times.dtype.kind in "iu":
        return {}  # sample numbers
    step = f"{axis.dt:.6g} {axis.unit}".rstrip()
    remedy = "Leave `dt` out to have it from the index."
    if needs_dt:
        remedy = f"Pass dt={axis.dt:.6g}, and scales in {axis.unit or 'the same unit'}."
    warn_user(
        f"`dt` must be the step of the index of `{name}`, {step}, got {dt:.6g}. As it is, periods "
        f"are in the unit of `dt`. {remedy}"
    )
    return {"times": axis.times}


def _hint(series: Mapping[str, Any]) -> str:
    for name, each in series.items():
        labels = _labels_of(each)
        if labels is not None and len(labels.index) and isinstance(labels.index[0], str):
            return f"; or, as the index of `{name}` is text, read it as dates by `pd.to_datetime`"
    return ""


def name_of(series: Any, otherwise: str) -> str:
    """Return the name of a series, or another if it has none."""
    columns = list(getattr(series, "columns", ()))
    name = columns[0] if len(columns) == 1 else getattr(series, "name", None)
    return otherwise if name is None or not str(name) else str(name)


def _name_of_times(series: Any) -> str:
    """Return the name of an index of times, such as "Date"; "" if it has none or "time"."""
    labels = _labels_of(series)
    name = None if labels is None else labels.dim or labels.index.name
    return "" if name is None or str(name).lower() == "time" else str(name)


def _labels_of(series: Any) -> _Labels | None:
    """Return the labels of a pandas object or a DataArray, and None for anything else."""
    if not hasattr(series, "to_numpy"):
        return None
    if hasattr(series, "indexes") and len(getattr(series, "dims", ())) == 1:
        dim = series.dims[0]
        return _Labels(_as_dates(series.indexes[dim]), dim) if dim in series.indexes else None
    index = getattr(series, "index", None)
    is_index = hasattr(index, "equals") and hasattr(index, "names")
    return _Labels(_as_dates(index), None, np.ndim(series) == 2) if is_index else None


def _as_dates(index: Any) -> Any:
    """Return periods and Python's own dates as an index of dates, anything else as it is."""
    with suppress(TypeError, ValueError):  # such as dates before the first that pandas knows
        if hasattr(index, "to_timestamp"):
            return index.to_timestamp()
        if index.dtype == object and len(index) and hasattr(index[0], "year"):
            return index.astype("datetime64[us]")
    return index


def _same_labels(first: _Labels, second: _Labels) -> bool:
    """Return whether labels are the same, in whichever unit of time and to rounding error."""
    one, two = first.index, second.index
    if one.equals(two) or np.array_equal(one.to_numpy(), two.to_numpy()):
        return True
    numbers, others = np.asarray(one), np.asarray(two)
    if not len(one) == len(two) > 1 or {numbers.dtype.kind, others.dtype.kind} - {*"iuf"}:
        return False
    slack = _ROUNDING * abs(usual_step(np.diff(numbers)))
    return bool(np.allclose(numbers, others, rtol=0, atol=slack))


def _judged(labels: _Labels, series: Any) -> TimeAxis | None:
    """Return the time axis of labels, None if they are no times, or raise RowsError."""
    index = labels.index
    if hasattr(index, "tz_localize"):
        return _judged_dates(index)
    if hasattr(index, "calendar"):  # of climate models, where each year may have 365 days
        return _judged_model_dates(index)
    values = index.to_numpy()
    if values.dtype.kind == "M":
        return as_time_axis(values)
    if values.dtype.kind == "m":
        return _judged_durations(values)
    is_whole = values.dtype.kind in "iu"
    if values.dtype.kind == "f" or (is_whole and labels.index.name not in _ROW_NUMBERS):
        return as_time_axis(values, _unit_of(labels, series))
    if is_whole and np.diff(values).min() >= 1 and usual_step(np.diff(values)) == 1:
        as_time_axis(values)  # rows of a table, of which some were dropped
    return None


def _judged_dates(index: Any) -> TimeAxis:
    local = index.tz_localize(None).to_numpy()
    if index.tz is not None:
        # Hours are even across changes of the clock, and days are by the clock.
        with suppress(RowsError):
            return as_time_axis(index.tz_convert(None).to_numpy())
    try:
        return as_time_axis(local)
    except RowsError:
        # The user named the calendar, such as one of trading days.
        if index.freq is None or not index[0] < index[-1]:
            raise
        return TimeAxis(local, 1.0, f"steps of {index.freqstr}", index.freqstr)


def _judged_model_dates(index: Any) -> TimeAxis:
    elapsed = np.asarray(index - index[0], dtype="timedelta64[us]")
    try:
        dates = np.array([date.isoformat() for date in index], dtype="datetime64[us]")
    except ValueError:  # 30 February
        return _judged_durations(elapsed)
    if calendar_of(dates)[0] not in (EVEN, BUSINESS):  # months and years
        return as_time_axis(dates)
    axis = _judged_durations(elapsed)
    return TimeAxis(dates, axis.dt, axis.unit)


def _judged_durations(durations: Array) -> TimeAxis:
    seconds = durations / np.timedelta64(1, "us") / 1e6
    unit = "days" if usual_step(np.diff(seconds)) >= UNITS["minutes"] else "seconds"
    return as_time_axis(seconds / UNITS[unit], unit)


def _unit_of(labels: _Labels, series: Any) -> str:
    """Return the unit of times that are numbers, as their attributes or their name tell it."""
    if labels.dim is not None:
        units = str(series[labels.dim].attrs.get("units", ""))
        return units.split(" since ")[0]
    name = str(labels.index.name).lower()
    return next((unit for unit in UNITS if name in (unit, unit.removesuffix("s"))), "")


def _remedy(labels: _Labels, name: str) -> str:
    index, dim = labels.index, labels.dim
    if index.hasnans:
        of_pandas = f"{name}[{name}.index.notna()]"
        of_xarray = f'{name}.where({name}["{dim}"].notnull(), drop=True)'
        return f"Leave out what has no time: `{of_xarray if dim else of_pandas}`."
    dates = index.to_numpy() if hasattr(index, "tz_localize") and index.tz is None else None
    key = f'"{dim}"' if dim else "level=0"
    one = f"eep one value for each time: `{name}.groupby({key}).mean()`."
    if dates is not None and is_clock_set_back(dates):
        zone = f'`{name}.tz_localize("Europe/Berlin", ambiguous="infer")`, with your zone'
        to_utc = "write the times in UTC" if dim else f"name the zone: {zone}"
        return f"If clocks were set back then, {to_utc}; else k{one}"
    if index.is_monotonic_decreasing and index.is_unique and index.dtype.kind in "iuf":
        return _remedy_for_falling(labels, name)
    if not index.is_monotonic_increasing:
        way = f'sortby("{dim}")' if dim else "sort_index()"
        return f"Sort it: `{name}.{way}`."
    if not index.is_unique:
        return f"K{one}"
    return (
        f"Fill the gaps, for example by {_way_to_even_times(labels, name)}; or pass "
        f"`{name}.to_numpy()` to have the samples taken as evenly spaced."
    )


def _remedy_for_falling(labels: _Labels, name: str) -> str:
    """Return what to do about numbers that fall: ages become negative, others are sorted."""
    index, dim = labels.index, labels.dim
    negative = f"{name}.set_axis(-{name}.index)"
    if dim:
        negative = f'{name}.assign_coords({{"{dim}": -{name}["{dim}"]}})'
    if are_ages(dim or index.name, index.to_numpy()):
        return f"Ages before the present run backwards in time: make them negative, `{negative}`."
    way = f'sortby("{dim}")' if dim else "sort_index()"
    return f"Sort it: `{name}.{way}`; or, if it has ages before the present, `{negative}`."


def _names_of(series: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of series; of DataArrays of one name, the coordinates that tell them apart.

    So are ``eeg.sel(channel="C1")`` and ``eeg.sel(channel="C2")`` called C1 and C2.
    """
    own = tuple(map(name_of, series.values(), UNNAMED))
    arrays = list(series.values())
    told = [getattr(each, "name", None) for each in arrays]
    coordinates: list[Any] = [getattr(each, "coords", None) for each in arrays]
    if len(arrays) < 2 or any(name != told[0] for name in told):
        return own
    if not all(hasattr(each, "items") for each in coordinates):
        return own
    labels = [
        {key: _label_of(key, each.values) for key, each in some.items() if not each.ndim}
        for some in coordinates
    ]
    for key in labels[0]:
        names = [each.get(key) for each in labels]
        if None not in names and len({*names}) == len(arrays):
            return tuple(map(str, names))
    return own


def _label_of(key: Any, value: Array) -> str | None:
    """Return the name that a coordinate of one value gives a series; None for tuples and such."""
    if value.dtype.kind in "iufM":
        number = label_of(value[()]) if value.dtype.kind == "M" else f"{value:.6g}"
        return f"{key}={number}"
    return value.item() if isinstance(value.item(), str) else None


def _way_to_even_times(labels: _Labels, name: str) -> str:
    """Return an expression that makes times even."""
    index, dim = labels.index, labels.dim
    if hasattr(index, "tz_localize"):
        words, steps = calendar_of(index.tz_localize(None).to_numpy())
        if words not in _FREQUENCIES:
            words = "hourly" if usual_step(steps) == UNITS["hours"] else "daily"
        every = _FREQUENCIES[words]
        of_pandas = f'{name}.resample("{every}").mean().interpolate()'
        of_xarray = f'{name}.resample({dim}="{every}").mean().interpolate_na("{dim}")'
        words = "business-day" if words == BUSINESS else words
        return f"`{of_xarray if dim else of_pandas}` for {words} values"
    if index.dtype.kind not in "iuf":
        return f"`{name}.interp`" if dim else "`numpy.interp`"
    first, last, step = index[0], index[-1], usual_step(np.diff(index.to_numpy()))
    if index.dtype.kind in "iu" and not dim:
        return f"`{name}.reindex(range({first}, {last + 1}, {step:.0f})).interpolate()`"
    even = f"np.linspace({first}, {last}, {round((last - first) / step) + 1})"
    return f"`{name}.interp({dim}={even})`" if dim else f"`np.interp({even}, {name}.index, {name})`"


def _alignment(labels: Mapping[str, _Labels]) -> str:
    """Return a statement that keeps what two series, or tables, share."""
    one, two = labels
    if all(each.dim for each in labels.values()):
        return f'{one}, {two} = xr.align({one}, {two}, join="inner")'
    first, second = (f"{name}.to_series()" if each.dim else name for name, each in labels.items())
    axis = ", axis=0" if any(each.is_table for each in labels.values()) else ""
    return f'{one}, {two} = {first}.align({second}, join="inner"{axis})'


def _span(labels: _Labels) -> str:
    index = labels.index
    if not len(index):
        return "no labels"
    first, last = (str(index[k]).removesuffix(" 00:00:00") for k in (0, -1))
    return f"{first} to {last} ({len(index)} label{'s' if len(index) != 1 else ''})"
