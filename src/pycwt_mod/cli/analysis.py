"""The beginning and the end of every analysis of a file: its series, and where results go.

With the results go the facts that are needed to repeat them.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from .._version import __version__
from ..files import write_arrays
from ..summary.text import fill, listed, short
from ..tables import Sheet
from ..time_axis import are_ages
from .inputs import Inputs, check_red_noise, read_inputs
from .options import check_outputs, chosen

# More columns than this are counted, not named.
_MOST_COLUMNS = 8


def prepare(
    arguments: argparse.Namespace, *columns: str, more: Sequence[tuple[str, str]] = ()
) -> Inputs:
    """Return the series that a command names by ``--x``, or by ``--x`` and ``--y``.

    `more` are other columns, each after its option. Messages call the series by their columns.
    """
    check_outputs(arguments)
    named = [(f"--{name}", getattr(arguments, name)) for name in columns]
    inputs = read_inputs(arguments, [*named, *more])
    labels = labels_of(arguments, len(inputs.series))
    arguments.called |= {label: inputs.column(k) for k, label in enumerate(labels)}
    check_red_noise(inputs, arguments)
    return inputs


def labels_of(arguments: argparse.Namespace, n_series: int) -> list[str]:
    """Return what messages of the function that a command calls name its series by."""
    others = range(n_series - 2)
    if getattr(arguments, "given", None):
        return ["y", "x", *(f"z[{k}]" for k in others)]
    if getattr(arguments, "joined", None):
        return ["X[0]", "y", *(f"X[{k + 1}]" for k in others)]
    return ["y1", "y2"] if n_series == 2 else ["signal"]


def heading(title: str, inputs: Inputs, periods: Any, arguments: argparse.Namespace) -> list[str]:
    """Return the lines that say what was analysed: files, columns, times, and the scales."""
    last = f"{short(periods[-1])} {inputs.unit}".rstrip()
    facts = [
        title,
        f"Data: {'; '.join(_columns_of(sheet, inputs.found) for sheet in inputs.sheets)}",
        f"Times: {_times_of(inputs)}",
        *_changes(inputs),
        f"Scales: {len(periods)}, periods of {short(periods[0])} to {last}, "
        f"{short(1 / arguments.dj)} per octave; {_called(arguments.wavelet)} wavelet",
    ]
    return [*map(fill, facts), ""]


def _called(wavelet: Any) -> str:
    """Return the name of a wavelet, with its parameter where that is not the usual one."""
    usual = repr(type(wavelet)()) == repr(wavelet)
    return wavelet.name if usual else f"{wavelet.name}({getattr(wavelet, wavelet.ORDER):g})"


def _columns_of(sheet: Sheet, found: bool) -> str:
    """Return a file with its columns, and that of its times if it was `found`."""
    name, units = sheet.table.source, sheet.units
    titles = [
        title.removeprefix("column ") + (f" in {units[title]}" if title in units else "")
        for title in sheet.titles
    ]
    times = f", times in column {sheet.time_name}".rstrip() if found else ""
    if sheet.dates_read_as:
        times += f", dates read as {sheet.dates_read_as}"
    if len(titles) > _MOST_COLUMNS:
        return f"{name}, {len(titles)} columns{times}"
    return f"{name}, column{'s' if len(titles) > 1 else ''} {listed(titles)}{times}"


def _times_of(inputs: Inputs) -> str:
    """Return number, steps and period of the values."""
    number = f"{inputs.n} values"
    unit = inputs.unit.removesuffix("s") if inputs.dt == 1 else inputs.unit
    if inputs.times is None:
        if inputs.spacing == "not given":
            return f"{number}; no times given, periods are in samples"
        return f"{number}, steps of {inputs.dt:.6g} {unit}".rstrip()
    steps = inputs.spacing
    if inputs.times.dtype.kind != "M":
        steps = f"{steps} {unit}".rstrip()
    return f"{inputs.span}, {steps}, {number}"


def _changes(inputs: Inputs) -> list[str]:
    """Return what was left out, filled and removed, one line each."""
    left_out = ", ".join(
        f"{number} time{'s' if number != 1 else ''} of {sheet.table.source} {side} these"
        for sheet in inputs.sheets
        for number, side in ((sheet.before, "before"), (sheet.after, "after"))
        if number
    )
    made = (number for sheet in inputs.sheets for number in sheet.n_made)
    filled = ", ".join(
        f"{number} of {inputs.n} values of {name}"
        for name, number in zip(inputs.names, made, strict=True)
        if number
    )
    filled += f".{inputs.harm_of_filling}" if inputs.harm_of_filling else ""
    return [
        *(line for sheet in inputs.sheets for line in _order_of(sheet, len(inputs.series))),
        *([f"Left out: {left_out}"] if left_out else []),
        *([f"Filled by interpolation: {filled}"] if filled else []),
        *(
            f"Removed from {name}:{str(prepared).removeprefix('removed:')}"
            for name, prepared in zip(inputs.names, inputs.prepared, strict=False)
        ),
    ]


def _order_of(sheet: Sheet, n_series: int) -> Iterator[str]:
    """Yield that rows were turned round, and that ages run backwards, of times that are numbers."""
    if sheet.time is None or sheet.times.dtype.kind == "M":
        return
    column = f"column {sheet.table.title(sheet.time)!r} of {sheet.table.source}"
    if sheet.turned:
        yield f"Turned round: the rows, as the times in {column} fall"
    if n_series > 1 and are_ages(sheet.time_name, sheet.times):
        yield (
            f"Ages: if {column} has ages before the present, time runs backwards in it: the "
            "series that follows is the one that leads in time. For lags in time write ages as "
            "negative numbers."
        )


def common_arrays(inputs: Inputs, scales: Any, freq: Any, coi: Any) -> dict[str, Any]:
    """Return the arrays that every analysis of one or two series has."""
    return {
        "times": inputs.times,
        **dict(zip(("x", "y"), inputs.series, strict=False)),
        "names": list(inputs.names),
        "scales": scales,
        "freq": freq,
        "period": 1 / freq,
        "coi": coi,
        "outside_coi": (1 / freq)[:, np.newaxis] <= coi,
    }


def deliver(
    arguments: argparse.Namespace,
    inputs: Inputs,
    lines: list[str],
    results: dict[str, Any],
    arrays: dict[str, Any],
    seconds: float,
    facts: dict[str, Any] | None = None,
    words: str = "",
) -> str:
    """Save the arrays if they are wanted, and return the text for stdout: `lines`, or JSON.

    The parameters of the computation go into the record as `facts`, and into the text as `words`.
    """
    scales = arrays["scales"]
    provenance = {
        **program_facts(arguments),
        **facts_of(inputs),
        "reading": chosen(arguments, "missing", "header", "skip", "date_format", "interpolate"),
        "wavelet": repr(arguments.wavelet),
        "dj": arguments.dj,
        "s0": float(scales[0]),
        "J": len(scales) - 1,
        "level": arguments.significance_level,
        **(facts or {}),
        "seconds": seconds,
        "warnings": arguments.warnings,
    }
    if arguments.save is not None:
        save_arrays(arguments.save, arrays, provenance)
    if arguments.json:
        return as_json({"provenance": provenance, "results": results})
    run = fill(f"Run: pycwt_mod {__version__}{words}, {seconds:.1f} s")
    files = [("Picture", arguments.plot), ("Arrays", arguments.save)]
    written = [f"{what}: {path}" for what, path in files if path is not None]
    return "\n".join([*lines, "", run, *written])


def program_facts(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the program, command and machine that made a result."""
    return {
        "program": "pycwt_mod",
        "version": __version__,
        "command": arguments.command,
        "arguments": arguments.argv,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "platform": platform.platform(),
    }


def facts_of(inputs: Inputs) -> dict[str, Any]:
    """Return the facts about the data, for the record."""
    return {
        "files": [_file_facts(sheet) for sheet in inputs.sheets],
        "columns": list(inputs.names),
        "time": inputs.sheets[0].time_name or None,
        "samples": inputs.n,
        "dt": inputs.dt,
        "unit": inputs.unit,
        "spacing": inputs.spacing,
        "span": inputs.span,
        "removed": {
            name: prepared.record
            for name, prepared in zip(inputs.names, inputs.prepared, strict=False)
        },
    }


def _file_facts(sheet: Sheet) -> dict[str, Any]:
    source = sheet.table.source
    return {
        "file": source if source.startswith("<") else str(Path(source).resolve()),
        "sha256": sheet.table.digest,
        "columns": sheet.titles,
        "time": sheet.time_name or None,
        "turned_round": sheet.turned,
        "dates_read_as": sheet.dates_read_as or None,
        "units": sheet.units,
        "left_out_before": sheet.before,
        "left_out_after": sheet.after,
        "interpolated": dict(zip(sheet.titles, sheet.n_made, strict=True)),
    }


def as_json(value: Any) -> str:
    """Return a result as JSON that any reader takes: NaN and infinity are null."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def save_arrays(path: Path, arrays: Mapping[str, Any], provenance: Mapping[str, Any]) -> None:
    """Write arrays but None, and their provenance as JSON, to an .npz that is read without pickle.

    A file of that name is replaced once the new one is complete.
    """
    kept = {key: array for key, array in arrays.items() if array is not None}
    write_arrays(path, {"provenance": as_json(provenance), **kept}, compress=True)


def _plain(value: Any) -> Any:
    """Return a value made of the types of JSON alone."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple | range):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return str(value)
