"""The geometry of one significance problem: what every surrogate of it has in common."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .. import mothers
from ..arrays import NUMPY, ArrayOps
from ..coherence import FilterBank, make_bank
from ..transform import cone_of_influence, outside_cone, scale_axis, wavelet_filter

# Bins of R2 in [0, 1], as in pycwt.
N_BINS = 1000

# Surrogates are this many times as long as the largest scale, so that it has some part outside
# the cone of influence (pycwt, after Grinsted's toolbox).
SURROGATE_LENGTHS = 6

METHODS = ("full",)

# Raised whenever the same arguments would give other counts than before.
ENGINE_VERSION = 1

# A block of surrogates is transformed together. Its FFT buffers should stay in the processor's
# caches and amortise the cost of calling NumPy: about 2**15 samples of each series (measured).
_BLOCK_SAMPLES = 2**15
_BLOCK_RANGE = (2, 16)

# Beyond this FFT length nothing fits a cache, and memory counts: one surrogate at a time.
_LONG = 2**18

# Values of a wavelet below this share of its peak do not reach the other end of the FFT grid.
_OUT_OF_REACH = 1e-15

# Seconds per scale, surrogate and sample of the FFT grid on a 2020s core, for choosing the size
# of tasks; measured by benchmarks/bench_surrogates.py.
_SECONDS_PER_SAMPLE = 30e-9

_OWN_MOTHERS = (mothers.Morlet, mothers.Paul, mothers.DOG, mothers.MexicanHat)

# A mother wavelet's own `smooth` works on whole fields, outside the cache.
_OWN_SMOOTH_SLOWNESS = 20


@dataclass(frozen=True)
class Plan:
    """One significance problem, small enough to send to any worker.

    Parameters
    ----------
    mother : MotherWavelet
        The wavelet.
    coefficients : (float, float)
        Lag-1 autocorrelation of both series.
    scales : tuple of float
        Scales in samples.
    dj : float
        Spacing of the scales, in octaves.
    n_samples : int
        Length of each surrogate.
    n_fft : int
        Zero-padded length, the FFT length that defines the result.
    starts, stops : tuple of int
        For each scale the interval of samples outside the cone of influence.
    smoothing, noise, method : str
        The user's choices.
    block_size : int
        Surrogates computed together. It depends on the geometry alone, so every worker of every
        backend computes arrays of the same shapes and hence the same bits.
    dt : float
        Sampling interval, for a mother wavelet that smooths by itself.
    """

    mother: Any
    coefficients: tuple[float, float]
    scales: tuple[float, ...]
    dj: float
    n_samples: int
    n_fft: int
    starts: tuple[int, ...]
    stops: tuple[int, ...]
    smoothing: str
    noise: str
    method: str
    block_size: int
    dt: float
    n_bins: int = N_BINS
    _banks: dict[str, FilterBank] = field(default_factory=dict, compare=False, repr=False)

    @property
    def n_scales(self) -> int:
        """Number of scales."""
        return len(self.scales)

    @property
    def samples_per_surrogate(self) -> NDArray[np.intp]:
        """Samples that one surrogate adds to the histogram of each scale."""
        return np.maximum(np.subtract(self.stops, self.starts), 0)

    @property
    def smooths_itself(self) -> bool:
        """Whether the mother wavelet has a `smooth` of its own, which must be honoured."""
        return has_own_smooth(self.mother)

    @property
    def seconds_per_surrogate(self) -> float:
        """A rough estimate of the cost of one surrogate on one core."""
        slowness = _OWN_SMOOTH_SLOWNESS if self.smooths_itself else 1
        return self.n_scales * self.n_fft * _SECONDS_PER_SAMPLE * slowness

    def for_device(self, ops: ArrayOps) -> Plan:
        """Return the plan with blocks as large as the device's memory allows.

        The counts of a block do not depend on its size but for rounding, which a device has its
        own of anyway.
        """
        if ops.block_bytes is None:
            return self
        n_taps = mothers.scale_taps(
            mothers.constant(self.mother, "deltaj0"), self.dj, self.smoothing
        ).size
        # Complex numbers for each surrogate: FFT buffers and their copies, boxcar, results.
        per_surrogate = 16 * (10 * self.n_fft + (2 * n_taps + 12) * self.n_samples)
        return replace(self, block_size=max(1, ops.block_bytes() // per_surrogate), _banks={})

    def bank(self, ops: ArrayOps = NUMPY) -> FilterBank:
        """Return the filters, computed on first use in each process and kept with the plan."""
        if ops.name not in self._banks:
            taps = mothers.scale_taps(
                mothers.constant(self.mother, "deltaj0"), self.dj, self.smoothing
            )
            scales = np.array(self.scales)
            lengths = _fft_lengths(self.mother, scales, self.n_samples, self.n_fft)
            self._banks[ops.name] = make_bank(
                self.mother, scales, self.n_samples, lengths, taps, ops
            )
        return self._banks[ops.name]

    def __getstate__(self) -> dict[str, Any]:
        """Leave the filters at home: workers compute them faster than they could receive them."""
        return {**self.__dict__, "_banks": {}}

    def key(self) -> str | None:
        """Return a name for everything that determines the counts of given random streams.

        Returns
        -------
        str or None
            None if a part of the problem cannot be named: a user's own smoothing code.
        """
        if self.smooths_itself:
            return None
        facts = {
            "engine": ENGINE_VERSION,
            "mother": _fingerprint(self.mother, self.scales, self.n_fft),
            "coefficients": [value.hex() for value in self.coefficients],
            "scales": _digest(np.array(self.scales)),
            "dj": self.dj.hex(),
            "n_samples": self.n_samples,
            "n_fft": self.n_fft,
            "bins": self.n_bins,
            "smoothing": self.smoothing,
            "noise": self.noise,
            "method": self.method,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def make_plan(
    coefficients: tuple[float, float],
    dt: float,
    dj: float,
    s0: float,
    J: float,
    mother: Any,
    *,
    method: str = "full",
    noise: str = "ar1",
    smoothing: str = "pycwt",
    pad: Any,
) -> Plan:
    """Work out the geometry of a significance problem.

    Parameters
    ----------
    coefficients : (float, float)
        Lag-1 autocorrelation of both series.
    dt, dj, s0, J : float
        As in `wct_significance`.
    mother : MotherWavelet
        The wavelet.
    method, noise, smoothing : str
        As in `wct_significance`.
    pad : callable
        ``pad(n)``: FFT length for n samples.
    """
    # Everything is in units of dt from here on; the same operations as in pycwt, so that the
    # number of samples and the cone of influence agree to the last bit.
    n_samples = max(2, math.ceil(s0 * 2 ** (J * dj) / dt * SURROGATE_LENGTHS))
    scales = scale_axis(s0, dj, J)
    periods = 1 / (1 / (mother.flambda() * scales))
    starts, stops = outside_cone(periods, cone_of_influence(n_samples, mother, dt))
    n_fft = pad(n_samples)
    smallest, largest = _BLOCK_RANGE if n_fft < _LONG else (1, 1)
    block = 2 ** max(0, round(math.log2(_BLOCK_SAMPLES / n_fft)))
    return Plan(
        mother=mother,
        coefficients=coefficients,
        scales=tuple((scales / dt).tolist()),
        dj=dj,
        n_samples=n_samples,
        n_fft=n_fft,
        starts=tuple(starts.tolist()),
        stops=tuple(stops.tolist()),
        smoothing=smoothing,
        noise=noise,
        method=method,
        block_size=min(largest, max(smallest, block)),
        dt=dt,
    )


def has_own_smooth(mother: Any) -> bool:
    """Return whether a mother wavelet's `smooth` is the user's own rather than this package's."""
    if "smooth" in getattr(mother, "__dict__", {}):
        return True
    own = getattr(type(mother), "smooth", None)
    return own is not None and own is not mothers.MotherWavelet.smooth


def _fft_lengths(mother: Any, scales: NDArray[np.float64], n: int, n_fft: int) -> NDArray[np.intp]:
    """Return an FFT length for each scale, shorter than `n_fft` where no value depends on it.

    Zero padding keeps one end of a series from reaching round to the other. Where neither the
    wavelet nor the time window of a scale reaches past a shorter padding, and neither has any
    response left at the Nyquist frequency, both lengths give the same numbers to rounding error.
    """
    lengths = np.full(scales.size, n_fft)
    spare = n_fft - n
    candidates = sorted({scipy.fft.next_fast_len(n + spare // part) for part in (8, 4, 2)})
    if spare < n // 16 or candidates[-1] >= n_fft:
        return lengths
    for place, scale in enumerate(scales.tolist()):
        reach = max(
            _reach(wavelet_filter(mother, scale, n_fft, 1.0)),
            _reach(mother.smoothing_window(scale, n_fft)),
        )
        fitting = [length for length in candidates if length - n > reach]
        if fitting:
            lengths[place] = fitting[0]
    return lengths


def _reach(response: NDArray[Any]) -> int:
    """Return how many samples from its centre a filter, given in the Fourier domain, acts."""
    kernel = np.abs(scipy.fft.ifft(response))
    acting = np.flatnonzero(kernel > _OUT_OF_REACH * kernel.max())
    return int(np.minimum(acting, kernel.size - acting).max())


def _fingerprint(mother: Any, scales: tuple[float, ...], n_fft: int) -> str:
    """Return a digest of all that the engine asks of a mother wavelet.

    Of a wavelet of this package a sample tells enough. A user's own may do anything at any scale:
    all of its filters count.
    """
    constants = [mother.flambda(), mother.coi(), mother.deltaj0]
    digest = hashlib.sha256(repr(list(map(float, constants))).encode())
    if type(mother) in _OWN_MOTHERS and not any(map(callable, vars(mother).values())):
        scales, n_fft = (5.0, 20.0), 256
    for scale in scales:
        for row in (
            wavelet_filter(mother, scale, n_fft, 1.0),
            mother.smoothing_window(scale, n_fft),
        ):
            digest.update(np.ascontiguousarray(row, dtype=complex).tobytes())
    return f"{type(mother).__module__}.{type(mother).__qualname__}:{digest.hexdigest()}"


def _digest(values: NDArray[np.float64]) -> str:
    return hashlib.sha256(np.ascontiguousarray(values, dtype="<f8").tobytes()).hexdigest()
