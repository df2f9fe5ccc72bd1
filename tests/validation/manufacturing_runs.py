"""Runs of the papers' cases that the checks of manufacturing compare, and how they are changed."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from cases.check_store import CheckStore
from cases.mpi_launch import mpi_environment
from cases.runner import run_in_process
from cases.testing import PROJECT
from manufacturing.calendering import CalenderingStage
from manufacturing.drying import DryingStage
from manufacturing.parameter_sets import CALIBRATED
from manufacturing.shipped_recipes import shipped_recipe
from manufacturing.slurry import SlurryStage

FloatArray = npt.NDArray[np.float64]
Change = tuple[float | None, float]

PAPERS = PROJECT / "cases" / "papers"
QUIET = ("output.plots=false", "output.fields=false")
NO_FLOW = "rheology="
THIRTY = ("geometry.calendering.degree=0.3", "geometry.calendering.increments=3")
UNPRESSED = ("geometry.calendering.degree=0.0", "geometry.calendering.increments=1")
# Where only the slurry matters, its film need not come to rest.
UNDRIED = ("geometry.drying.maximum_drift=1.0", "geometry.calendering.maximum_drift=1.0")
DEGREES = np.linspace(0.0, 0.5, 11)


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


def on_two_ranks(folder: Path, seed: int) -> dict[str, Any]:
    """Run paper 001 up to 30 % on two ranks and return its summary."""
    overrides = (*QUIET, "geometry.ranks=2", f"geometry.seed={seed}", *THIRTY, NO_FLOW)
    sets = [word for override in overrides for word in ("--set", override)]
    case = PAPERS / "001_manufacturing.toml"
    command = [sys.executable, "-m", "cases", "run", str(case), "--out", str(folder), *sets]
    subprocess.run(command, cwd=PROJECT, env=mpi_environment(), check=True, capture_output=True)
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return found


def run_001(store: CheckStore, name: str, *overrides: str, seed: int = 1) -> partial[dict[str, Any]]:
    """Return the work of a full-size run of paper 001 without its flow curve."""
    folder = store.workplace("runs") / name
    return partial(manufactured, "001_manufacturing", folder, NO_FLOW, f"geometry.seed={seed}", *overrides)


def slurry_001(folder: Path, beads: int, seed: int, *overrides: str) -> partial[dict[str, Any]]:
    """Return the work of a run of paper 001 whose film is hardly dried: only its slurry is looked at."""
    size = (f"geometry.beads={beads}", f"geometry.seed={seed}")
    return partial(manufactured, "001_manufacturing", folder, NO_FLOW, *UNPRESSED, *UNDRIED, *size, *overrides)


def slurry(change: Change) -> tuple[str, ...]:
    """Return the overrides for another time step and inertial scale of the slurry.

    Args:
        change: factors on time step and masses; None: the largest step that is stable with a tenth of the masses.
    """
    return _changed("slurry", SlurryStage.from_parameters(CALIBRATED), change, 0.3)


def films(change: Change) -> tuple[str, ...]:
    """Return the overrides of :func:`slurry` for drying and calendering."""
    drying = _changed("drying", DryingStage.from_parameters(CALIBRATED), change, math.sqrt(0.1))
    return drying + _changed("calendering", CalenderingStage.from_parameters(CALIBRATED), change, 0.3)


def _changed(
    name: str, stage: SlurryStage | DryingStage | CalenderingStage, change: Change, stable: float
) -> tuple[str, ...]:
    step, masses = change
    return (
        f"geometry.{name}.time_step={(stable if step is None else step) * stage.time_step!r}",
        f"geometry.{name}.inertial_scale={masses * stage.inertial_scale!r}",
    )


def at_thirty(run: dict[str, Any], folder: Path) -> tuple[float, float, float]:
    """Slurry density [g/cm3], dried porosity and porosity at 30 % of calendering."""
    table = np.genfromtxt(folder / "curves" / "calendering.csv", delimiter=",", names=True)
    row = int(np.flatnonzero(np.isclose(table["degree"], 0.30))[0])
    figures = run["manufacturing"]
    return figures["slurry"]["density_converged_g_cm3"], figures["dried"]["porosity"], float(table["porosity"][row])


def porosity_curve(folder: Path) -> FloatArray:
    """Porosity at each degree of a run of paper 001, 0 to 50 %."""
    table = np.genfromtxt(folder / "curves" / "calendering.csv", delimiter=",", names=True)
    return np.array([table["porosity"][np.flatnonzero(np.isclose(table["degree"], d))[-1]] for d in DEGREES])


def flow(case: str, folder: Path, beads: int, *overrides: str) -> dict[str, Any]:
    """Shear the slurry of a case; the film is hardly dried and left as it is."""
    small = (f"geometry.beads={beads}", *UNPRESSED, *UNDRIED)
    if case.startswith("003"):  # few beads of 7 um: a cube is wide enough for them
        small = (*small, "geometry.slurry.aspect_ratio=1.0")
    found: dict[str, Any] = manufactured(case, folder, *small, *overrides)["rheology"]
    return found


def resolution(point: dict[str, float], steps: float, masses: float) -> tuple[str, ...]:
    """Return the overrides for more steps per strain and other masses than a point had."""
    per_strain = round(steps / (point["shear_rate_1_s"] * point["time_step_s"]))
    return f"rheology.steps_per_strain={per_strain}", f"rheology.inertial_scale={masses * point['inertial_scale']!r}"


def at_balance(name: str) -> tuple[str, ...]:
    """Return the density at which the volume is that of solids and solvent."""
    return (f"rheology.density={shipped_recipe(name).balance().slurry_density!r}",)


def porosity_003(name: str, film: dict[str, Any]) -> float:
    """Porosity by the definition of paper 003, 1 - density / theoretical density."""
    return 1.0 - 1000.0 * float(film["density_g_cm3"]) / shipped_recipe(name).balance().theoretical_density
