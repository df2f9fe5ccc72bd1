"""The first-order level below higher orders: exact on linear fields, Galerkin, few iterations at any contrast."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from mpi4py import MPI
from petsc4py import PETSc

from meshing.labelled_mesh import LabelledMesh
from solver.constraints import PeriodicBox, Reduction, build_reduction
from solver.domain_mesh import DomainMesh, stiffness_matrix
from solver.linear_solver import conjugate_gradient, largest_eigenvalue, solve
from solver.order_multigrid import first_order_interpolation
from solver.reduction import gather_all, global_sum

from .test_solver_constraints import domain_of, small_mesh

TOP = 4e-6 - 1e-12


class System:
    """The reduced system of the small mesh at an order: periodic in x, bottom prescribed, top tied."""

    def __init__(self, mesh: LabelledMesh, order: int, conductivity: np.ndarray, comm: MPI.Intracomm) -> None:
        self.domain: DomainMesh = domain_of(mesh, comm)
        self.space = self.domain.space(order)
        owned = self.space.dofmap.index_map.size_local
        self.points = self.space.tabulate_dof_coordinates()[:owned]
        z = self.points[:, 2]
        box = PeriodicBox(mesh.lower, mesh.upper, (True, False))
        self.reduction: Reduction = build_reduction(self.space, box, z < 1e-12, (z > TOP,))
        self.matrix: PETSc.Mat = stiffness_matrix(self.domain, self.space, conductivity).ptap(self.reduction.matrix)

    def independent(self, function: Callable[[np.ndarray], np.ndarray]) -> PETSc.Vec:
        """Values of a function of the points at the independent unknowns."""
        vector = self.matrix.createVecRight()
        rows = self.reduction.columns >= 0
        vector.setValues(self.reduction.columns[rows].astype(PETSc.IntType), function(self.points)[rows])
        vector.assemble()
        return vector


@pytest.mark.mpi
@pytest.mark.parametrize("order", [2, 3])
def test_fields_linear_in_z_are_interpolated_exactly(order: int, comm: MPI.Intracomm) -> None:
    """Zero at the prescribed bottom, one value at the tied top, copies count once: J z = z."""
    mesh = small_mesh()
    conductivity = np.ones(len(mesh.cells))
    fine, coarse = System(mesh, order, conductivity, comm), System(mesh, 1, conductivity, comm)
    interpolation = first_order_interpolation(fine.space, fine.reduction)
    assert interpolation.getSize() == (fine.matrix.getSize()[0], coarse.matrix.getSize()[0])
    exact = fine.independent(lambda x: x[:, 2])
    levels = interpolation.createVecRight()
    # Every coarse unknown is one of the fine ones: the row of J that holds a single 1.
    starts, columns, weights = interpolation.getValuesCSR()
    first = starts[:-1].clip(max=len(weights) - 1)
    alone = np.flatnonzero((np.diff(starts) == 1) & (np.abs(weights[first] - 1.0) < 1e-9))
    levels.setValues(columns[starts[alone]], exact.array[alone])
    levels.assemble()
    assert (interpolation * levels).array == pytest.approx(exact.array, abs=1e-18, rel=1e-12)


@pytest.mark.mpi
@pytest.mark.parametrize("order", [2, 3])
def test_coarse_matrix_is_that_of_the_first_order(order: int, comm: MPI.Intracomm) -> None:
    """J^T A J and the first-order matrix agree in trace and norms, which no numbering changes."""
    mesh = small_mesh()
    conductivity = np.random.default_rng(3).uniform(0.5, 2.0, len(mesh.cells))
    fine, coarse = System(mesh, order, conductivity, comm), System(mesh, 1, conductivity, comm)
    galerkin = fine.matrix.ptap(first_order_interpolation(fine.space, fine.reduction))
    for norm in (PETSc.NormType.FROBENIUS, PETSc.NormType.INFINITY):
        assert galerkin.norm(norm) == pytest.approx(coarse.matrix.norm(norm), rel=1e-12)
    traces = [global_sum(comm, m.getDiagonal().array.sum()) for m in (galerkin, coarse.matrix)]
    assert traces[0] == pytest.approx(traces[1], rel=1e-12)


@pytest.mark.mpi
@pytest.mark.parametrize("order", [2, 3])
def test_two_levels_solve_what_boomeramg_solves(order: int, comm: MPI.Intracomm) -> None:
    """The same solution, also at a contrast of 1e8, within 40 iterations."""
    mesh = small_mesh()
    conductivity = np.where(np.random.default_rng(5).random(len(mesh.cells)) < 0.5, 1.0, 1e8)
    system = System(mesh, order, conductivity, comm)
    right = system.independent(lambda x: (x[:, 2] > TOP).astype(float))
    coarse = first_order_interpolation(system.space, system.reduction)
    two, one = (conjugate_gradient(system.matrix, f"test_{order}_{c is None}_", 1e-12, c) for c in (coarse, None))
    found, expected = solve(two, right, "two levels"), solve(one, right, "one level")
    scale = abs(gather_all(comm, expected.array)).max()
    assert found.array == pytest.approx(expected.array, abs=1e-8 * scale)
    assert two.getPC().getType() == "mg"
    assert two.getIterationNumber() < 40


def test_first_order_needs_no_coarse_level() -> None:
    mesh = small_mesh()
    system = System(mesh, 1, np.ones(len(mesh.cells)), MPI.COMM_SELF)
    assert first_order_interpolation(system.space, system.reduction) is None


@pytest.mark.parametrize("better", [1.0, 1e12])
def test_largest_eigenvalue_is_found_in_either_conductor(better: float) -> None:
    """A long chain, D^-1 A < 2, beside a small clique, D^-1 A = 3 at most: eight steps see it at any contrast."""
    chain = 2.0 * np.eye(200) - np.eye(200, k=1) - np.eye(200, k=-1)
    clique = np.eye(5) + np.ones((5, 5))
    dense = np.block([[chain, np.zeros((200, 5))], [np.zeros((5, 200)), better * clique]])
    matrix = PETSc.Mat().createDense(dense.shape, array=dense, comm=MPI.COMM_SELF)
    matrix.assemble()
    assert 0.99 * 3.0 < largest_eigenvalue(matrix, 8) <= 3.0 + 1e-10
