"""Accuracy of meshes: single spheres in many places, a packing of 1,000 particles, necks of two spheres."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from cases.check_store import CheckStore
from cases.check_table import Check, at_least, at_most, reported
from cases.runner import run_in_process
from tests.verification.two_sphere_neck import neck_conductance

from .meshing_packings import chain, chain_folder

FloatArray = npt.NDArray[np.float64]
UM = 1e-6
RADIUS, BOX = 3.0, 7.5  # [um]
RATIOS = {3.2: 12, 4.0: 12, 6.0: 12, 8.0: 8, 12.0: 8}  # radius over lattice cube: places of the sphere
AREA_LIMITS = {6.0: 0.005, 12.0: 0.0015}
CORRECTIONS = {"inscribed": 0.0, "corrected": 0.073}
OVERLAPS = (-0.005, 0.0, 0.001, 0.005, 0.05)  # of r_i + r_j
NECK_SIZES = {"R/h = 3": 1.0, "R/h = 6": 0.5, "R/h = 12": 0.25}  # [um]
NECK_LIMIT = 0.05  # of the conductance of the 5 % neck at R/h = 6
OUTPUT = {"plots": False, "fields": False}


def sphere(folder: Path, ratio: float, correction: float, places: int) -> list[list[float]]:
    """Relative errors of area and volume of one sphere in random places of a periodic box, shape (places, 2)."""
    random, found = np.random.default_rng(round(10 * ratio)), []
    area, volume = 4.0 * np.pi * RADIUS**2, 4.0 / 3.0 * np.pi * (RADIUS / BOX) ** 3
    for _ in range(places):
        centre = [*random.uniform(0.0, BOX, 2), 0.5 * BOX + random.uniform(-0.6, 0.6)]
        inline = {"phase": "AM", "centre": [float(c) * UM for c in centre], "radius": RADIUS * UM}
        case = {
            "geometry": {"source": "spheres", "box": [BOX * UM] * 3, "spheres": [inline]},
            "mesh": {"cell_size": RADIUS / ratio * UM, "volume_correction": correction},
            "conduction": {},
            "output": OUTPUT | {"until": "meshing"},
        }
        mesh = run_in_process(case, folder, MPI.COMM_SELF)["meshing"]
        areas = mesh["interface_area_m2"]["AM|void"] / UM**2
        found.append([areas / area - 1.0, mesh["volume_fraction"]["AM"] / volume - 1.0])
    return found


def spheres(store: CheckStore) -> list[Check]:
    """Order and size of the errors of single spheres."""
    folder = store.workplace("spheres")
    works = {
        f"sphere, {name}, R over h {ratio:g}": partial(sphere, folder / f"{name}_{ratio:g}", ratio, correction, places)
        for name, correction in CORRECTIONS.items()
        for ratio, places in RATIOS.items()
    }
    errors = {name: np.array(values) for name, values in store.results(works).items()}
    checks = []
    for name in CORRECTIONS:
        by_size = {ratio: errors[f"sphere, {name}, R over h {ratio:g}"] for ratio in RATIOS}
        for k, quantity in enumerate(("area", "volume")):
            order = _order(list(RATIOS), [float(np.sqrt((e[:, k] ** 2).mean())) for e in by_size.values()])
            checks.append(at_least(f"{quantity} of a sphere, {name}: order in h", order, 1.8))
            for ratio, limit in AREA_LIMITS.items():
                worst = float(np.abs(by_size[ratio][:, k]).max())
                text = f"  {quantity}, R/h = {ratio:g}, largest error of {len(by_size[ratio])} places"
                goal = at_most(text, worst, limit) if quantity == "area" else reported(text, worst, float("nan"))
                checks.append(goal)
    return checks


def _order(ratios: Sequence[float], errors: Sequence[float]) -> float:
    return -float(np.polyfit(np.log(ratios), np.log(errors), 1)[0])


def packing_mesh(folder: Path, packing: Path, cell_size: float | None) -> dict[str, Any]:
    """Mesh a packing at a cell size [m], None: the default."""
    case: dict[str, Any] = {
        "geometry": {"source": "packing", "file": str(packing)},
        "mesh": {} if cell_size is None else {"cell_size": cell_size},
        "cell": {"separator_thickness": 5e-6},
        "conduction": {},
        "output": OUTPUT | {"until": "meshing"},
    }
    found: dict[str, Any] = run_in_process(case, folder, MPI.COMM_SELF)["meshing"]
    (folder / "mesh.h5").unlink()
    return found


def packing(store: CheckStore) -> list[Check]:
    """Volume fractions and interface areas of 1,000 calendered particles at the default size and a finer one."""
    folder = store.workplace("packings")
    store.results({"chain of 1000 beads, seed 1": partial(chain, chain_folder(folder, 1000, 1), 1000, 1)})
    path = chain_folder(folder, 1000, 1) / "stages" / "packing_calendered.h5"
    sizes = {"default": None, "h = 0.6 um": 0.6e-6}
    works = {
        f"1000 particles, {name}": partial(packing_mesh, folder / f"accuracy_{k}", path, size)
        for k, (name, size) in enumerate(sizes.items())
    }
    checks = []
    for name, mesh in store.results(works).items():
        worst = max(abs(e) for e in mesh["volume_fraction_error"].values())
        checks.append(at_most(f"{name}: volume fraction of a phase, largest error", worst, 0.006))
        for interface, error in sorted(mesh["interface_area_error"].items()):
            sampling = mesh["exact_interface_area_standard_error_m2"][interface]
            exact = mesh["exact_interface_area_m2"][interface]
            text = f"  {interface}, area error (reference +- {sampling / exact:.1e})"
            goal = at_most(text, abs(error), 0.02) if interface == "AM|SE" else reported(text, error, float("nan"))
            checks.append(goal)
        checks.append(reported("  cells", mesh["cells"], float("nan")))
    return checks


def neck_case(overlap: float, mesh: dict[str, Any]) -> dict[str, Any]:
    """Two spheres between the planes through their centres, insulated outside."""
    height, width = 2.0 * RADIUS * (1.0 - overlap), 2.2 * RADIUS
    inline = [
        {"phase": "SE", "centre": [0.5 * width * UM, 0.5 * width * UM, z * UM], "radius": RADIUS * UM}
        for z in (0.0, height)
    ]
    box = [width * UM, width * UM, height * UM]
    return {
        "geometry": {"source": "spheres", "box": box, "periodic": [False] * 3, "spheres": inline},
        "mesh": mesh,
        "conduction": {"neck": {"conductivity": {"SE": 1.0}, "lateral": "insulated"}},
        "output": OUTPUT,
    }


def neck(folder: Path, overlap: float, mesh: dict[str, Any]) -> dict[str, float]:
    """Conductance of a neck over sigma times radius, and the number of cells."""
    case = neck_case(overlap, mesh)
    found = run_in_process(case, folder, MPI.COMM_SELF)
    width, _, height = case["geometry"]["box"]
    effective = found["conduction"]["neck"]["effective_conductivity_S_m"]
    return {"conductance": effective * width**2 / height / (RADIUS * UM), "cells": found["meshing"]["cells"]}


def stays_open(gap: float, mesh: dict[str, Any]) -> bool:
    """Return whether a gap [um] is one that a mesh has to carry: the enlarged spheres leave a tenth of a cell."""
    size = mesh.get("grading", {}).get("smallest_size", mesh["cell_size"]) / UM
    return bool(gap > 2.0 * CORRECTIONS["corrected"] * size**2 / RADIUS + 0.1 * size)


def necks(store: CheckStore) -> list[Check]:
    """Near-tangent pairs against a solution on another kind of grid."""
    folder = store.workplace("necks")
    meshes = {name: {"cell_size": size * UM} for name, size in NECK_SIZES.items()}
    meshes["R/h = 3, graded"] = {"cell_size": 1e-6, "grading": {"smallest_size": 0.1e-6}}
    works = {
        f"overlap {100 * overlap:g} %, {name}": partial(neck, folder / f"{k}_{100 * overlap:g}", overlap, mesh)
        for k, (name, mesh) in enumerate(meshes.items())
        for overlap in OVERLAPS
    }
    found, checks = store.results(works), []
    for overlap in OVERLAPS:
        for name, mesh in meshes.items():
            value = found[f"overlap {100 * overlap:g} %, {name}"]["conductance"]
            text = f"conductance over sigma R, overlap {100 * overlap:g} %, {name}"
            if overlap < 0.0 and stays_open(-2.0 * RADIUS * overlap, mesh):
                checks.append(at_most(text, value, 0.0))
            elif overlap <= 0.0:
                checks.append(reported(text, value, 0.0))
            elif overlap == OVERLAPS[-1] and name == "R/h = 6":
                checks.append(Check(text, neck_conductance(1.0, overlap), value, NECK_LIMIT))
            else:
                checks.append(reported(text, value, neck_conductance(1.0, overlap)))
    return checks
