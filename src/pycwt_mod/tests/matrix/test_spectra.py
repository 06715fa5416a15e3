"""Series that are not AR(1) noise: their p-values are marked, and no others."""

import warnings

import numpy as np
import pytest
from scipy.signal import lfilter

from pycwt_mod import wct_matrix
from pycwt_mod.tests.matrix.series import red_series
from pycwt_mod.tests.matrix.test_matrix import OwnMorlet

# Channels of 20 s, with rhythms of 10 Hz that keep their phase for about 0.3 s.
DT, N_TIMES = 0.01, 2000
ALPHA = {"bands": [(1 / 13, 1 / 8)], "s0": 0.05, "J": 24, "mc_count": 100, "rng_seed": 1}
QUIET = {"progress": False, "backend": "sequential"}


def rhythms(n_series, seed):
    """Return independent narrow-band noise of unit variance around a period of ten samples."""
    decay = np.exp(-np.pi * 0.01)
    noise = np.random.default_rng(seed).standard_normal((n_series, N_TIMES + 1000))
    coefficients = [1.0, -2 * decay * np.cos(2 * np.pi / 10), decay**2]
    rows = lfilter([1.0], coefficients, noise, axis=-1)[:, 1000:]
    return rows / rows.std(axis=1, keepdims=True)


def noise(n_series, seed):
    rows = red_series(n_series, N_TIMES, 0.9, seed)
    return rows / rows.std(axis=1, keepdims=True)


def test_unrelated_rhythms_that_stand_out_are_doubtful():
    data = rhythms(4, 1) + noise(4, 2)
    message = r"of the 6 p-values .* \(Fz, Cz\).*`doubtful`; .* pass noise='phase'\.$"
    with pytest.warns(UserWarning, match=message):
        result = wct_matrix(data, DT, names=["Fz", "Cz", "Pz", "O1"], **ALPHA, **QUIET)
    assert (result.pvalue_fdr < 0.05).mean() > 0.8  # what the mark is for
    assert result.doubtful[result.pvalue <= 0.05].all()
    assert result.square("doubtful")[0, 1] == result.doubtful[0, 0] == 1
    assert f"{int(result.doubtful.sum())} of them doubtful" in repr(result)
    assert result.to_dataframe()["doubtful"].tolist() == result.doubtful.ravel().tolist()


def test_a_rhythm_in_common_is_not_doubtful():
    data = rhythms(1, 1) + 0.3 * noise(3, 2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = wct_matrix(data, DT, **ALPHA, **QUIET)
    assert (result.pvalue_fdr < 0.05).all()
    assert not result.doubtful.any()
    assert not caught


@pytest.mark.parametrize("wavelet", ["morlet", "paul", "dog"])
def test_red_noise_is_not_doubtful_be_it_related_or_not(wavelet):
    a, *others = red_series(5, 400, 0.7, 3)
    data = np.stack([a, a + others[0], *others[1:]])
    result = wct_matrix(
        data, 1.0, dj=1 / 4, J=16, wavelet=wavelet, mc_count=60, rng_seed=1, **QUIET
    )
    related = result.pairs.index((0, 1))
    assert (result.pvalue[related, :3] < 0.01).all()
    assert not result.doubtful[related].any()
    # By chance one of twenty is found, and of these a part is.
    assert result.doubtful.mean() < 0.05


def test_a_seasonal_cycle_is_doubtful():
    months = np.arange(600)
    phases = np.array([[0.3], [2.0], [4.1]])
    data = np.sin(2 * np.pi * months / 12 + phases) + red_series(3, 600, 0.5, 4)
    with pytest.warns(UserWarning, match="doubtful, .* in periods of 8 to 16"):
        result = wct_matrix(
            data, 1.0, bands=[(2, 8), (8, 16)], dj=1 / 6, mc_count=100, rng_seed=1, **QUIET
        )
    assert result.doubtful.tolist() == [[False, True]] * 3


def test_a_smooth_of_the_users_own_is_not_judged():
    data = rhythms(2, 1)[:, :300]
    result = wct_matrix(data, DT, wavelet=OwnMorlet(), **{**ALPHA, "mc_count": 20}, **QUIET)
    assert not result.doubtful.any()
