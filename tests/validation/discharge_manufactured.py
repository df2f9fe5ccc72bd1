"""Manufactured fields on both sides of a curved interface: orders in h and dt of the fields and of the voltage."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cases.check_store import CheckStore
from cases.check_table import Check, at_least, at_most
from tests.verification.manufactured_cell import ManufacturedCell

from .discharge_runs import order_row

CELLS = (1.6e-6, 1.2e-6, 0.8e-6)  # [m]
SHORT, FEW_STEPS = 20.0, 4  # [s], so that the error in time is far below that of the coarsest mesh
LONG, COUNTS = 200.0, (8, 16, 32)
GOALS = {"phi_i": (1e-3, "V"), "phi_e": (1e-3, "V"), "x": (2e-3, "-"), "voltage": (1e-3, "V")}  # finest mesh


def in_space(folder: Path, cell_size: float) -> dict[str, Any]:
    """Errors after a short time."""
    start = time.process_time()
    cell = ManufacturedCell(folder, cell_size)
    errors = cell.errors(cell.run(SHORT, FEW_STEPS), SHORT)
    return {"errors": errors, "unknowns": cell.cell.unknowns, "seconds": time.process_time() - start}


def in_time(folder: Path, cell_size: float) -> dict[str, Any]:
    """Changes from one number of equal steps to the double one, by name."""
    start = time.process_time()
    cell = ManufacturedCell(folder, cell_size)
    states = [cell.run(LONG, count) for count in COUNTS]
    values = [[*(cell.cell.values(k, s) for k in range(3)), np.array([cell.cell.voltage(s)])] for s in states]
    changes = {
        name: [float(np.sqrt(np.mean((b[k] - a[k]) ** 2))) for a, b in zip(values[:-1], values[1:], strict=True)]
        for k, name in enumerate(GOALS)
    }
    return {"changes": changes, "seconds": time.process_time() - start}


def manufactured(store: CheckStore) -> list[Check]:
    """Second order everywhere; errors of the finest mesh beside their goals."""
    folder = store.workplace("manufactured")
    works = {f"manufactured, h = {1e6 * h:g} um": partial(in_space, folder / f"{1e6 * h:g}", h) for h in CELLS}
    works["manufactured, steps"] = partial(in_time, folder / "steps", CELLS[0])
    *spaces, steps = store.results(works).values()
    finest = spaces[-1]
    rows = []
    for name, (goal, unit) in GOALS.items():
        errors = [space["errors"][name] for space in spaces]
        rows += [
            at_most(f"manufactured: {name}, {finest['unknowns']} unknowns", errors[-1], goal, unit, finest["seconds"]),
            order_row(f"manufactured: {name}, order in h", CELLS, errors),
        ]
    for name in GOALS:
        first, last = steps["changes"][name][-2:]
        order = float(np.log2(first / last))
        rows.append(at_least(f"manufactured: {name}, order in dt", order, 1.8, seconds=steps["seconds"]))
    return rows
