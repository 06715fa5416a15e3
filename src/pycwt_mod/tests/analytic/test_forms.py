"""The smoothing form and the noise of a record, against what they stand for."""

import numpy as np
import pytest

from pycwt_mod.analytic.compute import largest
from pycwt_mod.analytic.forms import (
    Circle,
    circle_of,
    felt_distances,
    noise_factor,
    smoothing_forms,
)
from pycwt_mod.geometry import Geometry
from pycwt_mod.mothers import Morlet, Paul
from pycwt_mod.transform import forward, scale_axis

# Of a form whose smallest responses are left out below this share.
CUT, ROUNDING = 1e-9, 1e-6

# Eigenvalues on a shortened circle, as a share of all: levels then differ by less than 0.001.
SHORTENED = 2e-3


def geometry(n, n_fft, mother, dj=1 / 4, octaves=3):
    return Geometry(mother, scale_axis(2.0, dj, octaves / dj), 1.0, dj, n, n_fft)


def true_circle(problem):
    n, n_fft = problem.n_times, problem.n_fft
    return Circle(n, n_fft, n, n_fft, closed=True)


@pytest.mark.parametrize("mother", [Morlet(), Morlet(8), Paul(4)], ids=repr)
@pytest.mark.parametrize("n", [48, 64])
def test_form_is_the_smoothed_power_of_any_record(mother, n):
    n_fft = 64  # what `smooth` pads to
    problem, rng = geometry(n, n_fft, mother), np.random.default_rng(0)
    times = np.array([0, 3, 20, n - 1])
    for index in (0, 5, 12):
        k, Q = smoothing_forms(problem, index, true_circle(problem), times.astype(float), CUT)
        ratios = []
        for x in rng.normal(size=(3, n)):
            W = forward(x, mother, problem.scales, 1.0, n_fft)[0]
            power = np.abs(W) ** 2 / problem.scales[:, np.newaxis]
            smoothed = mother.smooth(power, 1.0, problem.dj, problem.scales)[index, times]
            X = np.fft.fft(x, n_fft)[k]
            ratios.append(smoothed / np.einsum("k,tkl,l->t", X.conj(), Q, X).real)
        np.testing.assert_allclose(ratios, np.mean(ratios), rtol=ROUNDING)


@pytest.mark.parametrize("coefficient", [-0.7, 0.0, 0.6, 0.99])
@pytest.mark.parametrize("without_mean", [False, True])
def test_noise_factor_is_the_root_of_the_covariance_of_a_record(coefficient, without_mean):
    n, n_fft, k = 40, 64, np.arange(1, 32)
    L = noise_factor(k, Circle(n, n_fft, n, n_fft, closed=True), coefficient, without_mean)
    u = np.arange(n)
    covariance = coefficient ** np.abs(u - u[:, np.newaxis]).astype(float)
    centre = np.eye(n) - without_mean / n
    F = np.exp(-2j * np.pi / n_fft * np.outer(k, u)) @ centre
    expected = F @ covariance @ F.conj().T
    np.testing.assert_allclose(L @ L.conj().T, expected, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("coefficient", "n_fft"), [(-0.5, 1024), (0.0, 1000), (0.6, 2048), (0.95, 1000), (0.95, 1024)]
)
def test_shortened_circle_has_the_eigenvalues_of_the_true_one(coefficient, n_fft):
    problem = geometry(1000, n_fft, Morlet(), octaves=4)
    felt = felt_distances(problem)
    for index in (0, 7, 12):
        times = np.array([0.0, 2.5, 0.5 * felt[index], felt[index]])
        found = []
        for circle in (true_circle(problem), circle_of(problem, felt[index])):
            k, Q = smoothing_forms(problem, index, circle, times)
            L = noise_factor(k, circle, coefficient, without_mean=True)
            found.append(largest(np.linalg.eigvalsh(L.conj().T @ Q @ L)))
        assert circle.n < problem.n_times
        np.testing.assert_allclose(found[1], found[0], atol=SHORTENED)
