"""Arrays in temporary files: on a disk with room for them, and on one without."""

import contextlib
import errno
import os

import numpy as np
import pytest

from pycwt_mod.matrix.mapped import mapped_arrays, put


def says(number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("reserve", ["as it is", "is not there", "is not supported"])
def test_mapped_arrays_have_their_place_on_the_disk(monkeypatch, reserve):
    if reserve == "is not there":
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    elif reserve == "is not supported":
        monkeypatch.setattr(os, "posix_fallocate", says(errno.EOPNOTSUPP), raising=False)
    with contextlib.ExitStack() as stack:
        arrays = mapped_arrays(stack, (3, 100_000), np.complex128, np.float64)
        assert [array.dtype for array in arrays] == [np.complex128, np.float64]
        for array in arrays:
            assert isinstance(array, np.memmap)
            assert array.shape == (3, 100_000)
            if hasattr(os.stat_result, "st_blocks"):
                assert os.stat(array.filename).st_blocks * 512 >= array.nbytes  # noqa: PTH116
            array[:] = 2
            assert (array == 2).all()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_arrays_without_room_on_the_disk_are_in_memory(monkeypatch, number):
    monkeypatch.setattr(os, "posix_fallocate", says(number), raising=False)
    with contextlib.ExitStack() as stack:
        with pytest.warns(UserWarning, match=r"no room for the 720 bytes .* Set TMPDIR"):
            arrays = mapped_arrays(stack, (3, 10), np.complex128, np.float64)
        for array in arrays:
            assert not isinstance(array, np.memmap)
            array[:] = 2


def test_another_error_of_the_disk_is_not_hidden(monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr("pycwt_mod.matrix.mapped._reserve", broken)
    with contextlib.ExitStack() as stack, pytest.raises(OSError, match="broken"):
        mapped_arrays(stack, (3, 10), float)


@pytest.mark.parametrize("dtype", [np.complex128, np.float64])
def test_entries_are_seen_in_the_map_and_in_plain_arrays(dtype):
    values = np.random.default_rng(0).normal(size=(5, 30, 1000))
    with contextlib.ExitStack() as stack:
        (mapped,) = mapped_arrays(stack, values.shape, dtype)
        plain = np.zeros(values.shape, dtype)
        for array in (mapped, plain):
            array[3] = -1  # is in the map, and not yet in the file
            for place in (4, 3, 0, 1, 2):
                put(array, place, np.asfortranarray(values[place]))
            np.testing.assert_array_equal(array, values)
            put(array, 2, np.arange(30.0)[:, np.newaxis])
            assert (array[2] == np.arange(30)[:, np.newaxis]).all()
            np.testing.assert_array_equal(array[3], values[3])
        again = np.memmap(mapped.filename, dtype, "r", shape=values.shape)
        np.testing.assert_array_equal(again, plain)
