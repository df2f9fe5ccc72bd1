"""Contact resistances on named interfaces, necks that block lithium, insulated walls: closed forms and conduction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from cases.runner import run_in_process
from manufacturing.errors import InputError
from manufacturing.phases import Phase
from meshing.layers_mesh import Layer, LayersSettings, mesh_layers
from solver.cell_contacts import CellContacts
from solver.checkpoint import pack, unpack
from solver.contact_power import contact_powers
from solver.controls import Galvanostatic
from solver.discharge import Discharge, SteppingSettings
from solver.discharge_records import Snapshot
from tests.unit.box_mesh import UM, boxes

from .test_discharge_layers import thermal
from .test_discharge_pinches import OPEN_CIRCUIT, at, cell

# From the counter electrode upwards: phase, thickness [um], conductivity [S/m].
SLABS = (
    ("separator", 6.0, 0.1),
    ("SE", 3.0, 0.05),
    ("SE", 2.0, 0.05),
    ("AM", 2.0, 0.01),
    ("AM", 1.0, 0.01),
    ("CBD", 2.0, 10.0),
    ("CBD", 1.0, 10.0),
)
CONTACTS = {"SE|separator": 1e-4, "SE|SE": 2e-4, "AM|AM": 3e-4, "AM|CBD": 4e-4, "CBD|CBD": 5e-4}  # [Ohm m2]
DENSITY = 3.0  # [A/m2]


def stack(interfaces: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The slabs with a linear reaction and a constant U."""
    sigma = {phase: value for phase, _, value in SLABS}
    active = {"name": "NMC622", "electronic_conductivity": sigma["AM"], "diffusivity": 1e-12}
    active |= {"open_circuit_potential": OPEN_CIRCUIT, "exchange_current_density": 1.0}
    case: dict[str, Any] = {
        "geometry": {
            "source": "layers",
            "layers": [{"phase": p, "thickness": t * UM, "cells": 2} for p, t, _ in SLABS],
        },
        "materials": {
            "AM": active,
            "SE": {"name": "Li6PS5Cl", "ionic_conductivity": sigma["SE"]},
            "separator": {"name": "Li6PS5Cl", "ionic_conductivity": sigma["separator"]},
            "CBD": {"name": "carbon-binder", "electronic_conductivity": sigma["CBD"]},
        },
        "interfaces": {"AM|SE": {"kinetics": "linear"}} | interfaces,
        "conduction": {},
        "discharge": {"current_density": DENSITY, "maximum_time": 1.0},
        "output": {"fields": False, "plots": False},
    }
    return case | changes


@pytest.mark.mpi
def test_contacts_in_series_are_exact(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """U - V = j (sum of L/sigma + RT/(F i_0) + sum of R): every kind of contact once."""
    bulk = sum(t * UM / sigma for _, t, sigma in SLABS) + thermal() / 1.0
    given = {name: {"resistance": value} for name, value in CONTACTS.items()}
    found = run_in_process(stack(given), shared_tmp_path / "given", comm)["discharge"]
    lost = OPEN_CIRCUIT - found["initial_voltage_V"]
    assert lost == pytest.approx(DENSITY * (bulk + sum(CONTACTS.values())), rel=1e-9)
    assert max(found["charge_balance_error"], found["lithium_balance_error"]) < 1e-8
    without = run_in_process(stack({}), shared_tmp_path / "without", comm)["discharge"]
    assert OPEN_CIRCUIT - without["initial_voltage_V"] == pytest.approx(DENSITY * bulk, rel=1e-9)
    assert found["unknowns"] == without["unknowns"] + 5, "one more node for each contact"


@pytest.mark.mpi
def test_power_of_each_contact(comm: MPI.Intracomm) -> None:
    """integral(jump^2/R) dA = I^2 R/A by field and name."""
    mesh = mesh_layers(LayersSettings(tuple(Layer(Phase[p], t * UM, 2) for p, t, _ in SLABS), cells_across=2))
    run = with_contacts(cell(mesh, comm), CONTACTS)
    current = Galvanostatic(DENSITY * mesh.cross_section)
    point = run.integrator.switch_on(run.beginning().point, current)
    found = contact_powers(run.cell, point.state)
    assert set(found["ionic"]) == {"SE|separator", "SE|SE"}
    assert set(found["electronic"]) == {"AM|AM", "AM|CBD", "CBD|CBD"}
    for name, power in (found["ionic"] | found["electronic"]).items():
        exact = DENSITY**2 * CONTACTS[name] * mesh.cross_section
        assert power / exact == pytest.approx(1.0, rel=1e-7), name


@pytest.mark.mpi
def test_a_checkpoint_keeps_both_sides(comm: MPI.Intracomm) -> None:
    """What is packed and unpacked again is the same state, jumps included."""
    mesh = mesh_layers(LayersSettings(tuple(Layer(Phase[p], t * UM, 2) for p, t, _ in SLABS), cells_across=2))
    run = with_contacts(cell(mesh, comm), CONTACTS, blocked=True)
    point = run.integrator.switch_on(run.beginning().point, Galvanostatic(DENSITY * mesh.cross_section))
    arrays, header = comm.bcast(pack(run.cell, replace(run.beginning(), point=point)))
    again = unpack(run.cell, arrays, header).point.state
    assert np.array_equal(again, point.state)


def with_contacts(run: Discharge, resistances: dict[str, float], blocked: bool = False) -> Discharge:
    """The same cell with contacts."""
    ionic = {name: value for name, value in resistances.items() if name.startswith("SE")}
    electronic = {name: value for name, value in resistances.items() if name not in ionic}
    model = replace(run.cell.model, contacts=CellContacts(ionic, electronic, blocked))
    return Discharge(run.cell.mesh, model, (0.3, 0.9), run.protocol, SteppingSettings(), run.comm)


@pytest.mark.mpi
@pytest.mark.parametrize("resistance", [0.0, 2e-4])
def test_a_packing_loses_what_conduction_says(resistance: float, shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """AM spheres in void on a separator; conduction takes the resistance of [interfaces]."""
    spheres = [
        {"phase": "AM", "centre": tuple(c * UM for c in centre), "radius": radius * UM}
        for *centre, radius in (
            (2, 2, 1, 2.0),
            (3.5, 3.5, 4, 1.9),
            (1, 4.5, 5.5, 1.7),
            (4.5, 2, 6.5, 1.9),
            (5, 5.5, 1, 1.6),
        )
    ]
    case = {
        "geometry": {"source": "spheres", "box": (6 * UM, 6 * UM, 8 * UM), "spheres": spheres},
        "mesh": {"cell_size": 1.0 * UM, "contact_planes": ["AM"]},
        "cell": {"separator_thickness": 1 * UM},
        "materials": {
            "AM": {
                "name": "NMC622",
                "electronic_conductivity": 0.01,
                "open_circuit_potential": OPEN_CIRCUIT,
                "exchange_current_density": 1e5,
            },
            "separator": {"name": "Li6PS5Cl", "ionic_conductivity": 100.0},
        },
        "interfaces": {"AM|SE": {"kinetics": "linear"}, "AM|AM": {"resistance": resistance}},
        "conduction": {"electronic": {"carrier": "electronic", "order": 1}},
        "discharge": {"current_density": DENSITY, "maximum_time": 0.1},
        "output": {"fields": False, "plots": False},
    }
    found = run_in_process(case, shared_tmp_path, comm)
    sigma = found["conduction"]["electronic"]["effective_conductivity_S_m"]
    lost = OPEN_CIRCUIT - found["discharge"]["initial_voltage_V"]
    print(f"R = {resistance:g} Ohm m2: sigma_eff {sigma:.6g} S/m, {lost:.6g} V and {DENSITY * 8 * UM / sigma:.6g} V")
    assert lost == pytest.approx(DENSITY * 8 * UM / sigma, rel=2e-3)


NECKED = {(0, 0, 1): 1, (3, 0, 1): 1, (1, 0, 1): 2}  # boxes of AM and their particles; the first lies on both walls


@pytest.mark.mpi
@pytest.mark.parametrize("blocked", [False, True])
def test_necks_pass_lithium_or_not(blocked: bool, comm: MPI.Intracomm) -> None:
    """A particle behind a neck has no facet of its own; one that the wall cuts stays whole."""
    phases = np.full((4, 2, 3), int(Phase.void))
    phases[:, :, 0] = int(Phase.void)
    phases[0, 0, 0] = int(Phase.separator)
    particles = np.zeros(phases.shape)
    for place, particle in NECKED.items():
        phases[place], particles[place] = int(Phase.AM), particle
    phases[0, 0, 2] = int(Phase.AM)
    particles[0, 0, 2] = 1
    mesh = boxes(phases, bottom=UM, particles=particles, contact_planes=(Phase.AM,))
    run = with_contacts(cell(mesh, comm), {}, blocked)
    seen: list[Snapshot | None] = []
    result = run.run(lambda record, utilisation, snapshot: seen.append(snapshot()))
    assert result.summary["active_fraction"]["AM"] == pytest.approx(0.75 if blocked else 1.0, rel=1e-9)
    assert result.summary["lithium_balance_error"] < 1e-8
    if comm.rank == 0:
        assert seen[-1] is not None
        x = seen[-1].stoichiometry
        behind, through_wall = x[at(mesh, 2, 0, 2)], x[at(mesh, 3, 0, 2)]
        assert through_wall > 0.3 + 1e-4, "one particle on both sides of the wall"
        assert behind == pytest.approx(0.3, abs=1e-10) if blocked else behind > 0.3 + 1e-4


@pytest.mark.mpi
def test_blocked_necks_by_the_case_file(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """The upper slab of AM keeps its lithium, a third of all active material."""
    found = run_in_process(stack({"AM|AM": {"lithium": "blocked"}}), shared_tmp_path, comm)["discharge"]
    assert found["active_fraction"]["AM"] == pytest.approx(2.0 / 3.0, abs=1e-4)
    assert found["lithium_balance_error"] < 1e-8


@pytest.mark.mpi
def test_an_insulating_contact_is_found_before_the_discharge(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """No electrons reach the active material."""
    with pytest.raises(InputError, match="electronic and the ionic network"):
        run_in_process(stack({"AM|CBD": {"resistance": float("inf")}}), shared_tmp_path, comm)


@pytest.mark.mpi
@pytest.mark.parametrize(("lateral", "interfaces"), [("periodic", 2), ("insulated", 1)])
def test_insulated_walls(lateral: str, interfaces: int, shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """SE beside AM: through periodic walls they meet twice, which halves the charge-transfer resistance."""
    case = stack({}, cell={"lateral": lateral})
    slabs = [{"phase": phase, "thickness": 4 * UM, "cells": 2} for phase in ("SE", "AM")]
    case["geometry"] = {"source": "layers", "axis": "x", "width": 4 * UM, "cells_across": 2, "layers": slabs}
    case["materials"]["AM"]["electronic_conductivity"] = case["materials"]["SE"]["ionic_conductivity"] = 1e3
    case["conduction"] = {"across": {"carrier": "ionic", "conductivity": {"SE": 1.0, "AM": 1.0}, "directions": ["x"]}}
    if lateral == "insulated":
        with pytest.raises(InputError, match="walls are insulated"):
            run_in_process(case, shared_tmp_path / "refused", comm)
        case["conduction"] = {}
    found = run_in_process(case, shared_tmp_path, comm)["discharge"]
    area = interfaces * (4 * UM) ** 2
    assert found["active_area_m2"]["AM"] == pytest.approx(area, rel=1e-9)
    lost = OPEN_CIRCUIT - found["initial_voltage_V"]
    assert lost == pytest.approx(DENSITY * 32 * UM**2 * thermal() / area, rel=1e-4)
    assert found["charge_balance_error"] < 1e-8
