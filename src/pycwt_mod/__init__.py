"""Wavelet coherence with fast, correct Monte Carlo significance."""

from ._version import __version__

__all__ = ["__version__"]
