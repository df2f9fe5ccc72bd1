"""A DOLFINx mesh of some cells of a labelled mesh, and the way back to the labelled mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.mesh import Mesh
from mpi4py import MPI
from petsc4py import PETSc

from manufacturing.collective import run_on
from manufacturing.phases import COLLECTOR
from meshing.labelled_mesh import TOP_FACES, LabelledMesh

from . import dolfinx_api
from .partition import bisect_groups

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DomainMesh:
    """The part of a labelled mesh on which one field lives, distributed over ranks."""

    mesh: Mesh
    vertex_ids: IntArray  # (local geometry nodes,) vertex of the labelled mesh
    cell_ids: IntArray  # (local cells,) cell of the labelled mesh

    @property
    def comm(self) -> MPI.Intracomm:
        """Communicator of the mesh."""
        return self.mesh.comm

    def cell_function(self, values: FloatArray) -> fem.Function:
        """Return the piecewise constant function with values (cells, ...) per cell of the labelled mesh."""
        shape = (values.shape[1:],) if values.ndim > 1 else ()
        function = fem.Function(fem.functionspace(self.mesh, ("DG", 0, *shape)))
        local = values[self.cell_ids].reshape(-1)
        function.x.array[: len(local)] = local
        return function

    def space(self, order: int) -> fem.FunctionSpace:
        """Return the continuous Lagrange space of an order."""
        return fem.functionspace(self.mesh, ("Lagrange", order))

    def dof_vertices(self, space: fem.FunctionSpace) -> IntArray:
        """Return the labelled-mesh vertex of each local dof of a first-order space."""
        ids = np.full(space.dofmap.index_map.size_local + space.dofmap.index_map.num_ghosts, -1, dtype=np.int64)
        ids[space.dofmap.list.ravel()] = self.vertex_ids[self.mesh.geometry.dofmap.ravel()]
        return ids


def top_dofs(
    labelled: LabelledMesh, domain: DomainMesh, space: fem.FunctionSpace, faces: tuple[str, ...] = (COLLECTOR,)
) -> BoolArray:
    """Return which owned dofs of a Lagrange space touch the named parts of the top plane (collective).

    All on the plane do, but for those that only belong to facets of its other parts. Periodic copies may differ.
    """
    owned = space.dofmap.index_map.size_local
    top = labelled.at_collector(space.tabulate_dof_coordinates()[:owned, 2])
    bare = labelled.facets[labelled.named(*(name for name in TOP_FACES if name not in faces))]
    if len(bare) == 0:
        return top
    covered = labelled.facets[labelled.named(*faces)]
    return top & ~(_dofs_on(domain, space, bare) & ~_dofs_on(domain, space, covered))


def _dofs_on(domain: DomainMesh, space: fem.FunctionSpace, wanted: IntArray) -> BoolArray:
    """Return which owned dofs lie on outer facets (n, 3) of the labelled mesh, their vertices sorted."""
    facets, nodes = dolfinx_api.exterior_facets(domain.mesh)
    corners = np.sort(domain.vertex_ids[nodes], axis=1)
    # Three numbers of a few million each do not fit one 64-bit key; those of the vertices in use do.
    used = np.unique(wanted)
    place = np.searchsorted(used, corners).clip(max=len(used) - 1)
    known = (used[place] == corners).all(axis=1)
    keys, table = (p @ np.array([len(used) ** 2, len(used), 1]) for p in (place, np.searchsorted(used, wanted)))
    found = np.zeros(space.dofmap.index_map.size_local + space.dofmap.index_map.num_ghosts, dtype=bool)
    found[dolfinx_api.dofs_on_facets(space, facets[known & np.isin(keys, table)])] = True
    return found[: space.dofmap.index_map.size_local]


def cell_owners(labelled: LabelledMesh, cells: IntArray, comm: MPI.Intracomm) -> IntArray:
    """Return the rank of every cell of the labelled mesh, balanced over the given cells (-1: unused)."""
    return field_owners(labelled, (cells,), comm)[0]


def field_owners(labelled: LabelledMesh, fields: Sequence[IntArray], comm: MPI.Intracomm) -> list[IntArray]:
    """Return the rank of every cell for each field, balanced over the cells that it lives on (-1: unused)."""

    def divide() -> list[IntArray]:
        """Bisect the midpoints, on rank 0."""
        midpoints = [labelled.vertices[labelled.cells[cells]].mean(axis=1) for cells in fields]
        owners: list[IntArray] = [np.full(len(labelled.cells), -1, dtype=np.int64) for _ in fields]
        for owner, cells, parts in zip(owners, fields, bisect_groups(midpoints, comm.size), strict=True):
            owner[cells] = parts
        return owners

    return run_on(comm, 1, divide)


def extract_domain(labelled: LabelledMesh, cells: IntArray, owner: IntArray, comm: MPI.Intracomm) -> DomainMesh:
    """Build the distributed mesh of some cells of a labelled mesh.

    Args:
        labelled: the whole labelled mesh, the same on every rank.
        cells: indices of the cells that the field lives on.
        owner: rank of every labelled cell, from :func:`cell_owners`.
        comm: communicator of the result.
    """
    used: IntArray = run_on(comm, 1, lambda: np.unique(labelled.cells[cells]))
    compact: IntArray = np.empty((0, 4), dtype=np.int64)
    if comm.rank == 0:
        compact = np.searchsorted(used, labelled.cells[cells])
    mesh = dolfinx_api.tetrahedral_mesh(comm, labelled.vertices[used], compact, owner[cells])
    return DomainMesh(mesh, used[dolfinx_api.input_vertices(mesh)], cells[dolfinx_api.input_cells(mesh)])


def stiffness_matrix(domain: DomainMesh, space: fem.FunctionSpace, coefficient: FloatArray) -> PETSc.Mat:
    """Assemble integral(k grad u . grad v) dV, k per cell of the labelled mesh: (cells,) or tensors (cells, 3, 3)."""
    trial, test = ufl.TrialFunction(space), ufl.TestFunction(space)
    k = domain.cell_function(coefficient)
    return dolfinx_api.assemble_form_matrix(ufl.inner(flux_density(k, trial), ufl.grad(test)) * ufl.dx)


def flux_density(coefficient: fem.Function, potential: Any) -> Any:
    """Return k grad u as a form, for a scalar or a tensor k."""
    if coefficient.ufl_shape == ():
        return coefficient * ufl.grad(potential)
    return ufl.dot(coefficient, ufl.grad(potential))


def lumped_mass(domain: DomainMesh, space: fem.FunctionSpace, coefficient: FloatArray) -> PETSc.Vec:
    """Assemble the row sums integral(k v) dV of the mass matrix for k given per cell of the labelled mesh."""
    test = ufl.TestFunction(space)
    vector = fem.petsc.assemble_vector(fem.form(domain.cell_function(coefficient) * test * ufl.dx))
    vector.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
    return vector
