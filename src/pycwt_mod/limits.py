"""What can be computed at all: the limits of samples, scales and memory, in one place.

Every function whose arguments make arrays asks here, and so each gives the same clear message.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .transform import number_of_scales, scale_axis
from .validation import (
    as_coefficient,
    as_count,
    as_positive,
    as_real,
    as_real_array,
    as_series,
    brief,
    warn_user,
)

Array = NDArray[np.float64]

# More scales than this are a slip in `dj` or `J`: thousands to the octave.
MOST_SCALES = 100_000

# Sampling intervals and scales outside these leave the range of floating point.
LEAST, GREATEST = 1e-300, 1e300

# Spacings in octaves: below, the boxcar across scales has tens of thousands of taps; above, there
# is no second scale that could be computed.
_SPACINGS = 1e-4, 64.0

# Scales from far below the sampling interval, where no wavelet responds, to far beyond the record.
_SMALLEST_IN_SAMPLES, _LARGEST_IN_RECORDS = 1e-6, 1e12

# Surrogates are this many times as long as the largest scale, so that it has some part outside
# the cone of influence (pycwt, after Grinsted's toolbox); and, in samples, this long at most.
_SURROGATE_LENGTHS, MOST_SAMPLES = 6, 10**15

# Bytes of one value of a transform, with the copies that a function makes of it.
_BYTES_OF_A_VALUE = 32

# Samples of a transform, and standard deviations of noise, stay below this: their squares, times
# the largest factor of any spectrum, are then within floating point.
_LARGEST_VALUE = 1e140

# Bytes of memory of a machine that does not tell.
_USUAL_MEMORY = 2**36


def scale_arguments(
    n: int, dt: float, dj: Any, s0: Any, J: Any, mother: Any, *, values: int | None = None
) -> tuple[float, float, float]:
    """Return dj, s0 and J of a record of n samples, with pycwt's defaults in place of -1.

    `values` are those that the transform has at each scale, n by default.
    """
    dt, dj = as_interval(dt), as_positive(dj, "dj")
    chosen = not is_default(s0)
    s0 = as_positive(s0, "s0") if chosen else 2 * dt / mother.flambda()
    if is_default(J):
        s0 = _as_scale(s0, "s0", dt, math.inf)
        J = _scales_of_record(n, dt, dj, s0, None if chosen else mother)
    dj, s0, J = _checked_scales(dt, dj, s0, J, _LARGEST_IN_RECORDS * n)
    n_scales = number_of_scales(J)
    values = n if values is None else values
    check_memory(
        n_scales * values * _BYTES_OF_A_VALUE,
        f"`dj` and `J` make {n_scales} scales of {values} samples",
        "Use a larger `dj`, a smaller `J`, or a shorter record.",
    )
    return dj, s0, J


def simulation_arguments(
    dt: Any, dj: Any, s0: Any, J: Any, scales: Array | None, n_samples: int | None
) -> tuple[float, float, Array, int]:
    """Return dt, dj, scales and the samples of a surrogate: by default as many as pycwt's.

    Scales of a record, ascending, are taken as they are, in place of those of `s0` and `J`.
    """
    dt = as_interval(dt)
    if scales is None:
        dj, s0, J = _checked_scales(dt, dj, s0, J, MOST_SAMPLES / _SURROGATE_LENGTHS)
        scales, largest = scale_axis(s0, dj, J), s0 * 2 ** (J * dj)
    else:
        largest = float(scales[-1])
    if n_samples is None:
        n_samples = max(2, math.ceil(largest / dt * _SURROGATE_LENGTHS))
        if n_samples > MOST_SAMPLES:
            raise ValueError(
                f"`freqs` must be above {_SURROGATE_LENGTHS / dt / MOST_SAMPLES:.3g} for the "
                "significance. Leave out the lowest, or pass `n_samples`."
            )
    elif n_samples > MOST_SAMPLES:
        raise ValueError(f"`n_samples` must be at most {MOST_SAMPLES}, got {brief(n_samples)}.")
    return dt, dj, scales, n_samples


def as_frequencies(
    freqs: Any, n: int, dt: float, mother: Any, *, values: int | None = None
) -> Array:
    """Return Fourier frequencies at which a record of n samples has a transform.

    `values` are those that it has at each frequency, n by default.
    """
    frequencies = positive_series(freqs, "freqs", min_size=1)
    unit = mother.flambda() * as_interval(dt)
    highest, lowest = 1 / unit / _SMALLEST_IN_SAMPLES, 1 / unit / (_LARGEST_IN_RECORDS * n)
    for extreme in (frequencies.min(), frequencies.max()):
        as_bounded(extreme, "freqs", least=max(lowest, LEAST), most=min(highest, GREATEST))
    values = n if values is None else values
    check_memory(
        frequencies.size * values * _BYTES_OF_A_VALUE,
        f"`freqs` has {frequencies.size} frequencies for {values} samples",
        "Use fewer of them, or a shorter record.",
    )
    return frequencies


def as_threads(workers: Any) -> int:
    """Return a number of threads: -1 for all cores, None for that of `scipy.fft.set_workers`."""
    if workers is None:
        return int(scipy.fft.get_workers())
    number = as_count(workers, "workers", at_least=-1)
    if number == 0:
        raise ValueError("`workers` must be a positive integer, or -1 for all cores, got 0.")
    return number if number > 0 else os.cpu_count() or 1


def as_spacing(dj: Any, name: str = "dj") -> float:
    """Return the spacing of scales, in octaves."""
    spacing = as_positive(dj, name)
    if not _SPACINGS[0] <= spacing <= _SPACINGS[1]:
        raise ValueError(
            f"`{name}`, the spacing of the scales in octaves, must lie between {_SPACINGS[0]:g} "
            f"and {_SPACINGS[1]:g}, got {spacing:g}. Use for example 1/12: 12 scales to the octave."
        )
    return spacing


def as_interval(dt: Any) -> float:
    """Return the sampling interval."""
    interval = as_positive(dt, "dt")
    if not LEAST <= interval <= GREATEST:
        raise ValueError(
            f"`dt` must lie between {LEAST:g} and {GREATEST:g}, where neither frequencies nor "
            f"periods overflow, got {interval:g}. Choose another unit of time."
        )
    return interval


def _as_scale(value: Any, name: str, dt: float, largest_in_samples: float) -> float:
    """Return a scale that a transform with this sampling interval can have."""
    scale = as_positive(value, name)
    least = max(LEAST, _SMALLEST_IN_SAMPLES * dt)
    most = min(GREATEST, largest_in_samples * dt)
    if not least <= scale <= most:
        raise ValueError(
            f"`{name}` must lie between {least:.3g} and {most:.3g} for dt={dt:g}, got {scale:g}. "
            f"Scales are in the unit of `dt`, such as {2 * dt:g}."
        )
    return scale


def _scales_of_record(n: int, dt: float, dj: float, s0: float, mother: Any | None) -> int:
    """Return J, the number of scales less one, up to the length of a record.

    A mother wavelet is the one to blame where even `s0`, by default its smallest, is too large.
    """
    scales = float(np.log2(n * dt / s0)) / dj
    if scales >= MOST_SCALES:
        raise ValueError(
            f"`dj` must leave fewer than {MOST_SCALES} scales, got {dj:g}, which makes "
            f"{scales:.3g}. Use dj=1/12 (12 scales to the octave), or a given `J`."
        )
    if scales < -0.5 and mother is not None:
        raise ValueError(
            f"`wavelet` must have scales up to the length of the series, {n * dt:g}, where they "
            f"end by default, got {brief(mother)}: that of a period of 2 samples is {s0:g}. Use a "
            "lower order, a longer record, or a given `J`."
        )
    if scales < -0.5:
        raise ValueError(
            f"`s0` must not be above the length of the series, {n * dt:g}, got {s0:g}: no scale "
            "fits. Use a longer record or a smaller `s0`."
        )
    return round(scales)


def _checked_scales(
    dt: float, dj: Any, s0: Any, J: Any, largest_in_samples: float
) -> tuple[float, float, float]:
    """Return dj, s0 and J if these scales can be computed at all."""
    J = last_scale(J)
    if J >= MOST_SCALES:
        raise ValueError(
            f"`J`, the number of scales less one, must be below {MOST_SCALES}, got {J:g}. Use "
            "for example J=7/dj, for seven octaves."
        )
    dj, s0 = as_spacing(dj), _as_scale(s0, "s0", dt, largest_in_samples)
    largest = min(GREATEST, largest_in_samples * dt)
    if J * dj > math.log2(largest / s0):
        raise ValueError(
            f"`J` must leave scales that can be computed, got J={J:g} with s0={s0:g}, dj={dj:g} "
            f"and dt={dt:g}: the largest scale, s0 * 2**(J * dj), is above {largest:.3g}. Use a "
            "smaller `J`."
        )
    return dj, s0, J


def is_default(value: Any) -> bool:
    """Return whether a value is pycwt's sentinel -1."""
    try:
        return (type(value) in (float, int) or np.ndim(value) == 0) and bool(value == -1)
    except (TypeError, ValueError):  # pandas' NA is neither; ragged lists have no dimension
        return False


def last_scale(J: Any) -> float:
    """Return J, the number of scales less one, which may be a float such as ``7 / dj``."""
    last = as_real(J, "J")
    if last < 0:
        raise ValueError(f"`J`, the number of scales less one, must not be negative, got {last:g}.")
    return last


def positive_series(values: Any, name: str, *, min_size: int) -> Array:
    """Return positive numbers, such as scales or frequencies."""
    numbers: Array = as_series(values, name, min_size=min_size, in_time=False)
    if not (numbers > 0).all():
        raise ValueError(f"`{name}` must be positive, got {numbers.min():g} among them.")
    return numbers


def given_scales(values: Any, name: str, dt: float, *, min_size: int) -> Array:
    """Return scales from a transform with this sampling interval."""
    scales = positive_series(values, name, min_size=min_size)
    for extreme in (scales.min(), scales.max()):
        _as_scale(extreme, name, dt, _LARGEST_IN_RECORDS * MOST_SAMPLES)
    return scales


def as_bounded(value: Any, name: str, *, least: float = 0.0, most: float) -> float:
    """Return a real number between two limits, beyond which nothing can be computed from it."""
    number = as_real(value, name)
    if not least <= number <= most:
        raise ValueError(f"`{name}` must lie between {least:g} and {most:g}, got {number:g}.")
    return number


def as_signal(values: Any, name: str, *, allow_complex: bool = False) -> NDArray[Any]:
    """Return a series whose squares are within floating point."""
    series = as_series(values, name, allow_complex=allow_complex)
    check_amplitude(series, name)
    return series


def check_amplitude(array: NDArray[Any], name: str) -> None:
    """Raise ValueError if the squares of some samples would leave floating point."""
    parts = (array.real, array.imag) if array.dtype.kind == "c" else (array,)
    check_size(max(float(np.abs(part).max(initial=0.0)) for part in parts), name)


def check_size(largest: float, name: str, most: float = _LARGEST_VALUE) -> None:
    """Raise ValueError if the largest sample, by default its square, would leave floating point."""
    if largest > most:
        raise ValueError(
            f"`{name}` must be at most {most:g} in size, got {largest:g}. Divide it by "
            "its standard deviation."
        )


def as_amplitude(value: Any, name: str) -> float:
    """Return a real number whose square is within floating point."""
    return as_bounded(value, name, least=-_LARGEST_VALUE, most=_LARGEST_VALUE)


def check_memory(n_bytes: float, cause: str, remedy: str) -> None:
    """Raise ValueError if arrays do not fit the memory of this machine, where that is known.

    `cause` begins with the arguments that make the arrays, in backticks.
    """
    memory = _memory_bytes()
    if n_bytes > memory:
        n_bytes = min(n_bytes, 1e30)  # of a shape with many axes it may be beyond all floats
        raise ValueError(
            f"{cause}, which take {n_bytes / 1e9:.3g} GB; this machine has {memory / 1e9:.3g} GB "
            f"of memory. {remedy}"
        )


def _memory_bytes() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows
        return float(_USUAL_MEMORY)


def as_coefficient_or_one(value: Any, name: str) -> float:
    """Return the coefficient of a spectrum: that of an AR(1) process, or 1, which pycwt takes."""
    if as_real(value, name) != 1:
        return as_coefficient(value, name)
    warn_user(
        f"`{name}` is 1, which no AR(1) process has. The spectrum is the limit towards it, zero at "
        "every frequency, and any power is above a level of zero. Detrend or difference the "
        "series, or test against white noise, by 0."
    )
    return 1.0


def as_levels(level: Any) -> Array:
    """Return probabilities of any shape."""
    levels = as_real_array(level, "level", allow_nan=True)
    if not ((levels > 0) & (levels < 1)).all():
        raise ValueError(f"`level` must lie strictly between 0 and 1, got {brief(level)}.")
    return levels
