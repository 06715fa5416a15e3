"""The array operations that the numerics need, for NumPy or any namespace like it.

The transform, the smoothing and the simulation are written once, against an `ArrayOps`: NumPy
with SciPy's FFT on the CPU, CuPy or PyTorch on a GPU.
"""

from .of_devices import namespace_of, ops_of
from .ops import NUMPY, NUMPY_SINGLE, Array, ArrayOps

__all__ = ["NUMPY", "NUMPY_SINGLE", "Array", "ArrayOps", "namespace_of", "ops_of"]
