"""What each surrogate of a run gave, in the cache folder: one row each, in the order of surrogates.

Fewer surrogates are the beginning of more, so a run that was broken off goes on from its end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cached_files import recall, store
from ..files import read_arrays
from ..helpers import cache_path
from .noise import Streams

Floats = NDArray[np.float64]


@dataclass
class KeptRows:
    """The rows of a run so far, its random streams, and the file that they are kept in, if any."""

    rows: Floats
    streams: Streams
    key: str = ""
    path: Path | None = None

    @classmethod
    def of(
        cls,
        kind: str,
        facts: tuple[Any, ...] | None,
        streams: Streams,
        is_sound: Callable[[Floats], bool],
        width: tuple[int, ...] = (),
    ) -> KeptRows:
        """Return what an earlier run kept under these facts, with its streams, or else no rows.

        The facts are all that determines the rows; None: they are not to be kept.
        """
        kept = cls(np.empty((0, *width)), streams)
        if facts is None:
            return kept
        kept.key = hashlib.sha256(repr(facts).encode()).hexdigest()
        kept.path = cache_path() / f"{kind}-{kept.key}.npz"

        def fits(found: tuple[str, Streams, Floats]) -> bool:
            key, _, rows = found
            return key == kept.key and rows.shape[1:] == width and is_sound(rows)

        found = recall(kept.path, _read, fits)
        if found is not None:
            _, kept.streams, kept.rows = found
        return kept

    def keep(self, rows: Floats) -> bool:
        """Keep the rows of all surrogates so far; return whether they are in a file."""
        self.rows = rows
        if self.path is None:
            return False
        facts = json.dumps({"key": self.key, "streams": astuple(self.streams)})
        arrays: dict[str, Any] = {"facts": np.array(facts), "rows": rows}
        return store(self.path, lambda stream: np.savez(stream, **arrays))


def _read(path: Path) -> tuple[str, Streams, Floats]:
    arrays = read_arrays(path)
    facts, rows = json.loads(str(arrays["facts"][()])), arrays["rows"]
    if rows.dtype != np.float64 or not rows.ndim:
        raise ValueError("it does not hold a row for each surrogate")
    return facts["key"], Streams.again(*facts["streams"]), rows
