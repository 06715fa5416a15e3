"""Results of all kinds, of series with dates."""

import numpy as np
import pandas as pd

from pycwt_mod import cwt, mwct, pwct, wct, xwt

OPTIONS = {"mc_count": 20, "rng_seed": 1, "progress": False, "cache": False}
DAYS = pd.date_range("2001-01-01", periods=200)


def noise(index=None, name=None, seed=0):
    values = np.random.default_rng(seed).normal(size=200)
    return values if index is None else pd.Series(values, index, name=name)


RAIN, FLOW, MELT = (noise(DAYS, name, seed) for seed, name in enumerate(("rain", "flow", "melt")))
# The levels of groups take their time.
FEW = {"dj": 1 / 2, **OPTIONS}
RESULTS = {
    "cwt": cwt(RAIN),
    "xwt": xwt(RAIN, FLOW),
    "wct": wct(RAIN, FLOW, dj=1 / 4, **OPTIONS),
    "no level": wct(RAIN, FLOW, sig=False),
    "pwct": pwct(RAIN, FLOW, MELT, **FEW),
    "mwct": mwct(RAIN, [FLOW, MELT], **FEW),
    "spectra": wct(RAIN, FLOW, sig=False, spectra=True),
}
