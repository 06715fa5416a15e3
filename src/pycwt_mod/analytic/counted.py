"""The table of a map from counts of simulated coherences by scale and distance from an end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compute import SHARES, Floats, Table, monotone
from .tail import GRID

Counts = NDArray[np.int64]
Classes = tuple[tuple[int, ...], ...]

# Stretches of a record, at most, that have null distributions of their own.
N_STRETCHES = 128


def distance_classes(far: Floats, nodes: NDArray[np.intp], n_times: int) -> Classes:
    """Return for each scale the distances at which a class begins; none if it is not a node.

    A class holds the distances nearest to one of those of a `Table`, the last one all beyond.
    """
    half = (n_times - 1) // 2
    between = (SHARES[1:] + SHARES[:-1]) / 2
    classes: list[tuple[int, ...]] = [()] * far.size
    for node in nodes.tolist():
        begins = np.unique(np.ceil([0, *between * far[node]]))
        classes[node] = tuple(begins[begins <= half].astype(int).tolist())
    return tuple(classes)


def table_of_counts(
    counts: Counts,
    classes: Classes,
    nodes: NDArray[np.intp],
    far: Floats,
    n_times: int,
) -> Table:
    """Return the null distributions of a map, given histograms of simulated coherences.

    `counts` are (batch, row, bin), bins of equal width over [0, 1], with a row for each of those
    `classes` of `distance_classes` that were counted; `nodes` and `far` are those of the `Table`.

    P is (1 + number above) / (1 + number), so p is never below 1 / (1 + number). Where a wavelet
    has no response nothing was counted, and P is 1. Errors are from the spread of P over batches.
    """
    P = _shares_above(counts.sum(axis=0), 1)
    batches = np.stack([_shares_above(each, 0) for each in counts if each.any()])
    error = batches.std(axis=0, ddof=min(1, len(batches) - 1)) / np.sqrt(len(batches)) / P
    rows = np.stack([np.log(P), error])
    found = np.zeros((2, nodes.size, SHARES.size, GRID.size), dtype=np.float32)
    stop = 0
    for place, node in enumerate(nodes.tolist()):
        start, stop = stop, stop + len(classes[node])
        if stop > start:
            shares = _mean_distances(classes[node], far[node], n_times) / far[node]
            found[:, place] = _at_shares(shares, rows[:, start:stop])
    return Table(np.zeros_like(far), far, nodes, found[0], found[1], simulated=True)


def time_classes(nodes: NDArray[np.intp], n_scales: int, n_times: int) -> Classes:
    """Return for each scale the times at which a stretch of the record begins; none if no node."""
    begins = np.arange(min(n_times, N_STRETCHES)) * n_times // min(n_times, N_STRETCHES)
    chosen = set(nodes.tolist())
    return tuple(tuple(begins.tolist()) if k in chosen else () for k in range(n_scales))


def table_of_times(
    counts: Counts, classes: Classes, nodes: NDArray[np.intp], n_surrogates: int
) -> Table:
    """Return the null distributions of a map that may change over time, from counts by stretches.

    The arguments are those of `table_of_counts`, with the classes of `time_classes`. Errors are
    those of a share of `n_surrogates`, as the times of a stretch tell little more than one.
    """
    P = _shares_above(counts.sum(axis=0), 1)
    rows = np.stack([np.log(P), np.sqrt((1 - P) / P / n_surrogates)])
    found = np.zeros((2, nodes.size, max(map(len, classes), default=1), GRID.size), np.float32)
    stop = 0
    for place, node in enumerate(nodes.tolist()):
        start, stop = stop, stop + len(classes[node])
        if stop > start:
            found[:, place] = rows[:, start:stop]
    nowhere = np.zeros(len(classes))
    return Table(nowhere, nowhere, nodes, found[0], found[1], simulated=True)


def _shares_above(histograms: Counts, more: int) -> Floats:
    """Return (more + number above) / (more + number) of each row on the grid of a `Table`.

    Within a bin numbers are interpolated, except in the last one: nobody knows how they lie in it.
    """
    n_bins = histograms.shape[1]
    at_or_above = np.cumsum(histograms[:, ::-1], axis=1)[:, ::-1]
    edges = np.arange(n_bins) / n_bins
    above = np.stack([np.interp(-np.expm1(-GRID), edges, row) for row in at_or_above])
    return np.asarray((more + above) / np.maximum(more + at_or_above[:, :1], 1))


def _mean_distances(begins: tuple[int, ...], far: float, n_times: int) -> Floats:
    """Return the mean distance of each class, of those beyond `far` as `far`."""
    distances = np.minimum(np.arange((n_times + 1) // 2), far)
    sizes = np.diff([*begins, distances.size])
    return np.asarray(np.add.reduceat(distances, begins) / sizes)


def _at_shares(shares: Floats, rows: Floats) -> Floats:
    """Interpolate rows of classes, shape (2, class, y), to the distances of a `Table`."""
    if shares.size == 1:
        return rows
    return np.asarray(
        monotone(shares, rows, axis=1)(np.clip(SHARES, shares[0], shares[-1])),
    )
