"""The distributions of partial and multiple coherence, against those known and against draws."""

import numpy as np
import pytest

from pycwt_mod.analytic.groups import group_tails
from pycwt_mod.analytic.tail import GRID, RANK, tails

from .test_tail import BODY, N_DRAWS, STANDARD_ERRORS, STRAIGHT, padded

# What the engine rests on, in some seconds a test: run by `.ci/run`.
pytestmark = pytest.mark.heavy

# Relative error of p, of the points.
BODY_OF_GROUPS = 0.05

# Standard deviation of log p at 1e-12, between scrambles.
FAR_TAIL_OF_GROUPS = 1.5

EIGENVALUES = np.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.04])


@pytest.mark.parametrize("n_removed", [0, 1, 3])
@pytest.mark.parametrize("rank", [6, 20])
def test_partial_of_equal_eigenvalues_is_known(rank, n_removed):
    log_p = group_tails(padded(np.ones(rank))[np.newaxis], [None] * (n_removed + 1))
    expected = np.broadcast_to(-(rank - 1 - n_removed) * GRID, log_p[:, 0].shape)
    np.testing.assert_allclose(log_p[:, 0], expected, rtol=STRAIGHT, atol=STRAIGHT)


def test_group_of_two_is_the_pair():
    eigenvalues = padded(EIGENVALUES)[np.newaxis]
    pair = np.exp(tails(eigenvalues)).mean(axis=0)
    found = np.exp(group_tails(eigenvalues, [None])).mean(axis=0)
    np.testing.assert_allclose(found[pair > 1e-4], pair[pair > 1e-4], rtol=BODY)


def drawn(factors, rng):
    """N_DRAWS groups (random series, those of Z, response): partial, multiple, and y with Z."""
    series = rng.normal(size=(len(factors), N_DRAWS, EIGENVALUES.size, 2)) @ [1, 1j]
    random, *given, y = (z @ B.T for z, B in zip(series, factors, strict=True))
    columns, _ = np.linalg.qr(np.stack([*given, random], axis=-1))
    parts = np.abs((columns.conj() * y[..., np.newaxis]).sum(axis=1)) ** 2
    parts /= (np.abs(y) ** 2).sum(axis=1)[:, np.newaxis]
    explained = parts[:, :-1].sum(axis=1)
    return parts[:, -1] / (1 - explained), parts.sum(axis=1), explained


@pytest.mark.parametrize(("n_given", "different"), [(2, False), (3, False), (3, True)])
def test_group_tail_is_the_share_of_draws(n_given, different):
    rng = np.random.default_rng(1)
    own = np.diag(np.sqrt(EIGENVALUES)).astype(complex)
    factors = [own] * (n_given + 1)
    given = [None] * n_given
    if different:
        others = [own + 0.15 * (rng.normal(size=(*own.shape, 2)) @ [1, 1j]) for _ in given]
        factors, given = [own, *others], [np.pad(B, ((0, RANK - 6),) * 2)[None] for B in others]
    partial, multiple, explained = drawn(factors, rng)
    below = np.searchsorted(np.sort(-np.log1p(-explained)), GRID)
    fewer = np.log((N_DRAWS + 1 - below) / (N_DRAWS + 1))[np.newaxis]
    for found, known in ((partial, None), (multiple, fewer)):
        p = np.exp(group_tails(padded(EIGENVALUES)[np.newaxis], given, known)[:, 0]).mean(axis=0)
        for r in (0.2, 0.5, 0.7, 0.9):
            expected = np.interp(-np.log1p(-r), GRID, p)
            error = STANDARD_ERRORS * np.sqrt(expected * (1 - expected) / N_DRAWS)
            assert abs((r < found).mean() - expected) < error + BODY_OF_GROUPS * expected


@pytest.mark.parametrize("multiple", [False, True])
def test_far_tail_of_groups_agrees_between_scrambles(multiple):
    eigenvalues = padded(0.62 ** np.arange(RANK))[np.newaxis]
    fewer = tails(eigenvalues).mean(axis=0) if multiple else None
    log_p = group_tails(eigenvalues, [None, None], fewer)[:, 0]
    place = int(np.argmin(np.abs(log_p.mean(axis=0) - np.log(1e-12))))
    assert -34 < log_p[0, place] < -21
    assert log_p[:, place].std() < FAR_TAIL_OF_GROUPS


def test_more_series_than_eigenvalues_are_always_coherent():
    log_p = group_tails(padded([0.6, 0.4])[np.newaxis], [None, None])
    assert (log_p == 0).all()
