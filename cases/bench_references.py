"""Values that ``granode bench conduction`` measures errors against, each by two independent methods."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

from manufacturing.errors import StageError

from .bench_structures import OVERLAP, Structure, Target
from .convergence_fit import fit_convergence
from .error_time import Estimate
from .mpi_launch import mpi_environment
from .testing import PROJECT

APERTURES = {"FCC pores": ("pores", (24, 36, 48, 64)), "FCC spheres": ("spheres", (20, 28, 40, 56))}
REFERENCE_VOXELS = (72, 96, 120, 144)
SURFACE_ORDERS = (0.5, 2.1)  # orders in the edge of a voxel that are believed


def independent_estimate(structure: Structure, target: Target, packing: Path) -> Estimate:
    """Return what a method without meshes and elements finds, extrapolated.

    Raises:
        StageError: the method failed, or this is an installation without the tests.
    """
    if structure.name == "FCC":
        which, counts = APERTURES[target.name]
        radius = math.sqrt(2.0) / 4.0 / (1.0 - OVERLAP)
        found = _run("lattice_apertures", [repr(radius), which, *map(str, counts)])
    else:
        words = [str(packing), target.phase.name, target.lateral, *map(str, REFERENCE_VOXELS)]
        found = _run("voxel_reference", words)
    return extrapolated({float(count): value for count, value in found.items()})


def extrapolated(by_count: dict[float, float]) -> Estimate:
    """Return the limit of values by cells across an edge, with the error bar of the fit."""
    fit = fit_convergence([1.0 / count for count in by_count], list(by_count.values()), SURFACE_ORDERS)
    return Estimate(fit.value, fit.error)


def _run(module: str, words: list[str]) -> dict[str, float]:
    environment = mpi_environment()
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PROJECT), environment.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", f"tests.validation.{module}", *words]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StageError(f"{module}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
