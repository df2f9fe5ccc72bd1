"""An off-diagonal block of the Jacobian: each interface point enters the place where its two unknowns meet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from mpi4py import MPI
from petsc4py import PETSc

from .reduction import gather_all

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class CouplingBlock:
    """A sparse matrix whose entry (row, column) is the sum of the values of all points that have both unknowns.

    The places of the points are found once; entering values is one sparse product and one copy.

    Args:
        comm: communicator.
        row_selections: a (points x unknowns) 0/1 matrix per surface that picks the rows' field.
        column_selections: the same for the columns' field.
    """

    def __init__(
        self, comm: MPI.Intracomm, row_selections: Sequence[PETSc.Mat], column_selections: Sequence[PETSc.Mat]
    ) -> None:
        first, last = row_selections[0].getOwnershipRangeColumn()
        rows = [picked_columns(selection) for selection in row_selections]
        columns = [picked_columns(selection) for selection in column_selections]
        pairs = [gather_all(comm, np.column_stack(both)) for both in zip(rows, columns, strict=True)]
        mine = [np.flatnonzero((p[:, 0] >= first) & (p[:, 0] < last) & (p[:, 1] >= 0)) for p in pairs]
        all_pairs = np.concatenate([pair[index] for pair, index in zip(pairs, mine, strict=True)])
        entries, place = np.unique(all_pairs, axis=0, return_inverse=True)
        ends = np.cumsum([len(index) for index in mine])[:-1]
        self._gathers = [
            _gather(comm, len(entries), places, index, len(local))
            for places, index, local in zip(np.split(place.ravel(), ends), mine, rows, strict=True)
        ]
        self.rows: IntArray = entries[:, 0]  # (entries,) global row of each entry
        self.values = np.zeros(len(entries))
        self._starts = np.searchsorted(entries[:, 0], np.arange(first, last + 1)).astype(PETSc.IntType)
        self._columns = entries[:, 1].astype(PETSc.IntType)
        sizes = [[row_selections[0].getLocalSize()[1], None], [column_selections[0].getLocalSize()[1], None]]
        self.matrix = PETSc.Mat().createAIJ(sizes, csr=(self._starts, self._columns, self.values), comm=comm)
        self.matrix.assemble()

    def enter(self, values: Sequence[FloatArray], kept: FloatArray | float = 1.0) -> None:
        """Set all entries.

        Args:
            values: (points,) for each surface.
            kept: factor of each entry, shape (entries,) or one for all.
        """
        self.values[:] = 0.0
        for (gather, points, places), value in zip(self._gathers, values, strict=True):
            points.array[:] = value
            gather.mult(points, places)
            self.values += places.array
        self.values *= kept
        self.matrix.setValuesCSR(self._starts, self._columns, self.values)
        self.matrix.assemble()


def picked_columns(selection: PETSc.Mat) -> IntArray:
    """Return the global column that each local row of a 0/1 matrix picks, -1 where it picks none."""
    starts, columns, _ = selection.getValuesCSR()
    picked = np.full(len(starts) - 1, -1, dtype=np.int64)
    picked[np.diff(starts) > 0] = columns
    return picked


def _gather(
    comm: MPI.Intracomm, entries: int, places: IntArray, points: IntArray, owned: int
) -> tuple[PETSc.Mat, PETSc.Vec, PETSc.Vec]:
    """Return the 0/1 matrix (entries x points) that adds point values at their places, and vectors for both sides."""
    order = np.argsort(places, kind="stable")
    starts = np.searchsorted(places[order], np.arange(entries + 1)).astype(PETSc.IntType)
    ones = (starts, points[order].astype(PETSc.IntType), np.ones(len(points)))
    adding = PETSc.Mat().createAIJ([[entries, None], [owned, None]], csr=ones, comm=comm)
    adding.assemble()
    return adding, adding.createVecRight(), adding.createVecLeft()
