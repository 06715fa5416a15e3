import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from importlib import metadata
from pathlib import Path

import pytest

import pycwt_mod
from pycwt_mod import __main__ as command_line
from pycwt_mod.cli import program
from pycwt_mod.sample import demo

COMMANDS = ("demo", "wct", "xwt", "cwt", "matrix", "backends")


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


@pytest.mark.parametrize("stored", [True, False], ids=["cache", "no cache"])
def test_command_interrupted_says_whether_it_goes_on(call, csv, monkeypatch, stored):
    def interrupt(*series, **options):
        assert options["cache"] is stored
        raise KeyboardInterrupt

    monkeypatch.setattr("pycwt_mod.cli.coherence_command.wct", interrupt)
    options = () if stored else ("--no-cache",)
    status, out, err = call("wct", csv, "--x", "2", "--y", "3", "--dt", "1", *options)
    assert (status, out) == (130, "")
    assert ("same command goes on" in err) is stored


def test_command_failure_without_words_names_the_error(capsys, monkeypatch):
    def fail():
        raise MemoryError

    act(monkeypatch, fail)
    assert command_line.main(["demo"]) == 1
    assert capsys.readouterr().err == "pycwt-mod: error: MemoryError\n"


def test_no_command_is_told_with_those_there_are(capsys):
    assert command_line.main([]) == 2
    assert f"name a command: {', '.join(COMMANDS)}." in capsys.readouterr().err


def test_command_tells_its_version(capsys):
    assert command_line.main(["--version"]) == 0
    assert capsys.readouterr().out == f"pycwt_mod {pycwt_mod.__version__}\n"


def test_command_is_installed_as_a_script():
    scripts = metadata.entry_points(group="console_scripts", name="pycwt-mod")
    assert [script.load() for script in scripts] == [command_line.main]


def test_help_lists_all_commands(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert command_line.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert all(f"\n    {command}" in shown for command in COMMANDS)
    assert "examples:\n  pycwt-mod demo\n" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example_and_fits_a_terminal(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert command_line.main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"\n  pycwt-mod {command} " in shown.partition("\nexample")[2]
    assert max(map(len, shown.splitlines())) <= 80


def test_output_that_cannot_be_encoded_is_replaced(monkeypatch):
    import io

    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    program._print("10 µm")
    assert raw.getvalue().rstrip() == b"10 ?m"


@pytest.mark.skipif(os.name != "posix", reason="pipes of another kind")
def test_reader_that_goes_away_is_not_a_traceback(csv):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pycwt_mod", "cwt", csv, "--x", "rain", "--dt", "1"],
            stdout=writer,
            stderr=subprocess.PIPE,
            timeout=120,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.heavy
@pytest.mark.skipif(os.name != "posix", reason="signals of another kind")
def test_interrupted_simulation_ends_without_a_traceback(csv):
    arguments = ["wct", csv, "--dt", "1", "--x", "2", "--y", "3", "--mc-count", "1000000"]
    process, terminal = _begun(*arguments, "--backend", "sequential", stdout=subprocess.PIPE)
    process.send_signal(signal.SIGINT)
    err = _rest_of(terminal)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert err.endswith(b"goes on from there\r\n")
    assert b"Traceback" not in err


def _begun(*arguments, **options):
    """Start a command that simulates; return it and the terminal of its bar, which has moved."""
    import termios  # of POSIX alone

    terminal, its_end = os.openpty()
    termios.tcsetwinsize(terminal, (24, 80))  # tqdm writes no numbers on one without columns
    command = [sys.executable, "-m", "pycwt_mod", *arguments]
    process = subprocess.Popen(command, stderr=its_end, **options)
    os.close(its_end)
    seen = b""
    while not re.search(rb"[1-9]\d*/1000000", seen):
        seen += os.read(terminal, 1024)
    return process, terminal


def _rest_of(terminal):
    """Return what is written to a terminal until its last process has closed it."""
    seen = b""
    with contextlib.suppress(OSError):  # how Linux says so
        while part := os.read(terminal, 1024):
            seen += part
    os.close(terminal)
    return seen


def _members(session):
    """Return the living processes of a session."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, its_session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:  # it has ended
            continue
        if int(its_session) == session and state != "Z":
            found.append(int(folder.name))
    return found


@pytest.mark.heavy
@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="processes are listed by /proc")
def test_terminated_simulation_leaves_no_worker_processes(csv):
    arguments = ["wct", csv, "--dt", "1", "--x", "2", "--y", "3", "--mc-count", "1000000"]
    process, terminal = _begun(
        *arguments, "--backend", "joblib", "--workers", "2",
        stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        assert len(_members(process.pid)) > 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 143
        ends = time.monotonic() + 30
        while _members(process.pid) and time.monotonic() < ends:
            time.sleep(0.1)
        assert _members(process.pid) == []
        assert b"Traceback" not in _rest_of(terminal)
    finally:
        for left in _members(process.pid):
            os.kill(left, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("thread", ["main", "other"])
def test_command_leaves_the_handler_of_sigterm_as_it_was(monkeypatch, thread):
    during = []
    act(monkeypatch, lambda: during.append(signal.getsignal(signal.SIGTERM)))
    before = signal.getsignal(signal.SIGTERM)
    if thread == "main":
        command_line.main(["demo"])
    else:
        other = threading.Thread(target=command_line.main, args=(["demo"],))
        other.start()
        other.join()
    assert (during[0] is not before) == (thread == "main" and before == signal.SIG_DFL)
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("option", ["--plot", "--save"])
def test_folder_in_place_of_a_file_is_refused_before_the_work(csv, call, monkeypatch, option):
    folder = Path("out.png" if option == "--plot" else "out.npz")
    folder.mkdir()
    monkeypatch.setattr("pycwt_mod.cli.coherence_command.wct", None)  # calling it would fail
    status, out, err = call("wct", csv, "--x", "rain", "--y", "discharge", option, folder)
    assert (status, out) == (1, "")
    assert f"{str(folder)!r} is a folder: name a file" in err
