"""Meshes against exact spheres: ``granode validate meshing``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from cases.check_store import Groups, run_groups
from cases.check_table import Check, at_least, at_most, timed
from meshing.facets import pair_facets, triangle_areas
from meshing.labelled_mesh import load_mesh
from tests.verification.shipped_cases import run

RATIOS = (4.0, 6.0, 12.0)  # radius over lattice cube
RADIUS, BOX = 3e-6, 10e-6


def mesh(out: Path, ratio: float, correction: float) -> dict[str, Any]:
    """Meshing report of one sphere of 3 um in 10 um."""
    sizes = (f"geometry.spheres.0.radius={RADIUS}", f"mesh.cell_size={RADIUS / ratio!r}")
    correct = f"mesh.volume_correction={correction}"
    found: dict[str, Any] = run("simple_cubic", out, MPI.COMM_SELF, *sizes, correct, "conduction={}")["meshing"]
    return found


def spheres(folder: Path) -> list[Check]:
    """Area and volume of one sphere, inscribed and corrected."""
    area, volume = 4.0 * np.pi * RADIUS**2, 4.0 / 3.0 * np.pi * (RADIUS / BOX) ** 3
    inscribed, seconds = timed(lambda: [mesh(folder, ratio, 0.0) for ratio in RATIOS])
    errors = {
        "area": [abs(m["interface_area_m2"]["AM|SE"] / area - 1.0) for m in inscribed],
        "volume": [abs(m["volume_fraction"]["AM"] / volume - 1.0) for m in inscribed],
    }
    checks = [
        at_least(f"{name} of a sphere: order in h", -float(np.polyfit(np.log(RATIOS), np.log(e), 1)[0]), 1.7)
        for name, e in errors.items()
    ]
    corrected, extra = timed(lambda: mesh(folder, 6.0, 0.073))
    return [
        *checks,
        Check("volume at R/h = 6, corrected", volume, corrected["volume_fraction"]["AM"], 3e-3, seconds=extra),
        Check("area at R/h = 6", area, corrected["interface_area_m2"]["AM|SE"], 1e-2, unit="m2", seconds=seconds),
        at_least("smallest dihedral angle", min(m["min_dihedral_deg"] for m in inscribed), 5.0, "deg"),
    ]


def composite(folder: Path) -> list[Check]:
    """Conformity and quality of a composite of every phase."""
    without = ("conduction={}", "discharge.maximum_time=1.0", "mesh.cell_size=0.6e-6")
    report, seconds = timed(lambda: run("small_composite", folder, MPI.COMM_SELF, *without)["meshing"])
    labelled = load_mesh(folder / "mesh.h5")
    size = labelled.upper - labelled.lower
    pairs = pair_facets(labelled.cells)
    outer = float(triangle_areas(labelled.vertices, pairs.facets[pairs.cells[:, 1] < 0]).sum())
    box = 2.0 * float(size[0] * size[1] + size[1] * size[2] + size[2] * size[0])
    return [
        Check("composite: unmatched facets", box, outer, 1e-9, unit="m2", seconds=seconds),
        Check("composite: volume of all cells", float(np.prod(size)), float(labelled.volumes().sum()), 1e-9, unit="m3"),
        at_least("composite: smallest dihedral angle", report["min_dihedral_deg"], 5.0, "deg"),
        at_most("composite: SE volume fraction error", abs(report["volume_fraction_error"]["SE"]), 0.01),
    ]


GROUPS: Groups = {
    "sphere": lambda store: spheres(store.workplace("sphere")),
    "composite": lambda store: composite(store.workplace("composite")),
}


def main(folder: Path) -> int:
    """Print the tables; what finished before is read from the folder."""
    return run_groups("meshing", GROUPS, folder)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
