"""Packings against formulae and balances: ``granode validate manufacturing``."""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

import numpy as np
from mpi4py import MPI

from cases.check_table import Check, at_least, at_most, print_table, timed
from cases.runner import run_in_process
from manufacturing.packing import load_packing
from manufacturing.phases import Phase
from manufacturing.porosity import VolumeFractions, volume_fractions
from tests.verification.shipped_cases import content

BOX = (np.zeros(3), np.full(3, 10e-6))
SAMPLING = 6e-4  # of the box, at 0.1 um voxels


def count(centres: list[list[float]], radius: float, phases: list[Phase]) -> VolumeFractions:
    """Voxel count of equal spheres in a periodic box of 10 um; lengths in um."""
    radii = np.full(len(centres), 1e-6 * radius)
    labels = np.array([int(p) for p in phases])
    return volume_fractions(1e-6 * np.array(centres), radii, labels, BOX, (True, True, True), 0.1e-6)


def porosity() -> list[Check]:
    """Touching spheres and the lens of two overlapping ones."""
    touching = count([[5.0, 5.0, 5.0]], 5.0, [Phase.SE])
    ball, distance = 4.0 / 3.0 * math.pi * 27.0 / 1000.0, 4.0
    lens = math.pi * (12.0 + distance) * (6.0 - distance) ** 2 / 12.0 / 1000.0
    overlapping = count([[3.0, 5.0, 5.0], [7.0, 5.0, 5.0]], 3.0, [Phase.SE, Phase.AM])
    return [
        Check("simple cubic packing: porosity", 1.0 - math.pi / 6.0, touching.void, SAMPLING, relative=False),
        Check("overlap: AM keeps its volume", ball, overlapping.AM, SAMPLING, relative=False),
        Check("overlap: SE loses the lens", ball - lens, overlapping.SE, SAMPLING, relative=False),
    ]


def chain(folder: Path) -> list[Check]:
    """Mass and geometry of a small manufactured electrode, twice."""
    data = content("small_chain") | {"conduction": {}, "mesh": {"method": "voxel", "cell_size": 2e-6}}
    del data["discharge"]
    data["output"] = {"fields": False, "plots": False}
    first, seconds = timed(lambda: run_in_process(data, folder / "a", MPI.COMM_SELF)["manufacturing"])
    run_in_process(data, folder / "b", MPI.COMM_SELF)
    packings = [load_packing(folder / name / "packing.h5") for name in "ab"]
    slurry, dried, pressed = (first[k] for k in ("slurry", "dried", "calendered"))
    mass = first["dry_mass_kg"]
    dense = mass / (np.prod(dried["box_um"]) * 1e-18) / 1000.0
    degree = 1.0 - pressed["plate_distance_um"] / dried["thickness_um"]
    moved = float(np.abs(packings[0].centres - packings[1].centres).max())
    solids = slurry["density_g_cm3"] * 1000.0 * np.prod(slurry["box_um"]) * 1e-18 * slurry["solids_content"]
    return [
        Check("weight fractions: sum", 1.0, sum(first["weight_fractions"].values()), 1e-12, seconds=seconds),
        Check("slurry: solids content x mass", mass, float(solids), 1e-9, unit="kg"),
        Check("dried: density = mass/volume", float(dense), dried["density_g_cm3"], 1e-9, unit="g/cm3"),
        Check("calendered: degree of thickness", 0.30, degree, 1e-9),
        Check("volume fractions: sum", 1.0, sum(pressed["volume_fraction"].values()), 1e-12),
        at_most("porosity falls by calendering", pressed["porosity"], dried["porosity"]),
        at_least(
            "porosity with nanopores above that without", pressed["porosity"], pressed["porosity_without_nanopores"]
        ),
        at_most("same seed, same packing: largest move", moved, 0.0, "m"),
    ]


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        return print_table("manufacturing", porosity() + chain(Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
