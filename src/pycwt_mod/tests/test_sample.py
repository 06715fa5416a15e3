import dataclasses
from importlib import resources

import numpy as np
import pytest

import pycwt_mod
from pycwt_mod.sample import Series, load
from pycwt_mod.sample.dataset import Dataset

# name: samples, first and last value, first and last time
KNOWN = {
    "ao": (147, 0.126794283, 0.840630664, 1851.0, 1997.0),
    "baltic": (280, 130.0, 157.0, 1720.0, 1999.0),
    "nino3": (504, -0.15, -0.06, 1871.0, 1996.75),
    "soi": (400, 0.75, -0.58, 1896.0, 1995.75),
    "sunspot": (992, 0.0, 13.37, 1748.0, 1995.75),
}


@pytest.mark.parametrize("name", KNOWN)
def test_load_gives_known_series(name):
    series = load(name)
    found = series.values.size, series.values[0], series.values[-1]
    assert (*found, series.times[0], series.times[-1]) == KNOWN[name]
    assert series.times.shape == series.values.shape
    np.testing.assert_array_equal(np.diff(series.times), series.dt)
    assert series.name == name
    assert series.title


def test_load_ignores_case():
    assert load(" Baltic ").name == "baltic"


def test_load_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"`name`.*'ao', 'baltic', 'nino3'.*got 'mauna'"):
        load("mauna")
    with pytest.raises(TypeError, match="`name` must be a string, got 3"):
        load(3)


def test_load_returns_fresh_arrays():
    load("ao").values[:] = 0
    assert load("ao").values[0] == KNOWN["ao"][1]


def test_series_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load("ao").name = "other"
    assert isinstance(load("ao"), Series)


def test_sample_is_reached_from_the_package():
    assert pycwt_mod.sample.load is load


def test_sample_table_of_origins_is_shipped():
    folder = resources.files("pycwt_mod.sample")
    table = folder.joinpath("README.md").read_text(encoding="utf-8")
    files = [entry.name for entry in folder.iterdir() if entry.name.endswith(".dat")]
    assert len(files) == len(KNOWN)
    assert all(name in table for name in files)


@pytest.mark.parametrize("name", ["NINO3", "SOI", "SUNSPOTS"])
@pytest.mark.parametrize("usetex", [True, False])
def test_dataset_agrees_with_pycwt(name, usetex):
    oracle = pytest.importorskip("pycwt.sample.dataset").Dataset(name, usetex)
    dataset = Dataset(name, usetex)
    for attribute in ("fname", "title", "label", "t0", "dt"):
        assert getattr(dataset, attribute) == getattr(oracle, attribute)
    if not usetex:
        assert (dataset.units, dataset.units2) == (oracle.units, oracle.units2)
    with resources.as_file(resources.files("pycwt.sample").joinpath(oracle.fname)) as path:
        np.testing.assert_array_equal(dataset.load(), np.loadtxt(path))


def test_dataset_units_can_be_drawn_by_matplotlib():
    from matplotlib.mathtext import MathTextParser

    units = Dataset("NINO3").units2
    assert MathTextParser("path").parse(units).width > 0
    assert Dataset("soi").units2 == "mb$^2$"
    assert Dataset("sunspots").units2 == ""


@pytest.mark.parametrize("name", ["MAUNA", "monsoon"])
def test_dataset_says_what_is_not_shipped(name):
    with pytest.raises(ValueError, match=f"got '{name}': .*not shipped"):
        Dataset(name)


def test_dataset_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"'NINO3', 'SOI', 'SUNSPOTS', got 'enso'"):
        Dataset("enso")
    with pytest.raises(TypeError, match="`name` must be a string"):
        Dataset(None)
