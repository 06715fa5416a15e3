"""The sample series by pycwt's interface, for scripts that use it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .series import CATALOGUE, read_columns

__all__ = ["Dataset"]

# pycwt's names, and the titles and units that its sample scripts print: of values and of their
# squares, plain and for TeX.
_CELSIUS = ("degC", "degC^2"), (r"$^\circ$C", r"($^\circ$C)$^2$")
_KNOWN = {
    "NINO3": ("nino3", "NINO3 Sea Surface Temperature (seasonal)", *_CELSIUS),
    "SOI": ("soi", "Southern Oscillation Index", ("mb", "mb^2"), ("mb", "mb$^2$")),
    "SUNSPOTS": ("sunspot", "Wolf's Sunspot Number", ("", ""), ("", "")),
}
_NOT_SHIPPED = {"MAUNA", "MONSOON"}


class Dataset:
    """A sample series as pycwt's sample scripts expect it.

    New code should use `pycwt_mod.sample.load`, which returns the times as well.

    Parameters
    ----------
    name : {"NINO3", "SOI", "SUNSPOTS"}
        Which series.
    usetex : bool, default True
        Whether `units` and `units2` are written for TeX (matplotlib's own will do).

    Attributes
    ----------
    fname : str
        Name of the data file.
    title, label : str
        Readable name and short name.
    t0, dt : float
        Time of the first value and sampling interval, in years.
    units, units2 : str
        Unit of the values and of their square.

    Raises
    ------
    TypeError
        If `name` is not a string.
    ValueError
        If there is no such series, or it is one of pycwt's that this package does not ship.

    Examples
    --------
    >>> dataset = Dataset("NINO3", usetex=False)
    >>> dataset.t0, dataset.dt, dataset.units, dataset.load().size
    (1871, 0.25, 'degC', 504)
    """

    fname: str
    title: str
    label: str
    t0: float
    dt: float
    units: str
    units2: str

    def __init__(self, name: str, usetex: bool = True) -> None:
        key, self.title, plain, tex = _KNOWN[_check_name(name)]
        source = CATALOGUE[key]
        self.fname, self.label = source.file, source.label
        self.t0, self.dt = source.start, source.dt
        self.units, self.units2 = tex if usetex else plain

    def load(self) -> NDArray[np.float64]:
        """Read the values.

        Returns
        -------
        numpy.ndarray
            Shape (n,).
        """
        return np.asarray(read_columns(self.fname)[-1])


def _check_name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"`name` must be a string, got {name!r} of type {type(name).__name__}.")
    key = name.strip().upper()
    if key not in _KNOWN:
        why = ": pycwt has that series, but it is not shipped with pycwt_mod"
        raise ValueError(
            f"`name` must be one of {', '.join(map(repr, _KNOWN))}, got {name!r}"
            f"{why if key in _NOT_SHIPPED else ''}."
        )
    return key
