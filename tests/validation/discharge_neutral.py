"""Neutral particles: behind the right resistance a curved interface is invisible, so the voltage has a closed form."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cases.check_store import CheckStore
from cases.check_table import Check, at_least

from .discharge_runs import Run, balances, order_row, shipped

NAME = "neutral_particles"
CELLS = (1.0e-6, 0.75e-6, 0.5e-6, 0.35e-6)  # [m]
EXACT = 8e-5  # thickness over sigma_i [Ohm m2]
CURRENT, OPEN_CIRCUIT = 100.0, 4.0  # [A/m2, V]


def run(folder: Path, cell_size: float, *overrides: str) -> Run:
    """The case on a mesh."""
    return shipped(folder, NAME, f"mesh.cell_size={cell_size}", *overrides)


def resistance(found: Run) -> float:
    """What the cell loses at the instant of switching on, per current density [Ohm m2]."""
    return float((OPEN_CIRCUIT - found["summary"]["initial_voltage_V"]) / CURRENT)


def neutral(store: CheckStore) -> list[Check]:
    """Resistance of the cell on four meshes, and how much it changes without the film."""
    folder = store.workplace("neutral")
    works = {f"neutral particles, h = {1e6 * h:g} um": partial(run, folder / f"{1e6 * h:g}", h) for h in CELLS}
    bare = partial(run, folder / "bare", CELLS[-2], 'interfaces."AM|SE".resistance=0.0')
    *runs, visible = store.results(works | {"neutral particles without film": bare}).values()
    errors = [resistance(found) / EXACT - 1.0 for found in runs]
    rows = [
        Check(name, EXACT, resistance(found), tolerance, unit="Ohm m2", seconds=found["seconds"])
        for name, found, tolerance in zip(works, runs, (2e-3, 1e-3, 5e-4, 2e-4), strict=True)
    ]
    return [
        *rows,
        order_row("neutral particles: order in h", CELLS, errors, 1.3),
        at_least("without the film: relative change", abs(resistance(visible) / EXACT - 1.0), 0.1),
        *balances("neutral particles", [*runs, visible]),
    ]
