"""The suite passes every backend of ours, and fails every broken one by the right law."""

import math
import os
import pickle
import random
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from pycwt_mod.backends import SequentialBackend, SimulationError, laws
from pycwt_mod.backends.pickling import cloudpickle_dumps
from pycwt_mod.backends.remote import RemoteError
from pycwt_mod.backends.testing import LAWS, ConformanceError, check_backend


def test_conformance_of_every_backend(backend):
    check_backend(backend)


class Unordered(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        yield from reversed(list(super().map(kernel, tasks, on_done=on_done)))


class NotEmpty(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        empty = True
        for result in super().map(kernel, tasks, on_done=on_done):
            empty = False
            yield result
        if empty:
            yield None


class Eager(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        yield from super().map(kernel, list(tasks), on_done=on_done)


class NanForErrors(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        def forgiving(task):
            try:
                return kernel(task)
            except Exception:
                return math.nan

        yield from super().map(forgiving, tasks, on_done=on_done)


class OwnErrors(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        try:
            yield from super().map(kernel, tasks, on_done=on_done)
        except Exception as error:
            raise RuntimeError(str(error)) from None


class LosesNotes(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        try:
            yield from super().map(kernel, tasks, on_done=on_done)
        except Exception as error:
            error.__notes__ = []
            raise


class LosesMessages(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        try:
            yield from super().map(kernel, tasks, on_done=on_done)
        except laws.StubbornError:
            raise RemoteError("something went wrong") from None


class RunsOn(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        tasks = list(tasks)
        results = [None] * len(tasks)
        errors = []
        done = [threading.Event() for _ in tasks]

        def run():
            for index, task in enumerate(tasks):
                try:
                    results[index] = kernel(task)
                except Exception as error:
                    errors.append(error)
                done[index].set()

        threading.Thread(target=run).start()
        for index in range(len(tasks)):
            done[index].wait()
            yield results[index]


class NoClose(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        return map(kernel, tasks)


class OwnSeeds(SequentialBackend):
    def run_monte_carlo(self, worker, n_simulations, *args, seed=None, **kwargs):
        return super().run_monte_carlo(worker, n_simulations, *args, seed=1, **kwargs)


class SpawnsSeeds(SequentialBackend):
    def run_monte_carlo(self, worker, n_simulations, *args, seed=None, **kwargs):
        if isinstance(seed, np.random.SeedSequence):
            seed.spawn(1)
        return super().run_monte_carlo(worker, n_simulations, *args, seed=seed, **kwargs)


class CutsTasks(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        parts = []
        for task in tasks:
            parts += [task[:1], task[1:]] if isinstance(task, range) else [task]
        yield from super().map(kernel, parts, on_done=on_done)


class SeedsNumpy(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        np.random.seed(0)
        yield from super().map(kernel, tasks, on_done=on_done)


class SeedsRandom(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        random.seed(0)
        yield from super().map(kernel, tasks, on_done=on_done)


class NoCallback(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        yield from super().map(kernel, tasks)


class CallbackElsewhere(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        for index, result in enumerate(super().map(kernel, tasks)):
            if on_done is not None:
                thread = threading.Thread(target=on_done, args=(index,))
                thread.start()
                thread.join()
            yield result


class NoWorkers(SequentialBackend):
    n_workers = 0


class AnyWorkers(SequentialBackend):
    def with_n_workers(self, n_workers):
        return self


class ClosesOnce(SequentialBackend):
    closed = False

    def close(self):
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


class Nameless(SequentialBackend):
    name = ""


class Uninformative(SequentialBackend):
    def get_info(self):
        return {"name": self.name}


class OneChunk(SequentialBackend):
    def run_monte_carlo(self, worker, n_simulations, *args, chunk_size=None, **kwargs):
        results = super().run_monte_carlo(worker, n_simulations, *args, **kwargs)
        return results[: chunk_size or n_simulations]


class StreamsAtTheEnd(SequentialBackend):
    def run_monte_carlo(self, *args, on_result=None, **kwargs):
        results = super().run_monte_carlo(*args, **kwargs)
        for index, result in enumerate(results if on_result else ()):
            on_result(index, result)
        return [] if on_result else results


class KeepsWhatItStreams(SequentialBackend):
    def run_monte_carlo(self, *args, on_result=None, **kwargs):
        results = []

        def take(index, result):
            results.append(result)
            on_result(index, result)

        kept = super().run_monte_carlo(*args, on_result=on_result and take, **kwargs)
        return results if on_result else kept


class StreamsElsewhere(SequentialBackend):
    def run_monte_carlo(self, *args, on_result=None, **kwargs):
        def take(index, result):
            thread = threading.Thread(target=on_result, args=(index, result))
            thread.start()
            thread.join()

        return super().run_monte_carlo(*args, on_result=on_result and take, **kwargs)


class StopsAtErrors(SequentialBackend):
    def run_monte_carlo(self, *args, return_errors=False, **kwargs):
        return super().run_monte_carlo(*args, **kwargs)


class NoneForErrors(SequentialBackend):
    def run_monte_carlo(self, *args, **kwargs):
        results = super().run_monte_carlo(*args, **kwargs)
        return [None if isinstance(r, SimulationError) else r for r in results]


class Patient(SequentialBackend):
    def map_until(self, kernel, tasks, deadline, *, on_done=None):
        return self.map(kernel, tasks, on_done=on_done)


class LateAndBusy(RunsOn):
    """Ends in time, while a thread goes on."""


class Wordless(SequentialBackend):
    def map_until(self, kernel, tasks, deadline, *, on_done=None):
        try:
            yield from super().map_until(kernel, tasks, deadline, on_done=on_done)
        except TimeoutError:
            raise TimeoutError from None


class PicklesEachTime(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        data = cloudpickle_dumps(kernel)
        for index, task in enumerate(tasks):
            result = pickle.loads(data)(task)
            if on_done is not None:
                on_done(index)
            yield result


class UnmarkedThreads(SequentialBackend):
    def map(self, kernel, tasks, *, on_done=None):
        with ThreadPoolExecutor(1) as pool:
            for index, task in enumerate(tasks):
                result = pool.submit(kernel, task).result()
                if on_done is not None:
                    on_done(index)
                yield result


class ThreadedBlas(SequentialBackend):
    """Its one worker process lets BLAS have two threads, whatever the number of cores."""

    def map(self, kernel, tasks, *, on_done=None):
        names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
        before = dict(os.environ)
        os.environ.update(dict.fromkeys(names, "2"))
        try:
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                yield from pool.map(kernel, tasks)
        finally:
            os.environ.clear()
            os.environ.update(before)


BROKEN = [
    (Nameless, "description", "`name` is ''"),
    (Uninformative, "description", "`get_info()` lacks"),
    (Unordered, "order", "expected [0, 1, 2"),
    (NotEmpty, "empty", "expected [], got [None]"),
    (Eager, "laziness", "tasks were drawn for 3 results taken"),
    (NanForErrors, "errors", "no exception was raised; results [0, 1, 2, nan"),
    (OwnErrors, "errors", "KernelError arrived as RuntimeError: task 3"),
    (LosesNotes, "errors", "the exception's notes were lost"),
    (LosesMessages, "remote errors", "the message was lost"),
    (NanForErrors, "simulation errors", "TypeError"),
    (LosesNotes, "simulation errors", "no note names simulation 7 of 20"),
    (RunsOn, "early end", "work went on after the iterator was closed"),
    (NoClose, "early end", "the iterator has no `close`"),
    (OwnSeeds, "seeds", "differs from the sequential backend's"),
    (SpawnsSeeds, "seeds", "the caller's SeedSequence was changed"),
    (CutsTasks, "sameness", "expected [range(0, 3)"),
    (SeedsNumpy, "random state", "NumPy's global random state was changed"),
    (SeedsRandom, "random state", "the global state of `random` was seeded"),
    (NoCallback, "callback", "before `on_done(0)`"),
    (CallbackElsewhere, "callback", "in the calling thread"),
    (NoWorkers, "workers", "`n_workers` is 0"),
    (AnyWorkers, "workers", "`with_n_workers(0)` does not raise ValueError"),
    (ThreadedBlas, "threads", "BLAS may use"),
    (ClosesOnce, "close", "the second `close()` raises RuntimeError('closed already')"),
    (OneChunk, "chunks", "`chunk_size=1` gives 1 other results"),
    (StreamsAtTheEnd, "streaming", "result 0 was handed out after 20 were counted"),
    (KeepsWhatItStreams, "streaming", "20 results were kept besides"),
    (StreamsElsewhere, "streaming", "`on_result` was not called in the calling thread"),
    (StopsAtErrors, "returned errors", "KernelError: fit 2"),
    (NoneForErrors, "returned errors", "expected [2, 9], got []"),
    (Patient, "time limit", "no TimeoutError was raised, and all"),
    (LateAndBusy, "time limit", "work went on after the time was over"),
    (Wordless, "time limit", "tasks are done'"),
    (PicklesEachTime, "sharing", "a worker unpickled the kernel 12 times for 12 tasks"),
    (UnmarkedThreads, "nesting", "started workers"),
]


def test_every_law_has_a_backend_that_breaks_it():
    assert {law for _, law, _ in BROKEN} == set(LAWS)


@pytest.mark.parametrize(("broken", "law", "found"), BROKEN)
def test_conformance_suite_names_the_broken_law(broken, law, found, monkeypatch):
    monkeypatch.setattr(laws, "SETTLE_SECONDS", 0.1)
    with pytest.raises(ConformanceError) as caught:
        # Only the law in question, and one that is kept: the whole suite takes seconds.
        check_backend(broken, ("description" if law != "description" else "empty", law))
    assert set(caught.value.broken) == {law}
    assert found in caught.value.broken[law]
    report = " ".join(str(caught.value).split())
    assert f"{broken.__name__} breaks 1 of 2 laws of MCBackend: - {law} rule: " in report
    for words in (LAWS[law].rule, LAWS[law].remedy):
        assert " ".join(words.split()) in report
    assert max(map(len, str(caught.value).splitlines())) <= 100


def test_conformance_report_is_readable():
    with pytest.raises(ConformanceError) as caught:
        check_backend(NotEmpty, ["order", "empty", "close"])
    assert str(caught.value).splitlines() == [
        "NotEmpty breaks 1 of 3 laws of MCBackend:",
        "",
        "  - empty",
        "    rule:   No tasks, no results.",
        "    found:  expected [], got [None]",
        "    remedy: End `map` when its tasks do, also at once.",
    ]


def test_conformance_suite_lists_every_broken_law(monkeypatch):
    monkeypatch.setattr(laws, "SETTLE_SECONDS", 0.1)

    class Several(NoCallback, ClosesOnce):
        pass

    with pytest.raises(ConformanceError) as caught:
        check_backend(Several())
    assert set(caught.value.broken) == {"callback", "close"}
    assert f"Several breaks 2 of {len(LAWS)} laws" in str(caught.value)


def test_conformance_suite_says_where_an_unexpected_error_comes_from():
    class Fails(SequentialBackend):
        def map(self, kernel, tasks, *, on_done=None):
            raise LookupError("no such queue")

    with pytest.raises(ConformanceError) as caught:
        check_backend(Fails, ["order"])
    assert caught.value.broken["order"].startswith("LookupError: no such queue (raised in map, ")


def test_conformance_suite_refuses_a_law_it_does_not_know():
    with pytest.raises(ValueError, match=r"`laws` must be names of laws \('description'.*'ordr'"):
        check_backend(SequentialBackend, ["ordr"])


def test_conformance_suite_refuses_what_is_no_backend():
    with pytest.raises(TypeError, match="`backend` must be or make an MCBackend"):
        check_backend(dict)
