"""Mother wavelets: their Fourier and time forms, constants and smoothing windows.

All are normalised to unit energy, as in Torrence & Compo (1998), Table 1. The argument of
`psi_ft` is the dimensionless angular frequency s*omega, that of `psi` the dimensionless time t/s.
"""

from ..helpers import fft, fft_kwargs, rect
from .base import SMOOTHINGS, MotherWavelet, has_own_smooth, scale_taps
from .by_name import as_mother, mother_of, mother_record
from .constants import constant
from .dog import DOG, MexicanHat
from .morlet import Morlet
from .paul import Paul

__all__ = [
    "DOG",
    "SMOOTHINGS",
    "MexicanHat",
    "Morlet",
    "MotherWavelet",
    "Paul",
    "as_mother",
    "constant",
    "fft",
    "fft_kwargs",
    "has_own_smooth",
    "mother_of",
    "mother_record",
    "rect",
    "scale_taps",
]
