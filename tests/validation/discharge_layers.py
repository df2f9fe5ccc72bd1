"""Layers: potentials in closed form at the instant of switching on, and two well-mixed electrodes over time."""

from __future__ import annotations

from functools import partial

from cases.check_store import CheckStore
from cases.check_table import Check, at_most
from tests.verification import well_mixed_cell

from .discharge_runs import balances, run_case, shipped

LOW_CURRENT = (
    'interfaces."AM|SE".kinetics="butler_volmer"',
    "materials.AM.exchange_current_density=1.0",
    "discharge.current_density=-1e-3",
)


def layers(store: CheckStore) -> list[Check]:
    """Two and three layers with a nonlinear interface, and the charge-transfer resistance."""
    folder = store.workplace("layers")
    works = {
        "two layers": partial(shipped, folder / "two", "two_layers"),
        "three layers": partial(shipped, folder / "three", "three_layers"),
        "two layers, small current": partial(shipped, folder / "small", "two_layers", *LOW_CURRENT),
    }
    runs = store.results(works)
    two, three, small = runs.values()
    resistance = (small["summary"]["initial_voltage_V"] - 0.2) / 1e-3 - 0.5 - 0.5 / 3.0
    voltage, current = two["summary"]["initial_voltage_V"], three["summary"]["current_density_A_m2"]
    return [
        Check("two layers: voltage", 3.081374, voltage, 5e-7, relative=False, unit="V", seconds=two["seconds"]),
        Check("three layers", 0.651358, current, 5e-7, relative=False, unit="A/m2", seconds=three["seconds"]),
        Check("charge transfer", 0.02569258, resistance, 1e-8, False, unit="Ohm m2", seconds=small["seconds"]),
        *balances("layers", runs.values()),
    ]


def well_mixed(store: CheckStore) -> list[Check]:
    """Two insertion electrodes without gradients: printed voltages to 0.1 mV, and what the closed form leaves out."""
    cell = well_mixed_cell
    name = "two well-mixed electrodes"
    run = store.result(name, partial(run_case, store.workplace("well_mixed"), cell.case()))
    rows = [
        Check(f"{name}: {time:.0f} s", printed, found, 1e-4, relative=False, unit="V", seconds=run["seconds"])
        for time, printed, found in zip(cell.TIMES, cell.PRINTED, cell.voltages(run["summary"]), strict=True)
    ]
    drops = [at_most(f"omitted: {part}", 1e3 * drop, 0.01, "mV") for part, drop in cell.omitted_drops().items()]
    exact = [cell.voltage(time) for time in cell.TIMES]
    furthest = max(abs(a - b) for a, b in zip(exact, cell.voltages(run["summary"]), strict=True))
    bound = 1e3 * sum(cell.omitted_drops().values())
    return [
        *rows,
        *drops,
        at_most("largest difference from the closed form; goal: all drops", 1e3 * furthest, bound, "mV"),
        *balances(name, [run]),
    ]
