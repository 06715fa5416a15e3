"""`matrix`: all pairs of the columns of a file."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import pycwt_mod

N = 300
FEW = ("--mc-count", "40", "--no-progress", "--time", "day", "--dj", "1/4")


@pytest.fixture(autouse=True)
def shown_warnings():
    warnings.simplefilter("always")


@pytest.fixture
def stations():
    """Three series with a common cycle of 20 days, the third of them upside down; one without."""
    rng = np.random.default_rng(3)
    cycle = 1.5 * np.sin(2 * np.pi * np.arange(N) / 20)
    noise = rng.normal(size=(4, N))
    return dict(zip("abcd", noise + np.outer([1, 1, -1, 0], cycle), strict=True))


@pytest.fixture
def csv(stations, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    days = np.datetime64("2000-01-01") + np.arange(N)
    columns = {"day": days, "place": ["north"] * N, **stations}
    gaps = stations["a"].astype(object)
    gaps[5] = "n/a"
    columns |= {"gaps": gaps, "flat": np.ones(N)}
    rows = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    Path("stations.csv").write_text("\n".join([",".join(columns), *rows, ""]))
    return "stations.csv"


def test_matrix_numbers_are_those_of_the_package(csv, stations, call_json):
    columns = [word for name in "abcd" for word in ("--column", name)]
    told = call_json("matrix", csv, *columns, "--band", "16:32", "--seed", "4", *FEW)
    with pytest.warns(UserWarning, match="doubtful"):  # waves of one period are no red noise
        result = pycwt_mod.wct_matrix(
            np.stack(list(stations.values())), 1.0, names=list("abcd"), bands=[(16, 32)], dj=1 / 4,
            mc_count=40, rng_seed=4, progress=False,
        )  # fmt: skip
    pairs = told["results"]["pairs"]
    assert [(pair["first"], pair["second"]) for pair in pairs] == list(result.labels)
    for name in ("coherence", "share", "phase", "pvalue", "pvalue_fdr"):
        found = [pair[name] for pair in pairs]
        np.testing.assert_allclose(found, getattr(result, name)[:, 0], rtol=1e-12)
    assert told["provenance"]["columns"] == list("abcd")
    assert told["provenance"]["seed"] == 4
    assert told["results"]["failures"] == {}


def test_matrix_goes_on_without_what_cannot_be_used(csv, call):
    status, out, err = call("matrix", csv, *FEW, "--save", "m.npz", "--plot", "m.png")
    assert status == 0
    assert "Wavelet coherence of 10 pairs of 5 series\n" in out
    assert "Failed: a and flat, b and flat, c and flat, d and flat: `flat` must vary" in out
    assert "Left out: stations.csv, line 7: column 'gaps' has a missing value ('n/a')" in out
    assert "Left out: stations.csv, line 2: column 'place' must hold numbers, got 'north'" in out
    assert "warning: left out: stations.csv, line 2: column 'place'" in err
    best = re.search(r"^  (\w) +(\w) +16 to 32 +0\.\d\d +\d+ % +([+-]\d+) ", out, re.M)
    assert {best[1], best[2]} < set("abc")
    with np.load("m.npz", allow_pickle=False) as saved:
        assert saved["coherence"].shape == (10, saved["bands"].shape[0])
        assert saved["names"].tolist() == ["a", "b", "c", "d", "flat"]
        assert np.isnan(saved["pvalue"][3]).all()
    assert Path("m.png").stat().st_size > 10_000


def test_table_of_pairs_fits_a_terminal_whatever_the_names(csv, call):
    rows = Path(csv).read_text().replace(",a,b,", ",gauge above the old weir,gauge at the bridge,")
    Path(csv).write_text(rows.replace("day,", "month,"))
    options = ("--time", "month", "--unit", "months", *FEW[:3], "--dj", "1/4")
    names = ("--column", "gauge above the old weir", "--column", "gauge at the bridge")
    status, out, _ = call("matrix", csv, *names, *options)
    assert status == 0
    table = out.partition("bands that stand out:")[2].partition("\nRun:")[0]
    assert re.search(r"^  ga\w*\.\.\w*r +ga\w*\.\.\w*e +\d", table, re.M)
    assert max(map(len, out.splitlines())) <= 80


def test_only_pairs_that_stand_out_are_listed(csv, stations, call):
    status, out, err = call("matrix", csv, *(f"--column={name}" for name in "abcd"), *FEW)
    assert status == 0
    table = out.partition("bands that stand out:\n\n")[2].partition("\n\n")[0]
    corrected = [
        row.rstrip(" ?").split()[-1] for row in table.splitlines()[1:] if " more" not in row
    ]
    assert corrected
    assert all(float(p.strip("<")) <= 0.05 for p in corrected)
    assert re.search(r"<0\.001 \?$", table, re.M)  # a cycle is no red noise
    assert (
        "\nphase: tells a lag up to whole periods; use pycwt-mod wct on a pair for the lag.\n"
        in out
    )
    assert "?: doubtful, as these series have narrower rhythms" in out.replace("\n  ", " ")
    assert "--noise phase allows for them." in out.replace("\n  ", " ")
    assert "pass --noise phase." in err
    assert "p: probability that independent red noise has as large a mean R2" in out
    assert "e-0" not in out


def test_no_pair_of_noise_stands_out(stations, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("noise.npy", np.random.default_rng(2).normal(size=(200, 2)))
    status, out, _ = call("matrix", "noise.npy", "--band", "8:16", *FEW[:3], "--dt", "1")
    assert status == 0
    assert "Wavelet coherence of 1 pair of 2 series\n" in out
    assert re.search(r"No pair stands out; the smallest p \(FDR\) is 0\.\d+, of column 1 and", out)


def test_matrix_writes_fields_on_request(csv, call):
    columns = ("--column", "a", "--column", "b")
    assert call("matrix", csv, *columns, *FEW, "--fields", "fields")[0] == 0
    assert any(Path("fields").iterdir())
    before = {path: path.stat().st_mtime_ns for path in Path("fields").glob("pair*")}
    assert before
    assert call("matrix", csv, *columns, *FEW, "--fields", "fields")[0] == 0
    assert {path: path.stat().st_mtime_ns for path in Path("fields").glob("pair*")} == before


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--band", "8:4"], 2, "must be LOW:HIGH, such as 2:8, got '8:4'"),
        (["--band", "8"], 2, "must be LOW:HIGH"),
        (["--band", "1:1.5"], 2, "--band (in days) must hold periods of the transform, 2 to"),
        (["--column", "a"], 1, "must have at least two series of numbers, got 1"),
        (["--column", "a", "--column", "e"], 1, "there is no column 'e'"),
        (["--column", "place", "--column", "gaps"], 1, "at least two series of numbers, got 0"),
    ],
)
def test_what_is_wrong_is_told(arguments, status, message, csv, call):
    found, out, err = call("matrix", csv, *FEW, *arguments)
    assert (found, out) == (status, "")
    assert message in err
