"""Whole programs: scripts with and without a guard, forks, and Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing import get_all_start_methods
from textwrap import indent

import psutil
import pytest

pytestmark = pytest.mark.heavy

LIMIT_SECONDS = 120
METHODS = get_all_start_methods()
POSIX = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
NEEDS_FORK = pytest.mark.skipif("fork" not in METHODS, reason="needs fork")

HEAD = """
import multiprocessing, os, sys
from concurrent.futures import ProcessPoolExecutor
import numpy as np
from pycwt_mod import wct_significance
from pycwt_mod.backends import AutoBackend, JoblibBackend, run_monte_carlo

no = {"cache": False, "progress": False}

class Fit:
    def __init__(self, value):
        self.value = value
    def __eq__(self, other):
        return isinstance(other, Fit) and self.value == other.value
    __hash__ = None

def work(seed):
    return Fit(float(np.random.default_rng(seed).standard_normal()))

def where(_):
    return os.getpid()
"""

BODY = """
pool = ProcessPoolExecutor(2, multiprocessing.get_context(sys.argv[1]))
print("begun", flush=True)
found = run_monte_carlo(work, 20, seed=1, backend=pool)
assert found == run_monte_carlo(work, 20, seed=1, backend="sequential")
problem = 0.5, 0.3, 1.0, 0.25, 2.0, 8
level = wct_significance(*problem, mc_count=50, rng_seed=1, backend=pool, **no)
alone = wct_significance(*problem, mc_count=50, rng_seed=1, backend="sequential", **no)
np.testing.assert_array_equal(level, alone)
assert pool.submit(abs, -1).result() == 1
pool.shutdown()
print("done", flush=True)
"""


def run(tmp_path, body, *arguments, guarded=False):
    if guarded:
        body = 'if __name__ == "__main__":\n' + indent(body, "    ")
    script = tmp_path / "users_script.py"
    script.write_text(HEAD + body)
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", str(script), *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        env={**os.environ, "LOKY_MAX_CPU_COUNT": "2"},
    )


def assert_done(done):
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "done"


@pytest.mark.parametrize("method", METHODS)
def test_script_with_a_guard_works(tmp_path, method):
    assert_done(run(tmp_path, BODY, method, guarded=True))


@NEEDS_FORK
def test_script_without_a_guard_works_where_none_is_needed(tmp_path):
    assert_done(run(tmp_path, BODY, "fork"))


@pytest.mark.parametrize("method", sorted({"spawn", "forkserver"} & set(METHODS)))
def test_script_without_a_guard_is_told_to_have_one(tmp_path, method):
    done = run(tmp_path, BODY, method)
    assert done.returncode != 0
    # No worker did the work a second time, nor in the calling process's place.
    assert "done" not in done.stdout
    # From the worker, which says why it ends, and from the call, which says what to do.
    assert "RuntimeError: a worker process imports the script that started it" in done.stderr
    last = " ".join(done.stderr[done.stderr.rindex("BrokenProcessPool") :].split())
    assert 'put what starts the work there under `if __name__ == "__main__":`' in last


OWN = """
class OwnError(Exception): pass

def fail(seed):
    raise OwnError("mine")

for backend in ("joblib", "auto", "sequential"):
    found = run_monte_carlo(work, 20, seed=1, backend=backend)
    assert found == run_monte_carlo(work, 20, seed=1, backend="sequential")
    try:
        run_monte_carlo(fail, 4, backend=backend)
    except OwnError as error:
        assert "in simulation 0 of 4" in error.__notes__[0]
    else:
        raise SystemExit("nothing was raised")
print("done")
"""


def test_script_without_a_guard_works_on_own_backends(tmp_path):
    # Results and exceptions of the script's own classes come home, too.
    assert_done(run(tmp_path, OWN))


IN_A_POOL = """
def nested(name):
    backend = {"joblib": JoblibBackend, "auto": AutoBackend}[name](2)
    return os.getpid(), set(backend.map(where, range(6)))

if sys.argv[1] == "used":
    assert os.getpid() not in set(JoblibBackend(2).map(where, range(6)))
with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
    for pid, inner in pool.map(nested, ["joblib", "auto", "joblib"]):
        assert inner == {pid}, (pid, inner)
if sys.argv[1] == "used":  # and the parent's pool lives on
    assert os.getpid() not in set(JoblibBackend(2).map(where, range(6)))
print("done")
"""

BARE = """
list(JoblibBackend(2).map(where, range(6)))
child = os.fork()
if child == 0:
    try:
        good = set(JoblibBackend(2).map(where, range(6))) == {os.getpid()}
    except BaseException:
        good = False
    os._exit(0 if good else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert os.getpid() not in set(JoblibBackend(2).map(where, range(6)))
print("done")
"""


@NEEDS_FORK
@pytest.mark.parametrize("parent", ["used", "unused"])
def test_fork_worker_of_the_users_pool_works_in_process(tmp_path, parent):
    assert_done(run(tmp_path, IN_A_POOL, parent))


@NEEDS_FORK
def test_fork_child_neither_uses_nor_kills_the_parents_processes(tmp_path):
    assert_done(run(tmp_path, BARE))


# Every simulation takes longer than the time allowed for ending.
INTERRUPTED = """
import signal, sys, time
if "no-psutil" in sys.argv:
    sys.modules["psutil"] = None
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
from pycwt_mod.backends import get_backend

def work(seed):
    time.sleep(0.2 if seed.spawn_key[-1] < 2 else 120.0)
    return 1

def report(done, total):
    print(done, flush=True)

if __name__ == "__main__":
    backend = get_backend(sys.argv[1], n_workers=2)
    backend.run_monte_carlo(work, 40, seed=1, progress=report)
"""
ALLOWED_SECONDS = 45.0


@pytest.fixture
def started(tmp_path):
    """Start the job in a process group of its own; return it once it is in mid-run."""
    processes = []

    def start(*arguments):
        script = tmp_path / "job.py"
        script.write_text(INTERRUPTED)
        process = subprocess.Popen(
            [sys.executable, str(script), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "LOKY_MAX_CPU_COUNT": "2"},
        )
        processes.append(process)
        assert [process.stdout.readline() for _ in range(2)] == ["1\n", "2\n"]
        return process, psutil.Process(process.pid).children(recursive=True)

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def assert_all_ended(process, children):
    begun = time.monotonic()
    _, errors = process.communicate(timeout=ALLOWED_SECONDS)
    assert "KeyboardInterrupt" in errors
    assert "Failed to kill" not in errors
    assert process.returncode != 0
    _, alive = psutil.wait_procs(children, timeout=ALLOWED_SECONDS - (time.monotonic() - begun))
    assert not alive


# The whole group of the terminal; `test_faults` interrupts the program alone.
@POSIX
@pytest.mark.parametrize("name", ["joblib", "dask"])
def test_interrupt_leaves_no_process_behind(started, name):
    if name == "dask":
        pytest.importorskip("distributed")
    process, children = started(name)
    assert len(children) >= 2
    os.killpg(process.pid, signal.SIGINT)
    assert_all_ended(process, children)


@POSIX
@pytest.mark.parametrize("hidden", ["psutil", "no-psutil"])
def test_second_interrupt_does_not_keep_the_first_from_ending_it(started, hidden):
    # As from an impatient user: Ctrl-C goes to every program of the terminal's group, also to one
    # that loky runs to list the children of its workers where psutil is not installed.
    process, children = started("joblib", hidden)
    for _ in range(4):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.01)
    assert_all_ended(process, children)
