"""Calls inside somebody's worker run in process: no second layer of workers."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_all_start_methods, get_context

import numpy as np
import psutil
import pytest

import pycwt_mod
from pycwt_mod.backends import AutoBackend, DaskBackend, JoblibBackend, map_tasks

OPTIONS = {"mc_count": 40, "rng_seed": 1, "cache": False, "progress": False, "dj": 0.5}


def where(_):
    return os.getpid()


def expected_levels():
    y = np.random.default_rng(0).standard_normal((2, 64))
    return pycwt_mod.wct(y[0], y[1], 1.0, backend="sequential", **OPTIONS)[4]


def nested(k):
    """Call all that is parallel; return what ran where, and how many processes that made."""
    # One core would hide everything: the environment of workers may be older than `two_cores`.
    os.environ["LOKY_MAX_CPU_COUNT"] = "2"
    y = np.random.default_rng(0).standard_normal((2, 64))
    before = set(psutil.Process().children(recursive=True))
    result = pycwt_mod.wct(y[0], y[1], 1.0, backend="joblib", n_workers=2, **OPTIONS)
    pids, ran_on = set(), set()
    for backend in (
        JoblibBackend(2),
        JoblibBackend(2, prefer="threads"),
        AutoBackend(2),
        DaskBackend(n_workers=2),
    ):
        pids |= set(backend.run_monte_carlo(lambda seed: os.getpid(), 6, seed=1))
        ran_on.add(backend.ran_on)
        pids |= set(map_tasks(where, range(3), backend=backend))
    new = set(psutil.Process().children(recursive=True)) - before
    return os.getpid(), pids, ran_on, result.null.provenance["backend"], len(new), result[4]


def assert_all_in_process(outcomes, n_expected, other_process=True):
    outcomes = list(outcomes)
    assert len(outcomes) == n_expected
    levels = expected_levels()
    for pid, pids, ran_on, wct_ran_on, n_new, found in outcomes:
        assert (pid != os.getpid()) is other_process
        assert pids == {pid}
        assert ran_on == {("sequential", 1)}
        assert wct_ran_on == "sequential"
        assert n_new == 0
        np.testing.assert_array_equal(found, levels)


@pytest.mark.heavy
@pytest.mark.parametrize("method", get_all_start_methods())
def test_nested_in_the_users_process_pool(method):
    with ProcessPoolExecutor(2, get_context(method)) as pool:
        assert_all_in_process(pool.map(nested, range(2)), 2)


@pytest.mark.parametrize(
    "method", [pytest.param("loky", marks=pytest.mark.heavy), "multiprocessing"]
)
def test_nested_in_the_users_joblib(method):
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=2, backend=method)
    assert_all_in_process(parallel(delayed(nested)(k) for k in range(2)), 2)


@pytest.mark.heavy
def test_nested_in_a_dask_task(dask_client):
    futures = dask_client.map(nested, range(2), pure=False)
    assert_all_in_process(dask_client.gather(futures), 2)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "name", ["joblib-processes", "joblib-threads", "executor-processes", "executor-threads", "dask"]
)
def test_nested_in_own_backends(name, make_backend):
    outcomes = list(make_backend(name).map(nested, range(2)))
    assert_all_in_process(outcomes, 2, other_process="threads" not in name)


def test_one_level_of_processes_in_all():
    """Of joblib in joblib, there are two workers and not two times two."""

    def outer(seed):
        inside = JoblibBackend(2).run_monte_carlo(where, 4, seed=seed)
        return [os.getpid(), *inside]

    rows = JoblibBackend(2).run_monte_carlo(outer, 12, seed=1)
    assert len({pid for row in rows for pid in row}) <= 2
    assert os.getpid() not in {pid for row in rows for pid in row}
