"""Helpers: AR(1) estimates and noise with their statistics, windows, the cache folder."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import pycwt_mod
from pycwt_mod import ar1, ar1_spectrum, boxpdf, find, get_cache_dir, rect, rednoise
from pycwt_mod.helpers import AR1EstimationError, fft_kwargs, padded_length

# 300 records: the mean of an estimate of standard error s lies within 4 s / sqrt(300) of the
# truth but once in 16 000 times; and the estimator is unbiased to this order.
N_RECORDS = 300
SIGMAS = 4
ROUNDING = 1e-12


def _records(n, g, seed=0, a=1.0):
    rng = np.random.default_rng(seed)
    return [rednoise(n, g, a, rng=rng) for _ in range(N_RECORDS)]


# --- ar1 ---


@pytest.mark.parametrize("g", [-0.6, 0.0, 0.3, 0.7])
@pytest.mark.parametrize("n", [100, 400])
def test_ar1_recovers_the_coefficient_without_bias(g, n):
    estimates = np.array([ar1(x)[0] for x in _records(n, g)])
    error = math.sqrt((1 - g**2) / n)
    assert abs(estimates.mean() - g) < SIGMAS * error / math.sqrt(N_RECORDS) + 2 / n**1.5
    assert estimates.std() == pytest.approx(error, rel=0.25)


@pytest.mark.parametrize("amplitude", [0.1, 30.0])
@pytest.mark.parametrize("g", [-0.5, 0.0, 0.7])
def test_ar1_recovers_the_amplitude_of_the_innovations(g, amplitude):
    estimates = np.array([ar1(x)[1] for x in _records(200, g, 1, amplitude)])
    # The standard error of a standard deviation is a / sqrt(2 n); its bias is of order 1 / n.
    band = SIGMAS / math.sqrt(2 * 200 * N_RECORDS) + 1 / 200
    assert estimates.mean() / amplitude == pytest.approx(1, abs=band)


@pytest.mark.parametrize("g", [-0.5, 0.0, 0.5])
def test_ar1_expects_the_squared_mean_of_a_record(g):
    n = 100
    records = _records(n, g, 2)
    variance = 1 / (1 - g**2)
    observed = np.mean([x.mean() ** 2 for x in records]) / variance
    expected = np.mean([ar1(x)[2] for x in records])
    # A chi-square variable with one degree of freedom varies by sqrt(2) of its mean.
    assert observed == pytest.approx(expected, rel=SIGMAS * math.sqrt(2 / N_RECORDS))


@given(
    seed=st.integers(0, 2**32 - 1),
    exponent=st.floats(-200, 200),
    offset=st.floats(-100, 100),
    sign=st.sampled_from([-1, 1]),
)
@example(seed=3, exponent=200.0, offset=0.0, sign=1)
@example(seed=3, exponent=-200.0, offset=0.0, sign=1)
def test_ar1_does_not_depend_on_unit_offset_or_sign(seed, exponent, offset, sign):
    x = rednoise(100, 0.4, rng=np.random.default_rng(seed))
    g, a, mu2 = ar1(x)
    unit = sign * 10**exponent
    scaled = ar1((x + offset) * unit)
    # Offset and mean cancel to nine digits, units to rounding error.
    np.testing.assert_allclose(scaled, (g, a * abs(unit), mu2), rtol=1e-9 if offset else ROUNDING)


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (np.ones(20), "`x` must vary, got a constant series"),
        ([1.0, np.nan, 2.0, 3.0], "`x` must be finite, got nan at index 1"),
        ([1.0, 2.0], "`x` must have at least 3 samples, got 2"),
        (np.arange(20.0), "`x` must allow an estimate of its lag-1 autocorrelation"),
        (np.ones((4, 4)), r"`x` must be one-dimensional, got shape \(4, 4\)"),
    ],
    ids=["constant", "nan", "short", "trend", "2-D"],
)
def test_ar1_refuses_what_has_no_estimate(series, message):
    with pytest.raises(AR1EstimationError, match=message) as caught:
        ar1(series)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, Warning)


def _of_no_ar1_process():
    t, noise = np.arange(1000.0), np.random.default_rng(3).normal(size=1000)
    return {
        "trend": t + noise,
        "step": np.where(t < 500, 0.0, 100.0) + noise,
        "seasonal cycle": 100 * np.sin(2 * np.pi * t / 365) + noise,
        "random walk": np.cumsum(noise),
    }


@pytest.mark.parametrize("kind", _of_no_ar1_process())
def test_ar1_names_what_may_be_wrong_and_the_ways_out(kind):
    with pytest.raises(AR1EstimationError, match="these 1000 samples do not") as caught:
        ar1(_of_no_ar1_process()[kind])
    for words in (kind, "seasonal", "unit root", "difference", "`sig=False`", "`wct_null`"):
        assert words in str(caught.value)


def test_arguments_that_are_none_are_shown():
    with pytest.raises(TypeError, match=r"`rng` must be a seed .* or None, got 'x'"):
        rednoise(10, 0.5, rng="x")
    with pytest.raises(ValueError, match=r"`x` must name at least one tap, got \[0\]"):
        rect([0])


def test_rednoise_of_a_seed_is_that_of_its_generator():
    noise = rednoise(10, 0.5, rng=3)
    np.testing.assert_array_equal(noise, rednoise(10, 0.5, rng=np.random.default_rng(3)))


def test_ar1_returns_plain_floats():
    for value in ar1([1.0, 3.0, 2.0, 5.0, 1.0, 0.0, 2.5]):
        assert type(value) is float


# --- ar1_spectrum ---


@pytest.mark.parametrize("g", [-0.7, 0.0, 0.5, 0.95])
def test_ar1_spectrum_has_unit_variance(g):
    freqs = (np.arange(4096) + 0.5) / 4096
    assert ar1_spectrum(freqs, g).mean() == pytest.approx(1, rel=1e-9)


def test_ar1_spectrum_is_that_of_the_noise():
    n, g = 256, 0.6
    power = np.mean([np.abs(np.fft.rfft(x)) ** 2 / n for x in _records(n, g, 4)], axis=0)
    expected = ar1_spectrum(np.fft.rfftfreq(n), g) / (1 - g**2)
    ratio = (power / expected)[1:-1]
    # Periodograms scatter by their mean; over the frequencies the scatter averages out.
    assert ratio.mean() == pytest.approx(1, abs=SIGMAS / math.sqrt(N_RECORDS * ratio.size))
    assert ratio.std() == pytest.approx(1 / math.sqrt(N_RECORDS), rel=0.3)


# --- rednoise ---


@pytest.mark.parametrize("g", [-0.9, 0.0, 0.5, 0.99])
@pytest.mark.parametrize("a", [1.0, 0.01])
def test_rednoise_has_the_variance_and_correlation_asked_for(g, a):
    records = np.array(_records(400, g, 5, a)) / a
    variance = 1 / (1 - g**2)
    # Independent samples in a record: n (1 - g^2) / (1 + g^2), for squares.
    samples = N_RECORDS * 400 * (1 - g**2) / (1 + g**2)
    band = SIGMAS * math.sqrt(2 / samples)
    assert np.mean(records**2) / variance == pytest.approx(1, abs=band)
    lag1 = np.mean(records[:, 1:] * records[:, :-1]) / np.mean(records**2)
    assert lag1 == pytest.approx(g, abs=SIGMAS * math.sqrt((1 - g**2) / records.size) + 1e-3)


@pytest.mark.parametrize("g", [-0.9, 0.5, 0.99])
def test_rednoise_is_stationary_from_its_first_sample(g):
    records = np.array([r for seed in range(10) for r in _records(3, g, seed)])
    expected = 1 / math.sqrt(1 - g**2)
    band = SIGMAS / math.sqrt(2 * len(records))
    np.testing.assert_allclose(records.std(axis=0), expected, rtol=band)
    innovations = records[:, 1:] - g * records[:, :-1]
    np.testing.assert_allclose(innovations.std(axis=0), 1, rtol=band)
    correlation = np.corrcoef(innovations[:, 0], records[:, 0])[0, 1]
    assert abs(correlation) < SIGMAS / math.sqrt(len(records))


def test_rednoise_follows_the_global_seed():
    np.random.seed(8)
    first = rednoise(50, 0.5)
    second = rednoise(50, 0.5)
    np.random.seed(8)
    np.testing.assert_array_equal(rednoise(50, 0.5), first)
    assert (first != second).any()


@pytest.mark.parametrize("kind", [np.random.default_rng, np.random.RandomState])
def test_rednoise_follows_a_generator_and_leaves_the_global_state_alone(kind):
    state = np.random.get_state()[1].copy()
    first, second = (rednoise(50, 0.5, rng=kind(8)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (first != rednoise(50, 0.5, rng=kind(9))).any()
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize("n", [1, 2, 7.0, np.int64(7)], ids=repr)
@pytest.mark.parametrize("g", [0, 0.5])
def test_rednoise_has_the_length_asked_for(n, g):
    assert rednoise(n, g).shape == (int(n),)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 0.5), ValueError, "`N` must be at least 1, got 0"),
        ((2.5, 0.5), ValueError, "`N` must be an integer, got 2.5"),
        (("9", 0.5), TypeError, "`N` must be an integer, got '9'"),
        ((9, 1.0), ValueError, "`g` must lie strictly between -1 and 1, got 1"),
        ((9, -1.0), ValueError, "`g` must lie strictly between -1 and 1, got -1"),
        ((9, math.nan), ValueError, "`g` must be finite, got nan"),
        ((9, None), TypeError, "`g` must be a real number, got None"),
        ((9, 0.5, math.inf), ValueError, "`a` must be finite, got inf"),
    ],
)
def test_rednoise_refuses_what_is_no_process(arguments, error, message):
    with pytest.raises(error, match=message):
        rednoise(*arguments)


# --- boxpdf, rect, find ---


def test_boxpdf_gives_equal_samples_their_mean_percentile():
    boxed, values, percentiles = boxpdf([3.0, 1.0, 3.0, 8.0])
    np.testing.assert_array_equal(boxed, [0.5, 0.125, 0.5, 0.875])
    np.testing.assert_array_equal(values, [1.0, 3.0, 8.0])
    np.testing.assert_array_equal(percentiles, [0.125, 0.5, 0.875])


@given(values=st.lists(st.integers(-20, 20), min_size=1, max_size=60))
def test_boxpdf_ranks_evenly(values):
    boxed, distinct, percentiles = boxpdf(values)
    x = np.array(values)
    assert boxed.shape == x.shape
    assert boxed.mean() == pytest.approx(0.5)
    assert boxed.min() > 0
    assert boxed.max() < 1
    np.testing.assert_array_equal(distinct, np.unique(x))
    order = np.argsort(x, kind="stable")
    assert (np.diff(boxed[order])[np.diff(x[order]) > 0] > 0).all()
    assert (np.diff(boxed[order])[np.diff(x[order]) == 0] == 0).all()
    np.testing.assert_array_equal(boxed, np.interp(x, distinct, percentiles))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (1, [0.5]),
        (2, [0.5, 0.5]),
        (4, [0.5, 1, 1, 0.5]),
        (np.int64(3), [0.5, 1, 0.5]),
        ([3], [0.5, 1, 0.5]),
        ((3, 2), [[0.5, 0.5], [1, 1], [0.5, 0.5]]),
        (np.zeros((3, 1)), [[0.5], [1], [0.5]]),
    ],
    ids=repr,
)
def test_rect_halves_its_ends_along_the_first_axis(shape, expected):
    np.testing.assert_array_equal(rect(shape), expected)
    normalized = rect(shape, normalize=True)
    assert normalized.sum() == pytest.approx(1)
    np.testing.assert_allclose(normalized, np.array(expected) / np.sum(expected))


def test_rect_leaves_the_array_whose_shape_it_takes_alone():
    shape = np.zeros(4)
    rect(shape)
    np.testing.assert_array_equal(shape, 0)


def test_find_flattens():
    np.testing.assert_array_equal(find([[False, True], [True, False]]), [1, 2])
    np.testing.assert_array_equal(find(np.array([0, 3, 0, -1])), [1, 3])
    assert find([]).size == 0


# --- padding ---


@pytest.mark.parametrize(
    ("size", "expected"),
    [(1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (2**20, 2**20), (2**20 + 1, 2**21)],
)
def test_fft_kwargs_names_the_next_power_of_two(size, expected):
    assert fft_kwargs(np.broadcast_to(0.0, size)) == {"n": expected}


def test_fft_kwargs_without_padding_names_the_length(monkeypatch):
    monkeypatch.setattr(pycwt_mod.helpers, "_FFT_NEXT_POW2", False)
    assert fft_kwargs([0.0] * 5) == {"n": 5}


@pytest.mark.parametrize("answer", [{}, None, {"n": None}, {"threads": 4}])
def test_padded_length_of_an_override_without_a_length_is_that_of_the_signal(answer):
    assert padded_length(100, lambda signal, **_: answer) == 100


def test_padded_length_below_the_signal_is_refused():
    with pytest.raises(ValueError, match="must not be below the signal's length 100, got 64"):
        padded_length(100, lambda signal, **_: {"n": 64})


def test_padded_length_of_an_override_may_be_longer():
    assert padded_length(100, lambda signal, **_: {"n": 4 * len(signal)}) == 400


# --- the cache folder ---


def test_cache_folder_is_the_one_of_the_variable_and_is_made(tmp_path, monkeypatch):
    folder = tmp_path / "a" / "b"
    monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert get_cache_dir() == str(folder)
    assert folder.is_dir()
    assert not (tmp_path / "xdg").exists()
    assert get_cache_dir() == str(folder)  # it may be there already


@pytest.mark.parametrize("unset", [None, ""])
def test_cache_folder_is_below_that_of_xdg(tmp_path, monkeypatch, unset):
    if unset is None:
        monkeypatch.delenv("PYCWT_MOD_CACHE_DIR")
    else:
        monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", unset)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert Path(get_cache_dir()) == tmp_path / "xdg" / "pycwt_mod"
    assert (tmp_path / "xdg" / "pycwt_mod").is_dir()


@pytest.mark.parametrize("xdg", [None, "", "relative/folder"])
def test_cache_folder_ignores_a_relative_xdg_folder(tmp_path, monkeypatch, xdg):
    monkeypatch.delenv("PYCWT_MOD_CACHE_DIR")
    if xdg is None:
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    home = tmp_path / "home"
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(home))
    monkeypatch.setenv("LOCALAPPDATA", str(home / "local"))
    monkeypatch.chdir(tmp_path)
    folder = Path(get_cache_dir())
    base = home / "local" if sys.platform == "win32" else home / ".cache"
    assert folder == base / "pycwt_mod"
    assert not (tmp_path / "relative").exists()


def test_cache_folder_expands_the_home_of_the_user(tmp_path, monkeypatch):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", "~/kept")
    assert Path(get_cache_dir()) == tmp_path / "kept"


def test_cache_folder_is_used_by_the_simulation(cache_dir):
    arguments = {"mc_count": 10, "progress": False}
    pycwt_mod.wct_significance(0.5, 0.3, 1.0, 0.5, 2.0, 3, cache=False, **arguments)
    assert not cache_dir.exists()
    pycwt_mod.wct_significance(0.5, 0.3, 1.0, 0.5, 2.0, 3, cache=True, **arguments)
    assert len(list(cache_dir.iterdir())) == 1


def test_cache_folder_that_cannot_be_made_is_named_with_its_variable(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(OSError, match=r"file' cannot be made .*Set PYCWT_MOD_CACHE_DIR") as caught:
        pycwt_mod.get_cache_dir()
    assert caught.value.__cause__ is None
