"""Periodic, tied and prescribed unknowns: P^T A P against the same reduction done densely by position."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh
from meshing.layers_mesh import Layer, LayersSettings, mesh_layers
from solver.constraints import PeriodicBox, build_reduction
from solver.domain_mesh import DomainMesh, cell_owners, extract_domain, stiffness_matrix
from solver.linear_solver import conjugate_gradient, solve
from solver.reduction import gather_all, global_sum

SIZE = 2e-6


def small_mesh() -> LabelledMesh:
    return mesh_layers(LayersSettings((Layer(Phase.SE, 3e-6, 3), Layer(Phase.AM, 1e-6, 1)), 2, SIZE, 2))


def domain_of(mesh: LabelledMesh, comm: MPI.Intracomm) -> DomainMesh:
    cells = np.arange(len(mesh.cells))
    return extract_domain(mesh, cells, cell_owners(mesh, cells, comm), comm)


def dense_groups(points: np.ndarray, periodic: tuple[bool, bool]) -> np.ndarray:
    """Number of the group of each point: copies on opposite walls share it (points of the whole mesh)."""
    key = np.round(points / 1e-9).astype(int)
    for axis in (0, 1):
        if periodic[axis]:
            key[:, axis] %= round(SIZE / 1e-9)
    return np.unique(key, axis=0, return_inverse=True)[1].ravel()


@pytest.mark.mpi
@pytest.mark.parametrize("periodic", [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("order", [1, 2])
def test_number_of_independent_unknowns(order: int, periodic: tuple[bool, bool], comm: MPI.Intracomm) -> None:
    """Wall copies count once, the tied top plane counts once, the bottom plane not at all."""
    mesh = small_mesh()
    space = domain_of(mesh, comm).space(order)
    owned = space.dofmap.index_map.size_local
    points = space.tabulate_dof_coordinates()[:owned]
    bottom, top = points[:, 2] < 1e-12, points[:, 2] > 4e-6 - 1e-12
    reduction = build_reduction(space, PeriodicBox(mesh.lower, mesh.upper, periodic), bottom, (top,))
    everywhere = gather_all(comm, points)
    groups = dense_groups(everywhere, periodic)
    free = (everywhere[:, 2] > 1e-12) & (everywhere[:, 2] < 4e-6 - 1e-12)
    assert reduction.matrix.getSize() == (len(everywhere), len(np.unique(groups[free])) + 1)
    columns = gather_all(comm, reduction.columns)
    above, below = gather_all(comm, top), gather_all(comm, bottom)
    assert set(columns[above]) == {int(reduction.tied_columns[0])}
    assert set(columns[below]) == {-1}
    for group in np.unique(groups[free]):
        assert len(set(columns[free & (groups == group)])) == 1, "copies share a column"
    assert len(np.unique(columns[free])) == len(np.unique(groups[free])), "others do not"


@pytest.mark.mpi
def test_reduced_solution_is_the_dense_one(comm: MPI.Intracomm) -> None:
    """Unit current into the tied plane: the reduced solve against a dense one in numpy, unknown by unknown."""
    mesh = small_mesh()
    domain = domain_of(mesh, comm)
    space = domain.space(1)
    conductivity = np.random.default_rng(3).uniform(0.5, 2.0, len(mesh.cells))
    matrix = stiffness_matrix(domain, space, conductivity)
    vertices = domain.dof_vertices(space)[: space.dofmap.index_map.size_local]
    z = mesh.vertices[vertices, 2]
    box = PeriodicBox(mesh.lower, mesh.upper, (True, True))
    reduction = build_reduction(space, box, z < 1e-12, (z > 4e-6 - 1e-12,))
    reduced = matrix.ptap(reduction.matrix)
    right = reduced.createVecRight()
    row = int(reduction.tied_columns[0]) - reduction.offset
    if 0 <= row < reduction.size_local:
        right.array[row] = 1.0
    solution = (reduction.matrix * solve(conjugate_gradient(reduced, "test_", 1e-13), right, "test")).array
    exact = dense_solution(mesh, conductivity)[vertices]
    assert solution == pytest.approx(exact, rel=1e-9, abs=1e-9 * exact.max() if len(exact) else 0.0)
    assert global_sum(comm, float(len(exact))) == len(mesh.vertices)


def dense_solution(mesh: LabelledMesh, conductivity: np.ndarray) -> np.ndarray:
    """Potential at every vertex for a unit current into the top plane, from element matrices in numpy."""
    full = np.zeros((len(mesh.vertices),) * 2)
    for cell, k, volume in zip(mesh.cells, conductivity, mesh.volumes(), strict=True):
        edges = (mesh.vertices[cell[1:]] - mesh.vertices[cell[0]]).T
        gradients = np.vstack([-np.linalg.inv(edges).sum(axis=0), np.linalg.inv(edges)])
        full[np.ix_(cell, cell)] += k * volume * gradients @ gradients.T
    z = mesh.vertices[:, 2]
    groups = dense_groups(mesh.vertices, (True, True))
    groups[z > 4e-6 - 1e-12] = groups.max() + 1
    select = np.eye(groups.max() + 1)[groups]
    select = select[:, (select[z < 1e-12].sum(axis=0) == 0) & (select.sum(axis=0) > 0)]
    current = select[np.argmax(z)]
    return np.asarray(select @ np.linalg.solve(select.T @ full @ select, current))


@pytest.mark.mpi
def test_a_constant_carries_no_flux(comm: MPI.Intracomm) -> None:
    """Rows of P sum to one where nothing is prescribed, so that P^T A P keeps the constants in its kernel."""
    mesh = small_mesh()
    domain = domain_of(mesh, comm)
    space = domain.space(2)
    none = np.zeros(space.dofmap.index_map.size_local, dtype=bool)
    reduction = build_reduction(space, PeriodicBox(mesh.lower, mesh.upper, (True, True)), none)
    reduced = stiffness_matrix(domain, space, np.ones(len(mesh.cells))).ptap(reduction.matrix)
    one = reduced.createVecRight()
    one.set(1.0)
    assert (reduction.matrix * one).array == pytest.approx(1.0)
    assert (reduced * one).norm() < 1e-13 * reduced.norm()
