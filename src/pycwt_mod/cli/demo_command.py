"""``pycwt-mod demo``: the Arctic Oscillation against the ice of the Baltic Sea."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..sample import demo
from . import options


def add_to(commands: options.Commands) -> None:
    """Add the command."""
    parser = options.new_command(
        commands,
        "demo",
        _run,
        ("demonstration",),
        help="the Arctic Oscillation against Baltic Sea ice, as a picture and a table",
        description="Wavelet coherence of the winter Arctic Oscillation and the Baltic Sea ice "
        "extent, as in Grinsted et al. (2004): saves a picture and prints a table.",
        epilog="example:\n  pycwt-mod demo --output ao_and_ice.pdf",
    )
    size = {"mc_count": demo.DEFAULT_SURROGATES, "rng_seed": demo.DEFAULT_SEED}
    parser.set_defaults(output=Path("pycwt_mod_demo.png"), **size)


def _run(arguments: argparse.Namespace) -> str:
    picture: Path = arguments.output
    options.check_folder(picture, "picture")
    result = demo.run_demo(
        seed=arguments.rng_seed,
        **options.chosen(arguments, "mc_count", "backend", "n_workers", "progress"),
    )
    result.save_picture(picture)
    return result.report(picture.resolve())
