import re
import zlib

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import image
from matplotlib.figure import Figure

from pycwt_mod.plotting import plot_cwt, plot_matrix, plot_null, plot_wct, save_figure

from .pictures import new_axes, random_field
from .test_matrix import matrix_result


@pytest.fixture(scope="module")
def plot():
    return plot_wct(*random_field(20, 50), ax=new_axes((4, 3)))


@pytest.mark.heavy
def test_fonts_are_those_that_publishers_take(plot, tmp_path):
    before = dict(mpl.rcParams)
    for suffix in ("pdf", "eps"):
        plot.save(tmp_path / f"picture.{suffix}", dpi=40)
    assert dict(mpl.rcParams) == before
    pdf = (tmp_path / "picture.pdf").read_bytes()
    streams = [pdf] + [
        zlib.decompress(part)
        for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
        if part[:1] == b"x"
    ]
    kinds = set(re.findall(rb"/Subtype\s*/(Type\d|TrueType|CIDFontType2)", b"".join(streams)))
    assert kinds & {b"TrueType", b"CIDFontType2"}
    assert b"Type3" not in kinds
    eps = (tmp_path / "picture.eps").read_text(encoding="latin-1")
    assert "/FontType 42" in eps
    assert "/FontType 3" not in eps


@pytest.mark.heavy
def test_postscript_keeps_the_field_below_the_cone(plot, tmp_path, caplog):
    plot.save(tmp_path / "picture.eps", dpi=40)
    assert not [r for r in caplog.records if "transparen" in r.getMessage()]
    assert plot.axes.get_rasterization_zorder() is None


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_every_plot_saves_itself(suffix, tmp_path):
    from pycwt_mod import wct_null

    null = wct_null(0.5, 0.3, 1.0, 1 / 4, 2.0, 4, mc_count=16, rng_seed=1, progress=False)
    series = np.random.default_rng(0).normal(size=60)
    plots = [
        plot_matrix(matrix_result(3), band=0, ax=new_axes((2, 2))),
        plot_null(null, ax=new_axes((2, 2))),
        plot_cwt(series, 1.0, ax=Figure(figsize=(4, 4), layout="constrained")),
    ]
    for number, each in enumerate(plots):
        each.save(tmp_path / f"{number}.{suffix}", dpi=50)
        assert (tmp_path / f"{number}.{suffix}").stat().st_size > 1000


def test_picture_in_a_subfigure_tells_its_size_and_is_saved_with_the_whole(tmp_path):
    whole = Figure(figsize=(4, 6))
    upper, _ = whole.subfigures(2)
    series = np.random.default_rng(0).normal(size=60)
    plot = plot_cwt(series, 1.0, period_unit=None, colorbar=False, ax=upper)
    assert repr(plot).startswith("<PowerPlot of 4 x 3 inches")
    plot.save(tmp_path / "picture.png", dpi=50)
    assert image.imread(tmp_path / "picture.png").shape[:2] == (300, 200)


def test_settings_return_after_a_failure(plot):
    before = dict(mpl.rcParams)
    with pytest.raises(FileNotFoundError):
        save_figure(plot.figure, "/no/such/folder/picture.eps")
    assert dict(mpl.rcParams) == before
    assert plot.axes.get_rasterization_zorder() is None
