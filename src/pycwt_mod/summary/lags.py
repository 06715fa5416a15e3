"""Phases and lags of bands of periods, with their standard errors and the evidence for them.

Points of a field are correlated. A cell of one cycle and one octave holds about one independent
phase, whatever the mother wavelet: a wavelet that is shorter in time is wider in period. All
errors and p-values here count such cells.

Scales are weighted by their mean coherence, and times are not. A time of high coherence is one at
which both series happen to oscillate alike, faster or slower than is usual at that scale, and so
the mean phase of such times is off by up to several of its standard errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from ..measures import in_band
from ..responses import band_of
from .rhythms import octave_bins, share_of_independent
from .text import degrees, limits_of, with_error

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Independent values in such a cell of a field that is smoothed as R2 is: 0.3 to 0.5 were measured
# of the phases of unrelated series, whatever their number (Morlet; more for Paul).
_OF_SMOOTHED = 0.3

# Limits of bands are periods, and phases 0 or pi, only to rounding error.
_ROUNDING = 1e-9

# Cells that are independent across scales, for each octave: 1 / deltaj0 of the Morlet wavelet.
_CELLS_PER_OCTAVE = 1 / 0.6

# No phase of a cell is known better than this, in radians: a period is that of a band.
_SYSTEMATIC = 0.03

# Bands agree on a lag unless chance gives as large differences less often than this.
_LEAST_AGREEMENT = 0.02

# So do the lags of octaves, each by itself: of pure delays 1 to 2 % do not, as errors are ample.
_LEAST_AGREEMENT_OF_OCTAVES = 0.05

# A phase is steady beyond chance if unrelated series have one as steady less often.
_MOST_CHANCE = 0.05

# Another lag is excluded if its sum of squares is larger by this, some three standard errors.
_EXCLUDED_BY = 10.0

# Longer lags than this, in periods, leave no coherence: the wavelets no longer overlap.
_LONGEST_LAG = 2.0

# Lags are compared with others that are up to this many periods away.
_BEYOND_A_PERIOD = 1.25

# Steps of the search to the shortest period.
_STEPS = 16

# A mean coherence is not told from 1 beyond this.
_MOST_R2 = 0.99

# A phase is a lag at about one period only: the frequencies of a band may spread by this standard
# deviation, in octaves, which is the largest that an octave can have.
_ABOUT_ONE_PERIOD = 0.5

# Scales whose response is evaluated together: more would have too different bands.
_SCALES_TOGETHER = 30


@dataclass(frozen=True)
class Phases:
    """Phases of a field summed over time, for each scale."""

    periods: Array
    frequencies: Array  # at which the phases turn with a lag, see `mean_spectrum`
    octaves: Array  # that each scale stands for
    cells: Array  # independent phases: cycles times octaves
    weights: Array  # how much the phase of a cell tells, see `_weights_of`
    first: NDArray[np.complex128]  # mean of exp(i phase); 0 without a point
    second: NDArray[np.complex128]  # mean of exp(2 i phase)
    own: Array  # what the wavelet passes of the series, and of red noise, (scale, bin): `rhythms`
    red: Array

    @classmethod
    def of(
        cls,
        field: Array,
        phase: Array,
        used: Mask,
        periods: Array,
        dt: float,
        quantity: str,
        *,
        frequencies: Array | None = None,
        power: Array | None = None,
        smoothed: bool = False,
        rhythms: tuple[Array, Array] | None = None,
    ) -> Phases:
        """Sum the phases of a field, shape (n_scales, n_times), over the points used.

        `frequencies` and `power` are those of `mean_spectrum`, by default the inverse of the
        periods, and the same power at all; `rhythms` are those of `passed`; `smoothed` says whether
        phases are, as those of `wct` are not.
        """
        own, red = (np.zeros((periods.size, 0)),) * 2 if rhythms is None else rhythms
        number = used.sum(axis=1)
        octaves = np.minimum(spacing_of(periods), 1 / _CELLS_PER_OCTAVE)
        turns = [
            np.exp(1j * phase[row, points]) if number[row] else np.zeros(1, complex)
            for row, points in enumerate(used)
        ]
        return cls(
            periods,
            1 / periods if frequencies is None else frequencies,
            octaves,
            number * dt / periods * octaves * (_OF_SMOOTHED if smoothed else 1),
            _weights_of(field, used, quantity, power),
            np.array([turn.mean() for turn in turns]),
            np.array([(turn**2).mean() for turn in turns]),
            own,
            red,
        )

    @classmethod
    def joined(cls, bands: Sequence[Phases]) -> Phases:
        """Join bands, ascending, into one."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*map(_arrays, bands), strict=True)))

    def at(self, chosen: Mask) -> Phases:
        """Return those of some scales, without scales that have no point."""
        return Phases(*(each[chosen & (self.cells > 0)] for each in _arrays(self)))

    @property
    def share_of_independent(self) -> float:
        """How many phases are independent, as a share of those of red noise."""
        return share_of_independent(self.cells * self.weights, self.own, self.red)

    @property
    def is_real(self) -> bool:
        """Whether all phases are 0 or pi, as those of a real wavelet: they tell no lag."""
        return bool(np.all(np.abs(self.second - 1)[self.cells > 0] < _ROUNDING))


@dataclass(frozen=True)
class Lag:
    """The phase of a band of periods, and the lag that it means.

    Parameters
    ----------
    periods : (float, float)
        Shortest and longest period used.
    phase, phase_error : float
        Mean phase in radians with its standard error; positive where the first series leads.
    mean_period : float
        The period at which the phase is turned into a lag.
    lag, lag_error : float
        Time by which the second series follows the first, or its reverse, with its standard error.
        NaN where the error exceeds a quarter of the period, or the band has more than one period
        and no one lag fits it.
    n_independent : float
        Number of independent phases: cycles times octaves.
    steadiness : float
        Length of the mean of exp(i phase): 1 if all phases are equal, near 0 for unrelated series.
    pvalue : float
        Probability that unrelated series have so steady a phase.
    whole_periods_known : bool
        False if the lag may be longer or shorter by whole periods, which one phase cannot tell.
    reversed : bool
        Whether it is known that the second series follows the first turned upside down.
    unit : str
        Unit of time; "" if it is not known.
    """

    periods: tuple[float, float]
    phase: float
    phase_error: float
    mean_period: float
    lag: float
    lag_error: float
    n_independent: float
    steadiness: float
    pvalue: float
    whole_periods_known: bool = False
    reversed: bool = False
    unit: str = ""

    def __str__(self) -> str:
        """Return the lag and the evidence for it in a line."""
        unit = f" {self.unit}" if self.unit else ""
        lag = "no lag"
        if not math.isnan(self.lag):
            lag = f"lag {with_error(self.lag, self.lag_error)}{unit}"
        more = " behind the reverse" if self.reversed else ""
        more += "" if math.isnan(self.lag) or self.whole_periods_known else " (mod period)"
        return (
            f"{lag}{more}, phase {degrees(self.phase, self.phase_error)} deg, at periods of "
            f"{limits_of(self.periods)}{unit} ({self.n_independent:.3g} independent values, "
            f"p = {self.pvalue:.2g})"
        )


@dataclass(frozen=True)
class CommonLag:
    """One lag that explains the phases of several bands.

    Parameters
    ----------
    periods : (float, float)
        Limits of the bands.
    lag, lag_error, reversed
        As in `Lag`.
    """

    periods: tuple[float, float]
    lag: float
    lag_error: float
    reversed: bool

    def agrees_with(self, bands: Sequence[Phases]) -> bool:
        """Return whether the lags of bands, each by itself, differ from it by chance only.

        One test of all scales would miss a lag that changes from octave to octave.
        """
        lags = [lag for lag in (lag_of(band, self) for band in bands) if not math.isnan(lag.lag)]
        return len(lags) < 2 or _chance_of(lags, self.lag) > _LEAST_AGREEMENT_OF_OCTAVES


def _arrays(phases: Phases) -> tuple[Any, ...]:
    return tuple(getattr(phases, each.name) for each in fields(phases))


def _chance_of(lags: Sequence[Lag], expected: float) -> float:
    """Return the probability that lags differ as much, by chance, from the one they share."""
    least = _SYSTEMATIC / math.sqrt(_CELLS_PER_OCTAVE) / (2 * math.pi)
    errors = (math.hypot(lag.lag_error, least * lag.mean_period) for lag in lags)
    squares = [((lag.lag - expected) / error) ** 2 for lag, error in zip(lags, errors, strict=True)]
    return float(chdtrc(len(lags) - 1, sum(squares)))


def spacing_of(scales: Array) -> Array:
    """Return the spacing of scales, or of their periods, in octaves."""
    spacing, order = np.ones(scales.size), np.argsort(scales, kind="stable")
    if scales.size > 1:
        spacing[order] = np.abs(np.gradient(np.log2(scales[order])))
    return spacing


def _weights_of(field: Array, used: Mask, quantity: str, power: Array | None) -> Array:
    """Return how much phases tell at each scale: that of what power passes, and is coherent.

    For coherences, `quantity` "R2", it is the inverse variance of a phase, R2 / (1 - R2) but for a
    factor, times the power of `mean_spectrum`; else this power. A cycle is seen at scales near it
    only, and smoothing across scales spreads its coherence beyond them, where phases are noise.
    """
    told = np.ones(len(field))
    if quantity == "R2":
        mean = np.sum(field, axis=1, where=used) / np.maximum(used.sum(axis=1), 1)
        told = np.maximum(mean, _ROUNDING) / (1 - np.minimum(mean, _MOST_R2))
    return told if power is None else told * power


def mean_spectrum(pair: Any, mother: Any, scales: Array, dt: float) -> tuple[Array, Array]:
    """Return the mean frequency of what two series have at each scale, and its power.

    A lag turns the phase at a scale by 2 pi times the lag times this frequency. It differs from
    that of the Fourier period by a percent or two; near a strong cycle it is that of the cycle. The
    power is the mean of ``abs(W1) * abs(W2)`` but for a factor, the largest one 1.
    """
    spectra = np.abs(np.fft.rfft(np.asarray(pair, dtype=float)))
    amplitude = (spectra[0] * spectra[1])[1:]
    frequency = np.fft.rfftfreq(np.shape(pair)[1], dt)[1:]
    bins = octave_bins(frequency)
    total = np.bincount(bins, amplitude)
    filled = total > 0
    total, moment = total[filled], np.bincount(bins, amplitude * frequency)[filled]
    centre = 2 * np.pi * (moment / total)
    sums, moments = np.empty(scales.size), np.empty(scales.size)
    for first in range(0, scales.size, _SCALES_TOGETHER):
        block = slice(first, first + _SCALES_TOGETHER)
        part = _within(band_of(mother.psi_ft), scales[block], centre)
        response = mother.psi_ft(scales[block, np.newaxis] * centre[part])
        passed = np.abs(response) ** 2
        sums[block], moments[block] = passed @ total[part], passed @ moment[part]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = moments / sums
        power = scales * sums / np.max(scales * sums, initial=0.0)
    known = np.isfinite(mean) & (mean > 0) & (power > _ROUNDING)
    nominal = 1 / (mother.flambda() * scales)
    return np.where(known, mean, nominal), np.where(known, power, _ROUNDING)


def _within(band: tuple[float, float, float] | None, scales: Array, frequencies: Array) -> slice:
    """Return the frequencies, which rise, that a wavelet concentrated in a band passes."""
    if band is None:
        return slice(None)
    ends = band[0] / scales.max(), band[2] / scales.min()
    first, stop = np.searchsorted(frequencies, ends)
    return slice(int(first), int(stop))


def lag_of(phases: Phases, near: CommonLag | None = None) -> Lag:
    """Return phase and lag of a band, whose scales must each have a point.

    A lag that is known from more bands, `near`, tells which whole periods belong to it, and by how
    much the phase turns within the band.
    """
    if not phases.cells.size:
        nan = math.nan
        return Lag((nan, nan), nan, nan, nan, nan, nan, 0.0, 0.0, 1.0)
    weights = phases.cells * phases.weights
    n = phases.share_of_independent * float(weights.sum() ** 2 / (weights @ phases.weights))
    weights /= weights.sum()
    frequency = float(weights @ phases.frequencies)
    steadiness = min(float(abs(weights @ phases.first)), 1.0)
    turn = 0.0 if near is None else near.lag
    back = np.exp(-2j * np.pi * turn * (phases.frequencies - frequency))
    mean = complex(weights @ (phases.first * back))
    phase = float(np.angle(mean))
    across = 0.5 - 0.5 * float((weights @ (phases.second * back**2) / np.exp(2j * phase)).real)
    error = math.nan
    if n > 1 and not phases.is_real:
        error = math.sqrt(max(across, 0.0) / (n - 1)) / max(abs(mean), _ROUNDING)
    octaves = np.log2(phases.frequencies)
    spread = math.sqrt(weights @ (octaves - weights @ octaves) ** 2)
    known = error <= math.pi / 2 and (near is not None or spread <= _ABOUT_ONE_PERIOD)
    opposite = near is not None and near.reversed
    angle = math.remainder(phase - math.pi, 2 * math.pi) if opposite else phase
    if near is not None:
        angle += 2 * math.pi * round(near.lag * frequency - angle / (2 * math.pi))
    return Lag(
        (float(phases.periods.min()), float(phases.periods.max())),
        phase,
        error,
        1 / frequency,
        angle / (2 * math.pi * frequency) if known else math.nan,
        error / (2 * math.pi * frequency) if known else math.nan,
        n,
        steadiness,
        # Of complex Gaussian noise; phases of 0 and pi alone have half the freedom.
        (1 - steadiness**2) ** (max(n - 1, 0) / (1 + phases.is_real)),
        near is not None,
        opposite,
    )


def lag_between(phases: Phases, low: float | None, high: float | None) -> Lag:
    """Return phase and lag of the periods between two limits, by default of all.

    Where octaves whose phases are steady beyond chance agree on one lag it is this one, whole
    periods included: that of all, or without the shortest, which noise spoils first.
    """
    band = phases.at(in_band(phases.periods, low, high))
    if not band.periods.size:
        raise ValueError(
            "`low` and `high` must hold a period with a point outside the cone of influence, which "
            f"those from {low} to {high} lack."
        )
    octaves = np.log2(band.periods / band.periods.min()) + _ROUNDING
    octaves = np.minimum(np.floor(octaves), max(np.round(octaves.max()) - 1, 0))
    each = [octaves == octave for octave in np.unique(octaves)]
    steady = [own for own in each if lag_of(band.at(own)).pvalue * len(each) <= _MOST_CHANCE]
    for first in range(len(steady) - (len(each) > 1)):
        octaves_left = [band.at(own) for own in steady[first:]]
        rest = Phases.joined(octaves_left)
        near = common_lag(rest)
        if near is not None and near.agrees_with(octaves_left):
            return lag_of(rest, near)
    return lag_of(band)


def common_lag(phases: Phases) -> CommonLag | None:
    """Return the one lag at which all phases are linear in frequency; None if there is none.

    The lag maximises the sum of cosines of the differences, each weighted by the inverse variance
    of its phase. None too where another lag fits nearly as well: phases of one period, such as
    those of a yearly cycle, tell a lag up to whole periods only.
    """
    if phases.is_real or phases.periods.size < 2:
        return None
    angle, size = np.angle(phases.first), np.abs(phases.first)
    across = 0.5 - 0.5 * (phases.second * np.exp(-2j * angle)).real
    # Few values scatter too little about their own mean: their variance leans on that of all.
    pooled = phases.cells @ across / phases.cells.sum()
    across += pooled * phases.octaves * _CELLS_PER_OCTAVE / phases.cells
    variance = across / (phases.cells * np.maximum(size, _ROUNDING) ** 2)
    variance += _SYSTEMATIC**2 / (phases.octaves * _CELLS_PER_OCTAVE)
    weights = 1 / variance
    shortest = 1 / phases.frequencies.max()
    longest = _LONGEST_LAG * shortest
    usual = float(weights @ (1 / phases.frequencies) / weights.sum())
    # Of one cycle the lags a period away fit as well, and must be seen.
    reach = max(longest, _BEYOND_A_PERIOD * usual)
    lags = np.arange(-reach, reach, shortest / _STEPS)
    sums = np.array(
        [weights @ np.cos(angle - 2 * np.pi * lag * phases.frequencies) for lag in lags]
    )
    turns = 2 * np.pi * phases.frequencies
    fits = sorted(
        _refined(angle + np.pi * opposite, weights, turns, float(lags[place]), opposite)
        for opposite in (False, True)
        for place in _peaks(-sums if opposite else sums)
    )
    if not fits:
        return None
    misfit, lag, error, opposite = fits[0]
    others = [fit for fit in fits[1:] if fit[3] != opposite or abs(fit[1] - lag) > 3 * error]
    freedom = max(float(phases.octaves.sum()) * _CELLS_PER_OCTAVE - 1, 1.0)
    agrees = chdtrc(freedom, misfit) > _LEAST_AGREEMENT
    excluded = all(other[0] >= misfit + _EXCLUDED_BY for other in others)
    if not agrees or not excluded or abs(lag) > longest:
        return None
    limits = float(phases.periods.min()), float(phases.periods.max())
    return CommonLag(limits, lag, error * math.sqrt(max(1.0, misfit / freedom)), opposite)


def _peaks(values: Array) -> list[int]:
    """Return the places of the local maxima that are positive."""
    inner = (values[1:-1] >= values[:-2]) & (values[1:-1] > values[2:]) & (values[1:-1] > 0)
    return [int(place) + 1 for place in np.flatnonzero(inner)]


def _refined(
    angle: Array, weights: Array, turns: Array, lag: float, opposite: bool
) -> tuple[float, float, float, bool]:
    """Return the misfit of the best lag near a given one, the lag, and its standard error."""
    sharpness = float(weights @ turns**2)
    for _ in range(8):
        rest = np.sin(angle - turns * lag)
        lag += float(weights @ (turns * rest)) / sharpness
    misfit = 2 * float(weights @ (1 - np.cos(angle - turns * lag)))
    return misfit, lag, 1 / math.sqrt(sharpness), opposite
