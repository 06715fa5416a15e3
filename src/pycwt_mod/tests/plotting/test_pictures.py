"""Pictures against those in `baseline`, which were looked at; `gallery` says how to make them."""

import dataclasses

import numpy as np
import pytest
from matplotlib.image import imread

from pycwt_mod.plotting import FieldPlot, MatrixPlot, NullPlot, PowerPlot, offscreen_axes

from . import gallery

# Root mean square difference of the levels 0 to 255. The baselines are of matplotlib 3.11.2; 3.9.4
# draws them without any difference, so this leaves room for lines that another version or machine
# places a fraction of a pixel elsewhere. The least of the wrong pictures below differs by 8.
TOLERANCE = 2.0


def difference(name, plot, folder):
    """Return the root mean square difference of a picture from its baseline."""
    path = folder / f"{name}.png"
    gallery.save(plot, path)
    expected, found = (255 * imread(each) for each in (gallery.BASELINE / path.name, path))
    return np.sqrt(np.mean((found - expected)[..., :3] ** 2))


@pytest.mark.parametrize("name", gallery.DRAWN)
def test_picture_is_the_one_that_was_looked_at(name, tmp_path):
    assert difference(name, gallery.DRAWN[name](), tmp_path) < TOLERANCE


def hide(part):
    """Return a function that makes one part of a picture invisible."""

    def change(plot):
        artists = getattr(plot, part)
        for artist in artists if isinstance(artists, tuple) else [artists]:
            artist.set_visible(False)

    return change


def turn_arrows(plot):
    plot.arrows.set_UVC(-plot.arrows.U, -plot.arrows.V)


def mirror_arrows(plot):
    plot.arrows.set_UVC(plot.arrows.U, -plot.arrows.V)


def swap_colours(plot):
    plot.mesh.set_cmap("viridis_r")


def shift_field(plot):
    plot.mesh.set_array(np.roll(plot.mesh.get_array(), 3, axis=1))


WRONG_CALLS = [
    ("wct", {"sig": None}),
    ("wct", {"arrow_level": 0.99, "sig": None}),
    ("wct", {"crop_to_coi": False}),
    ("wct", {"colorbar": False}),
    ("wct_mask", {"significant": None}),
    ("wct_long", {"sig": 0.9}),
    ("xwt", {"signif": None}),
    ("cwt", {"detrend": None, "normalize": False}),
    ("cwt", {"wavelet": "paul"}),
    ("cwt", {"alpha": 0.0}),
    ("cwt", {"band": (2, 5)}),
    ("cwt", {"significance_level": 0.8}),
    ("null", {"levels": (0.9, 0.95)}),
    ("null", {"periods": range(1, 25)}),
    ("matrix", {"measure": "share"}),
    ("matrix", {"level": 0.95}),
    ("matrix", {"marks": False}),
]


@pytest.mark.parametrize(("name", "changes"), WRONG_CALLS, ids=str)
def test_picture_of_a_wrong_call_is_found_out(name, changes, tmp_path):
    assert difference(name, gallery.DRAWN[name](**changes), tmp_path) > TOLERANCE


WRONG_PARTS = [
    *(("wct", change) for change in (turn_arrows, mirror_arrows, swap_colours, shift_field)),
    *(("wct", hide(part)) for part in ("arrows", "contour", "cone")),
    *(("wct_long", change) for change in (turn_arrows, hide("arrows"), hide("contour"))),
    *(("wct_mask", change) for change in (hide("contour"), hide("arrows"))),
    *(("xwt", hide(part)) for part in ("contour", "cone")),
    *(("cwt", hide(part)) for part in ("contour", "cone", "series", "spectrum", "average")),
    *(("null", hide(part)) for part in ("lines", "bands")),
]


@pytest.mark.parametrize(("name", "spoil"), WRONG_PARTS)
def test_picture_with_a_wrong_part_is_found_out(name, spoil, tmp_path):
    plot = gallery.DRAWN[name]()
    spoil(plot)
    assert difference(name, plot, tmp_path) > TOLERANCE


@pytest.mark.parametrize("kind", [FieldPlot, MatrixPlot, NullPlot, PowerPlot])
def test_picture_prints_as_one_line(kind):
    figure = offscreen_axes().figure
    figure.set_size_inches(8, 5)
    names = [field.name for field in dataclasses.fields(kind)]
    text = repr(kind(**{**dict.fromkeys(names), "figure": figure}))
    assert text.startswith(f"<{kind.__name__} of 8 x 5 inches: save(")
    assert "\n" not in text
