"""Partial and multiple coherence: their definitions, identities, edges and array libraries."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycwt_mod import Morlet
from pycwt_mod.arguments import in_range, normalized
from pycwt_mod.arrays import NUMPY, NUMPY_SINGLE
from pycwt_mod.coherence import coherence_by_own_smooth, coherence_of_series
from pycwt_mod.geometry import Geometry
from pycwt_mod.statistic import PAIR, cross, multiple, n_fields, partial, power
from pycwt_mod.transform import scale_axis

# Rounding errors of a small solution, in units of the machine's and the condition of the matrix.
ERRORS = 64
EPS = np.finfo(float).eps

GEOMETRY = Geometry(Morlet(), scale_axis(2.0, 1 / 6, 30), 1.0, 1 / 6, 200, 256)

STATISTICS = [PAIR, *(multiple(k) for k in range(1, 5)), *(partial(k) for k in range(1, 4))]


def packed(matrices, ops=NUMPY):
    """Return Hermitian matrices (..., q, q) as a packed one."""
    q = matrices.shape[-1]
    S = np.zeros((n_fields(q), *matrices.shape[:-2]), dtype=complex)
    for j in range(q):
        power(S, j)[...] = matrices[..., j, j].real
        for i in range(j):
            cross(S, i, j)[...] = matrices[..., i, j]
    return ops.from_host(S)


def evaluated(statistic, matrices, ops=NUMPY):
    """Return R2 of Hermitian matrices (..., q, q), and what the packed one has become."""
    S = packed(matrices, ops)
    shape = matrices.shape[:-2]
    R2 = ops.zeros(shape, "real")
    statistic.R2(S, R2, ops.zeros(shape, "complex"), ops)
    return ops.to_host(R2), S


def spectral_matrices(q, seed, n_values=12, shape=(50,), nearness=0.0):
    """Return random spectral matrices; with nearness, the last series is almost the one before."""
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((2, *shape, q, n_values)).view()
    W = W[0] + 1j * W[1]
    W[..., :-1, :] += 0.5 * W[..., -1:, :]
    if nearness:
        W[..., -1, :] = W[..., -2, :] + nearness * W[..., -1, :]
    return W @ np.conj(np.swapaxes(W, -1, -2))


def solved(A, B):
    """Return A^-1 B in extended precision, by Gauss's elimination with pivots."""
    A, B = A.astype(np.clongdouble), B.astype(np.clongdouble)
    n = len(A)
    for k in range(n):
        best = k + np.abs(A[k:, k]).argmax()
        A[[k, best]], B[[k, best]] = A[[best, k]], B[[best, k]]
        for row in range(k + 1, n):
            share = A[row, k] / A[k, k]
            A[row] -= share * A[k]
            B[row] -= share * B[k]
    for k in reversed(range(n)):
        B[k] = (B[k] - A[k, k + 1 :] @ B[k + 1 :]) / A[k, k]
    return B


def by_definition(statistic, matrix):
    """Return R2 and the phase of one matrix as the papers write them, in extended precision."""
    S = matrix.astype(np.clongdouble)
    kept, given = list(statistic.kept), list(statistic.removed)
    rest = S[np.ix_(given, given)]
    explained = S[np.ix_(kept, given)] @ solved(rest, S[np.ix_(given, kept)])
    if statistic.name == "multiple":
        return float(explained[0, 0].real / S[0, 0].real), np.nan
    C = S[np.ix_(kept, kept)] - explained
    return float(abs(C[0, 1]) ** 2 / (C[0, 0].real * C[1, 1].real)), float(np.angle(C[0, 1]))


@pytest.mark.parametrize(
    ("statistic", "nearness"),
    [(each, 0.0) for each in STATISTICS]
    + [(each, near) for each in STATISTICS if len(each.removed) > 1 for near in (1e-2, 1e-5)],
)
def test_value_is_the_definition_to_rounding_even_for_almost_equal_predictors(statistic, nearness):
    matrices = spectral_matrices(statistic.n_series, 1, nearness=nearness)
    found, S = evaluated(statistic, matrices)
    expected, phase = np.transpose([by_definition(statistic, each) for each in matrices])
    given = np.array(statistic.removed)
    allowed = np.full(len(matrices), ERRORS * EPS)
    if given.size:
        size = np.sqrt(np.einsum("...ii->...i", matrices).real)
        correlations = matrices / size[:, :, np.newaxis] / size[:, np.newaxis, :]
        allowed *= np.linalg.cond(correlations[:, given[:, np.newaxis], given])
    assert (np.abs(found - expected) <= allowed).all()
    if statistic.name == "partial":
        off = np.angle(np.exp(1j * (np.angle(cross(S, 0, 1)) - phase)))
        assert (np.abs(off) * np.sqrt(expected) <= allowed).all()


def test_one_predictor_gives_the_coherence_of_the_pair():
    matrices = spectral_matrices(2, 2)
    expected, _ = evaluated(PAIR, matrices)
    np.testing.assert_allclose(evaluated(multiple(1), matrices)[0], expected, rtol=1e-14)


@pytest.mark.parametrize("q", [3, 4, 5])
def test_a_predictor_more_explains_its_partial_coherence_of_what_was_left(q):
    matrices = spectral_matrices(q, 3)
    # 1 - R2_y.12 = (1 - R2_y1) (1 - rho2_y2.1)
    last_first = [0, q - 1, *range(1, q - 1)]
    rho2, _ = evaluated(partial(q - 2), matrices[:, last_first][:, :, last_first])
    fewer, _ = evaluated(multiple(q - 2), matrices[:, :-1, :-1])
    all_of_them, _ = evaluated(multiple(q - 1), matrices)
    np.testing.assert_allclose(1 - all_of_them, (1 - fewer) * (1 - rho2), rtol=1e-11)


@settings(max_examples=40)
@given(q=st.integers(2, 5), seed=st.integers(0, 99))
def test_multiple_coherence_is_unchanged_by_mixing_the_predictors(q, seed):
    matrices = spectral_matrices(q, seed)
    mixing = np.eye(q, dtype=complex)
    rng = np.random.default_rng(seed)
    mixing[1:, 1:] += 0.3 * rng.standard_normal((q - 1, q - 1)) / np.sqrt(q)
    mixed = mixing @ matrices @ mixing.conj().T
    expected, _ = evaluated(multiple(q - 1), matrices)
    np.testing.assert_allclose(evaluated(multiple(q - 1), mixed)[0], expected, rtol=1e-10)


def test_partial_coherence_is_that_of_hu_and_si():
    # Hu and Si (2021), doi:10.5194/hess-25-321-2021, equation 9: one series removed.
    S = spectral_matrices(3, 4)
    gamma = S / np.sqrt(np.einsum("nii,njj->nij", S, S).real)
    yx, yz, xz = gamma[:, 0, 1], gamma[:, 0, 2], gamma[:, 1, 2]
    expected = np.abs(yx - yz * xz.conj()) ** 2
    expected /= (1 - np.abs(yz) ** 2) * (1 - np.abs(xz) ** 2)
    np.testing.assert_allclose(evaluated(partial(1), S)[0], expected, rtol=1e-11)


@pytest.mark.parametrize("statistic", STATISTICS, ids=repr)
def test_every_array_library_gives_the_same(statistic):
    matrices = spectral_matrices(statistic.n_series, 5)
    expected, _ = evaluated(statistic, matrices)
    np.testing.assert_allclose(evaluated(statistic, matrices, NUMPY_SINGLE)[0], expected, atol=1e-4)
    pytest.importorskip("torch")
    pytest.importorskip("array_api_compat")
    from pycwt_mod.arrays.torch import torch_ops

    found, _ = evaluated(statistic, matrices, torch_ops("cpu", "float64", 0.5))
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def noise(q, seed, n=GEOMETRY.n_times):
    series = np.random.default_rng(seed).standard_normal((q, n))
    series[0] += series[1:].sum(axis=0)
    return series


@pytest.mark.parametrize("statistic", STATISTICS, ids=repr)
def test_one_pass_equals_the_smooth_of_whole_fields(statistic):
    series = normalized(noise(statistic.n_series, 6))
    R2, phase = coherence_of_series(series, GEOMETRY, statistic)
    direct, direct_phase = coherence_by_own_smooth(series, GEOMETRY, statistic)
    np.testing.assert_allclose(R2, direct, atol=1e-10)
    assert R2.min() >= 0
    assert R2.max() <= 1
    np.testing.assert_allclose(np.exp(1j * phase), np.exp(1j * direct_phase), atol=1e-7)
    assert np.isnan(phase).all() == (statistic.name == "multiple")


@pytest.mark.parametrize(("lag", "phase"), [(4, np.pi / 2), (-4, -np.pi / 2)])
def test_positive_phase_of_a_partial_coherence_means_that_the_second_series_lags(lag, phase):
    t, rng = np.arange(GEOMETRY.n_times), np.random.default_rng(7)
    both = np.sin(2 * np.pi * t / 40)
    y = np.sin(2 * np.pi * t / 16) + both
    x = np.sin(2 * np.pi * (t - lag) / 16) + both
    series = np.stack([y, x, both]) + 0.1 * rng.standard_normal((3, t.size))
    _, found = coherence_of_series(normalized(series), GEOMETRY, partial(1))
    row = np.abs(GEOMETRY.periods - 16).argmin()
    off = np.angle(np.exp(1j * (found[row, 50:-50] - phase)))
    assert np.abs(off).max() < 0.2


UNDEFINED = {
    "a predictor twice": lambda x: np.stack([x[0], x[1], x[2], x[2], x[4]]),
    "a sum of others": lambda x: np.stack([x[0], x[1], x[2], x[3], x[2] - 3 * x[3] + 7]),
    "an almost equal one, and their difference": lambda x: np.stack(
        [x[0], x[1], x[2], x[2] + 1e-4 * x[3], x[3]]
    ),
}


@pytest.mark.parametrize("statistic", [multiple(4), partial(3)], ids=repr)
@pytest.mark.parametrize("how", UNDEFINED)
def test_predictors_that_are_combinations_of_others_leave_nan(statistic, how):
    series = normalized(UNDEFINED[how](noise(5, 8)))
    R2, phase = coherence_of_series(series, GEOMETRY, statistic)
    assert np.isnan(R2).all()
    assert np.isnan(phase).all()


def test_nothing_left_of_a_series_leaves_nan():
    x = noise(4, 9)
    for kept, other in itertools.permutations([x[2] + 2 * x[3], x[0]]):
        R2, _ = coherence_of_series(
            normalized(np.stack([kept, other, x[2], x[3]])), GEOMETRY, partial(2)
        )
        assert np.isnan(R2).all()


@pytest.mark.parametrize("silent", range(3))
@pytest.mark.parametrize("statistic", [multiple(2), partial(1)], ids=repr)
def test_silent_stretch_of_any_series_is_nan(statistic, silent):
    series = noise(3, 10, n=1024)
    series[silent, 300:700] = 0
    geometry = Geometry(Morlet(), scale_axis(4.0, 1 / 6, 6), 1.0, 1 / 6, 1024, 1024)
    R2, _ = coherence_of_series(in_range(series), geometry, statistic)
    assert np.isnan(R2[:, 450:550]).all()
    assert np.isfinite(R2[:, :250]).all()


@pytest.mark.parametrize("exponent", [-1060, -1000, 400])
def test_range_is_that_of_one_whatever_the_unit(exponent):
    series = np.ldexp(noise(2, 11), [[exponent], [0]])
    size = np.abs(in_range(series)).max(axis=1)
    assert ((size >= 0.5) & (size < 1)).all()


@given(
    statistic=st.sampled_from(STATISTICS[1:]),
    seed=st.integers(0, 99),
    exponents=st.lists(st.integers(-150, 150), min_size=5, max_size=5),
    shift=st.sampled_from([0.0, 1.0, 1e3]),
    nearness=st.sampled_from([1.0, 1e-3, 1e-6, 1e-7, 1e-8, 1e-10, 1e-16, 0.0]),
    silence=st.sampled_from([0, 40, 120]),
    centred=st.booleans(),
)
def test_coherence_never_leaves_zero_to_one(
    statistic, seed, exponents, shift, nearness, silence, centred
):
    q = statistic.n_series
    series = noise(q, seed)
    series[-1] = nearness * series[-1] + series[-2] + shift
    series[q // 2, 30 : 30 + silence] = 0
    scaled = series * 10.0 ** np.array(exponents[:q])[:, np.newaxis]
    prepared = (normalized if centred else in_range)(scaled)
    R2, _ = coherence_of_series(prepared, GEOMETRY, statistic)
    known = R2[np.isfinite(R2)]
    assert known.size == 0 or (known.min() >= 0 and known.max() <= 1)
    if nearness >= 1e-3 and not silence and not shift:
        assert np.isfinite(R2).all()
