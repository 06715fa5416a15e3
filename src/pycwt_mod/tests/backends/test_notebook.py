"""A real Jupyter kernel: workers of the notebook, and interrupting one in mid-run."""

import os
import queue
import sys
import time
import warnings
from multiprocessing import get_all_start_methods

import psutil
import pytest

pytestmark = pytest.mark.heavy

jupyter_client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")

LIMIT_SECONDS = 120.0
# A worker process that was told to end has so long for it.
END_SECONDS = 20.0

SET_UP = """
import os, time, warnings
import numpy as np
import pycwt_mod
from pycwt_mod.backends import run_monte_carlo, map_tasks

class Fit:
    def __init__(self, value, pid):
        self.value, self.pid = value, pid

def worker(seed, scale):
    return Fit(scale * np.random.default_rng(seed).standard_normal(), os.getpid())

y = np.random.default_rng(1).standard_normal((2, 96))
options = dict(mc_count=200, rng_seed=1, cache=False, progress=False, dj=0.25)
"""


class Kernel:
    """Runs cells, and gives what they print."""

    def __init__(self, client):
        self.client = client

    def start(self, cell):
        return self.client.execute(cell, store_history=False)

    def until(self, message_id, text=None):
        """Wait for a printed text, or for the cell's end; return (text, error name)."""
        printed, error = "", None
        give_up_at = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < give_up_at:
            try:
                message = self.client.get_iopub_msg(timeout=1.0)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != message_id:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                printed += content["text"]
                if text is not None and text in printed:
                    return printed, None
            elif message["msg_type"] == "error":
                error = content["ename"], "\n".join(content["traceback"])
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                return printed, error
        raise AssertionError(f"the cell did not end; printed {printed!r}")

    def run(self, cell):
        printed, error = self.until(self.start(cell))
        assert error is None, error[1]
        return printed


@pytest.fixture(scope="module")
def manager(tmp_path_factory):
    made = jupyter_client.KernelManager()
    with warnings.catch_warnings():
        # Of an older jupyter_client for the kernel specification that a later one wrote.
        warnings.simplefilter("ignore", DeprecationWarning)
        specification = made.kernel_spec
    # This very interpreter, whatever kernels the user has installed.
    specification.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    environment = {
        **os.environ,
        "LOKY_MAX_CPU_COUNT": "2",
        "IPYTHONDIR": str(tmp_path_factory.mktemp("ipython")),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    made.start_kernel(env=environment)
    yield made
    made.shutdown_kernel(now=True)
    made.cleanup_resources()


@pytest.fixture(scope="module")
def kernel(manager):
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=LIMIT_SECONDS)
    made = Kernel(client)
    made.run(SET_UP)
    yield made
    client.stop_channels()


def test_notebook_worker_runs_in_processes(kernel):
    printed = kernel.run(
        "fits = run_monte_carlo(worker, 40, (2.0,), seed=3, backend='joblib', n_workers=2)\n"
        "same = run_monte_carlo(worker, 40, (2.0,), seed=3, backend='sequential')\n"
        "assert {type(fit) for fit in fits} == {Fit}\n"
        "assert [fit.value for fit in fits] == [fit.value for fit in same]\n"
        "assert os.getpid() not in {fit.pid for fit in fits}\n"
        "print('good')"
    )
    assert printed == "good\n"


def test_notebook_wct_on_joblib_is_that_of_one_process(kernel):
    printed = kernel.run(
        "many = pycwt_mod.wct(y[0], y[1], 1.0, backend='joblib', n_workers=2, **options)\n"
        "one = pycwt_mod.wct(y[0], y[1], 1.0, backend='sequential', **options)\n"
        "for a, b in zip(many, one): np.testing.assert_array_equal(a, b)\n"
        "print(many.null.provenance['backend'])"
    )
    assert printed == "joblib\n"


@pytest.mark.parametrize("method", get_all_start_methods())
def test_notebook_worker_runs_in_the_users_own_pool(kernel, method):

    printed = kernel.run(
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from multiprocessing import get_context\n"
        "with warnings.catch_warnings(), "
        f"ProcessPoolExecutor(2, get_context({method!r})) as pool:\n"
        "    warnings.simplefilter('ignore', DeprecationWarning)\n"
        "    fits = run_monte_carlo(worker, 20, (2.0,), seed=3, backend=pool)\n"
        "assert {type(fit) for fit in fits} == {Fit}\n"
        "assert os.getpid() not in {fit.pid for fit in fits}\n"
        "print('good')"
    )
    assert printed == "good\n"


def busy(process):
    try:
        return process.cpu_percent(interval=0.5) > 30
    except psutil.NoSuchProcess:
        return False


def test_notebook_interrupted_in_mid_run_goes_on(kernel, manager):
    pid = int(kernel.run("print(os.getpid())"))
    running = kernel.start(
        "def spin(seed):\n"
        "    while seed.spawn_key[-1] >= 2:\n"
        "        pass\n"
        "    return os.getpid()\n"
        "run_monte_carlo(spin, 40, chunk_size=1, backend='joblib', n_workers=2,\n"
        "                on_result=lambda index, result: print('result', index, flush=True))"
    )
    kernel.until(running, "result 1")
    workers = psutil.Process(pid).children(recursive=True)
    assert len(workers) >= 2
    manager.interrupt_kernel()
    _, error = kernel.until(running)
    assert error is not None
    assert error[0] == "KeyboardInterrupt"
    # No orphan, and nobody works on.
    give_up_at = time.monotonic() + END_SECONDS
    while busy_ones := [worker for worker in workers if busy(worker)]:
        assert time.monotonic() < give_up_at, busy_ones
    assert int(kernel.run("print(os.getpid())")) == pid
    test_notebook_worker_runs_in_processes(kernel)
