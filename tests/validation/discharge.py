"""Charge and discharge against exact answers: ``granode validate discharge``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from cases.check_store import Groups, run_groups
from cases.check_table import Check, at_least, at_most, timed
from tests.verification.half_cell_1d import capacity_to_cutoff, voltage
from tests.verification.shipped_cases import content, curve, planar_reference, run
from tests.verification.test_discharge_sphere import sphere_errors


def layers(folder: Path) -> list[Check]:
    """Two and three layers with a nonlinear interface, and the charge-transfer resistance."""
    two, seconds = timed(lambda: discharge("two_layers", folder / "two"))
    three = discharge("three_layers", folder / "three")
    small = ('interfaces."AM|SE".kinetics="butler_volmer"', "materials.AM.exchange_current_density=1.0")
    low = discharge("two_layers", folder / "low", *small, "discharge.current_density=-1e-3")
    resistance = (low["initial_voltage_V"] - 0.2) / 1e-3 - 0.5 - 0.5 / 3.0
    return [
        Check("two layers: voltage", 3.081374, two["initial_voltage_V"], 5e-7, relative=False, seconds=seconds),
        Check("three layers: current", 0.651358, three["current_density_A_m2"], 5e-7, relative=False, unit="A/m2"),
        Check("charge-transfer resistance", 0.0256926, resistance, 5e-8, relative=False, unit="Ohm m2"),
        balances("two layers", two),
        balances("three layers", three),
    ]


def discharge(name: str, out: Path, *overrides: str) -> dict[str, Any]:
    """Discharge summary of a shipped case."""
    found: dict[str, Any] = run(name, out, MPI.COMM_SELF, *overrides)["discharge"]
    return found


def balances(name: str, summary: dict[str, Any]) -> Check:
    """The larger of the two balance errors."""
    worst = max(summary["charge_balance_error"], summary["lithium_balance_error"])
    return at_most(f"{name}: balances", worst, 1e-8)


def planar(folder: Path) -> list[Check]:
    """The planar half cell against one dimension, three meshes."""
    checks, sizes, errors = [], (30, 60, 120), []
    exact = planar_reference(content("planar_half_cell"))
    capacity = capacity_to_cutoff(exact, 3.5)
    for cells in sizes:
        out = folder / str(cells)
        overrides = (f"geometry.layers.1.cells={cells}", "discharge.tolerance=1e-6")
        found, seconds = timed(lambda o=out, w=overrides: discharge("planar_half_cell", o, *w))
        rows = curve(out)
        charge = 3600.0 * rows["capacity_Ah_m2"]
        inside = (charge > 0.01 * charge[-1]) & (charge < 0.99 * charge[-1])
        worst = float(np.abs(rows["voltage_V"] - voltage(exact, charge))[inside].max())
        errors.append(abs(charge[-1] / capacity - 1.0))
        checks.append(at_most(f"planar half cell, {cells} cells: difference", 1e3 * worst, 0.1, "mV", seconds))
        checks.append(balances(f"planar half cell, {cells} cells", found))
    order = -float(np.polyfit(np.log(sizes), np.log(errors), 1)[0])
    finest = float(charge[-1])
    return [
        *checks,
        Check("planar half cell: capacity", capacity, finest, 1e-4, unit="C/m2"),
        at_least("planar half cell: order in h", order, 1.8),
    ]


def sphere(folder: Path) -> list[Check]:
    """Surface excess j R/(5 D) of a sphere under constant flux."""
    ratios, errors = (4.0, 6.0, 9.0), []
    for ratio in ratios:
        found, seconds = timed(lambda r=ratio: sphere_errors(folder / str(r), MPI.COMM_SELF, 4e-6 / r))
        errors.append(abs(found.surface))
    order = -float(np.polyfit(np.log(ratios), np.log(errors), 1)[0])
    return [
        Check("sphere: (c_surface - c_mean) 5 D/(j R)", 1.0, 1.0 + found.surface, 2e-3, seconds=seconds),
        Check("sphere: (c_mean - c_0) R/(3 j t)", 1.0, 1.0 + found.mean, 2e-3),
        at_least("sphere: order in h", order, 1.7),
    ]


GROUPS: Groups = {
    "layers": lambda store: layers(store.workplace("layers")),
    "planar half cell": lambda store: planar(store.workplace("planar")),
    "sphere": lambda store: sphere(store.workplace("sphere")),
}


def main(folder: Path) -> int:
    """Print the tables; what finished before is read from the folder."""
    return run_groups("discharge", GROUPS, folder)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
