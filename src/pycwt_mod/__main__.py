"""The program behind ``python -m pycwt_mod`` and the script ``pycwt-mod``."""

from __future__ import annotations

import sys

from .cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
