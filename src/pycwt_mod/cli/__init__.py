"""The command line: ``pycwt-mod`` and ``python -m pycwt_mod``.

Each command is a module with a function ``add_to(commands)``, which describes its arguments, and
one that runs it and returns the text for stdout. Progress, warnings and errors go to stderr.
"""

from .program import main

__all__ = ["main"]
