"""What is pickled by value and what by name, and how exceptions come home."""

import pickle
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
import scipy.special

from pycwt_mod.backends import RemoteError
from pycwt_mod.backends.pickling import Failure, dumps, opened
from pycwt_mod.backends.shipping import Parcel

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
def test_ufunc_is_pickled_by_a_module_that_can_be_imported(ufunc, monkeypatch):
    for name in ("__main__", "__mp_main__"):
        if name in sys.modules:
            monkeypatch.setattr(sys.modules[name], ufunc.__name__, ufunc, raising=False)
    data = dumps(ufunc)
    assert b"main__" not in data
    assert pickle.loads(data) is ufunc


def test_ufunc_of_the_users_own_is_pickled_as_numpy_does():
    with pytest.raises((pickle.PicklingError, AttributeError)):
        dumps(np.frompyfunc(abs, 1, 1))


class DropsNotesError(Exception):
    def __reduce__(self):
        return DropsNotesError, self.args


class BrokenStrError(Exception):
    def __str__(self):
        raise RuntimeError


def outcome_of(kernel):
    """Send a kernel and its outcome through pickles, as a pool does."""
    parcel = pickle.loads(dumps(Parcel(kernel)))
    number, outcome = pickle.loads(dumps(parcel((7, 0))))
    assert number == 7
    return opened(outcome)


def test_remote_error_keeps_type_message_and_notes():
    def fail(_):
        error = DropsNotesError("gone")
        error.add_note("a note")
        raise error

    with pytest.raises(DropsNotesError, match="gone") as caught:
        outcome_of(fail)
    assert caught.value.__notes__ == ["a note"]
    assert "DropsNotesError: gone" in str(caught.value.__cause__)
    assert "in fail" in str(caught.value.__cause__)


def test_remote_error_of_what_does_not_unpickle_tells_all():
    # Made here, because tblib, where distributed is imported, teaches older classes to unpickle.
    class TwoArgumentsError(Exception):
        """Pickles, and does not unpickle: its __init__ wants more than `args` holds."""

        def __init__(self, first, second):
            super().__init__(f"{first} and {second}")

    def fail(_):
        raise TwoArgumentsError("one", "two")

    with pytest.raises(RemoteError, match="TwoArgumentsError: one and two") as caught:
        outcome_of(fail)
    assert caught.value.type_name.endswith("TwoArgumentsError")
    assert caught.value.remote_message == "one and two"
    assert 'raise TwoArgumentsError("one", "two")' in caught.value.remote_traceback


def test_remote_error_of_a_message_that_cannot_be_made():
    def fail(_):
        raise BrokenStrError

    with pytest.raises(BrokenStrError):
        outcome_of(fail)


def test_remote_error_of_a_result_that_cannot_be_pickled():
    with pytest.raises(TypeError, match="lock") as caught:
        outcome_of(lambda task: threading.Lock())
    assert any("the result of type lock cannot be pickled" in n for n in caught.value.__notes__)


def test_remote_error_survives_pickling_itself():
    error = RemoteError("all", "a.B", "why", "where")
    error.add_note("note")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.type_name, copy.remote_message) == ("all", "a.B", "why")
    assert (copy.remote_traceback, copy.__notes__) == ("where", ["note"])


def test_remote_error_of_a_kernel_that_cannot_be_unpickled():
    with pytest.raises(ModuleNotFoundError, match="not there"):
        outcome_of(Vanishing())


class Vanishing:
    def __call__(self, task):
        return task

    def __reduce__(self):
        return vanish, ()


def vanish():
    raise ModuleNotFoundError("not there")


def test_remote_system_exit_does_not_end_a_worker():
    def leave(_):
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        outcome_of(leave)


def test_failure_in_process_is_the_very_exception():
    error = ValueError("mine")
    with pytest.raises(ValueError, match="mine") as caught:
        opened(Failure.of(error, crosses_process=False))
    assert caught.value is error
