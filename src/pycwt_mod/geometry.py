"""The geometry of a coherence: wavelet, scales, lengths, cone of influence and filters."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import NUMPY, ArrayOps
from .boxcar import OctaveWindows
from .filters import Banks, FilterBank, Kept, ScaleFilter, passbands_of
from .mothers import constant, has_own_smooth, scale_taps
from .responses import wavelet_filter
from .transform import cone_of_influence, times_outside_cone

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Geometry:
    """A wavelet, its scales, and the length of the series; small enough to send to any worker."""

    mother: Any
    scales: Floats  # in the unit of dt
    dt: float
    dj: float  # spacing of the scales in octaves; NaN if it is not even
    n_times: int
    n_fft: int  # with the padding
    smoothing: str = "pycwt"  # kind of boxcar across scales
    inside_cone: bool = False  # whether means over time run over the times inside the cone, too
    _banks: Banks = field(default_factory=Banks, init=False, repr=False)

    @property
    def n_scales(self) -> int:
        """Number of scales."""
        return self.scales.size

    @property
    def scales_in_samples(self) -> Floats:
        """Scales, in sampling intervals."""
        return self.scales / self.dt

    @property
    def frequencies(self) -> Floats:
        """Fourier frequencies of the scales, as `wct` returns them."""
        return np.asarray(1 / (self.mother.flambda() * self.scales))

    @property
    def periods(self) -> Floats:
        """Fourier periods of the scales."""
        return np.asarray(1 / self.frequencies)

    @property
    def coi(self) -> Floats:
        """Cone of influence in Fourier periods, for each time."""
        return cone_of_influence(self.n_times, self.mother, self.dt)

    @property
    def outside(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """For each scale the interval [start, stop) of times outside the cone of influence."""
        starts, stops = times_outside_cone(self.periods, self.n_times, self.mother, self.dt)
        return starts, np.maximum(starts, stops)

    @property
    def averaged(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """For each scale the interval [start, stop) of times that means run over."""
        if not self.inside_cone:
            return self.outside
        starts = np.zeros(self.n_scales, dtype=np.intp)
        return starts, np.full_like(starts, self.n_times)

    @property
    def n_averaged(self) -> NDArray[np.intp]:
        """Number of times that means run over, for each scale."""
        starts, stops = self.averaged
        return np.asarray(stops - starts)

    @property
    def smooths_itself(self) -> bool:
        """True if the mother wavelet has a `smooth` of its own, which must be honoured."""
        return has_own_smooth(self.mother)

    @property
    def windows(self) -> OctaveWindows | None:
        """What stands for the boxcar where the scales are not evenly spaced, and is as wide."""
        if not math.isnan(self.dj):
            return None
        width = constant(self.mother, "deltaj0") * (2 if self.smoothing == "pycwt" else 1)
        return OctaveWindows.around(self.scales, width / 2)

    @property
    def taps(self) -> Floats:
        """The boxcar across scales; a single tap where they are not evenly spaced."""
        if math.isnan(self.dj):
            return np.ones(1)
        return _kept_taps(constant(self.mother, "deltaj0"), self.dj, self.smoothing)

    def bank(self, ops: ArrayOps = NUMPY) -> FilterBank:
        """Return the filters, computed on first use in each process and kept."""
        return self._banks.get(ops.name, lambda: self.make_bank(ops=ops))

    def kept(self, name: str, make: Callable[[], Kept]) -> Kept:
        """Return what belongs to the geometry alone, made on first use in each process."""
        return self._banks.get(name, make)

    def make_bank(
        self, lengths: NDArray[np.intp] | None = None, ops: ArrayOps = NUMPY, *, keep: bool = True
    ) -> FilterBank:
        """Describe the geometry by its filters, with an FFT length for each scale or `n_fft`.

        All are computed now and kept, for many passes over the scales, or each on demand, for one
        pass in little memory.
        """
        if lengths is None:
            lengths = np.full(self.n_scales, self.n_fft)
        filters: Sequence[ScaleFilter] = _Filters(self, lengths, ops)
        used = tuple(np.unique(lengths).tolist())
        filters = tuple(filters) if keep else filters
        return FilterBank(self.n_times, used, filters, self.taps, self.windows)


@lru_cache(maxsize=8)
def _kept_taps(deltaj0: float, dj: float, smoothing: str) -> Floats:
    taps = scale_taps(deltaj0, dj, smoothing)
    taps.flags.writeable = False
    return taps


class _Filters(Sequence[ScaleFilter]):
    """The filters of a geometry, each computed when it is asked for."""

    def __init__(self, geometry: Geometry, lengths: NDArray[np.intp], ops: ArrayOps) -> None:
        self._mother, self._ops = geometry.mother, ops
        scales = geometry.scales_in_samples.tolist()
        self._rows = list(zip(scales, lengths.tolist(), strict=True))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: Any) -> Any:
        scale, length = self._rows[place]
        response = wavelet_filter(self._mother, scale, length, 1.0)
        window = self._mother.smoothing_window(scale, length) / scale
        return ScaleFilter(
            length, passbands_of(response, self._ops), passbands_of(window, self._ops)
        )
