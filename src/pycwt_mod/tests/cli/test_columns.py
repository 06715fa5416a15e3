"""What the commands say of columns they cannot use: their titles, their file, and the remedy."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

WAVE = np.random.default_rng(5).normal(size=(4, 80)).round(4)
QUICK = ("--no-progress", "--mc-count", "10", "--dt", "1")


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Write columns, and return the name of the file."""
    monkeypatch.chdir(tmp_path)

    def write(names, *columns):
        rows = [",".join(map(str, row)) for row in zip(*columns, strict=True)]
        Path("t.csv").write_text("\n".join([names, *rows, ""]))
        return "t.csv"

    return write


@pytest.mark.parametrize("command", ["wct", "xwt", "cwt"])
@pytest.mark.parametrize(
    ("series", "options", "message"),
    [
        (np.full(80, 3.5), (), "t.csv: column 'ice' must vary, got a constant series"),
        (np.arange(80) ** 1.01, (), "t.csv: column 'ice' must resemble red noise.*--detrend lin"),
        (np.arange(80) / 7, ("--detrend", "linear"), "column 'ice' must vary about what --det"),
        (np.full(80, 0.1), ("--detrend", "linear"), "column 'ice' must vary about what --det"),
    ],
)
def test_series_without_red_noise_is_told_by_its_column(
    table, call, command, series, options, message
):
    columns = ("--x", "ice") if command == "cwt" else ("--x", "ao", "--y", "ice")
    file = table("ao,ice", WAVE[0], series)
    status, out, err = call(command, file, *columns, "--dt", "1", *options)
    assert (status, out) == (1, "")
    assert re.search(message, err), err
    assert not re.search("`y1`|`y2`|`x`|sig=False|wct_significance", err)


def test_trend_of_the_message_is_mended_by_its_remedy(table, call):
    file = table("ao,ice", WAVE[0], 10 * np.arange(80) + WAVE[1])
    pair = ("--x", "ao", "--y", "ice", *QUICK)
    assert call("wct", file, *pair)[0] == 1
    assert call("wct", file, *pair, "--detrend", "linear")[0] == 0


def test_matrix_keeps_columns_of_the_same_name_apart(table, call_json):
    gap = WAVE[2].astype(object)
    gap[4] = "n/a"
    file = table("a,a,b,a", WAVE[0], gap, WAVE[1], WAVE[3])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = call_json("matrix", file, *QUICK)["results"]
    assert list(results["left_out"]) == ["a (column 2)"]
    pairs = {(pair["first"], pair["second"]) for pair in results["pairs"]}
    first, last = "a (column 1)", "a (column 4)"
    assert pairs == {(first, "b"), (first, last), ("b", last)}


def test_matrix_tells_a_series_without_red_noise_as_the_other_commands_do(table, call):
    file = table("ao,ice,trend", WAVE[0], WAVE[1], np.arange(80))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        status, out, err = call(
            "matrix",
            file,
            *QUICK,
            "--dj",
            "1/2",
            "--column",
            "ao",
            "--column",
            "ice",
            "--column",
            "trend",
            "--level",
            "0.2",
        )
    assert status == 0
    for words in (out, err):
        assert "Pass --detrend linear, or remove its cycle" in " ".join(words.split())
        assert not re.search("sig=False|wct_null|np.diff", words)
    assert err.count("--level is 0.2") == 1


def test_names_are_quoted_for_the_shell_and_arrays_told_by_their_shape(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    x, y = np.random.default_rng(0).normal(size=(2, 60))
    np.savetxt("core.csv", np.column_stack([np.arange(60), x, y]), delimiter=",",
               header="age (ka BP),x,y", comments="")  # fmt: skip
    named = ("--x", "x", "--y", "y", "--dj", "1/2", "--mc-count", "20", "--no-progress")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert "pass --time 'age (ka BP)' for" in call("wct", "core.csv", *named)[2]
    np.save("one.npy", x)
    np.save("wide.npy", np.ones((2, 400)))
    assert "one.npy has column 1, without a name" in call("wct", "one.npy")[2]
    err = call("wct", "wide.npy")[2]
    assert "20 and 380 more, without names" in err
    assert "save the transposed array" in err
