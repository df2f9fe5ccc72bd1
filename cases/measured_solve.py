"""One conduction solve of a mesh file, measured: ``python -m cases.measured_solve SPECIFICATION.json`` on any ranks."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from mpi4py import MPI
from petsc4py import PETSc

from manufacturing.phases import Phase
from meshing.labelled_mesh import load_mesh
from solver.conduction import ConductionSettings
from solver.conduction_problem import build_problem, conductivity_by_phase
from solver.conduction_solution import PREFIX, PREFIX_OF_LEVELS, solve_problem
from solver.connectivity import CellGraph

from .process_memory import peak_memory


def main(path: Path) -> None:
    """Solve as the file says and write the figures beside it.

    The file holds ``mesh`` (path), ``conductivity`` (by phase), ``order``, ``options`` (of PETSc) and ``result``.
    """
    wanted, comm = json.loads(path.read_text()), MPI.COMM_WORLD
    PETSc.Log.begin()
    database = PETSc.Options()
    for key, value in wanted["options"].items():
        database[PREFIX + key] = database[PREFIX_OF_LEVELS + key] = value
    figures = measure(wanted, comm)
    figures["peak_gigabytes"] = comm.allreduce(peak_memory())
    figures["processor_seconds"] = comm.allreduce(time.process_time())
    if comm.rank == 0:
        figures["seconds_from_start"] = _age()
        Path(wanted["result"]).write_text(json.dumps(figures))


def measure(wanted: dict[str, Any], comm: MPI.Intracomm) -> dict[str, Any]:
    """Return the result and the wall time of its parts [s]."""
    start = time.perf_counter()
    mesh = load_mesh(Path(wanted["mesh"]))
    conductivities = {Phase[name]: value for name, value in wanted["conductivity"].items()}
    settings = ConductionSettings("bench", conductivities, wanted["order"])
    (drive,) = settings.drives(mesh)
    values, graph = conductivity_by_phase(mesh, settings.conductivities), CellGraph(mesh)
    problem = build_problem("bench", mesh, values, drive, graph, comm)
    searched = time.perf_counter()
    solution = solve_problem(problem, settings.order, settings.relative_tolerance, comm)
    solved = time.perf_counter()
    solution.at_vertices(0)
    return {
        "conductivity": float(solution.by_energy[0, 0]),
        "flux_over_energy": float(solution.by_flux[0, 0] / solution.by_energy[0, 0] - 1.0),
        "cells": int(problem.carrying.sum()),
        "unknowns": solution.unknowns,
        "iterations": solution.iterations[0],
        "search_seconds": searched - start,
        "solve_seconds": solved - searched,
        "linear_seconds": event_seconds("KSPSolve"),
        "setup_seconds": event_seconds("PCSetUp"),
        "output_seconds": time.perf_counter() - solved,
    }


def event_seconds(name: str) -> float:
    """Return the wall time that PETSc logged for an event on this rank [s]."""
    return float(PETSc.Log.Event(name).getPerfInfo()["time"])


def _age() -> float:
    """Return how long this process exists [s], the loading of all libraries included."""
    started = float(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    return float(Path("/proc/uptime").read_text().split()[0]) - started


if __name__ == "__main__":
    main(Path(sys.argv[1]))
