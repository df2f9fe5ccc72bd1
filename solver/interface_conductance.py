"""The resistive interface term integral([phi][v]/R) dA on both sides of split facets (Eq. 3d).

The quadrature is exact: facets are flat and R is constant on each, so degree 2p of Lagrange elements of
order p integrates the product. Only global dof numbers cross ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import basix
import basix.ufl
import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc
from scipy.sparse import coo_matrix

from meshing.facets import triangle_areas

from .domain_mesh import DomainMesh
from .reduction import gather_all
from .resistive_facets import ResistiveFacets

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class InterfaceConductance:
    """The facets that this rank assembles: dofs on both sides, and what their jump costs."""

    facets: IntArray  # (n,) index into the resistive facets
    first: IntArray  # (n, dofs of a facet) global dofs on the first side
    second: IntArray  # (n, dofs of a facet) global dofs on the second side
    weight: FloatArray  # (n,) A/R [S], for heat [W/K]
    mass: FloatArray  # (dofs, dofs) of a facet with area 1

    @classmethod
    def of(
        cls, facets: ResistiveFacets, vertices: FloatArray, domain: DomainMesh, space: fem.FunctionSpace
    ) -> InterfaceConductance:
        """Match the dofs of both sides (collective).

        Args:
            facets: with a finite resistance.
            vertices: of the split mesh (n, 3) [m].
            domain: distributed mesh of the cells on both sides.
            space: Lagrange space on it.
        """
        sides = [_side_dofs(domain, space, facets.cells[:, k], (facets.first, facets.second)[k]) for k in (0, 1)]
        mine, first = sides[0]
        there, dofs = (gather_all(domain.comm, values) for values in sides[1])
        place = np.empty(len(facets.cells), dtype=np.int64)
        place[there] = np.arange(len(there))
        weight = triangle_areas(vertices, facets.first[mine]) / facets.resistance[mine]
        return cls(mine, first, dofs[place[mine]], weight, _facet_mass(space))

    def matrix(self, like: PETSc.Mat) -> PETSc.Mat:
        """Assemble the term in a matrix with the rows of another one (collective)."""
        dofs = np.concatenate([self.first, self.second], axis=1)
        block = np.kron(np.array([[1.0, -1.0], [-1.0, 1.0]]), self.mass)
        numbers, place = np.unique(dofs, return_inverse=True)
        place = place.reshape(dofs.shape)
        rows, columns = np.broadcast_arrays(place[:, :, None], place[:, None, :])
        entries = (self.weight[:, None, None] * block).ravel()
        summed = coo_matrix((entries, (rows.ravel(), columns.ravel())), shape=2 * (len(numbers),)).tocsr()
        result = PETSc.Mat().createAIJ(like.getSizes(), comm=like.comm)
        numbers = numbers.astype(PETSc.IntType)
        result.setPreallocationNNZ(int(like.comm.tompi4py().allreduce(np.diff(summed.indptr).max(initial=0), MPI.MAX)))
        result.setOption(PETSc.Mat.Option.NEW_NONZERO_ALLOCATION_ERR, False)
        result.setValuesIJV(
            summed.indptr, numbers[summed.indices], summed.data, addv=PETSc.InsertMode.ADD_VALUES, rowmap=numbers
        )
        result.assemble()
        return result

    def power(self, potential: PETSc.Vec) -> FloatArray:
        """Return integral(jump^2/R) dA of each facet of this rank (n,) [W] (collective)."""
        wanted = np.concatenate([self.first.ravel(), self.second.ravel()]).astype(PETSc.IntType)
        local = PETSc.Vec().createSeq(len(wanted), comm=PETSc.COMM_SELF)
        scatter = PETSc.Scatter().create(potential, PETSc.IS().createGeneral(wanted, PETSc.COMM_SELF), local, None)
        scatter.scatter(potential, local)
        values = np.asarray(local.array).reshape(2, *self.first.shape)
        jump = values[0] - values[1]
        return np.asarray(self.weight * np.einsum("ni,ij,nj->n", jump, self.mass, jump))


def _side_dofs(
    domain: DomainMesh, space: fem.FunctionSpace, cells: IntArray, facets: IntArray
) -> tuple[IntArray, IntArray]:
    """Return which facets have their cell on this rank, and the global dofs there in the order of their corners."""
    order = np.argsort(domain.cell_ids)
    place = np.searchsorted(domain.cell_ids, cells, sorter=order)
    mine = np.flatnonzero(np.isin(cells, domain.cell_ids))  # none on a rank without cells of the domain
    local = np.full(len(cells), -1, dtype=np.int64)
    local[mine] = order[place[mine]]
    nodes = domain.vertex_ids[domain.mesh.geometry.dofmap[local[mine]]]
    corners = [(nodes == facets[mine, k][:, None]).argmax(axis=1) for k in range(3)]
    table = _corner_dofs(space)[corners[0], corners[1], corners[2]]
    dofs = np.take_along_axis(space.dofmap.list[local[mine]], table, axis=1)
    numbers = space.dofmap.index_map.local_to_global(dofs.ravel().astype(np.int32))
    return mine, np.asarray(numbers, dtype=np.int64).reshape(dofs.shape)


def _corner_dofs(space: fem.FunctionSpace) -> IntArray:
    """Return the cell dofs on a facet for its three corners (4, 4, 4, dofs), in the order of a reference triangle."""
    element = space.element.basix_element
    cell_points = _barycentric(np.asarray(element.points))
    facet_points = _barycentric(np.asarray(_triangle(element.degree).points))
    table = np.zeros((4, 4, 4, len(facet_points)), dtype=np.int64)
    for corners in permutations(range(4), 3):
        wanted = np.zeros((len(facet_points), 4))
        wanted[:, corners] = facet_points
        distance = np.abs(wanted[:, None] - cell_points[None]).max(axis=2)
        table[corners] = distance.argmin(axis=1)
    return table


def _triangle(degree: int) -> basix.finite_element.FiniteElement:
    return basix.ufl.element("Lagrange", "triangle", degree).basix_element


def _barycentric(points: FloatArray) -> FloatArray:
    return np.column_stack([1.0 - points.sum(axis=1), points])


def _facet_mass(space: fem.FunctionSpace) -> FloatArray:
    """Return integral(N_i N_j) dA over a triangle of area 1."""
    element = _triangle(space.element.basix_element.degree)
    points, weights = basix.make_quadrature(basix.CellType.triangle, 2 * element.degree)
    values: FloatArray = np.asarray(element.tabulate(0, np.asarray(points)))[0, :, :, 0]
    return np.asarray(2.0 * values.T @ (np.asarray(weights)[:, None] * values))
