"""Filters in the Fourier domain: the parts that are not negligible, folded and applied."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .arrays import Array, ArrayOps
from .boxcar import OctaveWindows
from .responses import NEGLIGIBLE, require_finite

Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Passband:
    """A part of a filter that is not negligible.

    It multiplies the coefficients `source` of a spectrum, and goes to the places `target` of a row
    in FFT order; `adds` to what is there already, where a row is folded over itself.
    """

    source: slice
    target: slice
    values: Array
    adds: bool = False


@dataclass(frozen=True)
class ScaleFilter:
    """Everything that one scale multiplies by: wavelet and time window, on one FFT length."""

    n_fft: int
    wavelet: tuple[Passband, ...]
    window: tuple[Passband, ...]


@dataclass(frozen=True)
class FilterBank:
    """Filters for each scale, and the boxcar across scales.

    Parameters
    ----------
    n : int
        Samples of each series.
    lengths : tuple of int
        The FFT lengths in use, ascending.
    filters : sequence of ScaleFilter
        One for each scale, in order.
    taps : numpy.ndarray
        The boxcar across scales: symmetric, all inner taps equal.
    windows : OctaveWindows, optional
        In place of the boxcar, for scales that are not evenly spaced.
    """

    n: int
    lengths: tuple[int, ...]
    filters: Sequence[ScaleFilter]
    taps: NDArray[np.float64]
    windows: OctaveWindows | None = None


class Banks:
    """Filter banks, each made on first use in a process; pickled and copied without them.

    Workers compute them faster than they could receive them.
    """

    def __init__(self) -> None:
        self._banks: dict[Hashable, Any] = {}

    def get(self, name: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return the bank of a name, made if it is not there."""
        if name not in self._banks:
            self._banks[name] = make()
        kept: Kept = self._banks[name]
        return kept

    def __reduce__(self) -> tuple[type[Banks], tuple[()]]:
        return Banks, ()


def passbands_of(row: NDArray[Any], ops: ArrayOps) -> tuple[Passband, ...]:
    """Keep the parts of a filter above rounding error, at positive and negative frequencies."""
    size = np.abs(row)
    require_finite(size)
    kept = size > NEGLIGIBLE * size.max()
    middle = row.size // 2 + 1
    found: list[Passband] = []
    for first, last in ((0, middle), (middle, row.size)):
        inside = np.flatnonzero(kept[first:last])
        if inside.size:
            start, stop = first + int(inside[0]), first + int(inside[-1]) + 1
            if found and found[-1].target.stop == start:  # one passband without a gap
                start = found.pop().target.start
            part = slice(start, stop)
            values = row[part].astype(complex if np.iscomplexobj(row) else float)
            found.append(Passband(part, part, ops.from_host(values)))
    return tuple(found)


def folded(passbands: Iterable[Passband], n_fft: int, lowest: int = 0) -> tuple[Passband, ...]:
    """Fold a filter onto a coarser grid of times, whose spectrum is shorter.

    The transform at every D-th time is that of coefficients added at a distance of 1/D of the
    spectrum: coefficient k, counted from `lowest`, goes to place (k + lowest) modulo `n_fft`.
    """
    pieces = []
    for band in passbands:
        start = first = band.source.start
        while start < band.source.stop:
            place = (start + lowest) % n_fft
            stop = min(band.source.stop, start + n_fft - place)
            values = band.values[start - first : stop - first]
            pieces.append((slice(start, stop), slice(place, place + stop - start), values))
            start = stop
    pieces.sort(key=lambda piece: piece[0].start - piece[0].stop)  # the longest first
    covered = np.zeros(n_fft, dtype=bool)
    found = []
    for source, target, values in pieces:
        found.append(Passband(source, target, values, bool(covered[target].any())))
        covered[target] = True
    return tuple(sorted(found, key=lambda band: band.target.start))


def lowest_frequencies(row: NDArray[Any], n: int) -> NDArray[Any]:
    """Return the n coefficients of a longer row, in FFT order, that are nearest to frequency 0."""
    half = (n + 1) // 2
    return np.concatenate([row[:half], row[row.size - n + half :]])


def filtered(source: Array, passbands: tuple[Passband, ...], target: Array, ops: ArrayOps) -> None:
    """Write `source` times a filter to `target`, zero outside its passbands; they may be the same.

    Passbands that do not add come first, ascending and apart from each other.
    """
    edge = 0
    for band in passbands:
        if not band.adds:
            target[..., edge : band.target.start] = 0
            part = source[..., band.source]
            ops.xp.multiply(part, band.values, out=target[..., band.target])
            edge = band.target.stop
    target[..., edge:] = 0
    for band in passbands:
        if band.adds:
            target[..., band.target] += source[..., band.source] * band.values
