"""What backends say of themselves, and where their warnings point."""

import subprocess
import sys

import pytest

from pycwt_mod.backends import (
    AutoBackend,
    DaskBackend,
    ExecutorBackend,
    JoblibBackend,
    MCBackend,
    SequentialBackend,
)


def test_repr_names_what_was_chosen(thread_pool):
    assert repr(JoblibBackend(2)) == "JoblibBackend(n_workers=2, prefer='processes')"
    assert repr(JoblibBackend(1, "threads")) == "JoblibBackend(n_workers=1, prefer='threads')"
    assert repr(SequentialBackend()) == "SequentialBackend()"
    assert repr(AutoBackend(-1)) == "AutoBackend(n_workers=-1)"
    assert repr(ExecutorBackend(thread_pool, 1)) == f"ExecutorBackend({thread_pool!r}, n_workers=1)"
    assert repr(ExecutorBackend(thread_pool)) == f"ExecutorBackend({thread_pool!r})"
    assert repr(DaskBackend()) == "DaskBackend(n_workers=-1)"
    address = "tcp://127.0.0.1:1"
    assert repr(DaskBackend(address=address)) == f"DaskBackend(address={address!r}, n_workers=-1)"


def test_repr_of_a_third_partys_backend_is_short():
    class Mine(MCBackend):
        def map(self, kernel, tasks, *, on_done=None):
            return map(kernel, tasks)

    assert repr(Mine()) == "Mine()"


def test_ran_on_of_an_executor_inside_a_worker_is_sequential(thread_pool):
    backend = ExecutorBackend(thread_pool)
    inner = ExecutorBackend(thread_pool)

    def nested(_):
        list(inner.map(abs, range(4)))
        return inner.ran_on

    assert set(backend.map(nested, range(4))) == {("sequential", 1)}
    assert backend.ran_on == ("executor", 2)


@pytest.mark.parametrize(
    "line",
    [
        "resolve_backend('sequential', n_workers=9999)",
        "resolve_backend('auto', n_workers=9999)",
        "resolve_backend('joblib', n_workers=9999)",
        "AutoBackend(9999)",
        "JoblibBackend(9999)",
        "SequentialBackend().run_monte_carlo(lambda seed: 1, 3, n_workers=9999)",
        "ExecutorBackend(ThreadPoolExecutor(1), n_workers=9999)",
        "resolve_backend('absent')",
        "get_backend('absent')",
    ],
)
def test_warnings_point_at_the_users_line(tmp_path, line):
    script = tmp_path / "users_script.py"
    script.write_text(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from pycwt_mod.backends import *\n"
        "class Absent(SequentialBackend):\n"
        "    requires = ('a_library_that_is_not_there',)\n"
        "register_backend('absent', Absent)\n"
        f"{line}\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=True
    )
    assert "users_script.py:6: UserWarning" in done.stderr
