"""Contact resistances and tensors: the neutral inclusion, a brick wall, a homogeneous anisotropic body."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from cases.check_store import CheckStore
from cases.check_table import Check, at_least
from cases.runner import run_in_process

from .conduction_arrays import QUIET, converged

KEY = "effective_conductivity_S_m"
UM = 1e-6
RADIUS, ALPHA = 2.4 * UM, 10.0
CENTRES = ((2.6, 3.1, 3.0), (7.4, 6.9, 7.1))  # [um] no symmetry, no contact
INCLUSION_CELLS = (12, 16, 24)  # across the box of 10 um
BRICK, COURSES = (2 * UM, 2 * UM, 1 * UM), 4
JOINTS = {"weak": 1e-7, "middle": 1e-5, "strong": 1e-1}  # [Ohm m2]
ROTATION, MAIN = (0.4, 0.7, 0.2), (3.0, 0.5, 1.2)  # angles about z, y and x, and the principal conductivities [S/m]
EXACT = 1e-8


def inclusion(folder: Path, cells: int) -> dict[str, float]:
    """Two spheres ten times as conducting as the host, with the resistance that hides them."""
    spheres = [{"phase": "AM", "centre": [x * UM for x in centre], "radius": RADIUS} for centre in CENTRES]
    table = {"conductivity": {"SE": 1.0, "AM": ALPHA}}
    case = {
        "geometry": {"source": "spheres", "box": [10 * UM] * 3, "matrix": "SE", "spheres": spheres},
        "mesh": {"cell_size": 10 * UM / cells, "volume_correction": 0.0},
        "conduction": {"neutral": table | {"resistance": {"AM|SE": (1.0 - 1.0 / ALPHA) * RADIUS}}, "without": table},
        "output": QUIET,
    }
    start = time.perf_counter()
    found = run_in_process(case, folder, MPI.COMM_SELF)["conduction"]
    return {name: solve[KEY] for name, solve in found.items()} | {"seconds": time.perf_counter() - start}


def neutral(store: CheckStore) -> list[Check]:
    """Neutral inclusions leave the field uniform; without their resistance they do not."""
    folder = store.workplace("inclusions")
    works = {f"neutral inclusion, {n} cells": partial(inclusion, folder / str(n), n) for n in INCLUSION_CELLS}
    runs = list(store.results(works).values())
    rows = [converged("neutral inclusions", 1.0, INCLUSION_CELLS, runs, "neutral")]
    return [*rows, at_least("the same without resistance: visible", float(runs[-1]["without"]), 1.1)]


def wall(folder: Path, order: int) -> dict[str, Any]:
    """Bricks with resistive joints, current along x and z."""
    solves = {
        name: {"conductivity": {"SE": 0.5}, "resistance": {"SE|SE": r}, "order": order, "directions": ["x", "z"]}
        for name, r in JOINTS.items()
    }
    case = {
        "geometry": {"source": "bricks", "brick": BRICK, "counts": (2, 2, COURSES), "cells": 1},
        "mesh": {"contact_planes": ["SE"]},
        "conduction": solves,
        "output": QUIET,
    }
    start = time.perf_counter()
    found = run_in_process(case, folder, MPI.COMM_SELF)["conduction"]
    values = {name: {axis: d[KEY] for axis, d in solve["by_direction"].items()} for name, solve in found.items()}
    return values | {"seconds": time.perf_counter() - start}


def brick_wall(store: CheckStore) -> list[Check]:
    """Along z bricks and bed joints in series, for any resistance; along x joints in parallel, when they dominate.

    sigma_z = L/(L/sigma + (n - 1) R); sigma_x = [b_x + (n - 1)/n b_x^2/(4 b_z)]/R: head joints beside bed joints.
    """
    rows, height = [], COURSES * BRICK[2]
    for order in (1, 2):
        found = store.result(f"brick wall, order {order}", partial(wall, store.workplace(f"wall_{order}"), order))
        for name, resistance in JOINTS.items():
            exact = height / (height / 0.5 + (COURSES - 1) * resistance)
            title = f"brick wall along z, {resistance:g} Ohm m2, order {order}"
            rows.append(Check(title, exact, found[name]["z"], EXACT, unit="S/m", seconds=found["seconds"]))
        joints = BRICK[0] + (COURSES - 1) / COURSES * BRICK[0] ** 2 / (4.0 * BRICK[2])
        title = f"brick wall along x, {JOINTS['strong']:g} Ohm m2, order {order}"
        rows.append(Check(title, joints / JOINTS["strong"], found["strong"]["x"], 1e-3, unit="S/m"))
    return rows


def rotated_tensor() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """A symmetric tensor whose principal axes are those of no mesh, shape (3, 3) [S/m]."""
    turn = np.eye(3)
    for angle, (i, j) in zip(ROTATION, ((0, 1), (0, 2), (1, 2)), strict=True):
        step = np.eye(3)
        step[[i, j], [i, j]] = np.cos(angle)
        step[i, j], step[j, i] = -np.sin(angle), np.sin(angle)
        turn = turn @ step
    found = turn @ np.diag(MAIN) @ turn.T
    return np.asarray(0.5 * (found + found.T))


def homogeneous(folder: Path, order: int) -> dict[str, Any]:
    """The full tensor of a body whose phases all have the same tensor, on the mesh of a lattice of spheres."""
    given = rotated_tensor().tolist()
    case = {
        "geometry": {"source": "lattice", "kind": "BCC", "edge": 10 * UM, "counts": (1, 1, 1), "radius_ratio": 1.05},
        "mesh": {"cell_size": 1.25 * UM},
        "conduction": {
            "all": {
                "conductivity": {"AM": given, "SE": given},
                "directions": ["x", "y", "z"],
                "z_walls": "periodic",
                "order": order,
            }
        },
        "output": QUIET,
    }
    start = time.perf_counter()
    found = run_in_process(case, folder, MPI.COMM_SELF)["conduction"]["all"]["tensor_S_m"]
    return {"tensor": found, "seconds": time.perf_counter() - start}


def tensor(store: CheckStore) -> list[Check]:
    """All six entries of a homogeneous anisotropic body."""
    given, rows = rotated_tensor(), []
    for order in (1, 2):
        found = store.result(f"tensor, order {order}", partial(homogeneous, store.workplace(f"tensor_{order}"), order))
        for i, j in zip(*np.triu_indices(3), strict=True):
            value = found["tensor"][int(i)][int(j)]
            title = f"anisotropic body, sigma_{'xyz'[i]}{'xyz'[j]}, order {order}"
            rows.append(Check(title, float(given[i, j]), value, EXACT, unit="S/m", seconds=found["seconds"]))
    return rows
