"""What all results share: the tuple of pycwt with named fields, and what it belongs to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .._version import __version__
from ..files import DAMAGE, write_arrays
from ..frames import as_dataframe, as_dataset
from ..indexes import UNNAMED
from ..measures import Ridge, ridge
from ..mothers import mother_of, mother_record
from ..notebook import card
from ..time_axis import label_of, unit_factor
from ..transform import outside_cone
from ..validation import as_flag

Array = NDArray[np.float64]

FILE_FORMAT = "pycwt_mod result"
FILE_VERSION = 1


def made_by(function: str, mother: Any, scales: Array, **arguments: Any) -> dict[str, Any]:
    """Return the facts of a result that the call tells, its record among them: JSON values."""
    record = {"function": function, "version": __version__, "wavelet": repr(mother), **arguments}
    return {"mother": mother, "scales": scales, "provenance": record}


def significant_share(
    mask: NDArray[np.bool_], outside: NDArray[np.bool_], level: float
) -> dict[str, str]:
    """Return how much is significant, in words."""
    if not outside.any():
        return {}
    share, chance = 100 * mask[outside].mean(), 100 * (1 - level)
    words = f"{share:.3g} % of the area outside the cone of influence ({chance:.3g} % by chance)"
    return {"Significant": words}


def _arrays_of(part: Any) -> Mapping[str, Any]:
    arrays: Mapping[str, Any] = part.to_arrays() if hasattr(part, "to_arrays") else vars(part)
    return arrays


def _made_of(kind: Any, arrays: Mapping[str, Any]) -> Any:
    return kind.from_arrays(arrays) if hasattr(kind, "from_arrays") else kind(**arrays)


class WaveletResult:
    """Base of the results, beside a named tuple with the fields `coi` and `freqs` among others.

    A subclass adds a fact, such as the null distribution, by an annotated attribute with a
    default, or by a cached property, which is computed where it is not given; the constructor then
    takes it by name. Facts are kept when a result is copied or pickled.
    """

    dt: float = 1.0
    unit: str = ""
    time_name: str = ""
    names: tuple[str, ...] = ()
    mother: Any = None
    scales: Array
    provenance: Mapping[str, Any]

    # Facts of these names are objects that are made of arrays: by `to_arrays` and `from_arrays`, or
    # as dataclasses.
    PARTS: ClassVar[Mapping[str, Any]] = {}

    _known: ClassVar[set[str]]  # names of the facts

    if TYPE_CHECKING:  # the named tuple beside it
        _fields: ClassVar[Any]
        coi: ClassVar[Any]
        freqs: ClassVar[Any]
        __getitem__: ClassVar[Any]

    def __init_subclass__(cls) -> None:
        """Collect the names of the facts."""
        annotated, computed = set[str](), set[str]()
        for each in cls.__mro__:
            annotated |= set(getattr(each, "__annotations__", ()))
            computed |= {k for k, value in vars(each).items() if isinstance(value, cached_property)}
        fields = cls._fields if issubclass(cls, tuple) else ()
        cls._known = annotated - set(fields) | computed

    def __new__(cls, *fields: Any, **facts: Any) -> Self:
        """Make a result of its fields in order, and of facts by name."""
        result = super().__new__(cls, *fields)
        unknown = facts.keys() - cls._known
        if unknown:
            raise TypeError(f"{cls.__name__} has no fact {min(unknown)!r}.")
        result.__dict__.update({"scales": np.empty(0), "provenance": {}, **facts})
        return result

    def _replace(self, **changes: Any) -> Self:
        """Return a copy with other fields or facts, as of a named tuple."""
        fields = [changes.pop(name, self[k]) for k, name in enumerate(self._fields)]
        return type(self)(*fields, **{**self.__dict__, **changes})

    @cached_property
    def times(self) -> NDArray[Any]:
        """Times of the samples, from 0 on where no index tells them."""
        return self.dt * np.arange(self.coi.size)

    @property
    def periods(self) -> Array:
        """Fourier periods of the scales, in the unit of `dt`."""
        return np.asarray(1 / self.freqs)

    def outside(self) -> NDArray[np.bool_]:
        """Return which points are outside the cone of influence, shape (n_scales, n)."""
        mask = np.zeros((self.freqs.size, self.coi.size), dtype=bool)
        starts, stops = outside_cone(self.periods, self.coi)
        for row, start, stop in zip(mask, starts, stops, strict=True):
            row[start : max(start, stop)] = True
        return mask

    def ridge(
        self, low: float | None = None, high: float | None = None, *, inside_cone: bool = False
    ) -> Ridge:
        """Follow the period of the largest power over time, within a band of periods.

        Parameters
        ----------
        low, high : float, optional
            As in `pycwt_mod.ridge`.
        inside_cone : bool, default False
            Whether to follow it inside the cone of influence, too; else it is NaN there.

        Returns
        -------
        pycwt_mod.measures.Ridge
            `periods`, and `values` of ``abs(W)``, ``abs(W12)`` or R2 there, each of shape (n,).

        Raises
        ------
        TypeError, ValueError
            If the band holds no period of the transform.
        """
        coi = None if as_flag(inside_cone, "inside_cone") else self.coi
        return ridge(np.abs(self._of_one()[0]), self.periods, low, high, coi=coi)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the result, with how it was made, to an .npz file; `pycwt_mod.load` reads it.

        The file takes the place of an earlier one when it is whole. It holds no objects, so that
        ``numpy.load`` reads it, too.

        Parameters
        ----------
        path : path-like
            The file: its name ends in .npz, or has no suffix.

        Raises
        ------
        ValueError
            If the name ends in another suffix.
        OSError
            If it cannot be written.
        """
        write_arrays(path, self.to_arrays())

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the result as arrays without objects, by the names in a file."""
        arrays = {name: np.asarray(self[k]) for k, name in enumerate(self._fields)}
        arrays["times"] = self.times
        facts = {"format": FILE_FORMAT, "version": FILE_VERSION, "kind": type(self).__name__}
        for name, value in vars(self).items():
            if name in self.PARTS:
                part = {} if value is None else _arrays_of(value)
                arrays |= {f"{name}.{key}": array for key, array in part.items()}
            elif isinstance(value, np.ndarray):
                arrays[name] = value
            elif not name.startswith("_"):  # what can be computed again
                facts[name] = mother_record(value) if name == "mother" else value
        return {"facts": np.array(json.dumps(facts)), **arrays}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """Return the result of which `to_arrays` made arrays; ValueError if none did."""
        try:
            facts = json.loads(str(arrays["facts"][()]))
            if facts.pop("format") != FILE_FORMAT or facts.pop("version") != FILE_VERSION:
                raise ValueError("it is of a newer version of pycwt_mod")
            if facts.pop("kind") != cls.__name__:
                raise ValueError(f"it holds no {cls.__name__}")
            facts |= {"names": tuple(facts["names"]), "mother": mother_of(facts["mother"])}
            for name, kind in cls.PARTS.items():
                start = f"{name}."
                part = {k.removeprefix(start): arrays[k] for k in arrays if k.startswith(start)}
                facts[name] = _made_of(kind, part) if part else None
            plain = {key for key in arrays if "." not in key} - {"facts", *cls._fields}
            facts |= {name: arrays[name] for name in plain}
            result = cls(*(arrays[name] for name in cls._fields), **facts)
            if result[0].shape[-2:] != (result.freqs.size, result.times.size):
                raise ValueError(f"its field has the shape {result[0].shape}")
        except DAMAGE as error:
            raise ValueError(str(error) or type(error).__name__) from error
        return result

    def to_xarray(self) -> Any:
        """Return an xarray Dataset of the fields, with how it was made.

        Returns
        -------
        xarray.Dataset
            Fields over the dimensions `period` and `time`, levels over `period`; the coordinates
            `scale`, `frequency` and `coi` with them. Its attributes hold the rest, `provenance`
            as JSON. netCDF has no complex numbers: ``to_netcdf`` takes `W` and `W12` by their real
            and imaginary parts only.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        unit = {"units": self.unit} if self.unit else {}
        of_time = unit if self.times.dtype.kind != "M" else {}
        coordinates = {
            "period": ("period", self.periods, {"long_name": "Fourier period", **unit}),
            "time": ("time", self.times, {"long_name": "time", **of_time}),
            "scale": ("period", self.scales, {"long_name": "scale of the wavelet", **unit}),
            "frequency": ("period", self.freqs, {"long_name": "Fourier frequency"}),
            "coi": ("time", self.coi, {"long_name": "cone of influence as a period", **unit}),
        }
        variables = {
            name: (dimensions, self[self._fields.index(name)], {"long_name": words})
            for name, (dimensions, words) in self._variables().items()
        }
        record = json.dumps(self.provenance)
        attributes = {"kind": type(self).__name__, "dt": self.dt, "unit": self.unit}
        attributes |= {"names": self.names, "wavelet": repr(self.mother), "provenance": record}
        if hasattr(self, "level"):
            attributes["level"] = self.level
        return as_dataset(variables, coordinates, attributes)

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame with a row for each period and time.

        Returns
        -------
        pandas.DataFrame
            Columns: period, time, the fields (and the power or the phase of complex ones), the
            level if there is one, and whether the point is outside the cone of influence.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        shape = self.freqs.size, self.coi.size
        columns = {**self._of_one()._columns(), "outside": self.outside()}
        for name, (dimensions, _) in self._variables().items():
            if dimensions == ("period",):
                columns[name] = np.broadcast_to(self[self._fields.index(name)][:, None], shape)
        axes = {"period": np.repeat(self.periods, shape[1]), "time": np.tile(self.times, shape[0])}
        return as_dataframe(axes | {name: np.ravel(values) for name, values in columns.items()})

    def _of_one(self) -> Self:
        """Return the result, whose arrays are on the host, if it is one field over time."""
        return self

    def _variables(self) -> dict[str, tuple[tuple[str, ...], str]]:
        """Return the dimensions and the description of each field that is no coordinate."""
        raise NotImplementedError

    def _columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns of a table that are of shape (n_scales, n)."""
        raise NotImplementedError

    def _falling(self) -> Self:
        """Return the result with its frequencies falling, as pictures want them."""
        if self.freqs[0] >= self.freqs[-1]:
            return self
        of_rows = [name for name, (axes, _) in self._variables().items() if axes[0] == "period"]
        rows = {name: getattr(self, name)[::-1] for name in (*of_rows, "freqs", "scales")}
        return self._replace(**rows)

    def _in_unit(self, unit: str | None) -> Self:
        """Return the result with its periods in another unit of time, for a picture."""
        factor = unit_factor(self.unit, unit, "period_unit")
        if factor == 1:
            return self
        return self._replace(freqs=self.freqs / factor, coi=self.coi * factor)

    def _fill_in(self, times: Any, options: dict[str, Any]) -> Any:
        """Put names and unit among the options of a picture, and return its times."""
        unit = options.setdefault("period_unit", self.unit)
        if self.names and self.names != UNNAMED:
            options.setdefault("names", self.names[:2])
        if times is not None:
            return times
        is_elapsed = unit and self.times.dtype.kind != "M"
        elapsed = f"Time ({self.unit or unit})" if is_elapsed else ""
        options.setdefault("time_label", elapsed or self.time_name or "Time")
        return self.times

    def series_in_words(self) -> str:
        """Return the names of the series, such as "rain and flow"."""
        return " and ".join(self.names)

    def _essentials(self) -> dict[str, str]:
        """Return what a notebook shows."""
        unit = f" {self.unit}" if self.unit else ""
        return {
            "Series": self.series_in_words(),
            "Times": f"{self._sizes()[1]}, dt = {self.dt:.4g}{unit}",
            "Scales": self._sizes()[0],
            "Wavelet": repr(self.mother) if self.mother is not None else "",
        }

    def _sizes(self) -> tuple[str, str]:
        """Return number and span of the periods, and of the times, in words."""
        periods, times = self.periods, self.times
        scales, samples = f"{periods.size} scales", f"{times.size} times"
        if periods.size:
            unit = f" {self.unit}" if self.unit else ""
            scales += f", periods {periods.min():.4g} to {periods.max():.4g}{unit}"
        if times.size:
            samples += f", {label_of(times[0])} to {label_of(times[-1])}"
        return scales, samples

    def _repr_html_(self) -> str:
        return card(type(self).__name__, self._essentials())

    def __repr__(self) -> str:
        """Return one line: the fields would fill pages."""
        words = self.series_in_words()
        series = f" of {words}" if words else ""
        fields = ", ".join(self._fields)
        return f"<{type(self).__name__} ({fields}){series}: {', '.join(self._sizes())}>"
