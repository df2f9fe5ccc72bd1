"""Speed and memory of the lattice cut, each mesh in a process of its own, and a peer beside it."""

from __future__ import annotations

import math
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from manufacturing.packing import Packing, load_packing
from meshing.lattice_cut import LatticeCutSettings, mesh_packing

from .bench_gmsh import mesh_spheres_by_gmsh
from .check_table import Check, at_least, at_most, reported
from .process_memory import peak_memory
from .runner import run_in_process

SIZES = (1.2e-6, 0.85e-6, 0.6e-6)  # [m] for the growth of the time with the cells
PEER_SPHERES = 30
PEER_SIZE = 1.0e-6  # [m]


def packing_case(particles: int, cell_size: float | None) -> dict[str, Any]:
    """Return a random packing with the sizes and the porosity of a calendered electrode, meshed only.

    Args:
        particles: number of them.
        cell_size: [m], None: the default of the case file.
    """
    phases = [
        {"phase": "AM", "volume_fraction": 0.40, "diameters": [7e-6, 10e-6], "number_fractions": [0.5, 0.5]},
        {"phase": "SE", "volume_fraction": 0.24, "diameters": [3e-6, 4e-6, 5e-6], "number_fractions": [1, 1, 1]},
        {"phase": "CBD", "volume_fraction": 0.14, "diameters": [3e-6], "number_fractions": [1]},
    ]
    return {
        "geometry": {
            "source": "random",
            "phases": phases,
            "particles": particles,
            "max_overlap": 0.26,
            "wall_overlap": 0.2,
            "periodic": [True, True, False],
            "tolerance": 0.02,
        },
        "mesh": {} if cell_size is None else {"cell_size": cell_size},
        "cell": {"separator_thickness": 5e-6},
        "conduction": {},
        "output": {"until": "meshing", "plots": False, "fields": False},
    }


def mesh_measured(case: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Mesh a case after a small one has compiled everything; wall and processor time of the cut, peak memory.

    To be called in a new process: the peak is that of the process.
    """
    run_in_process(packing_case(60, 1.5e-6), folder / "compile", MPI.COMM_SELF)
    packed = case | {"output": case["output"] | {"until": "manufacturing"}}
    run_in_process(packed, folder / "run", MPI.COMM_SELF)
    start, processor = time.perf_counter(), time.process_time()
    found = run_in_process(case, folder / "run", MPI.COMM_SELF)["meshing"]
    return {
        "cells": found["cells"],
        "min_dihedral_deg": found["min_dihedral_deg"],
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - processor,
        "peak_gigabytes": peak_memory(),
        "steps": found["seconds"],
    }


def in_own_process(work: Callable[[], Any]) -> Any:
    """Return the result of some work of a new process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work).result()


def bench_meshing(folder: Path) -> tuple[str, list[Check]]:
    """Measure 1,000 and 5,000 particles, growth of the time with the cells, and gmsh on few spheres."""
    runs = []
    for size in SIZES:
        place = folder / f"{1e9 * size:.0f}"
        runs.append(in_own_process(partial(mesh_measured, packing_case(1000, size), place)))
    large = in_own_process(partial(mesh_measured, packing_case(5000, None), folder / "large"))
    checks = _rows("1000 particles, 0.6 um", runs[-1], 300.0, 3.0) + _rows("5000 particles, default", large, 900.0, 8.0)
    cells = [run["cells"] for run in runs]
    for name, kind in (("processor time", "processor_seconds"), ("wall time", "seconds")):
        growth = float(np.polyfit(np.log(cells), np.log([run[kind] for run in runs]), 1)[0])
        text = f"growth exponent of the {name} with the cells, {cells[0]} to {cells[-1]}"
        checks.append(at_most(text, growth, 1.15) if kind == "processor_seconds" else reported(text, growth, math.nan))
    packing = load_packing(folder / "600" / "run" / "packing.h5")
    checks += _peer(few_spheres(packing, PEER_SPHERES))
    return f"{runs[-1]['cells']} and {large['cells']} cells, one thread", checks


def _rows(title: str, run: dict[str, Any], seconds: float, gigabytes: float) -> list[Check]:
    checks = [
        at_most(f"{title}: wall time", run["seconds"], seconds, "s"),
        reported("  processor time", run["processor_seconds"], math.nan, "s"),
        at_most("  peak memory", run["peak_gigabytes"], gigabytes, "GB"),
        reported("  cells", run["cells"], math.nan),
        reported("  cells per second of processor time", run["cells"] / run["processor_seconds"], math.nan, "1/s"),
        at_least("  smallest dihedral angle", run["min_dihedral_deg"], 10.0, "deg"),
    ]
    return checks + [reported(f"  of it {name}", value, math.nan, "s") for name, value in run["steps"].items()]


def few_spheres(packing: Packing, count: int) -> Packing:
    """Return the particles nearest to the middle of a packing in a box of their own, without periodic axes."""
    middle = 0.5 * (packing.lower + packing.upper)
    index = np.argsort(np.linalg.norm(packing.centres - middle, axis=1))[:count]
    centres, radii = packing.centres[index], packing.radii[index]
    lower = (centres - radii[:, None]).min(axis=0) - PEER_SIZE
    upper = (centres + radii[:, None]).max(axis=0) + PEER_SIZE
    ids = np.arange(1, count + 1)
    return Packing(centres - lower, radii, packing.phases[index], ids, np.zeros(3), upper - lower, (False,) * 3)


def _peer(packing: Packing) -> list[Check]:
    """Put gmsh's own geometry kernel beside the lattice cut on the same spheres and size."""
    ours = in_own_process(partial(mesh_few, packing))
    theirs = in_own_process(partial(mesh_spheres_by_gmsh, packing, PEER_SIZE))
    title = f"{len(packing.radii)} spheres, gmsh (OpenCASCADE) beside ours"
    checks = []
    for name, unit in (("processor_seconds", "s"), ("cells", ""), ("min_dihedral_deg", "deg")):
        checks.append(reported(f"{title}: {name.replace('_', ' ')}", ours[name], theirs[name], unit))
    return checks


def mesh_few(packing: Packing) -> dict[str, float]:
    """Mesh a small packing twice and return the figures of the second time."""
    settings = LatticeCutSettings(cell_size=PEER_SIZE, separator_thickness=0.0)
    for _ in range(2):
        start = time.process_time()
        mesh = mesh_packing(packing, settings)
    return {
        "processor_seconds": time.process_time() - start,
        "cells": float(len(mesh.cells)),
        "min_dihedral_deg": float(mesh.report["min_dihedral_deg"]),
    }
