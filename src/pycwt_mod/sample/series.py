"""The catalogue of the sample series, and how to read them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

__all__ = ["Series", "load"]


@dataclass(frozen=True)
class Source:
    """The facts about a series that its data file does not hold; times are in years."""

    file: str
    title: str
    label: str
    unit: str
    start: float
    dt: float


CATALOGUE = {
    "ao": Source("jao.dat", "Winter Arctic Oscillation index", "AO", "", 1851, 1.0),
    "baltic": Source(
        "jbaltic.dat", "Baltic Sea maximum ice extent", "Baltic ice", "1000 km²", 1720, 1.0
    ),
    "nino3": Source(
        "sst_nino3.dat", "NINO3 sea surface temperature anomaly", "NINO3 SST", "°C", 1871, 0.25
    ),
    "soi": Source("soi.dat", "Southern Oscillation Index", "SOI", "hPa", 1896, 0.25),
    "sunspot": Source("sunspot.dat", "Sunspot number", "Sunspots", "", 1748, 0.25),
}


@dataclass(frozen=True, eq=False)
class Series:
    """An evenly sampled series and its labels.

    Parameters
    ----------
    name : str
        The name that `load` knows it by.
    title : str
        Readable name.
    unit : str
        Unit of the values; empty for an index.
    times : numpy.ndarray
        Times in years, shape (n,).
    values : numpy.ndarray
        Values, shape (n,).
    dt : float
        Sampling interval in years.
    """

    name: str
    title: str
    unit: str
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    dt: float


def load(name: str) -> Series:
    """Read one of the sample series.

    Parameters
    ----------
    name : {"ao", "baltic", "nino3", "soi", "sunspot"}
        Which one, in any case: the winter Arctic Oscillation index and the Baltic Sea ice extent
        of Grinsted et al. (2004), the NINO3 temperature anomaly of Torrence & Compo (1998), the
        Southern Oscillation Index, or the sunspot number.

    Returns
    -------
    Series
        A fresh copy: changing its arrays changes nothing else.

    Raises
    ------
    TypeError
        If `name` is not a string.
    ValueError
        If there is no such series.

    References
    ----------
    Grinsted, A., Moore, J. C., and Jevrejeva, S. (2004). Application of the cross wavelet
    transform and wavelet coherence to geophysical time series. Nonlinear Processes in
    Geophysics 11, 561-566. doi:10.5194/npg-11-561-2004

    Examples
    --------
    >>> ice = load("baltic")
    >>> print(ice.times[0], ice.values[0], ice.unit)
    1720.0 130.0 1000 km²
    """
    if not isinstance(name, str):
        raise TypeError(f"`name` must be a string, got {name!r} of type {type(name).__name__}.")
    key = name.strip().lower()
    if key not in CATALOGUE:
        known = ", ".join(repr(known) for known in CATALOGUE)
        raise ValueError(f"`name` must be one of {known}, got {name!r}.")
    source = CATALOGUE[key]
    columns = read_columns(source.file)
    values = columns[-1]
    times = columns[0] if len(columns) == 2 else source.start + source.dt * np.arange(values.size)
    return Series(key, source.title, source.unit, times, values, source.dt)


def read_columns(file: str) -> NDArray[np.float64]:
    """Return the columns of a data file of this package, shape (column, n)."""
    with resources.files(__package__).joinpath(file).open(encoding="ascii") as lines:
        return np.loadtxt(lines, ndmin=2, unpack=True)
