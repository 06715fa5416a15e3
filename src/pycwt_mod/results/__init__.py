"""Results of the transforms: pycwt's tuples with named fields, times and a record of the call."""

from .base import made_by
from .clusters import ClusterResult
from .coherence import CoherenceResult
from .cross import CrossWaveletResult
from .groups import MultipleResult, PartialResult
from .transform import TransformResult

__all__ = [
    "ClusterResult",
    "CoherenceResult",
    "CrossWaveletResult",
    "MultipleResult",
    "PartialResult",
    "TransformResult",
    "made_by",
]
