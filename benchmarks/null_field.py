"""The null distribution of each point against simulated pairs of series: tables in Markdown."""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from pycwt_mod import Morlet, NullField, wct, wct_null
from pycwt_mod.arrays import NUMPY
from pycwt_mod.coherence import smoothed_spectra
from pycwt_mod.geometry import Geometry
from pycwt_mod.helpers import padded_length
from pycwt_mod.montecarlo.noise import Streams, ar1_series
from pycwt_mod.montecarlo.options import SimulationOptions
from pycwt_mod.null_fields import null_field_of
from pycwt_mod.statistic import PAIR, Statistic, multiple, partial

Floats = NDArray[np.float64]

DJ, S0 = 1 / 12, 2 / Morlet().flambda()
CASES = [
    ((g1, g2), n)
    for g1, g2 in ((0.0, 0.0), (0.6, 0.6), (0.95, 0.95), (0.9, 0.0))
    for n in (500, 512)
]
ZONES = ("outside the cone", "its outer half", "its inner half")
TAILS = (0.05, 1e-2, 1e-3, 1e-4)

# Scales and distances from the nearest end, in samples, at which levels are compared.
PLACES = (0, 1, 2, 5, 10, 20, 40, 73)

# Pairs that are transformed together.
BLOCK = 16


def geometry_of(n: int) -> Geometry:
    J = round(math.log2(n / S0) / DJ)
    scales = S0 * 2 ** (DJ * np.arange(J + 1))
    return Geometry(Morlet(), scales, 1.0, DJ, n, padded_length(n))


def coherences(
    geometry: Geometry,
    g: tuple[float, ...],
    n_pairs: int,
    seed: int,
    common: float = 0.0,
    statistic: Statistic = PAIR,
) -> Iterator[Floats]:
    """Yield the coherence of pairs, or groups, of AR(1) series, treated as `wct` treats data.

    `common` is the share of the variance that is the same in both series.
    """
    bank, streams = geometry.bank(), Streams(seed)
    own, shared = math.sqrt(1 - common), math.sqrt(common)

    def everywhere(_: int) -> slice:
        return slice(0, geometry.n_times)

    for start in range(0, n_pairs, BLOCK):
        indices = range(start, min(start + BLOCK, n_pairs))
        noise = ar1_series(streams, indices, geometry.n_times, g)
        if common:
            same = ar1_series(Streams(seed + 1), indices, geometry.n_times, g)[0]
            noise = own * noise + shared * same
        noise -= noise.mean(axis=-1, keepdims=True)
        padded = np.zeros((*noise.shape[:2], geometry.n_fft), dtype=complex)
        padded[..., : geometry.n_times] = noise
        R2 = np.empty((geometry.n_scales, len(indices), geometry.n_times))
        scratch = np.empty((len(indices), geometry.n_times), dtype=complex)
        spectra = {geometry.n_fft: NUMPY.fft(padded)}
        for scale, S in smoothed_spectra(spectra, bank, parts=everywhere):
            statistic.R2(S, R2[scale], scratch)
        yield from np.clip(R2, 0, 1).swapaxes(0, 1)


def field_of(geometry: Geometry, g: tuple[float, ...], statistic: Statistic = PAIR) -> NullField:
    options = SimulationOptions(cache=False)
    return null_field_of(geometry, g, options, centred=True, statistic=statistic)


def one_level(geometry: Geometry, g: tuple[float, float]) -> Floats:
    """Return what `wct` gives by default: a level for each scale, here from 3000 surrogates."""
    null = wct_null(
        *g,
        1.0,
        DJ,
        S0,
        geometry.n_scales - 1,
        mc_count=3000,
        rng_seed=3,
        progress=False,
        cache=False,
    )
    return null.quantile(0.95)


def zones_of(geometry: Geometry) -> NDArray[np.intp]:
    """Return the zone of each point, (scale, time)."""
    inside = geometry.coi / geometry.periods[:, np.newaxis]
    return (inside < 1).astype(int) + (inside < 0.5)


def octaves_of(geometry: Geometry) -> NDArray[np.intp]:
    return np.arange(geometry.n_scales) // 12


class Shares:
    """Shares of points in groups, with the error from the spread of the pairs."""

    def __init__(self, groups: NDArray[np.intp]) -> None:
        self.groups, self.sizes, self.rows = groups.ravel(), np.bincount(groups.ravel()), []

    def add(self, above: NDArray[np.bool_]) -> None:
        found = np.bincount(self.groups[above.ravel()], minlength=self.sizes.size)
        self.rows.append(found / np.maximum(self.sizes, 1))

    def cells(self, digits: int = 3) -> list[str]:
        shares = np.array(self.rows)
        mean, error = shares.mean(axis=0), shares.std(axis=0) / math.sqrt(len(shares))
        found = zip(self.sizes.tolist(), mean.tolist(), error.tolist(), strict=True)
        return [f"{m:.{digits}f} ± {e:.{digits}f}" if size else "" for size, m, e in found]


def print_row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def print_head(*cells: str) -> None:
    print()
    print_row(*cells)
    print("|---" * len(cells) + "|")


def false_alarms_of_groups(n_groups: int, n: int = 500) -> None:
    """Print the share of points above the 95 % level of partial and multiple coherences."""
    print_head("coherence", *ZONES, *(f"p < {p:g}" for p in TAILS[1:3]), "by the level of a pair")
    geometry = geometry_of(n)
    zones = zones_of(geometry)
    by_pair = field_of(geometry, (0.6, 0.6)).quantile(0.95)
    for statistic in (*map(partial, (1, 2, 3)), *map(multiple, (2, 3, 4))):
        g = (0.6,) * statistic.n_series
        field = field_of(geometry, g, statistic)
        by_zone, everywhere = Shares(zones), [Shares(np.zeros_like(zones)) for _ in range(3)]
        for R2 in coherences(geometry, g, n_groups, 5, statistic=statistic):
            p = field.pvalue(R2)
            by_zone.add(p < 0.05)
            found = (p < TAILS[1], p < TAILS[2], by_pair < R2)
            for shares, above in zip(everywhere, found, strict=True):
                shares.add(above)
        rest = [shares.cells(4)[0] for shares in everywhere[:2]] + everywhere[2].cells()
        others = "predictors" if statistic.name == "multiple" else "removed"
        label = f"{statistic.name}, {len(statistic.removed)} {others}"
        print_row(label, *by_zone.cells(), *rest)


def false_alarms(n_pairs: int, cases: list[tuple[tuple[float, float], int]]) -> None:
    """Print the share of points above the 95 % level by zone and octave, and how p is spread."""
    tails = {"all": ([Shares(np.arange(len(ZONES))) for _ in TAILS], [])}
    for case, (g, n) in enumerate(cases):
        geometry = geometry_of(n)
        zones, octaves = zones_of(geometry), octaves_of(geometry)[:, np.newaxis]
        field, sig = field_of(geometry, g), one_level(geometry, g)[:, np.newaxis]
        n_octaves = int(octaves.max()) + 1
        groups = octaves + n_octaves * zones
        ways = {"each point": Shares(groups), "each scale": Shares(groups)}
        by_tail, drawn = [Shares(zones) for _ in TAILS], []
        tails[f"{g[0]:g}, {g[1]:g}; {n}"] = by_tail, drawn
        random = np.random.default_rng(7)
        points = [np.flatnonzero(zones == zone) for zone in range(len(ZONES))]
        for R2 in coherences(geometry, g, n_pairs, seed=50 + case):
            p = field.pvalue(R2)
            ways["each point"].add(p < 0.05)
            ways["each scale"].add(sig < R2)
            for tail, shares in zip(TAILS, by_tail, strict=True):
                shares.add(p < tail)
            drawn.append([p.flat[random.choice(own)] for own in points])
        for pooled, own in zip(tails["all"][0], by_tail, strict=True):
            pooled.rows += own.rows
        tails["all"][1].extend(drawn)
        head = f"g = {g[0]:g}, {g[1]:g}; {n} samples; {n_pairs} pairs"
        print_head(head, "level of", *(f"octave {k + 1}" for k in range(n_octaves)))
        for zone, name in enumerate(ZONES):
            for way, shares in ways.items():
                padded = shares.cells() + [""] * n_octaves
                print_row(name, way, *padded[n_octaves * zone :][:n_octaves])
    print_head("g, samples", "zone", *(f"p < {tail:g}" for tail in TAILS), "p of KS test")
    for case_name, (by_tail, drawn) in tails.items():
        columns = [own.cells(digits) for own, digits in zip(by_tail, (4, 4, 5, 6), strict=True)]
        for zone, name in enumerate(ZONES):
            fit = stats.kstest([row[zone] for row in drawn], "uniform").pvalue
            print_row(case_name, name, *(column[zone] for column in columns), f"{fit:.2f}")


def levels(n_records: int, length: int, cases: list[tuple[float, float]]) -> None:
    """Print the levels in closed form less those of simulated records, by scale and distance."""
    geometry = geometry_of(length)
    scales = np.linspace(0, geometry.n_scales - 1, 10).round().astype(int)
    places = np.array(PLACES)
    for g in cases:
        drawn = np.array(
            [
                R2[np.ix_(scales, np.stack([places, length - 1 - places]).ravel())]
                for R2 in coherences(geometry, g, n_records, seed=9)
            ]
        )
        # Both ends are the same by symmetry: (record and end, scale, place).
        both = np.concatenate(np.split(drawn, 2, axis=-1))
        closed = field_of(geometry, g).quantile(0.95)[np.ix_(scales, places)]
        simulated = np.quantile(both, 0.95, axis=0)
        groups = [np.quantile(part, 0.95, axis=0) for part in np.array_split(both[:n_records], 20)]
        error = np.std(groups, axis=0) / math.sqrt(2 * 20)
        difference = closed - simulated
        print_head(
            f"g = {g[0]:g}, {g[1]:g}; period", *(f"{place} from the end" for place in PLACES)
        )
        for period, row in zip(geometry.periods[scales], difference, strict=True):
            print_row(f"{period:.0f}", *(f"{value:+.4f}" for value in row))
        rms, expected = (float(np.sqrt((values**2).mean())) for values in (difference, error))
        print(f"rms {rms:.4f}, of the simulation's error alone {expected:.4f}")


def witnesses(n_full: int, cases: list[tuple[float, float]]) -> None:
    """Print how far the 95 % levels of scales by three methods lie apart, over 37 scales."""
    print_head("g", "methods", "largest difference", "rms", "rms by errors alone")
    for g in cases:
        nulls = {
            method: wct_null(
                *g, 1.0, DJ, 2.0, 36, method=method, mc_count=count, rng_seed=1, progress=False
            )
            for method, count in (("full", n_full), ("multirate", n_full // 5), ("analytic", 300))
        }
        for one, other in itertools.combinations(nulls, 2):
            difference = nulls[one].quantile(0.95) - nulls[other].quantile(0.95)
            error = np.hypot(nulls[one].standard_error(0.95), nulls[other].standard_error(0.95))
            rms, expected = (float(np.sqrt((v**2).mean())) for v in (difference, error))
            largest = float(np.abs(difference).max())
            text = f"{g[0]:g}, {g[1]:g}", f"{one}, {other}", f"{largest:.4f}", f"{rms:.4f}"
            print_row(*text, f"{expected:.4f}")


def through_wct(n_pairs: int, length: int, g: tuple[float, float]) -> None:
    """Print the false alarms of `wct` as a user calls it, its coefficients estimated, dj = 1/4."""
    noise = ar1_series(Streams(11), range(n_pairs), length, g)
    ways: dict[str, Shares] = {}
    for pair in noise.swapaxes(0, 1):
        result = wct(*pair, 1.0, 1 / 4, progress=False, cache=False)
        inside = result.coi * result.freqs[:, np.newaxis]
        zones = (inside < 1).astype(int) + (inside < 0.5)
        for null in ("point", "scale"):
            shares = ways.setdefault(null, Shares(zones))
            shares.add(result.pvalues(null=null) < 0.05)
    print_head(f"g = {g[0]:g}, {g[1]:g}; {length} samples; {n_pairs} pairs", *ZONES)
    for null, shares in ways.items():
        print_row(f'`pvalues(null="{null}")`', *shares.cells())


def power(n_pairs: int, lengths: tuple[int, ...]) -> None:
    """Print the share of points found where half of the variance of both series is the same."""
    print_head("samples", "level of", *ZONES, "whole map")
    for length in lengths:
        geometry, g = geometry_of(length), (0.6, 0.6)
        zones = zones_of(geometry)
        field = field_of(geometry, g).quantile(0.95)
        sig = np.where(zones == 0, one_level(geometry, g)[:, np.newaxis], np.inf)
        ways = {"each point": field, "each scale, outside the cone": sig}
        by_zone = {name: Shares(zones) for name in ways}
        over_all = {name: Shares(np.zeros_like(zones)) for name in ways}
        for R2 in coherences(geometry, g, n_pairs, seed=13, common=0.5):
            for name, level in ways.items():
                by_zone[name].add(level < R2)
                over_all[name].add(level < R2)
        for name in ways:
            print_row(str(length), name, *by_zone[name].cells(), *over_all[name].cells())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1000, help="for false alarms")
    parser.add_argument("--cases", type=int, nargs="+", default=list(range(len(CASES))))
    parser.add_argument("--records", type=int, default=20_000, help="for levels")
    parser.add_argument("--through-wct", type=int, default=100, help="pairs")
    parser.add_argument("--groups", type=int, default=200, help="of three to five series")
    parser.add_argument("--power", type=int, default=300, help="pairs")
    parser.add_argument("--full", type=int, default=100_000, help="surrogates of the three methods")
    chosen = parser.parse_args()
    if chosen.pairs:
        false_alarms(chosen.pairs, [CASES[case] for case in chosen.cases])
    if chosen.groups:
        false_alarms_of_groups(chosen.groups)
    if chosen.records:
        levels(chosen.records, 147, [(0.6, 0.6), (0.95, 0.95), (0.9, 0.0)])
    if chosen.full:
        witnesses(chosen.full, [(0.6, 0.6), (0.9, 0.3)])
    if chosen.through_wct:
        through_wct(chosen.through_wct, 250, (0.6, 0.6))
    if chosen.power:
        power(chosen.power, (128, 512))


if __name__ == "__main__":
    main()
