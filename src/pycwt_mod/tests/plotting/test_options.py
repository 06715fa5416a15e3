"""Options that pictures share: frequencies, named bands, colours, arrows, rectified power."""

import itertools

import numpy as np
import pytest
from matplotlib import style
from matplotlib.figure import Figure

from pycwt_mod import cwt, wct, xwt
from pycwt_mod.plotting import plot_cwt, plot_null, plot_wct, plot_xwt
from pycwt_mod.sample import load

from .pictures import DPI, new_axes, pixels, random_field

EEG = {"delta": (1, 4), "alpha": (8, 13), "fast ripples": (250, 500)}


@pytest.fixture(scope="module")
def brain():
    """Two series of 4 s at 200 Hz with a common wave of 10 Hz."""
    t = np.arange(800) / 200
    noise = np.random.default_rng(0).normal(size=(2, 800))
    return noise + np.sin(2 * np.pi * 10 * t)


@pytest.fixture(scope="module")
def coherence(brain):
    return wct(*brain, 1 / 200, mc_count=50, rng_seed=1, progress=False)


def test_frequency_axis_has_the_highest_at_the_top_and_all_layers_on_it(coherence):
    plot = coherence.plot(period_unit="s", frequency=True, bands=EEG, ax=new_axes())
    bottom, top = plot.axes.get_ylim()
    assert bottom < 1 < 90 < top < 110
    assert plot.axes.get_ylabel() == "Frequency (Hz)"
    ticks = dict(zip(plot.axes.get_yticks(), plot.axes.get_yticklabels(), strict=True))
    assert {label.get_text(): tick for tick, label in ticks.items()}["16"] == 16
    at_wave = [s for s in plot.contour.allsegs[0] if s[:, 1].min() < 10 < s[:, 1].max()]
    assert max(np.ptp(segment[:, 0]) for segment in at_wave) > 2
    assert np.median(plot.arrows.Y[np.abs(np.log2(plot.arrows.Y / 10)) < 1]) == pytest.approx(
        10, rel=0.3
    )
    outline = plot.cone.get_paths()[0]
    coi = np.interp(1.0, coherence.times, coherence.coi)
    assert outline.contains_point((1.0, 0.8 / coi))
    assert not outline.contains_point((1.0, 1.2 / coi))
    same = coherence.plot(period_unit="s", ax=new_axes())
    np.testing.assert_array_equal(plot.mesh.get_array(), same.mesh.get_array())


def test_bands_are_drawn_at_their_ends_and_named(coherence):
    plot = coherence.plot(period_unit="s", frequency=True, bands=EEG, ax=new_axes())
    words = {text.get_text(): text for text in plot.axes.texts if text is not plot.caption}
    assert set(words) == {"delta", "alpha"}  # the third is beyond the axis
    assert 8 < words["alpha"].get_position()[1] < 13
    ends = [line.get_ydata()[0] for line in plot.axes.lines if len(line.get_ydata()) == 2]
    assert ends == [1, 4, 8, 13]
    period = coherence.plot(bands={"alpha": (1 / 13, 1 / 8)}, ax=new_axes())
    assert "alpha" in {text.get_text() for text in period.axes.texts}


def test_colours_and_their_ends_are_those_of_the_user(brain, coherence):
    plot = coherence.plot(cmap="magma", vmin=0.2, vmax=0.8, ax=new_axes())
    assert plot.mesh.get_cmap().name == "magma"
    assert plot.mesh.get_clim() == (0.2, 0.8)
    cross = plot_xwt(*xwt(*brain, 1 / 200), cmap="cividis", vmin=0.5, vmax=64, ax=new_axes())
    assert cross.mesh.get_cmap().name == "cividis"
    assert cross.mesh.get_clim() == (0.5, 64)
    labels = [tick.get_text() for tick in cross.colorbar.ax.get_yticklabels()]
    assert labels[0] == "1/2"
    one_end = plot_xwt(*xwt(*brain, 1 / 200), vmax=1e-6, ax=new_axes())
    low, high = one_end.mesh.get_clim()
    assert low < high == 1e-6


def test_arrow_density_is_a_multiple_of_the_usual_number():
    R2, phase, coi, freq, _ = random_field(100, 3000)
    counts = [
        plot_wct(R2 * 0 + 1, phase, coi, freq, arrow_density=d, ax=new_axes()).arrows.N
        for d in (0.5, 1, 2)
    ]
    for fewer, more in itertools.pairwise(counts):
        assert more == pytest.approx(4 * fewer, rel=0.2)


def test_rectified_power_of_waves_of_like_amplitude_is_alike():
    t = np.arange(1024)
    waves = [np.sin(2 * np.pi * t / period) for period in (16, 64)]
    peaks = {}
    for rectified in (False, True):
        plot = plot_cwt(
            sum(waves), 1.0, alpha=0.0, rectified=rectified,
            ax=Figure(figsize=(8, 7), layout="constrained"),
        )  # fmt: skip
        line = plot.spectrum[0]
        near = [np.argmin(np.abs(line.get_ydata() - period)) for period in (16, 64)]
        peaks[rectified] = line.get_xdata()[near]
    assert peaks[False][1] / peaks[False][0] == pytest.approx(4, rel=0.1)
    assert peaks[True][1] / peaks[True][0] == pytest.approx(1, rel=0.1)
    assert plot.colorbar.ax.get_ylabel() == "Power / variance / scale"


def test_rectified_pictures_are_power_over_scale_with_the_same_outline(brain):
    figure = Figure(figsize=(8, 7), layout="constrained")
    x = brain[0] - brain[0].mean()
    one = plot_cwt(x, 1.0, detrend=None, ax=figure)
    figure = Figure(figsize=(8, 7), layout="constrained")
    other = plot_cwt(x, 1.0, detrend=None, rectified=True, ax=figure)
    sj = cwt(x, 1.0).sj[: one.spectrum[0].get_ydata().size, np.newaxis]
    drawn = [np.asarray(plot.mesh.get_array()).reshape(sj.size, -1) for plot in (one, other)]
    np.testing.assert_allclose(drawn[1], drawn[0] / sj)
    for a, b in zip(one.contour.allsegs[0], other.contour.allsegs[0], strict=True):
        np.testing.assert_array_equal(a, b)
    result = xwt(*brain, 1.0)
    plain, rectified = (plot_xwt(*result, rectified=yes, ax=new_axes()) for yes in (False, True))
    shape = plain.mesh.get_array().shape
    np.testing.assert_allclose(
        rectified.mesh.get_array(), plain.mesh.get_array() / result.scales[: shape[0], np.newaxis]
    )
    assert rectified.arrows.N == plain.arrows.N
    assert "over scale" in rectified.caption.get_text().replace("\n", " ")


def test_band_of_a_frequency_axis_is_one_of_frequencies():
    nino = load("nino3")
    plots = [
        plot_cwt(
            nino.values, nino.dt, band=band, frequency=frequency, period_unit="years",
            ax=Figure(figsize=(8, 7), layout="constrained"),
        )
        for band, frequency in (((2, 8), False), ((1 / 8, 1 / 2), True))
    ]  # fmt: skip
    lines = [plot.average[0] for plot in plots]
    np.testing.assert_allclose(lines[0].get_ydata(), lines[1].get_ydata())
    assert [line.get_label() for line in lines] == ["2 to 8 years", "0.125 to 0.5 cycles per year"]
    for plot, ends in zip(plots, ([2, 8], [1 / 8, 1 / 2]), strict=True):
        drawn = [line.get_ydata() for line in plot.axes["power"].lines]
        assert [float(y[0]) for y in drawn if len(y) == 2] == pytest.approx(ends)
    assert plots[1].axes["power"].get_ylim() == plots[1].axes["spectrum"].get_ylim()


def test_frequencies_of_a_null_ascend_to_the_right(coherence):
    plot = plot_null(
        coherence.null, coherence.periods, frequency=True, period_unit="s", ax=new_axes()
    )
    assert plot.axes.get_xlim()[0] < plot.axes.get_xlim()[1]
    np.testing.assert_allclose(plot.lines[0].get_xdata(), coherence.freqs)


@pytest.mark.parametrize("size", [(2, 2), (3, 2), (2.5, 3)])
@pytest.mark.parametrize("unit", ["years", "s"])
def test_labels_of_small_figures_are_whole(coherence, size, unit):
    plot = coherence.plot(period_unit=unit, ax=new_axes(size))
    plot.figure.draw_without_rendering()
    width, height = plot.figure.get_size_inches() * DPI
    bar, (first, last) = plot.colorbar.ax, plot.axes.get_xlim()
    ticks = zip(plot.axes.get_xticks(), plot.axes.get_xticklabels(), strict=True)
    shown = [label for tick, label in ticks if first <= tick <= last]
    for text in (
        plot.axes.xaxis.label, plot.axes.yaxis.label, bar.yaxis.label,
        *plot.axes.get_yticklabels(), *shown, *bar.get_yticklabels(),
    ):  # fmt: skip
        box = text.get_window_extent()
        assert -1 <= box.x0 < box.x1 <= width + 1
        assert -1 <= box.y0 < box.y1 <= height + 1
    boxes = [label.get_window_extent() for label in plot.axes.get_yticklabels()]
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(boxes))
    assert plot.axes.get_window_extent().width > 0.3 * width


def test_panels_of_a_small_power_figure_do_not_overlap():
    nino = load("nino3")
    figure = Figure(figsize=(4, 3.5), layout="constrained", dpi=DPI)
    plot = plot_cwt(nino.values, nino.dt, band=(2, 8), period_unit="years", ax=figure)
    figure.draw_without_rendering()
    boxes = [axes.get_tightbbox() for axes in (*plot.axes.values(), plot.colorbar.ax)]
    for k, one in enumerate(boxes):
        assert -1 <= one.x0 < one.x1 <= 401
        assert -1 <= one.y0 < one.y1 <= 351
        assert not any(one.overlaps(other) for other in boxes[:k])


def test_words_and_lines_can_be_read_in_a_dark_style():
    nino = load("nino3")
    with style.context("dark_background"):
        plot = plot_wct(*random_field(20, 50), ax=new_axes())
        power = plot_cwt(nino.values, nino.dt, ax=Figure(figsize=(8, 7), layout="constrained"))
    for artist in (plot.caption, power.series[0], power.spectrum[0], power.average[0]):
        assert artist.get_color() == "white"


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"cmap": "viridiss"}, ValueError, "`cmap` must be .* Did you mean 'viridis'"),
        ({"vmin": 1, "vmax": 0.5}, ValueError, "`vmin` must be less than `vmax`, got 1 and 0.5"),
        ({"bands": [(8, 13)]}, TypeError, r"`bands` must be a mapping such as \{'alpha'"),
        ({"bands": {"a": (13, 8)}}, ValueError, r"`bands\['a'\]` must be two positive numbers"),
        ({"arrow_density": 0}, ValueError, "`arrow_density` must be positive"),
        ({"frequency": 1}, TypeError, "`frequency` must be True or False"),
        ({"name": "x"}, TypeError, r"keyword argument 'name'\. Did you mean 'names'\?"),
        ({"colormap": "x"}, TypeError, "keyword argument 'colormap'"),
    ],
)
def test_wrong_options_are_named(change, error, message):
    with pytest.raises(error, match=message):
        plot_wct(*random_field(10, 30), **change, ax=new_axes())


def test_colours_of_power_must_be_positive(brain):
    with pytest.raises(ValueError, match="`vmin` must be positive"):
        plot_xwt(*xwt(*brain, 1.0), vmin=0, ax=new_axes())
    pixels(plot_xwt(*xwt(*brain, 1.0), vmin=1e9, ax=new_axes()))


@pytest.mark.parametrize("ax", [3, "left", Figure()])
def test_ax_that_is_none_is_a_clear_error(brain, coherence, ax):
    for draw in (coherence.plot, xwt(*brain, 1 / 200).plot, coherence.null.plot):
        with pytest.raises(TypeError, match=r"`ax` must be axes of matplotlib.*got"):
            draw(ax=ax)


def test_axis_of_dates_has_the_name_of_the_index(brain):
    pd = pytest.importorskip("pandas")
    dates = pd.date_range("2000-01-01", periods=400, name="Date")
    first, second = (pd.Series(row[:400], dates) for row in brain)
    assert xwt(first, second).plot(ax=new_axes()).axes.get_xlabel() == "Date"
    assert cwt(first).plot(ax=Figure()).axes["average"].get_xlabel() == "Date"
    assert plot_cwt(first, ax=Figure()).axes["average"].get_xlabel() == "Date"
    assert plot_cwt(first.rename_axis(None), ax=Figure()).axes["average"].get_xlabel() == "Time"
    steps = first.set_axis(pd.Index(range(400), name="day"))
    assert plot_cwt(steps, ax=Figure()).axes["average"].get_xlabel() == "Time (days)"
