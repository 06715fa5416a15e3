"""The filters of a geometry: the wavelet and the smoothing window of each scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import NUMPY, Array, ArrayOps
from .transform import NEGLIGIBLE, wavelet_filter


@dataclass(frozen=True)
class Band:
    """A part of a filter that is not negligible.

    It multiplies the coefficients `source` of a spectrum, and goes to the places `target` of a row
    in FFT order; with `adds` it is added to the values there, where a row is folded over itself.
    """

    source: slice
    target: slice
    values: Array
    adds: bool = False


@dataclass(frozen=True)
class ScaleFilter:
    """Everything that one scale multiplies by: wavelet and time window, on one FFT length."""

    n_fft: int
    wavelet: tuple[Band, ...]
    window: tuple[Band, ...]


@dataclass(frozen=True)
class FilterBank:
    """The geometry of a coherence: filters for each scale, and the boxcar across scales.

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
    """

    n: int
    lengths: tuple[int, ...]
    filters: Sequence[ScaleFilter]
    taps: NDArray[np.float64]


class _Filters(Sequence[ScaleFilter]):
    """The filters of a geometry, each computed when it is asked for."""

    def __init__(
        self, mother: Any, scales: NDArray[np.float64], lengths: NDArray[np.intp], ops: ArrayOps
    ) -> None:
        self._mother, self._ops = mother, ops
        self._rows = list(zip(scales.tolist(), lengths.tolist(), strict=True))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: Any) -> Any:
        scale, length = self._rows[place]
        response = wavelet_filter(self._mother, scale, length, 1.0)
        window = self._mother.smoothing_window(scale, length) / scale
        return ScaleFilter(length, bands_of(response, self._ops), bands_of(window, self._ops))


def make_bank(
    mother: Any,
    scales: NDArray[np.float64],
    n: int,
    lengths: NDArray[np.intp],
    taps: NDArray[np.float64],
    ops: ArrayOps = NUMPY,
    *,
    keep: bool = True,
) -> FilterBank:
    """Describe a geometry by its filters.

    Parameters
    ----------
    mother : MotherWavelet
        The wavelet.
    scales : numpy.ndarray
        Scales in samples.
    n : int
        Samples of each series.
    lengths : numpy.ndarray
        FFT length of each scale, at least n.
    taps : numpy.ndarray
        Boxcar across scales.
    ops : ArrayOps
        Where the filters are to live.
    keep : bool
        Whether to compute all filters now and keep them, for many passes over the scales; or
        each on demand, for one pass in little memory.
    """
    filters: Sequence[ScaleFilter] = _Filters(mother, scales, lengths, ops)
    return FilterBank(
        n, tuple(np.unique(lengths).tolist()), tuple(filters) if keep else filters, taps
    )


def bands_of(row: NDArray[Any], ops: ArrayOps) -> tuple[Band, ...]:
    """Keep the parts of a filter above rounding error, at positive and negative frequencies."""
    size = np.abs(row)
    if not np.isfinite(size).all():
        raise ValueError(
            "`wavelet` must have finite `psi_ft` and `smoothing_window` at every scale and "
            "frequency, got NaN or infinity."
        )
    kept = size > NEGLIGIBLE * size.max()
    middle = row.size // 2 + 1
    bands: list[Band] = []
    for first, last in ((0, middle), (middle, row.size)):
        inside = np.flatnonzero(kept[first:last])
        if inside.size:
            start, stop = first + int(inside[0]), first + int(inside[-1]) + 1
            if bands and bands[-1].target.stop == start:  # one band without a gap
                start = bands.pop().target.start
            part = slice(start, stop)
            values = row[part].astype(complex if np.iscomplexobj(row) else float)
            bands.append(Band(part, part, ops.from_host(values)))
    return tuple(bands)


def filtered(source: Array, bands: tuple[Band, ...], target: Array, ops: ArrayOps) -> None:
    """Write `source` times a filter to `target`, zero outside its bands; they may be the same.

    Bands that do not add come first, ascending and apart from each other.
    """
    edge = 0
    for band in bands:
        if not band.adds:
            target[..., edge : band.target.start] = 0
            part = source[..., band.source]
            ops.xp.multiply(part, band.values, out=target[..., band.target])
            edge = band.target.stop
    target[..., edge:] = 0
    for band in bands:
        if band.adds:
            target[..., band.target] += source[..., band.source] * band.values
