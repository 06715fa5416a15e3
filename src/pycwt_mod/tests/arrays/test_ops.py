"""Array operations: each library's against plain NumPy."""

import pickle

import numpy as np
import pytest

from pycwt_mod.arrays import NUMPY, NUMPY_SINGLE, namespace_of, ops_of

EVERY = {
    "numpy": (lambda: NUMPY, 1e-12),
    "numpy single": (lambda: NUMPY_SINGLE, 1e-5),
    "torch": (lambda: _torch("float64"), 1e-12),
    "torch single": (lambda: _torch("float32"), 1e-5),
}


def _torch(dtype):
    pytest.importorskip("torch")
    pytest.importorskip("array_api_compat")
    from pycwt_mod.arrays.torch import torch_ops

    return torch_ops("cpu", dtype, 0.5)


@pytest.fixture(params=EVERY)
def library(request):
    make, rounding = EVERY[request.param]
    return make(), rounding


@pytest.fixture
def field():
    rng = np.random.default_rng(0)
    return rng.standard_normal((3, 8)) + 1j * rng.standard_normal((3, 8))


def test_transforms_are_those_of_numpy_along_the_last_axis(library, field):
    ops, rounding = library
    for ours, theirs in ((ops.fft, np.fft.fft), (ops.ifft, np.fft.ifft)):
        found = ops.to_host(ours(ops.from_host(field.copy())))
        np.testing.assert_allclose(found, theirs(field), atol=10 * rounding)


def test_arrays_go_to_the_device_and_back(library, field):
    ops, rounding = library
    for array in (field, field.real):
        there = ops.from_host(array)
        np.testing.assert_allclose(ops.to_host(there), array, rtol=rounding)
    assert ops.to_host(ops.zeros((2, 3), "index")).dtype.kind == "i"


def test_complex_numbers_are_seen_as_pairs_of_reals(library, field):
    ops, rounding = library
    reals = ops.to_host(ops.as_real(ops.from_host(field)))
    np.testing.assert_allclose(reals[:, ::2], field.real, rtol=rounding)
    np.testing.assert_allclose(reals[:, 1::2], field.imag, rtol=rounding)


def test_values_are_limited_truncated_and_counted(library):
    ops, _ = library
    values = ops.from_host(np.array([-0.5, 0.2, 2.9, np.nan, 7.0, 3.0]))
    ops.between(values, 0.0, 4.0)
    places, counts = ops.zeros((6,), "index"), ops.zeros((5,), "index")
    ops.assign(places, values)
    np.testing.assert_array_equal(ops.to_host(places), [0, 0, 2, 0, 4, 3])
    for _ in range(2):
        ops.tally(counts, places)
    np.testing.assert_array_equal(ops.to_host(counts), [6, 0, 2, 2, 2])


def test_operations_belong_to_an_array_by_its_library_and_precision(library):
    ops, _ = library
    array = ops.zeros((3,), "real")
    on_device = "torch" in ops.name
    assert namespace_of(array).__name__ == ("torch" if on_device else "numpy")
    found = ops_of(array)
    assert (found.name if found else None) == (ops.name if on_device else None)
    if on_device:
        assert ops_of(array, single=True).name == "torch:cpu:float32"
        assert ops_of(ops.zeros((3,), "index")).name == "torch:cpu:float64"


def test_numpy_travels_by_name_and_a_device_stays_where_it_is():
    for ops in (NUMPY, NUMPY_SINGLE):
        assert pickle.loads(pickle.dumps(ops)) is ops
    with pytest.raises(TypeError, match="'torch:cpu:float64' cannot be sent to another process"):
        pickle.dumps(_torch("float64"))
