"""What only summaries need is computed when they ask for it, and is then the same everywhere."""

import copy
import pickle

import numpy as np
import pytest

from pycwt_mod import Morlet, load, mwct, wct, xwt
from pycwt_mod.results import pair
from pycwt_mod.summary import mean_spectrum

WAVE = np.sin(2 * np.pi * np.arange(206) / 24)
NOISE = 0.3 * np.random.default_rng(0).normal(size=(2, 200))
SERIES = WAVE[6:] + NOISE[0], WAVE[:-6] + NOISE[1]


class Own(Morlet):
    """A wavelet whose code is in no file."""


def made(function, **options):
    more = {"sig": False} if function is wct else {}
    return function(*SERIES, 1.0, **more, **options)


@pytest.mark.parametrize("function", [wct, xwt])
def test_calls_compute_no_mean_spectrum(function, monkeypatch):
    monkeypatch.setattr(pair, "mean_spectrum", None)
    result = made(function)
    with pytest.raises(TypeError, match="not callable"):
        result.summary()


@pytest.mark.parametrize("function", [wct, xwt])
@pytest.mark.parametrize("freqs", [None, np.geomspace(0.02, 0.4, 40)])
def test_mean_spectrum_is_that_of_the_series(function, freqs):
    result = made(function, freqs=freqs)
    normal = [(x - x.mean()) / x.std() for x in SERIES]
    expected = mean_spectrum(normal, Morlet(6), result.scales, 1.0)
    np.testing.assert_allclose((result.mean_freqs, result.mean_power), expected, rtol=1e-9)
    assert result.mean_freqs is result.mean_freqs


def from_file(result, tmp_path):
    result.save(tmp_path / "result")
    return load(tmp_path / "result")


@pytest.mark.parametrize("function", [wct, xwt])
@pytest.mark.parametrize(
    "another",
    [
        lambda result, _: pickle.loads(pickle.dumps(result)),
        lambda result, _: copy.copy(result),
        lambda result, _: result._replace(series=None, mother=None),
        from_file,
    ],
    ids=["pickled", "copied", "without series", "saved"],
)
def test_summary_needs_neither_the_series_nor_the_code_of_a_wavelet(function, another, tmp_path):
    again = another(made(function, wavelet=Own(6)), tmp_path)
    expected = made(function, wavelet=Own(6)).summary()
    assert str(again.summary()) == str(expected)
    assert again.lag(16, 32) == made(function).lag(16, 32)
    assert str(made(function)._replace(mean_freqs=None, mean_power=None).summary()) != str(expected)


def test_groups_have_no_mean_spectrum():
    result = mwct(SERIES[0], SERIES[1], 1.0, sig=False)
    assert result.mean_freqs is None
    assert result.mean_power is None
