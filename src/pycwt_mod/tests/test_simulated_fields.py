"""Null distributions of points that have no closed form: simulated, by distance from an end."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter

from pycwt_mod import DOG, MexicanHat, Morlet, Paul, wct, wct_null_field
from pycwt_mod.analytic.counted import distance_classes, table_of_counts
from pycwt_mod.analytic.field import NullField
from pycwt_mod.coherence import coherence_of_series
from pycwt_mod.geometry import Geometry
from pycwt_mod.helpers import padded_length
from pycwt_mod.montecarlo.noise import Streams, ar1_series
from pycwt_mod.montecarlo.null import N_BATCHES, NullDistribution
from pycwt_mod.montecarlo.plan import make_record_plan
from pycwt_mod.montecarlo.simulate import CountSurrogates

# What the engine rests on, in some seconds a test: run by `.ci/run`.
pytestmark = pytest.mark.heavy

# al1, al2, dt, dj, s0, J, n
PROBLEM = (0.6, 0.3, 1.0, 1 / 4, 1.0, 16, 120)
SCALES = 2 ** (np.arange(17) / 4)
QUIET = {"progress": False, "cache": False, "rng_seed": 1}


class Boxes(Morlet):
    """A wavelet that smooths by itself, all scales alike."""

    def smooth(self, W, dt, dj, scales):
        size = 5, 15
        if np.iscomplexobj(W):
            return uniform_filter(W.real, size) + 1j * uniform_filter(W.imag, size)
        return uniform_filter(W, size)


MOTHERS = {"dog2": DOG(2), "dog6": DOG(6), "boxes": Boxes()}


def geometry_of(mother, n=120):
    return Geometry(mother, SCALES, 1.0, 1 / 4, n, padded_length(n))


def coherences(mother, indices, seed, n=120):
    """Yield R2 of surrogate records one at a time, as `wct` computes it."""
    streams = Streams.of(np.random.SeedSequence(seed))
    for index in indices:
        pair = ar1_series(streams, range(index, index + 1), n, PROBLEM[:2])[:, 0]
        pair -= pair.mean(axis=1, keepdims=True)
        yield coherence_of_series(pair, geometry_of(mother, n))[0]


@pytest.mark.parametrize("n", [120, 121])
@pytest.mark.parametrize("name", ["dog2", "boxes"])
def test_every_coherence_is_counted_once_at_its_scale_and_distance(name, n):
    distances = tuple((0, 2, 9, 30) if scale % 3 == 0 else () for scale in range(SCALES.size))
    geometry = geometry_of(MOTHERS[name], n)
    plan = make_record_plan(geometry, PROBLEM[:2], distances, centred=True)
    counts = CountSurrogates(plan, Streams.of(np.random.SeedSequence(5)))((0, 20))

    time = np.arange(n)
    own = np.digitize(np.minimum(time, time[::-1]), distances[0][1:])
    expected = np.zeros_like(counts)
    for index, R2 in enumerate(coherences(MOTHERS[name], range(20), 5, n)):
        rows = [R2[scale, own == k] for scale in range(0, SCALES.size, 3) for k in range(4)]
        for row, values in enumerate(rows):
            found = np.histogram(values, plan.n_bins, (0, 1))[0]
            expected[index % N_BATCHES, row] += found
    # A coherence on the border of a bin may be rounded into the next.
    assert np.abs(counts - expected).sum() <= 1e-4 * counts.sum()
    np.testing.assert_array_equal(counts.sum(axis=(0, 2)), 20 * plan.samples_per_surrogate)
    np.testing.assert_array_equal(counts.sum(axis=2), expected.sum(axis=2))


@given(
    n=st.integers(2, 400), felt=st.floats(0.1, 1000), counted=st.sets(st.integers(0, 5), min_size=1)
)
def test_classes_hold_every_distance_once(n, felt, counted):
    far = np.minimum(felt * 2 ** np.arange(6.0), (n - 1) / 2)
    classes = distance_classes(far, np.array(sorted(counted)), n)
    for scale, begins in enumerate(classes):
        assert (len(begins) > 0) == (scale in counted)
        if begins:
            assert begins[0] == 0
            assert all(np.diff(begins) > 0)
            assert begins[-1] <= (n - 1) // 2


@given(seed=st.integers(0, 2**32 - 1), many=st.sampled_from([1, 30, 500]))
def test_p_values_are_those_of_the_counts_fall_and_have_their_floor(seed, many):
    rng = np.random.default_rng(seed)
    n, far, nodes = 41, np.full(3, 9.5), np.arange(3)
    classes = distance_classes(far, nodes, n)
    shape = N_BATCHES, sum(map(len, classes)), 1000
    values = rng.beta(2, rng.uniform(0.2, 4), (*shape[:2], many))
    places = np.minimum(values * 1000, 999).astype(int)
    counts = np.zeros(shape, dtype=np.int64)
    np.add.at(counts, (*np.ogrid[: shape[0], : shape[1]], places.transpose(2, 0, 1)), 1)
    field = NullField(table_of_counts(counts, classes, nodes, far, n), n, np.ones(3), 1.0)

    R2 = np.sort(rng.uniform(size=25)) ** 0.3
    p = np.array([field.pvalue(np.full((3, n), each)) for each in R2])
    assert (np.diff(p, axis=0) <= 0).all()
    assert p.min() >= (1 - 1e-5) / (1 + N_BATCHES * many)  # in single precision
    if many == 500:
        # In the middle of the record at the first scale: all of the last class.
        own = NullDistribution(counts[:, [len(classes[0]) - 1]], ((0, N_BATCHES),))
        found = p[:, 0, n // 2]
        high, low = (own.pvalue(np.clip(R2 + bin, 0, 1)[np.newaxis])[0] for bin in (-1e-3, 1e-3))
        often = low > 0.02  # where the counts know p to some 8 %
        assert (found <= 1.15 * high)[often].all()
        assert (found >= 0.85 * low)[often].all()
        for level in (0.5, 0.9, 0.95):
            assert abs(field.quantile(level)[0, n // 2] - own.quantile(level)[0]) < 5e-3


def test_field_is_the_same_on_every_backend():
    tables = []
    with ThreadPoolExecutor(2) as pool:
        for backend in ("sequential", "joblib", pool):
            workers = {"n_workers": 2} if backend == "joblib" else {}
            field = wct_null_field(
                *PROBLEM, "dog", mc_count=60, backend=backend, **workers, **QUIET
            )
            tables.append(field.table)
    for table in tables[1:]:
        np.testing.assert_array_equal(table.log_p, tables[0].log_p)
        np.testing.assert_array_equal(table.error, tables[0].error)


def test_field_of_a_device_is_that_of_the_processor():
    pytest.importorskip("torch")
    from pycwt_mod.backends import GPUBackend

    options = {"mc_count": 60, **QUIET}
    device = wct_null_field(*PROBLEM, "dog", backend=GPUBackend("torch", device="cpu"), **options)
    processor = wct_null_field(*PROBLEM, "dog", backend="sequential", **options)
    np.testing.assert_allclose(device.quantile(), processor.quantile(), atol=1e-3)


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["dog2", "dog6", "boxes"])
def test_share_of_unrelated_records_above_the_level_is_that_of_the_level_everywhere(name):
    mother = MOTHERS[name]
    field = wct_null_field(*PROBLEM, mother, mc_count=800, **QUIET)
    assert field.table.simulated
    level = field.quantile(0.9)
    above = np.mean([level < R2 for R2 in coherences(mother, range(400), 7)], axis=0)
    above = (above + above[:, ::-1]) / 2
    # By octave, at the end of the record, near it, and in the middle.
    octaves = above[:16].reshape(4, 4, 120).mean(axis=1)
    for part in (slice(0, 1), slice(1, 6), slice(6, 20), slice(20, 60)):
        np.testing.assert_allclose(octaves[:, part].mean(axis=1), 0.1, atol=0.04)


def test_simulated_and_closed_form_of_an_analytic_wavelet_agree():
    closed = wct_null_field(*PROBLEM, "morlet")
    simulated = wct_null_field(*PROBLEM, "morlet", method="full", mc_count=2000, **QUIET)
    assert closed.provenance["method"] == "analytic"
    assert simulated.provenance["method"] == "full"
    for level in (0.5, 0.9, 0.95):
        apart = simulated.quantile(level) - closed.quantile(level)
        assert np.sqrt((apart**2).mean()) < 0.01
        assert np.abs(apart).max() < 0.04
        assert abs(apart.mean()) < 0.004


def test_larger_field_goes_on_from_the_cached_one(tmp_path, monkeypatch):
    monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", str(tmp_path))
    options = {"progress": False, "rng_seed": 1}
    at_once = wct_null_field(*PROBLEM, "dog", mc_count=80, cache=False, **options)
    done = []

    def progress(n, total):
        done.append((n, total))

    wct_null_field(*PROBLEM, "dog", mc_count=30, **options)
    more = wct_null_field(*PROBLEM, "dog", mc_count=80, **{**options, "progress": progress})
    np.testing.assert_array_equal(more.table.log_p, at_once.table.log_p)
    assert done[-1] == (50, 50)
    other = wct_null_field(*PROBLEM, "dog", mc_count=30, normalize=False, **options)
    assert (other.table.log_p != more.table.log_p).any()


def test_result_of_a_real_wavelet_has_a_field_with_its_own_seed_and_count(tmp_path):
    pair = np.random.default_rng(0).normal(size=(2, 120))
    result = wct(*pair, 1.0, dj=1 / 4, s0=1, J=16, wavelet="dog", mc_count=40, **QUIET)
    g1, g2 = result.provenance["coefficients"]
    same = wct_null_field(g1, g2, *PROBLEM[2:], "dog", mc_count=40, **QUIET)
    np.testing.assert_array_equal(result.null_field.quantile(), same.quantile())
    assert result.null_field.provenance["mc_count"] == 40
    assert result.significant().shape == result.WCT.shape
    result.null_field.save(tmp_path / "field.npz")
    loaded = NullField.load(tmp_path / "field.npz")
    np.testing.assert_array_equal(loaded.pvalue(result.WCT), result.pvalues())


def test_field_of_own_smooth_knows_how_far_it_reaches():
    field = wct_null_field(*PROBLEM, Boxes(), mc_count=20, **QUIET)
    # 7 samples of the box, and three e-folding times of the wavelet.
    np.testing.assert_allclose(field.table.far[0], 7 + 3 * np.sqrt(2) * SCALES[0])


def test_field_of_the_mexican_hat_is_that_of_the_second_derivative():
    hat, second = (wct_null_field(*PROBLEM, m, mc_count=20, **QUIET) for m in (MexicanHat(), "dog"))
    np.testing.assert_array_equal(hat.table.log_p, second.table.log_p)


def test_field_of_a_narrow_morlet_is_simulated():
    analytic = {
        f0: not wct_null_field(*PROBLEM, Morlet(f0), mc_count=20, **QUIET).table.simulated
        for f0 in (2, 3, 6)
    }
    assert analytic == {2: False, 3: True, 6: True}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "analytic"}, ValueError, "`method` must be 'full' or 'multirate' for a real"),
        ({"method": "multirate"}, ValueError, "`method` must be 'analytic' or 'full' for a field"),
        ({"noise": "legacy"}, ValueError, "`noise` must be .* for a field, got 'legacy'"),
        ({"n_samples": 50}, TypeError, "`n_samples` has no meaning for a field"),
        ({"mc_count": 0}, ValueError, "`mc_count` must be at least 1, got 0"),
    ],
)
def test_option_that_does_not_apply_is_named(options, error, message):
    with pytest.raises(error, match=message):
        wct_null_field(*PROBLEM, "dog", **options)


@pytest.mark.heavy
@pytest.mark.parametrize("order", [1, 2, 5])
def test_simulated_and_closed_form_of_paul_wavelets_agree(order):
    problem = *PROBLEM[:4], 1.0, 14, 250
    closed = wct_null_field(*problem, Paul(order), cache=False)
    simulated = wct_null_field(*problem, Paul(order), method="full", mc_count=1000, **QUIET)
    assert not closed.table.simulated
    # White noise is circular but near the ends.
    apart = (simulated.quantile(0.9) - closed.quantile(0.9))[:, 20:-20]
    assert np.sqrt((apart**2).mean()) < 0.012
    assert abs(apart.mean()) < 0.005


def test_few_surrogates_are_warned_of():
    with pytest.warns(UserWarning, match="`mc_count` of 5 is too small"):
        wct_null_field(*PROBLEM, "dog", mc_count=5, **QUIET)
