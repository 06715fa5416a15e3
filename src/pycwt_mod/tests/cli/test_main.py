import os
import signal
import subprocess
import sys
import warnings
from importlib import metadata

import pytest

import pycwt_mod
from pycwt_mod import __main__ as command_line
from pycwt_mod.cli import program
from pycwt_mod.sample import demo

COMMANDS = ("demo", "wct", "xwt", "cwt", "matrix", "backends", "bench")


def act(monkeypatch, what):
    """Make the demonstration do something else."""
    monkeypatch.setattr(demo, "run_demo", lambda **options: what())


def test_command_shows_warnings_in_a_line(capsys, monkeypatch, tmp_path):
    class Result:
        def save_picture(self, path):
            warnings.warn("a thing to know", UserWarning, stacklevel=1)

        def report(self, path):
            return "result"

    act(monkeypatch, Result)
    warnings.simplefilter("always")
    assert command_line.main(["demo", "--output", str(tmp_path / "p.png")]) == 0
    assert capsys.readouterr() == ("result\n", "pycwt-mod: warning: a thing to know\n")


def test_command_interrupted_exits_with_130(capsys, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    act(monkeypatch, interrupt)
    assert command_line.main(["demo"]) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


def test_command_failure_without_words_names_the_error(capsys, monkeypatch):
    def fail():
        raise MemoryError

    act(monkeypatch, fail)
    assert command_line.main(["demo"]) == 1
    assert capsys.readouterr().err == "pycwt-mod: error: MemoryError\n"


def test_command_tells_its_version(capsys):
    assert command_line.main(["--version"]) == 0
    assert capsys.readouterr().out == f"pycwt_mod {pycwt_mod.__version__}\n"


def test_command_is_installed_as_a_script():
    scripts = metadata.entry_points(group="console_scripts", name="pycwt-mod")
    assert [script.load() for script in scripts] == [command_line.main]


def test_help_lists_all_commands(capsys):
    assert command_line.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n    {command}" in shown for command in COMMANDS)
    assert "examples:\n  pycwt-mod demo\n" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example(command, capsys):
    assert command_line.main([command, "--help"]) == 0
    example = capsys.readouterr().out.partition("\nexample")[2]
    assert f"\n  pycwt-mod {command} " in example


def test_output_that_cannot_be_encoded_is_replaced(monkeypatch):
    import io

    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    program._print("10 µm")
    assert raw.getvalue().rstrip() == b"10 ?m"


@pytest.mark.skipif(os.name != "posix", reason="pipes of another kind")
def test_reader_that_goes_away_is_not_a_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pycwt_mod", "backends"],
            stdout=writer,
            stderr=subprocess.PIPE,
            timeout=120,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(os.name != "posix", reason="signals of another kind")
def test_interrupted_simulation_ends_without_a_traceback(csv):
    arguments = ["wct", csv, "--dt", "1", "--x", "2", "--y", "3", "--mc-count", "1000000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pycwt_mod", *arguments, "--backend", "sequential"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    seen = b""
    while b"/1000000" not in seen:  # the simulation has begun
        letter = process.stderr.read(1)
        assert letter, seen
        seen += letter
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert err.endswith(b"interrupted\n")
    assert b"Traceback" not in err
