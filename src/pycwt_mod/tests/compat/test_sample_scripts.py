"""pycwt's own sample scripts run unchanged, and draw what they draw with pycwt.

They are taken from the installed distribution of pycwt. All are run in two processes, one with
pycwt and one with this package in its place. Compared are all arrays drawn, texts and limits, and
the pixels. sample.py is run for two of its data sets; MAUNA has a trend, for which the script sets
a lag-1 autocorrelation of 1. Only one thing may differ, and does: the contour of significant
coherence in sample_xwt.py, as pycwt tests against white noise whatever the series.
"""

import functools
import os
import shutil
import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import numpy as np
import pytest

import pycwt_mod

PROGRAM = Path(__file__).with_name("drawn.py")

# The script that names its data set, and one of the others that it takes, which has a trend.
NAMING, OTHER_SET = "sample.py", "MAUNA"

# The axes that pycwt's script draws coherence in, with its contour the first of its collections.
COHERENCE_CONTOUR = "figure 1 axes 1 contour 0"

# Rounding differs between the two; a contour interpolates where its field is steep.
RTOL, CONTOUR_ATOL = 1e-9, 1e-6
# Rounding may move a line by one level of grey, in few pixels.
MOST_PIXELS = 1e-4


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A copy of pycwt's folder of samples."""
    pytest.importorskip("pycwt")
    theirs = PathFinder.find_spec("pycwt")
    folder = Path(theirs.submodule_search_locations[0], "sample")
    copy = tmp_path_factory.mktemp("pycwt") / "sample"
    shutil.copytree(folder, copy)
    text = (copy / NAMING).read_text(encoding="utf-8")
    assert text.count('sample = "NINO3"') == 1
    other = text.replace('sample = "NINO3"', f'sample = "{OTHER_SET}"')
    (copy / f"{OTHER_SET}.py").write_text(other, encoding="utf-8")
    return copy


SCRIPTS = ["simple_sample.py", NAMING, "sample_xwt.py", f"{OTHER_SET}.py"]


@pytest.fixture(scope="module")
def draw(samples):
    """A function that runs all scripts, once each, and returns what one of them draws."""

    @functools.cache
    def run(which):
        folder, before = samples.parent / which, {p: p.read_bytes() for p in samples.glob("*.py")}
        folder.mkdir()
        environment = {
            **os.environ,
            "HOME": str(samples.parent),
            "XDG_CACHE_HOME": str(samples.parent),
            "MPLBACKEND": "Agg",
            # The program's folder holds this package's tests, which are not on the path.
            "PYTHONPATH": str(Path(pycwt_mod.__file__).parents[1]),
        }
        done = subprocess.run(
            [sys.executable, PROGRAM, which, folder, *SCRIPTS],
            cwd=samples,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        assert {path: path.read_bytes() for path in samples.glob("*.py")} == before
        return folder

    def drawn_by(which, script):
        with np.load(run(which) / f"{script}.npz") as content:
            return dict(content)

    return drawn_by


@pytest.fixture(params=SCRIPTS)
def drawn(request, draw):
    return request.param, draw("pycwt", request.param), draw("compat", request.param)


def test_sample_script_draws_the_same_arrays(drawn):
    script, theirs, ours = drawn
    assert ours.keys() == theirs.keys()
    arrays = [name for name in theirs if "pixels" not in name and "texts" not in name]
    assert len(arrays) > 10
    compared = 0
    for name in arrays:
        if script == "sample_xwt.py" and name == COHERENCE_CONTOUR:
            continue
        atol = CONTOUR_ATOL if "contour" in name else RTOL * np.abs(theirs[name]).max(initial=0)
        np.testing.assert_allclose(ours[name], theirs[name], RTOL, atol, err_msg=name)
        compared += theirs[name].size
    assert compared > 10_000


def test_sample_script_writes_the_same_texts(drawn):
    _, theirs, ours = drawn
    names = [name for name in theirs if "texts" in name]
    assert any(theirs[name].any() for name in names)
    for name in names:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


def test_sample_script_gives_the_same_pixels(drawn):
    _, theirs, ours = drawn
    names = [name for name in theirs if "pixels" in name]
    assert names
    for name in names:
        assert theirs[name][..., :3].std() > 10
        assert ours[name].shape == theirs[name].shape
        assert (ours[name] != theirs[name]).any(axis=-1).mean() < MOST_PIXELS, name


def test_only_the_contour_of_significant_coherence_differs(draw):
    theirs, ours = (draw(which, "sample_xwt.py") for which in ("pycwt", "compat"))
    assert ours[COHERENCE_CONTOUR].shape[0] > 100
    # pycwt's levels are of random surrogates: by chance both contours have as many points.
    assert not np.array_equal(ours[COHERENCE_CONTOUR], theirs[COHERENCE_CONTOUR])
