"""Null distributions on disk: one file ``null-<key>-<number of surrogates>.npz`` for each run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from ..cached_files import recall, store
from ..helpers import cache_path
from .null import NullDistribution


def find_null(
    key: str,
    wanted: int,
    *,
    more_is_fine: bool,
    is_sound: Callable[[NullDistribution], bool],
) -> NullDistribution | None:
    """Return the stored run of a problem that spares the most work of those `wanted`, or None.

    A run of more surrogates answers the question too if `more_is_fine`. It does not for a seeded
    one, whose answer must not depend on earlier questions. `is_sound` tells if a distribution can
    belong to the problem at all.
    """
    sizes = [size for size in _sizes(key) if more_is_fine or size <= wanted]
    for size in sorted(sizes, reverse=True):
        found = recall(_path(key, size), NullDistribution.load, is_sound)
        if found is not None and found.n_surrogates == size:
            return found
    return None


def store_null(key: str, null: NullDistribution) -> None:
    """Keep a distribution; a folder that cannot be written is a warning, not an error."""
    store(_path(key, null.n_surrogates), null.write)


def _path(key: str, size: int) -> Path:
    return cache_path() / f"null-{key}-{size}.npz"


def _sizes(key: str) -> list[int]:
    pattern = re.compile(rf"null-{re.escape(key)}-([1-9][0-9]{{0,17}})\.npz")
    try:
        names = os.listdir(cache_path())  # noqa: PTH208  (names are all that is needed)
    except OSError:
        return []
    return [int(match[1]) for name in names if (match := pattern.fullmatch(name))]
