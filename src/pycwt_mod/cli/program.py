"""The program: choose the command, run it, and turn errors into an exit status."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from .._version import __version__
from . import (
    backends_command,
    coherence_command,
    cross_command,
    demo_command,
    matrix_command,
    options,
    transform_command,
)
from .messages import OPTIONS, in_words_of_command
from .options import UsageError

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED, EXIT_BROKEN_PIPE = 0, 1, 2, 130, 141
EXIT_TERMINATED = 128 + signal.SIGTERM

_GOES_ON = ": surrogates counted so far are stored, and the same command goes on from there"

_EPILOG = """\
examples:
  pycwt-mod demo
  pycwt-mod wct winters.csv --x ao --y ice --time year --unit years --plot p.png
  pycwt-mod COMMAND --help      the options of a command, and an example

Results go to stdout, progress and warnings to stderr. Exit status: 0 well,
1 a file, a column or its values cannot be used, or the work failed, 2 the
command was wrong: an option or what it is set to, 130 interrupted,
143 terminated.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command by its arguments, those of the process by default; return the exit status.

    Only SIGTERM ends it by SystemExit, with the status 143, after worker processes are ended. 141:
    the reader of stdout went away; the others are in the epilog of the help.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = options.parse(*_parser(), words)
    except SystemExit as exit_:  # argparse has said why, or shown its help
        return EXIT_OK if exit_.code in (None, 0) else EXIT_USAGE
    arguments.argv, arguments.warnings, arguments.called = words, [], dict(OPTIONS)
    try:
        with _ended_by_sigterm(), warnings.catch_warnings():
            warnings.showwarning = _warning_shower(arguments)
            _print(arguments.run(arguments))
    except KeyboardInterrupt:
        # Only commands that simulate have this option.
        stored = getattr(arguments, "cache", False)
        print(f"interrupted{_GOES_ON if stored else ''}", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout at exit, which would fail again and say so.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except Exception as error:
        message = in_words_of_command(str(error), arguments.called) or type(error).__name__
        # Of a wrong option only the data, or a function, could tell.
        if isinstance(error, UsageError) or message.startswith("--"):
            print(f"pycwt-mod {arguments.command}: error: {message}", file=sys.stderr)
            return EXIT_USAGE
        print(f"pycwt-mod: error: {message}", file=sys.stderr)
        return EXIT_FAILED
    return EXIT_OK


def _parser() -> tuple[options.CommandParser, options.Commands]:
    parser = options.CommandParser(
        prog="pycwt-mod",
        description="Wavelet transforms and coherence of time series, with their significance.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"pycwt_mod {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True
    )
    for command in (
        demo_command,
        coherence_command,
        cross_command,
        transform_command,
        matrix_command,
        backends_command,
    ):
        command.add_to(commands)
    return parser, commands


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the work as an error does, so that worker processes do not outlive it."""

    def end(*_: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not stop the cleaning up
        raise SystemExit(EXIT_TERMINATED)

    plain = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if not plain or threading.current_thread() is not threading.main_thread():
        yield  # the caller has a handler of its own, or this thread may not set one
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _print(text: str) -> None:
    """Print the result, also where stdout cannot write all of its letters."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


def _warning_shower(arguments: argparse.Namespace) -> Callable[..., None]:
    """Return a function that shows a warning as one line, without the code that raised it."""

    def show(message: Warning | str, *place: object, **more: object) -> None:
        words = in_words_of_command(str(message), arguments.called)
        if words in arguments.warnings:
            return  # another function of the same command says so, too
        arguments.warnings.append(words)
        print(f"pycwt-mod: warning: {words}", file=sys.stderr)

    return show
