"""The suite passes every backend of ours, and fails every broken one by the right law."""

import math
import random
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from pycwt_mod.backends import SequentialBackend, testing
from pycwt_mod.backends.remote import RemoteError
from pycwt_mod.backends.testing import ConformanceError, check_backend


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
        except testing.StubbornError:
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


BROKEN = [
    (Unordered, "order"),
    (NotEmpty, "empty"),
    (Eager, "laziness"),
    (NanForErrors, "errors"),
    (NanForErrors, "simulation errors"),
    (OwnErrors, "errors"),
    (LosesNotes, "errors"),
    (LosesNotes, "simulation errors"),
    (LosesMessages, "remote errors"),
    (RunsOn, "early end"),
    (NoClose, "early end"),
    (OwnSeeds, "seeds"),
    (SpawnsSeeds, "seeds"),
    (CutsTasks, "sameness"),
    (SeedsNumpy, "random state"),
    (SeedsRandom, "random state"),
    (NoCallback, "callback"),
    (CallbackElsewhere, "callback"),
    (NoWorkers, "workers"),
    (AnyWorkers, "workers"),
    (ClosesOnce, "close"),
    (Nameless, "description"),
    (Uninformative, "description"),
]


@pytest.mark.parametrize(("broken", "law"), BROKEN)
def test_conformance_suite_names_the_broken_law(broken, law, monkeypatch):
    monkeypatch.setattr(testing, "SETTLE_SECONDS", 0.1)
    # Only the law in question, and one that is kept: the whole suite takes a second.
    laws = {key: testing.LAWS[key] for key in (law, "order" if law != "order" else "empty")}
    monkeypatch.setattr(testing, "LAWS", laws)
    with pytest.raises(ConformanceError) as caught:
        check_backend(broken)
    assert law in caught.value.broken
    assert f"{broken.__name__} breaks" in str(caught.value)
    assert f"  - {law}: " in str(caught.value)


def test_conformance_suite_lists_every_broken_law(monkeypatch):
    monkeypatch.setattr(testing, "SETTLE_SECONDS", 0.1)

    class Several(NoCallback, ClosesOnce):
        pass

    with pytest.raises(ConformanceError) as caught:
        check_backend(Several())
    assert set(caught.value.broken) == {"callback", "close"}


def test_conformance_suite_sees_threaded_workers(monkeypatch):
    pytest.importorskip("threadpoolctl")
    monkeypatch.setattr(testing, "LAWS", {"threads": testing.LAWS["threads"]})
    # More than one thread whatever the number of cores.
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    monkeypatch.setenv("MKL_NUM_THREADS", "2")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:

        class Threaded(SequentialBackend):
            def map(self, kernel, tasks, *, on_done=None):
                yield from pool.map(kernel, tasks)

        with pytest.raises(ConformanceError, match="BLAS may use"):
            check_backend(Threaded)


def test_conformance_suite_refuses_what_is_no_backend():
    with pytest.raises(TypeError, match="`backend` must be or make an MCBackend"):
        check_backend(dict)
