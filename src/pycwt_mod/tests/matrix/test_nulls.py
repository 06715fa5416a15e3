"""The grids of AR(1) coefficients, and what rounding to them may change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod import wct_null
from pycwt_mod.matrix.nulls import anchors_of, node_of, on_grid
from pycwt_mod.mothers import Morlet

COEFFICIENTS = st.floats(-0.9999, 0.9999)


@given(g=COEFFICIENTS)
def test_grid_point_is_near_and_is_its_own(g):
    near = on_grid(g)
    assert on_grid(near) == near
    if abs(g) <= 0.75:
        assert abs(near - g) <= 0.025 + 1e-12
    else:
        # An eighth of an octave in 1 - |g|.
        assert abs(np.log2((1 - abs(near)) / (1 - abs(g)))) <= 1 / 8 + 1e-9
        assert np.sign(near) == np.sign(g)


@given(g1=COEFFICIENTS, g2=COEFFICIENTS)
def test_order_of_the_series_does_not_matter(g1, g2):
    assert node_of(g1, g2) == node_of(g2, g1)
    assert anchors_of(g1, g2) == anchors_of(g2, g1)


@given(g1=st.floats(-0.75, 0.75), g2=st.floats(-0.75, 0.75))
def test_anchors_enclose_a_pair(g1, g2):
    anchors = anchors_of(g1, g2)
    assert sum(anchors.values()) == pytest.approx(1)
    assert 1 <= len(anchors) <= 4
    for place, g in enumerate(sorted((g1, g2), reverse=True)):
        mean = sum(weight * node[place] for node, weight in anchors.items())
        assert mean == pytest.approx(g, abs=1e-9)


def test_few_anchors_serve_many_coefficients():
    g = np.linspace(0, 0.95, 64)
    anchors = {node for a in g for b in g for node in anchors_of(a, b)}
    assert len(anchors) < 50  # against 2016 pairs


# Levels of 6000 surrogates: their noise is well below the standard error of the default 300.
N_SURROGATES = 6000


def level(node):
    args = (*node, 1.0, 1 / 4, 2 / Morlet().flambda(), 35)
    null = wct_null(*args, mc_count=N_SURROGATES, rng_seed=7, progress=False, backend="sequential")
    return null.quantile(0.95)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("here", "next_to_it"),
    [
        # Steps of 0.05 ...
        ((0.0, 0.0), (0.05, 0.05)),
        ((0.25, 0.0), (0.3, 0.0)),
        ((0.5, 0.5), (0.55, 0.55)),
        ((0.7, 0.0), (0.75, 0.0)),
        # ... and of a quarter octave in 1 - g: both coefficients, and one of them.
        ((0.875, 0.875), (0.8949, 0.8949)),
        ((0.875, 0.0), (0.8949, 0.0)),
        ((0.96875, 0.0), (0.97372, 0.0)),
        ((0.9922, 0.0), (0.99343, 0.0)),
        ((0.9922, 0.9922), (0.99343, 0.99343)),
        # A sixteenth of one, near -1.
        ((-0.875, 0.0), (-0.8803, 0.0)),
    ],
)
def test_a_step_of_the_grid_moves_no_level_by_more_than_its_standard_error(here, next_to_it):
    # Rounding is off by half a step at most.
    args = (0.5, 0.5, 1.0, 1 / 4, 2 / Morlet().flambda(), 35)
    default = wct_null(*args, rng_seed=1, progress=False, backend="sequential")
    standard_error = default.standard_error(0.95).mean()
    moved = np.abs(level(next_to_it) - level(here))
    noise = standard_error * np.sqrt(2 * 300 / N_SURROGATES)
    assert moved.max() < standard_error + 2 * noise
    assert np.sqrt((moved**2).mean()) < standard_error / 2
