"""Newton's method for one implicit stage, with block multigrid inside a Krylov solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from petsc4py import PETSc

from .block_solver import BlockSolver, LinearTolerance
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
from .reduction import global_sum, global_sums

FloatArray = npt.NDArray[np.float64]


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
    patience: float = 15.0  # Krylov iterations lost to an old preconditioner before it is set up anew


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
        self._linear = BlockSolver(self.jacobian, self.settings.patience)

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
        self._linear.forget()

    def _evaluate(self, state: FloatArray, stage: ImplicitStage, control: Control) -> _Iterate:
        currents = self.cell.currents(state, stage.layers)
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
            return abs(control.current) or self.reference_current
        return max(float(np.abs(self.cell.interface_flows(currents)).max()), self.reference_current)

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
        self.jacobian.update(iterate.state, iterate.currents, stage, control)
        self._right.array[:] = iterate.residual
        wanted = LinearTolerance(forcing, 0.1 * limit, self.settings.maximum_linear_iterations)
        result = self._linear.solve(self._right, self._step, wanted)
        if not result.converged:
            raise NotConvergedError(f"the linear solver stopped with PETSc reason {result.reason}")
        self._balance()
        return np.array(self._step.array), result.iterations

    def _balance(self) -> None:
        """Add a constant to each field so that the linear residual of each equation sums to zero.

        The sums are the balances of charge and lithium; Krylov's method alone meets them last.
        """
        parts = self.cell.slices
        self.jacobian.matrix.mult(self._step, self._product)
        missing = self._right.array - self._product.array
        sums = np.column_stack([self.jacobian.sums, [float(missing[part].sum()) for part in parts]])
        total = global_sums(self.cell.comm, sums)
        try:
            shift = np.linalg.solve(total[:, :3], total[:, 3])
        except np.linalg.LinAlgError as error:
            raise NotConvergedError("no current can flow between two of the equations") from error
        for part, value in zip(parts, shift, strict=True):
            self._step.array[part] += value

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
