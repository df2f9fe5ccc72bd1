"""One nodal field of the half cell: its mesh, its independent unknowns, its matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc

from meshing.labelled_mesh import LabelledMesh

from .constraints import PeriodicBox, Reduction, build_reduction
from .domain_mesh import DomainMesh, extract_domain, lumped_mass, stiffness_matrix, top_dofs
from .interface_conductance import InterfaceConductance
from .reduction import gather_all, global_sums
from .sheets import sheet_coordinates
from .vertex_split import FieldCells, VertexSplit

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class NodalField:
    """A first-order field on some cells, reduced by periodicity, ties and prescribed values.

    Its nodes are the vertices of the labelled mesh, followed by the copies on other sides of what splits it.
    """

    mesh: LabelledMesh  # not split
    split: VertexSplit
    domain: DomainMesh
    space: fem.FunctionSpace
    reduction: Reduction
    stiffness: PETSc.Mat  # all dofs, unconstrained, contacts included
    reduced: PETSc.Mat  # P^T K P
    interface: InterfaceConductance | None  # facets across which the field jumps; None without
    jumps: PETSc.Mat | None  # their share of ``stiffness``
    columns_of_nodes: IntArray  # (nodes,) column of the node's unknown, -1 where there is none
    dof_nodes: IntArray  # (owned dofs,)
    dof_vertices: IntArray  # (owned dofs,) labelled vertices; copies have the same one

    def expand(self, unknowns: FloatArray) -> FloatArray:
        """Return the values at the owned dofs for owned independent unknowns (0 where prescribed)."""
        vector = self.reduction.matrix.createVecRight()
        vector.array[:] = unknowns
        return np.asarray((self.reduction.matrix * vector).array)

    def from_vertices(self, nodal: FloatArray) -> FloatArray:
        """Return the owned independent unknowns of values at the labelled vertices; copies get the same."""
        return self._from_dofs(nodal[self.dof_vertices])

    def from_nodes(self, nodal: FloatArray) -> FloatArray:
        """Return the owned independent unknowns of values at the nodes."""
        return self._from_dofs(nodal[self.dof_nodes])

    def indicator(self, cells: BoolArray) -> FloatArray:
        """Return 1 at the owned independent unknowns that belong to some cells (a mask) and 0 elsewhere."""
        nodal = np.zeros(len(self.columns_of_nodes))
        nodal[self.split.cells_of(self.mesh, np.flatnonzero(cells))] = 1.0
        return self.from_nodes(nodal)

    def _from_dofs(self, values: FloatArray) -> FloatArray:
        unknowns = np.zeros(self.reduction.size_local)
        index = self.reduction.columns - self.reduction.offset
        mine = (index >= 0) & (index < self.reduction.size_local)
        unknowns[index[mine]] = values[mine]
        return unknowns

    def columns_at(self, facets: IntArray, cells: IntArray) -> IntArray:
        """Return the column at each corner of facets (n, 3), as the cells (n,) on one side of them see it."""
        return np.asarray(self.columns_of_nodes[self.split.facets_of(self.mesh, cells, facets)])

    def nodal_reaction(self, unknowns: FloatArray) -> FloatArray:
        """Return K u at the owned dofs of the unconstrained problem."""
        vector = self.stiffness.createVecRight()
        vector.array[:] = self.expand(unknowns)
        return np.asarray((self.stiffness * vector).array)

    def contact_power(self, unknowns: FloatArray) -> dict[str, float]:
        """Return integral(jump^2/R) dA over each interface with a resistance, by its name [W] (collective)."""
        if self.interface is None:
            return {}
        vector = self.stiffness.createVecRight()
        vector.array[:] = self.expand(unknowns)
        resistive = self.split.resistive
        index = resistive.name_index[self.interface.facets]
        local = np.bincount(index, self.interface.power(vector), minlength=len(resistive.names)).astype(np.float64)
        total = global_sums(self.domain.comm, local)
        return {name: float(total[k]) for k, name in enumerate(resistive.names)}

    def at_nodes(self, unknowns: FloatArray) -> FloatArray | None:
        """Collect the field at the nodes on rank 0, NaN where it does not live (collective)."""
        comm = self.domain.comm
        keys, values = comm.gather(self.dof_nodes), comm.gather(self.expand(unknowns))
        if keys is None or values is None:
            return None
        nodal = np.full(len(self.columns_of_nodes), np.nan)
        nodal[np.concatenate(keys)] = np.concatenate(values)
        return nodal


def build_field(
    mesh: LabelledMesh,
    cells: FieldCells,
    owner: IntArray,
    comm: MPI.Intracomm,
    coefficient: FloatArray,
    prescribed_below: BoolArray | None = None,
    tied_above: bool = False,
) -> NodalField:
    """Discretise a field on the given cells (collective).

    Args:
        mesh: labelled mesh.
        cells: on which the field lives.
        owner: rank of every cell.
        comm: communicator.
        coefficient: conductivity or diffusivity per cell.
        prescribed_below: (labelled vertices,) mask of vertices at the counter face whose value is 0.
        tied_above: the nodes that touch the collector share one unknown.
    """
    split = cells.split
    divided = split.applied_to(mesh)
    domain = extract_domain(divided, np.flatnonzero(cells.member), owner, comm)
    space = domain.space(1)
    nodes = domain.dof_vertices(space)[: space.dofmap.index_map.size_local]
    vertices = split.origin(mesh)[nodes]
    none = np.zeros(len(nodes), dtype=bool)
    prescribed = prescribed_below[vertices] if prescribed_below is not None else none
    top = top_dofs(divided, domain, space) if tied_above else none
    box = PeriodicBox(mesh.lower, mesh.upper, mesh.periodic[:2])
    sheets = sheet_coordinates(split.all_fans(mesh), float((mesh.upper - mesh.lower)[0]), domain, space)
    reduction = build_reduction(space, box, prescribed, (top,) if tied_above else (), sheets)
    stiffness = stiffness_matrix(domain, space, coefficient)
    interface = jumps = None
    if len(split.resistive.cells):
        interface = InterfaceConductance.of(split.resistive, divided.vertices, domain, space)
        jumps = interface.matrix(stiffness)
        stiffness = stiffness + jumps
    columns = np.full(len(divided.vertices), -1, dtype=np.int64)
    columns[gather_all(domain.comm, nodes)] = gather_all(domain.comm, reduction.columns)
    reduced = stiffness.ptap(reduction.matrix)
    return NodalField(
        mesh, split, domain, space, reduction, stiffness, reduced, interface, jumps, columns, nodes, vertices
    )


def reduced_mass(field: NodalField, coefficient: FloatArray) -> FloatArray:
    """Return the lumped mass of the owned independent unknowns for a coefficient per cell."""
    lumped = lumped_mass(field.domain, field.space, coefficient)
    owned = field.reduction.matrix.createVecLeft()
    owned.array[:] = lumped.array
    result = field.reduction.matrix.createVecRight()
    field.reduction.matrix.multTranspose(owned, result)
    return np.asarray(result.array)
