"""Stiffness that follows the stoichiometry: against a constant one, a sum by hand and finite differences.

Seen to fail with: the derivative by x left out of the Jacobian, a whole instead of a quarter of it per node,
x_c taken from one corner of the cell.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh
from solver.active_network import find_active_network
from solver.cell_stiffness import unit_stiffness
from solver.controls import Galvanostatic
from solver.half_cell import ELECTRONIC_FIELD, LITHIUM_FIELD, CellModel, FloatArray, HalfCell, ImplicitStage
from solver.jacobian import Jacobian
from solver.kinetics import ButlerVolmer, CurveExchange, InsertionReaction
from solver.materials import Curve, TableCurve

from .box_mesh import boxes

POTENTIAL = TableCurve((0.0, 1.0), (4.4, 3.2), "V", "test", "test")
EXCHANGE = CurveExchange(TableCurve((0.0, 0.5, 1.0), (1.0, 3.0, 0.5), "A/m2", "test", "test"))
DIFFUSIVITY = TableCurve((0.0, 0.5, 1.0), (5e-14, 2e-14, 4e-15), "m2/s", "test", "test")
CONDUCTIVITY = TableCurve((0.0, 0.5, 1.0), (0.05, 0.01, 0.002), "S/m", "test", "test")


def columns() -> LabelledMesh:
    """Separator below, active material beside electrolyte above, binder in a corner."""
    phases = np.full((2, 2, 4), Phase.AM)
    phases[:, :, 0] = Phase.separator
    phases[1, :, 1:] = Phase.SE
    phases[0, 0, 3] = Phase.CBD
    return boxes(phases, bottom=1e-6)


def half_cell(
    comm: MPI.Intracomm, diffusivity: float | Curve, conductivity: float | Curve, capacitance: float = 0.0
) -> HalfCell:
    mesh = columns()
    reaction = InsertionReaction(ButlerVolmer(), EXCHANGE, POTENTIAL, 0.02, capacitance)
    model = CellModel(
        {Phase.SE: 0.1, Phase.separator: 0.1},
        {Phase.AM: conductivity, Phase.CBD: 10.0},
        {Phase.AM: diffusivity},
        {Phase.AM: 5e4},
        {Phase.AM: 0.4},
        {Phase.AM: reaction},
        None,
    )
    return HalfCell(mesh, find_active_network(mesh), model, comm)


def some_state(cell: HalfCell, seed: int = 1) -> FloatArray:
    """The cell at rest with every unknown moved a little."""
    random = np.random.default_rng(seed)
    state = cell.initial_state()
    return np.asarray(state + 0.02 * random.uniform(-1.0, 1.0, len(state)))


@pytest.mark.mpi
@pytest.mark.parametrize("field", [ELECTRONIC_FIELD, LITHIUM_FIELD])
def test_a_curve_of_one_value_is_the_number(comm: MPI.Intracomm, field: int) -> None:
    """The flow of a flat curve equals that of the assembled constant matrix, on one rank and on two."""
    flat = TableCurve((0.0, 1.0), (0.01, 0.01), "test", "test", "test")
    number, curve = half_cell(comm, 0.01, 0.01), half_cell(comm, flat, flat)
    assert set(curve.varying) == {ELECTRONIC_FIELD, LITHIUM_FIELD}
    assert not number.varying
    state = some_state(number, comm.rank)
    for found, exact in (
        (curve.conduction(field, state), number.conduction(field, state)),
        (curve.nodal_reaction(field, state), number.nodal_reaction(field, state)),
    ):
        assert found == pytest.approx(exact, abs=1e-12 * max(1e-30, np.abs(exact).max(initial=0.0)))


def test_the_coefficient_belongs_to_the_mean_of_the_corners() -> None:
    """The lithium flow of every cell by hand: F c_max D(mean x) times the matrix of the cell."""
    cell = half_cell(MPI.COMM_SELF, DIFFUSIVITY, 0.01)
    state, mesh = some_state(cell), cell.mesh
    x = cell.fields[LITHIUM_FIELD].at_nodes(state[cell.slices[LITHIUM_FIELD]])
    assert x is not None
    exact = np.zeros(len(mesh.vertices))
    for corners in mesh.cells[mesh.phases == Phase.AM]:
        matrix = unit_stiffness(mesh.vertices[corners][None])[0]
        exact[corners] += 96485.33212 * 5e4 * DIFFUSIVITY.value(x[corners].mean()) * (matrix @ x[corners])
    found = cell.nodal_reaction(LITHIUM_FIELD, state)
    assert found == pytest.approx(exact[cell.fields[LITHIUM_FIELD].dof_vertices], rel=1e-12, abs=1e-24)


def test_the_unit_stiffness_of_a_corner_of_a_cube() -> None:
    """grad of the four shape functions of the tetrahedron 0, x, y, z: (-1,-1,-1), x, y, z; volume 1/6."""
    corners = np.array([[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]])
    exact = np.array([[3.0, -1.0, -1.0, -1.0], [-1.0, 1.0, 0.0, 0.0], [-1.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 1.0]])
    assert unit_stiffness(corners)[0] == pytest.approx(exact / 6.0, abs=1e-15)


@pytest.mark.parametrize("capacitance", [0.0, 0.5])
def test_the_jacobian_is_the_derivative_of_the_residual(capacitance: float) -> None:
    """Central differences of the residual in random directions, D(x) and sigma_e(x) both steep, a double layer."""
    cell = half_cell(MPI.COMM_SELF, DIFFUSIVITY, CONDUCTIVITY, capacitance)
    state = some_state(cell)
    layers = cell.layers(cell.currents(cell.initial_state()), 0.01)
    assert (layers is not None) is (capacitance > 0.0)
    stage, control = ImplicitStage(10.0, state[cell.slices[LITHIUM_FIELD]] - 0.01, layers), Galvanostatic(1e-12)
    matrix = Jacobian(cell).update(state, cell.currents(state, layers), stage, control)
    right, left = matrix.createVecs()
    random = np.random.default_rng(2)
    for _ in range(3):
        direction = random.uniform(-1.0, 1.0, len(state))
        right.array[:] = direction
        matrix.mult(right, left)
        ends = [cell.moved(state, direction, factor) for factor in (-1e-6, 1e-6)]
        before, after = (cell.residual(end, cell.currents(end, layers), stage, control) for end in ends)
        for part in cell.slices:
            exact = (before[part] - after[part]) / 2e-6
            assert left.array[part] == pytest.approx(exact, abs=1e-7 * np.abs(exact).max())


def test_a_constant_property_costs_nothing_and_a_range_is_kept() -> None:
    """Numbers leave no cells to assemble; the known range is the intersection of all curves."""
    cell = half_cell(MPI.COMM_SELF, 1e-14, 0.01)
    assert cell.varying == {}
    narrow = TableCurve((0.2, 0.9), (5e-14, 4e-15), "m2/s", "test", "test")
    model = replace(cell.model, diffusivity={Phase.AM: narrow})
    assert model.known_range(Phase.AM) == (0.2, 0.9)
