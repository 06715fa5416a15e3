"""Processes forked off one that has used joblib: they work in process, and come to an end."""

import os
import subprocess
import sys
from multiprocessing import get_all_start_methods

import pytest

pytestmark = pytest.mark.skipif("fork" not in get_all_start_methods(), reason="needs fork")

LIMIT_SECONDS = 60

IN_A_POOL = """
import os, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pycwt_mod.backends import AutoBackend, JoblibBackend

def where(_):
    return os.getpid()

def nested(name):
    backend = {"joblib": JoblibBackend, "auto": AutoBackend}[name](2)
    return os.getpid(), set(backend.map(where, range(6)))

if sys.argv[1] == "used":
    assert os.getpid() not in set(JoblibBackend(2).map(where, range(6)))
with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
    for pid, inner in pool.map(nested, ["joblib", "auto", "joblib"]):
        assert inner == {pid}, (pid, inner)
if sys.argv[1] == "used":  # and the parent's pool lives on
    assert os.getpid() not in set(JoblibBackend(2).map(where, range(6)))
"""

BARE = """
import os
from pycwt_mod.backends import JoblibBackend

def where(_):
    return os.getpid()

open_generator = JoblibBackend(2).map(where, range(6))
next(open_generator)
child = os.fork()
if child == 0:
    try:
        open_generator.close()  # the parent's processes must survive it
        good = set(JoblibBackend(2).map(where, range(6))) == {os.getpid()}
    except BaseException:
        good = False
    os._exit(0 if good else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert len(list(open_generator)) == 5
"""


def run(code, *arguments):
    environment = {**os.environ, "LOKY_MAX_CPU_COUNT": "2"}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, *arguments]
    done = subprocess.run(
        command, timeout=LIMIT_SECONDS, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("parent", ["used", "unused"])
def test_fork_worker_of_the_users_pool_works_in_process(parent):
    run(IN_A_POOL, parent)


def test_fork_child_neither_uses_nor_kills_the_parents_processes():
    run(BARE)
