"""Grids of the multirate method: each octave of scales is simulated no finer than it needs.

At scale s nothing in the coherence varies faster than about s. So an octave of scales, with the
neighbours that the boxcar across scales reaches (its halo), is simulated on a time grid of its own,
whose step is about as long as its smallest scale. The transform at such times is exact: it comes
from the Fourier coefficients of the noise, folded onto the grid. Only the smoothing in time, a sum
over the grid, is coarser than at the full rate, and the step is chosen so that it errs by less
than a thousandth.

Where the surrogate is much longer than the scale, its ends do not matter and the grid is a circle,
as long as the wanted precision asks. Otherwise it spans the surrogate with its padding and cone of
influence, and several replicates of it make up for its being short.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..arrays import ArrayOps
from ..filters import (
    FilterBank,
    Passband,
    ScaleFilter,
    folded,
    lowest_frequencies,
    passbands_of,
)
from ..geometry import Geometry

# Length of a circle, and of all replicates together outside the cone of influence, in units of
# the largest scale of the octave. It sets the standard error: 0.006 at most with 300 surrogates.
_LENGTH_IN_SCALES = 56.0

# Scales left over after whole octaves join the others up to this share of an octave.
_LEFT_OVER = 0.4

# A length that falls short by less than this share is not worth another replicate.
_SHORTFALL = 0.2

# A wavelet that the Nyquist frequency cuts off falls off slowly in time: it feels the ends of a
# surrogate from far away.
_LONG_AT_NYQUIST = 400.0

# Where the ends of red noise show, the step at an end is resolved more finely by this factor, and
# the coherence, which grows towards the ends, is sampled more finely by this one.
_FINER_FOR_STEPS, _FINER_AT_ENDS = 3.0, 2.0

# Least number of samples per scale of a time window before its low frequencies are taken.
_WINDOW_SAMPLES = 32.0

# Length of circular noise: records, plus correlation lengths of the noise; and at most, in records.
_CIRCLE_IN_RECORDS, _CORRELATION_LENGTHS, _MOST_RECORDS = 1.5, 8.0, 16.0

# Largest share of a smoothed spectrum that may come from the coarseness of the grid.
_ALIASING = 1e-3

# Response of a wavelet below this share of its peak is left out of its band.
_NO_RESPONSE = 1e-5

# A surrogate is long if its length in scales is at least this: for complex wavelets, and for real
# ones, whose windows are wider.
_LONG_IN_SCALES, _LONG_FOR_REAL = 100.0, 200.0

# What the ends of red noise may add to the samples outside the cone of influence, as a share.
_END_EFFECT = 0.006

# Where the response to an end is below this share of the noise at a scale, it does not show.
_UNSEEN = 0.2


@dataclass(frozen=True)
class Demands:
    """The needs of a wavelet, in dimensionless angular frequency."""

    lowest: float
    highest: float
    sampling: float
    peak: float
    cone: float
    is_real: bool

    def coarsest_step(self, smallest: float, *, circular: bool = False) -> float:
        """Return the longest step that serves a smallest scale; 1: the full rate is needed.

        Where the wavelet meets the Nyquist frequency of the full rate, the ends of a record need
        that rate. So do the products of real wavelets, which fold over at that frequency.
        """
        if math.pi * smallest < self.reach and (self.is_real or not circular):
            return 1.0
        return max(1.0, 2 * math.pi * smallest / self.sampling)

    @property
    def least_long_in_scales(self) -> float:
        """Length of a surrogate of white noise, at least, in units of the scale."""
        return _LONG_FOR_REAL if self.is_real else _LONG_IN_SCALES

    @property
    def reach(self) -> float:
        """The frequency beyond which there is no response."""
        return max(-self.lowest, self.highest)

    def bins(self, scales: NDArray[np.float64], length: float, nyquist: int) -> tuple[int, int]:
        """Return the Fourier coefficients of a length to which any of some scales responds.

        None is beyond the coefficient `nyquist`.
        """
        unit = 2 * math.pi / length
        top = min(math.ceil(self.highest / (unit * scales[0])), nyquist)
        widest = scales[0] if self.lowest < 0 else scales[-1]
        return max(math.floor(self.lowest / (unit * widest)), -nyquist), top

    def long_in_scales(self, scale: float, coefficient: float) -> float:
        """Return the length, in scales, from which a surrogate's ends do not matter.

        Red noise ends in a step, as high as its slow part is large. The wavelet's response to it
        falls off as a Gaussian, and can be seen beyond the cone of influence where the noise at the
        scale itself is weak.
        """
        decay = max(1 - coefficient, 1e-12)
        slow = math.sqrt(math.atan(1 / (scale * decay)) / (math.pi * decay))
        noise = 1 / math.hypot(decay, self.peak / scale)
        seen = slow * math.sqrt(scale) / self.peak / noise / _UNSEEN
        beyond = math.sqrt(2 * math.log(max(seen, 1.0))) - self.cone
        return max(self.least_long_in_scales, 2 * beyond / _END_EFFECT)


def demands_of(mother: Any) -> Demands:
    """Compute the needs of a wavelet.

    Sampling at W adds the products of transforms at frequency W - k to the smoothed spectrum at k.
    Both fall off: the products as the autocorrelation of the response, the smoothing as the
    transform of its window.
    """
    peak = 2 * math.pi / mother.flambda()
    x = np.linspace(-8 * peak - 20, 8 * peak + 20, 2**14)
    size = np.abs(mother.psi_ft(x))
    inside = x[size > _NO_RESPONSE * size.max()]
    lowest, highest = float(inside[0]), float(inside[-1])
    n = 2**12
    unit = 2 * (highest - lowest) / n
    response = np.abs(mother.psi_ft(lowest + unit * np.arange(n // 2)))
    products = scipy.fft.ifft(np.abs(scipy.fft.fft(response, 2 * n)) ** 2).real[: n // 2]
    products = np.concatenate([products / products[0], np.zeros(3 * n // 2)])
    # On a time grid of this step the window of scale 1 has values at the same frequencies.
    step = math.pi / (n * unit)
    window = np.abs(mother.smoothing_window(1 / step, 2 * n)[:n])
    # No frequency above this one can be the last at which too much is added.
    beyond = np.fmax.accumulate(window[::-1])[::-1]
    reached = np.searchsorted(-beyond, -_ALIASING / np.maximum(products[: n // 2], 1e-300))
    last = min(n - 1, int((np.arange(n // 2) + reached)[reached > 0].max()))
    while not np.max(products[last::-1] * window[: last + 1]) > _ALIASING:
        last -= 1
    is_real = lowest < -0.5 * highest
    return Demands(lowest, highest, unit * (last + 1), peak, 1 / mother.coi(), is_real)


@dataclass(frozen=True)
class Grid:
    """The simulation of one group of scales. Times are in samples of the full rate.

    What is said of noise holds where the surrogate has ends, which are cut from a longer circle.
    """

    first: int  # the scales that this group answers for, by index
    stop: int
    low: int  # the scales it computes, halo included
    high: int
    step: float  # of the time grid
    n_fft: int  # points of the grid, padding included
    n_points: int  # points within the surrogate; all of them on a circle
    circular: bool  # whether the surrogate is a circle without ends
    noise_step: float  # of the grid on which the surrogate's ends are cut
    # Points at that step: of the circle, of the surrogate cut from it, and with its padding.
    n_noise: int
    n_cut: int
    n_wide: int
    replicates: int  # independent surrogates of this group for each surrogate index
    # For each scale that the group answers for, the points outside the cone of influence.
    starts: tuple[int, ...]
    stops: tuple[int, ...]
    # Range of Fourier coefficients with a response, in units of 1 / (n_fft step).
    lowest_bin: int
    highest_bin: int

    @property
    def noise_bins(self) -> range:
        """The Fourier coefficients to draw, in units of the reciprocal of the noise's length."""
        if not self.circular:
            return range(self.n_noise // 2 + 1)
        return range(max(0, self.lowest_bin), max(self.highest_bin, -self.lowest_bin) + 1)

    @property
    def n_normals(self) -> int:
        """Normal variates that a series of one surrogate index takes for this group."""
        return self.replicates * 2 * len(self.noise_bins)

    @property
    def work(self) -> int:
        """Points that one surrogate index moves through the transforms of this group."""
        return self.replicates * (self.high - self.low) * self.n_fft

    @property
    def samples(self) -> NDArray[np.intp]:
        """Samples that one surrogate index adds to the histogram of each scale."""
        return self.replicates * np.maximum(np.subtract(self.stops, self.starts), 0)


def make_grids(
    geometry: Geometry, coefficient: float | None, responds: NDArray[np.bool_]
) -> tuple[Grid, ...]:
    """Cut the scales into octaves and choose a grid for each.

    `coefficient` is the largest size of the lag-1 autocorrelations, None where whole series are
    given at the full rate; `responds` tells if the wavelet of a scale responds to anything below
    the Nyquist frequency.
    """
    mother, scales = geometry.mother, geometry.scales_in_samples
    # About an octave each: a few scales left over join their neighbours.
    n_groups = max(1, math.ceil(scales.size * min(geometry.dj, 1.0) - _LEFT_OVER))
    edges = [scales.size * k // n_groups for k in range(n_groups + 1)]
    n_taps = geometry.taps.size
    ahead = (n_taps - 1) // 2
    behind = n_taps - 1 - ahead
    demands = demands_of(mother)
    grids = []
    for first, stop in itertools.pairwise(edges):
        if first == stop:  # scales more than an octave apart
            continue
        low, high = max(0, first - behind), min(scales.size, stop + ahead)
        bounds = (first, stop, low, high)
        largest = scales[stop - 1]
        long = math.inf if coefficient is None else demands.long_in_scales(largest, coefficient)
        if math.pi * scales[first] < demands.reach:
            long = max(long, _LONG_AT_NYQUIST)
        if geometry.n_times > long * largest:
            # The halo must fit the circle as well.
            length = max(_LENGTH_IN_SCALES * largest, _LENGTH_IN_SCALES / 4 * scales[high - 1])
            grid = _circle(demands, scales, bounds, min(length, geometry.n_times))
        else:
            grid = _record(demands, geometry, bounds, coefficient)
        stops = np.where(responds[first:stop], grid.stops, grid.starts)
        grids.append(replace(grid, stops=tuple(stops.tolist())))
    return tuple(grids)


def _fast_length(length: float) -> int:
    """Return the next FFT length from `length` on without the factor 11, which is slow."""
    n: int = scipy.fft.next_fast_len(math.ceil(length))
    while n % 11 == 0:
        n = scipy.fft.next_fast_len(n + 1)
    return n


def _circle(
    demands: Demands,
    scales: NDArray[np.float64],
    bounds: tuple[int, int, int, int],
    length: float,
) -> Grid:
    first, stop, low, high = bounds
    step = demands.coarsest_step(scales[low], circular=True)
    n_fft = _fast_length(length / step)
    if step > 1:
        step = length / n_fft
    circle = n_fft * step
    lowest, highest = demands.bins(scales[low:high], circle, math.ceil(circle / 2 - 0.5))
    everywhere = (n_fft,) * (stop - first)
    return Grid(
        first, stop, low, high, step, n_fft, n_fft, True, step, n_fft, n_fft, n_fft, 1,
        (0,) * (stop - first), everywhere, lowest, highest,
    )  # fmt: skip


def _record(
    demands: Demands,
    geometry: Geometry,
    bounds: tuple[int, int, int, int],
    coefficient: float | None,
) -> Grid:
    first, stop, low, high = bounds
    scales, n_samples, n_padded = geometry.scales_in_samples, geometry.n_times, geometry.n_fft
    coarsest = demands.coarsest_step(scales[low])
    red = (
        coefficient is None
        or demands.long_in_scales(scales[stop - 1], coefficient) > demands.least_long_in_scales
    )
    if red:
        coarsest = max(1.0, coarsest / _FINER_AT_ENDS)
    n_fft = _fitting_length(n_samples, n_padded, coarsest) if coarsest > 1 else n_padded
    step = n_padded / n_fft
    n_points = round(n_samples / step)
    # The ends of the record are cut on a grid that resolves all that the wavelets respond to.
    n_wide = n_padded
    if coarsest > 1 and coefficient is not None:
        finest = math.pi * scales[low] / demands.reach
        if red:
            finest /= _FINER_FOR_STEPS
        n_wide = _fast_length(n_padded / min(finest, step))
    noise_step = n_padded / n_wide
    memory = _CORRELATION_LENGTHS / max(1 - (coefficient or 0), 1e-12)
    circle = min(_CIRCLE_IN_RECORDS * n_samples + memory, _MOST_RECORDS * n_samples)
    n_noise = _fast_length(circle / noise_step)
    # The coefficient at the Nyquist frequency itself counts as a negative one, as in an FFT.
    nyquist = n_padded // 2 if demands.is_real else math.ceil(n_padded / 2) - 1
    # An odd number of points has no coefficient between the last one and half their number.
    nyquist = min(nyquist, n_wide // 2)
    lowest, highest = demands.bins(scales[low:high], float(n_padded), nyquist)
    # The distance from the nearer end at which a scale leaves the cone of influence.
    inner = scales[first:stop] / geometry.mother.coi()
    starts = np.ceil(inner / step - 0.5 - 1e-9).astype(int)
    # Where the full rate has a sample outside the cone and the grid has not, its middle serves.
    starts[inner < n_samples / 2] = np.minimum(starts, (n_points - 1) // 2)[inner < n_samples / 2]
    stops = n_points - starts
    free = max(1.0, float((stops - starts)[-1]) * step / scales[stop - 1])
    replicates = 1
    if stops[-1] > starts[-1] and coefficient is not None:
        replicates = max(1, math.ceil(_LENGTH_IN_SCALES / free - _SHORTFALL))
    return Grid(
        first, stop, low, high, step, n_fft, n_points, False,
        noise_step, n_noise, round(n_samples / noise_step), n_wide, replicates,
        tuple(starts.tolist()), tuple(stops.tolist()), lowest, highest,
    )  # fmt: skip


def _fitting_length(n_samples: int, n_padded: int, coarsest: float) -> int:
    """Return a number of points for the padded record that puts a whole number in the record."""
    fewest = math.ceil(n_padded / coarsest)
    lengths = range(fewest, fewest + fewest // 4 + 4)
    candidates = sorted({_fast_length(n) for n in lengths})
    misfit = [abs(n * n_samples / n_padded - round(n * n_samples / n_padded)) for n in candidates]
    # The shortest of the lengths that fit nearly as well as the best one.
    best: int = next(
        n for n, off in zip(candidates, misfit, strict=True) if off <= min(misfit) + 0.02
    )
    return best


def make_grid_bank(geometry: Geometry, grid: Grid, ops: ArrayOps) -> FilterBank:
    """Compute the filters of a group of scales on its grid, to live where `ops` says."""
    mother = geometry.mother
    bins = np.arange(grid.lowest_bin, grid.highest_bin + 1)
    frequency = 2 * np.pi * bins / (grid.n_fft * grid.step)
    # Points lie in the middle of their step, on the grid of the noise and on that of the transform.
    shift = np.exp(0.5j * frequency * (grid.step - grid.noise_step))
    filters = []
    for scale in geometry.scales_in_samples[grid.low : grid.high].tolist():
        response = np.sqrt(scale) * np.conjugate(mother.psi_ft(scale * frequency))
        if grid.step != grid.noise_step:
            response = response * shift
        window = _window(grid, mother, scale) / scale
        passband = _passband(response, ops)
        on_grid = folded(passband, grid.n_fft, grid.lowest_bin)
        filters.append(ScaleFilter(grid.n_fft, on_grid, passbands_of(window, ops)))
    return FilterBank(grid.n_points, (grid.n_fft,), tuple(filters), geometry.taps)


def _window(grid: Grid, mother: Any, scale: float) -> NDArray[np.float64]:
    """Return the transform of the time window on the grid, as it is at the full rate."""
    finer = min(math.ceil(grid.step), math.ceil(_WINDOW_SAMPLES * grid.step / scale))
    n_fine = grid.n_fft * finer
    fine = mother.smoothing_window(scale / grid.step * finer, n_fine)
    return lowest_frequencies(fine, grid.n_fft)


def _passband(response: NDArray[Any], ops: ArrayOps) -> tuple[Passband, ...]:
    """Return the part of a response that is not negligible; none if there is no response."""
    size = np.abs(response)
    inside = np.flatnonzero(size > _NO_RESPONSE * size.max(initial=0.0))
    if not inside.size:
        return ()
    part = slice(int(inside[0]), int(inside[-1]) + 1)
    return (Passband(part, part, ops.from_host(response[part])),)


def grid_spectra(
    grid: Grid, normals: NDArray[np.floating[Any]], coefficients: tuple[float, ...]
) -> NDArray[np.complexfloating[Any, Any]]:
    """Turn normal variates into the Fourier coefficients of AR(1) series on a grid.

    The variates for `Grid.noise_bins`, (series, group, 2 bins), give (series, group, bin from the
    lowest to the highest). The coefficients of a circular AR(1) series are independent complex
    normals with its spectrum as variance; those of a record come from a piece of such a series.
    """
    drawn = np.asarray(grid.noise_bins)
    circle = grid.n_noise * grid.noise_step
    frequency = 2 * np.pi * drawn / circle
    # A coefficient of a circle stands for the frequencies around it, up to Nyquist's.
    share = np.clip(circle / 2 - drawn + 0.5, 0, 1) if grid.circular else np.ones(drawn.size)
    coarse = normals.view(np.result_type(normals.dtype, np.complex64))
    for series, g in zip(coarse, coefficients, strict=True):
        spectrum = (1 - g * g) / (1 - 2 * g * np.cos(frequency) + g * g)
        series *= np.sqrt(share * spectrum).astype(normals.dtype)
    # The coefficient at frequency 0, and at the Nyquist frequency of an even length, is real.
    real = (drawn == 0) | (not grid.circular) & (2 * drawn == grid.n_noise)
    for place in np.flatnonzero(real):
        coarse[..., place] = coarse[..., place].real * math.sqrt(2)
    if not grid.circular:
        return _cut(grid, coarse)
    # Bins below the lowest one were not drawn.
    return coarse if grid.lowest_bin >= 0 else _two_sided(grid, coarse)


def given_spectra(
    grid: Grid, spectra: NDArray[np.complexfloating[Any, Any]]
) -> NDArray[np.complexfloating[Any, Any]]:
    """Return the coefficients that a grid wants from those of padded series at the full rate."""
    return _two_sided(grid, spectra[..., : grid.highest_bin + 1])


def _cut(
    grid: Grid, coarse: NDArray[np.complexfloating[Any, Any]]
) -> NDArray[np.complexfloating[Any, Any]]:
    """Cut a record from a circular series, pad it with zeros, and return its coefficients."""
    series = scipy.fft.irfft(coarse, grid.n_noise, axis=-1)[..., : grid.n_cut]
    positive = scipy.fft.rfft(series, grid.n_wide, axis=-1)[..., : grid.highest_bin + 1]
    return _two_sided(grid, positive)


def _two_sided(
    grid: Grid, positive: NDArray[np.complexfloating[Any, Any]]
) -> NDArray[np.complexfloating[Any, Any]]:
    """Return the coefficients that a grid wants from those at frequency 0 and above."""
    if grid.lowest_bin >= 0:
        return positive[..., grid.lowest_bin :]
    negative = np.conjugate(positive[..., 1 : 1 - grid.lowest_bin])[..., ::-1]
    return np.concatenate([negative, positive[..., : grid.highest_bin + 1]], axis=-1)
