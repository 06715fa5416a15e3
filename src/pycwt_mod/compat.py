"""Let ``import pycwt`` mean this package, for code that cannot be edited.

Opt-in: nothing happens until `install` is called, before pycwt is imported for the first time::

    import pycwt_mod.compat

    pycwt_mod.compat.install()

    import other_peoples_code  # whose ``import pycwt`` now gets pycwt_mod

A script need not be touched at all: ``python -m pycwt_mod.compat script.py`` runs it so.
"""

from __future__ import annotations

import importlib
import importlib.util
import runpy
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

__all__ = ["install", "is_installed", "main", "uninstall"]

_THEIRS = "pycwt"
_OURS = __package__

# Modules of pycwt that have another name here.
_RENAMED = {"_version_": "_version"}

_USAGE = """\
usage: python -m pycwt_mod.compat SCRIPT [ARGUMENTS ...]
       python -m pycwt_mod.compat -m MODULE [ARGUMENTS ...]

Run a script or a module, with pycwt_mod in place of pycwt.
example: python -m pycwt_mod.compat my_analysis.py input.csv
"""


class _Finder(MetaPathFinder):
    """Find ``pycwt`` and all below it in this package."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module comes from; None if it is none of pycwt's."""
        top, _, rest = fullname.partition(".")
        if top != _THEIRS:
            return None
        ours = ".".join(filter(None, (_OURS, _RENAMED.get(rest, rest))))
        if importlib.util.find_spec(ours) is None:
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: pycwt_mod, which stands in for pycwt here, has "
                f"no {ours!r}. Call pycwt_mod.compat.uninstall() to import from pycwt itself.",
                name=fullname,
            )
        return ModuleSpec(fullname, _Loader(ours))


class _Loader(Loader):
    """Give a module of this package under another name: the same object, not a copy."""

    def __init__(self, ours: str) -> None:
        self._ours = ours

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module, which exists already or is imported now."""
        module = importlib.import_module(self._ours)
        self._own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Put the module's own description back, which importing by this name replaced."""
        module.__spec__ = self._own_spec


_finder = _Finder()


def install() -> None:
    """Make ``import pycwt``, and its submodules, import this package.

    It holds in this process, until `uninstall`, whether or not pycwt is installed. The modules are
    the same objects by either name, so ``pycwt.wavelet.ar1 = ...`` takes effect as in pycwt. Worker
    processes that import pycwt by themselves need a call of their own. A second call does nothing.

    A submodule that is not here raises ModuleNotFoundError with the remedy, never falling through
    to pycwt itself; so does ``importlib.util.find_spec("pycwt.x")``, which for other packages
    returns None: catch the error where a program asks in this way.

    Raises
    ------
    RuntimeError
        If pycwt itself was imported before: the code that imported it would go on using it.

    Examples
    --------
    At the top of the program, before all else::

        import pycwt_mod.compat

        pycwt_mod.compat.install()

        import pycwt  # this package
        from pycwt.helpers import find
    """
    there = sys.modules.get(_THEIRS)
    if there is not None and there is not sys.modules[_OURS]:
        raise RuntimeError(
            f"`install` must be called before pycwt is imported, got pycwt from "
            f"{getattr(there, '__file__', 'an unknown place')} imported already, and what imported "
            "it would go on using it. Put `import pycwt_mod.compat; pycwt_mod.compat.install()` "
            "above all other imports, or run the script by `python -m pycwt_mod.compat SCRIPT`."
        )
    if not is_installed():
        sys.meta_path.insert(0, _finder)


def uninstall() -> None:
    """Undo `install`: the next ``import pycwt`` imports pycwt itself.

    Modules imported in between stay this package's. A call without `install` before does nothing.
    """
    if not is_installed():
        return
    sys.meta_path.remove(_finder)
    for name in [name for name in sys.modules if name.split(".")[0] == _THEIRS]:
        del sys.modules[name]


def is_installed() -> bool:
    """Return whether ``import pycwt`` imports this package."""
    return _finder in sys.meta_path


def main(argv: Sequence[str] | None = None) -> int:
    """Run a script or a module with this package in place of pycwt.

    Parameters
    ----------
    argv : sequence of str, optional
        The script or ``-m`` and the module, and its arguments; by default those of the process.

    Returns
    -------
    int
        0, or 2 if the command was wrong. A script that fails or exits does so by itself.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments in (["-h"], ["--help"]):
        sys.stdout.write(_USAGE)
        return 0
    as_module = arguments[:1] == ["-m"]
    arguments = arguments[as_module:]
    if not arguments or (not as_module and not Path(arguments[0]).is_file()):
        found = f"\npycwt_mod.compat: there is no file {arguments[0]!r}\n" if arguments else ""
        sys.stderr.write(_USAGE + found)
        return 2
    install()
    sys.argv = arguments
    if as_module:
        sys.path.insert(0, "")
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(arguments[0]).resolve().parent))
        runpy.run_path(arguments[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    # The module proper, of which this is a second copy, holds the one finder.
    from pycwt_mod import compat

    sys.exit(compat.main())
