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
    "files": "CSV, TSV or columns by spaces (also .gz), .npy, .npz, .parquet; - for stdin; several "
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
    "--output": "where to save the picture (default: %(default)s)",
}

_SEVERAL: dict[str, Any] = {"metavar": "COL", "nargs": "+", "action": "extend", "default": []}
_SEED: dict[str, Any] = {"metavar": "N", "dest": "rng_seed", "type": values.not_negative}
_PROBABILITY: dict[str, Any] = {"type": values.probability, "default": 0.95}

# The size, the seed and the place of a simulation.
_RUN: dict[str, dict[str, Any]] = {
    "--mc-count": {"metavar": "N", "type": values.count, "default": 300},
    # The same numbers every time, unless asked otherwise; any seed will do.
    "--seed": {**_SEED, "default": 0},
    "--backend": {"metavar": "NAME", "type": values.backend_name},
    "--workers": {"metavar": "N", "dest": "n_workers", "type": values.workers},
}

# The options in groups, which have these titles in the help, as argparse takes them.
_GROUPS: dict[str, dict[str, dict[str, Any]]] = {
    "progress": {"--no-progress": {"dest": "progress", "action": "store_false"}},
    "pair": {"--x": {"metavar": "COL"}, "--y": {"metavar": "COL"}},
    "beside a pair": {"--given": _SEVERAL, "--with": {**_SEVERAL, "dest": "joined"}},
    "many": {
        "--column": {"metavar": "COL", "action": "append"},
        "--band": {"metavar": "LOW:HIGH", "action": "append", "type": values.band_of},
        "--inside-cone": {"action": "store_true"},
        "--fields": {"metavar": "FOLDER"},
    },
    "data": {
        "files": {"metavar": "FILE", "nargs": "+"},
        "--dt": {"type": values.positive},
        "--time": {"metavar": "COL"},
        "--date-format": {"metavar": "CODES"},
        "--unit": {},
        "--missing": {"metavar": "TEXT", "action": "append", "default": []},
        "--header": {"choices": ("auto", "yes", "no"), "default": "auto"},
        "--skip": {"metavar": "N", "type": values.not_negative, "default": 0},
        "--interpolate": {"metavar": "N", "type": values.not_negative, "default": 0},
        "--detrend": {"choices": ("linear", "loess")},
        "--deseason": {"metavar": "CYCLE", "type": values.season},
    },
    "wavelet": {
        "--wavelet": {"metavar": "NAME", "type": values.wavelet, "default": "morlet"},
        "--dj": {"type": values.positive, "default": 1 / 12},
        "--s0": {"type": values.positive, "default": -1},
        "--scales": {"metavar": "N", "dest": "J", "type": values.last_scale, "default": -1},
        "--level": {"metavar": "P", "dest": "significance_level", **_PROBABILITY},
    },
    "null hypothesis": {
        "--noise": {"metavar": "NAME", "action": "append", "type": values.noise},
        "--fixed": {"metavar": "COL", "action": "append", "default": []},
    },
    "red noise": {
        "--al1": {"metavar": "G", "type": values.coefficient},
        "--al2": {"metavar": "G", "type": values.coefficient},
    },
    "points": {
        "--null": {"choices": ("point", "scale")},
        "--correction": {"choices": ("fdr", "cluster")},
        "--method": {"choices": ("multirate", "full", "analytic")},
    },
    "demonstration": {"--output": {"metavar": "FILE", "type": values.picture_path}, **_RUN},
    "significance": {
        **_RUN,
        "--tol": {"metavar": "SE", "type": values.positive},
        "--no-cache": {"dest": "cache", "action": "store_false"},
    },
    "output": {
        "--plot": {"metavar": "FILE", "type": values.picture_path},
        "--save": {"metavar": "FILE", "type": values.archive_path},
        "--json": {"action": "store_true"},
    },
}
_UNTITLED = ("progress", "pair", "beside a pair", "many", "demonstration")
# Of these a group takes one.
_EXCLUDING = ("--dt", "--time", "--given", "--with")

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
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], str],
    groups: Sequence[str] = (),
    **told: Any,
) -> argparse.ArgumentParser:
    """Add a command with groups of options, its help, description and epilog.

    `run` returns what goes to stdout.
    """
    told["description"] = textwrap.fill(told["description"], _HELP_WIDTH)
    parser = commands.add_parser(name, formatter_class=argparse.RawDescriptionHelpFormatter, **told)
    parser.set_defaults(run=run)
    if "data" in groups:
        parser.usage = "%(prog)s FILE [FILE ...] [options]"  # each of which is told below it
    for title in ("progress", *groups):
        group = parser if title in _UNTITLED else parser.add_argument_group(title)
        excluding: Any = None
        for option, how in _GROUPS[title].items():
            place: Any = group if option.startswith("--") else parser
            if option in _EXCLUDING:
                place = excluding = excluding or group.add_mutually_exclusive_group()
            place.add_argument(option, help=_HELP[option], **how)
    return parser


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
