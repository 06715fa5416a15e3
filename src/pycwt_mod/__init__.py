"""Wavelet coherence with fast, correct Monte Carlo significance.

A drop-in replacement for pycwt: ``import pycwt_mod as pycwt``. Continuous wavelet transform,
cross-wavelet transform and wavelet coherence after Torrence & Compo (1998) and Grinsted et al.
(2004); the Monte Carlo significance runs on pluggable backends with the same numbers from each.
"""

from importlib import import_module as _import_module
from typing import Any as _Any

from . import backends, helpers, mothers, wavelet
from ._version import __version__
from .analytic.field import NullField
from .analytic.scale_null import AnalyticNull
from .groups import mwct, pwct
from .helpers import (  # noqa: F401  (fft and fft_kwargs: pycwt leaks them)
    AR1EstimationError,
    ar1,
    ar1_spectrum,
    boxpdf,
    fft,
    fft_kwargs,
    find,
    get_cache_dir,
    rect,
    rednoise,
)
from .matrix import MatrixResult, wct_matrix
from .measures import mean_resultant_length, rectify, ridge, semblance
from .montecarlo.arma import ARMA
from .montecarlo.null import NullDistribution
from .mothers import DOG, MexicanHat, Morlet, MotherWavelet, Paul
from .null_fields import wct_null_field
from .preparation import Prepared, prepare
from .reconstruction import reconstruct
from .results import (
    ClusterResult,
    CoherenceResult,
    CrossWaveletResult,
    MultipleResult,
    PartialResult,
    TransformResult,
)
from .saved import load
from .wavelet import cwt, icwt, significance, wct, wct_null, wct_significance, xwt

version = __version__

__all__ = [
    "ARMA",
    "DOG",
    "AR1EstimationError",
    "AnalyticNull",
    "ClusterResult",
    "CoherenceResult",
    "CrossWaveletResult",
    "MatrixResult",
    "MexicanHat",
    "Morlet",
    "MotherWavelet",
    "MultipleResult",
    "NullDistribution",
    "NullField",
    "PartialResult",
    "Paul",
    "Prepared",
    "TransformResult",
    "__version__",
    "ar1",
    "ar1_spectrum",
    "backends",
    "boxpdf",
    "cwt",
    "find",
    "get_cache_dir",
    "helpers",
    "icwt",
    "load",
    "mean_resultant_length",
    "mothers",
    "mwct",
    "prepare",
    "pwct",
    "reconstruct",
    "rect",
    "rectify",
    "rednoise",
    "ridge",
    "semblance",
    "significance",
    "wavelet",
    "wct",
    "wct_matrix",
    "wct_null",
    "wct_null_field",
    "wct_significance",
    "xwt",
]

# Rooms that are entered only when asked for.
_LAZY = {"plotting", "sample"}

# Names that pycwt leaks from its own imports, and scripts use.
_LEAKED = {"numpy": "numpy", "chi2": "scipy.stats:chi2", "tqdm": "tqdm:tqdm"}


def __getattr__(name: str) -> _Any:
    if name in _LAZY:
        return _import_module(f".{name}", __name__)
    if name in _LEAKED:
        module, _, attribute = _LEAKED[name].partition(":")
        found = _import_module(module)
        return getattr(found, attribute) if attribute else found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
