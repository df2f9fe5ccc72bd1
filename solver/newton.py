"""Newton's method for one implicit stage, with block multigrid inside a Krylov solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from petsc4py import PETSc

from .controls import Control, Galvanostatic
from .half_cell import (
    LITHIUM_FIELD,
    SURFACE_FIELDS,
    CellCurrents,
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


@dataclass(frozen=True)
class _Iterate:
    """A state with what was evaluated there."""

    state: FloatArray
    currents: CellCurrents
    residual: FloatArray  # [A]
    size: float  # 2-norm of the residual over all ranks [A], infinite where it is not a number


class NotConvergedError(Exception):
    """A stage that did not converge; the time step is repeated with a smaller one."""


class NewtonSolver:
    """Solves the half-cell equations of a stage from a starting state."""

    def __init__(self, cell: HalfCell, settings: NewtonSettings, reference_current: float) -> None:
        self.cell, self.settings = cell, settings
        self.reference_current = reference_current  # [A] smallest current that residuals are compared with
        self.jacobian = Jacobian(cell)
        self._right, self._step = create_vector(cell), create_vector(cell)
        self._product = create_vector(cell)
        self._constants = [self._constant(part) for part in cell.slices]
        self._solver: PETSc.KSP | None = None
        self._stale = True

    def solve(self, starts: tuple[FloatArray, ...], stage: ImplicitStage, control: Control) -> NewtonResult:
        """Solve one stage from the start with the smallest residual.

        Raises:
            NotConvergedError: names what failed; the start may be too far away (step too long).
        """
        iterate = min((self._evaluate(start, stage, control) for start in starts), key=lambda i: i.size)
        linear = 0
        forcing = self.settings.first_linear_tolerance
        for iteration in range(self.settings.maximum_iterations + 1):
            # On several ranks petsc4py keeps dropped objects until all ranks agree to destroy them.
            PETSc.garbage_cleanup(self.cell.comm)
            limit = self._limit(iterate, stage, control)
            if self._converged(iterate, limit):
                return NewtonResult(iterate.state, iterate.currents, iteration, linear)
            step, used = self._linear_solve(iterate, stage, control, limit, forcing)
            linear += used
            previous, iterate = iterate, self._line_search(iterate, step, stage, control, limit)
            forcing = self._forcing(iterate.size / previous.size)
        raise NotConvergedError(f"Newton's method stopped after {self.settings.maximum_iterations} iterations")

    def forget(self) -> None:
        """Set the preconditioner up anew at the next solve, so that what follows does not depend on what was."""
        self._stale = True

    def _evaluate(self, state: FloatArray, stage: ImplicitStage, control: Control) -> _Iterate:
        currents = self.cell.currents(state)
        residual = self.cell.residual(state, currents, stage, control)
        return _Iterate(state, currents, residual, self._size(residual))

    def _limit(self, iterate: _Iterate, stage: ImplicitStage, control: Control) -> float:
        """Return the residual at which the iteration may end [A]."""
        tolerance = self.settings.tolerance * self._scale(iterate.currents, control)
        return max(tolerance, self._rounding(iterate.state, stage))

    def _size(self, residual: FloatArray) -> float:
        size = float(np.sqrt(global_sum(self.cell.comm, float(residual @ residual))))
        return size if np.isfinite(size) else float("inf")

    def _forcing(self, reduction: float) -> float:
        """Return the next linear tolerance 0.5 (|R|/|R_previous|)^2 (Eisenstat and Walker, choice 2)."""
        settings = self.settings
        return min(max(0.5 * reduction**2, settings.tightest_linear_tolerance), settings.loosest_linear_tolerance)

    def _scale(self, currents: CellCurrents, control: Control) -> float:
        if isinstance(control, Galvanostatic):
            current = abs(control.current)
        else:
            current = float(np.abs(self.cell.interface_flows(currents)).max())
        return max(current, self.reference_current)

    def _rounding(self, state: FloatArray, stage: ImplicitStage) -> float:
        """Return the residual that the last digit of every unknown makes [A]; no iteration can go below."""
        diagonals = [diagonal.copy() for diagonal in self.jacobian.constant_diagonal]
        diagonals[LITHIUM_FIELD] += self.cell.mass / (1.0 if stage.frozen else stage.duration)
        values = np.concatenate([self.cell.relative_values(k, state) for k in SURFACE_FIELDS])
        return float(np.finfo(np.float64).eps) * self._size(np.concatenate(diagonals) * values)

    def _converged(self, iterate: _Iterate, limit: float) -> bool:
        if not np.isfinite(iterate.size):
            raise NotConvergedError("the residual is not finite")
        sums = np.array([float(iterate.residual[part].sum()) for part in self.cell.slices])
        return bool(iterate.size <= limit and np.abs(global_sums(self.cell.comm, sums)).max() <= limit)

    def _linear_solve(
        self, iterate: _Iterate, stage: ImplicitStage, control: Control, limit: float, forcing: float
    ) -> tuple[FloatArray, int]:
        matrix = self.jacobian.update(iterate.state, iterate.currents, stage, control)
        solver = self._krylov(matrix)
        solver.setTolerances(
            rtol=forcing,
            atol=0.1 * limit,
            max_it=self.settings.maximum_linear_iterations,
        )
        self._right.array[:] = iterate.residual
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
        sums = np.zeros((3, 4))
        for column, trial in enumerate((*self._constants, self._step)):
            matrix.mult(trial, self._product)
            values = self._right.array - self._product.array if column == 3 else self._product.array
            sums[:, column] = [float(values[part].sum()) for part in parts]
        total = global_sums(self.cell.comm, sums)
        try:
            shift = np.linalg.solve(total[:, :3], total[:, 3])
        except np.linalg.LinAlgError as error:
            raise NotConvergedError("no current can flow between two of the equations") from error
        for part, value in zip(parts, shift, strict=True):
            self._step.array[part] += value

    def _constant(self, part: slice) -> PETSc.Vec:
        """Return the vector that is one on a field and zero elsewhere."""
        vector = create_vector(self.cell)
        vector.array[:] = 0.0
        vector.array[part] = 1.0
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
        self, iterate: _Iterate, step: FloatArray, stage: ImplicitStage, control: Control, limit: float
    ) -> _Iterate:
        """Shorten the step until the residual falls, or is below the limit [A] anyway."""
        factor = 1.0
        for _ in range(self.settings.maximum_halvings):
            trial = self._evaluate(self.cell.moved(iterate.state, step, factor), stage, control)
            if trial.size <= max((1.0 - 1e-4 * factor) * iterate.size, limit):
                return trial
            factor *= 0.5
        raise NotConvergedError("the line search found no smaller residual")
