"""The scales of a coherence: pycwt's, or those of given frequencies."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .limits import as_frequencies, as_spacing, scale_arguments
from .transform import scale_axis

Array = NDArray[np.float64]

# Frequencies whose steps differ by no more than this share count as evenly spaced in octaves: they
# were rounded by hand, and the boxcar across scales has whole taps anyway.
_ROUNDED = 0.05


@dataclass(frozen=True)
class Scales:
    """Scales in ascending order, and how they were asked for."""

    values: Array
    dj: float  # their spacing in octaves; NaN if it is not even
    s0: float
    J: float
    # Takes rows in ascending order of scales to the order of the frequencies asked for.
    order: slice = field(default_factory=lambda: slice(None))
    facts: dict[str, Any] = field(default_factory=dict)  # the arguments, for the record of the call

    @property
    def asked(self) -> Array:
        """The scales in the order that was asked for."""
        return self.values[self.order]

    @property
    def given(self) -> Array | None:
        """The scales, if they are those of given frequencies."""
        return self.values if "freqs" in self.facts else None


def as_scales(n: int, dt: float, dj: Any, s0: Any, J: Any, freqs: Any, mother: Any) -> Scales:
    """Return the scales of a record of n samples: those of `freqs`, or by pycwt's arguments."""
    if freqs is None:
        dj, s0, J = scale_arguments(n, dt, dj, s0, J, mother)
        return Scales(scale_axis(s0, dj, J), dj, s0, J, facts={"dj": dj, "s0": s0, "J": J})
    frequencies = as_frequencies(freqs, n, dt, mother)
    _check_frequencies(frequencies, dt)
    steps = np.diff(np.log2(frequencies))
    order = slice(None, None, -1 if steps.size and steps[0] > 0 else 1)
    values = (1 / (mother.flambda() * frequencies))[order]
    dj = as_spacing(dj)
    if steps.size:
        dj = as_spacing(float(np.abs(steps.mean())), "freqs")
        if (np.abs(np.abs(steps) - dj) > _ROUNDED * dj).any():
            dj = math.nan
    facts = {"freqs": frequencies.tolist()}
    return Scales(values, dj, float(values[0]), values.size - 1, order, facts)


def _check_frequencies(frequencies: Array, dt: float) -> None:
    """Raise ValueError unless frequencies rise or fall all the way, up to Nyquist's at most."""
    rising = np.diff(frequencies) > 0
    wrong = (rising != rising[:1]) | (np.diff(frequencies) == 0)
    if wrong.any():
        place = int(wrong.argmax())
        raise ValueError(
            "`freqs` must rise all the way, or fall all the way, since neighbours in scale are "
            f"smoothed together, got {frequencies[place]:g} before {frequencies[place + 1]:g}, at "
            f"index {place + 1}. Pass numpy.unique(freqs)."
        )
    if frequencies.max() * dt > 0.5 * (1 + 1e-9):
        raise ValueError(
            f"`freqs` must not go beyond the Nyquist frequency, {0.5 / dt:g} for dt={dt:g}, got "
            f"{frequencies.max():g}. With a sampling frequency fs, dt is 1 / fs."
        )
