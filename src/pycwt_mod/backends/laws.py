"""The laws of backends: each with its rule, its remedy and its check."""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import random
import socket
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .base import MCBackend
from .deadline import Deadline, closing_iterator
from .joblib import JoblibBackend
from .nesting import available_cores
from .pickling import RemoteError
from .sequential import SequentialBackend

# Generous: the law says O(n_workers), and batching is allowed.
MAX_DRAWN_PER_WORKER = 32
# Long enough for a worker that was not stopped to give itself away.
SETTLE_SECONDS = 0.4
# More than a task of this suite takes, and less than all of them do.
TIME_LIMIT = 1.0

USE_RUN = "Run tasks by the `run` that `run_tasks` is given, and nothing else."
USE_MAP = "Leave `map` and `run_monte_carlo` as they are in `MCBackend`."

Check = Callable[[MCBackend], None]


class Law(NamedTuple):
    """One law: its rule, how a backend that breaks it is usually mended, and its check."""

    rule: str
    remedy: str
    check: Check


LAWS: dict[str, Law] = {}


def law(name: str, rule: str, remedy: str) -> Callable[[Check], Check]:
    """Add a check to the laws."""

    def add(check: Check) -> Check:
        LAWS[name] = Law(rule, remedy, check)
        return check

    return add


def require(condition: bool, words: str) -> None:
    """Say how a law is broken, if it is."""
    if not condition:
        raise AssertionError(words)


def same_list(found: list[Any], expected: list[Any]) -> None:
    """Require one list to be as the other."""
    require(found == expected, f"expected {expected}, got {found}")


def _return(task: Any) -> Any:
    return task


def _works_on(backend: MCBackend) -> None:
    same_list(list(backend.map(_return, range(6))), list(range(6)))


def _sleep_and_return(task: tuple[int, float]) -> int:
    index, seconds = task
    time.sleep(seconds)
    return index


@law(
    "order",
    "`map` gives one result per task, in task order, whatever the order in which they finish; "
    "`on_done(task_index)` is called in the calling thread just before.",
    f"Yield every outcome of `run`, each once. {USE_MAP}",
)
def _(backend: MCBackend) -> None:
    # The first tasks take longest, so that with many workers they finish last.
    tasks = [(index, 0.03 * max(0, 4 - index)) for index in range(12)]
    calls: list[tuple[int, int]] = []

    def note(index: int) -> None:
        calls.append((index, threading.get_ident()))

    for expected, result in enumerate(backend.map(_sleep_and_return, tasks, on_done=note)):
        require(result == expected, f"result {expected} is {result}")
        require(len(calls) == expected + 1, f"`on_done` was called {len(calls)} times before")
    same_list(calls, [(index, threading.get_ident()) for index in range(12)])
    same_list(list(backend.map(_return, iter(()))), [])


@law("laziness", "No more than O(`n_workers`) tasks are drawn ahead of the consumer.", USE_MAP)
def _(backend: MCBackend) -> None:
    limit = MAX_DRAWN_PER_WORKER * backend.n_workers
    counter = itertools.count()
    results = backend.map(_return, (next(counter) for _ in range(4 * limit)))
    with closing_iterator(results):
        same_list([next(results) for _ in range(3)], [0, 1, 2])
        time.sleep(SETTLE_SECONDS)
        drawn = next(counter)
    require(drawn <= limit + 3, f"{drawn} tasks were drawn for 3 results taken")


class KernelError(Exception):
    """The error of a failing kernel of this suite."""


def _fail_at_three(index: int) -> int:
    if index == 3:
        time.sleep(0.1)
        error = KernelError(f"task {index}")
        error.add_note("a note from the kernel")
        raise error
    if index == 5:
        raise KernelError(f"task {index}")
    return index


@law(
    "errors",
    "A kernel's exception ends the call as its own type with its notes, that of the first failing "
    "task in task order; nothing stands in for a failed task.",
    USE_RUN,
)
def _(backend: MCBackend) -> None:
    results: list[Any] = []
    try:
        for result in backend.map(_fail_at_three, range(40)):
            results.append(result)  # noqa: PERF402
    except KernelError as error:
        require(str(error) == "task 3", f"the first failing task is 3, but {error} was raised")
        notes = getattr(error, "__notes__", [])
        require("a note from the kernel" in notes, f"the exception's notes were lost: {notes}")
    except Exception as error:
        raise AssertionError(f"KernelError arrived as {type(error).__name__}: {error}") from error
    else:
        raise AssertionError(f"no exception was raised; results {results[:8]}")
    same_list(results, [0, 1, 2])


class StubbornError(Exception):
    """An exception that cannot be pickled."""

    def __init__(self, first: str, lock: object) -> None:
        super().__init__(f"stubborn {first}")
        self.lock = lock


def _fail_stubbornly(index: int) -> int:
    if index == 1:
        raise StubbornError("error", threading.Lock())
    return index


@law(
    "remote errors",
    "An exception that cannot be pickled arrives as `RemoteError` with its message, and the "
    "backend works on.",
    f"{USE_RUN} Set `in_process` only if tasks run in this process.",
)
def _(backend: MCBackend) -> None:
    try:
        results = list(backend.map(_fail_stubbornly, range(6)))
    except (StubbornError, RemoteError) as error:
        require("stubborn error" in str(error), f"the message was lost: {error}")
    except Exception as error:
        raise AssertionError(f"it arrived as {type(error).__name__}: {error}") from error
    else:
        raise AssertionError(f"no exception was raised; results {results}")
    _works_on(backend)


def _leave_marks(task: tuple[str, int]) -> int:
    """Mark the beginning and the end of a task in a folder."""
    folder, index = task
    Path(folder, f"{index}-begun").touch()
    time.sleep(SETTLE_SECONDS / 2)
    Path(folder, f"{index}-ended").touch()
    return index


@contextlib.contextmanager
def _marks(n_tasks: int, end: str) -> Iterator[list[tuple[str, int]]]:
    """Give tasks that leave marks, and require that none works on after the end."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield [(folder, index) for index in range(n_tasks)]
        at_end = set(Path(folder).iterdir())
        time.sleep(SETTLE_SECONDS)
        more = sorted(path.name for path in set(Path(folder).iterdir()) - at_end)
        require(not more, f"work went on after {end}: {more[:6]}")


@law(
    "early end",
    "Closing the iterator cancels what is left; no work goes on behind the caller's back.",
    "Make `run_tasks` a generator, and cancel and await its futures in a `finally`.",
)
def _(backend: MCBackend) -> None:
    with _marks(16 + 16 * backend.n_workers, "the iterator was closed") as tasks:
        results = backend.map(_leave_marks, tasks)
        require(next(results) == 0, "the first result is wrong")
        close = getattr(results, "close", None)
        require(close is not None, "the iterator has no `close`; make `map` a generator")
        assert close is not None
        close()
    _works_on(backend)


@law(
    "time limit",
    "`map` raises `deadline.error()` when the time is over, and leaves nothing running.",
    "Wait for futures no longer than `deadline.left`; then cancel or stop them, await those that "
    "cannot be stopped, and raise `deadline.error()`. `in_flight` does.",
)
def _(backend: MCBackend) -> None:
    list(backend.map(abs, range(2 * backend.n_workers)))  # what starts once, starts now
    n_tasks = int(8 * backend.n_workers * TIME_LIMIT / SETTLE_SECONDS) + 8
    with _marks(n_tasks, "the time was over") as tasks:
        deadline = Deadline(TIME_LIMIT, n_tasks, "task")
        try:
            for _ in backend.map(_leave_marks, tasks, deadline=deadline):
                deadline.n_done += 1
        except TimeoutError as error:
            expected = f"{deadline.n_done} of {n_tasks} tasks are done"
            require(expected in str(error), f"the error does not say {expected!r}: {error}")
        else:
            raise AssertionError(f"no TimeoutError was raised, and all {n_tasks} tasks were done")
    same_list(list(backend.map(abs, range(6), deadline=Deadline(600.0))), list(range(6)))


def _draw(seed: np.random.SeedSequence, scale: float) -> tuple[int, float]:
    """Return the number of a simulation, and a random one."""
    return seed.spawn_key[-1], scale * float(np.random.default_rng(seed).standard_normal())


@law(
    "sameness",
    "Tasks are never cut or merged; simulation i is given child i of the seed; neither the number "
    "of workers nor the size of the chunks changes a result, nor a call the caller's seed.",
    USE_MAP,
)
def _(backend: MCBackend) -> None:
    tasks = [range(0, 3), range(3, 4), range(4, 9)]
    same_list(list(backend.map(_return, tasks)), tasks)
    seed = np.random.SeedSequence(5, spawn_key=(2,), pool_size=8)
    expected = SequentialBackend().run_monte_carlo(_draw, 23, (2.0,), seed=seed)
    for own, chunk_size in ((backend, None), (backend, 5), (backend.with_n_workers(1), 100)):
        found = own.run_monte_carlo(_draw, 23, (2.0,), seed=seed, chunk_size=chunk_size)
        how = f"{own.n_workers} workers and `chunk_size={chunk_size}`"
        require(found == expected, f"{how} give other results than the sequential backend")
    require(seed.n_children_spawned == 0, "the caller's SeedSequence was changed")


@law(
    "random state",
    "No global random state is read or changed.",
    "Draw from a `numpy.random.Generator` of your own, if at all; seed nothing.",
)
def _(backend: MCBackend) -> None:
    saved = random.getstate()
    after = []
    try:
        for start in (1, 2):
            random.seed(start)
            before = pickle.dumps(np.random.get_state())  # noqa: NPY002
            _works_on(backend)
            unchanged = pickle.dumps(np.random.get_state()) == before  # noqa: NPY002
            require(unchanged, "NumPy's global random state was changed")
            after.append(random.getstate())
    finally:
        random.setstate(saved)
    # A library's own threads may draw from `random` at any time, as dask's scheduler does; so the
    # question is whether it was seeded, which makes one state of two.
    require(after[0] != after[1], "the global state of `random` was seeded")


def _time_span(seconds: float) -> tuple[str, float, float]:
    begun = time.time()
    time.sleep(seconds)
    return socket.gethostname(), begun, time.time()


@law(
    "workers",
    "A backend has a `name`; `n_workers` is a positive integer; `with_n_workers` limits it, and "
    "refuses anything that is no number of workers.",
    "Write `available_workers`, and run no more than `n_workers` tasks at a time.",
)
def _(backend: MCBackend) -> None:
    require(bool(backend.name), f"`name` is {backend.name!r}")
    number = backend.n_workers
    is_integer = isinstance(number, int) and not isinstance(number, bool)
    require(is_integer and number >= 1, f"`n_workers` is {number!r}")
    require(backend.with_n_workers(None).n_workers == number, "`with_n_workers(None)` changes")
    single = backend.with_n_workers(1)
    require(single.n_workers == 1, f"`with_n_workers(1)` has {single.n_workers} workers")
    for wrong, kind in ((0, ValueError), (-2, ValueError), (True, TypeError), (1.5, TypeError)):
        with contextlib.suppress(kind):
            backend.with_n_workers(wrong)  # type: ignore[arg-type]
            raise AssertionError(f"`with_n_workers({wrong})` does not raise {kind.__name__}")
    spans = sorted(single.map(_time_span, [0.02] * 6))
    for (host, _, ended), (next_host, begun, _) in itertools.pairwise(spans):
        overlap = host == next_host and begun < ended - 0.005
        require(not overlap, "`with_n_workers(1)` runs tasks at the same time")


def _blas_threads(_: int) -> tuple[int, int]:
    from threadpoolctl import threadpool_info

    return os.getpid(), max((int(pool["num_threads"]) for pool in threadpool_info()), default=1)


@law(
    "threads",
    "In worker processes BLAS and FFT threads are limited to one.",
    USE_RUN,
)
def _(backend: MCBackend) -> None:
    found = [n for pid, n in backend.map(_blas_threads, range(4)) if pid != os.getpid()]
    require(max(found, default=1) <= 1, f"BLAS may use {found} threads in worker processes")


@law(
    "close",
    "`close` may be called any number of times, and a closed backend is used again.",
    "Forget what `close` frees, and open it again on use.",
)
def _(backend: MCBackend) -> None:
    with backend as entered:
        require(entered is backend, "`with` does not give the backend itself")
        _works_on(backend)
    backend.close()
    backend.close()


# How often this process unpickled each kernel of this suite.
_loads: Counter[str] = Counter()


class _Heavy:
    """A kernel with data that ought to be sent once, which tells how often it was unpickled."""

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex
        self.data = np.arange(200_000.0)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        _loads[self.token] += 1

    def __call__(self, task: int) -> tuple[int, float]:
        time.sleep(0.005)
        return _loads[self.token], float(self.data[task])


@law("sharing", "A kernel is unpickled once per worker and not once per task.", USE_RUN)
def _(backend: MCBackend) -> None:
    n_tasks = 12 * backend.n_workers
    found = list(backend.map(_Heavy(), range(n_tasks)))
    same_list([value for _, value in found], [float(k) for k in range(n_tasks)])
    most = max(loads for loads, _ in found)
    require(most <= 1, f"a worker unpickled the kernel {most} times for {n_tasks} tasks")


def _nested(_: int) -> tuple[int, int, list[int]]:
    inner = JoblibBackend(min(2, available_cores()))
    pids = set(inner.map(lambda _: os.getpid(), range(4)))
    return os.getpid(), threading.get_ident(), sorted(pids)


@law("nesting", "A call inside a worker starts no workers: it runs in process.", USE_RUN)
def _(backend: MCBackend) -> None:
    caller = os.getpid(), threading.get_ident()
    for pid, thread, pids in backend.map(_nested, range(2)):
        # In the caller's own thread nothing else runs meanwhile, so that workers are in place.
        require(
            (pid, thread) == caller or pids == [pid],
            f"`JoblibBackend` in a task of process {pid} started workers {pids}",
        )
