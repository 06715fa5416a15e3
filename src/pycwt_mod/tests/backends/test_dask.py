"""Dask: whose client, whose cluster, and what becomes of them."""

import os
import signal
import time
from pathlib import Path

import pytest

from pycwt_mod.backends import AutoBackend, DaskBackend

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
    give_up_at = time.monotonic() + 5.0
    while any(dask_client.has_what().values()) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    assert not any(dask_client.has_what().values())


def test_dask_survives_a_killed_worker(tmp_path):
    with DaskBackend(n_workers=2) as backend:
        tasks = [(str(tmp_path), index) for index in range(20)]
        assert list(backend.map(die_once, tasks)) == list(range(20))
    assert Path(tmp_path, "died").exists()


def nested(_):
    with DaskBackend() as inner:
        by_dask = set(inner.map(where, range(2)))
    return os.getpid(), by_dask | set(AutoBackend().map(where, range(2)))


def test_dask_nested_call_stays_in_its_worker(dask_client):
    for pid, inner in DaskBackend(dask_client).map(nested, range(2)):
        assert inner == {pid}


def test_dask_runs_the_first_tasks_first(dask_client):
    # The consumer waits for them in order: one stuck behind a long later task holds up all.
    spans = list(DaskBackend(dask_client).map(begin, [0.02] * 4 + [0.4] * 4))
    assert max(spans[:2]) < min(spans[4:])


def begin(seconds):
    begun = time.time()
    time.sleep(seconds)
    return begun


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"client": 3}, TypeError, "`client` must be a distributed.Client, got 3"),
        ({"client": 3, "address": "tcp://x"}, ValueError, "`client` and `address` exclude"),
        ({"address": 3}, TypeError, "`address` must be a string, got 3"),
        ({"n_workers": 0}, ValueError, "`n_workers` must be a positive integer or -1, got 0"),
    ],
)
def test_dask_refuses_wrong_options(options, error, words):
    with pytest.raises(error, match=words):
        DaskBackend(**options)
