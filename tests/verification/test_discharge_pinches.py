"""Cells that meet in a point only exchange nothing in charge and discharge: no ions, no electrons, no lithium."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh
from solver.conduction import ConductionSettings, solve_conduction
from solver.controls import Galvanostatic
from solver.discharge import Discharge, SteppingSettings
from solver.discharge_records import Snapshot
from solver.half_cell import CellModel
from solver.kinetics import CurveExchange, InsertionReaction, LinearKinetics
from solver.materials import ConstantCurve
from solver.protocol import End, ProtocolStep
from tests.unit.box_mesh import UM, boxes

from .test_conduction_pinches import ARM, COLUMN, TIP

BASE = 1  # boxes of separator below the electrode
SIGMA = 0.01  # [S/m] of the pinched phase; everything else conducts ten thousand times better
OPEN_CIRCUIT = 3.8  # [V]


def cell(mesh: LabelledMesh, comm: MPI.Intracomm, ionic: float = 1e4 * SIGMA, electronic: float = SIGMA) -> Discharge:
    """A cell whose only resistance is that of the mesh: 10 A/m2 for a second."""
    curve = ConstantCurve(OPEN_CIRCUIT, "V", "test")
    model = CellModel(
        ionic_conductivity={Phase.separator: 1e4 * SIGMA, Phase.SE: ionic},
        electronic_conductivity={Phase.AM: electronic, Phase.CBD: 1e4 * SIGMA},
        diffusivity={Phase.AM: 1e-12},
        maximum_concentration={Phase.AM: 5e4},
        initial_stoichiometry={Phase.AM: 0.3},
        reactions={
            Phase.AM: InsertionReaction(LinearKinetics(), CurveExchange(ConstantCurve(1e5, "A/m2", "test")), curve)
        },
        counter=None,
    )
    step = ProtocolStep("current_density", 10.0, (End("time", 1.0),))
    return Discharge(mesh, model, (0.3, 0.9), (step,), SteppingSettings(), comm)


def lost(mesh: LabelledMesh, comm: MPI.Intracomm, **conductivities: float) -> float:
    """Voltage lost as the current is switched on [V]."""
    run = cell(mesh, comm, **conductivities)
    current = Galvanostatic(10.0 * mesh.cross_section)
    point = run.integrator.switch_on(run.beginning().point, current)
    both = run.cell.terminal_currents(point.state, point.currents)
    assert np.array(both) / current.current == pytest.approx(1.0, rel=1e-8)
    return OPEN_CIRCUIT - run.cell.voltage(point.state)


def electrode(
    members: list[tuple[int, int, int]], phase: Phase, shift: tuple[int, int] = (0, 0), lid: bool = False
) -> LabelledMesh:
    """Boxes of a phase in void on a separator, moved through the periodic walls; a lid of AM on top if wanted."""
    phases = np.full((4, 4, BASE + 4 + lid), int(Phase.void))
    phases[:, :, :BASE] = int(Phase.separator)
    for x, y, z in members:
        phases[x, y, BASE + z] = int(phase)
    if lid:
        phases[:, :, -1] = int(Phase.AM)
    return boxes(np.roll(phases, shift, axis=(0, 1)), bottom=BASE * UM)


@pytest.mark.mpi
@pytest.mark.parametrize("shift", [(0, 0), (3, 3)])
def test_electrons_lose_what_conduction_says(shift: tuple[int, int], comm: MPI.Intracomm) -> None:
    """An arm whose tip meets the column in a point: the voltage lost is that of [conduction] on the same mesh."""
    mesh = electrode([*COLUMN, *ARM, TIP], Phase.AM, shift)
    settings = ConductionSettings("test", {Phase.AM: SIGMA}, order=1)
    sigma = solve_conduction(mesh, settings, comm).summary["effective_conductivity_S_m"]
    pinched = lost(mesh, comm)
    assert pinched == pytest.approx(10.0 * 4 * UM / sigma, rel=1e-3)
    assert pinched == pytest.approx(lost(electrode([*COLUMN, *ARM], Phase.AM), comm), rel=1e-4)
    joined = lost(electrode([*COLUMN, *ARM, TIP, (1, 0, 2)], Phase.AM), comm)
    assert joined < pinched * (1.0 - 1e-2), "a whole box between column and tip carries"


@pytest.mark.mpi
@pytest.mark.parametrize("shift", [(0, 0), (3, 3)])
def test_ions_pass_no_corner(shift: tuple[int, int], comm: MPI.Intracomm) -> None:
    """The same arm and column of SE under a lid of AM, which conducts electrons ten thousand times better."""
    better = {"ionic": SIGMA, "electronic": 1e4 * SIGMA}
    pinched = lost(electrode([*COLUMN, *ARM, TIP], Phase.SE, shift, lid=True), comm, **better)
    without = lost(electrode([*COLUMN, *ARM], Phase.SE, lid=True), comm, **better)
    joined = lost(electrode([*COLUMN, *ARM, TIP, (1, 0, 2)], Phase.SE, lid=True), comm, **better)
    assert pinched == pytest.approx(without, rel=1e-4)
    assert joined < pinched * (1.0 - 1e-2)


@pytest.mark.mpi
def test_lithium_passes_no_corner(comm: MPI.Intracomm) -> None:
    """Two boxes of AM that meet in an edge's end, wired by a box of CBD: the upper one keeps its lithium."""
    phases = np.full((4, 4, 4), int(Phase.void))
    phases[:, :, 0] = int(Phase.separator)
    phases[0, 0, 1] = phases[1, 1, 2] = int(Phase.AM)
    phases[0, 0, 2] = phases[0, 1, 2] = phases[0, 0, 3] = int(Phase.CBD)
    mesh = boxes(phases, bottom=UM)
    run = cell(mesh, comm)
    seen: list[Snapshot | None] = []
    run.run(lambda record, utilisation, snapshot: seen.append(snapshot()))
    if comm.rank == 0:
        assert seen[-1] is not None
        x = seen[-1].stoichiometry
        assert x[at(mesh, 0, 0, 1)] > 0.3 + 1e-4, "the lower box takes up lithium"
        assert x[at(mesh, 2, 2, 3)] == pytest.approx(0.3, abs=1e-10)


def at(mesh: LabelledMesh, *place: int) -> int:
    """The vertex at a corner of boxes."""
    return int(np.flatnonzero(np.isclose(mesh.vertices, UM * np.array(place), atol=1e-9).all(axis=1))[0])
