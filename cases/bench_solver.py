"""Goals of the conduction solver: iterations, a million unknowns, memory, two ranks, and MUMPS beside it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mpi4py import MPI

from manufacturing.errors import StageError

from .bench_meshing import in_own_process, packing_case
from .check_store import CheckStore
from .check_table import Check, at_least, at_most, reported
from .error_time import crossover
from .mpi_launch import mpi_environment, mpirun_command
from .runner import run_in_process
from .testing import PROJECT

ELECTROLYTE = {"SE": 1.0}
TWO_PHASES = {"SE": 1.0, "CBD": 15.93}
HEAT = {"AM": 5.0, "SE": 0.5, "CBD": 0.4, "void": 0.03}  # [W/(m K)]
CONTRAST = {"AM": 1e-8, "SE": 1e-3, "CBD": 1.0, "void": 1.0}
DIRECT = {
    "ksp_type": "preonly",
    "ksp_norm_type": "none",
    "pc_type": "cholesky",
    "pc_factor_mat_solver_type": "mumps",
}
DIRECT_MEMORY = 16.0  # [GB]
DIRECT_PATIENCE = 400.0  # [s] of the largest direct solve that is tried
GROWTH = (4.0 / 3.0, 2.0)  # powers of the unknowns with which memory and time of a direct solve grow in 3D


@dataclass(frozen=True)
class MeshOf:
    """A mesh of the ladder: a random packing cut at a cell size, or its voxels."""

    particles: int
    cell_size: float  # [m]
    method: str = "lattice_cut"

    @property
    def name(self) -> str:
        """Name of the mesh in the store."""
        return f"{self.method}_{self.particles}_{1e9 * self.cell_size:.0f}nm"

    def case(self) -> dict[str, Any]:
        """Return the case that meshes it."""
        case = packing_case(self.particles, self.cell_size)
        case["mesh"]["method"] = self.method
        return case


SMALL, MIDDLE, LARGE = MeshOf(60, 1.3e-6), MeshOf(300, 0.6e-6), MeshOf(1000, 0.6e-6)
VOXELS = MeshOf(1000, 0.27e-6, "voxel")
DIRECT_LADDER = (SMALL, MeshOf(300, 1.2e-6), MeshOf(300, 0.9e-6), MIDDLE, MeshOf(300, 0.5e-6), LARGE)
ITERATIONS = (  # order, mesh, conductors
    (1, SMALL, HEAT),
    (1, MIDDLE, HEAT),
    (1, LARGE, HEAT),
    (1, VOXELS, HEAT),
    (2, SMALL, ELECTROLYTE),
    (2, MIDDLE, ELECTROLYTE),
    (2, LARGE, ELECTROLYTE),
    (2, LARGE, TWO_PHASES),
)
ITERATION_GOALS = {1: 25, 2: 40}


class SolverBench:
    """Measured solves of meshes that are made once.

    Args:
        store: keeps meshes and figures.
    """

    def __init__(self, store: CheckStore) -> None:
        self.store = store

    def mesh(self, wanted: MeshOf) -> Path:
        """Return the file of a mesh."""
        return stored_mesh(self.store, wanted.name, wanted.case())

    def solve(
        self,
        wanted: MeshOf,
        conductivity: dict[str, float],
        order: int = 2,
        ranks: int = 1,
        options: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return the figures of a solve in processes of its own."""
        given = options or {}
        kind = f"{'_'.join(conductivity)} {min(conductivity.values()):g} order {order} ranks {ranks}"
        name = f"{wanted.name} {kind} {given.get('pc_type', '')}"
        mesh = self.mesh(wanted)
        specification = {"conductivity": conductivity, "order": order, "options": given, "mesh": str(mesh)}
        found: dict[str, Any] = self.store.result(name, lambda: run_measured(specification, ranks, mesh.parent))
        return found


def stored_mesh(store: CheckStore, name: str, case: dict[str, Any]) -> Path:
    """Return the file of the mesh of a case, made once in a process of its own."""
    folder = store.workplace(name)
    store.result(f"mesh {name}", partial(in_own_process, partial(make_mesh, case, folder)))
    return folder / "mesh.h5"


def make_mesh(case: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Mesh a case and return what meshing reports."""
    found: dict[str, Any] = run_in_process(case, folder, MPI.COMM_SELF)["meshing"]
    return {"cells": found["cells"]}


def run_measured(
    specification: dict[str, Any], ranks: int, folder: Path, module: str = "cases.measured_solve"
) -> dict[str, Any]:
    """Run one measured piece on some ranks.

    Raises:
        StageError: the solve failed; its last line is given.
    """
    result, path = folder / "measured.json", folder / "specification.json"
    result.unlink(missing_ok=True)
    path.write_text(json.dumps(specification | {"result": str(result)}))
    run_ranks([module, str(path)], ranks)
    figures: dict[str, Any] = json.loads(result.read_text())
    return figures


def run_ranks(words: list[str], ranks: int) -> str:
    """Run a module on some ranks and return what it prints.

    Raises:
        StageError: it failed.
    """
    launcher = mpirun_command(ranks) if ranks > 1 else []
    command = [*launcher, sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=PROJECT, env=mpi_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StageError(f"{words[0]}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return done.stdout


def solver_checks(store: CheckStore) -> list[Check]:
    """Return the rows of every goal of the solver."""
    bench = SolverBench(store)
    return [*_iterations(bench), *_large_cases(bench), *_ranks(bench), *_direct(bench)]


def _iterations(bench: SolverBench) -> list[Check]:
    """Iterations by order and size, and at a contrast of 1e8."""
    checks = []
    for order, mesh, conductors in ITERATIONS:
        run = bench.solve(mesh, conductors, order)
        name = f"order {order}, {run['unknowns']} unknowns ({mesh.method}): iterations"
        checks.append(at_most(name, run["iterations"], ITERATION_GOALS[order], "", run["linear_seconds"]))
        name = "  flux over energy - 1"
        checks.append(at_most(name, abs(run["flux_over_energy"]), 1e-9))
    for order in (1, 2):
        run = bench.solve(MIDDLE, CONTRAST, order)
        name = f"order {order}, contrast 1e8, {run['unknowns']} unknowns: iterations"
        checks.append(reported(name, run["iterations"], math.nan, "", run["linear_seconds"]))
    return checks


def _large_cases(bench: SolverBench) -> list[Check]:
    """A million unknowns from the mesh file to the result, and the memory of two million."""
    run = bench.solve(LARGE, ELECTROLYTE, 2, ranks=2)
    large = bench.solve(LARGE, TWO_PHASES, 2)
    parts = [
        reported(f"  of it {part}", run[f"{part}_seconds"], math.nan, "s")
        for part in ("search", "solve", "setup", "linear", "output")
    ]
    title = f"order 2, {run['unknowns']} unknowns, mesh file to result, two ranks"
    return [
        at_most(f"{title}: wall time", run["seconds_from_start"], 60.0, "s"),
        *parts,
        reported("  memory of both ranks", run["peak_gigabytes"], math.nan, "GB"),
        at_most(f"order 2, {large['unknowns']} unknowns: memory", large["peak_gigabytes"], 12.0, "GB"),
        reported("  wall time, one rank", large["seconds_from_start"], math.nan, "s"),
    ]


def _ranks(bench: SolverBench) -> list[Check]:
    """Efficiency of two ranks beside that of the memory."""
    one, two = (bench.solve(LARGE, ELECTROLYTE, 2, ranks=ranks) for ranks in (1, 2))
    rates = [float(bench.store.result(f"triad {ranks}", partial(triad, ranks))) for ranks in (1, 2)]
    memory = rates[1] / rates[0] / 2.0
    goal = min(0.85, 0.9 * memory)
    checks = [reported("bandwidth of one process and of two (beside)", rates[0], rates[1], "GB/s")]
    for title, key in (("mesh, assembly and solution", "solve_seconds"), ("linear solver", "linear_seconds")):
        checks.append(at_least(f"efficiency of two ranks: {title}", one[key] / two[key] / 2.0, goal))
    total = one["seconds_from_start"] / two["seconds_from_start"] / 2.0
    return [*checks, reported("efficiency of two ranks: mesh file to result", total, math.nan)]


def triad(ranks: int) -> float:
    """Return the bandwidth of some processes at once [GB/s]."""
    return float(run_ranks(["cases.stream_triad"], ranks).strip().splitlines()[-1])


def _direct(bench: SolverBench) -> list[Check]:
    """MUMPS on growing systems until memory or patience end."""
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for mesh in DIRECT_LADDER:
        own = bench.solve(mesh, ELECTROLYTE)
        if theirs and beyond_reach(theirs[-1], own["unknowns"]):
            break
        ours.append(own)
        theirs.append(bench.solve(mesh, ELECTROLYTE, options=DIRECT))
    sizes = [run["unknowns"] for run in ours]
    times = [[run["setup_seconds"] + run["linear_seconds"] for run in runs] for runs in (ours, theirs)]
    checks = [
        reported(f"{size} unknowns: seconds, MUMPS beside", mine, other, "s")
        for size, mine, other in zip(sizes, *times, strict=True)
    ]
    title = f"MUMPS at {sizes[-1]} unknowns"
    memory = theirs[-1]["peak_gigabytes"] / ours[-1]["peak_gigabytes"]
    return [
        *checks,
        reported("unknowns from which on we are quicker than MUMPS", crossover(sizes, *times), math.nan),
        at_least(f"{title}: its time over ours", times[1][-1] / times[0][-1], 6.0),
        at_least(f"{title}: its memory over ours", memory, 2.0),
        reported(f"{title}: its memory, ours beside", theirs[-1]["peak_gigabytes"], ours[-1]["peak_gigabytes"], "GB"),
    ]


def beyond_reach(last: dict[str, Any], unknowns: int) -> bool:
    """Return whether a direct solve would take more than its memory or our patience, by the growth of the last."""
    growth = unknowns / last["unknowns"]
    memory, seconds = (growth**power for power in GROWTH)
    time = (last["setup_seconds"] + last["linear_seconds"]) * seconds
    return bool(last["peak_gigabytes"] * memory > DIRECT_MEMORY or time > DIRECT_PATIENCE)
