"""``granode recipe`` and ``granode packing``: look at a recipe or a packing without running anything."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from manufacturing.cut_out import cut_out
from manufacturing.errors import InputError
from manufacturing.packing import Packing
from manufacturing.packing_files import read_packing, write_packing
from manufacturing.packing_summary import describe
from manufacturing.parameter_sets import CALIBRATED, differences_table
from manufacturing.particle_clusters import find_particle_percolation
from manufacturing.phases import Phase
from manufacturing.shipped_recipes import RECIPES, shipped_recipe
from manufacturing.tiling import tile

from .case_file import read_case
from .manufacture import named_as_in_case, recipe_of
from .schema import ManufacturedGeometry

MICROMETRE = 1e-6


def add_packing_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser of ``granode``."""
    recipe = commands.add_parser("recipe", help="list the shipped recipes, or show the balance of one")
    recipe.add_argument("name", nargs="?", help="shipped recipe or case file (TOML)")
    recipe.add_argument("--beads", type=int, help="number of beads (default: the recipe's own)")
    recipe.set_defaults(run=show_recipe)
    packing = commands.add_parser("packing", help="show a packing file, tile, cut or convert it")
    packing.add_argument("file", type=Path, help=".h5, .csv, .data, .dump, .lammpstrj, .vtp or .vtk")
    packing.add_argument("--phases", help="LAMMPS files: phase of each atom type, such as 1=AM,2=CBD,3=SE")
    packing.add_argument("--box", type=float, nargs=6, metavar="X", help="CSV: lower and upper corner [um]")
    packing.add_argument("--tile", type=int, nargs=3, metavar=("NX", "NY", "NZ"), help="copies along each axis")
    packing.add_argument("--cut", type=float, nargs=6, metavar="X", help="keep this part: lower, upper corner [um]")
    packing.add_argument("--write", type=Path, help="file to write; its ending names the kind")
    packing.add_argument("--json", action="store_true", help="print the figures as JSON")
    packing.set_defaults(run=show_packing)


def show_recipe(options: argparse.Namespace) -> int:
    """Print the shipped recipes, or the balance of one and the calibrated values behind it."""
    if options.name is None:
        width = max(map(len, RECIPES))
        for name, entry in RECIPES.items():
            print(f"{name:<{width}}  {entry.default_beads:>5} beads  {entry.description}")
        print()
        print("Calibrated parameters of the manufacturing model beside the printed ones:")
        print(differences_table(CALIBRATED))
        return 0
    path = Path(options.name)
    if path.suffix == ".toml":
        overrides = (f"geometry.beads={options.beads}",) if options.beads else ()
        geometry = read_case(path, overrides).geometry
        if not isinstance(geometry, ManufacturedGeometry):
            raise InputError(str(path), f'source = "{geometry.source}"', 'geometry with source = "manufactured"')
        with named_as_in_case():
            recipe = recipe_of(geometry, path.resolve().parent)
    else:
        recipe = shipped_recipe(options.name, options.beads)
    print(recipe.balance().table())
    return 0


def show_packing(options: argparse.Namespace) -> int:
    """Print the figures of a packing file; write it where asked for."""
    packing = _read(options)
    if options.tile:
        nx, ny, nz = options.tile
        packing = tile(packing, (nx, ny, nz))
    if options.cut:
        corners = [value * MICROMETRE for value in options.cut]
        part = cut_out(packing, corners[:3], corners[3:])
        print(", ".join(f"{count} {name}" for name, count in part.as_dict().items()))
        packing = part.packing
    summary, percolation = describe(packing), find_particle_percolation(packing)
    if options.json:
        print(json.dumps(summary.as_dict() | {"percolation": percolation.figures()}, indent=2))
    else:
        print("\n".join([summary.table(), "percolation by contacts", *percolation.lines()]))
    if options.write:
        write_packing(packing, options.write)
        print(f"written: {options.write}")
    return 0


def _read(options: argparse.Namespace) -> Packing:
    values: dict[str, object] = {}
    if options.phases:
        values["phase_of_type"] = _phases(options.phases)
    if options.box:
        corners = [value * MICROMETRE for value in options.box]
        values |= {"lower": corners[:3], "upper": corners[3:]}
    return read_packing(options.file, **values)


def _phases(text: str) -> dict[int, Phase]:
    try:
        pairs = (entry.split("=") for entry in text.split(","))
        return {int(kind): Phase[name.strip()] for kind, name in pairs}
    except (ValueError, KeyError):
        raise InputError("--phases", text, "TYPE=PHASE pairs such as 1=AM,2=CBD,3=SE") from None
