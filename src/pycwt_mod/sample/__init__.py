"""Sample series to try things on, and the demonstration.

`load` reads a series by name. `pycwt_mod.sample.dataset` offers the same series to scripts that
were written for pycwt.
"""

from .series import Series, load

__all__ = ["Series", "load"]
