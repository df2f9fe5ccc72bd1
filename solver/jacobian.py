"""The Jacobian of the half cell as nested blocks, assembled once in shape and updated in place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from petsc4py import PETSc

from .controls import Control, Potentiostatic
from .coupling_block import CouplingBlock
from .half_cell import (
    ELECTRONIC_FIELD,
    IONIC_FIELD,
    LITHIUM_FIELD,
    SURFACE_FIELDS,
    CellCurrents,
    HalfCell,
    ImplicitStage,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Derivatives = list[list[FloatArray]]  # by field and surface

FROZEN_DURATION = 1e-6  # [s] makes the frozen inventory equation strongly diagonal; its solution is zero change
ROW_SIGNS = (-1.0, 1.0, 1.0)  # of the interface current in the three equations


class Jacobian:
    """d residual/d state; reactions enter diagonals and coupling blocks, stiffness only where it depends on x."""

    def __init__(self, cell: HalfCell) -> None:
        self.cell = cell
        self.diagonal = [field.reduced.copy() for field in cell.fields]
        self._vectors = [matrix.createVecLeft() for matrix in self.diagonal]
        self.constant_diagonal = [np.empty(size) for size in cell.sizes]  # of the stiffness matrices
        self._constant_row_sums = [np.empty(size) for size in cell.sizes]
        for k, field in enumerate(cell.fields):
            self.take_stiffness(k, field.reduced)
        self.sums = np.zeros((3, 3))  # of the entries of each block on this rank: equation, unknown
        self.coupling = {
            (row, column): CouplingBlock(
                cell.comm,
                [points.selections[row] for points in cell.points],
                [points.selections[column] for points in cell.points],
            )
            for row in SURFACE_FIELDS
            for column in SURFACE_FIELDS
            if row != column
        }
        # Where sigma_e depends on x, the block of the conductors by x has entries of whole cells too.
        self._united = {
            (k, LITHIUM_FIELD): stiffness.united(self.coupling[k, LITHIUM_FIELD].matrix)
            for k, stiffness in cell.varying.items()
            if stiffness.coupled is not None
        }
        self.collector_prescribed = self.frozen = False
        self.derivatives: tuple[Derivatives, ...] = ()  # by equation, as last entered
        self._enter_stiffness(cell.initial_state())
        matrices = {places: block.matrix for places, block in self.coupling.items()} | self._united
        blocks = [[self.diagonal[r] if r == c else matrices[r, c] for c in SURFACE_FIELDS] for r in SURFACE_FIELDS]
        self.matrix = PETSc.Mat().createNest(blocks, comm=cell.comm)

    def take_stiffness(self, field: int, stiffness: PETSc.Mat) -> None:
        """Enter the stiffness matrix of a field, of the same pattern as before."""
        stiffness.copy(self.diagonal[field], PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
        vector = self._vectors[field]
        stiffness.getDiagonal(vector)
        self.constant_diagonal[field][:] = vector.array
        ones = stiffness.createVecRight()
        ones.set(1.0)
        stiffness.mult(ones, vector)
        self._constant_row_sums[field][:] = vector.array

    def update(self, state: FloatArray, currents: CellCurrents, stage: ImplicitStage, control: Control) -> PETSc.Mat:
        """Enter the derivatives of the reactions at a state; returns the nested matrix.

        Args:
            state: owned unknowns.
            currents: reactions and their slopes at the state.
            stage: implicit stage, or the frozen instant at which a current is switched on.
            control: what is done to the terminals.
        """
        self._enter_stiffness(state)
        self.collector_prescribed = isinstance(control, Potentiostatic)
        total, faradaic = self._derivatives(currents)
        self.frozen = stage.frozen
        self.derivatives = (total, total, faradaic)  # the lithium follows the faradaic part
        self._update_diagonals(currents, stage, self._collector_slope(state, control))
        for (row, column), block in self.coupling.items():
            block.enter(self.derivatives[row][column], self.kept(row, block))
            self.sums[row, column] = float(block.values.sum())
        if self.collector_prescribed:
            self._prescribe_collector()
        self._enter_united()
        self.matrix.assemble()
        return self.matrix

    def _enter_stiffness(self, state: FloatArray) -> None:
        """Enter what depends on x (Eq. D4), and the collector's own row again where it was replaced."""
        for k, stiffness in self.cell.varying.items():
            x = state[self.cell.slices[LITHIUM_FIELD]]
            self.take_stiffness(k, stiffness.assembled(self.cell.relative_values(k, state), x))
        if self.collector_prescribed and ELECTRONIC_FIELD not in self.cell.varying:
            self.take_stiffness(ELECTRONIC_FIELD, self.cell.fields[ELECTRONIC_FIELD].reduced)

    def _enter_united(self) -> None:
        """Enter reactions and whole cells into the blocks that hold both."""
        for (row, column), matrix in self._united.items():
            self.cell.varying[row].enter(matrix, self.coupling[row, column].matrix)
            if row == ELECTRONIC_FIELD and self.collector_prescribed:
                matrix.zeroRows(self._collector_rows(), diag=0.0)
            ones, sums = matrix.createVecs()
            ones.set(1.0)
            matrix.mult(ones, sums)
            self.sums[row, column] = float(sums.array.sum())

    def _derivatives(self, currents: CellCurrents) -> tuple[Derivatives, Derivatives]:
        """Return d(w i)/d(phi_i, phi_e, x) at the points of each surface [S, S, A], by field, and that of w i_n."""
        weights = [points.weights for points in self.cell.points]
        by_drop, by_x, by_drop_n, by_x_n = (
            [weight * getattr(surface, name) for weight, surface in zip(weights, currents.surfaces, strict=True)]
            for name in ("by_drop", "by_stoichiometry", "faradaic_by_drop", "faradaic_by_stoichiometry")
        )
        total = [[-values for values in by_drop], by_drop, by_x]
        return total, [[-values for values in by_drop_n], by_drop_n, by_x_n]

    def _collector_slope(self, state: FloatArray, control: Control) -> FloatArray:
        """Return dI/dV in the collector's row [S], on the rank that owns it."""
        potential = self.cell.collector_potential(state)
        return np.zeros_like(potential) if isinstance(control, Potentiostatic) else control.slope_at(potential)

    def kept(self, row: int, block: CouplingBlock) -> FloatArray | float:
        """Return the factors of the entries of a block in the equation of a field."""
        if row == LITHIUM_FIELD and self.frozen:
            return 0.0
        if row == ELECTRONIC_FIELD and self.collector_prescribed:
            return (block.rows != self.cell.collector).astype(np.float64)
        return ROW_SIGNS[row]

    def _update_diagonals(self, currents: CellCurrents, stage: ImplicitStage, collector_slope: FloatArray) -> None:
        cell = self.cell
        added = [np.zeros(size) for size in cell.sizes]
        added[ELECTRONIC_FIELD][cell.is_collector] = collector_slope
        added[LITHIUM_FIELD] += cell.mass / (stage.duration or FROZEN_DURATION)
        for field in SURFACE_FIELDS:
            for points, derivative in zip(cell.points, self.derivatives[field][field], strict=True):
                added[field] += ROW_SIGNS[field] * points.collect(field, derivative)
        if cell.counter_points is not None:
            added[IONIC_FIELD] += cell.counter_points.collect(0, cell.counter_points.weights * currents.counter_slope)
        for k, (matrix, vector) in enumerate(zip(self.diagonal, self._vectors, strict=True)):
            vector.array[:] = self.constant_diagonal[k] + added[k]
            matrix.setDiagonal(vector)
            row_sums = self._constant_row_sums[k] + added[k]
            if k == ELECTRONIC_FIELD and self.collector_prescribed:
                row_sums[cell.is_collector] = cell.collector_conductance
            self.sums[k, k] = float(row_sums.sum())

    def _prescribe_collector(self) -> None:
        """Replace the collector's row of the conductors by scale * (phi_collector - V)."""
        self.diagonal[ELECTRONIC_FIELD].setOption(PETSc.Mat.Option.KEEP_NONZERO_PATTERN, True)
        self.diagonal[ELECTRONIC_FIELD].zeroRows(self._collector_rows(), diag=self.cell.collector_conductance)

    def _collector_rows(self) -> IntArray:
        """Return the collector's row on the rank that owns it, none on the others."""
        return np.array([self.cell.collector] * int(self.cell.is_collector.sum()), dtype=PETSc.IntType)

    def field_index_sets(self) -> list[PETSc.IS]:
        """Return the rows of each field in the nested matrix."""
        return list(self.matrix.getNestISs()[0])
