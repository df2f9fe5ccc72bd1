"""The blocks of the potentials with the stoichiometry eliminated at the points, for the preconditioner.

A point where i depends on x by w i_x and the stoichiometry answers a current with 1/D, D the diagonal of
the lithium block, conducts w i_d (1 - w i_x/D) instead of w i_d. Where charge transfer is quick, this
and not the reaction decides how the potentials are coupled.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from petsc4py import PETSc

from .coupling_block import CouplingBlock
from .half_cell import ELECTRONIC_FIELD, IONIC_FIELD, LITHIUM_FIELD, SURFACE_FIELDS
from .jacobian import Jacobian

FloatArray = npt.NDArray[np.float64]

POTENTIALS = (IONIC_FIELD, ELECTRONIC_FIELD)
PAIRS = ((IONIC_FIELD, ELECTRONIC_FIELD), (ELECTRONIC_FIELD, IONIC_FIELD))


class EliminatedPotentials:
    """The Jacobian with reduced conductances in the four blocks of the potentials.

    Args:
        jacobian: what it follows when it is refreshed.
    """

    def __init__(self, jacobian: Jacobian) -> None:
        self.jacobian = jacobian
        points = jacobian.cell.points
        self._diagonal = [jacobian.diagonal[k].copy() for k in POTENTIALS]
        self._coupling = {
            (row, column): CouplingBlock(
                jacobian.cell.comm, [p.selections[row] for p in points], [p.selections[column] for p in points]
            )
            for row, column in PAIRS
        }
        own = {(k, k): self._diagonal[k] for k in POTENTIALS} | {p: b.matrix for p, b in self._coupling.items()}
        blocks = [
            [own[r, c] if (r, c) in own else jacobian.matrix.getNestSubMatrix(r, c) for c in SURFACE_FIELDS]
            for r in SURFACE_FIELDS
        ]
        self.matrix = PETSc.Mat().createNest(blocks, comm=jacobian.cell.comm)

    def refresh(self) -> None:
        """Enter the conductances that belong to the Jacobian as it is."""
        jacobian, lost = self.jacobian, self._lost()
        for k in POTENTIALS:
            jacobian.diagonal[k].copy(self._diagonal[k], PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
            change = self._diagonal[k].getDiagonal()
            for points, less in zip(jacobian.cell.points, lost, strict=True):
                change.array[:] -= points.collect(k, less)
            if k == ELECTRONIC_FIELD and jacobian.collector_prescribed:
                change.array[jacobian.cell.is_collector] = jacobian.cell.collector_conductance
            self._diagonal[k].setDiagonal(change)
        for (row, column), block in self._coupling.items():
            sign = 1.0 if column == ELECTRONIC_FIELD else -1.0
            values = [v - sign * d for v, d in zip(jacobian.derivatives[row][column], lost, strict=True)]
            block.enter(values, jacobian.kept(row, block))
        self.matrix.assemble()

    def _lost(self) -> list[FloatArray]:
        """Return w i_x w i_d/D at the points of each surface [S]."""
        cell, derivatives = self.jacobian.cell, self.jacobian.derivatives
        diagonal = np.array(self.jacobian.diagonal[LITHIUM_FIELD].getDiagonal().array)
        lost = []
        for k, points in enumerate(cell.points):
            by_x = derivatives[ELECTRONIC_FIELD][LITHIUM_FIELD][k]
            by_drop = derivatives[LITHIUM_FIELD][ELECTRONIC_FIELD][k]
            share = by_x / points.values(LITHIUM_FIELD, diagonal)
            lost.append(np.clip(share, 0.0, 1.0) * by_drop)
        return lost
