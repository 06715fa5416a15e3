"""``pycwt-mod backends``: the backends that are installed, and how to install the others."""

from __future__ import annotations

import argparse
import contextlib
import io
from importlib import metadata
from typing import Any

from ..backends import get_backend_info, print_backend_info
from . import options
from .analysis import as_json, program_facts

# The libraries of the package itself, and those that read files.
_LIBRARIES = ("numpy", "scipy", "matplotlib", "joblib", "tqdm")
_READERS = ("pandas", "pyarrow")


def add_to(commands: options.Commands) -> None:
    """Add the command."""
    parser = options.new_command(
        commands,
        "backends",
        _run,
        help="what is installed here, and what to install for the rest",
        description="The backends that simulations can run on, the versions of their libraries, "
        "and the pip line of what is not installed.",
        epilog="example:\n  pycwt-mod backends --json",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _run(arguments: argparse.Namespace) -> str:
    versions = {name: _version(name) for name in (*_LIBRARIES, *_READERS)}
    if arguments.json:
        provenance = program_facts(arguments)
        results: dict[str, Any] = {"backends": get_backend_info(), "libraries": versions}
        return as_json({"provenance": provenance, "results": results})
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        print_backend_info()
    facts = program_facts(arguments)
    lines = [
        f"pycwt_mod {facts['version']}, Python {facts['python']} on {facts['platform']}",
        "",
        text.getvalue().rstrip(),
        "",
        ", ".join(f"{name} {versions[name]}" for name in _LIBRARIES),
    ]
    lacking = [name for name in _READERS if versions[name] is None]
    if lacking:
        lines.append(f"files: {' and '.join(lacking)} lacking; pip install {' '.join(lacking)}")
    else:
        lines.append(f"files: by pandas {versions['pandas']} and pyarrow {versions['pyarrow']}")
    return "\n".join(lines)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
