"""Surrogates of more than two series: counts, levels, cache and null fields of any statistic."""

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycwt_mod import Morlet, wct_null
from pycwt_mod.coherence import coherence_of_series
from pycwt_mod.geometry import Geometry
from pycwt_mod.helpers import padded_length
from pycwt_mod.levels import simulate_null
from pycwt_mod.montecarlo.noise import Streams, ar1_series
from pycwt_mod.montecarlo.options import SimulationOptions
from pycwt_mod.montecarlo.plan import digest_of, fingerprint
from pycwt_mod.montecarlo.simulate import CountSurrogates
from pycwt_mod.null_fields import null_field_of
from pycwt_mod.statistic import PAIR, multiple, partial

from .problems import WAVELETS, direct_counts, small_plan, streams
from .test_estimate import PROBLEM, Surrogates
from .test_multirate import assert_levels_agree, null_of

# What the engine rests on, in some seconds a test: run by `.ci/run`.
pytestmark = pytest.mark.heavy

COEFFICIENTS = 0.6, 0.3, 0.5, -0.2, 0.8
GROUPS = [partial(1), partial(2), multiple(2), multiple(3), multiple(4)]

# As in test_simulate: coherences so close to an edge that rounding moves them to the next bin.
BIN_FLIPS = 2

# Standard errors within which a simulated level or share must be right.
ERRORS = 4.0


def plan_of(statistic, mother=None, **changes):
    coefficients = COEFFICIENTS[: statistic.n_series]
    return small_plan(mother, coefficients=coefficients, statistic=statistic, **changes)


def simulated(statistic, mc_count=40, seed=1, cache=False, **options):
    options = {"progress": False, "backend": "sequential", **options}
    problem = {name: PROBLEM[name] for name in ("dt", "dj", "s0", "J")}
    checked = SimulationOptions(mc_count=mc_count, rng_seed=seed, cache=cache, **options)
    coefficients = COEFFICIENTS[: statistic.n_series]
    return simulate_null(
        coefficients, **problem, wavelet="morlet", options=checked, statistic=statistic
    )


@pytest.mark.parametrize("name", ["morlet", "dog"])
@pytest.mark.parametrize("statistic", GROUPS, ids=repr)
def test_counts_equal_the_direct_formula(statistic, name):
    plan = plan_of(statistic, WAVELETS[name])
    counts = CountSurrogates(plan, streams())((0, 6))
    direct = direct_counts(plan, range(6))
    assert np.abs(counts - direct).sum() <= 2 * BIN_FLIPS
    assert direct.sum() == 6 * plan.samples_per_surrogate.sum()


@settings(max_examples=6)
@given(cut=st.integers(1, 29), statistic=st.sampled_from(GROUPS))
def test_counts_do_not_depend_on_how_the_range_is_cut(cut, statistic):
    for method in ("full", "multirate"):
        kernel = CountSurrogates(plan_of(statistic, J=8, method=method), streams())
        np.testing.assert_array_equal(kernel((0, cut)) + kernel((cut, 30)), kernel((0, 30)))


def test_own_smooth_is_counted_as_it_smooths():
    class Own(Morlet):
        def smooth(self, W, dt, dj, scales, smoothing="pycwt"):
            return super().smooth(W, dt, dj, scales, smoothing)

    for statistic in (partial(1), multiple(2)):
        own = CountSurrogates(plan_of(statistic, Own()), streams())((0, 4))
        built_in = CountSurrogates(plan_of(statistic), streams())((0, 4))
        assert np.abs(own - built_in).sum() <= 2 * BIN_FLIPS


@pytest.mark.heavy
@pytest.mark.parametrize("statistic", [partial(1), multiple(4)], ids=repr)
def test_multirate_levels_are_those_of_the_full_method(statistic):
    full, multirate = (
        null_of(plan_of(statistic, method=method, n_samples=400), 250, seed)
        for seed, method in enumerate(("full", "multirate"))
    )
    assert_levels_agree(full, multirate)


# Of the design, for AR(1) of 0.6 and 14 taps; to the digits given there and two errors of 0.004.
EXPECTED = {
    PAIR: 0.60, multiple(2): 0.77, multiple(3): 0.87, multiple(4): 0.93,
    partial(1): 0.645, partial(2): 0.69, partial(3): 0.73,
}  # fmt: skip


@pytest.mark.parametrize(
    "statistic",
    [
        *(PAIR, partial(2), multiple(3)),
        *(pytest.param(each, marks=pytest.mark.heavy) for each in (partial(1), partial(3))),
        *(pytest.param(each, marks=pytest.mark.heavy) for each in (multiple(2), multiple(4))),
    ],
    ids=repr,
)
def test_level_is_that_of_the_statistic(statistic):
    options = SimulationOptions(mc_count=60, rng_seed=1, progress=False, cache=False)
    coefficients = (0.6,) * statistic.n_series
    null = simulate_null(coefficients, 1.0, 1 / 12, 2.0, 96, "morlet", options, statistic=statistic)
    # Scales at both ends have half the neighbours to be smoothed with.
    assert abs(null.quantile(0.95)[8:-8].mean() - EXPECTED[statistic]) < 0.015


def test_cache_tells_statistics_apart_and_is_extended():
    ran = Surrogates()
    for statistic in (partial(1), multiple(2), partial(2), multiple(1)):
        first = simulated(statistic, 20, cache=True, progress=ran)
        assert (ran.done, ran.total) == (20, 20)
        extended = simulated(statistic, 50, cache=True, progress=ran)
        assert (ran.done, ran.total) == (30, 30)
        assert extended == simulated(statistic, 50)
        assert (extended.counts >= first.counts).all()
    untouched = Surrogates()
    simulated(partial(1), 20, cache=True, progress=untouched)
    assert untouched.total == 0


def test_key_of_a_pair_is_what_it_was_before_there_were_groups():
    # The facts of the last version without them: caches of users stay valid.
    for method in ("full", "multirate"):
        plan = small_plan(method=method)
        facts = {
            "engine": 2,
            "mother": fingerprint(plan.mother, plan.scales_in_samples, plan.n_fft),
            "coefficients": [(0.6).hex(), (0.3).hex()],
            "scales": digest_of(plan.scales_in_samples),
            "dj": plan.dj.hex(),
            "n_samples": plan.n_times,
            "n_fft": plan.n_fft,
            "bins": 1000,
            "smoothing": "pycwt",
            "noise": "ar1",
            "method": method,
            "grids": repr(plan.grids),
        }
        text = json.dumps(facts, sort_keys=True)
        assert plan.key() == hashlib.sha256(text.encode()).hexdigest()


def test_pair_is_simulated_as_by_its_public_function():
    expected = wct_null(**PROBLEM, mc_count=40, rng_seed=1, progress=False, cache=False)
    assert simulated(PAIR) == expected
    assert simulated(multiple(1)).counts.sum() == expected.counts.sum()
    level = simulated(multiple(1)).quantile(0.95)
    np.testing.assert_allclose(level, expected.quantile(0.95), atol=2e-3)


def test_legacy_noise_is_refused():
    with pytest.raises(ValueError, match="`noise` must not be 'legacy' for more than two series"):
        simulated(multiple(2), seed=None, noise="legacy")


def test_coefficients_must_be_as_many_as_the_series():
    with pytest.raises(ValueError, match=r"`coefficients` must be 3 numbers, .* got 2"):
        small_plan(statistic=multiple(2))


N_RECORDS, LENGTH = 150, 96
GEOMETRY = Geometry(
    Morlet(), 2 * 2 ** (np.arange(17) / 4), 1.0, 1 / 4, LENGTH, padded_length(LENGTH)
)


def records(statistic, seed, coefficients):
    """Yield R2 of surrogate records, treated as data are."""
    for index in range(N_RECORDS):
        series = ar1_series(Streams(seed), range(index, index + 1), LENGTH, coefficients)[:, 0]
        series -= series.mean(axis=1, keepdims=True)
        yield coherence_of_series(series, GEOMETRY, statistic)[0]


@pytest.mark.heavy
@pytest.mark.parametrize(
    "statistic",
    [
        partial(1),
        multiple(2),
        *(pytest.param(each, marks=pytest.mark.slow) for each in (partial(2), partial(3))),
        *(pytest.param(each, marks=pytest.mark.slow) for each in (multiple(1), multiple(3))),
    ],
    ids=repr,
)
def test_share_of_false_alarms_is_alpha_everywhere(statistic):
    coefficients = COEFFICIENTS[: statistic.n_series]
    options = SimulationOptions(
        mc_count=600, rng_seed=5, progress=False, cache=False, backend="sequential"
    )
    field = null_field_of(GEOMETRY, coefficients, options, centred=True, statistic=statistic)
    depth = GEOMETRY.coi / GEOMETRY.periods[:, np.newaxis]
    zones = (depth < 1).astype(int) + (depth < 0.5)
    pvalues = np.array([field.pvalue(R2) for R2 in records(statistic, 77, coefficients)])
    for zone in range(3):
        for alpha in (0.5, 0.05):
            shares = (pvalues <= alpha)[:, zones == zone].mean(axis=1)
            error = shares.std() / np.sqrt(N_RECORDS)
            # The null itself is simulated, from four times the records.
            assert abs(shares.mean() - alpha) < ERRORS * error * np.sqrt(1.25), (zone, alpha)


@pytest.mark.heavy
@pytest.mark.parametrize("statistic", [partial(1), multiple(2)], ids=repr)
def test_level_of_each_scale_gives_five_percent_outside_the_cone(statistic):
    coefficients = COEFFICIENTS[: statistic.n_series]
    options = SimulationOptions(mc_count=400, rng_seed=5, progress=False, cache=False)
    level = simulate_null(
        coefficients, 1.0, 1 / 4, 2.0, 12, "morlet", options, statistic=statistic
    ).quantile(0.95)
    outside = (GEOMETRY.coi > GEOMETRY.periods[:, np.newaxis])[:13]
    above = [
        (R2[:13] > level[:, np.newaxis])[outside].mean()
        for R2 in records(statistic, 78, coefficients)
    ]
    # A record of 96 samples is more coherent towards its cone than the longer surrogates are.
    assert abs(np.mean(above) - 0.05) < ERRORS * np.std(above) / np.sqrt(N_RECORDS) + 0.01
