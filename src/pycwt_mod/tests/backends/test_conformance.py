"""The suite passes every backend of ours, and fails every broken one by the right law."""

import contextlib
import math
import os
import pickle
import random
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from pycwt_mod.backends import MCBackend, RemoteError, SequentialBackend, in_flight, laws
from pycwt_mod.backends.pickling import dumps
from pycwt_mod.backends.testing import LAWS, ConformanceError, check_backend

IN_FULL = ["sequential", "executor-threads", "executor-processes"]
# Their full check takes worker processes that are killed, or waits.
IN_PART = ["joblib-processes", "joblib-threads", "auto", "dask", "gpu"]
MAIN = ["order", "errors", "sameness", "sharing"]


@pytest.fixture
def quick(monkeypatch):
    """Wait less for what should not happen."""
    monkeypatch.setattr(laws, "SETTLE_SECONDS", 0.08)
    monkeypatch.setattr(laws, "TIME_LIMIT", 0.25)


@pytest.mark.parametrize("name", IN_FULL)
def test_conformance_of_a_backend_that_starts_nothing(name, make_backend, quick):
    check_backend(lambda: make_backend(name))


@pytest.mark.heavy
@pytest.mark.parametrize("name", IN_PART)
def test_conformance_of_every_backend(name, make_backend):
    check_backend(lambda: make_backend(name))


@pytest.mark.parametrize("name", IN_PART)
def test_conformance_in_the_main_laws(name, make_backend):
    check_backend(lambda: make_backend(name), MAIN)


class Threads(MCBackend):
    """A third party's backend: nothing but what `pycwt_mod.backends` exports."""

    name = "third party's"
    in_process = True

    def __init__(self, pool):
        self.pool = pool

    def available_workers(self):
        return 2

    def run_tasks(self, run, tasks, deadline):
        submit = lambda task: self.pool.submit(run, task)  # noqa: E731
        return in_flight(submit, tasks, self.n_workers, deadline)


class Processes(Threads):
    in_process = False


def test_conformance_of_a_third_partys_backend(thread_pool, process_pool, quick):
    check_backend(Threads(thread_pool))
    check_backend(Processes(process_pool), MAIN)
    assert repr(Processes(None)) == "Processes()"


class Changed(SequentialBackend):
    """The sequential backend with another `map`."""

    def map(self, kernel, tasks, **options):
        yield from self.changed(kernel, tasks, super().map, **options)


class Unordered(Changed):
    def changed(self, kernel, tasks, map_, **options):
        return reversed(list(map_(kernel, tasks, **options)))


class CallbackElsewhere(Changed):
    def changed(self, kernel, tasks, map_, *, on_done=None, **options):
        for index, result in enumerate(map_(kernel, tasks, **options)):
            thread = threading.Thread(target=on_done or abs, args=(index,))
            thread.start()
            thread.join()
            yield result


class Eager(Changed):
    def changed(self, kernel, tasks, map_, **options):
        return map_(kernel, list(tasks), **options)


class NanForErrors(Changed):
    def changed(self, kernel, tasks, map_, **options):
        def forgiving(task):
            try:
                return kernel(task)
            except Exception:
                return math.nan

        return map_(forgiving, tasks, **options)


class LosesNotes(Changed):
    def changed(self, kernel, tasks, map_, **options):
        try:
            yield from map_(kernel, tasks, **options)
        except Exception as error:
            error.__notes__ = []
            raise


class LosesMessages(Changed):
    def changed(self, kernel, tasks, map_, **options):
        try:
            yield from map_(kernel, tasks, **options)
        except laws.StubbornError:
            raise RemoteError("something went wrong") from None


class RunsOn(Changed):
    def changed(self, kernel, tasks, map_, *, deadline=None, on_done=None):
        done = []

        def run():
            with contextlib.suppress(OSError):  # the suite's folder is gone
                done.extend(kernel(task) for task in tasks)

        threading.Thread(target=run).start()
        for index in range(len(tasks)):
            while len(done) <= index:
                time.sleep(0.001)
                if deadline is not None:
                    deadline.check()
            yield done[index]
            if deadline is not None:
                deadline.check()


class Patient(Changed):
    def changed(self, kernel, tasks, map_, *, deadline=None, **options):
        return map_(kernel, tasks, **options)


class Wordless(Changed):
    def changed(self, kernel, tasks, map_, **options):
        try:
            yield from map_(kernel, tasks, **options)
        except TimeoutError:
            raise TimeoutError from None


class CutsTasks(Changed):
    def changed(self, kernel, tasks, map_, **options):
        parts = []
        for task in tasks:
            parts += [task[:1], task[1:]] if isinstance(task, range) else [task]
        return map_(kernel, parts, **options)


class OwnSeeds(SequentialBackend):
    def run_monte_carlo(self, *args, seed=None, **options):
        return super().run_monte_carlo(*args, seed=1, **options)


class SeedsNumpy(Changed):
    def changed(self, kernel, tasks, map_, **options):
        np.random.seed(0)
        return map_(kernel, tasks, **options)


class SeedsRandom(Changed):
    def changed(self, kernel, tasks, map_, **options):
        random.seed(0)
        return map_(kernel, tasks, **options)


class AnyWorkers(SequentialBackend):
    def with_n_workers(self, n_workers):
        return self


class ManyWorkers(Threads):
    n_workers = 1

    def run_tasks(self, run, tasks, deadline):
        with ThreadPoolExecutor(4) as pool:
            yield from in_flight(lambda task: pool.submit(run, task), tasks, 4, deadline)


class ThreadedBlas(SequentialBackend):
    """Its one worker process lets BLAS have two threads, whatever the number of cores."""

    def map(self, kernel, tasks, **options):
        names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
        before = dict(os.environ)
        os.environ.update(dict.fromkeys(names, "2"))
        try:
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                yield from pool.map(kernel, tasks)
        finally:
            os.environ.clear()
            os.environ.update(before)


class ClosesOnce(SequentialBackend):
    closed = False

    def close(self):
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


class PicklesEachTime(Changed):
    def changed(self, kernel, tasks, map_, **options):
        data = dumps(kernel)
        return map_(lambda task: pickle.loads(data)(task), tasks, **options)


class UnmarkedThreads(Changed):
    def changed(self, kernel, tasks, map_, **options):
        with ThreadPoolExecutor(1) as pool:
            yield from pool.map(kernel, tasks)


BROKEN = [
    (Unordered, "order", "result 0 is 11"),
    (CallbackElsewhere, "order", "expected [(0, "),
    (Eager, "laziness", "tasks were drawn for 3 results taken"),
    (NanForErrors, "errors", "no exception was raised; results [0, 1, 2, nan"),
    (LosesNotes, "errors", "the exception's notes were lost"),
    (LosesMessages, "remote errors", "the message was lost"),
    (RunsOn, "early end", "work went on after the iterator was closed"),
    (Patient, "time limit", "no TimeoutError was raised, and all"),
    (RunsOn, "time limit", "work went on after the time was over"),
    (Wordless, "time limit", "tasks are done'"),
    (CutsTasks, "sameness", "expected [range(0, 3)"),
    (OwnSeeds, "sameness", "give other results than the sequential backend"),
    (SeedsNumpy, "random state", "NumPy's global random state was changed"),
    (SeedsRandom, "random state", "the global state of `random` was seeded"),
    (AnyWorkers, "workers", "`with_n_workers(0)` does not raise ValueError"),
    (lambda: ManyWorkers(None), "workers", "runs tasks at the same time"),
    (ThreadedBlas, "threads", "BLAS may use"),
    (ClosesOnce, "close", "RuntimeError: closed already"),
    (PicklesEachTime, "sharing", "a worker unpickled the kernel 12 times for 12 tasks"),
    (UnmarkedThreads, "nesting", "started workers"),
]


def test_every_law_has_a_backend_that_breaks_it():
    assert {law for _, law, _ in BROKEN} == set(LAWS)


@pytest.mark.parametrize(("broken", "law", "found"), BROKEN)
def test_conformance_suite_names_the_broken_law(broken, law, found, quick):
    with pytest.raises(ConformanceError) as caught:
        check_backend(broken, [law])
    assert set(caught.value.broken) == {law}
    assert found in caught.value.broken[law]
    report = " ".join(str(caught.value).split())
    assert f"{caught.value.backend} breaks 1 of 1 laws of MCBackend: - {law} rule: " in report
    for words in (LAWS[law].rule, LAWS[law].remedy):
        assert " ".join(words.split()) in report
    assert max(map(len, str(caught.value).splitlines())) <= 100


def test_conformance_report_lists_every_broken_law():
    class Several(AnyWorkers, ClosesOnce):
        def run_tasks(self, run, tasks, deadline):
            raise LookupError("no such queue")

    with pytest.raises(ConformanceError) as caught:
        check_backend(Several(), ["order", "workers", "close"])
    assert set(caught.value.broken) == {"order", "workers", "close"}
    words = caught.value.broken["order"]
    assert words.startswith("LookupError: no such queue (raised in run_tasks, ")
    lines = str(caught.value).splitlines()
    # One slip that breaks several laws is told once.
    assert lines[:3] == ["Several breaks 3 of 3 laws of MCBackend:", "", "  - order, close"]
    rows = [line.split()[0] for line in lines[lines.index("  - workers") :] if ":" in line[:11]]
    assert rows == ["rule:", "found:", "remedy:"]


def test_conformance_suite_refuses_a_law_or_a_backend_that_is_none():
    with pytest.raises(ValueError, match=r"`laws` must be names of laws \('order'.*'ordr'"):
        check_backend(SequentialBackend, ["ordr"])
    with pytest.raises(TypeError, match="`backend` must be or make an MCBackend"):
        check_backend(dict)


class Hangs(SequentialBackend):
    """A backend that never gives the results of more than six tasks."""

    def map(self, kernel, tasks, **options):
        results = list(super().map(kernel, tasks, **options))
        if len(results) > 6:
            let_go.wait()
        yield from results


let_go = threading.Event()


def test_law_that_hangs_is_told_by_its_name_and_later_ones_are_not_checked():
    seen = []
    try:
        with pytest.raises(ConformanceError, match=r"not done after 0\.5 s; later laws") as caught:
            check_backend(
                Hangs,
                ["close", "order", "errors"],
                law_timeout=0.5,
                progress=lambda done, total: seen.append((done, total)),
            )
    finally:
        let_go.set()
    assert list(caught.value.broken) == ["order"]
    assert seen[-1] == (1, 3)
