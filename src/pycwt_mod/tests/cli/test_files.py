"""Files as they come: two joined on their dates, gaps, codes, units, trends, and what is said."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import pycwt_mod

N = 400
FEW = ("--mc-count", "20", "--no-progress", "--dj", "1/4")
DAYS = np.datetime64("2019-01-01") + np.arange(N)


@pytest.fixture(scope="module")
def series():
    rng = np.random.default_rng(1)
    rain = rng.normal(size=N).round(4)
    return rain, (np.roll(rain, 3) + 0.3 * rng.normal(size=N)).round(4)


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write_file(name, header, *columns, sep=",", encoding="utf-8"):
        rows = [sep.join(map(str, row)) for row in zip(*columns, strict=True)]
        Path(name).write_text("\n".join([*header, *rows, ""]), encoding=encoding)
        return name

    return write_file


@pytest.fixture
def two(write, series):
    rain, flow = series
    kept = np.delete(np.arange(N), [100, 101, 102])
    write("rain.csv", ["date,mm"], DAYS[kept], rain[kept])
    write("flow.csv", ["day,m3s"], DAYS[20:], flow[20:])
    return "rain.csv", "flow.csv"


@pytest.mark.parametrize("command", ["wct", "xwt"])
def test_two_files_are_joined_on_their_dates(command, two, call):
    simulation = FEW if command == "wct" else ("--dj", "1/4")
    status, out, err = call(command, *two, "--interpolate", "3", *simulation)
    assert (status, err) == (0, "")
    data = "rain.csv, column mm, times in column date; flow.csv, column m3s, times in column day"
    assert f"Data: {data} Times:" in " ".join(out.split())
    assert "Times: 2019-01-21 to 2020-02-04, daily, 380 values\n" in out
    assert "Left out: 20 times of rain.csv before these\n" in out
    assert "Filled by interpolation: 3 of 380 values of mm\n" in out
    assert max(map(len, out.splitlines())) <= 80


def test_two_files_give_the_numbers_of_the_joined_series(two, series, call_json):
    told = call_json("wct", *two, "--interpolate", "3", *FEW)
    x, y = (values[20:].copy() for values in series)
    x[80:83] = np.interp([1, 2, 3], [0, 4], x[[79, 83]])
    result = pycwt_mod.wct(x, y, 1.0, dj=1 / 4, mc_count=20, rng_seed=0, progress=False)
    np.testing.assert_allclose(told["results"]["sig"], result[4], rtol=1e-9)
    made = told["provenance"]
    rain, flow = made["files"]
    assert rain["interpolated"] == {"mm": 3}
    assert (rain["left_out_before"], flow["left_out_before"]) == (20, 0)
    assert (made["samples"], made["dt"], made["unit"]) == (380, 1, "days")


def test_gap_between_files_is_told_with_the_number_to_pass(two, call):
    status, out, err = call("wct", *two, *FEW)
    assert (status, out) == (1, "")
    assert "rain.csv, line 102: column 'date' must be evenly spaced, got a step from 20" in err
    assert "Pass --interpolate 3 to fill gaps of up to 3 steps" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("kept", "option", "harm"),
    [
        (np.delete(np.arange(N), np.arange(100, 130)), 30, "shorter than about 120 days are then"),
        (np.delete(np.arange(N), np.arange(3, N - 3, 6)), 1, "Where 16 % of the values are filled"),
        (np.delete(np.arange(N), [100, 101, 200]), 2, ""),
    ],
)
def test_harm_of_filling_long_or_many_gaps_is_told(write, series, call, kept, option, harm):
    file = write("holes.csv", ["date,rain,flow"], DAYS[kept], *(x[kept] for x in series))
    warnings.simplefilter("always")
    status, out, err = call("xwt", file, "--interpolate", option)
    assert status == 0
    assert "Filled by interpolation: " in out
    assert err.count("gaps were filled by straight lines") == bool(harm)
    assert harm in err
    assert harm in " ".join(out.split())
    advice = call("xwt", file)[2]
    assert ("shorter than about 120 steps" in advice) == (option == 30)


@pytest.mark.parametrize("sign", "/-.")
def test_way_in_which_dates_were_read_is_told(sign, write, series, call, call_json):
    order = (2, 1, 0) if sign == "." else (1, 2, 0)
    dates = [sign.join(str(day).split("-")[part] for part in order) for day in DAYS]
    write("us.csv", ["date;rain;flow"], dates, *series, sep=";")
    status, out, err = call("xwt", "us.csv")
    assert (status, err) == (0, "")
    read = sign.join(["day", "month", "year"] if sign == "." else ["month", "day", "year"])
    assert f"flow, times in column date, dates read as {read} Times:" in " ".join(out.split())
    assert call_json("xwt", "us.csv")["provenance"]["files"][0]["dates_read_as"] == read


def test_gaps_of_more_than_a_tenth_are_not_to_be_filled(write, series, call):
    days = [k for k in range(N) if DAYS[k].item().day <= 12]
    dates = [f"{DAYS[k].item():%m/%d/%Y}" for k in days]
    write("us.csv", ["date,rain,flow"], dates, *(values[days] for values in series))
    status, out, err = call("wct", "us.csv", *FEW)
    assert (status, out) == (1, "")
    assert "us.csv, line 14: column 'rain' has a gap of 19 steps, 2019-01-13 to 2019-01-31," in err
    assert "dates read as month/day/year. Choose a part of the record" in err
    assert "--interpolate" not in err


def test_many_files_are_compared_by_their_names(two, series, write, call):
    write("more.csv", ["date,mm,text"], DAYS, series[1], ["a"] * N)
    warnings.simplefilter("always")
    status, out, err = call("matrix", *two, "more.csv", "--interpolate", "3", *FEW)
    assert status == 0
    assert "3 pairs of 3 series" in out
    assert re.search(r"^  rain +more ", out, re.M) or re.search(r"^  flow +more ", out, re.M)
    assert "warning: left out: more.csv, line 2: column 'text'" in err


@pytest.mark.parametrize(
    ("header", "form", "sep", "options"),
    [
        (["sep=;", "Datum;Regen;Abfluß", ";mm;m3/s"], "{d}.{m}.{y}", ";", ()),
        (["Date,Rain,Flow", "mm/dd/yyyy,mm,cfs"], "{m}/{d}/{y}", ",", ()),
        (["a title", "Date\tRain\tFlow"], "{d}-{m}-{y}", "\t", ("--skip", "1")),
        (["Date;Rain;Flow"], "{d}.{m}.{s}", ";", ("--date-format", "%d.%m.%y")),
    ],
)
def test_files_of_spreadsheets_are_read(header, form, sep, options, write, series, call_json):
    parts = [str(day).split("-") for day in DAYS]
    dates = [form.format(d=d, m=m, y=y, s=y[2:]) for y, m, d in parts]
    texts = [[str(v).replace(".", ",") if sep == ";" else v for v in own] for own in series]
    encoding = "utf-8-sig" if sep == ";" else "latin-1"
    write("f.csv", header, dates, *texts, sep=sep, encoding=encoding)
    name = header[-2 if len(header) > 1 and header[-1][0] in ";m" else -1].split(sep)[0]
    told = call_json("xwt", "f.csv", "--time", name, *options)
    made = told["provenance"]
    assert (made["samples"], made["span"]) == (N, "2019-01-01 to 2020-02-04")
    assert (made["dt"], made["unit"]) == (1, "days")
    expected = pycwt_mod.xwt(*series, 1.0)[3]
    np.testing.assert_allclose(told["results"]["sig"], expected, rtol=1e-9)


def test_row_of_units_is_told_and_kept(write, series, call, call_json):
    file = write("u.csv", ["date,rain,flow", ",mm,m3/s"], DAYS, *series)
    _, out, _ = call("xwt", file, "--time", "date")
    assert "Data: u.csv, columns rain in mm and flow in m3/s\n" in out
    (made,) = call_json("xwt", file, "--time", "date")["provenance"]["files"]
    assert made["units"] == {"rain": "mm", "flow": "m3/s"}


def test_codes_of_missing_values_are_proposed_one_after_the_other(write, series, call):
    rain = series[0].astype(object)
    rain[[50, 120, 121]], rain[200] = "ND", -999
    file = write("nd.csv", ["date,rain,flow"], DAYS, rain, series[1])
    warnings.simplefilter("always")
    options = ["xwt", file, "--time", "date"]
    for remedy in ("--missing ND", "--interpolate 2", "--missing=-999"):
        _, _, err = call(*options)
        assert remedy in err
        options += remedy.split()
    status, out, err = call(*options)
    assert (status, err) == (0, "")
    assert "Filled by interpolation: 4 of 400 values of rain\n" in out


def test_values_missing_at_the_ends_are_left_out_and_told(write, series, call):
    rain = series[0].astype(object)
    rain[:2], rain[-3:] = "", "NA"
    file = write("ends.csv", ["date,rain,flow"], DAYS, rain, series[1])
    status, out, _ = call("xwt", file, "--time", "date")
    assert status == 0
    assert "Left out: 2 times of ends.csv before these, 3 times of ends.csv after these" in out


def test_trend_and_season_are_removed_and_recorded(write, series, call, call_json):
    cycle = 5 * np.sin(2 * np.pi * np.arange(N) / 20)
    file = write("s.csv", ["date,rain,flow"], DAYS, series[0] + cycle, series[1] + cycle)
    options = ("xwt", file, "--time", "date", "--detrend", "loess", "--deseason", "20")
    made = call_json(*options)["provenance"]["removed"]
    assert made["rain"]["trend"] == "loess"
    assert made["flow"]["n_seasons"] == 20
    _, out, _ = call(*options)
    assert "Removed from rain: loess trend with windows of 266 samples, " in out
    prepared = pycwt_mod.prepare(series[0] + cycle, trend="loess", season=20)
    assert made["rain"]["variance_left"] == pytest.approx(prepared.record["variance_left"])


def test_a_series_with_itself_is_told(write, series, call):
    file = write("one.csv", ["date,rain"], DAYS, series[0])
    warnings.simplefilter("always")
    status, out, err = call("xwt", file, "--time", "date", "--x", "rain", "--y", "rain")
    assert status == 0
    assert "x and y are the same column (one.csv: column 'rain'): a series goes with" in err
    assert "Cross-wavelet transform of rain (x) and rain (y)" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["flow.csv", "rain.csv", "flow.csv"], "takes one file or two, got 3"),
        (["rain.csv", "flow.csv", "--dt", "1"], "several files are joined on their times"),
        (["rain.csv", "plain.csv"], "plain.csv: name its column of times by --time; it has 1 a"),
        (["rain.csv"], "has one series beside its times, 2 mm: name a second"),
        (["rain.csv", "wide.csv"], "name columns by --y; wide.csv has 2 a, 3 b"),
        (["plain.csv", "--dt", "1", "--deseason", "year"], "--deseason year needs dates"),
        (["wide.csv", "wide.csv"], "wide.csv is named twice: name it once, and its columns by --x"),
        (["short.csv"], "; date is not read as dates: pass --date-format %d-%b-%y"),
        (["short.csv", "rain.csv"], "; date is not read as dates: pass --date-format %d-%b-%y"),
        (["serial.csv"], "; day looks like the times: pass --time day and, if it counts days as"),
        (["plain.csv", "--unit", "years"], "--unit years needs times or their step"),
        (["rain.csv", "--deseason", "1"], "must be year, or the number of samples in a cycle"),
        (["rain.csv", "--detrend", "cubic"], "invalid choice: 'cubic'"),
        (["rain.csv", "--interpolat=3", "--intrapolate", "2"], "'--interpolate'?"),
        (["rain.csv", "--dt", "1", "flow.csv"], "files stand side by side before the options"),
        (["rain.csv", "--backend", "jobli"], "Did you mean 'joblib'?"),
    ],
)
def test_wrong_command_is_told_in_a_line(arguments, message, two, series, write, call):
    write("plain.csv", ["a,b"], *series)
    write("wide.csv", ["date,a,b"], DAYS, *series)
    write("short.csv", ["date,a,b"], [f"{day.item():%d-%b-%y}" for day in DAYS], *series)
    write("serial.csv", ["day,a,b"], 36526 + np.arange(N), *series)
    status, out, err = call("wct", *arguments)
    assert (status, out) == (2, "")
    assert message in err.splitlines()[-1]
    assert "pycwt-mod wct" in err


@pytest.mark.parametrize(("word", "near"), [("wtc", "wct"), ("matrx", "matrix"), ("cvt", "cwt")])
def test_unknown_command_is_told_with_the_nearest(word, near, call):
    status, _, err = call(word, "rain.csv")
    assert status == 2
    assert f"there is no command {word!r}. Did you mean {near!r}? Commands: demo, wct" in err


def test_gaps_of_dates_that_a_given_step_leaves_aside_are_pointed_out(write, series, call):
    warnings.simplefilter("always")
    kept = np.delete(np.arange(N), [100, 101, 102, 200])
    write("flow.csv", ["date,flow"], DAYS[kept], series[0][kept])
    status, out, err = call("cwt", "flow.csv", "--x", "flow", "--dt", "1")
    assert status == 0
    assert "Times: 396 values" in out
    said = " ".join(err.split())
    assert (
        "flow.csv: 4 dates are missing in column 'date', the longest gap after 2019-04-10" in said
    )
    remedy = re.search(r"Leave --dt out .* pass (--interpolate \d+) to fill", said)[1].split()
    status, out, err = call("cwt", "flow.csv", "--x", "flow", *remedy)
    assert (status, err) == (0, "")
    assert "daily, 400 values" in out


def test_disorder_of_dates_that_a_given_step_leaves_aside_is_pointed_out(write, series, call):
    warnings.simplefilter("always")
    order = np.r_[50:100, 0:50]
    write("flow.csv", ["date,flow"], DAYS[order], series[0][order])
    status, _, err = call("cwt", "flow.csv", "--x", "flow", "--dt", "1")
    assert status == 0
    assert "must be in the order of time" in err
    assert "Leave --dt out" in err


def test_dates_that_a_given_step_makes_a_series_are_told(write, series, call):
    write("flow.csv", ["date,flow"], DAYS, series[0])
    status, _, err = call("cwt", "flow.csv", "--dt", "1")
    assert status == 2
    assert "flow.csv has 1 date, 2 flow; leave --dt (or --time none) out to have date" in err
    status, _, err = call("cwt", "flow.csv", "--dt", "1", "--time", "date")
    assert status == 2
    assert "leave --dt out, as the times tell the step" in err


def test_table_of_years_is_analysed_without_options(write, call, call_json):
    index = np.random.default_rng(2).normal(size=(40, 12)).round(2)
    index[-1, 5:] = -99.99
    rows = np.column_stack([np.arange(1950, 1990).astype(str), index.astype(str)])
    write("nino34.txt", [" 1950 1989"], *rows.T, sep="  ")
    with Path("nino34.txt").open("a") as file:
        file.write("  -99.99\n Nino 3.4\n")
    status, out, err = call("cwt", "nino34.txt", "--unit", "years")
    assert (status, err) == (0, "")
    assert "Times: 1950-01-01 to 1989-05-01, monthly, 473 values" in out
    assert "Left out: 7 times of nino34.txt after these" in out
    assert call_json("cwt", "nino34.txt")["provenance"]["dt"] == 1


def test_ages_that_fall_are_turned_round_and_said_to_run_backwards(write, series, call, call_json):
    x, y = series
    ages = 2 * np.arange(N, 0, -1)
    columns = ("--x", "x", "--y", "y", "--time", "1")
    write("core.csv", ["ka BP,x,y"], ages, x, y)
    status, out, err = call("wct", "core.csv", *columns, *FEW)
    told = " ".join(out.split())
    assert (status, err) == (0, "")
    assert "Turned round: the rows, as the times in column 'ka BP' of core.csv fall" in told
    assert "time runs backwards in it" in told
    assert told.index("Ages: ") < told.index("By octaves")
    write("past.csv", ["ka BP,x,y"], -ages, x, y)
    out = call("wct", "past.csv", *columns, *FEW)[1]
    assert "Turned round" not in out
    assert "Ages" not in out
    write("depth.csv", ["depth,x,y"], ages, x, y)
    told = call_json("xwt", "depth.csv", *columns)
    assert told["provenance"]["files"][0]["turned_round"] is True


@pytest.mark.filterwarnings("always:left out")
def test_columns_without_values_are_told_by_name(write, series, call):
    empty, half = np.full(N, ""), np.where(np.arange(N) < N // 2, "1.5", "")
    other = np.where(np.arange(N) < N // 2, "", "1.5")
    write("one.csv", ["date,a,b,c,half,other"], DAYS, series[0], empty, series[1], half, other)
    for names in (("a", "b"), ("b", "a")):
        status, _, err = call("wct", "one.csv", "--x", names[0], "--y", names[1])
        assert status
        assert "one.csv: column 'b' has no values" in err
    assert "column 'b' has no values" in call("cwt", "one.csv", "--x", "b")[2]
    err = call("wct", "one.csv", "--x", "half", "--y", "other")[2]
    assert "columns 'half', 'other' must have values at the same times" in err
    chosen = ("--column", "a", "--column", "b", "--column", "c")
    status, out, err = call("matrix", "one.csv", *chosen, *FEW)
    assert status == 0, err
    assert "Left out: one.csv: column 'b' has no values." in out


@pytest.mark.parametrize("options", [("--noise", "iaaft"), ("--null", "scale")])
def test_patches_need_points_in_words_of_the_command(options, write, series, call):
    write("two.csv", ["date,a,b"], DAYS, *series)
    status, _, err = call("wct", "two.csv", *FEW, *options, "--correction", "cluster")
    assert status
    assert "--correction cluster needs --null point" in err
    assert "`" not in err
