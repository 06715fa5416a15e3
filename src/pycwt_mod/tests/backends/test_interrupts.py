"""Ctrl-C ends the workers and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")

# Every simulation takes longer than the time allowed for ending.
SCRIPT = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
from pycwt_mod.backends import get_backend

def work(seed):
    time.sleep(0.2 if seed.spawn_key[-1] < 2 else 120.0)
    return 1

def report(done, total):
    print(done, flush=True)

if __name__ == "__main__":
    backend = get_backend({name!r}, n_workers=2)
    backend.run_monte_carlo(work, 40, seed=1, progress=report)
"""
ALLOWED_SECONDS = 15.0


@pytest.fixture
def started(tmp_path):
    """Start the job in a process group of its own; return it once it is in mid-run."""
    processes = []

    def start(name):
        script = tmp_path / "job.py"
        script.write_text(SCRIPT.format(name=name))
        process = subprocess.Popen(
            [sys.executable, str(script)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "LOKY_MAX_CPU_COUNT": "2"},
        )
        processes.append(process)
        assert process.stdout.readline() == "1\n"
        assert process.stdout.readline() == "2\n"
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("whole_group", [False, True], ids=["process", "group"])
@pytest.mark.parametrize("name", ["joblib", "dask"])
def test_interrupt_leaves_no_process_behind(started, name, whole_group):
    if name == "dask":
        pytest.importorskip("distributed")
    process = started(name)
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    begun = time.monotonic()
    (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=ALLOWED_SECONDS)
    assert "KeyboardInterrupt" in errors
    assert process.returncode != 0
    _, alive = psutil.wait_procs(children, timeout=ALLOWED_SECONDS - (time.monotonic() - begun))
    assert not alive


@pytest.mark.parametrize("with_psutil", [True, False], ids=["psutil", "no-psutil"])
def test_second_interrupt_does_not_keep_the_first_from_ending_it(tmp_path, with_psutil):
    # As from an impatient user: Ctrl-C goes to every program of the terminal's group, also to one
    # that loky runs to list the children of its workers where psutil is not installed.
    script = tmp_path / "job.py"
    hidden = "" if with_psutil else "import sys; sys.modules['psutil'] = None\n"
    script.write_text(hidden + SCRIPT.format(name="joblib"))
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "LOKY_MAX_CPU_COUNT": "2"},
    )
    try:
        assert [process.stdout.readline() for _ in range(2)] == ["1\n", "2\n"]
        children = psutil.Process(process.pid).children(recursive=True)
        for _ in range(4):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.01)
        _, errors = process.communicate(timeout=ALLOWED_SECONDS)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert "KeyboardInterrupt" in errors
    assert "Failed to kill" not in errors
    _, alive = psutil.wait_procs(children, timeout=ALLOWED_SECONDS)
    assert not alive
