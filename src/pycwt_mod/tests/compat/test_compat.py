"""`import pycwt` gets this package, on request; the way back; and what cannot be."""

import importlib
import importlib.util
import pickle
import subprocess
import sys

import pytest

import pycwt_mod
from pycwt_mod import compat


@pytest.fixture
def fresh(monkeypatch):
    """A process in which pycwt was not imported, as far as Python can tell."""
    for name in [name for name in sys.modules if name.split(".")[0] == "pycwt"]:
        monkeypatch.delitem(sys.modules, name)
    yield
    compat.uninstall()


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def test_import_of_pycwt_gets_the_same_modules(fresh):
    compat.install()
    assert compat.is_installed()
    import pycwt
    import pycwt.helpers
    import pycwt.mothers
    import pycwt.sample
    import pycwt.sample.dataset
    import pycwt.wavelet
    from pycwt._version_ import __version__
    from pycwt.helpers import find

    assert pycwt is pycwt_mod
    for name in ("wavelet", "helpers", "mothers", "sample"):
        assert sys.modules[f"pycwt.{name}"] is sys.modules[f"pycwt_mod.{name}"]
        assert sys.modules[f"pycwt_mod.{name}"].__spec__.name == f"pycwt_mod.{name}"
    assert pycwt_mod.__spec__.name == "pycwt_mod"
    assert find is pycwt_mod.find
    assert __version__ == pycwt_mod.__version__
    assert pycwt.sample.dataset.Dataset("SOI").load().size > 100


def test_module_replaced_by_the_user_counts(fresh, monkeypatch):
    compat.install()
    import pycwt.wavelet

    monkeypatch.setattr(pycwt.wavelet, "ar1", lambda series: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pycwt_mod.wct([1.0, 2, 0, 3, 1], [1.0, 0, 2, 1, 0], 1.0)


def test_pickle_made_with_pycwt_is_read(fresh):
    stored = pickle.dumps(pycwt_mod.Morlet(5.0), 0).replace(b"pycwt_mod.", b"pycwt.")
    assert b"pycwt.mothers" in stored
    compat.install()
    found = pickle.loads(stored)
    assert type(found) is pycwt_mod.Morlet
    assert found.f0 == 5


def test_install_twice_is_once_and_uninstall_brings_pycwt_back(fresh):
    finders = list(sys.meta_path)
    compat.install()
    compat.install()
    assert len(sys.meta_path) == len(finders) + 1
    import pycwt

    assert pycwt is pycwt_mod
    compat.uninstall()
    compat.uninstall()
    assert sys.meta_path == finders
    assert not compat.is_installed()
    assert not any(name.split(".")[0] == "pycwt" for name in sys.modules)
    real = pytest.importorskip("pycwt")
    assert real is not pycwt_mod
    assert real.__name__ == "PyCWT"


def test_nothing_happens_without_install():
    pytest.importorskip("pycwt")
    code = "import pycwt_mod, pycwt_mod.compat, pycwt; print(pycwt.__name__)"
    assert run("-c", code).stdout == "PyCWT\n"


def test_install_after_pycwt_is_refused_with_the_remedy(fresh):
    pytest.importorskip("pycwt")
    with pytest.raises(RuntimeError, match=r"before pycwt is imported, got pycwt from .*pycwt"):
        compat.install()
    assert not compat.is_installed()


def test_module_that_is_not_here_is_told(fresh):
    compat.install()
    with pytest.raises(ModuleNotFoundError, match=r"has no 'pycwt_mod\.nonsense'") as caught:
        importlib.import_module("pycwt.nonsense")
    assert caught.value.name == "pycwt.nonsense"
    with pytest.raises(ModuleNotFoundError, match="has no 'pycwt_mod"):
        importlib.util.find_spec("pycwt.nonsense")


def test_script_is_run_unchanged(tmp_path):
    (tmp_path / "beside.py").write_text("word = 'found'\n")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, beside, pycwt\nfrom pycwt.helpers import find\n"
        "print(__name__, sys.argv[1:], beside.word, pycwt.__name__)\nsys.exit(3)\n"
    )
    done = run("-W", "error", "-m", "pycwt_mod.compat", script, "a", "-b", cwd="/")
    assert done.stdout == "__main__ ['a', '-b'] found pycwt_mod\n"
    assert (done.returncode, done.stderr) == (3, "")


def test_module_is_run_unchanged(tmp_path):
    (tmp_path / "analysis.py").write_text("import pycwt, sys\nprint(pycwt.__name__, sys.argv[1:])")
    done = run("-m", "pycwt_mod.compat", "-m", "analysis", "x", cwd=tmp_path)
    assert (done.stdout, done.returncode) == ("pycwt_mod ['x']\n", 0)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "usage: python -m pycwt_mod.compat SCRIPT"),
        (["nowhere.py"], 2, "there is no file 'nowhere.py'"),
        (["--help"], 0, "example: python -m pycwt_mod.compat my_analysis.py"),
    ],
)
def test_wrong_command_shows_the_usage(arguments, code, words, capsys):
    assert compat.main(arguments) == code
    shown = capsys.readouterr()
    assert words in (shown.out if code == 0 else shown.err)
    assert not compat.is_installed()
