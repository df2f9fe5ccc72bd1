"""Goals of the discharge solver: one whole discharge of the demo's cathode, iterations by size, ranks, MUMPS beside.

Every piece runs in processes of its own and is kept in the folder of the benchmark, so that a stopped run goes on.
"""

from __future__ import annotations

import csv
import math
import tomllib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from .bench_meshing import packing_case
from .bench_solver import DIRECT_MEMORY, run_measured, stored_mesh, triad
from .check_store import CheckStore
from .check_table import Check, at_least, at_most, reported
from .error_time import crossover
from .testing import PROJECT

FloatArray = npt.NDArray[np.float64]

ROOMS = ("manufacturing", "meshing", "solver")  # the sources that decide about results and times
# A few steps as long as in mid-discharge [s]; the loose tolerance does not shorten them.
SHORT = {"first_step": 20.0, "largest_step": 50.0, "maximum_time": 200.0, "tolerance": 1e-2}
DIRECT_PATIENCE = 120.0  # [s] of the last direct solve; the next larger one would take four times as long
FINER = 0.1  # of the tolerance of the time steps


@dataclass(frozen=True)
class Sample:
    """A mesh of the benchmark: the film of the demo, or a random packing of as many particles."""

    cell_size: float  # [m]
    particles: int = 0  # 0: the film

    @property
    def name(self) -> str:
        """Name of the mesh in the store."""
        return f"{self.particles or 'film'}_{1e9 * self.cell_size:.0f}nm"

    def case(self, **discharge: float) -> dict[str, Any]:
        """Return the demo without conduction on this mesh, keys of its discharge replaced."""
        case = tomllib.loads((PROJECT / "cases" / "demo.toml").read_text())
        if self.particles:
            case["geometry"] = packing_case(self.particles, self.cell_size)["geometry"]
        case["mesh"]["cell_size"] = self.cell_size
        case["conduction"] = {}
        case["discharge"] |= discharge
        case["output"] |= {"plots": False}
        return case


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    whole: Sample = Sample(1.06e-6)
    ladder: tuple[Sample, ...] = tuple(
        Sample(size, particles)
        for particles, size in ((60, 1.3e-6), (300, 1.2e-6), (300, 0.9e-6), (300, 0.6e-6), (1000, 0.57e-6))
    )


class DischargeBench:
    """Measured discharges on meshes that are made once.

    Args:
        store: keeps meshes and figures.
    """

    def __init__(self, store: CheckStore) -> None:
        self.store = store

    def mesh(self, sample: Sample) -> Path:
        """Return the file of a mesh."""
        case = sample.case() | {"output": {"until": "meshing", "plots": False, "fields": False}}
        del case["discharge"]
        return stored_mesh(self.store, sample.name, case)

    def run(self, sample: Sample, ranks: int, **discharge: float) -> dict[str, Any]:
        """Return the figures of a discharge on some ranks, with its curve under ``times`` and ``voltages``."""
        name = f"{sample.name} {ranks} ranks" + "".join(f" {k} {v:g}" for k, v in discharge.items())
        work = partial(self._run, name.replace(" ", "_"), sample, ranks, discharge)
        found: dict[str, Any] = self.store.result(name, work)
        return found

    def _run(self, name: str, sample: Sample, ranks: int, discharge: dict[str, float]) -> dict[str, Any]:
        mesh, place = self.mesh(sample), self.store.workplace(name)
        specification = {"case": sample.case(**discharge), "mesh": str(mesh), "out": str(place / "run")}
        figures = run_measured(specification, ranks, place, "cases.measured_discharge")
        times, voltages = curve_of(place / "run" / "curves" / "discharge.csv")
        return figures | {"times": times.tolist(), "voltages": voltages.tolist()}

    def system(self, sample: Sample, direct: bool) -> dict[str, Any]:
        """Return the figures of one linear system, solved by us or by MUMPS."""
        mesh, name = self.mesh(sample), f"system {sample.name} {'mumps' if direct else 'ours'}"
        specification = {"case": sample.case(**SHORT), "mesh": str(mesh), "direct": direct}
        work = partial(run_measured, specification, 1, mesh.parent, "cases.measured_linear_system")
        found: dict[str, Any] = self.store.result(name, work)
        return found


def curve_of(path: Path) -> tuple[FloatArray, FloatArray]:
    """Return times [s] and voltages [V] of a curve."""
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return np.array([float(row["time_s"]) for row in rows]), np.array([float(row["voltage_V"]) for row in rows])


def voltage_difference(run: dict[str, Any], reference: dict[str, Any]) -> float:
    """Return the largest difference of two curves [V] at the times of the first that the second has reached."""
    times, voltages = np.array(run["times"]), np.array(run["voltages"])
    inside = times <= reference["times"][-1]
    other = PchipInterpolator(reference["times"], reference["voltages"])(times[inside])
    return float(np.abs(voltages[inside] - other).max())


def bench_discharge(folder: Path, plan: Plan | None = None) -> tuple[str, list[Check]]:
    """Measure every goal; tables and finished pieces stay in the folder."""
    chosen = plan or Plan()
    bench = DischargeBench(CheckStore(folder, ROOMS))
    checks = [*_whole(bench, chosen), *_ladder(bench, chosen), *_ranks(bench, chosen), *_direct(bench, chosen)]
    return "the demo on its film and on random packings, two ranks where nothing else is said", checks


def _whole(bench: DischargeBench, plan: Plan) -> list[Check]:
    """The discharge at 1C to the cut-off with all output, and a tenth of its tolerance beside it."""
    run = bench.run(plan.whole, 2)
    tolerance = plan.whole.case()["discharge"]["tolerance"]
    finer = bench.run(plan.whole, 2, tolerance=FINER * tolerance)
    per_core = run["unknowns"] * run["steps"] / run["seconds"] / 2.0
    by_processor = run["unknowns"] * run["steps"] / run["processor_seconds"]
    krylov, newton = run["linear_iterations"], run["newton_iterations"]
    balance = max(run["charge_balance_error"], run["lithium_balance_error"])
    return [
        at_most(
            f"{run['unknowns']} unknowns, 1C to the cut-off: wall time", run["seconds"], 480.0, "s", run["seconds"]
        ),
        reported("  processor time of both ranks", run["processor_seconds"], math.nan, "s"),
        at_most("  memory of both ranks", run["peak_gigabytes"], 6.0, "GB"),
        at_least("  accepted steps", run["steps"], 60.0),
        reported("  rejected steps", run["rejected_steps"], math.nan),
        at_least("  unknowns x accepted steps per second and core", per_core, 45000.0, "1/s"),
        reported("  the same by processor time", by_processor, math.nan, "1/s"),
        reported("  Newton iterations per step", newton / run["steps"], math.nan),
        at_most("  Krylov iterations per Newton iteration", krylov / newton, 15.0),
        at_most("  largest balance", balance, 1e-8),
        at_most("  voltage against a tenth of the tolerance", 1e3 * voltage_difference(run, finer), 1.0, "mV"),
        reported("  time of the cut-off, a tenth of the tolerance beside", run["times"][-1], finer["times"][-1], "s"),
        reported("  steps at a tenth of the tolerance", finer["steps"], math.nan, "", finer["seconds"]),
        *(reported(f"  of it {name}", seconds, math.nan, "s") for name, seconds in run["parts"].items()),
    ]


def _ladder(bench: DischargeBench, plan: Plan) -> list[Check]:
    """Krylov iterations by the number of unknowns over a few long steps."""
    runs = [bench.run(sample, 2, **SHORT) for sample in plan.ladder]
    ratios = [run["linear_iterations"] / run["newton_iterations"] for run in runs]
    checks = []
    for run, ratio in zip(runs, ratios, strict=True):
        title = f"{run['unknowns']} unknowns, {run['steps']} steps of up to {SHORT['largest_step']:g} s"
        checks.append(at_most(f"{title}: Krylov per Newton", ratio, 15.0, "", run["seconds"]))
        rate = run["unknowns"] * run["steps"] / run["march_seconds"] / 2.0
        checks.append(reported("  unknowns x steps per second and core", rate, math.nan, "1/s"))
        checks.append(reported("  memory of both ranks", run["peak_gigabytes"], math.nan, "GB"))
    growth = float(np.polyfit(np.log([run["unknowns"] for run in runs]), np.log(ratios), 1)[0])
    return [*checks, at_most("power of the unknowns with which Krylov iterations grow", growth, 0.1)]


def _ranks(bench: DischargeBench, plan: Plan) -> list[Check]:
    """Efficiency of two ranks over the whole discharge, its output included, beside that of the memory."""
    one, two = (bench.run(plan.whole, ranks) for ranks in (1, 2))
    rates = [float(bench.store.result(f"triad {ranks}", partial(triad, ranks))) for ranks in (1, 2)]
    goal = min(0.85, 0.9 * rates[1] / rates[0] / 2.0)
    solve = one["parts"]["solve"] / two["parts"]["solve"] / 2.0
    return [
        reported("bandwidth of one process and of two (beside)", rates[0], rates[1], "GB/s"),
        at_least("efficiency of two ranks: time steps", one["march_seconds"] / two["march_seconds"] / 2.0, goal),
        reported("efficiency of two ranks: linear solves", solve, math.nan),
        reported("voltage on one rank and on two: difference", voltage_difference(one, two), math.nan, "V"),
    ]


def _direct(bench: DischargeBench, plan: Plan) -> list[Check]:
    """One linear system of a long step by MUMPS beside ours, to a reduction of 1e-8, as far as it fits."""
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for sample in plan.ladder:
        if theirs and (
            4.0 * theirs[-1]["seconds"] > DIRECT_PATIENCE or 3.0 * theirs[-1]["peak_gigabytes"] > DIRECT_MEMORY
        ):
            break
        ours.append(bench.system(sample, False))
        theirs.append(bench.system(sample, True))
    sizes = [run["unknowns"] for run in ours]
    times = [[run["seconds"] for run in runs] for runs in (ours, theirs)]
    rows = []
    for own, other in zip(ours, theirs, strict=True):
        title = f"one linear system, {own['unknowns']} unknowns, MUMPS beside"
        rows.append(reported(f"{title}: wall time", own["seconds"], other["seconds"], "s"))
        rows.append(reported("  memory of the process", own["peak_gigabytes"], other["peak_gigabytes"], "GB"))
        rows.append(at_most("  residual left", own["reduction"], 1e-7))
    return [*rows, reported("unknowns from which on we are quicker than MUMPS", crossover(sizes, *times), math.nan)]
