"""The geometry of one significance problem: what every surrogate of it has in common."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .. import mothers
from ..arrays import NUMPY, NUMPY_SINGLE, ArrayOps
from ..cached_files import digest_of
from ..filters import FilterBank
from ..geometry import Geometry
from ..limits import check_memory, simulation_arguments
from ..responses import wavelet_filter
from ..statistic import PAIR, Statistic, n_fields
from .grids import Grid, make_grid_bank, make_grids
from .null import N_BATCHES
from .surrogates import Surrogates

# Bins of R2 in [0, 1], as in pycwt.
N_BINS = 1000

# Raised whenever the same arguments would give other counts than before.
ENGINE_VERSION = 2

# A block of surrogates is transformed together. Its FFT buffers should stay in the processor's
# caches and amortise the cost of calling NumPy: about 2**15 samples of each series (measured).
_BLOCK_SAMPLES = 2**15
# The sizes divide 100, 300 and 1000 as evenly as possible: filling up a last block is lost work.
_BLOCK_SIZES = (2, 4, 5, 10, 20)
_GRID_BLOCK_SIZES = (5, 10, 20, 25, 50, 100)
_RECORD_BLOCK_SIZES = (1, 2, 4, 5, 10, 20)

# Surrogates at a time on a device, at most: enough to hide the cost of calling it; and values drawn
# ahead on the host, at most: a gigabyte.
_LARGEST_DEVICE_BLOCK, _MOST_DRAWN = 2048, 2**26

# Taps of the boxcar with the usual 12 scales to the octave.
_USUAL_TAPS = 14

# Beyond this FFT length nothing fits a cache, and memory counts: one surrogate at a time.
_LONG = 2**18

# Values of a wavelet below this share of its peak do not reach the other end of the FFT grid.
_OUT_OF_REACH = 1e-15

# Seconds per scale, surrogate and sample of the FFT grid on a 2020s core, and seconds of calling
# NumPy for each scale of a block, for choosing the size of tasks. Measured by
# benchmarks/surrogates.py.
_SECONDS_PER_SAMPLE = 25e-9
_SECONDS_PER_PASS = 100e-6

_OF_THE_GEOMETRY = [field.name for field in fields(Geometry) if field.init]

_OWN_MOTHERS = (mothers.Morlet, mothers.Paul, mothers.DOG, mothers.MexicanHat)

# A scale whose wavelet has less than this share of its peak below the Nyquist frequency cannot be
# computed, even in double precision: R2 takes its fourth power. Single precision needs this much.
_SILENT, _FAINT = 1e-70, 1e-4

# Bytes of a scale's counts in all batches, and of a sample of the full rate, with their copies.
_BYTES_OF_A_SCALE, _BYTES_OF_A_SAMPLE = 500_000, 300

# A mother wavelet's own `smooth` works on whole fields, outside the cache.
_OWN_SMOOTH_SLOWNESS = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan(Geometry):
    """One significance problem: the geometry of its surrogates, and how they are simulated.

    `distances` are there where coherences are counted by their distance from the nearest end of the
    record, not by scale alone: for each scale the distances, in samples, at which a class of them
    begins, ascending from 0; none for a scale that is not counted.
    """

    coefficients: tuple[float, ...]  # lag-1 autocorrelation of each series of the statistic
    # For each scale the interval of samples outside the cone of influence, at the full rate.
    starts: tuple[int, ...]
    stops: tuple[int, ...]
    noise: str  # in words, as is the method
    method: str
    # Surrogates computed together. It depends on the geometry alone, so every worker of every
    # backend computes arrays of the same shapes and hence the same bits.
    block_size: int
    n_bins: int = N_BINS
    grids: tuple[Grid, ...] = ()  # of the multirate method
    single: bool = False  # whether single precision is enough
    distances: tuple[tuple[int, ...], ...] = ()
    ends_alike: bool = True  # else distances are from the first sample
    centred: bool = False  # whether the mean of each surrogate is subtracted
    surrogates: Surrogates | None = None  # by default AR(1) noise with the coefficients
    statistic: Statistic = PAIR

    def __post_init__(self) -> None:
        if len(self.coefficients) != self.statistic.n_series:
            raise ValueError(
                f"`coefficients` must be {self.statistic.n_series} numbers, one for each series, "
                f"got {len(self.coefficients)}."
            )

    @property
    def n_batches(self) -> int:
        """Number of batches in which surrogates are counted: one where there are many rows."""
        return N_BATCHES if self.ends_alike else 1

    @property
    def n_rows(self) -> int:
        """Number of histograms: one for each scale, or each of its classes of distances."""
        return sum(map(len, self.distances)) if self.distances else self.n_scales

    def rows_of(self, scale: int) -> slice:
        """Return the histograms of a scale."""
        if not self.distances:
            return slice(scale, scale + 1)
        first = sum(map(len, self.distances[:scale]))
        return slice(first, first + len(self.distances[scale]))

    def classes_of(self, scale: int) -> NDArray[np.intp]:
        """Return the class of the distance of each time, shape (n_times,)."""
        if not self.ends_alike:
            widths = np.diff([*self.distances[scale], self.n_times])
            return np.repeat(np.arange(widths.size), widths)
        widths = np.diff([*self.distances[scale], (self.n_times + 1) // 2])
        near = np.repeat(np.arange(widths.size), widths)
        return np.concatenate([near, near[::-1][self.n_times % 2 :]])

    @property
    def samples_per_surrogate(self) -> NDArray[np.intp]:
        """Samples that one surrogate adds to each histogram."""
        if self.distances:
            counted = [scale for scale, own in enumerate(self.distances) if own]
            return np.concatenate([np.bincount(self.classes_of(scale)) for scale in counted])
        if self.grids:
            return np.concatenate([grid.samples for grid in self.grids])
        return np.asarray(np.maximum(np.subtract(self.stops, self.starts), 0))

    @property
    def seconds_per_surrogate(self) -> float:
        """A rough estimate of the cost of one surrogate on one core."""
        passes, work = self.n_scales, float(self.n_scales * self.n_fft)
        if self.grids:
            passes = sum(grid.high - grid.low for grid in self.grids)
            work = sum(grid.work for grid in self.grids)
        elif self.smooths_itself:
            work *= _OWN_SMOOTH_SLOWNESS
        seconds = work * _SECONDS_PER_SAMPLE + passes * _SECONDS_PER_PASS / self.block_size
        return seconds * _n_ffts(self.statistic) / _n_ffts(PAIR)

    def for_device(self, ops: ArrayOps) -> Plan:
        """Return the plan with blocks as large as the device's memory allows.

        The counts of a block do not depend on its size but for rounding, which a device has its
        own of anyway.
        """
        if ops.block_bytes is None:
            return self
        # Complex numbers for each surrogate: FFT buffers and their copies, boxcar, results.
        n_taps = self.taps.size if self.windows is None else self.windows.longest
        n_arrays = n_fields(self.statistic.n_series) * n_taps + 22 * _size(self.statistic)
        points = max((grid.replicates * grid.n_fft for grid in self.grids), default=self.n_fft)
        fitting = int(ops.block_bytes() / (16 * n_arrays * points))
        drawn = sum(grid.n_normals for grid in self.grids) or self.n_times
        most = _MOST_DRAWN // (drawn * self.statistic.n_series)
        size = min(fitting, _LARGEST_DEVICE_BLOCK, most)
        return replace(self, block_size=max(1, size))

    def bank(self, ops: ArrayOps = NUMPY) -> FilterBank:
        """Return the filters at the full rate, on the shortest FFT lengths that serve."""
        return self._banks.get(ops.name, lambda: self.make_bank(_fft_lengths(self), ops))

    def grid_bank(self, grid: Grid, ops: ArrayOps = NUMPY_SINGLE) -> FilterBank:
        """Return the filters of one group of the multirate method, kept like those of `bank`."""
        return self._banks.get((ops.name, grid.first), lambda: make_grid_bank(self, grid, ops))

    @property
    def ops(self) -> ArrayOps:
        """NumPy in the precision that the method needs.

        The error of single precision is a thousandth of a bin of the histogram; the full method
        stays in double precision, as the reference.
        """
        return NUMPY_SINGLE if self.single else NUMPY

    def key(self) -> str | None:
        """Return a name for everything that determines the counts of given random streams.

        None if a part of the problem cannot be named: a user's own smoothing or noise.
        """
        made = None if self.surrogates is None else self.surrogates.key()
        if self.smooths_itself or (made is None and self.surrogates is not None):
            return None
        facts = {
            "engine": ENGINE_VERSION,
            "mother": fingerprint(self.mother, self.scales_in_samples, self.n_fft),
            "coefficients": [value.hex() for value in self.coefficients],
            "scales": digest_of(self.scales_in_samples),
            "dj": self.dj.hex(),
            "n_samples": self.n_times,
            "n_fft": self.n_fft,
            "bins": self.n_bins,
            "smoothing": self.smoothing,
            "noise": self.noise,
            "method": self.method,
            "grids": repr(self.grids),
        }
        if self.distances:
            facts |= {"distances": self.distances, "centred": self.centred}
        if self.statistic != PAIR:
            facts["statistic"] = [self.statistic.name, self.statistic.n_series]
        if not self.ends_alike:
            facts["ends_alike"] = False
        if made is not None:
            facts |= {"surrogates": made, "centred": self.centred}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def make_plan(
    coefficients: tuple[float, ...],
    dt: float,
    dj: float,
    s0: float,
    J: float,
    mother: Any,
    *,
    method: str = "full",
    noise: str = "ar1",
    smoothing: str = "pycwt",
    n_samples: int | None = None,
    scales: NDArray[np.float64] | None = None,
    statistic: Statistic = PAIR,
    pad: Any,
    surrogates: Surrogates | None = None,
    centred: bool = False,
) -> Plan:
    """Work out the geometry of a significance problem.

    The arguments are those of `wct_significance`, and one coefficient for each series of the
    statistic; `scales`, ascending, stand in place of those of `s0` and `J`; ``pad(n)`` returns the
    FFT length for n samples; `surrogates` and `centred` are those of the plan.
    """
    dt, dj, scales, n_times = simulation_arguments(dt, dj, s0, J, scales, n_samples)
    geometry = Geometry(mother, scales, dt, dj, n_times, pad(n_times), smoothing)
    # A user's own wavelet is known by its filters at the full rate.
    is_record = surrogates is not None
    is_full_rate = method == "full" or is_record or type(mother) not in _OWN_MOTHERS
    _check_memory(geometry.n_scales, geometry.n_fft, is_full_rate, statistic)
    plan = replace(
        _full_plan(geometry, coefficients, statistic),
        noise=noise,
        method=method,
        surrogates=surrogates,
        centred=centred,
    )
    if method == "full":
        return plan
    response = _response(geometry)
    redness = None if is_record else max(map(abs, coefficients))
    grids = make_grids(geometry, redness, response > _SILENT)
    points = max(grid.replicates * grid.n_fft for grid in grids)
    sizes = _RECORD_BLOCK_SIZES if is_record else _GRID_BLOCK_SIZES
    return replace(
        plan,
        grids=grids,
        single=bool(response.min() > _FAINT),
        block_size=_block_size(points * _size(statistic), sizes if points < _LONG else sizes[:1]),
    )


def make_record_plan(
    geometry: Geometry,
    coefficients: tuple[float, ...],
    distances: tuple[tuple[int, ...], ...],
    *,
    centred: bool,
    statistic: Statistic = PAIR,
    surrogates: Surrogates | None = None,
    ends_alike: bool = True,
) -> Plan:
    """Plan surrogates of a record, counted at all of its times by scale and distance from an end.

    `distances`, `centred`, `surrogates` and `ends_alike` are those of the plan.
    """
    n_rows = sum(map(len, distances))
    _check_memory(n_rows, geometry.n_fft, True, statistic)
    plan = _full_plan(geometry, coefficients, statistic)
    is_heard = (_response(geometry) > _SILENT).tolist()
    counted = tuple(own if heard else () for own, heard in zip(distances, is_heard, strict=True))
    return replace(
        plan,
        starts=(0,) * plan.n_scales,
        stops=tuple(plan.n_times if own else 0 for own in counted),
        distances=counted,
        centred=centred,
        surrogates=surrogates,
        ends_alike=ends_alike,
        noise="ar1" if surrogates is None else surrogates.name,
    )


def _full_plan(geometry: Geometry, coefficients: tuple[float, ...], statistic: Statistic) -> Plan:
    """Return the plan of the full method."""
    starts, stops = geometry.outside
    windows, points = geometry.windows, geometry.n_fft * _size(statistic)
    if windows is not None:  # a wide one keeps many rows at hand
        points *= max(1, windows.longest // _USUAL_TAPS)
    return Plan(
        **{name: getattr(geometry, name) for name in _OF_THE_GEOMETRY},
        coefficients=coefficients,
        starts=tuple(starts.tolist()),
        stops=tuple(np.where(_response(geometry) > _SILENT, stops, starts).tolist()),
        noise="ar1",
        method="full",
        block_size=_block_size(points, _BLOCK_SIZES if points < _LONG else (1,)),
        statistic=statistic,
    )


def _n_ffts(statistic: Statistic) -> int:
    """Return the number of FFTs for a scale of one surrogate."""
    return statistic.n_series + 2 * n_fields(statistic.n_series)


def _size(statistic: Statistic) -> float:
    """Return the number of fields that are in work at a time, against that of a pair."""
    return (statistic.n_series + n_fields(statistic.n_series)) / 4


def _check_memory(n_scales: int, n_fft: int, is_full_rate: bool, statistic: Statistic) -> None:
    """Raise ValueError if the counts, or surrogates at the full rate, do not fit the memory."""
    check_memory(
        n_scales * _BYTES_OF_A_SCALE,
        f"`J` makes tables for {n_scales} scales",
        "Use a smaller `J`, and a larger `dj` for the same octaves.",
    )
    if is_full_rate:
        check_memory(
            int(n_fft * _BYTES_OF_A_SAMPLE * _size(statistic)),
            f"`J`, or `n_samples`, makes surrogates of {n_fft} samples with their padding",
            "Use a smaller one, or method='multirate' with one of this package's wavelets.",
        )


def is_single_enough(geometry: Geometry) -> bool:
    """Return whether single precision does for a geometry: no scale is faint."""
    return bool(_response(geometry).min() > _FAINT)


def _response(geometry: Geometry) -> NDArray[np.float64]:
    """Return the largest response of each scale below the Nyquist frequency, against its peak."""
    mother = geometry.mother
    peak = 2 * math.pi / mother.flambda()
    x = np.linspace(0, 8 * peak + 20, 2**12)
    size = np.maximum(np.abs(mother.psi_ft(x)), np.abs(mother.psi_ft(-x)))
    best = np.maximum.accumulate(size) / size.max()
    return np.asarray(np.interp(math.pi * geometry.scales_in_samples, x, best))


def _block_size(points: float, sizes: tuple[int, ...]) -> int:
    """Return the number of surrogates to compute together, each of this number of points."""
    return min(sizes, key=lambda size: abs(math.log(size * points / _BLOCK_SAMPLES)))


def _fft_lengths(geometry: Geometry) -> NDArray[np.intp]:
    """Return an FFT length for each scale, shorter than `n_fft` where no value depends on it.

    Zero padding keeps one end of a series from reaching round to the other. Where neither the
    wavelet nor the time window of a scale reaches past a shorter padding, and neither has any
    response left at the Nyquist frequency, both lengths give the same numbers to rounding error.
    """
    mother, n, n_fft = geometry.mother, geometry.n_times, geometry.n_fft
    lengths = np.full(geometry.n_scales, n_fft)
    spare = n_fft - n
    candidates = sorted({scipy.fft.next_fast_len(n + spare // part) for part in (8, 4, 2)})
    if spare < n // 16 or candidates[-1] >= n_fft:
        return lengths
    for place, scale in enumerate(geometry.scales_in_samples.tolist()):
        filters = wavelet_filter(mother, scale, n_fft, 1.0), mother.smoothing_window(scale, n_fft)
        reach = max(map(_reach, filters))
        fitting = [length for length in candidates if length - n > reach]
        if fitting:
            lengths[place] = fitting[0]
    return lengths


def _reach(response: NDArray[Any]) -> int:
    """Return the samples from its centre to which a filter acts, given its Fourier transform."""
    kernel = np.abs(scipy.fft.ifft(response))
    acting = np.flatnonzero(kernel > _OUT_OF_REACH * kernel.max())
    if not acting.size:  # a wavelet without any response on this grid
        return 0
    return int(np.minimum(acting, kernel.size - acting).max())


def fingerprint(mother: Any, scales: NDArray[np.float64], n_fft: int) -> str:
    """Return a digest of all that the engine asks of a mother wavelet.

    Two filters identify a wavelet of this package. A user's own may do anything at any scale, so
    all of its filters count.
    """
    constants = [mother.flambda(), mother.coi(), mother.deltaj0]
    digest = hashlib.sha256(repr(list(map(float, constants))).encode())
    module = type(mother).__module__
    if type(mother) in _OWN_MOTHERS and not any(map(callable, vars(mother).values())):
        module, scales, n_fft = mothers.__name__, np.array([5.0, 20.0]), 256
    for scale in scales.tolist():
        for row in (
            wavelet_filter(mother, scale, n_fft, 1.0),
            mother.smoothing_window(scale, n_fft),
        ):
            digest.update(np.ascontiguousarray(row, dtype=complex).tobytes())
    return f"{module}.{type(mother).__qualname__}:{digest.hexdigest()}"
