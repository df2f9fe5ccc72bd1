"""Bounds of random packings: a better solution lies inside the bounds of a worse one, and inside Wiener's bounds."""

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
SEEDS = (1, 2, 3)
FRACTIONS = {"dense": (0.45, 0.35), "loose": (0.30, 0.25)}  # of AM and SE
CONDUCTIVITIES = {"AM": 1.0, "SE": 10.0, "void": 0.05}  # [S/m]; Wiener's lower bound is not 0
SOLVES = {"all": CONDUCTIVITIES, "SE": {"SE": CONDUCTIVITIES["SE"]}}
ROUNDING = 1e-9


def packing(folder: Path, fractions: tuple[float, float], seed: int) -> dict[str, Any]:
    """A random packing in which everything conducts, and its SE alone; both orders with bounds of the mesh."""
    start = time.perf_counter()
    phases = [
        {"phase": phase, "volume_fraction": share, "diameters": [diameter]}
        for phase, share, diameter in zip(("AM", "SE"), fractions, (8e-6, 4e-6), strict=True)
    ]
    case = {
        "geometry": {"source": "random", "particles": 30, "max_overlap": 0.2, "seed": seed, "phases": phases}
        | {"tolerance": 0.02},  # so few particles cannot meet both fractions better
        "mesh": {"cell_size": 1.5e-6},
        "conduction": {
            f"{name}_{order}": {"conductivity": table, "order": order, "bounds": True}
            for name, table in SOLVES.items()
            for order in (1, 2)
        },
        "output": {"plots": False, "fields": False},
    }
    found = run_in_process(case, folder, MPI.COMM_SELF)
    shares: dict[str, float] = found["meshing"]["volume_fraction"]
    return {"solves": found["conduction"], "fractions": shares, "seconds": time.perf_counter() - start}


def packings(store: CheckStore) -> list[Check]:
    """Packings of two densities and three seeds."""
    folder = store.workplace("packings")
    works = {
        f"packing {name}, seed {seed}": partial(packing, folder / f"{name}_{seed}", fractions, seed)
        for name, fractions in FRACTIONS.items()
        for seed in SEEDS
    }
    return [row for title, run in store.results(works).items() for row in _rows(title, run)]


def _rows(title: str, run: dict[str, Any]) -> list[Check]:
    """Second order inside the bounds of first order, its bounds inside those, and everything inside Wiener's bounds."""
    rows = []
    for name in SOLVES:
        first, second = run["solves"][f"{name}_1"], run["solves"][f"{name}_2"]
        if not first["percolates"]:
            continue
        outer, inner = first["bounds"][KEY], second["bounds"][KEY]
        where = f"{title}, {name}"
        seconds = run["seconds"]
        rows += [
            at_least(f"{where}: P2 above the lower bound of P1", second[KEY], outer["lower"], "S/m", seconds),
            at_most(f"{where}: P2 below the upper bound of P1", second[KEY], outer["upper"], "S/m"),
            at_least(f"{where}: lower bound of P2 above that of P1", inner["lower"], outer["lower"], "S/m"),
            at_most(f"{where}: lower bound of P2 below its upper one", inner["lower"], inner["upper"], "S/m"),
        ]
    shares, value = run["fractions"], run["solves"]["all_2"][KEY]
    parallel = sum(shares[phase] * sigma for phase, sigma in CONDUCTIVITIES.items())
    series = 1.0 / sum(shares[phase] / sigma for phase, sigma in CONDUCTIVITIES.items())
    rows.append(at_most(f"{title}, all: Wiener's upper bound", value, parallel * (1.0 + ROUNDING), "S/m"))
    rows.append(at_least(f"{title}, all: Wiener's lower bound", value, series * (1.0 - ROUNDING), "S/m"))
    return rows
