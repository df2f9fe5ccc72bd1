"""``granode bench``: measured figures of speed and goals, on one core."""

from __future__ import annotations

import math
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mpi4py import MPI

from manufacturing.errors import InputError

from .bench_conduction import bench_conduction
from .bench_discharge import bench_discharge
from .bench_meshing import bench_meshing
from .check_table import Check, at_least, at_most, print_table, reported, timed
from .mpi_launch import usable_cores
from .runner import run_in_process
from .testing import PROJECT

Rows = tuple[str, list[Check]]
DEMO_BEADS = 1000
LARGE_BEADS = 20000
PRINTED_CORE_HOURS = 156.0 * 28.0  # paper 001: 36 h slurry, 96 h drying, 24 h calendering on 28 cores


def bench(name: str, folder: Path | None = None) -> int:
    """Run the benchmark of a room, print its table and return 1 if a goal is missed.

    Args:
        name: manufacturing, meshing, conduction or discharge.
        folder: where tables, plots and finished pieces are kept; None: results/bench_NAME for those in RESUMED,
            a temporary one for others.

    Raises:
        InputError: no such benchmark.
    """
    if name not in BENCHMARKS:
        raise InputError("bench", name, f"one of {', '.join(BENCHMARKS)}")
    if folder is None and name in RESUMED:
        folder = Path("results") / f"bench_{name}"
    with tempfile.TemporaryDirectory(prefix="granode-bench-") as temporary:
        place = (folder or Path(temporary)).resolve()
        place.mkdir(parents=True, exist_ok=True)
        size, checks = BENCHMARKS[name](place)
    return print_table(f"{name}: {size}; one process, {usable_cores()} cores in the machine", checks)


def bench_manufacturing(folder: Path) -> Rows:
    """Measure the chain of paper 001 at full size with eleven degrees, the demo's recipe, and 20,000 beads."""
    case = tomllib.loads((PROJECT / "cases" / "papers" / "001_manufacturing.toml").read_text())
    del case["rheology"]
    case["output"] |= {"plots": False, "fields": False}
    full, seconds = timed(lambda: manufactured(case, folder / "full"))
    rows = [at_most("5089 beads, slurry to 50 %, eleven degrees", seconds, 600.0, "s", seconds)]
    for stage, wall in full["seconds"].items():
        rate = full["steps"].get(stage, 0) / wall
        rows.append(
            reported(f"  {stage}: {full['steps'].get(stage, 0)} steps, steps per second", rate, math.nan, "1/s", wall)
        )
    core_hours = seconds * case["geometry"].get("ranks", 1) / 3600.0
    rows.append(reported("core-hours, paper 001 beside ours", core_hours, PRINTED_CORE_HOURS, "h"))
    rows.append(at_least("paper's core-hours over ours", PRINTED_CORE_HOURS / core_hours, 1000.0))
    demo = {"geometry": {"source": "manufactured", "beads": DEMO_BEADS}, "output": case["output"]}
    rows.append(
        at_most("1000 beads, recipe of the demo", timed(lambda: manufactured(demo, folder / "demo"))[1], 90.0, "s")
    )
    large = case | {
        "geometry": case["geometry"] | {"beads": LARGE_BEADS, "calendering": {"degree": 0.3, "increments": 3}}
    }
    _, wall = timed(lambda: manufactured(large, folder / "large"))
    rows.append(
        reported(f"{LARGE_BEADS} beads, three degrees: per bead", 1e3 * wall / LARGE_BEADS, math.nan, "ms", wall)
    )
    rows.append(
        reported("5089 beads, eleven degrees: per bead", 1e3 * seconds / full["beads"], math.nan, "ms", seconds)
    )
    return f"{full['beads']} beads on one rank", rows


def manufactured(case: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run a case up to its packing and return the figures of manufacturing."""
    found: dict[str, Any] = run_in_process(case, folder, MPI.COMM_SELF)["manufacturing"]
    return found


BENCHMARKS: dict[str, Callable[[Path], Rows]] = {
    "manufacturing": bench_manufacturing,
    "meshing": bench_meshing,
    "conduction": bench_conduction,
    "discharge": bench_discharge,
}
RESUMED = ("conduction", "discharge")  # long ones, whose finished pieces are kept
