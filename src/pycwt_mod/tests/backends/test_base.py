"""What `MCBackend` does for every backend, and what none may reach into."""

import functools
import itertools
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pycwt_mod
from pycwt_mod.backends import AutoBackend, Deadline, MCBackend, SequentialBackend
from pycwt_mod.backends.base import MAX_AHEAD_PER_WORKER
from pycwt_mod.backends.futures import split_evenly
from pycwt_mod.backends.pickling import Failure

SOURCE = Path(pycwt_mod.__file__).parent
LIBRARIES = "joblib|loky|distributed|dask|mpi4py|tqdm|ray|ipyparallel|parsl"
THINGS = f"{LIBRARIES}|client|cluster|scheduler|worker|future|pool|executor|parallel|bar"
PRIVATE = re.compile(
    rf"\b(?:{THINGS})\w*(?:\.\w+|\(\))*\._[a-z]"  # client.cluster._close, Parallel()._backend
    rf"|\b(?:from|import)\s+(?:{LIBRARIES})[\w.]*\._"
    rf"|\b(?:from|import)\s+(?:{LIBRARIES})[\w.]*\.externals"
    rf"|\bfrom\s+(?:{LIBRARIES})[\w.]*\s+import\s+(?:[\w, ]+, )?_"
    rf"""|(?:getattr|setattr|import_module)\((?!self)[^)]*["'][\w.]*(?<!\w)_[a-z]"""
    r"|\b_max_workers\b"
)
# The standard library's executors have no other way to tell their number of workers.
ALLOWED = {("executor.py", '"_max_workers"')}


def test_no_private_attribute_of_a_library_is_used():
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        if path.is_relative_to(SOURCE / "tests") or path.name == "conftest.py":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            allowed = any(path.name == name and text in line for name, text in ALLOWED)
            if PRIVATE.search(line) and not allowed:
                found.append(f"{path.relative_to(SOURCE)}:{number}: {line.strip()}")
    assert not found


@pytest.mark.parametrize(
    "line",
    [
        "parallel._backend.terminate()",
        "self.client.cluster._close()",
        "from joblib._parallel_backends import LokyBackend",
        "from joblib.externals.loky import get_reusable_executor",
        "import distributed._signals",
        "from dask import _compatibility",
        'getattr(executor, "_processes")',
        "bar._lock",
    ],
)
def test_private_attribute_would_be_found(line):
    assert PRIVATE.search(line)


class Recording(MCBackend):
    """Runs a round of tasks in a given order, and notes how many each round drew."""

    name = "recording"
    in_process = True

    def __init__(self, n_workers=2, arrange=list):
        self._n, self._arrange = n_workers, arrange
        self.rounds = []

    def available_workers(self):
        return self._n

    def run_tasks(self, run, tasks, deadline):
        drawn = list(tasks)
        self.rounds.append(len(drawn))
        for task in self._arrange(drawn):
            yield run(task)


@given(n_tasks=st.integers(0, 150), n_workers=st.integers(1, 4), data=st.data())
def test_map_orders_what_comes_in_any_order(n_tasks, n_workers, data):
    backend = Recording(n_workers, lambda drawn: data.draw(st.permutations(drawn)))
    done = []
    assert list(backend.map(abs, iter(range(n_tasks)), on_done=done.append)) == done
    assert done == list(range(n_tasks))
    # However greedy a backend is, it is given a bounded number of tasks at a time.
    assert sum(backend.rounds) == n_tasks
    assert max(backend.rounds, default=0) <= MAX_AHEAD_PER_WORKER * n_workers
    assert backend.ran_on == ("recording", n_workers)


@pytest.mark.parametrize("arrange", [lambda drawn: drawn[1:], lambda drawn: []])
def test_map_tells_of_a_backend_that_loses_outcomes(arrange):
    with pytest.raises(RuntimeError, match=r"`run_tasks` must draw the tasks .* got 0"):
        list(Recording(arrange=arrange).map(abs, range(9)))


def test_map_sum_gives_each_result_where_the_backend_has_nothing_better():
    done = []
    assert list(SequentialBackend().map_sum(abs, [-1, 2], on_done=done.append)) == [(1, 1), (1, 2)]
    assert done == [0, 1]


def test_map_closes_the_backends_iterator_when_left():
    ended = []

    class Watched(Recording):
        def run_tasks(self, run, tasks, deadline):
            try:
                yield from super().run_tasks(run, tasks, deadline)
            finally:
                ended.append(True)

    results = Watched().map(abs, range(9))
    next(results)
    results.close()
    assert ended == [True]


def test_map_takes_a_deadline_that_the_backend_ignores():
    clock = Deadline(0.05)
    results = Recording().map(lambda task: threading.Event().wait(0.06), range(9), deadline=clock)
    with pytest.raises(TimeoutError, match=r"the time is over: `timeout` = 0\.05 s"):
        list(results)


def test_info_of_a_backend_names_versions_and_what_is_missing():
    class Missing(SequentialBackend):
        requires = ("numpy", "a_library_that_is_not_there")

    info = Missing().get_info()
    assert info["available"] is Missing.is_available() is False
    assert info["versions"]["numpy"]
    assert info["versions"]["a_library_that_is_not_there"] is None
    assert Missing.lack() is None
    assert repr(SequentialBackend()) == "SequentialBackend()"
    assert repr(AutoBackend(-1)) == "AutoBackend(n_workers=-1)"


@given(n_items=st.integers(1, 5000), n_tasks=st.integers(1, 300))
def test_split_evenly_covers_all_items_once(n_items, n_tasks):
    blocks = split_evenly(n_items, n_tasks)
    assert [i for block in blocks for i in block] == list(range(n_items))
    assert len(blocks) == min(n_items, n_tasks)
    assert max(map(len, blocks)) - min(map(len, blocks)) <= 1


def test_warnings_point_at_the_users_line(tmp_path):
    lines = [
        "resolve_backend('sequential', n_workers=9999)",
        "resolve_backend('auto', n_workers=9999)",
        "resolve_backend('joblib', n_workers=9999)",
        "AutoBackend(9999)",
        "JoblibBackend(9999)",
        "SequentialBackend().run_monte_carlo(lambda seed: 1, 3, n_workers=9999)",
        "ExecutorBackend(ThreadPoolExecutor(1), n_workers=9999)",
        "resolve_backend('absent')",
        "get_backend('absent')",
    ]
    script = tmp_path / "users_script.py"
    head = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from pycwt_mod.backends import *\n"
        "class Absent(SequentialBackend):\n"
        "    requires = ('a_library_that_is_not_there',)\n"
        "register_backend('absent', Absent)\n"
    )
    script.write_text(head + "\n".join(lines) + "\n")
    done = subprocess.run(
        [sys.executable, "-W", "always", str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = [int(n) for n in re.findall(r"users_script\.py:(\d+): UserWarning", done.stderr)]
    assert told == list(range(6, 6 + len(lines)))


@pytest.mark.parametrize("result", [b"abc", pickle.dumps(print), Failure("E", "no error", "")])
def test_result_of_any_type_arrives_as_it_is(make_backend, result):
    for name in ("sequential", "executor-threads", "executor-processes"):
        assert list(make_backend(name).map(functools.partial(_give, result), range(2))) == [
            result,
            result,
        ]


def _give(result, _):
    return result


@pytest.mark.parametrize(
    ("outcomes", "found"),
    [
        (lambda run, tasks: iter([]), "got 0 in order for the 0 tasks that it drew"),
        (lambda run, tasks: [run(t) for t in tasks for _ in range(2)], "of task 0 once more"),
        (lambda run, tasks: itertools.repeat(run(next(tasks))), "of task 0 once more"),
        (lambda run, tasks: ((*run(t), 1) for t in tasks), "got \\(0, \\(0,\\), 1\\)"),
        (lambda run, tasks: None, "got None in place of an iterator"),
    ],
)
def test_run_tasks_that_yields_something_else_is_told_so(outcomes, found):
    class Wrong(SequentialBackend):
        def run_tasks(self, run, tasks, deadline):
            return outcomes(run, tasks)

    with pytest.raises(RuntimeError, match=f"`run_tasks` must draw the tasks .*{found}"):
        list(Wrong().map(abs, range(4)))
