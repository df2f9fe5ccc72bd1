"""Meshes of many packings and of degenerate spheres: how many fail, and the worst figures of the others."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from mpi4py import MPI

from cases.check_store import CheckStore
from cases.check_table import Check, at_least, at_most, reported
from cases.runner import run_in_process
from manufacturing.errors import GranodeError
from manufacturing.packing import load_packing
from tests.verification.degenerate_spheres import degenerate_cases

from .meshing_packings import CELL_SIZE, KINDS, SEEDS, chain_works, empty_packing, overlaps, place

SMALLEST_ANGLE = 10.0  # [deg]
CUT_OUT_LIMIT = 0.02  # part of a phase that may be lost: the planes of a cut-out leave caps below a cell
PHASES = ("AM", "SE", "CBD", "void")
KEPT = ("cells", "min_dihedral_deg", "volume_fraction_error", "relabelled_fraction", "lost_beads", "quality")


def mesh_case(folder: Path, case: dict[str, Any]) -> dict[str, Any]:
    """Mesh a case; its figures, or why it failed."""
    start = time.perf_counter()
    try:
        found = run_in_process(case, folder, MPI.COMM_SELF)["meshing"]
    except GranodeError as error:
        return {"failed": str(error)}
    (folder / "mesh.h5").unlink()
    seconds = time.perf_counter() - start
    return {name: found[name] for name in KEPT if name in found} | {"seconds": seconds}


def mesh_packing_file(folder: Path, count: int, kind: str, seed: int) -> dict[str, Any]:
    """Mesh one of the packings."""
    path = place(folder, count, kind, seed)
    case = {
        "geometry": {"source": "packing", "file": str(path)},
        "mesh": {"cell_size": CELL_SIZE, "relabelled_limit": CUT_OUT_LIMIT if count == 50 else 0.003},
        "cell": {"separator_thickness": 2e-6},
        "conduction": {},
        "output": {"until": "meshing", "plots": False, "fields": False},
    }
    packing = load_packing(path)
    statistics = {"particles": len(packing.radii), "overlap": overlaps(packing)}
    return mesh_case(folder / f"mesh_{count}_{kind}_{seed}", case) | statistics


def packings(store: CheckStore) -> list[Check]:
    """Every number of particles and kind of packing."""
    folder = store.workplace("packings")
    store.results(chain_works(folder))
    works = {
        f"{count} {kind} {seed}": partial(mesh_packing_file, folder, count, kind, seed)
        for count, seeds in SEEDS.items()
        for kind in KINDS
        for seed in range(1, seeds + 1)
    }
    found = store.results(works)
    checks = []
    for count, seeds in SEEDS.items():
        for kind in KINDS:
            runs = [found[f"{count} {kind} {seed}"] for seed in range(1, seeds + 1)]
            checks += _rows(f"{count} {kind}", runs)
            checks.append(reported("  overlap, mean", sum(r["overlap"]["mean"] for r in runs) / seeds, float("nan")))
            checks.append(reported("  overlap, largest", max(r["overlap"]["max"] for r in runs), float("nan")))
    return checks


def degenerate(store: CheckStore) -> list[Check]:
    """Degenerate spheres, and a box without any."""
    folder = store.workplace("degenerate")
    cases = degenerate_cases()
    empty = {"source": "packing", "file": str(empty_packing(folder / "empty.h5"))}
    cases["no particle"] = cases["one particle"] | {"geometry": empty}
    works = {name: partial(mesh_case, folder / f"case_{k}", case) for k, (name, case) in enumerate(cases.items())}
    return _rows(f"{len(works)} degenerate cases", list(store.results(works).values()))


def _rows(title: str, runs: list[dict[str, Any]]) -> list[Check]:
    """Failures and the worst figures of those that did not fail."""
    made = [run for run in runs if "failed" not in run]
    for run in runs:
        if "failed" in run:
            print(f"  failed: {title}: {run['failed']}", flush=True)
    seconds = sum(run["seconds"] for run in made)
    checks = [at_most(f"{title}: meshes that failed, of {len(runs)}", len(runs) - len(made), 0.0, seconds=seconds)]
    if made:
        quality = [run["quality"] for run in made]
        surface = max(max(abs(q["unmatched_area_error"]), abs(q["volume_error"])) for q in quality)
        errors = [max(abs(e) for e in run["volume_fraction_error"].values()) for run in made]
        relabelled = {name: max(run["relabelled_fraction"].get(name, 0.0) for run in made) for name in PHASES}
        checks += [
            at_least("  smallest dihedral angle", min(q["min_dihedral_deg"] for q in quality), SMALLEST_ANGLE, "deg"),
            at_most("  surface and volume of the box, error", surface, 1e-9),
            at_most("  volume fraction of a phase, largest error", max(errors), 0.006),
            *(reported(f"  relabelled part of {n}, largest", x, float("nan")) for n, x in relabelled.items()),
            reported("  cells of the largest mesh", max(run["cells"] for run in made), float("nan")),
        ]
    return checks
