"""A conformance suite for backends: the laws of `MCBackend`, checked one by one.

It needs no test framework, and a third party can run it on a backend of its own::

    from pycwt_mod.backends.testing import check_backend

    def test_my_backend():
        check_backend(MyBackend)
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from textwrap import fill

from . import laws, laws_of_calls
from .base import MCBackend

__all__ = ["LAWS", "ConformanceError", "Law", "check_backend"]


REPORT_WIDTH = 99


@dataclass(frozen=True)
class Law:
    """One law, and how it is checked.

    Attributes
    ----------
    rule : str
        What a backend does.
    remedy : str
        How one that does not is usually mended.
    check : callable
        Raises an AssertionError that says how the backend breaks it.
    """

    rule: str
    remedy: str
    check: Callable[[MCBackend], None]


LAWS: dict[str, Law] = {
    "description": Law(
        "A backend has a `name`, `requires` as a tuple, and says in `is_available()` and "
        "`get_info()` what it is.",
        "Set the class attributes `name` and `requires`; extend `super().get_info()`.",
        laws.check_description,
    ),
    "order": Law(
        "`map` gives one result per task, in task order, whatever the order in which they finish.",
        "Keep the futures in a queue in the order of the tasks, and yield from its head.",
        laws.check_order,
    ),
    "empty": Law(
        "No tasks, no results.",
        "End `map` when its tasks do, also at once.",
        laws.check_empty,
    ),
    "laziness": Law(
        "No more than O(`n_workers`) tasks are drawn ahead of the consumer.",
        "Make `map` a generator that submits a few tasks per worker and then one per result; do "
        "not call `list(tasks)`, nor an executor's own `map`.",
        laws.check_laziness,
    ),
    "errors": Law(
        "A kernel's exception ends the call as its own type with its notes, that of the first "
        "failing task in task order; nothing stands in for a failed task.",
        "Let it through; across processes, wrap the kernel by `remote.Guarded` there and "
        "`remote.unwrap` its outcome here.",
        laws.check_errors,
    ),
    "remote errors": Law(
        "An exception that cannot be pickled arrives as `RemoteError` with its message, and the "
        "backend works on.",
        "Run tasks by `shipment.run_shipped` and open their outcomes by `shipment.receive`, which "
        "send such an exception in words.",
        laws.check_remote_errors,
    ),
    "simulation errors": Law(
        "`run_monte_carlo` names the failing simulation in a note on its exception.",
        "Leave `run_monte_carlo` as it is in `MCBackend`, and keep an exception's notes.",
        laws.check_simulation_errors,
    ),
    "early end": Law(
        "Closing the iterator cancels what is left; no work goes on behind the caller's back.",
        "Make `map` a generator, and cancel and await the open futures in its `finally`.",
        laws.check_early_end,
    ),
    "seeds": Law(
        "Simulation i is given child i of the seed, as on every backend; a caller's SeedSequence "
        "is not changed.",
        "Leave `run_monte_carlo` as it is in `MCBackend`.",
        laws.check_seeds,
    ),
    "sameness": Law(
        "Tasks are never cut or merged, and the results do not depend on the number of workers.",
        "Hand each task to the kernel as it is.",
        laws.check_sameness,
    ),
    "random state": Law(
        "No global random state is read or changed.",
        "Draw from a `numpy.random.Generator` of your own, if at all; seed nothing.",
        laws.check_random_state,
    ),
    "callback": Law(
        "`on_done(task_index)` is called in the calling thread, once per task, in order, before "
        "the task's result is handed out.",
        "Call it in `map` itself, just before `yield`, and not from a future's callback.",
        laws.check_callback,
    ),
    "workers": Law(
        "`n_workers` is a positive integer, and `with_n_workers` limits it and refuses what is "
        "no number of workers.",
        "Check by `checks.check_n_workers`, and return a limited copy.",
        laws.check_workers,
    ),
    "threads": Law(
        "In worker processes BLAS and FFT threads are limited to one.",
        "Set OMP_NUM_THREADS and its like to 1 where workers start, or use `threadpoolctl`.",
        laws.check_threads,
    ),
    "close": Law(
        "`close` may be called any number of times, and a closed backend is used again.",
        "Forget what `close` frees, and open it again on use.",
        laws.check_close,
    ),
    "chunks": Law(
        "`chunk_size=` changes no result.",
        "Leave `run_monte_carlo` as it is in `MCBackend`; seed nothing by task.",
        laws_of_calls.check_chunks,
    ),
    "streaming": Law(
        "`on_result(index, result)` is called in the calling thread, in order, as results come, "
        "and they are not kept.",
        "Leave `run_monte_carlo` as it is in `MCBackend`, and yield each result when it is there.",
        laws_of_calls.check_streaming,
    ),
    "returned errors": Law(
        "`return_errors=True` puts a `SimulationError` in the place of a failed simulation's "
        "result, and the others go on.",
        "Leave `run_monte_carlo` as it is in `MCBackend`: its kernel then raises nothing.",
        laws_of_calls.check_returned_errors,
    ),
    "time limit": Law(
        "`map_until` raises `deadline.error()` when the time is over, and leaves nothing running.",
        "Wait for futures no longer than `deadline.left`; then cancel or stop them, await what "
        "cannot be stopped, and raise.",
        laws_of_calls.check_time_limit,
    ),
    "sharing": Law(
        "A kernel is sent, and unpickled, once per worker and not once per task.",
        "Send a `shipment.Shipment` in place of the kernel, and run `shipment.run_shipped`.",
        laws_of_calls.check_sharing,
    ),
    "nesting": Law(
        "Inside a worker nobody starts workers: a nested call runs in process.",
        "Wrap the kernel by `remote.Guarded`, which marks its thread as a worker's, and ask "
        "`remote.inside_worker()` in `map`.",
        laws_of_calls.check_nesting,
    ),
}


class ConformanceError(AssertionError):
    """A backend breaks laws of `MCBackend`.

    Parameters
    ----------
    backend : str
        Which backend.
    broken : dict
        By the law's name, how it is broken.
    n_checked : int, optional
        How many laws were checked.
    """

    def __init__(self, backend: str, broken: dict[str, str], n_checked: int | None = None) -> None:
        self.backend = backend
        self.broken = broken
        count = len(LAWS) if n_checked is None else n_checked
        parts = [f"{backend} breaks {len(broken)} of {count} laws of MCBackend:"]
        parts += [_paragraph(law, found) for law, found in broken.items()]
        super().__init__("\n\n".join(parts))


def _paragraph(name: str, found: str) -> str:
    law = LAWS[name]
    rows = (("rule", law.rule), ("found", found), ("remedy", law.remedy))
    lines = [
        fill(
            words, REPORT_WIDTH, initial_indent=f"    {title + ':':<8}", subsequent_indent=" " * 12
        )
        for title, words in rows
    ]
    return "\n".join([f"  - {name}", *lines])


@contextlib.contextmanager
def _made(backend: MCBackend | Callable[[], MCBackend]) -> Iterator[MCBackend]:
    if isinstance(backend, MCBackend):
        yield backend
        return
    made = backend()
    if not isinstance(made, MCBackend):
        raise TypeError(f"`backend` must be or make an MCBackend, got {made!r}.")
    try:
        yield made
    finally:
        with contextlib.suppress(Exception):  # "close" is a law of its own
            made.close()


def check_backend(
    backend: MCBackend | Callable[[], MCBackend], laws: Iterable[str] | None = None
) -> None:
    """Check that a backend keeps the laws of `MCBackend`.

    It takes about ten seconds. Worker processes must be able to import pycwt_mod.

    Parameters
    ----------
    backend : MCBackend or callable
        A backend, which is closed and used again by the check, or a class or function that makes
        one.
    laws : iterable of str, optional
        Names of the laws to check, while you mend one; by default all of `LAWS`.

    Raises
    ------
    ConformanceError
        An AssertionError that lists every law that is broken: the rule, what was found, and how
        it is usually mended. Its attribute ``broken`` is a dict by the law's name.
    ValueError
        If there is no law of a name in `laws`.

    Examples
    --------
    >>> from pycwt_mod.backends import SequentialBackend
    >>> check_backend(SequentialBackend, laws=["order", "errors"])
    """
    names = list(LAWS) if laws is None else list(laws)
    for name in names:
        if name not in LAWS:
            known = ", ".join(map(repr, LAWS))
            raise ValueError(f"`laws` must be names of laws ({known}), got {name!r}.")
    broken: dict[str, str] = {}
    with _made(backend) as made:
        for name in names:
            try:
                LAWS[name].check(made)
            except AssertionError as error:
                broken[name] = str(error) or "an assertion failed"
            except Exception as error:
                broken[name] = _in_words(error)
        if broken:
            raise ConformanceError(type(made).__name__, broken, len(names))


def _in_words(error: Exception) -> str:
    """Name an exception that nobody expected, and where it comes from."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"{type(error).__name__}: {error} (raised in {place.name}, {place.filename}:{place.lineno})"
    )
