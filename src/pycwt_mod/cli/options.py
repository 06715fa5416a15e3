"""The options of the commands: their words of help, and the groups that commands share."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from ..validation import did_you_mean
from . import values

_HELP = {
    "FILE": "CSV, TSV or columns by spaces (also .gz), .npy, .npz, .parquet; - for stdin; several "
    "are joined on their times",
    # series
    "--x": "column of the first series, by name or number",
    "--y": "column of the second; both may be left out if the file has just two besides dates",
    "--given": "columns removed from both series first: partial coherence",
    "--with": "columns to explain y together with x: multiple coherence",
    "--column": "column of a series, by name or number; may be given again (default: all)",
    "--band": "band of periods; may be given again (default: octaves)",
    "--inside-cone": "count the points inside the cone of influence, too: means are over all times",
    "--fields": "write the coherence of each pair at all times and periods to this folder; a run "
    "that was interrupted goes on where it was",
    # data
    "--dt": "sampling interval (default: 1)",
    "--time": "column of times, numbers or dates; also year,month or date,time of two columns; "
    "none counts samples (default: the one column of dates)",
    "--date-format": "how dates are written, such as %%d/%%m/%%Y (default: seen from them)",
    "--unit": "unit of time, that of --dt; for dates: seconds, minutes, hours, days, weeks, months "
    "or years (default: that of their steps)",
    "--missing": "what stands for a missing value, such as -999; may be given again",
    "--header": "whether the first row has the names (default: seen from its content)",
    "--skip": "lines before the table",
    "--interpolate": "fill gaps of up to N steps by straight lines",
    "--detrend": "remove the trend of each series first: a straight line, or a smooth curve",
    "--deseason": "remove the mean of each season first: year for dates, or the samples in a cycle",
    # wavelet
    "--wavelet": f"{', '.join(values.MOTHERS)}; with a parameter: morlet:8, paul:4, dog:6 "
    "(default: morlet, which is morlet:6)",
    "--dj": "spacing of the scales in octaves (default: 1/12)",
    "--s0": "smallest scale (default: that of a period of 2 DT)",
    "--scales": "number of scales (default: up to the record)",
    "--level": "significance level as a probability (default: 0.95)",
    # null hypothesis
    "--noise": "what unrelated series are: ar1 (red noise), white, phase (the spectrum of the "
    "series), iaaft (its spectrum and its values) or arma(p,q), fitted to it; given again for "
    "each series: x, y, others (default: ar1)",
    "--fixed": "column that is kept as it was observed, such as a forcing or a season; may be "
    "given again",
    "--al1": "lag-1 autocorrelation of x in the test (default: estimated)",
    "--al2": "lag-1 autocorrelation of y in the test (default: estimated)",
    # points
    "--null": "compare a point with the coherence of noise at its own place, valid at the ends of "
    "the record, too, or at its scale as a whole (default: point; scale for dog and others for "
    "which point takes a simulation)",
    "--correction": "outline what is significant at a false discovery rate of 1 - P over all "
    "points, or the patches larger than the largest of noise but for a probability of 1 - P, from "
    "1000 surrogates or more; and tell its share",
    "--method": "how levels by scale are found: analytic is in closed form, without surrogates "
    "(default: multirate)",
    # significance
    "--mc-count": "number of surrogate pairs (default: %(default)s)",
    "--seed": "seed of the surrogates (default: %(default)s: the same numbers every time)",
    "--backend": "where to run: auto, sequential, joblib, dask, gpu or a plug-in (default: auto)",
    "--workers": "number of parallel workers; -1: all cores",
    "--tol": "add surrogates until the standard error of the level is below SE at every scale",
    "--no-cache": "neither read nor write stored simulations",
    "--no-progress": "show no progress bar",
    # output
    "--plot": f"draw a {values.PICTURES}",
    "--save": "save all arrays and how they were made to an .npz",
    "--json": "print JSON, with how the results were made",
}

Parser: TypeAlias = "argparse.ArgumentParser | argparse._ArgumentGroup"

# argparse keeps the lines of the examples, and so wraps no description.
_HELP_WIDTH = 79


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

    def error(self, message: str) -> NoReturn:
        """End with a message; argparse has no remedy for two options that exclude each other."""
        if "not allowed with argument" in message:
            steps = "leave --dt out, as the times tell the step"
            both = "--dt" in message and "--time" in message
            message += f": {steps if both else 'leave one of them out'}"
        super().error(message)


Commands: TypeAlias = "argparse._SubParsersAction[CommandParser]"


class UsageError(Exception):
    """A command that is wrong in a way that only its data could tell."""


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


def new_command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], str], **told: Any
) -> argparse.ArgumentParser:
    """Add a command with its help, description and epilog; `run` returns what goes to stdout."""
    told["description"] = textwrap.fill(told["description"], _HELP_WIDTH)
    parser = commands.add_parser(name, formatter_class=argparse.RawDescriptionHelpFormatter, **told)
    parser.set_defaults(run=run)
    _add(parser, "--no-progress", dest="progress", action="store_false")
    return parser


def _add(parser: Parser, name: str, metavar: str | None = None, **how: Any) -> None:
    """Add an option; `metavar` is what stands for its value."""
    if metavar is not None:
        how["metavar"] = metavar
    parser.add_argument(name, help=_HELP[name], **how)


def add_pair_options(parser: argparse.ArgumentParser) -> None:
    """Add the columns of two series."""
    _add(parser, "--x", "COL")
    _add(parser, "--y", "COL")


def add_group_options(parser: argparse.ArgumentParser) -> None:
    """Add the columns of series beside two."""
    group = parser.add_mutually_exclusive_group()
    several: Any = {"nargs": "+", "action": "extend", "default": []}
    _add(group, "--given", "COL", **several)
    _add(group, "--with", "COL", dest="joined", **several)


def add_many_options(parser: argparse.ArgumentParser) -> None:
    """Add the columns of many series, and what is wanted of their pairs."""
    _add(parser, "--column", "COL", action="append")
    _add(parser, "--band", "LOW:HIGH", action="append", type=values.band_of)
    _add(parser, "--inside-cone", action="store_true")
    _add(parser, "--fields", "FOLDER")


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add the file, its columns of times, and how it is read."""
    parser.usage = "%(prog)s FILE [FILE ...] [options]"  # each of which is told below it
    parser.add_argument("files", nargs="+", metavar="FILE", help=_HELP["FILE"])
    group = parser.add_argument_group("data")
    times = group.add_mutually_exclusive_group()
    _add(times, "--dt", type=values.positive)
    _add(times, "--time", "COL")
    _add(group, "--date-format", "CODES")
    _add(group, "--unit")
    _add(group, "--missing", "TEXT", action="append", default=[])
    _add(group, "--header", choices=("auto", "yes", "no"), default="auto")
    _add(group, "--skip", "N", type=values.not_negative, default=0)
    _add(group, "--interpolate", "N", type=values.not_negative, default=0)
    _add(group, "--detrend", choices=("linear", "loess"))
    _add(group, "--deseason", "CYCLE", type=values.season)


def add_scale_options(parser: argparse.ArgumentParser) -> None:
    """Add the wavelet and its scales."""
    group = parser.add_argument_group("wavelet")
    _add(group, "--wavelet", "NAME", type=values.wavelet, default="morlet")
    _add(group, "--dj", type=values.positive, default=1 / 12)
    _add(group, "--s0", type=values.positive, default=-1)
    _add(group, "--scales", "N", dest="J", type=values.last_scale, default=-1)
    level: Any = {"dest": "significance_level", "default": 0.95}
    _add(group, "--level", "P", type=values.probability, **level)


def add_null_options(parser: argparse.ArgumentParser) -> None:
    """Add what stands for each series under the null hypothesis."""
    group = parser.add_argument_group("null hypothesis")
    _add(group, "--noise", "NAME", action="append", type=values.noise)
    _add(group, "--fixed", "COL", action="append", default=[])


def add_noise_options(parser: argparse.ArgumentParser) -> None:
    """Add given coefficients of the red noise that a pair is compared with."""
    group = parser.add_argument_group("red noise")
    _add(group, "--al1", "G", type=values.coefficient)
    _add(group, "--al2", "G", type=values.coefficient)


def add_judgement_options(parser: argparse.ArgumentParser) -> None:
    """Add what the points of a coherence are compared with."""
    group = parser.add_argument_group("points")
    _add(group, "--null", choices=("point", "scale"))
    _add(group, "--correction", choices=("fdr", "cluster"))
    _add(group, "--method", choices=("multirate", "full", "analytic"))


def add_simulation_options(parser: argparse.ArgumentParser) -> None:
    """Add the simulation of the significance."""
    group = parser.add_argument_group("significance")
    # The same numbers every time, unless asked otherwise; any seed will do.
    add_run_options(group, mc_count=300, seed=0)
    _add(group, "--tol", "SE", type=values.positive)
    _add(group, "--no-cache", dest="cache", action="store_false")


def add_run_options(parser: Parser, mc_count: int, seed: int) -> None:
    """Add the size, the seed and the place of a simulation, with its defaults."""
    _add(parser, "--mc-count", "N", type=values.count, default=mc_count)
    _add(parser, "--seed", "N", dest="rng_seed", type=values.not_negative, default=seed)
    _add(parser, "--backend", "NAME", type=values.backend_name)
    _add(parser, "--workers", "N", dest="n_workers", type=values.workers)


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add where the results go, besides the summary."""
    group = parser.add_argument_group("output")
    _add(group, "--plot", "FILE", type=values.picture_path)
    _add(group, "--save", "FILE", type=values.archive_path)
    _add(group, "--json", action="store_true")


def chosen(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Return options as the package's functions take them, which know them by the same names."""
    return {name: getattr(arguments, name) for name in names}


def scale_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the wavelet and its scales."""
    return chosen(arguments, "dj", "s0", "J", "wavelet")


def simulation_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options of the simulation."""
    return chosen(arguments, "mc_count", "cache", "backend", "n_workers", "rng_seed", "tol")


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
