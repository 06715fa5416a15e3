"""Run pycwt's sample scripts, and save all that each draws. A program, run by the tests.

usage: python drawn.py {pycwt,compat} FOLDER SCRIPT...

What SCRIPT draws is saved in FOLDER/SCRIPT.npz.

It is run in a copy of pycwt's folder of samples, where the script finds its data.
"""

import runpy
import sys
import warnings
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver
from matplotlib.text import Text

# The contour of significant coherence is not compared, so pycwt need not take minutes for it.
FEW_SURROGATES = 3


def limit_surrogates():
    """Let pycwt itself simulate no more than it must."""
    import pycwt.wavelet

    whole = pycwt.wavelet.wct_significance

    def short(*arguments, **options):
        return whole(*arguments, **{**options, "mc_count": FEW_SURROGATES, "progress": False})

    pycwt.wavelet.wct_significance = short


def contents(figure, number):
    """Return every array and text in a figure, by a name that says where it is."""
    found = {}
    for a, axes in enumerate(figure.axes):
        place = f"figure {number} axes {a}"
        for k, line in enumerate(axes.lines):
            found[f"{place} line {k}"] = line.get_xydata()
        for k, image in enumerate(axes.images):
            found[f"{place} image {k}"] = np.ma.filled(image.get_array(), np.nan)
        for k, patch in enumerate(axes.patches):
            found[f"{place} patch {k}"] = patch.get_path().vertices
        for k, artist in enumerate(axes.collections):
            if isinstance(artist, ContourSet):
                found[f"{place} contour {k} levels"] = np.asarray(artist.levels)
                vertices = [path.vertices for path in artist.get_paths() if len(path.vertices)]
                found[f"{place} contour {k}"] = np.concatenate(vertices or [np.empty((0, 2))])
            elif isinstance(artist, Quiver):
                found[f"{place} arrows {k}"] = np.stack([artist.U, artist.V])
        found[f"{place} limits"] = np.array([*axes.get_xlim(), *axes.get_ylim()])
        texts = [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
        found[f"{place} texts"] = np.array(texts)
    return found


def picture(figure, coherences):
    """Return the pixels of a figure, without texts, for which TeX may be needed."""
    matplotlib.rcParams["text.usetex"] = False
    for text in figure.findobj(Text):
        text.set_usetex(False)
        text.set_visible(False)
    for axes in figure.axes:
        axes.set(title="", xlabel="", ylabel="")
        axes.tick_params(labelleft=False, labelbottom=False, labelright=False)
        if axes.get_title() == "" and axes in coherences:
            for artist in axes.collections:
                if isinstance(artist, ContourSet):
                    artist.set_visible(False)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def drawn_by(script, name):
    """Run a script for which `import pycwt` gives a package of some name; return what it draws."""
    pyplot.close("all")
    matplotlib.rcdefaults()
    sys.argv = [script]
    names = runpy.run_path(script, run_name="__main__")
    assert names["wavelet"].__name__ == name
    figures = [pyplot.figure(number) for number in pyplot.get_fignums()]
    found = {}
    for number, figure in enumerate(figures):
        found |= contents(figure, number)
    coherences = [ax for f in figures for ax in f.axes if ax.get_title() == "Cross-Correlation"]
    for number, figure in enumerate(figures):
        found[f"figure {number} pixels"] = picture(figure, coherences)
    return found


if __name__ == "__main__":
    which, folder, *scripts = sys.argv[1:]
    warnings.simplefilter("ignore")
    # Saving would need TeX, which the sample scripts ask for.
    Figure.savefig = lambda *arguments, **options: None
    if which == "compat":
        import pycwt_mod.compat

        pycwt_mod.compat.install()
    else:
        limit_surrogates()
    sys.path.insert(0, "")
    for script in scripts:
        package = {"compat": "pycwt_mod", "pycwt": "PyCWT"}[which]
        np.savez(Path(folder, f"{script}.npz"), **drawn_by(script, package))
