"""The demonstration: the Arctic Oscillation and the ice of the Baltic Sea.

The worked example of Grinsted et al. (2004). The ice extent has two humps (mild winters and severe
ones), so it is mapped to its percentiles, over the whole of its record, before both series are cut
to the winters they share; the Arctic Oscillation is used as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _version
from ..helpers import boxpdf
from ..mothers import Morlet
from ..results import ClusterResult, CoherenceResult
from ..summary.text import fill, simulated_on
from ..wavelet import wct
from .series import load

__all__ = ["DEFAULT_SEED", "DEFAULT_SURROGATES", "DemoResult", "run_demo"]

# As many surrogates as Grinsted et al. (2004); any seed will do, as long as it stays the same.
DEFAULT_SURROGATES = 1000
DEFAULT_SEED = 2004

_SCALES_PER_OCTAVE = 12

# Surrogates from which a p-value can be below 0.05.
_FEWEST = 20

_NAMES = "AO", "Baltic ice"

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DemoResult:
    """The results of the demonstration: winters, coherence with its null, seed, patches judged.

    Patches are None where there are too few surrogates for any to be significant.
    """

    times: Array
    coherence: CoherenceResult
    seed: int
    clusters: ClusterResult | None = None

    def save_picture(self, path: Path) -> None:
        """Draw the coherence with its significance into a file, whose suffix is the format."""
        from ..plotting import offscreen_axes

        plot = self.coherence.plot(
            self.times,
            names=_NAMES,
            period_unit="years",
            time_label="Year",
            title="Arctic Oscillation and Baltic Sea ice extent: wavelet coherence",
            ax=offscreen_axes(),
        )
        plot.save(path, dpi=150)

    def report(self, picture: Path) -> str:
        """Return the findings and how they were made, as text; `picture` is where it was saved."""
        first, last = self.times[0], self.times[-1]
        null: Any = self.coherence.null
        run = f"{simulated_on(null.provenance)}, {null.n_surrogates} surrogates"
        run += f" in {null.provenance['seconds']:.1f} s, seed {self.seed}"
        lines = [
            f"Arctic Oscillation (AO) and Baltic Sea ice extent, winters {first:.0f} to {last:.0f}",
            "",
            str(self.coherence.summary(_NAMES, "years")),
            *([] if self.clusters is None else [fill(self.clusters.findings())]),
            "",
            fill(f"Run: pycwt_mod {_version.__version__}, {run}"),
            f"Picture: {picture}",
        ]
        return "\n".join(lines)


def run_demo(
    mc_count: int = DEFAULT_SURROGATES,
    seed: int = DEFAULT_SEED,
    backend: Any = None,
    n_workers: int | None = None,
    progress: bool | Callable[[int, int], None] = False,
) -> DemoResult:
    """Compute the coherence of the Arctic Oscillation and Baltic Sea ice, with its null.

    The other arguments are those of `wct`. The cache is neither read nor written: the null is
    always simulated afresh.
    """
    times, oscillation, ice = _common_winters()
    mother, dt, dj = Morlet(6), 1.0, 1 / _SCALES_PER_OCTAVE
    s0 = 2 * dt / mother.flambda()
    # No scale beyond the tip of the cone: it would lie inside the cone of influence at all times.
    tip = mother.coi() * dt * times.size / 2
    J = math.floor(math.log2(tip / s0) / dj)
    coherence = wct(
        oscillation,
        ice,
        dt,
        dj=dj,
        s0=s0,
        J=J,
        wavelet=mother,
        mc_count=mc_count,
        progress=progress,
        cache=False,
        backend=backend,
        n_workers=n_workers,
        rng_seed=seed,
    )
    coherence = coherence._replace(times=times, unit="years")
    if mc_count < _FEWEST:
        return DemoResult(times, coherence, seed)
    how = {"backend": backend, "n_workers": n_workers, "progress": progress}
    return DemoResult(times, coherence, seed, coherence.clusters(mc_count=mc_count, **how))


def _common_winters() -> tuple[Array, Array, Array]:
    """Return the winters that both records cover, the oscillation and the percentiles of ice."""
    oscillation, ice = load("ao"), load("baltic")
    percentiles = boxpdf(ice.values)[0]
    times, first, second = np.intersect1d(oscillation.times, ice.times, return_indices=True)
    return times, oscillation.values[first], percentiles[second]
