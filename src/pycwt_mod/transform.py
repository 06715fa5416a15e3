"""The continuous wavelet transform on bare arrays: scales, transform, cone of influence.

Nothing here validates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .inverse_fft import Interpolation, Way, WholeFFT, fastest_way, rows_to_fill
from .long_fft import LONG
from .pieces import Pieces, runs_of, scales_in_pieces
from .responses import Response, Responses, band_of
from .spectrum import Spectrum, spectra_of
from .working_memory import SpareRows, scratch, stretches

# The FFT length, and bytes of multipliers, up to which they are kept for the next call.
_LONGEST_KEPT, _MOST_KEPT = 2**14, 2**23

# Powers of two of series whose transforms are far from the limits of single precision.
_ORDINARY = 32

# Bytes of the second transform of a pair in work beside the first: all scales of a short one.
_CROSS_BYTES = 2**23

# Values of long transforms that are multiplied together, while they are in the cache.
_PRODUCT_VALUES = 2**15


def number_of_scales(J: float) -> int:
    """Return the number of scales j = 0 ... J; J may be a float such as ``7 / dj``."""
    nearest = round(J)
    return (nearest if abs(J - nearest) < 1e-9 else math.ceil(J)) + 1


def scale_axis(s0: float, dj: float, J: float) -> NDArray[np.float64]:
    """Return the scales s0 * 2**(j dj), j = 0 ... J."""
    return np.asarray(s0 * 2 ** (np.arange(number_of_scales(J)) * dj))


def cone_of_influence(n: int, mother: Any, dt: float) -> NDArray[np.float64]:
    """Return the largest Fourier period free of edge effects, at each of n times."""
    return _cone_at(np.arange(n, dtype=float), n, mother, dt)


def _cone_at(times: NDArray[np.float64], n: int, mother: Any, dt: float) -> NDArray[np.float64]:
    """Return the cone in the memory of the times."""
    times -= (n - 1) / 2
    np.abs(times, out=times)
    np.subtract(n / 2, times, out=times)
    times *= mother.flambda() * mother.coi() * dt
    return times


def times_outside_cone(
    periods: NDArray[np.float64], n: int, mother: Any, dt: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the intervals of `outside_cone` by bisection: n times need not fit the memory."""
    first = np.zeros(periods.size, dtype=np.intp)
    last = np.full(periods.size, (n + 1) // 2)
    for _ in range(n.bit_length()):
        middle = (first + last) // 2
        inside = _cone_at(middle.astype(float), n, mother, dt) < periods
        searched = first < last
        first = np.where(searched & inside, middle + 1, first)
        last = np.where(searched & ~inside, middle, last)
    return first, n - first


def outside_cone(
    periods: NDArray[np.float64], coi: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for each period the interval [start, stop) of times outside the cone of influence.

    The cone is symmetric and rises to the middle, so these times are always one interval; it is
    empty (start >= stop) for a period that is nowhere free of edge effects.
    """
    rising = coi[: (coi.size + 1) // 2]
    start = np.searchsorted(rising, periods, side="left")
    return start, coi.size - start


def forward(
    signal: NDArray[Any],
    mother: Any,
    scales: NDArray[np.float64],
    dt: float,
    n_fft: int,
    *,
    single: bool = False,
    workers: int = 1,
    every: int = 1,
) -> tuple[NDArray[Any], NDArray[np.complex128]]:
    """Return W (..., scale, time) and the zero-padded FFT of series (..., n).

    The FFT has n_fft coefficients; of real series those from 0 on. Each `every`-th time is
    computed, from the first. W is in single precision if that is asked for, the FFT never. The
    number of threads does not change the result.
    """
    *shape, n = signal.shape
    kind = np.complex64 if single else np.complex128
    W = np.empty((*shape, scales.size, -(-n // every)), kind)
    fields, series = W.reshape(-1, *W.shape[-2:]), signal.reshape(-1, n)
    spare = SpareRows(fields[-1].view(float)) if n_fft >= LONG and workers == 1 else None
    spectra = spectra_of(series, n_fft, spare, lasting=True, workers=workers)
    _write(series, spectra, mother, scales, dt, n_fft, fields, spare, workers, every)
    return W, spectra.reshape(*shape, -1)


def _write(
    series: NDArray[Any],
    spectra: NDArray[np.complex128],
    mother: Any,
    scales: NDArray[np.float64],
    dt: float,
    n_fft: int,
    fields: NDArray[Any],
    spare: SpareRows | None,
    workers: int,
    every: int,
) -> None:
    """Write the transforms of series (series, n) with these spectra to (series, scale, time)."""
    n, unit = series.shape[-1], 1.0
    if fields.dtype == np.complex64:  # which is short of large and of small numbers, too
        exponent = math.frexp(max(np.abs(series[:, part]).max() for part in stretches(n)))[1]
        # Of the least numbers there are, the inverse of the unit is none.
        unit = 2.0 ** max(exponent, -1000) if abs(exponent) > _ORDINARY else 1.0
    if unit != 1:
        series, spectra = series / unit, spectra / unit
    plan = _Plan.of(mother, scales, dt, n, n_fft, fields.dtype, every)
    tasks, kept = plan.tasks_and_steps()
    records = _records(series, spectra, n_fft)

    def transform(place: int) -> None:
        for step in kept[place] if kept else plan.steps(tasks[place]):
            rows = step.response.rows
            for record, target in zip(records, fields, strict=True):
                if spare is None:
                    step.write(record, target[rows])
                else:
                    spare.write(rows.stop)
                    with spare.lent():
                        step.write(record, target[rows])
                if unit != 1:
                    target[rows] *= unit

    if workers == 1:
        for place in range(len(tasks)):
            transform(place)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(transform, range(len(tasks))))


def cross(
    pair: NDArray[np.float64], mother: Any, scales: NDArray[np.float64], dt: float, n_fft: int
) -> NDArray[np.complex128]:
    """Return W1 conj(W2) of two series (2, n) at all scales, which ascend, (scale, time)."""
    n_scales, n = scales.size, pair.shape[1]
    W12 = np.empty((n_scales, n), complex)
    spare = SpareRows(W12.view(float))
    empty = spare.mark()
    spectra = spectra_of(pair, n_fft, spare)
    records = _records(pair, spectra, n_fft)
    plan = _Plan.of(mother, scales, dt, n, n_fft, W12.dtype, 1)
    for step in plan.steps_in_order():
        for part in step.parts(n_scales, max(1, _CROSS_BYTES // (16 * n))):
            rows = part.response.rows
            spare.write(rows.stop)
            if spare.reach(rows.stop):
                first = scales[step.response.rows.start]  # whose coefficients all parts take
                needed = coefficients_from(spectra, mother, first / dt, n_fft)
                spectra = spare.rescued(needed)
                spare.release(empty)
                records = _records(pair, spectra, n_fft)
            with spare.lent() if n_fft >= LONG else nullcontext():
                part.write_product(records, W12[rows])
    return W12


def coefficients_from(
    spectra: NDArray[np.complex128], mother: Any, scale: float, n_fft: int
) -> NDArray[np.complex128]:
    """Return the coefficients of series that scales from one on, in samples, draw upon."""
    band = band_of(mother.psi_ft)
    if band is None or spectra.shape[1] == n_fft:
        return spectra
    # Two more: the wavelet may fall between the frequencies, and of those beyond only the next
    # ones are then not negligible beside the others.
    return spectra[:, : int(max(-band[0], band[2]) * n_fft / (2 * np.pi * scale)) + 3]


@dataclass(frozen=True)
class _Record:
    """One series and its zero-padded FFT."""

    values: NDArray[Any]
    spectrum: Spectrum


def _records(series: NDArray[Any], spectra: NDArray[np.complex128], n_fft: int) -> list[_Record]:
    whole = spectra.shape[1] == n_fft
    pairs = zip(series, spectra, strict=True)
    return [_Record(each, Spectrum(spectrum, whole)) for each, spectrum in pairs]


@dataclass(frozen=True)
class _Step:
    """What multiplies the spectrum at some scales, and the way from there to times."""

    response: Response
    way: Way | Pieces

    def write(self, record: _Record, rows: NDArray[Any]) -> None:
        """Write the transform at these scales to rows."""
        way = self.way
        if isinstance(way, Pieces):
            way.write(self.response, record.values, rows)
        elif isinstance(way, WholeFFT) and way.every == 1:
            row = rows_to_fill(len(rows), way.n_fft, rows.dtype)
            self.response.fill(record.spectrum, row)
            way.write_all(row, rows)
        else:
            band = scratch("band", self.response.values.shape, complex)
            way.write(self.response.times(record.spectrum, band), rows)

    def write_product(self, pair: list[_Record], rows: NDArray[np.complex128]) -> None:
        """Write W1 conj(W2) of two records at these scales to rows."""
        way = self.way
        if not isinstance(way, Interpolation) or way.n_fft < LONG:
            second = scratch("second", rows.shape, complex)
            for record, W in zip(pair, (rows, second), strict=True):
                self.write(record, W)
            rows *= np.conjugate(second, out=second)
            return
        band = scratch("band", self.response.values.shape, complex)
        grids = [
            way.samples(self.response.times(record.spectrum, band), name)
            for record, name in zip(pair, ("row", "second row"), strict=True)
        ]
        width = way.together * max(1, _PRODUCT_VALUES // (len(rows) * way.together))
        for start in range(0, rows.shape[1], width):
            W1 = rows[:, start : start + width]
            W2 = scratch("second", W1.shape, complex)
            for grid, W in zip(grids, (W1, W2), strict=True):
                way.write_from(start, grid, W)
            W1 *= np.conjugate(W2, out=W2)

    def parts(self, n_scales: int, few: int) -> Iterator[_Step]:
        """Yield the step in parts, of no more than `few` scales or a quarter of those left."""
        response, rows = self.response, self.response.rows
        start = rows.start
        while start < rows.stop:
            part = slice(start, min(rows.stop, start + max(few, (n_scales - start) // 4)))
            values = response.values[start - rows.start : part.stop - rows.start]
            yield _Step(Response(part, response.first, values), self.way)
            start = part.stop


# Scales to be computed together, their responses, and the pieces if the record is cut.
Task = tuple[slice, Responses, Pieces | None]


@dataclass(frozen=True)
class _Plan:
    """What the transforms of all series of one length have in common.

    Two plans are equal if their keys are.
    """

    key: Any
    responses: Responses = field(compare=False)
    n: int = field(compare=False)
    dtype: Any = field(compare=False)
    every: int = field(compare=False)

    @classmethod
    def of(
        cls,
        mother: Any,
        scales: NDArray[np.float64],
        dt: float,
        n: int,
        n_fft: int,
        dtype: Any,
        every: int,
    ) -> _Plan:
        band = band_of(mother.psi_ft)
        psi_ft = getattr(mother.psi_ft, "__func__", None)
        key: Any = psi_ft, band, scales.tobytes(), dt, n, n_fft, dtype, every
        responses = Responses(mother, scales, dt, n_fft)
        return cls(key, responses, n, dtype, every)

    def steps(self, task: Task) -> list[_Step]:
        """Return how some scales are computed."""
        block, responses, pieces = task
        found = []
        for each in responses.of(block):
            n_fft, width = responses.n_fft, each.values.shape[1]
            way: Way | Pieces
            if pieces is not None:
                way = pieces
            else:
                way = fastest_way(each.first, width, n_fft, self.dtype, self.every)
                if isinstance(way, Interpolation):
                    each = each.divided(way.divisors)
            found.append(_Step(each, way))
        return found

    def tasks(self) -> list[Task]:
        """Return which scales are computed together, and whether in pieces."""
        found: list[Task] = []
        if self.every == 1:
            found += scales_in_pieces(self.responses, self.n, self.dtype)
        whole = np.ones(self.responses.scales.size, dtype=bool)
        for block, _, _ in found:
            whole[block] = False
        for block in self.responses.blocks():
            for run in runs_of(whole[block]):
                rows = slice(block.start + run.start, block.start + run.stop)
                found.append((rows, self.responses, None))
        return sorted(found, key=lambda task: task[0].start)

    def tasks_and_steps(self) -> tuple[list[Task], list[list[_Step]]]:
        """Return the tasks, and the steps of each if they are few enough to be kept."""
        if band_of(self.responses.mother.psi_ft) is None:
            return self.tasks(), []
        return _kept(self)

    def steps_in_order(self) -> Iterator[_Step]:
        """Yield the steps of all scales, from the first on."""
        tasks, kept = self.tasks_and_steps()
        for place, task in enumerate(tasks):
            yield from kept[place] if kept else self.steps(task)


@lru_cache(maxsize=3)
def _kept(plan: _Plan) -> tuple[list[Task], list[list[_Step]]]:
    tasks = plan.tasks()
    if plan.responses.n_fft > _LONGEST_KEPT:
        return tasks, []
    steps, size = [], 0
    for task in tasks:
        steps.append(plan.steps(task))
        size += sum(step.response.table().nbytes for step in steps[-1])
        if size > _MOST_KEPT:
            return tasks, []
    return tasks, steps


def inverse(W: NDArray[Any], scales: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Sum the real parts over scales, (scale, time) -> (time): Torrence & Compo (1998), eq. 11."""
    rebuilt: NDArray[np.float64] = factor * np.tensordot(1 / np.sqrt(scales), W.real, axes=1)
    return rebuilt
