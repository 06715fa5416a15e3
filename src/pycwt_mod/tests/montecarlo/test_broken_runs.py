"""Runs that break off: what they counted is in the cache, and the next call goes on from there."""

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pycwt_mod import get_cache_dir, wct, wct_null
from pycwt_mod.backends import JoblibBackend, SequentialBackend

PROBLEM = {"al1": 0.6, "al2": 0.3, "dt": 1.0, "dj": 1 / 4, "s0": 2.0, "J": 16}
# Enough for tens of tasks, so that a run can break off in the middle.
COUNT = 600


def null_of(mc_count=COUNT, rng_seed=1, **options):
    options = {"progress": False, "backend": "sequential", **options}
    return wct_null(**PROBLEM, mc_count=mc_count, rng_seed=rng_seed, **options)


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    monkeypatch.setattr("pycwt_mod.montecarlo.estimate._TASK_SECONDS", 0.01)
    for backend in (SequentialBackend, JoblibBackend):
        monkeypatch.setattr(backend, "task_seconds", 0.01)


def cached_counts():
    return [int(path.stem.rpartition("-")[2]) for path in Path(get_cache_dir()).glob("null-*.npz")]


class BreakError(Exception):
    """Raised by a progress callback."""


class StopAfter:
    """A progress callback that raises when some surrogates are done."""

    def __init__(self, n, error):
        self.n, self.error = n, error
        self.first = None

    def __call__(self, done, total):
        if self.first is None and done:
            self.first = done, total
        if done >= self.n:
            raise self.error


@pytest.fixture(scope="module")
def expected():
    return null_of(cache=False)


@pytest.mark.parametrize(
    ("backend", "error"),
    [
        ("sequential", KeyboardInterrupt()),
        ("sequential", BreakError("no more")),
        (JoblibBackend(2, prefer="threads"), KeyboardInterrupt()),
        ("joblib", BreakError("no more")),
    ],
)
def test_broken_run_is_continued_from_what_it_counted(backend, error, expected):
    with pytest.raises(type(error)):
        null_of(backend=backend, progress=StopAfter(200, error))
    (kept,) = cached_counts()
    assert 0 < kept < COUNT
    seen = StopAfter(np.inf, None)
    again = null_of(backend=backend, progress=seen)
    assert seen.first[1] == COUNT - kept  # only what was missing was simulated
    assert (again.counts == expected.counts).all()


def test_timeout_says_how_far_the_run_came_and_keeps_it(expected):
    with pytest.raises(TimeoutError, match=rf"`timeout` = 0\.05 s, and \d+ of {COUNT} surrogates"):
        null_of(timeout=0.05)
    for calls in itertools.count(1):  # each goes on from the last, so this ends
        try:
            null = null_of(timeout=0.1 * calls)
        except TimeoutError:
            continue
        break
    assert (null.counts == expected.counts).all()


def test_timeout_that_is_long_enough_changes_nothing():
    assert (null_of(300, timeout=1000).counts == null_of(300, cache=False).counts).all()


def test_timeout_covers_all_rounds_of_tol():
    with pytest.raises(TimeoutError):
        null_of(100, tol=1e-9, timeout=0.5)
    assert max(cached_counts()) >= 100


def test_rounds_of_tol_are_found_again():
    options = {"mc_count": 100, "tol": 1e-9, "mc_count_max": 400}
    with pytest.warns(UserWarning, match="`tol` of"):
        null = null_of(**options)
    seen = []
    with pytest.warns(UserWarning, match="`tol` of"):
        again = null_of(**options, progress=lambda *now: seen.append(now))
    assert not seen  # every round came from the cache
    assert again == null


def test_timeout_of_wct_is_that_of_its_simulation():
    y = np.random.default_rng(0).normal(size=(2, 200))
    with pytest.raises(TimeoutError, match="surrogates are done"):
        wct(*y, 1.0, mc_count=100_000, timeout=0.2, progress=False, backend="sequential")


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "1 s", True])
def test_timeout_that_is_no_time_is_refused(timeout):
    with pytest.raises((TypeError, ValueError), match="`timeout` must be a positive number"):
        null_of(300, timeout=timeout)


def test_broken_run_without_cache_leaves_nothing():
    with pytest.raises(KeyboardInterrupt):
        null_of(cache=False, progress=StopAfter(200, KeyboardInterrupt()))
    assert not cached_counts()


def test_unseeded_run_is_continued_too():
    with pytest.raises(KeyboardInterrupt):
        null_of(rng_seed=None, progress=StopAfter(200, KeyboardInterrupt()))
    (kept,) = cached_counts()
    null = null_of(rng_seed=None)
    assert null.n_surrogates == COUNT
    assert sorted(cached_counts()) == sorted({kept, COUNT})


SCRIPT = """
import sys
from pathlib import Path
from pycwt_mod import wct_null
def say(done, total):
    print(done, flush=True)
wct_null({problem}, mc_count=30_000, rng_seed=1, backend={backend!r}, progress=say)
"""


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to another process")
@pytest.mark.parametrize("backend", ["sequential", "joblib"])
def test_ctrl_c_keeps_what_is_counted(backend):
    problem = ", ".join(f"{name}={value!r}" for name, value in PROBLEM.items())
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(problem=problem, backend=backend)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYCWT_MOD_CACHE_DIR": str(get_cache_dir())},
    )
    with process:
        # A table is added just after it is told of: the first is there when the third is told of.
        for _ in range(3):
            assert int(process.stdout.readline()) >= 0
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in words
    (kept,) = cached_counts()
    counted = null_of(kept, progress=pytest.fail)  # from the cache: nothing is simulated
    assert (counted.counts == null_of(kept, cache=False).counts).all()
