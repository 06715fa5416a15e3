"""pycwt 0.5.0b0 as an oracle: the same values and tuples."""

import warnings

import numpy as np
import pycwt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import pycwt_mod
from pycwt_mod.tests.oracle import (
    MOTHERS,
    RTOL,
    RTOL_LEVELS,
    assert_all_close,
    assert_close,
    assert_same_coherence,
    assert_same_transform,
    cross_spectrum,
    geometries,
    mothers_of,
    oracle,
    pair,
    red,
)

# pycwt takes a millisecond for each coherence, so there are few; that is no news here.
pytestmark = pytest.mark.filterwarnings("ignore:`mc_count` of:UserWarning")

# pycwt transforms float32 input in single precision, pycwt_mod in double.
RTOL_SINGLE = 1e-5
# pycwt's Paul overflows from this scale on, in sampling intervals, and drops the rows.
PAUL_OVERFLOWS = 220

EVERY_MOTHER = pytest.mark.parametrize("mother", MOTHERS)
NOT_PAUL = [label for label in MOTHERS if not label.startswith("paul")]
FEW = settings(max_examples=20)
LENGTHS = st.integers(16, 250) | st.sampled_from([16, 64, 128])
SEEDS = st.integers(0, 2**32 - 1)


# --- cwt ---


def of_any_mean(*arguments):
    """Return what `cwt` does, without its warning of a large mean."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The mean of `signal` is more than 3", UserWarning)
        return pycwt_mod.cwt(*arguments)


@EVERY_MOTHER
@FEW
@given(st.data(), st.integers(8, 250) | st.sampled_from([16, 64, 128]), SEEDS)
def test_cwt_equals_pycwt(mother, data, n, seed):
    old, new = mothers_of(mother)
    geometry = data.draw(geometries(n))
    x = np.random.default_rng(seed).standard_normal(n) + data.draw(st.floats(-1e3, 1e3))
    ours, theirs = of_any_mean(x, *geometry, new), oracle("cwt", x, *geometry, old)
    scales = ours[1] if mother in NOT_PAUL else ours[1][ours[1] < PAUL_OVERFLOWS * geometry[0]]
    assert theirs[1].size >= scales.size > 0
    assert_same_transform(ours, theirs)


@EVERY_MOTHER
@FEW
@given(arrays(float, st.integers(1, 8), elements=st.floats(0.02, 0.8)))
def test_cwt_at_frequencies_equals_pycwt(mother, freqs):
    old, new = mothers_of(mother)
    x = red(90, 3)
    ours = pycwt_mod.cwt(x, 0.5, wavelet=new, freqs=freqs)
    assert_same_transform(ours, oracle("cwt", x, 0.5, wavelet=old, freqs=freqs))
    np.testing.assert_array_equal(ours[2], freqs)


@pytest.mark.parametrize("name", ["morlet", "paul", "dog", "mexicanhat"])
def test_cwt_takes_the_names_of_pycwt(name):
    x = red(60, 4)
    assert_same_transform(pycwt_mod.cwt(x, 1.0, wavelet=name), oracle("cwt", x, 1.0, wavelet=name))


@pytest.mark.parametrize("kind", ["list", "tuple", "int", "complex", "big-endian", "strided"])
def test_cwt_takes_what_pycwt_takes(kind):
    x = np.round(10 * red(60, 5))
    value = {
        "list": x.tolist(),
        "tuple": tuple(x.tolist()),
        "int": x.astype(np.int32),
        "complex": x * np.exp(0.3j * np.arange(60)),
        "big-endian": x.astype(">f8"),
        "strided": np.repeat(x, 2)[::2],
    }[kind]
    native = value.astype(float) if kind == "big-endian" else value
    assert_same_transform(pycwt_mod.cwt(value, 1.0), oracle("cwt", native, 1.0))


def test_cwt_of_single_precision_equals_pycwt_to_single_precision():
    x = red(60, 6).astype(np.float32)
    ours = pycwt_mod.cwt(x, 1.0)
    assert ours[0].dtype == np.complex128
    assert_same_transform(ours, oracle("cwt", x, 1.0), RTOL_SINGLE)


# --- icwt ---


@pytest.mark.parametrize("mother", ["morlet6", "dog2", "dog6", "mexicanhat"])
@FEW
@given(st.data(), LENGTHS, SEEDS)
def test_icwt_equals_pycwt(mother, data, n, seed):
    old, new = mothers_of(mother)
    dt, dj, s0, J = data.draw(geometries(n))
    W, sj, *_ = of_any_mean(red(n, seed), dt, dj, s0, J, new)
    ours, theirs = pycwt_mod.icwt(W, sj, dt, dj, new), oracle("icwt", W, sj, dt, dj, old)
    assert np.isrealobj(ours)
    assert (np.imag(theirs) == 0).all()
    assert_close(ours, theirs)


def test_icwt_defaults_equal_those_of_pycwt():
    W, sj, *_ = pycwt_mod.cwt(red(64, 9), 2.0)
    assert_close(pycwt_mod.icwt(W, sj, 2.0), oracle("icwt", W, sj, 2.0))


def test_icwt_of_a_transposed_transform_is_that_of_the_transform():
    W, sj, *_ = pycwt_mod.cwt(red(64, 9), 2.0)
    ours = pycwt_mod.icwt(W, sj, 2.0)
    np.testing.assert_array_equal(pycwt_mod.icwt(W.T, sj, 2.0), ours)
    assert oracle("icwt", W.T, sj, 2.0).shape == sj.shape != ours.shape  # sums over time


def test_icwt_of_wrong_shapes_can_be_caught_as_a_warning_as_in_pycwt():
    W, sj = np.zeros((3, 4)), np.ones(5)
    for icwt in (pycwt.icwt, pycwt_mod.icwt):
        with pytest.raises(Warning):
            icwt(W, sj, 1.0)


# --- significance ---

SCALES = 2 * 2 ** (np.arange(20) / 4)


@st.composite
def _tests(draw):
    """Draw `sigma_test` and a `dof` that suits it, for 20 scales."""
    kind = draw(st.integers(0, 2))
    if kind == 0:
        return 0, -1
    if kind == 1:
        return 1, draw(arrays(float, SCALES.size, elements=st.floats(0, 300)))
    first, last = sorted(draw(st.lists(st.integers(0, 19), min_size=2, max_size=2, unique=True)))
    return 2, [SCALES[first], SCALES[last]]


@pytest.mark.parametrize("mother", ["morlet6", "paul4", "dog2", "dog6", "mexicanhat"])
@FEW
@given(
    _tests(), st.floats(0.1, 10), st.floats(0.01, 100), st.floats(-0.9, 0.95), st.floats(0.5, 0.999)
)
def test_significance_equals_pycwt(mother, test, variance, dt, alpha, level):
    old, new = mothers_of(mother)
    kind, dof = test
    scales = SCALES * dt
    dof = np.multiply(dof, dt) if kind == 2 else dof
    theirs = oracle("significance", variance, dt, scales, kind, alpha, level, np.copy(dof), old)
    before = np.copy(dof)
    ours = pycwt_mod.significance(variance, dt, scales, kind, alpha, level, dof, new)
    assert len(ours) == 2
    assert_all_close(ours, theirs)
    np.testing.assert_array_equal(dof, before)


def test_significance_defaults_equal_those_of_pycwt():
    theirs = oracle("significance", 1.0, 0.25, SCALES, alpha=0.5)
    assert_all_close(pycwt_mod.significance(1.0, 0.25, SCALES, alpha=0.5), theirs)


# --- xwt ---


@pytest.mark.parametrize("mother", NOT_PAUL)
@FEW
@given(st.data(), LENGTHS, SEEDS, st.floats(0.5, 0.99), st.booleans())
def test_xwt_equals_pycwt(mother, data, n, seed, level, normalize):
    old, new = mothers_of(mother)
    geometry, (y1, y2) = data.draw(geometries(n)), pair(n, seed)
    try:
        theirs = oracle("xwt", y1, y2, *geometry, level, old, normalize)
    except Warning:  # too short for an estimate by `ar1`
        with pytest.raises(Warning):
            pycwt_mod.xwt(y1, y2, *geometry, level, new, normalize)
        return
    ours = pycwt_mod.xwt(y1, y2, *geometry, level, new, normalize)
    assert len(ours) == 4
    assert_all_close(ours, theirs)


def test_xwt_by_paul_equals_pycwt_where_pycwt_keeps_rows():
    y1, y2 = pair(101)
    W12, coi, freqs, signif = pycwt_mod.xwt(y1, y2, 1.0, wavelet="paul")
    theirs = oracle("xwt", y1, y2, 1.0, wavelet="paul")
    kept = theirs[2].size
    assert_all_close((W12[:kept], coi, freqs[:kept], signif[:kept]), theirs)


@pytest.mark.parametrize("convert", [list, lambda y: np.round(y).astype(int)])
def test_xwt_takes_lists_and_integers(convert):
    y1, y2 = (convert(10 * y) for y in pair(50))
    assert_all_close(pycwt_mod.xwt(y1, y2, 1.0), oracle("xwt", y1, y2, 1.0))


# --- wct ---


@pytest.mark.filterwarnings("ignore:`dj` is")
@given(st.data(), LENGTHS, SEEDS, st.floats(1e-6, 1e6), st.booleans())
def test_wct_equals_pycwt(data, n, seed, gain, normalize):
    # Far beyond the record W is rounding error alone.
    dt, dj, s0, J = data.draw(geometries(n, longest=0.5))
    if J == -1:
        J = np.log2(n / 4) // dj
    y1, y2 = pair(n, seed)
    y1, y2 = gain * y1, y2 + 0.5 * y1
    ours = pycwt_mod.wct(y1, y2, dt, dj, s0, J, False, 0.95, "morlet", normalize)
    theirs = oracle("wct", y1, y2, dt, dj, s0, J, False, 0.95, "morlet", normalize)
    assert_same_coherence(ours, theirs, cross_spectrum(y1, y2, dt, dj, s0, J))
    assert (ours[0] >= 0).all()
    assert (ours[0] <= 1).all()
    for levels in (ours[4], theirs[4]):  # without significance
        assert isinstance(levels, np.ndarray)
        np.testing.assert_array_equal(levels, [0])


def test_input_is_left_alone():
    y1, y2 = before = pair(60)
    freqs = np.array([0.1, 0.2])
    kept = [array.copy() for array in (*before, freqs)]
    pycwt_mod.cwt(y1, 1.0, freqs=freqs)
    pycwt_mod.wct(y1, y2, 1.0, sig=False, normalize=False)
    pycwt_mod.xwt(y1, y2, 1.0, normalize=False)
    for array, copy in zip((y1, y2, freqs), kept, strict=True):
        np.testing.assert_array_equal(array, copy)


# --- smoothing ---


@FEW
@given(st.integers(1, 40), st.integers(8, 130), SEEDS, st.booleans(), st.floats(0.05, 1.2))
def test_morlet_smooth_equals_pycwt(n_scales, n, seed, is_complex, dj):
    rng = np.random.default_rng(seed)
    field = rng.standard_normal((n_scales, n)) + (1j * rng.standard_normal(n) if is_complex else 0)
    scales = 0.5 * 2 ** (np.arange(n_scales) * dj)
    ours = pycwt_mod.Morlet(6).smooth(field, 0.25, dj, scales)
    assert np.iscomplexobj(ours) == is_complex
    assert_close(ours, pycwt.Morlet(6).smooth(field, 0.25, dj, scales))


# --- helpers ---


@given(st.floats(-0.8, 0.95), st.integers(20, 1000), SEEDS)
@example(0.9, 20, 14)
def test_ar1_equals_pycwt(g, n, seed):
    x = red(n, seed, g)
    try:
        theirs = pycwt.ar1(x)
    except Warning:  # short and red: no estimate in either
        with pytest.raises(Warning):
            pycwt_mod.ar1(x)
        return
    ours = pycwt_mod.ar1(x)
    assert len(ours) == 3
    np.testing.assert_allclose(ours, theirs, rtol=RTOL, atol=RTOL)


def test_ar1_takes_lists_and_integers():
    x = np.round(10 * red(50, 13)).astype(int)
    np.testing.assert_allclose(pycwt_mod.ar1(x.tolist()), pycwt.ar1(x), rtol=RTOL)
    np.testing.assert_allclose(pycwt_mod.ar1(x), pycwt.ar1(x), rtol=RTOL)


@pytest.mark.parametrize("series", [np.arange(8.0), np.array([1.0, 2.0, 3.0])])
def test_ar1_without_an_estimate_can_be_caught_as_a_warning_as_in_pycwt(series):
    for ar1 in (pycwt.ar1, pycwt_mod.ar1):
        with pytest.raises(Warning):
            ar1(series)


@FEW
@given(st.floats(-0.99, 0.99), arrays(float, 31, elements=st.floats(0, 0.5)))
def test_ar1_spectrum_equals_pycwt(g, freqs):
    assert_close(pycwt_mod.ar1_spectrum(freqs, g), pycwt.ar1_spectrum(freqs, g))
    assert_close(pycwt_mod.ar1_spectrum(freqs.tolist(), ar1=g), pycwt.ar1_spectrum(freqs, g))
    assert_close(pycwt_mod.ar1_spectrum(freqs), pycwt.ar1_spectrum(freqs))


@FEW
@given(st.lists(st.integers(-20, 20), min_size=1, max_size=30))
def test_boxpdf_equals_pycwt(values):
    assert_all_close(pycwt_mod.boxpdf(values), pycwt.helpers.boxpdf(values))


@pytest.mark.parametrize(
    "shape", [1, 2, 3, 9, [4], [4, 2], np.zeros(5), np.zeros((3, 2))], ids=repr
)
@pytest.mark.parametrize("normalize", [False, True])
def test_rect_equals_pycwt(shape, normalize):
    assert_close(pycwt_mod.rect(shape, normalize), pycwt.helpers.rect(shape, normalize))


@pytest.mark.parametrize("condition", [[0, 1, 1], np.eye(3) > 0, True, [[]], [False]], ids=repr)
def test_find_equals_pycwt(condition):
    np.testing.assert_array_equal(pycwt_mod.find(condition), pycwt.find(condition))


@FEW
@given(st.integers(1, 5000) | st.sampled_from([2**k for k in range(12)]))
def test_fft_kwargs_equals_pycwt(n):
    assert pycwt_mod.fft_kwargs(np.zeros(n)) == pycwt.fft_kwargs(np.zeros(n))
    assert pycwt_mod.fft_kwargs(np.zeros(n), overwrite_x=True)["n"] >= n


# --- mothers ---


@EVERY_MOTHER
def test_mothers_equal_those_of_pycwt(mother):
    old, new = mothers_of(mother)
    assert (new.name, new.dofmin) == (old.name, old.dofmin)
    assert new.flambda() == pytest.approx(old.flambda(), rel=RTOL)
    assert new.coi() == pytest.approx(old.coi(), rel=RTOL)
    f = np.linspace(0, 20, 101)
    assert_close(new.psi_ft(f), old.psi_ft(f))
    if old.cdelta != -1:
        assert (new.cdelta, new.gamma, new.deltaj0) == (old.cdelta, old.gamma, old.deltaj0)
    t = np.linspace(-4, 4, 101)
    if mother in ("morlet6", "morlet4", "dog2", "dog6", "mexicanhat"):  # others: test_repairs
        assert_close(new.psi(t), old.psi(t))


@pytest.mark.parametrize(("name", "attribute"), [("Morlet", "f0"), ("Paul", "m"), ("DOG", "m")])
def test_mothers_keep_the_name_of_their_order(name, attribute):
    for package in (pycwt, pycwt_mod):
        kind = getattr(package, name)
        assert getattr(kind(), attribute) == {"Morlet": 6, "Paul": 4, "DOG": 2}[name]
        assert getattr(kind(**{attribute: 3}), attribute) == 3


def test_mothers_mexican_hat_is_a_dog():
    assert isinstance(pycwt_mod.MexicanHat(), pycwt_mod.DOG)


# --- the Monte Carlo test on pycwt's own noise ---


def _same_state(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


# Coefficients of pycwt's noise; 0 is refused there.
COEFFICIENTS = st.floats(0.01, 0.9) | st.floats(-0.9, -0.01)


@settings(max_examples=12)
@given(
    COEFFICIENTS,
    COEFFICIENTS,
    st.floats(0.01, 100),
    st.floats(1 / 12, 0.9),
    st.floats(1, 4),
    st.integers(1, 5),
    st.floats(0.5, 0.99),
)
@example(0.2, -0.2, 1.0, 0.5, 2.0, 50, 0.95)  # many blocks of surrogates
def test_legacy_noise_gives_the_levels_of_pycwt_where_pycwt_fills_them(
    g1, g2, dt, dj, octaves, count, level
):
    problem = (g1, g2, dt, dj, 2 * dt, int(octaves / dj) + 1, level)
    quick = {"progress": False, "cache": False}
    np.random.seed(7)
    theirs = oracle("wct_significance", *problem, pycwt.Morlet(), count, **quick)
    state = np.random.get_state()
    np.random.seed(7)
    ours = pycwt_mod.wct_significance(*problem, pycwt_mod.Morlet(6), count, noise="legacy", **quick)
    assert _same_state(np.random.get_state(), state)
    assert np.isnan(theirs[-1])
    assert np.isfinite(ours).all()
    np.testing.assert_allclose(ours[:-1], theirs[:-1], rtol=RTOL_LEVELS)


@pytest.mark.parametrize("cache", [True, False])
def test_legacy_noise_through_wct_gives_the_levels_of_pycwt(cache):
    y1, y2 = pair(60)
    arguments = (y1, y2, 1.0, 0.25, 2.0, 7)
    np.random.seed(3)
    theirs = oracle("wct", *arguments, mc_count=3, progress=False, cache=False)
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
