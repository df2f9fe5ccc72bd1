"""Conduction beside the voxel tools: error against wall time, and the goals of the solver.

Every piece is kept in the folder of the benchmark, so that a stopped run goes on where it was.
"""

from __future__ import annotations

import csv
import math
from functools import partial
from pathlib import Path
from typing import Any

from manufacturing.errors import StageError

from .bench_points import Point, our_points, packing_of, peer_points
from .bench_references import extrapolated, independent_estimate
from .bench_solver import solver_checks
from .bench_structures import Structure, Target, face_centred, random_packing
from .check_store import CheckStore
from .check_table import Check, at_least, at_most, reported
from .error_time import Cost, Estimate, combined, cost, lead
from .peer_environment import peer_interpreter
from .plots_error_time import plot_curves

ROOMS = ("manufacturing", "meshing", "solver")  # the sources that decide about results and times
AGREEMENT = 1e-3  # of two methods on the lattice
TIMES = {"solve only": "solve_seconds", "geometry to result": "total_seconds"}
PROCESSOR_TIMES = {"solve only": "solve_processor_seconds", "geometry to result": "total_processor_seconds"}


def bench_conduction(folder: Path) -> tuple[str, list[Check]]:
    """Measure both curves of every target, then the solver's goals; write CSV and plots to the folder."""
    store = CheckStore(folder, ROOMS)
    checks: list[Check] = []
    rows: list[dict[str, Any]] = []
    for structure in (face_centred(), random_packing()):
        points, missing = curve_points(structure, store)
        checks += missing
        for target in structure.targets:
            own = [point for point in points if point.target == target.name]
            reference, agreement = reference_of(structure, target, own, store)
            checks += agreement + target_checks(target, own, reference)
            rows += [row(point, reference) for point in own]
    write_rows(folder / "error_time.csv", rows)
    plot_curves(rows, folder)
    checks += solver_checks(store)
    return f"curves in {folder / 'error_time.csv'} and error_time.png", checks


def curve_points(structure: Structure, store: CheckStore) -> tuple[list[Point], list[Check]]:
    """Return our points and those of the peers that can be had; what cannot is a row of the table."""
    points: list[Point] = []
    for size in structure.cell_sizes:
        name = f"{structure.name} {1e9 * size:.0f} nm"
        work = partial(our_points, structure, size, store.workplace(name.replace(" ", "_")))
        points += [Point(**found) for found in store.result(name, work)]
    try:
        peer_interpreter()
    except StageError as error:
        return points, [_left_out(f"{structure.name}: peers", error)]
    missing = []
    for tool in sorted({tool for target in structure.targets for tool in target.peers}):
        for count in structure.voxels:
            name = f"{structure.name} {tool} {count}"
            work = partial(peer_points, structure, count, tool, store.workplace(structure.name))
            try:
                points += [Point(**found) for found in store.result(name, work)]
            except StageError as error:
                missing.append(_left_out(name, error))
    return points, missing


def _left_out(name: str, error: StageError) -> Check:
    """Return the row that says why something is not in the table."""
    return reported(f"{name} left out: {error}"[:100], math.nan, math.nan)


def reference_of(
    structure: Structure, target: Target, points: list[Point], store: CheckStore
) -> tuple[Estimate, list[Check]]:
    """Return the value that errors refer to and how two methods agree on it."""

    def independent() -> dict[str, float]:
        """Run the other method on the spheres of the structure."""
        place = store.workplace(structure.name)
        packing_of(structure, place)
        return vars(independent_estimate(structure, target, place / "packing.h5"))

    other = Estimate(**store.result(f"reference {target.name}", independent))
    ours = extrapolated({point.size: point.conductivity for point in points if point.method == "ours, order 2"})
    reference = combined(ours, other)
    name = f"{target.name}: ours extrapolated against finite volumes"
    checks = [reported(f"{name}, error bars", ours.error / ours.value, other.error / other.value)]
    if structure.name == "FCC":
        return reference, [Check(name, other.value, ours.value, AGREEMENT), *checks]
    return reference, [at_most(f"{name}: difference over both bars", ours.agrees_with(other), 1.0), *checks]


def target_checks(target: Target, points: list[Point], reference: Estimate) -> list[Check]:
    """Return by how much we are ahead of each peer at every error level that it reaches."""
    checks = []
    for tool in sorted({point.method for point in points if not point.method.startswith("ours")}):
        for title in TIMES:
            name = f"{target.name}: {tool} over ours, {title}"
            ahead, best = _lead(points, tool, TIMES[title], reference)
            text = f"{name} (its smallest error {best:.1%})"
            checks.append(reported(text, ahead, math.nan) if math.isnan(ahead) else at_least(text, ahead, 1.0))
            busy = _lead(points, tool, PROCESSOR_TIMES[title], reference)[0]
            checks.append(reported("  by processor time", busy, math.nan))
    return checks


def _lead(points: list[Point], tool: str, key: str, reference: Estimate) -> tuple[float, float]:
    """Return the smallest ratio of a tool's time to ours at the errors that it reaches, and its smallest error."""
    ours, theirs = (
        [cost(p.conductivity, reference, getattr(p, key)) for p in points if p.method.startswith(start)]
        for start in ("ours", tool)
    )
    return lead(ours, theirs), min((point.error for point in theirs), default=math.nan)


def row(point: Point, reference: Estimate) -> dict[str, Any]:
    """Return a point as a row of the table of the curves."""
    solved: Cost = cost(point.conductivity, reference, point.solve_seconds)
    return {
        **vars(point),
        "reference": reference.value,
        "reference_error": reference.error,
        "signed_error": point.conductivity / reference.value - 1.0,
        "relative_error": solved.error,
    }


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows with the same keys as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
