import json

import numpy as np
import pytest

from pycwt_mod.cli import main

N = 240


@pytest.fixture(scope="session")
def rivers():
    """Monthly rain and discharge, which follows the yearly cycle of rain by two months."""
    rng = np.random.default_rng(7)
    t = np.arange(N)
    rain = 2 * np.sin(2 * np.pi * t / 12) + rng.normal(size=N)
    discharge = 2 * np.sin(2 * np.pi * (t - 2) / 12) + rng.normal(size=N)
    return rain, discharge


@pytest.fixture
def csv(rivers, tmp_path, monkeypatch):
    """The name of a file with the rivers, in the current folder."""
    monkeypatch.chdir(tmp_path)
    rows = [
        f"{1980 + k // 12}-{k % 12 + 1:02d}-01,{x!r},{y!r}"
        for k, (x, y) in enumerate(zip(*np.round(rivers, 6).tolist(), strict=True))
    ]
    (tmp_path / "rivers.csv").write_text("\n".join(["date,rain,discharge", *rows, ""]))
    return "rivers.csv"


@pytest.fixture
def call(capsys):
    """Run a command, and return its status, its stdout and its stderr."""

    def run(*arguments):
        status = main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


@pytest.fixture
def call_json(call):
    """Run a command with --json, and return what any JSON reader makes of its stdout."""

    def run(*arguments):
        status, out, err = call(*arguments, "--json")
        assert status == 0, err

        def refuse(word):
            raise AssertionError(f"{word} is not JSON")

        return json.loads(out, parse_constant=refuse)

    return run
