"""The options of the commands: their names, their checks, and the groups that commands share."""

from __future__ import annotations

import argparse
import math
import re
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ..backends import list_backends
from ..limits import MOST_SCALES
from ..montecarlo.null_model import as_noise
from ..mothers import DOG, MexicanHat, Morlet, Paul
from ..validation import did_you_mean


class CommandParser(argparse.ArgumentParser):
    """A parser that names the command or option nearest to one that it does not know."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the arguments, of which none may be left."""
        found, left = super().parse_known_args(args, namespace)
        options = [word for word in left if word.startswith("-")]
        if options:
            known = [option for option in self._option_string_actions if option[:2] == "--"]
            name = options[0].partition("=")[0]
            self.error(f"there is no option {name}.{did_you_mean(name.lower(), known)}")
        if left:
            self.error(f"files stand side by side before the options, got {' '.join(left)} later")
        return found, left


def parse(parser: CommandParser, commands: Commands, words: Sequence[str]) -> argparse.Namespace:
    """Return the arguments of a command; SystemExit, after a message, if they are wrong."""
    known = list(commands.choices)
    if not words:
        parser.error(f"name a command: {', '.join(known)}. `pycwt-mod --help` tells more")
    if not words[0].startswith("-") and words[0] not in known:
        word = words[0].strip().lower()
        alike = [name for name in known if name[0] == word[:1]]
        near = did_you_mean(word, alike) or did_you_mean(word, known)
        parser.error(f"there is no command {words[0]!r}.{near} Commands: {', '.join(known)}.")
    return parser.parse_args(words)


Commands: TypeAlias = "argparse._SubParsersAction[CommandParser]"
Parser: TypeAlias = "argparse.ArgumentParser | argparse._ArgumentGroup"

_MOTHERS: dict[str, Any] = {"morlet": Morlet, "paul": Paul, "dog": DOG, "mexicanhat": MexicanHat}

# argparse keeps the lines of the examples, and so wraps no description.
_HELP_WIDTH = 79


class UsageError(Exception):
    """A command that is wrong in a way that only its data could tell."""


def new_command(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], str],
    *,
    help: str,
    description: str,
    epilog: str,
) -> argparse.ArgumentParser:
    """Add a command; `run` returns what goes to stdout."""
    parser = commands.add_parser(
        name,
        help=help,
        description=textwrap.fill(description, _HELP_WIDTH),
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "--no-progress", dest="progress", action="store_false", help="show no progress bar"
    )
    return parser


def add_pair_options(parser: argparse.ArgumentParser) -> None:
    """Add the columns of two series."""
    parser.add_argument("--x", metavar="COL", help="column of the first series, by name or number")
    parser.add_argument(
        "--y",
        metavar="COL",
        help="column of the second; both may be left out if the file has just two besides dates",
    )


def add_group_options(parser: argparse.ArgumentParser) -> None:
    """Add the columns of series beside two."""
    group = parser.add_mutually_exclusive_group()
    for name, dest, words in (
        ("--given", "given", "removed from both series first: partial coherence"),
        ("--with", "joined", "to explain y together with x: multiple coherence"),
    ):
        group.add_argument(
            name,
            dest=dest,
            nargs="+",
            action="extend",
            default=[],
            metavar="COL",
            help=f"columns {words}",
        )


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add the file, its columns of times, and how it is read."""
    parser.usage = "%(prog)s FILE [FILE ...] [options]"  # each of which is told below it
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="CSV, TSV or columns by spaces (also .gz), .npy, .npz, .parquet; - for stdin; several "
        "are joined on their times",
    )
    group = parser.add_argument_group("data")
    times = group.add_mutually_exclusive_group()
    times.add_argument("--dt", type=positive, help="sampling interval (default: 1)")
    times.add_argument(
        "--time",
        metavar="COL",
        help="column of times, numbers or dates; also year,month or date,time of two columns; none "
        "counts samples (default: the one column of dates)",
    )
    group.add_argument(
        "--date-format",
        metavar="CODES",
        help="how dates are written, such as %%d/%%m/%%Y (default: seen from them)",
    )
    group.add_argument(
        "--unit",
        help="unit of time; for dates: seconds, minutes, hours, days, weeks, months or years "
        "(default: that of their steps)",
    )
    group.add_argument(
        "--missing",
        action="append",
        default=[],
        metavar="TEXT",
        help="what stands for a missing value, such as -999; may be given again",
    )
    group.add_argument(
        "--header",
        choices=("auto", "yes", "no"),
        default="auto",
        help="whether the first row has the names (default: seen from its content)",
    )
    group.add_argument(
        "--skip", type=not_negative, default=0, metavar="N", help="lines before the table"
    )
    group.add_argument(
        "--interpolate",
        type=not_negative,
        default=0,
        metavar="N",
        help="fill gaps of up to N steps by straight lines",
    )
    group.add_argument(
        "--detrend",
        choices=("linear", "loess"),
        help="remove the trend of each series first: a straight line, or a smooth curve",
    )
    group.add_argument(
        "--deseason",
        type=season,
        metavar="CYCLE",
        help="remove the mean of each season first: year for dates, or the samples in a cycle",
    )


def add_scale_options(parser: argparse.ArgumentParser) -> None:
    """Add the wavelet and its scales."""
    group = parser.add_argument_group("wavelet")
    group.add_argument(
        "--wavelet",
        type=wavelet,
        default="morlet",
        metavar="NAME",
        help=f"{', '.join(_MOTHERS)}; with a parameter: morlet:8, paul:4, dog:6 "
        "(default: morlet, which is morlet:6)",
    )
    group.add_argument(
        "--dj",
        type=positive,
        default=1 / 12,
        help="spacing of the scales in octaves (default: 1/12)",
    )
    group.add_argument(
        "--s0", type=positive, default=-1, help="smallest scale (default: that of a period of 2 DT)"
    )
    group.add_argument(
        "--scales",
        dest="J",
        type=last_scale,
        default=-1,
        metavar="N",
        help="number of scales (default: up to the record)",
    )
    group.add_argument(
        "--level",
        dest="significance_level",
        type=probability,
        default=0.95,
        metavar="P",
        help="significance level as a probability (default: 0.95)",
    )


def add_simulation_options(parser: argparse.ArgumentParser) -> None:
    """Add the simulation of the significance."""
    group = parser.add_argument_group("significance")
    # The same numbers every time, unless asked otherwise; any seed will do.
    add_run_options(group, mc_count=300, seed=0)
    group.add_argument(
        "--tol",
        type=positive,
        metavar="SE",
        help="add surrogates until the standard error of the level is below SE at every scale",
    )
    group.add_argument(
        "--no-cache",
        dest="cache",
        action="store_false",
        help="neither read nor write stored simulations",
    )


def add_judgement_options(parser: argparse.ArgumentParser) -> None:
    """Add what the points of a coherence are compared with."""
    group = parser.add_argument_group("points")
    group.add_argument(
        "--null",
        choices=("point", "scale"),
        help="compare a point with the coherence of noise at its own place, valid at the ends of "
        "the record, too, or at its scale as a whole (default: point; scale for dog and others "
        "for which point takes a simulation)",
    )
    group.add_argument(
        "--correction",
        choices=("fdr", "cluster"),
        help="outline what is significant at a false discovery rate of 1 - P over all points, or "
        "the patches larger than the largest of noise but for a probability of 1 - P, from 1000 "
        "surrogates or more; and tell its share",
    )
    group.add_argument(
        "--method",
        choices=("multirate", "full", "analytic"),
        help="how levels by scale are found: analytic is in closed form, without surrogates "
        "(default: multirate)",
    )


def add_noise_options(parser: argparse.ArgumentParser) -> None:
    """Add given coefficients of the red noise that a pair is compared with."""
    group = parser.add_argument_group("red noise")
    for name, series in (("--al1", "x"), ("--al2", "y")):
        group.add_argument(
            name,
            type=coefficient,
            metavar="G",
            help=f"lag-1 autocorrelation of {series} in the test (default: estimated)",
        )


def add_null_options(parser: argparse.ArgumentParser) -> None:
    """Add what stands for each series under the null hypothesis."""
    group = parser.add_argument_group("null hypothesis")
    group.add_argument(
        "--noise",
        action="append",
        type=noise,
        metavar="NAME",
        help="what unrelated series are: ar1 (red noise), white, phase (the spectrum of the "
        "series), iaaft (its spectrum and its values) or arma(p,q), fitted to it; given again for "
        "each series: x, y, others (default: ar1)",
    )
    group.add_argument(
        "--fixed",
        action="append",
        default=[],
        metavar="COL",
        help="column that is kept as it was observed, such as a forcing or a season; may be given "
        "again",
    )


def noise(text: str) -> Any:
    """Return a choice of the null hypothesis."""
    if text == "legacy":  # of the random state of a script
        raise argparse.ArgumentTypeError("legacy is for Python; white is alike")
    try:
        return as_noise(text, "noise", of_a_pair=False)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("`noise` ")) from None


def null_options(
    arguments: argparse.Namespace, names: Sequence[str], labels: Sequence[str]
) -> dict[str, Any]:
    """Return the null hypothesis of series with these names, which the function calls `labels`.

    The first two, where they are not all alike, have the names x and y as well.
    """
    noises = arguments.noise or ["ar1"]
    if len(noises) not in (1, len(labels)):
        raise UsageError(
            f"takes --noise once, or once for each of the {len(labels)} series, got it "
            f"{len(noises)} times"
        )
    known = {**dict(zip(("x", "y"), labels, strict=False)), **dict(zip(names, labels, strict=True))}
    for column in arguments.fixed:
        if column not in known:
            near = did_you_mean(column, known)
            raise UsageError(f"takes --fixed with one of {', '.join(names)}, got {column}.{near}")
    fixed = [known[column] for column in arguments.fixed]
    if len(set(fixed)) == len(labels):
        raise UsageError(
            "--fixed must leave at least one series to be replaced by surrogates, got all of them: "
            f"{', '.join(arguments.fixed)}"
        )
    return {"noise": noises[0] if len(noises) == 1 else noises, "fixed": fixed or None}


def add_run_options(parser: Parser, mc_count: int, seed: int) -> None:
    """Add the size, the seed and the place of a simulation, with its defaults."""
    parser.add_argument(
        "--mc-count",
        type=count,
        default=mc_count,
        metavar="N",
        help="number of surrogate pairs (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        dest="rng_seed",
        type=not_negative,
        default=seed,
        metavar="N",
        help="seed of the surrogates (default: %(default)s: the same numbers every time)",
    )
    parser.add_argument(
        "--backend",
        type=backend_name,
        metavar="NAME",
        help="where to run: auto, sequential, joblib, dask, gpu or a plug-in (default: auto)",
    )
    parser.add_argument(
        "--workers",
        dest="n_workers",
        type=workers,
        metavar="N",
        help="number of parallel workers; -1: all cores",
    )


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add where the results go, besides the summary."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--plot", type=picture_path, metavar="FILE", help="draw a .png, .pdf, .svg or .eps"
    )
    group.add_argument(
        "--save",
        type=archive_path,
        metavar="FILE",
        help="save all arrays and how they were made to an .npz",
    )
    group.add_argument(
        "--json", action="store_true", help="print JSON, with how the results were made"
    )


def chosen(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Return options as the package's functions take them, which know them by the same names."""
    return {name: getattr(arguments, name) for name in names}


def scale_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the wavelet and its scales."""
    return chosen(arguments, "dj", "s0", "J", "wavelet")


def simulation_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options of the simulation."""
    return chosen(arguments, "mc_count", "cache", "backend", "n_workers", "rng_seed", "tol")


def picture_path(text: str) -> Path:
    """Return a path whose suffix is that of a picture."""
    return _path(text, ".png, .pdf, .svg or .eps")


def archive_path(text: str) -> Path:
    """Return a path that ends in .npz."""
    return _path(text, ".npz")


def check_outputs(arguments: argparse.Namespace) -> None:
    """Raise OSError before the work if its results could not be written after it."""
    check_folder(arguments.plot, "picture")
    check_folder(arguments.save, "arrays")


def check_folder(path: Path | None, what: str) -> None:
    """Raise OSError before the work if its result could not be written after it."""
    if path is not None and not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r} for the {what}")
    if path is not None and path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder: name a file for the {what}")


def count(text: str) -> int:
    """Return a positive integer."""
    return _integer(text, 1, "a positive integer")


def not_negative(text: str) -> int:
    """Return a non-negative integer."""
    return _integer(text, 0, "a non-negative integer")


def workers(text: str) -> int:
    """Return a number of workers."""
    return -1 if text.strip() == "-1" else _integer(text, 1, "a positive integer or -1")


def season(text: str) -> int | str:
    """Return the number of samples in a cycle, or "year"."""
    if text.strip() == "year":
        return "year"
    return _integer(text, 2, "year, or the number of samples in a cycle, such as 12 for months")


def positive(text: str) -> float:
    """Return a positive number, which may be written as a fraction."""
    return _between(text, math.inf, "must be a positive number")


def probability(text: str) -> float:
    """Return a probability."""
    return _between(text, 1.0, "must lie strictly between 0 and 1, such as 0.95")


def coefficient(text: str) -> float:
    """Return a lag-1 autocorrelation."""
    value = _fraction(text)
    if not -1 < value < 1:
        raise argparse.ArgumentTypeError(f"must lie strictly between -1 and 1, got {text!r}")
    return value


def last_scale(text: str) -> int:
    """Return the index of the last scale from the number of scales."""
    number = count(text)
    if number > MOST_SCALES:
        raise argparse.ArgumentTypeError(f"must be at most {MOST_SCALES}, got {text!r}")
    return number - 1


def wavelet(text: str) -> Any:
    """Return the mother wavelet of a name such as morlet or morlet:8."""
    name, colon, parameter = text.strip().lower().partition(":")
    if name not in _MOTHERS or (colon and name == "mexicanhat"):
        raise argparse.ArgumentTypeError(
            f"must be one of {', '.join(_MOTHERS)}, or such as morlet:8, got {text!r}."
            f"{did_you_mean(name, _MOTHERS)}"
        )
    if not colon:
        return _MOTHERS[name]()
    value = _fraction(parameter)
    if not value > 0 or (name != "morlet" and value % 1):
        rule = "a positive number" if name == "morlet" else "a positive integer"
        raise argparse.ArgumentTypeError(f"must have {rule} after {name}:, got {text!r}")
    return _MOTHERS[name](value if name == "morlet" else int(value))


def band_of(text: str) -> tuple[float, float]:
    """Return a band of periods."""
    low, _, high = text.partition(":")
    band = _fraction(low), _fraction(high)
    if not 0 < band[0] < band[1] < math.inf:
        raise argparse.ArgumentTypeError(f"must be LOW:HIGH, such as 2:8, got {text!r}")
    return band


def backend_name(text: str) -> str:
    """Return the name of a backend."""
    known = list_backends()
    name = text.strip().lower()
    if name not in known:
        raise argparse.ArgumentTypeError(
            f"must be one of {', '.join(known)}, got {text!r}.{did_you_mean(name, known)}"
        )
    return text


def _path(text: str, suffixes: str) -> Path:
    if Path(text).suffix.lower() not in re.findall(r"\.\w+", suffixes):
        raise argparse.ArgumentTypeError(f"must end in {suffixes}, got {text!r}")
    return Path(text)


def _integer(text: str, at_least: int, rule: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = at_least - 1
    if value < at_least:
        raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}")
    return value


def _between(text: str, most: float, rule: str) -> float:
    value = _fraction(text)
    if not 0 < value < most:
        raise argparse.ArgumentTypeError(f"{rule}, got {text!r}")
    return value


def _fraction(text: str) -> float:
    """Return a number such as 0.25 or 1/12; NaN if it is none."""
    above, slash, below = text.partition("/")
    try:
        return float(above) / float(below) if slash else float(above)
    except (ValueError, ZeroDivisionError):
        return math.nan
