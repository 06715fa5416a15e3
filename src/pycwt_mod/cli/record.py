"""Results as JSON and as arrays in a file, with the facts needed to repeat them."""

from __future__ import annotations

import argparse
import json
import math
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from .._version import __version__
from ..files import write_arrays
from ..tables import Sheet
from .inputs import Inputs


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
