"""Band tests of `wct_matrix`, the cone of influence left out or included: tables in Markdown."""

from __future__ import annotations

import argparse
import math
import warnings
from typing import Any

import numpy as np

from pycwt_mod import MatrixResult, rednoise, wct_matrix

BANDS = [(2, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 128)]
CASES = [(g, n) for g in (0.0, 0.6, 0.95) for n in (120, 128)]


def judged(pairs: Any, n_surrogates: int, inside_cone: bool) -> MatrixResult:
    """Judge independent pairs, shape (pair, 2, time)."""
    warnings.filterwarnings("ignore", "`data` has")  # more series than times, on purpose
    n_pairs, _, n = pairs.shape
    return wct_matrix(
        pairs.reshape(2 * n_pairs, n),
        1.0,
        pairs=[(2 * k, 2 * k + 1) for k in range(n_pairs)],
        bands=BANDS,
        dj=1 / 4,
        inside_cone=inside_cone,
        mc_count=n_surrogates,
        rng_seed=1,
        progress=False,
    )


def noise(n_pairs: int, n: int, g: float, seed: int, common: float = 0.0) -> Any:
    """Return pairs of AR(1) series; `common` is the share of their variance that is the same."""
    rng = np.random.default_rng(seed)
    rows = np.array([rednoise(n, g, rng=rng) for _ in range(3 * n_pairs)]).reshape(n_pairs, 3, n)
    return math.sqrt(1 - common) * rows[:, :2] + math.sqrt(common) * rows[:, 2:]


def print_row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def table(
    title: str, cases: list[tuple[float, int]], n_pairs: int, n_surrogates: int, common: float
) -> None:
    """Print the share of pairs with p < 0.05 in each band, and of significant points."""
    print()
    print_row(title, "times", *(f"{low} to {high}" for low, high in BANDS), "points")
    print("|---" * (len(BANDS) + 3) + "|")
    for case, (g, n) in enumerate(cases):
        pairs = noise(n_pairs, n, g, 100 + case, common)
        for inside_cone in (False, True):
            result = judged(pairs, n_surrogates, inside_cone)
            cells = []
            for p in result.pvalue.T:
                known = p[np.isfinite(p)]
                share = (known < 0.05).mean() if known.size else math.nan
                error = math.sqrt(share * (1 - share) / max(known.size, 1))
                cells.append(f"{share:.3f} ± {error:.3f}" if known.size else "")
            weights = result.n_points.sum(axis=1)
            points = np.nansum(result.share * result.n_points, axis=1) / weights
            cells.append(f"{points.mean():.3f} ± {points.std() / math.sqrt(len(points)):.3f}")
            where = "all" if inside_cone else "outside the cone"
            print_row(f"g = {g:g}, {n} samples", where, *cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unrelated", type=int, default=1000, help="pairs without a relation")
    parser.add_argument("--related", type=int, default=300, help="pairs with a relation")
    parser.add_argument("--surrogates", type=int, default=2000)
    chosen = parser.parse_args()
    if chosen.unrelated:
        table("false alarms", CASES, chosen.unrelated, chosen.surrogates, 0.0)
    if chosen.related:
        # A quarter of the variance of both series is the same.
        table("found", [(0.6, 64), (0.6, 128)], chosen.related, chosen.surrogates, 0.25)


if __name__ == "__main__":
    main()
