"""Band means of surrogates in the cache folder, so that the same question is answered at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..files import read_arrays, write_arrays
from ..helpers import get_cache_dir
from ..montecarlo.noise import Streams
from ..montecarlo.surrogates import Surrogates
from ..validation import warn_user
from .fields import Array
from .nulls import Node
from .problem import Problem


class KeptMeans:
    """Band means of a seeded run, each file named by all that determines them."""

    def __init__(
        self, problem: Problem, streams: Streams, surrogates: Mapping[Node, Surrogates]
    ) -> None:
        self._problem, self._streams, self._surrogates = problem, streams, surrogates
        self._folder = Path(get_cache_dir())
        self._used = bool(problem.options.cache) and problem.options.seed is not None

    def find(self, node: Node) -> Array | None:
        """Return the means at two AR(1) coefficients; None if they are not there, or not whole."""
        path = self._path(node)
        if path is None or not path.is_file():
            return None
        try:
            means = read_arrays(path).get("means")
        except (ValueError, OSError):
            return None
        shape = self._problem.options.mc_count, len(self._problem.bands)
        sound = means is not None and means.shape == shape and means.dtype == np.float64
        return means if sound else None

    def keep(self, node: Node, means: Array) -> None:
        """Keep means; a folder that cannot be written is a warning, not an error."""
        path = self._path(node)
        if path is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_arrays(path, {"means": means})
        except OSError as error:
            self._used = False
            warn_user(
                f"the means of surrogates could not be cached in {str(self._folder)!r} ({error}); "
                "the result is complete all the same. Set PYCWT_MOD_CACHE_DIR to a folder that "
                "can be written, or pass cache=False."
            )

    def _path(self, node: Node) -> Path | None:
        problem, geometry = self._problem, self._problem.geometry
        key = problem.plan(node, self._surrogates.get(node)).key() if self._used else None
        if key is None:  # not to be kept, or with code of the user's
            return None
        facts = (
            key,
            geometry.n_times,
            geometry.n_fft,
            geometry.n_averaged.tolist(),
            problem.members.tolist(),
            problem.normalize,
            problem.options.mc_count,
            self._streams,
        )
        digest = hashlib.sha256(repr(facts).encode()).hexdigest()
        return self._folder / f"means-{digest}.npz"
