"""Functions and mother wavelets that users replace take effect, as in pycwt."""

import numpy as np
import pycwt
import pytest

import pycwt_mod
from pycwt_mod.tests.oracle import (
    RTOL,
    RTOL_LEVELS,
    assert_close,
    assert_same_coherence,
    assert_same_transform,
    cross_spectrum,
    oracle,
    pair,
)

# pycwt takes a millisecond for each coherence, so there are few; that is no news here.
pytestmark = pytest.mark.filterwarnings("ignore:`mc_count` of:UserWarning")

# Coherences within rounding error of an edge between bins; none is expected.
EDGE_SHARE = 1e-4
SCALES = 2 * 2 ** (np.arange(20) / 4)


def _calls_of_significance(package, monkeypatch, *args, **kwargs):
    calls = []

    def wct_significance(al1, al2, **rest):
        calls.append({"al1": al1, "al2": al2, **rest})
        return np.array([0.25])

    monkeypatch.setattr(package.wavelet, "wct_significance", wct_significance)
    result = package.wct(*args, **kwargs)
    np.testing.assert_array_equal(result[4], [0.25])
    (call,) = calls
    return call


def _assert_same_levels(geometry, old, new):
    """Compare the levels of some surrogates where pycwt has them: on its noise, not the last."""
    np.random.seed(2)
    theirs = oracle("wct_significance", *geometry, 0.95, old, 4, False, False)
    np.random.seed(2)
    ours = pycwt_mod.wct_significance(*geometry, 0.95, new, 4, False, False, noise="legacy")
    np.testing.assert_allclose(ours[:-1], theirs[:-1], rtol=RTOL_LEVELS)


def test_wct_calls_a_patched_wct_significance_as_pycwt_does(monkeypatch):
    y1, y2 = pair(60)
    kwargs = {"dj": 0.25, "significance_level": 0.9, "mc_count": 17}
    kwargs |= {"progress": False, "cache": False}
    theirs = _calls_of_significance(pycwt, monkeypatch, y1, y2, 0.5, **kwargs)
    ours = _calls_of_significance(pycwt_mod, monkeypatch, y1, y2, 0.5, **kwargs)
    assert ours.keys() == theirs.keys()
    assert ours.pop("wavelet").name == theirs.pop("wavelet").name
    assert ours == pytest.approx(theirs, rel=RTOL)


def test_wct_hands_the_new_keywords_on(monkeypatch):
    y1, y2 = pair(60)
    kwargs = {
        "backend": "sequential",
        "n_workers": 1,
        "rng_seed": 3,
        "parallel": False,
        "method": "full",
        "noise": "ar1",
        "smoothing": "grinsted",
    }
    call = _calls_of_significance(pycwt_mod, monkeypatch, y1, y2, 0.5, **kwargs)
    assert kwargs.items() <= call.items()


def test_level_of_a_patched_wct_significance_is_in_the_order_of_the_frequencies(monkeypatch):
    monkeypatch.setattr(
        pycwt_mod.wavelet, "wct_significance", lambda *_, J, **rest: np.arange(J + 1.0)
    )
    falling = np.geomspace(0.4, 0.05, 10)
    for freqs, expected in ((falling, np.arange(10)), (falling[::-1], np.arange(10)[::-1])):
        result = pycwt_mod.wct(*pair(60), 1.0, freqs=freqs, rng=np.random.default_rng(0))
        np.testing.assert_array_equal(result.sig, expected)


@pytest.mark.parametrize("sig", [True, False])
def test_wct_rejects_unknown_keywords(sig):
    y1, y2 = pair(40)
    with pytest.raises(TypeError, match="unexpected keyword argument 'mccount'"):
        pycwt_mod.wct(y1, y2, 1.0, sig=sig, mccount=20)


def _unpadded(signal, **_):
    return {"n": len(signal)}


PADDING_SWITCHES = {
    "wavelet.fft_kwargs": (pycwt_mod.wavelet, "fft_kwargs", _unpadded),
    "helpers.fft_kwargs": (pycwt_mod.helpers, "fft_kwargs", _unpadded),
    "helpers._FFT_NEXT_POW2": (pycwt_mod.helpers, "_FFT_NEXT_POW2", False),
}


@pytest.mark.parametrize("switch", PADDING_SWITCHES.values(), ids=PADDING_SWITCHES)
def test_override_of_the_padding_takes_effect(switch, monkeypatch):
    y1, y2 = pair(90)
    padded = pycwt_mod.cwt(y1, 1.0)
    monkeypatch.setattr(*switch)
    for module in (pycwt.wavelet, pycwt.mothers):
        monkeypatch.setattr(module, "fft_kwargs", _unpadded)
    ours = pycwt_mod.cwt(y1, 1.0)
    assert_same_transform(ours, oracle("cwt", y1, 1.0))
    assert ours[4].size != padded[4].size
    coherence = pycwt_mod.wct(y1, y2, 1.0, J=40, sig=False)
    cross = cross_spectrum(y1, y2, 1.0, 1 / 12, -1, 40)
    assert_same_coherence(coherence, oracle("wct", y1, y2, 1.0, J=40, sig=False), cross)
    _assert_same_levels((0.5, 0.3, 1.0, 0.5, 2.0, 5), pycwt.Morlet(6), pycwt_mod.Morlet(6))


def test_override_of_the_padding_in_mothers_takes_effect_in_smooth(monkeypatch):
    field, scales = np.random.default_rng(0).standard_normal((5, 50)), 2.0 ** np.arange(5)
    padded = pycwt_mod.Morlet().smooth(field, 1.0, 1.0, scales)
    for package in (pycwt, pycwt_mod):
        monkeypatch.setattr(package.mothers, "fft_kwargs", _unpadded)
    ours = pycwt_mod.Morlet().smooth(field, 1.0, 1.0, scales)
    assert_close(ours, pycwt.Morlet().smooth(field, 1.0, 1.0, scales))
    assert np.abs(ours - padded).max() > 0.01


def test_override_of_ar1_takes_effect_in_xwt(monkeypatch):
    y1, y2 = pair(60)
    for package in (pycwt, pycwt_mod):
        monkeypatch.setattr(package.wavelet, "ar1", lambda x: (0.25, 1.0, 0.0))
    ours = pycwt_mod.xwt(y1, y2, 1.0)[3]
    assert_close(ours, oracle("xwt", y1, y2, 1.0)[3])
    assert_close(ours, pycwt_mod.significance(1.0, 1.0, pycwt_mod.cwt(y1, 1.0)[1], 0, 0.25)[0])


def test_override_of_ar1_takes_effect_in_wct_and_significance(monkeypatch):
    y1, y2 = pair(60)
    monkeypatch.setattr(pycwt_mod.wavelet, "ar1", lambda x: (0.25, 1.0, 0.0))
    call = _calls_of_significance(pycwt_mod, monkeypatch, y1, y2, 1.0)
    assert (call["al1"], call["al2"]) == (0.25, 0.25)
    spectrum = pycwt_mod.significance(y1, 1.0, SCALES)[1]
    assert_close(spectrum, pycwt_mod.significance(y1.var(), 1.0, SCALES, alpha=0.25)[1])


def _wider(base):
    class Wider(base):
        """Smooths over twice the time; counts how often."""

        calls = 0

        def smooth(self, W, dt, dj, scales):
            type(self).calls += 1
            return super().smooth(W, dt, dj, 2 * scales)

    return Wider


def test_override_of_smooth_takes_effect_in_wct():
    old, new = _wider(pycwt.Morlet)(6), _wider(pycwt_mod.Morlet)(6)
    y1, y2 = pair(90)
    ours = pycwt_mod.wct(y1, y2, 1.0, sig=False, wavelet=new)
    assert type(new).calls == 3
    theirs = oracle("wct", y1, y2, 1.0, sig=False, wavelet=old)
    assert_same_coherence(ours, theirs, cross_spectrum(y1, y2, 1.0))
    assert np.abs(ours[0] - pycwt_mod.wct(y1, y2, 1.0, sig=False)[0]).max() > 0.01


def test_override_of_smooth_takes_effect_in_wct_significance():
    old, new = _wider(pycwt.Morlet)(6), _wider(pycwt_mod.Morlet)(6)
    _assert_same_levels((0.5, 0.3, 0.5, 0.5, 2.0, 5), old, new)
    assert type(new).calls == 12


@pytest.mark.parametrize("kind", ["Morlet", "Paul", "DOG", "MexicanHat"])
@pytest.mark.parametrize("geometry", [(1.0, 0.25, 2.0, 8), (0.25, 1 / 12, 0.3, 40)])
def test_override_of_smooth_that_changes_nothing_changes_no_level(kind, geometry):
    """The engine's one pass over the scales against the whole fields of the direct way."""
    plain = getattr(pycwt_mod, kind)

    class Same(plain):
        def smooth(self, W, dt, dj, scales):
            return super().smooth(W, dt, dj, scales)

    options = {"mc_count": 20, "rng_seed": 1, "progress": False, "cache": False, "method": "full"}
    ours, direct = (
        pycwt_mod.wct_null(0.5, -0.3, *geometry, wavelet=mother, **options).histogram
        for mother in (plain(), Same())
    )
    # Rounding may move a coherence that lies on the edge between two bins.
    assert np.abs(ours - direct).sum() <= EDGE_SHARE * direct.sum()
    assert direct.sum() > 0


def test_override_of_smooth_on_one_object_takes_effect():
    mother, other = pycwt_mod.Morlet(), pycwt_mod.Morlet()
    mother.smooth = lambda W, dt, dj, scales: other.smooth(W, dt, dj, 2 * scales)
    y1, y2 = pair(60)
    ours = pycwt_mod.wct(y1, y2, 1.0, sig=False, wavelet=mother)[0]
    wider = pycwt_mod.wct(y1, y2, 1.0, sig=False, wavelet=_wider(pycwt_mod.Morlet)())[0]
    np.testing.assert_array_equal(ours, wider)


def test_override_of_smooth_is_not_taken_from_the_cache():
    options = {"mc_count": 10, "rng_seed": 1, "progress": False, "cache": True}
    arguments = (0.5, 0.3, 1.0, 0.5, 2.0, 4)
    plain = pycwt_mod.wct_significance(*arguments, **options)
    wider = pycwt_mod.wct_significance(*arguments, wavelet=_wider(pycwt_mod.Morlet)(), **options)
    assert np.abs(plain - wider).max() > 0.01


class _Duck:
    """The least that a transform needs, related to no class of ours."""

    name, dofmin, cdelta = "Duck", 2, 0.776

    def __init__(self):
        self._model = model = pycwt_mod.Morlet(6)
        self.psi, self.psi_ft, self.flambda, self.coi = (
            model.psi, model.psi_ft, model.flambda, model.coi
        )  # fmt: skip


class _SmoothingDuck(_Duck):
    def smooth(self, W, dt, dj, scales):
        return self._model.smooth(W, dt, dj, scales)


def test_duck_typed_mother_is_transformed():
    y1, y2 = pair(60)
    W, sj, *_ = pycwt_mod.cwt(y1, 1.0, wavelet=_Duck())
    assert_close(W, pycwt_mod.cwt(y1, 1.0)[0])
    assert_close(pycwt_mod.icwt(W, sj, 1.0, wavelet=_Duck()), pycwt_mod.icwt(W, sj, 1.0))
    assert_close(pycwt_mod.xwt(y1, y2, 1.0, wavelet=_Duck())[3], pycwt_mod.xwt(y1, y2, 1.0)[3])


@pytest.mark.parametrize("mother", [_SmoothingDuck(), pycwt.Morlet(6)], ids=["duck", "pycwt"])
def test_duck_typed_mother_with_a_smooth_has_a_coherence_and_levels(mother):
    y1, y2 = pair(60)
    options = {"mc_count": 10, "rng_seed": 1, "progress": False}
    ours = pycwt_mod.wct(y1, y2, 1.0, 0.25, wavelet=mother, **options)
    plain = pycwt_mod.wct(y1, y2, 1.0, 0.25, method="full", **options)
    assert_close(ours[0], plain[0])
    np.testing.assert_allclose(ours[4], plain[4], rtol=RTOL_LEVELS)


@pytest.mark.parametrize("mother", [_Duck(), pycwt.Paul(4)], ids=["duck", "pycwt"])
def test_duck_typed_mother_without_a_smooth_is_told_what_the_coherence_needs(mother):
    message = r"`wavelet` must have a smoothing window .* neither `smoothing_window\(.*`smooth\("
    with pytest.raises(ValueError, match=message):
        pycwt_mod.wct(*pair(60), 1.0, sig=False, wavelet=mother)
    with pytest.raises(ValueError, match=message):
        pycwt_mod.wct_significance(0.5, 0.3, 1.0, 0.5, 2.0, 3, wavelet=mother)
