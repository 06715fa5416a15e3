"""Scripts with and without a `__main__` guard, with every start method."""

import os
import subprocess
import sys
from multiprocessing import get_all_start_methods

import pytest

LIMIT_SECONDS = 120

BODY = """
pool = ProcessPoolExecutor(2, multiprocessing.get_context({method!r}))
print("begun", flush=True)
found = run_monte_carlo(work, 20, seed=1, backend=pool)
assert found == run_monte_carlo(work, 20, seed=1, backend="sequential")
level = wct_significance(0.5, 0.3, 1.0, 0.25, 2.0, 8, mc_count=50, rng_seed=1, backend=pool, **no)
alone = wct_significance(
    0.5, 0.3, 1.0, 0.25, 2.0, 8, mc_count=50, rng_seed=1, backend="sequential", **no
)
np.testing.assert_array_equal(level, alone)
assert pool.submit(abs, -1).result() == 1
pool.shutdown()
print("done", flush=True)
"""

HEAD = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
import numpy as np
from pycwt_mod import wct_significance
from pycwt_mod.backends import run_monte_carlo

no = {"cache": False, "progress": False}

class Fit:
    def __init__(self, value):
        self.value = value
    def __eq__(self, other):
        return isinstance(other, Fit) and self.value == other.value
    __hash__ = None

def work(seed):
    return Fit(float(np.random.default_rng(seed).standard_normal()))
"""


def run(tmp_path, method, guarded):
    body = BODY.format(method=method).strip()
    if guarded:
        body = 'if __name__ == "__main__":\n' + "\n".join("    " + x for x in body.splitlines())
    script = tmp_path / "users_script.py"
    script.write_text(HEAD + "\n" + body + "\n")
    return subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        env={**os.environ, "LOKY_MAX_CPU_COUNT": "2"},
    )


@pytest.mark.parametrize("method", get_all_start_methods())
def test_script_with_a_guard_works(tmp_path, method):
    done = run(tmp_path, method, guarded=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["begun", "done"]


@pytest.mark.skipif("fork" not in get_all_start_methods(), reason="needs fork")
def test_script_without_a_guard_works_where_none_is_needed(tmp_path):
    done = run(tmp_path, "fork", guarded=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["begun", "done"]


@pytest.mark.parametrize("method", sorted({"spawn", "forkserver"} & set(get_all_start_methods())))
def test_script_without_a_guard_is_told_to_have_one(tmp_path, method):
    done = run(tmp_path, method, guarded=False)
    assert done.returncode != 0
    # No worker did the work a second time, nor in the calling process's place.
    assert "done" not in done.stdout
    # From the worker, which says why it ends, and from the call, which says what to do.
    assert "RuntimeError: a worker process imports the script that started it" in done.stderr
    last = done.stderr[done.stderr.rindex("BrokenProcessPool") :]
    assert f"With the start method {method!r} each worker first imports the script" in last
    assert 'put what starts the work there under `if __name__ == "__main__":`' in last


@pytest.mark.parametrize("backend", ["joblib", "auto", "sequential"])
def test_script_without_a_guard_works_on_own_backends(tmp_path, backend):
    script = tmp_path / "users_script.py"
    script.write_text(
        HEAD
        + f"found = run_monte_carlo(work, 20, seed=1, backend={backend!r})\n"
        + "assert found == run_monte_carlo(work, 20, seed=1, backend='sequential')\n"
        + "print('done')\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        env={**os.environ, "LOKY_MAX_CPU_COUNT": "2"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["done"]
