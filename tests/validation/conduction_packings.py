"""Bounds of random packings: every result lies between guaranteed bounds of its mesh and inside Wiener's bounds."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from mpi4py import MPI

from cases.check_store import CheckStore
from cases.check_table import Check, at_least, at_most
from cases.runner import run_in_process

KEY = "effective_conductivity_S_m"
SEEDS = (1, 2, 3, 4)
FRACTIONS = {"dense": (0.45, 0.35), "loose": (0.30, 0.25)}  # of AM and SE
CONDUCTIVITIES = {"AM": 1.0, "SE": 10.0}  # [S/m]
VOID = 0.05  # [S/m], so that Wiener's lower bound is not 0


def packing(folder: Path, fractions: tuple[float, float], seed: int, order: int) -> dict[str, Any]:
    """A random packing in which everything conducts, once more with the SE alone; results with bounds of the mesh."""
    start = time.perf_counter()
    phases = [
        {"phase": phase, "volume_fraction": share, "diameters": [diameter]}
        for phase, share, diameter in zip(("AM", "SE"), fractions, (8e-6, 4e-6), strict=True)
    ]
    solve = {"order": order, "bounds": True}
    case = {
        "geometry": {"source": "random", "particles": 50, "max_overlap": 0.2, "seed": seed, "phases": phases},
        "mesh": {"cell_size": 1.25e-6},
        "conduction": {
            "all": {"conductivity": {**CONDUCTIVITIES, "void": VOID}, **solve},
            "SE": {"conductivity": {"SE": CONDUCTIVITIES["SE"]}, **solve},
        },
        "output": {"plots": False, "fields": False},
    }
    found = run_in_process(case, folder, MPI.COMM_SELF)
    meshing: dict[str, float] = found["meshing"]["volume_fraction"]
    return {"solves": found["conduction"], "fractions": meshing, "seconds": time.perf_counter() - start}


def packings(store: CheckStore) -> list[Check]:
    """Results of two densities, four seeds and both element orders."""
    folder = store.workplace("packings")
    works = {
        f"packing {name}, seed {seed}, order {order}": partial(
            packing, folder / f"{name}_{seed}_{order}", fractions, seed, order
        )
        for name, fractions in FRACTIONS.items()
        for seed in SEEDS
        for order in (1, 2)
    }
    found = store.results(works)
    return [row for title, run in found.items() for row in _rows(title, run)]


def _rows(title: str, run: dict[str, Any]) -> list[Check]:
    """Bounds of the mesh and Wiener's bounds of one packing."""
    rows = []
    for name, solve in run["solves"].items():
        if not solve["percolates"]:
            continue
        value, bounds = solve[KEY], solve["bounds"][KEY]
        where = f"{title}, {name}"
        rows.append(at_least(f"{where}: lower bound of the mesh", value, bounds["lower"] * (1.0 - 1e-9), "S/m"))
        upper = bounds["upper"] * (1.0 + 1e-9)
        rows.append(at_most(f"{where}: upper bound of the mesh", value, upper, "S/m", run["seconds"]))
    shares, table = run["fractions"], {**CONDUCTIVITIES, "void": VOID}
    parallel = sum(shares[phase] * sigma for phase, sigma in table.items())
    series = 1.0 / sum(shares[phase] / sigma for phase, sigma in table.items())
    value = run["solves"]["all"][KEY]
    rows.append(at_most(f"{title}, all: Wiener's upper bound", value, parallel, "S/m"))
    rows.append(at_least(f"{title}, all: Wiener's lower bound", value, series, "S/m"))
    return rows
