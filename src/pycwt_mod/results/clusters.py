"""The patches of a coherence, each judged as a whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..clusters import areas_of
from ..files import DAMAGE, write_arrays
from ..frames import as_dataframe
from ..notebook import card
from ..summary.text import aligned, degrees, fits, with_error
from ..time_axis import label_of
from ..validation import as_real, warn_user
from .base import Array

# The array that tells a file of patches from one of a result that has some.
IS_OF_CLUSTERS = "_clusters.are_asked_for"

# Patches that are not significant, of which a printed table has a few only.
_MOST_OTHERS = 5

# Patches that a sentence tells.
_MOST_TOLD = 3


@dataclass(frozen=True, eq=False, repr=False)
class ClusterResult:
    """The patches of a map above its levels, and how large chance makes the largest one.

    Attributes
    ----------
    labels : numpy.ndarray
        Integers, shape (n_scales, n): 0 outside of all patches, k in patch k.
    pvalues : numpy.ndarray
        Ascending, shape (n_clusters,); that of patch k is ``pvalues[k - 1]``. Probability that the
        largest patch of a map of unrelated series is as large, so it is corrected for all patches.
    totals : numpy.ndarray
        The statistic of each patch, shape (n_clusters,).
    null : numpy.ndarray
        The largest statistic of each surrogate, ascending, shape (mc_count,).
    level : float
        Probability of the levels that bound the patches.
    statistic : str
        "mass" or "area".
    result
        What `wct` returned.
    provenance : mapping
        How the surrogates were made, all JSON values.
    """

    labels: NDArray[np.int64]
    pvalues: Array
    totals: Array
    null: Array
    level: float
    statistic: str
    result: Any
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def significant(self, alpha: float = 0.05) -> NDArray[np.bool_]:
        """Return the points of the patches whose p-value is at most `alpha`.

        The probability that a map of unrelated series has any such point is `alpha`.

        Parameters
        ----------
        alpha : float, default 0.05
            Probability strictly between 0 and 1.

        Returns
        -------
        numpy.ndarray
            Truth values, shape (n_scales, n).

        Warns
        -----
        UserWarning
            If there are too few surrogates for any p-value to be so small.
        """
        number = as_real(alpha, "alpha")
        if not 0 < number < 1:
            raise ValueError(
                f"`alpha` must lie strictly between 0 and 1, got {number:g}. For 5 % use 0.05."
            )
        check_reach(self.null.size, number)
        found = np.concatenate([[False], self.pvalues <= number])
        return np.asarray(found[self.labels])

    def table(self) -> ClusterTable:
        """Return a record of each patch, in the order of the labels; ``print`` them.

        Returns
        -------
        list of dict
            `label`, `pvalue` and `total`, the statistic; `shortest` and `longest` period, `start`
            and `end` in time; `area` in units of the scale (periods times octaves, but for a
            factor) and the share of it `outside` the cone of influence; `mean_R2`; `phase` and
            `phase_spread`, circular mean and standard deviation of the phase in radians, the more
            coherent points weighing more; `lag` and `lag_spread`, the same as times by which the
            second series follows, up to whole periods; `peak_R2`, `peak_period` and `peak_time`.
            A multiple coherence has no phases and lags. `to_dataframe` gives them to pandas.
        """
        places = np.flatnonzero(self.labels)
        order = np.argsort(self.labels.flat[places], kind="stable")
        members = np.split(places[order], np.cumsum(np.bincount(self.labels.flat[places]))[1:-1])
        facts = zip(self.pvalues.tolist(), self.totals.tolist(), members, strict=False)
        records = [
            {"label": label, "pvalue": p, "total": total, **self._record(own)}
            for label, (p, total, own) in enumerate(facts, 1)
        ]
        return ClusterTable(records, self)

    def _record(self, members: NDArray[np.intp]) -> dict[str, Any]:
        """Return the facts of the points of a patch, given by their flat indices."""
        result, (rows, columns) = self.result, np.divmod(members, self.labels.shape[1])
        R2, periods = result[0][rows, columns], result.periods[rows]
        areas = areas_of(result.scales / result.dt)[rows]
        shares, peak = areas / areas.sum(), int(np.argmax(R2))
        has_phases = result._told()[1] is not None
        return {
            "shortest": float(periods.min()),
            "longest": float(periods.max()),
            "start": result.times[columns.min()],
            "end": result.times[columns.max()],
            "area": float(areas.sum()),
            "outside": float(shares @ (periods <= result.coi[columns])),
            "mean_R2": float(shares @ R2),
            **(_lag_of(R2, result.aWCT[rows, columns], periods, areas) if has_phases else {}),
            "peak_R2": float(R2[peak]),
            "peak_period": float(periods[peak]),
            "peak_time": result.times[columns[peak]],
        }

    def findings(self, alpha: float = 0.05) -> str:
        """Return in a sentence which patches survive."""
        rows = [row for row in self.table() if row["pvalue"] <= alpha]
        if not self.pvalues.size:
            return "No patch of points exceeds its level."
        if not rows:
            return (
                f"None of {self.pvalues.size} patches above the level is significant as a whole "
                f"(smallest p = {self.pvalues[0]:.2g})."
            )
        told = "; ".join(_words(row, self.result.unit) for row in rows[:_MOST_TOLD])
        more = f"; and {len(rows) - _MOST_TOLD} more" if len(rows) > _MOST_TOLD else ""
        number = f"{len(rows)} of {self.pvalues.size} patches above the level"
        verb = "is" if len(rows) == 1 else "are"
        return f"{number} {verb} significant as a whole: {told}{more}."

    def plot(self, times: Any = None, *, alpha: float = 0.05, **options: Any) -> Any:
        """Draw the coherence with the significant patches outlined, each with its number.

        Parameters
        ----------
        times, **options
            As in `CoherenceResult.plot`.
        alpha : float, default 0.05
            As in `significant`.

        Returns
        -------
        pycwt_mod.plotting.FieldPlot
            The artists.
        """
        from ..plotting import level_words, number_patches

        found = self.significant(alpha)
        options.setdefault("level_label", level_words(1 - alpha, "cluster"))
        plot = self.result.plot(times, sig=self.outline(found), **options)
        shown = self.result.times if times is None else np.asarray(times)
        periods = self.result._in_unit(options.get("period_unit")).periods
        places = []
        for label in range(1, 1 + int((self.pvalues <= alpha).sum())):
            row, column = _centre_of(self.labels == label)
            places.append((label, shown[column], float(periods[row])))
        number_patches(plot, places, frequency=bool(options.get("frequency", False)))
        return plot

    def outline(self, found: NDArray[np.bool_]) -> Array:
        """Return levels that the patches found exceed, and no others, to be outlined."""
        levels = self.result.null_field.quantile(self.level)
        others = (self.labels > 0) & ~found
        # Just above the coherence: outlines have no steps, as they would around a mask.
        return np.asarray(np.where(others, np.maximum(levels, self.result[0] * (1 + 1e-6)), levels))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the patches, with their result, to an .npz file; `pycwt_mod.load` reads it."""
        arrays = self.result._replace(_clusters=self).to_arrays()
        write_arrays(path, {**arrays, IS_OF_CLUSTERS: np.array(True)})

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the patches, without their result, as arrays without objects."""
        facts = {name: getattr(self, name) for name in ("level", "statistic", "provenance")}
        own = {name: getattr(self, name) for name in _ARRAYS}
        labels = self.labels.astype(np.min_scalar_type(self.pvalues.size))  # of few bytes
        return {"facts": np.array(json.dumps(facts)), **own, "labels": labels}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], result: Any) -> ClusterResult:
        """Return the patches of a result, which keeps them; ValueError if arrays hold none."""
        try:
            facts = json.loads(str(arrays["facts"][()]))
            own: dict[str, Any] = {name: np.asarray(arrays[name]) for name in _ARRAYS}
            labels, pvalues = own["labels"], own["pvalues"]
            if labels.shape != result[0].shape or labels.max(initial=0) > pvalues.size:
                raise ValueError(f"labels of the shape {labels.shape}")
            own["labels"] = labels.astype(np.int64)
            found = cls(**own, **facts, result=result)
        except DAMAGE as error:
            raise ValueError(str(error) or type(error).__name__) from error
        result.__dict__["_clusters"] = found
        return found

    def __repr__(self) -> str:
        """Return one line."""
        return (
            f"<ClusterResult: {self.pvalues.size} patches above the {100 * self.level:.4g} % "
            f"levels, {(self.pvalues <= 0.05).sum()} of them with p <= 0.05, {self.null.size} "
            "surrogates>"
        )

    def _repr_html_(self) -> str:
        kept = {f"Patch {row['label']}": _words(row, self.result.unit) for row in self.table()[:8]}
        return card("ClusterResult", {"Patches": repr(self)[1:-1].partition(": ")[2], **kept})


_ARRAYS = ("labels", "pvalues", "totals", "null")


class ClusterTable(list[dict[str, Any]]):
    """Records of patches, which print as a table."""

    def __init__(self, records: Sequence[dict[str, Any]], clusters: ClusterResult) -> None:
        super().__init__(records)
        self._unit = clusters.result.unit

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame with a row for each patch.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return as_dataframe(list(self))

    def __str__(self) -> str:
        """Return lines of at most 80 columns; of patches with p > 0.05 the first few."""
        kept = self[: sum(row["pvalue"] <= 0.05 for row in self) + _MOST_OTHERS]
        if not kept:
            return "no patch exceeds its level"
        header = ["", "p", "period", "time", "area", "R2"]
        header += ["phase (deg)", "lag"] if "phase" in kept[0] else []
        rows = [header, *map(_cells, kept)]
        columns = range(len(header), 5, -1)  # a narrow table is without lags, or phases
        tables = [aligned([row[:number] for row in rows]) for number in columns]
        lines = next(filter(fits, tables), tables[-1])
        what = "periods and lags" if "lag" in kept[0] else "periods"
        unit = f"  {what} in {self._unit}" if self._unit else ""
        more = len(self) - len(kept)
        end = f"  and {more} more with p > 0.05" if more else ""
        return "\n".join(filter(None, [unit, *lines, end]))

    __repr__ = __str__


def _cells(row: Mapping[str, Any]) -> list[str]:
    """Return a record as the texts of a line."""
    cells = [
        str(row["label"]),
        f"{row['pvalue']:.2g}",
        _span(*(f"{row[end]:.3g}" for end in ("shortest", "longest"))),
        _span(label_of(row["start"]), label_of(row["end"])),
        f"{row['area']:.3g}",
        f"{row['mean_R2']:.2f}",
    ]
    if "phase" in row:
        cells += [degrees(row["phase"], row["phase_spread"])]
        cells += [with_error(row["lag"], row["lag_spread"], "+z")]
    return cells


def _lag_of(R2: Array, phases: Array, periods: Array, areas: Array) -> dict[str, float]:
    """Return phase and lag of a patch, and their spreads; coherent points tell more."""
    told = -areas * np.log1p(-np.minimum(R2, 1 - np.finfo(float).eps))
    told = told / told.sum()
    mean = complex(told @ np.exp(1j * phases))
    phase = float(np.angle(mean))
    spread = abs(float(np.sqrt(-2 * np.log(np.clip(abs(mean), 1e-300, 1)))))  # 0 of a point
    time = float(np.exp(told @ np.log(periods))) / (2 * np.pi)
    lags = {"lag": phase * time, "lag_spread": spread * time}
    return {"phase": phase, "phase_spread": spread, **lags}


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def _words(row: Mapping[str, Any], unit: str) -> str:
    """Return where a patch is and how likely chance makes one as large."""
    periods = _span(*(f"{row[end]:.3g}" for end in ("shortest", "longest")))
    times = _span(label_of(row["start"]), label_of(row["end"]))
    unit = f"\N{NO-BREAK SPACE}{unit}" if unit else ""
    return f"periods of {periods}{unit}, {times} (p = {row['pvalue']:.2g})"


def _centre_of(members: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the point of a patch that is nearest to its middle."""
    points = np.argwhere(members)
    away = (points - points.mean(axis=0)) / np.maximum(points.std(axis=0), 1)
    row, column = points[np.argmin((away**2).sum(axis=1))].tolist()
    return row, column


def ranked(
    labels: NDArray[np.int64], totals: Array, null: Array
) -> tuple[NDArray[np.int64], Array, Array]:
    """Return labels, p-values and statistics of patches in the order of their p-values."""
    p = (1 + null.size - np.searchsorted(null, totals)) / (1 + null.size)
    rank = np.lexsort([-totals, p])
    place = np.zeros(p.size + 1, dtype=np.int64)
    place[1 + rank] = np.arange(1, p.size + 1)
    return place[labels], p[rank], totals[rank]


def check_reach(n_surrogates: int, alpha: float) -> None:
    """Warn if no p-value can be as small as `alpha`."""
    if 1 / (1 + n_surrogates) > alpha:
        fewest = int(np.ceil(1 / alpha))
        better = ", better 1000" if fewest < 1000 else ""
        warn_user(
            f"`mc_count` of {n_surrogates} is too small: no p-value can be below "
            f"{1 / (1 + n_surrogates):.2g}, so none reaches {alpha:.3g}. Use at least "
            f"{fewest}{better}."
        )
