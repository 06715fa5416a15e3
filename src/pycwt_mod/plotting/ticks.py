"""Which numbers stand on an axis of periods or frequencies, and how they are written."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.ticker import MaxNLocator

from ..time_axis import SECONDS, unit_of_time
from ..validation import as_positive

# Fewer marks than this say too little of an axis; more than this crowd a large one.
FEWEST_TICKS, MOST_TICKS = 3, 12

# People write 64 days and 24 months; from here on, and below a quarter, they change the unit.
_LONGEST = {
    "microseconds": 4096, "milliseconds": 4096, "seconds": 180, "minutes": 180, "hours": 72,
    "days": 90, "weeks": 26, "months": 36, "years": 1e5,
}  # fmt: skip
_SHORTEST = 0.25
# In words a band keeps the unit that its ends were given in for longer.
_LONGEST_SPELLED = 1000

# Powers of two that are plain: 1/4 to 4096.
_PLAIN_POWERS = -2, 12

# Marks of the calendar: the multiples of a unit by rank; those of a later rank stand where there is
# room left between those of earlier ones.
_MARKS: dict[str, tuple[tuple[int, ...], ...]] = {
    "microseconds": ((1, 10, 100), (2, 5, 20, 50, 200, 500)),
    "milliseconds": ((1, 10, 100), (2, 5, 20, 50, 200, 500)),
    "seconds": ((1,), (5, 10, 30), (2,)),
    "minutes": ((1,), (5, 10, 30), (2,)),
    "hours": ((1,), (3, 6, 12)),
    "days": ((1,), (2,), (4,)),
    "weeks": ((1,), (2,)),
    "months": ((1,), (3, 6), (2,)),
    "years": ((1, 10, 100, 1000, 10_000, 100_000), (2, 5, 20, 50, 200, 500, 2000, 5000), (3, 30)),
}
_RANKS = 3
_MOST_STEPS = 6
_SYMBOLS = {
    "microseconds": "µs", "milliseconds": "ms", "seconds": "s", "minutes": "min", "hours": "h",
}  # fmt: skip
# Marks of the calendar, which are uneven, may stand this much closer than even ones.
_CLOSER = 0.8

# Numbers between these have no exponent; fractions are rounded to four digits.
_SMALLEST_PLAIN, _LARGEST_PLAIN, _DIGITS = 1e-6, 1e9, 4


def period_ticks(
    shortest: float, longest: float, most: int = MOST_TICKS, unit: str = ""
) -> dict[float, str]:
    """Return the periods to label on an axis, and their labels as people write them.

    Powers of two, where they are plain; else 1, 2, 5, 10 and so on, or marks of the calendar where
    the unit is one of time.

    Parameters
    ----------
    shortest, longest : float
        The ends of the axis.
    most : int, default 12
        How many labels there is room for; three are always given.
    unit : str, optional
        Unit of the periods.

    Returns
    -------
    dict of float to str
        Ascending.

    Raises
    ------
    ValueError
        If the ends are not positive and in this order.

    Examples
    --------
    >>> list(period_ticks(1.9, 70.0))
    [2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
    >>> list(period_ticks(1.9, 1000.0, most=5, unit="days").values())
    ['2 days', '1 week', '1 month', '3 months', '1 year']
    """
    as_positive(shortest, "shortest")
    if not shortest <= longest < math.inf:
        raise ValueError(
            f"`longest` must be a number no less than `shortest`, {shortest:g}, got {longest}."
        )
    most = max(FEWEST_TICKS, min(most, MOST_TICKS))
    known = unit_of_time(unit)
    if known and not is_plain(shortest, longest, known):
        marks = _calendar_marks(shortest, longest, most, known)
        shown = _largest_unit(shortest * SECONDS[known])
    else:
        marks, shown = {tick: plain(tick) for tick in _numbers(shortest, longest, most)}, ""
    if len(marks) >= FEWEST_TICKS:
        return marks
    # Too short an axis for these.
    factor = SECONDS[known] / SECONDS[shown] if shown else 1.0
    steps = _even_steps(shortest * factor, longest * factor, most)
    return {
        tick / factor: f"{label} {_SYMBOLS.get(shown, shown)}".rstrip() for tick, label in steps
    }


def is_plain(shortest: float, longest: float, unit: str) -> bool:
    """Return whether people would give two periods in this unit of time."""
    return shortest >= _SHORTEST and longest < _LONGEST[unit]


def spelled(low: float, high: float, unit: str) -> str:
    """Return a band of periods in words, in units that make the numbers plain."""
    known = unit_of_time(unit)
    if not known or (low >= _SHORTEST and high < _LONGEST_SPELLED):
        return f"{_rounded(low)} to {_rounded(high)} {unit}".rstrip()
    first, second = (_largest_unit(period * SECONDS[known]) for period in (low, high))
    if high * SECONDS[known] < _LONGEST[first] * SECONDS[first]:
        second = first
    words = [_rounded(low * SECONDS[known] / SECONDS[first])]
    words += [first] if first != second else []
    return f"{' '.join(words)} to {_rounded(high * SECONDS[known] / SECONDS[second])} {second}"


def plain(value: float, digits: int | None = None) -> str:
    """Return a positive number for reading: four digits, or all those of a larger integer."""
    if not _SMALLEST_PLAIN <= value < _LARGEST_PLAIN:
        return f"{value:.{digits or _DIGITS}g}"
    if digits is None:
        digits = max(_DIGITS, len(f"{value:.0f}"))
    return np.format_float_positional(float(f"{value:.{digits}g}"), trim="-")


def _rounded(value: float) -> str:
    """Return a number with three digits, a whole one with all of them."""
    return plain(value) if value == round(value) else plain(value, 3)


def _largest_unit(seconds: float) -> str:
    """Return the largest unit of which there is one or more; people count days, not weeks."""
    lengths = {unit: length for unit, length in SECONDS.items() if unit != "weeks"}
    units = [unit for unit, length in lengths.items() if length <= seconds * (1 + 1e-6)]
    return units[-1] if units else next(iter(SECONDS))


def _numbers(low: float, high: float, most: int) -> list[float]:
    """Return powers of two, or decimal marks where these would not be plain."""
    first, last = math.ceil(math.log2(low)), math.floor(math.log2(high))
    if first >= _PLAIN_POWERS[0] and last <= _PLAIN_POWERS[1]:
        powers = [2.0**k for k in range(first, last + 1)]
        return powers[:: math.ceil(len(powers) / most) or 1]
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [float(f"{d}e{k}") for k in decades for d in digits]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= most:
            return ticks
    return ticks[:: math.ceil(len(ticks) / most)]


def _calendar_marks(low: float, high: float, most: int, unit: str) -> dict[float, str]:
    """Return marks such as 2 days, 1 week, 1 month and 1 year, as dense as there is room."""
    length = SECONDS[unit]
    room = _CLOSER * math.log2(high / low) / most
    marks: dict[float, str] = {}
    for rank in range(_RANKS):
        for name, ranks in _MARKS.items():
            for number in ranks[rank] if rank < len(ranks) else ():
                place = number * SECONDS[name] / length
                free = all(abs(math.log2(place / other)) >= room for other in marks)
                if low <= place <= high and free:
                    word = name if number > 1 else name[:-1]
                    marks[place] = f"{number} {_SYMBOLS.get(name, word)}"
    return dict(sorted(marks.items()))


def _even_steps(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Return the marks of an axis that holds few powers of two."""
    steps = MaxNLocator(min(most, _MOST_STEPS), steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    ticks = [float(tick) for tick in steps if low <= tick <= high]
    digits = 2 - math.floor(math.log10((high - low) / high)) if high > low else _DIGITS
    return [(tick, plain(tick, digits)) for tick in ticks]
