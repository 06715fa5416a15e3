"""The rules of the house: which room may import which, and what `import pycwt_mod` loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pycwt_mod

ROOT = Path(pycwt_mod.__file__).parent
MODULES = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    for path in ROOT.rglob("*.py")
    if "tests" not in path.parts
)

# Rooms without any import of the package, but for others of their kind.
LEAVES = {"_version", "arrays", "progress", "validation"}

# What each room may import, besides the leaves. Imports run downwards only.
ALLOWED = {
    "helpers": set(),
    "mothers": {"helpers"},
    "transform": set(),
    "filters": {"transform"},
    "boxcar": set(),
    "coherence": {"boxcar", "filters", "transform"},
    "chisquare": {"mothers"},
    "montecarlo.noise": {"helpers"},
    # `plot` imports `plotting` when it is called, and so does that of `result`.
    "montecarlo.null": {"plotting"},
    "montecarlo.demands": set(),
    "montecarlo.grids": {"filters", "montecarlo.demands"},
    "montecarlo.plan": {"mothers", "transform", "filters", "montecarlo.grids"},
    "montecarlo.counting": {
        "coherence",
        "montecarlo.grids",
        "montecarlo.noise",
        "montecarlo.null",
        "montecarlo.plan",
    },
    "montecarlo.device": {"montecarlo.counting", "montecarlo.noise", "montecarlo.plan"},
    "montecarlo.simulate": {
        "montecarlo.counting",
        "montecarlo.device",
        "montecarlo.noise",
        "montecarlo.plan",
    },
    "montecarlo.cache": {"montecarlo.null"},
    "montecarlo.estimate": {
        "helpers",
        "backends",
        "montecarlo.cache",
        "montecarlo.noise",
        "montecarlo.null",
        "montecarlo.plan",
        "montecarlo.simulate",
    },
    "arguments": {"mothers", "montecarlo.noise", "montecarlo.plan"},
    "result": {"transform", "montecarlo.null", "plotting"},
    "wavelet": {
        "result",
        "arguments",
        "chisquare",
        "coherence",
        "helpers",
        "mothers",
        "transform",
        "montecarlo.estimate",
        "montecarlo.null",
        "montecarlo.plan",
    },
    "matrix.table": set(),
    "matrix.store": set(),
    "matrix.fields": {"coherence", "filters", "mothers", "transform", "montecarlo.plan"},
    "matrix.surrogates": {
        "coherence",
        "filters",
        "transform",
        "matrix.fields",
        "montecarlo.demands",
        "montecarlo.noise",
    },
    "matrix.nulls": {
        "backends",
        "matrix.fields",
        "matrix.surrogates",
        "montecarlo.estimate",
        "montecarlo.noise",
        "montecarlo.null",
        "montecarlo.plan",
    },
    "matrix.bands": {"matrix.fields", "matrix.nulls", "matrix.surrogates"},
    "matrix.result": {"matrix.fields", "matrix.store", "matrix.table", "plotting", "result"},
    "matrix.run": {
        "arguments",
        "backends",
        "helpers",
        "matrix.bands",
        "matrix.fields",
        "matrix.nulls",
        "matrix.result",
        "matrix.store",
        "matrix.surrogates",
        "matrix.table",
        "montecarlo.noise",
        "montecarlo.plan",
        "wavelet",
    },
    "matrix.compute": {
        "arguments",
        "backends",
        "matrix.fields",
        "matrix.result",
        "matrix.run",
        "matrix.store",
        "matrix.table",
        "transform",
        "wavelet",
    },
    "plotting.field": set(),
    "plotting.axes": {"plotting.field"},
    "plotting.colours": set(),
    "plotting.arrows": {"plotting.axes", "plotting.field"},
    "plotting.spectra": {"helpers", "mothers", "plotting.field", "wavelet"},
    "plotting.coherence": {"plotting.arrows", "plotting.axes", "plotting.field"},
    "plotting.cross": {
        "plotting.arrows",
        "plotting.axes",
        "plotting.colours",
        "plotting.field",
    },
    "plotting.power": {
        "plotting.axes",
        "plotting.colours",
        "plotting.field",
        "plotting.spectra",
    },
    "plotting.null": {"montecarlo.null", "plotting.axes"},
    "plotting.matrix": {"plotting.axes"},
}

# Each optional or heavy library has one file that may import it.
OPTIONAL = {
    "joblib": {"backends.joblib", "backends.pickling"},
    "distributed": {"backends.dask_session"},
    "dask": {"backends.dask_session"},
    "torch": {"backends.gpu"},
    "cupy": {"backends.gpu"},
    "tqdm": {"progress"},
    "matplotlib": {*(name for name in MODULES if name.startswith("plotting.")), "cli.pictures"},
    "pandas": {"matrix.result", "tables.files"},
}


def imports_of(module):
    """Return the imported modules of a file: (names inside the package, top-level outside)."""
    path = ROOT / (module.replace(".", "/") + ".py")
    inside, outside = set(), set()
    package = module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = package[: len(package) - node.level + 1]
                parts = [*base, *(node.module or "").split(".")] if node.module else base
                found = ".".join(parts)
                if found in MODULES:
                    inside.add(found)
                else:
                    inside.update(".".join([*parts, alias.name]).strip(".") for alias in node.names)
                continue
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "pycwt_mod":
                inside.add(name.partition(".")[2])
            else:
                outside.add(name.split(".")[0])
    return inside, outside


def rooms(names):
    """Reduce `backends.x` to `backends`; names that are no module are names in a package."""
    reduced = set()
    for name in names:
        if name.split(".")[0] == "backends":
            reduced.add("backends")
        else:
            while name not in MODULES and "." in name:
                name = name.rpartition(".")[0]
            reduced.add(name)
    return reduced


@pytest.mark.parametrize("module", sorted(ALLOWED))
def test_room_imports_only_rooms_below_it(module):
    inside, _ = imports_of(module)
    assert rooms(inside) - LEAVES <= ALLOWED[module]


@pytest.mark.parametrize("module", sorted(LEAVES))
def test_leaf_imports_nothing_of_the_package(module):
    assert imports_of(module)[0] == set()


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("backends.")])
def test_backends_know_nothing_of_what_they_run(module):
    inside, _ = imports_of(module)
    assert rooms(inside) <= LEAVES | {"backends"}


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("tables.")])
def test_tables_know_nothing_of_wavelets(module):
    inside, _ = imports_of(module)
    assert {name for name in inside if not name.startswith("tables")} <= LEAVES


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.split(".")[0] not in {"__main__", "cli", "tables"}]
)
def test_nothing_else_imports_the_command_line(module):
    inside, _ = imports_of(module)
    assert {name.split(".")[0] for name in inside}.isdisjoint({"cli", "tables"})


@pytest.mark.parametrize("module", MODULES)
def test_optional_library_is_imported_in_its_own_file_only(module):
    _, outside = imports_of(module)
    for library in outside & OPTIONAL.keys():
        assert module in OPTIONAL[library], f"{module} imports {library}"


def test_every_room_has_a_rule():
    packages = {f"{name}.__init__" for name in ("matrix", "montecarlo", "plotting")}
    free = {"__init__", "__main__", "conftest", "backends", *packages}
    ruled = {*ALLOWED, *LEAVES, *free}
    rooms_of_their_own = {"backends", "cli", "compat", "sample", "tables"}
    unruled = {name for name in MODULES if name.split(".")[0] not in rooms_of_their_own} - ruled
    assert unruled == set()


def test_import_loads_no_optional_library():
    unwanted = [*OPTIONAL, "scipy.signal", "scipy.stats", "scipy.optimize", "multiprocessing.pool"]
    code = f"import sys, pycwt_mod; print([m for m in {unwanted!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_no_module_bears_the_name_of_a_public_function():
    functions = {name for name in pycwt_mod.__all__ if callable(getattr(pycwt_mod, name))}
    assert functions.isdisjoint(MODULES)


def test_all_names_resolve_and_the_package_knows_its_name():
    for name in pycwt_mod.__all__:
        assert getattr(pycwt_mod, name) is not None
    assert pycwt_mod.__name__ == "pycwt_mod"
    with pytest.raises(AttributeError, match="no_such_name"):
        pycwt_mod.no_such_name  # noqa: B018
