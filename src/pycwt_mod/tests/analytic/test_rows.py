"""The form of windows that hardly end, against the form on the whole circle."""

import numpy as np
import pytest

from pycwt_mod import wct_null_field
from pycwt_mod.analytic.compute import tabulate
from pycwt_mod.analytic.forms import Circle, noise_factor, smoothing_forms
from pycwt_mod.analytic.rows import RowForms, is_far_reaching
from pycwt_mod.analytic.tail import GRID, log_tail
from pycwt_mod.geometry import Geometry
from pycwt_mod.mothers import Morlet, Paul
from pycwt_mod.transform import scale_axis

# What the engine rests on, in some seconds a test: run by `.ci/run`.
pytestmark = pytest.mark.heavy

COEFFICIENTS = 0.0, 0.6, 0.95

# Of the 95 % level: of the bins and rows; of the p-value a field interpolates, relative.
LEVEL, BETWEEN = 0.004, 0.05


def geometry(n, n_fft, order, dj=1 / 4):
    mother = Paul(order)
    s0 = 2 / mother.flambda()
    return Geometry(mother, scale_axis(s0, dj, int(np.log2(n / s0) / dj)), 1.0, dj, n, n_fft)


def level(eigenvalues):
    """The 95 % level of many eigenvalues, each taken by itself."""
    kept = np.maximum(eigenvalues, 0)
    kept = kept[kept > 1e-7 * kept.max()][::-1] / kept.sum()
    e = np.random.default_rng(1).exponential(size=(1500, 300))[:, : kept.size]
    log_p = np.logaddexp.reduce(log_tail(kept, e * kept)) - np.log(len(e))
    return -np.expm1(-np.interp(np.log(20), -log_p, GRID))


@pytest.mark.parametrize(("order", "n"), [(1, 300), (2, 256)])
def test_levels_are_those_of_the_whole_circle(order, n):
    n_fft = 512 if n > 256 else 256
    problem = geometry(n, n_fft, order)
    circle = Circle(n, n_fft, n, n_fft, closed=True)
    forms = RowForms(problem, COEFFICIENTS, without_mean=True)
    times = np.array([0.0, 4.0, (n - 1) / 2])
    for index in (1, 14):
        k, form = smoothing_forms(problem, index, circle, times, 1e-7)
        Q, noises = forms.at(index, times)
        for g, L in zip(COEFFICIENTS, noises, strict=True):
            exact = noise_factor(k, circle, g, without_mean=True)
            expected = np.linalg.eigvalsh(exact.conj().T @ form @ exact)
            found = np.linalg.eigvalsh(L.conj().T @ Q @ L)
            np.testing.assert_allclose(
                [level(each) for each in found], [level(each) for each in expected], atol=LEVEL
            )


def test_power_of_a_record_is_that_of_the_whole_circle():
    problem = geometry(1000, 1024, 1)
    circle = Circle(1000, 1024, 1000, 1024, closed=True)
    times = np.array([0.0, 30.0, 499.5])
    k, form = smoothing_forms(problem, 12, circle, times, 1e-7)
    Q, noises = RowForms(problem, (0.6, 0.3), without_mean=True).at(12, times)
    for g, L in zip((0.6, 0.3), noises, strict=True):
        exact = noise_factor(k, circle, g, without_mean=True)
        powers = [
            np.trace(own.conj().T @ each @ own, axis1=1, axis2=2).real
            for own, each in ((exact, form), (L, Q))
        ]
        ratio = powers[1] / powers[0]
        np.testing.assert_allclose(ratio / ratio[-1], 1, rtol=0.01)


def test_distribution_of_different_noises_goes_over_into_that_of_equal_ones():
    problem = geometry(150, 256, 2, dj=1 / 2)
    equal, near = (
        tabulate(problem, g, without_mean=True).curves for g in ((0.6, 0.6), (0.6, 0.6001))
    )
    np.testing.assert_allclose(near[..., :200], equal[..., :200], rtol=BETWEEN, atol=0.01)


def test_windows_of_paul_wavelets_hardly_end():
    assert [is_far_reaching(Paul(order)) for order in (1, 4, 8)] == [True, True, True]
    assert not any(is_far_reaching(Morlet(f0)) for f0 in (3, 6, 20))


@pytest.mark.parametrize("n", [2, 3, 10])
def test_field_of_a_record_shorter_than_its_scales_has_levels(n):
    for order, s0 in ((1, 2.0), (3, 0.05)):
        field = wct_null_field(0.5, -0.9, 1.0, 1 / 4, s0, 8, n, Paul(order), cache=False)
        levels = field.quantile(0.95)
        assert ((levels > 0) & (levels <= 1)).all()
