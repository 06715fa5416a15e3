"""Dask: whose client, whose cluster, and what becomes of them."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pycwt_mod import wct_null
from pycwt_mod.backends import DaskBackend, Deadline, JoblibBackend, dask_cluster

distributed = pytest.importorskip("distributed")


def where(_):
    return os.getpid()


def die_once(task):
    folder, index = task
    mark = Path(folder, "died")
    if index == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return index


@pytest.mark.heavy
def test_dask_starts_a_cluster_for_the_call_and_closes_it():
    import psutil

    children = set(psutil.Process().children(recursive=True))
    backend = DaskBackend(n_workers=1)
    assert backend.n_workers == 1
    (pid, *_) = backend.map(where, range(3))
    assert pid != os.getpid()
    assert not psutil.pid_exists(pid)
    left = set(psutil.Process().children(recursive=True)) - children
    # multiprocessing's own resource tracker and fork server stay for the session.
    assert not [child for child in left if "worker" in child.name().lower()]


@pytest.mark.heavy
def test_dask_keeps_its_cluster_within_a_with_block():
    with DaskBackend(n_workers=1) as backend:
        first = set(backend.map(where, range(2)))
        assert set(backend.with_n_workers(1).map(where, range(2))) == first


def test_dask_uses_the_current_client(dask_client):
    pids = set(dask_client.run(os.getpid).values())
    with dask_client.as_current():
        backend = DaskBackend()
        assert backend.n_workers == 2
        assert set(backend.map(where, range(4))) <= pids
    assert dask_client.status == "running"


def test_dask_connects_to_an_address(dask_client):
    pids = set(dask_client.run(os.getpid).values())
    backend = DaskBackend(address=dask_client.scheduler.address)
    assert backend.n_workers == 2
    assert set(backend.map(where, range(4))) <= pids
    assert dask_client.status == "running"


def test_dask_without_a_scheduler_is_a_clear_error_in_seconds():
    begun = time.monotonic()
    with pytest.raises(OSError, match=r"Timed out|refused") as caught:
        list(DaskBackend(address="tcp://127.0.0.1:1", timeout=1.0).map(where, range(2)))
    assert "No dask scheduler answers at `address`" in caught.value.__notes__[0]
    assert time.monotonic() - begun < 10.0


def test_dask_leaves_no_data_on_the_cluster(dask_client):
    payload = os.urandom(2_000_000)  # large enough to be scattered
    kernel = (lambda data: lambda task: (task, len(data)))(payload)
    found = list(DaskBackend(dask_client).map(kernel, range(9)))
    assert found == [(k, len(payload)) for k in range(9)]
    assert_no_data_left(dask_client)


@pytest.mark.heavy
def test_dask_survives_a_killed_worker(tmp_path):
    with DaskBackend(n_workers=2) as backend:
        tasks = [(str(tmp_path), index) for index in range(20)]
        assert list(backend.map(die_once, tasks)) == list(range(20))
    assert Path(tmp_path, "died").exists()


@pytest.mark.heavy
def test_dask_runs_the_first_tasks_first(dask_client):
    # The consumer waits for them in order: one stuck behind a long later task holds up all.
    spans = list(DaskBackend(dask_client).map(begin, [0.02] * 4 + [0.4] * 4))
    assert max(spans[:2]) < min(spans[4:])


def begin(seconds):
    begun = time.time()
    time.sleep(seconds)
    return begun


def test_dask_repr_names_what_was_chosen():
    assert repr(DaskBackend()) == "DaskBackend()"
    found = repr(DaskBackend(address="tcp://127.0.0.1:1", n_workers=1))
    assert found == "DaskBackend(address='tcp://127.0.0.1:1', n_workers=1)"


class Asynchronous:
    asynchronous = True
    submit = None


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"client": 3}, TypeError, "`client` must be a distributed.Client, got 3"),
        ({"client": 3, "address": "tcp://x"}, ValueError, "`client` and `address` exclude"),
        ({"address": 3}, TypeError, "`address` must be a string, got 3"),
        ({"n_workers": 0}, ValueError, "`n_workers` must be a positive integer or -1, got 0"),
        ({"client": Asynchronous()}, ValueError, "`client` must not be asynchronous"),
    ],
)
def test_dask_refuses_wrong_options(options, error, words):
    with pytest.raises(error, match=words):
        DaskBackend(**options)


PROBLEM = (0.6, 0.3, 0.5, 1 / 4, 1.0, 20)


def null_on(backend, mc_count=400):
    return wct_null(
        *PROBLEM, mc_count=mc_count, rng_seed=3, backend=backend, cache=False, progress=False
    )


@pytest.fixture
def small_parts(monkeypatch):
    """Add up after a few tables, so that a short run has every kind of sum."""
    monkeypatch.setattr(dask_cluster, "FAN_IN", 2)
    monkeypatch.setattr(dask_cluster, "FIRST_PART", 3)


def table_of(index):
    """Return a table that would overflow small integers, as would the sum of some."""
    return np.arange(4, dtype=np.int32) * index + 2**30


def test_dask_gives_the_same_counts_to_the_last_bit(dask_client, small_parts):
    expected = null_on("sequential")
    assert null_on(dask_client) == expected
    assert null_on(DaskBackend(dask_client, n_workers=1)) == expected


def test_dask_adds_up_on_the_workers(dask_client, small_parts):
    done = []
    parts = list(DaskBackend(dask_client).map_sum(table_of, range(101), on_done=done.append))
    assert done == list(range(101))
    assert len(parts) < 10  # not a table per task
    index = 0
    for n_tasks, total in parts:
        expected = sum(table_of(k).astype(np.int64) for k in range(index, index + n_tasks))
        np.testing.assert_array_equal(total, expected)
        index += n_tasks
    assert index == 101


def test_dask_sums_of_nothing_and_of_other_things(dask_client):
    backend = DaskBackend(dask_client)
    assert list(backend.map_sum(abs, [])) == []
    assert sum(n for n, _ in backend.map_sum(abs, iter(range(5)))) == 5
    assert list(backend.map_sum(Counter, ["ab", "b", "c"])) == [(3, Counter("abbc"))]


def fail_at_three(index):
    if index in (3, 5):
        time.sleep(0.2 if index == 3 else 0.0)
        error = ValueError(f"task {index}")
        error.add_note("a note")
        raise error
    return index


def test_dask_sum_raises_the_first_failing_task_in_task_order(dask_client):
    done = []
    with pytest.raises(ValueError, match="task 3") as caught:
        list(DaskBackend(dask_client).map_sum(fail_at_three, range(50), on_done=done.append))
    assert "a note" in caught.value.__notes__
    assert done == [0, 1, 2]
    assert_no_data_left(dask_client)


def assert_no_data_left(client):
    give_up_at = time.monotonic() + 30.0
    while any(client.has_what().values()) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    assert not any(client.has_what().values())


def test_dask_sum_left_early_leaves_nothing_behind(dask_client, small_parts):
    sums = DaskBackend(dask_client).map_sum(slow_table, range(1000))
    next(sums)
    sums.close()
    assert not any(dask_client.processing().values())
    assert_no_data_left(dask_client)


def slow_table(index):
    time.sleep(0.02)
    return table_of(index)


def die_once_and_count(folder):
    def kernel(index):
        die_once((folder, index))
        return table_of(index)

    return kernel


@pytest.fixture(scope="module")
def mortal_cluster():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as local,
        distributed.Client(local, set_as_default=False) as client,
    ):
        yield local, client


@pytest.fixture
def mortal(mortal_cluster):
    """Give a cluster whose workers may be killed, of two workers at first, and its client."""
    local, client = mortal_cluster
    local.scale(2)
    client.wait_for_workers(2, timeout=60)
    return local, client


@pytest.mark.heavy
def test_dask_sums_survive_a_killed_worker(tmp_path, monkeypatch, small_parts, mortal):
    # Killed when it holds sums of earlier tables, which must be made again.
    monkeypatch.setattr(dask_cluster, "FIRST_PART", 50)
    kernel = die_once_and_count(str(tmp_path))
    ((n_tasks, total),) = DaskBackend(mortal[1]).map_sum(kernel, [*range(20, 40), 3, *range(20)])
    assert Path(tmp_path, "died").exists()
    assert n_tasks == 41
    expected = sum(table_of(k).astype(np.int64) for k in [*range(40), 3])
    np.testing.assert_array_equal(total, expected)


@pytest.mark.heavy
def test_dask_counts_survive_a_worker_killed_from_outside(small_parts, mortal):
    expected = null_on("sequential", 1000)
    _, client = mortal
    pids, killed = list(client.run(os.getpid).values()), []

    def kill(done, total):
        if not killed and done >= total / 3:
            os.kill(pids[0], signal.SIGKILL)
            killed.append(done)

    null = wct_null(*PROBLEM, mc_count=1000, rng_seed=3, backend=client, cache=False, progress=kill)
    assert killed
    assert null == expected


@pytest.mark.heavy
def test_dask_counts_on_a_cluster_that_grows_and_shrinks(mortal):
    sizes = []
    local, client = mortal

    def tasks():
        """Go on until both have been seen."""
        yield from range(5)
        local.scale(3)
        yield from until(5, lambda: len(client.nthreads()) == 3)
        local.scale(1)
        yield from until(1000, lambda: len(client.nthreads()) == 1)
        yield from range(5)

    def until(first, condition):
        give_up_at = time.monotonic() + 60.0
        index = first
        while not condition():
            assert time.monotonic() < give_up_at
            drawn.append(index)
            yield index
            index += 1
        sizes.append(len(client.nthreads()))

    drawn = [*range(5), *range(5)]
    sums = list(DaskBackend(client).map_sum(slow_table, tasks()))
    assert sizes == [3, 1]
    assert sum(n for n, _ in sums) == len(drawn)
    expected = sum(table_of(k).astype(np.int64) for k in drawn)
    np.testing.assert_array_equal(sum(total for _, total in sums), expected)


@pytest.mark.parametrize("way", ["map", "map_sum"])
def test_dask_ends_when_the_time_is_over(dask_client, way):
    backend = DaskBackend(dask_client)
    begun = time.monotonic()
    if way == "map":
        results = backend.map(time.sleep, [0.1] * 400, deadline=Deadline(0.3))
    else:
        results = backend.map_sum(slow_table, range(10_000), deadline=Deadline(0.3))
    with pytest.raises(TimeoutError, match=r"the time is over: `timeout` = 0\.3 s"):
        list(results)
    assert time.monotonic() - begun < 15.0
    assert not any(dask_client.processing().values())


def test_dask_through_joblib(dask_client):
    import joblib

    pids = set(dask_client.run(os.getpid).values())
    with dask_client.as_current(), joblib.parallel_config(backend="dask"):
        backend = JoblibBackend()
        assert backend.n_workers == 2
        assert set(backend.map(where, range(8))) <= pids


def test_dask_closed_client_is_a_clear_error(dask_client):
    client = distributed.Client(dask_client.scheduler.address, set_as_default=False)
    client.close()
    with pytest.raises(RuntimeError, match=r"not connected to a scheduler \(status 'closed'\)"):
        list(DaskBackend(client).map(where, range(2)))


def test_dask_large_kernel_is_sent_once_and_outlives_its_holders(dask_client):
    payload = os.urandom(200_000)
    found = list(DaskBackend(dask_client).map_sum(lambda k: k + len(payload), range(40)))
    assert sum(total for _, total in found) == sum(range(40)) + 40 * len(payload)
    assert_no_data_left(dask_client)
