"""The coherence of many pairs of series, in one pool.

Each series is transformed once, each null distribution simulated once for all pairs that share it,
and each pair costs no more than its own cross spectrum.
"""

from .compute import wct_matrix
from .result import MatrixResult

__all__ = ["MatrixResult", "wct_matrix"]
