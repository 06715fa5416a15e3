"""The result of `wct_matrix`: numbers for each pair and band, and fields if they were kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import write_arrays
from ..frames import as_dataframe, as_dataset
from ..geometry import Geometry
from ..montecarlo.null import NullDistribution
from ..montecarlo.surrogates import Surrogates
from ..notebook import card
from ..results import CoherenceResult, made_by
from ..validation import as_choice, as_count
from .bands import MEASURES, NUMBERS
from .fields import Array
from .nulls import node_name
from .saved import LostWavelet, arrays_of, parts_of
from .store import Loaded, Store
from .table import Pair, PeriodBand, is_ambiguous, number_of

# The rate of false discoveries among the pairs that `repr` counts as standing out.
_FALSE_DISCOVERY_RATE = 0.05


@dataclass(frozen=True, eq=False, repr=False)
class MatrixResult:
    """Wavelet coherence of many pairs of series, by bands of periods.

    All arrays of numbers have the shape (n_pairs, n_bands) and are NaN where a pair failed, or a
    band has no point outside the cone of influence. With `inside_cone` all points count.

    Attributes
    ----------
    names : tuple of str
        Names of the series.
    pairs : tuple of (int, int)
        The pairs, by numbers of the series.
    bands : tuple of (float, float)
        The bands of periods, from the low end on and below the high end, in the unit of `dt`.
    dt : float
        Sampling interval.
    unit : str
        Unit of `dt` and the periods if it came from the dates of a table: "seconds", "days",
        "business days" or "years"; else empty.
    level : float
        Probability that the level of R2 belongs to.
    coefficients : numpy.ndarray
        Lag-1 autocorrelation of each series, NaN where there is none, shape (n_series,).
    nodes : tuple of (float, float) or None
        For each pair the AR(1) coefficients that its null distribution was simulated with: those
        of the pair, rounded to a grid, the larger one first. With a `noise` that is none of AR(1)
        the numbers of the series, or those of the first pair with the same noise. None for a pair
        that failed.
    coherence : numpy.ndarray
        Mean R2 outside the cone of influence.
    share : numpy.ndarray
        Share of the points outside the cone whose R2 is above the level: the significant area.
    phase : numpy.ndarray
        Circular mean of the phase outside the cone, in radians; positive: the second series lags.
    resultant : numpy.ndarray
        Length of the mean of exp(i phase): 1 where the phase is the same everywhere, near 0 where
        it takes all values.
    pvalue : numpy.ndarray
        Probability that the mean R2 of two independent AR(1) series is at least as large.
    pvalue_fdr : numpy.ndarray
        The same, corrected for the false discovery rate over the pairs of a band.
    doubtful : numpy.ndarray
        Whether a p-value is at most ``1 - level`` only because the series have narrower rhythms
        in the band than AR(1) noise; see the notes of `wct_matrix`.
    inside_cone : bool
        Whether the points inside the cone of influence count, too.
    n_points : numpy.ndarray
        Number of points of time and scale that were averaged.
    failures : dict
        Why a pair has no numbers, by the names of its series.
    times : numpy.ndarray
        Times of the samples: those of an index of dates, else multiples of `dt`.
    normalize : bool
        Whether the series were normalised.
    levels : dict
        Level of R2 for each scale, by the coefficients in `nodes`; empty without significance.

    See Also
    --------
    wct_matrix : makes it.
    """

    names: tuple[str, ...]
    pairs: tuple[Pair, ...]
    bands: tuple[PeriodBand, ...]
    dt: float
    unit: str
    level: float
    coefficients: Array
    nodes: tuple[tuple[float, float] | None, ...]
    coherence: Array
    share: Array
    phase: Array
    resultant: Array
    pvalue: Array
    pvalue_fdr: Array
    doubtful: NDArray[np.bool_]
    n_points: Any
    failures: dict[tuple[str, str], str]
    geometry: Geometry
    times: NDArray[Any]
    levels: Mapping[tuple[float, float], Array] = field(default_factory=dict)
    surrogates: Mapping[tuple[float, float], Surrogates] = field(default_factory=dict)
    store: Store = field(default_factory=Store)
    normalize: bool = True

    @property
    def periods(self) -> Array:
        """Fourier periods of the scales, in the unit of `dt`."""
        return self.geometry.periods

    @property
    def scales(self) -> Array:
        """Scales of the transform, in the unit of `dt`."""
        return self.geometry.scales

    @property
    def coi(self) -> Array:
        """Cone of influence in Fourier periods, shape (n_times,)."""
        return self.geometry.coi

    @property
    def inside_cone(self) -> bool:
        """Whether the points inside the cone of influence count, too."""
        return self.geometry.inside_cone

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """Names of the series of each pair."""
        return tuple((self.names[first], self.names[second]) for first, second in self.pairs)

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.pairs)

    def fields(self, first: Any, second: Any) -> CoherenceResult:
        """Return the coherence of one pair at all times and scales, as `wct` does.

        Parameters
        ----------
        first, second : int or str
            The series, by number or name. An integer that is a name means the series of that name.
            In the other order than that of the pair, the phase has the other sign.

        Returns
        -------
        CoherenceResult
            The tuple (WCT, aWCT, coi, freq, sig). Its levels and `null` are those of the
            rounded AR(1) coefficients in `nodes`; p-values of points are those of the pair's own.

        Raises
        ------
        KeyError
            If the pair is not one of the result, in either order, or failed.
        ValueError
            If there is no such series, or the fields were not kept. Also if an integer is the name
            of one series and the number, as in `pairs`, of another: then only text, as in `labels`,
            tells them apart.
        """
        wanted = self._numbers_of(first, second)
        pair = self._pair_of(wanted)
        label = self.names[wanted[0]], self.names[wanted[1]]
        kept, node = self._kept(pair_name(pair), label), self.nodes[self.pairs.index(pair)]
        phase, null, surrogates = kept["phase"], None, None
        if node is not None:
            null = NullDistribution.from_arrays(self._kept(node_name("level", node), label))
            surrogates = self.surrogates.get(node)
        if pair != wanted:
            phase = -phase
            surrogates = surrogates and Surrogates(surrogates.sources[::-1])
        return CoherenceResult(
            kept["R2"],
            phase,
            self.coi,
            self.geometry.frequencies,
            kept["level"],
            null=null,
            level=self.level,
            dt=self.dt,
            unit=self.unit,
            names=label,
            times=self.times,
            _surrogates=surrogates,
            **self._made_by(wanted, null),
        )

    def _numbers_of(self, first: Any, second: Any) -> Pair:
        """Return the numbers of two series, by number or name."""
        one = number_of(first, self.names, "`first` must be one of the names")
        other = number_of(second, self.names, "`second` must be one of the names")
        if one == other:
            raise ValueError(
                f"`first` and `second` must be different series, got {self.names[one]!r} twice."
            )
        for each in (first, second):
            if is_ambiguous(each, self.names):
                raise ValueError(
                    f"The series must be clear, got {each}, the name of one and the number of "
                    f"another. Pass names as text, such as {str(each)!r}; `labels` has those of "
                    "all pairs."
                )
        return one, other

    def _pair_of(self, wanted: Pair) -> Pair:
        """Return a pair in the order in which it was compared, if it has fields."""
        pair = wanted if wanted in self.pairs else wanted[::-1]
        label = self.names[wanted[0]], self.names[wanted[1]]
        if pair not in self.pairs:
            others = [set(own) - {wanted[0]} for own in self.pairs if wanted[0] in own]
            known = ", ".join(repr(self.names[each]) for each in sorted(set().union(*others)))
            raise KeyError(
                f"{label} is not among the pairs of this result, nor in the other order: "
                f"{label[0]!r} was compared with {known or 'no other series'}"
            )
        failure = self.failures.get((self.names[pair[0]], self.names[pair[1]]))
        if failure is not None:
            raise KeyError(f"{label} has no fields: {failure}")
        if not self.store.keeps_fields:
            raise ValueError(
                "`fields='memory'` or `out=` must be passed to `wct_matrix` for the fields of a "
                "pair to be kept, got neither."
            )
        return pair

    def _made_by(self, pair: Pair, null: NullDistribution | None) -> dict[str, Any]:
        """Return the record of one pair."""
        geometry = self.geometry
        facts = made_by(
            "wct_matrix",
            geometry.mother,
            self.scales,
            dt=self.dt,
            dj=geometry.dj,
            s0=float(self.scales[0]),
            J=self.scales.size - 1,
            smoothing=geometry.smoothing,
            significance_level=self.level,
            normalize=self.normalize,
        )
        if isinstance(geometry.mother, LostWavelet):
            facts["mother"] = None
        if null is not None:
            known = self.coefficients[list(pair)].tolist()
            facts["provenance"] |= {
                "coefficients": [None if math.isnan(g) else g for g in known],
                "simulation": dict(null.provenance),
            }
        return facts

    def _kept(self, name: str, label: tuple[str, str]) -> Loaded:
        """Return the arrays of a name in the store, for a pair."""
        kept = self.store.read(name)
        if kept is None:
            raise KeyError(
                f"the fields of {label} are gone, damaged or of another run, in {self.store!r}"
            )
        return kept

    def save(self, path: str | PathLike[str]) -> None:
        """Write the result to an .npz file; `pycwt_mod.load` reads it.

        Fields that are kept in memory are in the file; those that `out` keeps stay in its folder,
        where the result finds them again as long as the folder is neither moved nor removed. It
        holds no objects, so that ``numpy.load`` reads it, too.

        Parameters
        ----------
        path : path-like
            The file: its name ends in .npz, or has no suffix. It takes the place of an earlier one
            when it is whole.

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
        return arrays_of(self)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> MatrixResult:
        """Return the result of which `to_arrays` made arrays; ValueError if none did."""
        return cls(**parts_of(arrays))

    def square(self, measure: str, band: int = 0) -> Array:
        """Return one measure of all pairs as a square of series against series.

        Parameters
        ----------
        measure : {"coherence", "share", "phase", "resultant", "pvalue", "pvalue_fdr", "doubtful"}
            Which numbers; 1 and 0 for "doubtful".
        band : int, default 0
            Number of the band.

        Returns
        -------
        numpy.ndarray
            Shape (n_series, n_series), NaN where there is no pair. Symmetric, but for the phase,
            which has the other sign on the other side.
        """
        values = getattr(self, as_choice(measure, "measure", (*MEASURES, "doubtful")))
        number = as_count(band, "band", at_least=0)
        if number >= len(self.bands):
            raise ValueError(
                f"`band` must be the number of a band, 0 to {len(self.bands) - 1}, got {number}."
            )
        square = np.full((len(self.names),) * 2, np.nan)
        first, second = np.transpose(self.pairs)
        square[second, first] = (-1 if measure == "phase" else 1) * values[:, number]
        # Last, so that a pair that was asked for in both orders keeps its own numbers in each.
        square[first, second] = values[:, number]
        return square

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame with a row for each pair and band.

        Returns
        -------
        pandas.DataFrame
            Columns: first, second, period_low, period_high, coherence, share, phase, resultant,
            pvalue, pvalue_fdr, doubtful, n_points, failure (empty if there is none).
        """
        rows = [
            {
                "first": label[0],
                "second": label[1],
                "period_low": low,
                "period_high": high,
                **{name: float(getattr(self, name)[pair, band]) for name in MEASURES},
                "doubtful": bool(self.doubtful[pair, band]),
                "n_points": int(self.n_points[pair, band]),
                "failure": self.failures.get(label, ""),
            }
            for pair, label in enumerate(self.labels)
            for band, (low, high) in enumerate(self.bands)
        ]
        return as_dataframe(rows)

    def to_xarray(self) -> Any:
        """Return an xarray Dataset of the measures, by pair and band.

        Returns
        -------
        xarray.Dataset
            Variables as the columns of `to_dataframe`, over the dimensions `pair` and `band`; the
            coordinates `first` and `second` name the series, `period_low` and `period_high` are
            the limits of a band.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        measures = {name: (("pair", "band"), np.asarray(getattr(self, name))) for name in NUMBERS}
        first, second = np.transpose(self.labels)
        low, high = np.transpose(self.bands)
        return as_dataset(
            measures,
            {
                "first": ("pair", first),
                "second": ("pair", second),
                "period_low": ("band", low),
                "period_high": ("band", high),
            },
            {
                "dt": self.dt,
                "unit": self.unit,
                "level": self.level,
                "inside_cone": int(self.inside_cone),  # files know no truth values
            },
        )

    def plot(self, *args: Any, **options: Any) -> Any:
        """Draw the pairs as a matrix of squares; see `pycwt_mod.plotting.plot_matrix`."""
        from ..plotting import plot_matrix

        if self.unit and "period_unit" not in options:
            options["period_unit"] = self.unit
        return plot_matrix(self, *args, **options)

    def _findings(self) -> dict[str, str]:
        """Return mean coherence and number of significant pairs, by the words for each band."""
        unit, findings = f" {self.unit}" if self.unit else "", {}
        for band, (low, high) in enumerate(self.bands):
            known = np.isfinite(self.pvalue_fdr[:, band])
            if known.any():
                found = self.pvalue_fdr[:, band] <= _FALSE_DISCOVERY_RATE
                doubtful = int((found & self.doubtful[:, band]).sum())
                mean = float(np.nanmean(self.coherence[known, band]))
                findings[f"{low:g} to {high:g}{unit}"] = (
                    f"mean R2 {mean:.2f}, {int(found.sum())} of {int(known.sum())} pairs stand out "
                    f"(FDR {100 * _FALSE_DISCOVERY_RATE:g} %)"
                    + (f", {doubtful} of them doubtful: not AR(1) noise" if doubtful else "")
                )
        return findings

    def _sizes(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        text = (
            f"{len(self.pairs)} pairs of {len(self.names)} series, "
            f"{len(self.bands)} bands, {self.bands[0][0]:g} to {self.bands[-1][1]:g}{unit}"
            + (", at all times" if self.inside_cone else "")
        )
        return text + (f", {len(self.failures)} failed" if self.failures else "")

    def _repr_html_(self) -> str:
        return card(type(self).__name__, {"Size": self._sizes(), **self._findings()})

    def __repr__(self) -> str:
        """Return a line on all pairs, and one with the significant ones for each band."""
        findings = [f"\n  {band}: {words}" for band, words in self._findings().items()]
        return f"<MatrixResult: {self._sizes()}{''.join(findings)}>"


def pair_name(pair: Pair) -> str:
    """Return the name of a pair in a store."""
    return f"pair-{pair[0]:05d}-{pair[1]:05d}"
