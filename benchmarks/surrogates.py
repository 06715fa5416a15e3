"""Time per surrogate of the full-rate engine against pycwt and against its own FFTs.

pycwt is the installed, unmodified package: its `wct_significance` without cache and progress bar.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import os
import statistics
import warnings

from measuring import ONE_THREAD, ratio, take_turns

os.environ.update(ONE_THREAD)

import numpy as np
import pycwt
import scipy.fft

import pycwt_mod
from pycwt_mod.helpers import padded_length
from pycwt_mod.montecarlo.noise import Streams
from pycwt_mod.montecarlo.plan import make_plan
from pycwt_mod.montecarlo.simulate import CountSurrogates

DJ = 1 / 12


def geometry(length: int) -> tuple[float, int]:
    """Return the default s0 and J of a series of unit sampling interval."""
    s0 = 2 / pycwt_mod.Morlet().flambda()
    return s0, round(math.log2(length / s0) / DJ)


def pycwt_run(length: int, count: int) -> None:
    s0, J = geometry(length)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pycwt.wct_significance(
            0.6, 0.3, 1.0, DJ, s0, J, 0.95, pycwt.Morlet(), count, progress=False, cache=False
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=[256, 1000, 4000])
    parser.add_argument("--pycwt-count", type=int, default=4, help="surrogates of a pycwt run")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    print("one core, float64, dj = 1/12, Morlet; milliseconds per surrogate pair are medians")
    print("length  pycwt ms  here ms  ratio pycwt/here          ratio here/(6 FFTs per scale)")
    for length in chosen.lengths:
        s0, J = geometry(length)
        plan = make_plan((0.6, 0.3), 1.0, DJ, s0, J, pycwt_mod.Morlet(), pad=padded_length)
        kernel = CountSurrogates(plan, Streams(1))
        block = plan.block_size
        count = block * max(1, math.ceil(0.5 / (plan.seconds_per_surrogate * block)))
        field = np.random.default_rng(0).standard_normal((2, block, plan.n_fft)) + 0j

        def floor(count: int = count, field: np.ndarray = field, plan=plan) -> None:
            for _ in range(count // plan.block_size * plan.n_scales):
                for _ in range(3):  # of two series each
                    scipy.fft.fft(field, axis=-1, overwrite_x=True)
                    field *= 1e-3

        kernel((0, block))
        theirs, ours, ffts = take_turns(
            lambda length=length: pycwt_run(length, chosen.pycwt_count),
            lambda kernel=kernel, count=count: kernel((0, count)),
            floor,
            rounds=chosen.rounds,
        )
        # pycwt transforms one series more before the first surrogate; it is counted with the rest.
        theirs = [seconds / chosen.pycwt_count for seconds in theirs]
        ours = [seconds / count for seconds in ours]
        ffts = [seconds / count for seconds in ffts]
        print(
            f"{length:6d}  {1e3 * statistics.median(theirs):8.1f}  "
            f"{1e3 * statistics.median(ours):7.2f}  {ratio(theirs, ours):24s}  {ratio(ours, ffts)}"
        )


if __name__ == "__main__":
    main()
