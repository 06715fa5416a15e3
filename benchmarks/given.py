"""P-values with one series as it was observed: how they are spread under their null hypothesis."""

from __future__ import annotations

import argparse

import numpy as np
from scipy import stats

from pycwt_mod import Morlet, rednoise
from pycwt_mod.analytic.conditional import given_forms, log_p
from pycwt_mod.coherence import coherence_of_series
from pycwt_mod.geometry import Geometry

DJ, G = 1 / 4, 0.6
TAILS = (0.05, 0.01, 0.001)


def given_series(n: int) -> dict[str, np.ndarray]:
    time, rng = np.arange(n), np.random.default_rng(1)
    sine, step, trend = np.sin(2 * np.pi * time / 17.3), (time > n // 2 + 9) * 1.0, time / n
    trace = 0.02 * rng.normal(size=n)
    return {
        "sine": sine,
        "sine, trace of noise": sine + trace,
        "trend": trend,
        "trend, trace of noise": trend + trace,
        "step": step,
        "step, trace of noise": step + trace,
        "red noise, g = 0.95": rednoise(n, 0.95, rng=rng),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=300, help="of the other series")
    parser.add_argument("--samples", type=int, default=400)
    chosen = parser.parse_args()
    n, rng, s0 = chosen.samples, np.random.default_rng(2), 2 / Morlet().flambda()
    scales = s0 * 2 ** (DJ * np.arange(int(np.log2(n / s0) / DJ) + 1))
    geometry = Geometry(Morlet(), scales, 1.0, DJ, n, 2 ** int(np.ceil(np.log2(n))))
    others = [rednoise(n, G, rng=rng) for _ in range(chosen.records)]
    print("| given series | without p |", *(f"p < {tail:g} |" for tail in TAILS), "p of KS test |")
    print("|---" * (len(TAILS) + 3) + "|")
    for name, series in given_series(n).items():
        given = series - series.mean()
        forms = list(given_forms(given, geometry, G, without_mean=True))
        shares, drawn = [], []
        for other in others:
            R2, _ = coherence_of_series(np.stack([given, other - other.mean()]), geometry)
            p = np.exp([log_p(*form, R2[index]) for index, *form in forms])
            known = p[np.isfinite(p)]
            shares.append([(known < tail).mean() for tail in TAILS])
            drawn.append(rng.choice(known))
        mean, error = np.mean(shares, axis=0), np.std(shares, axis=0) / np.sqrt(len(shares))
        cells = [f"{m:.4f} ± {e:.4f}" for m, e in zip(mean, error, strict=True)]
        fit = stats.kstest(drawn, "uniform").pvalue
        missing = 1 - known.size / p.size
        print("|", " | ".join([name, f"{missing:.2f}", *cells, f"{fit:.2f}"]), "|", flush=True)


if __name__ == "__main__":
    main()
