"""The Jacobian against differences of the residual, and its linear solver, on any number of ranks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from cases.case_file import validate_case
from cases.physics import CaseMaterials, build_cell_model, stoichiometry_window
from cases.protocol import protocol_steps, stepping_settings
from cases.runner import run_in_process
from meshing.labelled_mesh import load_mesh
from solver.block_solver import BlockSolver, LinearTolerance
from solver.controls import ConstantPower, Control, Galvanostatic, Potentiostatic
from solver.discharge import Discharge
from solver.half_cell import HalfCell, ImplicitStage, create_vector
from solver.jacobian import Jacobian
from solver.reduction import global_sums

from .shipped_cases import FloatArray, content

CONTROLS: tuple[Control, ...] = (Potentiostatic(3.9), ConstantPower(1e-9), Galvanostatic(1e-9))
STEP = 1e-6  # of potentials [V] and stoichiometries


def cell_of(data: dict[str, Any], folder: Path, comm: MPI.Intracomm) -> HalfCell:
    """The discrete cell of a case."""
    run_in_process(data | {"output": {"until": "meshing", "fields": False, "plots": False}}, folder, comm)
    case = validate_case(data)
    materials = CaseMaterials(case)
    model, window = build_cell_model(case, materials), stoichiometry_window(materials)
    mesh = load_mesh(folder / "mesh.h5")
    return Discharge(mesh, model, window, protocol_steps(case), stepping_settings(case), comm).cell


def uneven(cell: HalfCell, size: float, seed: int) -> FloatArray:
    """Numbers of a smooth field at the unknowns, the same on every number of ranks."""
    parts = []
    for k, field in enumerate(cell.fields):
        waves = np.sin(cell.mesh.vertices @ np.array([3.1, 2.3, 1.7]) * 1e6 * (1.0 + 0.3 * seed + 0.1 * k) + seed)
        parts.append(size * field.from_vertices(waves))
    return np.concatenate(parts)


@pytest.mark.mpi
def test_products_are_differences_of_the_residual(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """To 1e-6 at an uneven state; the sums by block are those of the products with constants."""
    cell = cell_of(content("small_composite", "mesh.cell_size=1.6e-6"), shared_tmp_path, comm)
    jacobian, right, left = Jacobian(cell), create_vector(cell), create_vector(cell)
    state = cell.moved(cell.initial_state(), uneven(cell, 0.01, 1), 1.0)
    stage = ImplicitStage(20.0, cell.initial_state()[cell.slices[2]])
    direction = uneven(cell, 1.0, 2)

    def residual(distance: float, control: Control) -> FloatArray:
        """The residual at a distance along the direction."""
        moved = cell.moved(state, direction, -distance)
        return cell.residual(moved, cell.currents(moved), stage, control)

    for control in CONTROLS:
        jacobian.update(state, cell.currents(state), stage, control)
        right.array[:] = direction
        jacobian.matrix.mult(right, left)
        slope = (residual(STEP, control) - residual(-STEP, control)) / (2.0 * STEP)
        parts = [[np.sum((left.array - slope)[part] ** 2), np.sum(slope[part] ** 2)] for part in cell.slices]
        squares = global_sums(comm, np.array(parts))
        assert np.all(squares[:, 0] < 1e-12 * squares[:, 1]), type(control).__name__
        sums = global_sums(comm, jacobian.sums)
        for column, part in enumerate(cell.slices):
            right.array[:] = 0.0
            right.array[part] = 1.0
            jacobian.matrix.mult(right, left)
            expected = global_sums(comm, np.array([left.array[rows].sum() for rows in cell.slices]))
            assert sums[:, column] == pytest.approx(expected, rel=1e-9, abs=1e-12 * np.abs(sums).max())


@pytest.mark.mpi
def test_quick_charge_transfer_costs_no_iterations(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """A thousand times the slope of the reactions, over a long step: a few more Krylov iterations for eight decades."""
    cell = cell_of(content("small_composite", "mesh.cell_size=1.6e-6"), shared_tmp_path, comm)
    state, stage = cell.initial_state(), ImplicitStage(100.0, cell.initial_state()[cell.slices[2]])
    currents, used = cell.currents(state), []
    for factor in (1.0, 1e3):
        names = ("by_drop", "by_stoichiometry", "faradaic_by_drop", "faradaic_by_stoichiometry")
        quick = tuple(replace(s, **{name: factor * getattr(s, name) for name in names}) for s in currents.surfaces)
        jacobian, right, solution = Jacobian(cell), create_vector(cell), create_vector(cell)
        jacobian.update(state, replace(currents, surfaces=quick), stage, Galvanostatic(1e-9))
        right.array[:] = uneven(cell, 1.0, 3)
        result = BlockSolver(jacobian, 0.0).solve(right, solution, LinearTolerance(1e-8, 0.0, 200))
        assert result.converged
        used.append(result.iterations)
    assert used[1] <= used[0] + 6, used
