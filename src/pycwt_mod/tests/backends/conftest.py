"""Backends for tests that must hold on each, and pools that are started once."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import joblib
import pytest

from pycwt_mod.backends import (
    AutoBackend,
    DaskBackend,
    ExecutorBackend,
    JoblibBackend,
    SequentialBackend,
    registry,
)

# Not all that the machine has, so that the tests mean the same everywhere.
N_WORKERS = 2


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    """Let joblib see two cores on any machine, so that nothing falls back to one."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", str(N_WORKERS))
    if joblib.cpu_count() < N_WORKERS:
        monkeypatch.setattr(JoblibBackend, "available_workers", lambda self: N_WORKERS)


@pytest.fixture(scope="session")
def process_pool():
    with ProcessPoolExecutor(N_WORKERS, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="session")
def thread_pool():
    with ThreadPoolExecutor(N_WORKERS) as pool:
        yield pool


@pytest.fixture(scope="session")
def dask_client():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=N_WORKERS, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        # Not the default client: tests of DaskBackend() choose their own.
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


def torch_on_the_cpu():
    pytest.importorskip("torch")
    from pycwt_mod.backends import GPUBackend

    return GPUBackend("torch", device="cpu")


@pytest.fixture
def make_backend(request):
    """Give a function that makes a backend by the name it has in tests."""

    def fixture(name):
        return request.getfixturevalue(name)

    kinds = {
        "sequential": SequentialBackend,
        "joblib-processes": lambda: JoblibBackend(N_WORKERS),
        "joblib-threads": lambda: JoblibBackend(N_WORKERS, prefer="threads"),
        "executor-processes": lambda: ExecutorBackend(fixture("process_pool")),
        "executor-threads": lambda: ExecutorBackend(fixture("thread_pool")),
        "auto": lambda: AutoBackend(N_WORKERS),
        "dask": lambda: DaskBackend(fixture("dask_client")),
        "gpu": torch_on_the_cpu,
    }
    return lambda name: kinds[name]()


@pytest.fixture(params=["sequential", "executor-processes"])
def backend(request, make_backend):
    """Give a backend without and one with pickling; `check_backend` tells that all are alike."""
    with make_backend(request.param) as made:
        yield made


@pytest.fixture
def clean_registry(monkeypatch):
    """Give a registry with the built-in backends only, and put the old one back afterwards."""
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr(registry, "_default_name", None)
    monkeypatch.setattr(registry, "_scanned", True)
    monkeypatch.delenv(registry.ENVIRONMENT_VARIABLE, raising=False)
    return registry
