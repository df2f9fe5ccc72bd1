"""Packings against formulae, balances, papers and their own resolution: ``granode validate manufacturing``.

Full-size runs (5089 beads of paper 001, 5051 of paper 003) take most of the time; each is kept when it is done.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from cases.check_store import CheckStore, Groups, run_groups
from cases.check_table import Check, at_least, at_most, reported, timed
from cases.mpi_launch import mpi_environment
from cases.runner import run_in_process
from cases.testing import PROJECT
from manufacturing.calendering import CalenderingStage
from manufacturing.packing import load_packing
from manufacturing.phases import Phase
from manufacturing.porosity import VolumeFractions, volume_fractions
from tests.verification.shipped_cases import content

ROOMS = ("manufacturing", "tests/validation/manufacturing.py")
PAPERS = PROJECT / "cases" / "papers"
BOX = (np.zeros(3), np.full(3, 10e-6))
SAMPLING = 6e-4  # of the box, at 0.1 um voxels
SEEDS = (1, 2, 3)
QUIET = ("output.plots=false", "output.fields=false")
NO_FLOW = "rheology="
THIRTY = ("geometry.calendering.degree=0.3", "geometry.calendering.increments=3")
MEASURED_VISCOSITY = (0.1, 0.6)  # [Pa s] paper 003, over 10-1000 1/s
FACTOR = 1.5  # by which our viscosity may leave the measured range


def count(centres: list[list[float]], radius: float, phases: list[Phase]) -> VolumeFractions:
    """Voxel count of equal spheres in a periodic box of 10 um; lengths in um."""
    radii = np.full(len(centres), 1e-6 * radius)
    labels = np.array([int(p) for p in phases])
    return volume_fractions(1e-6 * np.array(centres), radii, labels, BOX, (True, True, True), 0.1e-6)


def porosity(_: CheckStore) -> list[Check]:
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


def chain(_: CheckStore) -> list[Check]:
    """Mass and geometry of a small manufactured electrode, twice."""
    data = content("small_chain") | {"conduction": {}, "mesh": {"method": "voxel", "cell_size": 2e-6}}
    del data["discharge"]
    data["output"] = {"fields": False, "plots": False, "until": "manufacturing"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
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


def manufactured(case: str, folder: Path, *overrides: str, start: Path | None = None) -> dict[str, Any]:
    """Run a case of a paper up to its packing and return its summary.

    Args:
        case: file in cases/papers, without ending.
        folder: of the run.
        overrides: keys to change.
        start: run whose finished stages are taken over where their settings are the same.
    """
    if start is not None and not folder.exists():
        shutil.copytree(start / "stages", folder / "stages")
    path = PAPERS / f"{case}.toml"
    return run_in_process(path, folder, MPI.COMM_SELF, (*QUIET, *overrides))


def on_two_ranks(folder: Path) -> dict[str, Any]:
    """Run paper 001 up to 30 % on two ranks."""
    overrides = (*QUIET, "geometry.ranks=2", *THIRTY, NO_FLOW)
    sets = [word for override in overrides for word in ("--set", override)]
    case = PAPERS / "001_manufacturing.toml"
    command = [sys.executable, "-m", "cases", "run", str(case), "--out", str(folder), *sets]
    subprocess.run(command, cwd=PROJECT, env=mpi_environment(), check=True, capture_output=True)
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return found


def full_size(store: CheckStore) -> list[Check]:
    """Paper 001 at full size over seeds: density, porosity, curve; printed parameters and half the plate speed beside."""
    runs = seeds_of_001(store)
    first = store.workplace("001_seed_1")
    slow = f"geometry.calendering.plate_speed={CalenderingStage().plate_speed / 2!r}"
    other = store.results(
        {
            "001_half_speed": partial(
                manufactured, "001_manufacturing", store.workplace("runs") / "slow", NO_FLOW, slow, start=first
            ),
            "001_printed": partial(
                manufactured,
                "001_manufacturing",
                store.workplace("001_printed"),
                NO_FLOW,
                *THIRTY,
                'geometry.parameters="printed"',
            ),
        }
    )
    half, printed = (found["manufacturing"] for found in other.values())
    density = [run["slurry"]["density_converged_g_cm3"] for run in runs]
    drift = [abs(run["slurry"]["stationarity"]["drift"]) for run in runs]
    dried = [run["dried"]["porosity"] for run in runs]
    curves = [porosity_curve(store.workplace(f"001_seed_{seed}")) for seed in SEEDS]
    slower = porosity_curve(store.workplace("runs") / "slow")
    rows = [
        *(Check(f"slurry density, seed {s}", 1.89, d, 0.03, relative=False, unit="g/cm3") for s, d in zip(SEEDS, density)),
        at_most("slurry density: drift, worst seed", max(drift), 1e-3),
        *(Check(f"dried porosity, seed {s}", 0.50, p, 0.03, relative=False) for s, p in zip(SEEDS, dried)),
        reported("printed parameters: slurry density", printed["slurry"]["density_converged_g_cm3"], 1.89, "g/cm3"),
        reported("printed parameters: dried porosity", printed["dried"]["porosity"], 0.50),
        at_most("half the plate speed: porosity, worst degree", float(np.abs(slower - curves[0]).max()), 0.01),
    ]
    for index in range(0, len(curves[0]), 2):
        mean = float(np.mean([curve[index] for curve in curves]))
        rows.append(reported(f"porosity at {5 * index} %, mean of seeds", mean, 0.5 if index == 0 else math.nan))
    return rows


def seeds_of_001(store: CheckStore) -> list[dict[str, Any]]:
    """Manufacturing figures of paper 001 at full size for every seed."""
    works = {
        f"001_seed_{seed}": partial(
            manufactured, "001_manufacturing", store.workplace(f"001_seed_{seed}"), NO_FLOW, f"geometry.seed={seed}"
        )
        for seed in SEEDS
    }
    return [found["manufacturing"] for found in store.results(works).values()]


def porosity_curve(folder: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Porosity at each degree of a run."""
    table = np.genfromtxt(folder / "curves" / "calendering.csv", delimiter=",", names=True)
    return np.asarray(table["porosity"], dtype=np.float64)


def main(folder: Path) -> int:
    """Print the tables; what finished before is read from the folder."""
    return run_groups("manufacturing", GROUPS, folder, ROOMS)


GROUPS: Groups = {"porosity": porosity, "small chain": chain, "paper 001": full_size}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
