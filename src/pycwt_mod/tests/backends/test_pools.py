"""Pools of other libraries, each as it is: ray's, ipyparallel's and Parsl's."""

import logging
import os
import re
import sys
from pathlib import Path

import joblib
import pytest

from pycwt_mod.backends import ExecutorBackend, JoblibBackend, MCBackend
from pycwt_mod.backends.testing import check_backend

pytestmark = [
    pytest.mark.heavy,
    # Not ours to mend: sockets and logs that these libraries leave to the garbage collector.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def ray():
    module = pytest.importorskip("ray")
    module.init(
        num_cpus=2, include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False
    )
    yield module
    module.shutdown()


@pytest.fixture
def programs(monkeypatch):
    """Let programs that came with this interpreter be found, as in an active environment."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)


def test_pools_ray_keeps_every_law(ray):
    multiprocessing = pytest.importorskip("ray.util.multiprocessing")
    with multiprocessing.Pool(2) as pool:
        check_backend(ExecutorBackend(pool, 2), law_timeout=240.0)


def test_pools_ray_by_the_recipe_of_the_documentation(ray, checkout):
    text = (checkout / "docs" / "backends.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"```text\n(import ray\.util.*?)```", text, re.S)
    names = {"MCBackend": MCBackend}
    exec(recipe, names)
    check_backend(names["Ray"], law_timeout=240.0)


def test_pools_ray_through_joblib(ray):
    pytest.importorskip("ray.util.joblib").register_ray()
    with joblib.parallel_config(backend="ray", n_jobs=2):
        backend = JoblibBackend()
        # It starts a pool for each call, so not all laws.
        check_backend(backend, ["order", "errors", "sharing"])
        assert os.getpid() not in set(backend.map(lambda _: os.getpid(), range(4)))


def test_pools_ipyparallel_keeps_every_law(programs):
    ipyparallel = pytest.importorskip("ipyparallel")
    with (
        ipyparallel.Cluster(n=2, log_level=logging.ERROR) as client,
        client.load_balanced_view().executor as executor,
    ):
        check_backend(ExecutorBackend(executor, 2))


def test_pools_parsl_keeps_every_law(programs, tmp_path):
    executors = pytest.importorskip("parsl.executors")
    from parsl.concurrent import ParslPoolExecutor
    from parsl.config import Config

    local = executors.HighThroughputExecutor(
        address="127.0.0.1", max_workers_per_node=2, cores_per_worker=0.5
    )
    with ParslPoolExecutor(Config(run_dir=str(tmp_path), executors=[local])) as executor:
        check_backend(ExecutorBackend(executor, 2))
