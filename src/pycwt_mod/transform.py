"""The continuous wavelet transform on bare arrays: scales, transform, cone of influence.

Nothing here validates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .inverse_fft import Way, WholeFFT, fastest_way, rows_to_fill
from .pieces import Pieces, runs_of, scales_in_pieces
from .responses import Response, Responses, band_of
from .working_memory import SpareRows

# The FFT length, and bytes of multipliers, up to which they are kept for the next call.
_LONGEST_KEPT, _MOST_KEPT = 2**14, 2**23

# Powers of two of series whose transforms are far from the limits of single precision.
_ORDINARY = 32

# Bytes of the second transform of a pair in work beside the first: all scales of a short one.
_CROSS_BYTES = 2**23


def number_of_scales(J: float) -> int:
    """Return the number of scales j = 0 ... J; J may be a float such as ``7 / dj``."""
    nearest = round(J)
    return (nearest if abs(J - nearest) < 1e-9 else math.ceil(J)) + 1


def scale_axis(s0: float, dj: float, J: float) -> NDArray[np.float64]:
    """Return the scales s0 * 2**(j dj), j = 0 ... J."""
    return np.asarray(s0 * 2 ** (np.arange(number_of_scales(J)) * dj))


def cone_of_influence(n: int, mother: Any, dt: float) -> NDArray[np.float64]:
    """Return the largest Fourier period free of edge effects, at each of n times."""
    return _cone_at(np.arange(n), n, mother, dt)


def _cone_at(times: NDArray[np.intp], n: int, mother: Any, dt: float) -> NDArray[np.float64]:
    distance = n / 2 - np.abs(times - (n - 1) / 2)
    cone: NDArray[np.float64] = mother.flambda() * mother.coi() * dt * distance
    return cone


def times_outside_cone(
    periods: NDArray[np.float64], n: int, mother: Any, dt: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the intervals of `outside_cone` by bisection: n times need not fit the memory."""
    first = np.zeros(periods.size, dtype=np.intp)
    last = np.full(periods.size, (n + 1) // 2)
    for _ in range(n.bit_length()):
        middle = (first + last) // 2
        inside = _cone_at(middle, n, mother, dt) < periods
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
    """Return W (..., scale, time) and the zero-padded FFT (..., n_fft) of series (..., n).

    Each `every`-th time is computed, from the first. W is in single precision if that is asked for,
    the FFT never. The number of threads does not change the result.
    """
    *shape, n = signal.shape
    spectrum = scipy.fft.fft(signal, n_fft, axis=-1, workers=workers)
    kind = np.complex64 if single else np.complex128
    W = np.empty((*shape, scales.size, -(-n // every)), kind)
    _write(signal, spectrum, mother, scales, dt, W, workers, every)
    return W, spectrum


def _write(
    signal: NDArray[Any],
    spectrum: NDArray[np.complex128],
    mother: Any,
    scales: NDArray[np.float64],
    dt: float,
    W: NDArray[Any],
    workers: int = 1,
    every: int = 1,
) -> None:
    """Write the transforms of series with these spectra to W, in its precision."""
    n, n_fft = signal.shape[-1], spectrum.shape[-1]
    sources, unit = spectrum.reshape(-1, n_fft), 1.0
    if W.dtype == np.complex64:  # which is short of large and of small numbers, too
        exponent = math.frexp(np.abs(signal).max(initial=0.0))[1]
        # Of the least numbers there are, the inverse of the unit is none.
        unit = 2.0 ** max(exponent, -1000) if abs(exponent) > _ORDINARY else 1.0
    if unit != 1:
        signal, sources = signal / unit, sources / unit
    fields = W.reshape(-1, *W.shape[-2:])
    plan = _Plan.of(mother, scales, dt, n, n_fft, W.dtype, every)
    tasks, kept = plan.tasks_and_steps()
    records = [_Record(*each) for each in zip(signal.reshape(-1, n), sources, strict=True)]

    def transform(place: int) -> None:
        for step in kept[place] if kept else plan.steps(tasks[place]):
            for record, target in zip(records, fields, strict=True):
                step.write(record, target[step.response.rows])
                if unit != 1:
                    target[step.response.rows] *= unit

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
    spectra = spare.array(2, n_fft)
    for series, spectrum in zip(pair, spectra, strict=True):
        spectrum[:] = scipy.fft.fft(series, n_fft)
    in_use = spare.mark()
    plan = _Plan.of(mother, scales, dt, n, n_fft, W12.dtype, 1)
    for step in plan.steps_in_order():
        for part in step.parts(n_scales, max(1, _CROSS_BYTES // (16 * n))):
            rows = part.response.rows
            spare.write(rows.stop)
            if spare.reach(rows.stop):
                needed = coefficients_from(spectra, mother, scales[rows.start] / dt, n_fft)
                spectra, in_use = spare.rescued(needed), empty
                spare.release(in_use)
            W1, W2 = W12[rows], spare.array(rows.stop - rows.start, n)
            for series, spectrum, W in zip(pair, spectra, (W1, W2), strict=True):
                part.write(_Record(series, spectrum), W)
            W1 *= np.conjugate(W2, out=W2)
            spare.release(in_use)
    return W12


def coefficients_from(
    spectra: NDArray[np.complex128], mother: Any, scale: float, n_fft: int
) -> NDArray[np.complex128]:
    """Return the coefficients of spectra that scales from one on, in samples, draw upon.

    Those from 0 on come first, and then those below 0: they are found as in the whole spectra.
    """
    band, unit = band_of(mother.psi_ft), n_fft / (2 * np.pi * scale)
    if band is None:
        return spectra
    # Two more: the wavelet may fall between the frequencies, and of those beyond only the next
    # ones are then not negligible beside the others.
    below, above = (int(end) + 2 for end in (unit * max(0.0, -band[0]), unit * band[2]))
    if below + above >= spectra.shape[1]:
        return spectra
    return np.concatenate([spectra[:, :above], spectra[:, -below:]], axis=1)


@dataclass(frozen=True)
class _Record:
    """One series and its zero-padded FFT."""

    values: NDArray[Any]
    spectrum: NDArray[np.complex128]


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
            way.write(self.response.times(record.spectrum), rows)

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
            values, n_fft = each.values, responses.n_fft
            way: Way | Pieces
            if pieces is not None:
                way = pieces
            else:
                way = fastest_way(each.first, values.shape[1], n_fft, self.dtype, self.every)
                if way.divisors is not None:
                    values = values / way.divisors
            found.append(_Step(Response(each.rows, each.first, values), way))
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
        size += sum(step.response.values.nbytes for step in steps[-1])
        if size > _MOST_KEPT:
            return tasks, []
    return tasks, steps


def inverse(W: NDArray[Any], scales: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Sum the real parts over scales, (scale, time) -> (time): Torrence & Compo (1998), eq. 11."""
    rebuilt: NDArray[np.float64] = factor * np.tensordot(1 / np.sqrt(scales), W.real, axes=1)
    return rebuilt
