"""All calls whose form depends on the DOLFINx version."""

from __future__ import annotations

from typing import Any

import basix.ufl
import dolfinx
import dolfinx.fem.petsc
import numpy as np
import numpy.typing as npt
from dolfinx import fem
from dolfinx.cpp.graph import AdjacencyList_int32
from dolfinx.mesh import Mesh, create_mesh
from mpi4py import MPI
from petsc4py import PETSc

from manufacturing.errors import StageError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SUPPORTED = "0.9"


def check_version() -> None:
    """Raise StageError unless the installed DOLFINx is one that this module speaks."""
    if not dolfinx.__version__.startswith(SUPPORTED):
        raise StageError(f"DOLFINx {dolfinx.__version__} is installed, Granode needs {SUPPORTED}.x")


def tetrahedral_mesh(comm: MPI.Intracomm, vertices: FloatArray, cells: IntArray, owner: IntArray) -> Mesh:
    """Create a distributed mesh from arrays of rank 0.

    Args:
        comm: communicator of the mesh.
        vertices: coordinates (nv, 3) [m].
        cells: tetrahedra (nc, 4).
        owner: rank of each cell (nc,).

    Raises:
        StageError: a DOLFINx of another series is installed.
    """
    check_version()
    element = basix.ufl.element("Lagrange", "tetrahedron", 1, shape=(3,))
    root = comm.rank == 0
    local_cells = cells if root else np.empty((0, 4), dtype=np.int64)
    local_vertices = vertices if root else np.empty((0, 3))
    destinations = owner.astype(np.int32)[:, None]

    def partitioner(*_: Any) -> AdjacencyList_int32:
        """Send every cell to its given rank."""
        return dolfinx.graph.adjacencylist(destinations if root else np.empty((0, 1), dtype=np.int32))

    return create_mesh(comm, local_cells, local_vertices, element, partitioner)


def input_vertices(mesh: Mesh) -> IntArray:
    """Return the input index of each local geometry node."""
    return np.asarray(mesh.geometry.input_global_indices, dtype=np.int64)


def input_cells(mesh: Mesh) -> IntArray:
    """Return the input index of each local cell."""
    return np.asarray(mesh.topology.original_cell_index, dtype=np.int64)


def exterior_facets(mesh: Mesh) -> tuple[IntArray, IntArray]:
    """Return the local exterior facets, shape (n,), and the geometry nodes at their corners, shape (n, 3)."""
    topology, dimension = mesh.topology, mesh.topology.dim - 1
    for pair in ((dimension, dimension + 1), (dimension + 1, dimension), (dimension, 0)):
        topology.create_connectivity(*pair)
    facets = dolfinx.mesh.exterior_facet_indices(topology)
    nodes = dolfinx.mesh.entities_to_geometry(mesh, dimension, facets)
    return np.asarray(facets, dtype=np.int64), np.asarray(nodes, dtype=np.int64).reshape(-1, 3)


def dofs_on_facets(space: fem.FunctionSpace, facets: IntArray) -> IntArray:
    """Return the local dofs on facets of any rank (collective)."""
    dimension = space.mesh.topology.dim - 1
    return np.asarray(fem.locate_dofs_topological(space, dimension, facets.astype(np.int32)), dtype=np.int64)


def assemble_form_matrix(form: Any) -> PETSc.Mat:
    """Assemble a bilinear form without boundary conditions."""
    matrix = dolfinx.fem.petsc.assemble_matrix(fem.form(form))
    matrix.assemble()
    return matrix


def embedding_matrix(coarse: fem.FunctionSpace, fine: fem.FunctionSpace) -> PETSc.Mat:
    """Return the matrix that evaluates functions of one Lagrange space at the nodes of another on the same mesh."""
    matrix = dolfinx.fem.petsc.interpolation_matrix(coarse, fine)
    matrix.assemble()
    return matrix
