"""The distribution of R2 given eigenvalues, against what is known of it and against draws."""

import numpy as np
import pytest

from pycwt_mod.analytic.tail import GRID, RANK, log_tail, tails

# Equal eigenvalues have P(R2 > r) = (1 - r)^(K - 1): what the straight lines of a curve err by.
STRAIGHT = 0.005

# Relative error of p, of the Sobol points: in the middle, and at 1e-12.
BODY, FAR_TAIL = 0.02, 0.25

N_DRAWS, STANDARD_ERRORS = 200_000, 5.0


def padded(eigenvalues):
    found = np.zeros(RANK)
    found[: len(eigenvalues)] = np.divide(eigenvalues, np.sum(eigenvalues))
    return found


@pytest.mark.parametrize("rank", [1, 2, 5, 20])
def test_tail_of_equal_eigenvalues_is_known(rank):
    log_p = tails(padded(np.ones(rank))[np.newaxis])
    expected = np.broadcast_to(-(rank - 1) * GRID, log_p[:, 0].shape)
    np.testing.assert_allclose(log_p[:, 0], expected, rtol=STRAIGHT, atol=STRAIGHT)


def drawn(eigenvalues, factor, rng):
    """R2 of two records of N_DRAWS each."""
    a, b = (rng.normal(size=(N_DRAWS, len(eigenvalues), 2)) @ [1, 1j] for _ in "ab")
    a, b = a @ factor.T, b * np.sqrt(eigenvalues)
    cross = np.abs((a.conj() * b).sum(axis=1)) ** 2
    return cross / (np.abs(a) ** 2).sum(axis=1) / (np.abs(b) ** 2).sum(axis=1)


@pytest.mark.parametrize("different", [False, True])
def test_tail_is_the_share_of_draws(different):
    rng = np.random.default_rng(1)
    eigenvalues = np.array([0.5, 0.25, 0.13, 0.07, 0.05])
    factor = np.diag(np.sqrt(eigenvalues)).astype(complex)
    if different:
        factor = factor + 0.15 * (rng.normal(size=(5, 5, 2)) @ [1, 1j])
    R2 = drawn(eigenvalues, factor, rng)
    full = np.zeros((1, RANK, RANK), dtype=complex)
    full[0, :5, :5] = factor
    log_p = tails(padded(eigenvalues)[np.newaxis], full if different else None)[:, 0].mean(axis=0)
    for r in (0.1, 0.3, 0.5, 0.7, 0.9):
        p = np.exp(np.interp(-np.log1p(-r), GRID, log_p))
        error = np.sqrt(p * (1 - p) / N_DRAWS)
        assert abs((r < R2).mean() - p) < STANDARD_ERRORS * error + BODY * p


def test_far_tail_agrees_between_scrambles():
    eigenvalues = padded(0.62 ** np.arange(RANK))
    log_p = tails(eigenvalues[np.newaxis])[:, 0]
    place = int(np.argmin(np.abs(log_p.mean(axis=0) - np.log(1e-12))))
    assert -32 < log_p[0, place] < -23
    assert log_p[:, place].std() < FAR_TAIL


def test_tail_falls_from_one():
    rng = np.random.default_rng(2)
    poles = np.sort(rng.dirichlet(np.full(RANK, 0.3)))[::-1]
    log_p = log_tail(poles, rng.exponential(size=(50, RANK)) * poles)
    assert log_p.shape == (50, GRID.size)
    assert (log_p[..., 0] == 0).all()
    assert (np.diff(log_p) <= 1e-9).all()
