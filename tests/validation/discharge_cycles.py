"""Charge and discharge return the lithium; the balances are what they claim: a wrong quadrature breaks them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from mpi4py import MPI

from cases.case_file import validate_case
from cases.check_store import CheckStore
from cases.check_table import Check, at_least, at_most
from cases.physics import CaseMaterials, build_cell_model, stoichiometry_window
from cases.protocol import protocol_steps, stepping_settings
from meshing.labelled_mesh import load_mesh
from solver import discharge_figures, integrator
from solver.discharge import Discharge
from tests.verification.shipped_cases import content

from .discharge_runs import Run, balances, columns, run_case

START = 0.6
SHARE = 0.4  # of the theoretical capacity, passed in each direction
ENDS = {
    "equal charges": [
        {"c_rate": -1.0, "until": {"capacity_share": SHARE}},
        {"c_rate": 1.0, "until": {"capacity_share": SHARE}},
    ],
    "to a voltage and back to the stoichiometry": [
        {"c_rate": -1.0, "until": {"voltage": 4.1}},
        {"c_rate": 2.0, "until": {"stoichiometry": START}},
    ],
}
WRONG_WEIGHTS = (0.5, 0.5)
# At constant current both stages of a time step pass the same, and any weights of sum 1 are right.
HELD = (
    "geometry.layers.1.cells=30",
    "discharge.maximum_time=600.0",
    "discharge.current_density=",
    "discharge.cutoff_voltage=",
    "discharge.hold_voltage=3.9",
)


def cycled(name: str, mesh: dict[str, Any], steps: list[dict[str, Any]]) -> dict[str, Any]:
    """A shipped case with a charge and a discharge in place of its own step."""
    data = content(name)
    del data["discharge"]
    group = {"repeat": 1, "steps": steps}
    rest = {"rest": 2e4}
    return data | {"mesh": mesh, "protocol": {"initial_stoichiometry": START, "steps": [group, rest]}}


def cycle_rows(name: str, run: Run) -> list[Check]:
    """Mean stoichiometry, coulombic efficiency, and the charge that the change of x stands for."""
    rows, summary = columns(run), run["summary"]
    window = 0.65  # x_0 - x_100 of the case
    returned = rows["mean_stoichiometry"][-1] - START
    net = rows["capacity_Ah_m2"][-1] / summary["theoretical_capacity_Ah_m2"]
    efficiency = summary["cycles"][0]["coulombic_efficiency"]
    seconds = run["seconds"]
    return [
        at_most(f"{name}: lithium that did not return/capacity", abs(returned) / window, 1e-8, seconds=seconds),
        at_most(f"{name}: |net charge - F c_max V (x - x_0)|/capacity", abs(net - returned / window), 1e-8),
        Check(f"{name}: coulombic efficiency", 1.0, efficiency, 1e-8),
    ]


def cycles(store: CheckStore) -> list[Check]:
    """The single particle charged and discharged, by charge and by voltage."""
    folder = store.workplace("cycles")
    works = {
        f"cycle, {name}": partial(run_case, folder / str(k), cycled("single_particle", {"cell_size": 0.8e-6}, steps))
        for k, (name, steps) in enumerate(ENDS.items())
    }
    runs = store.results(works)
    rows = [row for name, run in runs.items() for row in cycle_rows(name, run)]
    return [*rows, *balances("cycles", runs.values())]


def lithium_error(folder: Path, weights: tuple[float, float] | None) -> float:
    """Largest lithium balance error of a slab, by the integrator's quadrature or by wrong weights."""
    data = content("planar_half_cell", *HELD)
    run_case(folder, data)
    case = validate_case(data)
    materials = CaseMaterials(case)
    run = Discharge(
        load_mesh(folder / "mesh.h5"),
        build_cell_model(case, materials),
        stoichiometry_window(materials),
        protocol_steps(case),
        stepping_settings(case),
        MPI.COMM_SELF,
    )
    with (
        mock.patch.object(integrator, "STAGE_WEIGHTS", weights or integrator.STAGE_WEIGHTS),
        mock.patch.object(discharge_figures, "BALANCE_LIMIT", 1.0),
    ):
        return float(run.run().summary["lithium_balance_error"])


def conservation(store: CheckStore) -> list[Check]:
    """The lithium balance sees wrong weights of the quadrature, so it does not follow from its own right-hand side."""
    folder = store.workplace("conservation")
    right = store.result("conservation", partial(lithium_error, folder, None))
    wrong = store.result("conservation with wrong weights", partial(lithium_error, folder, WRONG_WEIGHTS))
    return [
        at_most("lithium balance of a slab on hold", right, 1e-8),
        at_least("the same with stage weights 1/2, 1/2", wrong, 1e-6),
    ]
