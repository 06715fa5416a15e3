"""What the conformance suite does to a backend: simulations, time, memory and nesting."""

from __future__ import annotations

import os
import tempfile
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from . import laws
from .base import MCBackend
from .deadline import Deadline
from .laws import KernelError, draw, leave_marks, require, same_list
from .sequential import SequentialBackend
from .simulations import SimulationError

# More than a task of this suite takes, and less than all of them do.
TIME_LIMIT = 1.0


def check_chunks(backend: MCBackend) -> None:
    """Run the same in chunks of several sizes."""
    expected = SequentialBackend().run_monte_carlo(draw, 23, seed=8)
    for size in (1, 5, 100):
        found = backend.run_monte_carlo(draw, 23, seed=8, chunk_size=size)
        require(found == expected, f"`chunk_size={size}` gives {len(found)} other results")


def check_streaming(backend: MCBackend) -> None:
    """Take the results as they come."""
    handed: list[tuple[int, Any, bool]] = []
    done: list[int] = []
    caller = threading.get_ident()

    def take(index: int, result: Any) -> None:
        handed.append((index, result, threading.get_ident() == caller))
        require(len(done) <= index, f"result {index} was handed out after {len(done)} were counted")

    kept = backend.run_monte_carlo(
        draw,
        20,
        seed=8,
        chunk_size=1,
        on_result=take,
        progress=lambda n_done, _: done.append(n_done),
    )
    expected = SequentialBackend().run_monte_carlo(draw, 20, seed=8)
    same_list([result for _, result, _ in handed], expected)
    same_list([index for index, _, _ in handed], list(range(20)))
    require(all(here for _, _, here in handed), "`on_result` was not called in the calling thread")
    require(kept == [], f"{len(kept)} results were kept besides")


def _fail_at_two_and_nine(seed: np.random.SeedSequence) -> Any:
    index = seed.spawn_key[-1]
    if index in (2, 9):
        raise KernelError(f"fit {index}")
    return index


def check_returned_errors(backend: MCBackend) -> None:
    """Let two simulations of many fail, and go on."""
    results = backend.run_monte_carlo(_fail_at_two_and_nine, 12, seed=8, return_errors=True)
    failed = {k: r for k, r in enumerate(results) if isinstance(r, SimulationError)}
    same_list(sorted(failed), [2, 9])
    same_list([r for k, r in enumerate(results) if k not in failed], [0, 1, *range(3, 9), 10, 11])
    for index, error in failed.items():
        require(error.index == index, f"error {index} says it is {error.index}")
        require(error.message == f"fit {index}", f"error {index} has the message {error.message!r}")
        require("_fail_at_two_and_nine" in error.traceback, f"error {index} has no traceback")
        key = error.seed.spawn_key if error.seed is not None else None
        require(key == (index,), f"error {index} has the seed {key}")


def check_time_limit(backend: MCBackend) -> None:
    """Give a call too little time, and see whether something goes on behind it."""
    list(backend.map(abs, range(2 * backend.n_workers)))  # what starts once, starts now
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        marks = Path(folder, "marks")
        n_tasks = int(8 * backend.n_workers * TIME_LIMIT / laws.SETTLE_SECONDS) + 8
        deadline = Deadline(TIME_LIMIT, n_tasks, "task")
        try:
            for _ in backend.map_until(
                leave_marks, [(str(marks), k) for k in range(n_tasks)], deadline
            ):
                deadline.n_done += 1
        except TimeoutError as error:
            words = str(error)
        else:
            raise AssertionError(f"no TimeoutError was raised, and all {n_tasks} tasks were done")
        at_end = {path.name for path in marks.glob("*")}
        expected = f"{deadline.n_done} of {n_tasks} tasks are done"
        require(expected in words, f"the error does not say {expected!r}: {words!r}")
        time.sleep(laws.SETTLE_SECONDS)
        more = sorted({path.name for path in marks.glob("*")} - at_end)
        require(not more, f"work went on after the time was over: {more[:6]}")
    same_list(list(backend.map_until(abs, range(6), Deadline(600.0))), list(range(6)))


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

    def __call__(self, task: int) -> tuple[str, int, float]:
        time.sleep(0.005)
        return f"{os.getpid()}", _loads[self.token], float(self.data[task])


def check_sharing(backend: MCBackend) -> None:
    """Send data with the kernel, and count how often a worker unpickles them."""
    n_tasks = 12 * backend.n_workers
    found = list(backend.map(_Heavy(), range(n_tasks)))
    same_list([value for _, _, value in found], [float(k) for k in range(n_tasks)])
    most = max(loads for _, loads, _ in found)
    require(most <= 1, f"a worker unpickled the kernel {most} times for {n_tasks} tasks")


def _where(_: int) -> int:
    return os.getpid()


def _nested(_: int) -> tuple[int, int, list[int]]:
    from .joblib import JoblibBackend, available_cores

    inner = JoblibBackend(min(2, available_cores()))
    pids = set(inner.map(_where, range(4)))
    return os.getpid(), threading.get_ident(), sorted(pids)


def check_nesting(backend: MCBackend) -> None:
    """Call a parallel backend in a task, which runs it in process."""
    caller = os.getpid(), threading.get_ident()
    for pid, thread, pids in backend.map(_nested, range(2)):
        # In the caller's own thread nothing else runs meanwhile, so that workers are in place.
        require(
            (pid, thread) == caller or pids == [pid],
            f"`JoblibBackend` in a task of process {pid} started workers {pids}",
        )
