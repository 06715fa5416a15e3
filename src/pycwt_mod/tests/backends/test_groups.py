"""Groups of more than two series: the same counts wherever they run."""

import numpy as np
import pytest

from pycwt_mod import Morlet
from pycwt_mod.geometry import Geometry
from pycwt_mod.helpers import padded_length
from pycwt_mod.levels import simulate_null
from pycwt_mod.montecarlo.options import SimulationOptions
from pycwt_mod.null_fields import null_field_of
from pycwt_mod.statistic import multiple, partial

# Rounding of another FFT moves R2 by about 1e-15: of 1e5 samples hardly one changes its bin.
BIN_FLIPS = 3

ELSEWHERE = ["joblib-processes", "joblib-threads", "executor-processes", "executor-threads", "dask"]


def options(backend, **changes):
    return SimulationOptions(
        mc_count=40, rng_seed=1, progress=False, cache=False, backend=backend, **changes
    )


def null_of(statistic, backend, **changes):
    coefficients = (0.6, 0.3, 0.5, -0.2)[: statistic.n_series]
    return simulate_null(
        coefficients, 0.5, 1 / 4, 1.0, 12, "morlet", options(backend, **changes),
        statistic=statistic,
    )  # fmt: skip


@pytest.mark.parametrize("name", ELSEWHERE)
def test_counts_of_groups_are_bit_identical_on_every_backend(name, make_backend):
    with make_backend(name) as backend:
        for statistic in (partial(1), multiple(3)):
            for method in ("full", "multirate"):
                expected = null_of(statistic, "sequential", method=method)
                assert null_of(statistic, backend, method=method) == expected


@pytest.mark.heavy
def test_null_field_of_groups_is_bit_identical_on_a_pool(make_backend):
    geometry = Geometry(Morlet(), 2 * 2 ** (np.arange(13) / 4), 1.0, 1 / 4, 100, padded_length(100))
    with make_backend("executor-processes") as pool:
        one, other = (
            null_field_of(
                geometry, (0.6, 0.3, 0.5), options(where), centred=True, statistic=multiple(2)
            ).quantile(0.95)
            for where in ("sequential", pool)
        )
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("statistic", [partial(2), multiple(3)], ids=repr)
def test_counts_of_groups_on_a_device_are_those_of_the_cpu(statistic, make_backend):
    expected = null_of(statistic, "sequential", method="full")
    with make_backend("gpu") as device:
        found = null_of(statistic, device, method="full")
        assert np.abs(found.histogram - expected.histogram).sum() <= 2 * BIN_FLIPS
        # The CPU computes the multirate method in single precision.
        levels = [
            null_of(statistic, where).quantile([0.5, 0.95]) for where in ("sequential", device)
        ]
    np.testing.assert_allclose(*levels, atol=1e-3)
