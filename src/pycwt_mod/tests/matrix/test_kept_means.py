"""The band means of surrogates are simulated once, and found again by all that determines them."""

import numpy as np
import pytest

from pycwt_mod import wct_matrix
from pycwt_mod.backends import SequentialBackend
from pycwt_mod.cached_files import store
from pycwt_mod.matrix import run
from pycwt_mod.tests.matrix.series import Spy

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


OTHERS = [
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
    {"noise": "phase"},
]


@pytest.mark.heavy
def test_another_question_is_simulated(simulated, cache_dir):
    for number, change in enumerate([{}, *OTHERS], start=1):
        wct_matrix(SERIES, 1.0, **OPTIONS | change)
        assert len(simulated) == number, change


@pytest.mark.parametrize("noise", ["ar1", "phase", "iaaft"])
def test_run_without_a_seed_is_found_again_with_its_own_streams(simulated, cache_dir, noise):
    unseeded = {**OPTIONS, "rng_seed": None, "noise": noise}
    first, again = (wct_matrix(SERIES, 1.0, **unseeded) for _ in range(2))
    assert len(simulated) == 1
    np.testing.assert_array_equal(first.pvalue, again.pvalue)
    fewer = wct_matrix(SERIES, 1.0, pairs=[(0, 1)], **unseeded)
    np.testing.assert_array_equal(fewer.pvalue[0], first.pvalue[0])
    assert len(simulated) == 1


class Broken(SequentialBackend):
    """A plain loop that is broken off in the third block of band means."""

    def run_tasks(self, run, tasks, deadline):
        for number, outcome in enumerate(super().run_tasks(run, tasks, deadline)):
            if number == 2 and type(run.kernel).__name__ == "BandSurrogates":
                raise KeyboardInterrupt
            yield outcome


@pytest.mark.parametrize("noise", ["ar1", "iaaft"])
@pytest.mark.parametrize("seed", [1, None])
def test_what_is_done_is_kept_when_a_run_breaks_off(cache_dir, monkeypatch, noise, seed):
    monkeypatch.setattr("pycwt_mod.montecarlo.band_means._LARGEST_BLOCK", 4)
    options = {**OPTIONS, "noise": noise, "rng_seed": seed}
    whole, rest = Spy(), Spy()
    expected = wct_matrix(SERIES, 1.0, backend=whole, cache=False, **options)
    with pytest.raises(KeyboardInterrupt):
        wct_matrix(SERIES, 1.0, backend=Broken(), **options)
    found = wct_matrix(SERIES, 1.0, backend=rest, **options)
    assert dict(rest.calls)["BandSurrogates"] == dict(whole.calls)["BandSurrogates"][2:]
    if seed is not None:
        np.testing.assert_array_equal(found.pvalue, expected.pvalue)


def test_more_surrogates_go_on_from_fewer(simulated, cache_dir):
    wct_matrix(SERIES, 1.0, **OPTIONS)
    more = {**OPTIONS, "mc_count": 60}
    found = wct_matrix(SERIES, 1.0, **more)
    expected = wct_matrix(SERIES, 1.0, cache=False, **more)
    np.testing.assert_array_equal(found.pvalue, expected.pvalue)
    simulated.clear()
    wct_matrix(SERIES, 1.0, **OPTIONS)
    assert not simulated


def test_longer_series_is_another_question(simulated, cache_dir):
    for n in (64, 63):
        wct_matrix(SERIES[:, :n], 1.0, **OPTIONS)
    assert len(simulated) == 2


def test_damaged_file_is_computed_again_and_replaced(simulated, cache_dir):
    first = wct_matrix(SERIES, 1.0, **OPTIONS)
    kept = sorted(cache_dir.glob("means-*.npz"))
    kept[0].write_bytes(kept[0].read_bytes()[:100])
    with pytest.warns(UserWarning, match="is damaged or not from this version"):
        again = wct_matrix(SERIES, 1.0, **OPTIONS)
    third = wct_matrix(SERIES, 1.0, **OPTIONS)
    assert len(simulated) == 2
    for result in (again, third):
        np.testing.assert_array_equal(result.pvalue, first.pvalue)


def test_folder_that_cannot_be_written_is_a_warning(simulated, cache_dir, monkeypatch):
    def fail(stream):
        raise OSError("the disk is full")

    full = "pycwt_mod.montecarlo.kept_rows.store"
    monkeypatch.setattr(full, lambda path, write: store(path, fail))
    with pytest.warns(UserWarning, match="could not be cached in .*the disk is full") as caught:
        result = wct_matrix(SERIES, 1.0, **OPTIONS)
    assert len(caught) == 1
    assert np.isfinite(result.pvalue).all()
