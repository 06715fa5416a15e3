import numpy as np
import pytest

from pycwt_mod.plotting import plot_wct
from pycwt_mod.plotting.field import Field

from .pictures import new_axes, pixels, random_field

INCHES_OF_AXES = 8 * 0.775  # before a figure is laid out


def smooth_field(n_scales, n_times, length):
    """Return a field of waves `length` samples long, and what `wct` returns with it."""
    R2, phase, coi, freq, sig = random_field(n_scales, n_times)
    t, j = np.arange(n_times), np.arange(n_scales)[:, np.newaxis]
    R2[:] = 0.5 + 0.45 * np.sin(2 * np.pi * (t / length + 3 * j / n_scales))
    return R2, phase, coi, freq, sig


def number_of_crossings(plot, period):
    """Return how often the outline crosses a period."""
    return sum(
        np.count_nonzero(np.diff(segment[:, 1] > period)) for segment in plot.contour.allsegs[0]
    )


def test_outline_of_a_long_record_has_no_more_lines_than_can_be_seen():
    # Two octaves in which one patch in a hundred is longer than a pixel, under a plain half.
    R2, phase, coi, freq, sig = random_field(40, 100_000)
    R2[:20] = np.random.default_rng(1).choice([0.1, 0.95], (20, 1000)).repeat(100, axis=1)
    R2[20:], R2[20:, 30_000:60_000] = 0.2, 0.95
    plot = plot_wct(R2, phase, coi, freq, sig, caption=False, ax=new_axes())
    assert number_of_crossings(plot, 1 / freq[10]) < INCHES_OF_AXES / 0.06
    # The patch that can be seen keeps its place, to a pixel of 80 samples.
    corners = np.concatenate([s for s in plot.contour.allsegs[0] if s[:, 1].max() > 1 / freq[25]])
    below = corners[corners[:, 1] > 1 / freq[22]]
    assert [below[:, 0].min(), below[:, 0].max()] == pytest.approx([30_000, 60_000], abs=120)
    # Black is the hatching, frame and outline, not the upper half.
    upper = pixels(plot)[20:180, 80:600, :3].max(axis=2)
    assert (upper < 60).mean() < 0.25


def test_outline_of_a_record_with_room_runs_where_the_level_is():
    field = smooth_field(120, 2000, 400)
    plot = plot_wct(*field, ax=new_axes())
    for segment in plot.contour.allsegs[0]:
        rows = np.interp(np.log2(segment[:, 1]), -np.log2(field[3]), np.arange(120))
        exact = 0.5 + 0.45 * np.sin(2 * np.pi * (segment[:, 0] / 400 + rows / 40))
        np.testing.assert_allclose(exact, 0.8, atol=0.01)


def test_outline_of_a_corrected_mask_is_that_of_the_levels_it_implies():
    R2, phase, coi, freq, _ = smooth_field(30, 600, 150)
    coi = np.full(600, 1e9)
    exact = np.linspace(0.7, 0.85, 30)
    mask = exact[:, np.newaxis] < R2
    smooth = plot_wct(R2, phase, coi, freq, significant=mask, ax=new_axes())
    known = plot_wct(R2, phase, coi, freq, exact, ax=new_axes())
    assert len(smooth.contour.allsegs[0]) == len(known.contour.allsegs[0])
    for one, other in zip(smooth.contour.allsegs[0], known.contour.allsegs[0], strict=True):
        box = [np.ptp(line[:, 0]) for line in (one, other)]
        assert box[0] == pytest.approx(box[1], abs=2)
        # Steps would be parallel to the axes.
        steps = np.diff(one, axis=0)
        assert np.mean(np.abs(steps[:, 0]) < 1e-9) < 0.2


def test_mask_outside_the_cone_is_outlined_and_has_arrows_there_only():
    R2, phase, coi, freq, _ = random_field(30, 200)
    R2[:] = 0.3
    R2[10:20] = 0.9
    outside = 1 / freq[:, np.newaxis] <= coi
    mask = outside & (R2 > 0.5)
    plot = plot_wct(R2, phase, coi, freq, significant=mask, arrow_level=0.95, ax=new_axes())
    assert (np.interp(plot.arrows.X, np.arange(200), coi) * 1.0001 >= plot.arrows.Y).all()
    clip, transform = plot.contour.get_clip_path().get_transformed_path_and_affine()
    corners = transform.transform(clip.vertices)
    visible = type(clip)(corners)
    middle = plot.axes.transData.transform([(100, 1 / freq[14]), (1, 1 / freq[14])])
    assert visible.contains_points(middle).tolist() == [True, False]


def test_level_of_each_point_is_outlined():
    R2, phase, coi, freq, _ = smooth_field(20, 300, 100)
    levels = np.full(R2.shape, 0.7)
    levels[:, 150:] = 0.99
    plot = plot_wct(R2, phase, coi, freq, levels, ax=new_axes())
    assert max(segment[:, 0].max() for segment in plot.contour.allsegs[0]) < 151


def field(values, inside):
    periods, coi, times = np.arange(1.0, 1 + len(values)), 1e3 * ~inside, np.arange(inside.size)
    return Field(values, periods, np.zeros((len(values), 1)), coi, times, dates=False)


@pytest.mark.parametrize("inside_too", [False, True])
def test_implied_levels_part_what_is_marked_from_the_rest(inside_too):
    rng = np.random.default_rng(2)
    values, levels = rng.random((12, 80)), rng.uniform(0.6, 0.8, 12)
    levels[4] = 1.0  # nothing there
    inside = np.arange(80) < 20
    mask = (values > levels[:, np.newaxis]) & (inside_too | ~inside)
    found, bounded = field(values, inside).implied_levels(mask)
    assert bounded is not inside_too
    counted = np.ones(80, bool) if inside_too else ~inside
    np.testing.assert_array_equal((values >= found)[:, counted], mask[:, counted])


def test_mask_that_no_level_makes_implies_none():
    values = np.array([[0.1, 0.9], [0.2, 0.3]])
    mask = np.array([[True, False], [False, True]])
    assert field(values, np.zeros(2, bool)).implied_levels(mask) is None
