"""`wct --given` and `wct --with` on files: partial and multiple coherence."""

import json
from pathlib import Path

import numpy as np
import pytest

import pycwt_mod

FEW = ("--mc-count", "20", "--dj", "1/4", "--no-progress", "--no-cache")
NAMED = ("--x", "rain", "--y", "flow")
N = 200


@pytest.fixture(scope="module")
def series():
    rng = np.random.default_rng(4)
    snow, heat = np.round(rng.normal(size=(2, N)), 6)
    rain, flow = np.round(rng.normal(size=(2, N)) + snow, 6)
    return {"rain": rain, "flow": flow, "snow": snow, "heat": heat}


@pytest.fixture
def table(series, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = zip(*(values.tolist() for values in series.values()), strict=True)
    lines = [",".join(series), *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "rivers.csv").write_text("\n".join([*lines, ""]))
    return "rivers.csv"


CASES = {
    "partial": (
        ("--given", "snow", "heat"),
        lambda s, **o: pycwt_mod.pwct(s["rain"], s["flow"], [s["snow"], s["heat"]], **o),
        "Partial wavelet coherence of rain (x) and flow (y) without snow and heat\n",
        "rain and flow without snow and heat",
    ),
    "multiple": (
        ("--with", "snow", "--with", "heat"),
        lambda s, **o: pycwt_mod.mwct(s["flow"], [s["rain"], s["snow"], s["heat"]], **o),
        "Multiple wavelet coherence of flow (y) with rain (x), snow and heat\n",
        "flow with rain, snow and heat",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_numbers_picture_and_arrays_are_those_of_the_package(case, table, series, call):
    options, function, title, words = CASES[case]
    options += ("--null", "scale")
    files = ("--plot", "field.svg", "--save", "field.npz")
    status, out, err = call("wct", table, *NAMED, *options, *FEW, *files)
    assert (status, err) == (0, "")
    assert out.startswith(title)
    assert "20 surrogates, seed 0" in out
    found = function(series, dt=1.0, dj=1 / 4, mc_count=20, rng_seed=0, progress=False, cache=False)
    with np.load("field.npz") as kept:
        np.testing.assert_allclose(kept["WCT"], found.WCT, rtol=1e-9)
        np.testing.assert_allclose(kept["sig"], found.sig, rtol=1e-9)
        np.testing.assert_allclose(kept["pvalue"], found.pvalues("scale"), rtol=1e-9)
        assert ("aWCT" in kept) == (case == "partial")
        np.testing.assert_array_equal(kept["others"], [series["snow"], series["heat"]])
        made = json.loads(str(kept["provenance"]))
    assert (made["given"], made["with"]) == (
        (["snow", "heat"], []) if case == "partial" else ([], ["snow", "heat"])
    )
    told = json.loads(call("wct", table, *NAMED, *options, *FEW, "--json")[1])["results"]
    assert told["ar1"] == pytest.approx(found.provenance["coefficients"])
    share = found.significant(null="scale")[found.outside()].mean()
    assert told["share_significant"] == pytest.approx(share)
    assert words in Path("field.svg").read_text(encoding="utf-8")


def test_given_coefficients_are_those_of_x_and_y(table, call_json):
    for options, order in ((("--given", "snow"), [0, 1]), (("--with", "snow"), [1, 0])):
        given = ("--al1", "0.1", "--al2", "0.2", "--null", "scale")
        told = call_json("wct", table, *NAMED, *options, *given, *FEW)
        known = told["results"]["ar1"]
        assert [known[place] for place in order] == [0.1, 0.2]
        assert len(known) == 3


def test_points_are_compared_with_their_own_place_on_demand(table, call):
    options = ("--given", "snow", "--wavelet", "dog", "--null", "point", "--correction", "fdr")
    status, out, err = call("wct", table, *NAMED, *options, *FEW, "--scales", "20")
    assert (status, err) == (0, "")
    assert "false discovery rate of 5 %" in " ".join(out.split())
    assert "each point tested at its own place" in " ".join(out.split())
    closed = ("--with", "snow", "--method", "analytic", "--scales", "8")
    status, out, _ = call("wct", table, *NAMED, *closed, *FEW)
    assert status == 0
    assert "levels in closed form, each point tested at its own place" in " ".join(out.split())


def test_three_files_are_joined(series, tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    for name in ("rain", "flow", "snow"):
        rows = (f"{1800 + k},{value}\n" for k, value in enumerate(series[name]))
        (tmp_path / f"{name}.csv").write_text(f"year,{name}\n" + "".join(rows))
    files = ("rain.csv", "flow.csv", "snow.csv")
    quick = ("--null", "scale", *FEW)
    status, out, _ = call("wct", *files, "--given", "snow", "--time", "year", *quick)
    assert status == 0
    assert out.startswith("Partial wavelet coherence of rain (x) and flow (y) without snow\n")
    status, _, err = call("wct", *files[:2], "--given", "snow", "--time", "year", *FEW)
    assert status == 2
    assert "takes one file or 3, got 2: rain.csv, flow.csv" in err


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--given", "rain"), 1, "rivers.csv: column 'rain' must be named once, got it twice"),
        (("--with", "ice"), 1, "rivers.csv: there is no column 'ice'"),
        (("--given",), 2, "--given: expected at least one argument"),
        (("--given", "snow", "--with", "heat"), 2, "--with: not allowed with argument --given"),
    ],
)
def test_columns_that_do_not_fit_are_told(options, status, message, table, call):
    found, _, err = call("wct", table, *NAMED, *options, *FEW)
    assert found == status
    assert message in err
