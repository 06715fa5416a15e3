"""pycwt 0.5.0b0, the oracle: called without its warnings and prints, on problems for both."""

import contextlib
import io
import warnings

import numpy as np
import pycwt
from hypothesis import strategies as st
from scipy.signal import lfilter

import pycwt_mod

# The contract (design, section 6); the agreement is to 1e-13, two packages' rounding errors.
RTOL = 1e-10
# Levels are interpolated between bins of equal integer counts.
RTOL_LEVELS = 1e-12

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


@contextlib.contextmanager
def quiet():
    """Hide warnings and prints."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def oracle(name, *args, **kwargs):
    """Call a function of pycwt."""
    with quiet():
        return getattr(pycwt.wavelet, name)(*args, **kwargs)


def mothers_of(label):
    """Return pycwt's mother wavelet and ours."""
    name, *order = MOTHERS[label]
    return getattr(pycwt, name)(*order), getattr(pycwt_mod, name)(*order)


def red(n, seed, g=0.5):
    """Return red noise about 3."""
    return lfilter([1.0], [1.0, -g], np.random.default_rng(seed).standard_normal(n)) + 3.0


def pair(n, seed=0):
    return red(n, seed), red(n, seed + 1000, 0.3)


def assert_close(ours, theirs, rtol=RTOL):
    """Compare beside the field's largest value: where a field cancels there is no other scale."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    size = np.abs(theirs).max(initial=0)
    assert np.isfinite(size)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=rtol * size)


def assert_all_close(ours, theirs, rtol=RTOL):
    for here, there in zip(ours, theirs, strict=True):
        assert_close(here, there, rtol)


def cross_spectrum(y1, y2, *geometry):
    """Return pycwt's W1 conj(W2), as its `wct` makes it."""
    W1, W2 = (oracle("cwt", (y - y.mean()) / y.std(), *geometry)[0] for y in (y1, y2))
    return W1 * W2.conj()


def assert_same_transform(ours, theirs, rtol=RTOL):
    """Compare two results of `cwt`; pycwt may lack the largest scales of Paul."""
    assert len(ours) == len(theirs) == 6
    kept = theirs[1].size
    assert_all_close([field[:kept] for field in ours[:3]], theirs[:3], rtol)
    assert_all_close(ours[3:], theirs[3:], rtol)


def assert_same_coherence(ours, theirs, W12):
    """Compare two results of `wct`; a phase counts as much as the cross spectrum it is of."""
    assert len(ours) == len(theirs) == 5
    weight = np.abs(W12)
    for here, there in ((ours[0], theirs[0]), *zip(ours[2:4], theirs[2:4], strict=True)):
        assert_close(here, there)
    assert_close(weight * np.exp(1j * ours[1]), weight * np.exp(1j * theirs[1]))


@st.composite
def geometries(draw, n, longest=1.0):
    """Draw (dt, dj, s0, J) with scales up to the given part of a record of n samples.

    J may be a fraction. The boxcar of `wct` changes its taps at the `dj` that are named.
    """
    dt = draw(st.floats(1e-3, 1e3) | st.sampled_from([1, 2, 1 / 12]))
    dj = draw(st.floats(0.04, 1.3) | st.sampled_from([1 / 24, 1 / 12, 0.2, 0.4, 0.6, 0.7, 1]))
    s0 = draw(st.just(-1) | st.floats(1.0, n / 8).map(lambda steps: steps * dt))
    octaves = np.log2(longest * n * dt / (s0 if s0 > 0 else 2 * dt))
    last = int(octaves / dj)
    J = draw(st.just(-1) | st.integers(0, last) | st.integers(0, 4 * last).map(lambda k: k / 4))
    return dt, dj, s0, J
