"""Seeds: what a user may pass as one, and the one that two arguments give."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .validation import brief, is_real

# A seed has 128 bits as a rule; longer ones than these cannot be written in the record of a run.
_MOST_BITS = 4096

# As many as `numpy.random.SeedSequence` takes from the system.
_BYTES = 16


def as_seed(value: Any, name: str = "rng_seed") -> np.random.SeedSequence | None:
    """Return a seed as a SeedSequence, or None for fresh entropy."""
    if value is None or isinstance(value, np.random.SeedSequence):
        return value
    if not (is_real(value) and isinstance(value, numbers.Integral)):
        remedy = " Pass it as `rng`." if isinstance(value, np.random.Generator) else ""
        raise TypeError(
            f"`{name}` must be a non-negative integer, a numpy.random.SeedSequence or None, "
            f"got {brief(value)}.{remedy}"
        )
    if value < 0:
        raise ValueError(f"`{name}` must be a non-negative integer, got {brief(value)}.")
    if int(value).bit_length() > _MOST_BITS:
        raise ValueError(f"`{name}` must have at most {_MOST_BITS} bits, got {brief(value)}.")
    return np.random.SeedSequence(int(value))


def seed_of(rng: Any, seed: Any, name: str = "rng_seed") -> np.random.SeedSequence | None:
    """Return the one seed that `rng` and the older argument `name` give; None: fresh entropy.

    As in SPEC 7 of Scientific Python `rng` is a seed or a Generator. From a Generator a seed is
    drawn, so that what is simulated does not depend on the place where it is.
    """
    if rng is None:
        return as_seed(seed, name)
    if seed is not None:
        raise TypeError(f"`rng` and `{name}` are the same: pass one of them, got both.")
    if isinstance(rng, np.random.BitGenerator):
        rng = np.random.Generator(rng)
    if isinstance(rng, np.random.Generator):
        return np.random.SeedSequence(int.from_bytes(rng.bytes(_BYTES), "little"))
    if isinstance(rng, np.random.SeedSequence) or is_real(rng):
        return as_seed(rng, "rng")
    raise TypeError(
        "`rng` must be a seed (a non-negative integer or a numpy.random.SeedSequence), a "
        f"numpy.random.Generator or None, got {brief(rng)}."
    )
