"""pycwt 0.5.0b0 as an oracle: the same values, tuples, names and ways to override."""

import contextlib
import importlib
import inspect
import io
import warnings

import numpy as np
import pycwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

import pycwt_mod
from pycwt_mod import mothers

# pycwt takes a millisecond for each coherence, so there are few; that is no news here.
pytestmark = pytest.mark.filterwarnings("ignore:`mc_count` of:UserWarning")

# The contract (design, section 6); the agreement is to 1e-13, two packages' rounding errors.
RTOL = 1e-10
# pycwt transforms float32 input in single precision, pycwt_mod in double.
RTOL_SINGLE = 1e-5
# Levels are interpolated between bins of equal integer counts.
RTOL_LEVELS = 1e-12
# Coherences within rounding error of an edge between bins; none is expected.
EDGE_SHARE = 1e-4

MOTHERS = {
    "morlet6": ("Morlet", 6),
    "morlet4": ("Morlet", 4),
    "paul4": ("Paul", 4),
    "paul2": ("Paul", 2),
    "dog1": ("DOG", 1),
    "dog2": ("DOG", 2),
    "dog5": ("DOG", 5),
    "dog6": ("DOG", 6),
    "mexicanhat": ("MexicanHat",),
}
# dt, dj, s0, J
GEOMETRIES = {
    "defaults": (1.0, 1 / 12, -1, -1),
    "quarterly": (0.25, 1 / 4, -1, -1),
    "chosen": (0.1, 1 / 3, 0.25, 5),
    "float J": (1 / 12, 0.25, 2 / 12, 5 / 0.25),
    "fractional J": (1.0, 0.3, 2.0, 5.5),
    "integers": (2, 1, 4, 3),
    "coarse": (1.0, 0.9, 2.0, 3),
}
LENGTHS = [16, 33, 64, 101, 250]  # powers of two, odd, even


def _mothers(label):
    name, *order = MOTHERS[label]
    return getattr(pycwt, name)(*order), getattr(pycwt_mod, name)(*order)


def _red(n, seed, g=0.5):
    noise = np.random.default_rng(seed).standard_normal(n)
    return lfilter([1.0], [1.0, -g], noise) + 3.0


def _pair(n, seed=0):
    return _red(n, seed), _red(n, seed + 1000, 0.3)


def _oracle(name, *args, **kwargs):
    """Call a function of pycwt without its warnings and prints."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return getattr(pycwt.wavelet, name)(*args, **kwargs)


def _cross_spectrum(y1, y2, *geometry):
    """Return pycwt's W1 conj(W2), as its `wct` makes it."""
    W1, W2 = (_oracle("cwt", (y - y.mean()) / y.std(), *geometry)[0] for y in (y1, y2))
    return W1 * W2.conj()


def _assert_close(ours, theirs, rtol=RTOL):
    """Compare beside the field's largest value: where a field cancels there is no other scale."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    size = np.abs(theirs).max(initial=0)
    assert np.isfinite(size)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=rtol * size)


def _assert_same_transform(ours, theirs, rtol=RTOL):
    """Compare two results of `cwt`; pycwt may lack the largest scales of Paul."""
    assert len(ours) == len(theirs) == 6
    kept = theirs[1].size
    for here, there in zip(ours[:3], theirs[:3], strict=True):
        _assert_close(here[:kept], there, rtol)
    for here, there in zip(ours[3:], theirs[3:], strict=True):
        _assert_close(here, there, rtol)


# --- cwt ---


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
@pytest.mark.parametrize("mother", MOTHERS)
def test_cwt_equals_pycwt(mother, geometry, n):
    old, new = _mothers(mother)
    x = _red(n, n)
    ours = pycwt_mod.cwt(x, *geometry, new)
    theirs = _oracle("cwt", x, *geometry, old)
    assert theirs[1].size >= ours[1].size - (4 if mother.startswith("paul") else 0)
    _assert_same_transform(ours, theirs)


@pytest.mark.parametrize("mother", MOTHERS)
@pytest.mark.parametrize("order", [1, -1])
def test_cwt_at_frequencies_equals_pycwt(mother, order):
    old, new = _mothers(mother)
    freqs = (1 / np.array([3.0, 4.5, 7.0, 20.0]))[::order]
    x = _red(90, 3)
    ours = pycwt_mod.cwt(x, 0.5, wavelet=new, freqs=freqs)
    _assert_same_transform(ours, _oracle("cwt", x, 0.5, wavelet=old, freqs=freqs))
    np.testing.assert_array_equal(ours[2], freqs)


@pytest.mark.parametrize("name", ["morlet", "paul", "dog", "mexicanhat"])
def test_cwt_takes_the_names_of_pycwt(name):
    x = _red(60, 4)
    theirs = _oracle("cwt", x, 1.0, wavelet=name)
    _assert_same_transform(pycwt_mod.cwt(x, 1.0, wavelet=name), theirs)


@pytest.mark.parametrize("kind", ["list", "tuple", "int", "complex", "big-endian", "strided"])
def test_cwt_takes_what_pycwt_takes(kind):
    x = np.round(10 * _red(60, 5))
    value = {
        "list": x.tolist(),
        "tuple": tuple(x.tolist()),
        "int": x.astype(np.int32),
        "complex": x * np.exp(0.3j * np.arange(60)),
        "big-endian": x.astype(">f8"),
        "strided": np.repeat(x, 2)[::2],
    }[kind]
    native = value.astype(float) if kind == "big-endian" else value
    _assert_same_transform(pycwt_mod.cwt(value, 1.0), _oracle("cwt", native, 1.0))


def test_cwt_of_single_precision_equals_pycwt_to_single_precision():
    x = _red(60, 6).astype(np.float32)
    ours = pycwt_mod.cwt(x, 1.0)
    assert ours[0].dtype == np.complex128
    _assert_same_transform(ours, _oracle("cwt", x, 1.0), RTOL_SINGLE)


def test_cwt_leaves_its_input_alone():
    x, freqs = _red(60, 7), np.array([0.1, 0.2])
    before = x.copy(), freqs.copy()
    pycwt_mod.cwt(x, 1.0, freqs=freqs)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(freqs, before[1])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    n=st.integers(4, 130),
    seed=st.integers(0, 2**32 - 1),
    dt=st.floats(1e-3, 1e3),
    dj=st.floats(0.05, 1.5),
    mother=st.sampled_from(sorted(MOTHERS)),
    offset=st.floats(-1e3, 1e3),
)
def test_cwt_equals_pycwt_for_any_series(n, seed, dt, dj, mother, offset):
    old, new = _mothers(mother)
    x = np.random.default_rng(seed).standard_normal(n) + offset
    ours = pycwt_mod.cwt(x, dt, dj, -1, -1, new)
    _assert_same_transform(ours, _oracle("cwt", x, dt, dj, -1, -1, old))


# --- icwt ---


@pytest.mark.parametrize("mother", ["morlet6", "dog2", "dog6", "mexicanhat"])
@pytest.mark.parametrize("n", LENGTHS)
def test_icwt_equals_pycwt(mother, n):
    old, new = _mothers(mother)
    W, sj, *_ = pycwt_mod.cwt(_red(n, 8), 0.5, 0.25, wavelet=new)
    theirs = _oracle("icwt", W, sj, 0.5, 0.25, old)
    assert np.abs(np.imag(theirs)).max() == 0
    _assert_close(pycwt_mod.icwt(W, sj, 0.5, 0.25, new), theirs)


def test_icwt_defaults_equal_those_of_pycwt():
    W, sj, *_ = pycwt_mod.cwt(_red(64, 9), 2.0)
    _assert_close(pycwt_mod.icwt(W, sj, 2.0), _oracle("icwt", W, sj, 2.0))


def test_icwt_of_a_transposed_transform_is_that_of_the_transform():
    # pycwt sums over time here, which is no inverse of anything.
    W, sj, *_ = pycwt_mod.cwt(_red(64, 9), 2.0)
    assert W.shape[0] != W.shape[1]
    np.testing.assert_array_equal(pycwt_mod.icwt(W.T, sj, 2.0), pycwt_mod.icwt(W, sj, 2.0))


def test_icwt_of_wrong_shapes_can_be_caught_as_a_warning_as_in_pycwt():
    W, sj = np.zeros((3, 4)), np.ones(5)
    for icwt in (pycwt.icwt, pycwt_mod.icwt):
        with pytest.raises(Warning):
            icwt(W, sj, 1.0)


# --- significance ---

SCALES = 2 * 2 ** (np.arange(20) / 4)
TESTS = {
    "local": (0, -1),
    "time average": (1, np.full(20, 150.0)),
    "time average by scale": (1, np.linspace(0, 300, 20)),
    "scale average": (2, [4, 16]),
}


@pytest.mark.parametrize("mother", ["morlet6", "paul4", "dog2", "dog6", "mexicanhat"])
@pytest.mark.parametrize(("test", "dof"), TESTS.values(), ids=TESTS)
@pytest.mark.parametrize("alpha", [0.0, 0.72, -0.5])
def test_significance_equals_pycwt(mother, test, dof, alpha):
    old, new = _mothers(mother)
    for level in (0.8646, 0.95, 0.99):
        theirs = _oracle("significance", 2.5, 0.25, SCALES, test, alpha, level, np.copy(dof), old)
        ours = pycwt_mod.significance(2.5, 0.25, SCALES, test, alpha, level, dof, new)
        assert len(ours) == len(theirs) == 2
        for here, there in zip(ours, theirs, strict=True):
            _assert_close(here, there)


def test_significance_defaults_equal_those_of_pycwt():
    theirs = _oracle("significance", 1.0, 0.25, SCALES, alpha=0.5)
    _assert_close(pycwt_mod.significance(1.0, 0.25, SCALES, alpha=0.5), theirs)


def test_significance_leaves_dof_alone():
    dof = np.linspace(0, 300, 20)
    pycwt_mod.significance(1.0, 0.25, SCALES, 1, 0.5, dof=dof)
    np.testing.assert_array_equal(dof, np.linspace(0, 300, 20))


# --- xwt ---


@pytest.mark.parametrize("n", [64, 101])
@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
@pytest.mark.parametrize("mother", ["morlet6", "morlet4", "dog1", "dog2", "mexicanhat"])
@pytest.mark.parametrize("normalize", [True, False])
def test_xwt_equals_pycwt(mother, geometry, n, normalize):
    old, new = _mothers(mother)
    y1, y2 = _pair(n)
    ours = pycwt_mod.xwt(y1, y2, *geometry, 0.9, new, normalize)
    theirs = _oracle("xwt", y1, y2, *geometry, 0.9, old, normalize)
    assert len(ours) == len(theirs) == 4
    for here, there in zip(ours, theirs, strict=True):
        _assert_close(here, there)


def test_xwt_by_paul_equals_pycwt_where_pycwt_keeps_rows():
    y1, y2 = _pair(101)
    W12, coi, freqs, signif = pycwt_mod.xwt(y1, y2, 1.0, wavelet="paul")
    theirs = _oracle("xwt", y1, y2, 1.0, wavelet="paul")
    kept = theirs[2].size
    for here, there in zip((W12[:kept], coi, freqs[:kept], signif[:kept]), theirs, strict=True):
        _assert_close(here, there)


@pytest.mark.parametrize("convert", [list, lambda y: np.round(y).astype(int)])
def test_xwt_takes_lists_and_integers(convert):
    y1, y2 = (convert(10 * y) for y in _pair(50))
    for here, there in zip(pycwt_mod.xwt(y1, y2, 1.0), _oracle("xwt", y1, y2, 1.0), strict=True):
        _assert_close(here, there)


# --- wct ---


def _assert_same_coherence(ours, theirs, W12, rtol=RTOL):
    """Compare two results of `wct`; a phase counts as much as the cross spectrum it is of."""
    assert len(ours) == len(theirs) == 5
    _assert_close(ours[0], theirs[0], rtol)
    weight = np.abs(W12)
    _assert_close(weight * np.exp(1j * ours[1]), weight * np.exp(1j * theirs[1]), rtol)
    for here, there in zip(ours[2:4], theirs[2:4], strict=True):
        _assert_close(here, there, rtol)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
@pytest.mark.parametrize("normalize", [True, False])
def test_wct_equals_pycwt(geometry, n, normalize):
    y1, y2 = _pair(n)
    dt, dj, s0, J = geometry
    # Far beyond the record W is rounding error alone. (-1 is the default, within it.)
    J = min(J, np.log2(n / 4) // dj)
    ours = pycwt_mod.wct(y1, y2, dt, dj, s0, J, False, 0.95, "morlet", normalize)
    theirs = _oracle("wct", y1, y2, dt, dj, s0, J, False, 0.95, "morlet", normalize)
    _assert_same_coherence(ours, theirs, _cross_spectrum(y1, y2, dt, dj, s0, J))
    assert (ours[0] >= 0).all()
    assert (ours[0] <= 1).all()


@pytest.mark.parametrize("dj", [1 / 24, 1 / 12, 0.2, 0.4, 0.6, 0.7, 1.0, 1.2])
@pytest.mark.parametrize("J", [0, 1, 2, 6])
def test_wct_boxcar_equals_pycwt_at_every_number_of_taps_and_scales(dj, J):
    y1, y2 = _pair(128)
    ours = pycwt_mod.wct(y1, y2, 1.0, dj, 2.0, J, sig=False)
    theirs = _oracle("wct", y1, y2, 1.0, dj, 2.0, J, sig=False)
    _assert_same_coherence(ours, theirs, _cross_spectrum(y1, y2, 1.0, dj, 2.0, J))


def test_wct_without_significance_returns_an_array_of_one_zero():
    y1, y2 = _pair(40)
    levels = pycwt_mod.wct(y1, y2, 1.0, sig=False)[4]
    assert isinstance(levels, np.ndarray)
    np.testing.assert_array_equal(levels, [0])
    np.testing.assert_array_equal(levels, _oracle("wct", y1, y2, 1.0, sig=False)[4])


def test_wct_leaves_its_input_alone():
    y1, y2 = _pair(40)
    before = y1.copy(), y2.copy()
    for function in (pycwt_mod.wct, pycwt_mod.xwt):
        function(
            y1, y2, 1.0, normalize=False, **({"sig": False} if function is pycwt_mod.wct else {})
        )
    np.testing.assert_array_equal(y1, before[0])
    np.testing.assert_array_equal(y2, before[1])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    n=st.integers(16, 130),
    seed=st.integers(0, 2**32 - 1),
    dt=st.floats(1e-3, 1e3),
    dj=st.floats(0.06, 1.1),
    gain=st.floats(1e-6, 1e6),
)
def test_wct_equals_pycwt_for_any_pair(n, seed, dt, dj, gain):
    rng = np.random.default_rng(seed)
    y1 = gain * rng.standard_normal(n)
    y2 = rng.standard_normal(n) + y1 / gain
    J = int(np.log2(n / 4) / dj)
    ours = pycwt_mod.wct(y1, y2, dt, dj, -1, J, sig=False)
    theirs = _oracle("wct", y1, y2, dt, dj, -1, J, sig=False)
    _assert_same_coherence(ours, theirs, _cross_spectrum(y1, y2, dt, dj, -1, J))


# --- smoothing ---


@pytest.mark.parametrize("shape", [(3, 50), (20, 64), (40, 101)])
@pytest.mark.parametrize("kind", [float, complex])
@pytest.mark.parametrize("dj", [1 / 12, 0.25, 0.5])
def test_morlet_smooth_equals_pycwt(shape, kind, dj):
    rng = np.random.default_rng(11)
    field = rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if kind is complex else 0)
    scales = 0.5 * 2 ** (np.arange(shape[0]) * dj)
    ours = pycwt_mod.Morlet(6).smooth(field, 0.25, dj, scales)
    assert np.iscomplexobj(ours) == (kind is complex)
    _assert_close(ours, pycwt.Morlet(6).smooth(field, 0.25, dj, scales))


# --- helpers ---


@pytest.mark.parametrize("g", [-0.7, 0.0, 0.4, 0.9])
@pytest.mark.parametrize("n", [20, 101, 1000])
def test_ar1_equals_pycwt(g, n):
    for seed in range(12, 17):
        x = _red(n, seed, g)
        try:
            theirs = pycwt.ar1(x)
        except Warning:  # short and red: an estimate neither here nor there
            with pytest.raises(Warning):
                pycwt_mod.ar1(x)
            continue
        ours = pycwt_mod.ar1(x)
        assert len(ours) == 3
        np.testing.assert_allclose(ours, theirs, rtol=RTOL, atol=RTOL)


def test_ar1_takes_lists_and_integers():
    x = np.round(10 * _red(50, 13)).astype(int)
    np.testing.assert_allclose(pycwt_mod.ar1(x.tolist()), pycwt.ar1(x), rtol=RTOL)
    np.testing.assert_allclose(pycwt_mod.ar1(x), pycwt.ar1(x), rtol=RTOL)


@pytest.mark.parametrize("series", [np.arange(8.0), np.array([1.0, 2.0, 3.0])])
def test_ar1_without_an_estimate_can_be_caught_as_a_warning_as_in_pycwt(series):
    for ar1 in (pycwt.ar1, pycwt_mod.ar1):
        try:
            ar1(series)
        except Warning:
            continue
        pytest.fail(f"{ar1.__module__}.ar1 found an estimate")


@pytest.mark.parametrize("g", [-0.7, 0.0, 0.4, 0.99])
def test_ar1_spectrum_equals_pycwt(g):
    freqs = np.linspace(0, 0.5, 31)
    _assert_close(pycwt_mod.ar1_spectrum(freqs, g), pycwt.ar1_spectrum(freqs, g))
    _assert_close(pycwt_mod.ar1_spectrum(freqs.tolist(), ar1=g), pycwt.ar1_spectrum(freqs, g))
    _assert_close(pycwt_mod.ar1_spectrum(freqs), pycwt.ar1_spectrum(freqs))


@pytest.mark.parametrize("values", [[3.0, 1.0, 3.0, 8.0], [5], list(range(9)), [2, 2, 2, 1]])
def test_boxpdf_equals_pycwt(values):
    ours, theirs = pycwt_mod.boxpdf(values), pycwt.helpers.boxpdf(values)
    assert len(ours) == 3
    for here, there in zip(ours, theirs, strict=True):
        _assert_close(here, there)


@pytest.mark.parametrize(
    "shape", [1, 2, 3, 9, [4], [4, 2], np.zeros(5), np.zeros((3, 2))], ids=repr
)
@pytest.mark.parametrize("normalize", [False, True])
def test_rect_equals_pycwt(shape, normalize):
    _assert_close(pycwt_mod.rect(shape, normalize), pycwt.helpers.rect(shape, normalize))


@pytest.mark.parametrize("condition", [[0, 1, 1], np.eye(3) > 0, True, [[]], [False]], ids=repr)
def test_find_equals_pycwt(condition):
    np.testing.assert_array_equal(pycwt_mod.find(condition), pycwt.find(condition))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 1000, 1024, 1025])
def test_fft_kwargs_equals_pycwt(n):
    assert pycwt_mod.fft_kwargs(np.zeros(n)) == pycwt.fft_kwargs(np.zeros(n))
    assert pycwt_mod.fft_kwargs(np.zeros(n), overwrite_x=True)["n"] >= n


# --- mothers ---


@pytest.mark.parametrize("mother", MOTHERS)
def test_mothers_equal_those_of_pycwt(mother):
    old, new = _mothers(mother)
    for fact in ("name", "dofmin"):
        assert getattr(new, fact) == getattr(old, fact)
    assert new.flambda() == pytest.approx(old.flambda(), rel=RTOL)
    assert new.coi() == pytest.approx(old.coi(), rel=RTOL)
    f = np.linspace(0, 20, 101)
    _assert_close(new.psi_ft(f), old.psi_ft(f))
    if old.cdelta != -1:
        assert (new.cdelta, new.gamma, new.deltaj0) == (old.cdelta, old.gamma, old.deltaj0)
    t = np.linspace(-4, 4, 101)
    if mother in ("morlet6", "morlet4", "dog2", "dog6", "mexicanhat"):
        _assert_close(new.psi(t), old.psi(t))


@pytest.mark.parametrize(("name", "attribute"), [("Morlet", "f0"), ("Paul", "m"), ("DOG", "m")])
def test_mothers_keep_the_name_of_their_order(name, attribute):
    for package in (pycwt, pycwt_mod):
        kind = getattr(package, name)
        assert getattr(kind(), attribute) == {"Morlet": 6, "Paul": 4, "DOG": 2}[name]
        assert getattr(kind(**{attribute: 3}), attribute) == 3


def test_mothers_mexican_hat_is_a_dog():
    assert isinstance(pycwt_mod.MexicanHat(), pycwt_mod.DOG)


# --- the Monte Carlo test on pycwt's own noise ---

# al1, al2, dt, dj, s0, J, level, surrogates
PROBLEMS = {
    "usual": (0.5, 0.3, 1.0, 0.25, 2.0, 8, 0.95, 5),
    "negative": (-0.4, 0.9, 0.25, 0.5, 0.5, 6, 0.9, 3),
    "fine": (0.1, 0.05, 1.0, 1 / 12, 2.0, 18, 0.99, 2),
    "coarse": (0.7, 0.6, 1.0, 0.9, 2.0, 3, 0.5, 10),
    "many blocks": (0.2, -0.2, 1.0, 0.5, 2.0, 2, 0.95, 50),
}


def _same_state(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_legacy_noise_gives_the_levels_of_pycwt_where_pycwt_fills_them(problem):
    *geometry, level, count = problem
    np.random.seed(7)
    theirs = _oracle(
        "wct_significance", *geometry, level, pycwt.Morlet(6), count, progress=False, cache=False
    )
    state = np.random.get_state()
    np.random.seed(7)
    ours = pycwt_mod.wct_significance(
        *geometry, level, pycwt_mod.Morlet(6), count, progress=False, cache=False, noise="legacy"
    )
    assert _same_state(np.random.get_state(), state)
    assert np.isnan(theirs[-1])
    assert np.isfinite(ours).all()
    np.testing.assert_allclose(ours[:-1], theirs[:-1], rtol=RTOL_LEVELS)


@pytest.mark.parametrize("cache", [True, False])
def test_legacy_noise_through_wct_gives_the_levels_of_pycwt(cache):
    y1, y2 = _pair(60)
    arguments = (y1, y2, 1.0, 0.25, 2.0, 7)
    np.random.seed(3)
    theirs = _oracle("wct", *arguments, mc_count=3, progress=False, cache=False)
    state = np.random.get_state()
    for _ in range(2):  # the second time, too: nothing of it may come from a cache
        np.random.seed(3)
        ours = pycwt_mod.wct(*arguments, mc_count=3, progress=False, cache=cache, noise="legacy")
        assert _same_state(np.random.get_state(), state)
        np.testing.assert_allclose(ours[4][:-1], theirs[4][:-1], rtol=RTOL_LEVELS)


def test_ar1_noise_leaves_the_global_random_state_alone():
    np.random.seed(1)
    state = np.random.get_state()
    pycwt_mod.wct_significance(0.5, 0.3, 1.0, 0.5, 2.0, 3, mc_count=10, progress=False)
    assert _same_state(np.random.get_state(), state)


# --- names ---

FUTURE = {"absolute_import", "division", "print_function", "unicode_literals"}
# Names that pycwt's modules hold by accident, as imports for their own use, and why no script
# needs them from there.
EXCEPTIONS = {
    "": {
        "_version_": "private; its `version` and `__version__` are on the package",
    },
    "wavelet": {
        "numpy": "NumPy itself; as `pycwt_mod.numpy`, where `import *` put it",
        "chi2": "scipy.stats.chi2 itself; as `pycwt_mod.chi2`",
        "tqdm": "tqdm.tqdm itself; as `pycwt_mod.tqdm`",
    },
    "helpers": {
        "numpy": "NumPy itself",
        "cpu_count": "multiprocessing.cpu_count itself, for pyFFTW, which is not used",
        "makedirs": "os.makedirs itself",
        "exists": "os.path.exists itself",
        "expanduser": "os.path.expanduser itself",
        "lfilter": "scipy.signal.lfilter itself, slow to import",
    },
    "mothers": {
        "numpy": "NumPy itself",
        "convolve2d": "scipy.signal.convolve2d itself",
        "gamma": "scipy.special.gamma itself",
        "hermitenorm": "from scipy.special.orthogonal, which SciPy 2 removes",
    },
}


@pytest.mark.parametrize("module", EXCEPTIONS)
def test_names_of_pycwt_resolve(module):
    theirs = importlib.import_module(f"pycwt.{module}".rstrip("."))
    ours = importlib.import_module(f"pycwt_mod.{module}".rstrip("."))
    names = {name for name in vars(theirs) if not name.startswith("__")} - FUTURE
    assert set(EXCEPTIONS[module]) < names
    missing = [n for n in names - set(EXCEPTIONS[module]) if not hasattr(ours, n)]
    assert missing == []


def test_names_of_pycwt_star_import_resolve():
    for name in pycwt.__all__:
        assert hasattr(pycwt_mod, name)
        assert name in pycwt_mod.__all__


def test_names_wavelet_holds_the_same_functions_as_the_package():
    for name in ("cwt", "icwt", "significance", "xwt", "wct", "wct_significance", "ar1", "find"):
        assert getattr(pycwt_mod, name) is getattr(pycwt_mod.wavelet, name)
    assert inspect.isfunction(pycwt_mod.significance)
    assert inspect.ismodule(pycwt_mod.wavelet)


def test_names_check_parameter_wavelet_is_where_scripts_look_for_it():
    from pycwt_mod.wavelet import _check_parameter_wavelet

    assert isinstance(_check_parameter_wavelet("paul"), pycwt_mod.Paul)
    mother = pycwt_mod.Morlet(5)
    assert _check_parameter_wavelet(mother) is mother


def test_names_fft_of_wavelet_transforms():
    x = np.arange(5.0)
    for module in (pycwt_mod, pycwt_mod.wavelet, pycwt_mod.helpers, pycwt_mod.mothers):
        _assert_close(module.fft.fft(x, 8), pycwt.wavelet.fft.fft(x, 8))
        _assert_close(module.fft.fftfreq(8, 0.5), pycwt.wavelet.fft.fftfreq(8, 0.5))


def test_names_mothers_can_be_looked_up_in_vars():
    for name in ("Morlet", "Paul", "DOG", "MexicanHat"):
        assert vars(mothers)[name] is getattr(pycwt_mod, name)


@pytest.mark.parametrize("name", ["cwt", "icwt", "significance", "xwt", "wct", "wct_significance"])
def test_signature_begins_with_that_of_pycwt(name):
    theirs = inspect.signature(getattr(pycwt, name)).parameters
    ours = inspect.signature(getattr(pycwt_mod, name)).parameters
    positional = [(p.name, p.default) for p in ours.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == [
        (p.name, p.default) for p in theirs.values() if p.kind is p.POSITIONAL_OR_KEYWORD
    ]


@pytest.mark.parametrize(
    "name", ["ar1", "ar1_spectrum", "rednoise", "rect", "boxpdf", "find", "fft_kwargs"]
)
def test_signature_of_helpers_begins_with_that_of_pycwt(name):
    theirs = inspect.signature(getattr(pycwt.helpers, name)).parameters
    ours = inspect.signature(getattr(pycwt_mod.helpers, name)).parameters
    assert [(p.name, p.default) for p in ours.values()][: len(theirs)] == [
        (p.name, p.default) for p in theirs.values()
    ]


# --- keywords handed on ---


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


def test_wct_calls_a_patched_wct_significance_as_pycwt_does(monkeypatch):
    y1, y2 = _pair(60)
    kwargs = {
        "dj": 0.25,
        "significance_level": 0.9,
        "mc_count": 17,
        "progress": False,
        "cache": False,
    }
    theirs = _calls_of_significance(pycwt, monkeypatch, y1, y2, 0.5, **kwargs)
    ours = _calls_of_significance(pycwt_mod, monkeypatch, y1, y2, 0.5, **kwargs)
    assert ours.keys() == theirs.keys()
    assert ours.pop("wavelet").name == theirs.pop("wavelet").name
    assert ours == pytest.approx(theirs, rel=RTOL)


def test_wct_hands_the_new_keywords_on(monkeypatch):
    y1, y2 = _pair(60)
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


def test_wct_levels_are_those_of_wct_significance():
    y1, y2 = _pair(60)
    options = {"mc_count": 20, "rng_seed": 5, "progress": False, "cache": False}
    levels = pycwt_mod.wct(y1, y2, 1.0, 0.25, 2.0, 7, True, 0.9, **options)[4]
    g1, g2 = pycwt_mod.ar1(y1)[0], pycwt_mod.ar1(y2)[0]
    direct = pycwt_mod.wct_significance(g1, g2, 1.0, 0.25, 2.0, 7, 0.9, **options)
    np.testing.assert_array_equal(levels, direct)


@pytest.mark.parametrize("sig", [True, False])
def test_wct_rejects_unknown_keywords(sig):
    y1, y2 = _pair(40)
    with pytest.raises(TypeError, match="unexpected keyword argument 'mccount'"):
        pycwt_mod.wct(y1, y2, 1.0, sig=sig, mccount=20)


# --- overrides ---


def _unpadded(signal, **_):
    return {"n": len(signal)}


def _without_padding_as_in_pycwt(monkeypatch):
    for module in (pycwt.wavelet, pycwt.mothers):
        monkeypatch.setattr(module, "fft_kwargs", _unpadded)


PADDING_SWITCHES = {
    "wavelet.fft_kwargs": (pycwt_mod.wavelet, "fft_kwargs", _unpadded),
    "helpers.fft_kwargs": (pycwt_mod.helpers, "fft_kwargs", _unpadded),
    "helpers._FFT_NEXT_POW2": (pycwt_mod.helpers, "_FFT_NEXT_POW2", False),
}


@pytest.mark.parametrize("switch", PADDING_SWITCHES.values(), ids=PADDING_SWITCHES)
def test_override_of_the_padding_takes_effect(switch, monkeypatch):
    y1, y2 = _pair(90)
    padded = pycwt_mod.cwt(y1, 1.0)
    monkeypatch.setattr(*switch)
    _without_padding_as_in_pycwt(monkeypatch)
    ours = pycwt_mod.cwt(y1, 1.0)
    _assert_same_transform(ours, _oracle("cwt", y1, 1.0))
    assert ours[4].size != padded[4].size
    J = 40
    coherence = pycwt_mod.wct(y1, y2, 1.0, J=J, sig=False)
    cross = _cross_spectrum(y1, y2, 1.0, 1 / 12, -1, J)
    _assert_same_coherence(coherence, _oracle("wct", y1, y2, 1.0, J=J, sig=False), cross)


@pytest.mark.parametrize("switch", PADDING_SWITCHES.values(), ids=PADDING_SWITCHES)
def test_override_of_the_padding_takes_effect_in_the_simulation(switch, monkeypatch):
    monkeypatch.setattr(*switch)
    _without_padding_as_in_pycwt(monkeypatch)
    geometry = (0.5, 0.3, 1.0, 0.5, 2.0, 5)
    np.random.seed(2)
    theirs = _oracle("wct_significance", *geometry, 0.95, pycwt.Morlet(6), 3, False, False)
    np.random.seed(2)
    ours = pycwt_mod.wct_significance(
        *geometry, mc_count=3, progress=False, cache=False, noise="legacy"
    )
    np.testing.assert_allclose(ours[:-1], theirs[:-1], rtol=RTOL_LEVELS)


def test_override_of_the_padding_in_mothers_takes_effect_in_smooth(monkeypatch):
    field, scales = np.random.default_rng(0).standard_normal((5, 50)), 2.0 ** np.arange(5)
    padded = pycwt_mod.Morlet().smooth(field, 1.0, 1.0, scales)
    for package in (pycwt, pycwt_mod):
        monkeypatch.setattr(package.mothers, "fft_kwargs", _unpadded)
    ours = pycwt_mod.Morlet().smooth(field, 1.0, 1.0, scales)
    _assert_close(ours, pycwt.Morlet().smooth(field, 1.0, 1.0, scales))
    assert np.abs(ours - padded).max() > 0.01


def test_override_of_ar1_takes_effect_in_xwt(monkeypatch):
    y1, y2 = _pair(60)
    for package in (pycwt, pycwt_mod):
        monkeypatch.setattr(package.wavelet, "ar1", lambda x: (0.25, 1.0, 0.0))
    ours = pycwt_mod.xwt(y1, y2, 1.0)[3]
    _assert_close(ours, _oracle("xwt", y1, y2, 1.0)[3])
    _assert_close(ours, pycwt_mod.significance(1.0, 1.0, pycwt_mod.cwt(y1, 1.0)[1], 0, 0.25)[0])


def test_override_of_ar1_takes_effect_in_wct_and_significance(monkeypatch):
    y1, y2 = _pair(60)
    monkeypatch.setattr(pycwt_mod.wavelet, "ar1", lambda x: (0.25, 1.0, 0.0))
    call = _calls_of_significance(pycwt_mod, monkeypatch, y1, y2, 1.0)
    assert (call["al1"], call["al2"]) == (0.25, 0.25)
    spectrum = pycwt_mod.significance(y1, 1.0, SCALES)[1]
    _assert_close(spectrum, pycwt_mod.significance(y1.var(), 1.0, SCALES, alpha=0.25)[1])


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
    y1, y2 = _pair(90)
    ours = pycwt_mod.wct(y1, y2, 1.0, sig=False, wavelet=new)
    assert type(new).calls == 3
    theirs = _oracle("wct", y1, y2, 1.0, sig=False, wavelet=old)
    _assert_same_coherence(ours, theirs, _cross_spectrum(y1, y2, 1.0))
    assert np.abs(ours[0] - pycwt_mod.wct(y1, y2, 1.0, sig=False)[0]).max() > 0.01


def test_override_of_smooth_takes_effect_in_wct_significance():
    old, new = _wider(pycwt.Morlet)(6), _wider(pycwt_mod.Morlet)(6)
    geometry = (0.5, 0.3, 0.5, 0.5, 2.0, 5, 0.95)
    np.random.seed(2)
    theirs = _oracle("wct_significance", *geometry, old, 4, False, False)
    np.random.seed(2)
    ours = pycwt_mod.wct_significance(*geometry, new, 4, False, False, noise="legacy")
    assert type(new).calls == 12
    np.testing.assert_allclose(ours[:-1], theirs[:-1], rtol=RTOL_LEVELS)


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
    y1, y2 = _pair(60)
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

    def __init__(self):
        self._model = pycwt_mod.Morlet(6)
        self.name, self.dofmin, self.cdelta = "Duck", 2, 0.776

    def psi_ft(self, f):
        return self._model.psi_ft(f)

    def psi(self, t):
        return self._model.psi(t)

    def flambda(self):
        return self._model.flambda()

    def coi(self):
        return self._model.coi()


class _SmoothingDuck(_Duck):
    def smooth(self, W, dt, dj, scales):
        return self._model.smooth(W, dt, dj, scales)


def test_duck_typed_mother_is_transformed():
    y1, y2 = _pair(60)
    W, sj, *_ = pycwt_mod.cwt(y1, 1.0, wavelet=_Duck())
    _assert_close(W, pycwt_mod.cwt(y1, 1.0)[0])
    _assert_close(pycwt_mod.icwt(W, sj, 1.0, wavelet=_Duck()), pycwt_mod.icwt(W, sj, 1.0))
    _assert_close(pycwt_mod.xwt(y1, y2, 1.0, wavelet=_Duck())[3], pycwt_mod.xwt(y1, y2, 1.0)[3])


@pytest.mark.parametrize("mother", [_SmoothingDuck(), pycwt.Morlet(6)], ids=["duck", "pycwt"])
def test_duck_typed_mother_with_a_smooth_has_a_coherence_and_levels(mother):
    y1, y2 = _pair(60)
    options = {"mc_count": 10, "rng_seed": 1, "progress": False}
    ours = pycwt_mod.wct(y1, y2, 1.0, 0.25, wavelet=mother, **options)
    plain = pycwt_mod.wct(y1, y2, 1.0, 0.25, method="full", **options)
    _assert_close(ours[0], plain[0])
    np.testing.assert_allclose(ours[4], plain[4], rtol=RTOL_LEVELS)


@pytest.mark.parametrize("mother", [_Duck(), pycwt.Paul(4)], ids=["duck", "pycwt"])
def test_duck_typed_mother_without_a_smooth_is_told_what_the_coherence_needs(mother):
    message = r"`wavelet` must have a smoothing window .* neither `smoothing_window\(.*`smooth\("
    with pytest.raises(ValueError, match=message):
        pycwt_mod.wct(*_pair(60), 1.0, sig=False, wavelet=mother)
    with pytest.raises(ValueError, match=message):
        pycwt_mod.wct_significance(0.5, 0.3, 1.0, 0.5, 2.0, 3, wavelet=mother)
