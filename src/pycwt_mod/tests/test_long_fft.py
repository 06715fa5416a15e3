"""FFTs by columns, against those of SciPy."""

import numpy as np
import pytest
import scipy.fft

from pycwt_mod import long_fft


@pytest.mark.parametrize("length", [2**17, 9 * 2**15, pytest.param(2**22, marks=pytest.mark.heavy)])
@pytest.mark.parametrize(("dtype", "error"), [(complex, 2e-15), (np.complex64, 1e-6)])
def test_rows_are_replaced_by_their_transforms(length, dtype, error):
    rng = np.random.default_rng(length)
    rows = (rng.standard_normal((2, length)) + 1j * rng.standard_normal((2, length))).astype(dtype)
    for replace, whole in (
        (long_fft.replace_by_fft, scipy.fft.fft),
        (long_fft.replace_by_inverse, scipy.fft.ifft),
    ):
        expected, own = whole(rows), rows.copy()
        found = replace(own)
        assert found is own
        assert np.abs(found - expected).max() < error * np.abs(expected).max()
