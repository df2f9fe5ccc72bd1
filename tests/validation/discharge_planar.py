"""The planar half cell against a fine solution in one dimension: 0.1C to 5C, charge and discharge, orders."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from cases.check_store import CheckStore
from cases.check_table import Check, at_most
from tests.verification.half_cell_1d import FARADAY, capacity_to_cutoff, voltage
from tests.verification.shipped_cases import content, middle, planar_reference

from .discharge_runs import Run, balances, columns, order_row, shipped

NAME, SLAB = "planar_half_cell", "geometry.layers.1.cells"
RATES = (0.1, 0.5, 1.0, 2.0, 5.0)  # [1/h]
AGREEMENT = 0.1  # [mV]
FINE = 160  # cells across the slab
ENDS = {1.0: (0.3, 3.5), -1.0: (0.95, 4.15)}  # x at the start and cut-off by the sign of the current
MESHES = (30, 60, 120)
STEP_COUNTS = (40, 80, 160)
DURATION = 1500.0  # [s] of the study of time steps


def one_c() -> float:
    """Current density that delivers F c_max |x_0 - x_100| L in an hour [A/m2]."""
    cell = planar_reference(content(NAME))
    return FARADAY * cell.maximum_concentration * 0.65 * cell.slab_thickness / 3600.0


def at_rate(folder: Path, rate: float, cells: int = FINE, tolerance: float = 1e-6) -> Run:
    """The half cell at a C-rate, negative on charge."""
    start, cutoff = ENDS[np.sign(rate)]
    return shipped(
        folder,
        NAME,
        f"{SLAB}={cells}",
        f"discharge.current_density={rate * one_c()}",
        f"discharge.initial_stoichiometry={start}",
        f"discharge.cutoff_voltage={cutoff}",
        f"discharge.tolerance={tolerance}",
        "discharge.maximum_time=72000.0",
    )


def difference(run: Run, rate: float) -> float:
    """Largest difference of the voltages at equal charge, from 1 % to 99 % [mV]."""
    cell = replace(
        planar_reference(content(NAME)),
        current_density=rate * one_c(),
        initial_stoichiometry=ENDS[np.sign(rate)][0],
        stoichiometry_limits=(0.2, 1.0),
    )
    rows = columns(run)
    exact = voltage(cell, 3600.0 * rows["capacity_Ah_m2"])
    return 1e3 * float(np.abs(rows["voltage_V"] - exact)[middle(rows)].max())


def rates(store: CheckStore) -> list[Check]:
    """Every rate on one fine mesh, in both directions."""
    folder = store.workplace("planar_rates")
    works = {
        f"planar half cell, {'discharge' if sign > 0 else 'charge'} at {rate:g}C": partial(
            at_rate, folder / f"{sign * rate:g}", sign * rate
        )
        for sign in (1.0, -1.0)
        for rate in RATES
    }
    runs = store.results(works)
    signed = [sign * rate for sign in (1.0, -1.0) for rate in RATES]
    return [
        *(
            at_most(name, difference(run, rate), AGREEMENT, "mV", run["seconds"])
            for (name, run), rate in zip(runs.items(), signed, strict=True)
        ),
        *balances("planar half cell", runs.values()),
    ]


def equal_steps(folder: Path, count: int) -> Run:
    """1C for a while in steps of one length."""
    step = DURATION / count
    return shipped(
        folder,
        NAME,
        f"{SLAB}=60",
        f"discharge.current_density={one_c()}",
        "discharge.tolerance=1e9",
        f"discharge.first_step={step}",
        f"discharge.largest_step={step}",
        f"discharge.maximum_time={DURATION}",
        "discharge.cutoff_voltage=0.5",
    )


def orders(store: CheckStore) -> list[Check]:
    """Capacity to the cut-off on three meshes; voltage after equal steps against the exact one and each other."""
    folder = store.workplace("planar_orders")
    works = {f"planar half cell, {n} cells": partial(at_rate, folder / f"h{n}", 1.0, n) for n in MESHES}
    in_time = {f"planar half cell, {n} steps": partial(equal_steps, folder / f"t{n}", n) for n in STEP_COUNTS}
    runs = store.results(works | in_time)
    meshes, steps = ([runs[name] for name in group] for group in (works, in_time))
    cell = replace(planar_reference(content(NAME)), current_density=one_c())
    capacity = capacity_to_cutoff(cell, ENDS[1.0][1])
    found = [3600.0 * run["summary"]["capacity_Ah_m2"] for run in meshes]
    finals = np.array([run["summary"]["final_voltage_V"] for run in steps])
    changes = np.abs(np.diff(finals))
    return [
        Check("planar half cell: capacity", capacity, found[-1], 1e-4, unit="C/m2", seconds=meshes[-1]["seconds"]),
        order_row("planar half cell: order in h", 1.0 / np.array(MESHES), np.array(found) - capacity),
        order_row("planar half cell: order in dt", 1.0 / np.array(STEP_COUNTS[:-1]), changes),
        at_most(
            "planar half cell: equal steps, the finest",
            1e3 * abs(finals[-1] - float(voltage(cell, one_c() * DURATION))),
            AGREEMENT,
            "mV",
            steps[-1]["seconds"],
        ),
        *balances("planar half cell, orders", runs.values()),
    ]
