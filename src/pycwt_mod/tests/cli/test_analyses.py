"""`wct`, `xwt` and `cwt` on a file: the numbers of the package, as text, JSON and arrays."""

import hashlib
import io
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import pycwt_mod
from pycwt_mod.cli import coherence_command, transform_command

# Enough for a yearly cycle, which is far above the level.
FEW = ("--mc-count", "20", "--dj", "1/4")
# A seed whose noise has no period above its level: by chance some have.
QUIET = 3
YEARS = ("--time", "date", "--unit", "years")


def test_wct_says_who_follows_whom(csv, call):
    status, out, err = call(
        "wct", csv, "--x", "rain", "--y", "discharge", *YEARS, *FEW, "--no-progress"
    )
    assert (status, err) == (0, "")
    assert "Wavelet coherence of rain (x) and discharge (y)\n" in out
    assert f"Data: {csv}, columns rain and discharge\n" in out
    assert "Times: 1980-01-01 to 1999-12-01, monthly, 240 values\n" in out
    assert max(map(len, out.splitlines())) <= 80
    best = re.search(
        r"Strongest evidence: periods of ([\d.]+) to ([\d.]+) years, (\d+) % sign", out
    )
    assert (float(best[1]), float(best[2])) == (0.75, 1.5)
    assert int(best[3]) > 80
    lag = re.search(
        r"phase \+(\d+) \+- \d+ deg: discharge follows rain by ([\d.]+) \+- ([\d.]+) years, or by "
        r"whole\s+periods more or less\.",
        out,
    )
    # Two months of twelve are 60 degrees, 0.167 years.
    assert abs(int(lag[1]) - 60) < 15
    assert abs(float(lag[2]) - 1 / 6) < 2 * float(lag[3])
    run = " ".join(out.rpartition("\nRun:")[2].split())
    assert "20 surrogates, seed 0, backend sequential (1 worker), each point tested" in run
    assert re.search(r"tested at its own place, [\d.]+ s$", run)


def test_wct_numbers_are_those_of_the_package(csv, rivers, call_json):
    options = ("--seed", "5", "--null", "scale", "--no-cache")
    told = call_json("wct", csv, "--x", "2", "--y", "3", *YEARS, *FEW, *options)
    x, y = np.round(rivers, 6)
    result = pycwt_mod.wct(
        x, y, 1 / 12, 1 / 4, mc_count=20, rng_seed=5, progress=False, cache=False
    )
    results = told["results"]
    np.testing.assert_allclose(results["sig"], result[4], rtol=1e-12)
    np.testing.assert_allclose(results["period"], result.periods, rtol=1e-12)
    share = result.significant(null="scale")[result.outside()].mean()
    assert results["share_significant"] == pytest.approx(share)
    assert results["ar1"] == pytest.approx([pycwt_mod.ar1(x)[0], pycwt_mod.ar1(y)[0]])
    assert [band["periods"] for band in results["bands"]][:2] == [
        [0.09375, 0.1875],
        [0.1875, 0.375],
    ]


def test_given_coefficients_of_red_noise_stand_in_place_of_estimates(tmp_path, call, call_json):
    walk = np.cumsum(np.random.default_rng(0).normal(size=200))
    file = tmp_path / "walk.csv"
    rows = zip(10 * walk + np.arange(200) ** 2, walk[::-1], strict=True)
    file.write_text("x,y\n" + "\n".join(",".join(map(str, row)) for row in rows))
    status, _, err = call("wct", file, "--x", "x", "--y", "y")
    assert status == 1
    assert "must resemble red noise" in err
    assert "by --noise or --fixed" in err
    assert "--noise" not in call("xwt", file, "--x", "x", "--y", "y")[2]
    given = ("--al1", "0.9", "--al2", "0")
    told = call_json("wct", file, "--x", "x", "--y", "y", *given, *FEW)
    assert told["results"]["ar1"] == [0.9, 0.0]
    assert call("xwt", file, "--x", "x", "--y", "y", *given)[0] == 0
    status, _, err = call("xwt", file, "--x", "x", "--y", "y", "--al1", "1")
    assert "--al1: must lie strictly between -1 and 1, got '1'" in err


def test_json_tells_how_it_was_made(csv, call_json):
    options = ("--wavelet", "morlet:5", "--dj", "1/4", "--scales", "20", "--s0", "0.3")
    more = ("--level", "0.9", "--tol", "0.2", "--workers", "1", "--backend", "sequential")
    told = call_json("wct", csv, *YEARS, *FEW, *options, *more)
    made = told["provenance"]
    expected = {
        "program": "pycwt_mod",
        "version": pycwt_mod.__version__,
        "command": "wct",
        "files": [
            {
                "file": str(Path(csv).resolve()),
                "sha256": hashlib.sha256(Path(csv).read_bytes()).hexdigest(),
                "columns": ["rain", "discharge"],
                "time": "date",
                "turned_round": False,
                "dates_read_as": None,
                "units": {},
                "left_out_before": 0,
                "left_out_after": 0,
                "interpolated": {"rain": 0, "discharge": 0},
            }
        ],
        "columns": ["rain", "discharge"],
        "time": "date",
        "samples": 240,
        "dt": 1 / 12,
        "unit": "years",
        "removed": {},
        "reading": {
            "missing": [],
            "header": "auto",
            "skip": 0,
            "date_format": None,
            "interpolate": 0,
        },
        "wavelet": "Morlet(f0=5)",
        "dj": 0.25,
        "s0": 0.3,
        "J": 19,
        "level": 0.9,
        "mc_count": 20,
        "tol": 0.2,
        "seed": 0,
        "backend": "sequential",
        "workers": 1,
        "warnings": [],
    }
    assert {key: made[key] for key in expected} == expected
    assert made["seconds"] > 0
    assert made["arguments"][:2] == ["wct", csv]
    assert made["simulation"]["noise"] == "ar1"
    assert len(told["results"]["period"]) == 20


def test_json_has_null_for_what_is_not_a_number(csv, call, call_json):
    # Bands of noise have no lag.
    told = call_json("wct", csv, *YEARS, *FEW)
    assert any(band["lag"] is None for band in told["results"]["bands"])
    _, out, _ = call("wct", csv, *YEARS, *FEW, "--json")
    assert out.startswith("{")
    assert out.endswith("}\n")


def test_wct_again_comes_from_the_cache(csv, call):
    first = call("wct", csv, *YEARS, *FEW)
    second = call("wct", csv, *YEARS, *FEW)
    assert "20/20" in first[2]
    assert second[2] == ""
    assert "20 surrogates, seed 0, 20 of them from the cache, " in second[1]
    until_run = [out.partition("\nRun:")[0] for _, out, _ in (first, second)]
    assert until_run[0] == until_run[1]


def test_wct_that_goes_on_says_how_much_is_stored(csv, call):
    call("wct", csv, *YEARS, *FEW)
    _, out, err = call("wct", csv, *YEARS, *FEW, "--mc-count", "60")
    assert err.startswith("20 of 60 surrogates are stored, 40 are simulated:\n")
    assert "60 surrogates, seed 0, 20 of them from the cache, " in out
    assert "stored" not in call("wct", csv, *YEARS, *FEW, "--mc-count", "80", "--no-progress")[2]


def test_wct_tells_the_time_of_the_null_field_too(csv, call_json, monkeypatch):
    clock, field = [0.0], pycwt_mod.CoherenceResult.null_field.fget

    def slow(result):
        clock[0] = 100.0
        return field(result)

    monkeypatch.setattr(coherence_command, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(pycwt_mod.CoherenceResult, "null_field", property(slow))
    assert call_json("wct", csv, *YEARS, *FEW)["provenance"]["seconds"] == 100


def test_wct_in_closed_form_needs_no_surrogates(csv, call, call_json):
    status, out, err = call("wct", csv, *YEARS, "--method", "analytic", "--save", "c.npz")
    assert (status, err) == (0, "")
    assert "levels in closed form, each point tested at its own place" in " ".join(out.split())
    assert "surrogate" not in out
    with np.load("c.npz", allow_pickle=False) as saved:
        assert "null_histogram" not in saved.files
    made = call_json("wct", csv, *YEARS, "--method", "analytic")["provenance"]
    assert (made["simulation"]["method"], made["backend"]) == ("analytic", None)
    assert (made["null"], "surrogates" in made) == ("point", False)


def test_wct_compares_points_with_the_null_that_is_asked_for(csv, rivers, call, call_json):
    x, y = np.round(rivers, 6)
    result = pycwt_mod.wct(x, y, 1 / 12, 1 / 4, mc_count=20, rng_seed=0, progress=False)
    for null in ("point", "scale"):
        options = (*YEARS, *FEW, "--null", null, "--correction", "fdr")
        told = call_json("wct", csv, *options, "--save", "n.npz", "--plot", f"{null}.png")
        share = result.significant(null=null)[result.outside()].mean()
        assert told["results"]["share_significant"] == pytest.approx(share)
        found = result.significant(correction="fdr", null=null)
        assert told["results"]["share_corrected"] == pytest.approx(found.mean())
        with np.load("n.npz", allow_pickle=False) as saved:
            np.testing.assert_allclose(saved["pvalue"], result.pvalues(null))
            np.testing.assert_array_equal(saved["significant"], found)
    assert Path("point.png").read_bytes() != Path("scale.png").read_bytes()
    _, out, _ = call("wct", csv, *YEARS, *FEW, "--correction", "fdr")
    share = result.significant(correction="fdr").mean()
    words = f"{100 * share:.0f} % of all points, the cone of influence included, are significant"
    assert f"{words} at a false discovery rate of 5 %." in " ".join(out.split())


def test_wct_simulates_points_only_if_asked(csv, call):
    small = (*YEARS, *FEW, "--wavelet", "dog", "--dj", "1/4", "--scales", "12", "--no-cache")
    _, out, err = call("wct", csv, *small)
    assert "each point tested at its own scale" in " ".join(out.split())
    assert err.count("20/20") == 1
    _, out, err = call("wct", csv, *small, "--null", "point")
    assert "each point tested at its own place" in " ".join(out.split())
    assert err.count("20/20") == 2


def test_wct_saves_all_arrays_without_pickle(csv, rivers, call, tmp_path):
    status, out, _ = call("wct", csv, *YEARS, *FEW, "--save", "out.npz", "--no-progress")
    assert status == 0
    assert out.endswith("\nArrays: out.npz\n")
    with np.load("out.npz", allow_pickle=False) as saved:
        arrays = dict(saved)
    np.testing.assert_array_equal(arrays["x"], np.round(rivers[0], 6))
    x, y = np.round(rivers, 6)
    result = pycwt_mod.wct(x, y, 1 / 12, 1 / 4, mc_count=20, rng_seed=0, progress=False)
    for name, expected in zip(("WCT", "aWCT", "coi", "freq", "sig"), result, strict=True):
        np.testing.assert_allclose(arrays[name], expected, rtol=1e-12)
    np.testing.assert_allclose(arrays["pvalue"], result.pvalues())
    np.testing.assert_array_equal(arrays["outside_coi"], result.outside())
    assert str(arrays["times"][0]) == "1980-01-01T00:00:00.000000"
    assert json.loads(str(arrays["provenance"]))["columns"] == ["rain", "discharge"]
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".npz"] == ["out.npz"]


@pytest.mark.parametrize(
    ("command", "name", "magic"),
    [
        ("wct", "p.png", b"\x89PNG"),
        ("xwt", "p.pdf", b"%PDF"),
        ("cwt", "p.svg", b"<?xml"),
        # Its fonts take their time.
        pytest.param("cwt", "p.eps", b"%!PS", marks=pytest.mark.heavy),
    ],
)
def test_picture_is_drawn(command, name, magic, csv, call):
    columns = ("--x", "rain", *(("--y", "discharge") if command != "cwt" else ()))
    simulation = (*FEW, "--no-progress") if command == "wct" else ()
    status, out, err = call(command, csv, *columns, *YEARS, *simulation, "--plot", name)
    assert (status, err) == (0, "")
    assert out.endswith(f"\nPicture: {name}\n")
    content = Path(name).read_bytes()
    assert content.startswith(magic)
    assert len(content) > 10_000


def test_xwt_numbers_are_those_of_the_package(csv, rivers, call, call_json):
    told = call_json("xwt", csv, *YEARS, "--level", "0.8646", "--save", "x.npz")
    W12, _, _, signif = pycwt_mod.xwt(*np.round(rivers, 6), 1 / 12, significance_level=0.8646)
    np.testing.assert_allclose(told["results"]["sig"], signif, rtol=1e-12)
    with np.load("x.npz", allow_pickle=False) as saved:
        np.testing.assert_allclose(saved["W12"], W12, rtol=1e-10)
    status, out, err = call("xwt", csv, *YEARS)
    assert (status, err) == (0, "")
    assert "Strongest evidence: periods of 0.75 to 1.5 years" in out
    assert "discharge follows rain by 0.1" in out


def test_cwt_finds_the_yearly_cycle(csv, rivers, call, call_json):
    told = call_json("cwt", csv, "--x", "rain", "--time", "date", "--unit", "months")
    # Scales are a twelfth of an octave apart.
    assert told["results"]["peak_period"] == pytest.approx(12, rel=0.05)
    status, out, err = call("cwt", csv, "--x", "rain", *YEARS, "--save", "c.npz")
    assert (status, err) == (0, "")
    period = re.search(r"Averaged over time, a period of ([\d.]+) years stands out most: ", out)[1]
    assert float(period) == pytest.approx(1, rel=0.05)
    x = np.round(rivers[0], 6)
    W, *_ = pycwt_mod.cwt((x - x.mean()) / x.std(), 1 / 12)
    with np.load("c.npz", allow_pickle=False) as saved:
        np.testing.assert_allclose(saved["power"], np.abs(W) ** 2, rtol=1e-9)


def test_cwt_of_a_long_series_keeps_some_times(csv, call, call_json, monkeypatch):
    asked = ("cwt", csv, "--x", "rain", *YEARS)
    call(*asked, "--save", "all.npz")
    call(*asked, "--save", "some.npz", "--decim", "5")
    monkeypatch.setattr(transform_command, "_MOST_TIMES", 100)
    status, out, err = call(*asked, "--save", "own.npz", "--plot", "own.png")
    assert (status, err) == (0, "")
    with np.load("all.npz") as whole, np.load("some.npz") as some, np.load("own.npz") as own:
        step = whole["times"].size // 100
        assert f"one time in {step}" in out
        for part, every in ((some, 5), (own, step)):
            for name in ("coi", "x", "times", "outside_coi"):
                np.testing.assert_array_equal(part[name], whole[name][..., ::every])
            np.testing.assert_allclose(part["W"], whole["W"][:, ::every], atol=1e-9)
    assert call_json(*asked)["provenance"]["decim"] == step


def test_cwt_of_noise_finds_nothing(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savetxt("noise.txt", np.random.default_rng(QUIET).normal(size=200))
    status, out, _ = call("cwt", "noise.txt", "--dt", "1")
    assert status == 0
    assert "no period exceeds the 95 % level of red noise" in out


def test_unrelated_noise_has_no_lag(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("noise.npy", np.random.default_rng(0).normal(size=(4000, 2)))
    status, out, _ = call("xwt", "noise.npy", "--dt", "1", "--scales", "60")
    assert status == 0
    assert "Data: noise.npy, columns 1 and 2\n" in out
    assert "Strongest evidence: no octave has a phase that is steady beyond chance." in out
    assert "follows" not in out.partition("Strongest")[2]


def test_trend_is_removed_on_request(call_json, csv, rivers, tmp_path):
    x, y = rivers
    t = np.arange(x.size)
    np.savez("trend.npz", rain=x + t, discharge=y - 3 * t)
    np.savez("plain.npz", rain=x, discharge=y)
    bare, trend = (
        call_json("wct", name, *FEW, "--dt", "1", "--null", "scale", "--detrend", "linear")[
            "results"
        ]
        for name in ("plain.npz", "trend.npz")
    )
    assert trend["share_significant"] == pytest.approx(bare["share_significant"])


def test_standard_input_is_analysed(csv):
    done = subprocess.run(
        [sys.executable, "-m", "pycwt_mod", "xwt", "-", "--dt", "1", "--json"],
        input=b"1 2\n3 1\n0 5\n" * 20,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["provenance"]["files"][0]["file"] == "<stdin>"


@pytest.mark.parametrize("columns", [(), ("--x", "rain", "--y", "discharge")])
def test_the_one_column_of_dates_is_the_times(columns, csv, call):
    status, out, err = call("xwt", csv, *columns)
    assert (status, err) == (0, "")
    assert f"Data: {csv}, columns rain and discharge, times in column date\n" in out
    assert "Times: 1980-01-01 to 1999-12-01, monthly, 240 values\n" in out
    series = ("--x", "rain", "--y", "discharge")
    for counted in (("--time", "none"), ("--dt", "1")):
        status, out, err = call("xwt", csv, *series, *counted)
        assert (status, err) == (0, "")
        assert "Times: 240 values" in out
        assert "date" not in out


def test_one_of_two_columns_of_dates_must_be_named(csv, call):
    rows = Path(csv).read_text().splitlines()
    rows = [f"{row},{row.partition(',')[0].replace('date', 'end')}" for row in rows]
    Path(csv).write_text("\n".join([*rows, ""]))
    status, out, err = call("xwt", csv)
    assert (status, out) == (2, "")
    assert "name columns by --x and --y; rivers.csv has 1 date, 2 rain, 3 discharge, 4 end" in err


def test_times_that_are_not_used_are_pointed_out(rivers, call, call_json, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    warnings.simplefilter("always")
    csv, times = "rivers.csv", 1980 + np.arange(240) / 12
    np.savetxt(csv, np.column_stack([times, *rivers]), header="date rain discharge")
    status, out, err = call("xwt", csv, "--x", "rain", "--y", "discharge")
    assert status == 0
    assert "date looks like the times: pass --time date" in err
    assert "Times: 240 values; no times given, periods are in samples\n" in out
    told = call_json("xwt", csv, "--x", "rain", "--y", "discharge")
    assert "looks like the times" in told["provenance"]["warnings"][0]


@pytest.mark.parametrize("options", [(), ("--dt", "1")])
def test_times_are_not_taken_for_a_series(options, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = np.random.default_rng(1).normal(size=50)
    np.savetxt("f.csv", np.column_stack([1900 + np.arange(50), values]), header="year ao")
    status, out, err = call("wct", "f.csv", *options)
    assert (status, out) == (2, "")
    assert "f.csv: year looks like the times; name it by --time" in err
    assert call("cwt", "f.csv", "--time", "year")[0] == 0


def test_numbers_that_look_like_gaps_are_pointed_out(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    warnings.simplefilter("always")
    values = np.random.default_rng(1).normal(size=(100, 2))
    values[7, 1] = -999
    np.savetxt("gaps.txt", values)
    status, _, err = call("xwt", "gaps.txt", "--dt", "1")
    assert status == 0
    assert re.search(r"column 2 has -999 far from its other values;.*--missing=-999", err)
    status, out, err = call("xwt", "gaps.txt", "--dt", "1", "--missing=-999")
    assert (status, out) == (1, "")
    assert "gaps.txt, line 8: column 2 has a missing value" in err


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--x", "rane", "--y", "discharge"], 1, "no column 'rane'. Did you mean 'rain'?"),
        (["--x", "rain"], 2, "name columns by --x and --y; rivers.csv has 2 rain, 3 dis"),
        (["--dt", "1"], 2, "name columns by --x and --y; rivers.csv has 1 date, 2 rain, 3"),
        (["--time", "date", "--dt", "1"], 2, "not allowed with argument"),
        (["--dt", "0"], 2, "must be a positive number, got '0'"),
        (["--dt", "fast"], 2, "must be a positive number, got 'fast'"),
        (["--dj", "1/0"], 2, "must be a positive number, got '1/0'"),
        (["--level", "95"], 2, "must lie strictly between 0 and 1, such as 0.95, got '95'"),
        (["--wavelet", "haar"], 2, "must be one of morlet, paul, dog, mexicanhat"),
        (["--wavelet", "dog:2.5"], 2, "must have a positive integer after dog:"),
        (["--wavelet", "morlet:-6"], 2, "must have a positive number after morlet:"),
        (["--wavelet", "mexicanhat:2"], 2, "must be one of"),
        (["--wavelet", "paul:6000"], 2, "the number after 'paul:' must be at most 5000 for Paul"),
        (
            ["--wavelet", "paul:3000"],
            2,
            "--wavelet must have scales up to the length of the series, 240, where they end by "
            "default, got Paul(m=3000): that of a period of 2 samples is 955.089. Use a lower "
            "order, a longer record, or a given --scales.",
        ),
        (["--save", "out.csv"], 2, "must end in .npz"),
        (["--plot", "out.xyz"], 2, "must end in .png, .pdf, .svg or .eps"),
        (["--plot", "nowhere/out.png"], 1, "there is no folder 'nowhere' for the picture"),
        (["--save", "nowhere/out.npz"], 1, "there is no folder 'nowhere' for the arrays"),
        (["--x", "date", "--y", "rain"], 1, "line 2: column 'date' must hold numbers, got the da"),
        (
            ["--unit", "day"],
            2,
            "--unit must be one of seconds, minutes, hours, days, weeks, months, years for the "
            "dates of rivers.csv, got 'day'. Did you mean 'days'?",
        ),
        (["--time", "rain", "--x", "rain", "--y", "rain"], 1, "column 'rain' must be in the order"),
        (["--header", "no", "--x", "2", "--y", "3"], 1, "line 1: column 2 must hold numbers"),
        (["--scales", "100001"], 2, "--scales: must be at most 100000, got '100001'"),
        (["--scales", "90000"], 2, "must leave scales that can be computed, got --scales 90000"),
        (["--s0", "1e9"], 2, "--s0 must not be above the length of the series, 240, got 1e+09"),
        (["--dt", "1e301", "--x", "2", "--y", "3"], 2, "--dt must lie between 1e-300 and 1e+300"),
        (["--dj", "100"], 2, "--dj, the spacing of the scales in octaves, must lie between"),
        (["--deseason", "200"], 2, "--deseason must divide the series into cycles of two"),
        (
            ["--noise", "phase", "--al2", "0.5"],
            2,
            "--al2 must be left out where no AR(1) noise stands for rivers.csv: column "
            "'discharge', got 0.5 with --noise phase",
        ),
        (
            ["--fixed", "x", "--al1", "0.5"],
            2,
            "--al1 must be left out for rivers.csv: column 'rain', which --fixed keeps as it was "
            "observed, got 0.5",
        ),
        (
            ["--noise", "phase", "--method", "analytic"],
            2,
            "--noise must be 'ar1' or 'white' with --method analytic, and no series fixed, got "
            "--noise phase",
        ),
    ],
)
def test_what_is_wrong_is_told_without_a_traceback(arguments, status, message, csv, call):
    found, out, err = call("wct", csv, *arguments)
    assert (found, out) == (status, "")
    assert message in err
    assert "Traceback" not in err
    assert not re.search("`(J|s0|dj|dt|al[12]|y[12])`|noise=|method=", err)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x,y\n1,2\n3,4\n", "must have at least 8 rows of data, got 2"),
        ("x,y\n" + "1,2\n3,5\n" * 20 + "4\n", "f.csv, line 42: has 1 field"),
        ("x,y\n" + "1,2\n" * 20, "must vary, got a constant series"),
    ],
)
def test_data_that_cannot_be_used_is_told(content, message, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("f.csv").write_text(content)
    status, out, err = call("wct", "f.csv", "--dt", "1")
    assert (status, out) == (1, "")
    assert message in err


def test_failed_save_leaves_no_file_behind(csv, call, tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise OSError("the disk is full")

    monkeypatch.setattr("pycwt_mod.cli.analysis.np.savez_compressed", fail)
    before = set(tmp_path.iterdir())
    assert call("xwt", csv, *YEARS, "--save", "x.npz")[0] == 1
    assert set(tmp_path.iterdir()) == before


def test_arrays_are_read_and_drawn_without_pandas(rivers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("rivers.npy", np.transpose(rivers))
    code = (
        "import sys; from pycwt_mod.cli import main\n"
        "main(['xwt', 'rivers.npy', '--dt', '1', '--plot', 'p.png'])\n"
        "print([m for m in ('pandas', 'matplotlib.pyplot') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.endswith("\n[]\n"), done.stderr
    assert io.StringIO(done.stdout).readline().startswith("Cross-wavelet transform")


def test_wct_tells_which_patches_survive(csv, call, call_json):
    _, out, _ = call("wct", csv, *YEARS, *FEW)
    assert "patches above the level" in " ".join(out.split())
    patches = call_json("wct", csv, *YEARS, *FEW)["results"]["clusters"]
    assert patches[0]["start"].startswith("19")
    assert patches[0]["pvalue"] >= 1 / 21
    assert [row["label"] for row in patches] == list(range(1, len(patches) + 1))


def test_wct_outlines_patches_where_asked(csv, rivers, call, tmp_path):
    asked = (*YEARS, *FEW, "--correction", "cluster", "--save", str(tmp_path / "c.npz"))
    status, out, _ = call("wct", csv, *asked, "--plot", str(tmp_path / "c.png"))
    assert status == 0
    assert "They cover" in out
    with np.load(tmp_path / "c.npz") as content:
        saved = dict(content)
    x, y = np.round(rivers, 6)
    result = pycwt_mod.wct(x, y, 1 / 12, 1 / 4, mc_count=20, rng_seed=0, progress=False)
    found = result.clusters(mc_count=1000, rng_seed=0, progress=False)
    np.testing.assert_array_equal(saved["clusters"], found.labels)
    np.testing.assert_array_equal(saved["significant"], found.significant())
    assert (tmp_path / "c.png").stat().st_size > 10_000


def test_null_hypothesis_can_be_chosen(csv, call, call_json):
    quick = ("--mc-count", 30, "--dj", 0.25)
    result = call_json("wct", csv, *quick, "--noise", "phase")
    assert result["results"]["ar1"] == [None, None]
    both = call_json("wct", csv, *quick, "--noise", "iaaft", "--noise", "white", "--fixed", "rain")
    assert both["provenance"]["simulation"]["noise"] == "fixed, white"
    by_letter = call_json(
        "wct", csv, *quick, "--noise", "iaaft", "--noise", "white", "--fixed", "x"
    )
    assert by_letter["results"]["sig"] == both["results"]["sig"]
    status, out, _ = call("matrix", csv, *quick, "--noise", "arma(2,0)", "--no-progress")
    assert status == 0
    assert "series of the null hypothesis" in " ".join(out.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--noise", "phse"), "Did you mean 'phase'"),
        (("--noise", "legacy"), "legacy is for Python"),
        (("--noise", "legcy"), "'iaaft', 'arma(p,q)', got 'legcy'."),
        (("--noise", "arma(2)"), "both orders"),
        (("--noise", "ar1", "--noise", "white", "--noise", "phase"), "each of the 2 series"),
        (("--fixed", "rian"), "Did you mean 'rain'"),
        (("--fixed", "rain", "--fixed", "y"), "leave at least one series"),
    ],
)
def test_null_hypothesis_that_is_none_is_refused(csv, call, words, message):
    status, _, err = call("wct", csv, *words)
    assert status == 2
    assert message in " ".join(err.split())


@pytest.mark.parametrize(
    ("wavelet", "name"),
    [
        ("morlet", "Morlet"),
        ("morlet:6", "Morlet"),
        ("morlet:12.5", "Morlet(12.5)"),
        ("paul:5", "Paul(5)"),
        ("mexicanhat", "Mexican Hat"),
    ],
)
def test_wavelet_is_told_with_its_parameter(wavelet, name, csv, call):
    out = call("cwt", csv, "--x", "rain", "--wavelet", wavelet)[1]
    assert f"per octave; {name} wavelet" in " ".join(out.split())
