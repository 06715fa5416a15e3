import numpy as np
import pytest

from pycwt_mod import xwt
from pycwt_mod.plotting import plot_xwt

from .pictures import new_axes, pixels, random_field

N = 256


def lagged(lag):
    t = np.arange(float(N))
    noise = 0.3 * np.random.default_rng(5).normal(size=(2, N))
    return np.sin(t * np.pi / 8) + noise[0], np.sin((t - lag) * np.pi / 8) + noise[1]


def cross_field(n_scales, n_times):
    """Return four arrays like those of `xwt`, made of noise."""
    power, phase, coi, freq, sig = random_field(n_scales, n_times)
    return power * np.exp(1j * phase), coi, freq, sig


@pytest.mark.parametrize(("lag", "direction"), [(0, (1, 0)), (8, (-1, 0)), (4, (0, -1))])
def test_arrows_point_by_the_convention_of_the_coherence(lag, direction):
    plot = plot_xwt(*xwt(*lagged(lag), 1.0), names=("A", "B"), ax=new_axes())
    mean = plot.arrows.U.mean(), plot.arrows.V.mean()
    np.testing.assert_allclose(mean, direction, atol=0.15)
    caption = " ".join(plot.caption.get_text().split())
    assert "↓ A leads B by 90°" in caption


def test_arrows_and_outline_stand_where_the_power_is_significant():
    result = xwt(*lagged(0), 1.0)
    plot = plot_xwt(*result, ax=new_axes())
    W12, _, freqs, signif = result
    rows = np.searchsorted(1 / freqs, plot.arrows.Y * (1 - 1e-9))
    columns = plot.arrows.X.astype(int)
    assert (np.abs(W12)[rows, columns] >= signif[rows]).all()
    strict = plot_xwt(*result, arrow_level=4.0, ax=new_axes())
    assert 0 < strict.arrows.N < plot.arrows.N
    box = max((path.get_extents() for path in plot.contour.get_paths()), key=lambda b: b.width)
    assert box.y0 < 16 < box.y1
    assert box.width > N / 2


def test_arrows_are_everywhere_without_a_level():
    W12, coi, freqs, _ = cross_field(40, 100)
    plot = plot_xwt(W12, coi, freqs, ax=new_axes())
    assert plot.contour is None
    assert plot.arrows.N > 150
    assert "Outlined" not in plot.caption.get_text()


def test_colours_are_octaves_of_power_that_cover_the_field():
    W12, coi, freqs, signif = cross_field(40, 100)
    W12[0, 0] = 0
    W12[:, 5] = 1e9  # a spike of one column in a hundred
    plot = plot_xwt(W12 * 1000, coi, freqs, signif, ax=new_axes())
    low, high = plot.mesh.norm.vmin, plot.mesh.norm.vmax
    assert 2**8 <= high / low <= 2**16
    assert np.log2(high) == round(np.log2(high))
    drawn = plot.mesh.get_array()
    assert not np.ma.getmaskarray(drawn).any()
    ticks = [tick.get_text() for tick in plot.colorbar.ax.get_yticklabels()]
    assert 3 <= len(ticks) <= 6


def test_power_of_nothing_is_drawn():
    W12, coi, freqs, signif = cross_field(10, 30)
    pixels(plot_xwt(W12 * 0, coi, freqs, signif, ax=new_axes()))
    plot = plot_xwt(W12 * np.nan, coi, freqs, signif, ax=new_axes())
    assert plot.arrows is None
    pixels(plot)


def test_labels_dates_and_options():
    W12, coi, freqs, signif = cross_field(10, 300)
    days = np.datetime64("2001-03-01") + np.arange(300)
    plot = plot_xwt(W12, coi, freqs, signif, days, period_unit="days", title="T", ax=new_axes())
    plot.figure.draw_without_rendering()
    assert "Jul" in [tick.get_text() for tick in plot.axes.get_xticklabels()]
    assert plot.axes.get_ylabel() == "Period"
    assert "1 week" in [tick.get_text() for tick in plot.axes.get_yticklabels()]
    assert plot.axes.get_title() == "T"
    bare = plot_xwt(
        W12, coi, freqs, signif, colorbar=False, caption=False, arrows=False, ax=new_axes()
    )
    assert (bare.colorbar, bare.caption, bare.arrows) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"W12": np.zeros((10, 30))}, TypeError, "`W12` must be complex, .* got float64"),
        ({"W12": np.zeros(5)}, ValueError, r"`W12` must have shape \(n_scales, n_times\)"),
        ({"signif": np.ones(4)}, ValueError, "`signif` must have one value for each scale of `W1"),
        ({"coi": np.ones(4)}, ValueError, "`coi` must have one value for each time of `W12`"),
        ({"freqs": np.arange(2.0, 12)}, ValueError, "`freqs` must be .* descend"),
        ({"times": np.zeros(30)}, ValueError, "`times` must ascend"),
        ({"arrow_level": 0}, ValueError, "`arrow_level` must be positive"),
        ({"names": "AB"}, TypeError, "`names` must be two strings"),
    ],
)
def test_wrong_arguments_are_named(change, error, message):
    arguments = dict(zip(("W12", "coi", "freqs", "signif"), cross_field(10, 30), strict=True))
    with pytest.raises(error, match=message):
        plot_xwt(**(arguments | change), ax=new_axes())
