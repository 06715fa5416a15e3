"""What is pickled by value, and what by the name of a module that workers can import."""

import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import scipy.special

from pycwt_mod.backends.pickling import cloudpickle_dumps

SCRIPT = """
import multiprocessing  # gives this script its second name, before SciPy's modules are there
from scipy.special import voigt_profile

from pycwt_mod.backends import map_tasks


def line(x):
    return float(voigt_profile(x, 1.0, 1.0))


if __name__ == "__main__":
    for backend in ("sequential", "joblib"):
        print(map_tasks(line, [0.0, 1.0], backend=backend, n_workers=2))
"""


def test_ufunc_that_a_script_imports_reaches_joblib_workers(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(SCRIPT))
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    alone, workers = done.stdout.splitlines()
    assert alone == workers


@pytest.mark.parametrize("ufunc", [np.add, scipy.special.voigt_profile, scipy.special.erf])
@pytest.mark.parametrize("take_buffer", [None, lambda buffer: None])
def test_ufunc_is_pickled_by_a_module_that_can_be_imported(ufunc, take_buffer, monkeypatch):
    for name in ("__main__", "__mp_main__"):
        if name in sys.modules:
            monkeypatch.setattr(sys.modules[name], ufunc.__name__, ufunc, raising=False)
    data = cloudpickle_dumps(ufunc, take_buffer)
    assert b"main__" not in data
    assert pickle.loads(data) is ufunc


def test_ufunc_of_the_users_own_is_pickled_as_numpy_does():
    made = np.frompyfunc(abs, 1, 1)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        cloudpickle_dumps(made)
