"""The preconditioner of the half cell: one field after the other, multigrid on each potential.

With the fields in the order e, i, x, residuals r and the blocks A of the preconditioning matrix,

    y_e = B_e r_e,    y_i = B_i (r_i - A_ie y_e),    y_x = B_x (r_x - A_xe y_e - A_xi y_i),

B_e and B_i are one multigrid cycle each, B_x two sweeps of successive over-relaxation. Only the blocks below
the diagonal are multiplied, which have entries at the reactive surface alone unless sigma_e depends on x.
"""

from __future__ import annotations

import numpy as np
from petsc4py import PETSc

from .eliminated_potentials import EliminatedPotentials
from .half_cell import ELECTRONIC_FIELD, IONIC_FIELD, LITHIUM_FIELD
from .jacobian import Jacobian
from .linear_solver import BOOMERAMG, set_options

FIELD_NAMES = ("ionic", "electronic", "lithium")
ORDER = (ELECTRONIC_FIELD, IONIC_FIELD, LITHIUM_FIELD)
# Kept over many solves, so that a thorough set-up pays; one sweep down and one up, FGMRES needs no symmetry.
MULTIGRID = BOOMERAMG | {
    "pc_hypre_boomeramg_strong_threshold": "0.25",
    "pc_hypre_boomeramg_agg_nl": "0",
    "pc_hypre_boomeramg_relax_type_down": "SOR/Jacobi",
    "pc_hypre_boomeramg_relax_type_up": "backward-SOR/Jacobi",
}
RELAXATION = {"pc_type": "sor", "pc_sor_its": "2"}


class FieldSweep:
    """Applies the sweep; PETSc calls it by the names of its interface for preconditioners in Python.

    Args:
        jacobian: whose blocks are multiplied.
        eliminated: the potentials with the stoichiometry eliminated, of which the hierarchies are made.
        prefix: of the options of the fields.
    """

    def __init__(self, jacobian: Jacobian, eliminated: EliminatedPotentials, prefix: str) -> None:
        blocks = eliminated.matrix
        self._slices = jacobian.cell.slices
        self._below = {
            (row, column): blocks.getNestSubMatrix(row, column)
            for place, row in enumerate(ORDER)
            for column in ORDER[:place]
        }
        self._parts = [_part(blocks.getNestSubMatrix(k, k), f"{prefix}{FIELD_NAMES[k]}_") for k in range(3)]
        vectors = [blocks.getNestSubMatrix(k, k).createVecs() for k in range(3)]
        self._corrections, self._residuals = ([pair[side] for pair in vectors] for side in (0, 1))
        self._products = [residual.duplicate() for residual in self._residuals]

    def set_up(self) -> None:
        """Make the hierarchies of the matrices as they are; later changes of these do not touch them."""
        for part in self._parts:
            part.setReusePreconditioner(False)
            part.setUp()
            part.setReusePreconditioner(True)

    def apply(self, _: PETSc.PC, residual: PETSc.Vec, correction: PETSc.Vec) -> None:
        """Sweep over the fields once."""
        given = residual.getArray(readonly=True)
        for place, row in enumerate(ORDER):
            remaining = self._residuals[row]
            remaining.array[:] = given[self._slices[row]]
            for column in ORDER[:place]:
                self._below[row, column].mult(self._corrections[column], self._products[row])
                remaining.axpy(-1.0, self._products[row])
            self._parts[row].apply(remaining, self._corrections[row])
        correction.array[:] = np.concatenate([np.asarray(part.array) for part in self._corrections])


def _part(matrix: PETSc.Mat, prefix: str) -> PETSc.PC:
    """Return the preconditioner of one field, not yet set up."""
    part = PETSc.PC().create(matrix.comm)
    part.setOptionsPrefix(prefix)
    part.setOperators(matrix)
    set_options(prefix, RELAXATION if prefix.endswith("lithium_") else MULTIGRID)
    part.setFromOptions()
    return part
