"""Spheres, discs and squares in regular arrays: extrapolation over cell sizes with its error bar against exact series.

Every mesh is cut along inscribed polyhedra (no volume correction), so that the error falls steadily with h^2.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mpi4py import MPI

from cases.check_store import CheckStore
from cases.check_table import Check
from cases.convergence_fit import fit_convergence
from cases.runner import run_in_process
from tests.verification.shipped_cases import content, simple_cubic_radius

KEY = "effective_conductivity_S_m"
GOAL = 1e-3
EDGE = 10e-6  # [m]
CONDUCTING = 1e6  # times the host stands for perfectly conducting; the difference is of the order of its inverse
LATTICES: dict[float, dict[float, float]] = {  # volume fraction -> sphere over host conductivity -> sigma_eff over host
    0.3: {0.0: 0.60566, 10.0: 1.88774},
    0.4: {0.0: 0.49011, 10.0: 2.36443, CONDUCTING: 3.26256},
}
SPHERE_CELLS = (8, 12, 16, 24)  # across the octant of a cubic cell
DISCS = {0.3: 0.53758, 0.5: 0.32466}  # area fraction -> sigma_eff over host
DISC_CELLS = (16, 24, 32, 48)  # across the cell
SQUARES = {4.0: 1e-3, 10.0: 2e-3}  # conductivity of the one over that of the other square -> goal; corners are singular
SQUARE_CELLS = (8, 16, 32, 64)
QUIET = {"plots": False, "fields": False}


def octant(folder: Path, fraction: float, cells: int) -> dict[str, float]:
    """Effective conductivities of a lattice by the octant of its cell; mirror planes are insulated or at a potential.

    Args:
        folder: of the run.
        fraction: volume fraction of the spheres.
        cells: lattice cubes across the octant.
    """
    half = 0.5 * EDGE
    sphere = {"phase": "AM", "centre": [0.0, 0.0, 0.0], "radius": simple_cubic_radius(fraction)}
    solves = {
        f"{ratio:g}": {"conductivity": {"SE": 1.0, **({"AM": ratio} if ratio else {})}, "lateral": "insulated"}
        for ratio in LATTICES[fraction]
    }
    case = {
        "geometry": {
            "source": "spheres",
            "box": [half] * 3,
            "periodic": [False] * 3,
            "matrix": "SE",
            "spheres": [sphere],
        },
        "mesh": {"cell_size": half / cells, "volume_correction": 0.0},
        "conduction": solves,
        "output": QUIET,
    }
    return _solved(folder, case)


def disc_array(folder: Path, fraction: float, cells: int) -> dict[str, float]:
    """Effective conductivity of an array of insulating discs."""
    case = content("disc_array", f"geometry.fraction={fraction}", f"mesh.cell_size={EDGE / cells!r}")
    case["mesh"]["volume_correction"] = 0.0
    return _solved(folder, case)


def checkerboard(folder: Path, ratio: float, cells: int) -> dict[str, float]:
    """Effective conductivity of a checkerboard."""
    case = content("checkerboard", f"geometry.cells={cells}", f"conduction.mean.conductivity.AM={ratio}")
    return _solved(folder, case)


def _solved(folder: Path, case: dict[str, Any]) -> dict[str, float]:
    """Return the conductivity of every solve and the seconds of the run."""
    start = time.perf_counter()
    found = run_in_process(case, folder, MPI.COMM_SELF)["conduction"]
    return {name: solve[KEY] for name, solve in found.items()} | {"seconds": time.perf_counter() - start}


def converged(
    name: str, exact: float, cells: Sequence[int], runs: Sequence[Mapping[str, float]], solve: str, goal: float = GOAL
) -> Check:
    """Return the check of the extrapolated value, whose error bar has to contain the exact one.

    Args:
        name: of the row.
        exact: answer.
        cells: numbers of cells, whose inverses are sizes.
        runs: one per number of cells.
        solve: name of the solve.
        goal: largest relative error.
    """
    fit = fit_convergence([1.0 / count for count in cells], [run[solve] for run in runs])
    seconds = sum(run["seconds"] for run in runs)
    title = f"{name} ({', '.join(map(str, cells))} cells)"
    return Check(title, exact, fit.value, goal, seconds=seconds, error_bar=fit.error, order=fit.order)


def lattices(store: CheckStore) -> list[Check]:
    """Simple cubic lattices of spheres: insulating, ten times as conducting, perfectly conducting (1e6 times)."""
    folder = store.workplace("lattices")
    works = {
        f"lattice {fraction}, {cells} cells": partial(octant, folder / f"{fraction}_{cells}", fraction, cells)
        for fraction in LATTICES
        for cells in SPHERE_CELLS
    }
    found, checks = store.results(works), []
    for fraction, exact in LATTICES.items():
        runs = [found[f"lattice {fraction}, {cells} cells"] for cells in SPHERE_CELLS]
        for ratio, value in exact.items():
            name = f"simple cubic, alpha = {ratio:g}, c = {fraction}"
            checks.append(converged(name, value, SPHERE_CELLS, runs, f"{ratio:g}"))
    return checks


def discs(store: CheckStore) -> list[Check]:
    """Square arrays of insulating discs."""
    folder = store.workplace("discs")
    works = {
        f"discs {fraction}, {cells} cells": partial(disc_array, folder / f"{fraction}_{cells}", fraction, cells)
        for fraction in DISCS
        for cells in DISC_CELLS
    }
    found = store.results(works)
    return [
        converged(
            f"discs, f = {fraction}",
            exact,
            DISC_CELLS,
            [found[f"discs {fraction}, {cells} cells"] for cells in DISC_CELLS],
            "insulating",
        )
        for fraction, exact in DISCS.items()
    ]


def checkerboards(store: CheckStore) -> list[Check]:
    """Two phases in squares: the geometric mean; the gradient is singular where four squares meet."""
    folder = store.workplace("checkerboards")
    works = {
        f"checkerboard {ratio}, {cells} cells": partial(checkerboard, folder / f"{ratio}_{cells}", ratio, cells)
        for ratio in SQUARES
        for cells in SQUARE_CELLS
    }
    found = store.results(works)
    return [
        converged(
            f"checkerboard 1 : {ratio:g}",
            ratio**0.5,
            SQUARE_CELLS,
            [found[f"checkerboard {ratio}, {cells} cells"] for cells in SQUARE_CELLS],
            "mean",
            goal,
        )
        for ratio, goal in SQUARES.items()
    ]
