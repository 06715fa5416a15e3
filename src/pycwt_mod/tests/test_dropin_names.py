"""The names and signatures of pycwt."""

import importlib
import inspect

import numpy as np
import pycwt
import pytest

import pycwt_mod
from pycwt_mod import mothers
from pycwt_mod.tests.oracle import assert_close

FUTURE = {"absolute_import", "division", "print_function", "unicode_literals"}
# Names that pycwt's modules hold by accident, as imports for their own use, and why no script
# needs them from there.
EXCEPTIONS = {
    "": {"_version_": "private; its `version` and `__version__` are on the package"},
    "wavelet": {
        "numpy": "NumPy itself; as `pycwt_mod.numpy`, where `import *` put it",
        "chi2": "scipy.stats.chi2 itself; as `pycwt_mod.chi2`",
        "tqdm": "tqdm.tqdm itself; as `pycwt_mod.tqdm`",
    },
    "helpers": {
        "numpy": "NumPy itself",
        "cpu_count": "multiprocessing.cpu_count itself, for pyFFTW, which is not used",
        "makedirs": "os.makedirs itself",
        "exists": "os.path.exists itself",
        "expanduser": "os.path.expanduser itself",
        "lfilter": "scipy.signal.lfilter itself, slow to import",
    },
    "mothers": {
        "numpy": "NumPy itself",
        "convolve2d": "scipy.signal.convolve2d itself",
        "gamma": "scipy.special.gamma itself",
        "hermitenorm": "from scipy.special.orthogonal, which SciPy 2 removes",
    },
}


@pytest.mark.parametrize("module", EXCEPTIONS)
def test_names_of_pycwt_resolve(module):
    theirs = importlib.import_module(f"pycwt.{module}".rstrip("."))
    ours = importlib.import_module(f"pycwt_mod.{module}".rstrip("."))
    names = {name for name in vars(theirs) if not name.startswith("__")} - FUTURE
    assert set(EXCEPTIONS[module]) < names
    missing = [n for n in names - set(EXCEPTIONS[module]) if not hasattr(ours, n)]
    assert missing == []


def test_names_of_pycwt_star_import_resolve():
    for name in pycwt.__all__:
        assert hasattr(pycwt_mod, name)
        assert name in pycwt_mod.__all__


def test_names_wavelet_holds_the_same_functions_as_the_package():
    for name in ("cwt", "icwt", "significance", "xwt", "wct", "wct_significance", "ar1", "find"):
        assert getattr(pycwt_mod, name) is getattr(pycwt_mod.wavelet, name)
    assert inspect.isfunction(pycwt_mod.significance)
    assert inspect.ismodule(pycwt_mod.wavelet)


def test_names_check_parameter_wavelet_is_where_scripts_look_for_it():
    from pycwt_mod.wavelet import _check_parameter_wavelet

    assert isinstance(_check_parameter_wavelet("paul"), pycwt_mod.Paul)
    mother = pycwt_mod.Morlet(5)
    assert _check_parameter_wavelet(mother) is mother


def test_names_fft_of_wavelet_transforms():
    x = np.arange(5.0)
    for module in (pycwt_mod, pycwt_mod.wavelet, pycwt_mod.helpers, pycwt_mod.mothers):
        assert_close(module.fft.fft(x, 8), pycwt.wavelet.fft.fft(x, 8))
        assert_close(module.fft.fftfreq(8, 0.5), pycwt.wavelet.fft.fftfreq(8, 0.5))


def test_names_mothers_can_be_looked_up_in_vars():
    for name in ("Morlet", "Paul", "DOG", "MexicanHat"):
        assert vars(mothers)[name] is getattr(pycwt_mod, name)


POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@pytest.mark.parametrize("name", ["cwt", "icwt", "significance", "xwt", "wct", "wct_significance"])
def test_signature_begins_with_that_of_pycwt(name):
    ours, theirs = (
        [p for p in inspect.signature(function).parameters.values() if p.kind in POSITIONAL]
        for function in (getattr(pycwt_mod, name), getattr(pycwt, name))
    )
    assert [p.name for p in ours] == [p.name for p in theirs]
    for our, their in zip(ours, theirs, strict=True):
        # The index of a series may tell `dt`, which pycwt must be given.
        needless = their.name == "dt" and our.default is None
        assert our.default == their.default or needless, our


@pytest.mark.parametrize(
    "name", ["ar1", "ar1_spectrum", "rednoise", "rect", "boxpdf", "find", "fft_kwargs"]
)
def test_signature_of_helpers_begins_with_that_of_pycwt(name):
    theirs = inspect.signature(getattr(pycwt.helpers, name)).parameters
    ours = inspect.signature(getattr(pycwt_mod.helpers, name)).parameters
    assert [(p.name, p.default) for p in ours.values()][: len(theirs)] == [
        (p.name, p.default) for p in theirs.values()
    ]
