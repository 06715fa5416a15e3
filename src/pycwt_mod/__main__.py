"""The command line: ``pycwt-mod`` and ``python -m pycwt_mod``.

Results go to stdout; progress, warnings and errors to stderr. The exit status is 0 if all is well,
1 if the work failed, 2 if the command was wrong.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from ._version import __version__
from .backends import list_backends
from .sample import demo

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130

DEFAULT_PICTURE = "pycwt_mod_demo.png"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments without the program's name; by default those of the process.

    Returns
    -------
    int
        Exit status: 0 well, 1 the work failed, 2 the command was wrong.
    """
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as exit_:  # argparse has said why, or shown its help
        return EXIT_OK if exit_.code in (None, 0) else EXIT_USAGE
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            print(arguments.run(arguments))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except Exception as error:
        print(f"pycwt-mod: error: {error or type(error).__name__}", file=sys.stderr)
        return EXIT_FAILED
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pycwt-mod",
        description="Wavelet coherence with Monte Carlo significance.",
    )
    parser.add_argument("--version", action="version", version=f"pycwt_mod {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_demo(commands)
    return parser


def _add_demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "demo",
        help="the Arctic Oscillation against Baltic Sea ice, as a picture and a table",
        description=(
            "Wavelet coherence of the winter Arctic Oscillation and the Baltic Sea ice extent, "
            "as in Grinsted et al. (2004): saves a picture and prints a table."
        ),
    )
    parser.set_defaults(run=_run_demo)
    parser.add_argument(
        "--output",
        type=_picture_path,
        default=_picture_path(DEFAULT_PICTURE),
        metavar="FILE",
        help="where to save the picture (default: %(default)s)",
    )
    parser.add_argument(
        "--mc-count",
        type=_positive,
        default=demo.DEFAULT_SURROGATES,
        metavar="N",
        help="number of surrogates (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=_not_negative,
        default=demo.DEFAULT_SEED,
        metavar="N",
        help="seed of the surrogates (default: %(default)s)",
    )
    _add_engine_options(parser)


def _add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where and how the simulation runs."""
    parser.add_argument(
        "--backend",
        type=_backend_name,
        metavar="NAME",
        help="where to run: auto, sequential, joblib, dask, gpu or a plug-in (default: auto)",
    )
    parser.add_argument(
        "--workers",
        type=_workers,
        metavar="N",
        help="number of parallel workers; -1: all cores",
    )
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")


def _run_demo(arguments: argparse.Namespace) -> str:
    picture: Path = arguments.output
    if not picture.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(picture.parent)!r} for the picture")
    result = demo.run_demo(
        mc_count=arguments.mc_count,
        seed=arguments.seed,
        backend=arguments.backend,
        n_workers=arguments.workers,
        progress=not arguments.no_progress,
    )
    result.save_picture(picture)
    return result.report(picture.resolve())


def _picture_path(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in {".png", ".pdf", ".svg"}:
        raise argparse.ArgumentTypeError(f"must end in .png, .pdf or .svg, got {text!r}")
    return path


def _positive(text: str) -> int:
    return _integer(text, 1, "a positive integer")


def _not_negative(text: str) -> int:
    return _integer(text, 0, "a non-negative integer")


def _workers(text: str) -> int:
    return -1 if text.strip() == "-1" else _integer(text, 1, "a positive integer or -1")


def _integer(text: str, at_least: int, rule: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = at_least - 1
    if value < at_least:
        raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}")
    return value


def _backend_name(text: str) -> str:
    known = list_backends()
    if text.strip().lower() not in known:
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(known)}, got {text!r}")
    return text


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning as one line, without the source code that raised it."""
    print(f"pycwt-mod: warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
