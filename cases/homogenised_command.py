"""``granode homogenise``: the homogenised model beside a finished run."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_homogenise_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser of ``granode``."""
    command = commands.add_parser("homogenise", help="homogenised 1D model with the properties of a finished run")
    command.add_argument("run_directory", type=Path, metavar="DIR", help="directory of a run with [discharge]")
    command.add_argument("--layers", type=int, default=40, help="finite volumes across the electrode")
    command.add_argument("--shells", type=int, default=40, help="intervals along the radius of the particles")
    command.set_defaults(run=homogenise_run)


def homogenise_run(options: argparse.Namespace) -> int:
    """Run the model and print its figures."""
    from .homogenised import homogenise

    for name, value in homogenise(options.run_directory, options.layers, options.shells).items():
        print(f"{name:<36} {value:.6g}")
    return 0
