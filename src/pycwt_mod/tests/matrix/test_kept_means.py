"""The band means of surrogates are simulated once, and found again by all that determines them."""

import numpy as np
import pytest

from pycwt_mod import wct_matrix
from pycwt_mod.matrix import run

SERIES = np.random.default_rng(0).normal(size=(3, 64))
OPTIONS = {"bands": [(4, 8)], "dj": 1 / 4, "mc_count": 12, "rng_seed": 1, "progress": False}


@pytest.fixture
def simulated(monkeypatch):
    """Number of times that band means were simulated."""
    calls = []
    original = run.Run._simulate_means
    monkeypatch.setattr(
        run.Run, "_simulate_means", lambda own, nodes: calls.append(nodes) or original(own, nodes)
    )
    return calls


def test_same_question_is_answered_without_simulation(simulated, cache_dir):
    first, again = (wct_matrix(SERIES, 1.0, **OPTIONS) for _ in range(2))
    assert len(simulated) == 1
    np.testing.assert_array_equal(first.pvalue, again.pvalue)
    other = wct_matrix(SERIES[::-1] * 2, 1.0, **OPTIONS)  # the same noise, other data
    assert len(simulated) == 1
    np.testing.assert_allclose(sorted(other.pvalue[:, 0]), sorted(first.pvalue[:, 0]))


@pytest.mark.parametrize(
    "change",
    [
        {"rng_seed": 2},
        {"mc_count": 13},
        {"bands": [(2, 8)]},
        {"dj": 1 / 2},
        {"normalize": False},
        {"inside_cone": True},
        {"smoothing": "grinsted"},
        {"method": "full"},
        {"wavelet": "paul"},
        {"cache": False},
        {"rng_seed": None},
    ],
    ids=repr,
)
def test_another_question_is_simulated(simulated, cache_dir, change):
    wct_matrix(SERIES, 1.0, **OPTIONS)
    wct_matrix(SERIES, 1.0, **OPTIONS | change)
    assert len(simulated) == 2


def test_longer_series_is_another_question(simulated, cache_dir):
    for n in (64, 63):
        wct_matrix(SERIES[:, :n], 1.0, **OPTIONS)
    assert len(simulated) == 2


def test_damaged_file_is_computed_again_and_replaced(simulated, cache_dir):
    first = wct_matrix(SERIES, 1.0, **OPTIONS)
    kept = sorted(cache_dir.glob("means-*.npz"))
    kept[0].write_bytes(kept[0].read_bytes()[:100])
    again, third = (wct_matrix(SERIES, 1.0, **OPTIONS) for _ in range(2))
    assert len(simulated) == 2
    for result in (again, third):
        np.testing.assert_array_equal(result.pvalue, first.pvalue)


def test_folder_that_cannot_be_written_is_a_warning(simulated, cache_dir, monkeypatch):
    def fail(path, arrays):
        raise OSError("the disk is full")

    monkeypatch.setattr("pycwt_mod.matrix.kept_means.write_arrays", fail)
    with pytest.warns(UserWarning, match="means of surrogates could not be cached") as caught:
        result = wct_matrix(SERIES, 1.0, **OPTIONS)
    assert len(caught) == 1
    assert np.isfinite(result.pvalue).all()
