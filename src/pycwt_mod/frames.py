"""Tables of pandas and datasets of xarray, which are imported when one is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["as_dataframe", "as_dataset"]


def as_dataframe(table: Any) -> Any:
    """Return a pandas DataFrame of columns by their names, or of rows."""
    try:
        import pandas as pd
    except ImportError:
        raise _missing("pandas") from None
    return pd.DataFrame(table)


def as_dataset(
    variables: Mapping[str, tuple[Any, ...]],
    coordinates: Mapping[str, tuple[Any, ...]],
    attributes: Mapping[str, Any],
) -> Any:
    """Return an xarray Dataset of variables and coordinates, each ``(dimensions, values, attrs)``.

    Attributes are such as any netCDF can hold: texts are joined, None and empty ones left out.
    """
    try:
        import xarray as xr
    except ImportError:
        raise _missing("xarray") from None
    kept = {name: value for name, value in attributes.items() if value not in (None, "", ())}
    plain = {name: ", ".join(v) if isinstance(v, tuple) else v for name, v in kept.items()}
    return xr.Dataset(dict(variables), dict(coordinates), plain)


def _missing(library: str) -> ImportError:
    return ImportError(
        f"{library} must be installed for this: pip install {library}. It is not part of what "
        "pycwt_mod needs.",
        name=library,
    )
