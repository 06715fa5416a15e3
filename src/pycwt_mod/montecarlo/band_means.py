"""The null distribution of the mean coherence in a band of periods.

A pair is judged by the mean of R2 over a band, outside the cone of influence or over all times.
Points of R2 that are near each other in time and scale are not independent, so the distribution of
the mean does not follow from their number. It comes from pairs of independent AR(1) series that are
as long as the record, are treated alike, and averaged over the same points.

Each group of bands is simulated on every D-th time of the record, D a power of two: at scale s
nothing in R2 varies faster than about s. The transform at these times is exact, as the Fourier
coefficients of the whole record are folded onto them; see `grids`.

Axes: (series, surrogate, time).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit, ndtr

from ..arrays import NUMPY, NUMPY_SINGLE, ArrayOps
from ..coherence import coherence_by_own_smooth, smoothed_spectra
from ..filters import Banks, FilterBank, ScaleFilter, folded, lowest_frequencies, passbands_of
from ..geometry import Geometry
from ..responses import wavelet_filter
from ..statistic import PAIR, Statistic
from .grids import demands_of
from .noise import Streams, ar1_series
from .surrogates import Surrogates

Array = NDArray[np.float64]

# Samples of each series that are transformed together: they should stay in the cache.
_BLOCK_SAMPLES, _LARGEST_BLOCK = 2**15, 32

# Where means run over the ends of the record, too, the smoothing must end where the record does, to
# a small part of the scale: the grid of times is finer by this factor.
_FINER_AT_ENDS = 4.0

# A p-value is a count of surrogates if at least this many reach the mean; else a fitted tail.
_FEWEST_ABOVE = 10

# The fitted tail ends at this share of the p-value that a single surrogate stands for.
_TAIL_REACH = 1e-3


@dataclass(frozen=True)
class Group:
    """Bands, by number, that are simulated together on every `step`-th time.

    The scales from `low` to `high` are computed, those that the boxcar reaches included.
    """

    step: int
    low: int
    high: int
    bands: tuple[int, ...]


def make_groups(
    geometry: Geometry, members: Sequence[NDArray[np.bool_]], method: str
) -> tuple[Group, ...]:
    """Put together the bands whose times may be equally coarse, unless the method is "full".

    Scales that are not evenly spaced are always simulated in full. A band without a scale in
    `members` is passed over.
    """
    n_scales = geometry.n_scales
    used = [number for number, member in enumerate(members) if member.any()]
    if not used:
        return ()
    if method == "full" or geometry.smooths_itself or geometry.windows is not None:
        return (Group(1, 0, n_scales, tuple(used)),)
    ahead = (geometry.taps.size - 1) // 2
    behind = geometry.taps.size - 1 - ahead
    demands, finer = demands_of(geometry.mother), _FINER_AT_ENDS if geometry.inside_cone else 1.0
    found: dict[int, list[tuple[int, int, int]]] = {}
    for number in used:
        inside = np.flatnonzero(members[number])
        low, high = max(0, int(inside[0]) - behind), min(n_scales, int(inside[-1]) + 1 + ahead)
        longest = max(1.0, demands.coarsest_step(geometry.scales_in_samples[low]) / finer)
        step = math.gcd(geometry.n_fft, 2 ** int(math.log2(longest)))
        found.setdefault(step, []).append((low, high, number))
    return tuple(
        Group(
            step,
            min(low for low, _, _ in own),
            max(high for _, high, _ in own),
            tuple(number for _, _, number in own),
        )
        for step, own in sorted(found.items())
    )


@dataclass(frozen=True)
class BandSurrogates:
    """Band means of the coherence of surrogate pairs: the kernel of their null distributions.

    It is called with (number of a pair of coefficients, start, stop), the latter one of `ranges`.
    A block of surrogates always has the same shape, so no surrogate depends on their number.
    """

    geometry: Geometry
    members: NDArray[np.bool_]  # the scales that each band averages over, (band, scale)
    groups: tuple[Group, ...]
    coefficients: tuple[tuple[float, float], ...]  # AR(1), of each null distribution
    streams: Streams
    centred: bool  # whether the mean of each series is subtracted, as that of the record is
    single: bool = False  # whether single precision is enough
    surrogates: tuple[Surrogates | None, ...] = ()  # of each, if not AR(1) noise
    _banks: Banks = field(default_factory=Banks, init=False, compare=False, repr=False)

    @property
    def block_size(self) -> int:
        """Number of surrogates that are transformed together."""
        return max(1, min(_LARGEST_BLOCK, _BLOCK_SAMPLES // self.geometry.n_fft))

    def ranges(self, n_surrogates: int) -> list[tuple[int, int]]:
        """Return the blocks of surrogates as pairs (start, stop)."""
        starts = range(0, n_surrogates, self.block_size)
        return [(start, min(start + self.block_size, n_surrogates)) for start in starts]

    @property
    def weights(self) -> Array:
        """Share of each scale in the mean of each band: its times."""
        weights = self.members * self.geometry.n_averaged.astype(float)
        total = weights.sum(axis=1, keepdims=True)
        return np.asarray(np.divide(weights, total, out=weights, where=total > 0))

    def __call__(self, task: tuple[int, int, int]) -> Array:
        """Return the band means of a range of surrogates, shape (stop - start, n_bands)."""
        number, start, stop = task
        geometry, indices = self.geometry, range(start, start + self.block_size)
        surrogates = self.surrogates[number] if self.surrogates else None
        if surrogates is None:
            noise = ar1_series(self.streams, indices, geometry.n_times, self.coefficients[number])
        else:
            noise = surrogates.draw(self.streams, indices, geometry.n_times)
        if self.centred:
            noise -= noise.mean(axis=-1, keepdims=True)
        means = np.full((len(indices), len(self.members)), np.nan)
        for number, group in enumerate(self.groups):
            if geometry.smooths_itself:
                per_scale = self._by_own_smooth(noise)
            else:
                per_scale = self._by_engine(number, noise)
            for band in group.bands:
                means[:, band] = per_scale @ self.weights[band]
        return means[: stop - start]

    def _by_engine(self, number: int, noise: Array) -> Array:
        """Return the mean over time, (surrogate, scale); 0 if not wanted."""
        group, geometry = self.groups[number], self.geometry
        ops = NUMPY_SINGLE if self.single else NUMPY
        bank = self._banks.get(number, lambda: coarse_bank(geometry, group, ops))
        times = _coarse_times(geometry, group.step)
        shares = _shares(geometry, group.step) if geometry.inside_cone else None
        wanted = np.atleast_1d(self.members[list(group.bands)].any(axis=0))
        parts = {scale: times[scale] for scale in np.flatnonzero(wanted).tolist()}
        means = np.zeros((noise.shape[1], geometry.n_scales))
        spectrum = padded_spectrum(noise, geometry, ops)
        for scale, values in coarse_coherences(spectrum, group, bank, ops, parts):
            values = np.clip(values, 0.0, 1.0)
            mean = values.mean(axis=1, dtype=float) if shares is None else values @ shares
            means[:, scale] = mean
        return means

    def _by_own_smooth(self, noise: Array) -> Array:
        g = self.geometry
        means = np.zeros((noise.shape[1], g.n_scales))
        for place in range(noise.shape[1]):
            R2, _ = coherence_by_own_smooth(noise[:, place], g)
            for scale, (start, stop) in enumerate(zip(*g.averaged, strict=True)):
                if start < stop:
                    means[place, scale] = np.nanmean(R2[scale, start:stop])
        return means


def padded_spectrum(noise: Array, geometry: Geometry, ops: ArrayOps) -> Any:
    """Return the zero-padded FFT of records, (series, surrogate, coefficient)."""
    padded = ops.zeros((*noise.shape[:2], geometry.n_fft), "complex")
    padded[..., : geometry.n_times] = noise
    return ops.fft(padded)


def coarse_coherences(
    spectrum: Any,
    group: Group,
    bank: FilterBank,
    ops: ArrayOps,
    parts: Mapping[int, slice],
    statistic: Statistic = PAIR,
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the scales of a group with the coherences of records, (surrogate, coarse time).

    `spectrum` is the `padded_spectrum` of the records, `bank` the `coarse_bank`; `parts` has for
    each scale that is wanted the coarse times.
    """
    spectra = {spectrum.shape[-1] // group.step: spectrum}
    R2 = ops.zeros((spectrum.shape[1], bank.n), "real")
    scratch = ops.zeros((spectrum.shape[1], bank.n), "complex")

    def wanted(scale: int) -> slice:
        return parts.get(scale + group.low, slice(0, 0))

    for scale, S in smoothed_spectra(spectra, bank, ops, parts=wanted):
        values = R2[:, : S.shape[-1]]
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic.R2(S, values, scratch[:, : S.shape[-1]], ops)
        yield scale + group.low, values


def _coarse_times(geometry: Geometry, step: int) -> list[slice]:
    """Return for each scale the coarse times to average; the middle one if there is none."""
    slices = []
    for start, stop in zip(*geometry.averaged, strict=True):
        first, last = -(-int(start) // step), -(-int(stop) // step)
        if first >= last and start < stop:
            first = min(round((start + stop - 1) / 2 / step), (geometry.n_times - 1) // step)
            last = first + 1
        slices.append(slice(first, max(first, last)))
    return slices


def _shares(geometry: Geometry, step: int) -> Array:
    """Return the share of the record's samples that each coarse time is the nearest of."""
    n = geometry.n_times
    nearest = np.minimum((np.arange(n) + step // 2) // step, (n - 1) // step)
    return np.bincount(nearest) / n


def coarse_bank(geometry: Geometry, group: Group, ops: ArrayOps) -> FilterBank:
    """Return filters that take up the spectrum at the full rate and give every step-th time."""
    if geometry.windows is not None:
        return geometry.make_bank(ops=ops)
    length = geometry.n_fft // group.step
    filters = []
    for scale in geometry.scales_in_samples[group.low : group.high].tolist():
        response = wavelet_filter(geometry.mother, scale, geometry.n_fft, 1.0)
        window = geometry.mother.smoothing_window(scale, geometry.n_fft) / scale
        on_grid = folded(passbands_of(response, ops), length)
        kept = passbands_of(lowest_frequencies(window, length), ops)
        filters.append(ScaleFilter(length, on_grid, kept))
    n = -(-geometry.n_times // group.step)
    return FilterBank(n, (length,), tuple(filters), geometry.taps)


def pvalue(observed: float, samples: Array) -> float:
    """Return the p-value of an observed band mean, given those of surrogate pairs.

    It is (1 + number of surrogates >= observed) / (1 + number of surrogates). Where that number is
    below 10, a normal tail in the logit of the mean, log(x / (1 - x)), fixed to the tenth largest
    surrogate, goes on from there, down to 0.001 / (1 + number). NaN if there is nothing to compare.

    The logit of a band mean has no skewness to speak of, in narrow bands and wide ones. At
    probabilities of 0.001 and 0.0002 the tail from 300 surrogates is within a factor of two of the
    share of 20 000. A beta distribution is too light by a factor of up to four. Tails for few
    permutations: Knijnenburg et al. (2009), doi:10.1093/bioinformatics/btp211.
    """
    known = samples[np.isfinite(samples)]
    n = known.size
    if not math.isfinite(observed) or n == 0:
        return math.nan
    above = int((known >= observed).sum())
    counted = (1 + above) / (1 + n)
    if above >= _FEWEST_ABOVE or n < 2 * _FEWEST_ABOVE or np.ptp(known) == 0:
        return counted
    if observed >= 1:
        return _TAIL_REACH / (1 + n)
    tenth = float(np.partition(known, n - _FEWEST_ABOVE)[n - _FEWEST_ABOVE])
    logits = logit(known)
    places = (logit(np.array([observed, tenth])) - logits.mean()) / logits.std()
    beyond, at_tenth = ndtr(-places).tolist()
    share = beyond / at_tenth if at_tenth > 0 else 0.0
    edge = (1 + _FEWEST_ABOVE) / (1 + n)
    return max(edge * min(1.0, share), _TAIL_REACH / (1 + n))
