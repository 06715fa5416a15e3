"""The multirate method against the full one: same distributions, and what its plan promises."""

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pycwt_mod import DOG, Morlet, Paul, wct, wct_null, wct_significance
from pycwt_mod.arrays import NUMPY, NUMPY_SINGLE
from pycwt_mod.helpers import padded_length, rednoise
from pycwt_mod.montecarlo.grids import demands_of, grid_spectra
from pycwt_mod.montecarlo.null import NullDistribution
from pycwt_mod.montecarlo.plan import make_plan
from pycwt_mod.montecarlo.simulate import CountSurrogates

from .problems import WAVELETS, small_plan, streams

# Levels agree to within the band of the evidence page, plus what the runs' own errors allow:
# four standard errors of the difference at any one scale.
BAND = 0.005
ERRORS = 4.0

LEVELS = [0.5, 0.8, 0.9, 0.95, 0.99]

QUIET = {"rng_seed": 1, "progress": False}


def null_of(plan, count, seed=1, ops=None):
    kernel = CountSurrogates(plan, streams(seed), ops)
    counts = sum(
        kernel((start, min(start + 256, count))).astype(np.int64) for start in range(0, count, 256)
    )
    return NullDistribution(counts, ((0, count),))


@lru_cache
def both(mother, length, dj, coefficients, counts, **options):
    """Return the distributions of one problem by the full and by the multirate method."""
    s0 = options.pop("s0", 2 / mother.flambda())
    J = round(np.log2(length / s0) / dj)
    arguments = (coefficients, 1.0, dj, s0, J, mother)
    full, multirate = (
        make_plan(*arguments, method=method, pad=padded_length, **options)
        for method in ("full", "multirate")
    )
    assert full.n_scales == multirate.n_scales
    return null_of(full, counts[0], 1), null_of(multirate, counts[1], 2)


def assert_levels_agree(full, multirate, band=BAND):
    error = np.hypot(full.standard_error(LEVELS), multirate.standard_error(LEVELS))
    difference = full.quantile(LEVELS) - multirate.quantile(LEVELS)
    assert (np.abs(difference) < band + ERRORS * error).all()
    # On the whole there is no bias. Neighbouring scales err alike: an octave counts once.
    scale_error = error.mean(axis=1) / np.sqrt(5)
    assert (np.abs(difference.mean(axis=1)) < band / 2 + ERRORS * scale_error).all()


# The Mexican hat is DOG 2. Surrogates of this length have both kinds of grids.
USUAL = (24, 1 / 4, (0.6, 0.3), (400, 400))
N_SAMPLES = 1000


# Statistics of two methods: one wavelet of each kind here, the others in `.ci/run`.
HEAVY = pytest.mark.heavy


@pytest.mark.parametrize(
    "name", ["morlet", "paul", "dog", *(pytest.param(n, marks=HEAVY) for n in ("morlet8", "dog3"))]
)
def test_levels_are_those_of_the_full_method(name):
    assert_levels_agree(*both(WAVELETS[name], *USUAL, n_samples=N_SAMPLES))


@pytest.mark.parametrize("coefficients", [(0.95, 0.9), pytest.param((-0.9, 0.5), marks=HEAVY)])
def test_levels_are_those_of_the_full_method_for_any_noise(coefficients):
    assert_levels_agree(*both(Morlet(), 100, 1 / 4, coefficients, (300, 600)))


@pytest.mark.heavy
def test_levels_are_those_of_the_full_method_for_a_near_random_walk():
    # Such surrogates end in steps higher than all else.
    assert_levels_agree(*both(Morlet(), 100, 1 / 4, (0.999, 0.999), (300, 600)))


@pytest.mark.parametrize(("dj", "length"), [(1 / 12, 30), (0.7, 60), (2.0, 60)])
def test_levels_are_those_of_the_full_method_for_any_spacing(dj, length):
    assert_levels_agree(*both(Morlet(), length, dj, (0.5, 0.2), (250, 400)))


def test_levels_are_those_of_the_full_method_for_grinsteds_boxcar_and_other_scales():
    options = {"smoothing": "grinsted", "s0": 7.3, "n_samples": 700}
    assert_levels_agree(*both(Morlet(), 80, 1 / 6, (0.5, 0.2), (500, 500), **options))


@pytest.mark.slow
@pytest.mark.parametrize("dj", [1 / 4, 1 / 12])
@pytest.mark.parametrize("coefficients", [(0.0, 0.0), (0.5, 0.3), (0.95, 0.9)])
@pytest.mark.parametrize("name", ["morlet", "paul", "dog"])
def test_levels_are_those_of_the_full_method_over_many_surrogates(name, coefficients, dj):
    full, multirate = both(WAVELETS[name], 250, dj, coefficients, (2000, 3000))
    assert_levels_agree(full, multirate)


def test_all_bins_agree_with_the_full_method():
    full, multirate = both(WAVELETS["morlet"], *USUAL, n_samples=N_SAMPLES)
    for null in (full, multirate):
        assert (null.histogram.sum(axis=1) > 0).all()
    shares = [
        np.cumsum(n.histogram / n.histogram.sum(axis=1)[:, None], axis=1) for n in (full, multirate)
    ]
    # Kolmogorov's distance; with n effective samples its 1 - 1e-6 point is 2.7 / sqrt(n).
    samples = np.minimum(full.effective_samples, multirate.effective_samples)
    assert (np.abs(shares[0] - shares[1]).max(axis=1) < 2.7 * np.sqrt(2 / samples)).all()


@pytest.mark.parametrize("name", ["morlet", "paul", "dog", "dog3"])
def test_usual_problem_has_grids_with_ends_and_without(name):
    mother = WAVELETS[name]
    s0, J = 2 / mother.flambda(), round(np.log2(USUAL[0] * mother.flambda() / 2) * 4)
    options = {"method": "multirate", "n_samples": N_SAMPLES, "pad": padded_length}
    plan = make_plan(USUAL[2], 1.0, USUAL[1], s0, J, mother, **options)
    assert {grid.circular for grid in plan.grids} == {True, False}


@pytest.mark.heavy
def test_level_has_no_step_where_the_grid_changes():
    plan = make_plan(
        (0.5, 0.3), 1.0, 1 / 12, 2.0, 70, Morlet(), method="multirate", pad=padded_length
    )
    null = null_of(plan, 600)
    level, error = null.quantile(0.95), null.standard_error(0.95)
    edges = np.array([grid.first for grid in plan.grids[2:-1]])
    steps = level[edges] - level[edges - 1]
    assert (np.abs(steps) < 0.004 + ERRORS * np.hypot(error[edges], error[edges - 1])).all()


def test_single_precision_moves_no_level():
    plan = small_plan(method="multirate")
    single, double = (null_of(plan, 256, ops=ops) for ops in (NUMPY_SINGLE, NUMPY))
    assert plan.ops is NUMPY_SINGLE
    moved = np.abs(single.counts - double.counts).sum() / 2
    assert 0 < moved < 2e-3 * double.counts.sum()
    np.testing.assert_allclose(single.quantile(LEVELS), double.quantile(LEVELS), atol=1e-4)


def test_standard_error_is_even_over_scales_and_small():
    null = wct_null(0.6, 0.3, 1.0, 1 / 12, 2.0, 90, rng_seed=1, progress=False, cache=False)
    error = null.standard_error(0.95)
    # Each estimate from 16 batches is itself uncertain by 18 %.
    assert error.max() < 0.006 * 1.5
    assert np.sqrt((error**2).mean()) < 0.006
    octaves = np.sqrt([(error[k : k + 12] ** 2).mean() for k in range(0, 84, 12)])
    assert octaves.max() < 2.5 * octaves.min()


def test_standard_errors_are_true():
    # The spread of a standard deviation over 30 runs and 9 scales is about 5 %.
    runs = [
        wct_null(0.6, 0.3, 1.0, 1 / 2, 2.0, 8, mc_count=64, rng_seed=k, progress=False, cache=False)
        for k in range(30)
    ]
    spread = np.array([run.quantile(0.95) for run in runs]).std(axis=0, ddof=1)
    reported = np.sqrt(np.mean([run.standard_error(0.95) ** 2 for run in runs], axis=0))
    assert np.sqrt((spread**2).mean() / (reported**2).mean()) == pytest.approx(1, abs=0.25)


def test_work_does_not_grow_with_the_signal():
    def work(length):
        s0 = 2.0
        J = round(np.log2(length / s0) * 12)
        plan = make_plan(
            (0.6, 0.3), 1.0, 1 / 12, s0, J, Morlet(), method="multirate", pad=padded_length
        )
        return sum(grid.work for grid in plan.grids) / plan.n_scales

    assert work(10**6) < 1.1 * work(10**3)


def test_false_alarms_come_at_the_rate_of_the_level():
    # 40 independent pairs of 512 samples, about 60 independent coherences each in the octaves
    # below: the share above the 95 % level is 0.05 within four standard errors.
    above, outside = np.zeros(5), np.zeros(5)
    rng = np.random.default_rng(0)
    sig = wct_significance(0.6, 0.3, 1.0, 1 / 4, 2 / Morlet().flambda(), 32, **QUIET)
    for _ in range(40):
        y1, y2 = rednoise(512, 0.6, rng=rng), rednoise(512, 0.3, rng=rng)
        WCT, _, coi, freq, _ = wct(y1, y2, 1.0, 1 / 4, J=32, sig=False)
        valid = 1 / freq[:, None] <= coi
        for octave in range(5):
            rows = slice(4 * octave, 4 * octave + 4)
            above[octave] += (WCT[rows] > sig[rows, None])[valid[rows]].sum()
            outside[octave] += valid[rows].sum()
    independent = 40 * 512 / (2.0 ** np.arange(1, 6) * 4)
    band = 4 * np.sqrt(0.05 * 0.95 / independent)
    assert (np.abs(above / outside - 0.05) < band).all()


def test_levels_hardly_depend_on_the_noise():
    levels = [
        wct_significance(g, g, 1.0, 1 / 4, 4.0, 20, mc_count=500, **QUIET) for g in (0.0, 0.5, 0.9)
    ]
    assert np.ptp(levels, axis=0).max() < 0.03


def test_tol_goes_on_in_rounds_until_it_is_reached():
    problem = {"al1": 0.6, "al2": 0.3, "dt": 1.0, "dj": 1 / 2, "s0": 2.0, "J": 8}
    options = {"mc_count": 50, "rng_seed": 1, "progress": False, "cache": False}
    null = wct_null(**problem, **options, tol=0.006)
    assert null.standard_error(0.95).max() <= 0.006
    assert null.n_surrogates % 50 == 0
    shorter = wct_null(**problem, **{**options, "mc_count": null.n_surrogates - 50})
    assert shorter.standard_error(0.95).max() > 0.006
    assert null == wct_null(**problem, **options, tol=0.006, backend="joblib", n_workers=2)
    assert null == wct_null(**problem, **{**options, "mc_count": null.n_surrogates})


def test_tol_that_is_not_reached_is_a_warning():
    with pytest.warns(UserWarning, match=r"`tol` of 1e-05 was not reached.*after 60 surrogates"):
        wct_null(
            0.6, 0.3, 1.0, 1 / 2, 2.0, 4,
            mc_count=50, mc_count_max=60, tol=1e-5, rng_seed=1, progress=False,
        )  # fmt: skip


def test_length_of_the_record_leaves_long_scales_without_a_level():
    arguments = (0.6, 0.3, 1.0, 1 / 4, 2.0, 28)
    options = {"mc_count": 50, "rng_seed": 1, "progress": False}
    own = wct_significance(*arguments, **options, n_samples=256)
    assert np.isnan(own[-4:]).all()
    assert np.isfinite(own[:20]).all()
    full = wct_significance(*arguments, **options, n_samples=256, method="full")
    np.testing.assert_array_equal(np.isnan(own), np.isnan(full))
    np.testing.assert_allclose(own[:20], full[:20], atol=0.08)


def test_method_is_full_where_it_must_be():
    class Own(Morlet):
        def smooth(self, W, dt, dj, scales, smoothing="pycwt"):
            return super().smooth(W, dt, dj, scales, smoothing)

    arguments = (0.6, 0.3, 1.0, 1 / 2, 2.0, 4)
    options = {"mc_count": 10, "rng_seed": 1, "progress": False}
    assert wct_null(*arguments, **options).provenance["method"] == "multirate"
    assert wct_null(*arguments, wavelet=Own(), **options).provenance["method"] == "full"
    with pytest.raises(ValueError, match="`method` must be 'full' with Own, which has a `smooth`"):
        wct_null(*arguments, wavelet=Own(), method="multirate", **options)


@pytest.mark.parametrize(
    ("mother", "step"),
    [(Morlet(), 0.98), (Morlet(20), 0.97), (Paul(), 0.43), (DOG(), 0.28)],
    ids=repr,
)
def test_coarsest_step_is_that_of_the_documentation(mother, step):
    assert demands_of(mother).coarsest_step(1000.0) == pytest.approx(1000 * step, rel=0.03)


@pytest.mark.parametrize("method", ["full", "multirate"])
@pytest.mark.parametrize(
    ("mother", "s0"),
    [(Paul(), 0.01), (Paul(), 0.1), (Paul(8), 0.1), (DOG(3), 0.05), (Morlet(), 0.3)],
    ids=repr,
)
def test_scales_far_below_the_sampling_interval_have_levels(mother, s0, method):
    options = {"mc_count": 20, "rng_seed": 1, "progress": False, "method": method}
    levels = wct_significance(0.5, 0.3, 1.0, 1 / 4, s0, 24, wavelet=mother, **options)
    assert np.isfinite(levels).all()
    assert ((levels > 0.2) & (levels < 1)).all()


@pytest.mark.parametrize("method", ["full", "multirate"])
def test_scales_that_respond_to_nothing_have_no_level(method):
    # Morlet(80) at scale 0.5 has its peak at 80 / 0.5, fifty times the Nyquist frequency.
    arguments = (0.5, 0.3, 1.0, 1 / 4, 0.5, 28)
    options = {"mc_count": 20, "rng_seed": 1, "progress": False, "method": method}
    with pytest.warns(UserWarning, match="scales have no sample"):
        levels = wct_significance(*arguments, wavelet=Morlet(80), **options)
    assert np.isnan(levels[:12]).all()
    assert np.isfinite(levels[-3:]).all()


@pytest.mark.parametrize("changes", [{"J": 20_000}, {"J": 1e9}, {"dj": 500.0}, {"s0": 1e300}])
def test_impossible_geometry_is_refused_by_name(changes):
    (name,) = changes
    geometry = {"dt": 1.0, "dj": 1 / 4, "s0": 2.0, "J": 8, **changes}
    with pytest.raises(ValueError, match=rf"^`{name}`.* must .*, got "):
        wct_significance(0.5, 0.3, **geometry)


@pytest.mark.parametrize(("J", "n_samples"), [(0, None), (3, 2), (3, 7), (40, 64), (5, 10**7)])
def test_any_geometry_has_a_plan(J, n_samples):
    plan = make_plan(
        (0.5, -0.99), 0.1, 1 / 5, 0.02, J, Morlet(),
        method="multirate", n_samples=n_samples, pad=padded_length,
    )  # fmt: skip
    counts = CountSurrogates(plan, streams())((3, 9))
    np.testing.assert_array_equal(counts.sum(axis=(0, 2)), 6 * plan.samples_per_surrogate)


@settings(max_examples=150)
@given(
    name=st.sampled_from(["morlet", "paul", "dog", "dog3"]),
    dj=st.sampled_from([1 / 12, 1 / 4]),
    octaves=st.floats(1, 22),
    g=st.sampled_from([0.0, 0.2, 0.9]),
)
@example(name="morlet", dj=1 / 12, octaves=12.5, g=0.2)  # an odd number of points
def test_noise_has_the_coefficients_that_the_wavelet_responds_to(name, dj, octaves, g):
    mother = WAVELETS[name]
    J = round(octaves / dj)
    arguments = (g, g), 1.0, dj, 2 / mother.flambda(), J, mother
    plan = make_plan(*arguments, method="multirate", pad=padded_length)
    assert plan.grids
    for grid in plan.grids:
        normals = np.ones((2, 1, 2 * len(grid.noise_bins)))
        found = grid_spectra(grid, normals, (g, g))
        assert found.shape == (2, 1, grid.highest_bin - grid.lowest_bin + 1)


@pytest.mark.slow
def test_false_alarms_of_surrogates_as_long_as_the_record_are_right_to_the_last_octave():
    # Of 512 samples the last octave has a fifth outside the cone of influence, next to its edges:
    # surrogates that are longer have too low a level for it, those of the record's length have not.
    g, n, dj, pairs = (0.6, 0.3), 512, 1 / 4, 1500
    s0 = 2 / Morlet().flambda()
    J = round(np.log2(n / s0) / dj)
    null = wct_null(
        *g, 1.0, dj, s0, J, mc_count=3000, rng_seed=3, n_samples=n, progress=False, cache=False
    )
    sig = null.quantile(0.95)[:, np.newaxis]
    rng = np.random.default_rng(5)
    shares = []
    for _ in range(pairs):
        result = wct(*(rednoise(n, own, rng=rng) for own in g), 1.0, dj, s0, J, sig=False)
        outside = result.outside()
        above = (result[0] > sig) & outside
        octaves = range(0, 4 * 7, 4)
        shares.append([above[k : k + 4].sum() / outside[k : k + 4].sum() for k in octaves])
    mean, error = np.mean(shares, axis=0), np.std(shares, axis=0) / np.sqrt(pairs)
    # The level itself has a standard error of 0.003, which moves the share by 0.002.
    assert (np.abs(mean - 0.05) < 4 * np.hypot(error, 0.002)).all()
