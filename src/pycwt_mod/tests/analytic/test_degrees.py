"""How many predictors are possible: against the coherence of noise, and as an error."""

import numpy as np
import pytest

from pycwt_mod import DOG, Morlet, Paul, mwct, pwct
from pycwt_mod.analytic import degrees
from pycwt_mod.analytic.degrees import possible_predictors
from pycwt_mod.analytic.forms import taps_of
from pycwt_mod.coherence import coherence_of_series
from pycwt_mod.geometry import Geometry
from pycwt_mod.statistic import multiple

# Coherences above this are in the last of a thousand bins.
ONE = 0.999


class Boxes(Morlet):
    """A wavelet whose own `smooth` is a mean over a few times and all scales nearby."""

    def smooth(self, W, dt, dj, scales):
        for axis, reach in ((0, 1), (1, 2)):
            W = sum(np.roll(W, shift, axis) for shift in range(-reach, reach + 1))
        return W


def geometry_of(mother, dj, smoothing, n):
    scales = 8 * 2 ** (dj * np.arange(-int(1 / dj), int(1 / dj) + 1))
    return Geometry(mother, scales, 1.0, dj, n, n, smoothing)


@pytest.mark.parametrize(
    ("mother", "dj", "smoothing"),
    [
        (Morlet(), 1 / 4, "pycwt"),
        (Morlet(), 1 / 4, "grinsted"),
        (Morlet(), 1.0, "pycwt"),
        (Morlet(4), 1.0, "pycwt"),
        (DOG(), 1 / 2, "grinsted"),
        (Boxes(), 1 / 2, "pycwt"),
    ],
    ids=repr,
)
def test_noise_reaches_one_with_more_predictors_than_possible_and_not_with_fewer(
    mother, dj, smoothing
):
    geometry = geometry_of(mother, dj, smoothing, 2048)
    possible = possible_predictors(geometry, 40)
    assert possible == possible_predictors(geometry, possible + 3)
    assert possible_predictors(geometry, 2) == 2
    noise = np.random.default_rng(1).standard_normal((possible + 3, geometry.n_times))
    levels = []
    for n_predictors in (possible - 1, possible + 2):
        R2, _ = coherence_of_series(noise[: n_predictors + 1], geometry, multiple(n_predictors))
        inside = R2[geometry.n_scales // 2, 200:-200]
        levels.append(np.quantile(np.where(np.isnan(inside), 1.0, inside), 0.95))
    assert levels[0] < ONE < levels[1]


def test_more_smoothing_makes_more_predictors_possible():
    few, more, most = (
        possible_predictors(geometry_of(mother, 1 / 6, smoothing, 256), 40)
        for mother, smoothing in ((Morlet(), "grinsted"), (Morlet(), "pycwt"), (Paul(), "pycwt"))
    )
    assert few < more < most


def test_what_is_kept_belongs_to_one_wavelet_and_smoothing():
    class Wider(Morlet):
        def smoothing_window(self, scale, n_fft):
            return super().smoothing_window(4 * scale, n_fft)

    class Longer(Morlet):
        def flambda(self):
            return 2 * super().flambda()

    alone = {}
    for again in (False, True):
        for mother in (Morlet(), Morlet(8), Wider(), Longer(), DOG(2), DOG(6), Paul()):
            for smoothing in ("pycwt", "grinsted"):
                if not again:
                    degrees._kept.cache_clear()
                found = possible_predictors(geometry_of(mother, 1 / 2, smoothing, 256), 40)
                assert alone.setdefault((repr(mother), type(mother), smoothing), found) == found
    assert len(set(alone.values())) > 6


def test_whole_windows_are_alike_and_the_widest():
    for mother, dj in ((Morlet(), 1 / 12), (Paul(), 1 / 12), (DOG(), 1 / 3)):
        geometry = geometry_of(mother, dj, "pycwt", 256)
        window = degrees._Window.widest(geometry)
        spreads = [degrees._spread(*taps_of(geometry, k)) for k in range(geometry.n_scales)]
        assert degrees._spread(window.scales, window.weights) == pytest.approx(max(spreads))


def test_too_many_predictors_are_refused_with_the_number_that_is_possible():
    series = np.random.default_rng(2).standard_normal((14, 100))
    short = {"dj": 1 / 4, "sig": False}
    with pytest.raises(ValueError, match=r"`X` must be at most 10 series .* got 13: .* R2 would"):
        mwct(series[0], series[1:], 1.0, **short)
    with pytest.raises(ValueError, match=r"`z` must be at most 9 series .* got 12: "):
        pwct(series[0], series[1], series[2:], 1.0, **short)
    R2 = mwct(series[0], series[1:11], 1.0, **short).WCT
    assert np.nanmin(R2) < ONE
    with pytest.raises(ValueError, match=r"`X` must be at most 5 series .* got 6: "):
        mwct(series[0], series[1:7], 1.0, dj=1.0, sig=False)
