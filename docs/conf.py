"""Sphinx configuration. The pages are built, and read, without network access."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib
from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

from pycwt_mod import __version__

project = "pycwt_mod"
author = "The pycwt_mod developers"
copyright = "2026, the pycwt_mod developers"
version = release = __version__

sys.path.insert(0, str(Path(__file__).parent))
extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "thumbnails",  # beside this file
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "reference/generated/README*"]

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3

# Pages with code cells are run anew by every build, each in a folder of its own: what they show
# is what this version gives. A cell that fails, fails the build.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

# What the pages' own processes find: pictures go to the page, in the style of `matplotlibrc`, and
# simulations are neither taken from the builder's own cache nor left there.
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
os.environ["MATPLOTLIBRC"] = str(Path(__file__).parent / "matplotlibrc")
_cache = tempfile.TemporaryDirectory(prefix="pycwt_mod-docs-")
os.environ["PYCWT_MOD_CACHE_DIR"] = _cache.name
os.environ.pop("PYCWT_MOD_BACKEND", None)

copybutton_exclude = ".linenos, .gp, .go"

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections say the types, readably
# The methods of a class stand on its own page, by _templates/autosummary/class.rst.
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# Formulae are MathML, which browsers draw themselves: no script, none from another site.
html_math_renderer = "mathml"

html_theme = "pydata_sphinx_theme"
html_title = f"pycwt_mod {release}"
# Matplotlib brings a font for readers whose system has none for formulae.
html_static_path = ["_static", f"{matplotlib.get_data_path()}/fonts/ttf/STIXGeneral.ttf"]
html_css_files = ["pages.css"]
html_show_sourcelink = False
html_sidebars = {"**": ["contents"]}
html_theme_options = {
    "navbar_center": [],
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
}


def _inline_formula(page: Any, node: nodes.math) -> None:
    page.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _formula(page: Any, node: nodes.math_block) -> None:
    page.body.append(tex2mathml(node.astext(), as_block=True))
    raise nodes.SkipNode


def setup(app: Any) -> None:
    """Teach Sphinx to write formulae as docutils does."""
    app.add_html_math_renderer("mathml", (_inline_formula, None), (_formula, None))
