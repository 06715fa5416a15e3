"""The rules of the house: which room imports which, in no circle, and what an import loads.

The graph holds every import between the files of the package, wherever it stands: at the top of a
file, in a function or under TYPE_CHECKING. A room is a file or a folder beside `__init__.py`.
"""

import ast
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import pycwt_mod

ROOT = Path(pycwt_mod.__file__).parent
PACKAGE = ROOT.name

# A room imports rooms of later lines only: neither of its own line nor of one above.
LAYERS = [
    {"__main__", "conftest"},
    {"cli"},
    {"__init__", "compat", "sample"},
    {"saved"},
    {"groups", "matrix", "preparation"},
    {"wavelet"},
    {"levels", "single"},
    {"results"},
    {"clusters", "null_fields"},
    {"analytic", "montecarlo"},
    {"backends", "plotting", "tables"},
    {"reconstruction", "scales", "spectra", "summary"},
    {"arguments", "device_transform", "signals"},
    {"chisquare", "coherence"},
    {"record_spectra"},
    {"geometry", "indexes"},
    {"filters", "mothers"},
    {"boxcar", "cached_files", "helpers", "keywords", "measures", "statistic", "time_axis"},
    {"limits"},
    {"transform"},
    {"pieces"},
    {"at_times", "responses", "seeds"},
    {"inverse_fft", "spectrum"},
    {"long_fft"},
    {
        "_version",
        "arrays",
        "files",
        "frames",
        "kernels",
        "notebook",
        "progress",
        "validation",
        "working_memory",
    },
]

# Rooms that would do for any other subject: they know nothing of wavelets.
ONLY_IMPORT = {"backends": LAYERS[-1] | {"seeds"}, "tables": LAYERS[-1] | {"time_axis"}}

# Rooms that serve one other room only.
ONLY_IMPORTED_BY = {"tables": {"cli"}, "cli": {"__main__"}}

# Each optional or heavy library, and the modules that may import it.
LIBRARIES = {
    "joblib": {"backends.joblib", "backends.nesting"},
    "distributed": {"backends.dask"},
    "dask": {"backends.dask"},
    "torch": {"arrays.torch"},
    "cupy": {"arrays.cupy"},
    "tqdm": {"progress"},
    "matplotlib": {"plotting", "cli.pictures"},
    "pandas": {"frames", "tables"},
    "xarray": {"frames"},
}


class Arrow(NamedTuple):
    """One import, and the file and line where it stands."""

    importer: str
    imported: str
    place: str

    def __str__(self):
        return f"{self.place}: {self.importer} imports {self.imported}"


def modules(root=ROOT):
    """Return the files of a package by the dotted names of their modules, without the tests."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = (root.name, *path.relative_to(root).with_suffix("").parts)
        if "tests" not in parts:
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imported_names(module, path):
    """Yield (dotted name, place) of all that a file imports."""
    package = module if path.stem == "__init__" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(filter(None, (above, node.module)))
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from ((name, f"{path}:{node.lineno}") for name in names)


def arrows(files):
    """Return the imports between modules; that of a module runs its package's `__init__`, too."""
    found = set()
    for module, path in files.items():
        for name, place in imported_names(module, path):
            parts = name.split(".")
            prefixes = (".".join(parts[:k]) for k in range(len(parts), 0, -1))
            target, *packages = [prefix for prefix in prefixes if prefix in files] or [module]
            outside = [p for p in packages if not module.startswith(f"{p}.")]
            found |= {Arrow(module, each, place) for each in (target, *outside) if each != module}
    return found


def room_of(module):
    """Return the room that a module belongs to."""
    return module.split(".")[1] if "." in module else "__init__"


def between_rooms(found):
    """Return the arrows that lead from one room to another."""
    reduced = {Arrow(room_of(a.importer), room_of(a.imported), a.place) for a in found}
    return {arrow for arrow in reduced if arrow.importer != arrow.imported}


def circles(found):
    """Return the arrows that are part of a circle, sorted by place."""
    targets = {}
    for arrow in found:
        targets.setdefault(arrow.importer, set()).add(arrow.imported)

    def leads_back(arrow):
        seen, waiting = set(), [arrow.imported]
        while waiting and arrow.importer not in seen:
            new = targets.get(waiting.pop(), set()) - seen
            seen |= new
            waiting += new
        return arrow.importer in seen

    return sorted(filter(leads_back, found), key=lambda arrow: arrow.place)


def lines(found):
    """Return arrows for a message, one to a line."""
    return "\n".join(map(str, sorted(found, key=lambda arrow: arrow.place)))


@pytest.fixture(scope="module")
def graph():
    return arrows(modules())


def test_no_module_is_in_a_circle_of_imports(graph):
    found = circles(graph)
    assert not found, f"circles:\n{lines(found)}"


def test_rooms_import_downwards_only(graph):
    depth = {room: k for k, layer in enumerate(LAYERS) for room in layer}
    rooms = {room_of(module) for module in modules()}
    assert depth.keys() == rooms, "LAYERS must name each room, and no room that is gone"
    climbs = [a for a in between_rooms(graph) if depth[a.importer] >= depth[a.imported]]
    assert not climbs, lines(climbs)


def test_rooms_that_know_nothing_of_wavelets_import_none(graph):
    found = [
        arrow
        for arrow in between_rooms(graph)
        if arrow.imported not in ONLY_IMPORT.get(arrow.importer, {arrow.imported})
        or arrow.importer not in ONLY_IMPORTED_BY.get(arrow.imported, {arrow.importer})
    ]
    assert not found, lines(found)


def test_optional_library_is_imported_in_its_own_place_only():
    stale = {f"{PACKAGE}.{place}" for places in LIBRARIES.values() for place in places}
    assert stale <= modules().keys(), "LIBRARIES must name no module that is gone"
    found = []
    for module, path in modules().items():
        own = module.removeprefix(f"{PACKAGE}.")
        for name, place in imported_names(module, path):
            places = LIBRARIES.get(name.split(".")[0], {own})
            if not any(f"{own}.".startswith(f"{allowed}.") for allowed in places):
                found.append(Arrow(own, name, place))
    assert not found, lines(found)


def test_circle_is_found_wherever_its_imports_stand(tmp_path):
    package = tmp_path / "house"
    for name, text in {
        "__init__": "from .a import f",
        "a": "def f():\n    from .room import b",
        "room/__init__": "",
        "room/b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..c import g",
        "c": "import house.a as first",
        "d": "from .room import b, no_module\nfrom . import c\nimport os.path",
    }.items():
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = arrows(modules(package))
    assert {(a.importer, a.imported) for a in found if a.importer == "house.d"} == {
        ("house.d", "house.room.b"), ("house.d", "house.room"), ("house.d", "house.c"),
    }  # fmt: skip
    assert [str(arrow).removeprefix(str(package)) for arrow in circles(found)] == [
        "/a.py:2: house.a imports house.room.b",
        "/c.py:1: house.c imports house.a",
        "/room/b.py:3: house.room.b imports house.c",
    ]
    assert {a.importer for a in circles(between_rooms(found))} == {"a", "room", "c"}


SMALL_JOBS = """
def loaded(*slow):
    return [name for name in {libraries} if name in sys.modules] + [
        name for name in slow if name in sys.modules
    ]

import sys
import pycwt_mod
assert not loaded("scipy.signal", "scipy.stats", "scipy.optimize", "multiprocessing.pool"), loaded()
import pycwt_mod.backends.testing
from pycwt_mod.backends import *
from pycwt_mod.progress import make_progress
for name in ("sequential", "auto", None):
    run_monte_carlo(lambda seed: 1, 200, seed=1, backend=name)
with make_progress(False, 1) as bar:
    bar.update(1)
assert not loaded(), loaded()
pycwt_mod.plotting
assert loaded("matplotlib.pyplot") == ["matplotlib"], loaded()
"""


def test_import_and_small_jobs_load_no_optional_library():
    code = SMALL_JOBS.format(libraries=list(LIBRARIES))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_no_module_bears_the_name_of_a_public_function():
    functions = {name for name in pycwt_mod.__all__ if callable(getattr(pycwt_mod, name))}
    assert functions.isdisjoint(map(room_of, modules()))


def test_all_names_resolve_and_the_package_knows_its_name():
    for name in pycwt_mod.__all__:
        assert getattr(pycwt_mod, name) is not None
    assert pycwt_mod.__name__ == "pycwt_mod"
    with pytest.raises(AttributeError, match="no_such_name"):
        pycwt_mod.no_such_name  # noqa: B018
