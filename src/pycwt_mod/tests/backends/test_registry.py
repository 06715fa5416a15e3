"""Names, precedence, and what `backend=` may be."""

from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import pandas as pd
import pytest

from pycwt_mod import backends
from pycwt_mod.backends import (
    AutoBackend,
    DaskBackend,
    ExecutorBackend,
    JoblibBackend,
    MCBackend,
    SequentialBackend,
    resolve_backend,
)

pytestmark = pytest.mark.usefixtures("clean_registry")


class Toy(SequentialBackend):
    name = "toy"
    n_closed = 0

    def close(self):
        type(self).n_closed += 1


class Missing(SequentialBackend):
    name = "missing"
    requires = ("a_library_that_is_not_there",)


class Abstract(MCBackend):
    name = "abstract"


@pytest.fixture
def toy():
    Toy.n_closed = 0
    backends.register_backend("toy", Toy)
    return Toy


def resolved(backend=None, n_workers=None):
    with resolve_backend(backend, n_workers) as chosen:
        return chosen


def test_resolve_default_is_auto():
    assert type(resolved()) is AutoBackend
    assert type(resolved("auto")) is AutoBackend


def test_resolve_precedence_of_argument_session_environment(monkeypatch, toy):
    monkeypatch.setenv("PYCWT_MOD_BACKEND", "sequential")
    assert type(resolved()) is SequentialBackend
    backends.set_default_backend("toy")
    assert type(resolved()) is toy
    assert type(resolved("joblib")) is JoblibBackend
    backends.set_default_backend(None)
    assert type(resolved()) is SequentialBackend
    monkeypatch.setenv("PYCWT_MOD_BACKEND", "  ")
    assert type(resolved()) is AutoBackend


def test_resolve_names_ignore_case(toy, monkeypatch):
    assert type(resolved("Sequential ")) is SequentialBackend
    assert type(resolved("TOY")) is toy
    monkeypatch.setenv("PYCWT_MOD_BACKEND", "JobLib")
    assert type(resolved()) is JoblibBackend


def test_resolve_unknown_name_lists_the_names_and_a_near_match(toy):
    with pytest.raises(ValueError, match="`backend` must be one of 'auto', 'sequential'") as caught:
        resolve_backend("joblob")
    assert "'toy'" in str(caught.value)
    assert "got 'joblob'. Did you mean 'joblib'?" in str(caught.value)
    with pytest.raises(ValueError, match=r"got 'zzz'\.$"):
        resolve_backend("zzz")


def test_resolve_bad_environment_names_the_variable(monkeypatch):
    monkeypatch.setenv("PYCWT_MOD_BACKEND", "joblob")
    with pytest.raises(ValueError, match="the environment variable PYCWT_MOD_BACKEND must be one"):
        resolve_backend()


def test_resolve_missing_library_warns_and_runs_sequentially():
    backends.register_backend("missing", Missing)
    line = "pip install a_library_that_is_not_there"
    with pytest.warns(UserWarning, match=f"'missing' is not installed; .*: {line}"):
        assert type(resolved("missing")) is SequentialBackend


def test_resolve_missing_dask_names_libraries_that_pip_finds(monkeypatch):
    monkeypatch.setattr(DaskBackend, "is_available", classmethod(lambda cls: False))
    with pytest.warns(UserWarning, match="pip install distributed$"):
        assert type(resolved("dask")) is SequentialBackend


def test_resolve_closes_what_it_made_and_nothing_else(toy):
    own = toy()
    assert resolved(own) is own
    assert toy.n_closed == 0
    resolved("toy")
    assert toy.n_closed == 1


def test_resolve_closes_what_it_made_after_an_exception(toy):
    def fail():
        with resolve_backend("toy"):
            raise KeyError("no")

    with pytest.raises(KeyError):
        fail()
    assert toy.n_closed == 1


def test_resolve_wraps_an_executor_and_leaves_it_open():
    with ThreadPoolExecutor(2) as pool:
        with resolve_backend(pool, n_workers=1) as chosen:
            assert type(chosen) is ExecutorBackend
            assert chosen.n_workers == 1
            assert list(chosen.map(abs, [-1, -2])) == [1, 2]
        assert pool.submit(abs, -3).result() == 3


def test_resolve_wraps_a_dask_client_and_leaves_it_open(dask_client):
    with resolve_backend(dask_client) as chosen:
        assert type(chosen) is DaskBackend
        assert list(chosen.map(abs, [-1, -2])) == [1, 2]
    assert dask_client.submit(abs, -3).result() == 3


def test_resolve_limits_the_workers():
    assert resolved("joblib", 1).n_workers == 1
    assert resolved(JoblibBackend(2), 1).n_workers == 1
    assert resolved("auto", 2).n_workers == 2
    with pytest.raises(ValueError, match="`n_workers` must be a positive integer or -1, got 0"):
        resolve_backend("sequential", 0)


def test_resolve_wraps_a_pool_that_maps_and_leaves_it_open():
    with ThreadPool(2) as pool:
        with resolve_backend(pool, n_workers=1) as chosen:
            assert type(chosen) is ExecutorBackend
            assert list(chosen.map(abs, [-1, -2])) == [1, 2]
        assert pool.map(abs, [-3]) == [3]


@pytest.mark.parametrize(
    "wrong", [3, 2.5, object(), ["joblib"], True, pd.Series([1.0]), ThreadPool]
)
def test_resolve_refuses_anything_else_and_lists_what_it_takes(wrong):
    with pytest.raises(TypeError, match="`backend` must be None, a name") as caught:
        resolve_backend(wrong)
    for word in ("'joblib'", "MCBackend", "concurrent.futures.Executor", "Client", "method `map`"):
        assert word in str(caught.value)


@pytest.mark.parametrize("cls", [JoblibBackend, ThreadPoolExecutor])
def test_resolve_of_a_class_says_to_call_it(cls):
    with pytest.raises(TypeError, match=rf"Call the class to make an instance: {cls.__name__}"):
        resolve_backend(cls)


def test_register_as_default(toy):
    backends.register_backend("Other", Toy, default=True)
    assert type(resolved()) is Toy
    assert backends.list_backends()[-2:] == ["other", "toy"]


@pytest.mark.parametrize("wrong", [dict, Toy(), "toy", None])
def test_register_refuses_what_is_no_backend_class(wrong):
    with pytest.raises(TypeError, match="`cls` must be a subclass of MCBackend"):
        backends.register_backend("x", wrong)


def test_register_refuses_an_abstract_class():
    with pytest.raises(TypeError, match="Abstract does not define run_tasks"):
        backends.register_backend("x", Abstract)


def test_register_keeps_the_built_in_names():
    with pytest.raises(ValueError, match="`name` must not be that of a built-in backend"):
        backends.register_backend("Joblib", Toy)
    backends.register_backend("joblib", JoblibBackend)
    assert type(backends.get_backend("joblib")) is JoblibBackend


def test_register_again_takes_the_new_class(toy):
    class Toy2(Toy):
        pass

    backends.register_backend("toy", Toy2)
    assert type(backends.get_backend("toy")) is Toy2


@pytest.mark.parametrize(("name", "error"), [(3, TypeError), ("", ValueError), ("  ", ValueError)])
def test_register_refuses_a_wrong_name(name, error):
    with pytest.raises(error, match="`name` must"):
        backends.register_backend(name, Toy)


def test_list_backends_puts_the_built_in_ones_first(toy):
    backends.register_backend("missing", Missing)
    names = backends.list_backends()
    assert names == ["auto", "sequential", "joblib", "dask", "gpu", "missing", "toy"]
    available = backends.list_available_backends()
    assert available == backends.list_backends(available_only=True)
    assert "toy" in available
    assert "missing" not in available


def test_set_default_backend_refuses_an_unknown_name():
    with pytest.raises(ValueError, match="Did you mean 'sequential'"):
        backends.set_default_backend("sequentiel")


def test_get_backend_hands_the_options_on():
    backend = backends.get_backend("joblib", n_workers=1, prefer="threads")
    assert (backend.n_workers, backend.prefer) == (1, "threads")


def test_get_backend_info_describes_all(toy):
    backends.register_backend("missing", Missing)
    info = backends.get_backend_info()
    assert list(info) == backends.list_backends()
    assert info["joblib"]["available"] is True
    assert info["joblib"]["n_workers"] == 2
    assert info["joblib"]["versions"]["joblib"]
    assert info["missing"]["available"] is False
    assert info["missing"]["install"] == "pip install a_library_that_is_not_there"
    assert [name for name, one in info.items() if one["default"]] == ["auto"]


def test_get_backend_info_survives_a_backend_that_fails():
    class Failing(SequentialBackend):
        def get_info(self):
            raise OSError("no driver")

    backends.register_backend("failing", Failing)
    info = backends.get_backend_info()["failing"]
    assert info["available"] is False
    assert "no driver" in info["install"]


def test_print_backend_info_writes_a_table_on_stdout(capsys):
    backends.print_backend_info()
    out, err = capsys.readouterr()
    assert err == ""
    assert [line.split()[0] for line in out.splitlines()[1:3]] == ["auto", "sequential"]
    assert "auto *" in out


def test_get_recommended_backend_goes_by_the_cost():
    recommend = backends.get_recommended_backend
    assert recommend(n_simulations=10) == "sequential"
    assert recommend(n_simulations=10, seconds_per_simulation=60.0) == "joblib"
    assert recommend(n_simulations=100_000, seconds_per_simulation=1e-6) == "sequential"


@pytest.mark.parametrize(
    ("seconds", "error"), [(0, ValueError), (-1.0, ValueError), ("1", TypeError)]
)
def test_get_recommended_backend_refuses_a_wrong_cost(seconds, error):
    with pytest.raises(
        error, match=r"`seconds_per_simulation` must be (positive|a real number), got"
    ):
        backends.get_recommended_backend(10, seconds)


def test_backends_has_no_other_names():
    with pytest.raises(AttributeError, match="NoSuchBackend"):
        _ = backends.NoSuchBackend
