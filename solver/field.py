"""One nodal field of the half cell: its mesh, its independent unknowns, its matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from petsc4py import PETSc

from meshing.labelled_mesh import LabelledMesh

from .constraints import PeriodicBox, Reduction, build_reduction
from .domain_mesh import DomainMesh, extract_domain, lumped_mass, stiffness_matrix, top_dofs
from .reduction import gather_all

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class NodalField:
    """A first-order field on some cells, reduced by periodicity, ties and prescribed values."""

    domain: DomainMesh
    space: fem.FunctionSpace
    reduction: Reduction
    stiffness: PETSc.Mat  # all dofs, unconstrained
    reduced: PETSc.Mat  # P^T K P
    columns_of_vertices: IntArray  # (labelled vertices,) column of the vertex's unknown, -1 where there is none
    dof_vertices: IntArray  # (owned dofs,)
    vertex_count: int

    def expand(self, unknowns: FloatArray) -> FloatArray:
        """Return the values at the owned dofs for owned independent unknowns (0 where prescribed)."""
        vector = self.reduction.matrix.createVecRight()
        vector.array[:] = unknowns
        return np.asarray((self.reduction.matrix * vector).array)

    def from_vertices(self, nodal: FloatArray) -> FloatArray:
        """Return the owned independent unknowns of values at the labelled vertices."""
        unknowns = np.zeros(self.reduction.size_local)
        index = self.reduction.columns - self.reduction.offset
        mine = (index >= 0) & (index < self.reduction.size_local)
        unknowns[index[mine]] = nodal[self.dof_vertices[mine]]
        return unknowns

    def nodal_reaction(self, unknowns: FloatArray) -> FloatArray:
        """Return K u at the owned dofs of the unconstrained problem."""
        vector = self.stiffness.createVecRight()
        vector.array[:] = self.expand(unknowns)
        return np.asarray((self.stiffness * vector).array)

    def at_vertices(self, unknowns: FloatArray) -> FloatArray | None:
        """Collect the field at the labelled vertices on rank 0, NaN where it does not live."""
        comm = self.domain.comm
        keys, values = comm.gather(self.dof_vertices), comm.gather(self.expand(unknowns))
        if keys is None or values is None:
            return None
        field = np.full(self.vertex_count, np.nan)
        field[np.concatenate(keys)] = np.concatenate(values)
        return field


def build_field(
    mesh: LabelledMesh,
    cells: BoolArray,
    owner: IntArray,
    comm: object,
    coefficient: FloatArray,
    prescribed_below: BoolArray | None = None,
    tied_above: bool = False,
) -> NodalField:
    """Discretise a field on the given cells.

    Args:
        mesh: labelled mesh.
        cells: mask of the cells on which the field lives.
        owner: rank of every cell.
        comm: communicator.
        coefficient: conductivity or diffusivity per cell.
        prescribed_below: (labelled vertices,) mask of vertices at the counter face whose value is 0.
        tied_above: the nodes that touch the collector share one unknown.
    """
    domain = extract_domain(mesh, np.flatnonzero(cells), owner, comm)  # type: ignore[arg-type]
    space = domain.space(1)
    vertices = domain.dof_vertices(space)[: space.dofmap.index_map.size_local]
    none = np.zeros(len(vertices), dtype=bool)
    prescribed = prescribed_below[vertices] if prescribed_below is not None else none
    top = top_dofs(mesh, domain, space) if tied_above else none
    box = PeriodicBox(mesh.lower, mesh.upper, mesh.periodic[:2])
    reduction = build_reduction(space, box, prescribed, (top,) if tied_above else ())
    stiffness = stiffness_matrix(domain, space, coefficient)
    columns = np.full(len(mesh.vertices), -1, dtype=np.int64)
    columns[gather_all(domain.comm, vertices)] = gather_all(domain.comm, reduction.columns)
    reduced = stiffness.ptap(reduction.matrix)
    return NodalField(domain, space, reduction, stiffness, reduced, columns, vertices, len(mesh.vertices))


def reduced_mass(field: NodalField, coefficient: FloatArray) -> FloatArray:
    """Return the lumped mass of the owned independent unknowns for a coefficient per cell."""
    lumped = lumped_mass(field.domain, field.space, coefficient)
    owned = field.reduction.matrix.createVecLeft()
    owned.array[:] = lumped.array
    result = field.reduction.matrix.createVecRight()
    field.reduction.matrix.multTranspose(owned, result)
    return np.asarray(result.array)
