"""Conduction against exact answers: ``granode validate conduction``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from mpi4py import MPI

from cases.check_store import Groups, run_groups
from cases.check_table import Check, at_least, timed
from tests.verification.shipped_cases import run, simple_cubic_radius

LATTICE = {  # simple cubic: sphere conductivity over host, volume fraction -> sigma_eff over host
    (0.0, 0.3): 0.60566,
    (0.0, 0.4): 0.49011,
    (10.0, 0.3): 1.88774,
    (10.0, 0.4): 2.36443,
    (1e6, 0.4): 3.26256,
}
CELLS = (12, 16, 24)
KEY = "effective_conductivity_S_m"


def layers(folder: Path) -> list[Check]:
    """Series and parallel at orders 1 to 3, and a straight slab."""
    checks = []
    for name, exact in (("layers_in_series", 1.25), ("layers_in_parallel", 1.4)):
        found, seconds = timed(lambda name=name: run(name, folder / name, MPI.COMM_SELF)["conduction"])
        for order in (1, 2, 3):
            value = found[f"order_{order}"][KEY]
            checks.append(Check(f"{name}, order {order}", exact, value, 1e-9, unit="S/m", seconds=seconds))
    return [*checks, Check("slab: tortuosity factor", 1.0, found["slab"]["tortuosity_factor"], 1e-9)]


def lattices(folder: Path) -> list[Check]:
    """Simple cubic lattices: the finest corrected mesh, and extrapolation and order of uncorrected ones."""
    checks = []
    for (ratio, fraction), exact in LATTICE.items():
        solve = f"conduction={{a={{conductivity={{SE=1.0{f', AM={ratio}' if ratio else ''}}}}}}}"

        def value(cells: int, correction: float, fraction: float = fraction, solve: str = solve) -> float:
            radius = f"geometry.spheres.0.radius={simple_cubic_radius(fraction)!r}"
            mesh = (f"mesh.cell_size={10e-6 / cells!r}", f"mesh.volume_correction={correction}")
            return float(run("simple_cubic", folder, MPI.COMM_SELF, radius, *mesh, solve)["conduction"]["a"][KEY])

        name = f"simple cubic, alpha = {ratio:g}, c = {fraction}"
        best, seconds = timed(lambda value=value: value(CELLS[-1], 0.073))
        checks.append(Check(f"{name}, {CELLS[-1]} cells", exact, best, 1e-3, seconds=seconds))
        values, seconds = timed(lambda value=value: np.array([value(cells, 0.0) for cells in CELLS]))
        limit = float(np.polyfit(1.0 / np.square(CELLS[1:]), values[1:], 1)[1])
        checks.append(Check(f"{name}, extrapolated", exact, limit, 1e-3, seconds=seconds))
        order = -float(np.polyfit(np.log(CELLS), np.log(np.abs(values / exact - 1.0)), 1)[0])
        checks.append(at_least(f"{name}, order in h", order, 1.7))
    return checks


GROUPS: Groups = {
    "layers": lambda store: layers(store.workplace("layers")),
    "lattices": lambda store: lattices(store.workplace("lattices")),
}


def main(folder: Path) -> int:
    """Print the tables; what finished before is read from the folder."""
    return run_groups("conduction", GROUPS, folder)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
