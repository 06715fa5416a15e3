"""What the conformance suite does to a backend, law by law; `testing` has the laws in words."""

from __future__ import annotations

import itertools
import os
import pickle
import random
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from .base import MCBackend, RemoteError, closing_iterator
from .sequential import SequentialBackend

# Generous: the law says O(n_workers), and batching is allowed.
MAX_DRAWN_PER_WORKER = 32
# Long enough for a worker that was not stopped to give itself away.
SETTLE_SECONDS = 0.4


class KernelError(Exception):
    """What a failing kernel of this suite raises."""


class StubbornError(Exception):
    """An exception that cannot be pickled."""

    def __init__(self, first: str, lock: object) -> None:
        super().__init__(f"stubborn {first}")
        self.lock = lock


def _sleep_and_return(task: tuple[int, float]) -> int:
    index, seconds = task
    time.sleep(seconds)
    return index


def _return(task: Any) -> Any:
    return task


def _fail_at_three(index: int) -> int:
    if index == 3:
        time.sleep(0.1)
        error = KernelError(f"task {index}")
        error.add_note("a note from the kernel")
        raise error
    if index == 5:
        raise KernelError(f"task {index}")
    return index


def _fail_stubbornly(index: int) -> int:
    if index == 1:
        raise StubbornError("error", threading.Lock())
    return index


def draw(seed: np.random.SeedSequence, scale: float = 1.0) -> tuple[int, float]:
    """Return the number of a simulation, and a random one."""
    return seed.spawn_key[-1], scale * float(np.random.default_rng(seed).standard_normal())


def _fail_at_simulation_seven(seed: np.random.SeedSequence) -> float:
    if seed.spawn_key[-1] == 7:
        raise KernelError("simulation 7")
    return 1.0


def leave_marks(task: tuple[str, int]) -> int:
    """Mark the beginning and the end of a task in a folder."""
    folder, index = task
    Path(folder).mkdir(parents=True, exist_ok=True)
    Path(folder, f"{index}-begun").touch()
    time.sleep(SETTLE_SECONDS / 2)
    Path(folder, f"{index}-ended").touch()
    return index


def _time_span(seconds: float) -> tuple[str, float, float]:
    begun = time.time()
    time.sleep(seconds)
    return socket.gethostname(), begun, time.time()


def _blas_threads(_: int) -> tuple[int, int]:
    from threadpoolctl import threadpool_info

    return os.getpid(), max((int(pool["num_threads"]) for pool in threadpool_info()), default=1)


def require(condition: bool, words: str) -> None:
    """Say how a law is broken, if it is."""
    if not condition:
        raise AssertionError(words)


def same_list(found: list[Any], expected: list[Any]) -> None:
    """Require one list to be as the other."""
    require(found == expected, f"expected {expected}, got {found}")


def check_description(backend: MCBackend) -> None:
    """Look at what the backend says of itself."""
    cls = type(backend)
    require(isinstance(cls.name, str) and bool(cls.name), f"`name` is {cls.name!r}")
    require(isinstance(cls.requires, tuple), f"`requires` is {cls.requires!r}, not a tuple")
    available = cls.is_available()
    require(isinstance(available, bool), f"`is_available()` is {available!r}, not a bool")
    missing = {"name", "available", "n_workers"} - set(backend.get_info())
    require(not missing, f"`get_info()` lacks {sorted(missing)}")
    backend.validate_config()


def check_order(backend: MCBackend) -> None:
    """Let the first tasks finish last."""
    # The first tasks take longest, so that with many workers they finish last.
    tasks = [(index, 0.03 * max(0, 4 - index)) for index in range(12)]
    same_list(list(backend.map(_sleep_and_return, tasks)), list(range(12)))


def check_empty(backend: MCBackend) -> None:
    """Give it no tasks."""
    same_list(list(backend.map(_return, [])), [])
    same_list(list(backend.map(_return, iter(()))), [])


def check_laziness(backend: MCBackend) -> None:
    """Take a few results of many tasks."""
    limit = MAX_DRAWN_PER_WORKER * backend.n_workers
    counter = itertools.count()
    tasks = (next(counter) for _ in range(4 * limit))
    results = backend.map(_return, tasks)
    with closing_iterator(results):
        for index in range(3):
            require(next(results) == index, "the first results are wrong")
        time.sleep(SETTLE_SECONDS)
        drawn = next(counter)
    require(
        drawn <= limit + 3,
        f"{drawn} tasks were drawn for 3 results taken ({backend.n_workers} workers)",
    )


def check_errors(backend: MCBackend) -> None:
    """Let two tasks fail."""
    results: list[Any] = []
    try:
        for result in backend.map(_fail_at_three, range(40)):
            results.append(result)  # noqa: PERF402
    except KernelError as error:
        require(
            str(error) == "task 3", f"the first failing task is 3, but {str(error)!r} was raised"
        )
        notes = getattr(error, "__notes__", [])
        require("a note from the kernel" in notes, f"the exception's notes were lost: {notes}")
    except Exception as error:
        raise AssertionError(f"KernelError arrived as {type(error).__name__}: {error}") from error
    else:
        raise AssertionError(f"no exception was raised; results {results[:8]}")
    same_list(results, [0, 1, 2])


def check_remote_errors(backend: MCBackend) -> None:
    """Let a task fail with what cannot be pickled."""
    try:
        results = list(backend.map(_fail_stubbornly, range(6)))
    except (StubbornError, RemoteError) as error:
        require("stubborn error" in str(error), f"the message was lost: {error}")
    except Exception as error:
        raise AssertionError(
            f"an exception that cannot be pickled arrived as {type(error).__name__}: {error}"
        ) from error
    else:
        raise AssertionError(f"no exception was raised; results {results}")
    same_list(list(backend.map(_return, range(6))), list(range(6)))


def check_simulation_errors(backend: MCBackend) -> None:
    """Let a simulation fail."""
    try:
        results = backend.run_monte_carlo(_fail_at_simulation_seven, 20, seed=1)
    except KernelError as error:
        notes = " ".join(getattr(error, "__notes__", []))
        require("simulation 7 of 20" in notes, f"no note names simulation 7 of 20: {notes!r}")
    else:
        raise AssertionError(f"no exception was raised; results {results[:8]}")


def check_early_end(backend: MCBackend) -> None:
    """Leave when one result is there."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        marks = Path(folder, "marks")
        tasks = [(str(marks), index) for index in range(16 + 16 * backend.n_workers)]
        results = backend.map(leave_marks, tasks)
        require(next(results) == 0, "the first result is wrong")
        close = getattr(results, "close", None)
        require(close is not None, "the iterator has no `close`; make `map` a generator")
        assert close is not None
        close()
        at_close = {path.name for path in marks.glob("*")}
        time.sleep(SETTLE_SECONDS)
        more = sorted({path.name for path in marks.glob("*")} - at_close)
        require(not more, f"work went on after the iterator was closed: {more[:6]}")
    same_list(list(backend.map(_return, range(6))), list(range(6)))


def check_seeds(backend: MCBackend) -> None:
    """Compare seeds with the sequential backend's."""
    for seed in (20_240_601, np.random.SeedSequence(5, spawn_key=(2,), pool_size=8)):
        expected = SequentialBackend().run_monte_carlo(draw, 23, (2.0,), seed=seed)
        found = backend.run_monte_carlo(draw, 23, (2.0,), seed=seed)
        require(found == expected, "`run_monte_carlo` differs from the sequential backend's")
        if isinstance(seed, np.random.SeedSequence):
            require(seed.n_children_spawned == 0, "the caller's SeedSequence was changed")


def check_sameness(backend: MCBackend) -> None:
    """Run the same with other numbers of tasks and workers."""
    tasks = [range(0, 3), range(3, 4), range(4, 9)]
    same_list(list(backend.map(_return, tasks)), tasks)
    same_list(list(backend.map(_return, iter(tasks))), tasks)
    single = backend.with_n_workers(1)
    expected = backend.run_monte_carlo(draw, 11, seed=3)
    same_list(single.run_monte_carlo(draw, 11, seed=3), expected)
    same_list(backend.run_monte_carlo(draw, 31, seed=3)[:11], expected)


def check_random_state(backend: MCBackend) -> None:
    """Look at the global random states."""
    saved = random.getstate()
    after = []
    try:
        for start in (1, 2):
            random.seed(start)
            before = pickle.dumps(np.random.get_state())  # noqa: NPY002
            list(backend.map(_return, range(4)))
            backend.run_monte_carlo(draw, 4, seed=1)
            backend.run_monte_carlo(draw, 4)
            unchanged = pickle.dumps(np.random.get_state()) == before  # noqa: NPY002
            require(unchanged, "NumPy's global random state was changed")
            after.append(random.getstate())
    finally:
        random.setstate(saved)
    # A library's own threads may draw from `random` at any time, as dask's scheduler does; so the
    # question is whether it was seeded, which makes one state of two.
    require(after[0] != after[1], "the global state of `random` was seeded")


def check_callback(backend: MCBackend) -> None:
    """Listen to `on_done`."""
    calls: list[tuple[int, bool]] = []
    caller = threading.get_ident()
    results = backend.map(
        _return, range(9), on_done=lambda k: calls.append((k, threading.get_ident() == caller))
    )
    for result in results:
        require(
            (result, True) in calls,
            f"result {result} was handed out before `on_done({result})` in the calling thread",
        )
    same_list([index for index, _ in calls], list(range(9)))


def check_workers(backend: MCBackend) -> None:
    """Ask for numbers of workers, right and wrong."""
    number = backend.n_workers
    is_integer = isinstance(number, int) and not isinstance(number, bool)
    require(is_integer and number >= 1, f"`n_workers` is {number!r}")
    require(backend.with_n_workers(None).n_workers == number, "`with_n_workers(None)` changes")
    single = backend.with_n_workers(1)
    require(single.n_workers == 1, f"`with_n_workers(1)` has {single.n_workers} workers")
    for wrong, kind in ((0, ValueError), (-2, ValueError), (True, TypeError), (1.5, TypeError)):
        try:
            backend.with_n_workers(wrong)  # type: ignore[arg-type]
        except kind:
            continue
        except Exception as error:
            raise AssertionError(f"`with_n_workers({wrong})` raises {error!r}") from error
        raise AssertionError(f"`with_n_workers({wrong})` does not raise {kind.__name__}")
    spans = sorted(single.map(_time_span, [0.02] * 6))
    for (host, _, ended), (next_host, begun, _) in itertools.pairwise(spans):
        overlap = host == next_host and begun < ended - 0.005
        require(not overlap, "`with_n_workers(1)` runs tasks at the same time")


def check_threads(backend: MCBackend) -> None:
    """Count BLAS threads in workers."""
    try:
        import threadpoolctl  # noqa: F401
    except ImportError:
        return
    found = [n for pid, n in backend.map(_blas_threads, range(4)) if pid != os.getpid()]
    require(max(found, default=1) <= 1, f"BLAS may use {found} threads in worker processes")


def check_close(backend: MCBackend) -> None:
    """Close it again and again."""
    with backend as entered:
        require(entered is backend, "`with` does not give the backend itself")
        same_list(list(backend.map(_return, range(3))), [0, 1, 2])
    for call in ("second", "third"):
        try:
            backend.close()
        except Exception as error:
            raise AssertionError(f"the {call} `close()` raises {error!r}") from error
