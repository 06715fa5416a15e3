"""Dask clusters of other programs: schedulers that go, workers that are not as they should be."""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from pycwt_mod import wct_null
from pycwt_mod.backends import DaskBackend

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals"),
]

# What "in seconds" means; connecting again is what dask would do for half a minute.
ERROR_SECONDS = 25.0


class Programs:
    """A scheduler and workers as they are started from a command line."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        self.scheduler, lines = self._start("dask_scheduler", "--port", "0", "--no-dashboard")
        self.address = self._find(lines, r"Scheduler at:\s+(tcp://\S+)")

    def _start(self, name, *arguments):
        log = self.folder / f"{name}-{len(self.processes)}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{name}", *arguments],
                stdout=stream,
                stderr=stream,
                cwd=self.folder,
            )
        self.processes.append(process)
        return process, log

    def _find(self, log, pattern):
        give_up_at = time.monotonic() + 60.0
        while not (found := re.search(pattern, log.read_text())):
            assert time.monotonic() < give_up_at, log.read_text()
            time.sleep(0.05)
        return found[1]

    def worker(self, preload=""):
        """Start a worker that runs some code first."""
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
        if preload:
            path = self.folder / "preload.py"
            path.write_text(preload)
            options += ["--preload", str(path)]
        return self._start("dask_worker", self.address, *options)[0]

    def end(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def silent_dask():
    # A lost scheduler or worker is logged by dask as it is noticed.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("distributed").setLevel(logging.NOTSET)


@pytest.fixture
def programs(tmp_path, silent_dask):
    started = Programs(tmp_path)
    yield started
    started.end()


@pytest.fixture(scope="module")
def lasting_programs(tmp_path_factory):
    started = Programs(tmp_path_factory.mktemp("programs"))
    yield started
    started.end()


@pytest.fixture
def client_of(lasting_programs, silent_dask):
    """Give a function that starts a worker after some code, the only one, and returns a client."""
    with distributed.Client(lasting_programs.address, set_as_default=False) as client:

        def start(preload=""):
            workers.append(lasting_programs.worker(preload))
            client.wait_for_workers(1, timeout=60)
            return client

        workers = []
        yield start
        for worker in workers:
            worker.kill()
            worker.wait()
        give_up_at = time.monotonic() + 60.0
        while client.scheduler_info()["workers"]:
            assert time.monotonic() < give_up_at
            time.sleep(0.05)


def slow(index):
    time.sleep(0.05)
    return index


def null_on(backend):
    return wct_null(
        *(0.6, 0.3, 0.5, 1 / 4, 1.0, 20),
        mc_count=100, rng_seed=3, backend=backend, cache=False, progress=False,
    )  # fmt: skip


def test_dask_worker_that_never_imported_the_package_gives_the_same_counts(client_of):
    client = client_of()
    assert client.run(eval, "'pycwt_mod' in __import__('sys').modules") == dict.fromkeys(
        client.nthreads(), False
    )
    assert null_on(DaskBackend(client)) == null_on("sequential")


@pytest.mark.parametrize("way", ["map", "map_sum"])
def test_dask_scheduler_killed_in_mid_run_is_a_clear_error_in_seconds(programs, way):
    programs.worker()
    begun = []

    def kill(index):
        if index == 5:
            programs.scheduler.kill()
            begun.append(time.monotonic())

    backend = DaskBackend(address=programs.address)
    with pytest.raises(RuntimeError, match="connection to the dask scheduler was lost"):
        list(getattr(backend, way)(slow, range(10_000), on_done=kill))
    assert time.monotonic() - begun[0] < ERROR_SECONDS


# Dask asks the metadata of a package; older versions of it the package.
INSTALLED = """
import importlib, importlib.metadata, sys, types

def from_name(name, real=importlib.metadata.Distribution.from_name):
    if name != {name!r}:
        return real(name)
    if {version!r} is None:
        raise importlib.metadata.PackageNotFoundError(name)
    return types.SimpleNamespace(version={version!r})

importlib.metadata.Distribution.from_name = from_name
if {version!r} is None:
    sys.modules[{name!r}] = None
else:
    importlib.import_module({name!r}).__version__ = {version!r}
"""


@pytest.mark.parametrize(("name", "version"), [("pycwt_mod", "0.0.1"), ("scipy", "1.0.0")])
def test_dask_reports_a_worker_with_another_version(client_of, name, version):
    client = client_of(INSTALLED.format(name=name, version=version))
    words = rf"other versions .*: {name} {re.escape(version)} on tcp:.* here\)"
    with pytest.warns(UserWarning, match=words):
        assert list(DaskBackend(client).map(slow, range(2))) == [0, 1]
    # Once told of, it is not told again.
    assert list(DaskBackend(client).map(slow, range(2))) == [0, 1]


def test_dask_worker_without_the_package_is_a_clear_error(client_of):
    client = client_of(INSTALLED.format(name="pycwt_mod", version=None))
    with pytest.raises(RuntimeError, match="cannot import the package"):
        list(DaskBackend(client).map(slow, range(2)))


def test_dask_tells_of_a_cluster_without_workers_and_goes_on_when_one_comes(programs):
    backend = DaskBackend(address=programs.address, timeout=0.8)
    late = threading.Timer(3.0, programs.worker)
    late.start()
    with pytest.warns(UserWarning, match=r"has had no worker for \d s"):
        sums = list(backend.map_sum(slow, range(5)))
    late.join()
    assert sum(total for _, total in sums) == 10


def test_dask_task_that_always_kills_its_worker_is_a_clear_error():
    import dask

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        DaskBackend(n_workers=1) as backend,
        pytest.raises(distributed.KilledWorker) as caught,
    ):
        list(backend.map_sum(lambda index: os.kill(os.getpid(), signal.SIGKILL), range(3)))
    assert any("Worker processes died" in note for note in caught.value.__notes__)


UNGUARDED = """
from pycwt_mod import wct_null
wct_null(0.6, 0.3, 0.5, 1 / 4, 1.0, 12, mc_count=8, backend="dask", n_workers=1, progress=False)
"""


def test_dask_script_without_a_guard_is_told_so(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    last = errors.strip().splitlines()[-1]
    assert "the worker processes of dask do not start" in last
    assert 'under `if __name__ == "__main__":`' in last
    assert not [
        p for p in psutil.process_iter(["cmdline"]) if str(script) in (p.info["cmdline"] or [])
    ]
