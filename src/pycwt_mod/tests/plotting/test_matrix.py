from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from pycwt_mod.plotting import offscreen_axes, plot_matrix

from .pictures import new_axes, pixels


def matrix_result(n, corrected=True, name="series {}"):
    """Return an object with the attributes that plot_matrix needs, made of noise."""
    rng = np.random.default_rng(n)
    fields = {key: rng.random((n, n)) for key in ("coherence", "share", "pvalue", "pvalue_fdr")}
    fields["phase"] = np.full((n, n), np.pi / 2)
    for field in fields.values():
        np.fill_diagonal(field, np.nan)
    if not corrected:
        del fields["pvalue_fdr"]

    def square(measure, band):
        return fields[measure] * (1 if band == 0 else 0.5)

    names = [name.format(k) for k in range(n)]
    return SimpleNamespace(names=names, bands=[(2.0, 8.0), (8.0, 32768.0)], square=square)


def test_squares_are_the_measure_and_missing_pairs_are_blank():
    result = matrix_result(4)
    for band in (0, 1):
        plot = plot_matrix(result, "share", band, ax=new_axes())
        drawn = plot.mesh.get_array()
        np.testing.assert_allclose(
            np.ma.filled(drawn, np.nan), result.square("share", band), rtol=1e-6
        )
        assert np.ma.getmaskarray(drawn).sum() == 4
    assert plot.axes.get_title() == "Periods 8 to 32768"


@pytest.mark.parametrize(
    ("measure", "label", "limits"),
    [
        ("coherence", "Mean squared coherence $R^2$", (0, 1)),
        ("share", "Significant share of the area", (0, 1)),
        ("pvalue", "p-value", (0.001, 1)),
        ("phase", "Mean phase (degrees)", (-180, 180)),
    ],
)
def test_colours_have_the_range_and_name_of_their_measure(measure, label, limits):
    plot = plot_matrix(matrix_result(3), measure, 0, ax=new_axes())
    assert plot.mesh.get_clim() == limits
    assert plot.colorbar.ax.get_ylabel() == label
    if measure == "phase":
        np.testing.assert_allclose(plot.mesh.get_array().compressed(), 90)


def test_marks_are_on_the_pairs_significant_after_correction():
    result = matrix_result(6)
    plot = plot_matrix(result, band=0, level=0.7, ax=new_axes())
    found = {(row, column) for column, row in plot.marks.get_offsets().astype(int).tolist()}
    p = result.square("pvalue_fdr", 0)
    assert found == {tuple(pair) for pair in np.argwhere(p <= 0.3).tolist()}
    assert found
    assert plot_matrix(result, band=0, marks=False, ax=new_axes()).marks is None
    assert plot_matrix(matrix_result(6, corrected=False), band=0, ax=new_axes()).marks is None


def test_marks_of_doubtful_pairs_are_rings():
    result = matrix_result(2)
    values = {"coherence": [[np.nan, 0.95], [0.05, np.nan]], "doubtful": [[0, 1], [0, 0]]}
    result.square = lambda measure, band: np.array(values.get(measure, np.zeros((2, 2))))
    plot = plot_matrix(result, band=0, ax=new_axes())
    offsets = plot.marks.get_offsets().astype(int).tolist()
    ring, dot = offsets.index([1, 0]), offsets.index([0, 1])
    assert plot.marks.get_facecolors()[[ring, dot], 3].tolist() == [0, 1]
    widths = plot.marks.get_linewidths()
    assert (widths[ring], widths[dot]) == (1, 0)


def test_missing_pairs_are_hatched():
    axes = plot_matrix(matrix_result(3), "phase", 0, ax=new_axes()).axes
    assert axes.patch.get_hatch()


def test_marks_stand_out_from_their_square():
    result = matrix_result(2)
    values = np.array([[np.nan, 0.95], [0.05, np.nan]])
    result.square = lambda measure, band: values if measure == "coherence" else values * 0 + 0.01
    plot = plot_matrix(result, band=0, ax=new_axes())
    np.testing.assert_array_equal(plot.marks.get_facecolors()[:, 0], [0, 1])


@pytest.mark.parametrize(("n", "shown"), [(3, 3), (16, 16), (64, 32), (200, 40)])
def test_names_do_not_overlap(n, shown):
    plot = plot_matrix(matrix_result(n), band=0, ax=new_axes((7, 6)))
    plot.figure.draw_without_rendering()
    for axis in (plot.axes.xaxis, plot.axes.yaxis):
        boxes = [label.get_window_extent() for label in axis.get_ticklabels()]
        assert abs(len(boxes) - shown) <= 0.25 * shown
        for one, other in pairwise(boxes):
            assert not one.overlaps(other)


def test_options_leave_parts_out_and_units_are_shown():
    plot = plot_matrix(matrix_result(3), band=0, colorbar=False, period_unit="days", ax=new_axes())
    assert plot.colorbar is None
    assert plot.axes.get_title() == "Periods 2 to 8 days"
    assert plot_matrix(matrix_result(3), band=0, title="T", ax=new_axes()).axes.get_title() == "T"
    pixels(plot)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"measure": "power"}, "`measure` must be one of 'coherence', 'share', 'pvalue', 'phase'"),
        ({"band": 2}, "`band` must be the number of a band, at most 1, got 2"),
        ({"level": 1.0}, "`level` must lie strictly between 0 and 1"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        plot_matrix(matrix_result(3), **({"band": 0} | change), ax=new_axes())


def test_square_of_the_wrong_shape_is_named():
    result = matrix_result(3)
    result.names = ["a", "b"]
    with pytest.raises(ValueError, match=r"must return an array of shape \(2, 2\).*got \(3, 3\)"):
        plot_matrix(result, band=0, ax=new_axes())


def test_all_bands_are_drawn_in_panels_that_share_their_colours():
    result = matrix_result(4)
    figure = Figure(figsize=(8, 4), layout="constrained")
    plot = plot_matrix(result, title="Rivers", ax=figure)
    assert [axes.get_title() for axes in plot.axes] == ["Periods 2 to 8", "Periods 8 to 32768"]
    for band, mesh in enumerate(plot.mesh):
        drawn = np.ma.filled(mesh.get_array(), np.nan)
        np.testing.assert_allclose(drawn, result.square("coherence", band), rtol=1e-6)
    assert len(figure.axes) == 3  # with one colour bar
    assert figure.get_suptitle() == "Rivers"
    pixels(plot)


def test_band_without_numbers_has_no_panel():
    result = matrix_result(3)
    square = result.square
    result.square = lambda measure, band: square(measure, band) * (np.nan if band else 1)
    assert plot_matrix(result, ax=new_axes()).axes.get_title() == "Periods 2 to 8"


def test_axes_without_a_band_are_refused_as_they_have_room_for_one():
    with pytest.raises(ValueError, match=r"`band` must be given with axes, .* one of the 2 bands"):
        plot_matrix(matrix_result(3), ax=new_axes())
    with pytest.raises(TypeError, match="`ax` must be axes or a figure of matplotlib, got 3"):
        plot_matrix(matrix_result(3), band=0, ax=3)


def test_colours_of_the_user_are_used():
    plot = plot_matrix(matrix_result(3), band=0, cmap="magma", vmin=0.2, vmax=0.6, ax=new_axes())
    assert plot.mesh.get_clim() == (0.2, 0.6)
    assert plot.mesh.get_cmap().name == "magma"


def test_caption_tells_what_dots_and_hatching_mean():
    result = matrix_result(3)
    plot = plot_matrix(result, level=0.75, band=0, ax=offscreen_axes())
    told = plot.caption.get_text().replace("\n", " ")
    assert ("Dots: significant at a false discovery rate of 25 % over all pairs" in told) == (
        plot.marks is not None
    )
    assert "Hatched: no pair, or no value." in told
    figure = Figure(figsize=(9, 4), layout="constrained")
    many = plot_matrix(result, level=0.9, ax=figure).caption
    assert "over all pairs" in many.get_text()
    assert plot_matrix(result, band=0, caption=False, ax=offscreen_axes()).caption is None
    assert plot_matrix(result, band=0, marks=False, ax=offscreen_axes()).caption.get_text() == (
        "Hatched: no pair, or no value."
    )
