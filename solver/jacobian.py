"""The Jacobian of the half cell as nested blocks, assembled once in shape and updated in place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from petsc4py import PETSc

from .controls import Control, Potentiostatic
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

FROZEN_DURATION = 1e-6  # [s] makes the frozen inventory equation strongly diagonal; its solution is zero change


class Jacobian:
    """d residual/d state; stiffness blocks are constant, reactions enter diagonals and coupling blocks."""

    def __init__(self, cell: HalfCell) -> None:
        self.cell = cell
        self.diagonal = [field.reduced.copy() for field in cell.fields]
        self.constant_diagonal = [np.array(field.reduced.getDiagonal().array) for field in cell.fields]
        self._transposes = [[_transposed(s) for s in points.selections] for points in cell.points]
        self._scaled = [[s.copy() for s in points.selections] for points in cell.points]
        self._products: dict[tuple[int, int, int], PETSc.Mat] = {}
        self.coupling: dict[tuple[int, int], PETSc.Mat] = {}
        self._collector_prescribed = False
        self._build_coupling()
        blocks = [[self.diagonal[r] if r == c else self.coupling[r, c] for c in SURFACE_FIELDS] for r in SURFACE_FIELDS]
        self.matrix = PETSc.Mat().createNest(blocks, comm=cell.comm)

    def update(self, state: FloatArray, currents: CellCurrents, stage: ImplicitStage, control: Control) -> PETSc.Mat:
        """Enter the derivatives of the reactions at a state; returns the nested matrix.

        Args:
            state: owned unknowns.
            currents: reactions and their slopes at the state.
            stage: implicit stage, or the frozen instant at which a current is switched on.
            control: what is done to the terminals.
        """
        if self._collector_prescribed:
            self.cell.fields[ELECTRONIC_FIELD].reduced.copy(
                self.diagonal[ELECTRONIC_FIELD], PETSc.Mat.Structure.SAME_NONZERO_PATTERN
            )
        self._update_diagonals(currents, stage, self._collector_slope(state, control))
        for k, surface in enumerate(currents.surfaces):
            weights = self.cell.points[k].weights
            by_field = {
                IONIC_FIELD: -weights * surface.by_drop,
                ELECTRONIC_FIELD: weights * surface.by_drop,
                LITHIUM_FIELD: weights * surface.by_stoichiometry,
            }
            for column, derivative in by_field.items():
                self._scale(k, column, derivative)
                for row in SURFACE_FIELDS:
                    if row != column:
                        self._transposes[k][row].matMult(self._scaled[k][column], result=self._products[k, row, column])
        self._sum_coupling()
        if stage.frozen:
            for column in (IONIC_FIELD, ELECTRONIC_FIELD):
                self.coupling[LITHIUM_FIELD, column].zeroEntries()
        self._collector_prescribed = isinstance(control, Potentiostatic)
        if self._collector_prescribed:
            self._prescribe_collector()
        self.matrix.assemble()
        return self.matrix

    def _collector_slope(self, state: FloatArray, control: Control) -> FloatArray:
        """Return dI/dV in the collector's row [S], on the rank that owns it."""
        potential = self.cell.collector_potential(state)
        return np.zeros_like(potential) if isinstance(control, Potentiostatic) else control.slope_at(potential)

    def _update_diagonals(self, currents: CellCurrents, stage: ImplicitStage, collector_slope: FloatArray) -> None:
        cell = self.cell
        added = [np.zeros(size) for size in cell.sizes]
        added[ELECTRONIC_FIELD][cell.is_collector] = collector_slope
        added[LITHIUM_FIELD] += cell.mass / (stage.duration or FROZEN_DURATION)
        for points, surface in zip(cell.points, currents.surfaces, strict=True):
            added[IONIC_FIELD] += points.collect(IONIC_FIELD, points.weights * surface.by_drop)
            added[ELECTRONIC_FIELD] += points.collect(ELECTRONIC_FIELD, points.weights * surface.by_drop)
            added[LITHIUM_FIELD] += points.collect(LITHIUM_FIELD, points.weights * surface.by_stoichiometry)
        if cell.counter_points is not None:
            added[IONIC_FIELD] += cell.counter_points.collect(0, cell.counter_points.weights * currents.counter_slope)
        for k, matrix in enumerate(self.diagonal):
            vector = matrix.createVecLeft()
            vector.array[:] = self.constant_diagonal[k] + added[k]
            matrix.setDiagonal(vector)

    def _build_coupling(self) -> None:
        for k in range(len(self.cell.points)):
            for row in SURFACE_FIELDS:
                for column in SURFACE_FIELDS:
                    if row != column:
                        product = self._transposes[k][row].matMult(self._scaled[k][column])
                        self._products[k, row, column] = product
                        if (row, column) not in self.coupling:
                            self.coupling[row, column] = product.copy()
                        else:
                            self.coupling[row, column].axpy(1.0, product, PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)

    def _scale(self, surface: int, field: int, derivative: FloatArray) -> None:
        original, scaled = self.cell.points[surface].selections[field], self._scaled[surface][field]
        original.copy(scaled, PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
        left = scaled.createVecLeft()
        left.array[:] = derivative
        scaled.diagonalScale(left, None)

    def _sum_coupling(self) -> None:
        """Residual signs: -i in the electrolyte, +i in the conductors and in the active material."""
        structure = PETSc.Mat.Structure.SUBSET_NONZERO_PATTERN
        for (row, column), matrix in self.coupling.items():
            matrix.zeroEntries()
            sign = -1.0 if row == IONIC_FIELD else 1.0
            for k in range(len(self.cell.points)):
                matrix.axpy(sign, self._products[k, row, column], structure)

    def _prescribe_collector(self) -> None:
        """Replace the collector's row by scale * (phi_collector - V)."""
        mine = np.array([self.cell.collector] * int(self.cell.is_collector.sum()), dtype=PETSc.IntType)
        self.diagonal[ELECTRONIC_FIELD].setOption(PETSc.Mat.Option.KEEP_NONZERO_PATTERN, True)
        self.diagonal[ELECTRONIC_FIELD].zeroRows(mine, diag=self.cell.collector_conductance)
        for column in (IONIC_FIELD, LITHIUM_FIELD):
            self.coupling[ELECTRONIC_FIELD, column].setOption(PETSc.Mat.Option.KEEP_NONZERO_PATTERN, True)
            self.coupling[ELECTRONIC_FIELD, column].zeroRows(mine, diag=0.0)

    def field_index_sets(self) -> list[PETSc.IS]:
        """Return the rows of each field in the nested matrix."""
        return list(self.matrix.getNestISs()[0])


def _transposed(matrix: PETSc.Mat) -> PETSc.Mat:
    result = PETSc.Mat()
    matrix.transpose(result)
    return result
