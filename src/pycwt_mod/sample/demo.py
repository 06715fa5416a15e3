"""The demonstration: the Arctic Oscillation and the ice of the Baltic Sea.

The worked example of Grinsted et al. (2004). The ice extent has two humps (mild winters and severe
ones), so it is mapped to its percentiles, over the whole of its record, before both series are cut
to the winters they share; the Arctic Oscillation is used as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _version
from ..helpers import boxpdf
from ..mothers import Morlet
from ..result import CoherenceResult
from ..summary import SummaryRow, fill, percent, simulated_on, summarise
from ..wavelet import wct
from .series import load

__all__ = ["DEFAULT_SEED", "DEFAULT_SURROGATES", "DemoResult", "run_demo"]

# As many surrogates as Grinsted et al. (2004); any seed will do, as long as it stays the same.
DEFAULT_SURROGATES = 1000
DEFAULT_SEED = 2004

_SCALES_PER_OCTAVE = 12
_MOST_ROWS = 6

_HEADING = f"""\
Significant coherence at the 5 % level, outside the cone of influence, by
octaves of period, the {_MOST_ROWS} largest regions (one outline in the picture may be
several: they are cut at 2, 4, 8, 16 ... years, as a phase is a lag only at a
given period):
"""

_LEGEND = """\
R2     mean squared coherence
phase  mean and spread; 0 deg: in phase (high AO, much ice), 180 deg: anti-phase
       (high AO, little ice), +90 deg: AO leads
lag    years, mean and spread, by which the ice follows AO (in anti-phase:
       follows the reverse of AO); negative: the ice goes before"""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DemoResult:
    """The results of the demonstration, its picture and its report.

    Parameters
    ----------
    times : numpy.ndarray
        The winters, shape (n,).
    coherence : CoherenceResult
        The coherence, with its null distribution.
    seed : int
        Seed of the surrogates.
    """

    times: Array
    coherence: CoherenceResult
    seed: int

    def save_picture(self, path: Path) -> None:
        """Draw the coherence, without a display, into a file whose suffix says the format."""
        from ..plotting import offscreen_axes

        plot = self.coherence.plot(
            self.times,
            names=("AO", "Baltic ice"),
            period_unit="years",
            time_label="Year",
            level_label="5 % significance level against red noise",
            title="Arctic Oscillation and Baltic Sea ice extent: wavelet coherence",
            ax=offscreen_axes(),
        )
        plot.figure.savefig(path, dpi=150)

    def report(self, picture: Path) -> str:
        """Return the findings and how they were made, as text; `picture` is where it was saved."""
        found, null = self.coherence, self.coherence.null
        assert null is not None  # `run_demo` simulates it
        summary = summarise(
            found[0],
            found.significant(),
            found.outside(),
            found.periods,
            found[1],
            level=found.level,
            dt=found.dt,
            names=("AO", "the ice"),
            unit="years",
            times=self.times,
        )
        first, last = self.times[0], self.times[-1]
        run = f"{simulated_on(null.provenance)}, {null.n_surrogates} surrogates"
        run += f" in {null.provenance['seconds']:.1f} s, seed {self.seed}"
        lines = [
            f"Arctic Oscillation (AO) and Baltic Sea ice extent, winters {first:.0f} to {last:.0f}",
            "",
            _HEADING,
            summary.table(_MOST_ROWS),
            "",
            _LEGEND,
            *_worked_lag(summary.rows[:_MOST_ROWS]),
            "",
            f"{percent(summary.share)} of the area outside the cone of influence is significant;",
            "5 % would be by chance.",
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
    """Compute the coherence of the Arctic Oscillation and Baltic Sea ice, and its null.

    Parameters
    ----------
    mc_count : int
        Number of surrogates.
    seed : int
        Seed of the surrogates.
    backend, n_workers, progress
        As in `pycwt_mod.wct_significance`.

    Returns
    -------
    DemoResult
        The null distribution is always simulated afresh: the cache is neither read nor written.
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
    return DemoResult(times, coherence, seed)


def _common_winters() -> tuple[Array, Array, Array]:
    """Return the winters that both records cover, the oscillation and the percentiles of ice."""
    oscillation, ice = load("ao"), load("baltic")
    percentiles = boxpdf(ice.values)[0]
    times, first, second = np.intersect1d(oscillation.times, ice.times, return_indices=True)
    return times, oscillation.values[first], percentiles[second]


def _worked_lag(rows: Sequence[SummaryRow]) -> list[str]:
    """Return the calculation of the largest lag in anti-phase, if there is one."""
    opposite = [row for row in rows if row.relation == "anti-phase"]
    if not opposite:
        return []
    row = max(opposite, key=lambda row: abs(row.lag))
    beyond = math.degrees(row.phase_of_lag)
    return [
        f"       for example: {math.degrees(row.phase):+z.0f} deg is 180 "
        f"{'+' if beyond >= 0 else '-'} {abs(beyond):.0f} deg; {beyond:z.0f}/360 of",
        f"       {row.mean_period:.0f} years (mid-band) is {row.lag:z.1f} years",
    ]
