"""Null distributions on disk: one file ``null-<key>-<number of surrogates>.npz`` for each run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from ..cached_files import recall, store
from .null import NullDistribution


class NullCache:
    """A folder of null distributions, made when the first one is stored."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(
        self,
        key: str,
        wanted: int,
        *,
        more_is_fine: bool,
        is_sound: Callable[[NullDistribution], bool],
    ) -> NullDistribution | None:
        """Return the stored run of a problem that spares the most work of those `wanted`, or None.

        A run of more surrogates answers the question too if `more_is_fine`. It does not for a
        seeded one, whose answer must not depend on earlier questions. `is_sound` tells if a
        distribution can belong to the problem at all.
        """
        sizes = self._sizes(key)
        if more_is_fine:
            candidates = sorted(sizes, reverse=True)
        else:
            candidates = sorted((size for size in sizes if size <= wanted), reverse=True)
        for size in candidates:
            found = recall(self._path(key, size), NullDistribution.load, is_sound)
            if found is not None and found.n_surrogates == size:
                return found
        return None

    def store(self, key: str, null: NullDistribution) -> None:
        """Keep a distribution; a folder that cannot be written is a warning, not an error."""
        store(self._path(key, null.n_surrogates), null.write)

    def _path(self, key: str, size: int) -> Path:
        return self._folder / f"null-{key}-{size}.npz"

    def _sizes(self, key: str) -> list[int]:
        pattern = re.compile(rf"null-{re.escape(key)}-([1-9][0-9]{{0,17}})\.npz")
        try:
            names = os.listdir(self._folder)  # noqa: PTH208  (names are all that is needed)
        except OSError:
            return []
        return [int(match[1]) for name in names if (match := pattern.fullmatch(name))]
