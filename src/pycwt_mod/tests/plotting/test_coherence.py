import datetime
import itertools
import tracemalloc

import numpy as np
import pytest

from pycwt_mod import wct
from pycwt_mod.plotting import offscreen_axes, plot_wct

from .pictures import DPI, new_axes, pixels, random_field

PERIOD = 16.0


def lagged_pair(lag):
    """A wave and the same wave `lag` samples later, in a little noise."""
    t = np.arange(256.0)
    noise = 0.05 * np.random.default_rng(5).normal(size=(2, t.size))
    return (
        np.sin(2 * np.pi * t / PERIOD) + noise[0],
        np.sin(2 * np.pi * (t - lag) / PERIOD) + noise[1],
    )


@pytest.mark.parametrize(
    ("lag", "direction"),
    [
        (0, (1, 0)),  # in phase: right
        (PERIOD / 2, (-1, 0)),  # anti-phase: left
        (PERIOD / 4, (0, -1)),  # the second lags, the first leads: down
        (-PERIOD / 4, (0, 1)),  # the second leads: up
    ],
)
def test_arrows_point_by_the_convention_of_the_caption(lag, direction):
    plot = plot_wct(*wct(*lagged_pair(lag), 1.0, sig=False), names=("A", "B"), ax=new_axes())
    at_period = np.abs(np.log2(plot.arrows.Y / PERIOD)) < 0.35
    assert at_period.sum() > 5
    mean = plot.arrows.U[at_period].mean(), plot.arrows.V[at_period].mean()
    np.testing.assert_allclose(mean, direction, atol=0.1)
    caption = " ".join(plot.caption.get_text().split())
    assert "→ in phase, ← anti-phase, ↓ A leads B by 90°, ↑ B leads A by 90°" in caption


def test_arrow_for_a_leading_first_series_points_down_on_the_page():
    # One arrow alone, drawn once with and once without its head's side being the lower one.
    def ink_by_row(phase):
        ax = new_axes((2, 2))
        field = np.ones((3, 3)), np.full((3, 3), phase), np.full(3, 99.0), [0.5, 0.25, 0.125]
        plot = plot_wct(*field, ax=ax, colorbar=False, caption=False)
        plot.arrows.set_offsets(plot.arrows.get_offsets()[4:5])
        plot.arrows.set_UVC(plot.arrows.U[4:5], plot.arrows.V[4:5])
        plot.cone.set_visible(False)
        ax.axis("off")
        dark = pixels(plot)[..., :3].max(axis=2) < 60
        rows = np.flatnonzero(dark.any(axis=1))
        return dark[rows[0] : rows[-1] + 1].sum(axis=1)

    # A head is wider than a shaft: the half of the arrow with more ink is where it points.
    down, up = ink_by_row(np.pi / 2), ink_by_row(-np.pi / 2)
    half = down.size // 2
    assert down[-half:].sum() > down[:half].sum()
    assert up[:half].sum() > up[-half:].sum()


def test_arrows_stand_only_where_coherence_is_significant_or_high():
    R2, phase, coi, freq, _ = random_field(12, 30)
    R2[:] = 0.1
    R2[5] = 0.75  # high
    R2[8] = 0.3  # significant
    sig = np.full(12, 0.9)
    sig[8] = 0.25
    plot = plot_wct(R2, phase, coi, freq, sig, ax=new_axes((12, 9)))
    np.testing.assert_allclose(np.unique(plot.arrows.Y), 1 / freq[[5, 8]])
    assert plot_wct(R2 * 0, phase, coi, freq, sig, ax=new_axes()).arrows is None


def test_arrows_are_thinned_to_the_size_of_the_picture():
    field = random_field(100, 3000)
    few, many = (plot_wct(*field, ax=new_axes(size)) for size in ((4, 3), (12, 9)))
    assert 4 * few.arrows.N < many.arrows.N < 1000


def test_cone_covers_what_lies_beyond_it():
    field = random_field(40, 100)
    plot = plot_wct(*field, ax=new_axes())
    outline = plot.cone.get_paths()[0]
    assert plot.cone.get_hatch()
    coi = field[2]
    for place in (10, 30, 70):
        assert outline.contains_point((place, coi[place] * 1.2))
        assert not outline.contains_point((place, coi[place] / 1.2))


def test_period_axis_is_logarithmic_with_the_longest_period_at_the_bottom():
    ax = plot_wct(*random_field(40, 100), period_unit="years", ax=new_axes()).axes
    assert ax.get_yscale() == "log"
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "2", "4", "8", "16", "32", "64", "128", "256",
    ]  # fmt: skip
    assert ax.get_ylabel() == "Period (years)"
    assert ax.get_xlabel() == "Sample"


def test_colours_span_zero_to_one_and_have_a_bar():
    plot = plot_wct(*random_field(20, 50), ax=new_axes())
    assert plot.mesh.get_clim() == (0, 1)
    assert plot.colorbar.ax.get_ylabel() == "Squared coherence $R^2$"


def test_contour_encloses_significant_coherence():
    R2, phase, coi, freq, sig = random_field(40, 100)
    R2[:] = 0.2
    R2[10:20, 30:60] = 0.95
    times = np.arange(1900.0, 2000.0)
    plot = plot_wct(R2, phase, coi, freq, sig, times, level_label="1 % level", ax=new_axes())
    corners = plot.contour.get_paths()[0].get_extents()
    np.testing.assert_allclose([corners.x0, corners.x1], [1930, 1959], atol=1)
    np.testing.assert_allclose(
        np.log2([corners.y0, corners.y1]), np.log2(1 / freq[[10, 19]]), atol=0.3
    )
    assert "Outlined: 1 % level." in plot.caption.get_text()


@pytest.mark.parametrize("sig", [None, np.array([0]), np.full(20, np.nan), np.full(20, 1.0)])
def test_contour_is_left_out_where_nothing_reaches_a_level(sig):
    plot = plot_wct(*random_field(20, 50)[:4], sig, ax=new_axes())
    assert plot.contour is None
    is_tested = sig is not None and sig[0] == 1
    assert ("Outlined" in plot.caption.get_text()) == is_tested
    pixels(plot)


@pytest.mark.parametrize(
    "tested", [{"sig": np.ones(20)}, {"significant": np.zeros((20, 50), bool)}]
)
def test_caption_says_that_nothing_was_found(tested):
    options = {"level_label": "what is beyond chance", "ax": new_axes()}
    plot = plot_wct(*random_field(20, 50)[:4], **tested, **options)
    words = plot.caption.get_text().replace("\n", " ")
    assert "Outlined: what is beyond chance; nothing was found. Hatched" in words
    assert "allows for it" not in words


def test_nan_is_tolerated_and_left_blank():
    R2, phase, coi, freq, sig = random_field(20, 50)
    R2[3:6] = np.nan
    R2[:, 10:12] = np.nan
    phase[::2, ::3] = np.nan
    sig[7] = np.nan
    plot = plot_wct(R2, phase, coi, freq, sig, ax=new_axes())
    assert np.ma.getmaskarray(plot.mesh.get_array()).sum() == np.isnan(R2).sum()
    assert np.isfinite(plot.arrows.U).all()
    pixels(plot)
    nothing = plot_wct(R2 * np.nan, phase, coi, freq, sig, ax=new_axes())
    assert nothing.arrows is None
    pixels(nothing)


def test_periods_inside_the_cone_at_all_times_are_cropped():
    R2, phase, coi, freq, sig = random_field(40, 100)
    coi = coi / coi.max() / freq[24]
    sig = np.linspace(0.6, 0.9, 40)
    cropped = plot_wct(R2, phase, coi, freq, sig, ax=new_axes())
    by_hand = R2[:25], phase[:25], coi, freq[:25], sig[:25]
    shown = plot_wct(*by_hand, crop_to_coi=False, ax=new_axes())
    np.testing.assert_array_equal(pixels(cropped), pixels(shown))
    whole = plot_wct(R2, phase, coi, freq, sig, crop_to_coi=False, ax=new_axes())
    assert whole.mesh.get_array().size == R2.size
    assert whole.axes.get_ylim()[0] > 1 / freq[-1] > cropped.axes.get_ylim()[0]


def test_periods_that_are_all_inside_the_cone_are_refused_or_drawn_on_request():
    R2, phase, coi, freq, sig = random_field(10, 30)
    message = r"`freq` must have a period within `coi`, .* at most 601, got .* from 730 on. .* unit"
    with pytest.raises(ValueError, match=message):
        plot_wct(R2, phase, coi, freq / 365, sig, ax=new_axes())
    pixels(plot_wct(R2, phase, coi, freq / 365, sig, crop_to_coi=False, ax=new_axes()))


@pytest.mark.parametrize("names", ["AB", ("AO", 1), None, {"AO": "ice"}], ids=repr)
def test_names_are_strings(names):
    with pytest.raises(TypeError, match=r"`names` must be two strings, such as .*, got"):
        plot_wct(*random_field(10, 30), names=names, ax=new_axes())


@pytest.mark.parametrize("shape", [(20, 50), (200, 5000)])
def test_picture_of_any_size_is_not_blank(shape):
    picture = pixels(plot_wct(*random_field(*shape), ax=new_axes()))
    assert picture.shape == (5 * DPI, 8 * DPI, 4)
    assert np.unique(picture.reshape(-1, 4), axis=0).shape[0] > 50


def test_field_of_100_000_columns_is_not_copied():
    field = random_field(60, 100_000)
    tracemalloc.start()
    pixels(plot_wct(*field, ax=new_axes()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < field[0].nbytes / 2


def test_long_record_is_averaged_to_pixels():
    R2, phase, coi, freq, sig = random_field(10, 9000)
    R2[:] = np.linspace(0, 1, 9000)
    R2[:, ::7] = np.nan
    plot = plot_wct(R2, phase, coi, freq, sig, ax=new_axes())
    drawn = plot.mesh.get_array().reshape(10, -1)
    # 8 inches, of which the axes of a figure take 77.5 % before it is laid out, at 200 to the inch.
    assert drawn.shape[1] == 1240
    np.testing.assert_allclose(drawn[0], np.linspace(0, 1, 1240), atol=2e-3)


def test_one_scale_and_one_time_are_drawn():
    plot = plot_wct([[0.5]], [[0.1]], [5.0], [0.25], [0.4], ax=new_axes())
    pixels(plot)
    assert plot.mesh.get_array().ravel().tolist() == [0.5]


@pytest.mark.parametrize("kind", ["datetime64", "datetime", "pandas"])
def test_dates_are_labelled_as_dates(kind):
    days = np.datetime64("2001-03-01") + np.arange(300)
    times = {
        "datetime64": lambda: days,
        "datetime": lambda: [
            datetime.datetime(2001, 3, 1) + datetime.timedelta(k) for k in range(300)
        ],
        "pandas": lambda: pytest.importorskip("pandas").DatetimeIndex(days),
    }[kind]()
    plot = plot_wct(*random_field(10, 300), times, ax=new_axes())
    plot.figure.draw_without_rendering()
    labels = [tick.get_text() for tick in plot.axes.get_xticklabels()]
    assert "Jul" in labels
    assert plot.axes.xaxis.get_major_formatter().get_offset().startswith("2001")


def test_options_leave_parts_out():
    plot = plot_wct(
        *random_field(10, 30),
        colorbar=False,
        caption=False,
        arrows=False,
        title="A title",
        time_label="Year",
        ax=new_axes(),
    )
    assert plot.colorbar is None
    assert plot.caption is None
    assert plot.arrows is None
    assert plot.axes.get_title() == "A title"
    assert plot.axes.get_xlabel() == "Year"
    assert len(plot.figure.axes) == 1


def test_caption_stays_inside_the_figure():
    plot = plot_wct(*random_field(20, 50), ax=new_axes())
    plot.figure.draw_without_rendering()
    box = plot.caption.get_window_extent()
    width, height = plot.figure.get_size_inches() * DPI
    assert 0 <= box.x0 < box.x1 <= width
    assert 0 <= box.y0 < box.y1 < plot.axes.xaxis.label.get_window_extent().y0 < height


@pytest.mark.parametrize("width", np.linspace(4, 12, 9))
def test_line_of_a_caption_does_not_end_where_a_sentence_begins(width):
    plot = plot_wct(*random_field(20, 50), ax=new_axes((width, 6)))
    lines = plot.caption.get_text().split("\n")
    assert not [line for line in lines if line.endswith((":", "→", "←", "↓", "↑"))]
    assert "Arrows: phase; → in phase" in plot.caption.get_text().replace("\n", " ")


def test_new_figure_is_made_without_axes(monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    plot = plot_wct(*random_field(10, 30))
    assert pyplot.fignum_exists(plot.figure.number)
    pyplot.close(plot.figure)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"WCT": np.zeros(5)}, r"`WCT` must have shape \(n_scales, n_times\), got \(5,\)"),
        ({"aWCT": np.zeros((2, 3))}, r"`aWCT` must have the shape of `WCT`.*got \(2, 3\)"),
        ({"coi": np.ones(4)}, r"`coi` must have one value for each time .*30, got shape \(4,\)"),
        ({"freq": np.ones(4)}, r"`freq` must have one value for each scale .*10, got shape \(4,\)"),
        ({"freq": np.zeros(10)}, "`freq` must be positive, got 0"),
        ({"sig": np.ones(4)}, r"`sig` must have one value for each scale"),
        ({"times": np.arange(29)}, r"`times` must have one value for each time"),
        ({"times": np.zeros(30)}, "`times` must ascend"),
        ({"arrow_level": -1}, "`arrow_level`"),
        ({"freq": np.arange(2.0, 12)}, r"`freq` must be .* descend, got .*pass 1 / periods"),
        ({"freq": np.ones(10)}, r"`freq` must be the frequencies that the transform returns"),
        ({"names": ("AO",)}, "`names` must be two strings, one for each series"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(change, message):
    names = ("WCT", "aWCT", "coi", "freq", "sig")
    arguments = dict(zip(names, random_field(10, 30), strict=True)) | change
    with pytest.raises(ValueError, match=message):
        plot_wct(**arguments, ax=new_axes())


def test_mask_is_outlined_in_place_of_a_level():
    R2, phase, coi, freq, sig = random_field(40, 100)
    mask = np.zeros(R2.shape, dtype=bool)
    mask[10:20, 30:60] = True
    plot = plot_wct(R2 / 2, phase, coi, freq, sig, significant=mask, ax=new_axes())
    corners = plot.contour.get_paths()[0].get_extents()
    np.testing.assert_allclose([corners.x0, corners.x1], [29.5, 59.5], atol=0.1)
    assert "Outlined: what is significant." in plot.caption.get_text()
    inside = (plot.arrows.X >= 30) & (plot.arrows.X < 60)
    assert inside.all()
    assert plot.arrows.N > 5


def test_mask_of_a_long_record_is_outlined_where_half_of_a_pixel_is_significant():
    R2, phase, coi, freq, _ = random_field(20, 20_000)
    mask = np.zeros(R2.shape, dtype=bool)
    mask[5:10, 4000:9000] = True
    mask[15, ::50] = True
    plot = plot_wct(R2, phase, coi, freq, significant=mask, ax=new_axes())
    corners = plot.contour.get_paths()[0].get_extents()
    np.testing.assert_allclose([corners.x0, corners.x1], [4000, 9000], atol=20)
    assert corners.y1 < 1 / freq[11]


@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        (np.ones((10, 30)), TypeError, "`significant` must hold truth values, got ndarray"),
        (np.ones((10, 29), bool), ValueError, r"`significant` must have the shape of `WCT`, \(10"),
    ],
)
def test_mask_must_be_truth_values_of_the_field(mask, error, message):
    with pytest.raises(error, match=message):
        plot_wct(*random_field(10, 30), significant=mask, ax=new_axes())


def test_arrow_of_a_long_record_is_the_mean_direction_over_its_pixel():
    R2, phase, coi, freq, _ = random_field(6, 40_000)
    phase[:] = np.where(np.arange(40_000) % 2, 3.0, -3.0)  # their mean is pi, not 0
    plot = plot_wct(np.ones_like(R2), phase, coi, freq, ax=new_axes())
    np.testing.assert_allclose(plot.arrows.U, -1, atol=1e-3)


def test_outline_of_many_pieces_is_thin():
    field = [np.tile([0.2, 0.2, 0.9, 0.9], (20, 100)), *random_field(20, 400)[1:]]
    thin = plot_wct(*field, ax=new_axes()).contour
    field[0] = np.where(np.arange(400) < 200, 0.2, 0.9) * np.ones((20, 1))
    thick = plot_wct(*field, ax=new_axes()).contour
    assert thin.get_linewidths()[0] < 1 < thick.get_linewidths()[0]


def test_settings_of_matplotlib_and_pyplot_stay_as_they_were():
    import matplotlib as mpl
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    before, figures = dict(mpl.rcParams), pyplot.get_fignums()
    pixels(plot_wct(*random_field(10, 30), ax=new_axes()))
    assert dict(mpl.rcParams) == before
    assert pyplot.get_fignums() == figures


@pytest.mark.parametrize("size", [(8, 5), (5, 4), (3.4, 2.8)])
def test_parts_fit_a_figure_of_any_size(size):
    years = np.arange("1850", "2000", dtype="datetime64[Y]")
    plot = plot_wct(*random_field(40, 150), years, period_unit="years", ax=new_axes(size))
    plot.figure.draw_without_rendering()
    box, bar = plot.axes.get_window_extent(), plot.colorbar.ax.get_window_extent()
    width, height = (inches * DPI for inches in size)
    assert 0 < bar.x0 - box.x1 < 0.05 * width  # the caption does not push the bar away
    assert plot.caption.get_window_extent().x1 < width
    assert box.width > 0.55 * width
    assert box.height > 0.3 * height
    labels = [label.get_window_extent() for label in plot.axes.get_xticklabels()]
    assert len(labels) >= 2
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(labels))


def test_caption_of_levels_alone_names_no_number():
    field = random_field(10, 40)
    words = plot_wct(*field, ax=new_axes()).caption.get_text().replace("\n", " ")
    assert "Outlined: the significance level." in words
    assert "%" not in words
    own = plot_wct(*field, level_label="10 % level", ax=new_axes()).caption.get_text()
    assert "Outlined: 10 % level." in own.replace("\n", " ")


@pytest.mark.parametrize("first", ["-0500", "0000", "9960", "12000"])
def test_dates_beyond_the_calendar_are_refused_with_a_remedy(first):
    dates = np.datetime64(first, "Y") + np.arange(60)
    with pytest.raises(ValueError, match=r"`times` must lie in the years 2 to 9998 .* numbers"):
        plot_wct(*random_field(10, 60), dates, ax=new_axes())
    years = dates.astype("datetime64[Y]").astype(int) + 1970
    assert plot_wct(*random_field(10, 60), years, ax=new_axes()).mesh is not None


@pytest.mark.parametrize("first", ["0002", "9939"])
def test_dates_at_the_ends_of_the_calendar_are_drawn(first):
    dates = np.datetime64(first, "Y") + np.arange(60)
    plot = plot_wct(*random_field(10, 60), dates, ax=new_axes())
    pixels(plot)
    assert plot.mesh.get_array().size == 600


def test_arrows_of_a_real_wavelet_are_in_phase_or_anti_phase_only():
    x, y = np.random.default_rng(0).normal(size=(2, 200)) + np.sin(np.arange(200) / 3)
    told = {}
    for wavelet in ("morlet", "dog"):
        result = wct(x, y, 1.0, wavelet=wavelet, sig=False)
        told[wavelet] = result.plot(ax=offscreen_axes()).caption.get_text().replace("\n", " ")
    assert "leads" in told["morlet"]
    assert "anti-phase." in told["dog"]
    assert "leads" not in told["dog"]
