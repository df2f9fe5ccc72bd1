"""Periodic, equipotential and prescribed unknowns by one sparse 0/1 reduction matrix (Eq. 12).

With x = P y + g, where several unknowns x share one y (periodic copies, an equipotential) and
prescribed ones have an empty row in P, the system A x = b becomes P^T A P y = P^T (b - A g).
The reduction is exact and keeps symmetry.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from .reduction import gather_all

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PeriodicBox:
    """The box on whose periodic walls unknowns are identified; without a third entry z is not periodic."""

    lower: FloatArray  # (3,) [m]
    upper: FloatArray  # (3,) [m]
    periodic: tuple[bool, ...]


@dataclass(frozen=True)
class Reduction:
    """The reduction matrix of a space and the column of each owned unknown."""

    matrix: PETSc.Mat  # (all unknowns) x (independent unknowns)
    columns: IntArray  # (owned dofs,) global column, -1 where prescribed
    size_local: int  # independent unknowns owned by this rank
    offset: int  # first column owned by this rank
    tied_columns: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))  # one per tied set


def build_reduction(
    space: fem.FunctionSpace,
    box: PeriodicBox,
    prescribed: BoolArray,
    tied: tuple[BoolArray, ...] = (),
    sheets: FloatArray | None = None,
) -> Reduction:
    """Number the independent unknowns of a space.

    Args:
        space: scalar Lagrange space of any order.
        box: periodic box; copies of an unknown on opposite walls are identified by position.
        prescribed: (owned dofs,) unknowns with a given value; they leave the system.
        tied: sets of owned dofs (masks), each of which shares a single unknown.
        sheets: (owned dofs,) [m] a fourth coordinate: copies are identified only where it is the same, so that
            the two sides of a crack in a wall stay apart.
    """
    comm = space.mesh.comm
    owned = space.dofmap.index_map.size_local
    start = space.dofmap.index_map.local_range[0]
    coordinates = space.tabulate_dof_coordinates()[:owned]
    if sheets is not None:
        coordinates = np.column_stack([coordinates, sheets])
    shared = _on_walls(coordinates, box)
    for members in tied:
        shared |= members
    index = np.flatnonzero(shared)
    representative = np.arange(owned, dtype=np.int64) + start
    group = _representatives(comm, coordinates[index], index + start, box, [t[index] for t in tied])
    representative[index] = group.of(index + start)
    fixed = prescribed | np.isin(representative, gather_all(comm, np.unique(representative[prescribed])))
    independent = ~fixed & (representative == np.arange(owned) + start)
    size_local = int(independent.sum())
    offset = comm.exscan(size_local) or 0
    columns = np.full(owned, -1, dtype=np.int64)
    columns[independent] = offset + np.arange(size_local)
    table = _ColumnTable(comm, index[independent[index]] + start, columns[index[independent[index]]])
    dependent = ~fixed & ~independent
    columns[dependent] = table.of(representative[dependent])
    tied_columns = np.array(
        [table.of(group.of(gather_all(comm, np.flatnonzero(t) + start))[:1])[0] for t in tied], dtype=np.int64
    )
    return Reduction(selection_matrix(comm, columns, size_local), columns, size_local, offset, tied_columns)


def wrap(coordinates: FloatArray, box: PeriodicBox, tolerance: float) -> FloatArray:
    """Move points on the upper periodic walls to the lower ones."""
    wrapped = coordinates.copy()
    for axis in range(len(box.periodic)):
        if box.periodic[axis]:
            upper = wrapped[:, axis] > box.upper[axis] - tolerance
            wrapped[upper, axis] -= box.upper[axis] - box.lower[axis]
    return wrapped


class _ColumnTable:
    """Look-up of a value by global dof for dofs gathered from all ranks."""

    def __init__(self, comm: MPI.Intracomm, keys: IntArray, values: IntArray) -> None:
        keys, values = gather_all(comm, keys), gather_all(comm, values)
        order = np.argsort(keys)
        self.keys, self.values = keys[order], values[order]

    def of(self, keys: IntArray) -> IntArray:
        """Return the values of some keys, shape (n,)."""
        if len(keys) == 0:
            return np.empty(0, dtype=np.int64)
        return self.values[np.searchsorted(self.keys, keys)]


def _on_walls(coordinates: FloatArray, box: PeriodicBox) -> BoolArray:
    tolerance = 1e-7 * float((box.upper - box.lower)[:2].min())
    walls = np.zeros(len(coordinates), dtype=bool)
    for axis in range(len(box.periodic)):
        if box.periodic[axis]:
            x = coordinates[:, axis]
            walls |= (x < box.lower[axis] + tolerance) | (x > box.upper[axis] - tolerance)
    return walls


def _representatives(
    comm: MPI.Intracomm, coordinates: FloatArray, dofs: IntArray, box: PeriodicBox, tied: list[BoolArray]
) -> _ColumnTable:
    """Group wall copies and tied sets of all ranks; the smallest dof stands for its group."""
    points, ids = gather_all(comm, coordinates), gather_all(comm, dofs)
    groups = [gather_all(comm, members) for members in tied]
    order = np.argsort(ids)
    points, ids, groups = points[order], ids[order], [g[order] for g in groups]
    tolerance = 1e-7 * float((box.upper - box.lower)[:2].min())
    links: list[IntArray] = [np.empty((0, 2), dtype=np.int64)]
    if len(ids) and any(box.periodic):
        near = cKDTree(wrap(points, box, tolerance)).query_pairs(2.0 * tolerance, output_type="ndarray")
        links.append(near.astype(np.int64))
    for members in groups:
        chain = np.flatnonzero(members)
        links.append(np.column_stack([chain[:-1], chain[1:]]))
    link = np.concatenate(links)
    graph = coo_matrix((np.ones(len(link), dtype=np.int8), (link[:, 0], link[:, 1])), shape=(len(ids), len(ids)))
    count, label = connected_components(graph, directed=False)
    first = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(first, label, ids)
    root = comm.rank == 0  # the table gathers from all ranks, so only one contributes
    empty = np.empty(0, dtype=np.int64)
    return _ColumnTable(comm, ids if root else empty, first[label] if root else empty)


def selection_matrix(comm: MPI.Intracomm, columns: IntArray, size_local: int) -> PETSc.Mat:
    """Return the 0/1 matrix with one entry per local row at global ``columns`` (none where it is -1)."""
    kept = columns >= 0
    row_starts = np.concatenate([[0], np.cumsum(kept)]).astype(PETSc.IntType)
    entries = (row_starts, columns[kept].astype(PETSc.IntType), np.ones(int(kept.sum())))
    matrix = PETSc.Mat().createAIJ([[len(columns), None], [size_local, None]], csr=entries, comm=comm)
    matrix.assemble()
    return matrix
