"""What all results share: the tuple of pycwt with named fields, and what it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .._version import __version__
from ..measures import Ridge, ridge
from ..time_axis import label_of
from ..transform import outside_cone
from ..validation import as_flag

Array = NDArray[np.float64]


def made_by(function: str, mother: Any, scales: Array, **arguments: Any) -> dict[str, Any]:
    """Return the facts of a result that the call tells, its record among them: JSON values."""
    record = {"function": function, "version": __version__, "wavelet": repr(mother), **arguments}
    return {"mother": mother, "scales": scales, "provenance": record}


class WaveletResult:
    """Base of the results, beside a named tuple with the fields `coi` and `freqs` among others.

    A subclass adds a fact, such as the null distribution, by an annotated attribute with a
    default; the constructor then takes it by name. Facts are kept when a result is copied or
    pickled.
    """

    dt: float = 1.0
    unit: str = ""
    names: tuple[str, ...] = ()
    mother: Any = None
    times: NDArray[Any]
    scales: Array
    provenance: Mapping[str, Any]

    if TYPE_CHECKING:  # the named tuple beside it
        _fields: ClassVar[Any]
        coi: ClassVar[Any]
        freqs: ClassVar[Any]
        __getitem__: ClassVar[Any]

    def __new__(cls, *fields: Any, **facts: Any) -> Self:
        """Make a result of its fields in order, and of facts by name."""
        result = super().__new__(cls, *fields)
        known = {name for each in cls.__mro__ for name in getattr(each, "__annotations__", ())}
        unknown = sorted(facts.keys() - (known - set(cls._fields)))
        if unknown:
            raise TypeError(f"{cls.__name__} has no fact {unknown[0]!r}.")
        dt = facts.get("dt", cls.dt)
        defaults = {"times": dt * np.arange(result.coi.size), "scales": np.empty(0)}
        result.__dict__.update({**defaults, "provenance": {}, **facts})
        return result

    def _replace(self, **changes: Any) -> Self:
        """Return a copy with other fields or facts, as of a named tuple."""
        fields = [changes.pop(name, self[k]) for k, name in enumerate(self._fields)]
        return type(self)(*fields, **{**self.__dict__, **changes})

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
            Limits of the band, both included; by default all periods.
        inside_cone : bool, default False
            Whether to follow it inside the cone of influence, too; else it is NaN there.

        Returns
        -------
        pycwt_mod.measures.Ridge
            `periods`, and `values` of ``abs(W)``, ``abs(W12)`` or R2 there, each of shape (n,). See
            `pycwt_mod.ridge`.

        Raises
        ------
        TypeError, ValueError
            If the band holds no period of the transform.
        """
        coi = None if as_flag(inside_cone, "inside_cone") else self.coi
        return ridge(np.abs(self[0]), self.periods, low, high, coi=coi)

    def __repr__(self) -> str:
        """Return one line: the fields would fill pages."""
        unit = f" {self.unit}" if self.unit else ""
        text = f"<{type(self).__name__} ({', '.join(self._fields)})"
        if self.names:
            text += f" of {' and '.join(self.names)}"
        text += f": {self.freqs.size} scales"
        if self.freqs.size:
            text += f", periods {self.periods[0]:.4g} to {self.periods[-1]:.4g}{unit}"
        text += f", {self.coi.size} times"
        if self.coi.size:
            text += f", {label_of(self.times[0])} to {label_of(self.times[-1])}"
        return f"{text}>"
