"""Levels of scales in closed form: what is left out to save time does not change them."""

import numpy as np
import pytest

from pycwt_mod import Morlet, wct_null
from pycwt_mod.analytic import compute

# Largest change of a level, stated in docs/engine.md.
CHANGE = 3e-4

LEVELS = 0.5, 0.9, 0.95, 0.99


@pytest.mark.parametrize(
    ("g1", "g2", "s0", "n_octaves", "f0"),
    [
        (0.6, 0.6, 2, 9, 6),
        (0.9, 0.9, 8, 5, 20),
        pytest.param(0.5, 0.2, 2, 14, 6, marks=pytest.mark.heavy),
        pytest.param(0.1, 0.1, 12, 10, 6, marks=pytest.mark.heavy),
    ],
)
def test_levels_are_those_of_all_scrambles_scales_and_distances(
    monkeypatch, g1, g2, s0, n_octaves, f0
):
    problem = g1, g2, 1.0, 1 / 4, float(s0), 4 * n_octaves, Morlet(f0)
    found = wct_null(*problem, method="analytic").quantile(LEVELS)
    monkeypatch.setattr(compute, "_EVERY", 1)
    monkeypatch.setattr(compute, "_NO_TIMES", 0.0)
    monkeypatch.setattr(compute, "_FEW_TIMES", 0.0)
    monkeypatch.setattr(compute, "_WIDE", 1 / 3)
    expected = wct_null(*problem, method="analytic").quantile(LEVELS)
    assert 0 < np.abs(found - expected).max() < CHANGE
