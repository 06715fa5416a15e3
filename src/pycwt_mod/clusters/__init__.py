"""Patches of neighbouring points above their levels, and how large chance makes the largest.

Of a map of unrelated series a share of the points exceeds its level, in patches. A patch is judged
as a whole, against the largest patch of maps of surrogates (Maris & Oostenveld 2007).
"""

from .estimate import largest_patches
from .patches import PatchFinder, areas_of
from .surrogates import STATISTICS, PatchTest

__all__ = ["STATISTICS", "PatchFinder", "PatchTest", "areas_of", "largest_patches"]
