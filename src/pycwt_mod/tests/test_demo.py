import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pycwt_mod
from pycwt_mod import __main__ as command_line
from pycwt_mod.sample import demo

# Enough for the features of this record, which are far above the level.
FEW = 60


def run(*arguments, cwd):
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "MPLBACKEND")}
    environment["PYCWT_MOD_CACHE_DIR"] = str(cwd / "cache")
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "pycwt_mod", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, run("demo", "--mc-count", str(FEW), cwd=folder)


@pytest.fixture(scope="module")
def found():
    return demo.run_demo(mc_count=FEW)


def timeless(report):
    """A report without what may differ between two runs."""
    return re.sub(r"in [0-9.]+ s,|Picture: .*", "", report)


def placeless(report):
    """A report without what may differ between two backends."""
    return re.sub(r"backend \w+ \(.*?\)", "", timeless(report))


def test_demo_saves_a_picture(finished):
    from matplotlib.image import imread

    folder, process = finished
    assert process.returncode == 0, process.stderr
    path = folder / "pycwt_mod_demo.png"
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    picture = imread(path)
    assert picture.shape[:2] == (750, 1200)
    assert picture[..., :3].std() > 0.1
    assert f"Picture: {path.resolve()}" in process.stdout


def test_demo_finds_the_anti_phase_of_the_paper(finished, found):
    _, process = finished
    rows = re.findall(
        r"^ +([\d.]+) to [\d.]+ +\d+ % +(\d+) % +(0\.\d\d) +([+-]\d+) \+- \d+ +[+-][\d.]+"
        r" \+- [\d.]+ +([a-z-]+)$",
        process.stdout,
        re.M,
    )
    # Of longer periods the record holds too few.
    assert [int(row[0]) for row in rows] == [2, 4, 8]
    assert "One phase fits all bands from 2 to 16 years: AO and Baltic ice are in anti-phase" in (
        process.stdout.replace("\n  ", " ")
    )
    assert all(row[-1] == "anti-phase" for row in rows)
    assert all(abs(float(row[3])) > 135 for row in rows)
    # Grinsted et al. (2004) see it from about 1900 on at periods of about ten years.
    assert max(rows, key=lambda row: int(row[1]))[0] == "8"
    decade = np.argmin(np.abs(found.coherence.periods - 10))
    years = found.times[(found.coherence.significant() & found.coherence.outside())[decade]]
    assert years[0] < 1910 < 1975 < years[-1]


def test_demo_says_how_it_was_run(finished):
    _, process = finished
    assert re.search(
        rf"^Run: pycwt_mod {re.escape(pycwt_mod.__version__)}, backend sequential \(1 worker\), "
        rf"{FEW} surrogates in \d+\.\d s,\s+seed {demo.DEFAULT_SEED}$",
        process.stdout,
        re.M,
    )


def test_demo_shows_progress_on_stderr_only(finished):
    _, process = finished
    assert f"{FEW}/{FEW}" in process.stderr
    assert "surrogate/s" not in process.stdout


def test_demo_leaves_the_cache_alone(finished):
    folder, _ = finished
    assert [path.name for path in folder.iterdir()] == ["pycwt_mod_demo.png"]


def test_demo_is_reproducible_and_silent_on_request(finished, capsys, tmp_path):
    _, first = finished
    picture = tmp_path / "other.png"
    options = ["--mc-count", str(FEW), "--no-progress", "--output", str(picture)]
    assert command_line.main(["demo", *options]) == 0
    second = capsys.readouterr()
    assert second.err == ""
    assert timeless(second.out) == timeless(first.stdout)
    assert picture.stat().st_size > 10_000


@pytest.mark.heavy
def test_demo_seed_changes_the_level_and_is_reported():
    one, two = (demo.run_demo(mc_count=FEW, seed=seed) for seed in (1, 2))
    assert (one.coherence[4] != two.coherence[4]).any()
    assert "seed 2" in two.report(Path("p.png"))


@pytest.mark.heavy
def test_demo_gives_the_same_numbers_on_joblib(finished, capsys, tmp_path):
    options = ["--mc-count", str(FEW), "--no-progress", "--output", str(tmp_path / "p.pdf")]
    assert command_line.main(["demo", *options, "--backend", "joblib", "--workers", "1"]) == 0
    # One worker of joblib may be this very process; the other ran on the default backend.
    assert placeless(capsys.readouterr().out) == placeless(finished[1].stdout)
    assert (tmp_path / "p.pdf").read_bytes().startswith(b"%PDF")


def test_demo_hands_backend_and_workers_on(monkeypatch, tmp_path):
    asked = {}
    monkeypatch.setattr(demo, "run_demo", lambda **options: asked.update(options) or 1 / 0)
    output = ["--output", str(tmp_path / "p.png")]
    assert command_line.main(["demo", "--backend", "joblib", "--workers", "-1", *output]) == 1
    assert (asked["backend"], asked["n_workers"], asked["progress"]) == ("joblib", -1, True)


def test_demo_no_scale_lies_wholly_inside_the_cone(found):
    _, _, coi, freq, sig = found.coherence
    assert 1 / freq[-1] <= coi.max() < 2 ** (1 / 12) / freq[-1]
    assert np.isfinite(sig).all()
    assert (found.times[0], found.times[-1]) == (1851, 1997)


def test_demo_report_of_nothing_says_none(found):
    silent = found.coherence._replace(WCT=found.coherence.WCT * 0)
    report = dataclasses.replace(found, coherence=silent).report(Path("p.png"))
    assert "\nStrongest evidence: nothing is significant.\n" in report
    assert "\n0 % of the area" in report


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["nonsense"], "nonsense"),
        (["demo", "--mc-count", "0"], "must be a positive integer, got '0'"),
        (["demo", "--mc-count", "many"], "must be a positive integer, got 'many'"),
        (["demo", "--seed", "-1"], "must be a non-negative integer, got '-1'"),
        (["demo", "--workers", "0"], "must be a positive integer or -1, got '0'"),
        (["demo", "--backend", "jobblib"], "must be one of auto, sequential, joblib"),
        (["demo", "--output", "picture.xyz"], "must end in .png, .pdf, .svg or .eps"),
    ],
)
def test_command_usage_errors_exit_with_2(arguments, message, capsys):
    assert command_line.main(arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_command_failure_exits_with_1_before_the_work(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "run_demo", lambda **options: pytest.fail("ran in vain"))
    assert command_line.main(["demo", "--output", str(tmp_path / "missing" / "p.png")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("pycwt-mod: error: there is no folder")
    assert "Traceback" not in printed.err


@pytest.mark.heavy
def test_readme_shows_what_the_demo_prints(checkout):
    readme = (checkout / "README.rst").read_text(encoding="utf-8")
    shown = readme.split("and prints its findings::\n", 1)[1]
    # The rest tells the time, which also decides where its lines are broken.
    findings = demo.run_demo().report(Path("pycwt_mod_demo.png")).split("\nRun: ")[0]
    lines = [line for line in findings.splitlines() if line]
    assert len(lines) > 12
    for line in lines:
        assert f"\n    {line}\n" in shown
