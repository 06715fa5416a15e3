"""The GPU backend on PyTorch's CPU device: all of it but the choice of the device."""

import dataclasses
import importlib.util
import threading
from itertools import product

import numpy as np
import pytest

from pycwt_mod import DOG, Morlet, Paul, arrays, wct_null
from pycwt_mod.backends import GPUBackend, get_backend, gpu

pytest.importorskip("torch")
pytest.importorskip("array_api_compat")

heavy = pytest.mark.heavy
SMOOTHINGS = ["pycwt", "grinsted"]
PROBLEM = {"al1": 0.6, "al2": 0.3, "dt": 0.5, "dj": 1 / 4, "s0": 1.0, "J": 20}

# Rounding of another FFT moves R2 by about 1e-15: of 1e5 samples hardly one changes its bin.
BIN_FLIPS = 3


def null_of(**options):
    return wct_null(**PROBLEM, mc_count=50, rng_seed=1, progress=False, cache=False, **options)


@pytest.mark.parametrize(
    ("wavelet", "smoothing"),
    [
        ("morlet", "pycwt"),
        ("dog", "grinsted"),
        *(pytest.param(*case, marks=heavy) for case in product(["paul", "mexicanhat"], SMOOTHINGS)),
        pytest.param("morlet", "grinsted", marks=heavy),
        pytest.param("dog", "pycwt", marks=heavy),
    ],
)
def test_float64_counts_are_those_of_the_cpu(wavelet, smoothing):
    options = {"wavelet": wavelet, "smoothing": smoothing, "method": "full"}
    expected = null_of(backend="sequential", **options)
    found = null_of(backend=GPUBackend("torch", "cpu"), **options)
    assert np.abs(found.histogram - expected.histogram).sum() <= 2 * BIN_FLIPS
    assert found.provenance["backend"] == "gpu"


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=heavy)])
@pytest.mark.parametrize(
    "wavelet",
    [Morlet(), pytest.param(Paul(), marks=heavy), pytest.param(DOG(3), marks=heavy)],
    ids=repr,
)
def test_multirate_levels_are_those_of_the_cpu(wavelet, dtype):
    # The CPU computes this method in single precision: a thousandth of the coherences change bin.
    expected = null_of(backend="sequential", wavelet=wavelet).quantile([0.5, 0.95])
    found = null_of(backend=GPUBackend("torch", "cpu", dtype), wavelet=wavelet).quantile(
        [0.5, 0.95]
    )
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("wavelet", [Morlet(), pytest.param(Paul(), marks=heavy)], ids=repr)
def test_float32_levels_are_within_one_bin(wavelet):
    options = {"wavelet": wavelet, "method": "full"}
    expected = null_of(backend="sequential", **options).quantile([0.5, 0.95])
    backend = GPUBackend("torch", "cpu", dtype="float32")
    found = null_of(backend=backend, **options).quantile([0.5, 0.95])
    np.testing.assert_allclose(found, expected, atol=1e-3)


@heavy
def test_small_memory_makes_small_blocks_and_the_same_counts(monkeypatch):
    expected = null_of(backend=GPUBackend("torch", "cpu"))
    monkeypatch.setattr(arrays.torch, "_HOST_BLOCK_BYTES", 1)
    found = null_of(backend=GPUBackend("torch", "cpu"))
    assert np.abs(found.histogram - expected.histogram).sum() <= 2 * BIN_FLIPS


class SmallMemory(GPUBackend):
    """PyTorch's CPU device with an allocator that refuses arrays above a number of bytes."""

    def __init__(self, limit):
        super().__init__("torch", "cpu")
        self.limit = limit
        self.refused = self.released = 0

    @property
    def array_ops(self):
        torch = importlib.import_module("torch")
        ops = super().array_ops

        def zeros(shape, kind):
            array = ops.zeros(shape, kind)
            if kind == "complex" and array.nbytes > self.limit:
                self.refused += 1
                raise torch.cuda.OutOfMemoryError(f"{array.nbytes} bytes")
            return array

        def release():
            self.released += 1

        return dataclasses.replace(ops, zeros=zeros, release=release)


@pytest.mark.parametrize("method", ["multirate", pytest.param("full", marks=heavy)])
def test_block_that_is_too_large_is_halved_until_it_fits(method):
    expected = null_of(backend=GPUBackend("torch", "cpu"), method=method)
    backend = SmallMemory(1_000_000)
    with pytest.warns(
        UserWarning, match="does not hold 50 surrogates at a time; going on with half"
    ):
        found = null_of(backend=backend, method=method)
    assert backend.refused
    assert backend.released == backend.refused
    assert np.abs(found.histogram - expected.histogram).sum() <= 2 * BIN_FLIPS
    assert found.n_surrogates == 50


def test_surrogate_that_never_fits_is_the_librarys_error():
    torch = importlib.import_module("torch")
    with (
        pytest.warns(UserWarning, match="going on with half"),
        pytest.raises(torch.cuda.OutOfMemoryError) as caught,
    ):
        null_of(backend=SmallMemory(10))
    assert "in surrogates 0 to 0" in caught.value.__notes__


def test_next_task_is_prepared_while_one_computes():
    class Kernel:
        def __init__(self):
            self.drawn = [threading.Event() for _ in range(3)]

        def __call__(self, task):
            raise AssertionError("prepare and compute do the work")

        def prepare(self, task):
            self.drawn[task].set()
            return -task

        def compute(self, task, ready):
            # Without a thread that draws ahead this would wait for ever.
            assert task == 2 or self.drawn[task + 1].wait(30)
            return task, ready

    assert list(GPUBackend("torch", "cpu").map(Kernel(), range(3))) == [(0, 0), (1, -1), (2, -2)]


def test_error_while_preparing_arrives():
    class Kernel:
        def prepare(self, task):
            if task == 1:
                raise ValueError("no noise")

        def compute(self, task, ready):
            return task

    results = GPUBackend("torch", "cpu").map(Kernel(), range(3))
    assert next(results) == 0
    with pytest.raises(ValueError, match="no noise"):
        next(results)


def test_cache_keeps_runs_of_another_array_library_apart():
    options = {"mc_count": 20, "rng_seed": 1, "cache": True}
    wct_null(**PROBLEM, **options, progress=False, backend=GPUBackend("torch", "cpu"))
    done = []
    wct_null(**PROBLEM, **options, progress=lambda *now: done.append(now), backend="sequential")
    assert done[-1] == (20, 20)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"library": "jax"}, ValueError, "`library` must be one of 'auto', 'cupy', 'torch'"),
        ({"dtype": "float16"}, ValueError, "`dtype` must be one of 'float64', 'float32'"),
        ({"device": 1.5}, TypeError, "`device` must be a string or an integer, got 1.5"),
        ({"memory_fraction": 0}, ValueError, r"`memory_fraction` must lie in \(0, 1\], got 0"),
        ({"memory_fraction": "half"}, TypeError, "`memory_fraction` must be a number"),
    ],
)
def test_options_are_checked(options, error, message):
    with pytest.raises(error, match=message):
        GPUBackend(**options)


def test_close_may_be_called_twice_and_the_backend_used_again():
    backend = GPUBackend("torch", "cpu")
    first = backend.array_ops.name
    backend.close()
    backend.close()
    assert backend.get_info()["running_on"] is None
    assert backend.array_ops.name == first == backend.get_info()["running_on"]


def test_library_that_breaks_on_import_counts_as_no_gpu(monkeypatch):
    def broken(name):
        raise OSError("libcudart.so.13: cannot open shared object file")

    monkeypatch.setattr(gpu.importlib, "import_module", broken)
    assert GPUBackend.is_available() is False
    with pytest.raises(RuntimeError, match="`pip install torch array-api-compat`"):
        _ = GPUBackend().array_ops


def test_machine_without_the_libraries_has_no_gpu(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert GPUBackend.is_available() is False


@pytest.mark.skipif(GPUBackend.is_available(), reason="there is a GPU")
def test_gpu_that_is_not_there_is_told_from_a_library_that_is_not():
    with pytest.warns(UserWarning, match=r"finds no GPU, though torch is there; GPUBackend\("):
        assert get_backend("gpu").name == "sequential"
    with pytest.raises(RuntimeError, match="PyTorch finds no GPU for `device` = 'cuda:7'"):
        _ = GPUBackend("torch", "cuda:7").array_ops
