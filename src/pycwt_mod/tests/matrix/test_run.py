"""Runs over many pairs that break off: they keep their results, and the next run goes on."""

import time
from pathlib import Path

import numpy as np
import pytest

from pycwt_mod import get_cache_dir, wct_matrix
from pycwt_mod.backends import JoblibBackend, SequentialBackend
from pycwt_mod.tests.matrix.series import QUICK, Spy, red_series, related_series

MANY = {**QUICK, "mc_count": 300, "bands": [(4, 16)]}

HOUR = 3600.0


def cached_counts():
    return [int(path.stem.rpartition("-")[2]) for path in Path(get_cache_dir()).glob("null-*.npz")]


class Stop:
    """A progress callback that raises when some steps are done."""

    def __init__(self, n, error):
        self.n, self.error = n, error

    def __call__(self, done, total):
        if done >= self.n:
            raise self.error


class Clock:
    """A clock that can be put forward; everything else in the call takes a fraction of an hour."""

    def __init__(self, monkeypatch):
        self.ahead, now = 0.0, time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: now() + self.ahead)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


class Slow(SequentialBackend):
    """A plain loop in which a task of one kind of kernel takes an hour by the clock."""

    def __init__(self, kernel, clock):
        self.kernel, self.clock = kernel, clock

    def run_tasks(self, run, tasks, deadline):
        for outcome in super().run_tasks(run, tasks, deadline):
            if type(run.kernel).__name__ == self.kernel:
                self.clock.ahead += HOUR
            yield outcome


@pytest.mark.heavy
@pytest.mark.parametrize("backend", ["sequential", JoblibBackend(2, prefer="threads")], ids=str)
def test_ctrl_c_keeps_what_is_counted_of_the_null_at_hand(backend, monkeypatch):
    monkeypatch.setattr("pycwt_mod.montecarlo.estimate._TASK_SECONDS", 0.01)
    monkeypatch.setattr(SequentialBackend, "task_seconds", 0.01)
    monkeypatch.setattr(JoblibBackend, "task_seconds", 0.01)
    data = red_series(2, 200)
    with pytest.raises(KeyboardInterrupt):
        wct_matrix(
            data, 1.0, backend=backend, **{**MANY, "progress": Stop(100, KeyboardInterrupt())}
        )
    (kept,) = cached_counts()
    assert 100 <= kept < 300
    spy = Spy()
    result = wct_matrix(data, 1.0, backend=spy, **MANY)
    counted = [task for name, tasks in spy.calls if name == "CountSurrogates" for task in tasks]
    assert min(start for start, _ in counted) == kept
    whole = wct_matrix(data, 1.0, backend="sequential", cache=False, **MANY)
    np.testing.assert_array_equal(result.share, whole.share)


@pytest.mark.heavy
@pytest.mark.parametrize("options", [{}, {"tol": 1e-6}], ids=["", "tol"])
def test_timeout_says_how_many_steps_are_done_and_keeps_the_counts(options):
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"`timeout` = 2 s, and \d+ of \d+ steps are done"):
        wct_matrix(
            red_series(2, 200),
            1.0,
            timeout=2,  # a task takes a fraction of it, on a machine with other work, too
            backend="sequential",
            **{**QUICK, "mc_count": 100_000},
            **options,
        )
    assert time.monotonic() - began < 30
    (kept,) = cached_counts()
    assert 0 < kept < 100_000


@pytest.mark.heavy
def test_timeout_holds_for_a_null_that_the_cache_has_begun(clock):
    data = red_series(2, 200)
    wct_matrix(data, 1.0, backend="sequential", **QUICK)
    backend, limit = Slow("CountSurrogates", clock), 1.5 * HOUR
    with pytest.raises(TimeoutError, match=r"of \d{6} steps are done") as caught:
        wct_matrix(data, 1.0, timeout=limit, backend=backend, **{**QUICK, "mc_count": 100_000})
    assert max(cached_counts()) > 32
    assert f"and {max(cached_counts())} of " in str(caught.value)


@pytest.mark.parametrize("kernel", ["BandSurrogates", "TransformSeries", "ComparePair"])
def test_timeout_holds_for_each_part_of_the_call(kernel, clock):
    with pytest.raises(TimeoutError, match=r"[1-9]\d* of \d+ steps"):
        wct_matrix(related_series(), 1.0, backend=Slow(kernel, clock), timeout=1.5 * HOUR, **QUICK)


def test_timeout_is_one_for_the_whole_call_and_pairs_on_disk_stay(tmp_path, clock):
    options = {**QUICK, "out": tmp_path / "fields"}
    with pytest.raises(TimeoutError):
        wct_matrix(
            related_series(), 1.0, backend=Slow("ComparePair", clock), timeout=2.5 * HOUR, **options
        )
    n_kept = len(list((tmp_path / "fields").glob("pair-*.npz")))
    assert 0 < n_kept < 6
    spy = Spy()
    wct_matrix(related_series(), 1.0, backend=spy, **options)
    assert len(dict(spy.calls)["ComparePair"]) == 6 - n_kept


@pytest.mark.heavy
def test_timeout_that_is_long_enough_changes_nothing():
    one, two = (
        wct_matrix(related_series(), 1.0, cache=False, **where, **QUICK)
        for where in ({"backend": "sequential"}, {"backend": JoblibBackend(2), "timeout": 1000})
    )
    np.testing.assert_array_equal(one.pvalue, two.pvalue)
    np.testing.assert_array_equal(one.share, two.share)


def test_an_error_of_that_kind_that_is_not_ours_is_left_alone():
    with pytest.raises(TimeoutError, match="mine"):
        wct_matrix(
            related_series(),
            1.0,
            timeout=1000,
            **{**QUICK, "progress": Stop(1, TimeoutError("mine"))},
        )


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "1 s", True])
def test_timeout_that_is_no_time_is_refused(timeout):
    with pytest.raises((TypeError, ValueError), match="`timeout` must be a positive number"):
        wct_matrix(related_series(), 1.0, timeout=timeout, **QUICK)
