"""From a problem to its distribution: backends, cache and progress together."""

import tracemalloc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import pairwise
from multiprocessing import get_context

import numpy as np
import pytest

import pycwt_mod
from pycwt_mod import wct_null, wct_significance
from pycwt_mod.backends import ExecutorBackend, JoblibBackend, SequentialBackend
from pycwt_mod.montecarlo.estimate import tasks_of

from .problems import WAVELETS, small_plan

PROBLEM = {"al1": 0.6, "al2": 0.3, "dt": 0.5, "dj": 1 / 4, "s0": 1.0, "J": 16}


def null_of(mc_count=40, seed=1, cache=False, **options):
    options = {"progress": False, "backend": "sequential", **PROBLEM, **options}
    return wct_null(mc_count=mc_count, rng_seed=seed, cache=cache, **options)


class Surrogates:
    """Counts the surrogates that a run really simulates."""

    def __init__(self):
        self.done = self.total = 0

    def __call__(self, done, total):
        self.done, self.total = done, total


@pytest.fixture(scope="module")
def expected():
    """Sequential counts of every wavelet."""
    return {name: null_of(wavelet=mother) for name, mother in WAVELETS.items()}


@pytest.fixture(
    scope="module", params=["joblib-2", "joblib-threads", "auto", "process-pool", "thread-pool"]
)
def engine(request):
    """Every way to run on this machine, as `backend=`."""
    if request.param == "process-pool":
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            yield pool
    elif request.param == "thread-pool":
        with ThreadPoolExecutor(3) as pool:
            yield pool
    else:
        yield {
            "joblib-2": JoblibBackend(n_workers=2),
            "joblib-threads": JoblibBackend(n_workers=2, prefer="threads"),
            "auto": "auto",
        }[request.param]


@pytest.mark.parametrize("name", ["paul6", "dog3"])
def test_levels_are_bit_identical_on_every_engine(engine, name, expected):
    null = null_of(wavelet=WAVELETS[name], backend=engine)
    assert null == expected[name]
    np.testing.assert_array_equal(null.quantile(0.95), expected[name].quantile(0.95))


def test_levels_are_bit_identical_with_more_workers_than_cores(expected, recwarn):
    # On a machine with fewer cores this warns and takes the cores; the numbers stay.
    null = null_of(wavelet=WAVELETS["morlet"], backend="joblib", n_workers=4)
    assert null == expected["morlet"]
    assert all("n_workers" in str(warning.message) for warning in recwarn)


def test_levels_do_not_depend_on_the_size_of_tasks(expected):
    class Grain(SequentialBackend):
        n_workers = 13  # the engine cuts more and smaller tasks for more workers

    assert null_of(wavelet=WAVELETS["morlet"], backend=Grain()) == expected["morlet"]


def test_levels_differ_between_seeds_and_wavelets(expected):
    assert null_of(seed=2) != expected["morlet"]
    assert len({null.problem for null in expected.values()}) == len(expected)


def test_seed_sequence_gives_the_levels_of_its_integer():
    assert null_of(seed=np.random.SeedSequence(5)) == null_of(seed=5)
    child = np.random.SeedSequence(5).spawn(1)[0]
    assert null_of(seed=child) != null_of(seed=5)
    assert null_of(seed=child) == null_of(seed=child)


def test_global_random_state_is_left_alone():
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    null_of()
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_first_surrogates_of_a_longer_run_are_the_shorter_run():
    short, long = null_of(32), null_of(48)
    assert (long.counts >= short.counts).all()
    assert long.n_surrogates == 48


def test_cached_run_is_extended_by_what_is_missing_and_equals_the_fresh_one():
    ran = Surrogates()
    null_of(30, cache=True, progress=ran)
    assert (ran.done, ran.total) == (30, 30)
    extended = null_of(100, cache=True, progress=ran)
    assert (ran.done, ran.total) == (70, 70)
    assert extended == null_of(100)
    untouched = Surrogates()
    assert null_of(100, cache=True, progress=untouched) == extended
    assert untouched.total == 0


def test_seeded_run_does_not_depend_on_longer_ones_in_the_cache():
    null_of(60, cache=True)
    assert null_of(20, cache=True) == null_of(20)


def test_unseeded_run_is_found_again_extended_and_never_shortened():
    ran = Surrogates()
    first = null_of(20, seed=None, cache=True, progress=ran)
    assert null_of(20, seed=None, cache=True) == first
    longer = null_of(32, seed=None, cache=True, progress=ran)
    assert ran.total == 12
    assert (longer.counts >= first.counts).all()
    assert null_of(10, seed=None, cache=True) == longer
    assert null_of(20, seed=None) != first  # without the cache: fresh entropy


@pytest.mark.parametrize(
    "change",
    [
        {"al1": 0.61},
        {"al2": 0.31},
        {"al1": 0.3, "al2": 0.6},
        {"dj": 1 / 5},
        {"s0": 1.01},
        {"J": 15},
        {"wavelet": "paul"},
        {"wavelet": pycwt_mod.Morlet(5.9)},
        {"smoothing": "grinsted"},
        {"seed": 2},
        {"seed": None},
    ],
)
def test_cache_tells_problems_apart(change):
    null_of(cache=True)
    ran = Surrogates()
    null_of(cache=True, progress=ran, **change)
    assert ran.total == 40


def test_cache_serves_what_cannot_change_the_counts():
    first = null_of(cache=True)
    ran = Surrogates()
    twice_as_slow = {**PROBLEM, "dt": 1.0, "s0": 2.0}  # the same problem in another unit of time
    assert null_of(cache=True, progress=ran, backend="joblib", n_workers=2) == first
    assert null_of(cache=True, progress=ran, **twice_as_slow) == first
    level = wct_significance(
        **PROBLEM, significance_level=0.8, mc_count=40, rng_seed=1, progress=ran
    )
    np.testing.assert_array_equal(level, first.quantile(0.8))
    assert ran.total == 0


def test_cache_false_neither_reads_nor_writes():
    null_of(cache=False)
    ran = Surrogates()
    null_of(cache=True, progress=ran)
    assert ran.total == 40
    null_of(cache=False, progress=ran)
    assert ran.done == 40


def test_own_smooth_is_never_cached():
    class Own(pycwt_mod.Morlet):
        width = 1.0

        def smooth(self, W, dt, dj, scales, smoothing="pycwt"):
            return super().smooth(W, dt * self.width, dj, scales, smoothing)

    mother = Own()
    first = null_of(10, cache=True, wavelet=mother, J=4)
    mother.width = 2.0
    assert (null_of(10, cache=True, wavelet=mother, J=4).counts != first.counts).any()


def test_own_psi_is_cached_under_its_own_name():
    class Own(pycwt_mod.Morlet):
        shift = 0.0

        def psi_ft(self, f):
            return super().psi_ft(np.asarray(f) + self.shift)

    mother = Own()
    first = null_of(cache=True, wavelet=mother)
    mother.shift = 0.5
    assert (null_of(cache=True, wavelet=mother).counts != first.counts).any()


def test_legacy_noise_runs_in_sequence_and_says_so():
    with pytest.raises(ValueError, match=r"`backend` must be 'sequential' with noise='legacy'"):
        null_of(seed=None, noise="legacy", backend="joblib")
    with pytest.raises(ValueError, match=r"`rng_seed` must be None with noise='legacy'"):
        null_of(seed=1, noise="legacy")
    np.random.seed(4)
    first = null_of(seed=None, noise="legacy", backend=None, cache=True)
    np.random.seed(4)
    ran = Surrogates()
    again = null_of(seed=None, noise="legacy", cache=True, progress=ran)
    assert ran.total == 40  # the state of the global stream is no part of any key
    np.testing.assert_array_equal(first.counts, again.counts)


def test_progress_counts_surrogates_to_the_end():
    calls = []
    null_of(1000, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (1000, 1000)
    assert calls == sorted(calls)
    assert len(calls) > 1


def test_progress_false_prints_nothing_at_all(capfd):
    null_of(progress=False, cache=True)
    null_of(progress=False, cache=True)
    assert capfd.readouterr() == ("", "")


def test_progress_bar_is_on_stderr_and_counts_surrogates(capfd):
    null_of(progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "40/40" in err
    assert "surrogate" in err


def test_memory_does_not_grow_with_the_number_of_surrogates():
    def peak(count):
        tracemalloc.start()
        null_of(count, J=8)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(32)  # first use fills caches of modules
    # A list of one table of 9 scales for every surrogate would add 20 MB.
    assert peak(320) < peak(32) + 1e6


def test_exception_of_a_surrogate_names_the_range(monkeypatch):
    class Failing(pycwt_mod.Morlet):
        def smooth(self, W, dt, dj, scales, smoothing="pycwt"):
            raise ZeroDivisionError("my own")

    with pytest.raises(ZeroDivisionError, match="my own") as caught:
        null_of(wavelet=Failing())
    assert any("surrogates 0 to" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("start", [0, 5, 300])
@pytest.mark.parametrize("n_workers", [1, 2, 64])
def test_tasks_cover_the_range_at_the_edges_of_blocks(start, n_workers):
    class Wide(SequentialBackend):
        @property
        def n_workers(self):
            return n_workers

    plan = small_plan()
    tasks = tasks_of(plan, range(start, 20_000), Wide())
    assert tasks[0][0] == start
    assert tasks[-1][1] == 20_000
    for (_, stop), (begin, _) in pairwise(tasks):
        assert stop == begin
        assert stop % plan.block_size == 0
    seconds = [(stop - begin) * plan.seconds_per_surrogate for begin, stop in tasks]
    assert len(tasks) > 10
    assert max(seconds) < 0.6


def test_executor_passed_in_stays_open():
    with ThreadPoolExecutor(2) as pool:
        null_of(backend=pool)
        null_of(backend=ExecutorBackend(pool))
        assert pool.submit(abs, -1).result() == 1


def test_provenance_says_how_it_was_run():
    facts = null_of(1000, backend="joblib", n_workers=2).provenance  # enough for several tasks
    assert facts["backend"] == "joblib"
    assert facts["n_workers"] == 2
    assert facts["version"] == pycwt_mod.__version__
    assert facts["seconds"] > 0


def test_own_window_at_some_scales_alone_is_cached_under_its_own_name():
    class Own(pycwt_mod.Morlet):
        narrow = False

        def smoothing_window(self, scale, n_fft):
            window = super().smoothing_window(scale, n_fft)
            return np.ones_like(window) if self.narrow and scale > 20 else window

    mother = Own()
    first = null_of(cache=True, wavelet=mother)
    mother.narrow = True
    assert (null_of(cache=True, wavelet=mother).counts != first.counts).any()


def test_warnings_point_at_the_line_of_the_user():
    y1, y2 = np.random.default_rng(0).standard_normal((2, 60))
    with pytest.warns(UserWarning, match="`mc_count` of 5 is too small") as caught:
        pycwt_mod.wct(y1, y2, 1.0, mc_count=5, progress=False, backend="sequential")
    # This very file is inside the package, so the first line outside it is the test runner's.
    assert not caught[0].filename.endswith("wavelet.py")


def test_legacy_noise_checks_the_number_of_workers_too():
    with pytest.raises(ValueError, match="`n_workers` must be a positive integer or -1, got 0"):
        null_of(seed=None, noise="legacy", backend="Sequential", n_workers=0)
