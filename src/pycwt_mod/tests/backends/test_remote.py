"""Exceptions come out of a worker as themselves, or else as a clear account of them."""

import pickle
import threading

import pytest

from pycwt_mod.backends import RemoteError
from pycwt_mod.backends.remote import Guarded, unwrap
from pycwt_mod.backends.shipment import Shipment, receive, run_shipped


class DropsNotesError(Exception):
    def __reduce__(self):
        return DropsNotesError, self.args


class BrokenStrError(Exception):
    def __str__(self):
        raise RuntimeError


def outcome_of(error, note=None):
    def kernel(_):
        if note is not None:
            error.add_note(note)
        raise error

    return receive(run_shipped(Shipment.of(lambda task: kernel(task)), 0))


def test_remote_error_keeps_type_message_and_notes():
    with pytest.raises(DropsNotesError, match="gone") as caught:
        outcome_of(DropsNotesError("gone"), "a note")
    assert caught.value.__notes__ == ["a note"]
    assert "DropsNotesError: gone" in str(caught.value.__cause__)


def test_remote_error_of_what_does_not_unpickle_tells_all():
    # Made here, because tblib, where distributed is imported, teaches older classes to unpickle.
    class TwoArgumentsError(Exception):
        """Pickles, and does not unpickle: its __init__ wants more than `args` holds."""

        def __init__(self, first, second):
            super().__init__(f"{first} and {second}")

    def fail(_):
        raise TwoArgumentsError("one", "two")

    with pytest.raises(RemoteError, match="TwoArgumentsError: one and two") as caught:
        receive(run_shipped(Shipment.of(fail), 0))
    assert caught.value.type_name.endswith("TwoArgumentsError")
    assert caught.value.remote_message == "one and two"
    assert 'raise TwoArgumentsError("one", "two")' in caught.value.remote_traceback


def test_remote_error_of_a_result_that_cannot_be_pickled():
    with pytest.raises(TypeError, match="lock") as caught:
        receive(run_shipped(Shipment.of(lambda task: threading.Lock()), 0))
    assert any("the result of type lock cannot be pickled" in n for n in caught.value.__notes__)


def test_remote_error_of_a_message_that_cannot_be_made():
    def fail(_):
        raise BrokenStrError

    with pytest.raises(BrokenStrError):
        receive(run_shipped(Shipment.of(fail), 0))


def test_remote_error_survives_pickling_itself():
    error = RemoteError("all", "a.B", "why", "where")
    error.add_note("note")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.type_name, copy.remote_message) == ("all", "a.B", "why")
    assert (copy.remote_traceback, copy.__notes__) == ("where", ["note"])


def test_remote_error_of_a_kernel_that_cannot_be_unpickled():
    shipment = Shipment.of(Vanishing())
    with pytest.raises(ModuleNotFoundError, match="not there"):
        receive(run_shipped(shipment, 0))


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

    outcome = Guarded(leave, crosses_process=True)(0)
    with pytest.raises(SystemExit):
        unwrap(outcome)


def test_remote_kernel_is_unpickled_once_per_process():
    kernel = Counting()
    shipment = Shipment.of(kernel)
    Counting.n_loaded = 0
    assert [receive(run_shipped(shipment, k)) for k in range(5)] == list(range(5))
    assert Counting.n_loaded == 1


class Counting:
    n_loaded = 0

    def __call__(self, task):
        return task

    def __setstate__(self, state):
        type(self).n_loaded += 1

    def __getstate__(self):
        return {"any": 1}
