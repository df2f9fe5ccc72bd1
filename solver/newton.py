"""Newton's method for one implicit stage, with block multigrid inside a Krylov solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from petsc4py import PETSc

from .half_cell import (
    LITHIUM_FIELD,
    SURFACE_FIELDS,
    CellCurrents,
    Control,
    Galvanostatic,
    HalfCell,
    ImplicitStage,
    create_vector,
)
from .jacobian import Jacobian
from .linear_solver import BOOMERAMG, set_options
from .reduction import global_sum, global_sums

FloatArray = npt.NDArray[np.float64]

PREFIX = "granode_discharge_"
FIELD_NAMES = ("ionic", "electronic", "lithium")


@dataclass(frozen=True)
class NewtonSettings:
    """Tolerances of the nonlinear and linear iterations."""

    tolerance: float = 3e-10  # residual (2-norm, and the sum of each equation) / cell current
    maximum_iterations: int = 25
    first_linear_tolerance: float = 1e-3
    loosest_linear_tolerance: float = 1e-2
    tightest_linear_tolerance: float = 1e-6
    maximum_linear_iterations: int = 200
    maximum_halvings: int = 14
    rebuild_above: int = 16  # Krylov iterations above which the preconditioner is set up anew


@dataclass(frozen=True)
class NewtonResult:
    """Converged state of a stage."""

    state: FloatArray
    currents: CellCurrents
    iterations: int
    linear_iterations: int


class NotConvergedError(Exception):
    """A stage that did not converge; the time step is repeated with a smaller one."""


class NewtonSolver:
    """Solves the half-cell equations of a stage from a starting state."""

    def __init__(self, cell: HalfCell, settings: NewtonSettings, reference_current: float) -> None:
        self.cell, self.settings = cell, settings
        self.reference_current = reference_current  # [A] smallest current that residuals are compared with
        self.jacobian = Jacobian(cell)
        self._right, self._step = create_vector(cell), create_vector(cell)
        self._solver: PETSc.KSP | None = None
        self._stale = True

    def solve(self, start: FloatArray, stage: ImplicitStage, control: Control) -> NewtonResult:
        """Solve one stage.

        Raises:
            NotConvergedError: names what failed; the start may be too far away (step too long).
        """
        cell = self.cell
        state = start
        currents = cell.currents(state)
        residual = cell.residual(state, currents, stage, control)
        linear = 0
        forcing = self.settings.first_linear_tolerance
        size = self._size(residual)
        for iteration in range(self.settings.maximum_iterations + 1):
            # On several ranks petsc4py keeps dropped objects until all ranks agree to destroy them.
            PETSc.garbage_cleanup(cell.comm)
            limit = max(self.settings.tolerance * self._scale(currents, control), self._rounding(state, stage))
            if self._converged(residual, limit):
                return NewtonResult(state, currents, iteration, linear)
            step, used = self._linear_solve(residual, currents, stage, control, limit, forcing)
            linear += used
            state, currents, residual = self._line_search(state, step, residual, stage, control, limit)
            previous, size = size, self._size(residual)
            forcing = self._forcing(size / previous)
        raise NotConvergedError(f"Newton's method stopped after {self.settings.maximum_iterations} iterations")

    def _size(self, residual: FloatArray) -> float:
        return float(np.sqrt(global_sum(self.cell.comm, float(residual @ residual))))

    def _forcing(self, reduction: float) -> float:
        """Return the next linear tolerance 0.5 (|R|/|R_previous|)^2 (Eisenstat and Walker, choice 2)."""
        settings = self.settings
        return min(max(0.5 * reduction**2, settings.tightest_linear_tolerance), settings.loosest_linear_tolerance)

    def residual_norm(self, state: FloatArray, stage: ImplicitStage, control: Control) -> float:
        """Return the 2-norm of the residual at a state [A]; infinite where it is not a number."""
        residual = self.cell.residual(state, self.cell.currents(state), stage, control)
        size = self._size(residual)
        return size if np.isfinite(size) else float("inf")

    def _scale(self, currents: CellCurrents, control: Control) -> float:
        current = abs(control.current) if isinstance(control, Galvanostatic) else 0.0
        if not isinstance(control, Galvanostatic):
            current = float(np.abs(self.cell.interface_flows(currents)).max())
        return max(current, self.reference_current)

    def _rounding(self, state: FloatArray, stage: ImplicitStage) -> float:
        """Return the residual that the last digit of every unknown makes [A]; no iteration can go below."""
        diagonals = [diagonal.copy() for diagonal in self.jacobian.constant_diagonal]
        diagonals[LITHIUM_FIELD] += self.cell.mass / (1.0 if stage.frozen else stage.duration)
        values = np.concatenate([self.cell.relative_values(k, state) for k in SURFACE_FIELDS])
        return float(np.finfo(np.float64).eps) * self._size(np.concatenate(diagonals) * values)

    def _converged(self, residual: FloatArray, limit: float) -> bool:
        sums = [float(residual[part].sum()) for part in self.cell.slices]
        totals = global_sums(self.cell.comm, np.array([*sums, float(residual @ residual)]))
        if not np.all(np.isfinite(totals)):
            raise NotConvergedError("the residual is not finite")
        return bool(np.sqrt(totals[3]) <= limit and np.abs(totals[:3]).max() <= limit)

    def _linear_solve(
        self,
        residual: FloatArray,
        currents: CellCurrents,
        stage: ImplicitStage,
        control: Control,
        limit: float,
        forcing: float,
    ) -> tuple[FloatArray, int]:
        matrix = self.jacobian.update(currents, stage, control)
        solver = self._krylov(matrix)
        solver.setTolerances(
            rtol=forcing,
            atol=0.1 * limit,
            max_it=self.settings.maximum_linear_iterations,
        )
        self._right.array[:] = residual
        used = 0
        for _ in range(2):
            solver.getPC().setReusePreconditioner(not self._stale)
            solver.setOperators(matrix)
            solver.solve(self._right, self._step)
            used += solver.getIterationNumber()
            fresh, self._stale = self._stale, solver.getIterationNumber() > self.settings.rebuild_above
            if solver.getConvergedReason() > 0:
                self._balance(matrix)
                return np.array(self._step.array), used
            self._stale = True
            if fresh:
                break
        raise NotConvergedError(f"the linear solver stopped with PETSc reason {solver.getConvergedReason()}")

    def _balance(self, matrix: PETSc.Mat) -> None:
        """Add a constant to each field so that the linear residual of each equation sums to zero.

        The sums are the balances of charge and lithium; Krylov's method alone meets them last.
        """
        parts = self.cell.slices
        product = self._step.duplicate()
        sums = np.zeros((3, 4))
        for column in range(4):
            trial = self._step if column == 3 else self._constant(column)
            matrix.mult(trial, product)
            values = self._right.array - product.array if column == 3 else product.array
            sums[:, column] = [float(values[part].sum()) for part in parts]
        total = global_sums(self.cell.comm, sums)
        try:
            shift = np.linalg.solve(total[:, :3], total[:, 3])
        except np.linalg.LinAlgError as error:
            raise NotConvergedError("no current can flow between two of the equations") from error
        for part, value in zip(parts, shift, strict=True):
            self._step.array[part] += value

    def _constant(self, field: int) -> PETSc.Vec:
        """Return the vector that is one on a field and zero elsewhere."""
        vector = self._step.duplicate()
        vector.array[:] = 0.0
        vector.array[self.cell.slices[field]] = 1.0
        return vector

    def _krylov(self, matrix: PETSc.Mat) -> PETSc.KSP:
        """Set up FGMRES with a multiplicative split into fields, multigrid on each potential."""
        if self._solver is not None:
            return self._solver
        solver = PETSc.KSP().create(self.cell.comm)
        solver.setOptionsPrefix(PREFIX)
        solver.setOperators(matrix)
        options = {
            "ksp_type": "fgmres",
            "ksp_gmres_restart": "60",
            "pc_type": "fieldsplit",
            "pc_fieldsplit_type": "multiplicative",
        }
        for name in FIELD_NAMES[:2]:
            options |= {f"fieldsplit_{name}_{key}": value for key, value in BOOMERAMG.items()}
            options[f"fieldsplit_{name}_ksp_type"] = "preonly"
        options |= {"fieldsplit_lithium_ksp_type": "preonly", "fieldsplit_lithium_pc_type": "sor"}
        set_options(PREFIX, options)
        solver.setFromOptions()
        rows = self.jacobian.field_index_sets()
        solver.getPC().setFieldSplitIS(*zip(FIELD_NAMES, rows, strict=True))
        self._solver = solver
        return solver

    def _line_search(
        self,
        state: FloatArray,
        step: FloatArray,
        residual: FloatArray,
        stage: ImplicitStage,
        control: Control,
        limit: float,
    ) -> tuple[FloatArray, CellCurrents, FloatArray]:
        """Shorten the step until the residual falls, or is below the limit [A] anyway."""
        norm = self._size(residual)
        factor = 1.0
        for _ in range(self.settings.maximum_halvings):
            trial = self.cell.moved(state, step, factor)
            currents = self.cell.currents(trial)
            found = self.cell.residual(trial, currents, stage, control)
            size = self._size(found)
            if np.isfinite(size) and size <= max((1.0 - 1e-4 * factor) * norm, limit):
                return trial, currents, found
            factor *= 0.5
        raise NotConvergedError("the line search found no smaller residual")
