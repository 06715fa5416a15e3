import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import pycwt_mod
from pycwt_mod import __main__ as command_line
from pycwt_mod.sample import demo
from pycwt_mod.sample.regions import Region, find_regions

# Enough for the features of this record, which are far above the level.
FEW = 60

ROOT = Path(pycwt_mod.__file__).parents[2]


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


def test_demo_finds_the_anti_phase_of_the_paper(finished):
    _, process = finished
    rows = re.findall(
        r"^ +([\d.]+) to ([\d.]+) +(\d{4}) to (\d{4}) +(0\.\d\d) +([+-]\d+) \+- (\d+) +([+-][\d.]+)"
        r" \+- [\d.]+ +(\S.*)$",
        process.stdout,
        re.M,
    )
    assert 3 <= len(rows) <= 6
    assert all(row[-1] == "anti-phase: high AO, little ice" for row in rows)
    assert all(abs(float(row[5])) > 135 for row in rows)
    # Grinsted et al. (2004) see it from about 1900 on at periods of about ten years.
    decadal = next(row for row in rows if float(row[0]) == 8)
    assert int(decadal[2]) < 1910 < 1975 < int(decadal[3])
    assert float(decadal[4]) > 0.7


def test_demo_says_how_it_was_run(finished):
    _, process = finished
    assert re.search(
        rf"^Run: pycwt_mod {re.escape(pycwt_mod.__version__)}, backend sequential \(1 worker\), "
        rf"{FEW} surrogates in \d+\.\d s, seed {demo.DEFAULT_SEED}$",
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


def test_demo_is_reproducible_and_silent_on_request(finished, tmp_path):
    _, first = finished
    options = ("--mc-count", str(FEW), "--no-progress", "--output", "other.png")
    second = run("demo", *options, cwd=tmp_path)
    assert second.stderr == ""
    assert timeless(second.stdout) == timeless(first.stdout)
    assert (tmp_path / "other.png").stat().st_size > 10_000


def test_demo_seed_changes_the_level_and_is_reported():
    one, two = (demo.run_demo(mc_count=FEW, seed=seed) for seed in (1, 2))
    assert (one.null.quantile(0.95) != two.null.quantile(0.95)).any()
    assert "seed 2" in two.report(Path("p.png"))


def test_demo_gives_the_same_numbers_on_joblib(capsys, tmp_path):
    arguments = ["demo", "--mc-count", "30", "--no-progress", "--output", str(tmp_path / "p.pdf")]
    assert command_line.main([*arguments, "--backend", "sequential"]) == 0
    sequential = capsys.readouterr().out
    assert command_line.main([*arguments, "--backend", "joblib", "--workers", "1"]) == 0
    joblib = capsys.readouterr().out
    # One worker of joblib may be this very process.
    assert placeless(joblib) == placeless(sequential)
    assert (tmp_path / "p.pdf").read_bytes().startswith(b"%PDF")


def test_demo_hands_backend_and_workers_on(monkeypatch, tmp_path):
    asked = {}
    monkeypatch.setattr(demo, "run_demo", lambda **options: asked.update(options) or 1 / 0)
    output = ["--output", str(tmp_path / "p.png")]
    assert command_line.main(["demo", "--backend", "joblib", "--workers", "-1", *output]) == 1
    assert (asked["backend"], asked["n_workers"], asked["progress"]) == ("joblib", -1, True)


@pytest.mark.parametrize(
    ("backend", "n_workers", "words"),
    [
        ("joblib", 4, "backend joblib (4 workers), 500 surrogates in 2.3 s, seed 7"),
        ("dask", 1, "backend dask (1 worker), "),
        ("sequential", 4, "backend sequential (1 worker), "),
    ],
)
def test_demo_words_of_where_it_ran(backend, n_workers, words):
    run = {"backend": backend, "n_workers": n_workers, "seconds": 2.34}
    (line,) = demo._how_it_was_run(SimpleNamespace(provenance=run, n_surrogates=500), 7)
    assert words in line


def test_demo_no_scale_lies_wholly_inside_the_cone():
    result = demo.run_demo(mc_count=10)
    periods = 1 / result.freq
    assert periods[-1] <= result.coi.max() < periods[-1] * 2 ** (1 / 12)
    assert np.isfinite(result.null.quantile(0.95)).all()
    assert (result.times[0], result.times[-1]) == (1851, 1997)


def test_demo_report_of_nothing_says_none():
    result = demo.run_demo(mc_count=10)
    silent = demo.DemoResult(
        result.times, result.R2 * 0, result.phase, result.coi, result.freq, result.null, 1
    )
    report = silent.report(Path("p.png"))
    assert "\n  none\n" in report
    assert "0 % of the area" in report


@pytest.mark.parametrize(
    ("phase", "lag", "words"),
    [
        (0.25 * np.pi / 2, 0.5, "in phase"),
        (np.pi / 2, 2.0, "AO leads"),
        (-np.pi / 2, -2.0, "the ice leads"),
        (np.pi - np.pi / 8, -0.5, "anti-phase"),
        (-np.pi + np.pi / 8, 0.5, "anti-phase"),
    ],
)
def test_demo_words_of_a_phase(phase, lag, words):
    region = Region((4.0, 16.0), (0.0, 10.0), 0.9, phase, 0.1, 0.5)
    found, relation = demo._relation(region)
    assert relation.startswith(words)
    assert found == pytest.approx(lag)


@pytest.mark.parametrize(
    ("degrees", "line"),
    [
        (-155, r"-155 deg is 180 \+ 25 deg; 25/360 of 21 years .* is 1.4 years"),
        (160, r"\+160 deg is 180 - 20 deg; -20/360 of 21 years .* is -1.2 years"),
    ],
)
def test_demo_reckons_one_lag_in_anti_phase(degrees, line):
    small = Region((2.0, 4.0), (0.0, 10.0), 0.9, np.pi, 0.1, 0.5)
    region = Region((16.0, 27.0), (0.0, 10.0), 0.9, np.radians(degrees), 0.1, 0.5)
    (found,) = demo._worked_lag([small, region])
    assert re.search(line, found)
    assert len(found) < 100


def test_demo_reckons_no_lag_where_nothing_is_in_anti_phase():
    assert demo._worked_lag([Region((2.0, 4.0), (0.0, 10.0), 0.9, 0.1, 0.1, 0.5)]) == []


def test_region_spread_of_the_lag_is_that_of_the_phase_in_time():
    region = Region((8.0, 32.0), (0.0, 10.0), 0.9, 0.3, np.pi / 8, 0.5)
    assert region.lag_spread == pytest.approx(1.0)


def test_regions_are_found_by_octave_with_their_means():
    periods = 2.0 ** (1 + np.arange(36) / 12)
    times = np.arange(100.0)
    R2, phase = np.full((36, 100), 0.1), np.zeros((36, 100))
    R2[6:18, 20:70] = 0.9  # half of octave 2 to 4, half of octave 4 to 8
    R2[30:33, 50] = 0.9  # a speck
    phase[6:18, 20:70] = np.where(np.arange(50) % 2, np.pi - 0.1, -np.pi + 0.1)
    coi = np.full(100, 99.0)
    coi[60:] = 1.0
    regions, share = find_regions(R2, phase, coi, periods, np.full(36, 0.5), times)
    assert [region.times for region in regions] == [(20, 59), (20, 59)]
    bands = sorted(region.periods for region in regions)
    np.testing.assert_allclose(bands, [periods[[6, 11]], periods[[12, 17]]])
    for region in regions:
        assert region.coherence == pytest.approx(0.9)
        assert abs(region.phase) == pytest.approx(np.pi)
        assert region.phase_spread == pytest.approx(0.1, rel=0.01)
        assert region.share == pytest.approx(6 * 40 / (36 * 60))
    assert share == pytest.approx((12 * 40 + 3) / (36 * 60))


def test_regions_without_area_are_none():
    field = np.ones((3, 4))
    regions, share = find_regions(
        field, field, np.zeros(4), np.arange(1.0, 4), np.full(3, 0.5), np.arange(4.0)
    )
    assert regions == []
    assert np.isnan(share)


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
        (["demo", "--output", "picture.xyz"], "must end in .png, .pdf or .svg"),
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


def from_checkout(name):
    path = ROOT / name
    if not (ROOT / "pyproject.toml").is_file():
        pytest.skip("only in a checkout")
    return path.read_text(encoding="utf-8")


def test_readme_has_the_two_commands_of_its_quick_start():
    text = from_checkout("README.rst")
    section = text.split("\nQuick start\n", 1)[1]
    section = re.split(r"\n[^\n]+\n[=\-~]{4,}\n", section.split("\n", 2)[2], maxsplit=1)[0]
    commands = [line.strip()[2:] for line in section.splitlines() if line.strip().startswith("$ ")]
    assert len(commands) == 2
    assert commands[0].endswith("-m pycwt_mod demo")
    assert commands[1].endswith("-m pytest")


def test_readme_shows_what_the_demo_prints():
    shown = from_checkout("README.rst").split("and prints what is in it::\n", 1)[1]
    report = demo.run_demo().report(Path("pycwt_mod_demo.png"))
    lines = [line for line in timeless(report).splitlines() if line and "Run:" not in line]
    assert len(lines) > 12
    for line in lines:
        assert f"\n    {line}\n" in shown


@pytest.mark.parametrize(
    "name",
    [
        "README.rst",
        "docs/getting_started.md",
        "docs/faq.md",
        "docs/from_pycwt.md",
        "docs/backends.md",
        "docs/engine.md",
    ],
)
def test_documented_code_runs(name, tmp_path):
    if name.endswith(".md"):
        blocks = re.findall(r"^```python\n(.*?)^```", from_checkout(name), re.M | re.S)
    else:
        blocks = re.findall(
            r"^\.\. code-block:: python\n((?:    .*\n|\n)+)", from_checkout(name), re.M
        )
    assert blocks
    script = tmp_path / "script.py"
    script.write_text("\n".join(map(textwrap.dedent, blocks)), encoding="utf-8")
    environment = os.environ | {"MPLBACKEND": "agg", "PYCWT_MOD_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, timeout=300
    )
    assert done.returncode == 0, done.stderr.decode()


def test_changelog_names_the_version():
    assert f"## [{pycwt_mod.__version__}]" in from_checkout("CHANGELOG.md")
