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
from ..helpers import ar1, boxpdf
from ..montecarlo.null import NullDistribution
from ..mothers import Morlet
from ..wavelet import wct, wct_null
from .regions import Region, find_regions
from .series import load

__all__ = ["DEFAULT_SEED", "DEFAULT_SURROGATES", "DemoResult", "run_demo"]

# As many surrogates as Grinsted et al. (2004); any seed will do, as long as it stays the same.
DEFAULT_SURROGATES = 1000
DEFAULT_SEED = 2004

_SCALES_PER_OCTAVE = 12
_LEVEL = 0.95
_MOST_ROWS = 6

# Closer to 0 or 180 degrees than this, two series are called in phase or in anti-phase.
_QUARTER = math.pi / 4

_TITLE = "Arctic Oscillation and Baltic Sea ice extent: wavelet coherence"

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DemoResult:
    """What the demonstration found, with its picture and its report.

    Parameters
    ----------
    times : numpy.ndarray
        The winters, shape (n,).
    R2, phase, coi, freq : numpy.ndarray
        What `pycwt_mod.wct` calls WCT, aWCT, coi and freq.
    null : NullDistribution
        The null distribution of the coherence.
    seed : int
        Seed of its surrogates.
    """

    times: Array
    R2: Array
    phase: Array
    coi: Array
    freq: Array
    null: NullDistribution
    seed: int

    def save_picture(self, path: Path) -> None:
        """Draw the coherence and write it to a file, without a display.

        Parameters
        ----------
        path : pathlib.Path
            Its suffix says in which format.
        """
        from ..plotting import offscreen_axes, plot_wct

        plot = plot_wct(
            self.R2,
            self.phase,
            self.coi,
            self.freq,
            self.null.quantile(_LEVEL),
            self.times,
            names=("AO", "Baltic ice"),
            period_unit="years",
            time_label="Year",
            level_label="5 % significance level against red noise",
            title=_TITLE,
            ax=offscreen_axes(),
        )
        plot.figure.savefig(path, dpi=150)

    def report(self, picture: Path) -> str:
        """Return the findings and how they were made, as text.

        Parameters
        ----------
        picture : pathlib.Path
            Where the picture is.
        """
        regions, share = find_regions(
            self.R2, self.phase, self.coi, 1 / self.freq, self.null.quantile(_LEVEL), self.times
        )
        first, last = self.times[0], self.times[-1]
        lines = [
            f"Arctic Oscillation (AO) and Baltic Sea ice extent, winters {first:.0f} to {last:.0f}",
            "",
            "Significant coherence at the 5 % level, outside the cone of influence, by octaves of",
            f"period, the {_MOST_ROWS} largest regions (one outline in the picture may be several: "
            "they are cut",
            "at 2, 4, 8, 16 ... years, as a phase is a lag only at a given period):",
            "",
            *_table(regions[:_MOST_ROWS]),
            "",
            "R2     mean squared coherence",
            "phase  mean and spread; 0 deg: in phase, 180 deg: anti-phase, +90 deg: AO leads",
            "lag    years, mean and spread, by which the ice follows AO (in anti-phase: follows",
            "       the reverse of AO); negative: the ice goes before",
            *_worked_lag(regions[:_MOST_ROWS]),
            "",
            f"{100 * share:.0f} % of the area outside the cone of influence is significant; "
            "5 % would be by chance.",
            "",
            *_how_it_was_run(self.null, self.seed),
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
    R2, phase, coi, freq, _ = wct(
        oscillation, ice, dt, dj=dj, s0=s0, J=J, sig=False, wavelet=mother
    )
    null = wct_null(
        ar1(oscillation)[0],
        ar1(ice)[0],
        dt,
        dj,
        s0,
        J,
        wavelet=mother,
        mc_count=mc_count,
        progress=progress,
        cache=False,
        backend=backend,
        n_workers=n_workers,
        rng_seed=seed,
    )
    return DemoResult(times, R2, phase, coi, freq, null, seed)


def _common_winters() -> tuple[Array, Array, Array]:
    """Return the winters that both records cover, the oscillation and the percentiles of ice."""
    oscillation, ice = load("ao"), load("baltic")
    percentiles = boxpdf(ice.values)[0]
    times, first, second = np.intersect1d(oscillation.times, ice.times, return_indices=True)
    return times, oscillation.values[first], percentiles[second]


def _table(regions: list[Region]) -> list[str]:
    if not regions:
        return ["  none"]
    rows = [("period (years)", "winters", "R2", "phase (deg)", "lag (years)", "relation")]
    for region in regions:
        lag, relation = _relation(region)
        rows.append(
            (
                f"{region.periods[0]:.1f} to {region.periods[1]:.1f}",
                f"{region.times[0]:.0f} to {region.times[1]:.0f}",
                f"{region.coherence:.2f}",
                f"{math.degrees(region.phase):+z.0f} +- {math.degrees(region.phase_spread):.0f}",
                f"{lag:+z.1f} +- {region.lag_spread:.1f}",
                relation,
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _worked_lag(regions: list[Region]) -> list[str]:
    """Return the reckoning of the largest lag in anti-phase, if there is one."""
    opposite = [r for r in regions if abs(r.phase) >= math.pi - _QUARTER]
    if not opposite:
        return []
    region = max(opposite, key=lambda region: abs(region.lag_of_opposite))
    beyond = math.degrees(region.phase_of_opposite)
    return [
        f"       for example: {math.degrees(region.phase):+z.0f} deg is 180 "
        f"{'+' if beyond >= 0 else '-'} {abs(beyond):.0f} deg; {beyond:z.0f}/360 of "
        f"{region.mean_period:.0f} years (mid-band) is {region.lag_of_opposite:z.1f} years"
    ]


def _relation(region: Region) -> tuple[float, str]:
    """Return the lag of a region and what its phase means, in words."""
    if abs(region.phase) <= _QUARTER:
        return region.lag, "in phase: high AO, much ice"
    if abs(region.phase) >= math.pi - _QUARTER:
        return region.lag_of_opposite, "anti-phase: high AO, little ice"
    return region.lag, "AO leads" if region.phase > 0 else "the ice leads"


def _how_it_was_run(null: NullDistribution, seed: int) -> list[str]:
    run = null.provenance
    workers = run["n_workers"] if run["backend"] != "sequential" else 1
    count = f"{workers} worker{'s' if workers != 1 else ''}"
    return [
        f"Run: pycwt_mod {_version.__version__}, backend {run['backend']} ({count}), "
        f"{null.n_surrogates} surrogates in {run['seconds']:.1f} s, seed {seed}"
    ]
