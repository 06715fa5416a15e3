import numpy as np
import pytest

from pycwt_mod import NullDistribution, wct, wct_null
from pycwt_mod.plotting import plot_null

from .pictures import new_axes, pixels


@pytest.fixture(scope="module")
def null():
    return wct_null(
        0.5, 0.3, 1.0, 1 / 4, 2.0, 16, mc_count=64, rng_seed=1, progress=False, cache=False
    )


PERIODS = 2.07 * 2.0 ** (np.arange(17) / 4)


def test_lines_are_the_levels_and_bands_their_error(null):
    plot = plot_null(null, PERIODS, levels=(0.9, 0.95), ax=new_axes())
    error = null.standard_error([0.9, 0.95])
    for line, band, level, se in zip(
        plot.lines, plot.bands, null.quantile([0.9, 0.95]), error, strict=True
    ):
        np.testing.assert_allclose(line.get_xdata(), PERIODS)
        np.testing.assert_allclose(line.get_ydata(), level)
        heights = band.get_paths()[0].vertices[:, 1]
        assert np.isclose(heights.max(), (level + 1.96 * se).max())
        assert np.isclose(heights.min(), (level - 1.96 * se).min())
    words = [text.get_text() for text in plot.legend.get_texts()]
    assert words[1] == f"95 % (s.e. at most {error[1].max():.1g})"


def test_legend_hides_no_line_and_no_coherence_above_one_is_labelled(null):
    for size in ((8, 4), (3.5, 3)):
        plot = plot_null(null, PERIODS, levels=(0.9, 0.95, 0.999), ax=new_axes(size))
        plot.figure.draw_without_rendering()
        box = plot.legend.get_window_extent()
        for line in plot.lines:
            assert not box.count_contains(line.get_transform().transform(line.get_xydata()))
        assert plot.axes.get_yticks().max() <= 1


def test_lines_differ_by_style_and_colour(null):
    plot = plot_null(null, levels=(0.8, 0.9, 0.95, 0.99), ax=new_axes())
    assert len({line.get_linestyle() for line in plot.lines}) == 4
    assert len({line.get_color() for line in plot.lines}) == 4


def test_axis_is_one_of_periods_if_they_are_given(null):
    ax = plot_null(null, PERIODS, period_unit="years", title="T", ax=new_axes()).axes
    assert ax.get_xlabel() == "Period (years)"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["2", "4", "8", "16", "32"]
    assert ax.get_xscale() == "log"
    assert ax.get_xlim()[0] < PERIODS[0] < PERIODS[-1] < ax.get_xlim()[1]
    assert ax.get_title() == "T"
    without = plot_null(null, legend=False, ax=new_axes())
    assert without.axes.get_xlabel() == "Scale number"
    assert without.legend is None


def test_level_without_error_or_without_samples_is_drawn_as_far_as_known():
    counts = np.zeros((16, 4, 100), dtype=np.int64)
    counts[0, :3, 20:60] = 5
    plot = plot_null(NullDistribution(counts, ((0, 1),)), levels=0.95, ax=new_axes())
    pixels(plot)
    assert np.isnan(plot.lines[0].get_ydata()[3])
    assert plot.legend.get_texts()[0].get_text() == "95 %"


def test_distribution_and_result_draw_themselves(null):
    direct = null.plot(PERIODS, levels=0.9, ax=new_axes())
    np.testing.assert_allclose(direct.lines[0].get_ydata(), null.quantile(0.9))
    rng = np.random.default_rng(0)
    result = wct(*rng.normal(size=(2, 80)), 1.0, mc_count=20, rng_seed=1, progress=False)
    plot = result.null.plot(result.periods, ax=new_axes())
    np.testing.assert_allclose(plot.lines[0].get_xdata(), result.periods)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"null": np.ones(3)}, TypeError, "`null` must be a NullDistribution, .*got ndarray"),
        ({"periods": np.ones(3)}, ValueError, "`periods` must have one value for each of the 17"),
        ({"periods": 1 / PERIODS}, ValueError, "`periods` must be positive and ascend.*1 / freq"),
        ({"levels": 95}, ValueError, "`level` must lie strictly between 0 and 1"),
    ],
)
def test_wrong_arguments_are_named(null, change, error, message):
    with pytest.raises(error, match=message):
        plot_null(**({"null": null} | change), ax=new_axes())
