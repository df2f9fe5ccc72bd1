"""``granode bench``: measured figures of speed and goals, on one core."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mpi4py import MPI

from manufacturing.errors import InputError

from .check_table import Check, at_least, at_most, print_table, timed
from .mpi_launch import usable_cores
from .runner import run_in_process
from .testing import PROJECT

Rows = tuple[str, list[Check]]
KRYLOV_GOAL = 60  # iterations of a conduction solve
KRYLOV_PER_NEWTON_GOAL = 15
DEMO_BEADS = 1000


def bench(name: str) -> int:
    """Run the benchmark of a room, print its table and return 1 if a goal is missed.

    Args:
        name: manufacturing, meshing, conduction or discharge.

    Raises:
        InputError: no such benchmark.
    """
    if name not in BENCHMARKS:
        raise InputError("bench", name, f"one of {', '.join(BENCHMARKS)}")
    with tempfile.TemporaryDirectory(prefix="granode-bench-") as folder:
        size, checks = BENCHMARKS[name](Path(folder))
    return print_table(f"{name}: {size}; one process, {usable_cores()} cores in the machine", checks)


def composite(cell_size: float) -> dict[str, Any]:
    """Return the small composite of cases/verification at a cell size [m], without solves."""
    import tomllib

    data = tomllib.loads((PROJECT / "cases" / "verification" / "small_composite.toml").read_text())
    data["mesh"]["cell_size"] = cell_size
    return data | {"conduction": {}}


def bench_manufacturing(folder: Path) -> Rows:
    """Measure the demo's recipe from powders to the calendered packing."""
    from .case_file import validate_case
    from .geometry import manufacture_case
    from .log import RunLog
    from .schema import ManufacturedGeometry

    case = validate_case({"geometry": {"source": "manufactured", "beads": DEMO_BEADS}})
    assert isinstance(case.geometry, ManufacturedGeometry)
    geometry = case.geometry
    result, seconds = timed(
        lambda: manufacture_case(geometry, folder, MPI.COMM_SELF, RunLog(0, folder / "log.txt", quiet=True))
    )
    return f"{len(result.packing.radii)} of {DEMO_BEADS} beads after cropping", [
        at_most("recipe of the demo", seconds, 90.0, "s", seconds)
    ]


def bench_meshing(folder: Path) -> Rows:
    """Measure cells per second of the lattice-cut mesher, compiled before."""
    prepare = composite(1.6e-6)
    del prepare["discharge"]
    run_in_process(prepare, folder / "compile", MPI.COMM_SELF)
    case = composite(0.25e-6)
    del case["discharge"]
    found, seconds = timed(lambda: run_in_process(case, folder / "run", MPI.COMM_SELF)["meshing"])
    return f"{found['cells']} cells", [
        at_least("cells per second", found["cells"] / seconds, 10000.0, "1/s", seconds),
        at_least("smallest dihedral angle", found["min_dihedral_deg"], 5.0, "deg"),
    ]


def bench_conduction(folder: Path) -> Rows:
    """Measure second-order solves of both carriers."""
    case = composite(0.35e-6) | {"conduction": None}
    del case["conduction"], case["discharge"]
    found = run_in_process(case, folder, MPI.COMM_SELF)
    checks = []
    for name, solve in found["conduction"].items():
        rate = solve["unknowns"] / solve["seconds"]
        checks.append(at_most(f"{name}: iterations", solve["iterations"], KRYLOV_GOAL))
        checks.append(at_least(f"{name}: unknowns per second", rate, 20000.0, "1/s", solve["seconds"]))
    unknowns = ", ".join(str(solve["unknowns"]) for solve in found["conduction"].values())
    return f"{found['meshing']['cells']} cells, {unknowns} unknowns", checks


def bench_discharge(folder: Path) -> Rows:
    """Measure a discharge to the cut-off."""
    case = composite(0.5e-6)
    run_in_process({k: v for k, v in case.items() if k != "discharge"}, folder, MPI.COMM_SELF)
    found, seconds = timed(lambda: run_in_process(case, folder, MPI.COMM_SELF)["discharge"])
    newton, krylov = found["newton_iterations"], found["linear_iterations"]
    return f"{found['unknowns']} unknowns, {found['steps']} steps, {newton} Newton, {krylov} Krylov", [
        at_most("Krylov iterations per Newton iteration", krylov / newton, KRYLOV_PER_NEWTON_GOAL),
        at_most("Newton iterations per step", newton / found["steps"], 8.0),
        at_most("seconds per Newton iteration and 100,000 unknowns", seconds / newton * 1e5 / found["unknowns"], 2.0),
        at_most("balances", max(found["charge_balance_error"], found["lithium_balance_error"]), 1e-8, "", seconds),
    ]


BENCHMARKS: dict[str, Callable[[Path], Rows]] = {
    "manufacturing": bench_manufacturing,
    "meshing": bench_meshing,
    "conduction": bench_conduction,
    "discharge": bench_discharge,
}
